# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""New arrays. When a large one is freed, its memory is kept, and given to the next array of the same size.

The C library returns large memory to the operating system as soon as it is freed. Fresh memory is mapped page by page as it is
written, which may take longer than the activation. Nanoseconds an element for relu in float32, where each result is freed before
the next is made:

    elements    new memory   kept memory
      65,536          0.6          0.13
    1 million         0.8          0.3

NumPy's interface for this is NEP 49: an array remembers the handler that its memory came from. Ours asks NumPy's own for memory,
and keeps what comes back, up to a limit. It serves the arrays of this module alone. Where a program has set a handler itself,
ours serves none.
"""

from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.string cimport memmove, strcpy

cimport numpy as cnp

import numpy as np

cnp.import_array()

cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyDataMemAllocator:
        void* ctx
        void* (*malloc)(void*, size_t) noexcept nogil
        void* (*calloc)(void*, size_t, size_t) noexcept nogil
        void* (*realloc)(void*, void*, size_t) noexcept nogil
        void (*free)(void*, void*, size_t) noexcept nogil
    ctypedef struct PyDataMem_Handler:
        char* name
        int version
        PyDataMemAllocator allocator
    PyObject* PyDataMem_DefaultHandler
    object PyDataMem_SetHandler(object)
    object PyDataMem_GetHandler()

cdef extern from "Python.h":
    ctypedef void* PyThread_type_lock
    PyThread_type_lock PyThread_allocate_lock()
    bint PyThread_acquire_lock(PyThread_type_lock, int wait) noexcept nogil
    void PyThread_release_lock(PyThread_type_lock) noexcept nogil

cdef enum:
    MOST_KEPT = 16

cdef struct Buffer:
    void* memory
    size_t size

cdef Buffer[MOST_KEPT] buffers  # the longest kept first
cdef int count = 0
cdef size_t kept_bytes = 0, limit = 0
# Who finds the lock taken does without a kept buffer. So nobody ever waits, not even a child that was forked meanwhile.
cdef PyThread_type_lock lock = PyThread_allocate_lock()
cdef const PyDataMemAllocator* plain = NULL


cdef size_t capacity(size_t size) noexcept nogil:
    """How many bytes to ask for where `size` are wanted: up to an eighth more, so that arrays of nearly equal size can share."""
    cdef size_t step = KEPT_FROM
    if size < KEPT_FROM:
        return size
    while step <= size // 2:
        step *= 2
    step //= 8
    return (size + step - 1) // step * step


cdef Buffer forget(int i) noexcept nogil:
    """Take one buffer out of those that are kept."""
    global count, kept_bytes
    cdef Buffer buffer = buffers[i]
    count -= 1
    kept_bytes -= buffer.size
    memmove(&buffers[i], &buffers[i + 1], (count - i) * sizeof(Buffer))
    return buffer


cdef void* allocate(void* context, size_t size) noexcept nogil:
    cdef int i
    cdef void* memory = NULL
    size = capacity(size)
    if size >= KEPT_FROM and PyThread_acquire_lock(lock, 0):
        i = count - 1  # the last one freed first, for it may still be in a cache
        while i >= 0 and memory == NULL:
            if buffers[i].size == size:
                memory = forget(i).memory
            i -= 1
        PyThread_release_lock(lock)
    return plain.malloc(plain.ctx, size) if memory == NULL else memory


cdef void* allocate_zeros(void* context, size_t items, size_t itemsize) noexcept nogil:
    return plain.calloc(plain.ctx, 1, capacity(items * itemsize))


cdef void* reallocate(void* context, void* memory, size_t size) noexcept nogil:
    return plain.realloc(plain.ctx, memory, capacity(size))


cdef void release(void* context, void* memory, size_t size) noexcept nogil:
    global count, kept_bytes
    cdef Buffer[MOST_KEPT] dropped
    cdef int drops = 0, i
    size = capacity(size)
    if KEPT_FROM <= size <= limit and PyThread_acquire_lock(lock, 0):
        while count == MOST_KEPT or kept_bytes + size > limit:
            dropped[drops] = forget(0)
            drops += 1
        buffers[count].memory, buffers[count].size = memory, size
        count += 1
        kept_bytes += size
        PyThread_release_lock(lock)
    else:
        plain.free(plain.ctx, memory, size)
    for i in range(drops):
        plain.free(plain.ctx, dropped[i].memory, dropped[i].size)


cdef PyDataMem_Handler handler
strcpy(handler.name, b"fastact")
handler.version = 1
handler.allocator.ctx = NULL
handler.allocator.malloc = allocate
handler.allocator.calloc = allocate_zeros
handler.allocator.realloc = reallocate
handler.allocator.free = release

cdef object ours = PyCapsule_New(&handler, "mem_handler", NULL)
cdef object numpys = <object> PyDataMem_DefaultHandler
plain = &(<PyDataMem_Handler*> PyCapsule_GetPointer(numpys, "mem_handler")).allocator


def empty_array(shape, dtype):
    """As np.empty."""
    if limit == 0 or PyDataMem_GetHandler() is not numpys:
        return np.empty(shape, dtype)
    PyDataMem_SetHandler(ours)
    try:
        return np.empty(shape, dtype)
    finally:
        PyDataMem_SetHandler(numpys)


def set_limit(size_t nbytes):
    """Keep at most so many bytes from now on, or nothing with 0."""
    global limit
    empty_cache()
    limit = nbytes


def kept():
    """The bytes that are kept, and how many may be."""
    return kept_bytes, limit


def empty_cache():
    """Free what is kept."""
    global count, kept_bytes
    cdef Buffer[MOST_KEPT] dropped
    cdef int drops = 0, i
    if PyThread_acquire_lock(lock, 0):
        while count:
            dropped[drops] = forget(0)
            drops += 1
        PyThread_release_lock(lock)
    for i in range(drops):
        plain.free(plain.ctx, dropped[i].memory, dropped[i].size)
