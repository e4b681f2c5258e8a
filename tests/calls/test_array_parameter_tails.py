"""Arrays for parameters over all magnitudes of x and of the parameter: values and gradients against mpmath, and the limits."""

import functools
import warnings

import mpmath
import numpy as np
import pytest
from helpers import cast

import fastact
from fastact.backends.native.programs import plan
from fastact.expressions import variants
from fastact.functions.kinds import BACKWARD, FORWARD, VALUE_AND_GRAD, kinds_of

mp = mpmath.mp.clone()
mp.prec = 2200  # differences of numbers of float64's whole range
ZERO, ONE = mp.mpf(0), mp.mpf(1)
FAR = 10_000  # beyond it exponentials are 0 or infinite in every dtype


def exp(z):
    return mp.exp(z) if abs(z) < FAR else ZERO if z < 0 else mp.inf


def sigmoid(z):
    return (ONE if z >= 0 else exp(z)) / (1 + exp(-abs(z)))


def softplus(z):
    return max(z, ZERO) + mp.log1p(exp(-abs(z)))


def bend(z):
    """softplus(z) - z sigmoid(z)"""
    return softplus(-abs(z)) + abs(z) * sigmoid(-abs(z))


def tanh(z):
    return mp.tanh(z) if abs(z) < FAR else mp.sign(z)


def sech2(z):
    return 4 * sigmoid(2 * z) * sigmoid(-2 * z)


def logistic_power(x, a):
    return exp(-a * softplus(-x))


def isru(x, a):
    return x / mp.sqrt(1 + a * x * x)


def soft_exponential_by_alpha(x, a):
    if a == 0:
        return 1 + x * x / 2
    if a > 0:
        return (exp(a * x) * (a * x - 1) + 1) / a**2 + 1
    w = -a * (x + a)
    return (mp.log1p(w) - w / (1 + w)) / a**2 + 1 / (1 + w)


def soft_exponential(x, a):
    if a == 0:
        return x
    return (exp(a * x) - 1) / a + a if a > 0 else -mp.log1p(-a * (x + a)) / a


#: By name f, f' and the derivative by the parameter, of x and the parameter.
EXACT = {
    "elu": (
        lambda x, a: x if x > 0 else a * (exp(x) - 1),
        lambda x, a: ONE if x > 0 else a * exp(x),
        lambda x, a: ZERO if x > 0 else exp(x) - 1,
    ),
    "celu": (
        lambda x, a: x if x > 0 else a * (exp(x / a) - 1),
        lambda x, a: ONE if x > 0 else exp(x / a),
        lambda x, a: ZERO if x > 0 else exp(x / a) * (1 - x / a) - 1,
    ),
    "softplus": (
        lambda x, b: softplus(b * x) / b,
        lambda x, b: sigmoid(b * x),
        lambda x, b: -bend(b * x) / b**2,
    ),
    "soft_exponential": (
        soft_exponential,
        lambda x, a: exp(a * x) if a >= 0 else 1 / (1 - a * (x + a)),
        soft_exponential_by_alpha,
    ),
    "generalized_logistic": (
        logistic_power,
        lambda x, a: a * logistic_power(x, a) * sigmoid(-x),
        lambda x, a: -softplus(-x) * logistic_power(x, a),
    ),
    "soft_clipping": (
        lambda x, a: (softplus(a * x) - softplus(a * (x - 1))) / a,
        lambda x, a: sigmoid(a * x) - sigmoid(a * (x - 1)),
        lambda x, a: (bend(a * (x - 1)) - bend(a * x)) / a**2,
    ),
    "silu": (
        lambda x, b: x * sigmoid(b * x),
        lambda x, b: sigmoid(b * x) * (1 + b * x * sigmoid(-b * x)),
        lambda x, b: x * x * sigmoid(b * x) * sigmoid(-b * x),
    ),
    "softcap": (
        lambda x, c: c * tanh(x / c),
        lambda x, c: sech2(x / c),
        lambda x, c: tanh(x / c) - x / c * sech2(x / c),
    ),
    "isru": (isru, lambda x, a: (1 + a * x * x) ** mp.mpf(-1.5), lambda x, a: -(isru(x, a) ** 3) / 2),
    "isrlu": (
        lambda x, a: x if x >= 0 else isru(x, a),
        lambda x, a: ONE if x >= 0 else (1 + a * x * x) ** mp.mpf(-1.5),
        lambda x, a: ZERO if x >= 0 else -(isru(x, a) ** 3) / 2,
    ),
    "squareplus": (
        lambda x, b: (x + mp.sqrt(x * x + b)) / 2,
        lambda x, b: (1 + x / mp.sqrt(x * x + b)) / 2,
        lambda x, b: 1 / mp.sqrt(x * x + b) / 4,
    ),
}
VALUES = (0.01, 1.0, 1.5, 50.0, 2.0**-40)
#: Other values of the parameter: sharp bends, for which soft_clipping is made; any sign.
OWN_VALUES = {
    "soft_clipping": (1.0, 4.0, 50.0, 1e5),
    "soft_exponential": (0.3, 1.0, 50.0, 2.0**-40, 0.0, -0.01, -1.5, -50.0, -(2.0**-40)),
    "silu": (*VALUES, -0.3, 0.0),
    "elu": (*VALUES, -2.0),
}


