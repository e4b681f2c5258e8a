# The fast path of losses: contiguous logits of float32 or float64, no weights. What it does not take goes on to the classes of
# calls/losses.py.

from fastact.calls.losses import BinaryCrossEntropy, CrossEntropy, NLLLoss

cdef str REDUCTION = "reduction"
cdef str WEIGHT = "weight"
cdef str SAMPLE_WEIGHT = "sample_weight"
cdef str CLASS_MASK = "mask"
cdef str FROM_LOGITS = "from_logits"
cdef str POS_WEIGHT = "pos_weight"
cdef str IGNORE_INDEX = "ignore_index"
cdef str LABEL_SMOOTHING = "label_smoothing"
cdef str MEAN = "mean"
cdef str SUM = "sum"
cdef str NONE = "none"

# Numbers that are the same for all rows
cdef float ONE_FLOAT32 = 1
cdef double ONE_FLOAT64 = 1


# ---- labels ---------------------------------------------------------------------------------------------------------

cdef bint read_labels(
    const fastact_table* table, const Shape* shape, PyObject* targets, const Py_ssize_t** labels, Py_ssize_t* converted
) noexcept:
    """The labels, one per row, converted if need be; False if these are no labels of the rows, or if one is not a class."""
    cdef Py_ssize_t rows = elements_of(shape, PER_ROW), start = 0, end, i
    cdef int type, size
    cdef double[AT_ONCE] numbers
    cdef size_t last = shape.n - 1, label, signs = 0
    if not array_CheckExact(targets) or not cnp.PyTypeNum_ISINTEGER(array_TYPE(targets)) or not fits(shape, targets, PER_ROW):
        return False
    if not array_CHKFLAGS(targets, READ) or not array_ISNOTSWAPPED(targets):
        return False
    type, size = array_TYPE(targets), array_ITEMSIZE(targets)
    labels[0] = <const Py_ssize_t*> array_BYTES(targets)
    if size != sizeof(Py_ssize_t) or cnp.PyTypeNum_ISUNSIGNED(type):
        labels[0] = converted
        type = integer_type(size, cnp.PyTypeNum_ISUNSIGNED(type))
    while start < rows:
        end = min(start + AT_ONCE, rows)
        if labels[0] == converted:
            table.load_as_double[type](array_BYTES(targets) + start * size, size, numbers, end - start)
            for i in range(start, end):
                converted[i] = <Py_ssize_t> numbers[i - start] if 0 <= numbers[i - start] < shape.n else -1
        for i in range(start, end):  # comparisons of 64 bits would be taken one by one
            label = <size_t> labels[0][i]
            signs |= label | (last - label)
        start = end
    return <Py_ssize_t> signs >= 0


# ---- results --------------------------------------------------------------------------------------------------------

cdef object number_like(PyObject* x, double value):
    """A NumPy scalar of the dtype of x."""
    cdef float narrow = <float> value
    return array_Scalar(x, <void*> &value if array_TYPE(x) == cnp.NPY_DOUBLE else <void*> &narrow)


cdef object rows_like(const Shape* shape, const double* numbers, int type):
    """An array of the dtype of x with these numbers, one for each row; of one dimension less a scalar."""
    cdef Py_ssize_t i
    if array_NDIM(shape.x) == 1:
        return number_like(shape.x, numbers[0])
    result = new_array(shape, PER_ROW)
    for i in range(elements_of(shape, PER_ROW)):
        write_number(type, numbers[i], array_BYTES(<PyObject*> result) + i * itemsize_of(type))
    return result


@cython.auto_pickle(False)
cdef class LossPath(RowPath):
    """A loss, whose gradient comes with it."""

    cdef bint has_axis  # an axis is given in the call; otherwise it is chosen, and only sums are taken this way
    cdef bint of_logits  # of which labels may be smoothed and classes masked
    cdef Py_ssize_t long_enough  # the last axis is chosen if it has so many elements

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_loss

    cdef int describe(self, ContiguousCall* c, record, bint gradient, int type) except -1:
        """Describe the call of a loss, with its gradient or without: no label smoothing, no weights."""
        memset(c, 0, sizeof(ContiguousCall))
        begin_call(&c.call, self.rows.table, program_of(self.rows.function(record.name), gradient, type), type)
        self.add_inputs(c)
        add_contiguous(c, FACTOR, CONSTANT, 0)
        add_contiguous(c, RESULT_OF_ROW, PER_ROW, sizeof(double))
        if gradient:
            add_contiguous(c, OUTPUT, LIKE_X, c.call.itemsize)
        return 0

    cdef int add_inputs(self, ContiguousCall* c) except -1:
        """Add logits and targets."""
        raise NotImplementedError

    cdef int take_all(self, const ContiguousCall* c, const Shape* shape, Traversal* t) except -1:
        """Fill losses and gradient of operands that begin at `t.start`."""
        return run_contiguous(self.rows, c, shape, t)


