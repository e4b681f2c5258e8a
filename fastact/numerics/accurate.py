"""What NumPy has no accurate form of, in float64: first of all the gelu, in both tails down to subnormal results.

NumPy has no erf, and ``(1 + erf(x / sqrt(2))) / 2`` would not do: it cancels for negative x. Here, with a = abs(x),

    Phi(-a) = e^(-a^2/2) tail(v) / (a + SHIFT),    v = a / (a + SHIFT)

where tail is smooth and nearly constant, hence a polynomial (Shepherd and Laframboise 1981, with one division). Every
rounding error that e^(-a^2/2), a quotient or a product would magnify is computed and put back in. The power of two
comes last, so that a subnormal result is rounded once.

Largest errors, in ULP: `gelu` 1.1; `gelu_derivative` 2.8 of its largest term; `times_gaussian` 1.0; `erf` 0.9;
`sinc` 1.5, `sinc_derivative` 1.4 of its largest term; `squareplus` 1.4, `squareplus_derivative` 2.5.
The same formulas are in kernels/formulas.pxi; docs/coefficients.py prints the coefficients.
"""

from __future__ import annotations

import numpy as np

_SHIFT = 4.0
_CENTRE = 0.45018482208251953
# tail(v), a polynomial in v - _CENTRE
_TAIL = (
    0.819883377855841,
    -1.381669391904634,
    1.786213063998286,
    -1.6901222808130976,
    1.0172701949798122,
    -0.16417214789739934,
    -0.2919030010715201,
    0.18474380878672667,
    0.08552475084562287,
    -0.10780813068069428,
    -0.03929125969806075,
    0.06155279067862595,
    0.0303617059174262,
    -0.03405245074223665,
    -0.028752629406051795,
    0.01476478452726166,
    0.026254982533919658,
    -1.8150991707903074e-05,
    -0.020348481853043797,
    -0.009547469066877035,
    0.011622638433896916,
    0.011393945506136734,
    -0.0035897014272720977,
    -0.005761355517649714,
)
# The steps of its evaluation whose rounding errors are kept.
_COMPENSATED = 3
# (e^r - 1 - r) / r^2 for abs(r) <= ln(2)/2
_EXPM1 = (
    0.5000000000000013,
    0.1666666666666667,
    0.04166666666651129,
    0.008333333333323879,
    0.0013888888947969258,
    0.0001984126988287941,
    2.48014890534573e-05,
    2.755724608611427e-06,
    2.7631570294442517e-07,
    2.510868312255479e-08,
)
# (x - tanh(x)) / x^3 for abs(x) <= 1, a polynomial in x^2
_TANH_SHRINK = (
    0.3333333333333333,
    -0.13333333333332625,
    0.053968253967776984,
    -0.02186948852253479,
    0.008863235316327404,
    -0.0035921259475033365,
    0.001455820650815447,
    -0.0005899637691378464,
    0.00023891444908383014,
    -9.637814637044036e-05,
    3.826765073350079e-05,
    -1.447991505279903e-05,
    4.896357634365604e-06,
    -1.3352224964785033e-06,
    2.506972428966682e-07,
    -2.3522290689039743e-08,
)
# erf(a) / a - 1, a polynomial in a^2 below _ERF_SMALL, and log(erfc(a)) / a, one in a above
_ERF_SMALL = 0.9375
_ERF = (
    0.12837916709551256,
    -0.3761263890318333,
    0.1128379167093588,
    -0.026866170641651192,
    0.005223977592834376,
    -0.0008548325220882626,
    0.00012055269951261245,
    -1.4924205271136678e-05,
    1.6440131966343513e-06,
    -1.6146259357881594e-07,
    1.3419653922156879e-08,
    -7.16903726849843e-10,
)
_LOG_ERFC = (
    -1.1283791479294525,
    -0.6366199092172261,
    -0.10277230364186969,
    0.019128875836393503,
    0.0002048885847646859,
    -0.0016830448920304648,
    0.0005649612291230907,
    8.587281248708438e-06,
    -0.00010016933142377897,
    5.8308620569490636e-05,
    -2.1218571656532044e-05,
    5.644814263706598e-06,
    -1.1382577064237599e-06,
    1.7357783188899794e-07,
    -1.9486240553455818e-08,
    1.5224727735358989e-09,
    -7.399441656226479e-11,
    1.684388846579157e-12,
)
# (sin(pi r) / (pi r) - 1) / r^2, the same's derivative over r, and (cos(pi r) - 1) / r^2: polynomials in r^2
_SINC = (
    -1.6449340668482264,
    0.8117424252833462,
    -0.19075182412167535,
    0.02614784780794348,
    -0.0023460809132996095,
    0.00014842791662408482,
    -6.972267443639253e-06,
    2.4518343285662235e-07,
)
_SINC_SLOPE = (
    -3.289868133696453,
    3.246969701133382,
    -1.1445109447297908,
    0.20918278245533553,
    -0.023460809018529507,
    0.001781134213362649,
    -9.760913720755424e-05,
    3.91960086499412e-06,
)
_COSPI = (
    -4.934802200544677,
    4.058712126416505,
    -1.3352627688432088,
    0.2353306301207713,
    -0.02580688862973126,
    0.0019295556388194016,
    -0.00010456472376004246,
    4.147493193582283e-06,
)
# From here on even a * Phi(-a) is zero.
_FURTHEST = 39.5
# From here on even x * exp(-x^2) is.
_GAUSSIAN_FURTHEST = 28.0
_LOG2_E = 1.4426950408889634
# ln 2 in two parts; the first has 42 bits, so that its product with an exponent is exact.
_LN2_HIGH, _LN2_LOW = 0.6931471805598903, 5.497923018708371e-14
_PER_SQRT_2PI = 0.3989422804014327


