"""`Defined`: an activation that a user defines by its formula, or that is made of another one."""

from __future__ import annotations

import copyreg
import functools
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from ..functions.entry import Parameter
from ..functions.kinds import Kind
from . import derived
from .bound import Backend
from .documentation import filled, lines, sections_of
from .elementwise import Activation

if TYPE_CHECKING:
    from ..expressions.definition import Definition

_PARAMETER = """\
{p.name} : float or array_like, default {p.default:g}
    A parameter of the formula: {p.domain}."""

_DERIVED = "The derivative is derived from the formula, exactly."
_REPLACED = "The derivative was given by who defined it, in place of that of the formula."
_SAMPLED = "Of its `info` these properties were found by computing f at many points, not by proof: {}."
_ERROR = "The error is that of the formula's operations, each of them of a few ULP; where terms cancel it is larger."


class Defined(Activation):
    _entry: Definition

    def __init__(self, definition: Definition, backend: Backend) -> None:
        super().__init__(definition, backend)
        _living[_key(backend, definition)] = self
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

    @property
    def _widest(self) -> tuple[Parameter, ...]:
        return self._entry.widest

    def _variant(self, params: dict[str, Any], from_output: bool = False) -> Activation | None:
        served: Activation | None = super()._variant(params, from_output)
        return served or self._for_all_numbers(params)

    def _for_all_numbers(self, params: dict[str, Any]) -> Activation | None:
        """What serves a call with a number that the formula takes, but not the kernel of a part that was recognised."""
        for p, wide in zip(self._entry.parameters, self._entry.widest, strict=True):
            if p.name in params and p.domain != wide.domain:
                value = self._number(p.name, params[p.name])
                if not wide.admits(value):
                    raise ValueError(f"{self.name}: {p.name} must be {wide.domain}, not {value!r}")
                if not p.admits(value):
                    unrestricted: Activation = derived.unrestricted(self)
                    return unrestricted
        return None

    def __repr__(self) -> str:
        return f"<activation {self.name!r} on {self.backend}: {self.formula}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return self._way or (bound_again, (self._backend, self._entry))

    def _on(self, backend: Backend) -> Any:
        if self._way is None:
            return backend.bind(self._entry)
        make, (activation, *more) = self._way
        return make(activation._on(backend), *more)

    def _documentation(self) -> str:
        entry = self._entry
        summary, own = sections_of(entry.doc)
        own.setdefault("Parameters", "\n".join(_PARAMETER.format(p=p) for p in entry.widest))
        if not own["Parameters"]:
            del own["Parameters"]
        told = [own["Notes"]] if "Notes" in own else []
        told.append(_REPLACED if entry.replaced_derivative else _DERIVED)
        if entry.info.sampled:
            told.append(lines(_SAMPLED.format(", ".join(f"`{name}`" for name in entry.info.sampled))))
        own["Notes"] = "\n\n".join(told)
        return filled(entry, summary or f"The activation {entry.name}, defined by its formula.", own, _ERROR)

    def _hold(self, ufunc: Any, kind: Kind) -> None:
        remember(ufunc, (ufunc_of, (*self.__reduce__(), kind.name)))


#: All by their content, so that a pickle gives what is there; and those that came from one, as a worker of dask's gets one with
#: each task.
_living: WeakValueDictionary[tuple[Any, ...], Defined] = WeakValueDictionary()
_from_pickles: deque[Defined] = deque(maxlen=64)


def _key(backend: Backend, definition: Definition) -> tuple[Any, ...]:
    """What makes a definition what it is."""
    nodes = definition.formula, definition.slope
    asked = definition.parameters, definition.doc, repr(definition.known)
    return backend.name, backend.is_exact, definition.name, *nodes, *asked


def bound_again(backend: Backend, definition: Definition) -> Any:
    """What comes back from a pickle."""
    found = _living.get(_key(backend, definition))
    if found is None:
        found = backend.bind(definition)
        _from_pickles.append(found)
    return found


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
