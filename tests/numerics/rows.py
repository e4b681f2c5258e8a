"""What each C function of native/math/ should give, and with which arguments it is tried. The table has one row per function.

The references are mpmath's, or float64's where that is precise enough for float32: never a formula of the package's own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import scipy.special

# What the headers say of the types.
LIMITS = {
    "float32": {"furthest": 120.0, "headroom": 48, "pivot": 1024.0, "shift": 3.0, "to_integer": 1.5 * 2**23, "bias": 127},
    "float64": {"furthest": 785.0, "headroom": 128, "pivot": 2048.0, "shift": 4.0, "to_integer": 1.5 * 2**52, "bias": 1023},
}
TANH_SMALL, ERF_SMALL = 0.6875, 0.9375
LN2 = math.log(2)


class Exact:
    """mpmath's functions, of numbers, with so many bits."""

    def __init__(self, bits):
        self._mp = mpmath.mp.clone()
        self._mp.prec = bits

    def __getattr__(self, name):
        return getattr(self._mp, name)

    def erfcx(self, x):
        return self._mp.exp(x * x) * self._mp.erfc(x)


class Wide:
    """NumPy's functions in float64, of arrays."""

    pi, ln2 = math.pi, LN2
    erf, erfc, erfcx = scipy.special.erf, scipy.special.erfc, scipy.special.erfcx
    exp, log1p, expm1, sqrt, sin, cos, tanh, atan = np.exp, np.log1p, np.expm1, np.sqrt, np.sin, np.cos, np.tanh, np.arctan

    @staticmethod
    def sincpi(r):
        return np.sinc(r)

    @staticmethod
    def cospi(r):
        return np.cos(np.pi * r)


class Draw:
    """Arguments of one type, drawn evenly over the bit patterns and over the numbers of a range."""

    def __init__(self, dtype, count, fma):
        self.dtype, self.count, self.fma, self.rng = np.dtype(dtype), count, fma, np.random.default_rng(20240229)
        self.limits = LIMITS[dtype]
        self.info = np.finfo(dtype)
        self.integer = np.dtype(f"u{self.dtype.itemsize}")

    def by_type(self, float32, float64):
        return float32 if self.dtype.itemsize == 4 else float64

    def between(self, low, high):
        """From low to high: both ends, the numbers beside them and the subnormal ones' ends; half of the rest evenly over the
        bit patterns, half evenly over the numbers."""
        low, high = (self.dtype.type(end) for end in (low, high))
        places = [self._place(end) for end in (low, high)]
        patterns = self.rng.integers(places[0], places[1], self.count, endpoint=True, dtype=np.int64)
        numbers = self._number(patterns)
        half = self.count // 2
        part = self.rng.random(self.count - half).astype(self.dtype)
        numbers[half:] = np.clip((1 - part) * low + part * high, low, high)
        ends = [low, high, np.nextafter(low, high), np.nextafter(high, low), self.info.smallest_normal]
        ends += [self.info.smallest_subnormal, self.info.smallest_normal - self.info.smallest_subnormal, self.dtype.type(0)]
        ends = [end for end in ends if low <= end <= high]
        numbers[: len(ends)] = ends
        return self.rng.permutation(numbers)

    def _place(self, number):
        """The numbers in their order as integers."""
        bits = int(number.view(self.integer))
        sign = 1 << (8 * self.dtype.itemsize - 1)
        return sign - bits if bits & sign else bits

    def _number(self, places):
        sign = np.int64(-(2 ** (8 * self.dtype.itemsize - 1))) if self.dtype.itemsize == 8 else np.int64(2**31)
        bits = np.where(places < 0, sign - places, places)
        return bits.astype(np.int64).astype(self.integer).view(self.dtype).copy()

    def signed(self, numbers):
        return numbers * self.rng.choice([-1, 1], self.count).astype(self.dtype)

    def any(self):
        return self.between(-self.info.max, self.info.max)

    def powers(self, low, high):
        """Of either sign, the magnitude from 2^low to 2^high."""
        return self.signed(self.between(2.0**low, 2.0**high))

    def factors(self):
        """Two numbers whose product's rounding error is no smaller than the smallest number."""
        return self.powers(-40, 40), self.powers(self.by_type(-40, -400), self.by_type(40, 400))

    def beside(self, numbers, low, high):
        """Of either sign, from 2^low to 2^high times as large as these."""
        return self.signed(np.abs(numbers) * np.exp2(self.rng.uniform(low, high, self.count)).astype(self.dtype))

    def below(self, numbers):
        """What may have been lost when these numbers were rounded."""
        return (np.spacing(np.abs(numbers)) * self.rng.uniform(-0.5, 0.5, self.count)).astype(self.dtype)

    def integers(self, low, high):
        return self.rng.integers(low, high, self.count, endpoint=True)

    def full(self, number):
        return np.full(self.count, number, self.dtype)


