/* Block kernels: formulas on whole vectors, for the float loops of one instruction set's module.

   A function  VECTOR V(NAME_forward)(VECTOR x, parameters...)  takes the place of the formula of that name in each loop of
   those instruction sets whose header lists it.  NAME_derivative likewise, and either both or neither: value_and_grad has the
   bits of both.  The rules of formulas/shared.pxi hold: no branch, NaN goes through, what forward and derivative share is computed
   by one function from the same arguments.

   There are few, where a formula is not enough.  Each file says what its kernels gain: in ns an element of aligned arrays, one
   thread of a Sapphire Rapids, GCC 12.

   An instruction set's header (avx512.h, avx2.h) lists its kernels under FASTACT_KERNELS: see build/kernels.py.  It defines the
   operations below, then includes this file.  The kernels' text is one for all sets, and is included for each type, with VECTOR,
   V(name) and so on defined by vectors_float32.h or vectors_float64.h.  a + b, a - b, a * b, a / b are the compiler's.

   types        vector_f32, vector_f64; memory_f32, memory_f64: the same in memory, of any alignment; INTEGERS: the bits of a
                vector as integers; MASK: yes or no for each lane
   arithmetic   ALL(number); FMA(a, b, c) is a*b + c, FMA_MINUS a*b - c, MINUS_FMA c - a*b, MINUS_FMA_MINUS -c - a*b, with one rounding
   order        SMALLER(a, b), LARGER(a, b): b if one is NaN or both are zero; LESS(a, b), AT_MOST(a, b): masks, no where one is NaN
   choice       CHOOSE(mask, a, b): a where it says yes, b elsewhere; NEGATIVE(x): a mask, of the sign bit
   bits         AND, OR, XOR of vectors; MAGNITUDE(x): |x|; MAGNITUDE_OR(limit, x): min(|x|, limit), of NaN limit;
                NAN_FROM(x, y): y, but NaN where x is
   quotients    RECIPROCAL(d): 1/d, 2^-22 or better; OVER_ONE_PLUS(numerator, e), one of the functions in exp_kernels.h
   powers       STEPS: so many powers 2^(k/STEPS) a table has; POWER_OF(table, shifted): that for each k in the low bits;
                SCALES: 1 if SCALE(a, n), a*2^n with one rounding, is an instruction, 0 if exponents are added as integers:
                ADD_EXPONENT(a, shifted, bits): the integer `shifted` without its lowest bits is added to a's exponent
   tables       INTERVALS: so many intervals has a function, 0 if there are none; INTERVAL(sum, bits): the interval's number, as
                INTEGERS, after which `bits` follow; OF_INTERVAL(numbers, interval): each lane's number
   memory       fetch_ahead(address) */
#ifndef FASTACT_KERNELS_H
#define FASTACT_KERNELS_H

/* A polynomial of coefficients.h at x, a variable; the number that it is in powers of x less that; a constant. */
#define VECTOR_HORNER(polynomial, x) F(HORNER_##polynomial##_0)(x, FMA, ALL)
#define VECTOR_CENTRE(polynomial) ALL(F(CENTRE_##polynomial))
#define VECTOR_CONSTANT(name) ALL(F(CONSTANT_##name))

#include "vectors_float32.h"
#include "exp_kernels.h"
#include "elu_kernels.h"
#include "intervals.h"
#include "tanh_kernels.h"
#include "erf_kernels.h"
#include "gelu_kernels.h"
#include "vectors_no_type.h"

#if FASTACT_DOUBLE_KERNELS
#include "vectors_float64.h"
#include "exp_kernels.h"
#include "intervals.h"
#include "erf_kernels.h"
#include "vectors_no_type.h"
#endif

#endif
