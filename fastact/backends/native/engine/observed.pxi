# Forward calls that are watched and go the fast path: the results are counted while they are in the first-level cache.

cdef object call_watched_activation(FastPath f, PyObject* const* args, Py_ssize_t nargs, PyObject* names):
    """f(x, *, out=None) as `call_activation`; what the fast path does not take, and calls with parameters, go to `watch`."""
    cdef Meanwhile meanwhile
    cdef void* outer
    if not f.active or nargs != 1 or (names != NULL and f.parameters and not is_out_alone(names)):
        return call_watched("forward", f, f, args, nargs, names)
    if f.ends is None:
        f.ends = default_ends(f, run_watched)
    outer = begin_watched(&meanwhile, PyFloat_AS_DOUBLE(<PyObject*> f.ends[0]), PyFloat_AS_DOUBLE(<PyObject*> f.ends[1]))
    try:
        result = take_forward(f, args, names)
    finally:
        end_watched(outer)
    if result is None:
        return call_watched("forward", f, f, args, nargs, names)
    counted = counted_of(&meanwhile, result)
    if counted is None:
        tell(f, result, f.ends, run_watched)
        return result
    has_ends = not (isnan(meanwhile.low) and isnan(meanwhile.high))
    array = result if array_NDIM(<PyObject*> result) >= 2 else None
    if len(watchers) == 1:
        watchers[0].record(f, counted, None, None, has_ends, array)
        return result
    for watcher in tuple(watchers):  # another thread may start or stop one
        watcher.record(f, counted, None, None, has_ends, array)
    return result


cdef inline bint is_out_alone(PyObject* names) noexcept:
    return PyTuple_GET_SIZE(names) == 1 and PyTuple_GET_ITEM(names, 0) == <PyObject*> OUT


cdef bint run_and_observe(FastPath f, const Work* work) except -1:
    """Compute as `run` does, and count the results while they are in the cache; False where that is not to be done here."""
    cdef Meanwhile* meanwhile = <Meanwhile*> fastact_meanwhile
    cdef ObserveJob job
    if not being_watched or meanwhile == NULL or meanwhile.at != NULL or f.array_parameter or is_converted(f, work.type):
        return False
    memset(&job, 0, sizeof(ObserveJob))
    job.observers, job.computed, job.itemsize = observers_of(f.backend), work.type, itemsize_of(work.type)
    job.kernel, job.x, job.y, job.n = f.kernels[work.type][work.kind], work.a, work.out1, work.n
    job.parameters, job.low, job.high = work.parameters, meanwhile.low, meanwhile.high
    run_observe_job(&job, job.n * job.itemsize * 2 * f.cost, &meanwhile.seen)
    meanwhile.at = work.out1
    return True
