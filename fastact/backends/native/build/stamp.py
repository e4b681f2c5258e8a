"""Which loops the kernels have, and how `loops.pyx.in` is filled in with them. Used by setup.py and the tests only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ....functions import loss_functions, row_functions, units_of
from ....functions.entry import Entry
from ..formulas.rows import FUNCTIONS
from . import steps

#: Per dtype its C type and how many elements fill 64 bytes, the widest vector.
REALS = {"float32": ("float", 16), "float64": ("double", 8)}
#: The 16-bit types that occur in memory only, and what of half.h converts them.
HALVES = (("float16", "half_to_float", "float_to_half"), ("bfloat16", "bfloat16_to_float", "float_to_bfloat16"))
INTEGERS = {f"{u}int{bits}": (f"{u}int{bits}_t", 512 // bits) for bits in (8, 16, 32, 64) for u in ("", "u")}

#: Elements of a piece, all of which are small or which counts as large: see loops.pyx.in.
PIECE = 512

# Inputs, outputs, and the statements of one element: its inputs have been read (into x_i and so on) before an output is written,
# which may be any of them. F is the activation's name, P its parameters and A the parameter that is an array. Of a gated unit
# C is the parameters' defaults, U what makes a product of integers wrap around, as NumPy's does.
_DIRECTIONS = {
    "forward": (["x"], ["y"], ["y[i] = F_forward(x_iP)"]),
    "backward": (["dy", "x"], ["dx"], ["dx[i] = dy_i * F_derivative(x_iP)"]),
    "backward_from_output": (["dy", "y"], ["dx"], ["dx[i] = dy_i * F_derivative_from_output(y_iP)"]),
    "value_and_grad": (["x"], ["y", "d"], ["y[i] = F_forward(x_iP)", "d[i] = F_derivative(x_iP)"]),
    "backward_by_parameter": (["dy", "x"], ["dp"], ["dp[i] = dy_i * F_derivative_by_A(x_iP)"]),
    "gated": (["x"], ["y"], ["y[i] = U F_forward(x_iC) * U value_i"]),
    "gated_backward": (
        ["dy", "x"],
        ["dx", "dvalue"],
        ["dx[i] = dy_i * value_i * F_derivative(x_iC)", "dvalue[i] = dy_i * F_forward(x_iC)"],
    ),
}


@dataclass(frozen=True)
class Loop:
    """One loop of the table: an activation in one direction for one dtype."""

    entry: Entry
    direction: str
    dtype: str
    ctype: str
    lanes: int

    @property
    def name(self) -> str:
        return f"{self.entry.name}_{self.direction}_{self.dtype}"

    @property
    def inputs(self) -> list[str]:
        return _DIRECTIONS[self.direction][0]

    @property
    def outputs(self) -> list[str]:
        return _DIRECTIONS[self.direction][1]

    @property
    def gated(self) -> bool:
        return self.direction.startswith("gated")

    @property
    def arrays(self) -> list[str]:
        return ["value"] if self.gated else [p.name for p in self.entry.parameters if p.array]

    @property
    def scalars(self) -> list[str]:
        return [] if self.gated else [p.name for p in self.entry.parameters if not p.array]

    @property
    def statements(self) -> list[str]:
        each = "_i" if self.arrays else ""
        parameters = "".join(f", {p.name}{each}" for p in self.entry.parameters)
        wrapping = "" if self.dtype in REALS else "<uint64_t>"
        defaults = "".join(f", <{self.ctype}> {p.default}" for p in self.entry.parameters)
        return [
            s.replace("F_", f"{self.entry.name}_")
            .replace("by_A", f"by_{''.join(self.arrays)}")
            .replace("P)", f"{parameters})")
            .replace("C)", f"{defaults})")
            .replace("U ", wrapping)
            for s in _DIRECTIONS[self.direction][2]
        ]


def near_statements(loop: Loop, formulas: str) -> list[str]:
    """The loop's statements for pieces in which all |x| are small; none if these formulas have nothing special for them."""
    statements = [
        re.sub(r"\b([a-z]\w*)_(forward|derivative)\(", lambda call: near_call(call, formulas), s) for s in loop.statements
    ]
    return statements if statements != loop.statements else []


def near_call(call: re.Match[str], formulas: str) -> str:
    near = f"{call[1]}_near_{call[2]}("
    return near if near in formulas else call[0]


def block_headers(folder: Path) -> list[Path]:
    """The headers of block kernels: see avx512.h."""
    return sorted((folder / "simd").glob("avx512*.h"))


def vector_statements(loop: Loop, blocks: str) -> list[str]:
    """The loop's statements in C for one vector each, by the block kernels of this text; none if it lacks one of them."""
    lanes = f"_x{loop.lanes}("
    statements = [
        re.sub(r"<\w+> ([^,)]+)", rf"all{lanes}\1)", re.sub(rf"\b({loop.entry.name}_\w+)\(", rf"\1{lanes}", s))
        for s in loop.statements
    ]
    called = re.findall(rf"\w+{re.escape(lanes)}", " ".join(statements))
    return statements if called and all(f" {call}" in blocks for call in called) else []


def loops(entry: Entry) -> Iterator[Loop]:
    """The loops of one activation."""
    left_out = set()
    if entry.derivative_from_output is None:
        left_out.add("backward_from_output")
    if entry.learnt_parameter is None:
        left_out.add("backward_by_parameter")
    if not units_of(entry):
        left_out |= {"gated", "gated_backward"}
    for dtype, (ctype, lanes) in REALS.items():
        for direction in _DIRECTIONS:
            if direction not in left_out:
                yield Loop(entry, direction, dtype, ctype, lanes)
    if entry.keeps_integers:
        for dtype, (ctype, lanes) in INTEGERS.items():
            for direction in ("forward", "gated"):
                if direction not in left_out:
                    yield Loop(entry, direction, dtype, ctype, lanes)


def stamp(folder: Path, entries: Iterable[Entry], target: Path, formulas: str | None = None) -> Path:
    """Fill in the templates of `folder` for these entries, ready for Cython, into the folder `target`: the path of the loops.

    `formulas` takes the place of formulas.pxi."""
    from Cython.Tempita import Template

    formulas = (folder / "formulas" / "formulas.pxi").read_text() if formulas is None else formulas
    headers = block_headers(folder)
    blocks = "".join(header.read_text() for header in headers)

    def near(loop: Loop) -> list[str]:
        return near_statements(loop, formulas)

    def vectors(loop: Loop) -> list[str]:
        return vector_statements(loop, blocks)

    types = {"near": near, "vectors": vectors, "headers": [header.name for header in headers], "PIECE": PIECE}
    types |= {"REALS": REALS, "INTEGERS": INTEGERS, "HALVES": HALVES}
    steps.check_complete(FUNCTIONS, [*(record.arithmetic for record in row_functions.values()), *loss_functions])
    rows = steps.names_for_template(FUNCTIONS)
    target.mkdir(parents=True, exist_ok=True)
    for name in ("loops.pyx", "rows.pxi"):
        filled = Template((folder / "loops" / f"{name}.in").read_text(), name=name)  # type: ignore[no-untyped-call]
        text = filled.substitute(entries=list(entries), loops=loops, **types, **rows)  # type: ignore[no-untyped-call]
        (target / name).write_text(text)
    (target / "formulas.pxi").write_text(formulas)
    return target / "loops.pyx"
