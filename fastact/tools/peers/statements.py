"""Statements: what a user of a library types, as Python text.

A statement is a short program. Its last part is an expression, whose value is the result, or None when `out` has it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from ..directions import Direction


@dataclass(frozen=True)
class Statements:
    """The statements of one function, a direction each; None where there is none."""

    forward: str | None = None
    backward: str | None = None
    from_output: str | None = None

    def of(self, direction: Direction) -> str | None:
        """The statement of one direction."""
        match direction:
            case Direction.FORWARD:
                return self.forward
            case Direction.BACKWARD:
                return self.backward
            case Direction.FROM_OUTPUT:
                return self.from_output


#: The statements of a function that a peer does not have.
NONE = Statements()


def parts(statement: str) -> tuple[list[ast.stmt], ast.expr]:
    """What a statement does first, and the expression that it ends with."""
    *before, last = ast.parse(statement).body
    if not isinstance(last, ast.Expr):
        raise ValueError(f"the last part of a statement is an expression, not {ast.unparse(last)!r}")
    return before, last.value


def gives_result(statement: str) -> bool:
    """Whether the value is always the result, and never None: of a condition nothing is known."""
    return not isinstance(parts(statement)[1], ast.IfExp)


def names(statement: str) -> set[str]:
    """The names that a statement uses, its own among them."""
    return {node.id for node in ast.walk(ast.parse(statement)) if isinstance(node, ast.Name)}


def renamed(statement: str, new: Mapping[str, str]) -> str:
    """The same statement of other operands: their new names by the old ones."""
    tree = ast.parse(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
    return "; ".join(map(ast.unparse, tree.body))


def assigned(statement: str, name: str) -> str:
    """A statement's parts, its result kept under a name."""
    before, last = parts(statement)
    return "; ".join(map(ast.unparse, [*before, ast.Assign([ast.Name(name, ast.Store())], last, lineno=0)]))
