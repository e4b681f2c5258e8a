# Where a panel is, and where it is worked on: each operand where it is, if it lies right, otherwise in a tile.

cdef extern from "transpose.h" nogil:
    void fastact_transpose_4(const char*, Py_ssize_t stride, char* target, Py_ssize_t target_stride, Py_ssize_t n, Py_ssize_t m)
    void fastact_transpose_8(const char*, Py_ssize_t stride, char* target, Py_ssize_t target_stride, Py_ssize_t n, Py_ssize_t m)

cdef enum:
    TILE_ELEMENTS = 32768  # of the largest tile for whole rows
    PAD = 16  # elements of the widest vector of float32

# Where a panel is. Strides are in bytes
cdef struct Place:
    (char*)[OPERANDS] at  # the first row's first element
    const Py_ssize_t* row_stride
    const Py_ssize_t* position_stride
    bint along  # rows are taken along themselves, otherwise side by side
    Py_ssize_t rows, n
    double* added  # room for what a floating mask adds to a segment


# Where it is worked on
cdef struct Tiles:
    Py_ssize_t rows  # of the panels that they are for
    bint whole  # whole rows fit in
    Py_ssize_t pitch  # of a tile, in elements
    bint[MAX_INPUTS] direct, loaded
    bint direct_out
    (char*)[MAX_INPUTS] input
    char* out


cdef inline Py_ssize_t padded(bint along, Py_ssize_t rows) noexcept nogil:
    """The rows of a tile: side by side they fill whole vectors."""
    return rows if along else (rows + PAD - 1) & -PAD


cdef Py_ssize_t tile_elements(Py_ssize_t n, bint along, Py_ssize_t rows) noexcept nogil:
    """The elements of a tile for so many rows of n positions."""
    cdef Py_ssize_t width = padded(along, rows)
    return ((n if n * width <= TILE_ELEMENTS else SEGMENT) * width + PAD - 1) & -PAD


cdef bint lies_right(
    const Access* access, Py_ssize_t row_stride, Py_ssize_t position_stride, bint along, Py_ssize_t rows
) noexcept nogil:
    """Whether an operand can be worked on where it is."""
    cdef Py_ssize_t itemsize = access.computed_itemsize
    if not access.direct:
        return False
    if along:
        return position_stride == itemsize and row_stride & (itemsize - 1) == 0
    return row_stride == itemsize and rows % PAD == 0 and position_stride & (itemsize - 1) == 0


# ---- between memory and tiles ---------------------------------------------------------------------------------------
# A tile has lines, `pitch` elements from one to the next. A line is a row or, where rows lie side by side, a position.

cdef void transpose(
    Py_ssize_t itemsize, const char* source, Py_ssize_t stride, char* target, Py_ssize_t target_stride, Py_ssize_t n, Py_ssize_t m
) noexcept nogil:
    """target[i][j] = source[j][i] for 0 <= i < n, 0 <= j < m."""
    if itemsize == 4:
        fastact_transpose_4(source, stride, target, target_stride, n, m)
    else:
        fastact_transpose_8(source, stride, target, target_stride, n, m)


