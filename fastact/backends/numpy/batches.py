"""Rows in batches: how functions of rows and losses go through arrays of any layout, in float64, without large temporaries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from ...calls.arrays import Array, computed_dtype, is_bfloat16
from ...calls.sums import without_unit_axes
from .rounding import rounded

_ELEMENTS = 1 << 15  # a batch in float64 and its temporaries stay in the second- or third-level cache
_Function = TypeVar("_Function", bound=Callable[..., None])


def quiet(function: _Function) -> _Function:
    """No floating-point warning comes of what is computed."""

    @functools.wraps(function)
    def quiet(*arguments: Any, **keywords: Any) -> None:
        with np.errstate(all="ignore"):
            function(*arguments, **keywords)

    return quiet  # type: ignore[return-value]


def along(axis: int, *arrays: Any) -> list[Any]:
    """Views with this axis last and at least one axis more; what is no array as it is."""
    return [
        array if not isinstance(array, Array) else array[np.newaxis] if array.ndim == 1 else np.moveaxis(array, axis, -1)
        for array in arrays
    ]


def per_row(*arrays: Any) -> list[Any]:
    """What has one element per row, with at least one axis."""
    return [array[np.newaxis] if isinstance(array, Array) and array.ndim == 0 else array for array in arrays]


def take_last(array: Array, at: Array) -> Array:
    """One element of each row along the last axis, which stays with length 1."""
    narrow = without_unit_axes(array, 1)  # NumPy picks from fewer dimensions than arrays may have
    return np.take_along_axis(narrow, at.reshape(*narrow.shape[:-1], 1), axis=-1).reshape(at.shape)


def _put(out: Array, values: Array) -> None:
    """Write results to an output, which may have another dtype."""
    np.copyto(out, rounded(values, out.dtype) if is_bfloat16(out.dtype) else values, casting="unsafe")


class Batch:
    """Some rows, or one long one: their place among the leading axes, and the segments of the axis to take in turn."""

    def __init__(self, place: tuple[Any, ...], segments: list[slice], length: int) -> None:
        self.place, self.segments, self.length = place, segments, length

    def read(self, array: Array, segment: slice) -> Array:
        """A copy in float64 and C order, so that sums don't depend on the layout."""
        return array[(*self.place, ..., segment)].astype(np.float64, order="C")

    def per_row(self, array: Array) -> Array:
        """The elements of an array with one per row, to go with those of a segment."""
        return array[(*self.place, ..., np.newaxis)]

    def number(self, value: Any, dtype: np.dtype[Any]) -> Any:
        """A number, or one for each row, rounded to `dtype`, in float64."""
        numbers = self.per_row(value) if isinstance(value, Array) else np.float64(value)
        return numbers.astype(dtype).astype(np.float64)

    def write(self, out: Array, segment: slice, values: Array, dtype: np.dtype[Any]) -> None:
        """Round to `dtype`, then store."""
        _put(out[(*self.place, ..., segment)], rounded(values, dtype))

    def store(self, out: Array, values: Array, dtype: np.dtype[Any]) -> None:
        """The same for one element per row."""
        _put(out[(*self.place, ...)], rounded(values[..., 0], dtype))

    def positions(self, segment: slice) -> Array:
        return np.arange(*segment.indices(self.length))

    def taking(self, mask: Any, segment: slice, shape: tuple[int, ...]) -> Array | None:
        """Which elements a boolean or the causal mask lets take part, or None for all."""
        if isinstance(mask, int):
            last = np.broadcast_to(np.arange(shape[-2]) + mask, shape[:-1])
            return self.positions(segment) <= self.per_row(last)
        if mask is not None and mask.dtype == bool:
            return mask[(*self.place, ..., segment)]  # type: ignore[no-any-return]
        return None


