"""A user's file, right as it is: type checkers find nothing, and its results are of the types that it says.

`test_checkers.py` gives it to mypy and pyright, and runs it with an `assert_type` that looks.
"""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import fastact
from fastact import (
    binary_cross_entropy,
    cross_entropy,
    elu,
    gelu,
    gumbel_softmax,
    hard_tanh,
    leaky_relu,
    logsumexp,
    maxout,
    nll_loss,
    prelu,
    reglu,
    relu,
    rrelu,
    sigmoid,
    silu,
    softmax,
    sparsemax,
    srelu,
    swiglu,
    threshold,
)

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]


def elementwise(x: Floats, d: Doubles, i: Whole, b: NDArray[np.bool], u: NDArray[Any]) -> None:
    """Arrays in, arrays out."""
    assert_type(relu(x), Floats)
    assert_type(relu(d), Doubles)
    assert_type(gelu(x.astype(np.float16)), NDArray[np.float16])
    assert_type(elu(x, alpha=0.5), Floats)
    assert_type(elu(x, alpha=np.float64(0.5)), Floats)  # a number never changes the dtype
    assert_type(relu(x, out=d), Doubles)
    assert_type(relu(x, out=(x,)), Floats)
    assert_type(relu(x, out=x, where=b), Floats)
    assert_type(gelu(x, bias=x), Floats)
    assert_type(gelu(x, bias=x, bias_axis=0), Floats)
    assert_type(silu(x, beta=x), Floats)  # a parameter that is learnt
    assert_type(srelu(x, slope_left=x, slope_right=0.1), Floats)
    print(relu(u).shape, relu(u).dtype, relu(x).shape, gelu(np.array([1.0, 2.0])).sum())

    # whole numbers: the piecewise linear functions keep them
    assert_type(relu(i), Whole)
    assert_type(relu(b), NDArray[np.bool])
    assert_type(gelu(i), Doubles)
    assert_type(leaky_relu(i), Doubles)
    assert_type(leaky_relu(i, negative_slope=2), Whole)
    assert_type(hard_tanh(i), Whole)
    assert_type(hard_tanh(i, max=0.5), Doubles)
    assert_type(threshold(i, value=-1), Whole)

    # what is asked for by dtype=, and lists: an array
    print(relu(x, dtype=np.float64).shape, relu(x, dtype="f8", casting="same_kind", order="C", subok=False).shape)
    print(
        gelu([1.0, 2.0]).shape,
        gelu([[1, 2], [3, 4]]).sum(),
        gelu(range(3)).sum(),
        gelu([x, x]).sum(),
        gelu((np.float32(1), 2)).sum(),
    )


class Tagged:
    """An array of the user's own class, which comes back as its own kind."""

    def __init__(self, array: Floats) -> None:
        self.array = array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> "Tagged":
        assert method == "__call__"
        return Tagged(ufunc(*(one.array if isinstance(one, Tagged) else one for one in inputs), **options))


def of_other_classes(x: Floats, masked: np.ma.MaskedArray[Any, np.dtype[np.float32]]) -> None:
    """Arrays of other classes."""
    assert_type(relu(Tagged(x)), Any)
    found: Tagged = silu(Tagged(x), beta=2.0)
    print(found.array.shape, relu(masked).mask.shape, gelu.value_and_grad(masked)[1].mask.shape)
    print(gelu(x.tolist()).shape, relu(np.float32(1), out=...).shape)


def numbers() -> None:
    """A number in, a scalar of NumPy's out."""
    assert_type(gelu(1.0), np.float64)
    assert_type(gelu(1), np.float64)
    assert_type(relu(3), np.int_)
    assert_type(relu(3.0), np.float64)
    assert_type(hard_tanh(-3), np.int_)
    assert_type(leaky_relu(-3), np.float64)
    assert_type(relu(np.float32(3)), np.float32)
    assert_type(relu(np.int8(3)), np.int8)
    assert_type(silu(np.float32(3), beta=2), np.float32)
    assert_type(sigmoid.value_and_grad(0.0), tuple[np.float64, np.float64])
    assert_type(relu.backward(1.0, 2.0), np.float64)
    assert_type(relu.backward(np.float32(1), np.float32(2)), np.float32)
    assert_type(swiglu(1.0, 2.0), np.float64)


