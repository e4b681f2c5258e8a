"""How NumPy chooses among a ufunc's loops, where that needs help."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

_WITHIN_BFLOAT16 = ("?", "b", "B")  # what NumPy casts to it safely


def settle_integers(ufunc: Any, arrays: int) -> None:
    """Have NumPy choose the loops for integers, before it is taught the loop for bfloat16.

    It keeps what it has chosen. By an `out` of bfloat16 it would choose that loop for int8, and again in each later call, without
    such an `out`.

    Parameters
    ----------
    ufunc : numpy.ufunc
        The ufunc.
    arrays : int
        How many of its inputs are arrays; they come first. The others are numbers: Python's, or of the dtype of the last array.
    """
    found: list[Any] = [np.ones(1, dtype) for dtype in _WITHIN_BFLOAT16]
    if ufunc.signature is None:  # otherwise it takes rows, which no Python number is
        found += 1, 1.0
    with np.errstate(all="ignore"):
        for operands in itertools.product(found, repeat=arrays):
            for number in (1.0, 1, operands[-1]) if ufunc.nin > arrays else (1.0,):
                ufunc(*operands, *[number] * (ufunc.nin - arrays))
