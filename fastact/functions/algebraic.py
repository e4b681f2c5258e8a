"""Algebraic and inverse functions: roots, quotients, arctan, arsinh.

What a record says, and in which notation: see `entry.py`.
"""

from typing import Any

import numpy as np
from numpy import inf

from ..numerics import accurate
from .entry import Info, activation
from .parts import LARGEST, nan_or, product_low, slope_times, sum_low


@activation(
    derivative=lambda x: nan_or(np.maximum(0, 1 - np.abs(x) / 2), x),
    light=True,
    info=Info(
        formula="-1 if x < -2 else (x + x**2 / 4 if x < 0 else (x - x**2 / 4 if x < 2 else 1))",
        derivative="1 - abs(x) / 2 if abs(x) < 2 else 0",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        derivative_ulp=0.5,
        ulp=1,
    ),
)
def sqnl(x):
    """Square nonlinearity: an S-shaped curve of two parabolas, constant beyond -2 and 2.

    Notes
    -----
    Wuraola and Patel, *SQNL: A New Computationally Efficient Activation Function* (2018).

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sqnl
    >>> sqnl(np.array([-3.0, -1.0, 1.0]))
    array([-1.  , -0.75,  0.75])
    """
    a = np.minimum(np.abs(x), 2)
    return np.copysign(a - a * a / 4, x)


def _star_relu_derivative(x, scale, shift):
    r = np.where(x < 0, 0, x)  # of zeros, maximum takes another one on every machine
    doubled = np.where(np.abs(scale) > 2.0**1000, 2 * slope_times(scale, r), slope_times(2 * scale, r))  # 2 scale may be infinite
    return nan_or(doubled, x)


def star_relu_sum(x: Any, scale: Any, shift: Any) -> tuple[Any, Any]:
    """scale * max(0, x)^2 + shift, and what its roundings lost; infinite where the square is."""
    r = np.where(x < 0, 0.0, x)
    square = r * r
    product = scale * square
    total = product + shift
    low = product_low(square, scale) + scale * product_low(r, r) + sum_low(product, shift, total)
    return total, np.where(np.isfinite(total), low, 0.0)


