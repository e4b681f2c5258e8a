"""Errors in units in the last place."""

import math

import ml_dtypes
import numpy as np
import pytest

from fastact.tools import reference

mp = reference.mp
BFLOAT16 = ml_dtypes.bfloat16
TINY = {np.float16: -24, BFLOAT16: -133, np.float32: -149, np.float64: -1074}
DIGITS = {np.float16: 10, BFLOAT16: 7, np.float32: 23, np.float64: 52}


def power(exponent):
    return mp.ldexp(1, exponent)


@pytest.mark.parametrize("dtype", DIGITS)
def test_errors_of_hand_made_cases(dtype):
    digits, tiny = DIGITS[dtype], TINY[dtype]
    overflow = reference.format_of(dtype).overflow
    least, largest = power(tiny), power(overflow) - power(overflow - digits - 1)
    cases = [
        (1, mp.mpf(1), 0),
        (1, 1 + power(-digits - 1), 0.5),
        (-1, -1 - power(-digits - 2), 0.25),
        (1, 1 - power(-digits - 2), 0.5),  # its unit is that below 1
        (3 * least, mp.mpf(2.25) * least, 0.75),
        (least, mp.mpf(0), 1),
        (0, least / 2, 0.5),
        (-least, least, 2),
        (largest, largest, 0),
        (math.inf, largest, 1),
        (-math.inf, -largest, 1),
        (math.inf, largest + power(overflow - digits - 3), 0.75),
        (largest, power(overflow), 1),
        (math.inf, power(3 * overflow), 0),
        (math.inf, -power(3 * overflow), power(digits + 2)),
        (math.nan, mp.mpf(1), math.inf),
        (math.nan, mp.nan, 0),
        (1, mp.nan, math.inf),
    ]
    computed = np.array([float(case[0]) for case in cases]).astype(dtype)
    wanted, errors = [case[1] for case in cases], [float(case[2]) for case in cases]
    np.testing.assert_array_equal(reference.ulp_errors(computed, wanted), errors)
    if dtype != np.float64:
        np.testing.assert_array_equal(reference.ulp_errors(computed, np.array(wanted, float)), errors)
    assert reference.ulp_errors(computed[:1], [1 + power(-digits)], [power(10)]) == 2.0**-10
