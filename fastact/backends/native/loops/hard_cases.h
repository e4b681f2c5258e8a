/* Results that are to be rounded, of which a few stand in a list: see fastact/functions/careful.py.

   A loop of float64 computes all others, from each of these inputs to the next.  So no formula is compiled twice. */
#ifndef FASTACT_HARD_CASES_H
#define FASTACT_HARD_CASES_H

#include <math.h>
#include <stddef.h>
#include "table.h"

#ifdef _MSC_VER
#define NOT_INLINED __declspec(noinline)
#else
#define NOT_INLINED __attribute__((noinline))
#endif

typedef struct {
    int magnitudes, count, outputs;
    const double *magnitude, *x, *value[2]; /* of each output; NaN where it is no hard case */
} hard_cases;

/* Of doubles, or of floats that are computed in double. */
static inline double number_at(const void *numbers, ptrdiff_t i, int floats) {
    return floats ? (double)((const float *)numbers)[i] : ((const double *)numbers)[i];
}
static inline void put_number(void *numbers, ptrdiff_t i, int floats, double number) {
    if (floats)
        ((float *)numbers)[i] = (float)number;
    else
        ((double *)numbers)[i] = number;
}

/* Which of the cases x is; -1: none. */
static inline int hard_case(const hard_cases *cases, double x) {
    int c = cases->count - 1;
    while (c >= 0 && cases->x[c] != x)
        c--;
    return c;
}

/* Whether some |x| is a case's. */
static inline int some_hard_case(const hard_cases *cases, const void *x, ptrdiff_t start, ptrdiff_t end, int floats) {
    enum { LANES = 32 };
    double of_lane[LANES] = {0}; /* a number, so that SSE2 has vectors for it */
    int some = 0;
    for (; start + LANES <= end; start += LANES)
        for (int c = 0; c < cases->magnitudes; c++)
            for (int k = 0; k < LANES; k++)
                of_lane[k] = fabs(number_at(x, start + k, floats)) == cases->magnitude[c] ? 1 : of_lane[k];
    for (int k = 0; k < LANES; k++)
        some |= of_lane[k] > 0;
    for (; start < end; start++)
        some |= hard_case(cases, number_at(x, start, floats)) >= 0;
    return some != 0;
}

/* The first i from `start` on where x is a hard case; n: there is none. */
static inline ptrdiff_t next_hard_case(const hard_cases *cases, const void *x, ptrdiff_t start, ptrdiff_t n, int floats) {
    enum { TOGETHER = 512 };
    for (ptrdiff_t end; start < n; start = end) {
        end = n - start < TOGETHER ? n : start + TOGETHER;
        if (some_hard_case(cases, x, start, end, floats))
            for (; start < end; start++)
                if (hard_case(cases, number_at(x, start, floats)) >= 0)
                    return start;
    }
    return n;
}

/* What `usual` gives, but the list's value for a hard case, `backward` times in1.  Outputs may be inputs. */
static NOT_INLINED void settle(
    const hard_cases *cases, int floats, int backward, fastact_loop usual,
    const void *in1, const void *in2, void *out1, void *out2, ptrdiff_t n, const void *parameters
) {
    const void *x = backward ? in2 : in1;
    const size_t size = floats ? sizeof(float) : sizeof(double);
    void *out[2] = {out1, out2};
#define FROM(pointer, i) ((pointer) ? (char *)(pointer) + (i) * size : NULL)
#define USUAL(i, many) usual(FROM(in1, i), FROM(in2, i), FROM(out1, i), FROM(out2, i), many, parameters)
    for (ptrdiff_t start = 0, at; start < n; start = at + 1) {
        at = next_hard_case(cases, x, start, n, floats);
        if (at > start)
            USUAL(start, at - start);
        if (at == n)
            return;
        const int c = hard_case(cases, number_at(x, at, floats));
        const double factor = backward ? number_at(in1, at, floats) : 1;
        if (cases->outputs > 1)
            USUAL(at, 1);
        for (int k = 0; k < cases->outputs; k++)
            if (!isnan(cases->value[k][c]))
                put_number(out[k], at, floats, factor * cases->value[k][c]);
    }
#undef USUAL
#undef FROM
}

#endif
