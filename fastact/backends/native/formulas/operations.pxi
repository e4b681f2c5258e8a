# The primitive operations that formulas of users are made of: ONE formula each. build/operations.py lists them.
#
#   operation_NAME(x), operation_NAME(x, y), operation_NAME(x, y, z)     as NumPy's (SciPy's) function NAME of these numbers
#   operation_NAME_near(x)                                               a near formula, as in shared.pxi
#
# Those that some activation is already, like exp, tanh and erf, are not here. The rules of shared.pxi hold, and right are also
# the values at zeros of either sign, at infinities, for subnormal numbers, and outside of the domain, where there is NaN.
# Logic takes any number but 0 for true, NaN too, and gives 1 or 0.


# ---- Arithmetic -----------------------------------------------------------------------------------------------------

cdef inline real operation_negative(real x) noexcept nogil:
    return -x

cdef inline real operation_absolute(real x) noexcept nogil:
    return magnitude(x)

cdef inline real operation_sign(real x) noexcept nogil:
    """Of both zeros +0, as NumPy's."""
    cdef real zero = 0, one = 1
    return one if x > zero else (-one if x < zero else x + zero)

cdef inline real operation_square(real x) noexcept nogil:
    return x * x

cdef inline real operation_reciprocal(real x) noexcept nogil:
    cdef real one = 1
    return one / x

cdef inline real operation_sqrt(real x) noexcept nogil:
    return square_root(x)

cdef inline real operation_add(real x, real y) noexcept nogil:
    return x + y

cdef inline real operation_subtract(real x, real y) noexcept nogil:
    return x - y

cdef inline real operation_multiply(real x, real y) noexcept nogil:
    return x * y

cdef inline real operation_multiply_add(real x, real y, real z) noexcept nogil:
    """With the roundings of both, on every instruction set."""
    return x * y + z

cdef inline real operation_divide(real x, real y) noexcept nogil:
    return x / y


# ---- Order, choice, logic -------------------------------------------------------------------------------------------

cdef inline real operation_minimum(real x, real y) noexcept nogil:
    """NaN if one of them is."""
    return x if x <= y else (y if x == x else x)

cdef inline real operation_maximum(real x, real y) noexcept nogil:
    return x if x >= y else (y if x == x else x)

cdef inline real operation_copysign(real x, real y) noexcept nogil:
    return with_sign(x, y)

cdef inline real operation_heaviside(real x, real y) noexcept nogil:
    """y is the value at 0."""
    cdef real zero = 0, one = 1
    return y if x == zero else (one if x > zero else (zero if x < zero else x))

cdef inline real operation_less(real x, real y) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x < y else zero

cdef inline real operation_less_equal(real x, real y) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x <= y else zero

cdef inline real operation_equal(real x, real y) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x == y else zero

cdef inline real operation_not_equal(real x, real y) noexcept nogil:
    cdef real zero = 0, one = 1
    return zero if x == y else one

cdef inline real operation_logical_not(real x) noexcept nogil:
    cdef real zero = 0, one = 1
    return one if x == zero else zero

cdef inline real operation_logical_and(real x, real y) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real of_y = zero if y == zero else one
    return zero if x == zero else of_y

cdef inline real operation_logical_or(real x, real y) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real of_y = zero if y == zero else one
    return of_y if x == zero else one

cdef inline real operation_where(real x, real y, real z) noexcept nogil:
    """y where the condition x is true, else z."""
    cdef real zero = 0
    return z if x == zero else y


# ---- Exponentials ---------------------------------------------------------------------------------------------------

cdef inline real exp2_furthest(real x) noexcept nogil:
    """Beyond it 2^x has vanished or overflowed; it is less than EXP_FURTHEST / ln 2."""
    cdef real furthest
    if real is float:
        furthest = 168
    else:
        furthest = 1099
    return furthest

cdef inline real exp2_of_sum(real x, real x_low) noexcept nogil:
    """2^(x + x_low) for |x| up to exp2_furthest."""
    cdef real zero = 0, octaves = headroom(x)
    cdef real scale
    cdef real q = exp2_scaled(x, x_low, octaves if x < zero else -octaves, &scale)
    return fma(scale, q, scale) * (per_headroom(x) if x < zero else to_headroom(x))

cdef inline real operation_exp2(real x) noexcept nogil:
    cdef real zero = 0
    return exp2_of_sum(between(-exp2_furthest(x), exp2_furthest(x), x), zero)

