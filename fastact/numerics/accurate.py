"""What NumPy has no accurate form of, in float64: first of all the gelu, in both tails down to subnormal results.

NumPy has no erf, and ``(1 + erf(x / sqrt(2))) / 2`` would not do: it cancels for negative x. Here, with a = abs(x),

    Phi(-a) = e^(-a^2/2) tail(v) / (a + SHIFT),    v = a / (a + SHIFT)

where tail is smooth and nearly constant, hence a polynomial (Shepherd and Laframboise 1981, with one division). Every
rounding error that e^(-a^2/2), a quotient or a product would magnify is computed and put back in. The power of two
comes last, so that a subnormal result is rounded once.

Largest errors, in ULP: `gelu` 1.1; `gelu_derivative` 2.8 of its largest term; `times_gaussian` 1.0; `erf` 0.9; `ndtr`, `erfc` 1;
`sinc` 1.5, `sinc_derivative` 1.4 of its largest term; `squareplus` 1.4, `squareplus_derivative` 2.5; `log1mexp` and
`logit_below_half` those of NumPy's logarithms.
The same formulas are in backends/native/formulas/; coefficients.py has the coefficients of both.
"""

from __future__ import annotations

import functools

import numpy as np

from .coefficients import CENTRES, CONSTANTS, POLYNOMIALS


def _coefficients(name: str) -> tuple[float, ...]:
    return POLYNOMIALS[name]["float64"]


_EXP_TAIL = _coefficients("exp_tail")
_TANH_SMALL, _TANH_SHRINK_UNIT = _coefficients("tanh_small"), _coefficients("tanh_shrink_unit")
_ERF, _LOG_ERFC = _coefficients("erf_small"), _coefficients("log_erfc")  # the latter from _ERF_SMALL on
_SINC_TAIL, _SINC_SLOPE, _COS_TAIL = _coefficients("sinc_tail"), _coefficients("sinc_slope"), _coefficients("cos_tail")
_NORMAL_TAIL = _coefficients("normal_tail")
_CENTRE = CENTRES["normal_tail"]["float64"]
_SHIFT = CONSTANTS["normal_shift"]["float64"]
_ERF_SMALL = CONSTANTS["erf_small"]["float64"]
# How many of the last steps of the tail's evaluation keep their rounding errors.
_COMPENSATED = 3
# From here on a * Phi(-a) is zero.
_FURTHEST = 39.5
# From here on x * exp(-x^2) is zero.
_GAUSSIAN_FURTHEST = 28.0
_LOG2_E = CONSTANTS["log2_e"]["float64"]
# ln 2 in two parts; the first has 42 bits, so that its product with an exponent is exact.
_LN2_HIGH, _LN2_LOW = CONSTANTS["ln2_high"]["float64"], CONSTANTS["ln2_low"]["float64"]
_SQRT_2 = 1.4142135623730951
_PER_SQRT_2PI = 0.3989422804014327  # belongs to no polynomial, so it is not in coefficients.py; formulas/normal.pxi has it, too


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


def ndtr(x):
    """Phi(x), the normal distribution function"""
    a = np.minimum(np.abs(x), _FURTHEST)
    quotient = _Quotient(a)
    tail = _times_exponential(quotient.per_denominator, quotient.per_denominator_low, *_exponential(a, 0.5 * a))
    return np.where(x > 0, 1 - tail, tail)


def erfc(x):
    """2 Phi(-x sqrt(2)), the exponent from the exact square"""
    a = np.minimum(np.abs(x), _GAUSSIAN_FURTHEST)
    quotient = _Quotient(a * _SQRT_2)
    tail = 2 * _times_exponential(quotient.per_denominator, quotient.per_denominator_low, *_exponential(a, a))
    return np.where(x > 0, tail, 2 - tail)


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
    total, total_low = _multiply_add(_polynomial(_TANH_SHRINK_UNIT[1:], square), square, _TANH_SHRINK_UNIT[0])
    return cube * total + (cube_low * total + cube * total_low)


def times_gaussian(weight, x):
    """weight * exp(-x^2)"""
    a = np.minimum(np.abs(x), _GAUSSIAN_FURTHEST)
    return _times_exponential(weight, 0.0, *_exponential(a, a))


def tanh_small_tail(u):
    """(tanh(a) / a - 1) / u, u = a^2, for a up to 0.6875"""
    return _polynomial(_TANH_SMALL, u)


