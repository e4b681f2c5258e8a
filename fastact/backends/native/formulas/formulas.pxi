# The activation functions: ONE entry each, forward and derivative.
#
#   NAME_forward(x, parameters...)                  f(x)
#   NAME_derivative(x, parameters...)               f'(x)
#   NAME_derivative_from_output(y, parameters...)   f'(x) from y = f(x), where that is possible
#
# Where large x need much more work than others there are, besides, the same for |x| < NAME_near_limit only:
#
#   NAME_near_forward(x, parameters...), NAME_near_derivative(x, parameters...)    one of them, or both
#   NAME_near_limit(x, parameters...)               at most the largest finite number; does not depend on x
#
# NAME_forward must then give the same bits below the limit: see loops.pyx.in.  In the avx512 module block kernels take the
# place of some formulas: see avx512.h.
#
# Rules.  No branch: conditional expressions vectorise, `if` may not (`if real is ...` is settled while compiling).
# Constants are typed (`cdef real one = 1`): a bare 1 in a float formula is a C double and halves its speed.  Every
# comparison lets NaN through to the result.  What forward and derivative share is computed by one helper from the same
# arguments, so that the compiler merges it where a loop calls both.  A number called x_low is what must be added to x to
# have it exactly; numbers scaled by 2^HEADROOM (see vecmath.h) are scaled back last.

from libc.stdint cimport (
    int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
)

cdef extern from "vecmath.h" nogil:
    float fma_f32(float a, float b, float c)
    double fma_f64(double a, double b, double c)
    float product_low_f32(float a, float b, float product)
    double product_low_f64(double a, double b, double product)
    float product_sum_f32(float a, float b, float c)
    double product_sum_f64(double a, double b, double c)
    float fma_low_f32(float a, float b, float c, float sum)
    double fma_low_f64(double a, double b, double c, double sum)
    float product_plus_small_f32(float a, float b, float c)
    double product_plus_small_f64(double a, double b, double c)
    float division_remainder_f32(float numerator, float quotient, float denominator)
    double division_remainder_f64(double numerator, double quotient, double denominator)
    float exp_split_f32(float x, float x_low, int headroom, float *scale)
    double exp_split_f64(double x, double x_low, int headroom, double *scale)
    float exp_split_low_f32(float x, float x_low, int headroom, float *scale, float *q_low)
    double exp_split_low_f64(double x, double x_low, int headroom, double *scale, double *q_low)
    float magnitude_up_to_f32(float x, float limit)
    double magnitude_up_to_f64(double x, double limit)
    float exp_twice_f32(float a, float *scale)
    double exp_twice_f64(double a, double *scale)
    float exp_scaled_f32(float x, float x_low, float headroom, float *scale)
    double exp_scaled_f64(double x, double x_low, double headroom, double *scale)
    float log1p_tail_f32(float t)
    double log1p_tail_f64(double t)
    float tanh_small_f32(float a)
    double tanh_small_f64(double a)
    float arctan_unit_f32(float t)
    double arctan_unit_f64(double t)
    float arctan_eighth_tail_f32(float t)
    double arctan_eighth_tail_f64(double t)
    float tanh_shrink_unit_f32(float a)
    double tanh_shrink_unit_f64(double a)
    float sin_quarter_tail_f32(float u)
    double sin_quarter_tail_f64(double u)
    float sin_quarter_f32(float z)
    double sin_quarter_f64(double z)
    float normal_tail_f32(float v, float v_low, float *low)
    double normal_tail_f64(double v, double v_low, double *low)
    float reciprocal_estimate_f32(float a)
    double reciprocal_estimate_f64(double a)
    float erf_small_f32(float a)
    double erf_small_f64(double a)
    float log_erfc_f32(float a, float *low)
    double log_erfc_f64(double a, double *low)
    const float ERF_SMALL
    float log1p_f32(float z, float z_low, float octaves)
    double log1p_f64(double z, double z_low, double octaves)
    float half_turns_f32(float a, float *sign)
    double half_turns_f64(double a, double *sign)
    float sinc_tail_f32(float u)
    double sinc_tail_f64(double u)
    float sinc_slope_f32(float u)
    double sinc_slope_f64(double u)
    float cos_tail_f32(float u)
    double cos_tail_f64(double u)
    float sin_tail_f32(float u)
    double sin_tail_f64(double u)
    float sin_squared_tail_f32(float u)
    double sin_squared_tail_f64(double u)
    float with_signs_f32(float y, float a, float b)
    double with_signs_f64(double y, double a, double b)
    float cosine_tail_f32(float u)
    double cosine_tail_f64(double u)
    float quarter_turns_f32(float a, int more, float *parity, float *sign)
    double quarter_turns_f64(double a, int more, double *parity, double *sign)
    float minus_quarters_f32(float a, float n, float *low)
    double minus_quarters_f64(double a, double n, double *low)
    float turns_f32(float x, int quarters, float *low, float *parity, float *sign)
    double turns_f64(double x, int quarters, double *low, double *parity, double *sign)
    float sum_turns_f32(float x, float x_low, int octaves, float *sign)
    double sum_turns_f64(double x, double x_low, int octaves, double *sign)
    const int HEADROOM_F32, HEADROOM_F64
    const float EXP_FURTHEST_F32, PER_HEADROOM_F32
    const double EXP_FURTHEST_F64, PER_HEADROOM_F64
    const float NORMAL_SHIFT_F32, TANH_SMALL
    const double NORMAL_SHIFT_F64

cdef extern from "<math.h>" nogil:
    float fabsf(float x)
    double fabs(double x)
    float copysignf(float magnitude, float sign)
    double copysign(double magnitude, double sign)
    float sqrtf(float x)
    double sqrt(double x)

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


# ---- vecmath.h for either type --------------------------------------------------------------------------------------

cdef inline real fma(real a, real b, real c) noexcept nogil:
    if real is float:
        return fma_f32(a, b, c)
    else:
        return fma_f64(a, b, c)

cdef inline real product_low(real a, real b, real product) noexcept nogil:
    if real is float:
        return product_low_f32(a, b, product)
    else:
        return product_low_f64(a, b, product)

cdef inline real product_sum(real a, real b, real c) noexcept nogil:
    if real is float:
        return product_sum_f32(a, b, c)
    else:
        return product_sum_f64(a, b, c)

cdef inline real product_plus_small(real a, real b, real c) noexcept nogil:
    if real is float:
        return product_plus_small_f32(a, b, c)
    else:
        return product_plus_small_f64(a, b, c)

cdef inline real fma_low(real a, real b, real c, real sum) noexcept nogil:
    if real is float:
        return fma_low_f32(a, b, c, sum)
    else:
        return fma_low_f64(a, b, c, sum)

cdef inline real division_remainder(real numerator, real quotient, real denominator) noexcept nogil:
    if real is float:
        return division_remainder_f32(numerator, quotient, denominator)
    else:
        return division_remainder_f64(numerator, quotient, denominator)

cdef inline real reciprocal_estimate(real a) noexcept nogil:
    if real is float:
        return reciprocal_estimate_f32(a)
    else:
        return reciprocal_estimate_f64(a)

cdef inline real largest_finite(real x) noexcept nogil:
    if real is float:
        return 3.4028234663852886e38
    else:
        return 1.7976931348623157e308

cdef inline real magnitude(real x) noexcept nogil:
    if real is float:
        return fabsf(x)
    else:
        return fabs(x)

cdef inline real magnitude_up_to(real x, real limit) noexcept nogil:
    """min(|x|, limit), the limit for a NaN x: who calls this puts it back."""
    if real is float:
        return magnitude_up_to_f32(x, limit)
    else:
        return magnitude_up_to_f64(x, limit)

cdef inline real with_sign(real x, real sign) noexcept nogil:
    if real is float:
        return copysignf(x, sign)
    else:
        return copysign(x, sign)

cdef inline real square_root(real x) noexcept nogil:
    if real is float:
        return sqrtf(x)
    else:
        return sqrt(x)

cdef inline real exp_down(real x, real x_low, real *scale) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) / HEADROOM, for -exp_furthest <= x <= 0."""
    if real is float:
        return exp_split_f32(x, x_low, HEADROOM_F32, scale)
    else:
        return exp_split_f64(x, x_low, HEADROOM_F64, scale)

cdef inline real exp_down_low(real x, real x_low, real *scale, real *q_low) noexcept nogil:
    """As exp_down, q in two parts."""
    if real is float:
        return exp_split_low_f32(x, x_low, HEADROOM_F32, scale, q_low)
    else:
        return exp_split_low_f64(x, x_low, HEADROOM_F64, scale, q_low)

cdef inline real exp_up(real x, real x_low, real *scale) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) * HEADROOM, for 0 <= x <= exp_furthest."""
    if real is float:
        return exp_split_f32(x, x_low, -HEADROOM_F32, scale)
    else:
        return exp_split_f64(x, x_low, -HEADROOM_F64, scale)

