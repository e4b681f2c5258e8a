"""What makes nodes: `make` applies an operation to operands, and gives the simplest node of the same values.

The values are kept for every x, infinities and NaN too, with two exceptions: the sign of a zero may change (x + 0 is x), and
half powers are by the square root, as x**0.5 is NumPy's: of -inf NaN, and x**-0.5 of -0.0 is -inf.
A node that `make` has given is given again for its own operation and operands.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..functions import entries
from ..functions.entry import Entry
from .evaluation import constant
from .nodes import ONE, Activate, Apply, Input, Node, Number, Parameter
from .operations import OPERATIONS, Operation

_MOST_PRODUCTS = 16  # whole powers up to this are products


def make(name: str, *operands: Node) -> Node:
    """The operation of this name on these operands, simplified."""
    operation = OPERATIONS[name]
    if all(isinstance(o, Number) for o in operands):
        return _folded(operation, operands)
    rule = _RULES.get(name)
    if rule is not None:
        found = rule(*operands)
        if found is not None:
            return found
    if operation.commutative and _place(operands[0]) > _place(operands[1]):
        operands = (operands[1], operands[0])
    return Apply(operation, operands)


def activate(entry: Entry, argument: Node, parameters: tuple[Node, ...] = (), derivative: bool = False) -> Node:
    """An activation at an argument, computed if that is a constant."""
    derivative = derivative and entry is not entries["exponential"]
    node = Activate(entry, argument, parameters, derivative)
    return Number(constant(node)) if all(isinstance(o, Number) for o in node.operands) else node


def _folded(operation: Operation, operands: tuple[Node, ...]) -> Node:
    values = [np.float64(o.value) for o in operands if isinstance(o, Number)]
    with np.errstate(all="ignore"):
        return Number(float(operation.evaluate(*values)))


def _place(node: Node) -> tuple[int, int, int]:
    """Where it stands among operands that may change places: constants, parameters, x, then what is nested deeper."""
    kind = 0 if isinstance(node, Number) else 1 if isinstance(node, Parameter) else 2 if isinstance(node, Input) else 3
    return kind, node.depth, node.digest


def _is(node: Node, name: str) -> bool:
    return isinstance(node, Apply) and node.operation.name == name


def _exact_reciprocal(value: float) -> bool:
    return math.frexp(abs(value))[0] == 0.5 and 2.0**-1000 < abs(value) < 2.0**1000


def _exact_product(a: float, b: float) -> bool:
    """Whether a product of constants may be formed before it is applied: nothing is rounded."""
    if _exact_reciprocal(a) or _exact_reciprocal(b):
        return 2.0**-900 < abs(a * b) < 2.0**900
    return a == int(a) and b == int(b) and abs(a * b) < 2.0**53 if abs(a) < 2.0**53 and abs(b) < 2.0**53 else False


def _add(a: Node, b: Node) -> Node | None:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Number) and one.value == 0:
            return other
        if _is(one, "negative"):
            return make("subtract", other, one.operands[0])
    return make("multiply", Number(2.0), a) if a is b else None


def _subtract(a: Node, b: Node) -> Node | None:
    if isinstance(b, Number) and b.value == 0:
        return a
    if isinstance(b, Number):
        return make("add", a, Number(-b.value))
    if isinstance(a, Number) and a.value == 0:
        return make("negative", b)
    if _is(b, "negative"):
        return make("add", a, b.operands[0])
    return None


def _multiply(a: Node, b: Node) -> Node | None:
    if isinstance(b, Number):
        a, b = b, a
    if isinstance(a, Number):
        if a.value == 1:
            return b
        if a.value == -1:
            return make("negative", b)
        if _is(b, "negative"):
            return make("multiply", Number(-a.value), b.operands[0])
        if _is(b, "multiply") and isinstance(b.operands[0], Number) and _exact_product(a.value, b.operands[0].value):
            return make("multiply", Number(a.value * b.operands[0].value), b.operands[1])
    if a is b:
        return make("square", a)
    for one, other in ((a, b), (b, a)):
        if _is(one, "negative"):
            return make("negative", make("multiply", one.operands[0], other))
        if _is(one, "reciprocal"):
            return make("divide", other, one.operands[0])
    return None


def _divide(a: Node, b: Node) -> Node | None:
    if isinstance(b, Number):
        if b.value == 1:
            return a
        if _exact_reciprocal(b.value):
            return make("multiply", Number(1 / b.value), a)
        if b.value < 0:
            return make("negative", make("divide", a, Number(-b.value)))
    if isinstance(a, Number) and a.value in (1.0, -1.0):
        return make("reciprocal", b) if a.value == 1 else make("negative", make("reciprocal", b))
    if _is(a, "negative"):
        return make("negative", make("divide", a.operands[0], b))
    if _is(b, "negative"):
        return make("negative", make("divide", a, b.operands[0]))
    return None


def _negative(a: Node) -> Node | None:
    if _is(a, "negative"):
        return a.operands[0]
    if _is(a, "multiply") and isinstance(a.operands[0], Number):
        return make("multiply", Number(-a.operands[0].value), a.operands[1])
    return None


def _reciprocal(a: Node) -> Node | None:
    if _is(a, "negative"):
        return make("negative", make("reciprocal", a.operands[0]))
    return None


def _square(a: Node) -> Node | None:
    return make("square", a.operands[0]) if _is(a, "negative") or _is(a, "absolute") else None


def _absolute(a: Node) -> Node | None:
    if _is(a, "negative"):
        return make("absolute", a.operands[0])
    return a if _is(a, "absolute") or _is(a, "square") else None


def _power(base: Node, exponent: Node) -> Node | None:
    if not isinstance(exponent, Number):
        return make("exp2", exponent) if isinstance(base, Number) and base.value == 2 else None
    p = exponent.value
    if p == 0:
        return ONE
    if p < 0 and (p == int(p) or 2 * p == int(2 * p)) and p >= -_MOST_PRODUCTS:
        return make("reciprocal", make("power", base, Number(-p)))
    if p == 0.5:
        return make("sqrt", base)
    if 0 < p <= _MOST_PRODUCTS and 2 * p == int(2 * p):
        if p == int(p):
            return _product_of(base, int(p))
        return make("multiply", _product_of(base, int(p)), make("sqrt", base))
    return None


def _product_of(base: Node, count: int) -> Node:
    """base**count by squares."""
    result: Node | None = None
    while count:
        if count & 1:
            result = base if result is None else make("multiply", result, base)
        count >>= 1
        base = make("square", base) if count else base
    assert result is not None
    return result


def _extreme(a: Node, b: Node) -> Node | None:
    return a if a is b else None


def _where(condition: Node, a: Node, b: Node) -> Node | None:
    if a is b:
        return a
    if isinstance(condition, Number):
        return a if condition.value != 0 else b
    if _is(condition, "logical_not"):
        return make("where", condition.operands[0], b, a)
    return None


_RULES: dict[str, Callable[..., Node | None]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "reciprocal": _reciprocal,
    "square": _square,
    "absolute": _absolute,
    "power": _power,
    "minimum": _extreme,
    "maximum": _extreme,
    "where": _where,
}
