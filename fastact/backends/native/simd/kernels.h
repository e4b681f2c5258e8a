/* Block kernels: formulas on whole vectors, for the float loops of one instruction set's module.

   A function  VECTOR V(NAME_forward)(VECTOR x, parameters...)  takes the place of the formula of that name in each loop of
   those instruction sets whose header lists it.  NAME_derivative likewise, and either both or neither: value_and_grad has the
   bits of both.  V(operation_NAME) takes the place of an operation's.  The rules of formulas/shared.pxi hold: no branch, NaN
   goes through, what forward and derivative share is computed by one function from the same arguments.  A branch is right only
   for whole vectors that both ways give the same bits.

   There are few, where a formula is not enough.  Each file says what its kernels gain: in ns an element of aligned arrays, one
   thread of a Sapphire Rapids, GCC 12.

   An instruction set's header (avx512.h, avx2.h) lists its kernels under FASTACT_KERNELS: see build/kernels.py.  It defines what
   follows, then includes this file.  The kernels' text is one for all sets, and is included for each type, with VECTOR, V(name)
   and so on defined by vectors_float32.h or vectors_float64.h.  a + b, a - b, a * b, a / b are the compiler's.

   types        vector_f32, vector_f64; memory_f32, memory_f64: the same in memory, of any alignment; INTEGERS: a vector's bits as
                integers, by BITS(x), and back by FROM_BITS.  FASTACT_DOUBLE_KERNELS: 1 if there are kernels of doubles
   numbers      all_v32(number), all_v64(number), ALL for the type in force
   arithmetic   FMA(a, b, c) is a*b + c, FMA_MINUS a*b - c, MINUS_FMA c - a*b, with one rounding
   order        SMALLER(a, b), LARGER(a, b): b if one is NaN or both are zero; LESS(a, b), AT_MOST(a, b): masks, no where one is
                NaN; NOT_LESS(a, b): yes there
   choice       CHOOSE(mask, a, b): a where it says yes, else b; with AVX-512 for nothing, if a is a sum or a product
                NEGATIVE(x): the mask of the sign bits; ANY(mask): whether it says yes anywhere
   bits         AND, OR, XOR of vectors; MAGNITUDE(x): |x|; SHIFT_LEFT, SHIFT_RIGHT of INTEGERS, by a constant;
                SUBTRACT_BITS(i, j): i - j; FROM_INTEGERS(i): these as numbers
   quotients    ESTIMATES: 1 if ESTIMATE(d), 1/d to 2^-14, is an instruction that gives the same bits everywhere; then also
                ROOT_ESTIMATE(d), 1/sqrt(d) to 2^-14
   powers       SCALES: 1 if SCALE(a, n), a*2^n with one rounding, is an instruction.  Then also WITHIN(bound, r): r, its
                magnitude bounded, the bound where it is NaN.  0 if exponents are added as integers, by ADD_BITS
                STEPS: the number of powers in the table of exp_kernels.h, 16 or 8; POWER_OF(table, unit, shifted): for each lane,
                the k-th of them times `unit`, k being the lowest bits of `shifted`
   tables       INTERVALS: in how many a function is divided, 8 or more; INTERVAL(sum, bits): which of them, as INTEGERS, by the
                bits of `sum` that stand before the `bits` lowest; OF_INTERVAL(numbers, interval): each lane's number
                With more than 8 also MAGNITUDE_OR(limit, x): min(|x|, limit), the limit where x is NaN; NAN_FROM(x, y): y, but
                NaN where x is
   memory       fetch_ahead(address)
   the compiler SELDOM(condition); INTERLEAVED: what it is told of a quick loop

   doubles      also without other kernels of doubles: vector_f64, all_v64, and all that is said above of arithmetic, order, choice
                and bits, but SHIFT_RIGHT, SUBTRACT_BITS, FROM_INTEGERS.  Then what quick_rounding.h takes:

   conversion   WIDENED(address): floats as a vector of doubles; NARROW(y, address): stores it, rounded to floats
   rounding     ANY_INFINITE(address): whether one of QUICK_GROUP floats is infinite; ANY_UNSURE(y, others): whether one of as
                many doubles may be unsure, as loops/unsure.h says, or `others`, which is 0 or such an answer
                ALL_BITS(bits): a vector's bits as INTEGERS */
#ifndef FASTACT_KERNELS_H
#define FASTACT_KERNELS_H

/* A polynomial of coefficients.h at x, a variable; the number that it is in powers of x less that; a constant. */
#define VECTOR_HORNER(polynomial, x) F(HORNER_##polynomial##_0)(x, FMA, ALL)
/* The same by two sums side by side, square being x^2: a long one is waited for half as long. */
#define VECTOR_HALVES(polynomial, x, square) FMA(F(ODD_##polynomial)(square, FMA, ALL), x, F(EVEN_##polynomial)(square, FMA, ALL))
#define VECTOR_CENTRE(polynomial) ALL(F(CENTRE_##polynomial))
#define VECTOR_CONSTANT(name) ALL(F(CONSTANT_##name))

/* math/constants.h's, of the type in force. */
#define EXP_FURTHEST BY_TYPE(EXP_FURTHEST_F32, EXP_FURTHEST_F64)
#define TO_HEADROOM BY_TYPE(TO_HEADROOM_F32, TO_HEADROOM_F64)
#define PER_HEADROOM BY_TYPE(PER_HEADROOM_F32, PER_HEADROOM_F64)

#include "vectors_float32.h"
#include "exp_kernels.h"
#include "elu_kernels.h"
#include "intervals.h"
#include "softplus_kernels.h"
#include "tanh_kernels.h"
#include "erf_kernels.h"
#include "gelu_kernels.h"
#include "gate_kernels.h"
#include "logistic_kernels.h"
#include "expm1_kernels.h"
#include "log_kernels.h"
#include "vectors_no_type.h"

#if FASTACT_DOUBLE_KERNELS
#include "vectors_float64.h"
#include "exp_kernels.h"
#include "intervals.h"
#include "softplus_kernels.h"
#include "tanh_kernels.h"
#include "erf_kernels.h"
#include "gelu_kernels.h"
#include "vectors_no_type.h"
#endif

#include "vectors_quick.h"
#include "quick_kernels.h"
#include "quick_rounding.h"
#include "vectors_no_type.h"

#endif