def gradients(dy: Floats, x: Floats, i: Whole, bias: Floats, high: Floats) -> None:
    """One array; a pair with a bias or with a parameter that is learnt; three with both."""
    y = sigmoid(x)
    assert_type(gelu.backward(dy, x), Floats)
    assert_type(sigmoid.backward(dy, y=y), Floats)
    assert_type(elu.backward(dy, x, alpha=0.5), Floats)
    assert_type(gelu.backward(dy, x, out=dy.copy()), Floats)
    assert_type(relu.backward(1.0, x, bias=bias), tuple[Floats, Floats])
    assert_type(gelu.backward(dy, x, bias=bias), tuple[Floats, Floats])
    assert_type(relu.backward(dy, y=relu(x), bias=bias), tuple[Floats, Floats])
    assert_type(gelu.backward(dy, x, bias=None), Floats)
    dx, dbias = relu.backward(dy, y=relu(x), bias=bias, out=dy.copy())
    assert_type(silu.backward(dy, x, beta=bias), tuple[Floats, Floats])
    assert_type(silu.backward(dy, x, beta=bias, bias=bias), tuple[Floats, Floats, Floats])
    assert_type(prelu.backward(dy, x, slope=bias), tuple[Floats, Floats])
    assert_type(prelu.backward(dy, x), tuple[Floats, np.float32])
    assert_type(hard_tanh.backward(dy, x, min=bias), tuple[Floats, Floats])
    assert_type(hard_tanh.backward(dy, x, min=bias, max=high), tuple[Floats, Floats, Floats])
    dx, *dslopes = srelu.backward(dy, x, slope_left=bias, slope_right=bias)
    print(dx.shape, dbias.shape, len(dslopes))

    assert_type(gelu.value_and_grad(x), tuple[Floats, Floats])
    assert_type(gelu.value_and_grad(x, bias=bias), tuple[Floats, Floats])
    assert_type(relu.value_and_grad(i), tuple[Doubles, Doubles])
    assert_type(gelu.value_and_grad(x, out=(x.copy(), x.astype(np.float64))), tuple[Floats, Doubles])
    y, _ = elu.value_and_grad(x, alpha=2, out=(x.copy(), None))

    assert_type(silu.derivative(x, beta=2.0), Floats)
    assert_type(silu.derivative.derivative.backward(dy, x, beta=2.0), Floats)
    assert_type(relu.derivative(i), Doubles)
    assert_type(gelu.name, str)
    assert_type(gelu.info.ulp, float)
    print(gelu.ufunc, gelu.params, gelu.backend, silu.derivative.info.formula)

    rng = np.random.default_rng(0)
    assert_type(rrelu(x, lower=0.1, rng=rng), Floats)
    assert_type(rrelu.value_and_grad(x, rng=rng), tuple[Floats, Floats])


def units(gate: Floats, value: Floats, packed: Floats, i: Whole) -> None:
    """Gated units of two arrays or a packed one."""
    assert_type(swiglu(gate, value), Floats)
    assert_type(swiglu(packed), Floats)
    assert_type(swiglu(packed, axis=0, gate_first=True), Floats)
    assert_type(swiglu(gate, value, out=gate.copy()), Floats)
    assert_type(swiglu(i, i), Doubles)
    assert_type(reglu(i, i), Whole)
    assert_type(swiglu.backward(gate, gate, value), tuple[Floats, Floats])
    assert_type(swiglu.backward(gate, gate, value, out=(gate.copy(), value.copy())), tuple[Floats, Floats])
    assert_type(swiglu.backward(swiglu(packed), packed), Floats)
    print(fastact.gated("relu")(i, i).dtype)
    assert_type(fastact.gated(fastact.mish)(gate, value), Floats)
    print(swiglu.activation.name)


def rows(x: Floats, i: Whole, keep: NDArray[np.bool], u: NDArray[Any]) -> None:
    """Functions of rows."""
    assert_type(softmax(x), Floats)
    assert_type(softmax(x, axis=(0, 1), scale=0.25), Floats)
    assert_type(softmax(x, mask="causal"), Floats)
    assert_type(softmax(x, mask=("causal", 1), empty="zero"), Floats)
    assert_type(softmax(x, mask=keep, scale=np.ones((x.shape[0], 1), np.float32), out=x.copy()), Floats)
    assert_type(softmax(i), Doubles)
    assert_type(softmax.backward(x, y=x), Floats)
    assert_type(softmax.backward(x, x, mask=keep, scale=0.5), Floats)
    assert_type(sparsemax(x, axis=0), Floats)
    assert_type(gumbel_softmax(x, tau=0.5, hard=True, rng=np.random.default_rng(0)), Floats)
    assert_type(logsumexp(x, axis=None), np.float32)
    assert_type(logsumexp(x, axis=(0, 1), keepdims=True), Floats)
    assert_type(logsumexp.backward(np.float32(1), x, axis=None), Floats)
    assert_type(maxout(x, keepdims=True, return_index=True), tuple[Floats, NDArray[np.intp]])
    assert_type(maxout(x, axis=None, return_index=True), tuple[np.float32, np.intp])
    y, winner = maxout(x, return_index=True)
    print(y.shape, winner.shape, logsumexp(x).shape, softmax(u).shape, softmax([1.0, 2.0]).shape)


