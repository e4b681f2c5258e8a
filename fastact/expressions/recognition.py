"""Parts of a formula that are activations of the catalogue, found and replaced: their kernels are quick, and right in the tails.

The patterns are the definitions of the catalogue itself, so that a new activation is recognised without a word here, and other
ways to write them (`_SPELLINGS`). Before that a few identities bring what is written in many ways, as the logistic function, into
one form. They are equal everywhere, and better where the given form cancels or overflows.
"""

from __future__ import annotations

import ast
import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..functions import entries
from ..functions.entry import Entry
from ..functions.entry import Parameter as Declared
from . import expansion, matching
from .matching import in_product, in_sum, matches, product, same_number
from .nodes import ONE, Activate, Apply, Node, Number, Parameter, X, in_order
from .simplify import activate, make
from .vocabulary import read

#: Other ways to write activations of the catalogue, their parts as the rules below leave them.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "relu": (
        "where(x > 0, x, 0)",
        "where(x >= 0, x, 0)",
        "where(x < 0, 0, x)",
        "where(x <= 0, 0, x)",
        "x * (x > 0)",
        "x * (x >= 0)",
        "(x + abs(x)) / 2",
    ),
    "relu6": ("hard_tanh(x, min=0, max=6)",),
    "relu_squared": ("relu(x)**2", "x * relu(x)", "where(x > 0, x**2, 0)", "where(x >= 0, x**2, 0)", "where(x < 0, 0, x**2)"),
    "star_relu": ("scale * relu_squared(x) + shift",),
    "leaky_relu": (
        "where(x >= 0, x, negative_slope * x)",
        "where(x < 0, negative_slope * x, x)",
        "where(x <= 0, negative_slope * x, x)",
        "relu(x) + negative_slope * min(x, 0)",
        "relu(x) - negative_slope * relu(-x)",
    ),
    "threshold": ("where(x <= threshold, value, x)",),
    "srelu": tuple(
        f"where(x {over} {right}, {right} + slope_right * (x - {right}), "
        f"where(x {under} {left}, {left} + slope_left * (x - {left}), x))"
        for left, right in (("threshold_left", "threshold_right"), ("-1", "1"))
        for over, under in ((">", "<"), (">=", "<="))
    )
    + tuple(
        f"where(x {under} {left}, {left} + slope_left * (x - {left}), "
        f"where(x {over} {right}, {right} + slope_right * (x - {right}), x))"
        for left, right in (("threshold_left", "threshold_right"), ("-1", "1"))
        for over, under in ((">", "<"), (">=", "<="))
    ),
    "elu": (
        "where(x >= 0, x, alpha * expm1(x))",
        "where(x < 0, alpha * expm1(x), x)",
        "where(x <= 0, alpha * expm1(x), x)",
        "relu(x) + alpha * expm1(min(x, 0))",
        "relu(x) + min(expm1(x), 0)",
    ),
    "celu": (
        "where(x >= 0, x, alpha * expm1(x / alpha))",
        "where(x < 0, alpha * expm1(x / alpha), x)",
        "where(x <= 0, alpha * expm1(x / alpha), x)",
        "relu(x) + min(alpha * expm1(x / alpha), 0)",
    ),
    "selu": (
        "1.0507009873554805 * elu(x, alpha=1.6732632423543772)",
        "1.0507009873554805 * (relu(x) + min(1.6732632423543772 * expm1(x), 0))",
    ),
    "isru": ("x / hypot(1, x)",),
    "isrlu": (
        "where(x > 0, x, isru(x, alpha=alpha))",
        "where(x >= 0, x, isru(x, alpha=alpha))",
        "where(x < 0, isru(x, alpha=alpha), x)",
        "where(x <= 0, isru(x, alpha=alpha), x)",
    ),
    "sqnl": (
        "where(x > 2, 1, where(x >= 0, x - x**2 / 4, where(x >= -2, x + x**2 / 4, -1)))",
        "where(x < -2, -1, where(x < 0, x + x**2 / 4, where(x <= 2, x - x**2 / 4, 1)))",
        "where(x > 2, 1, where(x < -2, -1, x - x * abs(x) / 4))",
        "where(x < -2, -1, where(x > 2, 1, x - x * abs(x) / 4))",
    ),
    "softsign": (
        "where(x > 0, x / (1 + x), x / (1 - x))",
        "where(x >= 0, x / (1 + x), x / (1 - x))",
        "where(x < 0, x / (1 - x), x / (1 + x))",
    ),
    "hard_tanh": ("where(x > max, max, where(x < min, min, x))",),
    "hard_sigmoid": (
        "hard_tanh(alpha * x + beta, min=0, max=1)",
        "hard_tanh((x + 3) / 6, min=0, max=1)",
        "relu6(x + 3) / 6",
        "where(x < -3, 0, where(x > 3, 1, x / 6 + 0.5))",
        "where(x <= -3, 0, where(x >= 3, 1, x / 6 + 0.5))",
    ),
    "hard_swish": ("x * relu6(x + 3) / 6", "x * hard_sigmoid(x)", "where(x < -3, 0, where(x > 3, x, x * (x + 3) / 6))"),
    "hard_shrink": (
        "where(abs(x) <= lambd, 0, x)",
        "x * (abs(x) > lambd)",
        "where(x > lambd or x < -lambd, x, 0)",
    ),
    "soft_shrink": (
        "sign(x) * relu(abs(x) - lambd)",
        "relu(x - lambd) - relu(-x - lambd)",
        "relu(x - lambd) + min(x + lambd, 0)",
    ),
    "sparse_plus": ("where(x <= -1, 0, where(x < 1, (x + 1)**2 / 4, x))", "where(x < -1, 0, where(x > 1, x, (x + 1)**2 / 4))"),
    "tanh": ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", "expm1(2 * x) * sigmoid(-2 * x)", "sinh(x) / cosh(x)"),
    "tanh_shrink": ("x - tanh(x)",),
    "gelu_tanh": ("x * sigmoid(2 * sqrt(2 / pi) * x * (1 + 0.044715 * x**2))",),
    "squareplus": ("(x + sqrt(x**2 + b)) / 2", "x / 2 + sqrt(x**2 + b) / 2"),
    "bent_identity": ("(sqrt(x**2 + 1) - 1) / 2 + x", "(sqrt(x**2 + 1) - 1 + 2 * x) / 2"),
    "arsinh": ("log(x + sqrt(x**2 + 1))",),
    "snake": ("x + (1 - cos(2 * alpha * x)) / (2 * alpha)",),
    "gudermannian": (
        "arctan(sinh(x))",
        "2 * arctan(exp(x)) - pi / 2",
        "2 * (arctan(exp(x)) - pi / 4)",
        "arcsin(tanh(x))",
    ),
    "logit": ("log(x / (1 - x))", "log(x) - log1p(-x)", "-log(1 / x - 1)", "-log((1 - x) / x)", "2 * arctanh(2 * x - 1)"),
    "log1mexp": ("log(-expm1(-x))", "log1p(-exp(-x))"),
    "soft_exponential": (
        "where(alpha < 0, -log1p(-alpha * (x + alpha)) / alpha, where(alpha > 0, expm1(alpha * x) / alpha + alpha, x))",
        "where(alpha == 0, x, where(alpha < 0, -log1p(-alpha * (x + alpha)) / alpha, expm1(alpha * x) / alpha + alpha))",
        "where(alpha == 0, x, where(alpha > 0, expm1(alpha * x) / alpha + alpha, -log1p(-alpha * (x + alpha)) / alpha))",
    ),
    "soft_clipping": (
        "(softplus(alpha * x) - softplus(alpha * (x - 1))) / alpha",
        "(softplus(alpha * x) - softplus(alpha * x - alpha)) / alpha",
        "log((1 + exp(alpha * x)) * sigmoid(-alpha * (x - 1))) / alpha",
    ),
}
#: Definitions that are too general to be patterns, or that a rule has. A comparison is what binary_step is, and as quick.
_NO_PATTERN = frozenset(("identity", "srelu", "soft_exponential", "soft_clipping", "binary_step", "generalized_logistic"))

