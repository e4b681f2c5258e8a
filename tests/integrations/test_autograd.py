"""`fastact.autograd`: values and gradients are those that autograd finds itself of the formulas, and of finite differences."""

import importlib
import pickle

import numpy as np
import pytest
from frameworks import DRAWN, ONCE, ROWS, UNITS, inputs

import fastact
from fastact import functions

autograd = pytest.importorskip("autograd")
fa = importlib.import_module("fastact.autograd")
anp = autograd.numpy
check_grads = pytest.importorskip("autograd.test_util").check_grads


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture(autouse=True)
def finite_differences():
    """Autograd's own check of gradients draws from NumPy's generator, and its small steps may underflow."""
    np.random.seed(0)  # noqa: NPY002
    with np.errstate(under="ignore"):
        yield


def log_sum_exp(x):
    largest = anp.max(x, axis=-1, keepdims=True)
    return anp.log(anp.sum(anp.exp(x - largest), axis=-1, keepdims=True)) + largest


#: Functions here and how they are written in autograd's NumPy.
SAME = {
    "gelu_tanh": lambda x: x * (1 + anp.tanh(anp.sqrt(2 / anp.pi) * (x + 0.044715 * x**3))) / 2,
    "log_softmax": lambda x: x - log_sum_exp(x),
    "logsumexp": lambda x: log_sum_exp(x)[..., 0],
    "relu": lambda x: anp.where(x > 0, x, 0.0),
    "sigmoid": lambda x: 1 / (1 + anp.exp(-x)),
    "silu": lambda x: x / (1 + anp.exp(-x)),
    "softmax": lambda x: anp.exp(x - log_sum_exp(x)),
    "softplus": lambda x: anp.log1p(anp.exp(x)),
    "softsign": lambda x: x / (1 + anp.abs(x)),
    "tanh": anp.tanh,
}


