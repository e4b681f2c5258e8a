/* The exponential by vpermps and vscalefps, and what is made of it: see avx512.h.

   A table of 2^(k/16) in registers leaves so small an r that e^r needs three terms, and e^x is right to 0.53 ULP: so what is made
   of it needs fewer corrections than in formulas/.  vscalefps rounds once where a result is subnormal, vanishes or overflows.

   What it gains, by the formula -> here, the call's 0.04 (4,096 elements) and 0.003 ns (65,536) included:

                                    4,096 elements                65,536 elements
                                forward       backward         forward       backward
       elu          float32   0.29 -> 0.26   0.33 -> 0.26   0.25 -> 0.22   0.26 -> 0.19
       selu         float32   0.40 -> 0.28   0.35 -> 0.26   0.36 -> 0.24   0.28 -> 0.19
       silu         float32   0.44 -> 0.37   0.55 -> 0.50   0.41 -> 0.32   0.50 -> 0.43
       exponential  float32   0.26 -> 0.19                  0.22 -> 0.15
       exponential  float64   0.65 -> 0.43                  0.58 -> 0.39
       sigmoid      float32   0.41 -> 0.34   0.46 -> 0.34   0.38 -> 0.30   0.40 -> 0.27
       sigmoid      float64   0.99 -> 0.80   1.05 -> 0.75   0.94 -> 0.78   0.99 -> 0.71
       log_sigmoid  float32   0.53 -> 0.44   0.46 -> 0.36   0.51 -> 0.40   0.41 -> 0.29
       log_sigmoid  float64   1.89 -> 1.54   1.08 -> 0.76   1.85 -> 1.50   1.02 -> 0.71 */
#ifndef FASTACT_AVX512_EXP_H
#define FASTACT_AVX512_EXP_H
#include "avx512.h"
#if FASTACT_BLOCK_KERNELS

/* FASTACT_KERNELS
   elu    float32 x16   forward derivative
   selu   float32 x16   forward derivative
   silu   float32 x16   forward derivative
*/

/* ---- e^x ------------------------------------------------------------------------------------------------------- */

/* 2^(k/16) in two bits fewer than fit, and what to add to it, relative to it. */
static const float POWERS_F32[16] = POWERS_powers_f32;
static const float POWERS_LOW_F32[16] = POWERS_powers_low_f32;
static const double POWERS_F64[16] = POWERS_powers_f64;
static const double POWERS_LOW_F64[16] = POWERS_powers_low_f64;

/* x log2(e) rounded to a multiple of 1/16, which `shifted` has in its low bits.  vscalefps takes the integer below. */
VECTORS vector_x16 sixteenths_x16(vector_x16 x, vector_x16 *shifted) {
    const vector_x16 to_sixteenth = all_x16(0x1.8p19f);
    *shifted = _mm512_fmadd_ps(x, all_x16(CONSTANT_log2_e_f32), to_sixteenth);
    return *shifted - to_sixteenth;
}

/* |r| <= ln(2) / 32; 2^-28 of e^r; NaN gives NaN.
   power, nearly 2^(k/16) unit, and q with power (1 + q) = 2^(k/16) e^r unit. */
VECTORS vector_x16 exp_reduced_x16(vector_x16 r, vector_x16 shifted, vector_x16 unit, vector_x16 *power) {
    const __m512i k = _mm512_castps_si512(shifted);
    *power = _mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_F32) * unit);
    vector_x16 h = HORNER_X16(exp_reduced, r);
    h = _mm512_fmadd_ps(h, r, all_x16(1.0f));
    return _mm512_fmadd_ps(h, r, _mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_LOW_F32)));
}

/* Any; 2^-28 of e^x.   n, power and q with e^x = power (1 + q) 2^n.  Far out n alone decides.  r means nothing there, and is NaN
   at infinity, so it is bounded.  NaN goes through n. */
VECTORS vector_x16 exp_parts_x16(vector_x16 x, vector_x16 *n, vector_x16 *power) {
    vector_x16 shifted;
    *n = sixteenths_x16(x, &shifted);
    vector_x16 r = _mm512_fnmadd_ps(*n, all_x16(0.693115234f), x); /* ln(2) in two parts */
    r = _mm512_fnmadd_ps(*n, all_x16(3.1946183e-05f), r);
    r = _mm512_range_ps(r, all_x16(0.5f), 2); /* the smaller magnitude, with r's sign; of NaN and a number the number */
    return exp_reduced_x16(r, shifted, all_x16(1.0f), power);
}

