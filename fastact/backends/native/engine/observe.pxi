# What a monitor needs of the engine: calls are handed to it while one is on, and what it counts of results is counted here.
# fastact/calls/watching.py says what is done with both.

cdef extern from "observe.h" nogil:
    enum:
        OBSERVED_TILE
    ctypedef struct fastact_observed:
        Py_ssize_t elements, nans, infinities, zeros, low, high
        double mean, deviations
        Py_ssize_t gradients, vanished
    ctypedef struct fastact_observers:
        (void (*)(const void*, Py_ssize_t, double, double, fastact_observed*) noexcept nogil)[2] outputs
        (void (*)(const void*, const void*, Py_ssize_t, fastact_observed*) noexcept nogil)[2] gradients
        (void (*)(const void*, Py_ssize_t, fastact_observed*) noexcept nogil)[2] derivatives
        void (*unite)(void*, const void*, Py_ssize_t) noexcept nogil
    const fastact_observers fastact_observers_any, fastact_observers_avx2, fastact_observers_avx512
    void fastact_settle(fastact_observed*)
    void fastact_add_observed(fastact_observed*, const fastact_observed*)

cdef extern from *:
    """
    #if defined(_MSC_VER)
    static __declspec(thread) int fastact_being_watched;
    static __declspec(thread) void *fastact_meanwhile;
    #else
    static _Thread_local int fastact_being_watched;
    static _Thread_local void *fastact_meanwhile;
    #endif
    """
    void* fastact_meanwhile
    int being_watched "fastact_being_watched"  # on this thread: the call goes its usual way, and so do those that it makes itself

cdef enum:
    CONVERTED_TILE = 2048  # elements of 16-bit types
    OBSERVED_CHUNK = 65536  # elements that one thread takes, always as many: the sums don't depend on the threads
    LEAST_UNITED = 1024  # bytes: shorter rows are united several at a time

# What a forward call counts of its results while they are in the cache
cdef struct Meanwhile:
    double low, high
    const char* at  # the results; NULL until they were counted
    fastact_observed seen

cdef bint watched = False
cdef object watch, tell, default_ends  # functions of `fastact.calls.watching`, once there was a monitor
cdef list watchers  # and its list of those who are told


# ---- calls that are watched -----------------------------------------------------------------------------------------

def set_watch(watching):
    """Have the functions of `fastact.calls.watching` make all calls of activations and gated units, or, with None, none."""
    global watched, watch, tell, default_ends, watchers
    if watching is not None:
        watch, tell, default_ends, watchers = watching.watch, watching.tell, watching.default_ends, watching.watchers
    watched = watching is not None


cdef inline bint is_watched() noexcept:
    """Whether a call is to be handed over."""
    return watched and not being_watched


cdef inline bint is_special() noexcept:
    """Whether there is more to ask than usual: a precision was chosen, or a monitor is on."""
    return precision_chosen or watched