cdef inline real operation_expm1(real x) noexcept nogil:
    """Up to 1, where x may be tiny, with the HEADROOM of what is below 0."""
    cdef real zero = 0, one = 1, octaves = headroom(x)
    cdef real scale, q_low
    cdef real b = between(-exp_furthest(x), exp_furthest(x), x)
    cdef real q = exp_scaled_low(b, zero, octaves if x < one else -octaves, &scale, &q_low)
    cdef real shift = scale - (to_headroom(x) if x < one else per_headroom(x))
    cdef real m = fma(scale, q, shift)
    cdef real low = fma(scale, q_low, fma_low(scale, q, shift, m))
    return with_sign((m + low) * (per_headroom(x) if x < one else to_headroom(x)), x)

cdef inline real half_exponentials(real a, real sign, real *low) noexcept nogil:
    """(e^a + sign e^-a) / 2 HEADROOM, for a >= 0, in two parts."""
    cdef real zero = 0, half = 0.5, quarter = 0.25
    cdef real scale, q_low
    cdef real q = exp_split_low(at_most(exp_furthest(a), a), zero, -headroom(a), &scale, &q_low)
    scale = half * scale
    cdef real other = quarter * per_headroom(a) * per_headroom(a) / fma(scale, q, scale)
    low[0] = fma(scale, q, fma(scale, q_low, sign * other))
    return scale

cdef inline real operation_sinh(real x) noexcept nogil:
    """A polynomial up to 1."""
    cdef real one = 1, low
    cdef real a = magnitude(x)
    cdef real u = a * a
    cdef real scale = half_exponentials(a, -one, &low)
    cdef real y = (scale + low) * to_headroom(x)
    return with_sign(fma(a * u, sinh_small_tail(u), a) if a < one else y, x)

cdef inline real operation_cosh(real x) noexcept nogil:
    cdef real one = 1, low
    cdef real scale = half_exponentials(magnitude(x), one, &low)
    return (scale + low) * to_headroom(x)

cdef inline real operation_logaddexp(real x, real y) noexcept nogil:
    """max(x, y) + log1p(e^-|x - y|); equal infinities have no difference."""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real larger = operation_maximum(x, y)
    cdef real difference = x - y
    cdef real low = sum_low(x, -y, difference)
    cdef real d = zero if x == y else -at_most(exp_furthest(x), magnitude(difference))
    low = (zero if x == y else with_signs(low, difference, -one)) if d > -exp_furthest(x) else zero
    cdef real q = exp_down(d, low, &scale)
    scale = scale * per_headroom(x)
    cdef real t = fma(scale, q, scale)
    cdef real sum = larger + t
    cdef real rest = sum_low(larger, t, sum) + log1p_rest(zero, t, fma_low(scale, q, scale, t))
    return sum + (rest if magnitude(sum) <= largest_finite(x) else zero)


# ---- Logarithms -----------------------------------------------------------------------------------------------------

cdef inline real least_normal(real x) noexcept nogil:
    cdef real least = 2.0**-126
    if real is double:
        least = 2.0**-1022
    return least

cdef inline real split(real x, real *n) noexcept nogil:
    """r and n with x = 2^n (1 + r), for subnormal x > 0, too."""
    cdef real zero = 0, one = 1, up = 2.0**64, octaves = 64
    cdef bint is_tiny = x < least_normal(x)
    cdef real r = log_split(x * (up if is_tiny else one), n)
    n[0] = n[0] - (octaves if is_tiny else zero)
    return r

cdef inline real logarithm_or_end(real x, real y) noexcept nogil:
    """y where x is positive and finite, else what logarithms are there."""
    cdef real zero = 0, infinity = INFINITY, nan = NAN
    cdef real end = -infinity if x == zero else (x if x > zero else nan)
    return (y if x <= largest_finite(x) else end) if x > zero else end

cdef inline real operation_log(real x) noexcept nogil:
    cdef real n
    cdef real r = split(x, &n)
    return logarithm_or_end(x, log_of_split(r, n))

cdef inline real operation_log1p(real x) noexcept nogil:
    cdef real zero = 0, one = 1, two = 2, quarter = 0.25
    cdef real high = quarter * largest_finite(x)
    cdef real y = log1p(x * (quarter if x > high else one), zero, two if x > high else zero)
    return with_sign(y, x) if magnitude(x) < one else logarithm_or_end(x + one, y)

cdef inline real logarithm_by(real x, real c, real c_low, real octave, real octave_low) noexcept nogil:
    """log(x) times c + c_low, of which the logarithm of 2 is octave + octave_low."""
    cdef real n
    cdef real r = split(x, &n)
    cdef real t = r * c
    cdef real t_low = fma(r, c_low, product_low(r, c, t))
    cdef real total = fma(n, octave, t)
    cdef real total_low = fma(n, octave, -total) + t
    cdef real rest = fma(n, octave_low, total_low + t_low)
    return logarithm_or_end(x, total + fma(r * r * log_tail(r), c, rest))

