"""The proof of one block of inputs: what one process does at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...runtime.threads import num_threads
from .. import reference
from ..directions import Direction
from ..reference import Array, format_of, mp
from . import lines
from .bounds import Bound
from .dtypes import type_of
from .implementations import CHUNK, of_backend
from .proof import LISTED, Proof, Wrong
from .rounding import nearest, real, right_results, rounded
from .tasks import Task

#: So many numbers of any size are tried in a sample, as many where terms cancel most, and half as many whole and half numbers.
SAMPLE = 400
#: mpmath's precision for them.
BITS = 800
#: Float64 has fewer bits near its smallest numbers; what is rounded to zero does not need them. Nor is the largest told exactly.
_TINY = 1e-290


@dataclass(frozen=True)
class Block:
    """Bit patterns of one function and dtype, and what to prove of them.

    Attributes
    ----------
    task : Task
        Its inputs; its backends play no part.
    wanted : tuple of (str, Direction)
        The backends and the directions.
    """

    task: Task
    wanted: tuple[tuple[str, Direction], ...]

    def run(self) -> list[Proof]:
        """Prove."""
        provers = []
        for direction in dict.fromkeys(direction for _, direction in self.wanted):
            on = [backend for backend, way in self.wanted if way == direction]
            provers.append(Prover(self.task.name, self.task.dtype, direction, on))
        with num_threads(1), np.errstate(all="ignore"):
            for x in self.task.inputs():
                for prover in provers:
                    prover.prove(x)
            used = [prover.used() if self.task.start == 0 else None for prover in provers]
        return [proof for prover, share in zip(provers, used, strict=True) for proof in prover.proofs(self.task.start, share)]


@dataclass
class _Contestant:
    """A backend's results, and what is found of them; as long as all are right, their hash is that of the right results."""

    backend: str
    call: Callable[[Array], Array]
    wrong: int = 0
    unsound: int = 0
    listed: list[Wrong] = field(default_factory=list)
    hash: Any = None


