"""Cython's view of table.h."""

cdef extern from "table.h":
    enum:
        FLOAT32, FLOAT64, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, COMPUTED_TYPES, FLOAT16, BFLOAT16
    enum:
        FORWARD, BACKWARD, BACKWARD_FROM_OUTPUT, VALUE_AND_GRAD, BACKWARD_BY_PARAMETER, GATED, GATED_BACKWARD

    ctypedef void (*fastact_loop)(const void*, const void*, void*, void*, Py_ssize_t, const void*) noexcept nogil
    ctypedef void (*fastact_load)(const char*, Py_ssize_t, void*, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_store)(const void*, char*, Py_ssize_t, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_add)(const void*, const void*, void*, Py_ssize_t) noexcept nogil
    ctypedef void (*fastact_accumulate)(const void*, double*, Py_ssize_t) noexcept nogil

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
        fastact_accumulate accumulate[2]

    const char* FASTACT_TABLE_CAPSULE
