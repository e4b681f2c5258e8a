"""Piecewise linear and quadratic activations: comparisons and a product, no transcendental function.

What a record says, and in which notation: see `entry.py`.
"""

import numpy as np
from numpy import inf

from .entry import Info, activation
from .noise import Normal, Uniform
from .parts import nan_or, slope_times


@activation(
    derivative=lambda x: nan_or(1.0, x),
    derivative_from_output=lambda y: nan_or(1.0, y),
    keeps_integers=True,
    light=True,
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
    derivative=lambda x: nan_or(0.0, x),
    keeps_integers=True,
    light=True,
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
    derivative=lambda x: nan_or(x > 0, x),
    derivative_from_output=lambda y: nan_or(y > 0, y),
    keeps_integers=True,
    light=True,
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
    derivative=lambda x: nan_or((x > 0) & (x < 6), x),
    derivative_from_output=lambda y: nan_or((y > 0) & (y < 6), y),
    keeps_integers=True,
    light=True,
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
    light=True,
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


def _leaky_derivative(x, slope):
    return nan_or(np.where(x > 0, 1.0, slope), x)


@activation(
    derivative=_leaky_derivative,
    derivative_from_output=_leaky_derivative,  # y has the sign of x
    from_output_low={"negative_slope": 0},
    keeps_integers=True,
    light=True,
    info=Info(
        formula="x if x > 0 else negative_slope * x",
        derivative="1 if x > 0 else negative_slope",
        range=(-inf, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        ulp=1,
        derivative_ulp=0.5,
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
    ``torch.nn.LeakyReLU``. TensorFlow's default slope is 0.2 and Keras' 0.3. f'(0) = negative_slope. With a slope of 0,
    f(-inf) is -0.0, as f(x) is for every x < 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import leaky_relu
    >>> leaky_relu(np.array([-1.0, 2.0]), negative_slope=0.2)
    array([-0.2,  2. ])
    """
    return np.where(x > 0, x, slope_times(negative_slope, x))


_LEAKY = Info(
    formula="x if x > 0 else slope * x",
    derivative="1 if x > 0 else slope",
    range=(-inf, inf),
    monotonic=True,
    smooth=False,
    zero_centred=True,
    identity_near_zero=False,
    ulp=1,
    derivative_ulp=0.5,
)


@activation(
    derivative=_leaky_derivative,
    derivative_by={"slope": lambda x, slope: np.where(x > 0, 0.0, x)},
    keeps_integers=True,
    light=True,
    info=_LEAKY,
)
def prelu(x, slope=0.25):
    """Parametric rectified linear unit: a leaky ReLU whose slopes are learnt.

    Parameters
    ----------
    slope : array_like, default 0.25
        Slope for x <= 0, broadcast to the shape of `x`, which results always have: a broader one is a ValueError.
        `backward` gives the pair (dx, dslope), dslope summed to the shape of `slope`.

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
    return np.where(x > 0, x, slope_times(slope, x))


@activation(
    derivative=_leaky_derivative,
    noise=Uniform("lower", "upper"),
    ordered=("lower", "upper"),
    light=True,
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
    return np.where(x > 0, x, slope_times(slope, x))


def _noisy_relu_scale(x):
    return 1 / np.sqrt(1 + np.exp(-x))


def _noisy_relu_derivative(x, noise):
    scale = _noisy_relu_scale(x)
    slope = 1 + noise * scale / (2 * (1 + np.exp(x)))
    return nan_or(np.where(x + scale * noise > 0, slope, 0.0), x)


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
    return nan_or(np.maximum(0, x + _noisy_relu_scale(x) * noise), x)


def _threshold_to_integers(low, high, threshold, value):
    """A threshold below all integers replaces none: it becomes the lowest, which is then replaced by itself."""
    return (low, low) if threshold < low else (min(threshold, high), value)


@activation(
    derivative=lambda x, threshold, value: nan_or(x > threshold, x),
    keeps_integers=True,
    to_integers=_threshold_to_integers,
    infinite=("threshold", "value"),
    light=True,
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
        What takes the place of the rest, -inf for instance. With the defaults this is relu.

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
    derivative=lambda x, min, max: nan_or((x > min) & (x < max), x),
    derivative_from_output=lambda y, min, max: nan_or((y > min) & (y < max), y),
    ordered=("min", "max"),
    keeps_integers=True,
    to_integers=lambda low, high, least, most: (max(least, low), min(most, high)),
    infinite=("min", "max"),
    light=True,
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
        The interval's ends, infinite for none. Beyond the range of integer input they are brought into it.

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


def _over_alpha(number, alpha, beta, dtype):
    """The quotient rounded: 3 for 1/2 and an alpha of 1/6, which is no binary number in either dtype."""
    if dtype is None:  # of whoever asks for no loop: that which has the parameters
        given = np.asarray([alpha, beta])
        dtype = np.float32 if np.all(given.astype(np.float32) == given) else np.float64
    return np.asarray(number / alpha).astype(dtype)


def _hard_sigmoid(x, alpha, beta, dtype):
    """alpha (x + beta/alpha)"""
    shift = _over_alpha(beta, alpha, beta, dtype)
    return np.where(np.abs(shift) < 2.0**60, alpha * (x + shift), slope_times(alpha, x) + beta)


def _hard_sigmoid_slope(y, alpha, beta, dtype=None):
    return nan_or(np.where((y > 0) & (y < 1), alpha, 0.0), y)


def _hard_sigmoid_derivative(x, alpha, beta, dtype=None):
    """alpha between the ends. The upper is told by x, because next to it the line has been rounded to 1."""
    end = _over_alpha(1 - beta, alpha, beta, dtype)
    inside = (_hard_sigmoid(x, alpha, beta, dtype) > 0) & np.where(alpha > 0, x < end, x > end)
    return nan_or(np.where(inside, alpha, 0.0), x)


@activation(
    derivative=_hard_sigmoid_derivative,
    derivative_from_output=_hard_sigmoid_slope,
    ordinary={"alpha": (2.0**-60, 2.0**60), "beta": (0, 2.0**60)},
    light=True,
    info=Info(
        formula="0 if alpha * x + beta <= 0 else (1 if alpha * x + beta >= 1 else alpha * x + beta)",
        derivative="alpha if 0 < alpha * x + beta < 1 else 0",
        range=(0, 1),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        derivative_ulp=0.5,
        term="beta",
        ulp=1.5,
    ),
)
def hard_sigmoid(x, alpha=1 / 6, beta=1 / 2, dtype=None):
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
    relu6(x + 3) / 6; ONNX, TensorFlow and Theano have alpha=0.2. The derivative is alpha strictly inside. beta / alpha is
    rounded, to 3 for the default, so with other parameters the error is 2.5 ULP of beta where that is more than the result.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import hard_sigmoid
    >>> hard_sigmoid(np.array([-3.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    return np.clip(_hard_sigmoid(x, alpha, beta, dtype), 0, 1)


@activation(
    derivative=lambda x: np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, (x + 1.5) / 3)),
    light=True,
    info=Info(
        formula="0 if x <= -3 else (x if x >= 3 else x * (x + 3) / 6)",
        derivative="(x / 3 if -3 < x < 3 else 0) + (1 if x >= 3 else 1 / 2 if x > -3 else 0)",
        range=(-0.375, inf),
        monotonic=False,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        derivative_ulp=1.5,
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


def _shrink_derivative(x, lambd):
    return nan_or(np.abs(x) > lambd, x)


def _lambd_to_integers(low, high, lambd):
    """What is at least the largest magnitude becomes that of `low`, which is -high - 1 for signed integers."""
    return (lambd if lambd <= high else low if low < 0 else high,)


def _magnitude(x):
    """The absolute value; of integers without a sign, so that it has room for that of the lowest."""
    x = np.asarray(x)
    return np.abs(x).view(f"u{x.itemsize}") if x.dtype.kind == "i" else np.abs(x)


@activation(
    derivative=_shrink_derivative,
    domain={"lambd": (0, False)},
    keeps_integers=True,
    to_integers=_lambd_to_integers,
    infinite=("lambd",),
    light=True,
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
    As there, what is set to 0 becomes +0.0, f(-0.0) too.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import hard_shrink
    >>> hard_shrink(np.array([-2.0, 0.4, 2.0]))
    array([-2.,  0.,  2.])
    """
    return np.where(_magnitude(x) <= _magnitude(lambd), 0, x)


@activation(
    derivative=_shrink_derivative,
    domain={"lambd": (0, False)},
    keeps_integers=True,
    to_integers=_lambd_to_integers,
    infinite=("lambd",),
    light=True,
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
    Near zero the result has the sign of x, f(-0.3) = -0.0: 0 times x, PyTorch's formula for one element. (Its vectors on a CPU
    give +0.0.)

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import soft_shrink
    >>> soft_shrink(np.array([-2.0, 0.4, 2.0]))
    array([-1.5,  0. ,  1.5])
    """
    moved = np.where(x < 0, x + lambd, x - lambd)
    return np.where(_magnitude(x) > _magnitude(lambd), moved, x * 0)


@activation(
    derivative=lambda x, threshold_left, slope_left, threshold_right, slope_right: nan_or(
        np.where(x <= threshold_left, slope_left, np.where(x >= threshold_right, slope_right, 1.0)), x
    ),
    ordered=("threshold_left", "threshold_right"),
    infinite=("threshold_left", "threshold_right"),
    keeps_integers=True,
    light=True,
    info=Info(
        formula="threshold_left + slope_left * (x - threshold_left) if x <= threshold_left else "
        "(threshold_right + slope_right * (x - threshold_right) if x >= threshold_right else x)",
        derivative="slope_left if x <= threshold_left else (slope_right if x >= threshold_right else 1)",
        range=(-inf, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=True,
        derivative_ulp=0.5,
        term="max(abs(threshold_left), abs(slope_left * threshold_left)) if x <= threshold_left else "
        "(max(abs(threshold_right), abs(slope_right * threshold_right)) if x >= threshold_right else 0)",
        ulp=1.75,
    ),
)
def srelu(x, threshold_left=-1.0, slope_left=0.2, threshold_right=1.0, slope_right=0.2):
    """S-shaped rectified linear unit: the identity between two thresholds, a line of its own slope beyond each.

    Parameters
    ----------
    threshold_left, threshold_right : float, default -1 and 1
        Between them x is passed on; infinite for none.
    slope_left, slope_right : float, default 0.2
        The slopes below and above.

    Notes
    -----
    Jin et al., *Deep Learning with S-shaped Rectified Linear Activation Units* (2016), where all four are learnt. At a threshold
    the derivative is the slope beyond it. With other parameters a line can cross zero beyond its threshold. There its two terms
    cancel, and the error is 3 ULP of the larger term, not of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import srelu
    >>> srelu(np.array([-2.0, 0.5, 2.0]))
    array([-1.2,  0.5,  1.2])
    """
    left = threshold_left + slope_times(slope_left, x - threshold_left)
    right = threshold_right + slope_times(slope_right, x - threshold_right)
    return np.where(x < threshold_left, left, np.where(x > threshold_right, right, x))


def _sparse_sigmoid(x):
    return 0.5 * (np.clip(x, -1, 1) + 1)


def _sparse_plus(x):
    b = np.clip(x, -1, 1)
    total = b + 1
    low = b - (total - 1)  # what its rounding lost, which the square would double
    return np.where(x > 1, x, 0.25 * (total * total + 2 * total * low))


@activation(
    derivative=_sparse_sigmoid,
    derivative_from_output=lambda y: np.sqrt(np.minimum(y, 1)),
    light=True,
    info=Info(
        formula="0 if x <= -1 else (x if x >= 1 else (x + 1)**2 / 4)",
        derivative="0 if x <= -1 else (1 if x >= 1 else (x + 1) / 2)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
        derivative_ulp=0.75,
        ulp=1.25,
    ),
)
def sparse_plus(x):
    """Sparse plus: a softplus that is exactly 0 up to -1 and x itself from 1 on, and between them a parabola.

    Notes
    -----
    ``jax.nn.sparse_plus``, ``keras.ops.sparse_plus``: it is to sparsemax what softplus is to softmax (Martins and Astudillo,
    *From Softmax to Sparsemax*, 2016; Blondel, Martins and Niculae, *Learning with Fenchel-Young Losses*, 2020). Its derivative
    is sparse_sigmoid.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sparse_plus
    >>> sparse_plus(np.array([-2.0, -0.5, 0.0, 3.0]))
    array([0.    , 0.0625, 0.25  , 3.    ])
    """
    return _sparse_plus(x)


@activation(
    derivative=lambda x: nan_or(np.where(np.abs(x) < 1, 0.5, 0.0), x),
    derivative_from_output=lambda y: nan_or(np.where((y > 0) & (y < 1), 0.5, 0.0), y),
    light=True,
    info=Info(
        formula="0 if x <= -1 else (1 if x >= 1 else (x + 1) / 2)",
        derivative="1 / 2 if -1 < x < 1 else 0",
        range=(0, 1),
        monotonic=True,
        smooth=False,
        zero_centred=False,
        identity_near_zero=False,
        ulp=0.5,
        derivative_ulp=0,
    ),
)
def sparse_sigmoid(x):
    """Sparse sigmoid: the line (x + 1) / 2 clipped to [0, 1], the first of two weights of sparsemax.

    Notes
    -----
    ``jax.nn.sparse_sigmoid``, ``keras.ops.sparse_sigmoid``: the derivative of sparse_plus, and the first weight of
    sparsemax([x, 0]) (Martins and Astudillo, *From Softmax to Sparsemax*, 2016). It is
    ``hard_sigmoid(x, alpha=0.5, beta=0.5)``. The derivative is 1/2 strictly inside.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sparse_sigmoid
    >>> sparse_sigmoid(np.array([-2.0, -0.5, 0.0, 3.0]))
    array([0.  , 0.25, 0.5 , 1.  ])
    """
    return _sparse_sigmoid(x)
