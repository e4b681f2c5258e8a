/* What the block kernels of tanh, erf and gelu are made of: functions by pieces, and powers of two.  See avx512.h.

   A function of a >= 0 is 32 polynomials (16 in double), their coefficients in two registers each, of which vpermi2ps takes all
   lanes' at once.
   The piece is the leading bits of offset + a * scale: within an octave of this sum the pieces are equally wide, in the
   next twice as wide.  A piece gives the function as

       value + d + d * p(d),    d = a - centre

   where the first centre is 0, and the others are numbers for which the value almost is one, too.  Only two sums round:
   d + d * p(d), which is small, and the whole; near zero, where the value is 0, the first alone.
   The tables: docs/coefficients.py. */
#ifndef FASTACT_AVX512_PIECES_H
#define FASTACT_AVX512_PIECES_H
#include "avx512.h"
#if FASTACT_BLOCK_KERNELS

enum { CENTRE, VALUE, COEFFICIENTS, DEGREE_F32 = 3, DEGREE_F64 = 11 };
typedef float pieces_f32[COEFFICIENTS + DEGREE_F32 + 1][32] __attribute__((aligned(64)));
typedef double pieces_f64[COEFFICIENTS + DEGREE_F64 + 1][16] __attribute__((aligned(64)));

VECTORS vector_x16 of_piece_x16(const float *row, __m512i piece) {
    return _mm512_permutex2var_ps(_mm512_load_ps(row), piece, _mm512_load_ps(row + 16));
}

VECTORS vector_x8 of_piece_x8(const double *row, __m512i piece) {
    return _mm512_permutex2var_pd(_mm512_load_pd(row), piece, _mm512_load_pd(row + 8));
}

/* The leading bits of the sum, where `bits` is what follows them; only the five (four) lowest of these count. */
VECTORS __m512i piece_x16(vector_x16 a, float scale, float offset, int bits) {
    return _mm512_srli_epi32(_mm512_castps_si512(_mm512_fmadd_ps(a, all_x16(scale), all_x16(offset))), bits);
}

VECTORS __m512i piece_x8(vector_x8 a, double scale, double offset, int bits) {
    return _mm512_srli_epi64(_mm512_castpd_si512(_mm512_fmadd_pd(a, all_x8(scale), all_x8(offset))), bits);
}

/* d + d * p(d): the function, but for the piece's value. */
VECTORS vector_x16 beyond_value_x16(const pieces_f32 table, __m512i piece, vector_x16 d) {
    vector_x16 p = of_piece_x16(table[COEFFICIENTS + DEGREE_F32], piece);
    for (int k = DEGREE_F32 - 1; k >= 0; k--)
        p = _mm512_fmadd_ps(p, d, of_piece_x16(table[COEFFICIENTS + k], piece));
    return _mm512_fmadd_ps(p, d, d);
}

VECTORS vector_x8 beyond_value_x8(const pieces_f64 table, __m512i piece, vector_x8 d) {
    vector_x8 p = of_piece_x8(table[COEFFICIENTS + DEGREE_F64], piece);
    for (int k = DEGREE_F64 - 1; k >= 0; k--)
        p = _mm512_fmadd_pd(p, d, of_piece_x8(table[COEFFICIENTS + k], piece));
    return _mm512_fmadd_pd(p, d, d);
}

/* min(|x|, limit); NaN for NaN. */
VECTORS vector_x16 magnitude_up_to_x16(vector_x16 x, float limit) { return _mm512_min_ps(all_x16(limit), _mm512_abs_ps(x)); }
VECTORS vector_x8 magnitude_up_to_x8(vector_x8 x, double limit) { return _mm512_min_pd(all_x8(limit), _mm512_abs_pd(x)); }

/* y with the sign of x, for y >= 0. */
VECTORS vector_x16 with_sign_x16(vector_x16 y, vector_x16 x) { return _mm512_or_ps(y, _mm512_and_ps(x, all_x16(-0.0f))); }
VECTORS vector_x8 with_sign_x8(vector_x8 y, vector_x8 x) { return _mm512_or_pd(y, _mm512_and_pd(x, all_x8(-0.0))); }

/* An odd function, from where it has rounded to its limit on bounded. */
VECTORS vector_x16 odd_by_pieces_x16(
    const pieces_f32 table, vector_x16 x, float furthest, float scale, float offset, int bits
) {
    vector_x16 a = magnitude_up_to_x16(x, furthest);
    __m512i piece = piece_x16(a, scale, offset, bits);
    vector_x16 rest = beyond_value_x16(table, piece, a - of_piece_x16(table[CENTRE], piece));
    return with_sign_x16(of_piece_x16(table[VALUE], piece) + rest, x);
}

VECTORS vector_x8 odd_by_pieces_x8(
    const pieces_f64 table, vector_x8 x, double furthest, double scale, double offset, int bits
) {
    vector_x8 a = magnitude_up_to_x8(x, furthest);
    __m512i piece = piece_x8(a, scale, offset, bits);
    vector_x8 rest = beyond_value_x8(table, piece, a - of_piece_x8(table[CENTRE], piece));
    return with_sign_x8(of_piece_x8(table[VALUE], piece) + rest, x);
}

/* (2^f - 1) / f for |f| <= 1/2; small against the rounding errors. */
VECTORS vector_x16 exp2_tail_x16(vector_x16 f) {
    vector_x16 p = all_x16(0.00015328928f);
    p = _mm512_fmadd_ps(p, f, all_x16(0.0013390976f));
    p = _mm512_fmadd_ps(p, f, all_x16(0.0096185f));
    p = _mm512_fmadd_ps(p, f, all_x16(0.055503596f));
    p = _mm512_fmadd_ps(p, f, all_x16(0.24022648f));
    return _mm512_fmadd_ps(p, f, all_x16(0.6931472f));
}

/* f and n with 2^-(factor * a^2) = 2^f * 2^n, |f| <= 1/2, from the exact square. */
VECTORS vector_x16 minus_square_x16(vector_x16 a, float factor, vector_x16 *n) {
    const vector_x16 to_integer = all_x16(12582912.0f), k = all_x16(factor);
    vector_x16 square = a * a, square_low = _mm512_fmsub_ps(a, a, square);
    *n = _mm512_fnmadd_ps(square, k, to_integer) - to_integer;
    return _mm512_fnmadd_ps(square_low, k, _mm512_fnmsub_ps(square, k, *n));
}

#endif
#endif
