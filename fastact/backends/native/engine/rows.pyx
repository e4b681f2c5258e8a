# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Functions of whole rows on the loops of one instruction set: their steps, and how an array's rows reach them.

A function is a `Program`: passes over the blocks of its rows, and what happens between them. Contiguous rows are taken along
themselves, some at a time; those of other axes, and short ones, side by side, so that vectors always have work. A block whose
array is native and lies right is worked on where it is, any other in a tile.

Exponentials are computed once where there is room for them: in the output, or in the tile if the whole row fits. Otherwise they
are computed again for the output, with the same bits.

A call goes one of two ways. `RowPath`: contiguous native floats, nothing special asked, straight to the rows. Everything else:
the Python classes of rows.py and losses.py, which check and give the arrays to `Rows`. Both share the rows out to threads.
"""

from cpython.exc cimport PyErr_NoMemory
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.limits cimport LONG_MAX
from libc.math cimport INFINITY, NAN
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, llabs, malloc
from libc.string cimport memcpy, memset

cimport cython
cimport numpy as cnp
from fastact.backends.native.engine.table cimport *
from fastact.runtime.team cimport *

import sys

import numpy as np

from fastact.runtime.threads import team

cnp.import_array()
cnp.import_umath()

if team:
    team_join(PyCapsule_GetPointer(team.capsule, FASTACT_TEAM_CAPSULE))

include "calls.pxi"

cdef extern from "platform.h" nogil:
    ctypedef struct fastact_flags:
        pass
    fastact_flags fastact_save_flags()
    void fastact_restore_flags(fastact_flags)

cdef extern from "transpose.h" nogil:
    void fastact_transpose_4(const char* source, Py_ssize_t step, char* target, Py_ssize_t to_step, Py_ssize_t n, Py_ssize_t m)
    void fastact_transpose_8(const char* source, Py_ssize_t step, char* target, Py_ssize_t to_step, Py_ssize_t n, Py_ssize_t m)

cdef enum:
    MAX_INPUTS = 4
    MAX_PASSES = 4
    MAX_STEPS = 4
    MAX_OPERANDS = MAX_INPUTS + 6
    MAX_DIMENSIONS = 64
    WHOLE = 32768  # elements of the largest tile for a whole row, or of as many as lie side by side
    RELEASE_GIL = 4096  # elements: below, releasing the GIL costs more than it can gain anybody
    SHORT = 48  # positions: shorter rows go side by side
    SHORTEST = 32  # positions of a row that is taken all at once; the lanes of its sum
    TOGETHER = 16384  # bytes of contiguous rows that are taken together
    PAD = 16  # elements of the widest vector of float32
    LINE = 64  # bytes of a cache line
    TILES_AT_HAND = 65536  # bytes: tiles of small calls

# What a pass does with its output
cdef enum:
    NOTHING, POWERS, RESULT

cdef enum:
    NO_MASK, BOOLEAN, ADDED

cdef struct Pass:
    int inputs  # how many of the inputs it reads
    int output  # NOTHING, POWERS (for a later pass) or RESULT
    bint of_powers  # its first input is what the pass before stored
    bint repeats  # while a step says so
    bint on_demand  # only if a step has said so
    int steps
    int[MAX_STEPS] step
    int after
    int[MAX_STEPS] then  # once, after the pass

cdef struct Program:
    int passes
    Pass[MAX_PASSES] each

# How an operand comes in or goes out
cdef struct Way:
    bint direct  # its type in memory is the computed one
    bint moved  # misaligned or swapped: byte by byte
    bint swapped
    int type  # what load and store know: FLOAT32 or FLOAT64
    Py_ssize_t itemsize
    fastact_load load
    fastact_store store

# A function of operands of certain types
cdef struct Task:
    const fastact_table* table
    int type
    int shift  # of the itemsize: a power of two
    Py_ssize_t itemsize  # of the computed type
    const Program* kept  # with the exponentials stored
    const Program* again  # or computed again
    const Program* short_rows  # all at once
    int inputs
    Way[MAX_INPUTS] way
    bint has_out
    Way out
    # operands after the inputs, the number in the list of operands or -1
    int at_out, at_mask, at_limit, at_labels, at_factor, at_result
    int mask  # NO_MASK, ...
    Way mask_way
    bint adds  # a floating mask, to the first input
    double masked  # what the first input is where a boolean mask is false
    bint clears  # the result is a gradient, and 0 where the mask is false or -inf
    double fill  # what the result is past the limit
    bint scaled
    double scale
    Way factor_way, result_way
    bint factor_converts, result_converts  # from and to the array's type, not float64
    int option  # of the panel, as are the next ones
    double gradient_scale
    const void* weights
    double weights_sum

# Its operands' rows. Steps are in bytes; the last dimension's rows can be taken side by side
cdef struct Walk:
    int operands, dims
    Py_ssize_t n  # of a row
    (char*)[MAX_OPERANDS] at
    Py_ssize_t[MAX_OPERANDS] core
    Py_ssize_t[MAX_DIMENSIONS] size
    Py_ssize_t[MAX_DIMENSIONS][MAX_OPERANDS] step

# The two together, shared out
cdef struct Job:
    const Task* task
    const Walk* walk
    bint along
    Py_ssize_t columns
    Py_ssize_t rows, share  # of all parts, of one
    Py_ssize_t room  # bytes that a part needs: the state, then tiles
    char* rooms


cdef void move(
    const char* source, Py_ssize_t step, char* target, Py_ssize_t target_step, const Way* way, Py_ssize_t n
) noexcept nogil:
    """Copy n elements byte by byte, for those that are misaligned or swapped."""
    cdef Py_ssize_t i, k, size = way.itemsize
    for i in range(n):
        for k in range(size):
            target[i * target_step + k] = source[i * step + (size - 1 - k if way.swapped else k)]


cdef void convert(int type, const void* source, int to_type, void* target, Py_ssize_t n) noexcept nogil:
    """Between the two computed types."""
    cdef Py_ssize_t i
    if type == to_type:
        memcpy(target, source, n * (4 if type == FLOAT32 else 8))
    elif type == FLOAT32:
        for i in range(n):
            (<double*> target)[i] = (<const float*> source)[i]
    else:
        for i in range(n):
            (<float*> target)[i] = <float> (<const double*> source)[i]


cdef void load(const Task* task, const Way* way, const char* source, Py_ssize_t step, void* tile, Py_ssize_t n) noexcept nogil:
    cdef double[128] native, loaded
    cdef Py_ssize_t start = 0, m
    cdef const char* at
    if way.direct and step == task.itemsize:
        memcpy(tile, source, n * task.itemsize)
        return
    if not way.moved and way.type == task.type:
        way.load(source, step, tile, n)
        return
    while start < n:
        m = min(<Py_ssize_t> 128, n - start)
        at = source + start * step
        if way.moved:
            move(at, step, <char*> native, way.itemsize, way, m)
            at = <const char*> native
        way.load(at, way.itemsize if way.moved else step, loaded, m)
        convert(way.type, loaded, task.type, <char*> tile + start * task.itemsize, m)
        start += m


cdef void store(const Task* task, const Way* way, const void* tile, char* target, Py_ssize_t step, Py_ssize_t n) noexcept nogil:
    cdef double[128] native, stored
    cdef Py_ssize_t start = 0, m
    cdef char* at
    if way.direct and step == task.itemsize:
        memcpy(target, tile, n * task.itemsize)
        return
    if not way.moved and way.type == task.type:
        way.store(tile, target, step, n)
        return
    while start < n:
        m = min(<Py_ssize_t> 128, n - start)
        at = target + start * step
        convert(task.type, <const char*> tile + start * task.itemsize, way.type, stored, m)
        way.store(stored, <char*> native if way.moved else at, way.itemsize if way.moved else step, m)
        if way.moved:
            move(<const char*> native, way.itemsize, at, step, way, m)
        start += m


cdef void fill_rest(const Task* task, char* out, Py_ssize_t step, Py_ssize_t n, double value) noexcept nogil:
    """Fill n elements of the output."""
    cdef double[128] tile
    cdef Py_ssize_t i, start = 0
    for i in range(128):
        if task.type == FLOAT32:
            (<float*> tile)[i] = <float> value
        else:
            tile[i] = value
    while start < n:
        store(task, &task.out, tile, out + start * step, step, min(<Py_ssize_t> 128, n - start))
        start += 128


cdef Py_ssize_t tile_elements(Py_ssize_t n, bint along, Py_ssize_t columns) noexcept nogil:
    cdef Py_ssize_t padded = columns if along else (columns + PAD - 1) & -PAD
    return ((n if n * padded <= WHOLE else ROW_BLOCK) * padded + PAD - 1) & -PAD


cdef bint lies_right(
    const Way* way, Py_ssize_t outer, Py_ssize_t core, bint along, Py_ssize_t columns, Py_ssize_t itemsize
) noexcept nogil:
    """Whether an operand can be worked on where it is."""
    if not way.direct:
        return False
    if along:
        return core == itemsize and outer & (itemsize - 1) == 0
    return outer == itemsize and columns % PAD == 0 and core & (itemsize - 1) == 0


cdef void get(
    const Task* task, const Way* way, const char* source, Py_ssize_t outer, Py_ssize_t core, bint along, Py_ssize_t columns,
    Py_ssize_t m, char* tile, Py_ssize_t pitch
) noexcept nogil:
    """Bring a block into a tile."""
    cdef Py_ssize_t k, line = pitch * task.itemsize
    if along:
        for k in range(columns):
            load(task, way, source + k * outer, core, tile + k * line, m)
        return
    if way.direct and core == task.itemsize:
        if task.itemsize == 4:
            fastact_transpose_4(source, outer, tile, line, m, columns)
        else:
            fastact_transpose_8(source, outer, tile, line, m, columns)
    else:
        for k in range(m):
            load(task, way, source + k * core, outer, tile + k * line, columns)
    if pitch > columns:
        for k in range(m):
            memset(tile + k * line + columns * task.itemsize, 0, (pitch - columns) * task.itemsize)


cdef void put(
    const Task* task, const char* tile, Py_ssize_t pitch, char* target, Py_ssize_t outer, Py_ssize_t core, bint along,
    Py_ssize_t columns, Py_ssize_t m
) noexcept nogil:
    """Store a block of the result."""
    cdef Py_ssize_t k, line = pitch * task.itemsize
    if along:
        for k in range(columns):
            store(task, &task.out, tile + k * line, target + k * outer, core, m)
    elif task.out.direct and core == task.itemsize:
        if task.itemsize == 4:
            fastact_transpose_4(tile, line, target, outer, columns, m)
        else:
            fastact_transpose_8(tile, line, target, outer, columns, m)
    else:
        for k in range(m):
            store(task, &task.out, tile + k * line, target + k * core, outer, columns)


cdef void run_panel(
    const Task* task, fastact_panel* p, char* room, char** at, const Py_ssize_t* outer, const Py_ssize_t* core, bint along,
    Py_ssize_t columns, Py_ssize_t n
) noexcept nogil:
    """Take some rows through all passes."""
    cdef Py_ssize_t padded = columns if along else (columns + PAD - 1) & -PAD
    cdef bint whole = n * padded <= WHOLE
    cdef Py_ssize_t pitch = padded if not along else (n if whole else ROW_BLOCK)  # of a tile
    cdef Py_ssize_t length = n, start, m, c, k = 0, tile_at
    cdef bint[MAX_INPUTS] direct, loaded
    cdef bint direct_out = False
    cdef (char*)[MAX_INPUTS] tile
    cdef char* out_tile = NULL
    cdef Py_ssize_t[ROW_COLUMNS] labels
    cdef double[ROW_COLUMNS] factor, result, row
    cdef double first, fill
    cdef char* target
    cdef const Program* program
    cdef const Pass* each
    cdef int i, j
    # the first positions only take part, but of a row that is empty all of them may get a share
    if task.at_limit >= 0 and p.option != EMPTY_UNIFORM:
        length = 0
        for c in range(columns):
            length = max(length, (<Py_ssize_t*> (at[task.at_limit] + c * outer[task.at_limit]))[0])
        length = min(length, n)
    p.along, p.columns, p.n = along, padded, n
    # where each operand is worked on
    for i in range(task.inputs):
        direct[i] = lies_right(&task.way[i], outer[i], core[i], along, columns, task.itemsize)
        if i == 0 and (task.scaled or task.mask != NO_MASK or task.at_limit >= 0):
            direct[i] = False
        p.pitch[i] = pitch if not direct[i] else (outer[i] if along else core[i]) >> task.shift
        tile[i] = room
        loaded[i] = False
        if not direct[i]:
            room += tile_elements(n, along, columns) * task.itemsize
    if task.has_out:
        direct_out = (
            not task.clears
            and lies_right(&task.out, outer[task.at_out], core[task.at_out], along, columns, task.itemsize)
        )
        p.out_pitch = pitch if not direct_out else (outer[task.at_out] if along else core[task.at_out]) >> task.shift
        out_tile = tile[0] if not direct[0] else room
    if along and n <= SHORTEST:
        program = task.short_rows
    else:
        program = task.kept if direct_out or (task.has_out and whole) else task.again
    # what comes with each row
    if task.at_labels >= 0:
        for c in range(padded):
            labels[c] = (<Py_ssize_t*> (at[task.at_labels] + c * outer[task.at_labels]))[0] if c < columns else -1
        p.labels = labels
    if task.at_factor >= 0:
        for c in range(padded):
            factor[c] = 0
        if task.factor_converts:
            load(task, &task.factor_way, at[task.at_factor], outer[task.at_factor], row, columns)
            for c in range(columns):
                factor[c] = (<float*> row)[c] if task.type == FLOAT32 else row[c]
        else:
            for c in range(columns):
                factor[c] = (<double*> (at[task.at_factor] + c * outer[task.at_factor]))[0]
        p.factor = factor
    for c in range(padded):
        result[c] = NAN
    p.result = result
    task.table.steps[task.type][<int> ROW_START](p)
    i = 0
    while i < program.passes:
        each = &program.each[i]
        if each.on_demand and not p.again:
            break
        start = 0
        while start < length or (start == 0 and length == 0):
            m = min(<Py_ssize_t> ROW_BLOCK, length - start)
            tile_at = start * (1 if along else pitch) * task.itemsize if whole else 0
            p.start, p.length = start, m
            for j in range(each.inputs):
                if direct[j]:
                    p.input[j] = at[j] + start * core[j]
                    continue
                p.input[j] = tile[j] + tile_at
                if (whole and loaded[j]) or (j == 0 and each.of_powers):
                    continue  # still there
                get(task, &task.way[j], at[j] + start * core[j], outer[j], core[j], along, columns, m, tile[j] + tile_at, pitch)
                if j == 0:
                    change(task, at, outer, core, along, columns, start, m, tile[0] + tile_at, pitch, False)
            if each.output != NOTHING or direct_out:
                p.out = at[task.at_out] + start * core[task.at_out] if direct_out else out_tile + tile_at
            if each.of_powers:
                p.input[0], k = p.out, p.pitch[0]
                p.pitch[0] = p.out_pitch
            for j in range(each.steps):
                task.table.steps[task.type][each.step[j]](p)
            if each.of_powers:
                p.pitch[0] = k
            if each.output == RESULT and not direct_out:
                if task.clears:
                    change(task, at, outer, core, along, columns, start, m, out_tile + tile_at, pitch, True)
                put(
                    task, out_tile + tile_at, pitch, at[task.at_out] + start * core[task.at_out], outer[task.at_out],
                    core[task.at_out], along, columns, m
                )
            start += ROW_BLOCK
        for j in range(each.inputs):
            loaded[j] = True
        for j in range(each.after):
            task.table.steps[task.type][each.then[j]](p)
        if not (each.repeats and p.again):
            i += 1
    if task.has_out and length < n:
        for c in range(columns):
            target = at[task.at_out] + c * outer[task.at_out]
            fill = task.fill
            if length and not task.clears:  # a row that is NaN is so everywhere
                load(task, &task.out, target, core[task.at_out], row, 1)
                first = (<float*> row)[0] if task.type == FLOAT32 else row[0]
                fill = first if first != first else fill
            fill_rest(task, target + length * core[task.at_out], core[task.at_out], n - length, fill)
    if task.at_result >= 0:
        if task.result_converts:
            for c in range(columns):
                if task.type == FLOAT32:
                    (<float*> row)[c] = <float> result[c]
                else:
                    row[c] = result[c]
            store(task, &task.result_way, row, at[task.at_result], outer[task.at_result], columns)
        else:
            for c in range(columns):
                (<double*> (at[task.at_result] + c * outer[task.at_result]))[0] = result[c]


cdef void clear_masked(int type, const double* added, char* line, Py_ssize_t n) noexcept nogil:
    """Elements to which -inf was added are 0."""
    cdef Py_ssize_t i
    for i in range(n):
        if type == FLOAT32:
            if (<const float*> added)[i] == -INFINITY:
                (<float*> line)[i] = 0
        elif added[i] == -INFINITY:
            (<double*> line)[i] = 0


cdef void change(
    const Task* task, char** at, const Py_ssize_t* outer, const Py_ssize_t* core, bint along, Py_ssize_t columns,
    Py_ssize_t start, Py_ssize_t m, char* tile, Py_ssize_t pitch, bint clearing
) noexcept nogil:
    """Scale and mask a block of the first input in a tile; or, clearing, mask one of the result."""
    cdef double[ROW_BLOCK] added
    cdef Py_ssize_t k, r, limit, lines = columns if along else m, width = m if along else columns
    cdef Py_ssize_t line_step, step, row, position
    cdef char* line
    cdef char* mask
    cdef double fill = 0 if clearing else task.masked
    if task.scaled and not clearing:
        for k in range(lines):
            task.table.multiply_by[task.type](task.scale, tile + k * pitch * task.itemsize, width)
    if task.mask == BOOLEAN or (task.mask == ADDED and (clearing or task.adds)):
        line_step, step = core[task.at_mask], outer[task.at_mask]
        mask = at[task.at_mask] + start * core[task.at_mask]
        if along:
            line_step, step = step, line_step
        for k in range(lines):
            line = tile + k * pitch * task.itemsize
            if task.mask == BOOLEAN:
                task.table.select[task.type](mask + k * line_step, step, fill, line, width)
                continue
            load(task, &task.mask_way, mask + k * line_step, step, added, width)
            if clearing:
                clear_masked(task.type, added, line, width)
            else:
                task.table.add[task.type](line, added, line, width)
    if task.at_limit >= 0:
        row = pitch if along else 1
        position = 1 if along else pitch
        for k in range(columns):
            limit = (<Py_ssize_t*> (at[task.at_limit] + k * outer[task.at_limit]))[0]
            for r in range(max(limit - start, <Py_ssize_t> 0), m):
                if task.type == FLOAT32:
                    (<float*> tile)[k * row + r * position] = <float> fill
                else:
                    (<double*> tile)[k * row + r * position] = fill


cdef bint goes_along(Py_ssize_t rows, Py_ssize_t n, const Py_ssize_t* outer, const Py_ssize_t* core) noexcept nogil:
    """Whether rows are taken along themselves."""
    return rows < 2 or (n > SHORT and llabs(core[0]) <= llabs(outer[0]))


cdef Py_ssize_t columns_of(
    const Task* task, bint along, Py_ssize_t rows, Py_ssize_t n, const Py_ssize_t* outer, const Py_ssize_t* core
) noexcept nogil:
    """How many rows to take at once."""
    cdef Py_ssize_t columns = ROW_COLUMNS
    cdef int k
    cdef bint direct = True
    if rows == 1:
        return 1
    if along and task.kept.passes > 1:  # so few that they stay in the first-level cache from one pass to the next
        columns = TOGETHER // (max(n, <Py_ssize_t> 1) * task.itemsize * (task.inputs + task.has_out))
        columns = min(max(columns, <Py_ssize_t> 1), <Py_ssize_t> ROW_COLUMNS)
    if along:
        return min(columns, rows)
    if task.has_out:
        direct = lies_right(&task.out, outer[task.at_out], core[task.at_out], along, PAD, task.itemsize)
    for k in range(task.inputs):
        direct = direct and lies_right(&task.way[k], outer[k], core[k], along, PAD, task.itemsize)
    if not direct:
        columns = ROW_COLUMNS // 2
        while columns > PAD and n * columns > WHOLE:
            columns //= 2
    return min(columns, rows)


cdef Py_ssize_t room_for(const Task* task, bint along, Py_ssize_t columns, Py_ssize_t n) noexcept nogil:
    """The bytes that the tiles take."""
    cdef Py_ssize_t most = max(tile_elements(n, along, columns), tile_elements(n, along, min(columns, <Py_ssize_t> PAD)))
    return most * (task.inputs + 1) * task.itemsize


cdef inline Py_ssize_t whole_lines(Py_ssize_t nbytes) noexcept nogil:
    return (nbytes + LINE - 1) & -LINE


cdef void run_part(void* shared, Py_ssize_t part) noexcept nogil:
    """Some of the rows; none depends on another, nor on how many are taken at once."""
    cdef const Job* job = <const Job*> shared
    cdef const Task* task = job.task
    cdef const Walk* walk = job.walk
    cdef Py_ssize_t first = part * job.share, end = min(first + job.share, job.rows), rest, index, last, m
    cdef fastact_panel panel
    cdef (char*)[MAX_OPERANDS] here
    cdef int d, k
    cdef char* room = job.rooms + part * job.room
    cdef fastact_flags flags = fastact_save_flags()
    panel.option, panel.scale, panel.weights, panel.weights_sum = task.option, task.gradient_scale, task.weights, task.weights_sum
    panel.factor, panel.out, panel.out_pitch, panel.state = NULL, NULL, 0, room
    room += whole_lines(task.table.row_state[task.type])
    while first < end:
        for k in range(walk.operands):
            here[k] = walk.at[k]
        rest, last = first, 0
        for d in range(walk.dims - 1, -1, -1):
            index = rest
            if d > 0:
                rest = index // walk.size[d]
                index -= rest * walk.size[d]
            for k in range(walk.operands):
                here[k] += index * walk.step[d][k]
            if d == walk.dims - 1:
                last = min(first + walk.size[d] - index, end)
        while first < last:
            m = min(job.columns, last - first)
            if m > PAD and not job.along:
                m &= -PAD  # the rest in a narrow panel of its own
            run_panel(task, &panel, room, here, walk.step[walk.dims - 1], walk.core, job.along, m, walk.n)
            for k in range(walk.operands):
                here[k] += m * walk.step[walk.dims - 1][k]
            first += m
    fastact_restore_flags(flags)


cdef Py_ssize_t grain = 32768  # elements: fewer are not worth another thread


def _set_grain(Py_ssize_t elements):
    """Set how many elements are worth a thread, and return what it was: for tests."""
    global grain
    before, grain = grain, elements
    return before


cdef int run(const Task* task, const Walk* walk, char* at_hand, Py_ssize_t nbytes) noexcept nogil:
    """Take all rows, in room that is at hand if it suffices. -1 where there is no memory."""
    cdef Job job
    cdef int d = walk.dims - 1
    cdef Py_ssize_t parts = 1
    cdef char* memory = NULL
    job.task, job.walk, job.rows = task, walk, 1
    job.along = goes_along(walk.size[d], walk.n, walk.step[d], walk.core)
    job.columns = columns_of(task, job.along, walk.size[d], walk.n, walk.step[d], walk.core)
    job.room = whole_lines(task.table.row_state[task.type]) + whole_lines(room_for(task, job.along, job.columns, walk.n))
    for d in range(walk.dims):
        job.rows *= walk.size[d]
    job.share = job.rows
    if job.rows * walk.n >= 2 * grain:
        parts = max(<Py_ssize_t> 1, min(<Py_ssize_t> team_threads(), job.rows * walk.n // grain, job.rows))
        job.share = (job.rows + parts - 1) // parts
        if not job.along and parts > 1:  # whole vectors, and cache lines of the output
            job.share = (job.share + PAD - 1) & -PAD
        parts = (job.rows + job.share - 1) // job.share
    if parts * job.room + LINE > nbytes:
        at_hand = memory = <char*> malloc(parts * job.room + LINE)
        if memory == NULL:
            return -1
    job.rooms = <char*> whole_lines(<Py_ssize_t> at_hand)
    if parts == 1:
        run_part(&job, 0)
    else:
        team_run(run_part, &job, parts)
    free(memory)
    return 0


# ---------------------------------------------------------------------------------------------------------------------
# The functions, as passes: how many inputs, the steps over each block, what they put out, the steps afterwards.

cdef dict POWERS_OF = {"": NOTHING, "powers": POWERS, "result": RESULT}


cdef class Plan:
    """A function's programs."""

    cdef Program kept, again, short_rows

    def __init__(self, kept, again=None, short_rows=None):
        self.write(&self.kept, kept)
        self.write(&self.again, again or kept)
        self.write(&self.short_rows, short_rows or kept)

    cdef write(self, Program* program, passes):
        cdef int i, j
        program.passes = len(passes)
        for i, (inputs, steps, output, then, *how) in enumerate(passes):
            program.each[i].inputs = inputs
            program.each[i].output = POWERS_OF[output]
            program.each[i].of_powers = "of powers" in how
            program.each[i].repeats = "repeats" in how
            program.each[i].on_demand = "on demand" in how
            program.each[i].steps, program.each[i].after = len(steps), len(then)
            for j in range(len(steps)):
                program.each[i].step[j] = steps[j]
            for j in range(len(then)):
                program.each[i].then[j] = then[j]


