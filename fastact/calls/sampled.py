"""Functions of rows that draw noise: what a call means, the same on every backend. They are made of the backend's softmax."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from ..functions import row_functions
from ..functions.sampled import SampledFunction
from ..runtime.memory import empty_array
from . import classes
from .arguments import generator, named_arguments, saved_operand
from .arrays import Array, computed_dtype, dtype_of, result_dtype
from .axes import several_axes
from .bound import Backend
from .rows import Rowwise


class SampledMap(Rowwise):
    """A function of rows with noise whose result has the shape of x: `fastact.gumbel_softmax`."""

    def __init__(self, record: SampledFunction, backend: Backend) -> None:
        super().__init__(record, backend)
        # Errors are told in the name that was called.
        softmax: Any = type(backend.softmax)
        self._softmax = softmax(dataclasses.replace(row_functions["softmax"], name=record.name), backend)

    @named_arguments
    def __call__(self, x: Any, *, out: Any = None, axis: Any = -1, tau: float = 1.0, hard: bool = False, rng: Any = None) -> Any:
        tau, hard = self._tau(tau), self._is_hard(hard)
        generator(self.name, rng)
        if self._is_of_another_class(x):
            if hard or out is not None:
                raise TypeError(f"{self.name}: hard= and out= take plain arrays, not {type(x).__name__}; give np.asarray(x)")
            return self._backend.softmax(self._with_noise(x, rng), axis=axis, scale=1 / tau)
        x = self._operand("x", x)
        axes = several_axes(self.name, axis, x.ndim)
        dtype = result_dtype(x.dtype)
        given = self._given(out, x.shape, dtype)
        z = self._logits(x, axes, tau, rng)
        result = empty_array(x.shape, dtype) if given is None else given
        if hard:
            with np.errstate(invalid="ignore"):
                np.copyto(result, _one_hot(z, axes), casting="unsafe")
        else:
            self._softmax(z, out=result, axis=axes)
        return result

    @named_arguments
    def backward(
        self,
        dy: Any,
        x: Any = None,
        *,
        y: Any = None,
        out: Any = None,
        axis: Any = -1,
        tau: float = 1.0,
        hard: bool = False,
        rng: Any = None,
    ) -> Any:
        """The gradient of the input from the gradient of the output, and from the input or the output.

            dx = y * (dy - sum(y * dy)) / tau,  y the soft sample

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape.
        x : array_like
            The input of the forward pass. The same `rng` must be given besides, seeded alike, so that the draw is repeated.
        y : array_like
            Instead of `x`, the output of the forward pass, which must be that with ``hard=False``: a class alone does not tell
            how near it was.
        out : ndarray, optional
            Where to put dx; may be `dy`, `x` or `y` itself.
        axis, tau
            Those of the forward pass.
        hard : bool, default False
            That of the forward pass. The gradient is the same, straight through to the soft sample.
        rng : numpy.random.Generator, optional
            With `x`: a generator in the state in which that of the forward pass was. Without, nothing was drawn.

        Returns
        -------
        dx : ndarray
            The gradient of x, of its shape and of the common dtype of the two.

        Raises
        ------
        TypeError, ValueError, numpy.exceptions.AxisError
            As in the forward pass; both or neither of `x` and `y`, `y` with ``hard=True`` or with `rng`, or shapes that don't fit
            each other.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import gumbel_softmax
        >>> x, dy = np.zeros(3), np.array([1.0, 0.0, 0.0])
        >>> y = gumbel_softmax(x, rng=np.random.default_rng(0))
        >>> gumbel_softmax.backward(dy, y=y).round(3)
        array([ 0.034, -0.004, -0.03 ])
        >>> gumbel_softmax.backward(dy, x, rng=np.random.default_rng(0)).round(3)
        array([ 0.034, -0.004, -0.03 ])
        """
        function = f"{self.name}.backward"
        name, saved = saved_operand(function, x, y)
        tau, hard = self._tau(tau), self._is_hard(hard)
        generator(self.name, rng)
        if name == "y" and (hard or rng is not None):
            why = "the class alone does not tell the soft sample" if hard else "y= has the draw in it"
            raise TypeError(f"{function}: {why}; give {'hard=True' if hard else 'rng='} with x, and a generator seeded alike")
        if self._is_of_another_class(dy) or self._is_of_another_class(saved):
            saved = saved if name == "y" else self._backend.softmax(self._with_noise(saved, rng), axis=axis, scale=1 / tau)
            return self._backend.softmax.backward(dy, y=saved, out=out, axis=axis, scale=1 / tau)
        dy, saved = self._operand("dy", dy), self._operand(name, saved)
        axes = several_axes(self.name, axis, saved.ndim)
        if dy.shape != saved.shape:
            raise ValueError(f"{function}: dy has shape {dy.shape}, {name} {saved.shape}")
        dtype = result_dtype(dy.dtype, saved.dtype)
        dx = self._given(out, saved.shape, dtype)
        if name == "x":
            saved = self._softmax(self._logits(saved, axes, tau, rng, dtype), axis=axes)
        dx = empty_array(saved.shape, dtype) if dx is None else dx
        self._softmax.backward(dy, y=saved, out=dx, axis=axes, scale=1 / tau)
        return dx

    def _tau(self, tau: Any) -> float:
        """The temperature, of which one over it is a number, too."""
        value = self._number("tau", tau)
        if not value > 0 or 1 / value == np.inf:
            raise ValueError(f"{self.name}: tau must be a finite number > 0, not {value!r}")
        return value

    def _is_hard(self, hard: Any) -> bool:
        if not isinstance(hard, bool | np.bool):
            raise TypeError(f"{self.name}: hard must be True or False, not {type(hard).__name__}")
        return bool(hard)

    def _is_of_another_class(self, x: Any) -> bool:
        return classes.family(x) is not None or isinstance(x, np.ma.MaskedArray)

    def _with_noise(self, x: Any, rng: np.random.Generator | None) -> Any:
        """x + g of an array of another class, of its dtype."""
        if rng is None:
            return x
        if classes.is_dataset(x):
            raise TypeError(f"{self.name}: x is a {type(x).__name__}; give its arrays one by one")
        dtype = dtype_of(x)  # None of what has a dtype of its package, or several
        with np.errstate(all="ignore"):
            return x + rng.gumbel(size=np.shape(x)).astype(result_dtype(np.asarray(x).dtype if dtype is None else dtype))

    def _logits(
        self, x: Array, axes: tuple[int, ...], tau: float, rng: np.random.Generator | None, dtype: np.dtype[Any] | None = None
    ) -> Array:
        """(x + g) / tau less each row's largest, in float64, then rounded to what a result of this dtype is computed in."""
        z = np.zeros(x.shape, np.float64) if rng is None else rng.gumbel(size=x.shape)
        if x.size:
            with np.errstate(all="ignore"):
                z += x
                z -= z.max(axis=axes, keepdims=True)  # before the division, which may overflow
                z /= tau
                z = z.astype(computed_dtype(x.dtype if dtype is None else dtype), copy=False)
        return z


def _one_hot(z: Array, axes: tuple[int, ...]) -> Array:
    """1 at the first of each row's largest numbers, which is 0, and 0 elsewhere; NaN for rows whose largest is no number."""
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(z, axes, last)
    lead = moved.ndim - len(axes)
    rows = moved.reshape(*moved.shape[:lead], math.prod(moved.shape[lead:]))
    hot = np.zeros(rows.shape, np.float64)
    if rows.size:
        np.put_along_axis(hot, rows.argmax(axis=-1, keepdims=True), 1, axis=-1)
        hot[rows.max(axis=-1) != 0] = np.nan
    return np.moveaxis(hot.reshape(moved.shape), last, axes)
