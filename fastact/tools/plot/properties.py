"""What is told of an activation beside its curve: its parameters, its error, its properties."""

from __future__ import annotations

from collections.abc import Iterator

from ...functions.entry import Entry

#: What `Info` answers by yes or no, and how that is said.
ANSWERS = {
    "monotonic": "monotonic",
    "smooth": "smooth",
    "zero_centred": "zero-centred",
    "identity_near_zero": "identity near 0",
}


def parameters(entry: Entry) -> Iterator[tuple[str, str]]:
    """The name of each parameter, and what is said of it."""
    for p in entry.options:
        yield p.name, f" = {p.default:g}, {p.domain}" + (" or an array of them" if p.array else "")
    if entry.noise:
        p = entry.parameters[0]
        yield p.name, f" is drawn for every element where `rng` is given, and is otherwise {p.default:g}"


def error(ulp: float) -> str:
    """A bound of the error."""
    return f"at most {ulp:g} ULP" if ulp else "none"
