"""An activation with several array parameters by its record, a number between them: on NumPy, which needs no loops for it."""

import warnings

import numpy as np
import pytest
from helpers import cast, layouts, same_bits

from fastact import backends
from fastact.backends.numpy.elementwise import NumPyActivation
from fastact.functions.entry import Info, activation


@activation(
    derivative=lambda x, a, scale, b: a * scale * (1 - np.tanh(x) ** 2) + b,
    derivative_by={"a": lambda x, a, scale, b: scale * np.tanh(x), "b": lambda x, a, scale, b: x},
    info=Info(
        formula="a * scale * tanh(x) + b * x",
        derivative="a * scale * (1 - tanh(x)**2) + b",
        range=(-np.inf, np.inf),
        monotonic=True,
        smooth=True,
        zero_centred=True,
        identity_near_zero=False,
    ),
)
def two_slopes(x, a=2.0, scale=0.5, b=0.25):
    """A sum of two functions, each with a slope of its own.

    Notes
    -----
    For tests.
    """
    return a * scale * np.tanh(x) + b * x


F = NumPyActivation(two_slopes, backends.load("numpy"))


def by_hand(dy, x, a, scale, b, bias=0.0):
    """All gradients, in float64, not yet summed."""
    dy, x, a, b = (np.asarray(v, np.float64) for v in (dy, x, a, b))
    z = x + bias
    return dy * (a * scale * (1 - np.tanh(z) ** 2) + b), dy * scale * np.tanh(z), dy * z


def test_forward(dtype, rng):
    x, a, b = (cast(rng.normal(size=shape), dtype) for shape in ((5, 3, 4), (3, 1), (4,)))
    y = F(x, a=a, scale=0.75, b=b)
    expected = a.astype(np.float64) * 0.75 * np.tanh(x.astype(np.float64)) + b.astype(np.float64) * x.astype(np.float64)
    same_bits(y, cast(expected, dtype))
    out = np.zeros_like(x)
    assert F(x, out=out, a=a, scale=0.75, b=b) is out
    same_bits(out, y)
    for layout in layouts(x):
        assert np.array_equal(F(layout, a=a, scale=0.75, b=b), y)


@pytest.mark.parametrize(("a_shape", "b_shape"), [((), (4,)), ((3, 1), (4,)), ((5, 3, 4), (1, 1, 1)), ((5, 1, 1), ())])
def test_gradients_of_each(dtype, a_shape, b_shape, rng):
    dy, x = (cast(rng.normal(size=(5, 3, 4)), dtype) for _ in range(2))
    a, b = (cast(rng.normal(size=shape), dtype)[()] for shape in (a_shape, b_shape))
    dx, da, db = F.backward(dy, x, a=a, b=b)
    assert (dx.shape, da.shape, db.shape) == (x.shape, a_shape, b_shape)
    assert {dx.dtype, da.dtype, db.dtype} == {np.dtype(dtype)}
    expected = by_hand(dy, x, a, 0.5, b)
    tolerance = 40 * float(np.finfo(dtype).eps) if np.dtype(dtype).kind == "f" else 0.4
    np.testing.assert_allclose(dx.astype(np.float64), expected[0], rtol=tolerance, atol=tolerance)
    for got, all_of_it, shape in ((da, expected[1], a_shape), (db, expected[2], b_shape)):
        padded = (1,) * (3 - len(shape)) + shape
        axes = tuple(i for i, n in enumerate(padded) if n == 1)
        summed = all_of_it.sum(axis=axes).reshape(shape)
        np.testing.assert_allclose(np.asarray(got, np.float64), summed, rtol=tolerance, atol=10 * tolerance)


