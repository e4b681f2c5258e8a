"""A user's file with mistakes. A comment says what is wrong with its line: a type checker must find it, and nothing else."""

import numpy as np
from numpy.typing import NDArray

import fastact
from fastact import cross_entropy, elu, gelu, get_precision, logsumexp, prelu, relu, set_precision, silu, softmax, swiglu


def mistakes(x: NDArray[np.float32], z: NDArray[np.complex128], labels: NDArray[np.int64]) -> None:
    relu(x, alpha=0.1)  # wrong: relu has no parameters
    silu(x, bata=1.0)  # wrong: beta
    elu(x, 0.5)  # wrong: parameters are keywords
    prelu(x, slope="0.25")  # wrong: a text
    relu("x")  # wrong: a text
    print(relu(x).shpae)  # wrong: shape
    gelu.backward(x)  # wrong: neither x nor y
    gelu.backward(x, y=x)  # wrong: the derivative can't be had from the output
    print(gelu.value_and_grad(x).shape)  # wrong: a pair
    silu.derivative(x, alpha=1.0)  # wrong: beta
    gelu.backwards(x, x)  # wrong: backward
    dx = relu.backward(x, x, bias=x).shape  # wrong: a pair
    softmax(x, mask="casual")  # wrong: causal
    softmax(x, dim=-1)  # wrong: axis
    softmax(x, axis=1.5)  # wrong: no integer
    softmax(x, empty="one")  # wrong: nan, zero or uniform
    logsumexp(x, empty="nan")  # wrong: a reduction has no such option
    swiglu(x, x, axis=0)  # wrong: axis is that of one packed array
    cross_entropy(x, labels, reduction="average")  # wrong: mean
    cross_entropy(x, labels, mask="causal")  # wrong: a mask of classes
    cross_entropy(x)  # wrong: no targets
    relu(x, casting="same-kind")  # wrong: same_kind
    relu(x, order="R")  # wrong: K, A, C or F
    relu(x, out="x")  # wrong: no array
    set_precision("exakt")  # wrong: exact
    with fastact.precision("double"):  # wrong: fast or exact
        fastact.rellu(x)  # wrong: relu
    fastact.gated(swiglu)  # wrong: no activation
    fastact.set_num_threads("2")  # wrong: no number
    fastact.monitor(by="layer")  # wrong: site or name
    fastact.define(3)  # wrong: neither function nor text
    dx.sum()
    print(get_precision() == "fast", z)
