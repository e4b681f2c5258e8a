# The fast path of the gated units. It also takes arrays of contiguous rows at equal distances, such as the halves of a packed
# array.

from fastact.calls.gated import Gated
from fastact.functions import kinds

# The operands of a call
cdef struct UnitOperands:
    int type, count  # so far
    bint contiguous  # all of them
    Py_ssize_t size, rows, row_bytes
    (char*)[MAX_TILED] at
    Py_ssize_t[MAX_TILED] stride  # bytes from row to row


@cython.auto_pickle(False)
cdef class GatedPath(Vectorcall):
    """The part of a gated unit that has the loops at hand, to be mixed into `calls.gated.Gated`."""

    cdef (Loop*)[STORED_TYPES] forward_loops, backward_loops  # by the type in memory
    cdef bint exact

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_gated

    def _attach(self, Table table not None, entry):
        """Take the loops of the unit of this activation from a table."""
        cdef int type
        self.exact = table.exact
        for type in (FLOAT32, FLOAT64, FLOAT16, BFLOAT16):
            self.forward_loops[type] = new_unit_loop(table, entry, kinds.GATED, type)
            self.backward_loops[type] = new_unit_loop(table, entry, kinds.GATED_BACKWARD, type)
        self.active = True

    backward = new_method(Gated.backward, <void*> call_gated_backward)


cdef Loop* new_unit_loop(Table table, entry, kind, int type) except NULL:
    cdef Signature signature
    signature.stored = signature.stored_array = type
    signature.computed = FLOAT64 if table.exact and not entry.never_rounds else computed_in(type)
    signature.bools = False
    return new_loop(table, entry, kind, &signature)


# ---- operands -------------------------------------------------------------------------------------------------------

cdef inline Py_ssize_t row_stride(PyObject* array, Py_ssize_t itemsize) noexcept:
    """Bytes from one contiguous row to the next of an array that is not contiguous; 0 if it has no such rows."""
    cdef int last = array_NDIM(array) - 1, k
    cdef const cnp.npy_intp* dims = array_DIMS(array)
    cdef const cnp.npy_intp* strides = array_STRIDES(array)
    if last < 1 or strides[last] != itemsize or strides[last - 1] < dims[last] * itemsize:
        return 0
    for k in range(last - 1):
        if strides[k] != strides[k + 1] * dims[k + 1]:
            return 0
    return strides[last - 1]


cdef bint add_operand(UnitOperands* operands, PyObject* array) noexcept:
    """Take one more array of the type of the first; False if the fast path cannot go through it."""
    cdef int k = operands.count, type = native_type(array)
    if type < 0 or type != operands.type:
        return False
    operands.at[k] = array_BYTES(array)
    operands.stride[k] = operands.row_bytes
    if not array_CHKFLAGS(array, cnp.NPY_ARRAY_C_CONTIGUOUS):
        operands.stride[k] = row_stride(array, itemsize_of(type))
        if operands.stride[k] == 0:
            return False
        operands.contiguous = False
    operands.count += 1
    return True


cdef bint take_inputs(UnitOperands* operands, PyObject** inputs, int count) noexcept:
    """Take a call's inputs."""
    cdef Py_ssize_t columns
    cdef int k
    operands.type, operands.count, operands.contiguous = native_type(inputs[0]), 0, True
    if operands.type < 0 or array_NDIM(inputs[0]) == 0:
        return False
    columns = array_DIMS(inputs[0])[array_NDIM(inputs[0]) - 1]
    operands.size, operands.row_bytes = array_SIZE(inputs[0]), columns * itemsize_of(operands.type)
    operands.rows = operands.size // columns if operands.size else 0
    for k in range(count):
        if not add_operand(operands, inputs[k]) or (k > 0 and not same_shape(inputs[k], inputs[0])):
            return False
    return True


cdef bint add_output(UnitOperands* operands, PyObject* out, PyObject* shaped, int inputs) noexcept:
    """Take an output that is an input itself or apart from all of them, and apart from the other output."""
    cdef int k, new = operands.count
    if not add_operand(operands, out) or not same_shape(out, shaped) or not array_CHKFLAGS(out, cnp.NPY_ARRAY_WRITEABLE):
        return False
    for k in range(new):
        if k < inputs and operands.at[k] == operands.at[new] and operands.stride[k] == operands.stride[new]:
            continue
        if not rows_apart(operands, k, new):
            return False
    return True


