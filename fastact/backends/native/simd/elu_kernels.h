/* elu, celu, selu and silu by the exponential of exp_kernels.h: see kernels.h.

   What it gains with AVX-512, by the formula -> here, the call's 0.04 (4,096 elements) and 0.003 ns (65,536) included:

                                    4,096 elements                65,536 elements
                                forward       backward         forward       backward
       elu          float32   0.29 -> 0.26   0.33 -> 0.26   0.25 -> 0.22   0.26 -> 0.19
       selu         float32   0.40 -> 0.28   0.35 -> 0.26   0.36 -> 0.24   0.28 -> 0.19
       silu         float32   0.44 -> 0.37   0.55 -> 0.50   0.41 -> 0.32   0.50 -> 0.43

   With AVX2, 4,096 elements on a busy machine, forward and backward: elu 0.61 -> 0.48, 0.62 -> 0.51; selu 0.80 -> 0.52, 0.69 ->
   0.51; silu 0.68 -> 0.56, 0.84 -> 0.80.  celu, 8,192 elements on a busy machine: 0.63 -> 0.40, 0.49 -> 0.39 with AVX-512,
   0.94 -> 0.65, 0.73 -> 0.66 with AVX2. */

/* ---- elu, celu and selu ------------------------------------------------------------------------------------------ */

/* 1.0 ULP of e^r 2^(n + k/STEPS) - 1, r = high + rest, k the lowest bits of `shifted`.   rest has what 2^(k/STEPS) lacks. */
VECTORS VECTOR V(expm1_reduced)(VECTOR high, VECTOR rest, VECTOR n, VECTOR shifted) {
    VECTOR scale = V(raised)(POWER_OF(F(kernel_powers), 1, shifted), n, shifted), r = high + rest;
#if STEPS == 16
    VECTOR p = VECTOR_HORNER(expm1_or_less, r);
#else
    VECTOR p = VECTOR_HORNER(expm1_or_less_eighth, r);
#endif
    VECTOR q = high + FMA(r * r, p, rest);
    return FMA(scale, q, scale - ALL(1));
}

#define EXPM1_FURTHEST 87.0f /* where it is -1 */

/* x <= 0, any number above; 1.0 ULP; as expm1. */
VECTORS VECTOR V(expm1_or_less)(VECTOR x) {
    VECTOR shifted, bounded = LARGER(ALL(-EXPM1_FURTHEST), x), n = V(steps_of)(bounded, &shifted);
    VECTOR low = POWER_OF(F(kernel_powers_low), 1, shifted), high = MINUS_FMA(n, ALL(LN2_HIGH), bounded);
    return V(expm1_reduced)(high, MINUS_FMA(n, ALL(LN2_LOW), low), n, shifted);
}

/* It also halves the time of a small call with an element above zero.  There the formula's loop computes e^-120, and the flag of
   an underflow has to be put back. */
VECTORS VECTOR V(elu_forward)(VECTOR x, VECTOR alpha) { return CHOOSE(LESS(x, ALL(0)), alpha * V(expm1_or_less)(x), x); }

/* factor * e^x, but `beyond` where x > 0 */
VECTORS VECTOR V(elu_slope)(VECTOR x, VECTOR factor, VECTOR beyond) {
    VECTOR n, power, q = V(exp_parts)(SCALES ? x : SMALLER(ALL(0), x), &n, &power);
    VECTOR p = factor * FMA(power, q, power);
    return CHOOSE(LESS(ALL(0), x), beyond, SCALE(p, n));
}

VECTORS VECTOR V(elu_derivative)(VECTOR x, VECTOR alpha) { return V(elu_slope)(x, alpha, ALL(1)); }

/* x / alpha in two parts, z >= -furthest. */
VECTORS VECTOR V(celu_exponent)(VECTOR x, VECTOR alpha, NUMBER furthest, VECTOR *low) {
    const VECTOR per_alpha = ALL(1) / alpha, per_alpha_low = MINUS_FMA(per_alpha, alpha, ALL(1)) * per_alpha;
    VECTOR bounded = LARGER(ALL(-furthest) * alpha, x), z = bounded * per_alpha;
    *low = FMA(bounded, per_alpha_low, FMA_MINUS(bounded, per_alpha, z));
    return z;
}