#: What is worth it only where it is all of a product or a sum.
_WHOLE = frozenset(("softcap", "star_relu"))

#: What functions in a pattern's text become, where that has another name.
_BECOMES = {
    **{"exp": "exponential", "sin": "sinusoid", "arcsinh": "arsinh", "Phi": "ndtr", "abs": "absolute"},
    **{"max": "maximum", "min": "minimum", "logaddexp": "softplus"},
}
#: Patterns reach no further down than this many operations.
_DEEPEST = 8


def recognised(root: Node, arrays: frozenset[str] = frozenset(), declared: Iterable[Declared] = ()) -> Node:
    """The expression with what the catalogue has as an activation.

    Parameters
    ----------
    arrays : frozenset of str
        Parameters that are arrays, which the kernels of other activations don't take.
    declared : iterable of Parameter
        The parameters with their defaults, which must be in an activation's domain for it to take them.
    """
    return _Recogniser(arrays, {p.name: p for p in declared}).result(root)


class _Recogniser:
    """One expression being rewritten, from its smallest parts on."""

    def __init__(self, arrays: frozenset[str], declared: Mapping[str, Declared]) -> None:
        self.arrays, self.declared = arrays, declared
        self.bare: set[Node] = set()

    def result(self, root: Node) -> Node:
        """The expression rewritten."""
        made: dict[Node, Node] = {}
        for node in in_order([root]):
            operands = tuple([made[o] for o in node.operands])
            new = node if operands == node.operands else expansion.rebuilt(node, operands)
            made[node] = self._improved(new)
        return made[root]

    def _improved(self, node: Node) -> Node:
        for _ in range(8):
            better = self._better(node)
            if better is None or better is node:
                return node
            node = better
        return node

    def _better(self, node: Node) -> Node | None:
        if isinstance(node, Apply):
            for rule in _RULES.get(node.operation.name, ()):
                found = rule(self, node)
                if found is not None:
                    return found
        return self._of_catalogue(node) if node.operands and node not in self.bare else None

    def made(self, name: str, *operands: Node) -> Node:
        """An operation on operands that are rewritten already."""
        return self._improved(make(name, *operands))

    # ---- patterns ----

    def _of_catalogue(self, node: Node) -> Node | None:
        partly: Node | None = None
        for pattern in _patterns_for(_names(node), _kind(node), _comparison(node)):
            for bound, rest in pattern.matches(node):
                parameters = [bound.get(Parameter(p.name)) or Number(pattern.values[p.name]) for p in pattern.entry.parameters]
                if self.admitted(pattern.entry, parameters):
                    found = activate(pattern.entry, bound[X], tuple(parameters))
                    if rest is None:
                        return found
                    if partly is None and pattern.entry.name not in _WHOLE:
                        partly = rest(found)
        return partly

    def admitted(self, entry: Entry, parameters: list[Node]) -> bool:
        """Whether an activation may have these nodes for its parameters."""
        for p, given in zip(entry.parameters, parameters, strict=True):
            if isinstance(given, Number):
                usual = given.value == p.default or p.ordinary[0] <= abs(given.value) <= p.ordinary[1]
                if not (p.admits(given.value) and usual):
                    return False
            elif isinstance(given, Parameter):
                own = self.declared.get(given.name)
                if given.name in self.arrays or entry.ordered or (own is not None and not p.admits(own.default)):
                    return False
            else:
                return False
        if entry.ordered:
            low, high = (given.value for given in parameters[:2] if isinstance(given, Number))
            return low <= high
        return entry.name != "hard_sigmoid" or all(isinstance(given, Number) for given in parameters)


