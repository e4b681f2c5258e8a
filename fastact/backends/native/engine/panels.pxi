# One panel through the passes of a program. Each operand is worked on where it is, if it lies right, otherwise in a tile.

cdef extern from "transpose.h" nogil:
    void fastact_transpose_4(const char* source, Py_ssize_t step, char* target, Py_ssize_t to_step, Py_ssize_t n, Py_ssize_t m)
    void fastact_transpose_8(const char* source, Py_ssize_t step, char* target, Py_ssize_t to_step, Py_ssize_t n, Py_ssize_t m)

# The operands of a call. Those up to OUTPUT and MASK have an element for each position, the others one for each row
cdef enum:
    INPUT = 0  # and those after it, as many as the program has
    OUTPUT = 4
    MASK = 5
    LIMIT = 6  # how many positions take part: a causal mask
    LABELS = 7
    FACTOR = 8
    RESULT_OF_ROW = 9
    OPERANDS = 10

cdef enum:
    TILE_ELEMENTS = 32768  # of the largest tile for whole rows
    SHORT_ROW = 32  # positions: such a row is taken all at once; the lanes of its sums
    PAD = 16  # elements of the widest vector of float32

cdef enum:
    NO_MASK, BOOLEAN_MASK, FLOATING_MASK


# What is computed of operands of certain types
cdef struct RowCall:
    const fastact_table* table
    const fastact_program* program
    const fastact_passes* without_room  # the program's, or its usual passes
    const fastact_passes* short_rows
    int type  # the computed one
    int shift  # of its itemsize, a power of two
    Py_ssize_t itemsize
    bint[OPERANDS] has
    Access[OPERANDS] access
    # the first input
    bint scales
    double scale
    int mask  # NO_MASK, ...
    bint adds_mask  # a floating one
    double masked  # what the input is where a boolean mask is false
    # the result
    bint clears  # it is a gradient, and 0 where a mask leaves an element out
    double left_out  # what it is past the limit
    bint converts_factor, converts_result  # from and to the array's type; else they are float64
    # the panel
    int empty
    double gradient_scale, smoothing
    const void* weights
    double weights_sum


cdef inline int output_of(const RowCall* call) noexcept nogil:
    """The operand that takes the result of a function of rows."""
    return OUTPUT if call.program.stores else RESULT_OF_ROW


# Where a panel is. Steps are in bytes
cdef struct Place:
    (char*)[OPERANDS] at  # the first row's first element
    const Py_ssize_t* row_step
    const Py_ssize_t* position_step
    bint along  # rows are taken along themselves, otherwise side by side
    Py_ssize_t rows, n


# Where it is worked on
cdef struct Tiles:
    bint whole  # whole rows fit in
    Py_ssize_t pitch  # of a tile, in elements
    bint[MAX_INPUTS] direct, loaded
    bint direct_out
    (char*)[MAX_INPUTS] input
    char* out


# What there is for each row
cdef struct RowValues:
    Py_ssize_t[PANEL_ROWS] labels
    double[PANEL_ROWS] factor, result


cdef inline Py_ssize_t padded(bint along, Py_ssize_t rows) noexcept nogil:
    """The rows of a tile: side by side they fill whole vectors."""
    return rows if along else (rows + PAD - 1) & -PAD


cdef Py_ssize_t tile_elements(Py_ssize_t n, bint along, Py_ssize_t rows) noexcept nogil:
    """The elements of a tile for so many rows of n positions."""
    cdef Py_ssize_t width = padded(along, rows)
    return ((n if n * width <= TILE_ELEMENTS else SEGMENT) * width + PAD - 1) & -PAD


cdef bint lies_right(
    const Access* access, Py_ssize_t row_step, Py_ssize_t position_step, bint along, Py_ssize_t rows
) noexcept nogil:
    """Whether an operand can be worked on where it is."""
    cdef Py_ssize_t itemsize = access.computed_itemsize
    if not access.direct:
        return False
    if along:
        return position_step == itemsize and row_step & (itemsize - 1) == 0
    return row_step == itemsize and rows % PAD == 0 and position_step & (itemsize - 1) == 0


# ---- between memory and tiles ---------------------------------------------------------------------------------------

