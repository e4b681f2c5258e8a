"""NumPy tuned by hand: the fastest that it can do.

Scratch memory is kept at hand (tmp, mask) and every step is done in place. There is no `np.where`, which is many times
slower where the processor can't guess the sign.
"""

from __future__ import annotations

from dataclasses import replace

from .constants import GELU_CUBIC, SELU_ALPHA, SELU_SCALE, SQRT_2_PI, TWO_SQRT_PI
from .statements import Statements

_LOGISTIC = "r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.reciprocal(r, out=r)"
_RELU = Statements(forward="np.maximum(x, 0, out=out)", backward="np.multiply(dy, np.greater(x, 0, out=mask), out=out)")
_ELU = Statements(
    forward="t = np.minimum(x, 0, out=tmp); np.expm1(t, out=t); r = np.maximum(x, 0, out=out); np.add(r, t, out=r)",
    backward="r = np.minimum(x, 0, out=out); np.exp(r, out=r); np.multiply(dy, r, out=r)",
    from_output="r = np.minimum(y, 0, out=out); np.add(r, 1, out=r); np.multiply(dy, r, out=r)",
)
_SIGMOID = Statements(
    forward=_LOGISTIC,
    backward=f"{_LOGISTIC}; t = np.subtract(1, r, out=tmp); np.multiply(t, r, out=t); np.multiply(dy, t, out=r)",
    from_output="r = np.subtract(1, y, out=out); np.multiply(r, y, out=r); np.multiply(dy, r, out=r)",
)
_GELU_TANH = (
    f"r = np.multiply(x, x, out=out); np.multiply(r, {GELU_CUBIC * SQRT_2_PI}, out=r); np.add(r, {SQRT_2_PI}, out=r); "
    "np.multiply(r, x, out=r); np.tanh(r, out=r)"
)
_ROOT = "t = np.multiply(x, x, out=tmp); np.add(t, 1, out=t); r = np.sqrt(t, out=out)"
_OUTSIDE_HALF = "np.multiply(dy, np.greater(np.abs(x, out=tmp), 0.5, out=mask), out=out)"


def _scaled_below_zero(slope: str, of: str) -> str:
    """dy where the operand `of` is positive, and `slope` * dy elsewhere."""
    return f"r = np.maximum(np.greater({of}, 0, out=mask), {slope}, out=out, dtype=x.dtype); np.multiply(dy, r, out=r)"


