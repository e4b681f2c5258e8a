"""The same functions elsewhere: NumPy as its users write it, PyTorch, JAX, SciPy, numexpr; for `bench.py` and bench/.

ONE table per peer; the fused functions' entries stand in `bench_fused.py`, all peers of one function together. An entry is what
a user of the peer would type, as text, so that what is timed can be read and printed, and nothing is timed besides. The names in
it are those of `Operands` and of the peer's modules; statements are separated by "; ", and the last is an expression whose
value is the result, or None when `out` has it. The third of an entry, if it has one, is the backward pass from the output.

NumPy is there twice. `numpy` is what people write: the formula, with `out=` where it fits. `numpy_tuned` is the fastest that
NumPy can do: scratch memory kept at hand (tmp, mask), every step in place, and no `np.where`, which is many times slower
where the processor can't guess the sign.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import repeat
from typing import Any

import numpy as np

from ..functions import entries
from ..functions.entry import Entry
from ..numerics import accurate as special
from .bench.fused import FUSED, Statements

_RELU = ("np.maximum(x, 0, out=out)", "np.multiply(dy, x > 0, out=out)")
_ELU = (
    "np.where(x > 0, x, np.expm1(x))",
    "np.multiply(dy, np.where(x > 0, 1, np.exp(x)), out=out)",
    "np.multiply(dy, np.where(y > 0, 1, y + 1), out=out)",
)
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_SQRT_2_PI = 0.7978845608028654  # sqrt(2 / pi)
_2_SQRT_PI = 1.1283791670955126  # 2 / sqrt(pi)

DIRECTIONS = ("forward", "backward", "backward from y")

#: What NumPy's users write. A function missing here is written as in `NUMPY_TUNED`, and the other way round.
NUMPY: dict[str, Statements] = {
    "relu": (*_RELU, "np.multiply(dy, y > 0, out=out)"),
    "relu6": (
        "np.clip(x, 0, 6, out=out)",
        "np.multiply(dy, (x > 0) & (x < 6), out=out)",
        "np.multiply(dy, (y > 0) & (y < 6), out=out)",
    ),
    "leaky_relu": ("np.where(x > 0, x, 0.01 * x)", "np.where(x > 0, dy, 0.01 * dy)", "np.where(y > 0, dy, 0.01 * dy)"),
    "prelu": (
        "np.where(x > 0, x, 0.25 * x)",
        "(np.where(x > 0, dy, 0.25 * dy), np.sum(dy * np.minimum(x, 0)))",
    ),
    "elu": _ELU,
    "sigmoid": (
        "np.divide(1, 1 + np.exp(-x), out=out)",
        "s = 1 / (1 + np.exp(-x)); np.multiply(dy, s * (1 - s), out=out)",
        "np.multiply(dy, y * (1 - y), out=out)",
    ),
    "tanh": ("np.tanh(x, out=out)", "np.multiply(dy, 1 - np.tanh(x) ** 2, out=out)", "np.multiply(dy, 1 - y**2, out=out)"),
    "softplus": (
        "np.logaddexp(0, x, out=out)",
        "np.divide(dy, 1 + np.exp(-x), out=out)",
        "np.multiply(dy, 1 - np.exp(-y), out=out)",
    ),
    "softsign": (
        "np.divide(x, 1 + np.abs(x), out=out)",
        "np.divide(dy, (1 + np.abs(x)) ** 2, out=out)",
        "np.multiply(dy, (1 - np.abs(y)) ** 2, out=out)",
    ),
    "arctan": ("np.arctan(x, out=out)", "np.divide(dy, 1 + x**2, out=out)", "np.multiply(dy, np.cos(y) ** 2, out=out)"),
    "silu": (
        "np.divide(x, 1 + np.exp(-x), out=out)",
        "s = 1 / (1 + np.exp(-x)); np.multiply(dy, s * (1 + x * (1 - s)), out=out)",
    ),
    "exponential": ("np.exp(x, out=out)", "np.multiply(dy, np.exp(x), out=out)", "np.multiply(dy, y, out=out)"),
    "relu_squared": (
        "np.square(np.maximum(x, 0), out=out)",
        "np.multiply(dy, 2 * np.maximum(x, 0), out=out)",
        "np.multiply(dy, 2 * np.sqrt(y), out=out)",
    ),
    "rrelu": ("np.where(x > 0, x, 11 / 48 * x)", "np.where(x > 0, dy, 11 / 48 * dy)"),
    "noisy_relu": _RELU,
    "threshold": ("np.where(x > 0, x, 0)", _RELU[1]),
    "celu": _ELU,
    "selu": (
        f"np.multiply({_SELU_SCALE}, np.where(x > 0, x, {_SELU_ALPHA} * np.expm1(x)), out=out)",
        f"np.multiply({_SELU_SCALE} * dy, np.where(x > 0, 1, {_SELU_ALPHA} * np.exp(x)), out=out)",
        f"np.multiply(dy, np.where(y > 0, {_SELU_SCALE}, y + {_SELU_SCALE * _SELU_ALPHA}), out=out)",
    ),
    "gelu_tanh": (
        f"np.multiply(0.5 * x, 1 + np.tanh({_SQRT_2_PI} * (x + 0.044715 * x**3)), out=out)",
        f"t = np.tanh({_SQRT_2_PI} * (x + 0.044715 * x**3)); "
        f"np.multiply(dy, 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * {_SQRT_2_PI} * (1 + 0.134145 * x**2), out=out)",
    ),
    "quick_gelu": (
        "np.divide(x, 1 + np.exp(-1.702 * x), out=out)",
        "s = 1 / (1 + np.exp(-1.702 * x)); np.multiply(dy, s * (1 + 1.702 * x * (1 - s)), out=out)",
    ),
    "mish": (
        "np.multiply(x, np.tanh(np.log1p(np.exp(x))), out=out)",
        "t = np.tanh(np.log1p(np.exp(x))); np.multiply(dy, t + x * (1 - t**2) / (1 + np.exp(-x)), out=out)",
    ),
    "squareplus": (
        "np.multiply(0.5, x + np.sqrt(x**2 + 4), out=out)",
        "np.multiply(dy, 0.5 * (1 + x / np.sqrt(x**2 + 4)), out=out)",
        "np.multiply(dy, y**2 / (y**2 + 1), out=out)",
    ),
    "log_sigmoid": (
        "np.negative(np.logaddexp(0, -x), out=out)",
        "np.divide(dy, 1 + np.exp(x), out=out)",
        "np.multiply(dy, 1 - np.exp(y), out=out)",
    ),
    "hard_sigmoid": (
        "np.clip(x / 6 + 0.5, 0, 1, out=out)",
        "np.multiply(dy / 6, (x > -3) & (x < 3), out=out)",
        "np.multiply(dy / 6, (y > 0) & (y < 1), out=out)",
    ),
    "hard_swish": (
        "np.multiply(x, np.clip(x + 3, 0, 6) / 6, out=out)",
        "np.multiply(dy, np.where(np.abs(x) < 3, x / 3 + 0.5, x > 0), out=out)",
    ),
    "hard_tanh": (
        "np.clip(x, -1, 1, out=out)",
        "np.multiply(dy, (x > -1) & (x < 1), out=out)",
        "np.multiply(dy, (y > -1) & (y < 1), out=out)",
    ),
    "hard_shrink": ("np.where(np.abs(x) > 0.5, x, 0)", "np.multiply(dy, np.abs(x) > 0.5, out=out)"),
    "soft_shrink": (
        "np.multiply(np.sign(x), np.maximum(np.abs(x) - 0.5, 0), out=out)",
        "np.multiply(dy, np.abs(x) > 0.5, out=out)",
    ),
    "tanh_shrink": ("np.subtract(x, np.tanh(x), out=out)", "np.multiply(dy, np.tanh(x) ** 2, out=out)"),
    "gudermannian": (
        "np.multiply(2, np.arctan(np.tanh(0.5 * x)), out=out)",
        "np.divide(dy, np.cosh(x), out=out)",
        "np.multiply(dy, np.cos(y), out=out)",
    ),
    "isru": ("np.divide(x, np.sqrt(1 + x**2), out=out)", "np.divide(dy, (1 + x**2) ** 1.5, out=out)"),
    "isrlu": ("np.where(x < 0, x / np.sqrt(1 + x**2), x)", "np.where(x < 0, dy / (1 + x**2) ** 1.5, dy)"),
    # with its default alpha = 1 the logistic sigmoid, which is quicker written without the power
    "generalized_logistic": (
        "np.divide(1, 1 + np.exp(-x), out=out)",
        "s = 1 / (1 + np.exp(-x)); np.multiply(dy, s * (1 - s), out=out)",
    ),
    "arsinh": ("np.arcsinh(x, out=out)", "np.divide(dy, np.sqrt(1 + x**2), out=out)"),
    "bent_identity": (
        "np.add((np.sqrt(x**2 + 1) - 1) / 2, x, out=out)",
        "np.multiply(dy, x / (2 * np.sqrt(x**2 + 1)) + 1, out=out)",
    ),
    "soft_exponential": ("np.add(np.expm1(x), 1, out=out)", "np.multiply(dy, np.exp(x), out=out)"),
    # the textbook's quotient of exponentials would be inf / inf from x = 1.8 on
    "soft_clipping": (
        "np.divide(np.logaddexp(0, 50 * x) - np.logaddexp(0, 50 * (x - 1)), 50, out=out)",
        "np.multiply(dy, 1 / (1 + np.exp(-50 * x)) - 1 / (1 + np.exp(-50 * (x - 1))), out=out)",
    ),
    "sqnl": (
        "c = np.clip(x, -2, 2); np.subtract(c, c * np.abs(c) / 4, out=out)",
        "np.multiply(dy, 1 - np.abs(np.clip(x, -2, 2)) / 2, out=out)",
    ),
    "srelu": (
        "np.where(x < -1, -1 + 0.2 * (x + 1), np.where(x > 1, 1 + 0.2 * (x - 1), x))",
        "np.where((x > -1) & (x < 1), dy, 0.2 * dy)",
    ),
    "gaussian": ("np.exp(-(x**2), out=out)", "np.multiply(dy, -2 * x * np.exp(-(x**2)), out=out)"),
    "sinusoid": ("np.sin(x, out=out)", "np.multiply(dy, np.cos(x), out=out)"),
    "sinc": (
        "np.sinc(x)",
        "z = np.where(x == 0, 1e-20, x); np.multiply(dy, (np.cos(np.pi * z) - np.sinc(z)) / z, out=out)",
    ),
    "snake": ("np.add(x, np.sin(x) ** 2, out=out)", "np.multiply(dy, 1 + np.sin(2 * x), out=out)"),
    "star_relu": (
        "np.subtract(0.8944 * np.maximum(x, 0) ** 2, 0.4472, out=out)",
        "np.multiply(dy, 2 * 0.8944 * np.maximum(x, 0), out=out)",
    ),
    **{name: fused.numpy for name, fused in FUSED.items()},
}

#: What they take from SciPy.
NUMPY_WITH_SCIPY: dict[str, Statements] = {
    "gelu": (
        "np.multiply(0.5 * x, 1 + special.erf(x * 0.7071067811865476), out=out)",
        "cdf = 0.5 * (1 + special.erf(x * 0.7071067811865476)); "
        "np.multiply(dy, cdf + x * np.exp(-0.5 * x**2) * 0.3989422804014327, out=out)",
    ),
    "erf": ("special.erf(x, out=out)", f"np.multiply(dy, {_2_SQRT_PI} * np.exp(-(x**2)), out=out)"),
}

_SIGMOID = "r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.reciprocal(r, out=r)"
_TUNED_RELU = ("np.maximum(x, 0, out=out)", "np.multiply(dy, np.greater(x, 0, out=mask), out=out)")
_TUNED_ELU = (
    "t = np.minimum(x, 0, out=tmp); np.expm1(t, out=t); r = np.maximum(x, 0, out=out); np.add(r, t, out=r)",
    "r = np.minimum(x, 0, out=out); np.exp(r, out=r); np.multiply(dy, r, out=r)",
    "r = np.minimum(y, 0, out=out); np.add(r, 1, out=r); np.multiply(dy, r, out=r)",
)
_TUNED_SIGMOID = (
    _SIGMOID,
    f"{_SIGMOID}; t = np.subtract(1, r, out=tmp); np.multiply(t, r, out=t); np.multiply(dy, t, out=r)",
    "r = np.subtract(1, y, out=out); np.multiply(r, y, out=r); np.multiply(dy, r, out=r)",
)
_SLOPE = "r = np.maximum(np.greater({1}, 0, out=mask), {0}, out=out, dtype=x.dtype); np.multiply(dy, r, out=r)"
_GELU_TANH = (
    f"r = np.multiply(x, x, out=out); np.multiply(r, {0.044715 * _SQRT_2_PI}, out=r); np.add(r, {_SQRT_2_PI}, out=r); "
    "np.multiply(r, x, out=r); np.tanh(r, out=r)"
)
_ROOT = "t = np.multiply(x, x, out=tmp); np.add(t, 1, out=t); r = np.sqrt(t, out=out)"
_OUTSIDE_HALF = "np.multiply(dy, np.greater(np.abs(x, out=tmp), 0.5, out=mask), out=out)"

NUMPY_TUNED: dict[str, Statements] = {
    "identity": (
        "x.copy() if out is None else np.copyto(out, x)",
        "dy.copy() if out is None else np.copyto(out, dy)",
        "dy.copy() if out is None else np.copyto(out, dy)",
    ),
    "binary_step": (
        "(x >= 0).astype(x.dtype) if out is None else np.greater_equal(x, 0, out=out, casting='unsafe')",
        "np.zeros_like(x) if out is None else out.fill(0)",
    ),
    "relu": (*_TUNED_RELU, "np.multiply(dy, np.greater(y, 0, out=mask), out=out)"),
    "relu6": (
        "x.clip(0, 6, out=out)",
        "m = np.greater(x, 0, out=mask); m &= x < 6; np.multiply(dy, m, out=out)",
        "m = np.greater(y, 0, out=mask); m &= y < 6; np.multiply(dy, m, out=out)",
    ),
    "leaky_relu": (
        "r = np.multiply(x, 0.01, out=out); np.maximum(x, r, out=r)",
        _SLOPE.format(0.01, "x"),
        _SLOPE.format(0.01, "y"),
    ),
    "prelu": (
        "r = np.multiply(x, 0.25, out=out); np.maximum(x, r, out=r)",
        _SLOPE.format(0.25, "x") + "; (r, np.vdot(dy, np.minimum(x, 0, out=tmp)))",
    ),
    "elu": _TUNED_ELU,
    "sigmoid": _TUNED_SIGMOID,
    "tanh": (
        "np.tanh(x, out=out)",
        "r = np.tanh(x, out=out); np.multiply(r, r, out=r); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
        "r = np.multiply(y, y, out=out); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
    ),
    # an eighth of the time of np.logaddexp(0, x)
    "softplus": (
        "r = np.abs(x, out=out); np.negative(r, out=r); np.exp(r, out=r); np.log1p(r, out=r); "
        "np.add(r, np.maximum(x, 0, out=tmp), out=r)",
        "r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(dy, r, out=r)",
        "r = np.negative(y, out=out); np.exp(r, out=r); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "softsign": (
        "r = np.abs(x, out=out); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        "r = np.abs(x, out=out); np.add(r, 1, out=r); np.multiply(r, r, out=r); np.divide(dy, r, out=r)",
        "r = np.abs(y, out=out); np.subtract(1, r, out=r); np.multiply(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "arctan": (
        "np.arctan(x, out=out)",
        "r = np.multiply(x, x, out=out); np.add(r, 1, out=r); np.divide(dy, r, out=r)",
        "r = np.cos(y, out=out); np.multiply(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "silu": (
        "r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        f"{_SIGMOID}; t = np.subtract(1, r, out=tmp); np.multiply(t, x, out=t); np.add(t, 1, out=t); np.multiply(t, r, out=t); "
        "np.multiply(dy, t, out=r)",
    ),
    "exponential": ("np.exp(x, out=out)", "r = np.exp(x, out=out); np.multiply(dy, r, out=r)"),
    "relu_squared": (
        "r = np.maximum(x, 0, out=out); np.multiply(r, r, out=r)",
        "r = np.maximum(x, 0, out=out); np.add(r, r, out=r); np.multiply(dy, r, out=r)",
        "r = np.sqrt(y, out=out); np.add(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "rrelu": ("r = np.multiply(x, 11 / 48, out=out); np.maximum(x, r, out=r)", _SLOPE.format("11 / 48", "x")),
    "noisy_relu": _TUNED_RELU,
    "threshold": _TUNED_RELU,
    "celu": _TUNED_ELU,
    "selu": (
        f"t = np.minimum(x, 0, out=tmp); np.expm1(t, out=t); np.multiply(t, {_SELU_ALPHA * _SELU_SCALE}, out=t); "
        f"r = np.maximum(x, 0, out=out); np.multiply(r, {_SELU_SCALE}, out=r); np.add(r, t, out=r)",
        f"t = np.multiply(np.greater(x, 0, out=mask), {_SELU_SCALE * (1 - _SELU_ALPHA)}, out=tmp, dtype=x.dtype); "
        f"np.add(t, {_SELU_SCALE * _SELU_ALPHA}, out=t); r = np.minimum(x, 0, out=out); np.exp(r, out=r); "
        "np.multiply(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
    "gelu_tanh": (
        f"{_GELU_TANH}; np.add(r, 1, out=r); np.multiply(r, x, out=r); np.multiply(r, 0.5, out=r)",
        # with t = tanh(u): (1 + t) (1 + x (1 - t) u') / 2
        f"{_GELU_TANH}; t = np.multiply(x, x, out=tmp); np.multiply(t, {3 * 0.044715 * _SQRT_2_PI}, out=t); "
        f"np.add(t, {_SQRT_2_PI}, out=t); np.multiply(t, x, out=t); np.multiply(dy, t, out=t); np.subtract(1, r, out=r); "
        "np.multiply(t, r, out=t); np.add(t, dy, out=t); np.subtract(2, r, out=r); np.multiply(r, t, out=r); "
        "np.multiply(r, 0.5, out=r)",
    ),
    "quick_gelu": (
        "r = np.multiply(x, -1.702, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        "r = np.multiply(x, -1.702, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.reciprocal(r, out=r); "
        "t = np.subtract(1, r, out=tmp); np.multiply(t, x, out=t); np.multiply(t, 1.702, out=t); np.add(t, 1, out=t); "
        "np.multiply(t, r, out=t); np.multiply(dy, t, out=r)",
    ),
    # tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), which is 1 from x = 20 on
    "mish": (
        "r = np.minimum(x, 20, out=out); np.exp(r, out=r); t = np.add(r, 2, out=tmp); np.multiply(r, t, out=r); "
        "np.add(r, 2, out=t); np.divide(r, t, out=r); np.multiply(r, x, out=r)",
        # (n + 4 x (n - e) / (n + 2)) / (n + 2)
        "r = np.minimum(x, 20, out=out); np.exp(r, out=r); t = np.add(r, 2, out=tmp); t *= r; np.subtract(t, r, out=r); "
        "r *= x; r *= 4; t += 2; r /= t; r += t; r -= 2; r /= t; np.multiply(dy, r, out=r)",
    ),
    "squareplus": (
        "r = np.multiply(x, x, out=out); np.add(r, 4, out=r); np.sqrt(r, out=r); np.add(r, x, out=r); np.multiply(r, 0.5, out=r)",
        "r = np.multiply(x, x, out=out); np.add(r, 4, out=r); np.sqrt(r, out=r); np.divide(x, r, out=r); np.add(r, 1, out=r); "
        "np.multiply(r, 0.5, out=r); np.multiply(dy, r, out=r)",
        "r = np.multiply(y, y, out=out); t = np.add(r, 1, out=tmp); np.divide(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
    "log_sigmoid": (
        "r = np.abs(x, out=out); np.negative(r, out=r); np.exp(r, out=r); np.log1p(r, out=r); "
        "np.subtract(np.minimum(x, 0, out=tmp), r, out=r)",
        "r = np.exp(x, out=out); np.add(r, 1, out=r); np.divide(dy, r, out=r)",
        "r = np.exp(y, out=out); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "hard_sigmoid": (
        "r = np.multiply(x, 1 / 6, out=out); np.add(r, 0.5, out=r); r.clip(0, 1, out=r)",
        "r = np.multiply(dy, 1 / 6, out=out); np.multiply(r, np.less(np.abs(x, out=tmp), 3, out=mask), out=r)",
    ),
    "hard_swish": (
        "r = np.multiply(x, 1 / 6, out=out); np.add(r, 0.5, out=r); r.clip(0, 1, out=r); np.multiply(r, x, out=r)",
        # clip(x / 6 + 1/2, 0, 1) + x / 6 inside (-3, 3)
        "r = np.multiply(x, 1 / 6, out=out); t = np.multiply(r, np.less(np.abs(x, out=tmp), 3, out=mask), out=tmp); "
        "np.add(r, 0.5, out=r); r.clip(0, 1, out=r); np.add(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
    "hard_tanh": (
        "x.clip(-1, 1, out=out)",
        "np.multiply(dy, np.less(np.abs(x, out=tmp), 1, out=mask), out=out)",
        "np.multiply(dy, np.less(np.abs(y, out=tmp), 1, out=mask), out=out)",
    ),
    "hard_shrink": ("np.multiply(x, np.greater(np.abs(x, out=tmp), 0.5, out=mask), out=out)", _OUTSIDE_HALF),
    "soft_shrink": ("r = x.clip(-0.5, 0.5, out=out); np.subtract(x, r, out=r)", _OUTSIDE_HALF),
    "tanh_shrink": (
        "r = np.tanh(x, out=out); np.subtract(x, r, out=r)",
        "r = np.tanh(x, out=out); np.multiply(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "gudermannian": (
        "r = np.multiply(x, 0.5, out=out); np.tanh(r, out=r); np.arctan(r, out=r); np.add(r, r, out=r)",
        "r = np.cosh(x, out=out); np.divide(dy, r, out=r)",
        "r = np.cos(y, out=out); np.multiply(dy, r, out=r)",
    ),
    "isru": (f"{_ROOT}; np.divide(x, r, out=r)", f"{_ROOT}; np.multiply(r, t, out=r); np.divide(dy, r, out=r)"),
    "isrlu": (
        "t = np.minimum(x, 0, out=tmp); np.multiply(t, t, out=t); np.add(t, 1, out=t); r = np.sqrt(t, out=out); "
        "np.divide(x, r, out=r)",
        "t = np.minimum(x, 0, out=tmp); np.multiply(t, t, out=t); np.add(t, 1, out=t); r = np.sqrt(t, out=out); "
        "np.multiply(r, t, out=r); np.divide(dy, r, out=r)",
    ),
    "generalized_logistic": _TUNED_SIGMOID,
    "arsinh": ("np.arcsinh(x, out=out)", f"{_ROOT}; np.divide(dy, r, out=r)"),
    "bent_identity": (
        f"{_ROOT}; np.subtract(r, 1, out=r); np.multiply(r, 0.5, out=r); np.add(r, x, out=r)",
        f"{_ROOT}; np.divide(x, r, out=r); np.multiply(r, 0.5, out=r); np.add(r, 1, out=r); np.multiply(dy, r, out=r)",
    ),
    "soft_exponential": (
        "r = np.expm1(x, out=out); np.add(r, 1, out=r)",
        "r = np.exp(x, out=out); np.multiply(dy, r, out=r)",
    ),
    # clip(x, 0, 1) and its two bends, log(1 + exp(-50 |x|)) / 50 and the like; log1p would be many times slower
    "soft_clipping": (
        "t = np.abs(x, out=tmp); np.multiply(t, -50, out=t); np.exp(t, out=t); np.add(t, 1, out=t); "
        "r = np.subtract(x, 1, out=out); np.abs(r, out=r); np.multiply(r, -50, out=r); np.exp(r, out=r); np.add(r, 1, out=r); "
        "np.divide(t, r, out=r); np.log(r, out=r); np.multiply(r, 0.02, out=r); np.add(r, x.clip(0, 1, out=t), out=r)",
        "r = np.multiply(x, -50, out=out); t = np.add(r, 50, out=tmp); np.exp(r, out=r); np.add(r, 1, out=r); "
        "np.reciprocal(r, out=r); np.exp(t, out=t); np.add(t, 1, out=t); np.reciprocal(t, out=t); np.subtract(r, t, out=r); "
        "np.multiply(dy, r, out=r)",
    ),
    "sqnl": (
        "t = x.clip(-2, 2, out=tmp); r = np.abs(t, out=out); np.multiply(r, -0.25, out=r); np.add(r, 1, out=r); "
        "np.multiply(r, t, out=r)",
        "r = x.clip(-2, 2, out=out); np.abs(r, out=r); np.multiply(r, -0.5, out=r); np.add(r, 1, out=r); "
        "np.multiply(dy, r, out=r)",
    ),
    # 0.2 x + 0.8 clip(x, -1, 1)
    "srelu": (
        "r = x.clip(-1, 1, out=out); np.multiply(r, 0.8, out=r); np.add(r, np.multiply(x, 0.2, out=tmp), out=r)",
        "r = np.maximum(np.less(np.abs(x, out=tmp), 1, out=mask), 0.2, out=out, dtype=x.dtype); np.multiply(dy, r, out=r)",
    ),
    "gaussian": (
        "r = np.multiply(x, x, out=out); np.negative(r, out=r); np.exp(r, out=r)",
        "r = np.multiply(x, x, out=out); np.negative(r, out=r); np.exp(r, out=r); np.multiply(r, x, out=r); "
        "np.multiply(r, -2, out=r); np.multiply(dy, r, out=r)",
    ),
    "sinusoid": ("np.sin(x, out=out)", "r = np.cos(x, out=out); np.multiply(dy, r, out=r)"),
    "sinc": (
        "r = np.multiply(x, np.pi, out=out); np.copyto(r, 1e-20, where=np.equal(r, 0, out=mask)); t = np.sin(r, out=tmp); "
        "np.divide(t, r, out=r)",
        "r = np.multiply(x, np.pi, out=out); np.copyto(r, 1e-20, where=np.equal(r, 0, out=mask)); t = np.sin(r, out=tmp); "
        "np.divide(t, r, out=t); c = np.cos(r); np.subtract(c, t, out=c); np.divide(c, r, out=r); np.multiply(r, np.pi, out=r); "
        "np.multiply(dy, r, out=r)",
    ),
    "snake": (
        "r = np.sin(x, out=out); np.multiply(r, r, out=r); np.add(r, x, out=r)",
        "r = np.add(x, x, out=out); np.sin(r, out=r); np.add(r, 1, out=r); np.multiply(dy, r, out=r)",
    ),
    "star_relu": (
        "r = np.maximum(x, 0, out=out); np.multiply(r, r, out=r); np.multiply(r, 0.8944, out=r); np.subtract(r, 0.4472, out=r)",
        "r = np.maximum(x, 0, out=out); np.multiply(r, 1.7888, out=r); np.multiply(dy, r, out=r)",
    ),
    **{name: fused.tuned for name, fused in FUSED.items() if fused.tuned},
}

NUMPY_TUNED_WITH_SCIPY: dict[str, Statements] = {
    "gelu": (  # the normal distribution function is as fast as 1 + erf(x / sqrt(2)) and needs fewer passes
        "r = special.ndtr(x, out=out); np.multiply(x, r, out=r)",
        "r = special.ndtr(x, out=out); t = np.multiply(x, x, out=tmp); np.multiply(t, -0.5, out=t); np.exp(t, out=t); "
        "np.multiply(t, x, out=t); np.multiply(t, 0.3989422804014327, out=t); np.add(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
    "erf": (
        "special.erf(x, out=out)",
        "r = np.multiply(x, x, out=out); np.negative(r, out=r); np.exp(r, out=r); "
        f"np.multiply(r, {_2_SQRT_PI}, out=r); np.multiply(dy, r, out=r)",
    ),
}

SCIPY: dict[str, Statements] = {
    "sigmoid": ("special.expit(x, out=out)", None),
    "gelu": NUMPY_TUNED_WITH_SCIPY["gelu"],
    "log_sigmoid": ("special.log_expit(x, out=out)", None),
    "erf": ("special.erf(x, out=out)", None),
    **{name: fused.scipy for name, fused in FUSED.items()},
}

#: `nn` holds the compiled functions behind torch.nn.functional, some of whose Python functions don't pass `out` on; backward are
#: the operators that autograd calls. It has saved y for those that take y: from x alone, y must be computed first.
TORCH: dict[str, Statements] = {
    "identity": (
        "x.clone() if out is None else out.copy_(x)",
        "dy.clone() if out is None else out.copy_(dy)",
        "dy.clone() if out is None else out.copy_(dy)",
    ),
    "relu": (
        "torch.clamp_min(x, 0, out=out)",
        "aten.threshold_backward.grad_input(dy, x, 0, grad_input=out)",
        "aten.threshold_backward.grad_input(dy, y, 0, grad_input=out)",
    ),
    "relu6": (
        "nn.hardtanh(x, 0, 6, out=out)",
        "aten.hardtanh_backward.grad_input(dy, x, 0, 6, grad_input=out)",
        "aten.hardtanh_backward.grad_input(dy, y, 0, 6, grad_input=out)",
    ),
    "leaky_relu": (
        "nn.leaky_relu(x, 0.01, out=out)",
        "aten.leaky_relu_backward.grad_input(dy, x, 0.01, False, grad_input=out)",
        "aten.leaky_relu_backward.grad_input(dy, y, 0.01, True, grad_input=out)",
    ),
    "prelu": ("torch.prelu(x, slope)", "dx, d = aten._prelu_kernel_backward(dy, x, slope); (dx, d.sum())"),
    "elu": (
        "nn.elu(x, 1, out=out)",
        "aten.elu_backward.grad_input(dy, 1, 1, 1, False, x, grad_input=out)",
        "aten.elu_backward.grad_input(dy, 1, 1, 1, True, y, grad_input=out)",
    ),
    "sigmoid": (
        "torch.sigmoid(x, out=out)",
        "aten.sigmoid_backward.grad_input(dy, torch.sigmoid(x, out=out), grad_input=out)",
        "aten.sigmoid_backward.grad_input(dy, y, grad_input=out)",
    ),
    "tanh": (
        "torch.tanh(x, out=out)",
        "aten.tanh_backward.grad_input(dy, torch.tanh(x, out=out), grad_input=out)",
        "aten.tanh_backward.grad_input(dy, y, grad_input=out)",
    ),
    "softplus": ("nn.softplus(x, out=out)", "aten.softplus_backward.grad_input(dy, x, 1, 20, grad_input=out)"),
    "softsign": (
        "torch.div(x, torch.abs(x, out=out).add_(1), out=out)",
        "torch.div(dy, torch.abs(x, out=out).add_(1).square_(), out=out)",
    ),
    "arctan": ("torch.atan(x, out=out)", "torch.div(dy, torch.square(x, out=out).add_(1), out=out)"),
    "silu": ("nn.silu(x, out=out)", "aten.silu_backward.grad_input(dy, x, grad_input=out)"),
    "gelu": ("nn.gelu(x, out=out)", "aten.gelu_backward.grad_input(dy, x, grad_input=out)"),
    "exponential": ("torch.exp(x, out=out)", "torch.exp(x, out=out).mul_(dy)", "torch.mul(dy, y, out=out)"),
    "relu_squared": ("torch.clamp_min(x, 0, out=out).square_()", "torch.clamp_min(x, 0, out=out).mul_(2).mul_(dy)"),
    # rrelu when it doesn't train, celu and selu are these calls inside PyTorch
    "rrelu": (
        "nn.leaky_relu(x, 11 / 48, out=out)",
        "aten.leaky_relu_backward.grad_input(dy, x, 11 / 48, False, grad_input=out)",
    ),
    "threshold": ("torch.threshold(x, 0, 0, out=out)", "aten.threshold_backward.grad_input(dy, x, 0, grad_input=out)"),
    "celu": (
        "nn.elu(x, 1, 1, 1, out=out)",
        "aten.elu_backward.grad_input(dy, 1, 1, 1, False, x, grad_input=out)",
        "aten.elu_backward.grad_input(dy, 1, 1, 1, True, y, grad_input=out)",
    ),
    "selu": (
        f"nn.elu(x, {_SELU_ALPHA}, {_SELU_SCALE}, out=out)",
        f"aten.elu_backward.grad_input(dy, {_SELU_ALPHA}, {_SELU_SCALE}, 1, False, x, grad_input=out)",
        f"aten.elu_backward.grad_input(dy, {_SELU_ALPHA}, {_SELU_SCALE}, 1, True, y, grad_input=out)",
    ),
    "gelu_tanh": (
        "nn.gelu(x, approximate='tanh', out=out)",
        "aten.gelu_backward.grad_input(dy, x, approximate='tanh', grad_input=out)",
    ),
    "quick_gelu": (
        "torch.mul(x, torch.mul(x, 1.702, out=out).sigmoid_(), out=out)",
        "z = torch.mul(x, 1.702, out=out); aten.silu_backward.grad_input(dy, z, grad_input=out)",
    ),
    "mish": ("nn.mish(x, out=out)", "aten.mish_backward(dy, x)"),
    "log_sigmoid": (
        "nn.log_sigmoid(x, out=out)",
        "aten.log_sigmoid_backward.grad_input(dy, x, buffer, grad_input=out)",
    ),
    "hard_sigmoid": ("nn.hardsigmoid(x, out=out)", "aten.hardsigmoid_backward.grad_input(dy, x, grad_input=out)"),
    "hard_swish": ("nn.hardswish(x, out=out)", "aten.hardswish_backward(dy, x)"),
    "hard_tanh": (
        "nn.hardtanh(x, -1, 1, out=out)",
        "aten.hardtanh_backward.grad_input(dy, x, -1, 1, grad_input=out)",
        "aten.hardtanh_backward.grad_input(dy, y, -1, 1, grad_input=out)",
    ),
    "hard_shrink": ("torch.hardshrink(x, 0.5, out=out)", "aten.hardshrink_backward.grad_input(dy, x, 0.5, grad_input=out)"),
    "soft_shrink": ("nn.softshrink(x, 0.5, out=out)", "aten.softshrink_backward.grad_input(dy, x, 0.5, grad_input=out)"),
    "tanh_shrink": ("torch.sub(x, torch.tanh(x, out=out), out=out)", "torch.tanh(x, out=out).square_().mul_(dy)"),
    "erf": ("torch.erf(x, out=out)", f"torch.square(x, out=out).neg_().exp_().mul_(dy).mul_({_2_SQRT_PI})"),
    "arsinh": ("torch.asinh(x, out=out)", "torch.square(x, out=out).add_(1).rsqrt_().mul_(dy)"),
    "sinusoid": ("torch.sin(x, out=out)", "torch.cos(x, out=out).mul_(dy)"),
    "sinc": ("torch.sinc(x, out=out)", None),
    **{name: fused.torch for name, fused in FUSED.items()},
}

#: The JAX function of the operand x, or of those that it names; it is jitted, and differentiated for the backward pass.
JAX: dict[str, str] = {
    "relu": "jax.nn.relu",
    "relu6": "jax.nn.relu6",
    "leaky_relu": "jax.nn.leaky_relu",
    "elu": "jax.nn.elu",
    "sigmoid": "jax.nn.sigmoid",
    "tanh": "jax.numpy.tanh",
    "softplus": "jax.nn.softplus",
    "softsign": "jax.nn.soft_sign",
    "arctan": "jax.numpy.arctan",
    "silu": "jax.nn.silu",
    "gelu": "partial(jax.nn.gelu, approximate=False)",
    "exponential": "jax.numpy.exp",
    "relu_squared": "lambda x: jax.numpy.square(jax.nn.relu(x))",
    "celu": "jax.nn.celu",
    "selu": "jax.nn.selu",
    "gelu_tanh": "jax.nn.gelu",
    "quick_gelu": "lambda x: x * jax.nn.sigmoid(1.702 * x)",
    "mish": "jax.nn.mish",
    "squareplus": "jax.nn.squareplus",
    "log_sigmoid": "jax.nn.log_sigmoid",
    "hard_sigmoid": "jax.nn.hard_sigmoid",
    "hard_swish": "jax.nn.hard_swish",
    "hard_tanh": "jax.nn.hard_tanh",
    "erf": "jax.lax.erf",
    "arsinh": "jax.numpy.arcsinh",
    "sinusoid": "jax.numpy.sin",
    "sinc": "jax.numpy.sinc",
    **{name: fused.jax for name, fused in FUSED.items() if fused.jax},
}

_NUMEXPR_ELU = (
    "where(x > 0, x, expm1(x))",
    "where(x > 0, dy, dy * exp(x))",
    "where(y > 0, dy, dy * (y + one))",
)

#: Expressions; other numbers than integers would make numexpr compute float32 in float64, so they are operands.
NUMEXPR: dict[str, Statements] = {
    "identity": ("x", "dy", "dy"),
    "binary_step": ("where(x >= 0, one, zero)", "dy * zero"),
    "relu": ("where(x > 0, x, zero)", "where(x > 0, dy, zero)", "where(y > 0, dy, zero)"),
    "relu6": (
        "where(x < 0, zero, where(x > six, six, x))",
        "where((x > 0) & (x < 6), dy, zero)",
        "where((y > 0) & (y < 6), dy, zero)",
    ),
    "leaky_relu": (
        "where(x > 0, x, hundredth * x)",
        "where(x > 0, dy, hundredth * dy)",
        "where(y > 0, dy, hundredth * dy)",
    ),
    "prelu": ("where(x > 0, x, quarter * x)", None),
    "elu": _NUMEXPR_ELU,
    "sigmoid": ("1 / (1 + exp(-x))", "dy * exp(-x) / (1 + exp(-x)) ** 2", "dy * y * (1 - y)"),
    "tanh": ("tanh(x)", "dy * (1 - tanh(x) ** 2)", "dy * (1 - y * y)"),
    "softplus": ("where(x > 0, x, zero) + log1p(exp(-abs(x)))", "dy / (1 + exp(-x))", "-dy * expm1(-y)"),
    "softsign": ("x / (1 + abs(x))", "dy / (1 + abs(x)) ** 2", "dy * (1 - abs(y)) ** 2"),
    "arctan": ("arctan(x)", "dy / (1 + x * x)", "dy * cos(y) ** 2"),
    "silu": ("x / (1 + exp(-x))", "dy * (1 + x * exp(-x) / (1 + exp(-x))) / (1 + exp(-x))"),
    "exponential": ("exp(x)", "dy * exp(x)", "dy * y"),
    "relu_squared": ("where(x > 0, x * x, zero)", "where(x > 0, 2 * dy * x, zero)", "2 * dy * sqrt(y)"),
    "rrelu": ("where(x > 0, x, rrelu_mean * x)", "where(x > 0, dy, rrelu_mean * dy)"),
    "noisy_relu": ("where(x > 0, x, zero)", "where(x > 0, dy, zero)"),
    "threshold": ("where(x > 0, x, zero)", "where(x > 0, dy, zero)"),
    "celu": _NUMEXPR_ELU,
    "selu": (
        "selu_scale * where(x > 0, x, selu_alpha * expm1(x))",
        "selu_scale * dy * where(x > 0, one, selu_alpha * exp(x))",
        "dy * where(y > 0, selu_scale, y + selu_scale * selu_alpha)",
    ),
    "gelu_tanh": (
        "half * x * (1 + tanh(sqrt_2_pi * (x + gelu_cubic * x * x * x)))",
        "dy * half * (1 + tanh(sqrt_2_pi * (x + gelu_cubic * x * x * x)) + x * sqrt_2_pi * (1 + 3 * gelu_cubic * x * x)"
        " * (1 - tanh(sqrt_2_pi * (x + gelu_cubic * x * x * x)) ** 2))",
    ),
    "quick_gelu": (
        "x / (1 + exp(-quick * x))",
        "dy * (1 + quick * x * exp(-quick * x) / (1 + exp(-quick * x))) / (1 + exp(-quick * x))",
    ),
    "mish": (
        "x * tanh(log1p(exp(x)))",
        "dy * (tanh(log1p(exp(x))) + x * (1 - tanh(log1p(exp(x))) ** 2) / (1 + exp(-x)))",
    ),
    "squareplus": ("half * (x + sqrt(x * x + 4))", "dy * half * (1 + x / sqrt(x * x + 4))", "dy * y * y / (y * y + 1)"),
    "log_sigmoid": ("where(x < 0, x, zero) - log1p(exp(-abs(x)))", "dy / (1 + exp(x))", "-dy * expm1(y)"),
    "hard_sigmoid": (
        "where(x < -3, zero, where(x > 3, one, sixth * x + half))",
        "where((x > -3) & (x < 3), sixth * dy, zero)",
        "where((y > 0) & (y < 1), sixth * dy, zero)",
    ),
    "hard_swish": (
        "x * where(x < -3, zero, where(x > 3, one, sixth * x + half))",
        "dy * where(x <= -3, zero, where(x >= 3, one, x / 3 + half))",
    ),
    "hard_tanh": (
        "where(x < -1, -one, where(x > 1, one, x))",
        "where((x > -1) & (x < 1), dy, zero)",
        "where((y > -1) & (y < 1), dy, zero)",
    ),
    "hard_shrink": ("where(abs(x) > half, x, zero)", "where(abs(x) > half, dy, zero)"),
    "soft_shrink": ("where(x > half, x - half, where(x < -half, x + half, zero))", "where(abs(x) > half, dy, zero)"),
    "tanh_shrink": ("x - tanh(x)", "dy * tanh(x) ** 2"),
    "gudermannian": ("2 * arctan(tanh(half * x))", "dy / cosh(x)", "dy * cos(y)"),
    "isru": ("x / sqrt(1 + x * x)", "dy / ((1 + x * x) * sqrt(1 + x * x))"),
    "isrlu": ("where(x < 0, x / sqrt(1 + x * x), x)", "where(x < 0, dy / ((1 + x * x) * sqrt(1 + x * x)), dy)"),
    "generalized_logistic": ("1 / (1 + exp(-x))", "dy * exp(-x) / (1 + exp(-x)) ** 2"),
    "arsinh": ("arcsinh(x)", "dy / sqrt(1 + x * x)"),
    "bent_identity": ("half * (sqrt(x * x + 1) - 1) + x", "dy * (half * x / sqrt(x * x + 1) + 1)"),
    "soft_exponential": ("expm1(x) + one", "dy * exp(x)"),
    "soft_clipping": (
        "where(x < 0, zero, where(x > 1, one, x)) + fiftieth * (log1p(exp(-50 * abs(x))) - log1p(exp(-50 * abs(x - 1))))",
        "dy * (1 / (1 + exp(-50 * x)) - 1 / (1 + exp(-50 * (x - 1))))",
    ),
    "sqnl": (
        "where(x > 2, one, where(x < -2, -one, x - quarter * x * abs(x)))",
        "where(abs(x) < 2, dy * (1 - half * abs(x)), zero)",
    ),
    "srelu": (
        "where(x < -1, fifth * (x + 1) - 1, where(x > 1, fifth * (x - 1) + 1, x))",
        "where((x > -1) & (x < 1), dy, fifth * dy)",
    ),
    "gaussian": ("exp(-x * x)", "-2 * dy * x * exp(-x * x)"),
    "sinusoid": ("sin(x)", "dy * cos(x)"),
    "sinc": (
        "where(x == 0, one, sin(pi * x) / (pi * x))",
        "where(x == 0, zero, dy * (cos(pi * x) - sin(pi * x) / (pi * x)) / x)",
    ),
    "snake": ("x + sin(x) ** 2", "dy * (1 + sin(2 * x))"),
    "star_relu": ("where(x > 0, star_scale * x * x, zero) + star_bias", "where(x > 0, 2 * star_scale * dy * x, zero)"),
}

#: Its operands that are constants.
_NUMEXPR_CONSTANTS = {
    **{"zero": 0, "one": 1, "six": 6, "hundredth": 0.01, "fiftieth": 0.02, "sixth": 1 / 6, "fifth": 0.2, "quarter": 0.25},
    **{"half": 0.5, "pi": np.pi, "quick": 1.702, "rrelu_mean": 11 / 48, "selu_alpha": _SELU_ALPHA, "selu_scale": _SELU_SCALE},
    **{"gelu_cubic": 0.044715, "sqrt_2_pi": _SQRT_2_PI, "star_scale": 0.8944, "star_bias": -0.4472},
}


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins at a cache line, as PyTorch's and JAX's arrays do and NumPy's by chance: all are quicker there."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    np.copyto(copy, array)
    return copy


@dataclass(eq=False)
class Operands:
    """One case's arrays: input, gradient, where to put the result, scratch memory (the last three None: fresh arrays).

    The others are made of these when a statement asks for them.
    """

    x: np.ndarray
    dy: np.ndarray
    function: Any  # fastact's, on the backend that is measured
    out: np.ndarray | None = None
    tmp: np.ndarray | None = None
    mask: np.ndarray | None = None
    name: str = ""  # of the case, where that is a fused function
    threads: int = 1  # how many JAX may use, if it has not been started yet

    @cached_property
    def y(self) -> np.ndarray:
        """The output of the forward pass."""
        if self.name in FUSED:
            fresh = Operands(self.x, self.dy, self.function, name=self.name)
            return aligned(np.asarray(_bound("fastact", FUSED[self.name].fastact[0], {"f": self.function}, fresh).call()))
        return aligned(self.function(self.x))

    @cached_property
    def buffer(self) -> np.ndarray:
        """What PyTorch's forward pass of log_sigmoid saves for the backward pass."""
        return aligned(np.exp(-np.abs(self.x)))

    @cached_property
    def slope(self) -> np.ndarray:
        """The parameter of PyTorch's prelu."""
        return np.array([0.25], self.x.dtype)

    @cached_property
    def tmp2(self) -> np.ndarray | None:
        """More scratch memory."""
        return None if self.tmp is None else aligned(self.tmp)

    @cached_property
    def bias(self) -> np.ndarray:
        """A number a column."""
        return np.array(self.dy[0])

    @cached_property
    def preactivation(self) -> np.ndarray:
        """The input with the bias added, which the forward pass may keep for the backward pass."""
        return aligned(self.x + self.bias)

    @property
    def gate(self) -> np.ndarray:
        """The input of a gated unit that its activation sees."""
        return self.x

    @cached_property
    def value(self) -> np.ndarray:
        """The other input: as many numbers of the same distribution."""
        return aligned(self.x.ravel()[::-1].reshape(self.x.shape))

    @property
    def dgate(self) -> np.ndarray | None:
        """Where to put the gate's gradient."""
        return self.out

    @property
    def dvalue(self) -> np.ndarray | None:
        """Where to put the other input's gradient."""
        return self.tmp

    @cached_property
    def row(self) -> np.ndarray | None:
        """Where to put a result of one number a row."""
        return None if self.out is None else np.ones_like(self.out[:, 0])

    @cached_property
    def drow(self) -> np.ndarray:
        """Its gradient."""
        return self.dy[:, 0].copy()

    @cached_property
    def labels(self) -> np.ndarray:
        """A class a row."""
        return np.random.default_rng(2).integers(0, self.x.shape[-1], len(self.x))

    @cached_property
    def targets(self) -> np.ndarray:
        """0 or 1 an element, as floating numbers."""
        return aligned((self.value > 0).astype(self.x.dtype))


