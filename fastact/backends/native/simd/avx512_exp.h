/* The exponential by vpermps and vscalefps, and what is made of it: see avx512.h.

   A table of 2^(k/16) in registers leaves so small an r that e^r needs three terms, and e^x is right to 0.53 ULP: so what is made
   of it needs fewer corrections than in formulas.pxi.  vscalefps rounds once where a result is subnormal, vanishes or overflows.
   Beside each pair: ns an element at 4,096 and 65,536 elements by the formula and here, the call's 0.04 and 0.003 ns included. */
#ifndef FASTACT_AVX512_EXP_H
#define FASTACT_AVX512_EXP_H
#include "avx512.h"
#if FASTACT_BLOCK_KERNELS

/* ---- e^x ------------------------------------------------------------------------------------------------------- */

/* 2^(k/16) in two bits fewer than fit, and what to add to it, relative to it.  (docs/coefficients.py powers) */
static const float POWERS_F32[16] = {
    1.0f, 1.0442739f, 1.0905075f, 1.1387887f, 1.1892071f, 1.241858f, 1.2968397f, 1.3542557f, 1.4142137f, 1.4768262f, 1.542211f,
    1.6104903f, 1.6817927f, 1.7562523f, 1.8340082f, 1.9152064f,
};
static const float POWERS_LOW_F32[16] = {
    0.0f, -6.7869735e-08f, 2.0663869e-07f, -5.7382962e-08f, 3.193418e-08f, -1.5577481e-07f, -1.2291363e-07f, -9.55009e-08f,
    -6.717942e-08f, -3.0476834e-08f, -1.4936197e-07f, 6.1075918e-09f, 5.6162666e-08f, -7.313588e-08f, -7.112758e-08f,
    6.738418e-08f,
};

/* x log2(e) rounded to a multiple of 1/16, which `shifted` has in its low bits.  vscalefps takes the integer below. */
VECTORS vector_x16 sixteenths_x16(vector_x16 x, vector_x16 *shifted) {
    const vector_x16 to_sixteenth = all_x16(0x1.8p19f);
    *shifted = _mm512_fmadd_ps(x, all_x16(1.44269504f), to_sixteenth);
    return *shifted - to_sixteenth;
}

/* |r| <= ln(2) / 32; 2^-28 of e^r; NaN gives NaN.
   power, nearly 2^(k/16) unit, and q with power (1 + q) = 2^(k/16) e^r unit. */
VECTORS vector_x16 exp_reduced_x16(vector_x16 r, vector_x16 shifted, vector_x16 unit, vector_x16 *power) {
    const __m512i k = _mm512_castps_si512(shifted);
    *power = _mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_F32) * unit);
    vector_x16 h = _mm512_fmadd_ps(all_x16(0.16667008f), r, all_x16(0.5000162f));
    h = _mm512_fmadd_ps(h, r, all_x16(1.0f));
    return _mm512_fmadd_ps(h, r, _mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_LOW_F32)));
}

/* Any; 2^-28 of e^x.   n, power and q with e^x = power (1 + q) 2^n.  Far out n alone says what comes of it, and r, which means
   nothing there (and is NaN at infinity), is bounded; NaN goes through n. */
VECTORS vector_x16 exp_parts_x16(vector_x16 x, vector_x16 *n, vector_x16 *power) {
    vector_x16 shifted;
    *n = sixteenths_x16(x, &shifted);
    vector_x16 r = _mm512_fnmadd_ps(*n, all_x16(0.693115234f), x); /* ln(2) in two parts */
    r = _mm512_fnmadd_ps(*n, all_x16(3.1946183e-05f), r);
    r = _mm512_range_ps(r, all_x16(0.5f), 2); /* the smaller magnitude, with r's sign; of NaN and a number the number */
    return exp_reduced_x16(r, shifted, all_x16(1.0f), power);
}

/* Any; 0.53 ULP, subnormal results 0.78; as exp. */
VECTORS vector_x16 exp_x16(vector_x16 x) {
    vector_x16 n, power, q = exp_parts_x16(x, &n, &power);
    return _mm512_scalef_ps(_mm512_fmadd_ps(power, q, power), n);
}

/* 0 <= e <= 1; half an ULP and 2^-28; NaN gives NaN.
   numerator / (1 + e): an estimate and a Newton step, whose first difference is exact, and so no rounding of 1 + e counts. */
