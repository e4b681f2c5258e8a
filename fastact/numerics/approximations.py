"""What the polynomials of coefficients.py approximate, and where: the records that fit.py works on."""

from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np

mp = mpmath.mp.clone()
mp.dps = 80


@dataclass(frozen=True)
class Target:
    """Where a polynomial is fitted for one type: from `low` to `high`, in powers of x - centre."""

    low: float
    high: float
    degree: int
    centre: float = 0


@dataclass(frozen=True)
class Polynomial:
    """What a polynomial approximates.

    `name` is that of the C function which evaluates it, without suffix. `text` is `function` and its domain in words. `weight`
    makes an error relative to that function's whole result. By default this is `function` itself.
    """

    name: str
    text: str
    function: Callable
    weight: Callable | None = None
    float32: Target | None = None
    float64: Target | None = None


@dataclass(frozen=True)
class Table:
    """A function of x >= 0 by polynomials, one for each of some intervals: see simd/intervals.h.

    By its name a kernel finds it: NAME_intervals where registers hold 32 floats or 16 doubles, NAME_eight_intervals where 8.

    The intervals reach up to `furthest` and spread over `octaves`. The centre of each is a number of the type for which
    `rounded` almost is one, too. By default this is `function`; a table that shares its centres with another has that one's.
    `zero` tells where the function changes its sign: this is the centre of its interval, so that d * p(d) has the digits there.
    `weight` is that of a `Polynomial`. The coefficients lack `near_slope`, which the kernel adds. `skipped` is how many intervals
    of the first octave come behind the last instead: the others are narrower then, but one octave reaches as near to 0 as two.
    """

    name: str
    text: str
    function: Callable
    dtype: str
    furthest: float
    octaves: int
    degree: int
    intervals: int
    weight: Callable | None = None
    rounded: Callable | None = None
    near_slope: float = 1
    zero: float | None = None
    skipped: int = 0


# ---- The functions that are fitted ---------------------------------------------------------------------------------------


def odd_tail(function):
    """(function(x)/x - 1) / x^2 as a function of u = x^2, for an odd function with slope 1 at zero."""
    return lambda u: (function(mp.sqrt(u)) / mp.sqrt(u) - 1) / u


def odd_weight(function):
    """Make an error of odd_tail relative to the function."""
    return lambda u: u * mp.sqrt(u) / function(mp.sqrt(u))


def exp_tail(r):
    return (mp.expm1(r) - r) / r**2


def log1p_tail(t):
    return (mp.log1p(t) - t) / t**2


def log1p_weight(t):
    return t**2 / mp.log1p(t)


def normal_tail(shift):
    """As a function of v = a / (a + shift): see native/math/normal.h."""

    def tail(v):
        a = shift * v / (1 - v)
        return (a + shift) * mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2

    return tail


def sinc(u):
    """sin(pi r) / (pi r) as a function of u = r^2."""
    return mp.sincpi(mp.sqrt(u))


def sinc_slope(u):
    """The derivative of sin(pi r) / (pi r) by r, over r."""
    r = mp.sqrt(u)
    return (mp.cospi(r) - mp.sincpi(r)) / u


def tanh_shrink_per_cube(a):
    """(a - tanh(a)) / a^3"""
    return (a - mp.tanh(a)) / a**3 if a else mp.mpf(1) / 3


def gudermannian(x):
    return 2 * mp.atan(mp.tanh(x / 2))


def log2_quotient(u):
    """(log2((1 + s) / (1 - s)) / s - 2/ln(2) (1 + u/3)) / u^2 as a function of u = s^2."""
    s = mp.sqrt(u)
    return (2 * mp.atanh(s) / s - 2 * (1 + u / 3)) / (u * u * mp.log(2))


def log_one_plus_exp(a):
    return mp.log1p(mp.exp(-a))


def tanh_shrink(u):
    """(x - tanh(x)) / x^3 as a function of u = x^2."""
    x = mp.sqrt(u)
    return (x - mp.tanh(x)) / (x * u)


# What the kernels of gelu multiply a^2 by: the tables make good that it is rounded.
PER_HALF_SQUARE = mp.mpf(float(np.float32(0.5 / np.log(2))))


