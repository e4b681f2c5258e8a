"""Statements of formulas that users define: what they would write in NumPy, in the dtype of the input.

The formula is taken as its user wrote it, before any of its parts was recognised, and its derivative is derived from that. What
occurs several times is computed once, and numbers are Python's, so that float32 stays float32. What fastact's own derivatives do
for the tails is left out: it would cost NumPy time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from ...expressions import derivatives, expansion
from ...expressions.definition import Definition
from ...expressions.nodes import ZERO, Activate, Apply, Input, Node, Number, Parameter, X, in_order
from ...expressions.operations import OPERATIONS
from ...expressions.printing import number
from ...expressions.vocabulary import read
from ..directions import Direction
from . import packages

#: Activations that NumPy or SciPy has a function for.
_CALLED = {
    **{"exponential": "np.exp", "tanh": "np.tanh", "sinusoid": "np.sin", "arctan": "np.arctan", "arsinh": "np.arcsinh"},
    **{"erf": "erf", "sinc": "np.sinc"},
}
#: Derivatives as they are written by hand, where the catalogue's are longer.
_SLOPES = {
    **{"exponential": "exp(x)", "tanh": "1 - tanh(x)**2", "sigmoid": "sigmoid(x) * (1 - sigmoid(x))"},
    **{"sinc": "where(x == 0, 0, (cos(pi * x) - sinc(x)) / x)"},
}
_PHI = "exp(x * x / -2) * 0.3989422804014327"
_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**"}
_COMPARISONS = {"less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!="}
_TRUTHS = ("logical_and", "logical_or", "logical_not")
_OF_SCIPY = ("erf", "erfc", "ndtr", "xlogy")


def statement(definition: Definition, direction: Direction, dtype: Any) -> tuple[str, dict[str, Any]] | None:
    """The statement for one direction, and what the names in it stand for besides operands; None where there is none."""
    if direction is Direction.FROM_OUTPUT:
        return None
    root = _plain(definition.written)
    if direction is Direction.BACKWARD:
        if definition.replaced_derivative:
            root = _plain(definition.slope)
        else:
            root = _without_guards(_plain(derivatives.derivative(root)), frozenset(in_order([root])))
    defaults: dict[Node, Node] = {Parameter(p.name): Number(p.default) for p in definition.parameters}
    root = expansion.substituted(root, defaults)
    writer = _Writer(root, np.dtype(dtype))
    return writer.statement(gradient=direction is Direction.BACKWARD), functions() | writer.constants


def functions() -> dict[str, Callable[..., Any]]:
    """The functions that NumPy lacks: SciPy's, or what stands in for them where that is not installed."""
    if packages.installed("scipy"):
        special = packages.imported("scipy.special")
        return {name: getattr(special, name) for name in _OF_SCIPY}
    return {name: _in_its_dtype(name) for name in _OF_SCIPY}


def _in_its_dtype(name: str) -> Callable[..., Any]:
    """fastact's own in float64, rounded to the input's dtype."""
    if name == "erf":
        from ...functions import entries

        evaluate: Any = entries["erf"].forward
    else:
        evaluate = OPERATIONS[name].evaluate
    return lambda *x: np.asarray(evaluate(*(np.asarray(a, np.float64) for a in x)), np.result_type(*x))


# ---- the formula in what NumPy has -----------------------------------------------------------------------------------


def _plain(root: Node) -> Node:
    """The expression with the definitions of activations in their place, down to what NumPy has a function for."""
    made: dict[Node, Node] = {}
    for node in in_order([root]):
        operands = tuple(made[o] for o in node.operands)
        found = node if operands == node.operands else expansion.rebuilt(node, operands)
        if isinstance(found, Activate):
            found = _spelt_out(found)
        elif isinstance(found, Apply) and found.operation.name == "phi":
            found = expansion.substituted(read(_PHI), {X: found.operands[0]})
        made[node] = found
    return made[root]


def _spelt_out(node: Activate) -> Node:
    name = node.entry.name
    if not node.derivative and (name in _CALLED or name == "sigmoid"):
        return node
    own = read(_SLOPES[name]) if node.derivative and name in _SLOPES else expansion.template(node.entry, node.derivative)
    return _plain(expansion.substituted(own, expansion.places(node.entry, node.argument, node.parameters)))


def _without_guards(root: Node, given: frozenset[Node]) -> Node:
    """Without the choices of 0 where something has vanished, which keep infinite factors out; those of the formula stay."""
    made: dict[Node, Node] = {}
    for node in in_order([root]):
        operands = tuple(made[o] for o in node.operands)
        found = node if operands == node.operands else expansion.rebuilt(node, operands)
        if isinstance(node, Apply) and node.operation.name == "where" and operands[1] is ZERO:
            condition = node.operands[0]
            if isinstance(condition, Apply) and condition.operation.name == "equal" and condition not in given:
                found = operands[2]
        made[node] = found
    return made[root]


