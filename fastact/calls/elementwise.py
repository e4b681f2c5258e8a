"""`Activation`: what a call means, the same on every backend. Arguments, errors, documentation; no arithmetic.

A backend supplies the arithmetic as one ufunc for each kind of call; a compiled backend adds a fast path in front.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..functions.entry import Entry, Info
from ..functions.kinds import (
    BACKWARD,
    BACKWARD_BIAS,
    BACKWARD_BY_PARAMETER,
    BACKWARD_BY_PARAMETER_BIAS,
    BACKWARD_FROM_OUTPUT,
    FORWARD,
    FORWARD_BIAS,
    VALUE_AND_GRAD,
    Kind,
)
from ..functions.noise import Noise
from . import classes
from .arrays import SUPPORTED_TEXT, broadcast, check_out, dtype_of, is_bfloat16, only, operand, pair, promoted, supported
from .bound import Backend, WithUfuncs
from .documentation import documentation, signature
from .sums import sum_by_column, sum_to_shape


class Activation(WithUfuncs):
    """An activation function: call it for the forward pass; its methods give the rest.

    `fastact.activations` maps the names to the instances; see the documentation of each, as in ``help(fastact.relu)``.

    Attributes
    ----------
    name : str
        The name it is registered under.
    params : mapping
        Its parameters with their defaults.
    info : fastact.Info
        Formula, derivative, range and other properties, and the error bound.
    ufunc : numpy.ufunc
        The ufunc behind it, which takes the parameters as further inputs (on the NumPy backend an object with a
        ufunc's call).
    backend : str
        The backend that computes it.
    """

    def __init__(self, entry: Entry, backend: Backend) -> None:
        super().__init__(entry, backend, entry)
        self.params: Mapping[str, float] = MappingProxyType({p.name: p.default for p in entry.options})
        self.info: Info = entry.info
        self.__signature__ = signature(entry)
        self.__doc__ = documentation(entry)

    def __call__(
        self,
        x: Any,
        out: Any = None,
        *,
        where: Any = True,
        dtype: Any = None,
        bias: Any = None,
        **params: Any,
    ) -> Any:
        values, rng = self._values(params, "out, where, dtype, bias")
        operands = [self._operand("x", x)]
        self._check_broadcast(values, operands[0])
        if bias is not None:
            operands.append(self._bias(bias, operands[0]))
        if self._entry.keeps_integers and dtype is None:
            values = self._fitting(values, operands)
        return self._run(FORWARD if bias is None else FORWARD_BIAS, operands, values, (only(self.name, out),), rng, where, dtype)

    def backward(self, dy: Any, x: Any = None, out: Any = None, *, y: Any = None, bias: Any = None, **params: Any) -> Any:
        """The gradient of the input from the gradient of the output: dy * f'(x), in one pass.

        Parameters
        ----------
        dy : array_like
            Gradient of the output; broadcast to the shape of `x`.
        x : array_like
            The input of the forward pass.
        out : ndarray, optional
            Where to put dx; may be `dy` or `x` itself.
        y : array_like
            Instead of `x`, the output of the forward pass, where the derivative can be had from it.
        bias : array_like of shape (x.shape[-1],), optional
            The bias of the forward pass: the derivative is taken at x + bias, and the bias gradient is returned too, the sum of
            dx over all other axes. It is summed in float64, by the shape alone, and rounded once: neither strides nor the
            number of threads change its bits.
        **params
            The activation's parameters, as in the forward pass.

        Returns
        -------
        dx : ndarray
            dy * f'(x), of the shape of `x`. With an array parameter (prelu's slope) or a `bias` a tuple: dx, then the
            parameter's gradient, then dbias, each summed to the shape of what it belongs to.

        Raises
        ------
        TypeError
            Both or neither of `x` and `y`; `y` where the derivative can't be had from the output; a wrong dtype or
            keyword.
        ValueError
            Shapes that don't fit, a read-only `out`, a parameter out of its domain.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import relu
        >>> relu.backward(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.0, 1.0]))
        array([0., 0., 3.])
        """
        if classes.is_dataset(dy, x, y):
            given = {"bias": bias, **params}
            return classes.by_variable(f"{self.name}.backward", self.backward, {"dy": dy, "x": x, "y": y}, given)
        values, rng = self._values(params, "out, y, bias", from_output=y is not None)
        if (x is None) == (y is None):
            raise TypeError(f"{self.name}.backward takes either x or y=; {'neither was' if x is None else 'both were'} given")
        if y is None:
            kind, saved_name, saved = BACKWARD, "x", x
        elif self._entry.derivative_from_output is None:
            raise TypeError(f"{self.name}.backward: the derivative of {self.name} can't be had from its output; give x, not y=")
        else:
            kind, saved_name, saved = BACKWARD_FROM_OUTPUT, "y", y
        operands = [self._operand("dy", dy), self._operand(saved_name, saved)]
        if classes.is_jagged(*operands):
            if bias is None and not self._entry.learnt_parameter:
                return self._run(kind, operands, values, (only(self.name, out),), rng)
            function = f"{self.name}.backward"  # the gradient of what is broadcast takes a shape
            operands = [classes.plain(function, name, value) for name, value in zip(("dy", saved_name), operands, strict=True)]
        dy, saved = operands
        self._check_broadcast(values, saved)
        shape = np.shape(saved)
        if broadcast(np.shape(dy), shape) != shape:
            raise ValueError(
                f"{self.name}.backward: dy of shape {np.shape(dy)} does not broadcast to {saved_name} of shape {shape}"
            )
        if bias is not None:
            bias = self._bias(bias, saved)
            for array in out if isinstance(out, tuple) else (out,):
                if isinstance(array, np.ndarray) and not supported(array.dtype):
                    raise TypeError(f"{self.name}.backward: out has dtype {array.dtype}, which dbias can't be summed in")
            if y is None:
                kind = BACKWARD_BIAS
                operands.append(bias)
        gradients: list[Any] = []
        if self._entry.learnt_parameter:
            self._check_out((out,), operands + values, True)
            by_parameter = BACKWARD_BY_PARAMETER if bias is None else BACKWARD_BY_PARAMETER_BIAS
            elementwise = self._run(by_parameter, operands, values, (None,))
            gradients.append(sum_to_shape(elementwise, np.shape(values[0])))
        dx = self._run(kind, operands, values, (only(self.name, out),), rng)
        if bias is not None:
            gradients.append(self._sum_rows(dx) if type(dx) is np.ndarray else sum_to_shape(dx, np.shape(bias)))
        return (dx, *gradients) if gradients else dx

    def value_and_grad(self, x: Any, out: tuple[Any, Any] = (None, None), **params: Any) -> tuple[Any, Any]:
        """The pair f(x), f'(x) in one pass, what they share computed once.

        Parameters
        ----------
        x : array_like
            The input.
        out : pair of ndarray or None, optional
            Where to put the two results.
        **params
            The activation's parameters.

        Returns
        -------
        y, d : ndarray
            f(x) and f'(x), both of the shape of `x`.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import sigmoid
        >>> y, d = sigmoid.value_and_grad(np.array([0.0]))
        >>> y, d
        (array([0.5]), array([0.25]))
        """
        values, rng = self._values(params, "out")
        out = pair(f"{self.name}.value_and_grad", out, "y, d")
        x = self._operand("x", x)
        self._check_broadcast(values, x)
        y, d = self._run(VALUE_AND_GRAD, [x], values, out, rng)
        return y, d

    @property
    def ufunc(self) -> Any:
        return self._ufunc(FORWARD)

    def __repr__(self) -> str:
        return f"<activation {self.name!r} on {self.backend}>"

    def _ufunc_name(self, kind: Kind) -> str:
        return self.name if kind is FORWARD else f"{self.name}_{kind.name}"

    def _values(self, params: dict[str, Any], accepted: str, from_output: bool = False) -> tuple[list[Any], Any]:
        """The parameters' values in order, checked, and the generator to draw from."""
        entry = self._entry
        rng = params.pop("rng", None) if entry.noise else None
        if rng is not None and not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"{self.name}: rng must be a np.random.Generator, such as np.random.default_rng(seed), not {type(rng).__name__}"
            )
        for name in params:
            if name not in self.params:
                takes = ", ".join([accepted, *self.params, *(["rng"] if entry.noise else [])])
                raise TypeError(f"{self.name}: unexpected keyword argument {name!r}; it takes {takes}")
        values = []
        for p in entry.options:
            value = params.get(p.name, p.default)
            if p.array:
                values.append(self._operand(p.name, value))
                continue
            value = self._number(p.name, value)
            if not p.admits(value):
                raise ValueError(f"{self.name}: {p.name} must be {p.domain}, not {value!r}")
            low = entry.from_output_low.get(p.name)
            if from_output and low is not None and value < low:
                raise ValueError(
                    f"{self.name}.backward: with {p.name}={value!r} the output does not determine the derivative; give x, "
                    f"not y= (which needs {p.name} >= {low:g})"
                )
            values.append(value)
        if entry.ordered:
            least, most = (values[list(self.params).index(name)] for name in entry.ordered)
            if least > most:
                raise ValueError(f"{self.name}: {entry.ordered[0]}={least!r} is greater than {entry.ordered[1]}={most!r}")
        return values, rng

    def _run_drawn(
        self, kind: Kind, operands: list[Any], out: tuple[Any, ...], rng: Any, noise: Noise, options: dict[str, float]
    ) -> Any:
        """A backend's way to compute with noise and no array of it; None where it has none."""
        return None

    def _sum_rows(self, dx: np.ndarray) -> np.ndarray:
        """The bias gradient: the sum of dx over all axes but the last."""
        return sum_by_column(dx)

    def _fitting(self, values: list[Any], operands: list[Any]) -> list[Any]:
        """Integer parameters for integer input, in its dtype; others as they are."""
        x = operands[0]
        dtype = dtype_of(x)
        kind = "" if dtype is None else dtype.kind
        if kind not in ("i", "u", "b") or len(operands) > 1 or not values or not all(type(value) is int for value in values):
            return values
        low, high = (0, 1) if kind == "b" else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
        fitted = []
        for name, value in zip(self.params, values, strict=True):
            if name in self._entry.thresholds:
                value = min(max(value, low), high)  # noqa: PLW2901
            elif not low <= value <= high:
                raise ValueError(f"{self.name}: {name}={value} does not fit input of dtype {x.dtype}; convert the input first")
            fitted.append(x.dtype.type(value))
        return fitted

    def _number(self, name: str, value: Any) -> float:
        """A Python number, which never changes the result's dtype (NEP 50)."""
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, numbers.Real):
            return float(value)
        raise TypeError(f"{self.name}: {name} must be a real number, not {type(value).__name__}")

    def _operand(self, name: str, value: Any) -> Any:
        return operand(self.name, name, value)

    def _check_broadcast(self, values: list[Any], x: Any) -> None:
        """Results have the shape of x: a parameter that is an array must broadcast to it."""
        if self._entry.learnt_parameter is None or np.ndim(values[0]) == 0:
            return
        shape, own = np.shape(x), np.shape(values[0])
        try:
            fits = broadcast(shape, own) == shape
        except ValueError:
            fits = False
        if not fits:
            name = self._entry.learnt_parameter.name
            raise ValueError(f"{self.name}: {name} of shape {own} does not broadcast to the shape {shape} of the input")

    def _bias(self, bias: Any, x: Any) -> Any:
        bias = self._operand("bias", bias)
        shape = np.shape(x)
        if np.ndim(bias) != 1 or not shape or np.shape(bias)[0] != shape[-1]:
            raise ValueError(
                f"{self.name}: bias of shape {np.shape(bias)} does not fit the last axis of an input of shape {shape}; "
                f"it must have shape {shape[-1:] or '(n,), and the input at least one axis'}"
            )
        return bias

    def _check_out(self, out: tuple[Any, ...], operands: list[Any], where: Any) -> None:
        shape = broadcast(*map(np.shape, operands), () if where is True else np.shape(where))
        for array in out:
            check_out(self.name, array, shape)

    def _run(
        self,
        kind: Kind,
        operands: list[Any],
        values: list[Any],
        out: tuple[Any, ...],
        rng: Any = None,
        where: Any = True,
        dtype: Any = None,
    ) -> Any:
        if noise := self._entry.noise:
            options = dict(zip(self.params, values, strict=True))
            values = [noise.mean(options)]
            if rng is not None:
                if where is True and dtype is None:
                    results = self._run_drawn(kind, operands, out, rng, noise, options)
                    if results is not None:
                        return results
                drawn = noise.draw(rng, broadcast(*map(np.shape, operands)), options)
                result = np.result_type(*map(promoted, operands)) if dtype is None else np.dtype(dtype)
                narrow = result in (np.float32, np.float16) or is_bfloat16(result)
                values = [drawn.astype(np.float32) if narrow else drawn]
        ufunc = self._ufunc(kind)
        keywords: dict[str, Any] = {}
        if where is not True:
            keywords["where"] = where
        if dtype is not None:
            keywords["dtype"] = np.dtype(dtype)
            if not supported(keywords["dtype"]):
                raise TypeError(f"{self.name}: dtype {keywords['dtype']} is not supported; it takes {SUPPORTED_TEXT}")
            if is_bfloat16(keywords["dtype"]):  # for other packages' dtypes ufuncs find the loop by their inputs only
                bfloat16 = keywords.pop("dtype")
                with np.errstate(all="ignore"):
                    operands = [np.asanyarray(value).astype(bfloat16, copy=False) for value in operands]
        operands, values = self._bfloat16_numbers(operands, values)
        given = any(array is not None for array in out)
        if given:
            self._check_out(out, operands + values, where)
            keywords["out"] = out
        if (family := classes.family(*operands, *values)) not in (None, "wrap"):
            return classes.elementwise(family, ufunc, operands, values, keywords)
        huge = any(isinstance(value, float) and abs(value) > 1e38 for value in values)
        if given or huge or dtype is not None:  # a conversion of results or parameters may overflow
            with np.errstate(all="ignore"):
                return ufunc(*operands, *values, **keywords)
        return ufunc(*operands, *values, **keywords)
