"""Every backend gives what the NumPy formulas of the registry give, within the declared bounds, in every way to call."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fastact
from fastact.tools import reference


def assert_within(got, wanted, ulp, size=None):
    """`wanted` is float64; both sides are allowed the bound."""
    size = wanted if size is None else size
    errors = reference.ulp_errors(got, wanted, np.asarray(size))
    assert errors.max(initial=0) <= 2 * ulp + 0.51


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_direction_gives_the_numpy_formula(f, dtype, rng):
    entry = f._entry
    x = reference.stratified(dtype, 4000, rng)
    x = np.concatenate([x, np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)])
    if f.name == "exponential":
        x = np.minimum(x, dtype(80))  # where f' overflows, a finite dy * f' may be inf or not
    dy = rng.normal(size=x.size).astype(dtype)
    defaults = [dtype(p.default) if dtype == np.float32 else p.default for p in entry.parameters]
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        y = np.asarray(entry.forward(wide, *map(float, defaults)), np.float64)
        d = np.asarray(entry.derivative(wide, *map(float, defaults)), np.float64)
        # where the derivative overflows, a small dy can make the product a number again: not every backend gives that
        dy = np.where(np.isinf(d.astype(dtype)) & np.isfinite(d), dtype(1), dy)
        assert_within(f(x), y, f.info.ulp)
        gradient = f.backward(dy, x)
        gradient = gradient[0] if isinstance(gradient, tuple) else gradient
        # the derivative is computed first and rounded; near its zeros its error is that of its largest term, at most 1.2
        scale = np.maximum(np.abs(d), np.where(np.abs(x) < 5, 1, np.abs(d))) if not np.isscalar(d) else d
        if f.name == "sinc":  # has zeros everywhere; its terms decay like 1 / x
            scale = np.maximum(scale, 1 / np.maximum(np.abs(wide), 1))
        if f.name == "snake":  # zeros everywhere, too; its terms are 1 and a sine
            scale = np.maximum(scale, 1)
        assert_within(gradient, dy.astype(np.float64) * d, f.info.derivative_ulp + 1, dy.astype(np.float64) * scale)
        if entry.derivative_from_output:
            saved = f(x)
            wanted = dy * np.asarray(entry.derivative_from_output(saved.astype(np.float64), *map(float, defaults)))
            np.testing.assert_allclose(
                f.backward(dy, y=saved), wanted.astype(dtype), rtol=20 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps * 4
            )


@given(
    x=hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=40),
        elements={"allow_nan": True, "allow_infinity": True},
    ),
    name=st.sampled_from(sorted(fastact.activations)),
    order=st.sampled_from("CF"),
)
def test_any_array(x, name, order):
    """Compiled and NumPy backends agree on whatever hypothesis thinks of."""
    x = np.asarray(x, order=order)
    f, plain = fastact.activations[name], getattr(fastact.backends.load("numpy"), name)
    with np.errstate(all="raise"):
        y, expected = np.asarray(f(x)), np.asarray(plain(x))
    assert y.shape == expected.shape
    assert y.dtype == expected.dtype
    assert_within(y.ravel(), expected.ravel().astype(np.float64), f.info.ulp)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sinusoid", "snake"])
def test_large_neighbours_change_nothing(backend, name, dtype, rng):
    """Loops take pieces of small numbers by a shorter way, and the results are the same to the bit."""
    f = getattr(backend, name)
    x = np.concatenate([rng.normal(0, 3, 3000), rng.uniform(-1e7, 1e7, 1000)]).astype(dtype)
    mixed = np.concatenate([x, dtype([np.nan, np.inf, 0.0, -0.0, 1e30])])
    rng.shuffle(mixed)
    for parameters in [{}, {"alpha": 2.5}] if f.params else [{}]:
        ways = (
            lambda x, p=parameters: f(x, **p),
            lambda x, p=parameters: f.backward(np.ones_like(x), x, **p),
            lambda x, p=parameters: f.value_and_grad(x, **p)[0],
            lambda x, p=parameters: f.value_and_grad(x, **p)[1],
        )
        for way in ways:
            alone = np.concatenate([way(np.sort(x)[k : k + 1]) for k in range(0, x.size, 7)])
            np.testing.assert_array_equal(way(np.sort(x))[::7], alone)
            order = np.argsort(mixed, kind="stable")
            np.testing.assert_array_equal(way(mixed)[order], way(mixed[order]))


@pytest.mark.parametrize("integer", "?bBhHiIlLqQ")
def test_integers(f, integer):
    x = np.array([0, 1, 1, 0] if integer in "?BHILQ" else [0, 1, -3, 7], integer)
    y = f(x)
    floating = f(x.astype(np.float64))
    whole = all(isinstance(value, int) for value in f.params.values())
    if f._entry.keeps_integers and whole:
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y, floating.astype(integer))
    else:
        assert y.dtype == np.float64
        np.testing.assert_array_equal(y, floating)
    assert f.value_and_grad(x)[0].dtype == np.float64
    gradient = f.backward(x, x)
    assert (gradient[0] if isinstance(gradient, tuple) else gradient).dtype == np.float64


@pytest.mark.parametrize("integer", "bhilq")
@pytest.mark.parametrize("name", ["leaky_relu", "prelu"])
def test_integer_parameters_keep_integers(backend, name, integer):
    f = getattr(backend, name)
    y = f(np.array([-3, 5, 0], integer), **{next(iter(f.params)): 2})
    assert y.dtype == np.dtype(integer)
    assert y.tolist() == [-6, 5, 0]


def test_the_issue_example(backend, capsys):
    print(backend.relu(np.array([-1, 2, -3, 4, 0])))
    assert capsys.readouterr().out == "[0 2 0 4 0]\n"


def test_python_numbers_do_not_change_the_dtype(backend, dtype):
    x = np.ones(3, dtype)
    for alpha in (2, 0.5, np.float64(0.5), np.float16(0.5), np.array(0.5)):
        assert backend.elu(x, alpha=alpha).dtype == dtype
        assert backend.elu.backward(1.0, x, alpha=alpha).dtype == dtype


def test_mixed_dtypes_promote_as_in_numpy(backend):
    f32, f64, f16, i64 = (np.ones(3, t) for t in "fdel")
    assert backend.sigmoid.backward(f32, f64).dtype == np.float64
    assert backend.sigmoid.backward(f16, f32).dtype == np.float32
    assert backend.sigmoid.backward(f32, i64).dtype == np.float64
    assert backend.sigmoid(f32, bias=f64).dtype == np.float64
    assert backend.prelu(f32, slope=f64).dtype == np.float64


def test_numbers_beside_float16_are_rounded_alike(backend):
    """An array parameter or dy given as a number is float16 as an array would be; a scalar parameter is float32."""
    x = np.linspace(-3, 3, 50).astype(np.float16)
    plain = fastact.backends.load("numpy")
    np.testing.assert_array_equal(backend.prelu(x, slope=0.1), plain.prelu(x, slope=0.1))
    np.testing.assert_array_equal(backend.prelu(x, slope=0.1), backend.prelu(x, slope=np.float16(0.1)))
    np.testing.assert_array_equal(backend.leaky_relu(x, negative_slope=0.1), plain.leaky_relu(x, negative_slope=0.1))
    np.testing.assert_array_equal(backend.relu.backward(0.1, x), backend.relu.backward(np.full_like(x, 0.1), x))
