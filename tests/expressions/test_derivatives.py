"""Derivatives are exact, at kinks as the catalogue has them, and without NaN of branches that are not taken."""

import mpmath
import numpy as np
import pytest

from fastact.expressions import numerical
from fastact.expressions.definition import define
from fastact.expressions.derivatives import derivative
from fastact.expressions.evaluation import evaluate
from fastact.expressions.nodes import ZERO, Activate, Parameter, X, size
from fastact.expressions.operations import OPERATIONS
from fastact.expressions.printing import text
from fastact.expressions.simplify import make
from fastact.expressions.variants import derivative_of, with_arrays
from fastact.expressions.vocabulary import read
from fastact.functions import entries

mp = numerical.mp
U, V = Parameter("u"), Parameter("v")
#: For each operation operands at which it has a derivative.
PLACES = {
    "arccosh": (1.7,),
    "where": (1.0, 0.4, 0.8),
    "heaviside": (0.6, 0.3),
    **dict.fromkeys(("maximum", "minimum", "less", "less_equal", "equal", "not_equal"), (0.4, 0.7)),
}


def slope_of(root, by, point):
    """By differences of many digits."""
    return mp.diff(lambda p: numerical.value(root, 0, {**point, by: p}), mp.mpf(point[by]))


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_by_every_operand(name):
    operation = OPERATIONS[name]
    letters = "uvw"[: operation.arity]
    root = make(name, *(Parameter(letter) for letter in letters))
    point = dict(zip(letters, PLACES.get(name, (0.6, 0.3, 0.8)), strict=False))
    for letter in letters:
        exact = derivative(root, Parameter(letter))
        wanted = slope_of(root, letter, point)
        assert mpmath.almosteq(numerical.value(exact, 0, point), wanted, 1e-15, 1e-15), letter
        np.testing.assert_allclose(float(evaluate(exact, 0.0, point)), float(wanted), rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("name", [e.name for e in entries.values() if e.noise is None])
def test_activations_by_their_parameters(name):
    entry = entries[name]
    point = {p.name: p.default * 1.25 for p in entry.parameters}
    root = with_arrays(entry, frozenset(point)).formula
    for p, middle in point.items():
        for x in (-1.3, 0.3, 2.1):
            wanted = mp.diff(lambda value, p=p, x=x: numerical.value(root, x, {**point, p: value}), mp.mpf(middle))
            found = numerical.value(derivative(root, Parameter(p)), x, point)
            assert mpmath.almosteq(found, wanted, 1e-15, 1e-15), (p, x)


#: Second derivatives are measured where the functions are neither 0 nor infinite, far out too.
WIDE = np.concatenate([np.linspace(-6, 6, 13) + 0.013, [-2000, -400, -40, -20, 20, 40, 400, 700, 1e4, 1e-3, -1e-9]])


@pytest.mark.parametrize("name", [e.name for e in entries.values() if e.noise is None and e.name != "log1mexp"])
def test_second_derivatives(name):
    f = derivative_of(entries[name])
    point = {p.name: p.default for p in f.parameters}
    with np.errstate(all="ignore"):
        computed = f.derivative(WIDE, *point.values())
    assert max(numerical.errors(computed, f.slope, WIDE, point)) < 4
    for x in (-1.3, 0.3, 2.1):
        if np.isfinite(evaluate(f.formula, x, point)):
            wanted = mp.diff(lambda p: numerical.value(f.formula, p, point), mp.mpf(x))
            assert mpmath.almosteq(numerical.value(f.slope, x, point), wanted, 1e-14, 1e-14)


@pytest.mark.parametrize(
    ("formula", "at_zero"),
    [
        ("max(0, x)", 0),
        ("max(x, 0)", 0),
        ("min(x, 0)", 0),
        ("max(0, 3 * x) + 1", 0),
        ("max(2 * x, 0) + x", 1),
        ("abs(x)", 0),
        ("sign(x) + x", 1),
        ("where(x > 0, x, 0.1 * x)", 0.1),
        ("where(x >= 0, 2 * x, 3 * x)", 2),
        ("where(x > 0, 2 * x, 3 * x)", 3),
        ("relu6(x)", 0),
        ("hypot(x, 0)", 0),
        ("heaviside(x, 0.5) + x", 1),
    ],
)
def test_kinks(formula, at_zero):
    f = define(formula, name="f")
    with np.errstate(all="ignore"):
        assert f.derivative(np.zeros(1, np.float64))[0] == at_zero


@pytest.mark.parametrize(
    ("formula", "x", "wanted"),
    [
        ("where(x > 0, sqrt(x), 0)", -1.0, 0.0),
        ("where(x > 0, log(x), x)", 0.0, 1.0),
        ("where(x > 0, x, 1 / x)", 2.0, 1.0),
        ("where(x < 700, exp(x), x)", 1000.0, 1.0),
        ("where(abs(x) < 1, arctanh(x), x)", 3.0, 1.0),
        ("where(x == 0, 1, cos(x) / x)", 0.0, 0.0),
        ("x * where(x > 0, sqrt(x), 0)", -1.0, 0.0),
        ("max(0, x) * where(x > 0, x**0.3, 0)", -1.0, 0.0),
        ("x**alpha", 0.0, 0.0),
        ("1 / cosh(x)", 1000.0, 0.0),
        ("exp(-x) / cosh(x)", 1000.0, 0.0),
        ("1 / exp(x)", 1000.0, 0.0),
    ],
)
def test_what_is_not_taken_makes_no_nan(formula, x, wanted):
    f = define(formula, name="f", parameters={"alpha": 2.5})
    with np.errstate(all="ignore"):
        assert f.derivative(np.array([x]), 2.5)[0] == wanted
        assert not np.isnan(evaluate(f.slope_by["alpha"], np.array([x]), {"alpha": 2.5}))[0]


@pytest.mark.parametrize("exponent", [1.5, 2.5, -1.5, -2, -3, 3, 7, -7, 2.7, -1 / 3, 16, -16, 20.5, -17])
def test_powers_at_the_ends(exponent):
    """At 0, infinity and where the power itself overflows: products and square roots stand for whole and half powers."""
    x = np.array([0.0, np.inf, 4.0, 1e-200, 1e200] + [-1e200, -1e-200, -np.inf] * (exponent == int(exponent)))
    with np.errstate(all="ignore"):
        wanted = exponent * np.power(x, exponent - 1.0)
        np.testing.assert_allclose(define(f"x**({exponent})", name="f").derivative(x), wanted, rtol=1e-13)
        np.testing.assert_allclose(define("x**p", parameters={"p": exponent}).derivative(x, exponent), wanted, rtol=1e-13)
        inner = define(f"abs(x)**({exponent})", name="f").derivative(x[2:])
        np.testing.assert_allclose(inner, np.sign(x[2:]) * exponent * np.abs(x[2:]) ** (exponent - 1), rtol=1e-13)


def test_powers_of_zero():
    """By the base 0 for an exponent of 0; by the exponent 0 at a base of 0, but for negative exponents: as PyTorch has them."""
    f = define("abs(x)**p", parameters={"p": 0.0})
    base, exponent = np.array([0.0, 0.0, 0.0, 0.0, 2.0, np.inf]), np.array([0.0, 1.0, 0.5, -1.0, 0.0, -1.0])
    with np.errstate(all="ignore"):
        assert f.derivative(base[[0, 4]], 0.0).tolist() == [0, 0]
        slope = evaluate(f.slope_by["p"], base, {"p": exponent})
    assert slope.tolist() == [0, 0, 0, -np.inf, np.log(2), 0]


def test_what_does_not_depend_on_it_has_the_derivative_zero():
    root = read("exp2(a) * cos(b) + where(a > 0, x, b)", {"a": Parameter("a"), "b": Parameter("b")})
    assert derivative(root, Parameter("c")) is ZERO
    assert text(derivative(root)) == "where(0 < a, 1, 0)"


def test_common_parts_are_shared():
    f = define(lambda x, alpha=1.5, beta=2.0: x * (1 + np.exp(-beta * x)) ** -alpha)
    assert size(f.formula, f.slope) <= 10
    deep = X
    for _ in range(50):
        deep = Activate(entries["tanh"], deep)
    assert size(deep, derivative(deep)) < 4 * size(deep)


def test_nan_gives_nan():
    for formula in ("where(x > 0, x, 0) + 1", "x > 0", "max(0, x)", "sign(x)", "fmax(x, 0)"):
        f = define(formula, name="f")
        with np.errstate(all="ignore"):
            assert np.isnan(f.forward(np.array([np.nan])))[0]
            assert np.isnan(f.derivative(np.array([np.nan])))[0]
