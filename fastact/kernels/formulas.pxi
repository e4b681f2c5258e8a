# The activation functions: ONE entry each, forward and derivative.
#
#   NAME_forward(x, parameters...)                  f(x)
#   NAME_derivative(x, parameters...)               f'(x)
#   NAME_derivative_from_output(y, parameters...)   f'(x) from y = f(x), where that is possible
#
# Rules.  No branch: conditional expressions vectorise, `if` may not.  Constants are typed (`cdef real one = 1`): a bare 1 in
# a float formula is a C double and halves its speed.  Every comparison lets NaN through to the result.  What forward and
# derivative share is computed by the same helper from the same arguments, so that the compiler merges it in one loop.

from libc.stdint cimport (
    int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
)

cdef extern from "vecmath.h" nogil:
    float fma_f32(float a, float b, float c)
    double fma_f64(double a, double b, double c)
    float product_low_f32(float a, float b, float product)
    double product_low_f64(double a, double b, double product)
    float remainder_f32(float numerator, float quotient, float denominator)
    double remainder_f64(double numerator, double quotient, double denominator)
    float exp_split_f32(float x, float x_low, float *scale)
    double exp_split_f64(double x, double x_low, double *scale)
    float log1p_tail_f32(float t)
    double log1p_tail_f64(double t)
    float tanh_small_f32(float a)
    double tanh_small_f64(double a)
    float arctan_unit_f32(float t)
    double arctan_unit_f64(double t)
    float cos_half_turn_f32(float y)
    double cos_half_turn_f64(double y)
    float normal_tail_f32(float v)
    double normal_tail_f64(double v)
    const float EXP_LOWEST_F32, PER_HEADROOM_F32
    const double EXP_LOWEST_F64, PER_HEADROOM_F64
    const int NORMAL_SHIFT
    const float TANH_SMALL

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

cdef inline real exp_split(real x, real x_low, real *scale) noexcept nogil:
    if real is float:
        return exp_split_f32(x, x_low, scale)
    else:
        return exp_split_f64(x, x_low, scale)

cdef inline real exp_lowest(real x) noexcept nogil:
    if real is float:
        return EXP_LOWEST_F32
    else:
        return EXP_LOWEST_F64

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

cdef inline real cos_half_turn(real y) noexcept nogil:
    if real is float:
        return cos_half_turn_f32(y)
    else:
        return cos_half_turn_f64(y)

cdef inline real normal_tail(real v) noexcept nogil:
    if real is float:
        return normal_tail_f32(v)
    else:
        return normal_tail_f64(v)


# ---- Shared parts ---------------------------------------------------------------------------------------------------

cdef inline real exp_clamped(real x, real x_low, real *scale) noexcept nogil:
    """exp_split for any x <= 0: below its range, where even x * e^x rounds to 0, the result stays at the end of it."""
    cdef real zero = 0
    cdef real lowest = exp_lowest(x)
    return exp_split(lowest if x < lowest else x, zero if x < lowest else x_low, scale)

cdef inline real exp_minus_magnitude(real z, real z_low, real *e_low) noexcept nogil:
    """HEADROOM * e^-|z + z_low| as a sum of two parts, of which the second is returned in e_low."""
    cdef real zero = 0
    cdef real scale
    cdef real q = exp_clamped(-magnitude(z), -z_low if z > zero else z_low, &scale)
    cdef real e = fma(scale, q, scale)
    e_low[0] = fma(scale, q, scale - e)
    return e

cdef inline real times_sigmoid(real weight, real z, real z_low) noexcept nogil:
    """weight * sigmoid(z + z_low): weight * (z < 0 ? e : 1) / (1 + e), e = e^-|z|, with every rounding error of the
    quotient's parts put back in at the end.  Needs |weight| < 2^79 (2^895) where z < 0 is small."""
    cdef real zero = 0, one = 1
    cdef real unscale = per_headroom(z)
    cdef real e_low
    cdef real e_scaled = exp_minus_magnitude(z, z_low, &e_low)
    cdef real e = e_scaled * unscale
    cdef real denominator = one + e
    cdef real denominator_low = (one - denominator) + e
    cdef real r = one / denominator
    cdef real factor = e_scaled if z < zero else one
    cdef real factor_low = e_low if z < zero else zero
    cdef real numerator = weight * factor
    cdef real numerator_low = fma(weight, factor_low, product_low(weight, factor, numerator))
    cdef real quotient = numerator * r
    cdef real remainder = division_remainder(numerator, quotient, denominator)
    remainder = fma(-quotient, denominator_low, remainder + numerator_low)
    quotient = fma(remainder, r, quotient)
    return with_sign(quotient * (unscale if z < zero else one), weight)

