"""f(x, bias=b) is f(x + b), and backward gives the sum of dx by column: right to the last digit, on any way through."""

import itertools

import ml_dtypes
import numpy as np
import pytest
from helpers import cast, inside, layouts, peak

import fastact
from fastact.calls import sums

SHAPES = [(5,), (1, 16), (4, 10), (700, 1), (90, 16), (50, 33), (2, 3, 17), (3, 2, 2, 31), (3, 1500), (0, 5), (5, 0), (2, 0, 3)]


def wide_sum(z, b):
    """z + b as the loops see it: in float32 where both have 16 bits."""
    return z + b if z.dtype.itemsize > 2 else z.astype(np.float32) + b.astype(np.float32)


def assert_same(f, got, wanted):
    """Bitwise; but 16 bits on the NumPy backend are rounded from float64 once, where the way compared with rounds twice."""
    assert got.dtype == wanted.dtype
    assert got.shape == wanted.shape
    if f.backend == "numpy" and got.dtype.itemsize == 2:
        info = ml_dtypes.finfo(got.dtype)
        with np.errstate(under="ignore"):
            np.testing.assert_allclose(got, wanted, rtol=2 * float(info.eps), atol=float(info.smallest_subnormal))
    else:
        np.testing.assert_array_equal(got, wanted)


def assert_sum_of(dx, dbias):
    """dbias is the sum of dx over all axes but the last, rounded to its dtype once."""
    axes = tuple(range(dx.ndim - 1))
    values = dx.astype(np.float64)
    total, size = values.sum(axis=axes), np.abs(values).sum(axis=axes)
    assert dbias.shape == dx.shape[-1:]
    assert dbias.dtype == dx.dtype
    info = ml_dtypes.finfo(dx.dtype)
    with np.errstate(under="ignore"):
        half_ulp = 0.5001 * np.maximum(float(info.eps) * np.abs(total), float(info.smallest_subnormal))
        assert (np.abs(dbias - total) <= half_ulp + 1e-15 * size).all()


def case(rng, shape, dtype, arrays=2, f=fastact.relu):
    """Arrays of a shape, and a bias, so that their sum is in the domain of f."""
    return [inside(f, cast(rng.normal(size=size), dtype), 2) for size in [shape] * arrays + [shape[-1]]]


def test_forward(f, dtype, rng):
    for shape in SHAPES:
        x, b = case(rng, shape, dtype, 1, f)
        expected = cast(f(wide_sum(x, b)), dtype)
        assert_same(f, f(x, bias=b), expected)
        work = x.copy()
        assert f(work, bias=b, out=work) is work
        assert_same(f, work, expected)
    x, b = case(rng, (6, 40), dtype, 1, f)
    expected = f(x, bias=b)
    for strided, bias in itertools.product(layouts(x), (b, b[::-1].copy()[::-1])):
        np.testing.assert_array_equal(f(strided, bias=bias), expected)
    out = np.zeros((6, 80), dtype)[:, ::2]
    assert f(x, bias=b, out=out) is out
    np.testing.assert_array_equal(out, expected)


def test_gradient(f, dtype, rng):
    for shape in SHAPES:
        dy, x, b = case(rng, shape, dtype, f=f)
        z = wide_sum(x, b)
        wanted = f.backward(dy.astype(z.dtype), z)
        wanted = cast(wanted[0] if f.name == "prelu" else wanted, dtype)
        dx, *rest, dbias = f.backward(dy, x, bias=b)
        assert len(rest) == (f.name == "prelu")
        assert_same(f, dx, wanted)
        assert_sum_of(dx, dbias)
        if f._entry.derivative_from_output:
            y = f(x, bias=b)
            dx, dbias = f.backward(dy, y=y, bias=b)
            np.testing.assert_array_equal(dx, f.backward(dy, y=y))
            assert_sum_of(dx, dbias)
        for place in (dy.copy(), x.copy()):  # in place of either
            first, second = (place, x) if (place == dy).all() else (dy, place)
            results = f.backward(first, second, out=place, bias=b)
            assert results[0] is place
            assert_same(f, place, wanted)
            assert_sum_of(place, results[-1])


