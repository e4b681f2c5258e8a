"""Gated units: act(gate) * value in one pass, forward and backward, on every backend, dtype and layout."""

import copy
import doctest
import inspect
import pickle
import re
import threading

import ml_dtypes
import numpy as np
import pytest
from helpers import layouts, peak, same_bits

import fastact
from fastact import functions
from fastact.backends.numpy.rounding import rounded
from fastact.calls.gated import Gated
from fastact.tools import reference

ACTIVATION = {unit.name: unit.activation.name for unit in functions.units.values()}


@pytest.fixture(params=ACTIVATION)
def unit(request):
    return request.param


@pytest.fixture
def f(backend, unit):
    """One unit on one backend."""
    return getattr(backend, unit)


def values(dtype, shape, rng):
    """Numbers of either sign and of sizes around 1; some special ones where there is room."""
    with np.errstate(under="ignore"):
        x = (rng.normal(size=shape) * np.exp2(rng.uniform(-6, 3, shape))).astype(dtype)
    flat = x.ravel()
    flat[3::31] = 0
    flat[5::37] = -0.0
    flat[7::41] = -np.inf
    flat[11::43] = np.nan
    return flat.reshape(shape)


def triple(dtype, shape, rng):
    return tuple(values(dtype, shape, rng) for _ in range(3))


def everything(f, dy, gate, value):
    """The result and both gradients."""
    return f(gate, value), *f.backward(dy, gate, value)


# What is computed.


