"""What the tests of the benchmark share: runs in no time, and measurements made by hand."""

import pytest

from fastact.tools.bench import grid, run
from fastact.tools.bench.cells import Cell
from fastact.tools.bench.timing import Budget, Pace
from fastact.tools.directions import Direction


@pytest.fixture
def haste():
    """The pace of a measurement that shall be wrong, but quick."""
    return Pace(cell=1e-4, repetition=1e-6, most=3)


@pytest.fixture
def hurried(monkeypatch, haste):
    """The command `bench` at that pace, on few elements."""
    monkeypatch.setattr(run, "QUICK", Budget(haste, 1, (16, 100)))
    monkeypatch.setattr(run, "DEFAULT", Budget(haste, 1, (16,)))
    monkeypatch.setattr(run, "LAYERS_QUICK", Budget(haste))
    monkeypatch.setattr(run, "LAYERS_DEFAULT", Budget(haste))
    monkeypatch.setattr(grid, "GRID", Budget(haste, 1, (16, 100)))
    monkeypatch.setattr(grid, "GRID_QUICK", Budget(haste, 1, (16,)))


@pytest.fixture
def cell():
    """Makes a cell that fastact needs 100 ns for, and NumPy `ratio` times as long."""

    def make(name, ratio, direction=Direction.FORWARD, size=16, **others):
        return Cell(name, direction, size, {"fastact": 100.0, "numpy": 100.0 * ratio}, 1.0, **others)

    return make
