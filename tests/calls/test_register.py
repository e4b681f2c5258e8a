"""Own activations under names: found as any other, never in another one's place."""

import numpy as np
import pytest

import fastact
from fastact import api


@pytest.fixture(autouse=True)
def nothing_registered():
    """Each test starts with none, and leaves none."""
    before = dict(api._registered)
    api._registered.clear()
    yield
    api._registered.clear()
    api._registered.update(before)


def twice(name="twice_x"):
    return fastact.define("2 * x", name=name)


def test_it_is_found_in_any_spelling():
    f = fastact.register(twice(), "double", "my own")
    for name in ("twice_x", "TwiceX", "twice-x", "double", "DOUBLE", "My Own"):
        assert fastact.get(name) is api.get_activation(name) is f
    assert fastact.get("relu") is fastact.relu


def test_define_does_not_register():
    twice("unregistered")
    with pytest.raises(ValueError, match="there is no function 'unregistered'"):
        fastact.get("unregistered")


def test_as_a_decorator():
    @fastact.register
    @fastact.define
    def cubed(x):
        return x**3

    assert fastact.get("cubed") is cubed
    assert cubed(np.float64(2)) == 8


def test_the_nearest_is_suggested():
    fastact.register(twice())
    with pytest.raises(ValueError, match="did you mean 'twice_x'"):
        fastact.get("twise_x")
    with pytest.raises(ValueError, match="did you mean 'twice_x'"):
        api.get_activation("twise_x")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("relu", "the name 'relu' is taken; define it with another name="),
        ("ReLU", "the name 'ReLU' is taken, which is 'relu' here"),
        ("swish", "the name 'swish' is taken, which is 'silu' here"),
        ("gelu_new", "the name 'gelu_new' is taken, which is 'gelu_tanh' here"),
        ("softmax", "the name 'softmax' is taken; define it with another name="),
        ("swiglu", "the name 'swiglu' is taken; define it with another name="),
        ("cross_entropy_loss", "the name 'cross_entropy_loss' is taken, which is 'cross_entropy' here"),
    ],
)
def test_names_of_the_catalogue_are_taken(name, told):
    with pytest.raises(ValueError, match=f"register: {told}"):
        fastact.register(twice(name))
    with pytest.raises(ValueError, match=f"register: {told}"):
        fastact.register(twice(), "other", name)
    assert api._registered == {}


def test_names_that_stand_for_no_function_are_free():
    f = fastact.register(twice("laplace"))
    assert fastact.get("laplace") is f


def test_another_formula_is_refused():
    f = fastact.register(twice(), "second")
    for other, names in (
        (fastact.define("3 * x", name="twice_x"), ()),
        (fastact.define("3 * x", name="thrice"), ("third", "second")),
    ):
        with pytest.raises(ValueError, match=r"is taken by another formula, 2 \* x; define it with another name="):
            fastact.register(other, *names)
    assert fastact.get("second") is fastact.get("twice_x") is f
    for name in ("thrice", "third"):
        with pytest.raises(ValueError, match="there is no function"):
            fastact.get(name)
    with pytest.raises(ValueError, match="taken by another formula"):
        fastact.register(fastact.define("2 * x", name="twice_x", derivative="x"))


def test_the_same_formula_again():
    """As a cell of a notebook that is run twice."""
    fastact.register(twice(), "second")
    again = fastact.register(twice(), "third")
    assert fastact.get("twice_x") is fastact.get("third") is again


def test_parameters_are_part_of_a_formula():
    def scaled(x, a=1.0):
        return a * x

    def scaled_otherwise(x, a=2.0):
        return a * x

    fastact.register(fastact.define(scaled))
    with pytest.raises(ValueError, match="taken by another formula"):
        fastact.register(fastact.define(scaled_otherwise, name="scaled"))


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: fastact.register(fastact.relu), TypeError, "takes what fastact.define made, not <activation 'relu'"),
        (lambda: fastact.register(np.tanh), TypeError, "takes what fastact.define made, not <ufunc 'tanh'>"),
        (lambda: fastact.register("relu"), TypeError, "takes what fastact.define made, not 'relu'"),
        (lambda: fastact.register(twice(), 3), TypeError, "a name must be a text, not int"),
        (lambda: fastact.register(twice(), "--"), ValueError, "'--' is no name"),
        (lambda: fastact.register(twice(), ""), ValueError, "'' is no name"),
    ],
)
def test_bad_input(call, error, told):
    with pytest.raises(error, match=f"register: {told}"):
        call()
    assert api._registered == {}


def test_a_derivative_can_be_registered():
    f = fastact.register(fastact.gelu.derivative)
    assert fastact.get("gelu_derivative") is f is fastact.gelu.derivative


def test_from_another_backend():
    f = twice()
    assert fastact.register(fastact.backends.load("numpy").bind(f)).backend == fastact.backend()
