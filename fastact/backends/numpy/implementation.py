"""The parts of the backend on plain NumPy."""

import numpy as np

from ...calls.losses import BinaryCrossEntropy, CrossEntropy, NLLLoss
from ...calls.rows import Map, MaskedMap, MaskedReduction, Reduction
from ...calls.sampled import SampledMap
from ...functions.record import Call
from ..implementation import Implementation
from . import losses, rows
from .elementwise import NumPyActivation, NumPyDefined, NumPyGated

NUMPY = Implementation(
    build=f"NumPy {np.__version__}",
    classes={
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
    },
    rows=rows,
    losses=losses,
)
#: Computes the same, and rounds nothing but the results.
EXACT = NUMPY._replace(rows=rows.Exact(rows), losses=rows.Exact(losses))
