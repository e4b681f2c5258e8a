"""Expressions: immutable nodes, each of which exists once. What is equal is the same object, so that nothing is computed twice.

A node knows its operands, and not what it is an operand of. Nothing here recurses: an expression may be nested as deep as it is
large.
"""

from __future__ import annotations

import math
import struct
import threading
import weakref
import zlib
from collections.abc import Iterable
from typing import Any, TypeVar

from ..functions.entry import Entry
from .operations import Operation

#: More nodes than this make no activation: the limit for an expression, each node counted once.
MOST_NODES = 2000

_known: weakref.WeakValueDictionary[tuple[Any, ...], Node] = weakref.WeakValueDictionary()
_lock = threading.Lock()
_Kind = TypeVar("_Kind", bound="Node")


class Node:
    """A part of an expression. Nodes are compared by identity, as there are no two of the same content.

    Attributes
    ----------
    operands : tuple of Node
        What it is computed from.
    depth : int
        How many operations are nested in it.
    digest : int
        A number made of its content, the same in every process: what orders operands that may change places.
    """

    __slots__ = ("__weakref__", "depth", "digest", "operands")
    operands: tuple[Node, ...]
    depth: int
    digest: int

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a node of an expression can't be changed: {name}")

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: object) -> Node:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {len(self.operands)} operands>"


def _intern(kind: type[_Kind], key: tuple[Any, ...], said: str, operands: tuple[Node, ...], **content: Any) -> _Kind:
    """The one node of this content."""
    with _lock:
        node = _known.get(key)
        if node is None:
            node = object.__new__(kind)
            fill = object.__setattr__
            fill(node, "operands", operands)
            fill(node, "depth", 1 + max([o.depth for o in operands]) if operands else 0)
            fill(node, "digest", zlib.crc32(f"{said}{[o.digest for o in operands]}".encode()))
            for name, value in content.items():
                fill(node, name, value)
            _known[key] = node
    return node  # type: ignore[return-value]


class Input(Node):
    """The x of f(x)."""

    __slots__ = ()

    def __new__(cls) -> Input:
        return _intern(cls, (cls,), "x", ())


class Parameter(Node):
    """A parameter of the activation, by its name."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str) -> Parameter:
        return _intern(cls, (cls, name), f"parameter {name}", (), name=name)


class Number(Node):
    """A constant. Zeros of the two signs are two numbers."""

    __slots__ = ("value",)
    value: float

    def __new__(cls, value: float) -> Number:
        value = float(value)
        value = math.nan if math.isnan(value) else value
        return _intern(cls, (cls, struct.pack("d", value)), repr(value), (), value=value)


class Apply(Node):
    """An operation on operands. What makes these nodes simplifies them first: see `simplify.py`."""

    __slots__ = ("operation",)
    operation: Operation

    def __new__(cls, operation: Operation, arguments: tuple[Node, ...]) -> Apply:
        return _intern(cls, (operation.name, *arguments), operation.name, arguments, operation=operation)

    @property
    def arguments(self) -> tuple[Node, ...]:
        return self.operands


class Activate(Node):
    """An activation of the catalogue, or its derivative, at an argument.

    Attributes
    ----------
    entry : Entry
        The activation.
    argument : Node
        What it is applied to.
    parameters : tuple of Node
        A Number or a Parameter for each parameter of the entry, in order.
    derivative : bool
        Whether it is f' rather than f.
    """

    __slots__ = ("derivative", "entry")
    entry: Entry
    derivative: bool

    def __new__(cls, entry: Entry, argument: Node, parameters: tuple[Node, ...] = (), derivative: bool = False) -> Activate:
        key = (entry, derivative, argument, *parameters)
        said = f"{entry.name} {derivative}"
        return _intern(cls, key, said, (argument, *parameters), entry=entry, derivative=derivative)

    @property
    def argument(self) -> Node:
        return self.operands[0]

    @property
    def parameters(self) -> tuple[Node, ...]:
        return self.operands[1:]


X = Input()
ZERO, ONE = Number(0.0), Number(1.0)


def in_order(roots: Iterable[Node]) -> list[Node]:
    """The nodes that these are made of, themselves included, each once and after its operands."""
    found: dict[Node, None] = {}
    waiting = list(roots)[::-1]
    while waiting:
        node = waiting[-1]
        if node in found:
            waiting.pop()
            continue
        missing = [operand for operand in node.operands if operand not in found]
        if missing:
            waiting.extend(missing[::-1])
        else:
            found[node] = None
            waiting.pop()
    return list(found)


def size(*roots: Node) -> int:
    """How many nodes these expressions have together."""
    return len(in_order(roots))


def names_of(*roots: Node) -> set[str]:
    """The parameters that occur in these expressions."""
    return {node.name for node in in_order(roots) if isinstance(node, Parameter)}


def depends_on_input(root: Node) -> bool:
    """Whether the input occurs in it."""
    return X in in_order([root])


def value_of(node: Node) -> float | None:
    """The value of a constant; None for anything else."""
    return node.value if isinstance(node, Number) else None
