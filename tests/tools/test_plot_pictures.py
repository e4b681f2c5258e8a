"""What a figure shows."""

import numpy as np
import pytest

import fastact
from fastact.tools.plot import curves, pictures

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def no_floating_point_flags():
    """As everywhere, but matplotlib may do as it likes."""
    with np.errstate(all="ignore"):
        yield


def panels(*names, **options):
    figure = Figure()
    pictures.draw(figure, [fastact.get(name) for name in names], **options)
    return figure.axes


def line(axes, label):
    return next(found for found in axes.lines if found.get_label() == label)


def test_what_is_drawn():
    value, slope = panels("sigmoid", "tanh", "relu", derivative=True, ends=(-3, 4))
    assert len({line(value, name).get_color() for name in ("sigmoid", "tanh", "relu")}) == 3
    for name in ("sigmoid", "tanh"):
        x, y = line(value, name).get_data()
        assert (x[0], x[-1]) == (-3, 4)
        np.testing.assert_array_equal(y, fastact.get(name)(x))
        x, y = line(slope, name).get_data()
        np.testing.assert_array_equal(y, fastact.get(name).value_and_grad(x)[1])
        assert line(value, name).get_color() == line(slope, name).get_color()
    assert [text.get_text() for text in slope.get_legend().get_texts()] == ["sigmoid", "tanh", "relu"]
    assert (value.get_xlabel(), value.get_ylabel(), slope.get_ylabel()) == ("x", "f(x)", "f'(x)")
    dashed = {found.get_ydata()[0] for found in value.lines if found.get_linestyle() == "--" and len(found.get_ydata())}
    assert dashed == {-1, 0, 1}
    (axes,) = panels("gelu")
    assert axes.get_title() == "gelu: f(x) = x * Phi(x)"


def test_a_jump_is_not_drawn():
    (axes,) = panels("binary_step")
    x, y = line(axes, "binary_step").get_data()
    assert np.all(np.diff(x) >= 0)
    low, high = np.flatnonzero(y == 0)[-1], np.flatnonzero(y == 1)[0]
    assert high == low + 2
    assert np.isnan(y[low + 1])
    assert -1e-15 < x[low] < x[high] == 0
    value, slope = curves.curves(fastact.binary_step, -5, 5)
    assert value.dots == [(0, 1)]
    assert value.rings == [(0, 0)]
    assert slope.dots == slope.rings == []


def test_what_grows_fast_does_not_flatten_the_rest():
    (axes,) = panels("relu_squared", "sigmoid", ends=(-5, 5))
    low, high = axes.get_ylim()
    assert -1 < low < 0
    assert 5 <= high < 7
    (axes,) = panels("relu_squared", ends=(100, 101))
    assert axes.get_ylim()[1] > 101**2