cdef object call_watched(str kind, function, call, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
    """Hand a call of a function over, to be made by `call`."""
    cdef tuple given = tuple([<object> args[i] for i in range(nargs)])
    cdef dict named = {}
    cdef Py_ssize_t i
    if names != NULL:
        for i in range(PyTuple_GET_SIZE(names)):
            named[<object> PyTuple_GET_ITEM(names, i)] = <object> args[nargs + i]
    return watch(function, kind, given, named, call, run_watched)


cdef object call_watched_method(str kind, method, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
    """The same of a method, whose first argument is the function."""
    cdef object function = <object> args[0]
    return call_watched(kind, function, MethodType(method, function), args + 1, nargs - 1, names)


cdef inline void set_meanwhile(void* meanwhile) noexcept:
    global fastact_meanwhile
    fastact_meanwhile = meanwhile


def run_watched(call, given, named, double low=NAN, double high=NAN):
    """Make the call. The pair of its result and what was counted of it meanwhile, as by `observe`; None where nothing was."""
    cdef Meanwhile meanwhile
    cdef void* outer = begin_watched(&meanwhile, low, high)
    try:
        result = call(*given, **named)
    finally:
        end_watched(outer)
    return result, counted_of(&meanwhile, result)


cdef inline void* begin_watched(Meanwhile* meanwhile, double low, double high) noexcept:
    """From here on this thread's calls go their usual way, and the first forward call is counted; what was before."""
    global being_watched
    cdef void* outer = fastact_meanwhile
    meanwhile.low, meanwhile.high, meanwhile.at = low, high, NULL
    set_meanwhile(meanwhile)
    being_watched += 1
    return outer


cdef inline void end_watched(void* outer) noexcept:
    global being_watched
    being_watched -= 1
    set_meanwhile(outer)


cdef inline object counted_of(const Meanwhile* meanwhile, result):
    """What was counted, if it is of this result."""
    cdef PyObject* p_result = <PyObject*> result
    if (
        meanwhile.at != NULL and array_CheckExact(p_result) and array_BYTES(p_result) == meanwhile.at
        and array_SIZE(p_result) == meanwhile.seen.elements
    ):
        return numbers_of(&meanwhile.seen)
    return None


# ---- what is counted ------------------------------------------------------------------------------------------------

cdef struct ObserveJob:
    const fastact_observers* observers
    fastact_load load  # of 16-bit types; NULL for others
    Kernel kernel  # computes y from x first; nothing where y is there
    const char* x
    const void* parameters
    const char* y  # y, dx or a derivative
    const char* dy  # for dx; else NULL
    bint derivative
    int computed
    Py_ssize_t itemsize, n
    double low, high
    fastact_observed* parts  # of each chunk


cdef const fastact_observers* observers_of(str backend):
    """The functions in the vectors of this backend, which are what the processor has."""
    if backend == "avx512":
        return &fastact_observers_avx512
    return &fastact_observers_avx2 if backend == "avx2" else &fastact_observers_any


cdef void observe_chunk(const void* data, Py_ssize_t chunk, int worker) noexcept nogil:
    """Count a chunk, tile by tile; compute it before, where that is wanted."""
    cdef const ObserveJob* job = <const ObserveJob*> data
    cdef fastact_observed* seen = job.parts + chunk
    cdef Py_ssize_t start = chunk * OBSERVED_CHUNK, end = min(start + OBSERVED_CHUNK, job.n), m, lead = 0
    memset(seen, 0, sizeof(fastact_observed))
    # Tiles end where a cache line of the results does, so that no later one is stored or loaded across two.
    if job.load == NULL:
        lead = min(bytes_to_line(job.y + start * job.itemsize) // job.itemsize, end - start)
        compute_piece(job, start, lead)
    while start < end:
        m = min(lead + (CONVERTED_TILE if job.load != NULL else OBSERVED_TILE // job.itemsize), end - start)
        compute_piece(job, start + lead, m - lead)
        observe_tile(job, start, m, seen)
        start, lead = start + m, 0
    fastact_settle(seen)


cdef inline void compute_piece(const ObserveJob* job, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t at = start * job.itemsize
    if n > 0 and is_there(&job.kernel):
        run_kernel(&job.kernel, job.x + at, NULL, <char*> job.y + at, NULL, n, job.parameters)


cdef inline void observe_tile(const ObserveJob* job, Py_ssize_t start, Py_ssize_t m, fastact_observed* seen) noexcept nogil:
    cdef const void* y = job.y + start * job.itemsize
    cdef const void* dy = job.dy + start * job.itemsize if job.dy != NULL else NULL
    cdef float[CONVERTED_TILE] y_tile, dy_tile
    if job.load != NULL:
        job.load(<const char*> y, job.itemsize, y_tile, m)
        y = y_tile
        if dy != NULL:
            job.load(<const char*> dy, job.itemsize, dy_tile, m)
            dy = dy_tile
    job.observers.outputs[job.computed](y, m, job.low, job.high, seen)
    if dy != NULL:
        job.observers.gradients[job.computed](dy, y, m, seen)
    elif job.derivative:
        job.observers.derivatives[job.computed](y, m, seen)


cdef int run_observe_job(ObserveJob* job, Py_ssize_t work, fastact_observed* seen) except -1:
    """Run a job, on several threads where so much work is worth it."""
    cdef Py_ssize_t chunks = max(<Py_ssize_t> 1, (job.n + OBSERVED_CHUNK - 1) // OBSERVED_CHUNK)
    job.parts = seen
    if chunks > 1:
        job.parts = <fastact_observed*> PyMem_Malloc(chunks * sizeof(fastact_observed))
        if job.parts == NULL:
            raise MemoryError()
    if job.n < RELEASE_GIL:
        run_chunks(observe_chunk, job, chunks, 1)
    else:
        with nogil:
            run_chunks(observe_chunk, job, chunks, threads_worth(work, grain))
    if chunks > 1:
        add_parts(seen, job, chunks)
        PyMem_Free(job.parts)
    return 0


cdef void add_parts(fastact_observed* seen, const ObserveJob* job, Py_ssize_t chunks) noexcept:
    cdef fastact_flags flags = fastact_save_flags()
    cdef Py_ssize_t chunk
    memset(seen, 0, sizeof(fastact_observed))
    for chunk in range(chunks):
        fastact_add_observed(seen, job.parts + chunk)
    fastact_restore_flags(flags)


cdef tuple numbers_of(const fastact_observed* seen):
    """The numbers of `fastact.calls.watching.Observation`, in order."""
    return (
        seen.elements, seen.nans, seen.infinities, seen.zeros, seen.low, seen.high, seen.mean, seen.deviations, seen.gradients,
        seen.vanished,
    )


cdef int observed_type(y) except -2:
    """The type of a contiguous array; -1 for others."""
    if not array_CheckExact(<PyObject*> y):
        return -1
    stored_type(y.dtype)  # which gets to know bfloat16's number
    return contiguous_type(<PyObject*> y)


def observe(Table table not None, str backend, y, dy, bint derivative, double low, double high):
    """Count the elements of an array: the numbers of `fastact.calls.watching.Observation`, in order.

    None unless y, and dy if there is one, are C-contiguous, native, of one float dtype and one size.
    """
    cdef ObserveJob job
    cdef fastact_observed seen
    cdef int type = observed_type(y)
    if type < 0 or (dy is not None and (contiguous_type(<PyObject*> dy) != type or dy.size != y.size)):
        return None
    memset(&job, 0, sizeof(ObserveJob))
    job.observers, job.computed, job.itemsize = observers_of(backend), computed_in(type), itemsize_of(type)
    job.load = table.table.load[type] if is_half(type) else NULL
    job.y, job.dy = array_BYTES(<PyObject*> y), array_BYTES(<PyObject*> dy) if dy is not None else NULL
    job.derivative, job.low, job.high, job.n = derivative, low, high, array_SIZE(<PyObject*> y)
    run_observe_job(&job, job.n * job.itemsize * LIGHT * (1 + (job.dy != NULL)), &seen)
    return numbers_of(&seen)


# ---- units that fire ------------------------------------------------------------------------------------------------

def mark_fired(str backend, y, cnp.ndarray fired not None):
    """Set fired[j], of uint8, to 1 where a number in column j of y is not 0. False unless y is as `observe` takes it."""
    cdef PyObject* p_y = <PyObject*> y
    cdef const fastact_observers* observers = observers_of(backend)
    cdef Py_ssize_t columns = array_SIZE(<PyObject*> fired), itemsize, row, rows, height, start
    cdef int type = observed_type(y)
    cdef char* united
    cdef const char* at
    if type < 0:
        return False
    if (
        array_NDIM(p_y) == 0 or array_DIMS(p_y)[array_NDIM(p_y) - 1] != columns or fired.ndim != 1
        or array_TYPE(<PyObject*> fired) != cnp.NPY_UINT8 or not array_CHKFLAGS(<PyObject*> fired, cnp.NPY_ARRAY_CARRAY)
    ):
        raise TypeError("mark_fired takes a uint8 for each column")
    if array_SIZE(p_y) == 0:
        return True
    itemsize, at, rows = itemsize_of(type), array_BYTES(p_y), array_SIZE(p_y) // columns
    row = columns * itemsize
    height = min(rows, max(<Py_ssize_t> 1, LEAST_UNITED // row))
    united = <char*> PyMem_Malloc(height * row)
    if united == NULL:
        raise MemoryError()
    with nogil:
        memset(united, 0, height * row)
        start = 0
        while start < rows:
            observers.unite(united, at + start * row, min(height, rows - start) * row)
            start += height
        while height > 1:  # the upper half onto the lower
            observers.unite(united, united + (height + 1) // 2 * row, height // 2 * row)
            height = (height + 1) // 2
    for start in range(columns):
        if not is_zero(united + start * itemsize, itemsize):
            (<unsigned char*> array_BYTES(<PyObject*> fired))[start] = 1
    PyMem_Free(united)
    return True


cdef inline bint is_zero(const char* at, Py_ssize_t itemsize) noexcept:
    """Whether the bits are those of 0 or -0."""
    if itemsize == 2:
        return ((<const uint16_t*> at)[0] & 0x7fff) == 0
    if itemsize == 4:
        return ((<const uint32_t*> at)[0] << 1) == 0
    return ((<const uint64_t*> at)[0] << 1) == 0
