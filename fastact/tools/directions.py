"""The directions in which the tools check, time and measure a function."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """One direction, as results and tables call it."""

    FORWARD = "forward"
    BACKWARD = "backward"
    #: The backward pass from the saved output instead of the input.
    FROM_OUTPUT = "backward from y"


#: What every function has.
BOTH = (Direction.FORWARD, Direction.BACKWARD)
