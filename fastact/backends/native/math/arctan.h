/* The arctangent and the arcsine.  See vecmath.h. */

/* Range:   0 <= t <= 1
   Error:   0.88, 0.94 ULP (without FMA 1.05, 1.09)
   NaN:     gives NaN
   Gives:   arctan(t) */
VECMATH REAL F(arctan_unit)(REAL t) {
    REAL u = t * t;
    REAL p = HORNER(arctan_unit, u);
    return F(fma)(t * u, p, t);
}

/* Range:   0 <= t <= tan(pi/8), or 1e-4 more
   Error:   2^-26.5, 2^-55.9 of arctan(t), by t + tail
   NaN:     gives NaN
   Gives:   arctan(t) - t */
VECMATH REAL F(arctan_eighth_tail)(REAL t) {
    REAL u = t * t;
    REAL p = HORNER(arctan_eighth_tail, u);
    return t * u * p;
}

/* Range:   0 <= u <= 1/4
   Error:   2^-27.2, 2^-55.6 of arcsin(s), by s + s u * tail
   NaN:     gives NaN
   Gives:   (arcsin(s) - s) / s^3, u = s^2 */
VECMATH REAL F(arcsin_half_tail)(REAL u) { return HORNER(arcsin_half_tail, u); }