cdef tuple LARGEST = (1, [<int> ROW_MAX], "", [<int> ROW_UNIT])


cdef cross_entropy_plan(bint gradient, bint smoothing):
    """Of labels."""
    largest = (1, [<int> ROW_MAX, <int> ROW_LABELS], "", [<int> ROW_UNIT])
    drop = [<int> ROW_DROP] if smoothing else []
    again = (1, [*drop, <int> ROW_OTHERS_SUM], "", [<int> ROW_CROSS_ENTROPY])
    if not gradient:
        return Plan([largest, again])
    kept = (1, [*drop, <int> ROW_OTHERS], "powers", [<int> ROW_CROSS_ENTROPY])
    of_powers = <int> ROW_CLASS_GRAD if smoothing else <int> ROW_SCALE
    of_logits = <int> ROW_EXP_CLASS_GRAD if smoothing else <int> ROW_EXP_SCALE
    return Plan(
        [largest, kept, (1, [of_powers, <int> ROW_LABEL_GRAD], "result", [], "of powers")],
        [largest, again, (1, [of_logits, <int> ROW_LABEL_GRAD], "result", [])],
    )


cdef targets_plan(bint gradient):
    """Of probabilities."""
    largest = (1, [<int> ROW_MAX], "", [<int> ROW_UNIT, <int> ROW_KEEP])
    again = (2, [<int> ROW_TARGETS, <int> ROW_OTHERS_SUM], "", [<int> ROW_TARGET_ENTROPY])
    if not gradient:
        return Plan([largest, again])
    kept = (2, [<int> ROW_TARGETS, <int> ROW_OTHERS], "powers", [<int> ROW_TARGET_ENTROPY])
    return Plan(
        [largest, kept, (2, [<int> ROW_TARGET_GRAD], "result", [], "of powers")],
        [largest, again, (2, [<int> ROW_EXP_TARGET_GRAD], "result", [])],
    )


