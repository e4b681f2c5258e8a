"""Whether an expression has the form of a pattern, whatever the order and grouping of its sums and products.

A pattern is an expression, too: its x stands for any expression, its parameters for numbers or parameters. A product is taken
apart into a coefficient and factors above and below, a sum into terms. What a product has more than the pattern is left over.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .nodes import ONE, Activate, Apply, Node, Number, Parameter, X
from .simplify import make

Bindings = Mapping[Node, Node]

#: Constants are the same if they differ by no more, relatively: sqrt(2) is written in many ways.
_TOLERANCE = 2.0**-50
#: Longer sums and products are no activation's.
_MOST_PARTS = 12


class Product(NamedTuple):
    """A coefficient, as numerator and denominator, and factors of both."""

    above: float
    below: float
    factors: tuple[Node, ...]
    divisors: tuple[Node, ...]

    @property
    def coefficient(self) -> float:
        return self.above / self.below if self.below else math.nan

    def node(self) -> Node:
        """The product as an expression."""
        top = _product(self.factors)
        if self.above != 1 or self.below != 1:
            if self.below != 1 and self.above == 1 and not self.divisors:
                return make("divide", top, Number(self.below))
            top = make("multiply", Number(self.coefficient), top)
        return make("divide", top, _product(self.divisors)) if self.divisors else top


def _product(factors: tuple[Node, ...]) -> Node:
    """The product of factors, equal ones as squares."""
    counts: dict[Node, int] = {}
    for factor in factors:
        counts[factor] = counts.get(factor, 0) + 1
    result: Node = ONE
    for factor, count in counts.items():
        result = make("multiply", result, make("power", factor, Number(float(count))))
    return result


@functools.lru_cache(4096)  # each is looked at once for every pattern
def product(node: Node) -> Product | None:
    """An expression as a product; None if it is a very long one."""
    above = below = 1.0
    sides: tuple[list[Node], list[Node]] = [], []
    waiting = [(node, 0)]
    while waiting:
        part, side = waiting.pop()
        name = part.operation.name if isinstance(part, Apply) else ""
        if name == "multiply":
            waiting += [(part.operands[1], side), (part.operands[0], side)]
        elif name == "divide":
            waiting += [(part.operands[1], 1 - side), (part.operands[0], side)]
        elif name == "reciprocal":
            waiting.append((part.operands[0], 1 - side))
        elif name == "negative":
            above = -above
            waiting.append((part.operands[0], side))
        elif name == "square":
            waiting += [(part.operands[0], side)] * 2
        elif isinstance(part, Number):
            above, below = (above * part.value, below) if side == 0 else (above, below * part.value)
        else:
            sides[side].append(part)
            if len(sides[0]) + len(sides[1]) > _MOST_PARTS:
                return None
    return Product(above, below, tuple(sides[0]), tuple(sides[1]))


@functools.lru_cache(4096)
def terms(node: Node) -> tuple[Node, ...] | None:
    """The terms of a sum, the negative ones as such; None if there are very many."""
    found: list[Node] = []
    waiting = [(node, False)]
    while waiting:
        part, minus = waiting.pop()
        name = part.operation.name if isinstance(part, Apply) else ""
        if name == "add":
            waiting += [(part.operands[1], minus), (part.operands[0], minus)]
        elif name == "subtract":
            waiting += [(part.operands[1], not minus), (part.operands[0], minus)]
        elif name == "negative":
            waiting.append((part.operands[0], not minus))
        else:
            found.append(make("negative", part) if minus else part)
            if len(found) > _MOST_PARTS:
                return None
    return tuple(found)


def same_number(a: float, b: float) -> bool:
    """Whether two constants are meant to be the same."""
    return a == b or abs(a - b) <= _TOLERANCE * abs(b)


def matches(pattern: Node, node: Node, bound: Bindings) -> Iterator[dict[Node, Node]]:
    """The ways in which a node has the form of a pattern, as what its x and parameters stand for then."""
    if pattern is X:
        if bound.get(X, node) is node:
            yield {**bound, X: node}
    elif isinstance(pattern, Parameter):
        known = bound.get(pattern)
        if known is not None:
            if known is node or (isinstance(known, Number) and isinstance(node, Number) and same_number(known.value, node.value)):
                yield dict(bound)
        elif isinstance(node, (Number, Parameter)):
            yield {**bound, pattern: node}
    elif isinstance(pattern, Number):
        if isinstance(node, Number) and same_number(node.value, pattern.value):
            yield dict(bound)
    elif isinstance(pattern, Activate):
        if isinstance(node, Activate) and node.entry is pattern.entry and node.derivative == pattern.derivative:
            yield from _all(pattern.operands, node.operands, bound)
    elif isinstance(pattern, Apply):
        yield from _of_operation(pattern, node, bound)


def _of_operation(pattern: Apply, node: Node, bound: Bindings) -> Iterator[dict[Node, Node]]:
    name = pattern.operation.name
    if is_product(pattern):
        for found, rest in in_product(pattern, node, bound):
            if rest is ONE:
                yield found
    elif is_sum(pattern):
        for found, left in in_sum(pattern, node, bound):
            if not left:
                yield found
    elif isinstance(node, Apply) and node.operation.name == name:
        yield from _all(pattern.operands, node.operands, bound)
        if pattern.operation.commutative:
            yield from _all(pattern.operands, node.operands[::-1], bound)


def _all(patterns: tuple[Node, ...], nodes: tuple[Node, ...], bound: Bindings) -> Iterator[dict[Node, Node]]:
    if not patterns:
        yield dict(bound)
        return
    for found in matches(patterns[0], nodes[0], bound):
        yield from _all(patterns[1:], nodes[1:], found)


def is_product(node: Node) -> bool:
    return isinstance(node, Apply) and node.operation.name in ("multiply", "divide", "reciprocal", "square", "negative")


def is_sum(node: Node) -> bool:
    return isinstance(node, Apply) and node.operation.name in ("add", "subtract")


# ---- products --------------------------------------------------------------------------------------------------------


def in_product(pattern: Node, node: Node, bound: Bindings) -> Iterator[tuple[dict[Node, Node], Node]]:
    """The ways in which a product has the pattern's factors among its own, with the product of the others."""
    given = product(node)
    wanted, hard, easy = _wanted(pattern)
    if wanted is None or given is None:
        return
    ratio = Product(given.above * wanted.below, given.below * wanted.above, given.factors, given.divisors)
    for found, left in _hard_factors(hard, ratio, bound):
        for bindings, rest in _easy_factors(easy, left, found):
            if rest.coefficient != rest.coefficient:
                continue
            plain = not rest.factors and not rest.divisors and same_number(rest.coefficient, 1.0)
            yield bindings, ONE if plain else rest.node()


