# Calls from compiled code, without Python: contiguous arrays of one type, parameters that are numbers. What
# `fastact.cython_api` exports ends here.

# One kind of call of an activation in one type
cdef struct DirectCall:
    Loop loop
    char[PARAMETER_BYTES] defaults  # the parameters, as the loop reads them


cdef void run_direct(
    const void* call, const void* a, const void* b, void* out1, void* out2, Py_ssize_t n, const void* parameters
) noexcept nogil:
    """As a loop of table.h is called, but that `parameters` are numbers; NULL for the defaults. Any thread may call it."""
    cdef const DirectCall* direct = <const DirectCall*> call
    cdef fastact_flags flags
    if parameters == NULL:
        parameters = direct.defaults
    if n >= RELEASE_GIL or direct.loop.arrays:
        run_direct_job(direct, a, b, out1, out2, n, parameters)
    elif n > 0:
        flags = fastact_save_flags()
        direct.loop.run.loop(a, b, out1, out2, n, parameters)
        fastact_restore_flags(flags)


cdef void run_direct_job(
    const DirectCall* direct, const void* a, const void* b, void* out1, void* out2, Py_ssize_t n, const void* parameters
) noexcept nogil:
    """The same for many elements, or with an array parameter."""
    cdef double[FEW] spread
    cdef fastact_flags flags
    if n >= FEW:
        run_on_arrays(&direct.loop, <const char*> a, <const char*> b, <char*> out1, <char*> out2, n, parameters)
    elif n > 0:
        fill_with(spread, <const char*> parameters, direct.loop.number_size, n)
        flags = fastact_save_flags()
        direct.loop.run.loop(a, b, out1, out2, n, spread)
        fastact_restore_flags(flags)


cdef dict TYPE_NUMBERS = {"float32": FLOAT32, "float64": FLOAT64, "int64": INT64, "uint64": UINT64}


def new_direct_call(Table table not None, entry, kind, str dtype, tuple defaults):
    """The address of a call of an activation of the catalogue; it lives as long as the process."""
    cdef int type = TYPE_NUMBERS[dtype], k
    cdef DirectCall* direct
    if len(defaults) > MAX_PARAMETERS:
        raise OverflowError(f"{entry.name}: at most {MAX_PARAMETERS} parameters")
    direct = <DirectCall*> PyMem_Calloc(1, sizeof(DirectCall))
    if direct == NULL:
        raise MemoryError()
    table.find_kernel(entry, kind, type, False, &direct.loop.run)
    if direct.loop.run.loop == NULL:
        PyMem_Free(direct)
        raise ImportError(f"the compiled kernels have no loop {kind.loop!r} of {entry.name!r} in {dtype}")
    direct.loop.operands, direct.loop.outputs = len(kind.inputs), len(kind.outputs)
    direct.loop.parameters, direct.loop.arrays = len(defaults), arrays_of(entry, kind)
    direct.loop.cost = LIGHT if entry.light else HEAVY
    set_ways(&direct.loop, table.table, type, type, False, False)
    for k, value in enumerate(defaults):
        if type == INT64:
            (<int64_t*> direct.defaults)[k] = value
        elif type == UINT64:
            (<uint64_t*> direct.defaults)[k] = value
        else:
            write_number(direct.defaults + k * direct.loop.itemsize, value, type)
    return <uintptr_t> direct
