/* The functions of observe.h for one instruction set and one type, in that set's vector operations. EQUAL, LESS and AT_MOST count
   the lanes of which that is true. `UNITED` is a vector of bits; only a set's first type needs it.

   Sums are of what the elements differ from the first of their tile, so that results that are nearly alike keep their digits.
   They are in the elements' own type, 32 of them in a lane at most, then in double. Where squares overflow or vanish, and where
   there is NaN, the tile is taken again, element by element in double. */

static TARGET ptrdiff_t F(equal)(const REAL *y, ptrdiff_t n, REAL value) {
    ptrdiff_t count = 0, i = 0;
    for (; i + LANES <= n; i += LANES) count += EQUAL(LOAD(y + i), SPREAD(value));
    for (; i < n; i++) count += y[i] == value;
    return count;
}

static TARGET ptrdiff_t F(at_most)(const REAL *y, ptrdiff_t n, REAL value) {
    ptrdiff_t count = 0, i = 0;
    for (; i + LANES <= n; i += LANES) count += AT_MOST(LOAD(y + i), SPREAD(value));
    for (; i < n; i++) count += y[i] <= value;
    return count;
}

static TARGET ptrdiff_t F(at_least)(const REAL *y, ptrdiff_t n, REAL value) {
    ptrdiff_t count = 0, i = 0;
    for (; i + LANES <= n; i += LANES) count += AT_MOST(SPREAD(value), LOAD(y + i));
    for (; i < n; i++) count += value <= y[i];
    return count;
}

/* The least and the greatest element; the sum of y - centre and of its square. NaN shows in the sums alone. */
static TARGET void F(moments)(const REAL *y, ptrdiff_t n, REAL centre, double *sum, double *squares, REAL *least, REAL *most) {
    VECTOR middle = SPREAD(centre), s0 = SPREAD(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    VECTOR low0 = middle, low1 = middle, low2 = middle, low3 = middle, high0 = middle, high1 = middle, high2 = middle, high3 = middle;
    ptrdiff_t i = 0;
    double total = 0, total_squares = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        VECTOR y0 = LOAD(y + i), y1 = LOAD(y + i + LANES), y2 = LOAD(y + i + 2 * LANES), y3 = LOAD(y + i + 3 * LANES), d;
        d = SUBTRACT(y0, middle), s0 = ADD(s0, d), q0 = MULTIPLY_ADD(d, d, q0);
        d = SUBTRACT(y1, middle), s1 = ADD(s1, d), q1 = MULTIPLY_ADD(d, d, q1);
        d = SUBTRACT(y2, middle), s2 = ADD(s2, d), q2 = MULTIPLY_ADD(d, d, q2);
        d = SUBTRACT(y3, middle), s3 = ADD(s3, d), q3 = MULTIPLY_ADD(d, d, q3);
        low0 = LESSER(low0, y0), low1 = LESSER(low1, y1), low2 = LESSER(low2, y2), low3 = LESSER(low3, y3);
        high0 = GREATER(high0, y0), high1 = GREATER(high1, y1), high2 = GREATER(high2, y2), high3 = GREATER(high3, y3);
    }
    {
        VECTOR low = LESSER(LESSER(low0, low1), LESSER(low2, low3)), high = GREATER(GREATER(high0, high1), GREATER(high2, high3));
        ELEMENT sums[LANES], quads[LANES], lows[LANES], highs[LANES];
        int k;
        STORE(sums, ADD(ADD(s0, s1), ADD(s2, s3))), STORE(quads, ADD(ADD(q0, q1), ADD(q2, q3)));
        for (k = 0; k < LANES; k++) total += sums[k], total_squares += quads[k];
        STORE(lows, low), STORE(highs, high);
        *least = (REAL)lows[0], *most = (REAL)highs[0];
        for (k = 1; k < LANES; k++) {
            if (lows[k] < *least) *least = (REAL)lows[k];
            if (highs[k] > *most) *most = (REAL)highs[k];
        }
    }
    for (; i < n; i++) {
        double d = (double)y[i] - centre;
        total += d, total_squares += d * d;
        if (y[i] < *least) *least = y[i];
        if (y[i] > *most) *most = y[i];
    }
    *sum = total, *squares = total_squares;
}