def test_strides_do_not_change_a_bit(f, dtype, rng):
    for shape in [(130, 7), (3, 5, 40)]:
        dy, x, b = case(rng, shape, dtype, f=f)
        wanted = f.backward(dy, x, bias=b)
        for strided_dy, strided_x in zip(layouts(dy), layouts(x), strict=True):
            for out in (None, np.empty_like(strided_x)):
                got = f.backward(strided_dy, strided_x, bias=b, out=out)
                np.testing.assert_array_equal(got[0], wanted[0])
                np.testing.assert_array_equal(got[-1], wanted[-1])
        one_dy = f.backward(np.broadcast_to(dy[0], shape).copy(), x, bias=b)
        np.testing.assert_array_equal(f.backward(dy[0], x, bias=b)[-1], one_dy[-1])


MATRICES = [(1, 1), (513, 1), (70_001, 1), (20_000, 3), (9_999, 10), (700, 64), (130, 513), (90, 301), (5, 4099), (2, 20_000)]


@pytest.mark.parametrize("shape", [*MATRICES, (3, 70, 33), (2, 0, 4), (0, 7), (7, 0)])
def test_the_same_blocks_on_every_backend(backend, dtype, shape, rng):
    dy = cast(rng.normal(size=shape), dtype)
    for strided in (dy, np.asfortranarray(dy), dy.astype(dtype)[..., ::-1][..., ::-1]):
        dx, dbias = backend.identity.backward(strided, strided, bias=np.zeros(shape[-1], dtype))
        np.testing.assert_array_equal(dx, dy)
        np.testing.assert_array_equal(dbias, sums.sum_by_column(dy))
    assert_sum_of(dy, dbias)


def test_blocks_by_definition(rng):
    dy = rng.normal(size=(5000, 10))
    height, block = sums.LAYOUT.lay_out(*dy.shape)
    total = np.zeros(10)
    for start in range(0, 5000, height * block):
        lanes = np.zeros((height, 10))
        for row in range(start, min(start + height * block, 5000)):
            lanes[(row - start) % height] += dy[row]
        while len(lanes) > 1:
            half = (len(lanes) + 1) // 2
            lanes[: len(lanes) - half] += lanes[half:]
            lanes = lanes[:half]
        total += lanes[0]
    np.testing.assert_array_equal(sums.sum_by_column(dy), total)


@pytest.mark.parametrize("shape", [(5_000_000, 1), (1_250_000, 4)])
def test_millions_of_rows_lose_no_digits(backend, shape):
    ones = np.ones(shape, np.float32)
    _, dbias = backend.relu.backward(ones, y=ones, bias=np.zeros(shape[1], np.float32), out=ones)
    assert (dbias == shape[0]).all()


def test_digits_that_cancel(backend, rng):
    large = rng.uniform(1e6, 1e7, (4000, 3)).astype(np.float32)
    dy = np.concatenate([large, np.ones((1, 3), np.float32), -large])
    assert (backend.identity.backward(dy, dy, bias=np.zeros(3, np.float32))[1] == 1).all()


def test_bfloat16_sums_are_rounded_once(backend):
    dy = np.array([[1.0], [2.0**-8], [2.0**-40]]).astype(ml_dtypes.bfloat16)  # just above the middle of two bfloat16 numbers
    assert backend.identity.backward(dy, dy, bias=np.zeros(1, dy.dtype))[1] == 1 + 2.0**-7
    with np.errstate(all="ignore"):
        powers = 2.0 ** np.arange(-140, 128)
        values = np.concatenate([[np.nan, np.inf, 1e300, 3.39e38, 1e-300], powers])
    held = np.where(powers < 2.0**-133, 0, powers)  # half the smallest is rounded to even, to 0
    exact = np.concatenate([[np.nan, np.inf, np.inf, 2.0**128 - 2.0**120, 0], held])
    for sign in (1, -1):
        np.testing.assert_array_equal(sums.round_to(sign * values, dy.dtype).astype(np.float64), sign * exact)


def test_sums_that_overflow(backend):
    dy = np.full((3, 2), 60000, np.float16)
    np.testing.assert_array_equal(backend.identity.backward(dy, dy, bias=np.zeros(2, np.float16))[1], [np.inf, np.inf])
    dy = np.array([[np.inf, np.nan, np.inf], [1, 1, -np.inf]], np.float32)
    dbias = backend.identity.backward(dy, dy, bias=np.zeros(3, np.float32))[1]
    np.testing.assert_array_equal(dbias, [np.inf, np.nan, np.nan])


