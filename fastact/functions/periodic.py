"""Periodic activations: sine, cardinal sine, snake.

What a record says, and in which notation: see `entry.py`.
"""

import numpy as np
from numpy import inf

from ..numerics import accurate
from .entry import Info, activation
from .parts import product_low


@activation(
    derivative=accurate.sinc_derivative,
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
    The zeros at the integers are exact, and the digits near them right. They are +0.0, as IEEE's sinPi(x) / (pi x) is.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sinc
    >>> sinc(np.array([0.0, 0.5, 2.0]))
    array([1.        , 0.63661977, 0.        ])
    """
    return accurate.sinc(x)


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
    """1 + sin(t + low), t + low = 2 alpha x, but cos^2/(1 - sin) near its zeros; where t overflows by integers."""
    t, low = 2 * (alpha * x), 2 * product_low(x, alpha)
    sine, cosine, sine_low, cosine_low = np.sin(t), np.cos(t), np.sin(low), np.cos(low)
    sine, cosine = sine * cosine_low + cosine * sine_low, cosine * cosine_low - sine * sine_low
    slope = np.where(sine < -0.5, cosine * cosine / (1 - sine), 1 + sine)
    beyond = np.isinf(t) & np.isfinite(x)
    slope[beyond] = [
        1 + accurate.sine_of_product(a, 2 * b) for a, b in np.broadcast(x[beyond], np.broadcast_to(alpha, x.shape)[beyond])
    ]
    return slope


@activation(
    derivative=_snake_derivative,
    domain={"alpha": (0, True)},
    ordinary={"alpha": (2.0**-60, 2.0**60)},
    info=Info(
        formula="x + sin(alpha * x)**2 / alpha",
        derivative="1 + sin(2 * alpha * x)",
        range=(-inf, inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=True,
        derivative_ulp=1.75,
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
    every finite number, as the sine is: the product with alpha is used to the last bit. f' has no limit at infinity and is NaN
    there.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import snake
    >>> snake(np.array([-1.0, 0.0, 1.0]))
    array([-0.29192658,  0.        ,  1.70807342])
    """
    z, low = alpha * x, np.clip(product_low(x, alpha), -0.5, 0.5)
    sine = np.sin(z)
    near = x + sine / alpha * (sine + 2 * low * np.cos(z))
    twice = np.clip(2 * z, -1e18, 1e18)
    far = (x + 0.5 / alpha) - (np.cos(twice) - 2 * low * np.sin(twice)) * (0.5 / alpha)
    return np.copysign(np.where(np.abs(z) < 0.5, near, np.where(np.isinf(z), x, far)), x)
