/* erf by intervals, for float or double: see intervals.h. */

INTERVAL_TABLE(erf);

/* 0.21 ns an element, the formula 0.55; the derivative 0.27 and 0.33.  Of double 0.90 and 2.27; 0.69 and 0.88.
   With AVX2 0.50 and 1.15; 0.62 and 0.69. */
VECTORS VECTOR V(erf_forward)(VECTOR x) {
    return ODD_BY_INTERVALS(erf, x, BY_TYPE(3.99f, 5.99));
}

/* 2/sqrt(pi) e^(-x^2) */
#if NUMBER_BITS == 32 && SCALES
VECTORS VECTOR V(erf_derivative)(VECTOR x) {
    const VECTOR two_per_sqrt_pi = ALL(1.1283792f);
    VECTOR a = V(bounded_magnitude)(x, 11.0f); /* where the result has rounded to zero */
    VECTOR n, f = V(minus_square)(a, 1.442695f, &n);
    f = MINUS_FMA(a * a, ALL(1.925963e-8f), f); /* the rest of log2(e) */
    return SCALE(FMA(two_per_sqrt_pi * f, V(exp2_tail)(f), two_per_sqrt_pi), n);
}
#else
/* By e^x: in double 2^f would need more terms. */
VECTORS VECTOR V(erf_derivative)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, BY_TYPE(10.9f, 28.0)); /* where the result has rounded to zero */
    VECTOR n, power, q = V(exp_minus_product)(a, a, &n, &power);
    power *= ALL(1.1283791670955126);
    return SCALE(FMA(power, q, power), n);
}
#endif
