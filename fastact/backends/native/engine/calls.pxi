# Objects that are called through a field of the instance, faster than through `__call__`, and arrays in the form in which such a
# call hands them over. The engines include it.

from fastact.runtime.buffers cimport KEPT_FROM

from fastact.runtime.memory import empty_array

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
        void* tp_call
    const unsigned long Py_TPFLAGS_HAVE_VECTORCALL
    void* PyVectorcall_Call
    void PyType_Modified(PyTypeObject*)
    Py_ssize_t PyVectorcall_NARGS(size_t)
    object PyObject_Vectorcall(PyObject*, PyObject* const*, size_t, PyObject*)
    Py_ssize_t PyTuple_GET_SIZE(PyObject*)
    PyObject* PyTuple_GET_ITEM(PyObject*, Py_ssize_t)
    bint PyLong_CheckExact(PyObject*)
    long PyLong_AsLongAndOverflow(PyObject*, int*)
    bint PyFloat_CheckExact(PyObject*)
    double PyFloat_AS_DOUBLE(PyObject*)
    PyTypeObject* Py_TYPE(PyObject*)
    PyObject* Py_None

cdef extern from *:  # NumPy's macros, for arrays in the form in which a vectorcall hands them over
    """
    #include <numpy/arrayobject.h>
    #define array_CheckExact(a) PyArray_CheckExact(a)
    #define array_TYPE(a) PyArray_TYPE((PyArrayObject *)(a))
    #define array_ITEMSIZE(a) PyArray_ITEMSIZE((PyArrayObject *)(a))
    #define array_NDIM(a) PyArray_NDIM((PyArrayObject *)(a))
    #define array_DIMS(a) PyArray_DIMS((PyArrayObject *)(a))
    #define array_STRIDES(a) PyArray_STRIDES((PyArrayObject *)(a))
    #define array_SIZE(a) PyArray_SIZE((PyArrayObject *)(a))
    #define array_NBYTES(a) PyArray_NBYTES((PyArrayObject *)(a))
    #define array_BYTES(a) PyArray_BYTES((PyArrayObject *)(a))
    #define array_CHKFLAGS(a, flags) PyArray_CHKFLAGS((PyArrayObject *)(a), flags)
    #define array_ISNOTSWAPPED(a) PyArray_ISNOTSWAPPED((PyArrayObject *)(a))
    #define array_Scalar(a, value) PyArray_Scalar(value, PyArray_DESCR((PyArrayObject *)(a)), a)
    """
    bint array_CheckExact(PyObject*)
    int array_TYPE(PyObject*)
    int array_ITEMSIZE(PyObject*)
    int array_NDIM(PyObject*)
    cnp.npy_intp* array_DIMS(PyObject*)
    cnp.npy_intp* array_STRIDES(PyObject*)
    cnp.npy_intp array_SIZE(PyObject*)
    cnp.npy_intp array_NBYTES(PyObject*)
    char* array_BYTES(PyObject*)
    bint array_CHKFLAGS(PyObject*, int)
    bint array_ISNOTSWAPPED(PyObject*)
    object array_Scalar(PyObject*, void*)
    object PyArray_Scalar(void*, cnp.dtype, object)
    bint PyArray_CompareLists(const cnp.npy_intp*, const cnp.npy_intp*, int)

cdef enum:
    READ = cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED
    WRITE = READ | cnp.NPY_ARRAY_WRITEABLE

cdef str OUT = "out"


cdef inline bint same_shape(PyObject* a, PyObject* b) noexcept:
    return array_NDIM(a) == array_NDIM(b) and PyArray_CompareLists(array_DIMS(a), array_DIMS(b), array_NDIM(a))


cdef inline bint apart(const char* a, Py_ssize_t a_bytes, const char* b, Py_ssize_t b_bytes) noexcept nogil:
    return a + a_bytes <= b or b + b_bytes <= a


cdef inline object new_like(PyObject* x):
    if array_NBYTES(x) >= KEPT_FROM:
        return empty_array((<object> x).shape, (<object> x).dtype)
    return cnp.PyArray_SimpleNew(array_NDIM(x), array_DIMS(x), array_TYPE(x))


@cython.auto_pickle(False)
cdef class Vectorcall:
    """What is called through a field of the instance; see `enable_vectorcall`."""

    cdef void* vectorcall


cdef object call_general(object self, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
    """`__call__` of the Python class behind, which takes any call, with the same arguments."""
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


def enable_vectorcall(type cls):
    """Let instances of cls, a subclass of Vectorcall, be called through their `vectorcall` field."""
    cdef Vectorcall instance = Vectorcall.__new__(Vectorcall)
    cdef PyTypeObject* c = <PyTypeObject*> cls
    c.tp_vectorcall_offset = <uintptr_t> &instance.vectorcall - <uintptr_t> <PyObject*> instance
    c.tp_call = PyVectorcall_Call
    c.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL
    PyType_Modified(c)