cdef inline bint rows_apart(const UnitOperands* operands, int i, int j) noexcept:
    """Whether two of the arrays are known to have no byte in common. Their rows may alternate, as in a packed array's halves."""
    cdef Py_ssize_t last = operands.rows - 1, stride = operands.stride[i], row_bytes = operands.row_bytes
    cdef Py_ssize_t distance = operands.at[j] - operands.at[i]
    if operands.size == 0 or apart(
        operands.at[i], last * stride + row_bytes, operands.at[j], last * operands.stride[j] + row_bytes
    ):
        return True
    if stride != operands.stride[j]:
        return False
    distance %= stride  # by C's rules: towards zero
    if distance < 0:
        distance += stride
    return row_bytes <= distance <= stride - row_bytes


# ---- calls ----------------------------------------------------------------------------------------------------------

cdef void run_unit(const Loop* loop, const UnitOperands* operands) noexcept nogil:
    """Run a unit's loop over its rows, which are one where all arrays are contiguous."""
    cdef LoopJob job
    cdef Py_ssize_t itemsize = itemsize_of(operands.type)
    cdef int k
    job.loop = loop
    job.rows = 1 if operands.contiguous else operands.rows
    job.n = operands.size if operands.contiguous else operands.row_bytes // itemsize
    for k in range(operands.count):
        job.at[k], job.stride[k], job.row_stride[k] = operands.at[k], itemsize, operands.stride[k]
    run_loop_job(&job)


cdef void run_unit_call(const Loop* loop, const UnitOperands* operands) noexcept:
    if operands.size < RELEASE_GIL:
        run_unit(loop, operands)
    else:
        with nogil:
            run_unit(loop, operands)


cdef inline bint read_out(PyObject* const* values, PyObject* names, PyObject** out) noexcept:
    """Take the keyword out, if there is one; False if there are others."""
    if names == NULL:
        return True
    if PyTuple_GET_SIZE(names) != 1 or PyTuple_GET_ITEM(names, 0) != <PyObject*> OUT:
        return False
    out[0] = values[0]
    return True


cdef object call_gated(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(gate, value, *, out=None) as a vectorcall; anything unusual goes to `Gated.__call__`."""
    cdef GatedPath f = <GatedPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    cdef PyObject* out = Py_None
    cdef UnitOperands operands
    if is_special():
        if is_to_be_exact(f.exact):
            return call_general(self, args, nargs, names)
        if is_watched():
            return call_watched("forward", self, self, args, nargs, names)
    if (
        f.active and nargs == 2 and read_out(args + nargs, names, &out) and take_inputs(&operands, <PyObject**> args, 2)
        and f.forward_loops[operands.type] != NULL
    ):
        result = new_like(args[0]) if out == Py_None else <object> out
        if add_output(&operands, <PyObject*> result, args[0], 2):
            run_unit_call(f.forward_loops[operands.type], &operands)
            return result
    return call_general(self, args, nargs, names)


cdef object call_gated_backward(object method, PyObject* const* args, size_t nargsf, PyObject* names):
    """f.backward(dy, gate, value, *, out=(None, None)); anything unusual goes to `Gated.backward`."""
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    cdef PyObject* out = <PyObject*> NO_PAIR
    if is_special() and nargs and is_ready(args[0], GatedPath):
        if is_to_be_exact((<GatedPath> args[0]).exact):
            return call_general_method(method, args, nargs, names)
        if is_watched():
            return call_watched_method("backward", method, args, nargs, names)
    if nargs == 4 and is_ready(args[0], GatedPath) and read_out(args + nargs, names, &out) and is_pair(<object> out):
        gradients = take_gated_backward(<GatedPath> args[0], <PyObject**> args + 1, <tuple> <object> out)
        if gradients is not None:
            return gradients
    return call_general_method(method, args, nargs, names)


cdef object take_gated_backward(GatedPath f, PyObject** inputs, tuple out):
    """The gradients of gate and value; None for what this cannot take."""
    cdef PyObject* gate = inputs[1]
    cdef UnitOperands operands
    if not take_inputs(&operands, inputs, 3) or f.backward_loops[operands.type] == NULL:
        return None
    dgate, dvalue = out
    if dgate is None:
        dgate = new_like(gate)
    if dvalue is None:
        dvalue = new_like(gate)
    if not (add_output(&operands, <PyObject*> dgate, gate, 3) and add_output(&operands, <PyObject*> dvalue, gate, 3)):
        return None
    run_unit_call(f.backward_loops[operands.type], &operands)
    return dgate, dvalue
