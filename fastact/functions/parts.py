"""What formulas of several families share: products, sums and exponentials whose rounding errors are made good."""

from typing import Any

import numpy as np

LARGEST = np.finfo(np.float64).max  # a product with it instead of inf is a number, whatever the factor


def nan_or(values, x):
    """The values, but NaN where x is."""
    return np.where(np.isnan(x), x, values)


def vanishing(factor, exponential):
    """factor * exponential, but 0 where the exponential vanishes, though the factor be infinite."""
    return np.where(exponential == 0, np.copysign(0.0, factor), factor * exponential)


def slope_times(slope, x):
    """slope * x, but 0 for a slope of 0 at infinity, as it is everywhere else. Integers stay what they are."""
    product = slope * x
    if product.dtype.kind != "f":
        return product
    return np.where((slope == 0) & np.isinf(x), slope * np.sign(x), product)


def halves(value):
    """A double as the sum of two of 26 bits each (Veltkamp)."""
    big = value * 134217729.0  # 2^27 + 1
    top = big - (big - value)
    return top, value - top


def product_low(x, factor):
    """What rounding lost of factor * x (Dekker 1971); 0 where the product is infinite or the factor 1."""
    if np.all(np.abs(factor) == 1):
        return 0.0
    (x, x_exponent), (factor, factor_exponent) = np.frexp(x), np.frexp(factor)
    (x_top, x_rest), (top, rest) = halves(x), halves(factor)
    low = ((x_top * top - x * factor) + x_top * rest + x_rest * top) + x_rest * rest
    return np.where(np.isfinite(low), np.ldexp(low, x_exponent + factor_exponent), 0.0)


def sum_low(a, b, total):
    """What rounding lost of a + b (Knuth 1969)."""
    b_part = total - a
    return (a - (total - b_part)) + (b - b_part)


def to_odd(y: Any, rest: Any) -> Any:
    """y + rest rounded to odd: y, but where its last bit is 0 and the rest is not, the neighbour beyond the rest.

    That is no midpoint of two narrower numbers, and on the sum's side of each.
    """
    bits = y.view(f"i{y.itemsize}")
    outwards = np.where((rest > 0) != np.signbit(y), 1, -1).astype(bits.dtype)
    odd = bits + np.where((bits & 1 == 0) & ((rest > 0) | (rest < 0)), outwards, 0).astype(bits.dtype)
    return odd.view(y.dtype)


def times_exp_minus(weight, a, a_low):
    """weight * exp(-(a + a_low)) for a >= 0, digits kept where the exponential is subnormal."""
    tail = a > 700
    e = np.exp(np.where(tail, -a / 2, -a))
    e = e - e * a_low
    return np.where(tail, vanishing(vanishing(weight, e), np.exp(-a / 2)), weight * e)


def times_exp_minus_abs(weight, x, factor=1.0):
    """weight * exp(-|factor * x|), the product's rounding error made good."""
    product = slope_times(factor, x)
    return times_exp_minus(weight, np.abs(product), np.copysign(1.0, product) * product_low(x, factor))


def times_sigmoid(x, z, z_low):
    """x * sigmoid(z + z_low) for x >= 0, x * sigmoid(-(z + z_low)) for x < 0; z is to be bounded where |x| is less than 500."""
    negative = x < 0
    least = np.maximum(x, -500)
    e = np.exp(-z)
    total = 1 + e
    lost = (e - (total - 1)) - e * z_low
    quotient = np.where(negative, least * e, x) / total
    correction = lost / total + np.where(negative, z_low, 0)
    tail = times_exp_minus(least, z, z_low)
    return np.where(
        negative & (z > 600), tail, np.where(np.isinf(quotient) | (quotient == 0), quotient, quotient - quotient * correction)
    )


def times_sigmoid_slope(x, z, z_low, z_slope):
    """Its derivative, where z_slope is |x| dz/d|x|."""
    e = times_exp_minus(1.0, z, z_low)
    r = 1 / (1 + e)
    return np.where(x < 0, times_exp_minus(r * (1 - z_slope * r), z, z_low), r * (1 + vanishing(z_slope, e) * r))
