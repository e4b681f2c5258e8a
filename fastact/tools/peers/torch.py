"""PyTorch eager.

In the statements, `nn` holds the compiled functions behind torch.nn.functional: some of its Python functions don't pass `out`
on. Backward are the operators that autograd calls. Those that take y find it saved: from x alone, y must be computed first.
"""

from __future__ import annotations

import ast

from . import packages
from .constants import SELU_ALPHA, SELU_SCALE, TWO_SQRT_PI
from .contestant import Contestant
from .operands import Operands
from .peer import Peer, ThreadPool
from .statements import Statements


def _elu(forward: str, backward: str) -> Statements:
    """An ELU with these parameters: alpha and the scales of x > 0 and of x before the exponential."""
    return Statements(
        forward=f"nn.elu(x, {forward}, out=out)",
        backward=f"aten.elu_backward.grad_input(dy, {backward}, False, x, grad_input=out)",
        from_output=f"aten.elu_backward.grad_input(dy, {backward}, True, y, grad_input=out)",
    )


ACTIVATIONS: dict[str, Statements] = {
    "identity": Statements(
        forward="x.clone() if out is None else out.copy_(x)",
        backward="dy.clone() if out is None else out.copy_(dy)",
        from_output="dy.clone() if out is None else out.copy_(dy)",
    ),
    "relu": Statements(
        forward="torch.clamp_min(x, 0, out=out)",
        backward="aten.threshold_backward.grad_input(dy, x, 0, grad_input=out)",
        from_output="aten.threshold_backward.grad_input(dy, y, 0, grad_input=out)",
    ),
    "relu6": Statements(
        forward="nn.hardtanh(x, 0, 6, out=out)",
        backward="aten.hardtanh_backward.grad_input(dy, x, 0, 6, grad_input=out)",
        from_output="aten.hardtanh_backward.grad_input(dy, y, 0, 6, grad_input=out)",
    ),
    "leaky_relu": Statements(
        forward="nn.leaky_relu(x, 0.01, out=out)",
        backward="aten.leaky_relu_backward.grad_input(dy, x, 0.01, False, grad_input=out)",
        from_output="aten.leaky_relu_backward.grad_input(dy, y, 0.01, True, grad_input=out)",
    ),
    "prelu": Statements(
        forward="torch.prelu(x, slope)", backward="dx, d = aten._prelu_kernel_backward(dy, x, slope); (dx, d.sum())"
    ),
    "elu": _elu("1", "1, 1, 1"),
    "sigmoid": Statements(
        forward="torch.sigmoid(x, out=out)",
        backward="aten.sigmoid_backward.grad_input(dy, torch.sigmoid(x, out=out), grad_input=out)",
        from_output="aten.sigmoid_backward.grad_input(dy, y, grad_input=out)",
    ),
    "tanh": Statements(
        forward="torch.tanh(x, out=out)",
        backward="aten.tanh_backward.grad_input(dy, torch.tanh(x, out=out), grad_input=out)",
        from_output="aten.tanh_backward.grad_input(dy, y, grad_input=out)",
    ),
    "softplus": Statements(
        forward="nn.softplus(x, out=out)", backward="aten.softplus_backward.grad_input(dy, x, 1, 20, grad_input=out)"
    ),
    "softsign": Statements(
        forward="torch.div(x, torch.abs(x, out=out).add_(1), out=out)",
        backward="torch.div(dy, torch.abs(x, out=out).add_(1).square_(), out=out)",
    ),
    "arctan": Statements(forward="torch.atan(x, out=out)", backward="torch.div(dy, torch.square(x, out=out).add_(1), out=out)"),
    "silu": Statements(forward="nn.silu(x, out=out)", backward="aten.silu_backward.grad_input(dy, x, grad_input=out)"),
    "gelu": Statements(forward="nn.gelu(x, out=out)", backward="aten.gelu_backward.grad_input(dy, x, grad_input=out)"),
    "exponential": Statements(
        forward="torch.exp(x, out=out)", backward="torch.exp(x, out=out).mul_(dy)", from_output="torch.mul(dy, y, out=out)"
    ),
    "relu_squared": Statements(
        forward="torch.clamp_min(x, 0, out=out).square_()", backward="torch.clamp_min(x, 0, out=out).mul_(2).mul_(dy)"
    ),
    # rrelu when it doesn't train, celu and selu are these calls inside PyTorch
    "rrelu": Statements(
        forward="nn.leaky_relu(x, 11 / 48, out=out)",
        backward="aten.leaky_relu_backward.grad_input(dy, x, 11 / 48, False, grad_input=out)",
    ),
    "threshold": Statements(
        forward="torch.threshold(x, 0, 0, out=out)", backward="aten.threshold_backward.grad_input(dy, x, 0, grad_input=out)"
    ),
    "celu": _elu("1, 1, 1", "1, 1, 1"),
    "selu": _elu(f"{SELU_ALPHA}, {SELU_SCALE}", f"{SELU_ALPHA}, {SELU_SCALE}, 1"),
    "gelu_tanh": Statements(
        forward="nn.gelu(x, approximate='tanh', out=out)",
        backward="aten.gelu_backward.grad_input(dy, x, approximate='tanh', grad_input=out)",
    ),
    "quick_gelu": Statements(
        forward="torch.mul(x, torch.mul(x, 1.702, out=out).sigmoid_(), out=out)",
        backward="z = torch.mul(x, 1.702, out=out); aten.silu_backward.grad_input(dy, z, grad_input=out)",
    ),
    "mish": Statements(forward="nn.mish(x, out=out)", backward="aten.mish_backward(dy, x)"),
    "log_sigmoid": Statements(
        forward="nn.log_sigmoid(x, out=out)",
        backward="aten.log_sigmoid_backward.grad_input(dy, x, buffer, grad_input=out)",
    ),
    "hard_sigmoid": Statements(
        forward="nn.hardsigmoid(x, out=out)", backward="aten.hardsigmoid_backward.grad_input(dy, x, grad_input=out)"
    ),
    "hard_swish": Statements(forward="nn.hardswish(x, out=out)", backward="aten.hardswish_backward(dy, x)"),
    "hard_tanh": Statements(
        forward="nn.hardtanh(x, -1, 1, out=out)",
        backward="aten.hardtanh_backward.grad_input(dy, x, -1, 1, grad_input=out)",
        from_output="aten.hardtanh_backward.grad_input(dy, y, -1, 1, grad_input=out)",
    ),
    "hard_shrink": Statements(
        forward="torch.hardshrink(x, 0.5, out=out)", backward="aten.hardshrink_backward.grad_input(dy, x, 0.5, grad_input=out)"
    ),
    "soft_shrink": Statements(
        forward="nn.softshrink(x, 0.5, out=out)", backward="aten.softshrink_backward.grad_input(dy, x, 0.5, grad_input=out)"
    ),
    "tanh_shrink": Statements(
        forward="torch.sub(x, torch.tanh(x, out=out), out=out)", backward="torch.tanh(x, out=out).square_().mul_(dy)"
    ),
    "erf": Statements(
        forward="torch.erf(x, out=out)", backward=f"torch.square(x, out=out).neg_().exp_().mul_(dy).mul_({TWO_SQRT_PI})"
    ),
    "arsinh": Statements(forward="torch.asinh(x, out=out)", backward="torch.square(x, out=out).add_(1).rsqrt_().mul_(dy)"),
    "sinusoid": Statements(forward="torch.sin(x, out=out)", backward="torch.cos(x, out=out).mul_(dy)"),
    "sinc": Statements(forward="torch.sinc(x, out=out)"),
}


