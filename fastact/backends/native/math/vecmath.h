/* Branch-free elementary functions in plain C, written so that a loop over them vectorises.

   Every function exists for float (_f32) and double (_f64).  No branch, table (but for INVERSE_PI) or libm call, no double
   arithmetic in a float function; numbers are rounded to integers by adding a large constant, and seen as bits through memcpy.

   The exponential comes in pieces, because that is what keeps the tails right:

       e^(x + x_low) = (scale + scale * q) * 2^-headroom

   - x_low is what was lost when x was computed: without it e^(-a^2/2) would be off by up to 64 ULP.
   - q = e^r - 1 has a smaller error than 1 + q, and expm1 needs q itself.
   - headroom keeps scale a normal number where e^x is subnormal or vanishes (or, negative, where it overflows).
     Whoever divides by 2^headroom does so last, and rounds once.

   A name ending in _low is always the same thing: what has to be added to the number of that name to have it exactly.

   Contract above each pair: valid range; largest error, measured, float and double, with FMA (without it in brackets);
   result at special values.  One ULP is that of the exact result; u is half an ULP of 1.
   Coefficients: docs/coefficients.py, each degree the lowest whose error is small against the rounding errors.
   Compile with -ffp-contract=off: the errors rely on where each product is rounded. */

#ifndef FASTACT_VECMATH_H
#define FASTACT_VECMATH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER) && !defined(__clang__)
#define VECMATH static __forceinline
#else
#define VECMATH static inline __attribute__((always_inline))
#endif

#if defined(__FMA__) || defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
#define VECMATH_FMA 1
#else
#define VECMATH_FMA 0
#endif

/* Beyond this x * e^-x rounds to zero, for all x up to 2^23 (2^57).  The headroom makes e^-EXP_FURTHEST * 2^headroom a
   normal number, and leaves room above it for a factor of 2^79 (2^895). */
#define EXP_FURTHEST_F32 120.0f
#define EXP_FURTHEST_F64 785.0
#define HEADROOM_F32 48
#define HEADROOM_F64 128
#define PER_HEADROOM_F32 0x1p-48f
#define PER_HEADROOM_F64 0x1p-128

/* ---- Arithmetic ------------------------------------------------------------------------------------------------ */

/* Any; half an ULP (without FMA the product is rounded too); as a*b + c.
   a*b + c.  Only where one rounding more does no harm, or the product is exact. */
