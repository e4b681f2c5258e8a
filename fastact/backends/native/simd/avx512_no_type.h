/* Takes back what avx512_float32.h or avx512_float64.h has defined. */
#undef VECTOR
#undef NUMBER
#undef X
#undef F
#undef OP
#undef BITS
#undef SHIFT_RIGHT
#undef NEGATIVE
#undef VECTOR_HORNER
#undef VECTOR_CENTRE
