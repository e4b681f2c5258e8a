"""What is drawn of a function: jumps are open, kinks are marked."""

import numpy as np
import pytest

import fastact
from fastact.tools.plot import curves


def test_kinks_are_marked():
    value, slope = curves.curves(fastact.relu6, -5.1, 8)
    assert value.dots == [(0, 0), (6, 6)]
    assert not np.isnan(value.y).any()
    assert 6 in value.x[value.y == 6]
    assert np.isnan(slope.y).sum() == 2
    assert slope.dots == [(0, 0), (6, 0)]
    assert slope.rings == [(0, 1), (6, 1)]


def test_smooth_functions_have_neither(name):
    low, high = fastact.get(name).info.domain
    value, slope = curves.curves(fastact.get(name), max(-5, low + 0.01), min(5, high - 0.01))
    if fastact.get(name).info.smooth:
        assert value.dots == value.rings == slope.dots == slope.rings == []
        assert not np.isnan(value.y).any()
    else:
        assert value.dots


def test_jumps_are_found_between_points_and_on_them():
    def jumps(x):
        return np.where(x == 2, 5.0, np.where(x > 1 / 3, 2.0, 0.0))

    for grid in (np.linspace(-4, 4, 9), np.append(np.linspace(-4, 1, 7), 2)):
        third, two = curves.find_jumps(jumps, grid)
        assert third.point == pytest.approx(1 / 3, abs=1e-15)
        assert third.high - third.low == np.spacing(third.low)
        assert (two.point, two.low < 2) == (2, True)
    assert curves.find_jumps(jumps, np.linspace(-4, 4, 9))[1].high > 2
    assert curves.find_jumps(np.abs, grid) == curves.find_jumps(np.exp, grid) == []
    assert [jump.point for jump in curves.find_jumps(np.sign, np.linspace(-4, 5, 8))] == [0]
