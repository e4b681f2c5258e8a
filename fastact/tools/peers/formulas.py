"""Statements of a record's formulas: they stand in for a NumPy idiom that nobody has written yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...functions.entry import Entry
from ..directions import Direction
from .operands import Operands
from .peer import Subject

_NAMES = ("forward", "derivative", "derivative_from_output")


def functions(entry: Entry) -> dict[str, Callable[..., Any]]:
    """The formulas by the names that the statements use."""
    return {
        **{name: getattr(entry, name) for name in _NAMES},
        **{f"derivative_by_{name}": formula for name, formula in entry.derivative_by.items()},
    }


def statement(subject: Subject, direction: Direction, operands: Operands) -> str | None:
    """The statement for an activation, or a gated unit, in one direction."""
    entry = subject.entry
    if entry is None:
        return None

    def call(formula: str, operand: str) -> str:
        return _call(entry, formula, operand, getattr(operands, operand))

    is_activation = subject.statements is None
    match direction:
        case Direction.FORWARD:
            return call("forward", "x") if is_activation else f"{call('forward', 'gate')} * value"
        case Direction.BACKWARD if not is_activation:
            return f"(dy * value * {call('derivative', 'gate')}, dy * {call('forward', 'gate')})"
        case Direction.BACKWARD:
            gradients = [f"np.vdot(dy, {call(f'derivative_by_{p.name}', 'x')})" for p in entry.learnt_parameters]
            dx = f"dy * {call('derivative', 'x')}"
            return f"({', '.join([dx, *gradients])})" if gradients else dx
        case Direction.FROM_OUTPUT if is_activation and entry.derivative_from_output:
            return f"dy * {call('derivative_from_output', 'y')}"
    return None


def _call(entry: Entry, formula: str, operand: str, array: np.ndarray) -> str:
    """The call of a formula that keeps an operand's dtype, in that dtype if the formula can."""
    evaluate = functions(entry)[formula]
    values = [p.default for p in entry.parameters]
    parameters = "".join(f", {value!r}" for value in values)
    few = array.ravel()[:99]
    with np.errstate(all="ignore"):
        exact = evaluate(few.astype(np.float64), *values)
        try:  # it is made for float64, and may take the bits of its numbers apart
            result = evaluate(few, *values)
            suits = np.allclose(result, exact, rtol=1e-3, atol=1e-3, equal_nan=True)
        except (TypeError, ValueError):
            suits = False
    if not suits:
        return f"{formula}({operand}.astype(np.float64){parameters}).astype({operand}.dtype)"
    return f"{formula}({operand}{parameters})" + ("" if result.dtype == few.dtype else f".astype({operand}.dtype)")
