/* What a monitor counts of a call's results, in one pass: functions for each instruction set, stamped from observe_loops.h.

   The engine is built without flags for an instruction set. So each of these functions says its own, and the engine calls those of
   the backend whose results it looks at, which the processor can run. */
#ifndef FASTACT_OBSERVE_H
#define FASTACT_OBSERVE_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

enum { OBSERVED_TILE = 16384 }; /* bytes that stay in the first-level cache for the loops after the first */

/* Below this part of dy a gradient counts as vanished: f' is less than it. */
#define FASTACT_VANISHED 1e-3

typedef struct {
    ptrdiff_t elements, nans, infinities;
    ptrdiff_t zeros, low, high;  /* y = 0; y <= a bound; y >= a bound */
    double mean, deviations;     /* of the finite elements: their mean, and the sum of the squares of what they differ from it */
    ptrdiff_t plain;             /* elements whose sums stand here, until `fastact_settle` adds them to the moments */
    double sum, squares;
    ptrdiff_t gradients, vanished; /* dy is not 0; and |dx| < FASTACT_VANISHED |dy| */
} fastact_observed;

/* Inlined: a call from vector code to a function for any processor costs as much as a tile. */
#if defined(__GNUC__)
#define FASTACT_INLINED static inline __attribute__((always_inline))
#else
#define FASTACT_INLINED static __forceinline
#endif

/* A sum of squares that rounding may have made less than 0; NaN stays. */
FASTACT_INLINED double fastact_not_negative(double squares) { return squares < 0 ? 0 : squares; }

/* Add what was seen of other elements. Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
   Variances (1979). */
FASTACT_INLINED void fastact_add_moments(fastact_observed *all, ptrdiff_t count, double mean, double deviations) {
    double before = (double)(all->elements - all->nans - all->infinities), total = before + count, distance = mean - all->mean;
    if (count == 0) return;
    all->mean = before > 0 ? all->mean + distance * (count / total) : mean;
    all->deviations += deviations + (before > 0 ? distance * distance * (before / total * count) : 0);
}

/* Add to the moments what was only summed. */
FASTACT_INLINED void fastact_settle(fastact_observed *seen) {
    double mean = seen->sum / (seen->plain ? seen->plain : 1);
    ptrdiff_t elements = seen->elements;
    seen->elements -= seen->plain; /* those that the moments are of so far */
    fastact_add_moments(seen, seen->plain, mean, fastact_not_negative(seen->squares - seen->sum * mean));
    seen->elements = elements, seen->plain = 0, seen->sum = seen->squares = 0;
}

static void fastact_add_observed(fastact_observed *all, const fastact_observed *more) {
    fastact_add_moments(all, more->elements - more->nans - more->infinities, more->mean, more->deviations);
    all->elements += more->elements, all->nans += more->nans, all->infinities += more->infinities;
    all->zeros += more->zeros, all->low += more->low, all->high += more->high;
    all->gradients += more->gradients, all->vanished += more->vanished;
}

typedef struct {
    void (*outputs[2])(const void *y, ptrdiff_t n, double low, double high, fastact_observed *seen); /* of float and of double */
    void (*gradients[2])(const void *dy, const void *dx, ptrdiff_t n, fastact_observed *seen);
    void (*derivatives[2])(const void *d, ptrdiff_t n, fastact_observed *seen);
    void (*unite)(void *all, const void *more, ptrdiff_t nbytes); /* all |= more, bit by bit */
} fastact_observers;