class Torch(Peer):
    """PyTorch, with tensors over the memory of NumPy's arrays."""

    name, title, package = "torch", "PyTorch", "torch"
    activations = ACTIVATIONS

    @property
    def version(self) -> str | None:
        """The version, and the instruction set that its kernels were chosen for."""
        if not self.installed:
            return None
        torch = packages.imported("torch")
        return f"{torch.__version__} with {torch.backends.cpu.get_cpu_capability()}"

    def bind(self, statement: str, operands: Operands) -> Contestant:
        if operands.out is None:
            statement = without_out(statement)
        torch = packages.imported("torch")
        modules = {"torch": torch, "F": torch.nn.functional, "nn": torch._C._nn, "aten": torch.ops.aten}
        arrays = operands.named(statement)
        tensors = {name: None if array is None else torch.from_numpy(array) for name, array in arrays.items()}
        return Contestant(self.name, statement, {**modules, **tensors})

    def thread_pool(self) -> ThreadPool:
        pool: ThreadPool = packages.imported("torch")
        return pool


#: What MKL computes for PyTorch, slowly on processors that Intel has not made: 5 to 11 times as long on AMD's Zen 4.
SLOW_ON_AMD = "tanh, erf and exp"
_SLOW_ON_AMD = {"tanh", "tanh_", "erf", "exp", "exp_"}


def slow_on_amd(statement: str | None) -> bool:
    """Whether a statement calls one of these functions."""
    nodes = ast.walk(ast.parse(statement or ""))
    return any(isinstance(node, ast.Attribute) and node.attr in _SLOW_ON_AMD for node in nodes)


#: The keywords, and the operators' overloads, that say where the result goes.
_OUT = ("out", "grad_input")


class _WithoutOut(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.keywords = [keyword for keyword in node.keywords if keyword.arg not in _OUT]
        if isinstance(node.func, ast.Attribute) and node.func.attr in _OUT:
            node.func.attr = "default"
        return node


def without_out(statement: str) -> str:
    """The form that makes a new array. `out=None` will not do: PyTorch's operators raise an error."""
    return "; ".join(map(ast.unparse, _WithoutOut().visit(ast.parse(statement)).body))
