# What a call of a function of rows computes, and of which operands.

# The operands of a call. Those up to OUTPUT and MASK have an element for each position, the others one for each row
cdef enum:
    INPUT = 0  # and those after it, as many as the program has
    OUTPUT = 4
    MASK = 5
    LIMIT = 6  # how many positions take part: a causal mask
    LABELS = 7
    FACTOR = 8
    RESULT_OF_ROW = 9
    SCALES = 10
    OPERANDS = 11

cdef enum:
    NO_MASK, BOOLEAN_MASK, FLOATING_MASK


# What is computed of operands of certain types
cdef struct RowCall:
    const fastact_table* table
    const fastact_program* program
    const fastact_passes* without_room  # the program's, or its usual passes
    const fastact_passes* short_rows
    int type  # the computed one
    int shift  # of its itemsize, a power of two
    Py_ssize_t itemsize
    bint[OPERANDS] has
    Access[OPERANDS] access
    # the first input
    bint scales
    double scale  # where there is one for all rows
    bint scales_input, scales_result  # what SCALES are multiplied with, if there are
    int mask  # NO_MASK, ...
    bint adds_mask  # a floating one
    double masked  # what the input is where a boolean mask is false
    # the result
    bint clears  # it is a gradient, and 0 where a mask leaves an element out
    double left_out  # what it is past the limit
    const char* needs_elements  # the function's name, where a row without elements has no result; else NULL
    bint converts_factor, converts_result  # from and to the array's type; else they are float64
    # the panel
    int empty
    double gradient_scale, smoothing
    const void* weights
    const double* label_weights
    double weights_sum


cdef inline int output_of(const RowCall* call) noexcept nogil:
    """The operand that takes the result of a function of rows."""
    return OUTPUT if call.program.stores else RESULT_OF_ROW
