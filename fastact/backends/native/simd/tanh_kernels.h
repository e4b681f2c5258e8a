/* tanh by intervals: see intervals.h. */

#if INTERVALS > 8
static const float tanh_intervals[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_tanh_intervals_f32;
#define TANH_INTERVAL SCALE_tanh_intervals_f32, OFFSET_tanh_intervals_f32, 20
#else
static const float tanh_intervals[][INTERVALS] __attribute__((aligned(64))) = INTERVALS_tanh_eight_intervals_f32;
#define TANH_INTERVAL SCALE_tanh_eight_intervals_f32, OFFSET_tanh_eight_intervals_f32, 22
#endif

/* 0.22 ns an element, the formula 0.40; the derivative 0.35 and 0.34, and value_and_grad 0.56 and 0.46.
   With AVX2 0.51 and 0.67. */
VECTORS VECTOR V(tanh_forward)(VECTOR x) {
    return V(odd_by_intervals)(tanh_intervals, DEGREE(tanh_intervals), x, 9.2f, TANH_INTERVAL);
}

#if ESTIMATES
/* 4t (1 - t), t = 1 / (1 + e^2a), with headroom as in tanh_tail, but by an estimate and a Newton step. */
VECTORS VECTOR V(tanh_derivative)(VECTOR x) {
    const VECTOR to_integer = ALL(12582912.0f + 127.0f - (float)HEADROOM_F32), per_headroom = ALL(PER_HEADROOM_F32);
    const VECTOR two_log2_e = ALL(2.88539f), two_log2_e_low = ALL(3.851926e-8f);
    VECTOR a = V(bounded_magnitude)(x, EXP_FURTHEST_F32 / 2);
    VECTOR shifted = FMA(a, two_log2_e, to_integer);
    VECTOR scale = FROM_BITS(SHIFT_LEFT(BITS(shifted), 23));
    VECTOR f = FMA(a, two_log2_e_low, FMA_MINUS(a, two_log2_e, shifted - to_integer));
    VECTOR power = FMA(f, V(exp2_tail)(f), ALL(1));
    VECTOR denominator = FMA(scale, power, per_headroom);
    VECTOR t = ESTIMATE(denominator);
    t = FMA(MINUS_FMA(t, denominator, ALL(1)), t, t);
    return MINUS_FMA(t * per_headroom, t, t) * (4 * per_headroom);
}
#else
/* The same by exp_kernels.h's table, and a division. */
VECTORS VECTOR V(tanh_derivative)(VECTOR x) {
    const VECTOR per_headroom = ALL(PER_HEADROOM_F32);
    VECTOR twice = ALL(2) * V(bounded_magnitude)(x, EXP_FURTHEST_F32 / 2), shifted, power;
    VECTOR n = V(steps_of)(twice, &shifted), r = MINUS_FMA(n, ALL(LN2_HIGH), twice);
    VECTOR q = V(exp_reduced)(MINUS_FMA(n, ALL(LN2_LOW), r), shifted, PER_HEADROOM_F32, &power);
    power = V(raised)(power, n, shifted);
    VECTOR t = ALL(1) / FMA(power, q, power + per_headroom);
    return MINUS_FMA(t * per_headroom, t, t) * (4 * per_headroom);
}
#endif
