"""Writes `fastact/__init__.pyi`, which tells type checkers and editors the names that `fastact/__init__.py` binds when imported.

The build calls it: nobody edits a third file for a new function.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import fastact

from ..api import bound
from ..calls.bound import Bound


def stub() -> str:
    """The text of the stub: what `__init__.py` imports, and each bound function with its class."""
    imports = [
        node for node in ast.parse(Path(fastact.__file__).read_text()).body if isinstance(node, ast.ImportFrom) and node.level
    ]
    public = set(vars(fastact)["__all__"])  # the stub itself has none
    lines = ['"""Written by the build: see tools/stubs.py."""', ""]
    for node in imports:
        names = [alias.name for alias in node.names if alias.name in public]
        lines += [f"from {'.' * node.level}{node.module or ''} import {name} as {name}" for name in names]
    classes = {name: public_class(function) for name, function in bound.items()}
    lines += [f"from {cls.__module__} import {cls.__name__} as _{cls.__name__}" for cls in dict.fromkeys(classes.values())]
    lines += ["", *(f"{name}: _{cls.__name__}" for name, cls in classes.items())]
    return "\n".join(lines) + "\n"


def public_class(function: Bound) -> type:
    """The class that says how a function is called, whichever backend it is bound to."""
    return next(cls for cls in inspect.getmro(type(function)) if cls.__module__.startswith("fastact.calls."))
