"""gumbel_softmax: the noise, the soft and the hard sample, gradients, arguments, on every backend and dtype."""

import pickle

import ml_dtypes
import numpy as np
import pytest
from helpers import layouts

import fastact

INF, NAN = np.inf, np.nan


def generator(seed=7):
    return np.random.default_rng(seed)


def wanted(x, axis=-1, tau=1.0, seed=7):
    """The definition, in float64."""
    with np.errstate(all="ignore"):
        z = (x.astype(np.float64) + generator(seed).gumbel(size=x.shape)) / tau
        e = np.exp(z - z.max(axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)


def close(got, exact):
    """Within the error of softmax, and of the rounding of its logits: they are float32 for narrower types."""
    info = ml_dtypes.finfo(got.dtype)
    rtol = max(8 * float(info.eps), 1e-13 if got.dtype == np.float64 else 4e-5)
    np.testing.assert_allclose(got.astype(np.float64), exact, rtol=rtol, atol=2 * float(info.smallest_subnormal))


@pytest.mark.parametrize("tau", [0.1, 0.5, 1, 3.0])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values(backend, dtype, axis, tau, rng):
    x = rng.normal(size=(5, 6, 7)).astype(dtype)
    y = backend.gumbel_softmax(x, axis=axis, tau=tau, rng=generator())
    assert y.dtype == dtype
    close(y, wanted(x, axis, tau))
    out = np.empty_like(x)
    assert backend.gumbel_softmax(x, axis=axis, tau=tau, rng=generator(), out=out) is out
    np.testing.assert_array_equal(out, y)
    np.testing.assert_array_equal(backend.gumbel_softmax(x, axis=axis, tau=tau, rng=generator(), out=x), y)


def test_the_draw_depends_on_the_generator_alone(backend, rng):
    """Neither layout nor dtype nor backend changes what is drawn: the hard samples agree."""
    x = rng.integers(-2, 3, (6, 8)).astype(np.float32)
    hard = fastact.backends.load("numpy").gumbel_softmax(x, hard=True, rng=generator())
    for kind in (np.int8, np.float16, ml_dtypes.bfloat16, np.float32, np.float64):
        np.testing.assert_array_equal(backend.gumbel_softmax(x.astype(kind), hard=True, rng=generator()), hard)
    soft = backend.gumbel_softmax(x, rng=generator())
    for array in layouts(x):
        np.testing.assert_array_equal(backend.gumbel_softmax(array, rng=generator()), soft)
    drawn, other = generator(), generator()
    backend.gumbel_softmax(x, rng=drawn)
    other.gumbel(size=x.size)
    assert drawn.random() == other.random()


def test_without_a_generator(backend, dtype, rng):
    x = rng.normal(size=(4, 9)).astype(dtype)
    close(backend.gumbel_softmax(x), backend.softmax(x.astype(np.float64)))
    close(backend.gumbel_softmax(x, tau=0.25), backend.softmax(4 * x.astype(np.float64)))
    hard = backend.gumbel_softmax(x, hard=True)
    np.testing.assert_array_equal(hard.argmax(axis=-1), x.argmax(axis=-1))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_hard(backend, dtype, axis, rng):
    x = rng.normal(size=(3, 4, 5)).astype(dtype)
    hard = backend.gumbel_softmax(x, hard=True, axis=axis, rng=generator())
    assert hard.dtype == dtype
    assert set(np.unique(hard.astype(float))) == {0.0, 1.0}
    assert (hard.astype(float).sum(axis=axis) == 1).all()
    noisy = x.astype(np.float64) + generator().gumbel(size=x.shape)
    np.testing.assert_array_equal(hard.argmax(axis=axis), noisy.argmax(axis=axis))
    np.testing.assert_array_equal(backend.gumbel_softmax(np.zeros((2, 3), dtype), hard=True), [[1, 0, 0], [1, 0, 0]])


def test_frequencies(backend):
    """The hard samples are of the distribution with these logits."""
    p = np.array([0.1, 0.2, 0.7])
    hard = backend.gumbel_softmax(np.tile(np.log(p), (20_000, 1)), hard=True, tau=0.3, rng=generator(1))
    np.testing.assert_allclose(hard.mean(axis=0), p, atol=0.015)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_gradient(backend, axis, tau, rng):
    x, dy = rng.normal(size=(2, 4, 6))
    f = backend.gumbel_softmax
    given = {"axis": axis, "tau": tau}
    dx = f.backward(dy, x, rng=generator(), **given)
    np.testing.assert_allclose(f.backward(dy, y=f(x, rng=generator(), **given), **given), dx, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(f.backward(dy, x, hard=True, rng=generator(), **given), dx)
    h = 1e-6
    direction = rng.normal(size=x.shape)
    plus, minus = (np.sum(dy * f(x + s * h * direction, rng=generator(), **given)) for s in (1, -1))
    assert np.sum(dx * direction) == pytest.approx((plus - minus) / (2 * h), rel=1e-6, abs=1e-9)
    for out in (np.empty_like(x), dy.copy(), x.copy()):
        np.testing.assert_array_equal(f.backward(dy, x, rng=generator(), out=out, **given), dx)


def test_gradient_keeps_the_dtype(backend, dtype, rng):
    x, dy = rng.normal(size=(2, 4, 6)).astype(dtype)
    dx = backend.gumbel_softmax.backward(dy, x, rng=generator())
    assert dx.dtype == dtype
    exact = wanted(x)
    exact = exact * (dy - (exact * dy).sum(axis=-1, keepdims=True))
    eps = float(ml_dtypes.finfo(dtype).eps)
    np.testing.assert_allclose(dx.astype(float), exact.astype(float), rtol=0, atol=4 * eps + (1e-6 if dtype != "f8" else 0))
    assert backend.gumbel_softmax.backward(dy, y=backend.gumbel_softmax(x)).dtype == dtype


def test_edges(backend, dtype):
    x = np.array([[0, NAN, 1], [-INF, -INF, -INF], [-INF, 3, -INF], [INF, 1, 0], [1, 1, 1]]).astype(dtype)
    for given in (
        {},
        {"rng": generator()},
        {"hard": True},
        {"hard": True, "rng": generator()},
        {"tau": 1e-300, "rng": generator()},
    ):
        y = backend.gumbel_softmax(x, **given).astype(np.float64)
        np.testing.assert_array_equal(np.isnan(y).all(axis=1), [True, True, False, True, False])
        np.testing.assert_array_equal(y[2], [0, 1, 0])
        assert y[4].sum() == pytest.approx(1, rel=0.02)
    assert backend.gumbel_softmax(np.ones((2, 0), dtype), rng=generator()).shape == (2, 0)
    assert backend.gumbel_softmax(np.ones((0, 3), dtype), hard=True, rng=generator()).shape == (0, 3)
    large = np.array([1, -1, 0.5]) * min(1e300, float(ml_dtypes.finfo(dtype).max))
    np.testing.assert_array_equal(backend.gumbel_softmax(large.astype(dtype), tau=1e-3, rng=generator()), [1, 0, 0])


class Extreme(np.random.Generator):
    """Gives the largest and the smallest numbers that -log(-log(u)) has for a double u between 0 and 1."""

    def gumbel(self, loc=0.0, scale=1.0, size=None):
        u = np.resize([2.0**-53, 1 - 2.0**-53], size)
        return -np.log(-np.log(u))


def test_the_noise_is_never_infinite(backend, dtype):
    y = backend.gumbel_softmax(np.zeros((3, 4), dtype), rng=Extreme(np.random.PCG64(0)))
    assert np.isfinite(y.astype(float)).all()
    x = np.random.default_rng(0).gumbel(size=200_000)
    assert np.isfinite(x).all()


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"tau": 0}, ValueError, "tau must be a finite number > 0, not 0"),
        ({"tau": -1.0}, ValueError, "tau must be a finite number > 0"),
        ({"tau": NAN}, ValueError, "tau must be a finite number"),
        ({"tau": 1e-310}, ValueError, "tau must be a finite number > 0"),
        ({"tau": "hot"}, TypeError, "tau must be a real number, not str"),
        ({"rng": 7}, TypeError, "rng must be a np.random.Generator, such as np.random.default_rng.seed., not int"),
        ({"rng": np.random}, TypeError, "rng must be a np.random.Generator"),
        ({"hard": 1}, TypeError, "hard must be True or False, not int"),
        ({"temperature": 2}, TypeError, "unexpected keyword argument 'temperature'; did you mean tau?"),
        ({"dim": 0}, TypeError, "did you mean axis?"),
        ({"seed": 0}, TypeError, "did you mean rng?"),
        ({"axis": 2}, np.exceptions.AxisError, "axis 2 is out of bounds"),
        ({"out": np.zeros(3)}, ValueError, "out has shape"),
        ({"out": np.zeros((2, 3), int)}, TypeError, "can't be cast"),
    ],
)
def test_errors(backend, given, error, told):
    x = np.zeros((2, 3))
    rng = generator()
    with pytest.raises(error, match=f"gumbel_softmax: .*{told}"):
        backend.gumbel_softmax(x, **{"rng": rng, **given})
    assert rng.bit_generator.state == generator().bit_generator.state  # nothing was drawn
    if "out" not in given:
        with pytest.raises(error, match=told):
            backend.gumbel_softmax.backward(x, x, **given)


