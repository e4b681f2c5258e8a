/* Quick kernels: activations of doubles to 2^-41 of the result, for the mode "exact".  See kernels.h.

   What they give is rounded to a float, and computed again where that is in doubt: see quick_rounding.h.  x is a
   float, and what has rounded to zero or infinity as a float may be any such number: so arguments are bounded, and no result is
   out of a double's range.  Nothing is corrected, and polynomials are as short as that: so they take half of the other kernels'
   time.

   A derivative that changes its sign has no kernel here, as no error is a small part of it. */

/* |x| <= 700; 2^-46 of e^x.   `power` is a power of two, of sixteenths; r is left. */
VECTORS VECTOR V(power_of_exp)(VECTOR x, VECTOR *r) {
    VECTOR shifted = FMA(x, VECTOR_CONSTANT(log2_e), ALL(TO_STEP)), n = shifted - ALL(TO_STEP);
    *r = MINUS_FMA(n, ALL(0.6931471805599453), x);
    return SCALE(POWER_OF(F(kernel_powers), 1, shifted), n);
}

VECTORS VECTOR V(exp)(VECTOR x) {
    VECTOR r, power = V(power_of_exp)(x, &r), p = VECTOR_HORNER(exp_quick, r);
    return FMA(power * r, FMA(p, r, ALL(1)), power);
}

/* |x| <= 700; 2^-46 of e^x - 1, but +0 for -0. */
VECTORS VECTOR V(expm1)(VECTOR x) {
    VECTOR r, power = V(power_of_exp)(x, &r), p = VECTOR_HORNER(exp_reduced, r);
    return FMA(power, FMA(r * r, p, r), power - ALL(1));
}

/* 2^-1000 < d < 2^1000; 2^-42 of 1/d. */
VECTORS VECTOR V(reciprocal)(VECTOR d) {
    VECTOR r = ESTIMATE(d), e = MINUS_FMA(r, d, ALL(1));
    return FMA(FMA(e, e, e), r, r);
}

/* x, but at most `limit` in magnitude; NaN for NaN. */
VECTORS VECTOR V(bounded)(VECTOR x, double limit) { return SMALLER(ALL(limit), LARGER(ALL(-limit), x)); }

#define QUICK_EXP_FURTHEST 700.0
/* Times e^-700 it vanishes, times the least factor it is infinite. */
#define QUICK_FURTHEST 0x1p200

/* e^-|x| */
VECTORS VECTOR V(exp_minus_magnitude)(VECTOR x) {
    return V(exp)(V(minus_magnitude)(V(bounded_magnitude)(x, QUICK_EXP_FURTHEST)));
}

/* ---- exponential, sigmoid, softplus ------------------------------------------------------------------------------- */

VECTORS VECTOR V(exponential_forward)(VECTOR x) { return V(exp)(V(bounded)(x, QUICK_EXP_FURTHEST)); }
VECTORS VECTOR V(exponential_derivative)(VECTOR x) { return V(exponential_forward)(x); }

VECTORS VECTOR V(sigmoid_forward)(VECTOR x) {
    return V(reciprocal)(ALL(1) + V(exp)(-V(bounded)(x, QUICK_EXP_FURTHEST)));
}

/* e / (1 + e)^2 */
VECTORS VECTOR V(sigmoid_derivative)(VECTOR x) {
    VECTOR e = V(exp_minus_magnitude)(x), r = V(reciprocal)(ALL(1) + e);
    return e * r * r;
}

/* log1p(e^-|x|) */
VECTORS VECTOR V(log1p_exp)(VECTOR x) {
    VECTOR t = V(exp_minus_magnitude)(x), p = VECTOR_HORNER(log1p_quick, t);
    return FMA(t * t, p, t);
}

VECTORS VECTOR V(log_sigmoid_forward)(VECTOR x) { return SMALLER(ALL(0), x) - V(log1p_exp)(x); }
VECTORS VECTOR V(log_sigmoid_derivative)(VECTOR x) { return V(sigmoid_forward)(-x); }

VECTORS VECTOR V(softplus_forward)(VECTOR x, VECTOR beta) {
    return FMA(V(log1p_exp)(beta * x), ALL(1) / beta, LARGER(ALL(0), x));
}
VECTORS VECTOR V(softplus_derivative)(VECTOR x, VECTOR beta) { return V(sigmoid_forward)(beta * x); }

/* ---- tanh, elu, celu, selu ---------------------------------------------------------------------------------------- */

/* m / (m + 2), m = e^2x - 1 */
VECTORS VECTOR V(tanh_forward)(VECTOR x) {
    VECTOR m = V(expm1)(ALL(2) * V(bounded)(x, 20));
    return V(signed_as)(m * V(reciprocal)(m + ALL(2)), x);
}
VECTORS VECTOR V(tanh_derivative)(VECTOR x) { return ALL(4) * V(sigmoid_derivative)(ALL(2) * x); }

/* x, from where its exponential has vanished. */
VECTORS VECTOR V(at_least_furthest)(VECTOR x) { return LARGER(ALL(-QUICK_EXP_FURTHEST), SMALLER(ALL(1), x)); }

VECTORS VECTOR V(elu_forward)(VECTOR x, VECTOR alpha) {
    return CHOOSE(LESS(x, ALL(0)), alpha * V(expm1)(V(at_least_furthest)(x)), x);
}
VECTORS VECTOR V(elu_derivative)(VECTOR x, VECTOR alpha) {
    return CHOOSE(LESS(ALL(0), x), ALL(1), alpha * V(exp)(V(at_least_furthest)(x)));
}