# ---- the text --------------------------------------------------------------------------------------------------------


class _Writer:
    """One expression being written."""

    def __init__(self, root: Node, dtype: np.dtype[Any]) -> None:
        self.root, self.dtype = root, dtype
        self.constants: dict[str, Any] = {}
        self.order = in_order([root])
        self.uses = Counter(operand for node in self.order for operand in node.operands)
        self.texts: dict[Node, str] = {}
        self.before: list[str] = []

    def statement(self, gradient: bool) -> str:
        """The statement: names for what occurs several times, then the result, in `out` where it fits."""
        for node in self.order:
            if node is not self.root or gradient:
                text = self._text(node)
                if node.operands and self.uses[node] > 1:
                    self.before.append(f"t{len(self.before)} = {text}")
                    text = f"t{len(self.before) - 1}"
                self.texts[node] = text
        last = f"np.multiply(dy, {self.texts[self.root]}, out=out)" if gradient else self._result()
        return "; ".join([*self.before, last])

    def _result(self) -> str:
        """The whole expression, by a call that takes `out` if there is one."""
        root = self.root
        if isinstance(root, Input):
            return "np.positive(x, out=out)"
        if isinstance(root, Activate) and root.entry.name in _CALLED and root.entry.name != "sinc":
            return f"{_CALLED[root.entry.name]}({self.texts[root.argument]}, out=out)"
        if isinstance(root, Activate) and root.entry.name == "sigmoid":
            return f"np.divide(1, 1 + np.exp(-{self.texts[root.argument]}), out=out)"
        if isinstance(root, Apply) and not root.operation.truth and root.operation.name != "where":
            name = root.operation.name
            operands = self._given(root)
            if name == "reciprocal":
                name, operands = "divide", ["1", *operands]
            called = name if name in _OF_SCIPY else f"np.{name}"
            return f"{called}({', '.join(operands)}, out=out)"
        text = self._text(root)
        return f"{text}.astype(x.dtype)" if _is_truth(root) else text

    def _text(self, node: Node) -> str:
        if isinstance(node, Input):
            return "x"
        if isinstance(node, Number):
            return _written(node.value)
        if isinstance(node, Activate):
            argument = self._number_of(node.argument)
            if node.entry.name == "sigmoid":
                return f"(1 / (1 + np.exp(-{argument})))"
            return f"{_CALLED[node.entry.name]}({argument})"
        assert isinstance(node, Apply)
        return self._applied(node)

    def _applied(self, node: Apply) -> str:
        name, operands = node.operation.name, node.operands
        if name == "where":
            typed = all(isinstance(o, Number) for o in operands[1:])  # two numbers of Python's would give float64
            branches = [self._typed(o) if typed else self._number_of(o) for o in operands[1:]]
            return f"np.where({self.texts[operands[0]]}, {', '.join(branches)})"
        if name in _TRUTHS:
            return f"np.{name}({', '.join(self.texts[o] for o in operands)})"
        if name == "multiply" and sum(map(_is_truth, operands)) == 1:  # NumPy takes a truth as 0 or 1
            return f"({self.texts[operands[0]]} * {self.texts[operands[1]]})"
        given = self._given(node)
        if name in _INFIX or name in _COMPARISONS:
            return f"({given[0]} {_INFIX.get(name) or _COMPARISONS[name]} {given[1]})"
        if name in ("negative", "reciprocal"):
            return f"({'-' if name == 'negative' else '1 / '}{given[0]})"
        return f"{name if name in _OF_SCIPY else f'np.{name}'}({', '.join(given)})"

    def _number_of(self, node: Node) -> str:
        """A text whose value has the input's dtype, or is a number of Python's."""
        text = self.texts[node]
        return f"{text}.astype(x.dtype)" if _is_truth(node) else text

    def _given(self, node: Apply) -> list[str]:
        """The operands of an operation. SciPy's functions take numbers of Python's for float64."""
        of_scipy = node.operation.name in _OF_SCIPY
        return [self._typed(o) if of_scipy and isinstance(o, Number) else self._number_of(o) for o in node.operands]

    def _typed(self, node: Node) -> str:
        """The name of a number in the input's dtype."""
        assert isinstance(node, Number)
        name = f"c{len(self.constants)}"
        self.constants[name] = self.dtype.type(node.value)
        return name


def _is_truth(node: Node) -> bool:
    return isinstance(node, Apply) and node.operation.truth


def _written(value: float) -> str:
    """A number as an operand."""
    if not math.isfinite(value):
        text = "np.nan" if math.isnan(value) else "np.inf"
        return f"(-{text})" if value < 0 else text
    text = number(value)
    return f"({text})" if text.startswith("-") else text
