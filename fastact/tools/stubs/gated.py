"""How gated units are called: of gate and value, or of one packed array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...calls.gated import Gated
from ...functions.gated import GatedUnit
from .arguments import ONE_AXIS, OUT, OUTS, general, methods, without
from .ways import Class, Way, method, way

CALL, BACKWARD = methods(Gated, "__call__", "backward")
_PACKED = {"axis": ONE_AXIS, "gate_first": "_Flag"}


def call_ways(integers: bool | None) -> Iterator[Way]:
    """How a unit is called; `integers` says whether it keeps them, None where that is not known."""
    kept = "_Reals" if integers else "_Floats"
    whatever = general(CALL, axis=ONE_AXIS)
    packed = without(whatever, "value")
    two = without(whatever, *_PACKED)
    yield way(kept, "value", gate=kept, value=kept)
    yield way(kept, gate=kept, **_PACKED)
    if integers is False:
        yield way("NDArray[np.float64]", "value", gate="NDArray[_Whole]", value="NDArray[_Whole]")
        yield way("NDArray[np.float64]", gate="NDArray[_Whole]", **_PACKED)
    yield way("np.float64", "value", gate="float", value="float")
    yield Way({**two, "value": "Any", "out": OUT}, "_Out", ("value", "out"))
    yield Way({**packed, "out": OUT}, "_Out", ("out",))
    for kind, gives in (("_Number | _Object", "Any"), ("_ArrayLike", "NDArray[Any]")):
        yield Way({**two, "gate": kind, "value": "Any"}, gives, ("value",))
        yield Way({**packed, "gate": kind}, gives)


def backward_ways() -> Iterator[Way]:
    """How the gradients are asked for: two, or one of a packed array."""
    whatever = general(BACKWARD, axis=ONE_AXIS, out="tuple[NDArray[Any] | None, NDArray[Any] | None]")
    packed = without(whatever, "value")
    two = without(whatever, *_PACKED)
    yield way("tuple[_Floats, _Floats]", "value", dy="_Floats", gate="_Floats", value="_Floats")
    yield way("_Floats", dy="_Floats", gate="_Floats", **_PACKED)
    yield way("tuple[np.float64, np.float64]", "value", dy="float", gate="float", value="float")
    yield Way({**two, "value": "Any", "out": OUTS}, OUTS, ("value", "out"))
    yield Way({**packed, "out": OUT}, "_Out", ("out",))
    yield Way({**two, "gate": "_Number | _Object", "value": "Any"}, "tuple[Any, Any]", ("value",))
    yield Way({**without(packed, "out"), "gate": "_Object"}, "Any")
    yield Way({**two, "gate": "_ArrayLike", "value": "Any"}, "tuple[NDArray[Any], NDArray[Any]]", ("value",))
    yield Way({**without(packed, "out"), "gate": "_ArrayLike"}, "NDArray[Any]")


def public_class() -> Class:
    """That of any unit, such as `fastact.gated` makes."""
    found = Class("_Gated", "_gated.Gated")
    found.body += method("__call__", CALL, call_ways(None))
    found.body += method("backward", BACKWARD, backward_ways())
    return found


def classes(units: Iterable[GatedUnit]) -> tuple[list[Class], dict[str, str]]:
    """The classes of the catalogue's units, and which unit is of which."""
    found: dict[str, Class] = {}
    of: dict[str, str] = {}
    for unit in units:
        integers = unit.activation.keeps_integers
        of[unit.name] = name = "_GatedIntegers" if integers else "_GatedFloats"
        if name not in found:
            found[name] = Class(name, "_Gated", body=method("__call__", CALL, call_ways(integers)))
    return [*found.values()], of
