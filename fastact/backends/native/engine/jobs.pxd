"""Jobs in chunks: run on the calling thread, or shared out to the team. The processor's exception flags stay as they were."""

from cpython.pycapsule cimport PyCapsule_GetPointer
from fastact.backends.native.engine.platform cimport *
from fastact.runtime.team cimport FASTACT_TEAM_CAPSULE, team_join, team_run, team_threads

cdef enum:
    RELEASE_GIL = 4096  # elements: below, releasing the GIL costs more than it can gain anybody
    LINE = 64  # bytes of a cache line: chunks that write begin with one of their own

# One chunk of a job, of those that are numbered from 0
ctypedef void (*run_chunk)(const void* job, Py_ssize_t chunk, int worker) noexcept nogil

cdef struct ChunkedJob:
    run_chunk run
    const void* job


cdef inline int join_team(team) except -1:
    """Have this module share out to the team, `fastact.runtime.team`."""
    team_join(PyCapsule_GetPointer(team.capsule, FASTACT_TEAM_CAPSULE))
    return 0


cdef inline void run_guarded(void* data, Py_ssize_t chunk, int worker) noexcept nogil:
    """One chunk, as the team calls it. Each thread has flags of its own."""
    cdef const ChunkedJob* chunked = <const ChunkedJob*> data
    cdef fastact_flags flags = fastact_save_flags()
    chunked.run(chunked.job, chunk, worker)
    fastact_restore_flags(flags)


cdef inline void run_chunks(run_chunk run, const void* job, Py_ssize_t chunks, int threads) noexcept nogil:
    """Run all chunks of a job, on at most so many threads."""
    cdef ChunkedJob chunked
    cdef fastact_flags flags
    cdef Py_ssize_t chunk
    if threads > 1 and chunks > 1:
        chunked.run, chunked.job = run, job
        team_run(run_guarded, &chunked, chunks, threads)
        return
    flags = fastact_save_flags()
    for chunk in range(chunks):
        run(job, chunk, 0)
    fastact_restore_flags(flags)


cdef inline int threads_worth(Py_ssize_t work, Py_ssize_t grain) noexcept nogil:
    """How many threads so much work is worth, if each is to have a grain of it at least."""
    return <int> min(<Py_ssize_t> team_threads(), work // grain) if work >= 2 * grain else 1


cdef inline Py_ssize_t chunks_worth(Py_ssize_t work, Py_ssize_t grain, int threads) noexcept nogil:
    """Into how many chunks to divide so much work, for so many threads.

    Several for each, so that who comes late, or is held up, leaves the rest to the others. To take one costs 0.1 us.
    """
    return max(<Py_ssize_t> threads, min(8 * <Py_ssize_t> threads, work // max(grain, <Py_ssize_t> 1)))


cdef inline Py_ssize_t whole_lines(Py_ssize_t nbytes) noexcept nogil:
    """So many bytes rounded up to whole cache lines."""
    return (nbytes + LINE - 1) & -LINE


cdef inline Py_ssize_t bytes_to_line(const void* at) noexcept nogil:
    """The bytes from an address to the next beginning of a cache line."""
    return -<Py_ssize_t> at & (LINE - 1)


cdef inline char* first_line(void* memory) noexcept nogil:
    """Where in memory the first cache line begins."""
    return <char*> memory + bytes_to_line(memory)
