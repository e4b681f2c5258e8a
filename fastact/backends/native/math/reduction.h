/* Multiples of pi subtracted from an argument, of whatever size.  See vecmath.h. */

/* Range:   0 <= a < 2^23 (2^52) pi/2
   Error:   |a - n pi/2| < 0.8 for n up to 2^16 (2^45), < 2 beyond
   NaN:     gives NaN
   Gives:   n; parity = (-1)^n; sin(n pi/2 + r + more * pi/2) is +-sin(r) or, n + more odd, +-cos(r), with the sign that sign
            has; of which the other bits mean nothing */
VECMATH REAL F(quarter_turns)(REAL a, int more, REAL *parity, REAL *sign) {
    REAL shifted = F(fma)(a, BY_TYPE(0.636619772f, 0.6366197723675814), WHOLE); /* 2/pi */
    UNSIGNED bits;
    memcpy(&bits, &shifted, sizeof bits);
    UNSIGNED odd = (bits << (REAL_BITS - 1)) | ONE_BITS, half = (bits + (UNSIGNED)more) << (REAL_BITS - 2);
    memcpy(parity, &odd, sizeof odd);
    memcpy(sign, &half, sizeof half);
    return shifted - WHOLE;
}

/* Range:   n an integer up to 2^13 (2^20), |a - n pi/2| < 0.8
   Error:   2^-48.5, 2^-107.9 (without FMA 2^-48.1, 2^-107.9) by r + low;
            for n up to 2^23 (2^52) n times 2^-47.6, 2^-106.8 (without FMA 2^-47.6, 2^-106.8)
   NaN:     gives NaN
   Gives:   r + low = a - n * pi/2.
   Twice:   without FMA, n is split in halves; those of a large double have more bits than fit beside those of pi/2, so there the
            product's rounding error is put back in.

            Cody and Waite (1980): the first parts of pi/2 have so few bits that their products with n are exact, and so are then
            the differences.  With FMA the first two are subtracted as one. */
VECMATH REAL F(minus_quarters)(REAL a, REAL n, REAL *low) {
    const REAL third = BY_TYPE(0x1.444p-24f, 0x1.1a626331p-54);      /* 11, 33 bits */
    const REAL fourth = BY_TYPE(2.563344e-12f, 3.5215598651832e-27); /* 24, 53 bits */
#if VECMATH_FMA
    REAL rest = F(fma)(n, -BY_TYPE(0x1.921fb4p+0f, 0x1.921fb54442d18p+0), a);
#elif REAL_BITS == 64
    const REAL half_pi = 0x1.921fb54442d18p+0;
    REAL product = n * half_pi;
    REAL rest = (a - product) - F(product_low)(n, half_pi, product);
#else
    const REAL first = 0x1.92p+0f;   /* 8 bits */
    const REAL second = 0x1.fb4p-12f; /* 11 bits */
    REAL upper = F(upper_half)(n), lower = n - upper;
    REAL rest = (a - upper * first) - lower * first;
    rest = (rest - upper * second) - lower * second;
#endif
    REAL r = F(fma)(n, -third, rest);
    *low = F(fma)(n, -fourth, F(fma)(n, -third, rest - r));
    return r;
}

static const UNSIGNED F(inverse_pi)[] = {INVERSE_PI};

/* Range:   0 <= shift < 32
   Error:   exact
   NaN:     none
   Gives:   2^shift.  Not every vector unit shifts each of its numbers by as much as another number says. */
VECMATH UNSIGNED F(power_of_two)(UNSIGNED shift) {
    UNSIGNED power = 1u + (shift & 1u);
    power = shift & 2u ? power << 2 : power;
    power = shift & 4u ? power << 4 : power;
    power = shift & 8u ? power << 8 : power;
    return shift & 16u ? power << 16 : power;
}

#if REAL_BITS == 64
/* Range:   0 <= integer < 2^52
   Error:   exact
   NaN:     none
   Gives:   the integer as a number */
VECMATH REAL F(from_integer)(UNSIGNED integer) {
    const UNSIGNED exponent = 0x4330000000000000u;
    REAL number;
    integer |= exponent;
    memcpy(&number, &integer, sizeof number);
    return number - 0x1p52;
}
#endif

/* Range:   |x| 2^octaves from 2^-75 to 2^192 (2^1088)
   Error:   2^-63.0, 2^-125.5; 2^-75 where |x| 2^octaves is smaller, of which double makes 0
   NaN:     any number, at infinity too
   Gives:   |x| * 2^octaves / pi modulo 2: the result in units of 2^-31, `rest` of what is below.

            |x| is an integer m times 2^e.  2^e / pi modulo 2 is the digits of 1/pi from a certain one on, and m times it is
            computed in integers, modulo 2 (Payne and Hanek 1983).
   Twice:   m has one word of 32 bits for float, and products of words have 64; for double it has two, there are more products
            than one integer holds, and the rest is three words. */
