"""rrelu and noisy_relu: what they draw depends on the generator's state alone, and is NumPy's own."""

import ml_dtypes
import numpy as np
import pytest

import fastact

RANDOM = [name for name, f in fastact.activations.items() if f._entry.noise]


@pytest.fixture(params=RANDOM)
def random(request, backend):
    return getattr(backend, request.param)


def seeded():
    return np.random.default_rng(7)


@pytest.fixture
def x(dtype, rng):
    return (2 * rng.standard_normal((37, 501))).astype(dtype)


def test_the_draws_are_numpys(backend, x, dtype):
    wide = x.astype(np.float64)
    slope = seeded().uniform(0.1, 0.4, x.shape)
    noise = seeded().standard_normal(x.shape)
    tolerance = {"rtol": 4 * float(ml_dtypes.finfo(dtype).eps), "atol": 1e-12}
    wanted = np.where(wide > 0, wide, slope * wide)
    np.testing.assert_allclose(backend.rrelu(x, lower=0.1, upper=0.4, rng=seeded()).astype(float), wanted, **tolerance)
    deviation = 1 / np.sqrt(1 + np.exp(-wide))
    y = backend.noisy_relu(x, rng=seeded()).astype(float)
    terms = np.maximum(np.abs(wide), np.abs(deviation * noise))  # they may cancel
    assert np.max(np.abs(y - np.maximum(0, wide + deviation * noise)) / terms) < tolerance["rtol"]


def test_layout_and_direction_do_not_matter(random, x):
    y = random(x, rng=seeded())
    spread = np.zeros((37, 1002), x.dtype)
    spread[:, ::2] = x
    for same in (np.asfortranarray(x), spread[:, ::2], x.astype(x.dtype.newbyteorder()) if x.dtype.kind == "f" else x):
        np.testing.assert_array_equal(random(same, rng=seeded()), y)
    value, slope = random.value_and_grad(x, rng=seeded())
    np.testing.assert_array_equal(value, y)
    np.testing.assert_array_equal(random.backward(np.ones_like(x), x, rng=seeded()), slope)
    place = x.copy()
    assert random(place, out=place, rng=seeded()) is place
    np.testing.assert_array_equal(place, y)
    assert y.dtype == x.dtype


def test_the_generator_moves_on(random, x):
    rng = seeded()
    first = random(x, rng=rng)
    assert (random(x, rng=rng) != first).any()
    both = seeded()
    random(x[:20], rng=both)
    np.testing.assert_array_equal(random(x[20:], rng=both), first[20:])


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_any_bit_generator(random, bits):
    x = -np.ones(1000, np.float32)
    y = random(x, rng=np.random.Generator(bits(1)))
    plain = getattr(fastact.backends.load("numpy"), random.name)
    np.testing.assert_allclose(y, plain(x, rng=np.random.Generator(bits(1))), rtol=1e-6, atol=1e-6)


def test_without_a_generator(backend):
    x = np.array([-4.0, 2.0])
    np.testing.assert_array_equal(backend.rrelu(x, lower=0.25, upper=0.75), [-2, 2])
    np.testing.assert_array_equal(backend.noisy_relu(x), [0, 2])


def test_finite_differences_for_one_draw(random, rng):
    x, h = rng.uniform(-4, 4, 2000), 1e-6
    difference = (random(x + h, rng=seeded()) - random(x - h, rng=seeded())) / (2 * h)
    slope = random.value_and_grad(x, rng=seeded())[1]
    assert np.sort(np.abs(difference - slope))[-3] < 1e-8  # but at a kink


def test_bias_and_bias_gradient(random, x):
    bias = np.linspace(-1, 1, x.shape[-1]).astype(x.dtype)
    shifted = (x.astype(np.float32) + bias.astype(np.float32)) if x.dtype.itemsize == 2 else x + bias
    wanted = random(shifted, rng=seeded()).astype(x.dtype)
    np.testing.assert_array_equal(random(x, bias=bias, rng=seeded()), wanted)
    dx, dbias = random.backward(np.ones_like(x), x, bias=bias, rng=seeded())
    np.testing.assert_allclose(dbias.astype(float), dx.astype(float).sum(axis=0), rtol=1e-2)


def test_where_leaves_the_rest(random):
    x, out = -np.ones(100), np.full(100, 7.0)
    random(x, out=out, where=np.arange(100) % 2 == 0, rng=seeded())
    np.testing.assert_array_equal(out[1::2], 7)
    np.testing.assert_array_equal(out[::2], random(x, rng=seeded())[::2])


def test_integers(random):
    y = random(np.array([-3, 4]), rng=seeded())
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, random(np.array([-3.0, 4.0]), rng=seeded()))
