"""Sigmoids, and what they gate: logistic, tanh, silu and their kin.

What a record says, and in which notation: see `entry.py`.
"""

import numpy as np
from numpy import inf

from ..numerics import accurate
from .entry import Info, activation
from .parts import (
    LARGEST,
    product_low,
    times_exp_minus,
    times_exp_minus_abs,
    times_sigmoid,
    times_sigmoid_slope,
    vanishing,
)


def _over_one_plus(numerator, e):
    """numerator / (1 + e) for 0 <= e <= 1, corrected by what the sum's rounding lost."""
    total = 1 + e
    lost = e - (total - 1)
    quotient = numerator / total
    return np.where(lost == 0, quotient, quotient - quotient * lost / total)


def _sigmoid_derivative(x):
    e = np.exp(-np.abs(x))
    return e / (1 + e) ** 2


@activation(
    derivative=_sigmoid_derivative,
    derivative_from_output=lambda y: y * (1 - y),
    info=Info(
        formula="1 / (1 + exp(-x))",
        derivative="sigmoid(x) * sigmoid(-x)",
        range=(0, 1),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1.75,
        derivative_ulp=3.75,
    ),
)
def sigmoid(x):
    """Logistic sigmoid.

    Notes
    -----
    ``torch.sigmoid``, ``scipy.special.expit``. From the output the derivative is y(1 - y), whose relative error grows as y
    nears 1, where the output's own rounding has lost 1 - y; from the input it is right everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sigmoid
    >>> sigmoid(np.array([-800.0, 0.0, 800.0]))
    array([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(x))
    return _over_one_plus(np.where(x < 0, e, 1.0), e)


def _tanh_derivative(x):
    e = np.exp(-2 * np.abs(x))
    t = e / (1 + e)
    return 4 * t * (1 - t)


@activation(
    derivative=_tanh_derivative,
    derivative_from_output=lambda y: (1 - y) * (1 + y),
    info=Info(
        formula="tanh(x)",
        derivative="1 / cosh(x)**2",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.5,
        derivative_ulp=2.75,
    ),
)
def tanh(x):
    """Hyperbolic tangent.

    Notes
    -----
    ``np.tanh``, ``torch.tanh``. From the output the derivative is (1 - y)(1 + y), whose relative error grows as \\|y\\| nears
    1; from the input it is right everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import tanh
    >>> tanh(np.array([-np.inf, 0.0, 20.0]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(x)


@activation(
    derivative=lambda x: np.tanh(x) ** 2,
    info=Info(
        formula=(
            "x - tanh(x) if abs(x) > 0.03 else"
            " x**3 / 3 - 2 * x**5 / 15 + 17 * x**7 / 315 - 62 * x**9 / 2835 + 1382 * x**11 / 155925 - 21844 * x**13 / 6081075"
        ),
        derivative="tanh(x)**2",
        range=(-inf, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
        derivative_ulp=3.5,
    ),
)
def tanh_shrink(x):
    """Hyperbolic tangent shrinkage: what the hyperbolic tangent leaves of its argument.

    Notes
    -----
    ``torch.nn.Tanhshrink``, which subtracts, and so loses all digits near zero, where it is x^3/3, and the sign of f(-0.0).

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import tanh_shrink
    >>> tanh_shrink(np.array([-np.inf, 1e-4, 1.0]))
    array([          -inf, 3.33333332e-13, 2.38405844e-01])
    """
    a = np.abs(x)
    e = np.exp(-2 * a)
    y = (a - 1) + _over_one_plus(2 * e, e)
    return np.copysign(np.where(a < 1, accurate.tanh_shrink_unit(np.minimum(a, 1)), y), x)


def _gudermannian_derivative(x):
    e = np.exp(-np.abs(x))
    return 2 * e / (1 + e * e)


@activation(
    derivative=_gudermannian_derivative,
    derivative_from_output=lambda y: np.abs(np.cos(y)),
    info=Info(
        formula="2 * arctan(tanh(x / 2))",
        derivative="1 / cosh(x)",
        range=(-np.pi / 2, np.pi / 2),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.75,
        derivative_ulp=2.5,
    ),
)
def gudermannian(x):
    """Gudermannian function, a sigmoid between -pi/2 and pi/2.

    Notes
    -----
    gd(x), the integral of 1/cosh; also arctan(sinh(x)). From the output the derivative is cos(y), whose relative error grows as
    \\|y\\| nears pi/2; from the input it is right everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import gudermannian
    >>> gudermannian(np.array([0.0, 1.0, np.inf]))
    array([0.        , 0.86576948, 1.57079633])
    """
    return np.where(np.abs(x) < 1e-9, x, 2 * np.arctan(np.tanh(x / 2)))  # x / 2 may be half a subnormal number


def _power_of_logistic(x, alpha):
    """(1 + e)^-alpha, what it lacks of itself because 1 + e was rounded, and e = e^-|x|"""
    e = np.exp(-np.abs(x))
    total = 1 + e
    return total**-alpha, alpha * (e - (total - 1)) / total, e


def _generalized_logistic_derivative(x, alpha):
    power, lacking, e = _power_of_logistic(x, alpha)
    weight = alpha * power / (1 + e)
    weight = weight - weight * lacking
    slope = np.where(x < 0, times_exp_minus_abs(weight, x, alpha), times_exp_minus_abs(weight, x))
    return np.where(alpha > 4, accurate.power_of_logistic(x, alpha)[1], slope) if np.any(alpha > 4) else slope


@activation(
    derivative=_generalized_logistic_derivative,
    domain={"alpha": (0, True)},
    ordinary={"alpha": (2.0**-60, 4)},
    info=Info(
        formula="(1 + exp(-x))**-alpha",
        derivative="alpha * (1 + exp(-x))**-alpha * sigmoid(-x)",
        range=(0, 1),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        derivative_ulp=3.75,
    ),
)
def generalized_logistic(x, alpha=1.0):
    """Generalized logistic function: the logistic sigmoid to a power.

    Parameters
    ----------
    alpha : float > 0, default 1
        The power. 1 is the logistic sigmoid.

    Notes
    -----
    Type I of the generalized logistic distributions, (1 + e^-x)^-alpha; Richards, *A Flexible Growth Function for Empirical
    Use* (1959), has more parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import generalized_logistic
    >>> generalized_logistic(np.array([-np.inf, 0.0, 1.0]), alpha=2)
    array([0.        , 0.25      , 0.53444665])
    """
    power, lacking, _ = _power_of_logistic(x, alpha)
    z = alpha * np.minimum(np.abs(x), LARGEST)
    e = np.exp(-z)
    y = np.where(x < 0, power * e, power)
    low = np.where(x < 0, product_low(power, e) - y * product_low(np.abs(x), alpha), 0.0)
    y = y + (low - y * lacking)
    y = np.where((x < 0) & (z > 600), times_exp_minus_abs(power, x, alpha), y)
    return np.where(alpha > 4, accurate.power_of_logistic(x, alpha)[0], y) if np.any(alpha > 4) else y


def _soft_clipping_derivative(x, alpha):
    h = np.where(x < 0.5, x, 1 - x)
    e = times_exp_minus_abs(1.0, h, alpha)
    c = np.exp(-alpha)
    outside = times_exp_minus_abs(1 / ((1 + e) * (1 + c * e)), h, alpha)
    return -np.expm1(-alpha) * np.where(h > 0, 1 / ((1 + e) * (1 + np.exp(-alpha * (1 - h)))), outside)


@activation(
    derivative=_soft_clipping_derivative,
    domain={"alpha": (0, True)},
    ordinary={"alpha": (4, 2.0**50)},
    info=Info(
        formula=(
            "log1p((1 - exp(-alpha)) / (exp(-alpha * x) + exp(-alpha))) / alpha if x < 0.5"
            " else 1 - log1p((1 - exp(-alpha)) / (exp(alpha * (x - 1)) + exp(-alpha))) / alpha"
        ),
        derivative="sigmoid(alpha * x) * sigmoid(alpha * (1 - x)) * -expm1(-alpha)",
        range=(0, 1),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        derivative_ulp=2.75,
    ),
)
def soft_clipping(x, alpha=50.0):
    """Soft clipping: the identity between 0 and 1, with smooth bends into the constants 0 and 1.

    Parameters
    ----------
    alpha : float > 0, default 50
        Sharpness of the bends.

    Notes
    -----
    log((1 + e^(alpha x)) / (1 + e^(alpha (x - 1)))) / alpha. Klimek and Perelstein, *Neural Network-Based Approach to Phase Space
    Integration* (2020), for outputs that are to fill the unit interval; the default is the sharpness used there, as far as is
    known. Both tails keep their digits.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import soft_clipping
    >>> soft_clipping(np.array([-10.0, 0.0, 0.25, 2.0]))
    array([1.42491528e-219, 1.38629436e-002, 2.50000075e-001, 1.00000000e+000])
    """
    h = np.where(x < 0.5, x, 1 - x)
    e = times_exp_minus_abs(1.0, h, alpha)
    c = np.exp(-alpha)
    lost = np.exp(-alpha * (1 - h)) * (1 + e) / (1 + np.exp(-alpha * (1 - h)))
    less = -np.expm1(-alpha) / (1 + c * e)
    y = np.maximum(h, 0) + np.log1p(np.where(h > 0, e - lost, less * e)) / alpha
    # where log1p(t) is a short series in t, all but the exponential and a division are corrections
    a = np.abs(alpha * h)
    quotient = less * np.exp(-a) / alpha
    t = less * e
    series = t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t * (1 / 5 - t * (1 / 6 - t / 7)))))
    low = series + np.copysign(1.0, h) * product_low(h, alpha)
    y = np.where((h < 0) & (t < 2.0**-8) & (a < 700), quotient - quotient * low, y)
    # below 4 the whole of it is a logarithm
    whole = np.log1p(np.where(h < 0, less * e, -np.expm1(-alpha) / (np.exp(-alpha * h) + c))) / alpha
    whole = np.where((h < 0) & (less * e < 2.0**-54), times_exp_minus_abs(less / alpha, h, alpha), whole)
    # nearly a half, by log(cosh(alpha h / 2) / cosh(alpha (h - 1) / 2)) and a difference of cosh that does not cancel
    near = 2 * np.sinh(0.25 * alpha * (2 * h - 1)) * np.sinh(0.25 * alpha) / np.cosh(0.5 * alpha * (h - 1))
    whole = np.where((alpha * h > -0.25) & (alpha < 1), 0.5 + np.log1p(near) / alpha, whole)
    y = np.where(alpha < 4, whole, y)
    return np.where(x < 0.5, y, 1 - y)


