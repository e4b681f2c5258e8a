/* Takes back what float32.h or float64.h has defined. */
#undef REAL
#undef F
#undef R
#undef BY_TYPE
#undef REAL_BITS
#undef UNSIGNED
#undef MANTISSA_BITS
#undef EXPONENT_BIAS
#undef SIGN_BIT
#undef ONE_BITS
#undef TO_INTEGER
#undef TO_INTEGER_BITS
#undef HEADROOM
#undef FABS
#undef BUILTIN_FMA
#undef WHOLE
