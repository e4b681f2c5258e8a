# The loops of the primitive operations, called one by one: for tests and tools.

cdef const fastact_operation* operation_of(Table table, str name) except NULL:
    """The loops of an operation."""
    cdef const fastact_operation* found
    cdef int i
    cdef bytes wanted = name.encode()
    for i in range(table.table.operation_count):
        found = &table.table.operations[i]
        if strcmp(found.name, wanted) == 0:
            return found
    raise ValueError(f"the compiled kernels have no operation {name!r}")


cdef bint is_plain(cnp.ndarray array, cnp.ndarray like) noexcept:
    """Whether a loop takes this array: contiguous, aligned, native, of as many float32 or float64 as the other has."""
    return (
        cnp.PyArray_ISCARRAY_RO(array)
        and cnp.PyArray_TYPE(array) in (cnp.NPY_FLOAT, cnp.NPY_DOUBLE)
        and cnp.PyArray_TYPE(array) == cnp.PyArray_TYPE(like)
        and cnp.PyArray_SIZE(array) == cnp.PyArray_SIZE(like)
    )


def run_operation(Table table not None, str name not None, tuple operands not None, cnp.ndarray out not None):
    """Compute an operation of whole arrays, on this thread, into `out`, which may be one of them.

    ValueError where the arrays are not what a loop takes: see `is_plain`.
    """
    cdef const fastact_operation* operation = operation_of(table, name)
    cdef (void*)[3] at = [NULL, NULL, NULL]
    cdef cnp.ndarray array
    cdef int k
    cdef Py_ssize_t nbytes = cnp.PyArray_NBYTES(out), n = cnp.PyArray_SIZE(out)
    cdef fastact_flags flags
    if len(operands) != operation.arity:
        raise ValueError(f"{name} takes {operation.arity} operands, not {len(operands)}")
    if not (is_plain(out, out) and cnp.PyArray_ISWRITEABLE(out)):
        raise ValueError("out must be a contiguous array of float32 or float64 that may be written")
    for k in range(operation.arity):
        array = operands[k]
        if not is_plain(array, out):
            raise ValueError(f"operand {k} must be contiguous, and have the dtype and as many elements as out")
        at[k] = cnp.PyArray_DATA(array)
        if at[k] != cnp.PyArray_DATA(out) and 0 < nbytes and llabs(<char*> at[k] - <char*> cnp.PyArray_DATA(out)) < nbytes:
            raise ValueError(f"out overlaps operand {k} in part")
    cdef fastact_loop loop = operation.loops[cnp.PyArray_TYPE(out) == cnp.NPY_DOUBLE]
    with nogil:
        flags = fastact_save_flags()
        loop(at[0], at[1], cnp.PyArray_DATA(out), NULL, n, at[2])
        fastact_restore_flags(flags)
    return out
