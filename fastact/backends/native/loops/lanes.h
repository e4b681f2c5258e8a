/* Makes one number of a row's lanes: the sum of LANES doubles, added in pairs, or the largest of LANES elements.  It is written
   in vectors, because compilers unroll loops over halves into scalars: in wide vectors while elements keep their places, then in
   those of 16 bytes, which every instruction set has.  What float and double share stands in lanes_text.h. */
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

#if defined(__SSE2__)
/* The largest element of a vector; two texts, as a float's has four and a double's two. */
static inline float fastact_largest_of_vector_f32(__m128 v) {
    v = _mm_max_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_max_ss(v, _mm_shuffle_ps(v, v, 1)));
}

static inline double fastact_largest_of_vector_f64(__m128d v) { return _mm_cvtsd_f64(_mm_max_sd(v, _mm_unpackhi_pd(v, v))); }
#endif

#define NUMBER float
#define F(name) name##_f32
#define PER_VECTOR 4 /* numbers in 16 bytes */
#define VECTOR __m128
#define OP(name) _mm_##name##_ps
#define NUMBERS fastact_floats_4
#define INTEGERS fastact_ints_4
#include "lanes_text.h"
#undef NUMBER
#undef F
#undef PER_VECTOR
#undef VECTOR
#undef OP
#undef NUMBERS
#undef INTEGERS

#define NUMBER double
#define F(name) name##_f64
#define PER_VECTOR 2
#define VECTOR __m128d
#define OP(name) _mm_##name##_pd
#define NUMBERS fastact_doubles_2
#define INTEGERS fastact_longs_2
#include "lanes_text.h"
#undef NUMBER
#undef F
#undef PER_VECTOR
#undef VECTOR
#undef OP
#undef NUMBERS
#undef INTEGERS

#endif
