"""The points to draw, computed by the functions themselves.

Jumps stay open and kinks are marked: both are searched for where `info` says that the derivative is not continuous.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # a notebook's pictures are made for an activation, which can't know what imports it
    from ...calls.elementwise import Activation

#: From where to where functions are drawn.
RANGE = (-5.0, 5.0)
_POINTS = 1001


@dataclass(frozen=True)
class Curve:
    """One curve to draw.

    Attributes
    ----------
    x, y : ndarray
        Its points in order of x; y is NaN between the two ends of a jump.
    dots : list of pairs
        Points to mark: the kinks, and the value at a jump.
    rings : list of pairs
        The ends of the curve at a jump that are not the value there.
    """

    x: np.ndarray
    y: np.ndarray
    dots: list[tuple[float, float]]
    rings: list[tuple[float, float]]


@dataclass(frozen=True)
class Jump:
    """A point where a function jumps, and its neighbours on either side; one of them may be the point itself."""

    low: float
    point: float
    high: float


def curves(f: Activation, low: float, high: float, points: int = _POINTS) -> tuple[Curve, Curve]:
    """The curves of f and f' between two ends."""

    def value(x: np.ndarray) -> np.ndarray:
        return np.asarray(f(x), np.float64)

    def derivative(x: np.ndarray) -> np.ndarray:
        return np.asarray(f.value_and_grad(x)[1], np.float64)

    x = np.linspace(low, high, points)
    with np.errstate(all="ignore"):
        jumps, kinks = ([], []) if f.info.smooth else (find_jumps(value, x), find_jumps(derivative, x))
        broken = {jump.point for jump in jumps}
        corners = np.array([kink.point for kink in kinks if kink.point not in broken])
        return _curve(value, x, jumps, corners), _curve(derivative, x, kinks, np.array([]))


def find_jumps(g: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> list[Jump]:
    """Where g jumps between the points of a grid, at most once between two.

    Every interval is halved, and the half with the larger step is kept, down to neighbouring numbers. Between these, only a jump
    leaves more than rounding.
    """
    low, high = x[:-1], x[1:]
    y_low, y_high = g(low), g(high)
    finite = np.abs(y_low[np.isfinite(y_low)])
    negligible = 1e-9 * max(1.0, finite.max(initial=0))
    for _ in range(80):  # from any width to neighbours, and to 1e-20 beside 0
        middle = low / 2 + high / 2
        y = g(middle)
        left = np.abs(y - y_low) >= np.abs(y_high - y)
        low, y_low = np.where(left, low, middle), np.where(left, y_low, y)
        high, y_high = np.where(left, middle, high), np.where(left, y, y_high)
    found: dict[float, Jump] = {}
    for i in np.flatnonzero(np.abs(y_high - y_low) > negligible):
        ends = float(low[i]), float(high[i])
        # 0.5 rather than its neighbour 0.49999999999999994
        point = 0.0 if ends[0] <= 0 <= ends[1] else min(ends, key=lambda end: len(repr(end)))
        other = found.get(point, Jump(*ends, ends[1]))
        found[point] = Jump(min(ends[0], other.low), point, max(ends[1], other.high))
    return list(found.values())


def _curve(g: Callable[[np.ndarray], np.ndarray], x: np.ndarray, jumps: list[Jump], corners: np.ndarray) -> Curve:
    x = np.union1d(x, corners)
    for jump in jumps:
        x = np.append(x[(x < jump.low) | (x > jump.high)], [jump.low, jump.high])
    x.sort()
    y = g(x)
    y[~np.isfinite(y)] = np.nan
    dots = list(zip(corners.tolist(), g(corners).tolist(), strict=True))
    rings = []
    for jump in jumps:
        at, *ends = g(np.array([jump.point, jump.low, jump.high])).tolist()
        dots.append((jump.point, at))
        rings += [(jump.point, end) for end in ends if abs(end - at) > 1e-9 * max(1.0, abs(at))]
    gaps = np.searchsorted(x, [jump.high for jump in jumps])
    return Curve(np.insert(x, gaps, [jump.point for jump in jumps]), np.insert(y, gaps, np.nan), dots, rings)


def cut(drawn: Sequence[Curve], bounds: Sequence[float], ends: tuple[float, float]) -> tuple[float, float] | None:
    """Ends for y: as much of y as of x, so that what grows fast doesn't flatten all else. None where all fits."""
    limit = max(1.3 * max(map(abs, ends)), 2)
    y = np.concatenate([curve.y for curve in drawn])
    if not (all(np.mean(np.abs(curve.y) <= limit) >= 0.5 for curve in drawn) and np.any(np.abs(y) > limit)):
        return None
    seen = np.append(y[np.abs(y) <= limit], [0, *bounds])
    margin = 0.05 * np.ptp(seen)
    return (
        float(-limit if np.any(y < -limit) else seen.min() - margin),
        float(limit if np.any(y > limit) else seen.max() + margin),
    )
