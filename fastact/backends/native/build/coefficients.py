"""Writes coefficients.h: the numbers of `fastact/numerics/coefficients.py` for the C headers, as macros.

COEFFICIENT_exp_tail_3_f32            the coefficient of x^3 of the polynomial exp_tail, in float
HORNER_exp_tail_3_f32(x, FMA, OF)     the polynomial without its first three coefficients, over x^3, by Horner's rule:
                                      FMA(a, b, c) is a*b + c, and OF makes an operand of a coefficient
EVEN_exp_tail_f64(u, FMA, OF)         the terms with even powers of x, over u = x^2; ODD_...: the others, of which x is left to do
CENTRE_log1p_tail_f32                 x - CENTRE is what this polynomial is in powers of
CONSTANT_log2_e_f32                   a constant
POWERS_powers_f32                     a list
LOGARITHMS_log_factors_f32            another
INTERVALS_tanh_intervals_f32          a table of polynomials, and
OFFSET_..., SCALE_..., BITS_...       how an interval is found: the last is how many bits follow its number
INVERSE_PI                            the digits of 1/pi, as a list
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from ....numerics import coefficients

#: Where the numbers come from.
SOURCE = "fastact/numerics/coefficients.py"
#: Per dtype the ending of its macros.
SUFFIXES = {"float32": "f32", "float64": "f64"}
MANTISSA_BITS = {"float32": 23, "float64": 52}

# What the headers write: a macro for the type in force (see math/vecmath.h, simd/kernels.h), or one of coefficients.h itself.
_SHORT = re.compile(r"\b(HORNER|CENTRE|CONSTANT)\((\w+)|\b(HORNER_FROM|COEFFICIENT)\((\d+), (\w+)")
_LISTS = "POWERS|LOGARITHMS|INTERVALS|OFFSET|SCALE|BITS"
_VECTOR = re.compile(rf"\bVECTOR_(HORNER|HALVES|CENTRE|CONSTANT)\((\w+)|\bF\(({_LISTS})_(\w+)\)")
_MACRO = re.compile(rf"\b(?:HORNER|COEFFICIENT|CENTRE|CONSTANT|{_LISTS})_[a-z]\w*_f(?:32|64)\b")


def named(path: Path) -> str:
    """A header's path in the sources."""
    return f"fastact/backends/native/{path.parent.name}/{path.name}"


def literal(number: float, dtype: str) -> str:
    """A number in C, exactly: of float32 the nearest one."""
    if dtype == "float32":
        return f"{struct.unpack('f', struct.pack('f', number))[0].hex()}f"
    return float(number).hex()


def braces(numbers: Iterable[float], dtype: str) -> str:
    return f"{{{', '.join(literal(number, dtype) for number in numbers)}}}"


def macros() -> Iterator[tuple[str, str, str]]:
    """Of each macro its name, its arguments and its text."""
    for name, by_type in coefficients.POLYNOMIALS.items():
        for dtype, numbers in by_type.items():
            suffix, last = SUFFIXES[dtype], len(numbers) - 1
            for k in range(last, -1, -1):
                number = f"COEFFICIENT_{name}_{k}_{suffix}"
                higher = f"HORNER_{name}_{k + 1}_{suffix}(x, FMA, OF)"
                yield number, "", literal(numbers[k], dtype)
                value = f"OF({number})" if k == last else f"FMA({higher}, x, OF({number}))"
                yield f"HORNER_{name}_{k}_{suffix}", "(x, FMA, OF)", value
            for half, first in (("EVEN", 0), ("ODD", 1)):
                terms = [f"OF(COEFFICIENT_{name}_{k}_{suffix})" for k in range(first, last + 1, 2)] or ["OF(0)"]
                value = terms.pop()
                for term in reversed(terms):
                    value = f"FMA({value}, u, {term})"
                yield f"{half}_{name}_{suffix}", "(u, FMA, OF)", value
    for kind, table in (("CENTRE", coefficients.CENTRES), ("CONSTANT", coefficients.CONSTANTS)):
        for name, number_of in table.items():
            for dtype, single in number_of.items():
                yield f"{kind}_{name}_{SUFFIXES[dtype]}", "", literal(single, dtype)
    for kind, lists in (("POWERS", coefficients.POWERS), ("LOGARITHMS", coefficients.LOGARITHMS)):
        for name, by_type in lists.items():
            for dtype, numbers in by_type.items():
                yield f"{kind}_{name}_{SUFFIXES[dtype]}", "", braces(numbers, dtype)
    for name, tables in coefficients.INTERVALS.items():
        for dtype, intervals in tables.items():
            end = f"{name}_{SUFFIXES[dtype]}"
            yield f"OFFSET_{end}", "", literal(intervals.offset, dtype)
            yield f"SCALE_{end}", "", literal(intervals.scale, dtype)
            half_intervals = intervals.offset.as_integer_ratio()[1]  # in the first octave: the offset is an odd number of them
            yield f"BITS_{end}", "", str(MANTISSA_BITS[dtype] - int(math.log2(half_intervals // 2)))
            yield f"INTERVALS_{end}", "", f"{{{', '.join(braces(row, dtype) for row in intervals.rows)}}}"
    yield "INVERSE_PI", "", ", ".join(f"0x{word:08x}u" for word in coefficients.INVERSE_PI)


def needed(text: str) -> Iterator[set[str]]:
    """The macros that a header's text uses: sets, of each of which there must be one."""
    text = re.sub(r"^#define \w+\(.*", "", text, flags=re.MULTILINE)  # vecmath.h's own
    for whole, name, part, power, of in _SHORT.findall(text):
        for suffix in SUFFIXES.values():
            if whole:
                yield {f"HORNER_{name}_0_{suffix}" if whole == "HORNER" else f"{whole}_{name}_{suffix}"}
            else:
                yield {f"{part.removesuffix('_FROM')}_{of}_{power}_{suffix}"}
    for whole, name, table, of in _VECTOR.findall(text):  # a kernel may be for one type only
        stem = f"{table}_{of}" if table else f"HORNER_{name}_0" if whole in ("HORNER", "HALVES") else f"{whole}_{name}"
        yield {f"{stem}_{suffix}" for suffix in SUFFIXES.values()}
    yield from ({macro} for macro in _MACRO.findall(text))


def header(headers: Iterable[Path]) -> str:
    """The text of coefficients.h, which must have all that these headers use."""
    defined = list(macros())
    names = {name for name, _, _ in defined}
    for path in headers:
        for macros_of_types in needed(path.read_text()):
            if not macros_of_types & names:
                raise ValueError(f"{named(path)}: uses {min(macros_of_types)}, which no entry of {SOURCE} gives")
    lines = [f"/* Written by the build from {SOURCE}. */", "#ifndef FASTACT_COEFFICIENTS_H", "#define FASTACT_COEFFICIENTS_H"]
    return "\n".join([*lines, *(f"#define {name}{arguments} {text}" for name, arguments, text in defined), "#endif", ""])
