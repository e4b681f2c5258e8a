"""Activations that users define: a formula, traced or read, its derivatives, and the record of all that."""

from __future__ import annotations

import dataclasses
import inspect
import keyword
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..functions.entry import Entry, Info, Parameter
from ..functions.record import Call
from . import derivatives, nodes, tracing
from .array_forms import without_arrays
from .evaluation import Evaluator, evaluate, shaped
from .nodes import Activate, Apply, Node, X
from .printing import text
from .recognition import recognised
from .simplify import make
from .vocabulary import read

#: The bound of the error in units in the last place of the largest term, forward and derivative.
ULP = 8.0

_LIGHT = frozenset(
    ("negative", "absolute", "sign", "square", "add", "subtract", "multiply", "minimum", "maximum", "less", "less_equal", "where")
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Definition(Entry):
    """The record of an activation that was defined by its formula.

    Attributes
    ----------
    formula, slope : Node
        f(x) and f'(x).
    widest : tuple of Parameter
        The parameters with the domains of the formula as it was given. Where it was recognised as an activation whose kernel
        takes fewer numbers, those of `parameters` are narrower: see `variants.unrestricted`.
    source : Node
        f(x) with the activations whose formulas stand in `formula`, as their parameters are arrays: derivatives by parameters are
        made of it.
    replaced_derivative : bool
        Whether `slope` was given, rather than derived from the formula.
    known : mapping
        The properties that were given. The others are found by sampling when `info` is first asked for.
    written : Node
        f(x) as it was given, before any part of it was recognised.
    like : Definition, Info or None
        The one whose properties it has instead, as it is the same function; or these properties.
    """

    call: Call = Call.DEFINED
    formula: Node
    slope: Node
    widest: tuple[Parameter, ...]
    source: Node
    replaced_derivative: bool = False
    info: Info = field(init=False, repr=False)
    written: Node
    known: Mapping[str, Any] = field(default_factory=dict, repr=False)
    like: Definition | Info | None = field(default=None, repr=False)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """`info`, which few ask for: the field is empty until then."""
            if name != "info":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return vars(self).setdefault(name, _info(self))

    @cached_property
    def text(self) -> str:
        """The formula as text."""
        return text(self.formula)

    @cached_property
    def slope_by(self) -> Mapping[str, Node]:
        """The derivative of f by each parameter."""
        return MappingProxyType({p.name: _slope_by(self.source, p.name, self.parameters) for p in self.parameters})

    @property
    def file(self) -> str:
        return "a definition"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._state(),)

    def _state(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "formula": self.text,
            "written": text(self.written),
            "slope": text(self.slope),
            "source": text(self.source),
            "replaced": self.replaced_derivative,
            "parameters": self.widest,
            "doc": self.doc,
            "aliases": self.aliases,
            "known": self.known,
            "like": self.like,
        }

    def __copy__(self) -> Definition:
        return self

    def __deepcopy__(self, memo: object) -> Definition:
        return self


def _restored(state: dict[str, Any]) -> Definition:
    """The definition that was pickled."""
    names: dict[str, Node] = {p.name: nodes.Parameter(p.name) for p in state["parameters"]}
    return of_nodes(
        state["name"],
        read(state["formula"], names),
        state["parameters"],
        slope=read(state["slope"], names),
        written=read(state["written"], names),
        source=read(state["source"], names),
        replaced=state["replaced"],
        doc=state["doc"],
        aliases=state["aliases"],
        known=state["known"],
        like=state["like"],
    )


