"""Gated linear units: what a call of (gate, value) means on every backend. Arguments, errors, documentation; no arithmetic."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backends
from ..functions import activations as _registered  # noqa: F401  # until the API binds the records
from ..functions.entry import entries
from .elementwise import UNITS, Activation, check_out, operand


@dataclass(frozen=True)
class _Unit:
    """What a unit's documentation says of it alone."""

    summary: str
    paper: str
    pytorch: str
    ggml: str
    onnx: str
    example: str


_DAUPHIN = "Dauphin, Fan, Auli and Grangier, *Language Modeling with Gated Convolutional Networks* (2017)"
_SHAZEER = "Shazeer, *GLU Variants Improve Transformer* (2020)"

_DOCUMENTATION = """\
{name}(gate, value, out=None)

{unit.summary}

    f(gate, value) = {activation}(gate) * value

Parameters
----------
gate : array_like
    What goes through the activation, of any shape and layout; float16, bfloat16 (of ml_dtypes), float32, float64, integers or
    bool.
value : array_like
    What is multiplied, of the shape of `gate`: nothing is broadcast.
out : ndarray, optional
    Where to put the result, of the same shape; may be `gate` or `value` itself.

Returns
-------
y : ndarray or scalar
    Of the shape of `gate`. Floating dtypes are kept, different ones promoted as by NumPy; {integers}.

Raises
------
TypeError
    A complex, object, string or datetime dtype; an unknown keyword; an `out` to which the result can't be cast.
ValueError
    `gate` and `value` of different shapes; an `out` of another shape or read-only.

Notes
-----
{unit.paper}.

Two halves of one packed array, ``np.split(packed, 2, axis=-1)``, are taken as they are: views, of which no copy is made. Which
half is the gate differs:

- PyTorch: {unit.pytorch}
- ggml: {unit.ggml}
- ONNX: {unit.onnx}

Computed in the dtype of the result, of 16 bits in float32 and rounded once; on the NumPy backend in float64. {accuracy}
Infinities are those of the product, as in NumPy and PyTorch: 0 * inf is NaN.

`backward` gives both gradients: ``help(fastact.{name}.backward)``. `activation` is that of the gate, with its `info`; `ufunc`
broadcasts.

Examples
--------
>>> import numpy as np
>>> from fastact import {name}
{unit.example}
"""

_EXACT = "As {activation} is\nexact, the error is at most 0.5 ULP, that of the product's rounding."

# Twice the activation's bound, as a unit of the product may be half of the activation's, relative to the number.
_ACCURACY = """\
The error is
that of {activation} and one rounding: at most {bound:g} ULP, and 3 in all tests. A subnormal {activation}(gate), though, has few
digits, and a large `value` does not bring them back: there the error is up to {ulp:g} times the smallest subnormal number
times the size of `value`."""

_GGML = """\
``ggml_{0}_split(a, b)`` is this with a for the gate. ``ggml_{0}(a)`` is this of a's halves, the first
  for the gate, ``ggml_{0}_swapped(a)`` the second (ggml's header says gate of the half that is multiplied)."""

_PACKED = """\
>>> packed = np.array([[-1.0, 0.0, 2.0, 3.0]])
>>> {first}, {second} = np.split(packed, 2, axis=-1)
>>> {name}(gate, value)
array([[{result}]])"""


_UNITS = {
    "glu": _Unit(
        summary="Gated linear unit: the gate is a sigmoid.",
        paper=_DAUPHIN,
        pytorch="``F.glu(packed)`` is a * sigmoid(b) of the halves a, b, so that the gate is the **second** half here.",
        ggml="has none with a sigmoid.",
        onnx="no operator; Split, Sigmoid and Mul.",
        example=_PACKED.format(first="value", second="gate", name="glu", result="-0.88079708,  0.        "),
    ),
    "reglu": _Unit(
        summary="Gated linear unit with a rectified linear gate.",
        paper=_SHAZEER,
        pytorch="no function; ``F.relu(gate) * value``.",
        ggml=_GGML.format("reglu"),
        onnx="no operator; Split, Relu and Mul.",
        example=_PACKED.format(first="gate", second="value", name="reglu", result="0., 0."),
    ),
    "geglu": _Unit(
        summary="Gated linear unit with a Gaussian error linear gate, the exact form.",
        paper=_SHAZEER,
        pytorch="no function; ``F.gelu(gate) * value``.",
        ggml=_GGML.format("geglu_erf") + "\n  ``ggml_geglu`` is the tanh approximation.",
        onnx="no operator; Split, Gelu (since opset 20, the exact form by default) and Mul.",
        example=_PACKED.format(first="gate", second="value", name="geglu", result="-0.31731051,  0.        "),
    ),
    "swiglu": _Unit(
        summary="Gated linear unit with a sigmoid linear gate, as in Llama.",
        paper=_SHAZEER + ", with beta = 1",
        pytorch="no function; ``F.silu(gate) * value``, in Llama ``act_fn(gate_proj(x)) * up_proj(x)``.",
        ggml=_GGML.format("swiglu"),
        onnx="SwiGLU(A, B) since opset 28, with A for the gate and alpha = 1; nothing is broadcast there, either.",
        example=_PACKED.format(first="gate", second="value", name="swiglu", result="-0.53788284,  0.        "),
    ),
}