cdef inline real exp_any(real x, real x_low, real *scale, real *unit) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) * unit, for |x| <= exp_furthest; unit is HEADROOM above zero, 1/HEADROOM below."""
    cdef real zero = 0, headroom, up, down
    if real is float:
        headroom, up, down = 48, 2.0**48, 2.0**-48
        unit[0] = down if x < zero else up
        return exp_scaled_f32(x, x_low, headroom if x < zero else -headroom, scale)
    else:
        headroom, up, down = 128, 2.0**128, 2.0**-128
        unit[0] = down if x < zero else up
        return exp_scaled_f64(x, x_low, headroom if x < zero else -headroom, scale)

cdef inline real exp_plain(real x, real *scale) noexcept nogil:
    """q with e^x = scale + scale*q, where both are normal numbers."""
    cdef real zero = 0
    if real is float:
        return exp_split_f32(x, zero, 0, scale)
    else:
        return exp_split_f64(x, zero, 0, scale)

cdef inline real exp_furthest(real x) noexcept nogil:
    """Where even x * e^-x rounds to 0 and exp_down and exp_up end."""
    if real is float:
        return EXP_FURTHEST_F32
    else:
        return EXP_FURTHEST_F64

cdef inline real per_headroom(real x) noexcept nogil:
    if real is float:
        return PER_HEADROOM_F32
    else:
        return PER_HEADROOM_F64

cdef inline real log1p_tail(real t) noexcept nogil:
    if real is float:
        return log1p_tail_f32(t)
    else:
        return log1p_tail_f64(t)

cdef inline real tanh_small(real a) noexcept nogil:
    if real is float:
        return tanh_small_f32(a)
    else:
        return tanh_small_f64(a)

cdef inline real arctan_unit(real t) noexcept nogil:
    if real is float:
        return arctan_unit_f32(t)
    else:
        return arctan_unit_f64(t)

cdef inline real arctan_eighth_tail(real t) noexcept nogil:
    if real is float:
        return arctan_eighth_tail_f32(t)
    else:
        return arctan_eighth_tail_f64(t)

cdef inline real tanh_shrink_unit(real a) noexcept nogil:
    if real is float:
        return tanh_shrink_unit_f32(a)
    else:
        return tanh_shrink_unit_f64(a)

cdef inline real sin_quarter_tail(real u) noexcept nogil:
    if real is float:
        return sin_quarter_tail_f32(u)
    else:
        return sin_quarter_tail_f64(u)

cdef inline real sin_quarter(real z) noexcept nogil:
    if real is float:
        return sin_quarter_f32(z)
    else:
        return sin_quarter_f64(z)

cdef inline real normal_tail(real v, real v_low, real *low) noexcept nogil:
    if real is float:
        return normal_tail_f32(v, v_low, low)
    else:
        return normal_tail_f64(v, v_low, low)


# ---- Shared parts ---------------------------------------------------------------------------------------------------

cdef inline real at_most(real limit, real x) noexcept nogil:
    """min(limit, x), but NaN for a NaN x."""
    return limit if x > limit else x

cdef inline real one_plus_exp(real a, real a_low) noexcept nogil:
    """(1 + e^(a + a_low)) / HEADROOM for 0 <= a <= exp_furthest: the sum of 1 and a power of two, what that lost, the rest."""
    cdef real scale
    cdef real q = exp_up(a, a_low, &scale)
    cdef real total = scale + per_headroom(a)
    return total + fma(scale, q, per_headroom(a) - (total - scale))

cdef inline real between(real low, real high, real x) noexcept nogil:
    """x, bounded; NaN for a NaN x."""
    cdef real bounded = at_most(high, x)
    return low if bounded < low else bounded

cdef inline real sigmoid_tail(real a, real a_low) noexcept nogil:
    """HEADROOM / (1 + e^(a + a_low)) for 0 <= a <= exp_furthest."""
    cdef real one = 1
    return one / one_plus_exp(a, a_low)


# ---- Piecewise linear -----------------------------------------------------------------------------------------------

cdef inline number identity_forward(number x) noexcept nogil:
    return x

cdef inline real identity_derivative(real x) noexcept nogil:
    cdef real one = 1
    return one if x == x else x

cdef inline real identity_derivative_from_output(real y) noexcept nogil:
    return identity_derivative(y)


cdef inline number binary_step_forward(number x) noexcept nogil:
    cdef number zero = 0, one = 1
    return zero if x < zero else (one if x >= zero else x)

cdef inline real binary_step_derivative(real x) noexcept nogil:
    cdef real zero = 0
    return zero if x == x else x


# relu(-0.0) is -0.0, as in PyTorch.
cdef inline number relu_forward(number x) noexcept nogil:
    cdef number zero = 0
    return zero if x < zero else x

cdef inline real relu_derivative(real x) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x > zero else (zero if x <= zero else x)

cdef inline real relu_derivative_from_output(real y) noexcept nogil:
    return relu_derivative(y)


cdef inline number relu6_forward(number x) noexcept nogil:
    cdef number zero = 0, six = 6
    return zero if x < zero else (six if x > six else x)

cdef inline real relu6_derivative(real x) noexcept nogil:
    cdef real zero = 0, one = 1, six = 6
    cdef real below_six = one if x < six else zero
    return below_six if x > zero else (zero if x <= zero else x)

cdef inline real relu6_derivative_from_output(real y) noexcept nogil:
    return relu6_derivative(y)


cdef inline real relu_squared_forward(real x) noexcept nogil:
    cdef real zero = 0
    return zero if x < zero else x * x

cdef inline real relu_squared_derivative(real x) noexcept nogil:
    cdef real zero = 0, two = 2
    return zero if x < zero else two * x

cdef inline real relu_squared_derivative_from_output(real y) noexcept nogil:
    cdef real two = 2
    return two * square_root(y)


cdef inline number leaky_relu_forward(number x, number negative_slope) noexcept nogil:
    cdef number zero = 0
    return x if x > zero else <number>(negative_slope * x)

cdef inline real leaky_relu_derivative(real x, real negative_slope) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x > zero else (negative_slope if x <= zero else x)

cdef inline real leaky_relu_derivative_from_output(real y, real negative_slope) noexcept nogil:
    return leaky_relu_derivative(y, negative_slope)


cdef inline number prelu_forward(number x, number slope) noexcept nogil:
    return leaky_relu_forward(x, slope)

cdef inline real prelu_derivative(real x, real slope) noexcept nogil:
    return leaky_relu_derivative(x, slope)

cdef inline real prelu_derivative_by_slope(real x, real slope) noexcept nogil:
    cdef real zero = 0
    return zero if x > zero else x


cdef inline real rrelu_forward(real x, real slope) noexcept nogil:
    return leaky_relu_forward(x, slope)

cdef inline real rrelu_derivative(real x, real slope) noexcept nogil:
    return leaky_relu_derivative(x, slope)


cdef inline real noise_scale(real x) noexcept nogil:
    """sqrt(sigmoid(x)), the standard deviation of noisy_relu's noise."""
    return square_root(sigmoid_forward(x))

cdef inline real noisy_relu_forward(real x, real noise) noexcept nogil:
    return relu_forward(fma(noise_scale(x), noise, x))

cdef inline real noisy_relu_derivative(real x, real noise) noexcept nogil:
    """With the noise held fixed: 1 + noise * sqrt(s) * (1 - s) / 2 where the unit is on, s = sigmoid(x)."""
    cdef real zero = 0, one = 1, half = 0.5
    cdef real scale = noise_scale(x)
    cdef real y = fma(scale, noise, x)
    cdef real slope = fma(noise * scale, half * fma(-scale, scale, one), one)
    return slope if y > zero else (zero if y <= zero else y)


cdef inline number threshold_forward(number x, number threshold, number value) noexcept nogil:
    return value if x <= threshold else x

cdef inline real threshold_derivative(real x, real threshold, real value) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x > threshold else (zero if x <= threshold else x)


cdef inline number hard_tanh_forward(number x, number min, number max) noexcept nogil:
    return min if x < min else (max if x > max else x)

cdef inline real hard_tanh_derivative(real x, real min, real max) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real below_max = one if x < max else zero
    return below_max if x > min else (zero if x <= min else x)

cdef inline real hard_tanh_derivative_from_output(real y, real min, real max) noexcept nogil:
    return hard_tanh_derivative(y, min, max)


cdef inline real hard_sigmoid_forward(real x, real alpha, real beta) noexcept nogil:
    """alpha (x + beta/alpha), which keeps its digits near its zero, clipped to [0, 1].

    beta/alpha is rounded on purpose: 3 for an alpha of 1/6, which no binary number is, so that the ends are -3 and 3."""
    cdef real zero = 0, one = 1, far = 2.0**60
    cdef real shift = beta / alpha
    cdef real y = alpha * (x + shift) if magnitude(shift) < far else fma(alpha, x, beta)
    return zero if y < zero else (one if y > one else y)

cdef inline real hard_sigmoid_derivative(real x, real alpha, real beta) noexcept nogil:
    return hard_sigmoid_derivative_from_output(hard_sigmoid_forward(x, alpha, beta), alpha, beta)

cdef inline real hard_sigmoid_derivative_from_output(real y, real alpha, real beta) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real below_one = alpha if y < one else zero
    return below_one if y > zero else (zero if y <= zero else y)


cdef inline real hard_swish_forward(real x) noexcept nogil:
    """x (x + 3) / 6 between -3 and 3; a sixth in two parts, for a division would cost more than all the rest, and both
    positive, so that -0 stays -0."""
    cdef real zero = 0, three = 3, sixth, sixth_low
    if real is float:
        sixth, sixth_low = 0.16666665673255920, 9.9341074626e-9
    else:
        sixth, sixth_low = 0.16666666666666666, 9.251858538542970e-18
    cdef real total = x + three
    cdef real total_low = (three - total) + x
    cdef real product = x * total
    cdef real y = fma(product, sixth, fma(product, sixth_low, x * total_low * sixth))
    return -zero if x <= -three else (x if x >= three else y)

cdef inline real hard_swish_derivative(real x) noexcept nogil:
    cdef real zero = 0, one = 1, half = 0.5, three = 3, third = 0.333333333333333333
    return zero if x <= -three else (one if x >= three else fma(x, third, half))


cdef inline number hard_shrink_forward(number x, number lambd) noexcept nogil:
    cdef number zero = 0
    if number is float or number is double:
        return zero if magnitude(x) <= lambd else x
    else:
        return x if x > lambd else (x if below_minus(x, lambd) else zero)

cdef inline bint below_minus(number x, number lambd) noexcept nogil:
    """x < -lambd for lambd >= 0, for unsigned integers as well."""
    return x < 0 and <number>(x + lambd) < 0

cdef inline real hard_shrink_derivative(real x, real lambd) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real a = magnitude(x)
    return one if a > lambd else (zero if a <= lambd else x)


cdef inline number soft_shrink_forward(number x, number lambd) noexcept nogil:
    cdef number zero = 0
    if number is float or number is double:
        return x - lambd if x > lambd else (x + lambd if x < -lambd else x * zero)
    else:
        return <number>(x - lambd) if x > lambd else (<number>(x + lambd) if below_minus(x, lambd) else zero)

cdef inline real soft_shrink_derivative(real x, real lambd) noexcept nogil:
    return hard_shrink_derivative(x, lambd)


cdef inline number srelu_forward(
    number x, number threshold_left, number slope_left, number threshold_right, number slope_right
) noexcept nogil:
    cdef number left = <number>(threshold_left + slope_left * (x - threshold_left))
    cdef number right = <number>(threshold_right + slope_right * (x - threshold_right))
    return left if x <= threshold_left else (right if x >= threshold_right else x)

