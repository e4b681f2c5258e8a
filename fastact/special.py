"""The Gaussian error linear unit in plain NumPy float64, accurate in both tails down to subnormal results.

NumPy has no erf, and ``(1 + erf(x / sqrt(2))) / 2`` would not do: it cancels for negative x. Here, with a = abs(x),

    Phi(-a) = e^(-a^2/2) tail(v) / (a + SHIFT),    v = a / (a + SHIFT)

where tail is smooth and nearly constant, hence a polynomial (Shepherd and Laframboise 1981, with one division). Every
rounding error that e^(-a^2/2), a quotient or a product would magnify is computed and put back in. The power of two
comes last, so that a subnormal result is rounded once.

Largest errors, in ULP: `gelu` 1.1; `gelu_derivative` 2.8 of its largest term.
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


def times_gaussian(weight, x):
    """weight * exp(-x^2)"""
    a = np.minimum(np.abs(x), _GAUSSIAN_FURTHEST)
    return _times_exponential(weight, 0.0, *_exponential(a, a))


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
