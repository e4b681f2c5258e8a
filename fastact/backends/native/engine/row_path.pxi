# The fast path of functions of rows: exact ndarrays of one type, float32 or float64, native and contiguous, without a scale or a
# mask. What it does not take goes on to the classes of calls/rows.py.

from fastact.calls.rows import Map, MaskedMap, MaskedReduction, Reduction

cdef str AXIS = "axis"

# What an operand's shape is like
cdef enum:
    LIKE_X, PER_ROW, CONSTANT


# A call with contiguous arrays
cdef struct ContiguousCall:
    RowCall call
    int operands
    int[OPERANDS] operand  # in the order of the call's arrays, the output last
    int[OPERANDS] like  # by operand, as what follows
    Py_ssize_t[OPERANDS] itemsize  # 0 of a constant


cdef int add_contiguous(ContiguousCall* c, int operand, int like, Py_ssize_t itemsize) except -1:
    """Add the next operand. An input and an output have the computed type."""
    real = np.float32 if c.call.type == FLOAT32 else np.float64
    c.operand[c.operands] = operand
    c.operands += 1
    c.like[operand], c.itemsize[operand] = like, 0 if like == CONSTANT else itemsize
    c.call.has[operand] = True
    set_access(c.call.table, &c.call.access[operand], np.empty(0, real), c.call.type)
    return 0


# How contiguous arrays lie about an axis
cdef struct Shape:
    PyObject* x
    int axis
    Py_ssize_t outer, n, inner


cdef long axis_number(PyObject* axis) noexcept:
    """The number of an axis that is given as int; of anything else one that no array has."""
    cdef int overflow = 0
    cdef long number = PyLong_AsLongAndOverflow(axis, &overflow) if PyLong_CheckExact(axis) else LONG_MAX
    return LONG_MAX if overflow else number


cdef inline bint read_shape(Shape* shape, PyObject* x, long axis) noexcept:
    """Read the shape of x about an axis; False if it has no such axis, or no elements."""
    cdef int ndim = array_NDIM(x), d
    cdef const cnp.npy_intp* dims = array_DIMS(x)
    if axis < -ndim or axis >= ndim:
        return False
    shape.x, shape.axis = x, axis + ndim if axis < 0 else axis
    shape.outer = shape.inner = 1
    shape.n = dims[shape.axis]
    for d in range(shape.axis):
        shape.outer *= dims[d]
    for d in range(shape.axis + 1, ndim):
        shape.inner *= dims[d]
    return shape.outer * shape.n * shape.inner != 0


cdef inline Py_ssize_t elements_of(const Shape* shape, int like) noexcept:
    return shape.outer * shape.inner * (shape.n if like == LIKE_X else 1)


cdef inline bint fits(const Shape* shape, PyObject* array, int like) noexcept:
    """Whether an array is of the shape, or of that without the axis."""
    cdef const cnp.npy_intp* dims = array_DIMS(array)
    cdef const cnp.npy_intp* of_x = array_DIMS(shape.x)
    cdef int ndim = array_NDIM(shape.x)
    if like == LIKE_X:
        return same_shape(array, shape.x)
    return (
        array_NDIM(array) == ndim - 1 and same_lengths(dims, of_x, shape.axis)
        and same_lengths(dims + shape.axis, of_x + shape.axis + 1, ndim - 1 - shape.axis)
    )


cdef object new_array(const Shape* shape, int like):
    cdef cnp.npy_intp[MAX_DIMENSIONS] dims
    cdef int ndim = array_NDIM(shape.x), d
    if like == LIKE_X:
        return new_like(shape.x)
    for d in range(ndim - 1):
        dims[d] = array_DIMS(shape.x)[d + (d >= shape.axis)]
    return cnp.PyArray_SimpleNew(ndim - 1, dims, array_TYPE(shape.x))


cdef inline bint may_be_output(
    const ContiguousCall* c, const Shape* shape, PyObject* out, int operand, PyObject** inputs, int count
) noexcept:
    """Whether an array can take this output: it shares no memory with the inputs, or is one of them, all of it."""
    cdef Py_ssize_t nbytes = elements_of(shape, c.like[operand]) * c.call.itemsize
    cdef int k
    if flagged_type(out, WRITE) != c.call.type or not fits(shape, out, c.like[operand]):
        return False
    for k in range(count):
        if c.like[c.operand[k]] == LIKE_X and c.like[operand] == LIKE_X and array_BYTES(inputs[k]) == array_BYTES(out):
            continue
        if not apart(array_BYTES(out), nbytes, array_BYTES(inputs[k]), array_SIZE(inputs[k]) * array_ITEMSIZE(inputs[k])):
            return False
    return True


