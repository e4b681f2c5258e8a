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

/* Range:   u normal
   Error:   exact
   NaN:     any number
   Gives:   r and n with u = 2^n (1 + r), sqrt(1/2) <= 1 + r < sqrt(2) */
VECMATH REAL F(log_split)(REAL u, REAL *n) {
    const UNSIGNED root_half = BY_TYPE(0x3f3504f3u, 0x3fe6a09e667f3bcdu), one = ONE_BITS;
    UNSIGNED bits, exponent, n_bits;
    memcpy(&bits, &u, sizeof bits);
    exponent = (bits - root_half + one) >> MANTISSA_BITS;
    n_bits = TO_INTEGER_BITS + exponent - (UNSIGNED)EXPONENT_BIAS;
    bits -= (exponent << MANTISSA_BITS) - one;
    REAL m;
    memcpy(&m, &bits, sizeof m);
    memcpy(n, &n_bits, sizeof n_bits);
    *n = *n - TO_INTEGER;
    return m - R(1.0);
}

/* Range:   sqrt(1/2) <= 1 + r <= sqrt(2)
   Error:   2^-26.1, 2^-55.2 (without FMA 2^-25.8, 2^-55.1) of log1p(r), by r + r^2 * tail
   NaN:     gives NaN
   Gives:   (log1p(r) - r) / r^2 */
VECMATH REAL F(log_tail)(REAL r) { return HORNER(log1p, r); }

/* Range:   sqrt(1/2) <= 1 + r <= sqrt(2), n an integer up to 2^8 (2^11)
   Error:   0.8, 0.8 ULP (without FMA 0.9, 0.8)
   NaN:     gives NaN
   Gives:   log((1 + r) 2^n) */
VECMATH REAL F(log_of_split)(REAL r, REAL n) {
    const REAL ln2_high = CONSTANT(ln2_high), ln2_low = CONSTANT(ln2_low);
    REAL total = F(fma)(n, ln2_high, r);
    REAL total_low = F(fma)(n, ln2_high, -total) + r;
    return total + F(fma)(r * r, F(log_tail)(r), F(fma)(n, ln2_low, total_low));
}

/* Range:   u normal
   Error:   2^-34.0, 2^-63.4 of log2(u), by log + low
   NaN:     any number
   Gives:   log2(u) + octaves, in two parts: octaves is for those whose argument would be too large or too small.

            With s = r / (2 + r) it is n and s times a series in s^2 (2/ln 2 (1 + s^2/3 + ...)), whose first two terms are
            computed in two parts each. */
VECMATH REAL F(log2_pair)(REAL u, REAL octaves, REAL *low) {
    const REAL c0 = BY_TYPE(2.88539004f, 2.8853900817779268), c0_low = BY_TYPE(3.851926e-8f, 4.0710547481862066e-17);
    const REAL c1 = BY_TYPE(0.961796701f, 0.9617966939259756), c1_low = BY_TYPE(-7.028462e-9f, 5.0577616648125907e-17);
    REAL n;
    REAL r = F(log_split)(u, &n);
    n = n + octaves;
    REAL d = R(2.0) + r, d_low = r - (d - R(2.0));
    REAL per_d = R(1.0) / d;
    REAL s = r * per_d;
    REAL s_low = F(fma)(-s, d_low, F(division_remainder)(r, s, d)) * per_d;
    REAL v = s * s, v_low = F(fma)(R(2.0) * s, s_low, F(product_low)(s, s, v));
    /* p = c1 + v * ..., then c0 + v * p, then s times that, each in two parts */
    REAL more = v * HORNER(log2_quotient, v);
    REAL p = c1 + more, p_low = (c1 - p) + more + c1_low;
    REAL w = v * p, w_low = F(fma)(v, p_low, F(fma)(v_low, p, F(product_low)(v, p, w)));
    REAL q = c0 + w, q_low = (c0 - q) + w + (w_low + c0_low);
    REAL t = s * q, t_low = F(fma)(s, q_low, F(fma)(s_low, q, F(product_low)(s, q, t)));
    REAL sum = n + t, t_part = sum - n;
    REAL sum_low = (n - (sum - t_part)) + (t - t_part) + t_low;
    REAL log = sum + sum_low;
    *low = (sum - log) + sum_low;
    return log;
}
