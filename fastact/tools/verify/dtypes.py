"""The dtypes that are measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...api import activations

DTYPES = ("float32", "float64", "float16", "bfloat16")


def type_of(dtype: str) -> Any:
    """What NumPy knows under a dtype's name, or ml_dtypes."""
    if dtype != "bfloat16":
        return np.dtype(dtype).type
    import ml_dtypes

    return ml_dtypes.bfloat16


def supported(dtype: str) -> bool:
    """Whether activations take this dtype here."""
    try:
        activations["identity"](np.zeros(1, type_of(dtype)))
    except (ImportError, TypeError):
        return False
    return True