def gelu(x):
    """x * Phi(x)"""
    x = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        a = np.minimum(np.abs(x), _FURTHEST)
        quotient = _Quotient(a)
        magnitude = _times_exponential(quotient.times_a, quotient.times_a_low, *_exponential(a, 0.5 * a))
        return (np.where(x < 0, -0.0, x) - magnitude)[()]


def gelu_derivative(x):
    """Phi(x) + x * phi(x)"""
    x = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        a = np.minimum(np.abs(x), _FURTHEST)
        quotient = _Quotient(a)
        bracket = quotient.per_denominator - _PER_SQRT_2PI * a
        derivative = _times_exponential(bracket, quotient.per_denominator_low, *_exponential(a, 0.5 * a))
        return np.where(x > 0, 1 - derivative, derivative)[()]


def tanh_softplus(g):
    """tanh(log(1 + g)) in two parts: n/(n + 2) with n = g(g + 2)."""
    n, n_low = _multiply_add(g, g, 2 * g)
    denominator = n + 2
    return _divide(n, n_low, denominator, ((2 - denominator) + n) + n_low)


def tanh_shrink_unit(x):
    """x - tanh(x) for abs(x) <= 1: x cubed, in two parts, times a polynomial in x^2."""
    square = x * x
    cube = x * square
    cube_low = x * _product_low(x, x, square) + _product_low(x, square, cube)
    total, total_low = _multiply_add(_polynomial(_TANH_SHRINK[1:], square), square, _TANH_SHRINK[0])
    return cube * total + (cube_low * total + cube * total_low)


def times_gaussian(weight, x):
    """weight * exp(-x^2)"""
    a = np.minimum(np.abs(x), _GAUSSIAN_FURTHEST)
    return _times_exponential(weight, 0.0, *_exponential(a, a))


def squareplus(x, b):
    """(s + x) / 2 with s = sqrt(x^2 + b); below zero the equal b / 2 / (s - x)."""
    s, s_low, a, up = _squareplus_root(x, b)
    t = 0.5 * s + 0.5 * a
    t_low = (0.5 * s - t) + 0.5 * a + 0.5 * s_low
    quotient, quotient_low = _divide(0.25 * b, 0.0, t, t_low)
    far = up != 1
    return np.where(x >= 0, np.where(far, t * up, t), np.where(far, 0.25 * b / (t * up), quotient + quotient_low))


def squareplus_derivative(x, b):
    """squareplus / s"""
    s, _, _, up = _squareplus_root(x, b)
    return np.where(x > 2.0**600, 1.0, squareplus(x, b) / (s * up))


def _squareplus_root(x, b):
    """s = sqrt(x^2 + b) and |x|, both over a power of two, `up`, that keeps the square finite."""
    a = np.abs(x)
    far = a > 2.0**450
    down = np.where(far, 2.0**-513, 1.0)
    a = a * down
    return *_root(a * a + b * down * down), a, np.where(far, 2.0**513, 1.0)


def times_reciprocal_root(a, square):
    """a / sqrt(square)"""
    quotient, low = _divide(a, 0.0, *_root(square))
    return quotient + low


def _root(square):
    """The square root in two parts."""
    root = np.sqrt(square)
    product = root * root
    return root, ((square - product) - _product_low(root, root, product)) / (2 * root)


