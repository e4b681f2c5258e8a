"""What the records of all families have in common: a name, and the kind of object that a backend makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Call(Enum):
    """How a function is called: each has one class in `fastact.calls`, and one in each backend."""

    ACTIVATION = "elementwise activation of x"
    DEFINED = "elementwise activation of x that a user defines"
    GATED = "gated unit of gate and value"
    MASKED_MAP = "function of rows with scale, mask and empty=, its result of the shape of x"
    MASKED_REDUCTION = "function of rows with scale and mask, its result without the axis"
    MAP = "function of rows, its result of the shape of x"
    REDUCTION = "function of rows, its result without the axis"
    SAMPLED_MAP = "function of rows with noise drawn, its result of the shape of x"
    CROSS_ENTROPY = "loss of rows of logits with labels or probabilities"
    BINARY_CROSS_ENTROPY = "loss of single logits or probabilities with targets"
    NLL_LOSS = "loss of rows of log-probabilities with labels"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Record:
    """A function of any family.

    Attributes
    ----------
    name : str
        Its public name.
    call : Call
        How it is called.
    aliases : tuple of str
        Other public names.
    """

    name: str
    call: Call
    aliases: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
