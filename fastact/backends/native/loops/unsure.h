/* Which doubles are so near a midpoint of two floats that a small error decides how they are rounded. */
#ifndef FASTACT_UNSURE_H
#define FASTACT_UNSURE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A result y of a quick loop is within y/2^41 of the real value.  Where all within y/2^40 is rounded alike, so is the real value. */
#define UNSURE_PART 0x1p-40

/* The 29 bits that a float lacks are near a half if this sum has none of these bits. */
#define UNSURE_SHIFT (-UINT64_C(0x0fffe000)) /* 2^28 - 2^13 */
#define UNSURE_BITS UINT64_C(0x1fffc000)
/* Twice the bits of the least double that rounds to no subnormal float. */
#define UNSURE_NORMAL (UINT64_C(897) << 53)

/* NaN counts as unsure: may_be_unsure tells which. */
static inline int is_unsure(double value) {
    float low = (float)(value * (1 - UNSURE_PART)), high = (float)(value * (1 + UNSURE_PART));
    return !(low == high);
}

/* 1 where is_unsure may say so; for a NaN only if it has bits near a half, as a quick kernel's that cannot tell the result. */
static inline uint64_t may_be_unsure(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return ((bits + UNSURE_SHIFT) & UNSURE_BITS) == 0 || bits + bits - 1 < UNSURE_NORMAL - 1;
}

/* How many of n values are unsure, and where they stand: at most n. */
static ptrdiff_t find_unsure(const double *values, ptrdiff_t n, ptrdiff_t *places) {
    ptrdiff_t i = 0, found = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t some = 0;
        for (int k = 0; k < 64; k++)
            some |= may_be_unsure(values[i + k]);
        for (int k = 0; some && k < 64; k++) {
            places[found] = i + k;
            found += may_be_unsure(values[i + k]) && is_unsure(values[i + k]);
        }
    }
    for (; i < n; i++) {
        places[found] = i;
        found += may_be_unsure(values[i]) && is_unsure(values[i]);
    }
    return found;
}

#endif
