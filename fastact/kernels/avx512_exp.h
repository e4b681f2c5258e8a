/* The exponential by vscalefps, and what is made of it: see avx512.h.

   vscalefps multiplies by a power of two, and rounds once where the result is subnormal, vanishes or overflows: no headroom. */
#ifndef FASTACT_AVX512_EXP_H
#define FASTACT_AVX512_EXP_H
#include "avx512.h"
#if FASTACT_BLOCK_KERNELS

/* e^r for |r| <= ln(2) / 2: exp_tail_f32's polynomial. */
VECTORS vector_x16 exp_reduced_x16(vector_x16 r) {
    vector_x16 p = all_x16(0.001393885f);
    p = _mm512_fmadd_ps(p, r, all_x16(0.008368815f));
    p = _mm512_fmadd_ps(p, r, all_x16(0.041666422f));
    p = _mm512_fmadd_ps(p, r, all_x16(0.1666652f));
    p = _mm512_fmadd_ps(p, r, all_x16(0.5f));
    p = _mm512_fmadd_ps(p, r, all_x16(1.0f));
    return _mm512_fmadd_ps(p, r, all_x16(1.0f));
}

/* p and n with e^x = p * 2^n.  Any x: far out n alone says what comes of it, and r, which means nothing there (and is NaN at
   infinity), is bounded; NaN goes through n. */
VECTORS vector_x16 exp_parts_x16(vector_x16 x, vector_x16 *n) {
    const vector_x16 to_integer = all_x16(12582912.0f);
    *n = _mm512_fmadd_ps(x, all_x16(1.44269504f), to_integer) - to_integer;
    vector_x16 r = _mm512_fnmadd_ps(*n, all_x16(0.693145752f), x);
    r = _mm512_fnmadd_ps(*n, all_x16(1.42860677e-6f), r);
    return exp_reduced_x16(_mm512_range_ps(r, all_x16(0.5f), 2)); /* the smaller magnitude, r's sign; of NaN and 0.5, 0.5 */
}

VECTORS vector_x16 exponential_forward_x16(vector_x16 x) {
    vector_x16 n, p = exp_parts_x16(x, &n);
    return _mm512_scalef_ps(p, n);
}

VECTORS vector_x16 exponential_derivative_x16(vector_x16 x) { return exponential_forward_x16(x); }

#endif
#endif