cdef inline real operation_log2(real x) noexcept nogil:
    cdef real zero = 0, one = 1, c = 1.4426950408889634, c_low = 2.0355273740931033e-17
    if real is float:
        c_low = 1.925963e-8
    return logarithm_by(x, c, c_low, one, zero)

cdef inline real operation_log10(real x) noexcept nogil:
    """log10(2) has a short first part, so that its products with exponents are exact."""
    cdef real c = 0.4342944819032518, c_low = 1.098319650216765e-17
    cdef real octave = 0.30102999566395283, octave_low = 2.8363394551044964e-14
    if real is float:
        c_low, octave, octave_low = -1.010305e-8, 0.30103302, -3.0243556e-6
    return logarithm_by(x, c, c_low, octave, octave_low)

cdef inline real operation_xlogy(real x, real y) noexcept nogil:
    """x log(y), and 0 where x is 0, unless y is NaN."""
    cdef real zero = 0
    cdef real product = x * operation_log(y)
    return (zero if y == y else y) if x == zero else product

cdef inline real operation_arccosh(real x) noexcept nogil:
    """log1p(t + sqrt(t (t + 2))), t = x - 1; log1p(x/2) + 2 log(2) where x is large."""
    cdef real zero = 0, one = 1, two = 2, half = 0.5, large = 2.0**30, nan = NAN
    if real is double:
        large = 2.0**60
    cdef bint is_large = x > large
    cdef real b = one if is_large else x
    cdef real t = b - one
    cdef real t_low = (b - t) - one
    cdef real square = t * t
    cdef real sum = square + two * t
    cdef real rest = fma(two * t_low, b, product_low(t, t, square) + sum_low(square, two * t, sum))
    cdef real root = square_root(sum)
    cdef real z = t + root
    cdef real z_low = sum_low(t, root, z) + (t_low + root_low(sum, rest, root))
    cdef real y = log1p(half * x if is_large else z, zero if is_large else z_low, two if is_large else zero)
    return (y if x <= largest_finite(x) else x) if x >= one else nan

cdef inline real operation_arctanh(real x) noexcept nogil:
    """log1p(2a / (1 - a)) / 2, a = |x|"""
    cdef real zero = 0, one = 1, half = 0.5, infinity = INFINITY, nan = NAN
    cdef real a = magnitude(x)
    cdef real d = one - a
    cdef real z = (a + a) / d
    cdef real y = half * log1p(z, quotient_low(a + a, z, d, (one - d) - a), zero)
    return with_sign(y if a < one else (infinity if a == one else nan), x)


# ---- Powers ---------------------------------------------------------------------------------------------------------

cdef inline real operation_power(real x, real y) noexcept nogil:
    """2^(y log2|x|), the logarithm and the product in two parts; the sign is that of C's pow.

    y log2|x| is 0 where one of them is, though the other be infinite or NaN."""
    cdef real zero = 0, one = 1, up = 2.0**64, octaves = 64, infinity = INFINITY, nan = NAN
    cdef real low, parity
    cdef real a = magnitude(x)
    cdef bint is_tiny = a < least_normal(x)
    cdef real log = log2_pair(a * (up if is_tiny else one), -octaves if is_tiny else zero, &low)
    log = log if a <= largest_finite(x) else a
    log = -infinity if a == zero else log
    cdef real e = y * log
    low = fma(y, low, product_low(y, log, e))
    low = low if magnitude(e) <= exp2_furthest(x) else zero  # where it may be infinite or NaN
    e = zero if y == zero else (zero if a == one else e)
    cdef real power = exp2_of_sum(between(-exp2_furthest(x), exp2_furthest(x), e), low)
    cdef real beside = half_turns(magnitude(y), &parity)  # the distance from the next integer, whose parity it is
    cdef real of_fraction = (nan if a <= largest_finite(x) else one) if a > zero else one
    cdef real sign = (parity if beside == zero else of_fraction) if with_sign(one, x) < zero else one
    return power * sign

