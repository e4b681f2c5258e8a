"""Sums by column: the gradient of a bias, or of what else was broadcast. In float64, in an order set by the shape alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import is_bfloat16
from .classes import summable


@dataclass(frozen=True)
class SumLayout:
    """In which order the elements of a column are added, which the sum's bits depend on. All is in float64.

    - Short rows stand one after another in a stretch, so that each does not cost a loop of its own.
    - The stretches of a block are added up element by element. The rows of that sum are then added in halves until one is left.
    - The blocks' sums are added up in order.

    The shape alone decides: neither strides nor threads change a bit.
    """

    vector: int = 16  # elements of the widest vector: a stretch is a multiple of it, unless that makes it longer than `longest`
    stretch: int = 512  # elements that short rows fill
    longest: int = 4096  # elements of a stretch of several rows
    blocks: int = 64  # the most there are
    shortest_block: int = 64  # stretches of a block, at least

    def lay_out(self, rows: int, columns: int) -> tuple[int, int]:
        """How many rows make a stretch, and how many stretches a block."""
        height, step = 1, self.vector // math.gcd(self.vector, columns)
        if 0 < columns * step <= self.longest:
            height = max(1, min(rows, step * max(1, self.stretch // (columns * step))))
        return height, max(self.shortest_block, -(-rows // height // self.blocks))


LAYOUT = SumLayout()


def sum_by_column(array: np.ndarray) -> np.ndarray:
    """The sum over all axes but the last, in float64, rounded once, with no copy but of a few stretches at a time."""
    columns = array.shape[-1]
    rows = array.size // columns if columns else 0
    layout = LAYOUT.lay_out(rows, columns)
    if array.ndim <= 2 or array.flags.c_contiguous:
        array = array.reshape(rows, columns)
    sums = np.empty(columns, np.float64)  # without a dtype NumPy counts one reference to float64 too many
    with np.errstate(all="ignore"):
        for strip in range(0, columns, LAYOUT.longest):
            sums[strip : strip + LAYOUT.longest] = _sum_strip(array[..., strip : strip + LAYOUT.longest], rows, *layout)
    return round_to(sums, array.dtype)  # type: ignore[no-any-return]


def _sum_strip(array: np.ndarray, rows: int, height: int, block: int) -> np.ndarray:
    """`sum_by_column` in float64, of not too many columns."""
    columns = array.shape[-1]
    at_once = min(block, max(1, 32768 // (height * columns)))  # stretches
    work = np.empty((1 + at_once, height * columns), np.float64)
    work_rows = work.reshape(-1, columns)
    sums, total = np.empty(height * columns, np.float64), np.zeros(columns, np.float64)
    for first in range(0, rows, block * height):
        sums[:] = 0
        last = min(first + block * height, rows)
        for start in range(first, last, at_once * height):
            stop = min(start + at_once * height, last)
            whole, rest = divmod(stop - start, height)
            work[0] = sums
            work_rows[height : height + stop - start] = (
                array[start:stop] if array.ndim == 2 else array.flat[start * columns : stop * columns].reshape(-1, columns)
            )
            np.add.reduce(work[: 1 + whole], axis=0, out=sums)  # NumPy adds row after row
            sums[: rest * columns] += work[1 + whole, : rest * columns] if rest else 0
        lanes, count = sums.reshape(height, columns), height
        while count > 1:
            half = (count + 1) // 2
            lanes[: count - half] += lanes[half:count]
            count = half
        total += lanes[0]
    return total


def round_to(values: Any, dtype: np.dtype[Any]) -> Any:
    """Sums in float64 in the dtype of what was summed."""
    with np.errstate(all="ignore"):
        if is_bfloat16(dtype):  # its cast goes by way of float32: rounded to odd there, nothing is rounded twice
            single = np.asarray(values, np.float32)
            bits = single.view(np.int32) - (np.abs(single) > np.abs(values))
            bits |= bits.view(np.float32) != values
            values = bits.view(np.float32)[()]
        return values.astype(dtype)


def sum_to_shape(array: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which something of this shape was broadcast to the array's, in float64, without what is masked."""
    if isinstance(array, np.ma.MaskedArray):
        array = array.filled(0)
    array = summable(array)
    leading = np.ndim(array) - len(shape)
    axes = (*range(leading), *(leading + i for i, n in enumerate(shape) if n == 1 and array.shape[leading + i] != 1))
    with np.errstate(all="ignore"):
        total = np.sum(array, axis=axes, dtype=np.float64, keepdims=True).reshape(shape)
        if not isinstance(total, np.ndarray):  # lazy
            return total.astype(array.dtype)
        return round_to(total, array.dtype)[()]
