# The fast path of activations: `backward` with the gradients of bias and parameter, and `value_and_grad`.

from fastact.calls.sums import round_to


# ---- backward -------------------------------------------------------------------------------------------------------

cdef object call_backward(object method, PyObject* const* args, size_t nargsf, PyObject* names):
    """f.backward(dy, x=None, *, y=None, out=None, bias=None, **params); anything unusual goes to `Activation.backward`."""
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    if is_special() and nargs and is_ready(args[0], FastPath):
        if is_to_be_exact((<FastPath> args[0]).exact):
            return call_general_method(method, args, nargs, names)
        if is_watched():
            return call_watched_method("backward", method, args, nargs, names)
    if 2 <= nargs <= 3 and is_ready(args[0], FastPath):
        result = take_backward(<FastPath> args[0], args, nargs, names)
        if result is not None:
            return result
    return call_general_method(method, args, nargs, names)


cdef inline object take_backward(FastPath f, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
    """The result, from the saved input or output; None for what this cannot take."""
    cdef PyObject* dy = args[1]
    cdef PyObject* saved = args[2] if nargs == 3 else Py_None
    cdef Options options
    cdef Work work
    options.out = options.bias = options.y = Py_None
    if not read_keywords(f, args + nargs, names, &options):
        return None
    work.kind = BACKWARD
    if options.y != Py_None:
        if saved != Py_None:
            return None
        work.kind, saved = BACKWARD_FROM_OUTPUT, options.y
    if not has_kernels(f, work.kind):
        return None
    work.type = operand_type(f, dy)
    if work.type >= 0 and array_NDIM(dy) > 0:
        return backward_array(f, dy, saved, &options, &work)
    if options.out == Py_None and options.bias == Py_None and not f.learnt_parameter:
        return backward_number(f, dy, saved, &options, &work)
    return None


cdef inline object backward_array(FastPath f, PyObject* dy, PyObject* saved, const Options* options, Work* work):
    cdef PyObject* bias = options.bias
    cdef PyObject* target
    cdef Py_ssize_t nbytes
    cdef double by_parameter
    if (
        contiguous_type(saved) != work.type or array_NDIM(saved) == 0 or not same_shape(dy, saved)
        or (bias != Py_None and not is_bias(bias, saved, work.type)) or not take_parameters(f, options, work)
    ):
        return None
    work.n = array_SIZE(saved)
    nbytes = work.n * itemsize_of(work.type)
    dx = new_like(saved) if options.out == Py_None else <object> options.out
    target = <PyObject*> dx
    if options.out != Py_None and not (
        writable_like(target, saved, work.type, nbytes) and in_place_or_apart(target, dy, nbytes)
        and (bias == Py_None or apart_from_bias(target, bias, nbytes))
    ):
        return None
    work.a, work.b, work.out1, work.out2 = array_BYTES(dy), array_BYTES(saved), array_BYTES(target), NULL
    if bias != Py_None:
        return backward_bias(f, bias, dx, work)
    if f.learnt_parameter:  # as one column
        work.columns, work.bias, work.dbias, work.by_parameter = 1, NULL, NULL, &by_parameter
        run_rows(f, work)
        return dx, rounded_number(by_parameter, work.type)
    run(f, work)
    return dx


cdef object backward_bias(FastPath f, PyObject* bias, dx, Work* work):
    """The tuple of dx, the parameter's gradient if it is learnt, and the bias's."""
    cdef double by_parameter = 0
    work.columns = array_DIMS(bias)[0]
    work.bias = NULL if work.kind == BACKWARD_FROM_OUTPUT else array_BYTES(bias)
    work.by_parameter = &by_parameter if f.learnt_parameter else NULL
    dbias = run_with_sums(f, dx, work)
    if f.learnt_parameter:
        return dx, rounded_number(by_parameter, work.type), dbias
    return dx, dbias


cdef object run_with_sums(FastPath f, dx, Work* work):
    """Run whole rows; return the sums of dx by column."""
    cdef cnp.npy_intp columns = work.columns
    cdef cnp.ndarray sums = cnp.PyArray_SimpleNew(
        1, &columns, cnp.NPY_DOUBLE if is_half(work.type) else array_TYPE(<PyObject*> dx)
    )
    work.dbias = cnp.PyArray_DATA(sums)
    run_rows(f, work)
    return round_to(sums, dx.dtype) if is_half(work.type) else sums


def sum_by_column(FastPath f not None, dx):
    """The sum of dx by column, as `backward` forms it; None for what this cannot take."""
    cdef PyObject* p_dx = <PyObject*> dx
    cdef Work work
    work.type = contiguous_type(p_dx)
    if work.type < 0 or array_NDIM(p_dx) == 0:
        return None
    work.n, work.columns = array_SIZE(p_dx), array_DIMS(p_dx)[array_NDIM(p_dx) - 1]
    work.a, work.b, work.out1, work.bias, work.by_parameter = NULL, NULL, array_BYTES(p_dx), NULL, NULL
    return run_with_sums(f, dx, &work)


cdef object backward_number(FastPath f, PyObject* dy, PyObject* saved, const Options* options, Work* work):
    cdef double[2] numbers
    cdef double dx
    work.type = read_number(dy, &numbers[0])
    if work.type < 0 or read_number(saved, &numbers[1]) != work.type or not take_parameters(f, options, work):
        return None
    work.n, work.a, work.b, work.out1, work.out2 = 1, <char*> &numbers[0], <char*> &numbers[1], <char*> &dx, NULL
    run(f, work)
    return new_number(&dx, work.type)


# ---- value and gradient ---------------------------------------------------------------------------------------------

cdef object call_value_and_grad(object method, PyObject* const* args, size_t nargsf, PyObject* names):
    """f.value_and_grad(x, *, out=(None, None), **params); anything unusual goes to `Activation.value_and_grad`."""
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf)
    if is_special() and nargs and is_ready(args[0], FastPath):
        if is_to_be_exact((<FastPath> args[0]).exact):
            return call_general_method(method, args, nargs, names)
        if is_watched():
            return call_watched_method("value_and_grad", method, args, nargs, names)
    if nargs == 2 and is_ready(args[0], FastPath):
        pair = take_value_and_grad(<FastPath> args[0], args, names)
        if pair is not None:
            return pair
    return call_general_method(method, args, nargs, names)