/* As elu with e^(x / alpha), but x where the quotient is tiny: it may be subnormal there. */
VECTORS VECTOR V(celu_forward)(VECTOR x, VECTOR alpha) {
    VECTOR z_low, z = V(celu_exponent)(x, alpha, EXPM1_FURTHEST, &z_low), shifted, n = V(steps_of)(z, &shifted);
    VECTOR low = POWER_OF(F(kernel_powers_low), 1, shifted) + z_low, high = MINUS_FMA(n, ALL(LN2_HIGH), z);
    VECTOR m = V(expm1_reduced)(high, MINUS_FMA(n, ALL(LN2_LOW), low), n, shifted);
    return CHOOSE(LESS(z, ALL(-0x1p-30f)), alpha * m, x);
}

VECTORS VECTOR V(celu_derivative)(VECTOR x, VECTOR alpha) {
    VECTOR z_low, z = V(celu_exponent)(SMALLER(ALL(0), x), alpha, EXP_FURTHEST_F32, &z_low);
    VECTOR n, power, q = V(exp_parts)(z, &n, &power);
    return CHOOSE(LESS(ALL(0), x), ALL(1), SCALE(FMA(power, q + z_low, power), n));
}

/* scale * alpha in two parts, scale: as in formulas/exponential.pxi. */
VECTORS VECTOR V(selu_forward)(VECTOR x) {
    VECTOR m = V(expm1_or_less)(x), y = FMA(m, ALL(1.7580993f), m * ALL(2.32967176e-8f));
    return CHOOSE(AT_MOST(ALL(0), x), x * ALL(1.05070099f), y);
}

VECTORS VECTOR V(selu_derivative)(VECTOR x) { return V(elu_slope)(x, ALL(1.7580993f), ALL(1.05070099f)); }

/* ---- silu ------------------------------------------------------------------------------------------------------ */

/* |x| up to where |beta x| is EXP_FURTHEST, and to 2^79; NaN for NaN. */
VECTORS VECTOR V(silu_bounded)(VECTOR x, VECTOR beta) {
    VECTOR furthest = SMALLER(ALL(0x1p79f), ALL(120.0f) / MAGNITUDE(beta));
    return SMALLER(furthest, MAGNITUDE(x));
}

/* (1 + e^|beta a|) * 2^-48, for a bounded a; half an ULP and 2^-28. */
VECTORS VECTOR V(silu_denominator)(VECTOR a, VECTOR beta) {
    const VECTOR one = ALL(0x1p-48f);
    VECTOR scale, q = V(exp_of_product)(MAGNITUDE(beta), a, 0x1p-48f, &scale), total = scale + one;
    return total + FMA(scale, q, one - (total - scale));
}

/* With t = |x| sigmoid(-|beta x|): -t in the tail and x - t beyond; where beta is negative, minus that of -x. */
VECTORS VECTOR V(silu_forward)(VECTOR x, VECTOR beta) {
    const VECTOR sign = AND(beta, ALL(-0.0f)), turned = XOR(x, sign);
    VECTOR a = V(silu_bounded)(x, beta), beyond = LARGER(ALL(-0.0f), turned);
    return XOR(FMA(a / V(silu_denominator)(a, beta), ALL(-0x1p-48f), beyond), sign);
}

/* gated_slope's d in formulas/shared.pxi: d in the tail, else 1 - d. */
VECTORS VECTOR V(silu_derivative)(VECTOR x, VECTOR beta) {
    const VECTOR one = ALL(1), per_headroom = ALL(0x1p-48f);
    VECTOR a = V(silu_bounded)(x, beta), z = MAGNITUDE(beta) * a, t = one / V(silu_denominator)(a, beta);
    VECTOR d = t * FMA(z * per_headroom, t, one - z) * per_headroom;
    return CHOOSE(NEGATIVE(XOR(x, beta)), d, one - d);
}
