/* What the kernels' text takes for vectors of floats: see kernels.h.  vectors_float64.h says the same of doubles. */
#define VECTOR vector_f32
#define NUMBER float
#define NUMBER_BITS 32
#define MANTISSA_BITS 23
#define V(name) name##_v32   /* the function of that name on these vectors */
#define F(name) name##_f32   /* the table or constant of that name for this type */
#define BY_TYPE(f32, f64) f32
#define OF_TYPE(name, f32, f64) name##f32 /* an intrinsic function's name and its end */
