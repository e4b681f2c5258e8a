# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Functions of whole rows on the loops of one instruction set: their steps, and how an array's rows reach them.

A function is a `Program`: passes over the blocks of its rows, and what happens between them. Contiguous rows are taken along
themselves, some at a time; those of other axes, and short ones, side by side, so that vectors always have work. A block whose
array is native and lies right is worked on where it is, any other in a tile.

Exponentials are computed once where there is room for them: in the output, or in the tile if the whole row fits. Otherwise they
are computed again for the output, with the same bits.
"""

from cpython.exc cimport PyErr_NoMemory
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport INFINITY, NAN
from libc.stdlib cimport free, llabs, malloc
from libc.string cimport memcpy, memset

cimport numpy as cnp
from fastact.kernels.table cimport *

import sys

import numpy as np

cnp.import_array()
cnp.import_umath()

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
    RELEASE_GIL = 16384  # bytes: below, releasing the GIL costs more than it can gain anybody
    SHORT = 48  # positions: shorter rows go side by side
    TOGETHER = 4096  # elements of contiguous rows that are taken together
    PAD = 16  # elements of the widest vector of float32

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

cdef struct Task:
    const fastact_table* table
    int type
    Py_ssize_t itemsize  # of the computed type
    Program kept, again  # with the exponentials stored, or computed again
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
    fastact_panel panel
    void* tiles


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


cdef void fill_rest(Task* task, char* out, Py_ssize_t step, Py_ssize_t n, double value) noexcept nogil:
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
    return (n if n * padded <= WHOLE else ROW_BLOCK) * padded


cdef bint lies_right(
    const Way* way, Py_ssize_t outer, Py_ssize_t core, bint along, Py_ssize_t columns, Py_ssize_t itemsize
) noexcept nogil:
    """Whether an operand can be worked on where it is."""
    if not way.direct:
        return False
    if along:
        return core == itemsize and outer % itemsize == 0
    return outer == itemsize and columns % PAD == 0 and core % itemsize == 0


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
    Task* task, char** at, const Py_ssize_t* outer, const Py_ssize_t* core, bint along, Py_ssize_t columns, Py_ssize_t n
) noexcept nogil:
    """Take some rows through all passes."""
    cdef fastact_panel* p = &task.panel
    cdef Py_ssize_t padded = columns if along else (columns + PAD - 1) & -PAD
    cdef bint whole = n * padded <= WHOLE
    cdef Py_ssize_t pitch = padded if not along else (n if whole else ROW_BLOCK)  # of a tile
    cdef Py_ssize_t length = n, start, m, c, k = 0, tile_at
    cdef bint[MAX_INPUTS] direct, loaded
    cdef bint direct_out = False
    cdef (char*)[MAX_INPUTS] tile
    cdef char* out_tile = NULL
    cdef char* room = <char*> task.tiles
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
        p.pitch[i] = pitch if not direct[i] else (outer[i] if along else core[i]) // task.itemsize
        tile[i] = room
        loaded[i] = False
        if not direct[i]:
            room += tile_elements(n, along, columns) * task.itemsize
    if task.has_out:
        direct_out = (
            not task.clears
            and lies_right(&task.out, outer[task.at_out], core[task.at_out], along, columns, task.itemsize)
        )
        p.out_pitch = pitch if not direct_out else (outer[task.at_out] if along else core[task.at_out]) // task.itemsize
        out_tile = tile[0] if not direct[0] else room
    program = &task.kept if direct_out or (task.has_out and whole) else &task.again
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
            if each.output != NOTHING:
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
    Task* task, char** at, const Py_ssize_t* outer, const Py_ssize_t* core, bint along, Py_ssize_t columns, Py_ssize_t start,
    Py_ssize_t m, char* tile, Py_ssize_t pitch, bint clearing
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
    if task.has_out:
        direct = lies_right(&task.out, outer[task.at_out], core[task.at_out], along, PAD, task.itemsize)
    for k in range(task.inputs):
        direct = direct and lies_right(&task.way[k], outer[k], core[k], along, PAD, task.itemsize)
    if along:  # so few that they stay in the first-level cache from one step to the next
        columns = TOGETHER // n if n else 1
    elif not direct:
        columns = ROW_COLUMNS // 2
        while columns > PAD and n * columns > WHOLE:
            columns //= 2
    return min(max(columns, <Py_ssize_t> 1), rows, <Py_ssize_t> ROW_COLUMNS)


cdef size_t room_for(
    const Task* task, Py_ssize_t rows, Py_ssize_t n, const Py_ssize_t* outer, const Py_ssize_t* core
) noexcept nogil:
    """The bytes that the tiles take."""
    cdef bint along = goes_along(rows, n, outer, core)
    cdef Py_ssize_t columns = columns_of(task, along, rows, n, outer, core)
    cdef Py_ssize_t most = max(tile_elements(n, along, columns), tile_elements(n, along, min(columns, <Py_ssize_t> PAD)))
    return max(most, <Py_ssize_t> 1) * (task.inputs + 1) * task.itemsize


cdef void run_rows(
    Task* task, char** at, Py_ssize_t rows, Py_ssize_t n, const Py_ssize_t* outer, const Py_ssize_t* core, int operands
) noexcept nogil:
    cdef bint along = goes_along(rows, n, outer, core)
    cdef Py_ssize_t columns = columns_of(task, along, rows, n, outer, core), i = 0, m
    cdef (char*)[MAX_OPERANDS] here
    cdef int k
    while i < rows:
        m = min(columns, rows - i)
        if m > PAD and not along:
            m &= -PAD  # the rest in a narrow panel of its own
        for k in range(operands):
            here[k] = at[k] + i * outer[k]
        run_panel(task, here, outer, core, along, m, n)
        i += m


# ---------------------------------------------------------------------------------------------------------------------
# The functions, as passes: how many inputs, the steps over each block, what they put out, the steps afterwards.

cdef dict POWERS_OF = {"": NOTHING, "powers": POWERS, "result": RESULT}


cdef class Plan:
    """A function's two programs."""

    cdef Program kept, again

    def __init__(self, kept, again=None):
        self.write(&self.kept, kept)
        self.write(&self.again, again or kept)

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
    ),
    "log_softmax": Plan([LARGEST, (1, [<int> ROW_OTHERS_SUM], "", [<int> ROW_LOG]), (1, [<int> ROW_SHIFT], "result", [])]),
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


