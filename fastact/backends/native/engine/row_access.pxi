# How the elements of an operand come in and go out: as they are, by a load and a store of the table, or byte by byte.

cdef enum:
    AT_ONCE = 128  # elements that are converted at once


# An operand in memory, and the computed type
cdef struct Access:
    bint direct  # memory holds the computed type, aligned and in native byte order
    bint by_bytes  # misaligned or swapped
    bint swapped
    int type  # what load gives and store takes: FLOAT32 or FLOAT64
    int computed
    Py_ssize_t itemsize, computed_itemsize
    fastact_load load
    fastact_store store  # NULL for integers


cdef int set_access(const fastact_table* table, Access* access, cnp.ndarray array, int computed) except -1:
    """Describe how the elements of arrays like this one are taken. What a subclass says of itself is not asked."""
    cdef cnp.dtype dtype = <cnp.dtype> <PyObject*> cnp.PyArray_DESCR(array)
    cdef int type = stored_type(dtype)
    if type < 0:
        raise TypeError(f"the compiled functions of rows take no arrays of dtype {dtype}")
    access.itemsize, access.computed, access.computed_itemsize = cnp.PyArray_ITEMSIZE(array), computed, itemsize_of(computed)
    access.swapped = not cnp.PyArray_ISNOTSWAPPED(array)
    access.by_bytes = access.swapped or not cnp.PyArray_ISALIGNED(array)
    access.direct = type == computed and not access.by_bytes
    access.store = NULL
    if type <= FLOAT64 or is_half(type):
        access.type = FLOAT64 if computed == FLOAT64 else computed_in(type)  # so that what is narrower is rounded once
        access.load, access.store = way_in(table, type, access.type), way_out(table, type, access.type)
    else:
        access.type = FLOAT64
        access.load = load_bool_as_double if is_bool(dtype) else table.load_as_double[type]
    return 0


cdef void copy_bytes(
    const char* source, Py_ssize_t stride, char* target, Py_ssize_t target_stride, const Access* access, Py_ssize_t n
) noexcept nogil:
    """Copy n elements byte by byte, in the other order if they are swapped."""
    cdef Py_ssize_t i, k, size = access.itemsize
    for i in range(n):
        for k in range(size):
            target[i * target_stride + k] = source[i * stride + (size - 1 - k if access.swapped else k)]


cdef void change_type(int type, const void* source, int to_type, void* target, Py_ssize_t n) noexcept nogil:
    """Copy n elements from one of FLOAT32 and FLOAT64 to the other, or the same."""
    cdef Py_ssize_t i
    if type == to_type:
        memcpy(target, source, n * itemsize_of(type))
    elif type == FLOAT32:
        for i in range(n):
            (<double*> target)[i] = (<const float*> source)[i]
    else:
        for i in range(n):
            (<float*> target)[i] = <float> (<const double*> source)[i]


cdef void load_elements(const Access* access, const char* source, Py_ssize_t stride, void* tile, Py_ssize_t n) noexcept nogil:
    """Bring n elements of memory into a tile."""
    cdef double[AT_ONCE] native, loaded
    cdef Py_ssize_t start = 0, m
    cdef const char* at
    if access.direct and stride == access.computed_itemsize:
        memcpy(tile, source, n * access.computed_itemsize)
        return
    if not access.by_bytes and access.type == access.computed:
        access.load(source, stride, tile, n)
        return
    while start < n:
        m = min(<Py_ssize_t> AT_ONCE, n - start)
        at = source + start * stride
        if access.by_bytes:
            copy_bytes(at, stride, <char*> native, access.itemsize, access, m)
            at = <const char*> native
        access.load(at, access.itemsize if access.by_bytes else stride, loaded, m)
        change_type(access.type, loaded, access.computed, <char*> tile + start * access.computed_itemsize, m)
        start += m


cdef void store_elements(const Access* access, const void* tile, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    """Write n elements of a tile to memory."""
    cdef double[AT_ONCE] native, stored
    cdef Py_ssize_t start = 0, m
    cdef char* at
    if access.direct and stride == access.computed_itemsize:
        memcpy(target, tile, n * access.computed_itemsize)
        return
    if not access.by_bytes and access.type == access.computed:
        access.store(tile, target, stride, n)
        return
    while start < n:
        m = min(<Py_ssize_t> AT_ONCE, n - start)
        at = target + start * stride
        change_type(access.computed, <const char*> tile + start * access.computed_itemsize, access.type, stored, m)
        access.store(stored, <char*> native if access.by_bytes else at, access.itemsize if access.by_bytes else stride, m)
        if access.by_bytes:
            copy_bytes(<const char*> native, access.itemsize, at, stride, access, m)
        start += m


cdef void write_number(int type, double value, void* element) noexcept nogil:
    """Write a number as FLOAT32 or FLOAT64."""
    if type == FLOAT32:
        (<float*> element)[0] = <float> value
    else:
        (<double*> element)[0] = value


cdef double read_element(int type, const void* element) noexcept nogil:
    return (<const float*> element)[0] if type == FLOAT32 else (<const double*> element)[0]


cdef void store_repeated(const Access* access, double value, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    """Write one number to n elements of memory."""
    cdef double[AT_ONCE] tile
    cdef Py_ssize_t i, start = 0
    for i in range(AT_ONCE):
        write_number(access.computed, value, <char*> tile + i * access.computed_itemsize)
    while start < n:
        store_elements(access, tile, target + start * stride, stride, min(<Py_ssize_t> AT_ONCE, n - start))
        start += AT_ONCE
