/* The functions of observe.h for one instruction set and one type, in that set's vector operations. COUNT_EQUAL, COUNT_LESS and
   COUNT_AT_MOST add to a counter the lanes of which that is true; TOTAL adds its own lanes up. `UNITED` is a vector of bits; only a set's first type needs it.

   Sums are in the elements' own type, 256 of them in a lane at most, then in double. Where the elements are nearly alike, a second
   loop sums what they differ from their mean. Where squares overflow or vanish, and where there is NaN, the tile is taken again,
   element by element in double. */

static TARGET ptrdiff_t F(equal)(const REAL *y, ptrdiff_t n, REAL value) {
    COUNTER count = NO_COUNT;
    ptrdiff_t more = 0, i = 0;
    for (; i + LANES <= n; i += LANES) COUNT_EQUAL(count, LOAD(y + i), SPREAD(value));
    for (; i < n; i++) more += y[i] == value;
    return more + TOTAL(count);
}

static TARGET ptrdiff_t F(at_most)(const REAL *y, ptrdiff_t n, REAL value) {
    COUNTER count = NO_COUNT;
    ptrdiff_t more = 0, i = 0;
    for (; i + LANES <= n; i += LANES) COUNT_AT_MOST(count, LOAD(y + i), SPREAD(value));
    for (; i < n; i++) more += y[i] <= value;
    return more + TOTAL(count);
}

static TARGET ptrdiff_t F(at_least)(const REAL *y, ptrdiff_t n, REAL value) {
    COUNTER count = NO_COUNT;
    ptrdiff_t more = 0, i = 0;
    for (; i + LANES <= n; i += LANES) COUNT_AT_MOST(count, SPREAD(value), LOAD(y + i));
    for (; i < n; i++) more += value <= y[i];
    return more + TOTAL(count);
}

#ifdef REDUCED
static TARGET REAL F(least)(VECTOR v) {
    REAL lanes[LANES], found;
    int k;
    STORE(lanes, v), found = lanes[0];
    for (k = 1; k < LANES; k++) found = lanes[k] < found ? lanes[k] : found;
    return found;
}
static TARGET REAL F(most)(VECTOR v) {
    REAL lanes[LANES], found;
    int k;
    STORE(lanes, v), found = lanes[0];
    for (k = 1; k < LANES; k++) found = lanes[k] > found ? lanes[k] : found;
    return found;
}
#endif

/* The least and the greatest element; the sum of all and of their squares. NaN shows in the sums alone. */
static TARGET void F(moments)(const REAL *y, ptrdiff_t n, double *sum, double *squares, REAL *least, REAL *most) {
    VECTOR s0 = SPREAD(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    VECTOR low0 = SPREAD(y[0]), low1 = low0, low2 = low0, low3 = low0, high0 = low0, high1 = low0, high2 = low0, high3 = low0;
    double total, total_squares;
    ptrdiff_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        VECTOR y0 = LOAD(y + i), y1 = LOAD(y + i + LANES), y2 = LOAD(y + i + 2 * LANES), y3 = LOAD(y + i + 3 * LANES);
        s0 = ADD(s0, y0), q0 = MULTIPLY_ADD(y0, y0, q0), low0 = LESSER(low0, y0), high0 = GREATER(high0, y0);
        s1 = ADD(s1, y1), q1 = MULTIPLY_ADD(y1, y1, q1), low1 = LESSER(low1, y1), high1 = GREATER(high1, y1);
        s2 = ADD(s2, y2), q2 = MULTIPLY_ADD(y2, y2, q2), low2 = LESSER(low2, y2), high2 = GREATER(high2, y2);
        s3 = ADD(s3, y3), q3 = MULTIPLY_ADD(y3, y3, q3), low3 = LESSER(low3, y3), high3 = GREATER(high3, y3);
    }
    total = SUM(ADD(ADD(s0, s1), ADD(s2, s3))), total_squares = SUM(ADD(ADD(q0, q1), ADD(q2, q3)));
    *least = LEAST(LESSER(LESSER(low0, low1), LESSER(low2, low3)));
    *most = MOST(GREATER(GREATER(high0, high1), GREATER(high2, high3)));
    for (; i < n; i++) {
        double value = y[i];
        total += value, total_squares += value * value;
        if (y[i] < *least) *least = y[i];
        if (y[i] > *most) *most = y[i];
    }
    *sum = total, *squares = total_squares;
}