def gelu_tail(h):
    """2^(PER_HALF_SQUARE a^2) a Phi(-a), a = 2h."""
    return 2 ** (4 * PER_HALF_SQUARE * h * h) * 2 * h * mp.ncdf(-2 * h)


def gelu_slope(h):
    """2^(PER_HALF_SQUARE a^2) (Phi(-a) - a phi(a)), a = 2h."""
    return 2 ** (4 * PER_HALF_SQUARE * h * h) * (mp.ncdf(-2 * h) - 2 * h * mp.npdf(2 * h))


def exp2_tail(f):
    """(2^f - 1) / f"""
    return mp.expm1(f * mp.log(2)) / f


def exp2_weight(f):
    """Errors are those of 2^f."""
    return f / 2**f


def gelu_slope_quick(a):
    """Phi(-a) - a phi(a)."""
    return mp.ncdf(-a) - a * mp.npdf(a)


def normal_quick(a):
    """Phi(-a) e^(a^2/2)."""
    return mp.ncdf(-a) * mp.exp(a * a / 2)


def normal_inverse(a):
    """e^(-a^2/2) / Phi(-a)."""
    return mp.exp(-a * a / 2) / mp.ncdf(-a)


def gelu_inverse(a):
    """2^(-PER_HALF_SQUARE a^2) / Phi(-a)."""
    return 2 ** (-PER_HALF_SQUARE * a * a) / mp.ncdf(-a)


# ---- The polynomials -----------------------------------------------------------------------------------------------------

WIDER = mp.mpf("1.0001")  # an interval's end, where rounding may lead a little beyond it
HALF_PI = mp.pi / 2 * WIDER
HALF_LN2 = mp.log(2) / 2 * WIDER
EIGHTH = mp.tan(mp.pi / 8) * WIDER
LOG2_QUOTIENT = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * WIDER) ** 2
TANH_SMALL = mp.mpf("0.6875")
ERF_SMALL = mp.mpf("0.9375")
NORMAL_SHIFT = {"float32": 3, "float64": 4}
# Near the middle, so that the terms are small where the sum is, and round less. For each the constant term almost is a number
# of the type.
LOG1P_CENTRE = {"float32": 0.794189453125, "float64": 0.7201433181762695}
NORMAL_CENTRE = {"float32": 0.508544921875, "float64": 0.45018482208251953}


def normal_tails(dtype, furthest, degree):
    shift, centre = NORMAL_SHIFT[dtype], NORMAL_CENTRE[dtype]
    return Polynomial(
        "normal_tail",
        "(a + shift) e^(a^2/2) Phi(-a), in powers of v - centre, v = a / (a + shift): 0 <= a <= 15 (float64: 39.5)",
        function=normal_tail(shift),
        **{dtype: Target(0, mp.mpf(furthest) / (furthest + shift), degree, centre)},
    )


