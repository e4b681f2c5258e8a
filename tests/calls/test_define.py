"""Own activations: values against NumPy in float64, gradients against finite differences, and what any activation can do."""

import inspect
import math
import multiprocessing
import pickle
import pydoc
import subprocess
import sys
import warnings

import numpy as np
import pytest
from helpers import cast, layouts

import fastact
from fastact import backends


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def _aria(x, alpha=1.5, beta=2.0):
    """ARiA-2."""
    return x * (1 + np.exp(-beta * x)) ** -alpha


def _acon(x, p1=1.2, p2=-0.8, beta=1.0):
    d = (p1 - p2) * x
    return d / (1 + np.exp(-beta * d)) + p2 * x


def _pelu(x, a=1.0, b=2.0):
    return np.where(x >= 0, a / b * x, a * (np.exp(np.minimum(x, 0) / b) - 1))


#: What is defined, and the same function by hand.
FORMULAS = {
    "aria": (_aria, lambda x, alpha=1.5, beta=2.0: x * np.exp(-alpha * softplus(-beta * x))),
    "serf": ("x * erf(log1p(exp(x)))", lambda x: x * erf(softplus(x))),
    "logish": ("x * log1p(sigmoid(x))", lambda x: x * np.log1p(sigmoid(x))),
    "acon": (
        _acon,
        lambda x, p1=1.2, p2=-0.8, beta=1.0: (p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x,
    ),
    "pelu": (_pelu, lambda x, a=1.0, b=2.0: np.where(x >= 0, a / b * x, a * np.expm1(np.minimum(x, 0) / b))),
    "own_silu": ("x / (1 + exp(-x))", lambda x: x * sigmoid(x)),
    "own_mish": (lambda x: x * np.tanh(fastact.softplus(x)), lambda x: x * np.tanh(softplus(x))),
    "ramp": (lambda x: np.clip(x, -1, 2) + np.abs(x) / 4, lambda x: np.minimum(np.maximum(x, -1), 2) + np.abs(x) / 4),
}
DEFINED = {name: fastact.define(formula, name=name) for name, (formula, _) in FORMULAS.items()}


@pytest.fixture(params=FORMULAS)
def own(request, backend):
    """One definition on one backend, and the same by hand."""
    return backend.bind(DEFINED[request.param]), FORMULAS[request.param][1]


@pytest.fixture
def aria(backend):
    return backend.bind(DEFINED["aria"])


def points(rng, shape=(5, 3, 4)):
    return rng.uniform(0.05, 4, shape) * rng.choice([-1, 1], shape)


# ---- what it computes ------------------------------------------------------------------------------------------------


def test_forward(own, dtype, rng):
    f, by_hand = own
    x = cast(points(rng), dtype)
    y = f(x)
    assert y.dtype == dtype
    eps = {"float16": 2**-10, "bfloat16": 2**-7, "float32": 2**-21, "float64": 2**-50}[np.dtype(dtype).name]
    np.testing.assert_allclose(y.astype(np.float64), by_hand(x.astype(np.float64)), rtol=2 * eps, atol=2 * eps)
    for layout in layouts(x):
        np.testing.assert_array_equal(f(layout), y)
    out = np.zeros_like(x)
    assert f(x, out=out) is out
    np.testing.assert_array_equal(out, y)


def test_gradient(own, rng):
    f, by_hand = own
    x, h = points(rng), 1e-6
    dy = rng.normal(size=x.shape)
    slope = (by_hand(x + h) - by_hand(x - h)) / (2 * h)
    np.testing.assert_allclose(f.backward(dy, x), dy * slope, rtol=2e-7, atol=2e-8)
    y, d = f.value_and_grad(x)
    np.testing.assert_allclose(y, by_hand(x), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(d, slope, rtol=2e-7, atol=2e-8)


def test_parameters_are_learnt(own, rng):
    f, by_hand = own
    x, h = points(rng), 1e-6
    dy = rng.normal(size=x.shape)
    values = {p: default * rng.uniform(0.9, 1.1, (3, 1)) for p, default in f.params.items()}
    np.testing.assert_allclose(f(x, **values), by_hand(x, **values), rtol=1e-12, atol=1e-13)
    if not values:
        return
    dx, *gradients = f.backward(dy, x, **values)
    np.testing.assert_allclose(dx, dy * (by_hand(x + h, **values) - by_hand(x - h, **values)) / (2 * h), rtol=1e-6, atol=1e-7)
    for (name, value), gradient in zip(values.items(), gradients, strict=True):
        up, down = ({**values, name: value + sign * h} for sign in (1, -1))
        expected = (dy * (by_hand(x, **up) - by_hand(x, **down)) / (2 * h)).sum(axis=(0, 2)).reshape(3, 1)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)


def test_second_derivative(own, rng):
    f, by_hand = own
    x, h = points(rng), 1e-4
    slope = (by_hand(x + h) - by_hand(x - h)) / (2 * h)
    curvature = (by_hand(x + h) - 2 * by_hand(x) + by_hand(x - h)) / h**2
    np.testing.assert_allclose(f.derivative(x), slope, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(f.derivative.derivative(x), curvature, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(f.derivative.backward(x, x), x * curvature, rtol=1e-4, atol=1e-4)
    assert f.derivative is f.derivative
    assert dict(f.derivative.params) == dict(f.params)


@pytest.mark.parametrize("name", ["gelu", "silu", "tanh", "softplus", "elu", "mish"])
def test_derivatives_of_the_catalogue(backend, name, rng):
    f, x, dy = getattr(backend, name), points(rng), rng.normal(size=(5, 3, 4))
    h = 1e-5
    slope = (f(x + h) - f(x - h)) / (2 * h)
    curvature = (f.value_and_grad(x + h)[1] - f.value_and_grad(x - h)[1]) / (2 * h)
    np.testing.assert_allclose(f.derivative(x), slope, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(f.derivative.backward(dy, x), dy * curvature, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(f.derivative.derivative(x), curvature, rtol=1e-7, atol=1e-8)
    for p in f.params:
        np.testing.assert_allclose(f.derivative(x, **{p: 0.75}), f.value_and_grad(x, **{p: 0.75})[1], rtol=1e-12, atol=1e-14)
    assert f.derivative.backend == backend.name
    assert f.derivative(x.astype(np.float32)).dtype == np.float32
    assert isinstance(f.derivative, fastact.Activation)


def test_bias_out_where_dtype(aria, rng):
    x, bias, dy = points(rng), rng.normal(size=4), rng.normal(size=(5, 3, 4))
    np.testing.assert_allclose(aria(x, bias=bias), _aria(x + bias), rtol=1e-13)
    dx, dbias = aria.backward(dy, x, bias=bias)
    np.testing.assert_allclose(dbias, dx.sum((0, 1)), rtol=1e-12)
    channel = np.array([0.5, -0.5, 1.0])
    np.testing.assert_allclose(aria(x, bias=channel, bias_axis=1), _aria(x + channel[:, None]), rtol=1e-13)
    out = np.full(x.shape, 7.0, np.float64)
    aria(x, out=out, where=x > 0)
    np.testing.assert_array_equal(out, np.where(x > 0, aria(x), 7))
    assert aria(x.astype(np.float32), dtype=np.float64).dtype == np.float64
    assert aria(np.arange(3)).dtype == np.float64
    assert isinstance(aria(1.5), np.float64)
    dx, dalpha, dbias = aria.backward(dy, x, alpha=np.full(4, 1.5, np.float64), bias=bias)
    assert (dx.shape, dalpha.shape, dbias.shape) == (x.shape, (4,), (4,))


def test_the_right_tails(backend):
    """The naive text of silu gets silu's own kernel, where NumPy gives NaN or warns."""
    x = np.array([-np.inf, -1e4, -800, -1e-300, 0.0, 1e4, np.inf, np.nan])
    for text, f in (
        ("x / (1 + exp(-x))", backend.silu),
        ("log1p(exp(x))", backend.softplus),
        ("log(1 + exp(x))", backend.softplus),
    ):
        own = backend.bind(fastact.define(text, name="own"))
        np.testing.assert_array_equal(own(x), f(x))


def test_a_derivative_of_ones_own(backend):
    """A straight-through estimator: the step forward, a line backward."""
    step = backend.bind(fastact.define("where(x > 0, 1, 0)", name="step", derivative="where(abs(x) < 1, 1, 0)"))
    x = np.array([-2.0, -0.5, 0.5, 2.0])
    assert step(x).tolist() == [0, 0, 1, 1]
    assert step.backward(np.ones(4, np.float64), x).tolist() == [0, 1, 1, 0]
    assert step.derivative(x).tolist() == [0, 1, 1, 0]
    again = pickle.loads(pickle.dumps(step))
    assert again.backward(np.ones(4, np.float64), x).tolist() == [0, 1, 1, 0]


# ---- ways to define --------------------------------------------------------------------------------------------------


def test_as_a_decorator():
    @fastact.define
    def plain(x, a=2.0):
        """Twice x."""
        return a * x

    @fastact.define(name="other", monotonic=True)
    def named(x):
        return 3 * x

    assert plain(1.0) == 2
    assert (plain.name, plain.__name__, plain.__module__) == ("plain", "plain", __name__)
    assert (named.name, named.info.monotonic, named(2.0)) == ("other", True, 6)
    assert "Twice x." in plain.__doc__
    assert dict(plain.params) == {"a": 2.0}


def test_it_is_like_any_other(own):
    f, _ = own
    assert isinstance(f, fastact.Activation)
    assert list(inspect.signature(f).parameters)[:6] == ["x", "out", "where", "dtype", "bias", "bias_axis"]
    assert [p for p in inspect.signature(f).parameters if p in f.params] == list(f.params)
    assert f.formula in repr(f)
    for section in ("Parameters", "Returns", "Raises", "Notes"):
        assert f"\n{section}\n{'-' * len(section)}\n" in f.__doc__
    assert f.formula in f.__doc__
    assert f.name in pydoc.plain(pydoc.render_doc(f))
    assert f.ufunc.nin == 1 + len(f.params)
    low, high = f.info.range
    assert low < high
    again = fastact.define(f.formula, name=f.name, parameters=dict(f.params))
    x = np.linspace(-3, 3, 50)
    np.testing.assert_array_equal(backends.load(f.backend).bind(again)(x), f(x))


def test_what_few_ask_for_is_made_when_asked_for():
    f = fastact.define("x * arctan(3 * x)", name="quick")
    f(np.ones(3, np.float64))
    assert not vars(f).keys() & {"info", "__doc__", "__signature__"}
    assert "info" not in vars(f._entry)
    assert "f(x)  = x * arctan(3 * x)" in f.__doc__
    assert f.info is f.info is f._entry.info
    assert f.__signature__ is f.__signature__
    assert vars(f).keys() >= {"info", "__doc__", "__signature__"}
    for cls in (fastact.Activation, type(f), type(fastact.relu)):
        assert cls.__doc__.startswith("An activation function: call it")
        assert "entry" in inspect.signature(cls).parameters


def test_activations_in_a_formula(backend, rng):
    """Any activation can be called in a formula, whichever backend it is bound to, and with parameters."""
    x = points(rng)
    f = backend.bind(
        fastact.define(lambda x, b=2.0: backend.gelu(x) + DEFINED["serf"](x) * backend.softplus(x, beta=b), name="f")
    )
    serf = FORMULAS["serf"][1]
    np.testing.assert_allclose(f(x), x * (1 + erf(x / math.sqrt(2))) / 2 + serf(x) * softplus(2 * x) / 2, rtol=1e-12, atol=1e-14)
    by_ufunc = backend.bind(fastact.define(lambda x: backend.relu.ufunc(x) + 0 * x, name="g"))
    np.testing.assert_array_equal(by_ufunc(x), np.maximum(x, 0))


def test_what_a_formula_cannot_have():
    x, unit = np.ones(2, np.float64), fastact.swiglu
    for wrong, told in (
        (lambda x: 2 * fastact.softmax(x), "softmax: x is the symbol of a formula"),
        (lambda x: unit(x, x), "swiglu: gate is the symbol of a formula"),
        (lambda x: fastact.relu.backward(x, x), "relu: dy is the symbol of a formula"),
        (lambda x: fastact.cross_entropy(x, 0), "cross_entropy: logits is the symbol of a formula"),
        (lambda x: fastact.relu(x, bias=1.0), r"relu: in a formula .* write relu\(x \+ bias\)"),
        (lambda x: fastact.relu(x, out=np.ones(2, np.float64)), "relu: in a formula it takes x and its parameters alone"),
        (lambda x: fastact.relu(x, alpha=1.0), "relu: unexpected keyword argument 'alpha'"),
        (lambda x: x if x > 0 else 0 * x, "np.where"),
    ):
        with pytest.raises((TypeError, ValueError), match=told):
            fastact.define(wrong, name="wrong")
    np.testing.assert_array_equal(fastact.relu(x), x)


def test_wrong_calls(aria):
    x = np.ones(3, np.float64)
    with pytest.raises(TypeError, match="aria: unexpected keyword argument 'gamma'"):
        aria(x, gamma=1)
    with pytest.raises(TypeError, match="can't be had from its output"):
        aria.backward(x, y=x)
    with pytest.raises(ValueError, match="aria: beta must be a finite number, not nan"):
        aria(x, beta=math.nan)
    with pytest.raises(ValueError, match="aria: each element of beta must be a finite number"):
        aria(x, beta=np.full(3, np.nan, np.float64))
    with pytest.raises(TypeError, match="aria: x has dtype complex128"):
        aria(x.astype(complex))


# ---- backends, pickles, other processes ------------------------------------------------------------------------------


def test_on_each_backend():
    f = DEFINED["aria"]
    assert f.backend == fastact.backend()
    for name in backends.available():
        there = backends.load(name)
        bound = there.bind(f)
        assert bound.backend == name
        assert there.bind(f) is there.bind(bound) is bound
        assert there.bind(bound.derivative) is bound.derivative
        assert there.bind(fastact.gelu.derivative) is there.gelu.derivative
    assert backends.current().bind(bound) is f


@pytest.mark.parametrize("pickler", ["pickle", "cloudpickle"])
def test_it_pickles(own, pickler, rng):
    pickler = pytest.importorskip(pickler)
    f, _ = own
    x = np.abs(points(rng))  # parameters, too
    for thing in (f, f.derivative, f.derivative.derivative, *([f._variant(dict.fromkeys(f.params, x))] if f.params else [])):
        again = pickler.loads(pickler.dumps(thing))
        assert (again.name, again.backend, again.formula, dict(again.params)) == (
            *(thing.name, thing.backend, thing.formula),
            dict(thing.params),
        )
        parameters = {p.name: x for p in thing._entry.parameters if p.array}
        np.testing.assert_array_equal(again(x, **parameters), thing(x, **parameters))
    backward = pickler.loads(pickler.dumps(f.backward))
    np.testing.assert_array_equal(backward(x, x), f.backward(x, x))
    for kind in f._kinds().values():
        ufunc = f._ufunc(kind)
        again = pickler.loads(pickler.dumps(ufunc))
        inputs = [x] * len(kind.inputs) + list(f.params.values())
        for one, other in zip(np.atleast_1d(again(*inputs)), np.atleast_1d(ufunc(*inputs)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_another_process(rng):
    """In a new process, which knows nothing of the definition."""
    x = points(rng)
    f = DEFINED["pelu"]
    things = [
        f,
        f.ufunc,
        f.derivative,
        f.backward,
        f._variant({"a": x}),
        fastact.gated(f),
        fastact.silu._variant({"beta": x}).ufunc,
    ]
    text = f"""
import pickle, sys, numpy as np
x = pickle.loads({pickle.dumps(x)!r})
f, ufunc, derivative, backward, variant, unit, of_silu = pickle.loads({pickle.dumps(things)!r})
results = f(x), ufunc(x, 1.0, 2.0), derivative(x), backward(x, x), variant(x, a=x), unit(x, x), of_silu(x, x), f(x, b=x)
sys.stdout.buffer.write(pickle.dumps(results))
"""
    there = pickle.loads(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True).stdout)
    here = (
        f(x),
        f.ufunc(x, 1.0, 2.0),
        f.derivative(x),
        f.backward(x, x),
        f(x, a=x),
        fastact.gated(f)(x, x),
        fastact.silu(x, beta=x),
    )
    for one, other in zip(there, (*here, f(x, b=x)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_spawned_workers(rng):
    x = points(rng)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(DEFINED["aria"], (x,), {"alpha": 2.0}), DEFINED["aria"](x, alpha=2.0))
        np.testing.assert_array_equal(pool.apply(DEFINED["aria"].ufunc, (x, 2.0, 1.0)), DEFINED["aria"](x, alpha=2.0, beta=1.0))


@pytest.mark.parametrize("scheduler", ["synchronous", "processes"])
def test_dask(scheduler, rng):
    da = pytest.importorskip("dask.array")
    x = rng.normal(size=(6, 4))
    f = DEFINED["aria"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lazy = [
            f(da.from_array(x, 3), alpha=2.0),
            f.backward(da.from_array(x, 3), da.from_array(x, 3)),
            f(da.from_array(x, 3), beta=x),
        ]
        found = da.compute(*lazy, scheduler=scheduler)
    for one, other in zip(found, (f(x, alpha=2.0), f.backward(x, x), f(x, beta=x)), strict=True):
        np.testing.assert_allclose(one, other)


def test_a_definition_is_forgotten():
    """Nothing keeps one that nobody has any more, but for ufuncs that live as long as the process."""
    import gc
    import weakref

    f = fastact.define("x * 3 + 0.125", name="forgotten")
    f(np.ones(3, np.float64))
    known = weakref.ref(f)
    del f
    gc.collect()
    assert known() is None


def test_a_formula_defined_under_a_monitor(backend):
    """The activations that it is made of are not called, and the call of it is one; so is one with an array parameter."""
    x = np.ones(3, np.float64)
    with fastact.monitor(by="name") as m:
        f = backend.bind(fastact.define(lambda x: backend.gelu(x) * backend.tanh(x), name="watched"))
        f(x)
        f.backward(x, x)
        f.derivative(x)
        backend.silu(x, beta=x)
        backend.hard_tanh(x, max=x)
        fastact.gated(backend.mish)(x, x)
        fastact.gated(backend.mish).backward(x, x, x)
    found = {record["label"]: (record["calls"], record["backward_calls"]) for record in m.to_dict()["records"]}
    expected = {"watched": (1, 1), "watched_derivative": (1, 0), "silu": (1, 0), "hard_tanh": (1, 0), "gated_mish": (1, 1)}
    assert found == expected


def test_formulas_are_not_loaded_before_one_is_needed():
    code = "import sys, fastact, numpy as np; fastact.relu(np.ones(3, np.float64)); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith("fastact.expressions")]
