"""Integers against Python's: comparisons are exact, sums and products wrap as NumPy's do, a bool is 0 or 1."""

import itertools

import numpy as np
import pytest

INTEGERS = [np.dtype(char) for char in "bBhHiIlLqQ"]
WHOLE = {
    "identity": lambda x: x,
    "relu": lambda x: max(x, 0),
    "relu6": lambda x: min(max(x, 0), 6),
    "binary_step": lambda x: int(x >= 0),
    "leaky_relu": lambda x, negative_slope: x if x > 0 else negative_slope * x,
    "prelu": lambda x, slope: x if x > 0 else slope * x,
    "threshold": lambda x, threshold, value: x if x > threshold else value,
    "hard_tanh": lambda x, min, max: min if x < min else max if x > max else x,
    "hard_shrink": lambda x, lambd: x if abs(x) > lambd else 0,
    "soft_shrink": lambda x, lambd: 0 if abs(x) <= lambd else x - lambd if x > 0 else x + lambd,
    "srelu": lambda x, threshold_left, slope_left, threshold_right, slope_right: (
        threshold_left + slope_left * (x - threshold_left)
        if x <= threshold_left
        else threshold_right + slope_right * (x - threshold_right)
        if x >= threshold_right
        else x
    ),
}
#: By parameters, whether they are only compared with x: then any integer will do.
COMPARED = {"threshold", "lambd", "min", "max"}


def interesting(dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    middle = [*range(-9, 10), 2**53 - 1, 2**53 + 1, 46341, -46341]
    found = {low, low + 1, low + 2, high, high - 1, high // 2, high // 2 + 1, low // 2, *middle}
    return sorted(x for x in found if low <= x <= high)


def wrapped(x, dtype):
    low, span = np.iinfo(dtype).min, 2 ** (8 * dtype.itemsize)
    return (x - low) % span + low


def choices(name, dtype):
    """Values of a parameter."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    inside = [value for value in (low, -3, 0, 2, high) if low <= value <= high]
    return [low - 1, *inside, high - 1, high + 1, 10**30, -(10**30)] if name in COMPARED else inside


@pytest.mark.parametrize("dtype", INTEGERS, ids=lambda dtype: dtype.char)
@pytest.mark.parametrize("name", WHOLE)
def test_integers_are_exact_and_wrap(backend, name, dtype):
    f, formula = getattr(backend, name), WHOLE[name]
    x = np.array(interesting(dtype) * 5, dtype)
    for values in itertools.product(*(choices(p, dtype) for p in f.params)):
        params = dict(zip(f.params, values, strict=True))
        pairs = (("min", "max"), ("threshold_left", "threshold_right"))
        if params.get("lambd", 0) < 0 or any(params.get(least, 0) > params.get(most, 0) for least, most in pairs):
            continue
        expected = [formula(int(value), **params) for value in x]
        if name == "prelu":
            params["slope"] = dtype.type(params["slope"])
        if name == "hard_tanh" and (params["min"] > np.iinfo(dtype).max or params["max"] < np.iinfo(dtype).min):
            with pytest.raises(ValueError, match="does not fit"):
                f(x, **params)
            continue
        expected = np.array([wrapped(value, dtype) for value in expected], dtype)
        for given in (x, np.repeat(x, 2)[::2], x.astype(dtype.newbyteorder())):
            y = f(given, **params)
            assert y.dtype == dtype
            np.testing.assert_array_equal(y, expected, err_msg=f"{params}")


@pytest.mark.parametrize("dtype", INTEGERS, ids=lambda dtype: dtype.char)
@pytest.mark.parametrize("name", WHOLE)
def test_a_bias_wraps(backend, name, dtype):
    f = getattr(backend, name)
    params = {"slope": dtype.type(2)} if name == "prelu" else dict.fromkeys(f.params, 2) if name != "hard_tanh" else {}
    x = np.array([interesting(dtype)] * 2, dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(f(x, bias=x[0], **params), f(x + x[0], **params))


def test_what_was_reported(backend):
    np.testing.assert_array_equal(backend.threshold(np.uint8([0, 1, 2]), threshold=-1, value=9), [0, 1, 2])
    for f in (backend.hard_shrink, backend.soft_shrink):
        np.testing.assert_array_equal(f(np.int8([-128, -127, 127]), lambd=300), [0, 0, 0])
    four = np.arange(4, dtype=np.uint32)
    np.testing.assert_array_equal(backend.hard_tanh(four, bias=four), [0, 1, 1, 1])
    np.testing.assert_array_equal(backend.hard_tanh(np.uint8([3]), bias=np.int16([-9]), min=-300, max=40000), [-6])


BYTES = np.array([0, 1, 2, 255, 128, 0, 7, 64] * 9, np.uint8)


def bool_calls(backend, name, x):
    """All that a function makes of bools."""
    f = getattr(backend, name)
    yield lambda: f(x)
    yield lambda: f(x[::3])
    yield lambda: f.backward(x, x)
    yield lambda: f.value_and_grad(x)
    yield lambda: f(x.reshape(9, 8), bias=x[:8])
    yield lambda: f(x, out=np.empty(x.shape))
    if name in ("prelu", "leaky_relu"):
        yield lambda: f(x, **{next(iter(f.params)): x if name == "prelu" else 1})


def bits(results):
    """The bytes of results, where True is one byte."""
    arrays = map(np.asarray, results if isinstance(results, tuple) else (results,))
    return [(y.astype(np.uint8) if y.dtype == bool else y).tobytes() for y in arrays]


@pytest.mark.parametrize("aligned", [True, False])
def test_bytes_of_bools(backend, name, aligned):
    """Whatever byte is not 0 is True, as to NumPy."""
    odd, plain = BYTES.view(bool), BYTES != 0
    if not aligned:
        odd, plain = np.repeat(odd.view(np.uint8), 2).view(bool)[1::2], np.repeat(plain, 2)[1::2]
    for given, wanted in zip(bool_calls(backend, name, odd), bool_calls(backend, name, plain), strict=True):
        try:
            expected = wanted()
        except TypeError:  # not for bool
            continue
        assert bits(given()) == bits(expected)


def test_bytes_of_bools_elsewhere(backend):
    odd, plain, x = BYTES.view(bool).reshape(9, 8), (BYTES != 0).reshape(9, 8), np.linspace(-1, 1, 72).reshape(9, 8)
    for call in (
        backend.softmax,
        backend.logsumexp,
        backend.maxout,
        lambda b: backend.softmax(b, axis=0),
        lambda b: backend.softmax(x, mask=b),
        lambda b: backend.softmax(x, mask=b, axis=0),
        lambda b: backend.maxout.backward(b[:, 0], x),
        lambda b: backend.swiglu(b, b),
        lambda b: backend.reglu(b, b),
        lambda b: backend.swiglu.backward(b, b, b)[0],
        lambda b: backend.swiglu.backward(b, b, b)[1],
        lambda b: backend.binary_cross_entropy(x, b),
        lambda b: backend.binary_cross_entropy(x, b, weight=b, pos_weight=b),
        lambda b: backend.binary_cross_entropy.value_and_grad(x, b)[1],
        lambda b: backend.cross_entropy(x, np.abs(x), weight=b[0]),
        lambda b: backend.cross_entropy(b, np.abs(x)),
        lambda b: backend.prelu.backward(x, x, slope=b[0])[1],
    ):
        assert bits(call(odd)) == bits(call(plain))
