# Sigmoid curves, and what is gated by them: tanh, silu, soft_clipping. See shared.pxi for the rules.

cdef inline real sigmoid_forward(real x) noexcept nogil:
    """t = sigmoid(-|x|) below zero, 1 - t above."""
    cdef real zero = 0, one = 1
    cdef real t = sigmoid_tail(at_most(exp_furthest(x), magnitude(x)), zero) * per_headroom(x)
    return t if x < zero else one - t

cdef inline real sigmoid_careful_forward(real x) noexcept nogil:
    """1/2 + x/4 - x^3/48 near 0"""
    cdef real half = 0.5, small = 2.0**-14
    return moved_towards(sigmoid_forward(x), half, magnitude(x) < small)

cdef inline real sigmoid_derivative(real x) noexcept nogil:
    """t (1 - t), t = sigmoid(-|x|)"""
    cdef real zero = 0, one = 1
    cdef real t = sigmoid_tail(at_most(exp_furthest(x), magnitude(x)), zero)
    return t * fma(-per_headroom(x), t, one) * per_headroom(x)

cdef inline real sigmoid_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    return y * (one - y)


cdef inline real tanh_tail(real x) noexcept nogil:
    """HEADROOM * sigmoid(-2|x|); any number for NaN."""
    cdef real one = 1, half = 0.5
    cdef real scale
    cdef real a = magnitude_up_to(x, half * exp_furthest(x))
    cdef real p = exp_twice(a, &scale)
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

cdef inline real tanh_shrink_careful_forward(real x) noexcept nogil:
    """x^3/3 - 2x^5/15 near 0, x - 1 + 2 e^-2x far out"""
    cdef real near = 2.0**-25, far = 2.0**20
    cdef real y = tanh_shrink_forward(x), a = magnitude(x)
    y = moved(y, False) if a < near else y
    return moved(y, True) if a > far else y

cdef inline real tanh_shrink_derivative(real x) noexcept nogil:
    """tanh(x)^2"""
    cdef real t = tanh_forward(x)
    return t * t


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
    """x sigmoid(beta x)

    Needs |beta| > 2e-5 (2e-13 for double), or x where the result vanishes is out of exp's range."""
    cdef real one = 1
    cdef real a, z
    cdef real denominator = silu_denominator(x, beta, &a, &z)
    return gated(x, with_sign(one, beta), a, denominator)

cdef inline real silu_careful_forward(real x, real beta) noexcept nogil:
    """x/2 + beta x^2/4 near 0"""
    cdef real zero = 0, small = 2.0**-54
    cdef real y = silu_forward(x, beta)
    return moved(y, y * beta > zero) if magnitude(beta * x) < small else y

cdef inline real silu_derivative(real x, real beta) noexcept nogil:
    cdef real one = 1
    cdef real a, z
    cdef real denominator = silu_denominator(x, beta, &a, &z)
    return gated_slope(x, with_sign(one, beta), z, denominator)

cdef inline real silu_careful_derivative(real x, real beta) noexcept nogil:
    """1/2 + beta x/2 - (beta x)^3/12 near 0"""
    cdef real half = 0.5, small = 2.0**-14
    return moved_towards(silu_derivative(x, beta), half, magnitude(beta * x) < small)


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

cdef inline real quick_gelu_careful_forward(real x) noexcept nogil:
    """x/2 + 0.4255 x^2 near 0"""
    cdef real small = 2.0**-54
    return moved_upwards(quick_gelu_forward(x), magnitude(x) < small)

cdef inline real quick_gelu_derivative(real x) noexcept nogil:
    cdef real one = 1
    cdef real a, z
    cdef real denominator = quick_gelu_denominator(x, &a, &z)
    return gated_slope(x, one, z, denominator)


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

cdef inline real generalized_logistic_careful_forward(real x, real alpha) noexcept nogil:
    """As sigmoid's, for alpha = 1."""
    cdef real zero = 0, one = 1, half = 0.5, small = 2.0**-14
    cdef real near = small if alpha == one else zero
    return moved_towards(generalized_logistic_forward(x, alpha), half, magnitude(x) < near)

cdef inline real generalized_logistic_derivative(real x, real alpha) noexcept nogil:
    """alpha f(x) sigmoid(-x)"""
    cdef real zero = 0, one = 1
    cdef real e, t
    cdef real f = generalized_logistic_exp(x, alpha, &e, &t)
    return (f if x < zero else f * per_headroom(x) * e) / (one + t) * (alpha * per_headroom(x))


