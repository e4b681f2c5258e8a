"""What the engine of functions of rows has for compiled code: see row_direct.pxi."""

cdef void run_direct_rows(
    const void* call, const void* a, const void* b, void* out, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner
) noexcept nogil
