"""What a monitor counts of an array is the same on every backend, and what NumPy counts."""

import math

import ml_dtypes
import numpy as np
import pytest
from matrix import BACKENDS, FLOATS

import fastact
from fastact.calls import watching

NAN, INF = math.nan, math.inf
SIZES = (0, 1, 2, 7, 8, 15, 16, 17, 63, 64, 65, 127, 255, 1000, 2047, 2048, 2049, 4096, 4097, 8191, 65535, 65536, 65537, 200_001)


@pytest.fixture(params=BACKENDS)
def observe(request):
    return fastact.backends.load(request.param).sigmoid._observe


def normal(rng, n, dtype=np.float64):
    """Numbers of which none is subnormal in 16 bits."""
    return np.round(rng.normal(size=n), 3).astype(dtype)


def expected(y, dy=None, derivative=False, low=NAN, high=NAN):
    """The numbers as NumPy counts them, in double."""
    with np.errstate(all="ignore"):
        computed = np.float64 if y.dtype == np.float64 else np.float32
        y = y.astype(computed)
        finite = y[np.isfinite(y)].astype(np.float64)
        gradients = vanished = 0
        if dy is not None:
            size = np.abs(dy.astype(computed))
            gradients, vanished = np.sum(size != 0), np.sum(np.abs(y) < size * computed(watching.VANISHED))
        elif derivative:
            gradients, vanished = y.size, np.sum(np.abs(y) < computed(watching.VANISHED))
        mean = finite.mean() if finite.size else 0.0
        return (
            *(y.size, np.isnan(y).sum(), np.isinf(y).sum(), (y == 0).sum(), (y <= computed(low)).sum()),
            *((y >= computed(high)).sum(), mean, np.square(finite - mean).sum(), gradients, vanished),
        )


def check(found, right, rel=1e-5):
    counts = [*range(6), 8, 9]
    assert [found[i] for i in counts] == [right[i] for i in counts]
    spread = math.sqrt(right[7] / max(1, right[0]))
    assert found[6] == pytest.approx(right[6], rel=rel, abs=rel * spread)
    assert found[7] == pytest.approx(right[7], rel=100 * rel, abs=1e-12 * right[0] * right[6] ** 2)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("n", SIZES)
