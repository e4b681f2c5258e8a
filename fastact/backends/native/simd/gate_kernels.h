/* quick_gelu and gelu_tanh, x sigmoid(z), by the exponential of exp_kernels.h: see kernels.h.

   What it gains, by the formula -> here, 4,096 elements on a busy machine:

                           AVX-512                         AVX2
                      forward       backward        forward       backward
       quick_gelu  0.54 -> 0.46   0.66 -> 0.58   0.74 -> 0.71   0.86 -> 0.78
       gelu_tanh   0.65 -> 0.61   1.00 -> 0.86   1.29 -> 1.26   1.75 -> 1.65

   and the largest error of the results is 0.83 ULP where the formulas' is 1.71.

   With a = |x|, bounded, and t = a / (1 + e^z) it is -t below zero and x - t beyond.   e^z = scale (1 + q) 2^48. */

/* (1 + e^z) 2^-48 = total + more */
VECTORS VECTOR V(gate_total)(VECTOR scale, VECTOR q, VECTOR *more) {
    const VECTOR one = ALL(0x1p-48f);
    VECTOR total = scale + one;
    *more = FMA(scale, q, one - (total - scale));
    return total;
}

/* Half an ULP and 2^-28.   A quotient, or an estimate of one, and its remainder: so no rounding of the denominator counts. */
VECTORS VECTOR V(gate)(VECTOR x, VECTOR a, VECTOR scale, VECTOR q) {
    VECTOR more, total = V(gate_total)(scale, q, &more), denominator = total + more;
#if ESTIMATES
    VECTOR reciprocal = ESTIMATE(denominator), t = a * reciprocal;
#else
    VECTOR reciprocal = V(reciprocal_nearly)(denominator), t = a / denominator;
#endif
    t = FMA(MINUS_FMA(t, more, MINUS_FMA(t, total, a)), reciprocal, t);
    return FMA(t, ALL(-0x1p-48f), LARGER(ALL(-0.0f), x)); /* of two zeros, or with NaN, the larger gives x */
}

/* With s = sigmoid(-z) = tail 2^-48 and slope = a z' it is d = s ((1 - slope) + slope s) below zero, 1 - d beyond. */
VECTORS VECTOR V(gate_bracket)(VECTOR slope, VECTOR tail) {
    return FMA(slope * ALL(0x1p-48f), tail, ALL(1) - slope);
}

VECTORS VECTOR V(gate_choice)(VECTOR x, VECTOR d) { return CHOOSE(NEGATIVE(x), d, ALL(1) - d); }

/* z = (factor + factor_low) a, at most EXP_FURTHEST: scale and q with scale (1 + q) = e^z 2^-48; 2^-28.   As exp_of_product. */
VECTORS VECTOR V(gate_exp)(VECTOR factor, VECTOR factor_low, VECTOR a, VECTOR *scale) {
    VECTOR shifted = FMA(a, factor * VECTOR_CONSTANT(log2_e), ALL(TO_STEP)), n = shifted - ALL(TO_STEP), power;
    VECTOR r = MINUS_FMA(n, ALL(LN2_LOW), FMA_MINUS(factor, a, n * ALL(LN2_HIGH)));
    VECTOR q = V(exp_reduced)(FMA(factor_low, a, r), shifted, 0x1p-48f, &power);
    *scale = V(raised)(power, n, shifted);
    return q;
}

/* ---- quick_gelu -------------------------------------------------------------------------------------------------- */

#define QUICK_GELU_FACTOR ALL(1.702f) /* 1.702 in two parts */
#define QUICK_GELU_FACTOR_LOW ALL(-2.193451e-8f)
#define QUICK_GELU_FURTHEST 70.5f

VECTORS VECTOR V(quick_gelu_forward)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, QUICK_GELU_FURTHEST);
    VECTOR scale, q = V(gate_exp)(QUICK_GELU_FACTOR, QUICK_GELU_FACTOR_LOW, a, &scale);
    return V(gate)(x, a, scale, q);
}

VECTORS VECTOR V(quick_gelu_derivative)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, QUICK_GELU_FURTHEST);
    VECTOR scale, q = V(gate_exp)(QUICK_GELU_FACTOR, QUICK_GELU_FACTOR_LOW, a, &scale);
    VECTOR more, total = V(gate_total)(scale, q, &more), tail = ALL(1) / (total + more);
    return V(gate_choice)(x, tail * V(gate_bracket)(QUICK_GELU_FACTOR * a, tail) * ALL(0x1p-48f));
}

/* ---- gelu_tanh --------------------------------------------------------------------------------------------------- */

#define GELU_TANH_FURTHEST 11.265f

/* z/a = k + c a^2, k = 2 sqrt(2/pi), c = 0.044715 k, in two parts: as in formulas/normal.pxi. */
VECTORS VECTOR V(gelu_tanh_factor)(VECTOR a, VECTOR *low) {
    const VECTOR k = ALL(1.59576416015625f), k_low = ALL(4.961449576512678e-06f);
    const VECTOR c = ALL(0.07135481387376785f), c_low = ALL(2.3988325e-09f);
    VECTOR square = a * a, square_low = FMA_MINUS(a, a, square), p = FMA(c, square, k);
    *low = FMA(c, square, k - p) + FMA(c, square_low, FMA(c_low, square, k_low));
    return p;
}

VECTORS VECTOR V(gelu_tanh_forward)(VECTOR x) {
    VECTOR a = V(bounded_magnitude)(x, GELU_TANH_FURTHEST), p_low, p = V(gelu_tanh_factor)(a, &p_low);
    VECTOR scale, q = V(gate_exp)(p, p_low, a, &scale);
    return V(gate)(x, a, scale, q);
}

/* a z' = a (3 (k + c a^2) - 2k) in two parts, for it is large where d is small. */
VECTORS VECTOR V(gelu_tanh_derivative)(VECTOR x) {
    const VECTOR three = ALL(3), two_k = ALL(2 * 1.59576416015625f), two_k_low = ALL(2 * 4.961449576512678e-06f);
    VECTOR a = V(bounded_magnitude)(x, GELU_TANH_FURTHEST), p_low, p = V(gelu_tanh_factor)(a, &p_low);
    VECTOR scale, q = V(gate_exp)(p, p_low, a, &scale);
    VECTOR factor = FMA_MINUS(three, p, two_k), slope = a * factor;
    VECTOR slope_low = FMA(a, FMA_MINUS(three, p_low, two_k_low), FMA_MINUS(a, factor, slope));
    VECTOR more, total = V(gate_total)(scale, q, &more), denominator = total + more, tail = ALL(1) / denominator;
    VECTOR tail_low = MINUS_FMA(tail, denominator, ALL(1)) * tail;
    VECTOR bracket = FMA(slope_low, FMA_MINUS(tail, ALL(0x1p-48f), ALL(1)), V(gate_bracket)(slope, tail));
    return V(gate_choice)(x, FMA(tail, bracket, tail_low * bracket) * ALL(0x1p-48f));
}
