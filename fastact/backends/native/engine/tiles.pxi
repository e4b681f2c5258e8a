# Takes operands of any layout and type through a loop over contiguous elements, tile by tile: loads, converts or adds the bias
# into a tile, runs the loop, stores or converts out of a tile. What the loop can read or write where it is needs no tile.

cdef enum:
    TILE = 4096  # bytes of a tile: five of them fit in any first-level cache
    TILE_DOUBLES = 512  # of a tile
    AGAIN = 64  # results computed again at a time
    FEW = 256  # elements: below, an array parameter that is one number is repeated on the stack, without a job
    STREAM_TILE = 1024  # bytes of a streamed tile. One tile is stored while the next is computed; input is fetched two ahead
    ALIGN_FROM = 32768  # bytes: from here on a loop is called twice, the second time from where the output is aligned
    MAX_TILED = 5 + MAX_PARAMETERS  # operands that may go through tiles: dy, x, a bias, arrays of parameters, one or two outputs
    MAX_OPERANDS = 3 + MAX_PARAMETERS + 2
    TILES = (MAX_TILED + 1) * TILE + LINE  # bytes of an inner loop's tiles

# A loop, and the ways between memory and it
cdef struct Loop:
    Kernel run
    fastact_loop careful  # of float32 computed in float64: the loop for results whose rounding is in doubt; NULL: there are none
    fastact_add add  # a bias to the input; NULL without bias
    fastact_load load  # of every array operand
    fastact_load load_parameter  # of a parameter that is an array, or the value of a gated unit
    fastact_store store
    bint converts  # memory holds another type than the loop computes in
    bint converts_parameter
    bint stores_converted
    int operands  # array operands without the bias: x, or dy and x
    int parameters
    int arrays  # bit k: parameter k is an array. A gated unit's value is one in the place of its only parameter
    int outputs
    Py_ssize_t itemsize, stored_size  # of the computed type, of the outputs in memory
    Py_ssize_t number_size  # of a parameter that is a number
    int cost  # LIGHT or HEAVY
    const fastact_table* table

# An operand on its way through an inner loop
cdef struct TiledOperand:
    char* at
    Py_ssize_t stride  # bytes from element to element
    bint direct  # the loop takes it where it is
    fastact_load load
    char* tile
    void* now  # where the loop finds the elements of this tile

cdef struct InnerLoop:
    const Loop* loop
    TiledOperand[MAX_TILED] operand  # the inputs, a bias last; parameters that are arrays; the outputs
    int bias  # which one; -1 where there is none
    int[MAX_PARAMETERS] parameter  # which ones; -1 for numbers
    (const void*)[MAX_PARAMETERS] parameters  # where they are for this tile
    int first_output, count
    char[PARAMETER_BYTES] scalars  # the parameters, where they are numbers
    char* rounded  # a tile for an output that is converted, then streamed
    Py_ssize_t n
    Py_ssize_t first, tile  # elements of the first tile, and of the others
    bint streamed


# ---- how an array's type meets a loop's -----------------------------------------------------------------------------

cdef void set_ways(
    Loop* loop, const fastact_table* table, int stored, int computed, bint converts_parameter, bint bools
) noexcept nogil:
    """Set the ways in and out between memory of one type and a loop that computes in another."""
    loop.table = table
    loop.itemsize = loop.stored_size = loop.number_size = itemsize_of(computed)
    loop.converts, loop.stores_converted, loop.converts_parameter = stored != computed, False, converts_parameter
    loop.load, loop.store = table.load[computed], table.store[computed]
    if loop.converts:
        loop.load = way_in(table, stored, computed)
        if is_half(stored) or stored == FLOAT32:
            loop.store, loop.stores_converted = way_out(table, stored, computed), True
            loop.stored_size = itemsize_of(stored)
    if bools:
        loop.converts = True
        loop.load = load_bool if computed == UINT8 else load_bool_as_double
        if computed == UINT8:
            loop.store, loop.stores_converted = store_bool, True
    loop.load_parameter = loop.load if converts_parameter else table.load[computed]


# ---- one inner loop -------------------------------------------------------------------------------------------------