def test_it_is_the_activation_times_value(f, dtype, rng):
    """On compiled backends bit for bit: in float32, also for 16 bits, rounded once."""
    dy, gate, value = triple(dtype, 3000, rng)
    y, dgate, dvalue = everything(f, dy, gate, value)
    wide = np.float64 if dtype == np.float64 or f.backend == "numpy" else np.float32
    activation = getattr(fastact.backends.load(f.backend), ACTIVATION[f.name])
    with np.errstate(all="ignore"):
        if f.backend == "numpy":
            act, slope = (
                formula(gate.astype(wide), *activation.params.values())
                for formula in (activation._entry.forward, activation._entry.derivative)
            )
        else:
            act, slope = activation.value_and_grad(gate.astype(wide))
        dy, value = dy.astype(wide), value.astype(wide)
        same_bits(y, rounded(act * value, dtype))
        same_bits(dgate, rounded(dy * value * slope, dtype))
        same_bits(dvalue, rounded(dy * act, dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_accuracy(f, dtype, rng):
    """Forward at most one ULP more than the activation where that is a normal number; else the absolute error is bounded."""
    info = f.activation.info
    gate = reference.stratified(dtype, 60_000 if dtype == np.float32 else 600, rng)
    value = (rng.uniform(1, 2, gate.size) * rng.choice([-1, 1], gate.size)).astype(dtype)
    dy = rng.uniform(1, 2, gate.size).astype(dtype)
    finite = np.abs(gate) < np.finfo(dtype).max / 4  # so that no product overflows
    gate, value, dy = gate[finite], value[finite], dy[finite]
    if dtype == np.float32:
        act, slope, size = reference.wide(f.activation.name, gate, *reference.defaults(f.activation.name))
        wide_value, wide_dy = value.astype(np.float64), dy.astype(np.float64)
    else:
        exact = reference.exact(f.activation.name, gate, *reference.defaults(f.activation.name))
        act, slope, size = (np.array(terms, object) for terms in exact)
        wide_value, wide_dy = (np.array([reference.mp.mpf(float(v)) for v in array], object) for array in (value, dy))
    y, dgate, dvalue = everything(f, dy, gate, value)
    least = np.finfo(dtype).smallest_normal
    normal = np.array([abs(a) >= least for a in act]) | (f.name == "reglu")

    def errors(got, *wanted):
        return reference.ulp_errors(got, *(wanted if dtype == np.float32 else map(list, wanted)))

    bound = info.ulp + 1 if info.ulp else 0.501
    steep = np.array([s >= least for s in size])
    with np.errstate(under="ignore"):
        forward = errors(y, act * wide_value)
        of_value = errors(dvalue, act * wide_dy)
        of_gate = errors(dgate, wide_dy * wide_value * slope, np.abs(wide_dy * wide_value * size))
    assert forward[normal].max() <= bound
    assert of_value[normal].max() <= bound
    # what is lost of a subnormal activation is multiplied with it, here by less than 2
    assert forward.max() <= 2 * info.ulp + 0.501
    assert of_gate[steep].max() <= info.derivative_ulp + 1.5


def test_a_large_value_shows_what_a_subnormal_gate_has_lost(backend):
    """The activation is rounded before the product, in float32; the NumPy backend computes in float64."""
    y = backend.swiglu(np.float32([-100]), np.float32([1e30]))
    exact = -100 * np.exp(-100.0) * 1e30
    assert abs(float(y[0]) - exact) <= 2.01 * 2.0**-149 * 1e30
    if backend.name == "numpy":
        assert abs(float(y[0]) / exact - 1) < 1e-6


def test_16_bits_are_rounded_once(f, rng):
    for dtype in (np.float16, ml_dtypes.bfloat16):
        gate = reference.bit_patterns(dtype, 1)
        value = rng.uniform(1, 2, gate.size).astype(dtype)
        with np.errstate(all="ignore"):
            act = reference.wide(f.activation.name, gate, *reference.defaults(f.activation.name))[0]
            wanted = act * value.astype(np.float64)
        keep = np.abs(wanted) < float(ml_dtypes.finfo(dtype).max)
        normal = np.abs(act) >= np.finfo(np.float32).smallest_normal
        errors = reference.ulp_errors(f(gate, value)[keep], wanted[keep])
        assert errors[normal[keep]].max() <= 0.51
        assert errors.max() <= (0.51 if dtype == np.float16 else 4.5)


def test_finite_differences(f, rng):
    gate, value, dy = rng.uniform(-5, 5, 500), rng.normal(size=500), rng.normal(size=500)
    gate = gate[np.abs(gate) > 1e-3]
    value, dy = value[: gate.size], dy[: gate.size]
    dgate, dvalue = f.backward(dy, gate, value)
    h = 1e-5
    np.testing.assert_allclose(dgate, dy * (f(gate + h, value) - f(gate - h, value)) / (2 * h), atol=1e-8, rtol=1e-7)
    np.testing.assert_allclose(dvalue, dy * (f(gate, value + h) - f(gate, value - h)) / (2 * h), atol=1e-8, rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch(f, dtype, rng):
    torch = pytest.importorskip("torch")
    gate, value, dy = (rng.uniform(-6, 6, (40, 50)).astype(dtype) for _ in range(3))
    a, b = (torch.tensor(x, requires_grad=True) for x in (gate, value))
    functions = {
        "glu": lambda: torch.nn.functional.glu(torch.cat([b, a], -1)),
        "reglu": lambda: torch.relu(a) * b,
        "geglu": lambda: torch.nn.functional.gelu(a) * b,
        "swiglu": lambda: torch.nn.functional.silu(a) * b,
    }
    wanted = functions[f.name]()
    wanted.backward(torch.tensor(dy))
    eps = np.finfo(dtype).eps
    y, dgate, dvalue = everything(f, dy, gate, value)
    # absolute parts: PyTorch's gelu cancels on the left, and derivatives have zeros
    np.testing.assert_allclose(y, wanted.detach().numpy(), rtol=8 * eps, atol=8 * eps * np.abs(value).max())
    np.testing.assert_allclose(dvalue, b.grad.numpy(), rtol=8 * eps, atol=8 * eps * np.abs(dy).max())
    np.testing.assert_allclose(dgate, a.grad.numpy(), rtol=8 * eps, atol=8 * eps * np.abs(dy * value).max())


@pytest.mark.filterwarnings("error")
def test_special_values(f, dtype):
    inf, nan = np.inf, np.nan
    gate = np.array([inf, -inf, nan, 0.0, 0.0, -0.0, 1.0, -1.0, inf, -inf], dtype)
    value = np.array([2, 2, 2, inf, nan, 2, nan, inf, 0, inf], dtype)
    act = f.activation(gate)
    with np.errstate(all="ignore"):
        wanted = act * value
    same_bits(f(gate, value), wanted)
    y = f(gate, value).astype(np.float64)
    assert y[0] == (2 if f.name == "glu" else inf)
    assert y[1] == 0
    assert np.isnan(y[[2, 4, 6]]).all()
    assert np.isnan(y[3]) == (f.name != "glu")  # 0 * inf, as in PyTorch; the sigmoid of 0 is 1/2
    assert np.isnan(y[7]) == (f.name == "reglu")
    assert np.isnan(y[9])
    assert np.signbit(f(gate[5:6], value[5:6])[0]) == (f.name != "glu")
    dgate, dvalue = f.backward(np.ones_like(gate), gate, value)
    same_bits(dvalue, act)
    assert np.isnan(dgate[[2, 4, 6]]).all()


def test_relus_infinities_are_pytorchs(backend):
    torch = pytest.importorskip("torch")
    gate, value = np.float32([-1, 0, 2, -1, np.inf]), np.float32([np.inf, -np.inf, np.inf, np.nan, 0])
    same_bits(backend.reglu(gate, value), (torch.relu(torch.tensor(gate)) * torch.tensor(value)).numpy())


# Dtypes.


@pytest.mark.parametrize("integer", "?bBhHiIlLqQ")
def test_integers(f, integer):
    gate = np.array([0, 1, 1, 0] if integer in "?BHILQ" else [0, 1, -3, 7], integer)
    value = np.array([1, 1, 0, 0] if integer == "?" else [5, 100, 3, 100], integer)
    y, dgate, dvalue = everything(f, gate, gate, value)
    assert dgate.dtype == dvalue.dtype == np.float64
    if f.name == "reglu":
        assert y.dtype == gate.dtype
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(y, np.maximum(gate, np.zeros(1, integer)) * value)  # 7 * 100 wraps around in 8 bits
    else:
        assert y.dtype == np.float64
        np.testing.assert_array_equal(y, f(gate.astype(float), value.astype(float)))


def test_integer_products_wrap_around(backend):
    for integer in "bBhHiIlLqQ":
        largest = np.iinfo(integer).max
        x = np.full(70, largest, integer)
        y = backend.reglu(x, x)
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(y, x * x)


def test_dtypes_promote_as_in_numpy(f):
    f16, f32, f64, i8, i64 = (np.ones(3, t) for t in "efdbl")
    assert f(f32, f64).dtype == f(f64, f32).dtype == np.float64
    assert f(f16, f32).dtype == np.float32
    assert f(f32, i64).dtype == np.float64
    assert f(f16, i8).dtype == np.float16
    assert all(d.dtype == np.float64 for d in f.backward(f64, f32, f32))
    assert all(d.dtype == np.float32 for d in f.backward(f16, f32, f16))
    if f.name == "reglu":
        assert f(i8, i64).dtype == np.int64


def test_scalars(f, dtype):
    gate, value = dtype.type(1.5), dtype.type(-2)
    for a, b in ((gate, value), (np.array(gate), np.array(value)), (gate, -2.0), (1.5, value), (gate, -2)):
        y = f(a, b)
        assert isinstance(y, np.generic)
        assert y.dtype == dtype
        assert y == f(np.array([gate]), np.array([value]))[0]
    dgate, dvalue = f.backward(1.0, gate, value)
    assert dgate.dtype == dvalue.dtype == dtype
    assert isinstance(f(1.5, -2.0), np.float64)
    out = np.empty((), dtype)
    assert f(gate, value, out=out) is out
    assert out == f(gate, value)


def test_lists(f):
    np.testing.assert_array_equal(f([1.0, 2.0], [3.0, 4.0]), f(np.array([1.0, 2.0]), np.array([3.0, 4.0])))


def test_out_of_another_dtype(f, rng):
    dy, gate, value = triple(np.float32, 50, rng)
    y = f(gate, value)
    wide, narrow = np.empty(50, np.float64), np.empty(50, np.float16)
    assert f(gate, value, out=wide) is wide
    np.testing.assert_array_equal(wide, y.astype(np.float64))
    results = f.backward(dy, gate * 1e6, value * 1e6, out=(wide, narrow))  # overflows without a warning
    assert results[0] is wide
    assert results[1] is narrow


# Layouts.


def test_lengths(f, dtype, rng):
    dy, gate, value = triple(dtype, 150, rng)
    whole = everything(f, dy, gate, value)
    for n in range(150):
        for got, wanted in zip(everything(f, dy[:n].copy(), gate[:n].copy(), value[:n].copy()), whole, strict=True):
            same_bits(got, wanted[:n])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_alignments(f, dtype, rng):
    """Loops start anew where a large output is aligned, and nothing changes."""
    n = 9001
    dy, gate, value = triple(dtype, n, rng)
    whole = everything(f, dy, gate, value)
    step = np.dtype(dtype).itemsize
    for offset in range(0, 64, 3 * step):
        memory = np.full((2, n * step + 128), 255, np.uint8)
        start = -memory.ctypes.data % 64 + offset
        y, other = (row[start : start + n * step].view(dtype) for row in memory)
        same_bits(f(gate, value, out=y), whole[0])
        f.backward(dy, gate, value, out=(y, other))
        same_bits(y, whole[1])
        same_bits(other, whole[2])
        assert (memory[:, :start] == 255).all()
        assert (memory[:, start + n * step :] == 255).all()


@pytest.mark.parametrize("shape", [(7, 60), (3, 1500)])
def test_layouts(f, dtype, shape, rng):
    dy, gate, value = triple(dtype, shape, rng)
    whole = everything(f, dy, gate, value)
    for a, b, c in zip(layouts(dy), layouts(gate), layouts(value), strict=True):
        for arrays in ((dy, b, value), (dy, gate, c), (a, gate, value), (a, b, c)):
            for got, wanted in zip(everything(f, *arrays), whole, strict=True):
                same_bits(got, wanted)
    for layout, other in zip(layouts(np.zeros_like(gate)), layouts(np.zeros_like(gate)), strict=True):
        if not layout.flags.writeable:
            continue
        assert f(gate, value, out=layout) is layout
        same_bits(layout.astype(dtype), whole[0])
        f.backward(dy, gate, value, out=(layout, other))
        same_bits(layout.astype(dtype), whole[1])
        same_bits(other.astype(dtype), whole[2])
    row = np.broadcast_to(gate[0], shape)
    same_bits(f(row, value), f(row.copy(), value))


@pytest.mark.parametrize("shape", [(10,), (6, 10), (5, 2100), (2, 3, 70), (2, 1, 3, 5), (0, 8), (5, 0), (4, 2), (1, 30)])
def test_halves_of_a_packed_array(f, dtype, shape, rng):
    packed = values(dtype, (*shape[:-1], 2 * shape[-1]), rng)
    dy = values(dtype, shape, rng)
    gate, value = np.split(packed, 2, axis=-1)
    whole = everything(f, dy, gate.copy(), value.copy())
    for got, wanted in zip(everything(f, dy, gate, value), whole, strict=True):
        same_bits(got, wanted)
    gradients = np.full((*shape[:-1], 2 * shape[-1]), 7, dtype)
    halves = np.split(gradients, 2, axis=-1)
    results = f.backward(dy, gate, value, out=tuple(halves))
    assert all(a is b for a, b in zip(results, halves, strict=True))
    same_bits(gradients, np.concatenate(whole[1:], axis=-1))
    # one half only: the other stays as it was
    gradients[...] = 7
    assert f(gate, value, out=halves[1]) is halves[1]
    same_bits(halves[1].copy(), whole[0])
    assert (halves[0] == 7).all()
    # over the packed array itself
    work = packed.copy()
    f.backward(dy, *np.split(work, 2, axis=-1), out=tuple(np.split(work, 2, axis=-1)))
    same_bits(work, np.concatenate(whole[1:], axis=-1))
    work = packed.copy()
    f(*np.split(work, 2, axis=-1), out=np.split(work, 2, axis=-1)[0])
    same_bits(work, np.concatenate([whole[0], value], axis=-1))


# One packed array.


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((20,), -1), ((6, 40), -1), ((6, 40), 0), ((3, 8, 5), 1), ((3, 8, 5), -2), ((2, 3, 4, 6), 2), ((0, 4), -1), ((4, 0), 1)],
)
@pytest.mark.parametrize("gate_first", [False, True])
def test_a_packed_array(f, dtype, shape, axis, gate_first, rng):
    packed = values(dtype, shape, rng)
    gate, value = np.split(packed, 2, axis=axis)[:: 1 if gate_first else -1]
    dy = values(dtype, gate.shape, rng)
    packing = {"axis": axis, "gate_first": gate_first}
    y, dgate, dvalue = everything(f, dy, gate.copy(), value.copy())
    wanted = np.concatenate((dgate, dvalue) if gate_first else (dvalue, dgate), axis=axis)
    for strided, strided_dy in zip(layouts(packed), layouts(dy), strict=True) if packed.size else [(packed, dy)]:
        same_bits(f(strided, **packing), y)
        same_bits(f.backward(strided_dy, strided, **packing), wanted)
    for out in (np.empty_like(packed), np.empty_like(packed, order="F"), np.empty((2, *shape), dtype)[0]):
        assert f.backward(dy, packed, out=out, **packing) is out
        same_bits(out.copy("C"), wanted)
    assert f.backward(dy, packed, out=(out,), **packing) is out
    work = packed.copy()
    assert f.backward(dy, work, out=work, **packing) is work  # in its place
    same_bits(work, wanted)
    out = np.empty_like(dy)
    assert f(packed, out=out, **packing) is out
    same_bits(out, y)
    same_bits(f(gate=packed, **packing), y)


def test_the_gate_is_the_second_half(f):
    packed = np.array([[3.0, 4.0, -1.0, 2.0]])
    gate, value = packed[:, 2:], packed[:, :2]
    same_bits(f(packed), f.activation(gate) * value)
    same_bits(f(packed, gate_first=True), f.activation(value) * gate)
    same_bits(f(packed.tolist()), f(packed))
    whole = np.array([6, -4, 1, 2])
    same_bits(f(whole), f(whole[2:], whole[:2]))
    same_bits(f.backward([1, 2], whole), np.concatenate(f.backward([1, 2], whole[2:], whole[:2])[::-1]))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_packed_array_as_in_pytorch(backend, axis, rng):
    torch = pytest.importorskip("torch")
    packed, dy = rng.normal(size=(6, 8)), rng.normal(size=(3, 8) if axis == 0 else (6, 4))
    theirs = torch.from_numpy(packed).requires_grad_()
    y = torch.nn.functional.glu(theirs, dim=axis)
    y.backward(torch.from_numpy(dy))
    np.testing.assert_allclose(backend.glu(packed, axis=axis), y.detach().numpy(), rtol=1e-13)
    np.testing.assert_allclose(backend.glu.backward(dy, packed, axis=axis), theirs.grad.numpy(), rtol=1e-13)
    ours = backend.swiglu(torch.from_numpy(packed))
    assert isinstance(ours, torch.Tensor)
    np.testing.assert_array_equal(ours.numpy(), backend.swiglu(packed))
    ours = backend.swiglu.backward(torch.from_numpy(np.ones((6, 4))), torch.from_numpy(packed))
    assert isinstance(ours, torch.Tensor)
    np.testing.assert_array_equal(ours.numpy(), backend.swiglu.backward(np.ones((6, 4)), packed))


PACKED = np.arange(12, dtype=np.float32).reshape(2, 6)
HALF = np.ones((2, 3), np.float32)

WRONG_PACKED = {
    "odd": (lambda f: f(PACKED[:, :5]), ValueError, "packed array of shape .2, 5. has 5 elements along axis -1"),
    "odd, backward": (lambda f: f.backward(HALF, PACKED[:1], axis=0), ValueError, "has 1 elements along axis 0"),
    "a number": (lambda f: f(2.0), ValueError, "axis -1 is out of bounds"),
    "axis": (lambda f: f(PACKED, axis=2), np.exceptions.AxisError, "axis 2 is out of bounds"),
    "no integer": (lambda f: f(PACKED, axis=1.0), TypeError, "axis must be an integer"),
    "axis beside value": (lambda f: f(HALF, HALF, axis=0), TypeError, "gate and value were given"),
    "swapped beside value": (lambda f: f.backward(HALF, HALF, HALF, gate_first=True), TypeError, "gate and value were given"),
    "a pair": (lambda f: f.backward(HALF, PACKED, out=(HALF, None)), TypeError, "not a pair"),
    "shape of out": (lambda f: f(PACKED, out=PACKED.copy()), ValueError, "out has shape"),
    "shape of out, backward": (lambda f: f.backward(HALF, PACKED, out=HALF.copy()), ValueError, "out has shape"),
    "read-only": (lambda f: f.backward(HALF, PACKED, out=np.broadcast_to(HALF[:1, :1], (2, 6))), ValueError, "read-only"),
    "dtype of out": (lambda f: f.backward(HALF, PACKED, out=np.zeros((2, 6), int)), TypeError, "out has dtype int64"),
    "dtype": (lambda f: f(PACKED.astype(complex)), TypeError, "packed has dtype complex128"),
    "dy": (lambda f: f.backward(PACKED, PACKED), ValueError, "dy of shape .2, 6. does not fit a packed array"),
}


@pytest.mark.parametrize("what", WRONG_PACKED)
def test_wrong_packed_arrays(f, what):
    call, error, message = WRONG_PACKED[what]
    with pytest.raises(error, match=rf"{f.name}.*{message}"):
        call(f)


def test_packed_arrays_of_other_classes(f, rng):
    packed, dy = rng.normal(size=(4, 6)), rng.normal(size=(4, 3))
    masked = np.ma.masked_array(packed, mask=np.eye(4, 6, dtype=bool))
    y, d = f(masked), f.backward(dy, masked)
    assert y.mask.tolist() == (masked.mask[:, :3] | masked.mask[:, 3:]).tolist()
    np.testing.assert_array_equal(y.compressed(), f(packed)[~y.mask])
    assert isinstance(d, np.ma.MaskedArray)
    np.testing.assert_array_equal(d.compressed(), f.backward(dy, packed)[~d.mask])
    x = packed.view(Labelled)
    assert type(f(x)) is Labelled
    np.testing.assert_array_equal(np.asarray(f.backward(dy, x)), f.backward(dy, packed))
    dask = pytest.importorskip("dask.array")
    lazy = dask.from_array(packed, chunks=(2, 3))
    for ours, plain in ((f(lazy), f(packed)), (f.backward(dask.from_array(dy, chunks=2), lazy), f.backward(dy, packed))):
        assert isinstance(ours, dask.Array)
        np.testing.assert_array_equal(ours.compute(scheduler="synchronous"), plain)
    frame = pytest.importorskip("pandas").DataFrame(packed)
    with pytest.raises(TypeError, match="packed array can't be of pandas; give gate and value"):
        f(frame)


def test_halves_along_another_axis(f, dtype, rng):
    packed = values(dtype, (6, 40), rng)
    gate, value = np.split(packed, 2, axis=0)
    same_bits(f(gate, value), f(gate.copy(), value.copy()))
    gate, value = packed[:, ::2], packed[:, 1::2]  # interleaved
    same_bits(f(gate, value), f(gate.copy(), value.copy()))
    work = packed.copy()
    f.backward(gate, work[:, ::2], work[:, 1::2], out=(work[:, ::2], work[:, 1::2]))
    dgate, dvalue = f.backward(gate, gate.copy(), value.copy())
    same_bits(work[:, ::2].copy(), dgate)
    same_bits(work[:, 1::2].copy(), dvalue)


# In place and overlapping.


@pytest.mark.parametrize("n", [40, 5000])
def test_in_place(f, dtype, n, rng):
    dy, gate, value = triple(dtype, n, rng)
    y, dgate, dvalue = everything(f, dy, gate, value)
    work = gate.copy()
    assert f(work, value, out=work) is work
    same_bits(work, y)
    work = value.copy()
    f(gate, work, out=work)
    same_bits(work, y)
    for first, second in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]:
        work = [dy.copy(), gate.copy(), value.copy()]
        f.backward(*work, out=(work[first], work[second]))
        same_bits(work[first], dgate)
        same_bits(work[second], dvalue)
    for only in range(3):
        work = [dy.copy(), gate.copy(), value.copy()]
        results = f.backward(*work, out=(work[only], None))
        same_bits(work[only], dgate)
        same_bits(results[1], dvalue)
    same_bits(f(gate, gate), f(gate, gate.copy()))


