"""The errors found, and what is told of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ...api import get_activation
from ..directions import Direction
from ..peers import PEERS
from .dtypes import type_of

#: The peers that can be measured as well, and what they are called in results.
RIVALS = {name: PEERS[name].title for name in ("torch", "numpy")}

#: What the reference's own rounding may add to an error that is compared with a bound, in ULP of float32.
SLACK = 1e-4
#: The error of a result that was computed in float32 and rounded to 16 bits; half a unit would be the best.
HALF_BOUND = 0.51


@dataclass(frozen=True)
class Result:
    """The largest error found of one function, dtype, contestant and direction.

    Attributes
    ----------
    name, dtype, contestant, direction
        The function; the dtype's name; a backend, or a peer (a value of `RIVALS`); the direction.
    error : float
        The largest error in ULP: of the result forward, of the derivative's largest term backward.
    at : float or None
        The input where it occurs, if there is any error.
    inputs : int
        How many inputs have been tried.
    """

    name: str
    dtype: str
    contestant: str
    direction: Direction
    error: float
    at: float | None
    inputs: int

    @property
    def key(self) -> tuple[str, str, str, Direction]:
        return self.name, self.dtype, self.contestant, self.direction

    @property
    def bound(self) -> float | None:
        """The error declared for fastact's functions; None where there is no promise."""
        if self.contestant in RIVALS.values() or self.direction == Direction.FROM_OUTPUT:
            return None
        if np.dtype(type_of(self.dtype)).itemsize == 2:
            return HALF_BOUND
        info = get_activation(self.name).info
        return info.ulp if self.direction == Direction.FORWARD else info.derivative_ulp

    @property
    def passed(self) -> bool:
        return self.bound is None or self.error <= self.bound + (0 if self.dtype == "float64" else SLACK)

    def merged(self, other: Result) -> Result:
        """The worse of two over the inputs of both."""
        return replace(max(self, other, key=lambda result: result.error), inputs=self.inputs + other.inputs)


def merge(results: Iterable[Result]) -> list[Result]:
    """One result of each function, dtype, contestant and direction, in the order of their appearance."""
    merged: dict[tuple[str, str, str, Direction], Result] = {}
    for result in results:
        known = merged.get(result.key)
        merged[result.key] = known.merged(result) if known else result
    return list(merged.values())


def as_json(result: Result) -> dict[str, Any]:
    """A result as JSON has it, which knows no infinity."""
    error = result.error if math.isfinite(result.error) else None
    return {**asdict(result), "error": error, "bound": result.bound, "passed": result.passed}


def from_json(found: dict[str, Any]) -> Result:
    """The inverse of `as_json`."""
    fields = {key: value for key, value in found.items() if key not in ("bound", "passed")}
    error = math.inf if fields["error"] is None else fields["error"]
    return Result(**{**fields, "direction": Direction(fields["direction"]), "error": error})


def told(result: Result) -> str:
    """A result as a sentence."""
    at = "" if result.at is None else f" at {type_of(result.dtype)(result.at)!s}"
    bound = "" if result.bound is None else f", where {result.bound:g} are declared"
    return f"{result.name} {result.direction}, {result.dtype}, {result.contestant}: {figure(result.error)} ULP{at}{bound}"


def figure(error: float) -> str:
    """An error in few characters: 0.52, 12, 1.7e7."""
    if error < 100:
        return "0" if error == 0 else f"{error:.2f}" if error < 10 else f"{error:.0f}"
    if error < 1e4 or math.isinf(error):
        return f"{error:.0f}"
    mantissa, exponent = f"{error:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"