#: The names of the operands that a statement may use.
_OPERANDS = {name for name in [*Operands.__dict__, *Operands.__dataclass_fields__] if not name.startswith("_")} - {
    "function",
    "name",
    "threads",
}


class Contestant:
    """One peer's way to compute one case, compiled from its text.

    Attributes
    ----------
    peer, statement : str
        Whose it is, and the text.
    """

    def __init__(self, peer: str, statement: str, namespace: Mapping[str, Any]) -> None:
        self.peer, self.statement = peer, statement
        self._names = {**namespace, "repeat": repeat}
        *before, last = statement.split("; ")
        source = (
            "def loop(count, clock):\n start = clock()\n"
            f" for _ in repeat(None, count):\n  {statement}\n return clock() - start\n"
            f"def call():\n {'; '.join([*before, f'return {last}'])}\n"
        )
        exec(compile(source, f"<{peer}: {statement}>", "exec"), self._names)

    def seconds(self, count: int, clock: Callable[[], float]) -> float:
        """The time of `count` calls in a loop of nothing else, by the clock given."""
        return float(self._names["loop"](count, clock))

    @property
    def call(self) -> Callable[[], Any]:
        """One call, for benchmarks with a loop of their own."""
        return self._names["call"]  # type: ignore[no-any-return]

    def results(self) -> list[np.ndarray]:
        """What one call computes, as arrays: of most cases one."""
        value = self.call()
        value = self._names.get("out") if value is None else value
        return [np.asarray(v) for v in (value if isinstance(value, tuple | list) else [value])]

    def result(self) -> np.ndarray:
        """The first of them: of an activation's pair of gradients the input's."""
        return self.results()[0]


