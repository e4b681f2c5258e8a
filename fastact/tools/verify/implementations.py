"""What is measured: fastact's functions on a backend, and peers' functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import backends
from ...api import get_activation
from ...functions import entries
from ..directions import BOTH, Direction
from ..peers import PEERS
from ..peers.contestant import Contestant
from ..peers.operands import Operands
from ..peers.peer import Subject
from ..reference import Array
from .dtypes import type_of

#: Elements whose operands and intermediate results stay in the second-level cache: as many are measured at once.
CHUNK = 1 << 14


@dataclass(frozen=True)
class Implementation:
    """One implementation of one function: f(x), f'(x), and f'(x) computed from f(x) alone. None where it has none.

    A callable may return the same array each time: use the result before the next call.
    """

    name: str
    forward: Callable[[Array], Array] | None
    derivative: Callable[[Array], Array] | None
    derivative_from_output: Callable[[Array], Array] | None = None

    def directions(self) -> Iterator[tuple[Direction, Callable[[Array], Array]]]:
        for direction, call in zip(Direction, (self.forward, self.derivative, self.derivative_from_output), strict=True):
            if call is not None:
                yield direction, call


def of_backend(backend: str, name: str, dtype: str, with_output: bool = True, exact: bool = False) -> Implementation:
    """fastact's function on one backend, with the derivative from the output where there is one and it is wanted.

    With `exact` it is computed as under ``fastact.precision("exact")``.
    """
    loaded = backends.load(backend)
    f = getattr(loaded.exact if exact else loaded, name)
    kind = type_of(dtype)
    ones, y, d = np.ones(CHUNK, kind), np.empty(CHUNK, kind), np.empty(CHUNK, kind)

    def forward(x: Array) -> Array:
        return f(x, out=y[: x.size])  # type: ignore[no-any-return]

    def derivative(x: Array) -> Array:
        return _first(f.backward(ones[: x.size], x, out=d[: x.size]))

    def from_output(x: Array) -> Array:
        return _first(f.backward(ones[: x.size], y=f(x, out=y[: x.size]), out=d[: x.size]))

    return Implementation(
        backend, forward, derivative, from_output if with_output and entries[name].derivative_from_output else None
    )


def _first(result: Any) -> Array:
    return result[0] if isinstance(result, tuple) else result  # type: ignore[no-any-return]  # of prelu, the input's gradient


def of_peer(peer: str, name: str, dtype: str) -> Implementation | None:
    """A peer's function as its users write it, or None where the peer has none of this dtype."""
    forward, derivative = (_peers_call(peer, name, direction, dtype) for direction in BOTH)
    return Implementation(PEERS[peer].title, forward, derivative) if forward or derivative else None


def _peers_call(peer: str, name: str, direction: Direction, dtype: str) -> Callable[[Array], Array] | None:
    subject = Subject(name=name, entry=entries[name])
    # not the record's formula, which may stand in for an idiom of NumPy's users
    if not PEERS[peer].installed or PEERS[peer].statements(subject).of(direction) is None:
        return None
    kind = type_of(dtype)

    @functools.cache
    def bound(size: int) -> tuple[Operands, Contestant | None]:
        x, out = np.zeros(size, kind), np.zeros(size, kind)
        operands = Operands(x, np.ones(size, kind), get_activation(name), out)
        return operands, PEERS[peer].find(subject, direction, operands)

    def call(x: Array) -> Array:
        operands, contestant = bound(x.size)
        assert contestant is not None
        operands.put(x)
        return contestant.result()

    try:
        with np.errstate(all="ignore"):
            return call if call(np.ones(2, kind)).dtype == kind else None
    except (TypeError, RuntimeError, AssertionError):  # not in this dtype
        return None
