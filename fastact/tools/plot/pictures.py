"""Curves in matplotlib's figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...calls.elementwise import Activation
from .curves import RANGE, Curve, curves, cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The colours of Okabe and Ito, which the colour-blind can tell apart; without their yellow, which is hard to see on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: More functions than colours differ in these.
_LINES = ("-", "-.", ":")
_GREY = "#808080"


def draw(figure: Figure, functions: Sequence[Activation], derivative: bool = False, ends: tuple[float, float] = RANGE) -> None:
    """Draw the curves of some functions in a figure, those of their derivatives beside them."""
    panels = figure.subplots(1, 2, sharex=True) if derivative else [figure.subplots()]
    pairs = [curves(f, *ends) for f in functions]
    for i, axes in enumerate(panels):
        for j, (f, pair) in enumerate(zip(functions, pairs, strict=True)):
            colour, style = COLOURS[j % len(COLOURS)], _LINES[j // len(COLOURS) % len(_LINES)]
            # what is drawn later is thinner, so that the same curve below shows at its sides
            line(axes, pair[i], colour, style, f.name, 1.6 + 1.4 * (len(functions) - 1 - j) / max(len(functions), 6))
        axes.set_xlabel("x")
        axes.set_ylabel("f'(x)" if i else "f(x)")
        axes.set_title(_title(functions, i == 1), fontsize="medium")
    bounds = _bounds(panels[0], functions)
    for i, axes in enumerate(panels):
        frame(axes, [pair[i] for pair in pairs], () if i else bounds, ends)
        axes.legend()


def _title(functions: Sequence[Activation], derivative: bool) -> str:
    if len(functions) > 1:
        return "derivative" if derivative else "activation"
    info = functions[0].info
    text = f"f'(x) = {info.derivative}" if derivative else f"{functions[0].name}: f(x) = {info.formula}"
    return "\n".join(_wrapped(text, 60))


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of a formula, broken at spaces."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def line(axes: Axes, curve: Curve, colour: str, style: str, label: str, width: float) -> None:
    axes.plot(curve.x, curve.y, color=colour, linestyle=style, linewidth=width, label=label)
    for points, face in ((curve.rings, "white"), (curve.dots, colour)):
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, "o", color=colour, markerfacecolor=face, markersize=2 + 1.5 * width, zorder=3)


def _bounds(axes: Axes, functions: Sequence[Activation]) -> list[float]:
    """The finite ends of the ranges; in grey those that several functions share."""
    owners: dict[float, list[int]] = {}
    for i, f in enumerate(functions):
        for bound in f.info.range:
            if math.isfinite(bound):
                owners.setdefault(bound, []).append(i)
    for bound, indices in owners.items():
        colour = COLOURS[indices[0] % len(COLOURS)] if len(indices) == 1 else _GREY
        bound_line(axes, bound, colour)
    if owners:
        axes.plot([], [], color=_GREY, linestyle="--", linewidth=0.8, label="bounds")
    return list(owners)


def bound_line(axes: Axes, bound: float, colour: str = _GREY) -> None:
    """A finite bound of the range."""
    axes.axhline(bound, color=colour, linestyle="--", linewidth=0.8)


def frame(axes: Axes, drawn: Sequence[Curve], bounds: Sequence[float], ends: tuple[float, float]) -> None:
    """The axes through 0, and as much of y as of x, so that what grows fast doesn't flatten all else."""
    axes.axhline(0, color=_GREY, linewidth=0.5, zorder=0)
    if ends[0] < 0 < ends[1]:
        axes.axvline(0, color=_GREY, linewidth=0.5, zorder=0)
    axes.set_xlim(*ends)
    limits = cut(drawn, bounds, ends)
    if limits is not None:
        axes.set_ylim(*limits)
