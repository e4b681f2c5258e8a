"""What a call of `np.ufunc` does besides arithmetic, for objects that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import wraps_results

FOLDS = ("reduce", "accumulate", "reduceat", "outer", "at")


def refusal(name: str, method: str) -> Callable[..., Any]:
    """What takes the place of a ufunc's method that folds or combines its inputs: here they are not of one kind."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise ValueError(f"{name}.{method} has no meaning: its inputs are no two operands of one kind; call {name}")

    return refuse


def without_folds(ufunc: Any) -> Any:
    """A real ufunc of several inputs without the methods that would take a parameter for an operand, where NumPy allows that."""
    if ufunc.nin > 1 and hasattr(ufunc, "__dict__"):  # since NumPy 2.2
        for method in FOLDS:
            setattr(ufunc, method, refusal(ufunc.__name__, method))
    return ufunc


class CastError(TypeError):
    """An input or `out` that can't be cast, with what NumPy's own error tells: `calls.arguments` makes one text of both."""

    def __init__(self, name: str, given: np.dtype[Any], to: np.dtype[Any], casting: str, is_out: bool = False) -> None:
        super().__init__(f"{name}: {'the result' if is_out else 'an input'} of {given} can't be cast to {to} with {casting=}")
        self.from_, self.to, self.casting = given, to, casting
        if is_out:
            self.out_i = 0


class UfuncLike:
    """What a call of `np.ufunc` does besides arithmetic: other kinds of arrays may override it, or get results of their kind.

    Parameters
    ----------
    name : str
        What error messages call it.
    nin, nout : int
        Number of inputs and outputs.
    signature : str, optional
        The core dimensions of a generalized ufunc.
    """

    def __init__(self, name: str, nin: int, nout: int, signature: str | None = None) -> None:
        self.__name__ = self.__qualname__ = name
        self.nin, self.nout, self.nargs = nin, nout, nin + nout
        self.signature = signature

    def __getattr__(self, name: str) -> Any:
        if name in FOLDS and "__name__" in vars(self):
            return refusal(self.__name__, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<NumPy function {self.__name__!r}>"

    #: How one that no module holds is made again: see `fastact.calls.define.remember`.
    way: tuple[Any, ...] | None = None

    def __reduce__(self) -> Any:
        return self.way or self.__qualname__  # of the module that holds it, as NumPy's ufuncs do: see fastact/backends/ufuncs.py

    def _override(self, inputs: tuple[Any, ...], out: tuple[Any, ...], **keywords: Any) -> tuple[Any] | None:
        """The result, in a tuple, of the first argument that overrides ufuncs (NumPy's `__array_ufunc__` protocol)."""
        if len(inputs) != self.nin:
            raise TypeError(f"{self.__name__} takes {self.nin} inputs, not {len(inputs)}")
        if any(array is not None for array in out):
            keywords["out"] = out
        overriding = False
        for value in (*inputs, *out):
            method = getattr(type(value), "__array_ufunc__", np.ndarray.__array_ufunc__)
            if method is np.ndarray.__array_ufunc__ or isinstance(value, np.generic):
                continue
            overriding = True
            result = NotImplemented if method is None else method(value, self, "__call__", *inputs, **keywords)  # type: ignore[arg-type]
            if result is not NotImplemented:
                return (result,)
        if overriding:
            raise TypeError(f"{self.__name__}: none of the arguments' types implements it")
        return None

    def _wrap(self, result: np.ndarray, inputs: tuple[Any, ...], index: int, out: Any = None) -> Any:
        """The result as the kind of array that `out` or one of the inputs is; a scalar where no axis is left."""
        if type(out) is np.ndarray:
            return out
        candidates = inputs if out is None else (out,)
        wrapping = [value for value in candidates if wraps_results(value)]
        if wrapping:
            leader = max(wrapping, key=lambda value: getattr(value, "__array_priority__", 0.0))
            return _wrapped_by(leader, result, (self, inputs, index), out is None and result.ndim == 0)
        return result[()] if result.ndim == 0 and out is None else result


def _wrapped_by(leader: Any, result: np.ndarray, context: tuple[Any, ...], scalar: bool) -> Any:
    """`leader.__array_wrap__` with as many arguments as it takes: those of NumPy 2, or the fewer of earlier ones."""
    try:
        return leader.__array_wrap__(result, context, scalar)
    except TypeError:
        if isinstance(leader, np.ndarray):
            raise
        return leader.__array_wrap__(result)