# With a large alpha the tails begin near 0. Where they do not count they are replaced by 0, because subnormal numbers are slow.
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
    cdef real up = to_headroom(x)
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
    quotient = quotient if e > zero else e  # where e does not count, c / e does so less
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
    cdef real half_pi_low
    cdef real half_pi = half_pi_in_parts(&half_pi_low)
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


cdef inline real logit_forward(real x) noexcept nogil:
    """log(h / (1 - h)) with h = min(x, 1 - x), and its sign. From h = 1/4 on the quotient is that of 2h - 1, exact, plus 1.

    Beyond the domain the root is NaN."""
    cdef real zero = 0, one = 1, two = 2, half = 0.5, quarter = 0.25, least = 2.0**-60, up = 2.0**80, octaves_up = 80
    cdef real h = x if x < half else one - x
    cdef real d = one - h
    cdef real d_low = (one - d) - h
    cdef bint is_near = h >= quarter
    cdef real small = h * (up if h < least else one)
    cdef real octaves = octaves_up if h < least else zero
    cdef real numerator = fma(two, h, -one) if is_near else small
    cdef real z = numerator / d
    cdef real z_low = quotient_low(numerator, z, d, d_low)
    cdef real u = z + (one if is_near else zero)
    cdef real u_low = (((one if is_near else zero) - u) + z) + z_low
    cdef real y = log_of_sum(u, u_low, -octaves)
    y = y if h > zero else -one / square_root(h + zero)
    return -y if x > half else y

cdef inline real logit_derivative(real x) noexcept nogil:
    """1 / (h (1 - h))"""
    cdef real zero = 0, one = 1, half = 0.5
    cdef real h = x if x < half else one - x
    return one / (h * (one - h)) if h > zero else one / square_root(h + zero)

cdef inline real logit_derivative_from_output(real y) noexcept nogil:
    """(1 + e)^2 / e, e = e^-|y|"""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = exp_down(-at_most(exp_furthest(y), magnitude(y)), zero, &scale)
    cdef real e = fma(scale, q, scale)
    cdef real t = fma(e, per_headroom(y), one)
    return t * t / e * to_headroom(y)


cdef inline real softcap_tail(real x, real cap, real *z) noexcept nogil:
    """HEADROOM * sigmoid(-2z), z = |x| / cap, bounded where that has vanished. What the quotient's rounding lost counts."""
    cdef real zero = 0, one = 1, two = 2, half = 0.5, least = 2.0**-80
    cdef real per_cap = one / cap
    cdef real per_cap_low = division_remainder(one, per_cap, cap) * per_cap
    cdef real a = at_most(half * exp_furthest(x) * cap, magnitude(x))
    z[0] = a * per_cap
    cdef real low = fma(a, per_cap_low, product_low(a, per_cap, z[0])) if z[0] > least else zero
    cdef real scale
    cdef real p = exp_twice(z[0], &scale)
    return one / fma(scale, fma(p, two * low, p), per_headroom(x))

cdef inline real softcap_forward(real x, real cap) noexcept nogil:
    """cap - 2 cap sigmoid(-2z); where that cancels tanh's polynomial, by which x is multiplied: the quotient may be subnormal."""
    cdef real two = 2, small = TANH_SMALL
    cdef real z
    cdef real t = softcap_tail(x, cap, &z)
    cdef real a = magnitude(x), u = z * z
    cdef real y = fma(-two * cap * per_headroom(x), t, cap)
    return with_sign(y if z >= small else fma(a * u, tanh_small_tail(u), a), x)

cdef inline real softcap_derivative(real x, real cap) noexcept nogil:
    """4t (1 - t), t = sigmoid(-2|x| / cap)"""
    cdef real one = 1, four = 4
    cdef real z
    cdef real t = softcap_tail(x, cap, &z)
    return t * fma(-per_headroom(x), t, one) * (four * per_headroom(x))

cdef inline real softcap_derivative_from_output(real y, real cap) noexcept nogil:
    """(1 - |y| / cap) (1 + |y| / cap)"""
    cdef real one = 1
    cdef real a = magnitude(y)
    return (cap - a) / cap * (one + a / cap)
