/* What the headers that end in _text.h take for vectors of 16 floats: see avx512.h. */
#define VECTOR vector_x16
#define NUMBER float
#define X(name) name##_x16          /* the function of that name on these vectors */
#define F(name) name##_f32          /* the table or macro of that name for this type */
#define OP(name) _mm512_##name##_ps /* the operation of that name */
#define BITS(a) _mm512_castps_si512(a)
#define SHIFT_RIGHT _mm512_srli_epi32
#define NEGATIVE(a) _mm512_movepi32_mask(BITS(a))
#define VECTOR_HORNER HORNER_X16
#define VECTOR_CENTRE(polynomial) X(all)(CENTRE_##polynomial##_f32)
