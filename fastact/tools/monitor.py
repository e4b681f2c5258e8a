"""`fastact.monitor`: what activations do to a network while it runs, for each place in its code that calls one.

docs/network_health.md tells what the numbers mean. `fastact/calls/watching.py` makes the calls and has them looked at.
"""

from __future__ import annotations

import contextvars
import io
import math
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..calls import watching
from ..calls.watching import Counted, Observation, mark_fired
from ..runtime.hints import extra
from .panels import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PLACES = 10_000  # that are found at once; code that is made anew for each call never is
_MOST_WAITING = 256  # calls
_WATCHING = vars(watching)  # what the frames of its functions have as their globals
_BY = ("site", "name")


class Record:
    """What was seen of one activation at one place. A share is a number from 0 to 1; None where there is nothing that it is of.

    Attributes
    ----------
    label : str
        The name that was given; else ``file:line`` of the call or, with ``by="name"``, the activation's name.
    activation : str
        The activation's name, or the gated unit's.
    backward_calls : int
        Calls of `backward`.
    """

    def __init__(self, label: str, activation: str) -> None:
        self.label, self.activation = label, activation
        self.backward_calls = 0
        self._gradients, self._derivatives = Observation(), Observation()
        # What was counted of outputs waits here to be added, many at once: of activations without a flat end, and with one.
        self._waiting: tuple[list[Counted], list[Counted]] = [], []
        self._added, self._calls, self._bounded = Observation(), 0, 0  # bounded are elements that may be at a flat end
        self._lock = threading.Lock()
        self._fired: dict[int, np.ndarray] = {}  # by the length of the last axis, for each unit whether it ever fired
        self._alive: set[int] = set()  # the lengths of which all have: there is nothing more to ask

    def _add_waiting(self) -> None:
        """Add what waits. Calls on other threads may append meanwhile: that waits for the next time."""
        with self._lock:
            for has_ends, waiting in enumerate(self._waiting):
                taken = waiting[:]
                del waiting[: len(taken)]
                self._added.add_all(taken)
                self._calls += len(taken)
                if has_ends:
                    self._bounded += sum([counted[0] - counted[1] for counted in taken])  # NaN is nowhere

    @property
    def _outputs(self) -> Observation:
        """What was counted of all outputs."""
        self._add_waiting()
        return self._added

    @property
    def calls(self) -> int:
        """The calls that gave outputs: the forward ones, and those of `value_and_grad`."""
        self._add_waiting()
        return self._calls

    def _add_fired(self, fired: np.ndarray) -> None:
        """Add which units fired in a call."""
        units = len(fired)
        known = self._fired.setdefault(units, fired)
        known |= fired
        if known.all():
            self._alive.add(units)

    @property
    def elements(self) -> int:
        """The outputs' elements, in all calls."""
        return self._outputs.elements

    @property
    def zeros(self) -> float | None:
        """The share of outputs that are 0: the sparsity."""
        return _share(self._outputs.zeros, self._outputs.elements)

    @property
    def units(self) -> int | None:
        """The length of the outputs' last axis, if they have two axes or more. Several lengths add up."""
        return sum(self._fired) if self._fired else None

    @property
    def dead(self) -> int | None:
        """How many units never fired: every output of theirs was 0, in all calls."""
        return sum(int(np.count_nonzero(fired == 0)) for fired in self._fired.values()) if self._fired else None

    @property
    def saturated_low(self) -> float | None:
        """The share of outputs at the lower flat end; None for activations without a flat end."""
        return _share(self._outputs.low, self._bounded)

    @property
    def saturated_high(self) -> float | None:
        """The share of outputs at the upper flat end."""
        return _share(self._outputs.high, self._bounded)

    @property
    def saturated(self) -> float | None:
        """The share of outputs at either."""
        return _share(self._outputs.low + self._outputs.high, self._bounded)

    @property
    def mean(self) -> float | None:
        """The mean of the finite outputs."""
        return self._outputs.mean if self._outputs.finite else None

    @property
    def std(self) -> float | None:
        """Their standard deviation."""
        finite = self._outputs.finite
        return math.sqrt(self._outputs.deviations / finite) if finite else None

    @property
    def vanished(self) -> float | None:
        """The share of gradients of which less than a thousandth is left: abs(dx) < 0.001 * abs(dy), of those with a dy that is
        not 0. Derivatives that `value_and_grad` gave count as gradients for a dy of 1.
        """
        gradients = self._gradients.gradients + self._derivatives.gradients
        return _share(self._gradients.vanished + self._derivatives.vanished, gradients)

    @property
    def gradient_rms(self) -> float | None:
        """The root of the mean square of the finite dx."""
        finite = self._gradients.finite
        return math.sqrt(self._gradients.deviations / finite + self._gradients.mean**2) if finite else None

    @property
    def nan(self) -> int:
        """NaN among outputs, gradients and derivatives."""
        return self._outputs.nans + self._gradients.nans + self._derivatives.nans

    @property
    def inf(self) -> int:
        """Infinities among them."""
        return self._outputs.infinities + self._gradients.infinities + self._derivatives.infinities

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON takes it: None also for a number that overflowed."""
        found = {name: getattr(self, name) for name in ("label", "activation", "calls", "backward_calls", *_NUMBERS)}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in found.items()}

    def __repr__(self) -> str:
        return f"<record of {self.activation} at {self.label!r}: {self.calls} calls, {self.backward_calls} backward>"


_NUMBERS = (
    *("elements", "zeros", "units", "dead", "saturated_low", "saturated_high", "saturated", "mean", "std"),
    *("vanished", "gradient_rms", "nan", "inf"),
)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


class Monitor:
    """What `fastact.monitor` gives: a context manager that watches calls, and the records of what it saw.

    It is iterable, and has a length: its records, in the order of their first calls. ``m["layer 1"]`` is the record of this
    label, and ``m["layer 1", "relu"]`` that of one activation of several there.
    """

    def __init__(self, by: str = "site") -> None:
        if by not in _BY:
            raise ValueError(f"monitor: by must be one of {', '.join(map(repr, _BY))}, not {by!r}")
        self.by = by
        self._by_name = by == "name"
        self._records: dict[tuple[str, str], Record] = {}
        self._lock = threading.Lock()
        self._on = False
        self._named_any = False  # whether there was ever a name
        self._name: contextvars.ContextVar[str | None] = contextvars.ContextVar("fastact.monitor.name", default=None)
        self._places: dict[tuple[int, int, Any], Record] = {}  # where calls were made, and the record of each
        self._codes: list[CodeType] = []  # which are to be found there by their id: it stays theirs while they are held

    def __enter__(self) -> Self:
        with self._lock:
            if self._on:
                raise RuntimeError("this monitor is on already; fastact.monitor() makes another")
            self._on = True
        watching.start(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        watching.stop(self)
        self._on = False

    @contextmanager
    def name(self, name: str) -> Iterator[None]:
        """Name what is called in a block: ``with m.name("layer 1"):``. Blocks in a block give ``"encoder/layer 1"``.

        It is for this thread, or task of asyncio, alone: a thread that is started in the block has no name.
        """
        if not isinstance(name, str) or not name:
            raise TypeError(f"monitor.name: the name must be a text, not {name!r}")
        self._named_any = True
        outer = self._name.get()
        token = self._name.set(name if outer is None else f"{outer}/{name}")
        try:
            yield
        finally:
            self._name.reset(token)

    def clear(self) -> None:
        """Forget all that was seen, as between two epochs."""
        with self._lock:
            self._records, self._places, self._codes = {}, {}, []

    def record(
        self,
        function: Any,
        outputs: Counted | None,
        gradients: Counted | None,
        derivative: Counted | None,
        has_ends: bool,
        array: np.ndarray | None,
    ) -> None:
        """Add a call: `fastact.calls.watching` tells of it."""
        label = self._name.get() if self._named_any else None
        if label is not None:
            found = self._named(label, function)
        elif self._by_name:
            found = self._named(function.name, function)
        else:
            frame: Any = sys._getframe(1)
            while frame.f_globals is _WATCHING:
                frame = frame.f_back
            known = self._places.get((frame.f_lasti, id(frame.f_code), function))
            found = self._at(frame, function) if known is None else known
        fired = None
        if array is not None and array.shape[-1] not in found._alive:
            fired = np.zeros(array.shape[-1], np.uint8)
            mark_fired(function, array, fired)
        if outputs is not None:
            waiting = found._waiting[has_ends]
            waiting.append(outputs)
            if len(waiting) >= _MOST_WAITING:
                found._add_waiting()
            if gradients is None and derivative is None and fired is None:
                return
        with self._lock:
            if gradients is not None:
                found.backward_calls += 1
                found._gradients.add(gradients)
            if derivative is not None:
                found._derivatives.add(derivative)
            if fired is not None:
                found._add_fired(fired)

    def _named(self, label: str, function: Any) -> Record:
        """The record of this label."""
        found = self._records.get((label, function.name))
        return self._new_record(label, function.name) if found is None else found

    def _at(self, frame: Any, function: Any) -> Record:
        """The record of where a call was made: the first code outside the package."""
        place = frame
        while place.f_code.co_filename.startswith(_PACKAGE) and place.f_back is not None:
            place = place.f_back
        found = self._named(f"{_short(place.f_code.co_filename)}:{place.f_lineno}", function)
        if place is frame and len(self._codes) < _PLACES:  # found at once next time, while nothing else gets this id
            with self._lock:
                self._codes.append(frame.f_code)
                self._places[frame.f_lasti, id(frame.f_code), function] = found
        return found

    def _new_record(self, label: str, activation: str) -> Record:
        """The record of this label, made if there is none."""
        with self._lock:
            return self._records.setdefault((label, activation), Record(label, activation))

    def __iter__(self) -> Iterator[Record]:
        with self._lock:
            return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, key: str | tuple[str, str]) -> Record:
        records = list(self)
        if isinstance(key, tuple):
            found = [record for record in records if (record.label, record.activation) == key]
        else:
            found = [record for record in records if record.label == key]
        if len(found) > 1:
            names = ", ".join(record.activation for record in found)
            raise KeyError(f"{key!r} has records of {names}: give ({key!r}, {found[0].activation!r})")
        if not found:
            known = ", ".join(repr(record.label) for record in records) or "none yet"
            raise KeyError(f"no record of {key!r}; there are {known}")
        return found[0]

    def to_dict(self) -> dict[str, Any]:
        """All records as JSON takes them: ``{"by": "site", "records": [{"label": ..., "activation": ..., ...}, ...]}``."""
        return {"by": self.by, "records": [record.to_dict() for record in self]}

    def table(self) -> Table:
        """A table for the terminal, by rich; ``print(m)`` prints it. A dash stands where there is nothing to tell."""
        try:
            from .printing import new_table

            table = new_table(_TEXTS, [title for title, _ in _COLUMNS], wrapped=("where",))
        except ImportError as error:
            raise ImportError(_needs("the table", "rich")) from error
        for record in self:
            table.add_row(*_row(record))
        return table

    def plot(self, file: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the records as bars, by matplotlib, and write the picture to a file (PNG, SVG, PDF, ...) if one is given."""
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError(_needs("the picture", "matplotlib")) from error
        records = list(self)
        figure = Figure(figsize=(2.6 * len(_PANELS), 1.4 + 0.3 * max(1, len(records))), layout="constrained")
        axes = figure.subplots(1, len(_PANELS), sharey=True)
        for place, panel in zip(axes, _panels(records), strict=True):
            _draw(place, panel)
        axes[0].set_yticks(range(len(records)), [_beside(record) for record in records])
        axes[0].invert_yaxis()
        if file is not None:
            figure.savefig(file)
        return figure

    def __str__(self) -> str:
        table = self.table()
        from rich.console import Console

        text = io.StringIO()
        Console(file=text, width=max(_WIDTH, shutil.get_terminal_size().columns)).print(table)
        return "\n".join(line.rstrip() for line in text.getvalue().rstrip().split("\n") if line.strip())

    def _repr_html_(self) -> str:
        """What a notebook shows of it: the table and the picture, made without any other package."""
        from .notebook.records import html

        records = list(self)
        titles = [*_TEXTS, *(title for title, _ in _COLUMNS)]
        return html(titles, list(map(_row, records)), len(_TEXTS), _panels(records), list(map(_beside, records)))

    def __repr__(self) -> str:
        return f"<monitor by {self.by}: {len(self)} records>"


