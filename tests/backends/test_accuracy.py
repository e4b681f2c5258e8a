"""Errors in units in the last place, over bit patterns, against references that share no formula with the package."""

import ml_dtypes
import numpy as np
import pytest

import fastact
from fastact.tools import reference

#: Parameters other than the defaults, for which the bound is one ULP wider: the product with the parameter is rounded too.
OTHER_PARAMETERS = {
    "leaky_relu": [0.3],
    "prelu": [0.1],
    "elu": [0.7],
    "softplus": [2.5],
    "silu": [1.702],
    "generalized_logistic": [2.5],
    "soft_clipping": [20],
    "isru": [3.0],
    "isrlu": [0.2],
    "squareplus": [0.3],
    "celu": [0.7],
    "hard_tanh": [-0.3, 2.5],
    "hard_sigmoid": [0.25, 0.375],
    "hard_shrink": [0.3],
    "soft_shrink": [0.3],
    "threshold": [0.1, 20],
    "srelu": [-0.4, 0.1, 0.7, 1.3],
    "star_relu": [-1.3, 0.77],
    "snake": [2.5],
    "softcap": [30],
}

EXACT_CACHE = {}


def parameters_of(f):
    return reference.defaults(f.name)


def exact(name, x, parameters):
    """The reference is slow and the same for every backend."""
    key = (name, x.tobytes(), tuple(parameters))
    if key not in EXACT_CACHE:
        EXACT_CACHE[key] = reference.exact(name, x, *parameters)
    return EXACT_CACHE[key]


def check(f, x, wanted, keywords, slack=0.0):
    """Forward and derivative, in all the ways to get them, within the declared bounds."""
    y, d, size = wanted
    value, slope = f.value_and_grad(x, **keywords)
    errors = reference.ulp_errors(f(x, **keywords), y)
    worst = errors.argmax()
    bound = max(f.info.ulp, 0.501) + slack
    assert errors[worst] <= bound, f"{f.name}({x[worst]!r}): {errors[worst]:.2f} ULP"
    np.testing.assert_array_equal(value, f(x, **keywords))
    errors = reference.ulp_errors(slope, d, size)
    worst = errors.argmax()
    bound = max(f.info.derivative_ulp, 0.501) + slack
    assert errors[worst] <= bound, f"{f.name}'({x[worst]!r}): {errors[worst]:.2f} ULP of the largest term"
    gradient = f.backward(np.ones_like(x), x, **keywords)
    np.testing.assert_array_equal(gradient[0] if isinstance(gradient, tuple) else gradient, slope)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_against_mpmath(f, dtype):
    x = reference.stratified(dtype, 900, np.random.default_rng(1))
    check(f, x, exact(f.name, x, parameters_of(f)), {})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(OTHER_PARAMETERS))
def test_other_parameters_against_mpmath(backend, name, dtype):
    f = getattr(backend, name)
    x = reference.stratified(dtype, 600, np.random.default_rng(2))
    values = OTHER_PARAMETERS[name]
    check(f, x, exact(name, x, values), dict(zip(f.params, values, strict=True)), slack=1)


def test_the_definitions_fit_together(name):
    """The derivative in `info` is that of the formula."""
    mp = reference.mp
    low, high = fastact.activations[name].info.domain
    x = np.random.default_rng(3).uniform(max(-5, low), min(5, high), 20)
    parameters = parameters_of(fastact.activations[name])
    with mp.workprec(1200):
        h = mp.mpf(2) ** -500
        for point, slope in zip(x.tolist(), reference.exact(name, x, *parameters)[1], strict=True):
            above, below = (reference.value(name, mp.mpf(point) + step) for step in (h, -h))
            assert abs((above - below) / (2 * h) - slope) <= 1e-100


def assert_close(found, wanted, sizes, tolerance):
    """Relative to `sizes`, to the dtypes' least number at least; what is beyond float32 is all alike."""
    mp = reference.mp
    for a, b, size in zip(found, wanted, sizes, strict=True):
        if mp.isnan(a) and mp.isnan(b):
            continue
        a, b = (max(min(mp.mpf(v), mp.mpf(2) ** 128), -(mp.mpf(2) ** 128)) for v in (a, b))  # noqa: PLW2901
        assert abs(a - b) <= tolerance * max(abs(size), mp.mpf(2) ** -149)


