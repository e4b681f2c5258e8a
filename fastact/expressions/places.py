"""Where in a user's program something happens: for messages that name the line."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FrameType

_PACKAGE = str(Path(__file__).parent.parent)


def ours(frame: FrameType) -> bool:
    """Whether a frame runs a line of this package or of NumPy."""
    name = frame.f_code.co_filename
    return name.startswith(_PACKAGE) or "/numpy/" in name.replace("\\", "/") or name.startswith("<__array_function__")


def here() -> str:
    """The line of the user's that is being run, as '(line 3 of aria.py: if x > 0:)'; nothing where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and ours(frame):
        frame = frame.f_back
    if frame is None:
        return ""
    name, line = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(name, line).strip()
    return f" (line {line} of {Path(name).name}{': ' + source if source else ''})"