@pytest.mark.parametrize("shift", [-9, -1, 1, 9])
@pytest.mark.parametrize("shape", [(2900,), (29, 100)])
def test_partial_overlap(f, dtype, shift, shape, rng):
    memory = values(dtype, 3000, rng)
    dy, value = values(dtype, shape, rng), values(dtype, shape, rng)
    a, b = slice(10, 2910), slice(10 + shift, 2910 + shift)
    y, dgate, dvalue = everything(f, dy, memory[a].reshape(shape).copy(), value)
    work = memory.copy()
    f(work[a].reshape(shape), value, out=work[b].reshape(shape))
    same_bits(work[b].reshape(shape), y)
    work = memory.copy()
    f.backward(dy, work[a].reshape(shape), value, out=(None, work[b].reshape(shape)))
    same_bits(work[b].reshape(shape), dvalue)
    work = memory.copy()
    f.backward(dy, work[a].reshape(shape), value, out=(work[b].reshape(shape), None))
    same_bits(work[b].reshape(shape), dgate)


def test_outputs_that_share_memory_are_refused(f, dtype, rng):
    dy, gate, value = triple(dtype, (6, 40), rng)
    memory = np.full((6, 130), 7, dtype)
    flat = np.full(300, 7, dtype)
    shared = [
        (memory[:, :40], memory[:, :40]),
        (memory[:, :40], memory[:, 39:79]),
        (memory[:, 30:70], memory[:, :40]),
        (memory[:, :80:2], memory[:, 2:82:2]),
        (flat[:240].reshape(6, 40), flat[1:241].reshape(6, 40)),
    ]
    for pair in shared:
        with pytest.raises(ValueError, match=r"backward.*share memory"):
            f.backward(dy, gate, value, out=pair)
    assert (memory == 7).all()
    assert (flat == 7).all()
    f.backward(dy, gate, value, out=(memory[:, :40], memory[:, 40:80]))
    f.backward(dy, gate, value, out=(memory[:, :80:2], memory[:, 1:81:2]))
    assert (memory[:, 80:] == 7).all()


