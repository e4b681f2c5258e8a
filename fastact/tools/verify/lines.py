"""Lines that decide where functions have millions of results next to the middle between two numbers, or in it.

silu(x) is x / 2 + x^2 / 4 - ..., and half of a subnormal number is such a middle. No float64 tells on which side of it the result
is, and mpmath would take hours for all. But f never crosses the line x / 2 on that side of zero, so what mpmath says at a few
points holds for every middle on the line. The lines are

- at zero, where f(x) - f'(0) x is next to nothing but its first term by Taylor that is not zero;
- at infinity, the asymptote, and the line through zero that is parallel to it: f' is monotone there;
- the pieces of functions that are straight lines, but not in float64: x / 100, for one. Of two neighbours the even one is right.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..directions import BOTH, Direction
from ..reference import Array, format_of, mp
from .rounding import real

#: So near zero, and so far from it, are the lines at zero and at infinity.
NEAR, FAR = 2.0**-100, 16.0
#: Where mpmath tells the side: at the ends and between them. Beyond the farthest e^-x has more bits than `BITS`.
_NEAR = (2.0**-149, 2.0**-140, 2.0**-126, 2.0**-113, 2.0**-101)
_FAR = (17.0, 31.0, 100.0, 255.0, 500.0)
_FARTHEST = (2.0**20, 2.0**60, 2.0**126)
BITS = 1600

_INFINITY = float("inf")


@dataclass(frozen=True)
class Line:
    """slope x + offset, between low and high; `side` is the sign of what is left of f."""

    slope: Fraction
    offset: Fraction
    low: float
    high: float
    side: int

    def through(self, x: Array, middle: Array) -> Array:
        """Whether the line goes through these points, exactly."""
        factor = self.slope.denominator * self.offset.denominator
        product = x * (self.slope.numerator * self.offset.denominator)
        offset = float(self.offset.numerator * self.slope.denominator)
        total = product + offset
        # the factors are small: only the sum may have been rounded
        exact = (total - product == offset) & (total - offset == product)
        through: Array = (self.low < x) & (x < self.high) & exact & (total == middle * factor)
        return through


def _pieces(*pieces: tuple[str, str, float, float]) -> list[Line]:
    return [Line(Fraction(slope), Fraction(offset), low, high, 0) for slope, offset, low, high in pieces]


#: By the definitions in Info, with the default parameters.
PIECES = {
    ("leaky_relu", Direction.FORWARD): _pieces(("1/100", "0", -_INFINITY, 0)),
    ("rrelu", Direction.FORWARD): _pieces(("11/48", "0", -_INFINITY, 0)),
    ("hard_sigmoid", Direction.FORWARD): _pieces(("1/6", "1/2", -3, 3)),
    ("hard_swish", Direction.BACKWARD): _pieces(("1/3", "1/2", -3, 3)),
    ("srelu", Direction.FORWARD): _pieces(("1/5", "-4/5", -_INFINITY, -1), ("1/5", "4/5", 1, _INFINITY)),
}
#: They cross their asymptotes for ever, or have none.
_PERIODIC = ("sinusoid", "sinc", "snake")


def settle(name: str, direction: Direction, x: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Which of the results at x, each between the neighbours `low` and `high`, a line decides; and the right ones of these.

    Parameters
    ----------
    name, direction
        What is computed.
    x, low, high : ndarray
        The inputs, and what the ends of the intervals around the results are rounded to.
    """
    decided, right = np.zeros(x.shape, bool), low.copy()
    x64, low64, high64 = (array.astype(np.float64) for array in (x, low, high))
    middle = (low64 + high64) / 2
    with np.errstate(under="ignore"):
        neighbours = (low != high) & (np.nextafter(low, high) == high)
    even = np.where(low.view(format_of(low.dtype).unsigned) % 2 == 0, low, high)
    for line in of(name, direction):
        on = neighbours & ~decided & line.through(x64, middle)
        np.copyto(right, low if line.side < 0 else high if line.side > 0 else even, where=on)
        decided |= on
    return decided, right


@functools.cache
def of(name: str, direction: Direction) -> tuple[Line, ...]:
    """The lines of a function in one direction."""
    pieces = PIECES.get((name, direction), [])
    if direction != Direction.FORWARD or name in _PERIODIC:
        return tuple(pieces)
    with mp.workprec(BITS):
        return (*pieces, *_at_zero(name), *_at_infinity(name))


def _at_zero(name: str) -> Iterator[Line]:
    offset, slope = (_short(_at(name, direction, 0.0)) for direction in BOTH)
    if offset == 0 and slope is not None and _meets_middles(slope, offset):
        for low, high, sign in ((-NEAR, 0.0, -1), (0.0, NEAR, 1)):
            side = _side(name, slope, offset, [sign * x for x in _NEAR])
            if side:
                yield Line(slope, offset, low, high, side)


def _at_infinity(name: str) -> Iterator[Line]:
    for low, high, sign in ((-_INFINITY, -FAR, -1), (FAR, _INFINITY, 1)):
        end = sign * _FARTHEST[-1]
        slope = _short(_at(name, Direction.BACKWARD, end))
        offset = None if slope is None else _short(_at(name, Direction.FORWARD, end) - end * _number(slope))
        if slope is None or offset is None:
            continue
        for b in dict.fromkeys((offset, Fraction(0))):
            side = _side(name, slope, b, [sign * x for x in _FAR], [sign * x for x in _FARTHEST])
            if side and _meets_middles(slope, b):
                yield Line(slope, b, low, high, side)


def _meets_middles(slope: Fraction, offset: Fraction) -> bool:
    """Whether there is a middle on the line: not of a constant, and x itself is none."""
    return slope != 0 and (slope != 1 or offset != 0)


def _at(name: str, direction: Direction, x: float) -> Any:
    return real(name, direction, np.array([x], np.float32))[0]


def _number(value: Fraction) -> Any:
    return mp.mpf(value.numerator) / value.denominator


def _short(number: Any) -> Fraction | None:
    """The quarter that a number is next to; None if it is next to none. Other lines go through no middle."""
    if not mp.isfinite(number) or abs(number) > 1 << 20:
        return None
    quarters = mp.nint(4 * number)
    return Fraction(int(quarters), 4) if abs(4 * number - quarters) < mp.mpf(2) ** -90 else None


def _side(name: str, slope: Fraction, offset: Fraction, seen: list[float], unseen: list[float] | None = None) -> int:
    """The sign of f - line at these points: 0 if it changes. Where f is too near the line for `BITS`, it may be unseen."""

    def sign(x: float) -> int:
        return int(mp.sign(_at(name, Direction.FORWARD, x) - _number(slope) * x - _number(offset)))

    first, *others = {sign(x) for x in seen}
    return 0 if others or any(sign(x) not in (0, first) for x in unseen or ()) else first
