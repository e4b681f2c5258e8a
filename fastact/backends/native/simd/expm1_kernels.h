/* The operations expm1 and exp2 by the exponential of exp_kernels.h: see kernels.h.  All inputs were tried: the errors are in
   ULP, with AVX-512 and AVX2.

   What it gains, by the formula -> here, 1,024 elements on a busy machine, the call excluded:

                  AVX-512         AVX2
       expm1   0.43 -> 0.23   0.79 -> 0.39
       exp2    0.36 -> 0.16   0.66 -> 0.27 */

/* |x| <= EXPM1_FURTHEST; 1.04, 1.08 ULP. */
VECTORS VECTOR V(expm1_near)(VECTOR x) {
    VECTOR shifted, n = V(steps_of)(x, &shifted), low = POWER_OF(F(kernel_powers_low), 1, shifted);
    VECTOR high = MINUS_FMA(n, ALL(LN2_HIGH), x);
    return V(signed_as)(V(expm1_reduced)(high, MINUS_FMA(n, ALL(LN2_LOW), low), n, shifted), x);
}

/* Any; as expm1_near.   Beyond the furthest it is -1 or e^x.   The one branch: see exponential_forward. */
VECTORS VECTOR V(operation_expm1)(VECTOR x) {
    const VECTOR furthest = ALL(EXPM1_FURTHEST);
    if (ANY(AT_MOST(furthest, MAGNITUDE(x))))
        return CHOOSE(LESS(x, furthest), V(expm1_near)(LARGER(-furthest, x)), V(exponential_forward)(x));
    return V(expm1_near)(x);
}

#define LN2 0x1.62e43p-1f

/* Any; 0.6 ULP, subnormal results 0.8.   x less its steps is exact, and the product with ln(2) small. */
VECTORS VECTOR V(operation_exp2)(VECTOR x) {
#if SCALES
    VECTOR shifted = x + ALL(TO_STEP), n = shifted - ALL(TO_STEP), power;
    VECTOR q = V(exp_reduced)(WITHIN(ALL(0.5f), (x - n) * ALL(LN2)), shifted, 1, &power);
    return SCALE(FMA(power, q, power), n);
#else
    VECTOR shifted = x + ALL(TO_STEP), n = shifted - ALL(TO_STEP), power;
    if (ANY(AT_MOST(ALL(126.0f), MAGNITUDE(x)))) {
        VECTOR bounded = LARGER(ALL(-168.0f), SMALLER(ALL(168.0f), x));
        shifted = bounded + ALL(TO_STEP);
        n = shifted - ALL(TO_STEP);
        return V(exp_far)((bounded - n) * ALL(LN2), n, shifted, NEGATIVE(x));
    }
    VECTOR q = V(exp_reduced)((x - n) * ALL(LN2), shifted, 1, &power);
    power = V(raised)(power, n, shifted);
    return FMA(power, q, power);
#endif
}
