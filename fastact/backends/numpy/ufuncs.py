"""The calling conventions of `np.ufunc` for functions in plain NumPy: broadcasting, any layout, `out`, `where`, `dtype`.

`Ufunc` does on NumPy's iterator what the compiled backends leave to real ufuncs. It works in batches, so that no input is
copied whole. Everything but integers is computed in float64 and rounded once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ...calls.arrays import (
    apart,
    broadcast,
    check_out,
    common_dtype,
    computed_dtype,
    is_bfloat16,
    result_dtype,
    supported,
    without_axis,
)
from ...calls.ufunclike import CastError, UfuncLike
from .rounding import rounded

# What a real ufunc says of it
_UNWRITTEN = "'where' used without 'out': elements where it is False are never written"

_BATCH = 8192  # elements: a batch and a formula's temporaries stay in the second-level cache


class Ufunc(UfuncLike):
    """A function of contiguous batches with the calling conventions of `np.ufunc`.

    Parameters
    ----------
    name : str
        What error messages call it.
    function : callable
        function(*inputs, dtype) gives the result, or a tuple of them; `dtype` is the dtype of the result.
    nin, nout : int
        Number of inputs and outputs.
    keeps_integers : bool
        Integer inputs give integer outputs; otherwise they give float64.
    scalars : collection of int
        Which of the inputs are scalar parameters, or drawn for each element: they do not decide the dtype.
    any_scalar : bool
        They are read in float64; else in the type that a loop would read them in.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        nin: int,
        nout: int,
        keeps_integers: bool,
        scalars: Collection[int],
        any_scalar: bool = False,
    ) -> None:
        super().__init__(name, nin, nout)
        self._function = function
        self._keeps_integers = keeps_integers
        self._scalars = frozenset(scalars)
        self._any_scalar = any_scalar

    def __call__(
        self,
        *inputs: Any,
        out: Any = None,
        where: Any = True,
        dtype: Any = None,
        casting: Any = "same_kind",
        order: Any = "K",
        subok: bool = True,
        signature: tuple[Any, ...] | None = None,
    ) -> Any:
        out = out if isinstance(out, tuple) else (out,) * self.nout
        if len(out) != self.nout:
            raise ValueError(f"{self.__name__}: out must be a tuple of {self.nout}, not of {len(out)}")
        given = {
            **({} if where is True else {"where": where}),
            **({} if dtype is None else {"dtype": dtype}),
            **({} if casting == "same_kind" else {"casting": casting}),
            **({} if order == "K" else {"order": order}),
            **({} if subok else {"subok": subok}),
            **({} if signature is None else {"signature": signature}),
        }
        overridden = self._override(inputs, out, **given)
        if overridden is not None:
            return overridden[0]
        result_dtype = self._result_dtype(inputs, dtype) if signature is None else np.dtype(signature[-1])
        computed = result_dtype if result_dtype.kind in "iub" else np.dtype(np.float64)
        in_formula = np.dtype(np.uint8) if computed.kind == "b" else computed  # there is no difference of two bool
        input_dtypes = self._input_dtypes(result_dtype, computed) if signature is None else list(signature[: self.nin])
        arrays = [_as_array(value) for value in inputs]
        operands = [value for i, value in enumerate(inputs) if i not in self._scalars]
        if casting in ("no", "equiv", "safe") and signature is None:
            whole = common_dtype(operands)
            if whole.kind in "iub":  # integers have loops of their own
                input_dtypes = [wanted if i in self._scalars else whole for i, wanted in enumerate(input_dtypes)]
        masks = [] if where is True else [self._mask(where)]
        if masks and any(array is None for array in out):
            warnings.warn(_UNWRITTEN, stacklevel=3)
        common = common_dtype(operands) if int in map(type, operands) else result_dtype
        for i, (value, array, wanted) in enumerate(zip(inputs, arrays, input_dtypes, strict=True)):
            if type(value) is int and common.kind in "iu":
                np.asarray(value, common)  # raises where it does not fit
            weak = type(value) in (bool, int) or (type(value) is float and wanted.kind not in "iub")
            if weak:
                with np.errstate(all="ignore"):
                    arrays[i] = array.astype(wanted, copy=False)
            elif not np.can_cast(array.dtype, wanted, casting):
                raise CastError(self.__name__, array.dtype, wanted, casting)
        for array in out:
            if array is not None and not np.can_cast(result_dtype, array.dtype, casting):
                raise CastError(self.__name__, result_dtype, array.dtype, casting, is_out=True)
        # An output is not read or written but where its elements are, so it goes through no buffer, and keeps its dtype. Inputs
        # may come with gaps or repeated: NumPy before 2.3 fills but one element of a buffer that must be contiguous ("contig")
        # for an operand of one element.
        reading = ["readonly", "aligned", "nbo", "overlap_assume_elementwise"]
        writing = ["writeonly", "allocate", "no_subtype", "no_broadcast", "overlap_assume_elementwise"]
        updating = ["readwrite", "no_subtype", "no_broadcast", "overlap_assume_elementwise"]
        flags: Any = [  # the stub wants literal strings
            *[reading] * (len(arrays) + len(masks)),
            *(writing if array is None or not masks else updating for array in out),
        ]
        with np.errstate(all="ignore"):  # a number is cast at once
            iterator = np.nditer(
                [*arrays, *masks, *out],
                flags=["external_loop", "buffered", "zerosize_ok", "copy_if_overlap", "refs_ok"],
                op_flags=flags,
                op_dtypes=[
                    *input_dtypes,
                    *[np.dtype(bool)] * len(masks),
                    *(result_dtype if array is None else array.dtype for array in out),
                ],
                order=order,
                casting=casting,
                buffersize=_BATCH,
            )
        with iterator, np.errstate(all="ignore"):
            for *batches, in_results in _split(iterator, self.nout):
                mask = batches.pop() if masks else True
                values = [batch.astype(in_formula, order="C", copy=False) for batch in batches]
                results = self._function(*values, dtype=result_dtype)
                for batch, result in zip(in_results, results if self.nout > 1 else (results,), strict=True):
                    as_it_is = batch.dtype == result_dtype and not is_bfloat16(result_dtype)
                    narrowed = result if as_it_is else rounded(result, result_dtype)
                    np.copyto(batch, narrowed, casting="unsafe", where=mask)
            results = iterator.operands[-self.nout :]
        wrapped = tuple(
            self._wrap(result, inputs if subok or given is not None else (), i, given)
            for i, (given, result) in enumerate(zip(out, results, strict=True))
        )
        return wrapped if self.nout > 1 else wrapped[0]

    def _mask(self, where: Any) -> np.ndarray:
        """Where to compute: an array of bool, or what else is true or false, such as None."""
        mask = np.asarray(where)
        kinds = "b" if isinstance(where, np.ndarray) else "biufcOSU"
        if mask.dtype.kind not in kinds:
            raise TypeError(f"{self.__name__}: where has dtype {mask.dtype}; it must be bool")
        with np.errstate(all="ignore"):
            return mask.astype(bool, copy=False)

    def _result_dtype(self, inputs: tuple[Any, ...], dtype: Any) -> np.dtype[Any]:
        if dtype is not None and not np.dtype(dtype).isnative:
            raise TypeError(
                f"{self.__name__}: dtype selects a type, and no byte order as {np.dtype(dtype).str!r} does; give out="
            )
        found = np.dtype(dtype) if dtype is not None else self._promote(inputs)
        if not supported(found) or (dtype is not None and found.kind in "iub" and not self._keeps_integers):
            raise TypeError(f"{self.__name__}: no loop for dtype {found}")
        return np.dtype(np.float64) if found.kind in "iub" and not self._keeps_integers else found.newbyteorder("=")

    def _promote(self, inputs: tuple[Any, ...]) -> np.dtype[Any]:
        """The common dtype. A scalar parameter takes part if it is a Python number. An array of drawn ones follows the others."""
        found = [value for i, value in enumerate(inputs) if i not in self._scalars or not isinstance(value, np.ndarray)]
        for value in found:  # promotion may crash on a dtype of another package
            if type(value) not in (int, float) and not supported(dtype := np.asarray(value).dtype):
                raise TypeError(f"{self.__name__}: no loop for dtype {dtype}")
        return common_dtype(found)

    def _input_dtypes(self, result: np.dtype[Any], computed: np.dtype[Any]) -> list[np.dtype[Any]]:
        """Inputs are read in the result's dtype, as by a ufunc's loop, but scalar parameters of 16-bit loops in float32."""
        array = computed if result.kind in "iub" else result
        scalar = np.dtype(np.float32) if result == np.float16 or is_bfloat16(result) else array
        if self._any_scalar and array.kind not in "iub":
            scalar = np.dtype(np.float64)
        return [scalar if i in self._scalars else array for i in range(self.nin)]


