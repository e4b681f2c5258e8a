"""Gated units of any activation: one of the catalogue has loops of its own, any other is an activation with an array parameter.

act(gate) * value is a function of the gate in which the value is an array: so its gradient by the gate is that of an activation,
and the gradient by the value that of a parameter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import units_of
from ..functions.gated import GatedUnit
from ..functions.kinds import BACKWARD, FORWARD, GATED, Kind, by_parameter
from .arrays import Array, common_dtype, share_memory
from .bound import Backend, call_ufunc
from .define import remember, ufunc_of
from .elementwise import Activation
from .gated import Gated
from .ufunclike import CastError, UfuncLike
from .watching import watchable


def gated_unit(activation: Activation) -> Gated:
    """The gated unit of an activation with its default parameters, on its backend; always the same object."""
    for unit in units_of(activation._entry):
        of_catalogue: Gated = activation._backend.bind(unit)
        return of_catalogue
    if activation._entry.noise:
        raise TypeError(f"gated: {activation.name} draws numbers, which a gated unit does not")
    found: Gated | None = activation._derived.get("gated")
    if found is None:
        found = activation._derived.setdefault("gated", GatedAny(activation))
    return found


@watchable
class GatedAny(Gated):
    def __init__(self, activation: Activation) -> None:
        name = f"gated_{activation.name}"
        unit = GatedUnit(
            name=name,
            activation=activation._entry,
            summary=f"Gated linear unit with {activation.name} for the gate: ``fastact.gated({activation.name})``.",
            paper="A gated unit as in Shazeer, *GLU Variants Improve Transformer* (2020), of another activation",
            example="",
        )
        super().__init__(unit, activation._backend)
        self.activation = activation
        self._product = _product(activation, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return gated_unit, (self.activation,)

    def _on(self, backend: Backend) -> Any:
        return gated_unit(backend.bind(self.activation))

    def _observe(self, *given: Any) -> Any:
        counting: Any = self.activation
        return counting._observe(*given)

    def _mark_fired(self, *given: Any) -> Any:
        counting: Any = self.activation
        return counting._mark_fired(*given)

    def _ufunc(self, kind: Kind) -> Any:
        """That of the product; for the two gradients a call of its two."""
        if kind is GATED:
            return self._product._ufunc(FORWARD)
        if kind.name not in self._ufuncs:
            gradients = _Gradients(f"{self.name}_backward", self._product)
            remember(gradients, (ufunc_of, (*self.__reduce__(), kind.name)))
            self._ufuncs[kind.name] = gradients
        return self._ufuncs[kind.name]


def _product(activation: Activation, name: str) -> Activation:
    """act(x) * value as an activation of x with the array `value`."""
    from ..expressions.definition import define  # needed for such units alone

    def product(x: Any, value: Any = 1.0) -> Any:
        return activation(x) * value

    made: Activation = activation._backend.bind(define(product, name=name))
    variant = made._variant({"value": np.ones(1, np.float64)})
    assert variant is not None
    return variant


class _Gradients(UfuncLike):
    """The gradients of gate and value, each by a ufunc of the product's, with a ufunc's `out`."""

    def __init__(self, name: str, product: Activation) -> None:
        super().__init__(name, 3, 2)
        self._by_gate, self._by_value = product._ufunc(BACKWARD), product._ufunc(by_parameter(0))

    def __call__(self, *inputs: Any, out: tuple[Any, Any] = (None, None)) -> tuple[Any, Any]:
        dgate, dvalue = out
        if dgate is dvalue is None:
            return self._by_gate(*inputs), self._by_value(*inputs)
        dtype = common_dtype(inputs)
        if dtype.kind in "iub":
            dtype = np.dtype(np.float64)
        for array in out:
            if isinstance(array, Array) and not np.can_cast(dtype, array.dtype, "same_kind"):
                raise CastError(self.__name__, dtype, array.dtype, "same_kind", is_out=True)
        # What is written first must leave the inputs of the second alone.
        first = None if any(share_memory(dvalue, value, work=1) for value in inputs) else dvalue
        by_value = call_ufunc(self._by_value, *inputs, out=(first,))
        by_gate = call_ufunc(self._by_gate, *inputs, out=(dgate,))
        if first is dvalue:
            return by_gate, by_value
        with np.errstate(all="ignore"):
            np.copyto(dvalue, by_value, casting="same_kind")
        return by_gate, dvalue
