# Activations made of an exponential: elu and its like, softplus, mish. See shared.pxi for the rules.

cdef inline real exponential_near_limit(real x) noexcept nogil:
    """Below it e^x, its scale and what is added to the scale are normal numbers. They need no HEADROOM then, and have the same
    bits without: a power of two changes no bit of a normal number.
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
    cdef real slope = at_least(zero, y + alpha)  # y may have been rounded beyond its limit
    return one if y > zero else slope


cdef inline real celu_exponent(real x, real alpha, real *low) noexcept nogil:
    """x / alpha, from a bounded x. Its low part is 0 where it would be subnormal."""
    cdef real zero = 0, one = 1, least = -2.0**-80
    cdef real per_alpha = one / alpha
    cdef real per_alpha_low = division_remainder(one, per_alpha, alpha) * per_alpha
    cdef real b = -at_most(exp_furthest(x) * alpha, -x)
    cdef real z = b * per_alpha
    low[0] = fma(b, per_alpha_low, product_low(b, per_alpha, z)) if z < least else zero
    return z

cdef inline real celu_forward(real x, real alpha) noexcept nogil:
    """x > 0 ? x : alpha * expm1(x / alpha), which is x where the quotient is tiny: it may be subnormal there."""
    cdef real tiny = -2.0**-30
    if real is double:
        tiny = -2.0**-60
    cdef real low, m_low
    cdef real z = celu_exponent(x, alpha, &low)
    cdef real m = expm1_or_less(z, low, &m_low)
    return fma(alpha, m, alpha * m_low) if z < tiny else x

cdef inline real celu_derivative(real x, real alpha) noexcept nogil:
    """x > 0 ? 1 : e^(x / alpha)"""
    cdef real zero = 0, one = 1
    cdef real low, scale
    cdef real z = celu_exponent(x, alpha, &low)
    cdef real q = exp_or_less(z, low, &scale)
    return one if x > zero else fma(scale, q, scale) * per_headroom(x)

cdef inline real celu_derivative_from_output(real y, real alpha) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real slope = at_least(zero, quotient_by(y, alpha) + one)
    return one if y > zero else slope


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
    cdef real limit = selu_slope(y, &low)
    cdef real slope = at_least(zero, (y + limit) + low)
    return scale if y > zero else slope


cdef inline real softplus_exp(real x, real beta, real *low) noexcept nogil:
    """HEADROOM * e^-|beta x|; any number for NaN."""
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

cdef inline real softplus_careful_derivative(real x, real beta) noexcept nogil:
    """1/2 + beta x/4 - (beta x)^3/48 near 0"""
    cdef real half = 0.5, small = 2.0**-14
    return moved_towards(softplus_derivative(x, beta), half, magnitude(beta * x) < small)

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
    """|x|, bounded where the exponential has vanished; any number for NaN."""
    return magnitude_up_to(x, exp_furthest(x))

cdef inline real log_sigmoid_forward(real x) noexcept nogil:
    """min(x, 0) - log1p(e^-|x|), which is -0 where that vanishes."""
    cdef real zero = 0
    cdef real scale
    cdef real q = exp_down(-log_sigmoid_bounded(x), zero, &scale)
    scale = scale * per_headroom(x)
    cdef real t = fma(scale, q, scale)
    return -magnitude(minus_log1p_rest(zero if x > zero else x, t, fma_low(scale, q, scale, t)) - t)

cdef inline real log_sigmoid_derivative(real x) noexcept nogil:
    """sigmoid(-x)"""
    cdef real zero = 0, low
    return softplus_slope(-x, scaled_exp_minus(log_sigmoid_bounded(x), zero, &low))

cdef inline real log_sigmoid_careful_derivative(real x) noexcept nogil:
    """1/2 - x/4 + x^3/48 near 0"""
    cdef real half = 0.5, small = 2.0**-14
    return moved_towards(log_sigmoid_derivative(x), half, magnitude(x) < small)

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


cdef inline real log1mexp_exponential(real x, real *e, real *e_low, real *m_low) noexcept nogil:
    """m = 1 - e^-x, and e = HEADROOM * e^-x, each in two parts, for x > 0."""
    cdef real zero = 0, one = 1
    cdef real scale, q_low
    cdef real q = exp_down_low(-at_most(exp_furthest(x), x), zero, &scale, &q_low)
    e[0] = fma(scale, q, scale)
    e_low[0] = fma(scale, q_low, fma_low(scale, q, scale, e[0]))
    scale = scale * per_headroom(x)
    cdef real less = fma(scale, q, scale - one)
    m_low[0] = -fma(scale, q_low, fma_low(scale, q, scale - one, less))
    return -less

cdef inline real log1mexp_forward(real x) noexcept nogil:
    """log(m) with m = 1 - e^-x, computed so below log(2), as 1 less the exponential above. Beyond the domain the root is NaN."""
    cdef real zero = 0, one = 1, log_2 = 0.69314718055994531, least = 2.0**-60, up = 2.0**80, octaves_up = 80
    cdef real e, e_low, m_low
    cdef real m = log1mexp_exponential(x, &e, &e_low, &m_low)
    cdef bint is_near = x < log_2
    cdef real t = e * per_headroom(x)
    cdef real u = one - t
    cdef real u_low = ((one - u) - t) - e_low * per_headroom(x)
    u = m if is_near else u
    u_low = m_low if is_near else u_low
    cdef real factor = up if u < least else one
    cdef real octaves = octaves_up if u < least else zero
    cdef real y = log_of_sum(u * factor, u_low * factor, -octaves)
    return with_sign(y, -one) if x > zero else -one / square_root(x + zero)

cdef inline real log1mexp_derivative(real x) noexcept nogil:
    """e^-x / (1 - e^-x). The HEADROOM goes before the division where the quotient is large, and after it where it is small."""
    cdef real zero = 0, one = 1
    cdef real e, e_low, m_low
    cdef real m = log1mexp_exponential(x, &e, &e_low, &m_low)
    cdef real before = per_headroom(x) if x < one else one
    cdef real after = one if x < one else per_headroom(x)
    cdef real d = e * before / m * after
    return d if x > zero else one / square_root(x + zero)

cdef inline real log1mexp_derivative_from_output(real y) noexcept nogil:
    """e^-y - 1 = (1 - e^y) / e^y"""
    cdef real zero = 0, one = 1
    cdef real scale
    cdef real q = exp_down(-at_most(exp_furthest(y), -y), zero, &scale)
    cdef real e = fma(scale, q, scale)
    scale = scale * per_headroom(y)
    return magnitude(fma(scale, q, scale - one)) * to_headroom(y) / e
