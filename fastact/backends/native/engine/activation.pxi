# The fast path of activations: exact ndarrays, native, contiguous, of a float dtype, straight into a loop. No Python object is
# made but the result. What it does not take goes on to `calls.elementwise.Activation`. Here are the class, what all its calls
# need, and the forward call; the others are in backward.pxi.

from fastact.calls.elementwise import Activation

cdef enum:
    FEW = 256  # elements: below, an array parameter that is one number is repeated on the stack, without a job

cdef str BIAS = "bias"
cdef object Float32 = np.float32, Float64 = np.float64
cdef cnp.dtype float32_dtype = np.dtype(np.float32), float64_dtype = np.dtype(np.float64)

# What takes a call that the fast path does not, as unbound functions
cdef object general_backward = Activation.backward
cdef object general_value_and_grad = Activation.value_and_grad

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
    cdef const fastact_activation* activation
    cdef bint active  # whether `_attach` was called
    cdef bint array_parameter, learnt_parameter, noisy
    cdef int cost, parameters
    cdef int lesser, greater  # two parameters whose order is prescribed, or -1
    cdef double[MAX_PARAMETERS] defaults, low, from_output_low
    cdef double[2][MAX_PARAMETERS] least, most  # magnitudes for the loops of float32 and float64
    cdef bint[MAX_PARAMETERS] open_low
    cdef char[2][PARAMETER_BYTES] default_values  # as float32 and as float64
    cdef tuple parameter_names
    cdef tuple ufunc_defaults  # what the forward ufunc takes besides x
    cdef object forward_ufunc  # made when first needed

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_activation
        self.active = False

    def _attach(self, Table table, entry):
        """Take the loops of this entry from a table."""
        cdef int i
        if len(entry.parameters) > MAX_PARAMETERS:
            raise ValueError(f"{entry.name}: at most {MAX_PARAMETERS} parameters")
        self.table, self.activation = table.table, table.activation(entry)
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
                self.least[k][i], self.most[k][i] = p.ordinary[0], min(p.ordinary[1], largest)
        write_parameters(self, self.defaults, FLOAT32, self.default_values[0])
        write_parameters(self, self.defaults, FLOAT64, self.default_values[1])
        self.array_parameter = entry.array_parameter is not None
        self.learnt_parameter = entry.learnt_parameter is not None
        self.active = True

    def backward(self, dy, x=None, out=None, *, y=None, bias=None, **params):
        result = None
        if self.active and (x is None or y is None):
            if x is None:
                result = take_backward(self, BACKWARD_FROM_OUTPUT, dy, y, out, bias, params)
            else:
                result = take_backward(self, BACKWARD, dy, x, out, bias, params)
        return general_backward(self, dy, x, out, y=y, bias=bias, **params) if result is None else result

    def value_and_grad(self, x, out=(None, None), **params):
        result = None
        if self.active and is_pair(out):
            result = take_value_and_grad(self, x, <tuple> out, params)
        return general_value_and_grad(self, x, out, **params) if result is None else result


FastPath.backward.__doc__ = Activation.backward.__doc__
FastPath.value_and_grad.__doc__ = Activation.value_and_grad.__doc__


# ---- arguments ------------------------------------------------------------------------------------------------------

cdef inline int operand_type(FastPath f, PyObject* array) noexcept:
    """The type of an array that goes the fast path, or -1. With an array parameter 16-bit arrays are left to the ufunc."""
    cdef int type = contiguous_type(array)
    return -1 if f.array_parameter and is_half(type) else type


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


cdef inline bint read_parameter(FastPath f, PyObject* name, PyObject* value, double* values) noexcept:
    """Set one parameter from a keyword; False if that needs the general path's checks."""
    cdef int i
    cdef double number
    for i in range(f.parameters):
        if PyTuple_GET_ITEM(<PyObject*> f.parameter_names, i) == name:
            if not PyFloat_CheckExact(value):
                return False
            number = PyFloat_AS_DOUBLE(value)
            if not f.low[i] <= number or (f.open_low[i] and number == f.low[i]):
                return False
            values[i] = number
            return True
    return False


cdef inline bint take_parameters(FastPath f, const double* values, Work* work) noexcept:
    """Have the loop read these parameters; False if they are not in the prescribed order, or not for the loop."""
    cdef int i
    cdef int computed = computed_in(work.type)
    cdef double size
    if f.lesser >= 0 and not values[f.lesser] <= values[f.greater]:
        return False
    for i in range(f.parameters):
        size = fabs(values[i])
        if not f.least[computed][i] <= size <= f.most[computed][i]:
            return False
    write_parameters(f, values, computed, work.given)
    work.parameters = work.given
    return True


cdef bint read_parameters(FastPath f, dict params, Work* work) except -1:
    """Take the parameters given as keywords; False if they need the general path's checks."""
    cdef double[MAX_PARAMETERS] values
    cdef int i
    work.parameters = f.default_values[computed_in(work.type)]
    if not params:
        return True
    memcpy(values, f.defaults, sizeof(values))
    for name, value in params.items():
        if not read_parameter(f, <PyObject*> name, <PyObject*> value, values):
            return False
    if work.kind == BACKWARD_FROM_OUTPUT:
        for i in range(f.parameters):
            if values[i] < f.from_output_low[i]:
                return False
    return take_parameters(f, values, work)


