/* erf by intervals: see avx512_intervals.h. */

/* FASTACT_KERNELS
   erf   float32 x16   forward derivative
   erf   float64 x8    forward derivative
*/

#ifndef FASTACT_AVX512_ERF_H
#define FASTACT_AVX512_ERF_H
#include "avx512_exp.h"
#include "avx512_intervals.h"
#if FASTACT_BLOCK_KERNELS

static const intervals_f32 erf_intervals_f32 = INTERVALS_erf_intervals_f32;

/* 0.21 ns an element, the formula 0.55; the derivative 0.27 and 0.33. */
VECTORS vector_x16 erf_forward_x16(vector_x16 x) {
    return odd_by_intervals_x16(erf_intervals_f32, x, 3.99f, SCALE_erf_intervals_f32, OFFSET_erf_intervals_f32, 19);
}

/* 2/sqrt(pi) e^(-x^2) */
VECTORS vector_x16 erf_derivative_x16(vector_x16 x) {
    const vector_x16 two_per_sqrt_pi = all_x16(1.1283792f);
    vector_x16 a = magnitude_up_to_x16(x, 11.0f); /* where the result has rounded to zero */
    vector_x16 n, f = minus_square_x16(a, 1.442695f, &n);
    f = _mm512_fnmadd_ps(a * a, all_x16(1.925963e-8f), f); /* the rest of log2(e) */
    return _mm512_scalef_ps(_mm512_fmadd_ps(two_per_sqrt_pi * f, exp2_tail_x16(f), two_per_sqrt_pi), n);
}

static const intervals_f64 erf_intervals_f64 = INTERVALS_erf_intervals_f64;

/* 0.90 ns an element, the formula 2.27; the derivative 0.69 and 0.88. */
VECTORS vector_x8 erf_forward_x8(vector_x8 x) {
    return odd_by_intervals_x8(erf_intervals_f64, x, 5.99, SCALE_erf_intervals_f64, OFFSET_erf_intervals_f64, 48);
}

/* The same by e^x: 2^f would need more terms. */
VECTORS vector_x8 erf_derivative_x8(vector_x8 x) {
    vector_x8 a = magnitude_up_to_x8(x, 28.0); /* where the result has rounded to zero */
    vector_x8 square = a * a, square_low = _mm512_fmsub_pd(a, a, square);
    vector_x8 n, power, q = exp_parts_x8(-square, &n, &power);
    q = _mm512_fnmadd_pd(square_low, q, q - square_low);
    power *= all_x8(1.1283791670955126);
    return _mm512_scalef_pd(_mm512_fmadd_pd(power, q, power), n);
}

#endif
#endif
