"""`Activation`: what a call means, the same on every backend. Arguments, errors, documentation; no arithmetic.

A backend supplies the arithmetic as one ufunc per entry of `KINDS`; a compiled backend adds a fast path in front.
"""

from __future__ import annotations

import inspect
import math
import numbers
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ..functions.entry import Entry, Info
from ..functions.noise import Noise

#: Per kind of loop its array operands; an activation's parameters follow them.
KINDS: dict[str, tuple[str, ...]] = {
    "forward": ("x",),
    "forward_bias": ("x", "bias"),
    "backward": ("dy", "x"),
    "backward_bias": ("dy", "x", "bias"),
    "backward_from_output": ("dy", "y"),
    "backward_by_parameter": ("dy", "x"),
    "backward_by_parameter_bias": ("dy", "x", "bias"),
    "value_and_grad": ("x",),
    "gated": ("gate", "value"),
    "gated_backward": ("dy", "gate", "value"),
}

#: The kinds with two results.
PAIRS = ("value_and_grad", "gated_backward")

#: The gated units by the activation of their gate: these activations, with their default parameters, have the last two kinds.
UNITS = {"sigmoid": "glu", "relu": "reglu", "gelu": "geglu", "silu": "swiglu"}

_SUPPORTED = frozenset("?bBhHiIlLqQefd")


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether this is the bfloat16 of ml_dtypes, which NumPy does not know unless that has been imported."""
    return dtype.kind == "V" and dtype.itemsize == 2 and dtype.name == "bfloat16"


def supported(dtype: np.dtype[Any]) -> bool:
    """Whether every activation takes this dtype."""
    return dtype.char in _SUPPORTED or is_bfloat16(dtype)


def ufunc_name(entry: Entry, kind: str) -> str:
    """What the ufunc of this kind is called."""
    if kind.startswith("gated"):
        return kind.replace("gated", UNITS[entry.name])
    return entry.name if kind == "forward" else f"{entry.name}_{kind}"


def inputs_of(entry: Entry, kind: str) -> int:
    """How many inputs the ufunc of this kind has: its operands and the parameters."""
    return len(KINDS[kind]) + (0 if kind.startswith("gated") else len(entry.parameters))


def keeps_integers(entry: Entry, kind: str) -> bool:
    """Whether integer inputs of this kind give integer results."""
    return entry.keeps_integers and (kind.startswith("forward") or kind == "gated")


def operand(function: str, name: str, value: Any) -> Any:
    """An input as an array; Python numbers and arrays that take part in NumPy's protocol stay what they are."""
    if _overrides_ufuncs(value):
        return value
    array = np.asanyarray(value)
    if not supported(array.dtype):
        raise TypeError(f"{function}: {name} has dtype {array.dtype}, which is not supported; it takes {_SUPPORTED_TEXT}")
    return value if type(value) in (bool, int, float) else array


