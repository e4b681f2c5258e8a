"""How functions of rows are called: what keeps the shape of x, and what removes the axis."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from ...calls.rows import AxisFunction, Map, MaskedMap, MaskedReduction, Reduction
from ...calls.sampled import SampledMap
from ...functions.record import Call
from .arguments import OUT, general, without
from .ways import Way, way

#: Arrays along whose axis there are rows.
_ARRAYS = "NDArray[_F]"
_ONE = "Literal[False]"


def map_call(signature: inspect.Signature) -> Iterator[Way]:
    """The forward pass of what keeps the shape."""
    whatever = general(signature)
    options = without(whatever, "x", "out")
    yield way("_Floats", x="_Floats", **options)
    yield way("NDArray[np.float64]", x="NDArray[_Whole]", **options)
    yield Way({**whatever, "out": OUT}, "_Out", ("out",))
    yield Way({**whatever, "x": "_Number | _Object"}, "Any")
    yield Way({**whatever, "x": "_ArrayLike"}, "NDArray[Any]")


def map_backward(signature: inspect.Signature) -> Iterator[Way]:
    """Its gradient, from the input or the output."""
    whatever = general(signature)
    options = without(whatever, "dy", "x", "y", "out")
    for saved, _ in _SAVED:
        yield way("_Floats", saved, **{"dy": "_Floats", saved: "_Floats"}, **options)
    for saved, other in _SAVED:
        given = without(whatever, other)
        yield Way({**given, "out": OUT}, "_Out", (saved, "out"))
        yield Way({**given, saved: "_Number | _Object"}, "Any", (saved,))
        yield Way({**given, saved: "_ArrayLike"}, "NDArray[Any]", (saved,))


_SAVED = (("x", "y"), ("y", "x"))


def reduction_call(signature: inspect.Signature) -> Iterator[Way]:
    """The forward pass of what removes the axis: a scalar of all axes, an array if they stay, else what the shape of x says."""
    whatever = general(signature)
    index = "return_index" in signature.parameters

    def ways(result: str, needs: str = "", **takes: str) -> Iterator[Way]:
        """With and without the index of each result."""
        also = {"return_index": _ONE} if index else {}
        yield Way({**takes, **also}, result, tuple(needs.split()))
        if index:
            places = {"_F": "np.intp", _ARRAYS: "NDArray[np.intp]", "NDArray[Any]": "NDArray[np.intp]"}
            takes = {**takes, "return_index": "Literal[True]"}
            yield Way(takes, f"tuple[{result}, {places.get(result, 'Any')}]", (*needs.split(), "return_index"))

    options = without(whatever, "x", "out", "return_index")
    yield from ways("_F", "axis", **{**options, "x": _ARRAYS, "axis": "None", "keepdims": _ONE})
    yield from ways(_ARRAYS, "keepdims", **{**options, "x": _ARRAYS, "keepdims": "Literal[True]"})
    yield from ways("NDArray[Any]", "keepdims", **{**options, "x": "_ArrayLike", "keepdims": "Literal[True]"})
    given = without(whatever, "return_index")
    yield from ways("_Out", "out", **{**given, "out": OUT})
    yield from ways("Any", **given)


def reduction_backward(signature: inspect.Signature) -> Iterator[Way]:
    """Its gradient, of the shape of x."""
    whatever = general(signature)
    yield way(_ARRAYS, **{**without(whatever, "out"), "dy": f"_F | {_ARRAYS}", "x": _ARRAYS})
    yield Way({**whatever, "out": OUT}, "_Out", ("out",))
    yield Way({**whatever, "x": "_Number | _Object"}, "Any")
    yield Way({**whatever, "x": "_ArrayLike"}, "NDArray[Any]")


#: By the way to call it a function's class, and the ways of its methods.
KINDS: dict[Call, tuple[type[AxisFunction | SampledMap], dict[str, Callable[[inspect.Signature], Iterator[Way]]]]] = {
    Call.MAP: (Map, {"__call__": map_call, "backward": map_backward}),
    Call.MASKED_MAP: (MaskedMap, {"__call__": map_call, "backward": map_backward}),
    Call.SAMPLED_MAP: (SampledMap, {"__call__": map_call, "backward": map_backward}),
    Call.REDUCTION: (Reduction, {"__call__": reduction_call, "backward": reduction_backward}),
    Call.MASKED_REDUCTION: (MaskedReduction, {"__call__": reduction_call, "backward": reduction_backward}),
}