cdef void run_tiles(
    const Loop* loop, char** pointers, const cnp.npy_intp* strides, Py_ssize_t n, bint streamed, char* tiles
) noexcept nogil:
    """One inner loop: pointers and strides of operands, bias, parameters, outputs. Scalar parameters are constant along it. There
    is room for `TILES` bytes at `tiles`.
    """
    cdef InnerLoop inner
    cdef TiledOperand* operand = inner.operand
    cdef TiledOperand* out
    cdef Py_ssize_t start = 0, m
    inner.loop, inner.n, inner.streamed = loop, n, streamed
    take_operands(&inner, pointers, strides, first_line(tiles))
    choose_tile(&inner)
    out = operand + inner.first_output
    while start < n:
        m = min(inner.first if start == 0 else inner.tile, n - start)
        bring_in(&inner, start, m)
        run_kernel(
            &loop.run, operand[0].now, operand[1].now if loop.operands == 2 else NULL, out.now,
            out[1].now if loop.outputs == 2 else NULL, m, parameters_of_tile(&inner),
        )
        if loop.careful != NULL:
            make_sure(&inner, m)
        put_out(&inner, start, m)
        start += m
    if streamed:
        fastact_streamed()


cdef inline void take_operand(
    InnerLoop* inner, char* at, Py_ssize_t stride, bint converted, fastact_load load, char* tiles
) noexcept nogil:
    """Take one more operand; an output has no load."""
    cdef TiledOperand* operand = inner.operand + inner.count
    operand.at, operand.stride, operand.load, operand.tile = at, stride, load, tiles + inner.count * TILE
    operand.direct = (
        not converted and (stride == inner.loop.itemsize or inner.n == 1) and not (inner.streamed and load == NULL)
    )
    inner.count += 1


cdef inline void take_operands(InnerLoop* inner, char** pointers, const cnp.npy_intp* strides, char* tiles) noexcept nogil:
    """Which operands there are, and where each is worked on."""
    cdef const Loop* loop = inner.loop
    cdef int inputs = loop.operands + (loop.add != NULL), k
    inner.count, inner.bias = 0, inputs - 1 if loop.add != NULL else -1
    inner.rounded = tiles + MAX_TILED * TILE
    for k in range(inputs):
        take_operand(inner, pointers[k], strides[k], loop.converts, loop.load, tiles)
    for k in range(loop.parameters):
        inner.parameter[k] = -1
        if loop.arrays >> k & 1:
            inner.parameter[k] = inner.count
            take_operand(inner, pointers[inputs + k], strides[inputs + k], loop.converts_parameter, loop.load_parameter, tiles)
        else:
            memcpy(inner.scalars + k * loop.number_size, pointers[inputs + k], loop.number_size)
    inner.first_output = inner.count
    for k in range(inputs + loop.parameters, inputs + loop.parameters + loop.outputs):
        take_operand(inner, pointers[k], strides[k], loop.stores_converted, NULL, tiles)


cdef inline const void* parameters_of_tile(InnerLoop* inner) noexcept nogil:
    """The parameters as the kernel takes them: numbers side by side, or an array, or pointers to all."""
    cdef const Loop* loop = inner.loop
    cdef int k
    if not loop.arrays:
        return inner.scalars
    if loop.run.loop != NULL:
        return inner.operand[inner.parameter[0]].now
    for k in range(loop.parameters):
        if inner.parameter[k] >= 0:
            inner.parameters[k] = inner.operand[inner.parameter[k]].now
        else:
            inner.parameters[k] = inner.scalars + k * loop.number_size
    return inner.parameters


cdef inline void choose_tile(InnerLoop* inner) noexcept nogil:
    """How many elements a tile has: all of them where no operand needs one. The first may be short, so that no later one is
    stored across two cache lines.
    """
    cdef const Loop* loop = inner.loop
    cdef bint tiled = loop.add != NULL
    cdef Py_ssize_t before
    cdef int k
    for k in range(inner.count):
        tiled = tiled or not inner.operand[k].direct
    inner.tile = inner.n
    if inner.streamed:
        inner.tile = STREAM_TILE // loop.itemsize
    elif tiled:
        inner.tile = TILE // loop.itemsize
    inner.first = inner.tile
    if inner.streamed or (not tiled and inner.n * loop.itemsize >= ALIGN_FROM):
        before = bytes_to_line(inner.operand[inner.first_output].at) // loop.stored_size
        if before > 0:
            inner.first = before


