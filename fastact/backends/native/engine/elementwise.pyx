# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The engine: takes a call's arrays through the loops of one instruction set. It steers; it computes nothing itself.

A call goes one of two ways. `FastPath`: exact ndarrays, native, contiguous, of a float dtype, straight into a loop (of 16 bits:
tile by tile), no Python object made but the result. Everything else: a real ufunc, whose inner loop `run_ufunc` works in tiles
that stay in the first-level cache: load or convert or add the bias into a tile, run the contiguous loop, store or convert out.

On either way large arrays become a `Job` (with a bias, `Rows`), whose parts are shared out to threads; and what is larger than
the caches is computed into tiles that are streamed past them. Neither changes a bit: an element's result does not depend on where
it stands, and sums are formed in blocks that the shape alone decides, added up in order.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport uintptr_t
from libc.stdlib cimport llabs
from libc.string cimport memcpy, memset, strcmp

cimport cython
cimport numpy as cnp
from fastact.backends.native.engine.table cimport *
from fastact.runtime.team cimport *

from numpy.random cimport bitgen_t
from numpy.random.c_distributions cimport random_standard_normal_fill, random_standard_uniform_fill

import numpy as np

from fastact.calls.elementwise import Activation
from fastact.calls.sums import LAYOUT as ROWS
from fastact.calls.sums import round_to
from fastact.functions.kinds import GATED as GATED_KIND
from fastact.functions.kinds import GATED_BACKWARD as GATED_BACKWARD_KIND
from fastact.functions.kinds import inputs_of, keeps_integers
from fastact.runtime.threads import team

cnp.import_array()
cnp.import_umath()

if team:
    team_join(PyCapsule_GetPointer(team.capsule, FASTACT_TEAM_CAPSULE))

cdef extern from "platform.h" nogil:
    ctypedef struct fastact_flags:
        pass
    fastact_flags fastact_save_flags()
    void fastact_restore_flags(fastact_flags)
    void fastact_prefetch(const char*, Py_ssize_t)
    void fastact_streamed()
    Py_ssize_t fastact_own_cache()
    int fastact_x86_level()

include "calls.pxi"

cdef enum:
    TILE_DOUBLES = 512
    TILE = 4096  # bytes: two inputs, a bias and two outputs of it fit in any first-level cache
    STREAM_TILE = 1024  # bytes, so that one is still being written out while the next is computed; input is fetched two ahead
    ALIGN_FROM = 32768  # bytes: from here on a loop starts anew where the output is aligned
    MAX_PARAMETERS = 4
    PARAMETER_BYTES = 32
    MAX_STREAMS = 5  # dy, x, bias or a gated unit's value; one or two outputs; another array parameter only where one is free
    MAX_OPERANDS = 3 + MAX_PARAMETERS + 2
    FEW = 256  # elements: below, an array parameter that is one number is repeated without further ado
    RELEASE_GIL = 4096  # elements: below, releasing the GIL costs more than it can gain anybody
    LIGHT = 1  # the cost of a byte read or written, by the loops that wait for memory
    HEAVY = 2

# Python names of the loops' directions
cdef dict DIRECTION = {
    "forward": FORWARD,
    "forward_bias": FORWARD,
    "backward": BACKWARD,
    "backward_bias": BACKWARD,
    "backward_from_output": BACKWARD_FROM_OUTPUT,
    "backward_by_parameter": BACKWARD_BY_PARAMETER,
    "backward_by_parameter_bias": BACKWARD_BY_PARAMETER,
    "value_and_grad": VALUE_AND_GRAD,
    "gated": GATED,
    "gated_backward": GATED_BACKWARD,
}

# The 16-bit types in memory; NumPy has no character for bfloat16, this is that of ml_dtypes
cdef str BFLOAT16_CHAR = "E"
cdef dict HALVES = {"e": FLOAT16, BFLOAT16_CHAR: BFLOAT16}


def x86_level():
    """Which x86-64 kernels processor and operating system can run: 0 baseline, 1 avx2, 2 avx512; -1 on another machine."""
    return fastact_x86_level()


cdef class Table:
    """The loops of one instruction set, as its module handed them over."""

    cdef const fastact_table* table

    def __cinit__(self, capsule):
        self.table = <const fastact_table*> PyCapsule_GetPointer(capsule, FASTACT_TABLE_CAPSULE)

    @property
    def flags(self):
        return self.table.flags.decode()

    @property
    def compiler(self):
        return self.table.compiler.decode()

    cdef const fastact_row* row(self, entry) except NULL:
        cdef int i
        cdef bytes name = entry.name.encode()
        for i in range(self.table.activations):
            if strcmp(self.table.rows[i].name, name) == 0 and self.table.rows[i].parameters == len(entry.parameters):
                return &self.table.rows[i]
        raise ImportError(
            f"the compiled kernels are older than fastact/functions: they have no {entry.name!r} with "
            f"{len(entry.parameters)} parameters; build them again with: pip install ."
        )


# ---------------------------------------------------------------------------------------------------------------------
# Threads and streaming: from what sizes on.

# Bytes times cost that keep a thread busy for 3 us at least; to share out costs 2 while the team is awake
cdef Py_ssize_t grain = 256 << 10

# Bytes for each thread, over cost: from here on output goes past the caches. What waits for memory gains most: with 2 MB of
# second-level cache relu of 2 M elements takes 0.25 ns an element where it took 0.31, and with a sum over the output, which then
# is in no cache, 0.75 and 0.82; sigmoid 0.43 and 0.48, with the sum 0.93 and 0.82, so it has to wait for more.
cdef Py_ssize_t stream_from = fastact_own_cache()


def _set_sizes(new_grain, new_stream_from):
    """Set from what sizes on work is shared out and output is streamed, as tests need it; return what was set before."""
    global grain, stream_from
    before = grain, stream_from
    grain, stream_from = new_grain, new_stream_from
    return before


