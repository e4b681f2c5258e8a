"""Arrays for parameters that are numbers by the record: the same function, with the gradient of each in `backward`."""

import pickle
import threading
import warnings

import numpy as np
import pytest
from helpers import cast, layouts

import fastact
from fastact import backends


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def _sqrt_term(x, alpha):
    return x / np.sqrt(1 + alpha * x * x)


#: Each function by hand, and where its parameters may lie. The signature has the parameters in order.
BY_HAND = {
    "leaky_relu": (lambda x, negative_slope: np.where(x > 0, x, negative_slope * x), {"negative_slope": (0.01, 0.5)}),
    "threshold": (lambda x, threshold, value: np.where(x > threshold, x, value), {"threshold": (-1, 1), "value": (-1, 1)}),
    "hard_tanh": (lambda x, min, max: np.minimum(np.maximum(x, min), max), {"min": (-2, -0.5), "max": (0.5, 2)}),
    "hard_sigmoid": (
        lambda x, alpha, beta: np.minimum(np.maximum(alpha * x + beta, 0), 1),
        {"alpha": (0.1, 0.5), "beta": (0.3, 0.7)},
    ),
    "hard_shrink": (lambda x, lambd: np.where(np.abs(x) > lambd, x, 0), {"lambd": (0.2, 1)}),
    "soft_shrink": (lambda x, lambd: np.sign(x) * np.maximum(np.abs(x) - lambd, 0), {"lambd": (0.2, 1)}),
    "srelu": (
        lambda x, threshold_left, slope_left, threshold_right, slope_right: np.where(
            x < threshold_left,
            threshold_left + slope_left * (x - threshold_left),
            np.where(x > threshold_right, threshold_right + slope_right * (x - threshold_right), x),
        ),
        {"threshold_left": (-2, -1), "slope_left": (0.1, 0.5), "threshold_right": (1, 2), "slope_right": (0.1, 0.5)},
    ),
    "elu": (lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1)), {"alpha": (0.5, 2)}),
    "celu": (lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0) / alpha) - 1)), {"alpha": (0.5, 2)}),
    "softplus": (lambda x, beta: np.log(1 + np.exp(beta * x)) / beta, {"beta": (0.5, 2)}),
    "soft_exponential": (lambda x, alpha: (np.exp(alpha * x) - 1) / alpha + alpha, {"alpha": (0.2, 1)}),
    "generalized_logistic": (lambda x, alpha: (1 + np.exp(-x)) ** -alpha, {"alpha": (0.5, 2)}),
    "soft_clipping": (
        lambda x, alpha: np.log((1 + np.exp(alpha * x)) / (1 + np.exp(alpha * (x - 1)))) / alpha,
        {"alpha": (4, 10)},
    ),
    "silu": (lambda x, beta: x * _sigmoid(beta * x), {"beta": (0.5, 2)}),
    "softcap": (lambda x, cap: cap * np.tanh(x / cap), {"cap": (1, 5)}),
    "star_relu": (
        lambda x, scale, shift: scale * np.maximum(x, 0) ** 2 + shift,
        {"scale": (0.5, 1), "shift": (-0.5, 0.5)},
    ),
    "isru": (_sqrt_term, {"alpha": (0.5, 2)}),
    "isrlu": (lambda x, alpha: np.where(x >= 0, x, _sqrt_term(x, alpha)), {"alpha": (0.5, 2)}),
    "squareplus": (lambda x, b: (x + np.sqrt(x * x + b)) / 2, {"b": (1, 5)}),
    "snake": (lambda x, alpha: x + np.sin(alpha * x) ** 2 / alpha, {"alpha": (0.5, 2)}),
}
SHAPE = (5, 3, 4)


def test_every_activation_with_numbers_is_here():
    assert set(BY_HAND) == {name for name, f in fastact.activations.items() if f.params and not f._entry.noise} - {"prelu"}


def draw(rng, bounds, shape=SHAPE):
    """x away from kinks, in float64, and parameters whose shapes differ."""
    x = rng.uniform(0.05, 3.5, shape) * rng.choice([-1, 1], shape)
    shapes = [(shape[-1],), (shape[1], 1), (shape[0], 1, 1), (1, 1, shape[-1])]
    return x, {name: rng.uniform(*limits, own) for (name, limits), own in zip(bounds.items(), shapes, strict=False)}


