"""The primitive operations: which there are, and what the loop of each does to one element.

Formulas are made of all but multiply_add, which a program has where a product is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .loops import REALS, vector_end


@dataclass(frozen=True)
class Operation:
    """One operation, named as NumPy's or SciPy's function.

    Attributes
    ----------
    name : str
        The formula is `operation_NAME` in formulas/operations.pxi.
    arity : int
        How many operands it has.
    ulp : float
        Bound of the error in units in the last place; of logaddexp, in those of the larger one of max(x, y) and the rest; of
        multiply_add, of the product and of the sum half of one.
    short : bool
        It takes no more than some instructions.
    near_limit : str
        The name of the function that tells up to which |x| the near formula serves, `operation_NAME_near`; or nothing.
    """

    name: str
    arity: int
    ulp: float
    short: bool = False
    near_limit: str = ""

    @property
    def formula(self) -> str:
        """The name of its formula, and of a block kernel that takes this one's place."""
        return f"operation_{self.name}"


def _short(ulp: float, arity: int, *names: str) -> Iterator[Operation]:
    return (Operation(name, arity, ulp, short=True) for name in names)


def _long(ulp: float, arity: int, *names: str) -> Iterator[Operation]:
    return (Operation(name, arity, ulp) for name in names)


#: All operations, in the order of the table.
OPERATIONS: tuple[Operation, ...] = (
    *_short(0, 1, "negative", "absolute", "sign", "logical_not"),
    *_short(0.5, 1, "square", "reciprocal", "sqrt"),
    *_long(1.2, 1, "exp2", "expm1", "log", "log1p", "log2", "log10", "phi"),
    *_long(1.2, 1, "arcsin", "arccos", "sinh", "cosh", "arccosh", "arctanh"),
    *_long(2, 1, "erfc", "ndtr"),
    *(Operation(name, 1, 1.5, near_limit="sinusoid_near_limit") for name in ("cos", "tan")),
    *_short(0, 2, "minimum", "maximum", "copysign", "heaviside"),
    *_short(0, 2, "less", "less_equal", "equal", "not_equal", "logical_and", "logical_or"),
    *_short(0.5, 2, "add", "subtract", "multiply", "divide"),
    *_long(1.2, 2, "hypot"),
    *_long(2, 2, "power", "logaddexp", "arctan2", "xlogy"),
    *_short(0, 3, "where"),
    *_short(1, 3, "multiply_add"),
)


@dataclass(frozen=True)
class OperationLoop:
    """The loop of one operation for one dtype. The templates take it as they take a `Loop`.

    The first two operands are the loop's inputs, a third one comes as an array in the place of the parameters: see table.h.
    """

    operation: Operation
    dtype: str
    ctype: str
    lanes: int

    #: The formula stands once in the loop, for whole vectors and for the rest: there are many, and some are long.
    stands_once = True

    @property
    def copies(self) -> bool:
        """Operands are copied before they are read, some hundred elements at a time: a vector alone would be read back before its
        copy is whole. So the compiler makes no second, scalar text of a long formula, for operands that overlap the result.
        """
        return not self.operation.short

    @property
    def name(self) -> str:
        return f"{self.operation.formula}_{self.dtype}"

    @property
    def formulas(self) -> list[str]:
        return [self.operation.formula]

    @property
    def inputs(self) -> list[str]:
        return ["x", "y"][: self.operation.arity]

    @property
    def arrays(self) -> list[str]:
        return ["z"] if self.operation.arity == 3 else []

    @property
    def outputs(self) -> list[str]:
        return ["result"]

    @property
    def scalars(self) -> list[str]:
        return []

    @property
    def near_parts(self) -> list[str]:
        return [self.operation.name] if self.operation.near_limit else []

    @property
    def near_limit(self) -> str:
        """Up to which |x| the near formula serves, in Cython."""
        return f"{self.operation.near_limit}(<{self.ctype}> 0)"

    def statements(self, near: bool = False, place: str = "i") -> list[str]:
        """What it does to element i, in Cython; the result goes to `place`."""
        formula = f"{self.operation.formula}{'_near' if near else ''}"
        return [f"result[{place}] = {formula}({self._operands})"]

    @property
    def vector(self) -> str:
        """How names of what works on vectors of this type end, in C."""
        return vector_end(self.dtype)

    def vector_statements(self) -> list[str]:
        """What it does to vector i, in C, by its block kernel."""
        return [f"result[i] = {self.operation.formula}_{self.vector}({self._operands})"]

    @property
    def _operands(self) -> str:
        return ", ".join(f"{name}_i" for name in [*self.inputs, *self.arrays])


def operation_loops(operation: Operation) -> list[OperationLoop]:
    """The loops of one operation."""
    return [OperationLoop(operation, dtype, ctype, lanes) for dtype, (ctype, lanes) in REALS.items()]
