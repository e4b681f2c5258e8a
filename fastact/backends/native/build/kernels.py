"""The block kernels of each instruction set: which headers of simd/ have them, and for what.

A header with the name of an instruction set (avx512.h) defines that set's vectors and their operations, as kernels.h says, and
lists which kernels take the formulas' place there. A line has an activation, a type, and parts of the formula; an operation has
one part only, which no line names:

    /* FASTACT_KERNELS
       exponential   float32   forward derivative
       operation_log   float32
       gelu            quick     forward
    */

The type "quick" is float32, computed in float64 for the mode "exact": see quick_kernels.h. Only there a line may have one part.

The kernels themselves are one text for all sets: functions of the other headers that have a formula's name,
V(exponential_forward), V(exponential_derivative), V(operation_log). A set may have some of its own, exponential_forward_v32 (_v64
for float64) and so on in its header.

The module of a set includes its header, and no other set's. That defines vector_f32, memory_f32, all_v32 and fetch_ahead,
likewise vector_f64 and so on, and FASTACT_BLOCK_KERNELS as 1 where the compiler can take it all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ....functions import entries
from ...choice import ORDER
from .loops import QUICK, REALS, Loop
from .operations import OPERATIONS, OperationLoop

#: Where the headers stand in the sources.
FOLDER = "fastact/backends/native/simd"

_LIST = re.compile(r"/\* FASTACT_KERNELS\n(.*?)\*/", re.DOTALL)
_LINE = re.compile(r"\s*(\w+) +(\w+)((?: +\w+)*)\s*")
_DEFINITION = re.compile(r"\b(V\()?(\w+)(?(1)\)|_v(?:32|64))\([^;{}]*\)\s*\{")
_PARTS = ("forward", "derivative", "derivative_from_output")
_OPERATIONS = {operation.formula for operation in OPERATIONS}


@dataclass(frozen=True)
class Kernel:
    """One block kernel: the formula whose place it takes, and a type."""

    formula: str
    dtype: str


@dataclass(frozen=True)
class Vectors:
    """A loop's statements for vectors, in C, for one instruction set."""

    instruction_set: str
    statements: list[str]


@dataclass
class InstructionSet:
    """Its kernels, as its header, `<name>.h`, lists them."""

    name: str
    kernels: set[Kernel] = field(default_factory=set)

    def vectors(self, loop: Loop | OperationLoop) -> Vectors | None:
        """How it computes a loop; None if it lacks a block kernel for that."""
        if all(Kernel(formula, loop.dtype) in self.kernels for formula in loop.formulas):
            return Vectors(self.name, loop.vector_statements())
        return None


def listed(header: Path) -> Iterator[Kernel]:
    """The kernels that a header lists."""
    for line in "".join(_LIST.findall(header.read_text())).splitlines():
        found = _LINE.fullmatch(line)
        if found:
            name, dtype, parts = found[1], found[2], found[3].split()
            if dtype not in (*REALS, QUICK) or (name not in _OPERATIONS if not parts else name not in entries):
                found = None
            elif not parts:
                yield Kernel(name, dtype)
            elif dtype != QUICK and ("forward" in parts) != ("derivative" in parts):
                raise ValueError(
                    f"{FOLDER}/{header.name}: {name} needs forward and derivative, for value_and_grad has the bits of both"
                )
            else:
                yield from (Kernel(f"{name}_{part}", dtype) for part in parts)
        if not found and line.strip():
            raise ValueError(
                f"{FOLDER}/{header.name}: FASTACT_KERNELS has a line {line.strip()!r}, which build/kernels.py cannot read"
            )


def defined(header: Path) -> set[str]:
    """The functions of a header that have a formula's name, without their type."""
    names = {name for _, name in _DEFINITION.findall(header.read_text())}
    return {name for name in names if name in _OPERATIONS or _is_part(name)}


def _is_part(name: str) -> bool:
    """Whether an activation's formula has a part of this name."""
    return any(name.endswith(f"_{part}") and name.removesuffix(f"_{part}") in entries for part in _PARTS)


def read(folder: Path) -> Mapping[str, InstructionSet]:
    """The instruction sets that there are headers for, by name."""
    headers = sorted(folder.glob("*.h"))
    shared = {header: defined(header) for header in headers if header.stem not in ORDER}
    sets: dict[str, InstructionSet] = {}
    for header in headers:
        if header in shared:
            if any(listed(header)):
                raise ValueError(f"{FOLDER}/{header.name}: lists kernels, but there is no instruction set {header.stem}")
            continue
        instruction_set = sets[header.stem] = InstructionSet(header.stem)
        own = defined(header)
        known = own.union(*shared.values())
        for kernel in listed(header):
            if kernel.formula not in known:
                raise ValueError(f"{FOLDER}/{header.name}: FASTACT_KERNELS lists {kernel.formula}, which is not there")
            if kernel in instruction_set.kernels:
                raise ValueError(f"{FOLDER}/{header.name}: FASTACT_KERNELS lists {kernel.formula} for {kernel.dtype} twice")
            instruction_set.kernels.add(kernel)
        if unlisted := own - {kernel.formula for kernel in instruction_set.kernels}:
            raise ValueError(f"{FOLDER}/{header.name}: FASTACT_KERNELS does not list {min(unlisted)}")
    used = {kernel.formula for instruction_set in sets.values() for kernel in instruction_set.kernels}
    for header, functions in shared.items():
        if unlisted := functions - used:
            raise ValueError(f"{FOLDER}/{header.name}: no instruction set lists {min(unlisted)} under FASTACT_KERNELS")
    return sets
