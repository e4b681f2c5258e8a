/* The operations log, log1p, log2 and log10, by a table of factors: see kernels.h.

   With u = 2^n m, 3/4 <= m < 3/2, and a factor c, that of the interval in which m lies, m c is nearly 1, and

       log(u) = log1p(r) - (log(c) - n log(2)),    r = m c - 1

   The difference is exact: the factors are such that log(c) is a number of few bits, and so is log(2) but for a small part, which
   is added to r.  The intervals beside 1 have the factor 1: r is u - 1 there, and nothing cancels.

   The table is two rows, the factors and their logarithms: `factors` in fastact/numerics/fit.py.  All inputs were tried: the
   errors are in ULP, with AVX-512 and AVX2.

   What it gains, by the formula -> here, 1,024 elements on a busy machine, the call excluded:

                  AVX-512         AVX2
       log     0.46 -> 0.24   1.02 -> 0.38
       log1p   0.83 -> 0.29   1.69 -> 0.46
       log2    0.53 -> 0.28   1.12 -> 0.47
       log10   0.55 -> 0.28   1.11 -> 0.47 */

#if INTERVALS > 8
#define LOG_TABLE(name) {F(LOGARITHMS_##name##_factors), F(LOGARITHMS_##name##_of_factors)}
#define LOG_TAIL(r) VECTOR_HORNER(log_reduced, r)
#define LOG_BITS 5 /* of a mantissa, the interval's number */
#else
#define LOG_TABLE(name) {F(LOGARITHMS_##name##_eight_factors), F(LOGARITHMS_##name##_of_eight_factors)}
#define LOG_TAIL(r) VECTOR_HORNER(log_reduced_eighth, r)
#define LOG_BITS 3
#endif

static const NUMBER F(log_table)[2][INTERVALS] __attribute__((aligned(64))) = LOG_TABLE(log);
static const NUMBER F(log2_table)[2][INTERVALS] __attribute__((aligned(64))) = LOG_TABLE(log2);
static const NUMBER F(log10_table)[2][INTERVALS] __attribute__((aligned(64))) = LOG_TABLE(log10);

/* Exponents n stand in a number's bits as multiples of this. */
#define OCTAVE 0x1p23f

/* A logarithm's arguments: its table; log(2) per OCTAVE, of few bits, and by how much that is too large; log(e) in two parts. */
#define LOG F(log_table), 0x1.62e5p-1f / OCTAVE, 0x1.a020b8p-18f / OCTAVE, 1, 0
#define LOG2 F(log2_table), 1 / OCTAVE, 0, 0x1.715476p0f, 0x1.4ae0cp-26f
#define LOG10 F(log10_table), 0x1.3442p-2f / OCTAVE, 0x1.95ec1p-19f / OCTAVE, 0x1.bcb7b2p-2f, -0x1.5b235ep-27f
#define LOG_PARAMETERS const NUMBER (*table)[INTERVALS], NUMBER octave, NUMBER excess, NUMBER per_e, NUMBER per_e_low
#define LOG_ARGUMENTS table, octave, excess, per_e, per_e_low

/* Below this |n| a number is positive and normal, and so are the factors times 2^-n. */
#define LOG_FURTHEST (126 * OCTAVE)

/* n in the bits of u. */
VECTORS INTEGERS V(log_exponent)(VECTOR u) {
    return BITS(AND(FROM_BITS(SUBTRACT_BITS(BITS(u), BITS(ALL(0.75f)))), ALL(-INFINITY)));
}

/* The logarithm of (1 + r) 2^n / c, c being the interval's factor.   The signs are such that it is -0 where r is and n is 0. */
VECTORS VECTOR V(log_sum)(VECTOR r, VECTOR n, INTEGERS interval, LOG_PARAMETERS) {
    VECTOR more = MINUS_FMA(n, ALL(octave), OF_INTERVAL(table[1], interval)), square = r * r, p = LOG_TAIL(r);
    if (per_e == 1)
        return FMA(square, p, MINUS_FMA(n, ALL(excess), r)) - more;
    VECTOR rest = MINUS_FMA(n, ALL(excess), r * ALL(per_e_low));
    return FMA(r, ALL(per_e), FMA(square * p, ALL(per_e), rest)) - more;
}

/* u positive and normal; log 1.06, 1.04 ULP, log2 0.96, 1.18, log10 0.99, 1.18.   The logarithm of u / 2^k, `octaves` being k. */
VECTORS VECTOR V(log_of_normal)(VECTOR u, VECTOR octaves, LOG_PARAMETERS) {
    INTEGERS exponent = V(log_exponent)(u), bits = SUBTRACT_BITS(BITS(u), exponent), interval = SHIFT_RIGHT(bits, 23 - LOG_BITS);
    VECTOR r = FMA_MINUS(FROM_BITS(bits), OF_INTERVAL(table[0], interval), ALL(1));
    return V(log_sum)(r, FROM_INTEGERS(exponent) - octaves, interval, LOG_ARGUMENTS);
}

/* Any; as log_of_normal. */
VECTORS VECTOR V(log_of_any)(VECTOR x, LOG_PARAMETERS) {
    const VECTOR zero = ALL(0);
    MASK tiny = LESS(x, ALL(0x1p-64f));
    VECTOR u = CHOOSE(tiny, x * ALL(0x1p32f), x), octaves = CHOOSE(tiny, ALL(32 * OCTAVE), zero);
    VECTOR y = V(log_of_normal)(u, octaves, LOG_ARGUMENTS);
    VECTOR end = CHOOSE(AT_MOST(zero, x), ALL(-INFINITY), ALL(NAN));
    return CHOOSE(LESS(zero, x), CHOOSE(LESS(x, ALL(INFINITY)), y, x), end);
}

/* Any; as log_of_normal.   The one branch: see exponential_forward. */
VECTORS VECTOR V(logarithm)(VECTOR x, LOG_PARAMETERS) {
    if (ANY(AT_MOST(ALL(LOG_FURTHEST), MAGNITUDE(FROM_INTEGERS(V(log_exponent)(x))))))
        return V(log_of_any)(x, LOG_ARGUMENTS);
    return V(log_of_normal)(x, ALL(0), LOG_ARGUMENTS);
}

VECTORS VECTOR V(operation_log)(VECTOR x) { return V(logarithm)(x, LOG); }
VECTORS VECTOR V(operation_log2)(VECTOR x) { return V(logarithm)(x, LOG2); }
VECTORS VECTOR V(operation_log10)(VECTOR x) { return V(logarithm)(x, LOG10); }

/* Any; 1.07, 1.04 ULP.   1 + x, which is rounded, tells n and the interval only: with k = c 2^-n, r = x k - (1 - k), where the
   difference is exact but for n > 1.   What 1 + x has no such n for is far out, and its logarithm is that of 1 + x. */
VECTORS VECTOR V(operation_log1p)(VECTOR x) {
    VECTOR u = ALL(1) + x;
    INTEGERS exponent = V(log_exponent)(u), interval = SHIFT_RIGHT(SUBTRACT_BITS(BITS(u), exponent), 23 - LOG_BITS);
    VECTOR k = FROM_BITS(SUBTRACT_BITS(BITS(OF_INTERVAL(F(log_table)[0], interval)), exponent));
    VECTOR r = FMA_MINUS(x, k, ALL(1) - k), n = FROM_INTEGERS(exponent), y = V(log_sum)(r, n, interval, LOG);
    MASK far = AT_MOST(ALL(LOG_FURTHEST), MAGNITUDE(n));
    return ANY(far) ? CHOOSE(far, V(log_of_any)(u, LOG), y) : y;
}