def bent_identity(x):
    """x + x w / 2 with w = (sqrt(x^2 + 1) - 1) / x = x / (sqrt(x^2 + 1) + 1), which is 1 from 2^60 on."""
    a = np.minimum(np.abs(x), 2.0**60)
    root = np.sqrt(a * a + 1)
    denominator = root + 1
    w, w_low = _divide(a, 0.0, denominator, (root - denominator) + 1)
    return np.copysign(np.where(np.abs(x) > a, x * (1 + np.copysign(0.5, x)), (x + 0.5 * a * w) + 0.5 * a * w_low), x)


def erf(x):
    """1 - erfc(x), but near zero a polynomial."""
    a = np.minimum(np.abs(x), 6.0)
    small = a + a * _polynomial(_ERF, a * a)
    return np.where(a < _ERF_SMALL, np.copysign(small, x), np.copysign(1 - np.exp(a * _polynomial(_LOG_ERFC, a)), x))


def _half_turns(x):
    """|x|, its distance r from the nearest integer n, and (-1)^n; infinity counts as an even integer."""
    a = np.abs(x)
    bounded = np.minimum(a, 2.0**53)
    n = np.rint(bounded)
    return a, bounded - n, 1 - 2 * np.fmod(n, 2)


def sinc(x):
    """sin(pi r) / (pi r) times r / x."""
    a, r, sign = _half_turns(x)
    small = a < 0.5
    u = r * r
    ratio = np.where(small, 1.0, r) / np.where(small, 1.0, a)
    return sign * (ratio + ratio * (u * _polynomial(_SINC, u)))


def sinc_derivative(x):
    """(cos(pi x) - sinc(x)) / x; a polynomial where that cancels."""
    a, r, sign = _half_turns(x)
    u = r * r
    large = (sign * (1 + u * _polynomial(_COSPI, u)) - sinc(x)) / x
    return np.where(a < 0.5, x * _polynomial(_SINC_SLOPE, u), large)


class _Quotient:
    """e^(a^2/2) Phi(-a) and a times that, each as a sum of two parts."""

    def __init__(self, a):
        denominator = a + _SHIFT
        denominator_low = (_SHIFT - denominator) + a
        v, v_low = _divide(a, 0.0, denominator, denominator_low)

        w = v - _CENTRE
        w_low = ((-_CENTRE - w) + v) + v_low
        tail, tail_low, slope = _polynomial(_TAIL[_COMPENSATED:], w), 0.0, 0.0
        for coefficient in _TAIL[_COMPENSATED - 1 :: -1]:
            slope = slope * w + tail
            tail, error = _multiply_add(tail, w, coefficient)
            tail_low = tail_low * w + error
        tail_low = tail_low + slope * w_low

        self.per_denominator, self.per_denominator_low = _divide(tail, tail_low, denominator, denominator_low)
        self.times_a = v * tail
        self.times_a_low = _product_low(v, tail, self.times_a) + (v_low * tail + v * tail_low)


def _exponential(a, b):
    """q, q_low and n with e^(-a b) = (1 + q + q_low) 2^n, from the exact product."""
    z = a * b
    z_low = _product_low(a, b, z)
    n = np.rint(z * -_LOG2_E)
    r_high = -z - n * _LN2_HIGH
    rest = -z_low - n * _LN2_LOW
    r = r_high + rest
    r_low = (r_high - r) + rest
    rest = r * r * _polynomial(_EXPM1, r) + r_low
    q = r + rest
    return q, (r - q) + rest, n


def _times_exponential(high, low, q, q_low, n):
    """(high + low) (1 + q + q_low) 2^n"""
    rest = high * q + (high * q_low + (low * q + low))
    return np.ldexp(high + rest, np.where(np.isnan(n), 0, n).astype(np.intc))


def _polynomial(coefficients, x):
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= x
        total += coefficient
    return total


def _upper_half(x):
    """The upper 26 bits, so that products of halves are exact (Dekker 1971)."""
    return (np.asarray(x).view(np.uint64) & np.uint64(0xFFFFFFFFF8000000)).view(np.float64)


def _product_low(a, b, product):
    """a * b - product, exactly."""
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _multiply_add(a, b, c):
    """a * b + c in two parts, for abs(c) >= abs(a * b)."""
    product = a * b
    total = product + c
    return total, ((c - total) + product) + _product_low(a, b, product)


def _divide(numerator, numerator_low, denominator, denominator_low):
    """The quotient of two numbers in two parts, itself in two parts."""
    quotient = numerator / denominator
    product = quotient * denominator
    remainder = (numerator - product) - _product_low(quotient, denominator, product)
    return quotient, (remainder + numerator_low - quotient * denominator_low) / denominator
