"""The loops of each instruction set."""

from __future__ import annotations

import functools
import importlib

from .engine.elementwise import Table


@functools.cache
def table(backend: str) -> Table:
    """The table of the loops of the backend of this name; ImportError where they were not built."""
    return Table(importlib.import_module(f"{__package__}._{backend}").capsule)
