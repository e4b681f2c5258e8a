"""The methods of ufuncs: those that would take a parameter or a gradient for an operand are refused, and never read what was not
written."""

import numpy as np
import pytest

from fastact import functions
from fastact.functions.kinds import KINDS, kinds_of

X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
METHODS = {
    "reduce": lambda u: u.reduce(X),
    "accumulate": lambda u: u.accumulate(X),
    "reduceat": lambda u: u.reduceat(X, [0, 1]),
    "outer": lambda u: u.outer(X, X),
    "at": lambda u: u.at(X, [0], X[0]),
}
REFUSED = (ValueError, RuntimeError, TypeError)  # NumPy's own errors, too
MISSING = "NumPy before 2.2 has no place for it; the fold is right there"


def ufuncs(backend):
    """Every ufunc of several inputs: of each kind of call, and of each family."""
    for name, record in functions.records.items():
        function = getattr(backend, name)
        if name in functions.entries:
            yield from (function._ufunc(kind) for kind in kinds_of(record) if not kind.unit)
        elif hasattr(function, "ufunc"):
            yield function.ufunc


@pytest.mark.skipif(not hasattr(np.exp, "__dict__"), reason=MISSING)
@pytest.mark.parametrize("method", METHODS)
def test_folds_are_refused(backend, method):
    before = X.copy()
    for ufunc in ufuncs(backend):
        if ufunc.nin > 1 or method != "at":  # np.exp.at(x, i) is meant for one input, too
            with pytest.raises(REFUSED):
                METHODS[method](ufunc)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 7, 1000, 5000, 100_000])
def test_folds_that_numpy_insists_on_are_right(backend, dtype, n, rng):
    """By the method of the class there is no refusing: element after element, whatever the length."""
    if backend.name == "numpy":
        pytest.skip("no real ufuncs")
    x = rng.normal(size=(n, 2)).astype(dtype)
    for ufunc, step in (
        (backend.prelu.ufunc, lambda a, b: a if a > 0 else b * a),
        (backend.relu._ufunc(KINDS["forward_bias"]), lambda a, b: max(a + b, dtype(0))),
        (backend.relu._ufunc(KINDS["backward"]), lambda dy, x: dy if x > 0 else dy * dtype(0)),
    ):
        expected = x.copy()
        with np.errstate(under="ignore"):
            for column in (0, 1):
                for i in range(1, n):
                    expected[i, column] = step(expected[i - 1, column], x[i, column])
        for array, wanted in ((x, expected), (np.asfortranarray(x), expected), (x[:, 0].copy(), expected[:, 0])):
            np.testing.assert_array_equal(np.ufunc.accumulate(ufunc, array), wanted)
            np.testing.assert_array_equal(np.ufunc.reduce(ufunc, array), wanted[-1])