cdef long axis_of_sums(LossPath f, PyObject* x, long axis) noexcept:
    """The axis; of a loss without, that along which elements are summed first."""
    cdef const cnp.npy_intp* dims = array_DIMS(x)
    cdef int d, longest = 0, last = array_NDIM(x) - 1
    if f.has_axis or last < 0 or dims[last] >= f.long_enough:
        return axis
    for d in range(1, last + 1):
        if dims[d] > dims[longest]:
            longest = d
    return longest


# A loss's arguments, once they are found to fit
cdef struct LossCall:
    Shape shape
    Py_ssize_t rows
    bint summed
    double divisor  # of the sum
    double[2 * PANEL_ROWS] few
    double* losses  # of the rows; room for their labels behind them


cdef bint read_targets(const ContiguousCall* c, LossCall* call, PyObject* x, PyObject* targets, Traversal* t) noexcept:
    """Point the traversal to the targets; False if they are not those of the fast path."""
    cdef const Py_ssize_t* labels = NULL
    if c.call.has[LABELS]:
        if not read_labels(c.call.table, &call.shape, targets, &labels, <Py_ssize_t*> (call.losses + call.rows)):
            return False
        t.start[LABELS] = <char*> labels
        return True
    if not call.summed or direct_type(targets) != c.call.type or not same_shape(x, targets):
        return False
    t.start[INPUT + 1] = array_BYTES(targets)
    t.start[INPUT + 2] = t.start[INPUT + 3] = <char*> &ONE_FLOAT32 if c.call.type == FLOAT32 else <char*> &ONE_FLOAT64
    return True


cdef object run_contiguous_loss(
    LossPath f, const ContiguousCall* c, LossCall* call, PyObject* x, PyObject* targets, PyObject* out, bint mean
):
    """The loss, and its gradient if that is called for; None for what this cannot take."""
    cdef (PyObject*)[2] arrays = [x, targets]
    cdef Traversal t
    cdef double factor
    cdef fastact_flags flags
    cdef bint gradient = c.call.has[OUTPUT]
    if not read_targets(c, call, x, targets, &t):
        return None
    if gradient:
        if out == Py_None:
            dx = new_like(x)
        elif may_be_output(c, &call.shape, out, OUTPUT, arrays, 2):
            dx = <object> out
        else:
            return None
        t.start[OUTPUT] = array_BYTES(<PyObject*> dx)
    call.divisor = elements_of(&call.shape, PER_ROW if f.has_axis else LIKE_X) if mean else 1
    flags = fastact_save_flags()
    factor = 1 / call.divisor
    fastact_restore_flags(flags)
    t.start[INPUT], t.start[FACTOR], t.start[RESULT_OF_ROW] = array_BYTES(x), <char*> &factor, <char*> call.losses
    f.take_all(c, &call.shape, &t)
    flags = fastact_save_flags()
    if call.summed:
        loss = number_like(x, total_of(call.losses, call.rows) / call.divisor)
    else:
        loss = rows_like(&call.shape, call.losses, c.call.type)
    fastact_restore_flags(flags)
    return (loss, dx) if gradient else loss


cdef object take_loss(
    LossPath f, const ContiguousCall* c, PyObject* x, PyObject* targets, PyObject* out, long axis, PyObject* reduction
):
    """Read the arguments, find room for the rows' losses, and run."""
    cdef LossCall call
    call.summed = reduction != <PyObject*> NONE
    if call.summed and reduction != <PyObject*> MEAN and reduction != <PyObject*> SUM:
        return None
    if not read_shape(&call.shape, x, axis_of_sums(f, x, axis)):
        return None
    call.rows, call.losses = elements_of(&call.shape, PER_ROW), call.few
    if call.rows > PANEL_ROWS:
        call.losses = <double*> PyMem_Malloc(2 * call.rows * sizeof(double))
        if call.losses == NULL:
            raise MemoryError()
    try:
        return run_contiguous_loss(f, c, &call, x, targets, out, reduction == <PyObject*> MEAN)
    finally:
        if call.losses != call.few:
            PyMem_Free(call.losses)


