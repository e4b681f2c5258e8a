/* The normal distribution and the error function.  See vecmath.h. */

/* Range:   v = a / (a + NORMAL_SHIFT), 0 <= a <= 15 (39.5)
   Error:   2^-23.7, 2^-53.1 (without FMA 2^-23.5, 2^-52.6) of the result, by tail + low
   NaN:     gives NaN
   Gives:   (a + NORMAL_SHIFT) e^(a^2/2) Phi(-a), for v given as v + v_low.

            Without its exponential the tail of the normal distribution decays like 1/a; times a + NORMAL_SHIFT it is smooth and
            within a factor of five of constant, and so a polynomial in v (Shepherd and Laframboise 1981).  A larger shift needs
            a lower degree, but lets the sum cancel more.  The polynomial is in v - centre for the same reason.  In low: the last
            step's rounding error and the effect of v_low; for double also those of the step before and of rounding v - centre. */
VECMATH REAL F(normal_tail)(REAL v, REAL v_low, REAL *low) {
    const REAL c0 = COEFFICIENT(0, normal_tail), c1 = COEFFICIENT(1, normal_tail);
    const REAL centre = CENTRE(normal_tail);
    REAL w = v - centre;
#if REAL_BITS == 64
    v_low += (-centre - w) + v;
#endif
    REAL p = HORNER_FROM(2, normal_tail, w);
    REAL slope = F(fma)(p, w, c1);
#if REAL_BITS == 64
    REAL slope_low = F(fma_low)(p, w, c1, slope);
#endif
    REAL tail = F(fma)(slope, w, c0);
    REAL rest = F(fma_low)(slope, w, c0, tail);
#if REAL_BITS == 64
    rest = F(fma)(slope_low, w, rest);
#endif
    *low = F(fma)(F(fma)(p, w, slope), v_low, rest);
    return tail;
}

/* Range:   0 <= a <= ERF_SMALL
   Error:   0.87, 0.82 ULP (without FMA 1.14, 0.96)
   NaN:     gives NaN
   Gives:   erf(a) */
VECMATH REAL F(erf_small)(REAL a) {
    REAL u = a * a;
    REAL p = HORNER(erf_small, u);
    return F(fma)(p, a, a);
}

/* Range:   ERF_SMALL <= a <= 4 (6)
   Error:   2^-26.9, 2^-56.0 (without FMA 2^-26.8, 2^-55.8) of 1, by e^(logarithm + low)
   NaN:     gives NaN
   Gives:   log(erfc(a)), between -infinity and 0 also for smaller a >= 0.  In low: the last two steps' rounding errors. */
VECMATH REAL F(log_erfc)(REAL a, REAL *low) {
    const REAL c0 = COEFFICIENT(0, log_erfc);
    REAL p = HORNER_FROM(1, log_erfc, a);
    REAL slope = F(fma)(p, a, c0);
    REAL slope_low = F(fma_low)(p, a, c0, slope);
    REAL logarithm = a * slope;
    *low = F(fma)(a, slope_low, F(product_low)(a, slope, logarithm));
    return logarithm;
}