cdef inline real srelu_derivative(
    real x, real threshold_left, real slope_left, real threshold_right, real slope_right
) noexcept nogil:
    cdef real one = 1
    cdef real inside = one if x == x else x
    return slope_left if x <= threshold_left else (slope_right if x >= threshold_right else inside)


cdef inline real sqnl_forward(real x) noexcept nogil:
    """a - a^2/4 with the sign of x, a = |x| up to 2."""
    cdef real quarter = 0.25, two = 2
    cdef real a = at_most(two, magnitude(x))
    return with_sign(fma(-quarter * a, a, a), x)

cdef inline real sqnl_derivative(real x) noexcept nogil:
    cdef real one = 1, half = 0.5, two = 2
    return one - half * at_most(two, magnitude(x))


cdef inline real star_relu_forward(real x, real scale, real shift) noexcept nogil:
    """scale * max(0, x)^2 + shift with what its roundings lost, as the two may cancel; not where it overflows."""
    cdef real zero = 0, furthest
    if real is float:
        furthest = 2.0**40
    else:
        furthest = 2.0**400
    cdef real r = zero if x < zero else x
    cdef real scaled = scale * r
    cdef real product = scaled * r
    cdef real total = product + shift
    cdef real product_part = total - shift
    cdef real low = (product - product_part) + (shift - (total - product_part))
    low = low + fma(product_low(scale, r, scaled), r, product_low(scaled, r, product))
    return total + low if magnitude(total) < furthest else total

cdef inline real star_relu_derivative(real x, real scale, real shift) noexcept nogil:
    cdef real zero = 0, two = 2
    return two * scale * (zero if x < zero else x)


# ---- Exponential ----------------------------------------------------------------------------------------------------

cdef inline real exponential_near_limit(real x) noexcept nogil:
    """Below it neither e^x nor its scale needs care, nor what is added to the scale: without an fma it, too, has to be a normal
    number. Above, scaling by powers of two changes no bit of what is normal.
    """
    if real is float:
        return 69  # e^-69 > 2^(-126 + 26)
    else:
        return 670  # e^-670 > 2^(-1022 + 55)

cdef inline real exponential_near_forward(real x) noexcept nogil:
    cdef real scale
    cdef real q = exp_plain(x, &scale)
    return fma(scale, q, scale)

cdef inline real exponential_near_derivative(real x) noexcept nogil:
    return exponential_near_forward(x)

cdef inline real exponential_forward(real x) noexcept nogil:
    cdef real zero = 0, scale, unit
    cdef real q = exp_any(between(-exp_furthest(x), exp_furthest(x), x), zero, &scale, &unit)
    return fma(scale, q, scale) * unit

cdef inline real exponential_derivative(real x) noexcept nogil:
    return exponential_forward(x)

cdef inline real exponential_derivative_from_output(real y) noexcept nogil:
    return y


cdef inline real exp_or_less(real z, real z_low, real *scale) noexcept nogil:
    """q with e^(z + z_low) = scale + scale*q, both times HEADROOM, for z < 0; e^0 or less (never used) above."""
    return exp_down(-at_most(exp_furthest(z), -z), z_low, scale)

cdef inline real expm1_or_less(real z, real z_low, real *low) noexcept nogil:
    """e^(z + z_low) - 1 for z < 0, in two parts."""
    cdef real one = 1
    cdef real scale, q_low
    cdef real q = exp_down_low(-at_most(exp_furthest(z), -z), z_low, &scale, &q_low)
    scale = scale * per_headroom(z)
    cdef real m = fma(scale, q, scale - one)
    low[0] = fma(scale, q_low, fma_low(scale, q, scale - one, m))
    return m

cdef inline real elu_forward(real x, real alpha) noexcept nogil:
    """x > 0 ? x : alpha * expm1(x)"""
    cdef real zero = 0, low
    return alpha * expm1_or_less(x, zero, &low) if x < zero else x

cdef inline real elu_derivative(real x, real alpha) noexcept nogil:
    """x > 0 ? 1 : alpha * e^x"""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = exp_or_less(x, zero, &scale)
    return one if x > zero else alpha * fma(scale, q, scale) * per_headroom(x)

cdef inline real elu_derivative_from_output(real y, real alpha) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if y > zero else y + alpha


cdef inline real celu_exponent(real x, real alpha, real *low) noexcept nogil:
    """x / alpha, from a bounded x; its low part is not had where it would be subnormal."""
    cdef real zero = 0, one = 1, least = -2.0**-80
    cdef real per_alpha = one / alpha
    cdef real per_alpha_low = division_remainder(one, per_alpha, alpha) * per_alpha
    cdef real b = -at_most(exp_furthest(x) * alpha, -x)
    cdef real z = b * per_alpha
    low[0] = fma(b, per_alpha_low, product_low(b, per_alpha, z)) if z < least else zero
    return z

cdef inline real celu_forward(real x, real alpha) noexcept nogil:
    """x > 0 ? x : alpha * expm1(x / alpha)"""
    cdef real zero = 0
    cdef real low, m_low
    cdef real z = celu_exponent(x, alpha, &low)
    cdef real m = expm1_or_less(z, low, &m_low)
    return fma(alpha, m, alpha * m_low) if x < zero else x

cdef inline real celu_derivative(real x, real alpha) noexcept nogil:
    """x > 0 ? 1 : e^(x / alpha)"""
    cdef real zero = 0, one = 1
    cdef real low, scale
    cdef real z = celu_exponent(x, alpha, &low)
    cdef real q = exp_or_less(z, low, &scale)
    return one if x > zero else fma(scale, q, scale) * per_headroom(x)

cdef inline real celu_derivative_from_output(real y, real alpha) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if y > zero else y / alpha + one


cdef inline real selu_slope(real x, real *low) noexcept nogil:
    """scale * alpha, what the exponential part is multiplied by."""
    cdef real slope = 1.7580993408473768
    if real is float:
        low[0] = 2.32967176e-8
    else:
        low[0] = -6.39526465564832217e-17
    return slope

cdef inline real selu_forward(real x) noexcept nogil:
    """scale * (x > 0 ? x : alpha * expm1(x))"""
    cdef real zero = 0, scale = 1.0507009873554805
    cdef real slope_low, m_low
    cdef real slope = selu_slope(x, &slope_low)
    cdef real m = expm1_or_less(x, zero, &m_low)
    return fma(m, slope, fma(m_low, slope, m * slope_low)) if x < zero else scale * x

cdef inline real selu_derivative(real x) noexcept nogil:
    cdef real zero = 0, scale = 1.0507009873554805
    cdef real positive = scale if x == x else x
    cdef real low
    return positive if x > zero else elu_derivative(x, selu_slope(x, &low))

cdef inline real selu_derivative_from_output(real y) noexcept nogil:
    cdef real zero = 0, scale = 1.0507009873554805
    cdef real low
    cdef real slope = selu_slope(y, &low)
    return scale if y > zero else (y + slope) + low


cdef inline real sigmoid_forward(real x) noexcept nogil:
    """t = sigmoid(-|x|) below zero, 1 - t above."""
    cdef real zero = 0, one = 1
    cdef real t = sigmoid_tail(at_most(exp_furthest(x), magnitude(x)), zero) * per_headroom(x)
    return t if x < zero else one - t

cdef inline real sigmoid_derivative(real x) noexcept nogil:
    """t (1 - t), t = sigmoid(-|x|)"""
    cdef real zero = 0, one = 1
    cdef real t = sigmoid_tail(at_most(exp_furthest(x), magnitude(x)), zero)
    return t * fma(-per_headroom(x), t, one) * per_headroom(x)

cdef inline real sigmoid_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    return y * (one - y)


cdef inline real tanh_tail(real x) noexcept nogil:
    """HEADROOM * sigmoid(-2|x|), for NaN something else."""
    cdef real one = 1, half = 0.5
    cdef real scale
    cdef real a = magnitude_up_to(x, half * exp_furthest(x))
    cdef real p
    if real is float:
        p = exp_twice_f32(a, &scale)
    else:
        p = exp_twice_f64(a, &scale)
    return one / fma(scale, p, per_headroom(x))

cdef inline real tanh_forward(real x) noexcept nogil:
    """1 - 2 sigmoid(-2|x|); a polynomial where that cancels, and where x is NaN."""
    cdef real one = 1, two = 2, small = TANH_SMALL
    cdef real a = magnitude(x)
    cdef real y = fma(-two * per_headroom(x), tanh_tail(x), one)
    return with_sign(y if a >= small else tanh_small(a), x)

cdef inline real tanh_derivative(real x) noexcept nogil:
    """4t (1 - t), t = sigmoid(-2|x|)"""
    cdef real one = 1, four = 4
    cdef real t = tanh_tail(x)
    cdef real d = t * fma(-per_headroom(x), t, one) * (four * per_headroom(x))
    return d if x == x else x

cdef inline real tanh_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    return (one - y) * (one + y)


cdef inline real tanh_shrink_forward(real x) noexcept nogil:
    """(|x| - 1) + 2 sigmoid(-2|x|); below 1, where that cancels, and where x is NaN, a polynomial."""
    cdef real one = 1, two = 2
    cdef real a = magnitude(x)
    cdef real y = fma(two * per_headroom(x), tanh_tail(x), a - one)
    return with_sign(y if a >= one else tanh_shrink_unit(a), x)

cdef inline real tanh_shrink_derivative(real x) noexcept nogil:
    """tanh(x)^2"""
    cdef real t = tanh_forward(x)
    return t * t


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

cdef inline real softplus_exp(real x, real beta, real *low) noexcept nogil:
    """HEADROOM * e^-|beta x|, for NaN something else."""
    cdef real b = magnitude(beta)
    cdef real a = magnitude_up_to(x, exp_furthest(x) / b)
    cdef real z = b * a
    return scaled_exp_minus(z, product_low(b, a, z), low)

cdef inline real softplus_slope(real x, real e) noexcept nogil:
    """sigmoid(x) = t or 1 - t, t = e / (1 + e), e = e^-|x| given times HEADROOM."""
    cdef real zero = 0, one = 1
    cdef real t = e / fma(e, per_headroom(x), one) * per_headroom(x)
    return one - t if x > zero else (t if x <= zero else x)

