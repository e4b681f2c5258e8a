/* Vectors of 32 bytes by AVX2: see kernels.h.

   A table of 8 floats is one register.  A larger one would take two instructions and a choice, doubles have none: so there are
   fewer steps and intervals than with AVX-512, with longer polynomials, and no kernels of doubles but quick ones without a table.  Powers of two are added to a
   number's exponent as integers, with headroom where the result may be subnormal. */

/* FASTACT_KERNELS
   exponential   float32   forward derivative
   sigmoid       float32   forward derivative
   log_sigmoid   float32   forward derivative
   softplus      float32   forward derivative
   mish          float32   forward derivative
   elu           float32   forward derivative
   celu          float32   forward derivative
   selu          float32   forward derivative
   silu          float32   forward derivative
   tanh          float32   forward derivative
   gudermannian  float32   forward derivative
   softcap       float32   forward derivative
   generalized_logistic  float32  forward derivative
   erf           float32   forward derivative
   gelu          float32   forward derivative
   gelu_tanh     float32   forward derivative
   quick_gelu    float32   forward derivative
   exponential   quick     forward derivative
   sigmoid       quick     forward derivative
   log_sigmoid   quick     forward derivative
   softplus      quick     forward derivative
   tanh          quick     forward derivative
   elu           quick     forward derivative
   celu          quick     forward derivative
   selu          quick     forward derivative
   silu          quick     forward derivative
   quick_gelu    quick     forward derivative
   gelu_tanh     quick     forward derivative
   mish          quick     forward derivative
   erf           quick     forward derivative
   gelu          quick     forward derivative
   arctan        quick     derivative
   softsign      quick     forward derivative
   gaussian      quick     forward derivative
   generalized_logistic  quick  forward derivative
   softcap       quick     forward derivative
   tanh_shrink   quick     forward derivative
   gudermannian  quick     derivative
   operation_exp2   float32
   operation_expm1  float32
   operation_log    float32
   operation_log1p  float32
   operation_log2   float32
   operation_log10  float32
*/
#ifndef FASTACT_AVX2_H
#define FASTACT_AVX2_H

#if defined(__AVX2__) && defined(__FMA__) && (defined(__GNUC__) || defined(__clang__)) /* for a * b on vectors */
#define FASTACT_BLOCK_KERNELS 1
#define FASTACT_DOUBLE_KERNELS 0
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include "table.h"
#include "unsure.h"
#include "vecmath.h"

#define VECTORS static inline __attribute__((always_inline))
#define SELDOM(condition) __builtin_expect(condition, 0)
#define INTERLEAVED /* there are too few registers */
#define OP(name) BY_TYPE(_mm256_##name##_ps, _mm256_##name##_pd)

typedef __m256 vector_f32;
typedef __m256d vector_f64;

/* Where vectors stand in memory: nothing is known of their alignment. */
typedef __m256 memory_f32 __attribute__((aligned(4), may_alias));

/* Fetches into the caches what will be read soon: see avx512.h. */
VECTORS void fetch_ahead(const void *at) { _mm_prefetch((const char *)((uintptr_t)at + 2048), _MM_HINT_T0); }

VECTORS vector_f32 all_v32(float number) { return _mm256_set1_ps(number); }
VECTORS vector_f64 all_v64(double number) { return _mm256_set1_pd(number); }

/* ---- Arithmetic, order, choice, bits ------------------------------------------------------------------------------- */

#define INTEGERS __m256i
#define MASK VECTOR
#define ALL V(all)
#define FMA OP(fmadd)
#define FMA_MINUS OP(fmsub)
#define MINUS_FMA OP(fnmadd)
#define SMALLER OP(min)
#define LARGER OP(max)
#define LESS(a, b) OP(cmp)(a, b, _CMP_LT_OQ)
#define AT_MOST(a, b) OP(cmp)(a, b, _CMP_LE_OQ)
#define NOT_LESS(a, b) OP(cmp)(a, b, _CMP_NLT_UQ)
#define CHOOSE(mask, a, b) OP(blendv)(b, a, mask)
#define BITS BY_TYPE(_mm256_castps_si256, _mm256_castpd_si256)
#define ALL_BITS _mm256_set1_epi64x
#define FROM_BITS BY_TYPE(_mm256_castsi256_ps, _mm256_castsi256_pd)
#define FROM_INTEGERS _mm256_cvtepi32_ps
#define SUBTRACT_BITS _mm256_sub_epi32
#define SHIFT_LEFT BY_TYPE(_mm256_slli_epi32, _mm256_slli_epi64)
#define SHIFT_RIGHT _mm256_srli_epi32
#define NEGATIVE(x) (x)
#define ANY OP(movemask)
#define AND OP(and)
#define OR OP(or)
#define XOR OP(xor)
#define MAGNITUDE(x) OP(andnot)(ALL(-0.0f), x)

