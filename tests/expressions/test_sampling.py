"""Properties found by sampling are those that the catalogue states."""

import numpy as np
import pytest

from fastact.expressions.sampling import FOUND, properties
from fastact.functions import entries


@pytest.mark.parametrize("name", [e.name for e in entries.values() if e.noise is None])
def test_the_catalogue(name):
    entry = entries[name]
    numbers = [p.default for p in entry.parameters]
    found = properties(
        lambda x: np.asarray(entry.forward(x, *numbers), np.float64),
        lambda x: np.asarray(entry.derivative(x, *numbers), np.float64),
    )
    assert set(found) == set(FOUND)
    for key in FOUND:
        if key in ("range", "domain"):
            np.testing.assert_allclose(found[key], getattr(entry.info, key), rtol=1e-6, atol=1e-12)
        else:
            assert found[key] == getattr(entry.info, key), key


@pytest.mark.parametrize(
    ("function", "slope", "key", "value"),
    [
        (lambda x: np.where(x > 0.3, x, 0.3), lambda x: (x > 0.3) * 1.0, "smooth", False),
        (lambda x: np.where(x > 0.3, x, 0.0), lambda x: (x > 0.3) * 1.0, "smooth", False),
        (lambda x: x**2, lambda x: 2 * x, "range", (0, np.inf)),
        (lambda x: x**2, lambda x: 2 * x, "monotonic", False),
        (lambda x: np.sqrt(x + 2), lambda x: 0.5 / np.sqrt(x + 2), "domain", (-2, np.inf)),
        (lambda x: x * np.nan, lambda x: x * np.nan, "monotonic", False),
        (lambda x: np.sin(20 * x) / 20, lambda x: np.cos(20 * x), "smooth", True),
    ],
)
def test_others(function, slope, key, value):
    assert properties(function, slope)[key] == value
