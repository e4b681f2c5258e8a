"""The catalogue: ONE entry per activation, its NumPy formulas, parameters, properties and documentation.

To add an activation, add its entry here and its scalar formula to `kernels/formulas.pxi`; the backends, tests, benchmarks
and type checkers find it by themselves. The formulas below are the NumPy backend and what the kernels are tested
against. They see contiguous float64 blocks (or integers, where an entry keeps them) with floating-point warnings off.

Conventions: a = |x|, e = exp(-a), s = sigmoid(x). At a kink the derivative is PyTorch's. NaN in, NaN out.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy import inf

from ..calls.elementwise import Activation
from ..numerics import accurate as special
from .entry import Info, activation
from .noise import Normal, Uniform

_LARGEST = np.finfo(np.float64).max  # a product with it instead of inf is a number, whatever the factor


def _nan_or(values, x):
    """The values, but NaN where x is."""
    return np.where(np.isnan(x), x, values)


def _vanishing(factor, exponential):
    """factor * exponential, but 0 where the exponential vanishes, though the factor be infinite."""
    return np.where(exponential == 0, np.copysign(0.0, factor), factor * exponential)


def _over_one_plus(numerator, e):
    """numerator / (1 + e) for 0 <= e <= 1, corrected by what the sum's rounding lost."""
    total = 1 + e
    lost = e - (total - 1)
    quotient = numerator / total
    return np.where(lost == 0, quotient, quotient - quotient * lost / total)


def _halves(value):
    """A double as the sum of two of 26 bits each (Veltkamp)."""
    big = value * 134217729.0  # 2^27 + 1
    top = big - (big - value)
    return top, value - top


def _product_low(x, factor):
    """What rounding lost of factor * x (Dekker 1971); 0 where the product is infinite or the factor 1."""
    if np.all(np.abs(factor) == 1):
        return 0.0
    (x, x_exponent), (factor, factor_exponent) = np.frexp(x), np.frexp(factor)
    (x_top, x_rest), (top, rest) = _halves(x), _halves(factor)
    low = ((x_top * top - x * factor) + x_top * rest + x_rest * top) + x_rest * rest
    return np.where(np.isfinite(low), np.ldexp(low, x_exponent + factor_exponent), 0.0)


def _sum_low(a, b, total):
    """What rounding lost of a + b (Knuth 1969)."""
    b_part = total - a
    return (a - (total - b_part)) + (b - b_part)


def _times_exp_minus(weight, a, a_low):
    """weight * exp(-(a + a_low)) for a >= 0, digits kept where the exponential is subnormal."""
    tail = a > 700
    e = np.exp(np.where(tail, -a / 2, -a))
    e = e - e * a_low
    return np.where(tail, _vanishing(_vanishing(weight, e), np.exp(-a / 2)), weight * e)


def _times_exp_minus_abs(weight, x, factor=1.0):
    """weight * exp(-|factor * x|), the product's rounding error made good."""
    product = factor * np.clip(x, -_LARGEST, _LARGEST)
    return _times_exp_minus(weight, np.abs(product), np.copysign(1.0, product) * _product_low(x, factor))


def _gated(x, z, z_low):
    """x * sigmoid(z + z_low) for x >= 0, x * sigmoid(-(z + z_low)) for x < 0; z is to be bounded where |x| is less than 500."""
    negative = x < 0
    least = np.maximum(x, -500)
    e = np.exp(-z)
    total = 1 + e
    lost = (e - (total - 1)) - e * z_low
    quotient = np.where(negative, least * e, x) / total
    correction = lost / total + np.where(negative, z_low, 0)
    tail = _times_exp_minus(least, z, z_low)
    return np.where(
        negative & (z > 600), tail, np.where(np.isinf(quotient) | (quotient == 0), quotient, quotient - quotient * correction)
    )


def _gated_slope(x, z, z_low, z_slope):
    """Its derivative, where z_slope is |x| dz/d|x|."""
    e = _times_exp_minus(1.0, z, z_low)
    r = 1 / (1 + e)
    return np.where(x < 0, _times_exp_minus(r * (1 - z_slope * r), z, z_low), r * (1 + _vanishing(z_slope, e) * r))