def installed(name: str) -> bool:
    """Whether a peer can take part here."""
    return name in ("fastact", "numpy", "numpy_tuned") or importlib.util.find_spec(name) is not None


def version(name: str) -> str | None:
    """The version of an installed peer."""
    return str(_import(name).__version__) if installed(name) else None


def find(peer: str, name: str, direction: str, operands: Operands) -> Contestant | None:
    """A peer's way to compute a case, or None where it has none or isn't installed.

    Parameters
    ----------
    peer : str
        A key of `PEERS`.
    name, direction : str
        The function, and one of `DIRECTIONS`.
    operands : Operands
        The arrays, and fastact's function.
    """
    return PEERS[peer](name, direction, operands) if installed(peer) else None


@contextlib.contextmanager
def threads(count: int, *names: str) -> Iterator[None]:
    """Have peers use so many threads, those that let themselves be told (JAX only before it starts); afterwards as before."""
    modules = [_import(name) for name in names if name in ("fastact", "torch", "numexpr") and installed(name)]
    before = [module.get_num_threads() for module in modules]
    for module in modules:
        module.set_num_threads(count)
    try:
        yield
    finally:
        for module, number in zip(modules, before, strict=True):
            module.set_num_threads(number)


def _pick(statements: Statements | None, direction: str) -> str | None:
    which = DIRECTIONS.index(direction)
    return statements[which] if statements and which < len(statements) else None


