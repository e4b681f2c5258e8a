"""The functions of rows: ONE entry each, with its statements and its textbook definition."""

from __future__ import annotations

import numpy as np

from ...peers.statements import Statements
from .definition import Array, ByDirection, Fused, Textbook, Wanted, WideOperands, alone

#: The largest of each row.
MAX = "x.max(axis=-1, keepdims=True)"

_SPARSEMAX = (
    "z = -np.sort(-x, axis=-1); k = np.arange(1, x.shape[-1] + 1, dtype=x.dtype); c = np.cumsum(z, axis=-1) - 1; "
    "n = np.count_nonzero(k * z > c, axis=-1, keepdims=True); "
    "np.maximum(x - np.take_along_axis(c, n - 1, axis=-1) / n.astype(x.dtype), 0, out=out)"
)


#: Sorted, with the threshold of each number of elements (Peters, Niculae and Martins, 2019).
_ENTMAX15 = (
    f"z = (x - {MAX}) / 2; s = -np.sort(-z, axis=-1); k = np.arange(1, x.shape[-1] + 1, dtype=x.dtype); "
    "m = np.cumsum(s, axis=-1) / k; v = np.cumsum(s * s, axis=-1) - k * m * m; "
    "t = m - np.sqrt(np.maximum((1 - v) / k, 0)); n = np.count_nonzero(t <= s, axis=-1, keepdims=True); "
    "np.square(np.maximum(z - np.take_along_axis(t, n - 1, axis=-1), 0), out=out)"
)


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def _softmax_gradient(a: WideOperands, axis: int = -1, sign: int = 1) -> Wanted:
    products = a.y * a.dy
    dx = sign * a.y * (a.dy - products.sum(axis=axis, keepdims=True))
    return [(dx, a.y * np.maximum(np.abs(a.dy), np.abs(products).sum(axis=axis, keepdims=True)))]


def logsumexp(x: Array) -> Array:
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


def _entmax15(a: WideOperands) -> Wanted:
    """By bisection: the threshold under which what is above it has the norm 1."""
    z = (a.x - a.x.max(axis=-1, keepdims=True)) / 2
    low, high = np.full_like(z[:, :1], -1), np.zeros_like(z[:, :1])
    for _ in range(70):
        middle = (low + high) / 2
        above = (np.maximum(z - middle, 0) ** 2).sum(axis=-1, keepdims=True) >= 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    y = np.maximum(z - low, 0) ** 2
    return [(y, np.ones_like(y))]


def _entmax15_gradient(a: WideOperands) -> Wanted:
    root = np.sqrt(a.y)
    mean = (root * a.dy).sum(axis=-1, keepdims=True) / root.sum(axis=-1, keepdims=True)
    return [(root * (a.dy - mean), np.broadcast_to(np.abs(a.dy).max(axis=-1, keepdims=True), a.y.shape))]


def _maxout_gradient(a: WideOperands) -> Wanted:
    dx = np.where(np.arange(a.x.shape[-1]) == a.x.argmax(axis=-1)[:, None], a.drow[:, None], 0)
    return [(dx, dx)]


def _tuned_softmax(axis: int) -> str:
    return (
        f"r = np.subtract(x, x.max(axis={axis}, keepdims=True), out=out); np.exp(r, out=r); "
        f"np.divide(r, r.sum(axis={axis}, keepdims=True), out=r)"
    )


