"""Activations made of one exponential or its logarithm: exponential and softplus families.

What a record says, and in which notation: see `entry.py`.
"""

import numpy as np
from numpy import inf

from ..numerics import accurate
from .entry import Info, activation
from .parts import LARGEST, nan_or, product_low, sum_low, times_exp_minus_abs


@activation(
    derivative=np.exp,
    derivative_from_output=lambda y: y,
    info=Info(
        formula="exp(x)",
        derivative="exp(x)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1,
        derivative_ulp=1,
    ),
)
def exponential(x):
    """Exponential, for positive quantities such as rates and scales.

    Notes
    -----
    ``np.exp``, ``torch.exp``; Keras' activation ``exponential``. Subnormal results keep their digits; from 88.73 on
    (709.79 in float64) it overflows to infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import exponential
    >>> exponential(np.array([-np.inf, 0.0, 1.0]))
    array([0.        , 1.        , 2.71828183])
    """
    return np.exp(x)


def _elu_derivative(x, alpha):
    below = np.minimum(x, 0)
    slope = np.where(np.abs(alpha) > 2.0**60, times_exp_minus_abs(alpha, below), alpha * np.exp(below))
    return np.where(x > 0, 1.0, slope)


@activation(
    derivative=_elu_derivative,
    derivative_from_output=lambda y, alpha: np.where(y > 0, 1.0, np.maximum(y + alpha, 0)),  # y may be rounded beyond -alpha
    ordinary={"alpha": (0, 2.0**20)},
    from_output_low={"alpha": 0},
    info=Info(
        formula="x if x > 0 else alpha * expm1(x)",
        derivative="1 if x > 0 else alpha * exp(x)",
        range=(-1, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.25,
        derivative_ulp=1.25,
    ),
)
def elu(x, alpha=1.0):
    """Exponential linear unit.

    Parameters
    ----------
    alpha : float, default 1
        The limit for x to -inf is -alpha. The backward pass from the output needs it not to be negative.

    Notes
    -----
    Clevert, Unterthiner and Hochreiter, *Fast and Accurate Deep Network Learning by Exponential Linear Units* (2016);
    ``torch.nn.ELU``. Computed with expm1, so that nothing is lost near zero. f'(0) = alpha.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import elu
    >>> elu(np.array([-1e-20, 2.0]))
    array([-1.e-20,  2.e+00])
    """
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, x)))


def _celu_exponent(x, alpha):
    """x / alpha in two parts, no further than where its exponential has vanished."""
    quotient = np.maximum(np.minimum(x, 0) / alpha, -1e4)
    low = -(product_low(quotient, alpha) + (quotient * alpha - x)) / alpha
    return quotient, np.where((x < 0) & (quotient > -1e4), low, 0.0)


def _celu_derivative(x, alpha):
    z, low = _celu_exponent(x, alpha)
    return nan_or(np.where(x > 0, 1.0, np.exp(z) * (1 + low)), x)


