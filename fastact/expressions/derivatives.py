"""Exact derivatives of expressions, by the input and by each parameter.

A rule for each primitive operation and each of its operands stands below as text: u, v and w are the operands, y the result. At a
kink the derivative is the catalogue's: that of max(0, x) is 0 at 0, as is that of abs. `where` passes on the derivative of the
branch that is taken, and nothing of the other.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from ..functions import entries
from ..functions.entry import Entry
from .array_forms import by_parameter
from .expansion import applied, places, substituted, template
from .nodes import ONE, ZERO, Activate, Apply, Node, Number, Parameter, X, in_order
from .recognition import recognised
from .simplify import make
from .vocabulary import read

_RULES: dict[str, tuple[str, ...]] = {
    "negative": ("-1",),
    "absolute": ("sign(u)",),
    "sign": ("0",),
    "square": ("2 * u",),
    "reciprocal": ("-(y**2)",),
    "sqrt": ("0.5 / y",),
    "exp2": ("y * log(2)",),
    "expm1": ("exp(u)",),
    "log": ("1 / u",),
    "log1p": ("1 / (1 + u)",),
    "log2": ("1 / (log(2) * u)",),
    "log10": ("1 / (log(10) * u)",),
    "cos": ("-sin(u)",),
    "tan": ("1 / cos(u)**2",),
    "arcsin": ("1 / sqrt((1 - u) * (1 + u))",),
    "arccos": ("-1 / sqrt((1 - u) * (1 + u))",),
    "sinh": ("cosh(u)",),
    "cosh": ("sinh(u)",),
    "arccosh": ("1 / (sqrt(u - 1) * sqrt(u + 1))",),
    "arctanh": ("1 / ((1 - u) * (1 + u))",),
    "erfc": ("-2 / sqrt(pi) * gaussian(u)",),
    "ndtr": ("phi(u)",),
    "phi": ("-(u * y)",),
    "logical_not": ("0",),
    "add": ("1", "1"),
    "subtract": ("1", "-1"),
    "multiply": ("v", "u"),
    "hypot": ("where(y == 0, 0, u / y)", "where(y == 0, 0, v / y)"),
    "logaddexp": ("sigmoid(u - v)", "sigmoid(v - u)"),
    "arctan2": ("v / hypot(u, v) / hypot(u, v)", "-(u / hypot(u, v) / hypot(u, v))"),
    "copysign": ("copysign(1, v) * sign(u)", "0"),
    "heaviside": ("0", "u == 0"),
    "xlogy": ("where(y == 0, where(u == 0, log(v), 0), y / u)", "where(u == 0, 0, u / v)"),
    **dict.fromkeys(("less", "less_equal", "equal", "not_equal", "logical_and", "logical_or"), ("0", "0")),
}


def derivative(root: Node, by: Node = X) -> Node:
    """The derivative of an expression by the input or by a Parameter."""
    slopes: dict[Node, Node] = {}
    grow: set[Node] = set()  # what grows as an exponential does
    powers: dict[Node, tuple[Node, float]] = {}
    for node in in_order([root]):
        base, exponent = powers[node] = _as_power(node, powers)
        if exponent in _OWN_POWERS or _relative(base, slopes) is not None:
            slopes[node] = _slope(node, slopes, grow, by)
        else:  # products and quotients of powers are no number at 0 or infinity, where their derivative is one
            slopes[node] = _of_power(base, Number(exponent), slopes[base])
        if _grows(node, grow):
            grow.add(node)
    return slopes[root]


#: Powers whose own rules do as well.
_OWN_POWERS = (1.0, 2.0, 0.5, -1.0, 0.0)


def _as_power(node: Node, powers: dict[Node, tuple[Node, float]]) -> tuple[Node, float]:
    """What the node is a power of, and its exponent: whole and half powers were made products and square roots."""
    if isinstance(node, Apply):
        name, first = node.operation.name, node.operands[0]
        if name == "sqrt":
            return first, 0.5
        base, exponent = powers[first]
        if name == "square":
            return base, 2 * exponent
        if name == "reciprocal":
            return base, -exponent
        if name in ("multiply", "divide"):
            other, more = powers[node.operands[1]]
            if exponent % 2 == 0 and other is make("absolute", base):  # the square of |u| is that of u
                base = other
            elif more % 2 == 0 and base is make("absolute", other):
                other = base
            if other is base:
                return base, exponent + (more if name == "multiply" else -more)
    return node, 1.0


def _of_power(base: Node, exponent: Node, slope: Node) -> Node:
    """The derivative of a power by its base: 0 for an exponent of 0, at a base of 0 too."""
    if slope is ZERO:
        return ZERO
    factor = make("power", base, make("subtract", exponent, ONE))
    if not isinstance(exponent, Number):
        factor = make("where", make("equal", exponent, ZERO), ZERO, factor)
    return times(times(exponent, factor), slope)


def _grows(node: Node, grow: set[Node]) -> bool:
    if isinstance(node, Activate):
        if all(math.isfinite(bound) for bound in node.entry.info.range):
            return False
        return node.entry.name == "exponential" or node.argument in grow
    if isinstance(node, Apply):
        return node.operation.name in _EXPONENTIALS or any(o in grow for o in node.operands)
    return False


def _slope(node: Node, slopes: dict[Node, Node], grow: set[Node], by: Node) -> Node:
    if node is by:
        return ONE
    inner = [slopes[o] for o in node.operands]
    if all(slope is ZERO for slope in inner):
        return ZERO
    if isinstance(node, Activate):
        return _of_activation(node, inner, node.argument in grow)
    assert isinstance(node, Apply)
    own = _OWN.get(node.operation.name)
    if own is not None:
        return own(node, slopes)
    total: Node = ZERO
    for i, slope in enumerate(inner):
        if slope is not ZERO:
            total = plus(total, times(_partial(node, i), slope))
    return total


def plus(a: Node, b: Node) -> Node:
    """a + b, where a zero is none."""
    return b if a is ZERO else a if b is ZERO else make("add", a, b)


def minus(a: Node, b: Node) -> Node:
    """a - b, where a zero is none."""
    return a if b is ZERO else make("negative", b) if a is ZERO else make("subtract", a, b)


def times(a: Node, b: Node) -> Node:
    """a b, where a zero makes it zero, whatever the other factor."""
    return ZERO if a is ZERO or b is ZERO else make("multiply", a, b)


def over(a: Node, b: Node) -> Node:
    """a / b, where a zero makes it zero."""
    return ZERO if a is ZERO else make("divide", a, b)


@functools.cache
def rule(name: str, operand: int) -> Node:
    """The derivative of an operation by one of its operands, of the parameters u, v, w and y."""
    return read(_RULES[name][operand], {letter: Parameter(letter) for letter in "uvwy"})


def _partial(node: Apply, operand: int) -> Node:
    """The derivative of one operation by one of its operands."""
    letters: dict[Node, Node] = {Parameter(letter): o for letter, o in zip("uvw", node.operands, strict=False)}
    return substituted(rule(node.operation.name, operand), letters | {Parameter("y"): node})


@functools.lru_cache(512)
def of_template(entry: Entry, derived: bool, by: Node) -> Node:
    """The derivative of an activation's own formula, or of f', by its x or by a parameter."""
    root = template(entry, derived)
    if derived:  # of what has kernels the derivatives are better, too
        return derivative(recognised(root), by)
    known = by_parameter(entry, by.name) if isinstance(by, Parameter) else None
    return known or derivative(root, by)


def _in_catalogue(entry: Entry) -> bool:
    return entries.get(entry.name) is entry


def _of_activation(node: Activate, inner: list[Node], grows: bool) -> Node:
    """The chain rule. Where the outer slope has vanished so has the product, though the inner slope be infinite."""
    entry = node.entry
    own = places(entry, node.argument, node.parameters)
    total: Node = ZERO
    if inner[0] is not ZERO:
        first = not node.derivative
        outer = applied(entry, node.argument, node.parameters, True) if first else substituted(_second(entry), own)
        total = times(outer, inner[0])
        if grows and entry.name in _VANISHING and not isinstance(total, Number):
            total = make("where", make("equal", outer, ZERO), ZERO, total)
    for p, slope in zip(entry.parameters, inner[1:], strict=True):
        if slope is not ZERO:
            outer = substituted(of_template(entry, node.derivative, Parameter(p.name)), own)
            total = plus(total, times(outer, slope))
    return total


_EXPONENTIALS = frozenset(("exp2", "expm1", "sinh", "cosh"))
#: Activations whose slope vanishes on both sides, faster than any exponential of theirs grows.
_VANISHING = frozenset(("tanh", "sigmoid", "erf", "gaussian", "gudermannian", "softcap"))

#: Second derivatives in a form that neither cancels nor overflows, where that of the definition does.
_SECOND = {
    "sigmoid": "-tanh(x / 2) * sigmoid_derivative(x)",
    "tanh": "-2 * tanh(x) * tanh_derivative(x)",
    "log_sigmoid": "-sigmoid_derivative(x)",
    "gudermannian": "-tanh(x) * gudermannian_derivative(x)",
}


def _second(entry: Entry) -> Node:
    written = _SECOND.get(entry.name) if _in_catalogue(entry) else None
    return read(written) if written else of_template(entry, True, X)


# ---- operations whose derivative is not a sum over their operands ----------------------------------------------------


def _divide(node: Apply, slopes: dict[Node, Node]) -> Node:
    """(a' - y b') / b; by the relative slope of b where that does not overflow as b does."""
    a, b = node.operands
    da, db = slopes[a], slopes[b]
    relative = _relative(b, slopes)
    if relative is not None:
        return minus(over(da, b), times(node, relative))
    return over(minus(da, times(node, db)), b)


def _reciprocal(node: Apply, slopes: dict[Node, Node]) -> Node:
    (b,) = node.operands
    relative = _relative(b, slopes)
    if relative is not None:
        return minus(ZERO, times(node, relative))
    return minus(ZERO, over(slopes[b], make("square", b)))


def _relative(node: Node, slopes: dict[Node, Node]) -> Node | None:
    """b' / b of an exponential or a cosh, with a factor or squared; None for others."""
    factor = 1.0
    while True:
        if isinstance(node, Activate) and node.entry.name == "exponential":
            return times(Number(factor), slopes[node.argument])
        if not isinstance(node, Apply):
            return None
        name, first = node.operation.name, node.operands[0]
        if name == "cosh":
            return times(Number(factor), times(applied(entries["tanh"], first), slopes[first]))
        if name == "square":
            factor, node = 2 * factor, first
        elif name == "multiply" and isinstance(first, Number):
            node = node.operands[1]
        else:
            return None


