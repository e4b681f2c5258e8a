"""Writes elementary.pxi: the C functions of math/ for Cython, each declared for float and double, and once for `real`.

To use another C function in the formulas, list it in `FUNCTIONS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

HERE = "fastact/backends/native/build/elementary.py"
#: The types that `real` stands for, and the ending of their functions and constants.
TYPES = {"float": "f32", "double": "f64"}


@dataclass(frozen=True)
class Function:
    """A C function of numbers. Its name ends in _f32 and _f64, unless `names` says what it is called for float and double.

    Its arguments are numbers, then integers, then pointers to numbers that it sets.
    """

    name: str
    numbers: tuple[str, ...]
    integers: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    names: tuple[str, str] | None = None

    def of(self, ctype: str) -> str:
        """Its name for float or double."""
        own = dict(zip(TYPES, self.names, strict=True)) if self.names else {}
        return own.get(ctype, f"{self.name}_{TYPES[ctype]}")

    def declared(self, ctype: str) -> str:
        """Its arguments with their types."""
        return ", ".join(
            [
                *(f"{ctype} {name}" for name in self.numbers),
                *(f"int {name}" for name in self.integers),
                *(f"{ctype} *{name}" for name in self.sets),
            ]
        )

    @property
    def passed(self) -> str:
        """Its arguments by name."""
        return ", ".join([*self.numbers, *self.integers, *self.sets])


@dataclass(frozen=True)
class Constant:
    """A constant of constants.h, NAME_F32 and NAME_F64. In formulas it is called with any number, whose type decides."""

    name: str
    doc: str
    integer: bool = False

    def of(self, ctype: str) -> str:
        return f"{self.name.upper()}_{TYPES[ctype].upper()}"


#: The functions of math/, in the order of its headers.
FUNCTIONS = (
    # arithmetic.h
    Function("fma", ("a", "b", "c")),
    Function("product_low", ("a", "b", "product")),
    Function("product_low_exact", ("a", "b", "product")),
    Function("division_remainder", ("numerator", "quotient", "denominator")),
    Function("fma_low", ("a", "b", "c", "sum")),
    Function("product_sum", ("a", "b", "c")),
    Function("product_plus_small", ("a", "b", "c")),
    Function("reciprocal_estimate", ("a",)),
    Function("magnitude_up_to", ("x", "limit")),
    Function("at_most", ("limit", "x")),
    Function("at_least", ("limit", "x")),
    Function("lowest_beside", ("a",)),
    Function("with_signs", ("y", "a", "b")),
    Function("to_odd", ("y", "rest")),
    Function("positive_part", ("x",)),
    # exponential.h
    Function("exp_scaled_low", ("x", "x_low", "headroom"), sets=("scale", "q_low")),
    Function("exp_scaled", ("x", "x_low", "headroom"), sets=("scale",)),
    Function("exp_split", ("x", "x_low"), ("headroom",), ("scale",)),
    Function("exp_split_low", ("x", "x_low"), ("headroom",), ("scale", "q_low")),
    Function("exp2_scaled", ("x", "x_low", "headroom"), sets=("scale",)),
    Function("exp_twice", ("a",), sets=("scale",)),
    Function("exp_unit", ("z", "to_integer")),
    Function("exp_unit_to_integer", ("largest",)),
    # logarithm.h
    Function("log1p_tail", ("t",)),
    Function("log_of_sum", ("u", "u_low", "octaves")),
    Function("log1p", ("z", "z_low", "octaves")),
    Function("log_split", ("u",), sets=("n",)),
    Function("log_tail", ("r",)),
    Function("log_of_split", ("r", "n")),
    Function("log2_pair", ("u", "octaves"), sets=("low",)),
    # hyperbolic.h
    Function("tanh_small_tail", ("u",)),
    Function("tanh_small", ("a",)),
    Function("tanh_shrink_unit", ("a",)),
    Function("sinh_small_tail", ("u",)),
    # arctan.h
    Function("arctan_unit", ("t",)),
    Function("arctan_eighth_tail", ("t",)),
    Function("arcsin_half_tail", ("u",)),
    # normal.h
    Function("normal_tail", ("v", "v_low"), sets=("low",)),
    Function("erf_small", ("a",)),
    Function("log_erfc", ("a",), sets=("low",)),
    # sine.h
    Function("sin_quarter_tail", ("u",)),
    Function("sin_quarter", ("z",)),
    Function("tan_quarter_tail", ("u",)),
    Function("sin_tail", ("u",)),
    Function("sin_squared_tail", ("u",)),
    Function("cosine_tail", ("u",)),
    Function("cos_tail", ("u",)),
    Function("sinc_less", ("u",)),
    Function("sinc_slope", ("u",)),
    Function("half_turns", ("a",), sets=("sign",)),
    # reduction.h
    Function("quarter_turns", ("a",), ("more",), ("parity", "sign")),
    Function("minus_quarters", ("a", "n"), sets=("low",)),
    Function("turns", ("x",), ("quarters",), ("low", "parity", "sign")),
    Function("sum_turns", ("x", "x_low"), ("octaves",), ("low", "parity", "sign")),
)

#: What the formulas take from the C library.
LIBRARY = (
    Function("magnitude", ("x",), names=("fabsf", "fabs")),
    Function("with_sign", ("x", "sign"), names=("copysignf", "copysign")),
    Function("square_root", ("x",), names=("sqrtf", "sqrt")),
)

CONSTANTS = (
    Constant("exp_furthest", "Where even x * e^-x rounds to 0, and exp_down and exp_up end."),
    Constant("headroom", "The HEADROOM of scaled numbers is 2 to this power.", integer=True),
    Constant("to_headroom", "What a number times HEADROOM was multiplied by."),
    Constant("per_headroom", "What takes the HEADROOM back."),
    Constant("largest_finite", "The largest finite number."),
    Constant("normal_shift", "What normal_tail adds to a."),
    Constant("row_pivot", "From here on a row's largest element is taken from all before exp_unit."),
)

#: The constants of constants.h that are the same for both types.
LIMITS = ("TANH_SMALL", "ERF_SMALL")


def wrapper(head: str, values: dict[str, str], doc: str = "") -> Iterator[str]:
    """An inline function that gives a value for each type."""
    yield ""
    yield f"cdef inline {head} noexcept nogil:"
    if doc:
        yield f'    """{doc}"""'
    yield "    if real is float:"
    yield f"        return {values['float']}"
    yield "    else:"
    yield f"        return {values['double']}"


def text(folder: Path) -> str:
    """elementary.pxi, for the headers in this folder."""
    headers = "".join(path.read_text() for path in sorted(folder.glob("*.h")))
    lines = ["# Written by the build from build/elementary.py."]
    for header, functions in (("vecmath.h", FUNCTIONS), ("<math.h>", LIBRARY)):
        lines += ["", f'cdef extern from "{header}" nogil:']
        for function in functions:
            if function.names is None and f" F({function.name})(" not in headers:
                raise ValueError(f"{HERE}: lists {function.name}, which no header of math/ has")
            lines += [f"    {ctype} {function.of(ctype)}({function.declared(ctype)})" for ctype in TYPES]
    lines += ["", 'cdef extern from "vecmath.h" nogil:']
    for constant in CONSTANTS:
        for ctype in TYPES:
            if f"#define {constant.of(ctype)} " not in headers:
                raise ValueError(f"{HERE}: lists {constant.name}, but math/constants.h has no {constant.of(ctype)}")
            lines.append(f"    const {'int' if constant.integer else ctype} {constant.of(ctype)}")
    lines += [f"    const float {name}" for name in LIMITS]
    lines.append("")
    for function in chain(FUNCTIONS, LIBRARY):
        values = {ctype: f"{function.of(ctype)}({function.passed})" for ctype in TYPES}
        lines += wrapper(f"real {function.name}({function.declared('real')})", values)
    for constant in CONSTANTS:
        returned = "int" if constant.integer else "real"
        lines += wrapper(f"{returned} {constant.name}(real x)", {ctype: constant.of(ctype) for ctype in TYPES}, constant.doc)
    return "\n".join([*lines, ""])
