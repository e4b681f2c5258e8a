"""Functions of whole rows: along an axis each result depends on all the elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from .contract import is_bfloat16, supported


class Softmax:
    """Softmax along an axis: positive weights that sum to 1.

        f(x)_i = exp(x_i) / sum_j exp(x_j)

    Call it for the forward pass, `backward` for the gradient.

    Parameters
    ----------
    x : array_like
        The logits. Floating dtypes are kept (all are computed in float64); integers and bool give float64.
    out : ndarray, optional
        Where to put the result, of its shape; may be `x` itself.
    axis : int, default -1
        The axis along which the weights sum to 1. **The default is the last axis**; SciPy's is all axes together.

    Returns
    -------
    y : ndarray
        Of the shape of `x`.

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
    Bridle, *Probabilistic Interpretation of Feedforward Classification Network Outputs* (1990); ``torch.softmax``. The largest
    logit is subtracted first, so nothing overflows. A row with a NaN or an inf, or of -inf alone, gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import softmax
    >>> softmax(np.array([[1000.0, 1000.0], [-np.inf, 0.0]]))
    array([[0.5, 0.5],
           [0. , 1. ]])
    """

    name = __name__ = __qualname__ = "softmax"

    def __call__(self, x: Any, out: np.ndarray | None = None, *, axis: int = -1) -> Any:
        x = self._operand("x", x)
        self._check(x, out, axis)
        with np.errstate(all="ignore"):
            wide = x.astype(np.float64, copy=False)
            largest = np.maximum.reduce(wide, axis=axis, keepdims=True, initial=-np.inf)
            z = wide - largest
            lost = (wide - (z + largest)) + ((z + largest) - z - largest) if x.dtype.itemsize >= 8 else None
            np.exp(z, out=z)
            if lost is not None:
                # The difference's own rounding error, without which the exponential's error would grow with its argument.
                z += z * np.where(np.isfinite(lost), lost, 0)
            total = np.add.reduce(z, axis=axis, keepdims=True)
            if out is None:
                return np.divide(z, total, out=z).astype(_result(x.dtype), copy=False)
            return np.divide(z, total, out=out, casting="same_kind")

    def backward(self, dy: Any, y: Any, out: np.ndarray | None = None, *, axis: int = -1) -> Any:
        """The gradient of the logits from the gradient of the output and the output itself.

            dx = y * (dy - sum(y * dy))

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
            Of the shape of `y`.

        Raises
        ------
        TypeError, ValueError, numpy.exceptions.AxisError
            As in the forward pass, or `dy` and `y` of different shapes.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import softmax
        >>> softmax.backward(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
        array([ 0.25, -0.25])
        """
        dy, y = self._operand("dy", dy), self._operand("y", y)
        if dy.shape != y.shape:
            raise ValueError(f"softmax.backward: dy has shape {dy.shape}, y {y.shape}")
        self._check(y, out, axis)
        dtype = np.result_type(_result(dy.dtype), _result(y.dtype))
        with np.errstate(all="ignore"):
            y = y.astype(np.float64, copy=False)
            g = dy.astype(np.float64, copy=False)
            centred = g - np.add.reduce(y * g, axis=axis, keepdims=True)
            if out is None:
                return np.multiply(y, centred, out=centred).astype(dtype, copy=False)
            return np.multiply(y, centred, out=out, casting="same_kind")

    def __repr__(self) -> str:
        return "<fastact softmax>"

    def _operand(self, name: str, value: Any) -> np.ndarray:
        array = np.asarray(value)
        if not supported(array.dtype):
            raise TypeError(
                f"softmax: {name} has dtype {array.dtype}, which is not supported; it takes float16, bfloat16, float32, "
                "float64, integers and bool"
            )
        return array

    def _check(self, x: np.ndarray, out: Any, axis: int) -> None:
        np.lib.array_utils.normalize_axis_index(axis, x.ndim)
        if out is None:
            return
        if not isinstance(out, np.ndarray):
            raise TypeError(f"softmax: out must be an array, not {type(out).__name__}")
        if out.shape != x.shape:
            raise ValueError(f"softmax: out has shape {out.shape}, the result {x.shape}")
        if not out.flags.writeable:
            raise ValueError("softmax: out is read-only")


def _result(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if is_bfloat16(dtype) else dtype.newbyteorder("=") if dtype.kind == "f" else np.dtype(np.float64)


softmax = Softmax()
