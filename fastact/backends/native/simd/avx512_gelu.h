/* gelu by intervals: see avx512_intervals.h. */

/* FASTACT_KERNELS
   gelu   float32 x16   forward derivative
*/

#ifndef FASTACT_AVX512_GELU_H
#define FASTACT_AVX512_GELU_H
#include "avx512_intervals.h"
#if FASTACT_BLOCK_KERNELS

/* With a = |x|:  x < 0 ? -t : x - t,  t = a Phi(-a) = 2^(-k a^2) * tail(a / 2)

   k is log2(e) / 2 rounded to float, which the tables make good: one of t, one of what the derivative has in its place. */
static const intervals_f32 gelu_intervals = INTERVALS_gelu_intervals_f32;
static const intervals_f32 gelu_slope_intervals = INTERVALS_gelu_slope_intervals_f32;

/* t, by a table. */
VECTORS vector_x16 gelu_tail_x16(const intervals_f32 table, vector_x16 x) {
    vector_x16 a = _mm512_range_ps(x, all_x16(14.58f), 10); /* min(|x|, where all has rounded to zero); NaN gives that */
    __m512i interval = interval_x16(a, 0.5f * SCALE_gelu_intervals_f32, OFFSET_gelu_intervals_f32, 20);
    vector_x16 d = _mm512_fmsub_ps(a, all_x16(0.5f), of_interval_x16(gelu_intervals[CENTRE], interval));
    vector_x16 value = of_interval_x16(table[VALUE], interval), rest = beyond_value_x16(table, interval, d);
    vector_x16 n, f = minus_square_x16(a, 0.7213475f, &n);
    rest = _mm512_fmadd_ps((value + rest) * f, exp2_tail_x16(f), rest);
    return _mm512_scalef_ps(value + rest, n);
}

/* 0.40 ns an element, the formula 0.75; the derivative 0.46 and 0.75; geglu 0.45 and 0.76, with a bias 0.49 and 0.86. */
VECTORS vector_x16 gelu_forward_x16(vector_x16 x) {
    return _mm512_max_ps(all_x16(-0.0f), x) - gelu_tail_x16(gelu_intervals, x); /* of two zeros, or with NaN, max gives x */
}

/* x < 0 ? t : 1 - t,  t = Phi(-a) - a phi(a); NaN where x is. */
VECTORS vector_x16 gelu_derivative_x16(vector_x16 x) {
    vector_x16 t = gelu_tail_x16(gelu_slope_intervals, x);
    t = _mm512_mask_sub_ps(t, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ), all_x16(1.0f), t);
    return _mm512_fixupimm_ps(t, x, _mm512_set1_epi32(0x22), 0);
}

#endif
#endif
