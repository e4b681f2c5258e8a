# The activation functions: ONE entry each, forward and derivative.
#
#   NAME_forward(x, parameters...)                  f(x)
#   NAME_derivative(x, parameters...)               f'(x)
#   NAME_derivative_from_output(y, parameters...)   f'(x) from y = f(x), where that is possible
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
    float remainder_f32(float numerator, float quotient, float denominator)
    double remainder_f64(double numerator, double quotient, double denominator)
    float exp_split_f32(float x, float x_low, int headroom, float *scale)
    double exp_split_f64(double x, double x_low, int headroom, double *scale)
    float log1p_tail_f32(float t)
    double log1p_tail_f64(double t)
    float tanh_small_f32(float a)
    double tanh_small_f64(double a)
    float arctan_unit_f32(float t)
    double arctan_unit_f64(double t)
    float sin_quarter_f32(float z)
    double sin_quarter_f64(double z)
    float normal_tail_f32(float v, float v_low, float *low)
    double normal_tail_f64(double v, double v_low, double *low)
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

cdef inline real division_remainder(real numerator, real quotient, real denominator) noexcept nogil:
    if real is float:
        return remainder_f32(numerator, quotient, denominator)
    else:
        return remainder_f64(numerator, quotient, denominator)

cdef inline real magnitude(real x) noexcept nogil:
    if real is float:
        return fabsf(x)
    else:
        return fabs(x)

cdef inline real with_sign(real x, real sign) noexcept nogil:
    if real is float:
        return copysignf(x, sign)
    else:
        return copysign(x, sign)

cdef inline real exp_down(real x, real x_low, real *scale) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) / HEADROOM, for -exp_furthest <= x <= 0."""
    if real is float:
        return exp_split_f32(x, x_low, HEADROOM_F32, scale)
    else:
        return exp_split_f64(x, x_low, HEADROOM_F64, scale)

cdef inline real exp_up(real x, real x_low, real *scale) noexcept nogil:
    """q with e^(x + x_low) = (scale + scale*q) * HEADROOM, for 0 <= x <= exp_furthest."""
    if real is float:
        return exp_split_f32(x, x_low, -HEADROOM_F32, scale)
    else:
        return exp_split_f64(x, x_low, -HEADROOM_F64, scale)

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


# ---- Exponential ----------------------------------------------------------------------------------------------------

cdef inline real elu_exp(real x, real *scale) noexcept nogil:
    """e^x = scale + scale*q for x < 0; 1 or more (never used) above."""
    cdef real zero = 0
    return exp_down(-at_most(exp_furthest(x), -x), zero, scale)

cdef inline real elu_forward(real x, real alpha) noexcept nogil:
    """x > 0 ? x : alpha * expm1(x)"""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = elu_exp(x, &scale)
    scale = scale * per_headroom(x)
    return alpha * fma(scale, q, scale - one) if x < zero else x

cdef inline real elu_derivative(real x, real alpha) noexcept nogil:
    """x > 0 ? 1 : alpha * e^x"""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = elu_exp(x, &scale)
    return one if x > zero else alpha * fma(scale, q, scale) * per_headroom(x)

cdef inline real elu_derivative_from_output(real y, real alpha) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if y > zero else y + alpha


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
    """HEADROOM * sigmoid(-2|x|), uncorrected: it is used where it is at most a sixth."""
    cdef real zero = 0, one = 1, two = 2
    cdef real scale
    cdef real q = exp_up(at_most(exp_furthest(x), two * magnitude(x)), zero, &scale)
    return one / fma(scale, q, scale + per_headroom(x))

cdef inline real tanh_forward(real x) noexcept nogil:
    """1 - 2 sigmoid(-2|x|); a polynomial where that cancels."""
    cdef real one = 1, two = 2, small = TANH_SMALL
    cdef real a = magnitude(x)
    cdef real y = fma(-two * per_headroom(x), tanh_tail(x), one)
    return with_sign(tanh_small(a) if a < small else y, x)

cdef inline real tanh_derivative(real x) noexcept nogil:
    """4t (1 - t), t = sigmoid(-2|x|)"""
    cdef real one = 1, four = 4
    cdef real t = tanh_tail(x)
    return t * fma(-per_headroom(x), t, one) * (four * per_headroom(x))

cdef inline real tanh_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    return (one - y) * (one + y)


cdef inline real softplus_exp(real x, real beta) noexcept nogil:
    """HEADROOM * e^-|beta x|"""
    cdef real b = magnitude(beta)
    cdef real a = at_most(exp_furthest(x) / b, magnitude(x))
    cdef real z = b * a
    cdef real scale
    cdef real q = exp_down(-z, -product_low(b, a, z), &scale)
    return fma(scale, q, scale)

cdef inline real softplus_forward(real x, real beta) noexcept nogil:
    """max(x, 0) + log1p(e^-|beta x|) / beta, with log1p(e) = e + e^2 * log1p_tail(e); e itself is added last."""
    cdef real zero = 0, one = 1
    cdef real per_beta = one / beta
    cdef real factor = per_beta * per_headroom(x)
    cdef real factor_low = division_remainder(one, per_beta, beta) * factor
    cdef real e_scaled = softplus_exp(x, beta)
    cdef real e = e_scaled * per_headroom(x)
    cdef real smaller_terms = fma(e_scaled * factor * e, log1p_tail(e), x if x > zero else zero)
    return fma(e_scaled, factor, fma(e_scaled, factor_low, smaller_terms))

cdef inline real softplus_derivative(real x, real beta) noexcept nogil:
    """sigmoid(beta x) = t or 1 - t, t = e / (1 + e), e = e^-|beta x|"""
    cdef real zero = 0, one = 1
    cdef real e_scaled = softplus_exp(x, beta)
    cdef real t = e_scaled / fma(e_scaled, per_headroom(x), one) * per_headroom(x)
    return one - t if x > zero else t

cdef inline real softplus_derivative_from_output(real y, real beta) noexcept nogil:
    """-expm1(-beta * y)"""
    cdef real one = 1
    cdef real a = at_most(exp_furthest(y) / beta, y)
    cdef real z = beta * a
    cdef real scale
    cdef real q = exp_down(-z, -product_low(beta, a, z), &scale)
    scale = scale * per_headroom(y)
    return magnitude(fma(scale, q, scale - one))


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

cdef inline real silu_forward(real x, real beta) noexcept nogil:
    """t = |x| sigmoid(-|beta x|): -t below zero, x - t above; for a negative beta x + t below, t above.

    Needs |beta| > 2e-5 (2e-13 for double), or x where the result vanishes is out of exp's range."""
    cdef real zero = 0, one = 1
    cdef real a, z
    cdef real denominator = silu_denominator(x, beta, &a, &z)
    cdef real sign = with_sign(one, beta)
    return fma(a / denominator, -sign * per_headroom(x), -zero if x * sign < zero else x)