def summed(array, shape):
    padded = (1,) * (array.ndim - len(shape)) + shape
    return array.sum(axis=tuple(i for i, n in enumerate(padded) if n == 1)).reshape(shape)


def away_from_kinks(formula, x, parameters):
    """Whether one-sided differences agree, by x and by each parameter: elsewhere no gradient is compared."""
    h, good = 1e-4, np.ones(x.shape, bool)
    for name in ("x", *parameters):
        sides = []
        for sign in (1, -1):
            moved = dict(parameters)
            at = x
            if name == "x":
                at = x + sign * h
            else:
                moved[name] = parameters[name] + sign * h
            sides.append((formula(at, **moved) - formula(x, **parameters)) / (sign * h))
        good &= np.abs(sides[0] - sides[1]) < 5e-3
    return good


@pytest.mark.parametrize("name", BY_HAND)
def test_values_and_gradients(backend, name, rng):
    formula, bounds = BY_HAND[name]
    f = getattr(backend, name)
    x, parameters = draw(rng, bounds)
    np.testing.assert_allclose(f(x, **parameters), formula(x, **parameters), rtol=1e-12, atol=1e-13)
    keep = away_from_kinks(formula, x, parameters)
    assert keep.mean() > 0.9
    dy, h = rng.normal(size=SHAPE) * keep, 1e-6
    dx, *gradients = f.backward(dy, x, **parameters)
    assert len(gradients) == len(parameters)
    expected = dy * (formula(x + h, **parameters) - formula(x - h, **parameters)) / (2 * h)
    np.testing.assert_allclose(dx, expected, rtol=1e-6, atol=1e-8)
    for (p, value), gradient in zip(parameters.items(), gradients, strict=True):
        up, down = ({**parameters, p: value + sign * h} for sign in (1, -1))
        elementwise = dy * (formula(x, **up) - formula(x, **down)) / (2 * h)
        assert gradient.shape == value.shape
        np.testing.assert_allclose(gradient, summed(elementwise, value.shape), rtol=1e-6, atol=1e-7)
    y, d = f.value_and_grad(x, **parameters)
    np.testing.assert_array_equal(y, f(x, **parameters))
    np.testing.assert_allclose(d * dy, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", BY_HAND)
def test_arrays_of_one_value_are_that_number(backend, name, rng):
    """In the ordinary run of things the two agree to rounding: a number may have a kernel of its own."""
    bounds = BY_HAND[name][1]
    f = getattr(backend, name)
    x, _ = draw(rng, bounds)
    x = x.astype(np.float32)
    number = {p: float(np.float32(sum(limits) / 2)) for p, limits in bounds.items()}
    arrays = {p: np.full(SHAPE[-1], value, np.float32) for p, value in number.items()}
    np.testing.assert_allclose(f(x, **arrays), f(x, **number), rtol=3e-6, atol=3e-7)
    dx = f.backward(x, x, **arrays)[0]
    np.testing.assert_allclose(dx, f.backward(x, x, **number), rtol=3e-6, atol=3e-6)


def silu_by_hand(dy, x, beta, bias=0.0):
    """silu's value and gradients by x and by beta, not yet summed."""
    dy, x, beta = (np.asarray(a, np.float64) for a in (dy, x, beta))
    z = x + bias
    s = _sigmoid(beta * z)
    return z * s, dy * (s + beta * z * s * (1 - s)), dy * z * z * s * (1 - s)


@pytest.mark.parametrize("shape", [(4,), (3, 1), (5, 1, 1), (1,), (1, 1, 4), SHAPE])
def test_dtypes_and_shapes(backend, dtype, shape, rng):
    dy, x, beta = (cast(rng.normal(size=s), dtype) for s in (SHAPE, SHAPE, shape))
    y, dx, dbeta = silu_by_hand(dy, x, beta)
    got = backend.silu(x, beta=beta)
    gradients = backend.silu.backward(dy, x, beta=beta)
    assert {a.dtype for a in (got, *gradients)} == {np.dtype(dtype)}
    eps = {"float16": 2**-10, "bfloat16": 2**-7, "float32": 2**-22, "float64": 2**-51}[np.dtype(dtype).name]
    for a, b in ((got, y), (gradients[0], dx), (gradients[1], summed(dbeta, shape))):
        assert a.shape == b.shape
        np.testing.assert_allclose(a.astype(np.float64), b, rtol=2 * eps, atol=20 * eps)


def test_bias_comes_last(backend, rng):
    dy, x, beta, bias = (rng.normal(size=s) for s in (SHAPE, SHAPE, (3, 1), (4,)))
    y, dx, dbeta = silu_by_hand(dy, x, beta, bias)
    np.testing.assert_allclose(backend.silu(x, beta=beta, bias=bias), y, rtol=1e-13, atol=1e-14)
    got = backend.silu.backward(dy, x, beta=beta, bias=bias)
    for a, b in zip(got, (dx, summed(dbeta, (3, 1)), summed(dx, (4,))), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    y, d = backend.silu.value_and_grad(x, beta=beta, bias=bias)
    np.testing.assert_allclose(d, dx / dy, rtol=1e-12)


def test_out_where_and_dtype(backend, rng):
    x, beta = (rng.normal(size=s).astype(np.float32) for s in (SHAPE, (4,)))
    y = backend.silu(x, beta=beta)
    out = np.zeros_like(x)
    assert backend.silu(x, beta=beta, out=out) is out
    np.testing.assert_array_equal(out, y)
    where, out = x > 0, np.full_like(x, 7)
    backend.silu(x, beta=beta, out=out, where=where)
    np.testing.assert_array_equal(out, np.where(where, y, np.float32(7)))
    wide = backend.silu(x, beta=beta, dtype=np.float64)
    assert wide.dtype == np.float64
    np.testing.assert_allclose(wide, silu_by_hand(1, x, beta)[0], rtol=1e-14)
    work = x.copy()
    dx, dbeta = backend.silu.backward(work, work, beta=beta, out=work)
    assert dx is work
    expected = backend.silu.backward(x, x, beta=beta)
    np.testing.assert_array_equal(dx, expected[0])
    np.testing.assert_array_equal(dbeta, expected[1])
    assert backend.silu(np.float32(1.5), beta=np.float64(0.5)).dtype == np.float32


def test_layouts(backend, rng):
    x, beta = (rng.normal(size=s).astype(np.float32) for s in (SHAPE, (3, 1)))
    y, (dx, dbeta) = backend.silu(x, beta=beta), backend.silu.backward(x, x, beta=beta)
    for layout in layouts(x):
        np.testing.assert_array_equal(backend.silu(layout, beta=beta), y)
        got = backend.silu.backward(layout, layout, beta=np.asfortranarray(beta))
        np.testing.assert_array_equal(got[0], dx)
        np.testing.assert_array_equal(got[1], dbeta)


def test_promotion(backend):
    """As for any two arrays: a parameter never makes the result narrower, and integers are converted."""
    x = np.ones((2, 3), np.float32)
    assert backend.silu(x, beta=np.ones(3, np.float64)).dtype == np.float64
    assert backend.silu(x, beta=np.ones(3, np.float16)).dtype == np.float32
    assert backend.silu(x, beta=np.arange(3)).dtype == np.float64
    assert backend.silu(x.astype(np.float16), beta=np.ones(3, np.int8)).dtype == np.float16
    assert backend.silu(np.arange(3), beta=[1, 2, 3]).dtype == np.float64
    np.testing.assert_allclose(backend.silu(np.arange(3.0), beta=[1, 2, 3]), silu_by_hand(1, np.arange(3.0), [1, 2, 3])[0])
    assert backend.leaky_relu(np.arange(-3, 0), negative_slope=np.array([1, 2, 3])).tolist() == [-3, -4, -3]


def test_numbers_are_numbers_still(backend):
    """An array without dimensions, or a scalar of NumPy's, is no array parameter: there is no gradient of it."""
    x = np.ones(3, np.float32)
    for number in (2, 2.0, np.float64(2), np.float32(2), np.array(2.0), np.int8(2)):
        assert isinstance(backend.silu.backward(x, x, beta=number), np.ndarray)
        np.testing.assert_array_equal(backend.silu(x, beta=number), backend.silu(x, beta=2.0))


def test_some_are_arrays(backend, rng):
    """Those alone have a gradient, in the order of the parameters."""
    x, dy, alpha = rng.uniform(-1, 1, (3, 4)), rng.normal(size=(3, 4)), rng.uniform(0.1, 0.4, 4)
    dx, dalpha = backend.hard_sigmoid.backward(dy, x, alpha=alpha, beta=0.45)
    np.testing.assert_allclose(dx, dy * alpha)
    np.testing.assert_allclose(dalpha, (dy * x).sum(0))
    dx, dbeta = backend.hard_sigmoid.backward(dy, x, beta=np.full((3, 1), 0.5, np.float64))
    np.testing.assert_allclose(dbeta, dy.sum(1, keepdims=True))
    dx, dalpha, dbeta = backend.hard_sigmoid.backward(dy, x, beta=np.full((3, 1), 0.5, np.float64), alpha=alpha)
    np.testing.assert_allclose(dalpha, (dy * x).sum(0))
    np.testing.assert_allclose(dbeta, dy.sum(1, keepdims=True))


@pytest.mark.parametrize(
    ("name", "parameters", "error", "told"),
    [
        ("celu", {"alpha": [1.0, -1.0, 1.0]}, ValueError, "celu: each element of alpha must be a finite number > 0; one is -1.0"),
        ("celu", {"alpha": np.array([1.0, np.nan, 1.0])}, ValueError, "celu: each element of alpha must be .* one is nan"),
        ("celu", {"alpha": np.array([1.0, 0.0, 1.0], np.float16)}, ValueError, "one is 0.0"),
        ("silu", {"beta": np.array([1.0, np.inf, 1.0])}, ValueError, "each element of beta must be a finite number; one is inf"),
        ("soft_shrink", {"lambd": np.array([1, -1, 2])}, ValueError, "each element of lambd must be a number >= 0; one is -1"),
        ("hard_tanh", {"min": [0.0, 2.0, 0.0], "max": 1.0}, ValueError, "hard_tanh: min=.* is greater than max=1.0"),
        (
            "silu",
            {"beta": np.ones(2, np.float64)},
            ValueError,
            r"silu: beta of shape \(2,\) does not broadcast to the shape \(3,\)",
        ),
        ("silu", {"beta": np.ones((2, 3), np.float64)}, ValueError, r"silu: beta of shape \(2, 3\) does not broadcast"),
        ("silu", {"beta": np.ones(3, complex)}, TypeError, "silu: beta has dtype complex128"),
        ("silu", {"beta": ["a", "b", "c"]}, TypeError, "silu: beta has dtype <U1"),
        ("silu", {"beta": np.ones(3, object)}, TypeError, "silu: beta has dtype object"),
        ("silu", {"beta": "1"}, TypeError, "silu: beta must be a real number, not str"),
        ("silu", {"beta": None}, TypeError, "silu: beta must be a real number, not NoneType"),
        ("rrelu", {"lower": np.ones(3, np.float64)}, TypeError, "rrelu: lower must be a number, not an array: it says how"),
    ],
)
def test_errors_before_anything_is_written(backend, name, parameters, error, told):
    f = getattr(backend, name)
    x, out, second = np.ones(3, np.float64), np.full(3, 7.0, np.float64), np.full(3, 7.0, np.float64)
    for call in (
        lambda: f(x, out=out, **parameters),
        lambda: f.backward(x, x, out=out, **parameters),
        lambda: f.value_and_grad(x, out=(out, second), **parameters),
    ):
        with pytest.raises(error, match=told):
            call()
    assert out.tolist() == second.tolist() == [7, 7, 7]


def test_other_errors(backend):
    x, beta = np.ones(3, np.float64), np.ones(3, np.float64)
    with pytest.raises(
        TypeError, match=r"elu\.backward: where alpha is an array, the derivative can't be had from the output; give x"
    ):
        backend.elu.backward(x, y=x, alpha=beta)
    with pytest.raises(TypeError, match="unexpected keyword argument 'gamma'"):
        backend.silu(x, beta=beta, gamma=1)
    with pytest.raises(ValueError, match=r"out has shape \(2,\)"):
        backend.silu(x, beta=beta, out=np.zeros(2, np.float64))
    with pytest.raises(TypeError, match="takes either x or y"):
        backend.silu.backward(x, beta=beta)
    with pytest.raises(TypeError, match="silu: takes x alone by position"):
        backend.silu(x, beta)


def test_empty_and_masked(backend, rng):
    assert backend.silu(np.ones((0, 3), np.float32), beta=np.ones(3, np.float32)).shape == (0, 3)
    _, dbeta = backend.silu.backward(np.ones((0, 3), np.float32), np.ones((0, 3), np.float32), beta=np.ones(3, np.float32))
    assert dbeta.tolist() == [0, 0, 0]
    x = np.ma.array(rng.normal(size=(3, 4)), mask=np.eye(3, 4, dtype=bool))
    beta = np.ma.array(np.ones(4, np.float64), mask=[0, 0, 0, 1])
    beta.data[3] = np.nan  # masked, so that it is no error
    y = backend.silu(x, beta=beta)
    assert (y.mask == (x.mask | beta.mask)).all()
    np.testing.assert_allclose(y[:, 0].compressed(), silu_by_hand(1, x[:, 0].compressed(), 1)[0])


def test_made_once_for_each_set_of_parameters(backend):
    x, found = np.ones(3, np.float32), set()

    def call():
        backend.hard_sigmoid(x, alpha=x)
        found.add(backend.hard_sigmoid._variant({"alpha": x}))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    assert backend.hard_sigmoid._variant({"alpha": x, "beta": x}) not in found
    assert backend.hard_sigmoid._variant({"alpha": 2.0}) is None


def test_it_pickles(backend):
    x = np.ones(3, np.float32)
    variant = backend.silu._variant({"beta": x})
    assert pickle.loads(pickle.dumps(variant)) is variant
    for ufunc in map(variant._ufunc, variant._kinds().values()):
        assert pickle.loads(pickle.dumps(ufunc)) is ufunc


def test_xarray_and_pandas(backend, rng):
    xarray, pandas = pytest.importorskip("xarray"), pytest.importorskip("pandas")
    x, beta = rng.normal(size=(3, 4)), rng.uniform(0.5, 2, 4)
    expected = silu_by_hand(1, x, beta)
    named = xarray.DataArray(x, dims=("row", "column"))
    y = backend.silu(named, beta=xarray.DataArray(beta, dims=("column",)))
    assert y.dims == ("row", "column")
    np.testing.assert_allclose(y.values, expected[0])
    frame = pandas.DataFrame(x)
    y = backend.silu(frame, beta=beta)
    assert isinstance(y, pandas.DataFrame)
    np.testing.assert_allclose(y.to_numpy(), expected[0])
    series = pandas.Series(x[0])
    np.testing.assert_allclose(backend.silu(series, beta=pandas.Series(beta)), expected[0][0])


def test_dimensions_are_found_by_their_names(backend, rng):
    """The gradient, too, lies along the parameter's own dimension."""
    xarray = pytest.importorskip("xarray")
    x, beta = rng.normal(size=(4, 4)), rng.uniform(0.5, 2, 4)
    named, by_row = xarray.DataArray(x, dims=("row", "column")), xarray.DataArray(beta, dims=("row",))
    y, dx, dbeta = silu_by_hand(x, x, beta[:, np.newaxis])
    np.testing.assert_allclose(backend.silu(named, beta=by_row).values, y)
    got = backend.silu.backward(named, named, beta=by_row)
    assert got[0].dims == ("row", "column")
    np.testing.assert_allclose(got[0].values, dx)
    np.testing.assert_allclose(got[1], dbeta.sum(1))
    _, d = backend.silu.value_and_grad(named, beta=by_row)
    np.testing.assert_allclose(d.values, dx / x)
    np.testing.assert_allclose(backend.prelu.backward(named, named, slope=by_row)[1], np.where(x > 0, 0, x * x).sum(1))
    with pytest.raises(ValueError, match=r"silu: the dimensions .* of beta must be some of"):
        backend.silu(named, beta=xarray.DataArray(beta, dims=("other",)))


def test_dask(rng):
    da = pytest.importorskip("dask.array")
    x, beta = rng.normal(size=(6, 4)), rng.uniform(0.5, 2, 4)
    for name in backends.available():
        f = backends.load(name).silu
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lazy = f(da.from_array(x, 3), beta=da.from_array(beta, 3))
            gradients = f.backward(da.from_array(x, 3), da.from_array(x, 3), beta=beta)
            found = da.compute(lazy, *gradients, scheduler="synchronous")
        for one, other in zip(found, (f(x, beta=beta), *f.backward(x, x, beta=beta)), strict=True):
            np.testing.assert_allclose(one, other)
