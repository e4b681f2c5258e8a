"""Measurements: one cell is a case at a size, in a setting."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..directions import Direction
from ..peers import PEERS, find
from .cases import Case
from .timing import Pace, measure
from .workspace import Setting, Workspace


@dataclass(frozen=True)
class Cell:
    """One measurement.

    Attributes
    ----------
    name, direction, row
        Those of its case.
    elements : int
        The size of the input.
    times : dict
        Nanoseconds a call, by peer, fastact's first.
    gigabytes_per_second : float
        Of fastact: each input read once and each result written once.
    copy, floor : float, optional
        Nanoseconds of a copy of the same bytes, and the least that can be hoped for (`grid.py`).
    """

    name: str
    direction: Direction
    elements: int
    times: dict[str, float]
    gigabytes_per_second: float
    row: int = 0
    setting: Setting = field(default_factory=Setting)
    copy: float | None = None
    floor: float | None = None

    @property
    def ratios(self) -> dict[str, float]:
        """How many times as long the peers take."""
        return {peer: time / self.times["fastact"] for peer, time in self.times.items() if peer != "fastact"}

    @property
    def by_copy(self) -> float:
        """How many times as long as the copy fastact takes."""
        return self._multiple(self.copy)

    @property
    def by_floor(self) -> float:
        """How many times its floor fastact takes."""
        return self._multiple(self.floor)

    def _multiple(self, nanoseconds: float | None) -> float:
        assert nanoseconds is not None
        return self.times["fastact"] / nanoseconds

    @property
    def title(self) -> str:
        """As of its case."""
        return Case(self.name, self.direction, self.row).title

    def __str__(self) -> str:
        setting = "" if self.setting == Setting() else f", {self.setting}"
        return f"{self.title} {self.direction}, {self.elements:,} elements{setting}"


def time_cell(
    case: Case, size: int, workspace: Workspace, pace: Pace, rivals: Sequence[str], with_copy: bool = False
) -> Cell | None:
    """Time one case at one size against those of the peers that have it, and a copy; None if no peer has it."""
    operands = workspace.operands(case, size)
    found = {peer: c for peer in ("fastact", *rivals) if (c := find(peer, *case.key, operands))}
    if len(found) < 2:
        return None
    contestants = [*found.values(), *([workspace.copy(case, size)] if with_copy else [])]
    seconds = measure(contestants, pace)
    times = {peer: 1e9 * time for peer, time in zip(found, seconds, strict=False)}
    return Cell(
        case.name,
        case.direction,
        operands.x.size,
        times,
        gigabytes_per_second=case.arrays * operands.x.nbytes / times["fastact"],
        row=case.row,
        setting=workspace.setting,
        copy=1e9 * seconds[-1] * case.arrays / 2 if with_copy else None,
    )


def lost(cells: Sequence[Cell]) -> list[str]:
    """The cells in which a peer is faster, and which; the worst first."""
    found = [(ratio, f"{cell}: {PEERS[peer].title} {ratio:.2f}") for cell in cells for peer, ratio in cell.ratios.items()]
    return [text for ratio, text in sorted(found) if ratio < 1]


def measured(cells: Sequence[Cell]) -> list[str]:
    """The peers that took part."""
    return list(dict.fromkeys(peer for cell in cells for peer in cell.ratios))


def geometric_mean(cells: Sequence[Cell], peer: str) -> float:
    """The geometric mean of a peer's ratios."""
    return statistics.geometric_mean(cell.ratios[peer] for cell in cells if peer in cell.ratios)
