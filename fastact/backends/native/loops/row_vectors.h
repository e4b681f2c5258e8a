/* Vectors for the steps of functions of rows, which build/row_vectors.py writes in these operations: see rows.pxi.in.

   What compilers make of a loop over elements keeps the lanes of a sum in memory, and takes one vector after the other.  But an
   exponential is a chain of a dozen operations, each of which waits four cycles for the one before, and a processor looks ahead
   about a hundred: over five vectors.  So here sums stay in registers, and GROUP vectors go through every operation together.

   Softmax of float32, before -> here, in ns an element, one thread of a Sapphire Rapids, GCC 12, other programs running:

                             avx512
          64 x 1,024      0.37 -> 0.29
       1,024 x 1,024      0.53 -> 0.37
       64 columns         0.95 -> 0.60

   One text serves all instruction sets and both types: row_vectors_text.h.  Here stands what differs. */
#ifndef FASTACT_ROW_VECTORS_H
#define FASTACT_ROW_VECTORS_H

#if (defined(__GNUC__) || defined(__clang__)) && defined(__AVX2__) && defined(__FMA__)
#define FASTACT_ROW_VECTORS 1

#include <immintrin.h>
#include "lanes.h"
#include "vecmath.h"

#define ROW_VECTORS static inline __attribute__((always_inline))

enum { GROUP = 4 }; /* vectors; as many as the terms that a lane adds up before it hands them on */
#define EACH _Pragma("GCC unroll 4") for (int j = 0; j < count; j++)

/* A sum's lanes are added in pairs: those of n elements in so many rounds, in this order. */
ROW_VECTORS int fastact_levels(ptrdiff_t n) {
    int levels = 0;
    while (levels < 5 && (1 << levels) < n) levels++;
    return levels;
}
ROW_VECTORS int fastact_lane(int leaf, int levels) {
    int lane = 0;
    for (int k = 0; k < levels; k++)
        lane |= (leaf >> k & 1) << (levels - 1 - k);
    return lane;
}

#define V(name) F(vector_##name)
#define VECTOR F(vector)
#define WIDTH ((int)(sizeof(VECTOR) / sizeof(REAL)))

/* ---- AVX-512 ---------------------------------------------------------------------------------------------------- */
#if defined(__AVX512F__) && defined(__AVX512DQ__)
typedef __m512 vector_f32;
typedef __m512d vector_f64;
typedef uint32_t vector_bits_f32 __attribute__((vector_size(64)));
typedef uint64_t vector_bits_f64 __attribute__((vector_size(64)));

/* Those of the first n lanes, of which there may be fewer than none, or more than all. */
#define FIRST(n) ((MASK)((n) >= WIDTH ? -1 : (n) <= 0 ? 0 : (1 << (n)) - 1))
#define LOAD_FIRST(from, n) OP(maskz_loadu)(FIRST(n), from)
#define STORE_FIRST(to, v, n) OP(mask_storeu)(to, FIRST(n), v)
#define KEEP_FIRST(v, n) OP(maskz_mov)(FIRST(n), v)
#define FIRST_OR(v, n, other) OP(mask_mov)(other, FIRST(n), v)
#define CHOOSE(a, relation, b, yes, no) OP(mask_blend)(COMPARE(a, b, relation), no, yes)
#define IF(a, relation, b, yes) OP(maskz_mov)(COMPARE(a, b, relation), yes)
#define UNLESS(a, relation, b, no) OP(maskz_mov)(COMPARE(a, b, (relation) ^ 4), no) /* 4: the relation does not hold */
#define ADD_WHERE(a, mask, b) OP(mask_add)(a, mask, a, b)
#define MASK_FIRST(mask, n) ((mask)&FIRST(n))
#define EITHER(a, b) ((a) | (b))
#define ANY(mask) ((mask) != 0)

typedef __mmask16 vector_mask_f32;
typedef __mmask8 vector_mask_f64;

ROW_VECTORS vector_f64 vector_lower_half(vector_f32 v) { return _mm512_cvtps_pd(_mm512_castps512_ps256(v)); }
ROW_VECTORS vector_f64 vector_upper_half(vector_f32 v) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)); }

ROW_VECTORS float vector_largest_f32(vector_f32 v) {
    __m256 half = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    return fastact_largest_of_vector_f32(_mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
}
ROW_VECTORS double vector_largest_f64(vector_f64 v) {
    __m256d half = _mm256_max_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
    return fastact_largest_of_vector_f64(_mm_max_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1)));
}

