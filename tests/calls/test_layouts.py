"""f(x) is f of each element alone, bit for bit, whatever the length, alignment, stride, byte order or memory order."""

import numpy as np
import pytest
from helpers import layouts, peak, same_bits

LENGTHS = range(201)


def values(dtype, n, rng=None):
    rng = rng or np.random.default_rng(n)
    with np.errstate(under="ignore"):
        x = (rng.normal(size=n) * np.exp2(rng.uniform(-8, 5, n))).astype(dtype)
    x[::17] = np.nan
    x[5::23] = -np.inf
    x[7::29] = -0.0
    return x


def one_by_one(call, *arrays):
    """The call on each element alone: as an array of one, which is bitwise the same as the scalar."""
    return np.array([call(*(a[i : i + 1].copy() for a in arrays))[0] for i in range(arrays[0].size)], arrays[0].dtype)


def directions(f):
    """Every way to compute with f, as functions of x and dy."""
    yield lambda x, dy: f(x)
    yield lambda x, dy: first(f.backward(dy, x))
    yield lambda x, dy: f.value_and_grad(x)[1]
    if f._entry.derivative_from_output:
        yield lambda x, dy: f.backward(dy, y=x)


def first(result):
    return result[0] if isinstance(result, tuple) else result


def test_lengths(f, dtype):
    x, dy = values(dtype, 200), values(dtype, 200, np.random.default_rng(1))
    for call in directions(f):
        alone = one_by_one(call, x, dy)
        for n in LENGTHS:
            same_bits(call(x[:n].copy(), dy[:n].copy()), alone[:n])


def test_layouts(f, dtype):
    x, dy = values(dtype, 1500), values(dtype, 1500, np.random.default_rng(1))
    for call in directions(f):
        plain = call(x, dy)
        for a, b in zip(layouts(x), layouts(dy), strict=True):
            same_bits(call(a, dy), plain)
            same_bits(call(x, b), plain)
            same_bits(call(a, b), plain)


def at_offset(x, offset):
    """A copy of x that starts so many bytes after a 64-byte boundary."""
    raw = np.zeros(x.nbytes + 128, np.uint8)
    start = -raw.ctypes.data % 64 + offset
    copied = raw[start : start + x.nbytes].view(x.dtype)
    copied[:] = x
    return copied


def test_alignments(f, dtype):
    x, dy = values(dtype, 100), values(dtype, 100, np.random.default_rng(1))
    for call in directions(f):
        plain = call(x, dy)
        for offset in range(64):
            same_bits(call(at_offset(x, offset), at_offset(dy, (7 * offset) % 64)), plain)


def test_two_dimensional_orders(f, dtype):
    x = values(dtype, 600).reshape(20, 30)
    plain = f(x.ravel()).reshape(20, 30)
    for a in (x, np.asfortranarray(x), x.T.copy().T, np.ascontiguousarray(x[:, ::-1])[:, ::-1]):
        same_bits(f(a), plain)
        for out in (np.empty_like(x), np.asfortranarray(np.empty_like(x)), np.empty((20, 60), dtype)[:, ::2]):
            result = f(a, out=out)
            assert result is out
            same_bits(out, plain)
    same_bits(f(x[3:17:2, 5:25:3]), plain[3:17:2, 5:25:3])
    row = np.broadcast_to(x[0], (4, 30))
    same_bits(f(row), np.broadcast_to(plain[0], (4, 30)))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (1,), (1, 1, 1), (2, 3, 4)])
def test_shapes(f, dtype, shape):
    x = np.ones(shape, dtype)
    for result in (f(x), *f.value_and_grad(x), first(f.backward(x, x))):
        assert result.shape == shape
        assert result.dtype == dtype
        assert type(result) is np.ndarray


