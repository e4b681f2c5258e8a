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
    ctypedef void (*fastact_stream_out)(const void*, char*, Py_ssize_t) noexcept nogil

    enum:
        ROW_COLUMNS, ROW_BLOCK
    enum:
        EMPTY_NAN, EMPTY_ZERO, EMPTY_UNIFORM
    enum:
        ROW_START, ROW_MAX, ROW_MAXIMUM, ROW_UNIT
        ROW_EXP, ROW_EXP_SUM, ROW_OTHERS, ROW_OTHERS_SUM
        ROW_SOFTMAX, ROW_SCALE, ROW_EXP_SCALE
        ROW_LOG, ROW_SHIFT, ROW_LOGSUMEXP, ROW_TO_RESULT
        ROW_DOT, ROW_SUM, ROW_TOTAL, ROW_SOFTMAX_GRAD, ROW_LOG_SOFTMAX_GRAD
        ROW_ABOVE, ROW_THRESHOLD, ROW_SPARSEMAX, ROW_SUPPORT, ROW_MEAN, ROW_SPARSEMAX_GRAD
        ROW_FIRST
        ROW_LABELS, ROW_DROP, ROW_CROSS_ENTROPY, ROW_CLASS_GRAD, ROW_EXP_CLASS_GRAD, ROW_LABEL_GRAD
        ROW_KEEP, ROW_TARGETS, ROW_TARGET_ENTROPY, ROW_TARGET_GRAD, ROW_EXP_TARGET_GRAD
        ROW_BINARY, ROW_BINARY_GRAD, ROW_BINARY_EACH, ROW_TOTAL_TO_RESULT
        ROW_SHORT_SOFTMAX, ROW_SHORT_LOG_SOFTMAX
        ROW_STEPS

    ctypedef struct fastact_panel:
        (const void*)[4] input
        Py_ssize_t[4] pitch
        void* out
        Py_ssize_t out_pitch
        int along
        Py_ssize_t start, length, columns, n
        int option
        double scale
        const void* weights
        double weights_sum
        const Py_ssize_t* labels
        const double* factor
        double* result
        int again
        void* state

    ctypedef void (*fastact_step)(fastact_panel*) noexcept nogil
    ctypedef void (*fastact_select)(const char*, Py_ssize_t, double, void*, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_multiply)(double, void*, Py_ssize_t) noexcept nogil

    ctypedef struct fastact_row:
        const char* name
        int parameters
        fastact_loop loops[10][7]

    ctypedef struct fastact_table:
        const char* flags
        const char* compiler
        int activations
        const fastact_row* rows
        fastact_load load[12]
        fastact_load load_as_double[10]
        fastact_store store[12]
        fastact_add add[10]
        fastact_stream_out stream
        fastact_accumulate accumulate[2]
        fastact_step steps[2][44]
        Py_ssize_t row_state[2]
        fastact_select select[2]
        fastact_multiply multiply_by[2]

    const char* FASTACT_TABLE_CAPSULE
