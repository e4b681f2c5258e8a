"""`python -m fastact bench`: is every function equal to its NumPy formula, and how much faster than NumPy is it?

The list of cases, the check and the stopwatch are here; what is timed against what stands in `peers.py` and, for the fused
functions, in `bench_fused.py`; `--peers`, against all of them, in `bench_grid.py`. bench/ runs the same cases under
pytest-benchmark. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ... import backends
from ...api import activations, configuration, get
from ...functions import entries
from ...functions.entry import Entry
from ...runtime.threads import get_num_threads
from .. import peers
from ..peers import Contestant, Operands, aligned
from .fused import FUSED, WideOperands

if TYPE_CHECKING:
    from rich.table import Table

#: Of every function; some have the third of `peers.DIRECTIONS`, too.
DIRECTIONS = peers.DIRECTIONS[:2]
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
        An activation or a key of `FUSED`, and one of `peers.DIRECTIONS`.
    row : int
        The length of a fused function's rows, where not the usual.
    """

    name: str
    direction: str
    row: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What the peers know it by."""
        return self.name, self.direction

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

    @property
    def arrays(self) -> int:
        """How many arrays must cross memory: each input read once, the result written once."""
        forward, backward = FUSED[self.name].arrays if self.name in FUSED else (2, 3)
        return forward if self.direction == "forward" else backward


@dataclass(frozen=True)
class Setting:
    """How the calls of a run are made: the arrays' dtype, whether each makes a new array instead of out=, the threads."""

    dtype: str = "float32"
    fresh: bool = False
    threads: int = 1

    def __str__(self) -> str:
        results = "fresh results" if self.fresh else "out="
        return f"{self.dtype}, {results}, {self.threads} thread{'s' if self.threads > 1 else ''}"


