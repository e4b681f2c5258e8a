"""`python -m fastact verify`: the largest error of every function, on every backend, in units in the last place.

The inputs are cut into `Task`s, which worker processes measure: there, a `Meter` computes the reference once per chunk and
compares all contestants with it. docs/accuracy.py writes its tables with the same functions. Needs the `verify` extra.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import json
import math
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .. import backends
from ..api import activations, configuration, get_activation
from . import peers, reference
from .reference import Array, format_of, from_bits

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

DTYPES = ("float32", "float64", "float16", "bfloat16")
DIRECTIONS = ("forward", "backward", "backward from y")
#: The peers that can be measured as well, and what they are called in results.
PEERS = {"torch": "PyTorch", "numpy": "NumPy"}

CHUNK = 1 << 14  # elements whose operands and intermediate results stay in the second-level cache
TASK = 1 << 24  # inputs of a task: a second or two of work
FLOAT64_POINTS = 4000
#: Of the float32 bit patterns every so many-th without --exhaustive; more of them where activations bend.
STEP, BENDING_STEP = 1021, 97
BENDING = (2.0**-12, 2.0**10)

#: What the reference's own rounding may add to an error that is compared with a bound, in ULP of float32.
SLACK = 1e-4
#: The error of a result that was computed in float32 and rounded to 16 bits; half a unit would be the best.
HALF_BOUND = 0.51


# ---- results --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """The largest error found of one function, dtype, contestant and direction.

    Attributes
    ----------
    name, dtype, contestant, direction : str
        The function; the dtype's name; a backend, or a peer's name (a value of `PEERS`); one of `DIRECTIONS`.
    error : float
        The largest error in ULP: of the result forward, of the derivative's largest term backward.
    at : float or None
        The input where it occurs, if there is any error.
    inputs : int
        How many inputs have been tried.
    """

    name: str
    dtype: str
    contestant: str
    direction: str
    error: float
    at: float | None
    inputs: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.name, self.dtype, self.contestant, self.direction

    @property
    def bound(self) -> float | None:
        """The error declared for fastact's functions; None where there is no promise."""
        if self.contestant in PEERS.values() or self.direction == "backward from y":
            return None
        if np.dtype(_type(self.dtype)).itemsize == 2:
            return HALF_BOUND
        info = get_activation(self.name).info
        return info.ulp if self.direction == "forward" else info.derivative_ulp

    @property
    def passed(self) -> bool:
        return self.bound is None or self.error <= self.bound + (0 if self.dtype == "float64" else SLACK)

    def merged(self, other: Result) -> Result:
        """The worse of two over the inputs of both."""
        return replace(max(self, other, key=lambda result: result.error), inputs=self.inputs + other.inputs)


def merge(results: Iterable[Result]) -> list[Result]:
    """One result of each function, dtype, contestant and direction, in the order of their appearance."""
    merged: dict[tuple[str, str, str, str], Result] = {}
    for result in results:
        known = merged.get(result.key)
        merged[result.key] = known.merged(result) if known else result
    return list(merged.values())


def _type(dtype: str) -> Any:
    """What NumPy knows under a dtype's name, or ml_dtypes."""
    if dtype != "bfloat16":
        return np.dtype(dtype).type
    import ml_dtypes

    return ml_dtypes.bfloat16


def supported(dtype: str) -> bool:
    """Whether activations take this dtype here."""
    try:
        activations["identity"](np.zeros(1, _type(dtype)))
    except (ImportError, TypeError):
        return False
    return True


# ---- contestants ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contestant:
    """One implementation of one function: f(x), f'(x) and, from f(x) alone, f'(x) again; None where it has none.

    The arrays that the callables return are theirs, and good until the next call.
    """

    name: str
    forward: Callable[[Array], Array] | None
    derivative: Callable[[Array], Array] | None
    derivative_from_output: Callable[[Array], Array] | None = None

    def directions(self) -> Iterator[tuple[str, Callable[[Array], Array]]]:
        for direction, call in zip(DIRECTIONS, (self.forward, self.derivative, self.derivative_from_output), strict=True):
            if call is not None:
                yield direction, call