#define FASTACT_JOIN_(a, b, c) a##_##b##_##c
#define FASTACT_JOIN(a, b, c) FASTACT_JOIN_(a, b, c)
#define F(name) FASTACT_JOIN(observe, name, SUFFIX)
#define FASTACT_OBSERVERS(set)                                                      \
    static const fastact_observers fastact_observers_##set = {                      \
        {observe_outputs_##set##_float, observe_outputs_##set##_double},            \
        {observe_gradients_##set##_float, observe_gradients_##set##_double},        \
        {observe_derivatives_##set##_float, observe_derivatives_##set##_double},    \
        observe_unite_##set##_float,                                                \
    }

/* ---- any processor: one element is a vector, and sums are of double ------------------------------------------------------ */

#define TARGET
#define LANES 1
#define VECTOR double
#define LOAD(p) ((double)*(p))
#define STORE(p, v) (*(p) = (v))
#define SPREAD(x) (x)
#define ADD(a, b) ((a) + (b))
#define SUBTRACT(a, b) ((a) - (b))
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define SUM(v) (v)
#define LEAST(v) ((REAL)(v))
#define MOST(v) ((REAL)(v))
#define LESSER(a, b) ((a) < (b) ? (a) : (b))
#define GREATER(a, b) ((a) > (b) ? (a) : (b))
#define MAGNITUDE(a) fabs(a)
#define SCALED(a, b) ((double)((REAL)(a) * (REAL)(b)))
#define COUNTER ptrdiff_t
#define NO_COUNT 0
#define TOTAL(c) (c)
#define COUNT_EQUAL(c, a, b) ((c) += (a) == (b))
#define COUNT_LESS(c, a, b) ((c) += (a) < (b))
#define COUNT_AT_MOST(c, a, b) ((c) += (a) <= (b))
#define REAL float
#define SUFFIX any_float
#define UNITED char
#define LOAD_BITS(p) (*(p))
#define UNITE(p, v) (*(p) |= (v))
#include "observe_loops.h"
#define REAL double
#define SUFFIX any_double
#include "observe_loops.h"
#include "observe_end.h"
FASTACT_OBSERVERS(any);

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#if defined(__GNUC__)
#define FASTACT_TARGET(text) __attribute__((target(text)))
#else
#define FASTACT_TARGET(text)
#endif

/* ---- AVX-512 -------------------------------------------------------------------------------------------------------------- */

#define TARGET FASTACT_TARGET("avx512f,avx512dq,fma")
#define UNITED __m512i
#define LOAD_BITS(p) _mm512_loadu_si512(p)
#define UNITE(p, v) _mm512_storeu_si512(p, _mm512_or_si512(_mm512_loadu_si512(p), v))

#define SUFFIX avx512_float
#define REAL float
#define LANES 16
#define VECTOR __m512
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define SPREAD(x) _mm512_set1_ps(x)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUBTRACT(a, b) _mm512_sub_ps(a, b)
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define SUM(v) \
    _mm512_reduce_add_pd( \
        _mm512_add_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(v)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1))))
#define LEAST(v) _mm512_reduce_min_ps(v)
#define MOST(v) _mm512_reduce_max_ps(v)
#define LESSER(a, b) _mm512_min_ps(a, b)
#define GREATER(a, b) _mm512_max_ps(a, b)
#define MAGNITUDE(a) _mm512_abs_ps(a)
#define SCALED(a, b) _mm512_mul_ps(a, b)
#define COUNTER __m512i
#define NO_COUNT _mm512_setzero_si512()
#define TOTAL(c) _mm512_reduce_add_epi32(c)
#define COUNT_EQUAL(c, a, b) ((c) = _mm512_mask_sub_epi32(c, _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ), c, _mm512_set1_epi32(-1)))
#define COUNT_LESS(c, a, b) ((c) = _mm512_mask_sub_epi32(c, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), c, _mm512_set1_epi32(-1)))
#define COUNT_AT_MOST(c, a, b) ((c) = _mm512_mask_sub_epi32(c, _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ), c, _mm512_set1_epi32(-1)))
#include "observe_loops.h"
#include "observe_end.h"

#define TARGET FASTACT_TARGET("avx512f,avx512dq,fma")
#define SUFFIX avx512_double
#define REAL double
#define LANES 8
#define VECTOR __m512d
#define LOAD(p) _mm512_loadu_pd(p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define SPREAD(x) _mm512_set1_pd(x)
#define ADD(a, b) _mm512_add_pd(a, b)
#define SUBTRACT(a, b) _mm512_sub_pd(a, b)
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_pd(a, b, c)
#define SUM(v) _mm512_reduce_add_pd(v)
#define LEAST(v) _mm512_reduce_min_pd(v)
#define MOST(v) _mm512_reduce_max_pd(v)
#define LESSER(a, b) _mm512_min_pd(a, b)
#define GREATER(a, b) _mm512_max_pd(a, b)
#define MAGNITUDE(a) _mm512_abs_pd(a)
#define SCALED(a, b) _mm512_mul_pd(a, b)
#define COUNTER __m512i
#define NO_COUNT _mm512_setzero_si512()
#define TOTAL(c) _mm512_reduce_add_epi64(c)
#define COUNT_EQUAL(c, a, b) ((c) = _mm512_mask_sub_epi64(c, _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ), c, _mm512_set1_epi64(-1)))
#define COUNT_LESS(c, a, b) ((c) = _mm512_mask_sub_epi64(c, _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ), c, _mm512_set1_epi64(-1)))
#define COUNT_AT_MOST(c, a, b) ((c) = _mm512_mask_sub_epi64(c, _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ), c, _mm512_set1_epi64(-1)))
#include "observe_loops.h"
#include "observe_end.h"
FASTACT_OBSERVERS(avx512);

