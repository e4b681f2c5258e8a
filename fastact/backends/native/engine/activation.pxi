# The fast path of activations: exact ndarrays, native, contiguous, of a float dtype, straight into a loop. No Python object is
# made but the result. What it does not take goes on to `calls.elementwise.Activation`. Here are the class, what all its calls
# need, and the forward call; the others are in backward.pxi.

from fastact.calls.elementwise import Activation

cdef str BIAS = "bias"
cdef tuple NO_PAIR = (None, None)
cdef object Float32 = np.float32, Float64 = np.float64
cdef cnp.dtype float32_dtype = np.dtype(np.float32), float64_dtype = np.dtype(np.float64)

# What is to be computed: a kind, for n elements
cdef struct Work:
    int kind  # FORWARD, ...
    int type  # of all arrays in memory
    Py_ssize_t n
    const char* a  # the loop's operands, as in table.h
    const char* b
    char* out1
    char* out2
    const void* parameters  # in the computed type
    char[PARAMETER_BYTES] given  # room for them, where they are not the defaults
    # for whole rows:
    const char* bias
    Py_ssize_t columns
    void* dbias  # takes the sums of out1 by column, of 16 bits in float64
    double* by_parameter  # takes the sum of the learnt parameter's gradient


@cython.auto_pickle(False)
cdef class FastPath(Vectorcall):
    """The part of an activation that has the loops at hand, to be mixed into `calls.elementwise.Activation`."""

    cdef const fastact_table* table
    cdef Kernel[2][LOOPS] kernels  # for results of float64, and before them for those of narrower types
    cdef fastact_loop[LOOPS] quick, block  # see `Table.quick_loop`
    cdef bint array_parameter, learnt_parameter, noisy
    cdef bint exact, widens  # results are rounded once; so all floats are computed in float64
    cdef int cost, parameters
    cdef int lesser, greater  # two parameters whose order is prescribed, or -1
    cdef double[MAX_PARAMETERS] defaults, low, from_output_low
    cdef double[2][MAX_PARAMETERS] least, most  # magnitudes for the loops of float32 and float64
    cdef bint[MAX_PARAMETERS] open_low
    cdef char[2][PARAMETER_BYTES] default_values  # as float32 and as float64
    cdef tuple parameter_names
    cdef tuple ufunc_defaults  # what the forward ufunc takes besides x
    cdef object forward_ufunc  # made when first needed
    cdef dict later  # of a definition: the kinds whose programs are made when first needed, by their numbers
    cdef object table_of, entry  # what they are made of
    cdef tuple ends  # where it is flat, with the default parameters; for monitors

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_activation

    def _attach(self, Table table not None, entry):
        """Take the loops of this entry from a table."""
        cdef int i
        if len(entry.parameters) > MAX_PARAMETERS:
            raise OverflowError(f"{entry.name}: at most {MAX_PARAMETERS} parameters")
        self.table, self.exact = table.table, table.exact
        self.widens = table.exact and not entry.never_rounds
        takes_arrays = entry.call is Call.DEFINED and bool(entry.array_parameters)  # which go the general path
        if not takes_arrays:
            kinds = {loop_number(kind): kind for kind in kinds_of(entry) if not (kind.unit or kind.bias)}
            self.later, self.table_of, self.entry = kinds, table, entry
            for number, kind in kinds.items():
                self.quick[<int> number], self.block[<int> number] = table.quick_loop(entry, kind), table.block_loop(entry, kind)
            for number in (FORWARD,) if entry.call is Call.DEFINED else tuple(kinds):
                find_kernels(self, number)
        self.parameters, self.cost = len(entry.parameters), LIGHT if entry.light else HEAVY
        self.noisy = entry.noise is not None
        # A parameter that is drawn has no name here, so a call with a generator or options goes the general path. A call without
        # takes the default, which is the mean of what is drawn.
        self.parameter_names = tuple(None if self.noisy else p.name for p in entry.parameters)
        self.ufunc_defaults = tuple(p.default for p in entry.parameters)
        self.lesser = self.greater = -1
        if entry.ordered and not self.noisy:
            self.lesser, self.greater = map(self.parameter_names.index, entry.ordered)
        for i, p in enumerate(entry.parameters):
            self.defaults[i], self.low[i], self.open_low[i] = p.default, p.low, p.open_low
            self.from_output_low[i] = entry.from_output_low.get(p.name, -np.inf)
            for k, largest in enumerate((1e38, 1.7e308)):  # what a type may not hold is left to the general path, too
                self.least[k][i] = p.ordinary[0]
                self.most[k][i] = np.inf if p.infinite else min(p.ordinary[1], largest)
        write_parameters(self, self.defaults, FLOAT32, self.default_values[0])
        write_parameters(self, self.defaults, FLOAT64, self.default_values[1])
        self.array_parameter, self.learnt_parameter = bool(entry.array_parameters), bool(entry.learnt_parameters)
        self.active = not takes_arrays

    backward = new_method(Activation.backward, <void*> call_backward)
    value_and_grad = new_method(Activation.value_and_grad, <void*> call_value_and_grad)