# Memory and the GIL.


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("packed", [False, True])
def test_peak_memory_is_the_output(f, dtype, packed):
    shape = (512, 1024)  # powers of two: for others the cache asks for up to an eighth more, which NumPy 2.5 counts
    both = np.ones((512, 2048), dtype)
    gate, value = np.split(both, 2, axis=-1) if packed else (both[:, :1024].copy(), both[:, 1024:].copy())
    dy = np.ones(shape, dtype)
    out = tuple(np.split(np.empty_like(both), 2, axis=-1)) if packed else (np.empty_like(dy), np.empty_like(dy))
    # NumPy works in blocks of 8192 float64 elements, and has many of them at a time; one array in float64 would be 4 MB
    slack = 3_000_000 if f.backend == "numpy" else 20_000
    assert peak(lambda: f(gate, value, out=out[0])) <= slack
    assert peak(lambda: f.backward(dy, gate, value, out=out)) <= slack
    if f.backend != "numpy":
        assert peak(lambda: f(gate, value)) <= dy.nbytes + slack
        assert peak(lambda: f.backward(dy, gate, value)) <= 2 * dy.nbytes + slack
        work = gate.copy()
        assert peak(lambda: f(work, value, out=work)) <= slack
    if packed:
        assert peak(lambda: f(both, out=dy)) <= slack
        assert peak(lambda: f(both, axis=0, out=both[:256])) <= slack
        assert peak(lambda: f.backward(dy, both)) <= both.nbytes + slack
        assert peak(lambda: f.backward(dy, both, out=both)) <= slack


