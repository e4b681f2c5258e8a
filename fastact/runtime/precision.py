"""How exact results are: as fast as the bounds of error allow, or rounded once, the same on every processor."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Literal

VARIABLE = "FASTACT_PRECISION"
Precision = Literal["fast", "exact"]
MODES: tuple[Precision, ...] = ("fast", "exact")


def _named(mode: Any, function: str) -> bool:
    """Whether a mode is "exact"."""
    if not isinstance(mode, str):
        raise TypeError(f"{function}: the precision must be a text, {_choices()}, not {type(mode).__name__}")
    if mode not in MODES:
        raise ValueError(f"{function}: there is no precision {mode!r}; it is {_choices()}")
    return mode == "exact"


def _choices() -> str:
    return " or ".join(map(repr, MODES))


def _from_environment() -> bool:
    """Whether the environment variable asks for exact results."""
    given = os.environ.get(VARIABLE, "").strip().lower()
    if given and given not in MODES:
        raise ImportError(f"{VARIABLE}={given}: there is no such precision; it is {_choices()}")
    return given == "exact"


_DEFAULT = _from_environment()
#: Whether results are to be exact, in this context: each thread and each coroutine has its own.
exact: ContextVar[bool] = ContextVar("fastact.precision", default=_DEFAULT)

# The compiled engines ask for it once somebody has chosen a mode: until then there is nothing to ask.
_chosen = threading.Event()
_watchers: list[Callable[[ContextVar[bool]], None]] = []
if _DEFAULT:
    _chosen.set()


def connect(watcher: Callable[[ContextVar[bool]], None]) -> None:
    """Have `watcher(exact)` called once a mode was chosen."""
    _watchers.append(watcher)
    if _chosen.is_set():
        watcher(exact)


def _choose(mode: bool) -> Token[bool]:
    if not _chosen.is_set():
        _chosen.set()
        for watcher in _watchers:
            watcher(exact)
    return exact.set(mode)


def get_precision() -> Precision:
    """The precision of calls made here: "fast" or "exact".

    Examples
    --------
    >>> import fastact
    >>> fastact.get_precision()
    'fast'
    """
    return "exact" if exact.get() else "fast"


def set_precision(mode: Precision) -> None:
    """Set the precision of the calls that follow in this thread, or in this coroutine.

    In the mode "exact" float32, float16 and bfloat16 are computed in float64 and rounded once. So results are the same bits on
    every processor with FMA, and the real value, correctly rounded, but for exceptions, which docs/reproducibility.md lists. In
    the mode "fast", the default, they are within the bounds of each function's `info`.

    The mode is a context variable. Other threads, new ones too, have their own, which begins with the environment variable
    ``FASTACT_PRECISION``.

    Parameters
    ----------
    mode : {"fast", "exact"}

    Raises
    ------
    TypeError, ValueError
        Another mode. Nothing is changed then.

    Examples
    --------
    >>> import fastact
    >>> fastact.set_precision("exact")
    >>> fastact.get_precision()
    'exact'
    >>> fastact.set_precision("fast")
    """
    _choose(_named(mode, "set_precision"))


@contextmanager
def precision(mode: Precision) -> Iterator[None]:
    """The precision of the calls in a ``with`` block; `set_precision` says what the modes are. After it the former holds again.

    Examples
    --------
    >>> import fastact, numpy as np
    >>> with fastact.precision("exact"):
    ...     fastact.gelu(np.float32(1))
    np.float32(0.8413447)
    """
    before = _choose(_named(mode, "precision"))
    try:
        yield
    finally:
        exact.reset(before)