cdef inline bint is_default(LossPath f, PyObject* name, PyObject* value) noexcept:
    """Whether this keyword changes nothing."""
    if name == <PyObject*> WEIGHT:
        return value == Py_None
    if not f.has_axis:
        if name == <PyObject*> FROM_LOGITS:
            return value == <PyObject*> True
        return name == <PyObject*> POS_WEIGHT and value == Py_None
    if name == <PyObject*> SAMPLE_WEIGHT or (f.of_logits and name == <PyObject*> CLASS_MASK):
        return value == Py_None
    if f.of_logits and name == <PyObject*> LABEL_SMOOTHING:
        return PyFloat_CheckExact(value) and PyFloat_AS_DOUBLE(value) == 0
    return name == <PyObject*> IGNORE_INDEX and axis_number(value) < 0  # no label of the fast path is negative


cdef inline object take_call(LossPath f, const ContiguousCall* c, PyObject* const* args, PyObject* names):
    """The loss, or the pair, of the arguments after the instance; None for what this cannot take."""
    cdef PyObject* out = Py_None
    cdef PyObject* reduction = <PyObject*> MEAN
    cdef PyObject* name
    cdef Py_ssize_t i
    cdef long axis = -1
    if names != NULL:
        for i in range(PyTuple_GET_SIZE(names)):
            name = PyTuple_GET_ITEM(names, i)
            if name == <PyObject*> OUT:
                out = args[2 + i]
            elif name == <PyObject*> REDUCTION:
                reduction = args[2 + i]
            elif name == <PyObject*> AXIS and f.has_axis:
                axis = axis_number(args[2 + i])
            elif not is_default(f, name, args[2 + i]):
                return None
    if out != Py_None and not c.call.has[OUTPUT]:
        return None
    return take_loss(f, c, args[0], args[1], out, axis, reduction)


