"""Reads a compiled module's machine code: is every loop of the table vectorised, and does no float32 loop compute in double?"""

import re
import shutil
import subprocess
from dataclasses import dataclass, field

OBJDUMP = shutil.which("objdump")

#: The widest register each instruction set must use. What the assembler calls packed single, double, scalar single, double.
REGISTER = {"avx512": "zmm", "avx2": "ymm", "baseline": "xmm"}

_ARITHMETIC = r"v?(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d+|rndscale|round|cmp\w*?|u?comi)"
_DOUBLE = re.compile(rf"^(?:{_ARITHMETIC}(?:pd|sd)|v?cvt\w*(?:pd|sd)\w*)$")
_CALLS = re.compile(r"<(memcpy|memmove|memset)@plt>")


@dataclass
class Function:
    """One function's instructions: address, mnemonic, operands; and its symbol."""

    symbol: str
    lines: list[tuple[int, str, str]] = field(default_factory=list)

    def loops(self) -> list[list[tuple[int, str, str]]]:
        """The innermost loops: what lies between the target of a jump backwards and the jump."""
        spans = []
        for address, mnemonic, operands in self.lines:
            target = re.match(r"([0-9a-f]+) <", operands)
            if mnemonic.startswith("j") and target and self.lines[0][0] <= int(target[1], 16) <= address:
                spans.append((int(target[1], 16), address))
        innermost = [s for s in spans if not any(o != s and s[0] <= o[0] and o[1] <= s[1] for o in spans)]
        return [[line for line in self.lines if low <= line[0] <= high] for low, high in innermost]


def functions(path) -> dict[str, Function]:
    """The functions of an object file or shared library, by symbol."""
    text = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True, check=True).stdout
    found: dict[str, Function] = {}
    current = None
    for line in text.splitlines():
        if head := re.match(r"^[0-9a-f]+ <(\S+)>:$", line):
            current = found.setdefault(head[1], Function(head[1]))
        elif current and (code := re.match(r"^\s*([0-9a-f]+):\t(?:(?:rep|repz|bnd|notrack|data16|lock) )*(\S+)\s*(.*)$", line)):
            current.lines.append((int(code[1], 16), code[2], code[3]))
    return found


def faults(function: Function, dtype: str, register: str) -> list[str]:
    """What is wrong with a loop of the table; empty if nothing is."""
    found = []
    copies = any(_CALLS.search(operands) for _, mnemonic, operands in function.lines if mnemonic.startswith("call"))
    itself = f"<{function.symbol}>"  # for what stands before the first aligned element
    others = [o for _, m, o in function.lines if m.startswith("call") and not _CALLS.search(o) and itself not in o]
    if others:
        found.append(f"calls {others[0]}")
    vectorised = any(
        any(
            f"%{register}" in operands and re.search(rf"%{register}\d+,-?(?:0x)?[0-9a-f]*\(", operands) for _, _, operands in loop
        )
        for loop in function.loops()
    )
    if not vectorised and not (copies and not function.loops()):  # a plain copy may be left to memmove
        found.append(f"no loop stores {register} registers")
    if dtype == "float32":
        double = sorted({mnemonic for _, mnemonic, _ in function.lines if _DOUBLE.match(mnemonic)})
        if double:
            found.append(f"computes in double: {', '.join(double)}")
    return found


def followed(function: Function, code: dict[str, Function]) -> Function:
    """The function itself, or the equal one that the compiler has put in its place, with a jump to it."""
    _, mnemonic, operands = function.lines[0]
    target = re.search(r"<([^>+]+)>$", operands)
    return code.get(target[1], function) if mnemonic == "jmp" and target else function


def check(path, loops, register: str) -> list[str]:
    """The faults of all these loops (`fastact.backends.native.build.loops.Loop`) in one module, each with the loop's name."""
    code = functions(path)
    messages = []
    for loop in loops:
        symbol = next((s for s in code if re.fullmatch(rf"__pyx_f_\d*loops_{loop.name}", s)), None)
        if symbol is None:
            messages.append(f"{loop.name}: not found")
        else:
            messages += [f"{loop.name}: {fault}" for fault in faults(followed(code[symbol], code), loop.dtype, register)]
    return messages


_SUMS = re.compile(r"^v?(?:(?:add|sub)[ps]d|cvts[sd]2s[sd]|cvtps2pd|cvtpd2ps)$")


def step_faults(parts: list[Function], dtype: str, register: str, sums: bool, stores: bool) -> list[str]:
    """What is wrong with a step of functions of rows, along and across, in as many functions as the compiler has made of it.

    In float32 it may add up doubles if it has sums, but must compute no element in double.
    """
    symbols = {part.symbol for part in parts}
    lines = [line for part in parts for line in part.lines]
    found = []
    for _, mnemonic, operands in lines:
        target = re.search(r"<([^>+]+)>$", operands)
        if mnemonic.startswith("call") and not _CALLS.search(operands) and not (target and target[1] in symbols):
            found.append(f"calls {operands}")
    arithmetic = re.compile(rf"^{_ARITHMETIC}p{'s' if dtype == 'float32' else 'd'}$")

    def computing(code: list[tuple[int, str, str]]) -> int:
        """How many full registers of elements are computed here, and stored if the step stores any."""
        computed = sum(bool(arithmetic.match(m)) and f"%{register}" in o for _, m, o in code)
        stored = sum(bool(re.search(rf"%{register}\d+,-?(?:0x)?[0-9a-f]*\(", o)) for _, _, o in code)
        return min(computed, stored) if stores else computed

    places = 0
    for part in parts:
        loops = sum(computing(loop) > 0 for loop in part.loops())
        places += loops or computing(part.lines) >= 8  # a loop over at most PANEL_ROWS elements may have been unrolled
    if places < 2:
        found.append(f"{places} loops along and across compute in {register} registers")
    if dtype == "float32":
        double = {m for _, m, _ in lines if _DOUBLE.match(m) and not (sums and _SUMS.match(m))}
        if double:
            found.append(f"computes in double: {', '.join(sorted(double))}")
    return found


def check_steps(path, steps, register: str) -> list[str]:
    """The faults of all these steps (`fastact.backends.native.build.steps.ElementStep`) in one module, in both types."""
    code = functions(path)
    messages = []
    for step in steps:
        for dtype in ("float32", "float64"):
            name = rf"(?:row_{step.name}|{step.name}_(?:along|across|of_row|at_position))_{dtype}"
            parts = [code[s] for s in code if re.fullmatch(rf"__pyx_f_\d*loops_{name}(?:\.\w+)*", s)]
            messages += [
                f"{step.name}_{dtype}: {fault}"
                for fault in step_faults(parts, dtype, register, bool(step.sums), step.out is not None)
            ]
    return messages
