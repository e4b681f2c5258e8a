/* What the text of quick kernels takes for vectors of doubles: see quick_kernels.h. */
#define VECTOR vector_f64
#define NUMBER double
#define NUMBER_BITS 64
#define MANTISSA_BITS 52
#define V(name) name##_quick /* the function of that name on these vectors */
#define F(name) name##_f64   /* the table or constant of that name for this type */
#define BY_TYPE(f32, f64) f64
#define OF_TYPE(name, f32, f64) name##f64 /* an intrinsic function's name and its end */
/* What is no quicker. */
#define all_quick all_v64
#define power_of_quick power_of_v64
#define interval_quick interval_v64
#define of_polynomial_quick of_polynomial_v64
