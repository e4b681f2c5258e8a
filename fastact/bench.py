"""`python -m fastact bench`: is every function equal to its NumPy formula, and how much faster than NumPy is it?

The list of cases, the check and the stopwatch are here; what is timed against what stands in `peers.py` and, for the fused
functions, in `bench_fused.py`. bench/ runs the same cases under pytest-benchmark. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from . import backends, peers
from .bench_fused import FUSED, WideOperands
from .catalogue import activations, get
from .config import configuration
from .peers import Contestant, Operands
from .registry import Entry, entries

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

DIRECTIONS = ("forward", "backward")
SIZES = (16, 256, 4_096, 65_536, 1_048_576, 16_777_216)

#: What `--fused` measures: layers as large as they are in use. A fused function, its directions, rows and their length.
LAYERS: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("relu+bias", DIRECTIONS, 512, 4_096),
    ("gelu+bias", DIRECTIONS, 512, 4_096),
    ("swiglu", DIRECTIONS, 512, 4_096),
    ("softmax", ("forward",), 104_857, 10),
    ("softmax", ("forward",), 16_384, 64),
    ("softmax", ("forward",), 1_048, 1_000),
    ("softmax", ("forward",), 32, 32_000),
    ("softmax", ("forward",), 1, 1_000_000),
    ("softmax-axis0", ("forward",), 1_000, 1_000),
    ("cross_entropy", ("backward",), 4_096, 1_000),
    ("cross_entropy", ("backward",), 256, 50_000),
)


# ---- the cases ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One function in one direction; of a loss, "backward" is loss and gradient together.

    Attributes
    ----------
    name, direction : str
        An activation or a key of `FUSED`, and one of `DIRECTIONS`.
    row : int
        The length of a fused function's rows, where not the usual.
    """

    name: str
    direction: str
    row: int = 0

    @property
    def title(self) -> str:
        """The name, and the length of the rows where it was asked for."""
        return f"{self.name}, rows of {self.row:,}" if self.row else self.name

    def function(self, backend: backends.Backend) -> Any:
        return getattr(backend, FUSED[self.name].function if self.name in FUSED else self.name)

    def shape(self, size: int) -> tuple[int, ...]:
        """The shape of about `size` elements that it is measured at."""
        if self.name not in FUSED:
            return (size,)
        columns = min(size, self.row or FUSED[self.name].row or math.isqrt(size))
        return size // columns, columns

    def memory(self, elements: int, itemsize: int) -> int:
        """The bytes that must cross memory: each input read once, the result written once."""
        forward, backward = FUSED[self.name].arrays if self.name in FUSED else (2, 3)
        return elements * itemsize * (forward if self.direction == "forward" else backward)


def cases(only: Sequence[str] | None = None, rows: Sequence[int] = ()) -> list[Case]:
    """Everything there is to measure, or the functions named (ValueError if there is no such function).

    With `rows`, the fused ones are measured with rows of each of these lengths instead of the usual.
    """
    names = [*entries, *FUSED] if only is None else list(dict.fromkeys(map(_canonical, only)))
    return [
        Case(name, direction, row)
        for name in names
        for row in (sorted(set(rows)) if rows and name in FUSED else [0])
        for direction in DIRECTIONS
    ]


def layers(only: Sequence[str] | None = None) -> list[tuple[Case, int]]:
    """The cases of `LAYERS`, or those of the functions named, with their numbers of elements."""
    names = {name for name, *_ in LAYERS}
    chosen = names if only is None else set(map(_canonical, only))
    if chosen - names:
        raise ValueError(f"there is no layer with {', '.join(sorted(chosen - names))}")
    return [
        (Case(name, direction, row), rows * row)
        for name, directions, rows, row in LAYERS
        if name in chosen
        for direction in directions
    ]


def _canonical(name: str) -> str:
    return name if name in FUSED else get(name).name


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
        if self.fresh:
            return Operands(x, dy, function, name=case.name)
        return Operands(x, dy, function, out, tmp, mask, name=case.name)


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
        if name in FUSED:
            return [_check_fused(name, direction, backend, dtype) for direction in DIRECTIONS]
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