def test_threads(f, rng):
    dy, gate, value = triple(np.float32, (300, 500), rng)
    whole = everything(f, dy, gate, value)
    results = {}

    def work(i):
        results[i] = everything(f, dy, gate, value)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for got in results.values():
        for a, b in zip(got, whole, strict=True):
            same_bits(a, b)
    assert len(results) == 4


# Errors: nothing is written.

X = np.array([-1.0, 0.5, 2.0], np.float32)


def refused(f, kind, match, gate=X, value=X, dy=X, out=None, outs=(None, None)):
    """Both directions refuse, and leave 7 in what they were given to write to."""
    for call in (lambda: f(gate, value, out=out), lambda: f.backward(dy, gate, value, out=outs)):
        with pytest.raises(kind, match=match) as error:
            call()
        assert f.name in str(error.value)
    for array in (out, *outs):
        assert array is None or (np.asarray(array) == 7).all()


def sevens(*shape, dtype=np.float32):
    return np.full(shape, 7, dtype)


@pytest.mark.parametrize("shape", [(2,), (4,), (1,), (), (1, 3), (3, 1), (0,)])
def test_different_shapes(f, shape):
    """Even those that broadcast."""
    other = np.ones(shape, np.float32)
    out = {"out": sevens(3), "outs": (sevens(3), sevens(3))}
    refused(f, ValueError, "gate of shape.*value of shape", value=other, **out)
    refused(f, ValueError, "gate of shape.*value of shape", gate=other, **out)
    refused(f, ValueError, "gate of shape.*value of shape", value=other, outs=(None, None), out=None)
    with pytest.raises(ValueError, match=f"{f.name}.backward: dy of shape"):
        f.backward(other, X, X, out=out["outs"])
    with pytest.raises(ValueError, match=f"{f.name}.backward: dy of shape"):
        f.backward(1.0, X, X)
    assert (out["outs"][0] == 7).all()