def test_wide_is_exact(name):
    """In float64, too, the definitions neither cancel nor overflow."""
    x = np.concatenate([reference.stratified(np.float32, 600, np.random.default_rng(4)), np.float32([0, 1, -1])])
    parameters = parameters_of(fastact.activations[name])
    y, d, size = (array.tolist() for array in reference.wide(name, x, *parameters))
    exact_y, exact_d, exact_size = exact(name, x, parameters)
    assert_close(y, exact_y, exact_y, 1e-11)
    assert_close(d, exact_d, exact_size, 1e-11)
    assert_close(size, exact_size, exact_size, 1e-11)


def test_the_references_digits_suffice(name):
    x = reference.stratified(np.float64, 60, np.random.default_rng(5))
    parameters = parameters_of(fastact.activations[name])
    with reference.mp.workprec(1200):
        precise = reference.exact(name, x, *parameters)
    for few, many in zip(reference.exact(name, x, *parameters), precise, strict=True):
        for a, b in zip(few, many, strict=True):
            assert abs(a - b) <= 1e-30 * max(abs(b), reference.mp.mpf(2) ** -1074) or (a != a and b != b)


def test_float32_over_bit_patterns(f):
    x = reference.bit_patterns(np.float32, 8191)
    check(f, x, reference.wide(f.name, x, *parameters_of(f)), {})


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_16_bits_complete(backend, name, dtype):
    """All 65,536 inputs: computed in float32 and rounded once."""
    f = getattr(backend, name)
    x = reference.bit_patterns(dtype, 1)
    y = f(x)
    wide = f(x.astype(np.float32))
    with np.errstate(all="ignore"):
        expected = wide.astype(dtype)
    assert y.dtype == dtype
    if f.backend == "numpy":
        assert np.max(reference.ulp_errors(y, wide.astype(np.float64))) <= 0.501
    else:
        np.testing.assert_array_equal(y.view(np.uint16), expected.view(np.uint16))


def test_float16_conversions_are_numpys(backend):
    if backend.name == "numpy":
        pytest.skip("NumPy converts itself")
    x = np.arange(65536, dtype=np.uint16).view(np.float16)
    same = backend.identity(x)
    np.testing.assert_array_equal(same.view(np.uint16)[~np.isnan(x)], x.view(np.uint16)[~np.isnan(x)])
    assert np.isnan(same[np.isnan(x)]).all()
    # rounding: products that fall between, on and beyond float16 numbers
    dy = np.repeat(x, 8)[np.isfinite(np.repeat(x, 8))]
    slopes = np.tile(np.float32([1 / 3, 0.5, 1 + 2**-11, 1.0009765625 * 0.5, 1 + 2**-12, 2, 3, 1e-3]), dy.size // 8)
    for slope in np.unique(slopes):
        rounded = backend.leaky_relu(-np.abs(dy), negative_slope=float(slope))
        with np.errstate(all="ignore"):
            wanted = (-np.abs(dy).astype(np.float32) * slope).astype(np.float16)
        np.testing.assert_array_equal(rounded.view(np.uint16), wanted.view(np.uint16))


@pytest.mark.parametrize("name", [n for n, f in fastact.activations.items() if f._entry.derivative_from_output])
def test_derivative_from_output(backend, name, rng):
    """From the output: in float64, where the output has not yet lost the derivative, as good as from the input."""
    f = getattr(backend, name)
    x = rng.uniform(-4, 4, 2000)
    np.testing.assert_allclose(f.backward(np.ones_like(x), y=f(x)), f.backward(np.ones_like(x), x), rtol=1e-11)


def test_finite_differences(backend, name, rng):
    f = getattr(backend, name)
    low, high = f.info.domain
    x = rng.uniform(max(-6, low + 0.15), min(6, high - 0.15), 400)
    x = x[np.min(np.abs(x[:, None] - np.array([0, 6])), axis=1) > 1e-3]  # away from kinks and jumps
    h = 1e-5
    slope = (f(x + h) - f(x - h)) / (2 * h)
    np.testing.assert_allclose(f.value_and_grad(x)[1], slope, atol=2e-9, rtol=1e-8)
    if f._entry.learnt_parameters:
        (p,) = f._entry.learnt_parameters
        slopes = rng.uniform(0.1, 1, x.size)
        difference = (f(x, **{p.name: slopes + h}) - f(x, **{p.name: slopes - h})) / (2 * h)
        np.testing.assert_allclose(f.backward(np.ones_like(x), x, **{p.name: slopes})[1], difference, atol=1e-9)