def _name(node: Node) -> str:
    return node.operation.name if isinstance(node, Apply) else node.entry.name if isinstance(node, Activate) else ""


def _names(node: Node) -> frozenset[str]:
    """What occurs in a node, as far down as a pattern may reach."""
    found: set[str] = set()
    choices: set[Node] = set()
    layer = {node}
    for _ in range(_DEEPEST):
        below: set[Node] = set()
        for n in layer:
            if n.operands:
                name = _name(n)
                found.add(name)
                below.update(n.operands)
                if name == "where":
                    choices.add(n)
        layer = below
        if not layer:
            break
    return frozenset(found | {"two choices"} if len(choices) > 1 else found)


# ---- patterns --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Pattern:
    """One way to write an activation.

    Attributes
    ----------
    values : dict
        The parameters that the text does not contain, with what they are then.
    names : frozenset of str
        What occurs in it: what has less can't match.
    """

    entry: Entry
    text: str
    values: dict[str, float]
    names: frozenset[str]

    @functools.cached_property
    def _root(self) -> ast.expr:
        """What tells of the pattern without the pattern itself, which takes longer to make."""
        return ast.parse(self.text, mode="eval").body

    @functools.cached_property
    def kind(self) -> str:
        """What it begins with, as `_kind` has it."""
        match self._root:
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return "product"
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return "sum"
            case ast.BinOp(op=ast.Pow()):
                return "square"
            case ast.UnaryOp():
                return "negative"
            case ast.IfExp():
                return "where"
            case ast.Call(func=ast.Name(id=name)):
                return _BECOMES.get(name, name)
        return ""

    @functools.cached_property
    def comparison(self) -> _Comparison | None:
        """How its condition compares x with a number, as `_comparison` has it; None where it does not."""
        match self._root:
            case (
                ast.IfExp(test=ast.Compare(left, [op], [ast.Constant()]), body=a, orelse=b)
                | ast.Call(func=ast.Name("where"), args=[ast.Compare(left, [op], [ast.Constant()]), a, b])
            ):
                is_x = isinstance(left, ast.Name) and left.id == "x"
                first, second = (is_x and isinstance(part, ast.Name) and part.id == "x" for part in (a, b))
                return _COMPARISONS[type(op)] + (first, second) if type(op) in _COMPARISONS else None
        return None

    @functools.cached_property
    def node(self) -> Node:
        """The pattern itself, its parts rewritten as those of what it is compared with."""
        names: dict[str, Node] = {p.name: Parameter(p.name) for p in self.entry.parameters}
        names |= {name: Number(value) for name, value in self.values.items()}
        root = read(self.text, names)
        rewriting = _Recogniser(frozenset(), {})
        for operand in root.operands:
            root = expansion.substituted(root, {operand: rewriting.result(operand)}) if operand.operands else root
        rewriting.bare.add(root)
        return rewriting._improved(root)

    def matches(self, node: Node) -> Iterator[tuple[dict[Node, Node], Callable[[Node], Node] | None]]:
        """The ways in which a node contains it, and what puts the activation in its place; None for the whole node."""
        kind = _kind(self.node)
        if kind != _kind(node) or (isinstance(self.node, Activate) and self.node.argument is X and self.node.entry is self.entry):
            return
        if kind == "product":
            for bound, rest in in_product(self.node, node, {}):
                yield bound, None if rest is ONE else functools.partial(make, "multiply", rest)
        elif kind == "sum":
            for bound, left in in_sum(self.node, node, {}):
                yield bound, functools.partial(_plus, left) if left else None
        else:
            for bound in matches(self.node, node, {}):
                yield bound, None


