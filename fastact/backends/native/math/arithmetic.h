/* Arithmetic: products, sums and quotients with what their roundings lose; signs and magnitudes.  See vecmath.h. */

/* Range:   any
   Error:   half an ULP (without FMA the product is rounded too)
   NaN:     as a*b + c
   Gives:   a*b + c.  Only where one rounding more does no harm, or the product is exact. */
VECMATH REAL F(fma)(REAL a, REAL b, REAL c) {
#if VECMATH_FMA
    return BUILTIN_FMA(a, b, c);
#else
    return a * b + c;
#endif
}

/* Range:   any
   Error:   exact
   NaN:     gives NaN
   Gives:   the upper half of a's digits, so that products of halves are exact (Dekker 1971, but masked: this cannot overflow) */
VECMATH REAL F(upper_half)(REAL a) {
    UNSIGNED bits;
    memcpy(&bits, &a, sizeof bits);
    bits &= BY_TYPE(0xfffff000u, 0xfffffffff8000000u);
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* Range:   |product| finite and above 2^-100 (2^-960), or it is inexact
   Error:   exact (without FMA 0, 2^-104 of a*b)
   NaN:     NaN where the product is infinite
   Gives:   a*b - product, where product is the rounded a*b */
VECMATH REAL F(product_low)(REAL a, REAL b, REAL product) {
#if VECMATH_FMA
    return BUILTIN_FMA(a, b, -product);
#else
    REAL a_high = F(upper_half)(a), a_low = a - a_high;
    REAL b_high = F(upper_half)(b), b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
}

/* Range:   as product_low, |a| and |b| below 2^100 (2^995)
   Error:   exact
   NaN:     NaN where the product is infinite
   Gives:   as product_low, to the last bit without FMA, too: halves of a double by Veltkamp's splitting, which rounds, have 26 bits
            each, where upper_half's lower one has 27 */
VECMATH REAL F(product_low_exact)(REAL a, REAL b, REAL product) {
#if VECMATH_FMA || REAL_BITS == 32
    return F(product_low)(a, b, product);
#else
    const REAL split = R(134217729.0); /* 2^27 + 1 */
    REAL a_high = a * split - (a * split - a), a_low = a - a_high;
    REAL b_high = b * split - (b * split - b), b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
}

/* Range:   |numerator| finite and above 2^-100 (2^-960), or it is inexact
   Error:   exact (without FMA 0, 2^-104 of the numerator)
   NaN:     NaN where the quotient is infinite
   Gives:   numerator - quotient * denominator, where quotient is the rounded one */
VECMATH REAL F(division_remainder)(REAL numerator, REAL quotient, REAL denominator) {
#if VECMATH_FMA
    return BUILTIN_FMA(-quotient, denominator, numerator);
#else
    REAL product = quotient * denominator;
    return (numerator - product) - F(product_low)(quotient, denominator, product);
#endif
}

/* Range:   |c| >= 2 |a*b|
   Error:   half an ULP (without FMA also product_low's)
   NaN:     NaN where the sum is infinite
   Gives:   a*b + c - sum, where sum is what fma(a, b, c) gave */
VECMATH REAL F(fma_low)(REAL a, REAL b, REAL c, REAL sum) {
#if VECMATH_FMA
    return BUILTIN_FMA(a, b, c - sum);
#else
    REAL product = a * b;
    return ((c - sum) + product) + F(product_low)(a, b, product);
#endif
}

/* Range:   as product_low
   Error:   half an ULP (without FMA 1.0, 1.0: the product's rounding is put back in)
   NaN:     NaN where the product is infinite
   Gives:   a*b + c with one rounding */
VECMATH REAL F(product_sum)(REAL a, REAL b, REAL c) {
#if VECMATH_FMA
    return BUILTIN_FMA(a, b, c);
#else
    REAL product = a * b;
    return (product + c) + F(product_low)(a, b, product);
#endif
}

/* Range:   as product_low, |c| not much larger than |a*b|
   Error:   half an ULP (without FMA almost, unless a*b + c cancels: the product's rounding is put back in)
   NaN:     NaN where the product is infinite
   Gives:   a*b + c with one rounding */
VECMATH REAL F(product_plus_small)(REAL a, REAL b, REAL c) {
#if VECMATH_FMA
    return BUILTIN_FMA(a, b, c);
#else
    REAL product = a * b;
    return product + (c + F(product_low)(a, b, product));
#endif
}

/* Range:   a normal and below 2^125 (2^1021)
   Error:   0.051, 0.051 of 1/a
   NaN:     any number
   Gives:   1/a by a subtraction from its bits (exponent and mantissa change sign, nearly): good enough for a small correction */
VECMATH REAL F(reciprocal_estimate)(REAL a) {
    UNSIGNED bits;
    memcpy(&bits, &a, sizeof bits);
    bits = BY_TYPE(0x7ef311c7u, 0x7fde6238da3c2118u) - bits;
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* GCC makes one instruction of a minimum only where it knows of the limit no more than that it does not change: of a constant it
   makes a comparison and a choice, which are four on AVX2.  So the limit's bits are combined with those of a number that is 0,
   and that for all GCC knows may be another.  (It is no REAL, so that storing results can't change it.) */
#if defined(__GNUC__) && !defined(__clang__)
static UNSIGNED F(nothing) __attribute__((used)) = 0;
#define NOTHING F(nothing)
#define VARIABLE(limit) F(variable)(limit)
static inline __attribute__((always_inline)) REAL F(variable)(REAL limit) {
    UNSIGNED bits;
    memcpy(&bits, &limit, sizeof bits);
    bits ^= NOTHING;
    memcpy(&limit, &bits, sizeof limit);
    return limit;
}
#else
#define NOTHING ((UNSIGNED)0)
#define VARIABLE(limit) (limit)
#endif

/* Range:   limit >= 0
   Error:   exact
   NaN:     gives the limit
   Gives:   min(|x|, limit)
   Twice:   for float as integers, which is one operation where comparing and choosing are two; not every instruction set
            compares integers of 64 bits. */
#if REAL_BITS == 32
VECMATH REAL F(magnitude_up_to)(REAL x, REAL limit) {
    int32_t bits, limit_bits;
    memcpy(&bits, &x, sizeof bits);
    memcpy(&limit_bits, &limit, sizeof limit_bits);
    bits &= 0x7fffffff;
    bits = bits < limit_bits ? bits : limit_bits;
    memcpy(&x, &bits, sizeof x);
    return x;
}
#else
VECMATH REAL F(magnitude_up_to)(REAL x, REAL limit) {
    REAL a = FABS(x);
    limit = VARIABLE(limit);
    return a < limit ? a : limit;
}
#endif

/* Range:   any
   Error:   exact
   NaN:     of x stays
   Gives:   min(limit, x) */
VECMATH REAL F(at_most)(REAL limit, REAL x) {
    limit = VARIABLE(limit);
    return limit < x ? limit : x;
}

/* Range:   any
   Error:   exact
   NaN:     of x stays
   Gives:   max(limit, x); of two zeros x */
VECMATH REAL F(at_least)(REAL limit, REAL x) {
    limit = VARIABLE(limit);
    return limit > x ? limit : x;
}
#undef VARIABLE

/* Range:   any
   Error:   exact
   NaN:     gives -infinity
   Gives:   -infinity; a finite number near to it if a is 0, so that the product with a is 0
   Twice:   for float with a comparison's mask as the number that is added.  GCC would make a choice between two constants of it,
            three instructions on AVX2.  Not every instruction set has that for 64 bits. */
VECMATH REAL F(lowest_beside)(REAL a) {
    UNSIGNED bits;
#if REAL_BITS == 32
    bits = (0xff800000u ^ NOTHING) + (a == 0.0f ? ~0u : 0u);
#else
    bits = 0xfff0000000000000u - (a == 0.0);
#endif
    memcpy(&a, &bits, sizeof a);
    return a;
}
#undef NOTHING

/* Range:   any
   Error:   exact
   NaN:     gives NaN
   Gives:   y, its sign changed if just one of a and b is negative */
VECMATH REAL F(with_signs)(REAL y, REAL a, REAL b) {
    UNSIGNED bits, a_bits, b_bits;
    memcpy(&bits, &y, sizeof bits);
    memcpy(&a_bits, &a, sizeof a_bits);
    memcpy(&b_bits, &b, sizeof b_bits);
    bits ^= (a_bits ^ b_bits) & SIGN_BIT;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* Range:   y finite and not 0, |rest| less than the distance to its neighbours
   Error:   exact
   NaN:     gives NaN
   Gives:   y + rest rounded to odd: y, but where its last bit is 0 and the rest is not, the neighbour beyond the rest.  That is no
            midpoint of two narrower numbers, and on the sum's side of each. */
VECMATH REAL F(to_odd)(REAL y, REAL rest) {
    UNSIGNED bits, rest_bits;
    memcpy(&bits, &y, sizeof bits);
    memcpy(&rest_bits, &rest, sizeof rest_bits);
    UNSIGNED step = FABS(rest) > R(0.0) ? ~bits & 1u : 0u, inwards = (bits ^ rest_bits) >> (REAL_BITS - 1);
    bits += step - ((step & inwards) << 1);
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* Range:   any
   Error:   exact
   NaN:     gives NaN
   Gives:   x, but -0.0 where x < 0.  Both zeros stay what they are, which clang 14's maximum of x and -0.0 does not grant: so the
            choice is between masks of bits. */
VECMATH REAL F(positive_part)(REAL x) {
    UNSIGNED bits, kept = x < R(0.0) ? SIGN_BIT : ~(UNSIGNED)0;
    memcpy(&bits, &x, sizeof bits);
    bits &= kept;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Range:   n >= 0
   Error:   exact
   NaN:     gives 0
   Gives:   1 if all |x[i]| < limit, 0 if not */
VECMATH int F(all_below)(const REAL *x, REAL limit, ptrdiff_t n) {
    UNSIGNED beyond = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        beyond |= FABS(x[i]) < limit ? 0u : 1u;
    return beyond == 0;
}
