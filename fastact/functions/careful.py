"""What a float64 result lacks where it is to be rounded to a narrower type.

Where f is nearly c + x/4, say, that is a midpoint of two narrower numbers for many x, and what is left of f, such as x^3, decides
how f is rounded. A float64 may have lost it. So the result is put a little to the side where the real value is, by two units of a
float64 at most, where what is left may be lost, and nothing else is so near a midpoint. In the kernels NAME_careful_PART does the
same.

A few single inputs have a value so near a midpoint that the error of float64 decides: these are listed with it. Kernels look for
them beside the loop that computes all others: `settle` in native/loops/hard_cases.h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .algebraic import star_relu_sum
from .parts import to_odd

_SMALL, _TINY = 2.0**-14, 2.0**-54


def _moved(y: Any, outwards: Any) -> Any:
    return y * np.where(outwards, 1 + 2.0**-52, 1 - 2.0**-52)


def _upwards(y: Any, x: Any, *parameters: Any) -> Any:
    """Of x/2 and a positive multiple of x^2."""
    return np.where(np.abs(x) < _TINY, _moved(y, y > 0), y)


def _towards(centre: float) -> Callable[..., Any]:
    """Of the centre and a multiple of x, less one of x^3; also of the centre itself, which that is still rounded to."""

    def moved(y: Any, x: Any, factor: Any = 1.0) -> Any:
        return np.where(np.abs(factor * x) < _SMALL, _moved(y, y < centre), y)

    return moved


_TOWARDS_HALF, _TOWARDS_ONE = _towards(0.5), _towards(1)


def _silu(y: Any, x: Any, beta: Any) -> Any:
    """x/2 + beta x^2/4; nothing is lost where beta is 0"""
    return np.where((np.abs(beta * x) < _TINY) & (beta != 0), _moved(y, y * beta > 0), y)


def _tanh_shrink(y: Any, x: Any) -> Any:
    """x^3/3 - 2x^5/15 near 0, x - 1 + 2 e^-2x far out"""
    a = np.abs(x)
    return np.where((a < 2.0**-25) | (a > 2.0**20), _moved(y, a > 1), y)


def _snake(y: Any, x: Any, alpha: Any) -> Any:
    """Less than x + 1/alpha, which is a midpoint for some x."""
    return np.where(y == x + 1 / alpha, _moved(y, y < 0), y)


def _star_relu(y: Any, x: Any, scale: Any, shift: Any) -> Any:
    """The square is a midpoint for some x, and the shift is lost."""
    total, low = star_relu_sum(x, scale, shift)
    return to_odd(y, (total - y) + low)


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
    "snake": {"forward": _snake, "derivative": _TOWARDS_ONE},
    "softplus": {"derivative": _TOWARDS_HALF},
    "squareplus": {"derivative": _for(4, _TOWARDS_HALF)},
    "star_relu": {"forward": _star_relu},
    "tanh_shrink": {"forward": _tanh_shrink},
}

_FOUND = {
    "arctan": {
        "forward": {"0x1.1ad646p-4": "0x1.1a63850000001p-4", "-0x1.1ad646p-4": "-0x1.1a63850000001p-4"},
    },
    "arsinh": {
        "forward": {
            "0x1.bacb4ap+24": "0x1.1e06950000001p+4",
            "-0x1.bacb4ap+24": "-0x1.1e06950000001p+4",
            "0x1.b121a6p+75": "0x1.a9a3f10000001p+5",
            "-0x1.b121a6p+75": "-0x1.a9a3f10000001p+5",
            "0x1.6351d8p+94": "0x1.08b5110000001p+6",
            "-0x1.6351d8p+94": "-0x1.08b5110000001p+6",
        },
    },
    "bent_identity": {
        "forward": {"0x1.f2d2d2p-9": "0x1.f34c510000001p-9", "-0x1.f2d2d2p-9": "-0x1.f25952fffffffp-9"},
        "derivative": {"0x1.966002p-12": "0x1.000cb2fffffffp+0"},
    },
    "erf": {
        "derivative": {"0x1.ebb6dap-16": "0x1.20dd750000001p+0", "-0x1.ebb6dap-16": "0x1.20dd750000001p+0"},
    },
    "gaussian": {
        "forward": {"0x1.d9f6ecp+0": "0x1.09e7eafffffffp-5", "-0x1.d9f6ecp+0": "0x1.09e7eafffffffp-5"},
    },
    "gelu": {
        "derivative": {"0x1.40d932p-25": "0x1.0000010000001p-1", "-0x1.80eb02p-1": "-0x1.4e317effd56f7p-21"},
    },
    "gelu_tanh": {
        "derivative": {"0x1.40d932p-25": "0x1.0000010000001p-1", "-0x1.40d932p-26": "0x1.fffffefffffffp-2"},
    },
    "generalized_logistic": {
        "forward": {"-0x1.250c02p-10": "0x1.ffb6bd0000001p-2"},
    },
    "isru": {
        "derivative": {"0x1.fffffep+22": "0x1.000002fffffffp-69", "-0x1.fffffep+22": "0x1.000002fffffffp-69"},
    },
    "isrlu": {
        "derivative": {"-0x1.fffffep+22": "0x1.000002fffffffp-69"},
    },
    "log_sigmoid": {
        "forward": {"-0x1.d483ap-12": "-0x1.6301790000001p-1"},
    },
    "log1mexp": {
        "derivative": {
            "0x1.f7047ep-30": "0x1.0492490000001p+29",
            "0x1.f8fc7ep-30": "0x1.038e390000001p+29",
            "0x1.f8646ep-48": "0x1.03dc790000001p+47",
            "0x1.fc03fep-48": "0x1.0202010000001p+47",
            "0x1.fffffep-48": "0x1.0000010000001p+47",
        },
    },
    "logit": {
        "forward": {"0x1.13986cp-22": "-0x1.e59d8afffffffp+3"},
        "derivative": {"0x1.0cad02p-32": "0x1.e7d82d0000001p+31"},
    },
    "mish": {
        "derivative": {"-0x1.4p-27": "0x1.333332fffffffp-1"},
    },
    "quick_gelu": {
        "forward": {
            "0x1.e2fa4ep-9": "0x1.e47e050000001p-10",
            "-0x1.e2fa4ep-9": "-0x1.e17696fffffffp-10",
            "-0x1.21f914p+0": "-0x1.2694fefffffffp-3",
        },
        "derivative": {"0x1.69a2fp+0": "0x1.198efefffffffp+0", "-0x1.4c1bfap-15": "0x1.fff72b0000001p-2"},
    },
    "sigmoid": {
        "forward": {"-0x1.250c02p-10": "0x1.ffb6bd0000001p-2"},
    },
    "sinc": {
        "forward": {"0x1.833a1p+1": "-0x1.10c6350000001p-7", "-0x1.833a1p+1": "-0x1.10c6350000001p-7"},
        "derivative": {"0x1.5588b2p-8": "-0x1.18e4950000001p-6", "-0x1.5588b2p-8": "0x1.18e4950000001p-6"},
    },
    "sinusoid": {
        "forward": {"0x1.33333p+13": "-0x1.63f4bafffffffp-2", "-0x1.33333p+13": "0x1.63f4bafffffffp-2"},
        "derivative": {
            "0x1.3170fp+63": "0x1.fe2976fffffffp-1",
            "-0x1.3170fp+63": "0x1.fe2976fffffffp-1",
            "0x1.2b9622p+67": "0x1.f0285d0000001p-1",
            "-0x1.2b9622p+67": "0x1.f0285d0000001p-1",
        },
    },
    "snake": {
        "derivative": {"0x1.4dd74ep+63": "0x1.96dcdafffffffp-1"},
    },
    "soft_clipping": {
        "derivative": {
            "0x1.fcb10ap-14": "0x1.00c6b50000001p-1",
            "-0x1.8p-24": "0x1.ffffb50000001p-2",
            "-0x1.4p-23": "0x1.ffff830000000p-2",
            "-0x1.cp-23": "0x1.ffff510000001p-2",
        },
    },
    "softplus": {
        "forward": {"0x1.d483ap-12": "0x1.6301790000001p-1"},
    },
    "softsign": {
        "forward": {"0x1.17022cp-7": "0x1.14a722fffffffp-7", "-0x1.17022cp-7": "-0x1.14a722fffffffp-7"},
        "derivative": {"0x1.2d5dc4p-9": "0x1.fda756fffffffp-1", "-0x1.2d5dc4p-9": "0x1.fda756fffffffp-1"},
    },
}
#: By name and part, per input the result with default parameters: the float64 number next to the real value, on its side of the
#: midpoint. Float64 is on the other side there: the kernels' by `verify --exact`, over all float32, or that of NumPy's formulas
#: alone, by digests.
HARD_CASES: Mapping[str, Mapping[str, Mapping[float, float]]] = {
    name: {part: {float.fromhex(x): float.fromhex(y) for x, y in cases.items()} for part, cases in parts.items()}
    for name, parts in _FOUND.items()
}


def corrections(name: str, defaults: Sequence[float]) -> dict[str, Callable[..., Any]]:
    """By part what corrects a result that is to be rounded: of y, x and the parameters, which have these defaults."""
    careful, hard = CAREFUL.get(name, {}), HARD_CASES.get(name, {})
    return {part: _corrected(careful.get(part), hard.get(part, {}), defaults) for part in {**careful, **hard}}


def _corrected(careful: Callable[..., Any] | None, hard: Mapping[float, float], defaults: Sequence[float]) -> Callable[..., Any]:
    def corrected(y: Any, x: Any, *parameters: Any) -> Any:
        if careful is not None:
            y = careful(y, x, *parameters)
        for at, value in hard.items():
            is_it = np.equal(x, at)
            for parameter, default in zip(parameters, defaults, strict=True):
                is_it = is_it & np.equal(parameter, default)
            y = np.where(is_it, value, y)
        return y

    return corrected