#: By the activation's name. Where one is missing, the statement of `numpy_idioms.py` is taken.
TUNED: dict[str, Statements] = {
    "identity": Statements(
        forward="x.copy() if out is None else np.copyto(out, x)",
        backward="dy.copy() if out is None else np.copyto(out, dy)",
        from_output="dy.copy() if out is None else np.copyto(out, dy)",
    ),
    "binary_step": Statements(
        forward="(x >= 0).astype(x.dtype) if out is None else np.greater_equal(x, 0, out=out, casting='unsafe')",
        backward="np.zeros_like(x) if out is None else out.fill(0)",
    ),
    "relu": replace(_RELU, from_output="np.multiply(dy, np.greater(y, 0, out=mask), out=out)"),
    "relu6": Statements(
        forward="x.clip(0, 6, out=out)",
        backward="m = np.greater(x, 0, out=mask); m &= x < 6; np.multiply(dy, m, out=out)",
        from_output="m = np.greater(y, 0, out=mask); m &= y < 6; np.multiply(dy, m, out=out)",
    ),
    "leaky_relu": Statements(
        forward="r = np.multiply(x, 0.01, out=out); np.maximum(x, r, out=r)",
        backward=_scaled_below_zero("0.01", "x"),
        from_output=_scaled_below_zero("0.01", "y"),
    ),
    "prelu": Statements(
        forward="r = np.multiply(x, 0.25, out=out); np.maximum(x, r, out=r)",
        backward=_scaled_below_zero("0.25", "x") + "; (r, np.vdot(dy, np.minimum(x, 0, out=tmp)))",
    ),
    "elu": _ELU,
    "sigmoid": _SIGMOID,
    "tanh": Statements(
        forward="np.tanh(x, out=out)",
        backward="r = np.tanh(x, out=out); np.multiply(r, r, out=r); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
        from_output="r = np.multiply(y, y, out=out); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
    ),
    # an eighth of the time of np.logaddexp(0, x)
    "softplus": Statements(
        forward="r = np.abs(x, out=out); np.negative(r, out=r); np.exp(r, out=r); np.log1p(r, out=r); "
        "np.add(r, np.maximum(x, 0, out=tmp), out=r)",
        backward="r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(dy, r, out=r)",
        from_output="r = np.negative(y, out=out); np.exp(r, out=r); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "softsign": Statements(
        forward="r = np.abs(x, out=out); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        backward="r = np.abs(x, out=out); np.add(r, 1, out=r); np.multiply(r, r, out=r); np.divide(dy, r, out=r)",
        from_output="r = np.abs(y, out=out); np.subtract(1, r, out=r); np.multiply(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "arctan": Statements(
        forward="np.arctan(x, out=out)",
        backward="r = np.multiply(x, x, out=out); np.add(r, 1, out=r); np.divide(dy, r, out=r)",
        from_output="r = np.cos(y, out=out); np.multiply(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "silu": Statements(
        forward="r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        backward=f"{_LOGISTIC}; t = np.subtract(1, r, out=tmp); np.multiply(t, x, out=t); np.add(t, 1, out=t); "
        "np.multiply(t, r, out=t); "
        "np.multiply(dy, t, out=r)",
    ),
    "exponential": Statements(forward="np.exp(x, out=out)", backward="r = np.exp(x, out=out); np.multiply(dy, r, out=r)"),
    "relu_squared": Statements(
        forward="r = np.maximum(x, 0, out=out); np.multiply(r, r, out=r)",
        backward="r = np.maximum(x, 0, out=out); np.add(r, r, out=r); np.multiply(dy, r, out=r)",
        from_output="r = np.sqrt(y, out=out); np.add(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "rrelu": Statements(
        forward="r = np.multiply(x, 11 / 48, out=out); np.maximum(x, r, out=r)", backward=_scaled_below_zero("11 / 48", "x")
    ),
    "noisy_relu": _RELU,
    "threshold": _RELU,
    "celu": _ELU,
    "selu": Statements(
        forward=f"t = np.minimum(x, 0, out=tmp); np.expm1(t, out=t); np.multiply(t, {SELU_ALPHA * SELU_SCALE}, out=t); "
        f"r = np.maximum(x, 0, out=out); np.multiply(r, {SELU_SCALE}, out=r); np.add(r, t, out=r)",
        backward=f"t = np.multiply(np.greater(x, 0, out=mask), {SELU_SCALE * (1 - SELU_ALPHA)}, out=tmp, dtype=x.dtype); "
        f"np.add(t, {SELU_SCALE * SELU_ALPHA}, out=t); r = np.minimum(x, 0, out=out); np.exp(r, out=r); "
        "np.multiply(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
    "gelu_tanh": Statements(
        forward=f"{_GELU_TANH}; np.add(r, 1, out=r); np.multiply(r, x, out=r); np.multiply(r, 0.5, out=r)",
        # with t = tanh(u): (1 + t) (1 + x (1 - t) u') / 2
        backward=f"{_GELU_TANH}; t = np.multiply(x, x, out=tmp); np.multiply(t, {3 * GELU_CUBIC * SQRT_2_PI}, out=t); "
        f"np.add(t, {SQRT_2_PI}, out=t); np.multiply(t, x, out=t); np.multiply(dy, t, out=t); np.subtract(1, r, out=r); "
        "np.multiply(t, r, out=t); np.add(t, dy, out=t); np.subtract(2, r, out=r); np.multiply(r, t, out=r); "
        "np.multiply(r, 0.5, out=r)",
    ),
    "quick_gelu": Statements(
        forward="r = np.multiply(x, -1.702, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        backward="r = np.multiply(x, -1.702, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.reciprocal(r, out=r); "
        "t = np.subtract(1, r, out=tmp); np.multiply(t, x, out=t); np.multiply(t, 1.702, out=t); np.add(t, 1, out=t); "
        "np.multiply(t, r, out=t); np.multiply(dy, t, out=r)",
    ),
    # tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), which is 1 from x = 20 on
    "mish": Statements(
        forward="r = np.minimum(x, 20, out=out); np.exp(r, out=r); t = np.add(r, 2, out=tmp); np.multiply(r, t, out=r); "
        "np.add(r, 2, out=t); np.divide(r, t, out=r); np.multiply(r, x, out=r)",
        # (n + 4 x (n - e) / (n + 2)) / (n + 2)
        backward="r = np.minimum(x, 20, out=out); np.exp(r, out=r); t = np.add(r, 2, out=tmp); t *= r; np.subtract(t, r, out=r); "
        "r *= x; r *= 4; t += 2; r /= t; r += t; r -= 2; r /= t; np.multiply(dy, r, out=r)",
    ),
    "squareplus": Statements(
        forward="r = np.multiply(x, x, out=out); np.add(r, 4, out=r); np.sqrt(r, out=r); np.add(r, x, out=r); "
        "np.multiply(r, 0.5, out=r)",
        backward="r = np.multiply(x, x, out=out); np.add(r, 4, out=r); np.sqrt(r, out=r); np.divide(x, r, out=r); "
        "np.add(r, 1, out=r); "
        "np.multiply(r, 0.5, out=r); np.multiply(dy, r, out=r)",
        from_output="r = np.multiply(y, y, out=out); t = np.add(r, 1, out=tmp); np.divide(r, t, out=r); "
        "np.multiply(dy, r, out=r)",
    ),
    "log_sigmoid": Statements(
        forward="r = np.abs(x, out=out); np.negative(r, out=r); np.exp(r, out=r); np.log1p(r, out=r); "
        "np.subtract(np.minimum(x, 0, out=tmp), r, out=r)",
        backward="r = np.exp(x, out=out); np.add(r, 1, out=r); np.divide(dy, r, out=r)",
        from_output="r = np.exp(y, out=out); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "hard_sigmoid": Statements(
        forward="r = np.multiply(x, 1 / 6, out=out); np.add(r, 0.5, out=r); r.clip(0, 1, out=r)",
        backward="r = np.multiply(dy, 1 / 6, out=out); np.multiply(r, np.less(np.abs(x, out=tmp), 3, out=mask), out=r)",
    ),
    "hard_swish": Statements(
        forward="r = np.multiply(x, 1 / 6, out=out); np.add(r, 0.5, out=r); r.clip(0, 1, out=r); np.multiply(r, x, out=r)",
        # clip(x / 6 + 1/2, 0, 1) + x / 6 inside (-3, 3)
        backward="r = np.multiply(x, 1 / 6, out=out); t = np.multiply(r, np.less(np.abs(x, out=tmp), 3, out=mask), out=tmp); "
        "np.add(r, 0.5, out=r); r.clip(0, 1, out=r); np.add(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
    "hard_tanh": Statements(
        forward="x.clip(-1, 1, out=out)",
        backward="np.multiply(dy, np.less(np.abs(x, out=tmp), 1, out=mask), out=out)",
        from_output="np.multiply(dy, np.less(np.abs(y, out=tmp), 1, out=mask), out=out)",
    ),
    "hard_shrink": Statements(
        forward="np.multiply(x, np.greater(np.abs(x, out=tmp), 0.5, out=mask), out=out)", backward=_OUTSIDE_HALF
    ),
    "soft_shrink": Statements(forward="r = x.clip(-0.5, 0.5, out=out); np.subtract(x, r, out=r)", backward=_OUTSIDE_HALF),
    "tanh_shrink": Statements(
        forward="r = np.tanh(x, out=out); np.subtract(x, r, out=r)",
        backward="r = np.tanh(x, out=out); np.multiply(r, r, out=r); np.multiply(dy, r, out=r)",
    ),
    "gudermannian": Statements(
        forward="r = np.multiply(x, 0.5, out=out); np.tanh(r, out=r); np.arctan(r, out=r); np.add(r, r, out=r)",
        backward="r = np.cosh(x, out=out); np.divide(dy, r, out=r)",
        from_output="r = np.cos(y, out=out); np.multiply(dy, r, out=r)",
    ),
    "isru": Statements(
        forward=f"{_ROOT}; np.divide(x, r, out=r)", backward=f"{_ROOT}; np.multiply(r, t, out=r); np.divide(dy, r, out=r)"
    ),
    "isrlu": Statements(
        forward="t = np.minimum(x, 0, out=tmp); np.multiply(t, t, out=t); np.add(t, 1, out=t); r = np.sqrt(t, out=out); "
        "np.divide(x, r, out=r)",
        backward="t = np.minimum(x, 0, out=tmp); np.multiply(t, t, out=t); np.add(t, 1, out=t); r = np.sqrt(t, out=out); "
        "np.multiply(r, t, out=r); np.divide(dy, r, out=r)",
    ),
    "generalized_logistic": _SIGMOID,
    "arsinh": Statements(forward="np.arcsinh(x, out=out)", backward=f"{_ROOT}; np.divide(dy, r, out=r)"),
    "bent_identity": Statements(
        forward=f"{_ROOT}; np.subtract(r, 1, out=r); np.multiply(r, 0.5, out=r); np.add(r, x, out=r)",
        backward=f"{_ROOT}; np.divide(x, r, out=r); np.multiply(r, 0.5, out=r); np.add(r, 1, out=r); np.multiply(dy, r, out=r)",
    ),
    "soft_exponential": Statements(
        forward="r = np.expm1(x, out=out); np.add(r, 1, out=r)",
        backward="r = np.exp(x, out=out); np.multiply(dy, r, out=r)",
    ),
    # clip(x, 0, 1) and its two bends, log(1 + exp(-50 |x|)) / 50 and the like; log1p would be many times slower
    "soft_clipping": Statements(
        forward="t = np.abs(x, out=tmp); np.multiply(t, -50, out=t); np.exp(t, out=t); np.add(t, 1, out=t); "
        "r = np.subtract(x, 1, out=out); np.abs(r, out=r); np.multiply(r, -50, out=r); np.exp(r, out=r); np.add(r, 1, out=r); "
        "np.divide(t, r, out=r); np.log(r, out=r); np.multiply(r, 0.02, out=r); np.add(r, x.clip(0, 1, out=t), out=r)",
        backward="r = np.multiply(x, -50, out=out); t = np.add(r, 50, out=tmp); np.exp(r, out=r); np.add(r, 1, out=r); "
        "np.reciprocal(r, out=r); np.exp(t, out=t); np.add(t, 1, out=t); np.reciprocal(t, out=t); np.subtract(r, t, out=r); "
        "np.multiply(dy, r, out=r)",
    ),
    "sqnl": Statements(
        forward="t = x.clip(-2, 2, out=tmp); r = np.abs(t, out=out); np.multiply(r, -0.25, out=r); np.add(r, 1, out=r); "
        "np.multiply(r, t, out=r)",
        backward="r = x.clip(-2, 2, out=out); np.abs(r, out=r); np.multiply(r, -0.5, out=r); np.add(r, 1, out=r); "
        "np.multiply(dy, r, out=r)",
    ),
    # 0.2 x + 0.8 clip(x, -1, 1)
    "srelu": Statements(
        forward="r = x.clip(-1, 1, out=out); np.multiply(r, 0.8, out=r); np.add(r, np.multiply(x, 0.2, out=tmp), out=r)",
        backward="r = np.maximum(np.less(np.abs(x, out=tmp), 1, out=mask), 0.2, out=out, dtype=x.dtype); "
        "np.multiply(dy, r, out=r)",
    ),
    "gaussian": Statements(
        forward="r = np.multiply(x, x, out=out); np.negative(r, out=r); np.exp(r, out=r)",
        backward="r = np.multiply(x, x, out=out); np.negative(r, out=r); np.exp(r, out=r); np.multiply(r, x, out=r); "
        "np.multiply(r, -2, out=r); np.multiply(dy, r, out=r)",
    ),
    "sinusoid": Statements(forward="np.sin(x, out=out)", backward="r = np.cos(x, out=out); np.multiply(dy, r, out=r)"),
    "sinc": Statements(
        forward="r = np.multiply(x, np.pi, out=out); np.copyto(r, 1e-20, where=np.equal(r, 0, out=mask)); "
        "t = np.sin(r, out=tmp); "
        "np.divide(t, r, out=r)",
        backward="r = np.multiply(x, np.pi, out=out); np.copyto(r, 1e-20, where=np.equal(r, 0, out=mask)); "
        "t = np.sin(r, out=tmp); "
        "np.divide(t, r, out=t); c = np.cos(r); np.subtract(c, t, out=c); np.divide(c, r, out=r); np.multiply(r, np.pi, out=r); "
        "np.multiply(dy, r, out=r)",
    ),
    "snake": Statements(
        forward="r = np.sin(x, out=out); np.multiply(r, r, out=r); np.add(r, x, out=r)",
        backward="r = np.add(x, x, out=out); np.sin(r, out=r); np.add(r, 1, out=r); np.multiply(dy, r, out=r)",
    ),
    "star_relu": Statements(
        forward="r = np.maximum(x, 0, out=out); np.multiply(r, r, out=r); np.multiply(r, 0.8944, out=r); "
        "np.subtract(r, 0.4472, out=r)",
        backward="r = np.maximum(x, 0, out=out); np.multiply(r, 1.7888, out=r); np.multiply(dy, r, out=r)",
    ),
}

#: Those that take a function from SciPy.
TUNED_WITH_SCIPY: dict[str, Statements] = {
    "gelu": Statements(  # the normal distribution function is as fast as 1 + erf(x / sqrt(2)) and needs fewer passes
        forward="r = special.ndtr(x, out=out); np.multiply(x, r, out=r)",
        backward="r = special.ndtr(x, out=out); t = np.multiply(x, x, out=tmp); np.multiply(t, -0.5, out=t); np.exp(t, out=t); "
        "np.multiply(t, x, out=t); np.multiply(t, 0.3989422804014327, out=t); np.add(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
    "erf": Statements(
        forward="special.erf(x, out=out)",
        backward="r = np.multiply(x, x, out=out); np.negative(r, out=r); np.exp(r, out=r); "
        f"np.multiply(r, {TWO_SQRT_PI}, out=r); np.multiply(dy, r, out=r)",
    ),
}
