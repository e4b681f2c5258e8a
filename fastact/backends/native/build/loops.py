"""Which loops the kernels have, and what each does to one element."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ....functions import units_of
from ....functions.careful import CAREFUL, HARD_CASES
from ....functions.entry import Entry
from ....functions.kinds import LOOPS, has_loop
from ..formulas.near import NEAR

#: Per dtype its C type and how many elements fill 64 bytes, the widest vector.
REALS = {"float32": ("float", 16), "float64": ("double", 8)}
#: The 16-bit types that occur in memory only, and what of half.h converts them.
HALVES = (("float16", "half_to_float", "float_to_half"), ("bfloat16", "bfloat16_to_float", "float_to_bfloat16"))
#: In the place of a dtype: float32, computed in float64 and rounded once. The kinds of loops that there are of it.
QUICK = "quick"
QUICK_KINDS = ("forward", "backward")
#: In the place of a dtype: float64, to be rounded to a narrower type.
TO_ROUND = "to_round"
INTEGERS = {f"{u}int{bits}": (f"{u}int{bits}_t", 512 // bits) for bits in (8, 16, 32, 64) for u in ("", "u")}

#: How many elements go through the near formula or the formula together: see loops.pyx.in.
GROUP = 512


def array(numbers: Iterable[float]) -> str:
    """An array of doubles in C."""
    return f"(const double[]) {{{', '.join('NAN' if math.isnan(number) else number.hex() for number in numbers)}}}"


def vector_end(dtype: str) -> str:
    """How names of what works on vectors of this type end, in C."""
    return {"float32": "v32", "float64": "v64", QUICK: "quick"}[dtype]


@dataclass(frozen=True)
class Formula:
    """A part of the activation's formula, of one input: "forward", "derivative" and so on."""

    part: str
    of: str


@dataclass(frozen=True)
class Product:
    """What an output's element is: the product of these, from left to right. A name stands for that input's element."""

    out: str
    factors: tuple[str | Formula, ...]


FORWARD, DERIVATIVE = Formula("forward", "x"), Formula("derivative", "x")

#: Per kind of loop what it computes. An output may be any of the inputs, so all inputs' elements are read first.
PRODUCTS = {
    "forward": (Product("y", (FORWARD,)),),
    "backward": (Product("dx", ("dy", DERIVATIVE)),),
    "backward_from_output": (Product("dx", ("dy", Formula("derivative_from_output", "y"))),),
    "backward_by_parameter": (Product("dp", ("dy", Formula("derivative_by", "x"))),),
    "value_and_grad": (Product("y", (FORWARD,)), Product("d", (DERIVATIVE,))),
    "gated": (Product("y", (FORWARD, "value")),),
    "gated_backward": (Product("dx", ("dy", "value", DERIVATIVE)), Product("dvalue", ("dy", FORWARD))),
}
#: The inputs of each kind, but for the arrays among its parameters and a gated unit's value.
INPUTS = {
    "forward": ("x",),
    "backward": ("dy", "x"),
    "backward_from_output": ("dy", "y"),
    "backward_by_parameter": ("dy", "x"),
    "value_and_grad": ("x",),
    "gated": ("x",),
    "gated_backward": ("dy", "x"),
}


