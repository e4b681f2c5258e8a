/* tanh by intervals: see avx512_intervals.h. */

/* FASTACT_KERNELS
   tanh   float32 x16   forward derivative
*/

#ifndef FASTACT_AVX512_TANH_H
#define FASTACT_AVX512_TANH_H
#include "avx512_intervals.h"
#include "vecmath.h"
#if FASTACT_BLOCK_KERNELS

static const intervals_f32 tanh_intervals = INTERVALS_tanh_intervals_f32;

/* 0.22 ns an element, the formula 0.40; the derivative 0.35 and 0.34, and value_and_grad 0.56 and 0.46. */
VECTORS vector_x16 tanh_forward_x16(vector_x16 x) {
    return odd_by_intervals_x16(tanh_intervals, x, 9.2f, SCALE_tanh_intervals_f32, OFFSET_tanh_intervals_f32, 20);
}

/* 4t (1 - t), t = 1 / (1 + e^2a), with headroom as in tanh_tail, but by an estimate and a Newton step. */
VECTORS vector_x16 tanh_derivative_x16(vector_x16 x) {
    const vector_x16 to_integer = all_x16(12582912.0f + 127.0f - (float)HEADROOM_F32), per_headroom = all_x16(PER_HEADROOM_F32);
    const vector_x16 two_log2_e = all_x16(2.88539f), two_log2_e_low = all_x16(3.851926e-8f);
    vector_x16 a = magnitude_up_to_x16(x, EXP_FURTHEST_F32 / 2);
    vector_x16 shifted = _mm512_fmadd_ps(a, two_log2_e, to_integer);
    vector_x16 scale = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23));
    vector_x16 f = _mm512_fmadd_ps(a, two_log2_e_low, _mm512_fmsub_ps(a, two_log2_e, shifted - to_integer));
    vector_x16 power = _mm512_fmadd_ps(f, exp2_tail_x16(f), all_x16(1.0f));
    vector_x16 denominator = _mm512_fmadd_ps(scale, power, per_headroom);
    vector_x16 t = _mm512_rcp14_ps(denominator);
    t = _mm512_fmadd_ps(_mm512_fnmadd_ps(t, denominator, all_x16(1.0f)), t, t);
    return _mm512_fnmadd_ps(t * per_headroom, t, t) * (4 * per_headroom);
}

#endif
#endif
