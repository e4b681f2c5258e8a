/* gelu by intervals: see intervals.h. */

/* With a = |x|:  x < 0 ? -t : x - t,  t = a Phi(-a) = 2^(-k a^2) * tail(a / 2)

   k is log2(e) / 2 rounded to float, which the tables make good: one of t, one of what the derivative has in its place. */
static const intervals_f32 gelu_intervals = INTERVALS_gelu_intervals_f32;
static const intervals_f32 gelu_slope_intervals = INTERVALS_gelu_slope_intervals_f32;

/* t, by a table. */
VECTORS VECTOR V(gelu_tail)(const intervals_f32 table, VECTOR x) {
    VECTOR a = MAGNITUDE_OR(ALL(14.58f), x); /* where all has rounded to zero */
    INTEGERS interval = V(interval)(a, 0.5f * SCALE_gelu_intervals_f32, OFFSET_gelu_intervals_f32, 20);
    VECTOR d = FMA_MINUS(a, ALL(0.5f), OF_INTERVAL(gelu_intervals[CENTRE], interval));
    VECTOR value = OF_INTERVAL(table[VALUE], interval), rest = V(beyond_value)(table, interval, d);
    VECTOR n, f = V(minus_square)(a, 0.7213475f, &n);
    rest = FMA((value + rest) * f, V(exp2_tail)(f), rest);
    return SCALE(value + rest, n);
}

/* 0.40 ns an element, the formula 0.75; the derivative 0.46 and 0.75; geglu 0.45 and 0.76, with a bias 0.49 and 0.86. */
VECTORS VECTOR V(gelu_forward)(VECTOR x) {
    return LARGER(ALL(-0.0f), x) - V(gelu_tail)(gelu_intervals, x); /* of two zeros, or with NaN, max gives x */
}

/* x < 0 ? t : 1 - t,  t = Phi(-a) - a phi(a); NaN where x is. */
VECTORS VECTOR V(gelu_derivative)(VECTOR x) {
    VECTOR t = V(gelu_tail)(gelu_slope_intervals, x);
    return NAN_FROM(x, CHOOSE(AT_MOST(ALL(0), x), ALL(1) - t, t));
}
