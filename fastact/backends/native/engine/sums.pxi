# Rows with a bias, and sums by column: forward with a bias, and backward with the gradients of the bias or of a learnt parameter.
#
# The sums are formed in the order that `calls.sums.SumLayout` sets, which the shape alone decides. A chunk is a strip of the
# stretches of a block: it computes them tile by tile, adds them up, and folds the rows of that sum onto one another.

from fastact.calls.sums import LAYOUT

cdef Py_ssize_t SUM_VECTOR = LAYOUT.vector, SUM_STRETCH = LAYOUT.stretch, SUM_LONGEST = LAYOUT.longest
cdef Py_ssize_t SUM_BLOCKS = LAYOUT.blocks, SUM_SHORTEST_BLOCK = LAYOUT.shortest_block

cdef enum:
    TILE_ELEMENTS = 512  # of a tile. With sums half as many, so that reading and adding overlap
    STRIP = 2048  # elements of a strip of long rows: its sums, too, should stay in the first-level cache
    UNSUMMED = 16384  # elements of a chunk where no sums are formed
    ROUNDED = 64  # sums that are rounded at once
    MOST_LANES = 4096 + 16  # of a stretch or strip: at most `SUM_LONGEST`, and the elements ahead of it

cdef struct BiasJob:
    const fastact_table* table
    Kernel kernel  # nothing where only sums are wanted, of what stands in `out`
    Kernel kernel_by_parameter
    int type, computed, cost  # of the arrays, of the loops; LIGHT or HEAVY
    const char* dy
    const char* x
    const char* bias
    char* out
    const void* parameters
    bint array_parameter  # the parameter is an array to the loop
    Py_ssize_t rows, columns
    Py_ssize_t height, stretch  # rows and elements of a stretch
    Py_ssize_t block, blocks  # stretches of a block, and how many blocks there are
    Py_ssize_t strip, strips  # elements of a strip, and how many strips there are
    Py_ssize_t ahead  # elements before the first cache line, which the first strip takes, too
    bint streamed
    char* repeated_bias  # along a stretch, in the computed type
    void* dbias
    double* sums  # by block and column
    double* by_parameter  # by strip and block

# A thread's own tiles, and where it is
cdef struct BiasChunk:
    const BiasJob* job
    char* dy
    char* z  # x + bias
    char* bias
    char* dx
    const void* parameters
    double* lanes  # the sums of the strip
    double* lanes_by_parameter
    Py_ssize_t start, width  # elements of the strip, of each stretch
    Py_ssize_t ahead  # elements of its first tile, where that is a short one
    Py_ssize_t tile  # elements of the others


# ---- the layout -----------------------------------------------------------------------------------------------------

