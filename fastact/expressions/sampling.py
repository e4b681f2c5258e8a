"""Properties of an activation found by computing it at many points: what a mathematician would prove is here only likely."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

#: The properties that are found here.
FOUND = ("range", "monotonic", "smooth", "zero_centred", "identity_near_zero", "domain")

_NEAR = np.arange(-512, 513) / 32
_FAR = 2.0 ** np.arange(4.25, 60, 0.75)
_POINTS = np.concatenate([-_FAR[::-1], _NEAR, _FAR])
_ZERO = int(np.flatnonzero(_POINTS == 0)[0])

Function = Callable[[Any], Any]


def properties(function: Function, slope: Function) -> dict[str, Any]:
    """The properties by the names that `Info` gives them.

    Parameters
    ----------
    function, slope : callable
        f and f', of float64 arrays.
    """
    with np.errstate(all="ignore"):
        y, d = function(_POINTS), slope(_POINTS)
        known = ~np.isnan(y)
        if not known.any():
            return {
                **{"range": (-math.inf, math.inf), "domain": (-math.inf, math.inf)},
                **dict.fromkeys(("monotonic", "smooth", "zero_centred", "identity_near_zero"), False),
            }
        x, y, d = _POINTS[known], y[known], d[known]
        low, high = _least(function, x, y), -_least(lambda x: -function(x), x, -y)
        zero = float(function(np.zeros(1))[0])
        return {
            "range": (low, high),
            "monotonic": bool(np.all(np.diff(y) >= -1e-12 * np.maximum(1, np.abs(y[1:])))) if np.isfinite(y).all() else False,
            "smooth": _is_smooth(slope, x, d),
            "zero_centred": zero == 0 and low < 0 < high,
            "identity_near_zero": zero == 0 and abs(float(slope(np.zeros(1))[0]) - 1) < 1e-12,
            "domain": _domain(function, known),
        }


def _least(function: Function, x: Any, y: Any) -> float:
    """The greatest lower bound: -inf where f falls without end, else what is found by looking closer around the least value."""
    at = int(np.argmin(y))
    if y[at] == -math.inf:
        return -math.inf
    for end, before in ((0, 8), (-1, -9)):
        if y[end] <= y[at] and abs(x[end]) > 1e9 and len(y) > 16 and y[end] < y[before] - 1e-3 * abs(y[before]):
            return -math.inf
    left, right = x[max(at - 1, 0)], x[min(at + 1, len(x) - 1)]
    least = float(y[at])
    for _ in range(4):
        points = np.linspace(left, right, 65)
        values = function(points)
        values = np.where(np.isnan(values), math.inf, values)
        at = int(np.argmin(values))
        least = min(least, float(values[at]))
        left, right = points[max(at - 1, 0)], points[min(at + 1, 64)]
    nearest = round(least)
    return float(nearest) if abs(least - nearest) < 1e-13 else least


def _is_smooth(slope: Function, x: Any, d: Any) -> bool:
    """Whether no jump of the derivative stays as its two sides come together."""
    if not np.isfinite(d).all():
        return False
    scale = max(float(np.max(np.abs(d[np.abs(x) <= 16]), initial=0.0)), 1e-300)
    jumps = np.abs(np.diff(d))
    suspects = np.argsort(jumps)[-4:]
    for i in suspects:
        if jumps[i] < 1e-6 * scale:
            continue
        left, right = float(x[i]), float(x[i + 1])
        for _ in range(8):
            points = np.linspace(left, right, 17)
            values = slope(points)
            if not np.isfinite(values).all():
                return False
            inner = np.abs(np.diff(values))
            at = int(np.argmax(inner))
            left, right, jump = points[at], points[at + 1], inner[at]
        if jump > 1e-5 * scale:
            return False
    return True


def _domain(function: Function, known: Any) -> tuple[float, float]:
    if known[0] and known[-1]:
        return (-math.inf, math.inf)
    inside = np.flatnonzero(known)

    def bound(outside: int, last: int) -> float:
        out, within = float(_POINTS[outside]), float(_POINTS[last])
        for _ in range(200):
            middle = (out + within) / 2
            if middle in (out, within):
                break
            out, within = (middle, within) if math.isnan(float(function(np.array([middle]))[0])) else (out, middle)
        return round(within, 9) + 0.0 if abs(within) < 1e6 else within

    low = -math.inf if known[0] else bound(inside[0] - 1, inside[0])
    high = math.inf if known[-1] else bound(inside[-1] + 1, inside[-1])
    return (low, high)
