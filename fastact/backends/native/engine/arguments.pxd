"""Arrays as a vectorcall hands them over, and what may be done with them: read as they are, written, used in place.

This is the native owner of the rules for `out` and for overlap. What it says no to is left to the Python classes.
"""

cimport numpy as cnp
from cpython.object cimport PyObject
from fastact.backends.native.engine.table cimport *
from fastact.backends.native.engine.types cimport float_type

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
        void* tp_call
    const unsigned long Py_TPFLAGS_HAVE_VECTORCALL
    const unsigned long Py_TPFLAGS_METHOD_DESCRIPTOR
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

cdef extern from *:  # NumPy's macros for borrowed arrays
    """
    #include <numpy/arrayobject.h>
    #define array_CheckExact(a) PyArray_CheckExact(a)
    #define array_TYPE(a) PyArray_TYPE((PyArrayObject *)(a))
    #define array_ITEMSIZE(a) PyArray_ITEMSIZE((PyArrayObject *)(a))
    #define array_NDIM(a) PyArray_NDIM((PyArrayObject *)(a))
    #define array_DIMS(a) PyArray_DIMS((PyArrayObject *)(a))
    #define array_STRIDES(a) PyArray_STRIDES((PyArrayObject *)(a))
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
    char* array_BYTES(PyObject*)
    bint array_CHKFLAGS(PyObject*, int)
    bint array_ISNOTSWAPPED(PyObject*)
    object array_Scalar(PyObject*, void*)
    object PyArray_Scalar(void*, cnp.dtype, object)

cdef enum:
    READ = cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED
    WRITE = READ | cnp.NPY_ARRAY_WRITEABLE


# ---- shapes ---------------------------------------------------------------------------------------------------------
# NumPy has functions for these. A call of one takes longer than the few steps themselves.

cdef inline cnp.npy_intp array_SIZE(PyObject* array) noexcept:
    """The number of elements."""
    cdef cnp.npy_intp size = 1
    cdef int d
    for d in range(array_NDIM(array)):
        size *= array_DIMS(array)[d]
    return size


cdef inline cnp.npy_intp array_NBYTES(PyObject* array) noexcept:
    return array_SIZE(array) * array_ITEMSIZE(array)


cdef inline bint same_lengths(const cnp.npy_intp* a, const cnp.npy_intp* b, int count) noexcept:
    """Whether so many dimensions are alike."""
    cdef int d
    for d in range(count):
        if a[d] != b[d]:
            return False
    return True


cdef inline bint same_shape(PyObject* a, PyObject* b) noexcept:
    return array_NDIM(a) == array_NDIM(b) and same_lengths(array_DIMS(a), array_DIMS(b), array_NDIM(a))


# ---- what can be read as it is --------------------------------------------------------------------------------------

cdef inline int flagged_type(PyObject* array, int flags) noexcept:
    """FLOAT32, FLOAT64, FLOAT16 or BFLOAT16 of an exact ndarray in native byte order with these flags; otherwise -1."""
    if not array_CheckExact(array) or not array_CHKFLAGS(array, flags) or not array_ISNOTSWAPPED(array):
        return -1
    return float_type(array_TYPE(array))


cdef inline int native_type(PyObject* array) noexcept:
    """The type of an array in any layout that is aligned; otherwise -1."""
    return flagged_type(array, cnp.NPY_ARRAY_ALIGNED)


cdef inline int contiguous_type(PyObject* array) noexcept:
    """The type of a C-contiguous array; otherwise -1."""
    return flagged_type(array, READ)


cdef inline int direct_type(PyObject* array) noexcept:
    """FLOAT32 or FLOAT64 of a contiguous array, which a loop can read where it is; otherwise -1."""
    cdef int type = contiguous_type(array)
    return type if type <= FLOAT64 else -1


# ---- what can be written --------------------------------------------------------------------------------------------
# A loop may write over an input, all of it, but not over a part of one: it reads each element before it writes it.

cdef inline bint apart(const char* a, Py_ssize_t a_bytes, const char* b, Py_ssize_t b_bytes) noexcept nogil:
    """Whether two parts of memory have no byte in common."""
    return a + a_bytes <= b or b + b_bytes <= a


cdef inline bint in_place_or_apart(PyObject* out, PyObject* x, Py_ssize_t nbytes) noexcept:
    """Whether two contiguous arrays of so many bytes are the same memory, or have no byte in common."""
    return array_BYTES(out) == array_BYTES(x) or apart(array_BYTES(out), nbytes, array_BYTES(x), nbytes)


cdef inline bint writable_like(PyObject* out, PyObject* x, int type, Py_ssize_t nbytes) noexcept:
    """Whether `out` can take a result of the type and shape of x, which has so many bytes, directly."""
    return flagged_type(out, WRITE) == type and same_shape(out, x) and in_place_or_apart(out, x, nbytes)