/* ---- AVX2 ----------------------------------------------------------------------------------------------------------------- */

#define TARGET FASTACT_TARGET("avx2,fma")
static TARGET ptrdiff_t fastact_total_of_8(__m256i counter) {
    int32_t lanes[8], total = 0, k;
    _mm256_storeu_si256((__m256i *)lanes, counter);
    for (k = 0; k < 8; k++) total += lanes[k];
    return total;
}
static TARGET ptrdiff_t fastact_total_of_4(__m256i counter) {
    int64_t lanes[4];
    _mm256_storeu_si256((__m256i *)lanes, counter);
    return (ptrdiff_t)(lanes[0] + lanes[1] + lanes[2] + lanes[3]);
}
static TARGET double fastact_sum_of_4(__m256d v) {
    double lanes[4];
    _mm256_storeu_pd(lanes, v);
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}
#define UNITED __m256i
#define LOAD_BITS(p) _mm256_loadu_si256((const __m256i *)(p))
#define UNITE(p, v) _mm256_storeu_si256((__m256i *)(p), _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(p)), v))

#define REDUCED /* by F(least) and F(most) */
#define SUFFIX avx2_float
#define REAL float
#define LANES 8
#define VECTOR __m256
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SPREAD(x) _mm256_set1_ps(x)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUBTRACT(a, b) _mm256_sub_ps(a, b)
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define SUM(v) \
    fastact_sum_of_4(_mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(v)), _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))))
#define LEAST(v) F(least)(v)
#define MOST(v) F(most)(v)
#define LESSER(a, b) _mm256_min_ps(a, b)
#define GREATER(a, b) _mm256_max_ps(a, b)
#define MAGNITUDE(a) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define SCALED(a, b) _mm256_mul_ps(a, b)
#define COUNTER __m256i
#define NO_COUNT _mm256_setzero_si256()
#define TOTAL(c) fastact_total_of_8(c)
#define COUNT_EQUAL(c, a, b) ((c) = _mm256_sub_epi32(c, _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_EQ_OQ))))
#define COUNT_LESS(c, a, b) ((c) = _mm256_sub_epi32(c, _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LT_OQ))))
#define COUNT_AT_MOST(c, a, b) ((c) = _mm256_sub_epi32(c, _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LE_OQ))))
#include "observe_loops.h"
#include "observe_end.h"

#define TARGET FASTACT_TARGET("avx2,fma")
#define SUFFIX avx2_double
#define REAL double
#define LANES 4
#define VECTOR __m256d
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define SPREAD(x) _mm256_set1_pd(x)
#define ADD(a, b) _mm256_add_pd(a, b)
#define SUBTRACT(a, b) _mm256_sub_pd(a, b)
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#define SUM(v) fastact_sum_of_4(v)
#define LEAST(v) F(least)(v)
#define MOST(v) F(most)(v)
#define LESSER(a, b) _mm256_min_pd(a, b)
#define GREATER(a, b) _mm256_max_pd(a, b)
#define MAGNITUDE(a) _mm256_andnot_pd(_mm256_set1_pd(-0.0), a)
#define SCALED(a, b) _mm256_mul_pd(a, b)
#define COUNTER __m256i
#define NO_COUNT _mm256_setzero_si256()
#define TOTAL(c) fastact_total_of_4(c)
#define COUNT_EQUAL(c, a, b) ((c) = _mm256_sub_epi64(c, _mm256_castpd_si256(_mm256_cmp_pd(a, b, _CMP_EQ_OQ))))
#define COUNT_LESS(c, a, b) ((c) = _mm256_sub_epi64(c, _mm256_castpd_si256(_mm256_cmp_pd(a, b, _CMP_LT_OQ))))
#define COUNT_AT_MOST(c, a, b) ((c) = _mm256_sub_epi64(c, _mm256_castpd_si256(_mm256_cmp_pd(a, b, _CMP_LE_OQ))))
#include "observe_loops.h"
#include "observe_end.h"
#undef REDUCED
FASTACT_OBSERVERS(avx2);

#else
#define fastact_observers_avx512 fastact_observers_any
#define fastact_observers_avx2 fastact_observers_any
#endif

#undef F
#endif
