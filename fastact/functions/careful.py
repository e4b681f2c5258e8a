"""What a float64 result lacks where it is to be rounded to a narrower type.

Where f is nearly c + x/4, say, that is a midpoint of two narrower numbers for many x, and what is left of f, such as x^3, decides
how f is rounded. A float64 may have lost it. So the result is put a little to the side where the real value is, by two units of a
float64 at most, where what is left may be lost, and nothing else is so near a midpoint. In the kernels NAME_careful_PART does the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_SMALL, _TINY = 2.0**-14, 2.0**-54


def _moved(y: Any, outwards: Any) -> Any:
    return y * np.where(outwards, 1 + 2.0**-52, 1 - 2.0**-52)


def _upwards(y: Any, x: Any, *parameters: Any) -> Any:
    """Of x/2 and a positive multiple of x^2."""
    return np.where(np.abs(x) < _TINY, _moved(y, y > 0), y)


def _towards(centre: float) -> Callable[..., Any]:
    """Of the centre and a multiple of x, less one of x^3."""

    def moved(y: Any, x: Any, factor: Any = 1.0) -> Any:
        return np.where((np.abs(factor * x) < _SMALL) & (y != centre), _moved(y, y < centre), y)

    return moved


_TOWARDS_HALF, _TOWARDS_ONE = _towards(0.5), _towards(1)


def _silu(y: Any, x: Any, beta: Any) -> Any:
    """x/2 + beta x^2/4; nothing is lost where beta is 0"""
    return np.where((np.abs(beta * x) < _TINY) & (beta != 0), _moved(y, y * beta > 0), y)


def _tanh_shrink(y: Any, x: Any) -> Any:
    """x - 1 + 2 e^-2x far out"""
    return np.where(np.abs(x) > 2.0**20, _moved(y, True), y)


def _for(value: float, moved: Callable[..., Any]) -> Callable[..., Any]:
    """For this value of the parameter alone."""
    return lambda y, x, parameter: np.where(parameter == value, moved(y, x), y)


#: By name and part, "forward" or "derivative", the result that is to be rounded: of y, x and the parameters.
CAREFUL: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "bent_identity": {"derivative": _TOWARDS_ONE},
    "gelu": {"forward": _upwards},
    "gelu_tanh": {"forward": _upwards},
    "generalized_logistic": {"forward": _for(1, _TOWARDS_HALF)},
    "hard_swish": {"forward": _upwards},
    "log_sigmoid": {"derivative": _TOWARDS_HALF},
    "quick_gelu": {"forward": _upwards},
    "sigmoid": {"forward": _TOWARDS_HALF},
    "silu": {"forward": _silu, "derivative": _TOWARDS_HALF},
    "softplus": {"derivative": _TOWARDS_HALF},
    "squareplus": {"derivative": _for(4, _TOWARDS_HALF)},
    "tanh_shrink": {"forward": _tanh_shrink},
}
