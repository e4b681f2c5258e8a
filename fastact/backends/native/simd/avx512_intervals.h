/* What the block kernels of tanh, erf and gelu are made of: functions by intervals, and powers of two.  See avx512.h.

   A function of a >= 0 is 32 polynomials (16 in double).  Two registers hold the coefficients of one degree; vpermi2ps picks each
   lane's at once.
   The interval is the leading bits of offset + a * scale: within an octave of this sum the intervals are equally wide, in the
   next twice as wide.  In an interval the function is

       value + d + d * p(d),    d = a - centre

   where the first centre is 0, and the others are numbers for which the value almost is one, too.  Only two sums round:
   d + d * p(d), which is small, and the whole; near zero, where the value is 0, the first alone.
   The tables: INTERVALS in fastact/numerics/coefficients.py. */
#ifndef FASTACT_AVX512_INTERVALS_H
#define FASTACT_AVX512_INTERVALS_H
#include "avx512.h"
#if FASTACT_BLOCK_KERNELS

enum { CENTRE, VALUE, COEFFICIENTS, DEGREE_f32 = 3, DEGREE_f64 = 11 };
typedef float intervals_f32[COEFFICIENTS + DEGREE_f32 + 1][32] __attribute__((aligned(64)));
typedef double intervals_f64[COEFFICIENTS + DEGREE_f64 + 1][16] __attribute__((aligned(64)));

#include "avx512_float32.h"
#include "avx512_intervals_text.h"
#include "avx512_no_type.h"

#include "avx512_float64.h"
#include "avx512_intervals_text.h"
#include "avx512_no_type.h"

/* (2^f - 1) / f for |f| <= 1/2; small against the rounding errors. */
VECTORS vector_x16 exp2_tail_x16(vector_x16 f) { return HORNER_X16(exp2_tail, f); }

/* f and n with 2^-(factor * a^2) = 2^f * 2^n, |f| <= 1/2, from the exact square. */
VECTORS vector_x16 minus_square_x16(vector_x16 a, float factor, vector_x16 *n) {
    const vector_x16 to_integer = all_x16(12582912.0f), k = all_x16(factor);
    vector_x16 square = a * a, square_low = _mm512_fmsub_ps(a, a, square);
    *n = _mm512_fnmadd_ps(square, k, to_integer) - to_integer;
    return _mm512_fnmadd_ps(square_low, k, _mm512_fnmsub_ps(square, k, *n));
}

#endif
#endif
