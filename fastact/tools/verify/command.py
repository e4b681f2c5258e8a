"""The command `python -m fastact verify`."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ... import backends
from ...api import activations, configuration, get_activation
from .. import printing
from ..options import check_directories
from . import exact, own, parameters, special, workers
from .dtypes import DTYPES, supported
from .printing import Bars, progress_bars, table
from .results import Result, as_json, told
from .tasks import FLOAT64_POINTS, tasks

if TYPE_CHECKING:
    from rich.console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact verify`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these functions; your own as module:name")
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, help="only these (default: all)")
    parser.add_argument("--backend", nargs="+", metavar="NAME", help="only these (default: all that are available)")
    parser.add_argument("--exhaustive", action="store_true", help="all finite float32 inputs: minutes per function")
    parser.add_argument("--exact", action="store_true", help="prove that exact mode rounds correctly, for all inputs")
    parser.add_argument("--parameters", action="store_true", help="with parameters of every size instead of the defaults")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file; --exact goes on with it")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one a processor)")


def run(options: argparse.Namespace) -> int:
    """Measure as the options say; the exit status."""
    fail: Callable[[str], NoReturn] = options.fail
    try:
        asked = list(dict.fromkeys(options.names or activations))
        own_names = [name for name in asked if own.is_own(name)]
        names = list(dict.fromkeys(get_activation(name).name for name in asked if name not in own_names))
        on = options.backend or backends.available()
        for backend in on:
            backends.load(backend)
    except ValueError as error:
        fail(str(error))
    except ImportError as error:
        fail(f"argument --backend: {error}")
    for dtype in options.dtype or ():
        if not supported(dtype):
            fail(f"argument --dtype: {dtype} is not supported here" + (": pip install ml_dtypes" if dtype == "bfloat16" else ""))
    check_directories(options, "json")
    console = printing.console(100)
    if own_names:
        if names or options.parameters or options.exhaustive or options.exact or options.json:
            fail("activations of your own are measured alone, without --exhaustive, --exact, --parameters and --json")
        return run_own(own_names, [dtype for dtype in options.dtype or own.DTYPES if dtype in own.DTYPES], list(on), console)
    if options.exact:
        return run_exact(options, names, list(dict.fromkeys(on)), console)
    dtypes = options.dtype or [dtype for dtype in DTYPES if supported(dtype)]
    if options.parameters:
        if options.exhaustive or options.json:
            fail("argument --parameters: goes with neither --exhaustive nor --json")
        return run_parameters(
            parameters.with_parameters(names), list(dict.fromkeys(dtypes)), list(dict.fromkeys(on)), options.jobs, console
        )
    return Run(options, names, list(dict.fromkeys(dtypes)), list(dict.fromkeys(on)), console).run()


def run_own(names: list[str], dtypes: list[str], on: list[str], console: Console) -> int:
    """Measure activations that users define, and print; the exit status."""
    results = [result for name in names for dtype in dtypes for result in own.measure(name, dtype, on)]
    console.print("Largest error found, in units in the last place of the largest term / bound; below it the input where it is")
    console.print(table(results))
    broken = [result for result in results if not result.passed]
    for result in broken:
        console.print(f"BROKEN: {told(result)}", style="red", soft_wrap=True)
    if not broken:
        console.print("Every bound is kept.", style="green")
    console.print(
        f"\nTried: {2 * own.INPUTS} numbers, half of them of any size. The reference is the formula, evaluated by mpmath. "
        "backward: dy = 1.",
        style="dim",
    )
    return 1 if broken else 0


def run_exact(options: argparse.Namespace, names: list[str], on: list[str], console: Console) -> int:
    """Prove the results of exact mode, and print; the exit status."""
    if options.parameters or options.exhaustive:
        options.fail("argument --exact: goes with neither --exhaustive nor --parameters")
    if "float64" in (options.dtype or ()):
        options.fail("argument --dtype: float64 is what --exact rounds; it has no proof of its own")
    dtypes = options.dtype or [dtype for dtype in exact.DTYPES if supported(dtype)]
    proofs = exact.Proofs(names, list(dict.fromkeys(dtypes)), on, options.json, console)
    proofs.resume(options.fail)
    return proofs.run(options.jobs)


def run_parameters(names: list[str], dtypes: list[str], on: list[str], jobs: int | None, console: Console) -> int:
    """Measure with parameters of every size, and print; the exit status."""
    if not names:
        console.print("None of these functions has parameters.")
        return 0
    started = time.perf_counter()
    work = [parameters.Portion(name, dtype, tuple(on)) for name in names for dtype in dtypes]
    results: list[parameters.Found] = []
    with progress_bars(console) as progress:
        bar = progress.add_task("functions x dtypes", total=len(work))
        for _, found in workers.measure(work, jobs):
            results += found
            progress.advance(bar)
    results.sort(key=lambda result: (names.index(result.name), dtypes.index(result.dtype)))
    console.print("Largest error found with other parameters, in ULP / bound; below it the input and the parameters where it is")
    console.print(parameters.table(results))
    broken = [result for result in results if not result.passed]
    for result in broken:
        console.print(f"BROKEN: {result}", style="red", soft_wrap=True)
    if not broken:
        console.print("Every bound is kept.", style="green")
    console.print(
        f"\nTried: {parameters.SETS} sets of parameters for each function and dtype. The reference is the definition in Info, by "
        "mpmath. forward: in ULP of the result, or of a term that others cancel (Info.term: srelu, for one). "
        f"backward: dy = 1, in ULP of the derivative's largest term. {time.perf_counter() - started:.0f} seconds in all.",
        style="dim",
    )
    return 1 if broken else 0


class Run:
    """One run of the command: what was asked for, and where it prints."""

    def __init__(self, options: argparse.Namespace, names: list[str], dtypes: list[str], on: list[str], console: Console) -> None:
        self.options, self.names, self.dtypes, self.backends, self.console = options, names, dtypes, on, console
        self.work = [t for name in names for dtype in dtypes for t in tasks(name, dtype, on, (), options.exhaustive)]
        self.results: list[Result] = []

    def run(self) -> int:
        started = time.perf_counter()
        facts = configuration()
        self.console.print(", ".join(f"{key} {facts[key]}" for key in ("fastact", "Python", "NumPy", "CPU")))
        complaints = [
            c for name in self.names for dtype in self.dtypes for c in special.disagreements(name, dtype, self.backends)
        ]
        try:
            self._measure()
        except KeyboardInterrupt:
            self._print()
            raise
        self._print()
        broken = [result for result in self.results if not result.passed]
        for result in broken:
            self.console.print(f"BROKEN: {told(result)}", style="red", soft_wrap=True)
        for complaint in complaints:
            self.console.print(f"BROKEN: {complaint}", style="red", soft_wrap=True)
        passed = not broken and not complaints
        if passed:
            self.console.print("Every bound is kept, NaN gives NaN, and the backends agree at the infinities.", style="green")
        seconds = time.perf_counter() - started
        self.console.print("\n" + self._method(seconds), style="dim")
        if self.options.json:
            results = {
                "configuration": facts,
                "exhaustive": self.options.exhaustive,
                "results": [as_json(result) for result in self.results],
                "disagreements": complaints,
                "passed": passed,
                "seconds": seconds,
            }
            self.options.json.write_text(json.dumps(results, indent=1) + "\n")
        return 0 if passed else 1

    def _measure(self) -> None:
        with progress_bars(self.console) as progress:
            for results in workers.measure_groups(self.work, Bars(progress, self.work), self.options.jobs):
                self.results += results

    def _print(self) -> None:
        self.results.sort(key=lambda result: (self.names.index(result.name), self.dtypes.index(result.dtype)))
        self.console.print("Largest error found, in units in the last place / declared bound; below it the input where it is")
        self.console.print(table(self.results))

    def _method(self, seconds: float) -> str:
        inputs = sum(task.size for task in self.work if task.dtype == "float32")
        tried = {
            "float32": "all finite float32 numbers"
            if self.options.exhaustive
            else f"{inputs // len(self.names):,} float32 numbers",
            "float64": f"{FLOAT64_POINTS:,} float64 numbers",
            **{dtype: f"all finite {dtype} numbers" for dtype in ("float16", "bfloat16")},
        }
        return (
            f"Tried: {', '.join(tried[dtype] for dtype in self.dtypes)}. The reference is the definition in Info, evaluated in "
            "float64, and for float64 by mpmath. backward: dy = 1, in ULP of the derivative's largest term (in 16 bits: or of "
            "the derivative itself). backward from y: compared with the derivative at x, so limited by the output's own "
            f"rounding; no bound, and not with --exhaustive. {seconds:.0f} seconds in all."
        )