cdef dict PLANS = {
    "softmax": Plan(
        [LARGEST, (1, [<int> ROW_EXP], "powers", [<int> ROW_SOFTMAX]), (1, [<int> ROW_SCALE], "result", [], "of powers")],
        [LARGEST, (1, [<int> ROW_EXP_SUM], "", [<int> ROW_SOFTMAX]), (1, [<int> ROW_EXP_SCALE], "result", [])],
        [(1, [<int> ROW_SHORT_SOFTMAX], "result", [])],
    ),
    "log_softmax": Plan(
        [LARGEST, (1, [<int> ROW_OTHERS_SUM], "", [<int> ROW_LOG]), (1, [<int> ROW_SHIFT], "result", [])],
        short_rows=[(1, [<int> ROW_SHORT_LOG_SOFTMAX], "result", [])],
    ),
    "softmax_backward": Plan([(2, [<int> ROW_DOT], "", [<int> ROW_TOTAL]), (2, [<int> ROW_SOFTMAX_GRAD], "result", [])]),
    "log_softmax_backward": Plan([(1, [<int> ROW_SUM], "", [<int> ROW_TOTAL]), (2, [<int> ROW_LOG_SOFTMAX_GRAD], "result", [])]),
    "logsumexp": Plan([
        LARGEST,
        (1, [<int> ROW_OTHERS_SUM], "", [<int> ROW_LOGSUMEXP]),
        (1, [<int> ROW_MAXIMUM], "", [<int> ROW_TO_RESULT], "on demand"),
    ]),
    "sparsemax": Plan([
        (1, [<int> ROW_MAX], "", []),
        (1, [<int> ROW_ABOVE], "", [<int> ROW_THRESHOLD], "repeats"),
        (1, [<int> ROW_SPARSEMAX], "result", []),
    ]),
    "sparsemax_backward": Plan([(2, [<int> ROW_SUPPORT], "", [<int> ROW_MEAN]), (2, [<int> ROW_SPARSEMAX_GRAD], "result", [])]),
    "maxout": Plan([(1, [<int> ROW_MAXIMUM], "", [<int> ROW_TO_RESULT])]),
    "maxout_backward": Plan([(1, [<int> ROW_MAXIMUM], "", []), (1, [<int> ROW_FIRST], "result", [])]),
    "binary": Plan([(4, [<int> ROW_BINARY], "", [<int> ROW_TOTAL_TO_RESULT])]),
    "binary_grad": Plan([(4, [<int> ROW_BINARY_GRAD], "result", [<int> ROW_TOTAL_TO_RESULT])]),
    "binary_each": Plan([(4, [<int> ROW_BINARY_EACH], "result", [])]),
    **{("labels", g, s): cross_entropy_plan(g, s) for g in (False, True) for s in (False, True)},
    **{("targets", g): targets_plan(g) for g in (False, True)},
}


