"""Formulas as text: what is read, and what is refused with its place and what to write instead."""

import numpy as np
import pytest
import scipy.special

from fastact.expressions.definition import define
from fastact.expressions.evaluation import evaluate
from fastact.expressions.nodes import Parameter
from fastact.expressions.vocabulary import read

X = np.linspace(-3, 3, 25) + 0.01


@pytest.mark.parametrize(
    ("formula", "numpy"),
    [
        ("x * tanh(x)", lambda x: x * np.tanh(x)),
        ("2 + 3 * -x**2", lambda x: 2 + 3 * -(x**2)),
        ("x\n  + 1\n", lambda x: x + 1),
        ("Phi(x) + phi(x) * pi + e", lambda x: scipy.special.ndtr(x) + np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * np.pi + np.e),
        ("1 if x > 1 else 2 if x > 0 else 3", lambda x: np.where(x > 1, 1, np.where(x > 0, 2, 3))),
        ("-1 < x < 1", lambda x: ((x > -1) & (x < 1)) * 1.0),
        ("(x > 0) & ~(x > 1) | (x == 2)", lambda x: ((x > 0) & ~(x > 1) | (x == 2)) * 1.0),
        ("x > 0 and x < 1 or not x > -1", lambda x: (((x > 0) & (x < 1)) | ~(x > -1)) * 1.0),
        ("max(x, 0, -x / 2) + min(x, 1)", lambda x: np.maximum(np.maximum(x, 0), -x / 2) + np.minimum(x, 1)),
        ("(t := tanh(x)) * (1 - t)", lambda x: np.tanh(x) * (1 - np.tanh(x))),
        ("clip(x, -1, 2)", lambda x: np.clip(x, -1, 2)),
        ("logaddexp2(x, 1) + exp2(x)", lambda x: np.logaddexp2(x, 1) + np.exp2(x)),
        ("deg2rad(x) + cbrt(x) + hypot(x, 2)", lambda x: np.deg2rad(x) + np.cbrt(x) + np.hypot(x, 2)),
        (
            "xlogy(abs(x), abs(x)) + xlog1py(x, x**2)",
            lambda x: scipy.special.xlogy(abs(x), abs(x)) + scipy.special.xlog1py(x, x**2),
        ),
        ("expit(x) + log_expit(x) + erf(x) + erfc(x)", None),
        ("log_ndtr(8 * x)", lambda x: scipy.special.log_ndtr(8 * x)),
        ("swish(x) + SiLU(x)", lambda x: 2 * x / (1 + np.exp(-x))),
        ("silu(x, beta=2) + softplus(x, 2)", lambda x: x / (1 + np.exp(-2 * x)) + np.log1p(np.exp(2 * x)) / 2),
        ("tanh_derivative(x)", lambda x: 1 / np.cosh(x) ** 2),
        ("prelu(x, slope=0.3)", lambda x: np.where(x > 0, x, 0.3 * x)),
        ("True * x + .5e1", lambda x: x + 5),
    ],
)
def test_meaning(formula, numpy):
    special = scipy.special
    numpy = numpy or (lambda x: special.expit(x) + special.log_expit(x) + special.erf(x) + special.erfc(x))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(evaluate(read(formula), X), numpy(X), rtol=1e-13, atol=1e-300)


def test_parameters_are_declared():
    f = define("alpha * x", name="line", parameters={"alpha": 2})
    assert [(p.name, p.default) for p in f.parameters] == [("alpha", 2)]
    np.testing.assert_array_equal(f.forward(X, 3.0), 3 * X)


def test_a_parameter_may_have_the_name_of_a_function_or_constant():
    assert read("e * x + min", {"e": Parameter("e"), "min": Parameter("min")})


