"""Cython's view of platform.h."""

cdef extern from "platform.h" nogil:
    ctypedef struct fastact_flags:
        pass
    fastact_flags fastact_save_flags()
    void fastact_restore_flags(fastact_flags)
    void fastact_prefetch(const char*, Py_ssize_t)
    void fastact_streamed()
