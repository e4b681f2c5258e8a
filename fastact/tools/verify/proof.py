"""What `verify --exact` finds: the counts, exceptions and digests of proofs, as they are kept in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..directions import Direction
from ..reference import format_of, from_bits
from .dtypes import type_of

#: Of the exceptions of one proof so many are kept; all are counted.
LISTED = 1000


@dataclass(frozen=True)
class Wrong:
    """A result that is not the real value, correctly rounded.

    Attributes
    ----------
    x, got, right : int
        The bits of the input, of the result, and of what it should be.
    """

    x: int
    got: int
    right: int


@dataclass(frozen=True)
class Proof:
    """What is known of one function, direction, dtype and backend, for all of its inputs or for a block of them.

    Attributes
    ----------
    name, dtype, backend, direction
        What was proved.
    inputs : int
        How many inputs have been tried.
    decided : int
        How many of these mpmath had to decide.
    on_lines : int
        How many a line decided: see `fastact.tools.verify.lines`.
    units : float
        The bound that is assumed for float64, in units in the last place of the largest term.
    used : float or None
        The largest part of that bound that an error in a sample had, by mpmath.
    wrong : int
        How many results are not correctly rounded.
    listed : tuple of Wrong
        The first of them.
    unsound : int
        How many results are correctly rounded though the bound says that they can't be. The proof is worth nothing then.
    digests : dict of int to str
        SHA-256 of the results' bits, by the bits of the first input of a block; every NaN counts as the same.
    """

    name: str
    dtype: str
    backend: str
    direction: Direction
    inputs: int = 0
    decided: int = 0
    on_lines: int = 0
    units: float = 0.0
    used: float | None = None
    wrong: int = 0
    listed: tuple[Wrong, ...] = ()
    unsound: int = 0
    digests: dict[int, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str, Direction]:
        return self.name, self.dtype, self.backend, self.direction

    @property
    def total(self) -> int:
        """How many finite numbers there are."""
        return 2 * format_of(type_of(self.dtype)).infinity

    @property
    def complete(self) -> bool:
        return self.inputs == self.total

    @property
    def sound(self) -> bool:
        """Whether the bound that is assumed holds: half of it is left in the sample, and no result contradicts it."""
        return not self.unsound and (self.used is None or self.used <= 0.5)

    @property
    def passed(self) -> bool:
        return self.complete and self.sound and not self.wrong

    @property
    def digest(self) -> str | None:
        """SHA-256 of the blocks' digests in order, once all inputs are done."""
        if not self.complete:
            return None
        return hashlib.sha256(b"".join(bytes.fromhex(self.digests[start]) for start in sorted(self.digests))).hexdigest()

    def merged(self, other: Proof) -> Proof:
        """Both blocks together."""
        used = [share for share in (self.used, other.used) if share is not None]
        counts = {
            name: getattr(self, name) + getattr(other, name) for name in ("inputs", "decided", "on_lines", "wrong", "unsound")
        }
        return replace(
            self,
            **counts,
            used=max(used, default=None),
            listed=tuple(sorted({*self.listed, *other.listed}, key=lambda wrong: wrong.x)[:LISTED]),
            digests={**self.digests, **other.digests},
        )


def merge(proofs: Iterable[Proof]) -> list[Proof]:
    """One of each key, in the order of their appearance."""
    merged: dict[tuple[str, str, str, Direction], Proof] = {}
    for proof in proofs:
        known = merged.get(proof.key)
        merged[proof.key] = known.merged(proof) if known else proof
    return list(merged.values())


def as_json(proof: Proof) -> dict[str, Any]:
    """A proof as JSON has it: bits in hexadecimal digits."""
    form = format_of(type_of(proof.dtype))

    def digits(bits: int) -> str:
        return f"{bits:0{form.bits // 4}x}"

    return {
        **asdict(proof),
        "listed": [{key: digits(bits) for key, bits in asdict(wrong).items()} for wrong in proof.listed],
        "digests": {digits(start): digest for start, digest in sorted(proof.digests.items())},
        "complete": proof.complete,
        "passed": proof.passed,
        "digest": proof.digest,
    }


def from_json(found: dict[str, Any]) -> Proof:
    """The inverse of `as_json`."""
    fields = {key: value for key, value in found.items() if key not in ("complete", "passed", "digest")}
    listed = tuple(Wrong(**{key: int(bits, 16) for key, bits in wrong.items()}) for wrong in fields["listed"])
    digests = {int(start, 16): digest for start, digest in fields["digests"].items()}
    return Proof(**{**fields, "direction": Direction(fields["direction"]), "listed": listed, "digests": digests})


def told(wrong: Wrong, dtype: str) -> str:
    """An exception as a sentence."""
    x, got, right = (from_bits([bits], type_of(dtype))[0] for bits in (wrong.x, wrong.got, wrong.right))
    return f"at {x!s} ({wrong.x:#x}): {got!s} ({wrong.got:#x}), where {right!s} ({wrong.right:#x}) is right"
