/* Quick kernels: activations of doubles to 2^-41 of the result, for the mode "exact".  See kernels.h.

   What they give is rounded to a float, and computed again where that is in doubt: see quick_rounding.h.  x is a float.  What has
   rounded to zero or infinity as a float, times any float for a derivative, may be any such number: so arguments are bounded, and
   no result is out of a double's range.  Nothing is corrected, and polynomials are as short as that: so they take half of the
   time of the other kernels of doubles.

   What it gains with AVX-512: from the formula in float64, tile by tile -> here, 65,536 elements on a busy machine, and beside it
   the kernels of float.   The figures after the arrow have been scaled since, by how much faster the kernels of a later day are:

                           forward                 backward
       exponential   0.81 -> 0.59, 0.17      0.94 -> 0.62, 0.19
       sigmoid       1.22 -> 0.75, 0.33      1.38 -> 0.82, 0.30
       log_sigmoid   2.38 -> 1.02, 0.46      1.37 -> 0.85, 0.32
       tanh          1.52 -> 0.87, 0.23      1.26 -> 0.90, 0.36
       silu          1.36 -> 0.92, 0.37      1.68 -> 1.25, 0.48
       gelu          3.30 -> 1.18, 0.46      3.25 -> 1.28, 0.50
       gelu_tanh     1.60 -> 0.95, 0.58      2.27 -> 1.36, 0.91
       mish          2.09 -> 0.93, 0.66      2.55 -> 1.29, 0.72
       softplus      2.45 -> 1.23, 0.56      1.46 -> 0.87, 0.36
       elu           0.94 -> 0.63, 0.25      1.08 -> 0.62, 0.24
       erf           2.40 -> 1.01, 0.25      1.13 -> 0.63, 0.28
       arctan        1.35 -> 1.19, 0.38      0.92 -> 0.45, 0.24
       softsign      0.83 -> 0.47, 0.22      0.90 -> 0.52, 0.22

   On a later day, less busy:

       gaussian      1.22 -> 0.71, 0.28      1.64 -> 0.94, 0.38
       generalized_logistic
                     5.42 -> 1.77, 0.57      5.57 -> 2.01, 0.64
       softcap       1.82 -> 1.04, 0.63      1.47 -> 1.00, 0.55
       tanh_shrink   2.00 -> 1.32, 0.42      1.74 -> 1.09, 0.35
       gudermannian  2.90 -> 1.09, 0.25      1.36 -> 0.92, 0.31
       isru          2.09 -> 0.61, 0.52      2.20 -> 0.72, 0.52
       isrlu         2.19 -> 0.66, 0.54      2.20 -> 0.75, 0.54

   Where a derivative changes its sign, no error is a small part of it.  What gets so near gives `unless_small`'s NaN, which is
   computed again, too; and the functions called _fine have so few errors that this is little. */

#if STEPS == 16
#define QUICK_TO_STEP (0x1.8p52 / 16)
#define QUICK_EXP VECTOR_HORNER(exp_quick, r)
#define QUICK_EXPM1 VECTOR_HORNER(exp_reduced, r)
/* factor * 2^n, where `shifted` has n in its low bits, in sixteenths. */
#define QUICK_POWER(factor, shifted, n) SCALE(POWER_OF(F(kernel_powers), factor, shifted), n)
#else
#define QUICK_TO_STEP (0x1.8p52 + 1023)
#define QUICK_EXP VECTOR_HALVES(exp_quick_half, r, r * r)
#define QUICK_EXPM1 VECTOR_HALVES(exp_tail, r, r * r)
#define QUICK_POWER(factor, shifted, n) (ALL(factor) * FROM_BITS(SHIFT_LEFT(BITS(shifted), 52)))
#endif

/* |x| <= 700.   `factor` times a power of 2 (with a table, of 2^(1/16)) which, times e^r, is factor * e^x. */
VECTORS VECTOR V(power_of_exp)(VECTOR x, double factor, VECTOR *r) {
    VECTOR shifted = FMA(x, VECTOR_CONSTANT(log2_e), ALL(QUICK_TO_STEP)), n = shifted - ALL(QUICK_TO_STEP);
    *r = MINUS_FMA(n, ALL(0.6931471805599453), x);
    return QUICK_POWER(factor, shifted, n);
}

