/* What the lanes of a row have found, as one number: sums of LANES doubles in pairs, and the largest of LANES elements.  By
   vectors, where a compiler unrolls loops over halves into scalars: wide ones as long as elements stay where they are, then those
   of 16 bytes, which every instruction set has. */
#ifndef FASTACT_LANES_H
#define FASTACT_LANES_H

#include <stddef.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FASTACT_LANE_VECTORS 1
#include <stdint.h>
typedef double fastact_doubles_8 __attribute__((vector_size(64)));
typedef double fastact_doubles_2 __attribute__((vector_size(16)));
typedef int64_t fastact_longs_2 __attribute__((vector_size(16)));
typedef float fastact_floats_4 __attribute__((vector_size(16)));
typedef int32_t fastact_ints_4 __attribute__((vector_size(16)));
#else
#define FASTACT_LANE_VECTORS 0
#endif

/* ((s0 + s16) + (s8 + s24)) + ..., 32 of them. */
static inline double fastact_sum_of_lanes(const double *s) {
#if FASTACT_LANE_VECTORS
    fastact_doubles_8 v[4];
    fastact_doubles_2 w[4];
    memcpy(v, s, sizeof v);
    v[0] = (v[0] + v[2]) + (v[1] + v[3]);
    memcpy(w, v, sizeof w);
    w[0] = (w[0] + w[2]) + (w[1] + w[3]);
    return w[0][0] + w[0][1];
#else
    double t[32];
    memcpy(t, s, sizeof t);
    for (int half = 16; half; half /= 2)
        for (int i = 0; i < half; i++)
            t[i] += t[half + i];
    return t[0];
#endif
}

/* The first n of 32 lanes, the others filled: a masked load where there is one, for a copy of n elements costs a call, and a vector
   that is read just after it was written in parts waits for them. */
#if defined(__AVX2__)
#define FASTACT_LAST(type, name)                                                                        \
    static inline void fastact_last_##name(type *last, const type *from, ptrdiff_t n, type fill) {      \
        for (int i = 0; i < 32; i++)                                                                    \
            last[i] = i < (int)n ? from[i] : fill;                                                      \
    }                                                                                                   \
    static inline void fastact_put_last_##name(type *to, const type *last, ptrdiff_t n) {               \
        for (int i = 0; i < 32; i++)                                                                    \
            if (i < (int)n) to[i] = last[i];                                                            \
    }
#else
#define FASTACT_LAST(type, name)                                                                        \
    static inline void fastact_last_##name(type *last, const type *from, ptrdiff_t n, type fill) {      \
        for (int i = 0; i < 32; i++)                                                                    \
            last[i] = fill;                                                                             \
        memcpy(last, from, (size_t)n * sizeof(type));                                                   \
    }                                                                                                   \
    static inline void fastact_put_last_##name(type *to, const type *last, ptrdiff_t n) {               \
        memcpy(to, last, (size_t)n * sizeof(type));                                                     \
    }
#endif
FASTACT_LAST(float, f32)
FASTACT_LAST(double, f64)

/* The largest of 32; where one is NaN, anything. */
#if defined(__SSE2__)
static inline float fastact_max_of_lanes_f32(const float *m) {
    __m128 v[8];
    memcpy(v, m, sizeof v);
    for (int half = 4; half; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] = _mm_max_ps(v[i], v[half + i]);
    v[0] = _mm_max_ps(v[0], _mm_movehl_ps(v[0], v[0]));
    return _mm_cvtss_f32(_mm_max_ss(v[0], _mm_shuffle_ps(v[0], v[0], 1)));
}

static inline double fastact_max_of_lanes_f64(const double *m) {
    __m128d v[16];
    memcpy(v, m, sizeof v);
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] = _mm_max_pd(v[i], v[half + i]);
    return _mm_cvtsd_f64(_mm_max_sd(v[0], _mm_unpackhi_pd(v[0], v[0])));
}
#else
#if FASTACT_LANE_VECTORS
static inline fastact_floats_4 fastact_larger_4(fastact_floats_4 a, fastact_floats_4 b) {
    fastact_ints_4 larger = b > a;
    return (fastact_floats_4)(((fastact_ints_4)b & larger) | ((fastact_ints_4)a & ~larger));
}

static inline fastact_doubles_2 fastact_larger_2(fastact_doubles_2 a, fastact_doubles_2 b) {
    fastact_longs_2 larger = b > a;
    return (fastact_doubles_2)(((fastact_longs_2)b & larger) | ((fastact_longs_2)a & ~larger));
}
#endif

static inline float fastact_max_of_lanes_f32(const float *m) {
    float largest;
#if FASTACT_LANE_VECTORS
    fastact_floats_4 v[8];
    memcpy(v, m, sizeof v);
    for (int half = 4; half; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] = fastact_larger_4(v[i], v[half + i]);
    largest = v[0][0];
    for (int i = 1; i < 4; i++)
        largest = v[0][i] > largest ? v[0][i] : largest;
#else
    largest = m[0];
    for (int i = 1; i < 32; i++)
        largest = m[i] > largest ? m[i] : largest;
#endif
    return largest;
}

static inline double fastact_max_of_lanes_f64(const double *m) {
    double largest;
#if FASTACT_LANE_VECTORS
    fastact_doubles_2 v[16];
    memcpy(v, m, sizeof v);
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] = fastact_larger_2(v[i], v[half + i]);
    largest = v[0][1] > v[0][0] ? v[0][1] : v[0][0];
#else
    largest = m[0];
    for (int i = 1; i < 32; i++)
        largest = m[i] > largest ? m[i] : largest;
#endif
    return largest;
}
#endif

/* The largest of 32, and NaN where one is. */
static inline float fastact_maximum_of_lanes_f32(const float *m) {
#if defined(__SSE2__)
    __m128 v[8], any;
    memcpy(v, m, sizeof v);
    any = _mm_or_ps(_mm_or_ps(_mm_cmpunord_ps(v[0], v[1]), _mm_cmpunord_ps(v[2], v[3])),
                    _mm_or_ps(_mm_cmpunord_ps(v[4], v[5]), _mm_cmpunord_ps(v[6], v[7])));
    if (!_mm_movemask_ps(any)) return fastact_max_of_lanes_f32(m);
#endif
    for (int i = 0; i < 32; i++)
        if (m[i] != m[i]) return m[i];
    return fastact_max_of_lanes_f32(m);
}

static inline double fastact_maximum_of_lanes_f64(const double *m) {
#if defined(__SSE2__)
    __m128d v[16], any = _mm_setzero_pd();
    memcpy(v, m, sizeof v);
    for (int i = 0; i < 8; i++)
        any = _mm_or_pd(any, _mm_cmpunord_pd(v[i], v[8 + i]));
    if (!_mm_movemask_pd(any)) return fastact_max_of_lanes_f64(m);
#endif
    for (int i = 0; i < 32; i++)
        if (m[i] != m[i]) return m[i];
    return fastact_max_of_lanes_f64(m);
}

#endif
