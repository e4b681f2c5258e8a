"""What functions give at NaN and at the infinities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import reference
from ..directions import Direction
from ..reference import Array, format_of, from_bits
from .dtypes import type_of
from .implementations import CHUNK, of_backend


def disagreements(name: str, dtype: str, on: Sequence[str], exact: bool = False) -> list[str]:
    """What is wrong at NaN, which must give NaN, and at the infinities, where all backends must give what NumPy's does.

    With `exact` in that mode of precision.

    Of 16-bit types, every NaN is tried; of the others a few thousand, signalling ones among them.
    """
    form = format_of(type_of(dtype))
    nans = np.arange(form.infinity + 1, 1 << (form.bits - 1), max(1, (1 << form.digits) // 2039), dtype=form.unsigned)
    nan = from_bits(np.concatenate([nans, nans | form.unsigned.type(1 << (form.bits - 1))]), type_of(dtype))
    infinities = from_bits(np.array([form.infinity, form.infinity | 1 << (form.bits - 1)], form.unsigned), type_of(dtype))
    complaints = []
    with np.errstate(all="ignore"):
        plain = dict(of_backend("numpy", name, dtype, exact=exact).directions())
        for backend in on:
            for direction, call in of_backend(backend, name, dtype, exact=exact).directions():
                case = f"{name} {direction}, {dtype}, {backend}"
                chunks = [call(chunk).astype(np.float64) for chunk in np.array_split(nan, nan.size // CHUNK + 1)]
                numbers = np.count_nonzero(~np.isnan(np.concatenate(chunks)))
                if numbers:
                    complaints.append(f"{case}: NaN gives a number ({numbers} of {nan.size} NaNs)")
                got, wanted = (function(infinities).copy() for function in (call, plain[direction]))
                if not _agree(got, wanted, direction):
                    complaints.append(f"{case}: {got} at inf and -inf, where NumPy's formula gives {wanted}")
    return complaints


def _agree(got: Array, wanted: Array, direction: Direction) -> bool:
    """Whether what is not finite is the same, and the rest but for rounding; forward, zero has the same sign, too."""
    errors = reference.ulp_errors(got, wanted.astype(np.float64))
    close = np.isfinite(wanted) & np.isfinite(got) & ((errors <= 4) | (direction == Direction.FROM_OUTPUT))
    same_sign = np.signbit(got) == np.signbit(wanted)
    return bool(np.all(((errors == 0) | close) & (same_sign | np.isnan(wanted) | (direction != Direction.FORWARD))))
