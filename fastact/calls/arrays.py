"""The rules for arrays, each stated once: which dtypes there are, what dtype a result has, what `out` may be, what overlaps."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray

_SYMBOLS = f"{__package__.rpartition('.')[0]}.expressions.symbols"

#: By number: the characters of other packages' dtypes may be the same, as ml_dtypes' int1 has float16's.
_SUPPORTED = frozenset(np.dtype(char).num for char in "?bBhHiIlLqQefd")
SUPPORTED_TEXT = "float16, bfloat16, float32, float64, integers and bool"
CHANGED = "an array was changed by something else while the call was reading its arguments"

# ---- dtypes ---------------------------------------------------------------------------------------------------------


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether this is the bfloat16 of ml_dtypes, which NumPy does not know unless that has been imported."""
    return dtype.kind == "V" and dtype.itemsize == 2 and dtype.name == "bfloat16"


def supported(dtype: np.dtype[Any]) -> bool:
    """Whether every function takes this dtype."""
    return dtype.num in _SUPPORTED or is_bfloat16(dtype)


def requested_dtype(function: str, dtype: Any) -> np.dtype[Any]:
    """The dtype that a call asks for, by anything that NumPy takes for one."""
    # a class of dtypes, such as np.dtypes.Float32DType, has the type of its scalars
    given: Any = dtype.type if isinstance(dtype, type) and issubclass(dtype, np.dtype) else dtype
    try:
        found: np.dtype[Any] = np.dtype(given)
    except TypeError as error:
        raise TypeError(f"{function}: dtype {dtype!r} is none that NumPy knows") from error
    if not supported(found):
        raise TypeError(f"{function}: dtype {found} is not supported; it takes {SUPPORTED_TEXT}")
    if not found.isnative:
        raise TypeError(f"{function}: dtype selects a type, and no byte order as {found.str!r} does; give out=")
    return found


def common_dtype(values: Sequence[Any]) -> np.dtype[Any]:
    """As `np.result_type`, to which Python numbers are weak (NEP 50); here they are beside bfloat16, too."""
    numbers = [value for value in values if type(value) in (int, float)]
    dtypes = [np.asarray(value).dtype for value in values if type(value) not in (int, float)]
    if not dtypes:
        return np.result_type(*numbers)
    dtype = np.result_type(*dtypes)
    return dtype if is_bfloat16(dtype) else np.result_type(dtype, *numbers)