cdef inline real silu_derivative(real x, real beta) noexcept nogil:
    """d = s (1 - z (1 - s)) with s = sigmoid(-z), z = |beta x|: d below zero, 1 - d above."""
    cdef real zero = 0, one = 1
    cdef real a, z
    cdef real tail = one / silu_denominator(x, beta, &a, &z)
    cdef real sign = with_sign(one, beta)
    cdef real d = tail * fma(-z, fma(-per_headroom(x), tail, one), one) * per_headroom(x)
    return d if x * sign < zero else one - d


# ---- Normal distribution --------------------------------------------------------------------------------------------

cdef inline real gelu_bounded(real x) noexcept nogil:
    """|x|, but no further than where x * Phi(-|x|) has rounded to zero."""
    cdef real furthest
    if real is float:
        furthest = 15
    else:
        furthest = 39.5
    cdef real a = magnitude(x)
    return a if a < furthest else furthest  # also NaN: who calls this puts it back

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


# ---- Square roots ---------------------------------------------------------------------------------------------------

cdef extern from "<math.h>" nogil:
    float sqrtf(float x)
    double sqrt(double x)

cdef extern from "vecmath.h" nogil:
    float fma_low_f32(float a, float b, float c, float sum)
    double fma_low_f64(double a, double b, double c, double sum)
    float reciprocal_estimate_f32(float a)
    double reciprocal_estimate_f64(double a)

cdef inline real square_root(real x) noexcept nogil:
    if real is float:
        return sqrtf(x)
    else:
        return sqrt(x)

cdef inline real fma_low(real a, real b, real c, real total) noexcept nogil:
    if real is float:
        return fma_low_f32(a, b, c, total)
    else:
        return fma_low_f64(a, b, c, total)

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

cdef extern from "vecmath.h" nogil:
    float erf_small_f32(float a)
    double erf_small_f64(double a)
    float log_erfc_f32(float a, float *low)
    double log_erfc_f64(double a, double *low)
    const float ERF_SMALL

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

cdef extern from "vecmath.h" nogil:
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


cdef extern from "vecmath.h" nogil:
    float turns_f32(float x, int quarters, float *low, float *sign)
    double turns_f64(double x, int quarters, double *low, double *sign)
    float sin_half_turns_f32(float r, float r_low)
    double sin_half_turns_f64(double r, double r_low)

cdef inline real turns(real x, int quarters, real *low, real *sign) noexcept nogil:
    if real is float:
        return turns_f32(x, quarters, low, sign)
    else:
        return turns_f64(x, quarters, low, sign)

cdef inline real sin_half_turns(real r, real r_low) noexcept nogil:
    if real is float:
        return sin_half_turns_f32(r, r_low)
    else:
        return sin_half_turns_f64(r, r_low)

cdef inline real sinusoid_forward(real x) noexcept nogil:
    """sin(x); x itself where it is small, NaN at infinity."""
    cdef real small = 2.0**-12
    if real is double:
        small = 2.0**-27
    cdef real a = magnitude(x)
    cdef real low, sign
    cdef real r = turns(x, 0, &low, &sign)
    cdef real y = with_sign(sin_half_turns(r, low), x) * sign
    return (x if a < small else y) if a <= largest_finite(x) else x - x

cdef inline real sinusoid_derivative(real x) noexcept nogil:
    """cos(x)"""
    cdef real low, sign
    cdef real r = turns(x, 1, &low, &sign)
    cdef real y = sin_half_turns(r, low) * sign
    return y if magnitude(x) <= largest_finite(x) else x - x
