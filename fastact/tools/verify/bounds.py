"""How far a float64 result of exact mode can be from the real value: what `verify --exact` proves results with.

A result's error is bounded in units in the last place of its size: the value itself forward, the largest term of f' backward
(`Info.derivative`), which is far more where terms cancel. What `Info` declares in units of float32 holds for float64 in its
own units as well, by measurement; `RESERVE` times as much is assumed, and each run measures again how much of it is used.
"""

from __future__ import annotations

import numpy as np

from ...api import get_activation
from .. import reference
from ..directions import Direction
from ..reference import Array, from_bits
from .implementations import CHUNK

#: So many times the declared error is assumed.
RESERVE = 4
#: Half a unit or less is declared where float32 rounds once. In float64 the bounds themselves are rounded, too.
LEAST = 1.0
#: Sizes of float32 inputs are taken at so many points of a chunk, in which x changes by 1/512. Nothing doubles between them.
POINTS = 5
SLACK = 2.0
#: Below the largest double, so that sizes can be added to results.
_LARGEST = 1e300
_UNIT = 2.0**-52
#: So many chunks' sizes are computed together.
_PORTION = 1 << 10

#: Where float64 results are as good as the real value, for all inputs of fewer bits: they are it, or both are so near a number of
#: the narrower type that they round to it. These have millions of results in the middle between two numbers, where a bound is
#: of no use.
ERRORLESS = {
    ("relu_squared", Direction.FORWARD): "x * x has 48 bits",
    ("prelu", Direction.FORWARD): "x / 4 only has another exponent",
    ("soft_shrink", Direction.FORWARD): "x - 1/2 has less than 53 bits where |x| < 2^28, and rounds to x beyond",
    ("sparse_sigmoid", Direction.FORWARD): "x + 1 has less than 53 bits where |x| > 2^-29, and rounds to 1 below",
    ("sparse_plus", Direction.BACKWARD): "x + 1 has less than 53 bits where |x| > 2^-29, and rounds to 1 below",
    ("sqnl", Direction.BACKWARD): "1 - |x| / 2 has less than 53 bits where |x| > 2^-28, and rounds to 1 below",
}
#: With the default parameters nothing cancels in these, though `Info.term` says what may with others.
WITHOUT_TERM = {"soft_exponential"}


class Bound:
    """The bound of one function and direction, with default parameters."""

    def __init__(self, name: str, direction: Direction) -> None:
        self.name, self.direction = name, direction
        info = get_activation(name).info
        declared = info.ulp if direction == Direction.FORWARD else info.derivative_ulp
        exact = declared == 0 or (name, direction) in ERRORLESS
        #: in units in the last place of the size
        self.units = 0.0 if exact else RESERVE * max(declared, LEAST)
        #: of a function that oscillates faster than samples tell, the results themselves tell the size
        self.oscillates = name in ("sinusoid", "sinc")
        self._known: tuple[int, list[float]] = (-1, [])

    def values(self, x: Array) -> Array:
        """f(x), or f'(x), by other means: NaN where there is none."""
        y, d, _ = reference.wide(self.name, x, *reference.defaults(self.name))
        return y if self.direction == Direction.FORWARD else d

    def sizes(self, x: Array) -> Array:
        """The size of what is computed at each of these inputs, in float64."""
        with np.errstate(all="ignore"):
            y, d, size = reference.wide(self.name, x, *reference.defaults(self.name))
            if (self.name, self.direction) == ("sinc", Direction.BACKWARD):
                size = _sizes_of_sinc(x, y, d, size)
            elif self.direction == Direction.FORWARD:
                size = np.abs(y)
                has_term = get_activation(self.name).info.term != "0" and self.name not in WITHOUT_TERM
                if has_term:  # but of what is zero there is no doubt
                    size = np.where(size > 0, np.maximum(size, _terms(self.name, x)), size)
            return np.where(np.isnan(size), 0.0, np.minimum(size, _LARGEST))

    def error(self, x: Array) -> Array:
        """The bound at these inputs, each for itself."""
        return self.units * _UNIT * (self.sizes(x) if self.units else np.zeros(x.shape, np.float64))

    def of_chunk(self, x: Array, computed: Array) -> float:
        """One bound for neighbouring float32 numbers, where `computed` are the results; at most CHUNK of them."""
        if not self.units:
            return 0.0
        first, last = (int(bits) // CHUNK for bits in x.view(np.uint32)[[0, -1]])
        size = SLACK * max(self._portion(chunk // _PORTION)[chunk % _PORTION] for chunk in {first, last})
        if self.oscillates:
            size = max(size, float(computed.max()), -float(computed.min()))
            if (self.name, self.direction) == ("sinc", Direction.BACKWARD) and abs(x[0]) >= 1:
                size = max(size, 2 / abs(float(x[0])))  # (cos(pi x) - 1) / x
        return self.units * _UNIT * min(size, _LARGEST)

    def _portion(self, number: int) -> list[float]:
        """The largest sizes in the samples of `_PORTION` chunks."""
        if number != self._known[0]:
            chunks = (number * _PORTION + np.arange(_PORTION, dtype=np.int64)) * CHUNK
            points = chunks[:, None] + np.linspace(0, CHUNK - 1, POINTS).astype(np.int64)
            sizes = self.sizes(from_bits(points.ravel().astype(np.uint32), np.float32)).reshape(points.shape)
            self._known = number, sizes.max(axis=1).tolist()
        return self._known[1]


def _sizes_of_sinc(x: Array, y: Array, d: Array, size: Array) -> Array:
    """At whole and half numbers those of cos(pi x) / x and sin(pi x) / (pi x^2), one of which is zero in float64, too.

    The definition's two terms have a 1 / x each that cancels.
    """
    point = x.astype(np.float64)
    second = y / point
    fixed = (np.abs(point) >= 1 / 2) & (np.rint(2 * point) == 2 * point)
    return np.where(fixed, np.maximum(np.abs(d + second), np.abs(second)), size)


def _terms(name: str, x: Array) -> Array:
    """`Info.term` at these inputs. Where there is one it depends on the parameters and on which piece x is in."""
    return np.array([float(size) for size in reference.term(name, x, *reference.defaults(name))], np.float64)