cdef void transpose(Py_ssize_t itemsize, const char* source, Py_ssize_t step, char* target, Py_ssize_t to_step,
                    Py_ssize_t n, Py_ssize_t m) noexcept nogil:
    if itemsize == 4:
        fastact_transpose_4(source, step, target, to_step, n, m)
    else:
        fastact_transpose_8(source, step, target, to_step, n, m)


cdef void load_segment(
    const RowCall* call, const Place* place, int operand, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Bring n positions of an input into a tile."""
    cdef const Access* access = &call.access[operand]
    cdef Py_ssize_t row_step = place.row_step[operand], position_step = place.position_step[operand]
    cdef const char* source = place.at[operand] + start * position_step
    cdef Py_ssize_t k, line = pitch * call.itemsize
    if place.along:
        for k in range(place.rows):
            load_elements(access, source + k * row_step, position_step, tile + k * line, n)
        return
    if access.direct and position_step == call.itemsize:
        transpose(call.itemsize, source, row_step, tile, line, n, place.rows)
    else:
        for k in range(n):
            load_elements(access, source + k * position_step, row_step, tile + k * line, place.rows)
    if pitch > place.rows:
        for k in range(n):
            memset(tile + k * line + place.rows * call.itemsize, 0, (pitch - place.rows) * call.itemsize)


cdef void store_segment(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, const char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Write n positions of the result to the output."""
    cdef const Access* access = &call.access[OUTPUT]
    cdef Py_ssize_t row_step = place.row_step[OUTPUT], position_step = place.position_step[OUTPUT]
    cdef char* target = place.at[OUTPUT] + start * position_step
    cdef Py_ssize_t k, line = pitch * call.itemsize
    if place.along:
        for k in range(place.rows):
            store_elements(access, tile + k * line, target + k * row_step, position_step, n)
    elif access.direct and position_step == call.itemsize:
        transpose(call.itemsize, tile, line, target, row_step, place.rows, n)
    else:
        for k in range(n):
            store_elements(access, tile + k * line, target + k * position_step, row_step, place.rows)


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
    cdef double[SEGMENT] added
    cdef bint along = place.along
    cdef Py_ssize_t row_step = place.row_step[MASK], position_step = place.position_step[MASK]
    cdef Py_ssize_t lines = place.rows if along else n, width = n if along else place.rows
    cdef Py_ssize_t line_step = row_step if along else position_step, step = position_step if along else row_step, k
    cdef const char* mask = place.at[MASK] + start * position_step
    cdef char* line
    for k in range(lines):
        line = tile + k * pitch * call.itemsize
        if call.mask == BOOLEAN_MASK:
            call.table.select[call.type](mask + k * line_step, step, 0 if clearing else call.masked, line, width)
            continue
        load_elements(&call.access[MASK], mask + k * line_step, step, added, width)
        if clearing:
            clear_masked(call.type, added, line, width)
        else:
            call.table.add[call.type](line, added, line, width)


cdef void apply_limit(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch, double value
) noexcept nogil:
    """Set what is past each row's limit to a value."""
    cdef Py_ssize_t row = pitch if place.along else 1, position = 1 if place.along else pitch, limit, r, i
    for r in range(place.rows):
        limit = (<Py_ssize_t*> (place.at[LIMIT] + r * place.row_step[LIMIT]))[0]
        for i in range(max(limit - start, <Py_ssize_t> 0), n):
            write_number(call.type, value, tile + (r * row + i * position) * call.itemsize)


cdef inline bint changes_input(const RowCall* call) noexcept nogil:
    """Whether the first input is not what its array holds."""
    return call.scales or call.mask != NO_MASK or call.has[LIMIT]


cdef void change_input(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Scale and mask n positions of the first input in a tile."""
    cdef Py_ssize_t lines = place.rows if place.along else n, width = n if place.along else place.rows, k
    if call.scales:
        for k in range(lines):
            call.table.multiply_by[call.type](call.scale, tile + k * pitch * call.itemsize, width)
    if call.mask == BOOLEAN_MASK or (call.mask == FLOATING_MASK and call.adds_mask):
        apply_mask(call, place, start, n, tile, pitch, False)
    if call.has[LIMIT]:
        apply_limit(call, place, start, n, tile, pitch, call.masked)


cdef void clear_result(
    const RowCall* call, const Place* place, Py_ssize_t start, Py_ssize_t n, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Set the gradient to 0 where a mask leaves elements out."""
    if call.mask != NO_MASK:
        apply_mask(call, place, start, n, tile, pitch, True)
    if call.has[LIMIT]:
        apply_limit(call, place, start, n, tile, pitch, 0)


# ---- what there is for each row -------------------------------------------------------------------------------------

cdef void read_row_values(const RowCall* call, const Place* place, fastact_panel* p, RowValues* values) noexcept nogil:
    """Bring in labels and factors. What rows side by side are padded with is ignored."""
    cdef double[PANEL_ROWS] loaded
    cdef const char* at
    cdef Py_ssize_t r, step
    if call.has[LABELS]:
        at, step = place.at[LABELS], place.row_step[LABELS]
        for r in range(p.rows):
            values.labels[r] = (<const Py_ssize_t*> (at + r * step))[0] if r < place.rows else -1
        p.labels = values.labels
    if call.has[FACTOR]:
        at, step = place.at[FACTOR], place.row_step[FACTOR]
        for r in range(p.rows):
            values.factor[r] = 0
        if call.converts_factor:
            load_elements(&call.access[FACTOR], at, step, loaded, place.rows)
            for r in range(place.rows):
                values.factor[r] = read_element(call.type, <const char*> loaded + r * call.itemsize)
        else:
            for r in range(place.rows):
                values.factor[r] = (<const double*> (at + r * step))[0]
        p.factor = values.factor
    for r in range(p.rows):
        values.result[r] = NAN
    p.result = values.result


cdef void write_row_results(const RowCall* call, const Place* place, const double* result) noexcept nogil:
    """Write each row's result."""
    cdef double[PANEL_ROWS] stored
    cdef char* at = place.at[RESULT_OF_ROW]
    cdef Py_ssize_t r, step = place.row_step[RESULT_OF_ROW]
    if call.converts_result:
        for r in range(place.rows):
            write_number(call.type, result[r], <char*> stored + r * call.itemsize)
        store_elements(&call.access[RESULT_OF_ROW], stored, at, step, place.rows)
    else:
        for r in range(place.rows):
            (<double*> (at + r * step))[0] = result[r]


# ---- passes ---------------------------------------------------------------------------------------------------------

cdef Py_ssize_t positions_to_take(const RowCall* call, const Place* place) noexcept nogil:
    """How many of the first positions there are work for: with a causal mask up to the largest limit of these rows. But where all
    positions of an empty row get a share, all of them."""
    cdef Py_ssize_t most = 0, r
    if not call.has[LIMIT] or call.empty == EMPTY_UNIFORM:
        return place.n
    for r in range(place.rows):
        most = max(most, (<Py_ssize_t*> (place.at[LIMIT] + r * place.row_step[LIMIT]))[0])
    return min(most, place.n)


cdef void lay_out_tiles(const RowCall* call, const Place* place, fastact_panel* p, char* room, Tiles* tiles) noexcept nogil:
    """Decide where each operand is worked on."""
    cdef Py_ssize_t nbytes = tile_elements(place.n, place.along, place.rows) * call.itemsize
    cdef int k
    p.along, p.rows, p.n = place.along, padded(place.along, place.rows), place.n
    tiles.whole = place.n * p.rows <= TILE_ELEMENTS
    tiles.pitch = p.rows if not place.along else (place.n if tiles.whole else SEGMENT)
    for k in range(call.program.inputs):
        tiles.direct[k] = lies_right(&call.access[k], place.row_step[k], place.position_step[k], place.along, place.rows)
        if k == 0 and changes_input(call):
            tiles.direct[k] = False
        tiles.loaded[k] = False
        tiles.input[k] = room
        if tiles.direct[k]:
            p.pitch[k] = (place.row_step[k] if place.along else place.position_step[k]) >> call.shift
        else:
            p.pitch[k] = tiles.pitch
            room += nbytes
    tiles.direct_out, tiles.out = False, NULL
    if call.has[OUTPUT]:
        tiles.direct_out = not call.clears and lies_right(
            &call.access[OUTPUT], place.row_step[OUTPUT], place.position_step[OUTPUT], place.along, place.rows
        )
        p.out_pitch = tiles.pitch
        if tiles.direct_out:
            p.out_pitch = (place.row_step[OUTPUT] if place.along else place.position_step[OUTPUT]) >> call.shift
        tiles.out = tiles.input[0] if not tiles.direct[0] else room


cdef inline const fastact_passes* passes_for(const RowCall* call, const Place* place, const Tiles* tiles) noexcept nogil:
    """The variant of the program for this panel."""
    if place.along and place.n <= SHORT_ROW:
        return call.short_rows
    if tiles.direct_out or (call.has[OUTPUT] and tiles.whole):
        return &call.program.passes
    return call.without_room


cdef inline void run_steps(const fastact_step* steps, fastact_panel* p) noexcept nogil:
    while steps[0] != NULL:
        steps[0](p)
        steps += 1


cdef void bring_inputs(
    const RowCall* call, const Place* place, const fastact_pass* each, fastact_panel* p, const Tiles* tiles, Py_ssize_t offset
) noexcept nogil:
    """Point the panel to the segment of each input, in its tile at this offset in bytes if it is not worked on where it is."""
    cdef int k
    for k in range(each.inputs):
        if tiles.direct[k]:
            p.input[k] = place.at[k] + p.start * place.position_step[k]
            continue
        p.input[k] = tiles.input[k] + offset
        if (tiles.whole and tiles.loaded[k]) or (k == 0 and each.reads_powers):
            continue  # it is there
        load_segment(call, place, k, p.start, p.length, tiles.input[k] + offset, tiles.pitch)
        if k == 0 and changes_input(call):
            change_input(call, place, p.start, p.length, tiles.input[k] + offset, tiles.pitch)


cdef void run_segment(
    const RowCall* call, const Place* place, const fastact_pass* each, fastact_panel* p, const Tiles* tiles
) noexcept nogil:
    """The part of a pass that is done with a segment."""
    cdef Py_ssize_t offset = p.start * (1 if place.along else tiles.pitch) * call.itemsize if tiles.whole else 0
    cdef Py_ssize_t pitch = p.pitch[0]
    bring_inputs(call, place, each, p, tiles, offset)
    if tiles.direct_out:
        p.out = place.at[OUTPUT] + p.start * place.position_step[OUTPUT]
    elif each.output != NO_OUTPUT:
        p.out = tiles.out + offset
    if each.reads_powers:
        p.input[0], p.pitch[0] = p.out, p.out_pitch
    run_steps(each.steps, p)
    p.pitch[0] = pitch
    if each.output == RESULT and not tiles.direct_out:
        if call.clears:
            clear_result(call, place, p.start, p.length, tiles.out + offset, tiles.pitch)
        store_segment(call, place, p.start, p.length, tiles.out + offset, tiles.pitch)


cdef void run_pass(
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
    cdef Py_ssize_t r, step = place.position_step[OUTPUT]
    cdef double value, first, element
    cdef char* target
    for r in range(place.rows):
        target = place.at[OUTPUT] + r * place.row_step[OUTPUT]
        value = call.left_out
        if taken and not call.clears:  # a row that is NaN is so everywhere
            load_elements(access, target, step, &element, 1)
            first = read_element(call.type, &element)
            value = first if first != first else value
        store_repeated(access, value, target + taken * step, step, place.n - taken)


cdef void run_panel(const RowCall* call, const Place* place, fastact_panel* p, char* room) noexcept nogil:
    """Take a panel through all passes of the call's program."""
    cdef Py_ssize_t n = positions_to_take(call, place)
    cdef Tiles tiles
    cdef RowValues values
    cdef const fastact_passes* passes
    cdef const fastact_pass* each
    cdef int k = 0
    lay_out_tiles(call, place, p, room, &tiles)
    read_row_values(call, place, p, &values)
    call.table.start_rows[call.type](p)
    passes = passes_for(call, place, &tiles)
    while k < passes.count:
        each = &passes.each[k]
        if each.on_demand and not p.again:
            break
        run_pass(call, place, each, p, &tiles, n)
        if not (each.repeats and p.again):
            k += 1
    if call.has[OUTPUT] and n < place.n:
        fill_past(call, place, n)
    if call.has[RESULT_OF_ROW]:
        write_row_results(call, place, values.result)