VECTORS vector_x16 over_one_plus_x16(vector_x16 numerator, vector_x16 e) {
    vector_x16 reciprocal = _mm512_rcp14_ps(all_x16(1.0f) + e);
    vector_x16 y = numerator * reciprocal;
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(y, e, numerator - y), reciprocal, y);
}

VECTORS __mmask16 negative_x16(vector_x16 x) { return _mm512_movepi32_mask(_mm512_castps_si512(x)); }

/* e where x is negative, else 1. */
VECTORS vector_x16 sigmoid_numerator_x16(vector_x16 x, vector_x16 e) {
    return _mm512_mask_blend_ps(negative_x16(x), all_x16(1.0f), e);
}

/* -|x| */
VECTORS vector_x16 minus_magnitude_x16(vector_x16 x) { return _mm512_or_ps(x, all_x16(-0.0f)); }

/* ---- Exponential, elu, sigmoid --------------------------------------------------------------------------------- */

/* 0.26 and 0.22 -> 0.19 and 0.15 */
VECTORS vector_x16 exponential_forward_x16(vector_x16 x) { return exp_x16(x); }

VECTORS vector_x16 exponential_derivative_x16(vector_x16 x) { return exp_x16(x); }

/* x <= 0, any number above; 1.0 ULP; as expm1.   What 2^(k/16) lacks is added to r. */
VECTORS vector_x16 expm1_or_less_x16(vector_x16 x) {
    vector_x16 shifted, bounded = _mm512_max_ps(all_x16(-120.0f), x), n = sixteenths_x16(bounded, &shifted);
    const __m512i k = _mm512_castps_si512(shifted);
    vector_x16 scale = _mm512_scalef_ps(_mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_F32)), n);
    vector_x16 low = _mm512_permutexvar_ps(k, _mm512_loadu_ps(POWERS_LOW_F32));
    vector_x16 r_high = _mm512_fnmadd_ps(n, all_x16(0.693115234f), bounded);
    vector_x16 rest = _mm512_fnmadd_ps(n, all_x16(3.1946183e-05f), low), r = r_high + rest;
    vector_x16 h = _mm512_fmadd_ps(all_x16(0.04166708f), r, all_x16(0.1666699f));
    vector_x16 q = r_high + _mm512_fmadd_ps(r * r, _mm512_fmadd_ps(h, r, all_x16(0.5f)), rest);
    return _mm512_fmadd_ps(scale, q, scale - all_x16(1.0f));
}

/* 0.29 and 0.25 -> 0.26 and 0.22; backward 0.33 and 0.26 -> 0.26 and 0.19.  Of 16 elements with one above zero 171 -> 80 ns:
   there the formula's loop computes e^-120, and underflow is a flag that has to be put back. */
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

/* scale * alpha in two parts, scale: as in formulas.pxi.
   0.40 and 0.36 -> 0.28 and 0.24; backward 0.35 and 0.28 -> 0.26 and 0.19 */
VECTORS vector_x16 selu_forward_x16(vector_x16 x) {
    vector_x16 m = expm1_or_less_x16(x), y = _mm512_fmadd_ps(m, all_x16(1.7580993f), m * all_x16(2.32967176e-8f));
    return _mm512_mask_mul_ps(y, _mm512_cmp_ps_mask(x, all_x16(0.0f), _CMP_NLT_UQ), x, all_x16(1.05070099f));
}

VECTORS vector_x16 selu_derivative_x16(vector_x16 x) { return elu_slope_x16(x, all_x16(1.7580993f), all_x16(1.05070099f)); }

/* 0.41 and 0.38 -> 0.34 and 0.30; backward 0.46 and 0.40 -> 0.34 and 0.27 */
VECTORS vector_x16 sigmoid_forward_x16(vector_x16 x) {
    vector_x16 e = exp_x16(minus_magnitude_x16(x));
    return over_one_plus_x16(sigmoid_numerator_x16(x, e), e);
}

/* t - t^2, t = sigmoid(-|x|), by a division: quicker than over_one_plus, and good enough here. */
VECTORS vector_x16 sigmoid_derivative_x16(vector_x16 x) {
    vector_x16 e = exp_x16(minus_magnitude_x16(x));
    vector_x16 t = e / (all_x16(1.0f) + e);
    return _mm512_fnmadd_ps(t, t, t);
}

/* ---- log_sigmoid ------------------------------------------------------------------------------------------------ */

