/* tanh by intervals: see intervals.h. */

static const intervals_f32 tanh_intervals = INTERVALS_tanh_intervals_f32;

/* 0.22 ns an element, the formula 0.40; the derivative 0.35 and 0.34, and value_and_grad 0.56 and 0.46. */
VECTORS VECTOR V(tanh_forward)(VECTOR x) {
    return V(odd_by_intervals)(tanh_intervals, x, 9.2f, SCALE_tanh_intervals_f32, OFFSET_tanh_intervals_f32, 20);
}

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