cdef inline real sigmoid_slope(real z, real z_low) noexcept nogil:
    """e / (1 + e)^2"""
    cdef real one = 1
    cdef real unscale = per_headroom(z)
    cdef real e_low
    cdef real e_scaled = exp_minus_magnitude(z, z_low, &e_low)
    cdef real r = one / (one + e_scaled * unscale)
    return e_scaled * r * r * unscale


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

cdef inline real elu_forward(real x, real alpha) noexcept nogil:
    """x > 0 ? x : alpha * expm1(x), with e^x = scale * (1 + q)."""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = exp_clamped(x, zero, &scale)
    scale = scale * per_headroom(x)
    return alpha * fma(scale, q, scale - one) if x < zero else x

cdef inline real elu_derivative(real x, real alpha) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = exp_clamped(x, zero, &scale)
    return one if x > zero else alpha * fma(scale, q, scale) * per_headroom(x)

cdef inline real elu_derivative_from_output(real y, real alpha) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if y > zero else y + alpha


cdef inline real sigmoid_forward(real x) noexcept nogil:
    cdef real zero = 0, one = 1
    return times_sigmoid(one, x, zero)

cdef inline real sigmoid_derivative(real x) noexcept nogil:
    cdef real zero = 0
    return sigmoid_slope(x, zero)

cdef inline real sigmoid_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    return y * (one - y)


cdef inline real tanh_forward(real x) noexcept nogil:
    """1 - 2e/(1 + e), e = e^-2|x|; a polynomial where that cancels."""
    cdef real one = 1, two = 2, small = TANH_SMALL
    cdef real a = magnitude(x)
    cdef real e_low, zero = 0
    cdef real e = exp_minus_magnitude(two * a, zero, &e_low) * per_headroom(x)
    cdef real r = one / (one + e)
    cdef real y = tanh_small(a) if a < small else fma(-two * e, r, one)
    return with_sign(y, x)

cdef inline real tanh_derivative(real x) noexcept nogil:
    """4e/(1 + e)^2"""
    cdef real one = 1, two = 2, four = 4
    cdef real a = magnitude(x)
    cdef real e_low, zero = 0
    cdef real e_scaled = exp_minus_magnitude(two * a, zero, &e_low)
    cdef real r = one / (one + e_scaled * per_headroom(x))
    return four * e_scaled * r * r * per_headroom(x)

cdef inline real tanh_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    return (one - y) * (one + y)


cdef inline real softplus_forward(real x, real beta) noexcept nogil:
    """max(x, 0) + log1p(e^-|beta x|) / beta"""
    cdef real zero = 0, one = 1, half = 0.5
    cdef real per_beta = one / beta
    cdef real per_beta_low = division_remainder(one, per_beta, beta) * per_beta
    cdef real z = beta * x
    cdef real e_low
    cdef real e_scaled = exp_minus_magnitude(z, product_low(beta, x, z), &e_low)
    cdef real e = e_scaled * per_headroom(x)
    cdef real log1p = e_scaled + fma(e_scaled * e, log1p_tail(e), fma(e_low * e, -half, e_low))
    return fma(fma(log1p, per_beta, log1p * per_beta_low), per_headroom(x), x if z > zero else zero)

cdef inline real softplus_derivative(real x, real beta) noexcept nogil:
    cdef real one = 1
    cdef real z = beta * x
    return times_sigmoid(one, z, product_low(beta, x, z))

cdef inline real softplus_derivative_from_output(real y, real beta) noexcept nogil:
    """-expm1(-beta * y)"""
    cdef real one = 1
    cdef real z = beta * y
    cdef real scale
    cdef real q = exp_clamped(-z, -product_low(beta, y, z), &scale)
    scale = scale * per_headroom(y)
    return magnitude(fma(scale, q, scale - one))


