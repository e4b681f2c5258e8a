# From arrays to rows: the general path, for operands of any supported dtype and layout.

cdef enum:
    TILES_AT_HAND = 65536  # bytes: tiles of small calls


cdef int begin_call(RowCall* call, const fastact_table* table, const fastact_program* program, int type) except -1:
    """Describe a call without operands. It scales nothing and has no mask."""
    memset(call, 0, sizeof(RowCall))
    call.table, call.program, call.type = table, program, type
    call.without_room = call.short_rows = &program.passes
    if program.without_room.count:
        call.without_room = &program.without_room
    if program.short_rows.count:
        call.short_rows = &program.short_rows
    call.shift = 2 if type == FLOAT32 else 3
    call.itemsize = 1 << call.shift
    call.left_out = program.left_out
    call.masked = -INFINITY if program.logits else 0
    call.adds_mask = program.logits
    call.gradient_scale = 1
    return 0


cdef inline const fastact_program* program_of(const fastact_row_function* function, bint gradient, int type) noexcept nogil:
    if gradient:
        return &function.gradient[type]
    return &function.forward[type]


cdef promoted(array):
    """What an array adds to np.result_type: integers are computed in float64."""
    return np.dtype(np.float64) if array.dtype.kind in "iub" else array.dtype


cdef bint in_float32(tuple weights) except -1:
    """Whether float32 can compute with all products of these weights: as far as the headroom of exponentials goes, and farther
    down, where nothing but the result is small.
    """
    cdef double most = 1, least = 1
    for weight in weights:
        if weight is None or weight.size == 0:
            continue
        once = weight[tuple([slice(None if stride else 1) for stride in weight.strides])]  # what is broadcast
        most *= <double> np.max(once, initial=1)
        least *= <double> np.min(once, where=once > 0, initial=1)
    return most <= 2.0**20 and least >= 2.0**-90


cdef sample_weights(factor):
    """The factors of rows, unless they are one for all, which is ordinary."""
    return factor if factor.ndim == 0 or any(factor.strides) else None


cdef double total_of(const double* numbers, Py_ssize_t n) noexcept nogil:
    """Their sum, in an order that keeps the rounding errors few."""
    cdef double[8] lanes
    cdef Py_ssize_t i, half = n // 2 & -8
    if n > 128:
        return total_of(numbers, half) + total_of(numbers + half, n - half)
    for i in range(8):
        lanes[i] = 0
    for i in range(n):
        lanes[i & 7] += numbers[i]
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))


