/* The constants that the formulas share with the functions. */
#ifndef FASTACT_CONSTANTS_H
#define FASTACT_CONSTANTS_H

/* Beyond this x * e^-x rounds to zero, for all x up to 2^23 (2^57).  The headroom makes e^-EXP_FURTHEST * 2^headroom a
   normal number, and leaves room above it for a factor of 2^79 (2^895). */
#define EXP_FURTHEST_F32 120.0f
#define EXP_FURTHEST_F64 785.0
#define HEADROOM_F32 48
#define HEADROOM_F64 128
#define TO_HEADROOM_F32 0x1p48f /* 2^HEADROOM */
#define TO_HEADROOM_F64 0x1p128
#define PER_HEADROOM_F32 0x1p-48f
#define PER_HEADROOM_F64 0x1p-128

/* From this magnitude on a row's largest element is taken from all of them before exp_unit, which would not reduce it exactly. */
#define ROW_PIVOT_F32 1024.0f
#define ROW_PIVOT_F64 2048.0

#define LARGEST_FINITE_F32 FLT_MAX
#define LARGEST_FINITE_F64 DBL_MAX

#define TANH_SMALL CONSTANT_tanh_small_f32 /* up to here tanh_small */
#define ERF_SMALL CONSTANT_erf_small_f32   /* up to here erf_small, from here on log_erfc */

/* What normal_tail adds to a. */
#define NORMAL_SHIFT_F32 CONSTANT_normal_shift_f32
#define NORMAL_SHIFT_F64 CONSTANT_normal_shift_f64

#endif
