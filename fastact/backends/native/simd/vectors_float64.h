/* What the kernels' text takes for vectors of doubles: see kernels.h. */
#define VECTOR vector_f64
#define NUMBER double
#define NUMBER_BITS 64
#define MANTISSA_BITS 52
#define V(name) name##_v64   /* the function of that name on these vectors */
#define F(name) name##_f64   /* the table or constant of that name for this type */
#define BY_TYPE(f32, f64) f64
#define OF_TYPE(name, f32, f64) name##f64 /* an intrinsic function's name and its end */
