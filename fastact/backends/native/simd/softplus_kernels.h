/* softplus and mish by the exponential of exp_kernels.h: see kernels.h.

   What it gains, by the formula -> here, 8,192 elements on a busy machine, where gelu takes 0.53 with AVX-512 and 1.01 with AVX2:

                           AVX-512                         AVX2
                      forward       backward        forward       backward
       softplus    0.73 -> 0.60   0.56 -> 0.44   1.13 -> 0.96   0.90 -> 0.58
       mish        0.86 -> 0.73   1.11 -> 0.76   1.53 -> 1.25   1.97 -> 1.22

   Of double with AVX-512: softplus 2.80 -> 2.17 and 1.57 -> 1.10, mish 2.00 -> 1.69 and 2.52 -> 1.80. */

/* ---- softplus --------------------------------------------------------------------------------------------------- */

/* HEADROOM * e^-|beta x| in two parts, for beta > 0; half an ULP and 2^-28. */
VECTORS VECTOR V(softplus_exp)(VECTOR x, VECTOR beta, VECTOR *low) {
    const VECTOR furthest = SMALLER(ALL(BY_TYPE(0x1.fffffep127f, 0x1.fffffffffffffp1023)), ALL(EXP_FURTHEST) / beta);
    VECTOR scale, q = V(exp_of_product)(-beta, SMALLER(furthest, MAGNITUDE(x)), TO_HEADROOM, &scale);
    VECTOR e = FMA(scale, q, scale);
    *low = FMA(scale, q, scale - e);
    return e;
}

/* max(x, 0) + log1p(t + t_low) / beta, t + t_low = e^-|beta x|, as in log_sigmoid_forward.  1 / beta is in two parts. */
VECTORS VECTOR V(softplus_forward)(VECTOR x, VECTOR beta) {
    const VECTOR per_headroom = ALL(PER_HEADROOM), per_beta = ALL(1) / beta, factor = per_beta * per_headroom;
    const VECTOR factor_low = MINUS_FMA(per_beta, beta, ALL(1)) * factor;
    VECTOR e_low, e = V(softplus_exp)(x, beta, &e_low), t = e * per_headroom;
    VECTOR w = t - VECTOR_CENTRE(log1p_tail);
    VECTOR p = VECTOR_HORNER(log1p_tail, w);
    VECTOR rest = FMA(t * t, p, e_low * ALL(3 * PER_HEADROOM / 4));
    return FMA(e, factor, FMA(rest, per_beta, FMA(e, factor_low, LARGER(ALL(0), x))));
}

/* sigmoid(beta x), by a division. */
VECTORS VECTOR V(softplus_derivative)(VECTOR x, VECTOR beta) {
    VECTOR e_low, t = V(softplus_exp)(x, beta, &e_low) * ALL(PER_HEADROOM);
    return V(sigmoid_numerator)(x, t) / (ALL(1) + t);
}

/* ---- mish ------------------------------------------------------------------------------------------------------- */

/* With u = e^x = g in the tail, and 1 beyond, n = g (g + 2), r = 1 / (n + 2), k = 1 - g^2 r:

       f(x)  = x u (1 - c),      c = k g/2 in the tail,  r 2 beyond;   1 - c = n r / u = tanh(log(1 + g)) / u
       f'(x) = u (1 + c'),      c' = k (x (1 - n r) - g/2),  r (x 4 g (g + 1) r - 2)

   In the tail n r and g^2 r are small where c is, or c' is large: so the errors of r count little.

   In double the tail begins at zero, in float a little below.  Near zero c is about 2/5, of which so much is lost where g and n
   are rounded that float has w = g - 1 besides: n + 2 = w (w + 4) + 5. */

#define MISH_HIGHEST BY_TYPE(13.0f, 22.0) /* where mish' has become 1; where mish is x, but for half an ULP */
#define MISH_LINEAR BY_TYPE(8.6640625f, 18.71484375)

typedef struct {
    MASK tail;
    VECTOR bounded;     /* x */
    VECTOR scale, more; /* HEADROOM * u = scale (1 + more) */
    VECTOR g, r;
    VECTOR first;       /* k or r */
    VECTOR second;      /* 1 - n r, in the tail */
    VECTOR third;       /* 3/2 - n/4, beyond */
} V(mish_parts);

VECTORS V(mish_parts) V(mish_parts_of)(VECTOR x) {
    V(mish_parts) p;
    p.bounded = LARGER(ALL(-EXP_FURTHEST), SMALLER(ALL(MISH_HIGHEST), x));
    VECTOR shifted, power, steps = V(steps_of)(p.bounded, &shifted), r = MINUS_FMA(steps, ALL(LN2_HIGH), p.bounded);
    VECTOR q = V(exp_reduced)(MINUS_FMA(steps, ALL(LN2_LOW), r), shifted, TO_HEADROOM, &power);
    VECTOR scale = V(raised)(power, steps, shifted);
#if NUMBER_BITS == 32
    VECTOR unscaled = scale * ALL(PER_HEADROOM), w = FMA(unscaled, q, unscaled - ALL(1));
    p.tail = LESS(x, ALL(-0.125f));
    p.g = FMA(unscaled, q, unscaled);
    p.r = ALL(1) / FMA(w, w + ALL(4), ALL(5));
    p.second = MINUS_FMA(FMA(p.g, p.g, p.g + p.g), p.r, ALL(1));
    p.third = FMA(w, FMA(w, ALL(-0.25f), ALL(-1)), ALL(0.75f));
#else
    p.tail = NEGATIVE(x);
    p.g = FMA(scale, q, scale) * ALL(PER_HEADROOM);
    VECTOR n = FMA(p.g, p.g, p.g + p.g);
    p.r = ALL(1) / (n + ALL(2));
    p.second = MINUS_FMA(n, p.r, ALL(1));
    p.third = MINUS_FMA(n, ALL(0.25), ALL(1.5));
#endif
    p.scale = CHOOSE(p.tail, scale, ALL(TO_HEADROOM));
    p.more = CHOOSE(p.tail, q, ALL(0));
    p.first = CHOOSE(p.tail, MINUS_FMA(p.g * p.g, p.r, ALL(1)), p.r);
    return p;
}

/* By c - 1/4, which is smaller, so that less is lost where it is rounded; beyond the tail it is (3/2 - n/4) r. */
VECTORS VECTOR V(mish_forward)(VECTOR x) {
    V(mish_parts) p = V(mish_parts_of)(x);
    VECTOR third = CHOOSE(p.tail, p.g * ALL(0.5f), p.third);
    VECTOR c = FMA_MINUS(p.first, third, CHOOSE(p.tail, ALL(0.25f), ALL(0)));
    VECTOR z = FMA_MINUS(ALL(0.75f) - c, p.more, c);
    VECTOR y = FMA(p.bounded, p.scale * ALL(0.75f), p.bounded * (p.scale * z)) * ALL(PER_HEADROOM);
    return V(signed_as)(CHOOSE(LESS(x, ALL(MISH_LINEAR)), y, x), x);
}

VECTORS VECTOR V(mish_derivative)(VECTOR x) {
    V(mish_parts) p = V(mish_parts_of)(x);
    VECTOR second = CHOOSE(p.tail, p.second, FMA(p.g, p.g, p.g) * (ALL(4) * p.r));
    VECTOR c = FMA_MINUS(p.bounded, second, CHOOSE(p.tail, p.g * ALL(0.5f), ALL(2))) * p.first;
    return FMA(p.scale, FMA(ALL(1) + c, p.more, c), p.scale) * ALL(PER_HEADROOM);
}