# ---------------------------------------------------------------------------------------------------------------------
# From arrays to rows.

cdef enum:
    LIKE_X, PER_ROW, CONSTANT

# A function of contiguous arrays: its operands, and what their shape is like
cdef struct Plain:
    Task task
    int operands
    int[MAX_OPERANDS] like
    Py_ssize_t[MAX_OPERANDS] itemsize  # 0 of a constant

# An input, a constant one; the output; a result, a factor, a label per row; for losses a constant factor, and results in float64
cdef dict OPERANDS = {
    "x": LIKE_X, "c": CONSTANT, "o": LIKE_X, "r": PER_ROW, "f": PER_ROW, "l": PER_ROW, "F": CONSTANT, "R": PER_ROW
}

cdef bint is_bfloat16(dtype):
    return dtype.kind == "V" and dtype.name == "bfloat16"


cdef int computed_type(dtype) except -1:
    return FLOAT32 if dtype.kind != "V" and dtype.char in "ef" or is_bfloat16(dtype) else FLOAT64


cdef int set_way(const fastact_table* table, Way* way, cnp.ndarray array, int type) except -1:
    cdef int number = cnp.PyArray_TYPE(array), stored, size = cnp.PyArray_ITEMSIZE(array)
    way.itemsize = size
    way.swapped = not cnp.PyArray_ISNOTSWAPPED(array)
    way.moved = way.swapped or not cnp.PyArray_ISALIGNED(array)
    way.direct = False
    way.store = NULL
    if number == cnp.NPY_FLOAT or number == cnp.NPY_DOUBLE:
        way.type = FLOAT32 if number == cnp.NPY_FLOAT else FLOAT64
        way.load, way.store = table.load[way.type], table.store[way.type]
        way.direct = way.type == type and not way.moved
    elif number == cnp.NPY_FLOAT16 or is_bfloat16(array.dtype):
        stored = FLOAT16 if number == cnp.NPY_FLOAT16 else BFLOAT16
        way.type = FLOAT32
        way.load, way.store = table.load[stored], table.store[stored]
    else:
        stored = INT8 + 2 * {1: 0, 2: 1, 4: 2, 8: 3}[size] + (array.dtype.kind in "ub")
        way.type = FLOAT64
        way.load = table.load_as_double[stored]
    return 0


cdef double total_of(const double* losses, Py_ssize_t n) noexcept nogil:
    """Their sum, in an order that keeps the rounding errors few."""
    cdef double[8] lanes
    cdef Py_ssize_t i, half = n // 2 & -8
    if n > 128:
        return total_of(losses, half) + total_of(losses + half, n - half)
    for i in range(8):
        lanes[i] = 0
    for i in range(n):
        lanes[i & 7] += losses[i]
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))


