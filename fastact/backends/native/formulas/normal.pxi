# The normal distribution: gelu, the Gaussian curve, the error function. See shared.pxi for the rules.

cdef inline real gelu_tanh_denominator(real x, real *a, real *z_slope, real *z_slope_low) noexcept nogil:
    """(1 + e^z) / HEADROOM, with a = |x| bounded, z = a (k + c a^2), k = 2 sqrt(2/pi), c = 0.044715 k; z_slope is a dz/da.

    k's first part is so short that what rounding takes from the sum k + c a^2 fits in one number."""
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

cdef inline real gelu_tanh_careful_forward(real x) noexcept nogil:
    """x/2 + 0.4 x^2 near 0"""
    cdef real small = 2.0**-54
    return moved_upwards(gelu_tanh_forward(x), magnitude(x) < small)

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


cdef inline real gelu_bounded(real x) noexcept nogil:
    """|x|, but no further than where x * Phi(-|x|) has rounded to zero."""
    cdef real furthest
    if real is float:
        furthest = 15
    else:
        furthest = 39.5
    return magnitude_up_to(x, furthest)

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
    cdef real one = 1, shift = normal_shift(x), per_shift = one / shift
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
    return fma(-t, per_headroom(x), positive_part(x))

cdef inline real gelu_careful_forward(real x) noexcept nogil:
    """x/2 + 0.4 x^2 near 0"""
    cdef real small = 2.0**-54
    return moved_upwards(gelu_forward(x), magnitude(x) < small)

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
