"""The processor's caches: how large each is, and how many logical processors share it.

An x86-64 processor is asked itself, by CPUID: the C library's `sysconf` multiplies on AMD (335 MB for 32). Of others Linux
tells in /sys, macOS by `sysctl`, Windows by `GetLogicalProcessorInformationEx`. On processors with cores of several kinds it is
one core that is told of.

Whoever tells is read by a function of its own, which takes what was told and asks nothing, so that tests can feed it.
"""

from __future__ import annotations

import functools
import os
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from .environment import whole_number
from .processor import EXTENDED, EXTENDED_FEATURES, HIGHEST, Cpuid, find_cpuid, identify

LEVELS = 1, 2, 3

#: Sizes that a cache of each level can have, in bytes. A hypervisor may tell others, 0 among them.
_PLAUSIBLE = {1: (1 << 12, 1 << 22), 2: (1 << 15, 1 << 30), 3: (1 << 17, 1 << 36)}

#: The variable that says how large the cache of a level is, and its unit; by how many it is shared says FASTACT_L1_SHARED, ...
SIZE_VARIABLES = {1: ("FASTACT_L1_KB", 1 << 10), 2: ("FASTACT_L2_KB", 1 << 10), 3: ("FASTACT_L3_MB", 1 << 20)}
_UNITS = {1 << 10: "KiB", 1 << 20: "MiB"}

_MOST_SHARED = 1 << 16

#: As CPUID numbers the kinds of caches.
_DATA, _INSTRUCTIONS, _UNIFIED = 1, 2, 3


class Cache(NamedTuple):
    """A cache as one logical processor sees it.

    Attributes
    ----------
    level : int
        1, 2 or 3; of level 1 it is the cache of data.
    nbytes : int
        Its size.
    shared : int
        How many logical processors have it in common, this one included.
    """

    level: int
    nbytes: int
    shared: int

    def __str__(self) -> str:
        large = self.nbytes >= 1 << 20
        size = f"{self.nbytes / (1 << 20):.4g} MiB" if large else f"{self.nbytes / (1 << 10):.4g} KiB"
        return f"level {self.level} {size}{f' shared by {self.shared}' if self.shared > 1 else ''}"


Caches = dict[int, Cache]


def _sorted_out(told: Iterable[Cache]) -> Caches:
    """The first of each level that is plausible; no cache is shared by more processors than there are."""
    processors = os.cpu_count() or _MOST_SHARED
    found: Caches = {}
    for cache in told:
        least, most = _PLAUSIBLE.get(cache.level, (1, 0))
        if least <= cache.nbytes <= most and cache.level not in found:
            found[cache.level] = cache._replace(shared=max(1, min(cache.shared, processors)))
    return dict(sorted(found.items()))


# ---- CPUID ----------------------------------------------------------------------------------------------------------

_LEAF, _AMD_LEAF = 4, 0x8000001D
_TOPOLOGY_EXTENSIONS = 1 << 22  # in ECX: AMD's leaf is there
_MOST_PARTS = 16  # some hypervisors never say that there are no more


def from_cpuid(cpuid: Cpuid) -> Caches:
    """What an x86-64 processor with these registers tells: in leaf 4, or AMD's in leaf 0x8000001D, which has the same fields."""
    if identify(cpuid).amd:
        known = cpuid(EXTENDED, 0)[0] >= _AMD_LEAF and cpuid(EXTENDED_FEATURES, 0)[2] & _TOPOLOGY_EXTENSIONS
        leaf = _AMD_LEAF
    else:
        known, leaf = cpuid(HIGHEST, 0)[0] >= _LEAF, _LEAF

    def told() -> Iterator[Cache]:
        for part in range(_MOST_PARTS if known else 0):
            eax, ebx, ecx, _ = cpuid(leaf, part)
            kind, level, shared = eax & 0x1F, eax >> 5 & 7, (eax >> 14 & 0xFFF) + 1
            if kind == 0:
                return
            if kind in (_DATA, _UNIFIED):
                ways, partitions, line, sets = (ebx >> 22) + 1, (ebx >> 12 & 0x3FF) + 1, (ebx & 0xFFF) + 1, ecx + 1
                yield Cache(level, ways * partitions * line * sets, shared)

    return _sorted_out(told())


# ---- Linux ----------------------------------------------------------------------------------------------------------

