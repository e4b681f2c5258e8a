"""The catalogue: ONE entry per activation, its NumPy formulas, parameters, properties and documentation.

To add an activation, add its entry here and its scalar formula to `kernels/formulas.pxi`; the backends, tests, benchmarks
and type checkers find it by themselves. The formulas below are the NumPy backend and what the kernels are tested
against. They see contiguous float64 blocks (or integers, where an entry keeps them) with floating-point warnings off.

Conventions: a = |x|, e = exp(-a), s = sigmoid(x). At a kink the derivative is PyTorch's. NaN in, NaN out.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy import inf

from . import special
from .contract import Activation
from .registry import Info, activation

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


def _times_exp_minus_abs(weight, x, factor=1.0):
    """weight * exp(-|factor * x|), the product's rounding error made good, digits kept where the exponential is subnormal."""
    product = factor * np.clip(x, -_LARGEST, _LARGEST)
    a = np.abs(product)
    correction = 1 - np.copysign(1.0, product) * _product_low(x, factor)
    tail = a > 600
    e = np.exp(np.where(tail, -a / 2, -a)) * correction
    return np.where(tail, _vanishing(_vanishing(weight, e), np.exp(-a / 2)), weight * e)


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
        ulp=0.5,
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
    ``torch.nn.LeakyReLU``. TensorFlow's default slope is 0.2 and Keras' 0.3. f'(0) = negative_slope.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import leaky_relu
    >>> leaky_relu(np.array([-1.0, 2.0]), negative_slope=0.2)
    array([-0.2,  2. ])
    """
    return np.where(x > 0, x, negative_slope * x)


@activation(
    derivative=lambda x, slope: _nan_or(np.where(x > 0, 1.0, slope), x),
    derivative_by_parameter=lambda x, slope: np.where(x > 0, 0.0, x),
    keeps_integers=True,
    info=Info(
        formula="x if x > 0 else slope * x",
        derivative="1 if x > 0 else slope",
        range=(-inf, inf),
        monotonic=True,
        smooth=False,
        zero_centred=True,
        identity_near_zero=False,
        ulp=0.5,
        derivative_ulp=0.5,
    ),
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
    e = np.exp(-np.abs(x))
    sech = 2 * e / (1 + e * e)
    return sech * sech


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


def _softplus_derivative(x, beta):
    e = _times_exp_minus_abs(1.0, x, beta)
    return np.where(x < 0, e, 1.0) / (1 + e)


@activation(
    derivative=_softplus_derivative,
    derivative_from_output=lambda y, beta: -np.expm1(-beta * y),
    domain={"beta": (0, True)},
    info=Info(
        formula="log1p(exp(beta * x)) / beta",
        derivative="sigmoid(beta * x)",
        range=(0, inf),
        monotonic=True,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
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


if not TYPE_CHECKING:  # type checkers see the names above themselves, and would see none in a computed list
    __all__ = [name for name, value in list(globals().items()) if isinstance(value, Activation)]