/* min(x, 0) - log1p(t + t_low), t + t_low = e^-|x|, by log1p_tail_f32's polynomial; t_low counts by three quarters, as the slope
   is between a half and 1.  0.53 and 0.51 -> 0.44 and 0.40; backward 0.46 and 0.41 -> 0.36 and 0.29 */
VECTORS vector_x16 log_sigmoid_forward_x16(vector_x16 x) {
    vector_x16 n, power, q = exp_parts_x16(minus_magnitude_x16(x), &n, &power), scale = _mm512_scalef_ps(power, n);
    vector_x16 t = _mm512_fmadd_ps(scale, q, scale), t_low = _mm512_fmadd_ps(scale, q, scale - t);
    vector_x16 w = t - all_x16(0.794189453f);
    vector_x16 p = all_x16(-0.0032258863f);
    p = _mm512_fmadd_ps(p, w, all_x16(-0.0007120424f));
    p = _mm512_fmadd_ps(p, w, all_x16(-0.0038611435f));
    p = _mm512_fmadd_ps(p, w, all_x16(0.006554019f));
    p = _mm512_fmadd_ps(p, w, all_x16(-0.013190814f));
    p = _mm512_fmadd_ps(p, w, all_x16(0.027714975f));
    p = _mm512_fmadd_ps(p, w, all_x16(-0.059793714f));
    p = _mm512_fmadd_ps(p, w, all_x16(0.13520595f));
    p = _mm512_fmadd_ps(p, w, all_x16(-0.33236694f));
    vector_x16 start = _mm512_fmadd_ps(t_low, all_x16(-0.75f), _mm512_min_ps(all_x16(0.0f), x));
    return _mm512_fnmadd_ps(t * t, p, start) - t;
}

/* sigmoid(-x), by a division. */
VECTORS vector_x16 log_sigmoid_derivative_x16(vector_x16 x) {
    vector_x16 e = exp_x16(minus_magnitude_x16(x));
    return sigmoid_numerator_x16(_mm512_xor_ps(x, all_x16(-0.0f)), e) / (all_x16(1.0f) + e);
}

/* ---- silu ------------------------------------------------------------------------------------------------------ */

/* |x| up to where |beta x| is EXP_FURTHEST, and to 2^79; NaN for NaN. */
VECTORS vector_x16 silu_bounded_x16(vector_x16 x, vector_x16 beta) {
    vector_x16 furthest = _mm512_min_ps(all_x16(0x1p79f), all_x16(120.0f) / _mm512_abs_ps(beta));
    return _mm512_min_ps(furthest, _mm512_abs_ps(x));
}

/* (1 + e^|beta a|) * 2^-48, for a bounded a; half an ULP and 2^-28.   beta a is nowhere rounded: n ln2_high is exact. */
VECTORS vector_x16 silu_denominator_x16(vector_x16 a, vector_x16 beta) {
    const vector_x16 one = all_x16(0x1p-48f), b = _mm512_abs_ps(beta), to_sixteenth = all_x16(0x1.8p19f);
    vector_x16 shifted = _mm512_fmadd_ps(a, b * all_x16(1.44269504f), to_sixteenth), n = shifted - to_sixteenth, power;
    vector_x16 r = _mm512_fmsub_ps(b, a, n * all_x16(0.693115234f));
    vector_x16 q = exp_reduced_x16(_mm512_fnmadd_ps(n, all_x16(3.1946183e-05f), r), shifted, one, &power);
    vector_x16 scale = _mm512_scalef_ps(power, n), total = scale + one;
    return total + _mm512_fmadd_ps(scale, q, one - (total - scale));
}

/* With t = |x| sigmoid(-|beta x|): -t in the tail and x - t beyond; where beta is negative, t and x + t.
   0.44 and 0.41 -> 0.37 and 0.32; backward 0.55 and 0.50 -> 0.50 and 0.43 */
VECTORS vector_x16 silu_forward_x16(vector_x16 x, vector_x16 beta) {
    const vector_x16 infinity = all_x16(__builtin_inff()), zero = all_x16(-0.0f);
    const __mmask16 turned = negative_x16(beta);
    vector_x16 least = _mm512_mask_blend_ps(turned, zero, -infinity), most = _mm512_mask_blend_ps(turned, infinity, zero);
    vector_x16 sign = _mm512_mask_blend_ps(turned, all_x16(-0x1p-48f), all_x16(0x1p-48f));
    vector_x16 a = silu_bounded_x16(x, beta), beyond = _mm512_min_ps(most, _mm512_max_ps(least, x));
    return _mm512_fmadd_ps(a / silu_denominator_x16(a, beta), sign, beyond);
}

