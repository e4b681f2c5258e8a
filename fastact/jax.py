"""The functions of this package for JAX, with gradients, also under `jax.jit`, `jax.vmap` and `jax.grad` of `jax.grad`.

Every function of `fastact` is here by the same name, with the same arguments. Each call leaves XLA's program for a callback on
the host (`jax.pure_callback`): its arrays are copied there and back, and nothing around is fused with it. So it is seldom quicker
than JAX's own function, and slower on small arrays; docs/guide/autodiff.md has figures. It gives what JAX lacks: functions,
accuracy in the tails, the same bits as in NumPy. On another device than the CPU every call moves its arrays to the host and back.

Examples
--------
>>> import jax
>>> from fastact.jax import softplus
>>> float(jax.jit(jax.grad(softplus))(0.0))
0.5
>>> float(jax.grad(jax.grad(softplus))(0.0))
0.25
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .integrations import extras
from .integrations.differentiable import RESULT, SLOPE, Call, Elementwise, GatedUnit, Rows
from .integrations.framework import Framework

jax = extras.load("jax", extra="jax", needed_by=__name__)


#: How many kinds of calls are kept: they differ in function, shapes, dtypes and options.
_KEPT = 1000


class _Jax(Framework):
    module, kind = __name__, "a jax.Array"

    def __init__(self) -> None:
        super().__init__()
        self._cache: dict[Any, Callable[..., Any]] = {}

    def is_array(self, value: Any) -> bool:
        return isinstance(value, (jax.Array, np.ndarray))

    def operand(self, label: str, name: str, value: Any) -> Any:
        return jax.numpy.asarray(value)

    def apply(self, call: Call, operands: Mapping[str, Any]) -> Any:
        label = f"{__name__}.{call.function.name}"
        if call.options.get("rng") is not None:
            raise TypeError(f"{label}: rng= is not taken: JAX may call a function as often as it likes, and each call would draw")
        call.function = call.function._in_mode()  # the callback runs on another thread, on which no precision is set
        for name in call.learnt & operands.keys():
            dtype = operands[name].dtype
            if not jax.numpy.issubdtype(dtype, jax.numpy.floating):
                raise TypeError(f"{label}: {name} has dtype {dtype}; it takes floating arrays")
        return self._compiled(call, label, operands)(*operands.values())

    def _compiled(self, call: Call, label: str, operands: Mapping[str, Any]) -> Callable[..., Any]:
        """The call as a function of its operands that JAX has compiled; the same for calls of the same kind."""
        types = tuple((name, array.shape, array.dtype) for name, array in operands.items())
        options = tuple(
            (name, type(value), repr(value) if type(value) is float else value) for name, value in call.options.items()
        )
        key = (type(call), call.function, types, options)  # a float by its text: 0.0 and -0.0 are equal
        try:
            found = self._cache.get(key)
        except TypeError:  # an option that is no key: a list, say
            return _differentiable(call, label, operands)
        if found is None:
            if len(self._cache) >= _KEPT:
                self._cache.clear()
            found = self._cache.setdefault(key, jax.jit(_differentiable(call, label, operands)))
        return found

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        return jax.numpy.concatenate(arrays, axis)


_JAX = _Jax()


def _on_host(call: Call, compute: Callable[..., Any], like: Any, *arrays: Any) -> Any:
    """What a function of NumPy's arrays gives, which is like this."""
    return jax.pure_callback(compute, like, *arrays, vmap_method="broadcast_all" if _any_batch(call) else "sequential")


def _any_batch(call: Call) -> bool:
    """Whether one call serves a batch, which gives its arrays an axis in front: then `jax.vmap` costs nothing."""
    axis = call.options.get("axis", -1)
    along = isinstance(call, Elementwise) or (isinstance(call, (Rows, GatedUnit)) and isinstance(axis, int) and axis < 0)
    return along and len(call.shapes) == 1


def _like(array: Any) -> Any:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _is_zero(gradient: Any) -> bool:
    """Whether nothing depends on what this is the gradient of."""
    return isinstance(gradient, jax.custom_derivatives.SymbolicZero)


