"""What the commands print, and where: a console, tables for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def console(least_width: int) -> Console:
    """Where a command prints. A file or a pipe has no width of its own, so it gets the least that the tables need."""
    from rich.console import Console

    found = Console(highlight=False)
    if not found.is_terminal:
        found.width = max(found.width, least_width)
    return found


def new_table(text: Sequence[str], figures: Sequence[str], wrapped: Sequence[str] = (), width: int | None = None) -> Table:
    """An empty table for the terminal, by its columns' titles: those of text, then those of figures.

    Parameters
    ----------
    text, figures : sequence of str
        The titles.
    wrapped : sequence of str
        Those of the columns whose contents may be broken into lines.
    width : int, optional
        The least width of the first column.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for title in (*text, *figures):
        table.add_column(
            title,
            justify="left" if title in text else "right",
            no_wrap=title not in wrapped,
            overflow="fold" if title in wrapped else "ellipsis",  # a name or a path has no spaces
            min_width=width if title == text[0] else None,
        )
    return table


def natural_width(table: Table) -> int:
    """How many columns a table takes where nothing of it is broken into lines or left out."""
    from rich.console import Console

    endless = Console(width=10_000)
    return endless.measure(table).maximum


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: its head, then its lines. The first column is text, the others are figures."""
    rule = ["---", *["---:"] * (len(lines[0]) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]]) + "\n"