def _kind(node: Node) -> str:
    """What begins with the same may match: all products are one kind, and all sums."""
    name = _name(node)
    return "product" if name in ("multiply", "divide", "reciprocal") else "sum" if name in ("add", "subtract") else name


#: By Python's comparison with a number on its right the operation, and on which side of that the number is.
_COMPARISONS: dict[type[ast.cmpop], tuple[str, int]] = {
    **{ast.Lt: ("less", 1), ast.LtE: ("less_equal", 1), ast.Gt: ("less", 0), ast.GtE: ("less_equal", 0)}
}


#: The operation that compares, on which side of it the number is, and whether the first and the second of what is chosen between
#: are what is compared with it.
_Comparison = tuple[str, int, bool, bool]


def _comparison(node: Node) -> _Comparison | None:
    """How the condition of a choice compares something with a number; None where it does not, or there is no choice."""
    if _name(node) != "where":
        return None
    condition, first, second = node.operands
    numbers = [side for side, operand in enumerate(condition.operands) if isinstance(operand, Number)]
    if len(condition.operands) != 2 or not numbers:
        return None
    compared = condition.operands[1 - numbers[0]]
    return _name(condition), numbers[0], first is compared, second is compared


def _may_match(pattern: _Comparison | None, node: _Comparison | None) -> bool:
    """Whether a choice that compares so can have the form of a pattern that does; one that compares nothing may be any."""
    if pattern is None or node is None:
        return pattern is None
    return pattern[:2] == node[:2] and pattern[2] <= node[2] and pattern[3] <= node[3]


