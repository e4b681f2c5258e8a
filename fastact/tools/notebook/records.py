"""A monitor in a notebook: its table, and its numbers as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from ..panels import Panel
from .svg import BLUE, ORANGE, Scale, line, picture, rectangle, text

_ROW, _TOP, _BOTTOM = 20.0, 22.0, 20.0  # heights: of a record, and of what is above and below
_WIDTH, _GAP = 120.0, 28.0  # of a panel, and between panels
_LETTER, _LONGEST = 6.2, 40  # the width of a letter; how many of a label are shown
_COLOURS = BLUE, ORANGE

_CELL = "padding:2px 8px;border:0;text-align:"


def html(titles: Sequence[str], rows: Sequence[Sequence[str]], texts: int, panels: Sequence[Panel], labels: Sequence[str]) -> str:
    """What a notebook shows of a monitor.

    Parameters
    ----------
    titles, rows : sequence
        The table. Its first `texts` columns are text, the others are figures.
    texts : int
        How many.
    panels : sequence of Panel
        The numbers to draw, each of all records.
    labels : sequence of str
        What the records are called beside them.
    """
    return f'<div style="overflow-x:auto">{_table(titles, rows, texts)}{_bars(panels, labels) if labels else ""}</div>'


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> str:
    def cells(kind: str, row: Sequence[str]) -> str:
        sides = ["left"] * texts + ["right"] * (len(row) - texts)
        return "".join(f'<{kind} style="{_CELL}{side}">{escape(cell)}</{kind}>' for cell, side in zip(row, sides, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<table style="border-collapse:collapse"><thead><tr>{cells("th", titles)}</tr></thead><tbody>{body}</tbody></table>'


def _bars(panels: Sequence[Panel], labels: Sequence[str]) -> str:
    """One row of bars for each record, and one panel for each number."""
    shown = [label if len(label) <= _LONGEST else f"…{label[1 - _LONGEST :]}" for label in labels]
    left = _LETTER * max(map(len, shown)) + 12
    height = _TOP + _ROW * len(labels) + _BOTTOM
    parts = [text(left - 8, _TOP + _ROW * (k + 0.7), label, "end") for k, label in enumerate(shown)]
    for k, panel in enumerate(panels):
        start = left + k * (_WIDTH + _GAP)
        parts += _panel(panel, start, height)
    width = left + len(panels) * (_WIDTH + _GAP)
    return picture(width, height, parts, ", ".join(panel.title for panel in panels) + " of " + ", ".join(shown))


def _panel(panel: Panel, start: float, height: float) -> list[str]:
    scale = Scale(*panel.ends(), start, start + _WIDTH, panel.log)
    parts = [text(start + _WIDTH / 2, 12, panel.title, "middle")]
    for tick in scale.ticks(3):
        at = float(scale(tick))
        parts.append(line((at, _TOP), (at, height - _BOTTOM), 0.15))
        parts.append(text(at, height - 6, f"{tick:.3g}".replace("-", "−"), "middle"))
    before = np.zeros(len(panel.parts[0]), np.float64)
    for values, colour in zip(panel.parts, _COLOURS, strict=False):
        for k, value in enumerate(values.tolist()):
            if math.isfinite(value) and value:
                first, last = panel.bar(float(before[k]), value)
                a, b = sorted((float(scale(first)), float(scale(last))))
                parts.append(rectangle(a, _TOP + _ROW * k + 4, max(b - a, 0.5), _ROW - 8, colour))
        before += np.nan_to_num(values)
    for k, spread in enumerate([] if panel.spread is None else panel.spread.tolist()):
        value = float(panel.parts[0][k])
        if math.isfinite(value) and spread:
            middle = _TOP + _ROW * (k + 0.5)
            parts.append(line((float(scale(value - spread)), middle), (float(scale(value + spread)), middle), 0.9))
    return parts