/* gated_slope's d in formulas.pxi: d in the tail, else 1 - d. */
VECTORS vector_x16 silu_derivative_x16(vector_x16 x, vector_x16 beta) {
    const vector_x16 one = all_x16(1.0f), per_headroom = all_x16(0x1p-48f);
    const __mmask16 tail = negative_x16(_mm512_xor_ps(x, beta));
    vector_x16 a = silu_bounded_x16(x, beta), z = _mm512_abs_ps(beta) * a, t = one / silu_denominator_x16(a, beta);
    vector_x16 d = t * _mm512_fmadd_ps(z * per_headroom, t, one - z) * per_headroom;
    return _mm512_mask_sub_ps(d, (__mmask16)~tail, one, d);
}

/* ---- float64 --------------------------------------------------------------------------------------------------- */

/* As for float32, but e^r needs three terms more. */
static const double POWERS_F64[16] = {
    1.0, 1.044273782427414, 1.090507732665258, 1.1387886347566916, 1.1892071150027208, 1.2418578120734844, 1.2968395546510099,
    1.3542555469368924, 1.414213562373095, 1.4768261459394996, 1.542210825407941, 1.6104903319492543, 1.6817928305074288,
    1.7562521603732995, 1.8340080864093427, 1.915206561397147,
};
static const double POWERS_LOW_F64[16] = {
    0.0, -1.307374657556735e-16, -2.315549153475532e-16, 7.826573258636076e-17, 2.202011356441377e-16, -3.200921474802233e-16,
    -1.5164721142629426e-16, 2.2082544863816382e-16, 8.865115929175828e-17, -1.739436637144173e-16, -9.242981211103171e-17,
    1.5341410053603723e-17, 1.8078011727467838e-16, 1.685487290628973e-17, -1.0316941025762925e-16, 1.7642470326626897e-16,
};

VECTORS vector_x8 table_x8(const double *sixteen, vector_x8 shifted) {
    return _mm512_permutex2var_pd(_mm512_loadu_pd(sixteen), _mm512_castpd_si512(shifted), _mm512_loadu_pd(sixteen + 8));
}

VECTORS vector_x8 exp_parts_x8(vector_x8 x, vector_x8 *n, vector_x8 *power) {
    const vector_x8 to_sixteenth = all_x8(0x1.8p48);
    vector_x8 shifted = _mm512_fmadd_pd(x, all_x8(1.4426950408889634), to_sixteenth);
    *n = shifted - to_sixteenth;
    vector_x8 r = _mm512_fnmadd_pd(*n, all_x8(0.6931471805582987), x);
    r = _mm512_fnmadd_pd(*n, all_x8(1.6465949582897082e-12), r);
    r = _mm512_range_pd(r, all_x8(0.5), 2);
    *power = table_x8(POWERS_F64, shifted);
    vector_x8 h = _mm512_fmadd_pd(all_x8(0.0013889126681557228), r, all_x8(0.00833347195531088));
    h = _mm512_fmadd_pd(h, r, all_x8(0.04166666665977227));
    h = _mm512_fmadd_pd(h, r, all_x8(0.16666666664416832));
    h = _mm512_fmadd_pd(h, r, all_x8(0.5000000000000006));
    h = _mm512_fmadd_pd(h, r, all_x8(1.0));
    return _mm512_fmadd_pd(h, r, table_x8(POWERS_LOW_F64, shifted));
}

VECTORS vector_x8 exp_x8(vector_x8 x) {
    vector_x8 n, power, q = exp_parts_x8(x, &n, &power);
    return _mm512_scalef_pd(_mm512_fmadd_pd(power, q, power), n);
}

/* As over_one_plus_x16, with one Newton step more. */
VECTORS vector_x8 over_one_plus_x8(vector_x8 numerator, vector_x8 e) {
    const vector_x8 one = all_x8(1.0);
    vector_x8 d = one + e, r = _mm512_rcp14_pd(d);
    r = _mm512_fmadd_pd(_mm512_fnmadd_pd(r, d, one), r, r);
    vector_x8 y = numerator * r;
    return _mm512_fmadd_pd(_mm512_fnmadd_pd(y, e, numerator - y), r, y);
}