cdef inline real softplus_forward(real x, real beta) noexcept nogil:
    """max(x, 0) + log1p(e^-|beta x|) / beta"""
    cdef real zero = 0, one = 1
    cdef real per_beta = one / beta
    cdef real factor = per_beta * per_headroom(x)
    cdef real factor_low = division_remainder(one, per_beta, beta) * factor
    cdef real low
    cdef real e = softplus_exp(x, beta, &low)
    cdef real rest = log1p_rest(zero, e * per_headroom(x), low * per_headroom(x))
    return fma(e, factor, fma(rest, per_beta, fma(e, factor_low, zero if x < zero else x)))

cdef inline real softplus_derivative(real x, real beta) noexcept nogil:
    """sigmoid(beta x)"""
    cdef real low
    return softplus_slope(x, softplus_exp(x, beta, &low))

cdef inline real softplus_derivative_from_output(real y, real beta) noexcept nogil:
    """-expm1(-beta * y)"""
    cdef real one = 1
    cdef real a = at_most(exp_furthest(y) / beta, y)
    cdef real z = beta * a
    cdef real scale
    cdef real q = exp_down(-z, -product_low(beta, a, z), &scale)
    scale = scale * per_headroom(y)
    return magnitude(fma(scale, q, scale - one))


cdef inline real log_sigmoid_bounded(real x) noexcept nogil:
    """|x|, where the exponential has vanished less, for NaN something else."""
    return magnitude_up_to(x, exp_furthest(x))

cdef inline real log_sigmoid_forward(real x) noexcept nogil:
    """min(x, 0) - log1p(e^-|x|)"""
    cdef real zero = 0
    cdef real scale
    cdef real q = exp_down(-log_sigmoid_bounded(x), zero, &scale)
    scale = scale * per_headroom(x)
    cdef real t = fma(scale, q, scale)
    return minus_log1p_rest(zero if x > zero else x, t, fma_low(scale, q, scale, t)) - t

cdef inline real log_sigmoid_derivative(real x) noexcept nogil:
    """sigmoid(-x)"""
    cdef real zero = 0, low
    return softplus_slope(-x, scaled_exp_minus(log_sigmoid_bounded(x), zero, &low))

cdef inline real log_sigmoid_derivative_from_output(real y) noexcept nogil:
    """-expm1(y)"""
    cdef real one = 1
    return softplus_derivative_from_output(-y, one)


cdef inline real mish_highest(real x) noexcept nogil:
    """Where mish' has become 1."""
    cdef real highest
    if real is float:
        highest = 13
    else:
        highest = 22
    return highest

cdef inline real mish_linear(real x) noexcept nogil:
    """From here on mish(x) is x, but for half an ULP."""
    cdef real start
    if real is float:
        start = 8.6640625
    else:
        start = 18.71484375
    return start

cdef inline real mish_exp(real x, real *low) noexcept nogil:
    """HEADROOM * e^x for a bounded x."""
    cdef real zero = 0
    cdef real scale
    cdef real q = exp_down(x, zero, &scale)
    cdef real g = fma(scale, q, scale)
    low[0] = fma_low(scale, q, scale, g)
    return g

cdef inline real mish_tanh(real bounded, real g, real g_low, real *t_low, real *r) noexcept nogil:
    """HEADROOM * tanh(softplus(x)) = HEADROOM * n/(n + 2) in two parts, with n = g (g + 2); r = 1/(n + 2)."""
    cdef real one = 1, two = 2
    cdef real unscaled = g * per_headroom(g)
    cdef real n = fma(g, unscaled, two * g)
    cdef real n_low = fma(g_low, fma(two, unscaled, two), fma_low(g, unscaled, two * g, n))
    cdef real n_unscaled = n * per_headroom(g)
    cdef real denominator = n_unscaled + two
    cdef real denominator_low = fma(n_low, per_headroom(g), (two - denominator) + n_unscaled)
    cdef real reciprocal = one / denominator
    cdef real t = n * reciprocal
    t_low[0] = (division_remainder(n, t, denominator) + fma(-t, denominator_low, n_low)) * reciprocal
    r[0] = fma(reciprocal, fma(-reciprocal, denominator_low, division_remainder(one, reciprocal, denominator)), reciprocal)
    return t

cdef inline real mish_forward(real x) noexcept nogil:
    """x tanh(softplus(x))"""
    cdef real bounded = between(-exp_furthest(x), mish_highest(x), x)
    cdef real g_low, t_low, r
    cdef real g = mish_exp(bounded, &g_low)
    cdef real t = mish_tanh(bounded, g, g_low, &t_low, &r)
    cdef real y = fma(bounded, t, bounded * t_low) * per_headroom(x)
    return with_sign(y, x) if x < mish_linear(x) else x

cdef inline real mish_derivative(real x) noexcept nogil:
    """t + x t', t' = 4 g (g + 1)/(n + 2)^2"""
    cdef real one = 1, two = 2, four = 4
    cdef real bounded = between(-exp_furthest(x), mish_highest(x), x)
    cdef real g_low, t_low, r
    cdef real g = mish_exp(bounded, &g_low)
    cdef real t = mish_tanh(bounded, g, g_low, &t_low, &r)
    cdef real unscaled = g * per_headroom(x)
    cdef real numerator = fma(g, unscaled, g)
    cdef real numerator_low = fma(g_low, fma(two, unscaled, one), fma_low(g, unscaled, g, numerator))
    cdef real slope = product_plus_small(numerator, r, numerator_low * r)
    cdef real d = product_plus_small(four * bounded * r, slope, t + t_low) * per_headroom(x)
    return d if x < mish_highest(x) else (one if x == x else x)


cdef inline real silu_denominator(real x, real beta, real *a, real *z) noexcept nogil:
    """(1 + e^z) / HEADROOM, with a = |x| bounded and z = |beta| * a."""
    cdef real b = magnitude(beta)
    cdef real largest  # beta may be 0, and HEADROOM * a is not to overflow
    if real is float:
        largest = 2.0**79
    else:
        largest = 2.0**895
    a[0] = at_most(at_most(largest, exp_furthest(x) / b), magnitude(x))
    z[0] = b * a[0]
    return one_plus_exp(z[0], product_low(b, a[0], z[0]))

cdef inline real gated(real x, real sign, real a, real denominator) noexcept nogil:
    """x sigmoid(sign * z) from t = |x| sigmoid(-z): -t below zero, x - t above; for sign -1 t above, x + t below.

    a is |x|, bounded; denominator (1 + e^z) / HEADROOM."""
    cdef real zero = 0
    return fma(a / denominator, -sign * per_headroom(x), -zero if x * sign < zero else x)

cdef inline real gated_slope(real x, real sign, real z_slope, real denominator) noexcept nogil:
    """d = s ((1 - a z') + a z' s) with s = sigmoid(-z), a z' = z_slope: d below zero, 1 - d above."""
    cdef real zero = 0, one = 1
    cdef real tail = one / denominator
    cdef real d = tail * fma(z_slope * per_headroom(x), tail, one - z_slope) * per_headroom(x)
    return d if x * sign < zero else one - d

cdef inline real silu_forward(real x, real beta) noexcept nogil:
    """x sigmoid(beta x)

    Needs |beta| > 2e-5 (2e-13 for double), or x where the result vanishes is out of exp's range."""
    cdef real one = 1
    cdef real a, z
    cdef real denominator = silu_denominator(x, beta, &a, &z)
    return gated(x, with_sign(one, beta), a, denominator)

cdef inline real silu_derivative(real x, real beta) noexcept nogil:
    cdef real one = 1
    cdef real a, z
    cdef real denominator = silu_denominator(x, beta, &a, &z)
    return gated_slope(x, with_sign(one, beta), z, denominator)


cdef inline real quick_gelu_denominator(real x, real *a, real *z) noexcept nogil:
    """(1 + e^z) / HEADROOM, with a = |x| bounded and z = 1.702 * a."""
    cdef real factor, factor_low, furthest
    if real is float:
        factor, factor_low, furthest = 1.7020000219345093, -2.193451e-08, 70.5
    else:
        factor, factor_low, furthest = 1.702, 4.263256414560601e-17, 461
    a[0] = at_most(furthest, magnitude(x))
    z[0] = factor * a[0]
    return one_plus_exp(z[0], fma(factor_low, a[0], product_low(factor, a[0], z[0])))

cdef inline real quick_gelu_forward(real x) noexcept nogil:
    cdef real one = 1
    cdef real a, z
    cdef real denominator = quick_gelu_denominator(x, &a, &z)
    return gated(x, one, a, denominator)

cdef inline real quick_gelu_derivative(real x) noexcept nogil:
    cdef real one = 1
    cdef real a, z
    cdef real denominator = quick_gelu_denominator(x, &a, &z)
    return gated_slope(x, one, z, denominator)


cdef inline real gelu_tanh_denominator(real x, real *a, real *z_slope, real *z_slope_low) noexcept nogil:
    """(1 + e^z) / HEADROOM, with a = |x| bounded, z = a (k + c a^2), k = 2 sqrt(2/pi), c = 0.044715 k; z_slope is a dz/da.

    k's first part is so short that what the sum k + c a^2 loses is a number."""
    cdef real k, k_low, c, c_low, furthest, two = 2, three = 3
    if real is float:
        k, k_low, c, c_low, furthest = 1.59576416015625, 4.961449576512678e-06, 0.07135481387376785, 2.3988325e-09, 11.265
    else:
        k, k_low, furthest = 1.5957691216057128, 1.7885919910836427e-14, 21.905
        c, c_low = 0.07135481627260025, -6.175149918155315e-19
    a[0] = at_most(furthest, magnitude(x))
    cdef real square = a[0] * a[0]
    cdef real square_low = product_low(a[0], a[0], square)
    cdef real p = fma(c, square, k)
    cdef real p_low = fma_low(c, square, k, p) + fma(c, square_low, fma(c_low, square, k_low))
    cdef real z = a[0] * p
    # k + 3c a^2 = 3 (k + c a^2) - 2k
    cdef real slope = product_sum(three, p, -two * k)
    cdef real rest = a[0] * fma(three, p_low, -two * k_low)
    z_slope[0] = a[0] * slope
    z_slope_low[0] = product_low(a[0], slope, z_slope[0]) + rest
    return one_plus_exp(z, fma(a[0], p_low, product_low(a[0], p, z)))

