"""The parts of a compiled backend."""

from __future__ import annotations

from typing import Any

from ...calls.bound import Bound
from ...functions.record import Call
from ..implementation import Implementation
from . import elementwise
from .tables import table


def class_of(call: Call) -> type[Bound]:
    """The class of the functions that are called so."""
    if call in elementwise.CLASSES:
        return elementwise.CLASSES[call]
    from . import rows

    return rows.CLASSES[call]


def load(name: str, exact: bool) -> Implementation:
    """The parts with the loops of this instruction set."""

    def arithmetic() -> Any:
        from .rows import row_arithmetic

        return row_arithmetic(name, exact)

    return Implementation(f"{table(name).compiler}, {table(name).flags}", class_of, rows=arithmetic, losses=arithmetic)
