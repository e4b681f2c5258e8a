"""Functions that are traced: what symbols understand, and what they refuse with a line and what to write instead."""

# ruff: noqa: PLW0108 (a lambda is a formula, which its function alone is not)

import functools
import math
import threading

import numpy as np
import pytest
import scipy.special

from fastact.expressions.definition import define
from fastact.expressions.nodes import Parameter, X
from fastact.expressions.symbols import Symbol, apply, is_symbol
from fastact.expressions.vocabulary import read
from fastact.functions import entries

POINTS = np.linspace(0.05, 0.95, 19)

UFUNCS = (
    *("negative", "positive", "absolute", "fabs", "sign", "square", "reciprocal", "sqrt", "cbrt", "exp", "exp2", "expm1", "log"),
    *("log1p", "log2", "log10", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh"),
    *("deg2rad", "rad2deg", "radians", "degrees", "logical_not", "isnan", "isinf", "isfinite"),
)
BINARY = (
    *(
        "add",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "power",
        "float_power",
        "minimum",
        "maximum",
        "fmin",
        "fmax",
        "hypot",
    ),
    *("logaddexp", "logaddexp2", "arctan2", "copysign", "heaviside", "less", "less_equal", "greater", "greater_equal", "equal"),
    *("not_equal", "logical_and", "logical_or", "logical_xor"),
)
SPECIAL = ("erf", "erfc", "expit", "ndtr", "log_expit", "log_ndtr")


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_of_numpy(name):
    ufunc = getattr(np, name)
    f = define(lambda x: ufunc(x * 0.5) + x)
    np.testing.assert_allclose(f.forward(POINTS), ufunc(POINTS * 0.5) + POINTS, rtol=1e-14)


@pytest.mark.parametrize("name", BINARY)
def test_ufuncs_of_two_operands(name):
    ufunc = getattr(np, name)
    f = define(lambda x, a=0.5: ufunc(x, a) + ufunc(0.25, x) + x)
    np.testing.assert_allclose(f.forward(POINTS, 0.5), ufunc(POINTS, 0.5) * 1.0 + ufunc(0.25, POINTS) + POINTS, rtol=1e-14)


@pytest.mark.parametrize("name", SPECIAL)
def test_ufuncs_of_scipy(name):
    ufunc = getattr(scipy.special, name)
    f = define(lambda x: ufunc(3 * x - 1) * x)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(f.forward(POINTS), ufunc(3 * POINTS - 1) * POINTS, rtol=1e-13)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: np.where((x > 0.3) & ~(x > 0.7) | (x == 0.5), x, -x),
        lambda x: np.clip(x, 0.2, 0.6) + np.clip(x, 0.2, None) + np.clip(x, None, 0.6) + x.__abs__(),
        lambda x: +x - -x + abs(x) ** 2 + 2**x + x**-0.5 + (1 - x) / x + 3 / (x + 1) + (x != 0.5) + (x <= 0.3) * (x <= 0.2),
        lambda x: scipy.special.xlogy(x, x) + scipy.special.xlog1py(x, x) + np.logical_xor(x > 0.5, x > 0.2),
        lambda x: np.float64(2) * x + np.float32(0.5) * x + np.int64(3) * x + np.array(2.0) * x + True * x,
        lambda x: sum(k * x**k for k in range(4)),
        lambda x: functools.reduce(np.multiply, [x, x, x]),
        lambda x: np.abs(x) * np.sinc(x) * np.pow(x, 2) + np.asin(x),
    ],
)
def test_other_functions(formula):
    np.testing.assert_allclose(define(formula).forward(POINTS), formula(POINTS), rtol=1e-14)


def test_activations_by_their_objects():
    def formula(x, beta=2.0):
        return apply(entries["silu"], x, {"beta": beta}) + apply(entries["tanh"], x, {}, derivative=True)

    f = define(formula)
    assert f.formula is read("silu(x, beta=beta) + tanh_derivative(x)", {"beta": Parameter("beta")})
    outer = define(lambda x: apply(f, 2 * x, {"beta": 3.0}))
    assert outer.formula is read("silu(2 * x, beta=3) + tanh_derivative(2 * x)")


def test_parameters_and_documentation_are_the_functions():
    def line(x, a=2, *, b=0.5):
        """A line.

        Notes
        -----
        Straight.
        """
        return a * x + b

    f = define(line)
    assert (f.name, [(p.name, p.default) for p in f.parameters]) == ("line", [("a", 2), ("b", 0.5)])
    assert f.doc == "A line.\n\nNotes\n-----\nStraight."
    np.testing.assert_array_equal(f.forward(POINTS, 3.0, 1.0), 3 * POINTS + 1)


def test_an_input_of_another_name():
    assert define(lambda z: z * z).formula is read("x**2")


def _with_if(x):
    if x > 0:
        return x
    return 0 * x


def _with_while(x):
    while x < 3:
        x = x + 1
    return x


def _recursive(x):
    return 1 + _recursive(x / 2)


def _with_loop(x):
    for part in x:
        x = x + part
    return x


def _endless(x):
    for _ in range(20_000):
        x = np.cos(x)
    return x


def _large(x):
    for _ in range(3_000):
        x = np.cos(x)
    return x


def _nothing(x):
    np.exp(x)