cdef inline void lay_out_rows(
    const ContiguousCall* c, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner, Traversal* t
) noexcept nogil:
    """Lay out the way over all rows of operands that begin at `t.start`."""
    cdef Py_ssize_t line
    cdef int k, operand
    t.operands, t.n = c.operands, n
    t.dims = 2 if outer > 1 and inner > 1 else 1
    t.size[0] = outer
    t.size[t.dims - 1] = inner if inner > 1 else outer
    for k in range(c.operands):
        operand = t.operand[k] = c.operand[k]
        line = inner * c.itemsize[operand]
        t.position_stride[operand] = line if c.like[operand] == LIKE_X else 0
        t.row_stride[0][operand] = line * n if c.like[operand] == LIKE_X else line
        if inner > 1:
            t.row_stride[t.dims - 1][operand] = c.itemsize[operand]


cdef inline int run_contiguous(RowArithmetic rows, const ContiguousCall* c, const Shape* shape, Traversal* t) except -1:
    """Take all rows of operands that begin at `t.start`."""
    cdef int status
    lay_out_rows(c, shape.outer, shape.n, shape.inner, t)
    if elements_of(shape, LIKE_X) < RELEASE_GIL:
        status = run_row_job(&c.call, t, rows.at_hand, rows.room)
    else:
        with nogil:
            status = run_row_job(&c.call, t, NULL, 0)
    if status < 0:
        raise MemoryError()
    return 0


@cython.auto_pickle(False)
cdef class RowPath(Vectorcall):
    """The part of a function of rows or a loss that has the loops at hand, to be mixed into its class in calls/."""

    cdef RowArithmetic rows
    cdef ContiguousCall[2] forward, gradient  # in float32 and float64

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_rows

    def _attach(self, RowArithmetic rows not None, record):
        """Take the programs of this record, with the loops of one instruction set."""
        cdef int type
        self.rows = rows
        for type in (FLOAT32, FLOAT64):
            self.describe(&self.forward[type], record, False, type)
            self.describe(&self.gradient[type], record, True, type)
        self.active = True

    cdef int describe(self, ContiguousCall* c, record, bint gradient, int type) except -1:
        """Describe the call of a function of rows, or of its gradient.

        Its arrays: x, result; dy, y, result; or x, the dy of each row, result.
        """
        memset(c, 0, sizeof(ContiguousCall))
        begin_call(&c.call, self.rows.table, program_of(self.rows.function(record.arithmetic), gradient, type), type)
        add_contiguous(c, INPUT, LIKE_X, c.call.itemsize)
        c.call.scales, c.call.scale = record.sign != 1 and c.call.program.logits, record.sign
        if gradient:
            c.call.gradient_scale = record.sign
            if record.reduces:
                add_contiguous(c, FACTOR, PER_ROW, c.call.itemsize)
                c.call.converts_factor = type != FLOAT64
            else:
                add_contiguous(c, INPUT + 1, LIKE_X, c.call.itemsize)
            add_contiguous(c, OUTPUT, LIKE_X, c.call.itemsize)
        else:
            c.call.converts_result = type != FLOAT64
            add_contiguous(c, output_of(&c.call), PER_ROW if record.reduces else LIKE_X, c.call.itemsize)
        return 0


cdef inline int row_type(RowPath f, PyObject* array) noexcept:
    """The type of an array that goes the fast path, or -1."""
    cdef int type = direct_type(array)
    return -1 if type == FLOAT32 and f.rows.exact else type


cdef inline bint is_handed_over(RowPath f) noexcept:
    """Whether a call goes to the function that is exact."""
    return f.active and is_to_be_exact(f.rows.exact)


cdef object take_rows(RowPath f, const ContiguousCall* c, PyObject** arrays, long axis):
    """The result for arrays of which the first is like x and the last the output or None; None for what this cannot take."""
    cdef Shape shape
    cdef Traversal t
    cdef int inputs = c.operands - 1, output = c.operand[inputs], k
    if not read_shape(&shape, arrays[0], axis):
        return None
    for k in range(1, inputs):
        if direct_type(arrays[k]) != c.call.type or not fits(&shape, arrays[k], c.like[c.operand[k]]):
            return None
    if arrays[inputs] == Py_None:
        result = new_array(&shape, c.like[output])
    elif may_be_output(c, &shape, arrays[inputs], output, arrays, inputs):
        result = <object> arrays[inputs]
    else:
        return None
    for k in range(inputs):
        t.start[c.operand[k]] = array_BYTES(arrays[k])
    t.start[output] = array_BYTES(<PyObject*> result)
    run_contiguous(f.rows, c, &shape, &t)
    return result[()] if array_NDIM(<PyObject*> result) == 0 and arrays[inputs] == Py_None else result


# What a call may give by keyword; None where it does not, NULL where the method has no such keyword
cdef struct RowOptions:
    PyObject* out
    PyObject* y
    long axis