def _check_fused(name: str, direction: str, backend: backends.Backend, dtype: str) -> Check:
    """What is timed, against the textbook. In float64, the textbook's own rounding may be as large."""
    fused, backward = FUSED[name], direction == "backward"
    case = Case(name, direction)
    operands = Workspace(1 << 16, dtype, backend).operands(case, 1 << 16)
    contestant = peers.find("fastact", name, direction, operands)
    assert contestant is not None
    wanted = fused.textbook[backward](WideOperands(operands))
    found = contestant.results()
    error = max(ulps(got, want, _unit(size, dtype)) for got, (want, size) in zip(found, wanted, strict=True))
    saved = " from y" if re.search(r"\by\b", contestant.statement) else ""
    return Check(name, direction + saved, error, fused.ulp[backward] * (1 if dtype == "float32" else 4))


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
        """The seconds that a cell of this size takes; a call takes some 6 ns an element, of both contestants together."""
        return max(1.1 * self.cell, (self.least + 1) * 6e-9 * size)

    def over(self, cells: int, seconds: float) -> Pace:
        """The same, but less time for each of so many cells that it would take longer in all."""
        return replace(self, cell=min(self.cell, seconds / cells))


#: A run's pace, the seconds it may take at most (large sizes apart), and its sizes: well below the 3 minutes and 30 seconds that
#: are promised, so that a slower machine keeps the promise, too.
DEFAULT = (Pace(cell=0.3, repetition=1e-3), 45, SIZES)
QUICK = (Pace(cell=0.06, repetition=0.5e-3), 9, SIZES[:-1])

