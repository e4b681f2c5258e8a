"""From what size on results are streamed, which is to say written past the caches.

A store that goes past the caches spares the processor to read the line first: of results that no cache could hold it saves a
fifth to a third of the time. Of results that a cache would have held it costs more than that, now and again when the result is
read. So there is a limit, in bytes that a call reads and writes. It was measured where `rule` names a processor; nanoseconds an
element for relu in float32:

    elements    Intel server, 2 MB of level 2    AMD Zen 4, 32 MB of level 3
                      stored  streamed                 stored  streamed
    1 million                                           0.084     0.150
    2 million           0.31      0.25                  0.097     0.155
    4 million                                           0.160     0.160
    8 million                                           0.22      0.18
    16 million                                          0.30      0.19

An Intel server's third level is slow, and shared by too many; a desktop's is near, and so is a Zen processor's.
"""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

from .caches import Caches, caches
from .environment import whole_number
from .processor import Identity, identity

VARIABLE = "FASTACT_STREAM_FROM_MB"

#: More bytes than there are, but no overflow when multiplied by a number of threads.
NEVER = 1 << 50

_MIB = 1 << 20
_MOST = 1 << 23  # MiB
_DESKTOP = 64 * _MIB  # at most so large is the third level of an Intel processor that has it near
_ZEN = 0x17  # the family of the first of AMD's processors with this hierarchy of caches


class Streaming(NamedTuple):
    """When results are streamed.

    Attributes
    ----------
    limit : int
        Bytes that a call reads and writes: from here on results of a function that waits for memory, as relu does, are streamed;
        from twice as many on those of a function that computes.
    sharers : int
        The threads that have these bytes in common; as many more have as many bytes more.
    reason : str
        Where the limit comes from.
    """

    limit: int
    sharers: int
    reason: str

    def __str__(self) -> str:
        if self.limit >= NEVER:
            return f"never ({self.reason})"
        whose = "each thread reads and writes" if self.sharers == 1 else f"{self.sharers} threads read and write"
        return f"from {self.limit / _MIB:.4g} MiB on that {whose}, twice that where much is computed ({self.reason})"


def rule(who: Identity, known: Caches) -> Streaming:
    """What suits a processor with these caches."""
    second, third = known.get(2), known.get(3)
    if not who.vendor:
        return Streaming(NEVER, 1, "the kernels for this processor have no such stores")
    if who.intel and third and third.nbytes <= _DESKTOP and (second is None or third.nbytes > 6 * second.nbytes):
        return Streaming(third.nbytes, third.shared, "the third-level cache, on Intel's desktops")
    if who.intel and second:
        return Streaming(6 * second.nbytes, 1, "6 times the second-level cache, measured on Intel's servers")
    if who.amd and who.family >= _ZEN and third:
        # Equal at the size of the cache, quicker at twice that.
        return Streaming(third.nbytes * 3 // 2, third.shared, "1.5 times the third-level cache, measured on AMD's Zen 4")
    # Late, because too early costs more (0.150 for 0.084 above) than too late (0.30 for 0.19), and what is unknown may be larger.
    largest = max((cache.nbytes for cache in known.values()), default=0)
    return Streaming(max(2 * largest, 64 * _MIB), 1, "twice the largest known cache, at least 64 MiB: nothing was measured")


def _override(suits: Streaming) -> Streaming:
    """The same as the environment variable changes it; nothing makes kernels stream that can't."""
    if os.environ.get(VARIABLE, "").strip().lower() == "never":
        return Streaming(NEVER, 1, VARIABLE)
    otherwise = "never" if suits.limit >= NEVER else suits.limit // _MIB
    given = whole_number(VARIABLE, "MiB, or never,", 0, _MOST, otherwise)
    return suits if given is None or suits.limit >= NEVER else suits._replace(limit=given * _MIB, reason=VARIABLE)


@functools.cache
def streaming() -> Streaming:
    """When results are streamed here."""
    return _override(rule(identity(), caches()))