@dataclass(frozen=True)
class Row:
    """One function.

    `range` is the text of its contract's field. `arguments` draws arguments. All else takes a namespace of functions, the
    arguments and the results, which are the function's value and its outputs: `value` is what the results stand for, `exact`
    what that should be, to the accuracy declared. Of those that declare something else `holds` says whether it is true.

    per : callable
        What an error that the contract gives without a unit is relative to, `exact` if None.
    wide : bool
        Whether float64 is precise enough a reference for float32.
    bits : int
        How precise the reference is.
    after : str
        What stands before the row's figure in the contract's field.
    """

    range: str
    arguments: Callable
    exact: Callable | None = None
    value: Callable | None = None
    holds: Callable | None = None
    per: Callable | None = None
    wide: bool = True
    bits: int = 220
    after: str = ""


def one(m, *operands):
    """`per` of absolute errors."""
    return 1


# ---- What `exact` and `holds` are made of ---------------------------------------------------------------------------------


def truncated(a, digits, least):
    """a without what is below this count of binary digits; `least` is the exponent of the smallest normal number."""
    unit = 2.0 ** (max(math.frexp(a)[1], least + 1) - digits)
    return math.trunc(a / unit) * unit


def same(a, b):
    return a == b and math.copysign(1, a) == math.copysign(1, b)


def are_half_turns(m, a, r, sign):
    n = round(a) if a < math.inf else 0
    return r == (a - n if a < math.inf else 0) and sign == (-1) ** (n % 2)


def is_split(m, u, r, n):
    return u == m.ldexp(1 + r, int(n)) and n == int(n) and math.sqrt(0.5) * 0.999999 <= 1 + r <= math.sqrt(2)


def are_quarter_turns(m, a, more, few, n, parity, sign):
    quarter = (int(n) + int(more)) % 4
    return (
        n == int(n)
        and abs(m.mpf(a) - m.mpf(n) * m.pi / 2) < (0.8 if n <= few else 2)
        and parity == (-1) ** (int(n) % 2)
        and math.copysign(1, sign) == (-1 if quarter >= 2 else 1)
    )


def nearest_by_period(m, exact, value, period):
    """What differs from `exact` by periods, and is nearest to the value."""
    return exact + period * m.nint((value - exact) / period)


def folded(m, turn, parity):
    """r of `turns`, of so many times pi: less multiples of pi, or what pi/2 exceeds that by where the parity is -1."""
    turn = abs(turn - m.nint(turn))
    return (turn if parity > 0 else 0.5 - turn) * m.pi


def has_turns(m, turn, r, low, parity, sign):
    """Whether the signs are right, and r is no larger than it should be."""
    angle = m.mpf(r) + low
    exact = m.sin(turn * m.pi)
    return abs(sign * (m.sin(angle) if parity == 1 else m.cos(angle)) - exact) < 2.0**-40 and 0 <= r < 0.786


def turns_row(turn, **fields):
    """A row of `turns`, or of its kind: pi times `turn` of the arguments is the angle; the last four numbers are results."""
    return Row(
        exact=lambda m, *numbers: folded(m, turn(m, *numbers[:-4]), numbers[-2]),
        value=lambda m, *numbers: numbers[-4] + numbers[-3],
        holds=lambda m, *numbers: has_turns(m, turn(m, *map(m.mpf, numbers[:-4])), *numbers[-4:]),
        per=one,
        bits=1400,
        wide=False,
        **fields,
    )


def joined(m, words):
    """The results of `phase` in one number."""
    return sum(m.ldexp(m.mpf(int(word)), -31 - 32 * k) for k, word in enumerate(words))


def normal_tail(m, a, shift):
    return (a + shift) * m.erfcx(a / m.sqrt(2)) / 2