def test_finite_differences(f, rng):
    weight, x, b = case(rng, (30, 8), np.float64, f=f)
    h = 1e-6
    dbias = f.backward(weight, x, bias=b)[-1]
    for k in range(8):
        step = np.where(np.arange(8) == k, h, 0)
        difference = (weight * (f(x, bias=b + step) - f(x, bias=b - step))).sum() / (2 * h)
        assert abs(difference - dbias[k]) < 1e-7 * (1 + np.abs(weight).sum())


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "tanh", "sigmoid", "mish", "softplus", "elu"], indirect=True)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_pytorch(f, dtype, rng):
    torch = pytest.importorskip("torch")
    dy, x, b = case(rng, (64, 50), dtype)
    z, bias = torch.from_numpy(x).requires_grad_(), torch.from_numpy(b).requires_grad_()
    their_y = getattr(torch.nn.functional, f.name)(z + bias)
    their_y.backward(torch.from_numpy(dy))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(f(x, bias=b), their_y.detach().numpy(), rtol=8 * eps, atol=8 * eps)
    dx, dbias = f.backward(dy, x, bias=b)
    np.testing.assert_allclose(dx, z.grad.numpy(), rtol=32 * eps, atol=8 * eps)
    np.testing.assert_allclose(dbias, bias.grad.numpy(), rtol=32 * eps, atol=64 * eps)


def test_parameters(backend, dtype, rng):
    dy, x, b = case(rng, (20, 9), dtype)
    z = wide_sum(x, b)
    for f, keywords in [
        (backend.leaky_relu, {"negative_slope": 0.25}),
        (backend.hard_tanh, {"min": -0.5, "max": 0.75}),
        (backend.silu, {"beta": 1.5}),
        (backend.hard_tanh, {"min": -1, "max": 1}),  # integers go the general way
    ]:
        assert_same(f, f(x, bias=b, **keywords), cast(f(z, **keywords), dtype))
        dx, dbias = f.backward(dy, x, bias=b, **keywords)
        assert_same(f, dx, cast(f.backward(dy.astype(z.dtype), z, **keywords), dtype))
        assert_sum_of(dx, dbias)


def test_prelu(backend, dtype, rng):
    dy, x, b = case(rng, (300, 12), dtype)
    z, wide_dy = wide_sum(x, b), cast(dy, np.float64)
    eps = float(ml_dtypes.finfo(dtype).eps)
    for slope in (0.25, rng.uniform(0, 1, 12).astype(dtype), rng.uniform(0, 1, 1).astype(dtype)):
        dx, dslope, dbias = backend.prelu.backward(dy, x, bias=b, slope=slope)
        exact = wide_dy * np.where(z > 0, 1, cast(np.asarray(slope), np.float64))
        np.testing.assert_allclose(cast(dx, np.float64), exact, rtol=eps)
        elementwise = wide_dy * np.minimum(z.astype(np.float64), 0)
        total = elementwise.sum(axis=0) if np.size(slope) > 1 else elementwise.sum()
        size = np.abs(elementwise).sum(axis=0) if np.size(slope) > 1 else np.abs(elementwise).sum()
        assert np.shape(dslope) == np.shape(slope)
        assert dslope.dtype == dtype
        assert (np.abs(cast(dslope, np.float64) - total) <= eps * size).all()
        assert_sum_of(dx, dbias)


def test_integers(backend, rng):
    x, b = rng.integers(-9, 9, (40, 6)), rng.integers(-9, 9, 6)
    y = backend.relu(x, bias=b)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.maximum(x + b, 0))
    dx, dbias = backend.relu.backward(x, x, bias=b)
    assert dx.dtype == dbias.dtype == np.float64
    np.testing.assert_array_equal(dbias, (x * (x + b > 0)).sum(axis=0))
    mixed = backend.relu(x.astype(np.float32), bias=b.astype(np.float64))
    np.testing.assert_array_equal(mixed, np.maximum(x + b, 0).astype(np.float64), strict=True)


def test_out_of_another_dtype(backend, rng):
    dy, x, b = case(rng, (40, 6), np.float32)
    out = np.empty((40, 6), np.float64)
    dx, dbias = backend.gelu.backward(dy, x, bias=b, out=out)
    assert dx is out
    assert_sum_of(dx, dbias)


def test_masked_array(backend):
    dy = np.ma.masked_array(np.ones((4, 3)), mask=np.eye(4, 3, dtype=bool))
    dx, dbias = backend.relu.backward(dy, np.ones((4, 3)), bias=np.zeros(3))
    assert isinstance(dx, np.ma.MaskedArray) == isinstance(backend.relu.backward(dy, np.ones((4, 3))), np.ma.MaskedArray)
    np.testing.assert_array_equal(dbias, [3, 3, 3])


