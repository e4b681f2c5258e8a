"""How much a formula that is being traced has done: what runs on without end is stopped."""

from __future__ import annotations

from contextvars import ContextVar

from .places import here

#: A formula that is traced may use so many operations.
MOST_OPERATIONS = 10_000

_used: ContextVar[list[int] | None] = ContextVar("_used", default=None)


def count() -> None:
    """Count one operation."""
    used = _used.get()
    if used is not None:
        used[0] += 1
        if used[0] >= MOST_OPERATIONS:
            raise ValueError(
                f"the formula has {MOST_OPERATIONS} operations or more: is it a loop or a recursion without end?{here()}"
            )
