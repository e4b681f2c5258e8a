/* Vectors of 64 bytes by AVX-512: see kernels.h.

   A table of 16 floats is one register, one of 32 floats or 16 doubles are two, from which one instruction picks each lane's. 
   What is scaled by vscalefps rounds once where the result is subnormal, vanishes or overflows. */

/* FASTACT_KERNELS
   exponential   float32   forward derivative
   exponential   float64   forward derivative
   sigmoid       float32   forward derivative
   sigmoid       float64   forward derivative
   log_sigmoid   float32   forward derivative
   log_sigmoid   float64   forward derivative
   softplus      float32   forward derivative
   softplus      float64   forward derivative
   mish          float32   forward derivative
   mish          float64   forward derivative
   elu           float32   forward derivative
   celu          float32   forward derivative
   selu          float32   forward derivative
   silu          float32   forward derivative
   tanh          float32   forward derivative
   tanh          float64   forward derivative
   tanh_shrink   float32   forward derivative
   gudermannian  float32   forward derivative
   softcap       float32   forward derivative
   generalized_logistic  float32   forward derivative
   erf           float32   forward derivative
   erf           float64   forward derivative
   gelu          float32   forward derivative
   gelu_tanh     float32   forward derivative
   quick_gelu    float32   forward derivative
   gelu          float64   forward derivative
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
   arctan        quick     forward derivative
   softsign      quick     forward derivative
   gaussian      quick     forward derivative
   generalized_logistic  quick  forward derivative
   softcap       quick     forward derivative
   tanh_shrink   quick     forward derivative
   gudermannian  quick     forward derivative
   isru          quick     forward derivative
   isrlu         quick     forward derivative
   operation_exp2   float32
   operation_expm1  float32
   operation_log    float32
   operation_log1p  float32
   operation_log2   float32
   operation_log10  float32
*/
#ifndef FASTACT_AVX512_H
#define FASTACT_AVX512_H

#if defined(__AVX512F__) && defined(__AVX512DQ__) && (defined(__GNUC__) || defined(__clang__)) /* for a * b on vectors */
#define FASTACT_BLOCK_KERNELS 1
#define FASTACT_DOUBLE_KERNELS 1
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include "table.h"
#include "unsure.h"
#include "vecmath.h"

#define VECTORS static inline __attribute__((always_inline))
#define SELDOM(condition) __builtin_expect(condition, 0)

/* Has GCC order instructions before it gives out registers: then a group's vectors take turns, where else one follows the other,
   and each instruction waits for the one before.  It saves quick loops 5 to 10 %; over all loops of a module, nothing. */
#if defined(__clang__)
#define INTERLEAVED
#else
#define INTERLEAVED __attribute__((optimize("schedule-insns", "sched-pressure"))) /* and so it is not inlined */
#endif
#define OP(name) BY_TYPE(_mm512_##name##_ps, _mm512_##name##_pd)

typedef __m512 vector_f32;
typedef __m512d vector_f64;

/* Where vectors stand in memory: nothing is known of their alignment. */
typedef __m512 memory_f32 __attribute__((aligned(4), may_alias));
typedef __m512d memory_f64 __attribute__((aligned(8), may_alias));

/* Fetches into the caches what will be read soon: the processor itself stops at each page's end.  A bare loop without and with:

       elements           gelu          tanh
        1 million    0.42   0.38   0.30   0.29
       16 million    0.55   0.45   0.46   0.36 */
VECTORS void fetch_ahead(const void *at) { _mm_prefetch((const char *)((uintptr_t)at + 2048), _MM_HINT_T0); }

VECTORS vector_f32 all_v32(float number) { return _mm512_set1_ps(number); }
VECTORS vector_f64 all_v64(double number) { return _mm512_set1_pd(number); }

/* ---- Arithmetic, order, choice, bits ------------------------------------------------------------------------------- */