def test_overlap(backend, dtype):
    def memory():
        return np.linspace(-2, 2, 60).astype(dtype)

    shared = memory()
    x, bias = shared[:20].reshape(2, 10), shared[15:25]
    expected = backend.elu(x.copy(), bias=bias.copy())
    np.testing.assert_array_equal(backend.elu(x, bias=bias, out=x), expected)
    for place in (slice(0, 20), slice(7, 27), slice(30, 50), slice(35, 55), slice(16, 36)):  # on x, dy and the bias in part
        shared = memory()
        x, dy, bias, out = shared[:20].reshape(2, 10), shared[30:50].reshape(2, 10), shared[22:32], shared[place].reshape(2, 10)
        expected = backend.elu.backward(dy.copy(), x.copy(), bias=bias.copy())
        dx, dbias = backend.elu.backward(dy, x, bias=bias, out=out)
        np.testing.assert_array_equal(dx, expected[0])
        np.testing.assert_array_equal(dbias, expected[1])
    square = np.eye(4, dtype=dtype)
    dx, dbias = backend.relu.backward(square, square, bias=square[0])
    np.testing.assert_array_equal(dbias, np.ones(4, dtype))


@pytest.mark.parametrize("shape", [(500, 2000), (200_000, 5), (1_000_000, 1)])
@pytest.mark.parametrize("name", ["relu", "silu", "prelu", "rrelu"], indirect=True)
def test_peak_memory_is_the_output(f, dtype, shape, rng):
    dy, x, b = case(rng, shape, dtype)
    own, options = 1 << (21 if f.backend == "numpy" else 17), {}  # bytes: blocks or tiles, and sums
    own += x.nbytes // 16  # the sums of blocks of at least 64 rows, which threads form side by side
    if f.name == "rrelu" and dtype.itemsize > 2 and f.backend != "numpy":
        options["rng"] = rng
    if f.name == "prelu" and (dtype.itemsize == 2 or f.backend == "numpy"):
        own += 2 * x.nbytes  # the slope's gradient by element; twice because an iterator's buffers are as long
    assert peak(lambda: f(x, bias=b, out=x, **options)) <= own
    assert peak(lambda: f(x, bias=b, **options)) <= x.nbytes + own
    assert peak(lambda: f.backward(dy, x, bias=b, out=dy, **options)) <= own
    assert peak(lambda: f.backward(dy, x, bias=b, **options)) <= x.nbytes + own
    if f.name == "relu":
        assert peak(lambda: f.backward(dy, y=x, bias=b, out=dy)) <= own
        strided = np.zeros((2 * shape[0], shape[1]), dtype)[::2]
        assert peak(lambda: f.backward(dy, strided, bias=b, out=strided)) <= max(own, 1 << 20)


def test_peak_memory_of_long_rows(backend, dtype):
    x, b = np.ones((2, 1_000_000), dtype), np.ones(1_000_000, dtype)
    sums = 8 * b.size if dtype.itemsize == 2 or backend.relu.backend == "numpy" else 0
    assert peak(lambda: backend.relu(x, bias=b, out=x)) <= 1 << 20
    assert peak(lambda: backend.relu.backward(x, x, bias=b, out=x)) <= b.nbytes + 3 * sums + (1 << 20)