POLYNOMIALS = (
    Polynomial(
        "exp_tail",
        "(e^r - 1 - r) / r^2, |r| <= ln(2) / 2",
        function=exp_tail,
        weight=lambda r: r**2,
        float32=Target(-HALF_LN2, HALF_LN2, 4),
        float64=Target(-HALF_LN2, HALF_LN2, 9),
    ),
    Polynomial(
        "exp_twice",
        "e^2r, |r| <= ln(2) / 4",
        function=lambda r: mp.exp(2 * r),
        weight=lambda r: mp.exp(-2 * r),
        float32=Target(-HALF_LN2 / 2, HALF_LN2 / 2, 6),
        float64=Target(-HALF_LN2 / 2, HALF_LN2 / 2, 11),
    ),
    Polynomial(
        "log1p_tail",
        "(log1p(t) - t) / t^2, 0 <= t <= 1, in powers of t - centre",
        function=log1p_tail,
        weight=log1p_weight,
        float32=Target(0, 1, 8, LOG1P_CENTRE["float32"]),
        float64=Target(0, 1, 19, LOG1P_CENTRE["float64"]),
    ),
    Polynomial(
        "tanh_small",
        "(tanh(a) / a - 1) / u, u = a^2, 0 <= a <= TANH_SMALL",
        function=odd_tail(mp.tanh),
        weight=odd_weight(mp.tanh),
        float32=Target(0, TANH_SMALL**2, 4),
        float64=Target(0, TANH_SMALL**2, 11),
    ),
    Polynomial(
        "arctan_unit",
        "(arctan(t) / t - 1) / u, u = t^2, 0 <= t <= 1",
        function=odd_tail(mp.atan),
        weight=odd_weight(mp.atan),
        float32=Target(0, 1, 8),
        float64=Target(0, 1, 19),
    ),
    Polynomial(
        "arctan_eighth_tail",
        "(arctan(t) / t - 1) / u, u = t^2, 0 <= t <= tan(pi/8)",
        function=odd_tail(mp.atan),
        weight=odd_weight(mp.atan),
        float32=Target(0, EIGHTH**2, 4),
        float64=Target(0, EIGHTH**2, 10),
    ),
    Polynomial(
        "tanh_shrink_unit",
        "(a - tanh(a)) / a^3, in powers of u = a^2, 0 <= a <= 1",
        function=tanh_shrink,
        float32=Target(0, 1, 7),
        float64=Target(0, 1, 15),
    ),
    Polynomial(
        "sin_quarter_tail",
        "(sin(z) / z - 1) / u, u = z^2, 0 <= z <= pi/4",
        function=odd_tail(mp.sin),
        weight=odd_weight(mp.sin),
        float32=Target(0, mp.pi**2 / 16, 2),
        float64=Target(0, mp.pi**2 / 16, 5),
    ),
    normal_tails("float32", 15, 10),
    normal_tails("float64", 39.5, 23),
    Polynomial(
        "log1p",
        "(log1p(r) - r) / r^2, sqrt(1/2) - 1 <= r <= sqrt(2) - 1",
        function=log1p_tail,
        weight=log1p_weight,
        float32=Target(mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 8),
        float64=Target(mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 19),
    ),
    Polynomial(
        "erf_small",
        "erf(a) / a - 1, in powers of u = a^2, 0 <= a <= ERF_SMALL",
        function=lambda u: mp.erf(mp.sqrt(u)) / mp.sqrt(u) - 1,
        weight=lambda u: mp.sqrt(u) / mp.erf(mp.sqrt(u)),
        float32=Target(0, ERF_SMALL**2, 6),
        float64=Target(0, ERF_SMALL**2, 11),
    ),
    Polynomial(
        "log_erfc",
        "log(erfc(a)) / a, ERF_SMALL <= a <= 4 (float64: 6)",
        function=lambda a: mp.log(mp.erfc(a)) / a,
        weight=lambda a: a * mp.erfc(a) / mp.erf(a),
        float32=Target(ERF_SMALL, 4, 5),
        float64=Target(ERF_SMALL, 6, 17),
    ),
    Polynomial(
        "sinc_tail",
        "(sin(pi r) / (pi r) - 1) / u, u = r^2, 0 <= r <= 1/2",
        function=lambda u: (sinc(u) - 1) / u,
        weight=lambda u: u / sinc(u),
        float32=Target(0, 0.25, 3),
        float64=Target(0, 0.25, 7),
    ),
    Polynomial(
        "sinc_slope",
        "the derivative of sin(pi r) / (pi r), over r, in powers of u = r^2, 0 <= r <= 1/2",
        function=sinc_slope,
        float32=Target(0, 0.25, 4),
        float64=Target(0, 0.25, 7),
    ),
    Polynomial(
        "cos_tail",
        "(cos(pi r) - 1) / u, u = r^2, 0 <= r <= 1/2",
        function=lambda u: (mp.cospi(mp.sqrt(u)) - 1) / u,
        weight=lambda u: u,
        float32=Target(0, 0.25, 4),
        float64=Target(0, 0.25, 7),
    ),
    Polynomial(
        "sin_tail",
        "(sin(r) / r - 1) / u, u = r^2, 0 <= r <= pi/2",
        function=odd_tail(mp.sin),
        weight=odd_weight(mp.sin),
        float32=Target(0, HALF_PI**2, 3),
        float64=Target(0, HALF_PI**2, 7),
    ),
    Polynomial(
        "sin_squared_tail",
        "(sin(r)^2 - u) / u^2, u = r^2, 0 <= r <= pi/4",
        function=lambda u: (mp.sin(mp.sqrt(u)) ** 2 - u) / u**2,
        weight=lambda u: u**2 / mp.sin(mp.sqrt(u)) ** 2,
        float32=Target(0, HALF_PI**2 / 4, 3),
        float64=Target(0, HALF_PI**2 / 4, 6),
    ),
    Polynomial(
        "cosine_tail",
        "(cos(r) - 1) / u, u = r^2, 0 <= r <= pi/4",
        function=lambda u: (mp.cos(mp.sqrt(u)) - 1) / u,
        weight=lambda u: u,
        float32=Target(0, HALF_PI**2 / 4, 3),
        float64=Target(0, HALF_PI**2 / 4, 6),
    ),
    # Operations only
    Polynomial(
        "tan_quarter_tail",
        "(tan(z) / z - 1) / u, u = z^2, 0 <= z <= pi/4",
        function=odd_tail(mp.tan),
        weight=odd_weight(mp.tan),
        float32=Target(0, HALF_PI**2 / 4, 6),
        float64=Target(0, HALF_PI**2 / 4, 13),
    ),
    Polynomial(
        "arcsin_half_tail",
        "(arcsin(s) / s - 1) / u, u = s^2, 0 <= s <= 1/2",
        function=odd_tail(mp.asin),
        weight=odd_weight(mp.asin),
        float32=Target(0, 0.25, 4),
        float64=Target(0, 0.25, 11),
    ),
    Polynomial(
        "sinh_small_tail",
        "(sinh(a) / a - 1) / u, u = a^2, 0 <= a <= 1",
        function=odd_tail(mp.sinh),
        weight=odd_weight(mp.sinh),
        float32=Target(0, 1, 3),
        float64=Target(0, 1, 6),
    ),
    Polynomial(
        "log2_quotient",
        "(log2((1 + s) / (1 - s)) / s - 2/ln(2) (1 + u/3)) / u^2, u = s^2, |s| <= (sqrt(2) - 1) / (sqrt(2) + 1)",
        function=log2_quotient,
        weight=lambda u: u**2,
        float32=Target(0, LOG2_QUOTIENT, 2),
        float64=Target(0, LOG2_QUOTIENT, 7),
    ),
    # Block kernels only
    Polynomial(
        "exp_reduced",
        "(e^r - 1 - r) / r^2, |r| <= ln(2) / 32",
        function=exp_tail,
        weight=lambda r: r**2,
        float32=Target(-HALF_LN2 / 16, HALF_LN2 / 16, 1),
        float64=Target(-HALF_LN2 / 16, HALF_LN2 / 16, 4),
    ),
    Polynomial(
        "expm1_or_less",
        "(e^r - 1 - r) / r^2, |r| <= ln(2) / 32, where 1 is subtracted from e^r",
        function=exp_tail,
        weight=lambda r: r**2 / mp.expm1(r),
        float32=Target(-HALF_LN2 / 16, HALF_LN2 / 16, 2),
    ),
    Polynomial(
        "exp_reduced_eighth",
        "(e^r - 1 - r) / r^2, |r| <= ln(2) / 16",
        function=exp_tail,
        weight=lambda r: r**2,
        float32=Target(-HALF_LN2 / 8, HALF_LN2 / 8, 2),
    ),
    Polynomial(
        "expm1_or_less_eighth",
        "(e^r - 1 - r) / r^2, |r| <= ln(2) / 16, where 1 is subtracted from e^r",
        function=exp_tail,
        weight=lambda r: r**2 / mp.expm1(r),
        float32=Target(-HALF_LN2 / 8, HALF_LN2 / 8, 3),
    ),
    Polynomial(
        "log_reduced",
        "(log1p(r) - r) / r^2, |r| <= 1/32",
        function=log1p_tail,
        weight=log1p_weight,
        float32=Target(-mp.mpf(1) / 32, mp.mpf(1) / 32, 3),
    ),
    Polynomial(
        "log_reduced_eighth",
        "(log1p(r) - r) / r^2, -1/16 <= r <= 1/8",
        function=log1p_tail,
        weight=log1p_weight,
        float32=Target(-mp.mpf(1) / 16, mp.mpf(1) / 8, 4),
    ),
    Polynomial(
        "exp2_sixteenth",
        "(2^f - 1) / f, |f| <= 1/32",
        function=exp2_tail,
        weight=exp2_weight,
        float32=Target(-mp.mpf("0.0313"), mp.mpf("0.0313"), 2),
    ),
    Polynomial(
        "exp2_eighth",
        "(2^f - 1) / f, |f| <= 1/16",
        function=exp2_tail,
        weight=exp2_weight,
        float32=Target(-mp.mpf("0.0626"), mp.mpf("0.0626"), 3),
    ),
    Polynomial(
        "exp2_tail",
        "(2^f - 1) / f, |f| <= 1/2",
        function=exp2_tail,
        weight=exp2_weight,
        float32=Target(-mp.mpf("0.5001"), mp.mpf("0.5001"), 5),
    ),
    # Quick kernels only: to 2^-42
    Polynomial(
        "exp_quick",
        "(e^r - 1 - r) / r^2, |r| <= ln(2) / 32",
        function=exp_tail,
        weight=lambda r: r**2,
        float64=Target(-HALF_LN2 / 16, HALF_LN2 / 16, 3),
    ),
    Polynomial(
        "log1p_quick",
        "(log1p(r) - r) / r^2, |r| <= 1/32",
        function=log1p_tail,
        weight=log1p_weight,
        float64=Target(-mp.mpf("0.033"), mp.mpf("0.033"), 5),
    ),
    Polynomial(
        "exp_quick_half",
        "(e^r - 1 - r) / r^2, |r| <= ln(2) / 2",
        function=exp_tail,
        weight=lambda r: r**2,
        float64=Target(-HALF_LN2, HALF_LN2, 7),
    ),
    Polynomial(
        "normal_quick",
        "(a + 4) e^(a^2/2) Phi(-a), in powers of v - 0.45, v = a / (a + 4): 0 <= a <= 20",
        function=normal_tail(4),
        float64=Target(0, mp.mpf(20) / 24 * WIDER, 20, 0.45),
    ),
    Polynomial(
        "log1p_quick_unit",
        "(log1p(t) - t) / t^2, 0 <= t <= 1",
        function=log1p_tail,
        weight=log1p_weight,
        float64=Target(0, 1, 14),
    ),
    Polynomial(
        "erf_quick",
        "erf(a) / a, in powers of u - 8, u = a^2, 0 <= a <= 3.991",
        function=lambda u: mp.erf(mp.sqrt(u)) / mp.sqrt(u) if u else 2 / mp.sqrt(mp.pi),
        float64=Target(0, mp.mpf("15.93"), 22, 8),
    ),
    Polynomial(
        "tanh_shrink_quick",
        "(a - tanh(a)) / a^3, in powers of u = a^2, 0 <= a <= 1/2",
        function=tanh_shrink,
        float64=Target(0, mp.mpf(1) / 4, 8),
    ),
)