def of_backend(backend: str, name: str, dtype: str, with_output: bool = True) -> Contestant:
    """fastact's function on one backend, with the derivative from the output where there is one and it is wanted."""
    f = getattr(backends.load(backend), name)
    kind = _type(dtype)
    ones, y, d = np.ones(CHUNK, kind), np.empty(CHUNK, kind), np.empty(CHUNK, kind)

    def forward(x: Array) -> Array:
        return f(x, out=y[: x.size])  # type: ignore[no-any-return]

    def derivative(x: Array) -> Array:
        return _first(f.backward(ones[: x.size], x, out=d[: x.size]))

    def from_output(x: Array) -> Array:
        return _first(f.backward(ones[: x.size], y=f(x, out=y[: x.size]), out=d[: x.size]))

    return Contestant(backend, forward, derivative, from_output if with_output and f._entry.derivative_from_output else None)


def _first(result: Any) -> Array:
    return result[0] if isinstance(result, tuple) else result  # type: ignore[no-any-return]  # of prelu, the input's gradient


def of_peer(peer: str, name: str, dtype: str) -> Contestant | None:
    """A peer's function as `peers` states it, or None where the peer has none of this dtype."""
    forward, derivative = (_peers_call(peer, name, direction, dtype) for direction in ("forward", "backward"))
    return Contestant(PEERS[peer], forward, derivative) if forward or derivative else None


def _states(peer: str, name: str, direction: str) -> bool:
    """Whether the peer's tables have the case; `peers.find` lets registry formulas stand in for NumPy idioms."""
    tables = [peers.TORCH] if peer == "torch" else [peers.NUMPY_WITH_SCIPY, peers.NUMPY, peers.NUMPY_TUNED]
    pair = next((table[name] for table in tables if name in table), (None, None))
    return pair[direction == "backward"] is not None


def _peers_call(peer: str, name: str, direction: str, dtype: str) -> Callable[[Array], Array] | None:
    if not peers.installed(peer) or not _states(peer, name, direction):
        return None
    kind = _type(dtype)

    @functools.cache
    def bound(size: int) -> tuple[peers.Operands, peers.Contestant | None]:
        x, out = np.zeros(size, kind), np.zeros(size, kind)
        operands = peers.Operands(x, np.ones(size, kind), get_activation(name), out)
        return operands, peers.find(peer, name, direction, operands)

    def call(x: Array) -> Array:
        operands, contestant = bound(x.size)
        assert contestant is not None
        np.copyto(operands.x, x)
        if "buffer" in contestant.statement:
            np.exp(-np.abs(x), out=operands.buffer)
        return contestant.result()

    try:
        with np.errstate(all="ignore"):
            return call if call(np.ones(2, kind)).dtype == kind else None
    except (TypeError, RuntimeError, AssertionError):  # not in this dtype
        return None


# ---- measurement ----------------------------------------------------------------------------------------------------