VECTORS vector_x8 minus_magnitude_x8(vector_x8 x) { return _mm512_or_pd(x, all_x8(-0.0)); }

/* e where x is negative, else 1. */
VECTORS vector_x8 sigmoid_numerator_x8(vector_x8 x, vector_x8 e) {
    return _mm512_mask_blend_pd(_mm512_movepi64_mask(_mm512_castpd_si512(x)), all_x8(1.0), e);
}

/* 0.65 and 0.58 -> 0.43 and 0.39 */
VECTORS vector_x8 exponential_forward_x8(vector_x8 x) { return exp_x8(x); }

VECTORS vector_x8 exponential_derivative_x8(vector_x8 x) { return exp_x8(x); }

/* 0.99 and 0.94 -> 0.80 and 0.78; backward 1.05 and 0.99 -> 0.75 and 0.71 */
VECTORS vector_x8 sigmoid_forward_x8(vector_x8 x) {
    vector_x8 e = exp_x8(minus_magnitude_x8(x));
    return over_one_plus_x8(sigmoid_numerator_x8(x, e), e);
}

VECTORS vector_x8 sigmoid_derivative_x8(vector_x8 x) {
    vector_x8 e = exp_x8(minus_magnitude_x8(x)), t = e / (all_x8(1.0) + e);
    return _mm512_fnmadd_pd(t, t, t);
}

/* 1.89 and 1.85 -> 1.54 and 1.50; backward 1.08 and 1.02 -> 0.76 and 0.71 */
VECTORS vector_x8 log_sigmoid_forward_x8(vector_x8 x) {
    vector_x8 n, power, q = exp_parts_x8(minus_magnitude_x8(x), &n, &power), scale = _mm512_scalef_pd(power, n);
    vector_x8 t = _mm512_fmadd_pd(scale, q, scale), t_low = _mm512_fmadd_pd(scale, q, scale - t);
    vector_x8 w = t - all_x8(0.7201433181762695);
    vector_x8 p = all_x8(2.5243825722413908e-05);
    p = _mm512_fmadd_pd(p, w, all_x8(5.451921133814531e-05));
    p = _mm512_fmadd_pd(p, w, all_x8(5.966957854963644e-05));
    p = _mm512_fmadd_pd(p, w, all_x8(8.882841409923458e-06));
    p = _mm512_fmadd_pd(p, w, all_x8(8.243772480699865e-06));
    p = _mm512_fmadd_pd(p, w, all_x8(-3.645387078531542e-05));
    p = _mm512_fmadd_pd(p, w, all_x8(5.226434069694853e-05));
    p = _mm512_fmadd_pd(p, w, all_x8(-9.657440033711449e-05));
    p = _mm512_fmadd_pd(p, w, all_x8(0.00017961426936757166));
    p = _mm512_fmadd_pd(p, w, all_x8(-0.00033205085870019273));
    p = _mm512_fmadd_pd(p, w, all_x8(0.0006181719410330174));
    p = _mm512_fmadd_pd(p, w, all_x8(-0.0011591024315814411));
    p = _mm512_fmadd_pd(p, w, all_x8(0.0021915484036502866));
    p = _mm512_fmadd_pd(p, w, all_x8(-0.004186109458622714));
    p = _mm512_fmadd_pd(p, w, all_x8(0.008098543649893078));
    p = _mm512_fmadd_pd(p, w, all_x8(-0.01592698323127433));
    p = _mm512_fmadd_pd(p, w, all_x8(0.03201973230844538));
    p = _mm512_fmadd_pd(p, w, all_x8(-0.06641271196054625));
    p = _mm512_fmadd_pd(p, w, all_x8(0.1445391898029681));
    p = _mm512_fmadd_pd(p, w, all_x8(-0.34271792006785107));
    vector_x8 start = _mm512_fmadd_pd(t_low, all_x8(-0.75), _mm512_min_pd(all_x8(0.0), x));
    return _mm512_fnmadd_pd(t * t, p, start) - t;
}

VECTORS vector_x8 log_sigmoid_derivative_x8(vector_x8 x) {
    vector_x8 e = exp_x8(minus_magnitude_x8(x));
    return sigmoid_numerator_x8(_mm512_xor_pd(x, all_x8(-0.0)), e) / (all_x8(1.0) + e);
}

#endif
#endif
