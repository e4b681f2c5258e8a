"""What a backend consists of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..calls.bound import Bound
from ..functions.record import Call


class Implementation(NamedTuple):
    """What the package of a backend hands over. The parts for rows and losses are imported when first asked for.

    Attributes
    ----------
    build : str
        How it was compiled.
    class_of : callable
        For each way to call a function the class that binds a record to a backend: ``class_of(record.call)(record, backend)``.
    rows, losses : callable
        rows() and losses() give the arithmetic of the functions of rows and of the losses: see `fastact.calls.rows` and
        `fastact.calls.losses`.
    """

    build: str
    class_of: Callable[[Call], type[Bound]]
    rows: Callable[[], Any]
    losses: Callable[[], Any]
