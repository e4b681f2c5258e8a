# Sines. See shared.pxi for the rules.

cdef inline real sinc_forward(real x) noexcept nogil:
    """sin(pi r) / (pi r) times r / x, with r the distance from the nearest integer. Adding zero makes +0 of -0, no more.

    In float what is small is added first."""
    cdef real zero = 0, one = 1, half = 0.5, large = 2.0**60
    cdef real sign
    cdef real a = at_most(large, magnitude(x))
    cdef real r = half_turns(a, &sign)
    cdef real u = r * r
    cdef real numerator = one if a < half else r
    cdef real denominator = one if a < half else a
    cdef real ratio = numerator / denominator
    cdef real less = sinc_less(u)
    cdef real ratio_low
    if real is float:
        ratio_low = division_remainder(numerator, ratio, denominator) * reciprocal_estimate(denominator)
        return fma(product_sum(ratio, less, fma(ratio_low, less, ratio_low)) + ratio, sign, zero)
    else:
        ratio_low = quotient_low(numerator, ratio, denominator, zero)
        return (product_sum(ratio, less, ratio) + fma(ratio_low, less, ratio_low)) * sign + zero

cdef inline real sinc_derivative(real x) noexcept nogil:
    """(cos(pi x) - sinc(x)) / x; a polynomial where that cancels."""
    cdef real one = 1, half = 0.5, large = 2.0**60
    cdef real sign
    cdef real a = magnitude(x)
    cdef real r = half_turns(at_most(large, a), &sign)
    cdef real u = r * r
    cdef real cosine = fma(u, cos_tail(u), one) * sign
    return x * sinc_slope(u) if a < half else (cosine - sinc_forward(x)) / x


cdef inline real sine_or_cosine_rest(real r, real low, bint is_cosine, real *first) noexcept nogil:
    """sin(r + low) or cos(r + low) less `first`, for |r| <= pi/4"""
    cdef real one = 1
    cdef real u = r * r
    cdef real tail = cosine_tail(u) if is_cosine else sin_quarter_tail(u)
    cdef real small = -r * low if is_cosine else low
    first[0] = one if is_cosine else r
    return fma(first[0] * u, tail, small)

cdef inline real sine_or_cosine(real r, real low, bint is_cosine) noexcept nogil:
    cdef real first
    cdef real rest = sine_or_cosine_rest(r, low, is_cosine, &first)
    return first + rest


cdef inline real sinusoid_near_limit(real x) noexcept nogil:
    """Up to here minus_quarters suffices."""
    if real is float:
        return 12800
    else:
        return 1.5e6

cdef inline real sinusoid_near(real x, int more, real *low, real *parity, real *sign) noexcept nogil:
    """r: sin(|x| + more * pi/2) is +-sin(r + low), or +-cos(r + low): see quarter_turns in math/reduction.h."""
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
    """x + sin(r)^2/alpha, or (x + 1/alpha) - sin(r)^2/alpha where sin(alpha x)^2 is cos(r)^2: so no sum cancels after a rounding.

    low counts by sin(2r), about 2r (1 - 0.6 u). Far out the sine's square changes x by an ULP at most; its mean is added there.
    """
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

cdef inline real snake_careful_forward(real x, real alpha) noexcept nogil:
    """Less than x + 1/alpha, which is a midpoint for some x."""
    cdef real zero = 0, one = 1
    cdef real y = snake_forward(x, alpha)
    return moved(y, y < zero) if y == x + one / alpha else y


cdef inline real sine_of_double(real v) noexcept nogil:
    """sin(v) for |v| <= pi/2, to an ULP of 1."""
    cdef real u = v * v
    return fma(v * u, sin_tail(u), v)


cdef inline real snake_near_limit(real x, real alpha) noexcept nogil:
    cdef real half = 0.5
    return at_most(largest_finite(x), half * sinusoid_near_limit(x) / alpha)

cdef inline real snake_near_derivative(real x, real alpha) noexcept nogil:
    cdef real one = 1, two = 2
    cdef real low, sign
    cdef real r = snake_reduced(x, alpha, &low, &sign)
    return fma(with_sign(sign, sign * x), sine_of_double(two * (r + low)), one)

cdef inline real snake_slope(real r, real low, real parity, real sign, real x) noexcept nogil:
    """1 and the sine that sine_or_cosine gives, with these signs; near its zeros the 1 is taken from the cosine's."""
    cdef real zero = 0, one = 1
    cdef real first
    cdef real rest = sine_or_cosine_rest(r, low, parity < zero, &first)
    cdef real signed = with_signs(one, sign, x)
    return fma(signed, first, one) + signed * rest

cdef inline real snake_far_derivative(real x, real alpha) noexcept nogil:
    """The product, which may overflow, times 2^-64 (right for alpha from 2^-94 to 2^107)."""
    cdef real down = 2.0**-32
    cdef real low, parity, sign
    cdef real a = magnitude(x) * down
    cdef real factor = alpha * down
    cdef real z = factor * a
    cdef real r = sum_turns(z, product_low_exact(factor, a, z), 65, &low, &parity, &sign)
    return snake_slope(r, low, parity, sign, x) if magnitude(x) <= largest_finite(x) else x - x

cdef inline real snake_derivative(real x, real alpha) noexcept nogil:
    """1 + sin(2 alpha x)"""
    cdef real near = snake_near_derivative(x, alpha)
    cdef real far = snake_far_derivative(x, alpha)
    return near if magnitude(x) < snake_near_limit(x, alpha) else far

cdef inline real snake_near_careful_derivative(real x, real alpha) noexcept nogil:
    """Also next to its zeros; and a little nearer to 1 where of 1 + 2z - 4z^3/3, z = alpha x, the last term is lost."""
    cdef real zero = 0, two = 2, small = 2.0**-14, little = 2.0**-52
    cdef real low, parity, sign
    cdef real a = magnitude(x)
    cdef real z = alpha * a
    cdef real r = minus_quarters(two * z, quarter_turns(two * z, 0, &parity, &sign), &low)
    cdef real slope = snake_slope(r, fma(two, product_low(alpha, a, z), low), parity, sign, x)
    return slope - (with_sign(little, x) if z < small else zero)

cdef inline real snake_careful_derivative(real x, real alpha) noexcept nogil:
    cdef real near = snake_near_careful_derivative(x, alpha)
    cdef real far = snake_far_derivative(x, alpha)
    return near if magnitude(x) < snake_near_limit(x, alpha) else far