def losses(logits: Floats, labels: Whole, weight: Doubles, targets: Floats) -> None:
    """A scalar, or a loss of each row."""
    assert_type(cross_entropy(logits, labels), np.float32)
    assert_type(cross_entropy(logits, labels, label_smoothing=0.1, reduction="none"), Floats)
    assert_type(cross_entropy(logits, labels, sample_weight=weight, reduction="sum"), np.float32)
    assert_type(cross_entropy.value_and_grad(logits, labels), tuple[np.float32, Floats])
    assert_type(cross_entropy.value_and_grad(logits, labels, out=logits.copy()), tuple[np.float32, Floats])
    assert_type(cross_entropy.value_and_grad(logits, [0, 1], reduction="none"), tuple[Floats, Floats])
    assert_type(nll_loss(logits, labels, ignore_index=0), np.float32)
    assert_type(binary_cross_entropy(logits, targets, pos_weight=2.0), np.float32)
    assert_type(binary_cross_entropy(targets, targets, from_logits=False, reduction="none"), Floats)
    assert_type(binary_cross_entropy(labels, labels), np.float64)


@fastact.define
def aria(x: Any, alpha: float = 1.5, beta: float = 2.0) -> Any:
    """ARiA-2."""
    return x * (1 + np.exp(-beta * x)) ** -alpha


@fastact.define(name="third", monotonic=True)
def cube(x: Any) -> Any:
    return x * x * x


def layer(act: fastact.Activation, x: Floats) -> Floats:
    """A function of the user's, of any activation."""
    return act(x)


def own(x: Floats) -> None:
    """Definitions, names, settings."""
    assert_type(aria, fastact.Activation)
    assert_type(cube, fastact.Activation)
    assert_type(fastact.define("x * sigmoid(x)"), fastact.Activation)
    assert_type(aria(x, alpha=1.0), Floats)
    assert_type(aria.backward(x, x, beta=1.0), Floats)
    dx, dbeta = aria.backward(x, x, beta=x)
    assert_type(aria.value_and_grad(x), tuple[Floats, Floats])
    assert_type(layer(gelu, x), Floats)
    assert_type(layer(gelu.derivative, x), Floats)
    assert_type(layer(fastact.activations["relu"], x), Floats)
    act: fastact.Activation = relu
    act = gelu if x.size else silu
    assert_type(act(x), Floats)
    for each in (relu, gelu, silu):
        assert_type(each(x), Floats)
    table: dict[str, fastact.Activation] = {"relu": relu, "silu": silu}
    assert_type(table["silu"].backward(x, x), Floats)
    assert_type(fastact.get("silu")(x, beta=2), Floats)
    assert_type(fastact.get("softmax")(x, mask="causal"), Floats)
    found = fastact.get("SiLU" if x.size else "Softmax")
    print(found(x), dx.shape, dbeta.shape, isinstance(found, fastact.Activation))
    with fastact.monitor(by="name") as m, m.name("layer 1"), fastact.precision("exact"), fastact.num_threads(1):
        relu(x)
    fastact.set_precision(fastact.get_precision())
    assert_type(fastact.get_num_threads(), int)
    assert_type(fastact.backend(), str)
    assert_type(fastact.backends.available(), tuple[str, ...])
    assert_type(fastact.__version__, str)
    print(fastact.backends.load("numpy").bind(gelu)(x))


if __name__ == "__main__":
    square = np.linspace(-2, 2, 16, dtype=np.float32).reshape(4, 4)
    row, double = square[0], np.linspace(-2, 2, 4)
    integers = np.arange(-2, 2)
    elementwise(row, double, integers, integers > 0, square)
    of_other_classes(row, np.ma.masked_array(row, row > 0))
    numbers()
    gradients(row[np.newaxis], square[:1], integers, row, row + 1)
    units(row, row, square, integers)
    rows(square, integers, square > -1, square)
    losses(square[:2], np.arange(2), np.ones(2), (square[:2] > 0).astype(np.float32))
    own(row[np.newaxis].repeat(4, 0))
