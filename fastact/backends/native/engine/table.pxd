"""Cython's view of table.h."""

cdef extern from "table.h":
    enum:
        FLOAT32, FLOAT64, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, COMPUTED_TYPES
        FLOAT16, BFLOAT16, STORED_TYPES
    enum:
        FORWARD, BACKWARD, BACKWARD_FROM_OUTPUT, VALUE_AND_GRAD, BACKWARD_BY_PARAMETER, GATED, GATED_BACKWARD, LOOPS

    ctypedef void (*fastact_loop)(const void*, const void*, void*, void*, Py_ssize_t, const void*) noexcept nogil
    ctypedef void (*fastact_load)(const char*, Py_ssize_t, void*, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_store)(const void*, char*, Py_ssize_t, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_add)(const void*, const void*, void*, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_accumulate)(const void*, double*, Py_ssize_t) noexcept nogil
    ctypedef Py_ssize_t (*fastact_find)(const double*, Py_ssize_t, Py_ssize_t*) noexcept nogil
    ctypedef void (*fastact_stream_out)(const void*, char*, Py_ssize_t) noexcept nogil

    enum:
        PANEL_ROWS, SEGMENT, MAX_INPUTS
    enum:
        EMPTY_NAN, EMPTY_ZERO, EMPTY_UNIFORM

    ctypedef struct fastact_panel:
        (const void*)[MAX_INPUTS] input
        Py_ssize_t[MAX_INPUTS] pitch
        void* out
        Py_ssize_t out_pitch
        int along
        Py_ssize_t start, length, rows, n
        int empty
        double scale
        const void* weights
        const double* label_weights
        double weights_sum
        const Py_ssize_t* labels
        const double* factor
        double* result
        int again
        void* state
        double smoothing

    ctypedef void (*fastact_step)(fastact_panel*) noexcept nogil

    enum:
        NO_OUTPUT, POWERS, RESULT

    ctypedef struct fastact_pass:
        int inputs, output, reads_powers, repeats, on_demand
        fastact_step[4] steps
        fastact_step[4] then

    ctypedef struct fastact_passes:
        int count
        fastact_pass[4] each

    ctypedef struct fastact_program:
        int inputs, stores, logits
        double left_out
        fastact_passes passes, without_room, short_rows

    ctypedef struct fastact_row_function:
        const char* name
        fastact_program[2] forward
        fastact_program[2] gradient

    ctypedef void (*fastact_select)(const char*, Py_ssize_t, double, void*, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_multiply)(double, void*, Py_ssize_t) noexcept nogil

    ctypedef struct fastact_activation:
        const char* name
        int parameters
        fastact_loop loops[10][7]
        fastact_loop same_text[7]
        fastact_loop quick[7]

    ctypedef struct fastact_operation:
        const char* name
        int arity
        fastact_loop[2] loops

    ctypedef struct fastact_table:
        const char* flags
        const char* compiler
        int activation_count
        const fastact_activation* activations
        int operation_count
        const fastact_operation* operations
        fastact_load load[12]
        fastact_load load_as_double[12]
        fastact_store store[12]
        fastact_store store_double[12]
        fastact_find find_unsure
        fastact_add add[10]
        fastact_stream_out stream
        fastact_accumulate accumulate[2]
        int row_function_count
        const fastact_row_function* row_functions
        Py_ssize_t side_by_side
        Py_ssize_t row_state[2]
        fastact_step start_rows[2]
        fastact_select select[2]
        fastact_multiply multiply_by[2]

    const char* FASTACT_TABLE_CAPSULE