cdef inline real operation_hypot(real x, real y) noexcept nogil:
    """sqrt(x^2 + y^2), over a power of two where squares would overflow or be subnormal."""
    cdef real one = 1, infinity = INFINITY, large = 2.0**50, down = 2.0**-70, up = 2.0**100, per_up = 2.0**-100
    cdef real small = 2.0**-40
    if real is double:
        large, down, small, up, per_up = 2.0**400, 2.0**-600, 2.0**-400, 2.0**600, 2.0**-600
    cdef real a = magnitude(x), b = magnitude(y)
    cdef real highest = a if a > b else b
    cdef real factor = down if highest > large else (up if highest < small else one)
    cdef real back = one / down if highest > large else (per_up if highest < small else one)
    a = a * factor
    b = b * factor
    cdef real a_square = a * a, b_square = b * b
    cdef real sum = a_square + b_square
    cdef real rest = sum_low(a_square, b_square, sum) + (product_low(a, a, a_square) + product_low(b, b, b_square))
    cdef real root = square_root(sum)
    cdef real length = (root + root_low(sum, rest, root)) * back
    return infinity if magnitude(x) == infinity else (infinity if magnitude(y) == infinity else length)


# ---- Angles ---------------------------------------------------------------------------------------------------------

cdef inline real operation_cos(real x) noexcept nogil:
    return sinusoid_derivative(x)

cdef inline real operation_cos_near(real x) noexcept nogil:
    return sinusoid_near_derivative(x)


cdef inline real tangent(real r, real low, bint turned) noexcept nogil:
    """tan(r + low), or by a quarter turn more -1/tan(r + low), for |r| <= pi/4."""
    cdef real one = 1
    cdef real u = r * r
    cdef real cube = r * u * tan_quarter_tail(u)
    cdef real about = r + cube
    cdef real rest = fma(low, fma(about, about, one), cube)
    cdef real t = r + rest
    cdef real t_low = (r - t) + rest
    cdef real quotient = -one / t
    return quotient + (division_remainder(-one, quotient, t) - quotient * t_low) * -quotient if turned else t

cdef inline real operation_tan_near(real x) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real low, parity, sign
    cdef real r = sinusoid_near(x, 0, &low, &parity, &sign)
    return with_signs(tangent(r, low, parity < zero), x, one)

cdef inline real operation_tan(real x) noexcept nogil:
    """The signs that `turns` gives are those of sine and cosine."""
    cdef real zero = 0, one = 1
    cdef real near_low, near_parity, near_sign, far_low, far_parity, sine, cosine, low, parity
    cdef bint is_near = magnitude(x) < sinusoid_near_limit(x)
    cdef real near = sinusoid_near(x, 0, &near_low, &near_parity, &near_sign)
    turns(x, 1, &low, &parity, &cosine)
    cdef real far = turns(x, 0, &far_low, &far_parity, &sine)
    parity = near_parity if is_near else far_parity
    cdef real sign = one if is_near else sine * cosine * far_parity
    cdef real y = tangent(near if is_near else far, near_low if is_near else far_low, parity < zero) * sign
    return with_signs(y if magnitude(x) <= largest_finite(x) else x - x, x, one)


cdef inline real pi_in_parts(real *low) noexcept nogil:
    cdef real two = 2
    cdef real half_low
    cdef real half = half_pi_in_parts(&half_low)
    low[0] = two * half_low
    return two * half

cdef inline real arcsine_root(real a, real *root_rest, real *w, real *p) noexcept nogil:
    """s = sqrt(w), w = (1 - a)/2, and p with arcsin(s) = s + s p; where a <= 1/2, w = a^2, arcsin(a) = a + a p."""
    cdef real zero = 0, half = 0.5
    cdef real part = fma(-half, a, half)
    cdef real s = square_root(part)
    root_rest[0] = root_low(part, zero, s)
    w[0] = part if a > half else a * a
    p[0] = w[0] * arcsin_half_tail(w[0])
    return s

cdef inline real operation_arcsin(real x) noexcept nogil:
    """pi/2 - 2 arcsin(s) beyond 1/2."""
    cdef real two = 2, half = 0.5
    cdef real rest, w, p, base_low
    cdef real base = half_pi_in_parts(&base_low)
    cdef real a = magnitude(x)
    cdef real s = arcsine_root(a, &rest, &w, &p)
    cdef real d = base - two * s
    cdef real low = (base - d) - two * s
    cdef real y = d + (low + fma(-two, fma(s, p, rest), base_low))
    return with_sign(y if a > half else fma(a, p, a), x)

