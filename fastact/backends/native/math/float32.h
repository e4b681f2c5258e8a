/* What the families' text takes for float: see vecmath.h.  float64.h says the same of double. */
#define REAL float
#define F(name) name##_f32            /* this type's function of that name */
#define R(literal) literal##f         /* a number of this type, where both types take the same */
#define BY_TYPE(f32, f64) f32         /* a constant that is not the same for both */
#define REAL_BITS 32
#define UNSIGNED uint32_t             /* an integer as wide as the number, for its bits */
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define SIGN_BIT 0x80000000u
#define ONE_BITS 0x3f800000u          /* those of 1.0f */
#define TO_INTEGER 12582912.0f        /* 1.5 * 2^23: adding it rounds to an integer, which is left in the low bits */
#define TO_INTEGER_BITS 0x4b400000u
#define HEADROOM HEADROOM_F32
#define FABS fabsf
#define BUILTIN_FMA __builtin_fmaf
#define WHOLE 0x1p23f                 /* from here on every number is an integer, from twice that an even one */
