# Calls without a Python function in between: through a field of the instance. Each engine includes this file.

from fastact.runtime.buffers cimport KEPT_FROM

from fastact.runtime.memory import empty_array

from functools import update_wrapper
from types import MethodType

cdef str OUT = "out"
cdef str Y = "y"


@cython.auto_pickle(False)
cdef class Vectorcall:
    """The base of what is called through a field of the instance; see the decorator `vectorcall`."""

    cdef void* vectorcall  # a function with the arguments of `call_activation`; set by __cinit__
    cdef bint active  # whether `_attach` has run to its end


cdef inline bint is_ready(PyObject* instance, cls):
    """Whether a method's first argument is of its class, and was made by __init__: one made by __new__ alone has no loops."""
    return isinstance(<object> instance, cls) and (<Vectorcall> instance).active


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
    if issubclass(cls, Method):  # a call finds it on the class, and hands over the instance, without an object in between
        c.tp_flags |= Py_TPFLAGS_METHOD_DESCRIPTOR
    PyType_Modified(c)
    for owner in cls.__mro__:
        for value in vars(owner).values():
            if isinstance(value, Method):
                (<Method> value).owner = owner
    return cls


@cython.auto_pickle(False)
cdef class Method(Vectorcall):
    """A method that is called through a field, too: it reads its arguments as they are handed over.

    What that does not take goes to the Python method with the same arguments, which checks them and raises all errors.
    """

    cdef object general, owner
    cdef dict __dict__  # for the name, the signature and the documentation of the Python method

    def __get__(self, instance, owner):
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self):
        return getattr, (self.owner, self.__name__)


vectorcall(Method)


cdef object new_method(general, void* call):
    """A method with the arguments of this Python method; `call` has those of `call_activation`, the instance first."""
    cdef Method method = Method.__new__(Method)
    method.general, method.vectorcall = general, call
    update_wrapper(method, general)
    return method


cdef object call_general_method(object method, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
    """Call the Python method that this one stands for."""
    return PyObject_Vectorcall(<PyObject*> (<Method> method).general, args, nargs, names)


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