# ---- Arguments -----------------------------------------------------------------------------------------------------------


def exponents(draw, times=1.0):
    """x, what it lacks and the headroom, of the exponential."""
    x = draw.between(0, times * draw.limits["furthest"])
    sign = draw.rng.choice([-1, 1], draw.count).astype(draw.dtype)
    return x * sign, draw.below(x), -sign * draw.limits["headroom"]


def row_exponents(draw):
    """z of a row and the argument that stands for its largest."""
    pivot, furthest = draw.limits["pivot"], draw.limits["furthest"]
    largest = draw.between(-pivot, pivot)
    z = (largest - draw.between(0, furthest)).astype(draw.dtype)
    return z, draw.full(to_integer(draw.limits)) - np.rint(largest / LN2).astype(draw.dtype)


def to_integer(limits):
    return limits["to_integer"] + limits["bias"] + limits["headroom"]


def normal_arguments(draw):
    """v in two parts for a from 0 to where the tail has vanished."""
    shift = draw.limits["shift"]
    a = np.longdouble(draw.between(0, draw.by_type(15, 39.5)))
    v = (a / (a + shift)).astype(draw.dtype)
    return v, (a / (a + shift) - v).astype(draw.dtype)


def logarithm_arguments(draw):
    """z near -1, near 0 and up to the largest; what it lacks; how often its logarithm has been halved."""
    z = draw.between(0, 2.0 ** draw.by_type(126, 1022))
    z = np.where(draw.rng.random(draw.count) < 0.3, draw.between(2.0 ** -draw.by_type(23, 52), 1) - 1, z).astype(draw.dtype)
    z = np.where(draw.rng.random(draw.count) < 0.3, draw.between(-0.5, 1), z).astype(draw.dtype)
    octaves = np.where(z > 1, draw.integers(0, 3), 0)
    return z, draw.below(np.minimum(np.abs(z), 1 + z)), octaves.astype(draw.dtype)


def sums_near_one(draw):
    """u of every size, a third of them near 1; what it lacks; how often it has been doubled, where that does not cancel."""
    u = draw.between(draw.info.smallest_normal, 2.0 ** draw.by_type(126, 1022))
    u = np.where(draw.rng.random(draw.count) < 0.3, draw.between(0.5, 1), u).astype(draw.dtype)
    octaves = np.where(u > 2, draw.integers(0, 80), np.where(u < 0.25, -draw.integers(0, 80), 0))
    return u, draw.below(u), octaves.astype(draw.dtype)


def products(low, high):
    """a, b and c, where |c| is from 2^low to 2^high times |a b|."""

    def arguments(draw):
        a, b = draw.factors()
        return a, b, draw.beside(a * b, low, high)

    return arguments


def sum_arguments(draw):
    """a, b, c, and a b + c as `fma` has it."""
    a, b, c = products(1.001, 30)(draw)
    if not draw.fma:
        return a, b, c, a * b + c
    wide = np.longdouble if draw.dtype.itemsize == 8 else np.float64
    return a, b, c, (a.astype(wide) * b + c).astype(draw.dtype)  # of doubles now and then another neighbour, as good here


def quarters(most):
    """a, and the nearest integer to its quarters of 2 pi, up to this one."""

    def arguments(draw):
        a = draw.between(0, draw.by_type(*most) * np.pi / 2)
        return a, np.rint(a * (2 / np.pi)).astype(draw.dtype)

    return arguments


def rounded_products(draw):
    a, b = draw.factors()
    return a, b, a * b


def sums_and_octaves(draw):
    x = draw.between(1, 2.0 ** draw.by_type(127, 1023))
    return x, draw.below(x) * (draw.integers(0, 7) > 0), draw.integers(0, 63)


def sums_and_neighbours(draw):
    """Of numbers and what they lack; and whether their last bit is 0, and the neighbour on that side."""
    y = draw.powers(-60, 60)
    rest = draw.below(y) * (draw.integers(0, 3) > 0).astype(draw.dtype)
    return y, rest, y.view(draw.integer) % 2 == 0, np.nextafter(y, np.copysign(draw.dtype.type(np.inf), rest))


def quotients(draw):
    a, b = draw.factors()
    numerator = (a * b).astype(draw.dtype)
    return numerator, numerator / b, b