def _differentiable(call: Call, label: str, operands: Mapping[str, Any]) -> Callable[..., Any]:
    """The call as a function of its operands, whose gradients JAX knows."""
    like = {name: _like(operands[name]) for name in call.shapes if name in call.learnt}
    like_result = jax.ShapeDtypeStruct(call.result_shape(), jax.numpy.result_type(*(array.dtype for array in like.values())))

    def run(slope: bool, like: Any, *arrays: Any) -> Any:
        def compute(*arrays: Any) -> Any:
            found = call.compute(dict(zip(call.shapes, map(np.asarray, arrays), strict=True)), slope)
            return tuple(map(np.asarray, found)) if slope else np.asarray(found[0])

        return _on_host(call, compute, like, *arrays)

    def checked(given: Sequence[Any]) -> list[Any]:
        for name, operand in zip(call.shapes, given, strict=True):
            if operand.perturbed and name not in call.learnt:
                raise TypeError(f"{_JAX.no_gradient(label, call, name)}; give jax.lax.stop_gradient({name})")
        return [operand.value for operand in given]

    def gradients(dy: Any, saved: Sequence[Any]) -> tuple[Any, ...]:
        found = {} if _is_zero(dy) else _gradients(call, like, dy, saved)
        return tuple(found.get(name) for name in call.shapes)

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def function(*arrays: Any) -> Any:
        return run(False, like_result, *arrays)

    def forward(*given: Any) -> tuple[Any, Any]:
        arrays = checked(given)
        found = dict(zip(call.shapes, arrays, strict=True))
        if SLOPE in call.saved:
            found[RESULT], found[SLOPE] = with_slope(*arrays)
        else:
            found[RESULT] = function(*arrays)
        return found[RESULT], [found[name] for name in call.saved]

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def with_slope(*arrays: Any) -> Any:
        return run(True, (like_result, _like(arrays[0])), *arrays)

    def forward_with_slope(*given: Any) -> tuple[Any, Any]:
        found = with_slope(*checked(given))
        return found, found[1:]

    def backward_with_slope(saved: Sequence[Any], given: Sequence[Any]) -> tuple[Any, ...]:
        dy, second = given
        if not _is_zero(second):
            raise NotImplementedError(_JAX.once(call))
        return gradients(dy, saved)

    function.defvjp(forward, lambda saved, dy: gradients(dy, saved), symbolic_zeros=True)
    with_slope.defvjp(forward_with_slope, backward_with_slope, symbolic_zeros=True)
    return function  # type: ignore[no-any-return]


def _gradients(call: Call, like: Mapping[str, Any], dy: Any, saved: Sequence[Any]) -> dict[str, Any]:
    """The gradients by one call of a kernel, as a function that JAX can differentiate in its turn."""

    def compute(dy: Any, *arrays: Any) -> Any:
        found = call.gradients(np.asarray(dy), dict(zip(call.saved, map(np.asarray, arrays), strict=True)))
        return [np.asarray(found[name], array.dtype) for name, array in like.items()]

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def gradients(dy: Any, *arrays: Any) -> Any:
        return _on_host(call, compute, list(like.values()), dy, *arrays)

    def forward(*given: Any) -> tuple[Any, Any]:
        arrays = [operand.value for operand in given]
        return gradients(*arrays), arrays

    def backward(kept: Sequence[Any], second: Sequence[Any]) -> Any:
        wanted = {name: g for name, g in zip(like, second, strict=True) if not _is_zero(g)}

        def formula(dy: Any, *arrays: Any) -> Any:
            found = call.formula(dy, dict(zip(call.saved, arrays, strict=True)), _JAX)
            if not wanted.keys() <= found.keys():
                raise NotImplementedError(_JAX.once(call))
            return [found[name].astype(like[name].dtype) for name in wanted]

        return jax.vjp(formula, *kept)[1](list(wanted.values()))

    gradients.defvjp(forward, backward, symbolic_zeros=True)
    return dict(zip(like, gradients(dy, *saved), strict=True))


def wrap(function: Any) -> Callable[..., Any]:
    """A function of this package as one of JAX's arrays: for what has no name here, such as an activation of `fastact.define`.

    Parameters
    ----------
    function : fastact.Activation or another function of fastact
        Whose gradients JAX is to know.

    Raises
    ------
    TypeError
        What is no function of this package.

    Examples
    --------
    >>> import fastact, jax
    >>> from fastact.jax import wrap
    >>> serf = wrap(fastact.define("x * erf(log1p(exp(x)))", name="serf"))
    >>> round(float(jax.grad(serf)(0.0)), 4)
    0.673
    """
    return _JAX.wrap(function)


def __getattr__(name: str) -> Callable[..., Any]:
    return _JAX.named(name)


def __dir__() -> list[str]:
    return [*_JAX.names(), "wrap"]
