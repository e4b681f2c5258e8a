/* What lanes.h has for float and for double. */

/* Reads n elements into the first of 32 lanes, and fills the others.  By a masked load where there is one: a copy of n elements
   costs a call, and a vector that is read just after it was written in parts waits for them. */
static inline void F(fastact_last)(NUMBER *last, const NUMBER *from, ptrdiff_t n, NUMBER fill) {
#if defined(__AVX2__)
    for (int i = 0; i < 32; i++)
        last[i] = i < (int)n ? from[i] : fill;
#else
    for (int i = 0; i < 32; i++)
        last[i] = fill;
    memcpy(last, from, (size_t)n * sizeof(NUMBER));
#endif
}

/* Writes the first n of 32 lanes. */
static inline void F(fastact_put_last)(NUMBER *to, const NUMBER *last, ptrdiff_t n) {
#if defined(__AVX2__)
    for (int i = 0; i < 32; i++)
        if (i < (int)n) to[i] = last[i];
#else
    memcpy(to, last, (size_t)n * sizeof(NUMBER));
#endif
}

#if FASTACT_LANE_VECTORS && !defined(__SSE2__)
/* Each lane's larger. */
static inline NUMBERS F(fastact_larger)(NUMBERS a, NUMBERS b) {
    INTEGERS larger = b > a;
    return (NUMBERS)(((INTEGERS)b & larger) | ((INTEGERS)a & ~larger));
}
#endif

/* The largest of 32; where one is NaN, anything. */
static inline NUMBER F(fastact_max_of_lanes)(const NUMBER *m) {
#if defined(__SSE2__)
    VECTOR v[32 / PER_VECTOR];
    memcpy(v, m, sizeof v);
    for (int half = 16 / PER_VECTOR; half; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] = OP(max)(v[i], v[half + i]);
    return F(fastact_largest_of_vector)(v[0]);
#else
    NUMBER largest;
#if FASTACT_LANE_VECTORS
    NUMBERS v[32 / PER_VECTOR];
    memcpy(v, m, sizeof v);
    for (int half = 16 / PER_VECTOR; half; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] = F(fastact_larger)(v[i], v[half + i]);
    largest = v[0][0];
    for (int i = 1; i < PER_VECTOR; i++)
        largest = v[0][i] > largest ? v[0][i] : largest;
#else
    largest = m[0];
    for (int i = 1; i < 32; i++)
        largest = m[i] > largest ? m[i] : largest;
#endif
    return largest;
#endif
}

/* The largest of 32, and NaN where one is. */
static inline NUMBER F(fastact_maximum_of_lanes)(const NUMBER *m) {
#if defined(__SSE2__)
    VECTOR v[32 / PER_VECTOR], any = OP(setzero)();
    memcpy(v, m, sizeof v);
    for (int i = 0; i < 16 / PER_VECTOR; i++)
        any = OP(or)(any, OP(cmpunord)(v[i], v[16 / PER_VECTOR + i]));
    if (!OP(movemask)(any)) return F(fastact_max_of_lanes)(m);
#endif
    for (int i = 0; i < 32; i++)
        if (m[i] != m[i]) return m[i];
    return F(fastact_max_of_lanes)(m);
}