@activation(
    derivative=_celu_derivative,
    derivative_from_output=lambda y, alpha: np.where(y > 0, 1.0, np.maximum(y / alpha + 1, 0)),
    domain={"alpha": (0, True)},
    ordinary={"alpha": (2.0**-60, 2.0**60)},
    info=Info(
        formula="x if x > 0 else alpha * expm1(x / alpha)",
        derivative="1 if x > 0 else exp(x / alpha)",
        range=(-1, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.25,
        derivative_ulp=1.25,
    ),
)
def celu(x, alpha=1.0):
    """Continuously differentiable exponential linear unit.

    Parameters
    ----------
    alpha : float > 0, default 1
        The lower limit is -alpha.

    Notes
    -----
    Barron, *Continuously Differentiable Exponential Linear Units* (2017); ``torch.nn.CELU``, which takes a negative alpha
    as well. With alpha=1 this is elu.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import celu
    >>> celu(np.array([-np.inf, 0.0, 2.0]), alpha=2.0)
    array([-2.,  0.,  2.])
    """
    z, low = _celu_exponent(x, alpha)
    return np.where(z < -(2.0**-60), alpha * (np.expm1(z) + np.exp(z) * low), x)  # above, z may be subnormal


_SELU_SCALE = 1.0507009873554805


_SELU_SLOPE, _SELU_SLOPE_LOW = 1.7580993408473768, -6.395264655648322e-17  # times alpha, in two parts


@activation(
    derivative=lambda x: np.where(x > 0, _SELU_SCALE, _SELU_SLOPE * np.exp(np.minimum(x, 0))),
    derivative_from_output=lambda y: np.where(y > 0, _SELU_SCALE, np.maximum((y + _SELU_SLOPE) + _SELU_SLOPE_LOW, 0)),
    info=Info(
        formula="1.0507009873554805 * x if x > 0 else 1.0507009873554805 * 1.6732632423543772 * expm1(x)",
        derivative="1.0507009873554805 if x > 0 else 1.0507009873554805 * 1.6732632423543772 * exp(x)",
        range=(-_SELU_SLOPE, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        ulp=1.75,
        derivative_ulp=2.25,
    ),
)
def selu(x):
    """Scaled exponential linear unit: an elu that keeps mean 0 and variance 1 from layer to layer.

    Notes
    -----
    Klambauer, Unterthiner, Mayr and Hochreiter, *Self-Normalizing Neural Networks* (2017); ``torch.nn.SELU``. The constants are
    the paper's to float64's precision, as in PyTorch; ONNX has them in float32's, TensorFlow and JAX in float64's. At 0 the
    derivative is that from below.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import selu
    >>> selu(np.array([-np.inf, 0.0, 1.0]))
    array([-1.75809934,  0.        ,  1.05070099])
    """
    m = np.expm1(np.minimum(x, 0))
    return np.where(x < 0, _SELU_SLOPE * m + _SELU_SLOPE_LOW * m, _SELU_SCALE * x)


def _softplus_derivative(x, beta):
    e = times_exp_minus_abs(1.0, x, beta)
    return np.where(x < 0, e, 1.0) / (1 + e)


@activation(
    derivative=_softplus_derivative,
    derivative_from_output=lambda y, beta: -np.expm1(-beta * y),
    domain={"beta": (0, True)},
    ordinary={"beta": (2.0**-20, 2.0**50)},
    info=Info(
        formula="logaddexp(0, beta * x) / beta",
        derivative="sigmoid(beta * x)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1.6,
        derivative_ulp=2.75,
    ),
)
def softplus(x, beta=1.0):
    """Softplus, a smooth ReLU.

    Parameters
    ----------
    beta : float > 0, default 1
        Sharpness.

    Notes
    -----
    Dugas et al., *Incorporating Second-Order Functional Knowledge for Better Option Pricing* (2001);
    ``torch.nn.Softplus``, which returns x itself beyond a threshold of 20. No threshold is needed here: it is right everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import softplus
    >>> softplus(np.array([-700.0, 0.0, 1000.0]))
    array([9.85967654e-305, 6.93147181e-001, 1.00000000e+003])
    """
    y = np.maximum(x, 0) + np.log1p(times_exp_minus_abs(1.0, x, beta)) / beta
    return np.where(beta * x < -700, times_exp_minus_abs(1 / beta, x, beta), y)  # there the exponential alone may be subnormal


def _log_sigmoid_derivative(x):
    e = np.exp(-np.abs(x))
    return np.where(x > 0, e, 1.0) / (1 + e)


@activation(
    derivative=_log_sigmoid_derivative,
    derivative_from_output=lambda y: -np.expm1(y),
    info=Info(
        formula="-logaddexp(0, -x)",
        derivative="sigmoid(-x)",
        range=(-inf, 0),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1.5,
        derivative_ulp=2.75,
    ),
)
def log_sigmoid(x):
    """Logarithm of the logistic sigmoid.

    Notes
    -----
    ``torch.nn.LogSigmoid``, ``jax.nn.log_sigmoid``, ``scipy.special.log_expit``. It is -softplus(-x), and keeps its digits on
    both sides, where log(sigmoid(x)) is -inf or 0. f(inf) is -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import log_sigmoid
    >>> log_sigmoid(np.array([-1000.0, 0.0, 40.0]))
    array([-1.00000000e+03, -6.93147181e-01, -4.24835426e-18])
    """
    return -np.abs(np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))))  # which is -0 where it vanishes


def _mish_derivative(x):
    bounded = np.minimum(x, 30)
    g = np.exp(bounded)
    denominator = g * (g + 2) + 2
    bracket = (g + 2) + np.maximum(4 * bounded, -4e3) * (1 + g) / denominator
    return np.where(x < 0, times_exp_minus_abs(bracket / denominator, np.minimum(x, 0)), g * bracket / denominator)


@activation(
    derivative=_mish_derivative,
    info=Info(
        formula="x * tanh(logaddexp(0, x))",
        derivative="tanh(logaddexp(0, x)) + x * sigmoid(x) / cosh(logaddexp(0, x))**2",
        range=(-0.30884341301725043, inf),
        monotonic=False,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
        ulp=1.75,
        derivative_ulp=3.75,
    ),
)
def mish(x):
    """Mish: the input times the hyperbolic tangent of its softplus.

    Notes
    -----
    Misra, *Mish: A Self Regularized Non-Monotonic Activation Function* (2020); ``torch.nn.Mish``, ``jax.nn.mish``. Computed with
    one exponential, since tanh(log(1 + g)) is n/(n + 2) with n = g(g + 2). f(-inf) is -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import mish
    >>> mish(np.array([-np.inf, 0.0, 1.0, 100.0]))
    array([ -0.        ,   0.        ,   0.86509839, 100.        ])
    """
    bounded = np.clip(x, -40, 30)
    t, t_low = accurate.tanh_softplus(np.exp(bounded))
    below = times_exp_minus_abs(np.maximum(x, -LARGEST), np.minimum(x, 0))
    return np.where(x < -40, below, np.where(x > 30, x, np.copysign(bounded * t + bounded * t_low, x)))


def _soft_exponential_argument(x, alpha):
    """-alpha (x + alpha), in two parts."""
    total = x + alpha
    low = sum_low(np.clip(x, -LARGEST, LARGEST), alpha, np.clip(total, -LARGEST, LARGEST))
    return -alpha * total, -alpha * low - product_low(total, alpha)