class Meter:
    """Measures the errors of several contestants in one function and dtype."""

    def __init__(self, name: str, dtype: str, contestants: Sequence[Contestant]) -> None:
        self.name, self.dtype, self.contestants = name, dtype, contestants
        self.form = format_of(_type(dtype))
        self.inputs = 0
        self.worst: dict[tuple[str, str], tuple[float, float | None]] = {
            (contestant.name, direction): (0.0, None) for contestant in contestants for direction, _ in contestant.directions()
        }
        self._difference, self._per_unit = np.empty(CHUNK), np.empty(CHUNK)

    def results(self) -> list[Result]:
        return [
            Result(self.name, self.dtype, contestant, direction, error, at, self.inputs)
            for (contestant, direction), (error, at) in self.worst.items()
        ]

    def measure(self, x: Array) -> None:
        """Measure at these inputs, at most CHUNK of them."""
        self.inputs += x.size
        evaluate: Callable[..., Any] = reference.exact if self.dtype == "float64" else reference.wide
        y, d, size = evaluate(self.name, x, *reference.defaults(self.name))
        if self.form.bits == 16:
            # rounded once to 16 bits, after the sum: the unit is that of the sum where it exceeds its terms
            size = np.maximum(size, np.abs(d))
        self._compare_all(x, (y, y), (d, size))

    def _compare_all(self, x: Array, value: tuple[Any, Any], slope: tuple[Any, Any]) -> None:
        for directions, (wanted, sizes) in ((DIRECTIONS[:1], value), (DIRECTIONS[1:], slope)):
            per_unit = None if self.dtype == "float64" else self._units(sizes)
            for direction in directions:
                for computed, names in self._different(direction, x):
                    self._compare(names, direction, computed, x, wanted, sizes, per_unit)

    def _different(self, direction: str, x: Array) -> list[tuple[Array, list[str]]]:
        """The results in one direction, and whose they are: most backends give the same bits, which are compared once."""
        found: list[tuple[Array, list[str]]] = []
        bits = self.form.unsigned
        for contestant in self.contestants:
            call = dict(contestant.directions()).get(direction)
            if call is None:
                continue
            computed = call(x)
            for other, names in found:
                if np.array_equal(computed.view(bits), other.view(bits)):
                    names.append(contestant.name)
                    break
            else:
                found.append((computed, [contestant.name]))
        return found

    def _units(self, sizes: Array) -> Array:
        """1 / ulp, up to the factor 2^digits: the power of two is made of the exponent's bits."""
        per_unit = self._per_unit[: sizes.size]
        bits = per_unit.view(np.int64)
        np.bitwise_and(sizes.view(np.int64), 0x7FF << 52, out=bits)
        np.clip(bits, (1023 + self.form.lowest) << 52, (1022 + self.form.overflow) << 52, out=bits)
        np.subtract(2046 << 52, bits, out=bits)
        return per_unit

    def _compare(
        self, names: list[str], direction: str, computed: Array, x: Array, wanted: Any, sizes: Any, per_unit: Array | None
    ) -> None:
        worst = min(self.worst[name, direction][0] for name in names)
        if per_unit is not None:
            errors = self._difference[: x.size]
            np.copyto(errors, computed)  # and convert: NumPy's mixed arithmetic is slower
            np.subtract(errors, wanted, out=errors)
            np.multiply(errors, per_unit, out=errors)
            if max(errors.max(), -errors.min()) * 2.0**self.form.digits <= worst:  # infinities and NaNs are not
                return
        errors = reference.ulp_errors(computed, wanted, sizes)
        largest, at = float(errors.max()), float(x[errors.argmax()])
        for name in names:
            if largest > self.worst[name, direction][0]:
                self.worst[name, direction] = largest, at


@dataclass(frozen=True)
class Task:
    """A part of the inputs of one function and dtype: bit patterns start, start + step, ... below stop; of float64 a sample.

    `backends` are names of backends, `peers` keys of `PEERS`; `from_output` is whether to measure that direction, too.
    """

    name: str
    dtype: str
    backends: tuple[str, ...]
    peers: tuple[str, ...] = ()
    start: int = 0
    stop: int = 0
    step: int = 1
    from_output: bool = True

    @property
    def size(self) -> int:
        return len(range(self.start, self.stop, self.step))

    def inputs(self) -> Iterator[Array]:
        """The inputs, in chunks."""
        if self.dtype == "float64":
            rng = np.random.default_rng([self.start, self.stop])
            yield reference.stratified(np.float64, self.stop - self.start, rng)
            return
        for first in range(self.start, self.stop, self.step * CHUNK):
            patterns = np.arange(first, min(self.stop, first + self.step * CHUNK), self.step, dtype=np.uint32)
            yield from_bits(patterns, _type(self.dtype))

    def run(self) -> list[Result]:
        """Measure."""
        contestants: list[Contestant | None] = [
            *(of_backend(backend, self.name, self.dtype, self.from_output) for backend in self.backends),
            *(of_peer(peer, self.name, self.dtype) for peer in self.peers),
        ]
        meter = Meter(self.name, self.dtype, [contestant for contestant in contestants if contestant])
        _keep_freed_memory()
        with ExitStack() as stack, np.errstate(all="ignore"):
            for peer in self.peers:
                stack.enter_context(peers.threads(1, peer))
            for x in self.inputs():
                meter.measure(x)
        return meter.results()


@functools.cache
def _keep_freed_memory() -> None:
    """Have glibc keep what is freed for the next intermediate result, which it otherwise returns and maps anew: a third faster.

    It learns that from the first large block that is freed.
    """
    np.empty(31 << 20, np.uint8)


