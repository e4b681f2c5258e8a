"""What the tests of all frameworks for automatic differentiation share."""

import numpy as np

import fastact
from fastact import functions

#: The activations that draw numbers: their derivative is no function of x alone.
DRAWN = tuple(name for name, entry in functions.entries.items() if entry.noise)
ROWS = tuple(functions.row_functions)
#: Functions of rows whose gradient is piecewise simple, and not differentiated again.
ONCE = ("sparsemax", "entmax15", "maxout")
UNITS = tuple(functions.units)


def inputs(name, shape, seed=0):
    """Ordinary inputs of an activation, within its domain."""
    x = np.random.default_rng(seed).uniform(-2, 2, shape)
    low, high = fastact.activations[name].info.domain
    if low > -np.inf or high < np.inf:
        a, b = max(low, -2), min(high, 2)
        x = np.random.default_rng(seed).uniform(a + 0.1 * (b - a), b - 0.1 * (b - a), shape)
    return x