@activation(
    derivative=lambda x: _nan_or(1.0, x),
    derivative_from_output=lambda y: _nan_or(1.0, y),
    keeps_integers=True,
    info=Info(
        formula="x",
        derivative="1",
        range=(-inf, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=0,
        derivative_ulp=0,
    ),
)
def identity(x):
    """Identity: the input itself, for the linear output layer of a regression.

    Notes
    -----
    ``torch.nn.Identity``. The result is a copy, never a view.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import identity
    >>> identity(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """
    return x


@activation(
    derivative=lambda x: _nan_or(0.0, x),
    keeps_integers=True,
    info=Info(
        formula="0 if x < 0 else 1",
        derivative="0",
        range=(0, 1),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        ulp=0,
        derivative_ulp=0,
    ),
)
def binary_step(x):
    """Binary step (Heaviside): 0 below zero, 1 from zero on.

    Notes
    -----
    The threshold unit of McCulloch and Pitts (1943). ``np.heaviside(x, 1)`` is the same. The derivative is 0 everywhere, at
    the jump too, so nothing can be learnt through it.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import binary_step
    >>> binary_step(np.array([-0.5, 0.0, 3.0]))
    array([0., 1., 1.])
    """
    return np.where(x < 0, 0, np.where(x == x, 1, x))


@activation(
    derivative=lambda x: _nan_or(x > 0, x),
    derivative_from_output=lambda y: _nan_or(y > 0, y),
    keeps_integers=True,
    info=Info(
        formula="max(0, x)",
        derivative="1 if x > 0 else 0",
        range=(0, inf),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        ulp=0,
        derivative_ulp=0,
    ),
)
def relu(x):
    """Rectified linear unit.

    Notes
    -----
    Nair and Hinton, *Rectified Linear Units Improve Restricted Boltzmann Machines* (2010); ``torch.nn.ReLU``. As there,
    f'(0) = 0 and f(-0.0) = -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import relu
    >>> print(relu(np.array([-1, 2, -3, 4, 0])))
    [0 2 0 4 0]
    """
    return np.where(x < 0, 0, x)


@activation(
    derivative=lambda x: _nan_or((x > 0) & (x < 6), x),
    derivative_from_output=lambda y: _nan_or((y > 0) & (y < 6), y),
    keeps_integers=True,
    info=Info(
        formula="min(max(0, x), 6)",
        derivative="1 if 0 < x < 6 else 0",
        range=(0, 6),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        ulp=0,
        derivative_ulp=0,
    ),
)
def relu6(x):
    """Rectified linear unit capped at 6.

    Notes
    -----
    Krizhevsky, *Convolutional Deep Belief Networks on CIFAR-10* (2010); ``torch.nn.ReLU6``. The derivative is 0 at both
    kinks.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import relu6
    >>> relu6(np.array([-1.0, 2.0, 8.0]))
    array([0., 2., 6.])
    """
    return np.where(x < 0, 0, np.where(x > 6, 6, x))


@activation(
    derivative=lambda x: np.where(x < 0, 0, 2 * x),
    derivative_from_output=lambda y: 2 * np.sqrt(y),
    info=Info(
        formula="max(0, x)**2",
        derivative="2 * max(0, x)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=0.5,
        derivative_ulp=0.5,
    ),
)
def relu_squared(x):
    """Squared rectified linear unit.

    Notes
    -----
    So et al., *Primer: Searching for Efficient Transformers for Language Modeling* (2021). From the output the derivative is
    2 sqrt(y), which has lost what was squared away below 1e-23 in float32.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import relu_squared
    >>> relu_squared(np.array([-1.0, 3.0]))
    array([0., 9.])
    """
    return np.where(x < 0, 0, x * x)


@activation(
    derivative=lambda x, negative_slope: _nan_or(np.where(x > 0, 1.0, negative_slope), x),
    derivative_from_output=lambda y, negative_slope: _nan_or(np.where(y > 0, 1.0, negative_slope), y),
    from_output_low={"negative_slope": 0},
    keeps_integers=True,
    info=Info(
        formula="x if x > 0 else negative_slope * x",
        derivative="1 if x > 0 else negative_slope",
        range=(-inf, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        ulp=1,
        derivative_ulp=1,
    ),
)
def leaky_relu(x, negative_slope=0.01):
    """Leaky rectified linear unit.

    Parameters
    ----------
    negative_slope : float, default 0.01
        Slope for x <= 0. The backward pass from the output needs it not to be negative.

    Notes
    -----
    Maas, Hannun and Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models* (2013);
    ``torch.nn.LeakyReLU``. TensorFlow's default slope is 0.2 and Keras' 0.3. f'(0) = negative_slope.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import leaky_relu
    >>> leaky_relu(np.array([-1.0, 2.0]), negative_slope=0.2)
    array([-0.2,  2. ])
    """
    return np.where(x > 0, x, negative_slope * x)


_LEAKY = Info(
    formula="x if x > 0 else slope * x",
    derivative="1 if x > 0 else slope",
    range=(-inf, inf),
    monotonic=True,
    smooth=False,
    zero_centred=True,
    identity_near_zero=False,
    ulp=1,
    derivative_ulp=1,
)


@activation(
    derivative=lambda x, slope: _nan_or(np.where(x > 0, 1.0, slope), x),
    derivative_by_parameter=lambda x, slope: np.where(x > 0, 0.0, x),
    keeps_integers=True,
    info=_LEAKY,
)
def prelu(x, slope=0.25):
    """Parametric rectified linear unit: a leaky ReLU whose slopes are learnt.

    Parameters
    ----------
    slope : array_like, default 0.25
        Slope for x <= 0, broadcast against `x` as NumPy does. `backward` gives the pair (dx, dslope), dslope summed to the
        shape of `slope`.

    Notes
    -----
    He, Zhang, Ren and Sun, *Delving Deep into Rectifiers* (2015); ``torch.nn.PReLU``, which has one slope per channel on
    axis 1: give ``slope.reshape(-1, 1, 1)`` for input of shape (batch, channel, height, width).

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import prelu
    >>> prelu(np.array([[-1.0, -1.0], [2.0, -4.0]]), slope=np.array([0.5, 0.25]))
    array([[-0.5 , -0.25],
           [ 2.  , -1.  ]])
    """
    return np.where(x > 0, x, slope * x)


@activation(
    derivative=lambda x, slope: _nan_or(np.where(x > 0, 1.0, slope), x),
    noise=Uniform("lower", "upper"),
    ordered=("lower", "upper"),
    info=_LEAKY,
)
def rrelu(x, slope, *, lower=1 / 8, upper=1 / 3):
    """Randomized leaky rectified linear unit: a leaky ReLU whose slope is drawn per element.

    Parameters
    ----------
    lower, upper : float, default 1/8 and 1/3
        The slope for x <= 0 is uniform between them.
    rng : numpy.random.Generator, optional
        What to draw from, for training. Without one the slope is (lower + upper) / 2, for inference.

    Notes
    -----
    Xu, Wang, Chen and Li, *Empirical Evaluation of Rectified Activations in Convolutional Network* (2015); ``torch.nn.RReLU``,
    which draws in training mode. The slopes are what ``rng.uniform(lower, upper, x.shape)`` gives, rounded to the dtype of `x`,
    so the result depends on the generator's state alone. `value_and_grad` gives value and derivative for one draw; `backward`
    repeats the draw of a forward pass if it gets a generator seeded as that one was.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import rrelu
    >>> x = np.array([-24.0, -24.0, 1.0])
    >>> rrelu(x)
    array([-5.5, -5.5,  1. ])
    >>> rrelu(x, rng=np.random.default_rng(1)).round(2)
    array([-5.56, -7.75,  1.  ])
    """
    return np.where(x > 0, x, slope * x)


def _noisy_relu_scale(x):
    return 1 / np.sqrt(1 + np.exp(-x))


def _noisy_relu_derivative(x, noise):
    scale = _noisy_relu_scale(x)
    slope = 1 + noise * scale / (2 * (1 + np.exp(x)))
    return _nan_or(np.where(x + scale * noise > 0, slope, 0.0), x)


@activation(
    derivative=_noisy_relu_derivative,
    noise=Normal(),
    info=Info(
        formula="max(0, x + sqrt(sigmoid(x)) * noise)",
        derivative="1 + noise * sqrt(sigmoid(x)) * sigmoid(-x) / 2 if x + sqrt(sigmoid(x)) * noise > 0 else 0",
        range=(0, inf),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        ulp=0,
        derivative_ulp=0,
    ),
)
def noisy_relu(x, noise):
    """Noisy rectified linear unit: a ReLU of x and normal noise, whose variance is the sigmoid of x.

    Parameters
    ----------
    rng : numpy.random.Generator, optional
        What to draw the noise from, for training. Without one there is no noise, for inference: a ReLU.

    Notes
    -----
    Nair and Hinton, *Rectified Linear Units Improve Restricted Boltzmann Machines* (2010): max(0, x + N(0, sigmoid(x))). The
    noise is ``rng.standard_normal(x.shape)``, rounded to the dtype of `x`, so the result depends on the generator's state alone.
    The derivative is that for the noise drawn, by which its standard deviation changes with x too. `value_and_grad` gives value
    and derivative for one draw; `backward` repeats the draw of a forward pass if it gets a generator seeded as that one was. The
    error bound is that without noise; with noise it is 3 ULP of the larger term.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import noisy_relu
    >>> x = np.array([-2.0, 1.0, 1.0])
    >>> noisy_relu(x)
    array([0., 1., 1.])
    >>> noisy_relu(x, rng=np.random.default_rng(1)).round(2)
    array([0.  , 1.7 , 1.28])
    """
    return _nan_or(np.maximum(0, x + _noisy_relu_scale(x) * noise), x)


@activation(
    derivative=lambda x, threshold, value: _nan_or(x > threshold, x),
    keeps_integers=True,
    thresholds=("threshold",),
    info=Info(
        formula="x if x > threshold else value",
        derivative="1 if x > threshold else 0",
        range=(0, inf),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        ulp=0,
        derivative_ulp=0,
    ),
)
def threshold(x, threshold=0, value=0):
    """Threshold: x above it, a constant value elsewhere.

    Parameters
    ----------
    threshold : float, default 0
        Above it x is passed on.
    value : float, default 0
        What takes the place of the rest. With the defaults this is relu.

    Notes
    -----
    ``torch.nn.Threshold``, which has no defaults.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import threshold
    >>> threshold(np.array([-1.0, 0.5, 2.0]), threshold=0.5, value=20)
    array([20., 20.,  2.])
    """
    return np.where(x <= threshold, value, x)


@activation(
    derivative=lambda x, min, max: _nan_or((x > min) & (x < max), x),
    derivative_from_output=lambda y, min, max: _nan_or((y > min) & (y < max), y),
    ordered=("min", "max"),
    keeps_integers=True,
    thresholds=("min", "max"),
    info=Info(
        formula="min if x < min else (max if x > max else x)",
        derivative="1 if min < x < max else 0",
        range=(-1, 1),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=True,
        ulp=0,
        derivative_ulp=0,
    ),
)
def hard_tanh(x, min=-1, max=1):
    """Hard hyperbolic tangent: x clipped to an interval.

    Parameters
    ----------
    min, max : float, default -1 and 1
        The interval's ends. Beyond the range of integer input they are brought into it.

    Notes
    -----
    Collobert, *Large Scale Machine Learning* (2004); ``torch.nn.Hardtanh``. The derivative is 1 strictly inside.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import hard_tanh
    >>> hard_tanh(np.array([-3, 0, 3]), min=-2)
    array([-2,  0,  1])
    """
    return np.where(x < min, min, np.where(x > max, max, x))


def _hard_sigmoid(x, alpha, beta):
    """alpha (x + beta/alpha), the quotient rounded: 3 for an alpha of 1/6, which is no binary number in either dtype."""
    shift = beta / alpha
    single = (np.float32(alpha) == alpha) & (np.float32(beta) == beta)
    shift = np.where(single, np.float32(shift), shift)
    return np.where(np.abs(shift) < 2.0**60, alpha * (x + shift), alpha * x + beta)


@activation(
    derivative=lambda x, alpha, beta: _nan_or(np.where(np.abs(_hard_sigmoid(x, alpha, beta) - 0.5) < 0.5, alpha, 0.0), x),
    derivative_from_output=lambda y, alpha, beta: _nan_or(np.where((y > 0) & (y < 1), alpha, 0.0), y),
    info=Info(
        formula="0 if alpha * x + beta <= 0 else (1 if alpha * x + beta >= 1 else alpha * x + beta)",
        derivative="alpha if 0 < alpha * x + beta < 1 else 0",
        range=(0, 1),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        derivative_ulp=1,
    ),
)
def hard_sigmoid(x, alpha=1 / 6, beta=1 / 2):
    """Hard sigmoid: a line clipped to [0, 1].

    Parameters
    ----------
    alpha : float, default 1/6
        Slope.
    beta : float, default 1/2
        Value at 0.

    Notes
    -----
    Courbariaux, Bengio and David, *BinaryConnect* (2015). The default is that of ``torch.nn.Hardsigmoid`` and Keras 3,
    relu6(x + 3) / 6; ONNX, TensorFlow and Theano have alpha=0.2. The derivative is alpha strictly inside.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import hard_sigmoid
    >>> hard_sigmoid(np.array([-3.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    return np.clip(_hard_sigmoid(x, alpha, beta), 0, 1)


@activation(
    derivative=lambda x: np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, x / 3 + 0.5)),
    info=Info(
        formula="0 if x <= -3 else (x if x >= 3 else x * (x + 3) / 6)",
        derivative="(x / 3 if -3 < x < 3 else 0) + (1 if x >= 3 else 1 / 2 if x > -3 else 0)",
        range=(-0.375, inf),
        monotonic=False,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        derivative_ulp=2,
    ),
)
def hard_swish(x):
    """Hard swish: x times the hard sigmoid.

    Notes
    -----
    Howard et al., *Searching for MobileNetV3* (2019); ``torch.nn.Hardswish``: x relu6(x + 3) / 6. f(-inf) is -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import hard_swish
    >>> hard_swish(np.array([-1.5, 0.0, 3.0]))
    array([-0.375,  0.   ,  3.   ])
    """
    return np.where(x <= -3, -0.0, np.where(x >= 3, x, x * (x + 3) / 6))


@activation(
    derivative=lambda x, lambd: _nan_or(np.abs(x) > lambd, x),
    domain={"lambd": (0, False)},
    keeps_integers=True,
    thresholds=("lambd",),
    info=Info(
        formula="x if abs(x) > lambd else 0",
        derivative="1 if abs(x) > lambd else 0",
        range=(-inf, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        ulp=0,
        derivative_ulp=0,
    ),
)
def hard_shrink(x, lambd=0.5):
    """Hard shrinkage: 0 near zero, x elsewhere.

    Parameters
    ----------
    lambd : float >= 0, default 0.5
        Up to this magnitude x is set to 0.

    Notes
    -----
    Donoho and Johnstone, *Ideal Spatial Adaptation by Wavelet Shrinkage* (1994); ``torch.nn.Hardshrink``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import hard_shrink
    >>> hard_shrink(np.array([-2.0, 0.4, 2.0]))
    array([-2.,  0.,  2.])
    """
    return np.where(np.abs(x.astype(np.float64, copy=False)) <= lambd, 0, x)


@activation(
    derivative=lambda x, lambd: _nan_or(np.abs(x) > lambd, x),
    domain={"lambd": (0, False)},
    keeps_integers=True,
    thresholds=("lambd",),
    info=Info(
        formula="x - lambd if x > lambd else (x + lambd if x < -lambd else 0)",
        derivative="1 if abs(x) > lambd else 0",
        range=(-inf, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        ulp=0.5,
        derivative_ulp=0,
    ),
)
def soft_shrink(x, lambd=0.5):
    """Soft shrinkage: x moved towards zero by a constant.

    Parameters
    ----------
    lambd : float >= 0, default 0.5
        By how much.

    Notes
    -----
    Donoho, *De-Noising by Soft-Thresholding* (1995); ``torch.nn.Softshrink``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import soft_shrink
    >>> soft_shrink(np.array([-2.0, 0.4, 2.0]))
    array([-1.5,  0. ,  1.5])
    """
    above, below = x > lambd, (x < 0) & (x + lambd < 0)
    return np.where(above, x - lambd, np.where(below, x + lambd, x * 0))


@activation(
    derivative=lambda x, threshold_left, slope_left, threshold_right, slope_right: _nan_or(
        np.where(x <= threshold_left, slope_left, np.where(x >= threshold_right, slope_right, 1.0)), x
    ),
    ordered=("threshold_left", "threshold_right"),
    keeps_integers=True,
    info=Info(
        formula="threshold_left + slope_left * (x - threshold_left) if x <= threshold_left else "
        "(threshold_right + slope_right * (x - threshold_right) if x >= threshold_right else x)",
        derivative="slope_left if x <= threshold_left else (slope_right if x >= threshold_right else 1)",
        range=(-inf, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=True,
        derivative_ulp=1,
    ),
)
def srelu(x, threshold_left=-1.0, slope_left=0.2, threshold_right=1.0, slope_right=0.2):
    """S-shaped rectified linear unit: the identity between two thresholds, a line of its own slope beyond each.

    Parameters
    ----------
    threshold_left, threshold_right : float, default -1 and 1
        Between them x is passed on.
    slope_left, slope_right : float, default 0.2
        The slopes below and above.

    Notes
    -----
    Jin et al., *Deep Learning with S-shaped Rectified Linear Activation Units* (2016), where all four are learnt. At a threshold
    the derivative is the slope beyond it.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import srelu
    >>> srelu(np.array([-2.0, 0.5, 2.0]))
    array([-1.2,  0.5,  1.2])
    """
    left = threshold_left + slope_left * (x - threshold_left)
    right = threshold_right + slope_right * (x - threshold_right)
    return np.where(x <= threshold_left, left, np.where(x >= threshold_right, right, x))


@activation(
    derivative=lambda x: _nan_or(np.maximum(0, 1 - np.abs(x) / 2), x),
    info=Info(
        formula="-1 if x < -2 else (x + x**2 / 4 if x < 0 else (x - x**2 / 4 if x < 2 else 1))",
        derivative="1 - abs(x) / 2 if abs(x) < 2 else 0",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        derivative_ulp=0.5,
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


@activation(
    derivative=lambda x, scale, shift: _nan_or(2 * scale * np.maximum(0, x), x),
    info=Info(
        formula="scale * max(0, x)**2 + shift",
        derivative="2 * scale * max(0, x)",
        range=(-0.4472, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
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
    r = np.where(x < 0, 0.0, x)
    square = r * r
    product = scale * square
    total = product + shift
    low = _product_low(square, scale) + scale * _product_low(r, r) + _sum_low(product, shift, total)
    return np.where(np.isfinite(total), total + low, total)


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


@activation(
    derivative=lambda x, alpha: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0))),
    derivative_from_output=lambda y, alpha: np.where(y > 0, 1.0, y + alpha),
    from_output_low={"alpha": 0},
    info=Info(
        formula="x if x > 0 else alpha * expm1(x)",
        derivative="1 if x > 0 else alpha * exp(x)",
        range=(-1, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
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
    low = -(_product_low(quotient, alpha) + (quotient * alpha - x)) / alpha
    return quotient, np.where((x < 0) & (quotient > -1e4), low, 0.0)


def _celu_derivative(x, alpha):
    z, low = _celu_exponent(x, alpha)
    return _nan_or(np.where(x > 0, 1.0, np.exp(z) * (1 + low)), x)


@activation(
    derivative=_celu_derivative,
    derivative_from_output=lambda y, alpha: np.where(y > 0, 1.0, y / alpha + 1),
    domain={"alpha": (0, True)},
    info=Info(
        formula="x if x > 0 else alpha * expm1(x / alpha)",
        derivative="1 if x > 0 else exp(x / alpha)",
        range=(-1, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
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
    return np.where(x < 0, alpha * (np.expm1(z) + np.exp(z) * low), x)


_SELU_SCALE = 1.0507009873554805
_SELU_SLOPE, _SELU_SLOPE_LOW = 1.7580993408473768, -6.395264655648322e-17  # times alpha, in two parts


@activation(
    derivative=lambda x: np.where(x > 0, _SELU_SCALE, _SELU_SLOPE * np.exp(np.minimum(x, 0))),
    derivative_from_output=lambda y: np.where(y > 0, _SELU_SCALE, y + _SELU_SLOPE),
    info=Info(
        formula="1.0507009873554805 * x if x > 0 else 1.0507009873554805 * 1.6732632423543772 * expm1(x)",
        derivative="1.0507009873554805 if x > 0 else 1.0507009873554805 * 1.6732632423543772 * exp(x)",
        range=(-_SELU_SLOPE, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
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
        derivative_ulp=3,
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
    return np.copysign(np.where(a < 1, special.tanh_shrink_unit(np.minimum(a, 1)), y), x)


def _softplus_derivative(x, beta):
    e = _times_exp_minus_abs(1.0, x, beta)
    return np.where(x < 0, e, 1.0) / (1 + e)


@activation(
    derivative=_softplus_derivative,
    derivative_from_output=lambda y, beta: -np.expm1(-beta * y),
    domain={"beta": (0, True)},
    info=Info(
        formula="logaddexp(0, beta * x) / beta",
        derivative="sigmoid(beta * x)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1.6,
        derivative_ulp=3,
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
    return np.maximum(x, 0) + np.log1p(_times_exp_minus_abs(1.0, x, beta)) / beta


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
        ulp=1.7,
        derivative_ulp=3.5,
    ),
)
def log_sigmoid(x):
    """Logarithm of the logistic sigmoid.

    Notes
    -----
    ``torch.nn.LogSigmoid``, ``jax.nn.log_sigmoid``, ``scipy.special.log_expit``. It is -softplus(-x), and keeps its digits on
    both sides, where log(sigmoid(x)) is -inf or 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import log_sigmoid
    >>> log_sigmoid(np.array([-1000.0, 0.0, 40.0]))
    array([-1.00000000e+03, -6.93147181e-01, -4.24835426e-18])
    """
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def _mish_derivative(x):
    bounded = np.minimum(x, 30)
    g = np.exp(bounded)
    denominator = g * (g + 2) + 2
    bracket = (g + 2) + np.maximum(4 * bounded, -4e3) * (1 + g) / denominator
    return np.where(x < 0, _times_exp_minus_abs(bracket / denominator, np.minimum(x, 0)), g * bracket / denominator)


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
    t, t_low = special.tanh_softplus(np.exp(bounded))
    below = _times_exp_minus_abs(np.maximum(x, -_LARGEST), np.minimum(x, 0))
    return np.where(x < -40, below, np.where(x > 30, x, np.copysign(bounded * t + bounded * t_low, x)))


def _softsign_derivative(x):
    reciprocal = 1 / (1 + np.abs(x))
    return reciprocal * reciprocal


@activation(
    derivative=_softsign_derivative,
    derivative_from_output=lambda y: (1 - np.abs(y)) ** 2,
    info=Info(
        formula="x / (1 + abs(x))",
        derivative="1 / (1 + abs(x))**2",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
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
    return np.where(x < 0, _times_exp_minus_abs(weight, x, alpha), _times_exp_minus_abs(weight, x))


@activation(
    derivative=_generalized_logistic_derivative,
    domain={"alpha": (0, True)},
    info=Info(
        formula="(1 + exp(-x))**-alpha",
        derivative="alpha * (1 + exp(-x))**-alpha * sigmoid(-x)",
        range=(0, 1),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
    ),
)
def generalized_logistic(x, alpha=1.0):
    """Generalized logistic function: the logistic sigmoid to a power.

    Parameters
    ----------
    alpha : float > 0, default 1
        The power. 1 is the logistic sigmoid. The error grows with it, by about as many units in the last place.

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
    z = alpha * np.minimum(np.abs(x), _LARGEST)
    e = np.exp(-z)
    y = np.where(x < 0, power * e, power)
    low = np.where(x < 0, _product_low(power, e) - y * _product_low(np.abs(x), alpha), 0.0)
    y = y + (low - y * lacking)
    return np.where((x < 0) & (z > 600), _times_exp_minus_abs(power, x, alpha), y)


def _soft_clipping_derivative(x, alpha):
    h = np.where(x < 0.5, x, 1 - x)
    e = _times_exp_minus_abs(1.0, h, alpha)
    c = np.exp(-alpha)
    outside = _times_exp_minus_abs(1 / ((1 + e) * (1 + c * e)), h, alpha)
    return -np.expm1(-alpha) * np.where(h > 0, 1 / ((1 + e) * (1 + np.exp(-alpha * (1 - h)))), outside)


@activation(
    derivative=_soft_clipping_derivative,
    domain={"alpha": (0, True)},
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
    ),
)
def soft_clipping(x, alpha=50.0):
    """Soft clipping: the identity between 0 and 1, with smooth bends into the constants 0 and 1.

    Parameters
    ----------
    alpha : float > 0, default 50
        Sharpness of the bends. Below about 1, where the function is nearly constant, errors grow like 1/alpha.

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
    e = _times_exp_minus_abs(1.0, h, alpha)
    c = np.exp(-alpha)
    lost = np.exp(-alpha * (1 - h)) * (1 + e) / (1 + np.exp(-alpha * (1 - h)))
    less = -np.expm1(-alpha) / (1 + c * e)
    y = np.maximum(h, 0) + np.log1p(np.where(h > 0, e - lost, less * e)) / alpha
    # where log1p(t) is a short series in t, all but the exponential and a division are corrections
    a = np.abs(alpha * h)
    quotient = less * np.exp(-a) / alpha
    t = less * e
    series = t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t * (1 / 5 - t * (1 / 6 - t / 7)))))
    low = series + np.copysign(1.0, h) * _product_low(h, alpha)
    y = np.where((h < 0) & (t < 2.0**-8) & (a < 700), quotient - quotient * low, y)
    return np.where(x < 0.5, y, 1 - y)


def _silu_derivative(x, beta):
    z = beta * np.clip(x, -_LARGEST, _LARGEST)
    e = _times_exp_minus_abs(1.0, x, beta)
    r = 1 / (1 + e)
    return np.where(z < 0, _times_exp_minus_abs(r * (1 + z * r), x, beta), r * (1 + _vanishing(z, e) * r))


@activation(
    derivative=_silu_derivative,
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
    e = _times_exp_minus_abs(1.0, x, beta)
    return _over_one_plus(np.where(beta * x < 0, _times_exp_minus_abs(x, x, beta), x), e)


swish = silu


def _quick_gelu_exponent(x):
    a = np.minimum(np.abs(x), 470)
    return 1.702 * a, _product_low(a, 1.702) + 4.263256414560601e-17 * a  # the double 1.702 is too small by so much


def _quick_gelu_derivative(x):
    z, z_low = _quick_gelu_exponent(x)
    return _gated_slope(x, z, z_low, z)


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
    return _gated(x, *_quick_gelu_exponent(x))


@activation(
    derivative=special.gelu_derivative,
    info=Info(
        formula="x * Phi(x)",
        derivative="Phi(x) + x * phi(x)",
        range=(-0.16997120747990369, inf),
        monotonic=False,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
    ),
)
def gelu(x):
    """Gaussian error linear unit, the exact form.

    Notes
    -----
    Phi is the standard normal distribution function, phi its density.
    Hendrycks and Gimpel, *Gaussian Error Linear Units* (2016); ``torch.nn.GELU()``. JAX's and Flax's default is the tanh
    approximation instead. Computed with the complementary error function, so that the left tail keeps its digits. f(-inf) is
    -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import gelu
    >>> gelu(np.array([-30.0, 0.0, 1.0]))
    array([-1.47201418e-196,  0.00000000e+000,  8.41344746e-001])
    """
    return special.gelu(x)


def _gelu_tanh_exponent(x):
    """z = a (k + c a^2), k = 2 sqrt(2/pi), c = 0.044715 k, a = |x|, in two parts, and a dz/da; k and c are given in two."""
    k, k_low = 1.5957691216057128, 1.7885919910836427e-14
    c, c_low = 0.07135481627260025, -6.175149918155315e-19
    a = np.minimum(np.abs(x), 22)
    square = a * a
    p = c * square + k
    lost = ((k - p) + c * square) + _product_low(c, square)  # what p lacks
    p_low = lost + (c * _product_low(a, a) + (c_low * square + k_low))
    return a * p, _product_low(a, p) + a * p_low, a * (3 * c * square + (k + k_low))


@activation(
    derivative=lambda x: _gated_slope(x, *_gelu_tanh_exponent(x)),
    info=Info(
        formula="x * sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x**3))",
        derivative=(
            "sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x**3))"
            " + x * 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * x**2)"
            " * sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x**3)) * sigmoid(-2 * sqrt(2 / pi) * (x + 0.044715 * x**3))"
        ),
        range=(-0.17004075057125406, inf),
        monotonic=False,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
    ),
)
def gelu_tanh(x):
    """Gaussian error linear unit, approximated by the hyperbolic tangent.

    Notes
    -----
    0.5 x (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3), which is x sigmoid(2u). The approximation of Hendrycks and Gimpel,
    *Gaussian Error Linear Units* (2016), as in BERT and GPT-2; ``torch.nn.GELU(approximate="tanh")``, the default of
    ``jax.nn.gelu``. f(-inf) is -0.0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import gelu_tanh
    >>> gelu_tanh(np.array([-np.inf, 0.0, 1.0]))
    array([-0.        ,  0.        ,  0.84119199])
    """
    z, z_low, _ = _gelu_tanh_exponent(x)
    return _gated(x, z, z_low)


def _isru_square(x, alpha):
    """|x|, bounded to where nothing changes any more, and 1 + alpha * x^2"""
    a = np.minimum(np.abs(x), np.minimum(2.0**400 / np.sqrt(alpha), _LARGEST))
    return a, 1 + alpha * a * a


def _isru_derivative(x, alpha):
    _, square = _isru_square(x, alpha)
    r = 1 / square
    return r * np.sqrt(r)


@activation(
    derivative=_isru_derivative,
    domain={"alpha": (0, False)},
    info=Info(
        formula="x / sqrt(1 + alpha * x**2)",
        derivative="1 / (1 + alpha * x**2)**1.5",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.75,
        derivative_ulp=4,
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
    return np.where(alpha == 0, x, np.copysign(special.times_reciprocal_root(a, square), x))


algebraic = isru


@activation(
    derivative=lambda x, alpha: np.where(x >= 0, 1.0, _isru_derivative(x, alpha)),
    domain={"alpha": (0, False)},
    info=Info(
        formula="x if x >= 0 else x / sqrt(1 + alpha * x**2)",
        derivative="1 if x >= 0 else 1 / (1 + alpha * x**2)**1.5",
        range=(-1, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.75,
        derivative_ulp=4,
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
    return np.where((x >= 0) | (alpha == 0), x, -special.times_reciprocal_root(a, square))


@activation(
    derivative=special.squareplus_derivative,
    derivative_from_output=lambda y, b: np.where(y > 2.0**600, 1.0, y / (y + 0.25 * b / y)),
    domain={"b": (0, True)},
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
    return special.squareplus(x, b)


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
    return special.bent_identity(x)


@activation(
    derivative=lambda x: special.times_gaussian(-2 * np.clip(x, -28, 28), x),
    info=Info(
        formula="exp(-x**2)",
        derivative="-2 * x * exp(-x**2)",
        range=(0, 1),
        monotonic=False,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=1,
        derivative_ulp=1.75,
    ),
)
def gaussian(x):
    """Gaussian, exp(-x^2).

    Notes
    -----
    The radial basis function of Broomhead and Lowe, *Multivariable Functional Interpolation and Adaptive Networks* (1988);
    ``scipy.stats.norm.pdf`` has x^2/2 in the exponent and is normalised. The square is used to the last bit: rounded, it would
    cost up to 64 units in the last place in the tails.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import gaussian
    >>> gaussian(np.array([0.0, 1.0, 27.0]))
    array([1.00000000e+000, 3.67879441e-001, 2.50797208e-317])
    """
    return special.times_gaussian(1.0, x)


@activation(
    derivative=lambda x: special.times_gaussian(2 / np.sqrt(np.pi), x),
    info=Info(
        formula="erf(x)",
        derivative="2 / sqrt(pi) * exp(-x**2)",
        range=(-1, 1),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
        ulp=1.25,
        derivative_ulp=2.5,
    ),
)
def erf(x):
    """Error function: the normal distribution's as a sigmoid.

    Notes
    -----
    ``torch.erf``, ``scipy.special.erf``. The slope at 0 is 2/sqrt(pi).

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import erf
    >>> erf(np.array([-np.inf, 0.0, 0.5]))
    array([-1.        ,  0.        ,  0.52049988])
    """
    return special.erf(x)


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


def _soft_exponential_argument(x, alpha):
    """-alpha (x + alpha), in two parts."""
    total = x + alpha
    low = _sum_low(np.clip(x, -_LARGEST, _LARGEST), alpha, np.clip(total, -_LARGEST, _LARGEST))
    return -alpha * total, -alpha * low - _product_low(total, alpha)


def _soft_exponential_derivative(x, alpha):
    z = alpha * x
    power = np.exp(z) * (1 + np.where(np.abs(z) < 800, _product_low(x, alpha), 0.0))
    w, low = _soft_exponential_argument(x, alpha)
    reciprocal = np.where(w < -1, np.nan, 1 / ((1 + w) + (low + _sum_low(1.0, w, 1 + w))))
    return np.where(alpha < 0, np.where(x == inf, 0.0, reciprocal), np.where(alpha == 0, _nan_or(1.0, x), power))


@activation(
    derivative=_soft_exponential_derivative,
    info=Info(
        formula="-log1p(-alpha * (x + alpha)) / alpha if alpha < 0 else "
        "((exp(alpha * x) + (alpha - 1) * (alpha + 1)) / alpha if alpha > 0 else x)",
        derivative="1 / (1 - alpha * (x + alpha)) if alpha < 0 else exp(alpha * x)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
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
    z = alpha * x
    low = np.where(np.abs(z) < 800, _product_low(x, alpha), 0.0)
    near = np.expm1(z) + np.exp(z) * low + alpha * alpha
    power = np.where(np.abs(z) < 0.5, near, np.exp(z) * (1 + low) + (alpha - 1) * (alpha + 1)) / alpha
    return np.where(alpha < 0, np.where(x == inf, x, logarithm), np.where(alpha == 0, x, power))


@activation(
    derivative=special.sinc_derivative,
    info=Info(
        formula="sinc(x)",
        derivative="(x * (cospi(x) - 1) / max(x**2, 2**-12) if abs(x) > 1 / 64 else -(pi**2) * x / 3 "
        "* (1 - (pi * x)**2 / 10 + (pi * x)**4 / 280 - (pi * x)**6 / 15120)) "
        "- (x * (sinc(x) - 1) / max(x**2, 2**-12) if abs(x) > 1 / 64 else 0)",
        range=(-0.21723362821122166, 1),
        monotonic=False,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        ulp=2,
        derivative_ulp=2.25,
    ),
)
def sinc(x):
    """Normalised sinc, sin(pi x) / (pi x): 1 at 0 and 0 at every other integer.

    Notes
    -----
    ``np.sinc``, ``torch.sinc``. Others, as Wikipedia's table of activation functions, call sin(x) / x sinc: give that x / pi.
    The zeros at the integers are exact, and the digits near them right.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sinc
    >>> sinc(np.array([0.0, 0.5, 2.0]))
    array([1.        , 0.63661977, 0.        ])
    """
    return special.sinc(x)


@activation(
    derivative=np.cos,
    info=Info(
        formula="sin(x)",
        derivative="cos(x)",
        range=(-1, 1),
        monotonic=False,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        ulp=1.5,
        derivative_ulp=1.5,
    ),
)
def sinusoid(x):
    """Sine, in radians: the periodic layer of implicit neural representations.

    Notes
    -----
    ``np.sin``, ``torch.sin``; Sitzmann et al., *Implicit Neural Representations with Periodic Activation Functions* (2020). Right
    for every finite number: large ones are reduced with as many digits of pi as it takes. NaN at infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sinusoid
    >>> sinusoid(np.array([0.0, 1.0, 1e22]))
    array([ 0.        ,  0.84147098, -0.85220085])
    """
    return np.sin(x)


def _snake_derivative(x, alpha=1.0):
    """1 + 2 sin(z + low) cos(z + low), z + low = alpha * x; 1 where that overflows."""
    z, low = alpha * x, _product_low(x, alpha)
    sine, cosine, sine_low, cosine_low = np.sin(z), np.cos(z), np.sin(low), np.cos(low)
    product = (sine * cosine_low + cosine * sine_low) * (cosine * cosine_low - sine * sine_low)
    return np.where(np.isinf(z) & np.isfinite(x), 1.0, 1 + 2 * product)


@activation(
    derivative=_snake_derivative,
    domain={"alpha": (0, True)},
    info=Info(
        formula="x + sin(alpha * x)**2 / alpha",
        derivative="1 + sin(2 * alpha * x)",
        range=(-inf, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
    ),
)
def snake(x, alpha=1.0):
    """Snake, x + sin(alpha x)^2 / alpha: a periodic function that grows, and so can go on with what it has learnt.

    Parameters
    ----------
    alpha : float > 0, default 1
        Frequency: the period is pi / alpha.

    Notes
    -----
    Ziyin, Hartwig and Ueda, *Neural Networks Fail to Learn Periodic Functions and How to Fix It* (2020). The slope is right for
    every finite number, as the sine is: the product with alpha is used to the last bit. (Where that product is more than the
    largest double, plain NumPy takes 1 for the slope; the kernels have digits of pi for 2**64 times as much.) f' has no limit at
    infinity and is NaN there.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import snake
    >>> snake(np.array([-1.0, 0.0, 1.0]))
    array([-0.29192658,  0.        ,  1.70807342])
    """
    z, low = alpha * x, np.clip(_product_low(x, alpha), -0.5, 0.5)
    sine = np.sin(z)
    near = x + sine / alpha * (sine + 2 * low * np.cos(z))
    twice = np.clip(2 * z, -1e18, 1e18)
    far = (x + 0.5 / alpha) - (np.cos(twice) - 2 * low * np.sin(twice)) * (0.5 / alpha)
    return np.copysign(np.where(np.abs(z) < 0.5, near, np.where(np.isinf(z), x, far)), x)


if not TYPE_CHECKING:  # type checkers see the names above themselves, and would see none in a computed list
    __all__ = [name for name, value in list(globals().items()) if isinstance(value, Activation)]
