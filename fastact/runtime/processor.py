"""What the processor is: its name, and on x86-64 its maker, family and model."""

from __future__ import annotations

import functools
import importlib
import platform
import struct
from collections.abc import Callable
from typing import NamedTuple

#: The registers EAX, EBX, ECX and EDX of a leaf's part, as `fastact.runtime.cpuid.cpuid` gives them.
Registers = tuple[int, int, int, int]
Cpuid = Callable[[int, int], Registers]

HIGHEST, VERSION, EXTENDED, EXTENDED_FEATURES = 0, 1, 0x80000000, 0x80000001


class Identity(NamedTuple):
    """What an x86-64 processor says it is.

    Attributes
    ----------
    vendor : str
        Its maker: ``"GenuineIntel"``, ``"AuthenticAMD"``, ...; empty on other processors.
    family, model : int
        As its maker counts them.
    """

    vendor: str = ""
    family: int = 0
    model: int = 0

    @property
    def amd(self) -> bool:
        """Whether AMD made it, or Hygon by AMD's design."""
        return self.vendor in ("AuthenticAMD", "HygonGenuine")

    @property
    def intel(self) -> bool:
        """Whether Intel made it."""
        return self.vendor == "GenuineIntel"

    def __str__(self) -> str:
        return f"{self.vendor} family {self.family} model {self.model}" if self.vendor else ""


def no_cpuid(leaf: int, part: int) -> Registers:
    """The registers on a processor that has no such instruction, and where nothing was compiled that could ask it."""
    return 0, 0, 0, 0


def find_cpuid() -> Cpuid:
    """How to ask this processor."""
    try:
        cpuid: Cpuid = importlib.import_module(f"{__package__}.cpuid").cpuid
    except ImportError:  # not built
        return no_cpuid
    return cpuid


def identify(cpuid: Cpuid) -> Identity:
    """What the processor with these registers is."""
    _, *letters = cpuid(HIGHEST, 0)
    if not any(letters):
        return Identity()
    ebx, ecx, edx = letters
    vendor = struct.pack("<3I", ebx, edx, ecx).decode("ascii", "replace").strip("\0 ")
    version, *_ = cpuid(VERSION, 0)
    family, model = version >> 8 & 0xF, version >> 4 & 0xF
    if family in (6, 15):
        model += version >> 12 & 0xF0
    if family == 15:
        family += version >> 20 & 0xFF
    return Identity(vendor, family, model)


@functools.cache
def identity() -> Identity:
    """What this processor is."""
    return identify(find_cpuid())


def processor() -> str:
    """What the processor calls itself, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
