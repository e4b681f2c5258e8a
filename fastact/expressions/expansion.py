"""An activation applied to an expression: a node of its own where its kernel can compute it, its formula otherwise.

The kernels take numbers, and the parameters of the new activation, for parameters. What is computed from them, an array that is
learnt, and an activation that was defined are replaced by the formula.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from ..functions.entry import Entry
from .elementary import FUNCTIONS
from .nodes import Activate, Apply, Node, Number, Parameter, X, in_order
from .simplify import activate, make
from .text import parsed


def applied(entry: Entry, argument: Node, parameters: Sequence[Node] = (), derivative: bool = False) -> Node:
    """The activation, or its derivative, at an argument.

    Parameters
    ----------
    parameters : sequence of Node
        One for each of the entry's parameters, in order.
    """
    if entry.noise is not None:
        raise TypeError(f"{entry.name} draws random numbers, and can't be part of a formula")
    if _has_kernel(entry) and all(isinstance(p, (Number, Parameter)) for p in parameters):
        return activate(entry, argument, tuple(parameters), derivative)
    return substituted(template(entry, derivative), places(entry, argument, parameters))


def _has_kernel(entry: Entry) -> bool:
    return not (hasattr(entry, "formula") or any(p.array for p in entry.parameters))


def expanded(node: Activate) -> Node:
    """The formula in place of the node."""
    return substituted(template(node.entry, node.derivative), places(node.entry, node.argument, node.parameters))


def places(entry: Entry, argument: Node, parameters: Sequence[Node]) -> dict[Node, Node]:
    """What stands for x and for each parameter in the entry's own formulas."""
    return {X: argument, **{Parameter(p.name): node for p, node in zip(entry.parameters, parameters, strict=True)}}


@functools.lru_cache(256)
def template(entry: Entry, derivative: bool = False) -> Node:
    """The formula of f(x), or of f'(x), with the entry's parameters by their names."""
    known = getattr(entry, "slope" if derivative else "formula", None)
    if isinstance(known, Node):
        return known
    return parsed(_text(entry, derivative), {p.name: Parameter(p.name) for p in entry.parameters}, FUNCTIONS.get)


def _text(entry: Entry, derivative: bool) -> str:
    return entry.info.derivative if derivative else entry.info.formula


def rebuilt(node: Node, operands: tuple[Node, ...]) -> Node:
    """The same operation or activation on other operands."""
    if isinstance(node, Apply):
        return make(node.operation.name, *operands)
    if isinstance(node, Activate):
        return applied(node.entry, operands[0], operands[1:], node.derivative)
    return node


def substituted(root: Node, replacements: Mapping[Node, Node]) -> Node:
    """The expression with these nodes replaced."""
    made: dict[Node, Node] = {}
    for node in in_order([root]):
        found = replacements.get(node)
        if found is None:
            operands = tuple([made[o] for o in node.operands])
            found = node if operands == node.operands else rebuilt(node, operands)
        made[node] = found
    return made[root]
