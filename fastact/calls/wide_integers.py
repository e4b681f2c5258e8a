"""Rows of integers that float64 does not hold: what functions of rows depend on are differences, and those are taken first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .arrays import Array
from .axes import causal

_ALL_HELD = 2**53
_LOW_BITS = 11  # of 64, beyond the 53 that float64 has


def beyond_float64(x: Array) -> bool:
    """Whether these are integers that would lose digits in float64."""
    if x.dtype.kind not in "iu" or x.dtype.itemsize < 8 or not x.size:
        return False
    return bool(x.max() > _ALL_HELD or (x.dtype.kind == "i" and x.min() < -_ALL_HELD))


class Differences(NamedTuple):
    """Rows of scale*x + mask less a number for each row.

    Attributes
    ----------
    x : ndarray
        x less one element of each row, in float64.
    mask
        As the backends take it; from an additive one that of the same element is subtracted.
    level, rest : ndarray
        For each row what was subtracted from scale*x + mask, in two parts.
    """

    x: Array
    mask: Any
    level: Array
    rest: Array

    def add_to(self, results: Array) -> None:
        """Add what was subtracted to the results of a function that goes up and down with its row, in float64."""
        with np.errstate(all="ignore"):
            np.copyto(results, self.level + (self.rest + results))


def differences(x: Array, axis: int, scale: Any = 1.0, mask: Any = None) -> Differences:
    """The rows less that element of each which is the largest of scale*x + mask.

    Integers are subtracted as such, so that each difference is rounded once: all digits are there where they matter, near the
    largest.
    """
    x = np.moveaxis(x, axis, -1)
    factor = scale[..., np.newaxis] if isinstance(scale, Array) else scale
    additive = None
    with np.errstate(all="ignore"):
        z = factor * x.astype(np.float64)
        if isinstance(mask, int):
            z = np.where(causal(z.shape, mask), z, -np.inf)
        elif mask is not None:
            moved = np.moveaxis(mask, axis, -1)
            if mask.dtype == bool:
                z = np.where(moved, z, -np.inf)
            else:
                additive = moved.astype(np.float64)
                z += additive
        at = np.argmax(np.where(np.isnan(z), -np.inf, z), axis=-1, keepdims=True)
        pivot = np.take_along_axis(x, at, axis=-1)
        wide, wide_pivot = x.astype(np.uint64), pivot.astype(np.uint64)  # the difference of any two fits in 64 bits
        less = np.where(x < pivot, -(wide_pivot - wide).astype(np.float64), (wide - wide_pivot).astype(np.float64))
        high = pivot >> _LOW_BITS << _LOW_BITS
        level, rest = factor * high.astype(np.float64), factor * (pivot - high).astype(np.float64)
        if additive is not None:
            of_pivot = np.take_along_axis(additive, at, axis=-1)
            of_pivot[~np.isfinite(of_pivot)] = 0
            level = level + of_pivot
            mask = np.moveaxis(additive - of_pivot, -1, axis)
    return Differences(np.moveaxis(less, -1, axis), mask, level[..., 0], rest[..., 0])
