"""The table of docs/choose.md has each activation's own properties."""

import re
from pathlib import Path

import numpy as np
import pytest

import fastact
from fastact import functions

PAGE = Path(__file__).parents[2] / "docs" / "choose.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="no docs in the source tree")


def rows():
    """The cells of the table by the activation's name."""
    lines = PAGE.read_text("utf-8").partition("| activation | range |")[2].splitlines()[2:] if PAGE.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {name: rest for name, *rest in cells if name in fastact.activations}


@pytest.mark.parametrize("name", rows())
def test_a_row(name):
    f, (between, slope, smooth, from_output, _, _, said) = fastact.activations[name], rows()[name]
    low, high = (float(end) for end in between.split(" to "))
    np.testing.assert_allclose((low, high), f.info.range, atol=5e-3)
    least, most = (float(end) for end in slope.split(" to "))
    x = np.linspace(-30, 30, 60_001)
    found = f.derivative(x)
    np.testing.assert_allclose(least, found.min(), atol=5e-3)
    assert (most == np.inf and found.max() > 50) or abs(most - found.max()) < 5e-3
    assert (smooth, from_output) == tuple(
        "yes" if answer else "no" for answer in (f.info.smooth, functions.entries[name].derivative_from_output)
    )
    assert said.startswith("*memory*") == functions.entries[name].light


def test_rows_are_found():
    assert len(rows()) > 12


def test_the_times_are_those_of_the_readme():
    """One run of the benchmark serves both."""
    readme = (PAGE.parents[1] / "README.md").read_text("utf-8")
    for name, (*_, forward, backward, _) in rows().items():
        found = re.search(rf"^\| {name} \|[^|]+\| ([\d.]+) µs[^|]+\|[^|]+\| ([\d.]+) µs", readme, re.MULTILINE)
        assert (forward, backward) == (found.groups() if found else ("", ""))
