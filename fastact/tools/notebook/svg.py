"""Small pictures in SVG, for notebooks of any theme.

Lines and letters take the colour of the text around them. There are no styles and no ids, which all outputs of a notebook would
share. A picture within the picture, which shows nothing beyond its edges, is what clips the curves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

#: Two colours of the middle, of about the same contrast to white as to black, which the colour-blind can tell apart.
BLUE, ORANGE = "#2f8fd8", "#d9691a"

#: How far a curve may leave its own picture, in pixels: coordinates of any size would be read wrongly.
_FAR = 5000.0
#: By how much a curve may be thinned out, in pixels.
_UNSEEN = 0.05


def coordinate(value: float) -> str:
    """To a tenth of a pixel, in few characters."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


@dataclass(frozen=True)
class Scale:
    """Where the numbers from `low` to `high` lie between two pixels; with `log`, their logarithms."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: Any) -> Any:
        low, high = self.low, self.high
        if self.log:
            values, low, high = np.log10(values), math.log10(low), math.log10(high)
        return self.start + (values - low) / (high - low) * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[float]:
        """Round numbers between the ends, both included if they are round: a few at equal distances."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            return [10.0**power for power in powers[:: -(-len(powers) // most)]]
        span = self.high - self.low
        unit = 10.0 ** math.floor(math.log10(span / most))
        step = next(unit * factor for factor in (1, 2, 5, 10, 20) if span / (unit * factor) <= most)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def picture(width: float, height: float, parts: list[str], label: str) -> str:
    """A picture of its parts, with a label for those who can't see it."""
    size = f'width="{coordinate(width)}" height="{coordinate(height)}" viewBox="0 0 {coordinate(width)} {coordinate(height)}"'
    look = 'style="max-width:100%;height:auto" font-family="sans-serif" font-size="11" fill="currentColor"'
    return f'<svg {size} {look} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def inner(x: float, y: float, width: float, height: float, parts: list[str]) -> str:
    """A part that shows nothing beyond its edges, with coordinates of its own."""
    place = f'x="{coordinate(x)}" y="{coordinate(y)}" width="{coordinate(width)}" height="{coordinate(height)}"'
    return f'<svg {place} overflow="hidden">{"".join(parts)}</svg>'


def text(x: float, y: float, words: str, anchor: str = "start", colour: str | None = None) -> str:
    fill = f' fill="{colour}"' if colour else ""
    return f'<text x="{coordinate(x)}" y="{coordinate(y)}" text-anchor="{anchor}"{fill}>{escape(words)}</text>'


def line(start: tuple[float, float], end: tuple[float, float], opacity: float = 0.25, dashes: str = "") -> str:
    """A thin straight line in the colour of the text."""
    place = "x1={} y1={} x2={} y2={}".format(*(f'"{coordinate(value)}"' for value in (*start, *end)))
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line {place} stroke="currentColor" stroke-opacity="{opacity}"{dashed}/>'


def rectangle(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1) -> str:
    shown = f' fill-opacity="{opacity}"' if opacity < 1 else ""
    place = f'x="{coordinate(x)}" y="{coordinate(y)}" width="{coordinate(width)}" height="{coordinate(height)}"'
    return f'<rect {place} fill="{colour}"{shown}/>'


def dot(x: float, y: float, colour: str, full: bool = True) -> str:
    """A point, or an open ring."""
    return f'<circle cx="{coordinate(x)}" cy="{coordinate(y)}" r="3" fill="{colour if full else "none"}" stroke="{colour}"/>'


def path(x: np.ndarray, y: np.ndarray, colour: str, width: float, dashes: str = "") -> str:
    """A curve through these pixels, open where y is NaN."""
    pieces = [
        "M" + "L".join(f"{coordinate(a)} {coordinate(b)}" for a, b in piece.tolist())
        for piece in (_thinned(points) for points in _pieces(x, np.clip(y, -_FAR, _FAR)))
    ]
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    drawn = f'fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"{dashed}'
    return f'<path d="{"".join(pieces)}" {drawn}/>'


def _pieces(x: np.ndarray, y: np.ndarray) -> Iterator[np.ndarray]:
    """The points between NaN, those of each piece as lines of a matrix."""
    points = np.column_stack([x, y])
    for piece in np.split(points, np.flatnonzero(np.isnan(y))):
        known = piece[~np.isnan(piece[:, 1])]
        if len(known) > 1:
            yield known


def _thinned(points: np.ndarray) -> np.ndarray:
    """Those points without which the curve would be another, by Douglas and Peucker."""
    keep = np.zeros(len(points), np.bool_)
    keep[[0, -1]] = True
    open_ranges = [(0, len(points) - 1)]
    while open_ranges:
        first, last = open_ranges.pop()
        if last - first < 2:
            continue
        start, along = points[first], points[last] - points[first]
        away = points[first + 1 : last] - start
        distance = np.abs(away[:, 0] * along[1] - away[:, 1] * along[0]) / np.hypot(*along)
        furthest = int(np.argmax(distance))
        if distance[furthest] > _UNSEEN:
            middle = first + 1 + furthest
            keep[middle] = True
            open_ranges += [(first, middle), (middle, last)]
    return points[keep]
