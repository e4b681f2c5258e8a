"""What a backend consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..calls.bound import Bound
from ..functions.record import Call


class Implementation(NamedTuple):
    """What the package of a backend hands over.

    Attributes
    ----------
    build : str
        How it was compiled.
    classes : mapping
        For each way to call a function the class that binds a record to a backend: ``classes[record.call](record, backend)``.
    rows, losses
        The arithmetic of the functions of rows and of the losses: see `fastact.calls.rows` and `fastact.calls.losses`.
    """

    build: str
    classes: Mapping[Call, type[Bound]]
    rows: Any
    losses: Any
