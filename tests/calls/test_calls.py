"""An activation behaves to its user as a ufunc does; parameters and methods as documented."""

import copy
import inspect
import pickle

import ml_dtypes
import numpy as np
import pytest
from helpers import inside

import fastact
from fastact import api, functions

FAST = (np.float32, np.float64)


def assert_same(f, got, wanted):
    """Bitwise on compiled backends; NumPy's rounds from float64 once where the way compared with rounds twice."""
    assert got.dtype == wanted.dtype
    if f.backend == "numpy":
        info = ml_dtypes.finfo(got.dtype)
        with np.errstate(under="ignore"):
            np.testing.assert_allclose(got, wanted, rtol=2 * float(info.eps), atol=float(info.smallest_subnormal))
    else:
        np.testing.assert_array_equal(got, wanted)


def test_out_is_returned(f, dtype):
    x = inside(f, np.linspace(-3, 3, 40).astype(dtype))
    expected = f(x)
    for out in (np.empty_like(x), np.empty(40, dtype)[::1], np.empty(80, dtype)[::2]):
        assert f(x, out=out) is out
        np.testing.assert_array_equal(out, expected)
        assert f(x, out=out) is out
        assert f(x, out=(out,)) is out
    y, d = np.empty_like(x), np.empty_like(x)
    both = f.value_and_grad(x, out=(y, d))
    assert both[0] is y
    assert both[1] is d
    results = f.value_and_grad(x, out=(None, d))
    assert results[1] is d
    np.testing.assert_array_equal(results[0], expected)


def test_out_of_another_dtype(f):
    x = np.linspace(-3, 3, 40).astype(np.float32)
    wide = np.empty(40, np.float64)
    f(x, out=wide)
    np.testing.assert_array_equal(wide, f(x).astype(np.float64))
    narrow = np.empty(40, np.float16)
    f(x * 1e6, out=narrow)  # overflows without a warning
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(narrow, f(x * 1e6).astype(np.float16))


def test_dtype_keyword(f):
    x = np.linspace(-3, 3, 40)
    assert f(x, dtype=np.float32).dtype == np.float32
    np.testing.assert_array_equal(f(x, dtype=np.float32), f(x.astype(np.float32)))
    assert f(x.astype(np.float16), dtype=np.float64).dtype == np.float64
    assert f(np.arange(3), dtype="f4").dtype == np.float32


def test_where(f, dtype):
    x = inside(f, np.linspace(-3, 3, 100).astype(dtype))
    mask = np.arange(100) % 3 == 0
    out = np.full(100, 7, dtype)
    assert f(x, out=out, where=mask) is out
    np.testing.assert_array_equal(out[mask], f(x)[mask])
    assert (out[~mask] == 7).all()
    f(x[::-1], out=out, where=False)
    np.testing.assert_array_equal(out[mask], f(x)[mask])
    rows = np.full((2, 100), 7, dtype)
    f(np.stack([x, x]), out=rows, where=mask)
    assert (rows[:, ~mask] == 7).all()


def test_prelu_slope_gradient(backend, dtype, rng):
    x = rng.normal(size=(4, 3, 5, 6)).astype(dtype)
    dy = rng.normal(size=x.shape).astype(dtype)
    for shape in ((), (6,), (3, 1, 1), (1, 3, 1, 1), (4, 3, 5, 6)):
        slope = rng.uniform(0.1, 0.5, shape).astype(dtype)
        dx, dslope = backend.prelu.backward(dy, x, slope=slope)
        full = np.broadcast_to(slope, x.shape)
        np.testing.assert_array_equal(backend.prelu(x, slope=slope), np.where(x > 0, x, full * x))
        np.testing.assert_array_equal(dx, np.where(x > 0, dy, full * dy))
        assert np.shape(dslope) == shape
        per_element = np.where(x > 0, 0, dy * x).astype(np.float64)
        axes = tuple(range(4 - len(shape))) + tuple(4 - len(shape) + i for i, n in enumerate(shape) if n == 1)
        np.testing.assert_allclose(
            dslope, per_element.sum(axis=axes).reshape(shape), rtol=3 * float(ml_dtypes.finfo(dtype).eps), atol=1e-6
        )
    in_place = dy.copy()
    dx, dslope = backend.prelu.backward(in_place, x, out=in_place, slope=slope)
    assert dx is in_place
    np.testing.assert_array_equal(dslope, backend.prelu.backward(dy, x, slope=slope)[1])


@pytest.mark.parametrize("dtype", FAST)
@pytest.mark.parametrize(
    ("name", "value"), [("leaky_relu", 0.3), ("elu", 0.7), ("softplus", 2.5), ("silu", 1.702), ("leaky_relu", -0.5)]
)
def test_parameters_on_every_way(backend, name, value, dtype):
    """The fast path, the ufunc's scalar and its array give the same bits."""
    f = getattr(backend, name)
    x = np.linspace(-5, 5, 101).astype(dtype)
    keywords = {next(iter(f.params)): value}
    y, d = f.value_and_grad(x, **keywords)
    for result in (
        f(x, **keywords),
        f(x[::-1], **keywords)[::-1],
        f(x, out=x.copy(), **keywords),
        f.ufunc(x, value),
        f.ufunc(x, np.full(101, value, dtype)),
        f(x, **{next(iter(f.params)): np.float64(value)}),
    ):
        np.testing.assert_array_equal(result, y)
    np.testing.assert_array_equal(f.backward(np.ones_like(x), x, **keywords), d)
    assert not np.array_equal(y, f(x))


