/* What one instruction set hands the engine: its table of loops. Shared by loops.pyx.in, which fills it, and the engines. */
#ifndef FASTACT_TABLE_H
#define FASTACT_TABLE_H

#include <stddef.h>

/* The computed types, then the 16-bit types, which are only stored. */
enum {
    FLOAT32, FLOAT64, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, COMPUTED_TYPES,
    FLOAT16 = COMPUTED_TYPES, BFLOAT16, STORED_TYPES
};

/* The kinds of loops; functions/kinds.py spells them in small letters. Their inputs a and b are dy and x, dy and y, or x alone.
   VALUE_AND_GRAD writes the derivative to out2. For a gated unit x is the gate, and its value takes the place of an array
   parameter; GATED_BACKWARD writes the gradients of gate and value to out1 and out2. */
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
typedef void (*fastact_accumulate)(const void *values, double *sums, ptrdiff_t n); /* sums += values */
typedef ptrdiff_t (*fastact_find)(const double *values, ptrdiff_t n, ptrdiff_t *places); /* how many, and which */
typedef void (*fastact_stream_out)(const void *source, char *target, ptrdiff_t nbytes); /* a copy past the caches */

typedef struct {
    const char *name;
    int parameters;
    fastact_loop loops[COMPUTED_TYPES][LOOPS]; /* NULL where there is none */
    fastact_loop same_text[LOOPS];             /* float64 without block kernels: the same bits on all processors with FMA */
    fastact_loop quick[LOOPS]; /* float32, with the results of same_text, rounded; parameters are doubles; or NULL */
} fastact_activation;

/* A primitive operation of one, two or three operands. They are the loop's a and b and, as an array, its `parameters`; the result
   is out1. */
typedef struct {
    const char *name;
    int arity;
    fastact_loop loops[2]; /* for float32 and float64 */
} fastact_operation;

/* ---- Functions of rows ---------------------------------------------------------------------------------------------------

   A function of rows is a program: passes over the segments of a panel, and what happens in between. Both are made of steps.
   build/steps.py describes them, formulas/rows.py lists the functions.

   A panel is up to PANEL_ROWS rows. Either the elements of each row are contiguous (`along`), and it is `pitch` elements from one
   row to the next. Or the rows' elements at each position are, and it is `pitch` elements from one position to the next. */
enum { PANEL_ROWS = 128, SEGMENT = 1024, MAX_INPUTS = 4 };

/* What an empty row gives, one whose elements are all masked. */
enum { EMPTY_NAN, EMPTY_ZERO, EMPTY_UNIFORM };

typedef struct {
    const void *input[MAX_INPUTS]; /* the segment's elements, in the computed type */
    ptrdiff_t pitch[MAX_INPUTS];
    void *out;
    ptrdiff_t out_pitch;
    int along;
    ptrdiff_t start, length; /* of the segment, in positions */
    ptrdiff_t rows;
    ptrdiff_t n;             /* the whole row's length */
    int empty;               /* EMPTY_... */
    double scale;            /* what the gradient is multiplied by */
    const void *weights;     /* per position, in the computed type; or NULL */
    const double *label_weights; /* per position, for labels; or NULL */
    double weights_sum;
    const ptrdiff_t *labels; /* per row; negative: the row is ignored */
    const double *factor;    /* per row: what its gradient is multiplied by; or NULL */
    double *result;          /* per row: its loss, or logarithm of a sum */
    int again;               /* a step asks for a pass: see fastact_pass */
    void *state;             /* what is known of the rows: table.row_state bytes, first filled in by table.start_rows */
    double smoothing;        /* of the labels */
} fastact_panel;

typedef void (*fastact_step)(fastact_panel *panel);

/* What a pass stores: nothing, exponentials for a later pass, or the result. */
enum { NO_OUTPUT, POWERS, RESULT };

enum { MAX_PASSES = 4, MAX_STEPS = 3 };

/* As `Pass` in build/steps.py. */
typedef struct {
    int inputs, output;
    int reads_powers;                  /* its first input is what the pass before stored */
    int repeats;                       /* as long as panel.again is set */
    int on_demand;                     /* only if it is set */
    fastact_step steps[MAX_STEPS + 1]; /* for each segment; NULL after the last */
    fastact_step then[MAX_STEPS + 1];  /* after the last segment */
} fastact_pass;

typedef struct {
    int count;
    fastact_pass each[MAX_PASSES];
} fastact_passes;

/* As `Program`. */
typedef struct {
    int inputs;
    int stores;      /* it has a result for every element */
    int logits;      /* the first input becomes scale*x + mask */
    double left_out; /* the result where a mask leaves an element out */
    fastact_passes passes, without_room, short_rows; /* the last two may be left to `passes` */
} fastact_program;

/* The programs in float32 and float64; no inputs where there is none. */
typedef struct {
    const char *name;
    fastact_program forward[2], gradient[2];
} fastact_row_function;

/* tile = mask ? tile : fill, for n elements with a mask of that stride in bytes. */
typedef void (*fastact_select)(const char *mask, ptrdiff_t stride, double fill, void *tile, ptrdiff_t n);
typedef void (*fastact_multiply)(double factor, void *tile, ptrdiff_t n);

typedef struct {
    const char *flags;    /* what the compiler was told */
    const char *compiler; /* and which it was */
    int activation_count;
    const fastact_activation *activations;
    int operation_count;
    const fastact_operation *operations;
    fastact_load load[STORED_TYPES];           /* the same type, or 16 bits to float32 */
    fastact_load load_as_double[STORED_TYPES]; /* all but float64 to float64 */
    fastact_store store[STORED_TYPES];
    fastact_store store_double[STORED_TYPES]; /* float64 to a narrower float, rounded once */
    fastact_find find_unsure; /* values within 2^-40 of themselves from a midpoint of two float32, at most n */
    fastact_add add[COMPUTED_TYPES];
    fastact_stream_out stream;        /* NULL where there is none */
    fastact_accumulate accumulate[2]; /* for float32 and float64 */
    int row_function_count;
    const fastact_row_function *row_functions;
    ptrdiff_t side_by_side; /* positions: contiguous rows of no more are taken side by side */
    ptrdiff_t row_state[2]; /* for float32 and float64, as all that follows */
    fastact_step start_rows[2];
    fastact_select select[2];
    fastact_multiply multiply_by[2];
} fastact_table;

#define FASTACT_TABLE_CAPSULE "fastact.backends.native.table"

#endif
