"""Cython's view of team.h."""

cdef extern from "team.h" nogil:
    ctypedef void (*fastact_run_chunk)(void* job, Py_ssize_t chunk, int worker) noexcept nogil

    ctypedef struct fastact_team:
        int (*threads)() noexcept nogil
        void (*run)(fastact_run_chunk, void*, Py_ssize_t, int) noexcept nogil

    const char* FASTACT_TEAM_CAPSULE
    void team_join(const void* team) noexcept
    int team_threads() noexcept
    void team_run(fastact_run_chunk run_chunk, void* job, Py_ssize_t chunks, int threads) noexcept
