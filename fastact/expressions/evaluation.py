"""Expressions evaluated with NumPy in float64. Who calls says what floating-point warnings are for: see `np.errstate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .nodes import Activate, Apply, Input, Node, Number, Parameter, in_order


class Evaluator:
    """Expressions ready to be evaluated together: what they share is computed once, what is no longer needed is let go.

    Parameters
    ----------
    *roots : Node
        The expressions.
    """

    def __init__(self, *roots: Node) -> None:
        self.roots = roots
        order = in_order(roots)
        places = {node: i for i, node in enumerate(order)}
        last = {operand: i for i, node in enumerate(order) for operand in node.operands}
        self._steps = [(node, [places[o] for o in node.operands]) for node in order]
        kept = set(roots)
        self._done: list[list[int]] = [[] for _ in order]
        for node, i in last.items():
            if node not in kept:
                self._done[i].append(places[node])
        self._results = [places[root] for root in roots]

    def __call__(self, x: Any, parameters: Mapping[str, Any], dtype: Any = None) -> list[Any]:
        """The values of the expressions, in order. They have the shape of x only where they depend on it.

        Parameters
        ----------
        x : ndarray of float64
            The input.
        parameters : mapping
            The parameters by name, numbers or arrays.
        dtype : dtype, optional
            The computed type of the loop that is stood for.
        """
        values: list[Any] = []
        for (node, operands), done in zip(self._steps, self._done, strict=True):
            values.append(_value(node, [values[i] for i in operands], x, parameters, dtype))
            for i in done:
                values[i] = None
        return [values[i] for i in self._results]


def _value(node: Node, operands: list[Any], x: Any, parameters: Mapping[str, Any], dtype: Any) -> Any:
    if isinstance(node, Apply):
        return node.operation.evaluate(*operands)
    if isinstance(node, Activate):
        return activated(node, operands, dtype)
    if isinstance(node, Number):
        return np.float64(node.value)
    if isinstance(node, Parameter):
        value = parameters[node.name]
        return np.float64(value) if np.ndim(value) == 0 else value
    assert isinstance(node, Input)
    return x


def activated(node: Activate, operands: list[Any], dtype: Any = None) -> Any:
    """The activation's own formula in NumPy, which takes arrays."""
    argument = np.asarray(operands[0], np.float64)
    function = node.entry.derivative if node.derivative else node.entry.forward
    named = {"dtype": dtype} if node.entry.takes_dtype else {}
    result = function(np.atleast_1d(argument), *operands[1:], **named)
    return np.reshape(np.asarray(result, np.float64), argument.shape) if argument.ndim == 0 else result


def constant(node: Activate) -> float:
    """The value of an activation of constants."""
    with np.errstate(all="ignore"):
        return float(activated(node, [o.value for o in node.operands if isinstance(o, Number)]))


def evaluate(root: Node, x: Any, parameters: Mapping[str, Any] | None = None, dtype: Any = None) -> Any:
    """The values of one expression, in the shape of x."""
    (result,) = Evaluator(root)(x, parameters or {}, dtype)
    return shaped(result, x)


def shaped(result: Any, x: Any) -> Any:
    """The result as a float64 array of the shape of x, where what was computed depends on less."""
    shape = np.shape(x)
    result = np.asarray(result, np.float64)
    return result if result.shape == shape else np.broadcast_to(result, np.broadcast_shapes(shape, result.shape)).copy()