cdef class Rows:
    """The functions of rows on one table of loops. Their callers have checked everything: see fastact/rows.py and losses.py."""

    cdef const fastact_table* table
    cdef dict gufuncs
    cdef set know_bfloat16
    cdef char* at_hand  # room for calls that hold the GIL
    cdef Py_ssize_t room

    def __cinit__(self, capsule):
        self.table = <const fastact_table*> PyCapsule_GetPointer(capsule, FASTACT_TABLE_CAPSULE)
        self.gufuncs, self.know_bfloat16 = {}, set()
        self.room = max(self.table.row_state[<int> FLOAT32], self.table.row_state[<int> FLOAT64]) + TILES_AT_HAND
        self.at_hand = <char*> PyMem_Malloc(self.room)
        if self.at_hand == NULL:
            raise MemoryError()

    def __dealloc__(self):
        PyMem_Free(self.at_hand)

    def total(self, cnp.ndarray losses):
        """The sum of contiguous numbers in float64."""
        cdef fastact_flags flags = fastact_save_flags()
        cdef double total = total_of(<const double*> cnp.PyArray_DATA(losses), cnp.PyArray_SIZE(losses))
        fastact_restore_flags(flags)
        return total

    def softmax(self, x, out, axis, scale, mask, empty, log):
        cdef Task task
        self.begin(&task, "log_softmax" if log else "softmax", x.dtype)
        task.option = {"nan": EMPTY_NAN, "zero": EMPTY_ZERO, "uniform": EMPTY_UNIFORM}[empty]
        task.scaled, task.scale = scale != 1, scale
        task.adds, task.masked = True, -INFINITY
        task.fill = -INFINITY if log else 0
        self.run(&task, [x], out, axis, mask, None, None, None, None, False)

    def softmax_backward(self, dy, y, out, axis, scale, mask, log):
        cdef Task task
        self.begin(&task, "log_softmax_backward" if log else "softmax_backward", np.result_type(promoted(dy), promoted(y)))
        task.gradient_scale = scale
        task.clears = True
        self.run(&task, [dy, y], out, axis, mask, None, None, None, None, False)

    def logsumexp(self, x, out, axis, scale, mask):
        cdef Task task
        self.begin(&task, "logsumexp", x.dtype)
        task.scaled, task.scale = scale != 1, scale
        task.adds, task.masked = True, -INFINITY
        self.run(&task, [x], None, axis, mask, None, None, out, None, False)

    def logsumexp_backward(self, dy, x, out, axis, scale, mask):
        cdef Task task
        self.begin(&task, "softmax", np.result_type(promoted(dy), promoted(x)))
        task.gradient_scale = task.scale = scale
        task.scaled = scale != 1
        task.adds, task.masked, task.clears = True, -INFINITY, True
        self.run(&task, [x], out, axis, mask, None, dy, None, None, False)

    def sparsemax(self, x, out, axis):
        cdef Task task
        self.begin(&task, "sparsemax", x.dtype)
        self.run(&task, [x], out, axis, None, None, None, None, None, False)

    def sparsemax_backward(self, dy, y, out, axis):
        cdef Task task
        self.begin(&task, "sparsemax_backward", np.result_type(promoted(dy), promoted(y)))
        self.run(&task, [dy, y], out, axis, None, None, None, None, None, False)

    def maxout(self, x, out, axis):
        cdef Task task
        self.begin(&task, "maxout", x.dtype)
        self.run(&task, [x], None, axis, None, None, None, out, None, False)

    def maxout_backward(self, dy, x, out, axis):
        cdef Task task
        self.begin(&task, "maxout_backward", np.result_type(promoted(dy), promoted(x)))
        self.run(&task, [x], out, axis, None, None, dy, None, None, False)

    def cross_entropy(self, x, labels, weight, smoothing, factor, loss, dx, axis):
        cdef Task task
        self.begin(&task, ("labels", dx is not None, smoothing != 0), x.dtype)
        task.gradient_scale = smoothing
        self.run(&task, [x], dx, axis, None, labels, factor, loss, weight, smoothing != 0)

    def cross_entropy_probabilities(self, x, targets, weight, smoothing, factor, loss, dx, axis):
        cdef Task task
        self.begin(&task, ("targets", dx is not None), common(x, targets))
        task.gradient_scale = smoothing
        self.run(&task, [x, targets], dx, axis, None, None, factor, loss, weight, True)

    def binary_cross_entropy(self, x, targets, weight, pos_weight, factor, loss, dx, axis):
        cdef Task task
        dtype = x.dtype if targets.dtype.kind in "iub" else common(x, targets)
        ones = np.broadcast_to(np.ones((), np.float32 if computed_type(dtype) == FLOAT32 else np.float64), x.shape)
        inputs = [x, targets, ones if weight is None else weight, ones if pos_weight is None else pos_weight]
        if axis is None:
            self.begin(&task, "binary_each", dtype)
            self.run(&task, inputs, loss, x.ndim - 1, None, None, None, None, None, False)
            if dx is None:
                return
            axis, loss = x.ndim - 1, None
        self.begin(&task, "binary" if dx is None else "binary_grad", dtype)
        task.gradient_scale = factor
        self.run(&task, inputs, dx, axis, None, None, None, loss, None, False)

    cdef int begin(self, Task* task, plan, dtype) except -1:
        cdef Plan program
        memset(task, 0, sizeof(Task))
        task.table = self.table
        task.type = computed_type(dtype)
        task.shift = 2 if task.type == FLOAT32 else 3
        task.itemsize = 1 << task.shift
        program = <Plan> PLANS[plan]
        task.kept, task.again, task.short_rows = &program.kept, &program.again, &program.short_rows
        task.gradient_scale = 1
        task.at_out = task.at_mask = task.at_limit = task.at_labels = task.at_factor = task.at_result = -1
        return 0

    cdef int run(
        self, Task* task, list inputs, out, int axis, mask, labels, factor, result, weight, bint weighted
    ) except -1:
        """Make a list of operands of all this, and take it through its rows."""
        cdef int i
        real = np.float32 if task.type == FLOAT32 else np.float64
        shape = inputs[0].shape
        operands, rowwise = [], []  # rowwise: without the axis
        task.inputs = len(inputs)
        for i, array in enumerate(inputs):
            set_way(self.table, &task.way[i], array, task.type)
            operands.append(array)
            rowwise.append(False)
        if out is not None:
            set_way(self.table, &task.out, out, task.type)
            task.has_out, task.at_out = True, len(operands)
            operands.append(out)
            rowwise.append(False)
        if isinstance(mask, str):  # causal
            task.at_limit = len(operands)
            operands.append(np.broadcast_to(np.arange(1, shape[axis - 1] + 1, dtype=np.intp), shape[:axis]))
            rowwise.append(True)
        elif mask is not None:
            task.mask = BOOLEAN if mask.dtype == bool else ADDED
            if task.mask == ADDED:
                set_way(self.table, &task.mask_way, mask, task.type)
            task.at_mask = len(operands)
            operands.append(mask)
            rowwise.append(False)
        task.clears = task.clears and mask is not None
        if labels is not None:
            task.at_labels = len(operands)
            operands.append(labels)
            rowwise.append(True)
        if factor is not None:
            task.at_factor = len(operands)
            task.factor_converts = factor.dtype != np.float64 or not factor.dtype.isnative or not factor.flags.aligned
            if task.factor_converts:
                set_way(self.table, &task.factor_way, factor, task.type)
            operands.append(factor)
            rowwise.append(True)
        if result is not None:
            task.result_converts = result.dtype != np.float64 or not result.dtype.isnative or not result.flags.aligned
            if task.result_converts:
                set_way(self.table, &task.result_way, result, task.type)
            task.at_result = len(operands)
            operands.append(result)
            rowwise.append(True)
        weights = None
        if weight is not None or weighted:
            weights = np.ones(shape[axis], real) if weight is None else np.require(weight, real, "CA")
            task.weights = cnp.PyArray_DATA(<cnp.ndarray> weights)
            task.weights_sum = np.add.reduce(weights, dtype=np.float64)
        self.take(task, operands, rowwise, axis)
        return 0

    cdef int take(self, Task* task, list operands, list rowwise, int axis) except -1:
        """Go over all rows: dimensions that can be seen as one are merged, the innermost is left to run_rows."""
        cdef int count = len(operands), dims = 0, i, j, k, d, ndim = cnp.PyArray_NDIM(operands[0])
        cdef Walk walk
        cdef int[MAX_DIMENSIONS] order
        cdef (const cnp.npy_intp*)[MAX_OPERANDS] strides
        cdef bint[MAX_OPERANDS] without_axis
        cdef const cnp.npy_intp* shape = cnp.PyArray_DIMS(operands[0])
        cdef bint merges
        walk.operands, walk.n = count, shape[axis]
        for k in range(count):
            strides[k] = cnp.PyArray_STRIDES(operands[k])
            walk.at[k] = cnp.PyArray_BYTES(operands[k])
            without_axis[k] = rowwise[k]
            walk.core[k] = 0 if without_axis[k] else strides[k][axis]
        # by the first operand's strides, the smallest last
        for d in range(ndim):
            if d == axis or shape[d] == 1:
                continue
            if shape[d] == 0:
                return 0
            i = dims
            while i and llabs(strides[0][order[i - 1]]) < llabs(strides[0][d]):
                order[i] = order[i - 1]
                i -= 1
            order[i] = d
            dims += 1
        j = 0
        for i in range(dims):
            d = order[i]
            merges = j > 0
            for k in range(count):
                walk.step[j][k] = strides[k][d - (without_axis[k] and d > axis)]
                merges = merges and walk.step[j][k] * shape[d] == walk.step[j - 1][k]
            walk.size[j] = shape[d]
            if merges:
                walk.size[j - 1] *= shape[d]
                for k in range(count):
                    walk.step[j - 1][k] = walk.step[j][k]
            else:
                j += 1
        walk.dims = j
        if j == 0:
            walk.size[0] = walk.dims = 1
            for k in range(count):
                walk.step[0][k] = 0
        with nogil:
            i = run(task, &walk, NULL, 0)
        if i < 0:
            raise MemoryError()
        return 0

    def gufunc(self, name):
        """The generalized ufunc of a function: (x, scale) or x alone to the result."""
        if name not in self.gufuncs:
            self.gufuncs[name] = self.make_gufunc(name)
        ml_dtypes = sys.modules.get("ml_dtypes")  # may be imported at any time, and without it there is no bfloat16
        if ml_dtypes is not None and name not in self.know_bfloat16:
            self.add_bfloat16(name, np.dtype(ml_dtypes.bfloat16))
            self.know_bfloat16.add(name)
        return self.gufuncs[name]

    cdef int plan(self, Plain* plain, plan, str operands, stored, computed) except -1:
        """Describe a function of contiguous arrays of one dtype: its operands by the letters of `OPERANDS`."""
        cdef Task* task = &plain.task
        cdef int k
        self.begin(task, plan, computed)
        result = np.dtype(computed if stored.kind in "iub" else stored)
        plain.operands = len(operands)
        for k, letter in enumerate(operands):
            plain.like[k] = OPERANDS[letter]
            plain.itemsize[k] = stored.itemsize
            if letter in "xc":
                task.inputs = k + 1
                set_way(self.table, &task.way[k], np.empty(0, stored), task.type)
            elif letter == "o":
                task.at_out, task.has_out = k, True
                set_way(self.table, &task.out, np.empty(0, result), task.type)
            elif letter == "r":
                task.at_result, task.result_converts = k, result != np.float64
                set_way(self.table, &task.result_way, np.empty(0, result), task.type)
            elif letter == "f":
                task.at_factor, task.factor_converts = k, stored != np.float64
                set_way(self.table, &task.factor_way, np.empty(0, stored), task.type)
            elif letter == "F":
                task.at_factor = k
            elif letter == "l":
                task.at_labels, plain.itemsize[k] = k, sizeof(Py_ssize_t)
            elif letter == "R":
                task.at_result, plain.itemsize[k] = k, sizeof(double)
            if plain.like[k] == CONSTANT:
                plain.itemsize[k] = 0
        return 0

    cdef Task* template(self, str name, stored, computed) except NULL:
        """A function for the inner loop of a generalized ufunc; lives as long as the process."""
        cdef Plain* plain = <Plain*> malloc(sizeof(Plain))
        if plain == NULL:
            raise MemoryError()
        self.plan(plain, name, "xr" if SIGNATURES[name].endswith("->()") else "xo", stored, computed)
        return &plain.task

    cdef make_gufunc(self, str name):
        cdef bint scaled = "," in SIGNATURES[name]
        cdef list signatures = [(char, "d", "d") for char in "?bBhHiIlLqQ"] + [("e", "f", "e"), ("f", "f", "f"), ("d", "d", "d")]
        cdef int count = len(signatures), operands = 3 if scaled else 2, i
        # NumPy keeps the pointers, so nothing of this is ever freed
        cdef char* types = <char*> malloc(count * operands)
        cdef void** data = <void**> malloc(count * sizeof(void*))
        cdef cnp.PyUFuncGenericFunction* functions = <cnp.PyUFuncGenericFunction*> malloc(count * sizeof(void*))
        if types == NULL or data == NULL or functions == NULL:
            raise MemoryError()
        for i, (stored, computed, out) in enumerate(signatures):
            functions[i] = <cnp.PyUFuncGenericFunction> (run_scaled_gufunc if scaled else run_gufunc)
            data[i] = self.template(name, np.dtype(stored), np.dtype(computed))
            types[operands * i] = np.dtype(stored).num
            types[operands * i + 1] = np.dtype(computed if scaled else out).num
            types[operands * i + operands - 1] = np.dtype(out).num
        names = name.encode()
        signature = SIGNATURES[name].encode()
        KEPT.extend((names, signature))
        return cnp.PyUFunc_FromFuncAndDataAndSignature(
            functions, data, types, count, operands - 1, 1, cnp.PyUFunc_None, names,
            "See the function of this name in fastact.", 0, signature,
        )

    cdef add_bfloat16(self, str name, dtype):
        cdef bint scaled = "," in SIGNATURES[name]
        cdef int[3] types = [dtype.num, cnp.NPY_FLOAT if scaled else dtype.num, dtype.num]
        cnp.PyUFunc_RegisterLoopForType(
            self.gufuncs[name], dtype.num, <cnp.PyUFuncGenericFunction> (run_scaled_gufunc if scaled else run_gufunc), types,
            self.template(name, dtype, np.dtype(np.float32)),
        )


