"""The comparison of implementations with the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import reference
from ..directions import Direction
from ..reference import Array, format_of
from .dtypes import type_of
from .implementations import CHUNK, Implementation
from .results import Result


class Meter:
    """Measures the errors of several implementations in one function and dtype."""

    def __init__(self, name: str, dtype: str, implementations: Sequence[Implementation]) -> None:
        self.name, self.dtype, self.implementations = name, dtype, implementations
        self.form = format_of(type_of(dtype))
        self.inputs = 0
        self.worst: dict[tuple[str, Direction], tuple[float, float | None]] = {
            (implementation.name, direction): (0.0, None)
            for implementation in implementations
            for direction, _ in implementation.directions()
        }
        self._difference, self._per_unit = np.empty(CHUNK), np.empty(CHUNK)

    def results(self) -> list[Result]:
        return [
            Result(self.name, self.dtype, implementation, direction, error, at, self.inputs)
            for (implementation, direction), (error, at) in self.worst.items()
        ]

    def measure(self, x: Array) -> None:
        """Measure at these inputs, at most CHUNK of them."""
        self.inputs += x.size
        evaluate: Callable[..., Any] = reference.exact if self.dtype == "float64" else reference.wide
        y, d, size = evaluate(self.name, x, *reference.defaults(self.name))
        if self.form.bits == 16:
            # The sum of the terms is rounded once, to 16 bits. Where the sum exceeds its terms, the unit is that of the sum.
            size = np.maximum(size, np.abs(d))
        self._compare_all(x, (y, y), (d, size))

    def _compare_all(self, x: Array, value: tuple[Any, Any], slope: tuple[Any, Any]) -> None:
        for directions, (wanted, sizes) in (([Direction.FORWARD], value), ([Direction.BACKWARD, Direction.FROM_OUTPUT], slope)):
            per_unit = None if self.dtype == "float64" else self._units(sizes)
            for direction in directions:
                for computed, names in self._different(direction, x):
                    self._compare(names, direction, computed, x, wanted, sizes, per_unit)

    def _different(self, direction: Direction, x: Array) -> list[tuple[Array, list[str]]]:
        """The results in one direction, and whose they are. Most backends give the same bits: these are compared once."""
        found: list[tuple[Array, list[str]]] = []
        bits = self.form.unsigned
        for implementation in self.implementations:
            call = dict(implementation.directions()).get(direction)
            if call is None:
                continue
            computed = call(x)
            for other, names in found:
                if np.array_equal(computed.view(bits), other.view(bits)):
                    names.append(implementation.name)
                    break
            else:
                found.append((computed, [implementation.name]))
        return found

    def _units(self, sizes: Array) -> Array:
        """1 / ulp, up to the factor 2^digits: the power of two is made of the exponent's bits."""
        per_unit = self._per_unit[: sizes.size]
        bits = per_unit.view(np.int64)
        np.bitwise_and(sizes.view(np.int64), 0x7FF << 52, out=bits)
        np.clip(bits, (1023 + self.form.lowest) << 52, (1022 + self.form.overflow) << 52, out=bits)
        np.subtract(2046 << 52, bits, out=bits)
        return per_unit

    def _compare(
        self, names: list[str], direction: Direction, computed: Array, x: Array, wanted: Any, sizes: Any, per_unit: Array | None
    ) -> None:
        worst = min(self.worst[name, direction][0] for name in names)
        if per_unit is not None:
            errors = self._difference[: x.size]
            np.copyto(errors, computed)  # and convert: NumPy's mixed arithmetic is slower
            np.subtract(errors, wanted, out=errors)
            np.multiply(errors, per_unit, out=errors)
            if max(errors.max(), -errors.min()) * 2.0**self.form.digits <= worst:  # infinities and NaNs are not
                return
        errors = reference.ulp_errors(computed, wanted, sizes)
        largest, at = float(errors.max()), float(x[errors.argmax()])
        for name in names:
            if largest > self.worst[name, direction][0]:
                self.worst[name, direction] = largest, at