class Gated:
    """A gated linear unit, act(gate) * value: call it for the forward pass, `backward` for the two gradients.

    There are `fastact.glu`, `fastact.reglu`, `fastact.geglu` and `fastact.swiglu`; see the documentation of each, as in
    ``help(fastact.swiglu)``.

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

    def __init__(self, activation: Activation) -> None:
        self.name = self.__name__ = self.__qualname__ = UNITS[activation.name]
        self.backend = activation.backend
        self.activation = activation
        self.__signature__ = _SIGNATURE
        ulp = activation.info.ulp
        self.__doc__ = _DOCUMENTATION.format(
            name=self.name,
            unit=_UNITS[self.name],
            activation=activation.name,
            integers="integers and bool are kept" if activation._entry.keeps_integers else "integers and bool give float64",
            accuracy=(_ACCURACY if ulp else _EXACT).format(activation=activation.name, ulp=ulp, bound=2 * ulp + 0.5),
        )

    def __call__(self, gate: Any, value: Any, out: Any = None, **unknown: Any) -> Any:
        _check_keywords(self.name, unknown, "out")
        if isinstance(out, tuple):
            if len(out) != 1:
                raise TypeError(f"{self.name}: out must be one array, not a tuple of {len(out)}")
            out = out[0]
        return self._run("gated", self.name, {"gate": gate, "value": value}, (out,))

    def backward(self, dy: Any, gate: Any, value: Any, out: tuple[Any, Any] = (None, None), **unknown: Any) -> tuple[Any, Any]:
        """The gradients of gate and value from the gradient of the output, in one pass.

            dgate = dy * value * act'(gate)
            dvalue = dy * act(gate)

        Parameters
        ----------
        dy : array_like
            Gradient of the output, of its shape.
        gate, value : array_like
            The inputs of the forward pass.
        out : pair of ndarray or None, optional
            Where to put the two gradients. Each may be `dy`, `gate` or `value` itself; they must not share memory.

        Returns
        -------
        dgate, dvalue : ndarray
            Both of the shape of `gate`; integers give float64.

        Raises
        ------
        TypeError
            A wrong dtype, an unknown keyword, an `out` that is not a pair or to which the result can't be cast.
        ValueError
            `dy`, `gate` and `value` of different shapes; an `out` of another shape, read-only, or sharing memory with the other.

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
        """
        function = f"{self.name}.backward"
        _check_keywords(function, unknown, "out")
        if not (isinstance(out, tuple) and len(out) == 2):
            raise TypeError(f"{function}: out must be a pair (dgate, dvalue) of arrays or None")
        dgate, dvalue = self._run("gated_backward", function, {"dy": dy, "gate": gate, "value": value}, out)
        return dgate, dvalue

    @property
    def ufunc(self) -> Any:
        return self.activation._ufunc("gated")

    def __repr__(self) -> str:
        return f"<gated unit {self.name!r} on {self.backend}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)

    def __copy__(self) -> Gated:
        return self

    def __deepcopy__(self, memo: Any) -> Gated:
        return self

    def _run(self, kind: str, function: str, given: dict[str, Any], out: tuple[Any, ...]) -> Any:
        operands = [operand(function, name, value) for name, value in given.items()]
        shapes = [np.shape(value) for value in operands]
        if any(shape != shapes[0] for shape in shapes):
            told = ", ".join(f"{name} of shape {shape}" for name, shape in zip(given, shapes, strict=True))
            raise ValueError(f"{function}: {told}; they must have the same shape")
        check_out(function, out, shapes[0])
        if len(out) == 2 and _share_memory(*out):
            raise ValueError(f"{function}: the two arrays of out share memory")
        operands, _ = self.activation._bfloat16_numbers(operands, [])
        ufunc = self.activation._ufunc(kind)
        if all(array is None for array in out):
            return ufunc(*operands)
        with np.errstate(all="ignore"):  # the results may be converted, and a conversion may overflow
            return ufunc(*operands, out=out)


_SIGNATURE = inspect.Signature(list(inspect.signature(Gated.__call__).parameters.values())[1:-1])


def _check_keywords(function: str, unknown: dict[str, Any], accepted: str) -> None:
    for name in unknown:
        raise TypeError(f"{function}: unexpected keyword argument {name!r}; it takes {accepted}")


def _share_memory(a: Any, b: Any) -> bool:
    """Whether these do; what is too hard to tell counts as sharing."""
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return False
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]  # the stub knows 0 and -1 only
    except np.exceptions.TooHardError:
        return True


def _by_name(name: str) -> Any:
    return getattr(backends.current(), name)


def _maker(activation: str) -> Any:
    """A function that makes the gated unit of this activation for a backend."""

    def make(backend: backends.Backend) -> Gated:
        found = backend.make(entries[activation])
        if backend.name == "numpy":
            return Gated(found)
        from ..backends.native import make_gated

        return make_gated(found)

    return make


backends.families.update({unit: _maker(activation) for activation, unit in UNITS.items()})

glu: Gated = _by_name("glu")
reglu: Gated = _by_name("reglu")
geglu: Gated = _by_name("geglu")
swiglu: Gated = _by_name("swiglu")
