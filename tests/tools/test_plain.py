"""What NumPy's users would write of a formula: it computes the same, in the dtype of the input, and nothing twice."""

import ast

import numpy as np
import pytest

import fastact
from fastact.tools.directions import BOTH, Direction
from fastact.tools.peers import packages, plain

FORMULAS = {
    "x * (1 + exp(-beta * x)) ** -alpha": {"alpha": 1.5, "beta": 2.0},
    "x * erf(log1p(exp(x)))": {},
    "(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x": {"p1": 1.0, "p2": 0.25, "beta": 1.0},
    "where(x >= 0, a / b * x, a * (exp(x / b) - 1))": {"a": 1.0, "b": 0.5},
    "x * tanh(exp(x))": {},
    "where(x > 0.5, 1, 0.25) * x": {},
    "x * (x > 0.5) + (x < -1) + where((x > 0) & (x < 2), 1, -1)": {},
    "x * ndtr(x) + erfc(x) + xlogy(abs(x), 2) + phi(x)": {},
    "maximum(x, a) ** 3 + minimum(x, 1) - arctan(x) / hypot(x, 2)": {"a": 0.1},
    "gelu(x) + mish(x) + softplus(x, beta=2) + sinc(x) + elu(x, alpha=a)": {"a": 0.7},
    "1 / (1 + x**2) + sqrt(abs(x)) - log(2 + x**2) * cos(x)": {},
    "exp(-x)": {},
    "sigmoid(x)": {},
    "-x": {},
    "x": {},
    "x < 1": {},
}


def computed(f, direction, x, dy, out):
    """What the statement gives, and all that it computes on the way."""
    text, names = plain.statement(f._entry, direction, x.dtype)
    *before, last = ast.parse(text).body
    space = {"np": np, "x": x, "dy": dy, "out": out, **names}
    for part in before:
        exec(compile(ast.Module([part], []), text, "exec"), space)
    result = eval(compile(ast.Expression(last.value), text, "eval"), space)
    return result, [value for name, value in space.items() if name[0] == "t" and name[1:].isdigit()]


@pytest.mark.parametrize("scipy", [True, False], ids=["SciPy", "no SciPy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("text", FORMULAS)
def test_it_computes_the_formula_in_its_dtype(text, dtype, scipy, monkeypatch):
    if not scipy:
        monkeypatch.setattr(packages, "installed", lambda name: False)
    f = fastact.define(text, name="f", parameters=FORMULAS[text])
    x = np.linspace(-4, 4, 120).astype(dtype)
    dy = np.linspace(1, 2, 120).astype(dtype)
    for direction, wanted in zip(BOTH, (f(x.astype(float)), f.backward(dy.astype(float), x.astype(float))), strict=True):
        for out in (np.empty_like(x), None):
            result, parts = computed(f, direction, x, dy, out)
            assert result.dtype == dtype, plain.statement(f._entry, direction, dtype)
            assert {part.dtype for part in parts} <= {np.dtype(dtype), np.dtype(bool)}
            np.testing.assert_allclose(result, wanted, rtol=2e-4 if dtype == np.float32 else 1e-9, atol=1e-5)


def test_what_occurs_twice_is_computed_once():
    f = fastact.define("x * tanh(exp(x)) + exp(x)", name="f")
    text, _ = plain.statement(f._entry, Direction.BACKWARD, np.float32)
    assert text.count("np.exp") == text.count("np.tanh") == 1


def test_what_guards_the_tails_is_left_out():
    f = fastact.define("x * tanh(exp(x))", name="f")
    assert "where" in f.info.derivative
    text, _ = plain.statement(f._entry, Direction.BACKWARD, np.float32)
    assert "where" not in text
    own = fastact.define("where(x == 0, 0, x * x)", name="f")
    assert "where" in plain.statement(own._entry, Direction.BACKWARD, np.float32)[0]


def test_it_is_the_formula_as_it_was_written():
    f = fastact.define("log1p(exp(x))", name="f")
    assert f.formula == "softplus(x)"
    assert plain.statement(f._entry, Direction.FORWARD, np.float32)[0] == "np.log1p(np.exp(x), out=out)"
    assert plain.statement(f._entry, Direction.FROM_OUTPUT, np.float32) is None


def test_a_derivative_of_the_users_own():
    f = fastact.define("sign(x)", name="f", derivative="where(abs(x) < 1, a, 0)", parameters={"a": 2.0})
    x = np.array([-2, -0.5, 0.5, 2], np.float32)
    result, _ = computed(f, Direction.BACKWARD, x, np.ones_like(x), None)
    assert result.tolist() == [0, 2, 2, 0]
    assert result.dtype == np.float32