/* |x| <= 700; 2^-46 of factor * e^x.   With a table of powers the factor costs nothing: it multiplies that before the loop. */
VECTORS VECTOR V(exp_times)(VECTOR x, double factor) {
    VECTOR r, power = V(power_of_exp)(x, factor, &r), p = QUICK_EXP;
    return FMA(power * r, FMA(p, r, ALL(1)), power);
}
VECTORS VECTOR V(exp)(VECTOR x) { return V(exp_times)(x, 1); }

/* |x| <= 700; 2^-51 + 2^-53 |x| of e^x. */
VECTORS VECTOR V(exp_fine)(VECTOR x) {
    VECTOR r, power = V(power_of_exp)(x, 1, &r), p = QUICK_EXPM1;
    return FMA(power, FMA(r * r, p, r), power);
}

/* e^-x: the same, with -r for r. */
#if STEPS == 16
VECTORS VECTOR V(power_of_exp_minus)(VECTOR x, double factor, VECTOR *minus_r) {
    VECTOR shifted = MINUS_FMA(x, VECTOR_CONSTANT(log2_e), ALL(QUICK_TO_STEP)), n = shifted - ALL(QUICK_TO_STEP);
    *minus_r = FMA(n, ALL(0.6931471805599453), x);
    return QUICK_POWER(factor, shifted, n);
}
VECTORS VECTOR V(exp_minus_times)(VECTOR x, double factor) {
    VECTOR r, power = V(power_of_exp_minus)(x, factor, &r), p = F(HORNER_exp_quick_0)(r, MINUS_FMA, ALL);
    return MINUS_FMA(power * r, MINUS_FMA(p, r, ALL(1)), power);
}
VECTORS VECTOR V(exp_minus_fine)(VECTOR x) {
    VECTOR r, power = V(power_of_exp_minus)(x, 1, &r), p = F(HORNER_exp_reduced_0)(r, MINUS_FMA, ALL);
    return MINUS_FMA(power, MINUS_FMA(r * r, p, r), power);
}
#else
VECTORS VECTOR V(exp_minus_times)(VECTOR x, double factor) { return V(exp_times)(-x, factor); }
VECTORS VECTOR V(exp_minus_fine)(VECTOR x) { return V(exp_fine)(-x); }
#endif
VECTORS VECTOR V(exp_minus)(VECTOR x) { return V(exp_minus_times)(x, 1); }

/* |x| <= 700; 2^-46 of e^x - 1, but +0 for -0. */
VECTORS VECTOR V(expm1)(VECTOR x) {
    VECTOR r, power = V(power_of_exp)(x, 1, &r), p = QUICK_EXPM1;
    return FMA(power, FMA(r * r, p, r), power - ALL(1));
}

/* 2^-1000 < d < 2^1000; 2^-42 of 1/d, and 2^-51. */
#if ESTIMATES
VECTORS VECTOR V(reciprocal)(VECTOR d) {
    VECTOR r = ESTIMATE(d), e = MINUS_FMA(r, d, ALL(1));
    return FMA(FMA(e, e, e), r, r);
}
VECTORS VECTOR V(reciprocal_fine)(VECTOR d) {
    VECTOR r = ESTIMATE(d);
    r = FMA(MINUS_FMA(r, d, ALL(1)), r, r);
    return FMA(MINUS_FMA(r, d, ALL(1)), r, r);
}
#else
VECTORS VECTOR V(reciprocal)(VECTOR d) { return ALL(1) / d; }
VECTORS VECTOR V(reciprocal_fine)(VECTOR d) { return ALL(1) / d; }
#endif

#if ESTIMATES
/* 2^-1000 < d < 2^1000; 2^-50 of 1/sqrt(d). */
VECTORS VECTOR V(reciprocal_root)(VECTOR d) {
    VECTOR r = ROOT_ESTIMATE(d), e = MINUS_FMA(d, r * r, ALL(1));
    return FMA(FMA(FMA(ALL(0.3125), e, ALL(0.375)), e, ALL(0.5)), e * r, r);
}
#endif

