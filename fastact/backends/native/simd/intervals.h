/* What the block kernels of tanh, erf and gelu are made of: functions by intervals, and powers of two.  See kernels.h.

   A function of a >= 0 is 32 polynomials (16 in double; 8 where registers hold no more).  Registers hold the coefficients of
   one degree, from which each lane picks its own.
   The interval is the leading bits of offset + a * scale: within an octave of this sum the intervals are equally wide, in the
   next twice as wide.  In an interval the function is

       value + d + d * p(d),    d = a - centre

   where the first centre is 0, and the others are numbers for which the value almost is one, too.  Only two sums round:
   d + d * p(d), which is small, and the whole; near zero, where the value is 0, the first alone.
   The tables: NAME_intervals and NAME_eight_intervals in fastact/numerics/approximations.py, by which fit.py makes them.  A
   kernel names its function's with INTERVAL_TABLE(NAME); one for an odd function is no more than that and ODD_BY_INTERVALS. */
#ifndef FASTACT_INTERVALS_H
#define FASTACT_INTERVALS_H
enum { CENTRE, VALUE, COEFFICIENTS };

#if INTERVALS > 8
#define OF_INTERVALS(what, name) what##_##name##_intervals
#else
#define OF_INTERVALS(what, name) what##_##name##_eight_intervals
#endif
#define TYPED(name) F(name) /* of a name that is a macro's */

#define INTERVAL_TABLE(name) \
    static const NUMBER F(name##_table)[][INTERVALS] __attribute__((aligned(64))) = TYPED(OF_INTERVALS(INTERVALS, name))

/* How a table's interval is found, as arguments: scale, offset, bits. */
#define FIND(name) TYPED(OF_INTERVALS(SCALE, name)), TYPED(OF_INTERVALS(OFFSET, name)), TYPED(OF_INTERVALS(BITS, name))

/* An odd function that has rounded to its limit at `furthest`. */
#define ODD_BY_INTERVALS(name, x, furthest) V(odd_by_intervals)(F(name##_table), DEGREE(F(name##_table)), x, furthest, FIND(name))
#endif

/* The interval's number: the leading bits of the sum, where `bits` is what follows them. */
VECTORS INTEGERS V(interval)(VECTOR a, NUMBER scale, NUMBER offset, int bits) {
    return INTERVAL(FMA(a, ALL(scale), ALL(offset)), bits);
}

/* min(|x|, limit); NaN for NaN. */
VECTORS VECTOR V(bounded_magnitude)(VECTOR x, NUMBER limit) { return SMALLER(ALL(limit), MAGNITUDE(x)); }

/* How long the polynomials of a table are. */
#define DEGREE(table) ((int)(sizeof(table) / sizeof *(table)) - COEFFICIENTS - 1)

/* p(d) */
VECTORS VECTOR V(of_polynomial)(const NUMBER (*table)[INTERVALS], int degree, INTEGERS interval, VECTOR d) {
    VECTOR p = OF_INTERVAL(table[COEFFICIENTS + degree], interval);
    for (int k = degree - 1; k >= 0; k--)
        p = FMA(p, d, OF_INTERVAL(table[COEFFICIENTS + k], interval));
    return p;
}

/* d + d * p(d): the function, but for the interval's value. */
VECTORS VECTOR V(beyond_value)(const NUMBER (*table)[INTERVALS], int degree, INTEGERS interval, VECTOR d) {
    return FMA(V(of_polynomial)(table, degree, interval, d), d, d);
}

/* y with the sign of x, for y >= 0. */
VECTORS VECTOR V(signed_as)(VECTOR y, VECTOR x) { return OR(y, AND(x, ALL(-0.0f))); }

/* An odd function; |x| is bounded where the function has rounded to its limit. */
VECTORS VECTOR V(odd_by_intervals)(
    const NUMBER (*table)[INTERVALS], int degree, VECTOR x, NUMBER furthest, NUMBER scale, NUMBER offset, int bits
) {
    VECTOR a = V(bounded_magnitude)(x, furthest);
    INTEGERS interval = V(interval)(a, scale, offset, bits);
    VECTOR rest = V(beyond_value)(table, degree, interval, a - OF_INTERVAL(table[CENTRE], interval));
    return V(signed_as)(OF_INTERVAL(table[VALUE], interval) + rest, x);
}

#if NUMBER_BITS == 32 && SCALES
/* (2^f - 1) / f for |f| <= 1/2; small against the rounding errors. */
VECTORS VECTOR V(exp2_tail)(VECTOR f) { return VECTOR_HORNER(exp2_tail, f); }

/* f and n with 2^-(factor * a^2) = 2^f * 2^n, |f| <= 1/2, from the exact square. */
VECTORS VECTOR V(minus_square)(VECTOR a, NUMBER factor, VECTOR *n) {
    const VECTOR to_integer = ALL(12582912.0f), k = ALL(factor);
    VECTOR square = a * a, square_low = FMA_MINUS(a, a, square);
    *n = MINUS_FMA(square, k, to_integer) - to_integer;
    return MINUS_FMA(square_low, k, MINUS_FMA(square, k, -*n));
}
#endif

#if NUMBER_BITS == 64 || !SCALES
/* n, power and q with e^-(ab) = power (1 + q) 2^n as exp_parts gives them, from the exact product; a, b >= 0. */
VECTORS VECTOR V(exp_minus_product)(VECTOR a, VECTOR b, VECTOR *n, VECTOR *power) {
    VECTOR product = a * b, product_low = FMA_MINUS(a, b, product), q = V(exp_parts)(-product, n, power);
    return MINUS_FMA(product_low, q, q - product_low);
}
#endif

#if NUMBER_BITS == 32
/* n, power and q with 2^-(factor * a^2) = power (1 + q), still to be scaled by n as with exp_parts, from the exact square; 2^-28
   of it. */
VECTORS VECTOR V(exp2_minus_square)(VECTOR a, NUMBER factor, VECTOR *n, VECTOR *power) {
    const VECTOR to_step = ALL(TO_STEP + (SCALES ? 0 : HEADROOM_F32)), k = ALL(factor);
    VECTOR square = a * a, square_low = FMA_MINUS(a, a, square);
    VECTOR shifted = MINUS_FMA(square, k, to_step), steps = shifted - to_step;
    VECTOR f = MINUS_FMA(square_low, k, MINUS_FMA(square, k, -steps));
    *power = POWER_OF(kernel_powers_f32, 1, shifted);
#if SCALES
    *n = steps;
    VECTOR h = VECTOR_HORNER(exp2_sixteenth, f);
#else
    *power = V(raised)(*power, steps, shifted);
    *n = ALL(PER_HEADROOM);
    VECTOR h = VECTOR_HORNER(exp2_eighth, f);
#endif
    return FMA(h, f, POWER_OF(kernel_powers_low_f32, 1, shifted));
}
#endif
