/* tanh, in double by an exponential, tanh_shrink and gudermannian: by intervals, see intervals.h; softcap. */

#if NUMBER_BITS == 64 || !ESTIMATES
/* 2^headroom / (1 + e^2a), a = |x|; NaN for NaN.   By exp_kernels.h's table, and a division. */
VECTORS VECTOR V(tanh_tail)(VECTOR x) {
    VECTOR twice = ALL(2) * V(bounded_magnitude)(x, EXP_FURTHEST / 2), shifted, power;
    VECTOR n = V(steps_of)(twice, &shifted), r = MINUS_FMA(n, ALL(LN2_HIGH), twice);
    VECTOR q = V(exp_reduced)(MINUS_FMA(n, ALL(LN2_LOW), r), shifted, PER_HEADROOM, &power);
    power = V(raised)(power, n, shifted);
    return ALL(1) / FMA(power, q, power + ALL(PER_HEADROOM));
}
#endif

#if NUMBER_BITS == 32
INTERVAL_TABLE(tanh);

/* 0.22 ns an element, the formula 0.40; the derivative 0.35 and 0.34, and value_and_grad 0.56 and 0.46.
   With AVX2 0.51 and 0.67. */
VECTORS VECTOR V(tanh_forward)(VECTOR x) {
    return ODD_BY_INTERVALS(tanh, x, 9.2f);
}
#else
/* 1 - 2 sigmoid(-2a); a polynomial where that cancels.   8,192 elements on a busy machine: 1.44 ns, the formula 1.64;
   the derivative 1.12 and 1.33, value_and_grad 1.55 and 1.66.   16 intervals of degree 13 take as long, and share nothing with
   the derivative. */
VECTORS VECTOR V(tanh_forward)(VECTOR x) {
    VECTOR a = MAGNITUDE(x), u = a * a, near = FMA(a * u, VECTOR_HORNER(tanh_small, u), a);
    VECTOR y = MINUS_FMA(V(tanh_tail)(x), ALL(2 * PER_HEADROOM), ALL(1));
    return V(signed_as)(CHOOSE(LESS(a, VECTOR_CONSTANT(tanh_small)), near, y), x);
}
#endif

#if NUMBER_BITS == 32 && ESTIMATES
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
/* The same by tanh_tail. */
VECTORS VECTOR V(tanh_derivative)(VECTOR x) {
    VECTOR t = V(tanh_tail)(x);
    return MINUS_FMA(t * ALL(PER_HEADROOM), t, t) * ALL(4 * PER_HEADROOM);
}
#endif

#if NUMBER_BITS == 32
/* ---- tanh_shrink ------------------------------------------------------------------------------------------------ */

#if INTERVALS > 8
INTERVAL_TABLE(tanh_shrink);
/* 8,192 elements on a busy machine, the formula -> here: 0.60 -> 0.48, backward 0.57 -> 0.37.  With AVX2 nothing is gained. */
#define TANH_SHRINK_FURTHEST 8.35f /* from here on it is |x| - 1 */

/* a^3 * ((a - tanh(a)) / a^3), of which the second has a table: value + d p(d).   The cube is in two parts, times 2^64: so the
   second is no subnormal number. */
VECTORS VECTOR V(tanh_shrink_forward)(VECTOR x) {
    VECTOR magnitude = MAGNITUDE(x), a = SMALLER(ALL(TANH_SHRINK_FURTHEST), magnitude);
    INTEGERS interval = V(interval)(a, FIND(tanh_shrink));
    VECTOR d = a - OF_INTERVAL(F(tanh_shrink_table)[CENTRE], interval);
    VECTOR value = OF_INTERVAL(F(tanh_shrink_table)[VALUE], interval);
    VECTOR p = V(of_polynomial)(F(tanh_shrink_table), DEGREE(F(tanh_shrink_table)), interval, d);
    VECTOR square = a * (a * ALL(0x1p64f)), cube = square * a, cube_low = FMA_MINUS(square, a, cube);
    VECTOR y = FMA(cube, value, FMA(cube_low, value, cube * (p * d))) * ALL(0x1p-64f);
    return V(signed_as)(CHOOSE(LESS(magnitude, ALL(TANH_SHRINK_FURTHEST)), y, magnitude - ALL(1)), x);
}

