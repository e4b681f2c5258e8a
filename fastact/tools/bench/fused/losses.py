"""The losses: ONE entry each, with its statements and its textbook definition."""

from __future__ import annotations

import numpy as np

from ...peers.statements import Statements
from .definition import ByDirection, Fused, Textbook, Wanted, WideOperands
from .rows import MAX, logsumexp, softmax

_ROWS = "rows = np.arange(len(x))"


def _cross_entropy(a: WideOperands) -> Wanted:
    loss = np.mean(logsumexp(a.x) - a.x[np.arange(len(a.x)), a.labels])
    return [(loss, loss)]


def _cross_entropy_gradient(a: WideOperands) -> Wanted:
    wanted = np.arange(a.x.shape[-1]) == a.labels[:, None]
    p = softmax(a.x)
    return [*_cross_entropy(a), ((p - wanted) / len(p), np.maximum(p, wanted) / len(p))]


def _nll_loss(a: WideOperands) -> Wanted:
    chosen = a.x[np.arange(len(a.x)), a.labels]
    return [(np.asarray(-np.mean(chosen)), np.asarray(np.mean(np.abs(chosen))))]


def _nll_loss_gradient(a: WideOperands) -> Wanted:
    wanted = (np.arange(a.x.shape[-1]) == a.labels[:, None]) / len(a.x)
    return [*_nll_loss(a), (-wanted, wanted)]


def _binary_cross_entropy(a: WideOperands) -> Wanted:
    loss = np.mean((1 - a.targets) * np.logaddexp(0, a.x) + a.targets * np.logaddexp(0, -a.x))
    return [(loss, loss)]


def _binary_cross_entropy_gradient(a: WideOperands) -> Wanted:
    p = 1 / (1 + np.exp(-a.x))
    return [*_binary_cross_entropy(a), ((p - a.targets) / p.size, np.maximum(p, a.targets) / p.size)]


