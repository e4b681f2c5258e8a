/* Functions by intervals, for float or double: see avx512_intervals.h. */

/* Each lane's number, of those that every interval has one of. */
VECTORS VECTOR X(of_interval)(const NUMBER *numbers, __m512i interval) {
    return OP(permutex2var)(OP(load)(numbers), interval, OP(load)(numbers + sizeof(VECTOR) / sizeof(NUMBER)));
}

/* The leading bits of the sum, where `bits` is what follows them; only the five (four) lowest of these count. */
VECTORS __m512i X(interval)(VECTOR a, NUMBER scale, NUMBER offset, int bits) {
    return SHIFT_RIGHT(BITS(OP(fmadd)(a, X(all)(scale), X(all)(offset))), bits);
}

/* d + d * p(d): the function, but for the interval's value. */
VECTORS VECTOR X(beyond_value)(const F(intervals) table, __m512i interval, VECTOR d) {
    VECTOR p = X(of_interval)(table[COEFFICIENTS + F(DEGREE)], interval);
    for (int k = F(DEGREE) - 1; k >= 0; k--)
        p = OP(fmadd)(p, d, X(of_interval)(table[COEFFICIENTS + k], interval));
    return OP(fmadd)(p, d, d);
}

/* min(|x|, limit); NaN for NaN. */
VECTORS VECTOR X(magnitude_up_to)(VECTOR x, NUMBER limit) { return OP(min)(X(all)(limit), OP(abs)(x)); }

/* y with the sign of x, for y >= 0. */
VECTORS VECTOR X(with_sign)(VECTOR y, VECTOR x) { return OP(or)(y, OP(and)(x, X(all)(-0.0f))); }

/* An odd function; |x| is bounded where the function has rounded to its limit. */
VECTORS VECTOR X(odd_by_intervals)(const F(intervals) table, VECTOR x, NUMBER furthest, NUMBER scale, NUMBER offset, int bits) {
    VECTOR a = X(magnitude_up_to)(x, furthest);
    __m512i interval = X(interval)(a, scale, offset, bits);
    VECTOR rest = X(beyond_value)(table, interval, a - X(of_interval)(table[CENTRE], interval));
    return X(with_sign)(X(of_interval)(table[VALUE], interval) + rest, x);
}
