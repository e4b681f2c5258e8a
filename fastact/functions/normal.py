"""Activations made of the normal distribution: gelu, its tanh form, the Gaussian, the error function.

What a record says, and in which notation: see `entry.py`.
"""

import numpy as np
from numpy import inf

from ..numerics import accurate
from .entry import Info, activation
from .parts import product_low, times_sigmoid, times_sigmoid_slope


@activation(
    derivative=accurate.gelu_derivative,
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
    return accurate.gelu(x)


def _gelu_tanh_exponent(x):
    """z = a (k + c a^2), k = 2 sqrt(2/pi), c = 0.044715 k, a = |x|, in two parts, and a dz/da; k and c are given in two."""
    k, k_low = 1.5957691216057128, 1.7885919910836427e-14
    c, c_low = 0.07135481627260025, -6.175149918155315e-19
    a = np.minimum(np.abs(x), 22)
    square = a * a
    p = c * square + k
    lost = ((k - p) + c * square) + product_low(c, square)  # what p lacks
    p_low = lost + (c * product_low(a, a) + (c_low * square + k_low))
    return a * p, product_low(a, p) + a * p_low, a * (3 * c * square + (k + k_low))


@activation(
    derivative=lambda x: times_sigmoid_slope(x, *_gelu_tanh_exponent(x)),
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
    return times_sigmoid(x, z, z_low)


@activation(
    derivative=lambda x: np.copysign(accurate.times_gaussian(2 * np.minimum(np.abs(x), 28), x), -x),
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
    return accurate.times_gaussian(1.0, x)


@activation(
    derivative=lambda x: accurate.times_gaussian(2 / np.sqrt(np.pi), x),
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
    return accurate.erf(x)
