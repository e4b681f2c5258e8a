"""Expressions as text, which `text.parsed` reads as the same node again.

A part that occurs several times is written out each time while the text stays short; otherwise it gets a name at its first place.
"""

from __future__ import annotations

import math

from .nodes import Activate, Apply, Input, Node, Number, Parameter, in_order

#: Up to this many operations a text has no names for its parts.
_PLAIN = 250

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 3, 4, 5, 6, 7
_COMPARED, _CONDITION = 2, 1
_INFIX = {"add": ("+", _SUM), "subtract": ("-", _SUM), "multiply": ("*", _PRODUCT), "divide": ("/", _PRODUCT)}
_COMPARISONS = {"less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!="}
_CALLED = {"absolute": "abs"}
_OF_CATALOGUE = {"exponential": "exp", "sinusoid": "sin", "arsinh": "arcsinh"}


def text(root: Node) -> str:
    """The expression as text."""
    order = in_order([root])
    uses = dict.fromkeys(order, 0)
    length: dict[Node, int] = {}
    for node in order:
        for operand in node.operands:
            uses[operand] += 1
        length[node] = 1 + sum(length[o] for o in node.operands)
    name_parts = length[root] > _PLAIN
    taken = {node.name for node in order if isinstance(node, Parameter)}
    names: dict[Node, str] = {}
    if name_parts:
        free = (name for name in (f"t{i}" for i in range(1, len(order) + len(taken) + 2)) if name not in taken)
        names = {node: next(free) for node in order if node.operands and uses[node] > 1}
    return _written(root, names)


def _written(root: Node, names: dict[Node, str]) -> str:
    """The text, piece by piece from left to right: a name is given where its part comes first."""
    pieces: list[str] = []
    given: set[Node] = set()
    waiting: list[str | tuple[Node, int]] = [(root, 0)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
            continue
        node, least = item
        if node in names:
            if node in given:
                pieces.append(names[node])
                continue
            given.add(node)
            pieces.append(f"({names[node]} := ")
            waiting.append(")")
            least = 0
        parts, level = _parts(node)
        if level < least:
            pieces.append("(")
            waiting.append(")")
        waiting.extend(reversed(parts))
    return "".join(pieces)


def _parts(node: Node) -> tuple[list[str | tuple[Node, int]], int]:
    """What a node is written as, and how tightly that holds together."""
    if isinstance(node, Input):
        return ["x"], _ATOM
    if isinstance(node, Parameter):
        return [node.name], _ATOM
    if isinstance(node, Number):
        return [number(node.value)], _SIGN if math.copysign(1.0, node.value) < 0 else _ATOM
    if isinstance(node, Activate):
        name = _OF_CATALOGUE.get(node.entry.name, node.entry.name)
        name = node.entry.name + "_derivative" if node.derivative else name
        parts: list[str | tuple[Node, int]] = [name + "(", (node.argument, _CONDITION)]
        for p, given in zip(node.entry.parameters, node.parameters, strict=True):
            if not (isinstance(given, Number) and given.value == p.default):
                parts += [f", {p.name}=", (given, _CONDITION)]
        return [*parts, ")"], _ATOM
    assert isinstance(node, Apply)
    name, operands = node.operation.name, node.operands
    if name in _INFIX:
        sign, level = _INFIX[name]
        return [(operands[0], level), f" {sign} ", (operands[1], level + 1)], level
    if name in _COMPARISONS:
        return [(operands[0], _SUM), f" {_COMPARISONS[name]} ", (operands[1], _SUM)], _COMPARED
    if name == "negative":
        return ["-", (operands[0], _SIGN)], _SIGN
    if name == "reciprocal":
        return ["1 / ", (operands[0], _PRODUCT + 1)], _PRODUCT
    if name == "square":
        return [(operands[0], _ATOM), "**2"], _POWER
    if name == "power":
        return [(operands[0], _ATOM), "**", (operands[1], _ATOM if not isinstance(operands[1], Number) else _SIGN)], _POWER
    inner: list[str | tuple[Node, int]] = [_CALLED.get(name, name) + "("]
    for i, operand in enumerate(operands):
        inner += [", "] * (i > 0) + [(operand, _CONDITION)]
    return [*inner, ")"], _ATOM


def number(value: float) -> str:
    """A number as Python writes it, whole ones without a point."""
    if value == 0:
        return "-0.0" if math.copysign(1.0, value) < 0 else "0"
    return str(int(value)) if abs(value) < 1e6 and value == int(value) else repr(value)