def _silu_derivative(x, beta):
    z = beta * np.clip(x, -LARGEST, LARGEST)
    e = times_exp_minus_abs(1.0, x, beta)
    r = 1 / (1 + e)
    return np.where(z < 0, times_exp_minus_abs(r * (1 + z * r), x, beta), r * (1 + vanishing(z, e) * r))


@activation(
    derivative=_silu_derivative,
    ordinary={"beta": (2.0**-15, 2.0**60)},
    aliases=("swish",),
    info=Info(
        formula="x * sigmoid(beta * x)",
        derivative="sigmoid(beta * x) + beta * x * sigmoid(beta * x) * sigmoid(-beta * x)",
        range=(-0.27846454276107386, inf),
        monotonic=False,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
    ),
)
def silu(x, beta=1.0):
    """Sigmoid linear unit, also called swish.

    Parameters
    ----------
    beta : float, default 1
        Sharpness.

    Notes
    -----
    Elfwing, Uchibe and Doya, *Sigmoid-Weighted Linear Units* (2018); with beta Ramachandran, Zoph and Le, *Searching for
    Activation Functions* (2017); ``torch.nn.SiLU`` has no beta. f(-inf) is -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import silu
    >>> silu(np.array([-np.inf, 0.0, 100.0]))
    array([ -0.,   0., 100.])
    """
    e = times_exp_minus_abs(1.0, x, beta)
    return _over_one_plus(np.where(beta * x < 0, times_exp_minus_abs(x, x, beta), x), e)