cdef inline int threads_for(Py_ssize_t work) noexcept nogil:
    """How many threads so many bytes times cost are worth."""
    return <int> min(team_threads(), work // grain) if work >= 2 * grain else 1


# ---------------------------------------------------------------------------------------------------------------------
# The general way: a ufunc whose inner loop works in tiles.

cdef struct Loop:
    fastact_loop run
    fastact_add add  # NULL without bias
    fastact_load load  # of every array operand
    fastact_load load_parameter  # of a parameter that is an array
    fastact_store store
    bint converts  # memory holds another type than the loop computes in
    bint converts_parameter
    bint stores_converted
    int operands  # array operands without the bias: x, or dy and x
    int parameters
    bint array_parameter  # or the value of a gated unit
    int outputs
    Py_ssize_t itemsize, stored_size  # of the computed type, of the outputs in memory
    int cost
    const fastact_table* table


cdef inline void repeat(char* at, Py_ssize_t nbytes, Py_ssize_t n) noexcept nogil:
    """Write what stands at the beginning n times in all."""
    cdef Py_ssize_t done = 1
    while done < n:
        memcpy(at + done * nbytes, at, min(done, n - done) * nbytes)
        done *= 2


cdef void run_tiles(
    const Loop* loop, char** pointers, const cnp.npy_intp* steps, Py_ssize_t n, bint streamed
) noexcept nogil:
    """One inner loop: pointers and steps of operands, bias, parameters, outputs; scalar parameters constant along it."""
    cdef char[(MAX_STREAMS + 1) * TILE + 64] memory
    cdef char* tiles = <char*> ((<uintptr_t> <char*> memory + 63) & -64)  # of whole cache lines
    cdef char* rounded = tiles + MAX_STREAMS * TILE
    cdef char[PARAMETER_BYTES] scalars
    cdef (char*)[MAX_STREAMS] stream
    cdef Py_ssize_t[MAX_STREAMS] step
    cdef bint[MAX_STREAMS] direct
    cdef (void*)[MAX_STREAMS] at
    cdef int inputs = loop.operands + (loop.add != NULL)
    cdef int first_output = inputs + loop.parameters
    cdef int streams = 0, k
    cdef Py_ssize_t start = 0, m, chunk = n
    cdef bint converted, is_parameter
    cdef fastact_load load
    cdef const void* parameters = scalars
    # streams: the inputs, then the parameter if it is an array, then the outputs
    for k in range(inputs):
        stream[streams], step[streams] = pointers[k], steps[k]
        streams += 1
    if loop.array_parameter:
        stream[streams], step[streams] = pointers[inputs], steps[inputs]
        streams += 1
    else:
        for k in range(loop.parameters):
            memcpy(scalars + k * loop.itemsize, pointers[inputs + k], loop.itemsize)
    cdef int out = streams
    for k in range(loop.outputs):
        stream[streams], step[streams] = pointers[first_output + k], steps[first_output + k]
        streams += 1
    for k in range(streams):
        is_parameter = loop.array_parameter and k == inputs
        converted = loop.stores_converted if k >= out else (loop.converts_parameter if is_parameter else loop.converts)
        direct[k] = not converted and (step[k] == loop.itemsize or n == 1) and not (streamed and k >= out)
        if not direct[k]:
            chunk = TILE // loop.itemsize
    if loop.add != NULL:
        chunk = TILE // loop.itemsize
    if streamed:
        chunk = STREAM_TILE // loop.itemsize
    cdef Py_ssize_t head = 0
    if streamed or (chunk == n and n * loop.itemsize >= ALIGN_FROM):  # so that no store is split between two cache lines
        head = (-<Py_ssize_t> <uintptr_t> stream[out] & 63) // loop.stored_size
    while start < n:
        m = min(head if start == 0 and head > 0 else chunk, n - start)
        for k in range(streams):
            if direct[k]:
                at[k] = stream[k] + start * loop.itemsize
                if streamed:
                    fastact_prefetch(<char*> at[k] + 2 * STREAM_TILE, STREAM_TILE)
            else:
                at[k] = tiles + k * TILE
                # what is constant along the loop is loaded once, but for the bias, whose tile takes the sum
                if k < out and (start == 0 or step[k] != 0 or (loop.add != NULL and k == inputs - 1)):
                    load = loop.load_parameter if loop.array_parameter and k == inputs else loop.load
                    if step[k] != 0:
                        load(stream[k] + start * step[k], step[k], at[k], m)
                    else:
                        load(stream[k], 0, at[k], 1)
                        repeat(<char*> at[k], loop.itemsize, min(chunk, n))
        if loop.array_parameter:
            parameters = at[inputs]
        if loop.add != NULL:  # into the bias's own tile: its stream was the last input
            loop.add(at[inputs - 2], at[inputs - 1], tiles + (inputs - 1) * TILE, m)
            at[inputs - 2] = tiles + (inputs - 1) * TILE
        loop.run(at[0], at[1] if loop.operands == 2 else NULL, at[out], at[out + 1] if loop.outputs == 2 else NULL, m, parameters)
        for k in range(out, streams):
            if streamed:
                if loop.stores_converted:
                    loop.store(at[k], rounded, loop.stored_size, m)
                    at[k] = rounded
                loop.table.stream(at[k], stream[k] + start * step[k], m * loop.stored_size)
            elif not direct[k]:
                loop.store(at[k], stream[k] + start * step[k], step[k], m)
        start += m
    if streamed:
        fastact_streamed()


cdef struct Job:
    const Loop* loop
    (char*)[MAX_OPERANDS] at  # as `run_tiles` takes them
    cnp.npy_intp[MAX_OPERANDS] step, row_step  # bytes from element to element, and from row to row
    Py_ssize_t rows, n  # so many elements each
    Py_ssize_t part, first  # rows of a part, or elements of a single row's, which start behind the first ones
    bint streamed


cdef void run_part(void* data, Py_ssize_t part) noexcept nogil:
    cdef const Job* job = <const Job*> data
    cdef int total = job.loop.operands + (job.loop.add != NULL) + job.loop.parameters + job.loop.outputs, k
    cdef Py_ssize_t start = part * job.part + (job.first if part else 0), end = (part + 1) * job.part + job.first, row
    cdef (char*)[MAX_OPERANDS] at
    cdef fastact_flags flags = fastact_save_flags()
    if job.rows == 1:
        for k in range(total):
            at[k] = job.at[k] + start * job.step[k]
        run_tiles(job.loop, at, job.step, min(end, job.n) - start, job.streamed)
    else:
        for row in range(start, min(end, job.rows)):
            for k in range(total):
                at[k] = job.at[k] + row * job.row_step[k]
            run_tiles(job.loop, at, job.step, job.n, job.streamed)
    fastact_restore_flags(flags)


cdef bint worth_streaming(const Job* job, int threads) noexcept nogil:
    """Whether input and output are larger than the caches, the outputs contiguous, and none of them in the place of an input."""
    cdef const Loop* loop = job.loop
    cdef int inputs = loop.operands + (loop.add != NULL) + loop.parameters, k, i
    if (
        loop.table.stream == NULL or (job.rows > 1 and job.n * loop.stored_size < TILE)
        or job.rows * job.n * loop.stored_size * (loop.operands + loop.outputs) < threads * stream_from * loop.cost
    ):
        return False
    for k in range(inputs, inputs + loop.outputs):
        if job.step[k] != loop.stored_size:
            return False
        for i in range(inputs):
            if job.at[i] == job.at[k]:
                return False
    return True


cdef void share_out(Job* job) noexcept nogil:
    """Run a job, in parts on several threads where that is worth it."""
    cdef const Loop* loop = job.loop
    cdef Py_ssize_t work = job.rows * job.n * loop.itemsize * (loop.operands + loop.outputs) * loop.cost, parts
    cdef Py_ssize_t count = job.n if job.rows == 1 else job.rows
    cdef int threads = threads_for(work), out
    job.streamed = worth_streaming(job, threads)
    job.part, job.first = count, 0
    if threads == 1:
        run_part(job, 0)
        return
    parts = threads * max(1, min(4, work // (32 * grain * threads)))  # of large arrays more, so that none waits long for another
    job.part = (count + parts - 1) // parts
    if job.rows == 1:  # so that no cache line is written by two threads
        out = loop.operands + (loop.add != NULL) + loop.parameters
        job.part = (job.part + 63) & -64
        job.first = min(count, (-<Py_ssize_t> <uintptr_t> job.at[out] & 63) // loop.stored_size)
    team_run(run_part, job, max(1, (count - job.first + job.part - 1) // job.part))


cdef bint overlaps(const Job* job) noexcept nogil:
    """Whether an output of the only row may share memory with an input but is not in its place: NumPy lets that through where the
    input is ahead, so that each element is read before it is overwritten, which holds in one thread alone.
    """
    cdef int inputs = job.loop.operands + (job.loop.add != NULL) + job.loop.parameters, k, i
    cdef Py_ssize_t written, read, widest = sizeof(double)
    for k in range(inputs, inputs + job.loop.outputs):
        written = (job.n - 1) * job.step[k]
        for i in range(inputs):
            read = (job.n - 1) * job.step[i]
            if (job.at[i] != job.at[k] or job.step[i] != job.step[k]) and not apart(
                job.at[i] + min(read, 0), llabs(read) + widest, job.at[k] + min(written, 0), llabs(written) + widest
            ):
                return True
    return False


cdef void run_ufunc(char** pointers, const cnp.npy_intp* dimensions, const cnp.npy_intp* steps, void* data) noexcept nogil:
    """The inner loop of every ufunc; `data` is its Loop."""
    cdef const Loop* loop = <const Loop*> data
    cdef Py_ssize_t n = dimensions[0], i
    cdef int inputs = loop.operands + (loop.add != NULL)
    cdef int k, total = inputs + loop.parameters + loop.outputs
    cdef bint constant = True
    cdef (char*)[MAX_OPERANDS] moving
    cdef Job job
    cdef fastact_flags flags = fastact_save_flags()
    if not loop.array_parameter:
        for k in range(loop.parameters):
            constant = constant and steps[inputs + k] == 0
    if constant and n >= RELEASE_GIL:
        job.loop, job.rows, job.n = loop, 1, n
        memcpy(job.at, pointers, total * sizeof(char*))
        memcpy(job.step, steps, total * sizeof(cnp.npy_intp))
        if overlaps(&job):
            run_tiles(loop, pointers, steps, n, False)
        else:
            share_out(&job)
    elif constant or n == 1:
        run_tiles(loop, pointers, steps, n, False)
    else:
        for i in range(n):
            for k in range(total):
                moving[k] = pointers[k] + i * steps[k]
            run_tiles(loop, moving, steps, 1, False)
    fastact_restore_flags(flags)


cdef int computed_type(str char) except -1:
    """The loops' type for a NumPy type character that they compute in."""
    dtype = np.dtype(char)
    if dtype.kind == "f":
        return FLOAT32 if char == "f" else FLOAT64
    sizes = {1: 0, 2: 1, 4: 2, 8: 3}
    return INT8 + 2 * sizes[dtype.itemsize] + (dtype.kind in "ub")


cdef void convert(
    Loop* loop, const fastact_table* table, int stored, int computed, bint converts_parameter
) noexcept nogil:
    """Set the ways in and out between memory of one type and a loop that computes in another."""
    loop.table = table
    loop.itemsize = loop.stored_size = itemsize_of(computed)
    loop.converts, loop.converts_parameter = stored != computed, converts_parameter
    loop.load, loop.store = table.load[computed], table.store[computed]
    if is_half(stored):
        loop.load, loop.store, loop.stores_converted, loop.stored_size = table.load[stored], table.store[stored], True, 2
    elif loop.converts:
        loop.load = table.load_as_double[stored]
    loop.load_parameter = loop.load if converts_parameter else table.load[computed]


cdef Loop* new_loop(
    const fastact_table* table, const fastact_row* row, entry, kind, str stored, str computed, str parameter
) except NULL:
    """A Loop between memory of one type and a loop that computes in another; lives as long as the process."""
    cdef int type = computed_type(computed)
    cdef Loop* loop = <Loop*> PyMem_Malloc(sizeof(Loop))
    if loop == NULL:
        raise MemoryError()
    memset(loop, 0, sizeof(Loop))
    loop.run = row.loops[type][<int> DIRECTION[kind.loop]]
    loop.operands = len(kind.inputs) - ("bias" in kind.inputs or "value" in kind.inputs)
    loop.parameters = inputs_of(entry, kind) - loop.operands - ("bias" in kind.inputs)
    loop.array_parameter = entry.array_parameter is not None or "value" in kind.inputs
    loop.outputs = len(kind.outputs)
    loop.cost = LIGHT if entry.light else HEAVY
    if "bias" in kind.inputs:
        loop.add = table.add[type]
    convert(loop, table, HALVES[stored] if stored in HALVES else computed_type(stored), type, parameter != computed)
    return loop


def make_ufunc(Table table, entry, kind, str ufunc_name):
    """The ufunc of one kind (a key of `KINDS`) for an entry; its inputs are the kind's operands and the parameters."""
    cdef const fastact_row* row = table.row(entry)
    operands, inputs = len(kind.inputs), inputs_of(entry, kind)
    parameters, outputs = inputs - operands, len(kind.outputs)
    integers = "?bBhHiIlLqQ"
    signatures = []  # type in memory, type computed in, type of the parameters, type of the outputs
    if keeps_integers(entry, kind):
        signatures += [(char, char, char, char) for char in integers]
    signatures += [(char, "d", "d", "d") for char in integers]
    signatures += [("e", "f", "f", "e"), ("f", "f", "f", "f"), ("d", "d", "d", "d")]
    if entry.learnt_parameter or "value" in kind.inputs:  # comes in like any other array
        signatures = [(stored, computed, stored, out) for stored, computed, _, out in signatures]
    cdef int count = len(signatures), i
    name = ufunc_name.encode()
    types = b"".join(
        bytes([np.dtype(char).num for char in stored * operands + parameter * parameters + out * outputs])
        for stored, _, parameter, out in signatures
    )
    # NumPy keeps the pointers, so nothing of this is ever freed
    cdef char* c_types = <char*> PyMem_Malloc(len(types))
    cdef char* c_name = <char*> PyMem_Malloc(len(name) + 1)
    cdef void** data = <void**> PyMem_Malloc(count * sizeof(void*))
    cdef cnp.PyUFuncGenericFunction* functions = <cnp.PyUFuncGenericFunction*> PyMem_Malloc(count * sizeof(void*))
    if c_types == NULL or c_name == NULL or data == NULL or functions == NULL:
        raise MemoryError()
    memcpy(c_types, <const char*> types, len(types))
    memcpy(c_name, <const char*> name, len(name) + 1)
    for i in range(count):
        functions[i] = <cnp.PyUFuncGenericFunction> run_ufunc
        stored, computed, parameter, _ = signatures[i]
        data[i] = new_loop(table.table, row, entry, kind, stored, computed, parameter)
    return cnp.PyUFunc_FromFuncAndData(
        functions, data, c_types, count, inputs, outputs, cnp.PyUFunc_None, c_name,
        "See the activation of this name in fastact.", 0,
    )


def add_bfloat16(Table table, entry, kind, ufunc, dtype):
    """Add the loop for bfloat16, the given dtype of another package, to a ufunc of `make_ufunc`."""
    global bfloat16_number
    bfloat16_number = dtype.num
    cdef int[MAX_OPERANDS] types
    cdef int operands = len(kind.inputs), inputs = inputs_of(entry, kind), i
    cdef str parameter = BFLOAT16_CHAR if entry.learnt_parameter or "value" in kind.inputs else "f"
    cdef int stored_number = dtype.num, parameter_number = dtype.num if entry.learnt_parameter else cnp.NPY_FLOAT
    for i in range(inputs + (len(kind.outputs))):
        types[i] = parameter_number if operands <= i < inputs else stored_number
    cnp.PyUFunc_RegisterLoopForType(
        ufunc, stored_number, <cnp.PyUFuncGenericFunction> run_ufunc, types,
        new_loop(table.table, table.row(entry), entry, kind, BFLOAT16_CHAR, "f", parameter),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Rows: forward with a bias, and backward with its gradient.

# As `contract.Rows` has them, which says what they mean.
cdef Py_ssize_t ROW_VECTOR = ROWS.vector, ROW_STRETCH = ROWS.stretch, ROW_LONGEST = ROWS.longest
cdef Py_ssize_t ROW_BLOCKS = ROWS.blocks, ROW_SHORTEST_BLOCK = ROWS.shortest_block

cdef enum:
    PIECE = 512  # elements that go through all loops at once; with sums half as many, so that reading and adding overlap
    STRIP = 2048  # columns of long rows whose sums are formed at once, for they, too, should stay in the first-level cache
    PART = 16384  # elements of a part where no sums are formed
    MAX_LANES = 4096 + 16  # of a stretch or strip, see `ROW_LONGEST`, and before it


cdef struct Rows:
    const fastact_table* table
    fastact_loop loop
    fastact_loop loop_by_parameter
    int type, computed, cost  # of the arrays, of the loops
    const char* dy
    const char* x
    const char* bias
    char* out
    const void* parameters
    bint spread  # the parameter is an array to the loop
    Py_ssize_t rows, columns
    Py_ssize_t height, period, block  # rows of a stretch, elements of it, stretches of a block
    Py_ssize_t strip, ahead  # how much of a stretch at a time, and of the first beyond that
    Py_ssize_t blocks, strips
    bint streamed
    char* repeated  # the bias along a stretch
    void* dbias
    double* sums  # by block and column
    double* by_parameter  # by strip and block


cdef struct Tiles:  # a thread's own
    char* dy
    char* z
    char* bias
    char* dx
    const void* parameters
    double* lanes_by_parameter


cdef void lay_out(Rows* job, Py_ssize_t rows, Py_ssize_t columns) noexcept nogil:
    """`contract.Rows.lay_out`: it depends on nothing but the shape, so the sums have the same bits on any way through."""
    cdef Py_ssize_t step = ROW_VECTOR, stretches
    while step > 1 and columns % (2 * ROW_VECTOR // step) == 0:
        step //= 2
    job.rows, job.columns, job.height = rows, columns, 1
    if 0 < columns * step <= ROW_LONGEST:
        job.height = max(1, min(rows, step * max(1, ROW_STRETCH // (columns * step))))
    job.period = columns * job.height
    stretches = (rows + job.height - 1) // job.height
    job.block = max(ROW_SHORTEST_BLOCK, (stretches + ROW_BLOCKS - 1) // ROW_BLOCKS)
    job.strip = min(job.period, STRIP) if job.height == 1 else job.period
    if job.dbias == NULL and job.loop_by_parameter == NULL:  # no sums, so anything will do
        job.strip, job.block = min(job.period, PART), max(1, PART // job.period)
    elif job.dbias != NULL and job.loop_by_parameter == NULL:
        job.ahead = elements_to_line(job)
    job.strips = max(1, (job.period - job.ahead + job.strip - 1) // job.strip)
    job.blocks = (stretches + job.block - 1) // job.block


cdef void repeat_bias(Rows* job) noexcept nogil:
    """Fill a stretch with the bias, in the type that the loops compute in."""
    job.table.load[job.type](job.bias, itemsize_of(job.type), job.repeated, job.columns)
    repeat(job.repeated, job.columns * itemsize_of(job.computed), job.height)


cdef inline const char* run_piece(
    const Rows* job, const Tiles* tiles, Py_ssize_t first, Py_ssize_t along, Py_ssize_t n
) noexcept nogil:
    """Compute n elements from `first` on, which is at `along` in its stretch; where the results are in the computed type."""
    cdef Py_ssize_t itemsize = itemsize_of(job.type), wide = itemsize_of(job.computed), at = first * itemsize
    cdef bint half = is_half(job.type)
    cdef const char* z
    cdef const char* dy = NULL
    cdef const char* bias
    cdef char* out = job.out + at
    cdef char* result = tiles.dx if half or job.streamed else out
    if job.loop != NULL:
        z = job.x + at
        if job.streamed:
            fastact_prefetch(z + 2 * STREAM_TILE, n * itemsize)
        if half:
            job.table.load[job.type](z, itemsize, tiles.z, n)
            z = tiles.z
        if job.dy != NULL:
            dy = job.dy + at
            if job.streamed:
                fastact_prefetch(dy + 2 * STREAM_TILE, n * itemsize)
            if half:
                job.table.load[job.type](dy, itemsize, tiles.dy, n)
                dy = tiles.dy
        if job.bias != NULL:
            if job.height > 1:
                bias = job.repeated + along * wide
            else:
                bias = job.bias + along * itemsize
                if half:
                    job.table.load[job.type](bias, itemsize, tiles.bias, n)
                    bias = tiles.bias
            job.table.add[job.computed](z, bias, tiles.z, n)
            z = tiles.z
        if job.loop_by_parameter != NULL:  # before dx, which may be in place of dy
            job.loop_by_parameter(dy, z, tiles.dx, NULL, n, tiles.parameters)
            job.table.accumulate[job.computed](tiles.dx, tiles.lanes_by_parameter, n)
        if dy == NULL:
            job.loop(z, NULL, result, NULL, n, tiles.parameters)
        else:
            job.loop(dy, z, result, NULL, n, tiles.parameters)
        if half:  # what is summed is dx as returned
            job.table.store[job.type](result, tiles.dy if job.streamed else out, itemsize, n)
            if job.dbias != NULL:
                job.table.load[job.type](tiles.dy if job.streamed else out, itemsize, result, n)
        if job.streamed:
            job.table.stream(tiles.dy if half else result, out, n * itemsize)
    elif half:
        job.table.load[job.type](out, itemsize, result, n)
    return result


cdef inline Py_ssize_t elements_to_line(const Rows* job) noexcept nogil:
    """How many elements of a row stand before a cache line: NumPy's large arrays begin within one, and what is written across
    lines is slow to read back for the sums. Of long rows only, for these elements cost a piece of their own.
    """
    cdef Py_ssize_t itemsize = itemsize_of(job.type)
    if is_half(job.type) or job.columns < STRIP or job.columns * itemsize % 64:
        return 0
    return (-<Py_ssize_t> <uintptr_t> job.out & 63) // itemsize


cdef void write_sums(const Rows* job, const double* sums, Py_ssize_t first, Py_ssize_t n) noexcept nogil:
    """Round n columns' sums to dbias."""
    cdef Py_ssize_t i
    for i in range(n):
        if job.type == FLOAT32:
            (<float*> job.dbias)[first + i] = <float> sums[i]
        else:
            (<double*> job.dbias)[first + i] = sums[i]


cdef void run_rows_part(void* data, Py_ssize_t part) noexcept nogil:
    """One strip of the stretches of one block, and its sums."""
    cdef const Rows* job = <const Rows*> data
    cdef char[6 * 8 * TILE_DOUBLES + 64] memory
    cdef double[MAX_LANES + 8] lanes_memory
    cdef double* lanes = <double*> ((<uintptr_t> <char*> lanes_memory + 63) & -64)
    cdef Tiles tiles
    cdef Py_ssize_t n = job.rows * job.columns, stretches = (job.rows + job.height - 1) // job.height
    cdef bint summed = job.dbias != NULL
    cdef Py_ssize_t limit = PIECE // 2 if summed or job.streamed or job.loop_by_parameter != NULL else PIECE
    cdef Py_ssize_t pieces = (job.strip + limit - 1) // limit
    cdef Py_ssize_t piece = ((job.strip + pieces - 1) // pieces + 15) & -16  # all alike, and whole vectors
    cdef Py_ssize_t strip = part // job.blocks, block = part % job.blocks, stretch
    cdef Py_ssize_t ahead = job.ahead if strip == 0 else 0
    cdef Py_ssize_t start = strip * job.strip + (0 if strip == 0 else job.ahead)
    cdef Py_ssize_t width = min(job.strip + ahead, job.period - start), along, end, m
    cdef const char* dx
    cdef fastact_flags flags = fastact_save_flags()
    tiles.dy = <char*> ((<uintptr_t> <char*> memory + 63) & -64)  # of whole cache lines
    tiles.z, tiles.bias, tiles.dx = tiles.dy + TILE, tiles.dy + 2 * TILE, tiles.dy + 3 * TILE
    tiles.lanes_by_parameter, tiles.parameters = <double*> (tiles.dy + 4 * TILE), job.parameters
    if job.spread:
        memcpy(tiles.dy + 5 * TILE, job.parameters, itemsize_of(job.computed))
        repeat(tiles.dy + 5 * TILE, itemsize_of(job.computed), piece)
        tiles.parameters = tiles.dy + 5 * TILE
    if job.loop_by_parameter != NULL:
        memset(tiles.lanes_by_parameter, 0, TILE_DOUBLES * sizeof(double))
    if summed:
        lanes += -ahead & 7
        memset(lanes, 0, width * sizeof(double))
    for stretch in range(block * job.block, min((block + 1) * job.block, stretches)):
        along, end = start, min(start + width, n - stretch * job.period)
        while along < end:
            m = min(ahead if along < ahead else piece, end - along)
            dx = run_piece(job, &tiles, stretch * job.period + along, along, m)
            if summed:
                job.table.accumulate[job.computed](dx, lanes + along - start, m)
            along += m
    if job.streamed:
        fastact_streamed()
    if summed:
        fold(job.table, lanes, job.height, width // job.height)
        if job.blocks == 1:
            write_sums(job, lanes, start, width // job.height)
        else:
            memcpy(job.sums + block * job.columns + start, lanes, width // job.height * sizeof(double))
    if job.loop_by_parameter != NULL:
        fold(job.table, tiles.lanes_by_parameter, TILE_DOUBLES, 1)
        job.by_parameter[part] = tiles.lanes_by_parameter[0]
    fastact_restore_flags(flags)


cdef void run_rows(Rows* job, double* by_parameter) noexcept nogil:
    """All parts, on several threads where that is worth it; the blocks' sums are then added up in order."""
    cdef Py_ssize_t parts = job.strips * job.blocks, elements = job.rows * job.columns * (2 + (job.dy != NULL)), part, block
    cdef double* totals = job.sums + job.blocks * job.columns
    cdef int threads = threads_for(elements * itemsize_of(job.computed) * job.cost)
    cdef fastact_flags flags = fastact_save_flags()
    job.streamed = (
        job.loop != NULL and job.table.stream != NULL and job.out != job.x and job.out != job.dy
        and elements * itemsize_of(job.type) >= threads * stream_from * job.cost
    )
    if job.repeated != NULL:
        repeat_bias(job)
    if threads > 1:
        team_run(run_rows_part, job, parts)
    else:
        for part in range(parts):
            run_rows_part(job, part)
    if job.dbias != NULL and job.blocks > 1:
        memset(totals, 0, job.columns * sizeof(double))
        for block in range(job.blocks):
            job.table.accumulate[<int> FLOAT64](job.sums + block * job.columns, totals, job.columns)
        write_sums(job, totals, 0, job.columns)
    if by_parameter != NULL:
        by_parameter[0] = 0
        for part in range(parts):
            by_parameter[0] += job.by_parameter[part]
    fastact_restore_flags(flags)


cdef void fold(const fastact_table* table, double* lanes, Py_ssize_t rows, Py_ssize_t columns) noexcept nogil:
    """Add rows of lanes up into the first, the upper half onto the lower."""
    cdef Py_ssize_t half
    while rows > 1:
        half = (rows + 1) // 2
        table.accumulate[<int> FLOAT64](lanes + half * columns, lanes, (rows - half) * columns)
        rows = half


# ---------------------------------------------------------------------------------------------------------------------
# The fast path.

cdef str BIAS = "bias"

# What handles a call that the fast path does not, as unbound functions
cdef object general_backward = Activation.backward
cdef object general_value_and_grad = Activation.value_and_grad
cdef object general_sum_rows = Activation._sum_rows


cdef object Float32 = np.float32, Float64 = np.float64
cdef cnp.dtype float32_dtype = np.dtype(np.float32), float64_dtype = np.dtype(np.float64)

cdef int bfloat16_number = -2  # NumPy's for the dtype, once there is one


cdef inline int native_type(PyObject* array) noexcept:
    """FLOAT32, FLOAT64, FLOAT16 or BFLOAT16 of an exact ndarray that is aligned and native; otherwise -1."""
    cdef int type
    if not array_CheckExact(array):
        return -1
    type = array_TYPE(array)
    if type != cnp.NPY_FLOAT and type != cnp.NPY_DOUBLE and type != cnp.NPY_FLOAT16 and type != bfloat16_number:
        return -1
    if not array_CHKFLAGS(array, cnp.NPY_ARRAY_ALIGNED) or not array_ISNOTSWAPPED(array):
        return -1
    if type == cnp.NPY_FLOAT:
        return FLOAT32
    return FLOAT64 if type == cnp.NPY_DOUBLE else (FLOAT16 if type == cnp.NPY_FLOAT16 else BFLOAT16)


cdef inline int fast_type(PyObject* array) noexcept:
    """The array's `native_type` if the fast path can read it; otherwise -1."""
    cdef int type = native_type(array)
    return type if type >= 0 and array_CHKFLAGS(array, READ) else -1


cdef inline bint is_half(int type) noexcept nogil:
    """Whether this type of an array has 16 bits, so that a loop for FLOAT32 computes it tile by tile."""
    return type == FLOAT16 or type == BFLOAT16


cdef inline int computed_in(int type) noexcept nogil:
    return FLOAT32 if is_half(type) else type


cdef inline Py_ssize_t itemsize_of(int type) noexcept nogil:
    if type >= INT8:
        return 2 if is_half(type) else 1 << (type - INT8) // 2
    return 4 if type == FLOAT32 else 8


cdef inline bint same_or_apart(PyObject* a, PyObject* b, Py_ssize_t nbytes) noexcept:
    return array_BYTES(a) == array_BYTES(b) or apart(array_BYTES(a), nbytes, array_BYTES(b), nbytes)


cdef inline bint writable_like(PyObject* out, PyObject* x, int type, Py_ssize_t nbytes) noexcept:
    """Whether `out` can take the result for x directly: same type and shape, no partial overlap."""
    return (
        fast_type(out) == type and array_CHKFLAGS(out, WRITE) and same_shape(out, x) and same_or_apart(out, x, nbytes)
    )


cdef int read_number(PyObject* number, double* value) noexcept:
    """FLOAT32 or FLOAT64 of a Python float, a NumPy scalar or an array of no dimensions, which goes to `value`; otherwise -1."""
    cdef int type
    if PyFloat_CheckExact(number) or Py_TYPE(number) == <PyTypeObject*> Float64:
        value[0] = PyFloat_AS_DOUBLE(number)
        return FLOAT64
    if Py_TYPE(number) == <PyTypeObject*> Float32:
        cnp.PyArray_ScalarAsCtype(<object> number, value)
        return FLOAT32
    type = native_type(number)
    if (type != FLOAT32 and type != FLOAT64) or array_NDIM(number) > 0:
        return -1
    memcpy(value, array_BYTES(number), itemsize_of(type))
    return type


cdef object new_number(const double* value, int type):
    """The NumPy scalar of what stands at `value`."""
    return PyArray_Scalar(<void*> value, float32_dtype if type == FLOAT32 else float64_dtype, None)


@cython.auto_pickle(False)
cdef class FastPath(Vectorcall):
    """The part of an activation that has the loops at hand; mixed into `contract.Activation`, which takes what it leaves."""

    cdef const fastact_table* table
    cdef const fastact_row* row
    cdef bint active, array_parameter, learnt_parameter
    cdef int cost, parameters, lesser, greater  # two parameters whose order is prescribed, or -1
    cdef double[MAX_PARAMETERS] defaults, low
    cdef bint[MAX_PARAMETERS] open_low
    cdef double[MAX_PARAMETERS] from_output_low
    cdef char[2][PARAMETER_BYTES] default_values  # as float32 and as float64
    cdef tuple parameter_names
    cdef object forward_ufunc  # and what it takes besides x, where x is all that was given; made when first needed
    cdef tuple defaults_of_ufunc

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call
        self.active = False

    def _attach(self, Table table, entry):
        """Take the loops of this entry from a table."""
        cdef int i
        if len(entry.parameters) > MAX_PARAMETERS:
            raise ValueError(f"{entry.name}: at most {MAX_PARAMETERS} parameters")
        self.table, self.row = table.table, table.row(entry)
        self.parameters, self.cost = len(entry.parameters), LIGHT if entry.light else HEAVY
        # what is drawn has no name: with a generator or options a call goes the general way, without at their defaults' mean
        self.parameter_names = tuple(None if entry.noise else p.name for p in entry.parameters)
        self.lesser = self.greater = -1
        if entry.ordered and entry.noise is None:
            self.lesser, self.greater = map(self.parameter_names.index, entry.ordered)
        for i, p in enumerate(entry.parameters):
            self.defaults[i], self.low[i], self.open_low[i] = p.default, p.low, p.open_low
            self.from_output_low[i] = entry.from_output_low.get(p.name, -np.inf)
        self.write(self.defaults, FLOAT32, self.default_values[0])
        self.write(self.defaults, FLOAT64, self.default_values[1])
        self.array_parameter = entry.array_parameter is not None
        self.learnt_parameter = entry.learnt_parameter is not None
        self.active = True

    cdef inline int fast_type(self, PyObject* array) noexcept:
        """As the function, but 16-bit arrays with a parameter that is an array, too, are left to the ufunc."""
        cdef int type = fast_type(array)
        return -1 if self.array_parameter and is_half(type) else type

    cdef object in_any_layout(self, x):
        """f(x) of an array; one of floats goes straight to the ufunc, for there is nothing else to look at."""
        cdef int type = array_TYPE(<PyObject*> x)
        if (type != cnp.NPY_FLOAT and type != cnp.NPY_DOUBLE and type != cnp.NPY_FLOAT16) or self._entry.noise:
            return Activation.__call__(self, x)
        if self.defaults_of_ufunc is None:
            self.forward_ufunc, self.defaults_of_ufunc = self.ufunc, tuple(self._values({}, "")[0])
        return self.forward_ufunc(x, *self.defaults_of_ufunc)

    cdef void write(self, const double* values, int type, char* target) noexcept:
        """Lay out parameters as a loop reads them."""
        cdef int i
        for i in range(self.parameters):
            if type == FLOAT32:
                (<float*> target)[i] = <float> values[i]
            else:
                (<double*> target)[i] = values[i]

    cdef inline int parameter(self, PyObject* name, PyObject* value, double* values) noexcept:
        """Set one parameter from a keyword; 0 if that needs the general path's checks."""
        cdef int i
        cdef double number
        for i in range(self.parameters):
            if PyTuple_GET_ITEM(<PyObject*> self.parameter_names, i) == name:
                if not PyFloat_CheckExact(value):
                    return 0
                number = PyFloat_AS_DOUBLE(value)
                # what float32 may not hold is left to the general path, too
                if not (self.low[i] <= number < 1e38) or number < -1e38 or (self.open_low[i] and number == self.low[i]):
                    return 0
                values[i] = number
                return 1
        return 0

    cdef inline bint in_order(self, const double* values) noexcept:
        return self.lesser < 0 or values[self.lesser] <= values[self.greater]

    cdef int read(self, dict params, int type, bint from_output, char* buffer, const void** parameters) except -1:
        """Where a loop finds the parameters given as keywords; 0 if that needs the general path's checks."""
        cdef double[MAX_PARAMETERS] values
        cdef int i
        type = computed_in(type)
        parameters[0] = self.default_values[type]
        if not params:
            return 1
        memcpy(values, self.defaults, sizeof(values))
        for name, value in params.items():
            if not self.parameter(<PyObject*> name, <PyObject*> value, values):
                return 0
        for i in range(self.parameters):
            if from_output and values[i] < self.from_output_low[i]:
                return 0
        if not self.in_order(values):
            return 0
        self.write(values, computed_in(type), buffer)
        parameters[0] = buffer
        return 1

    cdef void run(
        self, int direction, int type, const char* a, const char* b, char* out1, char* out2, Py_ssize_t n, const void* parameters
    ) noexcept:
        cdef Loop loop
        cdef Job job
        cdef int k
        cdef fastact_flags flags
        cdef double[FEW] spread
        if n < (FEW if self.array_parameter else RELEASE_GIL) and not is_half(type):
            flags = fastact_save_flags()
            if self.array_parameter:
                for k in range(n):
                    if type == FLOAT32:
                        (<float*> spread)[k] = (<const float*> parameters)[0]
                    else:
                        spread[k] = (<const double*> parameters)[0]
                parameters = spread
            self.row.loops[type][direction](a, b, out1, out2, n, parameters)
            fastact_restore_flags(flags)
            return
        memset(&loop, 0, sizeof(Loop))
        loop.run, loop.cost = self.row.loops[computed_in(type)][direction], self.cost
        loop.operands, loop.outputs = 1 + (b != NULL), 1 + (out2 != NULL)
        loop.parameters, loop.array_parameter = self.parameters, self.array_parameter
        convert(&loop, self.table, type, computed_in(type), False)
        job.loop, job.rows, job.n = &loop, 1, n
        job.at[0], job.at[1] = <char*> a, <char*> b
        job.step[0] = job.step[1] = itemsize_of(type)
        for k in range(self.parameters):
            job.at[loop.operands + k], job.step[loop.operands + k] = <char*> parameters + k * loop.itemsize, 0
        k = loop.operands + self.parameters
        job.at[k], job.at[k + 1] = out1, out2
        job.step[k] = job.step[k + 1] = itemsize_of(type)
        if n < RELEASE_GIL:
            share_out(&job)
        else:
            with nogil:
                share_out(&job)

    cdef int run_rows(
        self, int direction, int type, const char* dy, const char* x, const char* bias, char* out, Py_ssize_t rows,
        Py_ssize_t columns, const void* parameters, void* dbias, double* by_parameter,
    ) except -1:
        """Forward (dy NULL) or backward at x + bias (bias NULL: at x) over whole rows. Where they are wanted, dbias takes the
        sums of dx by column, of 16 bits in float64, and `by_parameter` the sum of the parameter's gradient. With x NULL only the
        sums, of what stands in `out`."""
        cdef Rows job
        cdef Py_ssize_t sums = 0, repeated = 0
        cdef char* memory
        if rows == 0 or columns == 0:
            if dbias != NULL:
                memset(dbias, 0, columns * (4 if type == FLOAT32 else 8))
            if by_parameter != NULL:
                by_parameter[0] = 0
            return 0
        memset(&job, 0, sizeof(Rows))
        job.table, job.type, job.computed, job.cost = self.table, type, computed_in(type), self.cost
        job.dy, job.x, job.bias, job.out, job.dbias = dy, x, bias, out, dbias
        if x != NULL:
            job.loop, job.parameters, job.spread = self.row.loops[job.computed][direction], parameters, self.array_parameter
        if by_parameter != NULL:
            job.loop_by_parameter = self.row.loops[job.computed][<int> BACKWARD_BY_PARAMETER]
        lay_out(&job, rows, columns)
        if dbias != NULL and job.blocks > 1:
            sums = columns * (job.blocks + 1)
        if bias != NULL and job.height > 1:
            repeated = job.period * itemsize_of(job.computed)
        memory = <char*> PyMem_Malloc(repeated + (sums + job.strips * job.blocks) * sizeof(double) + 64)
        if memory == NULL:
            raise MemoryError()
        job.sums = <double*> ((<uintptr_t> memory + 63) & -64)
        job.by_parameter = job.sums + sums
        if repeated:
            job.repeated = <char*> (job.by_parameter + job.strips * job.blocks)
        if rows * columns < RELEASE_GIL:
            run_rows(&job, by_parameter)
        else:
            with nogil:
                run_rows(&job, by_parameter)
        PyMem_Free(memory)
        return 0

    def backward(self, dy, x=None, out=None, *, y=None, bias=None, **params):
        cdef bint from_output = x is None
        cdef PyObject* p_dy = <PyObject*> dy
        cdef PyObject* saved = <PyObject*> (y if from_output else x)
        cdef PyObject* target
        cdef int type, direction = BACKWARD_FROM_OUTPUT if from_output else BACKWARD
        cdef Py_ssize_t n, nbytes
        cdef double by_parameter
        cdef char[PARAMETER_BYTES] buffer
        cdef const void* parameters
        cdef double[3] numbers
        if self.active and (x is None or y is None) and self.row.loops[0][direction] != NULL:
            type = self.fast_type(p_dy)
            if (type < 0 or array_NDIM(p_dy) == 0) and out is None and bias is None and not self.learnt_parameter:
                type = read_number(p_dy, &numbers[0])
                if (
                    type >= 0 and read_number(saved, &numbers[1]) == type
                    and self.read(params, type, from_output, buffer, &parameters)
                ):
                    self.run(
                        direction, type, <char*> &numbers[0], <char*> &numbers[1], <char*> &numbers[2], NULL, 1, parameters
                    )
                    return new_number(&numbers[2], type)
                type = -1
            if (
                type >= 0 and fast_type(saved) == type and array_NDIM(saved) > 0 and same_shape(p_dy, saved)
                and (bias is None or self.fits(<PyObject*> bias, saved, type))
                and self.read(params, type, from_output, buffer, &parameters)
            ):
                n = array_SIZE(saved)
                nbytes = n * itemsize_of(type)
                result = out
                if result is None:
                    result = new_like(saved)
                target = <PyObject*> result
                if out is None or (
                    writable_like(target, saved, type, nbytes) and same_or_apart(target, p_dy, nbytes)
                    and (bias is None or apart_from_bias(target, <PyObject*> bias, nbytes))
                ):
                    if bias is None and self.learnt_parameter:  # as one column
                        self.run_rows(
                            direction, type, array_BYTES(p_dy), array_BYTES(saved), NULL, array_BYTES(target), n, 1, parameters,
                            NULL, &by_parameter,
                        )
                        return result, scalar_of(by_parameter, type)
                    if bias is None:
                        self.run(
                            direction, type, array_BYTES(p_dy), array_BYTES(saved), array_BYTES(target), NULL, n, parameters
                        )
                        return result
                    return self.backward_bias(direction, type, p_dy, saved, <PyObject*> bias, result, parameters)
        return general_backward(self, dy, x, out, y=y, bias=bias, **params)

    cdef backward_bias(
        self, int direction, int type, PyObject* dy, PyObject* saved, PyObject* bias, dx, const void* parameters
    ):
        """Run backward with a bias into dx: the tuple of dx, the parameter's gradient if it is learnt, and the bias's."""
        cdef cnp.npy_intp columns = array_DIMS(bias)[0]
        cdef cnp.npy_intp rows = array_SIZE(saved) // columns if columns else 0
        cdef const char* p_bias = NULL if direction == BACKWARD_FROM_OUTPUT else array_BYTES(bias)
        cdef cnp.ndarray sums = cnp.PyArray_SimpleNew(1, &columns, cnp.NPY_DOUBLE if is_half(type) else array_TYPE(saved))
        cdef double by_parameter = 0
        self.run_rows(
            direction, type, array_BYTES(dy), array_BYTES(saved), p_bias, array_BYTES(<PyObject*> dx), rows, columns, parameters,
            cnp.PyArray_DATA(sums), &by_parameter if self.learnt_parameter else NULL,
        )
        dbias = round_to(sums, dx.dtype) if is_half(type) else sums
        if self.learnt_parameter:
            return dx, scalar_of(by_parameter, type), dbias
        return dx, dbias

    def _sum_rows(self, dx):
        """The sum of dx by column, as `backward` forms it; the general path's."""
        cdef PyObject* p_dx = <PyObject*> dx
        cdef int type = fast_type(p_dx)
        cdef cnp.npy_intp columns, rows
        if type < 0 or array_NDIM(p_dx) == 0:
            return general_sum_rows(self, dx)
        columns = array_DIMS(p_dx)[array_NDIM(p_dx) - 1]
        rows = array_SIZE(p_dx) // columns if columns else 0
        cdef cnp.ndarray sums = cnp.PyArray_SimpleNew(1, &columns, cnp.NPY_DOUBLE if is_half(type) else array_TYPE(p_dx))
        self.run_rows(
            BACKWARD, type, NULL, NULL, NULL, array_BYTES(p_dx), rows, columns, NULL, cnp.PyArray_DATA(sums), NULL
        )
        return round_to(sums, dx.dtype) if is_half(type) else sums

    def _run_drawn(self, kind, list operands, tuple out, rng, noise, dict options):
        """Run with noise drawn tile by tile, no array of it made; None where the general path must do it."""
        cdef int type = fast_type(<PyObject*> operands[0]), direction = DIRECTION[kind.loop], k
        cdef Py_ssize_t n, nbytes
        cdef PyObject* shaped = <PyObject*> operands[0]
        cdef (char*)[2] source = [NULL, NULL]
        cdef (char*)[2] target = [NULL, NULL]
        cdef const char* p_bias = NULL
        cdef Py_ssize_t columns = 0
        if type < 0 or is_half(type) or array_NDIM(shaped) == 0:
            return None
        if "bias" in kind.inputs:
            *operands, bias = operands
            if not self.fits(<PyObject*> bias, shaped, type):
                return None
            p_bias, columns = array_BYTES(<PyObject*> bias), array_SIZE(<PyObject*> bias)
        for k in range(len(operands)):
            if fast_type(<PyObject*> operands[k]) != type or not same_shape(<PyObject*> operands[k], shaped):
                return None
            source[k] = array_BYTES(<PyObject*> operands[k])
        n = array_SIZE(shaped)
        nbytes = n * itemsize_of(type)
        results = tuple([new_like(shaped) if array is None else array for array in out])
        for k in range(len(results)):
            for operand in operands:
                if not writable_like(<PyObject*> results[k], <PyObject*> operand, type, nbytes):
                    return None
            if p_bias != NULL and not apart_from_bias(<PyObject*> results[k], <PyObject*> bias, nbytes):
                return None
            target[k] = array_BYTES(<PyObject*> results[k])
        if len(results) == 2 and not apart(target[0], nbytes, target[1], nbytes):
            return None
        cdef double factor, shift
        factor, shift = noise.scale(options)
        cdef bint normal = noise.standard_normal
        bit_generator = rng.bit_generator
        cdef bitgen_t* stream = <bitgen_t*> PyCapsule_GetPointer(bit_generator.capsule, "BitGenerator")
        with bit_generator.lock, nogil:
            self.run_drawn_tiles(direction, type, source, p_bias, columns, target, n, stream, normal, factor, shift)
        return results if len(results) == 2 else results[0]

    cdef void run_drawn_tiles(
        self, int direction, int type, char** source, const char* bias, Py_ssize_t columns, char** target, Py_ssize_t n,
        bitgen_t* stream, bint normal, double factor, double shift,
    ) noexcept nogil:
        cdef double[TILE_DOUBLES] drawn, biased
        cdef float[TILE_DOUBLES] rounded
        cdef Py_ssize_t itemsize = 4 if type == FLOAT32 else 8
        cdef Py_ssize_t start = 0, m, at, i, k
        cdef int last = source[1] != NULL  # dy and x, or x alone
        cdef (const char*)[2] point
        cdef fastact_loop loop = self.row.loops[type][direction]
        cdef fastact_flags flags = fastact_save_flags()
        while start < n:
            m = min(<Py_ssize_t> TILE_DOUBLES, n - start)
            at = start * itemsize
            point[0], point[1] = source[0] + at, source[1] + at if last else NULL
            if bias != NULL:
                i = 0
                while i < m:
                    k = min(m - i, columns - (start + i) % columns)
                    self.table.add[type](
                        point[last] + i * itemsize, bias + (start + i) % columns * itemsize, <char*> biased + i * itemsize, k
                    )
                    i += k
                point[last] = <const char*> biased
            if normal:
                random_standard_normal_fill(stream, m, drawn)
            else:
                random_standard_uniform_fill(stream, m, drawn)
                for i in range(m):
                    drawn[i] = drawn[i] * factor + shift
            if type == FLOAT32:
                for i in range(m):
                    rounded[i] = <float> drawn[i]
            loop(point[0], point[1], target[0] + at, target[1] + at if target[1] != NULL else NULL, m,
                 <const void*> rounded if type == FLOAT32 else <const void*> drawn)
            start += m
        fastact_restore_flags(flags)

    cdef bint fits(self, PyObject* bias, PyObject* x, int type) noexcept:
        return (
            fast_type(bias) == type and array_NDIM(bias) == 1 and array_NDIM(x) > 0
            and array_DIMS(bias)[0] == array_DIMS(x)[array_NDIM(x) - 1]
        )

    def value_and_grad(self, x, out=(None, None), **params):
        cdef PyObject* p_x = <PyObject*> x
        cdef PyObject* p_y
        cdef PyObject* p_d
        cdef int type = self.fast_type(p_x) if self.active else -1
        cdef Py_ssize_t n, nbytes
        cdef char[PARAMETER_BYTES] buffer
        cdef const void* parameters
        cdef double[3] numbers
        if self.active and (type < 0 or array_NDIM(p_x) == 0) and type_is_pair(out) and out[0] is None and out[1] is None:
            type = read_number(p_x, &numbers[0])
            if type >= 0 and self.read(params, type, False, buffer, &parameters):
                self.run(
                    VALUE_AND_GRAD, type, <char*> &numbers[0], NULL, <char*> &numbers[1], <char*> &numbers[2], 1, parameters
                )
                return new_number(&numbers[1], type), new_number(&numbers[2], type)
            type = -1
        if type >= 0 and array_NDIM(p_x) > 0 and type_is_pair(out) and self.read(params, type, False, buffer, &parameters):
            n = array_SIZE(p_x)
            nbytes = n * itemsize_of(type)
            y, d = out
            if y is None:
                y = new_like(p_x)
            if d is None:
                d = new_like(p_x)
            p_y, p_d = <PyObject*> y, <PyObject*> d
            if (
                writable_like(p_y, p_x, type, nbytes) and writable_like(p_d, p_x, type, nbytes)
                and apart(array_BYTES(p_y), nbytes, array_BYTES(p_d), nbytes)
            ):
                self.run(VALUE_AND_GRAD, type, array_BYTES(p_x), NULL, array_BYTES(p_y), array_BYTES(p_d), n, parameters)
                return y, d
        return general_value_and_grad(self, x, out, **params)


FastPath.backward.__doc__ = Activation.backward.__doc__
FastPath.value_and_grad.__doc__ = Activation.value_and_grad.__doc__


cdef inline bint type_is_pair(out):
    return type(out) is tuple and len(<tuple> out) == 2


cdef inline bint apart_from_bias(PyObject* out, PyObject* bias, Py_ssize_t nbytes) noexcept:
    return apart(array_BYTES(out), nbytes, array_BYTES(bias), array_SIZE(bias) * itemsize_of(fast_type(bias)))


cdef object scalar_of(double value, int type):
    """NumPy's float32 or float64 of this value."""
    cdef double stored = value
    cdef fastact_flags flags = fastact_save_flags()
    if type == FLOAT32:
        (<float*> &stored)[0] = <float> value
    fastact_restore_flags(flags)
    return new_number(&stored, type)


cdef object call(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(x, out=None, *, bias=None, **params) as a vectorcall; anything unusual goes to `Activation.__call__`."""
    cdef FastPath f = <FastPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), i, n, nbytes, columns
    cdef PyObject* x
    cdef PyObject* out = Py_None
    cdef PyObject* bias = Py_None
    cdef PyObject* name
    cdef double[MAX_PARAMETERS] values
    cdef char[PARAMETER_BYTES] buffer
    cdef const void* parameters
    cdef bint given = False, single
    cdef double number, result_number
    cdef int type
    if not f.active or nargs < 1 or nargs > 2:
        return call_general(self, args, nargs, names)
    x = args[0]
    type = f.fast_type(x)
    single = type < 0 or array_NDIM(x) == 0
    if single:
        type = read_number(x, &number)
    if type < 0:
        if nargs == 1 and names == NULL and array_CheckExact(x):
            return f.in_any_layout(<object> x)
        return call_general(self, args, nargs, names)
    parameters = f.default_values[computed_in(type)]
    if nargs == 2:
        out = args[1]
    if names != NULL:
        for i in range(PyTuple_GET_SIZE(names)):
            name = PyTuple_GET_ITEM(names, i)
            if name == <PyObject*> OUT and nargs == 1:
                out = args[nargs + i]
            elif name == <PyObject*> BIAS:
                bias = args[nargs + i]
            else:
                if not given:
                    memcpy(values, f.defaults, sizeof(values))
                    given = True
                if not f.parameter(name, args[nargs + i], values):
                    return call_general(self, args, nargs, names)
        if given:
            if not f.in_order(values):
                return call_general(self, args, nargs, names)
            f.write(values, computed_in(type), buffer)
            parameters = buffer
    if single:
        if out != Py_None or bias != Py_None:
            return call_general(self, args, nargs, names)
        f.run(FORWARD, type, <char*> &number, NULL, <char*> &result_number, NULL, 1, parameters)
        return new_number(&result_number, type)
    if bias != Py_None and not f.fits(bias, x, type):
        return call_general(self, args, nargs, names)
    n = array_SIZE(x)
    nbytes = n * itemsize_of(type)
    if out == Py_None:
        result = new_like(x)
    elif writable_like(out, x, type, nbytes) and (bias == Py_None or apart_from_bias(out, bias, nbytes)):
        result = <object> out
    else:
        return call_general(self, args, nargs, names)
    cdef const char* p_x = array_BYTES(x)
    cdef char* p_y = array_BYTES(<PyObject*> result)
    cdef const char* p_bias
    if bias == Py_None:
        f.run(FORWARD, type, p_x, NULL, p_y, NULL, n, parameters)
    elif n:
        columns = array_DIMS(bias)[0]
        p_bias = array_BYTES(bias)
        f.run_rows(FORWARD, type, NULL, p_x, p_bias, p_y, n // columns, columns, parameters, NULL, NULL)
    return result


# ---------------------------------------------------------------------------------------------------------------------
# The fast path of the gated units: also through arrays of contiguous rows at equal distances, such as the halves of a packed one.

cdef struct Streams:
    int type, count  # arrays so far
    bint whole  # all of them are contiguous
    Py_ssize_t size, row_bytes, rows
    (char*)[MAX_STREAMS] at
    Py_ssize_t[MAX_STREAMS] step  # bytes from row to row


cdef inline Py_ssize_t row_step(PyObject* array, Py_ssize_t itemsize) noexcept:
    """Bytes from one contiguous row to the next of an array that is not contiguous; 0 if it has no such rows."""
    cdef int last = array_NDIM(array) - 1, k
    cdef const cnp.npy_intp* dims = array_DIMS(array)
    cdef const cnp.npy_intp* strides = array_STRIDES(array)
    if last < 1 or strides[last] != itemsize or strides[last - 1] < dims[last] * itemsize:
        return 0
    for k in range(last - 1):
        if strides[k] != strides[k + 1] * dims[k + 1]:
            return 0
    return strides[last - 1]


cdef bint add_stream(Streams* streams, PyObject* array) noexcept:
    """Take one more array of the type and shape of the first; False if the fast path cannot go through it."""
    cdef int k = streams.count, type = native_type(array)
    if type < 0 or type != streams.type:
        return False
    streams.at[k] = array_BYTES(array)
    streams.step[k] = streams.row_bytes
    if not array_CHKFLAGS(array, cnp.NPY_ARRAY_C_CONTIGUOUS):
        streams.step[k] = row_step(array, itemsize_of(type))
        if streams.step[k] == 0:
            return False
        streams.whole = False
    streams.count += 1
    return True


cdef bint take_inputs(Streams* streams, PyObject** inputs, int count) noexcept:
    """Take a call's inputs."""
    cdef Py_ssize_t columns
    cdef int k
    streams.type, streams.count, streams.whole = native_type(inputs[0]), 0, True
    if streams.type < 0 or array_NDIM(inputs[0]) == 0:
        return False
    columns = array_DIMS(inputs[0])[array_NDIM(inputs[0]) - 1]
    streams.size, streams.row_bytes = array_SIZE(inputs[0]), columns * itemsize_of(streams.type)
    streams.rows = streams.size // columns if streams.size else 0
    for k in range(count):
        if not add_stream(streams, inputs[k]) or (k > 0 and not same_shape(inputs[k], inputs[0])):
            return False
    return True


cdef inline bint streams_apart(const Streams* streams, int i, int j) noexcept:
    """Whether two of the arrays share no memory, as far as that is easy to see."""
    cdef Py_ssize_t last = streams.rows - 1, distance = streams.at[j] - streams.at[i], step = streams.step[i]
    if streams.size == 0 or apart(
        streams.at[i], last * step + streams.row_bytes, streams.at[j], last * streams.step[j] + streams.row_bytes
    ):
        return True
    if step != streams.step[j]:
        return False
    distance %= step  # by C's rules: towards zero
    if distance < 0:
        distance += step
    return streams.row_bytes <= distance <= step - streams.row_bytes


cdef bint add_output(Streams* streams, PyObject* out, PyObject* shaped, int inputs) noexcept:
    """Take an output that is an input itself or apart from all of them, and apart from the other output."""
    cdef int k, new = streams.count
    if not add_stream(streams, out) or not same_shape(out, shaped) or not array_CHKFLAGS(out, cnp.NPY_ARRAY_WRITEABLE):
        return False
    for k in range(new):
        if k < inputs and streams.at[k] == streams.at[new] and streams.step[k] == streams.step[new]:
            continue
        if not streams_apart(streams, k, new):
            return False
    return True


cdef void run_through(const Loop* loop, const Streams* streams) noexcept nogil:
    cdef Job job
    cdef Py_ssize_t itemsize = itemsize_of(streams.type)
    cdef int k
    job.loop = loop
    job.rows = 1 if streams.whole else streams.rows
    job.n = streams.size if streams.whole else streams.row_bytes // itemsize
    for k in range(streams.count):
        job.at[k], job.step[k], job.row_step[k] = streams.at[k], itemsize, streams.step[k]
    share_out(&job)


@cython.auto_pickle(False)
cdef class GatedPath(Vectorcall):
    """The part of a gated unit that has the loops at hand; mixed into `gated.Gated`, which takes what it leaves."""

    cdef (Loop*)[12] forward_loops, backward_loops  # by the type in memory

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <void*> call_gated

    def _attach(self, FastPath activation):
        """Take the loops of this activation."""
        cdef const fastact_table* table = activation.table
        cdef const fastact_row* row = activation.row
        entry = activation._entry
        for type, stored, computed in (
            (FLOAT32, "f", "f"), (FLOAT64, "d", "d"), (FLOAT16, "e", "f"), (BFLOAT16, BFLOAT16_CHAR, "f"),
        ):
            self.forward_loops[<int> type] = new_loop(table, row, entry, GATED_KIND, stored, computed, stored)
            self.backward_loops[<int> type] = new_loop(table, row, entry, GATED_BACKWARD_KIND, stored, computed, stored)

    cdef void run(self, const Loop* loop, const Streams* streams) noexcept:
        if streams.size < RELEASE_GIL:
            run_through(loop, streams)
        else:
            with nogil:
                run_through(loop, streams)

    def backward(self, dy, gate, value, out=(None, None), **unknown):
        cdef (PyObject*)[3] inputs
        cdef Streams streams
        cdef PyObject* shaped = <PyObject*> gate
        inputs[0], inputs[1], inputs[2] = <PyObject*> dy, shaped, <PyObject*> value
        if type_is_pair(out) and not unknown and take_inputs(&streams, inputs, 3) and self.backward_loops[streams.type] != NULL:
            dgate, dvalue = out
            if dgate is None:
                dgate = new_like(shaped)
            if dvalue is None:
                dvalue = new_like(shaped)
            if add_output(&streams, <PyObject*> dgate, shaped, 3) and add_output(&streams, <PyObject*> dvalue, shaped, 3):
                self.run(self.backward_loops[streams.type], &streams)
                return dgate, dvalue
        return super(GatedPath, self).backward(dy, gate, value, out, **unknown)


cdef object call_gated(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    """f(gate, value, out=None) as a vectorcall; anything unusual goes to `Gated.__call__`."""
    cdef GatedPath f = <GatedPath> self
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), named = PyTuple_GET_SIZE(names) if names != NULL else 0
    cdef PyObject* out = Py_None
    cdef Streams streams
    cdef bint usual = nargs == 2 and named == 0
    if (nargs == 3 and named == 0) or (nargs == 2 and named == 1 and PyTuple_GET_ITEM(names, 0) == <PyObject*> OUT):
        out, usual = args[2], True
    if usual and take_inputs(&streams, <PyObject**> args, 2) and f.forward_loops[streams.type] != NULL:
        result = new_like(args[0]) if out == Py_None else <object> out
        if add_output(&streams, <PyObject*> result, args[0], 2):
            f.run(f.forward_loops[streams.type], &streams)
            return result
    return call_general(self, args, nargs, names)
