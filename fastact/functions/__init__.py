"""What there is: one record for each function. Pure data: formulas in NumPy, parameters, properties, documentation.

A family has a module; what a module defines is found by its type, so that a new function is added in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import TypeVar

from . import algebraic, exponential, gated, losses, names, normal, periodic, piecewise, rows, sampled, sigmoid
from .entry import Entry
from .gated import GatedUnit
from .losses import Loss
from .record import Record
from .rows import RowFunction
from .sampled import SampledFunction

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
#: The functions of rows that draw noise by name.
sampled_functions = _defined(SampledFunction, sampled)
#: The losses by name.
loss_functions = _defined(Loss, losses)

#: Every function by name, without aliases.
records: dict[str, Record] = {**entries, **units, **row_functions, **sampled_functions, **loss_functions}
#: The records by their other names.
aliases: dict[str, Record] = {alias: record for record in records.values() for alias in record.aliases}
#: The public names of the functions.
public: tuple[str, ...] = (*records, *aliases)
#: Both by what counts of a name.
_BY_KEY: dict[str, Record] = {names.key(name): record for name, record in {**aliases, **records}.items()}


def find(name: str) -> Record | None:
    """The record of this name or alias, if there is one."""
    return records.get(name) or aliases.get(name)


def units_of(entry: Entry) -> list[GatedUnit]:
    """The gated units whose gate is this activation's."""
    return [unit for unit in units.values() if unit.activation is entry]


def meant(name: str) -> Record | None:
    """The record that a user means by this name, in whatever spelling and by whatever library; see `names.py`.

    ValueError where no function is meant by the name, and something else is to be written.
    """
    found = find(name)
    if found is not None:
        return found
    wanted = names.key(name)
    record = _BY_KEY.get(wanted) or records.get(names.BY_KEY.get(wanted, ""))
    if wanted in names.REFUSED and not (record and names.spelled_as(name, record.name)):
        raise ValueError(f"there is no function {name!r}; instead: {names.REFUSED[wanted]}")
    return record


def no_such(what: str, name: object, known: Iterable[str]) -> str:
    """The message for a name that is none of the known ones."""
    return f"there is no {what} {name!r}; {suggestion(name, known)}"


def suggestion(name: object, known: Iterable[str]) -> str:
    """What to tell of a name that is none of the known ones: the nearest, others' names among them, or else all."""
    import difflib  # needed for errors alone

    known = list(known)
    spellings = {names.key(one): one for one in (*names.BY_KEY, *known)}
    spellings |= {names.key(one): one for table in names.OTHER_NAMES.values() for one, of in table.items() if of in known}
    wanted = names.key(str(name))
    near: dict[str, str] = {}  # of each function the nearest name, as far as it is about as near as the best
    best = 1.0
    for found in difflib.get_close_matches(wanted, spellings, n=6):
        likeness = difflib.SequenceMatcher(None, found, wanted).ratio()
        best = likeness if not near else best
        function = names.BY_KEY.get(found, spellings[found])
        if function in known and likeness > best - 0.05:
            near.setdefault(function, spellings[found])
    if not near:
        return f"there are {', '.join(known)}"
    *others, last = [repr(one) + (f" ({function})" if one != function else "") for function, one in list(near.items())[:3]]
    return f"did you mean {', '.join(others) + ' or ' if others else ''}{last}?"
