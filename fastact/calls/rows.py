"""Functions of whole rows: along an axis each result depends on all the elements.

What a call means, the same on every backend: arguments, errors, documentation; no arithmetic. A backend supplies that as one
object, `Backend.rows`, with the functions of `numpy_rows.py`, which are given checked arrays only.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import backends
from ..runtime.memory import empty_array
from .elementwise import is_bfloat16, supported

if TYPE_CHECKING:
    from ..backends import Backend

Array = np.ndarray
_Method = TypeVar("_Method", bound=Callable[..., Any])

_EMPTY = ("nan", "zero", "uniform")
_SUPPORTED_TEXT = "float16, bfloat16, float32, float64, integers and bool"


@functools.lru_cache
def result_dtype(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of what is computed from these: floating ones are kept, in native byte order; integers and bool give float64.

    float16 and bfloat16 have none in common, which is a TypeError, as in NumPy.
    """
    kept = {np.dtype(dtype.type) if dtype.kind == "f" or is_bfloat16(dtype) else np.dtype(np.float64) for dtype in dtypes}
    return kept.pop() if len(kept) == 1 else np.result_type(*kept)


def computed_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype to which scale*x + mask is rounded, for x of this one."""
    return np.dtype(np.float32 if result_dtype(dtype).itemsize < 8 else np.float64)


class RowFunction:
    """A function along an axis on one backend: what the functions share.

    Attributes
    ----------
    name : str
        Its name on `fastact`.
    backend : str
        The backend that computes it.
    """

    name: str

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.backend = backend.name
        self.__name__ = self.__qualname__ = self.name
        # A text of its own: help() would otherwise take an instance for its class, and show how that is constructed.
        self.__doc__ = f"{self.name}{_shown_signature(self)}\n\n{inspect.cleandoc(type(self).__doc__ or '')}"

    def __repr__(self) -> str:
        return f"<fastact {self.name} on {self.backend}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _in_use, (self.name,)

    def __copy__(self) -> RowFunction:
        return self

    def __deepcopy__(self, memo: Any) -> RowFunction:
        return self

    def _operand(self, name: str, value: Any) -> Array:
        array = np.asarray(value)
        if not supported(array.dtype):
            raise TypeError(f"{self.name}: {name} has dtype {array.dtype}, which is not supported; it takes {_SUPPORTED_TEXT}")
        return array

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
        if isinstance(out, tuple):
            if len(out) != 1:
                raise TypeError(f"{self.name}: out must be one array, not a tuple of {len(out)}")
            out = out[0]
        if out is None:
            return None
        if not isinstance(out, Array):
            raise TypeError(f"{self.name}: out must be an array, not {type(out).__name__}")
        if out.shape != shape:
            raise ValueError(f"{self.name}: out has shape {out.shape}, the result {shape}")
        if not out.flags.writeable:
            raise ValueError(f"{self.name}: out is read-only")
        if out.dtype != dtype and not np.can_cast(dtype, out.dtype, "same_kind"):
            raise TypeError(f"{self.name}: out has dtype {out.dtype}, to which the result's, {dtype}, can't be cast")
        return out

    def _same_shape(self, dy: Array, saved: Array, name: str) -> None:
        if dy.shape != saved.shape:
            raise ValueError(f"{self.name}.backward: dy has shape {dy.shape}, {name} {saved.shape}")

    def _row_shape(self, dy: Array, x: Array, axis: int) -> None:
        wanted = x.shape[:axis] + x.shape[axis + 1 :]
        if dy.shape != wanted:
            raise ValueError(f"{self.name}.backward: dy has shape {dy.shape}, not {wanted}, x's {x.shape} without axis {axis}")


def _shown_signature(function: Any) -> inspect.Signature:
    """How it is called, without types, which are all Any."""
    parameters = inspect.signature(function).parameters.values()
    return inspect.Signature([parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters])


class AxisFunction(RowFunction):
    """A row function of one array with a ufunc behind it."""

    _ufunc_name: str

    @property
    def ufunc(self) -> Any:
        """The generalized ufunc behind it (on the NumPy backend an object with a ufunc's call)."""
        return self._backend.rows.gufunc(self._ufunc_name)

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
        if scale and is_bfloat16(getattr(x, "dtype", np.dtype(bool))):  # a Python number would not be weak beside it
            scale = (np.asarray(scale[0], np.float32),)  # type: ignore[assignment]
        keywords = {} if out is None else {"out": out}
        with np.errstate(all="ignore"):
            return self.ufunc(x, *scale, axis=axis, **keywords)


def maker(cls: type[RowFunction]) -> Callable[[Backend], RowFunction]:
    """What makes a function for a backend."""

    def make(backend: Backend) -> RowFunction:
        if backend.name == "numpy":
            return cls(backend)
        from ..backends.native import make_row_function

        return make_row_function(cls, backend)

    return make


def apart(out: Array | None, *inputs: Any) -> tuple[Any, ...]:
    """The inputs, copied where they share memory with `out` and are not laid out as it is."""
    if out is None:
        return inputs
    return tuple(array.copy() if isinstance(array, Array) and _entangled(out, array) else array for array in inputs)


def _entangled(out: Array, array: Array) -> bool:
    if array is out or not np.may_share_memory(out, array):
        return False
    if (
        out.dtype == array.dtype
        and out.shape == array.shape
        and out.strides == array.strides
        and out.__array_interface__["data"][0] == array.__array_interface__["data"][0]
    ):
        return False
    try:
        return np.shares_memory(out, array, max_work=1)  # type: ignore[arg-type]  # the stub knows two values only
    except np.exceptions.TooHardError:
        return True


# ---- softmax and its family -----------------------------------------------------------------------------------------

_PARAMETERS = """\
    Parameters
    ----------
    x : array_like
        The input: float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool; any layout. What a masked array masks
        takes no part; dask arrays and other kinds go through `ufunc`, without a mask.
    out : ndarray, optional
        Where to put the result, of its shape; may be `x` itself.
    axis : int, default -1
        The axis along which the elements of a row lie. **The default is the last axis**, as in JAX and ONNX; SciPy's is all axes
        together, and PyTorch makes you say which.
    scale : float, default 1
        What x is multiplied by; in attention 1/sqrt(width), in sampling 1/temperature.
    mask : array_like or "causal", optional
        Broadcast to the shape of `x`. Of bool: **True takes part**, False is left out, whatever is there, NaN included. (So in
        ``torch.nn.functional.scaled_dot_product_attention`` and ``jax.nn.softmax(where=)``; ``torch.nn.MultiheadAttention`` has
        it the other way round.) Floating: added to scale*x, so -inf masks. ``"causal"``: of the last two axes element (i, j)
        takes part where j <= i, as SDPA's ``is_causal``; `axis` must be the last. No mask changes the result's dtype."""

_EMPTY_PARAMETER = """
    empty : {{"nan", "zero", "uniform"}}, default "nan"
        What a row gives whose elements are all masked or -inf. "nan": NaN, as everywhere else; "zero":
        {zero}; "uniform": {uniform}, with n the row's length."""

_RAISES = """\
    Raises
    ------
    TypeError
        A complex, object, string or datetime dtype; a mask of integers; an `out` to which the result can't be cast.
    ValueError
        An `out` of another shape or read-only; a mask that doesn't broadcast, or "causal" for what has no two axes or along
        another than the last; a `scale` that isn't finite, an option that isn't known.
    numpy.exceptions.AxisError
        An axis out of range; there is none in a scalar."""

_BACKWARD = """{summary}

            dx = {formula}

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape.
        {saved}
        out : ndarray, optional
            Where to put dx; may be `dy` or `{saved_name}` itself.
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
        >>> from fastact import {name}
        >>> {example}
        {result}
        """


def _documented(text: str) -> Callable[[_Method], _Method]:
    """Give a method this docstring."""

    def decorate(method: _Method) -> _Method:
        method.__doc__ = text
        return method

    return decorate


class _Softmax(AxisFunction):
    """The calls that softmax, log_softmax and softmin share."""

    _ufunc_name = "softmax"
    _sign = 1
    _log = False

    def __call__(
        self, x: Any, out: Any = None, *, axis: int = -1, scale: float = 1.0, mask: Any = None, empty: str = "nan"
    ) -> Any:
        if empty not in _EMPTY:
            raise ValueError(f"{self.name}: empty must be one of {', '.join(map(repr, _EMPTY))}, not {empty!r}")
        factor = self._sign * self._number("scale", scale)
        if self._through_ufunc(x, out):
            if self._is_masked(x, out, mask):
                hidden = np.ma.getmaskarray(x)
                y = self(np.ma.getdata(x, subok=False), axis=axis, scale=scale, mask=~hidden, empty=empty)
                return np.ma.array(y, mask=hidden)
            if mask is not None or empty != "nan":
                raise TypeError(f"{self.name}: mask= and empty= take plain arrays, not {type(x).__name__}; give np.asarray(x)")
            return self._call_ufunc(x, factor, out=out, axis=axis)
        x = self._operand("x", x)
        axis = self._axis(axis, x.ndim)
        dtype = result_dtype(x.dtype)
        mask = self._mask(mask, x, axis)
        result = self._given(out, x.shape, dtype)
        x, mask = apart(result, x, mask)
        if result is None:
            result = empty_array(x.shape, dtype)
        if x.size:
            self._backend.rows.softmax(x, result, axis, factor, mask, empty, self._log)
        return result

    def _backward(self, dy: Any, y: Any, out: Any, axis: int, scale: float, mask: Any) -> Any:
        factor = self._sign * self._number("scale", scale)
        dy, y = self._operand("dy", dy), self._operand("y", y)
        self._same_shape(dy, y, "y")
        axis = self._axis(axis, y.ndim)
        dtype = result_dtype(dy.dtype, y.dtype)
        mask = self._mask(mask, y, axis)
        dx = self._given(out, y.shape, dtype)
        dy, y, mask = apart(dx, dy, y, mask)
        if dx is None:
            dx = empty_array(y.shape, dtype)
        if y.size:
            self._backend.rows.softmax_backward(dy, y, dx, axis, factor, mask, self._log)
        return dx


class Softmax(_Softmax):
    __doc__ = f"""Softmax along an axis: positive weights that sum to 1.

        f(x)_i = exp(z_i) / sum_j exp(z_j),  z = scale*x + mask

    Call it for the forward pass, `backward` for the gradient: ``help(fastact.softmax.backward)``.

{_PARAMETERS}{_EMPTY_PARAMETER.format(zero="0, so that such a query attends to nothing", uniform="1/n")}

    Returns
    -------
    y : ndarray
        Of the shape of `x`. Floating dtypes are kept; integers and bool give float64. Masked elements give
        0, but in a row that has no others: see `empty`.

{_RAISES}

    Notes
    -----
    Bridle, *Probabilistic Interpretation of Feedforward Classification Network Outputs* (1990); ``torch.softmax``,
    ``scipy.special.softmax``, ``jax.nn.softmax``. The largest z is subtracted first, so nothing overflows. A NaN or +inf that
    takes part makes its row NaN. The error is at most 4 ULP (in float64: 6) of the exact result for z, which is rounded to the
    dtype computed in (float32 for 16-bit input).

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import softmax
    >>> softmax(np.array([[1000.0, 1000.0], [-np.inf, 0.0]]))
    array([[0.5, 0.5],
           [0. , 1. ]])
    >>> softmax(np.zeros((3, 3)), mask="causal").round(2)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 0.5 , 0.  ],
           [0.33, 0.33, 0.33]])
    """

    name = "softmax"

    @_documented(
        _BACKWARD.format(
            summary="The gradient of the input from the gradient of the output and the output itself.",
            formula="scale * y * (dy - sum(y * dy))",
            saved="y : array_like\n            The output of the forward pass.",
            saved_name="y",
            name="softmax",
            example="softmax.backward(np.array([1.0, 0.0]), np.array([0.5, 0.5]))",
            result="array([ 0.25, -0.25])",
        )
    )
    def backward(self, dy: Any, y: Any, out: Any = None, *, axis: int = -1, scale: float = 1.0, mask: Any = None) -> Any:
        return self._backward(dy, y, out, axis, scale, mask)


class LogSoftmax(_Softmax):
    __doc__ = f"""The logarithm of softmax along an axis, without its underflow.

        f(x)_i = z_i - log(sum_j exp(z_j)),  z = scale*x + mask

    Call it for the forward pass, `backward` for the gradient: ``help(fastact.log_softmax.backward)``.

{_PARAMETERS}{_EMPTY_PARAMETER.format(zero="-inf, the logarithm of 0", uniform="-log n")}

    Returns
    -------
    y : ndarray
        Of the shape of `x`. Floating dtypes are kept; integers and bool give float64. Masked elements give
        -inf, but in a row that has no others: see `empty`.

{_RAISES}

    Notes
    -----
    ``torch.log_softmax``, ``scipy.special.log_softmax``, ``jax.nn.log_softmax``. Computed as (z - max) - log1p(s), s the sum
    of exp(z_j - max) over the other elements: where one of them dominates, all its digits are there, which log(1 + s) loses. A
    NaN or +inf that takes part makes its row NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import log_softmax
    >>> print(log_softmax(np.array([0.0, -50.0])))
    [-1.92874985e-22 -5.00000000e+01]
    """

    name = "log_softmax"
    _ufunc_name = "log_softmax"
    _log = True

    @_documented(
        _BACKWARD.format(
            summary="The gradient of the input from the gradient of the output and the output itself.",
            formula="scale * (dy - exp(y) * sum(dy))",
            saved="y : array_like\n            The output of the forward pass.",
            saved_name="y",
            name="log_softmax",
            example="log_softmax.backward(np.array([1.0, 0.0]), np.log([0.5, 0.5]))",
            result="array([ 0.5, -0.5])",
        )
    )
    def backward(self, dy: Any, y: Any, out: Any = None, *, axis: int = -1, scale: float = 1.0, mask: Any = None) -> Any:
        return self._backward(dy, y, out, axis, scale, mask)


class Softmin(_Softmax):
    __doc__ = f"""Softmin along an axis: softmax(-x), so the smallest element has the largest weight.

        f(x)_i = exp(z_i) / sum_j exp(z_j),  z = mask - scale*x

    Call it for the forward pass, `backward` for the gradient: ``help(fastact.softmin.backward)``. `ufunc` is softmax's,
    which takes ``-scale``.

{_PARAMETERS}{_EMPTY_PARAMETER.format(zero="0", uniform="1/n")}

    Returns
    -------
    y : ndarray
        Of the shape of `x`. Floating dtypes are kept; integers and bool give float64. Masked elements give
        0, but in a row that has no others: see `empty`.

{_RAISES}

    Notes
    -----
    ``torch.nn.functional.softmin``. As to the rest, see `softmax`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import softmin
    >>> softmin(np.array([0.0, np.inf, 0.0]))
    array([0.5, 0. , 0.5])
    """

    name = "softmin"
    _sign = -1

    @_documented(
        _BACKWARD.format(
            summary="The gradient of the input from the gradient of the output and the output itself.",
            formula="-scale * y * (dy - sum(y * dy))",
            saved="y : array_like\n            The output of the forward pass.",
            saved_name="y",
            name="softmin",
            example="softmin.backward(np.array([1.0, 0.0]), np.array([0.5, 0.5]))",
            result="array([-0.25,  0.25])",
        )
    )
    def backward(self, dy: Any, y: Any, out: Any = None, *, axis: int = -1, scale: float = 1.0, mask: Any = None) -> Any:
        return self._backward(dy, y, out, axis, scale, mask)


class LogSumExp(AxisFunction):
    __doc__ = f"""The logarithm of the sum of exponentials along an axis: a smooth maximum.

        f(x) = log(sum_j exp(z_j)),  z = scale*x + mask

    Call it for the forward pass, `backward` for the gradient: ``help(fastact.logsumexp.backward)``.

{_PARAMETERS.replace("of its shape; may be `x` itself", "of its shape")}

    Returns
    -------
    y : ndarray or scalar
        Of the shape of `x` without the axis. Floating dtypes are kept; integers and bool give float64.

{_RAISES}

    Notes
    -----
    ``torch.logsumexp``, ``scipy.special.logsumexp``, ``jax.nn.logsumexp``. Computed as max + log1p(s), s the sum of
    exp(z_j - max) over the other elements. A row without elements, or with all of them masked or -inf, gives -inf; one with
    a NaN that takes part NaN; one with +inf inf.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import logsumexp
    >>> logsumexp(np.array([[1000.0, 1000.0], [-np.inf, -np.inf]]))
    array([1000.69314718,          -inf])
    """

    name = "logsumexp"
    _ufunc_name = "logsumexp"

    def __call__(self, x: Any, out: Any = None, *, axis: int = -1, scale: float = 1.0, mask: Any = None) -> Any:
        factor = self._number("scale", scale)
        if self._through_ufunc(x, out):
            if self._is_masked(x, out, mask):
                hidden = np.ma.getmaskarray(x)
                y = self(np.ma.getdata(x, subok=False), axis=axis, scale=scale, mask=~hidden)
                return np.ma.array(y, mask=hidden.all(axis=axis))[()]
            if mask is not None:
                raise TypeError(f"{self.name}: mask= takes plain arrays, not {type(x).__name__}; give np.asarray(x)")
            return self._call_ufunc(x, factor, out=out, axis=axis)
        x = self._operand("x", x)
        axis = self._axis(axis, x.ndim)
        dtype = result_dtype(x.dtype)
        mask = self._mask(mask, x, axis)
        shape = x.shape[:axis] + x.shape[axis + 1 :]
        given = self._given(out, shape, dtype)
        x, mask = apart(given, x, mask)
        result = empty_array(shape, dtype) if given is None else given
        if x.size:
            self._backend.rows.logsumexp(x, result, axis, factor, mask)
        else:
            result.fill(-np.inf)
        return result if given is not None or shape else result[()]

    @_documented(
        _BACKWARD.format(
            summary="The gradient of the input from the gradient of the output and the input.",
            formula="dy * scale * softmax(scale*x + mask)",
            saved="x : array_like\n            The input of the forward pass.",
            saved_name="x",
            name="logsumexp",
            example="logsumexp.backward(2.0, np.array([7.0, 7.0]))",
            result="array([1., 1.])",
        ).replace("Gradient of the output, of its shape.", "Gradient of the output, of its shape: that of `x` without the axis.")
        .replace("`dy` or `x` itself", "`x` itself")
    )  # fmt: skip
    def backward(self, dy: Any, x: Any, out: Any = None, *, axis: int = -1, scale: float = 1.0, mask: Any = None) -> Any:
        factor = self._number("scale", scale)
        dy, x = self._operand("dy", dy), self._operand("x", x)
        axis = self._axis(axis, x.ndim)
        self._row_shape(dy, x, axis)
        dtype = result_dtype(dy.dtype, x.dtype)
        mask = self._mask(mask, x, axis)
        dx = self._given(out, x.shape, dtype)
        dy, x, mask = apart(dx, dy, x, mask)
        if dx is None:
            dx = empty_array(x.shape, dtype)
        if x.size:
            self._backend.rows.logsumexp_backward(dy, x, dx, axis, factor, mask)
        return dx


# ---- sparsemax and maxout -------------------------------------------------------------------------------------------


class Sparsemax(AxisFunction):
    """Sparsemax along an axis: weights that sum to 1, most of them exactly 0.

        f(x)_i = max(x_i - t, 0),  t such that sum_i f(x)_i = 1

    the point of the probability simplex nearest to x. Call it for the forward pass, `backward` for the gradient:
    ``help(fastact.sparsemax.backward)``.

    Parameters
    ----------
    x : array_like
        The input: float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool; any layout.
    out : ndarray, optional
        Where to put the result, of its shape; may be `x` itself.
    axis : int, default -1
        The axis along which the weights sum to 1: by default the last.

    Returns
    -------
    y : ndarray
        Of the shape of `x`. Floating dtypes are kept; integers and bool give float64.

    Raises
    ------
    TypeError
        A complex, object, string or datetime dtype; an `out` to which the result can't be cast.
    ValueError
        An `out` of another shape or read-only.
    numpy.exceptions.AxisError
        An axis out of range.

    Notes
    -----
    Martins and Astudillo, *From Softmax to Sparsemax* (2016). The largest element is subtracted first; the error is a few ULP
    of 1, the row's sum. A row with a NaN or +inf, or of -inf alone, gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import sparsemax
    >>> sparsemax(np.array([1.0, 0.5, -1.0]))
    array([0.75, 0.25, 0.  ])
    """

    name = "sparsemax"
    _ufunc_name = "sparsemax"

    def __call__(self, x: Any, out: Any = None, *, axis: int = -1) -> Any:
        if self._through_ufunc(x, out):
            if self._is_masked(x, out):
                return np.ma.array(self(self._without_masked(x), axis=axis), mask=np.ma.getmaskarray(x))
            return self._call_ufunc(x, out=out, axis=axis)
        x = self._operand("x", x)
        axis = self._axis(axis, x.ndim)
        dtype = result_dtype(x.dtype)
        result = self._given(out, x.shape, dtype)
        (x,) = apart(result, x)
        if result is None:
            result = empty_array(x.shape, dtype)
        if x.size:
            self._backend.rows.sparsemax(x, result, axis)
        return result

    def backward(self, dy: Any, y: Any, out: Any = None, *, axis: int = -1) -> Any:
        """The gradient of the input from the gradient of the output and the output itself.

            dx_i = dy_i - mean(dy where y > 0) where y_i > 0, else 0

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape.
        y : array_like
            The output of the forward pass.
        out : ndarray, optional
            Where to put dx; may be `dy` or `y` itself.
        axis : int, default -1
            The axis of the forward pass.

        Returns
        -------
        dx : ndarray
            The gradient of x, of its shape and of the common dtype of the two.

        Raises
        ------
        TypeError, ValueError, numpy.exceptions.AxisError
            As in the forward pass, or `dy` and `y` of different shapes.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import sparsemax
        >>> sparsemax.backward(np.array([1.0, 0.0, 7.0]), np.array([0.75, 0.25, 0.0]))
        array([ 0.5, -0.5,  0. ])
        """
        dy, y = self._operand("dy", dy), self._operand("y", y)
        self._same_shape(dy, y, "y")
        axis = self._axis(axis, y.ndim)
        dtype = result_dtype(dy.dtype, y.dtype)
        dx = self._given(out, y.shape, dtype)
        dy, y = apart(dx, dy, y)
        if dx is None:
            dx = empty_array(y.shape, dtype)
        if y.size:
            self._backend.rows.sparsemax_backward(dy, y, dx, axis)
        return dx


class Maxout(AxisFunction):
    """Maxout: the largest element along an axis, which is removed.

        f(x) = max_j x_j

    Call it for the forward pass, `backward` for the gradient: ``help(fastact.maxout.backward)``. The units that compete
    lie along the axis: give the output of a layer reshaped to (..., groups, units of a group).

    Parameters
    ----------
    x : array_like
        The input: float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool; any layout.
    out : ndarray, optional
        Where to put the result, of its shape.
    axis : int, default -1
        The axis along which the largest element is sought: by default the last.

    Returns
    -------
    y : ndarray or scalar
        Of the shape of `x` without the axis. Floating dtypes are kept; integers and bool give float64.

    Raises
    ------
    TypeError
        A complex, object, string or datetime dtype; an `out` to which the result can't be cast.
    ValueError
        Rows without elements; an `out` of another shape or read-only.
    numpy.exceptions.AxisError
        An axis out of range.

    Notes
    -----
    Goodfellow et al., *Maxout Networks* (2013). ``np.max`` with a gradient. A row with a NaN gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import maxout
    >>> maxout(np.array([[1.0, 3.0], [2.0, -1.0]]))
    array([3., 2.])
    """

    name = "maxout"
    _ufunc_name = "maxout"

    def __call__(self, x: Any, out: Any = None, *, axis: int = -1) -> Any:
        if self._through_ufunc(x, out):
            if self._is_masked(x, out):
                return np.ma.array(self(self._without_masked(x), axis=axis), mask=np.ma.getmaskarray(x).all(axis=axis))[()]
            return self._call_ufunc(x, out=out, axis=axis)
        x = self._operand("x", x)
        axis = self._axis(axis, x.ndim)
        self._some(x, axis)
        dtype = result_dtype(x.dtype)
        shape = x.shape[:axis] + x.shape[axis + 1 :]
        given = self._given(out, shape, dtype)
        (x,) = apart(given, x)
        result = empty_array(shape, dtype) if given is None else given
        if x.size:
            self._backend.rows.maxout(x, result, axis)
        return result if given is not None or shape else result[()]

    def backward(self, dy: Any, x: Any, out: Any = None, *, axis: int = -1) -> Any:
        """The gradient of the input from the gradient of the output and the input: dy at each row's first maximum, 0 elsewhere.

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
        dy, x = self._operand("dy", dy), self._operand("x", x)
        axis = self._axis(axis, x.ndim)
        self._some(x, axis)
        self._row_shape(dy, x, axis)
        dtype = result_dtype(dy.dtype, x.dtype)
        dx = self._given(out, x.shape, dtype)
        dy, x = apart(dx, dy, x)
        if dx is None:
            dx = empty_array(x.shape, dtype)
        if x.size:
            self._backend.rows.maxout_backward(dy, x, dx, axis)
        return dx

    def _some(self, x: Array, axis: int) -> None:
        if not x.shape[axis] and math.prod(x.shape[:axis] + x.shape[axis + 1 :]):
            raise ValueError(f"{self.name}: a row of no elements has no maximum (x has shape {x.shape}, axis {axis})")


#: The functions by name.
functions: dict[str, type[RowFunction]] = {cls.name: cls for cls in (Softmax, LogSoftmax, Softmin, LogSumExp, Sparsemax, Maxout)}


backends.families.update({name: maker(cls) for name, cls in functions.items()})


def _in_use(name: str) -> Any:
    return getattr(backends.current(), name)


softmax: Softmax = _in_use("softmax")
log_softmax: LogSoftmax = _in_use("log_softmax")
softmin: Softmin = _in_use("softmin")
logsumexp: LogSumExp = _in_use("logsumexp")
sparsemax: Sparsemax = _in_use("sparsemax")
maxout: Maxout = _in_use("maxout")
