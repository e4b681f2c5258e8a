"""The memory of large results: kept when it is freed, and given to the next result of the same size."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

from .environment import whole_number

buffers: Any
try:
    buffers = importlib.import_module(f"{__package__}.buffers")
except ImportError:  # not built
    buffers = None

#: As np.empty, for results.
empty_array = np.empty if buffers is None else buffers.empty_array

#: How many MiB to keep at most.
VARIABLE = "FASTACT_CACHE_MB"

#: For results of up to 256 MiB, of which one is freed while the next is in use.
DEFAULT = 256
MOST = 1 << 23


def empty_cache() -> None:
    """Give memory that is kept for results back to the operating system.

    A large result (from 256 KiB) keeps its memory when it is freed, because fresh memory takes longer to get than an activation
    to compute: the next result of the same size is written there. At most 256 MiB are kept; the environment variable
    FASTACT_CACHE_MB sets another limit, and 0 turns this off. It concerns the memory of fastact's results alone.

    Examples
    --------
    >>> import numpy as np
    >>> import fastact
    >>> y = fastact.relu(np.ones(4_000_000))
    >>> del y
    >>> fastact.empty_cache()
    """
    if buffers is not None:
        buffers.empty_cache()


def kept_megabytes() -> tuple[int, int]:
    """How many MiB are kept, and how many may be."""
    kept, limit = (0, 0) if buffers is None else buffers.kept()
    return kept >> 20, limit >> 20


if buffers is not None:
    _given = whole_number(VARIABLE, "MiB", 0, MOST, DEFAULT)
    buffers.set_limit(min((DEFAULT if _given is None else _given) << 20, sys.maxsize))