def term(name, part, x, a):
    """What cancels in a value: an error is given in units of it as well."""
    if name == "celu" and part == 2:
        return min(abs(x / a), ONE)
    if name == "soft_exponential" and part != 1 and a > 0:
        return abs(a) + abs(exp(a * x) - 1) / a
    if name == "soft_exponential" and a < 0:
        s = x + a
        return (abs(x) + abs(a)) / abs(1 - a * s) ** (1 + part) * (1 + (abs(x) + abs(a)) if part == 2 else abs(a) if part else 1)
    if name == "soft_clipping" and part == 2:
        return bend(a * x) / a**2 if x < 0.5 else bend(a * (x - 1)) / a**2
    if name == "softcap" and part == 2 and abs(x / a) > 1:
        return abs(x / a) * sech2(x / a)
    if name == "silu" and part == 1:
        return sigmoid(a * x)
    return ZERO


def points(dtype, rng):
    form = np.finfo(dtype)
    low, high = int(np.log2(float(form.smallest_subnormal))), int(form.maxexp)
    spread = [2.0**k * rng.uniform(1, 2) for k in range(low, high, (high - low) // 14)]
    near = [0.0, 1e-3, 0.1, 0.3, 0.7, 1, 1.5, 3, 8, 20, 35, 50, 80, 89, 100, 103, 200, 700, 745, 800, 5000, 1e5]
    x = cast(np.array([*near, *spread, form.max, form.smallest_normal], np.float64), dtype)
    return np.concatenate([x, -x])


@functools.cache
def exact(name, part, value, x):
    """The exact values, and what cancels in them."""
    a, numbers = mp.mpf(value), [mp.mpf(v) for v in x]
    return [EXACT[name][part](v, a) for v in numbers], [term(name, part, v, a) for v in numbers]


def errors(got, wanted, terms, dtype):
    """Where a value is further from the exact one than its rounding, that of exponents and what cancels explain."""
    form = np.finfo(dtype)
    eps, largest, smallest = float(form.eps), float(form.max), float(form.smallest_subnormal)
    for k, (g, w, cancels) in enumerate(zip(got.tolist(), wanted, terms, strict=True)):
        if not mp.isfinite(w) or abs(w) > largest * (1 - 50 * eps):
            good = np.isinf(g) or abs(g) > largest * (1 - 50 * eps)
        else:
            exponent = abs(mp.log(abs(w))) if w else 0
            allowed = eps * ((12 + 3 * exponent) * abs(w) + 12 * cancels) + 4 * smallest
            good = np.isfinite(g) and abs(mp.mpf(g) - w) <= allowed
        if not good:
            yield k, g, float(w) if abs(w) < 1e300 else w


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_values_and_gradients_over_all_magnitudes(backend, name, dtype, rng):
    f = getattr(backend, name)
    (parameter,) = f.params
    x = points(dtype, rng)
    for value in OWN_VALUES.get(name, VALUES):
        array = np.full(x.shape, value, dtype)
        there = np.ones(x.shape, bool)
        if name == "soft_exponential" and value < 0:
            with np.errstate(over="ignore"):
                there = -value * (x.astype(np.float64) + value) > -0.9  # not where the logarithm is infinite
        at, arrays = x[there], {parameter: array[there]}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            y, d = f.value_and_grad(at, **arrays)
            dx, by_parameter = f.backward(np.ones_like(at), at, **arrays)
        np.testing.assert_array_equal(f(at, **arrays), y)
        for part, results in ((0, y), (1, d), (1, dx), (2, by_parameter)):
            wanted, terms = exact(name, part, float(array[0]), tuple(at.tolist()))
            wrong = [(f"{at[k]:g}", g, w) for k, g, w in errors(results, wanted, terms, dtype)]
            assert not wrong, (
                f"{('f', 'the slope', 'by ' + parameter)[part]} for {parameter}={value}: {wrong[:5]} of (x, got, exact)"
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [n for n, f in fastact.activations.items() if f.params and not f._entry.noise and n != "prelu"])
def test_limits_are_those_with_numbers(backend, name, dtype):
    """At infinity, at zeros of both signs and at NaN, with the default parameters and with 0 where that is one."""
    f = getattr(backend, name)
    x = np.array([-np.inf, np.inf, -0.0, 0.0, np.nan], dtype)
    entry = f._entry
    for given in ({p.name: p.default for p in entry.parameters}, {p.name: 0.0 for p in entry.parameters}):
        if not all(p.admits(given[p.name]) for p in entry.parameters):
            continue
        arrays = {key: np.full(x.shape, value, dtype) for key, value in given.items()}
        for got, wanted in zip(f.value_and_grad(x, **arrays), f.value_and_grad(x, **given), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-6)
        gradients = f.backward(np.ones_like(x), x, **arrays)
        np.testing.assert_allclose(gradients[0], f.derivative(x, **given), rtol=1e-6)
        assert all(np.isnan(g[-1]) or g[-1] == 0 for g in gradients[1:])
        if name not in ("snake", "soft_exponential"):  # these have none, or only on one side
            assert not any(np.isnan(g[:-1]).any() for g in gradients[1:])


@pytest.mark.parametrize(
    ("name", "x", "alpha", "slope"),
    [("isru", 2.0, -0.0, 1.0), ("isrlu", -2.0, -0.0, 1.0), ("soft_exponential", 1e308, -3.0, 1e-308 / 3)],
)
def test_slopes_with_numbers(backend, name, x, alpha, slope):
    """A zero of either sign, and what overflows only on the way."""
    x = np.array([x, x], np.float64)
    f = getattr(backend, name)
    array = np.array([alpha, alpha], np.float64)
    for got in (f.derivative(x, alpha=alpha), f.value_and_grad(x, alpha=alpha)[1], f.value_and_grad(x, alpha=array)[1]):
        with np.errstate(under="ignore"):  # the tolerance of a subnormal number
            np.testing.assert_allclose(got, slope, rtol=1e-9)


@pytest.mark.parametrize("name", ["leaky_relu", "soft_shrink", "silu", "softcap", "isru", "isrlu", "snake", "celu"])
def test_the_sign_of_zero(backend, name, dtype):
    f = getattr(backend, name)
    y = f(np.array([-0.0, 0.0], dtype), **{p: np.full(2, value, dtype) for p, value in f.params.items()})
    assert np.signbit(y.astype(np.float32)).tolist() == [True, False]


def test_soft_exponential_is_smooth_in_alpha(backend):
    """Its gradient by alpha goes through 0 without a step: it is 1 + x^2 / 2 there."""
    x = np.full(7, 1.5, np.float64)
    alpha = np.array([-1e-3, -1e-9, -1e-200, 0, 1e-200, 1e-9, 1e-3], np.float64)
    gradient = backend.soft_exponential.backward(np.ones_like(x), x, alpha=alpha)[1]
    np.testing.assert_allclose(gradient[1:-1], 2.125, rtol=1e-8)
    np.testing.assert_allclose(gradient, 2.125, rtol=3e-3)


def test_parts_of_a_definition_have_the_same_tails(backend):
    """ARiA-2's logistic power, and isru, as parts of a formula of two learnt parameters."""
    f = fastact.define("x * generalized_logistic(x, alpha=alpha) + isru(x, alpha=beta)", parameters={"alpha": 0.5, "beta": 1.0})
    f = backend.bind(f)
    x = np.array([-90.0, -200.0, 1e25], np.float32)
    alpha, beta = np.full(3, 0.3, np.float32), np.full(3, 2.0, np.float32)
    y = f(x, alpha=alpha, beta=beta)
    wide = np.minimum(x.astype(np.float64), 0)
    np.testing.assert_allclose(y[:2], (wide * np.exp(0.3 * wide) + wide / np.sqrt(1 + 2 * wide**2))[:2], rtol=1e-5)
    np.testing.assert_allclose(y[2], 1e25, rtol=1e-6)
    _, dalpha, dbeta = f.backward(np.ones_like(x), x, alpha=alpha, beta=beta)
    np.testing.assert_allclose(dalpha[:2], wide[:2] ** 2 * np.exp(0.3 * wide[:2]), rtol=1e-4)
    np.testing.assert_allclose(dbeta[2], -0.5 * 2.0**-1.5, rtol=1e-6)


@pytest.mark.parametrize("name", [*EXACT, "snake", "star_relu", "srelu"])
def test_they_run_as_programs(name):
    """What needs more registers than a program has would be computed by NumPy."""
    entry = fastact.activations[name]._entry
    record = variants.with_arrays(entry, frozenset(p.name for p in entry.parameters))
    kinds = [FORWARD, BACKWARD, VALUE_AND_GRAD, *(k for k in kinds_of(record) if k.parameter is not None)]
    assert len(kinds) > 3
    assert max(plan(record, kind).registers for kind in kinds) <= 24
