"""Gated linear units: what a call of (gate, value) means on every backend. Arguments, errors, documentation; no arithmetic."""

from __future__ import annotations

import inspect
import operator
from typing import Any

import numpy as np

from ..functions.gated import GatedUnit
from ..functions.kinds import GATED, GATED_BACKWARD, Kind
from . import classes
from .arguments import named_arguments
from .arrays import check_out, only, operand, pair, result_dtype, weak_floats
from .bound import Backend, WithUfuncs, call_ufunc
from .documentation import OnDemand
from .elementwise import Activation

_DOCUMENTATION = """\
{name}(gate, value=None, *, out=None, axis=-1, gate_first=False)

{unit.summary}

    f(gate, value) = {activation}(gate) * value

Parameters
----------
gate : array_like
    What goes through the activation, of any shape and layout; float16, bfloat16 (of ml_dtypes), float32, float64, integers or
    bool.
value : array_like, optional
    What is multiplied, of the shape of `gate`: nothing is broadcast. Without it the first operand is one packed array, of which
    the first half is the value and the second the gate, as in PyTorch's ``F.glu``.
out : ndarray, optional
    Where to put the result, of the shape of `gate`; may be `gate` or `value` itself.
axis : int, default -1
    The axis along which a packed array is halved.
gate_first : bool, default False
    The gate is the first half of a packed array.

Returns
-------
y : ndarray or scalar
    Of the shape of `gate`, which is half a packed array. Floating dtypes are kept, different ones promoted as by NumPy;
    {integers}.

Raises
------
TypeError
    A complex, object, string or datetime dtype; an unknown keyword; an `out` to which the result can't be cast; `axis` or
    `gate_first` beside a `value`; a packed array of pandas, xarray, polars or awkward.
ValueError
    `gate` and `value` of different shapes; a packed array with an odd number of elements along `axis`; an `out` of another shape
    or read-only.

Notes
-----
{unit.paper}.

The halves of one packed array are taken as they are: views, of which no copy is made. Which half is the gate differs from library
to library, and `gate_first` says it:

- PyTorch: {unit.pytorch}
- ggml: {unit.ggml}
- ONNX: {unit.onnx}

Computed in the dtype of the result, of 16 bits in float32 and rounded once; on the NumPy backend in float64. {accuracy}
Infinities are those of the product, as in NumPy and PyTorch: 0 * inf is NaN.

`backward` gives both gradients: ``help({within}{name}.backward)``. `activation` is that of the gate, with its `info`; `ufunc`
broadcasts.
"""

_EXAMPLES = """
Examples
--------
>>> import numpy as np
>>> from fastact import {name}
{example}
"""

_EXACT = "As {activation} is\nexact, the error is at most 0.5 ULP, that of the product's rounding."

# Twice the activation's bound, as a unit of the product may be half of the activation's, relative to the number.
_ACCURACY = """\
The error is
that of {activation} and one rounding: at most {bound:g} ULP, and 3 in all tests. A subnormal {activation}(gate), though, has few
digits, and a large `value` does not bring them back: there the error is up to {ulp:g} times the smallest subnormal number
times the size of `value`."""


