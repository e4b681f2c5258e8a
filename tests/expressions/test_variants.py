"""Activations made of others: derivatives, arrays for parameters, parameters bound."""

import numpy as np
import pytest

from fastact.expressions.definition import define
from fastact.expressions.evaluation import evaluate
from fastact.expressions.nodes import Activate
from fastact.expressions.variants import derivative_of, with_arrays, without_parameters
from fastact.functions import entries

X = np.linspace(-5, 5, 41) + 0.013
WITH_PARAMETERS = [e.name for e in entries.values() if e.parameters and e.noise is None]


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_arrays_give_what_numbers_give(name):
    entry = entries[name]
    f = with_arrays(entry, frozenset(p.name for p in entry.parameters))
    assert all(p.array for p in f.parameters)
    assert (f.name, f.info.range, f.doc) == (entry.name, entry.info.range, entry.doc)
    columns = [np.array([p.default, p.default * 1.25]) for p in entry.parameters]
    x = np.stack([X, X], axis=1)
    with np.errstate(all="ignore"):
        computed, slopes = f.forward(x, *columns), f.derivative(x, *columns)
        for k in range(2):
            numbers = [float(column[k]) for column in columns]
            np.testing.assert_allclose(computed[:, k], entry.forward(X, *numbers), rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(slopes[:, k], entry.derivative(X, *numbers), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_no_kernel_gets_an_array(name):
    from fastact.expressions.nodes import Parameter, in_order

    f = with_arrays(entries[name], frozenset(p.name for p in entries[name].parameters))
    everything = in_order([f.formula, f.slope, *f.slope_by.values()])
    assert not any(isinstance(p, Parameter) for node in everything if isinstance(node, Activate) for p in node.parameters)


def test_only_the_named_parameters_become_arrays():
    f = with_arrays(define(lambda x, a=1.5, b=2.0: x / (1 + np.exp(-b * x)) + a), frozenset(["a"]))
    assert f.text == "a + silu(x, beta=b)"
    assert [p.array for p in f.parameters] == [True, False]
    with pytest.raises(TypeError, match="no parameter 'c'"):
        with_arrays(f, frozenset(["c"]))


def test_silu_with_arrays_has_its_limits():
    f = with_arrays(entries["silu"], frozenset(["beta"]))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(f.forward(np.array([-np.inf, np.inf]), np.ones(2, np.float64)), [-0.0, np.inf])


@pytest.mark.parametrize("name", [e.name for e in entries.values() if e.noise is None])
def test_derivatives_of_the_catalogue(name):
    entry = entries[name]
    f = derivative_of(entry)
    numbers = [p.default for p in entry.parameters]
    assert (f.name, f.parameters) == (f"{name}_derivative", entry.parameters)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(f.forward(X, *numbers), entry.derivative(X, *numbers), rtol=1e-13)


def test_the_derivative_of_a_derivative():
    f = define("x**4", name="f")
    third = derivative_of(derivative_of(derivative_of(f)))
    assert third.name == "f_derivative_derivative_derivative"
    np.testing.assert_allclose(third.forward(X), 24 * X, rtol=1e-14)
    np.testing.assert_allclose(third.derivative(X), np.full_like(X, 24), rtol=1e-14)


def test_random_activations_have_none():
    with pytest.raises(TypeError, match="depends on the numbers drawn"):
        derivative_of(entries["rrelu"])


def test_parameters_bound_to_numbers():
    f = without_parameters(entries["silu"], "quick", beta=1.702)
    assert (f.name, f.parameters, f.text) == ("quick", (), "silu(x, beta=1.702)")
    g = without_parameters(define(lambda x, a=1.0, b=2.0: a * x**b + b, name="g"), b=2)
    assert [p.name for p in g.parameters] == ["a"]
    np.testing.assert_allclose(evaluate(g.formula, X, {"a": 3.0}), 3 * X**2 + 2)
    with pytest.raises(TypeError, match="no parameter 'c'"):
        without_parameters(entries["silu"], c=1)