def tasks(
    name: str, dtype: str, on: Sequence[str], against: Sequence[str] = (), exhaustive: bool = False, points: int = FLOAT64_POINTS
) -> list[Task]:
    """What there is to do for one function and dtype: on these backends, and by these peers.

    16-bit types are always complete. float32 is with `exhaustive`, which is all finite numbers; otherwise a sample of some
    eight million, of every magnitude, dense where activations bend. float64 is a sample of `points`.
    """
    task = Task(name, dtype, tuple(on), tuple(against))
    if dtype == "float64":
        portion = 1000  # mpmath takes half a second for so many
        return [replace(task, start=i, stop=min(points, i + portion)) for i in range(0, points, portion)]
    form = format_of(_type(dtype))
    signs = (0, 1 << (form.bits - 1))
    if dtype != "float32":
        return [replace(task, start=sign, stop=sign + form.infinity) for sign in signs]
    if exhaustive:
        starts = ((sign, first) for sign in signs for first in range(0, form.infinity, TASK))
        # from the output, where there is no bound, nothing is to be had from so many
        task = replace(task, from_output=False)
        return [replace(task, start=sign + first, stop=sign + min(form.infinity, first + TASK)) for sign, first in starts]
    low, high = np.array(BENDING, np.float32).view(np.uint32).tolist()
    ranges = ((0, form.infinity, STEP), (low, high, BENDING_STEP), (form.infinity - 1, form.infinity, 1))
    return [replace(task, start=sign + a, stop=sign + b, step=step) for sign in signs for a, b, step in ranges]