cdef inline int plain_type(array) except -2:
    """FLOAT32 or FLOAT64 for an exact ndarray of that type, native, aligned, contiguous and not 0-d; otherwise -1."""
    cdef int type
    if not cnp.PyArray_CheckExact(array):
        return -1
    type = cnp.PyArray_TYPE(array)
    if type != cnp.NPY_FLOAT and type != cnp.NPY_DOUBLE or cnp.PyArray_NDIM(array) == 0:
        return -1
    if not cnp.PyArray_ISCARRAY_RO(array):
        return -1
    return FLOAT32 if type == cnp.NPY_FLOAT else FLOAT64


cdef class Rows:
    """The functions of rows on one table of loops. Their callers have checked everything: see fastact/rows.py and losses.py."""

    cdef const fastact_table* table
    cdef dict gufuncs
    cdef set know_bfloat16
    cdef Task[2][4] plain  # in float32 and float64: softmax and log_softmax, and their gradients

    def __cinit__(self, capsule):
        self.table = <const fastact_table*> PyCapsule_GetPointer(capsule, FASTACT_TABLE_CAPSULE)
        self.gufuncs, self.know_bfloat16 = {}, set()
        for type, dtype in ((FLOAT32, np.float32), (FLOAT64, np.float64)):
            for number, name in enumerate(("softmax", "log_softmax", "softmax_backward", "log_softmax_backward")):
                self.plain[type][number] = self.template(name, np.dtype(dtype), np.dtype(dtype))[0]

    def plain_softmax(self, x, out, bint log):
        """Softmax or its logarithm along the last axis of contiguous native floats; None for anything else."""
        return self.run_plain(log, x, x, out)

    def plain_softmax_backward(self, dy, y, out, bint log):
        """The same for their gradients."""
        return self.run_plain(2 + log, dy, y, out)

    cdef run_plain(self, int number, a, b, out):
        """A function of one or two arrays that give one of their shape; None where an array needs more than that."""
        cdef int type = plain_type(a), i
        cdef Py_ssize_t n, rows, nbytes
        cdef Task task
        cdef Py_ssize_t[3] outer, core
        cdef (char*)[3] at
        if type < 0 or (b is not a and (plain_type(b) != type or not cnp.PyArray_SAMESHAPE(a, b))):
            return None
        n = cnp.PyArray_DIM(a, cnp.PyArray_NDIM(a) - 1)
        nbytes = cnp.PyArray_NBYTES(a)
        if nbytes == 0:
            return None
        if out is None:
            out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), cnp.PyArray_TYPE(a))
        elif plain_type(out) != type or not cnp.PyArray_ISWRITEABLE(out) or not cnp.PyArray_SAMESHAPE(a, out):
            return None
        task = self.plain[type][number]
        at[0], at[1], at[task.at_out] = cnp.PyArray_BYTES(a), cnp.PyArray_BYTES(b), cnp.PyArray_BYTES(out)
        for i in range(task.inputs):
            if at[i] != at[task.at_out] and at[i] < at[task.at_out] + nbytes and at[task.at_out] < at[i] + nbytes:
                return None
        rows = nbytes // (n * task.itemsize)
        for i in range(3):
            outer[i], core[i] = n * task.itemsize, task.itemsize
        if nbytes < RELEASE_GIL:
            run_loop(&task, at, rows, n, outer, core)
        else:
            with nogil:
                run_loop(&task, at, rows, n, outer, core)
        return out

    def softmax(self, x, out, axis, scale, mask, empty, log):
        cdef Task task
        self.begin(&task, "log_softmax" if log else "softmax", x.dtype)
        task.panel.option = {"nan": EMPTY_NAN, "zero": EMPTY_ZERO, "uniform": EMPTY_UNIFORM}[empty]
        task.scaled, task.scale = scale != 1, scale
        task.adds, task.masked = True, -INFINITY
        task.fill = -INFINITY if log else 0
        self.run(&task, [x], out, axis, mask, None, None, None, None, False)

    def softmax_backward(self, dy, y, out, axis, scale, mask, log):
        cdef Task task
        self.begin(&task, "log_softmax_backward" if log else "softmax_backward", np.result_type(promoted(dy), promoted(y)))
        task.panel.scale = scale
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
        task.panel.scale = task.scale = scale
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
        task.panel.scale = smoothing
        self.run(&task, [x], dx, axis, None, labels, factor, loss, weight, smoothing != 0)

    def cross_entropy_probabilities(self, x, targets, weight, smoothing, factor, loss, dx, axis):
        cdef Task task
        self.begin(&task, ("targets", dx is not None), common(x, targets))
        task.panel.scale = smoothing
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
        task.panel.scale = factor
        self.run(&task, inputs, dx, axis, None, None, None, loss, None, False)

    cdef int begin(self, Task* task, plan, dtype) except -1:
        memset(task, 0, sizeof(Task))
        task.table = self.table
        task.type = computed_type(dtype)
        task.itemsize = 4 if task.type == FLOAT32 else 8
        task.kept, task.again = (<Plan> PLANS[plan]).kept, (<Plan> PLANS[plan]).again
        task.panel.scale = 1
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
            task.panel.weights = cnp.PyArray_DATA(<cnp.ndarray> weights)
            task.panel.weights_sum = np.add.reduce(weights, dtype=np.float64)
        self.take(task, operands, rowwise, axis)
        return 0

    cdef int take(self, Task* task, list operands, list rowwise, int axis) except -1:
        """Go over all rows: dimensions that can be seen as one are merged, the innermost is left to run_rows."""
        cdef int count = len(operands), dims = 0, i, j, k, d, ndim = cnp.PyArray_NDIM(operands[0])
        cdef Py_ssize_t[MAX_OPERANDS] core
        cdef Py_ssize_t[MAX_DIMENSIONS] size, index
        cdef Py_ssize_t[MAX_DIMENSIONS][MAX_OPERANDS] step
        cdef int[MAX_DIMENSIONS] order
        cdef (char*)[MAX_OPERANDS] at
        cdef (const cnp.npy_intp*)[MAX_OPERANDS] strides
        cdef bint[MAX_OPERANDS] without_axis
        cdef const cnp.npy_intp* shape = cnp.PyArray_DIMS(operands[0])
        cdef Py_ssize_t n = shape[axis]
        cdef bint merges
        for k in range(count):
            strides[k] = cnp.PyArray_STRIDES(operands[k])
            at[k] = cnp.PyArray_BYTES(operands[k])
            without_axis[k] = rowwise[k]
            core[k] = 0 if without_axis[k] else strides[k][axis]
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
                step[j][k] = strides[k][d - (without_axis[k] and d > axis)]
                merges = merges and step[j][k] * shape[d] == step[j - 1][k]
            size[j] = shape[d]
            if merges:
                size[j - 1] *= shape[d]
                for k in range(count):
                    step[j - 1][k] = step[j][k]
            else:
                j += 1
        dims = j
        if dims == 0:
            size[0] = 1
            for k in range(count):
                step[0][k] = 0
            dims = 1
        task.panel.state = malloc(self.table.row_state[task.type])
        task.tiles = malloc(room_for(task, size[dims - 1], n, step[dims - 1], core))
        if task.panel.state == NULL or task.tiles == NULL:
            free(task.panel.state)
            free(task.tiles)
            raise MemoryError()
        memset(index, 0, sizeof(index))
        cdef fastact_flags flags
        with nogil:
            flags = fastact_save_flags()
            while True:
                run_rows(task, at, size[dims - 1], n, step[dims - 1], core, count)
                i = dims - 2
                while i >= 0:
                    index[i] += 1
                    for k in range(count):
                        at[k] += step[i][k]
                    if index[i] < size[i]:
                        break
                    for k in range(count):
                        at[k] -= step[i][k] * size[i]
                    index[i] = 0
                    i -= 1
                if i < 0:
                    break
            fastact_restore_flags(flags)
        free(task.panel.state)
        free(task.tiles)
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

    cdef Task* template(self, str name, stored, computed) except NULL:
        """A function of plain arrays, for the inner loop of a generalized ufunc; lives as long as the process."""
        cdef Task* task = <Task*> malloc(sizeof(Task))
        if task == NULL:
            raise MemoryError()
        self.begin(task, name, computed)
        set_way(self.table, &task.way[0], np.empty(0, stored), task.type)
        task.inputs = 1
        task.masked = -INFINITY
        result = np.empty(0, computed if stored.kind in "iub" else stored)
        if name not in SIGNATURES:  # a gradient, of two arrays
            set_way(self.table, &task.way[1], np.empty(0, stored), task.type)
            task.inputs = 2
            set_way(self.table, &task.out, result, task.type)
            task.at_out, task.has_out = 2, True
        elif SIGNATURES[name].endswith("->()"):
            set_way(self.table, &task.result_way, result, task.type)
            task.at_result, task.result_converts = 1, result.dtype != np.float64
        else:
            set_way(self.table, &task.out, result, task.type)
            task.at_out, task.has_out = 1, True
        return task

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
    cdef Task task = (<Task*> data)[0]
    cdef Py_ssize_t[2] outer = [steps[0], steps[1]]
    cdef Py_ssize_t[2] core = [steps[2], steps[3] if task.has_out else 0]
    run_loop(&task, at, dimensions[0], dimensions[1], outer, core)


