"""The same functions elsewhere: fastact's peers, and fastact itself, as each is typed by its users.

A module for each peer has ONE table: by an activation's name, what a user of the peer types. The statements are text, so that
what is timed can be read and printed, and nothing is timed besides. The names in them are those of `operands.py` and of the
peer's modules. A function that is no activation brings its statements along, all peers' together (`bench/fused/`).

NumPy is there twice. `numpy` is what people write; `numpy_tuned` is the fastest that NumPy can do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..directions import Direction
from .contestant import Contestant
from .fastact import Fastact
from .jax import JAX
from .numexpr import NumExpr
from .numpy import NumPy, TunedNumPy
from .onnxruntime import ONNXRuntime
from .operands import Operands
from .peer import Peer, Subject
from .scipy import SciPy
from .torch import Torch

_ALL = Fastact(), NumPy(), TunedNumPy(), Torch(), ONNXRuntime(), JAX(), SciPy(), NumExpr()

#: Who can be asked, fastact first.
PEERS: dict[str, Peer] = {peer.name: peer for peer in _ALL}


def find(peer: str, subject: Subject, direction: Direction, operands: Operands) -> Contestant | None:
    """A peer's way to compute a function in one direction, or None where it has none or isn't installed."""
    return PEERS[peer].find(subject, direction, operands) if PEERS[peer].installed else None


@contextlib.contextmanager
def threads(count: int, *names: str) -> Iterator[None]:
    """Have peers use so many threads, those that let themselves be told (JAX only before it starts); afterwards as before."""
    asked = [PEERS[name].thread_pool() for name in names if PEERS[name].installed]
    pools = [pool for pool in asked if pool is not None]
    before = [pool.get_num_threads() for pool in pools]
    for pool in pools:
        pool.set_num_threads(count)
    try:
        yield
    finally:
        for pool, number in zip(pools, before, strict=True):
            pool.set_num_threads(number)
