"""`fastact.jax`: values and gradients are those that JAX finds itself, also compiled, for batches, and of gradients."""

import importlib
import pickle

import numpy as np
import pytest
from frameworks import DRAWN, ONCE, ROWS, inputs

import fastact
from fastact import functions

jax = pytest.importorskip("jax")
fj = importlib.import_module("fastact.jax")
jnp = jax.numpy


@pytest.fixture(autouse=True)
def doubles():
    """In float64, on the CPU. JAX's compiler itself makes numbers overflow."""
    with np.errstate(all="ignore"):
        jax.config.update("jax_enable_x64", True)
        yield
        jax.config.update("jax_enable_x64", False)


def random(*shape, seed=0, dtype=np.float64):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(dtype))


SAME = {
    "celu": jax.nn.celu,
    "elu": jax.nn.elu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "gelu_tanh": lambda x: jax.nn.gelu(x, approximate=True),
    "leaky_relu": jax.nn.leaky_relu,
    "log_sigmoid": jax.nn.log_sigmoid,
    "log_softmax": jax.nn.log_softmax,
    "logsumexp": lambda x: jax.nn.logsumexp(x, axis=-1),
    "mish": jax.nn.mish,
    "relu": jax.nn.relu,
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "softmax": jax.nn.softmax,
    "softplus": jax.nn.softplus,
    "softsign": jax.nn.soft_sign,
    "tanh": jnp.tanh,
}