cdef void run_scaled_gufunc(char** at, const cnp.npy_intp* dimensions, const cnp.npy_intp* steps, void* data) noexcept nogil:
    """The inner loop of generalized ufuncs of x and a scale."""
    cdef Task task = (<Task*> data)[0]
    cdef Py_ssize_t[2] outer = [steps[0], steps[2]]
    cdef Py_ssize_t[2] core = [steps[3], steps[4] if task.has_out else 0]
    cdef Py_ssize_t rows = dimensions[0], together = rows if steps[1] == 0 else 1, i = 0
    cdef (char*)[2] here
    while i < rows:
        here[0], here[1] = at[0] + i * steps[0], at[2] + i * steps[2]
        if task.type == FLOAT32:
            task.scale = (<float*> (at[1] + i * steps[1]))[0]
        else:
            task.scale = (<double*> (at[1] + i * steps[1]))[0]
        task.scaled = task.scale != 1
        run_loop(&task, here, together, dimensions[1], outer, core)
        i += together


cdef void run_loop(
    Task* task, char** at, Py_ssize_t rows, Py_ssize_t n, const Py_ssize_t* outer, const Py_ssize_t* core
) noexcept nogil:
    cdef fastact_flags flags = fastact_save_flags()
    task.panel.state = malloc(task.table.row_state[task.type])
    task.tiles = malloc(room_for(task, rows, n, outer, core))
    if task.panel.state != NULL and task.tiles != NULL:
        run_rows(task, at, rows, n, outer, core, task.inputs + 1)
        fastact_restore_flags(flags)
    else:
        no_memory()
    free(task.panel.state)
    free(task.tiles)


cdef void no_memory() noexcept with gil:
    PyErr_NoMemory()


cdef promoted(array):
    """What an array adds to np.result_type: integers are computed in float64."""
    return np.dtype(np.float64) if array.dtype.kind in "iub" else array.dtype


cdef common(a, b):
    """What to compute in for two arrays of which one alone decides on the result's dtype."""
    narrow = computed_type(promoted(a)) == FLOAT32 and computed_type(promoted(b)) == FLOAT32
    return np.dtype(np.float32 if narrow else np.float64)
