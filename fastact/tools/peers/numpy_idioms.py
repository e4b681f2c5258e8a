"""What NumPy's users write: the formula, with `out=` where it fits."""

from __future__ import annotations

from dataclasses import replace

from .constants import SELU_ALPHA, SELU_SCALE, SQRT_2_PI, TWO_SQRT_PI
from .statements import Statements

_RELU = Statements(forward="np.maximum(x, 0, out=out)", backward="np.multiply(dy, x > 0, out=out)")

_ELU = Statements(
    forward="np.where(x > 0, x, np.expm1(x))",
    backward="np.multiply(dy, np.where(x > 0, 1, np.exp(x)), out=out)",
    from_output="np.multiply(dy, np.where(y > 0, 1, y + 1), out=out)",
)

_LOGISTIC = Statements(
    forward="np.divide(1, 1 + np.exp(-x), out=out)",
    backward="s = 1 / (1 + np.exp(-x)); np.multiply(dy, s * (1 - s), out=out)",
)

#: By the activation's name. Where one is missing, the statement of `numpy_tuned.py` is taken.
IDIOMS: dict[str, Statements] = {
    "relu": replace(_RELU, from_output="np.multiply(dy, y > 0, out=out)"),
    "relu6": Statements(
        forward="np.clip(x, 0, 6, out=out)",
        backward="np.multiply(dy, (x > 0) & (x < 6), out=out)",
        from_output="np.multiply(dy, (y > 0) & (y < 6), out=out)",
    ),
    "leaky_relu": Statements(
        forward="np.where(x > 0, x, 0.01 * x)",
        backward="np.where(x > 0, dy, 0.01 * dy)",
        from_output="np.where(y > 0, dy, 0.01 * dy)",
    ),
    "prelu": Statements(
        forward="np.where(x > 0, x, 0.25 * x)",
        backward="(np.where(x > 0, dy, 0.25 * dy), np.sum(dy * np.minimum(x, 0)))",
    ),
    "elu": _ELU,
    "sigmoid": replace(_LOGISTIC, from_output="np.multiply(dy, y * (1 - y), out=out)"),
    "tanh": Statements(
        forward="np.tanh(x, out=out)",
        backward="np.multiply(dy, 1 - np.tanh(x) ** 2, out=out)",
        from_output="np.multiply(dy, 1 - y**2, out=out)",
    ),
    "softplus": Statements(
        forward="np.logaddexp(0, x, out=out)",
        backward="np.divide(dy, 1 + np.exp(-x), out=out)",
        from_output="np.multiply(dy, 1 - np.exp(-y), out=out)",
    ),
    "softsign": Statements(
        forward="np.divide(x, 1 + np.abs(x), out=out)",
        backward="np.divide(dy, (1 + np.abs(x)) ** 2, out=out)",
        from_output="np.multiply(dy, (1 - np.abs(y)) ** 2, out=out)",
    ),
    "arctan": Statements(
        forward="np.arctan(x, out=out)",
        backward="np.divide(dy, 1 + x**2, out=out)",
        from_output="np.multiply(dy, np.cos(y) ** 2, out=out)",
    ),
    "silu": Statements(
        forward="np.divide(x, 1 + np.exp(-x), out=out)",
        backward="s = 1 / (1 + np.exp(-x)); np.multiply(dy, s * (1 + x * (1 - s)), out=out)",
    ),
    "exponential": Statements(
        forward="np.exp(x, out=out)", backward="np.multiply(dy, np.exp(x), out=out)", from_output="np.multiply(dy, y, out=out)"
    ),
    "relu_squared": Statements(
        forward="np.square(np.maximum(x, 0), out=out)",
        backward="np.multiply(dy, 2 * np.maximum(x, 0), out=out)",
        from_output="np.multiply(dy, 2 * np.sqrt(y), out=out)",
    ),
    "rrelu": Statements(forward="np.where(x > 0, x, 11 / 48 * x)", backward="np.where(x > 0, dy, 11 / 48 * dy)"),
    "noisy_relu": _RELU,
    "threshold": Statements(forward="np.where(x > 0, x, 0)", backward=_RELU.backward),
    "celu": _ELU,
    "selu": Statements(
        forward=f"np.multiply({SELU_SCALE}, np.where(x > 0, x, {SELU_ALPHA} * np.expm1(x)), out=out)",
        backward=f"np.multiply({SELU_SCALE} * dy, np.where(x > 0, 1, {SELU_ALPHA} * np.exp(x)), out=out)",
        from_output=f"np.multiply(dy, np.where(y > 0, {SELU_SCALE}, y + {SELU_SCALE * SELU_ALPHA}), out=out)",
    ),
    "gelu_tanh": Statements(
        forward=f"np.multiply(0.5 * x, 1 + np.tanh({SQRT_2_PI} * (x + 0.044715 * x**3)), out=out)",
        backward=f"t = np.tanh({SQRT_2_PI} * (x + 0.044715 * x**3)); "
        f"np.multiply(dy, 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * {SQRT_2_PI} * (1 + 0.134145 * x**2), out=out)",
    ),
    "quick_gelu": Statements(
        forward="np.divide(x, 1 + np.exp(-1.702 * x), out=out)",
        backward="s = 1 / (1 + np.exp(-1.702 * x)); np.multiply(dy, s * (1 + 1.702 * x * (1 - s)), out=out)",
    ),
    "mish": Statements(
        forward="np.multiply(x, np.tanh(np.log1p(np.exp(x))), out=out)",
        backward="t = np.tanh(np.log1p(np.exp(x))); np.multiply(dy, t + x * (1 - t**2) / (1 + np.exp(-x)), out=out)",
    ),
    "squareplus": Statements(
        forward="np.multiply(0.5, x + np.sqrt(x**2 + 4), out=out)",
        backward="np.multiply(dy, 0.5 * (1 + x / np.sqrt(x**2 + 4)), out=out)",
        from_output="np.multiply(dy, y**2 / (y**2 + 1), out=out)",
    ),
    "log_sigmoid": Statements(
        forward="np.negative(np.logaddexp(0, -x), out=out)",
        backward="np.divide(dy, 1 + np.exp(x), out=out)",
        from_output="np.multiply(dy, 1 - np.exp(y), out=out)",
    ),
    "hard_sigmoid": Statements(
        forward="np.clip(x / 6 + 0.5, 0, 1, out=out)",
        backward="np.multiply(dy / 6, (x > -3) & (x < 3), out=out)",
        from_output="np.multiply(dy / 6, (y > 0) & (y < 1), out=out)",
    ),
    "hard_swish": Statements(
        forward="np.multiply(x, np.clip(x + 3, 0, 6) / 6, out=out)",
        backward="np.multiply(dy, np.where(np.abs(x) < 3, x / 3 + 0.5, x > 0), out=out)",
    ),
    "hard_tanh": Statements(
        forward="np.clip(x, -1, 1, out=out)",
        backward="np.multiply(dy, (x > -1) & (x < 1), out=out)",
        from_output="np.multiply(dy, (y > -1) & (y < 1), out=out)",
    ),
    "hard_shrink": Statements(forward="np.where(np.abs(x) > 0.5, x, 0)", backward="np.multiply(dy, np.abs(x) > 0.5, out=out)"),
    "soft_shrink": Statements(
        forward="np.multiply(np.sign(x), np.maximum(np.abs(x) - 0.5, 0), out=out)",
        backward="np.multiply(dy, np.abs(x) > 0.5, out=out)",
    ),
    "tanh_shrink": Statements(
        forward="np.subtract(x, np.tanh(x), out=out)", backward="np.multiply(dy, np.tanh(x) ** 2, out=out)"
    ),
    "gudermannian": Statements(
        forward="np.multiply(2, np.arctan(np.tanh(0.5 * x)), out=out)",
        backward="np.divide(dy, np.cosh(x), out=out)",
        from_output="np.multiply(dy, np.cos(y), out=out)",
    ),
    "isru": Statements(forward="np.divide(x, np.sqrt(1 + x**2), out=out)", backward="np.divide(dy, (1 + x**2) ** 1.5, out=out)"),
    "isrlu": Statements(
        forward="np.where(x < 0, x / np.sqrt(1 + x**2), x)", backward="np.where(x < 0, dy / (1 + x**2) ** 1.5, dy)"
    ),
    # with its default alpha = 1 the logistic sigmoid, which is quicker written without the power
    "generalized_logistic": _LOGISTIC,
    "arsinh": Statements(forward="np.arcsinh(x, out=out)", backward="np.divide(dy, np.sqrt(1 + x**2), out=out)"),
    "bent_identity": Statements(
        forward="np.add((np.sqrt(x**2 + 1) - 1) / 2, x, out=out)",
        backward="np.multiply(dy, x / (2 * np.sqrt(x**2 + 1)) + 1, out=out)",
    ),
    "soft_exponential": Statements(forward="np.add(np.expm1(x), 1, out=out)", backward="np.multiply(dy, np.exp(x), out=out)"),
    # the textbook's quotient of exponentials would be inf / inf from x = 1.8 on
    "soft_clipping": Statements(
        forward="np.divide(np.logaddexp(0, 50 * x) - np.logaddexp(0, 50 * (x - 1)), 50, out=out)",
        backward="np.multiply(dy, 1 / (1 + np.exp(-50 * x)) - 1 / (1 + np.exp(-50 * (x - 1))), out=out)",
    ),
    "sqnl": Statements(
        forward="c = np.clip(x, -2, 2); np.subtract(c, c * np.abs(c) / 4, out=out)",
        backward="np.multiply(dy, 1 - np.abs(np.clip(x, -2, 2)) / 2, out=out)",
    ),
    "srelu": Statements(
        forward="np.where(x < -1, -1 + 0.2 * (x + 1), np.where(x > 1, 1 + 0.2 * (x - 1), x))",
        backward="np.where((x > -1) & (x < 1), dy, 0.2 * dy)",
    ),
    "gaussian": Statements(forward="np.exp(-(x**2), out=out)", backward="np.multiply(dy, -2 * x * np.exp(-(x**2)), out=out)"),
    "sinusoid": Statements(forward="np.sin(x, out=out)", backward="np.multiply(dy, np.cos(x), out=out)"),
    "sinc": Statements(
        forward="np.sinc(x)",
        backward="z = np.where(x == 0, 1e-20, x); np.multiply(dy, (np.cos(np.pi * z) - np.sinc(z)) / z, out=out)",
    ),
    "snake": Statements(forward="np.add(x, np.sin(x) ** 2, out=out)", backward="np.multiply(dy, 1 + np.sin(2 * x), out=out)"),
    "star_relu": Statements(
        forward="np.subtract(0.8944 * np.maximum(x, 0) ** 2, 0.4472, out=out)",
        backward="np.multiply(dy, 2 * 0.8944 * np.maximum(x, 0), out=out)",
    ),
    "sparse_plus": Statements(
        forward="np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4))",
        backward="np.multiply(dy, (np.clip(x, -1, 1) + 1) / 2, out=out)",
        from_output="np.multiply(dy, np.sqrt(np.minimum(y, 1)), out=out)",
    ),
    "sparse_sigmoid": Statements(
        forward="np.clip((x + 1) / 2, 0, 1, out=out)",
        backward="np.multiply(dy / 2, (x > -1) & (x < 1), out=out)",
        from_output="np.multiply(dy / 2, (y > 0) & (y < 1), out=out)",
    ),
    "log1mexp": Statements(
        forward="np.where(x < 0.693, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))",
        backward="np.divide(dy, np.expm1(x), out=out)",
        from_output="np.multiply(dy, np.expm1(-y), out=out)",
    ),
    "logit": Statements(
        forward="np.log(x / (1 - x), out=out)",
        backward="np.divide(dy, x * (1 - x), out=out)",
        from_output="np.multiply(dy, 2 + 2 * np.cosh(y), out=out)",
    ),
    "softcap": Statements(
        forward="np.multiply(50, np.tanh(x / 50), out=out)",
        backward="np.multiply(dy, 1 - np.tanh(x / 50) ** 2, out=out)",
        from_output="np.multiply(dy, 1 - (y / 50) ** 2, out=out)",
    ),
}

#: Those that take a function from SciPy.
IDIOMS_WITH_SCIPY: dict[str, Statements] = {
    "gelu": Statements(
        forward="np.multiply(0.5 * x, 1 + special.erf(x * 0.7071067811865476), out=out)",
        backward="cdf = 0.5 * (1 + special.erf(x * 0.7071067811865476)); "
        "np.multiply(dy, cdf + x * np.exp(-0.5 * x**2) * 0.3989422804014327, out=out)",
    ),
    "erf": Statements(forward="special.erf(x, out=out)", backward=f"np.multiply(dy, {TWO_SQRT_PI} * np.exp(-(x**2)), out=out)"),
}