def test_sizes(observe, dtype, n, rng):
    y = normal(rng, n)
    y[rng.random(n) < 0.1] = 0
    y, dy = y.astype(dtype), rng.choice([-1.0, 0.0, 5.0, 3000.0], n).astype(dtype)
    check(observe(y, None, False, -0.5, 1.25), expected(y, low=-0.5, high=1.25))
    check(observe(y, dy, False, NAN, NAN), expected(y, dy))
    check(observe(y, None, True, NAN, NAN), expected(y, derivative=True))


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
def test_specials_anywhere(observe, dtype, rng):
    """NaN and infinities are counted apart, and take no part in mean and spread."""
    for n in (5, 33, 100, 5000):
        for special in (NAN, INF, -INF, -0.0):
            for at in {0, 1, n // 2, n - 1}:
                y = normal(rng, n, dtype)
                y[at] = special
                check(observe(y, None, False, -1.0, 1.0), expected(y, low=-1.0, high=1.0))
                check(observe(y, y, False, NAN, NAN), expected(y, y))
                check(observe(y, None, True, NAN, NAN), expected(y, derivative=True))


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("value", [0.0, 0.25, 1.0, -2.0, NAN, INF])
def test_all_alike(observe, dtype, value):
    y = np.full(9000, value, dtype)
    found = observe(y, None, False, 0.0, 1.0)
    check(found, expected(y, low=0.0, high=1.0))
    assert found[7] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_sizes_of_numbers(observe, dtype, rng):
    """Squares that overflow or vanish in the elements' own type, subnormal numbers, and results that are nearly alike."""
    unit = rng.normal(size=5000)
    scales = [1e-40, 1e-25, 1e-15, 1e15, 1e25] if dtype == np.float32 else [1e-310, 1e-150, 1e-80, 1e80, 1e150]
    for scale in scales:
        with np.errstate(all="ignore"):
            y = (unit * scale).astype(dtype)
        found, right = observe(y, None, False, NAN, NAN), expected(y)
        assert found[:6] == tuple(right[:6])
        if right[7] > 0:
            assert math.sqrt(found[7] / y.size) == pytest.approx(math.sqrt(right[7] / y.size), rel=1e-4)
    for offset in (1.0, 100.0, 1e4):
        y = (offset + 1e-3 * unit).astype(dtype)
        found, right = observe(y, None, False, NAN, NAN), expected(y)
        assert found[6] == pytest.approx(right[6], rel=1e-7)
        assert found[7] == pytest.approx(right[7], rel=1e-3)


@pytest.mark.parametrize("offset", range(0, 64, 4))
def test_any_alignment(observe, offset, rng):
    """Nothing is read beyond the ends: what lies there would be counted."""
    memory = np.full(3000, NAN, np.float32)
    y = memory[offset // 4 : offset // 4 + 2500]
    y[:] = rng.normal(size=2500)
    check(observe(y, None, False, NAN, NAN), expected(y))


def test_what_is_not_taken(observe):
    y = np.ones((8, 8), np.float32)
    assert observe(y[:, ::2], None, False, NAN, NAN) is None
    assert observe(y.astype(np.int32), None, False, NAN, NAN) is None
    assert observe(y.astype(y.dtype.newbyteorder()), None, False, NAN, NAN) is None
    assert observe(y, y.astype(np.float64), False, NAN, NAN) is None
    assert observe(y, y[:4], False, NAN, NAN) is None
    unaligned = np.zeros(65, np.uint8)[1:].view(np.float32)
    assert unaligned.flags.aligned or observe(unaligned, None, False, NAN, NAN) is None


def test_threads_change_nothing(observe, rng):
    y = rng.normal(size=500_000).astype(np.float32)
    with fastact.num_threads(1):
        one = observe(y, None, False, -1.0, 1.0)
    with fastact.num_threads(4):
        assert observe(y, None, False, -1.0, 1.0) == one


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
def test_fired(backend, dtype, rng):
    f = fastact.backends.load(backend).relu
    for rows in (1, 2, 3, 50, 1000):
        for columns in (1, 2, 3, 7, 10, 64, 100, 1025):
            y = np.where(rng.random((rows, columns)) < 1 / rows, rng.choice([-1.0, NAN, 2.0], (rows, columns)), -0.0).astype(
                dtype
            )
            fired = np.zeros(columns, np.uint8)
            assert f._mark_fired(y, fired)
            assert np.array_equal(fired, (y != 0).any(axis=0))
    fired = np.array([1, 0, 0], np.uint8)
    assert f._mark_fired(np.array([[0, 0, 1]], dtype), fired)
    assert fired.tolist() == [1, 0, 1]  # what was known stays


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "numpy"])
def test_fired_checks_its_array(backend):
    f = fastact.backends.load(backend).relu
    for fired in (np.zeros(4, np.uint8), np.zeros(3, np.int64), np.zeros(6, np.uint8)[::2], np.zeros((1, 3), np.uint8)):
        with pytest.raises(TypeError):
            f._mark_fired(np.ones((2, 3), np.float32), fired)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("relu", 0, NAN),
        ("relu6", 0, 6),
        ("hard_tanh", -1, 1),
        ("leaky_relu", NAN, NAN),
        ("gelu", NAN, NAN),  # its lower end is no end: f is as small near 0, where it is steep
        ("identity", NAN, NAN),
        ("sigmoid", (1 - math.sqrt(0.996)) / 2, (1 + math.sqrt(0.996)) / 2),  # y * (1 - y) = 0.001
        ("tanh", -math.sqrt(0.999), math.sqrt(0.999)),
        ("elu", -0.999, NAN),
        ("binary_step", INF, NAN),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_flat_ends(backend, name, low, high):
    found = watching.flat_ends(getattr(fastact.backends.load(backend), name))
    assert found == pytest.approx((low, high), rel=1e-5, nan_ok=True)


def test_flat_ends_depend_on_parameters():
    assert watching.flat_ends(fastact.elu, ("alpha", 0.5))[0] == pytest.approx(-0.499)
    assert watching.flat_ends(fastact.hard_tanh, ("max", 3.0), ("min", -2.0)) == (-2, 3)


def test_bfloat16_is_among_the_types():
    assert ml_dtypes.bfloat16 in FLOATS