cdef void load_segment(
    const RowCall* call, const Place* place, int operand, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Bring n positions of an input into a tile."""
    cdef const Access* access = &call.access[operand]
    cdef Py_ssize_t row_stride = place.row_stride[operand], position_stride = place.position_stride[operand]
    cdef const char* source = place.at[operand] + start * position_stride
    cdef Py_ssize_t k, line = pitch * call.itemsize
    if place.along:
        for k in range(place.rows):
            load_elements(access, source + k * row_stride, position_stride, tile + k * line, n)
        return
    if access.direct and position_stride == call.itemsize:
        transpose(call.itemsize, source, row_stride, tile, line, n, place.rows)
    else:
        for k in range(n):
            load_elements(access, source + k * position_stride, row_stride, tile + k * line, place.rows)
    if pitch > place.rows:
        for k in range(n):
            memset(tile + k * line + place.rows * call.itemsize, 0, (pitch - place.rows) * call.itemsize)


cdef void store_segment(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, const char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Write n positions of the result to the output."""
    cdef const Access* access = &call.access[OUTPUT]
    cdef Py_ssize_t row_stride = place.row_stride[OUTPUT], position_stride = place.position_stride[OUTPUT]
    cdef char* target = place.at[OUTPUT] + start * position_stride
    cdef Py_ssize_t k, line = pitch * call.itemsize
    if place.along:
        for k in range(place.rows):
            store_elements(access, tile + k * line, target + k * row_stride, position_stride, n)
    elif access.direct and position_stride == call.itemsize:
        transpose(call.itemsize, tile, line, target, row_stride, place.rows, n)
    else:
        for k in range(n):
            store_elements(access, tile + k * line, target + k * position_stride, row_stride, place.rows)


# ---- scale and masks ------------------------------------------------------------------------------------------------

cdef void clear_masked(int type, const double* added, char* line, Py_ssize_t n) noexcept nogil:
    """Set elements to which -inf was added to 0."""
    cdef Py_ssize_t i
    for i in range(n):
        if type == FLOAT32:
            if (<const float*> added)[i] == -INFINITY:
                (<float*> line)[i] = 0
        elif added[i] == -INFINITY:
            (<double*> line)[i] = 0


cdef void apply_mask(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch, bint clearing
) noexcept nogil:
    """Mask n positions of the first input in a tile; where `clearing`, of the result."""
    cdef bint along = place.along
    cdef Py_ssize_t row_stride = place.row_stride[MASK], position_stride = place.position_stride[MASK]
    cdef Py_ssize_t lines = place.rows if along else n, width = n if along else place.rows
    cdef Py_ssize_t line_stride = row_stride if along else position_stride, stride = position_stride if along else row_stride, k
    cdef const char* mask = place.at[MASK] + start * position_stride
    cdef char* line
    for k in range(lines):
        line = tile + k * pitch * call.itemsize
        if call.mask == BOOLEAN_MASK:
            call.table.select[call.type](mask + k * line_stride, stride, 0 if clearing else call.masked, line, width)
            continue
        load_elements(&call.access[MASK], mask + k * line_stride, stride, place.added, width)
        if clearing:
            clear_masked(call.type, place.added, line, width)
        else:
            call.table.add[call.type](line, place.added, line, width)


cdef void apply_limit(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch, double value
) noexcept nogil:
    """Set what is past each row's limit to a value."""
    cdef Py_ssize_t row = pitch if place.along else 1, position = 1 if place.along else pitch, limit, r, i
    for r in range(place.rows):
        limit = (<Py_ssize_t*> (place.at[LIMIT] + r * place.row_stride[LIMIT]))[0]
        for i in range(max(limit - start, <Py_ssize_t> 0), n):
            write_number(call.type, value, tile + (r * row + i * position) * call.itemsize)


cdef void apply_scales(
    const RowCall* call, const Place* place, Py_ssize_t n, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Multiply n positions of each row in a tile by the row's scale."""
    cdef double[PANEL_ROWS] scales
    cdef const char* at = place.at[SCALES]
    cdef Py_ssize_t stride = place.row_stride[SCALES], r, k
    cdef char* line
    if place.along:
        for r in range(place.rows):
            call.table.multiply_by[call.type]((<const double*> (at + r * stride))[0], tile + r * pitch * call.itemsize, n)
        return
    for r in range(place.rows):
        scales[r] = (<const double*> (at + r * stride))[0]
    for k in range(n):
        line = tile + k * pitch * call.itemsize
        if call.type == FLOAT32:
            for r in range(place.rows):
                (<float*> line)[r] *= <float> scales[r]
        else:
            for r in range(place.rows):
                (<double*> line)[r] *= scales[r]


cdef inline bint changes_input(const RowCall* call) noexcept nogil:
    """Whether the first input is not what its array holds."""
    return call.scales or call.scales_input or call.mask != NO_MASK or call.has[LIMIT]


cdef void change_input(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Scale and mask n positions of the first input in a tile."""
    cdef Py_ssize_t lines = place.rows if place.along else n, width = n if place.along else place.rows, k
    if call.scales:
        for k in range(lines):
            call.table.multiply_by[call.type](call.scale, tile + k * pitch * call.itemsize, width)
    if call.scales_input:
        apply_scales(call, place, n, tile, pitch)
    if call.mask == BOOLEAN_MASK or (call.mask == FLOATING_MASK and call.adds_mask):
        apply_mask(call, place, start, n, tile, pitch, False)
    if call.has[LIMIT]:
        apply_limit(call, place, start, n, tile, pitch, call.masked)


cdef inline bint changes_result(const RowCall* call) noexcept nogil:
    """Whether the result is not what the steps give."""
    return call.clears or call.scales_result


cdef void change_result(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Scale a gradient, and set it to 0 where a mask leaves elements out."""
    if call.scales_result:
        apply_scales(call, place, n, tile, pitch)
    if call.mask != NO_MASK:
        apply_mask(call, place, start, n, tile, pitch, True)
    if call.has[LIMIT]:
        apply_limit(call, place, start, n, tile, pitch, 0)