BAD = {
    "longer": (lambda: np.ones(4, np.float32), ValueError),
    "of two dimensions": (lambda: np.ones((3, 2), np.float32), ValueError),
    "broader than x": (lambda: np.ones((1, 2, 3), np.float32), ValueError),
    "a number": (lambda: 1.0, ValueError),
    "complex": (lambda: np.ones(3, complex), TypeError),
    "objects": (lambda: np.array([1, 2, 3], object), TypeError),
    "text": (lambda: ["a", "b", "c"], TypeError),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("name", ["relu", "gelu", "prelu", "rrelu"], indirect=True)
def test_a_bad_bias_writes_nothing(f, dtype, what):
    bias, error = BAD[what]
    x = np.ones((2, 3), dtype)
    out = np.full((2, 3), 7, dtype)
    with pytest.raises(error, match="bias"):
        f(x, out=out, bias=bias())
    with pytest.raises(error, match="bias"):
        f.backward(x, x, out=out, bias=bias())
    with pytest.raises(ValueError, match="read-only"):
        f.backward(x, x, out=_read_only(out), bias=np.ones(3, dtype))
    with pytest.raises(ValueError, match="shape"):
        f.backward(x, x, out=out[:1], bias=np.ones(3, dtype))
    with pytest.raises(TypeError, match="complex"):
        f.backward(x, x, out=out.astype(complex), bias=np.ones(3, dtype))
    assert (out == 7).all()


def _read_only(array):
    array = array.view()
    array.flags.writeable = False
    return array


# ---- along another axis ---------------------------------------------------------------------------------------------

#: Shapes of x, of the bias, bias_axis, and the shape that broadcasts to x as the bias does.
PLACES = [
    ((4, 10), (4,), 0, (4, 1)),
    ((4, 10), (4,), -2, (4, 1)),
    ((4, 10), (4, 1), -1, (4, 1)),
    ((4, 10), (1, 10), -1, (1, 10)),
    ((4, 10), (1, 1), -1, (1, 1)),
    ((4, 10), (4, 10), -1, (4, 10)),
    ((5, 3, 4, 6), (3,), 1, (3, 1, 1)),
    ((5, 3, 4, 6), (3,), -3, (3, 1, 1)),
    ((5, 3, 4, 6), (5,), 0, (5, 1, 1, 1)),
    ((5, 3, 4, 6), (3, 1, 1), -1, (3, 1, 1)),
    ((5, 3, 4, 6), (1, 3, 1, 1), -1, (1, 3, 1, 1)),
    ((5, 3, 4, 6), (4, 6), -1, (4, 6)),
    ((5, 3, 4, 6), (3, 1, 6), -1, (3, 1, 6)),
    ((5, 3, 4, 6), (5, 1, 1, 6), -1, (5, 1, 1, 6)),
    ((2, 3, 40_000), (3,), 1, (3, 1)),
    ((300, 2, 70), (2,), 1, (2, 1)),
    ((1, 1), (1,), 0, (1, 1)),
    ((5, 1, 7), (1,), 1, (1, 1)),
    ((0, 3, 4), (3,), 1, (3, 1)),
    ((2, 3, 0), (3,), 1, (3, 1)),
    ((2, 0, 4), (0,), 1, (0, 1)),
    ((2, 0, 4), (1, 1), -1, (1, 1)),
]


def placed(rng, place, dtype, arrays=2):
    """Arrays of a shape, and a bias; how the bias is given."""
    shape, own, axis, _ = place
    *made, bias = [cast(rng.normal(size=size), dtype) for size in [shape] * arrays + [own]]
    return *made, {"bias": bias, **({} if axis == -1 else {"bias_axis": axis})}


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("name", ["relu", "gelu", "prelu"], indirect=True)
def test_along_another_axis(f, dtype, place, rng):
    dy, x, given = placed(rng, place, dtype)
    own, like = given["bias"].shape, place[3]
    z = wide_sum(x, given["bias"].reshape(like))
    assert_same(f, f(x, **given), cast(f(z), dtype))
    for got, wanted in zip(f.value_and_grad(x, **given), f.value_and_grad(z), strict=True):
        assert_same(f, got, cast(wanted, dtype))
    wanted = f.backward(dy.astype(z.dtype), z)
    wanted = cast(wanted[0] if f.name == "prelu" else wanted, dtype)
    dx, *rest, dbias = f.backward(dy, x, **given)
    assert_same(f, dx, wanted)
    assert len(rest) == (f.name == "prelu")
    assert_sum_like(dx, dbias, own, like)
    if f._entry.derivative_from_output:
        y = f(x, **given)
        dx, dbias = f.backward(dy, y=y, **given)
        np.testing.assert_array_equal(dx, f.backward(dy, y=y))
        assert_sum_like(dx, dbias, own, like)
    for place_of in (dy.copy(), x.copy()):
        first, second = (place_of, x) if np.array_equal(place_of, dy) else (dy, place_of)
        results = f.backward(first, second, out=place_of, **given)
        assert results[0] is place_of
        assert_same(f, place_of, wanted)
    work = x.copy()
    assert f(work, out=work, **given) is work
    assert_same(f, work, cast(f(z), dtype))


def assert_sum_like(dx, dbias, own, like):
    """dbias is the sum of dx over the axes along which what is `like` it was broadcast."""
    like = (1,) * (dx.ndim - len(like)) + like
    axes = tuple(axis for axis, n in enumerate(like) if n == 1)
    values = dx.astype(np.float64)
    total, size = values.sum(axis=axes).reshape(own), np.abs(values).sum(axis=axes).reshape(own)
    assert dbias.shape == own
    assert dbias.dtype == dx.dtype
    info = ml_dtypes.finfo(dx.dtype)
    with np.errstate(under="ignore"):
        half_ulp = 0.5001 * np.maximum(float(info.eps) * np.abs(total), float(info.smallest_subnormal))
    assert (np.abs(dbias - total) <= half_ulp + 1e-15 * size).all()


@pytest.mark.parametrize("place", [place for place in PLACES if 1 < np.prod(place[0]) < 10_000], ids=str)
def test_strides_change_no_bit_along_another_axis(backend, dtype, place, rng):
    dy, x, given = placed(rng, place, dtype)
    y, wanted, both = backend.elu(x, **given), backend.elu.backward(dy, x, **given), backend.elu.value_and_grad(x, **given)
    for strided_dy, strided_x in zip(layouts(dy), layouts(x), strict=True):
        np.testing.assert_array_equal(backend.elu(strided_x, **given), y)
        np.testing.assert_array_equal(backend.elu.value_and_grad(strided_x, **given), both)
        for out in (None, np.empty_like(strided_x)):
            got = backend.elu.backward(strided_dy, strided_x, out=out, **given)
            np.testing.assert_array_equal(got[0], wanted[0])
            np.testing.assert_array_equal(got[1], wanted[1])


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_the_same_sums_on_every_backend(backend, dtype, place, rng):
    dy, _, given = placed(rng, place, dtype)
    own = given.pop("bias").shape
    _, dbias = backend.identity.backward(dy, dy, bias=np.zeros(own, dtype), **given)
    last = np.prod(place[3]) == place[3][-1] == place[0][-1]
    expected = sums.sum_by_column(dy) if last else sums.sum_like_bias(dy, place[3])
    np.testing.assert_array_equal(dbias, expected.reshape(own))


def test_channels_last_or_first_is_the_same(backend, dtype, rng):
    dy, x, given = placed(rng, ((5, 3, 4, 6), (3,), 1, None), dtype)
    last = backend.gelu.backward(np.moveaxis(dy, 1, -1), np.moveaxis(x, 1, -1), bias=given["bias"])
    first = backend.gelu.backward(dy, x, **given)
    np.testing.assert_array_equal(np.moveaxis(last[0], -1, 1), first[0])
    np.testing.assert_allclose(first[1].astype(float), last[1].astype(float), rtol=2 * float(ml_dtypes.finfo(dtype).eps))


def test_a_bias_beside_value_and_gradient(f, dtype, rng):
    for shape in SHAPES:
        x, b = case(rng, shape, dtype, 1, f)
        wanted = f.value_and_grad(wide_sum(x, b))
        work, d = x.copy(), np.empty_like(x)
        results = f.value_and_grad(work, bias=b, out=(work, d))
        assert results[0] is work
        assert results[1] is d
        for got, also, expected in zip(f.value_and_grad(x, bias=b), results, wanted, strict=True):
            assert_same(f, got, cast(expected, dtype))
            np.testing.assert_array_equal(got, also)


def test_a_parameter_beside_a_bias_along_another_axis(backend, dtype, rng):
    dy, x, given = placed(rng, ((30, 3, 8), (3,), 1, None), dtype)
    z = wide_sum(x, given["bias"][:, None])
    for f, keywords in [
        (backend.leaky_relu, {"negative_slope": 0.25}),
        (backend.silu, {"beta": 1e-30}),
        (backend.elu, {"alpha": 2}),
    ]:
        assert_same(f, f(x, **given, **keywords), cast(f(z, **keywords), dtype))
        assert_same(f, f.backward(dy, x, **given, **keywords)[0], cast(f.backward(dy.astype(z.dtype), z, **keywords), dtype))
        for got, wanted in zip(f.value_and_grad(x, **given, **keywords), f.value_and_grad(z, **keywords), strict=True):
            assert_same(f, got, cast(wanted, dtype))
    slope = rng.uniform(0, 1, (3, 1)).astype(dtype)
    dx, dslope, dbias = backend.prelu.backward(dy, x, slope=slope, **given)
    elementwise = cast(dy, np.float64) * np.minimum(z.astype(np.float64), 0)
    assert dslope.shape == slope.shape
    eps = float(ml_dtypes.finfo(dtype).eps)
    size = np.abs(elementwise).sum(axis=(0, 2))
    assert (np.abs(dslope[:, 0].astype(float) - elementwise.sum(axis=(0, 2))) <= eps * size).all()
    assert_sum_like(dx, dbias, (3,), (3, 1))


def test_integers_along_another_axis(backend, rng):
    x, b = rng.integers(-9, 9, (4, 6, 5)), rng.integers(-9, 9, 6)
    y = backend.relu(x, bias=b, bias_axis=1)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.maximum(x + b[:, None], 0))
    dx, dbias = backend.relu.backward(x, x, bias=b, bias_axis=1)
    assert dx.dtype == dbias.dtype == np.float64
    np.testing.assert_array_equal(dbias, (x * (x + b[:, None] > 0)).sum(axis=(0, 2)))
    for got, wanted in zip(
        backend.relu.value_and_grad(x, bias=b, bias_axis=1), backend.relu.value_and_grad(x + b[:, None]), strict=True
    ):
        np.testing.assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize("shape", [(50, 20, 1000), (2000, 50, 10), (3, 4, 100_000)])
