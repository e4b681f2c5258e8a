"""How the calls of a run are made, and the arrays that they are made with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ... import backends
from ..peers.contestant import Contestant
from ..peers.operands import Operands, aligned
from .cases import Case, entry_of
from .fused import FUSED


@dataclass(frozen=True)
class Setting:
    """How the calls of a run are made: the arrays' dtype, whether each makes a new array instead of out=, the threads.

    The backend is named where there are several.
    """

    dtype: str = "float32"
    fresh: bool = False
    threads: int = 1
    backend: str = ""

    def __str__(self) -> str:
        results = "fresh results" if self.fresh else "out="
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return ", ".join(filter(None, [self.backend, self.dtype, results, threads]))


def _inside(case: Case, x: np.ndarray) -> np.ndarray:
    """Numbers like these within the domain of the case's function."""
    entry = entry_of(case.name)
    low, high = (-np.inf, np.inf) if entry is None else entry.info.domain
    if low == -np.inf:
        return x
    a = np.abs(x)
    return aligned(a if high == np.inf else a / (a + 1))


class Workspace:
    """The arrays for all cases up to a size, made once, every page of them touched.

    The inputs are normal with standard deviation 3: where these functions are used, and both signs in random order. What has a
    domain (`Info.domain`) gets their magnitudes, or between 0 and 1 a / (a + 1) of those.
    """

    def __init__(self, size: int, dtype: str, backend: backends.Backend, fresh: bool = False, threads: int = 1) -> None:
        self.backend, self.setting = backend, Setting(dtype, fresh, threads)
        rng = np.random.default_rng(0)
        self._x, self._dy = (aligned(rng.standard_normal(size, np.float32).astype(dtype, copy=False)) for _ in range(2))
        self._x *= 3
        self._out, self._tmp, self._mask = (aligned(np.full(size, 1, kind)) for kind in (dtype, dtype, bool))

    def operands(self, case: Case, size: int) -> Operands:
        """The operands of a case at about this size."""
        shape = case.shape(size)
        n = math.prod(shape)
        x, dy, out, tmp, mask = (a[:n].reshape(shape) for a in (self._x, self._dy, self._out, self._tmp, self._mask))
        operands = Operands(_inside(case, x), dy, case.function(self.backend))
        if not self.setting.fresh:
            operands.out, operands.tmp, operands.mask = out, tmp, mask
        if case.name in FUSED:
            operands.output = FUSED[case.name].output
        return operands

    def copy(self, case: Case, size: int) -> Contestant:
        """NumPy's copy, which moves the bytes of two of the case's arrays."""
        n = math.prod(case.shape(size))
        return Contestant("copy", "np.copyto(out, x)", {"np": np, "out": self._out[:n], "x": self._x[:n]})
