# Takes one panel through the passes of a program. What is called once for each small call is inline, here and in row_jobs.pxi:
# that makes softmax of (1, 10) 6 % faster.

cdef enum:
    SHORT_ROW = 32  # positions, as many as a sum has lanes: a row by itself of no more is taken all at once


cdef extern from *:
    """
    /* A number in memory that others may write to meanwhile, read once: what is checked is what is used. */
    static inline ptrdiff_t fastact_read_once(const char *at) { return *(const volatile ptrdiff_t *)at; }
    """
    Py_ssize_t read_once "fastact_read_once"(const char*) noexcept nogil

# The numbers that there are for each row
cdef struct RowValues:
    Py_ssize_t[PANEL_ROWS] labels
    double[PANEL_ROWS] factor, result


# ---- numbers for each row -------------------------------------------------------------------------------------------

cdef inline void read_row_values(const RowCall* call, const Place* place, fastact_panel* p, RowValues* values) noexcept nogil:
    """Bring in labels and factors. The rows that a panel is padded with have a negative label, so they are ignored.

    So are rows whose label is not a class: all were checked, but another thread may have changed them since.
    """
    cdef double[PANEL_ROWS] loaded
    cdef const char* at
    cdef Py_ssize_t r, stride, label
    if call.has[LABELS]:
        at, stride = place.at[LABELS], place.row_stride[LABELS]
        for r in range(p.rows):
            label = read_once(at + r * stride) if r < place.rows else -1
            values.labels[r] = label if label < place.n else -1
        p.labels = values.labels
    if call.has[FACTOR]:
        at, stride = place.at[FACTOR], place.row_stride[FACTOR]
        for r in range(padded(False, p.rows)):
            values.factor[r] = 0
        if call.converts_factor:
            load_elements(&call.access[FACTOR], at, stride, loaded, place.rows)
            for r in range(place.rows):
                values.factor[r] = read_element(call.type, <const char*> loaded + r * call.itemsize)
        else:
            for r in range(place.rows):
                values.factor[r] = (<const double*> (at + r * stride))[0]
        if call.has[SCALES]:  # the gradient's
            at, stride = place.at[SCALES], place.row_stride[SCALES]
            for r in range(place.rows):
                values.factor[r] *= (<const double*> (at + r * stride))[0]
        p.factor = values.factor
    if call.has[RESULT_OF_ROW]:
        for r in range(p.rows):
            values.result[r] = NAN
    p.result = values.result


cdef inline void write_row_results(const RowCall* call, const Place* place, const double* result) noexcept nogil:
    """Write each row's result."""
    cdef double[PANEL_ROWS] stored
    cdef char* at = place.at[RESULT_OF_ROW]
    cdef Py_ssize_t r, stride = place.row_stride[RESULT_OF_ROW]
    if call.converts_result:
        for r in range(place.rows):
            write_number(call.type, result[r], <char*> stored + r * call.itemsize)
        store_elements(&call.access[RESULT_OF_ROW], stored, at, stride, place.rows)
    else:
        for r in range(place.rows):
            (<double*> (at + r * stride))[0] = result[r]


# ---- passes ---------------------------------------------------------------------------------------------------------

cdef inline Py_ssize_t positions_to_take(const RowCall* call, const Place* place) noexcept nogil:
    """How many positions to take, from the first on: with a causal mask as many as the largest limit of these rows, but one at
    least, from which empty rows get their result. Where each position of an empty row gets a share, all of them.
    """
    cdef Py_ssize_t most = 1, r
    if not call.has[LIMIT] or call.empty == EMPTY_UNIFORM:
        return place.n
    for r in range(place.rows):
        most = max(most, (<Py_ssize_t*> (place.at[LIMIT] + r * place.row_stride[LIMIT]))[0])
    return min(most, place.n)


cdef inline void lay_out_tiles(
    const RowCall* call, const Place* place, fastact_panel* p, char* room, Tiles* tiles
) noexcept nogil:
    """Decide where each operand is worked on."""
    cdef Py_ssize_t nbytes = tile_elements(place.n, place.along, place.rows) * call.itemsize
    cdef int k
    tiles.rows = place.rows
    p.along, p.rows, p.n = place.along, padded(place.along, place.rows), place.n
    tiles.whole = place.n * p.rows <= TILE_ELEMENTS
    tiles.pitch = p.rows if not place.along else (place.n if tiles.whole else SEGMENT)
    for k in range(call.program.inputs):
        tiles.direct[k] = lies_right(&call.access[k], place.row_stride[k], place.position_stride[k], place.along, place.rows)
        if k == 0 and changes_input(call):
            tiles.direct[k] = False
        tiles.input[k] = room
        if tiles.direct[k]:
            p.pitch[k] = (place.row_stride[k] if place.along else place.position_stride[k]) >> call.shift
        else:
            p.pitch[k] = tiles.pitch
            room += nbytes
    tiles.direct_out, tiles.out = False, NULL
    if call.has[OUTPUT]:
        tiles.direct_out = not changes_result(call) and lies_right(
            &call.access[OUTPUT], place.row_stride[OUTPUT], place.position_stride[OUTPUT], place.along, place.rows
        )
        p.out_pitch = tiles.pitch
        if tiles.direct_out:
            p.out_pitch = (place.row_stride[OUTPUT] if place.along else place.position_stride[OUTPUT]) >> call.shift
        tiles.out = tiles.input[0] if not tiles.direct[0] else room


