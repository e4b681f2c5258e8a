# cython: language_level=3
"""The team of threads that the engines share their work out to, on OpenMP, and how many threads it has.

No other module needs OpenMP. Where the compiler does not know it, or its library cannot be loaded, the engines do without a team.
"""

from cpython.pycapsule cimport PyCapsule_New

from fastact.runtime.team cimport FASTACT_TEAM_CAPSULE, fastact_team

cdef extern from "openmp.h":
    int limit
    const fastact_team openmp_team
    int threads_now()
    void start_team()


def threads():
    """How many threads a call of this thread may use now."""
    return threads_now()


def set_limit(int n):
    """Set how many threads are asked for, or 0 for as many as OpenMP says; return what was set before."""
    global limit
    before, limit = limit, n
    return before


start_team()
capsule = PyCapsule_New(<void*> &openmp_team, FASTACT_TEAM_CAPSULE, NULL)
