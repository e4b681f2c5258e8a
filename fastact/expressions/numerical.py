"""Expressions evaluated with many digits, and the unit in which an evaluation's errors are measured. Needs mpmath.

An evaluation in floating point rounds every intermediate result, and can do no better than what the largest of these errors makes
of the result. `largest_term` is that: of all parts v of an expression y the largest size of v dy/dv, y itself among them. For a
sum of terms it is the largest of them; for exp(z), where z was computed, it is z exp(z) if that is more than exp(z). An error is
given in units in the last place of the largest term.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import mpmath

from ..functions.entry import Entry
from . import derivatives
from .expansion import template
from .nodes import Activate, Apply, Node, Number, Parameter, X, in_order
from .vocabulary import read

#: mpmath with digits to spare: definitions of the catalogue do not cancel by more.
mp = mpmath.mp.clone()
mp.prec = 400

_FURTHEST = 1e7  # beyond it exponentials are 0 or infinite in every dtype
_BEYOND = 60  # here erfc is 0 or 2 in every dtype, and mpmath's takes no larger arguments
_NAN, _INF = mp.nan, mp.inf


def _exp(x: Any) -> Any:
    return mp.exp(x) if abs(x) < _FURTHEST else _NAN if mp.isnan(x) else _INF if x > 0 else mp.mpf(0)


def _erfc(x: Any) -> Any:
    return mp.erfc(x) if abs(x) < _BEYOND else _NAN if mp.isnan(x) else mp.mpf(0 if x > 0 else 2)


def _real(function: Callable[[Any], Any], low: float = -mp.inf, high: float = mp.inf) -> Callable[[Any], Any]:
    """The function, NaN outside its domain."""
    return lambda x: function(x) if low <= x <= high else _NAN


def _divide(a: Any, b: Any) -> Any:
    if b == 0:
        return _NAN if a == 0 or mp.isnan(a) else _INF if a > 0 else -_INF
    return a / b


def _power(base: Any, exponent: Any) -> Any:
    if exponent == 0 or base == 1:
        return mp.mpf(1)
    if mp.isnan(base) or mp.isnan(exponent):
        return _NAN
    whole = mp.isint(exponent)
    if base < 0 and not whole:
        return _NAN
    if base == 0:
        return mp.mpf(0) if exponent > 0 else _INF
    size = _exp(exponent * mp.log(abs(base)))
    return -size if base < 0 and int(exponent) % 2 else size


def _maximum(a: Any, b: Any) -> Any:
    return _NAN if mp.isnan(a) or mp.isnan(b) else max(a, b)


def _minimum(a: Any, b: Any) -> Any:
    return _NAN if mp.isnan(a) or mp.isnan(b) else min(a, b)


def _logaddexp(a: Any, b: Any) -> Any:
    return a if a == b and mp.isinf(a) else _maximum(a, b) + mp.log1p(_exp(-abs(a - b)))


def _xlogy(x: Any, y: Any) -> Any:
    return mp.mpf(0) if x == 0 and not mp.isnan(y) else x * _log(y)


def _heaviside(x: Any, h: Any) -> Any:
    return _NAN if mp.isnan(x) else h if x == 0 else mp.mpf(x > 0)


_log = _real(mp.log, 0)
_sign = _real(mp.sign)


def _true(x: Any) -> bool:
    """Whether a condition holds: where not 0, and NaN too. What is less than any number of float64 is 0."""
    return bool(mp.isnan(x) or abs(x) > 2.0**-1074)


def _truth(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: mp.mpf(bool(function(*operands)))


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "negative": lambda x: -x,
    "absolute": abs,
    "sign": _sign,
    "square": lambda x: x * x,
    "reciprocal": lambda x: _divide(mp.mpf(1), x),
    "sqrt": _real(mp.sqrt, 0),
    "exp2": lambda x: _exp(x * mp.ln2),
    "expm1": lambda x: mp.expm1(x) if abs(x) < 1 else _exp(x) - 1,
    "log": _log,
    "log1p": _real(mp.log1p, -1),
    "log2": lambda x: _log(x) / mp.ln2,
    "log10": lambda x: _log(x) / mp.ln10,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": _real(mp.asin, -1, 1),
    "arccos": _real(mp.acos, -1, 1),
    "sinh": lambda x: mp.sinh(x) if abs(x) < _FURTHEST else _sign(x) * _INF,
    "cosh": lambda x: mp.cosh(x) if abs(x) < _FURTHEST else abs(x) * _INF,
    "arccosh": _real(mp.acosh, 1),
    "arctanh": _real(mp.atanh, -1, 1),
    "erfc": _erfc,
    "ndtr": lambda x: _erfc(-x / mp.sqrt(2)) / 2,
    "phi": lambda x: _exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
    "logical_not": _truth(lambda x: not _true(x)),
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": _divide,
    "power": _power,
    "minimum": _minimum,
    "maximum": _maximum,
    "hypot": mp.hypot,
    "logaddexp": _logaddexp,
    "arctan2": mp.atan2,
    "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    "heaviside": _heaviside,
    "xlogy": _xlogy,
    "less": _truth(lambda a, b: a < b),
    "less_equal": _truth(lambda a, b: a <= b),
    "equal": _truth(lambda a, b: a == b),
    "not_equal": _truth(lambda a, b: a != b),
    "logical_and": _truth(lambda a, b: _true(a) and _true(b)),
    "logical_or": _truth(lambda a, b: _true(a) or _true(b)),
    "where": lambda condition, a, b: a if _true(condition) else b,
}
#: The activations that mpmath has; the others are evaluated by their definitions.
_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "exponential": _exp,
    "tanh": mp.tanh,
    "erf": mp.erf,
    "sinusoid": mp.sin,
    "arsinh": mp.asinh,
    "arctan": mp.atan,
    "sigmoid": lambda x: 1 / (1 + _exp(-x)),
    "sinc": mp.sincpi,
}


def value(root: Node, x: Any, parameters: Mapping[str, Any] | None = None) -> Any:
    """The value of an expression, as an mpmath number.

    Parameters
    ----------
    root : Node
        The expression. Its constants are the doubles that they are.
    x : number
        The input.
    parameters : mapping, optional
        The parameters by name.
    """
    return _values(root, mp.mpf(x), _numbers(parameters), False)[root]


def largest_term(root: Node, x: Any, parameters: Mapping[str, Any] | None = None) -> Any:
    """The largest size of v dy/dv of all parts v of an expression y, among them y itself."""
    return _largest(root, mp.mpf(x), _numbers(parameters), False)


def errors(computed: Any, root: Node, x: Any, parameters: Mapping[str, Any] | None = None) -> list[float]:
    """How far computed values are from those of an expression, in units in the last place of the largest term.

    Parameters
    ----------
    computed : ndarray of float64 or float32
        The values for each element of `x`.
    x : ndarray
        The input, without infinities.
    """
    import numpy as np

    computed, x = np.asarray(computed), np.asarray(x)
    form = np.finfo(computed.dtype)
    found = []
    for got, point in zip(computed.astype(np.float64).ravel().tolist(), x.astype(np.float64).ravel().tolist(), strict=True):
        wanted = value(root, point, parameters)
        if mp.isnan(wanted) or not mp.isfinite(got):
            beyond = abs(wanted) >= mp.mpf(float(form.max)) and got == mp.sign(wanted) * _INF
            found.append(0.0 if beyond or (mp.isnan(wanted) and mp.isnan(got)) else float("inf"))
            continue
        size = max(largest_term(root, point, parameters), mp.mpf(float(form.smallest_normal)))
        found.append(float(abs(got - wanted) / (mp.ldexp(1, int(mp.floor(mp.log(size, 2)))) * float(form.eps))))
    return found


def _numbers(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: mp.mpf(number) for name, number in (parameters or {}).items()}


def _values(root: Node, x: Any, parameters: Mapping[str, Any], decimal: bool) -> dict[Node, Any]:
    """The values of all parts. `decimal` takes 1.702 as it is written, as definitions of the catalogue mean it."""
    values: dict[Node, Any] = {}
    for node in in_order([root]):
        if isinstance(node, Apply):
            values[node] = _OPERATIONS[node.operation.name](*(values[o] for o in node.operands))
        elif isinstance(node, Activate):
            values[node] = _activated(node, [values[o] for o in node.operands])
        elif isinstance(node, Number):
            values[node] = mp.mpf(repr(node.value)) if decimal else mp.mpf(node.value)
        else:
            values[node] = parameters[node.name] if isinstance(node, Parameter) else x
    return values


def _activated(node: Activate, operands: list[Any]) -> Any:
    if mp.isnan(operands[0]):
        return _NAN
    if node.derivative and mp.isnan(_activated(Activate(node.entry, node.argument, node.parameters), operands)):
        return _NAN  # beyond its domain f has no slope either
    known = None if node.derivative else _ACTIVATIONS.get(node.entry.name)
    return known(operands[0]) if known else _of_entry(template(node.entry, node.derivative), node.entry, operands)


def _of_entry(root: Node, entry: Entry, operands: list[Any]) -> Any:
    """An expression of an activation's own x and parameters."""
    return _values(root, operands[0], _named(entry, operands), True)[root]


