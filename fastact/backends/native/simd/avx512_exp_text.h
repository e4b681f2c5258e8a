/* What is made of e^x, for float or double: see avx512_exp.h, which says what it gains. */

/* FASTACT_KERNELS
   exponential   float32 x16   forward derivative
   exponential   float64 x8    forward derivative
   sigmoid       float32 x16   forward derivative
   sigmoid       float64 x8    forward derivative
   log_sigmoid   float32 x16   forward derivative
   log_sigmoid   float64 x8    forward derivative
*/

/* Any; 0.53 ULP, subnormal results 0.78; as exp. */
VECTORS VECTOR X(exp)(VECTOR x) {
    VECTOR n, power, q = X(exp_parts)(x, &n, &power);
    return OP(scalef)(OP(fmadd)(power, q, power), n);
}

/* e where x is negative, else 1. */
VECTORS VECTOR X(sigmoid_numerator)(VECTOR x, VECTOR e) { return OP(mask_blend)(NEGATIVE(x), X(all)(1.0f), e); }

/* -|x| */
VECTORS VECTOR X(minus_magnitude)(VECTOR x) { return OP(or)(x, X(all)(-0.0f)); }

VECTORS VECTOR X(exponential_forward)(VECTOR x) { return X(exp)(x); }

VECTORS VECTOR X(exponential_derivative)(VECTOR x) { return X(exp)(x); }

VECTORS VECTOR X(sigmoid_forward)(VECTOR x) {
    VECTOR e = X(exp)(X(minus_magnitude)(x));
    return X(over_one_plus)(X(sigmoid_numerator)(x, e), e);
}

/* t - t^2, t = sigmoid(-|x|), by a division: quicker than over_one_plus, and good enough here. */
VECTORS VECTOR X(sigmoid_derivative)(VECTOR x) {
    VECTOR e = X(exp)(X(minus_magnitude)(x));
    VECTOR t = e / (X(all)(1.0f) + e);
    return OP(fnmadd)(t, t, t);
}

/* min(x, 0) - log1p(t + t_low), t + t_low = e^-|x|, by log1p_tail's polynomial.  t_low counts by three quarters, because the
   slope is between a half and 1. */
VECTORS VECTOR X(log_sigmoid_forward)(VECTOR x) {
    VECTOR n, power, q = X(exp_parts)(X(minus_magnitude)(x), &n, &power), scale = OP(scalef)(power, n);
    VECTOR t = OP(fmadd)(scale, q, scale), t_low = OP(fmadd)(scale, q, scale - t);
    VECTOR w = t - VECTOR_CENTRE(log1p_tail);
    VECTOR p = VECTOR_HORNER(log1p_tail, w);
    VECTOR start = OP(fmadd)(t_low, X(all)(-0.75f), OP(min)(X(all)(0.0f), x));
    return OP(fnmadd)(t * t, p, start) - t;
}

/* sigmoid(-x), by a division. */
VECTORS VECTOR X(log_sigmoid_derivative)(VECTOR x) {
    VECTOR e = X(exp)(X(minus_magnitude)(x));
    return X(sigmoid_numerator)(OP(xor)(x, X(all)(-0.0f)), e) / (X(all)(1.0f) + e);
}
