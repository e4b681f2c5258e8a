"""What the command prints: progress, and a table of the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..directions import Direction
from ..printing import new_table
from .results import Result, figure
from .tasks import Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table


def progress_bars(console: Console) -> Progress:
    """rich's, with what `Bars` needs; silent where the output is no terminal."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    percentage = TaskProgressColumn("{task.percentage:>5.1f}%")
    columns = (TextColumn("{task.description}"), BarColumn(), percentage, TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


class Bars:
    """Two bars: all functions, and the one that is being measured."""

    def __init__(self, progress: Progress, work: Sequence[Task]) -> None:
        self.progress = progress
        self.totals: Counter[str] = Counter()
        for task in work:
            self.totals[task.name] += _cost(task)
        self.whole = progress.add_task(f"{len(self.totals)} functions", total=sum(self.totals.values()))
        self.bars: dict[str, Any] = {}

    def advance(self, task: Task) -> None:
        """Count a task that is done."""
        if task.name not in self.bars:
            for bar in self.bars.values():
                self.progress.update(bar, visible=False)
            self.bars[task.name] = self.progress.add_task(task.name, total=self.totals[task.name])
        self.progress.advance(self.bars[task.name], _cost(task))
        self.progress.advance(self.whole, _cost(task))


def _cost(task: Task) -> int:
    return task.size * (1_000 if task.dtype == "float64" else 1)  # mpmath takes so many times as long


def table(results: Sequence[Result]) -> Table:
    """The results, a line a function, dtype and backend, but one for backends that agree."""
    found = new_table(["function", "dtype", "backend"], ["forward", "backward", "from y"], wrapped=["backend"])
    lines: dict[tuple[str, str], dict[str, dict[Direction, Result]]] = {}
    for result in results:
        lines.setdefault((result.name, result.dtype), {}).setdefault(result.contestant, {})[result.direction] = result
    previous = None
    for (name, dtype), contestants in lines.items():
        if previous not in (None, name):
            found.add_section()
        alike: dict[tuple[str, ...], list[str]] = {}
        for contestant, directions in contestants.items():
            cells = tuple(_cell(directions.get(direction)) for direction in Direction)
            alike.setdefault(cells, []).append(contestant)
        for i, (cells, those) in enumerate(alike.items()):
            found.add_row("" if name == previous else name, "" if i else dtype, ", ".join(those), *cells)
            previous = name
    return found


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    text = figure(result.error) + ("" if result.bound is None else f" / {result.bound:g}")
    text = text if result.passed else f"[red]{text} BROKEN[/red]"
    return text if result.at is None else f"{text}\n[dim]{result.at:.6g}[/dim]"
