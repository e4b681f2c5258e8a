"""The contracts above the C functions in native/math/, read from the headers' text; the functions as a shared library."""

import ctypes
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastact.backends.native.build import coefficients

ROOT = Path(__file__).parents[2]
MATH = ROOT / "fastact" / "backends" / "native" / "math"
HEADERS = sorted(MATH.glob("*.h"))
TYPES = {"float32": "f32", "float64": "f64"}
FIELDS = ("Range", "Error", "NaN", "Gives", "Twice")

_FIELD = re.compile(rf"^(?:/\*)? *({'|'.join(FIELDS)}): +", re.MULTILINE)
_FUNCTION = re.compile(r"VECMATH +(?P<result>\w+) +F\((?P<name>\w+)\)\((?P<parameters>[^)]*)\)")
_ONLY = {"#if REAL_BITS == 32": "float32", "#if REAL_BITS == 64": "float64"}
_NUMBER = r"2\^-[\d.]*\d|\d+(?:\.\d+)?"
_ERROR = re.compile(
    rf"(?:(?P<words>half an ULP|exact)|(?P<float32>{_NUMBER}), (?P<float64>{_NUMBER})(?P<unit> ULP| u)?)"
    rf"(?: \(without FMA (?:(?P<plain32>{_NUMBER}), (?P<plain64>{_NUMBER}))?[^)]*\))?(?!\w)"
)


@dataclass(frozen=True)
class Figure:
    """An error that a contract declares: "0.83" of an ULP, of u, or of what the text says (unit "")."""

    text: str
    unit: str

    @property
    def value(self):
        return 2.0 ** -float(self.text[3:]) if self.text.startswith("2^-") else float(self.text)

    @property
    def limit(self):
        """The largest error that is rounded to this text."""
        more = 0.5 * 10.0 ** -len(self.text.partition(".")[2]) * (self.value > 0)
        return 2.0 ** -(float(self.text[3:]) - more) if self.text.startswith("2^-") else self.value + more

    def shown(self, error):
        """An error in the way of this figure."""
        return f"2^{np.log2(error):.2f}" if self.text.startswith("2^-") and error else f"{error:.4g}{self.unit}"


@dataclass
class Function:
    """A C function: the fields of its contract, none if it has no contract, and for each type its result and parameters."""

    name: str
    header: str
    contract: dict[str, str]
    prototypes: dict[str, tuple[str, tuple[str, ...]]]

    def figure(self, dtype, fma, functions, after=""):
        """What the contract declares for this type, after a text if there is more than one; None where it gives no number."""
        text = self.contract["Error"][len(after) and self.contract["Error"].find(after) + len(after) :]
        if text.startswith("as "):
            return functions[text[3:]].figure(dtype, fma, functions)
        match = _ERROR.match(text)
        if not match:
            return None
        with_fma = {"half an ULP": "0.5", "exact": "0"}.get(match["words"]) or match[dtype]
        without = match["plain" + dtype[-2:]] or (None if "without FMA" in match[0] else with_fma)
        number = with_fma if fma else without
        return number and Figure(number, " ULP" if match["words"] == "half an ULP" else match["unit"] or "")


def functions(headers):
    """All functions of the headers, by name. The contract of one with a text for each type stands above the first."""
    found = {}
    for path in headers:
        text, place, conditions = path.read_text(), 0, []
        for line in text.splitlines(keepends=True):
            if line.startswith("#if"):
                conditions.append(_ONLY.get(line.strip()))
            elif line.startswith("#else"):
                conditions[-1] = {None: None, "float32": "float64", "float64": "float32"}[conditions[-1]]
            elif line.startswith("#endif"):
                conditions.pop()
            elif match := _FUNCTION.match(line):
                parameters = tuple(parameter.strip() for parameter in match["parameters"].split(","))
                function = found.setdefault(match["name"], Function(match["name"], path.name, contract_above(text[:place]), {}))
                only = [condition for condition in conditions if condition]
                for dtype in only or TYPES:
                    function.prototypes[dtype] = match["result"], parameters
            place += len(line)
    return found


