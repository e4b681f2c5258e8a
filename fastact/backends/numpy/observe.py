"""What a monitor counts of an array, in NumPy: the same numbers as engine/observe.pxi."""

from __future__ import annotations

import numpy as np

from ...calls.arrays import is_bfloat16
from ...calls.watching import VANISHED, Counted, Observation

_BATCH = 32768  # elements


def is_taken(array: np.ndarray) -> bool:
    """Whether an array is C-contiguous, native and of a float dtype."""
    dtype, flags = array.dtype, array.flags
    return flags.c_contiguous and flags.aligned and dtype.isnative and (dtype.kind == "f" or is_bfloat16(dtype))


def observe(y: np.ndarray, dy: np.ndarray | None, derivative: bool, low: float, high: float) -> Counted | None:
    """Count the elements of an array, and of the gradient y those that have vanished beside dy.

    None unless y, and dy if there is one, are C-contiguous, native, of one float dtype and one size.
    """
    if not is_taken(y) or (dy is not None and not (is_taken(dy) and dy.dtype == y.dtype and dy.size == y.size)):
        return None
    y, dy = y.reshape(-1), None if dy is None else dy.reshape(-1)
    total = Observation()
    with np.errstate(all="ignore"):
        for first in range(0, y.size, _BATCH):
            part = slice(first, first + _BATCH)
            total.add(_observe_batch(y[part], None if dy is None else dy[part], derivative, low, high))
    return total.counted()


def _observe_batch(y: np.ndarray, dy: np.ndarray | None, derivative: bool, low: float, high: float) -> Counted:
    computed = np.float64 if y.dtype == np.float64 else np.float32
    y = y.astype(computed, copy=False)
    nans = int(np.count_nonzero(np.isnan(y)))
    finite = y[np.isfinite(y)].astype(np.float64)
    mean = float(finite.mean()) if finite.size else 0.0
    gradients = vanished = 0
    if dy is not None:
        size = np.abs(dy.astype(computed, copy=False))
        gradients = size.size - int(np.count_nonzero(size == 0))
        vanished = int(np.count_nonzero(np.abs(y) < size * computed(VANISHED)))
    elif derivative:
        gradients, vanished = y.size, int(np.count_nonzero(np.abs(y) < computed(VANISHED)))
    zeros, at_low, at_high = (int(np.count_nonzero(found)) for found in (y == 0, y <= computed(low), y >= computed(high)))
    infinities, deviations = y.size - nans - finite.size, float(np.square(finite - mean).sum())
    return y.size, nans, infinities, zeros, at_low, at_high, mean, deviations, gradients, vanished


def mark_fired(y: np.ndarray, fired: np.ndarray) -> bool:
    """Set fired[j], of uint8, to 1 where a number in column j of y is not 0. False unless y is as `observe` takes it."""
    if not is_taken(y):
        return False
    np.logical_or(fired, (y.reshape(-1, y.shape[-1]) != 0).any(axis=0), out=fired)
    return True