cdef inline real gelu_tanh_forward(real x) noexcept nogil:
    cdef real one = 1
    cdef real a, z_slope, z_slope_low
    cdef real denominator = gelu_tanh_denominator(x, &a, &z_slope, &z_slope_low)
    return gated(x, one, a, denominator)

cdef inline real gelu_tanh_derivative(real x) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real a, z_slope, z_slope_low
    cdef real denominator = gelu_tanh_denominator(x, &a, &z_slope, &z_slope_low)
    cdef real tail = one / denominator
    # as gated_slope, but z_slope in two parts, for it is large where the slope is small
    cdef real less = fma(z_slope * per_headroom(x), tail, one - z_slope)
    less = fma(z_slope_low, fma(tail, per_headroom(x), -one), less)
    cdef real tail_low = division_remainder(one, tail, denominator) * tail
    cdef real d = product_sum(tail, less, tail_low * less) * per_headroom(x)
    return d if x < zero else one - d


cdef inline real generalized_logistic_exp(real x, real alpha, real *e, real *t) noexcept nogil:
    """HEADROOM * (1 + e^-x)^-alpha = HEADROOM * e^-(alpha s), s = max(-x, 0) + log1p(t), t = e^-|x|; and e = HEADROOM * t.

    log1p(t) and s are in two parts. From where the result vanishes on s is bounded."""
    cdef real zero = 0, largest = 2.0**79
    cdef real a = magnitude(x)
    cdef real e_low
    e[0] = scaled_exp_minus(at_most(exp_furthest(x), a), zero, &e_low)
    t[0] = e[0] * per_headroom(x)
    cdef real rest = log1p_rest(zero, t[0], e_low * per_headroom(x))
    cdef real log = t[0] + rest
    cdef real log_low = (t[0] - log) + rest
    cdef real start = at_most(largest, a) if x < zero else zero
    cdef real larger = start if start > log else log
    cdef real s = start + log
    cdef real s_low = ((larger - s) + (log if start > log else start)) + log_low
    s = at_most(exp_furthest(x) / alpha, s)
    cdef real z = alpha * s
    cdef real scale
    cdef real q = exp_down(-z, -fma(alpha, s_low, product_low(alpha, s, z)), &scale)
    return fma(scale, q, scale)

cdef inline real generalized_logistic_forward(real x, real alpha) noexcept nogil:
    """(1 + e^-x)^-alpha"""
    cdef real e, t
    return generalized_logistic_exp(x, alpha, &e, &t) * per_headroom(x)

cdef inline real generalized_logistic_derivative(real x, real alpha) noexcept nogil:
    """alpha f(x) sigmoid(-x)"""
    cdef real zero = 0, one = 1
    cdef real e, t
    cdef real f = generalized_logistic_exp(x, alpha, &e, &t)
    return (f if x < zero else f * per_headroom(x) * e) / (one + t) * (alpha * per_headroom(x))


# With a large alpha the tails are near: where they don't count, subnormal numbers, which are slow, are replaced by 0.
cdef inline real soft_clipping_cut(real x) noexcept nogil:
    """HEADROOM * 2^-60"""
    cdef real cut
    if real is float:
        cut = 2.0**-12
    else:
        cut = 2.0**68
    return cut

cdef inline real soft_clipping_exp(real h, real alpha, real *low) noexcept nogil:
    """HEADROOM * e^-|alpha h|; 0 where the result vanishes. low is 0 where it is below 2^-60."""
    cdef real zero = 0
    cdef real bound = exp_furthest(h) / alpha
    cdef real a = at_most(bound, magnitude(h))
    cdef real z = alpha * a
    cdef real scale
    cdef real q = exp_down(-z, -product_low(alpha, a, z), &scale)
    cdef real e = fma(scale, q, scale)
    cdef real kept = e if e > soft_clipping_cut(h) else zero
    scale = scale if e > soft_clipping_cut(h) else zero
    low[0] = fma_low(scale, q, scale, kept)
    return zero if h < -bound else e

cdef inline real not_tiny(real e) noexcept nogil:
    """e / HEADROOM, 0 where that is below 2^-60."""
    cdef real zero = 0
    return (e if e > soft_clipping_cut(e) else zero) * per_headroom(e)

cdef inline real soft_clipping_constant(real alpha, real *complement) noexcept nogil:
    """HEADROOM * c, c = e^-alpha, 0 beyond exp_furthest; and 1 - c."""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = exp_down(-at_most(exp_furthest(alpha), alpha), zero, &scale)
    cdef real unscaled = scale * per_headroom(alpha)
    complement[0] = fma(-unscaled, q, one - unscaled)
    return zero if alpha > exp_furthest(alpha) else fma(scale, q, scale)

# f(1 - x) is 1 - f(x), so that h = min(x, 1 - x) will do.
cdef inline real soft_clipping_forward(real x, real alpha) noexcept nogil:
    """f(h) = max(h, 0) + log1p(t)/alpha. With e = e^-|alpha h| and c = e^-alpha t is (1 - c) e / (1 + c e) for h <= 0, and
    e - c (1 + e) / (c + e) for 0 < h <= 1/2: nothing cancels but where h is much larger."""
    cdef real zero = 0, one = 1, half = 0.5, least = 2.0**-100  # against 0/0
    cdef real up
    if real is float:
        up = 2.0**48
    else:
        up = 2.0**128
    cdef real complement
    cdef real c = soft_clipping_constant(alpha, &complement)
    cdef real per_alpha = one / alpha
    cdef real factor = per_alpha * per_headroom(x)
    cdef real factor_low = division_remainder(one, per_alpha, alpha) * factor
    cdef real h = x if x < half else one - x
    cdef real low
    cdef real e = soft_clipping_exp(h, alpha, &low)
    e = e if e > (soft_clipping_cut(x) if x >= half else -one) else zero * e
    cdef real t = not_tiny(e)
    cdef real numerator = c * up * (one + t) if h > zero else complement * e
    cdef real quotient = numerator / ((c + least) + e if h > zero else fma(c * per_headroom(x), t, one))
    low = low if h > zero else low * complement
    e = e - quotient if h > zero else quotient
    t = not_tiny(e)
    cdef real product = e * factor
    cdef real missing = product_low(t * up, factor, product if e > soft_clipping_cut(x) else zero)
    cdef real rest = log1p_rest(zero, t, low * per_headroom(x))
    cdef real y = product + product_plus_small(rest, per_alpha, fma(t * up, factor_low, missing) + (h if h > zero else zero))
    return y if x < half else one - y

cdef inline real soft_clipping_derivative(real x, real alpha) noexcept nogil:
    """(1 - c) e / ((1 + e) (1 + c e)), for 0 < h <= 1/2 with (c + e) for the last bracket."""
    cdef real zero = 0, one = 1, half = 0.5
    cdef real complement
    cdef real c = soft_clipping_constant(alpha, &complement)
    cdef real h = x if x < half else one - x
    cdef real low
    cdef real e = soft_clipping_exp(h, alpha, &low)
    cdef real t = not_tiny(e)
    cdef real bracket = c + e if h > zero else fma(c * per_headroom(x), t, one)
    return complement * e / ((one + t) * bracket) * (one if h > zero else per_headroom(x))


# ---- Normal distribution --------------------------------------------------------------------------------------------

cdef inline real gelu_bounded(real x) noexcept nogil:
    """|x|, but no further than where x * Phi(-|x|) has rounded to zero."""
    cdef real furthest
    if real is float:
        furthest = 15
    else:
        furthest = 39.5
    return magnitude_up_to(x, furthest)

cdef inline real normal_shift(real x) noexcept nogil:
    """What normal_tail adds to a."""
    if real is float:
        return NORMAL_SHIFT_F32
    else:
        return NORMAL_SHIFT_F64

cdef inline real gelu_exp(real a, real *scale) noexcept nogil:
    """e^(-a^2/2) as exp_down gives it, from the exact square."""
    cdef real half = 0.5
    cdef real b = half * a
    cdef real z = a * b
    return exp_down(-z, -product_low(a, b, z), scale)

cdef inline real per_denominator_for_low(real v, real per_shift) noexcept nogil:
    """1/(a + shift) = (1 - v)/shift; in float its value at v = 0 will do, as v tail(v) hardly depends on v elsewhere."""
    if real is float:
        return per_shift
    else:
        return fma(-v, per_shift, per_shift)

cdef inline real gelu_forward(real x) noexcept nogil:
    """x < 0 ? -t : x - t with t = a Phi(-a) = e^(-a^2/2) v tail(v), a = |x|, v = a/(a + shift).

    The quotient v is corrected by its remainder and by what was lost in rounding its denominator. The -0.0 added to -t
    changes nothing but the sign of a zero."""
    cdef real zero = 0, one = 1, shift = normal_shift(x), per_shift = one / shift
    cdef real a = gelu_bounded(x)
    cdef real scale
    cdef real q = gelu_exp(a, &scale)
    cdef real denominator = a + shift
    cdef real v = a / denominator
    cdef real denominator_low = (shift - denominator) + a
    cdef real v_low = fma(-v, denominator_low, division_remainder(a, v, denominator)) * per_denominator_for_low(v, per_shift)
    cdef real tail_low
    cdef real tail = normal_tail(v, v_low, &tail_low)
    cdef real h = v * tail
    cdef real h_low = fma(v, tail_low, fma(v_low, tail, product_low(v, tail, h)))
    cdef real t = (h + fma(h, q, fma(h_low, q, h_low))) * scale
    return fma(-t, per_headroom(x), -zero if x < zero else x)

cdef inline real gelu_derivative(real x) noexcept nogil:
    """x < 0 ? t : 1 - t with t = Phi(-a) - a phi(a) = e^(-a^2/2) (tail(v)/(a + shift) - a / sqrt(2 pi)), a = |x|."""
    cdef real zero = 0, one = 1, shift = normal_shift(x), per_shift = one / shift
    cdef real per_sqrt_2pi = 0.39894228040143268
    cdef real a = gelu_bounded(x)
    cdef real scale
    cdef real q = gelu_exp(a, &scale)
    cdef real v = a / (a + shift)
    cdef real per_denominator = fma(-v, per_shift, per_shift)
    cdef real tail_low
    cdef real tail = normal_tail(v, zero, &tail_low)
    cdef real bracket = product_sum(tail, per_denominator, fma(tail_low, per_denominator, -per_sqrt_2pi * a))
    cdef real t = fma(scale, q, scale) * bracket * per_headroom(x)
    return t if x < zero else (one - t if x >= zero else x)


