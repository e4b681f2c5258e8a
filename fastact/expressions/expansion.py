"""An activation applied to an expression: a node of its own where its kernel can compute it, its formula otherwise.

The kernels take numbers, and the parameters of the new activation, for parameters. What is computed from them, an array that is
learnt, and an activation that was defined are replaced by the formula.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from ..functions.entry import Entry
from . import nodes
from .nodes import Node, Number, Parameter
from .simplify import activate, substituted


def applied(entry: Entry, argument: Node, parameters: Sequence[Node] = (), derivative: bool = False) -> Node:
    """The activation, or its derivative, at an argument.

    Parameters
    ----------
    parameters : sequence of Node
        One for each of the entry's parameters, in order.
    """
    if entry.noise is not None:
        raise TypeError(f"{entry.name} draws random numbers, and can't be part of a formula")
    simple = all(isinstance(p, (Number, Parameter)) for p in parameters)
    if simple and not entry.array_parameters and getattr(entry, "formula", None) is None:
        if derivative and entry.name == "exponential":
            derivative = False
        return activate(entry, argument, tuple(parameters), derivative)
    return _substituted(template(entry, derivative), entry, argument, parameters)


def expanded(node: nodes.Activate) -> Node:
    """The formula in place of the node."""
    return _substituted(template(node.entry, node.derivative), node.entry, node.argument, node.parameters)


def _substituted(root: Node, entry: Entry, argument: Node, parameters: Sequence[Node]) -> Node:
    places: dict[Node, Node] = {nodes.X: argument}
    places |= {Parameter(p.name): node for p, node in zip(entry.parameters, parameters, strict=True)}
    return substituted(root, places)


@functools.lru_cache(256)
def template(entry: Entry, derivative: bool = False) -> Node:
    """The formula of f(x), or of f'(x), with the entry's parameters by their names."""
    known = getattr(entry, "slope" if derivative else "formula", None)
    if known is not None:
        assert isinstance(known, Node)
        return known
    from .text import parsed

    text = entry.info.derivative if derivative else entry.info.formula
    return parsed(text, {p.name: Parameter(p.name) for p in entry.parameters})