def test_bias_comes_last(rng):
    dy, x, a, b, bias = (rng.normal(size=shape) for shape in ((6, 4), (6, 4), (6, 1), (4,), (4,)))
    dx, da, db, dbias = F.backward(dy, x, a=a, b=b, bias=bias)
    expected = by_hand(dy, x, a, 0.5, b, bias)
    np.testing.assert_allclose(dx, expected[0])
    np.testing.assert_allclose(da, expected[1].sum(1, keepdims=True))
    np.testing.assert_allclose(db, expected[2].sum(0))
    np.testing.assert_allclose(dbias, expected[0].sum(0))
    again = F.backward(dy, x, a=a, b=b, bias=bias, out=x)
    assert again[0] is x
    for one, other in zip((dx, da, db, dbias), again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_value_and_grad(rng):
    x, a = rng.normal(size=(2, 8))
    y, d = F.value_and_grad(x, a=a)
    np.testing.assert_array_equal(y, F(x, a=a))
    np.testing.assert_allclose(d, by_hand(1.0, x, a, 0.5, 0.25)[0])


def test_dtypes_are_those_of_all_arrays(rng):
    x = rng.normal(size=(3, 4)).astype(np.float32)
    assert F(x).dtype == F(x, a=2, b=1.5).dtype == F(x, scale=np.float64(0.1)).dtype == np.float32
    assert F(x, b=np.ones(4, np.float64)).dtype == np.float64
    assert F(x.astype(np.float16), b=np.ones(4, np.float32), scale=3).dtype == np.float32
    assert F(np.arange(4), b=np.arange(4)).dtype == np.float64
    assert F(x, dtype=np.float64, a=np.ones(4, np.float32)).dtype == np.float64
    ml_dtypes = pytest.importorskip("ml_dtypes")
    narrow = x.astype(ml_dtypes.bfloat16)
    for result in (F(narrow), F(narrow, a=narrow), *F.backward(narrow, narrow, a=narrow[0], scale=0.3)):
        assert result.dtype == ml_dtypes.bfloat16
    assert F(narrow, b=x).dtype == np.float32


def test_what_does_not_broadcast_is_named():
    x = np.zeros((3, 4), np.float32)
    with pytest.raises(ValueError, match=r"two_slopes: b of shape \(3,\) does not broadcast to the shape \(3, 4\) of the input"):
        F(x, a=np.ones(4, np.float32), b=np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"two_slopes: a of shape \(2, 3, 4\)"):
        F.backward(x, x, a=np.ones((2, 3, 4), np.float32))
    with pytest.raises(TypeError, match="two_slopes: b has dtype complex128"):
        F(x, b=np.ones(4, complex))


def test_the_number_among_them_may_be_an_array(rng):
    dy, x, scale = rng.normal(size=(5, 3, 4)), rng.normal(size=(5, 3, 4)), rng.normal(size=(3, 1))
    dx, da, dscale, db = F.backward(dy, x, scale=scale)
    expected = by_hand(dy, x, 2.0, scale, 0.25)
    np.testing.assert_allclose(dx, expected[0])
    np.testing.assert_allclose(da, expected[1].sum())
    np.testing.assert_allclose(dscale, (dy * 2.0 * np.tanh(x)).sum((0, 2)).reshape(3, 1))
    np.testing.assert_allclose(db, expected[2].sum())


def test_where_writes_nothing_else(rng):
    x, a = rng.normal(size=(2, 3, 4))
    where = x > 0
    out = np.full(x.shape, 7.0, np.float64)
    F(x, a=a, where=where, out=out)
    np.testing.assert_array_equal(out[~where], 7)
    np.testing.assert_array_equal(out[where], F(x, a=a)[where])


def test_masked_arrays(rng):
    x = np.ma.array(rng.normal(size=(3, 4)), mask=np.eye(3, 4, dtype=bool))
    dy, b = rng.normal(size=(3, 4)), rng.normal(size=4)
    dx, _, db = F.backward(dy, x, b=b)
    assert (dx.mask == x.mask).all()
    np.testing.assert_allclose(db, np.where(x.mask, 0, dy * x.data).sum(0))


def test_dask(rng):
    da = pytest.importorskip("dask.array")
    x, dy, b = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.normal(size=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lazy = F.backward(da.from_array(dy, 3), da.from_array(x, 3), b=b)
        found = da.compute(*lazy, scheduler="synchronous")
    for one, other in zip(found, F.backward(dy, x, b=b), strict=True):
        np.testing.assert_allclose(one, other)