# ---- Algebraic and arctan -------------------------------------------------------------------------------------------

cdef inline real softsign_forward(real x) noexcept nogil:
    """x / (1 + |x|); beyond `large` that rounds to 1, and infinity / infinity is avoided."""
    cdef real one = 1, large = 2.0**60
    cdef real a = magnitude(x)
    a = large if a > large else a
    return with_sign(a / (one + a), x)

cdef inline real softsign_derivative(real x) noexcept nogil:
    cdef real one = 1
    cdef real r = one / (one + magnitude(x))
    return r * r

cdef inline real softsign_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    cdef real r = one - magnitude(y)
    return r * r


cdef inline real min_with_reciprocal(real a) noexcept nogil:
    """min(a, 1/a), without dividing by zero."""
    cdef real one = 1
    return (one if a > one else a) / (a if a > one else one)

cdef inline real half_pi_minus(real a, real *low) noexcept nogil:
    """pi/2 - a in two parts, the constant being given in two."""
    cdef real half_pi, half_pi_low
    if real is float:
        half_pi, half_pi_low = 1.57079637, -4.37113883e-8
    else:
        half_pi, half_pi_low = 1.5707963267948966, 6.123233995736766e-17
    cdef real difference = half_pi - a
    cdef real z = difference + half_pi_low
    low[0] = (difference - z) + half_pi_low
    return z

cdef inline real arctan_forward(real x) noexcept nogil:
    cdef real one = 1
    cdef real half_pi, half_pi_low
    if real is float:
        half_pi, half_pi_low = 1.57079637, -4.37113883e-8
    else:
        half_pi, half_pi_low = 1.5707963267948966, 6.123233995736766e-17
    cdef real a = magnitude(x)
    cdef real y = arctan_unit(min_with_reciprocal(a))
    return with_sign(half_pi - (y - half_pi_low) if a > one else y, x)

cdef inline real arctan_derivative(real x) noexcept nogil:
    """1/(1 + x^2), scaled where x^2 could overflow or the result be subnormal (down_twice is down * down)."""
    cdef real zero = 0, one = 1
    cdef real large = 2.0**30, down = 2.0**-66, down_twice = 2.0**-132
    if real is double:
        large, down, down_twice = 2.0**60, 2.0**-516, 2.0**-1032
    cdef real a = magnitude(x)
    cdef real b = a * down if a > large else a
    return one / fma(b, b, zero if a > large else one) * (down_twice if a > large else one)

cdef inline real arctan_derivative_from_output(real y) noexcept nogil:
    """cos(y)^2 = sin(pi/2 - |y|)^2, or 1 - sin(y)^2 where the cosine is the larger: then its error counts double."""
    cdef real one = 1, quarter_pi = 0.785398163397448310
    cdef real low
    cdef real a = magnitude(y)
    cdef real z = half_pi_minus(a, &low)
    cdef real s = sin_quarter(a if a < quarter_pi else z)
    return fma(-s, s, one) if a < quarter_pi else (s + low) * (s + low)


cdef inline real gudermannian_exp(real x, real *q) noexcept nogil:
    """e^-|x| as exp_down gives it, but the scale returned."""
    cdef real zero = 0
    cdef real scale
    q[0] = exp_down(-at_most(exp_furthest(x), magnitude(x)), zero, &scale)
    return scale

cdef inline real gudermannian_forward(real x) noexcept nogil:
    """2 arctan(tanh(a/2)) where a = |x| < log(1 + sqrt(2)), else pi/2 - 2 arctan(e^-a): arctan of tan(pi/8) at most.

    tanh(a/2) is m/(2 - m) with m = 1 - e^-a, corrected by what rounding lost."""
    cdef real one = 1, two = 2, bend = 0.88137358701954303, linear = 2.0**-30
    cdef real half_pi, half_pi_low
    if real is float:
        half_pi, half_pi_low = 1.57079637, -4.37113883e-8
    else:
        half_pi, half_pi_low = 1.5707963267948966, 6.123233995736766e-17
    cdef real a = magnitude(x)
    cdef real q
    cdef real scale = gudermannian_exp(x, &q) * per_headroom(x)
    cdef real e = fma(scale, q, scale)
    cdef real m = fma(-scale, q, one - scale)
    cdef real m_low = fma_low(-scale, q, one - scale, m)
    cdef real denominator = two - m
    cdef real denominator_low = (two - denominator) - m
    cdef real r = one / denominator
    cdef real t = m * r
    cdef real t_low = (division_remainder(m, t, denominator) + fma(-t, denominator_low, fma(m_low, t, m_low))) * r
    cdef real z = t if a < bend else e
    cdef real rest = arctan_eighth_tail(z) + (t_low if a < bend else fma_low(scale, q, scale, e))
    cdef real larger = fma(-two, z, half_pi)
    cdef real y = two * (z + rest) if a < bend else larger + fma(-two, rest, half_pi_low)
    return with_sign(a if a < linear else y, x)  # t would be half a subnormal number

cdef inline real gudermannian_derivative(real x) noexcept nogil:
    """1/cosh(x) = 2e/(1 + e^2), e = e^-|x|"""
    cdef real one = 1, two = 2
    cdef real q
    cdef real scale = gudermannian_exp(x, &q)
    cdef real e = fma(scale, q, scale)
    cdef real unscaled = e * per_headroom(x)
    return two * e / fma(unscaled, unscaled, one) * per_headroom(x)

cdef inline real gudermannian_derivative_from_output(real y) noexcept nogil:
    """cos(y) = sin(pi/2 - |y|), or 1 - 2 sin(y/2)^2 where the cosine is the larger; positive also where y is rounded up."""
    cdef real one = 1, two = 2, half = 0.5, quarter_pi = 0.785398163397448310
    cdef real low
    cdef real a = magnitude(y)
    cdef real z = half_pi_minus(a, &low)
    cdef real s = sin_quarter(half * a if a < quarter_pi else z)
    return fma(-two * s, s, one) if a < quarter_pi else magnitude(s + low)


# ---- Square roots ---------------------------------------------------------------------------------------------------

cdef inline real root_low(real square, real square_low, real root) noexcept nogil:
    """sqrt(square + square_low) - root, for the rounded root."""
    cdef real half = 0.5
    return (division_remainder(square, root, root) + square_low) * (half * reciprocal_estimate(root))

cdef inline real quotient_low(real numerator, real quotient, real denominator, real denominator_low) noexcept nogil:
    """numerator / (denominator + denominator_low) - quotient, for the rounded quotient."""
    cdef real rest = fma(-quotient, denominator_low, division_remainder(numerator, quotient, denominator))
    return rest * reciprocal_estimate(denominator)


cdef inline real isru_bounded(real x, real alpha) noexcept nogil:
    """|x|, but no further than where alpha x^2 is so large that neither isru nor its derivative, 0, changes any more."""
    cdef real far = 2.0**55
    if real is double:
        far = 2.0**400
    return at_most(at_most(largest_finite(x), far / square_root(alpha)), magnitude(x))

cdef inline real isru_reciprocal(real a, real alpha, real *error) noexcept nogil:
    """r = 1/sqrt(1 + alpha a^2); r (1 + error) is exact."""
    cdef real one = 1, half = 0.5
    cdef real b = alpha * a
    cdef real square = fma(b, a, one)
    cdef real square_low = fma_low(b, a, one, square)
    cdef real r = one / square_root(square)
    cdef real r_squared = r * r
    cdef real rest = fma(-product_low(r, r, r_squared), square, division_remainder(one, r_squared, square))
    error[0] = half * fma(-r_squared, square_low, rest)
    return r

cdef inline real isru_forward(real x, real alpha) noexcept nogil:
    """x / sqrt(1 + alpha x^2)"""
    cdef real zero = 0
    cdef real error
    cdef real a = isru_bounded(x, alpha)
    cdef real r = isru_reciprocal(a, alpha, &error)
    cdef real y = a * r
    y = y + fma(y, error, product_low(a, r, y))
    return x if alpha == zero else with_sign(y, x)

cdef inline real isru_derivative(real x, real alpha) noexcept nogil:
    """(1 + alpha x^2)^(-3/2)"""
    cdef real one = 1, three = 3
    cdef real error
    cdef real r = isru_reciprocal(isru_bounded(x, alpha), alpha, &error)
    return r * r * fma(r, three * error, r)


cdef inline real isrlu_forward(real x, real alpha) noexcept nogil:
    cdef real zero = 0
    return isru_forward(x, alpha) if x < zero else x

cdef inline real isrlu_derivative(real x, real alpha) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x >= zero else isru_derivative(x, alpha)


cdef inline bint squareplus_is_far(real x) noexcept nogil:
    """The square is computed of a smaller number."""
    cdef real large = 2.0**50
    if real is double:
        large = 2.0**450
    return magnitude(x) > large

cdef inline real squareplus_root(real x, real b, real *s_low, real *t, real *t_low, real *scale) noexcept nogil:
    """s and t = (s + |x|)/2 with s = sqrt(x^2 + b), over a power of two, `scale`, that keeps the square finite."""
    cdef real one = 1, half = 0.5
    cdef real down = 2.0**-65, up = 2.0**65
    if real is double:
        down, up = 2.0**-513, 2.0**513
    cdef real a = magnitude(x)
    cdef real c = a * down if squareplus_is_far(x) else a
    cdef real width = b * down * down if squareplus_is_far(x) else b
    cdef real square = fma(c, c, width)
    cdef real s = square_root(square)
    s_low[0] = root_low(square, fma_low(c, c, width, square), s)
    t[0] = fma(half, s, half * c)
    t_low[0] = fma(half, s_low[0], fma(half, s, -t[0]) + half * c)
    scale[0] = up if squareplus_is_far(x) else one
    return s

cdef inline real squareplus_forward(real x, real b) noexcept nogil:
    """x < 0 ? b/(4t) : t; far below zero t is x, and may be infinite."""
    cdef real zero = 0
    cdef real quarter_b = b * <real> 0.25
    cdef real s_low, t, t_low, scale
    squareplus_root(x, b, &s_low, &t, &t_low, &scale)
    cdef real denominator = t * scale
    cdef real quotient = quarter_b / denominator
    cdef real low = quotient_low(quarter_b, quotient, denominator, t_low)
    return (denominator if squareplus_is_far(x) else t + t_low) if x >= zero else (
        quotient if squareplus_is_far(x) else quotient + low
    )