def _import(module: str) -> Any:
    with warnings.catch_warnings():  # of no interest here, and errors where warnings are
        warnings.simplefilter("ignore")
        return importlib.import_module(module)


def _contestant(peer: str, statement: str | None, modules: Mapping[str, Any], operands: Operands) -> Contestant | None:
    return None if statement is None else _bound(peer, statement, modules, operands)


def _bound(peer: str, statement: str, modules: Mapping[str, Any], operands: Operands) -> Contestant:
    """A contestant that sees those of the operands which its statement names (y may have to be computed first)."""
    return Contestant(peer, statement, {**modules, **{name: getattr(operands, name) for name in _named(statement)}})


def _named(statement: str) -> set[str]:
    return set(re.findall(r"\w+", statement)) & _OPERANDS


def _fastact(name: str, direction: str, operands: Operands) -> Contestant | None:
    statements: Statements = ("f(x, out=out)", "f.backward(dy, x, out=out)")
    if name in FUSED:
        statements = FUSED[name].fastact
    elif entries[name].derivative_from_output:
        statements = (*statements, "f.backward(dy, y=y, out=out)")
    return _contestant("fastact", _pick(statements, direction), {"f": operands.function}, operands)


def _numpy(name: str, direction: str, operands: Operands) -> Contestant | None:
    return _numpy_from("numpy", (NUMPY_WITH_SCIPY, NUMPY, NUMPY_TUNED), name, direction, operands)


