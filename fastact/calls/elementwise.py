"""`Activation`: what a call means, the same on every backend. Arguments, errors, documentation; no arithmetic.

A backend supplies the arithmetic as one ufunc for each kind of call; a compiled backend adds a fast path in front.
"""

from __future__ import annotations

import functools
import math
import numbers
import operator
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..functions.entry import Entry, Info, Parameter
from ..functions.kinds import (
    BACKWARD,
    BACKWARD_BIAS,
    BACKWARD_FROM_OUTPUT,
    FORWARD,
    FORWARD_BIAS,
    VALUE_AND_GRAD,
    VALUE_AND_GRAD_BIAS,
    Kind,
    by_parameter,
    learnt,
)
from ..functions.noise import Noise
from . import classes, derived
from .arguments import generator, named_arguments, saved_operand
from .arrays import apart, broadcast, check_out, common_dtype, dtype_of, is_bfloat16, is_symbol, only, operand, pair, weak_floats
from .bound import Backend, WithUfuncs, call_ufunc
from .documentation import OnDemand, call_signature, documentation
from .manners import PLAIN, Manner, check_cast
from .manners import manner as ufunc_manner
from .sums import sum_by_column, sum_like_bias, sum_to_shape, without_unit_axes


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
    derivative : fastact.Activation
        f' as an activation of its own, with the same parameters: ``gelu.derivative(x)``. It has a derivative, too, which is f''.
        An activation that draws numbers has none.
    backend : str
        The backend that computes it.
    """

    def __init__(self, entry: Entry, backend: Backend) -> None:
        super().__init__(entry, backend, entry)
        self.params: Mapping[str, float] = MappingProxyType({p.name: p.default for p in entry.options})
        self._learnt = learnt(entry)
        # Of each parameter that is a number the least and the largest magnitude for the loops. None where there is none.
        magnitudes = {k: p.ordinary for k, p in enumerate(entry.parameters) if not p.array}
        self._magnitudes = magnitudes or None
        self._parameter_names = (*self.params, *(["rng"] if entry.noise else []))

    __signature__ = OnDemand("__signature__", lambda self: call_signature(self._entry))

    @functools.cached_property
    def info(self) -> Info:
        """The properties."""
        return self._entry.info

    @named_arguments
    def __call__(
        self,
        x: Any,
        *,
        out: Any = None,
        where: Any = True,
        dtype: Any = None,
        bias: Any = None,
        bias_axis: Any = -1,
        casting: Any = "same_kind",
        order: Any = "K",
        subok: Any = True,
        signature: Any = None,
        **params: Any,
    ) -> Any:
        plain = where is True and dtype is signature is None and casting == "same_kind" and order == "K" and subok is True
        if type(x) is not np.ndarray and is_symbol(x, *params.values()):
            return self._in_formula(x, params, plain and out is None and bias is None)
        if params and (variant := self._variant(params)) is not None:
            manners = {"where": where, "dtype": dtype, "casting": casting, "order": order, "subok": subok, "signature": signature}
            return variant(x, out=out, bias=bias, bias_axis=bias_axis, **({} if plain else manners), **params)
        values, rng = self._values(params)
        kind = FORWARD if bias is None else FORWARD_BIAS
        manner = PLAIN
        if not plain:
            manner = ufunc_manner(self.name, self._entry.keeps_integers, where, dtype, casting, order, subok, signature)
        operands = [self._operand("x", x)]
        values = self._along(values, operands[0])
        if bias is not None:
            operands.append(self._bias(self.name, bias, bias_axis, operands[0]))
        if self._entry.keeps_integers:
            values = self._fitting(values, operands, manner.y)
        return self._run(kind, operands, values, (only(self.name, out),), rng, manner)

    @named_arguments
    def backward(
        self, dy: Any, x: Any = None, *, y: Any = None, out: Any = None, bias: Any = None, bias_axis: Any = -1, **params: Any
    ) -> Any:
        """The gradient of the input from the gradient of the output: dy * f'(x), in one pass.

        Parameters
        ----------
        dy : array_like
            Gradient of the output; broadcast to the shape of `x`.
        x : array_like
            The input of the forward pass.
        y : array_like
            Instead of `x`, the output of the forward pass, where the derivative can be had from it.
        out : ndarray, optional
            Where to put dx; may be `dy`, `x` or `y` itself.
        bias, bias_axis : optional
            The bias of the forward pass, as there: the derivative is taken at x + bias, and the bias gradient is returned too,
            the sum of dx over all axes along which the bias does not lie, in the shape of the bias. It is summed in float64, by
            the shape alone, and rounded once: neither strides nor the number of threads change its bits.
        **params
            The activation's parameters, as in the forward pass. One that is given as an array is learnt.

        Returns
        -------
        dx : ndarray
            dy * f'(x), of the shape of `x`. With array parameters (prelu's slope always is one) or a `bias` a tuple: dx, then the
            gradients of these parameters in their order, then dbias, each summed to the shape of what it belongs to.

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
        >>> images, bias = np.ones((5, 2, 4, 4)), np.array([1.0, -1.0])  # a bias for each channel
        >>> dx, dbias = relu.backward(images, images, bias=bias, bias_axis=1)
        >>> dbias
        array([80.,  0.])
        >>> from fastact import silu
        >>> dx, dbeta = silu.backward(images, images, beta=np.ones((2, 1, 1)))  # a beta for each channel
        >>> dbeta.shape
        (2, 1, 1)
        """
        if classes.is_dataset(dy, x, y):
            given = {"bias": bias, "bias_axis": bias_axis, **params}
            return classes.by_variable(f"{self.name}.backward", self.backward, {"dy": dy, "x": x, "y": y}, given)
        if params and (variant := self._variant(params, from_output=y is not None)) is not None:
            return variant.backward(dy, x, y=y, out=out, bias=bias, bias_axis=bias_axis, **params)
        values, rng = self._values(params, from_output=y is not None)
        saved_name, saved = saved_operand(f"{self.name}.backward", x, y)
        if y is not None and self._entry.derivative_from_output is None:
            raise TypeError(f"{self.name}.backward: the derivative of {self.name} can't be had from its output; give x, not y=")
        kind = BACKWARD if y is None else BACKWARD_FROM_OUTPUT
        operands = [self._operand("dy", dy), self._operand(saved_name, saved)]
        if classes.is_jagged(*operands):
            if bias is None and not self._learnt:
                return self._run(kind, operands, values, (only(self.name, out),), rng)
            function = f"{self.name}.backward"  # the gradient of what is broadcast takes a shape
            operands = [classes.plain(function, name, value) for name, value in zip(("dy", saved_name), operands, strict=True)]
        dy, saved = operands
        shapes = [np.shape(value) for value in values]
        values = self._along(values, saved)
        shape = np.shape(saved)
        if broadcast(np.shape(dy), shape) != shape:
            raise ValueError(
                f"{self.name}.backward: dy of shape {np.shape(dy)} does not broadcast to {saved_name} of shape {shape}"
            )
        bias_shape: tuple[int, ...] = ()
        if bias is not None:
            bias = self._operand("bias", bias)
            bias_shape = np.shape(bias)
            bias = self._bias(f"{self.name}.backward", bias, bias_axis, saved)
            if y is None:
                kind = BACKWARD_BIAS
                operands.append(bias)
        gradients: list[Any] = []
        if self._learnt:
            self._check_out((out,), operands + values, True)
        for k in self._learnt:  # before dx is written, maybe in the place of an operand
            elementwise = self._run(by_parameter(k, bias is not None), operands, values, (None,))
            gradients.append(self._sum_like_parameter(elementwise, np.shape(values[k])).reshape(shapes[k])[()])
        dx = self._run(kind, operands, values, (only(self.name, out),), rng)
        if bias is not None:
            gradients.append(self._sum_like_bias(dx, np.shape(bias)).reshape(bias_shape))
        return (dx, *gradients) if gradients else dx

    @named_arguments
    def value_and_grad(
        self, x: Any, *, out: tuple[Any, Any] = (None, None), bias: Any = None, bias_axis: Any = -1, **params: Any
    ) -> tuple[Any, Any]:
        """The pair f(x), f'(x) in one pass, what they share computed once.

        Parameters
        ----------
        x : array_like
            The input.
        out : pair of ndarray or None, optional
            Where to put the two results, which must not share memory; one may be `x` itself.
        bias, bias_axis : optional
            Added to the input first, as in a call: the pair is f(x + bias), f'(x + bias).
        **params
            The activation's parameters.

        Returns
        -------
        y, d : ndarray
            f(x) and f'(x), both of the shape of `x`.

        Raises
        ------
        TypeError
            A wrong dtype or keyword, an `out` that is not a pair.
        ValueError
            An `out` of another shape, read-only, or sharing memory with the other; a bias that doesn't fit; a parameter out of
            its domain.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import sigmoid
        >>> y, d = sigmoid.value_and_grad(np.array([0.0]))
        >>> y, d
        (array([0.5]), array([0.25]))
        >>> sigmoid.value_and_grad(np.array([3.0]), bias=np.array([-3.0]))
        (array([0.5]), array([0.25]))
        """
        if params and (variant := self._variant(params)) is not None:
            pair_of_results: tuple[Any, Any] = variant.value_and_grad(x, out=out, bias=bias, bias_axis=bias_axis, **params)
            return pair_of_results
        values, rng = self._values(params)
        out = pair(f"{self.name}.value_and_grad", out, "y, d")
        x = self._operand("x", x)
        values = self._along(values, x)
        kind, operands = VALUE_AND_GRAD, [x]
        if bias is not None:
            kind = VALUE_AND_GRAD_BIAS
            operands.append(self._bias(f"{self.name}.value_and_grad", bias, bias_axis, x))
        y, d = self._run(kind, operands, values, out, rng)
        return y, d

    @property
    def ufunc(self) -> Any:
        found: Activation = self._in_mode()
        return found._ufunc(FORWARD)

    @property
    def derivative(self) -> Activation:
        found: Activation = derived.derivative_of(self)
        return found

    def __repr__(self) -> str:
        return f"<activation {self.name!r} on {self.backend}>"

    def _repr_html_(self) -> str:
        """What a notebook shows of it: curve, derivative, formulas, properties."""
        from ..tools.notebook.activation import html

        return html(self)

    def _documentation(self) -> str:
        return documentation(self._entry)

    def _ufunc_name(self, kind: Kind) -> str:
        if kind.parameter is None:
            return self.name if kind is FORWARD else f"{self.name}_{kind.name}"
        return f"{self.name}_backward_by_{self._entry.parameters[kind.parameter].name}{'_bias' if kind.bias else ''}"

    def _in_formula(self, x: Any, params: dict[str, Any], plain: bool) -> Any:
        """What it is in a formula that is being traced: x or a parameter is a symbol."""
        if not plain:
            raise TypeError(
                f"{self.name}: in a formula it takes x and its parameters alone; for a bias write {self.name}(x + bias)"
            )
        for name in params:
            if name not in self.params:
                raise TypeError(f"{self.name}: unexpected keyword argument {name!r}")
        from ..expressions import symbols  # needed for formulas alone

        return symbols.apply(self._entry, x, params)

    def _variant(self, params: dict[str, Any], from_output: bool = False) -> Activation | None:
        """What serves a call that gives arrays for parameters which are numbers by the record; None for any other call."""
        if not any(map(derived.is_array, params.values())):
            return None
        names = [p.name for p in self._entry.options if not p.array and derived.is_array(params.get(p.name))]
        if not names:
            return None
        if from_output:
            raise TypeError(
                f"{self.name}.backward: where {names[0]} is an array, the derivative can't be had from the output; give x, not y="
            )
        if self._entry.noise:
            raise TypeError(f"{self.name}: {names[0]} must be a number, not an array: it says how numbers are drawn")
        for p in self._widest:
            if p.name in names:
                self._check_elements(p, params[p.name])
        self._check_order({p.name: params.get(p.name, p.default) for p in self._entry.options})
        variant: Activation = derived.with_arrays(self, tuple(names))
        return variant

    @property
    def _widest(self) -> tuple[Parameter, ...]:
        """The parameters, with the domains that their arrays have."""
        return self._entry.options

    def _check_elements(self, p: Parameter, value: Any) -> None:
        """Raise where an element of an array is not in the domain of its parameter. What is lazy has no values yet."""
        if classes.is_dataset(value):
            raise TypeError(f"{self.name}: {p.name} is a {type(value).__name__}; give one of its arrays")
        array = derived.elements(self._operand(p.name, value))
        if array is None or (array.dtype.kind in "iub" and p.low == -math.inf):
            return
        with np.errstate(all="ignore"):
            good = ~np.isnan(array) if p.infinite else np.isfinite(array)
            if p.low > -math.inf:
                good &= array > p.low if p.open_low else array >= p.low
        if not good.all():
            raise ValueError(f"{self.name}: each element of {p.name} must be {p.domain}; one is {array[~good].flat[0].item()!r}")

    def _check_order(self, values: Mapping[str, Any]) -> None:
        """Raise where the first of two ordered parameters exceeds the second."""
        if not self._entry.ordered:
            return
        names = self._entry.ordered
        least, most = (derived.elements(values[name]) if derived.is_array(values[name]) else values[name] for name in names)
        if least is None or most is None:  # lazy
            return
        if np.any(least > most):
            raise ValueError(f"{self.name}: {names[0]}={values[names[0]]!r} is greater than {names[1]}={values[names[1]]!r}")

    def _values(self, params: dict[str, Any], from_output: bool = False) -> tuple[list[Any], Any]:
        """The parameters' values in order, checked, and the generator to draw from."""
        entry = self._entry
        for name in params:
            if name not in self._parameter_names:
                raise TypeError(f"{self.name}: unexpected keyword argument {name!r}")  # `named_arguments` says more
        rng = generator(self.name, params.get("rng"))
        values = []
        for p in entry.options:
            value = params.get(p.name, p.default)
            if p.array:
                if type(value) is int and not -(2**63) <= value < 2**63:  # there is no such integer in NumPy
                    value = float(value)
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
            self._check_order(dict(zip(self.params, values, strict=True)))
        return values, rng

    def _run_drawn(
        self, kind: Kind, operands: list[Any], out: tuple[Any, ...], rng: Any, noise: Noise, options: dict[str, float]
    ) -> Any:
        """A backend's way to compute with noise and no array of it; None where it has none."""
        return None

    def _sum_rows(self, dx: np.ndarray) -> np.ndarray:
        """The bias gradient: the sum of dx over all axes but the last."""
        return sum_by_column(dx)

    def _sum_like_bias(self, dx: Any, shape: tuple[int, ...]) -> Any:
        """The gradient of a bias that broadcasts from this shape to that of dx."""
        if type(dx) is not np.ndarray:
            return sum_to_shape(dx, shape)
        if shape[-1] == dx.shape[-1] == math.prod(shape):
            return self._sum_rows(dx)
        return sum_like_bias(dx, shape)

    def _sum_like_parameter(self, gradient: Any, shape: tuple[int, ...]) -> Any:
        """The gradient of a parameter that broadcasts from this shape to that of the elementwise one."""
        if type(gradient) is not np.ndarray or gradient.shape == shape:
            return sum_to_shape(gradient, shape)
        if math.prod(shape) == 1:  # as one column, in the order of the fast path
            return self._sum_rows(without_unit_axes(gradient)[..., np.newaxis]).reshape(shape)[()]
        return self._sum_like_bias(gradient, shape).reshape(shape)

    def _fitting(self, values: list[Any], operands: list[Any], dtype: Any) -> list[Any]:
        """Integer parameters for integer input, in its dtype or the one that the call asks for; others as they are."""
        if not values or not all(type(value) is int for value in values):
            return values
        dtypes = [*map(dtype_of, operands)] if dtype is None else [dtype]
        if not all(dtype is not None and dtype.kind in "iub" for dtype in dtypes):
            return values
        dtype = np.result_type(*dtypes)
        if dtype.kind not in "iub":
            return values
        low, high = (0, 1) if dtype.kind == "b" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
        to_integers = self._entry.to_integers
        fitted = values if to_integers is None else to_integers(low, high, *values)
        for name, value, given in zip(self.params, fitted, values, strict=True):
            if not low <= value <= high:
                raise ValueError(f"{self.name}: {name}={given} does not fit input of dtype {dtype}; convert the input first")
        return [dtype.type(value) for value in fitted]

    def _extraordinary(self, operands: list[Any], values: list[Any], dtype: Any) -> list[float] | None:
        """The parameters for the formula in NumPy, if there is one that is not for the loops; else None.

        They are rounded as for a loop, where its type has such a number.
        """
        entry, magnitudes = self._entry, self._magnitudes
        if magnitudes is None or any(
            isinstance(values[k], np.generic) for k in magnitudes
        ):  # none, or integers fitted to the input
            return None

        def ordinary(largest: float) -> bool:
            for k, (least, most) in magnitudes.items():
                if not entry.parameters[k].infinite and not least <= abs(values[k]) <= min(most, largest):
                    return False
            return True

        if ordinary(1e38):  # in every type
            return None
        result = common_dtype(self._deciding(operands, values)) if dtype is None else dtype
        if result.kind in "iub" and entry.keeps_integers and all(isinstance(values[k], (int, np.integer)) for k in magnitudes):
            return None
        narrow = result.kind not in "iub" and result != np.float64 and not self._backend.is_exact
        largest = float(np.finfo(np.float32).max) if narrow else math.inf
        if ordinary(largest):
            return None
        smallest = float(np.finfo(np.float32).smallest_normal)

        def rounded(value: Any) -> float:
            return float(np.float32(value)) if narrow and smallest <= abs(value) <= largest else float(value)

        return [rounded(value) if k in magnitudes else value for k, value in enumerate(values)]

    def _number(self, name: str, value: Any) -> float:
        """A Python number, which never changes the result's dtype (NEP 50)."""
        if type(value) is float:
            return value
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, numbers.Real):
            try:
                number = float(value)  # of a whole number, too: it must fit the loops of floats
            except OverflowError:
                raise ValueError(f"{self.name}: {name} is too large for a number of float64") from None
            return int(value) if isinstance(value, numbers.Integral) else number
        raise TypeError(f"{self.name}: {name} must be a real number, not {type(value).__name__}")

    def _operand(self, name: str, value: Any) -> Any:
        return operand(self.name, name, value)

    def _along(self, values: list[Any], x: Any) -> list[Any]:
        """The parameters as they lie along x: results have its shape, and one that is an array must broadcast to it."""
        for k in self._arrays:
            if classes.family(values[k]) == "xarray" == classes.family(x) and not classes.is_dataset(values[k], x):
                aligned = classes.bias(self.name, values[k], x, self._entry.parameters[k].name)  # by the names of its dimensions
                values = [*values[:k], aligned, *values[k + 1 :]]
            own = np.shape(values[k])
            if not own:
                continue
            shape = np.shape(x)
            try:
                fits = broadcast(shape, own) == shape
            except ValueError:
                fits = False
            if not fits:
                name = self._entry.parameters[k].name
                raise ValueError(f"{self.name}: {name} of shape {own} does not broadcast to the shape {shape} of the input")
        return values

    def _bias(self, function: str, bias: Any, axis: Any, x: Any) -> Any:
        """The bias as an array that broadcasts to the input x.

        One of one dimension lies along an axis of x. One of more broadcasts as it is, by NumPy's rules.
        """
        bias = self._operand("bias", bias)
        if type(x) is not np.ndarray or type(bias) is not np.ndarray:
            bias = classes.bias(function, bias, x)
        shape, own = np.shape(x), np.shape(bias)
        try:
            axis = operator.index(axis)
        except TypeError:
            raise TypeError(f"{function}: bias_axis must be an integer, not {type(axis).__name__}") from None
        if len(own) == 1 and shape:
            number = np.lib.array_utils.normalize_axis_index(axis, len(shape), f"{function}: bias_axis")
            if own[0] == shape[number]:
                return bias if number == len(shape) - 1 else bias[(slice(None), *[None] * (len(shape) - 1 - number))]
        elif len(own) > 1 and axis == -1:
            try:
                if broadcast(shape, own) == shape:
                    return bias
            except ValueError:
                pass
        raise ValueError(
            f"{function}: bias of shape {own} and bias_axis={axis} don't fit an input of shape {shape}; the bias must have one "
            "dimension, of the length of the input's axis bias_axis, or several, without bias_axis, which broadcast to the input"
        )

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
        manner: Manner = PLAIN,
    ) -> Any:
        if noise := self._entry.noise:
            options = dict(zip(self.params, values, strict=True))
            values = [noise.mean(options)]
            if rng is not None:
                if manner is PLAIN:
                    results = self._run_drawn(kind, operands, out, rng, noise, options)
                    if results is not None:
                        return results
                drawn = noise.draw(rng, broadcast(*map(np.shape, operands)), options)
                result = common_dtype(operands) if manner.y is None else manner.y
                narrow = (result in (np.float32, np.float16) or is_bfloat16(result)) and not self._backend.is_exact
                with np.errstate(all="ignore"):  # the bounds of rrelu may be beyond float32
                    values = [drawn.astype(np.float32) if narrow else drawn]
        if not (kind.integers and self._entry.keeps_integers):
            operands = weak_floats(operands)
        extraordinary = self._extraordinary(operands, values, manner.y)
        ufunc = self._formula(kind) if extraordinary else self._ufunc(kind)
        keywords: dict[str, Any] = {}
        if manner is not PLAIN:
            operands, values = self._in_manner(kind, operands, values, manner, keywords)
        operands, numbers = self._bfloat16_numbers(operands, values)
        values = extraordinary or numbers
        given = any(array is not None for array in out)
        if given:
            self._check_out(out, operands + values, manner.where)
            keywords["out"] = out
            if manner.where is not True:  # NumPy would work on a copy of `out` and cast it back, what `where` leaves out, too
                *operands, keywords["where"] = apart(out[0], *operands, manner.where)
        if (family := classes.family(*operands, *values)) not in (None, "wrap"):
            return classes.elementwise(family, ufunc, operands, values, keywords)
        huge = bool(values) and any(isinstance(value, float) and abs(value) > 1e38 for value in values)
        mixed = len({getattr(value, "dtype", None) for value in self._deciding(operands, values)}) > 1
        # a conversion of results or parameters may overflow, and one of a signalling NaN raises a flag
        if given or huge or mixed or manner.where is not True or manner.y is not None or "casting" in keywords:
            return call_ufunc(ufunc, *operands, *values, **keywords)
        return ufunc(*operands, *values, **keywords)

    def _in_manner(
        self, kind: Kind, operands: list[Any], values: list[Any], manner: Manner, keywords: dict[str, Any]
    ) -> tuple[list[Any], list[Any]]:
        """Operands and parameters as the ufunc takes them with these options, whose keywords are added."""
        keywords.update(manner.keywords)
        if manner.where is not True:
            keywords["where"] = manner.where
        if manner.x is not None and manner.y is not None:
            for name, value in zip(kind.inputs, operands, strict=True):
                if getattr(value, "dtype", manner.x) != manner.x:
                    check_cast(self.name, name, value, manner)
            if is_bfloat16(manner.y):  # for other packages' dtypes ufuncs find the loop by their inputs only
                with np.errstate(all="ignore"):
                    operands = [np.asanyarray(value).astype(manner.y, copy=False) for value in operands]
            elif manner.x == manner.y and all(self._parameter_dtype(k, manner.y) == manner.y for k in range(len(values))):
                keywords["dtype"] = manner.y
            else:
                keywords["signature"] = self._loop_dtypes(kind, manner.x, manner.y)
        if "casting" in keywords:
            if self._backend.is_exact and values:  # beside numbers of float64 one of Python's would be taken for a narrow one
                dtype = common_dtype(operands)
                operands = [np.asarray(value).astype(dtype) if type(value) is float else value for value in operands]
            values = self._strong(operands, values, manner.y)
            if manner.x is not None and manner.x.kind not in "iub":
                with np.errstate(all="ignore"):
                    operands = [
                        np.asarray(value).astype(manner.x) if type(value) in (bool, int, float) else value for value in operands
                    ]
        return operands, values

    def _loop_dtypes(self, kind: Kind, x: np.dtype[Any], y: np.dtype[Any]) -> tuple[np.dtype[Any], ...]:
        """The dtypes of all inputs and outputs of the ufunc's loop from x to y.

        With dtype=y NumPy looks for a loop whose inputs are all like y; but those of 16 bits take numbers of float32.
        """
        if self._arrays:  # they are like x, and of integers would lose their fraction
            x = y
        parameters = (self._parameter_dtype(k, y) for k in range(len(self._entry.parameters)))
        return (*(x for _ in kind.inputs), *parameters, *(y for _ in kind.outputs))

    def _strong(self, operands: list[Any], values: list[Any], y: np.dtype[Any] | None) -> list[Any]:
        """The parameters in the dtype of the loop: some casting rules do not even let a Python number be what it must be."""
        if y is None:
            y = common_dtype(operands)
        if y.kind in "iub" and not (self._entry.keeps_integers and all(isinstance(value, int | np.integer) for value in values)):
            y = np.dtype(np.float64)
        with np.errstate(all="ignore"):
            strong = [
                np.asarray(value).astype(self._parameter_dtype(k, y)) if type(value) in (bool, int, float) else value
                for k, value in enumerate(values)
            ]
        # Of another dtype they are arrays, which take no part in the choice of a loop on the NumPy backend.
        return [value if getattr(value, "dtype", y) != y else value[()] for value in strong]