def test_errors_of_the_gradient(backend):
    x = np.full((2, 3), 1 / 3)
    backward = backend.gumbel_softmax.backward
    with pytest.raises(TypeError, match="either x or y="):
        backward(x)
    with pytest.raises(TypeError, match="the class alone does not tell the soft sample; give hard=True with x"):
        backward(x, y=x, hard=True)
    with pytest.raises(TypeError, match="y= has the draw in it; give rng= with x"):
        backward(x, y=x, rng=generator())
    with pytest.raises(ValueError, match=r"gumbel_softmax\.backward: dy has shape"):
        backward(x[:1], x)


@pytest.mark.parametrize("bad", ["c8", "O", "S3", "M8[s]", "g"])
def test_unsupported_dtypes(backend, bad):
    with pytest.raises(TypeError, match="gumbel_softmax: x has dtype"):
        backend.gumbel_softmax(np.zeros((2, 3)).astype(bad) if bad != "M8[s]" else np.zeros((2, 3), bad))
    with pytest.raises(TypeError, match="gumbel_softmax: out has dtype"):
        backend.gumbel_softmax(np.zeros((2, 3)), out=np.zeros((2, 3), bad))


def test_masked_arrays(backend):
    x = np.ma.array([[0.0, 1.0, 50.0], [1.0, 2.0, 3.0]], mask=[[False, False, True], [False, False, False]])
    y = backend.gumbel_softmax(x, rng=generator())
    assert isinstance(y, np.ma.MaskedArray)
    np.testing.assert_allclose(y.sum(axis=-1), 1)
    np.testing.assert_allclose(y[1], wanted(x.data)[1])


