"""DataArrays and Datasets of xarray: named dimensions; coordinates and attributes are kept."""

import numpy as np
import pytest

xr = pytest.importorskip("xarray")

X = np.float32([[-1, 2, 3], [4, -5, 6]])


@pytest.fixture
def x():
    return xr.DataArray(X, dims=("time", "feature"), coords={"time": [10, 20]}, attrs={"unit": "m"}, name="x")


def same(ours, x, plain):
    assert ours.attrs == x.attrs
    assert ours.dims == x.dims
    assert ours.coords.equals(x.coords)
    assert ours.dtype == plain.dtype
    np.testing.assert_array_equal(ours.data, plain)


def test_elementwise(backend, x):
    same(backend.elu(x, alpha=0.5), x, backend.elu(X, alpha=0.5))
    same(backend.gelu.backward(x, x), x, backend.gelu.backward(X, X))
    for ours, plain in zip(backend.gelu.value_and_grad(x), backend.gelu.value_and_grad(X), strict=True):
        same(ours, x, plain)
    for keywords in ({"bias": np.float32([1, 2, 3])}, {}):
        f = backend.relu if keywords else backend.prelu
        (dx, gradient), plain = f.backward(x, x, **keywords), f.backward(X, X, **keywords)
        same(dx, x, plain[0])
        np.testing.assert_array_equal(gradient, plain[1])


@pytest.mark.parametrize("name", ["softmax", "sparsemax", "log_softmax", "softmin"])
def test_maps_of_rows(backend, name, x):
    f = getattr(backend, name)
    for axis in (0, 1, -1):
        plain = f(X, axis=axis)
        same(f(x, axis=axis), x, plain)
        same(f(x, axis=x.dims[axis]), x, plain)
        y = f(x, axis=axis)
        same(f.backward(x.T, y, axis=x.dims[axis]), x, f.backward(X, plain, axis=axis))
    with pytest.raises(ValueError, match=f"{name}: there is no dimension 'day'; there are 'time', 'feature'"):
        f(x, axis="day")
    with pytest.raises(np.exceptions.AxisError):
        f(x, axis=2)


@pytest.mark.parametrize("name", ["logsumexp", "maxout"])
def test_reductions(backend, name, x):
    f = getattr(backend, name)
    ours = f(x, axis="feature")
    assert ours.dims == ("time",)
    same(ours, x.isel(feature=0), f(X))
    same(f.backward(ours, x, axis="feature"), x, f.backward(f(X), X))
    assert f(x, axis="time").dims == ("feature",)


@pytest.mark.parametrize("axis", [None, ("time", "feature"), ("feature",), (0, -1), ("feature", 0)])
def test_several_dimensions(backend, axis, x):
    numbers = None if axis is None else tuple(x.dims.index(a) if isinstance(a, str) else a for a in axis)
    for name in ("softmax", "sparsemax"):
        f = getattr(backend, name)
        same(f(x, axis=axis), x, f(X, axis=numbers))
        same(f.backward(x, x, axis=axis), x, f.backward(X, X, axis=numbers))
    for name in ("logsumexp", "maxout"):
        f = getattr(backend, name)
        ours, plain = f(x, axis=axis), f(X, axis=numbers)
        assert ours.shape == plain.shape
        np.testing.assert_array_equal(ours.data, plain)
        kept, plain = f(x, axis=axis, keepdims=True), f(X, axis=numbers, keepdims=True)
        assert kept.dims == x.dims
        np.testing.assert_array_equal(kept.data, plain)
        assert kept.attrs == x.attrs
        assert ("time" in kept.coords) == (axis == ("feature",))
        same(f.backward(kept, x, axis=axis, keepdims=True), x, f.backward(plain, X, axis=numbers, keepdims=True))
    with pytest.raises(ValueError, match="softmax: there is no dimension 'day'"):
        backend.softmax(x, axis=("time", "day"))
    with pytest.raises(ValueError, match=r"softmax: axis=.* names an axis twice"):
        backend.softmax(x, axis=("time", 0))


def test_scales_and_masks(backend, x):
    """By name, where they have names."""
    taking, scale = np.array([True, False, True]), np.array([[0.5], [2.0]])
    named = xr.DataArray(taking, dims="feature"), xr.DataArray(scale[:, 0], dims="time", coords={"time": [10, 20]})
    for name in ("softmax", "logsumexp"):
        f = getattr(backend, name)
        plain = f(X, mask=taking, scale=scale)
        for mask, factor in ((taking, scale), named):
            np.testing.assert_array_equal(f(x, mask=mask, scale=factor).data, plain)
            dx = f.backward(f(x), x, mask=mask, scale=factor)
            np.testing.assert_array_equal(dx.data, f.backward(f(X), X, mask=taking, scale=scale))
        across = f(x.T, mask=named[0], scale=named[1], axis="feature")
        np.testing.assert_array_equal(across.transpose(*f(x).dims).data, plain)
    with pytest.raises(ValueError, match="softmax: mask has dimensions that x has not: 'day'"):
        backend.softmax(x, mask=xr.DataArray(taking, dims="day"))
    with pytest.raises(TypeError, match="maxout: with return_index= x must be"):
        backend.maxout(x, return_index=True)
    square = x[:, :2]
    same(backend.softmax(square, mask="causal"), square, backend.softmax(X[:, :2], mask="causal"))


def test_datasets(backend, x):
    data = xr.Dataset({"a": x, "b": 2 * x}, attrs={"title": "t"})
    for call in (backend.gelu, lambda v: backend.gelu.backward(v, v), lambda v: backend.softmax(v, axis="time")):
        ours = call(data)
        assert ours.attrs == data.attrs
        np.testing.assert_array_equal(ours["b"].data, call(data["b"]).data)
    with pytest.raises(TypeError, match=r"prelu.backward: a Dataset has no place"):
        backend.prelu.backward(data, data)
    with pytest.raises(TypeError, match=r"cross_entropy: logits is a Dataset"):
        backend.cross_entropy(data, [0, 1])


def test_lazy(backend, x):
    pytest.importorskip("dask.array")
    lazy = x.chunk({"time": 1})
    for call in (
        backend.elu,
        lambda v: backend.softmax(v, axis=-1),
        lambda v: backend.softmax.backward(v, v),
        lambda v: backend.softmax(v, mask=np.array([True, False, True]), scale=np.array([[0.5], [2.0]])),
        lambda v: backend.gelu.value_and_grad(v)[1],
        lambda v: backend.relu.backward(v, v, bias=np.ones(3, np.float32))[0],
    ):
        ours = call(lazy)
        assert ours.chunks
        same(ours.compute(scheduler="sync"), x, call(X))
    with pytest.raises(ValueError, match=r"softmax: axis 0 of a dask array is in 2 chunks"):
        backend.softmax(lazy, axis="time")
    with pytest.raises(TypeError, match="logits is a dask array"):
        backend.cross_entropy(lazy, [0, 1])
