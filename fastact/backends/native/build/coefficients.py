"""Writes coefficients.h: the polynomials of `fastact/numerics/coefficients.py` for the C headers that evaluate them.

For each polynomial, power k and type it has two macros:

    COEFFICIENT_exp_tail_3_f32              the coefficient of x^3
    HORNER_exp_tail_3_f32(x, FMA, OF)       the polynomial without its first three coefficients, over x^3, by Horner's rule:
                                            FMA(a, b, c) is a*b + c, and OF makes an operand of a coefficient
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from . import BuildError

#: Where the coefficients come from.
SOURCE = "fastact/numerics/coefficients.py"
#: Per dtype the ending of the macros.
SUFFIXES = {"float32": "f32", "float64": "f64"}

Polynomials = Mapping[str, Mapping[str, tuple[float, ...]]]

# What a header calls: HORNER(name, x), HORNER_FROM(k, name, x), COEFFICIENT(k, name), or a macro of coefficients.h itself.
_CALLS = re.compile(
    r"\bHORNER\((?P<whole>\w+), |\b(?:HORNER_FROM|COEFFICIENT)\((?P<power>\d+), (?P<part>\w+)"
    r"|\b(?:HORNER|COEFFICIENT)_(?P<name>[a-z]\w*)_(?P<from>\d+)_(?P<suffix>f32|f64)\b"
)


def literal(coefficient: float, dtype: str) -> str:
    """A number in C, exactly: of float32 the nearest one."""
    if dtype == "float32":
        return f"{struct.unpack('f', struct.pack('f', coefficient))[0].hex()}f"
    return float(coefficient).hex()


def macros(name: str, dtype: str, coefficients: tuple[float, ...]) -> Iterator[str]:
    """The lines of one polynomial in one type."""
    suffix, last = SUFFIXES[dtype], len(coefficients) - 1
    for k in range(last, -1, -1):
        number = f"COEFFICIENT_{name}_{k}_{suffix}"
        higher = f"HORNER_{name}_{k + 1}_{suffix}(x, FMA, OF)"
        value = f"OF({number})" if k == last else f"FMA({higher}, x, OF({number}))"
        yield f"#define {number} {literal(coefficients[k], dtype)}"
        yield f"#define HORNER_{name}_{k}_{suffix}(x, FMA, OF) {value}"


def header(polynomials: Polynomials) -> str:
    """The text of coefficients.h."""
    lines = [f"/* Written by the build from {SOURCE}. */", "#ifndef FASTACT_COEFFICIENTS_H", "#define FASTACT_COEFFICIENTS_H"]
    for name, by_type in polynomials.items():
        for dtype, coefficients in by_type.items():
            lines += ["", *macros(name, dtype, coefficients)]
    return "\n".join([*lines, "", "#endif", ""])


def check(headers: Iterable[Path], polynomials: Polynomials) -> None:
    """Stop the build unless there are coefficients for all that these headers evaluate."""
    for path in headers:
        text = re.sub(r"^#define (?:HORNER|COEFFICIENT).*", "", path.read_text(), flags=re.MULTILINE)  # vecmath.h's own
        for call in _CALLS.finditer(text):
            name = call["whole"] or call["part"] or call["name"]
            power = int(call["power"] or call["from"] or 0)
            types = [dtype for dtype, suffix in SUFFIXES.items() if call["suffix"] in (None, suffix)]
            for dtype in types:
                if len(polynomials.get(name, {}).get(dtype, ())) <= power:
                    raise BuildError(f"{path.name}: no coefficient of x^{power} of the polynomial {name}, {dtype}, in {SOURCE}")


def write(target: Path, headers: Iterable[Path], polynomials: Polynomials) -> Path:
    """coefficients.h, below the folder `target`."""
    check(headers, polynomials)
    path = target / "coefficients.h"
    text = header(polynomials)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path