@activation(
    derivative=_star_relu_derivative,
    ordinary={"scale": (2.0**-60, 2.0**60), "shift": (0, 2.0**60)},
    light=True,
    info=Info(
        formula="scale * max(0, x)**2 + shift",
        derivative="2 * scale * max(0, x)",
        range=(-0.4472, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1.5,
        derivative_ulp=1.25,
    ),
)
def star_relu(x, scale=0.8944, shift=-0.4472):
    """StarReLU: a squared ReLU, scaled and shifted to mean 0 and variance 1 for standard normal input.

    Parameters
    ----------
    scale : float, default 0.8944
        Factor.
    shift : float, default -0.4472
        Value for x <= 0; the paper's bias, a word that is taken here.

    Notes
    -----
    Yu et al., *MetaFormer Baselines for Vision* (2022).

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import star_relu
    >>> star_relu(np.array([-1.0, 0.0, 1.0]))
    array([-0.4472, -0.4472,  0.4472])
    """
    total, low = star_relu_sum(x, scale, shift)
    # with other scales the square alone may overflow or vanish
    far = (np.abs(scale) < 2.0**-60) | (np.abs(scale) > 2.0**60)
    r = np.where(x < 0, 0.0, x)
    return np.where(far, slope_times(slope_times(scale, r), r) + shift, total + low)


def _softsign_derivative(x):
    reciprocal = 1 / (1 + np.abs(x))
    return reciprocal * reciprocal


@activation(
    derivative=_softsign_derivative,
    derivative_from_output=lambda y: (1 - np.abs(y)) ** 2,
    light=True,
    info=Info(
        formula="x / (1 + abs(x))",
        derivative="1 / (1 + abs(x))**2",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.5,
        derivative_ulp=3.75,
    ),
)
def softsign(x):
    """Softsign: a sigmoid with polynomial tails.

    Notes
    -----
    Turian, Bergstra and Bengio, *Quadratic Features and Deep Architectures for Chunking* (2009); ``torch.nn.Softsign``. From
    the output the derivative loses what the output's rounding lost as \\|y\\| nears 1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import softsign
    >>> softsign(np.array([-np.inf, 1.0]))
    array([-1. ,  0.5])
    """
    a = np.abs(x)
    return np.where(a == inf, np.copysign(1.0, x), x / (1 + a))


def _arctan_derivative(x):
    a = np.abs(x)
    small = np.where(a > 1, 1 / a, a)
    square = small * small
    return np.where(a > 1, square, 1.0) / (1 + square)


@activation(
    derivative=_arctan_derivative,
    derivative_from_output=lambda y: np.cos(y) ** 2,
    info=Info(
        formula="arctan(x)",
        derivative="1 / (1 + x**2)",
        range=(-np.pi / 2, np.pi / 2),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.7,
        derivative_ulp=3,
    ),
)
def arctan(x):
    """Inverse tangent, in radians.

    Notes
    -----
    ``np.arctan``, ``torch.atan``. From the output the derivative is cos(y)^2, whose relative error grows as \\|y\\| nears
    pi/2; from the input it is right everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import arctan
    >>> arctan(np.array([0.0, 1.0]))
    array([0.        , 0.78539816])
    """
    return np.arctan(x)


def _isru_square(x, alpha):
    """|x|, bounded to where nothing changes any more, and 1 + alpha * x^2"""
    a = np.minimum(np.abs(x), np.minimum(2.0**400 / np.sqrt(np.abs(alpha)), LARGEST))
    return a, 1 + alpha * a * a


def _isru_derivative(x, alpha):
    _, square = _isru_square(x, alpha)
    r = 1 / square
    return r * np.sqrt(r)


@activation(
    derivative=_isru_derivative,
    domain={"alpha": (0, False)},
    ordinary={"alpha": (2.0**-100, 2.0**100)},
    aliases=("algebraic",),
    info=Info(
        formula="x / sqrt(1 + alpha * x**2)",
        derivative="1 / (1 + alpha * x**2)**1.5",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.25,
        derivative_ulp=3.5,
    ),
)
def isru(x, alpha=1.0):
    """Inverse square root unit: a sigmoid without an exponential, also called algebraic.

    Parameters
    ----------
    alpha : float >= 0, default 1
        The limits are -1/sqrt(alpha) and 1/sqrt(alpha).

    Notes
    -----
    Carlile, Delamarter, Kinney, Marti and Whitney, *Improving Deep Learning by Inverse Square Root Linear Units* (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import isru
    >>> isru(np.array([-np.inf, 0.0, 0.75]))
    array([-1. ,  0. ,  0.6])
    """
    a, square = _isru_square(x, alpha)
    return np.where(alpha == 0, x, np.copysign(accurate.times_reciprocal_root(a, square), x))


@activation(
    derivative=lambda x, alpha: np.where(x >= 0, 1.0, _isru_derivative(x, alpha)),
    domain={"alpha": (0, False)},
    ordinary={"alpha": (2.0**-100, 2.0**100)},
    info=Info(
        formula="x if x >= 0 else x / sqrt(1 + alpha * x**2)",
        derivative="1 if x >= 0 else 1 / (1 + alpha * x**2)**1.5",
        range=(-1, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.25,
        derivative_ulp=3.5,
    ),
)
def isrlu(x, alpha=1.0):
    """Inverse square root linear unit: the identity above zero, `isru` below.

    Parameters
    ----------
    alpha : float >= 0, default 1
        The limit for x to -inf is -1/sqrt(alpha).

    Notes
    -----
    Carlile, Delamarter, Kinney, Marti and Whitney, *Improving Deep Learning by Inverse Square Root Linear Units* (2017), as a
    faster ELU. Two derivatives are continuous at 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import isrlu
    >>> isrlu(np.array([-np.inf, -0.75, 2.0]))
    array([-1. , -0.6,  2. ])
    """
    a, square = _isru_square(x, alpha)
    return np.where((x >= 0) | (alpha == 0), x, -accurate.times_reciprocal_root(a, square))


@activation(
    derivative=accurate.squareplus_derivative,
    derivative_from_output=lambda y, b: np.where(y > 2.0**600, 1.0, y / (y + 0.25 * b / y)),
    domain={"b": (0, True)},
    ordinary={"b": (2.0**-80, 2.0**100)},
    info=Info(
        formula="(sqrt(x**2 + b) + x) / 2 if x > 0 else b / 2 / (sqrt(x**2 + b) + abs(x))",
        derivative="(1 + x / sqrt(x**2 + b)) / 2 if x > 0 else b / 2 / (sqrt(x**2 + b) + abs(x)) / sqrt(x**2 + b)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1.5,
        derivative_ulp=3,
    ),
)
def squareplus(x, b=4.0):
    """Squareplus, (x + sqrt(x^2 + b)) / 2: a softplus without an exponential.

    Parameters
    ----------
    b : float > 0, default 4
        Width of the bend; f(0) = sqrt(b) / 2.

    Notes
    -----
    Barron, *Squareplus: A Softplus-Like Algebraic Rectifier* (2021); ``jax.nn.squareplus``. Below zero it is computed as the
    equal b / 2 / (sqrt(x^2 + b) + \\|x\\|), which does not cancel, and where x^2 would overflow it does not.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import squareplus
    >>> squareplus(np.array([-1e200, 0.0, 1.5]))
    array([1.e-200, 1.e+000, 2.e+000])
    """
    return accurate.squareplus(x, b)


def _root_one_plus_square(a):
    """sqrt(1 + a^2), which is a where a is large."""
    return np.where(a > 2.0**60, a, np.sqrt(1 + a * a))


def _bent_identity_derivative(x):
    bounded = np.clip(x, -(2.0**60), 2.0**60)
    return 0.5 * bounded / _root_one_plus_square(np.abs(bounded)) + 1


@activation(
    derivative=_bent_identity_derivative,
    info=Info(
        formula="x + x**2 / (sqrt(x**2 + 1) + 1) / 2",
        derivative="x / (2 * sqrt(x**2 + 1)) + 1",
        range=(-inf, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.5,
        derivative_ulp=1.25,
    ),
)
def bent_identity(x):
    """Bent identity, (sqrt(x^2 + 1) - 1) / 2 + x: a smooth bend from slope 1/2 to slope 3/2.

    Notes
    -----
    Known from Wikipedia's table of activation functions. Near zero ``sqrt(x**2 + 1) - 1`` would cancel; its equal
    x^2 / (sqrt(x^2 + 1) + 1) does not.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import bent_identity
    >>> bent_identity(np.array([-1e-9, 0.0, 0.75]))
    array([-1.00e-09,  0.00e+00,  8.75e-01])
    """
    return accurate.bent_identity(x)


@activation(
    derivative=lambda x: 1 / _root_one_plus_square(np.abs(x)),
    info=Info(
        formula="arsinh(x)",
        derivative="1 / sqrt(x**2 + 1)",
        range=(-inf, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.5,
        derivative_ulp=2.25,
    ),
)
def arsinh(x):
    """Inverse hyperbolic sine, log(x + sqrt(x^2 + 1)): unbounded, but it grows only like a logarithm.

    Notes
    -----
    ``np.arcsinh``, ``torch.asinh``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import arsinh
    >>> arsinh(np.array([-1e-9, 0.75, 1e300]))
    array([-1.00000000e-09,  6.93147181e-01,  6.91468675e+02])
    """
    return np.arcsinh(x)