def check_out(function: str, out: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    """Raise what is to be raised where a result of this shape cannot be put into these arrays."""
    for array in out:
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            if _overrides_ufuncs(array):
                continue
            raise TypeError(f"{function}: out must be an array, not {type(array).__name__}")
        if array.shape != shape:
            raise ValueError(f"{function}: out has shape {array.shape}, the result {shape}")
        if not array.flags.writeable:
            raise ValueError(f"{function}: out is read-only")


class Activation:
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

    def __init__(
        self,
        entry: Entry,
        backend: str,
        make_ufunc: Callable[[str], Any],
        add_bfloat16: Callable[[str, Any, np.dtype[Any]], None] | None = None,
    ) -> None:
        self.name = self.__name__ = self.__qualname__ = entry.name
        self.backend = backend
        self.params: Mapping[str, float] = MappingProxyType({p.name: p.default for p in entry.options})
        self.info: Info = entry.info
        self.__signature__ = _signature(entry)
        self.__doc__ = _documentation(entry)
        self._entry = entry
        self._make_ufunc, self._add_bfloat16 = make_ufunc, add_bfloat16
        self._ufuncs: dict[str, Any] = {}
        self._knows_bfloat16: set[str] = set()

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
        if bias is not None:
            operands.append(self._bias(bias, operands[0]))
        if self._entry.keeps_integers and dtype is None:
            values = self._fitting(values, operands)
        return self._run("forward" if bias is None else "forward_bias", operands, values, (out,), rng, where, dtype)

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
        values, rng = self._values(params, "out, y, bias", from_output=y is not None)
        if (x is None) == (y is None):
            raise TypeError(f"{self.name}.backward takes either x or y=; {'neither was' if x is None else 'both were'} given")
        if y is None:
            kind, saved_name, saved = "backward", "x", x
        elif self._entry.derivative_from_output is None:
            raise TypeError(f"{self.name}.backward: the derivative of {self.name} can't be had from its output; give x, not y=")
        else:
            kind, saved_name, saved = "backward_from_output", "y", y
        operands = [self._operand("dy", dy), self._operand(saved_name, saved)]
        dy, saved = operands
        shape = np.shape(saved)
        if _broadcast(np.shape(dy), shape) != shape:
            raise ValueError(
                f"{self.name}.backward: dy of shape {np.shape(dy)} does not broadcast to {saved_name} of shape {shape}"
            )
        if bias is not None:
            bias = self._bias(bias, saved)
            for array in out if isinstance(out, tuple) else (out,):
                if isinstance(array, np.ndarray) and not supported(array.dtype):
                    raise TypeError(f"{self.name}.backward: out has dtype {array.dtype}, which dbias can't be summed in")
            if y is None:
                kind = "backward_bias"
                operands.append(bias)
        gradients: list[Any] = []
        if self._entry.learnt_parameter:
            self._check_out((out,), operands + values, kind, True)
            by_parameter = "backward_by_parameter" if bias is None else "backward_by_parameter_bias"
            elementwise = self._run(by_parameter, operands, values, (None,))
            gradients.append(_sum_to(elementwise, np.shape(values[0])))
        dx = self._run(kind, operands, values, (out,), rng)
        if bias is not None:
            gradients.append(self._sum_rows(dx) if type(dx) is np.ndarray else _sum_to(dx, np.shape(bias)))
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
        if not (isinstance(out, tuple) and len(out) == 2):
            raise TypeError(f"{self.name}.value_and_grad: out must be a pair (y, d) of arrays or None")
        y, d = self._run("value_and_grad", [self._operand("x", x)], values, out, rng)
        return y, d

    @property
    def ufunc(self) -> Any:
        return self._ufunc("forward")

    def __repr__(self) -> str:
        return f"<activation {self.name!r} on {self.backend}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from .. import get

        return get, (self.name,)

    def __copy__(self) -> Activation:
        return self

    def __deepcopy__(self, memo: Any) -> Activation:
        return self

    def _ufunc(self, kind: str) -> Any:
        if kind not in self._ufuncs:
            self._ufuncs[kind] = self._make_ufunc(kind)
        ml_dtypes = sys.modules.get("ml_dtypes")  # may be imported at any time, and without it there is no bfloat16
        if ml_dtypes is not None and self._add_bfloat16 is not None and kind not in self._knows_bfloat16:
            self._add_bfloat16(kind, self._ufuncs[kind], np.dtype(ml_dtypes.bfloat16))
            self._knows_bfloat16.add(kind)
        return self._ufuncs[kind]

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
        self, kind: str, operands: list[Any], out: tuple[Any, ...], rng: Any, noise: Noise, options: dict[str, float]
    ) -> Any:
        """A backend's way to compute with noise and no array of it; None where it has none."""
        return None

    def _sum_rows(self, dx: np.ndarray) -> np.ndarray:
        """The bias gradient: the sum of dx over all axes but the last."""
        return sum_rows(dx)

    def _fitting(self, values: list[Any], operands: list[Any]) -> list[Any]:
        """Integer parameters for integer input, in its dtype; others as they are."""
        x = operands[0]
        kind = getattr(getattr(x, "dtype", None), "kind", "")
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

    def _bias(self, bias: Any, x: Any) -> Any:
        bias = self._operand("bias", bias)
        shape = np.shape(x)
        if np.ndim(bias) != 1 or not shape or np.shape(bias)[0] != shape[-1]:
            raise ValueError(
                f"{self.name}: bias of shape {np.shape(bias)} does not fit the last axis of an input of shape {shape}; "
                f"it must have shape {shape[-1:] or '(n,), and the input at least one axis'}"
            )
        return bias

    def _bfloat16_numbers(self, operands: list[Any], values: list[Any]) -> tuple[list[Any], list[Any]]:
        """Python numbers beside bfloat16 arrays in the dtype that its loops take, for to NumPy they are not weak there."""
        dtypes = [value.dtype for value in operands + values if hasattr(value, "dtype")]
        bfloat16 = next(filter(is_bfloat16, dtypes), None)
        if bfloat16 is None or np.result_type(*dtypes).type is not bfloat16.type:
            return operands, values
        bfloat16 = np.dtype(bfloat16.type)  # native, whichever the array's is
        parameter = bfloat16 if self._entry.learnt_parameter else np.dtype(np.float32)
        return (
            [value if hasattr(value, "dtype") else np.asarray(value).astype(bfloat16) for value in operands],
            [value if hasattr(value, "dtype") else np.asarray(value).astype(parameter) for value in values],
        )

    def _check_out(self, out: tuple[Any, ...], operands: list[Any], kind: str, where: Any) -> None:
        check_out(self.name, out, _broadcast(*map(np.shape, operands), () if where is True else np.shape(where)))

    def _run(
        self,
        kind: str,
        operands: list[Any],
        values: list[Any],
        out: tuple[Any, ...],
        rng: Any = None,
        where: Any = True,
        dtype: Any = None,
    ) -> Any:
        if len(out) == 1 and isinstance(out[0], tuple):
            if len(out[0]) != 1:
                raise TypeError(f"{self.name}: out must be one array, not a tuple of {len(out[0])}")
            out = out[0]
        if noise := self._entry.noise:
            options = dict(zip(self.params, values, strict=True))
            values = [noise.mean(options)]
            if rng is not None:
                if where is True and dtype is None:
                    results = self._run_drawn(kind, operands, out, rng, noise, options)
                    if results is not None:
                        return results
                drawn = noise.draw(rng, _broadcast(*map(np.shape, operands)), options)
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
                raise TypeError(f"{self.name}: dtype {keywords['dtype']} is not supported; it takes {_SUPPORTED_TEXT}")
            if is_bfloat16(keywords["dtype"]):  # for other packages' dtypes ufuncs find the loop by their inputs only
                bfloat16 = keywords.pop("dtype")
                with np.errstate(all="ignore"):
                    operands = [np.asanyarray(value).astype(bfloat16, copy=False) for value in operands]
        operands, values = self._bfloat16_numbers(operands, values)
        given = any(array is not None for array in out)
        if given:
            self._check_out(out, operands + values, kind, where)
            keywords["out"] = out
        huge = any(isinstance(value, float) and abs(value) > 1e38 for value in values)
        if given or huge or dtype is not None:  # results or parameters may be converted, and a conversion may overflow
            with np.errstate(all="ignore"):
                return ufunc(*operands, *values, **keywords)
        return ufunc(*operands, *values, **keywords)


