# All rows of a call: panel by panel, shared out to threads in chunks.

cdef enum:
    MAX_DIMENSIONS = 64

# Bytes of the first-level cache. An input and a result take half of it at a time, three arrays a third: the rest is for what is
# fetched meanwhile.
cdef Py_ssize_t nearest_cache = caches()[1].nbytes if 1 in caches() else 32768

# Bytes of the second-level cache. Where three arrays do not fit in it, much is on its way to the first: half as many rows are
# taken at once.
cdef Py_ssize_t next_cache = caches()[2].nbytes if 2 in caches() else 1048576

# Elements: fewer are not worth another thread
cdef Py_ssize_t row_grain = 32768


def _set_grain(Py_ssize_t elements):
    """Set how many elements are worth a thread, and return what it was: for tests."""
    global row_grain
    before, row_grain = row_grain, elements
    return before


# How the operands' rows lie. Strides are in bytes; the last dimension's rows can be taken side by side
cdef struct Traversal:
    int operands
    int[OPERANDS] operand  # which there are
    (char*)[OPERANDS] start
    Py_ssize_t[OPERANDS] position_stride
    Py_ssize_t n  # positions of a row
    int dims
    Py_ssize_t[MAX_DIMENSIONS] size
    Py_ssize_t[MAX_DIMENSIONS][OPERANDS] row_stride


cdef struct RowJob:
    const RowCall* call
    const Traversal* traversal
    bint along
    Py_ssize_t rows, chunk_rows, panel_rows
    Py_ssize_t room  # bytes that a thread needs: what is known of a panel's rows, tiles, a mask
    char* rooms


cdef inline bint goes_along(const RowCall* call, const Traversal* t) noexcept nogil:
    """Whether rows are taken along themselves."""
    cdef int d = t.dims - 1
    return t.size[d] < 2 or (
        t.n > call.table.side_by_side and llabs(t.position_stride[INPUT]) <= llabs(t.row_stride[d][INPUT])
    )


cdef inline Py_ssize_t rows_of_panel(const RowCall* call, const Traversal* t, bint along) noexcept nogil:
    """How many rows to take at once."""
    cdef const Py_ssize_t* row_stride = &t.row_stride[t.dims - 1][0]
    cdef Py_ssize_t all_rows = t.size[t.dims - 1], rows = PANEL_ROWS, arrays
    cdef int k
    cdef bint direct = True
    if all_rows == 1:
        return 1
    if along and call.program.passes.count > 1:  # so few that they stay in the first-level cache from one pass to the next
        arrays = call.program.inputs + call.has[OUTPUT]
        rows = nearest_cache // (max(t.n, <Py_ssize_t> 1) * call.itemsize * max(arrays, 2) * arrays)
        if arrays > 2 and all_rows * t.n * call.itemsize * arrays > next_cache:
            rows //= 2
        rows = min(max(rows, <Py_ssize_t> 1), <Py_ssize_t> PANEL_ROWS)
    if along:
        return min(rows, all_rows)
    for k in range(OUTPUT + 1):
        if k < call.program.inputs or (k == OUTPUT and call.has[k]):
            direct = direct and lies_right(&call.access[k], row_stride[k], t.position_stride[k], along, PAD)
    if not direct:
        rows = PANEL_ROWS // 2
        while rows > PAD and t.n * rows > TILE_ELEMENTS:
            rows //= 2
    return min(rows, all_rows)