@pytest.mark.parametrize("shape", [(2,), (4,), (1, 3), (2, 3), ()])
def test_out_of_another_shape(f, shape):
    refused(f, ValueError, "out has shape", out=sevens(*shape), outs=(sevens(3), sevens(*shape)))
    refused(f, ValueError, "out has shape", out=sevens(*shape), outs=(sevens(*shape), None))


def test_out_read_only(f):
    out = sevens(3)
    out.flags.writeable = False
    refused(f, ValueError, "read-only", out=out, outs=(None, out))
    refused(f, ValueError, "read-only", out=out, outs=(out, sevens(3)))
    halves = sevens(4, 6)
    halves.flags.writeable = False
    x = np.ones((4, 3), np.float32)
    refused(f, ValueError, "read-only", x, x, x, out=halves[:, 3:], outs=(halves[:, :3], sevens(4, 3)))


def test_out_of_a_wrong_kind(f):
    whole, floating = sevens(3, dtype=int), sevens(3)
    for call in (lambda: f(X, X, out=whole), lambda: f.backward(X, X, X, out=(floating, whole))):
        with pytest.raises(TypeError, match="cast"):
            call()
    assert (whole == 7).all()
    assert (floating == 7).all()
    refused(f, TypeError, "array", out=[7, 7, 7], outs=([7, 7, 7], None))
    for out in (X.copy(), (X.copy(),), (None,) * 3, [None, None], None):
        with pytest.raises(TypeError, match=f"{f.name}.backward.*pair"):
            f.backward(X, X, X, out=out)
    with pytest.raises(TypeError, match="tuple of 2"):
        f(X, X, out=(None, None))
    out = np.empty(3, np.float32)
    assert f(X, X, out=(out,)) is out


