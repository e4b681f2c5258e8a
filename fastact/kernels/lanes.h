/* What the lanes of a row have found, as one number: sums of LANES doubles in pairs, and the largest of LANES elements.  By
   vectors, where a compiler unrolls loops over halves into scalars. */
#ifndef FASTACT_LANES_H
#define FASTACT_LANES_H

#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define FASTACT_LANE_VECTORS 1
#else
#define FASTACT_LANE_VECTORS 0
#endif

#if FASTACT_LANE_VECTORS
#include <stdint.h>
typedef double fastact_doubles __attribute__((vector_size(64)));
typedef int64_t fastact_longs __attribute__((vector_size(64)));
typedef float fastact_floats __attribute__((vector_size(64)));
typedef int32_t fastact_ints __attribute__((vector_size(64)));
#if defined(__clang__)
#define FASTACT_SHUFFLE8(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
#define FASTACT_SHUFFLE16(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
#else
#define FASTACT_SHUFFLE8(v, ...) __builtin_shuffle(v, (fastact_longs){__VA_ARGS__})
#define FASTACT_SHUFFLE16(v, ...) __builtin_shuffle(v, (fastact_ints){__VA_ARGS__})
#endif
#endif

/* ((s0 + s16) + (s8 + s24)) + ..., 32 of them. */
static inline double fastact_sum_of_lanes(const double *s) {
#if FASTACT_LANE_VECTORS
    fastact_doubles v[4];
    memcpy(v, s, sizeof v);
    v[0] = (v[0] + v[2]) + (v[1] + v[3]);
    v[0] += FASTACT_SHUFFLE8(v[0], 4, 5, 6, 7, 0, 1, 2, 3);
    v[0] += FASTACT_SHUFFLE8(v[0], 2, 3, 0, 1, 6, 7, 4, 5);
    v[0] += FASTACT_SHUFFLE8(v[0], 1, 0, 3, 2, 5, 4, 7, 6);
    return v[0][0];
#else
    double t[32];
    memcpy(t, s, sizeof t);
    for (int half = 16; half; half /= 2)
        for (int i = 0; i < half; i++)
            t[i] += t[half + i];
    return t[0];
#endif
}

/* The largest of 32; where one is NaN, anything. */
static inline float fastact_max_of_lanes_f32(const float *m) {
#if FASTACT_LANE_VECTORS
    fastact_floats v[2], other;
    fastact_ints larger;
    memcpy(v, m, sizeof v);
#define FASTACT_LARGER(other_)                                                                                        \
    other = (other_);                                                                                                 \
    larger = other > v[0];                                                                                            \
    v[0] = (fastact_floats)(((fastact_ints)other & larger) | ((fastact_ints)v[0] & ~larger))
    FASTACT_LARGER(v[1]);
    FASTACT_LARGER(FASTACT_SHUFFLE16(v[0], 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    FASTACT_LARGER(FASTACT_SHUFFLE16(v[0], 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    FASTACT_LARGER(FASTACT_SHUFFLE16(v[0], 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    FASTACT_LARGER(FASTACT_SHUFFLE16(v[0], 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
#undef FASTACT_LARGER
    return v[0][0];
#else
    float largest = m[0];
    for (int i = 1; i < 32; i++)
        largest = m[i] > largest ? m[i] : largest;
    return largest;
#endif
}

static inline double fastact_max_of_lanes_f64(const double *m) {
#if FASTACT_LANE_VECTORS
    fastact_doubles v[4], other;
    fastact_longs larger;
    memcpy(v, m, sizeof v);
#define FASTACT_LARGER(into, other_)                                                                                  \
    other = (other_);                                                                                                 \
    larger = other > into;                                                                                            \
    into = (fastact_doubles)(((fastact_longs)other & larger) | ((fastact_longs)into & ~larger))
    FASTACT_LARGER(v[0], v[2]);
    FASTACT_LARGER(v[1], v[3]);
    FASTACT_LARGER(v[0], v[1]);
    FASTACT_LARGER(v[0], FASTACT_SHUFFLE8(v[0], 4, 5, 6, 7, 0, 1, 2, 3));
    FASTACT_LARGER(v[0], FASTACT_SHUFFLE8(v[0], 2, 3, 0, 1, 6, 7, 4, 5));
    FASTACT_LARGER(v[0], FASTACT_SHUFFLE8(v[0], 1, 0, 3, 2, 5, 4, 7, 6));
#undef FASTACT_LARGER
    return v[0][0];
#else
    double largest = m[0];
    for (int i = 1; i < 32; i++)
        largest = m[i] > largest ? m[i] : largest;
    return largest;
#endif
}

#endif