class Prover:
    """Proves the results of several backends in one function, dtype and direction."""

    def __init__(self, name: str, dtype: str, direction: Direction, on: list[str]) -> None:
        self.name, self.dtype, self.direction = name, dtype, direction
        self.kind = type_of(dtype)
        self.form = format_of(self.kind)
        self.bound = Bound(name, direction)
        self.zeros: dict[tuple[bool, bool], bool] = {}  # whether this sign is right, by the sign of x and that of the zero
        self.inputs = self.decided = self.on_lines = 0
        self.contestants = [_Contestant(backend, _call(backend, name, dtype, direction)) for backend in on]
        self.hash: Any = hashlib.sha256()
        self.in_float64 = _call(on[0], name, "float64", direction)
        self._x, self._end = np.empty(CHUNK, np.float64), np.empty(CHUNK, np.float64)
        self._low, self._high = np.empty(CHUNK, self.kind), np.empty(CHUNK, self.kind)

    def proofs(self, start: int, used: float | None) -> Iterator[Proof]:
        """What was found, of a block that starts with these bits."""
        for found in self.contestants:
            yield Proof(
                self.name, self.dtype, found.backend, self.direction, self.inputs, self.decided, self.on_lines, self.bound.units,
                used, found.wrong, tuple(found.listed), found.unsound, {start: (found.hash or self.hash).hexdigest()},
            )  # fmt: skip

    def prove(self, x: Array) -> None:
        """Prove at these inputs, at most CHUNK of them."""
        self.inputs += x.size
        right = self._right(x)
        for contestant in self.contestants:
            got = contestant.call(x)
            if np.isnan(got.max()):
                got[np.isnan(got)] = self.kind(np.nan)
            if not self._same(got, right).all():
                self._count(contestant, x, got, right)
                contestant.hash = contestant.hash or self.hash.copy()
            if contestant.hash:
                contestant.hash.update(got.view(self.form.unsigned))
        self.hash.update(right.view(self.form.unsigned))

    def _right(self, x: Array) -> Array:
        """The right results, rounded once; what float64 does not settle is decided otherwise."""
        wide, end, low, high = (buffer[: x.size] for buffer in (self._x, self._end, self._low, self._high))
        np.copyto(wide, x)
        computed = self.in_float64(wide)
        error = self.bound.of_chunk(x, computed) if self.form.bits == 32 else self.bound.error(x)
        self._round(np.subtract(computed, error, out=end), low)
        self._round(np.add(computed, error, out=end), high)
        if not self._same(low, high).all() or np.isnan(low.max()):
            self._decide(x, computed, low, high)
        for at in (0, x.size - 1):
            if low[at] == 0:
                self._sign_zeros(x, at, low)
        return low

    def _round(self, values: Array, out: Array) -> None:
        """Round once; float32 without a new array."""
        np.copyto(out, values if self.form.bits == 32 else rounded(values, self.dtype), casting="same_kind")

    def _same(self, a: Array, b: Array) -> Array:
        same: Array = a.view(self.form.unsigned) == b.view(self.form.unsigned)
        return same

    def _decide(self, x: Array, computed: Array, low: Array, high: Array) -> None:
        """Have `low` hold the right results where the ends of the interval differ, and where there is no number."""
        which = np.flatnonzero(~self._same(low, high))
        if which.size and self.form.bits == 32:  # each with its own bound now: many have a smaller one
            error = self.bound.error(x[which])
            low[which], high[which] = (computed[which] + sign * error for sign in (-1, 1))
        nowhere = np.isnan(low) & np.isnan(high)
        low[nowhere] = high[nowhere] = self.kind(np.nan)
        zero = (low == 0) & (high == 0)  # with the sign of what float64 has there
        low[zero] = high[zero] = computed[zero].astype(self.kind)
        which = np.flatnonzero(self._doubtful(x, nowhere) | ~self._same(low, high))
        decided, low[which] = lines.settle(self.name, self.direction, x[which], low[which], high[which])
        self.on_lines += int(np.count_nonzero(decided))
        which = which[~decided]
        self.decided += which.size
        low[which] = right_results(self.name, self.direction, x[which], computed[which])

    def _sign_zeros(self, x: Array, at: int, right: Array) -> None:
        """Have the zeros of a chunk that starts or ends with one the right sign: that of what is too small for float64, too."""
        signs = bool(np.signbit(x[at])), bool(np.signbit(right[at]))
        if signs not in self.zeros:
            wanted = right_results(self.name, self.direction, x[[at]], right[[at]])
            self.zeros[signs] = wanted[0] != 0 or bool(np.signbit(wanted[0])) == signs[1]
        if not self.zeros[signs]:
            np.negative(right, out=right, where=(right == 0) & (np.signbit(right) == signs[1]))

    def _doubtful(self, x: Array, nowhere: Array) -> Array:
        """Where there is a value, but float64 says that there is none. Domains are intervals: of a whole chunk its ends tell."""
        if nowhere.all():
            return np.broadcast_to(~np.isnan(self.bound.values(x[[0, -1]])).all(), x.shape)
        return nowhere & ~np.isnan(self.bound.values(x)) if nowhere.any() else nowhere

    def _count(self, contestant: _Contestant, x: Array, got: Array, right: Array) -> None:
        which = np.flatnonzero(~self._same(got, right))
        contestant.wrong += which.size
        room = which[: max(0, LISTED - len(contestant.listed))]
        decided = right_results(self.name, self.direction, x[room], right[room])
        contradicted = ~self._same(decided, right[room]) & ~np.isnan(decided)  # NaN: by a line, where mpmath can't tell
        contestant.unsound += int(np.count_nonzero(contradicted))
        bits = (array.view(self.form.unsigned).tolist() for array in (x[room], got[room], right[room]))
        contestant.listed += [Wrong(*three) for three in zip(*bits, strict=True)]

    # ---- whether the bound holds ----------------------------------------------------------------------------------------

    def used(self) -> float:
        """The largest error of float64 in a sample, as a part of the bound; infinity where 0 is assumed and a result is wrong."""
        x = self._sample()
        computed = self.in_float64(x.astype(np.float64)).copy()
        with mp.workprec(BITS):
            return max(map(self._share, x[:, None], computed.tolist(), self.bound.error(x).tolist()))

    def _share(self, point: Array, computed: float, error: float) -> float:
        wanted, _ = real(self.name, self.direction, point)
        if not mp.isfinite(wanted):
            return 0.0 if computed == float(wanted) or (np.isnan(computed) and mp.isnan(wanted)) else np.inf
        if not _TINY < abs(wanted) < 1 / _TINY:
            return 0.0
        if error:
            return float(abs(wanted - computed) / error)
        return 0.0 if nearest(wanted, self.kind) == rounded(np.array([computed]), self.dtype)[0] else np.inf

    def _sample(self) -> Array:
        rng = np.random.default_rng(0)
        some = reference.stratified(self.kind, SAMPLE, rng)
        many = reference.stratified(self.kind, 100 * SAMPLE, rng)
        with np.errstate(all="ignore"):
            _, d, size = reference.wide(self.name, many, *reference.defaults(self.name))
            cancelled = np.where(size > 0, np.abs(d) / size, 1.0)
            halves = (np.rint(2 * some.astype(np.float64)) / 2).astype(self.kind)
        return np.concatenate([some, many[np.argsort(cancelled)[:SAMPLE]], halves[np.isfinite(halves)][: SAMPLE // 2]])


def _call(backend: str, name: str, dtype: str, direction: Direction) -> Callable[[Array], Array]:
    """The function in exact mode."""
    return dict(of_backend(backend, name, dtype, with_output=False, exact=True).directions())[direction]
