"""What a monitor counts of an array, in NumPy: the same numbers as engine/observe.pxi."""

from __future__ import annotations

import numpy as np

from ...calls.watching import VANISHED, Observation

_BATCH = 32768  # elements


def observe(y: np.ndarray, dy: np.ndarray | None, derivative: bool, low: float, high: float) -> Observation:
    """Count the elements of y, and of the gradient y those that have vanished beside dy; both contiguous and of one size."""
    y, dy = y.reshape(-1), None if dy is None else dy.reshape(-1)
    total = Observation()
    with np.errstate(all="ignore"):
        for first in range(0, y.size, _BATCH):
            part = slice(first, first + _BATCH)
            total += _observe_batch(y[part], None if dy is None else dy[part], derivative, low, high)
    return total


def _observe_batch(y: np.ndarray, dy: np.ndarray | None, derivative: bool, low: float, high: float) -> Observation:
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
    return Observation(
        elements=y.size,
        nans=nans,
        infinities=y.size - nans - finite.size,
        zeros=int(np.count_nonzero(y == 0)),
        low=int(np.count_nonzero(y <= computed(low))),
        high=int(np.count_nonzero(y >= computed(high))),
        mean=mean,
        deviations=float(np.square(finite - mean).sum()),
        gradients=gradients,
        vanished=vanished,
    )


def mark_fired(y: np.ndarray, fired: np.ndarray) -> None:
    """Set fired[j], of uint8, to 1 where a number in column j of y is not 0."""
    np.logical_or(fired, (y.reshape(-1, y.shape[-1]) != 0).any(axis=0), out=fired)
