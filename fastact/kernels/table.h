/* What one instruction set hands the engine: its table of loops. Shared by loops.pyx.in, which fills it, and engine.pyx. */
#ifndef FASTACT_TABLE_H
#define FASTACT_TABLE_H

#include <stddef.h>

/* The types that loops compute in; those of 16 bits occur in memory only. */
enum {
    FLOAT32, FLOAT64, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, COMPUTED_TYPES,
    FLOAT16 = COMPUTED_TYPES, BFLOAT16, STORED_TYPES
};

/* a and b are dy and x (or dy and y), or x alone; out2 is the derivative of VALUE_AND_GRAD. Of a gated unit x is the gate, its
   value takes the place of an array parameter, and out1 and out2 of GATED_BACKWARD are the gradients of gate and value. */
enum { FORWARD, BACKWARD, BACKWARD_FROM_OUTPUT, VALUE_AND_GRAD, BACKWARD_BY_PARAMETER, GATED, GATED_BACKWARD, DIRECTIONS };

/* A loop over n contiguous elements. An output is an input itself or apart from all of them, never overlapping in part.
   `parameters` are the activation's parameters in the computed type: one value each, or n values where the parameter is an
   array. */
typedef void (*fastact_loop)(const void *a, const void *b, void *out1, void *out2, ptrdiff_t n, const void *parameters);

/* Ways in and out: between memory with a stride in bytes and n contiguous elements of the computed type. */
typedef void (*fastact_load)(const char *source, ptrdiff_t stride, void *target, ptrdiff_t n);
typedef void (*fastact_store)(const void *source, char *target, ptrdiff_t stride, ptrdiff_t n);
typedef void (*fastact_add)(const void *a, const void *b, void *out, ptrdiff_t n);
typedef void (*fastact_accumulate)(const void *row, double *sums, ptrdiff_t n);

typedef struct {
    const char *name;
    int parameters;
    fastact_loop loops[COMPUTED_TYPES][DIRECTIONS]; /* NULL where there is none */
} fastact_row;

typedef struct {
    const char *flags;    /* what the compiler was told */
    const char *compiler; /* and which it was */
    int activations;
    const fastact_row *rows;
    fastact_load load[STORED_TYPES];           /* the same type, or 16 bits to float32 */
    fastact_load load_as_double[COMPUTED_TYPES]; /* integers to float64 */
    fastact_store store[STORED_TYPES];
    fastact_add add[COMPUTED_TYPES];
    fastact_accumulate accumulate[2]; /* sums += row, for float32 and float64 */
} fastact_table;

#define FASTACT_TABLE_CAPSULE "fastact.kernels.table"

#endif
