"""Measures activations that users define: against their formulas, evaluated by mpmath.

The formula is what the user wrote, whose intermediate results may cancel. So an error counts in units in the last place of the
largest term: see `fastact.expressions.numerical`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ... import backends
from ...api import get_activation
from ...calls.define import Defined
from ..directions import BOTH
from ..reference import Array
from .dtypes import type_of
from .results import Result

#: So many inputs of each kind: mpmath takes a millisecond and more for each.
INPUTS = 100
#: What numpy.finfo knows.
DTYPES = ("float32", "float64", "float16")


def is_own(name: str) -> bool:
    """Whether a name is that of a user's activation, as ``module:attribute`` or registered."""
    return isinstance(get_activation(name), Defined)


def measure(name: str, dtype: str, on: Sequence[str]) -> Iterator[Result]:
    """The largest errors of an activation, forward and backward, on some backends."""
    from ...expressions import numerical  # needs mpmath

    activation = get_activation(name)
    assert isinstance(activation, Defined)
    definition = activation._entry
    defaults = {p.name: float(type_of(dtype if dtype != "float16" else "float32")(p.default)) for p in definition.parameters}
    x = inputs(dtype)
    with np.errstate(all="ignore"):
        for direction, root in zip(BOTH, (definition.formula, definition.slope), strict=True):
            known: dict[bytes, list[float]] = {}
            for backend in on:
                f = backends.load(backend).bind(activation)
                computed = f(x) if direction is BOTH[0] else f.backward(np.ones_like(x), x)
                errors = known.get(computed.tobytes())
                if errors is None:
                    errors = known[computed.tobytes()] = numerical.errors(computed, root, x, defaults)
                worst = int(np.argmax(errors))
                yield Result(name, dtype, backend, direction, errors[worst], float(x[worst]), x.size)


def inputs(dtype: str) -> Array:
    """As many numbers of any size as normal ones: finite bit patterns, and such as activations are used at."""
    kind = np.dtype(type_of(dtype))
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 1 << 8 * kind.itemsize, 2 * INPUTS, np.uint64).astype(f"u{kind.itemsize}").view(kind)
    usual = (4 * rng.standard_normal(INPUTS)).astype(kind)
    return np.concatenate([patterns[np.isfinite(patterns)][:INPUTS], usual, np.zeros(1, kind)])