/* As for float32, but 16 numbers fill two registers, and e^r needs three terms more. */
VECTORS vector_x8 table_x8(const double *sixteen, vector_x8 shifted) {
    return _mm512_permutex2var_pd(_mm512_loadu_pd(sixteen), _mm512_castpd_si512(shifted), _mm512_loadu_pd(sixteen + 8));
}

VECTORS vector_x8 exp_parts_x8(vector_x8 x, vector_x8 *n, vector_x8 *power) {
    const vector_x8 to_sixteenth = all_x8(0x1.8p48);
    vector_x8 shifted = _mm512_fmadd_pd(x, all_x8(CONSTANT_log2_e_f64), to_sixteenth);
    *n = shifted - to_sixteenth;
    vector_x8 r = _mm512_fnmadd_pd(*n, all_x8(0.6931471805582987), x);
    r = _mm512_fnmadd_pd(*n, all_x8(1.6465949582897082e-12), r);
    r = _mm512_range_pd(r, all_x8(0.5), 2);
    *power = table_x8(POWERS_F64, shifted);
    vector_x8 h = HORNER_X8(exp_reduced, r);
    h = _mm512_fmadd_pd(h, r, all_x8(1.0));
    return _mm512_fmadd_pd(h, r, table_x8(POWERS_LOW_F64, shifted));
}

/* 0 <= e <= 1; half an ULP and 2^-28; NaN gives NaN.
   numerator / (1 + e): an estimate and a Newton step, whose first difference is exact, and so no rounding of 1 + e counts. */
VECTORS vector_x16 over_one_plus_x16(vector_x16 numerator, vector_x16 e) {
    vector_x16 reciprocal = _mm512_rcp14_ps(all_x16(1.0f) + e);
    vector_x16 y = numerator * reciprocal;
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(y, e, numerator - y), reciprocal, y);
}

/* As over_one_plus_x16, with one Newton step more. */
VECTORS vector_x8 over_one_plus_x8(vector_x8 numerator, vector_x8 e) {
    const vector_x8 one = all_x8(1.0);
    vector_x8 d = one + e, r = _mm512_rcp14_pd(d);
    r = _mm512_fmadd_pd(_mm512_fnmadd_pd(r, d, one), r, r);
    vector_x8 y = numerator * r;
    return _mm512_fmadd_pd(_mm512_fnmadd_pd(y, e, numerator - y), r, y);
}

#include "avx512_float32.h"
#include "avx512_exp_text.h"
#include "avx512_no_type.h"

#include "avx512_float64.h"
#include "avx512_exp_text.h"
#include "avx512_no_type.h"

/* ---- elu and selu ----------------------------------------------------------------------------------------------- */

/* x <= 0, any number above; 1.0 ULP; as expm1.   What 2^(k/16) lacks is added to r. */
VECTORS vector_x16 expm1_or_less_x16(vector_x16 x) {
    vector_x16 shifted, bounded = _mm512_max_ps(all_x16(-120.0f), x), n = sixteenths_x16(bounded, &shifted);
    const __m512i k = _mm512_castps_si512(shifted);
    vector_x16 scale = _mm512_scalef_ps(_mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_F32)), n);
    vector_x16 low = _mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_LOW_F32));
    vector_x16 r_high = _mm512_fnmadd_ps(n, all_x16(0.693115234f), bounded);
    vector_x16 rest = _mm512_fnmadd_ps(n, all_x16(3.1946183e-05f), low), r = r_high + rest;
    vector_x16 q = r_high + _mm512_fmadd_ps(r * r, HORNER_X16(expm1_or_less, r), rest);
    return _mm512_fmadd_ps(scale, q, scale - all_x16(1.0f));
}

/* It also halves the time of a small call with an element above zero.  There the formula's loop computes e^-120, and the flag of
   an underflow has to be put back. */
VECTORS vector_x16 elu_forward_x16(vector_x16 x, vector_x16 alpha) {
    return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, all_x16(0.0f), _CMP_LT_OQ), alpha, expm1_or_less_x16(x));
}