def _plus(left: tuple[Node, ...], node: Node) -> Node:
    for term in left:
        node = make("add", node, term)
    return node


_being_made: set[_Pattern] = set()


@functools.lru_cache(1024)
def _candidates(names: frozenset[str], kind: str, comparison: _Comparison | None) -> tuple[_Pattern, ...]:
    return tuple(
        pattern
        for pattern in _patterns()
        if pattern.names <= names and pattern.kind == kind and _may_match(pattern.comparison, comparison)
    )


def _patterns_for(names: frozenset[str], kind: str, comparison: _Comparison | None) -> Iterator[_Pattern]:
    """The patterns that what contains these names, begins so, and compares so can match."""
    for pattern in _candidates(names, kind, comparison):
        if "node" in vars(pattern):
            yield pattern
            continue
        if pattern in _being_made:  # its own parts are being rewritten
            continue
        _being_made.add(pattern)
        try:
            _ = pattern.node
        finally:
            _being_made.discard(pattern)
        yield pattern


@functools.cache
def _patterns() -> tuple[_Pattern, ...]:
    """All patterns, those with fewer parameters first."""
    return tuple(sorted(_written(), key=lambda p: len(p.entry.parameters) - len(p.values)))


def _written() -> Iterator[_Pattern]:
    for entry in entries.values():
        if entry.noise is not None or any(p.array for p in entry.parameters):
            continue
        own = () if entry.name in _NO_PATTERN else (entry.info.formula,)
        for text in (*own, *_SPELLINGS.get(entry.name, ())):
            words = set(re.findall(r"[A-Za-z_]\w*", text))
            choices = len(re.findall(r" if |where\(", text))
            text_of_x = re.sub(r"sqrt\([\d /]*(pi)?\)", "", text)
            names = {_BECOMES.get(name, name) for name in re.findall(r"(\w+)\(", text_of_x)}
            names |= {"where"} if choices else set()
            names |= {"two choices"} if choices > 1 else set()
            names |= {"subtract"} if re.search(r"\) - \w+\(", text) else set()  # which few formulas have
            missing = {p.name: p.default for p in entry.parameters if p.name not in words}
            yield _Pattern(entry, text, missing, frozenset(names))
            neutral = {p.name: p.default for p in entry.parameters if p.default == 1 and p.name in words}
            if neutral:
                yield _Pattern(entry, text, missing | neutral, frozenset(names))


# ---- identities ------------------------------------------------------------------------------------------------------

_Rule = Callable[[_Recogniser, Apply], Node | None]


def _activation(name: str, argument: Node, *parameters: Node) -> Node:
    return activate(entries[name], argument, parameters)


def _is(node: Node, name: str) -> bool:
    return isinstance(node, Activate) and node.entry.name == name and not node.derivative


def _one_plus_exp(node: Node) -> Node | None:
    """w, if the node is 1 + exp(w)."""
    if (
        isinstance(node, Apply)
        and node.operation.name == "add"
        and node.operands[0] is ONE
        and _is(node.operands[1], "exponential")
    ):
        return node.operands[1].operands[0]
    return None