def _power(node: Apply, slopes: dict[Node, Node]) -> Node:
    base, exponent = node.operands
    dbase, dexponent = slopes[base], slopes[exponent]
    total = _of_power(base, exponent, dbase)
    if dexponent is not ZERO:
        # 0 where the power is, though the logarithm be infinite; and for the power 0 of 0, but not for its negative powers
        logarithm = make("where", make("equal", base, ZERO), make("minimum", ZERO, exponent), make("log", base))
        logarithm = make("where", make("equal", node, ZERO), ZERO, logarithm)
        total = plus(total, times(times(node, logarithm), dexponent))
    return total


def _maximum(node: Apply, slopes: dict[Node, Node]) -> Node:
    """That of the operand that is taken; where both are equal 0 if one of them is constant, else that of the second."""
    a, b = node.operands
    if slopes[a] is ZERO:
        a, b = b, a
    return make("where", make("less", b, a), slopes[a], slopes[b])


def _minimum(node: Apply, slopes: dict[Node, Node]) -> Node:
    a, b = node.operands
    if slopes[a] is ZERO:
        a, b = b, a
    return make("where", make("less", a, b), slopes[a], slopes[b])


def _where(node: Apply, slopes: dict[Node, Node]) -> Node:
    condition, a, b = node.operands
    return make("where", condition, slopes[a], slopes[b])


_OWN: dict[str, Callable[[Apply, dict[Node, Node]], Node]] = {
    "divide": _divide,
    "reciprocal": _reciprocal,
    "power": _power,
    "maximum": _maximum,
    "minimum": _minimum,
    "where": _where,
}