cdef inline real silu_forward(real x, real beta) noexcept nogil:
    """x * sigmoid(beta * x); where e^-|beta x| vanishes x or a zero, as infinity * 0 is not a number."""
    cdef real zero = 0
    cdef real z = beta * x
    cdef real limit = x if z > zero else with_sign(zero, x)
    cdef real y = times_sigmoid(x, z, product_low(beta, x, z))
    return limit if -magnitude(z) < exp_lowest(x) else y

cdef inline real silu_derivative(real x, real beta) noexcept nogil:
    """s + z * s' with s = sigmoid(z), z = beta * x, as s * (1 + z * (1 - s)): the small factor e is multiplied last."""
    cdef real zero = 0, one = 1
    cdef real unscale = per_headroom(x)
    cdef real lowest = exp_lowest(x)
    cdef real z = beta * x
    cdef real e_low
    cdef real e_scaled = exp_minus_magnitude(z, product_low(beta, x, z), &e_low)
    cdef real e = e_scaled * unscale
    cdef real r = one / (one + e)
    cdef real bounded = lowest if z < lowest else (-lowest if z > -lowest else z)
    cdef real bracket = fma(bounded * r, one if z < zero else e, one)
    return (e_scaled if z < zero else one) * r * bracket * (unscale if z < zero else one)


# ---- Normal distribution --------------------------------------------------------------------------------------------

cdef inline real gelu_bounded(real x) noexcept nogil:
    """|x|, but no further than where x * Phi(-|x|) has rounded to zero."""
    cdef real furthest
    if real is float:
        furthest = 15
    else:
        furthest = 39.5
    cdef real a = magnitude(x)
    return furthest if a > furthest else a

cdef inline real gelu_exp(real a, real *scale) noexcept nogil:
    """e^(-a^2/2) as exp_split gives it, from the exact square."""
    cdef real half = 0.5
    cdef real square = a * a
    return exp_split(-half * square, -half * product_low(a, a, square), scale)

cdef inline real gelu_forward(real x) noexcept nogil:
    """x < 0 ? -t : x - t with t = |x| Phi(-|x|) = e^(-a^2/2) v tail(v), v = a/(a + NORMAL_SHIFT)."""
    cdef real zero = 0, one = 1, shift = NORMAL_SHIFT, per_shift = 1.0 / NORMAL_SHIFT
    cdef real a = gelu_bounded(x)
    cdef real scale
    cdef real q = gelu_exp(a, &scale)
    cdef real denominator = a + shift
    cdef real v = a / denominator
    cdef real denominator_low = (shift - denominator) + a
    cdef real v_low = fma(-v, denominator_low, division_remainder(a, v, denominator)) * (one - v) * per_shift
    cdef real tail = normal_tail(v)
    cdef real h = v * tail
    cdef real h_low = fma(v_low, tail, product_low(v, tail, h))
    cdef real t = (h + fma(h, q, h_low)) * scale
    return with_sign(fma(-t, per_headroom(x), x if x > zero else zero), x)

cdef inline real gelu_derivative(real x) noexcept nogil:
    """x < 0 ? t : 1 - t with t = Phi(-a) - a phi(a) = e^(-a^2/2) (tail(v)/(a + NORMAL_SHIFT) - a / sqrt(2 pi))."""
    cdef real zero = 0, one = 1, shift = NORMAL_SHIFT, per_shift = 1.0 / NORMAL_SHIFT
    cdef real per_sqrt_2pi = 0.39894228040143268
    cdef real a = gelu_bounded(x)
    cdef real scale
    cdef real q = gelu_exp(a, &scale)
    cdef real v = a / (a + shift)
    cdef real bracket = fma(-per_sqrt_2pi, a, normal_tail(v) * (one - v) * per_shift)
    cdef real t = fma(scale, q, scale) * bracket * per_headroom(x)
    return t if x < zero else one - t


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
    """1/(1 + x^2), or (1/x)^2 / (1 + (1/x)^2): x^2 would overflow."""
    cdef real one = 1
    cdef real a = magnitude(x)
    cdef real t = min_with_reciprocal(a)
    cdef real u = t * t
    return (u if a > one else one) / (one + u)

cdef inline real arctan_derivative_from_output(real y) noexcept nogil:
    cdef real c = cos_half_turn(y)
    return c * c