VECTORS VECTOR V(tanh_shrink_derivative)(VECTOR x) {
    VECTOR t = V(tanh_forward)(x);
    return t * t;
}
#endif

/* ---- softcap ---------------------------------------------------------------------------------------------------- */

/* 4,096 elements on a busy machine, the formula -> here: 0.64 -> 0.54, with AVX2 0.91 -> 0.78; 1.3 ULP where that has 1.7. */

/* 2^headroom / (1 + e^2z), z = |x| / cap, bounded.   1/cap is in two parts.  2z is |x| 2/cap or 2|x| 1/cap, so that no factor
   overflows. */
VECTORS VECTOR V(softcap_tail)(VECTOR x, VECTOR cap, VECTOR *z) {
    const VECTOR one = ALL(PER_HEADROOM_F32), per_cap = ALL(1) / cap, per_cap_low = MINUS_FMA(per_cap, cap, ALL(1)) * per_cap;
    const MASK is_small = LESS(cap, ALL(1));
    const VECTOR times = CHOOSE(is_small, ALL(2), ALL(1)), others = CHOOSE(is_small, ALL(1), ALL(2));
    VECTOR a = SMALLER(ALL(EXP_FURTHEST_F32 / 2) * cap, MAGNITUDE(x)), b = a * times, scale;
    *z = a * per_cap;
    VECTOR q = V(exp_of_product)(per_cap * others, b, PER_HEADROOM_F32, &scale);
    q = FMA(b, per_cap_low * others, q);
    return ALL(1) / FMA(scale, q, scale + one);
}

/* cap - 2 cap sigmoid(-2z); where that cancels tanh's polynomial, by which x is multiplied: the quotient may be subnormal. */
VECTORS VECTOR V(softcap_forward)(VECTOR x, VECTOR cap) {
    VECTOR z, t = V(softcap_tail)(x, cap, &z), a = MAGNITUDE(x), u = z * z;
    VECTOR y = MINUS_FMA(t, cap * ALL(2 * PER_HEADROOM_F32), cap), near = FMA(a * u, VECTOR_HORNER(tanh_small, u), a);
    return V(signed_as)(CHOOSE(LESS(z, VECTOR_CONSTANT(tanh_small)), near, y), x);
}

/* 4t (1 - t), t = sigmoid(-2z) */
VECTORS VECTOR V(softcap_derivative)(VECTOR x, VECTOR cap) {
    VECTOR z, t = V(softcap_tail)(x, cap, &z);
    return MINUS_FMA(t * ALL(PER_HEADROOM_F32), t, t) * ALL(4 * PER_HEADROOM_F32);
}

/* ---- gudermannian ----------------------------------------------------------------------------------------------- */

/* 8,192 elements on a busy machine, the formula -> here: 1.05 -> 0.36, backward 0.51 -> 0.42; with AVX2 1.95 -> 0.63, backward
   0.73 -> 0.57. */
INTERVAL_TABLE(gudermannian);

VECTORS VECTOR V(gudermannian_forward)(VECTOR x) { return ODD_BY_INTERVALS(gudermannian, x, 18.75f); }

/* 1 / cosh(x) = 2e / (1 + e^2), e = e^-|x| */
VECTORS VECTOR V(gudermannian_derivative)(VECTOR x) {
    VECTOR n, power, q = V(exp_parts)(V(minus_magnitude)(x), &n, &power), p = FMA(power, q, power), e = SCALE(p, n);
    return SCALE((p + p) / FMA(e, e, ALL(1)), n);
}
#endif
