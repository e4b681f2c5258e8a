# The generalized ufuncs of functions of rows: of x, or of x and a scale.

cdef extern from "Python.h":  # declared as cpython.exc does, Cython itself would take up the errors: NumPy looks for them
    void set_error "PyErr_Format"(object, const char*, ...)
    void set_no_memory "PyErr_NoMemory"()

cdef list KEPT = []  # texts that NumPy points to


cdef RowCall* new_call(RowArithmetic rows, str name, stored, computed, result) except NULL:
    """The call of an inner loop, for arrays of these dtypes; lives as long as the process."""
    cdef int type = rows.computed_in(computed)
    cdef RowCall* call = <RowCall*> malloc(sizeof(RowCall))
    if call == NULL:
        raise MemoryError()
    begin_call(call, rows.table, &rows.function(name).forward[type], type)
    call.has[INPUT] = call.has[output_of(call)] = True
    set_access(rows.table, &call.access[INPUT], np.empty(0, stored), type)
    set_access(rows.table, &call.access[output_of(call)], np.empty(0, result), type)
    call.converts_result = result != np.float64
    if row_functions[name].reduces and row_functions[name].of_nothing is None:
        call.needs_elements = rows.function(name).name
    return call


cdef make_gufunc(RowArithmetic rows, str name, str signature):
    """A new generalized ufunc."""
    cdef bint scaled = "," in signature
    cdef str real = "d" if rows.exact else "f"
    cdef list loops = [(char, "d", "d") for char in "?bBhHiIlLqQ"] + [("e", real, "e"), ("f", real, "f"), ("d", "d", "d")]
    cdef int count = len(loops), operands = 3 if scaled else 2, i
    # NumPy keeps the pointers, so nothing of this is ever freed
    cdef char* types = <char*> malloc(count * operands)
    cdef void** data = <void**> malloc(count * sizeof(void*))
    cdef cnp.PyUFuncGenericFunction* functions = <cnp.PyUFuncGenericFunction*> malloc(count * sizeof(void*))
    if types == NULL or data == NULL or functions == NULL:
        raise MemoryError()
    for i, (stored, computed, out) in enumerate(loops):
        functions[i] = <cnp.PyUFuncGenericFunction> (run_scaled_gufunc if scaled else run_gufunc)
        data[i] = new_call(rows, name, np.dtype(stored), np.dtype(computed), np.dtype(out))
        types[operands * i] = np.dtype(stored).num
        types[operands * i + 1] = np.dtype(computed if scaled else out).num
        types[operands * i + operands - 1] = np.dtype(out).num
    texts = name.encode(), signature.encode()
    KEPT.append(texts)
    return cnp.PyUFunc_FromFuncAndDataAndSignature(
        functions, data, types, count, operands - 1, 1, cnp.PyUFunc_None, texts[0],
        "See the function of this name in fastact.", 0, texts[1],
    )


cdef teach_bfloat16(RowArithmetic rows, ufunc, str name, dtype):
    """Add the loop for bfloat16."""
    cdef bint scaled = ufunc.nin == 2
    number = np.dtype(np.float64 if rows.exact else np.float32)
    cdef int[3] types = [dtype.num, number.num if scaled else dtype.num, dtype.num]
    cnp.PyUFunc_RegisterLoopForType(
        ufunc, dtype.num, <cnp.PyUFuncGenericFunction> (run_scaled_gufunc if scaled else run_gufunc), types,
        new_call(rows, name, dtype, number, dtype),
    )


cdef void run_gufunc(char** at, const cnp.npy_intp* dimensions, const cnp.npy_intp* strides, void* data) noexcept nogil:
    """The inner loop of x alone."""
    run_inner(<const RowCall*> data, at[0], at[1], dimensions, strides[0], strides[1], strides + 2)


cdef void run_scaled_gufunc(char** at, const cnp.npy_intp* dimensions, const cnp.npy_intp* strides, void* data) noexcept nogil:
    """The inner loop of x and a scale."""
    cdef RowCall call = (<RowCall*> data)[0]
    cdef Py_ssize_t rows = dimensions[0], i = 0
    cdef cnp.npy_intp[2] size = [rows if strides[1] == 0 else 1, dimensions[1]]
    while i < rows:
        call.scale = read_element(call.type, at[1] + i * strides[1])
        call.scales = call.scale != 1
        run_inner(&call, at[0] + i * strides[0], at[2] + i * strides[2], size, strides[0], strides[2], strides + 3)
        i += size[0]


cdef void run_inner(
    const RowCall* call, char* x, char* result, const cnp.npy_intp* size, Py_ssize_t stride, Py_ssize_t result_stride,
    const cnp.npy_intp* position_strides
) noexcept nogil:
    """Take size[0] rows of size[1] positions."""
    cdef Traversal t
    cdef int output = output_of(call)
    t.operands, t.operand[0], t.operand[1] = 2, INPUT, output
    t.dims, t.size[0], t.n = 1, size[0], size[1]
    t.start[INPUT], t.start[output] = x, result
    t.row_stride[0][INPUT], t.row_stride[0][output] = stride, result_stride
    t.position_stride[INPUT], t.position_stride[output] = position_strides[0], position_strides[1] if output == OUTPUT else 0
    if t.n == 0 and call.needs_elements != NULL:
        no_elements(call.needs_elements)
    elif run_row_job(call, &t, NULL, 0) < 0:
        no_memory()


cdef void no_elements(const char* name) noexcept with gil:
    set_error(ValueError, "%s: a row of no elements has no maximum", name)


cdef void no_memory() noexcept with gil:
    set_no_memory()