def wholes(draw):
    """Numbers, a limit, and how many of them follow each other: as many are left out at the end."""
    x = draw.signed(draw.between(0, 4))
    return np.where(draw.rng.random(draw.count) < 0.05, np.nan, x), draw.between(1, 4), draw.integers(0, 1)


# ---- The functions -------------------------------------------------------------------------------------------------------

ROWS = {
    # arithmetic.h
    "fma": Row("any", lambda d: (d.any(), d.any(), d.any()), exact=lambda m, a, b, c, y: a * b + c),
    "upper_half": Row(
        "any",
        lambda d: (d.any(), d.full(d.by_type(12, 26)), d.full(d.info.minexp)),
        holds=lambda m, a, digits, least, y: same(y, truncated(a, int(digits), int(least))),
    ),
    "product_low": Row(
        "|product| finite and above 2^-100 (2^-960), or it is inexact",
        rounded_products,
        exact=lambda m, a, b, product, y: a * b - product,
        per=lambda m, a, b, product, y: abs(a * b),
    ),
    "product_low_exact": Row(
        "as product_low, |a| and |b| below 2^100 (2^995)",
        rounded_products,
        exact=lambda m, a, b, product, y: a * b - product,
        per=lambda m, a, b, product, y: abs(a * b),
    ),
    "division_remainder": Row(
        "|numerator| finite and above 2^-100 (2^-960), or it is inexact",
        quotients,
        exact=lambda m, numerator, quotient, denominator, y: numerator - quotient * denominator,
        per=lambda m, numerator, quotient, denominator, y: abs(numerator),
    ),
    "fma_low": Row(
        "|c| >= 2 |a*b|",
        sum_arguments,
        exact=lambda m, a, b, c, total, y: a * b + c - total,
        wide=False,
    ),
    "product_sum": Row("as product_low", products(-30, 30), exact=lambda m, a, b, c, y: a * b + c, wide=False),
    "product_plus_small": Row(
        "as product_low, |c| not much larger than |a*b|",
        products(-30, 1),
        exact=lambda m, a, b, c, y: a * b + c,
        wide=False,
    ),
    "reciprocal_estimate": Row(
        "a normal and below 2^125 (2^1021)",
        lambda d: (d.between(d.info.smallest_normal, 2.0 ** d.by_type(124.9, 1020.9)),),
        exact=lambda m, a, y: 1 / a,
    ),
    "magnitude_up_to": Row(
        "limit >= 0",
        lambda d: (d.any(), d.between(0, d.info.max)),
        holds=lambda m, x, limit, y: same(y, min(abs(x), limit)),
    ),
    "at_most": Row("any", lambda d: (d.any(), d.any()), holds=lambda m, limit, x, y: same(y, limit if limit < x else x)),
    "at_least": Row("any", lambda d: (d.any(), d.any()), holds=lambda m, limit, x, y: same(y, limit if limit > x else x)),
    "lowest_beside": Row("any", lambda d: (d.any(),), holds=lambda m, a, y: -math.inf < y < -1e38 if a == 0 else y == -math.inf),
    "with_signs": Row(
        "any",
        lambda d: (d.any(), d.any(), d.any()),
        holds=lambda m, x, a, b, y: same(y, x * math.copysign(1, a) * math.copysign(1, b)),
    ),
    "to_odd": Row(
        "y finite and not 0, |rest| less than the distance to its neighbours",
        sums_and_neighbours,
        holds=lambda m, y, rest, even, neighbour, odd: odd == (neighbour if even and rest else y),
    ),
    "positive_part": Row("any", lambda d: (d.any(),), holds=lambda m, x, y: same(y, -0.0 if x < 0 else x)),
    "all_below": Row("n >= 0", wholes, holds=lambda m, x, limit, n, y: y == (n == 0 or abs(x) < limit)),
    # exponential.h
    "exp_tail": Row(
        "|r| <= ln(2) / 2",
        lambda d: (d.between(-LN2 / 2, LN2 / 2),),
        exact=lambda m, r, y: m.exp(r),
        value=lambda m, r, y: 1 + r + r * r * y,
    ),
    "exp_scaled_low": Row(
        "0 >= x >= -EXP_FURTHEST with HEADROOM, 0 <= x <= EXP_FURTHEST with -HEADROOM",
        exponents,
        exact=lambda m, x, x_low, headroom, q, scale, q_low: m.exp(x + x_low),
        value=lambda m, x, x_low, headroom, q, scale, q_low: (scale + scale * (q + q_low)) * 2**-headroom,
    ),
    "exp_scaled": Row(
        "as exp_scaled_low",
        exponents,
        exact=lambda m, x, x_low, headroom, q, scale: m.exp(x + x_low),
        value=lambda m, x, x_low, headroom, q, scale: (scale + scale * q) * 2**-headroom,
    ),
    "exp2_scaled": Row(
        "0 >= x >= -1.4 EXP_FURTHEST with HEADROOM, 0 <= x <= 1.4 EXP_FURTHEST with -HEADROOM",
        lambda d: exponents(d, 1.4),
        exact=lambda m, x, x_low, headroom, q, scale: m.exp((x + x_low) * m.ln2),
        value=lambda m, x, x_low, headroom, q, scale: (scale + scale * q) * 2**-headroom,
    ),
    "exp_twice": Row(
        "0 <= a <= EXP_FURTHEST / 2",
        lambda d: (d.between(0, d.limits["furthest"] / 2), d.full(d.limits["headroom"])),
        exact=lambda m, a, headroom, p, scale: m.exp(2 * a),
        value=lambda m, a, headroom, p, scale: scale * p * 2**headroom,
    ),
    "exp_unit": Row(
        "|z| up to ROW_PIVOT + EXP_FURTHEST",
        lambda d: (*row_exponents(d), d.full(d.limits["to_integer"] + d.limits["bias"])),
        exact=lambda m, z, to_integer, base, y: m.exp(z + (to_integer - base) * m.ln2),
    ),
    "exp_unit_to_integer": Row(
        "|largest| up to ROW_PIVOT",
        lambda d: (d.between(-d.limits["pivot"], d.limits["pivot"]), d.full(to_integer(d.limits))),
        holds=lambda m, largest, base, y: y == int(y) and abs(base - y - largest / LN2) < 0.501,
    ),
    # logarithm.h
    "log1p_tail": Row(
        "0 <= t <= 1",
        lambda d: (d.between(0, 1),),
        exact=lambda m, t, y: m.log1p(t),
        value=lambda m, t, y: t + t * t * y,
    ),
    "log_of_sum": Row(
        "u normal and below 2^127 (2^1023), |u_low| at most half an ULP of u, or below 2^-25 (2^-54) where u is 1",
        sums_near_one,
        exact=lambda m, u, u_low, octaves, y: m.log(u + u_low) + octaves * m.ln2,
        wide=False,
    ),
    "log1p": Row(
        "-1 < z < 2^127 (2^1023), |z_low| at most half an ULP of z and of 1 + z",
        logarithm_arguments,
        exact=lambda m, z, z_low, octaves, y: m.log1p(z + z_low) + octaves * m.ln2,
    ),
    "log_split": Row("u normal", lambda d: (d.between(d.info.smallest_normal, d.info.max),), holds=is_split),
    "log_tail": Row(
        "sqrt(1/2) <= 1 + r <= sqrt(2)",
        lambda d: (d.between(math.sqrt(0.5) - 1, math.sqrt(2) - 1),),
        exact=lambda m, r, y: m.log1p(r),
        value=lambda m, r, y: r + r * r * y,
    ),
    "log_of_split": Row(
        "sqrt(1/2) <= 1 + r <= sqrt(2), n an integer up to 2^8 (2^11)",
        lambda d: (d.between(math.sqrt(0.5) - 1, math.sqrt(2) - 1), d.integers(-d.by_type(150, 1100), 128) * d.integers(0, 1)),
        exact=lambda m, r, n, y: m.log1p(r) + n * m.ln2,
        wide=False,
    ),
    "log2_pair": Row(
        "u normal",
        lambda d: sums_near_one(d)[::2],
        exact=lambda m, u, octaves, y, low: m.log(u) / m.ln2 + octaves,
        value=lambda m, u, octaves, y, low: y + low,
        wide=False,
    ),
    # hyperbolic.h
    "tanh_small_tail": Row(
        "0 <= u <= TANH_SMALL^2",
        lambda d: (d.between(0, TANH_SMALL**2),),
        exact=lambda m, u, y: m.tanh(m.sqrt(u)) / m.sqrt(u) if u else m.mpf(1),
        value=lambda m, u, y: 1 + u * y,
        wide=False,
    ),
    "tanh_small": Row("0 <= a <= TANH_SMALL", lambda d: (d.between(0, TANH_SMALL),), exact=lambda m, a, y: m.tanh(a)),
    "tanh_shrink_unit": Row(
        "0 <= a <= 1", lambda d: (d.between(0, 1),), exact=lambda m, a, y: a - m.tanh(a), wide=False, bits=800
    ),
    "sinh_small_tail": Row(
        "0 <= u <= 1",
        lambda d: (d.between(0, 1),),
        exact=lambda m, u, y: m.sinh(m.sqrt(u)) / m.sqrt(u) if u else m.mpf(1),
        value=lambda m, u, y: 1 + u * y,
        wide=False,
    ),
    # arctan.h
    "arctan_unit": Row("0 <= t <= 1", lambda d: (d.between(0, 1),), exact=lambda m, t, y: m.atan(t)),
    "arctan_eighth_tail": Row(
        "0 <= t <= tan(pi/8), or 1e-4 more",
        lambda d: (d.between(0, math.tan(math.pi / 8) * 1.0001),),
        exact=lambda m, t, y: m.atan(t),
        value=lambda m, t, y: t + y,
    ),
    "arcsin_half_tail": Row(
        "0 <= u <= 1/4",
        lambda d: (d.between(0, 0.25),),
        exact=lambda m, u, y: m.asin(m.sqrt(u)) / m.sqrt(u) if u else m.mpf(1),
        value=lambda m, u, y: 1 + u * y,
        wide=False,
    ),
    # normal.h
    "normal_tail": Row(
        "v = a / (a + NORMAL_SHIFT), 0 <= a <= 15 (39.5)",
        lambda d: (*normal_arguments(d), d.full(d.limits["shift"])),
        exact=lambda m, v, v_low, shift, y, low: normal_tail(m, shift * (v + v_low) / (1 - v - v_low), shift),
        value=lambda m, v, v_low, shift, y, low: y + low,
    ),
    "erf_small": Row("0 <= a <= ERF_SMALL", lambda d: (d.between(0, ERF_SMALL),), exact=lambda m, a, y: m.erf(a)),
    "log_erfc": Row(
        "ERF_SMALL <= a <= 4 (6)",
        lambda d: (d.between(ERF_SMALL, d.by_type(4, 6)),),
        exact=lambda m, a, y, low: m.erfc(a),
        value=lambda m, a, y, low: m.exp(y + low),
        per=one,
    ),
    # sine.h
    "sin_quarter_tail": Row(
        "0 <= u <= pi^2/16",
        lambda d: (d.between(0, math.pi**2 / 16),),
        exact=lambda m, u, y: m.sin(m.sqrt(u)),
        value=lambda m, u, y: m.sqrt(u) * (1 + u * y),
    ),
    "sin_quarter": Row("0 <= z <= pi/4", lambda d: (d.between(0, math.pi / 4),), exact=lambda m, z, y: m.sin(z)),
    "tan_quarter_tail": Row(
        "0 <= u <= pi^2/16",
        lambda d: (d.between(0, math.pi**2 / 16),),
        exact=lambda m, u, y: m.tan(m.sqrt(u)) / m.sqrt(u) if u else m.mpf(1),
        value=lambda m, u, y: 1 + u * y,
        wide=False,
    ),
    "sin_tail": Row(
        "0 <= u <= pi^2/4",
        lambda d: (d.between(0, math.pi**2 / 4),),
        exact=lambda m, u, y: m.sin(m.sqrt(u)),
        value=lambda m, u, y: m.sqrt(u) * (1 + u * y),
    ),
    "sin_squared_tail": Row(
        "0 <= u <= pi^2/16",
        lambda d: (d.between(0, math.pi**2 / 16),),
        exact=lambda m, u, y: m.sin(m.sqrt(u)) ** 2,
        value=lambda m, u, y: u + u * u * y,
    ),
    "cosine_tail": Row(
        "0 <= u <= pi^2/16",
        lambda d: (d.between(0, math.pi**2 / 16),),
        exact=lambda m, u, y: m.cos(m.sqrt(u)),
        value=lambda m, u, y: 1 + u * y,
    ),
    "cos_tail": Row(
        "0 <= u <= 1/4",
        lambda d: (d.between(0, 0.25),),
        exact=lambda m, u, y: m.cospi(m.sqrt(u)),
        value=lambda m, u, y: 1 + u * y,
        per=one,
    ),
    "sinc_tail": Row(
        "0 <= u <= 1/4",
        lambda d: (d.between(0, 0.25),),
        exact=lambda m, u, y: m.sincpi(m.sqrt(u)),
        value=lambda m, u, y: 1 + u * y,
    ),
    "sinc_less": Row(
        "0 <= u <= 1/4",
        lambda d: (d.between(0, 0.25),),
        exact=lambda m, u, y: m.sincpi(m.sqrt(u)),
        value=lambda m, u, y: 1 + y,
    ),
    "sinc_slope": Row(
        "0 <= u <= 1/4",
        lambda d: (d.between(0, 0.25),),
        exact=lambda m, u, y: (m.cospi(m.sqrt(u)) - m.sincpi(m.sqrt(u))) / u if u else -(m.pi**2) / 3,
        bits=1200,
        wide=False,
    ),
    "half_turns": Row(
        "0 <= a, also infinite",
        lambda d: (np.where(np.arange(d.count) == 0, np.inf, d.between(0, d.info.max)),),
        holds=are_half_turns,
    ),
    # reduction.h
    "quarter_turns": Row(
        "0 <= a < 2^23 (2^52) pi/2",
        lambda d: (quarters((2**23, 2**52))(d)[0], d.integers(0, 1), d.full(d.by_type(2**16, 2**45))),
        holds=are_quarter_turns,
    ),
    "minus_quarters": Row(
        "n an integer up to 2^13 (2^20), |a - n pi/2| < 0.8",
        quarters((2**13, 2**20)),
        exact=lambda m, a, n, r, low: a - n * m.pi / 2,
        value=lambda m, a, n, r, low: r + low,
        per=one,
        wide=False,
    ),
    "power_of_two": Row("0 <= shift < 32", lambda d: (d.integers(0, 31),), exact=lambda m, shift, y: 2 ** int(shift), wide=False),
    "from_integer": Row(
        "0 <= integer < 2^52", lambda d: (d.integers(0, 2**52 - 1),), exact=lambda m, integer, y: integer, wide=False
    ),
    "phase": Row(
        "|x| 2^octaves from 2^-75 to 2^192 (2^1088)",
        lambda d: (d.powers(-75, d.by_type(127.9, 1023.9)), d.integers(0, 63)),
        exact=lambda m, x, octaves, *words: nearest_by_period(m, abs(x) * 2 ** int(octaves) / m.pi, joined(m, words), 2),
        value=lambda m, x, octaves, *words: joined(m, words),
        per=one,
        bits=1400,
        wide=False,
    ),
    "turns_of": turns_row(
        lambda m, *words: joined(m, words),
        range="any words of a phase",
        arguments=lambda d: tuple(d.integers(0, 2**32 - 1) for _ in range(d.by_type(2, 4))),
    ),
    "turns": turns_row(
        lambda m, x, quarters: abs(x) / m.pi + quarters / 2,
        range="|x| >= 2^-40",
        arguments=lambda d: (d.signed(d.between(2.0**-40, d.info.max)), d.integers(0, 1)),
    ),
    "sum_turns": turns_row(
        lambda m, x, x_low, octaves: (x + x_low) * 2 ** int(octaves) / m.pi,
        range="x >= |x_low|, x 2^octaves from 2^-40 to 2^192 (2^1088), |x_low| 2^octaves from 2^-75 or, as a double, 0",
        arguments=sums_and_octaves,
    ),
}
# With a headroom that is known when compiling.
ROWS["exp_split"] = ROWS["exp_scaled"]
ROWS["exp_split_low"] = replace(ROWS["exp_scaled_low"], range="as exp_scaled_low")
# Of other arguments: a name, a comma, and which.
ROWS["minus_quarters, far"] = replace(
    ROWS["minus_quarters"],
    arguments=quarters((2**23, 2**52)),
    per=lambda m, a, n, r, low: max(n, 1),
    after="; for n up to 2^23 (2^52) n times ",
)
