"""Activations that are made of another one: the same formula with arrays for parameters, and the derivative.

Each is made when first needed, on the backend of the one that it is made of, and kept there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import classes
from .arrays import overrides_ufuncs, wraps_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from .bound import WithUfuncs


def is_array(value: Any) -> bool:
    """Whether what is given for a parameter is an array. One of NumPy without dimensions is a number."""
    if type(value) in (float, int, str, bytes) or value is None or isinstance(value, np.generic):
        return False
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    if overrides_ufuncs(value):
        return True
    return isinstance(value, (list, tuple)) or (
        (wraps_results(value) or hasattr(type(value), "__array__")) and np.ndim(value) > 0
    )


def elements(value: Any) -> np.ndarray | None:
    """What an array holds, without what is masked; None of what is lazy or jagged."""
    if classes.family(value) in ("dask", "awkward") or (classes.family(value) == "xarray" and getattr(value, "chunks", None)):
        return None
    if isinstance(value, np.ma.MaskedArray):
        return value.compressed()
    return np.asarray(value)


def with_arrays(activation: WithUfuncs, names: tuple[str, ...]) -> Any:
    """The same function, of which these parameters are arrays that are learnt."""

    def record() -> Any:
        from ..expressions import variants  # needed for such calls alone

        return variants.with_arrays(activation._entry, frozenset(names))

    return _made(activation, names, record, with_arrays, (activation, names))


def unrestricted(activation: WithUfuncs) -> Any:
    """A definition for all numbers that its formula takes."""

    def record() -> Any:
        from ..expressions import variants

        return variants.unrestricted(activation._entry)  # type: ignore[arg-type]

    return _made(activation, "unrestricted", record, unrestricted, (activation,))


def derivative_of(activation: WithUfuncs) -> Any:
    """f' of an activation f."""
    if activation._entry.noise:
        raise AttributeError(f"{activation.name} draws numbers, so that its derivative is no function of x alone")

    def record() -> Any:
        from ..expressions import variants

        return variants.derivative_of(activation._entry)

    return _made(activation, "derivative", record, derivative_of, (activation,))


def _made(
    activation: WithUfuncs, key: Any, record: Callable[[], Any], way: Callable[..., Any], arguments: tuple[Any, ...]
) -> Any:
    """What was made by this key, or is made now. It comes back from a pickle on the same `way`."""
    found = activation._derived.get(key)
    if found is None:
        made = activation._backend.bind(record())
        made._way = way, arguments
        found = activation._derived.setdefault(key, made)  # what another thread made first
    return found
