"""The tables that a run prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..directions import BOTH, Direction
from ..peers import PEERS
from ..printing import natural_width, new_table
from .cells import Cell, measured
from .check import Check
from .fused import FUSED

if TYPE_CHECKING:
    from rich.table import Table


def figure(number: float) -> str:
    """Three digits or more."""
    return f"{number:.{max(0, 2 - int(math.log10(max(1, number))))}f}"


def coloured(ratio: float) -> str:
    """A ratio, red where it is a loss."""
    return f"[{'green' if ratio >= 1 else 'red'}]{figure(ratio)}[/]"


def checks_table(checks: Sequence[Check]) -> Table:
    """The errors, a line a function."""
    table = new_table(["function"], list(Direction), wrapped=["function", *Direction])
    for name in dict.fromkeys(c.name for c in checks):
        found = {c.kind: c for c in checks if c.name == name}
        table.add_row(name, *(_verdict(found.get(direction)) for direction in Direction))
    return table


def _verdict(found: Check | None) -> str:
    if found is None:
        return ""
    text = f"{found.error:.2f} / {found.bound:g}"
    return text if found.passed else f"[red]{text} BROKEN[/red]"


def cells_table(cells: Sequence[Cell], width: int) -> Table:
    """The measurements against NumPy, a line a function and size; where that is too wide, with less beside each other."""
    wide = _wide_table(cells)
    return wide if natural_width(wide) <= width else _narrow_table(cells)


def _lines(cells: Sequence[Cell]) -> dict[tuple[str, int], dict[Direction, Cell]]:
    """The two directions of each line, by function and number of elements."""
    pairs: dict[tuple[str, int], dict[Direction, Cell]] = {}
    for cell in cells:
        pairs.setdefault((cell.title, cell.elements), {})[cell.direction] = cell
    return pairs


def _wide_table(cells: Sequence[Cell]) -> Table:
    figures = [title for direction in BOTH for title in (f"{direction}\nns a call", "\nGB/s", "\nratio")]
    width = max(len(cell.name) for cell in cells)
    table = new_table(["function"], ["elements", *figures], wrapped=["function", "elements"], width=width)
    previous = None
    for (name, elements), found in _lines(cells).items():
        if previous not in (None, name):
            table.add_section()
        line = [text for direction in BOTH for text in _figures(found[direction])]
        table.add_row("" if name == previous else name, f"{elements:,}", *line)
        previous = name
    return table


def _narrow_table(cells: Sequence[Cell]) -> Table:
    """Without GB/s, and the function's name on a line of its own."""
    figures = [title for direction in BOTH for title in (f"{direction}\nns a call", "\nratio")]
    table = new_table(["elements"], figures)
    table.show_edge = table.pad_edge = False
    table.padding = (0, 0, 0, 1)
    previous = None
    for (name, elements), found in _lines(cells).items():
        if name != previous:
            if previous is not None:
                table.add_section()
            table.add_row(name)
        line = [text for direction in BOTH for k, text in enumerate(_figures(found[direction])) if k != 1]
        table.add_row(f"  {elements:,}", *line)
        previous = name
    return table


def _figures(cell: Cell) -> tuple[str, ...]:
    return f"{cell.times['fastact']:,.0f}", f"{cell.gigabytes_per_second:.1f}", *map(coloured, cell.ratios.values())


def layers_table(cells: Sequence[Cell]) -> Table:
    """The measurements of layers, a line each."""
    figures = ["shape", "µs a call", "GB/s", *(PEERS[peer].title for peer in measured(cells))]
    table = new_table(["function", "direction"], figures, wrapped=["function", "direction"])
    for cell in cells:
        table.add_row(
            cell.name,
            "loss and gradient" if FUSED[cell.name].is_loss and cell.direction == Direction.BACKWARD else cell.direction,
            f"{cell.elements // cell.row:,} x {cell.row:,}",
            f"{cell.times['fastact'] / 1e3:,.1f}",
            f"{cell.gigabytes_per_second:.1f}",
            *map(coloured, cell.ratios.values()),
        )
    return table


def grid_table(cells: Sequence[Cell]) -> Table:
    """The measurements of one setting of the grid, a line each."""
    rivals = measured(cells)
    titles = ["elements", "ns a call", "/ copy", "/ floor", *(PEERS[peer].title for peer in rivals)]
    table = new_table(["function", "direction"], titles)
    for cell in cells:
        ratios = (coloured(cell.ratios[peer]) if peer in cell.ratios else "" for peer in rivals)
        multiples = (f"{cell.by_copy:.2f}", f"{cell.by_floor:.2f}")
        table.add_row(cell.title, cell.direction, f"{cell.elements:,}", f"{cell.times['fastact']:,.0f}", *multiples, *ratios)
    return table
