"""Values at the points where hand-written activations go wrong."""

import numpy as np
import pytest

import fastact

INF, NAN = np.inf, np.nan

# name: f at -inf, -0.0, +0.0, +inf
LIMITS = {
    "identity": (-INF, -0.0, 0.0, INF),
    "binary_step": (0.0, 1.0, 1.0, 1.0),
    "relu": (0.0, -0.0, 0.0, INF),
    "relu6": (0.0, -0.0, 0.0, 6.0),
    "leaky_relu": (-INF, -0.0, 0.0, INF),
    "prelu": (-INF, -0.0, 0.0, INF),
    "elu": (-1.0, -0.0, 0.0, INF),
    "sigmoid": (0.0, 0.5, 0.5, 1.0),
    "tanh": (-1.0, -0.0, 0.0, 1.0),
    "softplus": (0.0, np.log(2), np.log(2), INF),
    "softsign": (-1.0, -0.0, 0.0, 1.0),
    "arctan": (-np.pi / 2, -0.0, 0.0, np.pi / 2),
    "silu": (-0.0, -0.0, 0.0, INF),
    "gelu": (-0.0, -0.0, 0.0, INF),
    "exponential": (0.0, 1.0, 1.0, INF),
    "log_sigmoid": (-INF, -np.log(2), -np.log(2), 0.0),
    "mish": (-0.0, -0.0, 0.0, INF),
    "quick_gelu": (-0.0, -0.0, 0.0, INF),
    "gelu_tanh": (-0.0, -0.0, 0.0, INF),
    "tanh_shrink": (-INF, 0.0, 0.0, INF),
    "gudermannian": (-np.pi / 2, -0.0, 0.0, np.pi / 2),
    "generalized_logistic": (0.0, 0.5, 0.5, 1.0),
    "soft_clipping": (0.0, np.log(2) / 50, np.log(2) / 50, 1.0),
}

# name: f' at -inf, 0, +inf
SLOPES = {
    "identity": (1, 1, 1),
    "binary_step": (0, 0, 0),
    "relu": (0, 0, 1),
    "relu6": (0, 0, 0),
    "leaky_relu": (0.01, 0.01, 1),
    "prelu": (0.25, 0.25, 1),
    "elu": (0, 1, 1),
    "sigmoid": (0, 0.25, 0),
    "tanh": (0, 1, 0),
    "softplus": (0, 0.5, 1),
    "softsign": (0, 1, 0),
    "arctan": (0, 1, 0),
    "silu": (0, 0.5, 1),
    "gelu": (0, 0.5, 1),
    "exponential": (0, 1, INF),
    "log_sigmoid": (1, 0.5, 0),
    "mish": (0, 0.6, 1),
    "quick_gelu": (0, 0.5, 1),
    "gelu_tanh": (0, 0.5, 1),
    "tanh_shrink": (1, 0, 1),
    "gudermannian": (0, 1, 0),
    "generalized_logistic": (0, 0.25, 0),
    "soft_clipping": (0, 0.5, 0),
}


def test_the_tables_are_of_the_same_functions():
    assert set(LIMITS) == set(SLOPES) <= set(fastact.activations)


@pytest.mark.parametrize("n", [1, 4, 40])
@pytest.mark.parametrize("name", LIMITS)
def test_limits(backend, name, dtype, n):
    f = getattr(backend, name)
    wanted = np.array(LIMITS[f.name]).astype(dtype)
    x = np.tile(np.array([-INF, -0.0, 0.0, INF], dtype), n)
    y = f(x)
    if f.name in ("softplus", "log_sigmoid", "soft_clipping"):  # log 2 is rounded
        np.testing.assert_array_max_ulp(y, np.tile(wanted, n), maxulp=1)
    else:
        np.testing.assert_array_equal(y, np.tile(wanted, n))
    np.testing.assert_array_equal(np.signbit(y), np.tile(np.signbit(wanted), n))


@pytest.mark.parametrize("n", [1, 4, 40])
@pytest.mark.parametrize("name", SLOPES)
def test_slopes_at_the_limits(backend, name, dtype, n):
    f = getattr(backend, name)
    wanted = np.tile(np.array(SLOPES[f.name]).astype(dtype), n)
    x = np.tile(np.array([-INF, 0.0, INF], dtype), n)
    np.testing.assert_array_equal(f.value_and_grad(x)[1], wanted)
    gradient = f.backward(np.ones_like(x), x)
    np.testing.assert_array_equal(gradient[0] if isinstance(gradient, tuple) else gradient, wanted)