cdef dict SIGNATURES = {
    "softmax": "(n),()->(n)",
    "log_softmax": "(n),()->(n)",
    "logsumexp": "(n),()->()",
    "sparsemax": "(n)->(n)",
    "maxout": "(n)->()",
}
cdef list KEPT = []  # texts that NumPy points to


cdef void run_gufunc(char** at, const cnp.npy_intp* dimensions, const cnp.npy_intp* steps, void* data) noexcept nogil:
    """The inner loop of generalized ufuncs of x alone."""
    run_loop(<const Task*> data, at[0], at[1], dimensions, steps[0], steps[1], steps + 2)


cdef void run_scaled_gufunc(char** at, const cnp.npy_intp* dimensions, const cnp.npy_intp* steps, void* data) noexcept nogil:
    """The inner loop of generalized ufuncs of x and a scale."""
    cdef Task task = (<Task*> data)[0]
    cdef Py_ssize_t rows = dimensions[0], i = 0
    cdef cnp.npy_intp[2] size = [rows if steps[1] == 0 else 1, dimensions[1]]
    while i < rows:
        if task.type == FLOAT32:
            task.scale = (<float*> (at[1] + i * steps[1]))[0]
        else:
            task.scale = (<double*> (at[1] + i * steps[1]))[0]
        task.scaled = task.scale != 1
        run_loop(&task, at[0] + i * steps[0], at[2] + i * steps[2], size, steps[0], steps[2], steps + 3)
        i += size[0]


cdef void run_loop(
    const Task* task, char* x, char* result, const cnp.npy_intp* size, Py_ssize_t step, Py_ssize_t result_step,
    const cnp.npy_intp* core
) noexcept nogil:
    cdef Walk walk
    walk.operands, walk.dims, walk.n = 2, 1, size[1]
    walk.size[0] = size[0]
    walk.at[0], walk.at[1] = x, result
    walk.step[0][0], walk.step[0][1] = step, result_step
    walk.core[0], walk.core[1] = core[0], core[1] if task.has_out else 0
    if run(task, &walk, NULL, 0) < 0:
        no_memory()


cdef void no_memory() noexcept with gil:
    PyErr_NoMemory()


cdef promoted(array):
    """What an array adds to np.result_type: integers are computed in float64."""
    return np.dtype(np.float64) if array.dtype.kind in "iub" else array.dtype


cdef common(a, b):
    """What to compute in for two arrays of which one alone decides on the result's dtype."""
    narrow = computed_type(promoted(a)) == FLOAT32 and computed_type(promoted(b)) == FLOAT32
    return np.dtype(np.float32 if narrow else np.float64)


# ---------------------------------------------------------------------------------------------------------------------
# The fast path.

cdef str AXIS = "axis"
cdef str REDUCTION = "reduction"
cdef str MEAN = "mean"
cdef str SUM = "sum"
cdef str NONE = "none"

# The plans of a function and of its gradient, and their operands; these stand as a call gives the arrays, but for a row's dy
cdef dict CALLS = {
    "softmax": (("softmax", "xo"), ("softmax_backward", "xxo")),
    "log_softmax": (("log_softmax", "xo"), ("log_softmax_backward", "xxo")),
    "softmin": (("softmax", "xo"), ("softmax_backward", "xxo")),
    "logsumexp": (("logsumexp", "xr"), ("softmax", "xfo")),
    "sparsemax": (("sparsemax", "xo"), ("sparsemax_backward", "xxo")),
    "maxout": (("maxout", "xr"), ("maxout_backward", "xfo")),
    "cross_entropy": ((("labels", False, False), "xlFR"), (("labels", True, False), "xlFRo")),
    "binary_cross_entropy": (("binary", "xxccFR"), ("binary_grad", "xxccFRo")),
}


cdef inline int plain_type(PyObject* array) noexcept:
    """FLOAT32 or FLOAT64 for an exact ndarray of that type, native, aligned and contiguous; otherwise -1."""
    cdef int type
    if not array_CheckExact(array):
        return -1
    type = array_TYPE(array)
    if type != cnp.NPY_FLOAT and type != cnp.NPY_DOUBLE or not array_CHKFLAGS(array, READ) or not array_ISNOTSWAPPED(array):
        return -1
    return FLOAT32 if type == cnp.NPY_FLOAT else FLOAT64


# How arrays of one shape lie about an axis
cdef struct Shape:
    PyObject* x
    int axis
    Py_ssize_t outer, n, inner


cdef long axis_number(PyObject* axis) noexcept:
    """The number of an axis that is given as int; of anything else one that no array has."""
    cdef int overflow = 0
    cdef long number = PyLong_AsLongAndOverflow(axis, &overflow) if PyLong_CheckExact(axis) else LONG_MAX
    return LONG_MAX if overflow else number


cdef bint take_shape(Shape* shape, PyObject* x, long axis) noexcept:
    """Of x about an axis; False if it has no such axis, or no elements."""
    cdef int ndim = array_NDIM(x), d
    cdef const cnp.npy_intp* dims = array_DIMS(x)
    if axis < -ndim or axis >= ndim:
        return False
    shape.x, shape.axis = x, axis + ndim if axis < 0 else axis
    shape.outer = shape.inner = 1
    shape.n = dims[shape.axis]
    for d in range(shape.axis):
        shape.outer *= dims[d]
    for d in range(shape.axis + 1, ndim):
        shape.inner *= dims[d]
    return shape.outer * shape.n * shape.inner != 0


