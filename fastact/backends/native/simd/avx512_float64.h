/* What the headers that end in _text.h take for vectors of 8 doubles: see avx512.h. */
#define VECTOR vector_x8
#define NUMBER double
#define X(name) name##_x8           /* the function of that name on these vectors */
#define F(name) name##_f64          /* the table or macro of that name for this type */
#define OP(name) _mm512_##name##_pd /* the operation of that name */
#define BITS(a) _mm512_castpd_si512(a)
#define SHIFT_RIGHT _mm512_srli_epi64
#define NEGATIVE(a) _mm512_movepi64_mask(BITS(a))
#define VECTOR_HORNER HORNER_X8
#define VECTOR_CENTRE(polynomial) X(all)(CENTRE_##polynomial##_f64)
