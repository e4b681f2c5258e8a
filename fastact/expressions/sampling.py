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
_NEAREST = 16
_PARTS = np.arange(33) / 32

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
            "monotonic": bool(np.all((y[1:] >= y[:-1]) | (y[1:] >= y[:-1] - 1e-12 * np.maximum(1, np.abs(y[:-1]))))),
            "smooth": _is_continuous(function, x, y) and _is_continuous(slope, x, d),
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
        if y[end] <= y[at] and abs(x[end]) > 1e9 and y[end] < min(0.0, y[before] - 1e-3 * abs(y[before])):
            return -math.inf
    left, right = x[max(at - 1, 0)], x[min(at + 1, len(x) - 1)]
    least = float(y[at])
    closer = np.count_nonzero(y == least) <= 2
    for _ in range(4 * closer):
        points = left + (right - left) * _PARTS
        values = function(points)
        at = int(np.argmin(np.where(np.isnan(values), math.inf, values)))
        least = min(least, float(values[at]))
        left, right = points[max(at - 1, 0)], points[min(at + 1, 32)]
    if math.isinf(least):
        return least
    nearest = round(least)
    return float(nearest) if abs(least - nearest) < 1e-13 else least


def _is_continuous(function: Function, x: Any, y: Any) -> bool:
    """Whether no jump stays as its two sides come together. Only what stands out of its neighbours can be one."""
    near = np.isfinite(y) & (np.abs(x) <= _NEAREST)
    x, y = x[near], y[near]
    scale = max(float(np.max(np.abs(y), initial=0.0)), 1e-300)
    jumps = np.abs(np.diff(y))
    beside = np.maximum(np.append(jumps[1:], 0.0), np.append(0.0, jumps[:-1]))
    suspects = np.flatnonzero(jumps > 3 * beside + 1e-7 * scale)
    left, right = x[suspects], x[suspects + 1]
    for _ in range(6):
        if not len(left):
            return True
        points = left[:, None] + (right - left)[:, None] * _PARTS
        values = function(points.ravel()).reshape(points.shape)
        if not np.isfinite(values).all():
            return False
        inner = np.abs(np.diff(values, axis=1))
        at, rows = np.argmax(inner, axis=1), np.arange(len(left))
        stays = inner[rows, at] > 1e-6 * scale
        left, right = points[rows, at][stays], points[rows, at + 1][stays]
    return not len(left)


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
