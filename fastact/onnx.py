"""ONNX's reference evaluator with the functions of this package.

`ops` are implementations of ONNX's operators for `onnx.reference.ReferenceEvaluator`, which computes in NumPy and is slow at some
of them. Attributes, their defaults and their meaning in older opsets are those of the operator's specification.

Examples
--------
>>> import numpy as np
>>> from onnx import TensorProto, helper
>>> from onnx.reference import ReferenceEvaluator
>>> import fastact.onnx
>>> x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in "xy")
>>> graph = helper.make_graph([helper.make_node("Gelu", ["x"], ["y"], approximate="tanh")], "small", [x], [y])
>>> model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
>>> evaluator = ReferenceEvaluator(model, new_ops=fastact.onnx.ops)
>>> evaluator.run(None, {"x": np.float32([-1, 0, 1])})[0].round(4)
array([-0.1588,  0.    ,  0.8412], dtype=float32)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import fastact

from .integrations import extras
from .integrations.patches import HookError, moved

_definitions = extras.load("onnx.defs", extra="onnx", needed_by=__name__)
_reference = extras.load("onnx.reference.op_run", extra="onnx", needed_by=__name__)

__all__ = ["HookError", "ops"]  # noqa: F822  # made by __getattr__

_Compute = Callable[..., Any]


class _Node(NamedTuple):
    """What an implementation may ask of the node that it computes."""

    opset: int
    outputs: int


class _Operator(NamedTuple):
    """An operator: its domain and name, and a function of a node, its inputs, and its attributes by their names."""

    domain: str
    name: str
    compute: _Compute


_OPERATORS: list[_Operator] = []

#: That of operators that ONNX Runtime adds, which its optimiser writes in place of others.
_RUNTIME = "com.microsoft"


def _operator(name: str, *domains: str) -> Callable[[_Compute], _Compute]:
    """Register the decorated function as an operator's: of ONNX itself, unless domains are given."""

    def register(compute: _Compute) -> _Compute:
        _OPERATORS.extend(_Operator(domain, name, compute) for domain in domains or ("",))
        return compute

    return register


def _same(name: str, function: Any, *domains: str, **attributes: str) -> None:
    """Register what is a function of this package as it is. The attributes are its parameters, by their names there."""

    def compute(node: _Node, x: Any, **given: Any) -> Any:
        return function(x, **{parameter: given[attribute] for parameter, attribute in attributes.items()})

    _operator(name, *domains)(compute)


_same("Asinh", fastact.arsinh)
_same("Atan", fastact.arctan)
_same("Celu", fastact.celu, alpha="alpha")
_same("Elu", fastact.elu, alpha="alpha")
_same("Erf", fastact.erf)
_same("Exp", fastact.exponential)
_same("HardSigmoid", fastact.hard_sigmoid, alpha="alpha", beta="beta")
_same("HardSwish", fastact.hard_swish)
_same("LeakyRelu", fastact.leaky_relu, negative_slope="alpha")
_same("Mish", fastact.mish)
_same("Relu", fastact.relu)
_same("Sigmoid", fastact.sigmoid)
_same("Sin", fastact.sinusoid)
_same("Softplus", fastact.softplus)
_same("Softsign", fastact.softsign)
_same("Swish", fastact.silu, beta="alpha")
_same("Tanh", fastact.tanh)


@_operator("Gelu")
def _gelu(node: _Node, x: Any, approximate: str) -> Any:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"Gelu: approximate must be 'none' or 'tanh', not {approximate!r}")
    return fastact.gelu_tanh(x) if approximate == "tanh" else fastact.gelu(x)


@_operator("Gelu", _RUNTIME)
def _runtime_gelu(node: _Node, x: Any) -> Any:
    return fastact.gelu(x)


@_operator("QuickGelu", _RUNTIME)
def _quick_gelu(node: _Node, x: Any, alpha: float = 1.702) -> Any:
    return fastact.silu(x, beta=alpha)


@_operator("BiasGelu", _RUNTIME)
def _bias_gelu(node: _Node, x: Any, bias: Any) -> Any:
    return fastact.gelu(x, bias=bias)


@_operator("FastGelu", _RUNTIME)
def _fast_gelu(node: _Node, x: Any, bias: Any = None) -> Any:
    return fastact.gelu_tanh(x, bias=bias)


@_operator("PRelu")
def _prelu(node: _Node, x: Any, slope: Any, **_: Any) -> Any:
    if slope.ndim == 1 and x.ndim > 1 and node.opset < 7:  # before there was broadcasting: a slope for each channel
        slope = slope.reshape(-1, *(1 for _ in range(x.ndim - 2)))
    return fastact.prelu(x, slope=slope)


@_operator("Selu")
def _selu(node: _Node, x: Any, alpha: float, gamma: float, **_: Any) -> Any:
    if math.isclose(alpha, 1.6732632423543772, rel_tol=2e-7) and math.isclose(gamma, 1.0507009873554805, rel_tol=2e-7):
        return fastact.selu(x)
    y = fastact.elu(x, alpha=alpha)
    return np.multiply(y, gamma, out=y, casting="same_kind") if isinstance(y, np.ndarray) else y * gamma