VECTORS VECTOR V(selu_forward)(VECTOR x) {
    return CHOOSE(LESS(x, ALL(0)), ALL(1.7580993408473768) * V(expm1)(V(at_least_furthest)(x)), x * ALL(1.0507009873554805));
}
VECTORS VECTOR V(selu_derivative)(VECTOR x) {
    return CHOOSE(LESS(ALL(0), x), ALL(1.0507009873554805), ALL(1.7580993408473768) * V(exp)(V(at_least_furthest)(x)));
}

/* x where the quotient is tiny: it may be subnormal there. */
VECTORS VECTOR V(celu_forward)(VECTOR x, VECTOR alpha) {
    VECTOR z = V(at_least_furthest)(x * (ALL(1) / alpha));
    return CHOOSE(LESS(z, ALL(-0x1p-60)), alpha * V(expm1)(z), x);
}
VECTORS VECTOR V(celu_derivative)(VECTOR x, VECTOR alpha) {
    return CHOOSE(LESS(ALL(0), x), ALL(1), V(exp)(V(at_least_furthest)(x * (ALL(1) / alpha))));
}

/* ---- x times a sigmoid, mish -------------------------------------------------------------------------------------- */

VECTORS VECTOR V(silu_forward)(VECTOR x, VECTOR beta) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST);
    return bounded * V(sigmoid_forward)(beta * bounded);
}

VECTORS VECTOR V(quick_gelu_forward)(VECTOR x) { return V(silu_forward)(x, ALL(1.702)); }

/* 2 sqrt(2/pi) (x + 0.044715 x^3) */
VECTORS VECTOR V(gelu_tanh_forward)(VECTOR x) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST), slope = FMA(bounded * bounded, ALL(0.07135481627260025), ALL(1.5957691216057308));
    return bounded * V(sigmoid_forward)(bounded * slope);
}

/* x n / (n + 2), n = e^x (e^x + 2) */
VECTORS VECTOR V(mish_forward)(VECTOR x) {
    VECTOR e = V(exp)(LARGER(ALL(-QUICK_EXP_FURTHEST), SMALLER(ALL(50), x))), n = FMA(e, e, e + e);
    return LARGER(ALL(-QUICK_FURTHEST), x) * n * V(reciprocal)(n + ALL(2));
}

/* ---- erf, gelu, arctan, softsign ---------------------------------------------------------------------------------- */

static const double erf_quick_table[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_erf_quick_intervals_f64;
static const double normal_quick_table[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_normal_quick_intervals_f64;
static const double arctan_quick_table[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_arctan_quick_intervals_f64;

/* A function by intervals: see intervals.h. */
VECTORS VECTOR V(by_intervals)(const double (*table)[INTERVALS], int degree, VECTOR a, double scale, double offset, int bits) {
    INTEGERS interval = V(interval)(a, scale, offset, bits);
    VECTOR d = a - OF_INTERVAL(table[CENTRE], interval);
    return FMA(V(of_polynomial)(table, degree, interval, d), d, OF_INTERVAL(table[VALUE], interval));
}
#define QUICK_BY_INTERVALS(name, a) V(by_intervals)(name##_quick_table, DEGREE(name##_quick_table), a, FIND_QUICK(name))
#define FIND_QUICK(name) SCALE_##name##_quick_intervals_f64, OFFSET_##name##_quick_intervals_f64, BITS_##name##_quick_intervals_f64

VECTORS VECTOR V(erf_forward)(VECTOR x) {
    return V(signed_as)(QUICK_BY_INTERVALS(erf, V(bounded_magnitude)(x, 3.99)), x);
}

/* 2/sqrt(pi) e^(-x^2) */
VECTORS VECTOR V(erf_derivative)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, 26);
    return ALL(1.1283791670955126) * V(exp)(-a * a);
}

/* max(x, 0) - a Phi(-a), a = |x|; the table has Phi(-a) e^(a^2/2). */
VECTORS VECTOR V(gelu_forward)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, 14.58), t = a * V(exp)(ALL(-0.5) * a * a) * QUICK_BY_INTERVALS(normal, a);
    return LARGER(ALL(-0.0), x) - t;
}

/* Of a or 1/a, whichever is less. */
VECTORS VECTOR V(arctan_forward)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, QUICK_FURTHEST);
    MASK far = LESS(ALL(1), a);
    VECTOR y = QUICK_BY_INTERVALS(arctan, CHOOSE(far, V(reciprocal)(a), a));
    return V(signed_as)(CHOOSE(far, ALL(1.5707963267948966) - y, y), x);
}
VECTORS VECTOR V(arctan_derivative)(VECTOR x) {
    VECTOR a = V(bounded)(x, QUICK_FURTHEST);
    return V(reciprocal)(FMA(a, a, ALL(1)));
}

VECTORS VECTOR V(softsign_forward)(VECTOR x) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST);
    return bounded * V(reciprocal)(ALL(1) + MAGNITUDE(bounded));
}
VECTORS VECTOR V(softsign_derivative)(VECTOR x) {
    VECTOR r = V(reciprocal)(ALL(1) + V(bounded_magnitude)(x, QUICK_FURTHEST));
    return r * r;
}