#: The paces of `--fused`, and with `--quick`.
FUSED_PACES = (Pace(cell=1.5, repetition=2e-3, most=400), Pace(cell=0.2, repetition=0.5e-3))


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
    """One measurement: a case at a size, fastact and NumPy, and PyTorch if it took part, in nanoseconds a call."""

    name: str
    direction: str
    elements: int
    fastact: float
    numpy: float
    gigabytes_per_second: float
    row: int = 0
    torch: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as long NumPy takes."""
        return self.numpy / self.fastact

    @property
    def torch_ratio(self) -> float | None:
        """How many times as long PyTorch takes."""
        return None if self.torch is None else self.torch / self.fastact

    @property
    def title(self) -> str:
        """As of its case."""
        return Case(self.name, self.direction, self.row).title

    def __str__(self) -> str:
        return f"{self.title} {self.direction}, {self.elements:,} elements: {self.ratio:.2f}"


def time_cell(case: Case, size: int, workspace: Workspace, pace: Pace, opponent: str = "numpy", with_torch: bool = False) -> Cell:
    """Time one case at one size against NumPy, idiomatic ("numpy") or tuned by hand ("numpy_tuned"), and against PyTorch."""
    operands = workspace.operands(case, size)
    wanted = ["fastact", opponent, *(["torch"] if with_torch else [])]
    contestants = {peer: c for peer in wanted if (c := peers.find(peer, case.name, case.direction, operands))}
    with peers.one_thread("torch" if "torch" in contestants else "numpy"):
        seconds = dict(zip(contestants, measure(list(contestants.values()), pace), strict=True))
    rate = case.memory(operands.x.size, operands.x.itemsize) / seconds["fastact"] / 1e9
    times = {peer: 1e9 * value for peer, value in seconds.items()}
    return Cell(case.name, case.direction, operands.x.size, times["fastact"], times[opponent], rate, case.row, times.get("torch"))


def lost(cells: Sequence[Cell]) -> list[Cell]:
    """The cells in which NumPy is faster."""
    return [cell for cell in cells if cell.ratio < 1]


def geometric_mean(cells: Sequence[Cell]) -> float:
    """The geometric mean of the ratios."""
    return statistics.geometric_mean(cell.ratio for cell in cells)


# ---- the command ----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact bench`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument("--quick", action="store_true", help="be done within 30 seconds: up to 1,048,576 elements only")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these functions")
    parser.add_argument(
        "--fused", action="store_true", help="bias, gated units, softmax and losses at the sizes of layers, against PyTorch, too"
    )
    parser.add_argument(
        "--row-length",
        nargs="+",
        type=_size,
        default=[],
        metavar="N",
        help="measure the fused functions with rows as long as these",
    )
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
    if options.fused and (options.sizes or options.row_length or options.fresh):
        fail("argument --fused: it has sizes of its own and gives out=; not allowed with --sizes, --row-length or --fresh")
    try:
        work = layers(options.only) if options.fused else _work(options)
        backend = backends.load(options.backend) if options.backend else backends.current()
    except ValueError as error:
        known = dict.fromkeys(name for name, *_ in LAYERS) if options.fused else [*activations, *FUSED]
        fail(f"argument --only: {str(error).partition('; there are')[0]}\nknown: {', '.join(known)}")
    except ImportError as error:
        fail(f"argument --backend: {error}")
    if not work:
        fail("argument --row-length: no array has so many elements; see --sizes")
    if options.json and not options.json.absolute().parent.is_dir():
        fail(f"argument --json: there is no directory {str(options.json.parent)!r}")
    try:
        from rich.console import Console
    except ImportError:
        sys.stderr.write("python -m fastact bench prints with rich, which is not installed: pip install 'fastact[bench]'\n")
        return 1
    console = Console(highlight=False)
    if console.width < 100 and not console.is_terminal:
        console.width = 100  # a file or a pipe has no width of its own
    return (FusedRun if options.fused else Run)(options, work, backend, console).run()


def _work(options: argparse.Namespace) -> list[tuple[Case, int]]:
    """The cases and sizes that the options ask for; an array smaller than a row is none."""
    sizes = sorted(set(options.sizes or (QUICK if options.quick else DEFAULT)[2]))
    return [(case, size) for case in cases(options.only, options.row_length) for size in sizes if case.row <= size]


class Run:
    """One run of the command: what was asked for, and where it prints."""

    def __init__(
        self, options: argparse.Namespace, work: list[tuple[Case, int]], backend: backends.Backend, console: Console
    ) -> None:
        self.options, self.work, self.backend, self.console = options, work, backend, console
        self.opponent = "numpy_tuned" if options.tuned else "numpy"
        self.pace = self._pace()
        self.configuration = {**configuration(), "backend": backend.name, "built with": backend.build}

    @property
    def with_torch(self) -> bool:
        """Whether PyTorch takes part."""
        return False

    def _pace(self) -> Pace:
        pace, seconds, _ = QUICK if self.options.quick else DEFAULT
        return pace.over(len(self.work), seconds)

    def run(self) -> int:
        started = time.perf_counter()
        self._introduce()
        names = dict.fromkeys(case.name for case, _ in self.work)
        checks = [c for name in names for c in check(name, self.backend, self.options.dtype)]
        self.console.print(f"Equivalence with NumPy's float64: largest error in {self.options.dtype} ULP / bound")
        self.console.print(checks_table(checks))
        cells = self._time()
        self._tabulate(cells)
        self._conclude(cells)
        for c in checks:
            if not c.passed:
                self.console.print(
                    f"NOT EQUIVALENT: {c.name} {c.kind}, {c.error:.3g} ULP where {c.bound:g} are allowed", style="red"
                )
        seconds = time.perf_counter() - started
        self.console.print("\n" + self._method(seconds), style="dim")
        if self.options.json:
            self.options.json.write_text(json.dumps(self._results(checks, cells, seconds), indent=1) + "\n")
        return 0 if all(c.passed for c in checks) else 1

    def _introduce(self) -> None:
        facts = ("fastact", "Python", "NumPy", "PyTorch", "CPU", "backend", "threads")
        self.console.print(", ".join(f"{key} {self.configuration[key]}" for key in facts if key in self.configuration))
        self.console.print(f"{len(self.work)} measurements, about {self._estimate():.0f} seconds\n")

    def _estimate(self) -> float:
        return sum(self.pace.estimate(size) for _, size in self.work)

    def _time(self) -> list[Cell]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        workspace = Workspace(max(size for _, size in self.work), self.options.dtype, self.backend, self.options.fresh)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        cells = []
        with Progress(*columns, console=self.console, transient=True, auto_refresh=False) as progress:
            # auto_refresh would redraw from a thread of its own while the clock runs
            task = progress.add_task("", total=self._estimate())
            for case, size in self.work:
                progress.update(task, description=f"{case.title} {case.direction} {size:,}", refresh=True)
                cells.append(time_cell(case, size, workspace, self.pace, self.opponent, self.with_torch))
                progress.advance(task, self.pace.estimate(size))
        return cells

    def _tabulate(self, cells: list[Cell]) -> None:
        self.console.print("Throughput of fastact; ratio: how many times as long NumPy takes")
        self.console.print(cells_table(cells))

    def _conclude(self, cells: list[Cell]) -> None:
        slower, mean = lost(cells), geometric_mean(cells)
        self.console.print(f"\nNumPy takes {mean:.2f} times as long, in the geometric mean of {len(cells)} cells.")
        if slower:
            self.console.print(f"fastact loses {len(slower)} of them (ratio below 1):", style="red")
            for cell in slower:
                self.console.print(f"  {cell}")
        else:
            self.console.print("fastact loses none of them.", style="green")

    def _method(self, seconds: float) -> str:
        results = "a fresh array for every result" if self.options.fresh else "out= given to both"
        numpy = "tuned by hand, with scratch memory" if self.options.tuned else "idiomatic"
        return (
            f"How this was measured: {self.options.dtype}, contiguous, {results}; NumPy {numpy}, as it stands in "
            f"fastact/peers.py; {self._shapes()} All take turns, up to {self.pace.most} times each, in loops of "
            f"{1e3 * self.pace.repetition:g} ms or more; the fastest counts. Garbage collector off, memory touched before. "
            f"{seconds:.0f} seconds in all."
        )

    def _shapes(self) -> str:
        return (
            "bias and gated units on rows of 4,096, softmax-axis0 on as many rows as columns, the other fused functions along "
            "rows of 256, unless their length is told. Of a loss, backward is loss and gradient. GB/s: each input read "
            "once and each result written once."
        )

    def _results(self, checks: list[Check], cells: list[Cell], seconds: float) -> dict[str, Any]:
        settings = {
            "dtype": self.options.dtype,
            "fresh": self.options.fresh,
            "numpy": self.opponent,
            "sizes": sorted({size for _, size in self.work}),
            "row_lengths": self.options.row_length,
            "fused": self.options.fused,
            "pace": asdict(self.pace),
        }
        finite = {c: c.error if math.isfinite(c.error) else None for c in checks}  # JSON has no infinity
        return {
            "configuration": self.configuration,
            "settings": settings,
            "equivalence": [{**asdict(c), "error": finite[c], "passed": c.passed} for c in checks],
            "cells": [{**asdict(cell), "ratio": cell.ratio, "torch_ratio": cell.torch_ratio} for cell in cells],
            "lost": [str(cell) for cell in lost(cells)],
            "geometric_mean": geometric_mean(cells),
            "seconds": seconds,
        }


class FusedRun(Run):
    """A run over `LAYERS`, in which PyTorch takes part where it is installed."""

    @property
    def with_torch(self) -> bool:
        return peers.installed("torch")

    def _pace(self) -> Pace:
        return FUSED_PACES[self.options.quick]

    def _introduce(self) -> None:
        self.configuration["PyTorch"] = peers.version("torch") or "not installed"
        super()._introduce()

    def _tabulate(self, cells: list[Cell]) -> None:
        self.console.print("Time of fastact, one thread; how many times as long NumPy and PyTorch take")
        self.console.print(layers_table(cells))

    def _conclude(self, cells: list[Cell]) -> None:
        along_rows = [cell for cell in cells if cell.name == "softmax"]
        for title, some in (("all", cells), ("softmax along rows", along_rows)):
            if some:
                means = f"NumPy {geometric_mean(some):.2f}"
                if self.with_torch:
                    means += f", PyTorch {statistics.geometric_mean(cell.torch_ratio or 1 for cell in some):.2f}"
                self.console.print(f"Geometric mean, {title}: {means} times as long.")

    def _shapes(self) -> str:
        return "PyTorch eager, as in fastact/bench_fused.py, one thread."


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
    table.add_column("function", min_width=max(len(cell.name) for cell in cells))
    table.add_column("elements", justify="right")
    for direction in DIRECTIONS:
        for title in (f"{direction}\nns a call", "\nGB/s", "\nratio"):
            table.add_column(title, justify="right", no_wrap=True)
    pairs: dict[tuple[str, int], dict[str, Cell]] = {}
    for cell in cells:
        pairs.setdefault((cell.title, cell.elements), {})[cell.direction] = cell
    previous = None
    for (name, elements), found in pairs.items():
        if previous not in (None, name):
            table.add_section()
        figures = [text for direction in DIRECTIONS for text in _figures(found[direction])]
        table.add_row("" if name == previous else name, f"{elements:,}", *figures)
        previous = name
    return table


def _figures(cell: Cell) -> tuple[str, str, str]:
    return f"{cell.fastact:,.0f}", f"{cell.gigabytes_per_second:.1f}", _coloured(cell.ratio)


def _coloured(ratio: float) -> str:
    colour = "green" if ratio >= 1 else "red"
    return f"[{colour}]{ratio:.2f}[/{colour}]"


def layers_table(cells: Sequence[Cell]) -> Table:
    """The measurements of `--fused`, a line each."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    table.add_column("function")
    table.add_column("direction")
    for title in ("shape", "µs a call", "GB/s", "NumPy", "PyTorch"):
        table.add_column(title, justify="right", no_wrap=True)
    for cell in cells:
        table.add_row(
            cell.name,
            "loss and gradient" if FUSED[cell.name].is_loss and cell.direction == "backward" else cell.direction,
            f"{cell.elements // cell.row:,} x {cell.row:,}",
            f"{cell.fastact / 1e3:,.1f}",
            f"{cell.gigabytes_per_second:.1f}",
            *("" if ratio is None else _coloured(ratio) for ratio in (cell.ratio, cell.torch_ratio)),
        )
    return table