cdef inline Py_ssize_t elements_of(const Shape* shape, int like) noexcept:
    return shape.outer * shape.inner * (shape.n if like == LIKE_X else 1)


cdef bint fits(const Shape* shape, PyObject* array, int like) noexcept:
    """Whether an array is of the shape, or of that without the axis."""
    cdef const cnp.npy_intp* dims = array_DIMS(array)
    cdef const cnp.npy_intp* of_x = array_DIMS(shape.x)
    cdef int ndim = array_NDIM(shape.x)
    if like == LIKE_X:
        return same_shape(array, shape.x)
    return (
        array_NDIM(array) == ndim - 1 and PyArray_CompareLists(dims, of_x, shape.axis)
        and PyArray_CompareLists(dims + shape.axis, of_x + shape.axis + 1, ndim - 1 - shape.axis)
    )


cdef object new_array(const Shape* shape, int like):
    cdef cnp.npy_intp[MAX_DIMENSIONS] dims
    cdef int ndim = array_NDIM(shape.x), d
    if like == LIKE_X:
        return new_like(shape.x)
    for d in range(ndim - 1):
        dims[d] = array_DIMS(shape.x)[d + (d >= shape.axis)]
    return cnp.PyArray_SimpleNew(ndim - 1, dims, array_TYPE(shape.x))


cdef bint writable(const Shape* shape, PyObject* out, const Plain* plain, int k, int inputs, PyObject** arrays) noexcept:
    """Whether this array can be operand k, and shares no memory with the inputs but as one of them, all of it."""
    cdef Py_ssize_t nbytes = elements_of(shape, plain.like[k]) * plain.task.itemsize
    cdef int i
    if plain_type(out) != plain.task.type or not array_CHKFLAGS(out, WRITE) or not fits(shape, out, plain.like[k]):
        return False
    for i in range(inputs):
        if plain.like[i] == LIKE_X and plain.like[k] == LIKE_X and array_BYTES(arrays[i]) == array_BYTES(out):
            continue
        if not apart(array_BYTES(out), nbytes, array_BYTES(arrays[i]), array_SIZE(arrays[i]) * array_ITEMSIZE(arrays[i])):
            return False
    return True


@cython.auto_pickle(False)
cdef class RowPath(Vectorcall):
    """The part of a row function or loss that has the loops at hand; mixed into its class, which takes what this leaves."""

    cdef Rows rows
    cdef Plain[2] forward, reverse  # in float32 and float64

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_rows

    def _attach(self, Rows rows):
        """Take the loops of this table."""
        cdef int type
        (forward, operands), (reverse, reverse_operands) = CALLS[self.name]
        self.rows = rows
        for type, dtype in ((FLOAT32, np.dtype(np.float32)), (FLOAT64, np.dtype(np.float64))):
            rows.plan(&self.forward[type], forward, operands, dtype, dtype)
            rows.plan(&self.reverse[type], reverse, reverse_operands, dtype, dtype)
            if self.name == "softmin":
                self.forward[type].task.scaled, self.forward[type].task.scale = True, -1
                self.reverse[type].task.gradient_scale = -1

    cdef int run(self, const Plain* plain, const Shape* shape, Walk* walk) except -1:
        """Take all rows of operands that lie at `walk.at`."""
        cdef Py_ssize_t line, inner = shape.inner
        cdef int k, status
        walk.operands, walk.n = plain.operands, shape.n
        walk.dims = 2 if shape.outer > 1 and inner > 1 else 1
        walk.size[0] = shape.outer
        walk.size[walk.dims - 1] = inner if inner > 1 else shape.outer
        for k in range(plain.operands):
            line = inner * plain.itemsize[k]
            walk.core[k] = line if plain.like[k] == LIKE_X else 0
            walk.step[0][k] = line * shape.n if plain.like[k] == LIKE_X else line
            if inner > 1:
                walk.step[walk.dims - 1][k] = plain.itemsize[k]
        if elements_of(shape, LIKE_X) < RELEASE_GIL:
            status = run(&plain.task, walk, self.rows.at_hand, self.rows.room)
        else:
            with nogil:
                status = run(&plain.task, walk, NULL, 0)
        if status < 0:
            raise MemoryError()
        return 0

    cdef object take(self, const Plain* plain, PyObject** arrays, long axis):
        """The result for arrays of which the first is like x and the last the output or None; None for what this cannot take."""
        cdef Shape shape
        cdef Walk walk
        cdef int inputs = plain.operands - 1, k
        if not take_shape(&shape, arrays[0], axis):
            return None
        for k in range(1, inputs):
            if plain_type(arrays[k]) != plain.task.type or not fits(&shape, arrays[k], plain.like[k]):
                return None
        if arrays[inputs] == Py_None:
            result = new_array(&shape, plain.like[inputs])
        elif writable(&shape, arrays[inputs], plain, inputs, inputs, arrays):
            result = <object> arrays[inputs]
        else:
            return None
        for k in range(inputs):
            walk.at[k] = array_BYTES(arrays[k])
        walk.at[inputs] = array_BYTES(<PyObject*> result)
        self.run(plain, &shape, &walk)
        return result[()] if array_NDIM(<PyObject*> result) == 0 and arrays[inputs] == Py_None else result

    cdef object take_gradient(self, first, second, out, axis):
        """The gradient, of arrays in the plan's order."""
        cdef (PyObject*)[3] arrays = [<PyObject*> first, <PyObject*> second, <PyObject*> out]
        cdef int type = plain_type(arrays[0])
        return None if type < 0 else self.take(&self.reverse[type], arrays, axis_number(<PyObject*> axis))