cdef inline real squareplus_far(real x) noexcept nogil:
    """Beyond this the derivative is 1, whatever b."""
    cdef real far = 2.0**100
    if real is double:
        far = 2.0**600
    return far

cdef inline real squareplus_derivative(real x, real b) noexcept nogil:
    """y/s"""
    cdef real one = 1
    cdef real s_low, t, t_low, scale
    cdef real s = squareplus_root(x, b, &s_low, &t, &t_low, &scale)
    cdef real y = squareplus_forward(x, b)
    cdef real d = y / (s * scale)
    d = d if squareplus_is_far(x) else fma(-d, s_low * reciprocal_estimate(s), d)
    return one if x > squareplus_far(x) else d

cdef inline real squareplus_derivative_from_output(real y, real b) noexcept nogil:
    """y^2 / (y^2 + b/4), without the square, which could overflow."""
    cdef real one = 1, quarter = 0.25
    return one if y > squareplus_far(y) else y / (y + quarter * b / y)


cdef inline real root_one_plus_square(real a, real *low) noexcept nogil:
    """sqrt(1 + a^2), which is a where a is large."""
    cdef real zero = 0, one = 1, large = 2.0**30
    if real is double:
        large = 2.0**60
    cdef real square = fma(a, a, one)
    cdef real root = square_root(square)
    low[0] = zero if a > large else root_low(square, fma_low(a, a, one, square), root)
    return a if a > large else root

cdef inline real bent_identity_bounded(real x) noexcept nogil:
    """|x|, but finite: at `large` x / sqrt(x^2 + 1) is 1."""
    cdef real large = 2.0**60
    return at_most(large, magnitude(x))

cdef inline real bent_identity_forward(real x) noexcept nogil:
    """x + x w/2 with w = (sqrt(x^2 + 1) - 1) / x = x / (sqrt(x^2 + 1) + 1)"""
    cdef real one = 1, half = 0.5
    cdef real root_rest
    cdef real a = bent_identity_bounded(x)
    cdef real root = root_one_plus_square(a, &root_rest)
    cdef real denominator = root + one
    cdef real w = a / denominator
    cdef real w_low = quotient_low(a, w, denominator, (root - denominator) + one + root_rest)
    cdef real half_w = half * with_sign(w, x)
    cdef real y = fma(x, half_w, x) + half * a * w_low
    return with_sign(x * (one + half_w) if magnitude(x) > a else y, x)

cdef inline real bent_identity_derivative(real x) noexcept nogil:
    """x / (2 sqrt(x^2 + 1)) + 1"""
    cdef real one = 1, half = 0.5
    cdef real root_rest
    cdef real a = bent_identity_bounded(x)
    return fma(half, with_sign(a / root_one_plus_square(a, &root_rest), x), one)


# ---- Gaussian and error function ------------------------------------------------------------------------------------

cdef inline real gaussian_bounded(real x) noexcept nogil:
    """|x|, but no further than where x * e^(-x^2) has rounded to zero."""
    cdef real furthest = 10.5
    if real is double:
        furthest = 28
    return at_most(furthest, magnitude(x))

cdef inline real gaussian_scaled(real a) noexcept nogil:
    """HEADROOM * e^(-a^2), from the exact square."""
    cdef real z = a * a
    cdef real scale
    cdef real q = exp_down(-z, -product_low(a, a, z), &scale)
    return fma(scale, q, scale)

cdef inline real gaussian_forward(real x) noexcept nogil:
    return gaussian_scaled(gaussian_bounded(x)) * per_headroom(x)

cdef inline real gaussian_derivative(real x) noexcept nogil:
    """-2x e^(-x^2)"""
    cdef real two = 2
    cdef real a = gaussian_bounded(x)
    return gaussian_scaled(a) * with_sign(two * a, -x) * per_headroom(x)

cdef inline real erf_small(real a) noexcept nogil:
    if real is float:
        return erf_small_f32(a)
    else:
        return erf_small_f64(a)

cdef inline real log_erfc(real a, real *low) noexcept nogil:
    if real is float:
        return log_erfc_f32(a, low)
    else:
        return log_erfc_f64(a, low)


cdef inline real erf_forward(real x) noexcept nogil:
    """1 - e^log(erfc(|x|)); a polynomial where that cancels."""
    cdef real one = 1, small = ERF_SMALL, furthest = 4
    if real is double:
        furthest = 6
    cdef real a = at_most(furthest, magnitude(x))
    cdef real low, scale
    cdef real logarithm = log_erfc(a, &low)
    cdef real q = exp_down(logarithm, low, &scale)
    scale = scale * per_headroom(x)
    cdef real y = fma(-scale, q, one - scale)
    return with_sign(erf_small(a) if a < small else y, x)

cdef inline real erf_derivative(real x) noexcept nogil:
    """2/sqrt(pi) e^(-x^2)"""
    cdef real two_per_root_pi = 1.1283791670955126
    return gaussian_scaled(gaussian_bounded(x)) * two_per_root_pi * per_headroom(x)


# ---- Logarithm, sine ------------------------------------------------------------------------------------------------

cdef inline real log1p(real z, real z_low, real octaves) noexcept nogil:
    if real is float:
        return log1p_f32(z, z_low, octaves)
    else:
        return log1p_f64(z, z_low, octaves)

cdef inline real half_turns(real a, real *sign) noexcept nogil:
    if real is float:
        return half_turns_f32(a, sign)
    else:
        return half_turns_f64(a, sign)

cdef inline real sinc_tail(real u) noexcept nogil:
    if real is float:
        return sinc_tail_f32(u)
    else:
        return sinc_tail_f64(u)

cdef inline real sinc_slope(real u) noexcept nogil:
    if real is float:
        return sinc_slope_f32(u)
    else:
        return sinc_slope_f64(u)

cdef inline real cos_tail(real u) noexcept nogil:
    if real is float:
        return cos_tail_f32(u)
    else:
        return cos_tail_f64(u)


cdef inline real arsinh_forward(real x) noexcept nogil:
    """log1p(a + (sqrt(1 + a^2) - 1)), a = |x|; log1p(a/2) + 2 log(2) where a is large."""
    cdef real zero = 0, one = 1, two = 2, half = 0.5, large = 2.0**30
    if real is double:
        large = 2.0**60
    cdef real root_rest
    cdef real a = magnitude(x)
    cdef real root = root_one_plus_square(a, &root_rest)
    cdef real rise = zero if a > large else a * (a / (one + root))
    cdef real b = half * a if a > large else a
    cdef real z = b + rise
    cdef real y = log1p(z, (b - z) + rise, two if a > large else zero)
    return with_sign(y if a <= largest_finite(x) else a, x)

cdef inline real arsinh_derivative(real x) noexcept nogil:
    """1 / sqrt(x^2 + 1)"""
    cdef real one = 1
    cdef real root_rest
    return one / root_one_plus_square(magnitude(x), &root_rest)


cdef inline real sum_low(real a, real b, real total) noexcept nogil:
    """a + b - total, for the rounded total (Knuth 1969)."""
    cdef real b_part = total - a
    return (a - (total - b_part)) + (b - b_part)

cdef inline real soft_exponential_power(real x, real alpha, real *scale, real *unit) noexcept nogil:
    """e^(alpha x) as exp_any gives it."""
    cdef real a = magnitude(alpha)
    cdef real far = at_most(largest_finite(x), exp_furthest(x) / a)
    cdef real b = between(-far, far, x)
    cdef real z = alpha * b
    return exp_any(z, product_low(alpha, b, z), scale, unit)

cdef inline real soft_exponential_argument(real x, real alpha, real *low, real *octaves) noexcept nogil:
    """w = -alpha (x + alpha), where x is huge (1 + w)/2^octaves - 1: for alpha < 0 the function is its log1p."""
    cdef real zero = 0, one = 1, large = 2.0**64, down = 2.0**-64, up = 64
    cdef real a = magnitude(x)
    cdef real shift = zero if a > large else alpha
    cdef real b = x * (down if a > large else one)
    cdef real total = b + shift
    cdef real w = -alpha * total
    cdef real without = w - (one if a > large else zero)
    low[0] = fma(-alpha, sum_low(b, shift, total), product_low(-alpha, total, w)) + sum_low(w, without - w, without)
    octaves[0] = up if a > large else zero
    return without

# For alpha > 0 no logarithm is needed, whatever x: then "near" is everywhere.
cdef inline real soft_exponential_near_limit(real x, real alpha) noexcept nogil:
    cdef real zero = 0
    return largest_finite(x) if alpha > zero else zero

cdef inline real soft_exponential_near_forward(real x, real alpha) noexcept nogil:
    """(e^(alpha x) + (alpha^2 - 1))/alpha, so that nothing is lost where alpha is 1."""
    cdef real one = 1
    cdef real scale, unit
    cdef real q = soft_exponential_power(x, alpha, &scale, &unit)
    cdef real square = alpha * alpha
    cdef real shift = square - one
    cdef real shift_low = sum_low(square, -one, shift) + product_low(alpha, alpha, square)
    cdef real per_unit = one / unit
    cdef real total = fma(shift, per_unit, scale)
    cdef real rest = fma(shift_low, per_unit, sum_low(scale, shift * per_unit, total))
    return (fma(scale, q, rest) + total) * (one / alpha) * unit

cdef inline real soft_exponential_forward(real x, real alpha) noexcept nogil:
    """(e^(alpha x) - 1)/alpha + alpha, x or -log(1 - alpha (x + alpha))/alpha, as alpha is positive, 0 or negative."""
    cdef real zero = 0, one = 1
    cdef real low, octaves
    cdef real power = soft_exponential_near_forward(x, alpha if alpha > zero else one)
    cdef real w = soft_exponential_argument(x, alpha, &low, &octaves)
    cdef real logarithm = -log1p(w, low, octaves) / (alpha if alpha < zero else one)
    logarithm = logarithm if w > -one else -one / square_root(w + one)  # infinite at the end of the domain, NaN beyond
    logarithm = x if x > largest_finite(x) else logarithm
    cdef real other = logarithm if alpha < zero else x
    return power if alpha > zero else other

