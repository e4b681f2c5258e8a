"""Sums by column: the gradient of a bias, or of what else was broadcast. In float64, in an order set by the shape alone."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .arrays import is_bfloat16
from .classes import summable


class SumLayout(NamedTuple):
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


def without_unit_axes(array: np.ndarray, keep: int = 0) -> np.ndarray:
    """A view without axes of length 1, but for the last `keep` ones: NumPy's iterators in C order go through 32 axes."""
    first = array.ndim - keep
    return array if array.ndim <= 32 else array.reshape((*(n for n in array.shape[:first] if n != 1), *array.shape[first:]))


def sum_by_column(array: np.ndarray) -> np.ndarray:
    """The sum over all axes but the last, in float64, rounded once, with no copy but of a few stretches at a time."""
    array = without_unit_axes(array, 1)
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


def sum_like_bias(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The sum over the axes along which something of this shape was broadcast to the array's, in float64, rounded once.

    The array is taken as the rows of each column in turn, in C order: if need be, of a view with the summed axes last. Batches of
    them are copied, so that neither strides nor threads change a bit.
    """
    shape = (1,) * (array.ndim - len(shape)) + shape
    kept = [axis for axis, n in enumerate(shape) if n != 1]
    first, last = (kept[0], kept[-1] + 1) if kept else (0, 0)
    if math.prod(shape[first:last]) != math.prod(array.shape[first:last]):  # a summed axis between two that are kept
        array = array.transpose(*kept, *(axis for axis in range(array.ndim) if axis not in kept))
        first, last = 0, len(kept)
    outer, columns, inner = (math.prod(part) for part in (array.shape[:first], array.shape[first:last], array.shape[last:]))
    with np.errstate(all="ignore"):
        sums = _sum_flat(array.reshape(-1) if array.flags.c_contiguous else without_unit_axes(array).flat, outer, columns, inner)
    return round_to(sums, array.dtype).reshape(shape)  # type: ignore[no-any-return]


_BATCH = 32768  # elements that are copied at a time


def _sum_flat(flat: Any, outer: int, columns: int, inner: int) -> np.ndarray:
    """The sums by column of elements that lie in rows of `inner`, one for each column, `outer` times over."""
    total = np.zeros(columns, np.float64)
    if not outer * columns * inner:
        return total

    def batch(first: int, last: int) -> np.ndarray:
        return np.asarray(flat[first * inner : last * inner], np.float64).reshape(-1, inner)

    whole = _BATCH // (columns * inner)
    if whole:
        for start in range(0, outer, whole):
            rows = np.add.reduce(batch(start * columns, min(start + whole, outer) * columns), axis=1)
            total += np.add.reduce(rows.reshape(-1, columns), axis=0)
        return total
    step = max(1, _BATCH // inner)
    for start in range(0, outer * columns, columns):
        for column in range(0, columns, step):
            stop = min(column + step, columns)
            if inner <= _BATCH:
                total[column:stop] += np.add.reduce(batch(start + column, start + stop), axis=1)
                continue
            first = (start + column) * inner
            for at in range(first, first + inner, _BATCH):
                total[column] += np.add.reduce(np.asarray(flat[at : min(at + _BATCH, first + inner)], np.float64))
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
