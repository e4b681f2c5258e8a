/* All functions, for the type in force: see vecmath.h. */
#include "arithmetic.h"
#include "exponential.h"
#include "logarithm.h"
#include "hyperbolic.h"
#include "arctan.h"
#include "normal.h"
#include "sine.h"
#include "reduction.h"