def _short(path: str) -> str:
    """A path from the working folder, if it is in there."""
    folder = os.getcwd() + os.sep
    return path[len(folder) :] if path.startswith(folder) else path


def _needs(what: str, package: str) -> str:
    return f"{what} of a monitor needs {package}, which is not installed: {extra('monitor')}"


# ---- the table ------------------------------------------------------------------------------------------------------

_TEXTS = ("where", "activation")
#: Titles, and how the numbers are told.
_COLUMNS = (
    *(("calls", "count"), ("backward", "count"), ("elements", "count"), ("zeros", "share"), ("dead", "of")),
    *(("saturated", "share"), ("mean", "number"), ("std", "number"), ("vanished", "share"), ("rms dx", "number")),
    *(("NaN", "count"), ("inf", "count")),
)
_WIDTH = 140  # columns of text that a table takes at least


def _row(record: Record) -> list[str]:
    return [record.label, record.activation, *(_told(kind, value) for kind, value in _cells(record))]


def _cells(record: Record) -> list[tuple[str, Any]]:
    dead = None if record.dead is None else (record.dead, record.units)
    values = (
        *(record.calls, record.backward_calls, record.elements, record.zeros, dead, record.saturated, record.mean, record.std),
        *(record.vanished, record.gradient_rms, record.nan, record.inf),
    )
    return [(kind, value) for (_, kind), value in zip(_COLUMNS, values, strict=True)]