@pytest.mark.parametrize("name", SAME)
def test_as_in_jax(name):
    """Values, gradients, and the gradients of gradients; compiled."""
    x = random(4, 5)

    def values(f):
        first = jax.grad(lambda x: (f(x) ** 2).sum())
        return jax.jit(lambda x: (f(x), first(x), jax.grad(lambda x: (first(x) ** 2).sum())(x)))(x)

    for mine, theirs in zip(values(getattr(fj, name)), values(SAME[name]), strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", [*list(fastact.activations)[::6], "softplus", "rrelu"])
def test_activation(name):
    """One wrapper serves all, so some stand for them. The gradients of x and of the bias are those of fastact, and those of
    gradients those of its derivative."""
    f, own = getattr(fj, name), fastact.activations[name]
    x, bias = inputs(name, (3, 4)), np.linspace(-0.01, 0.01, 4)
    dx, dbias = jax.grad(lambda x, b: f(x, bias=b).sum(), (0, 1))(jnp.asarray(x), jnp.asarray(bias))
    wanted = own.backward(np.ones_like(x), x, bias=bias)
    np.testing.assert_array_equal(dx, wanted[0])
    np.testing.assert_array_equal(dbias, wanted[-1])
    if name not in DRAWN:
        second = jax.grad(lambda x: jax.grad(lambda x: f(x).sum())(x).sum())(jnp.asarray(x))
        _, wanted = own.derivative.value_and_grad(x)
        np.testing.assert_allclose(second, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ROWS)
def test_rows(name):
    f, own = getattr(fj, name), getattr(fastact, name)
    x = random(3, 4, 2)
    for axis in (-1, 1, (0, 2), None):
        y = f(x, axis=axis)
        np.testing.assert_array_equal(y, own(np.asarray(x), axis=axis))
        dx = jax.grad(lambda x, axis=axis: (f(x, axis=axis) ** 2).sum())(x)
        dy = 2 * np.asarray(y)
        np.testing.assert_allclose(dx, own.backward(dy, np.asarray(x), axis=axis), rtol=1e-12, atol=1e-14)


def test_gated_units():
    gate, value = random(4, 6), random(4, 6, seed=1)

    def gradients(f):
        return jax.grad(lambda g, v: (jax.grad(lambda g: f(g, v).sum())(g) ** 2).sum(), (0, 1))(gate, value)

    for mine, theirs in zip(gradients(fj.swiglu), gradients(lambda g, v: jax.nn.silu(g) * v), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10)
    packed = jnp.concatenate([value, gate], -1)

    def gradient(f):
        return jax.grad(lambda x: (jax.grad(lambda x: f(x).sum())(x) ** 2).sum())(packed)

    np.testing.assert_allclose(fj.glu(packed), jax.nn.glu(packed), rtol=1e-12)
    np.testing.assert_allclose(gradient(fj.glu), gradient(jax.nn.glu), rtol=1e-10)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses(reduction):
    logits, labels, targets = random(4, 5), jnp.array([0, 4, 2, 2]), jax.nn.softmax(random(4, 5, seed=1))
    weights = jnp.array([1.0, 2, 3, 4]) if reduction == "none" else 1.0
    reduce = {"mean": jnp.mean, "sum": jnp.sum, "none": lambda x: x}[reduction]

    def theirs(x, t):
        return reduce(-(t * jax.nn.log_softmax(x)).sum(-1))

    for t in (labels, targets):
        dense = jax.nn.one_hot(t, 5) if t is labels else t
        mine = jax.jit(lambda x, t: fj.cross_entropy(x, t, reduction=reduction))
        np.testing.assert_allclose(mine(logits, t), theirs(logits, dense), rtol=1e-12)
        np.testing.assert_allclose(
            jax.grad(lambda x, t=t, mine=mine: (weights * mine(x, t)).sum())(logits),
            jax.grad(lambda x, t=dense: (weights * theirs(x, t)).sum())(logits),
            rtol=1e-10,
            atol=1e-14,
        )
    with pytest.raises(NotImplementedError, match=r"fastact\.jax\.cross_entropy: this gradient can't be differentiated again"):
        jax.grad(lambda x: jax.grad(lambda x: fj.cross_entropy(x, labels))(x).sum())(logits)


def test_learnt_parameters():
    x, beta = random(3, 5), jnp.asarray(1.3)

    def gradients(f):
        first = jax.grad(lambda x, b: (f(x, b) ** 2).sum(), (0, 1))(x, beta)
        return *first, *jax.grad(lambda x, b: (jax.grad(lambda x: f(x, b).sum())(x) ** 2).sum(), (0, 1))(x, beta)

    mine, theirs = gradients(lambda x, b: fj.silu(x, beta=b)), gradients(lambda x, b: x * jax.nn.sigmoid(b * x))
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_batches():
    """`jax.vmap` of one operand is one call; of several it is one for each."""
    x, bias = random(3, 4), random(4, seed=1)
    np.testing.assert_array_equal(jax.vmap(fj.gelu)(x), fastact.gelu(np.asarray(x)))
    np.testing.assert_array_equal(jax.vmap(fj.softmax)(x), fastact.softmax(np.asarray(x)))
    np.testing.assert_array_equal(jax.vmap(lambda x: fj.softmax(x, axis=0))(x), fastact.softmax(np.asarray(x)))
    np.testing.assert_array_equal(
        jax.vmap(lambda x: fj.gelu(x, bias=bias))(x), fastact.gelu(np.asarray(x), bias=np.asarray(bias))
    )
    per_example = jax.vmap(jax.grad(fj.logsumexp))(x)
    np.testing.assert_allclose(per_example, fastact.softmax(np.asarray(x)), rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_dtypes(dtype):
    x = random(3, 4).astype(dtype)
    y, dx = fj.silu(x), jax.grad(lambda x: fj.silu(x, bias=x[0]).sum())(x)
    assert y.dtype == dx.dtype == x.dtype
    np.testing.assert_array_equal(np.asarray(y), fastact.silu(np.asarray(x)))


def test_shapes():
    for shape in ((), (0,), (2, 0, 3)):
        x = jnp.zeros(shape)
        assert fj.gelu(x).shape == shape
        assert jax.grad(lambda x: fj.gelu(x).sum())(x).shape == shape


@pytest.mark.parametrize("name", ONCE)
def test_a_second_derivative_that_there_is_not(name):
    f = getattr(fj, name)
    with pytest.raises(NotImplementedError, match="can't be differentiated again"):
        jax.grad(lambda x: (jax.grad(lambda x: f(x).sum())(x) ** 2).sum())(random(3, 4))


def test_exact_results():
    """They are asked for where the call is, and computed on another thread."""
    x = random(1000, dtype=np.float32)
    with fastact.precision("exact"):
        wanted = fastact.gelu(np.asarray(x))
        assert np.asarray(fj.gelu(x)).tobytes() == wanted.tobytes()
    assert np.asarray(fj.gelu(x)).tobytes() == fastact.gelu(np.asarray(x)).tobytes()


def test_calls_of_a_kind_are_compiled_once():
    from fastact.jax import _JAX

    x = random(7, 3)
    fj.gelu(x)
    before = len(_JAX._cache)
    for _ in range(3):
        fj.gelu(x + 1)
    assert len(_JAX._cache) == before
    fj.gelu(x[:2])
    assert len(_JAX._cache) == before + 1


def test_names():
    assert set(functions.records) <= set(dir(fj))
    assert pickle.loads(pickle.dumps(fj.gelu)).function is fastact.gelu
    with pytest.raises(AttributeError, match="did you mean 'gelu'"):
        fj.gellu  # noqa: B018


def test_errors():
    x = random(3, 4)
    with pytest.raises(TypeError, match=r"no gradient of mask.*give jax\.lax\.stop_gradient\(mask\)"):
        jax.grad(lambda m: fj.softmax(x, mask=m).sum())(jnp.zeros((3, 4)))
    with pytest.raises(TypeError, match=r"fastact\.jax\.relu: x has dtype int"):
        fj.relu(jnp.array([1, 2]))
    with pytest.raises(TypeError, match="rng= is not taken"):
        fj.rrelu(x, rng=np.random.default_rng(0))
    with pytest.raises(Exception, match="gelu: bias of shape"):
        fj.gelu(x, bias=jnp.zeros(3))
