# Calls without a Python function in between: through a field of the instance. Each engine includes this file.

from fastact.runtime.buffers cimport KEPT_FROM

from fastact.runtime.memory import empty_array

cdef str OUT = "out"


@cython.auto_pickle(False)
cdef class Vectorcall:
    """The base of what is called through a field of the instance; see the decorator `vectorcall`."""

    cdef void* vectorcall  # a function with the arguments of `call_activation`; set by __cinit__
    cdef bint active  # whether `_attach` has run to its end


cdef inline int check_active(Vectorcall f) except -1:
    """Raise TypeError for an object that has no loops, because it was made by __new__ without __init__."""
    if not f.active:
        raise TypeError(f"this {type(f).__name__} was made without __init__; take the function from fastact")
    return 0


def vectorcall(cls):
    """A class decorator: instances of cls, a subclass of Vectorcall, are called through their `vectorcall` field.

    Two slots and a flag of a type say that its instances have such a field. Cython cannot set them, and a Python class does not
    inherit them: on CPython 3.11 never, on later ones not where another of its bases has a `__call__`, as the classes of calls/
    have. So this sets them on the finished class. What it gains: docs/decisions/7-vectorcall.md.
    """
    cdef Vectorcall instance = Vectorcall.__new__(Vectorcall)
    cdef PyTypeObject* c = <PyTypeObject*> cls
    if not issubclass(cls, Vectorcall):
        raise TypeError(f"{cls.__name__} is no subclass of Vectorcall")
    c.tp_vectorcall_offset = <uintptr_t> &instance.vectorcall - <uintptr_t> <PyObject*> instance
    c.tp_call = PyVectorcall_Call
    c.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL
    PyType_Modified(c)
    return cls


cdef object call_general(object self, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
    """Call `__call__` of the Python class, which takes any call, with the same arguments."""
    cdef object function = type(self).__call__
    cdef Py_ssize_t total = nargs + (PyTuple_GET_SIZE(names) if names != NULL else 0)
    cdef (PyObject*)[16] few
    cdef PyObject** stack = few
    if total + 1 > 16:
        stack = <PyObject**> PyMem_Malloc((total + 1) * sizeof(PyObject*))
        if stack == NULL:
            raise MemoryError()
    stack[0] = <PyObject*> self
    memcpy(stack + 1, args, total * sizeof(PyObject*))
    try:
        return PyObject_Vectorcall(<PyObject*> function, stack, nargs + 1, names)
    finally:
        if stack != few:
            PyMem_Free(stack)


cdef inline object new_like(PyObject* x):
    """A new array of the shape and dtype of x."""
    if array_NBYTES(x) >= KEPT_FROM:
        return empty_array((<object> x).shape, (<object> x).dtype)
    return cnp.PyArray_SimpleNew(array_NDIM(x), array_DIMS(x), array_TYPE(x))
