"""Softmax and its backward: any axis, any layout, every edge, on any dtype."""

import ml_dtypes
import mpmath
import numpy as np
import pytest

from fastact import reference, softmax


def exact(row):
    with mpmath.workdps(60):
        powers = [mpmath.exp(mpmath.mpf(float(value))) for value in row]
        return [power / mpmath.fsum(powers) for power in powers]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 10, 333])
def test_against_mpmath(dtype, n, rng):
    x = (rng.normal(size=n) * 10).astype(dtype)
    assert reference.ulp_errors(softmax(x), exact(x)).max() <= 4


@pytest.mark.parametrize("axis", [-3, -2, -1, 0, 1, 2])
def test_any_axis(dtype, axis, rng):
    x = rng.normal(size=(4, 5, 6)).astype(dtype)
    y = softmax(x, axis=axis)
    assert y.dtype == dtype
    moved = np.moveaxis(x, axis, -1)
    np.testing.assert_array_equal(np.moveaxis(y, axis, -1), np.moveaxis(softmax(moved.copy()), -1, -1))
    np.testing.assert_allclose(y.sum(axis=axis, dtype=np.float64), 1, rtol=8 * float(ml_dtypes.finfo(dtype).eps))
    np.testing.assert_array_equal(softmax(np.asfortranarray(x), axis=axis), y)


def test_the_default_is_the_last_axis(rng):
    x = rng.normal(size=(3, 4))
    np.testing.assert_array_equal(softmax(x), softmax(x, axis=1))


def test_edges(dtype):
    inf = np.inf
    rows = np.array([[-inf, -inf], [inf, 0], [np.nan, 0], [-inf, 0], [1e4, 1e4]]).astype(dtype)
    wanted = [[np.nan] * 2, [np.nan] * 2, [np.nan] * 2, [0, 1], [0.5, 0.5]]
    np.testing.assert_array_equal(softmax(rows).astype(np.float64), wanted)
    assert softmax(np.empty((3, 0), dtype)).shape == (3, 0)
    assert softmax(np.empty((0, 3), dtype)).shape == (0, 3)
    assert softmax(np.array([5], dtype)).tolist() == [1]
    assert softmax([1, 1]).tolist() == [0.5, 0.5]
    assert softmax([1, 1]).dtype == np.float64


def test_input_is_left_alone(dtype, rng):
    x = rng.normal(size=(3, 4)).astype(dtype)
    before = x.copy()
    softmax(x)
    np.testing.assert_array_equal(x, before)


def test_out_and_in_place(dtype, rng):
    x = rng.normal(size=(3, 4)).astype(dtype)
    y = softmax(x)
    out = np.empty((4, 3), dtype).T
    assert softmax(x, out=out) is out
    np.testing.assert_array_equal(out, y)
    dy = rng.normal(size=(3, 4)).astype(dtype)
    dx = softmax.backward(dy, y)
    work = dy.copy()
    assert softmax.backward(work, y, out=work) is work
    np.testing.assert_array_equal(work, dx)
    work = x.copy()
    softmax(work, out=work)
    np.testing.assert_array_equal(work, y)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_backward_is_the_derivative(axis, rng):
    x, dy = rng.normal(size=(2, 5, 4))
    y = softmax(x, axis=axis)
    dx = softmax.backward(dy, y, axis=axis)
    h = 1e-6
    for index in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[index] = h
        difference = (dy * (softmax(x + step, axis=axis) - softmax(x - step, axis=axis))).sum() / (2 * h)
        assert dx[index] == pytest.approx(difference, abs=1e-9)


def test_errors(rng):
    x = rng.normal(size=(3, 4))
    out = np.full((3, 4), 7.0)
    for axis in (2, -3):
        with pytest.raises(np.exceptions.AxisError):
            softmax(x, out=out, axis=axis)
        with pytest.raises(np.exceptions.AxisError):
            softmax.backward(x, x, out=out, axis=axis)
    with pytest.raises(np.exceptions.AxisError):
        softmax(1.0)
    with pytest.raises(TypeError, match=r"softmax.*complex128"):
        softmax(x.astype(complex), out=out)
    with pytest.raises(ValueError, match="shape"):
        softmax(x, out=out[:2])
    with pytest.raises(ValueError, match="shape"):
        softmax.backward(x[:2], x, out=out)
    integers = np.full((3, 4), 7)
    with pytest.raises(TypeError):
        softmax(x, out=integers)
    with pytest.raises(TypeError, match="array"):
        softmax(x, out=[0])
    with pytest.raises(TypeError, match="slop"):
        softmax(x, slop=1)
    assert (integers == 7).all()
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        softmax(x, out=out)
    assert (out == 7).all()