def define(
    formula: Callable[..., Any] | str,
    *,
    name: str | None = None,
    parameters: Mapping[str, float] | None = None,
    derivative: Callable[..., Any] | str | None = None,
    doc: str | None = None,
    aliases: tuple[str, ...] = (),
    **info: Any,
) -> Definition:
    """The record of the activation that a formula means.

    Parameters
    ----------
    formula : callable or str
        A function of x, whose other arguments have numbers as defaults, or a text.
    name : str, optional
        The activation's name; by default the function's.
    parameters : mapping, optional
        Of a text: its parameters with their defaults.
    derivative : callable or str, optional
        The derivative to use instead of the exact one, of the same arguments.
    doc : str, optional
        The documentation; by default the function's.
    aliases : tuple of str
        Other names.
    **info
        Properties that are known, by the names in `Info`. The others are found by sampling.
    """
    name = name or getattr(formula, "__name__", "") or "activation"
    name = "activation" if name == "<lambda>" else name
    if not (isinstance(name, str) and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is no name for an activation; a name is made of letters, digits and underscores")
    unknown = set(info) - {f.name for f in dataclasses.fields(Info)} | set(info) & {"formula", "derivative", "sampled"}
    if unknown:
        allowed = ", ".join(f.name for f in dataclasses.fields(Info) if f.name not in ("formula", "derivative", "sampled"))
        raise TypeError(f"define has no argument {min(unknown)!r}; properties that can be given: {allowed}")
    for key, value in info.items():
        _check_property(name, key, value)
    if isinstance(formula, str):
        given = tuple(tracing.checked(str(key), default, name) for key, default in (parameters or {}).items())
        node = tracing.accepted(_read(formula, given), name)
    elif callable(formula):
        if parameters is not None:
            raise TypeError(f"{name}: parameters= is for a text; those of a function are its arguments, with their defaults")
        node, given = tracing.traced(formula)
        doc = inspect.getdoc(formula) if doc is None else doc
    else:
        raise TypeError(f"a formula is a function or a text, not a {type(formula).__name__}")
    written, node = node, recognised(node, declared=given)
    slope = None
    if derivative is not None:
        what = f"the derivative of {name}"
        if isinstance(derivative, str):
            slope = _read(derivative, given)
        elif callable(derivative):
            slope = tracing.call(derivative, given, what)
        else:
            raise TypeError(f"{what} is a function or a text, not a {type(derivative).__name__}")
        slope = recognised(slope, declared=given)
    return of_nodes(
        name,
        node,
        given,
        slope=slope,
        written=written,
        replaced=slope is not None,
        doc=doc or "",
        aliases=tuple(aliases),
        known=info,
    )


def _check_property(name: str, key: str, value: Any) -> None:
    """Raise where a property that was given is not what `Info` has by this name."""

    def is_number(x: Any) -> bool:
        return isinstance(x, numbers.Real) and not isinstance(x, bool) and not math.isnan(x)

    if key in ("range", "domain"):
        good = isinstance(value, (tuple, list)) and len(value) == 2 and all(map(is_number, value)) and value[0] <= value[1]
        wanted = "a pair of numbers, the lower first"
    elif key in ("ulp", "derivative_ulp"):
        good, wanted = is_number(value) and value >= 0, "a number of at least 0"
    elif key == "term":
        good, wanted = isinstance(value, str), "a text"
    else:
        good, wanted = isinstance(value, (bool, np.bool_)), "True or False"
    if not good:
        raise TypeError(f"{name}: the property {key} must be {wanted}, not {value!r}")


def _read(formula: str, parameters: tuple[Parameter, ...]) -> Node:
    return read(formula, {p.name: nodes.Parameter(p.name) for p in parameters})


def of_nodes(
    name: str,
    formula: Node,
    parameters: tuple[Parameter, ...],
    *,
    slope: Node | None = None,
    written: Node | None = None,
    source: Node | None = None,
    replaced: bool = False,
    doc: str = "",
    aliases: tuple[str, ...] = (),
    known: Mapping[str, Any] | None = None,
    like: Entry | Info | None = None,
) -> Definition:
    """The record of an activation whose expression is known.

    Parameters
    ----------
    slope : Node, optional
        f', where it is known or replaced.
    source : Node, optional
        What derivatives by parameters are made of, where that is not the formula: see `Definition`.
    written : Node, optional
        f as it was given, where that was another expression.
    known : mapping, optional
        The properties that are known.
    like : Entry or Info, optional
        Whose properties it has, or which.
    """
    source = formula if source is None else source
    formula = _nan_for_nan(formula, parameters)
    if slope is None:
        arrays = frozenset(p.name for p in parameters if p.array)
        slope = recognised(derivatives.derivative(formula), arrays, parameters)
    slope = _nan_for_nan(slope, parameters)
    widest, parameters = parameters, _within_domains(parameters, nodes.in_order([formula, slope]))
    forward, backward = Function(formula, parameters), Function(slope, parameters)
    everything = nodes.in_order([formula, slope])
    return Definition(
        name=name,
        call=Call.DEFINED,
        doc=doc,
        forward=forward,
        derivative=backward,
        derivative_from_output=None,
        parameters=parameters,
        options=parameters,
        ordered=None,
        to_integers=None,
        from_output_low={},
        keeps_integers=False,
        light=all(not isinstance(n, Activate) and (not isinstance(n, Apply) or n.operation.name in _LIGHT) for n in everything),
        noise=None,
        takes_dtype=any(isinstance(n, Activate) and n.entry.takes_dtype for n in everything),
        aliases=aliases,
        known=dict(known or {}),
        like=like.info if isinstance(like, Entry) and not isinstance(like, Definition) else like,
        formula=formula,
        slope=slope,
        written=formula if written is None else written,
        widest=widest,
        source=source,
        replaced_derivative=replaced,
        derivative_by={p.name: Slope(source, p.name, parameters) for p in parameters if p.array},
    )


def _within_domains(parameters: tuple[Parameter, ...], everything: list[Node]) -> tuple[Parameter, ...]:
    """The parameters, with the bounds that they have where they are those of activations in the formula."""
    bounds = {p.name: p for p in parameters}
    for node in everything:
        if isinstance(node, Activate):
            for p, given in zip(node.entry.parameters, node.parameters, strict=True):
                own = bounds.get(given.name) if isinstance(given, nodes.Parameter) else None
                if own is not None:
                    low, open_low = max((own.low, own.open_low), (p.low, p.open_low))
                    ordinary = max(own.ordinary[0], p.ordinary[0]), min(own.ordinary[1], p.ordinary[1])
                    bounds[own.name] = dataclasses.replace(own, low=low, open_low=open_low, ordinary=ordinary)
    return tuple(bounds[p.name] for p in parameters)


class Function:
    """An expression as a function of NumPy arrays, f(x, *parameters)."""

    def __init__(self, root: Node, parameters: tuple[Parameter, ...]) -> None:
        self.root = root
        self.names = tuple(p.name for p in parameters)
        self._evaluator: Evaluator | None = None

    def __call__(self, x: Any, *parameters: Any, dtype: Any = None) -> Any:
        if self._evaluator is None:
            self._evaluator = Evaluator(self.root)
        x = np.asarray(x, np.float64)
        (result,) = self._evaluator(x, dict(zip(self.names, parameters, strict=True)), dtype)
        return shaped(result, x)


class Slope(Function):
    """The derivative by a parameter as such a function. It is derived when first asked for."""

    def __init__(self, source: Node, by: str, parameters: tuple[Parameter, ...]) -> None:
        super().__init__(source, parameters)
        self.by, self.parameters = by, parameters

    def __call__(self, x: Any, *parameters: Any, dtype: Any = None) -> Any:
        if self._evaluator is None:
            self._evaluator = Evaluator(_slope_by(self.root, self.by, self.parameters))
        return super().__call__(x, *parameters, dtype=dtype)


def _slope_by(source: Node, name: str, parameters: tuple[Parameter, ...]) -> Node:
    """The derivative of f by a parameter."""
    arrays = frozenset(p.name for p in parameters if p.array)
    slope = without_arrays(derivatives.derivative(source, nodes.Parameter(name)), arrays)
    return _nan_for_nan(recognised(slope, arrays, parameters), parameters)


#: Operations that are NaN where an operand is.
_NAN_FOR_NAN = frozenset((
    *("negative", "absolute", "sign", "square", "reciprocal", "sqrt", "exp2", "expm1", "log", "log1p", "log2", "log10", "cos"),
    *("tan", "arcsin", "arccos", "sinh", "cosh", "arccosh", "arctanh", "erfc", "ndtr", "phi", "add", "subtract", "multiply"),
    *("divide", "minimum", "maximum", "logaddexp", "arctan2"),
))  # fmt: skip


def _surely_nan(root: Node) -> bool:
    """Whether the expression is NaN where x is, by what it is made of. Of many that are this says no."""
    sure: set[Node] = {X}
    for node in nodes.in_order([root]):
        if isinstance(node, Activate):
            known = node.argument in sure and _keeps_nan(node.entry, node.derivative)
        elif isinstance(node, Apply) and node.operation.name == "where":
            known = sure.issuperset(node.operands[1:])
        else:
            known = isinstance(node, Apply) and node.operation.name in _NAN_FOR_NAN and not sure.isdisjoint(node.operands)
        if known:
            sure.add(node)
    return root in sure


@cache
def _keeps_nan(entry: Entry, derivative: bool) -> bool:
    """Whether an activation of the catalogue, or its derivative, is NaN where x is."""
    names = {p.name: p.default for p in entry.parameters}
    node = Activate(entry, X, tuple(nodes.Parameter(name) for name in names), derivative)
    with np.errstate(all="ignore"):
        return bool(np.isnan(evaluate(node, np.array([np.nan]), names)[0]))


def _nan_for_nan(root: Node, parameters: tuple[Parameter, ...]) -> Node:
    """The expression, made NaN where x is: comparisons alone would give a number."""
    if _surely_nan(root):
        return root
    with np.errstate(all="ignore"):
        (value,) = Evaluator(root)(np.array([np.nan]), {p.name: p.default for p in parameters})
    if math.isnan(float(np.ravel(value)[0])):
        return root
    return make("where", make("equal", X, X), root, X)


def _info(f: Definition) -> Info:
    if f.like is not None:
        alike = f.like if isinstance(f.like, Info) else f.like.info
        return dataclasses.replace(alike, formula=f.text, derivative=text(f.slope))
    from . import sampling  # most never ask

    defaults = [p.default for p in f.parameters]
    found: dict[str, Any] = {}
    if not set(sampling.FOUND) <= set(f.known):
        found = sampling.properties(partial(_at, f.forward, defaults), partial(_at, f.derivative, defaults))
    return Info(
        formula=f.text,
        derivative=text(f.slope),
        **{"ulp": ULP, "derivative_ulp": ULP, **found, **f.known},
        sampled=tuple(name for name in found if name not in f.known),
    )


def _at(function: Callable[..., Any], parameters: list[float], x: Any) -> Any:
    return function(x, *parameters)