@pytest.mark.parametrize("name", ["relu"], indirect=True)
def test_peak_memory_along_another_axis(f, dtype, shape, rng):
    dy, x, given = placed(rng, (shape, shape[1:2], 1, None), dtype)
    own = 1 << 21
    assert peak(lambda: f(x, out=x, **given)) <= own
    assert peak(lambda: f(x, **given)) <= x.nbytes + own
    assert peak(lambda: f.value_and_grad(x, out=(x, dy), **given)) <= own
    assert peak(lambda: f.backward(dy, x, out=dy, **given)) <= own
    dy, x = (np.moveaxis(np.ones((shape[0], shape[2], shape[1]), dtype), -1, 1) for _ in range(2))  # channels last in memory
    assert peak(lambda: f(x, out=x, **given)) <= own
    assert peak(lambda: f.backward(dy, x, out=dy, **given)) <= own


def test_digits_that_cancel_along_another_axis(backend, rng):
    large = rng.uniform(1e6, 1e7, (40, 3, 100)).astype(np.float32)
    dy = np.concatenate([large, np.full((1, 3, 100), 0.01, np.float32), -large])
    assert (backend.identity.backward(dy, dy, bias=np.zeros(3, np.float32), bias_axis=1)[1] == 1).all()


WRONG_AXIS = {
    "too large": ({"bias": np.ones(3), "bias_axis": 3}, np.exceptions.AxisError),
    "too small": ({"bias": np.ones(3), "bias_axis": -4}, np.exceptions.AxisError),
    "no integer": ({"bias": np.ones(3), "bias_axis": 1.0}, TypeError),
    "a tuple": ({"bias": np.ones(3), "bias_axis": (1,)}, TypeError),
    "another length": ({"bias": np.ones(3), "bias_axis": 0}, ValueError),
    "one element": ({"bias": np.ones(1), "bias_axis": 1}, ValueError),
    "several dimensions": ({"bias": np.ones((3, 1)), "bias_axis": 1}, ValueError),
    "no dimension": ({"bias": np.ones(()), "bias_axis": 1}, ValueError),
}


@pytest.mark.parametrize("what", WRONG_AXIS)
def test_a_bad_axis_writes_nothing(f, what):
    given, error = WRONG_AXIS[what]
    x, out = np.ones((2, 3, 4)), np.full((2, 3, 4), 7.0)
    for call in (
        lambda: f(x, out=out, **given),
        lambda: f.backward(x, x, out=out, **given),
        lambda: f.value_and_grad(x, out=(out, None), **given),
    ):
        with pytest.raises(error, match=rf"{f.name}.*bias"):
            call()
    assert (out == 7).all()


def test_no_axis_for_a_bias(backend):
    for scalar in (1.0, np.float32(1), np.ones((), np.float32)):
        with pytest.raises(ValueError, match="bias"):
            backend.relu(scalar, bias=np.ones(1, np.float32))
        with pytest.raises(ValueError, match="bias"):
            backend.relu.backward(scalar, scalar, bias=np.ones(1, np.float32))


def test_on_the_selected_backend():
    x, b = np.ones((2, 3)), np.ones(3)
    np.testing.assert_array_equal(fastact.relu(x, bias=b), 2 * x)
