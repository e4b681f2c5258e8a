/* Conversions between the 16-bit types (as their bits), IEEE float16 and bfloat16, and float32: branch-free, so that loops of
   them vectorise on any instruction set. */
#ifndef FASTACT_HALF_H
#define FASTACT_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__F16C__) || (defined(_MSC_VER) && defined(__AVX2__))
#include <immintrin.h>
#define FASTACT_F16C 1
#else
#define FASTACT_F16C 0
#endif

static inline float float_from_bits(uint32_t bits) { float value; memcpy(&value, &bits, 4); return value; }
static inline uint32_t bits_from_float(float value) { uint32_t bits; memcpy(&bits, &value, 4); return bits; }

/* Exact. The exponent is rebiased by a multiplication, which normalises subnormals too. */
static inline float half_to_float(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    float finite = float_from_bits(magnitude) * 0x1p112f;
    uint32_t bits = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : bits_from_float(finite); /* inf and NaN */
    return float_from_bits(bits | sign);
}

/* Rounds to nearest, ties to even. */
static inline uint16_t float_to_half(float value) {
    uint32_t bits = bits_from_float(value), magnitude = bits & 0x7fffffffu;
    /* Below 2^-14 the result is subnormal, a multiple of 2^-24: the sum with 1/2 rounds there. */
    uint32_t subnormal = bits_from_float(float_from_bits(magnitude) + 0.5f) - 0x3f000000u;
    /* Else rebias by 15 - 127 and round away 13 bits; a carry moves into the exponent. */
    uint32_t normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    uint32_t result = magnitude < 0x38800000u ? subnormal : normal;
    result = magnitude >= 0x477ff000u ? 0x7c00u : result; /* from 65520 on: inf */
    result = magnitude > 0x7f800000u ? 0x7e00u : result;
    return (uint16_t)(result | ((bits >> 16) & 0x8000u));
}

/* Exact: bfloat16 is the upper half of a float32. */
static inline float bfloat16_to_float(uint16_t value) { return float_from_bits((uint32_t)value << 16); }

/* Rounds to nearest, ties to even, by integers: the processor's own instruction would flush subnormals. */
static inline uint16_t float_to_bfloat16(float value) {
    uint32_t bits = bits_from_float(value);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (uint16_t)(value == value ? rounded : (bits >> 16) | 0x40u); /* NaN stays NaN */
}

/* A double that is on its way to 16 bits: rounded to odd, so that the second rounding decides as if it were the only one.  What a
   float32 cannot hold has an odd last bit then, and is never taken for a midpoint.  Beyond its range that is the largest float32. */
static inline float double_to_odd_float(double value) {
    float nearest = (float)value;
    double error = value - (double)nearest; /* exact; NaN for an infinity */
    uint32_t bits = bits_from_float(nearest);
    uint32_t away = (error > 0) != (value < 0) ? 1u : 0xffffffffu; /* the neighbour on the other side of the value */
    uint32_t moved = bits + away;
    return float_from_bits((bits & 1u) == 0 && (error > 0 || error < 0) ? moved : bits);
}

/* n contiguous numbers.  The processor's own instructions convert float16 where it has them: with them relu takes 1.3 times as
   long in float16 as in float32, without them four times. */
static inline void float16_to_floats(const uint16_t *source, float *target, ptrdiff_t n) {
    ptrdiff_t i = 0;
#if FASTACT_F16C && defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(target + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(source + i))));
#elif FASTACT_F16C
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(target + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(source + i))));
#endif
    for (; i < n; i++)
        target[i] = half_to_float(source[i]);
}

static inline void floats_to_float16(const float *source, uint16_t *target, ptrdiff_t n) {
    ptrdiff_t i = 0;
#if FASTACT_F16C && defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((__m256i *)(target + i), _mm512_cvtps_ph(_mm512_loadu_ps(source + i), _MM_FROUND_TO_NEAREST_INT));
#elif FASTACT_F16C
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(target + i), _mm256_cvtps_ph(_mm256_loadu_ps(source + i), _MM_FROUND_TO_NEAREST_INT));
#endif
    for (; i < n; i++)
        target[i] = float_to_half(source[i]);
}

static inline void bfloat16_to_floats(const uint16_t *source, float *target, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++)
        target[i] = bfloat16_to_float(source[i]);
}

static inline void floats_to_bfloat16(const float *source, uint16_t *target, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++)
        target[i] = float_to_bfloat16(source[i]);
}

#endif
