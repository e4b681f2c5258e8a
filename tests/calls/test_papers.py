"""Five activations from papers that the catalogue lacks, defined as docs/own_activation.md does, against their own
straightforward float64 NumPy: value, gradient, and the gradients of what is learnt.
"""

import numpy as np
import pytest
from scipy import special

import fastact
from fastact import backends


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def aria(x, alpha, beta):
    return x * (1 + np.exp(-beta * x)) ** -alpha


def serf(x):
    return x * special.erf(np.log1p(np.exp(x)))


def acon_c(x, p1, p2, beta):
    return (p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x


def logish(x):
    return x * np.log(1 + sigmoid(x))


def pelu(x, a, b):
    return np.where(x >= 0, a / b * x, a * (np.exp(x / b) - 1))


TEXTS = {
    aria: ("x * (1 + exp(-beta * x)) ** -alpha", {"alpha": 1.5, "beta": 2.0}),
    serf: ("x * erf(log1p(exp(x)))", {}),
    acon_c: ("(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x", {"p1": 1.0, "p2": 0.25, "beta": 1.0}),
    logish: ("x * log(1 + sigmoid(x))", {}),
    pelu: ("where(x >= 0, a / b * x, a * (exp(x / b) - 1))", {"a": 1.25, "b": 0.75}),
}
NAMES = [f.__name__ for f in TEXTS]
LEARN = [f for f, (_, parameters) in TEXTS.items() if parameters]
#: Of the largest magnitude around: the formulas in NumPy lose digits in the tails, by cancellation and overflow.
TOLERANCE = {np.float32: 1e-6, np.float64: 5e-15, np.float16: 2e-3}


def defined(function, backend):
    text, parameters = TEXTS[function]
    activation = fastact.define(text, name=function.__name__, parameters=parameters)
    return backends.load(backend).bind(activation), parameters


def inputs(dtype):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=600) * 3, np.linspace(-20, 20, 401)]).astype(dtype)
    return x, rng.normal(size=x.shape).astype(dtype)


def slope(function, x, parameters, step=1e-5):
    """By central differences of fourth order."""
    f = lambda k: function(x + k * step, *parameters.values())  # noqa: E731
    return (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * step)


def slope_by(function, x, parameters, name, step=1e-5):
    f = lambda k: function(x, *{**parameters, name: parameters[name] + k * step}.values())  # noqa: E731
    return (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * step)


@pytest.mark.parametrize("backend", backends.available())
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("function", TEXTS, ids=NAMES)
def test_value(function, dtype, backend):
    activation, parameters = defined(function, backend)
    x, _ = inputs(dtype)
    with np.errstate(all="ignore"):
        expected = function(x.astype(float), *parameters.values())
    y = activation(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    out = np.empty_like(x)
    assert activation(x, out=out) is out
    np.testing.assert_array_equal(out, y)
    np.testing.assert_array_equal(activation(x[::-1]), y[::-1])


@pytest.mark.parametrize("backend", backends.available())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", TEXTS, ids=NAMES)
def test_gradient(function, dtype, backend):
    activation, parameters = defined(function, backend)
    x, dy = inputs(dtype)
    x[x == 0] = 1  # PELU's kink
    with np.errstate(all="ignore"):
        expected = slope(function, x.astype(float), parameters)
    tolerance = max(1e-8, 4 * TOLERANCE[dtype])  # the differences' own error
    np.testing.assert_allclose(activation.backward(dy, x), dy * expected, rtol=tolerance, atol=tolerance)
    y, d = activation.value_and_grad(x)
    np.testing.assert_array_equal(y, activation(x))
    np.testing.assert_allclose(d, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("backend", backends.available())
@pytest.mark.parametrize("function", LEARN, ids=[f.__name__ for f in LEARN])
def test_learnt(function, backend):
    """One number of each parameter per channel: all their gradients come along."""
    activation, parameters = defined(function, backend)
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(2, 40, 7))
    arrays = {name: value + 0.1 * rng.normal(size=7) for name, value in parameters.items()}
    np.testing.assert_allclose(activation(x, **arrays), function(x, *arrays.values()), rtol=1e-14, atol=1e-14)
    dx, *gradients = activation.backward(dy, x, **arrays)
    np.testing.assert_allclose(dx, dy * slope(function, x, arrays), rtol=1e-8, atol=1e-8)
    assert len(gradients) == len(parameters)
    for name, gradient in zip(parameters, gradients, strict=True):
        expected = (dy * slope_by(function, x, arrays, name)).sum(axis=0)
        np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-7, err_msg=name)
