# Piecewise linear activations, and those that are near to them: see shared.pxi for the rules.
#
# Choices are made one after the other, not one within an arm of another: GCC joins their conditions then, and without AVX-512's
# masks that takes up to twice as long. Without them, too, a choice between two variables takes three times as long as one
# between a variable and 0.

cdef inline real one_or_nan(real x) noexcept nogil:
    """1, but NaN for a NaN."""
    cdef real one = 1
    return one if x == x else x


cdef inline number identity_forward(number x) noexcept nogil:
    return x

cdef inline real identity_derivative(real x) noexcept nogil:
    return one_or_nan(x)

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
    cdef real zero = 0, slope = one_or_nan(x)
    return zero if x <= zero else slope

cdef inline real relu_derivative_from_output(real y) noexcept nogil:
    return relu_derivative(y)


cdef inline number relu6_forward(number x) noexcept nogil:
    cdef number zero = 0, six = 6, y
    if number is float or number is double:
        y = between(zero, six, x)
    else:
        y = six if x > six else x
        y = zero if y < zero else y
    return y

cdef inline real relu6_derivative(real x) noexcept nogil:
    cdef real zero = 0, six = 6, slope = one_or_nan(x)
    slope = zero if x >= six else slope
    return zero if x <= zero else slope

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


cdef inline number below_zero_times(number x, number slope) noexcept nogil:
    """slope * x for an x <= 0. For a slope of 0 it is 0 at -infinity, too, as it is everywhere else."""
    cdef number least
    if number is float or number is double:
        least = lowest_beside(slope)
        x = least if x < least else x
    return times(slope, x)


cdef inline number leaky_relu_forward(number x, number negative_slope) noexcept nogil:
    cdef number zero = 0
    cdef number y = below_zero_times(x, negative_slope)
    return x if x > zero else y

cdef inline real leaky_relu_derivative(real x, real negative_slope) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real slope = negative_slope if x <= zero else x
    return one if x > zero else slope

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
    cdef real zero = 0, slope = one_or_nan(x)
    return zero if x <= threshold else slope


cdef inline number hard_tanh_forward(number x, number min, number max) noexcept nogil:
    cdef number y = max if x > max else x
    return min if y < min else y

cdef inline real hard_tanh_derivative(real x, real min, real max) noexcept nogil:
    cdef real zero = 0, slope = one_or_nan(x)
    slope = zero if x >= max else slope
    return zero if x <= min else slope

cdef inline real hard_tanh_derivative_from_output(real y, real min, real max) noexcept nogil:
    return hard_tanh_derivative(y, min, max)


cdef inline real hard_sigmoid_line(real x, real alpha, real beta) noexcept nogil:
    """alpha (x + beta/alpha), which keeps its digits near its zero: hard_sigmoid before it is clipped to [0, 1].

    beta/alpha is rounded on purpose: 3 for an alpha of 1/6, which no binary number is, so that the ends are -3 and 3."""
    cdef real far = 2.0**60
    cdef real shift = beta / alpha
    return alpha * (x + shift) if magnitude(shift) < far else fma(alpha, x, beta)

cdef inline real hard_sigmoid_forward(real x, real alpha, real beta) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real y = hard_sigmoid_line(x, alpha, beta)
    y = one if y > one else y
    return zero if y < zero else y

cdef inline real hard_sigmoid_derivative(real x, real alpha, real beta) noexcept nogil:
    """alpha between the ends. The upper is told by x, because next to it the line has been rounded to 1."""
    cdef real zero = 0, one = 1
    cdef real end = (one - beta) / alpha
    cdef real y = hard_sigmoid_line(x, alpha, beta)
    cdef real slope = alpha if y == y else y
    slope = zero if (x >= end if alpha > zero else x <= end) else slope
    return zero if y <= zero else slope

cdef inline real hard_sigmoid_derivative_from_output(real y, real alpha, real beta) noexcept nogil:
    cdef real zero = 0, one = 1
    cdef real slope = alpha if y == y else y
    slope = zero if y >= one else slope  # one after the other: GCC 11 makes no vectors of choices within choices here
    return zero if y <= zero else slope


cdef inline real hard_swish_forward(real x) noexcept nogil:
    """x (b + 3) / 6 with b = x, bounded to -3 and 3.

    A sixth is given in two parts, because a division would cost more than all the rest. So are b + 3 and their product, whose
    high part is 1 from 3 on. The low part of a sixth is rounded up: the product's is not below 0 at 0 then, and -0 stays -0."""
    cdef real three = 3, sixth, sixth_low
    if real is float:
        sixth, sixth_low = 0.1666666716337204, -4.967053435223079e-9
    else:
        sixth, sixth_low = 0.16666666666666666, 9.251858538542972e-18
    cdef real a = at_least(-three, x)
    cdef real b = at_most(three, a)
    cdef real total = b + three
    cdef real total_low = (three - total) + b
    cdef real gate = total * sixth
    cdef real gate_low = fma(total_low, sixth, fma(total, sixth_low, product_low(total, sixth, gate)))
    return fma(a, gate, b * gate_low)