cdef object call_loss(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(logits, targets, *, axis=-1, reduction="mean") as a vectorcall. Anything else goes to `__call__` of the Python class."""
    cdef LossPath f = <LossPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    cdef int type
    if f.active and nargs == 2 and not is_handed_over(f):
        type = row_type(f, args[0])
        if type >= 0:
            loss = take_call(f, &f.forward[type], args, names)
            if loss is not None:
                return loss
    return call_general(self, args, nargs, names)


cdef object call_loss_and_gradient(object method, PyObject* const* args, size_t nargsf, PyObject* names):
    """f.value_and_grad(logits, targets, *, out=None, axis=-1, reduction="mean"). Anything else goes to the Python method."""
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    cdef int type
    if nargs == 3 and is_ready(args[0], LossPath) and not is_handed_over(<RowPath> args[0]):
        type = row_type(<RowPath> args[0], args[1])
        if type >= 0:
            pair = take_call(<LossPath> args[0], &(<LossPath> args[0]).gradient[type], args + 1, names)
            if pair is not None:
                return pair
    return call_general_method(method, args, nargs, names)


# ---- the losses -----------------------------------------------------------------------------------------------------

@cython.auto_pickle(False)
cdef class CrossEntropyPath(LossPath):
    def __cinit__(self, *args, **kwargs):
        self.has_axis = self.of_logits = True

    cdef int add_inputs(self, ContiguousCall* c) except -1:
        add_contiguous(c, INPUT, LIKE_X, c.call.itemsize)
        add_contiguous(c, LABELS, PER_ROW, sizeof(Py_ssize_t))
        return 0

    value_and_grad = new_method(CrossEntropy.value_and_grad, <void*> call_loss_and_gradient)


ctypedef fused picked:
    float
    double


cdef enum:
    ROWS_AHEAD = 16  # of an element that is fetched


cdef inline void pick_elements(const Shape* shape, const char* labels, const picked* x, double* losses) noexcept nogil:
    """Negative log-likelihoods. Memory is what takes long: many elements are on their way at once."""
    cdef Py_ssize_t inner = shape.inner, outer
    if inner == 1:
        pick_of_rows(shape, labels, x, shape.n, losses, shape.outer)
        return
    for outer in range(shape.outer):
        pick_of_rows(shape, labels, x, 1, losses, inner)
        labels += inner * sizeof(Py_ssize_t)
        x += shape.n * inner
        losses += inner


cdef inline void pick_of_rows(
    const Shape* shape, const char* labels, const picked* x, Py_ssize_t step, double* losses, Py_ssize_t rows
) noexcept nogil:
    """The same of rows whose first elements are `step` apart.

    A label is -1 or none of the classes if another thread has made it so.
    """
    cdef Py_ssize_t n = shape.n, inner = shape.inner, i, label
    for i in range(rows):
        if i + ROWS_AHEAD < rows:
            label = read_once(labels + (i + ROWS_AHEAD) * sizeof(Py_ssize_t))
            fastact_prefetch(<const char*> (<size_t> (x + (i + ROWS_AHEAD) * step) + <size_t> label * inner * sizeof(picked)), 1)
        label = read_once(labels + i * sizeof(Py_ssize_t))
        losses[i] = 0 - <double> x[i * step + label * inner] if <size_t> label < <size_t> n else 0


cdef inline void put_at_labels(const Shape* shape, const char* labels, picked gradient, picked* dx) noexcept nogil:
    """Their gradients, 0 but at the labels."""
    cdef Py_ssize_t n = shape.n, inner = shape.inner, outer, i, label
    memset(dx, 0, shape.outer * n * inner * sizeof(picked))
    for outer in range(shape.outer):
        for i in range(inner):
            label = read_once(labels)
            if <size_t> label < <size_t> n:
                dx[label * inner + i] = gradient
            labels += sizeof(Py_ssize_t)
        dx += n * inner


cdef void pick(const RowCall* call, const Shape* shape, const Traversal* t) noexcept nogil:
    """Negative log-likelihoods, and their gradients: elements are picked, and nothing is computed of others."""
    cdef fastact_flags flags = fastact_save_flags()
    cdef double* losses = <double*> t.start[RESULT_OF_ROW]
    cdef double gradient = -(<double*> t.start[FACTOR])[0]
    if call.type == FLOAT32:
        pick_elements(shape, t.start[LABELS], <const float*> t.start[INPUT], losses)
        if call.has[OUTPUT]:
            put_at_labels(shape, t.start[LABELS], <float> gradient, <float*> t.start[OUTPUT])
    else:
        pick_elements(shape, t.start[LABELS], <const double*> t.start[INPUT], losses)
        if call.has[OUTPUT]:
            put_at_labels(shape, t.start[LABELS], gradient, <double*> t.start[OUTPUT])
    fastact_restore_flags(flags)


@cython.auto_pickle(False)
cdef class NLLLossPath(LossPath):
    def __cinit__(self, *args, **kwargs):
        self.has_axis = True

    cdef int describe(self, ContiguousCall* c, record, bint gradient, int type) except -1:
        """Describe the call. It has no program."""
        memset(c, 0, sizeof(ContiguousCall))
        c.call.table, c.call.type, c.call.itemsize = self.rows.table, type, itemsize_of(type)
        add_contiguous(c, INPUT, LIKE_X, c.call.itemsize)
        add_contiguous(c, LABELS, PER_ROW, sizeof(Py_ssize_t))
        if gradient:
            add_contiguous(c, OUTPUT, LIKE_X, c.call.itemsize)
        return 0

    cdef int take_all(self, const ContiguousCall* c, const Shape* shape, Traversal* t) except -1:
        if elements_of(shape, LIKE_X) < RELEASE_GIL:
            pick(&c.call, shape, t)
        else:
            with nogil:
                pick(&c.call, shape, t)
        return 0

    value_and_grad = new_method(NLLLoss.value_and_grad, <void*> call_loss_and_gradient)


@cython.auto_pickle(False)
cdef class BinaryCrossEntropyPath(LossPath):
    def __cinit__(self, *args, **kwargs):
        self.has_axis, self.long_enough = False, BinaryCrossEntropy._long_enough

    cdef int add_inputs(self, ContiguousCall* c) except -1:
        add_contiguous(c, INPUT, LIKE_X, c.call.itemsize)
        add_contiguous(c, INPUT + 1, LIKE_X, c.call.itemsize)
        add_contiguous(c, INPUT + 2, CONSTANT, 0)  # weights
        add_contiguous(c, INPUT + 3, CONSTANT, 0)
        return 0

    value_and_grad = new_method(BinaryCrossEntropy.value_and_grad, <void*> call_loss_and_gradient)
