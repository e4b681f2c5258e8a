/* The exponential, in pieces: see vecmath.h. */

/* Range:   |r| <= ln(2) / 2
   Error:   2^-27.0, 2^-56.5 (without FMA 2^-27.0, 2^-56.5) of e^r, by 1 + r + r^2 * tail
   NaN:     gives NaN
   Gives:   (e^r - 1 - r) / r^2 */
VECMATH REAL F(exp_tail)(REAL r) { return HORNER(exp_tail, r); }

/* Range:   0 >= x >= -EXP_FURTHEST with HEADROOM, 0 <= x <= EXP_FURTHEST with -HEADROOM
   Error:   0.28, 0.20 u (without FMA 0.30, 0.22) of e^x, before scale * (q + q_low) is added to scale
   NaN:     gives NaN
   Gives:   q, scale and q_low with e^(x + x_low) = (scale + scale * (q + q_low)) * 2^-headroom */
VECMATH REAL F(exp_scaled_low)(REAL x, REAL x_low, REAL headroom, REAL *scale, REAL *q_low) {
    const REAL log2_e = CONSTANT(log2_e);
    /* The bias makes of the integer in the low bits an exponent field. */
    const REAL to_integer = TO_INTEGER + (REAL)EXPONENT_BIAS + headroom;
    /* ln 2 in two parts, the first short enough (16, 42 bits) that n * ln2_high is exact. */
    const REAL ln2_high = CONSTANT(ln2_high), ln2_low = CONSTANT(ln2_low);
    REAL shifted = F(fma)(x, log2_e, to_integer);
    REAL n = shifted - to_integer;
    UNSIGNED bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= MANTISSA_BITS;
    memcpy(scale, &bits, sizeof bits);

    REAL r_high = F(fma)(n, -ln2_high, x);
    REAL rest = F(fma)(n, -ln2_low, x_low);
    REAL r = r_high + rest; /* rounded, which only its square may be */
    rest = F(fma)(r * r, F(exp_tail)(r), rest);
    REAL q = r_high + rest;
    *q_low = (r_high - q) + rest;
    return q;
}

/* Range:   as exp_scaled_low
   Error:   0.61, 0.58 u (without FMA 0.61, 0.61) of e^x, before scale * q is added to scale
   NaN:     gives NaN
   Gives:   q and scale with e^(x + x_low) = (scale + scale * q) * 2^-headroom */
VECMATH REAL F(exp_scaled)(REAL x, REAL x_low, REAL headroom, REAL *scale) {
    REAL q_low;
    return F(exp_scaled_low)(x, x_low, headroom, scale, &q_low);
}

/* Range:   as exp_scaled_low
   Error:   as exp_scaled
   NaN:     gives NaN
   Gives:   as exp_scaled, for a headroom that is known when compiling */
VECMATH REAL F(exp_split)(REAL x, REAL x_low, int headroom, REAL *scale) {
    return F(exp_scaled)(x, x_low, (REAL)headroom, scale);
}

/* Range:   as exp_scaled_low
   Error:   as exp_scaled_low
   NaN:     gives NaN
   Gives:   as exp_scaled_low, for a headroom that is known when compiling */
VECMATH REAL F(exp_split_low)(REAL x, REAL x_low, int headroom, REAL *scale, REAL *q_low) {
    return F(exp_scaled_low)(x, x_low, (REAL)headroom, scale, q_low);
}

/* Range:   0 >= x >= -1.4 EXP_FURTHEST with HEADROOM, 0 <= x <= 1.4 EXP_FURTHEST with -HEADROOM
   Error:   0.56, 0.54 u (without FMA 0.60, 0.54) of 2^x, before scale * q is added to scale
   NaN:     gives NaN
   Gives:   q and scale with 2^(x + x_low) = (scale + scale * q) * 2^-headroom */
