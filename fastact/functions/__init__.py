"""What there is: one record for each function. Pure data: formulas in NumPy, parameters, properties, documentation.

A family has a module; what a module defines is found by its type, so that a new function is added in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import TypeVar

from . import algebraic, exponential, gated, losses, normal, periodic, piecewise, rows, sigmoid
from .entry import Entry
from .gated import GatedUnit
from .losses import Loss
from .record import Record
from .rows import RowFunction

_Kind = TypeVar("_Kind", bound=Record)


def _defined(kind: type[_Kind], *modules: ModuleType) -> dict[str, _Kind]:
    """The records of this type that the modules define, by name, in the order in which they are defined."""
    found: dict[str, _Kind] = {}
    for module in modules:
        for name, record in vars(module).items():
            if isinstance(record, kind):
                if name != record.name:
                    raise ValueError(f"{module.__name__}: the record {record.name!r} is called {name!r} there")
                found[name] = record
    return found


#: The elementwise activations by name.
entries = _defined(Entry, piecewise, exponential, sigmoid, normal, algebraic, periodic)
#: The gated units by name.
units = _defined(GatedUnit, gated)
#: The functions of rows by name.
row_functions = _defined(RowFunction, rows)
#: The losses by name.
loss_functions = _defined(Loss, losses)

#: Every function by name, without aliases.
records: dict[str, Record] = {**entries, **units, **row_functions, **loss_functions}
#: The records by their other names.
aliases: dict[str, Record] = {alias: record for record in records.values() for alias in record.aliases}


def find(name: str) -> Record | None:
    """The record of this name or alias, if there is one."""
    return records.get(name) or aliases.get(name)


def units_of(entry: Entry) -> list[GatedUnit]:
    """The gated units whose gate is this activation's."""
    return [unit for unit in units.values() if unit.activation is entry]


def no_such(what: str, name: object, known: Iterable[str]) -> str:
    """The message for a name that is none of the known ones: it suggests the nearest, or lists them."""
    import difflib  # needed for errors alone

    near = difflib.get_close_matches(str(name), list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    return f"there is no {what} {name!r}; {hint}"
