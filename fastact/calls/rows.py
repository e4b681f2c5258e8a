"""Functions of rows: along an axis each result depends on all the elements.

What a call means, the same on every backend: arguments, errors; no arithmetic. A backend supplies that as one object,
`Backend.rows`, which is given checked arrays only:

- ``rows.forward(record, x, out, axis, scale, mask, empty)`` and ``rows.backward(record, dy, saved, out, axis, scale, mask)``
  fill `out`, with `saved` the input x of what removes the axis, else the output y. `scale` is a number, or an array of float64
  with one for each row. `mask` is None, an array of bool or floats of the shape of x, or the integer k of a causal mask: of the
  last two axes element (i, j) takes part where j <= i + k;
- ``rows.gufunc(name)`` is the generalized ufunc of a record's name.

There is a class for each way to call such a function; see `fastact.functions.record.Call`.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

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
)
from .axes import along_one, causal, first_of_rows, integer, one_axis, rows_back, rows_last, several_axes, with_ones, without_axes
from .bound import Backend, Bound, call_ufunc, set_by_init
from .masked import by_length, is_masked, masked_result, split
from .wide_integers import beyond_float64, differences

if TYPE_CHECKING:
    from ..functions.losses import Loss
    from ..functions.sampled import SampledFunction

#: The words that options take.
EMPTY = ("nan", "zero", "uniform")
CAUSAL = "causal"


def is_causal(mask: Any) -> bool:
    """Whether a mask is a name, or one with an offset, rather than an array."""
    return isinstance(mask, str) or (isinstance(mask, tuple) and len(mask) > 0 and isinstance(mask[0], str))


class Rowwise(Bound):
    """A function along an axis on one backend: what functions of rows and losses share."""

    def __init__(self, record: RowFunction | SampledFunction | Loss, backend: Backend) -> None:
        super().__init__(record, backend)
        self._record: Any = record

    # A text of its own: help() would otherwise take an instance for its class, and show how that is constructed.
    def _documentation(self) -> str:
        return f"{self.name}{_shown_signature(self)}\n\n{self._record.doc}"

    def __repr__(self) -> str:
        return f"<fastact {self.name} on {self.backend}>"

    def _operand(self, name: str, value: Any) -> Array:
        return plain_operand(self.name, name, self._plain(name, value))

    def _plain(self, name: str, value: Any) -> Any:
        """The value, where it is no array that would lose what it says besides its elements."""
        if isinstance(value, np.ma.MaskedArray):
            instead = "np.ma.getdata(out)" if name == "out" else f"{name}.filled(value)"
            raise TypeError(f"{self.name}: {name} is a masked array, whose mask has no meaning here; give {instead}")
        return classes.plain(self.name, name, value)

    def _axis(self, axis: Any, ndim: int) -> int:
        return one_axis(self.name, axis, ndim)

    def _number(self, name: str, value: Any) -> float:
        """A finite Python number, which never changes the result's dtype (NEP 50)."""
        if type(value) is float and -math.inf < value < math.inf:
            return value
        if isinstance(value, Array) and value.ndim == 0:
            value = self._plain(name, value)[()]
        if not isinstance(value, numbers.Real | np.bool | np.floating):
            raise TypeError(f"{self.name}: {name} must be a real number, not {type(value).__name__}")
        if not math.isfinite(value):
            raise ValueError(f"{self.name}: {name} must be a finite number, not {value}")
        return float(value)

    def _flag(self, name: str, value: Any) -> bool:
        if not isinstance(value, bool | np.bool):
            raise TypeError(f"{self.name}: {name} must be True or False, not {value!r}")
        return bool(value)

    def _mask_array(self, mask: Any, shape: tuple[int, ...]) -> Array:
        """A mask of x of this shape that is an array."""
        mask = np.asarray(self._plain("mask", mask))
        if mask.dtype != bool and (mask.dtype.kind != "f" or not supported(mask.dtype)) and not is_bfloat16(mask.dtype):
            raise TypeError(f"{self.name}: mask has dtype {mask.dtype}; it must be bool (True takes part) or floating (is added)")
        if mask.shape == shape:
            return mask  # type: ignore[no-any-return]
        try:
            return np.broadcast_to(mask, shape)
        except ValueError:
            raise ValueError(f"{self.name}: mask of shape {mask.shape} does not broadcast to the shape {shape} of x") from None

    def _given(self, out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | None:
        """The user's `out`, once checked."""
        out = self._plain("out", only(self.name, out))
        check_out(self.name, out, shape, dtype)
        return out  # type: ignore[no-any-return]


def _shown_signature(function: Any) -> inspect.Signature:
    """How it is called, without types, which are all Any."""
    parameters = inspect.signature(function).parameters.values()
    return inspect.Signature([parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters])


class AxisFunction(Rowwise):
    """A function of the rows of one array, with a ufunc behind it."""

    _record: RowFunction = set_by_init()

    @property
    def ufunc(self) -> Any:
        """The generalized ufunc behind it (on the NumPy backend an object with a ufunc's call)."""
        here: AxisFunction = self._in_mode()
        ufunc = here._backend.rows.gufunc(self._record.arithmetic)
        here._backend.hold(ufunc)
        return ufunc

    # ---- arguments ----

    def _scale(self, scale: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        """What x is multiplied by: a number, or an array of float64 with one for each row."""
        if type(scale) is float or np.ndim(scale) == 0:
            return self._record.sign * self._number("scale", scale)
        scales, rows = self._operand("scale", scale), with_ones(shape, axes)
        try:
            np.broadcast_to(scales, rows)
        except ValueError:
            raise ValueError(
                f"{self.name}: scale of shape {scales.shape} does not broadcast to {rows}, the shape of x with 1 along the axis: "
                "there is one scale for each row"
            ) from None
        with np.errstate(all="ignore"):
            scales = scales.astype(np.float64) * self._record.sign
        if not np.isfinite(scales).all():
            raise ValueError(f"{self.name}: scale must be finite; it has {scales[~np.isfinite(scales)][0]}")
        return first_of_rows(np.broadcast_to(scales, rows), axes)

    def _mask(self, mask: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        """The mask of x of this shape as a backend takes it."""
        if mask is None:
            return None
        if is_causal(mask):
            return self._causal(mask, shape, axes)
        return self._mask_array(mask, shape)

    def _causal(self, mask: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
        """The k of "causal" or ("causal", k)."""
        known = mask == CAUSAL if isinstance(mask, str) else len(mask) == 2 and mask[0] == CAUSAL
        if not known:
            raise ValueError(f"{self.name}: mask must be an array, 'causal' or ('causal', offset), not {mask!r}")
        if len(shape) < 2 or axes != (len(shape) - 1,):
            said = axes[0] if len(axes) == 1 else axes
            raise ValueError(
                f"{self.name}: mask='causal' takes the last axis of at least two; axis {said} of {len(shape)} was given"
            )
        queries, keys = shape[-2:]
        if isinstance(mask, str):
            return keys - queries
        return max(-queries, min(integer(self.name, "the offset of mask='causal'", mask[1]), keys))

    def _empty(self, empty: Any) -> str:
        """What rows without elements that take part give."""
        if not isinstance(empty, str) or empty not in EMPTY:
            raise ValueError(f"{self.name}: empty must be one of {', '.join(map(repr, EMPTY))}, not {empty!r}")
        return empty

    def _result_shape(self, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
        """The shape of the result for x of this one."""
        if not self._record.reduces:
            return shape
        return with_ones(shape, axes) if keepdims else without_axes(shape, axes)

    def _check_shapes(
        self, dy: tuple[int, ...], name: str, saved: tuple[int, ...], axes: tuple[int, ...], keepdims: bool
    ) -> None:
        """Raise ValueError where a gradient of the output has not its shape."""
        if not self._record.reduces:
            if dy != saved:
                raise ValueError(f"{self.name}.backward: dy has shape {dy}, {name} {saved}")
            return
        wanted = self._result_shape(saved, axes, keepdims)
        if dy != wanted:
            said = f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"
            how = f"with 1 for {said}" if keepdims else f"without {said}"
            raise ValueError(f"{self.name}.backward: dy has shape {dy}, not {wanted}, x's {saved} {how}")

    def _check_elements(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
        """Raise ValueError where there are rows, but without the elements that the function needs."""
        if not self._record.reduces or self._record.of_nothing is not None:
            return
        if any(shape[axis] == 0 for axis in axes) and 0 not in without_axes(shape, axes):
            said = f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"
            raise ValueError(f"{self.name}: a row of no elements has no maximum (x has shape {shape}, {said})")

    # ---- which way a call goes ----

    def _call(
        self,
        x: Any,
        out: Any,
        axis: Any,
        scale: Any = 1.0,
        mask: Any = None,
        empty: str = "nan",
        keepdims: bool = False,
    ) -> Any:
        """The forward pass, for every kind of array."""
        if out is None and classes.family(x):
            return self._of_class(None, (x,), axis, scale, mask, empty, keepdims)
        if not self._through_ufunc(x, out):
            return self._forward(x, out, axis, scale, mask, empty, keepdims)
        if is_masked(x, out):
            return self._forward_masked(x, out, axis, scale, mask, empty, keepdims)
        given = {
            "axis=None or a tuple": axis is None or isinstance(axis, tuple),
            "scale= as an array": type(scale) is not float and np.ndim(scale) > 0,
            "mask=": mask is not None,
            "empty=": empty != "nan",
            "keepdims=": keepdims,
        }
        if not any(given.values()):
            factor = () if not self._record.masked else (self._record.sign * self._number("scale", scale),)
            return self._call_ufunc(x, *factor, out=out, axis=axis)
        if isinstance(x, Array) and (out is None or isinstance(only(self.name, out), Array)):
            place = None if out is None else np.asarray(only(self.name, out))
            y = self._forward(np.asarray(x), place, axis, scale, mask, empty, keepdims)
            if out is not None:
                return only(self.name, out)
            return x.__array_wrap__(y) if isinstance(y, Array) else y
        options = " and ".join(name for name, used in given.items() if used)
        raise TypeError(f"{self.name}: with {options} x must be a plain array, not {type(x).__name__}; give np.asarray(x)")

    def _of_class(
        self,
        name: str | None,
        operands: tuple[Any, ...],
        axis: Any,
        scale: Any,
        mask: Any,
        empty: str,
        keepdims: bool,
    ) -> Any:
        """The same for arrays of other packages; given the name of a second operand, the gradient."""
        function, x = self.name if name is None else f"{self.name}.backward", operands[-1]
        if classes.family(*operands) == "dask":
            axis = several_axes(self.name, axis, np.ndim(x))
            scale, mask = self._to_align(scale, mask, np.shape(x), axis)
        call = functools.partial(_computed, self, name, empty=empty, keepdims=keepdims)
        return classes.rows(function, call, operands, axis, {"scale": scale, "mask": mask}, self._record.reduces, keepdims)

    def _to_align(self, scale: Any, mask: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[Any, Any]:
        """The scale and the mask, checked; arrays with as many axes as x, so that each part of x has its part of them."""
        numbers, taking = self._scale(scale, shape, axes), self._mask(mask, shape, axes)
        if isinstance(taking, int):
            mask = causal(shape, taking)

        def spread(value: Any) -> Array:
            array = np.asarray(value)
            return array.reshape((1,) * (len(shape) - array.ndim) + array.shape)

        return spread(scale) if isinstance(numbers, Array) else scale, None if mask is None else spread(mask)

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

    def _call_ufunc(self, x: Any, *scale: float, out: Any, axis: int) -> Any:
        if not overrides_ufuncs(x):  # a ufunc would cast other dtypes, and has errors of its own
            x = operand(self.name, "x", x)
            shape = np.shape(x)
            axes = several_axes(self.name, axis, len(shape))
            self._check_elements(shape, axes)
            dtype = None if overrides_ufuncs(out) else result_dtype(np.asarray(x).dtype)
            check_out(self.name, only(self.name, out), self._result_shape(shape, axes, False), dtype)
        if scale and is_bfloat16(getattr(x, "dtype", np.dtype(bool))):  # NumPy does not treat a Python number beside it as weak
            with np.errstate(all="ignore"):
                scale = (np.asarray(scale[0], np.float64 if self._in_mode()._backend.is_exact else np.float32),)  # type: ignore[assignment]
        keywords = {} if out is None else {"out": out if isinstance(out, tuple) else (out,)}
        return call_ufunc(self.ufunc, x, *scale, axis=axis, **keywords)

    # ---- plain arrays ----

    def _forward(
        self,
        x: Any,
        out: Any,
        axis: Any,
        scale: Any = 1.0,
        mask: Any = None,
        empty: str = "nan",
        keepdims: bool = False,
    ) -> Any:
        """Check the arrays, make the result, let the backend fill it."""
        x = self._operand("x", x)
        axes = several_axes(self.name, axis, x.ndim)
        self._check_elements(x.shape, axes)
        dtype = result_dtype(x.dtype)
        scale, mask = self._scale(scale, x.shape, axes), self._mask(mask, x.shape, axes)
        shape = self._result_shape(x.shape, axes, keepdims)
        given = self._given(out, shape, dtype)
        x, mask = apart(given, x, mask)
        result = empty_array(shape, dtype) if given is None else given
        if x.size:
            number, (x, mask) = along_one(axes, x, mask)
            place = self._place(result, axes, keepdims)
            self._fill(x, place, number, scale, mask, empty)
            self._put_back(place, result, axes)
        elif self._record.of_nothing is not None:
            result.fill(self._record.of_nothing)
        return result if given is not None or shape else result[()]

    def _place(self, result: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
        """Where a backend puts a result, given one axis: a view of it if there is one."""
        if self._record.reduces:
            return first_of_rows(result, axes) if keepdims else result
        return result if len(axes) == 1 else rows_last(result, axes)

    def _put_back(self, place: Array, result: Array, axes: tuple[int, ...]) -> None:
        if not np.may_share_memory(place, result):
            np.copyto(result, rows_back(place, result.shape, axes))

    def _fill(self, x: Array, out: Array, axis: int, scale: Any, mask: Any, empty: str) -> None:
        """Fill `out` with the function of rows along this axis."""
        forward = self._backend.rows.forward
        if not beyond_float64(x):
            forward(self._record, x, out, axis, scale, mask, empty)
            return
        less = differences(x, axis, scale, mask)
        if not self._record.reduces:
            forward(self._record, less.x, out, axis, scale, less.mask, empty)
            return
        wide = np.empty(out.shape, np.float64)
        forward(self._record, less.x, wide, axis, scale, less.mask, empty)
        less.add_to(wide)
        with np.errstate(all="ignore"):
            np.copyto(out, wide, casting="same_kind")

    def _gradient(
        self,
        dy: Any,
        name: str,
        saved: Any,
        out: Any,
        axis: Any,
        scale: Any = 1.0,
        mask: Any = None,
        empty: str = "nan",
        keepdims: bool = False,
    ) -> Any:
        """The same for the gradient, from the input or output of that name."""
        if out is None and classes.family(dy, saved):
            return self._of_class(name, (dy, saved), axis, scale, mask, empty, keepdims)
        if is_masked(dy, saved, out):
            return self._gradient_masked(dy, name, saved, out, axis, scale, mask, empty, keepdims)
        dy, saved = self._operand("dy", dy), self._operand(name, saved)
        axes = several_axes(self.name, axis, saved.ndim)
        self._check_elements(saved.shape, axes)
        self._check_shapes(dy.shape, name, saved.shape, axes, keepdims)
        dtype = result_dtype(dy.dtype, saved.dtype)
        scale, mask = self._scale(scale, saved.shape, axes), self._mask(mask, saved.shape, axes)
        given = self._given(out, saved.shape, dtype)
        dy, saved, mask = apart(given, dy, saved, mask)
        dx = empty_array(saved.shape, dtype) if given is None else given
        if saved.size:
            number, (saved, mask) = along_one(axes, saved, mask)
            if not self._record.reduces:
                (dy,) = along_one(axes, dy)[1]
            elif keepdims:
                dy = first_of_rows(dy, axes)
            place = dx if len(axes) == 1 else rows_last(dx, axes)
            if name == "x" and beyond_float64(saved):
                saved, mask, *_ = differences(saved, number, scale, mask)
            if name == "x" and not self._record.reduces:
                computed = np.dtype(np.float64) if self._backend.is_exact else computed_dtype(dtype)
                saved = self._output(dy, saved, place, computed, number, scale, mask, empty)
            self._backend.rows.backward(self._record, dy, saved, place, number, scale, mask)
            self._put_back(place, dx, axes)
        return dx if given is not None or dx.shape else dx[()]

    def _output(
        self, dy: Array, x: Array, dx: Array, dtype: np.dtype[Any], axis: int, scale: Any, mask: Any, empty: str
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

    # ---- masked arrays ----

    def _taking(self, mask: Any, hidden: Array, axes: tuple[int, ...]) -> Array:
        """The mask of a call and what is hidden, in one mask."""
        mask = self._mask(mask, hidden.shape, axes)
        if isinstance(mask, int):
            return causal(hidden.shape, mask) & ~hidden  # type: ignore[no-any-return]
        if mask is None:
            return ~hidden
        if mask.dtype == bool:
            return mask & ~hidden  # type: ignore[no-any-return]
        added: Array = mask.copy()
        added[hidden] = -np.inf
        return added

    def _forward_masked(self, x: Any, out: Any, axis: Any, scale: Any, mask: Any, empty: str, keepdims: bool) -> Any:
        """The forward pass where x or `out` is a masked array: the result is masked where x is, or all of a row."""
        hidden, (x,) = split(self._operand, x=x)
        axes = several_axes(self.name, axis, x.ndim)
        if self._record.masked:
            y = self._forward(x, None, axes, scale, self._taking(mask, hidden, axes), empty, keepdims)
        else:
            self._check_elements(x.shape, axes)
            y = by_length(self._of_lines, hidden, axes, (x,), (), self._record.reduces, result_dtype(x.dtype))
            y = y.reshape(self._result_shape(x.shape, axes, keepdims))
        if self._record.reduces:
            hidden = np.asarray(hidden.all(axis=axes, keepdims=keepdims))
        return masked_result(self.name, y, hidden, out)

    def _of_lines(self, x: Array) -> Any:
        return self._forward(x, None, -1)

    def _gradient_masked(
        self, dy: Any, name: str, saved: Any, out: Any, axis: Any, scale: Any, mask: Any, empty: str, keepdims: bool
    ) -> Any:
        """The same for the gradient: what is masked in an operand is so in the result."""
        function, reduces = f"{self.name}.backward", self._record.reduces
        axes = several_axes(self.name, axis, np.ndim(saved))
        self._check_elements(np.shape(saved), axes)
        self._check_shapes(np.shape(dy), name, np.shape(saved), axes, keepdims)
        if reduces:
            rows, (dy,) = split(self._operand, dy=dy)
            hidden, (saved,) = split(self._operand, **{name: saved})
            hidden |= rows if keepdims else np.expand_dims(rows, axes)
        else:
            hidden, (dy, saved) = split(self._operand, **{"dy": dy, name: saved})
        if self._record.masked:
            dx = self._gradient(dy, name, saved, None, axes, scale, self._taking(mask, hidden, axes), empty, keepdims)
        else:

            def of_lines(saved: Array, dy: Array) -> Any:
                return self._gradient(dy, name, saved, None, -1)

            like_x, per_row = ((saved,), (dy,)) if reduces else ((saved, dy), ())
            dx = by_length(of_lines, hidden, axes, like_x, per_row, False, result_dtype(dy.dtype, saved.dtype))
        return masked_result(function, dx, hidden, out)


def _computed(function: AxisFunction, name: str | None, *arrays: Any, **options: Any) -> Any:
    """The function of one array; with the name of a second operand its gradient from both."""
    if name is None:
        return function._call(arrays[0], None, **options)
    return function._gradient(arrays[0], name, arrays[1], None, **options)


class Map(AxisFunction):
    """A function of rows whose result has the shape of x, such as `fastact.sparsemax`."""

    @named_arguments
    def __call__(self, x: Any, *, out: Any = None, axis: Any = -1) -> Any:
        return self._call(x, out, axis)

    @named_arguments
    def backward(self, dy: Any, x: Any = None, *, y: Any = None, out: Any = None, axis: Any = -1) -> Any:
        """The gradient of the input from the gradient of the output, and from the input or the output.

            sparsemax:  dx_i = dy_i - mean(dy where y > 0) where y_i > 0, else 0
            entmax15:   dx = r * (dy - sum(r * dy) / sum(r)),  r = sqrt(y)

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
        axis : int, tuple of int or None, default -1
            That of the forward pass.

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
        >>> from fastact import entmax15, sparsemax
        >>> sparsemax.backward(np.array([1.0, 0.0, 7.0]), np.array([1.0, 0.5, -1.0]))
        array([ 0.5, -0.5,  0. ])
        >>> sparsemax.backward(np.array([1.0, 0.0, 7.0]), y=np.array([0.75, 0.25, 0.0]))
        array([ 0.5, -0.5,  0. ])
        >>> entmax15.backward(np.array([1.0, 0.0, 7.0]), y=np.array([0.5, 0.5, 0.0])).round(4)
        array([ 0.3536, -0.3536,  0.    ])
        """
        return self._gradient(dy, *saved_operand(f"{self.name}.backward", x, y), out, axis)


class MaskedMap(AxisFunction):
    """The same with a scale and a mask: `fastact.softmax`, `fastact.log_softmax` and `fastact.softmin`."""

    @named_arguments
    def __call__(self, x: Any, *, out: Any = None, axis: Any = -1, scale: Any = 1.0, mask: Any = None, empty: str = "nan") -> Any:
        return self._call(x, out, axis, scale, mask, self._empty(empty))

    @named_arguments
    def backward(
        self,
        dy: Any,
        x: Any = None,
        *,
        y: Any = None,
        out: Any = None,
        axis: Any = -1,
        scale: Any = 1.0,
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
        axis : int, tuple of int or None, default -1
            That of the forward pass.
        scale, mask
            Those of the forward pass. Where a mask leaves an element out, its gradient is 0; a boolean or causal mask leaves it
            out of the sum, too. So does a masked array, in any operand; the gradient is masked there.
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
        return self._gradient(dy, *saved, out, axis, scale, mask, self._empty(empty))


class Reduction(AxisFunction):
    """A function of rows whose result has no axis: `fastact.maxout`."""

    @named_arguments
    def __call__(self, x: Any, *, out: Any = None, axis: Any = -1, keepdims: bool = False, return_index: bool = False) -> Any:
        keepdims = self._flag("keepdims", keepdims)
        if self._flag("return_index", return_index):
            return self._with_index(x, out, axis, keepdims)
        return self._call(x, out, axis, keepdims=keepdims)

    def _with_index(self, x: Any, out: Any, axis: Any, keepdims: bool) -> tuple[Any, Any]:
        """The result, and where in its row each comes from."""
        if classes.family(x) or (self._through_ufunc(x, out) and not is_masked(x, out)):
            kind = type(out if type(x) is Array else x).__name__
            raise TypeError(f"{self.name}: with return_index= x must be a plain or masked array, not {kind}; give np.asarray(x)")
        masked = is_masked(x, out)
        hidden, (x_plain,) = split(self._operand, x=x) if masked else (None, [self._operand("x", x)])
        axes = several_axes(self.name, axis, x_plain.ndim)
        self._check_elements(x_plain.shape, axes)
        shape = self._result_shape(x_plain.shape, axes, keepdims)
        if hidden is None:
            index = _first_largest(rows_last(x_plain, axes)).reshape(shape)
            return self._forward(x, out, axis, keepdims=keepdims), index if shape else index[()]
        length = math.prod(x_plain.shape[i] for i in axes)
        places = np.broadcast_to(np.arange(length), (*without_axes(x_plain.shape, axes), length))
        places = rows_back(places, x_plain.shape, axes)
        index = by_length(_place_of_largest, hidden, axes, (x_plain, places), (), True, np.dtype(np.intp)).reshape(shape)
        y = self._forward_masked(x, out, axis, 1.0, None, "nan", keepdims)
        return y, masked_result(self.name, index, np.asarray(hidden.all(axis=axes, keepdims=keepdims)), None)

    @named_arguments
    def backward(self, dy: Any, x: Any, *, out: Any = None, axis: Any = -1, keepdims: bool = False) -> Any:
        """The gradient of the input from the gradient of the output and the input.

            maxout:  dy at each row's first maximum, 0 elsewhere

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape: that of `x` without the axis, or with 1 there (`keepdims`).
        x : array_like
            The input of the forward pass.
        out : ndarray, optional
            Where to put dx; may be `x` itself.
        axis : int, tuple of int or None, default -1
            That of the forward pass.
        keepdims : bool, default False
            That of the forward pass.

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
        >>> maxout.backward(5.0, np.array([[1.0, 3.0], [2.0, 2.0]]), axis=None)
        array([[0., 5.],
               [0., 0.]])
        """
        return self._gradient(dy, "x", x, out, axis, keepdims=self._flag("keepdims", keepdims))


def _first_largest(lines: Array) -> Array:
    """Where each row's first largest element is; of NaN, if there is one."""
    return np.argmax(lines, axis=-1) if lines.size else np.zeros(lines.shape[:-1], np.intp)


def _place_of_largest(lines: Array, places: Array) -> Array:
    return np.take_along_axis(places, _first_largest(lines)[:, np.newaxis], axis=-1)[:, 0]


class MaskedReduction(AxisFunction):
    """The same with a scale and a mask: `fastact.logsumexp`."""

    @named_arguments
    def __call__(
        self, x: Any, *, out: Any = None, axis: Any = -1, keepdims: bool = False, scale: Any = 1.0, mask: Any = None
    ) -> Any:
        return self._call(x, out, axis, scale, mask, keepdims=self._flag("keepdims", keepdims))

    @named_arguments
    def backward(
        self,
        dy: Any,
        x: Any,
        *,
        out: Any = None,
        axis: Any = -1,
        keepdims: bool = False,
        scale: Any = 1.0,
        mask: Any = None,
    ) -> Any:
        """The gradient of the input from the gradient of the output and the input.

            logsumexp:  dx = dy * scale * softmax(scale*x + mask)

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape: that of `x` without the axis, or with 1 there (`keepdims`).
        x : array_like
            The input of the forward pass.
        out : ndarray, optional
            Where to put dx; may be `x` itself.
        axis : int, tuple of int or None, default -1
            That of the forward pass.
        keepdims : bool, default False
            That of the forward pass.
        scale, mask
            Those of the forward pass. Where a mask leaves an element out, its gradient is 0; a boolean or causal mask leaves it
            out of the sum, too. So does a masked array, in any operand; the gradient is masked there.

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
        return self._gradient(dy, "x", x, out, axis, scale, mask, keepdims=self._flag("keepdims", keepdims))