def _in_sums(self: _Recogniser, node: Apply) -> Node | None:
    """F + F tanh(w) is 2 F sigmoid(2 w), F - F sigmoid(w) is F sigmoid(-w), F exp(w) - F is F expm1(w), and erf becomes erfc."""
    parts = matching.terms(node)
    for i, term in enumerate(parts or ()):
        whole = product(term)
        if whole is None:
            continue
        for k, factor in enumerate(whole.factors):
            if not (isinstance(factor, Activate) and factor.entry.name in _COMPLEMENTS and not factor.derivative):
                continue
            rest = matching.Product(whole.above, whole.below, whole.factors[:k] + whole.factors[k + 1 :], whole.divisors)
            for j, other in enumerate(parts or ()):
                sign = 0 if i == j else _ratio(other, rest)
                made = _COMPLEMENTS[factor.entry.name](self, factor.argument, sign) if sign else None
                if made is not None:
                    better = self.made("multiply", rest.node(), made)
                    for position, term_left in enumerate(parts or ()):
                        if position not in (i, j):
                            better = self.made("add", better, term_left)
                    return better
    return None


def _ratio(node: Node, of: matching.Product) -> int:
    """1 or -1 if the node is that times the product; 0 for all else."""
    part = product(node)
    if part is None or sorted(map(id, part.factors)) != sorted(map(id, of.factors)):
        return 0
    if sorted(map(id, part.divisors)) != sorted(map(id, of.divisors)):
        return 0
    ratio = part.coefficient / of.coefficient if of.coefficient else 0.0
    return int(ratio) if ratio in (1.0, -1.0) else 0


def _one_with_tanh(self: _Recogniser, w: Node, sign: int) -> Node:
    """tanh(w) + 1 and tanh(w) - 1"""
    return make("multiply", Number(2.0 * sign), _activation("sigmoid", make("multiply", Number(2.0 * sign), w)))


def _one_with_erf(self: _Recogniser, w: Node, sign: int) -> Node:
    negative = make("negative", w)
    return self.made("erfc", negative) if sign > 0 else make("negative", self.made("erfc", w))


def _one_with_sigmoid(self: _Recogniser, w: Node, sign: int) -> Node | None:
    return None if sign > 0 else make("negative", _activation("sigmoid", make("negative", w)))


def _one_with_exp(self: _Recogniser, w: Node, sign: int) -> Node | None:
    return None if sign > 0 else make("expm1", w)


_COMPLEMENTS: dict[str, Callable[[_Recogniser, Node, int], Node | None]] = {
    "tanh": _one_with_tanh,
    "erf": _one_with_erf,
    "sigmoid": _one_with_sigmoid,
    "exponential": _one_with_exp,
}


def _erfc(self: _Recogniser, node: Apply) -> Node | None:
    """erfc(-u / sqrt(2)) is 2 Phi(u)."""
    whole = product(node.operands[0])
    if whole is None or not same_number(abs(whole.coefficient), math.sqrt(0.5)):
        return None
    u = matching.Product(-math.copysign(1.0, whole.coefficient), 1.0, whole.factors, whole.divisors).node()
    return make("multiply", Number(2.0), make("ndtr", u))


def _log(self: _Recogniser, node: Apply) -> Node | None:
    """log(1 + u) is log1p(u), log(sigmoid(w)) is log_sigmoid(w)."""
    inner = node.operands[0]
    if _is(inner, "sigmoid"):
        return _activation("log_sigmoid", inner.operands[0])
    parts = matching.terms(inner)
    if parts and len(parts) > 1 and ONE in parts:
        others = list(parts)
        others.remove(ONE)
        return self.made("log1p", _plus(tuple(others[1:]), others[0]))
    return None


def _log1p(self: _Recogniser, node: Apply) -> Node | None:
    """log1p(exp(w)) is softplus(w)."""
    return _softplus(node.operands[0].operands[0]) if _is(node.operands[0], "exponential") else None


def _logaddexp(self: _Recogniser, node: Apply) -> Node | None:
    zero, other = node.operands
    return _softplus(other) if isinstance(zero, Number) and zero.value == 0 else None


def _softplus(w: Node) -> Node:
    return _activation("softplus", w, ONE)


