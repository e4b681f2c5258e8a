"""The types of table.h: which one an array has, how large it is, and in which one it is computed. The one owner of these rules.

Stored types are the types of arrays in memory. Loops compute in some of them, the computed types; 16 bits are only stored.
"""

cimport numpy as cnp
from fastact.backends.native.engine.table cimport *

cdef extern from *:
    """
    /* NumPy's number for the bfloat16 of ml_dtypes, which may be imported at any time; each extension module's own. Until then
       the number of no dtype: -1 is that of every new-style dtype of another package. */
    static int fastact_bfloat16_number = -2;
    """
    int bfloat16_number "fastact_bfloat16_number"

cdef enum:
    INTEGER_NUMBERS = cnp.NPY_ULONGLONG + 1  # NumPy gives bool and the integers the numbers from 0 to before this one


cdef inline bint is_half(int type) noexcept nogil:
    """Whether a stored type has 16 bits of a float. Loops for FLOAT32 compute it, tile by tile."""
    return type == FLOAT16 or type == BFLOAT16


cdef inline int computed_in(int type) noexcept nogil:
    """In which type a stored float type is computed."""
    return FLOAT32 if is_half(type) else type


cdef inline fastact_load way_in(const fastact_table* table, int stored, int computed) noexcept nogil:
    """What loads elements of a stored type into a tile of the type that a loop computes in."""
    return table.load[stored] if computed == computed_in(stored) else table.load_as_double[stored]


cdef inline fastact_store way_out(const fastact_table* table, int stored, int computed) noexcept nogil:
    """What stores a tile of the computed type as elements of a float type."""
    return table.store[stored] if computed == computed_in(stored) else table.store_double[stored]


cdef inline Py_ssize_t itemsize_of(int type) noexcept nogil:
    """The bytes of an element."""
    if type >= INT8:
        return 2 if is_half(type) else 1 << (type - INT8) // 2
    return 4 if type == FLOAT32 else 8


cdef inline int integer_type(Py_ssize_t itemsize, bint unsigned) noexcept nogil:
    """INT8 to UINT64."""
    return (INT8 if itemsize == 1 else (INT16 if itemsize == 2 else (INT32 if itemsize == 4 else INT64))) + unsigned


cdef inline int float_type(int number) noexcept nogil:
    """The stored type with this number of NumPy's if it is a float; otherwise -1."""
    if number == cnp.NPY_FLOAT:
        return FLOAT32
    if number == cnp.NPY_DOUBLE:
        return FLOAT64
    if number == cnp.NPY_FLOAT16:
        return FLOAT16
    return BFLOAT16 if number == bfloat16_number else -1


cdef inline int stored_type(cnp.dtype dtype) noexcept:
    """The stored type of a dtype in either byte order; -1 for a dtype that is not supported. Bool is stored as UINT8."""
    global bfloat16_number
    cdef int number = dtype.type_num
    if number < INTEGER_NUMBERS:
        return integer_type(dtype.itemsize, number == cnp.NPY_BOOL or cnp.PyTypeNum_ISUNSIGNED(number))
    if cnp.PyTypeNum_ISUSERDEF(number) and dtype.itemsize == 2 and (<object> dtype).name == "bfloat16":
        bfloat16_number = number
    return float_type(number)


cdef inline bint is_bool(cnp.dtype dtype) noexcept:
    """Whether a byte other than 0 is 1."""
    return dtype.type_num == cnp.NPY_BOOL


cdef inline void load_bool(const char* source, Py_ssize_t stride, void* target, Py_ssize_t n) noexcept nogil:
    """Load bools as UINT8: 0 or 1, whatever their bytes are."""
    cdef Py_ssize_t i
    for i in range(n):
        (<unsigned char*> target)[i] = source[i * stride] != 0


cdef inline void store_bool(const void* source, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    """Store UINT8 as bools: anything but 0 is True, such as the sum of two."""
    cdef Py_ssize_t i
    for i in range(n):
        target[i * stride] = (<const unsigned char*> source)[i] != 0


cdef inline void load_bool_as_double(const char* source, Py_ssize_t stride, void* target, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        (<double*> target)[i] = source[i * stride] != 0


cdef inline void add_bools(const void* a, const void* b, void* out, Py_ssize_t n) noexcept nogil:
    """As NumPy adds bools that have been loaded: the sum of two is 1, too, so no byte of a result is another."""
    cdef Py_ssize_t i
    for i in range(n):
        (<unsigned char*> out)[i] = (<const unsigned char*> a)[i] | (<const unsigned char*> b)[i]


cdef inline int computed_type(cnp.dtype dtype) noexcept:
    """FLOAT32 for float32 and the 16-bit floats; for all others, the integers too, FLOAT64."""
    cdef int type = stored_type(dtype)
    return FLOAT32 if type == FLOAT32 or is_half(type) else FLOAT64