/* y, but a NaN that counts as unsure (loops/unsure.h) where it is not sure; where |part| < least. */
VECTORS VECTOR V(if_sure)(MASK is_sure, VECTOR y) { return CHOOSE(is_sure, y, FROM_BITS(ALL_BITS(0x7ff8000010000000))); }
VECTORS VECTOR V(unless_small)(VECTOR y, VECTOR part, double least) {
    return V(if_sure)(NOT_LESS(MAGNITUDE(part), ALL(least)), y);
}

/* x, but at most `limit` in magnitude; NaN for NaN. */
VECTORS VECTOR V(bounded)(VECTOR x, double limit) { return SMALLER(ALL(limit), LARGER(ALL(-limit), x)); }

/* min(|x|, limit); NaN for NaN. */
VECTORS VECTOR V(bounded_magnitude)(VECTOR x, double limit) { return SMALLER(ALL(limit), MAGNITUDE(x)); }

/* y with the sign of x. */
VECTORS VECTOR V(signed_as)(VECTOR y, VECTOR x) { return OR(y, AND(x, ALL(-0.0))); }

#define QUICK_EXP_FURTHEST 700.0
#define QUICK_FURTHEST 0x1p200 /* infinite as a float, also times 2^-72; times e^-700 it is zero */

/* e^-|x| */
VECTORS VECTOR V(exp_minus_magnitude)(VECTOR x) {
    return V(exp_minus)(V(bounded_magnitude)(x, QUICK_EXP_FURTHEST));
}

/* ---- exponential, sigmoid, softplus, generalized_logistic --------------------------------------------------------- */

VECTORS VECTOR V(exponential_forward)(VECTOR x) { return V(exp)(V(bounded)(x, QUICK_EXP_FURTHEST)); }
VECTORS VECTOR V(exponential_derivative)(VECTOR x) { return V(exponential_forward)(x); }

/* factor * e^(-x^2) */
VECTORS VECTOR V(exp_minus_square_times)(VECTOR x, double factor) {
    return V(exp_times)(LARGER(ALL(-QUICK_EXP_FURTHEST), -x * x), factor);
}
VECTORS VECTOR V(gaussian_forward)(VECTOR x) { return V(exp_minus_square_times)(x, 1); }
VECTORS VECTOR V(gaussian_derivative)(VECTOR x) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST);
    return bounded * V(exp_minus_square_times)(bounded, -2);
}

VECTORS VECTOR V(sigmoid_forward)(VECTOR x) {
    return V(reciprocal)(ALL(1) + V(exp_minus)(V(bounded)(x, QUICK_EXP_FURTHEST)));
}

/* e / (1 + e)^2 */
VECTORS VECTOR V(sigmoid_derivative)(VECTOR x) {
    VECTOR e = V(exp_minus_magnitude)(x), r = V(reciprocal)(ALL(1) + e);
    return e * r * r;
}

/* log1p(t), t = e^-|x|; by a table of factors c, of few bits: it is log1p(c (1 + t) - 1) - log(c). */
#if INTERVALS > 8
static const double log1p_quick_table[][INTERVALS] __attribute__((aligned(64))) = {
    LOGARITHMS_quick_factors_f64, LOGARITHMS_log_of_quick_factors_f64
};

VECTORS VECTOR V(log1p_exp)(VECTOR x) {
    VECTOR t = V(exp_minus_magnitude)(x);
    INTEGERS interval = INTERVAL(FMA(t, ALL(0.967), ALL(1.03125)), 48);
    VECTOR c = OF_INTERVAL(log1p_quick_table[0], interval), r = FMA(t, c, c - ALL(1)), p = VECTOR_HORNER(log1p_quick, r);
    return FMA(r * r, p, r) - OF_INTERVAL(log1p_quick_table[1], interval);
}
#else
VECTORS VECTOR V(log1p_exp)(VECTOR x) {
    VECTOR t = V(exp_minus_magnitude)(x), square = t * t, p = VECTOR_HALVES(log1p_quick_unit, t, square);
    return FMA(square, p, t);
}
#endif

