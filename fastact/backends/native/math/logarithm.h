/* The logarithm, and that of 1 + something.  See vecmath.h. */

/* Range:   0 <= t <= 1
   Error:   2^-25.0, 2^-54.0 of log1p(t), by t + t^2 * tail
   NaN:     gives NaN
   Gives:   (log1p(t) - t) / t^2.  The polynomial is in t - 0.79 (0.72): its terms are small where the sum counts most, near
            t = 1. */
VECMATH REAL F(log1p_tail)(REAL t) {
    REAL w = t - CENTRE(log1p_tail);
    return HORNER(log1p_tail, w);
}

/* Range:   u normal and below 2^127 (2^1023), |u_low| at most half an ULP of u, or below 2^-25 (2^-54) where u is 1
   Error:   1.0, 1.0 ULP (without FMA 1.2, 1.0)
   NaN:     any number
   Gives:   log(u + u_low) + octaves * ln 2: octaves is for those whose argument would be too large or too small */
VECMATH REAL F(log_of_sum)(REAL u, REAL u_low, REAL octaves) {
    const UNSIGNED root_half = BY_TYPE(0x3f3504f3u, 0x3fe6a09e667f3bcdu), one = ONE_BITS;
    const REAL ln2_high = CONSTANT(ln2_high), ln2_low = CONSTANT(ln2_low);
    UNSIGNED bits, exponent, n_bits;
    memcpy(&bits, &u, sizeof bits);
    exponent = (bits - root_half + one) >> MANTISSA_BITS; /* biased; u / 2^n in [sqrt(1/2), sqrt(2)) */
    n_bits = TO_INTEGER_BITS + exponent - (UNSIGNED)EXPONENT_BIAS;
    bits -= (exponent << MANTISSA_BITS) - one;
    REAL m, per_power, n;
    memcpy(&m, &bits, sizeof m);
    bits = 2u * one - (exponent << MANTISSA_BITS);
    memcpy(&per_power, &bits, sizeof per_power);
    memcpy(&n, &n_bits, sizeof n);
    n = (n - TO_INTEGER) + octaves;

    REAL r_high = m - R(1.0);
    REAL r_rest = u_low * per_power;
    REAL r = r_high + r_rest;
    REAL p = HORNER(log1p, r);
    REAL total = F(fma)(n, ln2_high, r);
    REAL total_low = F(fma)(n, ln2_high, -total) + r;
    REAL rest = F(fma)(n, ln2_low, (r_high - r) + r_rest);
    return total + (total_low + F(fma)(r * r, p, rest));
}

/* Range:   -1 < z < 2^127 (2^1023), |z_low| at most half an ULP of z and of 1 + z
   Error:   1.0, 1.0 ULP (without FMA 1.2, 1.0)
   NaN:     gives NaN
   Gives:   log1p(z + z_low) + octaves * ln 2: octaves is for those whose argument would be too large */
VECMATH REAL F(log1p)(REAL z, REAL z_low, REAL octaves) {
    REAL u = R(1.0) + z;
    REAL u_without = u - R(1.0);
    REAL u_low = ((z - u_without) + (R(1.0) - (u - u_without))) + z_low;
    return F(log_of_sum)(u, u_low, octaves);
}