/* A tile of any elements. */
static TARGET void F(one_by_one)(const REAL *y, ptrdiff_t n, REAL low, REAL high, fastact_observed *seen) {
    double centre = 0, sum = 0, squares = 0;
    ptrdiff_t finite = 0, nans = 0, infinities = 0, i;
    for (i = 0; i < n; i++) {
        double value = y[i], d;
        seen->zeros += value == 0, seen->low += y[i] <= low, seen->high += y[i] >= high;
        if (value != value) nans++;
        else if (value - value != 0) infinities++;
        else {
            if (finite++ == 0) centre = value;
            d = value - centre;
            sum += d, squares += d * d;
        }
    }
    if (finite) fastact_add_moments(seen, finite, centre + sum / finite, fastact_not_negative(squares - sum * (sum / finite)));
    seen->elements += n, seen->nans += nans, seen->infinities += infinities;
}

static TARGET void F(outputs)(const void *results, ptrdiff_t n, double low, double high, fastact_observed *seen) {
    const REAL *y = (const REAL *)results;
    REAL low_bound = (REAL)low, high_bound = (REAL)high, least, most;
    double sum, squares;
    if (n == 0) return;
    F(moments)(y, n, y[0], &sum, &squares, &least, &most);
    if (!(squares <= (sizeof(REAL) == 4 ? FLT_MAX : DBL_MAX)) ||
        (least < most && squares < n * (sizeof(REAL) == 4 ? 1e-30 : 1e-290)) || y[0] - y[0] != 0) {
        F(one_by_one)(y, n, low_bound, high_bound, seen);
        return;
    }
    if (least <= low_bound) seen->low += F(at_most)(y, n, low_bound);
    if (most >= high_bound) seen->high += F(at_least)(y, n, high_bound);
    if (least <= 0 && most >= 0) seen->zeros += F(equal)(y, n, 0);
    fastact_add_moments(seen, n, y[0] + sum / n, fastact_not_negative(squares - sum * (sum / n)));
    seen->elements += n;
}

/* How many dy are not 0, and of how many of these dx is less than the limit times dy. NaN is no gradient that has vanished. */
static TARGET void F(gradients)(const void *upper, const void *lower, ptrdiff_t n, fastact_observed *seen) {
    const REAL *dy = (const REAL *)upper, *dx = (const REAL *)lower;
    REAL limit = (REAL)FASTACT_VANISHED;
    VECTOR limits = SPREAD(limit);
    ptrdiff_t zeros = 0, vanished = 0, i = 0;
    for (; i + LANES <= n; i += LANES) {
        VECTOR size = MAGNITUDE(LOAD(dy + i));
        zeros += EQUAL(size, SPREAD(0));
        vanished += LESS(MAGNITUDE(LOAD(dx + i)), SCALED(size, limits));
    }
    for (; i < n; i++) {
        REAL size = (REAL)fabs((double)dy[i]), bound = size * limit;
        zeros += size == 0;
        vanished += fabs((double)dx[i]) < bound;
    }
    seen->gradients += n - zeros, seen->vanished += vanished;
}

/* The same of derivatives: of gradients where dy is 1. */
static TARGET void F(derivatives)(const void *values, ptrdiff_t n, fastact_observed *seen) {
    const REAL *d = (const REAL *)values;
    REAL limit = (REAL)FASTACT_VANISHED;
    ptrdiff_t vanished = 0, i = 0;
    for (; i + LANES <= n; i += LANES) vanished += LESS(MAGNITUDE(LOAD(d + i)), SPREAD(limit));
    for (; i < n; i++) vanished += fabs((double)d[i]) < limit;
    seen->gradients += n, seen->vanished += vanished;
}

#ifdef UNITED
static TARGET void F(unite)(void *all, const void *more, ptrdiff_t nbytes) {
    char *target = (char *)all;
    const char *source = (const char *)more;
    ptrdiff_t i = 0;
    for (; i + (ptrdiff_t)sizeof(UNITED) <= nbytes; i += sizeof(UNITED)) UNITE(target + i, LOAD_BITS(source + i));
    for (; i < nbytes; i++) target[i] |= source[i];
}
#undef UNITED
#undef LOAD_BITS
#undef UNITE
#endif
#undef REAL
#undef SUFFIX
