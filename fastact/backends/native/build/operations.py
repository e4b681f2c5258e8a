"""The primitive operations: which there are, and what the loop of each does to one element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .loops import REALS

#: How many operands each operation has, by name.
ARITY: dict[str, int] = {
    **dict.fromkeys(("negative", "absolute", "sign", "square", "reciprocal", "sqrt", "logical_not"), 1),
    **dict.fromkeys(("exp2", "expm1", "log", "log1p", "log2", "log10", "erfc", "ndtr", "phi"), 1),
    **dict.fromkeys(("cos", "tan", "arcsin", "arccos", "sinh", "cosh", "arccosh", "arctanh"), 1),
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "power", "minimum", "maximum", "copysign", "heaviside"), 2),
    **dict.fromkeys(("hypot", "logaddexp", "arctan2", "xlogy"), 2),
    **dict.fromkeys(("less", "less_equal", "equal", "not_equal", "logical_and", "logical_or"), 2),
    "where": 3,
}

#: Those with a near formula, and what limits it.
NEAR = {"cos": "sinusoid_near_limit", "tan": "sinusoid_near_limit"}


@dataclass(frozen=True)
class OperationLoop:
    """The loop of one operation for one dtype. The templates take it as they take a `Loop`.

    The first two operands come as the loop's inputs, a third as an array in the place of the parameters: see table.h.
    """

    operation: str
    dtype: str
    ctype: str
    lanes: int

    #: The formula stands once in the loop, for whole vectors and for the rest: there are many, and some are long.
    stands_once = True

    @property
    def name(self) -> str:
        return f"operation_{self.operation}_{self.dtype}"

    @property
    def inputs(self) -> list[str]:
        return ["x", "y"][: ARITY[self.operation]]

    @property
    def arrays(self) -> list[str]:
        return ["z"] if ARITY[self.operation] == 3 else []

    @property
    def outputs(self) -> list[str]:
        return ["result"]

    @property
    def scalars(self) -> list[str]:
        return []

    @property
    def near_parts(self) -> list[str]:
        return [self.operation] if self.operation in NEAR else []

    @property
    def near_limit(self) -> str:
        """Up to which |x| the near formula serves, in Cython."""
        return f"{NEAR[self.operation]}(<{self.ctype}> 0)"

    def statements(self, near: bool = False) -> list[str]:
        """What it does to element i, in Cython."""
        formula = f"operation_{self.operation}{'_near' if near else ''}"
        return [f"result[i] = {formula}({', '.join(f'{name}_i' for name in [*self.inputs, *self.arrays])})"]


def operation_loops(name: str) -> Iterator[OperationLoop]:
    """The loops of one operation."""
    for dtype, (ctype, lanes) in REALS.items():
        yield OperationLoop(name, dtype, ctype, lanes)