def _quick_gelu_exponent(x):
    a = np.minimum(np.abs(x), 470)
    return 1.702 * a, product_low(a, 1.702) + 4.263256414560601e-17 * a  # the double 1.702 is too small by so much


def _quick_gelu_derivative(x):
    z, z_low = _quick_gelu_exponent(x)
    return times_sigmoid_slope(x, z, z_low, z)


@activation(
    derivative=_quick_gelu_derivative,
    info=Info(
        formula="x * sigmoid(1.702 * x)",
        derivative="sigmoid(1.702 * x) + 1.702 * x * sigmoid(1.702 * x) * sigmoid(-1.702 * x)",
        range=(-0.16361018963635357, inf),
        monotonic=False,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
        derivative_ulp=3.75,
    ),
)
def quick_gelu(x):
    """Gaussian error linear unit, approximated by the logistic sigmoid.

    Notes
    -----
    The sigmoid approximation of Hendrycks and Gimpel, *Gaussian Error Linear Units* (2016), as in CLIP; Hugging Face's
    ``QuickGELUActivation``. It is ``silu(x, beta=1.702)``, but the constant is 1.702 itself in float32 too, where it has no
    number. f(-inf) is -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import quick_gelu
    >>> quick_gelu(np.array([-np.inf, 0.0, 1.0]))
    array([-0.        ,  0.        ,  0.84579577])
    """
    return times_sigmoid(x, *_quick_gelu_exponent(x))