TABLES = (
    Table(
        "tanh_intervals",
        "tanh(x), 0 <= x <= 9.3",
        function=mp.tanh,
        dtype="float32",
        furthest=9.3,
        octaves=4,
        degree=3,
        intervals=32,
    ),
    Table(
        "erf_intervals",
        "erf(x), 0 <= x <= 4",
        function=mp.erf,
        dtype="float32",
        furthest=4,
        octaves=2,
        degree=3,
        intervals=32,
    ),
    Table(
        "erf_intervals",
        "erf(x), 0 <= x <= 6",
        function=mp.erf,
        dtype="float64",
        furthest=6,
        octaves=1,
        degree=11,
        intervals=16,
    ),
    Table(
        "gelu_intervals",
        "2^(k a^2) a Phi(-a), k = 0.7213475, in powers of a/2 - centre, 0 <= a <= 14.6",
        function=gelu_tail,
        dtype="float32",
        furthest=7.3,
        octaves=4,
        degree=3,
        intervals=32,
        skipped=2,
    ),
    Table(
        "gelu_slope_intervals",
        "2^(k a^2) (Phi(-a) - a phi(a)), k = 0.7213475, in powers of a/2 - centre, 0 <= a <= 14.6",
        function=gelu_slope,
        dtype="float32",
        furthest=7.3,
        octaves=4,
        degree=3,
        intervals=32,
        weight=lambda h: 1,
        rounded=gelu_tail,
        skipped=2,
    ),
    Table(
        "gelu_inverse_eight_intervals",
        "2^(-k a^2) / Phi(-a), k = 0.7213475, 0 <= a <= 14.6",
        function=gelu_inverse,
        dtype="float32",
        furthest=14.6,
        octaves=4,
        degree=5,
        intervals=8,
        near_slope=0,
    ),
    Table(
        "gelu_inverse_intervals",
        "e^(-a^2/2) / Phi(-a), 0 <= a <= 39.6",
        function=normal_inverse,
        dtype="float64",
        furthest=39.6,
        octaves=4,
        degree=11,
        intervals=16,
        near_slope=0,
    ),
    Table(
        "tanh_shrink_intervals",
        "(a - tanh(a)) / a^3, 0 <= a <= 8.4",
        function=tanh_shrink_per_cube,
        dtype="float32",
        furthest=8.4,
        octaves=2,
        degree=4,
        intervals=32,
        near_slope=0,
    ),
    Table(
        "gudermannian_intervals",
        "2 arctan(tanh(x / 2)), 0 <= x <= 18.8",
        function=gudermannian,
        dtype="float32",
        furthest=18.8,
        octaves=4,
        degree=4,
        intervals=32,
    ),
    Table(
        "log_one_plus_exp_intervals",
        "log1p(e^-a), 0 <= a <= 18.8",
        function=log_one_plus_exp,
        dtype="float32",
        furthest=18.8,
        octaves=4,
        degree=3,
        intervals=32,
        weight=lambda a: 1,
        near_slope=0,
    ),
    Table(
        "tanh_eight_intervals",
        "tanh(x), 0 <= x <= 9.3",
        function=mp.tanh,
        dtype="float32",
        furthest=9.3,
        octaves=4,
        degree=6,
        intervals=8,
    ),
    Table(
        "erf_eight_intervals",
        "erf(x), 0 <= x <= 4",
        function=mp.erf,
        dtype="float32",
        furthest=4,
        octaves=2,
        degree=6,
        intervals=8,
    ),
    Table(
        "gudermannian_eight_intervals",
        "2 arctan(tanh(x / 2)), 0 <= x <= 18.8",
        function=gudermannian,
        dtype="float32",
        furthest=18.8,
        octaves=4,
        degree=7,
        intervals=8,
    ),
    Table(
        "log_one_plus_exp_eight_intervals",
        "log1p(e^-a), 0 <= a <= 18.8",
        function=log_one_plus_exp,
        dtype="float32",
        furthest=18.8,
        octaves=4,
        degree=6,
        intervals=8,
        weight=lambda a: 1,
        near_slope=0,
    ),
    Table(
        "normal_quick_intervals",
        "Phi(-a) e^(a^2/2), 0 <= a <= 20.1",
        function=normal_quick,
        dtype="float64",
        furthest=20.1,
        octaves=4,
        degree=11,
        intervals=16,
        near_slope=0,
    ),
    Table(
        "gelu_quick_intervals",
        "a Phi(-a), 0 <= a <= 4.01",
        function=lambda a: a * mp.ncdf(-a),
        dtype="float64",
        furthest=4.01,
        octaves=1,
        degree=8,
        intervals=16,
        near_slope=0,
    ),
    Table(
        "gelu_slope_quick_intervals",
        "Phi(-a) - a phi(a), 0 <= a <= 4.01",
        function=gelu_slope_quick,
        dtype="float64",
        furthest=4.01,
        octaves=1,
        degree=8,
        intervals=16,
        near_slope=0,
        zero=float(mp.findroot(gelu_slope_quick, 0.75)),
    ),
    Table(
        "arctan_quick_intervals",
        "arctan(t), 0 <= t <= 1.01",
        function=mp.atan,
        dtype="float64",
        furthest=1.01,
        octaves=1,
        degree=6,
        intervals=16,
        near_slope=0,
    ),
    Table(
        "gudermannian_quick_intervals",
        "2 arctan(tanh(a/2)), 0 <= a <= 30",
        function=gudermannian,
        dtype="float64",
        furthest=30.01,
        octaves=4,
        degree=10,
        intervals=16,
        near_slope=0,
    ),
)