/* ---- Quotients and powers ------------------------------------------------------------------------------------------ */

#define ESTIMATES 0

#define SCALES 0
#define ADD_BITS _mm256_add_epi32

#define STEPS 8
VECTORS vector_f32 power_of_v32(const float *table, float unit, vector_f32 shifted) {
    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table) * all_v32(unit), _mm256_castps_si256(shifted));
}
#define POWER_OF V(power_of)

/* ---- Tables by intervals ------------------------------------------------------------------------------------------- */

#define INTERVALS 8
#define INTERVAL(sum, bits) SHIFT_RIGHT(BITS(sum), bits)
#define OF_INTERVAL(numbers, interval) _mm256_permutevar8x32_ps(_mm256_loadu_ps(numbers), interval)

/* ---- Rounding to floats: see quick_rounding.h ---------------------------------------------------------------------- */

#define WIDENED(at) _mm256_cvtps_pd(_mm_loadu_ps(at))
#define NARROW(y, at) _mm_storeu_ps(at, _mm256_cvtpd_ps(y))

/* may_be_unsure of any of 16 elements, by the two halves of their bits; or `others`.   Which are small is asked only where the
   least of all magnitudes is: it may be zero, which is not unsure. */
VECTORS int any_unsure(const vector_f64 *y, int others) {
    const __m256i shift = _mm256_set1_epi32((int)(uint32_t)UNSURE_SHIFT), bits = _mm256_set1_epi32(UNSURE_BITS);
    const __m256i one = _mm256_set1_epi32(1), normal = _mm256_set1_epi32((int)(UNSURE_NORMAL >> 32));
    __m256i half[2], twice[2];
    for (int k = 0; k < 2; k++) {
        __m256 first = _mm256_castpd_ps(y[2 * k]), second = _mm256_castpd_ps(y[2 * k + 1]);
        __m256i low = _mm256_castps_si256(_mm256_shuffle_ps(first, second, 0x88));
        __m256i high = _mm256_castps_si256(_mm256_shuffle_ps(first, second, 0xdd));
        half[k] = _mm256_and_si256(_mm256_add_epi32(low, shift), bits);
        twice[k] = _mm256_add_epi32(high, high);
    }
    /* the least of both is zero where one is */
    __m256i near = _mm256_cmpeq_epi32(_mm256_min_epu32(half[0], half[1]), _mm256_setzero_si256());
    __m256i least = _mm256_min_epu32(twice[0], twice[1]), small = _mm256_cmpeq_epi32(_mm256_min_epu32(least, normal), least);
    if (SELDOM(_mm256_movemask_epi8(_mm256_or_si256(near, small)) | others)) {
        if (_mm256_movemask_epi8(near) | others)
            return 1;
        least = _mm256_min_epu32(_mm256_sub_epi32(twice[0], one), _mm256_sub_epi32(twice[1], one));
        return _mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_min_epu32(least, _mm256_sub_epi32(normal, one)), least));
    }
    return 0;
}
#define ANY_UNSURE any_unsure

/* Of 16 floats. */
VECTORS int any_infinite(const float *x) {
    const __m256 sign = _mm256_set1_ps(-0.0f), infinity = _mm256_set1_ps(INFINITY);
    __m256 first = _mm256_andnot_ps(sign, _mm256_loadu_ps(x)), second = _mm256_andnot_ps(sign, _mm256_loadu_ps(x + 8));
    return _mm256_movemask_ps(
        _mm256_or_ps(_mm256_cmp_ps(first, infinity, _CMP_EQ_OQ), _mm256_cmp_ps(second, infinity, _CMP_EQ_OQ))
    );
}
#define ANY_INFINITE any_infinite

#include "kernels.h"

#else
#define FASTACT_BLOCK_KERNELS 0
#endif

#endif
