# The activation functions: ONE formula each, forward and derivative, in the file of its entry's family.
#
#   NAME_forward(x, parameters...)                  f(x)
#   NAME_derivative(x, parameters...)               f'(x)
#   NAME_derivative_from_output(y, parameters...)   f'(x) from y = f(x), where that is possible
#   NAME_derivative_by_PARAMETER(x, parameters...)  df/dparameter, for a parameter that is an array
#
# Where large x need much more work than others there are near formulas besides, for |x| < NAME_near_limit only. They are
# listed in near.py.
#
#   NAME_near_forward(x, parameters...), NAME_near_derivative(x, parameters...)    one of them, or both
#   NAME_near_limit(x, parameters...)               at most the largest finite number; does not depend on x
#
# NAME_forward must then give the same bits below the limit: see loops.pyx.in.  Block kernels take the place of some formulas:
# see simd/.
#
# Rules.  No branch: conditional expressions vectorise, `if` may not (`if real is ...` is settled while compiling).
# Constants are typed (`cdef real one = 1`): a bare 1 in a float formula is a C double and halves its speed.  Every
# comparison lets NaN through to the result.  What forward and derivative share is computed by one helper from the same
# arguments, so that the compiler merges it where a loop calls both.  A number called x_low is what must be added to x to
# have it exactly.  Numbers scaled by HEADROOM, a power of two (see vecmath.h), are scaled back last.  (In C it is the exponent.)
#
# This file has what several families share.  The elementary functions come from math/: build/elementary.py lists them.

from libc.stdint cimport (
    int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
)

ctypedef fused real:
    float
    double

ctypedef fused number:
    float
    double
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t
    uint16_t
    uint32_t
    uint64_t

include "elementary.pxi"

cdef extern from "<math.h>" nogil:
    const float INFINITY, NAN


# ---- Integers -------------------------------------------------------------------------------------------------------
# Sums and products of integers wrap, as NumPy's do. They are formed without a sign: C leaves open what overflows with one.

cdef inline number plus(number a, number b) noexcept nogil:
    if number is float or number is double:
        return a + b
    elif number is int64_t or number is uint64_t:
        return <number>(<uint64_t> a + <uint64_t> b)
    else:
        return <number>(<uint32_t> a + <uint32_t> b)

cdef inline number minus(number a, number b) noexcept nogil:
    if number is float or number is double:
        return a - b
    elif number is int64_t or number is uint64_t:
        return <number>(<uint64_t> a - <uint64_t> b)
    else:
        return <number>(<uint32_t> a - <uint32_t> b)

cdef inline number times(number a, number b) noexcept nogil:
    if number is float or number is double:
        return a * b
    elif number is int64_t or number is uint64_t:
        return <number>(<uint64_t> a * <uint64_t> b)
    else:
        return <number>(<uint32_t> a * <uint32_t> b)


# ---- The exponential ------------------------------------------------------------------------------------------------

cdef inline real exp_down(real x, real x_low, real *scale) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) / HEADROOM, for -exp_furthest <= x <= 0."""
    return exp_split(x, x_low, headroom(x), scale)

cdef inline real exp_down_low(real x, real x_low, real *scale, real *q_low) noexcept nogil:
    """As exp_down, q in two parts."""
    return exp_split_low(x, x_low, headroom(x), scale, q_low)

cdef inline real exp_up(real x, real x_low, real *scale) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) * HEADROOM, for 0 <= x <= exp_furthest."""
    return exp_split(x, x_low, -headroom(x), scale)

