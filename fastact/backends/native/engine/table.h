/* What one instruction set hands the engine: its table of loops. Shared by loops.pyx.in, which fills it, and the engines. */
#ifndef FASTACT_TABLE_H
#define FASTACT_TABLE_H

#include <stddef.h>

/* The types that loops compute in; those of 16 bits occur in memory only. */
enum {
    FLOAT32, FLOAT64, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, COMPUTED_TYPES,
    FLOAT16 = COMPUTED_TYPES, BFLOAT16, STORED_TYPES
};

/* The kinds of loops, which functions/kinds.py spells in small letters. a and b are dy and x (or dy and y), or x alone; out2 is
   the derivative of VALUE_AND_GRAD. Of a gated unit x is the gate, its value takes the place of an array parameter, and out1 and
   out2 of GATED_BACKWARD are the gradients of gate and value. */
#define FASTACT_LOOPS(LOOP) \
    LOOP(FORWARD) LOOP(BACKWARD) LOOP(BACKWARD_FROM_OUTPUT) LOOP(VALUE_AND_GRAD) LOOP(BACKWARD_BY_PARAMETER) \
    LOOP(GATED) LOOP(GATED_BACKWARD)
#define FASTACT_NUMBER(name) name,
#define FASTACT_NAME(name) #name,
enum { FASTACT_LOOPS(FASTACT_NUMBER) LOOPS };
#define FASTACT_LOOP_NAMES {FASTACT_LOOPS(FASTACT_NAME)}

/* A loop over n contiguous elements. An output is an input itself or apart from all of them, never overlapping in part.
   `parameters` are the activation's parameters in the computed type: one value each, or n values where the parameter is an
   array. */
typedef void (*fastact_loop)(const void *a, const void *b, void *out1, void *out2, ptrdiff_t n, const void *parameters);

/* Ways in and out: between memory with a stride in bytes and n contiguous elements of the computed type. */
typedef void (*fastact_load)(const char *source, ptrdiff_t stride, void *target, ptrdiff_t n);
typedef void (*fastact_store)(const void *source, char *target, ptrdiff_t stride, ptrdiff_t n);
typedef void (*fastact_add)(const void *a, const void *b, void *out, ptrdiff_t n);
typedef void (*fastact_accumulate)(const void *row, double *sums, ptrdiff_t n);
typedef void (*fastact_stream_out)(const void *source, char *target, ptrdiff_t nbytes); /* a copy past the caches */

typedef struct {
    const char *name;
    int parameters;
    fastact_loop loops[COMPUTED_TYPES][LOOPS]; /* NULL where there is none */
} fastact_row;

/* Functions of whole rows work in steps over panels: blocks of up to ROW_COLUMNS rows ("columns", as in a tile). Either each
   row's elements are contiguous (`along`), and `pitch` elements lie between one row and the next; or the rows' elements at each
   position of the axis are, and `pitch` elements lie between one position and the next. Steps with a pass go over the blocks of
   ROW_BLOCK positions in order; the others are called once in between. What they know of each row is in `state`, of
   table.row_state[type] bytes. */
enum { ROW_COLUMNS = 128, ROW_BLOCK = 1024 };

typedef struct {
    const void *input[4];    /* the block's elements, in the computed type */
    ptrdiff_t pitch[4];
    void *out;
    ptrdiff_t out_pitch;
    int along;
    ptrdiff_t start, length; /* of the block, in positions of the row */
    ptrdiff_t columns;
    ptrdiff_t n;             /* the whole row's length */
    int option;              /* what an empty row gives: EMPTY_... */
    double scale;            /* a factor of the gradient, or the label smoothing */
    const void *weights;     /* per position, in the computed type; or NULL */
    double weights_sum;
    const ptrdiff_t *labels; /* per row; negative: the row is ignored */
    const double *factor;    /* per row: what its gradient is multiplied by */
    double *result;          /* per row: its loss, or logarithm of a sum */
    int again;               /* set by a step: the passes before it have to be repeated */
    void *state;
} fastact_panel;

enum { EMPTY_NAN, EMPTY_ZERO, EMPTY_UNIFORM };

typedef void (*fastact_step)(fastact_panel *panel);

/* tile = mask ? tile : fill, for n elements with a mask of that stride in bytes. */
typedef void (*fastact_select)(const char *mask, ptrdiff_t stride, double fill, void *tile, ptrdiff_t n);
typedef void (*fastact_multiply)(double factor, void *tile, ptrdiff_t n);

/* The steps: row_NAME in rows.pxi.in. */
enum {
    ROW_START, ROW_MAX, ROW_MAXIMUM, ROW_UNIT,
    ROW_EXP, ROW_EXP_SUM, ROW_OTHERS, ROW_OTHERS_SUM,
    ROW_SOFTMAX, ROW_SCALE, ROW_EXP_SCALE,
    ROW_LOG, ROW_SHIFT, ROW_LOGSUMEXP, ROW_TO_RESULT,
    ROW_DOT, ROW_SUM, ROW_TOTAL, ROW_SOFTMAX_GRAD, ROW_LOG_SOFTMAX_GRAD,
    ROW_ABOVE, ROW_THRESHOLD, ROW_SPARSEMAX, ROW_SUPPORT, ROW_MEAN, ROW_SPARSEMAX_GRAD,
    ROW_FIRST,
    ROW_LABELS, ROW_DROP, ROW_CROSS_ENTROPY, ROW_CLASS_GRAD, ROW_EXP_CLASS_GRAD, ROW_LABEL_GRAD,
    ROW_KEEP, ROW_TARGETS, ROW_TARGET_ENTROPY, ROW_TARGET_GRAD, ROW_EXP_TARGET_GRAD,
    ROW_BINARY, ROW_BINARY_GRAD, ROW_BINARY_EACH, ROW_TOTAL_TO_RESULT,
    ROW_SHORT_SOFTMAX, ROW_SHORT_LOG_SOFTMAX,
    ROW_STEPS
};

typedef struct {
    const char *flags;    /* what the compiler was told */
    const char *compiler; /* and which it was */
    int activations;
    const fastact_row *rows;
    fastact_load load[STORED_TYPES];           /* the same type, or 16 bits to float32 */
    fastact_load load_as_double[COMPUTED_TYPES]; /* integers to float64 */
    fastact_store store[STORED_TYPES];
    fastact_add add[COMPUTED_TYPES];
    fastact_stream_out stream;        /* NULL where there is none */
    fastact_accumulate accumulate[2]; /* sums += row, for float32 and float64 */
    fastact_step steps[2][ROW_STEPS]; /* of functions of rows, for float32 and float64, as all that follows */
    ptrdiff_t row_state[2];
    fastact_select select[2];
    fastact_multiply multiply_by[2];
} fastact_table;

#define FASTACT_TABLE_CAPSULE "fastact.backends.native.table"

#endif
