/* gelu by intervals: see intervals.h. */

/* With a = |x|:  x < 0 ? -t : x - t,  t = a Phi(-a)

   k is log2(e) / 2 rounded to float, which the tables of floats make good. */
#define GELU_FURTHEST BY_TYPE(14.58f, 39.5) /* where all has rounded to zero */
#define GELU_FACTOR 0.7213475f

#if NUMBER_BITS == 32 && INTERVALS > 8
/* t = 2^(-k a^2) * tail(a / 2), by two tables: one of t, one of what the derivative has in its place. */
INTERVAL_TABLE(gelu);
INTERVAL_TABLE(gelu_slope);

/* t, by a table.   The value times a power is in the last sum's product, so that it is not rounded. */
VECTORS VECTOR V(gelu_tail)(const float (*table)[INTERVALS], VECTOR x) {
    VECTOR a = MAGNITUDE_OR(ALL(GELU_FURTHEST), x);
    INTEGERS interval = V(interval)(a, 0.5f * F(SCALE_gelu_intervals), F(OFFSET_gelu_intervals), F(BITS_gelu_intervals));
    VECTOR d = FMA_MINUS(a, ALL(0.5f), OF_INTERVAL(F(gelu_table)[CENTRE], interval));
    VECTOR value = OF_INTERVAL(table[VALUE], interval), rest = V(beyond_value)(table, DEGREE(F(gelu_table)), interval, d);
    VECTOR n, power, q = V(exp2_minus_square)(a, GELU_FACTOR, &n, &power);
    rest = FMA(value + rest, q, rest);
    return SCALE(FMA(value, power, rest * power), n);
}

/* 0.40 ns an element, the formula 0.75; the derivative 0.46 and 0.75; geglu 0.45 and 0.76, with a bias 0.49 and 0.86. */
VECTORS VECTOR V(gelu_forward)(VECTOR x) {
    return LARGER(ALL(-0.0f), x) - V(gelu_tail)(F(gelu_table), x); /* of two zeros, or with NaN, max gives x */
}

/* x < 0 ? t : 1 - t,  t = Phi(-a) - a phi(a); NaN where x is. */
VECTORS VECTOR V(gelu_derivative)(VECTOR x) {
    VECTOR t = V(gelu_tail)(F(gelu_slope_table), x);
    return NAN_FROM(x, CHOOSE(AT_MOST(ALL(0), x), ALL(1) - t, t));
}

#else
/* Phi(-a) = e^(-a^2/2) / inverse(a).   The inverse is nearly linear, so that few intervals will do, and forward and derivative
   share it; a division is one instruction where a look-up would be many. */
INTERVAL_TABLE(gelu_inverse);

/* The inverse: the value that it returns, and the rest; 2^-26 (2^-55). */
VECTORS VECTOR V(gelu_inverse)(VECTOR a, VECTOR *rest) {
    INTEGERS interval = V(interval)(a, FIND(gelu_inverse));
    VECTOR d = a - OF_INTERVAL(F(gelu_inverse_table)[CENTRE], interval);
    *rest = V(of_polynomial)(F(gelu_inverse_table), DEGREE(F(gelu_inverse_table)), interval, d) * d;
    return OF_INTERVAL(F(gelu_inverse_table)[VALUE], interval);
}

/* power and q with e^(-a^2/2) = power (1 + q), which is still to be scaled by n. */
VECTORS VECTOR V(gelu_exp)(VECTOR a, VECTOR *n, VECTOR *power) {
#if NUMBER_BITS == 32
    return V(exp2_minus_square)(a, GELU_FACTOR, n, power);
#else
    return V(exp_minus_product)(a, a * ALL(0.5), n, power);
#endif
}

/* 0.96 ns an element, the formula 1.32; the derivative 1.00 and 1.44, value_and_grad 1.27 and 1.86.   Of double with AVX-512, on
   a busy machine, 2.40 and 3.34, 2.25 and 2.86, 2.79 and 3.51.   The quotient's correction makes good what was lost where
   numerator and denominator were rounded. */
VECTORS VECTOR V(gelu_forward)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, GELU_FURTHEST);
    VECTOR n, power, q = V(gelu_exp)(a, &n, &power);
    VECTOR product = a * power, more = FMA(product, q, FMA_MINUS(a, power, product));
    VECTOR rest, value = V(gelu_inverse)(a, &rest), inverse = value + rest;
    VECTOR t = (product + more) / inverse;
    VECTOR remainder = MINUS_FMA(t, value, product) + MINUS_FMA(t, rest, more);
    t = FMA(remainder, V(reciprocal_nearly)(inverse), t);
    return MINUS_SCALED(t, n, LARGER(ALL(-0.0f), x)); /* of two zeros, or with NaN, the larger gives x */
}

/* x < 0 ? t : 1 - t,  t = Phi(-a) - a phi(a) = e^(-a^2/2) (1 / inverse - a b), where b = e^(a^2/2) phi(a): a constant, or
   almost one in float, where the exponential is 2^(-k a^2). */
VECTORS VECTOR V(gelu_derivative)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, GELU_FURTHEST);
    VECTOR n, power, q = V(gelu_exp)(a, &n, &power);
    VECTOR rest, value = V(gelu_inverse)(a, &rest), inverse = value + rest;
#if NUMBER_BITS == 32
    VECTOR b = FMA(a * a, ALL(-2.6628915e-9f), ALL(0.3989423f));
#else
    const VECTOR b = ALL(0.3989422804014327);
#endif
    VECTOR t = SCALE(FMA(power, q, power) * MINUS_FMA(a, b, ALL(1) / inverse), n);
    return CHOOSE(AT_MOST(ALL(0), x), ALL(1) - t, t);
}
#endif
