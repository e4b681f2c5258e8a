"""NumPy's masked arrays in functions of rows: what is masked takes no part, whatever the function.

Elementwise functions need nothing of this: NumPy's ufuncs mask in the result what is masked in an operand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import Array, check_out, only
from .axes import rows_back, rows_last


def is_masked(*values: Any) -> bool:
    """Whether one of these, each an array or a tuple of them, is a masked array."""
    return any(
        isinstance(value, np.ma.MaskedArray) for given in values for value in (given if isinstance(given, tuple) else (given,))
    )


def split(operand: Callable[[str, Any], Array], **operands: Any) -> tuple[Array, list[Array]]:
    """What is masked in one of these arrays of one shape, and what they hold, 0 where it is masked.

    `operand` checks them by name.
    """
    plain = [operand(name, np.ma.getdata(value, subok=False)) for name, value in operands.items()]
    hidden = np.zeros(plain[0].shape, bool)
    for value in operands.values():
        hidden |= np.ma.getmaskarray(value)
    plain = [array.copy() for array in plain]
    for array in plain:
        array[hidden] = 0
    return hidden, plain


def by_length(
    call: Callable[..., Array],
    hidden: Array,
    axes: tuple[int, ...],
    like_x: tuple[Array, ...],
    per_row: tuple[Array, ...],
    reduces: bool,
    dtype: np.dtype[Any],
) -> Array:
    """The results of rows that have only their elements that are not hidden; 0 elsewhere.

    Rows with as many elements are called together: call(*like_x, *per_row) with one row to a line. So this is right for every
    function, where no number that could stand for a masked element is.
    """
    lines = rows_last(hidden, axes)
    shape, n = lines.shape, lines.shape[-1]
    lines = lines.reshape(-1, n) if n else lines.reshape(0, 0)
    flat = [rows_last(array, axes).reshape(lines.shape) for array in like_x]
    singles = [array.reshape(-1) for array in per_row]
    result = np.zeros(shape[:-1] if reduces else shape, dtype)
    results = result.reshape(-1) if reduces else result.reshape(lines.shape)
    counts = n - np.count_nonzero(lines, axis=-1)
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        columns = np.nonzero(~lines[rows])[1].reshape(len(rows), count)
        places = (rows[:, np.newaxis], columns)
        values = call(*(array[places] for array in flat), *(array[rows] for array in singles))
        results[rows if reduces else places] = values
    return result if reduces else rows_back(result, hidden.shape, axes)


def masked_result(function: str, values: Any, hidden: Array, out: Any) -> Any:
    """The result as a masked array, put into `out` if that is given."""
    result = np.ma.array(values, mask=hidden)
    out = only(function, out)
    if out is None:
        return result[()]
    if not isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"{function}: out must be a masked array, as the result is, not {type(out).__name__}")
    check_out(function, out, result.shape, result.dtype)
    with np.errstate(all="ignore"):
        out[...] = result
    return out
