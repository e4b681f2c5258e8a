"""What the activations should give, from textbook formulas that share nothing with the package.

`exact` evaluates with mpmath, for samples of any dtype; `extended` in NumPy's long double, for millions of float32 inputs. Each
derivative comes with the size of its largest term, the unit in which its error is measured.
"""

import mpmath
import numpy as np
import scipy.special

mp = mpmath.mp.clone()
mp.prec = 300  # the tails cancel down to 2^-1074
LONG_DOUBLE_IS_EXTENDED = np.finfo(np.longdouble).nmant >= 63


def _sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def _phi(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _cdf(x):
    if abs(x) > 60:  # 0 or 1 in any dtype, and more than mpmath's erfc takes
        return mp.mpf(x > 0)
    return mp.erfc(-x / mp.sqrt(2)) / 2


# name: f(x, parameters), and the terms of f'(x, parameters)
EXACT = {
    "identity": (lambda x: x, lambda x: [mp.mpf(1)]),
    "binary_step": (lambda x: mp.mpf(x >= 0), lambda x: [mp.mpf(0)]),
    "relu": (lambda x: max(x, 0), lambda x: [mp.mpf(x > 0)]),
    "relu6": (lambda x: min(max(x, 0), 6), lambda x: [mp.mpf(0 < x < 6)]),
    "leaky_relu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: [mp.mpf(1) if x > 0 else slope]),
    "prelu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: [mp.mpf(1) if x > 0 else slope]),
    "elu": (lambda x, a: x if x > 0 else a * mp.expm1(x), lambda x, a: [mp.mpf(1) if x > 0 else a * mp.exp(x)]),
    "sigmoid": (_sigmoid, lambda x: [_sigmoid(x) * _sigmoid(-x)]),
    "tanh": (mp.tanh, lambda x: [mp.sech(x) ** 2]),
    "softplus": (lambda x, b: mp.log1p(mp.exp(b * x)) / b, lambda x, b: [_sigmoid(b * x)]),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: [1 / (1 + abs(x)) ** 2]),
    "arctan": (mp.atan, lambda x: [1 / (1 + x * x)]),
    "silu": (
        lambda x, b: x * _sigmoid(b * x),
        lambda x, b: [_sigmoid(b * x), b * x * _sigmoid(b * x) * _sigmoid(-b * x)],
    ),
    "gelu": (lambda x: x * _cdf(x), lambda x: [_cdf(x), x * _phi(x)]),
}

_L = np.longdouble


def _sigmoid_l(x):
    return 1 / (1 + np.exp(-x))


def _cdf_l(x):
    """scipy's, which is good to some 1e-15: exact enough beside float32."""
    return scipy.special.ndtr(x.astype(np.float64)).astype(_L)


EXTENDED = {
    "elu": (lambda x, a: np.where(x > 0, x, a * np.expm1(x)), lambda x, a: [np.where(x > 0, _L(1), a * np.exp(x))]),
    "sigmoid": (_sigmoid_l, lambda x: [_sigmoid_l(x) * _sigmoid_l(-x)]),
    "tanh": (np.tanh, lambda x: [1 / np.cosh(x) ** 2]),
    "softplus": (
        lambda x, b: np.where(b * x > 90, x, np.log1p(np.exp(b * x)) / b),
        lambda x, b: [_sigmoid_l(b * x)],
    ),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: [1 / (1 + abs(x)) ** 2]),
    "arctan": (np.arctan, lambda x: [1 / (1 + x * x)]),
    "silu": (
        lambda x, b: x * _sigmoid_l(b * x),
        lambda x, b: [_sigmoid_l(b * x), b * x * _sigmoid_l(b * x) * _sigmoid_l(-b * x)],
    ),
    "gelu": (
        lambda x: x * _cdf_l(x),
        lambda x: [_cdf_l(x), x * np.exp(-x * x / 2) / np.sqrt(2 * _L(np.pi))],
    ),
}


def _parameters(values, dtype):
    """Parameters as the loops see them: rounded to the array's dtype, float32 for 16-bit arrays."""
    rounding = np.float64 if dtype == np.float64 else np.float32
    return [float(rounding(value)) for value in values]


def exact(name, x, *parameters):
    """f(x), f'(x) and the largest term of f'(x), as lists of mpmath numbers."""
    forward, terms = EXACT[name]
    parameters = [mp.mpf(p) for p in _parameters(parameters, x.dtype)]
    points = [mp.mpf(float(value)) for value in x]
    split = [terms(point, *parameters) for point in points]
    return (
        [mp.mpf(forward(point, *parameters)) for point in points],
        [mp.fsum(parts) for parts in split],
        [max(map(abs, parts)) for parts in split],
    )


def extended(name, x, *parameters):
    """f(x), f'(x) and the largest term of f'(x), as long doubles."""
    forward, terms = EXTENDED[name]
    parameters = [_L(p) for p in _parameters(parameters, x.dtype)]
    with np.errstate(all="ignore"):
        points = x.astype(_L)
        parts = terms(points, *parameters)
        return forward(points, *parameters), sum(parts), np.max(np.abs(parts), axis=0)


def ulp_errors(computed, wanted, sizes=None):
    """|computed - wanted| in units in the last place of `sizes` (default `wanted`), elementwise.

    `wanted` are long doubles, or a list of mpmath numbers. A number that rounds beyond the largest finite one must come as inf.
    """
    info = np.finfo(computed.dtype)
    sizes = wanted if sizes is None else sizes
    if isinstance(wanted, list):
        errors = []
        for got, want, size in zip(computed.tolist(), wanted, sizes, strict=True):
            exponent = max(mp.frexp(size)[1] - 1 if size else info.minexp, info.minexp)
            errors.append(float(abs(mp.mpf(got) - want) / mp.ldexp(1, exponent - info.nmant)))
        return np.array(errors)
    with np.errstate(all="ignore"):
        exponents = np.maximum(np.frexp(np.abs(sizes))[1] - 1, info.minexp)
        errors = np.abs(computed.astype(_L) - wanted) / np.ldexp(_L(1), exponents - info.nmant)
        same = (computed == wanted.astype(computed.dtype)) | (np.isnan(computed) & np.isnan(wanted))
        return np.where(np.isfinite(errors), errors, np.where(same, 0, np.inf)).astype(np.float64)


def bit_patterns(dtype, step):
    """Every step-th of all the finite numbers of a float dtype, in the order of their bits, both signs."""
    info = np.finfo(dtype)
    bits = np.dtype(f"u{info.bits // 8}")
    highest = int(np.array(info.max, dtype).view(bits))
    positive = np.arange(0, highest + 1, step, dtype=bits)
    positive = np.append(positive, bits.type(highest)).view(dtype)
    return np.concatenate([positive, -positive])


def stratified(dtype, count, rng):
    """Finite numbers of every size, denser where activations bend: a third over all bit patterns, the rest in [2^-12, 2^10]."""
    info = np.finfo(dtype)
    bits = np.dtype(f"u{info.bits // 8}")
    highest = int(np.array(info.max, dtype).view(bits))
    anywhere = rng.integers(0, highest, count // 3, dtype=bits, endpoint=True).view(dtype)
    bending = np.exp2(rng.uniform(-12, 10, count - count // 3)).astype(dtype)
    magnitudes = np.concatenate([anywhere, bending])
    return np.where(rng.random(magnitudes.size) < 0.5, magnitudes, -magnitudes).astype(dtype)
