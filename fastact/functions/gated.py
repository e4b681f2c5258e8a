"""The gated linear units: ONE record each, one line for one that needs no text of its own."""

from __future__ import annotations

from dataclasses import dataclass

from .entry import Entry
from .normal import gelu, gelu_tanh
from .piecewise import relu
from .record import Call, Record
from .sigmoid import sigmoid, silu

_DAUPHIN = "Dauphin, Fan, Auli and Grangier, *Language Modeling with Gated Convolutional Networks* (2017)"
_SHAZEER = "Shazeer, *GLU Variants Improve Transformer* (2020)"

_GGML = """\
``ggml_{0}_split(a, b)`` is this with a for the gate. ``ggml_{0}(a)`` is this of a's halves, the first
  for the gate, ``ggml_{0}_swapped(a)`` the second (ggml's header says gate of the half that is multiplied)."""

_PACKED = """\
>>> packed = np.array([[-1.0, 0.0, 2.0, 3.0]])
>>> {first}, {second} = np.split(packed, 2, axis=-1)
>>> {name}(gate, value)
array([[{result}]])"""

_SHAPES = """\
>>> gate, value = np.split(np.ones((3, 8)), 2, axis=-1)
>>> {name}(gate, value).shape
(3, 4)"""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GatedUnit(Record):
    """One gated unit: activation(gate) * value, the activation with its default parameters.

    Attributes
    ----------
    activation : Entry
        That of the gate.
    summary : str
        The first line of the documentation.
    paper : str
        Where the definition comes from.
    pytorch, ggml, onnx : str
        What it is called there, and which half of a packed array is the gate.
    example : str
        A doctest; `{name}` stands for the name. Empty for a unit that is made by `fastact.gated`.
    """

    call: Call = Call.GATED
    activation: Entry
    summary: str
    paper: str = _SHAZEER
    pytorch: str = "no function; the activation of the gate, times the value."
    ggml: str = "no function."
    onnx: str = "no operator; Split, the activation and Mul."
    example: str = _SHAPES


glu = GatedUnit(
    name="glu",
    activation=sigmoid,
    summary="Gated linear unit: the gate is a sigmoid.",
    paper=_DAUPHIN,
    pytorch="``F.glu(packed)`` is a * sigmoid(b) of the halves a, b, so that the gate is the **second** half here.",
    ggml="has none with a sigmoid.",
    onnx="no operator; Split, Sigmoid and Mul.",
    example=_PACKED.format(first="value", second="gate", name="glu", result="-0.88079708,  0.        "),
)

reglu = GatedUnit(
    name="reglu",
    activation=relu,
    summary="Gated linear unit with a rectified linear gate.",
    pytorch="no function; ``F.relu(gate) * value``.",
    ggml=_GGML.format("reglu"),
    onnx="no operator; Split, Relu and Mul.",
    example=_PACKED.format(first="gate", second="value", name="reglu", result="0., 0."),
)

geglu = GatedUnit(
    name="geglu",
    activation=gelu,
    summary="Gated linear unit with a Gaussian error linear gate, the exact form.",
    pytorch="no function; ``F.gelu(gate) * value``.",
    ggml=_GGML.format("geglu_erf") + "\n  ``ggml_geglu`` is geglu_tanh.",
    onnx="no operator; Split, Gelu (since opset 20, the exact form by default) and Mul.",
    example=_PACKED.format(first="gate", second="value", name="geglu", result="-0.31731051,  0.        "),
)

geglu_tanh = GatedUnit(
    name="geglu_tanh",
    activation=gelu_tanh,
    summary="Gated linear unit with gelu's tanh form for the gate, as in Gemma.",
    pytorch='no function; ``F.gelu(gate, approximate="tanh") * value``, in Gemma ``act_fn(gate_proj(x)) * up_proj(x)``.',
    ggml=_GGML.format("geglu"),
    onnx='no operator; Split, Gelu (since opset 20) with approximate="tanh" and Mul.',
    example=_PACKED.format(first="gate", second="value", name="geglu_tanh", result="-0.31761602,  0.        "),
)

swiglu = GatedUnit(
    name="swiglu",
    activation=silu,
    summary="Gated linear unit with a sigmoid linear gate, as in Llama.",
    paper=_SHAZEER + ", with beta = 1",
    pytorch="no function; ``F.silu(gate) * value``, in Llama ``act_fn(gate_proj(x)) * up_proj(x)``.",
    ggml=_GGML.format("swiglu"),
    onnx="SwiGLU(A, B) since opset 28, with A for the gate and alpha = 1; nothing is broadcast there, either.",
    example=_PACKED.format(first="gate", second="value", name="swiglu", result="-0.53788284,  0.        "),
)