#if REAL_BITS == 32
VECMATH uint32_t F(phase)(REAL x, int octaves, uint32_t *rest) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t from = (int32_t)((bits >> 23) & 0xffu) + (octaves - 150 + 127); /* the first bit's place */
    from = from < 0 ? 0 : from;
    uint32_t m = (bits & 0x7fffffu) | 0x800000u;
    const uint32_t *words = F(inverse_pi);
    int32_t word = from >> 5;
    uint64_t power = F(power_of_two)((uint32_t)from & 31u);
    uint64_t v0 = words[word] * power, v1 = words[word + 1] * power, v2 = words[word + 2] * power, v3 = words[word + 3] * power;
    uint32_t w0 = (uint32_t)v0 | (uint32_t)(v1 >> 32), w1 = (uint32_t)v1 | (uint32_t)(v2 >> 32);
    uint32_t w2 = (uint32_t)v2 | (uint32_t)(v3 >> 32);
    uint64_t phase = ((uint64_t)(m * w0) << 32) + (uint64_t)m * w1 + (((uint64_t)m * w2) >> 32);
    *rest = (uint32_t)phase;
    return (uint32_t)(phase >> 32);
}
#else
VECMATH uint64_t F(phase)(REAL x, int octaves, uint64_t *rest1, uint64_t *rest2, uint64_t *rest3) {
    const uint64_t half = 0xffffffffu;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t exponent = ((bits >> 52) & 0x7ffu) + (uint64_t)octaves;
    uint64_t from = exponent < 948u ? 0u : exponent - 948u; /* the first bit's place: 1075 - 127 */
    uint64_t there = exponent < 948u ? 0u : half;
    uint64_t m0 = bits & there, m1 = (((bits >> 32) & 0xfffffu) | 0x100000u) & there;
    const uint64_t *words = F(inverse_pi);
    uint64_t word = from >> 5;
    uint64_t power = F(power_of_two)(from & 31u);
    uint64_t v0 = words[word] * power, v1 = words[word + 1] * power, v2 = words[word + 2] * power, v3 = words[word + 3] * power;
    uint64_t v4 = words[word + 4] * power, v5 = words[word + 5] * power, v6 = words[word + 6] * power;
    uint64_t t0 = (v0 & half) | (v1 >> 32), t1 = (v1 & half) | (v2 >> 32), t2 = (v2 & half) | (v3 >> 32);
    uint64_t t3 = (v3 & half) | (v4 >> 32), t4 = (v4 & half) | (v5 >> 32), t5 = (v5 & half) | (v6 >> 32);
    uint64_t a1 = m0 * t1, a2 = m0 * t2, a3 = m0 * t3, a4 = m0 * t4;
    uint64_t b2 = m1 * t2, b3 = m1 * t3, b4 = m1 * t4, b5 = m1 * t5;
    uint64_t c3 = (a3 & half) + (a4 >> 32) + (b4 & half) + (b5 >> 32);
    uint64_t c2 = (a2 & half) + (a3 >> 32) + (b3 & half) + (b4 >> 32) + (c3 >> 32);
    uint64_t c1 = (a1 & half) + (a2 >> 32) + (b2 & half) + (b3 >> 32) + (c2 >> 32);
    *rest1 = c1 & half;
    *rest2 = c2 & half;
    *rest3 = c3 & half;
    return (m0 * t0 + (a1 >> 32) + m1 * t1 + (b2 >> 32) + (c1 >> 32)) & half;
}
#endif

/* Range:   any words of a phase
   Error:   2^-45.7, 2^-104.9 by r + low
   NaN:     takes none
   Gives:   0 <= r <= pi/4 and parity, sign = -1 or 1: the phase's sine is sign * sin(r + low) where parity is 1, and
            sign * cos(r + low) where it is -1
   Twice:   phase is four words for double, two for float, and float's are small enough for conversions that every vector unit
            has. */