@functools.lru_cache
def result_dtype(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of what is computed from these: floating ones are kept, in native byte order; integers and bool give float64.

    float16 and bfloat16 have none in common, which is a TypeError, as in NumPy.
    """
    kept = {np.dtype(dtype.type) if dtype.kind == "f" or is_bfloat16(dtype) else np.dtype(np.float64) for dtype in dtypes}
    return kept.pop() if len(kept) == 1 else np.result_type(*kept)


def computed_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype to which scale*x + mask is rounded, for x of this one."""
    return np.dtype(np.float32 if result_dtype(dtype).itemsize < 8 else np.float64)


# ---- inputs ---------------------------------------------------------------------------------------------------------


def overrides_ufuncs(value: Any) -> bool:
    """Whether this takes part in NumPy's `__array_ufunc__` protocol without being NumPy's own."""
    return hasattr(type(value), "__array_ufunc__") and not isinstance(value, (np.ndarray, np.generic))


def wraps_results(value: Any) -> bool:
    """Whether NumPy's ufuncs make results of this one's own kind by its `__array_wrap__`, as for PyTorch's tensors."""
    return hasattr(type(value), "__array_wrap__") and type(value) is not np.ndarray and not isinstance(value, np.generic)


def is_symbol(*values: Any) -> bool:
    """Whether one of these stands for an array in a formula that is being traced: see `fastact.expressions.symbols`."""
    symbols = sys.modules.get(_SYMBOLS)  # before there is a formula there is no symbol
    return symbols is not None and any(map(symbols.is_symbol, values))


def _refuse_symbol(function: str, name: str, value: Any) -> None:
    if is_symbol(value):
        raise TypeError(
            f"{function}: {name} is the symbol of a formula, which can be made of elementwise functions alone: of arithmetic, "
            "NumPy's and SciPy's elementwise functions, and calls of activations"
        )


def dtype_of(value: Any) -> np.dtype[Any] | None:
    """The dtype of an array or scalar; None of a Python number, and of what has a dtype of another package."""
    dtype = getattr(value, "dtype", None)
    return dtype if isinstance(dtype, np.dtype) else None


def plain_operand(function: str, name: str, value: Any) -> Array:
    """An input as a plain array of a supported dtype."""
    _refuse_symbol(function, name, value)
    return _of_supported_dtype(function, name, np.asarray(value))


def operand(function: str, name: str, value: Any) -> Any:
    """An input of a ufunc: Python numbers and arrays that take part in NumPy's protocol stay what they are."""
    if type(value) is np.ndarray and value.dtype.char in _SUPPORTED:
        return value
    if overrides_ufuncs(value):
        _refuse_symbol(function, name, value)
        return value
    array = _of_supported_dtype(function, name, np.asanyarray(value))
    return value if type(value) in (bool, int, float) or wraps_results(value) else array


def _of_supported_dtype(function: str, name: str, array: Array) -> Array:
    if not supported(array.dtype):
        raise TypeError(f"{function}: {name} has dtype {array.dtype}, which is not supported; it takes {SUPPORTED_TEXT}")
    return array


def weak_floats(operands: list[Any]) -> list[Any]:
    """Python's integers as floats, where the result is a float anyway: so none has to fit the integers beside it."""
    return [float(value) if type(value) is int else value for value in operands]


def check_unchanged(*arrays: tuple[Array | None, tuple[int, ...]]) -> None:
    """ValueError where an array is not of the shape that it had: the conversion of another argument may run anybody's code."""
    for array, shape in arrays:
        if array is not None and array.shape != shape:
            raise ValueError(CHANGED)


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """As `np.broadcast_shapes`, which knows 32 axes alone where arrays have 64; quick where there is nothing to do."""
    distinct = {shape: None for shape in shapes if shape}  # in their order, for the message
    if len(distinct) < 2:
        return distinct.popitem()[0] if distinct else ()
    result = [1] * max(map(len, distinct))
    for shape in distinct:
        for i, n in enumerate(shape, len(result) - len(shape)):
            if n != 1 and result[i] not in (1, n):
                raise ValueError(f"shapes {', '.join(map(str, distinct))} do not broadcast to one")
            if n != 1:
                result[i] = n
    return tuple(result)


def without_axis(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The shape of one number a row, of rows that lie along this axis >= 0."""
    return shape[:axis] + shape[axis + 1 :]


# ---- outputs --------------------------------------------------------------------------------------------------------


def only(function: str, out: Any) -> Any:
    """The one output, which may be given in a tuple, as to a ufunc."""
    if isinstance(out, tuple):
        if len(out) != 1:
            raise TypeError(f"{function}: out must be one array, not a tuple of {len(out)}")
        return out[0]
    return out


def pair(function: str, out: Any, names: str) -> tuple[Any, Any]:
    """The two outputs of these names; each may be None. One would overwrite the other where they share memory."""
    if not (isinstance(out, tuple) and len(out) == 2):
        raise TypeError(f"{function}: out must be a pair ({names}) of arrays or None")
    if share_memory(*out, work=10_000):
        raise ValueError(f"{function}: the two arrays of out share memory")
    return out


def check_out(function: str, out: Any, shape: tuple[int, ...], dtype: np.dtype[Any] | None = None) -> None:
    """Raise what is to be raised where a result of this shape and dtype cannot be put into this array.

    Without a dtype the array may be of any kind that takes part in NumPy's ufunc protocol, and NumPy checks the cast.
    """
    if out is None:
        return
    if not isinstance(out, Array):
        if dtype is None and overrides_ufuncs(out):
            return
        raise TypeError(f"{function}: out must be an array, not {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"{function}: out has shape {out.shape}, the result {shape}")
    if not out.flags.writeable:
        raise ValueError(f"{function}: out is read-only")
    _of_supported_dtype(function, "out", out)
    if dtype is not None and out.dtype != dtype and not np.can_cast(dtype, out.dtype, "same_kind"):
        raise TypeError(f"{function}: out has dtype {out.dtype}, to which the result's, {dtype}, can't be cast")


# ---- overlap --------------------------------------------------------------------------------------------------------


def share_memory(a: Any, b: Any, work: int) -> bool:
    """Whether these do; what takes more than so much work to tell counts as sharing."""
    if not (isinstance(a, Array) and isinstance(b, Array)):
        return False
    try:
        return np.shares_memory(a, b, max_work=work)  # type: ignore[arg-type]  # the stub knows 0 and -1 only
    except np.exceptions.TooHardError:
        return True


def apart(out: Array | None, *inputs: Any) -> tuple[Any, ...]:
    """The inputs, copied where they share memory with `out` and are not laid out as it is."""
    if out is None:
        return inputs
    return tuple(array.copy() if isinstance(array, Array) and _overlaps_in_part(out, array) else array for array in inputs)


def _overlaps_in_part(out: Array, array: Array) -> bool:
    if array is out or not np.may_share_memory(out, array):
        return False
    if (
        out.dtype == array.dtype
        and out.shape == array.shape
        and out.strides == array.strides
        and out.__array_interface__["data"][0] == array.__array_interface__["data"][0]
    ):
        return False
    return share_memory(out, array, work=1)