/* factor * e^x, but `beyond` where x > 0 */
VECTORS vector_x16 elu_slope_x16(vector_x16 x, vector_x16 factor, vector_x16 beyond) {
    vector_x16 n, power, q = exp_parts_x16(x, &n, &power);
    vector_x16 p = factor * _mm512_fmadd_ps(power, q, power);
    return _mm512_mask_scalef_ps(beyond, _mm512_cmp_ps_mask(x, all_x16(0.0f), _CMP_NGT_UQ), p, n);
}

VECTORS vector_x16 elu_derivative_x16(vector_x16 x, vector_x16 alpha) { return elu_slope_x16(x, alpha, all_x16(1.0f)); }

/* scale * alpha in two parts, scale: as in formulas/exponential.pxi. */
VECTORS vector_x16 selu_forward_x16(vector_x16 x) {
    vector_x16 m = expm1_or_less_x16(x), y = _mm512_fmadd_ps(m, all_x16(1.7580993f), m * all_x16(2.32967176e-8f));
    return _mm512_mask_mul_ps(y, _mm512_cmp_ps_mask(x, all_x16(0.0f), _CMP_NLT_UQ), x, all_x16(1.05070099f));
}

VECTORS vector_x16 selu_derivative_x16(vector_x16 x) { return elu_slope_x16(x, all_x16(1.7580993f), all_x16(1.05070099f)); }

/* ---- silu ------------------------------------------------------------------------------------------------------ */

VECTORS __mmask16 negative_x16(vector_x16 x) { return _mm512_movepi32_mask(_mm512_castps_si512(x)); }

/* |x| up to where |beta x| is EXP_FURTHEST, and to 2^79; NaN for NaN. */
VECTORS vector_x16 silu_bounded_x16(vector_x16 x, vector_x16 beta) {
    vector_x16 furthest = _mm512_min_ps(all_x16(0x1p79f), all_x16(120.0f) / _mm512_abs_ps(beta));
    return _mm512_min_ps(furthest, _mm512_abs_ps(x));
}

/* (1 + e^|beta a|) * 2^-48, for a bounded a; half an ULP and 2^-28.   beta a is nowhere rounded: n ln2_high is exact. */
VECTORS vector_x16 silu_denominator_x16(vector_x16 a, vector_x16 beta) {
    const vector_x16 one = all_x16(0x1p-48f), b = _mm512_abs_ps(beta), to_sixteenth = all_x16(0x1.8p19f);
    vector_x16 shifted = _mm512_fmadd_ps(a, b * all_x16(CONSTANT_log2_e_f32), to_sixteenth), n = shifted - to_sixteenth, power;
    vector_x16 r = _mm512_fmsub_ps(b, a, n * all_x16(0.693115234f));
    vector_x16 q = exp_reduced_x16(_mm512_fnmadd_ps(n, all_x16(3.1946183e-05f), r), shifted, one, &power);
    vector_x16 scale = _mm512_scalef_ps(power, n), total = scale + one;
    return total + _mm512_fmadd_ps(scale, q, one - (total - scale));
}

/* With t = |x| sigmoid(-|beta x|): -t in the tail and x - t beyond; where beta is negative, minus that of -x. */
VECTORS vector_x16 silu_forward_x16(vector_x16 x, vector_x16 beta) {
    const vector_x16 sign = _mm512_and_ps(beta, all_x16(-0.0f)), turned = _mm512_xor_ps(x, sign);
    vector_x16 a = silu_bounded_x16(x, beta), beyond = _mm512_max_ps(all_x16(-0.0f), turned);
    return _mm512_xor_ps(_mm512_fmadd_ps(a / silu_denominator_x16(a, beta), all_x16(-0x1p-48f), beyond), sign);
}

/* gated_slope's d in formulas/shared.pxi: d in the tail, else 1 - d. */
VECTORS vector_x16 silu_derivative_x16(vector_x16 x, vector_x16 beta) {
    const vector_x16 one = all_x16(1.0f), per_headroom = all_x16(0x1p-48f);
    const __mmask16 tail = negative_x16(_mm512_xor_ps(x, beta));
    vector_x16 a = silu_bounded_x16(x, beta), z = _mm512_abs_ps(beta) * a, t = one / silu_denominator_x16(a, beta);
    vector_x16 d = t * _mm512_fmadd_ps(z * per_headroom, t, one - z) * per_headroom;
    return _mm512_mask_sub_ps(d, (__mmask16)~tail, one, d);
}

#endif
#endif