def _told(kind: str, value: Any) -> str:
    if value is None:
        return "-"
    if kind == "share":
        return f"{value:.1%}"
    if kind == "of":
        return f"{value[0]} of {value[1]}"
    return _told_count(value) if kind == "count" else f"{value:.3g}"


def _told_count(count: int) -> str:
    """A count in at most five characters: 65.5k."""
    value, unit = float(count), ""
    for unit in ("", "k", "M", "G", "T", "P"):
        if value < 999.5 or unit == "P":
            break
        value /= 1000
    return f"{value:.3g}{unit}"


# ---- the picture ----------------------------------------------------------------------------------------------------

_PANELS = (
    ("zeros", ("zeros",)),
    ("dead units", ("dead",)),
    ("saturated, low and high", ("saturated_low", "saturated_high")),
    ("mean and spread", ("mean",)),
    ("vanished gradients", ("vanished",)),
    ("rms of dx", ("gradient_rms",)),
)


def _panels(records: list[Record]) -> list[Panel]:
    return [_panel(title, names, records) for title, names in _PANELS]


def _beside(record: Record) -> str:
    """What stands beside its bars."""
    return f"{Path(record.label).name}  {record.activation}"


def _panel(title: str, names: tuple[str, ...], records: list[Record]) -> Panel:
    """One number of all records."""
    parts = tuple(np.array([_drawn(record, name) for record in records], np.float64) for name in names)
    if title == "rms of dx":
        return Panel(title, parts, log=bool((parts[0] > 0).any()))
    if title == "mean and spread":
        return Panel(title, parts, spread=np.array([record.std or 0.0 for record in records], np.float64))
    return Panel(title, parts, share=True)


def _draw(axes: Any, panel: Panel) -> None:
    """A panel in matplotlib's axes."""
    axes.set_title(panel.title, fontsize="medium")
    left = np.zeros(len(panel.parts[0]), np.float64)
    spread = {} if panel.spread is None else {"xerr": panel.spread}
    for values in panel.parts:
        axes.barh(np.arange(len(values)), values, left=left, height=0.6, **spread)
        left += np.nan_to_num(values)
    if panel.log:
        axes.set_xscale("log")
    elif panel.share:
        axes.set_xlim(*panel.ends())


def _drawn(record: Record, name: str) -> float:
    value = getattr(record, name)
    if name == "dead" and value is not None:
        value = value / max(1, record.units or 0)
    return float("nan") if value is None or not math.isfinite(value) else float(value)
