"""The backend that is always there: every activation on plain NumPy, from the formulas in `activations.py`.

`Ufunc` does on NumPy's iterator what the compiled backends leave to real ufuncs: broadcasting, any layout, `out`, `where`,
`dtype`, in blocks, so that no input is copied whole. Everything but integers is computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...calls.elementwise import KINDS, PAIRS, Activation, inputs_of, is_bfloat16, keeps_integers, promoted, supported, ufunc_name
from ...functions.entry import Entry

_BLOCK = 8192  # elements: a block and a formula's temporaries stay in the second-level cache


class UfuncLike:
    """What there is to a `np.ufunc`'s call besides arithmetic: overriding by other kinds of arrays, and results of their kind.

    Parameters
    ----------
    name : str
        What error messages call it.
    nin, nout : int
        Number of inputs and outputs.
    signature : str, optional
        The core dimensions of a generalized ufunc.
    """

    def __init__(self, name: str, nin: int, nout: int, signature: str | None = None) -> None:
        self.__name__ = self.__qualname__ = name
        self.nin, self.nout, self.nargs = nin, nout, nin + nout
        self.signature = signature

    def __repr__(self) -> str:
        return f"<NumPy function {self.__name__!r}>"

    def _override(self, inputs: tuple[Any, ...], out: tuple[Any, ...], **keywords: Any) -> tuple[Any] | None:
        """The result, in a tuple, of the first argument that overrides ufuncs (NumPy's `__array_ufunc__` protocol)."""
        if len(inputs) != self.nin:
            raise TypeError(f"{self.__name__} takes {self.nin} inputs, not {len(inputs)}")
        if any(array is not None for array in out):
            keywords["out"] = out
        overriding = False
        for value in (*inputs, *out):
            method = getattr(type(value), "__array_ufunc__", np.ndarray.__array_ufunc__)
            if method is np.ndarray.__array_ufunc__ or isinstance(value, np.generic):
                continue
            overriding = True
            result = NotImplemented if method is None else method(value, self, "__call__", *inputs, **keywords)  # type: ignore[arg-type]
            if result is not NotImplemented:
                return (result,)
        if overriding:
            raise TypeError(f"{self.__name__}: none of the arguments' types implements it")
        return None

    def _wrap(self, result: np.ndarray, inputs: tuple[Any, ...], index: int) -> Any:
        """The result as the kind of array the inputs are; a scalar where no axis is left."""
        subclasses = [value for value in inputs if isinstance(value, np.ndarray) and type(value) is not np.ndarray]
        if subclasses:
            leader = max(subclasses, key=lambda value: value.__array_priority__)
            return leader.__array_wrap__(result, (self, inputs, index), False)  # type: ignore[arg-type]
        return result[()] if result.ndim == 0 else result


class Ufunc(UfuncLike):
    """A function of contiguous blocks with the calling conventions of `np.ufunc`.

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
    scalars : int
        How many of the last inputs are scalar parameters.
    """

    def __init__(self, name: str, function: Callable[..., Any], nin: int, nout: int, keeps_integers: bool, scalars: int) -> None:
        super().__init__(name, nin, nout)
        self._function = function
        self._keeps_integers = keeps_integers
        self._scalars = scalars

    def __call__(self, *inputs: Any, out: Any = None, where: Any = True, dtype: Any = None) -> Any:
        out = out if isinstance(out, tuple) else (out,) * self.nout
        given = {"where": where} if where is not True else {}
        overridden = self._override(inputs, out, **given, **({} if dtype is None else {"dtype": dtype}))
        if overridden is not None:
            return overridden[0]
        result_dtype = self._result_dtype(inputs, dtype)
        computed = result_dtype if result_dtype.kind in "iub" else np.dtype(np.float64)
        arrays = [np.asarray(value) for value in inputs]
        reading = ["readonly", "contig", "aligned", "nbo", "overlap_assume_elementwise"]
        writing = ["readwrite" if where is not True else "writeonly", *reading[1:], "allocate", "no_subtype", "no_broadcast"]
        masks = [] if where is True else [np.asarray(where)]
        iterator = np.nditer(  # type: ignore[call-overload]  # the stub does not know 'contig'
            [*arrays, *masks, *out],
            flags=["external_loop", "buffered", "zerosize_ok", "copy_if_overlap"],
            op_flags=[reading] * (len(arrays) + len(masks)) + [writing] * self.nout,
            op_dtypes=self._input_dtypes(result_dtype, computed) + [np.dtype(bool)] * len(masks) + [result_dtype] * self.nout,
            casting="same_kind",
            buffersize=_BLOCK,
        )
        with iterator, np.errstate(all="ignore"):
            for *blocks, in_results in _split(iterator, self.nout):
                mask = blocks.pop() if masks else True
                values = [block.astype(computed, copy=False) for block in blocks]
                results = self._function(*values, dtype=result_dtype)
                for block, result in zip(in_results, results if self.nout > 1 else (results,), strict=True):
                    np.copyto(block, result, casting="unsafe", where=mask)
            results = iterator.operands[-self.nout :]
        wrapped = tuple(
            given if given is not None else self._wrap(result, inputs, i)
            for i, (given, result) in enumerate(zip(out, results, strict=True))
        )
        return wrapped if self.nout > 1 else wrapped[0]

    def _result_dtype(self, inputs: tuple[Any, ...], dtype: Any) -> np.dtype[Any]:
        found = np.dtype(dtype) if dtype is not None else self._promote(inputs)
        if not supported(found) or (dtype is not None and found.kind in "iub" and not self._keeps_integers):
            raise TypeError(f"{self.__name__}: no loop for dtype {found}")
        return np.dtype(np.float64) if found.kind in "iub" and not self._keeps_integers else found.newbyteorder("=")

    def _promote(self, inputs: tuple[Any, ...]) -> np.dtype[Any]:
        """The common dtype. Scalar parameters take part as Python numbers only: what is drawn per element follows."""
        first_scalar = self.nin - self._scalars
        return np.result_type(
            *(promoted(value) for i, value in enumerate(inputs) if i < first_scalar or not isinstance(value, np.ndarray))
        )

    def _input_dtypes(self, result: np.dtype[Any], computed: np.dtype[Any]) -> list[np.dtype[Any]]:
        """Inputs are read in the result's dtype, as by a ufunc's loop, but scalar parameters of 16-bit loops in float32."""
        array = computed if result.kind in "iub" else result
        scalar = np.dtype(np.float32) if result == np.float16 or is_bfloat16(result) else array
        return [array] * (self.nin - self._scalars) + [scalar] * self._scalars


def _split(iterator: np.nditer, nout: int) -> Any:
    """Per block the inputs, then the outputs as one tuple."""
    for blocks in iterator:
        yield (*blocks[:-nout], blocks[-nout:])


def _function(entry: Entry, kind: str) -> Callable[..., Any]:
    """What the loop of this kind computes per block, from the entry's formulas."""
    operands = KINDS[kind]

    def split(arguments: tuple[Any, ...], dtype: np.dtype[Any]) -> tuple[Any, Any, tuple[Any, ...]]:
        """dy (or None), the point at which to evaluate, the parameters."""
        given = dict(zip(operands, arguments, strict=False))
        point = given["y" if "y" in given else "x"]
        if "bias" in given:
            point = point + given["bias"]
            if dtype.kind not in "iub" and dtype != np.float64:  # x + bias is rounded as in a float32 loop
                point = point.astype(np.float32).astype(np.float64)
        return given.get("dy"), point, arguments[len(operands) :]

    if kind == "gated":
        defaults = [p.default for p in entry.parameters]

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            gate, value = arguments
            return entry.forward(gate, *defaults) * value

    elif kind == "gated_backward":
        defaults = [p.default for p in entry.parameters]

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            dy, gate, value = arguments
            return dy * value * entry.derivative(gate, *defaults), dy * entry.forward(gate, *defaults)

    elif kind.startswith("forward"):

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            _, x, parameters = split(arguments, dtype)
            return entry.forward(x, *parameters)

    elif kind == "value_and_grad":

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            _, x, parameters = split(arguments, dtype)
            return entry.forward(x, *parameters), entry.derivative(x, *parameters)

    else:
        derivative = {
            "backward_from_output": entry.derivative_from_output,
            "backward_by_parameter": entry.derivative_by_parameter,
            "backward_by_parameter_bias": entry.derivative_by_parameter,
        }.get(kind, entry.derivative)
        assert derivative is not None

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            dy, x, parameters = split(arguments, dtype)
            return dy * derivative(x, *parameters)

    return function


def make(entry: Entry) -> Activation:
    """The activation of this entry on plain NumPy."""

    def make_ufunc(kind: str) -> Ufunc:
        return Ufunc(
            ufunc_name(entry, kind),
            _function(entry, kind),
            nin=inputs_of(entry, kind),
            nout=2 if kind in PAIRS else 1,
            keeps_integers=keeps_integers(entry, kind),
            scalars=0 if entry.learnt_parameter else inputs_of(entry, kind) - len(KINDS[kind]),
        )

    return Activation(entry, "numpy", make_ufunc)