@functools.lru_cache(1024)
def _wanted(pattern: Node) -> tuple[Product | None, list[tuple[Node, int]], list[tuple[Node, int]]]:
    """A pattern as a product, and its factors with their sides: those that are more than a name, and x and parameters."""
    whole = product(pattern)
    if whole is None:
        return None, [], []
    factors = [(f, side) for side, all_of in enumerate((whole.factors, whole.divisors)) for f in all_of]
    return whole, [f for f in factors if f[0].operands], [f for f in factors if not f[0].operands]


def _without(left: Product, side: int, index: int) -> Product:
    sides = [left.factors, left.divisors]
    sides[side] = sides[side][:index] + sides[side][index + 1 :]
    return Product(left.above, left.below, sides[0], sides[1])


def _hard_factors(wanted: list[tuple[Node, int]], left: Product, bound: Bindings) -> Iterator[tuple[dict[Node, Node], Product]]:
    """Those that are more than a name, each found among the factors that are left."""
    if not wanted:
        yield dict(bound), left
        return
    pattern, side = wanted[0]
    for index, node in enumerate((left.factors, left.divisors)[side]):
        for found in matches(pattern, node, bound):
            yield from _hard_factors(wanted[1:], _without(left, side, index), found)


def _easy_factors(wanted: list[tuple[Node, int]], left: Product, bound: Bindings) -> Iterator[tuple[dict[Node, Node], Product]]:
    """x and parameters: what is bound is found among the factors; then parameters take one each, and x all that is left."""
    if not wanted:
        yield dict(bound), left
        return
    known = next((w for w in wanted if w[0] in bound), None)
    free = next((w for w in wanted if w[0] is not X), None)
    chosen = known or free or wanted[0]
    others = list(wanted)
    others.remove(chosen)
    pattern, side = chosen
    if known is not None:
        taken = _taken(left, bound[pattern], side)
        if taken is not None:
            yield from _easy_factors(others, taken, bound)
        return
    sides = (left.factors, left.divisors)
    if isinstance(pattern, Parameter):
        for index, node in enumerate(sides[side]):
            if isinstance(node, Parameter):
                yield from _easy_factors(others, _without(left, side, index), {**bound, pattern: node})
        value = left.coefficient if side == 0 else left.below / left.above
        if not same_number(value, 1.0):
            rest = Product(1.0, 1.0, left.factors, left.divisors)
            yield from _easy_factors(others, rest, {**bound, pattern: Number(value)})
        return
    count = wanted.count(chosen)
    if side == 0 and count == 1 and left.factors and len(wanted) == 1:
        # x is all that is left, or one of the factors
        yield {**bound, X: left.node()}, Product(1.0, 1.0, (), ())
    candidates = dict.fromkeys(sides[side])
    root = _root(left, count) if side == 0 and count > 1 else None
    for node in [*([root] if root is not None else []), *candidates]:
        yield from _easy_factors(wanted, left, {**bound, X: node})