def _within(h, values, at_end):
    """The values where h, the distance from the nearer end of logit's domain, is positive; NaN beyond the end."""
    return np.where(h > 0, values, np.where(h == 0, at_end, np.nan))


def _logit_derivative(x):
    h = np.where(x < 0.5, x, 1 - x)
    return _within(h, 1 / (h * (1 - h)), inf)


@activation(
    derivative=_logit_derivative,
    derivative_from_output=lambda y: (1 + np.exp(-np.abs(y))) ** 2 * np.exp(np.abs(y)),
    info=Info(
        formula="log(x / (1 - x)) if x < 0.25 else log1p((2 * x - 1) / (1 - x))",
        derivative="1 / abs(x * (1 - x))",
        range=(-inf, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        domain=(0, 1),
        ulp=1.25,
        derivative_ulp=2.5,
    ),
)
def logit(x):
    """Logit: the logarithm of the odds x / (1 - x) of a probability, the inverse of sigmoid.

    Notes
    -----
    Berkson, *Application of the Logistic Function to Bio-Assay* (1944); ``scipy.special.logit``, ``torch.logit`` without ``eps``.
    At 0 it is -inf, at 1 inf, outside NaN. All digits are right near 1/2, too, where the function is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import logit
    >>> logit(np.array([0.0, 0.25, 0.5, 1.0]))
    array([       -inf, -1.09861229,  0.        ,         inf])
    """
    h = np.where(x < 0.5, x, 1 - x)
    y = _within(h, accurate.logit_below_half(h), -inf)
    return np.where(x > 0.5, -y, y)


def _softcap_argument(x, cap):
    """|x| / cap in two parts, no further than where the tails have vanished."""
    a = np.abs(x)
    z = np.minimum(a / cap, 400.0)
    return z, np.where((z < 400) & (z > 1e-200), -(product_low(z, cap) + (z * cap - a)) / cap, 0.0)


def _softcap_derivative(x, cap):
    z, low = _softcap_argument(x, cap)
    e = times_exp_minus(1.0, 2 * z, 2 * low)
    return times_exp_minus(4 / (1 + e * (2 + e)), 2 * z, 2 * low)


@activation(
    derivative=_softcap_derivative,
    derivative_from_output=lambda y, cap: (cap - np.abs(y)) / cap * (1 + np.abs(y) / cap),
    domain={"cap": (0, True)},
    ordinary={"cap": (2.0**-60, 2.0**60)},
    info=Info(
        formula="cap * tanh(x / cap)",
        derivative="1 / cosh(x / cap)**2",
        range=(-50, 50),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        derivative_ulp=3.5,
    ),
)
def softcap(x, cap=50.0):
    """Soft cap: the identity near 0, bent so that it stays between -cap and cap, for scores and logits.

    Parameters
    ----------
    cap : float > 0, default 50
        The limit. Gemma 2 has 50 for the scores of attention, which is the default, and 30 for the final logits.

    Notes
    -----
    Bello et al., *Neural Combinatorial Optimization with Reinforcement Learning* (2016); Gemma Team, *Gemma 2* (2024), as
    ``attn_logit_softcapping`` and ``final_logit_softcapping``; the ``softcap`` of flash-attention, in which 0 means none.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import softcap
    >>> softcap(np.array([-np.inf, 0.1, 60.0]))
    array([-50.        ,   0.09999987,  41.68273035])
    >>> softcap(np.array([60.0]), cap=30)
    array([28.9208274])
    """
    z, low = _softcap_argument(x, cap)
    a, square = np.abs(x), z * z
    e = np.exp(-2 * z)
    e = e - e * (2 * low)
    less = _over_one_plus(2 * e, e)
    far = (cap - cap * less) - product_low(less, cap)
    near = a + np.where(z < 0.7, a, 0) * (square * accurate.tanh_small_tail(np.minimum(square, 0.5)))
    return np.copysign(np.where(z < 0.6875, near, far), x)