def contract_above(text):
    """The fields of the comment that this text ends with."""
    comment = re.search(r"/\*((?:(?!\*/).)*)\*/\n(?:#if REAL_BITS == \d+\n)?\Z", text, re.DOTALL)
    parts = _FIELD.split(comment[1]) if comment else [""]
    return {name: " ".join(value.split()) for name, value in zip(parts[1::2], parts[2::2], strict=True)}


# ---- The functions as a shared library -----------------------------------------------------------------------------------

#: In a prototype, for float and double: the C type and NumPy's.
_CTYPES = {
    "float32": {"REAL": ("float", "f4"), "UNSIGNED": ("uint32_t", "u4")},
    "float64": {"REAL": ("double", "f8"), "UNSIGNED": ("uint64_t", "u8")},
}
_PLAIN = {"int": ("int", "i4"), "uint32_t": ("uint32_t", "u4"), "uint64_t": ("uint64_t", "u8"), "ptrdiff_t": ("ptrdiff_t", "i8")}


class Library:
    """The functions, each as a loop over arrays, compiled with these flags."""

    def __init__(self, functions, flags, folder):
        self.functions = functions
        (folder / "coefficients.h").write_text(coefficients.header(HEADERS))
        source, shared = folder / "functions.c", folder / "functions.so"
        loops = [self._loop(function, dtype) for function in functions.values() for dtype in function.prototypes]
        source.write_text("\n".join(['#include "vecmath.h"', "int has_fma(void) { return VECMATH_FMA; }", *loops]))
        include = [f"-I{MATH}", f"-I{folder}"]
        subprocess.run([*compiler(), *flags, *include, "-fPIC", "-shared", source, "-o", shared, "-lm"], check=True)
        self._library = ctypes.CDLL(str(shared))
        self.fma = bool(self._library.has_fma())

    @staticmethod
    def _operands(function, dtype):
        """What the result is and each parameter: its C type, NumPy type, and whether it is an output (*) or read from (const)."""
        known = _CTYPES[dtype] | _PLAIN
        result, parameters = function.prototypes[dtype]
        yield *known[result], "*"
        for parameter in parameters:
            *words, name = parameter.split()
            yield *known[words[-1]], "const" if words[0] == "const" else "*" if name.startswith("*") else ""

    def _loop(self, function, dtype):
        operands = list(self._operands(function, dtype))
        arrays = [f"{'' if way == '*' else 'const '}{ctype} *restrict a{k}" for k, (ctype, _, way) in enumerate(operands)]
        given = [("a{}[i]" if way == "" else "a{} + i").format(k) for k, (_, _, way) in enumerate(operands)][1:]
        name = f"{function.name}_{TYPES[dtype]}"
        head = f"void loop_{name}(ptrdiff_t n, {', '.join(arrays)})"
        return f"{head} {{\n    for (ptrdiff_t i = 0; i < n; i++) a0[i] = {name}({', '.join(given)});\n}}"

    def __call__(self, name, dtype, *arguments):
        """Result and outputs, for arrays of arguments."""
        count = len(arguments[0])
        arrays, given = [], iter(arguments)
        for _, code, way in self._operands(self.functions[name], dtype):
            arrays.append(np.empty(count, code) if way == "*" else np.ascontiguousarray(next(given), code))
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
        getattr(self._library, f"loop_{name}_{TYPES[dtype]}")(ctypes.c_ssize_t(count), *pointers)
        ways = [way for _, _, way in self._operands(self.functions[name], dtype)]
        return [array for array, way in zip(arrays, ways, strict=True) if way == "*"]


def compiler():
    """The C compiler, as a command; none where there is none."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    return command if shutil.which(command[0]) else []
