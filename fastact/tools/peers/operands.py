"""The arrays that a statement may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from .contestant import Contestant
from .statements import names


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins at a cache line, as PyTorch's and JAX's arrays do and NumPy's by chance: all are quicker there."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    np.copyto(copy, array)
    return copy


@dataclass(eq=False)
class Operands:
    """The operands of one case. Most are made only when a statement asks for them.

    Attributes
    ----------
    x, dy : ndarray
        Input, and the gradient of the output.
    f : callable
        fastact's function, on the backend that is measured.
    out : ndarray, optional
        Where to put the result. None: every call makes a new array.
    tmp, mask : ndarray, optional
        Scratch memory: of the input's dtype, and bool.
    output : str
        fastact's statement that computes y.
    """

    x: np.ndarray
    dy: np.ndarray
    f: Any
    out: np.ndarray | None = None
    tmp: np.ndarray | None = None
    mask: np.ndarray | None = None
    output: str = "f(x, out=out)"

    def named(self, statement: str) -> dict[str, Any]:
        """The operands that a statement names."""
        return {name: getattr(self, name) for name in names(statement) & OPERANDS}

    def bound(self, peer: str, statement: str, modules: Mapping[str, Any]) -> Contestant:
        """A peer's statement of these operands, which sees the peer's modules, too."""
        return Contestant(peer, statement, {**modules, **self.named(statement)})

    def put(self, x: np.ndarray) -> None:
        """Put other numbers into x, for contestants that see it already."""
        np.copyto(self.x, x)
        if "buffer" in self.__dict__:  # it was made of the old numbers
            np.copyto(self.buffer, self._buffer())

    @cached_property
    def y(self) -> np.ndarray:
        """The output of the forward pass."""
        fresh = Operands(self.x, self.dy, self.f)
        return aligned(fresh.bound("fastact", self.output, {}).result())

    @cached_property
    def buffer(self) -> np.ndarray:
        """What PyTorch's forward pass of log_sigmoid saves for the backward pass."""
        return aligned(self._buffer())

    def _buffer(self) -> np.ndarray:
        return np.asarray(np.exp(-np.abs(self.x)))

    @cached_property
    def slope(self) -> np.ndarray:
        """The parameter of PyTorch's prelu."""
        return np.array([0.25], self.x.dtype)

    @cached_property
    def tmp2(self) -> np.ndarray | None:
        """More scratch memory."""
        return None if self.tmp is None else aligned(self.tmp)

    @cached_property
    def bias(self) -> np.ndarray:
        """A number a column."""
        return np.array(self.dy[0])

    @cached_property
    def preactivation(self) -> np.ndarray:
        """The input with the bias added, which the forward pass may keep for the backward pass."""
        return aligned(self.x + self.bias)

    @property
    def gate(self) -> np.ndarray:
        """The input of a gated unit that its activation sees."""
        return self.x

    @cached_property
    def value(self) -> np.ndarray:
        """The other input: as many numbers of the same distribution."""
        return aligned(self.x.ravel()[::-1].reshape(self.x.shape))

    @property
    def dgate(self) -> np.ndarray | None:
        """Where to put the gate's gradient."""
        return self.out

    @property
    def dvalue(self) -> np.ndarray | None:
        """Where to put the other input's gradient."""
        return self.tmp

    @cached_property
    def row(self) -> np.ndarray | None:
        """Where to put a result of one number a row."""
        return None if self.out is None else np.ones_like(self.out[:, 0])

    @cached_property
    def drow(self) -> np.ndarray:
        """Its gradient."""
        return self.dy[:, 0].copy()

    @cached_property
    def labels(self) -> np.ndarray:
        """A class a row."""
        return np.random.default_rng(2).integers(0, self.x.shape[-1], len(self.x))

    @cached_property
    def targets(self) -> np.ndarray:
        """0 or 1 an element, as floating numbers."""
        return aligned((self.value > 0).astype(self.x.dtype))


#: The names that a statement may use: the fields and properties above.
OPERANDS = {field.name for field in fields(Operands)} | {
    name for name, member in vars(Operands).items() if isinstance(member, property | cached_property)
}
