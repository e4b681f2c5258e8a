"""The primitive operations of expressions: names as NumPy and SciPy have them, arithmetic in NumPy.

What the catalogue has as an activation is none of them: exp, tanh, erf, sin, arcsinh and arctan, expit and log_expit.
Comparisons give 1.0 and 0.0. Conditions are true where they are not 0; NaN is true, as in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..numerics import accurate

_ROOT_HALF = math.sqrt(0.5)
_PER_SQRT_2PI = 0.3989422804014327


@dataclass(frozen=True, eq=False)
class Operation:
    """A primitive operation.

    Attributes
    ----------
    name : str
        NumPy's name, or SciPy's.
    arity : int
        How many operands it has.
    evaluate : callable
        Its values, of float64 arrays.
    commutative : bool
        Whether its two operands may change places.
    truth : bool
        Whether it gives 1.0 or 0.0, for true or false.
    """

    name: str
    arity: int
    evaluate: Callable[..., Any]
    commutative: bool = False
    truth: bool = False

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return _operation, (self.name,)


def _operation(name: str) -> Operation:
    return OPERATIONS[name]


def _on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: np.reshape(function(np.atleast_1d(np.asarray(x, np.float64))), np.shape(x))[()]


def _phi(x: Any) -> Any:
    """exp(-x^2 / 2) / sqrt(2 pi)"""
    return accurate.times_gaussian(_PER_SQRT_2PI, x * _ROOT_HALF)  # type: ignore[no-untyped-call]


def _xlogy(x: Any, y: Any) -> Any:
    zero = (x == 0) & ~np.isnan(y)
    return np.where(zero, 0.0, x * np.log(np.where(zero, 1.0, y)))


def _truth(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: np.asarray(function(*operands), np.float64)


def _where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(np.asarray(condition) != 0, a, b)


_UNARY = (
    "negative absolute sign square reciprocal sqrt exp2 expm1 log log1p log2 log10 cos tan arcsin arccos sinh cosh "
    "arccosh arctanh"
)
_BINARY = "subtract divide power arctan2 copysign heaviside"
_COMMUTATIVE = "add multiply minimum maximum hypot logaddexp"


def _table() -> dict[str, Operation]:
    all_of = [
        *(Operation(name, 1, getattr(np, name)) for name in _UNARY.split()),
        Operation("erfc", 1, _on_arrays(accurate.erfc)),
        Operation("ndtr", 1, _on_arrays(accurate.ndtr)),
        Operation("phi", 1, _on_arrays(_phi)),
        Operation("logical_not", 1, _truth(np.logical_not), truth=True),
        *(Operation(name, 2, getattr(np, name)) for name in _BINARY.split()),
        *(Operation(name, 2, getattr(np, name), commutative=True) for name in _COMMUTATIVE.split()),
        Operation("xlogy", 2, _xlogy),
        *(Operation(name, 2, _truth(getattr(np, name)), truth=True) for name in ("less", "less_equal")),
        *(
            Operation(name, 2, _truth(getattr(np, name)), commutative=True, truth=True)
            for name in ("equal", "not_equal", "logical_and", "logical_or")
        ),
        Operation("where", 3, _where),
    ]
    return {operation.name: operation for operation in all_of}


#: The operations by name.
OPERATIONS: dict[str, Operation] = _table()
