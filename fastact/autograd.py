"""The functions of this package as primitives of HIPS autograd, with vector-Jacobian products.

Every function of `fastact` is here by the same name, with the same arguments. The backward pass is one call of a kernel. Where a
gradient is differentiated in its turn, as for a Hessian, it is written in functions that have derivatives themselves.

Examples
--------
>>> import autograd
>>> import autograd.numpy as np
>>> from fastact.autograd import softplus
>>> x = np.array([-1.0, 0.0, 1.0])
>>> autograd.elementwise_grad(softplus)(x).round(4)
array([0.2689, 0.5   , 0.7311])
>>> autograd.elementwise_grad(autograd.elementwise_grad(softplus))(x).round(4)
array([0.1966, 0.25  , 0.1966])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .integrations import extras
from .integrations.differentiable import RESULT, SLOPE, Call, Shape
from .integrations.framework import Framework

_extend = extras.load("autograd.extend", extra="autograd", needed_by=__name__)
_tracer = extras.load("autograd.tracer", extra="autograd", needed_by=__name__)
_numpy = extras.load("autograd.numpy", extra="autograd", needed_by=__name__)


class _Autograd(Framework):
    module, kind = __name__, "an array"

    def is_array(self, value: Any) -> bool:
        return _tracer.isbox(value) or isinstance(value, np.ndarray)

    def operand(self, label: str, name: str, value: Any) -> Any:
        return np.asarray(value)

    def shape(self, array: Any) -> Shape:
        return np.shape(_tracer.getval(array))

    def apply(self, call: Call, operands: Mapping[str, Any]) -> Any:
        for name, array in operands.items():
            if _tracer.isbox(array) and name not in call.learnt:
                raise TypeError(self.no_gradient(f"{__name__}.{call.function.name}", call, name))
        if not any(map(_tracer.isbox, operands.values())):
            return call.compute(operands)[0]
        return _apply(call, {}, *operands.values())

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        return _numpy.concatenate(arrays, axis)


_AUTOGRAD = _Autograd()


@_extend.primitive  # type: ignore[untyped-decorator]
def _apply(call: Call, slopes: dict[str, Any], *arrays: Any) -> Any:
    """The result of a call; `slopes` gets what is computed together with it."""
    result, slope = call.compute(dict(zip(call.shapes, arrays, strict=True)), slope=True)
    slopes[SLOPE] = slope
    return result


def _vector_jacobian_product(argnums: Sequence[int], result: Any, arguments: tuple[Any, ...], _: Any) -> Callable[[Any], Any]:
    """What autograd asks for once for each call: a function that gives the gradients of these arguments."""
    call, slopes, *arrays = arguments
    found = {**dict(zip(call.shapes, arrays, strict=True)), RESULT: result, **slopes}
    saved = {name: found[name] for name in call.saved}
    names = [list(call.shapes)[k - 2] for k in argnums]

    def product(dy: Any) -> Iterator[Any]:
        if not any(map(_tracer.isbox, (dy, *found.values()))):
            gradients = call.gradients(dy, saved)
            return (gradients[name] for name in names)
        gradients = call.formula(dy, saved, _AUTOGRAD)
        return (gradients[name] if name in gradients else _once(call, name, dy, *saved.values()) for name in names)

    return product


@_extend.primitive  # type: ignore[untyped-decorator]
def _once(call: Call, name: str, dy: Any, *saved: Any) -> Any:
    """A gradient that can't be differentiated again."""
    return call.gradients(dy, dict(zip(call.saved, saved, strict=True)))[name]


def _no_product(argnums: Sequence[int], result: Any, arguments: tuple[Any, ...], _: Any) -> Callable[[Any], Any]:
    raise NotImplementedError(_AUTOGRAD.once(arguments[0]))


_extend.defvjp_argnums(_apply, _vector_jacobian_product)
_extend.defvjp_argnums(_once, _no_product)


def wrap(function: Any) -> Callable[..., Any]:
    """A function of this package as a primitive: for what has no name here, such as an activation of `fastact.define`.

    Parameters
    ----------
    function : fastact.Activation or another function of fastact
        Whose gradients autograd is to know.

    Raises
    ------
    TypeError
        What is no function of this package.

    Examples
    --------
    >>> import autograd, fastact
    >>> from fastact.autograd import wrap
    >>> serf = wrap(fastact.define("x * erf(log1p(exp(x)))", name="serf"))
    >>> round(float(autograd.grad(serf)(0.0)), 4)
    0.673
    """
    return _AUTOGRAD.wrap(function)


def __getattr__(name: str) -> Callable[..., Any]:
    return _AUTOGRAD.named(name)


def __dir__() -> list[str]:
    return [*_AUTOGRAD.names(), "wrap"]
