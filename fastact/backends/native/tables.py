"""The loops of each instruction set."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from .engine.elementwise import Table


def capsule(backend: str) -> Any:
    """What the module of the loops hands over; ImportError where it was not built."""
    return importlib.import_module(f"{__package__}._{backend}").capsule


@functools.cache
def table(backend: str, exact: bool = False) -> Table:
    """The table of the loops of the backend of this name."""
    return Table(capsule(backend), exact)
