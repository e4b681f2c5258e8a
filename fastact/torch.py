"""The functions of this package for PyTorch's tensors on the CPU, with gradients.

Every function of `fastact` is here by the same name, with the same arguments. A tensor's memory is read where it is and results
are given to PyTorch as they are: nothing is copied. The backward pass is one call of a kernel; with ``create_graph=True`` it is
written in functions that can be differentiated again.

Examples
--------
>>> import torch
>>> from fastact.torch import gelu
>>> x, bias = torch.randn(4, 8, requires_grad=True), torch.zeros(8, requires_grad=True)
>>> gelu(x, bias=bias).sum().backward()
>>> bias.grad.shape
torch.Size([8])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .integrations import extras
from .integrations.differentiable import RESULT, SLOPE, Call
from .integrations.framework import Framework

torch = extras.load("torch", extra="torch", needed_by=__name__)
_Function: Any = torch.autograd.Function


class _Torch(Framework):
    module, kind = __name__, "a torch.Tensor"

    def is_array(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor)

    def apply(self, call: Call, operands: Mapping[str, Any]) -> Any:
        label = f"{__name__}.{call.function.name}"
        for name, tensor in operands.items():
            _check(label, name, tensor)
        if not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in operands.values())):
            return _tensor(call.compute(_arrays(operands))[0])
        for name, tensor in operands.items():
            if tensor.requires_grad and name not in call.learnt:
                raise TypeError(f"{self.no_gradient(label, call, name)}; give {name}.detach()")
        return _Apply.apply(call, *operands.values())

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        return torch.cat(tuple(arrays), axis)


_TORCH = _Torch()


def _check(label: str, name: str, tensor: Any) -> None:
    """Raise TypeError where a tensor has no memory that NumPy can read."""
    if tensor.device.type != "cpu":
        raise TypeError(f"{label}: {name} is on the device {tensor.device}; it takes tensors on the CPU, such as {name}.cpu()")
    if tensor.layout is not torch.strided:
        raise TypeError(f"{label}: {name} has the layout {tensor.layout}; it takes dense tensors, such as {name}.to_dense()")


def _array(tensor: Any) -> Any:
    """The tensor's memory as an array. NumPy has no bfloat16, and takes that of ml_dtypes."""
    tensor = tensor.detach()
    if tensor.dtype is torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(_bfloat16())
    return tensor.numpy(force=True)  # what is conjugated or negated is so in its memory, too


def _arrays(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _array(tensor) for name, tensor in tensors.items()}


def _tensor(result: Any) -> Any:
    """A result as a tensor, which owns its memory from now on."""
    array = np.asarray(result)
    if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def _bfloat16() -> Any:
    return extras.load("ml_dtypes", extra="torch", needed_by=f"{__name__}: bfloat16").bfloat16


class _Apply(_Function):  # type: ignore[misc]
    """A call as PyTorch knows it."""

    @staticmethod
    def forward(ctx: Any, call: Call, *tensors: Any) -> Any:
        operands = dict(zip(call.shapes, tensors, strict=True))
        result, slope = call.compute(_arrays(operands), slope=True)
        found = {**operands, RESULT: _tensor(result), SLOPE: None if slope is None else _tensor(slope)}
        ctx.call = call
        ctx.save_for_backward(*(found[name] for name in call.saved))
        return found[RESULT]

    @staticmethod
    def backward(ctx: Any, dy: Any) -> tuple[Any, ...]:
        call: Call = ctx.call
        saved = dict(zip(call.saved, ctx.saved_tensors, strict=True))
        wanted = [name for name, needed in zip(call.shapes, ctx.needs_input_grad[1:], strict=True) if needed]
        found = {}
        if torch.is_grad_enabled():  # by create_graph=True: the gradients are to be differentiated in their turn
            found = call.formula(dy, saved, _TORCH)
            if missing := [name for name in wanted if name not in found]:
                gradients = _gradients(call, dy, saved)
                told = _TORCH.once(call)
                found.update({name: _Once.apply(told, gradients[name], dy, *saved.values()) for name in missing})
        else:
            found = _gradients(call, dy, saved)
        return (None, *(found[name] if name in wanted else None for name in call.shapes))


def _gradients(call: Call, dy: Any, saved: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients by one call of a kernel."""
    found = call.gradients(_array(dy), _arrays(saved))
    return {name: _tensor(gradient) for name, gradient in found.items()}


class _Once(_Function):  # type: ignore[misc]
    """A gradient that can't be differentiated again: to ask for that is an error, not a zero."""

    @staticmethod
    def forward(ctx: Any, told: str, gradient: Any, *depends_on: Any) -> Any:
        ctx.told = told
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise RuntimeError(ctx.told)


def wrap(function: Any) -> Callable[..., Any]:
    """A function of this package as one of tensors: for what has no name here, such as an activation of `fastact.define`.

    Parameters
    ----------
    function : fastact.Activation or another function of fastact
        Whose gradients PyTorch is to know.

    Raises
    ------
    TypeError
        What is no function of this package.

    Examples
    --------
    >>> import fastact, torch
    >>> from fastact.torch import wrap
    >>> serf = wrap(fastact.define("x * erf(log1p(exp(x)))", name="serf"))
    >>> x = torch.zeros(1, requires_grad=True)
    >>> serf(x).backward()
    >>> round(x.grad.item(), 4)
    0.673
    """
    return _TORCH.wrap(function)


def __getattr__(name: str) -> Callable[..., Any]:
    return _TORCH.named(name)


def __dir__() -> list[str]:
    return [*_TORCH.names(), "wrap"]
