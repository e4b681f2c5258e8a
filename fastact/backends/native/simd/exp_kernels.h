/* e^x and what is made of it, for float or double: see kernels.h.

   A table of 2^(k/STEPS) in registers leaves so small an r that e^r needs few terms, and e^x is right to 0.53 ULP: so what is
   made of it needs fewer corrections than in formulas/.

   What it gains with AVX-512, by the formula -> here, the call's 0.04 (4,096 elements) and 0.003 ns (65,536) included:

                                    4,096 elements                65,536 elements
                                forward       backward         forward       backward
       exponential  float32   0.26 -> 0.19                  0.22 -> 0.15
       exponential  float64   0.65 -> 0.43                  0.58 -> 0.39
       sigmoid      float32   0.41 -> 0.34   0.46 -> 0.34   0.38 -> 0.30   0.40 -> 0.27
       sigmoid      float64   0.99 -> 0.80   1.05 -> 0.75   0.94 -> 0.78   0.99 -> 0.71
       log_sigmoid  float32   0.53 -> 0.44   0.46 -> 0.36   0.51 -> 0.40   0.41 -> 0.29
       log_sigmoid  float64   1.89 -> 1.54   1.08 -> 0.76   1.85 -> 1.50   1.02 -> 0.71

   With AVX2, 4,096 elements on a busy machine: log_sigmoid 0.95 -> 0.80, backward 0.89 -> 0.53; sigmoid 0.73 -> about 0.55,
   0.75 -> 0.48; 8,192 elements: exponential 0.45 -> 0.39. */

/* ---- e^x ------------------------------------------------------------------------------------------------------- */

/* 2^(k/STEPS) in two bits fewer than fit, and what to add to it, relative to it.  Where exponents are added as integers k goes
   with them, and the powers lack it. */
#if STEPS == 16
static const NUMBER F(kernel_powers)[16] = F(POWERS_powers);
static const NUMBER F(kernel_powers_low)[16] = F(POWERS_powers_low);
#else
static const NUMBER F(kernel_powers)[8] = F(POWERS_eighth_powers);
static const NUMBER F(kernel_powers_low)[8] = F(POWERS_eighth_powers_low);
#endif

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

/* power * 2^n, a normal number. */
VECTORS VECTOR V(raised)(VECTOR power, VECTOR n, VECTOR shifted) {
#if SCALES
    (void)shifted;
    return SCALE(power, n);
#else
    (void)n;
    return FROM_BITS(ADD_BITS(BITS(power), SHIFT_LEFT(BITS(shifted), MANTISSA_BITS - 3)));
#endif
}

/* |r| <= ln(2) / 2 STEPS; 2^-28 of e^r; NaN gives NaN.
   power, nearly 2^(k/STEPS) unit, and q with power (1 + q) = 2^(k/STEPS) e^r unit. */
VECTORS VECTOR V(exp_reduced)(VECTOR r, VECTOR shifted, NUMBER unit, VECTOR *power) {
    *power = POWER_OF(F(kernel_powers), unit, shifted);
#if STEPS == 16
    VECTOR h = VECTOR_HORNER(exp_reduced, r);
#else
    VECTOR h = VECTOR_HORNER(exp_reduced_eighth, r);
#endif
    h = FMA(h, r, ALL(1));
    return FMA(h, r, POWER_OF(F(kernel_powers_low), 1, shifted));
}

#if SCALES
/* Any; 2^-28 of e^x.   n, power and q with e^x = power (1 + q) 2^n.  Far out n alone decides.  r means nothing there, and is NaN
   at infinity, so it is bounded.  NaN goes through n. */
VECTORS VECTOR V(exp_parts)(VECTOR x, VECTOR *n, VECTOR *power) {
    VECTOR shifted;
    *n = V(steps_of)(x, &shifted);
    VECTOR r = MINUS_FMA(*n, ALL(LN2_HIGH), x);
    r = MINUS_FMA(*n, ALL(LN2_LOW), r);
    return V(exp_reduced)(WITHIN(ALL(0.5f), r), shifted, 1, power);
}

#else
/* x <= 0; as above, but power has 2^n and headroom, and scaling by what `n` gives takes that back. */
#define SCALE(a, n) ((a) * (n))
VECTORS VECTOR V(exp_parts)(VECTOR x, VECTOR *n, VECTOR *power) {
    const VECTOR to_step = ALL(TO_STEP + BY_TYPE(HEADROOM_F32, HEADROOM_F64));
    VECTOR bounded = LARGER(ALL(-EXP_FURTHEST), x);
    VECTOR shifted = FMA(bounded, VECTOR_CONSTANT(log2_e), to_step), steps = shifted - to_step;
    VECTOR r = MINUS_FMA(steps, ALL(LN2_HIGH), bounded);
    r = MINUS_FMA(steps, ALL(LN2_LOW), r);
    VECTOR q = V(exp_reduced)(r, shifted, 1, power);
    *power = V(raised)(*power, steps, shifted);
    *n = ALL(PER_HEADROOM);
    return q;
}
#endif

/* y - a, where scaling by what exp_parts gives as n is still due to a. */
#if SCALES
#define MINUS_SCALED(a, n, y) ((y) - SCALE(a, n))
#else
#define MINUS_SCALED(a, n, y) MINUS_FMA(a, n, y)
#endif

/* Any; 0.53 ULP, subnormal results 0.78; as exp. */
VECTORS VECTOR V(exp)(VECTOR x) {
    VECTOR n, power, q = V(exp_parts)(x, &n, &power);
    return SCALE(FMA(power, q, power), n);
}

/* |factor a| <= EXP_FURTHEST; 2^-28 of e^(factor a); NaN gives NaN.
   scale and q with scale (1 + q) = e^(factor a) unit, where that is a normal number.   factor a is nowhere rounded: n ln2_high is
   exact. */
