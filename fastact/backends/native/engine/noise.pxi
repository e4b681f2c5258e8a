# Calls with noise, drawn tile by tile from NumPy's generator: no array of it is made.

# Declared here, because a cimport of numpy.random would import it: 13 ms of the import of fastact.
cdef extern from "numpy/random/bitgen.h":
    ctypedef struct bitgen_t:
        pass

cdef extern from "numpy/random/distributions.h":
    void random_standard_uniform_fill(bitgen_t*, cnp.npy_intp, double*) nogil
    void random_standard_normal_fill(bitgen_t*, cnp.npy_intp, double*) nogil

cdef struct DrawnCall:
    const fastact_table* table
    Kernel kernel
    int type
    Py_ssize_t n
    int operands  # x, or dy and x
    (const char*)[2] operand
    const char* bias  # NULL without
    Py_ssize_t columns
    int outputs
    (char*)[2] out
    bitgen_t* stream
    bint normal  # of the standard normal distribution; otherwise uniform
    double factor, shift  # of uniform numbers


def run_drawn(FastPath f not None, kind, list operands, tuple out, rng, noise, dict options):
    """The results, with noise drawn; None for what this cannot take."""
    cdef DrawnCall call
    call.factor, call.shift = noise.scale(options)
    call.normal = noise.standard_normal
    bit_generator = rng.bit_generator
    capsule = bit_generator.capsule
    call.stream = <bitgen_t*> PyCapsule_GetPointer(capsule, "BitGenerator")
    with bit_generator.lock:
        # After all that may run the user's code: it takes the arrays' shapes and addresses.
        results = take_drawn(f, kind, operands, out, &call)
        if results is None:
            return None
        with nogil:
            run_drawn_tiles(&call)
    return results if len(results) == 2 else results[0]


cdef tuple take_drawn(FastPath f, kind, list operands, tuple out, DrawnCall* call):
    """Describe a call, and return its outputs; None for what this cannot take."""
    cdef PyObject* shaped = <PyObject*> operands[0]
    cdef PyObject* bias = NULL
    cdef Py_ssize_t nbytes
    cdef int k
    call.type, call.bias = contiguous_type(shaped), NULL
    if call.type < 0 or is_converted(f, call.type) or array_NDIM(shaped) == 0:
        return None
    call.n = array_SIZE(shaped)
    call.table, call.kernel = f.table, f.kernels[call.type][loop_number(kind)]
    call.operands, call.outputs = len(kind.loop_inputs), len(out)
    nbytes = call.n * itemsize_of(call.type)
    if kind.bias:
        bias = <PyObject*> operands[call.operands]
        if not is_bias(bias, shaped, call.type):
            return None
        call.bias, call.columns = array_BYTES(bias), array_SIZE(bias)
    for k in range(call.operands):
        if contiguous_type(<PyObject*> operands[k]) != call.type or not same_shape(<PyObject*> operands[k], shaped):
            return None
        call.operand[k] = array_BYTES(<PyObject*> operands[k])
    results = tuple([new_like(shaped) if array is None else array for array in out])
    for k in range(call.outputs):
        for operand in operands[:call.operands]:
            if not writable_like(<PyObject*> results[k], <PyObject*> operand, call.type, nbytes):
                return None
        if bias != NULL and not apart_from_bias(<PyObject*> results[k], bias, nbytes):
            return None
        call.out[k] = array_BYTES(<PyObject*> results[k])
    return None if call.outputs == 2 and not apart(call.out[0], nbytes, call.out[1], nbytes) else results


cdef void run_drawn_tiles(const DrawnCall* call) noexcept nogil:
    """Draw a number for each element of a tile, then run the loop with them as its array parameter."""
    cdef double[TILE_ELEMENTS] drawn, biased
    cdef Py_ssize_t start = 0, m, at
    cdef int last = call.operands - 1, k
    cdef (const char*)[2] operand = [NULL, NULL]
    cdef (char*)[2] out = [NULL, NULL]
    cdef fastact_flags flags = fastact_save_flags()
    while start < call.n:
        m = min(<Py_ssize_t> TILE_ELEMENTS, call.n - start)
        at = start * itemsize_of(call.type)
        for k in range(call.operands):
            operand[k] = call.operand[k] + at
        for k in range(call.outputs):
            out[k] = call.out[k] + at
        if call.bias != NULL:
            add_bias_to_tile(call, operand[last], start, <char*> biased, m)
            operand[last] = <const char*> biased
        draw_tile(call, drawn, m)
        run_kernel(&call.kernel, operand[0], operand[1], out[0], out[1], m, drawn)
        start += m
    fastact_restore_flags(flags)


cdef inline void add_bias_to_tile(
    const DrawnCall* call, const char* x, Py_ssize_t start, char* tile, Py_ssize_t m
) noexcept nogil:
    """x + bias of m elements, of which the first is element `start` of the array."""
    cdef Py_ssize_t itemsize = itemsize_of(call.type), i = 0, n, column
    while i < m:
        column = (start + i) % call.columns
        n = min(m - i, call.columns - column)
        call.table.add[call.type](x + i * itemsize, call.bias + column * itemsize, tile + i * itemsize, n)
        i += n


cdef inline void draw_tile(const DrawnCall* call, double* drawn, Py_ssize_t m) noexcept nogil:
    """Draw m numbers, in the type that the loop computes in."""
    cdef Py_ssize_t i
    if call.normal:
        random_standard_normal_fill(call.stream, m, drawn)
    else:
        random_standard_uniform_fill(call.stream, m, drawn)
        for i in range(m):
            drawn[i] = drawn[i] * call.factor + call.shift
    if call.type == FLOAT32:
        for i in range(m):
            (<float*> drawn)[i] = <float> drawn[i]
