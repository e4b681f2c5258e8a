"""How many threads a call may use."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .cpu_count import processors, usable_processors
from .environment import whole_number
from .threadpools import introduce

try:
    team: Any = importlib.import_module(f"{__package__}.team")
except ImportError:  # no compiled modules
    team = None

VARIABLE = "FASTACT_NUM_THREADS"
OPENMP_VARIABLE = "OMP_NUM_THREADS"
MOST = 2**31 - 1


def get_num_threads() -> int:
    """How many threads a call may use; it is one where the arrays are too small to gain.

    That is what `set_num_threads` or the environment variable ``FASTACT_NUM_THREADS`` asks for, and without them
    ``OMP_NUM_THREADS``, or else as many as the process has processors: its affinity mask and the quota of its container count.
    What threadpoolctl sets meanwhile is a limit to all of these. In a forked child it is 1 until that calls `set_num_threads`.

    Examples
    --------
    >>> import fastact
    >>> fastact.get_num_threads() >= 1
    True
    """
    return int(team.threads()) if team else 1


def set_num_threads(n: int) -> None:
    """Set how many threads a call may use, for the whole process; no number of threads changes a bit of a result.

    One of them is always the thread that makes the call. The others are helpers, which sleep in between. They are started by the
    first calls that are large enough. A call waits for nothing but a part that a helper has begun: what they do not get to,
    because other programs keep the processors busy or the system refuses threads, it does itself. One call at a time has helpers;
    others meanwhile do without.

    Without effect on the NumPy backend. More threads than the larger of 16 and the number of processors are never used. A forked
    child uses one thread, whatever its parent has set, until it calls this itself.

    Parameters
    ----------
    n : int
        At least 1.

    Raises
    ------
    TypeError, ValueError
        If n is not an integer, or less than 1. Nothing is changed then.

    Examples
    --------
    >>> import fastact
    >>> before = fastact.get_num_threads()
    >>> fastact.set_num_threads(1)
    >>> fastact.get_num_threads()
    1
    >>> fastact.set_num_threads(before)
    """
    _set_limit(_number(n))


@contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Use at most n threads, in the whole process, until the end of the ``with`` block; `set_num_threads` says the rest.

    Examples
    --------
    >>> import fastact
    >>> with fastact.num_threads(1):
    ...     fastact.get_num_threads()
    1
    """
    before = _set_limit(_number(n))
    try:
        yield
    finally:
        _set_limit(before)


def _set_limit(n: int) -> int:
    return int(team.set_limit(n)) if team else 0


def _number(n: int) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"the number of threads must be an integer, not {n!r}")
    number = operator.index(n)
    if number < 1:
        raise ValueError(f"the number of threads must be at least 1, not {n!r}")
    return min(number, MOST)


def _start() -> None:
    default = usable_processors()
    # OpenMP's variable may have a number for each level of nested loops. The first is for calls like ours.
    default = whole_number(OPENMP_VARIABLE, "threads", 1, MOST, default, of_list=True) or default
    team.start(default, max(16, processors()))
    _set_limit(whole_number(VARIABLE, "threads", 1, MOST, default) or 0)
    introduce(team)


if team is not None:
    _start()
