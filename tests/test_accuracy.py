"""Errors in units in the last place, over bit patterns, against references that share no formula with the package."""

import numpy as np
import pytest
import references

import fastact

#: Parameters other than the defaults, for which the bound is one ULP wider: the product with the parameter is rounded too.
OTHER_PARAMETERS = {
    "leaky_relu": [0.3],
    "prelu": [0.1],
    "elu": [0.7],
    "softplus": [2.5],
    "silu": [1.702],
    "generalized_logistic": [2.5],
    "soft_clipping": [20],
}

EXACT_CACHE = {}


def parameters_of(f):
    return [f.params[p] for p in f.params]


def exact(name, x, parameters):
    """The reference is slow and the same for every backend."""
    key = (name, x.tobytes(), tuple(parameters))
    if key not in EXACT_CACHE:
        EXACT_CACHE[key] = references.exact(name, x, *parameters)
    return EXACT_CACHE[key]


def check(f, x, wanted, keywords, slack=0.0):
    """Forward and derivative, in all the ways to get them, within the declared bounds."""
    y, d, size = wanted
    value, slope = f.value_and_grad(x, **keywords)
    errors = references.ulp_errors(f(x, **keywords), y)
    worst = errors.argmax()
    bound = max(f.info.ulp, 0.501) + slack
    assert errors[worst] <= bound, f"{f.name}({x[worst]!r}): {errors[worst]:.2f} ULP"
    np.testing.assert_array_equal(value, f(x, **keywords))
    errors = references.ulp_errors(slope, d, size)
    worst = errors.argmax()
    bound = max(f.info.derivative_ulp, 0.501) + slack
    assert errors[worst] <= bound, f"{f.name}'({x[worst]!r}): {errors[worst]:.2f} ULP of the largest term"
    gradient = f.backward(np.ones_like(x), x, **keywords)
    np.testing.assert_array_equal(gradient[0] if isinstance(gradient, tuple) else gradient, slope)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_against_mpmath(f, dtype):
    x = references.stratified(dtype, 900, np.random.default_rng(1))
    check(f, x, exact(f.name, x, parameters_of(f)), {})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(OTHER_PARAMETERS))
def test_other_parameters_against_mpmath(backend, name, dtype):
    f = getattr(backend, name)
    x = references.stratified(dtype, 600, np.random.default_rng(2))
    values = OTHER_PARAMETERS[name]
    check(f, x, exact(name, x, values), dict(zip(f.params, values, strict=True)), slack=1)


def test_the_definitions_fit_together(name):
    """The derivative in `info` is that of the formula."""
    mp = references.mp
    x = np.random.default_rng(3).uniform(-5, 5, 20)
    h = 2.0**-500  # points and differences are exact in the reference's bits

    def forward(point):
        formula, _ = references._definition(name)
        f = fastact.activations[name]
        values = dict(zip(f.params, map(mp.mpf, parameters_of(f)), strict=True))
        return eval(formula, references._MPMATH, {"x": point, **values})

    for point, slope in zip(x, references.exact(name, x, *parameters_of(fastact.activations[name]))[1], strict=True):
        difference = (forward(mp.mpf(point) + h) - forward(mp.mpf(point) - h)) / (2 * mp.mpf(h))
        assert abs(difference - slope) <= 1e-100


@pytest.mark.skipif(not references.LONG_DOUBLE_IS_EXTENDED, reason="long double is no wider than double here")
def test_float32_over_bit_patterns(f):
    x = references.bit_patterns(np.float32, 8191)
    x = x[np.abs(x) < 1e4]  # beyond, textbook formulas overflow; mpmath's do not, and are tested above
    few = x[:: x.size // 300]
    with np.errstate(under="ignore", over="ignore"):
        wide = [array.astype(np.float32) for array in references.extended(f.name, few, *parameters_of(f))]
    precise = exact(f.name, few, parameters_of(f))
    if max(references.ulp_errors(a, b).max() for a, b in zip(wide, precise, strict=True)) > 0.51:
        pytest.skip("the definition cancels in long double")
    check(f, x, references.extended(f.name, x, *parameters_of(f)), {})


def test_float16_complete(backend, name):
    """All 65,536 inputs: computed in float32 and rounded once."""
    f = getattr(backend, name)
    x = references.bit_patterns(np.float16, 1)
    wide = f(x.astype(np.float32))
    with np.errstate(all="ignore"):
        expected = wide.astype(np.float16)
    if f.backend == "numpy":
        assert np.max(references.ulp_errors(f(x), wide.astype(np.longdouble))) <= 0.501
    else:
        np.testing.assert_array_equal(f(x).view(np.uint16), expected.view(np.uint16))


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
    x = rng.uniform(-6, 6, 400)
    x = x[np.min(np.abs(x[:, None] - np.array([0, 6])), axis=1) > 1e-3]  # away from kinks and jumps
    h = 1e-5
    slope = (f(x + h) - f(x - h)) / (2 * h)
    np.testing.assert_allclose(f.value_and_grad(x)[1], slope, atol=2e-9, rtol=1e-8)
    if f._entry.array_parameter:
        p = f._entry.array_parameter
        slopes = rng.uniform(0.1, 1, x.size)
        difference = (f(x, **{p.name: slopes + h}) - f(x, **{p.name: slopes - h})) / (2 * h)
        np.testing.assert_allclose(f.backward(np.ones_like(x), x, **{p.name: slopes})[1], difference, atol=1e-9)