def log1mexp(x):
    """log(1 - e^-x) for x > 0: of both e^-x and 1 less it twice a number's digits are known."""
    a = np.clip(x, 0.0, 3000.0)
    m, m_low = _expm1_in_two(-np.minimum(a, 1.0), 0.0)
    near = np.where(a < 2.0**-60, np.log(a), np.log(-m) + m_low / m)
    e, e_low, n = _exponential_in_two(np.maximum(a, 0.5))
    t = np.ldexp(e, n)
    return np.where(a < 0.7, near, np.log1p(-t) - np.ldexp(e_low, n) / (1 - t))


def logit_below_half(h):
    """log(h / (1 - h)) for 0 < h <= 1/2; from 1/4 on by 2h - 1, which is exact."""
    rest = 1 - h
    z, z_low = _divide(2 * h - 1, 0.0, rest, (1 - rest) - h)
    return np.where(h < 0.25, np.log(h) - np.log1p(-h), np.log1p(z) + z_low / (1 + z))


def squareplus(x, b):
    """(s + x) / 2 with s = sqrt(x^2 + b); below zero the equal b / 2 / (s - x)."""
    given, width = x, b
    x, b, power = _near_one(x, b)
    far = np.abs(x) > 2.0**450
    # far out in these units x may be infinite, though it was not
    return np.where(far & (power != 1), np.where(x > 0, given, 0.25 * width / np.abs(given)), _squareplus(x, b) * power)


def _near_one(x, b):
    """x and b over a power of two and its square, where x^2 or b could vanish or overflow; and the power."""
    power = np.where((b < 2.0**-300) | (b > 2.0**300), np.exp2(np.floor(np.log2(b) / 2)), 1.0)
    return x / power, b / power / power, power


def _squareplus(x, b):
    s, s_low, a, up = _squareplus_root(x, b)
    t = 0.5 * s + 0.5 * a
    t_low = (0.5 * s - t) + 0.5 * a + 0.5 * s_low
    quotient, quotient_low = _divide(0.25 * b, 0.0, t, t_low)
    far = up != 1
    return np.where(x >= 0, np.where(far, t * up, t), np.where(far, 0.25 * b / (t * up), quotient + quotient_low))


def squareplus_derivative(x, b):
    """squareplus / s"""
    x, b, _ = _near_one(x, b)
    s, _, _, up = _squareplus_root(x, b)
    return np.where(x > 2.0**600, 1.0, _squareplus(x, b) / (s * up))


def _squareplus_root(x, b):
    """s = sqrt(x^2 + b) and |x|, both over a power of two, `up`, that keeps the square finite."""
    a = np.abs(x)
    far = a > 2.0**450
    down = np.where(far, 2.0**-513, 1.0)
    a = a * down
    return *_root(a * a + b * down * down), a, np.where(far, 2.0**513, 1.0)


def power_of_logistic(x, alpha):
    """(1 + e^-x)^-alpha and its derivative, for an alpha > 1 of any size: log(1 + e^-x) has twice a number's digits."""
    a = np.minimum(np.abs(x), 3000.0)  # from there on alpha e^-a is 0
    e, e_low, n = _exponential_in_two(a)
    near = n > -60
    log, log_low = _log1p_in_two(np.where(near, np.ldexp(e, n), 1.0), np.where(near, np.ldexp(e_low, n), 0.0))
    # (log + log_low) 2^m, as it may be less than any number
    m = np.where(near, 0, n)
    log, log_low = np.where(near, log, e), np.where(near, log_low, e_low - 0.5 * e * np.ldexp(e, n))
    total, total_low = _sum(a, np.ldexp(log, m))
    negative = x < 0
    s, s_low = np.where(negative, total, log), np.where(negative, total_low + np.ldexp(log_low, m), log_low)
    factor, octaves = np.frexp(alpha)
    z = factor * s
    z_low = _product_low(factor, s, z) + factor * s_low
    up = octaves + np.where(negative, 0, m)
    z, z_low = np.minimum(np.ldexp(z, up), 1500.0), np.ldexp(z_low, up)
    z_low = np.where(z < 1500, z_low, 0.0)
    weight = np.where(negative, alpha, np.ldexp(factor * e, n + octaves)) / (1 + np.ldexp(e, n))
    return _times_exp_minus(1.0, z, z_low), _times_exp_minus(weight, z, z_low)


def _times_exp_minus(weight, z, z_low):
    """weight e^-(z + z_low) for z up to 1500"""
    tail = z > 700
    e = np.exp(np.where(tail, -0.5 * z, -z))
    e = e - e * z_low
    return np.where(tail, (weight * e) * np.exp(-0.5 * z), weight * e)