def disagreements(name: str, dtype: str, on: Sequence[str]) -> list[str]:
    """What is wrong at NaN, which must give NaN, and at the infinities, where all backends must give what NumPy's does.

    The NaNs are all there are of 16 bits, of the others a few thousand, signalling ones among them.
    """
    form = format_of(_type(dtype))
    nans = np.arange(form.infinity + 1, 1 << (form.bits - 1), max(1, (1 << form.digits) // 2039), dtype=form.unsigned)
    nan = from_bits(np.concatenate([nans, nans | form.unsigned.type(1 << (form.bits - 1))]), _type(dtype))
    infinities = from_bits(np.array([form.infinity, form.infinity | 1 << (form.bits - 1)], form.unsigned), _type(dtype))
    complaints = []
    with np.errstate(all="ignore"):
        plain = dict(of_backend("numpy", name, dtype).directions())
        for backend in on:
            for direction, call in of_backend(backend, name, dtype).directions():
                case = f"{name} {direction}, {dtype}, {backend}"
                chunks = [call(chunk).astype(np.float64) for chunk in np.array_split(nan, nan.size // CHUNK + 1)]
                numbers = np.count_nonzero(~np.isnan(np.concatenate(chunks)))
                if numbers:
                    complaints.append(f"{case}: NaN gives a number ({numbers} of {nan.size} NaNs)")
                got, wanted = (function(infinities).copy() for function in (call, plain[direction]))
                if not _agree(got, wanted, direction):
                    complaints.append(f"{case}: {got} at inf and -inf, where NumPy's formula gives {wanted}")
    return complaints


def _agree(got: Array, wanted: Array, direction: str) -> bool:
    """Whether what is not finite is the same, and the rest but for rounding; forward, zero has the same sign, too."""
    errors = reference.ulp_errors(got, wanted.astype(np.float64))
    close = np.isfinite(wanted) & np.isfinite(got) & ((errors <= 4) | (direction == "backward from y"))
    same_sign = np.signbit(got) == np.signbit(wanted)
    return bool(np.all(((errors == 0) | close) & (same_sign | np.isnan(wanted) | (direction != "forward"))))


# ---- many tasks -----------------------------------------------------------------------------------------------------


def processors() -> int:
    """How many this process may use."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(work: Sequence[Task], jobs: int | None = None) -> Iterator[tuple[Task, list[Result]]]:
    """Measure in `jobs` processes (default: as many as there are processors), in this one if it is 1; tasks as they are done."""
    jobs = min(jobs or processors(), len(work))
    if jobs <= 1:
        for task in work:
            yield task, task.run()
        return
    # a worker must not be interrupted: it inherits that, which is sooner than to tell it
    others = multiprocessing.active_children()
    with _no_interrupts():
        pool = concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _ignore_interrupts)
        futures = {pool.submit(task.run): task for task in work}
    try:
        for future in concurrent.futures.as_completed(futures):
            yield futures.pop(future), future.result()
    except BaseException:
        for worker in multiprocessing.active_children():
            if worker not in others:
                worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def measure_groups(work: Sequence[Task], bars: Bars, jobs: int | None = None) -> Iterator[list[Result]]:
    """The same, all results of a function and dtype together, as soon as they are complete."""
    left = Counter((task.name, task.dtype) for task in work)
    found: dict[tuple[str, str], list[Result]] = {}
    for task, results in measure(work, jobs):
        bars.advance(task)
        group = task.name, task.dtype
        left[group] -= 1
        found[group] = merge([*found.get(group, ()), *results])
        if not left[group]:
            yield found.pop(group)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# ---- the command ----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact verify`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these functions")
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, help="only these (default: all)")
    parser.add_argument("--backend", nargs="+", metavar="NAME", help="only these (default: all that are available)")
    parser.add_argument("--exhaustive", action="store_true", help="all finite float32 inputs: minutes per function")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file, too")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one a processor)")


def run(options: argparse.Namespace) -> int:
    """Measure as the options say; the exit status."""
    fail: Callable[[str], NoReturn] = options.fail
    try:
        names = list(dict.fromkeys(get_activation(name).name for name in options.names or activations))
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
    if options.json and not options.json.absolute().parent.is_dir():
        fail(f"argument --json: there is no directory {str(options.json.parent)!r}")
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 100)  # a file or a pipe has no width of its own
    dtypes = options.dtype or [dtype for dtype in DTYPES if supported(dtype)]
    return Run(options, names, list(dict.fromkeys(dtypes)), list(dict.fromkeys(on)), console).run()


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
        complaints = [c for name in self.names for dtype in self.dtypes for c in disagreements(name, dtype, self.backends)]
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
            for results in measure_groups(self.work, Bars(progress, self.work), self.options.jobs):
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


def as_json(result: Result) -> dict[str, Any]:
    """A result as JSON has it, which knows no infinity."""
    error = result.error if math.isfinite(result.error) else None
    return {**asdict(result), "error": error, "bound": result.bound, "passed": result.passed}


def from_json(found: dict[str, Any]) -> Result:
    """The inverse of `as_json`."""
    fields = {key: value for key, value in found.items() if key not in ("bound", "passed")}
    return Result(**{**fields, "error": math.inf if fields["error"] is None else fields["error"]})


def told(result: Result) -> str:
    """A result as a sentence."""
    at = "" if result.at is None else f" at {_type(result.dtype)(result.at)!s}"
    bound = "" if result.bound is None else f", where {result.bound:g} are declared"
    return f"{result.name} {result.direction}, {result.dtype}, {result.contestant}: {figure(result.error)} ULP{at}{bound}"


def figure(error: float) -> str:
    """An error in few characters: 0.52, 12, 1.7e7."""
    if error < 100:
        return "0" if error == 0 else f"{error:.2f}" if error < 10 else f"{error:.0f}"
    if error < 1e4:
        return f"{error:.0f}"
    return re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", f"{error:.1e}") if math.isfinite(error) else "inf"


def table(results: Sequence[Result]) -> Table:
    """The results, a line a function, dtype and backend, but one for backends that agree."""
    from rich import box
    from rich.table import Table

    found = Table(box=box.SIMPLE)
    for title in ("function", "dtype", "backend"):
        found.add_column(title, no_wrap=title != "backend")
    for title in ("forward", "backward", "from y"):
        found.add_column(title, justify="right", no_wrap=True)
    lines: dict[tuple[str, str], dict[str, dict[str, Result]]] = {}
    for result in results:
        lines.setdefault((result.name, result.dtype), {}).setdefault(result.contestant, {})[result.direction] = result
    previous = None
    for (name, dtype), contestants in lines.items():
        if previous not in (None, name):
            found.add_section()
        alike: dict[tuple[str, ...], list[str]] = {}
        for contestant, directions in contestants.items():
            cells = tuple(_cell(directions.get(direction)) for direction in DIRECTIONS)
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