def _numpy_tuned(name: str, direction: str, operands: Operands) -> Contestant | None:
    return _numpy_from("numpy_tuned", (NUMPY_TUNED_WITH_SCIPY, NUMPY_TUNED, NUMPY), name, direction, operands)


def _numpy_from(
    peer: str, tables: Sequence[Mapping[str, Statements]], name: str, direction: str, operands: Operands
) -> Contestant | None:
    """By the first of the tables that has a statement; what is in the first needs SciPy."""
    modules: dict[str, Any] = {"np": np, "erf": _erf}
    if installed("scipy"):
        functions = _import("scipy.special")
        modules = {"np": np, "special": functions, "erf": functions.erf}
    else:
        tables = tables[1:]
    statement = next(filter(None, (_pick(table.get(name), direction) for table in tables)), None)
    if statement is None and name in entries:
        return _formula(peer, entries[name], direction, operands)
    return _contestant(peer, statement, modules, operands)


def _erf(x: np.ndarray) -> np.ndarray:
    """What stands in for SciPy's, which NumPy's users take."""
    return np.asarray(special.erf(x.astype(np.float64)).astype(x.dtype))  # type: ignore[no-untyped-call]


def _formula(peer: str, entry: Entry, direction: str, operands: Operands) -> Contestant | None:
    """What stands in for an idiom that nobody has written yet: the registry's formula, in the arrays' own dtype where it can."""
    values = [p.default for p in entry.parameters]
    parameters = "".join(f", {value!r}" for value in values)

    def call(key: str, operand: str = "x") -> str:
        few = getattr(operands, operand).ravel()[:99]
        formula = getattr(entry, key)
        with np.errstate(all="ignore"):
            exact = formula(few.astype(np.float64), *values)
            try:  # it is made for float64, and may take the bits of its numbers apart
                result = formula(few, *values)
                suits = np.allclose(result, exact, rtol=1e-3, atol=1e-3, equal_nan=True)
            except (TypeError, ValueError):
                suits = False
        if not suits:
            return f"{key}({operand}.astype(np.float64){parameters}).astype({operand}.dtype)"
        return f"{key}({operand}{parameters})" + ("" if result.dtype == few.dtype else f".astype({operand}.dtype)")

    if direction == "forward":
        statement = call("forward")
    elif direction == "backward":
        statement = f"dy * {call('derivative')}"
        if entry.learnt_parameter:
            statement = f"({statement}, np.vdot(dy, {call('derivative_by_parameter')}))"
    elif entry.derivative_from_output:
        statement = f"dy * {call('derivative_from_output', 'y')}"
    else:
        return None
    keys = ("forward", "derivative", "derivative_from_output", "derivative_by_parameter")
    formulas = {key: getattr(entry, key) for key in keys}
    return _contestant(peer, statement, {"np": np, **formulas}, operands)