ENTRIES = (
    Fused(
        name="cross_entropy",
        function="cross_entropy",
        statements={
            "fastact": Statements(forward="f(x, labels)", backward="f.value_and_grad(x, labels, out=out)"),
            "numpy": Statements(
                forward=f"z = x - {MAX}; np.mean(np.log(np.exp(z).sum(axis=-1)) - z[np.arange(len(z)), labels])",
                backward=f"p = np.exp(x - {MAX}); p /= p.sum(axis=-1, keepdims=True); {_ROWS}; "
                "loss = -np.mean(np.log(p[rows, labels])); p[rows, labels] -= 1; p /= len(p); (loss, p)",
            ),
            "numpy_tuned": Statements(
                forward=f"z = np.subtract(x, {MAX}, out=tmp); right = z[np.arange(len(z)), labels]; np.exp(z, out=z); "
                "np.mean(np.log(z.sum(axis=-1)) - right)",
                backward=f"p = np.subtract(x, {MAX}, out=out); {_ROWS}; right = p[rows, labels]; np.exp(p, out=p); "
                "s = p.sum(axis=-1); "
                "loss = np.mean(np.log(s) - right); s *= len(p); p /= s[:, None]; p[rows, labels] -= 1 / len(p); (loss, p)",
            ),
            # what F.cross_entropy(x, labels) and its backward() call, without autograd's own time and its fresh arrays
            "torch": Statements(
                forward="F.cross_entropy(x, labels)",
                backward="p = torch.log_softmax(x, -1, out=tmp); loss, n = aten.nll_loss_forward(p, labels, None, 1, -100); "
                "d = aten.nll_loss_backward.grad_input(torch.ones_like(loss), p, labels, None, 1, -100, n, grad_input=out); "
                "(loss, aten._log_softmax_backward_data.out(d, p, -1, x.dtype, out=out))",
            ),
        },
        jax=(
            "lambda x, labels: jax.numpy.mean("
            "jax.nn.logsumexp(x, axis=-1) - jax.numpy.take_along_axis(x, labels[:, None], axis=-1)[:, 0])"
        ),
        textbook=Textbook(_cross_entropy, _cross_entropy_gradient),
        arrays=ByDirection(1, 2),
        ulp=ByDirection(4, 6),
        is_loss=True,
    ),
    Fused(
        name="nll_loss",
        function="nll_loss",
        statements={
            "fastact": Statements(forward="f(x, labels)", backward="f.value_and_grad(x, labels, out=out)"),
            "numpy": Statements(
                forward="-np.mean(x[np.arange(len(x)), labels])",
                backward=f"{_ROWS}; loss = -np.mean(x[rows, labels]); d = np.zeros_like(x); d[rows, labels] = -1 / len(x); "
                "(loss, d)",
            ),
            "numpy_tuned": Statements(
                forward="-np.mean(x[np.arange(len(x)), labels])",
                backward=f"{_ROWS}; loss = -np.mean(x[rows, labels]); d = np.multiply(x, 0, out=out); "
                "d[rows, labels] = -1 / len(x); (loss, d)",
            ),
            "torch": Statements(
                forward="F.nll_loss(x, labels)",
                backward="loss, n = aten.nll_loss_forward(x, labels, None, 1, -100); "
                "(loss, aten.nll_loss_backward.grad_input(torch.ones_like(loss), x, labels, None, 1, -100, n, grad_input=out))",
            ),
        },
        jax="lambda x, labels: -jax.numpy.mean(jax.numpy.take_along_axis(x, labels[:, None], axis=-1))",
        textbook=Textbook(_nll_loss, _nll_loss_gradient),
        arrays=ByDirection(1, 2),
        ulp=ByDirection(4, 4),
        is_loss=True,
    ),
    Fused(
        name="binary_cross_entropy",
        function="binary_cross_entropy",
        statements={
            "fastact": Statements(forward="f(x, targets)", backward="f.value_and_grad(x, targets, out=out)"),
            "numpy": Statements(
                forward="np.mean(np.maximum(x, 0) - x * targets + np.log1p(np.exp(-np.abs(x))))",
                backward="loss = np.mean(np.maximum(x, 0) - x * targets + np.log1p(np.exp(-np.abs(x)))); "
                "d = np.subtract(1 / (1 + np.exp(-x)), targets, out=out); d /= x.size; (loss, d)",
            ),
            # log1p is many times slower than log, whose error here is nothing beside the mean's
            "numpy_tuned": Statements(
                forward="t = np.abs(x, out=tmp); np.negative(t, out=t); np.exp(t, out=t); np.add(t, 1, out=t); np.log(t, out=t); "
                "r = np.maximum(x, 0, out=tmp2); np.add(t, r, out=t); np.multiply(x, targets, out=r); "
                "np.mean(np.subtract(t, r, out=t))",
                backward="t = np.abs(x, out=tmp); np.negative(t, out=t); np.exp(t, out=t); np.add(t, 1, out=t); "
                "np.log(t, out=t); "
                "r = np.maximum(x, 0, out=out); np.add(t, r, out=t); np.multiply(x, targets, out=r); "
                "loss = np.mean(np.subtract(t, r, out=t)); r = np.negative(x, out=r); np.exp(r, out=r); np.add(r, 1, out=r); "
                "np.reciprocal(r, out=r); np.subtract(r, targets, out=r); (loss, np.divide(r, x.size, out=r))",
            ),
            # what its backward() computes
            "torch": Statements(
                forward="F.binary_cross_entropy_with_logits(x, targets)",
                backward="loss = F.binary_cross_entropy_with_logits(x, targets); "
                "(loss, torch.sigmoid(x, out=out).sub_(targets).mul_(1 / x.numel()))",
            ),
        },
        jax="lambda x, targets: jax.numpy.mean(jax.numpy.logaddexp(x, 0) - x * targets)",
        textbook=Textbook(_binary_cross_entropy, _binary_cross_entropy_gradient),
        arrays=ByDirection(2, 3),
        ulp=ByDirection(4, 6),
        is_loss=True,
    ),
)