/* The sum of y - centre, and of its square: numbers that are nearly alike keep their digits. */
static TARGET void F(differences)(const REAL *y, ptrdiff_t n, REAL centre, double *sum, double *squares) {
    VECTOR middle = SPREAD(centre), s0 = SPREAD(0), s1 = s0, q0 = s0, q1 = s0;
    double total, total_squares;
    ptrdiff_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        VECTOR d0 = SUBTRACT(LOAD(y + i), middle), d1 = SUBTRACT(LOAD(y + i + LANES), middle);
        s0 = ADD(s0, d0), q0 = MULTIPLY_ADD(d0, d0, q0);
        s1 = ADD(s1, d1), q1 = MULTIPLY_ADD(d1, d1, q1);
    }
    total = SUM(ADD(s0, s1)), total_squares = SUM(ADD(q0, q1));
    for (; i < n; i++) {
        double d = (double)y[i] - centre;
        total += d, total_squares += d * d;
    }
    *sum = total, *squares = total_squares;
}

/* A tile of any elements. */
static TARGET void F(one_by_one)(const REAL *y, ptrdiff_t n, REAL low, REAL high, fastact_observed *seen) {
    double centre = 0, sum = 0, squares = 0;
    ptrdiff_t finite = 0, nans = 0, infinities = 0, i;
    fastact_settle(seen);
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
    ptrdiff_t zeros = 0;
    double sum, squares, mean, deviations, largest = sizeof(REAL) == 4 ? FLT_MAX : DBL_MAX;
    if (n == 0) return;
    F(moments)(y, n, &sum, &squares, &least, &most);
    if (!(squares <= largest) || (least < most && squares < n * (sizeof(REAL) == 4 ? 1e-30 : 1e-290))) {
        F(one_by_one)(y, n, low_bound, high_bound, seen);
        return;
    }
    if (least <= 0 && most >= 0) zeros = F(equal)(y, n, 0);
    if (least <= low_bound) seen->low += least == 0 && low_bound == 0 ? zeros : F(at_most)(y, n, low_bound);
    if (most >= high_bound) seen->high += F(at_least)(y, n, high_bound);
    seen->zeros += zeros;
    if (n * squares - sum * sum >= n * squares * 0.01) {
        seen->sum += sum, seen->squares += squares, seen->plain += n;
    } else {
        fastact_settle(seen);
        if (least < most) {
            mean = (REAL)(sum / n);
            F(differences)(y, n, (REAL)mean, &sum, &squares);
            mean += sum / n, deviations = fastact_not_negative(squares - sum * (sum / n));
        } else {
            mean = least, deviations = 0;
        }
        fastact_add_moments(seen, n, mean, deviations);
    }
    seen->elements += n;
}

/* How many dy are not 0, and of how many of these dx is less than the limit times dy. NaN is no gradient that has vanished. */
static TARGET void F(gradients)(const void *upper, const void *lower, ptrdiff_t n, fastact_observed *seen) {
    const REAL *dy = (const REAL *)upper, *dx = (const REAL *)lower;
    REAL limit = (REAL)FASTACT_VANISHED;
    COUNTER zeros = NO_COUNT, vanished = NO_COUNT;
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        VECTOR size = MAGNITUDE(LOAD(dy + i));
        COUNT_EQUAL(zeros, size, SPREAD(0));
        COUNT_LESS(vanished, MAGNITUDE(LOAD(dx + i)), SCALED(size, SPREAD(limit)));
    }
    seen->gradients += n - TOTAL(zeros), seen->vanished += TOTAL(vanished);
    for (; i < n; i++) {
        REAL size = (REAL)fabs((double)dy[i]), bound = size * limit;
        seen->gradients -= size == 0;
        seen->vanished += fabs((double)dx[i]) < bound;
    }
}

/* The same of derivatives: of gradients where dy is 1. */
static TARGET void F(derivatives)(const void *values, ptrdiff_t n, fastact_observed *seen) {
    const REAL *d = (const REAL *)values;
    REAL limit = (REAL)FASTACT_VANISHED;
    COUNTER vanished = NO_COUNT;
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) COUNT_LESS(vanished, MAGNITUDE(LOAD(d + i)), SPREAD(limit));
    seen->gradients += n, seen->vanished += TOTAL(vanished);
    for (; i < n; i++) seen->vanished += fabs((double)d[i]) < limit;
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
