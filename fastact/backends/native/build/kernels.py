"""The block kernels of each instruction set: which headers of simd/ have them, and for what.

A header belongs to the instruction set whose name its own begins with: avx512.h, avx512_exp.h. Only that set's module includes
it, if it lists block kernels; what it includes itself defines vector_xN, memory_xN, all_xN and fetch_ahead, and FASTACT_BLOCK_KERNELS
as 1 where the compiler can take it all. Each line of the list has an activation, a type, a vector's lanes, and parts of the formula:

    /* FASTACT_KERNELS
       exponential   float32 x16   forward derivative
    */

Then the header must have the functions exponential_forward_x16 and exponential_derivative_x16. A header that ends in _text.h is
included by others, for float and double, and has the functions X(exponential_forward) and so on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ....functions import entries
from ...choice import ORDER
from .loops import REALS, Loop

_LIST = re.compile(r"/\* FASTACT_KERNELS\n(.*?)\*/", re.DOTALL)
_LINE = re.compile(r"(\w+) +(\w+) x(\d+) +(\w+(?: \w+)*)")
# Its definition: NAME_forward_x16(...) {, or for each type X(NAME_forward)(...) {
_FUNCTION = re.compile(r"\b(?P<each>X\()?(\w+)_(forward|derivative|derivative_from_output)(?(each)\)|_x(\d+))\([^;{}]*\)\s*\{")


@dataclass(frozen=True)
class Vectors:
    """A loop's statements for vectors, in C, for one instruction set."""

    instruction_set: str
    lanes: int
    statements: list[str]


@dataclass
class InstructionSet:
    """The block kernels of one instruction set, and the headers to include; of a kernel (activation, part, dtype) its lanes."""

    name: str
    headers: list[str] = field(default_factory=list)
    kernels: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Take in one header."""
        text = path.read_text()
        if self.name not in ORDER:
            raise ValueError(f"simd/{path.name}: there is no instruction set {self.name}")
        defined = {found.groups()[1:] for found in _FUNCTION.finditer(text) if found[2] in entries}
        used = set()
        listed = "".join(_LIST.findall(text))
        if listed and not path.stem.endswith("_text"):
            self.headers.append(path.name)
        for line in listed.splitlines():
            if not line.strip():
                continue
            found = _LINE.fullmatch(line.strip())
            if not found or found[1] not in entries or found[2] not in REALS or REALS[found[2]][1] % int(found[3]):
                raise ValueError(f"simd/{path.name}: FASTACT_KERNELS has the line {line.strip()!r}: see build/kernels.py")
            name, dtype, lanes, parts = found[1], found[2], found[3], found[4].split()
            if ("forward" in parts) != ("derivative" in parts):
                raise ValueError(f"simd/{path.name}: {name} has one of forward and derivative, but value_and_grad has the bits of both")
            for part in parts:
                found_here = {(name, part, lanes), (name, part, None)} & defined
                if not found_here:
                    raise ValueError(f"simd/{path.name}: there is no {name}_{part}_x{lanes}, which FASTACT_KERNELS lists")
                if (name, part, dtype) in self.kernels:
                    raise ValueError(f"simd/{path.name}: {name}, {dtype}, is listed twice for {self.name}")
                used |= found_here
                self.kernels[name, part, dtype] = int(lanes)
        for name, part, _ in sorted(defined - used, key=str):
            raise ValueError(f"simd/{path.name}: FASTACT_KERNELS does not list {name}_{part}")

    def vectors(self, loop: Loop) -> Vectors | None:
        """How it computes a loop; None if it lacks a block kernel for that."""
        lanes = {self.kernels.get((loop.entry.name, part, loop.dtype)) for part in loop.parts}
        width = lanes.pop()
        return None if lanes or width is None else Vectors(self.name, width, loop.vector_statements(width))


def read(folder: Path) -> Mapping[str, InstructionSet]:
    """The instruction sets that the headers of `folder` are for, by name."""
    found: dict[str, InstructionSet] = {}
    for path in sorted(folder.glob("*.h")):
        name = path.stem.partition("_")[0]
        found.setdefault(name, InstructionSet(name)).add(path)
    return found