@pytest.mark.parametrize(
    "wrong",
    [np.array([1j, 1, 1]), np.array([None] * 3), np.array(["a"] * 3), np.array([1] * 3, "M8[s]"), np.ones(3, np.longdouble)],
    ids=lambda x: str(x.dtype),
)
def test_dtypes_that_are_not_taken(f, wrong):
    out = {"out": sevens(3), "outs": (sevens(3), sevens(3))}
    told = f"has dtype {re.escape(str(wrong.dtype))}"
    refused(f, TypeError, f"gate {told}", gate=wrong, **out)
    refused(f, TypeError, f"value {told}", value=wrong, **out)
    with pytest.raises(TypeError, match=f"{f.name}.backward: dy has dtype"):
        f.backward(wrong, X, X, out=out["outs"])


def test_wrong_arguments(f):
    out = sevens(3)
    with pytest.raises(TypeError, match=rf"{f.name}: unexpected keyword argument 'slop'; it takes out"):
        f(X, X, out=out, slop=1)
    with pytest.raises(TypeError, match=rf"{f.name}.backward: unexpected keyword argument 'slop'; it takes out"):
        f.backward(X, X, X, out=(out, None), slop=1)
    for call in (f, f.backward, lambda: f(X, X, None, X), lambda: f.backward(X), lambda: f(X, X, out, out=out)):
        with pytest.raises(TypeError):
            call()
    assert (out == 7).all()
    np.testing.assert_array_equal(f(gate=X, value=X), f(X, X))
    np.testing.assert_array_equal(f.backward(dy=X, gate=X, value=X), f.backward(X, X, X))


