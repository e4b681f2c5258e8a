"""Arrays of other packages, where NumPy's `__array_ufunc__` protocol alone does not give the right thing.

Most calls go through that protocol: each package then decides. Here is what it does not cover: several results, parameters that
must not change the dtype, functions of rows, sums. No package is imported: an argument of its type shows that it has been.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arrays import overrides_ufuncs, result_dtype, wraps_results
from .axes import several_axes, with_ones, without_axes
from .ufunclike import UfuncLike

_PACKAGES = ("xarray", "dask", "polars", "pandas", "awkward")


def family(*values: Any) -> str | None:
    """The package whose arrays are among these, that which may hold others' first; "wrap": any other with `__array_wrap__`."""
    found: set[str] = set()
    for value in values:
        kind = type(value)
        if kind is np.ndarray or kind is float or kind is int or isinstance(value, (np.ndarray, np.generic)):
            continue
        if overrides_ufuncs(value):
            found.update(base.__module__.partition(".")[0] for base in kind.__mro__)
        elif wraps_results(value):
            found.add("wrap")
    return next((name for name in (*_PACKAGES, "wrap") if name in found), None) if found else None


def is_jagged(*values: Any) -> bool:
    """Whether one of these may have rows of different lengths, and so no shape."""
    return family(*values) == "awkward"


def plain(function: str, name: str, value: Any) -> Any:
    """The array that an object of another package holds; an error where there is none yet, or none at all."""
    kind = family(value)
    if is_dataset(value):
        raise TypeError(f"{function}: {name} is a {type(value).__name__}; give its arrays one by one")
    if kind == "dask" or (kind == "xarray" and getattr(value, "chunks", None)):
        raise TypeError(f"{function}: {name} is a dask array, which has no values yet; give {name}.compute()")
    if kind == "awkward":
        try:
            return np.asarray(value)
        except ValueError:
            raise ValueError(
                f"{function}: {name} is a jagged array, which has rows of different lengths; give one that ak.to_regular or "
                "ak.pad_none and ak.fill_none made regular"
            ) from None
    return value


def bias(function: str, bias: Any, x: Any, name: str = "bias") -> Any:
    """A bias, or what else broadcasts to x, as an array whose axes are those of the end of x; dask's may be lazy."""
    if is_jagged(x):
        plain(function, "x", x)
    kind = family(bias)
    if kind == "xarray":
        # where x has names, too, the bias lies along its own dimensions, and not along bias_axis
        dims = x.dims if family(x) == kind else bias.dims
        names = tuple(dim for dim in dims if dim in bias.dims)
        if names != bias.dims:
            raise ValueError(f"{function}: the dimensions {bias.dims} of {name} must be some of {dims} of x, in this order")
        return bias.data[tuple(slice(None) if dim in names else None for dim in dims)]
    return bias if kind in (None, "dask", "wrap") else np.asarray(plain(function, name, bias))


# ---- results in the class of an argument -----------------------------------------------------------------------------


def like(x: Any, result: Any, axis: int | None = None) -> Any:
    """A plain result as an array of the class of x, with its index or name; without `axis`, if one is given."""
    if np.ndim(result) == 0:
        return result
    kind = family(x)
    if kind == "polars":
        series = type(x)(x.name, result)
        return series.set(x.is_null(), None) if result.shape == x.shape and x.null_count() else series
    if kind == "pandas":
        if axis is not None and x.ndim == 2:
            return sys.modules["pandas"].Series(result, index=x.axes[1 - axis % 2])
        names = {"index": x.index, **({"columns": x.columns} if x.ndim == 2 else {"name": x.name})}
        return type(x)(result, **names) if result.shape == x.shape else result
    if kind == "awkward":
        return type(x)(result)
    return x.__array_wrap__(result) if kind == "wrap" else result


# ---- elementwise -----------------------------------------------------------------------------------------------------


class Applied(UfuncLike):
    """A ufunc with its parameters: what other packages see is a ufunc of the arrays alone.

    As an input of its own a parameter would become an array of float64 in some, and decide the dtype.
    """

    def __init__(self, ufunc: Any, values: Sequence[float]) -> None:
        super().__init__(ufunc.__name__, ufunc.nin - len(values), ufunc.nout)
        self.ufunc, self.values = ufunc, tuple(values)

    def __reduce__(self) -> tuple[Any, ...]:
        return Applied, (self.ufunc, self.values)

    def __call__(self, *inputs: Any, out: tuple[Any, ...] = (), **keywords: Any) -> Any:
        overridden = self._override(inputs, out, **keywords)
        if overridden is not None:
            return overridden[0]
        if out:
            keywords["out"] = out
        with np.errstate(all="ignore"):  # a parameter may be too large for float32
            return self.ufunc(*inputs, *self.values, **keywords)


