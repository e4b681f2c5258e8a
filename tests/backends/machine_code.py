"""Reads a compiled module's machine code: is every loop of the table vectorised, and does no float32 loop compute in double?

    python tests/backends/machine_code.py check neon=FILE               # one line for each fault
    python tests/backends/machine_code.py count avx2=FILE neon=FILE     # how many instructions an element takes in each

reads modules that need not run on this machine.
"""

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

OBJDUMP = shutil.which("objdump")
#: The first part of the name of the program for a machine, by its number in the head of an ELF file.
_PREFIXES = {62: "x86_64-linux-gnu-", 183: "aarch64-linux-gnu-"}

Line = tuple[int, str, str]


@dataclass(frozen=True)
class Assembly:
    """How objdump writes what is looked for in the loops of one instruction set: patterns of a mnemonic and its operands."""

    name: str  #: of the widest register, which every loop must use
    width: int  #: its bytes
    store: str  #: of such registers to memory other than the stack
    computing: dict[str, str]  #: arithmetic on such registers, by type
    double: str  #: arithmetic on doubles, one or more, and conversions from and to them
    sums: str  #: what of that it takes to add up doubles

    def stored(self, line: Line) -> int:
        """How many bytes it stores of such registers, but on the stack."""
        registers = len(re.findall(rf"{self.name}\d", line[2]))
        return self.width * registers if re.match(self.store, f"{line[1]} {line[2]}") else 0

    def computes(self, line: Line, dtype: str) -> bool:
        return re.match(self.computing[dtype], f"{line[1]} {line[2]}") is not None

    def doubles(self, lines: Iterable[Line], sums: bool = False) -> list[str]:
        """What computes in double; with `sums`, what does so otherwise than to add up."""
        texts = [f"{mnemonic} {operands}" for _, mnemonic, operands in lines]
        found = [text for text in texts if re.match(self.double, text) and not (sums and re.match(self.sums, text))]
        return sorted({text.partition(" ")[0] for text in found})


def _x86(register: str, width: int) -> Assembly:
    arithmetic = r"v?(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d+|rndscale|round|cmp\w*?|u?comi)"
    return Assembly(
        name=register,
        width=width,
        store=rf"v?mov(?:[au]p[sd]|dq[au]\d*|ntp[sd]|ntdq) %{register}\d+,(?!\S*\(%rsp|-\S*\(%rbp)-?(?:0x)?[0-9a-f]*\(",
        computing={dtype: rf"{arithmetic}p{letter} .*%{register}" for dtype, letter in (("float32", "s"), ("float64", "d"))},
        double=rf"(?:{arithmetic}(?:pd|sd)|v?cvt\w*(?:pd|sd)\w*) ",
        sums=r"v?(?:(?:add|sub)[ps]d|cvts[sd]2s[sd]|cvtps2pd|cvtpd2ps) ",
    )


def _neon() -> Assembly:
    arithmetic = r"f(?:n?m?(?:add|sub|ul)p?|ml[as]|div|sqrt|(?:max|min)(?:nm)?|rint\w|c?cmp?e?|cm\w\w|a?b[sd]|neg)"
    return Assembly(
        name="q",
        width=16,
        store=r"st(?:r|ur|n?p) q\d+, (?:q\d+, )?\[(?!sp|x29)",
        computing={dtype: rf"{arithmetic} v\d+\.{lanes}" for dtype, lanes in (("float32", "4s"), ("float64", "2d"))},
        double=rf"(?:{arithmetic}|[fsu]cvt\w*) (?:.*, )?(?:d\d+|v\d+\.2d)\b",
        sums=r"f(?:addp?|sub|cvt|cvt[ln]2?) ",
    )


#: By backend.
ASSEMBLY = {"avx512": _x86("zmm", 64), "avx2": _x86("ymm", 32), "baseline": _x86("xmm", 16), "neon": _neon()}

# These have the mnemonics of both architectures: none of one means something else on the other.
_JUMP = re.compile(r"(?:j\w+|b|b\.\w+|cbn?z|tbn?z)$")
_TARGET = re.compile(r"(?:^|, )([0-9a-f]+) <")
_CALL = re.compile(r"(?:call\w*|blr?)$")
_COPY = re.compile(r"<(memcpy|memmove|memset)@plt>")


@dataclass
class Function:
    """One function's instructions: address, mnemonic, operands; and its symbol."""

    symbol: str
    lines: list[Line] = field(default_factory=list)

    def loops(self, counts: Callable[[list[Line]], bool] = bool) -> list[list[Line]]:
        """The innermost loops of those that count: what lies between the target of a jump backwards and the jump."""
        spans = {}
        for address, mnemonic, operands in self.lines:
            target = _TARGET.search(operands)
            if _JUMP.match(mnemonic) and target and self.lines[0][0] <= int(target[1], 16) <= address:
                low = int(target[1], 16)
                loop = [line for line in self.lines if low <= line[0] <= address]
                if counts(loop):
                    spans[low, address] = loop
        return [spans[s] for s in spans if not any(o != s and s[0] <= o[0] and o[1] <= s[1] for o in spans)]

    def storing(self, assembly: Assembly) -> list[list[Line]]:
        """The innermost loops that store full registers."""
        return [loop for loop in self.loops() if any(map(assembly.stored, loop))]

    def calls(self) -> list[str]:
        """What it calls, but for the compiler's guard of the stack: some systems' Python has all extensions compiled with it."""
        called = [operands for _, mnemonic, operands in self.lines if _CALL.match(mnemonic)]
        return [operands for operands in called if "<__stack_chk_fail" not in operands]