SYSFS = "/sys/devices/system/cpu"
_SUFFIXES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _usable_processors() -> list[int]:
    """The processors that this process may use, by number: in a container perhaps not the first."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return [0]


def _count(processors: str) -> int:
    """How many a list such as ``0-3,8`` names."""
    spans = (span.split("-") for span in processors.split(",") if span)
    return sum(int(span[-1]) - int(span[0]) + 1 for span in spans)


def from_sysfs(root: str = SYSFS, processors: Iterable[int] | None = None) -> Caches:
    """What Linux tells of the first of these processors of which it tells anything."""

    def read(folder: str, name: str) -> str:
        with open(os.path.join(folder, name), encoding="ascii") as file:
            return file.read().strip()

    def told(cache: str) -> Iterator[Cache]:
        for index in sorted(os.listdir(cache)):
            folder = os.path.join(cache, index)
            try:
                if index.startswith("index") and read(folder, "type") in ("Data", "Unified"):
                    size = read(folder, "size")
                    nbytes = int(size.rstrip("KMG")) * _SUFFIXES.get(size[-1:], 1)
                    yield Cache(int(read(folder, "level")), nbytes, _count(read(folder, "shared_cpu_list")))
            except (OSError, ValueError):  # of this cache not all is known
                continue

    for number in _usable_processors() if processors is None else processors:
        try:
            found = _sorted_out(told(os.path.join(root, f"cpu{number}", "cache")))
        except OSError:
            continue
        if found:
            return found
    return {}


# ---- macOS ----------------------------------------------------------------------------------------------------------


def from_sysctl(read: Callable[[str], int]) -> Caches:
    """What macOS tells by these numbers (0: not told): of its fastest cores, where there are several kinds."""

    def first(*names: str) -> int:
        return next((number for name in names if (number := read(name)) > 0), 0)

    told = []
    for level, size in ((1, "l1dcachesize"), (2, "l2cachesize"), (3, "l3cachesize")):
        shared = first(f"hw.perflevel0.cpusperl{level}") if level > 1 else 1
        told.append(Cache(level, first(f"hw.perflevel0.{size}", f"hw.{size}"), shared))
    return _sorted_out(told)


def _ask_sysctl(name: str) -> int:
    import ctypes

    value, size = ctypes.c_int64(0), ctypes.c_size_t(8)
    failed = ctypes.CDLL(None).sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
    return 0 if failed else value.value


# ---- Windows --------------------------------------------------------------------------------------------------------

_RELATION_CACHE = 2
_WINDOWS_KINDS = {0: _UNIFIED, 1: _INSTRUCTIONS, 2: _DATA}
_MASK_AT = 40  # bytes from the beginning of a record to the mask of its processors


def from_windows(told: bytes) -> Caches:
    """What Windows tells by these records, each a SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX of a cache."""

    def caches() -> Iterator[Cache]:
        at = 0
        while at + _MASK_AT + 8 <= len(told):
            relation, size, level, nbytes, kind = struct.unpack_from("<IIB3xII", told, at)
            (processors,) = struct.unpack_from("<Q", told, at + _MASK_AT)
            if relation == _RELATION_CACHE and _WINDOWS_KINDS.get(kind) in (_DATA, _UNIFIED):
                yield Cache(level, nbytes, processors.bit_count())
            if size < 8:
                return
            at += size

    return _sorted_out(caches())


def _ask_windows() -> bytes:
    import ctypes

    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]  # on Windows alone
    size = ctypes.c_uint32(0)
    kernel.GetLogicalProcessorInformationEx(_RELATION_CACHE, None, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    if not kernel.GetLogicalProcessorInformationEx(_RELATION_CACHE, buffer, ctypes.byref(size)):
        return b""
    return buffer.raw[: size.value]


# ---- what is known here ---------------------------------------------------------------------------------------------


def _find() -> tuple[Caches, str]:
    """The caches of this machine, and who tells of them."""
    askers: list[tuple[str, Callable[[], Caches]]] = [("CPUID", lambda: from_cpuid(find_cpuid()))]
    if sys.platform == "linux":
        askers.append((SYSFS, from_sysfs))
    elif sys.platform == "darwin":
        askers.append(("sysctl", lambda: from_sysctl(_ask_sysctl)))
    elif sys.platform == "win32":
        askers.append(("GetLogicalProcessorInformationEx", lambda: from_windows(_ask_windows())))
    for source, ask in askers:
        try:
            found = ask()
        except (OSError, ValueError, AttributeError):  # whatever the system, an import must not fail for this
            continue
        if found:
            return found, source
    return {}, "nobody tells"


def _override(found: Caches) -> tuple[Caches, list[str]]:
    """The caches as environment variables change them, and the variables that do."""
    changed, variables = dict(found), []
    for level in LEVELS:
        variable, unit = SIZE_VARIABLES[level]
        cache = found.get(level)
        otherwise = cache.nbytes // unit if cache else "what is unknown"
        if (size := whole_number(variable, _UNITS[unit], 1, (1 << 40) // unit, otherwise)) is not None:
            changed[level] = Cache(level, size * unit, cache.shared if cache else 1)
            variables.append(variable)
        variable, cache = f"FASTACT_L{level}_SHARED", changed.get(level)
        shared = whole_number(variable, "processors", 1, _MOST_SHARED, cache.shared if cache else "what is unknown")
        if cache and shared is not None:
            changed[level] = cache._replace(shared=shared)
            variables.append(variable)
    return dict(sorted(changed.items())), variables


@functools.cache
def _known() -> tuple[Caches, str]:
    found, source = _find()
    caches, variables = _override(found)
    return caches, ", ".join([source, *variables] if found or not variables else variables)


def caches() -> Caches:
    """The caches by their level, those that are known: from the environment, or from the processor or the system."""
    return _known()[0]


def described() -> str:
    """The caches in words, and who tells of them."""
    known, source = _known()
    return f"{', '.join(map(str, known.values())) or 'unknown'} ({source})"