# Kinds of arrays, and the object itself.


class Labelled(np.ndarray):
    pass


def test_subclasses(f):
    x = X.view(Labelled)
    assert type(f(x, X)) is Labelled
    assert type(f(X, x)) is Labelled
    assert all(type(d) is Labelled for d in f.backward(X, x, X))
    np.testing.assert_array_equal(np.asarray(f(x, x)), f(X, X))


def test_masked_arrays(f):
    gate = np.ma.array(X, mask=[False, True, False])
    y = f(gate, X)
    assert isinstance(y, np.ma.MaskedArray)
    assert y.mask.tolist() == [False, True, False]
    np.testing.assert_array_equal(y.compressed(), f(X, X)[[0, 2]])
    for gradient, wanted in zip(f.backward(X, gate, X), f.backward(X, X, X), strict=True):
        assert gradient.mask.tolist() == [False, True, False]
        np.testing.assert_array_equal(gradient.compressed(), wanted[[0, 2]])


def test_dask_arrays(unit, rng):
    dask = pytest.importorskip("dask.array")
    f = getattr(fastact, unit)
    gate, value = (rng.normal(size=(5, 6)) for _ in range(2))
    lazy = f(dask.from_array(gate, chunks=2), dask.from_array(value, chunks=3))
    assert isinstance(lazy, dask.Array)
    np.testing.assert_array_equal(lazy.compute(scheduler="synchronous"), f(gate, value))
    with pytest.raises(ValueError, match="same shape"):
        f(dask.from_array(gate, chunks=2), value[:1])


def test_the_ufunc(f):
    assert f.ufunc is f.ufunc
    assert (f.ufunc.nin, f.ufunc.nout, f.ufunc.__name__) == (2, 1, f.name)
    np.testing.assert_array_equal(f.ufunc(X[:, None], X), f(*map(np.copy, np.broadcast_arrays(X[:, None], X))))
    if f.backend != "numpy":
        assert isinstance(f.ufunc, np.ufunc)


def test_attributes(f):
    assert isinstance(f, Gated)
    assert f.name == f.__name__
    assert f.activation is getattr(fastact.backends.load(f.backend), ACTIVATION[f.name])
    assert list(inspect.signature(f).parameters) == ["gate", "value", "out", "axis", "gate_first"]
    assert f.name in repr(f)
    assert f.backend in repr(f)
    assert f.backward.__doc__ == Gated.backward.__doc__
    assert copy.copy(f) is f
    assert copy.deepcopy([f])[0] is f
    assert pickle.loads(pickle.dumps(f)) is f  # on its own backend


def test_names(backend):
    for unit in ACTIVATION:
        assert unit in dir(backend)
        assert getattr(backend, unit) is getattr(backend, unit)
        assert getattr(fastact, unit) is getattr(fastact.backends.current(), unit)
    with pytest.raises(AttributeError):
        backend.swigloo  # noqa: B018


def test_documentation(unit):
    f = getattr(fastact, unit)
    for section in ("Parameters", "Returns", "Raises", "Notes", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in f.__doc__
    for text in (f.__doc__, Gated.backward.__doc__):
        test = doctest.DocTestParser().get_doctest(text, {}, unit, None, None)
        assert test.examples
        failures = []
        doctest.DocTestRunner(verbose=False).run(test, out=failures.append)
        assert not failures, "".join(failures)
    assert max(map(len, f.__doc__.splitlines())) <= 130
