"""Activations and gated units on plain NumPy, from the formulas of their records."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...calls.arrays import computed_dtype
from ...calls.bound import WithUfuncs
from ...calls.define import Defined
from ...calls.elementwise import Activation
from ...calls.gated import Gated
from ...calls.watching import watchable
from ...functions import entries
from ...functions.careful import corrections
from ...functions.entry import Entry
from ...functions.kinds import GATED, GATED_BACKWARD, VALUE_AND_GRAD, Kind, inputs_of, keeps_integers
from .observe import mark_fired, observe
from .ufuncs import Ufunc


class _OnNumPy(WithUfuncs):
    """What makes the ufuncs."""

    def _make_ufunc(self, kind: Kind, name: str) -> Ufunc:
        return make_ufunc(self._entry, kind, name, any_scalar=self._backend.is_exact, exact=self._backend.is_exact)

    def _make_formula(self, kind: Kind, name: str) -> Ufunc:
        return make_ufunc(self._entry, kind, name, any_scalar=True, exact=self._backend.is_exact)

    def _observe(self, y: np.ndarray, dy: np.ndarray | None, derivative: bool, low: float, high: float) -> Any:
        return observe(y, dy, derivative, low, high)

    def _mark_fired(self, y: np.ndarray, fired: np.ndarray) -> bool:
        return mark_fired(y, fired)


def make_ufunc(entry: Entry, kind: Kind, name: str, any_scalar: bool = False, exact: bool = False) -> Ufunc:
    """The formula of this kind with a ufunc's calling conventions; with `any_scalar` parameters are read in float64.

    With `exact` nothing is rounded but the result; else a sum with a bias is, as in a loop.
    """
    return Ufunc(
        name,
        _function(entry, kind, exact),
        nin=inputs_of(entry, kind),
        nout=len(kind.outputs),
        keeps_integers=keeps_integers(entry, kind),
        scalars=() if kind.unit else [len(kind.inputs) + k for k, p in enumerate(entry.parameters) if entry.noise or not p.array],
        any_scalar=any_scalar,
    )


@watchable
class NumPyActivation(_OnNumPy, Activation):
    pass


@watchable
class NumPyDefined(_OnNumPy, Defined):
    pass


@watchable
class NumPyGated(_OnNumPy, Gated):
    pass


def _function(entry: Entry, kind: Kind, exact: bool) -> Callable[..., Any]:
    """What the loop of this kind computes per batch, from the entry's formulas."""
    operands = kind.inputs
    corrected = {}
    if exact and entries.get(entry.name) is entry and kind not in (GATED, GATED_BACKWARD):
        found = corrections(entry.name, [p.default for p in entry.parameters])
        corrected = {getattr(entry, part): correction for part, correction in found.items()}

    def with_dtype(formula: Any, dtype: np.dtype[Any]) -> Any:
        """The formula for results of this dtype: told the computed type if it wants to know, careful where that is called for."""
        if formula in corrected and dtype != np.float64:
            return lambda x, *parameters: corrected[formula](formula(x, *parameters), x, *parameters)
        if not entry.takes_dtype:
            return formula
        computed = computed_dtype(dtype)
        return functools.partial(formula, dtype=np.dtype(np.float64) if exact and computed == np.float32 else computed)

    def split(arguments: tuple[Any, ...], dtype: np.dtype[Any]) -> tuple[Any, Any, tuple[Any, ...]]:
        """dy (or None), the point at which to evaluate, the parameters."""
        given = dict(zip(operands, arguments, strict=False))
        point = given["y" if "y" in given else "x"]
        if "bias" in given:
            # of bool it is bool, as in NumPy: here they come as 0 and 1
            point = point | given["bias"] if dtype.kind == "b" else point + given["bias"]
            if not exact and dtype.kind not in "iub" and dtype != np.float64:  # x + bias is rounded as in a float32 loop
                point = point.astype(np.float32).astype(np.float64)
        return given.get("dy"), point, arguments[len(operands) :]

    if kind is GATED:
        defaults = [p.default for p in entry.parameters]

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            gate, value = arguments
            return with_dtype(entry.forward, dtype)(gate, *defaults) * value

    elif kind is GATED_BACKWARD:
        defaults = [p.default for p in entry.parameters]

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            dy, gate, value = arguments
            return dy * value * with_dtype(entry.derivative, dtype)(gate, *defaults), dy * with_dtype(entry.forward, dtype)(
                gate, *defaults
            )

    elif kind.loop == "forward":

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            _, x, parameters = split(arguments, dtype)
            return with_dtype(entry.forward, dtype)(x, *parameters)

    elif kind.loop == VALUE_AND_GRAD.loop:

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            _, x, parameters = split(arguments, dtype)
            return with_dtype(entry.forward, dtype)(x, *parameters), with_dtype(entry.derivative, dtype)(x, *parameters)

    else:
        derivative = entry.derivative_from_output if kind.loop == "backward_from_output" else entry.derivative
        if kind.parameter is not None:
            derivative = entry.derivative_by[entry.parameters[kind.parameter].name]
        assert derivative is not None

        def function(*arguments: Any, dtype: np.dtype[Any]) -> Any:
            dy, x, parameters = split(arguments, dtype)
            return dy * with_dtype(derivative, dtype)(x, *parameters)

    return function
