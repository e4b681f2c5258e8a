"""Gated units of any activation, against the product by hand."""

import pickle
import warnings

import numpy as np
import pytest
from helpers import cast, layouts

import fastact

CLIPPED = fastact.define(
    lambda x, alpha=1.702, limit=7.0: np.minimum(x, limit) * fastact.sigmoid(alpha * np.minimum(x, limit)), name="clipped"
)
SHAPE = (6, 5)


def by_hand(name, x):
    """The activation and its derivative in float64."""
    if name == "clipped":
        m = np.minimum(x, 7)
        s = 0.5 * (1 + np.tanh(1.702 * m / 2))
        return m * s, np.where(x < 7, s + 1.702 * m * s * (1 - s), 0)
    if name == "tanh":
        return np.tanh(x), 1 - np.tanh(x) ** 2
    if name == "elu":
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1), np.where(x > 0, 1, np.exp(np.minimum(x, 0)))
    s = np.log1p(np.exp(x))
    return x * np.tanh(s), np.tanh(s) + x * (1 - np.tanh(s) ** 2) * 0.5 * (1 + np.tanh(x / 2))


NAMES = ("clipped", "mish", "tanh", "elu")


@pytest.fixture(params=NAMES)
def unit(request, backend):
    name = request.param
    return name, fastact.gated(backend.bind(CLIPPED) if name == "clipped" else getattr(backend, name))


def operands(rng, dtype, count=3):
    return [cast(rng.normal(scale=3, size=SHAPE), dtype) for _ in range(count)]


def test_the_catalogues_own(backend):
    for name, unit in {"silu": "swiglu", "relu": "reglu", "gelu": "geglu", "gelu_tanh": "geglu_tanh", "sigmoid": "glu"}.items():
        assert fastact.gated(getattr(backend, name)) is getattr(backend, unit)
        assert fastact.gated(name) is getattr(fastact, unit)
    assert fastact.gated("SWISH") is fastact.swiglu


def test_both_ways(unit, dtype, rng):
    name, f = unit
    dy, gate, value = operands(rng, dtype)
    act, slope = by_hand(name, gate.astype(np.float64))
    eps = {"float16": 2**-9, "bfloat16": 2**-6, "float32": 2**-20, "float64": 2**-48}[np.dtype(dtype).name]
    wide_dy, wide_value = dy.astype(np.float64), value.astype(np.float64)
    got = f(gate, value), *f.backward(dy, gate, value)
    for one, other in zip(got, (act * wide_value, wide_dy * wide_value * slope, wide_dy * act), strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one.astype(np.float64), other, rtol=eps, atol=10 * eps)


def test_layouts_and_packed(unit, rng):
    _, f = unit
    dy, gate, value = operands(rng, np.float32)
    y, gradients = f(gate, value), f.backward(dy, gate, value)
    for layout in layouts(gate):
        np.testing.assert_array_equal(f(layout, value), y)
        for one, other in zip(f.backward(dy, layout, value), gradients, strict=True):
            np.testing.assert_array_equal(one, other)
    packed = np.concatenate([value, gate], axis=-1)
    np.testing.assert_array_equal(f(packed), y)
    np.testing.assert_array_equal(f(packed[:, ::-1], axis=0), f(packed[3:, ::-1], packed[:3, ::-1]))
    dpacked = f.backward(dy, packed)
    np.testing.assert_array_equal(dpacked, np.concatenate(gradients[::-1], axis=-1))
    first = np.concatenate([gate, value], axis=-1)
    np.testing.assert_array_equal(f.backward(dy, first, gate_first=True), np.concatenate(gradients, axis=-1))


def test_out(unit, rng):
    _, f = unit
    dy, gate, value = operands(rng, np.float32)
    y, (dgate, dvalue) = f(gate, value), f.backward(dy, gate, value)
    out = np.zeros_like(gate)
    assert f(gate, value, out=out) is out
    np.testing.assert_array_equal(out, y)
    for places in ((0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0), (0, None), (None, 1), (None, 2)):
        inputs = [dy.copy(), gate.copy(), value.copy()]
        given = tuple(None if place is None else inputs[place] for place in places)
        got = f.backward(*inputs, out=given)
        for one, other, array in zip(got, (dgate, dvalue), given, strict=True):
            np.testing.assert_array_equal(one, other)
            assert array is None or one is array
    wide = np.zeros(SHAPE, np.float64), np.zeros(SHAPE, np.float64)
    f.backward(dy, gate, value, out=wide)
    np.testing.assert_array_equal(wide[1], dvalue)


