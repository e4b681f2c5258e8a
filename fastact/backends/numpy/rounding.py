"""One rounding from float64 to the dtype of a result."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...calls.arrays import Array, is_bfloat16


def rounded(values: Array, dtype: np.dtype[Any]) -> Array:
    """The values in this dtype.

    ml_dtypes converts float64 to bfloat16 by float32, and so rounds twice. Here the first rounding is to odd: what float32 does
    not hold gets an odd last bit, which is no midpoint to the second.
    """
    if values.dtype != np.float64 or not is_bfloat16(dtype):
        return values.astype(dtype, copy=False)
    nearest = np.asarray(values.astype(np.float32))
    error = values - nearest  # exact; NaN for an infinity
    bits = nearest.view(np.int32)
    away = np.where((error > 0) != (values < 0), np.int32(1), np.int32(-1))
    bits += np.where((bits & 1 == 0) & ((error > 0) | (error < 0)), away, np.int32(0))
    return nearest.astype(dtype)