cdef inline real hard_swish_careful_forward(real x) noexcept nogil:
    """x/2 + x^2/6 near 0"""
    cdef real small = 2.0**-54
    return moved_upwards(hard_swish_forward(x), magnitude(x) < small)

cdef inline real hard_swish_derivative(real x) noexcept nogil:
    """x/3 + 1/2; near -3/2, where it is 0, (x + 3/2) / 3, a sum without an error."""
    cdef real zero = 0, one = 1, half = 0.5, three_halves = 1.5, three = 3, third = 0.333333333333333333
    cdef real z = x + three_halves
    cdef real slope = z * third if magnitude(z) < half else fma(x, third, half)
    slope = one if x >= three else slope  # one after the other: GCC takes a fifth longer for choices within choices
    return zero if x <= -three else slope


cdef inline number hard_shrink_forward(number x, number lambd) noexcept nogil:
    cdef number zero = 0
    if number is float or number is double:
        return zero if magnitude(x) <= lambd else x
    else:
        return x if (x > lambd) & (lambd >= zero) | below_minus(x, lambd) else zero


cdef inline bint below_minus(number x, number lambd) noexcept nogil:
    """x < -lambd for lambd >= 0, for unsigned integers as well. A lambd above all integers comes as the lowest one, and is never
    exceeded.
    """
    cdef number zero = 0
    return (x < zero) & (lambd >= zero) & (plus(x, lambd) < zero)


cdef inline real hard_shrink_derivative(real x, real lambd) noexcept nogil:
    cdef real zero = 0, slope = one_or_nan(x)
    return zero if magnitude(x) <= lambd else slope


cdef inline real same_sign(real y, real x) noexcept nogil:
    """y with the sign of x."""
    return with_sign(magnitude(y), x)

cdef inline number soft_shrink_forward(number x, number lambd) noexcept nogil:
    cdef number zero = 0
    if number is float or number is double:
        return same_sign(x - between(-lambd, lambd, x), x)  # between, that is +0
    else:
        return minus(x, lambd) if (x > lambd) & (lambd >= zero) else (plus(x, lambd) if below_minus(x, lambd) else zero)

cdef inline real soft_shrink_derivative(real x, real lambd) noexcept nogil:
    return hard_shrink_derivative(x, lambd)


cdef inline number srelu_forward(
    number x, number threshold_left, number slope_left, number threshold_right, number slope_right
) noexcept nogil:
    cdef number left = plus(threshold_left, below_zero_times(minus(x, threshold_left), slope_left))
    cdef number right = minus(threshold_right, below_zero_times(minus(threshold_right, x), slope_right))
    cdef number y = right if x > threshold_right else x
    return left if x < threshold_left else y

cdef inline real srelu_derivative(
    real x, real threshold_left, real slope_left, real threshold_right, real slope_right
) noexcept nogil:
    cdef real one = 1
    cdef real slope = one if x == x else x
    slope = slope_right if x >= threshold_right else slope
    return slope_left if x <= threshold_left else slope


cdef inline real sparse_plus_forward(real x) noexcept nogil:
    """(x + 1)^2 / 4 between -1 and 1, with what the sum's rounding lost, as its square would double that."""
    cdef real one = 1, two = 2, quarter = 0.25
    cdef real b = between(-one, one, x)
    cdef real t = b + one
    cdef real low = b - (t - one)
    cdef real y = quarter * fma(t, t, two * t * low)
    return x if x > one else y

cdef inline real sparse_plus_derivative(real x) noexcept nogil:
    return sparse_sigmoid_forward(x)

cdef inline real sparse_plus_derivative_from_output(real y) noexcept nogil:
    cdef real one = 1
    return square_root(at_most(one, y))


cdef inline real sparse_sigmoid_forward(real x) noexcept nogil:
    cdef real one = 1, half = 0.5
    return half * (between(-one, one, x) + one)

cdef inline real sparse_sigmoid_derivative(real x) noexcept nogil:
    cdef real zero = 0, one = 1, half = 0.5
    cdef real slope = half if x == x else x
    return zero if magnitude(x) >= one else slope

cdef inline real sparse_sigmoid_derivative_from_output(real y) noexcept nogil:
    cdef real zero = 0, one = 1, half = 0.5
    cdef real slope = half if y == y else y
    slope = zero if y >= one else slope
    return zero if y <= zero else slope
