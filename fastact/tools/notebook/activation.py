"""An activation in a notebook: its curve and that of its derivative, formulas, range, properties and error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..plot.curves import RANGE, Curve, curves, cut
from ..plot.properties import ANSWERS, error, parameters
from .svg import BLUE, ORANGE, Scale, dot, inner, line, path, picture, text

if TYPE_CHECKING:
    from ...calls.elementwise import Activation

WIDTH, HEIGHT = 340.0, 230.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 38.0, 22.0, 10.0, 20.0  # margins
_POINTS = 241
_DASHES = "6 3"  # of the derivative: not by its colour alone is it told from the function

_CELL = "text-align:left;vertical-align:top;padding:1px 10px 1px 0;border:0;background:transparent"


def html(f: Activation) -> str:
    """What a notebook shows of an activation."""
    rows = "".join(
        f'<tr style="background:transparent"><td style="{_CELL};white-space:nowrap">{escape(title)}</td>'
        f'<td style="{_CELL}">{told}</td></tr>'
        for title, told in _told(f)
    )
    # by rows that wrap: on a narrow page the table stands below the curve
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:8px 24px;align-items:flex-start">'
        f'<div style="flex:none;max-width:100%">{curve(f)}</div>'
        f'<div style="flex:1 1 20em"><strong>{escape(f.name)}</strong>{escape(_summary(f))}'
        f'<table style="border-collapse:collapse;margin:4px 0">{rows}</table></div></div>'
    )


def _summary(f: Activation) -> str:
    first = (f._entry.doc or "").partition("\n")[0]
    return f": {first}" if first else ""


def _told(f: Activation) -> Iterator[tuple[str, str]]:
    """The lines of the table: what is told, and in HTML how it is."""
    info = f.info
    yield "f(x)", _code(info.formula)
    yield "f′(x)", _code(info.derivative)
    for name, said in parameters(f._entry):
        yield "parameter", _code(name) + escape(said.replace("`", ""))
    yield "range", f"{_number(info.range[0])} to {_number(info.range[1])}"
    if info.domain != (-math.inf, math.inf):
        yield "domain", f"{_number(info.domain[0])} to {_number(info.domain[1])}, elsewhere NaN"
    yield "properties", ", ".join(_answer(words, getattr(info, name)) for name, words in ANSWERS.items())
    yield "error", f"{error(info.ulp)}, of the derivative {error(info.derivative_ulp)}{_of_what(f)}"
    if info.sampled:
        yield "", "found at many points, not proved: " + ", ".join(name.replace("_", " ") for name in info.sampled)


def _of_what(f: Activation) -> str:
    """What a bound is in units of, or under which parameters it holds."""
    if f.info.sampled:
        return " of the largest term"
    return ", with the default parameters" if f.params else ""


def _code(formula: str) -> str:
    return f'<code style="background:transparent;color:inherit;padding:0">{escape(formula)}</code>'


def _number(value: float) -> str:
    return ("−" if value < 0 else "") + ("∞" if math.isinf(value) else f"{abs(value):.6g}")


def _answer(words: str, yes: bool) -> str:
    return words if yes else f"not {words}"


def curve(f: Activation) -> str:
    """A picture of f and f'."""
    ends = _ends(f)
    drawn = curves(f, *ends, _POINTS)
    bounds = [bound for bound in f.info.range if math.isfinite(bound)]
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    x = Scale(*ends, 0, width)
    y = Scale(*_heights(drawn, bounds), height, 0)
    parts = [line((0, float(y(bound))), (width, float(y(bound))), 0.5, "4 4") for bound in bounds]
    parts += _drawn(drawn[0], x, y, BLUE, 2.2)
    parts += _drawn(drawn[1], x, y, ORANGE, 1.6, _DASHES)  # above, and thinner: exp(x) is its own derivative
    label = f"{f.name} and its derivative from {ends[0]:g} to {ends[1]:g}"
    return picture(WIDTH, HEIGHT, [*_axes(x, y), *_legend(), inner(_LEFT, _TOP, width, height, parts)], label)


def _ends(f: Activation) -> tuple[float, float]:
    """From where to where it is drawn: not far beyond where it is defined."""
    low, high = f.info.domain
    if math.isfinite(low) and math.isfinite(high) and high > low:
        margin = 0.05 * (high - low)
        return low - margin, high + margin
    return RANGE


def _heights(drawn: tuple[Curve, Curve], bounds: list[float]) -> tuple[float, float]:
    """The ends of y: those that all curves fit between, but for what grows fast."""
    found = cut(drawn, bounds, RANGE)
    if found is not None:
        return found
    y = np.concatenate([curve.y for curve in drawn])
    seen = np.append(y[np.isfinite(y)], [0, *bounds])
    margin = 0.06 * float(np.ptp(seen)) or 1.0
    return float(seen.min()) - margin, float(seen.max()) + margin


def _drawn(curve: Curve, x: Scale, y: Scale, colour: str, width: float, dashes: str = "") -> list[str]:
    parts = [path(x(curve.x), y(curve.y), colour, width, dashes)]
    for points, full in ((curve.rings, False), (curve.dots, True)):
        parts += [dot(x(a), y(b), colour, full) for a, b in points if math.isfinite(b)]
    return parts


def _axes(x: Scale, y: Scale) -> list[str]:
    """Numbers at the edges, lines through 0 and faint ones elsewhere."""
    parts = []
    for tick in x.ticks():
        at = _LEFT + x(tick)
        parts.append(line((at, _TOP), (at, HEIGHT - _BOTTOM), 0.5 if tick == 0 else 0.12))
        parts.append(text(at, HEIGHT - 6, _tick(tick), "middle"))
    for tick in y.ticks():
        at = _TOP + y(tick)
        parts.append(line((_LEFT, at), (WIDTH - _RIGHT, at), 0.5 if tick == 0 else 0.12))
        parts.append(text(_LEFT - 5, at + 4, _tick(tick), "end"))
    return parts


def _tick(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _legend() -> list[str]:
    """Which curve is which, above them."""
    parts = []
    for at, words, colour, width, dashes in ((_LEFT, "f(x)", BLUE, 2.2, ""), (_LEFT + 75, "f′(x)", ORANGE, 1.6, _DASHES)):
        parts.append(path(np.array([at, at + 26]), np.array([10.0, 10.0]), colour, width, dashes))
        parts.append(text(at + 32, 14, words))
    return parts