def anywhere(ufunc: Any, *operands: Any) -> Any:
    """Call a ufunc with arrays of any class."""
    kind = family(*operands)
    return ufunc(*operands) if kind in (None, "wrap") else elementwise(kind, ufunc, list(operands), [], {})


def elementwise(kind: str, ufunc: Any, operands: list[Any], values: list[Any], keywords: dict[str, Any]) -> Any:
    """Call a ufunc with arrays of this package among its operands."""
    if kind == "polars":  # its Series takes ufuncs of one result alone, and finds float32's loop by luck
        results = ufunc(*map(_values_of, operands), *map(_values_of, values), **keywords)
        if "out" in keywords:
            return results
        leader = next(value for value in (*operands, *values) if family(value) == kind)
        return tuple(like(leader, result) for result in results) if isinstance(results, tuple) else like(leader, results)
    if values and all(isinstance(value, (int, float, np.generic)) for value in values):
        ufunc, values = Applied(ufunc, values), []
    if kind == "xarray" and ufunc.nout > 1 and not keywords:  # its arrays may be lazy
        return sys.modules["xarray"].apply_ufunc(
            functools.partial(anywhere, ufunc),
            *operands,
            *values,
            output_core_dims=((),) * ufunc.nout,
            dask="allowed",
            keep_attrs=True,
        )
    if kind == "dask" and ufunc.nout > 1 and "out" not in keywords:
        inputs = _in_like_chunks([*operands, *values])
        examples = [np.zeros((1,) * value.ndim, value.dtype) if hasattr(value, "dtype") else value for value in inputs]
        return sys.modules["dask.array"].apply_gufunc(
            ufunc,
            f"{','.join(['()'] * len(inputs))}->{','.join(['()'] * ufunc.nout)}",
            *inputs,
            output_dtypes=tuple(result.dtype for result in ufunc(*examples)),
        )
    return ufunc(*operands, *values, **keywords)


def _in_like_chunks(inputs: list[Any]) -> list[Any]:
    """The inputs, dask arrays among them in chunks that go with each other."""
    da = sys.modules["dask.array"]
    lazy = [value for value in inputs if isinstance(value, da.Array)]
    pairs = [part for value in lazy for part in (value, tuple(range(value.ndim))[::-1])]
    unified = iter(da.core.unify_chunks(*pairs)[1])
    return [next(unified) if isinstance(value, da.Array) else value for value in inputs]


def is_dataset(*values: Any) -> bool:
    """Whether one of these is a Dataset of xarray: several arrays by name."""
    return any(type(value) is not np.ndarray and hasattr(type(value), "data_vars") for value in values)


def by_variable(function: str, call: Callable[..., Any], operands: dict[str, Any], given: dict[str, Any]) -> Any:
    """The gradient of each variable of Datasets."""
    operands = {name: value for name, value in operands.items() if value is not None}
    leader = next(value for value in operands.values() if is_dataset(value))
    variables = {}
    for name in leader.data_vars:
        arrays = {key: value[name] if is_dataset(value) else value for key, value in operands.items()}
        variables[name] = call(**arrays, **given)
        if isinstance(variables[name], tuple):
            raise TypeError(f"{function}: a Dataset has no place for gradients of parameters; give its variables one by one")
    return type(leader)(variables, attrs=leader.attrs)


def _values_of(value: Any) -> Any:
    return value.to_numpy() if family(value) == "polars" else value


def summable(array: Any) -> Any:
    """The array itself, or what it holds: plain or, where that is lazy, dask's."""
    kind = family(array)
    if kind == "xarray":
        array = array.data
    return array if kind is None or family(array) == "dask" else np.asarray(array)


# ---- functions of rows -----------------------------------------------------------------------------------------------


def rows(
    function: str,
    call: Callable[..., Any],
    operands: tuple[Any, ...],
    axis: Any,
    aligned: dict[str, Any],
    reduces: bool,
    keepdims: bool,
) -> Any:
    """Call a function of rows, or its gradient, with arrays of other packages; the last operand has the rows.

    `call` takes plain arrays, the axis and what is `aligned` with the last operand: the options that may be arrays. For dask the
    axis is a tuple of numbers from 0, and such arrays have as many axes as the last operand. The gradient, of two operands, has
    the shape of the last; the function's result, too, but without the axis if it `reduces` and does not keep it.
    """
    kind, reduces = family(*operands), reduces and len(operands) == 1
    if kind == "xarray":
        return _named_rows(function, call, operands, axis, aligned, reduces, keepdims)
    if kind == "dask":
        return _lazy_rows(function, call, operands, axis, aligned, reduces, keepdims)
    names = ("x",) if len(operands) == 1 else ("dy", "the second operand")
    arrays = [np.asarray(plain(function, name, value)) for name, value in zip(names, operands, strict=True)]
    leader = operands[-1] if family(operands[-1]) else operands[0]
    result = call(*arrays, axis=axis, **aligned)
    if leader is not operands[-1]:
        return result
    removed = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    return like(leader, result, removed if reduces and np.ndim(result) == 1 else None)


