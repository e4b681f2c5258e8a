"""`Defined`: an activation that a user defines by its formula, or that is made of another one."""

from __future__ import annotations

import copyreg
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..functions.kinds import Kind
from .bound import Backend
from .elementwise import Activation

if TYPE_CHECKING:
    from ..expressions.definition import Definition


class Defined(Activation):
    __doc__ = Activation.__doc__

    _entry: Definition

    def __init__(self, definition: Definition, backend: Backend) -> None:
        super().__init__(definition, backend)
        #: How it is made again, where it was made of another activation.
        self._way: tuple[Callable[..., Any], tuple[Any, ...]] | None = None

    @property
    def formula(self) -> str:
        """Its formula, as a text that `fastact.define` takes."""
        return self._entry.text

    def is_same_formula(self, other: Defined) -> bool:
        """Whether another has the same formula, derivative and parameters."""
        mine, others = self._entry, other._entry
        return (mine.text, mine.slope, mine.parameters) == (others.text, others.slope, others.parameters)

    def __repr__(self) -> str:
        return f"<activation {self.name!r} on {self.backend}: {self.formula}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return self._way or (bound_again, (self._backend, self._entry))

    def _on(self, backend: Backend) -> Any:
        if self._way is None:
            return backend.bind(self._entry)
        make, (activation, *more) = self._way
        return make(activation._on(backend), *more)

    def _hold(self, ufunc: Any, kind: Kind) -> None:
        remember(ufunc, (ufunc_of, (*self.__reduce__(), kind.name)))


def bound_again(backend: Backend, definition: Definition) -> Any:
    """What comes back from a pickle."""
    return backend.bind(definition)


# ---- ufuncs ---------------------------------------------------------------------------------------------------------

# NumPy pickles a ufunc by its name in a module, where those of the catalogue are found. One of a definition is made again.
_UFUNCS: dict[int, tuple[np.ufunc, tuple[Any, ...]]] = {}


def remember(ufunc: Any, way: tuple[Any, ...]) -> None:
    """Have a ufunc come back from a pickle on this way."""
    if not isinstance(ufunc, np.ufunc):
        ufunc.way = way
        return
    if not _UFUNCS:
        of_numpy: Any = copyreg.dispatch_table[np.ufunc]
        copyreg.pickle(np.ufunc, functools.partial(_reduced, of_numpy=of_numpy))
    _UFUNCS[id(ufunc)] = ufunc, way  # which lives as long as the process, as what its loops read does


def _reduced(ufunc: np.ufunc, of_numpy: Callable[[np.ufunc], Any]) -> Any:
    _, way = _UFUNCS.get(id(ufunc), (None, None))
    return of_numpy(ufunc) if way is None else way


def ufunc_of(make: Callable[..., Any], arguments: tuple[Any, ...], kind: str) -> Any:
    """The ufunc of this kind, of the activation that is made so."""
    activation = make(*arguments)
    return activation._ufunc(next(found for found in activation._kinds().values() if found.name == kind))
