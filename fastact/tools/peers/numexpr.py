"""numexpr: expressions that it compiles and evaluates by itself.

A number that is not an integer would make it compute float32 in float64, so these numbers are operands, too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import packages
from .constants import GELU_CUBIC, SELU_ALPHA, SELU_SCALE, SQRT_2_PI
from .contestant import Contestant
from .operands import Operands
from .peer import Peer, ThreadPool
from .statements import Statements, names

_RELU = Statements(forward="where(x > 0, x, zero)", backward="where(x > 0, dy, zero)")
_LOGISTIC = Statements(forward="1 / (1 + exp(-x))", backward="dy * exp(-x) / (1 + exp(-x)) ** 2")
_ELU = Statements(
    forward="where(x > 0, x, expm1(x))",
    backward="where(x > 0, dy, dy * exp(x))",
    from_output="where(y > 0, dy, dy * (y + one))",
)

ACTIVATIONS: dict[str, Statements] = {
    "identity": Statements(forward="x", backward="dy", from_output="dy"),
    "binary_step": Statements(forward="where(x >= 0, one, zero)", backward="dy * zero"),
    "relu": replace(_RELU, from_output="where(y > 0, dy, zero)"),
    "relu6": Statements(
        forward="where(x < 0, zero, where(x > six, six, x))",
        backward="where((x > 0) & (x < 6), dy, zero)",
        from_output="where((y > 0) & (y < 6), dy, zero)",
    ),
    "leaky_relu": Statements(
        forward="where(x > 0, x, hundredth * x)",
        backward="where(x > 0, dy, hundredth * dy)",
        from_output="where(y > 0, dy, hundredth * dy)",
    ),
    "prelu": Statements(forward="where(x > 0, x, quarter * x)"),
    "elu": _ELU,
    "sigmoid": replace(_LOGISTIC, from_output="dy * y * (1 - y)"),
    "tanh": Statements(forward="tanh(x)", backward="dy * (1 - tanh(x) ** 2)", from_output="dy * (1 - y * y)"),
    "softplus": Statements(
        forward="where(x > 0, x, zero) + log1p(exp(-abs(x)))", backward="dy / (1 + exp(-x))", from_output="-dy * expm1(-y)"
    ),
    "softsign": Statements(forward="x / (1 + abs(x))", backward="dy / (1 + abs(x)) ** 2", from_output="dy * (1 - abs(y)) ** 2"),
    "arctan": Statements(forward="arctan(x)", backward="dy / (1 + x * x)", from_output="dy * cos(y) ** 2"),
    "silu": Statements(forward="x / (1 + exp(-x))", backward="dy * (1 + x * exp(-x) / (1 + exp(-x))) / (1 + exp(-x))"),
    "exponential": Statements(forward="exp(x)", backward="dy * exp(x)", from_output="dy * y"),
    "relu_squared": Statements(
        forward="where(x > 0, x * x, zero)", backward="where(x > 0, 2 * dy * x, zero)", from_output="2 * dy * sqrt(y)"
    ),
    "rrelu": Statements(forward="where(x > 0, x, rrelu_mean * x)", backward="where(x > 0, dy, rrelu_mean * dy)"),
    "noisy_relu": _RELU,
    "threshold": _RELU,
    "celu": _ELU,
    "selu": Statements(
        forward="selu_scale * where(x > 0, x, selu_alpha * expm1(x))",
        backward="selu_scale * dy * where(x > 0, one, selu_alpha * exp(x))",
        from_output="dy * where(y > 0, selu_scale, y + selu_scale * selu_alpha)",
    ),
    "gelu_tanh": Statements(
        forward="half * x * (1 + tanh(sqrt_2_pi * (x + gelu_cubic * x * x * x)))",
        backward="dy * half * (1 + tanh(sqrt_2_pi * (x + gelu_cubic * x * x * x)) + x * sqrt_2_pi * (1 + 3 * gelu_cubic * x * x)"
        " * (1 - tanh(sqrt_2_pi * (x + gelu_cubic * x * x * x)) ** 2))",
    ),
    "quick_gelu": Statements(
        forward="x / (1 + exp(-quick * x))",
        backward="dy * (1 + quick * x * exp(-quick * x) / (1 + exp(-quick * x))) / (1 + exp(-quick * x))",
    ),
    "mish": Statements(
        forward="x * tanh(log1p(exp(x)))",
        backward="dy * (tanh(log1p(exp(x))) + x * (1 - tanh(log1p(exp(x))) ** 2) / (1 + exp(-x)))",
    ),
    "squareplus": Statements(
        forward="half * (x + sqrt(x * x + 4))",
        backward="dy * half * (1 + x / sqrt(x * x + 4))",
        from_output="dy * y * y / (y * y + 1)",
    ),
    "log_sigmoid": Statements(
        forward="where(x < 0, x, zero) - log1p(exp(-abs(x)))", backward="dy / (1 + exp(x))", from_output="-dy * expm1(y)"
    ),
    "hard_sigmoid": Statements(
        forward="where(x < -3, zero, where(x > 3, one, sixth * x + half))",
        backward="where((x > -3) & (x < 3), sixth * dy, zero)",
        from_output="where((y > 0) & (y < 1), sixth * dy, zero)",
    ),
    "hard_swish": Statements(
        forward="x * where(x < -3, zero, where(x > 3, one, sixth * x + half))",
        backward="dy * where(x <= -3, zero, where(x >= 3, one, x / 3 + half))",
    ),
    "hard_tanh": Statements(
        forward="where(x < -1, -one, where(x > 1, one, x))",
        backward="where((x > -1) & (x < 1), dy, zero)",
        from_output="where((y > -1) & (y < 1), dy, zero)",
    ),
    "hard_shrink": Statements(forward="where(abs(x) > half, x, zero)", backward="where(abs(x) > half, dy, zero)"),
    "soft_shrink": Statements(
        forward="where(x > half, x - half, where(x < -half, x + half, zero))", backward="where(abs(x) > half, dy, zero)"
    ),
    "tanh_shrink": Statements(forward="x - tanh(x)", backward="dy * tanh(x) ** 2"),
    "gudermannian": Statements(forward="2 * arctan(tanh(half * x))", backward="dy / cosh(x)", from_output="dy * cos(y)"),
    "isru": Statements(forward="x / sqrt(1 + x * x)", backward="dy / ((1 + x * x) * sqrt(1 + x * x))"),
    "isrlu": Statements(
        forward="where(x < 0, x / sqrt(1 + x * x), x)", backward="where(x < 0, dy / ((1 + x * x) * sqrt(1 + x * x)), dy)"
    ),
    "generalized_logistic": _LOGISTIC,
    "arsinh": Statements(forward="arcsinh(x)", backward="dy / sqrt(1 + x * x)"),
    "bent_identity": Statements(forward="half * (sqrt(x * x + 1) - 1) + x", backward="dy * (half * x / sqrt(x * x + 1) + 1)"),
    "soft_exponential": Statements(forward="expm1(x) + one", backward="dy * exp(x)"),
    "soft_clipping": Statements(
        forward="where(x < 0, zero, where(x > 1, one, x)) + fiftieth * (log1p(exp(-50 * abs(x))) - log1p(exp(-50 * abs(x - 1))))",
        backward="dy * (1 / (1 + exp(-50 * x)) - 1 / (1 + exp(-50 * (x - 1))))",
    ),
    "sqnl": Statements(
        forward="where(x > 2, one, where(x < -2, -one, x - quarter * x * abs(x)))",
        backward="where(abs(x) < 2, dy * (1 - half * abs(x)), zero)",
    ),
    "srelu": Statements(
        forward="where(x < -1, fifth * (x + 1) - 1, where(x > 1, fifth * (x - 1) + 1, x))",
        backward="where((x > -1) & (x < 1), dy, fifth * dy)",
    ),
    "gaussian": Statements(forward="exp(-x * x)", backward="-2 * dy * x * exp(-x * x)"),
    "sinusoid": Statements(forward="sin(x)", backward="dy * cos(x)"),
    "sinc": Statements(
        forward="where(x == 0, one, sin(pi * x) / (pi * x))",
        backward="where(x == 0, zero, dy * (cos(pi * x) - sin(pi * x) / (pi * x)) / x)",
    ),
    "snake": Statements(forward="x + sin(x) ** 2", backward="dy * (1 + sin(2 * x))"),
    "star_relu": Statements(
        forward="where(x > 0, star_scale * x * x, zero) + star_bias", backward="where(x > 0, 2 * star_scale * dy * x, zero)"
    ),
}

#: What is meant by the names that are no operands of the case.
_CONSTANTS = {
    "zero": 0,
    "one": 1,
    "six": 6,
    "hundredth": 0.01,
    "fiftieth": 0.02,
    "sixth": 1 / 6,
    "fifth": 0.2,
    "quarter": 0.25,
    "half": 0.5,
    "pi": np.pi,
    "quick": 1.702,
    "rrelu_mean": 11 / 48,
    "selu_alpha": SELU_ALPHA,
    "selu_scale": SELU_SCALE,
    "gelu_cubic": GELU_CUBIC,
    "sqrt_2_pi": SQRT_2_PI,
    "star_scale": 0.8944,
    "star_bias": -0.4472,
}


class NumExpr(Peer):
    """numexpr, on NumPy's arrays."""

    name, title, package = "numexpr", "numexpr", "numexpr"
    activations = ACTIVATIONS

    def bind(self, statement: str, operands: Operands) -> Contestant:
        used = names(statement)
        constants = {name: operands.x.dtype.type(value) for name, value in _CONSTANTS.items() if name in used}
        namespace = {"ne": packages.imported("numexpr"), "names": {**constants, **operands.named(statement)}}
        return Contestant(self.name, f"ne.evaluate({statement!r}, names, out=out)", {**namespace, "out": operands.out})

    def thread_pool(self) -> ThreadPool:
        pool: ThreadPool = packages.imported("numexpr")
        return pool
