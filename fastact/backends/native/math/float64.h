/* What the families' text takes for double: see vecmath.h.  float32.h says the same of float. */
#define REAL double
#define F(name) name##_f64            /* this type's function of that name */
#define R(literal) literal            /* a number of this type, where both types take the same */
#define BY_TYPE(f32, f64) f64         /* a constant that is not the same for both */
#define REAL_BITS 64
#define UNSIGNED uint64_t             /* an integer as wide as the number, for its bits */
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define SIGN_BIT 0x8000000000000000u
#define ONE_BITS 0x3ff0000000000000u  /* those of 1.0 */
#define TO_INTEGER 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to an integer, which is left in the low bits */
#define TO_INTEGER_BITS 0x4338000000000000u
#define HEADROOM HEADROOM_F64
#define FABS fabs
#define BUILTIN_FMA __builtin_fma
#define WHOLE 0x1p52                  /* from here on every number is an integer, from twice that an even one */