cdef inline bint has_kernels(FastPath f, int kind) except -1:
    """Whether a kind of call goes the fast path; the programs of a definition are made now, if they are not there yet."""
    return is_there(&f.kernels[<int> FLOAT32][kind]) or (len(f.later) > 0 and find_later(f, kind))


cdef bint find_later(FastPath f, int kind) except -1:
    try:
        return find_kernels(f, kind)
    except OverflowError:  # it is too long for a program: such calls go the general path
        return False


cdef bint find_kernels(FastPath f, int number) except -1:
    """Find what computes a kind of call; False where that is tried already, or just now on another thread."""
    cdef Kernel single, double_
    kind = f.later.pop(number, None)
    if kind is None:
        return False
    (<Table> f.table_of).find_kernel(f.entry, kind, FLOAT64 if f.widens else FLOAT32, True, &single)
    (<Table> f.table_of).find_kernel(f.entry, kind, FLOAT64, False, &double_)
    f.kernels[<int> FLOAT32][number], f.kernels[<int> FLOAT64][number] = single, double_  # both are there, or none
    return True


# ---- arguments ------------------------------------------------------------------------------------------------------

cdef inline int operand_type(FastPath f, PyObject* array) noexcept:
    """The type of an array that goes the fast path, or -1. With an array parameter what is converted is left to the ufunc."""
    cdef int type = contiguous_type(array)
    return -1 if f.array_parameter and is_converted(f, type) else type


cdef inline int computed_for(FastPath f, int type) noexcept:
    """In which type a stored float type is computed."""
    return FLOAT64 if f.widens else computed_in(type)


cdef inline bint is_converted(FastPath f, int type) noexcept:
    """Whether arrays of this type are computed in another."""
    return computed_for(f, type) != type


cdef inline bint is_bias(PyObject* bias, PyObject* x, int type) noexcept:
    """Whether an array is a bias of x for the fast path."""
    return (
        contiguous_type(bias) == type and array_NDIM(bias) == 1 and array_NDIM(x) > 0
        and array_DIMS(bias)[0] == array_DIMS(x)[array_NDIM(x) - 1]
    )


cdef inline bint apart_from_bias(PyObject* out, PyObject* bias, Py_ssize_t nbytes) noexcept:
    return apart(array_BYTES(out), nbytes, array_BYTES(bias), array_NBYTES(bias))


cdef inline bint is_pair(out):
    return type(out) is tuple and len(<tuple> out) == 2


cdef int read_number(PyObject* number, double* value) noexcept:
    """FLOAT32 or FLOAT64 of a Python float, a NumPy scalar or an array of no dimensions, which goes to `value`; otherwise -1."""
    cdef int type
    if PyFloat_CheckExact(number) or Py_TYPE(number) == <PyTypeObject*> Float64:
        value[0] = PyFloat_AS_DOUBLE(number)
        return FLOAT64
    if Py_TYPE(number) == <PyTypeObject*> Float32:
        cnp.PyArray_ScalarAsCtype(<object> number, value)
        return FLOAT32
    type = native_type(number)
    if (type != FLOAT32 and type != FLOAT64) or array_NDIM(number) > 0:
        return -1
    memcpy(value, array_BYTES(number), itemsize_of(type))
    return type


cdef object new_number(const double* value, int type):
    """The NumPy scalar of what stands at `value`."""
    return PyArray_Scalar(<void*> value, float32_dtype if type == FLOAT32 else float64_dtype, None)


cdef object rounded_number(double value, int type):
    """NumPy's float32 or float64 of this value."""
    cdef double stored = value
    cdef fastact_flags flags = fastact_save_flags()
    if type == FLOAT32:
        (<float*> &stored)[0] = <float> value
    fastact_restore_flags(flags)
    return new_number(&stored, type)


# ---- parameters -----------------------------------------------------------------------------------------------------

cdef void write_parameters(FastPath f, const double* values, int type, char* target) noexcept:
    """Lay out parameters as a loop reads them."""
    cdef int i
    for i in range(f.parameters):
        if type == FLOAT32:
            (<float*> target)[i] = <float> values[i]
        else:
            (<double*> target)[i] = values[i]


# What a call may give by keyword; None where it does not, NULL where the method has no such keyword
cdef struct Options:
    PyObject* out
    PyObject* bias
    PyObject* y
    bint has_parameters
    double[MAX_PARAMETERS] parameters


