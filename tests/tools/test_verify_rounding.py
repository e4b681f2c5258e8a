"""Correct rounding, by numbers and by lines."""

import math

import numpy as np
import pytest

from fastact.tools import reference
from fastact.tools.directions import BOTH, Direction
from fastact.tools.reference import mp
from fastact.tools.verify import lines
from fastact.tools.verify.dtypes import DTYPES, supported, type_of
from fastact.tools.verify.rounding import nearest, right_results, rounded

NARROW = [dtype for dtype in DTYPES if supported(dtype) and dtype != "float64"]


@pytest.mark.parametrize("dtype", NARROW)
def test_rounding(dtype):
    """float64's and mpmath's numbers alike, in the middle between two numbers and next to it, subnormal, and too large."""
    kind = type_of(dtype)
    rng = np.random.default_rng(0)
    low = np.abs(reference.stratified(kind, 2000, rng))
    high = reference.from_bits(low.view(reference.format_of(kind).unsigned) + 1, kind)
    with np.errstate(all="ignore"):
        a, b = low.astype(np.float64), high.astype(np.float64)
        a, b, low, high = (array[np.isfinite(b)] for array in (a, b, low, high))
        middle = (a + b) / 2
        even = np.where(low.view(reference.format_of(kind).unsigned) % 2 == 0, low, high)
        for value, wanted in ((middle, even), (np.nextafter(middle, a), low), (np.nextafter(middle, b), high), (a, low)):
            for sign in (1, -1):
                np.testing.assert_array_equal(rounded(sign * value, dtype), sign * wanted)
                found = [nearest(mp.mpf(one), kind) for one in (sign * value).tolist()]
                np.testing.assert_array_equal(np.array(found), (sign * wanted).astype(np.float64))
    form = reference.format_of(kind)
    largest = float(reference.from_bits([form.infinity - 1], kind)[0])
    limit = largest + math.ldexp(1, form.overflow - form.digits - 2)
    tiny = math.ldexp(1, form.lowest - form.digits - 1)
    for value, wanted in ((limit, math.inf), (math.nextafter(limit, 0), largest), (math.inf, math.inf), (tiny, 0), (-tiny, -0.0)):
        for found in (nearest(mp.mpf(value), kind), float(rounded(np.array([value]), dtype)[0])):
            assert (found, math.copysign(1, found)) == (wanted, math.copysign(1, wanted))
    assert math.isnan(rounded(np.array([np.nan]), dtype)[0])


def test_right_results():
    x = np.array([0.0, -0.0, 1.0, -200.0, 89.0], np.float32)
    right = right_results("exponential", Direction.FORWARD, x, x)
    np.testing.assert_array_equal(right, np.float32([1, 1, math.e, 0, np.inf]))
    right = right_results("silu", Direction.FORWARD, x, x)
    np.testing.assert_array_equal(np.signbit(right), [False, True, False, True, False])
    # x - tanh(x) is more than 257, which is the middle between two numbers of bfloat16: by e^-516
    if supported("bfloat16"):
        x = np.array([258]).astype(type_of("bfloat16"))
        assert right_results("tanh_shrink", Direction.FORWARD, x, x)[0] == 258
    # so near that no precision tells: nothing is claimed
    x = np.array([2.0**24 + 2], np.float32)
    assert np.isnan(right_results("tanh_shrink", Direction.FORWARD, x, x)[0])


ODD = np.random.default_rng(0).permutation(np.arange(1.0, 1 << 20, 2))[:1000]
HALVES = np.concatenate([ODD, -ODD]) * 2.0**-149
#: Numbers with many results in the middle between two numbers, or next to it; those of tanh_shrink are beyond mpmath.
MIDDLES = {
    **{(name, Direction.FORWARD): HALVES for name in ("silu", "quick_gelu", "gelu", "gelu_tanh", "hard_swish")},
    ("leaky_relu", Direction.FORWARD): -50 * 2.0**-149 * (ODD % (1 << 17)),
    ("rrelu", Direction.FORWARD): -6 * (ODD % (1 << 19) + (1 << 21)),
    ("hard_sigmoid", Direction.FORWARD): 3 * 2.0**-24 * ODD,
    ("hard_swish", Direction.BACKWARD): 3 * 2.0**-25 * ODD,
    ("srelu", Direction.FORWARD): np.outer([32, -32], 5 * (ODD % (1 << 17) + 5 * (1 << 19)) + 3).ravel(),
    ("bent_identity", Direction.FORWARD): np.concatenate([2.0**60 + ODD * 2.0**37, 8388609.0 + 2 * ODD, -2 * HALVES]),
}
WITH_LINES = {(name, direction) for name in reference.entries for direction in BOTH if lines.of(name, direction)}


def test_all_lines_are_tested():
    assert WITH_LINES - MIDDLES.keys() == {("tanh_shrink", "forward"), ("prelu", "forward")}


def _settled(name, direction, x):
    """What lines decide, where float64's results are as good as 0.4 units in the last place."""
    with np.errstate(all="ignore"):
        y, d, _ = reference.wide(name, x, *reference.defaults(name))
        value = y if direction == Direction.FORWARD else d
        unit = np.abs(np.spacing(value.astype(np.float32))).astype(np.float64)
        low, high = ((value + sign * 0.4 * unit).astype(np.float32) for sign in (-1, 1))
    return lines.settle(name, direction, x, low, high)


@pytest.mark.parametrize(("name", "direction"), MIDDLES)
def test_lines_agree_with_mpmath(name, direction):
    with np.errstate(all="ignore"):
        x = MIDDLES[name, direction].astype(np.float32)
    decided, right = _settled(name, direction, x)
    assert np.count_nonzero(decided) > 50
    which = np.flatnonzero(decided)[:300]
    np.testing.assert_array_equal(right[which], right_results(name, direction, x[which], right[which]))


@pytest.mark.parametrize("dtype", NARROW)
def test_the_asymptotes_of_tanh_shrink(dtype):
    """x - tanh(x) is more than x - 1, which is the middle between x - 2 and x."""
    form = reference.format_of(type_of(dtype))
    x = (2.0 ** (form.digits + 1) + 4 * np.arange(30) + 2).astype(type_of(dtype))
    for sign in (-1, 1):
        right, other = (sign * x).astype(x.dtype), (sign * (x - 2)).astype(x.dtype)
        low, high = (right, other) if sign < 0 else (other, right)
        decided, found = lines.settle("tanh_shrink", Direction.FORWARD, right, low, high)
        assert decided.all()
        np.testing.assert_array_equal(found, right)


def test_a_line_through_numbers_decides_nothing():
    """Only middles between neighbours are decided."""
    x = np.float32([-100.0, -3.0, -3.0])
    low, high = np.float32([-1.0, -0.03, -0.04]), np.float32([-1.0, -0.03, -0.02])
    decided, _ = lines.settle("leaky_relu", Direction.FORWARD, x, low, high)
    assert not decided.any()