cdef inline bint read_row_keywords(PyObject* const* values, PyObject* names, RowOptions* options) noexcept:
    """Take the keywords; False if one needs the general path's checks."""
    cdef PyObject* name
    cdef Py_ssize_t i
    options.axis = -1
    if names == NULL:
        return True
    for i in range(PyTuple_GET_SIZE(names)):
        name = PyTuple_GET_ITEM(names, i)
        if name == <PyObject*> OUT:
            options.out = values[i]
        elif name == <PyObject*> Y and options.y != NULL:
            options.y = values[i]
        elif name == <PyObject*> AXIS:
            options.axis = axis_number(values[i])
        else:
            return False
    return True


cdef object call_rows(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(x, *, out=None, axis=-1) as a vectorcall. Anything else goes to `__call__` of the Python class."""
    cdef RowPath f = <RowPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    cdef (PyObject*)[2] arrays
    cdef RowOptions options
    cdef int type
    options.out, options.y = Py_None, NULL
    if f.active and nargs == 1 and not is_handed_over(f) and read_row_keywords(args + nargs, names, &options):
        type = row_type(f, args[0])
        if type >= 0:
            arrays[0], arrays[1] = args[0], options.out
            result = take_rows(f, &f.forward[type], arrays, options.axis)
            if result is not None:
                return result
    return call_general(self, args, nargs, names)


cdef object call_backward_of_map(object method, PyObject* const* args, size_t nargsf, PyObject* names):
    """f.backward(dy, x=None, *, y=None, out=None, axis=-1) of a function whose result has the shape of x."""
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    cdef RowOptions options
    options.out = options.y = Py_None
    if (
        2 <= nargs <= 3 and is_ready(args[0], RowPath) and not is_handed_over(<RowPath> args[0])
        and read_row_keywords(args + nargs, names, &options)
    ):
        dx = take_gradient_of_map(<RowPath> args[0], args[1], args[2] if nargs == 3 else Py_None, &options)
        if dx is not None:
            return dx
    return call_general_method(method, args, nargs, names)


cdef inline object take_gradient_of_map(RowPath f, PyObject* dy, PyObject* x, const RowOptions* options):
    """The gradient from the output, which is computed first where x is given; None for what this cannot take."""
    cdef int type = row_type(f, dy)
    cdef (PyObject*)[3] arrays = [dy, options.y, options.out]
    if type < 0 or (x == Py_None) == (options.y == Py_None):
        return None
    if x == Py_None:
        return take_rows(f, &f.gradient[type], arrays, options.axis)
    if direct_type(x) != type or not same_shape(x, dy):
        return None
    # The output stands where dx will, unless dy is there.
    if options.out != Py_None and (
        direct_type(options.out) != type
        or not apart(array_BYTES(dy), array_NBYTES(dy), array_BYTES(options.out), array_NBYTES(options.out))
    ):
        return None
    arrays[1] = x
    y = take_rows(f, &f.forward[type], arrays + 1, options.axis)
    if y is None:
        return None
    arrays[1] = arrays[2] = <PyObject*> y
    return take_rows(f, &f.gradient[type], arrays, options.axis)


cdef object call_backward_of_reduction(object method, PyObject* const* args, size_t nargsf, PyObject* names):
    """f.backward(dy, x, *, out=None, axis=-1) of a function whose result has no axis."""
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    cdef (PyObject*)[3] arrays
    cdef RowOptions options
    cdef int type
    options.out, options.y = Py_None, NULL
    if (
        nargs == 3 and is_ready(args[0], RowPath) and not is_handed_over(<RowPath> args[0])
        and read_row_keywords(args + nargs, names, &options)
    ):
        type = row_type(<RowPath> args[0], args[2])
        if type >= 0:
            arrays[0], arrays[1], arrays[2] = args[2], args[1], options.out
            dx = take_rows(<RowPath> args[0], &(<RowPath> args[0]).gradient[type], arrays, options.axis)
            if dx is not None:
                return dx
    return call_general_method(method, args, nargs, names)


# ---- one class for each way to call a function of rows: see functions/record.py ---------------------------------------

@cython.auto_pickle(False)
cdef class MapPath(RowPath):
    backward = new_method(Map.backward, <void*> call_backward_of_map)


@cython.auto_pickle(False)
cdef class ReductionPath(RowPath):
    backward = new_method(Reduction.backward, <void*> call_backward_of_reduction)


@cython.auto_pickle(False)
cdef class MaskedMapPath(RowPath):
    backward = new_method(MaskedMap.backward, <void*> call_backward_of_map)


@cython.auto_pickle(False)
cdef class MaskedReductionPath(RowPath):
    backward = new_method(MaskedReduction.backward, <void*> call_backward_of_reduction)