@_operator("Shrink")
def _shrink(node: _Node, x: Any, bias: float, lambd: float) -> Any:
    """Beyond lambd x less bias: the two shrinkages are that for a bias of 0 and of lambd."""
    if x.dtype.kind == "f" and lambd >= 0 and bias in (0, lambd):
        return (fastact.soft_shrink if bias else fastact.hard_shrink)(x, lambd=lambd)
    return np.where(x < -lambd, x + bias, np.where(x > lambd, x - bias, 0)).astype(x.dtype)


@_operator("ThresholdedRelu")
def _thresholded_relu(node: _Node, x: Any, alpha: float) -> Any:
    return fastact.threshold(x, threshold=alpha, value=0.0)


def _row_axes(node: _Node, x: Any, axis: int) -> Any:
    """The axes of a row: before opset 13 all from this one on."""
    return axis if node.opset >= 13 else tuple(range(axis % max(x.ndim, 1), x.ndim))


@_operator("Softmax")
def _softmax(node: _Node, x: Any, axis: int) -> Any:
    return fastact.softmax(x, axis=_row_axes(node, x, axis))


@_operator("LogSoftmax")
def _log_softmax(node: _Node, x: Any, axis: int) -> Any:
    return fastact.log_softmax(x, axis=_row_axes(node, x, axis))


@_operator("ReduceLogSumExp")
def _reduce_log_sum_exp(node: _Node, x: Any, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Any:
    """Since opset 18 the axes are an input, before that an attribute."""
    along: tuple[int, ...] | None = None if axes is None else tuple(np.asarray(axes).ravel().tolist())
    if not along:
        if noop_with_empty_axes:
            return x
        along = None
    return fastact.logsumexp(x, axis=along, keepdims=bool(keepdims))


@_operator("SwiGLU")
def _swiglu(node: _Node, a: Any, b: Any, alpha: float = 1.0) -> Any:
    if alpha == 1 and a.shape == b.shape:
        return fastact.swiglu(a, b)
    return fastact.silu(a, beta=alpha) * b


def _loss(function: Any, x: Any, targets: Any, weight: Any, reduction: str, ignore_index: int | None) -> Any:
    """A loss of rows along axis 1. Where no label is to be ignored, a number that is none stands for it."""
    ignored = {} if ignore_index is None else {"ignore_index": ignore_index}
    return function(x, targets, axis=1, weight=weight, reduction=reduction, **ignored)


@_operator("NegativeLogLikelihoodLoss")
def _nll_loss(
    node: _Node, x: Any, targets: Any, weight: Any = None, ignore_index: int | None = None, reduction: str = "mean"
) -> Any:
    return _loss(fastact.nll_loss, x, targets, weight, reduction, ignore_index)


@_operator("SoftmaxCrossEntropyLoss")
def _cross_entropy(
    node: _Node, x: Any, targets: Any, weight: Any = None, ignore_index: int | None = None, reduction: str = "mean"
) -> Any:
    loss = _loss(fastact.cross_entropy, x, targets, weight, reduction, ignore_index)
    return (loss, fastact.log_softmax(x, axis=1)) if node.outputs == 2 else loss


def _schema(operator: _Operator, opset: int) -> Any:
    """The specification of an operator in an opset, whose defaults may differ from the newest. None where there is none."""
    try:
        return _definitions.get_schema(operator.name, opset, operator.domain)
    except _definitions.SchemaError:
        return None


def _implementations(base: Any) -> list[Any]:
    """The classes of the operators, of which the evaluator makes an object for each node."""
    if not (isinstance(base, type) and callable(getattr(base, "_load_attributes", None))):
        raise HookError(moved("onnx", "onnx.reference.op_run has no class 'OpRun' that loads attributes"))

    def implementation(operator: _Operator) -> Any:
        class Implementation(base):  # type: ignore[misc]
            op_domain = operator.domain
            op_schema = None  # the newest of this name is not taken for one of another domain

            def __init__(self, onnx_node: Any, run_params: dict[str, Any], schema: Any = None) -> None:
                opset = run_params["opsets"].get(operator.domain, 1)
                super().__init__(onnx_node, run_params, schema or _schema(operator, opset))
                self._node = _Node(opset, len(onnx_node.output))

            def _run(self, *inputs: Any, **attributes: Any) -> tuple[Any, ...]:
                result = operator.compute(self._node, *inputs, **attributes)
                return tuple(map(np.asarray, result if isinstance(result, tuple) else (result,)))

        Implementation.__name__ = Implementation.__qualname__ = operator.name
        return Implementation

    return [implementation(operator) for operator in _OPERATORS]


_CLASSES = _implementations(getattr(_reference, "OpRun", None))


def __getattr__(name: str) -> list[Any]:
    """`ops`, for ``ReferenceEvaluator(model, new_ops=fastact.onnx.ops)``: a new list each time, as some evaluators add to it."""
    if name != "ops":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return list(_CLASSES)


def __dir__() -> list[str]:
    return [*globals(), "ops"]