def _scipy(name: str, direction: str, operands: Operands) -> Contestant | None:
    return _contestant("scipy", _pick(SCIPY.get(name), direction), {"np": np, "special": _import("scipy.special")}, operands)


def _torch(name: str, direction: str, operands: Operands) -> Contestant | None:
    statement = _pick(TORCH.get(name), direction)
    if statement is None:
        return None
    if operands.out is None:
        statement = _without_out(statement)
    torch = _import("torch")
    modules = {"torch": torch, "F": torch.nn.functional, "nn": torch._C._nn, "aten": torch.ops.aten}
    arrays = {key: getattr(operands, key) for key in _named(statement)}  # tensors over the same memory
    tensors = {key: None if array is None else torch.from_numpy(array) for key, array in arrays.items()}
    return Contestant("torch", statement, {**modules, **tensors})


def _without_out(statement: str) -> str:
    """PyTorch's form that makes a fresh array: without None for `out`, which its operators take for a fault."""
    return re.sub(r", (out|grad_input)=\w+", "", re.sub(r"\.(grad_input|out)\(", ".default(", statement))


def _jax(name: str, direction: str, operands: Operands) -> Contestant | None:
    if name not in JAX or direction == "backward from y" or operands.x.dtype != np.float32:
        return None  # its gradient saves what it likes, and its float64 is a switch of the whole process
    jax = _import_jax(operands.threads)
    if jax is None:
        return None
    f = eval(JAX[name], {"jax": jax, "partial": partial})
    names = f.__code__.co_varnames[: f.__code__.co_argcount] if name in FUSED else ("x",)
    if direction == "forward":
        jitted = jax.jit(f)
    elif name in FUSED and FUSED[name].is_loss:
        jitted = jax.jit(jax.value_and_grad(f))
    else:
        names = ("drow" if name in FUSED and "drow" in FUSED[name].fastact[1] else "dy", *names)
        jitted = jax.jit(lambda dy, *x: jax.vjp(f, *x)[1](dy))
    held = {key: jax.device_put(getattr(operands, key)) for key in names}
    found = Contestant("jax", f"ready(f({', '.join(names)}))", {"f": jitted, "ready": jax.block_until_ready, **held})
    found.call()  # compiles
    return found


