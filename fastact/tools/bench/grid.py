"""`python -m fastact bench --peers`: the speed grid, fastact against every peer that is installed, and against its own bound.

function x direction x size, in one or several settings (dtype, out= or fresh results, threads), in one process. What the
measurements come to, as tables, picture and page, stands in `bench_report.py`.
"""

from __future__ import annotations

import os
import re
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ... import backends
from .. import peers
from . import report as bench_report
from .cases import SIZES, Case, Cell, Check, Pace, Run, Workspace, measure, time_cell

#: A grid's pace, the seconds a setting may take (large sizes apart), and its sizes: within ten minutes, --quick within one.
GRID = (Pace(cell=0.25, repetition=2e-4, most=400), 300, SIZES)
GRID_QUICK = (Pace(cell=0.1, repetition=1e-4, most=100), 20, (16, 4_096, 65_536))

#: What the environment variables begin with that tell libraries how to compute.
_TELLING = ("FASTACT_", "OMP_", "GOMP_", "ATEN_", "MKL_", "NUMEXPR_", "NPY_", "XLA_")


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
        contestants = [c for operands in arrays if (c := peers.find("fastact", *case.key, operands))]
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
    explanation = bench_report.FLOOR

    def __init__(self, options: Namespace, backend: backends.Backend) -> None:
        if options.fused:
            raise ValueError("argument --peers: not with --fused, whose functions are in the grid")
        self.picture = bench_report.new_picture(options.heatmap) if options.heatmap else None
        super().__init__(options, backend)
        self.sizes = sorted({size for _, size in self.work})
        self.floor: tuple[Case, Workspace, Floor] | None = None

    def _rivals(self) -> list[str]:
        known = [name for name in peers.TITLES if name != "numpy_tuned"]
        for name in self.options.peers:
            if name not in known:
                raise ValueError(f"argument --peers: there is no peer {name!r}; known: {', '.join(known)}")
            if not peers.installed(name):
                raise ValueError(f"argument --peers: {name} is not installed")
        chosen = [name for name in known if name in (self.options.peers or known) and peers.installed(name)]
        return ["numpy_tuned" if name == "numpy" and self.options.tuned else name for name in chosen]

    def _budget(self) -> tuple[Pace, float, Sequence[int]]:
        return GRID_QUICK if self.options.quick else GRID

    def _check(self) -> list[Check]:
        return []  # the run against NumPy does

    def _time_cell(self, case: Case, size: int, workspace: Workspace) -> Cell | None:
        cell = time_cell(case, size, workspace, self.pace, [*self.rivals, "copy"])
        if cell is None:
            return None
        if self.floor is None or self.floor[:2] != (case, workspace):
            self.floor = case, workspace, Floor.of(case, workspace, self.pace)
        return replace(cell, floor=self.floor[2].bound(cell))

    def _tabulate(self, cells: list[Cell]) -> None:
        for setting in self.settings:
            self.console.print(
                f"{setting}: time of fastact, by that of a copy and by its floor; how many times as long others take"
            )
            self.console.print(bench_report.cells_table([cell for cell in cells if cell.setting == setting]))

    def _conclude(self, cells: list[Cell]) -> None:
        for part in bench_report.conclusions(cells, self.sizes):
            self.console.print(part)

    def _results(self, checks: list[Check], cells: list[Cell], seconds: float) -> dict[str, Any]:
        means = {
            str(setting): bench_report.means([cell for cell in cells if cell.setting == setting], self.sizes)
            for setting in self.settings
        }
        gains = bench_report.gains(cells, self.sizes)
        return {**super()._results(checks, cells, seconds), "means": means, "gains": gains}

    def _publish(self, cells: list[Cell], seconds: float) -> None:
        if self.picture:
            bench_report.draw(self.picture, cells, self.sizes)
            self.picture.savefig(self.options.heatmap, dpi=150)
        if self.options.report:
            facts = {key: self.configuration[key] for key in ("CPU", *self.versions, "backend", "built with")}
            if told := [f"{key}={value}" for key, value in sorted(os.environ.items()) if key.startswith(_TELLING)]:
                facts["environment"] = ", ".join(told)
            facts["measured"] = f"{time.strftime('%Y-%m-%d')}, in {seconds:.0f} seconds"
            command = re.sub(r" --(json|heatmap)[ =]\S+", "", self.options.command_line)  # files that are not the page
            text = bench_report.page(cells, self.sizes, facts, command, self.pace.repetition)
            self.options.report.write_text(text, "utf-8", newline="\n")