def objdump(path, *arguments: str) -> str:
    """What objdump tells of an object file or shared library. One for another machine needs that machine's objdump."""
    with open(path, "rb") as file:
        prefix = _PREFIXES.get(int.from_bytes(file.read(20)[18:], "little"), "")
    program = shutil.which(f"{prefix}objdump") or OBJDUMP
    return subprocess.run([program, *arguments, str(path)], capture_output=True, text=True, check=True).stdout


@functools.cache
def functions(path) -> dict[str, Function]:
    """The functions of an object file or shared library, by symbol."""
    found: dict[str, Function] = {}
    current = None
    for line in objdump(path, "-d", "--no-show-raw-insn").splitlines():
        if head := re.match(r"^[0-9a-f]+ <(\S+)>:$", line):
            current = found.setdefault(head[1], Function(head[1]))
        elif current and (code := re.match(r"^\s*([0-9a-f]+):\t(?:(?:rep|repz|bnd|notrack|data16|lock) )*(\S+)\s*(.*)$", line)):
            current.lines.append((int(code[1], 16), code[2], code[3]))
    return found


def faults(function: Function, dtype: str, assembly: Assembly) -> list[str]:
    """What is wrong with a loop of the table; empty if nothing is."""
    found = []
    copies = any(map(_COPY.search, function.calls()))
    itself = f"<{function.symbol}>"  # for what stands before the first aligned element
    others = [operands for operands in function.calls() if not _COPY.search(operands) and itself not in operands]
    if others:
        found.append(f"calls {others[0]}")
    if not function.storing(assembly) and not (copies and not function.loops()):  # a plain copy may be left to memmove
        found.append(f"no loop stores {assembly.name} registers")
    if dtype == "float32" and (double := assembly.doubles(function.lines)):
        found.append(f"computes in double: {', '.join(double)}")
    return found


def followed(function: Function, code: dict[str, Function]) -> Function:
    """The function itself, or the equal one that the compiler has put in its place, with a jump to it."""
    _, mnemonic, operands = function.lines[0]
    target = re.search(r"<([^>+]+)>$", operands)
    return code.get(target[1], function) if mnemonic in ("jmp", "b") and target else function


def found_loop(name: str, code: dict[str, Function]) -> Function | None:
    """A loop of the table, by its name."""
    symbol = next((s for s in code if re.fullmatch(rf"__pyx_f_\d*loops_{name}", s)), None)
    return followed(code[symbol], code) if symbol else None


def check(path, loops, assembly: Assembly) -> list[str]:
    """The faults of all these loops (`Loop` or `OperationLoop` of the build) in one module, each with the loop's name."""
    code = functions(path)
    messages = []
    for loop in loops:
        function = found_loop(loop.name, code)
        if function is None:
            messages.append(f"{loop.name}: not found")
        else:
            messages += [f"{loop.name}: {fault}" for fault in faults(function, loop.dtype, assembly)]
    return messages


def step_faults(parts: list[Function], dtype: str, assembly: Assembly, sums: bool, stores: bool) -> list[str]:
    """What is wrong with a step of functions of rows, along and across, in as many functions as the compiler has made of it.

    In float32 it may add up doubles if it has sums, but must compute no element in double.
    """
    symbols = {part.symbol for part in parts}
    lines = [line for part in parts for line in part.lines]
    found = []
    for operands in (operands for part in parts for operands in part.calls()):
        target = re.search(r"<([^>+]+)>$", operands)
        if not _COPY.search(operands) and not (target and target[1] in symbols):
            found.append(f"calls {operands}")

    def computing(code: list[Line]) -> int:
        """How many full registers of elements are computed here, and stored if the step stores any."""
        computed = sum(assembly.computes(line, dtype) for line in code)
        stored = sum(assembly.stored(line) > 0 for line in code)
        return min(computed, stored) if stores else computed

    places = 0
    for part in parts:
        loops = len(part.loops(lambda loop: computing(loop) > 0))
        places += loops or computing(part.lines) >= 8  # a loop over at most PANEL_ROWS elements may have been unrolled
    if places < 2:
        found.append(f"{places} loops along and across compute in {assembly.name} registers")
    if dtype == "float32" and (double := assembly.doubles(lines, sums)):
        found.append(f"computes in double: {', '.join(double)}")
    return found


