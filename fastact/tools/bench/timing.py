"""The stopwatch."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from ..peers.contestant import Contestant


@dataclass(frozen=True)
class Pace:
    """How long to measure.

    Attributes
    ----------
    cell : float
        Seconds a cell; the slowest may take some four times as long.
    repetition : float
        Seconds at least that one repetition lasts, beside which the clock's own time is nothing.
    least, most : int
        Repetitions of a cell: at least so many unless they take too long, and at most so many.
    """

    cell: float
    repetition: float
    least: int = 3
    most: int = 40

    def estimate(self, size: int, contestants: int = 2) -> float:
        """The seconds that a cell of this size takes. A call takes some 3 ns an element, in the mean of the contestants."""
        return max(1.1 * self.cell, (self.least + 1) * 3e-9 * size * contestants)

    def over(self, cells: int, seconds: float) -> Pace:
        """The same, with less time for each cell if so many cells would take longer than this in all."""
        return replace(self, cell=min(self.cell, seconds / cells))


@dataclass(frozen=True)
class Budget:
    """What a run may take: the pace, the seconds in all (large sizes apart), and the sizes if none are asked for."""

    pace: Pace
    seconds: float = math.inf
    sizes: Sequence[int] = ()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def measure(contestants: Sequence[Contestant], pace: Pace) -> list[float]:
    """Seconds a call of each: they take turns, and of each the fastest repetition counts."""
    clock = time.perf_counter
    with _no_garbage_collection(), np.errstate(all="ignore"):
        start = clock()
        best = [_calibrate(contestant, pace) for contestant in contestants]
        for repetition in range(pace.most):
            if repetition and clock() - start > (pace.cell if repetition >= pace.least else 3 * pace.cell):
                break
            for i, contestant in enumerate(contestants):
                if repetition and best[i] > max(3 * min(best), pace.cell / 10):
                    continue  # it is so slow that one more repetition would tell nothing
                if (count := math.ceil(pace.repetition / best[i])) > 1:
                    contestant.call()  # brings its data back into the caches
                best[i] = min(best[i], contestant.seconds(count, clock) / count)
    return best


def _calibrate(contestant: Contestant, pace: Pace) -> float:
    """The seconds that a call takes, found by longer and longer loops; the last lasts as long as a repetition should.

    Warms up as well. A first call may load and allocate, so each loop runs twice, unless it is long, and the faster one counts.
    """
    count = 1
    while True:
        taken = contestant.seconds(count, time.perf_counter)
        if taken < pace.cell / 3:
            taken = min(taken, contestant.seconds(count, time.perf_counter))
        if taken >= pace.repetition:
            return taken / count
        count *= 10 if taken < pace.repetition / 20 else 2
