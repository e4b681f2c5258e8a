"""Functions of rows: along an axis each result depends on all the elements.

What a call means, the same on every backend: arguments, errors; no arithmetic. A backend supplies that as one object,
`Backend.rows`, which is given checked arrays only:

- ``rows.forward(record, x, out, axis, scale, mask, empty)`` and ``rows.backward(record, dy, saved, out, axis, scale, mask)`` fill
  `out`, with `saved` the input x of what removes the axis, else the output y;
- ``rows.gufunc(name)`` is the generalized ufunc of a record's name.

There is a class for each way to call such a function; see `fastact.functions.record.Call`.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import operator
from typing import Any

import numpy as np

from ..functions.record import Record
from ..functions.rows import RowFunction
from ..runtime.memory import empty_array
from . import classes
from .arguments import named_arguments, saved_operand
from .arrays import (
    Array,
    apart,
    check_out,
    computed_dtype,
    is_bfloat16,
    only,
    operand,
    overrides_ufuncs,
    plain_operand,
    result_dtype,
    supported,
    without_axis,
)
from .bound import Backend, Bound, call_ufunc, set_by_init

_EMPTY = ("nan", "zero", "uniform")


class Rowwise(Bound):
    """A function along an axis on one backend: what functions of rows and losses share."""

    def __init__(self, record: Record, doc: str, backend: Backend) -> None:
        super().__init__(record, backend)
        # A text of its own: help() would otherwise take an instance for its class, and show how that is constructed.
        self.__doc__ = f"{self.name}{_shown_signature(self)}\n\n{doc}"

    def __repr__(self) -> str:
        return f"<fastact {self.name} on {self.backend}>"

    def _operand(self, name: str, value: Any) -> Array:
        return plain_operand(self.name, name, classes.plain(self.name, name, value))

    def _axis(self, axis: Any, ndim: int) -> int:
        try:
            number: int = operator.index(axis)
        except TypeError:
            raise TypeError(f"{self.name}: axis must be an integer, not {type(axis).__name__}") from None
        if not -ndim <= number < ndim:
            raise np.exceptions.AxisError(number, ndim, self.name)
        return number % ndim

    def _number(self, name: str, value: Any) -> float:
        """A finite Python number, which never changes the result's dtype (NEP 50)."""
        if type(value) is float and -math.inf < value < math.inf:
            return value
        if isinstance(value, Array) and value.ndim == 0:
            value = value[()]
        if not isinstance(value, numbers.Real | np.bool | np.floating):
            raise TypeError(f"{self.name}: {name} must be a real number, not {type(value).__name__}")
        if not math.isfinite(value):
            raise ValueError(f"{self.name}: {name} must be a finite number, not {value}")
        return float(value)

    def _mask(self, mask: Any, x: Array, axis: int) -> Any:
        """The mask as a backend takes it: None, "causal", or an array of the shape of `x`."""
        if mask is None:
            return None
        if isinstance(mask, str):
            if mask != "causal":
                raise ValueError(f"{self.name}: mask must be an array or 'causal', not {mask!r}")
            if x.ndim < 2 or axis != x.ndim - 1:
                raise ValueError(
                    f"{self.name}: mask='causal' takes the last axis of at least two; axis {axis} of {x.ndim} was given"
                )
            return mask
        mask = np.asarray(mask)
        if mask.dtype != bool and (mask.dtype.kind != "f" or not supported(mask.dtype)) and not is_bfloat16(mask.dtype):
            raise TypeError(f"{self.name}: mask has dtype {mask.dtype}; it must be bool (True takes part) or floating (is added)")
        if mask.shape == x.shape:
            return mask
        try:
            return np.broadcast_to(mask, x.shape)
        except ValueError:
            raise ValueError(f"{self.name}: mask of shape {mask.shape} does not broadcast to the shape {x.shape} of x") from None

    def _given(self, out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | None:
        """The user's `out`, once checked."""
        out = only(self.name, out)
        check_out(self.name, out, shape, dtype)
        return out  # type: ignore[no-any-return]

    def _same_shape(self, dy: Array, saved: Array, name: str) -> None:
        if dy.shape != saved.shape:
            raise ValueError(f"{self.name}.backward: dy has shape {dy.shape}, {name} {saved.shape}")

    def _row_shape(self, dy: Array, x: Array, axis: int) -> None:
        wanted = without_axis(x.shape, axis)
        if dy.shape != wanted:
            raise ValueError(f"{self.name}.backward: dy has shape {dy.shape}, not {wanted}, x's {x.shape} without axis {axis}")


def _shown_signature(function: Any) -> inspect.Signature:
    """How it is called, without types, which are all Any."""
    parameters = inspect.signature(function).parameters.values()
    return inspect.Signature([parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters])


class AxisFunction(Rowwise):
    """A function of the rows of one array, with a ufunc behind it."""

    _record: RowFunction = set_by_init()

    def __init__(self, record: RowFunction, backend: Backend) -> None:
        super().__init__(record, record.doc, backend)
        self._record = record

    @property
    def ufunc(self) -> Any:
        """The generalized ufunc behind it (on the NumPy backend an object with a ufunc's call)."""
        ufunc = self._backend.rows.gufunc(self._record.arithmetic)
        self._backend.hold(ufunc)
        return ufunc

    def _call(self, x: Any, out: Any, axis: Any) -> Any:
        """The forward pass of a function without scale and mask, for every kind of array."""
        if out is None and classes.family(x):
            function: Any = self
            return classes.rows(self.name, function, (x,), axis, self._record.reduces)
        if not self._through_ufunc(x, out):
            return self._forward(x, out, axis)
        if self._is_masked(x, out):
            return self._masked_result(self._forward(self._without_masked(x), None, axis), np.ma.getmaskarray(x), axis)
        return self._call_ufunc(x, out=out, axis=axis)

    def _call_with_mask(self, x: Any, out: Any, axis: Any, scale: Any, mask: Any, empty: str = "nan") -> Any:
        """The same for a function that takes both."""
        factor = self._factor(scale)
        if out is None and (family := classes.family(x)):
            if mask is not None and family in ("dask", "xarray"):
                raise TypeError(f"{self.name}: mask= takes plain arrays, not {type(x).__name__}; give np.asarray(x)")
            given = {"scale": scale, "mask": mask, **({} if self._record.reduces else {"empty": empty})}
            function: Any = self
            call = functools.partial(function, **given)
            return classes.rows(self.name, call, (x,), axis, self._record.reduces)
        if not self._through_ufunc(x, out):
            return self._forward(x, out, axis, factor, mask, empty)
        if self._is_masked(x, out, mask):
            hidden = np.ma.getmaskarray(x)
            return self._masked_result(
                self._forward(np.ma.getdata(x, subok=False), None, axis, factor, ~hidden, empty), hidden, axis
            )
        if mask is not None or empty != "nan":
            options = "mask= takes" if self._record.reduces else "mask= and empty= take"
            raise TypeError(f"{self.name}: {options} plain arrays, not {type(x).__name__}; give np.asarray(x)")
        return self._call_ufunc(x, factor, out=out, axis=axis)

    def _factor(self, scale: Any) -> float:
        """What x is multiplied by."""
        return self._record.sign * self._number("scale", scale)

    def _through_ufunc(self, x: Any, out: Any) -> bool:
        """Whether one of the two takes part in NumPy's `__array_ufunc__` protocol as another kind of array."""
        if type(x) is Array and (out is None or type(out) is Array):
            return False
        outputs = out if isinstance(out, tuple) else (out,)
        return any(
            type(value) is not Array
            and hasattr(type(value), "__array_ufunc__")
            and not isinstance(value, (np.generic, np.memmap))
            for value in (x, *outputs)
        )

    def _is_masked(self, x: Any, out: Any, mask: Any = None) -> bool:
        """Whether x is one of NumPy's masked arrays, whose masked elements take no part: a ufunc would not know of them."""
        if not any(isinstance(value, np.ma.MaskedArray) for value in (x, *(out if isinstance(out, tuple) else (out,)))):
            return False
        if out is not None or mask is not None:
            raise TypeError(f"{self.name}: masked arrays take neither out= nor mask=; give np.ma.getdata(x)")
        return True

    def _without_masked(self, x: Any) -> Array:
        """A copy with -inf where a masked array is masked."""
        data = self._operand("x", np.ma.getdata(x, subok=False))
        data = data.astype(result_dtype(data.dtype))
        data[np.ma.getmaskarray(x)] = -np.inf
        return data

    def _call_ufunc(self, x: Any, *scale: float, out: Any, axis: int) -> Any:
        if not overrides_ufuncs(x):  # a ufunc would cast other dtypes, and has errors of its own
            x = operand(self.name, "x", x)
            shape = np.shape(x)
            axis = self._axis(axis, len(shape))
            self._check_elements(np.asarray(x), axis)
            shape = without_axis(shape, axis) if self._record.reduces else shape
            check_out(
                self.name, only(self.name, out), shape, None if overrides_ufuncs(out) else result_dtype(np.asarray(x).dtype)
            )
        if scale and is_bfloat16(getattr(x, "dtype", np.dtype(bool))):  # NumPy does not treat a Python number beside it as weak
            scale = (np.asarray(scale[0], np.float32),)  # type: ignore[assignment]
        keywords = {} if out is None else {"out": out if isinstance(out, tuple) else (out,)}
        return call_ufunc(self.ufunc, x, *scale, axis=axis, **keywords)

    def _forward(self, x: Any, out: Any, axis: Any, scale: float = 1.0, mask: Any = None, empty: str = "nan") -> Any:
        """Check the arrays, make the result, let the backend fill it."""
        x = self._operand("x", x)
        axis = self._axis(axis, x.ndim)
        self._check_elements(x, axis)
        dtype = result_dtype(x.dtype)
        mask = self._mask(mask, x, axis)
        shape = self._result_shape(x, axis)
        given = self._given(out, shape, dtype)
        x, mask = apart(given, x, mask)
        result = empty_array(shape, dtype) if given is None else given
        if x.size:
            self._backend.rows.forward(self._record, x, result, axis, scale, mask, empty)
        elif self._record.of_nothing is not None:
            result.fill(self._record.of_nothing)
        return result if given is not None or shape else result[()]

    def _gradient(
        self, dy: Any, name: str, saved: Any, out: Any, axis: Any, scale: float = 1.0, mask: Any = None, empty: str = "nan"
    ) -> Any:
        """The same for the gradient, from the input or output of that name."""
        if out is None and (family := classes.family(dy, saved)):
            function = f"{self.name}.backward"
            if mask is not None and family in ("dask", "xarray"):
                raise TypeError(f"{function}: mask= takes plain arrays, not {type(saved).__name__}; give np.asarray({name})")
            call = functools.partial(_gradient_of, self, name, scale=scale, mask=mask, empty=empty)
            return classes.rows(function, call, (dy, saved), axis, False)
        dy, saved = self._operand("dy", dy), self._operand(name, saved)
        if not self._record.reduces:
            self._same_shape(dy, saved, name)
        axis = self._axis(axis, saved.ndim)
        if self._record.reduces:
            self._check_elements(saved, axis)
            self._row_shape(dy, saved, axis)
        dtype = result_dtype(dy.dtype, saved.dtype)
        mask = self._mask(mask, saved, axis)
        dx = self._given(out, saved.shape, dtype)
        dy, saved, mask = apart(dx, dy, saved, mask)
        if dx is None:
            dx = empty_array(saved.shape, dtype)
        if saved.size:
            if name == "x" and not self._record.reduces:
                saved = self._output(dy, saved, dx, computed_dtype(dtype), axis, scale, mask, empty)
            self._backend.rows.backward(self._record, dy, saved, dx, axis, scale, mask)
        return dx

    def _output(
        self, dy: Array, x: Array, dx: Array, dtype: np.dtype[Any], axis: int, scale: float, mask: Any, empty: str
    ) -> Array:
        """The output that the gradient is computed from, of this dtype. It stands where dx will, if that can be."""
        read_again = any(isinstance(array, Array) and np.may_share_memory(dx, array) for array in (dy, mask))
        y = empty_array(x.shape, dtype) if read_again or dx.dtype != dtype else dx
        if x.dtype != dtype:
            with np.errstate(all="ignore"):
                np.copyto(y, x, casting="unsafe")
            x = y
        self._backend.rows.forward(self._record, x, y, axis, scale, mask, empty)
        return y

    def _empty(self, empty: Any) -> str:
        """What rows without elements that take part give."""
        if not isinstance(empty, str) or empty not in _EMPTY:
            raise ValueError(f"{self.name}: empty must be one of {', '.join(map(repr, _EMPTY))}, not {empty!r}")
        return empty

    def _result_shape(self, x: Array, axis: int) -> tuple[int, ...]:
        raise NotImplementedError

    def _masked_result(self, y: Any, hidden: Array, axis: int) -> Any:
        """The result for a masked array, itself one; `hidden` are the elements of x that are masked."""
        raise NotImplementedError

    def _check_elements(self, x: Array, axis: int) -> None:
        """Raise ValueError where there are rows, but without the elements that the function needs."""


def _gradient_of(function: AxisFunction, name: str, dy: Any, saved: Any, axis: int, scale: float, mask: Any, empty: str) -> Any:
    return function._gradient(dy, name, saved, None, axis, scale, mask, empty)


class _Maps(AxisFunction):
    """The result has the shape of x."""

    def _result_shape(self, x: Array, axis: int) -> tuple[int, ...]:
        return x.shape

    def _masked_result(self, y: Any, hidden: Array, axis: int) -> Any:
        return np.ma.array(y, mask=hidden)


class _Reduces(AxisFunction):
    """The result has the shape of x without the axis."""

    def _result_shape(self, x: Array, axis: int) -> tuple[int, ...]:
        return without_axis(x.shape, axis)

    def _masked_result(self, y: Any, hidden: Array, axis: int) -> Any:
        return np.ma.array(y, mask=hidden.all(axis=axis))[()]

    def _check_elements(self, x: Array, axis: int) -> None:
        if self._record.of_nothing is None and not x.shape[axis] and 0 not in self._result_shape(x, axis):
            raise ValueError(f"{self.name}: a row of no elements has no maximum (x has shape {x.shape}, axis {axis})")


class Map(_Maps):
    """A function of rows whose result has the shape of x, such as `fastact.sparsemax`."""

    @named_arguments
    def __call__(self, x: Any, *, out: Any = None, axis: int = -1) -> Any:
        return self._call(x, out, axis)

    @named_arguments
    def backward(self, dy: Any, x: Any = None, *, y: Any = None, out: Any = None, axis: int = -1) -> Any:
        """The gradient of the input from the gradient of the output, and from the input or the output.

            sparsemax:  dx_i = dy_i - mean(dy where y > 0) where y_i > 0, else 0

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape.
        x : array_like
            The input of the forward pass.
        y : array_like
            Instead of `x`, the output of the forward pass. It is what the gradient is computed from, so `x` costs the forward
            pass once more.
        out : ndarray, optional
            Where to put dx; may be `dy`, `x` or `y` itself.
        axis : int, default -1
            The axis of the forward pass.

        Returns
        -------
        dx : ndarray
            The gradient of x, of its shape and of the common dtype of the two.

        Raises
        ------
        TypeError, ValueError, numpy.exceptions.AxisError
            As in the forward pass; both or neither of `x` and `y`, or shapes that don't fit each other.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import sparsemax
        >>> sparsemax.backward(np.array([1.0, 0.0, 7.0]), np.array([1.0, 0.5, -1.0]))
        array([ 0.5, -0.5,  0. ])
        >>> sparsemax.backward(np.array([1.0, 0.0, 7.0]), y=np.array([0.75, 0.25, 0.0]))
        array([ 0.5, -0.5,  0. ])
        """
        return self._gradient(dy, *saved_operand(f"{self.name}.backward", x, y), out, axis)


class MaskedMap(_Maps):
    """The same with a scale and a mask: `fastact.softmax`, `fastact.log_softmax` and `fastact.softmin`."""

    @named_arguments
    def __call__(
        self, x: Any, *, out: Any = None, axis: int = -1, scale: float = 1.0, mask: Any = None, empty: str = "nan"
    ) -> Any:
        return self._call_with_mask(x, out, axis, scale, mask, self._empty(empty))

    @named_arguments
    def backward(
        self,
        dy: Any,
        x: Any = None,
        *,
        y: Any = None,
        out: Any = None,
        axis: int = -1,
        scale: float = 1.0,
        mask: Any = None,
        empty: str = "nan",
    ) -> Any:
        """The gradient of the input from the gradient of the output, and from the input or the output.

            softmax:      dx = scale * y * (dy - sum(y * dy))
            log_softmax:  dx = scale * (dy - exp(y) * sum(dy))
            softmin:      dx = -scale * y * (dy - sum(y * dy))

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape.
        x : array_like
            The input of the forward pass.
        y : array_like
            Instead of `x`, the output of the forward pass. It is what the gradient is computed from, so `x` costs the forward
            pass once more.
        out : ndarray, optional
            Where to put dx; may be `dy`, `x` or `y` itself.
        axis : int, default -1
            The axis of the forward pass.
        scale, mask
            Those of the forward pass. Where a mask leaves an element out, its gradient is 0; a boolean or causal mask leaves it
            out of the sum, too.
        empty : {"nan", "zero", "uniform"}, default "nan"
            That of the forward pass, where the gradient is computed from `x`: `y` has it in it.

        Returns
        -------
        dx : ndarray
            The gradient of x, of its shape and of the common dtype of the two.

        Raises
        ------
        TypeError, ValueError, numpy.exceptions.AxisError
            As in the forward pass; both or neither of `x` and `y`, or shapes that don't fit each other.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import log_softmax, softmax, softmin
        >>> softmax.backward(np.array([1.0, 0.0]), np.array([7.0, 7.0]))
        array([ 0.25, -0.25])
        >>> softmax.backward(np.array([1.0, 0.0]), y=np.array([0.5, 0.5]))
        array([ 0.25, -0.25])
        >>> log_softmax.backward(np.array([1.0, 0.0]), y=np.log([0.5, 0.5]))
        array([ 0.5, -0.5])
        >>> softmin.backward(np.array([1.0, 0.0]), y=np.array([0.5, 0.5]))
        array([-0.25,  0.25])
        """
        saved = saved_operand(f"{self.name}.backward", x, y)
        return self._gradient(dy, *saved, out, axis, self._factor(scale), mask, self._empty(empty))


class Reduction(_Reduces):
    """A function of rows whose result has no axis: `fastact.maxout`."""

    @named_arguments
    def __call__(self, x: Any, *, out: Any = None, axis: int = -1) -> Any:
        return self._call(x, out, axis)

    @named_arguments
    def backward(self, dy: Any, x: Any, *, out: Any = None, axis: int = -1) -> Any:
        """The gradient of the input from the gradient of the output and the input.

            maxout:  dy at each row's first maximum, 0 elsewhere

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape: that of `x` without the axis.
        x : array_like
            The input of the forward pass.
        out : ndarray, optional
            Where to put dx; may be `x` itself.
        axis : int, default -1
            The axis of the forward pass.

        Returns
        -------
        dx : ndarray
            The gradient of x, of its shape and of the common dtype of the two. In a row with NaN its first one gets dy.

        Raises
        ------
        TypeError, ValueError, numpy.exceptions.AxisError
            As in the forward pass, or shapes that don't fit each other.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import maxout
        >>> maxout.backward(np.array([10.0, 20.0]), np.array([[1.0, 3.0], [2.0, 2.0]]))
        array([[ 0., 10.],
               [20.,  0.]])
        """
        return self._gradient(dy, "x", x, out, axis)


class MaskedReduction(_Reduces):
    """The same with a scale and a mask: `fastact.logsumexp`."""

    @named_arguments
    def __call__(self, x: Any, *, out: Any = None, axis: int = -1, scale: float = 1.0, mask: Any = None) -> Any:
        return self._call_with_mask(x, out, axis, scale, mask)

    @named_arguments
    def backward(self, dy: Any, x: Any, *, out: Any = None, axis: int = -1, scale: float = 1.0, mask: Any = None) -> Any:
        """The gradient of the input from the gradient of the output and the input.

            logsumexp:  dx = dy * scale * softmax(scale*x + mask)

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape: that of `x` without the axis.
        x : array_like
            The input of the forward pass.
        out : ndarray, optional
            Where to put dx; may be `x` itself.
        axis : int, default -1
            The axis of the forward pass.
        scale, mask
            Those of the forward pass. Where a mask leaves an element out, its gradient is 0; a boolean or causal mask leaves it
            out of the sum, too.

        Returns
        -------
        dx : ndarray
            The gradient of x, of its shape and of the common dtype of the two.

        Raises
        ------
        TypeError, ValueError, numpy.exceptions.AxisError
            As in the forward pass, or shapes that don't fit each other.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import logsumexp
        >>> logsumexp.backward(2.0, np.array([7.0, 7.0]))
        array([1., 1.])
        """
        return self._gradient(dy, "x", x, out, axis, self._factor(scale), mask)