cdef inline const fastact_passes* passes_for(const RowCall* call, const Place* place, const Tiles* tiles) noexcept nogil:
    """The variant of the program for this panel."""
    if place.along and place.n <= SHORT_ROW and place.rows == 1:
        return call.short_rows
    if tiles.direct_out or (call.has[OUTPUT] and tiles.whole):
        return &call.program.passes
    return call.without_room


cdef inline void run_steps(const fastact_step* steps, fastact_panel* p) noexcept nogil:
    while steps[0] != NULL:
        steps[0](p)
        steps += 1


cdef inline void bring_inputs(
    const RowCall* call, const Place* place, const fastact_pass* each, fastact_panel* p, const Tiles* tiles, Py_ssize_t offset
) noexcept nogil:
    """Point the panel to the segment of each input, in its tile at this offset in bytes if it is not worked on where it is."""
    cdef int k
    for k in range(each.inputs):
        if tiles.direct[k]:
            p.input[k] = place.at[k] + p.start * place.position_stride[k]
            continue
        p.input[k] = tiles.input[k] + offset
        if (tiles.whole and tiles.loaded[k]) or (k == 0 and each.reads_powers):
            continue  # it is there
        load_segment(call, place, k, p.start, p.length, tiles.input[k] + offset, tiles.pitch)
        if k == 0 and changes_input(call):
            change_input(call, place, p.start, p.length, tiles.input[k] + offset, tiles.pitch)


cdef inline void run_segment(
    const RowCall* call, const Place* place, const fastact_pass* each, fastact_panel* p, const Tiles* tiles
) noexcept nogil:
    """The part of a pass that is done with a segment."""
    cdef Py_ssize_t offset = p.start * (1 if place.along else tiles.pitch) * call.itemsize if tiles.whole else 0
    cdef Py_ssize_t pitch = p.pitch[0]
    bring_inputs(call, place, each, p, tiles, offset)
    if tiles.direct_out:
        p.out = place.at[OUTPUT] + p.start * place.position_stride[OUTPUT]
    elif each.output != NO_OUTPUT:
        p.out = tiles.out + offset
    if each.reads_powers:
        p.input[0], p.pitch[0] = p.out, p.out_pitch
    run_steps(each.steps, p)
    p.pitch[0] = pitch
    if each.output == RESULT and not tiles.direct_out:
        if changes_result(call):
            change_result(call, place, p.start, p.length, tiles.out + offset, tiles.pitch)
        store_segment(call, place, p.start, p.length, tiles.out + offset, tiles.pitch)


cdef inline void run_pass(
    const RowCall* call, const Place* place, const fastact_pass* each, fastact_panel* p, Tiles* tiles, Py_ssize_t n
) noexcept nogil:
    """Once over the first n positions; where there are none, over an empty segment."""
    cdef int k
    p.start = 0
    while True:
        p.length = min(<Py_ssize_t> SEGMENT, n - p.start)
        run_segment(call, place, each, p, tiles)
        if p.start + SEGMENT >= n:
            break
        p.start += SEGMENT
    for k in range(each.inputs):
        tiles.loaded[k] = True
    run_steps(each.then, p)


cdef void fill_past(const RowCall* call, const Place* place, Py_ssize_t taken) noexcept nogil:
    """Fill the result past the positions that were taken."""
    cdef const Access* access = &call.access[OUTPUT]
    cdef Py_ssize_t r, stride = place.position_stride[OUTPUT]
    cdef double value, first, element
    cdef char* target
    for r in range(place.rows):
        target = place.at[OUTPUT] + r * place.row_stride[OUTPUT]
        value = call.left_out
        if not call.clears:  # a row that is NaN is so everywhere
            load_elements(access, target, stride, &element, 1)
            first = read_element(call.type, &element)
            value = first if first != first else value
        store_repeated(access, value, target + taken * stride, stride, place.n - taken)


cdef void run_panel(const RowCall* call, const Place* place, fastact_panel* p, char* room, Tiles* tiles) noexcept nogil:
    """Take a panel through all passes of the call's program. With as many rows as the panel before it has the same tiles."""
    cdef Py_ssize_t n = positions_to_take(call, place)
    cdef RowValues values
    cdef const fastact_passes* passes
    cdef const fastact_pass* each
    cdef int k = 0
    if tiles.rows != place.rows:
        lay_out_tiles(call, place, p, room, tiles)
    for k in range(call.program.inputs):
        tiles.loaded[k] = False
    k = 0
    read_row_values(call, place, p, &values)
    passes = passes_for(call, place, tiles)
    if passes != &call.program.short_rows:  # whose steps set all that they read
        call.table.start_rows[call.type](p)
    while k < passes.count:
        each = &passes.each[k]
        if each.on_demand and not p.again:
            break
        run_pass(call, place, each, p, tiles, n)
        if not (each.repeats and p.again):
            k += 1
    if call.has[OUTPUT] and n < place.n:
        fill_past(call, place, n)
    if call.has[RESULT_OF_ROW]:
        write_row_results(call, place, values.result)
