/* Block kernels: formulas on whole vectors, for the float loops of the avx512 module alone.

   A function  vector_x16 NAME_forward_x16(vector_x16 x, parameters...)  takes the place of the formula of that name in each
   float32 loop that calls it, `_x8` in those of float64.  NAME_derivative likewise, and either both or neither: value_and_grad
   has the bits of both.  Each header lists its block kernels under FASTACT_KERNELS: see build/kernels.py.  The rules of
   formulas/shared.pxi hold: no branch, NaN goes through, what forward and derivative share is computed by one function from the
   same arguments.

   What is the same for float and double stands in a header that ends in _text.h.  It is included for each, with VECTOR,
   X(name) and so on defined by avx512_float32.h or avx512_float64.h.

   There are few, where a formula is not enough.  Each header says what they gain: in ns an element of aligned arrays, one thread
   of a Sapphire Rapids, GCC 12. */
#ifndef FASTACT_AVX512_H
#define FASTACT_AVX512_H

#if defined(__AVX512F__) && defined(__AVX512DQ__) && (defined(__GNUC__) || defined(__clang__)) /* for a * b on vectors */
#define FASTACT_BLOCK_KERNELS 1
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include "coefficients.h"

#define VECTORS static inline __attribute__((always_inline))

typedef __m512 vector_x16;
typedef __m512d vector_x8;

/* Where vectors stand in memory: nothing is known of their alignment. */
typedef __m512 memory_x16 __attribute__((aligned(4), may_alias));
typedef __m512d memory_x8 __attribute__((aligned(8), may_alias));

/* Fetches into the caches what will be read soon: the processor itself stops at each page's end.  A bare loop without and with:

       elements           gelu          tanh
        1 million    0.42   0.38   0.30   0.29
       16 million    0.55   0.45   0.46   0.36 */
VECTORS void fetch_ahead(const void *at) { _mm_prefetch((const char *)((uintptr_t)at + 2048), _MM_HINT_T0); }

VECTORS vector_x16 all_x16(float value) { return _mm512_set1_ps(value); }
VECTORS vector_x8 all_x8(double value) { return _mm512_set1_pd(value); }

/* A polynomial of coefficients.h at x. */
#define HORNER_X16(polynomial, x) HORNER_##polynomial##_0_f32(x, _mm512_fmadd_ps, all_x16)
#define HORNER_X8(polynomial, x) HORNER_##polynomial##_0_f64(x, _mm512_fmadd_pd, all_x8)

#else
#define FASTACT_BLOCK_KERNELS 0
#endif

#endif