def _named_rows(
    function: str,
    call: Callable[..., Any],
    operands: tuple[Any, ...],
    axis: Any,
    aligned: dict[str, Any],
    reduces: bool,
    keepdims: bool,
) -> Any:
    """The same for xarray: the axis may be the name of a dimension; coordinates and attributes stay."""
    x = operands[-1]
    if family(x) != "xarray":
        raise TypeError(f"{function}: one operand is of xarray and the other is not; give both as DataArray")
    if is_dataset(x):
        variables = {
            name: _named_rows(
                function,
                call,
                tuple(value[name] for value in operands),
                axis,
                {key: value[name] if is_dataset(value) else value for key, value in aligned.items()},
                reduces,
                keepdims,
            )
            for name in x.data_vars
        }
        return type(x)(variables, attrs=x.attrs)

    def number(name: Any) -> Any:
        if isinstance(name, str) and name not in x.dims:
            raise ValueError(f"{function}: there is no dimension {name!r}; there are {', '.join(map(repr, x.dims))}")
        return x.dims.index(name) if isinstance(name, str) else name

    axis = tuple(map(number, axis)) if isinstance(axis, tuple) else number(axis)
    axes = several_axes(function, axis, x.ndim)
    arrays = [
        value.transpose(*(dim for dim in x.dims if dim in value.dims)).data if family(value) == "xarray" else value
        for value in operands
    ]
    result = call(*arrays, axis=axis, **{key: _with_dimensions(function, key, value, x) for key, value in aligned.items()})
    if not reduces:
        return x.copy(data=result)
    dims = [x.dims[i] for i in axes]
    if not keepdims:
        return x.isel(dict.fromkeys(dims, 0), drop=True).copy(data=result)
    template = x.isel({dim: slice(0, 1) for dim in dims})
    return template.drop_vars([name for name, value in x.coords.items() if set(dims) & set(value.dims)]).copy(data=result)


def _with_dimensions(function: str, name: str, value: Any, x: Any) -> Any:
    """What an array with names of its own is beside x: its dimensions in the order of x's, 1 for those that it has not."""
    if family(value) != "xarray":
        return value
    unknown = [dim for dim in value.dims if dim not in x.dims]
    if unknown:
        raise ValueError(f"{function}: {name} has dimensions that x has not: {', '.join(map(repr, unknown))}")
    return value.expand_dims([dim for dim in x.dims if dim not in value.dims]).transpose(*x.dims).data


def _lazy_rows(
    function: str,
    call: Callable[..., Any],
    operands: tuple[Any, ...],
    axes: tuple[int, ...],
    aligned: dict[str, Any],
    reduces: bool,
    keepdims: bool,
) -> Any:
    """The same for dask: block by block, where each block has whole rows."""
    da = sys.modules["dask.array"]
    arrays = [da.asarray(value) for value in operands]
    x = arrays[-1]
    split = {number: -1 for number in axes if len(x.chunks[number]) > 1}
    if split:
        number = next(iter(split))
        raise ValueError(
            f"{function}: axis {number} of a dask array is in {len(x.chunks[number])} chunks, and each row must be in one; "
            f"give x.rechunk({split})"
        )
    every = tuple(range(x.ndim))
    others = tuple(i for i in every if i not in axes)
    of_rows = with_ones(x.shape, axes) if keepdims else without_axes(x.shape, axes)
    for array in arrays:
        if array.shape not in (x.shape, of_rows):
            raise ValueError(f"{function}: shapes {' and '.join(str(array.shape) for array in arrays)} don't fit each other")
    dtype = result_dtype(*(array.dtype for array in arrays))
    pairs = [part for array in arrays for part in (array, every if array.ndim == x.ndim else others)]
    new_axes = {x.ndim + i: 1 for i in axes} if reduces and keepdims else {}
    places = every if not reduces else tuple(x.ndim + i if i in axes else i for i in every) if keepdims else others
    names = [name for name, value in aligned.items() if isinstance(value, np.ndarray) and value.ndim]
    for name in names:
        chunks = tuple(1 if n == 1 else of_x for n, of_x in zip(aligned[name].shape, x.chunks, strict=True))
        pairs += [da.from_array(aligned[name], chunks=chunks), every]
    return da.blockwise(
        functools.partial(_block, call, names, len(arrays)),
        places,
        *pairs,
        axis=axes,
        **{name: value for name, value in aligned.items() if name not in names},
        new_axes=new_axes,
        concatenate=True,
        dtype=dtype,
        meta=np.empty((0,) * len(places), dtype),
        name=None,
        token=function,
    )


def _block(call: Callable[..., Any], names: list[str], operands: int, *arrays: Any, **options: Any) -> Any:
    """A block's part: the arrays after the operands are the options of these names."""
    return call(*arrays[:operands], **dict(zip(names, arrays[operands:], strict=True)), **options)