cdef object call_rows(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(x, out=None, *, axis=-1) as a vectorcall; anything unusual goes to `__call__` of the Python class."""
    cdef RowPath f = <RowPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), i
    cdef long axis = -1
    cdef (PyObject*)[2] arrays
    cdef int type
    if nargs < 1 or nargs > 2:
        return call_general(self, args, nargs, names)
    arrays[0], arrays[1] = args[0], args[1] if nargs == 2 else Py_None
    if names != NULL:
        for i in range(PyTuple_GET_SIZE(names)):
            if PyTuple_GET_ITEM(names, i) == <PyObject*> OUT and nargs == 1:
                arrays[1] = args[nargs + i]
            elif PyTuple_GET_ITEM(names, i) == <PyObject*> AXIS:
                axis = axis_number(args[nargs + i])
            else:
                return call_general(self, args, nargs, names)
    type = plain_type(arrays[0])
    if type >= 0:
        result = f.take(&f.forward[type], arrays, axis)
        if result is not None:
            return result
    return call_general(self, args, nargs, names)


cdef inline bint usual(mask, scale):
    """Whether these are the defaults; whatever else they are is looked at later."""
    return mask is None and type(scale) is float and <double> scale == 1


@cython.auto_pickle(False)
cdef class SoftmaxPath(RowPath):
    def backward(self, dy, y, out=None, *, axis=-1, scale=1.0, mask=None):
        dx = self.take_gradient(dy, y, out, axis) if usual(mask, scale) else None
        return super(SoftmaxPath, self).backward(dy, y, out, axis=axis, scale=scale, mask=mask) if dx is None else dx


@cython.auto_pickle(False)
cdef class LogSoftmaxPath(RowPath):
    def backward(self, dy, y, out=None, *, axis=-1, scale=1.0, mask=None):
        dx = self.take_gradient(dy, y, out, axis) if usual(mask, scale) else None
        return super(LogSoftmaxPath, self).backward(dy, y, out, axis=axis, scale=scale, mask=mask) if dx is None else dx


@cython.auto_pickle(False)
cdef class SoftminPath(RowPath):
    def backward(self, dy, y, out=None, *, axis=-1, scale=1.0, mask=None):
        dx = self.take_gradient(dy, y, out, axis) if usual(mask, scale) else None
        return super(SoftminPath, self).backward(dy, y, out, axis=axis, scale=scale, mask=mask) if dx is None else dx


@cython.auto_pickle(False)
cdef class LogSumExpPath(RowPath):
    def backward(self, dy, x, out=None, *, axis=-1, scale=1.0, mask=None):
        dx = self.take_gradient(x, dy, out, axis) if usual(mask, scale) else None
        return super(LogSumExpPath, self).backward(dy, x, out, axis=axis, scale=scale, mask=mask) if dx is None else dx


@cython.auto_pickle(False)
cdef class SparsemaxPath(RowPath):
    def backward(self, dy, y, out=None, *, axis=-1):
        dx = self.take_gradient(dy, y, out, axis)
        return super(SparsemaxPath, self).backward(dy, y, out, axis=axis) if dx is None else dx


@cython.auto_pickle(False)
cdef class MaxoutPath(RowPath):
    def backward(self, dy, x, out=None, *, axis=-1):
        dx = self.take_gradient(x, dy, out, axis)
        return super(MaxoutPath, self).backward(dy, x, out, axis=axis) if dx is None else dx


# ---------------------------------------------------------------------------------------------------------------------
# The same for losses.

cdef bint take_labels(
    const fastact_table* table, const Shape* shape, PyObject* targets, const Py_ssize_t** labels, Py_ssize_t* converted
) noexcept:
    """The labels, one per row, converted if need be; False if one is not a class, or this is something else."""
    cdef Py_ssize_t rows = elements_of(shape, PER_ROW), start = 0, i
    cdef int type, size
    cdef double[128] numbers
    cdef bint wrong = False
    if not array_CheckExact(targets) or not cnp.PyTypeNum_ISINTEGER(array_TYPE(targets)) or not fits(shape, targets, PER_ROW):
        return False
    if not array_CHKFLAGS(targets, READ) or not array_ISNOTSWAPPED(targets):
        return False
    type, size = array_TYPE(targets), array_ITEMSIZE(targets)
    labels[0] = <const Py_ssize_t*> array_BYTES(targets)
    if size != sizeof(Py_ssize_t) or cnp.PyTypeNum_ISUNSIGNED(type):
        labels[0] = converted
        type = INT8 + cnp.PyTypeNum_ISUNSIGNED(type) + (0 if size == 1 else (2 if size == 2 else (4 if size == 4 else 6)))
    while start < rows:
        if labels[0] == converted:
            table.load_as_double[type](array_BYTES(targets) + start * size, size, numbers, min(<Py_ssize_t> 128, rows - start))
            for i in range(start, min(start + 128, rows)):
                converted[i] = <Py_ssize_t> numbers[i - start] if 0 <= numbers[i - start] < shape.n else -1
        for i in range(start, min(start + 128, rows)):
            wrong |= <size_t> labels[0][i] >= <size_t> shape.n
        start += 128
    return not wrong


cdef object number_like(PyObject* x, double value):
    """A NumPy scalar of the dtype of x."""
    cdef float narrow = <float> value
    return array_Scalar(x, <void*> &value if array_TYPE(x) == cnp.NPY_DOUBLE else <void*> &narrow)


@cython.auto_pickle(False)
cdef class LossPath(RowPath):
    """A loss, whose gradient comes with it."""

    cdef Py_ssize_t long_enough  # for sums along the last axis, of a loss that has none of its own; otherwise 0

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_loss

    def _attach(self, Rows rows):
        cdef int type
        RowPath._attach(self, rows)
        for type in (FLOAT32, FLOAT64):  # no label smoothing
            self.forward[type].task.gradient_scale = self.reverse[type].task.gradient_scale = 0
        self.long_enough = getattr(self, "_long_enough", 0)

    cdef long axis_of_sums(self, PyObject* x, long axis) noexcept:
        """The axis; of a loss without, that along which elements are summed first."""
        cdef const cnp.npy_intp* dims = array_DIMS(x)
        cdef int d, longest = 0, last = array_NDIM(x) - 1
        if self.long_enough == 0 or last < 0 or dims[last] >= self.long_enough:
            return axis
        for d in range(1, last + 1):
            if dims[d] > dims[longest]:
                longest = d
        return longest

    cdef object take_gradient_too(self, logits, targets, out, axis, reduction):
        """The loss and its gradient."""
        cdef PyObject* x = <PyObject*> logits
        cdef int type = plain_type(x)
        if type < 0:
            return None
        return self.take_loss(
            &self.reverse[type], x, <PyObject*> targets, <PyObject*> out, axis_number(<PyObject*> axis), <PyObject*> reduction
        )

    cdef object take_loss(
        self, const Plain* plain, PyObject* x, PyObject* targets, PyObject* out, long axis, PyObject* reduction
    ):
        """The loss, and its gradient if the plan has one; None for what this cannot take."""
        cdef Shape shape
        cdef Walk walk
        cdef const Task* task = &plain.task
        cdef (PyObject*)[2] arrays = [x, targets]
        cdef Py_ssize_t rows, i
        cdef double[2 * ROW_COLUMNS] few
        cdef double* losses = few
        cdef const Py_ssize_t* labels = NULL
        cdef double one = 1, divisor = 1, factor
        cdef float narrow_one = 1
        cdef fastact_flags flags
        cdef bint summed = reduction != <PyObject*> NONE
        if summed and reduction != <PyObject*> MEAN and reduction != <PyObject*> SUM:
            return None
        if not take_shape(&shape, x, self.axis_of_sums(x, axis)):
            return None
        rows = elements_of(&shape, PER_ROW)
        if rows > ROW_COLUMNS:
            losses = <double*> PyMem_Malloc(2 * rows * sizeof(double))
            if losses == NULL:
                raise MemoryError()
        try:
            if task.at_labels >= 0:
                if not take_labels(task.table, &shape, targets, &labels, <Py_ssize_t*> (losses + rows)):
                    return None
                walk.at[task.at_labels] = <char*> labels
            else:
                if not summed or plain_type(targets) != task.type or not same_shape(x, targets):
                    return None
                walk.at[1] = array_BYTES(targets)
                walk.at[2] = walk.at[3] = <char*> &narrow_one if task.type == FLOAT32 else <char*> &one
            if task.has_out and out == Py_None:
                dx = new_like(x)
            elif not task.has_out or writable(&shape, out, plain, task.at_out, 2, arrays):
                dx = <object> out
            else:
                return None
            if reduction == <PyObject*> MEAN:
                divisor = rows if task.at_labels >= 0 else elements_of(&shape, LIKE_X)
            factor = 1 / divisor
            walk.at[0] = array_BYTES(x)
            walk.at[task.at_factor] = <char*> &factor
            walk.at[task.at_result] = <char*> losses
            if task.has_out:
                walk.at[task.at_out] = array_BYTES(<PyObject*> dx)
            self.run(plain, &shape, &walk)
            flags = fastact_save_flags()
            if summed or array_NDIM(x) == 1:
                loss = number_like(x, total_of(losses, rows) / divisor if summed else losses[0])
            else:
                loss = new_array(&shape, PER_ROW)
                for i in range(rows):
                    if task.type == FLOAT32:
                        (<float*> array_BYTES(<PyObject*> loss))[i] = <float> losses[i]
                    else:
                        (<double*> array_BYTES(<PyObject*> loss))[i] = losses[i]
            fastact_restore_flags(flags)
        finally:
            if losses != few:
                PyMem_Free(losses)
        return (loss, dx) if task.has_out else loss


cdef object call_loss(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(logits, targets, *, axis=-1, reduction="mean") as a vectorcall."""
    cdef LossPath f = <LossPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), i
    cdef long axis = -1
    cdef PyObject* reduction = <PyObject*> MEAN
    cdef int type
    if nargs != 2:
        return call_general(self, args, nargs, names)
    type = plain_type(args[0])
    if names != NULL:
        for i in range(PyTuple_GET_SIZE(names)):
            if PyTuple_GET_ITEM(names, i) == <PyObject*> REDUCTION:
                reduction = args[nargs + i]
            elif PyTuple_GET_ITEM(names, i) == <PyObject*> AXIS and f.long_enough == 0:
                axis = axis_number(args[nargs + i])
            else:
                type = -1
    if type >= 0:
        loss = f.take_loss(&f.forward[type], args[0], args[1], Py_None, axis, reduction)
        if loss is not None:
            return loss
    return call_general(self, args, nargs, names)


@cython.auto_pickle(False)
cdef class CrossEntropyPath(LossPath):
    def value_and_grad(
        self, logits, targets, out=None, *, axis=-1, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
    ):
        pair = None
        cdef bint plain = weight is None and type(ignore_index) is int and ignore_index < 0
        if plain and type(label_smoothing) is float and <double> label_smoothing == 0:
            pair = self.take_gradient_too(logits, targets, out, axis, reduction)
        if pair is not None:
            return pair
        return super(CrossEntropyPath, self).value_and_grad(
            logits, targets, out, axis=axis, weight=weight, ignore_index=ignore_index, label_smoothing=label_smoothing,
            reduction=reduction,
        )


@cython.auto_pickle(False)
cdef class BinaryCrossEntropyPath(LossPath):
    def value_and_grad(self, logits, targets, out=None, *, weight=None, pos_weight=None, reduction="mean"):
        pair = None
        if weight is None and pos_weight is None:
            pair = self.take_gradient_too(logits, targets, out, -1, reduction)
        if pair is not None:
            return pair
        return super(BinaryCrossEntropyPath, self).value_and_grad(
            logits, targets, out, weight=weight, pos_weight=pos_weight, reduction=reduction
        )