VECTORS VECTOR V(log_sigmoid_forward)(VECTOR x) { return SMALLER(ALL(0), x) - V(log1p_exp)(x); }
VECTORS VECTOR V(log_sigmoid_derivative)(VECTOR x) {
    return V(reciprocal)(ALL(1) + V(exp)(V(bounded)(x, QUICK_EXP_FURTHEST)));
}

VECTORS VECTOR V(softplus_forward)(VECTOR x, VECTOR beta) {
    return FMA(V(log1p_exp)(beta * x), ALL(1) / beta, LARGER(ALL(0), x));
}
VECTORS VECTOR V(softplus_derivative)(VECTOR x, VECTOR beta) { return V(sigmoid_forward)(beta * x); }

#define GENERALIZED_LOGISTIC_LARGEST (INTERVALS > 8 ? 16 : 4) /* the error of the logarithm counts alpha times */

/* factor e^-(alpha (max(-x, 0) + g) + beyond (max(x, 0) + g)), g = log1p(e^-|x|); beyond is 0 or 1. */
VECTORS VECTOR V(generalized_logistic_exp)(VECTOR x, VECTOR alpha, int beyond, VECTOR factor) {
    VECTOR g = V(log1p_exp)(x), z = alpha * (LARGER(ALL(0), -x) + g);
    if (beyond)
        z += LARGER(ALL(0), x) + g;
    VECTOR y = factor * V(exp_minus)(SMALLER(ALL(QUICK_EXP_FURTHEST), z));
    return V(if_sure)(AT_MOST(alpha, ALL(GENERALIZED_LOGISTIC_LARGEST)), y);
}
/* (1 + e^-x)^-alpha, and alpha times that times sigmoid(-x) */
VECTORS VECTOR V(generalized_logistic_forward)(VECTOR x, VECTOR alpha) {
    return V(generalized_logistic_exp)(x, alpha, 0, ALL(1));
}
VECTORS VECTOR V(generalized_logistic_derivative)(VECTOR x, VECTOR alpha) {
    return V(generalized_logistic_exp)(x, alpha, 1, alpha);
}

/* ---- tanh, softcap, tanh_shrink, elu, celu, selu ------------------------------------------------------------------ */

/* m / (m + 2), m = e^2x - 1 */
VECTORS VECTOR V(tanh_forward)(VECTOR x) {
    VECTOR m = V(expm1)(ALL(2) * V(bounded)(x, 20));
    return V(signed_as)(m * V(reciprocal)(m + ALL(2)), x);
}
/* 4 e / (1 + e)^2, e = e^-2|x| */
VECTORS VECTOR V(tanh_derivative)(VECTOR x) {
    VECTOR four_e = V(exp_minus_times)(ALL(2) * V(bounded_magnitude)(x, QUICK_EXP_FURTHEST / 2), 4);
    VECTOR r = V(reciprocal)(FMA(four_e, ALL(0.25), ALL(1)));
    return four_e * r * r;
}

/* cap * tanh(x / cap), and that tanh's derivative. */
VECTORS VECTOR V(softcap_forward)(VECTOR x, VECTOR cap) { return cap * V(tanh_forward)(x * (ALL(1) / cap)); }
VECTORS VECTOR V(softcap_derivative)(VECTOR x, VECTOR cap) { return V(tanh_derivative)(x * (ALL(1) / cap)); }

/* tanh(x) to 2^-45. */
VECTORS VECTOR V(tanh_fine)(VECTOR x) {
    VECTOR m = V(expm1)(ALL(2) * V(bounded)(x, 20));
    return m * V(reciprocal_fine)(m + ALL(2));
}
/* x - tanh(x); below 1/2, where that cancels, x^3 times a polynomial. */
VECTORS VECTOR V(tanh_shrink_forward)(VECTOR x) {
    VECTOR square = x * x, near = square * x * VECTOR_HALVES(tanh_shrink_quick, square, square * square);
    return CHOOSE(LESS(MAGNITUDE(x), ALL(0.5)), near, x - V(tanh_fine)(x));
}
VECTORS VECTOR V(tanh_shrink_derivative)(VECTOR x) {
    VECTOR t = V(tanh_fine)(x);
    return t * t;
}