cdef inline void bring_in(InnerLoop* inner, Py_ssize_t start, Py_ssize_t m) noexcept nogil:
    """Have the inputs of the next m elements where the loop can read them, and choose where it writes."""
    cdef const Loop* loop = inner.loop
    cdef TiledOperand* operand
    cdef TiledOperand* x
    cdef int k
    for k in range(inner.count):
        operand = inner.operand + k
        if operand.direct:
            operand.now = operand.at + start * loop.itemsize
            if inner.streamed:
                fastact_prefetch(<char*> operand.now + 2 * STREAM_TILE, STREAM_TILE)
            continue
        operand.now = operand.tile
        if operand.load == NULL:
            continue
        if operand.stride != 0:
            operand.load(operand.at + start * operand.stride, operand.stride, operand.tile, m)
        elif start == 0 or k == inner.bias:  # a constant is loaded once; a bias each time, because its tile takes the sum
            operand.load(operand.at, 0, operand.tile, 1)
            repeat(operand.tile, loop.itemsize, min(inner.tile, inner.n))
    if inner.bias >= 0:
        operand, x = inner.operand + inner.bias, inner.operand + inner.bias - 1
        loop.add(x.now, operand.now, operand.tile, m)
        x.now = operand.tile


cdef inline void make_sure(InnerLoop* inner, Py_ssize_t m) noexcept nogil:
    """Compute those results in a tile again, by the careful loop, which are so near a midpoint that it decides their rounding.

    All others are rounded as the careful loop's would be. So results are those of the careful loop, whatever ran before.
    """
    cdef Py_ssize_t[TILE_DOUBLES] places
    cdef Py_ssize_t found, start
    cdef int k
    for k in range(inner.loop.outputs):
        found = inner.loop.table.find_unsure(<const double*> inner.operand[inner.first_output + k].now, m, places)
        start = 0
        while start < found:
            compute_again(inner, places + start, min(found - start, <Py_ssize_t> AGAIN))
            start += AGAIN


cdef inline const void* gathered(const void* source, const Py_ssize_t* places, Py_ssize_t n, double* target) noexcept nogil:
    """Those of some doubles that stand at these places, side by side."""
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = (<const double*> source)[places[i]]
    return target


cdef void compute_again(InnerLoop* inner, const Py_ssize_t* places, Py_ssize_t n) noexcept nogil:
    """Compute the results at some places of a tile, at most AGAIN, by the careful loop."""
    cdef const Loop* loop = inner.loop
    cdef TiledOperand* operand = inner.operand
    cdef TiledOperand* out = operand + inner.first_output
    cdef const void* parameters = parameters_of_tile(inner)
    cdef double[AGAIN] first, second, array
    cdef double[2][AGAIN] results
    cdef Py_ssize_t i
    cdef int k
    loop.careful(
        gathered(operand[0].now, places, n, first), gathered(operand[1].now, places, n, second) if loop.operands == 2 else NULL,
        results[0], results[1], n, gathered(parameters, places, n, array) if loop.arrays else parameters,
    )
    for k in range(loop.outputs):
        for i in range(n):
            (<double*> out[k].now)[places[i]] = results[k][i]


cdef inline void put_out(InnerLoop* inner, Py_ssize_t start, Py_ssize_t m) noexcept nogil:
    """Store what the loop left in tiles."""
    cdef const Loop* loop = inner.loop
    cdef TiledOperand* out
    cdef char* target
    cdef int k
    for k in range(inner.first_output, inner.count):
        out = inner.operand + k
        if out.direct:
            continue
        target = out.at + start * out.stride
        if not inner.streamed:
            loop.store(out.now, target, out.stride, m)
            continue
        if loop.stores_converted:
            loop.store(out.now, inner.rounded, loop.stored_size, m)
            out.now = inner.rounded
        loop.table.stream(out.now, target, m * loop.stored_size)


cdef inline void repeat(char* at, Py_ssize_t nbytes, Py_ssize_t n) noexcept nogil:
    """Write what stands at the beginning n times in all."""
    cdef Py_ssize_t done = 1
    while done < n:
        memcpy(at + done * nbytes, at, min(done, n - done) * nbytes)
        done *= 2


# ---- an inner loop, or many of equal length, shared out -------------------------------------------------------------

cdef struct LoopJob:
    const Loop* loop
    (char*)[MAX_OPERANDS] at  # as `run_tiles` takes them
    cnp.npy_intp[MAX_OPERANDS] stride, row_stride  # bytes from element to element, and from row to row
    Py_ssize_t rows, n  # how many rows, and the elements of each
    Py_ssize_t chunk  # rows of a chunk, or elements of the only row's
    Py_ssize_t first  # of the only row: elements before the first cache line of the output, which the first chunk takes, too
    bint streamed