cdef inline real exp_any(real x, real x_low, real *scale, real *unit) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) * unit, for |x| <= exp_furthest; unit is HEADROOM above zero, 1/HEADROOM below."""
    cdef real zero = 0, octaves = headroom(x)
    unit[0] = per_headroom(x) if x < zero else to_headroom(x)
    return exp_scaled(x, x_low, octaves if x < zero else -octaves, scale)

cdef inline real exp_plain(real x, real *scale) noexcept nogil:
    """q with e^x = scale + scale*q, where both are normal numbers."""
    cdef real zero = 0
    return exp_split(x, zero, 0, scale)

cdef inline real one_plus_exp(real a, real a_low) noexcept nogil:
    """(1 + e^(a + a_low)) / HEADROOM for 0 <= a <= exp_furthest: 1 plus a power of two, then what that lost, and the rest."""
    cdef real scale
    cdef real q = exp_up(a, a_low, &scale)
    cdef real total = scale + per_headroom(a)
    return total + fma(scale, q, per_headroom(a) - (total - scale))

cdef inline real sigmoid_tail(real a, real a_low) noexcept nogil:
    """HEADROOM / (1 + e^(a + a_low)) for 0 <= a <= exp_furthest."""
    cdef real one = 1
    return one / one_plus_exp(a, a_low)

cdef inline real scaled_exp_minus(real z, real z_low, real *low) noexcept nogil:
    """HEADROOM * e^-(z + z_low), for 0 <= z <= exp_furthest, and what its last rounding lost."""
    cdef real scale
    cdef real q = exp_down(-z, -z_low, &scale)
    cdef real e = fma(scale, q, scale)
    low[0] = fma_low(scale, q, scale, e)
    return e

cdef inline real log1p_rest(real start, real t, real t_low) noexcept nogil:
    """start + log1p(t + t_low) - t, for 0 <= t <= 1; for t_low the slope is 1 - t/2."""
    cdef real one = 1, half = 0.5
    return product_plus_small(t * t, log1p_tail(t), fma(t_low, fma(-half, t, one), start))

cdef inline real minus_log1p_rest(real start, real t, real t_low) noexcept nogil:
    """start - (log1p(t + t_low) - t), likewise."""
    cdef real one = 1, half = 0.5
    return product_plus_small(-t * t, log1p_tail(t), fma(-t_low, fma(-half, t, one), start))


# ---- Results that are to be rounded to a narrower type -----------------------------------------------------------------
# Careful formulas take the place of the usual ones there: functions/careful.py lists them, and says what they are for.

cdef inline real moved(real y, bint up) noexcept nogil:
    """The number y next but one at most, away from zero or not."""
    cdef real more = 1.0000000000000002, less = 0.9999999999999998
    return y * (more if up else less)

cdef inline real moved_upwards(real y, bint is_lost) noexcept nogil:
    cdef real zero = 0
    return moved(y, y > zero) if is_lost else y

cdef inline real moved_towards(real y, real centre, bint is_lost) noexcept nogil:
    """Also of the centre itself, which that is still rounded to."""
    return moved(y, y < centre) if is_lost else y


# ---- Bounds ----------------------------------------------------------------------------------------------------------

cdef inline real between(real low, real high, real x) noexcept nogil:
    """x, bounded; NaN for a NaN x."""
    return at_least(low, at_most(high, x))


# ---- x times a sigmoid ------------------------------------------------------------------------------------------------

cdef inline real gated(real x, real sign, real a, real denominator) noexcept nogil:
    """x sigmoid(sign * z) from t = |x| sigmoid(-z): -t below zero, x - t above. For sign -1 it is minus that of -x.

    a is |x|, bounded; denominator (1 + e^z) / HEADROOM."""
    return fma(a / denominator, -per_headroom(x), positive_part(x * sign)) * sign

cdef inline real gated_slope(real x, real sign, real z_slope, real denominator) noexcept nogil:
    """d = s ((1 - a z') + a z' s) with s = sigmoid(-z), a z' = z_slope: d below zero, 1 - d above."""
    cdef real zero = 0, one = 1
    cdef real tail = one / denominator
    cdef real d = tail * fma(z_slope * per_headroom(x), tail, one - z_slope) * per_headroom(x)
    return d if x * sign < zero else one - d


# ---- Quotients and angles -----------------------------------------------------------------------------------------------

cdef inline real quotient_by(real a, real b) noexcept nogil:
    """a / b for a parameter b > 0 and |a| of b at most, by 1/b, which a loop computes once, and one correction."""
    cdef real one = 1, small = 2.0**-60, large = 2.0**60
    cdef real unit = large if b < small else (small if b > large else one)  # so that neither b nor 1/b is subnormal
    cdef real scaled = a * unit, divisor = b * unit
    cdef real per_divisor = one / divisor
    cdef real quotient = scaled * per_divisor
    return fma(fma(-quotient, divisor, scaled), per_divisor, quotient)

cdef inline real quotient_low(real numerator, real quotient, real denominator, real denominator_low) noexcept nogil:
    """numerator / (denominator + denominator_low) - quotient, for the rounded quotient."""
    cdef real rest = fma(-quotient, denominator_low, division_remainder(numerator, quotient, denominator))
    return rest * reciprocal_estimate(denominator)

cdef inline real half_pi_in_parts(real *low) noexcept nogil:
    """pi/2"""
    cdef real half_pi
    if real is float:
        half_pi, low[0] = 1.57079637, -4.37113883e-8
    else:
        half_pi, low[0] = 1.5707963267948966, 6.123233995736766e-17
    return half_pi

cdef inline real half_pi_minus(real a, real *low) noexcept nogil:
    """pi/2 - a in two parts, the constant being given in two."""
    cdef real half_pi_low
    cdef real half_pi = half_pi_in_parts(&half_pi_low)
    cdef real difference = half_pi - a
    cdef real z = difference + half_pi_low
    low[0] = (difference - z) + half_pi_low
    return z