/* x, from where its exponential has vanished. */
VECTORS VECTOR V(at_least_furthest)(VECTOR x) { return LARGER(ALL(-QUICK_EXP_FURTHEST), x); }

VECTORS VECTOR V(elu_forward)(VECTOR x, VECTOR alpha) {
    return CHOOSE(LESS(x, ALL(0)), alpha * V(expm1)(V(at_least_furthest)(x)), x);
}
VECTORS VECTOR V(elu_derivative)(VECTOR x, VECTOR alpha) {
    return CHOOSE(LESS(ALL(0), x), ALL(1), V(exp_times)(V(at_least_furthest)(x), alpha[0]));
}

VECTORS VECTOR V(selu_forward)(VECTOR x) {
    return CHOOSE(LESS(x, ALL(0)), ALL(1.7580993408473768) * V(expm1)(V(at_least_furthest)(x)), x * ALL(1.0507009873554805));
}
VECTORS VECTOR V(selu_derivative)(VECTOR x) {
    return CHOOSE(LESS(ALL(0), x), ALL(1.0507009873554805), V(exp_times)(V(at_least_furthest)(x), 1.7580993408473768));
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

/* s (1 + slope (1 - s)), s = sigmoid(z), slope = x z'(x): the derivative of x s.   |z| <= 700 */
VECTORS VECTOR V(gated_slope)(VECTOR z, VECTOR slope) {
    VECTOR e = V(exp_minus_fine)(z), s = V(reciprocal_fine)(ALL(1) + e);
    VECTOR part = FMA(slope, e * s, ALL(1));
    return V(unless_small)(s * part, part, 0x1p-9);
}

VECTORS VECTOR V(silu_derivative)(VECTOR x, VECTOR beta) {
    VECTOR z = V(bounded)(beta * x, QUICK_EXP_FURTHEST);
    return V(gated_slope)(z, z);
}
VECTORS VECTOR V(quick_gelu_derivative)(VECTOR x) { return V(silu_derivative)(x, ALL(1.702)); }

VECTORS VECTOR V(quick_gelu_forward)(VECTOR x) { return V(silu_forward)(x, ALL(1.702)); }

/* x sigmoid(z), z = x (k + c x^2) */
#define GELU_TANH_K 1.5957691216057308
#define GELU_TANH_C 0.07135481627260025
VECTORS VECTOR V(gelu_tanh_forward)(VECTOR x) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST), z = bounded * FMA(bounded * bounded, ALL(GELU_TANH_C), ALL(GELU_TANH_K));
    return bounded * V(sigmoid_forward)(z);
}
VECTORS VECTOR V(gelu_tanh_derivative)(VECTOR x) {
    VECTOR bounded = V(bounded)(x, 20), square = bounded * bounded;
    VECTOR z = bounded * FMA(square, ALL(GELU_TANH_C), ALL(GELU_TANH_K));
    return V(gated_slope)(z, bounded * FMA(square, ALL(3 * GELU_TANH_C), ALL(GELU_TANH_K)));
}

/* x n / (n + 2), n = e^x (e^x + 2) */
VECTORS VECTOR V(mish_forward)(VECTOR x) {
    VECTOR e = V(exp)(LARGER(ALL(-QUICK_EXP_FURTHEST), SMALLER(ALL(50), x))), n = FMA(e, e, e + e);
    return LARGER(ALL(-QUICK_FURTHEST), x) * n * V(reciprocal)(n + ALL(2));
}