def _named(entry: Entry, operands: list[Any]) -> dict[str, Any]:
    return {p.name: number for p, number in zip(entry.parameters, operands[1:], strict=True)}


# ---- the largest term ------------------------------------------------------------------------------------------------

#: The derivatives of operations whose derivative by one operand alone is simpler than what `derivatives.py` has.
_PARTIALS = {
    "divide": ("1 / v", "-(y / v)"),
    "reciprocal": ("-(y**2)",),
    "power": ("where(v == 0, 0, v * u**(v - 1))", "where(y == 0, 0, y * log(u))"),
    "maximum": ("where(v < u, 1, 0)", "where(v < u, 0, 1)"),
    "minimum": ("where(u < v, 1, 0)", "where(u < v, 0, 1)"),
    "where": ("0", "where(u == 0, 0, 1)", "where(u == 0, 1, 0)"),
}


@functools.cache
def _partial(name: str, operand: int) -> Node:
    if name not in _PARTIALS:
        return derivatives.rule(name, operand)
    return read(_PARTIALS[name][operand], {letter: Parameter(letter) for letter in "uvwy"})


def _largest(root: Node, x: Any, parameters: Mapping[str, Any], decimal: bool) -> Any:
    """By the derivatives of the result by all parts, from the result down."""
    values = _values(root, x, parameters, decimal)
    by: dict[Node, Any] = dict.fromkeys(values, mp.mpf(0))
    by[root] = mp.mpf(1)
    largest = abs(values[root])
    for node in reversed(values):
        outer = by[node]
        if outer == 0:
            continue
        term = abs(outer * values[node])
        if isinstance(node, Activate):
            term = max(term, abs(outer) * _inner_term(node, [values[o] for o in node.operands]))
        if mp.isfinite(term):
            largest = max(largest, term)
        for i, operand in enumerate(node.operands):
            inner = _slope(node, i, values)
            if inner != 0:
                by[operand] += outer * inner
    return largest


def _slope(node: Node, i: int, values: Mapping[Node, Any]) -> Any:
    """The derivative of a node by one of its operands."""
    operands = [values[o] for o in node.operands]
    if isinstance(node, Activate):
        letter = X if i == 0 else Parameter(node.entry.parameters[i - 1].name)
        return _of_entry(derivatives.of_template(node.entry, node.derivative, letter), node.entry, operands)
    assert isinstance(node, Apply)
    letters = {**dict(zip("uvw", operands, strict=False)), "y": values[node]}
    root = _partial(node.operation.name, i)
    return _values(root, mp.mpf(0), letters, False)[root]


def _inner_term(node: Activate, operands: list[Any]) -> Any:
    """The largest term of an activation's own definition: what its kernel's bound is given in."""
    if not node.derivative and node.entry.name in _ACTIVATIONS:
        return mp.mpf(0)
    return _largest(template(node.entry, node.derivative), operands[0], _named(node.entry, operands), True)