cdef void lay_out(BiasJob* job, Py_ssize_t rows, Py_ssize_t columns) noexcept nogil:
    """Stretches, blocks and strips. With sums, stretches and blocks are those of `SumLayout.lay_out`: the shape alone decides."""
    cdef Py_ssize_t fewest = SUM_VECTOR, stretches  # rows that fill whole vectors
    cdef bint summed = job.dbias != NULL or is_there(&job.kernel_by_parameter)
    while fewest > 1 and columns % (2 * SUM_VECTOR // fewest) == 0:
        fewest //= 2
    job.rows, job.columns, job.height, job.ahead = rows, columns, 1, 0
    if 0 < columns * fewest <= SUM_LONGEST:
        job.height = max(1, min(rows, fewest * max(1, SUM_STRETCH // (columns * fewest))))
    job.stretch = columns * job.height
    stretches = (rows + job.height - 1) // job.height
    if summed:
        job.block = max(SUM_SHORTEST_BLOCK, (stretches + SUM_BLOCKS - 1) // SUM_BLOCKS)
        job.strip = min(job.stretch, STRIP) if job.height == 1 else job.stretch
        if not is_there(&job.kernel_by_parameter):
            job.ahead = elements_ahead(job)
    else:
        job.block, job.strip = max(1, UNSUMMED // job.stretch), min(job.stretch, UNSUMMED)
    job.strips = max(1, (job.stretch - job.ahead + job.strip - 1) // job.strip)
    job.blocks = (stretches + job.block - 1) // job.block


cdef inline Py_ssize_t elements_ahead(const BiasJob* job) noexcept nogil:
    """How many elements of a row stand before its first whole cache line. They get a tile of their own.

    NumPy's large arrays begin within a line, and what is stored across two lines is slow to read back for the sums. In short rows
    one more tile costs more than that.
    """
    cdef Py_ssize_t itemsize = itemsize_of(job.type)
    if job.type != job.computed or job.columns < STRIP or job.columns * itemsize % LINE:
        return 0
    return bytes_to_line(job.out) // itemsize


cdef void repeat_bias(const BiasJob* job) noexcept nogil:
    """Fill a stretch with the bias, in the type that the loops compute in."""
    way_in(job.table, job.type, job.computed)(job.bias, itemsize_of(job.type), job.repeated_bias, job.columns)
    repeat(job.repeated_bias, job.columns * itemsize_of(job.computed), job.height)


# ---- one tile -------------------------------------------------------------------------------------------------------

cdef inline const char* compute_tile(const BiasChunk* chunk, Py_ssize_t first, Py_ssize_t along, Py_ssize_t n) noexcept nogil:
    """Compute n elements from `first` on, which is at `along` in its stretch; return where they are in the computed type."""
    cdef const BiasJob* job = chunk.job
    cdef Py_ssize_t at = first * itemsize_of(job.type)
    cdef char* out = job.out + at
    cdef char* result = chunk.dx if job.type != job.computed or job.streamed else out
    cdef const char* dy = NULL
    cdef const char* z
    if not is_there(&job.kernel):
        if job.type != job.computed:
            way_in(job.table, job.type, job.computed)(out, itemsize_of(job.type), result, n)
        return result
    z = fetch(job, job.x + at, chunk.z, n)
    if job.dy != NULL:
        dy = fetch(job, job.dy + at, chunk.dy, n)
    if job.bias != NULL:
        job.table.add[job.computed](z, bias_along(chunk, along, n), chunk.z, n)
        z = chunk.z
    if is_there(&job.kernel_by_parameter):  # before dx, which may be in place of dy
        run_kernel(&job.kernel_by_parameter, dy, z, chunk.dx, NULL, n, chunk.parameters)
        job.table.accumulate[job.computed](chunk.dx, chunk.lanes_by_parameter, n)
    if dy == NULL:
        run_kernel(&job.kernel, z, NULL, result, NULL, n, chunk.parameters)
    else:
        run_kernel(&job.kernel, dy, z, result, NULL, n, chunk.parameters)
    put_result(chunk, result, out, n)
    return result


cdef inline const char* fetch(const BiasJob* job, const char* source, char* tile, Py_ssize_t n) noexcept nogil:
    """Return where n elements of an input are in the computed type: in their array, or converted in a tile."""
    if job.streamed:
        fastact_prefetch(source + 2 * STREAM_TILE, n * itemsize_of(job.type))
    if job.type == job.computed:
        return source
    way_in(job.table, job.type, job.computed)(source, itemsize_of(job.type), tile, n)
    return tile


cdef inline const char* bias_along(const BiasChunk* chunk, Py_ssize_t along, Py_ssize_t n) noexcept nogil:
    """Return where the bias of n elements is in the computed type."""
    cdef const BiasJob* job = chunk.job
    cdef const char* bias = job.bias + along * itemsize_of(job.type)
    if job.height > 1:
        return job.repeated_bias + along * itemsize_of(job.computed)
    if job.type == job.computed:
        return bias
    way_in(job.table, job.type, job.computed)(bias, itemsize_of(job.type), chunk.bias, n)
    return chunk.bias


cdef inline void put_result(const BiasChunk* chunk, char* result, char* out, Py_ssize_t n) noexcept nogil:
    """Store a tile of results, unless it was computed in `out`. What is rounded there is summed as it is then."""
    cdef const BiasJob* job = chunk.job
    cdef Py_ssize_t itemsize = itemsize_of(job.type)
    cdef char* stored = result
    if job.type != job.computed:
        stored = chunk.dy if job.streamed else out
        way_out(job.table, job.type, job.computed)(result, stored, itemsize, n)
        if job.dbias != NULL:
            way_in(job.table, job.type, job.computed)(stored, itemsize, result, n)
    if job.streamed:
        job.table.stream(stored, out, n * itemsize)


# ---- one chunk ------------------------------------------------------------------------------------------------------

cdef void run_bias_chunk(const void* data, Py_ssize_t number, int worker) noexcept nogil:
    """One strip of the stretches of one block, and its sums, on any thread of the team: its stack is the nearest memory."""
    cdef char[6 * TILE + MOST_LANES * 8 + 2 * LINE] tiles
    run_strip(<const BiasJob*> data, number, first_line(tiles))


cdef void run_strip(const BiasJob* job, Py_ssize_t number, char* memory) noexcept nogil:
    """One strip of the stretches of one block, and its sums."""
    cdef BiasChunk chunk
    cdef Py_ssize_t strip = number // job.blocks, block = number % job.blocks
    cdef Py_ssize_t stretches = (job.rows + job.height - 1) // job.height, stretch
    chunk.job = job
    take_strip(&chunk, strip)
    take_tiles(&chunk, memory, <double*> (memory + 6 * TILE))
    for stretch in range(block * job.block, min((block + 1) * job.block, stretches)):
        run_stretch(&chunk, stretch)
    if job.streamed:
        fastact_streamed()
    if job.dbias != NULL:
        keep_sums(&chunk, block)
    if is_there(&job.kernel_by_parameter):
        fold(job.table, chunk.lanes_by_parameter, TILE_ELEMENTS, 1)
        job.by_parameter[number] = chunk.lanes_by_parameter[0]


cdef inline void take_strip(BiasChunk* chunk, Py_ssize_t strip) noexcept nogil:
    """Which elements of each stretch a chunk has, and how many go into a tile."""
    cdef const BiasJob* job = chunk.job
    cdef bint summed = job.dbias != NULL or is_there(&job.kernel_by_parameter)
    cdef Py_ssize_t most = TILE_ELEMENTS // 2 if summed or job.streamed else TILE_ELEMENTS
    cdef Py_ssize_t tiles = (job.strip + most - 1) // most
    chunk.tile = ((job.strip + tiles - 1) // tiles + 15) & -16  # all alike, and whole vectors
    chunk.ahead = job.ahead if strip == 0 else 0
    chunk.start = strip * job.strip + (0 if strip == 0 else job.ahead)
    chunk.width = min(job.strip + chunk.ahead, job.stretch - chunk.start)


cdef inline void take_tiles(BiasChunk* chunk, char* memory, double* lanes) noexcept nogil:
    """A chunk's tiles, of whole cache lines, and its sums, which begin at 0."""
    cdef const BiasJob* job = chunk.job
    cdef char* spread = memory + 5 * TILE
    chunk.dy, chunk.z, chunk.bias, chunk.dx = memory, memory + TILE, memory + 2 * TILE, memory + 3 * TILE
    chunk.lanes_by_parameter, chunk.lanes, chunk.parameters = <double*> (memory + 4 * TILE), lanes, job.parameters
    if job.array_parameter:
        memcpy(spread, job.parameters, itemsize_of(job.computed))
        repeat(spread, itemsize_of(job.computed), chunk.tile)
        chunk.parameters = spread
    if is_there(&job.kernel_by_parameter):
        memset(chunk.lanes_by_parameter, 0, TILE)
    if job.dbias != NULL:
        chunk.lanes += -chunk.ahead & 7  # so that the sums of aligned elements are aligned
        memset(chunk.lanes, 0, chunk.width * sizeof(double))


cdef inline void run_stretch(const BiasChunk* chunk, Py_ssize_t stretch) noexcept nogil:
    """Compute a chunk's strip of one stretch, and add it to the sums."""
    cdef const BiasJob* job = chunk.job
    cdef Py_ssize_t first = stretch * job.stretch, along = chunk.start, n
    cdef Py_ssize_t end = min(chunk.start + chunk.width, job.rows * job.columns - first)
    cdef const char* dx
    while along < end:
        n = min(chunk.ahead if along < chunk.ahead else chunk.tile, end - along)
        dx = compute_tile(chunk, first + along, along, n)
        if job.dbias != NULL:
            job.table.accumulate[job.computed](dx, chunk.lanes + along - chunk.start, n)
        along += n


cdef inline void keep_sums(const BiasChunk* chunk, Py_ssize_t block) noexcept nogil:
    """Fold the rows of a strip's sums, and keep them for their block, or as the result where there is only one block."""
    cdef const BiasJob* job = chunk.job
    cdef Py_ssize_t columns = chunk.width // job.height
    fold(job.table, chunk.lanes, job.height, columns)
    if job.blocks == 1:
        write_sums(job, chunk.lanes, chunk.start, columns)
    else:
        memcpy(job.sums + block * job.columns + chunk.start, chunk.lanes, columns * sizeof(double))


cdef void fold(const fastact_table* table, double* lanes, Py_ssize_t rows, Py_ssize_t columns) noexcept nogil:
    """Add rows of lanes up into the first, the upper half onto the lower."""
    cdef Py_ssize_t half
    while rows > 1:
        half = (rows + 1) // 2
        table.accumulate[<int> FLOAT64](lanes + half * columns, lanes, (rows - half) * columns)
        rows = half


cdef void write_sums(const BiasJob* job, const double* sums, Py_ssize_t first, Py_ssize_t n) noexcept nogil:
    """Round n columns' sums to dbias. At -O2 GCC has vectors only for a known number of elements that overlap no others."""
    cdef Py_ssize_t i = 0, k
    cdef float[ROUNDED] rounded
    if job.type != FLOAT32:
        memcpy(<double*> job.dbias + first, sums, n * sizeof(double))
        return
    while i + ROUNDED <= n:
        for k in range(ROUNDED):
            rounded[k] = <float> sums[i + k]
        memcpy(<float*> job.dbias + first + i, rounded, sizeof(rounded))
        i += ROUNDED
    for k in range(i, n):
        (<float*> job.dbias)[first + k] = <float> sums[k]


# ---- the whole job --------------------------------------------------------------------------------------------------

cdef void run_bias_job(BiasJob* job, double* by_parameter) noexcept nogil:
    """All chunks, on several threads where that is worth it; then the blocks' sums are added up in order."""
    cdef Py_ssize_t elements = job.rows * job.columns * (2 + (job.dy != NULL))
    cdef int threads = threads_worth(elements * itemsize_of(job.computed) * job.cost, grain)
    cdef fastact_flags flags = fastact_save_flags()
    job.streamed = (
        is_there(&job.kernel) and job.table.stream != NULL and job.out != job.x and job.out != job.dy
        and beyond_caches(elements * itemsize_of(job.type), threads, job.cost)
    )
    if job.repeated_bias != NULL:
        repeat_bias(job)
    run_chunks(run_bias_chunk, job, job.strips * job.blocks, threads)
    if job.dbias != NULL and job.blocks > 1:
        add_blocks(job)
    if by_parameter != NULL:
        by_parameter[0] = sum_in_order(job.by_parameter, job.strips * job.blocks)
    fastact_restore_flags(flags)


cdef void add_blocks(const BiasJob* job) noexcept nogil:
    """Add the blocks' sums up in order, into the row behind them."""
    cdef double* totals = job.sums + job.blocks * job.columns
    cdef Py_ssize_t block
    memset(totals, 0, job.columns * sizeof(double))
    for block in range(job.blocks):
        job.table.accumulate[<int> FLOAT64](job.sums + block * job.columns, totals, job.columns)
    write_sums(job, totals, 0, job.columns)


cdef double sum_in_order(const double* numbers, Py_ssize_t n) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(n):
        total += numbers[i]
    return total


cdef int run_with_memory(BiasJob* job, Py_ssize_t rows, Py_ssize_t columns, double* by_parameter) except -1:
    """Lay a job out, and run it with the memory that it needs besides its arrays."""
    cdef Py_ssize_t sums = 0, repeated = 0
    cdef char* memory
    lay_out(job, rows, columns)
    if job.dbias != NULL and job.blocks > 1:
        sums = columns * (job.blocks + 1)
    if job.bias != NULL and job.height > 1:
        repeated = job.stretch * itemsize_of(job.computed)
    memory = <char*> PyMem_Malloc(repeated + (sums + job.strips * job.blocks) * sizeof(double) + LINE)
    if memory == NULL:
        raise MemoryError()
    job.sums = <double*> first_line(memory)
    job.by_parameter = job.sums + sums
    if repeated:
        job.repeated_bias = <char*> (job.by_parameter + job.strips * job.blocks)
    if rows * columns < RELEASE_GIL:
        run_bias_job(job, by_parameter)
    else:
        with nogil:
            run_bias_job(job, by_parameter)
    PyMem_Free(memory)
    return 0
