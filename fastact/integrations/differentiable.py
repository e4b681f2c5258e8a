"""Calls of the package's functions as frameworks for automatic differentiation see them.

Such a framework is told three things of a call: how its result is computed, how the gradients of its operands are computed from
what was saved, in one pass of a kernel, and how the same gradients are written in the framework's own arithmetic, so that it can
differentiate them again. There is a class for each family of functions. They know NumPy's arrays alone; a formula is written in
operators that the arrays of all frameworks have.
"""

from __future__ import annotations

import copy
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from ..calls.axes import several_axes, with_ones, without_axes
from ..calls.elementwise import Activation
from ..calls.gated import Gated
from ..calls.losses import BinaryCrossEntropy, CrossEntropy, NLLLoss
from ..calls.rows import Map, MaskedMap, MaskedReduction, Reduction
from ..calls.sampled import SampledMap

Arrays = Mapping[str, Any]
Shape = tuple[int, ...]

#: What is saved beside operands: the result, and of a loss its gradient, which is computed together with it. No operand has such
#: a name.
RESULT, SLOPE = "(result)", "(slope)"


class Arithmetic(Protocol):
    """What a formula of gradients needs of a framework besides the operators of its arrays."""

    def wrap(self, function: Any) -> Callable[..., Any]:
        """A function of this package as one of the framework's arrays."""

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        """The arrays one after the other."""


class Call:
    """One call.

    Attributes
    ----------
    function : object
        The function of this package.
    shapes : mapping
        The shapes of the operands, which are arrays of the framework, by name and in order.
    options : mapping
        The other arguments.
    """

    #: The operands by position.
    positional: ClassVar[tuple[str, ...]] = ("x",)

    def __init__(self, function: Any, shapes: Mapping[str, Shape], options: Mapping[str, Any]) -> None:
        self.function, self.shapes, self.options = function, dict(shapes), dict(options)
        rng = self.options.get("rng")
        self._rng = copy.deepcopy(rng)  # in the state from which the forward pass draws

    @property
    def learnt(self) -> frozenset[str]:
        """The operands that have a gradient."""
        return frozenset(self.shapes)

    @property
    def saved(self) -> tuple[str, ...]:
        """What the gradients are computed from: operands, RESULT or SLOPE."""
        return tuple(self.shapes)

    def result_shape(self) -> Shape:
        """The shape of the result."""
        return self.shapes[self.positional[0]]

    def compute(self, arrays: Arrays, slope: bool = False) -> tuple[Any, Any]:
        """The result, and the slope if that is asked for and will be saved."""
        return self._run(self.function, arrays), None

    def gradients(self, dy: Any, saved: Arrays) -> dict[str, Any]:
        """The gradients of the operands that have one, by name."""
        raise NotImplementedError

    def formula(self, dy: Any, saved: Arrays, arithmetic: Arithmetic) -> dict[str, Any]:
        """The same in the framework's arithmetic; without those that can't be differentiated again."""
        return {}

    def _run(self, function: Callable[..., Any], arrays: Arrays, *before: Any, **more: Any) -> Any:
        """Call a function or a method of it: operands by position, all else by keyword."""
        given = {**self.options, **arrays, **more}
        operands = [given.pop(name) for name in self.positional if name in given]
        return function(*before, *operands, **given)

    def _again(self) -> dict[str, Any]:
        """The generator for what repeats the draw."""
        return {} if self._rng is None else {"rng": copy.deepcopy(self._rng)}


class Elementwise(Call):
    """A call of an activation."""

    @property
    def _parameters(self) -> list[str]:
        """The parameters of which `backward` gives gradients, in its order."""
        entry = self.function._entry
        by_record = {p.name for p in entry.learnt_parameters}
        return [p.name for p in entry.options if p.name in by_record or p.name in self.shapes]

    def _ready(self, arrays: Arrays) -> dict[str, Any]:
        """The operands for the function, to which an array without dimensions would be a number that is not learnt."""
        if len(self.shapes) == 1:
            return dict(arrays)
        return {name: np.atleast_1d(array) for name, array in arrays.items()}

    def compute(self, arrays: Arrays, slope: bool = False) -> tuple[Any, Any]:
        result = self._run(self.function, self._ready(arrays))
        return (result if len(self.shapes) == 1 else result.reshape(self.shapes["x"])), None

    def gradients(self, dy: Any, saved: Arrays) -> dict[str, Any]:
        arrays = self._ready({**saved, "dy": dy})
        found = self._run(self.function.backward, arrays, arrays.pop("dy"), **self._again())
        found = found if isinstance(found, tuple) else (found,)
        has_bias = "bias" in self.shapes or self.options.get("bias") is not None
        names = ["x", *self._parameters, *(["bias"] if has_bias else [])]
        gradients = {name: g for name, g in zip(names, found, strict=True) if name in self.shapes}
        if len(self.shapes) == 1:
            return gradients
        return {name: np.reshape(g, self.shapes[name]) for name, g in gradients.items()}

    def formula(self, dy: Any, saved: Arrays, arithmetic: Arithmetic) -> dict[str, Any]:
        if self.function._entry.noise:  # its derivative is no function of x alone
            return {}
        dx = dy * self._run(arithmetic.wrap(self.function.derivative), saved)
        found = {"x": dx}
        if "bias" in self.shapes:
            found["bias"] = _sum_like_bias(dx, self.shapes["x"], self.shapes["bias"], self.options.get("bias_axis", -1))
        return found