cdef class Operands:
    """The arrays of one call."""

    cdef RowCall call
    cdef (PyObject*)[OPERANDS] array
    cdef list held  # them and what else has to stay
    cdef int axis
    cdef tuple shape
    cdef Py_ssize_t weights  # how many there are

    def __cinit__(self, x, int axis):
        self.held, self.axis, self.shape = [], axis, x.shape
        if axis >= len(self.shape):
            raise ValueError(CHANGED)

    cdef int add(self, int operand, cnp.ndarray array) except -1:
        self.held.append(array)
        self.array[operand] = <PyObject*> array
        self.call.has[operand] = True
        return 0

    cdef int add_elements(self, int operand, cnp.ndarray array) except -1:
        """Add an array that is read or written in its own type: an input, the output, a floating mask."""
        set_access(self.call.table, &self.call.access[operand], array, self.call.type)
        return self.add(operand, array)

    cdef int add_numbers(self, int operand, cnp.ndarray array, bint* converts) except -1:
        """Add an array with one number for each row, converted if it is not of float64."""
        cdef Access* access = &self.call.access[operand]
        set_access(self.call.table, access, array, self.call.type)
        converts[0] = cnp.PyArray_TYPE(array) != cnp.NPY_DOUBLE or access.by_bytes
        return self.add(operand, array)

    cdef int add_scale(self, scale, bint of_input) except -1:
        """Add what the first input is multiplied by where it is that of a function, or else the gradient: see calls/rows.py."""
        if isinstance(scale, np.ndarray):
            self.call.scales_input, self.call.scales_result = of_input, not of_input
            return self.add(SCALES, scale)
        if of_input:
            self.call.scales, self.call.scale = scale != 1, scale
        return 0

    cdef int add_mask(self, mask) except -1:
        if mask is None:
            self.call.clears = False
        elif isinstance(mask, int):  # causal
            limits = np.arange(1, self.shape[self.axis - 1] + 1, dtype=np.intp) + mask
            self.add(LIMIT, np.broadcast_to(limits, self.shape[: self.axis]))
        elif mask.dtype == bool:
            self.call.mask = BOOLEAN_MASK
            self.add(MASK, mask)
        else:
            self.call.mask = FLOATING_MASK
            self.add_elements(MASK, mask)
        return 0

    cdef int add_weights(self, weight) except -1:
        """Add the weight of each position; 1 by default."""
        real = np.float32 if self.call.type == FLOAT32 else np.float64
        weights = np.ones(self.shape[self.axis], real) if weight is None else np.require(weight, real, "CA")
        self.held.append(weights)
        self.call.weights, self.weights = cnp.PyArray_DATA(<cnp.ndarray> weights), cnp.PyArray_SIZE(weights)
        self.call.weights_sum = np.add.reduce(weights, dtype=np.float64)
        return 0

    cdef int add_label_weights(self, weight) except -1:
        """Add the weights that labels have, unless they are 1."""
        if weight is None:
            return 0
        weights = np.require(weight, np.float64, "CA")
        self.held.append(weights)
        self.call.label_weights, self.weights = <double*> cnp.PyArray_DATA(<cnp.ndarray> weights), cnp.PyArray_SIZE(weights)
        return 0

    cdef int add_mask_of_logits(self, mask) except -1:
        """Add the mask of a loss: what it leaves out is -inf, and its gradient 0."""
        if mask is not None:
            self.call.masked, self.call.adds_mask, self.call.clears = -INFINITY, True, True
            self.add_mask(mask)
        return 0

    cdef int check_shapes(self) except -1:
        """Raise ValueError where the arrays no longer fit each other, nor the call's axis and weights.

        What was checked before may have changed meanwhile: an argument's conversion runs the user's code, and that of other
        threads. From here on nothing runs until the arrays' addresses are taken.
        """
        cdef PyObject* x = self.array[INPUT]
        cdef const cnp.npy_intp* of_x = array_DIMS(x)
        cdef const cnp.npy_intp* dims
        cdef int ndim = array_NDIM(x), operand, axis = self.axis
        cdef bint weighted = self.call.weights != NULL or self.call.label_weights != NULL
        cdef bint fit = axis < ndim and (not weighted or self.weights == of_x[axis])
        for operand in range(OPERANDS):
            if not fit or not self.call.has[operand]:
                continue
            dims = array_DIMS(self.array[operand])
            if operand <= MASK:
                fit = array_NDIM(self.array[operand]) == ndim and same_lengths(dims, of_x, ndim)
            else:
                fit = (
                    array_NDIM(self.array[operand]) == ndim - 1 and same_lengths(dims, of_x, axis)
                    and same_lengths(dims + axis, of_x + axis + 1, ndim - 1 - axis)
                )
            if operand == OUTPUT or operand == RESULT_OF_ROW:
                fit = fit and array_CHKFLAGS(self.array[operand], cnp.NPY_ARRAY_WRITEABLE)
                fit = fit and self.call.access[operand].store != NULL  # it was an array of floats
        if not fit:
            raise ValueError(CHANGED)
        return 0

    cdef int take_all_rows(self) except -1:
        """Take all rows."""
        cdef Traversal t
        cdef int status
        self.check_shapes()
        if not traverse(&t, self.array, self.call.has, self.axis):
            return 0
        with nogil:
            status = run_row_job(&self.call, &t, NULL, 0)
        if status < 0:
            raise MemoryError()
        return 0


cdef bint traverse(Traversal* t, PyObject** array, const bint* has, int axis) noexcept:
    """Lay out the way over all rows; False if there are none. Dimensions that can be seen as one are merged."""
    cdef int dims = 0, merged = 0, i, k, d, operand, ndim = array_NDIM(array[INPUT])
    cdef int[MAX_DIMENSIONS] order
    cdef const cnp.npy_intp* shape = array_DIMS(array[INPUT])
    cdef const cnp.npy_intp* strides = array_STRIDES(array[INPUT])
    cdef bint merges
    t.operands, t.n = 0, shape[axis]
    for operand in range(OPERANDS):
        if has[operand]:
            t.operand[t.operands] = operand
            t.operands += 1
            t.start[operand] = array_BYTES(array[operand])
            t.position_stride[operand] = array_STRIDES(array[operand])[axis] if operand <= MASK else 0
    # by the first input's strides, the smallest last
    for d in range(ndim):
        if d == axis or shape[d] == 1:
            continue
        if shape[d] == 0:
            return False
        i = dims
        while i and llabs(strides[order[i - 1]]) < llabs(strides[d]):
            order[i] = order[i - 1]
            i -= 1
        order[i] = d
        dims += 1
    for i in range(dims):
        d = order[i]
        merges = merged > 0
        for k in range(t.operands):
            operand = t.operand[k]
            t.row_stride[merged][operand] = array_STRIDES(array[operand])[d - (operand > MASK and d > axis)]
            merges = merges and t.row_stride[merged][operand] * shape[d] == t.row_stride[merged - 1][operand]
        t.size[merged] = shape[d]
        if merges:
            t.size[merged - 1] *= shape[d]
            for k in range(t.operands):
                operand = t.operand[k]
                t.row_stride[merged - 1][operand] = t.row_stride[merged][operand]
        else:
            merged += 1
    t.dims = merged
    if merged == 0:
        t.size[0] = t.dims = 1
        for k in range(t.operands):
            t.row_stride[0][t.operand[k]] = 0
    return True


