"""The block kernels of each instruction set: which headers of simd/ have them, and for what.

A header belongs to the instruction set whose name its own begins with: avx512.h, avx512_exp.h. One that has block kernels lists
them, and only that set's module includes it. A line has an activation, a type, the lanes of a vector, and parts of the formula:

    /* FASTACT_KERNELS
       exponential   float32 x16   forward derivative
    */

Then the header has the functions exponential_forward_x16 and exponential_derivative_x16. A header that ends in _text.h is
included by others, for float and double; there they are X(exponential_forward) and so on.

What it includes defines vector_x16, memory_x16, all_x16 and fetch_ahead (see avx512.h), and FASTACT_BLOCK_KERNELS as 1 where
the compiler can take it all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ....functions import entries
from ...choice import ORDER
from .loops import REALS, Loop

#: Where the headers stand in the sources.
FOLDER = "fastact/backends/native/simd"

_LIST = re.compile(r"/\* FASTACT_KERNELS\n(.*?)\*/", re.DOTALL)
_LINE = re.compile(r"\s*(\w+) +(\w+) x(\d+) +(\w+(?: \w+)*)")
_DEFINITION = re.compile(r"\b(X\()?(\w+)_(forward|derivative|derivative_from_output)(?(1)\)|_x(\d+))\([^;{}]*\)\s*\{")


@dataclass(frozen=True)
class Kernel:
    """One block kernel: an activation, a part of its formula, a type, and how many lanes it takes at a time."""

    activation: str
    part: str
    dtype: str
    lanes: int

    @property
    def name(self) -> str:
        return f"{self.activation}_{self.part}_x{self.lanes}"


@dataclass(frozen=True)
class Vectors:
    """A loop's statements for vectors, in C, for one instruction set."""

    instruction_set: str
    lanes: int
    statements: list[str]


@dataclass
class InstructionSet:
    """The headers to include, and how many lanes the kernel of an activation, part and type has."""

    name: str
    headers: list[str] = field(default_factory=list)
    lanes: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def vectors(self, loop: Loop) -> Vectors | None:
        """How it computes a loop; None if it lacks a block kernel for that."""
        lanes = {self.lanes.get((loop.entry.name, part, loop.dtype)) for part in loop.parts}
        width = lanes.pop()
        return None if lanes or width is None else Vectors(self.name, width, loop.vector_statements(width))


def listed(header: Path) -> Iterator[Kernel]:
    """The kernels that a header lists."""
    for line in "".join(_LIST.findall(header.read_text())).splitlines():
        found = _LINE.fullmatch(line)
        if found:
            name, dtype, lanes, parts = found[1], found[2], int(found[3]), found[4].split()
            if name not in entries or dtype not in REALS or REALS[dtype][1] % lanes:
                found = None
            elif ("forward" in parts) != ("derivative" in parts):
                raise ValueError(
                    f"{FOLDER}/{header.name}: {name} needs forward and derivative, for value_and_grad has the bits of both"
                )
            else:
                yield from (Kernel(name, part, dtype, lanes) for part in parts)
        if not found and line.strip():
            raise ValueError(
                f"{FOLDER}/{header.name}: FASTACT_KERNELS has a line {line.strip()!r}, which build/kernels.py cannot read"
            )


def defined(header: Path) -> set[str]:
    """The functions of a header that have a block kernel's name; in a text for float and double that name has no lanes."""
    return {
        f"{activation}_{part}_x{lanes}" if lanes else f"{activation}_{part}"
        for _, activation, part, lanes in _DEFINITION.findall(header.read_text())
        if activation in entries
    }


def read(folder: Path) -> Mapping[str, InstructionSet]:
    """The instruction sets that the headers of `folder` are for, by name."""
    sets: dict[str, InstructionSet] = {}
    for header in sorted(folder.glob("*.h")):
        name = header.stem.partition("_")[0]
        if name not in ORDER:
            raise ValueError(f"{FOLDER}/{header.name}: there is no instruction set {name}")
        instruction_set = sets.setdefault(name, InstructionSet(name))
        kernels, functions = list(listed(header)), defined(header)
        for kernel in kernels:
            key = (kernel.activation, kernel.part, kernel.dtype)
            if kernel.name not in functions and f"{kernel.activation}_{kernel.part}" not in functions:
                raise ValueError(f"{FOLDER}/{header.name}: FASTACT_KERNELS lists {kernel.name}, which is not there")
            if key in instruction_set.lanes:
                raise ValueError(f"{FOLDER}/{header.name}: {kernel.name} is a second kernel of {name} for {' '.join(key)}")
            instruction_set.lanes[key] = kernel.lanes
        unlisted = functions - {k.name for k in kernels} - {f"{k.activation}_{k.part}" for k in kernels}
        if unlisted:
            raise ValueError(f"{FOLDER}/{header.name}: FASTACT_KERNELS does not list {min(unlisted)}")
        if kernels and not header.stem.endswith("_text"):
            instruction_set.headers.append(header.name)
    return sets