cdef inline real soft_exponential_near_derivative(real x, real alpha) noexcept nogil:
    """e^(alpha x)"""
    cdef real scale, unit
    cdef real q = soft_exponential_power(x, alpha, &scale, &unit)
    return fma(scale, q, scale) * unit

cdef inline real soft_exponential_derivative(real x, real alpha) noexcept nogil:
    """e^(alpha x), or 1/(1 - alpha (x + alpha)) for alpha < 0."""
    cdef real zero = 0, one = 1, down = 2.0**-64
    cdef real low, octaves
    cdef real w = soft_exponential_argument(x, alpha, &low, &octaves)
    cdef real total = one + w
    cdef real reciprocal = one / (total + (sum_low(one, w, total) + low)) * (down if octaves > zero else one)
    reciprocal = reciprocal if w > -one else one / square_root(w + one)
    reciprocal = zero if x > largest_finite(x) else reciprocal
    return reciprocal if alpha < zero else soft_exponential_near_derivative(x, alpha)


cdef inline real sinc_forward(real x) noexcept nogil:
    """sin(pi r) / (pi r) times r / x, with r the distance from the nearest integer."""
    cdef real zero = 0, one = 1, half = 0.5, large = 2.0**60
    cdef real sign
    cdef real a = at_most(large, magnitude(x))
    cdef real r = half_turns(a, &sign)
    cdef real u = r * r
    cdef real numerator = one if a < half else r
    cdef real denominator = one if a < half else a
    cdef real ratio = numerator / denominator
    cdef real less = u * sinc_tail(u)
    cdef real ratio_low = quotient_low(numerator, ratio, denominator, zero)
    return (product_sum(ratio, less, ratio) + fma(ratio_low, less, ratio_low)) * sign

cdef inline real sinc_derivative(real x) noexcept nogil:
    """(cos(pi x) - sinc(x)) / x; a polynomial where that cancels."""
    cdef real one = 1, half = 0.5, large = 2.0**60
    cdef real sign
    cdef real a = magnitude(x)
    cdef real r = half_turns(at_most(large, a), &sign)
    cdef real u = r * r
    cdef real cosine = fma(u, cos_tail(u), one) * sign
    return x * sinc_slope(u) if a < half else (cosine - sinc_forward(x)) / x


cdef inline real sin_tail(real u) noexcept nogil:
    if real is float:
        return sin_tail_f32(u)
    else:
        return sin_tail_f64(u)

cdef inline real sin_squared_tail(real u) noexcept nogil:
    if real is float:
        return sin_squared_tail_f32(u)
    else:
        return sin_squared_tail_f64(u)

cdef inline real with_signs(real y, real a, real b) noexcept nogil:
    """y, its sign changed if just one of a and b is negative."""
    if real is float:
        return with_signs_f32(y, a, b)
    else:
        return with_signs_f64(y, a, b)

cdef inline real cosine_tail(real u) noexcept nogil:
    if real is float:
        return cosine_tail_f32(u)
    else:
        return cosine_tail_f64(u)

cdef inline real quarter_turns(real a, int more, real *parity, real *sign) noexcept nogil:
    if real is float:
        return quarter_turns_f32(a, more, parity, sign)
    else:
        return quarter_turns_f64(a, more, parity, sign)

cdef inline real minus_quarters(real a, real n, real *low) noexcept nogil:
    if real is float:
        return minus_quarters_f32(a, n, low)
    else:
        return minus_quarters_f64(a, n, low)

cdef inline real turns(real x, int quarters, real *low, real *parity, real *sign) noexcept nogil:
    if real is float:
        return turns_f32(x, quarters, low, parity, sign)
    else:
        return turns_f64(x, quarters, low, parity, sign)

cdef inline real sum_turns(real x, real x_low, int octaves, real *sign) noexcept nogil:
    if real is float:
        return sum_turns_f32(x, x_low, octaves, sign)
    else:
        return sum_turns_f64(x, x_low, octaves, sign)

cdef inline real sine_or_cosine(real r, real low, bint is_cosine) noexcept nogil:
    """sin(r + low) or cos(r + low) for |r| <= pi/4"""
    cdef real one = 1
    cdef real u = r * r
    cdef real tail = cosine_tail(u) if is_cosine else sin_quarter_tail(u)
    cdef real small = -r * low if is_cosine else low
    return (one if is_cosine else r) + fma(u if is_cosine else r * u, tail, small)

cdef inline real sinusoid_near_limit(real x) noexcept nogil:
    """Up to here minus_quarters suffices."""
    if real is float:
        return 12800
    else:
        return 1.5e6

cdef inline real sinusoid_near(real x, int more, real *low, real *parity, real *sign) noexcept nogil:
    """r: sin(|x| + more * pi/2) is +-sin(r + low), or +-cos(r + low): see quarter_turns in vecmath.h."""
    cdef real a = magnitude(x)
    return minus_quarters(a, quarter_turns(a, more, parity, sign), low)

cdef inline real sinusoid_any(real x, int quarters, real *sign) noexcept nogil:
    """sin(|x| + quarters * pi/2), but for its sign."""
    cdef real zero = 0
    cdef real near_low, near_parity, near_sign, far_low, far_parity, far_sign
    cdef bint is_near = magnitude(x) < sinusoid_near_limit(x)
    cdef real near = sinusoid_near(x, quarters, &near_low, &near_parity, &near_sign)
    cdef real far = turns(x, quarters, &far_low, &far_parity, &far_sign)
    near_parity = -near_parity if quarters else near_parity
    cdef real parity = near_parity if is_near else far_parity
    sign[0] = near_sign if is_near else far_sign
    cdef real y = sine_or_cosine(near if is_near else far, near_low if is_near else far_low, parity < zero)
    return y if magnitude(x) <= largest_finite(x) else x - x

cdef inline real sinusoid_near_forward(real x) noexcept nogil:
    cdef real zero = 0
    cdef real low, parity, sign
    cdef real r = sinusoid_near(x, 0, &low, &parity, &sign)
    return with_signs(sine_or_cosine(r, low, parity < zero), sign, x)

cdef inline real sinusoid_forward(real x) noexcept nogil:
    """sin(x); NaN at infinity."""
    cdef real sign
    cdef real y = sinusoid_any(x, 0, &sign)
    return with_signs(y, sign, x)

cdef inline real sinusoid_near_derivative(real x) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real low, parity, sign
    cdef real r = sinusoid_near(x, 1, &low, &parity, &sign)
    return with_signs(sine_or_cosine(r, low, parity > zero), sign, one)

cdef inline real sinusoid_derivative(real x) noexcept nogil:
    """cos(x)"""
    cdef real one = 1
    cdef real sign
    cdef real y = sinusoid_any(x, 1, &sign)
    return with_signs(y, sign, one)


cdef inline real snake_reduced(real x, real alpha, real *low, real *sign) noexcept nogil:
    """r with |alpha x| = n pi/2 + r + low, and sign = (-1)^n."""
    cdef real half_sign
    cdef real a = magnitude(x)
    cdef real z = alpha * a
    cdef real z_low = product_low(alpha, a, z)
    cdef real r = minus_quarters(z, quarter_turns(z, 0, sign, &half_sign), low)
    low[0] = low[0] + z_low
    return r

cdef inline real snake_forward(real x, real alpha) noexcept nogil:
    """x + sin(r)^2/alpha, or (x + 1/alpha) - sin(r)^2/alpha where the sine is the larger: so the sums do not cancel after
    a rounding; 2r (1 - 0.6 u) is about sin(2r), by which low counts. Far out, where the sine's square changes x by an ULP at
    most, half of that."""
    cdef real zero = 0, one = 1, two = 2, half = 0.5, bend = -0.6, far = 1.25e7
    if real is double:
        far = 7e15
    cdef real low, sign
    cdef real r = snake_reduced(x, alpha, &low, &sign)
    cdef real period = at_most(largest_finite(x), one / alpha)
    cdef real period_low = division_remainder(one, period, alpha) * period
    cdef real shift = period if sign < zero else zero
    cdef real base = x + shift
    cdef real base_low = (shift - (base - x)) + (period_low if sign < zero else zero)
    cdef real u = r * r
    cdef real g = r * period
    cdef real g_low = fma(r, period_low, product_low(r, period, g))
    cdef real rest = fma(r * g, u * sin_squared_tail(u), fma(two * g * low, fma(u, bend, one), r * g_low))
    cdef real y = product_sum(sign * r, g, base) + fma(sign, rest, base_low)
    return with_sign(fma(half, period, x) if alpha * magnitude(x) > far else y, x)

cdef inline real sine_of_double(real v) noexcept nogil:
    """sin(v) for |v| <= pi/2, to an ULP of 1."""
    cdef real u = v * v
    return fma(v * u, sin_tail(u), v)

cdef inline real snake_near_limit(real x, real alpha) noexcept nogil:
    return at_most(largest_finite(x), sinusoid_near_limit(x) / alpha)

cdef inline real snake_near_double(real x, real alpha, real *sign) noexcept nogil:
    """v with sin(2 |alpha x|) = sign * sin(v)."""
    cdef real two = 2
    cdef real low
    cdef real r = snake_reduced(x, alpha, &low, sign)
    return two * (r + low)

cdef inline real snake_near_derivative(real x, real alpha) noexcept nogil:
    cdef real one = 1
    cdef real sign
    cdef real v = snake_near_double(x, alpha, &sign)
    return fma(with_sign(sign, sign * x), sine_of_double(v), one)

cdef inline real snake_derivative(real x, real alpha) noexcept nogil:
    """1 + sin(2 alpha x); the product, which may overflow, times 2^-64 (right for alpha from 2^-94 to 2^107)."""
    cdef real one = 1, down = 2.0**-32
    cdef real sign, near_sign
    cdef bint is_near = magnitude(x) < snake_near_limit(x, alpha)
    cdef real near = snake_near_double(x, alpha, &near_sign)
    cdef real a = magnitude(x) * down
    cdef real factor = alpha * down
    cdef real z = factor * a
    cdef real far = sum_turns(z, product_low(factor, a, z), 65, &sign)
    sign = near_sign if is_near else sign
    cdef real slope = fma(with_sign(sign, sign * x), sine_of_double(near if is_near else far), one)
    return slope if magnitude(x) <= largest_finite(x) else x - x