cdef class RowArithmetic:
    """The functions of rows and the losses with the loops of one instruction set: `rows` and `losses` of a backend.

    With `exact` all floats are computed in float64, and rounded once.

    The classes in fastact/calls/rows.py and losses.py have checked everything that they are given.
    """

    cdef const fastact_table* table
    cdef readonly bint exact
    cdef dict gufuncs
    cdef set know_bfloat16
    cdef char* at_hand  # room for calls that hold the GIL
    cdef Py_ssize_t room

    def __cinit__(self, capsule, bint exact=False):
        self.table = <const fastact_table*> PyCapsule_GetPointer(capsule, FASTACT_TABLE_CAPSULE)
        self.exact = exact
        self.gufuncs, self.know_bfloat16 = {}, set()
        self.room = max(self.table.row_state[<int> FLOAT32], self.table.row_state[<int> FLOAT64]) + TILES_AT_HAND
        self.at_hand = <char*> PyMem_Malloc(self.room)
        if self.at_hand == NULL:
            raise MemoryError()

    def __dealloc__(self):
        PyMem_Free(self.at_hand)

    cdef const fastact_row_function* function(self, str name) except NULL:
        cdef bytes wanted = name.encode()
        cdef int k
        for k in range(self.table.row_function_count):
            if strcmp(self.table.row_functions[k].name, wanted) == 0:
                return &self.table.row_functions[k]
        raise ImportError(f"the compiled kernels are out of date: they have no {name!r}; build them again with: pip install .")

    cdef int computed_in(self, cnp.dtype dtype):
        """The type in which a float dtype is computed."""
        return FLOAT64 if self.exact else computed_type(dtype)

    cdef int common_type(self, a, b) except -1:
        """The computed type for two arrays of which one alone decides on the result's dtype."""
        return self.computed_in(promoted(a)) | self.computed_in(promoted(b))  # FLOAT32 is 0, FLOAT64 is 1

    cdef Operands begin(self, str name, bint gradient, x, int axis, int type):
        """A call of the function of this name, or of its gradient, without operands."""
        cdef Operands operands = Operands(x, axis)
        begin_call(&operands.call, self.table, program_of(self.function(name), gradient, type), type)
        return operands

    # ---- functions of rows ----

    def forward(self, record, x, out, axis, scale, mask, empty):
        """Fill `out` with the function of the rows of scale*x + mask."""
        cdef Operands operands = self.begin(record.arithmetic, False, x, axis, self.computed_in(x.dtype))
        cdef RowCall* call = &operands.call
        call.empty = EMPTY_ROW[empty]
        operands.add_elements(INPUT, x)
        operands.add_scale(scale, True)
        if output_of(call) == OUTPUT:
            operands.add_elements(OUTPUT, out)
        else:
            operands.add_numbers(RESULT_OF_ROW, out, &call.converts_result)
        operands.add_mask(mask)
        operands.take_all_rows()

    def backward(self, record, dy, saved, out, axis, scale, mask):
        """Fill `out` with the gradient of x, from the output, or from the input of a function whose result has no axis."""
        cdef int type = self.computed_in(np.result_type(promoted(dy), promoted(saved)))
        cdef Operands operands = self.begin(record.arithmetic, True, saved, axis, type)
        cdef RowCall* call = &operands.call
        call.gradient_scale, call.clears, call.left_out = 1 if isinstance(scale, np.ndarray) else scale, True, 0
        if record.masked:
            operands.add_scale(scale, record.reduces)
        if record.reduces:
            operands.add_elements(INPUT, saved)
            operands.add_numbers(FACTOR, dy, &call.converts_factor)
        else:
            operands.add_elements(INPUT, dy)
            operands.add_elements(INPUT + 1, saved)
        operands.add_elements(OUTPUT, out)
        operands.add_mask(mask)
        operands.take_all_rows()

    def gufunc(self, name):
        """The generalized ufunc of a function: (x, scale) or x alone to the result."""
        if name not in self.gufuncs:
            self.gufuncs[name] = make_gufunc(self, name, row_functions[name].signature)
        ml_dtypes = sys.modules.get("ml_dtypes")  # may be imported at any time, and without it there is no bfloat16
        if ml_dtypes is not None and name not in self.know_bfloat16:
            settle_integers(self.gufuncs[name], 1)
            teach_bfloat16(self, self.gufuncs[name], name, np.dtype(ml_dtypes.bfloat16))
            self.know_bfloat16.add(name)
        return self.gufuncs[name]

    # ---- losses ----

    def total(self, cnp.ndarray losses):
        """The sum of contiguous numbers in float64."""
        cdef fastact_flags flags = fastact_save_flags()
        cdef double total = total_of(<const double*> cnp.PyArray_DATA(losses), cnp.PyArray_SIZE(losses))
        fastact_restore_flags(flags)
        return total

    cdef int fill_loss(self, Operands operands, loss, dx) except -1:
        """Take the rows of a loss, for its gradient, too, if there is a place for that."""
        if dx is not None:
            operands.add_elements(OUTPUT, dx)
        if loss is not None:
            operands.add_numbers(RESULT_OF_ROW, loss, &operands.call.converts_result)
        return operands.take_all_rows()

    def cross_entropy(self, x, labels, weight, smoothing, mask, factor, loss, dx, axis):
        """Fill `loss` with the rows' losses for labels, and `dx`, unless None, with their gradients times `factor`."""
        cdef str name = "cross_entropy_smoothed" if smoothing else "cross_entropy"
        cdef int type = self.computed_in(x.dtype) if in_float32((weight, sample_weights(factor))) else FLOAT64
        cdef Operands operands = self.begin(name, dx is not None, x, axis, type)
        operands.call.smoothing = smoothing
        operands.add_elements(INPUT, x)
        operands.add(LABELS, labels)
        operands.add_numbers(FACTOR, factor, &operands.call.converts_factor)
        if smoothing:
            operands.add_weights(weight)
        operands.add_label_weights(weight)
        operands.add_mask_of_logits(mask)
        self.fill_loss(operands, loss, dx)

    def cross_entropy_probabilities(self, x, targets, weight, smoothing, mask, factor, loss, dx, axis):
        """As `cross_entropy`, for probabilities in place of labels."""
        cdef str name = "cross_entropy_probabilities"
        cdef int type = self.common_type(x, targets) if in_float32((weight, sample_weights(factor))) else FLOAT64
        cdef Operands operands = self.begin(name, dx is not None, x, axis, type)
        operands.call.smoothing = smoothing
        operands.add_elements(INPUT, x)
        operands.add_elements(INPUT + 1, targets)
        operands.add_numbers(FACTOR, factor, &operands.call.converts_factor)
        operands.add_weights(weight)
        operands.add_mask_of_logits(mask)
        self.fill_loss(operands, loss, dx)

    def nll_loss(self, log_probs, labels, weight, factor, loss, dx, axis):
        """The same from logarithms of probabilities. It only picks elements: NumPy does."""
        nll_loss(log_probs, labels, weight, factor, loss, dx, axis)

    def binary_cross_entropy(self, x, targets, weight, pos_weight, from_logits, factor, loss, dx, axis):
        """Fill `loss` with sums along the axis, or where that is None with each element's loss; `dx` with gradients."""
        cdef str name = "binary_cross_entropy" if from_logits else "binary_cross_entropy_of_probabilities"
        cdef int type = self.computed_in(x.dtype) if targets.dtype.kind in "iub" else self.common_type(x, targets)
        if not in_float32((weight, pos_weight)):
            type = FLOAT64
        ones = np.broadcast_to(np.ones((), np.float32 if type == FLOAT32 else np.float64), x.shape)
        inputs = (x, targets, ones if weight is None else weight, ones if pos_weight is None else pos_weight)
        if axis is None:
            self.run_binary(name + "_each", False, x.ndim - 1, type, inputs, 1, None, loss)
            if dx is not None:
                self.run_binary(name, True, x.ndim - 1, type, inputs, factor, None, dx)
        else:
            self.run_binary(name, dx is not None, axis, type, inputs, factor, loss, dx)

    cdef int run_binary(
        self, str name, bint gradient, int axis, int type, tuple inputs, double factor, loss, out
    ) except -1:
        cdef Operands operands = self.begin(name, gradient, inputs[0], axis, type)
        cdef int k
        operands.call.gradient_scale = factor
        for k in range(4):
            operands.add_elements(INPUT + k, inputs[k])
        return self.fill_loss(operands, loss, out)


cdef dict EMPTY_ROW = {"nan": EMPTY_NAN, "zero": EMPTY_ZERO, "uniform": EMPTY_UNIFORM}
