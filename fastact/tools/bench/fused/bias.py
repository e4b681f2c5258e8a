"""An activation with a bias: its entries in the benchmark, textbook definition and statements."""

from __future__ import annotations

import numpy as np

from ....functions import entries
from ....functions.entry import Entry
from ...peers.statements import Statements
from .definition import LONG_ROW, ByDirection, Fused, Textbook, Wanted, WideOperands, activation


def _textbook(entry: Entry) -> Textbook:
    def forward(a: WideOperands) -> Wanted:
        value = activation(entry, a.preactivation)[0]
        return [(value, value)]

    def backward(a: WideOperands) -> Wanted:
        _, slope, terms = activation(entry, a.preactivation)
        dx = a.dy * slope
        return [(dx, a.dy * terms), (dx.sum(axis=0), np.abs(dx).sum(axis=0))]

    return Textbook(forward, backward)


_CDF = "cdf = 0.5 * (1 + erf(preactivation * 0.7071067811865476))"
_DENSITY = "np.exp(-0.5 * preactivation**2) * 0.3989422804014327"

ENTRIES = (
    Fused(
        name="relu+bias",
        function="relu",
        statements={
            "fastact": Statements(forward="f(x, bias=bias, out=out)", backward="f.backward(dy, y=y, bias=bias, out=out)"),
            "numpy": Statements(
                forward="np.maximum(x + bias, 0, out=out)", backward="r = np.multiply(dy, y > 0, out=out); (r, r.sum(axis=0))"
            ),
            "numpy_tuned": Statements(
                forward="r = np.add(x, bias, out=out); np.maximum(r, 0, out=r)",
                backward="r = np.multiply(dy, np.greater(y, 0, out=mask), out=out); (r, r.sum(axis=0))",
            ),
            "torch": Statements(
                forward="torch.relu_(torch.add(x, bias, out=out))",
                backward="r = aten.threshold_backward.grad_input(dy, y, 0, grad_input=out); (r, r.sum(0))",
            ),
        },
        jax="lambda x, bias: jax.nn.relu(x + bias)",
        textbook=_textbook(entries["relu"]),
        row=LONG_ROW,
        ulp=ByDirection(1, 1),
    ),
    # NumPy and PyTorch go back from the sum x + bias, which their users have kept; fastact adds again
    Fused(
        name="gelu+bias",
        function="gelu",
        statements={
            "fastact": Statements(forward="f(x, bias=bias, out=out)", backward="f.backward(dy, x, bias=bias, out=out)"),
            "numpy": Statements(
                forward="z = x + bias; np.multiply(0.5 * z, 1 + erf(z * 0.7071067811865476), out=out)",
                backward=f"{_CDF}; r = np.multiply(dy, cdf + preactivation * {_DENSITY}, out=out); (r, r.sum(axis=0))",
            ),
            "torch": Statements(
                forward="nn.gelu(torch.add(x, bias, out=out), out=out)",
                backward="r = aten.gelu_backward.grad_input(dy, preactivation, grad_input=out); (r, r.sum(0))",
            ),
        },
        jax="lambda x, bias: jax.nn.gelu(x + bias, approximate=False)",
        textbook=_textbook(entries["gelu"]),
        row=LONG_ROW,
    ),
)
