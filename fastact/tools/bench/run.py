"""A run of the benchmark: check, measure, tell."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ... import backends
from ...api import activations, configuration
from ...runtime.threads import get_num_threads
from .. import peers
from ..peers import PEERS
from ..printing import console
from . import cases, cells, check, publish, tables
from .cases import SIZES, Case
from .cells import Cell, geometric_mean, lost, measured
from .check import Check
from .fused import FUSED
from .timing import Budget, Pace
from .workspace import Setting, Workspace

#: What a run takes by default, and with --quick: well below the 3 minutes and 30 seconds that are promised, so that a slower
#: machine keeps the promise, too.
DEFAULT = Budget(Pace(cell=0.3, repetition=1e-3), 45, SIZES)
QUICK = Budget(Pace(cell=0.06, repetition=0.5e-3), 9, SIZES[:-1])

#: The same of --fused, which has sizes of its own.
LAYERS_DEFAULT = Budget(Pace(cell=1.5, repetition=2e-3, most=400))
LAYERS_QUICK = Budget(Pace(cell=0.2, repetition=0.5e-3))

#: What --fresh asks for: whether the calls of each setting make new arrays.
FRESH = {None: [False], "only": [True], "too": [False, True]}


class Run:
    """One run of the command: what was asked for, and where it prints.

    ValueError if the options ask for what is not there.
    """

    #: Whether one run can have several values of an option, and backward from the output.
    is_grid = False
    least_width = 100
    explanation = "GB/s: each input read once and each result written once."

    def __init__(self, options: argparse.Namespace, backend: backends.Backend) -> None:
        self.options, self.backend = options, backend
        self.console = console(self.least_width)
        self.rivals = self._rivals()
        self.settings = [
            Setting(dtype, fresh, threads)
            for dtype in dict.fromkeys(options.dtype)
            for fresh in FRESH[options.fresh]
            for threads in dict.fromkeys(options.threads)
        ]
        for count in options.threads:
            with peers.threads(count, "fastact"):
                if (usable := get_num_threads()) != count:
                    raise ValueError(f"argument --threads: {count} are not to be had, only {usable}")
        if not self.is_grid and (len(self.settings) > 1 or options.heatmap or options.report):
            raise ValueError("several dtypes, numbers of threads or kinds of results, --heatmap and --report: only with --peers")
        budget = self._budget()
        try:
            self.work = self._work(options.sizes or budget.sizes)
        except ValueError as error:
            known = ", ".join(self._known())
            raise ValueError(f"argument --only: {str(error).partition('; there are')[0]}\nknown: {known}") from None
        if not self.work:
            raise ValueError("argument --row-length: no array has so many elements; see --sizes")
        self.pace = budget.pace.over(len(self.work), budget.seconds)
        self.configuration = {**configuration(), "backend": backend.name, "built with": backend.build}
        others = [PEERS[name] for name in self.rivals if PEERS[name].package != "numpy"]
        self.configuration |= {peer.title: peer.version or "" for peer in others}
        #: The keys of the configuration that are versions.
        self.versions = ("fastact", "Python", "NumPy", *(peer.title for peer in others))

    def _rivals(self) -> list[str]:
        """The peers to measure against."""
        return ["numpy_tuned" if self.options.tuned else "numpy"]

    def _budget(self) -> Budget:
        return QUICK if self.options.quick else DEFAULT

    def _known(self) -> Sequence[str]:
        """The names that --only takes."""
        return [*activations, *FUSED]

    def _work(self, sizes: Sequence[int]) -> list[tuple[Case, int]]:
        """The cases and sizes that the options ask for; an array smaller than a row is none."""
        wanted = cases.cases(self.options.only, self.options.row_length, from_output=self.is_grid)
        return [(case, size) for case in wanted for size in sorted(set(sizes)) if case.row <= size]

    def run(self) -> int:
        """Check and measure; the exit status."""
        started = time.perf_counter()
        self._introduce()
        checks = self._check()
        found = self._time()
        self._tabulate(found)
        self._conclude(found)
        for c in checks:
            if not c.passed:
                self.console.print(
                    f"NOT EQUIVALENT: {c.name} {c.kind}, {c.error:.3g} ULP where {c.bound:g} are allowed", style="red"
                )
        seconds = time.perf_counter() - started
        self.console.print("\n" + self._method(seconds), style="dim")
        results = self._results(checks, found, seconds)
        if self.options.json:
            self.options.json.write_text(json.dumps(results, indent=1) + "\n")
        self._publish(found, results)
        return 0 if all(c.passed for c in checks) else 1

    def _introduce(self) -> None:
        facts = (*self.versions, "CPU", "backend")
        self.console.print(", ".join(f"{key} {self.configuration[key]}" for key in facts))
        measurements = len(self.work) * len(self.settings)
        self.console.print(f"{measurements} measurements, about {self._estimate():.0f} seconds\n")

    def _check(self) -> list[Check]:
        dtype = self.settings[0].dtype
        names = dict.fromkeys(case.name for case, _ in self.work)
        checks = [c for name in names for c in check.check(name, self.backend, dtype)]
        self.console.print(f"Equivalence with NumPy's float64: largest error in {dtype} ULP / bound")
        self.console.print(tables.checks_table(checks))
        return checks

    def _estimate(self) -> float:
        return len(self.settings) * sum(self.pace.estimate(size, 1 + len(self.rivals)) for _, size in self.work)

    def _time(self) -> list[Cell]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        found: list[Cell] = []
        with Progress(*columns, console=self.console, transient=True, auto_refresh=False) as progress:
            # auto_refresh would redraw from a thread of its own while the clock runs
            task = progress.add_task("", total=self._estimate())
            largest = max(2048, *(size for _, size in self.work))  # as many as the floor is measured with
            for setting in self.settings:
                workspace = Workspace(largest, setting.dtype, self.backend, setting.fresh, setting.threads)
                with peers.threads(setting.threads, "fastact", *self.rivals):
                    for case, size in self.work:
                        progress.update(task, description=f"{case.title} {case.direction} {size:,}", refresh=True)
                        found += filter(None, [self._time_cell(case, size, workspace)])
                        progress.advance(task, self.pace.estimate(size, 1 + len(self.rivals)))
        if not found:
            self.options.fail(f"argument --peers: these functions are not to be had of {', '.join(self.rivals)}")
        return found

    def _time_cell(self, case: Case, size: int, workspace: Workspace) -> Cell | None:
        return cells.time_cell(case, size, workspace, self.pace, self.rivals)

    def _tabulate(self, found: list[Cell]) -> None:
        self.console.print("Throughput of fastact; ratio: how many times as long NumPy takes")
        self.console.print(tables.cells_table(found, self.console.width))

    def _conclude(self, found: list[Cell]) -> None:
        slower, mean = lost(found), geometric_mean(found, *self.rivals)
        self.console.print(f"\nNumPy takes {mean:.2f} times as long, in the geometric mean of {len(found)} cells.")
        if slower:
            self.console.print(f"fastact loses {len(slower)} of them (ratio below 1):", style="red")
            for cell in slower:
                self.console.print(f"  {cell}")
        else:
            self.console.print("fastact loses none of them.", style="green")

    def _publish(self, found: list[Cell], results: dict[str, Any]) -> None:
        """Write what else was asked for."""

    def _method(self, seconds: float) -> str:
        numpy = "tuned by hand, with scratch memory" if self.options.tuned else "idiomatic"
        return (
            f"How this was measured: {'; '.join(map(str, self.settings))}; contiguous arrays; NumPy {numpy}, as it stands in "
            f"fastact/tools/peers; {self._shapes()} {self.explanation} All take turns, up to {self.pace.most} times each, in "
            f"loops of {1e3 * self.pace.repetition:g} ms or more; the fastest counts. Garbage collector off, memory touched "
            f"before. {seconds:.0f} seconds in all."
        )

    def _shapes(self) -> str:
        return (
            "bias and gated units on rows of 4,096, softmax-axis0 on as many rows as columns, the other fused functions along "
            "rows of 256, unless their length is told. Of a loss, backward is loss and gradient."
        )

    def _results(self, checks: list[Check], found: list[Cell], seconds: float) -> dict[str, Any]:
        settings = {
            "settings": [asdict(setting) for setting in self.settings],
            "peers": self.rivals,
            "sizes": sorted({size for _, size in self.work}),
            "row_lengths": self.options.row_length,
            "fused": self.options.fused,
            "pace": asdict(self.pace),
        }
        finite = {c: c.error if math.isfinite(c.error) else None for c in checks}  # JSON has no infinity
        return {
            "configuration": self.configuration,
            "versions": self.versions,
            "environment": publish.environment(),
            "settings": settings,
            "equivalence": [{**asdict(c), "error": finite[c], "passed": c.passed} for c in checks],
            "cells": [{**asdict(cell), "ratios": cell.ratios} for cell in found],
            "lost": lost(found),
            "geometric_mean": {peer: geometric_mean(found, peer) for peer in measured(found)},
            "seconds": seconds,
        }


class LayersRun(Run):
    """A run over `cases.LAYERS`, in which PyTorch takes part where it is installed."""

    def _rivals(self) -> list[str]:
        return [*super()._rivals(), *(["torch"] if PEERS["torch"].installed else [])]

    def _budget(self) -> Budget:
        return LAYERS_QUICK if self.options.quick else LAYERS_DEFAULT

    def _known(self) -> Sequence[str]:
        return cases.layer_names()

    def _work(self, sizes: Sequence[int]) -> list[tuple[Case, int]]:
        return cases.layers(self.options.only)

    def _tabulate(self, found: list[Cell]) -> None:
        self.console.print("Time of fastact; how many times as long others take")
        self.console.print(tables.layers_table(found))

    def _conclude(self, found: list[Cell]) -> None:
        along_rows = [cell for cell in found if cell.name == "softmax"]
        for title, some in (("all", found), ("softmax along rows", along_rows)):
            if some:
                means = ", ".join(f"{PEERS[peer].title} {geometric_mean(some, peer):.2f}" for peer in self.rivals)
                self.console.print(f"Geometric mean, {title}: {means} times as long.")

    def _shapes(self) -> str:
        return "PyTorch eager, as in fastact/tools/bench/fused."