/* e ((e + 2) (n + 2) + 4 x (e + 1)) / (n + 2)^2, e = e^x */
VECTORS VECTOR V(mish_derivative)(VECTOR x) {
    VECTOR bounded = LARGER(ALL(-QUICK_EXP_FURTHEST), SMALLER(ALL(50), x)), e = V(exp_fine)(bounded);
    VECTOR more = e + ALL(2), d = FMA(e, more, ALL(2)), four_x = ALL(4) * bounded;
    VECTOR part = FMA(more, d, FMA(four_x, e, four_x));
    return V(unless_small)(e * part * V(reciprocal)(d * d), part, 0x1p-6);
}

/* ---- softsign, isru, isrlu, the derivatives of erf, arctan and gudermannian --------------------------------------- */

VECTORS VECTOR V(softsign_forward)(VECTOR x) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST);
    return bounded * V(reciprocal)(ALL(1) + MAGNITUDE(bounded));
}
VECTORS VECTOR V(softsign_derivative)(VECTOR x) {
    VECTOR r = V(reciprocal)(ALL(1) + V(bounded_magnitude)(x, QUICK_FURTHEST));
    return r * r;
}

/* 2/sqrt(pi) e^(-x^2) */
VECTORS VECTOR V(erf_derivative)(VECTOR x) { return V(exp_minus_square_times)(x, 1.1283791670955126); }

VECTORS VECTOR V(arctan_derivative)(VECTOR x) {
    return V(reciprocal)(SMALLER(ALL(QUICK_FURTHEST * QUICK_FURTHEST), FMA(x, x, ALL(1))));
}

/* 1/cosh(x) = 2e / (1 + e^2), e = e^-|x| */
VECTORS VECTOR V(gudermannian_derivative)(VECTOR x) {
    VECTOR two_e = V(exp_minus_times)(V(bounded_magnitude)(x, QUICK_EXP_FURTHEST), 2);
    return two_e * V(reciprocal)(FMA(ALL(0.25) * two_e, two_e, ALL(1)));
}

#if ESTIMATES
/* x / sqrt(1 + alpha x^2) and (1 + alpha x^2)^(-3/2) */
VECTORS VECTOR V(isru_forward)(VECTOR x, VECTOR alpha) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST);
    return bounded * V(reciprocal_root)(FMA(alpha * bounded, bounded, ALL(1)));
}
VECTORS VECTOR V(isru_derivative)(VECTOR x, VECTOR alpha) {
    VECTOR bounded = V(bounded)(x, QUICK_FURTHEST), r = V(reciprocal_root)(FMA(alpha * bounded, bounded, ALL(1)));
    return r * r * r;
}
/* The same below 0, else x and 1. */
VECTORS VECTOR V(isrlu_forward)(VECTOR x, VECTOR alpha) { return CHOOSE(LESS(x, ALL(0)), V(isru_forward)(x, alpha), x); }
VECTORS VECTOR V(isrlu_derivative)(VECTOR x, VECTOR alpha) {
    return CHOOSE(AT_MOST(ALL(0), x), ALL(1), V(isru_derivative)(x, alpha));
}
#endif

/* ---- erf, gelu, arctan, gudermannian ------------------------------------------------------------------------------ */

/* x times a polynomial of x^2; from 3.99 on it rounds to 1 as there. */
VECTORS VECTOR V(erf_forward)(VECTOR x) {
    VECTOR bounded = V(bounded)(x, 3.99), d = FMA_MINUS(bounded, bounded, VECTOR_CENTRE(erf_quick));
    return bounded * VECTOR_HALVES(erf_quick, d, d * d);
}

#define GELU_QUICK_FURTHEST 20 /* where all has rounded to zero, times the largest float */

