"""One rounding from float64 to the dtype of a result."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...calls.arrays import Array, is_bfloat16
from ...functions.parts import to_odd


def rounded(values: Array, dtype: np.dtype[Any]) -> Array:
    """The values in this dtype.

    ml_dtypes converts float64 to bfloat16 by float32, and so rounds twice. Here the first rounding is to odd: what float32 does
    not hold gets an odd last bit, which is no midpoint to the second.
    """
    if values.dtype != np.float64 or not is_bfloat16(dtype):
        return values.astype(dtype, copy=False)
    nearest = np.asarray(values.astype(np.float32))
    odd: Array = to_odd(nearest, values - nearest)  # the error is exact; NaN for an infinity
    return odd.astype(dtype)
