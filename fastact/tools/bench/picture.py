"""The picture of the speed grid: how many times as long the quickest peer takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...runtime.hints import extra
from ..directions import Direction
from .cells import Cell
from .report import best, column, settings_of
from .tables import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_picture(file: Path) -> Figure:
    """An empty figure that can be written to such a file; ValueError if there is none."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ValueError(f"argument --heatmap: needs matplotlib, which is not installed: {extra('plot')}") from None
    picture = Figure(layout="constrained")
    if file.suffix[1:].lower() not in (known := picture.canvas.get_supported_filetypes()):
        raise ValueError(f"argument --heatmap: {file.suffix!r} is none of the formats {', '.join(sorted(known))}")
    return picture


def draw(picture: Figure, cells: Sequence[Cell], sizes: Sequence[int]) -> None:
    """Draw the ratio to the quickest peer: functions down, sizes across, a panel a direction, a row of panels a setting."""
    titles = list(dict.fromkeys(cell.title for cell in cells))
    settings = settings_of(cells)
    directions = [direction for direction in Direction if any(cell.direction == direction for cell in cells)]
    picture.set_size_inches(1.8 + len(directions) * (0.6 + 0.45 * len(sizes)), (1.5 + 0.2 * len(titles)) * len(settings))
    panels = picture.subplots(len(settings), len(directions), sharex=True, sharey=True, squeeze=False)
    for row, setting in zip(panels, settings, strict=True):
        for axes, direction in zip(row, directions, strict=True):
            ratios = np.full((len(titles), len(sizes)), np.nan)
            for cell in cells:
                if (cell.setting, cell.direction) == (setting, direction):
                    ratios[titles.index(cell.title), sizes.index(column(cell, sizes))] = best(cell)
            # logarithmic, white where both are as fast; beyond 8 times one colour
            image = axes.imshow(np.log2(ratios), cmap="RdBu", vmin=-3, vmax=3, aspect="auto")
            for (i, j), ratio in np.ndenumerate(ratios):
                if math.isfinite(ratio):
                    bright = abs(math.log2(ratio)) > 2
                    weight = "bold" if ratio < 1 else "normal"
                    colour = "white" if bright else "black"
                    axes.text(j, i, figure(ratio), ha="center", va="center", size=6, weight=weight, color=colour)
            axes.set_title(direction, fontsize="medium")
            axes.set_yticks(range(len(titles)), titles, size=7)
            axes.set_xticks(range(len(sizes)), [f"{size:,}" for size in sizes], size=7, rotation=90)
        row[0].set_ylabel(str(setting))
    bar = picture.colorbar(image, ax=panels, ticks=range(-3, 4), aspect=80, label="the quickest peer's time by fastact's")
    bar.ax.set_yticklabels(["1/8", "1/4", "1/2", "1", "2", "4", "8"])