def _sum_like_bias(dx: Any, shape: Shape, own: Shape, axis: int) -> Any:
    """The gradient of a bias of a shape of its own."""
    aligned = own
    if len(own) == 1:
        aligned = tuple(n if i == axis % len(shape) else 1 for i, n in enumerate(shape))
    aligned = (*(1 for _ in range(len(shape) - len(aligned))), *aligned)
    axes = tuple(i for i, n in enumerate(aligned) if n == 1 != shape[i])
    return (dx.sum(axis=axes) if axes else dx).reshape(own)


class GatedUnit(Call):
    """A call of a gated unit."""

    positional = ("gate", "value")

    @property
    def _packed(self) -> bool:
        return "value" not in self.shapes and self.options.get("value") is None

    def result_shape(self) -> Shape:
        shape = self.shapes.get("gate", self.shapes.get("value", ()))
        if not self._packed:
            return shape
        axis = self.options.get("axis", -1) % len(shape)
        return (*shape[:axis], shape[axis] // 2, *shape[axis + 1 :])

    def gradients(self, dy: Any, saved: Arrays) -> dict[str, Any]:
        found = self._run(self.function.backward, saved, dy)
        names = dict(zip(self.positional, found if isinstance(found, tuple) else (found,), strict=False))
        return {name: names[name] for name in self.shapes}

    def formula(self, dy: Any, saved: Arrays, arithmetic: Arithmetic) -> dict[str, Any]:
        given = {**self.options, **saved}
        gate, value, first = given["gate"], given.get("value"), given.get("gate_first", False)
        axis = given.get("axis", -1)
        if self._packed:
            shape = self.shapes["gate"]
            before = (slice(None),) * (axis % len(shape))
            half = shape[axis] // 2
            halves = gate[(*before, slice(0, half))], gate[(*before, slice(half, None))]
            gate, value = halves if first else halves[::-1]
        activation = self.function.activation
        dgate = dy * value * arithmetic.wrap(activation.derivative)(gate)
        dvalue = dy * arithmetic.wrap(activation)(gate)
        if self._packed:
            return {"gate": arithmetic.concatenate((dgate, dvalue) if first else (dvalue, dgate), axis)}
        return {name: gradient for name, gradient in (("gate", dgate), ("value", dvalue)) if name in self.shapes}


class Rows(Call):
    """A call of a function of rows whose result has the shape of x; its gradient comes from the result."""

    @property
    def learnt(self) -> frozenset[str]:
        return frozenset({"x"})

    @property
    def saved(self) -> tuple[str, ...]:
        return (RESULT, *(name for name in self.shapes if name != "x"))

    def gradients(self, dy: Any, saved: Arrays) -> dict[str, Any]:
        given = {**self.options, **saved, "y": saved[RESULT]}
        del given[RESULT]
        return {"x": self.function.backward(dy, **given)}

    def formula(self, dy: Any, saved: Arrays, arithmetic: Arithmetic) -> dict[str, Any]:
        y, scale, masked = saved[RESULT], *self._scale_and_mask(saved)
        axes = several_axes(self.function.name, self.options.get("axis", -1), len(self.shapes["x"]))
        if scale is None or not axes:
            return {}
        if self.function.name in ("softmax", "softmin"):
            sign = 1 if self.function.name == "softmax" else -1
            return {"x": y * (dy - (y * dy).sum(axis=axes, keepdims=True)) * (scale * sign)}
        if self.function.name == "log_softmax" and not masked:
            softmax = arithmetic.wrap(self.function._backend.exponential)(y)
            return {"x": (dy - softmax * dy.sum(axis=axes, keepdims=True)) * scale}
        return {}

    def _scale_and_mask(self, saved: Arrays) -> tuple[Any, bool]:
        """The scale, None if it is one that the framework's arrays can't be multiplied by; and whether there is a mask."""
        given = {**self.options, **saved}
        scale = given.get("scale", 1.0)
        usable = "scale" in saved or isinstance(scale, numbers.Real)
        return scale if usable else None, given.get("mask") is not None


class Reduced(Rows):
    """A call of a function of rows whose result has no axis; its gradient comes from the input."""

    @property
    def saved(self) -> tuple[str, ...]:
        return tuple(self.shapes)

    def result_shape(self) -> Shape:
        shape, axes = self.shapes["x"], self._axes()
        return with_ones(shape, axes) if self.options.get("keepdims", False) else without_axes(shape, axes)

    def _axes(self) -> tuple[int, ...]:
        return several_axes(self.function.name, self.options.get("axis", -1), len(self.shapes["x"]))

    def gradients(self, dy: Any, saved: Arrays) -> dict[str, Any]:
        return {"x": self._run(self.function.backward, saved, dy)}

    def formula(self, dy: Any, saved: Arrays, arithmetic: Arithmetic) -> dict[str, Any]:
        scale, _ = self._scale_and_mask(saved)
        if self.function.name != "logsumexp" or scale is None:
            return {}
        of_softmax = {name: value for name, value in {**self.options, **saved}.items() if name not in ("x", "keepdims")}
        softmax = arithmetic.wrap(self.function._backend.softmax)(saved["x"], **of_softmax)
        return {"x": dy.reshape(with_ones(self.shapes["x"], self._axes())) * softmax * scale}


class Sampled(Rows):
    """A call of a function of rows that draws. A class that was drawn does not tell the sample that the gradient comes from."""

    @property
    def saved(self) -> tuple[str, ...]:
        return tuple(self.shapes) if self.options.get("hard") else super().saved

    def gradients(self, dy: Any, saved: Arrays) -> dict[str, Any]:
        if RESULT not in saved:
            return {"x": self._run(self.function.backward, saved, dy, **self._again())}
        given = {name: value for name, value in self.options.items() if name != "rng"}
        return {"x": self.function.backward(dy, y=saved[RESULT], **given)}

    def formula(self, dy: Any, saved: Arrays, arithmetic: Arithmetic) -> dict[str, Any]:
        return {}


class Loss(Call):
    """A call of a loss. Its gradient by the first operand is computed with it, and needs a factor only."""

    positional = ("logits", "targets")

    @property
    def learnt(self) -> frozenset[str]:
        return frozenset(self.positional[:1])

    @property
    def saved(self) -> tuple[str, ...]:
        return (SLOPE,)

    @property
    def _of_rows(self) -> bool:
        """Whether there is one loss for each row, not for each element."""
        return True

    def _axis(self) -> int:
        axis: int = self.options.get("axis", -1)
        return axis

    def result_shape(self) -> Shape:
        shape = self.shapes[self.positional[0]]
        if self.options.get("reduction", "mean") != "none":
            return ()
        return without_axes(shape, (self._axis() % len(shape),)) if self._of_rows else shape

    def compute(self, arrays: Arrays, slope: bool = False) -> tuple[Any, Any]:
        if slope:
            loss, gradient = self._run(self.function.value_and_grad, arrays)
            return loss, gradient
        return super().compute(arrays)

    def gradients(self, dy: Any, saved: Arrays) -> dict[str, Any]:
        if self._of_rows and self.options.get("reduction", "mean") == "none":
            dy = np.expand_dims(dy, self._axis())
        with np.errstate(all="ignore"):
            return {self.positional[0]: saved[SLOPE] * dy}


class LossOfLogProbabilities(Loss):
    """The same of what takes log-probabilities."""

    positional = ("log_probs", "targets")


class LossOfElements(Loss):
    """The same with a loss for each element."""

    @property
    def _of_rows(self) -> bool:
        return False


_FAMILIES: dict[type, type[Call]] = {
    Activation: Elementwise,
    Gated: GatedUnit,
    MaskedMap: Rows,
    Map: Rows,
    MaskedReduction: Reduced,
    Reduction: Reduced,
    SampledMap: Sampled,
    CrossEntropy: Loss,
    NLLLoss: LossOfLogProbabilities,
    BinaryCrossEntropy: LossOfElements,
}


def family(function: Any) -> type[Call] | None:
    """The class of calls of a function; None of what is no function of this package."""
    return next((call for kind, call in _FAMILIES.items() if isinstance(function, kind)), None)