def test_errors_before_anything_is_written(unit):
    name, f = unit
    x, out = np.ones(3, np.float64), np.full(3, 7.0, np.float64)
    with pytest.raises(ValueError, match=f"gated_{name}: gate of shape"):
        f(x, np.ones(2, np.float64), out=out)
    with pytest.raises(ValueError, match="share memory"):
        f.backward(x, x, x, out=(out, out))
    with pytest.raises(TypeError, match=f"gated_{name}: value has dtype complex128"):
        f(x, x.astype(complex), out=out)
    with pytest.raises(TypeError, match="can't be cast"):
        f.backward(x, x, x, out=(out, np.zeros(3, np.int64)))
    with pytest.raises(TypeError, match="unexpected keyword argument 'alpha'"):
        f(x, x, alpha=1)
    assert out.tolist() == [7, 7, 7]


def test_what_it_is(unit):
    name, f = unit
    assert f.name == f.__name__ == f"gated_{name}"
    assert f.activation.name == name
    assert f is fastact.gated(f.activation)
    assert f"f(gate, value) = {name}(gate) * value" in f.__doc__
    assert f.ufunc.nin == 2
    assert repr(f) == f"<gated unit 'gated_{name}' on {f.backend}>"


def test_integers_and_promotion(unit):
    _, f = unit
    assert f(np.arange(3), np.arange(3)).dtype == np.float64
    assert f(np.ones(3, np.float32), np.ones(3, np.float64)).dtype == np.float64
    assert f(np.ones(3, np.float16), np.ones(3, np.float32)).dtype == np.float32
    assert [d.dtype for d in f.backward(np.arange(3), np.ones(3, np.float32), np.arange(3))] == [np.float64, np.float64]
    assert isinstance(f(1.0, 2.0), np.float64)


def test_it_pickles(unit, rng):
    _, f = unit
    dy, gate, value = operands(rng, np.float32)
    again, ufunc, backward = pickle.loads(pickle.dumps((f, f.ufunc, f.backward)))
    np.testing.assert_array_equal(again(gate, value), f(gate, value))
    np.testing.assert_array_equal(ufunc(gate, value), f(gate, value))
    for one, other in zip(backward(dy, gate, value), f.backward(dy, gate, value), strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_classes(unit, rng):
    _, f = unit
    dy, gate, value = operands(rng, np.float64)
    y, (dgate, dvalue) = f(gate, value), f.backward(dy, gate, value)
    masked = np.ma.array(gate, mask=gate > 2)
    got = f(masked, value)
    assert (got.mask == masked.mask).all()
    np.testing.assert_array_equal(got.compressed(), y[gate <= 2])
    da = pytest.importorskip("dask.array")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lazy = [da.from_array(array, 3) for array in (dy, gate, value)]
        found = da.compute(f(*lazy[1:]), *f.backward(*lazy), scheduler="synchronous")
    for one, other in zip(found, (y, dgate, dvalue), strict=True):
        np.testing.assert_array_equal(one, other)
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame(array) for array in (dy, gate, value)]
    for one, other in zip((f(*frames[1:]), *f.backward(*frames)), (y, dgate, dvalue), strict=True):
        assert isinstance(one, pandas.DataFrame)
        np.testing.assert_array_equal(one.to_numpy(), other)


def test_bad_input():
    for wrong in (np.tanh, 3, fastact.softmax, fastact.swiglu, None):
        with pytest.raises(TypeError, match="gated: takes an elementwise activation or its name"):
            fastact.gated(wrong)
    with pytest.raises(TypeError, match="gated: rrelu draws numbers"):
        fastact.gated("rrelu")
    with pytest.raises(ValueError, match="did you mean"):
        fastact.gated("gleu")
    with pytest.raises(ValueError, match="is not elementwise"):
        fastact.gated("softmax")
