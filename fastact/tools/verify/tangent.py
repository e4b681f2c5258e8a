"""Inputs next to zero whose result is next to the middle between two subnormal numbers: silu(x) = x / 2 + x^2 / 4, for one.

There are millions of them, and each would need hundreds of bits. But as near zero as `LIMIT`, f(x) - f'(0) x is next to nothing but
its first term by Taylor that is not zero. So it has one sign on either side of zero, and mpmath tells it for all.
"""

from __future__ import annotations

import functools

import numpy as np

from ..directions import BOTH, Direction
from ..reference import Array, mp
from .rounding import real

LIMIT = 2.0**-100
#: So many bits tell 1 from 1 + 2^-149 k, even if the first of the terms is the fourth.
BITS = 1600


def settle(name: str, direction: Direction, x: Array, middle: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Which of these results the tangent decides, and the right ones of all of them (`low` where it does not).

    Parameters
    ----------
    name, direction
        What is computed.
    x : ndarray of float32
        The inputs.
    middle : ndarray of float64
        The computed results.
    low, high : ndarray of float32
        Between which of two neighbours each result is.
    """
    x64, right = x.astype(np.float64), low.copy()
    near = (np.abs(x64) < LIMIT) & (x64 != 0) & (low.astype(np.float64) + high.astype(np.float64) == 2 * middle)
    if direction != Direction.FORWARD or not near.any():
        return np.zeros(x.shape, bool), right
    slope, below, above = _tangent(name)
    decided = near & (middle == slope * x64)
    side = np.where(x64 < 0, below, above)
    decided &= side != 0
    np.copyto(right, high, where=decided & (side > 0))
    return decided, right


@functools.cache
def _tangent(name: str) -> tuple[float, int, int]:
    """f'(0), and the sign of f(x) - f'(0) x below and above zero: 0 where f(0) is not 0, f'(0) no double, or nothing is left."""
    zero = np.zeros(1, np.float32)
    with mp.workprec(BITS):
        value, slope = (real(name, direction, zero)[0] for direction in BOTH)
        if value or float(slope) != slope:
            return 0.0, 0, 0
        return float(slope), _sign(name, float(slope), -1), _sign(name, float(slope), 1)


def _sign(name: str, slope: float, side: int) -> int:
    """The sign at both ends of the interval and between them; 0 if it changes."""
    points = side * np.ldexp(1.0, [-149, -140, -126, -113, -101]).astype(np.float32)
    values = (real(name, Direction.FORWARD, points[i : i + 1])[0] for i in range(points.size))
    signs = {int(mp.sign(y - slope * mp.mpf(point))) for y, point in zip(values, points.tolist(), strict=True)}
    return signs.pop() if len(signs) == 1 else 0