REFUSED = [
    (_with_if, TypeError, r"write np\.where.*\(line \d+ of test_tracing\.py: if x > 0:\)"),
    (_with_while, TypeError, r"write np\.where.*while x < 3:"),
    (_recursive, ValueError, "calls itself without end"),
    (_with_loop, TypeError, r"can't be iterated over.*for part in x:"),
    (_endless, ValueError, "10000 operations or more"),
    (_large, ValueError, "_large has 3001 operations; 2000 are the most"),
    (_nothing, TypeError, "_nothing returns nothing"),
    (lambda x: 0 < x < 1, TypeError, "& for and"),
    (lambda x: x and 1, TypeError, r"np\.where"),
    (lambda x: not x, TypeError, "~ for not"),
    (lambda x: max(x, 0), TypeError, r"np\.maximum for max"),
    (lambda x: np.sum(x), TypeError, "sum can't be part of a formula.*each element"),
    (lambda x: x.sum(), TypeError, r"x\.sum\(\) is not for a formula"),
    (lambda x: x.mean(), TypeError, r"x\.mean\(\)"),
    (lambda x: x.exp(), TypeError, r"write np\.exp\(x\)"),
    (lambda x: np.add.reduce(x), TypeError, r"np\.add\.reduce"),
    (lambda x: x @ x, TypeError, "@ is a sum"),
    (lambda x: np.dot(x, x), TypeError, "dot can't be part"),
    (lambda x: np.linalg.norm(x), TypeError, "norm can't be part"),
    (lambda x: np.ones(3, np.float64) @ x, TypeError, "matmul can't be part"),
    (lambda x: math.exp(x), TypeError, r"write NumPy's, np\.exp for math\.exp"),
    (lambda x: float(x), TypeError, "no value yet"),
    (lambda x: int(x), TypeError, "no value yet"),
    (lambda x: len(x) * x, TypeError, "no length"),
    (lambda x: x[0], TypeError, "no elements"),
    (lambda x: x[x > 0], TypeError, r"np\.where"),
    (lambda x: 1 in x, TypeError, "no elements"),
    (lambda x: x.shape, TypeError, "no shape"),
    (lambda x: x.astype(np.float32), TypeError, "no dtype"),
    (lambda x: x.dtype, TypeError, "no dtype"),
    (lambda x: x.foo, AttributeError, "no attribute 'foo'"),
    (lambda x: np.asarray(x), TypeError, "can't become an array"),
    (lambda x: np.floor(x), TypeError, "floor can't be part.*steps"),
    (lambda x: round(x), TypeError, "round can't be part"),
    (lambda x: x // 2, TypeError, "// has steps"),
    (lambda x: 5 % x, TypeError, "% has steps"),
    (lambda x: np.exp(x, out=np.zeros(3, np.float64)), TypeError, r"exp\(\.\.\., out=\)"),
    (lambda x: np.maximum(x, 0, where=x > 0), TypeError, "where="),
    (lambda x: np.array([1.0, 2.0]) * x, TypeError, "make it a parameter"),
    (lambda x: "a" + x, TypeError, "a str can't be part"),
    (lambda x: x + None, TypeError, "None is no number"),
    (lambda x: 1j * x, TypeError, "a complex can't be part"),
    (lambda x: 10**400 * x, TypeError, "larger than any float64"),
    (lambda x: scipy.special.gamma(x), TypeError, "gamma is not known to formulas"),
    (lambda x: np.where(x > 0), TypeError, "where: missing"),
    (lambda x: np.select([x > 0], [x], 0), TypeError, r"write np\.where"),
    (lambda x: apply(entries["rrelu"], x, {}), TypeError, "draws random numbers"),
    (lambda x: apply(entries["silu"], x, {"gamma": 1}), TypeError, "no parameter 'gamma'"),
    (lambda x: apply(entries["softplus"], x, {"beta": -1}), ValueError, "beta must be a finite number > 0"),
    (lambda x: 3.0, ValueError, "returns the constant 3.0"),
    (lambda x, a=1.0: a, ValueError, "does not depend on x"),
    (lambda x: (x, x), TypeError, "returns a tuple"),
    (lambda x: "x", TypeError, "returns a str"),
    (lambda x, a: a * x, TypeError, "needs a number as its default"),
    (lambda x, *a: x, TypeError, r"can't have \*a"),
    (lambda x, **a: x, TypeError, r"can't have \*a"),
    (lambda *x: x, TypeError, "first argument"),
    (lambda: 1, TypeError, "first argument"),
    (lambda x, a=[1, 2]: x, TypeError, "default of a must be a number"),
    (lambda x, a="b": x, TypeError, "default of a must be a number"),
    (lambda x, a=True: x, TypeError, "default of a must be a number"),
    (lambda x, a=np.nan: x, ValueError, "finite number"),
    (lambda x, out=1.0: x, ValueError, "the name 'out'"),
    (lambda z, x=1.0: z * x, ValueError, "the name 'x'"),
    (np.tanh, TypeError, "write lambda x"),
    (math.tanh, TypeError, "write lambda x"),
    (3, TypeError, "a function or a text, not a int"),
]


@pytest.mark.parametrize(("formula", "error", "message"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_refused(formula, error, message):
    with pytest.raises(error, match=message):
        define(formula)


def test_what_the_function_raises_is_its_own():
    def wrong(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        define(wrong)


def test_nothing_leaks_between_tracings():
    kept = []

    def formula(x, a=1.0):
        kept.append(x)
        return a * x

    first, second = define(formula), define(formula, name="second")
    assert first.formula is second.formula
    assert is_symbol(kept[0])
    assert (kept[0] + 1).node is read("x + 1")  # a symbol can be used on, and changes nothing
    assert first.formula is read("a * x", {"a": Parameter("a")})
    for _ in range(3):  # what is counted begins anew
        define(lambda x: functools.reduce(lambda y, _: -(y * 1), range(4_000), x) + x)


def test_threads_trace_side_by_side():
    found = []

    def work(k):
        found.extend(define(lambda x, a=float(k): np.exp(-a * x) * x).parameters[0].default == k for _ in range(20))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80


def test_symbols_tell_what_they_are():
    assert repr(Symbol(X) * 2 + 1) == "<symbol 1 + 2 * x>"