_SUPPORTED_TEXT = "float16, bfloat16, float32, float64, integers and bool"


def promoted(value: Any) -> Any:
    """What takes part in `np.result_type`: Python numbers weakly (NEP 50), the rest by its dtype."""
    return value if type(value) in (int, float) else np.asarray(value).dtype


def _overrides_ufuncs(value: Any) -> bool:
    """Whether this takes part in NumPy's `__array_ufunc__` protocol without being NumPy's own."""
    return hasattr(type(value), "__array_ufunc__") and not isinstance(value, (np.ndarray, np.generic))


def _broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """As `np.broadcast_shapes`, quick where there is nothing to do."""
    distinct = {shape for shape in shapes if shape}
    return np.broadcast_shapes(*distinct) if len(distinct) > 1 else distinct.pop() if distinct else ()


@dataclass(frozen=True)
class Rows:
    """How the sums by column are formed, which their bits depend on: rows beside each other in a stretch, so that short ones
    don't cost a step each; stretches added up to blocks, a block's rows then halved by adding until one is left; blocks added up
    to the total. All in float64, all by the shape alone: neither strides nor threads change a bit.
    """

    vector: int = 16  # a stretch is a multiple of it, the widest vector, if that makes it no longer than `longest`
    stretch: int = 512  # elements that short rows fill up
    longest: int = 4096
    blocks: int = 64  # at most
    shortest_block: int = 64  # stretches

    def lay_out(self, rows: int, columns: int) -> tuple[int, int]:
        """How many rows make a stretch, and how many stretches a block."""
        height, step = 1, self.vector // math.gcd(self.vector, columns)
        if 0 < columns * step <= self.longest:
            height = max(1, min(rows, step * max(1, self.stretch // (columns * step))))
        return height, max(self.shortest_block, -(-rows // height // self.blocks))


ROWS = Rows()


def sum_rows(array: np.ndarray) -> np.ndarray:
    """The sum over all axes but the last, in float64, rounded once, with no copy but of a few stretches at a time."""
    columns = array.shape[-1]
    rows = array.size // columns if columns else 0
    layout = ROWS.lay_out(rows, columns)
    if array.ndim <= 2 or array.flags.c_contiguous:
        array = array.reshape(rows, columns)
    sums = np.empty(columns)
    with np.errstate(all="ignore"):
        for strip in range(0, columns, ROWS.longest):
            sums[strip : strip + ROWS.longest] = _sum_strip(array[..., strip : strip + ROWS.longest], rows, *layout)
    return round_to(sums, array.dtype)  # type: ignore[no-any-return]


def _sum_strip(array: np.ndarray, rows: int, height: int, block: int) -> np.ndarray:
    """`sum_rows` in float64, of not too many columns."""
    columns = array.shape[-1]
    at_once = min(block, max(1, 32768 // (height * columns)))  # stretches
    work = np.empty((1 + at_once, height * columns))
    work_rows = work.reshape(-1, columns)
    sums, total = np.empty(height * columns), np.zeros(columns)
    for first in range(0, rows, block * height):
        sums[:] = 0
        last = min(first + block * height, rows)
        for start in range(first, last, at_once * height):
            stop = min(start + at_once * height, last)
            whole, rest = divmod(stop - start, height)
            work[0] = sums
            work_rows[height : height + stop - start] = (
                array[start:stop] if array.ndim == 2 else array.flat[start * columns : stop * columns].reshape(-1, columns)
            )
            np.add.reduce(work[: 1 + whole], axis=0, out=sums)  # NumPy adds row after row
            sums[: rest * columns] += work[1 + whole, : rest * columns] if rest else 0
        lanes, count = sums.reshape(height, columns), height
        while count > 1:
            half = (count + 1) // 2
            lanes[: count - half] += lanes[half:count]
            count = half
        total += lanes[0]
    return total


def round_to(values: Any, dtype: np.dtype[Any]) -> Any:
    """Sums in float64 in the dtype of what was summed."""
    with np.errstate(all="ignore"):
        if is_bfloat16(dtype):  # its cast goes by way of float32: rounded to odd there, nothing is rounded twice
            single = np.asarray(values, np.float32)
            bits = single.view(np.int32) - (np.abs(single) > np.abs(values))
            bits |= bits.view(np.float32) != values
            values = bits.view(np.float32)[()]
        return values.astype(dtype)


def _sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which something of this shape was broadcast to the array's, in float64, without what is masked."""
    if isinstance(array, np.ma.MaskedArray):
        array = array.filled(0)
    leading = np.ndim(array) - len(shape)
    axes = (*range(leading), *(leading + i for i, n in enumerate(shape) if n == 1 and array.shape[leading + i] != 1))
    with np.errstate(all="ignore"):
        total = np.add.reduce(array, axis=axes, dtype=np.float64, keepdims=True).reshape(shape)
        return round_to(total, array.dtype)[()]


def _signature(entry: Entry) -> inspect.Signature:
    positional, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [
            inspect.Parameter("x", positional),
            inspect.Parameter("out", positional, default=None),
            inspect.Parameter("where", keyword, default=True),
            inspect.Parameter("dtype", keyword, default=None),
            inspect.Parameter("bias", keyword, default=None),
            *(inspect.Parameter(p.name, keyword, default=p.default) for p in entry.options),
            *([inspect.Parameter("rng", keyword, default=None)] if entry.noise else []),
        ]
    )


_DOCUMENTATION = """\
{name}{signature}

{summary}

    f(x)  = {info.formula}
    f'(x) = {info.derivative}

Parameters
----------
x : array_like
    The input, of any shape and layout; float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool.
out : ndarray, optional
    Where to put the result, of its shape; may be `x` itself.
where : array_like of bool, optional
    Where to compute; elsewhere `out` keeps its values.
dtype : dtype, optional
    The dtype to compute and return.
bias : array_like of shape (x.shape[-1],), optional
    Added to the input along its last axis: f(x + bias).
{parameters}
Returns
-------
y : ndarray or scalar
    Of the shape of `x`. Floating dtypes are kept; {integers}.

Raises
------
TypeError
    A complex, object, string or datetime dtype; an unknown keyword; an `out` to which the result can't be cast.
ValueError
    An `out` of another shape or read-only; a bias that doesn't fit; a parameter out of its domain.

Notes
-----
{notes}

The error is at most {info.ulp:g} ULP{defaults}. `backward`, `value_and_grad` and `info` are documented on `fastact.Activation`\
{from_output}.
{examples}"""


def _documentation(entry: Entry) -> str:
    """The entry's docstring (summary, own Parameters, Notes, Examples) within what all activations share."""
    if not entry.doc:  # python -OO strips docstrings
        return ""
    summary, *sections = re.split(r"\n\n(?=\w+\n-+\n)", entry.doc)
    own = {title: body for title, _, body in (re.split(r"\n(-+)\n", section, maxsplit=1) for section in sections)}
    keeps = "integers and bool are kept" + (" if the parameters are integers too" if entry.options else "")
    return _DOCUMENTATION.format(
        name=entry.name,
        signature=_signature(entry),
        summary=summary,
        info=entry.info,
        parameters=own["Parameters"] + "\n" if "Parameters" in own else "",
        integers=keeps if entry.keeps_integers else "integers and bool give float64",
        notes=own["Notes"],
        defaults=" with the default parameters" if entry.options else "",
        from_output=""
        if entry.derivative_from_output
        else "; the derivative can't be had from the output, so `backward` needs x",
        examples=f"\nExamples\n--------\n{own['Examples']}\n" if "Examples" in own else "",
    )
