"""The backends in order of preference, which of them can run here, and the choice between them.

The environment variable FASTACT_BACKEND forces one by name.
"""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..calls.elementwise import Activation
    from ..functions.entry import Entry

#: Best first. setup.py builds the compiled ones that fit the machine's architecture.
ORDER = ("avx512", "avx2", "neon", "baseline", "numpy")

#: What a backend has besides activations, by name: functions that make it for a backend. Filled by the modules that define it.
families: dict[str, Callable[[Backend], Any]] = {}

_X86_LEVEL = {"baseline": 0, "avx2": 1, "avx512": 2}


class Backend:
    """Activations and what is in `families` as one backend computes them: attributes, ``fastact.backends.load("avx2").relu``.

    Attributes
    ----------
    name : str
        Its name in `ORDER`.
    build : str
        How it was compiled.
    rows
        The arithmetic of the row functions and losses: an object with the functions of `numpy_rows.py`.
    """

    def __init__(self, name: str, make: Callable[[Entry], Activation], build: str, rows: Any = None) -> None:
        self.name = name
        self.build = build
        self.make = functools.cache(make)
        if rows is not None:
            self.rows = rows

    @functools.cached_property
    def rows(self) -> Any:
        from .numpy import rows as numpy_rows

        return numpy_rows

    def __getattr__(self, name: str) -> Any:
        if name in families:
            made = families[name](self)
            setattr(self, name, made)  # from now on it is found without coming here
            return made
        from .. import get
        from ..functions.entry import entries

        try:
            return self.make(entries[get(name).name])
        except ValueError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        from ..functions.entry import entries

        return sorted({*super().__dir__(), *entries, *families})

    def __repr__(self) -> str:
        return f"<fastact backend {self.name!r}>"


def _obstacle(name: str) -> str | None:
    """Why this backend cannot run here, or None."""
    if name == "numpy":
        return None
    try:
        from .native import load_engine

        level = load_engine().x86_level()
        if name in ("avx2", "avx512") and level < 0:
            return f"needs an x86-64 processor, this is {platform.machine()}"
        if name == "neon" and level >= 0:
            return "needs a 64-bit ARM processor"
        if 0 <= level < _X86_LEVEL[name]:
            return "the processor or the operating system does not support it"
        _load(name)
    except ImportError as error:
        if getattr(error, "name", None) is not None:
            return "was not built: the installation found no working C compiler (install one, then fastact again)"
        return str(error)
    return None


@functools.cache
def _load(name: str) -> Backend:
    if name == "numpy":
        import numpy as np

        from .numpy import elementwise as numpy_backend

        return Backend(name, numpy_backend.make, f"NumPy {np.__version__}")
    from . import native as kernels

    return Backend(name, *kernels.load(name))


def available() -> tuple[str, ...]:
    """The names of the backends that can run here, best first.

    Examples
    --------
    >>> import fastact
    >>> fastact.backends.available()[-1]
    'numpy'
    """
    return tuple(name for name in ORDER if _obstacle(name) is None)


def obstacles() -> dict[str, str]:
    """Why each of the other backends cannot run here."""
    return {name: reason for name in ORDER if (reason := _obstacle(name)) is not None}


def load(name: str) -> Backend:
    """The backend of this name, whichever is in use; several can be loaded side by side.

    Raises
    ------
    ImportError
        There is no such backend, or it cannot run here; the message lists those that can.

    Examples
    --------
    >>> import fastact, numpy as np
    >>> fastact.backends.load("numpy").relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    if name not in ORDER:
        raise ImportError(f"there is no backend {name!r}; possible here: {', '.join(available())}")
    obstacle = _obstacle(name)
    if obstacle is not None:
        raise ImportError(f"backend {name!r} {obstacle}; possible here: {', '.join(available())}")
    return _load(name)


@functools.cache
def current() -> Backend:
    """The backend in use: FASTACT_BACKEND where set, otherwise the best that can run here."""
    forced = os.environ.get("FASTACT_BACKEND", "")
    if not forced:
        return _load(next(name for name in ORDER if _obstacle(name) is None))
    try:
        return load(forced)
    except ImportError as error:
        raise ImportError(f"FASTACT_BACKEND={forced}: {error}") from None
