"""Writes the steps of functions of rows in vectors, in C: in the operations of loops/row_vectors.h.

A step's expressions are those that Cython is given for one element (build/steps.py). In C each becomes a statement for a group of
vectors, so that the vectors go through every operation side by side. Names of elements are arrays of `count` vectors; what is
known of the row is one vector. A step with another function in it than these is left to the compiler.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .steps import ElementStep

#: The functions of one vector, by the name that an expression has for them.
FUNCTIONS = ("at_least", "fma", "per_headroom", "scaled", "square_root")
#: Those of a whole group: the first argument becomes the result, the others belong to the row. They stand alone in a `let`.
OF_GROUPS = ("exp_unit",)
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_RELATIONS = {ast.Eq: "equal", ast.Lt: "less", ast.Gt: "greater"}


class NotInVectors(Exception):
    """There is no vector operation for this."""


def is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "zero"


def comparison(test: ast.expr) -> tuple[str, list[ast.expr]]:
    """The name of a relation, and what it compares."""
    if not isinstance(test, ast.Compare) or type(test.ops[0]) not in _RELATIONS:
        raise NotInVectors(ast.unparse(test))
    return _RELATIONS[type(test.ops[0])], [test.left, test.comparators[0]]


def counted(term: str) -> str:
    """What must hold for a term that is 1 or 0 to be 1."""
    node = ast.parse(term, mode="eval").body
    if not isinstance(node, ast.IfExp) or not is_zero(node.orelse):
        raise NotInVectors(term)
    return ast.unparse(node.test)


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
        if isinstance(node, ast.IfExp):
            relation, compared = comparison(node.test)
            kind, choices = "where", [node.body, node.orelse]
            if is_zero(node.body):
                kind, choices = "unless", [node.orelse]
            elif is_zero(node.orelse):
                kind, choices = "if", [node.body]
            return f"vector_{kind}_{relation}_{suffix}({', '.join(map(write, [*compared, *choices]))})"
        if isinstance(node, ast.Compare):  # a mask
            relation, compared = comparison(node)
            return f"vector_is_{relation}_{suffix}({', '.join(map(write, compared))})"
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
        """What it does with a group of vectors of the same rows; nothing if an operation is missing."""
        try:
            return list(self._statements([]))
        except NotInVectors:
            return []

    @property
    def statements_beside(self) -> list[str]:
        """The same with vectors of rows beside each other, at one position: each has a state of its own."""
        return list(self._statements(self.step.state))

    def _statements(self, states: list[str]) -> Iterator[str]:
        step, state = self.step, {name: name for name in self.step.state}

        def of_each(text: str) -> str:
            return expression(text.format(**state), [*step.sources, *step.let, *states], self.suffix)

        for name, text in step.let.items():
            node = ast.parse(text.format(**state), mode="eval").body
            yield f"vector_{self.suffix} {name}[GROUP];"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OF_GROUPS:
                first, *rest = map(ast.unparse, node.args)
                yield f"EACH {name}[j] = {of_each(first)};"
                beside = "_beside" if states else ""
                rest = rest if states else [of_each(each) for each in rest]
                yield f"vector_{node.func.id}{beside}_{self.suffix}({', '.join(['count', name, *rest])});"
            else:
                yield f"EACH {name}[j] = {of_each(text)};"
        for name, each in zip(step.lanes, step.sums, strict=True):
            term = each.term.format(**state)
            yield f"EACH {name}[j] = {of_each(counted(term) if each.counts else term)};"
        if step.out:
            yield f"EACH out[j] = {of_each(step.out)};"

    @property
    def results(self) -> list[str]:
        """The vectors that a group gives: what is stored, and the terms of sums."""
        return [*(["out"] if self.step.out else []), *self.step.lanes]

    @property
    def group_parameters(self) -> str:
        """Those of the function that takes a group."""
        return ", ".join(
            ["int count"]
            + [f"const {self.type_of(v)} *{v}" for v in self.step.sources]
            + [f"{self.type_of(v)} *{v}" for v in self.results]
            + [f"{self.type_of(v)} {v}" for v in self.step.state]
        )

    @property
    def parameters_beside(self) -> str:
        """The same with the states of vectors beside each other."""
        names = [*self.step.sources, *self.results, *self.step.state]
        return ", ".join(["int count", *(f"{'' if v in self.results else 'const '}{self.type_of(v)} *{v}" for v in names)])

    def type_of(self, name: str) -> str:
        """The C type of something in a group: of terms that only count a mask, of all else a vector."""
        return f"vector_mask_{self.suffix}" if name in self.step.counts else f"vector_{self.suffix}"

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
