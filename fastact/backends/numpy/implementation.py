"""The parts of the backend on plain NumPy."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...calls.bound import Bound
from ...calls.losses import BinaryCrossEntropy, CrossEntropy, NLLLoss
from ...calls.rows import Map, MaskedMap, MaskedReduction, Reduction
from ...calls.sampled import SampledMap
from ...functions.record import Call
from ..implementation import Implementation
from . import losses, rows
from .elementwise import NumPyActivation, NumPyDefined, NumPyGated

CLASSES: dict[Call, type[Bound]] = {
    Call.ACTIVATION: NumPyActivation,
    Call.DEFINED: NumPyDefined,
    Call.GATED: NumPyGated,
    Call.MASKED_MAP: MaskedMap,
    Call.MASKED_REDUCTION: MaskedReduction,
    Call.MAP: Map,
    Call.REDUCTION: Reduction,
    Call.SAMPLED_MAP: SampledMap,
    Call.CROSS_ENTROPY: CrossEntropy,
    Call.BINARY_CROSS_ENTROPY: BinaryCrossEntropy,
    Call.NLL_LOSS: NLLLoss,
}


@functools.cache
def _arithmetic(module: Any, exact: bool) -> Any:
    """The arithmetic of a module; with `exact` it computes the same, and rounds nothing but the results."""
    return rows.Exact(module) if exact else module


def load(exact: bool) -> Implementation:
    """The parts."""
    build = f"NumPy {np.__version__}"
    return Implementation(build, CLASSES.__getitem__, lambda: _arithmetic(rows, exact), lambda: _arithmetic(losses, exact))
