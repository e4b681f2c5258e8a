"""The record of a defined activation: what it computes, what is known of it, and that it comes back from a pickle."""

import copy
import dataclasses
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
from hypothesis import HealthCheck, given, settings
from random_expressions import PARAMETERS, expressions

from fastact.expressions import numerical, sampling
from fastact.expressions.definition import Definition, _keeps_nan, _surely_nan, define
from fastact.expressions.evaluation import evaluate
from fastact.expressions.nodes import Parameter
from fastact.expressions.vocabulary import read
from fastact.functions import entries
from fastact.functions.entry import Entry, Info

X = np.linspace(-6, 6, 97)


def aria(x, alpha=1.5, beta=2.0):
    """ARiA-2."""
    return x * (1 + np.exp(-beta * x)) ** -alpha


def serf(x):
    return x * scipy.special.erf(np.log1p(np.exp(x)))


def acon_c(x, p1=1.2, p2=-0.3, beta=1.5):
    return (p1 - p2) * x * (1 / (1 + np.exp(-beta * (p1 - p2) * x))) + p2 * x


def logish(x):
    return x * np.log(1 + 1 / (1 + np.exp(-x)))


def pelu(x, a=1.25, b=0.75):
    return np.where(x >= 0, a / b * x, a * (np.exp(x / b) - 1))


def smish(x):
    return x * np.tanh(np.log(1 + 1 / (1 + np.exp(-x))))


def tanh_exp(x):
    return x * np.tanh(np.exp(x))


PAPERS = (aria, serf, acon_c, logish, pelu, smish, tanh_exp)


@pytest.mark.parametrize("formula", PAPERS, ids=lambda f: f.__name__)
def test_functions_of_papers(formula):
    f = define(formula)
    point = {p.name: p.default for p in f.parameters}
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(f.forward(X, *point.values()), formula(X), rtol=1e-13, atol=1e-16)
        wide = np.concatenate([X, [-700, -100, -40, 40, 100, 700, 1e-3, -1e-9]])
        assert max(numerical.errors(f.forward(wide, *point.values()), f.formula, wide, point)) < 8
        assert max(numerical.errors(f.derivative(wide, *point.values()), f.slope, wide, point)) < 8
        step = 1e-6
        differences = (f.forward(X + step, *point.values()) - f.forward(X - step, *point.values())) / (2 * step)
        near = np.abs(X) > 2 * step
        np.testing.assert_allclose(f.derivative(X, *point.values())[near], differences[near], rtol=1e-7, atol=1e-8)
        for name, slope in f.slope_by.items():
            more, less = ({**point, name: point[name] + sign * step} for sign in (1, -1))
            differences = (f.forward(X, *more.values()) - f.forward(X, *less.values())) / (2 * step)
            np.testing.assert_allclose(evaluate(slope, X, point), differences, rtol=1e-7, atol=1e-8)


def test_it_is_an_entry():
    f = define(aria)
    assert isinstance(f, Definition)
    assert isinstance(f, Entry)
    assert f.name == "aria"
    assert f.doc == "ARiA-2."
    assert f.text == f.info.formula == "x * generalized_logistic(beta * x, alpha=alpha)"
    assert f.info.derivative == (
        "generalized_logistic(beta * x, alpha=alpha) + x * (beta * generalized_logistic_derivative(beta * x, alpha=alpha))"
    )
    assert f.parameters == f.options
    assert not f.replaced_derivative
    assert f.file == "a definition"


def test_arrays_for_parameters_broadcast():
    f = define(pelu)
    a = np.array([0.5, 2.0])
    x = np.ones((3, 2), np.float64)
    np.testing.assert_allclose(f.forward(x, a, 0.5), np.broadcast_to(a / 0.5, (3, 2)))


def test_results_have_the_shape_of_x():
    f = define("2 * x", name="twice")
    for x in (np.zeros((), np.float64), np.zeros(0, np.float64), np.zeros((2, 3), np.float64)):
        assert f.forward(x).shape == x.shape
        assert f.derivative(x).shape == x.shape
        assert (f.derivative(x) == 2).all()


def test_a_replaced_derivative():
    for slope in ("where(abs(x) < 1, a, 0)", lambda x, a: np.where(abs(x) < 1, a, 0), lambda x, *, a: (abs(x) < 1) * a):
        f = define(lambda x, a=2.0: a * np.sign(x), name="straight_through", derivative=slope)
        assert f.replaced_derivative
        np.testing.assert_array_equal(f.derivative(X, 2.0), np.where(np.abs(X) < 1, 2.0, 0.0))
        assert pickle.loads(pickle.dumps(f)).replaced_derivative
    with pytest.raises(TypeError, match="there is no parameter 'b'; there are a"):
        define(lambda x, a=2.0: a * x, derivative=lambda x, b: b)
    with pytest.raises(TypeError, match="a function or a text"):
        define("x", derivative=3)


@pytest.mark.parametrize(
    "formula", [*PAPERS, "x * (x > 0.5) + 3", "fmax(x, 1) * sinc(x)"], ids=lambda f: getattr(f, "__name__", f)
)
def test_pickles_by_its_formula(formula):
    f = define(formula, doc="Words.", aliases=("other",), monotonic=False)
    g = pickle.loads(pickle.dumps(f))
    assert g.formula is f.formula
    assert g.slope is f.slope
    assert (g.name, g.doc, g.aliases, g.parameters) == (f.name, f.doc, f.aliases, f.parameters)
    assert repr(g.info) == repr(f.info)
    assert copy.deepcopy(f) is f


