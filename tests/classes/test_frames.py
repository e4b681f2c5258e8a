"""Series and frames of pandas and polars."""

import numpy as np
import pytest

X = np.float32([[-1, 2, 3], [4, -5, 6]])
BIAS = np.float32([1, -2, 3])


def pandas_frame():
    return pytest.importorskip("pandas").DataFrame(X, columns=list("abc"), index=[7, 8])


def check(ours, frame, plain):
    """Of the frame's class, index and columns, and the plain result's dtype and values."""
    assert type(ours) is type(frame)
    assert (ours.dtypes == plain.dtype).all()
    assert ours.index.equals(frame.index)
    assert ours.columns.equals(frame.columns)
    np.testing.assert_array_equal(ours.to_numpy(), plain)


def test_pandas(backend):
    df = pandas_frame()
    check(backend.leaky_relu(df), df, backend.leaky_relu(X))
    check(backend.elu(df, alpha=0.5), df, backend.elu(X, alpha=0.5))
    check(backend.gelu(df, bias=BIAS), df, backend.gelu(X, bias=BIAS))
    check(backend.elu.backward(df, df, alpha=0.5), df, backend.elu.backward(X, X, alpha=0.5))
    for call in (
        lambda v: backend.prelu.backward(v, v, slope=0.1),
        lambda v: backend.prelu.backward(v, v, slope=BIAS),
        lambda v: backend.relu.backward(v, v, bias=BIAS),
        lambda v: backend.relu.backward(v, y=v, bias=BIAS),
    ):
        dx, gradient = call(df)
        check(dx, df, call(X)[0])
        assert gradient.dtype == np.float32
        np.testing.assert_array_equal(gradient, call(X)[1])
    for call in (backend.gelu.value_and_grad, lambda v: backend.swiglu.backward(v, v, v)):
        for ours, plain in zip(call(df), call(X), strict=True):
            check(ours, df, plain)
    check(backend.softmax(df, scale=0.5), df, backend.softmax(X, scale=0.5))
    check(backend.softmax(df, axis=0), df, backend.softmax(X, axis=0))
    check(backend.softmax.backward(df, df), df, backend.softmax.backward(X, X))
    sums = backend.logsumexp(df)
    assert sums.index.equals(df.index)
    np.testing.assert_array_equal(sums, backend.logsumexp(X))
    assert list(backend.logsumexp(df, axis=0).index) == ["a", "b", "c"]
    check(backend.softmax(df, axis=None), df, backend.softmax(X, axis=None))
    check(backend.softmax(df, axis=(1,), mask=X > 0, scale=[[0.5], [2]]), df, backend.softmax(X, mask=X > 0, scale=[[0.5], [2]]))
    assert backend.logsumexp(df, axis=(0, 1)) == backend.logsumexp(X, axis=None)
    assert backend.logsumexp(df, axis=(1,)).index.equals(df.index)
    np.testing.assert_array_equal(backend.logsumexp(df, keepdims=True), backend.logsumexp(X, keepdims=True))
    assert backend.logsumexp(df["a"], keepdims=True).shape == (1,)
    series = backend.softmax(df["a"])
    assert series.name == "a"
    assert series.dtype == np.float32


def test_polars(backend):
    pl = pytest.importorskip("polars")
    for dtype, plain in ((pl.Float32, X[0]), (pl.Float64, X[0].astype(np.float64))):
        s = pl.Series("p", X[0], dtype=dtype)
        for call in (
            backend.relu,
            lambda v: backend.elu(v, alpha=0.5),
            lambda v: backend.relu(v, bias=BIAS),
            lambda v: backend.gelu.backward(v, v),
            lambda v: backend.swiglu(v, v),
            backend.softmax,
            lambda v: backend.softmax.backward(v, v),
            lambda v: backend.prelu.backward(v, v, slope=0.1)[0],
            lambda v: backend.gelu.value_and_grad(v)[1],
            lambda v: backend.swiglu.backward(v, v, v)[1],
        ):
            ours = call(s)
            assert isinstance(ours, pl.Series)
            assert ours.name == "p"
            assert ours.dtype == dtype
            np.testing.assert_array_equal(ours.to_numpy(), call(plain))
        assert backend.logsumexp(s) == backend.logsumexp(plain)
    assert backend.relu(pl.Series([1.0, None, -1.0])).to_list() == [1.0, None, 0.0]
