"""How losses are called: a scalar, or with reduction="none" a loss of each row."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from ...calls.losses import REDUCTIONS, BinaryCrossEntropy, CrossEntropy, NLLLoss
from ...calls.rows import Rowwise
from ...functions.record import Call
from .arguments import ONE_AXIS, OUT, general, literal, without
from .ways import Way

_EACH = literal(["none"])
_ALL = literal(word for word in REDUCTIONS if word != "none")
#: What comes in, what a loss of all rows is, those of the rows, the gradient.
_KINDS = (
    ("NDArray[_F]", "_F", "NDArray[_F]", "NDArray[_F]"),
    ("NDArray[_Whole]", "np.float64", "NDArray[np.float64]", "NDArray[np.float64]"),
    ("_ArrayLike", "np.floating[Any]", "NDArray[Any]", "NDArray[Any]"),
)


def call(signature: inspect.Signature) -> Iterator[Way]:
    """The loss."""
    scores, whatever, options = _arguments(signature)
    yield Way({**whatever, "out": OUT}, "_Out", ("out",))
    for kind, one, each, _ in _KINDS:
        given = {**options, scores: kind}
        yield Way({**given, "reduction": _ALL}, one)
        yield Way({**given, "reduction": _EACH}, each, ("reduction",))
    yield Way({**whatever, scores: "_Number | _Object"}, "Any")


def value_and_grad(signature: inspect.Signature) -> Iterator[Way]:
    """The loss and its gradient, which `out` is for."""
    scores, whatever, options = _arguments(signature)
    for kind, one, each, gradient in _KINDS:
        given = {**options, scores: kind}
        yield Way({**given, "reduction": _ALL}, f"tuple[{one}, {gradient}]")
        yield Way({**given, "reduction": _EACH}, f"tuple[{each}, {gradient}]", ("reduction",))
        if kind != "NDArray[_Whole]":
            yield Way({**given, "out": OUT, "reduction": _ALL}, f"tuple[{one}, _Out]", ("out",))
            yield Way({**given, "out": OUT, "reduction": _EACH}, f"tuple[{each}, _Out]", ("out", "reduction"))
    yield Way({**whatever, scores: "_Number | _Object"}, "tuple[Any, Any]")


def _arguments(signature: inspect.Signature) -> tuple[str, dict[str, str], dict[str, str]]:
    """What the scores are called; the types of all arguments; and of those besides `out`."""
    whatever = general(signature, axis=ONE_AXIS)
    if "mask" in whatever:
        whatever["mask"] = "_ArrayLike | _Object | None"  # over the classes: none is causal
    return next(iter(signature.parameters)), whatever, without(whatever, "out")


#: By the way to call it a loss's class, and the ways of its methods.
KINDS: dict[Call, tuple[type[Rowwise], dict[str, Callable[[inspect.Signature], Iterator[Way]]]]] = {
    Call.CROSS_ENTROPY: (CrossEntropy, {"__call__": call, "value_and_grad": value_and_grad}),
    Call.NLL_LOSS: (NLLLoss, {"__call__": call, "value_and_grad": value_and_grad}),
    Call.BINARY_CROSS_ENTROPY: (BinaryCrossEntropy, {"__call__": call, "value_and_grad": value_and_grad}),
}
