/* Which doubles are so near a midpoint of two floats that a small error decides how they are rounded. */
#ifndef FASTACT_UNSURE_H
#define FASTACT_UNSURE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#endif

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

#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
/* may_be_unsure of any of 64 values: by the two halves of their bits, 16 at a time. */
static inline int any_may_be_unsure(const double *values) {
    const __m512i shift = _mm512_set1_epi32((int)(uint32_t)UNSURE_SHIFT), bits = _mm512_set1_epi32(UNSURE_BITS);
    const __m512i one = _mm512_set1_epi32(1), normal = _mm512_set1_epi32((int)(UNSURE_NORMAL >> 32));
    __mmask16 half = 0, small = 0;
    for (int i = 0; i < 64; i += 16) {
        __m512 first = _mm512_loadu_ps(values + i), second = _mm512_loadu_ps(values + i + 8);
        __m512i low = _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0x88));
        __m512i high = _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0xdd));
        half |= _mm512_testn_epi32_mask(_mm512_add_epi32(low, shift), bits);
        small |= _mm512_cmplt_epu32_mask(_mm512_sub_epi32(_mm512_add_epi32(high, high), one), normal);
    }
    return (half | small) != 0;
}

/* may_be_unsure of each of 64 values, bit by bit. */
static inline uint64_t which_may_be_unsure(const double *values) {
    const __m512i shift = _mm512_set1_epi64(UNSURE_SHIFT), bits = _mm512_set1_epi64(UNSURE_BITS);
    const __m512i one = _mm512_set1_epi64(1), normal = _mm512_set1_epi64(UNSURE_NORMAL - 1);
    uint64_t which = 0;
    for (int k = 0; k < 8; k++) {
        __m512i value = _mm512_loadu_si512(values + 8 * k), twice = _mm512_add_epi64(value, value);
        __mmask8 half = _mm512_testn_epi64_mask(_mm512_add_epi64(value, shift), bits);
        __mmask8 small = _mm512_cmplt_epu64_mask(_mm512_sub_epi64(twice, one), normal);
        which |= (uint64_t)(uint8_t)(half | small) << (8 * k);
    }
    return which;
}
#endif

/* How many of n values are unsure, and where they stand: at most n. */
static ptrdiff_t find_unsure(const double *values, ptrdiff_t n, ptrdiff_t *places) {
    ptrdiff_t i = 0, found = 0;
#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
    for (; i + 64 <= n; i += 64) {
        if (!any_may_be_unsure(values + i))
            continue;
        for (uint64_t which = which_may_be_unsure(values + i); which; which &= which - 1) {
            places[found] = i + __builtin_ctzll(which);
            found += is_unsure(values[places[found]]);
        }
    }
#else
    for (; i + 64 <= n; i += 64) {
        uint64_t some = 0;
        for (int k = 0; k < 64; k++)
            some |= may_be_unsure(values[i + k]);
        for (int k = 0; some && k < 64; k++) {
            places[found] = i + k;
            found += may_be_unsure(values[i + k]) && is_unsure(values[i + k]);
        }
    }
#endif
    for (; i < n; i++) {
        places[found] = i;
        found += may_be_unsure(values[i]) && is_unsure(values[i]);
    }
    return found;
}

#endif
