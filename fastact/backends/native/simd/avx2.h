/* Vectors of 32 bytes by AVX2: see kernels.h.

   A table of 8 floats is one register.  A larger one would take two instructions and a choice, doubles have none: so there are
   fewer steps and intervals than with AVX-512, with longer polynomials, and no kernels of doubles.  Powers of two are added to a
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
   generalized_logistic  float32  forward derivative
   erf           float32   forward derivative
   gelu          float32   forward derivative
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
#include "vecmath.h"

#define VECTORS static inline __attribute__((always_inline))

typedef __m256 vector_f32;

/* Where vectors stand in memory: nothing is known of their alignment. */
typedef __m256 memory_f32 __attribute__((aligned(4), may_alias));

/* Fetches into the caches what will be read soon: see avx512.h. */
VECTORS void fetch_ahead(const void *at) { _mm_prefetch((const char *)((uintptr_t)at + 2048), _MM_HINT_T0); }

VECTORS vector_f32 all_v32(float number) { return _mm256_set1_ps(number); }

/* ---- Arithmetic, order, choice, bits ------------------------------------------------------------------------------- */

#define INTEGERS __m256i
#define MASK __m256
#define ALL V(all)
#define FMA _mm256_fmadd_ps
#define FMA_MINUS _mm256_fmsub_ps
#define MINUS_FMA _mm256_fnmadd_ps
#define SMALLER _mm256_min_ps
#define LARGER _mm256_max_ps
#define LESS(a, b) _mm256_cmp_ps(a, b, _CMP_LT_OQ)
#define AT_MOST(a, b) _mm256_cmp_ps(a, b, _CMP_LE_OQ)
#define CHOOSE(mask, a, b) _mm256_blendv_ps(b, a, mask)
#define BITS _mm256_castps_si256
#define FROM_BITS _mm256_castsi256_ps
#define FROM_INTEGERS _mm256_cvtepi32_ps
#define SUBTRACT_BITS _mm256_sub_epi32
#define SHIFT_LEFT _mm256_slli_epi32
#define SHIFT_RIGHT _mm256_srli_epi32
#define NEGATIVE(x) (x)
#define ANY(mask) _mm256_movemask_ps(mask)
#define AND _mm256_and_ps
#define OR _mm256_or_ps
#define XOR _mm256_xor_ps
#define MAGNITUDE(x) _mm256_andnot_ps(ALL(-0.0f), x)

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

#include "kernels.h"

#else
#define FASTACT_BLOCK_KERNELS 0
#endif

#endif