def cases(only: Sequence[str] | None = None, rows: Sequence[int] = (), from_output: bool = False) -> list[Case]:
    """Everything there is to measure, or the functions named (ValueError if there is no such function).

    With `rows`, the fused ones are measured with rows of each of these lengths instead of the usual; with `from_output`, the
    activations that have it backward from the output, too.
    """
    names = [*entries, *FUSED] if only is None else list(dict.fromkeys(map(_canonical, only)))
    return [
        Case(name, direction, row)
        for name in names
        for row in (sorted(set(rows)) if rows and name in FUSED else [0])
        for direction in DIRECTIONS + (peers.DIRECTIONS[2:] if from_output and _has_from_output(name) else ())
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


def _has_from_output(name: str) -> bool:
    return name in entries and entries[name].derivative_from_output is not None


class Workspace:
    """The arrays for all cases up to a size, made once, every page of them touched.

    The inputs are normal with standard deviation 3: where these functions are used, and both signs in random order.
    """

    def __init__(self, size: int, dtype: str, backend: backends.Backend, fresh: bool = False, threads: int = 1) -> None:
        self.backend, self.setting = backend, Setting(dtype, fresh, threads)
        rng = np.random.default_rng(0)
        self._x, self._dy = (aligned(rng.standard_normal(size, np.float32).astype(dtype, copy=False)) for _ in range(2))
        self._x *= 3
        self._out, self._tmp, self._mask = (aligned(np.full(size, 1, kind)) for kind in (dtype, dtype, bool))

    def operands(self, case: Case, size: int) -> Operands:
        shape = case.shape(size)
        n = math.prod(shape)
        x, dy, out, tmp, mask = (a[:n].reshape(shape) for a in (self._x, self._dy, self._out, self._tmp, self._mask))
        function, threads = case.function(self.backend), self.setting.threads
        if self.setting.fresh:
            return Operands(x, dy, function, name=case.name, threads=threads)
        return Operands(x, dy, function, out, tmp, mask, case.name, threads)

    def copy(self, case: Case, size: int) -> Contestant:
        """What moves the bytes of two of its arrays."""
        n = math.prod(case.shape(size))
        return Contestant("copy", "np.copyto(out, x)", {"np": np, "out": self._out[:n], "x": self._x[:n]})


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
    from .. import reference

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

    def estimate(self, size: int, contestants: int = 2) -> float:
        """The seconds that a cell of this size takes; a call takes some 3 ns an element, in the mean of the contestants."""
        return max(1.1 * self.cell, (self.least + 1) * 3e-9 * size * contestants)

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
        best = [_calibrate(contestant, pace) for contestant in contestants]
        for repetition in range(pace.most):
            if repetition and clock() - start > (pace.cell if repetition >= pace.least else 3 * pace.cell):
                break
            for i, contestant in enumerate(contestants):
                if repetition and best[i] > max(3 * min(best), pace.cell / 10):
                    continue  # how far behind it is, is known well enough
                if (count := math.ceil(pace.repetition / best[i])) > 1:
                    contestant.call()  # what it needs is back in the caches
                best[i] = min(best[i], contestant.seconds(count, clock) / count)
    return best


def _calibrate(contestant: Contestant, pace: Pace) -> float:
    """The seconds that a call takes, of as many as last as long as a repetition should; warms up as well.

    The second of two loops counts, unless they are long, because a first call may load and allocate.
    """
    count = 1
    while True:
        taken = contestant.seconds(count, time.perf_counter)
        if taken < pace.cell / 3:
            taken = min(taken, contestant.seconds(count, time.perf_counter))
        if taken >= pace.repetition:
            return taken / count
        count *= 10 if taken < pace.repetition / 20 else 2


@dataclass(frozen=True)
class Cell:
    """One measurement: a case at a size, in a setting.

    Attributes
    ----------
    times : dict
        Nanoseconds a call, by peer, fastact's first.
    copy, floor : float, optional
        Those of a copy of the same bytes, and the least that can be hoped for (`bench_grid.py`).
    """

    name: str
    direction: str
    elements: int
    times: dict[str, float]
    gigabytes_per_second: float
    row: int = 0
    setting: Setting = Setting()
    copy: float | None = None
    floor: float | None = None

    @property
    def ratios(self) -> dict[str, float]:
        """How many times as long the peers take."""
        return {peer: time / self.times["fastact"] for peer, time in self.times.items() if peer != "fastact"}

    @property
    def title(self) -> str:
        """As of its case."""
        return Case(self.name, self.direction, self.row).title

    def __str__(self) -> str:
        setting = "" if self.setting == Setting() else f", {self.setting}"
        return f"{self.title} {self.direction}, {self.elements:,} elements{setting}"


def time_cell(case: Case, size: int, workspace: Workspace, pace: Pace, names: Sequence[str]) -> Cell | None:
    """Time one case at one size against those of the peers named that have it (None if none has); "copy" is one of them."""
    operands = workspace.operands(case, size)
    found = {peer: c for peer in ("fastact", *names) if peer != "copy" and (c := peers.find(peer, *case.key, operands))}
    if len(found) < 2:
        return None
    if "copy" in names:
        found["copy"] = workspace.copy(case, size)
    times = {peer: 1e9 * seconds for peer, seconds in zip(found, measure(list(found.values()), pace), strict=True)}
    copy = times.pop("copy", None)
    return Cell(
        *case.key,
        operands.x.size,
        times,
        case.arrays * operands.x.nbytes / times["fastact"],
        case.row,
        workspace.setting,
        copy and copy * case.arrays / 2,
    )


def lost(cells: Sequence[Cell]) -> list[str]:
    """The cells in which a peer is faster, and which; the worst first."""
    found = [(ratio, f"{cell}: {peers.TITLES[peer]} {ratio:.2f}") for cell in cells for peer, ratio in cell.ratios.items()]
    return [text for ratio, text in sorted(found) if ratio < 1]


def measured(cells: Sequence[Cell]) -> list[str]:
    """The peers that took part."""
    return list(dict.fromkeys(peer for cell in cells for peer in cell.ratios))


def geometric_mean(cells: Sequence[Cell], peer: str) -> float:
    """The geometric mean of a peer's ratios."""
    return statistics.geometric_mean(cell.ratios[peer] for cell in cells if peer in cell.ratios)


# ---- the command ----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact bench`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and smaller sizes: be done within 30 seconds, with --peers within a minute"
    )
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
    parser.add_argument(
        "--peers",
        nargs="*",
        metavar="PEER",
        help="the speed grid: also backward from the output, and against these (default: numpy, torch, jax, scipy and numexpr, "
        "as far as they are installed); --dtype and --threads then take several values",
    )
    parser.add_argument("--dtype", nargs="+", choices=["float32", "float64"], default=["float32"])
    parser.add_argument("--threads", nargs="+", type=_count, metavar="N", default=[1], help="threads instead of one")
    parser.add_argument("--sizes", nargs="+", type=_size, metavar="N", help="numbers of elements instead of 16 to 16,777,216")
    parser.add_argument("--backend", metavar="NAME", help="this backend instead of the one in use")
    parser.add_argument(
        "--fresh",
        nargs="?",
        choices=["only", "too"],
        const="only",
        help="let every call make a new array, instead of out=; 'too': measure both",
    )
    parser.add_argument(
        "--tuned", action="store_true", help="against NumPy tuned by hand, with scratch memory, instead of idiomatic NumPy"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file, too")
    parser.add_argument("--heatmap", type=Path, metavar="FILE", help="with --peers, draw the ratios to the best (PNG, SVG ...)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="with --peers, write a page about them (Markdown)")


def _number(text: str, of: str) -> int:
    try:
        number = int(text.replace(",", ""))
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {of}")
    return number


_size, _count = partial(_number, of="elements"), partial(_number, of="threads")


def run(options: argparse.Namespace) -> int:
    """Check and measure as the options say; the exit status."""
    fail: Callable[[str], NoReturn] = options.fail
    if options.fused and (options.sizes or options.row_length or options.fresh):
        fail("argument --fused: it has sizes of its own and gives out=; not allowed with --sizes, --row-length or --fresh")
    kind: type[Run] = FusedRun if options.fused else Run
    if options.peers is not None:
        from .grid import GridRun

        kind = GridRun
    try:
        backend = backends.load(options.backend) if options.backend else backends.current()
    except ImportError as error:
        fail(f"argument --backend: {error}")
    try:
        planned = kind(options, backend)
    except ValueError as error:
        fail(str(error))
    for file in ("json", "heatmap", "report"):
        path = getattr(options, file)
        if path and not path.absolute().parent.is_dir():
            fail(f"argument --{file}: there is no directory {str(path.parent)!r}")
    return planned.run()


class Run:
    """One run of the command: what was asked for, and where it prints.

    ValueError if the options ask for what is not there.
    """

    #: The keys of its configuration that are versions.
    versions: tuple[str, ...] = ("fastact", "Python", "NumPy")
    #: Whether one run can have several values of an option, and backward from the output.
    is_grid = False
    least_width = 100
    explanation = "GB/s: each input read once and each result written once."

    def __init__(self, options: argparse.Namespace, backend: backends.Backend) -> None:
        from rich.console import Console

        self.options, self.backend = options, backend
        self.rivals = self._rivals()
        self.settings = [
            Setting(dtype, fresh, threads)
            for dtype in dict.fromkeys(options.dtype)
            for fresh in {None: [False], "only": [True], "too": [False, True]}[options.fresh]
            for threads in dict.fromkeys(options.threads)
        ]
        for count in options.threads:
            with peers.threads(count, "fastact"):
                if (usable := get_num_threads()) != count:
                    raise ValueError(f"argument --threads: {count} are not to be had, only {usable}")
        if not self.is_grid and (len(self.settings) > 1 or options.heatmap or options.report):
            raise ValueError("several dtypes, numbers of threads or kinds of results, --heatmap and --report: only with --peers")
        pace, seconds, sizes = self._budget()
        try:
            self.work = self._work(options.sizes or sizes)
        except ValueError as error:
            known = ", ".join(dict.fromkeys(name for name, *_ in LAYERS) if options.fused else [*activations, *FUSED])
            raise ValueError(f"argument --only: {str(error).partition('; there are')[0]}\nknown: {known}") from None
        if not self.work:
            raise ValueError("argument --row-length: no array has so many elements; see --sizes")
        self.pace = pace.over(len(self.work), seconds)
        self.configuration = {**configuration(), "backend": backend.name, "built with": backend.build}
        for name in self.rivals:
            if not name.startswith("numpy"):
                self.configuration[peers.TITLES[name]] = peers.version(name) or ""
                self.versions = (*self.versions, peers.TITLES[name])
        self.console = Console(highlight=False)
        if self.console.width < self.least_width and not self.console.is_terminal:
            self.console.width = self.least_width  # a file or a pipe has no width of its own

    def _rivals(self) -> list[str]:
        """The peers to measure against."""
        return ["numpy_tuned" if self.options.tuned else "numpy"]

    def _budget(self) -> tuple[Pace, float, Sequence[int]]:
        """The pace, the seconds a setting may take, and the sizes."""
        return QUICK if self.options.quick else DEFAULT

    def _work(self, sizes: Sequence[int]) -> list[tuple[Case, int]]:
        """The cases and sizes that the options ask for; an array smaller than a row is none."""
        wanted = cases(self.options.only, self.options.row_length, from_output=self.is_grid)
        return [(case, size) for case in wanted for size in sorted(set(sizes)) if case.row <= size]

    def run(self) -> int:
        started = time.perf_counter()
        self._introduce()
        checks = self._check()
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
        self._publish(cells, seconds)
        return 0 if all(c.passed for c in checks) else 1

    def _introduce(self) -> None:
        facts = (*self.versions, "CPU", "backend")
        self.console.print(", ".join(f"{key} {self.configuration[key]}" for key in facts))
        measurements = len(self.work) * len(self.settings)
        self.console.print(f"{measurements} measurements, about {self._estimate():.0f} seconds\n")

    def _check(self) -> list[Check]:
        names = dict.fromkeys(case.name for case, _ in self.work)
        checks = [c for name in names for c in check(name, self.backend, self.settings[0].dtype)]
        self.console.print(f"Equivalence with NumPy's float64: largest error in {self.settings[0].dtype} ULP / bound")
        self.console.print(checks_table(checks))
        return checks

    def _estimate(self) -> float:
        return len(self.settings) * sum(self.pace.estimate(size, 1 + len(self.rivals)) for _, size in self.work)

    def _time(self) -> list[Cell]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        cells: list[Cell] = []
        with Progress(*columns, console=self.console, transient=True, auto_refresh=False) as progress:
            # auto_refresh would redraw from a thread of its own while the clock runs
            task = progress.add_task("", total=self._estimate())
            largest = max(2048, *(size for _, size in self.work))  # as many as the floor is measured with
            for setting in self.settings:
                workspace = Workspace(largest, setting.dtype, self.backend, setting.fresh, setting.threads)
                with peers.threads(setting.threads, "fastact", *self.rivals):
                    for case, size in self.work:
                        progress.update(task, description=f"{case.title} {case.direction} {size:,}", refresh=True)
                        cells += filter(None, [self._time_cell(case, size, workspace)])
                        progress.advance(task, self.pace.estimate(size, 1 + len(self.rivals)))
        if not cells:
            self.options.fail(f"argument --peers: these functions are not to be had of {', '.join(self.rivals)}")
        return cells

    def _time_cell(self, case: Case, size: int, workspace: Workspace) -> Cell | None:
        return time_cell(case, size, workspace, self.pace, self.rivals)

    def _tabulate(self, cells: list[Cell]) -> None:
        self.console.print("Throughput of fastact; ratio: how many times as long NumPy takes")
        self.console.print(cells_table(cells))

    def _conclude(self, cells: list[Cell]) -> None:
        slower, mean = lost(cells), geometric_mean(cells, *self.rivals)
        self.console.print(f"\nNumPy takes {mean:.2f} times as long, in the geometric mean of {len(cells)} cells.")
        if slower:
            self.console.print(f"fastact loses {len(slower)} of them (ratio below 1):", style="red")
            for cell in slower:
                self.console.print(f"  {cell}")
        else:
            self.console.print("fastact loses none of them.", style="green")

    def _publish(self, cells: list[Cell], seconds: float) -> None:
        """Write what else was asked for."""

    def _method(self, seconds: float) -> str:
        numpy = "tuned by hand, with scratch memory" if self.options.tuned else "idiomatic"
        return (
            f"How this was measured: {'; '.join(map(str, self.settings))}; contiguous arrays; NumPy {numpy}, as it stands in "
            f"fastact/peers.py; {self._shapes()} {self.explanation} All take turns, up to {self.pace.most} times each, in loops "
            f"of {1e3 * self.pace.repetition:g} ms or more; the fastest counts. Garbage collector off, memory touched before. "
            f"{seconds:.0f} seconds in all."
        )

    def _shapes(self) -> str:
        return (
            "bias and gated units on rows of 4,096, softmax-axis0 on as many rows as columns, the other fused functions along "
            "rows of 256, unless their length is told. Of a loss, backward is loss and gradient."
        )

    def _results(self, checks: list[Check], cells: list[Cell], seconds: float) -> dict[str, Any]:
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
            "settings": settings,
            "equivalence": [{**asdict(c), "error": finite[c], "passed": c.passed} for c in checks],
            "cells": [{**asdict(cell), "ratios": cell.ratios} for cell in cells],
            "lost": lost(cells),
            "geometric_mean": {peer: geometric_mean(cells, peer) for peer in measured(cells)},
            "seconds": seconds,
        }


class FusedRun(Run):
    """A run over `LAYERS`, in which PyTorch takes part where it is installed."""

    def _rivals(self) -> list[str]:
        return [*super()._rivals(), *filter(peers.installed, ["torch"])]

    def _budget(self) -> tuple[Pace, float, Sequence[int]]:
        return FUSED_PACES[self.options.quick], math.inf, ()

    def _work(self, sizes: Sequence[int]) -> list[tuple[Case, int]]:
        return layers(self.options.only)

    def _tabulate(self, cells: list[Cell]) -> None:
        self.console.print("Time of fastact; how many times as long others take")
        self.console.print(layers_table(cells))

    def _conclude(self, cells: list[Cell]) -> None:
        along_rows = [cell for cell in cells if cell.name == "softmax"]
        for title, some in (("all", cells), ("softmax along rows", along_rows)):
            if some:
                means = ", ".join(f"{peers.TITLES[peer]} {geometric_mean(some, peer):.2f}" for peer in self.rivals)
                self.console.print(f"Geometric mean, {title}: {means} times as long.")

    def _shapes(self) -> str:
        return "PyTorch eager, as in fastact/bench_fused.py."


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


def _figures(cell: Cell) -> tuple[str, ...]:
    return f"{cell.times['fastact']:,.0f}", f"{cell.gigabytes_per_second:.1f}", *map(coloured, cell.ratios.values())


def figure(number: float) -> str:
    """Three digits or more."""
    return f"{number:.{max(0, 2 - int(math.log10(max(1, number))))}f}"


def coloured(ratio: float) -> str:
    """A ratio, red where it is a loss."""
    return f"[{'green' if ratio >= 1 else 'red'}]{figure(ratio)}[/]"


def layers_table(cells: Sequence[Cell]) -> Table:
    """The measurements of `--fused`, a line each."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    table.add_column("function")
    table.add_column("direction")
    for title in ("shape", "µs a call", "GB/s", *(peers.TITLES[peer] for peer in measured(cells))):
        table.add_column(title, justify="right", no_wrap=True)
    for cell in cells:
        table.add_row(
            cell.name,
            "loss and gradient" if FUSED[cell.name].is_loss and cell.direction == "backward" else cell.direction,
            f"{cell.elements // cell.row:,} x {cell.row:,}",
            f"{cell.times['fastact'] / 1e3:,.1f}",
            f"{cell.gigabytes_per_second:.1f}",
            *map(coloured, cell.ratios.values()),
        )
    return table