# ---- into the loops -------------------------------------------------------------------------------------------------

cdef inline void run(FastPath f, Work* work) noexcept:
    """Compute n elements."""
    cdef fastact_flags flags
    if work.n < RELEASE_GIL and not f.array_parameter and not is_half(work.type):
        flags = fastact_save_flags()
        f.activation.loops[work.type][work.kind](work.a, work.b, work.out1, work.out2, work.n, work.parameters)
        fastact_restore_flags(flags)
    elif work.n < FEW and not is_half(work.type):
        run_few(f, work)
    else:
        run_many(f, work)


cdef void run_few(FastPath f, Work* work) noexcept:
    """Compute a few elements with an array parameter that is one number."""
    cdef double[FEW] spread
    cdef Py_ssize_t i
    cdef fastact_flags flags = fastact_save_flags()
    for i in range(work.n):
        if work.type == FLOAT32:
            (<float*> spread)[i] = (<const float*> work.parameters)[0]
        else:
            spread[i] = (<const double*> work.parameters)[0]
    f.activation.loops[work.type][work.kind](work.a, work.b, work.out1, work.out2, work.n, spread)
    fastact_restore_flags(flags)


cdef void run_many(FastPath f, const Work* work) noexcept:
    """Compute n elements as a job."""
    cdef Loop loop
    cdef LoopJob job
    cdef int k
    memset(&loop, 0, sizeof(Loop))
    loop.run, loop.cost = f.activation.loops[computed_in(work.type)][work.kind], f.cost
    loop.operands, loop.outputs = 1 + (work.b != NULL), 1 + (work.out2 != NULL)
    loop.parameters, loop.array_parameter = f.parameters, f.array_parameter
    set_ways(&loop, f.table, work.type, computed_in(work.type), False)
    job.loop, job.rows, job.n = &loop, 1, work.n
    job.at[0], job.at[1] = <char*> work.a, <char*> work.b
    job.stride[0] = job.stride[1] = itemsize_of(work.type)
    for k in range(f.parameters):
        job.at[loop.operands + k], job.stride[loop.operands + k] = <char*> work.parameters + k * loop.itemsize, 0
    k = loop.operands + f.parameters
    job.at[k], job.at[k + 1] = work.out1, work.out2
    job.stride[k] = job.stride[k + 1] = itemsize_of(work.type)
    if work.n < RELEASE_GIL:
        run_loop_job(&job)
    else:
        with nogil:
            run_loop_job(&job)


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
    job.table, job.type, job.computed, job.cost = f.table, work.type, computed_in(work.type), f.cost
    job.bias, job.out, job.dbias = work.bias, work.out1, work.dbias
    if work.a != NULL:
        job.dy, job.x = work.a if work.b != NULL else NULL, work.b if work.b != NULL else work.a
        job.loop, job.parameters = f.activation.loops[job.computed][work.kind], work.parameters
        job.array_parameter = f.array_parameter
    if work.by_parameter != NULL:
        job.loop_by_parameter = f.activation.loops[job.computed][<int> BACKWARD_BY_PARAMETER]
    return run_with_memory(&job, rows, work.columns, work.by_parameter)


# ---- forward --------------------------------------------------------------------------------------------------------

# What a call may give besides x and parameters; None where it does not
cdef struct Options:
    PyObject* out
    PyObject* bias


cdef object call_activation(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(x, out=None, *, bias=None, **params) as a vectorcall; anything unusual goes to `Activation.__call__`."""
    cdef FastPath f = <FastPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    if f.active and 1 <= nargs <= 2:
        result = take_forward(f, args, nargs, names)
        if result is not None:
            return result
        if nargs == 1 and names == NULL and goes_to_ufunc(f, args[0]):
            return call_ufunc(f, <object> args[0])
    return call_general(self, args, nargs, names)


cdef inline object take_forward(FastPath f, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
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
    options.out, options.bias = args[1] if nargs == 2 else Py_None, Py_None
    work.parameters = f.default_values[computed_in(work.type)]
    if names != NULL and not read_keywords(f, args + nargs, names, nargs == 1, &options, &work):
        return None
    if is_array:
        return forward_array(f, x, &options, &work)
    return forward_number(f, &number, &work) if options.out == Py_None and options.bias == Py_None else None


cdef bint read_keywords(
    FastPath f, PyObject* const* values, PyObject* names, bint takes_out, Options* options, Work* work
) noexcept:
    """Take the keywords; False if one needs the general path's checks."""
    cdef double[MAX_PARAMETERS] parameters
    cdef bint given = False
    cdef PyObject* name
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(names)):
        name = PyTuple_GET_ITEM(names, i)
        if name == <PyObject*> OUT and takes_out:
            options.out = values[i]
        elif name == <PyObject*> BIAS:
            options.bias = values[i]
        else:
            if not given:
                memcpy(parameters, f.defaults, sizeof(parameters))
                given = True
            if not read_parameter(f, name, values[i], parameters):
                return False
    return take_parameters(f, parameters, work) if given else True


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