WRONG = [
    ("x.shape", 1, "attribute is not allowed"),
    ("2 * np.exp(x)", 5, "write exp(...)"),
    ("__import__('os').system('ls')", 1, "attribute"),
    ("__import__(x)", 1, "there is no function '__import__'"),
    ("x * 'a'", 5, "no real number"),
    ("1j * x", 1, "no real number"),
    ("x[0]", 1, "an index is not allowed"),
    ("lambda: x", 1, "a function is not allowed"),
    ("[x]", 1, "a list"),
    ("(x, x)", 1, "a tuple"),
    ("{x}", 1, "a set"),
    ("x @ x", 1, "@ is a sum"),
    ("x // 2", 1, "has steps"),
    ("x % 2", 1, "has steps"),
    ("x ^ 2", 1, "write **"),
    ("x << 2", 1, "for integers"),
    ("x is x", 1, "write =="),
    ("x in x", 1, "write comparisons"),
    ("f'{x}'", 1, "a string"),
    ("exp(*x)", 5, "with a star"),
    ("exp(**x)", 7, "with stars"),
    ("exp(x", 1, "never closed"),
    ("x +", 1, "invalid syntax"),
    ("x = 3", 1, "no formula"),
    ("x; x", 2, "no formula"),
    ("1 + foo(x)", 5, "there is no function 'foo'"),
    ("x * sigmiod(x)", 5, "did you mean sigmoid?"),
    ("x * y", 5, "parameters={'y': 1.0}"),
    ("alpa * x", 1, "did you mean alpha?"),
    ("exp", 1, "write exp(x)"),
    ("x(3)", 1, "x is a number, not a function"),
    ("exp(x, x)", 1, "exp() takes 1 positional argument but 2 were given"),
    ("where(x > 0, x)", 1, "where() missing 1 required positional argument"),
    ("silu(x, gamma=2)", 1, "no parameter 'gamma'; its parameters: beta"),
    ("silu(x, 1, beta=2)", 1, "given beta twice"),
    ("silu(x, 1, 2)", 1, "2 are given"),
    ("softplus(x, beta=-1)", 1, "beta must be a finite number > 0, not -1"),
    ("sum(x)", 1, "one number for each element"),
    ("floor(x)", 1, "it has steps"),
    ("rrelu(x)", 1, "draws random numbers"),
    ("softmax(x)", 1, "no elementwise activation"),
    ("(x := 3)", 2, "the name x is taken"),
    ("x**1e400", 4, "larger than any float64"),
]


@pytest.mark.parametrize(("formula", "column", "message"), WRONG, ids=[formula[:20] for formula, *_ in WRONG])
def test_errors_name_the_place(formula, column, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        define(formula, name="wrong", parameters={"alpha": 1.0})
    told = str(caught.value)
    assert message in told
    assert f"in column {column} of the formula" in told
    *_, shown, caret = told.split("\n")
    if len(formula) < 60:
        assert shown == f"    {formula}"
        assert caret == " " * (column + 3) + "^"


def test_errors_name_the_line():
    with pytest.raises(ValueError, match="there is no function 'foo'") as caught:
        define("x\n+ 1\n+ \u00e9 * foo(x)", name="wrong", parameters={"\u00e9": 1.0})
    assert str(caught.value).endswith("in line 3, column 7 of the formula:\n    + \u00e9 * foo(x)\n          ^")


def test_deep_parentheses():
    with pytest.raises(ValueError, match="nested"):
        define("(" * 300 + "x" + ")" * 300, name="wrong")


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "is empty"),
        ("3.0", "does not depend on x"),
        ("\0", "no formula"),
        ("+".join(["x"] * 20_000), "nested too deep"),
        (" + ".join(f"cos({k} * x)" for k in range(900)), "2000 are the most"),
        ("x" * 300_000, "characters"),
    ],
    ids=["empty", "constant", "null", "deep", "large", "long"],
)
def test_other_errors(formula, message):
    with pytest.raises(ValueError, match=message):
        define(formula, name="wrong")


def test_nothing_is_evaluated_by_python():
    for formula in ("__import__('os').abort()", "exit()", "(lambda: exit())()", "[exit() for i in x]", "x.__class__"):
        with pytest.raises(ValueError, match="formula"):
            define(formula, name="wrong")
