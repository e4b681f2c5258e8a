# Roots, powers and quotients; arctan and arsinh. See shared.pxi for the rules.

cdef inline real sqnl_forward(real x) noexcept nogil:
    """a - a^2/4 with the sign of x, a = |x| up to 2."""
    cdef real quarter = 0.25, two = 2
    cdef real a = at_most(two, magnitude(x))
    return with_sign(fma(-quarter * a, a, a), x)

cdef inline real sqnl_derivative(real x) noexcept nogil:
    cdef real one = 1, half = 0.5, two = 2
    return one - half * at_most(two, magnitude(x))


cdef inline real star_relu_sum(real x, real scale, real shift, real *low) noexcept nogil:
    """scale * max(0, x)^2 + shift, and what its roundings lost, as the two may cancel; not where it overflows."""
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
    cdef real lost = (product - product_part) + (shift - (total - product_part))
    lost = lost + fma(product_low(scale, r, scaled), r, product_low(scaled, r, product))
    low[0] = lost if magnitude(total) < furthest else zero
    return total

cdef inline real star_relu_forward(real x, real scale, real shift) noexcept nogil:
    cdef real low
    cdef real total = star_relu_sum(x, scale, shift, &low)
    return total + low

cdef inline real star_relu_careful_forward(real x, real scale, real shift) noexcept nogil:
    """The square is a midpoint for some x, and the shift is lost."""
    cdef real low
    cdef real total = star_relu_sum(x, scale, shift, &low)
    cdef real y = total + low
    return to_odd(y, (total - y) + low)

cdef inline real star_relu_derivative(real x, real scale, real shift) noexcept nogil:
    cdef real zero = 0, two = 2
    return two * scale * (zero if x < zero else x)


cdef inline real softsign_forward(real x) noexcept nogil:
    """x / (1 + |x|); beyond `large` that rounds to 1, and infinity / infinity is avoided."""
    cdef real one = 1, large = 2.0**60
    cdef real a = magnitude(x)
    a = at_most(large, a)
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
    return at_most(one, a) / at_least(one, a)


cdef inline real arctan_forward(real x) noexcept nogil:
    cdef real one = 1
    cdef real half_pi_low
    cdef real half_pi = half_pi_in_parts(&half_pi_low)
    cdef real a = magnitude(x)
    cdef real y = arctan_unit(min_with_reciprocal(a))
    return with_sign(half_pi - (y - half_pi_low) if a > one else y, x)

cdef inline real arctan_derivative(real x) noexcept nogil:
    """1/(1 + x^2), scaled where x^2 could overflow or the result be subnormal."""
    cdef real zero = 0, one = 1
    cdef real large = 2.0**30, down = 2.0**-66
    if real is double:
        large, down = 2.0**60, 2.0**-516
    cdef real down_twice = down * down  # written as a power, this subnormal number is a call of exp2 to clang
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


cdef inline real root_low(real square, real square_low, real root) noexcept nogil:
    """sqrt(square + square_low) - root, for the rounded root."""
    cdef real half = 0.5
    return (division_remainder(square, root, root) + square_low) * (half * reciprocal_estimate(root))


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

cdef inline real squareplus_careful_derivative(real x, real b) noexcept nogil:
    """1/2 + x/4 - x^3/32 near 0, for b = 4"""
    cdef real zero = 0, half = 0.5, small = 2.0**-14, four = 4
    cdef real near = small if b == four else zero
    return moved_towards(squareplus_derivative(x, b), half, magnitude(x) < near)

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

cdef inline real bent_identity_far(real x) noexcept nogil:
    """From which x on f(x) - 3/2 x, which is nearly -1/2, no longer counts."""
    cdef real far = 2.0**60
    if real is double:
        far = 2.0**51
    return far

cdef inline real bent_identity_forward(real x) noexcept nogil:
    """x + x w/2 with w = (sqrt(x^2 + 1) - 1) / x = x / (sqrt(x^2 + 1) + 1); far out 3/2 x or x/2.

    A double that may be rounded to float32 is a little less than 3/2 x there, as f(x) is: 3/2 x may be a midpoint.
    """
    cdef real zero = 0, one = 1, half = 0.5, steepest = 1.5
    if real is double:
        steepest = 1.4999999999999998
    cdef real root_rest
    cdef real a = bent_identity_bounded(x)
    cdef real root = root_one_plus_square(a, &root_rest)
    cdef real denominator = root + one
    cdef real w = a / denominator
    cdef real w_low = quotient_low(a, w, denominator, (root - denominator) + one + root_rest)
    cdef real half_w = half * with_sign(w, x)
    cdef real y = fma(x, half_w, x) + half * a * w_low
    return with_sign(x * (steepest if x > zero else half) if magnitude(x) > bent_identity_far(x) else y, x)

cdef inline real bent_identity_derivative(real x) noexcept nogil:
    """x / (2 sqrt(x^2 + 1)) + 1"""
    cdef real one = 1, half = 0.5
    cdef real root_rest
    cdef real a = bent_identity_bounded(x)
    return fma(half, with_sign(a / root_one_plus_square(a, &root_rest), x), one)

cdef inline real bent_identity_careful_derivative(real x) noexcept nogil:
    """1 + x/2 - x^3/4 near 0"""
    cdef real one = 1, small = 2.0**-14
    return moved_towards(bent_identity_derivative(x), one, magnitude(x) < small)


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