def batches(shape: tuple[int, ...]) -> Iterator[Batch]:
    """The rows along the last axis of this shape in batches of about _ELEMENTS elements."""
    *lead, length = shape
    segments = [slice(i, i + _ELEMENTS) for i in range(0, length, _ELEMENTS)] if length > _ELEMENTS else [slice(None)]
    room = max(_ELEMENTS // length, 1)
    split, inner = len(lead), 1
    while split and inner * lead[split - 1] <= room:
        split -= 1
        inner *= lead[split]
    if not split:
        yield Batch((), segments, length)
        return
    step = room // inner
    for outer in np.ndindex(*lead[: split - 1]):
        for start in range(0, lead[split - 1], step):
            yield Batch((*outer, slice(start, start + step)), segments, length)


#: Whether nothing is rounded but the result: set by `rows.Exact` around what it computes.
exact: ContextVar[bool] = ContextVar("fastact.backends.numpy.exact", default=False)


def logits_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype to which scale*x + mask is rounded, for x of this one."""
    return np.dtype(np.float64) if exact.get() else computed_dtype(dtype)


class Exponentials:
    """Of a batch of rows z = scale*x + mask: the largest z, and the sum of e^(z - largest) without one of the largest.

    Attributes
    ----------
    largest : ndarray
        Per row; NaN where the row has one.
    others : ndarray
        The sum of all e^(z - largest) but that of the first of the largest elements. NaN in rows with a NaN or inf, or of
        -inf alone.
    """

    def __init__(self, batch: Batch, x: Array, scale: Any = 1.0, mask: Any = None, dtype: Any = None) -> None:
        self.batch, self._x, self._mask = batch, x, mask
        self._computed = logits_dtype(x.dtype if dtype is None else dtype)
        self._scales = isinstance(scale, Array) or scale != 1
        self._scale = batch.number(scale, self._computed)
        self._kept: Any = None
        self._first: Any = -1
        self.largest: Any = -np.inf
        for segment in batch.segments:
            z = self._logits(segment)
            top = np.maximum.reduce(z, axis=-1, keepdims=True)
            at = np.argmax(z, axis=-1, keepdims=True) + (segment.start or 0)
            self._first = np.where((top > self.largest) | (self._first < 0), at, self._first)
            self.largest = np.maximum(self.largest, top)
            self._kept = (z, None) if len(batch.segments) == 1 else None
        total: Any = 0.0
        for segment in batch.segments:
            total = total + np.add.reduce(np.where(self.is_largest(segment), 0, self.of(segment)[1]), axis=-1, keepdims=True)
        self.others = np.where(np.isfinite(self.largest), total, np.nan)

    def _logits(self, segment: slice) -> Array:
        z = self.batch.read(self._x, segment)
        mask = self._mask
        additive = isinstance(mask, Array) and mask.dtype != bool
        if self._scales:
            z *= self._scale
        if additive:
            z += mask[(*self.batch.place, ..., segment)].astype(self._computed, copy=False)
        if (self._scales or additive) and self._computed != np.float64:
            z = z.astype(self._computed).astype(np.float64)
        taking = self.batch.taking(mask, segment, self._x.shape)
        if taking is not None:
            np.copyto(z, -np.inf, where=~taking)
        return z

    def at(self, position: Array) -> Array:
        """The z of one element of each row."""
        if self._mask is None and self._scale == 1:
            return take_last(self._x[(*self.batch.place, ...)], position).astype(np.float64)
        found: Any = np.nan
        for segment in self.batch.segments:
            z = self._logits(segment)
            start = segment.start or 0
            here = (position >= start) & (position < start + z.shape[-1])
            found = np.where(here, take_last(z, np.where(here, position - start, 0)), found)
        return found  # type: ignore[no-any-return]

    def is_largest(self, segment: slice) -> Array:
        """Where the element is that `others` leaves out."""
        return self.batch.positions(segment) == self._first  # type: ignore[no-any-return]

    def of(self, segment: slice) -> tuple[Array, Array]:
        """z - largest, and its exponential. A batch of one segment remembers them."""
        if self._kept is not None and self._kept[1] is not None:
            return self._kept  # type: ignore[no-any-return]
        wide = self._kept[0] if self._kept is not None else self._logits(segment)
        z = wide - self.largest
        e = np.exp(z)
        if self._computed == np.float64:
            # The rounding error of the difference is put back in. Else the exponential's error would grow with its argument.
            back = z + self.largest
            lost = (wide - back) + ((back - z) - self.largest)
            e += e * np.where(np.isfinite(lost), lost, 0)
        if self._kept is not None:
            self._kept = (z, e)
        return z, e
