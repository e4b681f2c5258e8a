/* Branch-free elementary functions in plain C, written so that a loop over them vectorises.

   Every function exists for float (NAME_f32) and double (NAME_f64), and is written once: families.h is included for each type,
   with REAL, F(name) and so on defined by float32.h or float64.h.  Where the two need different texts the reason stands there,
   in the field `Twice`.  No branch, table (but for INVERSE_PI) or libm call, no double arithmetic in a float function; numbers
   are rounded to integers by adding a large constant, and seen as bits through memcpy.

   The exponential comes in pieces, because that is what keeps the tails right:

       e^(x + x_low) = (scale + scale * q) * 2^-headroom

   - x_low is what was lost when x was computed: without it e^(-a^2/2) would be off by up to 64 ULP.
   - q = e^r - 1 has a smaller error than 1 + q, and expm1 needs q itself.
   - headroom keeps scale a normal number where e^x is subnormal or vanishes (or, negative, where it overflows).
     Whoever divides by 2^headroom does so last, and rounds once.

   A name ending in _low is always the same thing: what has to be added to the number of that name to have it exactly.

   The contract directly above each function has always the same fields:

       Range:   which arguments are valid
       Error:   the largest error, measured: float, double (without FMA float, double).  One ULP is that of the exact result; u is
                half an ULP of 1.
       NaN:     what comes of NaN, and other special values
       Gives:   what it computes
       Twice:   why float and double have a text each; only where they have

   tests/numerics/rows.py says what each function should give, and a test measures the errors declared here.
   Coefficients: coefficients.h, which the build writes from fastact/numerics/coefficients.py.
   Compile with -ffp-contract=off: the errors rely on where each product is rounded. */

#ifndef FASTACT_VECMATH_H
#define FASTACT_VECMATH_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "coefficients.h"
#include "constants.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define VECMATH static __forceinline
#else
#define VECMATH static inline __attribute__((always_inline))
#endif

#if defined(__FMA__) || defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
#define VECMATH_FMA 1
#else
#define VECMATH_FMA 0
#endif

/* A polynomial of coefficients.h at x, a variable, by Horner's rule: fma(fma(..., x, c1), x, c0).  HORNER_FROM leaves out the
   first k coefficients, and gives (polynomial - c0 - c1 x ...) / x^k. */
#define HORNER(polynomial, x) HORNER_FROM(0, polynomial, x)
#define HORNER_FROM(k, polynomial, x) F(HORNER_##polynomial##_##k)(x, F(fma), HORNER_SCALAR)
#define HORNER_SCALAR(coefficient) coefficient
/* Its coefficient of x^k; the number that it is in powers of x less that; another constant of coefficients.h. */
#define COEFFICIENT(k, polynomial) F(COEFFICIENT_##polynomial##_##k)
#define CENTRE(polynomial) F(CENTRE_##polynomial)
#define CONSTANT(name) F(CONSTANT_##name)

#include "float32.h"
#include "families.h"
#include "no_type.h"

#include "float64.h"
#include "families.h"
#include "no_type.h"

#endif