def _in_products(self: _Recogniser, node: Apply) -> Node | None:
    """a / (1 + exp(w)) is a sigmoid(-w), and exp(w) sigmoid(-w) is sigmoid(w); the same for powers."""
    whole = product(node)
    if whole is None:
        return None
    if whole.above == whole.below != 1:
        return matching.Product(1.0, 1.0, whole.factors, whole.divisors).node()
    for k, divisor in enumerate(whole.divisors):
        better = _below_one(self, divisor)
        if better is not None:
            divisors = whole.divisors[:k] + whole.divisors[k + 1 :]
            return matching.Product(whole.above, whole.below, (*whole.factors, better), divisors).node()
    for k, factor in enumerate(whole.factors):
        if _is(factor, "exponential"):
            partner = _activation("sigmoid", make("negative", factor.operands[0]))
            if partner in whole.factors:
                factors = [f for i, f in enumerate(whole.factors) if i != k]
                factors[factors.index(partner)] = _activation("sigmoid", factor.operands[0])
                return matching.Product(whole.above, whole.below, tuple(factors), whole.divisors).node()
    return None


def _below_one(self: _Recogniser, divisor: Node) -> Node | None:
    """What dividing by 1 + exp(w), by a power of it or by exp(w) is to multiply with."""
    w = _one_plus_exp(divisor)
    if w is not None:
        return _activation("sigmoid", make("negative", w))
    if isinstance(divisor, Apply) and divisor.operation.name == "power":
        return _logistic_power(self, divisor.operands[0], make("negative", divisor.operands[1]))
    return None


def _reciprocal(self: _Recogniser, node: Apply) -> Node | None:
    """1 / exp(w) is exp(-w)."""
    inner = node.operands[0]
    return _activation("exponential", make("negative", inner.operands[0])) if _is(inner, "exponential") else None


def _power(self: _Recogniser, node: Apply) -> Node | None:
    return _logistic_power(self, node.operands[0], node.operands[1])


def _logistic_power(self: _Recogniser, base: Node, exponent: Node) -> Node | None:
    """(1 + exp(w))**-alpha and sigmoid(-w)**alpha are generalized_logistic(-w)."""
    w = _one_plus_exp(base)
    if w is not None:
        w, exponent = make("negative", w), make("negative", exponent)
    elif _is(base, "sigmoid"):
        w = base.operands[0]
    if w is None or not self.admitted(entries["generalized_logistic"], [exponent]):
        return None
    return _activation("generalized_logistic", w, exponent)


def _maximum(self: _Recogniser, node: Apply) -> Node | None:
    """max(u, slope u) is leaky_relu for slopes from 0 to 1; max(low, min(u, high)) is hard_tanh."""
    return _leaky(self, *node.operands) or _leaky(self, *node.operands[::-1]) or _clipped(node)


def _minimum(self: _Recogniser, node: Apply) -> Node | None:
    return _clipped(node)


def _leaky(self: _Recogniser, u: Node, other: Node) -> Node | None:
    whole, own = product(other), product(u)
    if whole is None or own is None or isinstance(u, Number):
        return None
    slope = whole.coefficient / own.coefficient if own.coefficient else math.nan
    same = whole.factors == own.factors and whole.divisors == own.divisors
    return _activation("leaky_relu", u, Number(slope)) if same and 0 <= slope < 1 else None


def _clipped(node: Apply) -> Node | None:
    outer, inner = node.operands
    name = node.operation.name
    if not isinstance(outer, Number):
        return None
    if name == "minimum" and _is(inner, "relu"):
        low, u = 0.0, inner.operands[0]
    elif isinstance(inner, Apply) and inner.operation.name == ("maximum" if name == "minimum" else "minimum"):
        bound, u = inner.operands
        if not isinstance(bound, Number):
            return None
        low = bound.value
    else:
        return None
    low, high = (low, outer.value) if name == "minimum" else (outer.value, low)
    return _activation("hard_tanh", u, Number(low), Number(high)) if low <= high else None


_RULES: dict[str, tuple[_Rule, ...]] = {
    "add": (_in_sums,),
    "subtract": (_in_sums,),
    "multiply": (_in_products,),
    "divide": (_in_products,),
    "reciprocal": (_reciprocal, _in_products),
    "power": (_power,),
    "erfc": (_erfc,),
    "log": (_log,),
    "log1p": (_log1p,),
    "logaddexp": (_logaddexp,),
    "maximum": (_maximum,),
    "minimum": (_minimum,),
}