#if REAL_BITS == 32
VECMATH REAL F(turns_of)(uint32_t phase, uint32_t rest, REAL *low, REAL *parity, REAL *sign) {
    const REAL pi = 3.14159274f, pi_low = -8.74227766e-8f;
    uint32_t sign_bits = (phase & 0x80000000u) | 0x3f800000u;
    memcpy(sign, &sign_bits, sizeof sign_bits);
    uint32_t beyond_half = 0u - ((phase >> 30) & 1u); /* then 1 minus it: all bits inverted */
    int32_t high = (int32_t)((phase ^ beyond_half) & 0x3fffffffu);
    rest ^= beyond_half;
    REAL first = (REAL)(high & 0x7fffff00) * 0x1p-31f;
    REAL second = (REAL)(int32_t)(((uint32_t)(high & 0xff) << 16) | (rest >> 16)) * 0x1p-47f;
    REAL third = (REAL)(int32_t)(rest & 0xffffu) * 0x1p-63f;
    REAL tail = second + third;
    REAL turn = first + tail;
    REAL turn_low = (first - turn) + tail;
    *parity = turn > 0.25f ? -1.0f : 1.0f;
    turn_low = turn_low * *parity;
    turn = turn > 0.25f ? 0.5f - turn : turn;
    REAL r = turn * pi;
    *low = F(product_low)(turn, pi, r) + F(fma)(turn, pi_low, turn_low * pi);
    return r;
}
#else
VECMATH REAL F(turns_of)(uint64_t c0, uint64_t c1, uint64_t c2, uint64_t c3, REAL *low, REAL *parity, REAL *sign) {
    const REAL pi = 3.141592653589793, pi_low = 1.2246467991473532e-16;
    const uint64_t half = 0xffffffffu;
    uint64_t sign_bits = ((c0 << 32) & 0x8000000000000000u) | 0x3ff0000000000000u;
    memcpy(sign, &sign_bits, sizeof sign_bits);
    uint64_t beyond_half = 0u - ((c0 >> 30) & 1u); /* then 1 minus it: all bits inverted */
    REAL first = F(from_integer)((c0 ^ beyond_half) & 0x3fffffffu) * 0x1p-31;
    REAL second = F(from_integer)((c1 ^ beyond_half) & half) * 0x1p-63;
    REAL third = F(from_integer)((c2 ^ beyond_half) & half) * 0x1p-95 + F(from_integer)((c3 ^ beyond_half) & half) * 0x1p-127;
    REAL top = first + second;
    REAL tail = ((first - top) + second) + third;
    REAL turn = top + tail;
    REAL turn_low = (top - turn) + tail;
    *parity = turn > 0.25 ? -1.0 : 1.0;
    turn_low = turn_low * *parity;
    turn = turn > 0.25 ? 0.5 - turn : turn;
    REAL r = turn * pi;
    *low = F(product_low)(turn, pi, r) + F(fma)(turn, pi_low, turn_low * pi);
    return r;
}
#endif

/* Range:   |x| >= 2^-40
   Error:   as turns_of
   NaN:     any numbers, at infinity too
   Gives:   as turns_of, for sin(|x| + quarters * pi/2), quarters 0 or 1
   Twice:   as turns_of */
#if REAL_BITS == 32
VECMATH REAL F(turns)(REAL x, int quarters, REAL *low, REAL *parity, REAL *sign) {
    uint32_t rest, phase = F(phase)(x, 0, &rest) + ((uint32_t)quarters << 30);
    return F(turns_of)(phase, rest, low, parity, sign);
}
#else
VECMATH REAL F(turns)(REAL x, int quarters, REAL *low, REAL *parity, REAL *sign) {
    uint64_t c1, c2, c3;
    uint64_t c0 = F(phase)(x, 0, &c1, &c2, &c3) + ((uint64_t)quarters << 30);
    return F(turns_of)(c0, c1, c2, c3, low, parity, sign);
}
#endif

/* Range:   x >= |x_low|, x 2^octaves from 2^-40 to 2^192 (2^1088), |x_low| 2^octaves from 2^-75 or, as a double, 0
   Error:   as turns_of
   NaN:     any numbers, as where that overflows
   Gives:   as turns_of, for sin((x + x_low) * 2^octaves)
   Twice:   as turns_of */
#if REAL_BITS == 32
VECMATH REAL F(sum_turns)(REAL x, REAL x_low, int octaves, REAL *low, REAL *parity, REAL *sign) {
    uint32_t rest, rest_low, phase = F(phase)(x, octaves, &rest), phase_low = F(phase)(x_low, octaves, &rest_low);
    uint32_t inverted = x_low < 0.0f ? 0xffffffffu : 0u;
    rest_low = (rest_low ^ inverted) + rest;
    uint32_t carry = rest_low < rest ? 1u : 0u;
    return F(turns_of)(phase + (phase_low ^ inverted) + carry, rest_low, low, parity, sign);
}
#else
VECMATH REAL F(sum_turns)(REAL x, REAL x_low, int octaves, REAL *low, REAL *parity, REAL *sign) {
    uint64_t c1, c2, c3, low1, low2, low3;
    uint64_t c0 = F(phase)(x, octaves, &c1, &c2, &c3), low0 = F(phase)(x_low, octaves, &low1, &low2, &low3);
    uint64_t inverted = x_low < 0.0 ? 0xffffffffu : 0u;
    c3 += low3 ^ inverted;
    c2 += (low2 ^ inverted) + (c3 >> 32);
    c1 += (low1 ^ inverted) + (c2 >> 32);
    c0 += (low0 ^ inverted) + (c1 >> 32);
    return F(turns_of)(c0, c1, c2, c3, low, parity, sign);
}
#endif
