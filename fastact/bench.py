"""`python -m fastact bench`: is every function equal to its NumPy formula, and how much faster than NumPy is it?

The list of cases, the check and the stopwatch are here; what is timed against what stands in `peers.py`. bench/ runs the same
cases under pytest-benchmark. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from . import backends, peers
from .catalogue import activations, get
from .config import configuration
from .peers import Contestant, Operands
from .registry import Entry, entries
from .rows import softmax

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

DIRECTIONS = ("forward", "backward")
SIZES = (16, 256, 4_096, 65_536, 1_048_576, 16_777_216)

#: The functions along an axis that take part. They see rows of ROW elements.
ROWS: dict[str, Any] = {"softmax": softmax}
ROW = 256


# ---- the cases ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One function in one direction."""

    name: str
    direction: str

    def function(self, backend: backends.Backend) -> Any:
        return getattr(backend, self.name, ROWS.get(self.name))

    def shape(self, size: int) -> tuple[int, ...]:
        """The shape of about `size` elements that it is measured at."""
        columns = min(size, ROW)
        return (size // columns, columns) if self.name in ROWS else (size,)

    def memory(self, elements: int, itemsize: int) -> int:
        """The bytes that must cross memory: each input read once, the result written once."""
        return elements * itemsize * (2 if self.direction == "forward" else 3)


def cases(only: Sequence[str] | None = None) -> list[Case]:
    """Everything there is to measure, or the functions named (ValueError if there is no such function)."""
    names = [*entries, *ROWS] if only is None else list(dict.fromkeys(map(_canonical, only)))
    return [Case(name, direction) for name in names for direction in DIRECTIONS]


def _canonical(name: str) -> str:
    return name if name in ROWS else get(name).name


class Workspace:
    """The arrays for all cases up to a size, made once, every page of them touched.

    The inputs are normal with standard deviation 3: where these functions are used, and both signs in random order.
    """

    def __init__(self, size: int, dtype: str, backend: backends.Backend, fresh: bool = False) -> None:
        self.backend, self.fresh = backend, fresh
        rng = np.random.default_rng(0)
        self._x, self._dy = (rng.standard_normal(size, np.float32).astype(dtype, copy=False) for _ in range(2))
        self._x *= 3
        self._out, self._tmp = np.full(size, 1, dtype), np.full(size, 1, dtype)
        self._mask = np.full(size, True)

    def operands(self, case: Case, size: int) -> Operands:
        shape = case.shape(size)
        n = math.prod(shape)
        x, dy, out, tmp, mask = (a[:n].reshape(shape) for a in (self._x, self._dy, self._out, self._tmp, self._mask))
        function = case.function(self.backend)
        return Operands(x, dy, function) if self.fresh else Operands(x, dy, function, out, tmp, mask)


# ---- equivalence ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """The largest error of one function and kind of call, and its bound, in ULP."""

    name: str
    kind: str
    error: float
    bound: float

    @property
    def passed(self) -> bool:
        return self.error <= self.bound


#: The bound of a derivative from the output, beside the formula at the same output.
FROM_OUTPUT_ULP = 4


def check(name: str, backend: backends.Backend, dtype: str = "float32") -> list[Check]:
    """Compare a function with its NumPy formula in float64, forward, backward and backward from y.

    Half the inputs are random bit patterns, so every tail, subnormal, infinite and NaN value is among them. The bounds are those
    of `Info`: `ulp`, and for the derivative `derivative_ulp`, in ULP of its largest term. In float64, the formula itself
    may be as far from the truth as the function, so the bound is doubled.
    """
    with np.errstate(all="ignore"):
        if name in ROWS:
            return _check_rows(name, ROWS[name], dtype)
        return _check_activation(entries[name], getattr(backend, name), dtype)


def _check_activation(entry: Entry, function: Any, dtype: str) -> list[Check]:
    from . import reference

    info = entry.info
    parameters = [float(np.dtype(dtype).type(p.default)) for p in entry.parameters]  # as a loop of this dtype sees them
    slack = 1 if dtype == "float32" else 2
    x = sample(dtype)
    exact = x.astype(np.float64)
    value, slope = entry.forward(exact, *parameters), entry.derivative(exact, *parameters)
    y = function(x)
    found = [Check(entry.name, "forward", ulps(y, value, _unit(value, dtype)), slack * info.ulp)]
    # a power of two, so that the product is exact and the error that of the derivative
    dy = np.random.default_rng(1).choice([-4, -2, -1, 1, 2, 4], x.shape).astype(dtype)
    terms = np.fmax(np.abs(slope), reference.wide(entry.name, exact, *(p.default for p in entry.parameters))[2])
    dx = _gradient(function.backward(dy, x))
    error = ulps(dx, dy * slope, np.abs(dy) * _unit(terms, dtype))
    found.append(Check(entry.name, "backward", error, slack * info.derivative_ulp))
    if entry.derivative_from_output is not None:
        slope = entry.derivative_from_output(y.astype(np.float64), *parameters)
        error = ulps(function.backward(dy, y=y), dy * slope, np.abs(dy) * _unit(slope, dtype))
        found.append(Check(entry.name, "backward from y", error, slack * FROM_OUTPUT_ULP))
    return found


def _gradient(result: Any) -> np.ndarray:
    return np.asarray(result[0] if isinstance(result, tuple) else result)


def _check_rows(name: str, function: Any, dtype: str) -> list[Check]:
    """Softmax against its textbook formula in float64. The bound holds for the formula's own rounding, too."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-8, 8, (512, ROW)).astype(dtype)
    dy = rng.standard_normal(x.shape).astype(dtype)
    z = np.exp(x.astype(np.float64) - x.max(axis=-1, keepdims=True))
    value = z / z.sum(axis=-1, keepdims=True)
    y = function(x)
    products = y.astype(np.float64) * dy
    mean = products.sum(axis=-1, keepdims=True)
    terms = y * np.maximum(np.abs(dy), np.abs(products).sum(axis=-1, keepdims=True))
    return [
        Check(name, "forward", ulps(y, value, _unit(value, dtype)), 4 if dtype == "float32" else 16),
        Check(name, "backward from y", ulps(function.backward(dy, y), y * (dy - mean), _unit(terms, dtype)), 4),
    ]


def sample(dtype: str, size: int = 1 << 17, seed: int = 0) -> np.ndarray:
    """Inputs for a check: as many random bit patterns as normal values, and the special ones."""
    rng = np.random.default_rng(seed)
    bits: Any = np.uint32 if dtype == "float32" else np.uint64
    patterns = rng.integers(0, np.iinfo(bits).max, size, bits, endpoint=True).view(dtype)
    usual = (3 * rng.standard_normal(size)).astype(dtype)
    tiny, huge = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    special = np.array([0.0, -0.0, 1, -1, 6, np.inf, -np.inf, np.nan, tiny, -tiny, huge, -huge], dtype)
    return np.concatenate([patterns, usual, special])


def _unit(value: np.ndarray, dtype: str) -> np.ndarray:
    """The unit in the last place, in this dtype, of float64 values."""
    magnitude = np.minimum(np.abs(value), np.finfo(dtype).max)
    return np.asarray(np.spacing(magnitude.astype(dtype)), np.float64)


def ulps(got: np.ndarray, expected: np.ndarray, unit: np.ndarray) -> float:
    """The largest error in the units given; infinite if one of the two is NaN alone."""
    limit = 2.0**128 if got.dtype == np.float32 else np.finfo(np.float64).max  # so that overflow is one ULP past the largest
    a, b = (np.clip(np.asarray(v, np.float64), -limit, limit) for v in (got, expected))
    error = np.where(a == b, 0, np.abs(a - b) / unit)
    nan_a, nan_b = np.isnan(a), np.isnan(b)
    error = np.where(nan_a & nan_b, 0, np.where(nan_a | nan_b, np.inf, error))
    return float(error.max(initial=0))


# ---- the stopwatch --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pace:
    """How long to measure.

    Attributes
    ----------
    cell : float
        Seconds a cell; the slowest may take some four times as long.
    repetition : float
        Seconds at least that one repetition lasts, beside which the clock's own time is nothing.
    least, most : int
        Repetitions of a cell, at least if they fit, and at most.
    """

    cell: float
    repetition: float
    least: int = 3
    most: int = 40

    def estimate(self, size: int) -> float:
        """The seconds that a cell of this size takes; a call takes some 3 ns an element, of both contestants together."""
        return min(4 * self.cell, max(1.1 * self.cell, (self.least + 1) * 3e-9 * size))

    def over(self, cells: int, seconds: float) -> Pace:
        """The same, but less time for each of so many cells that it would take longer in all."""
        return replace(self, cell=min(self.cell, seconds / cells))


#: A run's pace, the seconds it may take at most (large sizes apart), and its sizes: well below the 3 minutes and 30 seconds that
#: are promised, so that a slower machine keeps the promise, too.
DEFAULT = (Pace(cell=0.3, repetition=2e-3), 75, SIZES)
QUICK = (Pace(cell=0.06, repetition=0.5e-3), 12, SIZES[:-1])


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def measure(contestants: Sequence[Contestant], pace: Pace) -> list[float]:
    """Seconds a call of each: they take turns, and of each the fastest repetition counts."""
    clock = time.perf_counter
    with _no_garbage_collection(), np.errstate(all="ignore"):
        start = clock()
        counts, best = map(list, zip(*(_calibrate(contestant, pace.repetition) for contestant in contestants), strict=True))
        for repetition in range(pace.most):
            if repetition and clock() - start > (pace.cell if repetition >= pace.least else 3 * pace.cell):
                break
            for i, contestant in enumerate(contestants):
                best[i] = min(best[i], contestant.seconds(counts[i], clock) / counts[i])
    return best


def _calibrate(contestant: Contestant, least: float) -> tuple[int, float]:
    """How many calls last as long as a repetition should, and the seconds a call then took; warms up as well."""
    count = 1
    while (taken := contestant.seconds(count, time.perf_counter)) < least:
        count *= 10 if taken < least / 20 else 2
    return count, taken / count


@dataclass(frozen=True)
class Cell:
    """One measurement: a case at a size, fastact and NumPy in nanoseconds a call."""

    name: str
    direction: str
    elements: int
    fastact: float
    numpy: float
    gigabytes_per_second: float

    @property
    def ratio(self) -> float:
        """How many times as long NumPy takes."""
        return self.numpy / self.fastact

    def __str__(self) -> str:
        return f"{self.name} {self.direction}, {self.elements:,} elements: {self.ratio:.2f}"


def time_cell(case: Case, size: int, workspace: Workspace, pace: Pace, opponent: str = "numpy") -> Cell:
    """Time one case at one size against NumPy, idiomatic ("numpy") or tuned by hand ("numpy_tuned")."""
    operands = workspace.operands(case, size)
    contestants = [c for peer in ("fastact", opponent) if (c := peers.find(peer, case.name, case.direction, operands))]
    fastact, numpy = measure(contestants, pace)
    rate = case.memory(operands.x.size, operands.x.itemsize) / fastact / 1e9
    return Cell(case.name, case.direction, operands.x.size, fastact * 1e9, numpy * 1e9, rate)


def lost(cells: Sequence[Cell]) -> list[Cell]:
    """The cells in which NumPy is faster."""
    return [cell for cell in cells if cell.ratio < 1]


def geometric_mean(cells: Sequence[Cell]) -> float:
    """The geometric mean of the ratios."""
    return math.exp(math.fsum(math.log(cell.ratio) for cell in cells) / len(cells))


# ---- the command ----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact bench`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument("--quick", action="store_true", help="be done within 30 seconds: up to 1,048,576 elements only")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these functions")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--sizes", nargs="+", type=_size, metavar="N", help="numbers of elements instead of 16 to 16,777,216")
    parser.add_argument("--backend", metavar="NAME", help="this backend instead of the one in use")
    parser.add_argument("--fresh", action="store_true", help="let every call make a new array, instead of out=")
    parser.add_argument(
        "--tuned", action="store_true", help="against NumPy tuned by hand, with scratch memory, instead of idiomatic NumPy"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file, too")


def _size(text: str) -> int:
    try:
        size = int(text.replace(",", ""))
    except ValueError:
        size = 0
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of elements")
    return size


def run(options: argparse.Namespace) -> int:
    """Check and measure as the options say; the exit status."""
    fail: Callable[[str], NoReturn] = options.fail
    try:
        chosen = cases(options.only)
        backend = backends.load(options.backend) if options.backend else backends.current()
    except ValueError as error:
        fail(f"argument --only: {str(error).partition('; there are')[0]}\nknown: {', '.join([*activations, *ROWS])}")
    except ImportError as error:
        fail(f"argument --backend: {error}")
    if options.json and not options.json.absolute().parent.is_dir():
        fail(f"argument --json: there is no directory {str(options.json.parent)!r}")
    try:
        from rich.console import Console
    except ImportError:
        sys.stderr.write("python -m fastact bench prints with rich, which is not installed: pip install 'fastact[bench]'\n")
        return 1
    console = Console(highlight=False)
    if console.width < 92 and not console.is_terminal:
        console.width = 92  # a file or a pipe has no width of its own
    return Run(options, chosen, backend, console).run()


class Run:
    """One run of the command: what was asked for, and where it prints."""

    def __init__(self, options: argparse.Namespace, chosen: list[Case], backend: backends.Backend, console: Console) -> None:
        self.options, self.cases, self.backend, self.console = options, chosen, backend, console
        pace, seconds, sizes = QUICK if options.quick else DEFAULT
        self.sizes: list[int] = sorted(set(options.sizes or sizes))
        self.opponent = "numpy_tuned" if options.tuned else "numpy"
        self.pace = pace.over(len(chosen) * len(self.sizes), seconds)
        self.configuration = {**configuration(), "backend": backend.name, "built with": backend.build}

    def run(self) -> int:
        started = time.perf_counter()
        self._introduce()
        names = dict.fromkeys(case.name for case in self.cases)
        checks = [c for name in names for c in check(name, self.backend, self.options.dtype)]
        self.console.print(f"Equivalence with NumPy's float64: largest error in {self.options.dtype} ULP / bound")
        self.console.print(checks_table(checks))
        cells = self._time()
        self.console.print("Throughput of fastact; ratio: how many times as long NumPy takes")
        self.console.print(cells_table(cells))
        seconds = time.perf_counter() - started
        self._conclude(checks, cells, seconds)
        if self.options.json:
            self.options.json.write_text(json.dumps(self._results(checks, cells, seconds), indent=1) + "\n")
        return 0 if all(c.passed for c in checks) else 1

    def _introduce(self) -> None:
        facts = ("fastact", "Python", "NumPy", "CPU", "backend", "threads")
        self.console.print(", ".join(f"{key} {self.configuration[key]}" for key in facts))
        cells = len(self.cases) * len(self.sizes)
        self.console.print(f"{cells} measurements, about {self._estimate():.0f} seconds\n")

    def _estimate(self) -> float:
        return len(self.cases) * sum(map(self.pace.estimate, self.sizes))

    def _time(self) -> list[Cell]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        workspace = Workspace(max(self.sizes), self.options.dtype, self.backend, self.options.fresh)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        cells = []
        with Progress(*columns, console=self.console, transient=True, auto_refresh=False) as progress:
            # auto_refresh would redraw from a thread of its own while the clock runs
            task = progress.add_task("", total=self._estimate())
            for case in self.cases:
                for size in self.sizes:
                    progress.update(task, description=f"{case.name} {case.direction} {size:,}", refresh=True)
                    cells.append(time_cell(case, size, workspace, self.pace, self.opponent))
                    progress.advance(task, self.pace.estimate(size))
        return cells

    def _conclude(self, checks: list[Check], cells: list[Cell], seconds: float) -> None:
        slower, mean = lost(cells), geometric_mean(cells)
        self.console.print(f"\nNumPy takes {mean:.2f} times as long, in the geometric mean of {len(cells)} cells.")
        if slower:
            self.console.print(f"fastact loses {len(slower)} of them (ratio below 1):", style="red")
            for cell in slower:
                self.console.print(f"  {cell}")
        else:
            self.console.print("fastact loses none of them.", style="green")
        broken = [c for c in checks if not c.passed]
        for c in broken:
            self.console.print(f"NOT EQUIVALENT: {c.name} {c.kind}, {c.error:.3g} ULP where {c.bound:g} are allowed", style="red")
        self.console.print("\n" + self._method(seconds), style="dim")

    def _method(self, seconds: float) -> str:
        results = "a fresh array for every result" if self.options.fresh else "out= given to both"
        numpy = "tuned by hand, with scratch memory" if self.options.tuned else "idiomatic"
        return (
            f"How this was measured: {self.options.dtype}, contiguous, {results}; NumPy {numpy}, as it stands in "
            f"fastact/peers.py; softmax along rows of {ROW}. Both take turns, up to {self.pace.most} times each, in loops of "
            f"{1e3 * self.pace.repetition:g} ms or more; the fastest counts. Garbage collector off, memory touched before. "
            f"GB/s: each input read once and the result written once. {seconds:.0f} seconds in all."
        )

    def _results(self, checks: list[Check], cells: list[Cell], seconds: float) -> dict[str, Any]:
        settings = {
            "dtype": self.options.dtype,
            "fresh": self.options.fresh,
            "numpy": self.opponent,
            "sizes": self.sizes,
            "pace": asdict(self.pace),
        }
        finite = {c: c.error if math.isfinite(c.error) else None for c in checks}  # JSON has no infinity
        return {
            "configuration": self.configuration,
            "settings": settings,
            "equivalence": [{**asdict(c), "error": finite[c], "passed": c.passed} for c in checks],
            "cells": [{**asdict(cell), "ratio": cell.ratio} for cell in cells],
            "lost": [str(cell) for cell in lost(cells)],
            "geometric_mean": geometric_mean(cells),
            "seconds": seconds,
        }


def checks_table(checks: Sequence[Check]) -> Table:
    """The errors, a line a function."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    kinds = ("forward", "backward", "backward from y")
    table.add_column("function")
    for kind in kinds:
        table.add_column(kind, justify="right")
    for name in dict.fromkeys(c.name for c in checks):
        found = {c.kind: c for c in checks if c.name == name}
        table.add_row(name, *(_verdict(found.get(kind)) for kind in kinds))
    return table


def _verdict(found: Check | None) -> str:
    if found is None:
        return ""
    text = f"{found.error:.2f} / {found.bound:g}"
    return text if found.passed else f"[red]{text} BROKEN[/red]"


def cells_table(cells: Sequence[Cell]) -> Table:
    """The measurements, a line a function and size."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    table.add_column("function")
    table.add_column("elements", justify="right")
    for direction in DIRECTIONS:
        for title in (f"{direction}\nns a call", "\nGB/s", "\nratio"):
            table.add_column(title, justify="right", no_wrap=True)
    pairs: dict[tuple[str, int], dict[str, Cell]] = {}
    for cell in cells:
        pairs.setdefault((cell.name, cell.elements), {})[cell.direction] = cell
    previous = None
    for (name, elements), found in pairs.items():
        if previous not in (None, name):
            table.add_section()
        figures = [text for direction in DIRECTIONS for text in _figures(found[direction])]
        table.add_row("" if name == previous else name, f"{elements:,}", *figures)
        previous = name
    return table


def _figures(cell: Cell) -> tuple[str, str, str]:
    colour = "green" if cell.ratio >= 1 else "red"
    return f"{cell.fastact:,.0f}", f"{cell.gigabytes_per_second:.1f}", f"[{colour}]{cell.ratio:.2f}[/{colour}]"