@dataclass(frozen=True)
class Loop:
    """One loop of the table: an activation, a kind, a dtype."""

    entry: Entry
    kind: str
    dtype: str
    ctype: str
    lanes: int

    #: How its text is laid out: see `OperationLoop`.
    copies = False

    @property
    def stands_once(self) -> bool:
        return self.dtype == QUICK

    @property
    def name(self) -> str:
        return f"{self.entry.name}_{self.kind}_{self.dtype}"

    @property
    def inputs(self) -> list[str]:
        return list(INPUTS[self.kind])

    @property
    def outputs(self) -> list[str]:
        return [product.out for product in PRODUCTS[self.kind]]

    @property
    def gated(self) -> bool:
        return self.kind in ("gated", "gated_backward")

    @property
    def arrays(self) -> list[str]:
        return ["value"] if self.gated else [p.name for p in self.entry.parameters if p.array]

    @property
    def scalars(self) -> list[str]:
        return [] if self.gated else [p.name for p in self.entry.parameters if not p.array]

    @property
    def careful(self) -> Loop:
        """The loop of float64 that has the results of a quick one."""
        return replace(self, dtype=TO_ROUND if self.careful_parts else "float64", ctype="double")

    @property
    def parts(self) -> list[str]:
        """The parts of the formula that it computes."""
        return [self.part(f) for product in PRODUCTS[self.kind] for f in product.factors if isinstance(f, Formula)]

    @property
    def formulas(self) -> list[str]:
        """The names of the formulas of these parts."""
        return [f"{self.entry.name}_{part}" for part in self.parts]

    @property
    def careful_parts(self) -> list[str]:
        """Those of them that have another formula for results that are to be rounded: see functions/careful.py.

        A product with other numbers has no use for it, in a gated unit.
        """
        return [] if self.gated else [part for part in self.parts if part in CAREFUL.get(self.entry.name, ())]

    @property
    def hard_cases(self) -> str:
        """The record for loops/hard_cases.h of its inputs whose results stand in functions/careful.py; "" if there are none."""
        lists = [] if self.gated else [HARD_CASES.get(self.entry.name, {}).get(part, {}) for part in self.parts]
        numbers = sorted({x for cases in lists for x in cases})
        magnitudes = sorted({abs(x) for x in numbers})
        values = (array(cases.get(x, math.nan) for x in numbers) for cases in lists)
        counts = f"{len(magnitudes)}, {len(numbers)}, {len(lists)}"
        return f"{{{counts}, {array(magnitudes)}, {array(numbers)}, {{{', '.join(values)}}}}}" if numbers else ""

    @property
    def near_parts(self) -> list[str]:
        """Those of them that have a near formula."""
        return [] if self.dtype == QUICK else [part for part in self.parts if part in NEAR.get(self.entry.name, ())]

    @property
    def near_limit(self) -> str:
        """Up to which |x| these serve, in Cython."""
        return f"{self.entry.name}_near_limit({', '.join([f'<{self.ctype}> 0', *self.scalars])})"

    def part(self, formula: Formula) -> str:
        """The name of a part; that of an array parameter's derivative has the parameter's."""
        return f"{formula.part}_{self.arrays[0]}" if formula.part == "derivative_by" else formula.part

    def arguments(self, number: Callable[[float], str]) -> list[str]:
        """What the formula takes after x. A gated unit has the parameters' default values, which `number` spells."""
        if self.gated:
            return [number(p.default) for p in self.entry.parameters]
        return [f"{p.name}_i" if p.array else p.name for p in self.entry.parameters]

    def _statements(
        self, function: Callable[[str], str], number: Callable[[float], str], cast: str = "", element: str = "[i]"
    ) -> list[str]:
        arguments = self.arguments(number)

        def text(factor: str | Formula) -> str:
            if isinstance(factor, str):
                return f"{factor}_i"
            return f"{function(self.part(factor))}({', '.join([f'{factor.of}_i', *arguments])})"

        return [
            f"{product.out}{element} = " + " * ".join((cast if product.factors[1:] else "") + text(f) for f in product.factors)
            for product in PRODUCTS[self.kind]
        ]

    def statements(self, near: bool = False) -> list[str]:
        """What it does to element i, in Cython; with `near` by the near formulas, where there are any."""
        name = self.entry.name
        near_parts = self.near_parts if near else []
        careful_parts = self.careful_parts if self.dtype in (QUICK, TO_ROUND) else []
        cast = "" if self.dtype not in INTEGERS else "<uint64_t> "  # a product of integers wraps around, as NumPy's does
        return self._statements(
            lambda part: "_".join(filter(None, (name, "near" * (part in near_parts), "careful" * (part in careful_parts), part))),
            lambda default: f"<{self.ctype}> {default}",
            cast,
        )

    @property
    def vector(self) -> str:
        """How names of what works on vectors of this type end, in C."""
        return vector_end(self.dtype)

    def vector_statements(self) -> list[str]:
        """What it does to vector i, in C, by block kernels."""
        return self._statements(
            lambda part: f"{self.entry.name}_{part}_{self.vector}",
            lambda default: f"all_{self.vector}({default})",
            element="_i[j]" if self.dtype == QUICK else "[i]",
        )


def loops(entry: Entry) -> Iterator[Loop]:
    """The loops of one activation."""
    kinds = [kind for kind in LOOPS if has_loop(entry, kind) and (units_of(entry) or not kind.startswith("gated"))]
    for dtype, (ctype, lanes) in REALS.items():
        for kind in kinds:
            yield Loop(entry, kind, dtype, ctype, lanes)
    for kind in kinds:
        if (loop := Loop(entry, kind, TO_ROUND, *REALS["float64"])).careful_parts:
            yield loop
    if entry.keeps_integers:
        for dtype, (ctype, lanes) in INTEGERS.items():
            for kind in ("forward", "gated"):
                if kind in kinds:
                    yield Loop(entry, kind, dtype, ctype, lanes)


def quick_loops(entry: Entry) -> Iterator[Loop]:
    """The loops that an activation may have of float32, computed in float64: all but those that convert nothing."""
    ctype, lanes = REALS["float32"]
    for kind in QUICK_KINDS:
        if has_loop(entry, kind) and not entry.never_rounds and not entry.array_parameters:
            yield Loop(entry, kind, QUICK, ctype, lanes)
