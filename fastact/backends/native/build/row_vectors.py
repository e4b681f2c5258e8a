"""Writes the steps of functions of rows in vectors, in C: in the operations of loops/row_vectors.h.

A step's expressions are those that Cython is given for one element (build/steps.py). In C each becomes a statement for a group of
vectors, so that the vectors go through every operation side by side. Names of elements are arrays of `count` vectors; what is
known of the row is one vector. A step with another function in it than these is left to the compiler.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .steps import ElementStep

#: The functions of one vector, by the name that an expression has for them.
FUNCTIONS = ("at_least", "fma", "per_headroom", "scaled", "square_root")
#: Those of a whole group, whose first argument is what becomes the result. They stand alone in a `let`.
OF_GROUPS = ("exp_unit",)
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_RELATIONS = {ast.Eq: "equal", ast.Lt: "less", ast.Gt: "greater"}


class NotInVectors(Exception):
    """There is no vector operation for this."""


def expression(text: str, elements: list[str], suffix: str) -> str:
    """An expression in C, for the vectors j of a group. `elements` are the names that stand for arrays of vectors."""

    def write(node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            return f"vector_all_{suffix}({node.value!r})"
        if isinstance(node, ast.Name):
            return f"{node.id}[j]" if node.id in elements else node.id
        if isinstance(node, ast.Subscript):
            return write(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return f"-{write(node.operand)}"
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return f"({write(node.left)} {_OPERATORS[type(node.op)]} {write(node.right)})"
        if isinstance(node, ast.IfExp) and isinstance(node.test, ast.Compare) and type(node.test.ops[0]) in _RELATIONS:
            of = [node.test.left, node.test.comparators[0], node.body, node.orelse]
            return f"vector_where_{_RELATIONS[type(node.test.ops[0])]}_{suffix}({', '.join(map(write, of))})"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            return f"vector_{node.func.id}_{suffix}({', '.join(map(write, node.args))})"
        raise NotInVectors(ast.unparse(node))

    return write(ast.parse(text, mode="eval").body)


@dataclass(frozen=True)
class VectorStep:
    """A step in vectors, for one type: its C type, and the ending of the names of this type's operations."""

    step: ElementStep
    ctype: str
    suffix: str

    @property
    def statements(self) -> list[str]:
        """What it does with a group of vectors; nothing if an operation is missing."""
        try:
            return list(self._statements())
        except NotInVectors:
            return []

    def _statements(self) -> Iterator[str]:
        step, state = self.step, {name: name for name in self.step.state}

        def of_each(text: str) -> str:
            return expression(text.format(**state), [*step.sources, *step.let], self.suffix)

        for name, text in step.let.items():
            node = ast.parse(text.format(**state), mode="eval").body
            yield f"vector_{self.suffix} {name}[GROUP];"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OF_GROUPS:
                first, *rest = map(ast.unparse, node.args)
                yield f"EACH {name}[j] = {of_each(first)};"
                yield f"vector_{node.func.id}_{self.suffix}({', '.join(['count', name, *map(of_each, rest)])});"
            else:
                yield f"EACH {name}[j] = {of_each(text)};"
        for name, each in zip(step.lanes, step.sums, strict=True):
            yield f"EACH {name}[j] = {of_each(each.term)};"
        if step.out:
            yield f"EACH out[j] = {of_each(step.out)};"

    @property
    def results(self) -> list[str]:
        """The vectors that a group gives: what is stored, and the terms of sums."""
        return [*(["out"] if self.step.out else []), *self.step.lanes]

    @property
    def group_parameters(self) -> str:
        """Those of the function that takes a group."""
        vector = f"vector_{self.suffix}"
        return ", ".join(
            ["int count"]
            + [f"const {vector} *{v}" for v in self.step.sources]
            + [f"{vector} *{v}" for v in self.results]
            + [f"{vector} {v}" for v in self.step.state]
        )

    @property
    def group_arguments(self) -> str:
        return ", ".join([*self.step.sources, *self.results, *self.step.state])

    @property
    def along_parameters(self) -> str:
        """Those of the function that takes a segment of a row."""
        return ", ".join(
            [f"const {self.ctype} *{v}_start" for v in self.step.sources]
            + ([f"{self.ctype} *out_start"] if self.step.out else [])
            + [f"{self.ctype} {v}_of_row" for v in self.step.state]
            + [f"double *{v}_sum" for v in self.step.lanes]
            + [f"const {self.ctype} *next_{v}" for v in self.step.fetched]
            + ([f"const {self.ctype} *result"] if self.step.sums else [])
            + ["ptrdiff_t n"]
        )

    @property
    def passed_along(self) -> str:
        """The names of these parameters."""
        return ", ".join(each.rpartition(" ")[2].lstrip("*") for each in self.along_parameters.split(", "))

    @property
    def along_arguments(self) -> str:
        out = ["out"] if self.step.out else []
        sums = [f"&sum_{v}" for v in self.step.lanes]
        pitches = {v: f"p.pitch[{k}]" for k, v in enumerate(self.step.inputs)}
        fetched = [f"{v} + next_rows(p, {pitches[v]})" for v in self.step.fetched] + (["result"] if self.step.sums else [])
        return ", ".join([*self.step.sources, *out, *self.step.state, *sums, *fetched, "p.length"])

    @property
    def across_parameters(self) -> str:
        """Those of the function that takes a segment of rows side by side."""
        return ", ".join(
            [f"const {self.ctype} *{v}_start, ptrdiff_t {v}_pitch" for v in self.step.inputs]
            + ([f"const {self.ctype} *w_start"] if self.step.weighted else [])
            + ([f"{self.ctype} *out_start, ptrdiff_t out_pitch"] if self.step.out else [])
            + [f"const {self.ctype} *{v}_of_rows" for v in self.step.state]
            + [f"double *{v}_sums" for v in self.step.lanes]
            + ["ptrdiff_t rows", "ptrdiff_t n"]
        )

    @property
    def across_arguments(self) -> str:
        return ", ".join(
            [f"<const {self.ctype}*> p.input[{k}], p.pitch[{k}]" for k in range(len(self.step.inputs))]
            + ([f"<const {self.ctype}*> p.weights + p.start"] if self.step.weighted else [])
            + ([f"<{self.ctype}*> p.out, p.out_pitch"] if self.step.out else [])
            + [f"s.{v}" for v in self.step.state]
            + [f"s.sums[{k}]" for k in range(len(self.step.sums))]
            + ["rows", "p.length"]
        )
