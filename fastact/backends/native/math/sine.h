/* Sine, cosine and tangent of small arguments, of radians and of half turns.  See vecmath.h; reduction.h makes arguments small. */

/* Range:   0 <= u <= pi^2/16
   Error:   2^-26.6, 2^-56.1 (without FMA 2^-26.5, 2^-56.1) of sin(z), by z + z u * tail
   NaN:     gives NaN
   Gives:   (sin(z) - z) / z^3, u = z^2 */
VECMATH REAL F(sin_quarter_tail)(REAL u) { return HORNER(sin_quarter_tail, u); }

/* Range:   0 <= z <= pi/4
   Error:   0.67, 0.65 ULP (without FMA 0.72, 0.70)
   NaN:     gives NaN
   Gives:   sin(z) */
VECMATH REAL F(sin_quarter)(REAL z) {
    REAL u = z * z;
    return F(fma)(z * u, F(sin_quarter_tail)(u), z);
}

/* Range:   0 <= u <= pi^2/16
   Error:   2^-26.8, 2^-55.0 (without FMA 2^-26.5, 2^-55.0) of tan(z), by z + z u * tail
   NaN:     gives NaN
   Gives:   (tan(z) - z) / z^3, u = z^2 */
VECMATH REAL F(tan_quarter_tail)(REAL u) { return HORNER(tan_quarter_tail, u); }

/* Range:   0 <= u <= pi^2/4
   Error:   2^-24.6, 2^-53.9 (without FMA 2^-24.5, 2^-53.7) of sin(r), by r + r u * tail
   NaN:     gives NaN
   Gives:   (sin(r) - r) / r^3, u = r^2 */
VECMATH REAL F(sin_tail)(REAL u) { return HORNER(sin_tail, u); }

/* Range:   0 <= u <= pi^2/16
   Error:   2^-26.2, 2^-54.6 (without FMA 2^-26.2, 2^-54.5) of sin(r)^2, by u + u^2 * tail
   NaN:     gives NaN
   Gives:   (sin(r)^2 - u) / u^2, u = r^2 */
VECMATH REAL F(sin_squared_tail)(REAL u) { return HORNER(sin_squared_tail, u); }

/* Range:   0 <= u <= pi^2/16
   Error:   2^-26.1, 2^-55.1 (without FMA 2^-26.0, 2^-55.0) of cos(r), by 1 + u * tail
   NaN:     gives NaN
   Gives:   (cos(r) - 1) / u, u = r^2 */
VECMATH REAL F(cosine_tail)(REAL u) { return HORNER(cosine_tail, u); }

/* Range:   0 <= u <= 1/4
   Error:   2^-23.8, 2^-52.8 (without FMA 2^-23.6, 2^-52.6) of 1, by 1 + u * tail
   NaN:     gives NaN
   Gives:   (cos(pi r) - 1) / u, u = r^2 */
VECMATH REAL F(cos_tail)(REAL u) { return HORNER(cos_tail, u); }

/* Range:   0 <= u <= 1/4
   Error:   2^-24.9, 2^-54.3 (without FMA 2^-24.8, 2^-54.1) of sin(pi r) / (pi r), by 1 + u * tail
   NaN:     gives NaN
   Gives:   (sin(pi r) / (pi r) - 1) / u, u = r^2 */
VECMATH REAL F(sinc_tail)(REAL u) { return HORNER(sinc_tail, u); }

/* Range:   0 <= u <= 1/4
   Error:   2^-24.6, 2^-53.4 (without FMA 2^-24.2, 2^-53.4) of sin(pi r) / (pi r), by 1 + less
   NaN:     gives NaN
   Gives:   sin(pi r) / (pi r) - 1, u = r^2
   Twice:   for float by the tail + 2, which is smaller and so rounded less, and the exact -2u */
#if REAL_BITS == 32
VECMATH REAL F(sinc_less)(REAL u) {
    const REAL two = R(2.0), c0 = COEFFICIENT(0, sinc_tail);
    REAL tail_and_two = F(fma)(HORNER_FROM(1, sinc_tail, u), u, c0 + two);
    return F(fma)(u, tail_and_two, -two * u);
}
#else
VECMATH REAL F(sinc_less)(REAL u) { return u * F(sinc_tail)(u); }
#endif

/* Range:   0 <= u <= 1/4
   Error:   0.7, 0.8 ULP (without FMA 0.8, 0.9)
   NaN:     gives NaN
   Gives:   the derivative of sin(pi r) / (pi r), over r; u = r^2 */
VECMATH REAL F(sinc_slope)(REAL u) { return HORNER(sinc_slope, u); }

/* Range:   0 <= a, also infinite
   Error:   exact
   NaN:     gives NaN
   Gives:   r = a - n, n the nearest integer, and sign = (-1)^n: sin(pi a) = sign * sin(pi r).  Infinity counts as an even
            integer. */
VECMATH REAL F(half_turns)(REAL a, REAL *sign) {
    const REAL whole = WHOLE;
    REAL bounded = F(at_most)(R(2.0) * whole, a);
    REAL shift = bounded < whole ? whole : R(0.0);
    REAL shifted = bounded + shift; /* its last bit tells odd from even */
    UNSIGNED bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << (REAL_BITS - 1)) | ONE_BITS;
    memcpy(sign, &bits, sizeof bits);
    return bounded - (shifted - shift);
}
