"""The calls behind the functions of `fastact.cython_api`."""

from __future__ import annotations

from typing import Any

from ...functions import entries
from ...functions.kinds import KINDS
from .engine.elementwise import new_direct_call
from .engine.rows import direct_call
from .exported import Exported
from .tables import table


def address(backend: Any, name: str, kind: str, dtype: str) -> int:
    """Where the engine's description of a call is, as `Exported.call` names it."""
    found: int
    if kind in ("rows", "rows_gradient"):
        found = direct_call(getattr(backend, name), kind == "rows_gradient", dtype)
    else:
        entry = entries[name]
        found = new_direct_call(table(backend.name), entry, KINDS[kind], dtype, Exported(entry, kind, dtype).defaults)
    return found
