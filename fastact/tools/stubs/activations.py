"""How activations are called: a class of the stub for each set of parameters, with what its activations can do besides."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator

from ...calls.documentation import call_signature
from ...calls.elementwise import Activation
from ...functions.entry import Entry, Parameter
from .arguments import OUT, OUTS, general, methods, without
from .ways import Class, Way, method, way

CALL, BACKWARD, VALUE_AND_GRAD = methods(Activation, "__call__", "backward", "value_and_grad")
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_ARRAYS = "NDArray[_F]"
_DY = f"_Number | {_ARRAYS}"
_OUT_PAIR = "tuple[NDArray[Any] | None, NDArray[Any] | None]"
_BIAS = {"bias": _ARRAYS, "bias_axis": "_Axis"}


class Parameters:
    """The parameters of an activation, as arguments of its methods.

    Attributes
    ----------
    numbers, arrays, anything : dict of str to str
        Their types where they are numbers, where they may be arrays of the input's dtype, and all that they may be.
    whole : dict of str to str
        Their types in a call that keeps integers.
    fractions : str
        Those that have to be given for that, as their defaults are no integers.
    call : inspect.Signature
        How the activation is called.
    """

    def __init__(self, entry: Entry) -> None:
        self.options = entry.options
        draws = {"rng": "_Rng"} if entry.noise else {}
        self.learnt = () if entry.noise else entry.options
        self.numbers = {**{p.name: "_Number" for p in self.options}, **draws}
        self.arrays = {p.name: f"_Number | {_ARRAYS}" for p in self.learnt} or self.numbers
        self.anything = {p.name: "_Input" for p in self.learnt} or self.numbers
        self.whole = {**{p.name: "int | _Whole" for p in self.options}, **draws}
        self.fractions = " ".join(p.name for p in self.options if isinstance(p.default, float))
        self.call = call_signature(entry)
        self._arguments: list[inspect.Parameter] = [inspect.Parameter(p.name, _KEYWORD, default=p.default) for p in self.options]
        self._arguments += [inspect.Parameter(name, _KEYWORD, default=None) for name in draws]

    def in_place_of_params(self, signature: inspect.Signature) -> inspect.Signature:
        """A signature with these in the place of ``**params``."""
        kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        return signature.replace(parameters=[*kept, *self._arguments])


# ---- the ways -------------------------------------------------------------------------------------------------------


def call_ways(own: Parameters, integers: bool) -> Iterator[Way]:
    """How it is called; `integers` says whether it keeps them."""
    whatever = general(own.call, **own.anything)
    if integers and not own.options:
        yield way("_Reals", x="_Reals", **own.numbers)
    else:
        yield way("_Floats", x="_Floats", **own.numbers)
    yield way(_ARRAYS, x=_ARRAYS, **_BIAS | {"bias": f"{_ARRAYS} | None"}, **own.arrays)
    if integers and own.options:
        yield way("_Wholes", own.fractions, x="_Wholes", **own.whole)
    if not integers or own.options:
        yield way("NDArray[np.float64]", x="NDArray[_Whole]", **own.numbers)
    if integers:
        yield way("np.int_", own.fractions, x="int", **own.whole)
    yield way("np.float64", x="float" if integers else "float | _Whole", **own.numbers)
    yield Way({**whatever, "out": OUT}, "_Out", ("out",))
    yield Way({**whatever, "x": "_Number | _Object"}, "Any")
    yield Way({**whatever, "x": "_ArrayLike"}, "NDArray[Any]")


def backward_ways(own: Parameters, from_output: bool) -> Iterator[Way]:
    """How its gradient is asked for, from the input or from the output."""
    signature = own.in_place_of_params(BACKWARD)
    whatever = general(signature, out=f"{OUT} | _New", **own.anything)
    always = any(p.array for p in own.options)  # has a parameter a gradient
    ways = [("x", "y"), ("y", "x")] if from_output else [("x", "y")]
    for saved, _ in () if always else ways:
        yield way("_Floats", saved, **{"dy": "_Floats", saved: "_Floats"}, bias="None", **own.numbers)
        yield way(_tuple(2), f"{saved} bias", **{"dy": _DY, saved: _ARRAYS}, **_BIAS, **own.numbers)
        yield way("_Out", f"{saved} out", **{"dy": "Any", saved: "Any", "out": OUT}, bias="None", **own.numbers)
    if not always:
        yield way("np.float64", "x", dy="float", x="float", **own.numbers)
    yield from _learnt_ways(own)
    for saved, other in ways:
        given = without(whatever, other)
        if always:
            yield Way(given, "tuple[Any, ...]", (saved,))
            continue
        yield Way({**given, **own.numbers, "bias": "_ArrayLike | _Object"}, "tuple[Any, Any]", (saved, "bias"))
        for p in own.learnt if saved == "x" else ():
            yield Way({**given, p.name: "_ArrayLike | _Object"}, "tuple[Any, ...]", (saved, p.name))
        given = without(given, "bias_axis") | {"bias": "None", "out": "_New"}
        yield Way({**given, saved: "_Number | _Object"}, "Any", (saved,))
        yield Way({**given, saved: "_ArrayLike", **own.numbers}, "NDArray[Any]", (saved,))


def _learnt_ways(own: Parameters) -> Iterator[Way]:
    """The same with arrays for parameters: each has a gradient, and so has an array parameter that is given as a number."""
    for bias in (False, True) if len(own.learnt) == 1 else (False,):
        for given in _choices(own.learnt):
            kinds = {p.name: _ARRAYS if p in given else "_Number" for p in own.learnt}
            gradients = [_ARRAYS if p in given else "_F" for p in own.learnt if p in given or p.array]
            gives = ", ".join([_ARRAYS, *gradients, *([_ARRAYS] if bias else [])])
            needs = ["x", *(["bias"] if bias else []), *(p.name for p in given)]
            yield way(f"tuple[{gives}]", " ".join(needs), dy=_DY, x=_ARRAYS, **(_BIAS if bias else {}), **kinds)


def _choices(learnt: tuple[Parameter, ...]) -> Iterator[tuple[Parameter, ...]]:
    """Which of one or two parameters are arrays; of more there would be too many choices."""
    if len(learnt) <= 2:
        for count in range(0 if any(p.array for p in learnt) else 1, len(learnt) + 1):
            yield from itertools.combinations(learnt, count)


def value_and_grad_ways(own: Parameters) -> Iterator[Way]:
    """How f(x) and f'(x) are asked for together; both are floats."""
    signature = own.in_place_of_params(VALUE_AND_GRAD)
    whatever = general(signature, **own.anything, out=_OUT_PAIR)
    yield way("tuple[_Floats, _Floats]", x="_Floats", **own.numbers)
    yield way(_tuple(2), x=_ARRAYS, **_BIAS | {"bias": f"{_ARRAYS} | None"}, **own.arrays)
    yield way("tuple[NDArray[np.float64], NDArray[np.float64]]", x="NDArray[_Whole]", **own.numbers)
    yield way("tuple[np.float64, np.float64]", x="float | _Whole", **own.numbers)
    yield Way({**whatever, "out": OUTS}, OUTS, ("out",))
    yield Way({**whatever, "x": "_Number | _Object"}, "tuple[Any, Any]")
    yield Way({**whatever, "x": "_ArrayLike"}, "tuple[NDArray[Any], NDArray[Any]]")