def check_steps(path, steps, assembly: Assembly) -> list[str]:
    """The faults of all these steps (`fastact.backends.native.build.steps.ElementStep`) in one module, in both types."""
    code = functions(path)
    messages = []
    for step in steps:
        for dtype in ("float32", "float64"):
            name = rf"(?:row_{step.name}|{step.name}_(?:along|across|of_row|at_position))_{dtype}"
            parts = [code[s] for s in code if re.fullmatch(rf"__pyx_f_\d*loops_{name}(?:\.\w+)*", s)]
            messages += [
                f"{step.name}_{dtype}: {fault}"
                for fault in step_faults(parts, dtype, assembly, bool(step.sums), step.out is not None)
            ]
    return messages


def check_near(path, loops, name: str) -> list[str]:
    """The faults of loops with a near formula: beside the general loop over full registers there is a shorter one."""
    code, assembly, messages = functions(path), ASSEMBLY[name], []
    for loop in loops:
        lengths = sorted(map(len, found_loop(loop.name, code).storing(assembly)))
        # In float64 the other formula multiplies integers of 64 bits: with two in a register, the compiler takes one by one.
        if len(set(lengths)) < (1 if assembly.width == 16 and loop.dtype != "float32" else 2):
            messages.append(f"{loop.name}: loops of {lengths} instructions store {assembly.name} registers")
    return messages


def float_loops(chosen) -> list:
    """The loops over floating-point numbers of these entries, those whose results are to be rounded among them."""
    from fastact.backends.native.build.loops import REALS, TO_ROUND, loops

    return [loop for entry in chosen for loop in loops(entry) if loop.dtype in (*REALS, TO_ROUND)]


def operation_loops() -> list:
    """The loops of the primitive operations."""
    from fastact.backends.native.build.operations import OPERATIONS, operation_loops

    return [loop for operation in OPERATIONS for loop in operation_loops(operation)]


def near_loops(name: str) -> list:
    """Those of an instruction set that have a near formula, but no block kernel in its place."""
    from fastact.backends.native.build import kernels
    from fastact.functions import entries

    vectors = kernels.read(Path(kernels.__file__).parents[1] / "simd").get(name)
    found = [loop for loop in (*float_loops(entries.values()), *operation_loops()) if loop.near_parts]
    return [loop for loop in found if not (vectors and vectors.vectors(loop))]


def element_steps() -> list:
    """The steps of functions of rows that compute something of every element."""
    from fastact.backends.native.build.steps import ElementStep, steps_of
    from fastact.backends.native.formulas.rows import FUNCTIONS

    return [step for step in steps_of(FUNCTIONS) if isinstance(step, ElementStep)]


def instructions_per_element(function: Function, assembly: Assembly, size: int, outputs: int) -> float:
    """Of a loop of the table, for elements of so many bytes; where it has a near formula, too, by that.

    Counted are the instructions of the loop over full registers, and the elements that it stores each time around.
    """
    bytes_stored = [(len(loop), sum(map(assembly.stored, loop))) for loop in function.storing(assembly)]
    return min((count * size * outputs / stored for count, stored in bytes_stored), default=float("nan"))


def table(modules: dict[str, str], dtype: str, kinds: tuple[str, ...] = ("forward", "backward")) -> Iterator[str]:
    """The instructions per element of all activations, in Markdown; of two modules also their ratio for a vector of each."""
    from fastact.functions import entries

    codes = {name: functions(path) for name, path in modules.items()}
    size = {"float32": 4, "float64": 8}[dtype]
    heads = [*(f"{kind}, {name}" for kind in kinds for name in [*modules, *(["per vector"] if len(modules) == 2 else [])])]
    yield f"| {dtype} | {' | '.join(heads)} |"
    yield f"|---|{'---:|' * len(heads)}"
    for entry in entries.values():
        cells = []
        for kind in kinds:
            loop = next(loop for loop in float_loops([entry]) if (loop.kind, loop.dtype) == (kind, dtype))
            counts = [
                instructions_per_element(found_loop(loop.name, code), ASSEMBLY[name], size, len(loop.outputs))
                for name, code in codes.items()
            ]
            cells += [f"{count:.1f}" for count in counts]
            if len(modules) == 2:
                first, second = (count * ASSEMBLY[name].width for count, name in zip(counts, codes, strict=True))
                cells.append(f"{second / first:.2f}")
        yield f"| {entry.name} | {' | '.join(cells)} |"


def main(command: str, *arguments: str) -> int:
    modules = dict(argument.split("=", 1) for argument in arguments)
    if command == "count":
        for dtype in ("float32", "float64"):
            print(*table(modules, dtype), "", sep="\n")
        return 0
    from fastact.functions import entries

    messages = []
    for name, path in modules.items():
        loops, steps = [*float_loops(entries.values()), *operation_loops()], element_steps()
        found = [*check(path, loops, ASSEMBLY[name]), *check_steps(path, steps, ASSEMBLY[name])]
        messages += [*found, *check_near(path, near_loops(name), name)]
        print(
            f"{name}: {len(loops)} loops and {len(steps)} steps of functions of rows, {len(messages)} faults", *messages, sep="\n"
        )
    return bool(messages)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
