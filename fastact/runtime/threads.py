"""How many threads a call may use."""

from __future__ import annotations

import importlib
import operator
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    team: Any = importlib.import_module(f"{__package__}.team")
except ImportError:  # built without OpenMP, or its library is missing
    team = None

VARIABLE = "FASTACT_NUM_THREADS"


def get_num_threads() -> int:
    """How many threads a call from this thread may use; one where the arrays are too small to gain.

    That is what `set_num_threads` or the environment variable ``FASTACT_NUM_THREADS`` asks for, and without them what OpenMP
    says: ``OMP_NUM_THREADS``, or the processors that this process may use. What OpenMP itself is set to meanwhile, as by
    threadpoolctl, limits it. It is 1 in a forked child, and where OpenMP is missing.

    Examples
    --------
    >>> import fastact
    >>> fastact.get_num_threads() >= 1
    True
    """
    return int(team.threads()) if team else 1


def set_num_threads(n: int) -> None:
    """Set how many threads a call may use, for the whole process; no number of threads changes a bit of a result.

    Without effect on the NumPy backend and where OpenMP is missing. More threads than the larger of 16 and the number of
    processors are never used.

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
    return min(number, 2**31 - 1)


def _read_environment() -> None:
    text = os.environ.get(VARIABLE, "").strip()
    if text:
        try:
            _set_limit(_number(int(text)))
        except ValueError:
            message = f"{VARIABLE} must be an integer of at least 1, not {text!r}; it is ignored"
            warnings.warn(message, RuntimeWarning, stacklevel=2)


_read_environment()