#define INTEGERS __m512i
#define MASK BY_TYPE(__mmask16, __mmask8)
#define ALL V(all)
#define FMA OP(fmadd)
#define FMA_MINUS OP(fmsub)
#define MINUS_FMA OP(fnmadd)
#define SMALLER OP(min)
#define LARGER OP(max)
#define LESS(a, b) BY_TYPE(_mm512_cmp_ps_mask, _mm512_cmp_pd_mask)(a, b, _CMP_LT_OQ)
#define AT_MOST(a, b) BY_TYPE(_mm512_cmp_ps_mask, _mm512_cmp_pd_mask)(a, b, _CMP_LE_OQ)
#define NOT_LESS(a, b) BY_TYPE(_mm512_cmp_ps_mask, _mm512_cmp_pd_mask)(a, b, _CMP_NLT_UQ)
#define CHOOSE(mask, a, b) OP(mask_blend)(mask, b, a)
#define BITS BY_TYPE(_mm512_castps_si512, _mm512_castpd_si512)
#define ALL_BITS _mm512_set1_epi64
#define FROM_BITS BY_TYPE(_mm512_castsi512_ps, _mm512_castsi512_pd)
#define FROM_INTEGERS BY_TYPE(_mm512_cvtepi32_ps, _mm512_cvtepi64_pd)
#define SUBTRACT_BITS BY_TYPE(_mm512_sub_epi32, _mm512_sub_epi64)
#define SHIFT_LEFT BY_TYPE(_mm512_slli_epi32, _mm512_slli_epi64)
#define SHIFT_RIGHT BY_TYPE(_mm512_srli_epi32, _mm512_srli_epi64)
#define ANY(mask) (mask)
#define NEGATIVE(x) BY_TYPE(_mm512_movepi32_mask, _mm512_movepi64_mask)(BITS(x))
#define AND OP(and)
#define OR OP(or)
#define XOR OP(xor)
#define MAGNITUDE OP(abs)
#define MAGNITUDE_OR(limit, x) OP(range)(x, limit, 10)
#define NAN_FROM(x, y) _mm512_fixupimm_ps(y, x, _mm512_set1_epi32(0x22), 0)

/* ---- Quotients and powers ------------------------------------------------------------------------------------------ */

/* 1/d, 2^-14 of it. */
#define ESTIMATES 1
#define ESTIMATE OP(rcp14)
#define ROOT_ESTIMATE OP(rsqrt14)

#define SCALES 1
#define SCALE OP(scalef)
#define WITHIN(bound, r) OP(range)(r, bound, 2) /* the smaller magnitude, with r's sign; of NaN and a number the number */

#define STEPS 16
VECTORS vector_f32 power_of_v32(const float *table, float unit, vector_f32 shifted) {
    return _mm512_permutexvar_ps(_mm512_castps_si512(shifted), _mm512_loadu_ps(table) * all_v32(unit));
}
VECTORS vector_f64 power_of_v64(const double *table, double unit, vector_f64 shifted) {
    vector_f64 low = _mm512_loadu_pd(table) * all_v64(unit), high = _mm512_loadu_pd(table + 8) * all_v64(unit);
    return _mm512_permutex2var_pd(low, _mm512_castpd_si512(shifted), high);
}
#define POWER_OF V(power_of)

/* ---- Tables by intervals ------------------------------------------------------------------------------------------- */

#define INTERVALS BY_TYPE(32, 16)
#define INTERVAL(sum, bits) SHIFT_RIGHT(BITS(sum), bits)
#define OF_INTERVAL(numbers, interval) OP(permutex2var)(OP(loadu)(numbers), interval, OP(loadu)(numbers + INTERVALS / 2))

/* ---- Rounding to floats: see quick_rounding.h ---------------------------------------------------------------------- */

#define WIDENED(at) _mm512_cvtps_pd(_mm256_loadu_ps(at))
#define NARROW(y, at) _mm256_storeu_ps(at, _mm512_cvtpd_ps(y))

#define ANY_INFINITE(x) _mm512_fpclass_ps_mask(_mm512_loadu_ps(x), 0x18) /* of 16 floats */

/* may_be_unsure of any of 16 elements, by the two halves of their bits; or `others`.   Which are small is asked only where the
   least of two magnitudes is: it may be zero, which is not unsure. */
VECTORS int any_unsure(const vector_f64 *y, __mmask16 others) {
    const __m512i shift = _mm512_set1_epi32((int)(uint32_t)UNSURE_SHIFT), bits = _mm512_set1_epi32(UNSURE_BITS);
    const __m512i one = _mm512_set1_epi32(1), normal = _mm512_set1_epi32((int)(UNSURE_NORMAL >> 32));
    __m512 first = _mm512_castpd_ps(y[0]), second = _mm512_castpd_ps(y[1]);
    __m512i low = _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0x88));
    __mmask16 half = _mm512_testn_epi32_mask(_mm512_add_epi32(low, shift), bits);
    __mmask8 least = _mm512_cmp_pd_mask(_mm512_range_pd(y[0], y[1], 10), _mm512_set1_pd(FLT_MIN), _CMP_LT_OQ);
    if (SELDOM(!_kortestz_mask16_u8(half, others)))
        return 1;
    if (SELDOM(!_kortestz_mask8_u8(least, least))) {
        __m512i high = _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0xdd));
        return _mm512_cmplt_epu32_mask(_mm512_sub_epi32(_mm512_add_epi32(high, high), one), normal);
    }
    return 0;
}
#define ANY_UNSURE any_unsure

#include "kernels.h"

#else
#define FASTACT_BLOCK_KERNELS 0
#endif

#endif