def _root(whole: Product, power: int) -> Node | None:
    """What the whole product is a power of."""
    coefficient = abs(whole.coefficient) ** (1 / power)
    if coefficient**power != whole.coefficient or whole.divisors:
        return None
    counts = {factor: whole.factors.count(factor) for factor in whole.factors}
    if not counts or any(count % power for count in counts.values()):
        return None
    factors = tuple(factor for factor, count in counts.items() for _ in range(count // power))
    return Product(coefficient, 1.0, factors, ()).node()


def _taken(left: Product, node: Node, side: int) -> Product | None:
    """What is left without the factors of a node; None if they are not all there."""
    part = product(node)
    if part is None:
        return None
    sides = [list(left.factors), list(left.divisors)]
    for i, all_of in ((side, part.factors), (1 - side, part.divisors)):
        for factor in all_of:
            if factor not in sides[i]:
                return None
            sides[i].remove(factor)
    above, below = (part.above, part.below) if side == 0 else (part.below, part.above)
    return Product(left.above * below, left.below * above, tuple(sides[0]), tuple(sides[1]))


# ---- sums ------------------------------------------------------------------------------------------------------------


def in_sum(pattern: Node, node: Node, bound: Bindings) -> Iterator[tuple[dict[Node, Node], tuple[Node, ...]]]:
    """The ways in which a sum has the pattern's terms among its own, with the other terms."""
    wanted, given = terms(pattern), terms(node)
    if wanted is None or given is None or len(given) < len(wanted):
        return
    yield from _terms(sorted(wanted, key=lambda t: -t.depth), given, bound)


def _terms(wanted: list[Node], left: tuple[Node, ...], bound: Bindings) -> Iterator[tuple[dict[Node, Node], tuple[Node, ...]]]:
    if not wanted:
        yield dict(bound), left
        return
    for index, node in enumerate(left):
        for found in matches(wanted[0], node, bound):
            yield from _terms(wanted[1:], left[:index] + left[index + 1 :], found)