class Gated(WithUfuncs):
    """A gated linear unit, act(gate) * value: call it for the forward pass, `backward` for the two gradients.

    There are `fastact.glu`, `fastact.reglu`, `fastact.geglu`, `fastact.geglu_tanh` and `fastact.swiglu`; see the documentation of
    each, as in ``help(fastact.swiglu)``. `fastact.gated` makes that of any activation.

    Attributes
    ----------
    name : str
        Its name.
    activation : fastact.Activation
        That of the gate, on the same backend.
    ufunc : numpy.ufunc
        The ufunc behind it, of (gate, value) (on the NumPy backend an object with a ufunc's call).
    backend : str
        The backend that computes it.
    """

    def __init__(self, unit: GatedUnit, backend: Backend) -> None:
        super().__init__(unit, backend, unit.activation)
        self.activation: Activation = backend.bind(unit.activation)
        self._unit = unit

    __signature__ = OnDemand("__signature__", lambda self: _shown_signature())

    @named_arguments
    def __call__(self, gate: Any, value: Any = None, *, out: Any = None, axis: Any = -1, gate_first: Any = False) -> Any:
        if value is None:
            _, gate, value = self._halves(self.name, gate, axis, gate_first)
            return self(gate, value, out=out)
        self._check_unpacked(self.name, axis, gate_first)
        return self._run(GATED, self.name, {"gate": gate, "value": value}, (only(self.name, out),))

    @named_arguments
    def backward(
        self, dy: Any, gate: Any, value: Any = None, *, out: Any = (None, None), axis: Any = -1, gate_first: Any = False
    ) -> Any:
        """The gradients of gate and value from the gradient of the output, in one pass.

            dgate = dy * value * act'(gate)
            dvalue = dy * act(gate)

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape.
        gate, value : array_like
            The inputs of the forward pass. Without `value` the first is one packed array, as there.
        out : pair of ndarray or None, optional
            Where to put the two gradients. Each may be `dy`, `gate` or `value` itself; they must not share memory. Of a packed
            array one array, which may be that one itself.
        axis, gate_first : optional
            How the array is packed, as in the forward pass.

        Returns
        -------
        dgate, dvalue : ndarray
            Both of the shape of `gate`; integers give float64. Of a packed array one array, packed alike.

        Raises
        ------
        TypeError
            A wrong dtype, an unknown keyword, an `out` that is not a pair or to which the result can't be cast.
        ValueError
            `dy`, `gate` and `value` of different shapes; a packed array with an odd number of elements along `axis`; an `out` of
            another shape, read-only, or sharing memory with the other.

        Notes
        -----
        dy * value is formed first, in the result's dtype (of 16 bits: in float32). All is a product: where act'(gate) is 0 an
        infinite dy * value gives NaN, as ``fastact.relu.backward`` does, while PyTorch's backward of relu gives 0 there.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import reglu
        >>> reglu.backward(np.array([1.0, 1.0]), gate=np.array([-1.0, 2.0]), value=np.array([3.0, 4.0]))
        (array([0., 4.]), array([0., 2.]))
        >>> reglu.backward(np.array([1.0, 1.0]), np.array([3.0, 4.0, -1.0, 2.0]))  # packed: value, then gate
        array([0., 2., 0., 4.])
        """
        function = f"{self.name}.backward"
        if value is None:
            return self._packed_backward(function, dy, gate, axis, gate_first, out)
        self._check_unpacked(function, axis, gate_first)
        out = pair(function, out, "dgate, dvalue")
        dgate, dvalue = self._run(GATED_BACKWARD, function, {"dy": dy, "gate": gate, "value": value}, out)
        return dgate, dvalue

    @property
    def ufunc(self) -> Any:
        found: Gated = self._in_mode()
        return found._ufunc(GATED)

    def __repr__(self) -> str:
        return f"<gated unit {self.name!r} on {self.backend}>"

    def _documentation(self) -> str:
        unit, ulp = self._unit, self._unit.activation.info.ulp
        told = _DOCUMENTATION.format(
            name=unit.name,
            unit=unit,
            within="fastact." if unit.example else "",
            activation=unit.activation.name,
            integers="integers and bool are kept" if unit.activation.keeps_integers else "integers and bool give float64",
            accuracy=(_ACCURACY if ulp else _EXACT).format(activation=unit.activation.name, ulp=ulp, bound=2 * ulp + 0.5),
        )
        if unit.example:
            told += _EXAMPLES.format(name=unit.name, example=unit.example.format(name=unit.name))
        return told

    def _ufunc_name(self, kind: Kind) -> str:
        return self.name if kind is GATED else f"{self.name}_backward"

    def _check_unpacked(self, function: str, axis: Any, gate_first: Any) -> None:
        if axis != -1 or gate_first:
            raise TypeError(f"{function}: axis= and gate_first= say how one array is packed; gate and value were given")

    def _halves(self, function: str, packed: Any, axis: Any, gate_first: Any) -> tuple[Any, Any, Any]:
        """A packed array as it was taken, and its gate and its value, which are views."""
        packed = operand(function, "packed", packed)
        if (kind := classes.family(packed)) not in (None, "dask", "wrap"):
            raise TypeError(f"{function}: one packed array can't be of {kind}; give gate and value, or the array that it holds")
        try:
            axis = operator.index(axis)
        except TypeError:
            raise TypeError(f"{function}: axis must be an integer, not {type(axis).__name__}") from None
        shape = np.shape(packed)
        number = np.lib.array_utils.normalize_axis_index(axis, len(shape), function)
        half, odd = divmod(shape[number], 2)
        if odd:
            raise ValueError(
                f"{function}: the packed array of shape {shape} has {shape[number]} elements along axis {axis}; it takes an even "
                "number, half of them the value and half the gate"
            )
        before = (slice(None),) * number
        halves = packed[(*before, slice(half))], packed[(*before, slice(half, None))]
        return (packed, *(halves if gate_first else halves[::-1]))

    def _packed_backward(self, function: str, dy: Any, packed: Any, axis: Any, gate_first: Any, out: Any) -> Any:
        """The gradient of a packed array, packed alike."""
        if isinstance(out, tuple) and len(out) == 2:
            if any(array is not None for array in out):
                raise TypeError(f"{function}: out must be one array for a packed one, not a pair")
            out = None
        out, dy = only(function, out), operand(function, "dy", dy)
        packed, gate, value = self._halves(function, packed, axis, gate_first)
        if out is None and not (type(packed) is type(dy) is np.ndarray):  # other classes put them together
            gradients = self.backward(dy, gate, value)
            concatenate = np.ma.concatenate if isinstance(gradients[0], np.ma.MaskedArray) else np.concatenate
            result = concatenate(gradients if gate_first else gradients[::-1], axis=axis)
            return classes.like(packed, result) if type(result) is np.ndarray else result
        if np.shape(dy) != np.shape(gate):
            raise ValueError(
                f"{function}: dy of shape {np.shape(dy)} does not fit a packed array of shape {np.shape(packed)}, whose halves "
                f"have shape {np.shape(gate)}"
            )
        dtype = result_dtype(np.asarray(dy).dtype, np.asarray(packed).dtype)
        check_out(function, out, np.shape(packed), dtype)
        result = np.empty(np.shape(packed), dtype) if out is None else out
        _, dgate, dvalue = self._halves(function, result, axis, gate_first)
        self.backward(dy, gate, value, out=(dgate, dvalue))
        return result

    def _run(self, kind: Kind, function: str, inputs: dict[str, Any], out: tuple[Any, ...]) -> Any:
        operands = [operand(function, name, value) for name, value in inputs.items()]
        if classes.is_jagged(*operands):
            return classes.elementwise("awkward", self._ufunc(kind), operands, [], {})
        shapes = [np.shape(value) for value in operands]
        if any(shape != shapes[0] for shape in shapes):
            told = ", ".join(f"{name} of shape {shape}" for name, shape in zip(inputs, shapes, strict=True))
            raise ValueError(f"{function}: {told}; they must have the same shape")
        for array in out:
            check_out(function, array, shapes[0])
        operands, _ = self._bfloat16_numbers(weak_floats(operands), [])
        ufunc = self._ufunc(kind)
        keywords = {} if all(array is None for array in out) else {"out": out}
        if (family := classes.family(*operands)) not in (None, "wrap"):
            return classes.elementwise(family, ufunc, operands, [], keywords)
        if not keywords and len({getattr(value, "dtype", None) for value in operands}) == 1:
            return ufunc(*operands)
        return call_ufunc(ufunc, *operands, **keywords)


def _shown_signature() -> inspect.Signature:
    """How a gated unit is called."""
    return inspect.Signature(list(inspect.signature(Gated.__call__).parameters.values())[1:])
