"""`python -m fastact bench --peers`: the speed grid, fastact against every peer that is installed, and against its own bound.

function x direction x size, in one or several settings (dtype, out= or fresh results, threads), in one process.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ... import backends
from ..peers import PEERS, find, instructions
from . import cells, picture, publish, report, tables
from .cases import SIZES, Case
from .cells import Cell
from .check import Check
from .run import Run
from .timing import Budget, Pace, measure
from .workspace import Workspace

#: What a setting of the grid takes: within ten minutes in all, --quick within one.
GRID = Budget(Pace(cell=0.25, repetition=2e-4, most=400), 300, SIZES)
GRID_QUICK = Budget(Pace(cell=0.1, repetition=1e-4, most=100), 20, (16, 4_096, 65_536))


@dataclass(frozen=True)
class Floor:
    """What the calls of one case cost at least, in nanoseconds.

    Attributes
    ----------
    call : float
        A call with 1 element or 16, whichever is quicker.
    element : float
        The loop's instructions for each further element.
    copy : float
        NumPy's copy of a single element, which is in the time of every copy.
    """

    call: float
    element: float
    copy: float

    @classmethod
    def of(cls, case: Case, workspace: Workspace, pace: Pace) -> Floor:
        """Measured; an element as the slope between two sizes, the larger of 8 KiB an array: in the first-level cache."""
        most = 8192 // workspace.operands(case, 1).x.itemsize
        arrays = [workspace.operands(case, size) for size in (1, 16, most // 4, most)]
        contestants = [c for operands in arrays if (c := find("fastact", *case.key, operands))]
        *calls, few, many, copy = (1e9 * s for s in measure([*contestants, workspace.copy(case, 1)], pace))
        return cls(min(calls), max(0, (many - few) / (arrays[-1].x.size - arrays[-2].x.size)), copy * case.arrays / 2)

    def bound(self, cell: Cell) -> float:
        """The least time of a cell: its bytes' way through memory or its instructions, shared by the threads."""
        assert cell.copy is not None
        return self.call + max(0, cell.copy - self.copy, self.element * (cell.elements - 16)) / cell.setting.threads


class GridRun(Run):
    """A run over the grid."""

    is_grid = True
    least_width = 132
    explanation = report.FLOOR

    def __init__(self, options: Namespace, backend: backends.Backend) -> None:
        if options.fused:
            raise ValueError("argument --peers: not with --fused, whose functions are in the grid")
        if options.heatmap:
            picture.new_picture(options.heatmap)  # an error now rather than in ten minutes
        super().__init__(options, backend)
        self.sizes = sorted({size for _, size in self.work})
        self.floor: tuple[Case, Workspace, Floor] | None = None

    def _rivals(self) -> list[str]:
        known = [name for name in PEERS if name not in ("fastact", "numpy_tuned")]
        for name in self.options.peers:
            if name not in known:
                raise ValueError(f"argument --peers: there is no peer {name!r}; known: {', '.join(known)}")
            if not PEERS[name].installed:
                raise ValueError(f"argument --peers: {name} is not installed")
        chosen = [name for name in known if name in (self.options.peers or self._taking_part(known)) and PEERS[name].installed]
        return ["numpy_tuned" if name == "numpy" and self.options.tuned else name for name in chosen]

    def _taking_part(self, known: Sequence[str]) -> list[str]:
        """Those that are asked where none are named: where they are to be held to an instruction set, those that can be."""
        held = self.options.same_instructions and instructions.are_held(self.backend.name)
        return [name for name in known if PEERS[name].can_be_held or not held]

    def _budget(self) -> Budget:
        return GRID_QUICK if self.options.quick else GRID

    def _check(self) -> list[Check]:
        return []  # the run against NumPy does

    def _time_cell(self, case: Case, size: int, workspace: Workspace) -> Cell | None:
        cell = cells.time_cell(case, size, workspace, self.pace, self.rivals, with_copy=True)
        if cell is None:
            return None
        if self.floor is None or self.floor[:2] != (case, workspace):
            self.floor = case, workspace, Floor.of(case, workspace, self.pace)
        return replace(cell, floor=self.floor[2].bound(cell))

    def _tabulate(self, found: list[Cell]) -> None:
        for setting in self.settings:
            self.console.print(
                f"{setting}: time of fastact, by that of a copy and by its floor; how many times as long others take"
            )
            self.console.print(tables.grid_table([cell for cell in found if cell.setting == setting]))

    def _conclude(self, found: list[Cell]) -> None:
        for part in report.conclusions(found, self.sizes):
            self.console.print(part)

    def _results(self, checks: list[Check], found: list[Cell], seconds: float) -> dict[str, Any]:
        by_setting = {setting: [cell for cell in found if cell.setting == setting] for setting in self.settings}
        means = {str(setting): report.means(some, self.sizes) for setting, some in by_setting.items()}
        return {**super()._results(checks, found, seconds), "means": means, "gains": report.gains(found, self.sizes)}

    def _publish(self, found: list[Cell], results: dict[str, Any]) -> None:
        publish.publish(self.options, found, [results])