VECMATH REAL F(exp2_scaled)(REAL x, REAL x_low, REAL headroom, REAL *scale) {
    const REAL ln2 = BY_TYPE(0.693147182f, 0.6931471805599453), ln2_low = BY_TYPE(-1.90465421e-9f, 2.3190468138462996e-17);
    const REAL to_integer = TO_INTEGER + (REAL)EXPONENT_BIAS + headroom;
    REAL shifted = x + to_integer;
    UNSIGNED bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= MANTISSA_BITS;
    memcpy(scale, &bits, sizeof bits);
    REAL f = x - (shifted - to_integer);
    REAL r_high = f * ln2;
    REAL rest = F(fma)(f, ln2_low, F(fma)(x_low, ln2, F(product_low)(f, ln2, r_high)));
    REAL r = r_high + rest;
    return r_high + F(fma)(r * r, F(exp_tail)(r), rest);
}

/* Range:   0 <= a <= EXP_FURTHEST / 2
   Error:   1.24, 1.20 u (without FMA 1.60, 1.60) of e^2a
   NaN:     gives NaN
   Gives:   p and scale with e^2a = scale * p * 2^HEADROOM, in fewer operations than exp_split: for where 1 is added to it */
VECMATH REAL F(exp_twice)(REAL a, REAL *scale) {
    const REAL two_log2_e = BY_TYPE(2.88539008f, 2.8853900817779268);
    const REAL to_integer = TO_INTEGER + (REAL)EXPONENT_BIAS - (REAL)HEADROOM;
    const REAL half_ln2_high = BY_TYPE(0.346572876f, 0.34657359027994515);
    const REAL half_ln2_low = BY_TYPE(7.14303385e-7f, 2.7489615093541855e-14);
    REAL shifted = F(fma)(a, two_log2_e, to_integer);
    REAL n = shifted - to_integer;
    UNSIGNED bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= MANTISSA_BITS;
    memcpy(scale, &bits, sizeof bits);

    REAL r = F(fma)(n, -half_ln2_low, F(fma)(n, -half_ln2_high, a));
    return HORNER(exp_twice, r);
}

/* Range:   |z| up to ROW_PIVOT + EXP_FURTHEST
   Error:   1.03, 1.00 ULP (without FMA 1.00, 0.97)
   NaN:     gives NaN
   Gives:   e^z * 2^(HEADROOM - N), for softmax and its like: N, an integer near the largest z / ln 2, comes in to_integer, as
            exp_unit_to_integer makes it.  So no z is rounded by taking the largest from it, and every row's largest result is
            near 2^HEADROOM. */
VECMATH REAL F(exp_unit)(REAL z, REAL to_integer) {
    const REAL log2_e = CONSTANT(log2_e);
    REAL shifted = F(fma)(z, log2_e, to_integer);
    REAL n = shifted - to_integer;
    REAL scale;
    UNSIGNED bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= MANTISSA_BITS;
    memcpy(&scale, &bits, sizeof bits);
#if VECMATH_FMA || REAL_BITS == 64 /* ln 2 in two parts; 32 bits in the first of double, so that its product with n is exact */
    const REAL ln2_high = BY_TYPE(0.693145752f, 0.6931471803691238), ln2_low = BY_TYPE(1.42860677e-6f, 1.9082149292705877e-10);
    REAL r = F(fma)(n, -ln2_low, F(fma)(n, -ln2_high, z));
#else /* 12 bits in each of the first two parts, so that their products with n are exact */
    REAL r = ((z - n * 0.693115234f) - n * 3.19480896e-05f) - n * -1.90465421e-09f;
#endif
    return F(fma)(scale, F(fma)(r * r, F(exp_tail)(r), r), scale);
}

/* Range:   |largest| up to ROW_PIVOT
   Error:   exact
   NaN:     gives NaN
   Gives:   exp_unit's second argument for rows whose largest z this is */
VECMATH REAL F(exp_unit_to_integer)(REAL largest) {
    const REAL log2_e = CONSTANT(log2_e);
    REAL n = (largest * log2_e + TO_INTEGER) - TO_INTEGER;
    return TO_INTEGER + (REAL)EXPONENT_BIAS + (REAL)HEADROOM - n;
}