#if INTERVALS > 8
static const double normal_quick_table[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_normal_quick_intervals_f64;
static const double gelu_quick_table[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_gelu_quick_intervals_f64;
static const double gelu_slope_quick_table[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_gelu_slope_quick_intervals_f64;
static const double arctan_quick_table[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_arctan_quick_intervals_f64;
static const double gudermannian_quick_table[][INTERVALS]
    __attribute__((aligned(64))) = INTERVALS_gudermannian_quick_intervals_f64;

/* A function by intervals: see intervals.h. */
VECTORS VECTOR V(by_intervals)(const double (*table)[INTERVALS], int degree, VECTOR a, double scale, double offset, int bits) {
    INTEGERS interval = V(interval)(a, scale, offset, bits);
    VECTOR d = a - OF_INTERVAL(table[CENTRE], interval);
    return FMA(V(of_polynomial)(table, degree, interval, d), d, OF_INTERVAL(table[VALUE], interval));
}
#define QUICK_BY_INTERVALS(name, a) V(by_intervals)(name##_quick_table, DEGREE(name##_quick_table), a, FIND_QUICK(name))
#define FIND_QUICK(name) SCALE_##name##_quick_intervals_f64, OFFSET_##name##_quick_intervals_f64, BITS_##name##_quick_intervals_f64

/* Phi(-a) e^(a^2/2) */
VECTORS VECTOR V(normal)(VECTOR a) { return QUICK_BY_INTERVALS(normal, a); }

/* max(x, 0) - a Phi(-a), a = |x|: near zero by a table of it, else by one of Phi(-a) e^(a^2/2).   The branch need not give the same
   bits: see above. */
VECTORS VECTOR V(gelu_forward)(VECTOR x) {
    VECTOR a = MAGNITUDE(x), t;
    if (ANY(AT_MOST(ALL(4), a))) {
        a = SMALLER(ALL(GELU_QUICK_FURTHEST), a);
        t = a * V(exp_minus)(ALL(0.5) * a * a) * V(normal)(a);
    } else
        t = QUICK_BY_INTERVALS(gelu, a);
    return LARGER(ALL(-0.0), x) - t;
}

/* Of a or 1/a, whichever is less. */
VECTORS VECTOR V(arctan_forward)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, QUICK_FURTHEST);
    MASK far = LESS(ALL(1), a);
    VECTOR y = QUICK_BY_INTERVALS(arctan, CHOOSE(far, V(reciprocal)(a), a));
    return V(signed_as)(CHOOSE(far, ALL(1.5707963267948966) - y, y), x);
}

VECTORS VECTOR V(gudermannian_forward)(VECTOR x) {
    return V(signed_as)(QUICK_BY_INTERVALS(gudermannian, V(bounded_magnitude)(x, 30)), x);
}

#else
/* Phi(-a) e^(a^2/2) */
VECTORS VECTOR V(normal)(VECTOR a) {
    VECTOR r = ALL(1) / (a + ALL(4)), v = FMA_MINUS(a, r, VECTOR_CENTRE(normal_quick));
    return VECTOR_HALVES(normal_quick, v, v * v) * r;
}

/* max(x, 0) - a Phi(-a), a = |x| */
VECTORS VECTOR V(gelu_forward)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, GELU_QUICK_FURTHEST), t = a * V(exp)(ALL(-0.5) * a * a) * V(normal)(a);
    return LARGER(ALL(-0.0), x) - t;
}
#endif

/* x < 0 ? t : 1 - t,  t = Phi(-a) - a phi(a), a = |x|: near zero by a table of it.  One of its centres is where t changes its
   sign, so that t has all digits there.  The careful loop has lost some, and results are its: so what is nearest is left to it.
   Elsewhere its error is 2^-53: 1.3 of 2^-41 at the least t, and quick results are sure where 2 would not matter. */
VECTORS VECTOR V(gelu_derivative)(VECTOR x) {
    VECTOR a = MAGNITUDE(x), t, below;
#if INTERVALS > 8
    if (!ANY(AT_MOST(ALL(4), a))) {
        t = QUICK_BY_INTERVALS(gelu_slope, a);
        below = V(unless_small)(t, t, 0x1p-13);
    } else
#endif
    {
        a = SMALLER(ALL(GELU_QUICK_FURTHEST), a);
        VECTOR part = MINUS_FMA(a, ALL(0.3989422804014327), V(normal)(a));
        t = V(exp_minus)(ALL(0.5) * a * a) * part;
        below = V(unless_small)(t, part, 0x1p-9);
    }
    return CHOOSE(AT_MOST(ALL(0), x), ALL(1) - t, below);
}