def test_a_pickle_of_another_process():
    code = "import pickle, sys; from fastact.expressions.definition import define; " + (
        "sys.stdout.buffer.write(pickle.dumps(define('x * exp(-b * x**2)', name='bell', parameters={'b': 2.0})))"
    )
    given = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert pickle.loads(given).formula is define("x * exp(-b * x**2)", name="bell", parameters={"b": 2.0}).formula


def test_properties_are_given_or_sampled():
    f = define("x * sigmoid(x)", name="f", range=(-0.3, np.inf), ulp=3.0)
    assert f.info.range == (-0.3, np.inf)
    assert f.info.ulp == 3
    assert set(f.info.sampled) == {"monotonic", "smooth", "zero_centred", "identity_near_zero", "domain"}
    known = {field.name: getattr(f.info, field.name) for field in dataclasses.fields(Info)}
    del known["formula"], known["derivative"], known["sampled"]
    assert define("x * sigmoid(x)", name="f", **known).info.sampled == ()


def test_properties_are_sampled_when_asked_for(monkeypatch):
    asked = []
    sampled = sampling.properties
    monkeypatch.setattr(sampling, "properties", lambda *given: asked.append(1) or sampled(*given))
    f = define("x * sigmoid(2 * x)", name="f", parameters={"a": 1.0}, monotonic=True)
    g = pickle.loads(pickle.dumps(f))
    assert f.text == "silu(x, beta=2)"
    assert not asked
    assert f.info is f.info
    assert len(asked) == 1
    assert f.info == g.info
    assert f.info.monotonic
    with pytest.raises(AttributeError, match="no attribute 'infos'"):
        f.infos  # noqa: B018


def test_a_variant_has_the_properties_of_what_it_is_made_of():
    from fastact.expressions.variants import with_arrays

    of = define("x * sigmoid(a * x)", name="f", parameters={"a": 1.0}, range=(-0.5, math.inf))
    for entry in (of, entries["silu"]):
        f = with_arrays(entry, frozenset(p.name for p in entry.parameters))
        assert dataclasses.replace(f.info, formula="", derivative="") == dataclasses.replace(
            entry.info, formula="", derivative=""
        )
        g = pickle.loads(pickle.dumps(f))
        assert (g.formula, g.info) == (f.formula, f.info)


def test_what_was_written_is_kept():
    f = define("log1p(exp(x))", name="f")
    assert f.formula is read("softplus(x)")
    assert f.written is read("log1p(exp(x))")
    assert pickle.loads(pickle.dumps(f)).written is f.written


@given(expressions())
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_what_is_surely_nan_is(root):
    with np.errstate(all="ignore"):
        value = evaluate(root, np.array([np.nan]), PARAMETERS)
    assert np.isnan(value[0]) or not _surely_nan(root)


@pytest.mark.parametrize(
    ("formula", "sure"),
    [
        ("x * exp(x)", True),
        ("where(x > 0, x, expm1(x))", True),
        ("where(x > 0, x, 1)", False),
        ("gelu(x) * (x > 0)", True),
        ("silu_derivative(x) + 1", True),
        ("x > 0", False),
        ("x**0.3 * 2", False),  # of some powers 1
        ("hypot(x, 2)", False),
    ],
)
def test_what_is_nan_is_known_without_computing(formula, sure):
    assert _surely_nan(read(formula)) is sure


def test_every_activation_keeps_nan():
    plain = [entry for entry in entries.values() if entry.noise is None and not any(p.array for p in entry.parameters)]
    assert len(plain) >= 50
    assert all(_keeps_nan(entry, derivative) for entry in plain for derivative in (False, True))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "1a"}, ValueError, "no name for an activation"),
        ({"name": "a b"}, ValueError, "no name for an activation"),
        ({"name": "lambda"}, ValueError, "no name for an activation"),
        ({"parameters": {"lambda": 1.0}}, ValueError, "no name for a parameter"),
        ({"foo": 1}, TypeError, "define has no argument 'foo'; properties that can be given: range, monotonic"),
        ({"sampled": ()}, TypeError, "no argument 'sampled'"),
        ({"parameters": {"x": 1.0}}, ValueError, "the name 'x'"),
        ({"parameters": {"a b": 1.0}}, ValueError, "no name for a parameter"),
        ({"parameters": {"a": "1"}}, TypeError, "must be a number"),
        ({"parameters": {"a": np.inf}}, ValueError, "finite number"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        define("x", **arguments)


def test_parameters_are_for_texts():
    with pytest.raises(TypeError, match="parameters= is for a text"):
        define(aria, parameters={"alpha": 1.0})


def test_a_lambda_and_a_text_have_a_name_too():
    assert define(lambda x: x * 2).name == define("x * 2").name == "activation"


def test_derivatives_by_array_parameters_are_in_the_record():
    from fastact.expressions.variants import with_arrays

    f = with_arrays(define(pelu), frozenset(["a"]))
    assert [p.array for p in f.parameters] == [True, False]
    slope = f.slope_by["a"]
    assert slope is read("where(0 <= x, x / b, expm1(x / b))", {"b": Parameter("b")})


def test_warnings_are_the_callers_matter():
    f = define("log(x)", name="f")
    with np.errstate(all="ignore"):
        assert np.isnan(f.forward(np.array([-1.0])))[0]


@pytest.mark.parametrize(
    "known",
    [
        {"range": 3},
        {"range": (1, 0)},
        {"range": (0, math.nan)},
        {"domain": "all"},
        {"ulp": -1},
        {"monotonic": "yes"},
        {"term": 1},
    ],
    ids=str,
)
def test_properties_that_are_none(known):
    (key,) = known
    with pytest.raises(TypeError, match=f"square: the property {key} must be"):
        define("x * x", name="square", **known)
    assert define("x * x", name="square", range=(0, math.inf), monotonic=False).info.range == (0, math.inf)
