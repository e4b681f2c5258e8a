"""Fast and accurate activation functions for NumPy, forward and backward, as compiled kernels.

Every activation is one object, called for the forward pass; `backward` and `value_and_grad` are its methods. The
functions along an axis, like `softmax`, are objects of the same kind.

Examples
--------
>>> import numpy as np
>>> from fastact import relu
>>> print(relu(np.array([-1, 2, -3, 4, 0])))
[0 2 0 4 0]
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pkgutil import extend_path
from typing import Any

# A source tree has no compiled modules: those of the installed package serve it.
__path__ = extend_path(__path__, __name__)

# Both read settings, which are told of now if they are wrong. threadpoolctl's limits must hold for the first call, too.
from .runtime import precision as _precision  # noqa: F401
from .runtime import threads as _threads  # noqa: F401
from .version import __version__ as __version__

#: The public names by the module that has them; the records have the others. Type checkers read __init__.pyi, which the build
#: writes from the same.
_NAMES = {
    "api": ("activations", "backend", "define", "gated", "get", "get_include", "monitor", "register", "show_config"),
    "calls.elementwise": ("Activation",),
    "functions.entry": ("Info",),
    "runtime.memory": ("empty_cache",),
    "runtime.precision": ("get_precision", "precision", "set_precision"),
    "runtime.threads": ("get_num_threads", "num_threads", "set_num_threads"),
    "version": ("__version__",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """What is not there yet: each name is made when it is first asked for, and from then on found without coming here."""
    if name in _HOMES:
        made = getattr(_module(_HOMES[name]), name)
    elif name == "__all__":
        made = [*_HOMES, "backends", *_module("functions").public]
    elif name.startswith("_") or not name.isidentifier():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    elif find_spec(f"{__name__}.{name}"):
        made = _module(name)
    elif record := _module("functions").find(name):
        made = _module("backends").current().bind(record)
    elif sys._getframe(1).f_code.co_name == "_handle_fromlist":  # of `from fastact import name`
        raise ImportError(f"cannot import name {name!r} from {__name__!r}; {_instead_of(name)}", name=__name__, path=__file__)
    else:
        # Given the object as well, Python would add a suggestion of its own.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; {_instead_of(name)}", name=name)
    return globals().setdefault(name, made)  # the same for all threads that ask at once


def __dir__() -> list[str]:
    return [*_public_names(), *(name for name in globals() if name.startswith("__") and name != "__version__")]


def _module(name: str) -> Any:
    return import_module(f".{name}", __name__)


def _instead_of(name: str) -> str:
    """What to write for a name that is not here."""
    functions = _module("functions")
    try:
        record = functions.meant(name)
    except ValueError as error:  # no function is meant by it
        return str(error)
    return f"here it is {record.name!r}" if record else functions.suggestion(name, _public_names())


def _public_names() -> list[str]:
    names: list[str] = sys.modules[__name__].__all__
    return names


if os.environ.get("FASTACT_BACKEND"):  # a setting like those above
    _module("backends").current()