VECMATH float fma_f32(float a, float b, float c) {
#if VECMATH_FMA
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

VECMATH double fma_f64(double a, double b, double c) {
#if VECMATH_FMA
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

/* The upper half of the digits, so that products of halves are exact (Dekker 1971, but masked: this cannot overflow). */
VECMATH float upper_half_f32(float a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits &= 0xfffff000u;
    memcpy(&a, &bits, sizeof a);
    return a;
}

VECMATH double upper_half_f64(double a) {
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits &= 0xfffffffff8000000u;
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* |product| finite and above 2^-100 (2^-960), or inexact; 0; NaN where the product is infinite.
   a*b - product, where product is the rounded a*b. */
VECMATH float product_low_f32(float a, float b, float product) {
#if VECMATH_FMA
    return __builtin_fmaf(a, b, -product);
#else
    float a_high = upper_half_f32(a), a_low = a - a_high;
    float b_high = upper_half_f32(b), b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
}

VECMATH double product_low_f64(double a, double b, double product) {
#if VECMATH_FMA
    return __builtin_fma(a, b, -product);
#else
    double a_high = upper_half_f64(a), a_low = a - a_high;
    double b_high = upper_half_f64(b), b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
}

/* As product_low; 0; NaN where the quotient is infinite.
   numerator - quotient * denominator, where quotient is the rounded one. */
VECMATH float remainder_f32(float numerator, float quotient, float denominator) {
#if VECMATH_FMA
    return __builtin_fmaf(-quotient, denominator, numerator);
#else
    float product = quotient * denominator;
    return (numerator - product) - product_low_f32(quotient, denominator, product);
#endif
}

VECMATH double remainder_f64(double numerator, double quotient, double denominator) {
#if VECMATH_FMA
    return __builtin_fma(-quotient, denominator, numerator);
#else
    double product = quotient * denominator;
    return (numerator - product) - product_low_f64(quotient, denominator, product);
#endif
}

/* |c| >= |a*b|; half an ULP; NaN where the sum is infinite.
   a*b + c - sum, where sum is what fma(a, b, c) gave. */
VECMATH float fma_low_f32(float a, float b, float c, float sum) {
#if VECMATH_FMA
    return __builtin_fmaf(a, b, c - sum);
#else
    float product = a * b;
    return ((c - sum) + product) + product_low_f32(a, b, product);
#endif
}

VECMATH double fma_low_f64(double a, double b, double c, double sum) {
#if VECMATH_FMA
    return __builtin_fma(a, b, c - sum);
#else
    double product = a * b;
    return ((c - sum) + product) + product_low_f64(a, b, product);
#endif
}

/* As product_low.   a*b + c with one rounding, or without FMA almost: the product's is put back in. */
VECMATH float product_sum_f32(float a, float b, float c) {
#if VECMATH_FMA
    return __builtin_fmaf(a, b, c);
#else
    float product = a * b;
    return (product + c) + product_low_f32(a, b, product);
#endif
}

VECMATH double product_sum_f64(double a, double b, double c) {
#if VECMATH_FMA
    return __builtin_fma(a, b, c);
#else
    double product = a * b;
    return (product + c) + product_low_f64(a, b, product);
#endif
}

/* Any; exact; NaN gives the limit.
   min(|x|, limit): for float as integers, which is one operation where comparing and choosing are two. */
VECMATH float magnitude_up_to_f32(float x, float limit) {
    int32_t bits, limit_bits;
    memcpy(&bits, &x, sizeof bits);
    memcpy(&limit_bits, &limit, sizeof limit_bits);
    bits &= 0x7fffffff;
    bits = bits < limit_bits ? bits : limit_bits;
    memcpy(&x, &bits, sizeof x);
    return x;
}

VECMATH double magnitude_up_to_f64(double x, double limit) {
    double a = fabs(x);
    return a < limit ? a : limit;
}

/* As product_low.   a*b + c with one rounding, or without FMA almost, where |c| is not much larger than |a*b|. */
VECMATH float product_plus_small_f32(float a, float b, float c) {
#if VECMATH_FMA
    return __builtin_fmaf(a, b, c);
#else
    float product = a * b;
    return product + (c + product_low_f32(a, b, product));
#endif
}

VECMATH double product_plus_small_f64(double a, double b, double c) {
#if VECMATH_FMA
    return __builtin_fma(a, b, c);
#else
    double product = a * b;
    return product + (c + product_low_f64(a, b, product));
#endif
}

/* a normal and below 2^125 (2^1021); 12%; any number otherwise.
   1/a by a subtraction from its bits (exponent and mantissa change sign, nearly): good enough for a small correction. */
VECMATH float reciprocal_estimate_f32(float a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits = 0x7ef311c7u - bits;
    memcpy(&a, &bits, sizeof a);
    return a;
}

VECMATH double reciprocal_estimate_f64(double a) {
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits = 0x7fde6238da3c2118u - bits;
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* ---- Exponential ----------------------------------------------------------------------------------------------- */

/* |r| <= ln(2) / 2; small against the rounding errors; NaN gives NaN.
   (e^r - 1 - r) / r^2 */
VECMATH float exp_tail_f32(float r) {
    float p = 0.001393885f;
    p = fma_f32(p, r, 0.008368815f);
    p = fma_f32(p, r, 0.041666422f);
    p = fma_f32(p, r, 0.1666652f);
    p = fma_f32(p, r, 0.5f);
    return p;
}

VECMATH double exp_tail_f64(double r) {
    double p = 2.510868312255479e-08;
    p = fma_f64(p, r, 2.7631570294442517e-07);
    p = fma_f64(p, r, 2.755724608611427e-06);
    p = fma_f64(p, r, 2.48014890534573e-05);
    p = fma_f64(p, r, 0.0001984126988287941);
    p = fma_f64(p, r, 0.0013888888947969258);
    p = fma_f64(p, r, 0.008333333333323879);
    p = fma_f64(p, r, 0.04166666666651129);
    p = fma_f64(p, r, 0.1666666666666667);
    p = fma_f64(p, r, 0.5000000000000013);
    return p;
}

/* 0 >= x >= -EXP_FURTHEST with HEADROOM, 0 <= x <= EXP_FURTHEST with -HEADROOM; 0.58 u (0.61 u) of e^x, before scale * q
   is added to scale; NaN gives NaN.
   e^(x + x_low) = (scale + scale * q) * 2^-headroom; with q_low in place of q's last rounding, 0.08 u (0.11 u). */
VECMATH float exp_scaled_low_f32(float x, float x_low, float headroom, float *scale, float *q_low) {
    const float log2_e = 1.44269504f;
    /* Adding 1.5 * 2^23 rounds to an integer, left in the low bits; the bias there makes them an exponent field. */
    const float to_integer = 12582912.0f + 127.0f + headroom;
    /* ln 2 in two parts, the first short enough (16 bits) that n * ln2_high is exact. */
    const float ln2_high = 0.693145752f, ln2_low = 1.42860677e-6f;
    float shifted = fma_f32(x, log2_e, to_integer);
    float n = shifted - to_integer;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
    memcpy(scale, &bits, sizeof bits);

    float r_high = fma_f32(n, -ln2_high, x);
    float rest = fma_f32(n, -ln2_low, x_low);
    float r = r_high + rest; /* rounded, which only its square may be */
    rest = fma_f32(r * r, exp_tail_f32(r), rest);
    float q = r_high + rest;
    *q_low = (r_high - q) + rest;
    return q;
}

VECMATH float exp_scaled_f32(float x, float x_low, float headroom, float *scale) {
    float q_low;
    return exp_scaled_low_f32(x, x_low, headroom, scale, &q_low);
}

VECMATH float exp_split_f32(float x, float x_low, int headroom, float *scale) {
    return exp_scaled_f32(x, x_low, (float)headroom, scale);
}

VECMATH float exp_split_low_f32(float x, float x_low, int headroom, float *scale, float *q_low) {
    return exp_scaled_low_f32(x, x_low, (float)headroom, scale, q_low);
}

VECMATH double exp_scaled_low_f64(double x, double x_low, double headroom, double *scale, double *q_low) {
    const double log2_e = 1.4426950408889634;
    const double to_integer = 6755399441055744.0 + 1023.0 + headroom;
    /* 42 bits in the first part. */
    const double ln2_high = 0.6931471805598903, ln2_low = 5.497923018708371e-14;
    double shifted = fma_f64(x, log2_e, to_integer);
    double n = shifted - to_integer;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 52;
    memcpy(scale, &bits, sizeof bits);

    double r_high = fma_f64(n, -ln2_high, x);
    double rest = fma_f64(n, -ln2_low, x_low);
    double r = r_high + rest; /* rounded, which only its square may be */
    rest = fma_f64(r * r, exp_tail_f64(r), rest);
    double q = r_high + rest;
    *q_low = (r_high - q) + rest;
    return q;
}

VECMATH double exp_scaled_f64(double x, double x_low, double headroom, double *scale) {
    double q_low;
    return exp_scaled_low_f64(x, x_low, headroom, scale, &q_low);
}

VECMATH double exp_split_f64(double x, double x_low, int headroom, double *scale) {
    return exp_scaled_f64(x, x_low, (double)headroom, scale);
}

VECMATH double exp_split_low_f64(double x, double x_low, int headroom, double *scale, double *q_low) {
    return exp_scaled_low_f64(x, x_low, (double)headroom, scale, q_low);
}

/* 0 <= a <= EXP_FURTHEST / 2; 1.1 u (1.6 u); NaN gives NaN.
   e^2a = scale * p * 2^HEADROOM, in fewer operations than exp_split: for where 1 is added to it. */
VECMATH float exp_twice_f32(float a, float *scale) {
    const float two_log2_e = 2.88539008f;
    const float to_integer = 12582912.0f + 127.0f - (float)HEADROOM_F32;
    const float half_ln2_high = 0.346572876f, half_ln2_low = 7.14303385e-7f;
    float shifted = fma_f32(a, two_log2_e, to_integer);
    float n = shifted - to_integer;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
    memcpy(scale, &bits, sizeof bits);

    float r = fma_f32(n, -half_ln2_low, fma_f32(n, -half_ln2_high, a));
    float p = 0.08845535f;
    p = fma_f32(p, r, 0.26779747f);
    p = fma_f32(p, r, 0.6666922f);
    p = fma_f32(p, r, 1.3333217f);
    p = fma_f32(p, r, 1.9999998f);
    p = fma_f32(p, r, 2.0f);
    return fma_f32(p, r, 1.0f);
}

VECMATH double exp_twice_f64(double a, double *scale) {
    const double two_log2_e = 2.8853900817779268;
    const double to_integer = 6755399441055744.0 + 1023.0 - (double)HEADROOM_F64;
    const double half_ln2_high = 0.34657359027994515, half_ln2_low = 2.7489615093541855e-14;
    double shifted = fma_f64(a, two_log2_e, to_integer);
    double n = shifted - to_integer;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 52;
    memcpy(scale, &bits, sizeof bits);

    double r = fma_f64(n, -half_ln2_low, fma_f64(n, -half_ln2_high, a));
    double p = 5.122130558517633e-05;
    p = fma_f64(p, r, 0.0002829357548514707);
    p = fma_f64(p, r, 0.001410946702947774);
    p = fma_f64(p, r, 0.006349182075468077);
    p = fma_f64(p, r, 0.025396825018221183);
    p = fma_f64(p, r, 0.08888888924360873);
    p = fma_f64(p, r, 0.26666666667122174);
    p = fma_f64(p, r, 0.6666666666644327);
    p = fma_f64(p, r, 1.3333333333333155);
    p = fma_f64(p, r, 2.0000000000000044);
    p = fma_f64(p, r, 2.0);
    return fma_f64(p, r, 1.0);
}

/* |z| up to ROW_PIVOT + EXP_FURTHEST; 1.03, 1.00 (1.00, 0.97) ULP; NaN gives NaN.
   e^z * 2^(HEADROOM - N), for softmax and its like: N, an integer near the largest z / ln 2, comes in to_integer,
   as exp_unit_to_integer makes it.  So no z is rounded by taking the largest from it, and every row's largest result is near
   2^HEADROOM. */
#define ROW_PIVOT_F32 1024.0f
#define ROW_PIVOT_F64 2048.0

VECMATH float exp_unit_f32(float z, float to_integer) {
    const float log2_e = 1.44269504f;
    float shifted = fma_f32(z, log2_e, to_integer);
    float n = shifted - to_integer;
    float scale;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
    memcpy(&scale, &bits, sizeof bits);
#if VECMATH_FMA
    float r = fma_f32(n, -1.42860677e-6f, fma_f32(n, -0.693145752f, z));
#else /* 12 bits in each of the first two parts of ln 2, so that their products with n are exact */
    float r = ((z - n * 0.693115234f) - n * 3.19480896e-05f) - n * -1.90465421e-09f;
#endif
    return fma_f32(scale, fma_f32(r * r, exp_tail_f32(r), r), scale);
}

VECMATH double exp_unit_f64(double z, double to_integer) {
    const double log2_e = 1.4426950408889634;
    double shifted = fma_f64(z, log2_e, to_integer);
    double n = shifted - to_integer;
    double scale;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 52;
    memcpy(&scale, &bits, sizeof bits);
    double r = fma_f64(n, -1.9082149292705877e-10, fma_f64(n, -0.6931471803691238, z)); /* 32 bits in the first part */
    return fma_f64(scale, fma_f64(r * r, exp_tail_f64(r), r), scale);
}

/* exp_unit's second argument for rows whose largest z this is. */
VECMATH float exp_unit_to_integer_f32(float largest) {
    float n = (largest * 1.44269504f + 12582912.0f) - 12582912.0f;
    return 12582912.0f + 127.0f + (float)HEADROOM_F32 - n;
}

VECMATH double exp_unit_to_integer_f64(double largest) {
    double n = (largest * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0;
    return 6755399441055744.0 + 1023.0 + (double)HEADROOM_F64 - n;
}

/* ---- Polynomials ----------------------------------------------------------------------------------------------- */

/* 0 <= t <= 1; t + t^2 * tail is log1p(t) to 2^-25.0, 2^-54.0; NaN gives NaN.
   (log1p(t) - t) / t^2.  The polynomial is in t - 0.79 (0.72): its terms are small where the sum counts most, near t = 1. */
VECMATH float log1p_tail_f32(float t) {
    float w = t - 0.794189453f;
    float p = -0.0032258863f;
    p = fma_f32(p, w, -0.0007120424f);
    p = fma_f32(p, w, -0.0038611435f);
    p = fma_f32(p, w, 0.006554019f);
    p = fma_f32(p, w, -0.013190814f);
    p = fma_f32(p, w, 0.027714975f);
    p = fma_f32(p, w, -0.059793714f);
    p = fma_f32(p, w, 0.13520595f);
    p = fma_f32(p, w, -0.33236694f);
    return p;
}

VECMATH double log1p_tail_f64(double t) {
    double w = t - 0.7201433181762695;
    double p = 2.5243825722413908e-05;
    p = fma_f64(p, w, 5.451921133814531e-05);
    p = fma_f64(p, w, 5.966957854963644e-05);
    p = fma_f64(p, w, 8.882841409923458e-06);
    p = fma_f64(p, w, 8.243772480699865e-06);
    p = fma_f64(p, w, -3.645387078531542e-05);
    p = fma_f64(p, w, 5.226434069694853e-05);
    p = fma_f64(p, w, -9.657440033711449e-05);
    p = fma_f64(p, w, 0.00017961426936757166);
    p = fma_f64(p, w, -0.00033205085870019273);
    p = fma_f64(p, w, 0.0006181719410330174);
    p = fma_f64(p, w, -0.0011591024315814411);
    p = fma_f64(p, w, 0.0021915484036502866);
    p = fma_f64(p, w, -0.004186109458622714);
    p = fma_f64(p, w, 0.008098543649893078);
    p = fma_f64(p, w, -0.01592698323127433);
    p = fma_f64(p, w, 0.03201973230844538);
    p = fma_f64(p, w, -0.06641271196054625);
    p = fma_f64(p, w, 0.1445391898029681);
    p = fma_f64(p, w, -0.34271792006785107);
    return p;
}

/* 0 <= a <= TANH_SMALL; 0.83, 0.85 (1.00, 0.94) ULP; NaN gives NaN.
   tanh(a), where 1 - 2/(1 + e^2a) would cancel by more than a third. */
#define TANH_SMALL 0.6875f
VECMATH float tanh_small_f32(float a) {
    float u = a * a;
    float p = -0.005233587f;
    p = fma_f32(p, u, 0.02019273f);
    p = fma_f32(p, u, -0.05359535f);
    p = fma_f32(p, u, 0.13329625f);
    p = fma_f32(p, u, -0.33333212f);
    return fma_f32(a * u, p, a);
}

VECMATH double tanh_small_f64(double a) {
    double u = a * a;
    double p = 4.9926430990701835e-06;
    p = fma_f64(p, u, -2.7597960732616167e-05);
    p = fma_f64(p, u, 8.876326343681176e-05);
    p = fma_f64(p, u, -0.00023527835800463625);
    p = fma_f64(p, u, 0.0005887705365057631);
    p = fma_f64(p, u, -0.0014555493532687823);
    p = fma_f64(p, u, 0.0035920835458253244);
    p = fma_f64(p, u, -0.008863230871740069);
    p = fma_f64(p, u, 0.02186948822431619);
    p = fma_f64(p, u, -0.05396825395597815);
    p = fma_f64(p, u, 0.13333333333309022);
    p = fma_f64(p, u, -0.33333333333333165);
    return fma_f64(a * u, p, a);
}

/* 0 <= t <= 1; 0.88, 0.94 (1.05, 1.09) ULP; NaN gives NaN.
   arctan(t) */
VECMATH float arctan_unit_f32(float t) {
    float u = t * t;
    float p = -0.0017870844f;
    p = fma_f32(p, u, 0.010885527f);
    p = fma_f32(p, u, -0.031124096f);
    p = fma_f32(p, u, 0.057904214f);
    p = fma_f32(p, u, -0.08400377f);
    p = fma_f32(p, u, 0.10951155f);
    p = fma_f32(p, u, -0.1426405f);
    p = fma_f32(p, u, 0.19998531f);
    p = fma_f32(p, u, -0.333333f);
    return fma_f32(t * u, p, t);
}

VECMATH double arctan_unit_f64(double t) {
    double u = t * t;
    double p = 1.3228880006279931e-05;
    p = fma_f64(p, u, -0.0001522001990542398);
    p = fma_f64(p, u, 0.0008315103224482259);
    p = fma_f64(p, u, -0.0028854738748266074);
    p = fma_f64(p, u, 0.00719762957882011);
    p = fma_f64(p, u, -0.013902226773870055);
    p = fma_f64(p, u, 0.02198671474666852);
    p = fma_f64(p, u, -0.02990545964427169);
    p = fma_f64(p, u, 0.036642983887345965);
    p = fma_f64(p, u, -0.042192352499293345);
    p = fma_f64(p, u, 0.04722345332604107);
    p = fma_f64(p, u, -0.05253525942458375);
    p = fma_f64(p, u, 0.0588052963445228);
    p = fma_f64(p, u, -0.06666404397155772);
    p = fma_f64(p, u, 0.07692279886145562);
    p = fma_f64(p, u, -0.09090907007604855);
    p = fma_f64(p, u, 0.111111110073338);
    p = fma_f64(p, u, -0.14285714282587908);
    p = fma_f64(p, u, 0.19999999999951748);
    p = fma_f64(p, u, -0.3333333333333307);
    return fma_f64(t * u, p, t);
}

/* 0 <= t <= tan(pi/8), or 1e-4 more; arctan(t) to 2^-29.6, 2^-58.2; NaN gives NaN.
   arctan(t) - t */
VECMATH float arctan_eighth_tail_f32(float t) {
    float u = t * t;
    float p = -0.06090037f;
    p = fma_f32(p, u, 0.10599166f);
    p = fma_f32(p, u, -0.14244391f);
    p = fma_f32(p, u, 0.19998528f);
    p = fma_f32(p, u, -0.33333316f);
    return t * u * p;
}

VECMATH double arctan_eighth_tail_f64(double t) {
    double u = t * t;
    double p = -0.01790646962244771;
    p = fma_f64(p, u, 0.03806378409702209);
    p = fma_f64(p, u, -0.050392706040445996);
    p = fma_f64(p, u, 0.05847881120088159);
    p = fma_f64(p, u, -0.0666310287738932);
    p = fma_f64(p, u, 0.07692060113590031);
    p = fma_f64(p, u, -0.09090897752762471);
    p = fma_f64(p, u, 0.11111110783354798);
    p = fma_f64(p, u, -0.14285714280197453);
    p = fma_f64(p, u, 0.1999999999995366);
    p = fma_f64(p, u, -0.333333333333332);
    return t * u * p;
}

/* 0 <= a <= 1; 1.9, 1.5 (1.6, 1.4) ULP; NaN gives NaN.
   a - tanh(a): a times, in two parts, its square times a polynomial in that. */
VECMATH float tanh_shrink_unit_f32(float a) {
    float u = a * a;
    float p = -0.00020570381f;
    p = fma_f32(p, u, 0.0011495082f);
    p = fma_f32(p, u, -0.003527428f);
    p = fma_f32(p, u, 0.008924968f);
    p = fma_f32(p, u, -0.021912947f);
    p = fma_f32(p, u, 0.053978212f);
    p = fma_f32(p, u, -0.13333412f);
    float sum = fma_f32(p, u, 0.33333334f);
    float v = u * sum, v_low = fma_f32(product_low_f32(a, a, u), sum, product_low_f32(u, sum, v));
#if VECMATH_FMA
    return fma_f32(a, v, a * v_low);
#else
    v_low += u * fma_low_f32(p, u, 0.33333334f, sum);
    float b = a * 0x1p32f; /* scaled up, for its low part would be subnormal */
    return product_sum_f32(b, v, b * v_low) * 0x1p-32f;
#endif
}

VECMATH double tanh_shrink_unit_f64(double a) {
    double u = a * a;
    double p = -2.3522290689039743e-08;
    p = fma_f64(p, u, 2.506972428966682e-07);
    p = fma_f64(p, u, -1.3352224964785033e-06);
    p = fma_f64(p, u, 4.896357634365604e-06);
    p = fma_f64(p, u, -1.447991505279903e-05);
    p = fma_f64(p, u, 3.826765073350079e-05);
    p = fma_f64(p, u, -9.637814637044036e-05);
    p = fma_f64(p, u, 0.00023891444908383014);
    p = fma_f64(p, u, -0.0005899637691378464);
    p = fma_f64(p, u, 0.001455820650815447);
    p = fma_f64(p, u, -0.0035921259475033365);
    p = fma_f64(p, u, 0.008863235316327404);
    p = fma_f64(p, u, -0.02186948852253479);
    p = fma_f64(p, u, 0.053968253967776984);
    p = fma_f64(p, u, -0.13333333333332625);
    double sum = fma_f64(p, u, 0.3333333333333333);
    double v = u * sum, v_low = fma_f64(product_low_f64(a, a, u), sum, product_low_f64(u, sum, v));
#if VECMATH_FMA
    return fma_f64(a, v, a * v_low);
#else
    v_low += u * fma_low_f64(p, u, 0.3333333333333333, sum);
    double b = a * 0x1p128; /* scaled up, for its low part would be subnormal */
    return product_sum_f64(b, v, b * v_low) * 0x1p-128;
#endif
}

/* 0 <= u <= pi^2/16; z + z u tail is sin(z), u = z^2; NaN gives NaN. */
VECMATH float sin_quarter_tail_f32(float u) {
    float p = -0.00019518292f;
    p = fma_f32(p, u, 0.008332189f);
    p = fma_f32(p, u, -0.16666655f);
    return p;
}

VECMATH double sin_quarter_tail_f64(double u) {
    double p = 1.5895894766353912e-10;
    p = fma_f64(p, u, -2.5050741408310532e-08);
    p = fma_f64(p, u, 2.7557313576137748e-06);
    p = fma_f64(p, u, -0.00019841269829441128);
    p = fma_f64(p, u, 0.008333333333321901);
    p = fma_f64(p, u, -0.1666666666666663);
    return p;
}

/* 0 <= z <= pi/4; 0.67, 0.65 (0.72, 0.70) ULP; NaN gives NaN.
   sin(z) */
VECMATH float sin_quarter_f32(float z) {
    float u = z * z;
    return fma_f32(z * u, sin_quarter_tail_f32(u), z);
}

VECMATH double sin_quarter_f64(double z) {
    double u = z * z;
    return fma_f64(z * u, sin_quarter_tail_f64(u), z);
}

/* v = a / (a + NORMAL_SHIFT), 0 <= a <= 15 (39.5 for double); tail + low:
   2^-23.9, 2^-53.1 (2^-23.5, 2^-52.6); NaN gives NaN.
   (a + NORMAL_SHIFT) e^(a^2/2) Phi(-a), for v given as v + v_low.

   Without its exponential the tail of the normal distribution decays like 1/a; times a + NORMAL_SHIFT it is smooth and
   within a factor of five of constant, and so a polynomial in v (Shepherd and Laframboise 1981).  A larger shift needs
   a lower degree, but lets the sum cancel more.  The polynomial is in v - centre for the same reason.  In low: the last step's
   rounding error and the effect of v_low; for double also those of the step before and of rounding v - centre. */
#define NORMAL_SHIFT_F32 3.0f
#define NORMAL_SHIFT_F64 4.0
VECMATH float normal_tail_f32(float v, float v_low, float *low) {
    const float centre = 0.508544922f;
    float w = v - centre;
    float p = 0.05073218f;
    p = fma_f32(p, w, 0.06774118f);
    p = fma_f32(p, w, -0.05663852f);
    p = fma_f32(p, w, -0.13514411f);
    p = fma_f32(p, w, 0.057572246f);
    p = fma_f32(p, w, 0.22607222f);
    p = fma_f32(p, w, -0.15780687f);
    p = fma_f32(p, w, -0.3836559f);
    p = fma_f32(p, w, 0.9103064f);
    float slope = fma_f32(p, w, -1.0030234f);
    float tail = fma_f32(slope, w, 0.7204462f);
    *low = fma_f32(fma_f32(p, w, slope), v_low, fma_low_f32(slope, w, 0.7204462f, tail));
    return tail;
}

VECMATH double normal_tail_f64(double v, double v_low, double *low) {
    const double centre = 0.45018482208251953;
    double w = v - centre;
    v_low += (-centre - w) + v;
    double p = -0.005761355517649714;
    p = fma_f64(p, w, -0.0035897014272720977);
    p = fma_f64(p, w, 0.011393945506136734);
    p = fma_f64(p, w, 0.011622638433896916);
    p = fma_f64(p, w, -0.009547469066877035);
    p = fma_f64(p, w, -0.020348481853043797);
    p = fma_f64(p, w, -1.8150991707903074e-05);
    p = fma_f64(p, w, 0.026254982533919658);
    p = fma_f64(p, w, 0.01476478452726166);
    p = fma_f64(p, w, -0.028752629406051795);
    p = fma_f64(p, w, -0.03405245074223665);
    p = fma_f64(p, w, 0.0303617059174262);
    p = fma_f64(p, w, 0.06155279067862595);
    p = fma_f64(p, w, -0.03929125969806075);
    p = fma_f64(p, w, -0.10780813068069428);
    p = fma_f64(p, w, 0.08552475084562287);
    p = fma_f64(p, w, 0.18474380878672667);
    p = fma_f64(p, w, -0.2919030010715201);
    p = fma_f64(p, w, -0.16417214789739934);
    p = fma_f64(p, w, 1.0172701949798122);
    p = fma_f64(p, w, -1.6901222808130976);
    p = fma_f64(p, w, 1.786213063998286);
    double slope = fma_f64(p, w, -1.381669391904634);
    double slope_low = fma_low_f64(p, w, -1.381669391904634, slope);
    double tail = fma_f64(slope, w, 0.819883377855841);
    *low = fma_f64(fma_f64(p, w, slope), v_low, fma_f64(slope_low, w, fma_low_f64(slope, w, 0.819883377855841, tail)));
    return tail;
}

/* ---- Logarithm, error function, sine ---------------------------------------------------------------------------- */

/* -1 < z < 2^127 (2^1023); 0.70, 0.83 (0.80, 0.83) ULP; NaN gives NaN.
   log1p(z + z_low) + octaves * ln 2: octaves is for those whose argument would be too large. */
VECMATH float log1p_f32(float z, float z_low, float octaves) {
    const uint32_t root_half = 0x3f3504f3u, one = 0x3f800000u;
    const float ln2_high = 0.693145752f, ln2_low = 1.42860677e-6f, to_integer = 12582912.0f;
    const uint32_t to_integer_bits = 0x4b400000u;
    float u = 1.0f + z;
    float u_without = u - 1.0f;
    float u_low = ((z - u_without) + (1.0f - (u - u_without))) + z_low;
    uint32_t bits, exponent, n_bits;
    memcpy(&bits, &u, sizeof bits);
    exponent = (bits - root_half + one) >> 23; /* biased; u / 2^n in [sqrt(1/2), sqrt(2)) */
    n_bits = to_integer_bits + exponent - 127u;
    bits -= (exponent << 23) - one;
    float m, per_power, n;
    memcpy(&m, &bits, sizeof m);
    bits = 2u * one - (exponent << 23);
    memcpy(&per_power, &bits, sizeof per_power);
    memcpy(&n, &n_bits, sizeof n);
    n = (n - to_integer) + octaves;

    float r_high = m - 1.0f;
    float r_rest = u_low * per_power;
    float r = r_high + r_rest;
    float p = -0.07608471f;
    p = fma_f32(p, r, 0.12899816f);
    p = fma_f32(p, r, -0.13245848f);
    p = fma_f32(p, r, 0.14182478f);
    p = fma_f32(p, r, -0.16608801f);
    p = fma_f32(p, r, 0.20001955f);
    p = fma_f32(p, r, -0.25001597f);
    p = fma_f32(p, r, 0.33333325f);
    p = fma_f32(p, r, -0.49999988f);
    float total = fma_f32(n, ln2_high, r);
    float total_low = fma_f32(n, ln2_high, -total) + r;
    float rest = fma_f32(n, ln2_low, (r_high - r) + r_rest);
    return total + (total_low + fma_f32(r * r, p, rest));
}

VECMATH double log1p_f64(double z, double z_low, double octaves) {
    const uint64_t root_half = 0x3fe6a09e667f3bcdu, one = 0x3ff0000000000000u;
    const double ln2_high = 0.6931471805598903, ln2_low = 5.497923018708371e-14, to_integer = 6755399441055744.0;
    const uint64_t to_integer_bits = 0x4338000000000000u;
    double u = 1.0 + z;
    double u_without = u - 1.0;
    double u_low = ((z - u_without) + (1.0 - (u - u_without))) + z_low;
    uint64_t bits, exponent, n_bits;
    memcpy(&bits, &u, sizeof bits);
    exponent = (bits - root_half + one) >> 52; /* biased; u / 2^n in [sqrt(1/2), sqrt(2)) */
    n_bits = to_integer_bits + exponent - 1023u;
    bits -= (exponent << 52) - one;
    double m, per_power, n;
    memcpy(&m, &bits, sizeof m);
    bits = 2u * one - (exponent << 52);
    memcpy(&per_power, &bits, sizeof per_power);
    memcpy(&n, &n_bits, sizeof n);
    n = (n - to_integer) + octaves;

    double r_high = m - 1.0;
    double r_rest = u_low * per_power;
    double r = r_high + r_rest;
    double p = 0.026171835715184517;
    p = fma_f64(p, r, -0.060035548450998254);
    p = fma_f64(p, r, 0.06526765283383745);
    p = fma_f64(p, r, -0.05678055800952735);
    p = fma_f64(p, r, 0.05659967292331432);
    p = fma_f64(p, r, -0.061946168229421374);
    p = fma_f64(p, r, 0.06685792795572121);
    p = fma_f64(p, r, -0.07149883488805837);
    p = fma_f64(p, r, 0.07691443214494541);
    p = fma_f64(p, r, -0.08332869470136504);
    p = fma_f64(p, r, 0.090909270886162);
    p = fma_f64(p, r, -0.1000001763926694);
    p = fma_f64(p, r, 0.11111111103165984);
    p = fma_f64(p, r, -0.12499999614135716);
    p = fma_f64(p, r, 0.1428571427970118);
    p = fma_f64(p, r, -0.1666666667118305);
    p = fma_f64(p, r, 0.20000000000082727);
    p = fma_f64(p, r, -0.24999999999976438);
    p = fma_f64(p, r, 0.33333333333333043);
    p = fma_f64(p, r, -0.5000000000000003);
    double total = fma_f64(n, ln2_high, r);
    double total_low = fma_f64(n, ln2_high, -total) + r;
    double rest = fma_f64(n, ln2_low, (r_high - r) + r_rest);
    return total + (total_low + fma_f64(r * r, p, rest));
}

/* 0 <= a <= ERF_SMALL; 0.80, 0.76 (1.06, 0.88) ULP; NaN gives NaN.
   erf(a) */
#define ERF_SMALL 0.9375f
VECMATH float erf_small_f32(float a) {
    float u = a * a;
    float p = 8.000269e-05f;
    p = fma_f32(p, u, -0.0008050383f);
    p = fma_f32(p, u, 0.005192438f);
    p = fma_f32(p, u, -0.026855737f);
    p = fma_f32(p, u, 0.11283626f);
    p = fma_f32(p, u, -0.3761263f);
    p = fma_f32(p, u, 0.12837917f);
    return fma_f32(p, a, a);
}

VECMATH double erf_small_f64(double a) {
    double u = a * a;
    double p = -7.16903726849843e-10;
    p = fma_f64(p, u, 1.3419653922156879e-08);
    p = fma_f64(p, u, -1.6146259357881594e-07);
    p = fma_f64(p, u, 1.6440131966343513e-06);
    p = fma_f64(p, u, -1.4924205271136678e-05);
    p = fma_f64(p, u, 0.00012055269951261245);
    p = fma_f64(p, u, -0.0008548325220882626);
    p = fma_f64(p, u, 0.005223977592834376);
    p = fma_f64(p, u, -0.026866170641651192);
    p = fma_f64(p, u, 0.1128379167093588);
    p = fma_f64(p, u, -0.3761263890318333);
    p = fma_f64(p, u, 0.12837916709551256);
    return fma_f64(p, a, a);
}

/* ERF_SMALL <= a <= 4 (6 for double); its exponential to 2^-28, 2^-57 of 1, logarithm + low; NaN gives NaN.
   log(erfc(a)), between -infinity and 0 also for smaller a >= 0.  In low: the last two steps' rounding errors. */
VECMATH float log_erfc_f32(float a, float *low) {
    float p = 0.00021337297f;
    p = fma_f32(p, a, -0.0032098978f);
    p = fma_f32(p, a, 0.022873688f);
    p = fma_f32(p, a, -0.105236344f);
    p = fma_f32(p, a, -0.6357378f);
    float slope = fma_f32(p, a, -1.1285086f);
    float slope_low = fma_low_f32(p, a, -1.1285086f, slope);
    float logarithm = a * slope;
    *low = fma_f32(a, slope_low, product_low_f32(a, slope, logarithm));
    return logarithm;
}

VECMATH double log_erfc_f64(double a, double *low) {
    double p = 1.684388846579157e-12;
    p = fma_f64(p, a, -7.399441656226479e-11);
    p = fma_f64(p, a, 1.5224727735358989e-09);
    p = fma_f64(p, a, -1.9486240553455818e-08);
    p = fma_f64(p, a, 1.7357783188899794e-07);
    p = fma_f64(p, a, -1.1382577064237599e-06);
    p = fma_f64(p, a, 5.644814263706598e-06);
    p = fma_f64(p, a, -2.1218571656532044e-05);
    p = fma_f64(p, a, 5.8308620569490636e-05);
    p = fma_f64(p, a, -0.00010016933142377897);
    p = fma_f64(p, a, 8.587281248708438e-06);
    p = fma_f64(p, a, 0.0005649612291230907);
    p = fma_f64(p, a, -0.0016830448920304648);
    p = fma_f64(p, a, 0.0002048885847646859);
    p = fma_f64(p, a, 0.019128875836393503);
    p = fma_f64(p, a, -0.10277230364186969);
    p = fma_f64(p, a, -0.6366199092172261);
    double slope = fma_f64(p, a, -1.1283791479294525);
    double slope_low = fma_low_f64(p, a, -1.1283791479294525, slope);
    double logarithm = a * slope;
    *low = fma_f64(a, slope_low, product_low_f64(a, slope, logarithm));
    return logarithm;
}

/* 0 <= a, also infinite; exact; NaN gives NaN.
   r = a - n, n the nearest integer, and sign = (-1)^n: sin(pi a) = sign * sin(pi r).  Infinity counts as an even integer. */
VECMATH float half_turns_f32(float a, float *sign) {
    const float whole = 0x1p23f; /* from here on every number is an integer, from twice that an even one */
    float bounded = a > 2.0f * whole ? 2.0f * whole : a;
    float shift = bounded < whole ? whole : 0.0f;
    float shifted = bounded + shift; /* its last bit tells odd from even */
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 31) | 0x3f800000u;
    memcpy(sign, &bits, sizeof bits);
    return bounded - (shifted - shift);
}

VECMATH double half_turns_f64(double a, double *sign) {
    const double whole = 0x1p52; /* from here on every number is an integer, from twice that an even one */
    double bounded = a > 2.0 * whole ? 2.0 * whole : a;
    double shift = bounded < whole ? whole : 0.0;
    double shifted = bounded + shift; /* its last bit tells odd from even */
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 63) | 0x3ff0000000000000u;
    memcpy(sign, &bits, sizeof bits);
    return bounded - (shifted - shift);
}

/* 0 <= u <= 1/4; 1 + u * tail is sin(pi r) / (pi r), u = r^2, to 2^-27, 2^-61; NaN gives NaN. */
VECMATH float sinc_tail_f32(float u) {
    float p = 0.024718173f;
    p = fma_f32(p, u, -0.190444f);
    p = fma_f32(p, u, 0.8117159f);
    p = fma_f32(p, u, -1.6449333f);
    return p;
}

VECMATH double sinc_tail_f64(double u) {
    double p = 2.4518343285662235e-07;
    p = fma_f64(p, u, -6.972267443639253e-06);
    p = fma_f64(p, u, 0.00014842791662408482);
    p = fma_f64(p, u, -0.0023460809132996095);
    p = fma_f64(p, u, 0.02614784780794348);
    p = fma_f64(p, u, -0.19075182412167535);
    p = fma_f64(p, u, 0.8117424252833462);
    p = fma_f64(p, u, -1.6449340668482264);
    return p;
}

/* 0 <= u <= 1/4; 1.2, 1.3 (1.2, 1.3) ULP; NaN gives NaN.
   The derivative of sin(pi r) / (pi r), over r; u = r^2. */
VECMATH float sinc_slope_f32(float u) {
    float p = -0.021960393f;
    p = fma_f32(p, u, 0.2087378f);
    p = fma_f32(p, u, -1.1444566f);
    p = fma_f32(p, u, 3.2469673f);
    p = fma_f32(p, u, -3.289868f);
    return p;
}

VECMATH double sinc_slope_f64(double u) {
    double p = 3.91960086499412e-06;
    p = fma_f64(p, u, -9.760913720755424e-05);
    p = fma_f64(p, u, 0.001781134213362649);
    p = fma_f64(p, u, -0.023460809018529507);
    p = fma_f64(p, u, 0.20918278245533553);
    p = fma_f64(p, u, -1.1445109447297908);
    p = fma_f64(p, u, 3.246969701133382);
    p = fma_f64(p, u, -3.289868133696453);
    return p;
}

/* 0 <= u <= 1/4; 1 + u * tail is cos(pi r), u = r^2, to 2^-29, 2^-57; NaN gives NaN. */
VECMATH float cos_tail_f32(float u) {
    float p = -0.023963781f;
    p = fma_f32(p, u, 0.23468375f);
    p = fma_f32(p, u, -1.3351616f);
    p = fma_f32(p, u, 4.0587053f);
    p = fma_f32(p, u, -4.934802f);
    return p;
}

VECMATH double cos_tail_f64(double u) {
    double p = 4.147493193582283e-06;
    p = fma_f64(p, u, -0.00010456472376004246);
    p = fma_f64(p, u, 0.0019295556388194016);
    p = fma_f64(p, u, -0.02580688862973126);
    p = fma_f64(p, u, 0.2353306301207713);
    p = fma_f64(p, u, -1.3352627688432088);
    p = fma_f64(p, u, 4.058712126416505);
    p = fma_f64(p, u, -4.934802200544677);
    return p;
}

/* ---- Sine of radians ------------------------------------------------------------------------------------------- */

/* 0 <= u <= pi^2/4; r + r u tail is sin(r), u = r^2, to 2^-27, 2^-61; NaN gives NaN. */
VECMATH float sin_tail_f32(float u) {
    float p = 2.6061027e-06f;
    p = fma_f32(p, u, -0.00019809778f);
    p = fma_f32(p, u, 0.008333069f);
    p = fma_f32(p, u, -0.1666666f);
    return p;
}

VECMATH double sin_tail_f64(double u) {
    double p = 2.7214805147562882e-15;
    p = fma_f64(p, u, -7.643024298493504e-13);
    p = fma_f64(p, u, 1.6058941155385616e-10);
    p = fma_f64(p, u, -2.5052106906688795e-08);
    p = fma_f64(p, u, 2.7557319211585267e-06);
    p = fma_f64(p, u, -0.0001984126984121252);
    p = fma_f64(p, u, 0.008333333333333207);
    p = fma_f64(p, u, -0.16666666666666666);
    return p;
}

/* 0 <= u <= pi^2/16; u + u^2 tail is sin(r)^2, u = r^2, to 2^-30, 2^-56; NaN gives NaN. */
VECMATH float sin_squared_tail_f32(float u) {
    float p = 0.00013456964f;
    p = fma_f32(p, u, -0.0031711087f);
    p = fma_f32(p, u, 0.0444437f);
    p = fma_f32(p, u, -0.33333328f);
    return p;
}

VECMATH double sin_squared_tail_f64(double u) {
    double p = -1.5165593872920528e-09;
    p = fma_f64(p, u, 9.39191674000644e-08);
    p = fma_f64(p, u, -4.2755344528286625e-06);
    p = fma_f64(p, u, 0.0001410934672115612);
    p = fma_f64(p, u, -0.0031746031735033595);
    p = fma_f64(p, u, 0.04444444444436473);
    p = fma_f64(p, u, -0.33333333333333137);
    return p;
}

/* 0 <= u <= pi^2/16; 1 + u * tail is cos(r), u = r^2, to 2^-33, 2^-64; NaN gives NaN. */
VECMATH float cosine_tail_f32(float u) {
    float p = 2.4430668e-05f;
    p = fma_f32(p, u, -0.0013887301f);
    p = fma_f32(p, u, 0.041666646f);
    p = fma_f32(p, u, -0.5f);
    return p;
}

VECMATH double cosine_tail_f64(double u) {
    double p = -1.1359923338840039e-11;
    p = fma_f64(p, u, 2.087572910297829e-09);
    p = fma_f64(p, u, -2.7557314399987103e-07);
    p = fma_f64(p, u, 2.480158728966898e-05);
    p = fma_f64(p, u, -0.0013888888888874472);
    p = fma_f64(p, u, 0.0416666666666666);
    p = fma_f64(p, u, -0.5);
    return p;
}

/* 0 <= a < 2^23 (2^52) pi/2; |a - n pi/2| < 0.8; NaN gives NaN.
   n; parity = (-1)^n; sin(n pi/2 + r + more * pi/2) is +-sin(r) or, n + more odd, +-cos(r), with the sign that sign has; of
   which the other bits mean nothing. */
VECMATH float quarter_turns_f32(float a, uint32_t more, float *parity, float *sign) {
    float shifted = fma_f32(a, 0.636619772f, 0x1p23f); /* 2/pi */
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    uint32_t odd = (bits << 31) | 0x3f800000u, half = (bits + more) << 30;
    memcpy(parity, &odd, sizeof odd);
    memcpy(sign, &half, sizeof half);
    return shifted - 0x1p23f;
}

VECMATH double quarter_turns_f64(double a, uint64_t more, double *parity, double *sign) {
    double shifted = fma_f64(a, 0.6366197723675814, 0x1p52);
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    uint64_t odd = (bits << 63) | 0x3ff0000000000000u, half = (bits + more) << 62;
    memcpy(parity, &odd, sizeof odd);
    memcpy(sign, &half, sizeof half);
    return shifted - 0x1p52;
}

/* Any; exact.   y, its sign changed if just one of a and b is negative. */
VECMATH float with_signs_f32(float y, float a, float b) {
    uint32_t bits, a_bits, b_bits;
    memcpy(&bits, &y, sizeof bits);
    memcpy(&a_bits, &a, sizeof a_bits);
    memcpy(&b_bits, &b, sizeof b_bits);
    bits ^= (a_bits ^ b_bits) & 0x80000000u;
    memcpy(&y, &bits, sizeof y);
    return y;
}

VECMATH double with_signs_f64(double y, double a, double b) {
    uint64_t bits, a_bits, b_bits;
    memcpy(&bits, &y, sizeof bits);
    memcpy(&a_bits, &a, sizeof a_bits);
    memcpy(&b_bits, &b, sizeof b_bits);
    bits ^= (a_bits ^ b_bits) & 0x8000000000000000u;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* n an integer up to 2^13 (2^20), |a - n pi/2| < 0.8; r + low to 2^-49 (2^-120); NaN gives NaN.  For n up to 2^23 (2^52)
   to n 2^-48 (n 2^-139).
   r + low = a - n * pi/2.

   Cody and Waite (1980): the first parts of pi/2 have so few bits that their products with n are exact, and so are then
   the differences.  With FMA the first two are subtracted as one. */
VECMATH float minus_quarters_f32(float a, float n, float *low) {
    const float third = 0x1.444p-24f, fourth = 2.563344e-12f; /* 11 and 24 bits */
#if VECMATH_FMA
    float rest = fma_f32(n, -0x1.921fb4p+0f, a);
#else
    float upper = upper_half_f32(n), lower = n - upper;
    float rest = (a - upper * 0x1.92p+0f) - lower * 0x1.92p+0f; /* 8 bits */
    rest = (rest - upper * 0x1.fb4p-12f) - lower * 0x1.fb4p-12f; /* 11 bits */
#endif
    float r = fma_f32(n, -third, rest);
    *low = fma_f32(n, -fourth, fma_f32(n, -third, rest - r));
    return r;
}

VECMATH double minus_quarters_f64(double a, double n, double *low) {
    const double third = 0x1.1a626331p-54, fourth = 3.5215598651832e-27; /* 33 and 53 bits */
#if VECMATH_FMA
    double rest = fma_f64(n, -0x1.921fb54442d18p+0, a);
#else
    double upper = upper_half_f64(n), lower = n - upper;
    double rest = (a - upper * 0x1.921fb544p+0) - lower * 0x1.921fb544p+0; /* 33 bits */
    rest = (rest - upper * 0x1.0b46p-34) - lower * 0x1.0b46p-34; /* 20 bits */
#endif
    double r = fma_f64(n, -third, rest);
    *low = fma_f64(n, -fourth, fma_f64(n, -third, rest - r));
    return r;
}

/* n >= 0; 1 if all |x[i]| < limit, 0 if not or NaN is among them. */
VECMATH int all_below_f32(const float *x, float limit, ptrdiff_t n) {
    uint32_t beyond = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        beyond |= fabsf(x[i]) < limit ? 0u : 1u;
    return beyond == 0;
}

VECMATH int all_below_f64(const double *x, double limit, ptrdiff_t n) {
    uint64_t beyond = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        beyond |= fabs(x[i]) < limit ? 0u : 1u;
    return beyond == 0;
}

/* The digits of 1/pi, 32 bits a word; the fifth begins with the bit worth 1/2.  (docs/coefficients.py inverse_pi) */
#define INVERSE_PI \
    0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x517cc1b7u, 0x27220a94u, 0xfe13abe8u, 0xfa9a6ee0u, \
    0x6db14accu, 0x9e21c820u, 0xff28b1d5u, 0xef5de2b0u, 0xdb92371du, 0x2126e970u, 0x03249775u, 0x04e8c90eu, \
    0x7f0ef58eu, 0x5894d39fu, 0x74411afau, 0x975da242u, 0x74ce3813u, 0x5a2fbf20u, 0x9cc8eb1cu, 0xc1a99cfau, \
    0x4e422fc5u, 0xdefc941du, 0x8ffc4bffu, 0xef02cc07u, 0xf79788c5u, 0xad05368fu, 0xb69b3f67u, 0x93e584dbu, \
    0xa7a31fb3u, 0x4f2ff516u, 0xba93dd63u, 0xf5f2f8bdu, 0x9e839cfbu, 0xc5294975u, 0x35fdafd8u, 0x8fc6ae84u, \
    0x2b019823u, 0x7e3db5d5u, 0xf867de10u

static const uint32_t INVERSE_PI_F32[] = {INVERSE_PI};
static const uint64_t INVERSE_PI_F64[] = {INVERSE_PI};

/* 2^shift, 0 <= shift < 32.  Not every vector unit shifts each of its numbers by as much as another number says. */
VECMATH uint32_t power_of_two_f32(uint32_t shift) {
    uint32_t power = 1u + (shift & 1u);
    power = shift & 2u ? power << 2 : power;
    power = shift & 4u ? power << 4 : power;
    power = shift & 8u ? power << 8 : power;
    return shift & 16u ? power << 16 : power;
}

VECMATH uint64_t power_of_two_f64(uint64_t shift) {
    uint64_t power = 1u + (shift & 1u);
    power = shift & 2u ? power << 2 : power;
    power = shift & 4u ? power << 4 : power;
    power = shift & 8u ? power << 8 : power;
    return shift & 16u ? power << 16 : power;
}

/* |x| 2^octaves < 2^192 (2^1088); 2^-63 (2^-127), but 2^-75 of smaller x are left out; any number at infinity and NaN.
   |x| * 2^octaves / pi modulo 2: `first` in units of 2^-31, `rest` of what is below.

   |x| is an integer m times 2^e.  2^e / pi modulo 2 is the digits of 1/pi from a certain one on, and m times it is computed
   in integers, modulo 2 (Payne and Hanek 1983). */
VECMATH uint32_t phase_f32(float x, int octaves, uint32_t *rest) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t from = (int32_t)((bits >> 23) & 0xffu) + (octaves - 150 + 127); /* the first bit's place */
    from = from < 0 ? 0 : from;
    uint32_t m = (bits & 0x7fffffu) | 0x800000u;
    const uint32_t *words = INVERSE_PI_F32;
    int32_t word = from >> 5;
    uint64_t power = power_of_two_f32((uint32_t)from & 31u);
    uint64_t v0 = words[word] * power, v1 = words[word + 1] * power, v2 = words[word + 2] * power, v3 = words[word + 3] * power;
    uint32_t w0 = (uint32_t)v0 | (uint32_t)(v1 >> 32), w1 = (uint32_t)v1 | (uint32_t)(v2 >> 32);
    uint32_t w2 = (uint32_t)v2 | (uint32_t)(v3 >> 32);
    uint64_t phase = ((uint64_t)(m * w0) << 32) + (uint64_t)m * w1 + (((uint64_t)m * w2) >> 32);
    *rest = (uint32_t)phase;
    return (uint32_t)(phase >> 32);
}

VECMATH uint64_t phase_f64(double x, int octaves, uint64_t *rest1, uint64_t *rest2, uint64_t *rest3) {
    const uint64_t half = 0xffffffffu;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t exponent = ((bits >> 52) & 0x7ffu) + (uint64_t)octaves;
    uint64_t from = exponent < 948u ? 0u : exponent - 948u; /* the first bit's place: 1075 - 127 */
    uint64_t m0 = bits & half, m1 = ((bits >> 32) & 0xfffffu) | 0x100000u;
    const uint64_t *words = INVERSE_PI_F64;
    uint64_t word = from >> 5;
    uint64_t power = power_of_two_f64(from & 31u);
    uint64_t v0 = words[word] * power, v1 = words[word + 1] * power, v2 = words[word + 2] * power, v3 = words[word + 3] * power;
    uint64_t v4 = words[word + 4] * power, v5 = words[word + 5] * power, v6 = words[word + 6] * power;
    uint64_t t0 = (v0 & half) | (v1 >> 32), t1 = (v1 & half) | (v2 >> 32), t2 = (v2 & half) | (v3 >> 32);
    uint64_t t3 = (v3 & half) | (v4 >> 32), t4 = (v4 & half) | (v5 >> 32), t5 = (v5 & half) | (v6 >> 32);
    uint64_t a1 = m0 * t1, a2 = m0 * t2, a3 = m0 * t3, a4 = m0 * t4;
    uint64_t b2 = m1 * t2, b3 = m1 * t3, b4 = m1 * t4, b5 = m1 * t5;
    uint64_t c3 = (a3 & half) + (a4 >> 32) + (b4 & half) + (b5 >> 32);
    uint64_t c2 = (a2 & half) + (a3 >> 32) + (b3 & half) + (b4 >> 32) + (c3 >> 32);
    uint64_t c1 = (a1 & half) + (a2 >> 32) + (b2 & half) + (b3 >> 32) + (c2 >> 32);
    *rest1 = c1 & half;
    *rest2 = c2 & half;
    *rest3 = c3 & half;
    return (m0 * t0 + (a1 >> 32) + m1 * t1 + (b2 >> 32) + (c1 >> 32)) & half;
}

/* |x| >= 2^-40; r + low to 2^-60 (2^-120); any numbers at infinity and NaN.
   0 <= r <= pi/4 and parity, sign = -1 or 1: sin(|x| + quarters * pi/2) is sign * sin(r + low) where parity is 1, quarters 0 or
   1, and sign * cos(r + low) where it is -1. */
VECMATH float turns_f32(float x, int quarters, float *low, float *parity, float *sign) {
    const float pi = 3.14159274f, pi_low = -8.74227766e-8f;
    uint32_t rest;
    int32_t high = (int32_t)(phase_f32(x, 0, &rest) + ((uint32_t)quarters << 30));
    uint32_t sign_bits = ((uint32_t)high & 0x80000000u) | 0x3f800000u;
    memcpy(sign, &sign_bits, sizeof sign_bits);
    int32_t beyond_half = (int32_t)((uint32_t)high << 1) >> 31; /* then 1 minus it: all bits inverted */
    high = (high ^ beyond_half) & 0x7fffffff;
    rest ^= (uint32_t)beyond_half;
    float first = (float)(high & 0x7fffff00) * 0x1p-31f;
    float second = (float)(int32_t)(((uint32_t)(high & 0xff) << 16) | (rest >> 16)) * 0x1p-47f;
    float third = (float)(int32_t)(rest & 0xffffu) * 0x1p-63f;
    float tail = second + third;
    float turn = first + tail;
    float turn_low = (first - turn) + tail;
    *parity = turn > 0.25f ? -1.0f : 1.0f;
    turn_low = turn_low * *parity;
    turn = turn > 0.25f ? 0.5f - turn : turn;
    float r = turn * pi;
    *low = product_low_f32(turn, pi, r) + fma_f32(turn, pi_low, turn_low * pi);
    return r;
}

VECMATH double turns_f64_piece(uint64_t integer) { /* below 2^52 */
    const uint64_t exponent = 0x4330000000000000u;
    double piece;
    integer |= exponent;
    memcpy(&piece, &integer, sizeof piece);
    return piece - 0x1p52;
}

VECMATH double turns_f64(double x, int quarters, double *low, double *parity, double *sign) {
    const double pi = 3.141592653589793, pi_low = 1.2246467991473532e-16;
    const uint64_t half = 0xffffffffu;
    uint64_t c1, c2, c3;
    uint64_t c0 = phase_f64(x, 0, &c1, &c2, &c3) + ((uint64_t)quarters << 30);
    uint64_t sign_bits = ((c0 << 32) & 0x8000000000000000u) | 0x3ff0000000000000u;
    memcpy(sign, &sign_bits, sizeof sign_bits);
    uint64_t beyond_half = 0u - ((c0 >> 30) & 1u); /* then 1 minus it: all bits inverted */
    double first = turns_f64_piece((c0 ^ beyond_half) & 0x3fffffffu) * 0x1p-31;
    double second = turns_f64_piece((c1 ^ beyond_half) & half) * 0x1p-63;
    double third = turns_f64_piece((c2 ^ beyond_half) & half) * 0x1p-95 + turns_f64_piece((c3 ^ beyond_half) & half) * 0x1p-127;
    double top = first + second;
    double tail = ((first - top) + second) + third;
    double turn = top + tail;
    double turn_low = (top - turn) + tail;
    *parity = turn > 0.25 ? -1.0 : 1.0;
    turn_low = turn_low * *parity;
    turn = turn > 0.25 ? 0.5 - turn : turn;
    double r = turn * pi;
    *low = product_low_f64(turn, pi, r) + fma_f64(turn, pi_low, turn_low * pi);
    return r;
}

/* |x + x_low| 2^octaves < 2^192 (2^1088); 2^-24 (2^-53) of a radian; any number in [-pi/2, pi/2] where that overflows.
   r and sign = -1 or 1, with sin((x + x_low) * 2^octaves) = sign * sin(r). */
VECMATH float sum_turns_f32(float x, float x_low, int octaves, float *sign) {
    uint32_t rest, phase = phase_f32(x, octaves, &rest), phase_low = phase_f32(x_low, octaves, &rest);
    phase = x < 0.0f ? 0u - phase : phase;
    phase += x_low < 0.0f ? 0u - phase_low : phase_low;
    uint32_t bits = ((phase + 0x40000000u) & 0x80000000u) | 0x3f800000u;
    memcpy(sign, &bits, sizeof bits);
    return (float)((int32_t)(phase << 1) >> 1) * 1.46291808e-9f; /* pi 2^-31 */
}

VECMATH double sum_turns_f64(double x, double x_low, int octaves, double *sign) {
    uint64_t c1, c2, c3, phase = phase_f64(x, octaves, &c1, &c2, &c3) << 32 | c1;
    uint64_t phase_low = phase_f64(x_low, octaves, &c1, &c2, &c3) << 32 | c1;
    phase = x < 0.0 ? 0u - phase : phase;
    phase += x_low < 0.0 ? 0u - phase_low : phase_low;
    uint64_t bits = ((phase + 0x4000000000000000u) & 0x8000000000000000u) | 0x3ff0000000000000u;
    memcpy(sign, &bits, sizeof bits);
    uint64_t shifted = (phase + 0x4000000000000000u) & 0x7fffffffffffffffu; /* (r + pi/2) / pi 2^63 */
    double top = turns_f64_piece(shifted >> 32) * 0x1p-31 - 0.5;
    return (top + turns_f64_piece(shifted & 0xffffffffu) * 0x1p-63) * 3.141592653589793;
}

#endif
