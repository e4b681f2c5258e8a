"""The parts of a compiled backend."""

from __future__ import annotations

from ...calls.sampled import SampledMap
from ...functions.record import Call
from ..implementation import Implementation
from .elementwise import NativeActivation, NativeDefined, NativeGated
from .rows import (
    NativeBinaryCrossEntropy,
    NativeCrossEntropy,
    NativeMap,
    NativeMaskedMap,
    NativeMaskedReduction,
    NativeNLLLoss,
    NativeReduction,
)
from .tables import row_arithmetic, table

CLASSES = {
    Call.ACTIVATION: NativeActivation,
    Call.DEFINED: NativeDefined,
    Call.GATED: NativeGated,
    Call.MAP: NativeMap,
    Call.MASKED_MAP: NativeMaskedMap,
    Call.REDUCTION: NativeReduction,
    Call.MASKED_REDUCTION: NativeMaskedReduction,
    Call.SAMPLED_MAP: SampledMap,
    Call.CROSS_ENTROPY: NativeCrossEntropy,
    Call.BINARY_CROSS_ENTROPY: NativeBinaryCrossEntropy,
    Call.NLL_LOSS: NativeNLLLoss,
}


def load(name: str, exact: bool) -> Implementation:
    """The parts with the loops of this instruction set."""
    arithmetic = row_arithmetic(name, exact)
    return Implementation(f"{table(name).compiler}, {table(name).flags}", CLASSES, rows=arithmetic, losses=arithmetic)
