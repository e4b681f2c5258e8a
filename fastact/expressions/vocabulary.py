"""What may be called in a formula: the functions of `elementary.py`, every activation of the catalogue, and their derivatives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping

from ..functions import aliases, entries, meant, records
from ..functions.entry import Entry
from .elementary import FUNCTIONS
from .expansion import applied
from .nodes import Node, Number
from .text import parsed


@functools.cache
def find(name: str) -> Callable[..., Node] | None:
    """What this name stands for in a formula, a function from nodes to a node; None for what is unknown."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    base = name.removesuffix("_derivative")
    record = entries.get(base) or aliases.get(base)
    if record is None:
        try:
            record = meant(base)
        except ValueError:
            return None
    return activation_call(record, derivative=name != base) if isinstance(record, Entry) else None


def nearest(name: str) -> str:
    """A name that may have been meant, as a question; nothing where none is near."""
    import difflib  # needed for errors alone

    if records.get(name) is not None:
        return f": {name} is no elementwise activation"

    found = difflib.get_close_matches(name, [*FUNCTIONS, *entries, *aliases], n=1)
    return f"; did you mean {found[0]}?" if found else ""


def read(text: str, names: Mapping[str, Node] | None = None) -> Node:
    """The expression that a text means, which may contain all that is known here."""
    return parsed(text, names or {}, find, nearest)


def called(name: str, function: Callable[..., Node], *operands: Node, **keywords: Node) -> Node:
    """What a function gives; TypeError where it takes other arguments."""
    try:
        inspect.signature(function).bind(*operands, **keywords)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    return function(*operands, **keywords)


def activation_call(entry: Entry, derivative: bool = False) -> Callable[..., Node]:
    """The activation, or its derivative, as a function from nodes to a node: its parameters by keyword or in order."""
    known = [p.name for p in entry.parameters]

    def call(x: Node, /, *given: Node, **named: Node) -> Node:
        if len(given) > len(known):
            raise TypeError(f"{entry.name} has the parameters {', '.join(known) or 'x alone'}; {len(given)} are given")
        values = dict(zip(known, given, strict=False))
        for name, node in named.items():
            if name not in known:
                raise TypeError(f"{entry.name} has no parameter {name!r}; its parameters: {', '.join(known) or 'none'}")
            if name in values:
                raise TypeError(f"{entry.name} is given {name} twice")
            values[name] = node
        for p in entry.parameters:
            number = values.get(p.name)
            if isinstance(number, Number) and not p.admits(number.value):
                raise ValueError(f"{entry.name}: {p.name} must be {p.domain}, not {number.value:g}")
        return applied(entry, x, [values.get(p.name, Number(p.default)) for p in entry.parameters], derivative)

    return call
