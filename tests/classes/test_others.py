"""Jagged arrays of awkward; objects that have `__array_wrap__` alone, as PyTorch's tensors do."""

import numpy as np
import pytest

X = np.float32([[-1, 2, 3], [4, -5, 6]])


class Tensor:
    """Like a tensor: an array with a class of results, and a dtype of its own."""

    def __init__(self, array):
        self.array = np.asarray(array)
        self.dtype, self.shape, self.ndim = f"tensor.{self.array.dtype}", self.array.shape, self.array.ndim

    def __array__(self, dtype=None, copy=None):
        return self.array if dtype is None else self.array.astype(dtype)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return Tensor(array)


class Old(Tensor):
    def __array_wrap__(self, array):
        return Old(array)


@pytest.mark.parametrize("kind", [Tensor, Old])
def test_results_of_the_same_class(backend, kind):
    if kind is Old and backend.name != "numpy":
        pytest.skip("NumPy's ufuncs warn of it")
    bias = np.float32([1, 2, 3])
    for call in (
        backend.relu,
        lambda v: backend.elu(v, alpha=0.5),
        lambda v: backend.gelu(v, bias=bias),
        lambda v: backend.gelu.backward(v, v),
        lambda v: backend.relu.backward(v, v, bias=bias)[0],
        lambda v: backend.prelu.backward(v, v, slope=0.1)[0],
        lambda v: backend.gelu.value_and_grad(v)[1],
        lambda v: backend.swiglu(v, v),
        lambda v: backend.swiglu.backward(v, v, v)[0],
        lambda v: backend.softmax(v, scale=0.5),
        lambda v: backend.softmax(v, mask=X > 0),
        lambda v: backend.softmax(v, axis=None, scale=[[0.5]]),
        lambda v: backend.logsumexp(v, keepdims=True),
        lambda v: backend.softmax.backward(v, v),
        backend.logsumexp,
    ):
        ours = call(kind(X))
        assert type(ours) is kind
        assert ours.array.dtype == np.float32
        np.testing.assert_array_equal(ours.array, call(X))
    assert type(backend.relu.backward(kind(X), kind(X), bias=bias)[1]) is np.ndarray
    out = np.zeros_like(X)
    assert backend.relu(kind(X), out=out) is out
    assert type(backend.cross_entropy(kind(X), [0, 1])) is np.float32


def test_awkward(backend):
    ak = pytest.importorskip("awkward")
    jagged = ak.Array([[-1.0, 2.0], [3.0]])
    for call in (
        backend.elu,
        lambda v: backend.gelu.backward(v, v),
        lambda v: backend.gelu.value_and_grad(v)[1],
        lambda v: backend.swiglu(v, v),
        lambda v: backend.swiglu.backward(v, v, v)[0],
    ):
        ours = call(jagged)
        np.testing.assert_array_equal(ak.flatten(ours), call(np.float64([-1, 2, 3])))
        assert ak.num(ours).tolist() == [2, 1]
    for name in ("softmax", "log_softmax", "softmin", "sparsemax", "logsumexp", "maxout"):
        f = getattr(backend, name)
        for axis in (0, 1, -1):
            with pytest.raises(ValueError, match=f"{name}: x is a jagged array"):
                f(jagged, axis=axis)
        with pytest.raises(ValueError, match=f"{name}.backward: dy is a jagged array"):
            f.backward(jagged, jagged)
    for call in (lambda: backend.prelu.backward(jagged, jagged), lambda: backend.relu.backward(jagged, jagged, bias=[1.0])):
        with pytest.raises(ValueError, match="is a jagged array"):
            call()
    with pytest.raises(ValueError, match="cross_entropy: logits is a jagged array"):
        backend.cross_entropy(jagged, [0, 1])
    regular = ak.Array([[-1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(backend.softmax(regular), backend.softmax(np.asarray(regular)))
    assert isinstance(backend.logsumexp(regular), ak.Array)


@pytest.mark.parametrize(
    ("shape", "slope", "fits"),
    [
        ((3,), (2, 3), False),
        ((), (1,), False),
        ((1,), (3,), False),
        ((1, 3), (4, 1, 1), False),
        ((2, 3), (2,), False),
        ((0, 3), (3,), True),
        ((0,), (1,), True),
        ((2, 3), (1, 1), True),
        ((2, 3), (), True),
        ((), (), True),
    ],
)
def test_a_slope_broadcasts_to_x(backend, shape, slope, fits):
    """In every direction: results have the shape of x, the slope's gradient its own."""
    x, p = np.ones(shape), np.full(slope, 0.5)
    calls = (
        lambda: [backend.prelu(x, slope=p)],
        lambda: backend.prelu.value_and_grad(x, slope=p),
        lambda: backend.prelu.backward(x, x, slope=p),
    )
    for call in calls:
        if not fits:
            with pytest.raises(ValueError, match=r"prelu: slope of shape .* does not broadcast to the shape"):
                call()
            continue
        assert np.shape(call()[0]) == shape
    if fits:
        assert np.shape(backend.prelu.backward(x, x, slope=p)[1]) == slope