@pytest.mark.parametrize("name", SAME)
def test_as_in_autograd(name):
    x = random(5, 6)

    def values(f):
        first = autograd.grad(lambda x: anp.sum(f(x) ** 2))
        return f(x), first(x), autograd.grad(lambda x: anp.sum(first(x) ** 2))(x)

    for mine, theirs in zip(values(getattr(fa, name)), values(SAME[name]), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", fastact.activations)
def test_activation(name):
    f = getattr(fa, name)
    x, bias = inputs(name, (3, 4)), np.linspace(-0.01, 0.01, 4)
    order = 1 if name in DRAWN else 2
    check_grads(lambda x, b: f(x, bias=b), modes=["rev"], order=order)(x, bias)
    check_grads(f, modes=["rev"], order=order)(float(x[0, 0]))  # a number


@pytest.mark.parametrize("axis", [-1, 0, (0, 1), None], ids=str)
@pytest.mark.parametrize("name", ROWS)
def test_rows(name, axis):
    f = getattr(fa, name)
    check_grads(lambda x: f(x, axis=axis), modes=["rev"], order=1 if name in ONCE else 2)(random(3, 4))


@pytest.mark.parametrize("name", UNITS)
def test_gated_units(name):
    f = getattr(fa, name)
    check_grads(f, modes=["rev"], order=2)(random(4, 6), random(4, 6, seed=1))
    check_grads(f, modes=["rev"], order=2)(random(4, 6))
    check_grads(lambda x: f(x, axis=0, gate_first=True), modes=["rev"], order=2)(random(4, 6))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses(reduction):
    logits, labels, targets = random(4, 5), np.array([0, 4, 2, 2]), np.random.default_rng(1).random((4, 5))
    check_grads(lambda x: fa.cross_entropy(x, labels, reduction=reduction), modes=["rev"], order=1)(logits)
    check_grads(lambda x: fa.cross_entropy(x, targets, reduction=reduction, axis=0), modes=["rev"], order=1)(logits)
    check_grads(lambda x: fa.nll_loss(x, labels, reduction=reduction), modes=["rev"], order=1)(logits)
    check_grads(lambda x: fa.binary_cross_entropy(x, targets, reduction=reduction), modes=["rev"], order=1)(logits)


def test_learnt_parameters():
    x = random(3, 5)
    check_grads(lambda x, s: fa.prelu(x, slope=s), modes=["rev"], order=1)(x, random(5))
    check_grads(lambda x, b: fa.silu(x, beta=b), modes=["rev"], order=1)(x, 1.3)
    check_grads(lambda x, a: fa.elu(x, alpha=a), modes=["rev"], order=1)(x, np.linspace(0.5, 1.5, 5))
    with pytest.raises(NotImplementedError, match=r"fastact\.autograd\.silu: this gradient can't be differentiated again"):
        autograd.grad(autograd.grad(lambda b: fa.silu(1.0, beta=b)))(1.3)


def test_jacobian_and_hessian():
    x = random(4)
    y = fastact.softmax(x)
    np.testing.assert_allclose(autograd.jacobian(fa.softmax)(x), np.diag(y) - np.outer(y, y), atol=1e-15)
    np.testing.assert_allclose(autograd.hessian(fa.logsumexp)(x), np.diag(y) - np.outer(y, y), atol=1e-15)


def test_third_derivative():
    third = autograd.grad(autograd.grad(autograd.grad(fa.softplus)))
    s = 1 / (1 + np.exp(-0.3))
    assert third(0.3) == pytest.approx(s * (1 - s) * (1 - 2 * s), rel=1e-12)


@pytest.mark.parametrize("name", ONCE)
def test_a_second_derivative_that_there_is_not(name):
    f = getattr(fa, name)
    with pytest.raises(NotImplementedError, match="can't be differentiated again"):
        autograd.grad(lambda x: anp.sum(autograd.elementwise_grad(f)(x) ** 2))(random(3, 4))


def test_float32_stays():
    x = random(3, 4).astype(np.float32)
    dx = autograd.grad(lambda x: anp.sum(fa.gelu(x, bias=x[0])))(x)
    assert dx.dtype == fa.gelu(x).dtype == np.float32


def test_without_gradients_it_is_the_function_itself():
    x = random(3, 4)
    np.testing.assert_array_equal(fa.gelu(x), fastact.gelu(x))
    np.testing.assert_array_equal(fa.gelu([1.0, 2.0]), fastact.gelu([1.0, 2.0]))
    assert isinstance(fa.gelu(1.0), np.float64)


def test_training():
    """Two layers learn what is not linear."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    p = [rng.normal(size=(2, 16)), np.zeros(16), rng.normal(size=(16, 2)) / 4]

    def loss(p):
        return fa.cross_entropy(anp.dot(fa.tanh(anp.dot(x, p[0]), bias=p[1]), p[2]), labels)

    before = loss(p)
    for _ in range(200):
        p = [value - 0.5 * gradient for value, gradient in zip(p, autograd.grad(loss)(p), strict=True)]
    assert loss(p) < before / 3


def test_names():
    assert set(functions.records) <= set(dir(fa))
    assert repr(fa.gelu) == "<fastact.autograd.gelu>"
    assert pickle.loads(pickle.dumps(fa.gelu)).function is fastact.gelu
    with pytest.raises(AttributeError, match="did you mean 'gelu'"):
        fa.gellu  # noqa: B018


def test_errors():
    x = random(3, 4)
    with pytest.raises(TypeError, match=r"fastact\.autograd\.softmax: there is no gradient of mask"):
        autograd.grad(lambda m: anp.sum(fa.softmax(x, mask=m)))(np.zeros((3, 4)))
    with pytest.raises(TypeError, match="out= is not taken"):
        fa.gelu(x, out=x)
    with pytest.raises(ValueError, match="gelu: bias of shape"):
        autograd.grad(lambda x: anp.sum(fa.gelu(x, bias=np.zeros(3))))(x)