cdef bint read_parameter(FastPath f, PyObject* name, PyObject* value, Options* options) noexcept:
    """Set one parameter from a keyword; False if that needs the general path's checks."""
    cdef int i
    cdef double number
    if not options.has_parameters:
        memcpy(options.parameters, f.defaults, sizeof(f.defaults))
        options.has_parameters = True
    for i in range(f.parameters):
        if PyTuple_GET_ITEM(<PyObject*> f.parameter_names, i) == name:
            if not PyFloat_CheckExact(value):
                return False
            number = PyFloat_AS_DOUBLE(value)
            if not f.low[i] <= number or (f.open_low[i] and number == f.low[i]):
                return False
            options.parameters[i] = number
            return True
    return False


cdef inline bint read_keywords(FastPath f, PyObject* const* values, PyObject* names, Options* options) noexcept:
    """Take the keywords, if there are any; False if one needs the general path's checks."""
    options.has_parameters = False
    return names == NULL or read_given_keywords(f, values, names, options)


cdef bint read_given_keywords(FastPath f, PyObject* const* values, PyObject* names, Options* options) noexcept:
    cdef PyObject* name
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(names)):
        name = PyTuple_GET_ITEM(names, i)
        if name == <PyObject*> OUT:
            options.out = values[i]
        elif name == <PyObject*> BIAS and options.bias != NULL:
            options.bias = values[i]
        elif name == <PyObject*> Y and options.y != NULL:
            options.y = values[i]
        elif not read_parameter(f, name, values[i], options):
            return False
    return True


cdef inline bint take_parameters(FastPath f, const Options* options, Work* work) noexcept:
    """Have the loop read the parameters; False if the general path has to check them."""
    if options.has_parameters:
        return take_given_parameters(f, options, work)
    work.parameters = f.default_values[computed_for(f, work.type)]
    return True


cdef bint take_given_parameters(FastPath f, const Options* options, Work* work) noexcept:
    """The same for others than the defaults; False if they are not in order, not for the loop, or not for y."""
    cdef fastact_flags flags
    cdef int i, computed = computed_for(f, work.type)
    if f.lesser >= 0 and not options.parameters[f.lesser] <= options.parameters[f.greater]:
        return False
    for i in range(f.parameters):
        if not f.least[computed][i] <= fabs(options.parameters[i]) <= f.most[computed][i]:
            return False
        if work.kind == BACKWARD_FROM_OUTPUT and options.parameters[i] < f.from_output_low[i]:
            return False
        if f.exact and computed == FLOAT32 and not is_float32(options.parameters[i]):  # the ufunc computes in float64
            return False
    flags = fastact_save_flags()
    write_parameters(f, options.parameters, computed, work.given)
    fastact_restore_flags(flags)
    work.parameters = work.given
    return True


cdef inline bint is_float32(double value) noexcept:
    """Whether float32 holds this number."""
    return value == <double> <float> value


# ---- into the loops -------------------------------------------------------------------------------------------------

cdef inline void run(FastPath f, Work* work) noexcept:
    """Compute n elements."""
    cdef fastact_flags flags
    if work.n < RELEASE_GIL and not f.array_parameter and not is_converted(f, work.type):
        flags = fastact_save_flags()
        run_kernel(&f.kernels[work.type][work.kind], work.a, work.b, work.out1, work.out2, work.n, work.parameters)
        fastact_restore_flags(flags)
    elif work.n < FEW and not is_converted(f, work.type):
        run_few(f, work)
    else:
        run_many(f, work)


cdef void run_few(FastPath f, Work* work) noexcept:
    """Compute a few elements with an array parameter that is one number."""
    cdef double[FEW] spread
    cdef fastact_flags flags = fastact_save_flags()
    fill_with(spread, <const char*> work.parameters, itemsize_of(work.type), work.n)
    run_kernel(&f.kernels[work.type][work.kind], work.a, work.b, work.out1, work.out2, work.n, spread)
    fastact_restore_flags(flags)


cdef void run_many(FastPath f, const Work* work) noexcept:
    """Compute n elements as a job."""
    cdef Loop loop
    memset(&loop, 0, sizeof(Loop))
    loop.run, loop.cost = f.kernels[work.type == FLOAT64][work.kind], f.cost
    loop.operands, loop.outputs = 1 + (work.b != NULL), 1 + (work.out2 != NULL)
    loop.parameters, loop.arrays = f.parameters, f.array_parameter
    set_ways(&loop, f.table, work.type, computed_for(f, work.type), False, False)
    if work.type == FLOAT32 and loop.itemsize == sizeof(double):
        set_exact_loop(&loop, f.quick[work.kind], f.block[work.kind])
    if work.n < RELEASE_GIL:
        run_on_arrays(&loop, work.a, work.b, work.out1, work.out2, work.n, work.parameters)
    else:
        with nogil:
            run_on_arrays(&loop, work.a, work.b, work.out1, work.out2, work.n, work.parameters)