cdef inline Py_ssize_t room_for(const RowCall* call, bint along, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    """The bytes that a thread needs."""
    cdef Py_ssize_t most = max(tile_elements(n, along, rows), tile_elements(n, along, min(rows, <Py_ssize_t> PAD)))
    cdef Py_ssize_t mask = SEGMENT * sizeof(double) if call.mask == FLOATING_MASK else 0
    most = whole_lines(most * (call.program.inputs + 1) * call.itemsize)
    return whole_lines(call.table.row_state[call.type]) + most + mask


cdef inline Py_ssize_t rows_of_chunk(const RowJob* job, int threads, Py_ssize_t chunks) noexcept nogil:
    """The rows of each of about so many chunks: whole panels, if there is one for each thread."""
    cdef Py_ssize_t rows = max((job.rows + chunks - 1) // chunks, min(job.panel_rows, (job.rows + threads - 1) // threads))
    return rows if job.along else (rows + PAD - 1) & -PAD  # whole vectors, and cache lines of the output


cdef inline Py_ssize_t go_to_row(const Traversal* t, Py_ssize_t row, Place* place) noexcept nogil:
    """Set the place to this row of all; the result is how many there are from it to the end of the last dimension."""
    cdef Py_ssize_t index, rest = row, left = 0
    cdef int d, k, operand
    for k in range(t.operands):
        place.at[t.operand[k]] = t.start[t.operand[k]]
    for d in range(t.dims - 1, -1, -1):
        index = rest
        if d > 0:
            rest = index // t.size[d]
            index -= rest * t.size[d]
        for k in range(t.operands):
            operand = t.operand[k]
            place.at[operand] += index * t.row_stride[d][operand]
        if d == t.dims - 1:
            left = t.size[d] - index
    return left


cdef void run_row_chunk(const void* shared, Py_ssize_t chunk, int worker) noexcept nogil:
    """Some of the rows. None depends on another, nor on how many are taken at once."""
    cdef const RowJob* job = <const RowJob*> shared
    cdef const RowCall* call = job.call
    cdef const Traversal* t = job.traversal
    cdef Py_ssize_t first = chunk * job.chunk_rows, end = min(first + job.chunk_rows, job.rows), last, rows
    cdef fastact_panel panel
    cdef Place place
    cdef Tiles tiles
    cdef int k, operand
    cdef char* room = job.rooms + worker * job.room
    panel.empty, panel.scale, panel.smoothing = call.empty, call.gradient_scale, call.smoothing
    panel.weights, panel.label_weights, panel.weights_sum = call.weights, call.label_weights, call.weights_sum
    panel.factor, panel.out, panel.out_pitch, panel.state = NULL, NULL, 0, room
    place.row_stride = &t.row_stride[t.dims - 1][0]
    place.position_stride = &t.position_stride[0]
    place.along, place.n = job.along, t.n
    room += whole_lines(call.table.row_state[call.type])
    memset(&tiles, 0, sizeof(tiles))
    place.added = <double*> (job.rooms + (worker + 1) * job.room) - SEGMENT
    while first < end:
        last = min(first + go_to_row(t, first, &place), end)
        while first < last:
            rows = min(job.panel_rows, last - first)
            if rows > PAD and not job.along:
                rows &= -PAD  # the rest in a narrow panel of its own
            place.rows = rows
            run_panel(call, &place, &panel, room, &tiles)
            for k in range(t.operands):
                operand = t.operand[k]
                place.at[operand] += rows * place.row_stride[operand]
            first += rows


cdef int run_row_job(const RowCall* call, const Traversal* t, char* at_hand, Py_ssize_t nbytes) noexcept nogil:
    """Take all rows, in room that is at hand if it suffices. -1 where there is no memory."""
    cdef RowJob job
    cdef int d = t.dims - 1
    cdef Py_ssize_t chunks = 1, elements
    cdef int threads
    cdef char* memory = NULL
    job.call, job.traversal, job.rows = call, t, 1
    job.along = goes_along(call, t)
    job.panel_rows = rows_of_panel(call, t, job.along)
    job.room = room_for(call, job.along, job.panel_rows, t.n)
    for d in range(t.dims):
        job.rows *= t.size[d]
    job.chunk_rows = job.rows
    elements = job.rows * t.n
    threads = <int> min(<Py_ssize_t> threads_worth(elements, row_grain), job.rows)
    if threads > 1:
        job.chunk_rows = rows_of_chunk(&job, threads, chunks_worth(elements, row_grain, threads))
        chunks = (job.rows + job.chunk_rows - 1) // job.chunk_rows
        threads = <int> min(<Py_ssize_t> threads, chunks)
    if threads * job.room + LINE > nbytes:
        at_hand = memory = <char*> malloc(threads * job.room + LINE)
        if memory == NULL:
            return -1
    job.rooms = first_line(at_hand)
    run_chunks(run_row_chunk, &job, chunks, threads)
    free(memory)
    return 0