ENTRIES = (
    Fused(
        name="softmax",
        function="softmax",
        statements={
            "fastact": Statements(forward="f(x, out=out)", backward="f.backward(dy, y=y, out=out)"),
            "numpy": Statements(
                forward=f"e = np.exp(x - {MAX}); np.divide(e, e.sum(axis=-1, keepdims=True), out=out)",
                backward="np.multiply(y, dy - np.sum(y * dy, axis=-1, keepdims=True), out=out)",
            ),
            "numpy_tuned": Statements(
                forward=_tuned_softmax(-1),
                backward="r = np.subtract(dy, np.vecdot(dy, y)[:, None], out=out); np.multiply(r, y, out=r)",
            ),
            "onnxruntime": Statements(forward="Softmax(x, axis=-1)"),
            "torch": Statements(
                forward="torch.softmax(x, -1, out=out)",
                backward="aten._softmax_backward_data.out(dy, y, -1, x.dtype, grad_input=out)",
            ),
            "scipy": Statements(forward="special.softmax(x, axis=-1)"),
        },
        jax="lambda x: jax.nn.softmax(x)",
        textbook=Textbook(alone(lambda a: softmax(a.x)), _softmax_gradient),
        ulp=ByDirection(4, 5),
    ),
    Fused(
        name="softmax-axis0",
        function="softmax",
        statements={
            "fastact": Statements(forward="f(x, axis=0, out=out)", backward="f.backward(dy, y=y, axis=0, out=out)"),
            "numpy": Statements(
                forward="e = np.exp(x - x.max(axis=0)); np.divide(e, e.sum(axis=0), out=out)",
                backward="np.multiply(y, dy - np.sum(y * dy, axis=0), out=out)",
            ),
            "numpy_tuned": Statements(
                forward=_tuned_softmax(0),
                backward="t = np.multiply(y, dy, out=tmp); r = np.subtract(dy, t.sum(axis=0), out=out); np.multiply(r, y, out=r)",
            ),
            "onnxruntime": Statements(forward="Softmax(x, axis=0)"),
            "torch": Statements(
                forward="torch.softmax(x, 0, out=out)",
                backward="aten._softmax_backward_data.out(dy, y, 0, x.dtype, grad_input=out)",
            ),
            "scipy": Statements(forward="special.softmax(x, axis=0)"),
        },
        jax="lambda x: jax.nn.softmax(x, axis=0)",
        textbook=Textbook(alone(lambda a: softmax(a.x, axis=0)), lambda a: _softmax_gradient(a, axis=0)),
        row=0,
        ulp=ByDirection(4, 5),
    ),
    Fused(
        name="log_softmax",
        function="log_softmax",
        statements={
            "fastact": Statements(forward="f(x, out=out)", backward="f.backward(dy, y=y, out=out)"),
            "numpy": Statements(
                forward=f"z = x - {MAX}; np.subtract(z, np.log(np.exp(z).sum(axis=-1, keepdims=True)), out=out)",
                backward="np.subtract(dy, np.exp(y) * dy.sum(axis=-1, keepdims=True), out=out)",
            ),
            "numpy_tuned": Statements(
                forward=f"r = np.subtract(x, {MAX}, out=out); e = np.exp(r, out=tmp); "
                "np.subtract(r, np.log(e.sum(axis=-1, keepdims=True)), out=r)",
                backward="r = np.exp(y, out=out); np.multiply(r, dy.sum(axis=-1, keepdims=True), out=r); "
                "np.subtract(dy, r, out=r)",
            ),
            "onnxruntime": Statements(forward="LogSoftmax(x, axis=-1)"),
            "torch": Statements(
                forward="torch.log_softmax(x, -1, out=out)",
                backward="aten._log_softmax_backward_data.out(dy, y, -1, x.dtype, out=out)",
            ),
            "scipy": Statements(forward="special.log_softmax(x, axis=-1)"),
        },
        jax="lambda x: jax.nn.log_softmax(x)",
        textbook=Textbook(alone(lambda a: a.x - logsumexp(a.x)[:, None]), _log_softmax_gradient),
    ),
    Fused(
        name="softmin",
        function="softmin",
        statements={
            "fastact": Statements(forward="f(x, out=out)", backward="f.backward(dy, y=y, out=out)"),
            "numpy": Statements(
                forward="e = np.exp(x.min(axis=-1, keepdims=True) - x); np.divide(e, e.sum(axis=-1, keepdims=True), out=out)",
                backward="np.multiply(y, np.sum(y * dy, axis=-1, keepdims=True) - dy, out=out)",
            ),
            "numpy_tuned": Statements(
                forward="r = np.subtract(x.min(axis=-1, keepdims=True), x, out=out); np.exp(r, out=r); "
                "np.divide(r, r.sum(axis=-1, keepdims=True), out=r)",
                backward="r = np.subtract(np.vecdot(dy, y)[:, None], dy, out=out); np.multiply(r, y, out=r)",
            ),
            "torch": Statements(
                forward="torch.softmax(torch.neg(x, out=out), -1, out=out)",
                backward="aten._softmax_backward_data.out(dy, y, -1, x.dtype, grad_input=out).neg_()",
            ),
        },
        jax="lambda x: jax.nn.softmax(-x)",
        textbook=Textbook(alone(lambda a: softmax(-a.x)), lambda a: _softmax_gradient(a, sign=-1)),
        ulp=ByDirection(4, 5),
    ),
    # torch's own backward pass starts from the saved result y, one number a row, as these do
    Fused(
        name="logsumexp",
        function="logsumexp",
        statements={
            "fastact": Statements(forward="f(x, out=row)", backward="f.backward(drow, x, out=out)"),
            "numpy": Statements(
                forward=f"m = {MAX}; np.add(np.log(np.exp(x - m).sum(axis=-1)), m[:, 0], out=row)",
                backward="np.multiply(np.exp(x - y[:, None]), drow[:, None], out=out)",
            ),
            "numpy_tuned": Statements(
                forward=f"m = {MAX}; e = np.subtract(x, m, out=tmp); np.exp(e, out=e); "
                "np.add(np.log(e.sum(axis=-1)), m[:, 0], out=row)",
                backward="r = np.subtract(x, y[:, None], out=out); np.exp(r, out=r); np.multiply(r, drow[:, None], out=r)",
            ),
            "onnxruntime": Statements(forward="ReduceLogSumExp(x, [-1], keepdims=0)"),
            "torch": Statements(
                forward="torch.logsumexp(x, -1, out=row)", backward="torch.sub(x, y[:, None], out=out).exp_().mul_(drow[:, None])"
            ),
            "scipy": Statements(forward="special.logsumexp(x, axis=-1)"),
        },
        jax="lambda x: jax.nn.logsumexp(x, axis=-1)",
        textbook=Textbook(alone(lambda a: logsumexp(a.x)), alone(lambda a: a.drow[:, None] * softmax(a.x))),
        arrays=ByDirection(1, 2),
        ulp=ByDirection(4, 5),
        gradient="drow",
    ),
    Fused(
        name="sparsemax",
        function="sparsemax",
        statements={
            "fastact": Statements(forward="f(x, out=out)", backward="f.backward(dy, y=y, out=out)"),
            "numpy": Statements(
                forward=_SPARSEMAX,
                backward="s = (y > 0).astype(x.dtype); "
                "np.multiply(s, dy - (s * dy).sum(axis=-1, keepdims=True) / s.sum(axis=-1, keepdims=True), out=out)",
            ),
        },
        textbook=Textbook(_sparsemax, _sparsemax_gradient),
    ),
    Fused(
        name="entmax15",
        function="entmax15",
        statements={
            "fastact": Statements(forward="f(x, out=out)", backward="f.backward(dy, y=y, out=out)"),
            "numpy": Statements(
                forward=_ENTMAX15,
                backward="s = np.sqrt(y); "
                "np.multiply(s, dy - (s * dy).sum(axis=-1, keepdims=True) / s.sum(axis=-1, keepdims=True), out=out)",
            ),
        },
        textbook=Textbook(_entmax15, _entmax15_gradient),
    ),
    Fused(
        name="maxout",
        function="maxout",
        statements={
            "fastact": Statements(forward="f(x, out=row)", backward="f.backward(drow, x, out=out)"),
            "numpy": Statements(
                forward="np.max(x, axis=-1, out=row)",
                backward="r = np.zeros_like(x); "
                "np.put_along_axis(r, x.argmax(axis=-1, keepdims=True), drow[:, None], axis=-1); r",
            ),
            "numpy_tuned": Statements(
                forward="x.max(axis=-1, out=row)",
                backward="r = np.zeros_like(x) if out is None else out; r.fill(0); "
                "r[np.arange(len(x)), x.argmax(axis=-1)] = drow; r",
            ),
            "onnxruntime": Statements(forward="ReduceMax(x, [-1], keepdims=0)"),
            "torch": Statements(
                forward="torch.amax(x, -1, out=row)",
                backward="(torch.zeros_like(x) if out is None else out.zero_())"
                ".scatter_(-1, x.argmax(-1, keepdim=True), drow[:, None])",
            ),
        },
        jax="lambda x: jax.numpy.max(x, axis=-1)",
        textbook=Textbook(alone(lambda a: a.x.max(axis=-1)), _maxout_gradient),
        arrays=ByDirection(1, 2),
        ulp=ByDirection(0, 0),
        gradient="drow",
    ),
)
