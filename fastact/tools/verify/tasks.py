"""The inputs of a function and dtype, cut into tasks of a second or two."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np

from .. import peers, reference
from ..reference import Array, format_of, from_bits
from .dtypes import type_of
from .implementations import CHUNK, Implementation, of_backend, of_peer
from .meter import Meter
from .results import Result

TASK = 1 << 24  # inputs of a task: a second or two of work
FLOAT64_POINTS = 4000
#: Of the float32 bit patterns every so many-th without --exhaustive; more of them where activations bend.
STEP, BENDING_STEP = 1021, 97
BENDING = (2.0**-12, 2.0**10)


@dataclass(frozen=True)
class Task:
    """A part of the inputs of one function and dtype: bit patterns start, start + step, ... below stop; of float64 a sample.

    `backends` are names of backends, `peers` keys of `RIVALS`; `from_output` is whether to measure that direction, too.
    """

    name: str
    dtype: str
    backends: tuple[str, ...]
    peers: tuple[str, ...] = ()
    start: int = 0
    stop: int = 0
    step: int = 1
    from_output: bool = True

    @property
    def size(self) -> int:
        return len(range(self.start, self.stop, self.step))

    def inputs(self) -> Iterator[Array]:
        """The inputs, in chunks."""
        if self.dtype == "float64":
            rng = np.random.default_rng([self.start, self.stop])
            yield reference.stratified(np.float64, self.stop - self.start, rng)
            return
        for first in range(self.start, self.stop, self.step * CHUNK):
            patterns = np.arange(first, min(self.stop, first + self.step * CHUNK), self.step, dtype=np.uint32)
            yield from_bits(patterns, type_of(self.dtype))

    def run(self) -> list[Result]:
        """Measure."""
        implementations: list[Implementation | None] = [
            *(of_backend(backend, self.name, self.dtype, self.from_output) for backend in self.backends),
            *(of_peer(peer, self.name, self.dtype) for peer in self.peers),
        ]
        meter = Meter(self.name, self.dtype, [found for found in implementations if found])
        _keep_freed_memory()
        with ExitStack() as stack, np.errstate(all="ignore"):
            for peer in self.peers:
                stack.enter_context(peers.threads(1, peer))
            for x in self.inputs():
                meter.measure(x)
        return meter.results()


@functools.cache
def _keep_freed_memory() -> None:
    """Have glibc keep freed memory for the next intermediate result: a third faster than to return it and map it anew.

    glibc learns that from the first large block that is freed.
    """
    np.empty(31 << 20, np.uint8)


def tasks(
    name: str, dtype: str, on: Sequence[str], against: Sequence[str] = (), exhaustive: bool = False, points: int = FLOAT64_POINTS
) -> list[Task]:
    """What there is to do for one function and dtype: on these backends, and by these peers.

    Of 16-bit types, all finite numbers. Of float32 the same with `exhaustive`; otherwise a sample of some eight million, of every
    magnitude, dense where activations bend. Of float64, a sample of `points`.
    """
    task = Task(name, dtype, tuple(on), tuple(against))
    if dtype == "float64":
        portion = 1000  # mpmath takes half a second for so many
        return [replace(task, start=i, stop=min(points, i + portion)) for i in range(0, points, portion)]
    form = format_of(type_of(dtype))
    signs = (0, 1 << (form.bits - 1))
    if dtype != "float32":
        return [replace(task, start=sign, stop=sign + form.infinity) for sign in signs]
    if exhaustive:
        starts = ((sign, first) for sign in signs for first in range(0, form.infinity, TASK))
        # not from the output, where no bound is declared: a sample tells enough
        task = replace(task, from_output=False)
        return [replace(task, start=sign + first, stop=sign + min(form.infinity, first + TASK)) for sign, first in starts]
    low, high = np.array(BENDING, np.float32).view(np.uint32).tolist()
    ranges = ((0, form.infinity, STEP), (low, high, BENDING_STEP), (form.infinity - 1, form.infinity, 1))
    return [replace(task, start=sign + a, stop=sign + b, step=step) for sign in signs for a, b, step in ranges]