def _tuple(count: int) -> str:
    return f"tuple[{', '.join([_ARRAYS] * count)}]"


# ---- the classes ----------------------------------------------------------------------------------------------------


def public_class() -> Class:
    """`fastact.Activation`: any activation, as an argument of a user's function or what `fastact.define` gives.

    Its methods have few ways: a type checker compares each with those of all the classes that follow.
    """
    numbers, whatever = {"params": "_Number | _Rng"}, {"params": "Any"}
    calls = [
        way("_Floats", x="_Floats", **numbers),
        way(_ARRAYS, "bias", x=_ARRAYS, **_BIAS, **numbers),
        Way(general(CALL, out=f"{OUT} | _New", **whatever), "Any"),
    ]
    gradients = [way("_Floats", name, **{"dy": "_Floats", name: "_Floats"}, bias="None", **numbers) for name in ("x", "y")]
    for name, other in (("x", "y"), ("y", "x")):
        given = without(general(BACKWARD, out=f"{OUT} | _New", **whatever), other)
        gradients.append(Way({**given, "bias": "_ArrayLike | _Object"}, "tuple[Any, ...]", (name, "bias")))
        gradients.append(Way(without(given, "bias_axis") | {"bias": "None"}, "Any", (name,)))
    pairs = [
        way("tuple[_Floats, _Floats]", x="_Floats", **numbers),
        Way(general(VALUE_AND_GRAD, out=_OUT_PAIR, **whatever), "tuple[Any, Any]"),
    ]
    body = [
        *_derivative("Activation"),
        *method("__call__", CALL, calls),
        *method("backward", BACKWARD, gradients),
        *method("value_and_grad", VALUE_AND_GRAD, pairs),
    ]
    return Class("Activation", "_elementwise.Activation", str(Activation.__doc__).partition("\n")[0], body)