def _soft_exponential_derivative(x, alpha):
    z = alpha * x
    power = np.exp(z) * (1 + np.where(np.abs(z) < 800, product_low(x, alpha), 0.0))
    w, low = _soft_exponential_argument(x, alpha)
    reciprocal = np.where(w < -1, np.nan, 1 / ((1 + w) + (low + sum_low(1.0, w, 1 + w))))
    reciprocal = np.where(w == inf, 1 / (x + alpha) / -alpha, reciprocal)
    return np.where(alpha < 0, np.where(x == inf, 0.0, reciprocal), np.where(alpha == 0, nan_or(1.0, x), power))


@activation(
    derivative=_soft_exponential_derivative,
    ordinary={"alpha": (2.0**-30, 2.0**30)},
    info=Info(
        formula="-log1p(-alpha * (x + alpha)) / alpha if alpha < 0 else "
        "((exp(alpha * x) + (alpha - 1) * (alpha + 1)) / alpha if alpha > 0 else x)",
        derivative="1 / (1 - alpha * (x + alpha)) if alpha < 0 else exp(alpha * x)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        term="max(abs(alpha), 1 / alpha) if alpha > 0 else 0",
        ulp=1.5,
        derivative_ulp=1.5,
    ),
)
def soft_exponential(x, alpha=1.0):
    """Soft exponential: between logarithm (alpha = -1), identity (0) and exponential (1).

    Parameters
    ----------
    alpha : float, default 1
        Below zero the function is -log(1 - alpha (x + alpha)) / alpha, and NaN where the logarithm's argument is negative; above
        zero (e^(alpha x) - 1) / alpha + alpha.

    Notes
    -----
    Godfrey and Gashler, *A Continuum among Logarithmic, Linear, and Exponential Functions, and Its Toward Learning Neural
    Networks* (2015), where alpha is learnt. For alpha between 0 and 1 the function has a zero, near which its two terms cancel:
    there the error is 3 ULP of the larger term, not of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import soft_exponential
    >>> soft_exponential(np.array([0.0, 1.0, 4.0]), alpha=0.5)
    array([ 0.5       ,  1.79744254, 13.2781122 ])
    >>> soft_exponential(np.array([-1.0, 1.0, np.e]), alpha=-1)
    array([nan,  0.,  1.])
    """
    w, low = _soft_exponential_argument(x, alpha)
    logarithm = np.where(w < -1, np.nan, (np.log1p(w) + np.where(w > -1, low / (1 + w), 0.0)) / -alpha)
    logarithm = np.where(w == inf, (np.log(-alpha) + np.log(x + alpha)) / -alpha, logarithm)
    logarithm = np.where(np.abs(w) < 2.0**-54, x + alpha, logarithm)
    z = alpha * x
    low = np.where(np.abs(z) < 800, product_low(x, alpha), 0.0)
    near = np.expm1(z) + np.exp(z) * low + alpha * alpha
    power = np.where(np.abs(z) < 0.5, near, np.exp(z) * (1 + low) + (alpha - 1) * (alpha + 1)) / alpha
    half = np.exp(z / 2)
    far = (half / alpha) * half * (1 + low) + (alpha - 1 / alpha)  # e^z or the square of alpha alone may overflow
    power = np.where((z > 700) | (alpha > 2.0**400), far, power)
    return np.where(
        alpha < 0, np.where(x == inf, x, logarithm), np.where((alpha == 0) | (np.abs(z) < 2.0**-54), x + alpha, power)
    )


def _log1mexp_derivative(x):
    return np.where(x > 0, np.exp(-x) / -np.expm1(-x), np.where(x == 0, inf, np.nan))


@activation(
    derivative=_log1mexp_derivative,
    derivative_from_output=lambda y: np.abs(np.expm1(-y)),
    info=Info(
        formula="log(-expm1(-x)) if x < 0.5 else log1p(-exp(-x))",
        derivative="exp(-x) / abs(expm1(-x))",
        range=(-inf, 0),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        domain=(0, inf),
        ulp=1.25,
        derivative_ulp=2.75,
    ),
)
def log1mexp(x):
    """Logarithm of 1 less an exponential, log(1 - e^-x) for x >= 0: of 1 - p where x = -log(p) is given.

    Notes
    -----
    Maechler, *Accurately Computing log(1 - exp(-\\|a\\|))* (2012); ``jax.nn.log1mexp`` has this sign, too. TensorFlow Probability
    takes \\|x\\|; Stan and PyTensor have functions of that name with the other sign. Below 0 it is NaN, at both zeros -inf, at
    infinity -0.0; nothing is lost near either. From the output the derivative is expm1(-y), so the rounding of a large y counts.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import log1mexp
    >>> log1mexp(np.array([0.0, 1e-20, 1.0, 50.0]))
    array([           -inf, -4.60517019e+01, -4.58675145e-01, -1.92874985e-22])
    """
    return np.where(x > 0, -np.abs(accurate.log1mexp(x)), np.where(x == 0, -inf, np.nan))
