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
    void fastact_add_observed(fastact_observed*, const fastact_observed*)

cdef extern from *:
    """
    #if defined(_MSC_VER)
    static __declspec(thread) int fastact_being_watched;
    #else
    static _Thread_local int fastact_being_watched;
    #endif
    """
    int being_watched "fastact_being_watched"  # on this thread: the call goes its usual way, and so do those that it makes itself

cdef enum:
    OBSERVED_CHUNK = 32 * OBSERVED_TILE  # elements that one thread takes, always as many: the sums don't depend on the threads
    LEAST_UNITED = 1024  # bytes: shorter rows are united several at a time

cdef bint watched = False
cdef object watch = None


# ---- calls that are watched -----------------------------------------------------------------------------------------

def set_watch(function):
    """Have this function make all calls of activations and gated units, or none: `fastact.calls.watching.watch`."""
    global watched, watch
    watched, watch = False, function
    watched = function is not None


cdef inline bint is_watched() noexcept:
    """Whether a call is to be handed over."""
    return watched and not being_watched


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


def run_watched(call, given, named):
    """Make the call."""
    global being_watched
    being_watched += 1
    try:
        return call(*given, **named)
    finally:
        being_watched -= 1


# ---- what is counted ------------------------------------------------------------------------------------------------

cdef struct ObserveJob:
    const fastact_observers* observers
    fastact_load load  # of 16-bit types; NULL for others
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
    """Count a chunk, tile by tile."""
    cdef const ObserveJob* job = <const ObserveJob*> data
    cdef fastact_observed* seen = job.parts + chunk
    cdef float[OBSERVED_TILE] y_tile, dy_tile
    cdef const void* y
    cdef const void* dy
    cdef Py_ssize_t start = chunk * OBSERVED_CHUNK, end = min(start + OBSERVED_CHUNK, job.n), m
    memset(seen, 0, sizeof(fastact_observed))
    while start < end:
        m = min(<Py_ssize_t> OBSERVED_TILE, end - start)
        y, dy = job.y + start * job.itemsize, (job.dy + start * job.itemsize) if job.dy != NULL else NULL
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
        start += m


def observe(Table table not None, str backend, y, dy, bint derivative, double low, double high):
    """Count the elements of an array: the numbers of `fastact.calls.watching.Observation`, in order.

    y, and dy if there is one, must be C-contiguous, native, of one float dtype and one size: TypeError otherwise.
    """
    cdef ObserveJob job
    cdef fastact_observed seen
    cdef Py_ssize_t chunks
    cdef int type = contiguous_type(<PyObject*> y), threads
    if type < 0 or (dy is not None and (contiguous_type(<PyObject*> dy) != type or dy.size != y.size)):
        raise TypeError("observe takes contiguous arrays of one float dtype and one size")
    job.observers, job.computed, job.itemsize = observers_of(backend), computed_in(type), itemsize_of(type)
    job.load = table.table.load[type] if is_half(type) else NULL
    job.y, job.dy = array_BYTES(<PyObject*> y), array_BYTES(<PyObject*> dy) if dy is not None else NULL
    job.derivative, job.low, job.high, job.n = derivative, low, high, array_SIZE(<PyObject*> y)
    chunks = max(<Py_ssize_t> 1, (job.n + OBSERVED_CHUNK - 1) // OBSERVED_CHUNK)
    job.parts = &seen
    if chunks > 1:
        job.parts = <fastact_observed*> PyMem_Malloc(chunks * sizeof(fastact_observed))
        if job.parts == NULL:
            raise MemoryError()
    try:
        threads = threads_worth(job.n * job.itemsize * LIGHT * (1 + (job.dy != NULL)), grain)
        if job.n < RELEASE_GIL:
            run_chunks(observe_chunk, &job, chunks, 1)
        else:
            with nogil:
                run_chunks(observe_chunk, &job, chunks, threads)
        if chunks > 1:
            memset(&seen, 0, sizeof(fastact_observed))
            add_parts(&seen, &job, chunks)
    finally:
        if chunks > 1:
            PyMem_Free(job.parts)
    return (
        seen.elements, seen.nans, seen.infinities, seen.zeros, seen.low, seen.high, seen.mean, seen.deviations, seen.gradients,
        seen.vanished,
    )


cdef void add_parts(fastact_observed* seen, const ObserveJob* job, Py_ssize_t chunks) noexcept:
    cdef fastact_flags flags = fastact_save_flags()
    cdef Py_ssize_t chunk
    for chunk in range(chunks):
        fastact_add_observed(seen, job.parts + chunk)
    fastact_restore_flags(flags)


# ---- units that fire ------------------------------------------------------------------------------------------------

def mark_fired(str backend, y, cnp.ndarray fired not None):
    """Set fired[j], of uint8, to 1 where a number in column j of y is not 0.

    y must be C-contiguous, native and of a float dtype, and have as many columns: TypeError otherwise.
    """
    cdef PyObject* p_y = <PyObject*> y
    cdef const fastact_observers* observers = observers_of(backend)
    cdef Py_ssize_t columns = array_SIZE(<PyObject*> fired), itemsize, row, rows, height, start
    cdef int type = contiguous_type(p_y)
    cdef char* united
    cdef const char* at
    if (
        type < 0 or array_NDIM(p_y) == 0 or array_DIMS(p_y)[array_NDIM(p_y) - 1] != columns or fired.ndim != 1
        or array_TYPE(<PyObject*> fired) != cnp.NPY_UINT8 or not array_CHKFLAGS(<PyObject*> fired, cnp.NPY_ARRAY_CARRAY)
    ):
        raise TypeError("mark_fired takes a contiguous array of a float dtype, and a uint8 for each of its columns")
    if array_SIZE(p_y) == 0:
        return
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


cdef inline bint is_zero(const char* at, Py_ssize_t itemsize) noexcept:
    """Whether the bits are those of 0 or -0."""
    if itemsize == 2:
        return ((<const uint16_t*> at)[0] & 0x7fff) == 0
    if itemsize == 4:
        return ((<const uint32_t*> at)[0] << 1) == 0
    return ((<const uint64_t*> at)[0] << 1) == 0