class Classes:
    """The classes of the catalogue's activations, and which activation is of which.

    A class is made of parts, which others share: its call, its gradient, and the rest.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.classes: dict[str, Class] = {}
        self._defaults: dict[str, tuple[tuple[float, bool], ...]] = {}
        self.of: dict[str, str] = {entry.name: self._class_of(entry) for entry in entries}

    def _class_of(self, entry: Entry) -> str:
        own = Parameters(entry)
        stem = self._stem(entry, own)
        integers, from_output = entry.keeps_integers, entry.derivative_from_output is not None
        plain = self._made_of(stem, own, entry, False, False)  # which is that of f', too
        return self._made_of(stem, own, entry, integers, from_output) if integers or from_output else plain

    def _stem(self, entry: Entry, own: Parameters) -> str:
        """What the names of classes with these parameters begin with."""
        words = [p.name for p in own.options] if len(own.options) <= 2 else ["like", entry.name]
        name = f"_{'_'.join(words).title().replace('_', '') or 'NoParameters'}{'Drawn' * bool(entry.noise)}"
        defaults = tuple((p.default, p.array) for p in own.options)
        if self._defaults.setdefault(name, defaults) != defaults:
            name += "".join(f"{default:g}" for default, _ in defaults).replace(".", "_")
        return name

    def _made_of(self, stem: str, own: Parameters, entry: Entry, integers: bool, from_output: bool) -> str:
        """The class for activations that keep integers, or whose gradient is had from the output."""
        name = f"{stem}{'Integers' * integers}{'FromOutput' * from_output}"
        if name not in self.classes:
            derivative = _derivative(None if entry.noise else stem)
            backward, pair = own.in_place_of_params(BACKWARD), own.in_place_of_params(VALUE_AND_GRAD)
            gradients = backward_ways(own, from_output)
            parts = [
                self._part(f"{stem}{'Integer' * integers}Call", method("__call__", own.call, call_ways(own, integers))),
                self._part(f"{stem}Gradient{'FromOutput' * from_output}", method("backward", backward, gradients)),
                self._part(f"{stem}Rest", derivative + method("value_and_grad", pair, value_and_grad_ways(own))),
            ]
            self.classes[name] = Class(name, ", ".join(parts))
        return name

    def _part(self, name: str, body: list[str]) -> str:
        """The name of a class with this body, which is made unless it is there."""
        self.classes.setdefault(name, Class(name, "Activation", body=body))
        return name


def _derivative(of: str | None) -> list[str]:
    """The property; None of what draws numbers, which has none."""
    return ["    @property", f"    def derivative(self) -> {of or 'NoReturn'}: ..."]