def _as_array(value: Any) -> np.ndarray:
    """As np.asarray, but an integer that is too large for NumPy's is a float, as a ufunc takes it."""
    return np.asarray(float(value) if type(value) is int and not -(2**63) <= value < 2**63 else value)


def _split(iterator: np.nditer, nout: int) -> Any:
    """Per batch the inputs, then the outputs as one tuple."""
    for batches in iterator:
        yield (*batches[:-nout], batches[-nout:])


class GeneralizedUfunc(UfuncLike):
    """A row function with the calling conventions of a generalized `np.ufunc`: broadcasting, `out`, `axis`, `dtype`.

    Parameters
    ----------
    name : str
        What error messages call it.
    signature : str
        The core dimensions: "(n),()->(n)" of (x, scale), or "(n)->()" of x alone.
    of_nothing : float or None
        What a row without elements gives; None if that is an error.
    run : callable
        run(x, out, axis, *scale) fills `out`.
    exact : bool
        The product of x and a scale for each row is not rounded to a narrower type than float64.
    """

    def __init__(
        self, name: str, signature: str, of_nothing: float | None, run: Callable[..., None], exact: bool = False
    ) -> None:
        super().__init__(name, 2 if "," in signature else 1, 1, signature)
        self._run = run
        self._exact = exact
        self._of_nothing = of_nothing
        self._reduces = signature.endswith("->()")

    def __call__(self, *inputs: Any, out: Any = None, axis: int = -1, dtype: Any = None) -> Any:
        (out,) = out if isinstance(out, tuple) else (out,)
        overridden = self._override(inputs, (out,), axis=axis, **({} if dtype is None else {"dtype": dtype}))
        if overridden is not None:
            return overridden[0]
        x, *scales = map(np.asarray, inputs)
        result = self._result_dtype(inputs, dtype)
        if dtype is not None or (scales and result != result_dtype(x.dtype)):
            with np.errstate(all="ignore"):
                x = x.astype(result, copy=False)
        of_x = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
        scale: list[Any] = [array[()] for array in scales]
        if scales and scales[0].ndim:
            # There is a scale for each row. The product is formed first, and rounded as in the loop.
            rows = broadcast(without_axis(x.shape, of_x), scales[0].shape)
            x = np.moveaxis(x, of_x, -1)
            computed = np.dtype(np.float64) if self._exact else computed_dtype(result)
            with np.errstate(all="ignore"):
                factor = scales[0].astype(computed, copy=False).astype(np.float64)
                product = (x.astype(np.float64) * factor[..., np.newaxis]).astype(computed)
            x = np.moveaxis(np.broadcast_to(product, (*rows, x.shape[-1])), -1, axis)
            of_x = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
            scale = [1.0]
        shape = without_axis(x.shape, of_x) if self._reduces else x.shape
        check_out(self.__name__, out, shape, result)
        (x,) = apart(out, x)
        filled = np.empty(shape, result) if out is None else out
        if x.size:
            self._run(x, filled, of_x, *map(float, scale))
        elif self._reduces and filled.size:
            if self._of_nothing is None:
                raise ValueError(f"{self.__name__}: a row of no elements has no maximum")
            filled.fill(self._of_nothing)
        return self._wrap(filled, inputs, 0, out)

    def _result_dtype(self, inputs: tuple[Any, ...], dtype: Any) -> np.dtype[Any]:
        """Python numbers are weak; beside 16-bit arrays the scale is float32, as parameters are."""
        found = [np.asarray(value).dtype for value in inputs if type(value) not in (bool, int, float)] or [np.dtype(np.float64)]
        if dtype is not None:
            found = [np.dtype(dtype)]
        for one in found:
            if not supported(one) or (dtype is not None and one.kind in "iub"):
                raise TypeError(f"{self.__name__}: no loop for dtype {one}")
        if len(found) == 2 and found[1] == np.float32 and (found[0] == np.float16 or is_bfloat16(found[0])):
            del found[1]
        return result_dtype(*found)