def _exponential_in_two(a):
    """e^-a = (e + e_low) 2^n to some 90 bits, for a up to 3000."""
    n = np.rint(a * -_LOG2_E)
    product = n * _LN2_LOW
    r, r_low = _sum(-a - n * _LN2_HIGH, -product)
    m, m_low = _expm1_in_two(r, r_low - _product_low(n, _LN2_LOW, product))
    e, e_low = _sum(1.0, m)
    return e, e_low + m_low, np.where(np.isnan(n), 0, n).astype(np.intc)


def _expm1_in_two(r, r_low):
    """e^(r + r_low) - 1 in two parts, for abs(r) < 1: the series of a 256th, which is then doubled eight times."""
    s, s_low = r / 256, r_low / 256
    square = s * s
    tail = square * s * (1 / 6 + s * (1 / 24 + s * (1 / 120 + s * (1 / 720 + s / 5040))))
    m, m_low = _sum(s, 0.5 * square)
    m, m_low = _sum(m, m_low + (s_low + (0.5 * _product_low(s, s, square) + s * s_low) + tail))
    for _ in range(8):  # e^2s - 1 = m (m + 2)
        square = m * m
        square_low = _product_low(m, m, square) + 2 * m * m_low
        total, low = _sum(2 * m, square)
        m, m_low = _sum(total, low + (2 * m_low + square_low))
    return m, m_low


def _log1p_in_two(t, t_low):
    """log(1 + t + t_low) in two parts, for 0 <= t <= 1: Newton's step from NumPy's."""
    log = np.log1p(t)
    m, m_low = _expm1_in_two(log, 0.0)
    return _sum(log, ((t - m) + (t_low - m_low)) / (1 + t))


def _sum(a, b):
    """a + b in two parts (Knuth 1969)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


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
    """x + x w / 2 with w = (sqrt(x^2 + 1) - 1) / x = x / (sqrt(x^2 + 1) + 1), which is 1 from 2^60 on.

    From 2^51 on it is a little less than 3/2 x, as f(x) is: to a narrower type 3/2 x may be a midpoint.
    """
    a = np.minimum(np.abs(x), 2.0**60)
    root = np.sqrt(a * a + 1)
    denominator = root + 1
    w, w_low = _divide(a, 0.0, denominator, (root - denominator) + 1)
    return np.copysign(
        np.where(np.abs(x) > 2.0**51, x * np.where(x > 0, 1.4999999999999998, 0.5), (x + 0.5 * a * w) + 0.5 * a * w_low), x
    )


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
    return sign * (ratio + ratio * (u * _polynomial(_SINC_TAIL, u))) + 0.0  # no zero is negative


def sinc_derivative(x):
    """(cos(pi x) - sinc(x)) / x; a polynomial where that cancels."""
    a, r, sign = _half_turns(x)
    u = r * r
    large = (sign * (1 + u * _polynomial(_COS_TAIL, u)) - sinc(x)) / x
    return np.where(a < 0.5, x * _polynomial(_SINC_SLOPE, u), large)


def sine_of_product(a, b):
    """sin(a b) of two numbers whose product may be larger than any double, by integers."""
    with_digits = 2400
    (a, a_per), (b, b_per) = float(a).as_integer_ratio(), float(b).as_integer_ratio()
    turn = 2 * _pi(with_digits)
    return float(np.sin((((a * b) << with_digits) // (a_per * b_per) % turn) / (1 << with_digits)))


@functools.cache
def _pi(digits):
    """pi 2^digits: 16 arctan(1/5) - 4 arctan(1/239) (Machin 1706)."""

    def arctan_of_reciprocal(n):
        term = total = (1 << (digits + 32)) // n
        for k in range(3, digits, 2):
            term = -term // (n * n)
            total += term // k
        return total

    return (16 * arctan_of_reciprocal(5) - 4 * arctan_of_reciprocal(239)) >> 32


class _Quotient:
    """e^(a^2/2) Phi(-a) and a times that, each as a sum of two parts."""

    def __init__(self, a):
        denominator = a + _SHIFT
        denominator_low = (_SHIFT - denominator) + a
        v, v_low = _divide(a, 0.0, denominator, denominator_low)

        w = v - _CENTRE
        w_low = ((-_CENTRE - w) + v) + v_low
        tail, tail_low, slope = _polynomial(_NORMAL_TAIL[_COMPENSATED:], w), 0.0, 0.0
        for coefficient in _NORMAL_TAIL[_COMPENSATED - 1 :: -1]:
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
    rest = r * r * _polynomial(_EXP_TAIL, r) + r_low
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