cdef int run_rows(FastPath f, const Work* work) except -1:
    """Compute whole rows: add the bias, if there is one, and form the sums that are wanted. Without operands form only the sums,
    of what stands in out1.
    """
    cdef BiasJob job
    cdef Py_ssize_t rows = work.n // work.columns if work.columns else 0
    if rows == 0:
        if work.dbias != NULL:
            memset(work.dbias, 0, work.columns * (4 if work.type == FLOAT32 else 8))
        if work.by_parameter != NULL:
            work.by_parameter[0] = 0
        return 0
    memset(&job, 0, sizeof(BiasJob))
    job.table, job.type, job.computed, job.cost = f.table, work.type, computed_for(f, work.type), f.cost
    job.bias, job.out, job.dbias = work.bias, work.out1, work.dbias
    if work.a != NULL:
        job.dy, job.x = work.a if work.b != NULL else NULL, work.b if work.b != NULL else work.a
        job.kernel, job.parameters = f.kernels[work.type == FLOAT64][work.kind], work.parameters
        job.array_parameter = f.array_parameter
    if work.by_parameter != NULL:
        job.kernel_by_parameter = f.kernels[work.type == FLOAT64][<int> BACKWARD_BY_PARAMETER]
    return run_with_memory(&job, rows, work.columns, work.by_parameter)


# ---- forward --------------------------------------------------------------------------------------------------------

cdef object call_activation(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(x, *, out=None, bias=None, **params) as a vectorcall; anything unusual goes to `Activation.__call__`."""
    cdef FastPath f = <FastPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    if is_special():
        if is_to_be_exact(f.exact):
            return call_general(self, args, nargs, names)
        if is_watched():
            return call_watched_activation(f, args, nargs, names)
    if f.active and nargs == 1:
        result = take_forward(f, args, names)
        if result is not None:
            return result
        if names == NULL and goes_to_ufunc(f, args[0]):
            return call_ufunc(f, <object> args[0])
    return call_general(self, args, nargs, names)


cdef inline object take_forward(FastPath f, PyObject* const* args, PyObject* names):
    """The result; None for what this cannot take."""
    cdef PyObject* x = args[0]
    cdef Options options
    cdef Work work
    cdef double number
    cdef bint is_array
    work.kind, work.type = FORWARD, operand_type(f, x)
    is_array = work.type >= 0 and array_NDIM(x) > 0
    if not is_array:
        work.type = read_number(x, &number)
        if work.type < 0:
            return None
    options.out, options.bias, options.y = Py_None, Py_None, NULL
    if not read_keywords(f, args + 1, names, &options) or not take_parameters(f, &options, &work):
        return None
    if is_array:
        return forward_array(f, x, &options, &work)
    return forward_number(f, &number, &work) if options.out == Py_None and options.bias == Py_None else None


cdef inline object forward_array(FastPath f, PyObject* x, const Options* options, Work* work):
    """f(x), or f(x + bias)."""
    cdef PyObject* bias = options.bias
    cdef Py_ssize_t nbytes
    if bias != Py_None and not is_bias(bias, x, work.type):
        return None
    work.n = array_SIZE(x)
    nbytes = work.n * itemsize_of(work.type)
    if options.out == Py_None:
        result = new_like(x)
    elif writable_like(options.out, x, work.type, nbytes) and (
        bias == Py_None or apart_from_bias(options.out, bias, nbytes)
    ):
        result = <object> options.out
    else:
        return None
    work.a, work.b, work.out1, work.out2 = array_BYTES(x), NULL, array_BYTES(<PyObject*> result), NULL
    if bias == Py_None:
        if not (watched and run_and_observe(f, work)):
            run(f, work)
    elif work.n:
        work.columns, work.bias, work.dbias, work.by_parameter = array_DIMS(bias)[0], array_BYTES(bias), NULL, NULL
        run_rows(f, work)
    return result


cdef object forward_number(FastPath f, const double* number, Work* work):
    cdef double result
    work.n, work.a, work.b, work.out1, work.out2 = 1, <const char*> number, NULL, <char*> &result, NULL
    run(f, work)
    return new_number(&result, work.type)


cdef bint goes_to_ufunc(FastPath f, PyObject* x) noexcept:
    """Whether x is an array of floats in another layout, of which there is nothing else to check."""
    cdef int number
    if f.noisy or not array_CheckExact(x):
        return False
    number = array_TYPE(x)
    return number == cnp.NPY_FLOAT or number == cnp.NPY_DOUBLE or number == cnp.NPY_FLOAT16


cdef object call_ufunc(FastPath f, x):
    """f(x) with the default parameters, by the ufunc."""
    if f.forward_ufunc is None:
        f.forward_ufunc = f.ufunc
    return f.forward_ufunc(x, *f.ufunc_defaults)
