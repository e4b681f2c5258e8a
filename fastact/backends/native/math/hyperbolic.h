/* Hyperbolic functions of small numbers, where the exponential would cancel.  See vecmath.h. */

/* Range:   0 <= u <= TANH_SMALL^2
   Error:   2^-25.5, 2^-55.0 of tanh(a) / a, u = a^2, by 1 + u * tail
   NaN:     gives NaN
   Gives:   (tanh(a) / a - 1) / u */
VECMATH REAL F(tanh_small_tail)(REAL u) { return HORNER(tanh_small, u); }

/* Range:   0 <= a <= TANH_SMALL
   Error:   0.83, 0.85 ULP (without FMA 1.00, 0.94)
   NaN:     gives NaN
   Gives:   tanh(a), where 1 - 2/(1 + e^2a) would cancel by more than a third */
VECMATH REAL F(tanh_small)(REAL a) {
    REAL u = a * a;
    return F(fma)(a * u, F(tanh_small_tail)(u), a);
}

/* Range:   0 <= a <= 1
   Error:   1.9, 1.7 ULP (without FMA 1.6, 1.4)
   NaN:     gives NaN
   Gives:   a - tanh(a): a times, in two parts, its square times a polynomial in that */
VECMATH REAL F(tanh_shrink_unit)(REAL a) {
    const REAL third = COEFFICIENT(0, tanh_shrink_unit); /* nearly */
    REAL u = a * a;
    REAL p = HORNER_FROM(1, tanh_shrink_unit, u);
    REAL sum = F(fma)(p, u, third);
    REAL v = u * sum, v_low = F(fma)(F(product_low)(a, a, u), sum, F(product_low)(u, sum, v));
#if VECMATH_FMA
    return F(fma)(a, v, a * v_low);
#else
    v_low += u * F(fma_low)(p, u, third, sum);
    REAL b = a * BY_TYPE(0x1p32f, 0x1p128); /* scaled up, for its low part would be subnormal */
    return F(product_sum)(b, v, b * v_low) * BY_TYPE(0x1p-32f, 0x1p-128);
#endif
}

/* Range:   0 <= u <= 1
   Error:   2^-27.2, 2^-56.2 of sinh(a), by a + a u * tail
   NaN:     gives NaN
   Gives:   (sinh(a) - a) / a^3, u = a^2 */
VECMATH REAL F(sinh_small_tail)(REAL u) { return HORNER(sinh_small_tail, u); }