#: With how many threads JAX was started.
_jax_threads: list[int] = []


def _import_jax(threads: int) -> Any:
    """JAX on so many threads, of which it reads the environment when it starts: None if they were others then."""
    if not _jax_threads:
        _jax_threads.append(threads)
        before = os.environ.get("NPROC")
        os.environ["NPROC"] = str(threads)  # XLA_FLAGS has a switch for products of matrices only
        try:
            _import("jax").devices("cpu")
        finally:
            os.environ.pop("NPROC")
            if before is not None:
                os.environ["NPROC"] = before
    return _import("jax") if _jax_threads == [threads] else None


def _numexpr(name: str, direction: str, operands: Operands) -> Contestant | None:
    expression = _pick(NUMEXPR.get(name), direction)
    if expression is None:
        return None
    constants = {key: operands.x.dtype.type(value) for key, value in _NUMEXPR_CONSTANTS.items()}
    arrays = {key: getattr(operands, key) for key in _named(expression)}
    constants = {key: value for key, value in constants.items() if re.search(rf"\b{key}\b", expression)}
    names = {"ne": _import("numexpr"), "names": {**constants, **arrays}, "out": operands.out}
    return Contestant("numexpr", f"ne.evaluate({expression!r}, names, out=out)", names)


#: Who can be asked: each gives its contestant for a function's name, a direction and operands, or None.
PEERS: dict[str, Callable[[str, str, Operands], Contestant | None]] = {
    "fastact": _fastact,
    "numpy": _numpy,
    "numpy_tuned": _numpy_tuned,
    "torch": _torch,
    "jax": _jax,
    "scipy": _scipy,
    "numexpr": _numexpr,
}

#: What those beside fastact are called.
TITLES = {
    "numpy": "NumPy",
    "numpy_tuned": "NumPy tuned by hand",
    "torch": "PyTorch",
    "jax": "JAX",
    "scipy": "SciPy",
    "numexpr": "numexpr",
}