cdef inline object take_value_and_grad(FastPath f, PyObject* const* args, PyObject* names):
    """The pair; None for what this cannot take."""
    cdef PyObject* x = args[1]
    cdef Options options
    cdef Work work
    cdef tuple out
    options.out, options.bias, options.y = <PyObject*> NO_PAIR, NULL, NULL
    if not read_keywords(f, args + 2, names, &options) or not is_pair(<object> options.out):
        return None
    out = <tuple> <object> options.out
    if not has_kernels(f, VALUE_AND_GRAD):
        return None
    work.kind, work.type = VALUE_AND_GRAD, operand_type(f, x)
    if work.type >= 0 and array_NDIM(x) > 0:
        return array_value_and_grad(f, x, out, &options, &work)
    if out[0] is None and out[1] is None:
        return number_value_and_grad(f, x, &options, &work)
    return None


cdef inline object array_value_and_grad(FastPath f, PyObject* x, tuple out, const Options* options, Work* work):
    cdef Py_ssize_t nbytes
    cdef PyObject* p_y
    cdef PyObject* p_d
    if not take_parameters(f, options, work):
        return None
    work.n = array_SIZE(x)
    nbytes = work.n * itemsize_of(work.type)
    y, d = out
    if y is None:
        y = new_like(x)
    if d is None:
        d = new_like(x)
    p_y, p_d = <PyObject*> y, <PyObject*> d
    if not (
        writable_like(p_y, x, work.type, nbytes) and writable_like(p_d, x, work.type, nbytes)
        and apart(array_BYTES(p_y), nbytes, array_BYTES(p_d), nbytes)
    ):
        return None
    work.a, work.b, work.out1, work.out2 = array_BYTES(x), NULL, array_BYTES(p_y), array_BYTES(p_d)
    run(f, work)
    return y, d


cdef object number_value_and_grad(FastPath f, PyObject* x, const Options* options, Work* work):
    cdef double number, y, d
    work.type = read_number(x, &number)
    if work.type < 0 or not take_parameters(f, options, work):
        return None
    work.n, work.a, work.b, work.out1, work.out2 = 1, <char*> &number, NULL, <char*> &y, <char*> &d
    run(f, work)
    return new_number(&y, work.type), new_number(&d, work.type)
