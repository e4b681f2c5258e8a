"""What the engine of elementwise functions has for compiled code: see direct.pxi."""

cdef void run_direct(
    const void* call, const void* a, const void* b, void* out1, void* out2, Py_ssize_t n, const void* parameters
) noexcept nogil
