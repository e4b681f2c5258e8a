"""The functions of this package for JAX, with gradients, also under `jax.jit`, `jax.vmap` and `jax.grad` of `jax.grad`.

Every function of `fastact` is here by the same name, with the same arguments. Each call leaves XLA's program for a callback on the
host (`jax.pure_callback`): arrays are handed over, nothing around is fused with it, and a call takes some 100 µs more than
the kernel does. It pays for what XLA computes with less accuracy or not at all, on the CPU, and for large arrays; on another
device every call moves its arrays to the host and back.

Examples
--------
>>> import jax
>>> from fastact.jax import softplus
>>> jax.jit(jax.grad(softplus))(0.0)
Array(0.5, dtype=float32, weak_type=True)
>>> jax.grad(jax.grad(softplus))(0.0)
Array(0.25, dtype=float32, weak_type=True)
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .integrations import extras
from .integrations.differentiable import RESULT, SLOPE, Call, Elementwise, GatedUnit, Reduced, Rows
from .integrations.framework import Framework

jax = extras.load("jax", extra="jax", needed_by=__name__)


class _Jax(Framework):
    module, kind = __name__, "a jax.Array"

    def is_array(self, value: Any) -> bool:
        return isinstance(value, (jax.Array, np.ndarray))

    def operand(self, label: str, name: str, value: Any) -> Any:
        return jax.numpy.asarray(value)

    def apply(self, call: Call, operands: Mapping[str, Any]) -> Any:
        label = f"{__name__}.{call.function.name}"
        if call.options.get("rng") is not None:
            raise TypeError(f"{label}: rng= is not taken: JAX may call a function as often as it likes, and each call would draw")
        for name in call.learnt & operands.keys():
            dtype = operands[name].dtype
            if not jax.numpy.issubdtype(dtype, jax.numpy.floating):
                raise TypeError(f"{label}: {name} has dtype {dtype}; it takes floating arrays")
        return _differentiable(call, label)(*operands.values())

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        return jax.numpy.concatenate(arrays, axis)


_JAX = _Jax()


def _differentiable(call: Call, label: str) -> Callable[..., Any]:
    """The call as a function of its operands, whose gradients JAX knows."""
    names = tuple(call.shapes)

    def abstract(*arrays: Any) -> Any:
        dtypes = [array.dtype for name, array in zip(names, arrays, strict=True) if name in call.learnt]
        return jax.ShapeDtypeStruct(_result_shape(call, arrays), jax.numpy.result_type(*dtypes))

    def host(slope: bool) -> Callable[..., Any]:
        def compute(*arrays: Any) -> Any:
            result, gradient = call.compute(dict(zip(names, map(np.asarray, arrays), strict=True)), slope)
            return (np.asarray(result), np.asarray(gradient)) if slope else np.asarray(result)

        return compute

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def function(*arrays: Any) -> Any:
        return _on_host(call, host(False), abstract(*arrays), *arrays)

    def forward(*given: Any) -> tuple[Any, Any]:
        for name, operand in zip(names, given, strict=True):
            if operand.perturbed and name not in call.learnt:
                raise TypeError(f"{_JAX.no_gradient(label, call, name)}; give jax.lax.stop_gradient({name})")
        arrays = [operand.value for operand in given]
        found = dict(zip(names, arrays, strict=True))
        if SLOPE in call.saved:
            first = jax.ShapeDtypeStruct(arrays[0].shape, arrays[0].dtype)
            found[RESULT], found[SLOPE] = _on_host(call, host(True), (abstract(*arrays), first), *arrays)
        else:
            found[RESULT] = function(*arrays)
        dtypes = tuple(jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays)
        return found[RESULT], (tuple(found[name] for name in call.saved), dtypes)

    function.defvjp(forward, lambda kept, dy: _backward(call, kept, dy), symbolic_zeros=True)
    return function  # type: ignore[no-any-return]
