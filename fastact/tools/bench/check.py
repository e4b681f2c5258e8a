"""Whether a function is equal to its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import backends
from ...functions import entries
from ...functions.entry import Entry
from ..directions import BOTH, Direction
from ..peers import find
from ..peers.statements import names
from ..verify import own
from .cases import Case, is_own
from .fused import FUSED
from .fused.definition import Fused, WideOperands
from .workspace import Workspace

#: The bound of a derivative from the output, in ULP, against the formula at the same output.
FROM_OUTPUT_ULP = 4


@dataclass(frozen=True)
class Check:
    """The largest error of one function in one direction, and its bound, in ULP."""

    name: str
    kind: Direction
    error: float
    bound: float

    @property
    def passed(self) -> bool:
        return self.error <= self.bound


def check(name: str, backend: backends.Backend, dtype: str = "float32") -> list[Check]:
    """Compare a function with its NumPy formula in float64, forward, backward and backward from y.

    Half the inputs are random bit patterns, so every tail, subnormal, infinite and NaN value is among them. The bounds are those
    of `Info`: `ulp`, and for the derivative `derivative_ulp`, in ULP of its largest term. In float64, the formula itself
    may be as far from the truth as the function, so the bound is doubled. `reference.ulp_errors` says what an ULP is.

    A user's own activation is compared with its formula as `python -m fastact verify` does it, with mpmath at fewer inputs.
    """
    if is_own(name):
        return [Check(name, r.direction, r.error, r.bound or 0.0) for r in own.measure(name, dtype, [backend.name])]
    with np.errstate(all="ignore"):
        if name in FUSED:
            return [_check_fused(FUSED[name], direction, backend, dtype) for direction in BOTH]
        return _check_activation(entries[name], getattr(backend, name), dtype)


def _check_activation(entry: Entry, function: Any, dtype: str) -> list[Check]:
    from .. import reference  # needs mpmath and SciPy, which may be missing

    info = entry.info
    parameters = [float(np.dtype(dtype).type(p.default)) for p in entry.parameters]  # rounded as in a loop of this dtype
    slack = 1 if dtype == "float32" else 2
    x = sample(dtype)
    exact = x.astype(np.float64)
    value, slope = entry.forward(exact, *parameters), entry.derivative(exact, *parameters)
    y = function(x)
    found = [Check(entry.name, Direction.FORWARD, _largest_error(y, value, value), slack * info.ulp)]
    # Powers of two: the product is exact, so the error is that of the derivative.
    dy = np.random.default_rng(1).choice([-4, -2, -1, 1, 2, 4], x.shape).astype(dtype)
    terms = np.fmax(np.abs(slope), reference.wide(entry.name, exact, *(p.default for p in entry.parameters))[2])
    dx = _gradient(function.backward(dy, x))
    error = _largest_error(dx, dy * slope, _product(dy, terms))
    found.append(Check(entry.name, Direction.BACKWARD, error, slack * info.derivative_ulp))
    if entry.derivative_from_output is not None:
        slope = entry.derivative_from_output(y.astype(np.float64), *parameters)
        error = _largest_error(function.backward(dy, y=y), dy * slope, _product(dy, slope))
        found.append(Check(entry.name, Direction.FROM_OUTPUT, error, slack * FROM_OUTPUT_ULP))
    return found


def _product(dy: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """A size whose ULP is |dy| times that of the slope: a subnormal slope counts as the smallest normal one."""
    return np.asarray(np.abs(dy) * np.maximum(np.abs(slope), np.finfo(dy.dtype).smallest_normal), np.float64)


def _gradient(result: Any) -> np.ndarray:
    return np.asarray(result[0] if isinstance(result, tuple) else result)


def _check_fused(fused: Fused, direction: Direction, backend: backends.Backend, dtype: str) -> Check:
    """What is timed, against the textbook. In float64, the textbook's own rounding may be as large."""
    operands = Workspace(1 << 16, dtype, backend).operands(Case(fused.name, direction), 1 << 16)
    contestant = find("fastact", fused, direction, operands)
    assert contestant is not None
    wanted = fused.textbook.of(direction)(WideOperands(operands))
    found = contestant.results()
    error = max(_largest_error(got, want, size) for got, (want, size) in zip(found, wanted, strict=True))
    kind = Direction.FROM_OUTPUT if "y" in names(contestant.statement) else direction
    return Check(fused.name, kind, error, fused.ulp.of(direction) * (1 if dtype == "float32" else 4))


def sample(dtype: str, size: int = 1 << 17, seed: int = 0) -> np.ndarray:
    """Inputs for a check: as many random bit patterns as normal values, and the special ones."""
    rng = np.random.default_rng(seed)
    bits: Any = np.uint32 if dtype == "float32" else np.uint64
    patterns = rng.integers(0, np.iinfo(bits).max, size, bits, endpoint=True).view(dtype)
    usual = (3 * rng.standard_normal(size)).astype(dtype)
    tiny, huge = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    special = np.array([0.0, -0.0, 1, -1, 6, np.inf, -np.inf, np.nan, tiny, -tiny, huge, -huge], dtype)
    return np.concatenate([patterns, usual, special])


def _largest_error(computed: np.ndarray, wanted: np.ndarray, sizes: np.ndarray) -> float:
    """The largest error in ULP of the sizes; infinite where only one of the two is NaN."""
    from .. import reference  # needs mpmath and SciPy, which may be missing

    return float(reference.ulp_errors(computed, np.asarray(wanted, np.float64), sizes).max(initial=0))