def test_other_classes(backend):
    xarray, da, pd = (pytest.importorskip(name) for name in ("xarray", "dask.array", "pandas"))
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    y = backend.gumbel_softmax(x, tau=0.5, rng=generator())
    named = backend.gumbel_softmax(xarray.DataArray(x, dims=("a", "b")), axis="b", tau=0.5, rng=generator())
    assert named.dims == ("a", "b")
    lazy = backend.gumbel_softmax(da.from_array(x, chunks=(2, 6)), tau=0.5, rng=generator())
    frame = backend.gumbel_softmax(pd.DataFrame(x), tau=0.5, rng=generator())
    assert isinstance(frame, pd.DataFrame)
    for got in (named, lazy.compute(), frame):
        assert np.asarray(got).dtype == np.float32
        np.testing.assert_allclose(np.asarray(got), y, rtol=2e-5)
    with pytest.raises(TypeError, match="hard= and out= take plain arrays"):
        backend.gumbel_softmax(pd.DataFrame(x), hard=True)


def test_object(backend):
    f = backend.gumbel_softmax
    assert pickle.loads(pickle.dumps(f)) is f
    assert f.name == "gumbel_softmax"
    assert pickle.loads(pickle.dumps(f.backward))(np.ones(2), np.ones(2)).shape == (2,)
