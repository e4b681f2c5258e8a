"""What is computed for an activation: ONE record per kind of call that has a ufunc of its own.

A compiled backend has a loop for each value of `loop`, and names its loops by these words: `relu_backward_float32`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .entry import Entry


class Kind(NamedTuple):
    """One kind of call.

    Attributes
    ----------
    name : str
        Its name.
    loop : str
        The kind of the loop that computes it. A bias is added before the loop runs, so that it needs no loop of its own.
    inputs : tuple of str
        The array operands, in the order of the ufunc's inputs. The activation's parameters follow them.
    outputs : tuple of str
        The results.
    integers : bool
        Whether integers stay integers, for an activation that keeps them.
    unit : bool
        Whether it belongs to the gated unit of the activation, which has the parameters' default values.
    parameter : int or None
        Which of the activation's parameters the gradient is taken by; None where it is that of the input.
    """

    name: str
    loop: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    integers: bool = False
    unit: bool = False
    parameter: int | None = None

    @property
    def bias(self) -> bool:
        """Whether a bias is added to the input."""
        return "bias" in self.inputs

    @property
    def loop_inputs(self) -> tuple[str, ...]:
        """What the loop reads first: x, or dy and x. A bias is part of x by then; a unit's value comes last."""
        return tuple(name for name in self.inputs if name not in ("bias", "value"))


FORWARD = Kind("forward", "forward", ("x",), ("y",), integers=True)
FORWARD_BIAS = Kind("forward_bias", "forward", ("x", "bias"), ("y",), integers=True)
BACKWARD = Kind("backward", "backward", ("dy", "x"), ("dx",))
BACKWARD_BIAS = Kind("backward_bias", "backward", ("dy", "x", "bias"), ("dx",))
BACKWARD_FROM_OUTPUT = Kind("backward_from_output", "backward_from_output", ("dy", "y"), ("dx",))
VALUE_AND_GRAD = Kind("value_and_grad", "value_and_grad", ("x",), ("y", "d"))
VALUE_AND_GRAD_BIAS = Kind("value_and_grad_bias", "value_and_grad", ("x", "bias"), ("y", "d"))
GATED = Kind("gated", "gated", ("gate", "value"), ("y",), integers=True, unit=True)
GATED_BACKWARD = Kind("gated_backward", "gated_backward", ("dy", "gate", "value"), ("dgate", "dvalue"), unit=True)

#: The kinds by name, without those of a parameter: `by_parameter`.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        FORWARD,
        FORWARD_BIAS,
        BACKWARD,
        BACKWARD_BIAS,
        BACKWARD_FROM_OUTPUT,
        VALUE_AND_GRAD,
        VALUE_AND_GRAD_BIAS,
        GATED,
        GATED_BACKWARD,
    )
}

#: What the loops of parameters' gradients are called.
BY_PARAMETER = "backward_by_parameter"


@functools.cache
def by_parameter(parameter: int, bias: bool = False) -> Kind:
    """The kind of the gradient of one of an activation's parameters, which is an array; always the same object."""
    name = f"{BY_PARAMETER}_{parameter}{'_bias' if bias else ''}"
    return Kind(name, BY_PARAMETER, ("dy", "x", "bias") if bias else ("dy", "x"), ("dparameter",), parameter=parameter)


#: The kinds of loops.
LOOPS: tuple[str, ...] = tuple(dict.fromkeys((*(kind.loop for kind in KINDS.values()), BY_PARAMETER)))


def learnt(entry: Entry) -> tuple[int, ...]:
    """Which of an activation's parameters have a gradient of their own, in their order."""
    return tuple(k for k, p in enumerate(entry.parameters) if p in entry.learnt_parameters)


def kinds_of(entry: Entry) -> list[Kind]:
    """All kinds that an activation has, those of its gated unit among them."""
    return [
        *(kind for kind in KINDS.values() if has_loop(entry, kind.loop)),
        *(by_parameter(k, bias) for k in learnt(entry) for bias in (False, True)),
    ]


def inputs_of(entry: Entry, kind: Kind) -> int:
    """How many inputs the ufunc of this kind has: its operands and the parameters."""
    return len(kind.inputs) + (0 if kind.unit else len(entry.parameters))


def keeps_integers(entry: Entry, kind: Kind) -> bool:
    """Whether integer inputs of this kind give integer results."""
    return entry.keeps_integers and kind.integers


def has_loop(entry: Entry, loop: str) -> bool:
    """Whether an activation has a loop of this kind; the loops of its gated unit are another question."""
    if loop == "backward_from_output":
        return entry.derivative_from_output is not None
    if loop == BY_PARAMETER:
        return bool(entry.learnt_parameters)
    return True
