"""The fused functions for the benchmark: ONE entry each: what is typed for it, here and elsewhere, and what it should give.

An entry's statements are those of `peers.py`, of a user who writes the same layer. Its textbook definition is evaluated with
NumPy's widest floating type on the very operands that are timed, and is independent of everything else in the package but the
activations' own formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...functions import entries

Array = np.ndarray[Any, np.dtype[Any]]

#: Statements, forward, backward and, where it can be had, backward from the output; None where the peer has no such function.
Statements = tuple[str | None, ...]

#: What a call should give: each of its results with the magnitudes in whose ULP its error is measured.
Wanted = list[tuple[Array, Array]]


@dataclass(frozen=True)
class Fused:
    """One fused function.

    Attributes
    ----------
    function : str
        Its name on a backend.
    fastact, numpy, torch : (str, str)
        What is typed for it. The "backward" of a loss is loss and gradient together.
    textbook : (callable, callable)
        The results wanted, forward and backward, for `WideOperands`.
    tuned, scipy : (str, str), optional
        NumPy tuned by hand, where that is another statement; SciPy.
    jax : str, optional
        A function of operands, named as they are.
    row : int
        The length of its rows, unless another is asked for; 0: as many as there are rows.
    arrays : (int, int)
        How many arrays of the input's size must cross memory.
    ulp : (float, float)
        The largest error allowed in float32.
    """

    function: str
    fastact: tuple[str, str]
    numpy: tuple[str, str]
    torch: Statements
    textbook: tuple[Callable[[WideOperands], Wanted], Callable[[WideOperands], Wanted]]
    tuned: tuple[str, str] | None = None
    scipy: Statements = (None, None)
    jax: str | None = None
    row: int = 256
    arrays: tuple[int, int] = (2, 3)
    ulp: tuple[float, float] = (4, 4)

    @property
    def is_loss(self) -> bool:
        return "value_and_grad" in self.fastact[1]


class WideOperands:
    """The operands of a case by name, as wide as NumPy has floating numbers."""

    def __init__(self, operands: Any) -> None:
        self.operands = operands

    def __getattr__(self, name: str) -> Array:
        array: Array = getattr(self.operands, name)
        return array.astype(np.longdouble) if array.dtype.kind == "f" else array


# ---- textbook definitions -------------------------------------------------------------------------------------------


def _activation(name: str, z: Array) -> tuple[Array, Array, Array]:
    """An activation, its derivative and that one's largest term, by the registry's formulas, which are made for float64."""
    from .. import reference

    entry, z = entries[name], z.astype(np.float64)
    defaults = [p.default for p in entry.parameters]
    slope = entry.derivative(z, *defaults)
    return entry.forward(z, *defaults), slope, np.fmax(np.abs(slope), reference.wide(name, z, *defaults)[2])


def _bias(name: str) -> tuple[Callable[[WideOperands], Wanted], Callable[[WideOperands], Wanted]]:
    def forward(a: WideOperands) -> Wanted:
        value = _activation(name, a.preactivation)[0]
        return [(value, value)]

    def backward(a: WideOperands) -> Wanted:
        _, slope, terms = _activation(name, a.preactivation)
        dx = a.dy * slope
        return [(dx, a.dy * terms), (dx.sum(axis=0), np.abs(dx).sum(axis=0))]

    return forward, backward


def _gated(name: str) -> tuple[Callable[[WideOperands], Wanted], Callable[[WideOperands], Wanted]]:
    def forward(a: WideOperands) -> Wanted:
        value = _activation(name, a.gate)[0] * a.value
        return [(value, value)]

    def backward(a: WideOperands) -> Wanted:
        value, slope, terms = _activation(name, a.gate)
        dvalue = a.dy * value
        return [(a.dy * a.value * slope, a.dy * a.value * terms), (dvalue, dvalue)]

    return forward, backward


def _softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def _softmax_gradient(a: WideOperands, axis: int = -1, sign: int = 1) -> Wanted:
    products = a.y * a.dy
    dx = sign * a.y * (a.dy - products.sum(axis=axis, keepdims=True))
    return [(dx, a.y * np.maximum(np.abs(a.dy), np.abs(products).sum(axis=axis, keepdims=True)))]


def _logsumexp(x: Array) -> Array:
    largest = x.max(axis=-1, keepdims=True)
    return np.asarray((largest + np.log(np.exp(x - largest).sum(axis=-1, keepdims=True)))[..., 0])


def _log_softmax_gradient(a: WideOperands) -> Wanted:
    taken = np.exp(a.y) * a.dy.sum(axis=-1, keepdims=True)
    return [(a.dy - taken, np.maximum(np.abs(a.dy), np.exp(a.y) * np.abs(a.dy).sum(axis=-1, keepdims=True)))]


def _sparsemax(a: WideOperands) -> Wanted:
    """The projection on the simplex: the threshold over which what is left sums to 1 (Martins and Astudillo, 2016)."""
    down = -np.sort(-a.x, axis=-1)
    surplus = np.cumsum(down, axis=-1) - 1
    count = np.count_nonzero(np.arange(1, a.x.shape[-1] + 1) * down > surplus, axis=-1, keepdims=True)
    y = np.maximum(a.x - np.take_along_axis(surplus, count - 1, axis=-1) / count, 0)
    return [(y, np.broadcast_to(np.abs(a.x).max(axis=-1, keepdims=True), y.shape))]


def _sparsemax_gradient(a: WideOperands) -> Wanted:
    support = a.y > 0
    mean = np.mean(a.dy, axis=-1, keepdims=True, where=support)
    return [(np.where(support, a.dy - mean, 0), np.broadcast_to(np.abs(a.dy).max(axis=-1, keepdims=True), a.y.shape))]


def _maxout_gradient(a: WideOperands) -> Wanted:
    dx = np.where(np.arange(a.x.shape[-1]) == a.x.argmax(axis=-1)[:, None], a.drow[:, None], 0)
    return [(dx, dx)]


def _cross_entropy(a: WideOperands) -> Wanted:
    loss = np.mean(_logsumexp(a.x) - a.x[np.arange(len(a.x)), a.labels])
    return [(loss, loss)]


def _cross_entropy_gradient(a: WideOperands) -> Wanted:
    wanted = np.arange(a.x.shape[-1]) == a.labels[:, None]
    p = _softmax(a.x)
    return [*_cross_entropy(a), ((p - wanted) / len(p), np.maximum(p, wanted) / len(p))]


def _binary_cross_entropy(a: WideOperands) -> Wanted:
    loss = np.mean((1 - a.targets) * np.logaddexp(0, a.x) + a.targets * np.logaddexp(0, -a.x))
    return [(loss, loss)]


def _binary_cross_entropy_gradient(a: WideOperands) -> Wanted:
    p = 1 / (1 + np.exp(-a.x))
    return [*_binary_cross_entropy(a), ((p - a.targets) / p.size, np.maximum(p, a.targets) / p.size)]


def _alone(definition: Callable[[WideOperands], Array]) -> Callable[[WideOperands], Wanted]:
    """The definition of one result, its error measured in ULP of itself."""

    def wanted(a: WideOperands) -> Wanted:
        value = definition(a)
        return [(value, value)]

    return wanted


# ---- the entries ----------------------------------------------------------------------------------------------------

_SIGMOID = "s = np.negative(gate, out={0}); np.exp(s, out=s); np.add(s, 1, out=s); np.reciprocal(s, out=s)"
_GELU = "0.5 * {0} * (1 + erf({0} * 0.7071067811865476))"
_CDF = "cdf = 0.5 * (1 + erf({0} * 0.7071067811865476))"
_DENSITY = "np.exp(-0.5 * {0}**2) * 0.3989422804014327"
_MAX = "x.max(axis=-1, keepdims=True)"
_ROWS = "rows = np.arange(len(x))"

_SPARSEMAX = (
    "z = -np.sort(-x, axis=-1); k = np.arange(1, x.shape[-1] + 1, dtype=x.dtype); c = np.cumsum(z, axis=-1) - 1; "
    "n = np.count_nonzero(k * z > c, axis=-1, keepdims=True); "
    "np.maximum(x - np.take_along_axis(c, n - 1, axis=-1) / n.astype(x.dtype), 0, out=out)"
)
_SOFTMAX_TUNED = (
    "r = np.subtract(x, x.max(axis={0}, keepdims=True), out=out); np.exp(r, out=r); "
    "np.divide(r, r.sum(axis={0}, keepdims=True), out=r)"
)

FUSED: dict[str, Fused] = {
    "relu+bias": Fused(
        "relu",
        fastact=("f(x, bias=bias, out=out)", "f.backward(dy, y=y, bias=bias, out=out)"),
        numpy=("np.maximum(x + bias, 0, out=out)", "r = np.multiply(dy, y > 0, out=out); (r, r.sum(axis=0))"),
        tuned=(
            "r = np.add(x, bias, out=out); np.maximum(r, 0, out=r)",
            "r = np.multiply(dy, np.greater(y, 0, out=mask), out=out); (r, r.sum(axis=0))",
        ),
        torch=(
            "torch.relu_(torch.add(x, bias, out=out))",
            "r = aten.threshold_backward.grad_input(dy, y, 0, grad_input=out); (r, r.sum(0))",
        ),
        jax="lambda x, bias: jax.nn.relu(x + bias)",
        textbook=_bias("relu"),
        row=4096,
        ulp=(1, 1),
    ),
    # NumPy and PyTorch go back from the sum x + bias, which their users have kept; fastact adds again
    "gelu+bias": Fused(
        "gelu",
        fastact=("f(x, bias=bias, out=out)", "f.backward(dy, x, bias=bias, out=out)"),
        numpy=(
            "z = x + bias; np.multiply(0.5 * z, 1 + erf(z * 0.7071067811865476), out=out)",
            f"{_CDF.format('preactivation')}; "
            f"r = np.multiply(dy, cdf + preactivation * {_DENSITY.format('preactivation')}, out=out); (r, r.sum(axis=0))",
        ),
        torch=(
            "nn.gelu(torch.add(x, bias, out=out), out=out)",
            "r = aten.gelu_backward.grad_input(dy, preactivation, grad_input=out); (r, r.sum(0))",
        ),
        jax="lambda x, bias: jax.nn.gelu(x + bias, approximate=False)",
        textbook=_bias("gelu"),
        row=4096,
    ),
    "glu": Fused(
        "glu",
        fastact=("f(gate, value, out=out)", "f.backward(dy, gate, value, out=(dgate, dvalue))"),
        numpy=(
            "np.divide(value, 1 + np.exp(-gate), out=out)",
            "s = 1 / (1 + np.exp(-gate)); (np.multiply(dy * value, s * (1 - s), out=dgate), np.multiply(dy, s, out=dvalue))",
        ),
        tuned=(
            "r = np.negative(gate, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(value, r, out=r)",
            f"{_SIGMOID.format('dgate')}; t = np.multiply(dy, s, out=dvalue); "
            "np.subtract(1, s, out=s); np.multiply(s, t, out=s); (np.multiply(s, value, out=s), t)",
        ),
        torch=(
            "torch.sigmoid(gate, out=out).mul_(value)",
            "s = torch.sigmoid(gate, out=tmp2); d = torch.mul(dy, value, out=dgate); "
            "(aten.sigmoid_backward.grad_input(d, s, grad_input=dgate), torch.mul(dy, s, out=dvalue))",
        ),
        jax="lambda gate, value: jax.nn.sigmoid(gate) * value",
        textbook=_gated("sigmoid"),
        row=4096,
        arrays=(3, 5),
        ulp=(3, 6),
    ),
    "reglu": Fused(
        "reglu",
        fastact=("f(gate, value, out=out)", "f.backward(dy, gate, value, out=(dgate, dvalue))"),
        numpy=(
            "np.multiply(np.maximum(gate, 0), value, out=out)",
            "(np.multiply(dy * value, gate > 0, out=dgate), np.multiply(dy, np.maximum(gate, 0), out=dvalue))",
        ),
        tuned=(
            "r = np.maximum(gate, 0, out=out); np.multiply(r, value, out=r)",
            "r = np.multiply(dy, value, out=dgate); np.multiply(r, np.greater(gate, 0, out=mask), out=r); "
            "t = np.maximum(gate, 0, out=dvalue); (r, np.multiply(dy, t, out=t))",
        ),
        torch=(
            "torch.clamp_min(gate, 0, out=out).mul_(value)",
            "d = torch.mul(dy, value, out=dgate); "
            "(aten.threshold_backward.grad_input(d, gate, 0, grad_input=dgate), torch.clamp_min(gate, 0, out=dvalue).mul_(dy))",
        ),
        jax="lambda gate, value: jax.nn.relu(gate) * value",
        textbook=_gated("relu"),
        row=4096,
        arrays=(3, 5),
        ulp=(1, 1),
    ),
    "geglu": Fused(
        "geglu",
        fastact=("f(gate, value, out=out)", "f.backward(dy, gate, value, out=(dgate, dvalue))"),
        numpy=(
            f"np.multiply({_GELU.format('gate')}, value, out=out)",
            f"{_CDF.format('gate')}; (np.multiply(dy * value, cdf + gate * {_DENSITY.format('gate')}, out=dgate), "
            "np.multiply(dy, gate * cdf, out=dvalue))",
        ),
        torch=(
            "nn.gelu(gate, out=out).mul_(value)",
            "d = torch.mul(dy, value, out=dgate); "
            "(aten.gelu_backward.grad_input(d, gate, grad_input=dgate), nn.gelu(gate, out=dvalue).mul_(dy))",
        ),
        jax="lambda gate, value: jax.nn.gelu(gate, approximate=False) * value",
        textbook=_gated("gelu"),
        row=4096,
        arrays=(3, 5),
        ulp=(3, 6),
    ),
    "swiglu": Fused(
        "swiglu",
        fastact=("f(gate, value, out=out)", "f.backward(dy, gate, value, out=(dgate, dvalue))"),
        numpy=(
            "np.multiply(gate / (1 + np.exp(-gate)), value, out=out)",
            "s = 1 / (1 + np.exp(-gate)); (np.multiply(dy * value, s * (1 + gate * (1 - s)), out=dgate), "
            "np.multiply(dy, gate * s, out=dvalue))",
        ),
        tuned=(
            "r = np.negative(gate, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(gate, r, out=r); "
            "np.multiply(r, value, out=r)",
            # with y = gate s: dgate = dy value (s + y (1 - s)) and dvalue = dy y
            f"{_SIGMOID.format('dgate')}; t = np.multiply(gate, s, out=dvalue); u = np.multiply(t, s, out=tmp2); "
            "np.add(s, t, out=s); np.subtract(s, u, out=s); np.multiply(s, value, out=s); "
            "(np.multiply(s, dy, out=s), np.multiply(t, dy, out=t))",
        ),
        torch=(
            "nn.silu(gate, out=out).mul_(value)",
            "d = torch.mul(dy, value, out=dgate); "
            "(aten.silu_backward.grad_input(d, gate, grad_input=dgate), nn.silu(gate, out=dvalue).mul_(dy))",
        ),
        jax="lambda gate, value: jax.nn.silu(gate) * value",
        textbook=_gated("silu"),
        row=4096,
        arrays=(3, 5),
        ulp=(3, 6),
    ),
    "softmax": Fused(
        "softmax",
        fastact=("f(x, out=out)", "f.backward(dy, y, out=out)"),
        numpy=(
            f"e = np.exp(x - {_MAX}); np.divide(e, e.sum(axis=-1, keepdims=True), out=out)",
            "np.multiply(y, dy - np.sum(y * dy, axis=-1, keepdims=True), out=out)",
        ),
        tuned=(
            _SOFTMAX_TUNED.format(-1),
            "r = np.subtract(dy, np.vecdot(dy, y)[:, None], out=out); np.multiply(r, y, out=r)",
        ),
        torch=("torch.softmax(x, -1, out=out)", "aten._softmax_backward_data.out(dy, y, -1, x.dtype, grad_input=out)"),
        scipy=("special.softmax(x, axis=-1)", None),
        jax="lambda x: jax.nn.softmax(x)",
        textbook=(_alone(lambda a: _softmax(a.x)), _softmax_gradient),
        ulp=(4, 5),
    ),
    "softmax-axis0": Fused(
        "softmax",
        fastact=("f(x, axis=0, out=out)", "f.backward(dy, y, axis=0, out=out)"),
        numpy=(
            "e = np.exp(x - x.max(axis=0)); np.divide(e, e.sum(axis=0), out=out)",
            "np.multiply(y, dy - np.sum(y * dy, axis=0), out=out)",
        ),
        tuned=(
            _SOFTMAX_TUNED.format(0),
            "t = np.multiply(y, dy, out=tmp); r = np.subtract(dy, t.sum(axis=0), out=out); np.multiply(r, y, out=r)",
        ),
        torch=("torch.softmax(x, 0, out=out)", "aten._softmax_backward_data.out(dy, y, 0, x.dtype, grad_input=out)"),
        scipy=("special.softmax(x, axis=0)", None),
        jax="lambda x: jax.nn.softmax(x, axis=0)",
        textbook=(_alone(lambda a: _softmax(a.x, axis=0)), lambda a: _softmax_gradient(a, axis=0)),
        row=0,
        ulp=(4, 5),
    ),
    "log_softmax": Fused(
        "log_softmax",
        fastact=("f(x, out=out)", "f.backward(dy, y, out=out)"),
        numpy=(
            f"z = x - {_MAX}; np.subtract(z, np.log(np.exp(z).sum(axis=-1, keepdims=True)), out=out)",
            "np.subtract(dy, np.exp(y) * dy.sum(axis=-1, keepdims=True), out=out)",
        ),
        tuned=(
            f"r = np.subtract(x, {_MAX}, out=out); e = np.exp(r, out=tmp); "
            "np.subtract(r, np.log(e.sum(axis=-1, keepdims=True)), out=r)",
            "r = np.exp(y, out=out); np.multiply(r, dy.sum(axis=-1, keepdims=True), out=r); np.subtract(dy, r, out=r)",
        ),
        torch=("torch.log_softmax(x, -1, out=out)", "aten._log_softmax_backward_data.out(dy, y, -1, x.dtype, out=out)"),
        scipy=("special.log_softmax(x, axis=-1)", None),
        jax="lambda x: jax.nn.log_softmax(x)",
        textbook=(_alone(lambda a: a.x - _logsumexp(a.x)[:, None]), _log_softmax_gradient),
    ),
    "softmin": Fused(
        "softmin",
        fastact=("f(x, out=out)", "f.backward(dy, y, out=out)"),
        numpy=(
            "e = np.exp(x.min(axis=-1, keepdims=True) - x); np.divide(e, e.sum(axis=-1, keepdims=True), out=out)",
            "np.multiply(y, np.sum(y * dy, axis=-1, keepdims=True) - dy, out=out)",
        ),
        tuned=(
            "r = np.subtract(x.min(axis=-1, keepdims=True), x, out=out); np.exp(r, out=r); "
            "np.divide(r, r.sum(axis=-1, keepdims=True), out=r)",
            "r = np.subtract(np.vecdot(dy, y)[:, None], dy, out=out); np.multiply(r, y, out=r)",
        ),
        torch=(
            "torch.softmax(torch.neg(x, out=out), -1, out=out)",
            "aten._softmax_backward_data.out(dy, y, -1, x.dtype, grad_input=out).neg_()",
        ),
        jax="lambda x: jax.nn.softmax(-x)",
        textbook=(_alone(lambda a: _softmax(-a.x)), lambda a: _softmax_gradient(a, sign=-1)),
        ulp=(4, 5),
    ),
    # torch's own backward pass starts from the saved result y, one number a row, as these do
    "logsumexp": Fused(
        "logsumexp",
        fastact=("f(x, out=row)", "f.backward(drow, x, out=out)"),
        numpy=(
            f"m = {_MAX}; np.add(np.log(np.exp(x - m).sum(axis=-1)), m[:, 0], out=row)",
            "np.multiply(np.exp(x - y[:, None]), drow[:, None], out=out)",
        ),
        tuned=(
            f"m = {_MAX}; e = np.subtract(x, m, out=tmp); np.exp(e, out=e); np.add(np.log(e.sum(axis=-1)), m[:, 0], out=row)",
            "r = np.subtract(x, y[:, None], out=out); np.exp(r, out=r); np.multiply(r, drow[:, None], out=r)",
        ),
        torch=("torch.logsumexp(x, -1, out=row)", "torch.sub(x, y[:, None], out=out).exp_().mul_(drow[:, None])"),
        scipy=("special.logsumexp(x, axis=-1)", None),
        jax="lambda x: jax.nn.logsumexp(x, axis=-1)",
        textbook=(_alone(lambda a: _logsumexp(a.x)), _alone(lambda a: a.drow[:, None] * _softmax(a.x))),
        arrays=(1, 2),
        ulp=(4, 5),
    ),
    "sparsemax": Fused(
        "sparsemax",
        fastact=("f(x, out=out)", "f.backward(dy, y, out=out)"),
        numpy=(
            _SPARSEMAX,
            "s = (y > 0).astype(x.dtype); "
            "np.multiply(s, dy - (s * dy).sum(axis=-1, keepdims=True) / s.sum(axis=-1, keepdims=True), out=out)",
        ),
        torch=(None, None),
        textbook=(_sparsemax, _sparsemax_gradient),
    ),
    "maxout": Fused(
        "maxout",
        fastact=("f(x, out=row)", "f.backward(drow, x, out=out)"),
        numpy=(
            "np.max(x, axis=-1, out=row)",
            "r = np.zeros_like(x); np.put_along_axis(r, x.argmax(axis=-1, keepdims=True), drow[:, None], axis=-1); r",
        ),
        tuned=(
            "x.max(axis=-1, out=row)",
            "r = np.zeros_like(x) if out is None else out; r.fill(0); r[np.arange(len(x)), x.argmax(axis=-1)] = drow; r",
        ),
        torch=(
            "torch.amax(x, -1, out=row)",
            "(torch.zeros_like(x) if out is None else out.zero_()).scatter_(-1, x.argmax(-1, keepdim=True), drow[:, None])",
        ),
        jax="lambda x: jax.numpy.max(x, axis=-1)",
        textbook=(_alone(lambda a: a.x.max(axis=-1)), _maxout_gradient),
        arrays=(1, 2),
        ulp=(0, 0),
    ),
    "cross_entropy": Fused(
        "cross_entropy",
        fastact=("f(x, labels)", "f.value_and_grad(x, labels, out=out)"),
        numpy=(
            f"z = x - {_MAX}; np.mean(np.log(np.exp(z).sum(axis=-1)) - z[np.arange(len(z)), labels])",
            f"p = np.exp(x - {_MAX}); p /= p.sum(axis=-1, keepdims=True); {_ROWS}; "
            "loss = -np.mean(np.log(p[rows, labels])); p[rows, labels] -= 1; p /= len(p); (loss, p)",
        ),
        tuned=(
            f"z = np.subtract(x, {_MAX}, out=tmp); right = z[np.arange(len(z)), labels]; np.exp(z, out=z); "
            "np.mean(np.log(z.sum(axis=-1)) - right)",
            f"p = np.subtract(x, {_MAX}, out=out); {_ROWS}; right = p[rows, labels]; np.exp(p, out=p); s = p.sum(axis=-1); "
            "loss = np.mean(np.log(s) - right); s *= len(p); p /= s[:, None]; p[rows, labels] -= 1 / len(p); (loss, p)",
        ),
        # what F.cross_entropy(x, labels) and its backward() call, without autograd's own time and its fresh arrays
        torch=(
            "F.cross_entropy(x, labels)",
            "p = torch.log_softmax(x, -1, out=tmp); loss, n = aten.nll_loss_forward(p, labels, None, 1, -100); "
            "d = aten.nll_loss_backward.grad_input(torch.ones_like(loss), p, labels, None, 1, -100, n, grad_input=out); "
            "(loss, aten._log_softmax_backward_data.out(d, p, -1, x.dtype, out=out))",
        ),
        jax="lambda x, labels: jax.numpy.mean("
        "jax.nn.logsumexp(x, axis=-1) - jax.numpy.take_along_axis(x, labels[:, None], axis=-1)[:, 0])",
        textbook=(_cross_entropy, _cross_entropy_gradient),
        arrays=(1, 2),
        ulp=(4, 6),
    ),
    "binary_cross_entropy": Fused(
        "binary_cross_entropy",
        fastact=("f(x, targets)", "f.value_and_grad(x, targets, out=out)"),
        numpy=(
            "np.mean(np.maximum(x, 0) - x * targets + np.log1p(np.exp(-np.abs(x))))",
            "loss = np.mean(np.maximum(x, 0) - x * targets + np.log1p(np.exp(-np.abs(x)))); "
            "d = np.subtract(1 / (1 + np.exp(-x)), targets, out=out); d /= x.size; (loss, d)",
        ),
        # log1p is many times slower than log, whose error here is nothing beside the mean's
        tuned=(
            "t = np.abs(x, out=tmp); np.negative(t, out=t); np.exp(t, out=t); np.add(t, 1, out=t); np.log(t, out=t); "
            "r = np.maximum(x, 0, out=tmp2); np.add(t, r, out=t); np.multiply(x, targets, out=r); "
            "np.mean(np.subtract(t, r, out=t))",
            "t = np.abs(x, out=tmp); np.negative(t, out=t); np.exp(t, out=t); np.add(t, 1, out=t); np.log(t, out=t); "
            "r = np.maximum(x, 0, out=out); np.add(t, r, out=t); np.multiply(x, targets, out=r); "
            "loss = np.mean(np.subtract(t, r, out=t)); r = np.negative(x, out=r); np.exp(r, out=r); np.add(r, 1, out=r); "
            "np.reciprocal(r, out=r); np.subtract(r, targets, out=r); (loss, np.divide(r, x.size, out=r))",
        ),
        # what its backward() computes
        torch=(
            "F.binary_cross_entropy_with_logits(x, targets)",
            "loss = F.binary_cross_entropy_with_logits(x, targets); "
            "(loss, torch.sigmoid(x, out=out).sub_(targets).mul_(1 / x.numel()))",
        ),
        jax="lambda x, targets: jax.numpy.mean(jax.numpy.logaddexp(x, 0) - x * targets)",
        textbook=(_binary_cross_entropy, _binary_cross_entropy_gradient),
        arrays=(2, 3),
        ulp=(4, 6),
    ),
}
