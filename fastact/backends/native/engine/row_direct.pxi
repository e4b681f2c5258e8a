# Calls from compiled code, without Python: contiguous arrays of one type, without a scale or a mask.

cdef enum:
    ROOM_OF_DIRECT = 16384  # bytes on the stack: tiles of short rows


cdef void run_direct_rows(
    const void* call, const void* a, const void* b, void* out, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner
) noexcept nogil:
    """All rows of arrays of outer * n * inner elements, where a row lies along the middle. Any thread may call it. Where there is
    no memory for tiles, the result is NaN.
    """
    cdef const ContiguousCall* c = <const ContiguousCall*> call
    cdef Traversal t
    cdef char[ROOM_OF_DIRECT] room
    cdef int output = c.operand[c.operands - 1]
    if outer <= 0 or inner <= 0 or n < 0 or (n == 0 and c.like[output] == LIKE_X):
        return
    t.start[c.operand[0]] = <char*> a
    if c.operands == 3:
        t.start[c.operand[1]] = <char*> b
    t.start[output] = <char*> out
    lay_out_rows(c, outer, n, inner, &t)
    if run_row_job(&c.call, &t, room, ROOM_OF_DIRECT) < 0:
        fill_with_nan(c.call.type, out, outer * inner * (n if c.like[output] == LIKE_X else 1))


cdef void fill_with_nan(int type, void* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if type == FLOAT32:
            (<float*> out)[i] = <float> NAN
        else:
            (<double*> out)[i] = NAN


def direct_call(RowPath f not None, bint gradient, str dtype):
    """The address of a function's call, or of that of its gradient: of y and dy or, of one that reduces, of x and dy. It lives as
    long as the function.
    """
    cdef int type = {"float32": FLOAT32, "float64": FLOAT64}[dtype]
    return <uintptr_t> (&f.gradient[type] if gradient else &f.forward[type])
