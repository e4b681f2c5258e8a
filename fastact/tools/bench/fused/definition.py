"""What a fused function's entry says, and helpers for its textbook definition.

The definition is evaluated with NumPy's widest floating type, on the very operands that are timed. It is independent of
everything else in the package but the activations' own formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from ....functions.entry import Entry
from ...directions import Direction
from ...peers.operands import Operands
from ...peers.peer import Subject

Array = np.ndarray[Any, np.dtype[Any]]

#: What a call should give: each of its results with the magnitudes in whose ULP its error is measured.
Wanted = list[tuple[Array, Array]]

#: The length of the rows of a layer with a bias or a gated unit.
LONG_ROW = 4096

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class ByDirection(Generic[_Value]):
    """Something that differs between the two directions that every function has."""

    forward: _Value
    backward: _Value

    def of(self, direction: Direction) -> _Value:
        """That of one direction."""
        return self.forward if direction == Direction.FORWARD else self.backward


class WideOperands:
    """The operands of a case by name, as wide as NumPy has floating numbers."""

    def __init__(self, operands: Operands) -> None:
        self.operands = operands

    def __getattr__(self, name: str) -> Array:
        array: Array = getattr(self.operands, name)
        return array.astype(np.longdouble) if array.dtype.kind == "f" else array


Textbook = ByDirection[Callable[[WideOperands], Wanted]]


@dataclass(frozen=True, kw_only=True)
class Fused(Subject):
    """A function that is no activation: its statements, and what it should give.

    Attributes
    ----------
    function : str
        Its name on a backend.
    textbook : Textbook
        The results wanted, forward and backward, of `WideOperands`.
    row : int
        The length of its rows, unless another is asked for; 0: as many as there are rows.
    arrays : ByDirection of int
        How many arrays of the input's size must cross memory.
    ulp : ByDirection of float
        The largest error allowed in float32.
    """

    function: str
    textbook: Textbook
    row: int = 256
    arrays: ByDirection[int] = ByDirection(2, 3)
    ulp: ByDirection[float] = ByDirection(4, 4)

    @property
    def output(self) -> str:
        """fastact's statement that computes the output."""
        assert self.statements is not None
        forward = self.statements["fastact"].forward
        assert forward is not None
        return forward


def activation(entry: Entry, z: Array) -> tuple[Array, Array, Array]:
    """An activation, its derivative and that one's largest term, by the record's formulas, which are made for float64."""
    from ... import reference  # needs mpmath and SciPy, which may be missing

    z = z.astype(np.float64)
    defaults = [p.default for p in entry.parameters]
    slope = entry.derivative(z, *defaults)
    return entry.forward(z, *defaults), slope, np.fmax(np.abs(slope), reference.wide(entry.name, z, *defaults)[2])


def alone(definition: Callable[[WideOperands], Array]) -> Callable[[WideOperands], Wanted]:
    """The definition of one result, its error measured in ULP of itself."""

    def wanted(a: WideOperands) -> Wanted:
        value = definition(a)
        return [(value, value)]

    return wanted