#define EXP_STEPS 16
#define LANES_F32 {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#define LANES_F64 {0, 1, 2, 3, 4, 5, 6, 7}
#define LOOK_UP_F32(table, number) _mm512_permutexvar_ps(_mm512_castps_si512(number), table[0])
#define LOOK_UP_F64(table, number) _mm512_permutex2var_pd(table[0], _mm512_castpd_si512(number), table[1])

#define OP_F32(name) _mm512_##name##_ps
#define OP_F64(name) _mm512_##name##_pd
#define MASK_F32 __mmask16
#define MASK_F64 __mmask8
#define COMPARE_F32 _mm512_cmp_ps_mask
#define COMPARE_F64 _mm512_cmp_pd_mask

/* ---- AVX2 ------------------------------------------------------------------------------------------------------- */
#else
typedef __m256 vector_f32;
typedef __m256d vector_f64;
typedef uint32_t vector_bits_f32 __attribute__((vector_size(32)));
typedef uint64_t vector_bits_f64 __attribute__((vector_size(32)));

#define FIRST(n) MASK(n)
#define LOAD_FIRST(from, n) OP(maskload)(from, FIRST(n))
#define STORE_FIRST(to, v, n) OP(maskstore)(to, FIRST(n), v)
#define KEEP_FIRST(v, n) OP(and)(v, (VECTOR)FIRST(n))
#define FIRST_OR(v, n, other) OP(blendv)(other, v, (VECTOR)FIRST(n))
#define CHOOSE(a, relation, b, yes, no) OP(blendv)(no, yes, COMPARE(a, b, relation))
#define IF(a, relation, b, yes) OP(and)(COMPARE(a, b, relation), yes)
#define UNLESS(a, relation, b, no) OP(andnot)(COMPARE(a, b, relation), no)
#define ADD_WHERE(a, mask, b) ((a) + OP(and)(mask, b))
#define MASK_FIRST(mask, n) KEEP_FIRST(mask, n)
#define EITHER(a, b) OP(or)(a, b)
#define ANY(mask) (OP(movemask)(mask) != 0)

typedef __m256 vector_mask_f32;
typedef __m256d vector_mask_f64;

ROW_VECTORS vector_f64 vector_lower_half(vector_f32 v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
ROW_VECTORS vector_f64 vector_upper_half(vector_f32 v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }

ROW_VECTORS float vector_largest_f32(vector_f32 v) {
    return fastact_largest_of_vector_f32(_mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)));
}
ROW_VECTORS double vector_largest_f64(vector_f64 v) {
    return fastact_largest_of_vector_f64(_mm_max_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)));
}

#define EXP_STEPS 1 /* eight of a float's powers would save one operation */

#define OP_F32(name) _mm256_##name##_ps
#define OP_F64(name) _mm256_##name##_pd
#define MASK_F32(n) _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define MASK_F64(n) _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3))
#define COMPARE_F32 _mm256_cmp_ps
#define COMPARE_F64 _mm256_cmp_pd
#endif

/* ---- Both types ------------------------------------------------------------------------------------------------- */
#include "float32.h"
#define OP OP_F32
#define MASK MASK_F32
#define COMPARE COMPARE_F32
#define LANE_NUMBERS LANES_F32
#define LOOK_UP LOOK_UP_F32
#include "row_vectors_text.h"
#undef OP
#undef MASK
#undef COMPARE
#undef LANE_NUMBERS
#undef LOOK_UP
#include "no_type.h"

#include "float64.h"
#define OP OP_F64
#define MASK MASK_F64
#define COMPARE COMPARE_F64
#define LANE_NUMBERS LANES_F64
#define LOOK_UP LOOK_UP_F64
#include "row_vectors_text.h"
#undef OP
#undef MASK
#undef COMPARE
#undef LANE_NUMBERS
#undef LOOK_UP
#include "no_type.h"

#undef V
#undef VECTOR
#undef WIDTH
#undef FIRST
#undef LOAD_FIRST
#undef STORE_FIRST
#undef KEEP_FIRST
#undef FIRST_OR
#undef CHOOSE
#undef IF
#undef UNLESS
#undef ADD_WHERE
#undef MASK_FIRST
#undef EITHER
#undef ANY

#else
#define FASTACT_ROW_VECTORS 0
#endif
#endif