cdef inline real operation_arccos(real x) noexcept nogil:
    """pi/2 - arcsin(x); beyond 1/2 it is 2 arcsin(s), for negative x less than pi."""
    cdef real zero = 0, two = 2, half = 0.5
    cdef real rest, w, p, half_pi_low, pi_low
    cdef real half_pi = half_pi_in_parts(&half_pi_low)
    cdef real pi = pi_in_parts(&pi_low)
    cdef real a = magnitude(x)
    cdef real s = arcsine_root(a, &rest, &w, &p)
    cdef real side = -two if x > zero else two
    cdef real base = (zero if x > zero else pi) if a > half else half_pi
    cdef real base_low = (zero if x > zero else pi_low) if a > half else half_pi_low
    cdef real taken = side * s if a > half else x
    cdef real taken_low = side * fma(s, p, rest) if a > half else x * p
    cdef real d = base - taken
    cdef real low = (base - d) - taken
    return d + (low + (base_low - taken_low))

cdef inline real operation_arctan2(real x, real y) noexcept nogil:
    """The angle of the point (y, x): of the smaller coordinate over the larger, then turned."""
    cdef real zero = 0, one = 1
    cdef real half_pi_low, pi_low
    cdef real half_pi = half_pi_in_parts(&half_pi_low)
    cdef real pi = pi_in_parts(&pi_low)
    cdef real a = magnitude(x), b = magnitude(y)
    cdef bint is_steep = a > b
    cdef bint is_left = with_sign(one, y) < zero
    cdef real shorter = b if is_steep else a
    cdef real longer = a if is_steep else b
    cdef real quotient = shorter / longer
    cdef real of_equals = one if longer > zero else zero
    cdef real angle = arctan_unit(of_equals if shorter == longer else quotient)
    cdef real base = half_pi if is_steep else (pi if is_left else zero)
    cdef real base_low = half_pi_low if is_steep else (pi_low if is_left else zero)
    cdef real turned = (angle if is_left else -angle) if is_steep else (-angle if is_left else angle)
    return with_sign(base + (base_low + turned), x)


# ---- The normal distribution ----------------------------------------------------------------------------------------

cdef inline real normal_part(real a, real shift, real shift_low, real factor, real factor_low, real q, real scale) noexcept nogil:
    """factor tail(v) / (a + shift) times the exponential that q and scale give, v = a / (a + shift): see normal_tail."""
    cdef real one = 1
    cdef real denominator = a + shift
    cdef real denominator_low = sum_low(a, shift, denominator) + shift_low
    cdef real r = one / denominator
    cdef real r_low = fma(-r, denominator_low, division_remainder(one, r, denominator)) * r
    cdef real v = a * r
    cdef real tail_low
    cdef real tail = normal_tail(v, fma(a, r_low, product_low(a, r, v)), &tail_low)
    cdef real g = r * factor
    cdef real g_low = fma(r, factor_low, fma(r_low, factor, product_low(r, factor, g)))
    cdef real h = tail * g
    cdef real h_low = fma(tail, g_low, fma(tail_low, g, product_low(tail, g, h)))
    return (h + fma(h, q, fma(h_low, q, h_low))) * scale

cdef inline real operation_ndtr(real x) noexcept nogil:
    """t or 1 - t with t = Phi(-|x|)"""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real a = gelu_bounded(x)
    cdef real q = gelu_exp(a, &scale)
    cdef real t = normal_part(a, normal_shift(x), zero, one, zero, q, scale) * per_headroom(x)
    return t if x < zero else (one - t if x >= zero else x)

cdef inline real operation_erfc(real x) noexcept nogil:
    """t or 2 - t with t = erfc(|x|) = 2 Phi(-sqrt(2) |x|)"""
    cdef real zero = 0, two = 2, furthest = 27.9
    cdef real shift = 2.8284271247461903, shift_low = -1.9334586626905827e-16
    cdef real factor = 1.4142135623730951, factor_low = -9.667293313452913e-17
    if real is float:
        furthest, shift, shift_low, factor_low = 10.6, 2.1213202, 9.59095e-8, 2.4203235e-8
    cdef real scale
    cdef real a = magnitude_up_to(x, furthest)
    cdef real z = a * a
    cdef real q = exp_down(-z, -product_low(a, a, z), &scale)
    cdef real t = normal_part(a, shift, shift_low, factor, factor_low, q, scale) * per_headroom(x)
    return t if x > zero else (two - t if x <= zero else x)

cdef inline real operation_phi(real x) noexcept nogil:
    """e^(-x^2/2) / sqrt(2 pi)"""
    cdef real furthest = 15, c = 0.3989422804014327, c_low = -2.49232720227773e-17
    if real is double:
        furthest = 39.5
    else:
        c_low = -1.133517e-8
    cdef real scale
    cdef real q = gelu_exp(at_most(furthest, magnitude(x)), &scale)
    cdef real p = scale * c
    return (p + fma(p, q, scale * c_low)) * per_headroom(x)