@pytest.mark.parametrize("position", [0, 3, 16, 31, 32, 36])
def test_nan_stays_nan_and_alone(f, dtype, position):
    """In the vectors' body and in what remains: PyTorch lost it in one of the two (pytorch#81138)."""
    x = np.ones(37, dtype)
    x[position] = NAN
    dy = np.ones_like(x)
    gradient = f.backward(dy, x)
    results = [f(x), *f.value_and_grad(x), gradient[0] if isinstance(gradient, tuple) else gradient]
    if f._entry.derivative_from_output:
        results.append(f.backward(dy, y=x))
    for result in results:
        assert np.flatnonzero(np.isnan(result)).tolist() == [position]
    gradient = f.backward(x, dy)  # a NaN in dy too
    assert np.isnan((gradient[0] if isinstance(gradient, tuple) else gradient)[position])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_smallest_and_largest(backend, name, dtype):
    """At the smallest numbers f(x) is f(0) + x f'(0), at the largest its limit; nothing is flushed to zero."""
    f, info = getattr(backend, name), np.finfo(dtype)
    tiny = np.array([info.smallest_subnormal, -info.smallest_subnormal, 3 * info.smallest_subnormal, info.tiny], dtype)
    if f.name in ("identity", "elu", "tanh", "softsign", "arctan", "gudermannian"):
        np.testing.assert_array_equal(f(tiny), tiny)
    if f.name in ("gelu", "silu", "quick_gelu", "gelu_tanh"):
        np.testing.assert_array_equal(f(tiny[3:]), tiny[3:] / 2)
    huge = np.array([info.max, -info.max], dtype)
    low, *_, high = LIMITS[f.name]
    if np.isinf(high):
        assert f(huge)[0] == (INF if f.name == "exponential" else info.max)
    else:
        assert f(huge)[0] == dtype(high)
    if np.isfinite(low):
        assert f(huge)[1] == dtype(low)


def test_no_flag_is_left(f, dtype, rng):
    """After a call on anything at all, NumPy's own check of the processor's flags finds none raised."""
    bits = rng.integers(0, 2 ** (8 * dtype.itemsize), 5000, dtype=f"u{dtype.itemsize}", endpoint=False)
    x = bits.view(dtype)
    x = np.where(np.isnan(x), dtype.type(NAN), x)  # signalling NaN raises a flag in NumPy's own conversions
    with np.errstate(all="raise"):
        f(x)
        f(x[::2])
        f.value_and_grad(x)
        f.backward(x, x)
        f.backward(x, x, bias=np.ones_like(x))


# Wrong elsewhere: each was reported against another library, or measured there.


def test_tails_are_not_zero(backend):
    assert backend.silu(np.float32([-100]))[0] == np.float32(-3.7200760e-42)
    assert backend.gelu(np.float32([-14]))[0] == pytest.approx(np.float32(-1.0901e-43), rel=1e-2)
    assert backend.sigmoid(np.float32([-103]))[0] == np.float32(1.4e-45)
    assert backend.sigmoid(np.array([-745.0]))[0] > 0


def test_gelu_of_large_numbers(backend):
    assert backend.gelu(np.float32([3e38]))[0] == np.float32(3e38)


def test_elu_keeps_its_digits_near_zero(backend):
    """exp(x) - 1 would give 0 (tensorflow#116943)."""
    assert backend.elu(np.float32([-1e-9]))[0] == np.float32(-1e-9)


def test_softplus_has_no_threshold(backend):
    """Returning x beyond 20 jumps by 2e-9 in float64."""
    assert backend.softplus(np.array([20.5]))[0] == pytest.approx(20.5 + np.exp(-20.5), rel=3e-16)


def test_float16_tanh_does_not_saturate_early(backend):
    """numpy#30821."""
    assert backend.tanh(np.float16([8]))[0] == 1


def test_silu_with_beta_zero(backend, dtype):
    x = np.array([-2, 0, 3, 1e4, np.inf], dtype)
    np.testing.assert_array_equal(backend.silu(x, beta=0), x / 2)
    np.testing.assert_array_equal(backend.silu.value_and_grad(x, beta=0.0)[1], np.full(5, 0.5, dtype))
