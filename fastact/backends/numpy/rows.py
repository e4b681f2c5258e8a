"""The arithmetic of the functions of rows on plain NumPy; what a call means stands in `calls/rows.py`.

The functions get checked arrays of any layout and supported dtype, with at least one axis and one element, `axis` counted from 0,
and fill the outputs, which share memory with an input only where they are that very array. They work on batches of rows, or on
parts of one long row, in float64. A result is rounded once, to the dtype that belongs to the inputs; an output of another dtype
gets that rounded number.

Where one element of a row dominates, its exponential is 1 and the others are tiny: 1 + their sum would lose their digits. So the
sum is kept apart from the 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from types import ModuleType
from typing import Any

import numpy as np

from ...calls.arrays import Array, result_dtype
from ...functions import row_functions
from ...functions.rows import RowFunction
from .batches import Batch, Exponentials, along, batches, exact, logits_dtype, per_row, quiet, take_last
from .ufuncs import GeneralizedUfunc

# ---- softmax and its family -----------------------------------------------------------------------------------------


@quiet
def _softmax(x: Array, out: Array, axis: int, scale: Any, mask: Any, empty: str, log: bool) -> None:
    dtype = result_dtype(x.dtype)
    (x, out, mask), (scale,) = along(axis, x, out, mask), per_row(scale)
    for batch in batches(x.shape):
        row = Exponentials(batch, x, scale, mask)
        total = np.log1p(row.others) if log else 1 + row.others
        none = row.largest == -np.inf
        for segment in batch.segments:
            z, e = row.of(segment)
            y = np.where(np.isfinite(row.largest), z - total, np.nan) if log else e / total
            if empty == "zero":
                np.copyto(y, -np.inf if log else 0, where=none)
            elif empty == "uniform":
                np.copyto(y, -np.log(batch.length) if log else 1 / batch.length, where=none)
            batch.write(out, segment, y, dtype)


def _take_part(values: Array, batch: Batch, mask: Any, segment: slice, shape: tuple[int, ...]) -> Array:
    """The values with 0 where a mask leaves the element out."""
    taking = batch.taking(mask, segment, shape)
    if taking is not None:
        np.copyto(values, 0, where=~taking)
    return values


def _clear_masked(values: Array, batch: Batch, mask: Any, segment: slice, shape: tuple[int, ...]) -> Array:
    """The gradients with 0 where the element is masked, by -inf in an additive mask too."""
    if isinstance(mask, Array) and mask.dtype != bool:
        np.copyto(values, 0, where=batch.read(mask, segment) == -np.inf)
        return values
    return _take_part(values, batch, mask, segment, shape)


@quiet
def _softmax_backward(dy: Array, y: Array, out: Array, axis: int, scale: Any, mask: Any, log: bool) -> None:
    dtype = result_dtype(dy.dtype, y.dtype)
    (dy, y, out, mask), (scale,) = along(axis, dy, y, out, mask), per_row(scale)
    for batch in batches(y.shape):
        factor = batch.number(scale, logits_dtype(dtype))
        total: Any = 0.0
        for segment in batch.segments:
            terms = batch.read(dy, segment)
            if not log:
                terms *= batch.read(y, segment)
            terms = _take_part(terms, batch, mask, segment, y.shape)
            total = total + np.add.reduce(terms, axis=-1, keepdims=True)
        for segment in batch.segments:
            g, saved = batch.read(dy, segment), batch.read(y, segment)
            dx = factor * (g - np.exp(saved) * total if log else saved * (g - total))
            batch.write(out, segment, _clear_masked(dx, batch, mask, segment, y.shape), dtype)


@quiet
def _logsumexp(x: Array, out: Array, axis: int, scale: Any, mask: Any) -> None:
    dtype = result_dtype(x.dtype)
    (x, mask), (out, scale) = along(axis, x, mask), per_row(out, scale)
    for batch in batches(x.shape):
        row = Exponentials(batch, x, scale, mask)
        y = np.where(np.isinf(row.largest), row.largest, row.largest + np.log1p(row.others))
        batch.store(out, y, dtype)


@quiet
def _logsumexp_backward(dy: Array, x: Array, out: Array, axis: int, scale: Any, mask: Any) -> None:
    dtype = result_dtype(dy.dtype, x.dtype)
    (x, out, mask), (dy, scale) = along(axis, x, out, mask), per_row(dy, scale)
    for batch in batches(x.shape):
        row = Exponentials(batch, x, scale, mask, dtype)
        g = batch.per_row(dy).astype(np.float64) * batch.number(scale, logits_dtype(dtype))
        for segment in batch.segments:
            dx = row.of(segment)[1] * (g / (1 + row.others))
            batch.write(out, segment, _clear_masked(dx, batch, mask, segment, x.shape), dtype)


# ---- sparsemax, entmax15, maxout ---------------------------------------------------------------------------------------


@quiet
def _sparsemax(x: Array, out: Array, axis: int) -> None:
    """max(z - threshold, 0), the threshold such that the sum is 1.

    The sum as a function of the threshold is convex and segmentwise linear, so Newton's steps from below the solution rise to it
    and end on it after as many steps as there are segments at most; no row is sorted, nor copied.
    """
    dtype = result_dtype(x.dtype)
    x, out = along(axis, x, out)
    for batch in batches(x.shape):
        largest: Any = -np.inf
        for segment in batch.segments:
            z = batch.read(x, segment)
            largest = np.maximum(largest, np.maximum.reduce(z, axis=-1, keepdims=True))
        only = z - largest if len(batch.segments) == 1 else None
        # With the largest element at 0, only elements above -1 can be positive.
        threshold, before = np.full(largest.shape, -1.0, np.float64), np.full(largest.shape, -1, np.intp)
        while True:
            count: Any = 0
            total: Any = 0.0
            for segment in batch.segments:
                z = batch.read(x, segment) - largest if only is None else only
                above = z > threshold
                count = count + np.count_nonzero(above, axis=-1, keepdims=True)
                total = total + np.add.reduce(np.where(above, z, 0), axis=-1, keepdims=True)
            if (count == before).all():
                break
            threshold = np.maximum(threshold, (total - 1) / count)
            before = count
        for segment in batch.segments:
            z = batch.read(x, segment) - largest if only is None else only
            y = np.where(np.isfinite(largest), np.maximum(z - threshold, 0), np.nan)
            batch.write(out, segment, y, dtype)


@quiet
def _sparsemax_backward(dy: Array, y: Array, out: Array, axis: int) -> None:
    dtype = result_dtype(dy.dtype, y.dtype)
    dy, y, out = along(axis, dy, y, out)
    for batch in batches(y.shape):
        total: Any = 0.0
        count: Any = 0
        for segment in batch.segments:
            saved = batch.read(y, segment)
            terms = np.where(saved > 0, batch.read(dy, segment), saved - saved)  # a NaN in y stays one
            total = total + np.add.reduce(terms, axis=-1, keepdims=True)
            count = count + np.count_nonzero(saved > 0, axis=-1, keepdims=True)
        for segment in batch.segments:
            saved = batch.read(y, segment)
            dx = np.where(saved > 0, batch.read(dy, segment) - total / count, saved - saved)
            batch.write(out, segment, dx, dtype)


@quiet
def _entmax15(x: Array, out: Array, axis: int) -> None:
    """max(z/2 - threshold, 0)^2, the threshold such that the sum is 1.

    The root of the sum as a function of the threshold falls and is convex, so Newton's steps from below the solution rise to it;
    where all elements are equal, the first one ends there.
    """
    dtype = result_dtype(x.dtype)
    x, out = along(axis, x, out)
    for batch in batches(x.shape):
        largest: Any = -np.inf
        for segment in batch.segments:
            z = batch.read(x, segment)
            largest = np.maximum(largest, np.maximum.reduce(z, axis=-1, keepdims=True))
        only = (z - largest) / 2 if len(batch.segments) == 1 else None
        threshold, low = np.full(largest.shape, -1.0, np.float64), np.zeros(largest.shape, np.float64)
        rising = True
        while rising:
            total: Any = 0.0
            squares: Any = 0.0
            for segment in batch.segments:
                z = (batch.read(x, segment) - largest) / 2 if only is None else only
                above = np.maximum(z - threshold, 0)
                total = total + np.add.reduce(above, axis=-1, keepdims=True)
                squares = squares + np.add.reduce(above * above, axis=-1, keepdims=True)
            norm = np.sqrt(squares)
            step = (norm - 1) * norm / total
            higher = threshold + step
            rises = higher > threshold
            rising = rises.any()
            low = np.where(rises, 0.0, step)
            threshold = np.where(rises, higher, threshold)
        for segment in batch.segments:
            z = (batch.read(x, segment) - largest) / 2 if only is None else only
            y = np.where(np.isfinite(largest), np.maximum((z - threshold) - low, 0) ** 2, np.nan)
            batch.write(out, segment, y, dtype)


def _root_of_positive(y: Array) -> Array:
    """The root where y > 0, NaN where it is NaN, else 0."""
    return np.sqrt(np.where(y <= 0, 0, y))


@quiet
def _entmax15_backward(dy: Array, y: Array, out: Array, axis: int) -> None:
    dtype = result_dtype(dy.dtype, y.dtype)
    dy, y, out = along(axis, dy, y, out)
    for batch in batches(y.shape):
        total: Any = 0.0
        weight: Any = 0.0
        for segment in batch.segments:
            root = _root_of_positive(batch.read(y, segment))
            total = total + np.add.reduce(np.where(root != 0, root * batch.read(dy, segment), 0), axis=-1, keepdims=True)
            weight = weight + np.add.reduce(root, axis=-1, keepdims=True)
        for segment in batch.segments:
            root = _root_of_positive(batch.read(y, segment))
            batch.write(out, segment, np.where(root == 0, 0, root * (batch.read(dy, segment) - total / weight)), dtype)


@quiet
def _maxout(x: Array, out: Array, axis: int) -> None:
    dtype = result_dtype(x.dtype)
    (x,), (out,) = along(axis, x), per_row(out)
    for batch in batches(x.shape):
        largest: Any = None
        for segment in batch.segments:
            z = batch.read(x, segment)
            top = take_last(z, np.argmax(z, axis=-1, keepdims=True))
            largest = top if largest is None else np.where((top > largest) | np.isnan(top) & ~np.isnan(largest), top, largest)
        batch.store(out, largest, dtype)


@quiet
def _maxout_backward(dy: Array, x: Array, out: Array, axis: int) -> None:
    dtype = result_dtype(dy.dtype, x.dtype)
    (x, out), (dy,) = along(axis, x, out), per_row(dy)
    for batch in batches(x.shape):
        largest: Any = None
        for segment in batch.segments:
            z = batch.read(x, segment)
            at = np.argmax(z, axis=-1, keepdims=True)
            top = take_last(z, at)
            at = at + (segment.start or 0)
            if largest is None:
                largest, first = top, at
            else:
                better = (top > largest) | np.isnan(top) & ~np.isnan(largest)
                largest, first = np.where(better, top, largest), np.where(better, at, first)
        g = batch.per_row(dy).astype(np.float64)
        for segment in batch.segments:
            batch.write(out, segment, np.where(batch.positions(segment) == first, g, 0), dtype)


# ---- by record ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Arithmetic:
    """forward(x, out, axis, scale, mask, empty) and backward(dy, saved, out, axis, scale, mask)."""

    forward: Callable[..., None]
    backward: Callable[..., None]


#: By the name that a record's `arithmetic` says.
_ARITHMETIC = {
    "softmax": _Arithmetic(
        lambda x, out, axis, scale, mask, empty: _softmax(x, out, axis, scale, mask, empty, log=False),
        lambda dy, y, out, axis, scale, mask: _softmax_backward(dy, y, out, axis, scale, mask, log=False),
    ),
    "log_softmax": _Arithmetic(
        lambda x, out, axis, scale, mask, empty: _softmax(x, out, axis, scale, mask, empty, log=True),
        lambda dy, y, out, axis, scale, mask: _softmax_backward(dy, y, out, axis, scale, mask, log=True),
    ),
    "logsumexp": _Arithmetic(lambda x, out, axis, scale, mask, empty: _logsumexp(x, out, axis, scale, mask), _logsumexp_backward),
    "sparsemax": _Arithmetic(
        lambda x, out, axis, scale, mask, empty: _sparsemax(x, out, axis),
        lambda dy, y, out, axis, scale, mask: _sparsemax_backward(dy, y, out, axis),
    ),
    "entmax15": _Arithmetic(
        lambda x, out, axis, scale, mask, empty: _entmax15(x, out, axis),
        lambda dy, y, out, axis, scale, mask: _entmax15_backward(dy, y, out, axis),
    ),
    "maxout": _Arithmetic(
        lambda x, out, axis, scale, mask, empty: _maxout(x, out, axis),
        lambda dy, x, out, axis, scale, mask: _maxout_backward(dy, x, out, axis),
    ),
}
for _record in row_functions.values():
    if _record.arithmetic not in _ARITHMETIC:
        raise ValueError(
            f"fastact/backends/numpy/rows.py: _ARITHMETIC has no {_record.arithmetic!r}, "
            f"which the record {_record.name} (fastact/functions/rows.py) needs"
        )


def forward(record: RowFunction, x: Array, out: Array, axis: int, scale: Any, mask: Any, empty: str) -> None:
    """Fill `out` with the function of the rows of scale*x + mask."""
    _ARITHMETIC[record.arithmetic].forward(x, out, axis, scale, mask, empty)


def backward(record: RowFunction, dy: Array, saved: Array, out: Array, axis: int, scale: Any, mask: Any) -> None:
    """Fill `out` with the gradient of x."""
    _ARITHMETIC[record.arithmetic].backward(dy, saved, out, axis, scale, mask)


@cache
def gufunc(name: str) -> GeneralizedUfunc:
    """The generalized ufunc of the record of this name."""
    record = row_functions[name]

    def run(x: Array, out: Array, axis: int, scale: Any = 1.0) -> None:
        forward(record, x, out, axis, scale, None, "nan")

    return GeneralizedUfunc(name, record.signature, record.of_nothing, run)


class Exact:
    """The functions of a module of arithmetic, this one or losses.py, of which nothing is rounded but the results."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        made = exactly(getattr(self._module, name))
        setattr(self, name, made)
        return made

    @staticmethod
    @cache
    def gufunc(name: str) -> GeneralizedUfunc:
        """As the module's."""
        record = row_functions[name]

        @exactly
        def run(x: Array, out: Array, axis: int, scale: Any = 1.0) -> None:
            forward(record, x, out, axis, scale, None, "nan")

        return GeneralizedUfunc(name, record.signature, record.of_nothing, run, exact=True)


def exactly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, of which nothing is rounded but the result."""

    @wraps(function)
    def called(*arguments: Any, **keywords: Any) -> Any:
        before = exact.set(True)
        try:
            return function(*arguments, **keywords)
        finally:
            exact.reset(before)

    return called
