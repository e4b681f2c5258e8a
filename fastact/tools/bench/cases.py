"""What is measured: the list of cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ... import backends
from ...api import get, get_activation
from ...calls.define import Defined
from ...functions import entries, row_functions
from ...functions.entry import Entry
from ..directions import BOTH, Direction
from ..peers.peer import Subject
from .fused import FUSED

SIZES = (16, 256, 4_096, 65_536, 1_048_576, 16_777_216)


def subject_of(name: str) -> Subject:
    """What the peers are asked for: an activation, or a fused function."""
    return FUSED.get(name) or Subject(name=name, entry=entry_of(name))


def entry_of(name: str) -> Entry | None:
    """The record of an activation, of a user's own, too; None for a fused function."""
    if name in FUSED:
        return None
    return entries[name] if name in entries else get_activation(name)._entry


def is_own(name: str) -> bool:
    """Whether it is an activation that a user defined."""
    return name not in FUSED and name not in entries


@dataclass(frozen=True)
class Case:
    """One function in one direction; of a loss, "backward" is loss and gradient together.

    Attributes
    ----------
    name : str
        An activation, a user's own as it was asked for, or a key of `FUSED`.
    direction : Direction
        Forward, backward or backward from the output.
    row : int
        The length of a fused function's rows, where not the usual.
    """

    name: str
    direction: Direction
    row: int = 0

    @property
    def key(self) -> tuple[Subject, Direction]:
        """What the peers are asked for."""
        return subject_of(self.name), self.direction

    @property
    def title(self) -> str:
        """The name, and the length of the rows where it was asked for."""
        return f"{self.name}, rows of {self.row:,}" if self.row else self.name

    def function(self, backend: backends.Backend) -> Any:
        """fastact's function on a backend."""
        if is_own(self.name):
            return backend.bind(get_activation(self.name))
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
        if self.name in FUSED:
            return FUSED[self.name].arrays.of(self.direction)
        return 2 if self.direction == Direction.FORWARD else 3


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
        for direction in (Direction if from_output and _has_from_output(name) else BOTH)
    ]


def _canonical(name: str) -> str:
    if name in FUSED:
        return name
    function = get_activation(name) if ":" in name else get(name)
    if isinstance(function, Defined):
        return name
    found: str = function.name
    if found not in entries and found not in FUSED:
        file = "rows.py" if found in row_functions else "losses.py"
        raise ValueError(f"fastact/tools/bench/fused/{file}: no entry of the record {found} (fastact/functions/{file})")
    return found


def _has_from_output(name: str) -> bool:
    return name in entries and entries[name].derivative_from_output is not None


# ---- layers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    """A fused function at the size of a layer in use: its directions, rows and their length."""

    name: str
    directions: tuple[Direction, ...]
    rows: int
    row: int


#: What `--fused` measures.
LAYERS = (
    Layer("relu+bias", BOTH, 512, 4_096),
    Layer("gelu+bias", BOTH, 512, 4_096),
    Layer("swiglu", BOTH, 512, 4_096),
    Layer("softmax", (Direction.FORWARD,), 104_857, 10),
    Layer("softmax", (Direction.FORWARD,), 16_384, 64),
    Layer("softmax", (Direction.FORWARD,), 1_048, 1_000),
    Layer("softmax", (Direction.FORWARD,), 32, 32_000),
    Layer("softmax", (Direction.FORWARD,), 1, 1_000_000),
    Layer("softmax-axis0", (Direction.FORWARD,), 1_000, 1_000),
    Layer("cross_entropy", (Direction.BACKWARD,), 4_096, 1_000),
    Layer("cross_entropy", (Direction.BACKWARD,), 256, 50_000),
)


def layer_names() -> list[str]:
    """The functions of `LAYERS`, each once."""
    return list(dict.fromkeys(layer.name for layer in LAYERS))


def layers(only: Sequence[str] | None = None) -> list[tuple[Case, int]]:
    """The cases of `LAYERS`, or those of the functions named, with their numbers of elements."""
    names = set(layer_names())
    chosen = names if only is None else set(map(_canonical, only))
    if chosen - names:
        raise ValueError(f"there is no layer with {', '.join(sorted(chosen - names))}")
    return [
        (Case(layer.name, direction, layer.row), layer.rows * layer.row)
        for layer in LAYERS
        if layer.name in chosen
        for direction in layer.directions
    ]