VECTORS VECTOR V(exp_of_product)(VECTOR factor, VECTOR a, NUMBER unit, VECTOR *scale) {
    VECTOR shifted = FMA(a, factor * VECTOR_CONSTANT(log2_e), ALL(TO_STEP)), n = shifted - ALL(TO_STEP), power;
    VECTOR r = FMA_MINUS(factor, a, n * ALL(LN2_HIGH));
    VECTOR q = V(exp_reduced)(MINUS_FMA(n, ALL(LN2_LOW), r), shifted, unit, &power);
    *scale = V(raised)(power, n, shifted);
    return q;
}

#if SCALES
VECTORS VECTOR V(exponential_forward)(VECTOR x) { return V(exp)(x); }
#else
/* |r| <= ln(2) / 2 STEPS, |n| <= 174; 0.53 ULP of e^r 2^n, subnormal results 0.78.
   With headroom, above zero with as much less, until the result is scaled. */
VECTORS VECTOR V(exp_far)(VECTOR r, VECTOR n, VECTOR shifted, MASK below) {
    const VECTOR headroom = ALL(HEADROOM_F32);
    VECTOR power, q = V(exp_reduced)(r, shifted, 1, &power);
    power = V(raised)(power, n, shifted + CHOOSE(below, headroom, -headroom));
    return FMA(power, q, power) * CHOOSE(below, ALL(PER_HEADROOM_F32), ALL(TO_HEADROOM_F32));
}

/* Any; 0.53 ULP. */
VECTORS VECTOR V(exp_of_any)(VECTOR x) {
    const VECTOR furthest = ALL(EXP_FURTHEST_F32);
    VECTOR bounded = LARGER(-furthest, SMALLER(furthest, x)), shifted, n = V(steps_of)(bounded, &shifted);
    VECTOR r = MINUS_FMA(n, ALL(LN2_HIGH), bounded);
    return V(exp_far)(MINUS_FMA(n, ALL(LN2_LOW), r), n, shifted, NEGATIVE(x));
}

/* The one branch: whole vectors where all results are normal numbers, the others.  Both give these the same bits. */
VECTORS VECTOR V(exponential_forward)(VECTOR x) {
    if (ANY(AT_MOST(ALL(87.0f), MAGNITUDE(x))))
        return V(exp_of_any)(x);
    VECTOR shifted, power, n = V(steps_of)(x, &shifted), r = MINUS_FMA(n, ALL(LN2_HIGH), x);
    VECTOR q = V(exp_reduced)(MINUS_FMA(n, ALL(LN2_LOW), r), shifted, 1, &power);
    power = V(raised)(power, n, shifted);
    return FMA(power, q, power);
}
#endif

VECTORS VECTOR V(exponential_derivative)(VECTOR x) { return V(exponential_forward)(x); }

/* 0x1p-100 < d < 0x1p100; 1/d, nearly: good enough for a small correction.   Without an instruction by a subtraction from its
   bits, 0.051 of it, as reciprocal_estimate in math/arithmetic.h. */
#if ESTIMATES
VECTORS VECTOR V(reciprocal_nearly)(VECTOR d) { return ESTIMATE(d); }
#else
VECTORS VECTOR V(reciprocal_nearly)(VECTOR d) { return FROM_BITS(SUBTRACT_BITS(BITS(ALL(0x1.e6238ep126f)), BITS(d))); }
#endif

/* ---- sigmoid and log_sigmoid ------------------------------------------------------------------------------------ */

/* 0 <= e <= 1; half an ULP and 2^-28; NaN gives NaN.
   numerator / (1 + e): an estimate (in double improved by a Newton step) and a Newton step, whose first difference is exact,
   and so no rounding of 1 + e counts. */
#if ESTIMATES
VECTORS VECTOR V(over_one_plus)(VECTOR numerator, VECTOR e) {
    VECTOR d = ALL(1) + e, r = ESTIMATE(d);
#if NUMBER_BITS == 64
    r = FMA(MINUS_FMA(r, d, ALL(1)), r, r);
#endif
    VECTOR y = numerator * r;
    return FMA(MINUS_FMA(y, e, numerator - y), r, y);
}
#else
/* By a division, and the same step. */
VECTORS VECTOR V(over_one_plus)(VECTOR numerator, VECTOR e) {
    VECTOR d = ALL(1) + e, y = numerator / d;
    return FMA(MINUS_FMA(y, e, numerator - y), V(reciprocal_nearly)(d), y);
}
#endif

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
    return V(minus_magnitude)(MINUS_FMA(t * t, p, start) - t); /* -0 where it vanishes */
}

#if SCALES
/* sigmoid(-x), by a division. */
VECTORS VECTOR V(log_sigmoid_derivative)(VECTOR x) {
    VECTOR e = V(exp)(V(minus_magnitude)(x));
    return V(sigmoid_numerator)(XOR(x, ALL(-0.0f)), e) / (ALL(1) + e);
}
#else
/* 1 / (1 + e^x), by a division. */
VECTORS VECTOR V(log_sigmoid_derivative)(VECTOR x) {
    const VECTOR per_headroom = ALL(PER_HEADROOM_F32);
    VECTOR bounded = LARGER(ALL(-30.0f), SMALLER(ALL(EXP_FURTHEST_F32), x)), shifted, power, n = V(steps_of)(bounded, &shifted);
    VECTOR r = MINUS_FMA(n, ALL(LN2_HIGH), bounded);
    VECTOR q = V(exp_reduced)(MINUS_FMA(n, ALL(LN2_LOW), r), shifted, PER_HEADROOM_F32, &power);
    power = V(raised)(power, n, shifted);
    return per_headroom / FMA(power, q, power + per_headroom);
}
#endif
