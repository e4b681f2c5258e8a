"""ONNX Runtime: models of one operator, forward.

In the statements the operator stands as a call: ``Clip(x, 0, 6)``. Numbers are constants of the model, keywords are attributes.
With `out` the operands' memory is bound once (IOBinding), so that a call is the operator, and what the runtime needs to run it.
"""

from __future__ import annotations

import numpy as np

from ..directions import Direction
from . import packages
from .contestant import Contestant
from .onnx_model import one_operator
from .operands import Operands
from .peer import Peer, Subject, ThreadPool
from .statements import Statements

#: By the activation's name.
OPERATORS: dict[str, str] = {
    "identity": "Identity(x)",
    "relu": "Relu(x)",
    "relu6": "Clip(x, 0, 6)",
    "leaky_relu": "LeakyRelu(x, alpha=0.01)",
    "prelu": "PRelu(x, 0.25)",
    "rrelu": f"LeakyRelu(x, alpha={11 / 48})",
    "threshold": "ThresholdedRelu(x, alpha=0.0)",
    "hard_tanh": "Clip(x, -1, 1)",
    "hard_sigmoid": f"HardSigmoid(x, alpha={1 / 6}, beta=0.5)",
    "hard_swish": "HardSwish(x)",
    "hard_shrink": "Shrink(x, lambd=0.5)",
    "soft_shrink": "Shrink(x, lambd=0.5, bias=0.5)",
    "exponential": "Exp(x)",
    "elu": "Elu(x)",
    "celu": "Celu(x)",
    "selu": "Selu(x)",
    "sigmoid": "Sigmoid(x)",
    "tanh": "Tanh(x)",
    "softplus": "Softplus(x)",
    "mish": "Mish(x)",
    "silu": "QuickGelu(x, alpha=1.0)",
    "quick_gelu": "QuickGelu(x, alpha=1.702)",
    "gelu": "Gelu(x)",
    "gelu_tanh": "Gelu(x, approximate='tanh')",
    "erf": "Erf(x)",
    "softsign": "Softsign(x)",
    "arctan": "Atan(x)",
    "arsinh": "Asinh(x)",
    "sinusoid": "Sin(x)",
}
ACTIVATIONS = {name: Statements(forward=operator) for name, operator in OPERATORS.items()}


class _Threads:
    """The number of threads, which each session is told when it is made."""

    def __init__(self) -> None:
        self.wanted = 1

    def get_num_threads(self) -> int:
        return self.wanted

    def set_num_threads(self, number: int) -> None:
        self.wanted = number


_threads = _Threads()


class ONNXRuntime(Peer):
    """ONNX Runtime on the processor, in float32, for which its operators are made."""

    name, title, package = "onnxruntime", "ONNX Runtime", "onnxruntime"
    activations = ACTIVATIONS
    can_be_held = False

    def find(self, subject: Subject, direction: Direction, operands: Operands) -> Contestant | None:
        operator = self.statements(subject).of(direction)
        if operator is None or operands.x.dtype != np.float32:
            return None
        out = operands.row if subject.gradient == "drow" else operands.out
        return _contestant(self.name, operator, operands.x, out)

    def thread_pool(self) -> ThreadPool:
        return _threads


def _contestant(peer: str, operator: str, x: np.ndarray, out: np.ndarray | None) -> Contestant:
    """A session of its own, and the call that runs it: the compiled one, within the Python method that users call."""
    runtime = packages.imported("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = _threads.wanted, 1
    options.log_severity_level = 3  # errors
    model = one_operator(operator, x.dtype, x.shape)
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    if out is None:
        call = "session.run(['y'], {'x': x}, None)[0]"
        return Contestant(peer, f"{call}  # {operator}", {"session": session._sess, "x": x})
    bound = session.io_binding()
    bound.bind_input("x", "cpu", 0, x.dtype.type, x.shape, x.ctypes.data)
    bound.bind_output("y", "cpu", 0, out.dtype.type, out.shape, out.ctypes.data)
    names = {"session": session._sess, "bound": bound._iobinding, "x": x, "out": out}
    return Contestant(peer, f"session.run_with_iobinding(bound, None)  # {operator}", names)