def test_scalars(f, dtype):
    """A Python number or a 0-d array gives a NumPy scalar, bitwise the element's result."""
    array, dy = np.array([0.75], dtype), np.array([1.5], dtype)
    expected = f(array)[0]
    for x, slope in ((array[0], dy[0]), (array.reshape(()), dy.reshape(()))):
        results = [f(x), *f.value_and_grad(x), first(f.backward(slope, x))]
        wanted = [f(array), *f.value_and_grad(array), first(f.backward(dy, array))]
        if f._entry.derivative_from_output:
            results.append(f.backward(slope, y=x))
            wanted.append(f.backward(dy, y=array))
        for result, want in zip(results, wanted, strict=True):
            assert type(result) is dtype.type
            same_bits(result, want[0])
    for slope, x in ((1.5, array[0]), (dy[0], 0.75)):  # a Python number does not decide
        assert type(first(f.backward(slope, x))) is dtype.type
    assert type(f(0.75)) is np.float64
    assert type(f.value_and_grad(0.75)[1]) is np.float64
    assert type(first(f.backward(1.0, 0.75))) is np.float64
    out = np.empty((), dtype)
    assert f(np.array(0.75, dtype), out=out) is out
    assert out == expected


def test_in_place(f, dtype):
    for n in (1, 15, 16, 17, 1000, 5000):
        x, dy = values(dtype, n), values(dtype, n, np.random.default_rng(1))
        y, d = f.value_and_grad(x)
        dx = first(f.backward(dy, x))
        work = x.copy()
        same_bits(f(work, out=work), y)
        same_bits(work, y)
        work = dy.copy()
        same_bits(first(f.backward(work, x, out=work)), dx)
        work = x.copy()
        same_bits(first(f.backward(dy, work, out=work)), dx)
        work, slope = x.copy(), np.empty_like(x)
        f.value_and_grad(work, out=(work, slope))
        same_bits(work, y)
        same_bits(slope, d)


@pytest.mark.parametrize("shift", [-3, -1, 1, 3])
def test_partial_overlap(f, dtype, shift):
    memory = values(dtype, 3000)
    a, b = slice(10, 2900), slice(10 + shift, 2900 + shift)
    expected = f(memory[a].copy())
    work = memory.copy()
    f(work[a], out=work[b])
    same_bits(work[b], expected)
    work = memory.copy()
    expected = first(f.backward(memory[b].copy(), memory[a].copy()))
    first(f.backward(work[b], work[a], out=work[b]))
    same_bits(work[b], expected)
    work = memory.copy()
    y, d = f.value_and_grad(memory[a].copy())
    slope = np.empty_like(y)
    f.value_and_grad(work[a], out=(work[b], slope))
    same_bits(work[b], y)
    same_bits(slope, d)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("furthest", [100, 750, 13_000, 1.6e6])
def test_what_stands_beside_does_not_matter(f, dtype, furthest):
    """Large x may have a formula of their own, for all that are computed together."""
    x = np.linspace(-furthest, furthest, 50_001, dtype=dtype)
    beside = np.full((x.size, 2), 1e37, dtype)
    beside[:, 0] = x
    same_bits(f(beside)[:, 0].copy(), f(x))
    same_bits(first(f.backward(beside, beside))[:, 0].copy(), first(f.backward(x, x)))


def test_nothing_is_written_outside(f, dtype):
    """Guards of both sides of the output stay as they were, for every remainder of a vector."""
    for n in range(140):
        memory = np.full(n + 128, 7, dtype)
        out = memory[64 : 64 + n]
        f(values(dtype, n), out=out)
        f.backward(values(dtype, n), values(dtype, n), out=out)
        assert (memory[:64] == 7).all()
        assert (memory[64 + n :] == 7).all()


def test_memory_mapped(backend, tmp_path):
    path = tmp_path / "x.npy"
    x = values(np.float32, 1000)
    np.save(path, x)
    mapped = np.load(path, mmap_mode="r")
    same_bits(np.asarray(backend.sigmoid(mapped)), backend.sigmoid(x))


def test_non_contiguous_input_is_not_copied_whole(backend):
    x = np.ones((2000, 2000), np.float32)[:, ::2]
    out = np.empty_like(x)
    assert peak(lambda: backend.relu(x, out=out)) < x.nbytes / 4