def test_a_parameter_beyond_float32_gives_no_warning(backend):
    x = np.array([-1, 1], np.float32)
    assert backend.elu(x, alpha=1e300).tolist() == [-np.inf, 1]
    assert backend.elu(x.astype(np.float64), alpha=1e300)[0] == -1e300 * -np.expm1(-1.0)


def test_backward_broadcasts_dy(f):
    x = np.linspace(-2, 2, 12).astype(np.float32).reshape(3, 4)
    first = lambda r: r[0] if isinstance(r, tuple) else r  # noqa: E731
    np.testing.assert_array_equal(first(f.backward(1.0, x)), f.value_and_grad(x)[1])
    assert first(f.backward(1.0, x)).dtype == np.float32
    row = np.arange(4, dtype=np.float32)
    assert_same(f, first(f.backward(row, x)), row * f.value_and_grad(x)[1])


def test_anything_asarray_takes(f):
    expected = f(np.array([-1.0, 2.0]))
    for x in ([-1.0, 2.0], (-1.0, 2.0), memoryview(np.array([-1.0, 2.0]))):
        np.testing.assert_array_equal(f(x), expected)
    np.testing.assert_equal(f(True), f(np.array([True]))[0])
    np.testing.assert_equal(f(3), f(np.array([3]))[0])


# Arrays of other kinds.


class Labelled(np.ndarray):
    pass


class Logged:
    """Takes part in NumPy's protocol by noting what it was asked for."""

    shape = (2,)
    ndim = 1

    def __init__(self):
        self.calls = []

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        self.calls.append((ufunc, method, keywords))
        return "logged"


class Refusing:
    __array_ufunc__ = None


def test_array_ufunc_protocol(f):
    x = Logged()
    assert f(x) == "logged"
    assert f(x, dtype=np.float32, where=[True, False]) == "logged"
    assert x.calls[0] == (f.ufunc, "__call__", {})
    assert set(x.calls[1][2]) == {"dtype", "where"}
    out = np.zeros(2)
    assert f(x, out=out) == "logged"
    assert x.calls[2][2]["out"][0] is out
    with pytest.raises(TypeError):
        f(Refusing())


def test_subclasses_stay_what_they_are(f):
    x = np.linspace(-1, 1, 6).view(Labelled)
    y = f(x)
    assert type(y) is Labelled
    np.testing.assert_array_equal(np.asarray(y), f(np.asarray(x)))
    assert type(f.value_and_grad(x)[1]) is Labelled


def test_masked_arrays(f):
    x = np.ma.array([-1.0, 0.5, 2.0], mask=[False, True, False])
    y = f(x)
    assert isinstance(y, np.ma.MaskedArray)
    assert y.mask.tolist() == [False, True, False]
    np.testing.assert_array_equal(y.compressed(), f(np.array([-1.0, 2.0])))


def test_dask_arrays():
    dask = pytest.importorskip("dask.array")
    x = np.linspace(-2, 2, 30).reshape(5, 6)
    y = fastact.gelu(dask.from_array(x, chunks=2))
    assert isinstance(y, dask.Array)
    np.testing.assert_array_equal(y.compute(scheduler="synchronous"), fastact.gelu(x))


def test_the_ufunc(backend):
    for name in fastact.activations:
        f = getattr(backend, name)
        assert f.ufunc is f.ufunc
        assert f.ufunc.nin == 1 + len(f._entry.parameters)
        assert f.ufunc.nout == 1
        assert f.ufunc.__name__ == name
        if backend.name != "numpy":
            assert isinstance(f.ufunc, np.ufunc)
        x = np.linspace(-1, 1, 5)
        np.testing.assert_array_equal(f.ufunc(x, *(p.default for p in f._entry.parameters)), f(x))


# Attributes.


def test_attributes(f):
    assert f.name == f.__name__
    assert isinstance(f, fastact.Activation)
    assert f.__doc__.startswith(f"{f.name}(x, *, out=None")
    signature = inspect.signature(f)
    rng = ["rng"] if f._entry.noise else []
    of_ufuncs = ["casting", "order", "subok", "signature"]
    assert list(signature.parameters) == ["x", "out", "where", "dtype", "bias", "bias_axis", *f.params, *rng, *of_ufuncs]
    assert all(signature.parameters[p].default == value for p, value in f.params.items())
    assert f.name in repr(f)
    assert f.backend in repr(f)
    assert f.backward.__doc__ == fastact.Activation.backward.__doc__
    with pytest.raises(TypeError):
        f.params["x"] = 1


def test_names():
    assert list(fastact.activations) == [*dict.fromkeys(fastact.activations)]
    for name, f in fastact.activations.items():
        assert fastact.get(name) is f
        assert getattr(fastact, name) is f
        assert f.backend == fastact.backend()
    assert fastact.get("swish") is fastact.swish is fastact.silu


def test_names_of_the_other_families():
    others = set(functions.records) - set(functions.entries)
    assert others >= {"softmax", "logsumexp", "swiglu", "cross_entropy"}
    for name in others:
        f = fastact.get(name)
        assert f is getattr(fastact, name) is pickle.loads(pickle.dumps(f))
        assert f.name == name
        assert f.backend == fastact.backend()
        assert name not in fastact.activations
        with pytest.raises(ValueError, match=f"'{name}' is not elementwise; .* relu,"):
            api.get_activation(name)
    assert api.get_activation("swish") is fastact.silu


def test_copies(f):
    assert copy.copy(f) is f
    assert copy.deepcopy([f])[0] is f
    assert pickle.loads(pickle.dumps(f)) is f  # on its own backend
