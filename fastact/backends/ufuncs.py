"""Where pickle finds ufuncs: NumPy pickles one by its name and the module that holds it, as `numpy.tanh` and SciPy's do.

This module holds those of the backend in use, such as `relu`, `relu_backward` and `softmax`; they come back on the backend in use
where they are read, which may be another machine. A module below it for each backend, such as `fastact.backends.ufuncs.avx2`,
holds that one's. Below `fastact.backends.ufuncs.exact` are those with exact results. Each ufunc is made when first asked for.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .. import functions
from ..calls.bound import WithUfuncs
from .choice import ORDER, Backend, current, load


def _find(backend: Backend, name: str) -> Any:
    """The ufunc of this name; AttributeError if there is none. A record's own name is the forward pass."""
    if name in functions.records and hasattr(own := backend.bind(functions.records[name]), "ufunc"):
        return own.ufunc
    for record in functions.records.values():
        if name.startswith(f"{record.name}_"):
            function = backend.bind(record)
            if isinstance(function, WithUfuncs) and name in (kinds := function._kinds()):
                return function._ufunc(kinds[name])
    raise AttributeError(f"there is no ufunc {name!r}")


def _backend(path: str) -> Backend:
    """The backend of a module below this one: "avx2", "exact" or "exact.avx2"."""
    first, _, name = path.partition(".") if path.startswith("exact") else ("", "", path)
    backend = load(name) if name else current()
    return backend.exact if first else backend


class _Holder(ModuleType):
    """The ufuncs of one backend."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return _find(_backend(self.__name__.removeprefix(f"{__name__}.")), name)
        except ImportError as error:  # pickle looks through all modules, and goes on after an AttributeError alone
            raise AttributeError(str(error)) from None


# An import finds these in sys.modules once it has imported their parent. NumPy before 2.2 has no place to tell of which module a
# ufunc is: pickle then looks through all of sys.modules.
_PATHS = (*ORDER, "exact", *(f"exact.{name}" for name in ORDER))
sys.modules.update({f"{__name__}.{path}": _Holder(f"{__name__}.{path}") for path in _PATHS})


def __getattr__(name: str) -> Any:
    return _find(current(), name)