cdef void run_loop_chunk(const void* data, Py_ssize_t chunk, int worker) noexcept nogil:
    """Some of the rows, or of the only row's elements, on any thread of the team: its stack is the nearest memory."""
    cdef const LoopJob* job = <const LoopJob*> data
    cdef char[TILES] tiles
    cdef int total = job.loop.operands + (job.loop.add != NULL) + job.loop.parameters + job.loop.outputs, k
    cdef Py_ssize_t start = chunk * job.chunk + (job.first if chunk else 0), end = (chunk + 1) * job.chunk + job.first, row
    cdef (char*)[MAX_OPERANDS] at
    if job.rows == 1:
        for k in range(total):
            at[k] = job.at[k] + start * job.stride[k]
        run_tiles(job.loop, at, job.stride, min(end, job.n) - start, job.streamed, tiles)
        return
    for row in range(start, min(end, job.rows)):
        for k in range(total):
            at[k] = job.at[k] + row * job.row_stride[k]
        run_tiles(job.loop, at, job.stride, job.n, job.streamed, tiles)


cdef void run_loop_job(LoopJob* job) noexcept nogil:
    """Run a job, on several threads where that is worth it."""
    cdef const Loop* loop = job.loop
    cdef Py_ssize_t work = job.rows * job.n * loop.itemsize * (loop.operands + loop.outputs) * loop.cost, chunks
    cdef int threads = threads_worth(work, grain)
    job.streamed = worth_streaming(job, threads)
    job.chunk, job.first = job.n if job.rows == 1 else job.rows, 0
    chunks = split_job(job, chunks_worth(work, grain, threads)) if threads > 1 else 1
    run_chunks(run_loop_chunk, job, chunks, threads)


cdef Py_ssize_t split_job(LoopJob* job, Py_ssize_t chunks) noexcept nogil:
    """Split a job into about so many chunks; return how many there are. No two threads write to one cache line of a row."""
    cdef const Loop* loop = job.loop
    cdef Py_ssize_t count = job.chunk
    cdef int out = loop.operands + (loop.add != NULL) + loop.parameters
    job.chunk = (count + chunks - 1) // chunks
    if job.rows == 1:
        job.chunk = (job.chunk + LINE - 1) & -LINE  # so many elements fill whole lines, whatever their type
        job.first = min(count, bytes_to_line(job.at[out]) // loop.stored_size)
    return max(<Py_ssize_t> 1, (count - job.first + job.chunk - 1) // job.chunk)


cdef bint worth_streaming(const LoopJob* job, int threads) noexcept nogil:
    """Whether input and output are larger than the caches, the outputs contiguous, and none of them in the place of an input."""
    cdef const Loop* loop = job.loop
    cdef int inputs = loop.operands + (loop.add != NULL) + loop.parameters, k, i
    if (
        loop.table.stream == NULL or (job.rows > 1 and job.n * loop.stored_size < TILE)
        or not beyond_caches(job.rows * job.n * loop.stored_size * (loop.operands + loop.outputs), threads, loop.cost)
    ):
        return False
    for k in range(inputs, inputs + loop.outputs):
        if job.stride[k] != loop.stored_size:
            return False
        for i in range(inputs):
            if job.at[i] == job.at[k]:
                return False
    return True


# ---- contiguous arrays ----------------------------------------------------------------------------------------------

cdef void run_on_arrays(
    const Loop* loop, const char* a, const char* b, char* out1, char* out2, Py_ssize_t n, const void* parameters
) noexcept nogil:
    """A loop over n elements of contiguous arrays as a job. Operands are as in table.h, and each parameter is one number."""
    cdef LoopJob job
    cdef int k
    job.loop, job.rows, job.n = loop, 1, n
    job.at[0], job.at[1] = <char*> a, <char*> b
    job.stride[0] = job.stride[1] = loop.stored_size
    for k in range(loop.operands, loop.operands + loop.parameters):
        job.at[k], job.stride[k] = <char*> parameters + (k - loop.operands) * loop.number_size, 0
    k = loop.operands + loop.parameters
    job.at[k], job.at[k + 1] = out1, out2
    job.stride[k] = job.stride[k + 1] = loop.stored_size
    run_loop_job(&job)


cdef inline void fill_with(void* array, const char* number, Py_ssize_t itemsize, Py_ssize_t n) noexcept nogil:
    """Write a number of 4 or 8 bytes n times."""
    cdef uint32_t narrow
    cdef uint64_t wide
    cdef Py_ssize_t i
    if itemsize == 4:
        memcpy(&narrow, number, 4)
        for i in range(n):
            (<uint32_t*> array)[i] = narrow
    else:
        memcpy(&wide, number, 8)
        for i in range(n):
            (<uint64_t*> array)[i] = wide
