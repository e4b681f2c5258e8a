"""The backends in order of preference, which of them can run here, and the choice between them.

The environment variable FASTACT_BACKEND forces one by name.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any
from weakref import WeakValueDictionary

from .. import functions
from ..calls.bound import Bound
from ..functions.record import Call, Record
from . import native, numpy
from .implementation import Implementation

#: Best first, with the package that each is in. setup.py builds the compiled ones that fit the machine's architecture.
_PACKAGES: dict[str, ModuleType] = {"avx512": native, "avx2": native, "neon": native, "baseline": native, "numpy": numpy}
ORDER = tuple(_PACKAGES)


class Backend:
    """Every function as one backend computes it: attributes, ``fastact.backends.load("avx2").relu``.

    Attributes
    ----------
    name : str
        Its name in `ORDER`.
    build : str
        How it was compiled.
    is_exact : bool
        Whether its results are exact, whatever `fastact.precision` says.
    rows, losses
        The arithmetic of the functions of rows and of the losses: see `fastact.calls.rows` and `fastact.calls.losses`.
    """

    def __init__(self, name: str, implementation: Implementation, fast: Backend | None = None) -> None:
        self.name = name
        self._fast = fast
        self.is_exact = fast is not None
        self.build = implementation.build
        self._implementation = implementation
        self._bound: dict[str, Bound] = {}
        # Of definitions there may be several of one name. Each is forgotten with what was made of it.
        self._defined: WeakValueDictionary[Record, Bound] = WeakValueDictionary()

    @functools.cached_property
    def rows(self) -> Any:
        return self._implementation.rows()

    @functools.cached_property
    def losses(self) -> Any:
        return self._implementation.losses()

    @functools.cached_property
    def exact(self) -> Backend:
        """The same backend with exact results: what its functions do under ``fastact.precision("exact")``.

        Examples
        --------
        >>> import fastact, numpy as np
        >>> fastact.backends.current().exact.gelu(np.float32(1))
        np.float32(0.8413447)
        """
        return self if self.is_exact else Backend(self.name, _PACKAGES[self.name].load(self.name, exact=True), self)

    def bind(self, function: Record | Bound) -> Any:
        """The function of this record, or of another backend, on this one; always the same object.

        Examples
        --------
        >>> import fastact
        >>> plain = fastact.backends.load("numpy")
        >>> plain.bind(fastact.gelu) is plain.gelu
        True
        """
        if isinstance(function, Bound):
            same = function.backend == self.name and function._backend.is_exact == self.is_exact
            return function if same else function._on(self)
        make: Callable[[Record, Backend], Bound] = self._implementation.class_of(function.call)
        if function.call is Call.DEFINED:
            return self._defined.get(function) or self._defined.setdefault(function, make(function, self))
        if function.name not in self._bound:
            self._bound.setdefault(function.name, make(function, self))
        return self._bound[function.name]

    def __getattr__(self, name: str) -> Any:
        record = functions.find(name)
        if record is None:
            # With the object, Python would add a suggestion of its own to the message.
            raise AttributeError(functions.no_such("function", name, functions.records), name=name)
        function = self.bind(record)
        setattr(self, name, function)  # from now on it is found without coming here
        return function

    def hold(self, ufunc: Any) -> None:
        """Tell a ufunc of this backend where pickle finds it: see `fastact.backends.ufuncs`."""
        if hasattr(ufunc, "__dict__"):  # of NumPy's own since 2.2
            of = self._fast or self
            names = [*(["exact"] if self.is_exact else []), *([] if of is current() else [self.name])]
            ufunc.__module__ = ".".join([f"{__package__}.ufuncs", *names])

    def __reduce__(self) -> tuple[Any, ...]:
        # The one in use comes back as the one in use there: another machine may not have the same.
        if self._fast is not None:
            return _exact_of, (self._fast,)
        return (current, ()) if self is current() else (load, (self.name,))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *functions.records})

    def __repr__(self) -> str:
        return f"<fastact backend {self.name!r}{', exact' * self.is_exact}>"


def _exact_of(backend: Backend) -> Backend:
    """What pickle makes again."""
    return backend.exact


def _obstacle(name: str) -> str | None:
    """Why this backend cannot run here, or None."""
    reason: str | None = _PACKAGES[name].obstacle(name)
    return reason


@functools.cache
def _load(name: str) -> Backend:
    return Backend(name, _PACKAGES[name].load(name))


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
