/* Takes back what vectors_float32.h or vectors_float64.h has defined. */
#undef VECTOR
#undef NUMBER
#undef NUMBER_BITS
#undef MANTISSA_BITS
#undef V
#undef F
#undef BY_TYPE
#undef OF_TYPE
