/* e^x and what is made of it, for float or double: see kernels.h.

   A table of 2^(k/STEPS) in registers leaves so small an r that e^r needs few terms, and e^x is right to 0.53 ULP: so what is made
   of it needs fewer corrections than in formulas/.

   What it gains with AVX-512, by the formula -> here, the call's 0.04 (4,096 elements) and 0.003 ns (65,536) included:

                                    4,096 elements                65,536 elements
                                forward       backward         forward       backward
       exponential  float32   0.26 -> 0.19                  0.22 -> 0.15
       exponential  float64   0.65 -> 0.43                  0.58 -> 0.39
       sigmoid      float32   0.41 -> 0.34   0.46 -> 0.34   0.38 -> 0.30   0.40 -> 0.27
       sigmoid      float64   0.99 -> 0.80   1.05 -> 0.75   0.94 -> 0.78   0.99 -> 0.71
       log_sigmoid  float32   0.53 -> 0.44   0.46 -> 0.36   0.51 -> 0.40   0.41 -> 0.29
       log_sigmoid  float64   1.89 -> 1.54   1.08 -> 0.76   1.85 -> 1.50   1.02 -> 0.71 */

/* ---- e^x ------------------------------------------------------------------------------------------------------- */

/* 2^(k/STEPS) in two bits fewer than fit, and what to add to it, relative to it. */
static const NUMBER F(kernel_powers)[16] = F(POWERS_powers);
static const NUMBER F(kernel_powers_low)[16] = F(POWERS_powers_low);

/* ln(2) in two parts: products of the first with exponents are exact. */
#define LN2_HIGH BY_TYPE(0.693115234f, 0.6931471805582987)
#define LN2_LOW BY_TYPE(3.1946183e-05f, 1.6465949582897082e-12)

/* Adding it rounds to a multiple of 1/STEPS, which is left in the low bits. */
#define TO_STEP (BY_TYPE(0x1.8p23f, 0x1.8p52) / STEPS)

/* x log2(e), rounded to a multiple of 1/STEPS, which `shifted` has in its low bits. */
VECTORS VECTOR V(steps_of)(VECTOR x, VECTOR *shifted) {
    *shifted = FMA(x, VECTOR_CONSTANT(log2_e), ALL(TO_STEP));
    return *shifted - ALL(TO_STEP);
}

/* |r| <= ln(2) / 2 STEPS; 2^-28 of e^r; NaN gives NaN.
   power, nearly 2^(k/STEPS) unit, and q with power (1 + q) = 2^(k/STEPS) e^r unit. */
VECTORS VECTOR V(exp_reduced)(VECTOR r, VECTOR shifted, NUMBER unit, VECTOR *power) {
    *power = POWER_OF(F(kernel_powers), unit, shifted);
    VECTOR h = VECTOR_HORNER(exp_reduced, r);
    h = FMA(h, r, ALL(1));
    return FMA(h, r, POWER_OF(F(kernel_powers_low), 1, shifted));
}

/* Any; 2^-28 of e^x.   n, power and q with e^x = power (1 + q) 2^n.  Far out n alone decides.  r means nothing there, and is NaN
   at infinity, so it is bounded.  NaN goes through n. */
VECTORS VECTOR V(exp_parts)(VECTOR x, VECTOR *n, VECTOR *power) {
    VECTOR shifted;
    *n = V(steps_of)(x, &shifted);
    VECTOR r = MINUS_FMA(*n, ALL(LN2_HIGH), x);
    r = MINUS_FMA(*n, ALL(LN2_LOW), r);
    return V(exp_reduced)(WITHIN(ALL(0.5f), r), shifted, 1, power);
}

/* Any; 0.53 ULP, subnormal results 0.78; as exp. */
VECTORS VECTOR V(exp)(VECTOR x) {
    VECTOR n, power, q = V(exp_parts)(x, &n, &power);
    return SCALE(FMA(power, q, power), n);
}

VECTORS VECTOR V(exponential_forward)(VECTOR x) { return V(exp)(x); }

VECTORS VECTOR V(exponential_derivative)(VECTOR x) { return V(exp)(x); }

/* ---- sigmoid and log_sigmoid ------------------------------------------------------------------------------------ */

/* 0 <= e <= 1; half an ULP and 2^-28; NaN gives NaN.
   numerator / (1 + e): an estimate (in double improved by a Newton step) and a Newton step, whose first difference is exact, and so
   no rounding of 1 + e counts. */
VECTORS VECTOR V(over_one_plus)(VECTOR numerator, VECTOR e) {
    VECTOR d = ALL(1) + e, r = ESTIMATE(d);
#if NUMBER_BITS == 64
    r = FMA(MINUS_FMA(r, d, ALL(1)), r, r);
#endif
    VECTOR y = numerator * r;
    return FMA(MINUS_FMA(y, e, numerator - y), r, y);
}

/* e where x is negative, else 1. */
VECTORS VECTOR V(sigmoid_numerator)(VECTOR x, VECTOR e) { return CHOOSE(NEGATIVE(x), e, ALL(1)); }

/* -|x| */
VECTORS VECTOR V(minus_magnitude)(VECTOR x) { return OR(x, ALL(-0.0f)); }

VECTORS VECTOR V(sigmoid_forward)(VECTOR x) {
    VECTOR e = V(exp)(V(minus_magnitude)(x));
    return V(over_one_plus)(V(sigmoid_numerator)(x, e), e);
}

/* t - t^2, t = sigmoid(-|x|), by a division: quicker than over_one_plus, and good enough here. */
VECTORS VECTOR V(sigmoid_derivative)(VECTOR x) {
    VECTOR e = V(exp)(V(minus_magnitude)(x));
    VECTOR t = e / (ALL(1) + e);
    return MINUS_FMA(t, t, t);
}

/* min(x, 0) - log1p(t + t_low), t + t_low = e^-|x|, by log1p_tail's polynomial.  t_low counts by three quarters, because the
   slope is between a half and 1. */
VECTORS VECTOR V(log_sigmoid_forward)(VECTOR x) {
    VECTOR n, power, q = V(exp_parts)(V(minus_magnitude)(x), &n, &power), scale = SCALE(power, n);
    VECTOR t = FMA(scale, q, scale), t_low = FMA(scale, q, scale - t);
    VECTOR w = t - VECTOR_CENTRE(log1p_tail);
    VECTOR p = VECTOR_HORNER(log1p_tail, w);
    VECTOR start = FMA(t_low, ALL(-0.75f), SMALLER(ALL(0), x));
    return MINUS_FMA(t * t, p, start) - t;
}

/* sigmoid(-x), by a division. */
VECTORS VECTOR V(log_sigmoid_derivative)(VECTOR x) {
    VECTOR e = V(exp)(V(minus_magnitude)(x));
    return V(sigmoid_numerator)(XOR(x, ALL(-0.0f)), e) / (ALL(1) + e);
}
