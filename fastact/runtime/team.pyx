# cython: language_level=3
"""The team of threads that the engines share their work out to, and how many threads a call may use. pool.h has the helpers."""

from cpython.pycapsule cimport PyCapsule_New

from fastact.runtime.team cimport FASTACT_TEAM_CAPSULE, fastact_team

cdef extern from "pool.h":
    ctypedef int fastact_atomic
    ctypedef struct Team:
        fastact_atomic started
    int atomic_read(fastact_atomic*)
    int atomic_set(fastact_atomic*, int)
    fastact_atomic limit, ceiling
    int eager, refusing
    Team team
    const fastact_team the_pool
    int threads_allowed()
    void set_up(int threads, int at_most)


def threads():
    """How many threads a call may use now."""
    return threads_allowed()


def start(int by_default, int most):
    """Set how many threads are used unless somebody asks for another number, and how many at most."""
    set_up(by_default, most)


def set_limit(int n):
    """Set how many threads are asked for, or 0 for the default; return what was set before."""
    return atomic_set(&limit, n)


def get_ceiling():
    """What threadpoolctl reads: the default, unless it has set another number."""
    return atomic_read(&ceiling)


def set_ceiling(int n):
    """What threadpoolctl sets. Any number but the default is a limit to what is asked for."""
    atomic_set(&ceiling, n)


def helpers():
    """How many helpers have been started."""
    return atomic_read(&team.started)


def _set_eager(bint on):
    """Have helpers take part in every job that they can, as tests need it; return what was set before."""
    global eager
    before, eager = eager, on
    return bool(before)


def _refuse_threads(bint on):
    """Have no more helpers start, as where the system refuses threads."""
    global refusing
    refusing = on


capsule = PyCapsule_New(<void*> &the_pool, FASTACT_TEAM_CAPSULE, NULL)
