"""Writes `fastact/__init__.pyi`, which tells type checkers and editors the names that `fastact/__init__.py` makes when asked for.

The build calls it: nobody edits a third file for a new function.
"""

from __future__ import annotations

import inspect

import fastact

from ..api import bound
from ..calls.bound import Bound


def stub() -> str:
    """The text of the stub: the names that `__init__.py` lists, and each bound function with its class."""
    lines = ['"""Written by the build: see tools/stubs.py."""', "", "from . import backends as backends"]
    for module, names in vars(fastact)["_NAMES"].items():  # the stub itself has none
        lines += [f"from .{module} import {name} as {name}" for name in names]
    classes = {name: public_class(function) for name, function in bound.items()}
    lines += [f"from {cls.__module__} import {cls.__name__} as _{cls.__name__}" for cls in dict.fromkeys(classes.values())]
    lines += ["", *(f"{name}: _{cls.__name__}" for name, cls in classes.items())]
    return "\n".join(lines) + "\n"


def public_class(function: Bound) -> type:
    """The class that says how a function is called, whichever backend it is bound to."""
    return next(cls for cls in inspect.getmro(type(function)) if cls.__module__.startswith("fastact.calls."))
