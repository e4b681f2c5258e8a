"""Activations made of others: their derivatives, and the same with parameters that are learnt or bound."""

from __future__ import annotations

import dataclasses
import math

from ..functions.entry import Entry, Parameter
from . import derivatives, expansion, nodes
from .array_forms import without_arrays
from .definition import Definition, of_nodes
from .nodes import Node, Number, X
from .recognition import recognised
from .simplify import activate


def with_arrays(entry: Entry, names: frozenset[str]) -> Definition:
    """The same activation with these parameters as arrays, each with a derivative of its own.

    Parameters
    ----------
    entry : Entry
        An activation of the catalogue, or defined.
    names : frozenset of str
        Some of its parameters.
    """
    unknown = set(names) - {p.name for p in entry.parameters}
    if unknown:
        raise TypeError(f"{entry.name} has no parameter {min(unknown)!r}")
    widest = entry.widest if isinstance(entry, Definition) else entry.parameters
    parameters = tuple(_as_array(p) if p.name in names else p for p in widest)
    arrays = frozenset(p.name for p in parameters if p.array)
    source, source_slope = _source(entry)
    formula, slope = without_arrays(source, arrays), without_arrays(source_slope, arrays)
    return of_nodes(
        entry.name,
        recognised(formula, arrays, parameters),
        parameters,
        slope=recognised(slope, arrays, parameters),
        source=source,
        replaced=isinstance(entry, Definition) and entry.replaced_derivative,
        doc=entry.doc,
        aliases=entry.aliases,
        like=entry,
    )


def _source(entry: Entry) -> tuple[Node, Node]:
    """f and f' with the activations that they are made of. Of the catalogue f' is the record's, with its value at a kink."""
    if isinstance(entry, Definition):
        return entry.formula, entry.slope
    if entry.array_parameters:
        return expansion.template(entry), expansion.template(entry, derivative=True)
    given = tuple(nodes.Parameter(p.name) for p in entry.parameters)
    return activate(entry, X, given), activate(entry, X, given, True)


def unrestricted(entry: Definition) -> Definition:
    """The same activation for all numbers of its formula's parameters: without the kernels that do not take them all."""
    narrowed = frozenset(p.name for p, wide in zip(entry.parameters, entry.widest, strict=True) if p != wide)
    formula = recognised(without_arrays(entry.formula, narrowed), narrowed, entry.widest)
    if entry.replaced_derivative:
        slope = without_arrays(entry.slope, narrowed)
    else:
        slope = recognised(derivatives.derivative(formula), narrowed, entry.widest)
    return of_nodes(
        entry.name,
        formula,
        entry.widest,
        slope=slope,
        replaced=entry.replaced_derivative,
        doc=entry.doc,
        aliases=entry.aliases,
        like=entry,
    )


def _as_array(p: Parameter) -> Parameter:
    return dataclasses.replace(p, array=True, ordinary=(0.0, math.inf))


def derivative_of(entry: Entry) -> Definition:
    """The derivative of an activation as an activation of its own, which has an exact derivative, too."""
    if entry.noise is not None:
        raise TypeError(f"the derivative of {entry.name} depends on the numbers drawn, and is no activation")
    given = tuple(nodes.Parameter(p.name) for p in entry.parameters)
    if isinstance(entry, Definition):
        slope = entry.slope
    elif entry.array_parameters:
        slope = expansion.template(entry, True)
    else:
        slope = activate(entry, X, given, True)
    doc = f"The derivative of {entry.name} by its input."
    return of_nodes(f"{entry.name}_derivative", slope, entry.parameters, doc=doc)


def without_parameters(entry: Entry, name: str | None = None, /, **values: float) -> Definition:
    """The activation with parameters bound to numbers; the others stay.

    Parameters
    ----------
    name : str, optional
        The name of the new activation; by default the same.
    **values
        The numbers by the parameters' names.
    """
    unknown = set(values) - {p.name for p in entry.parameters}
    if unknown:
        raise TypeError(f"{entry.name} has no parameter {min(unknown)!r}")
    bound: dict[Node, Node] = {nodes.Parameter(key): Number(value) for key, value in values.items()}
    left = tuple(p for p in entry.parameters if p.name not in values)
    given = [bound.get(nodes.Parameter(p.name), nodes.Parameter(p.name)) for p in entry.parameters]
    formula = expansion.applied(entry, X, given)
    slope = None
    if isinstance(entry, Definition):
        slope = expansion.substituted(entry.slope, bound)
    return of_nodes(
        name or entry.name,
        formula,
        left,
        slope=slope,
        replaced=isinstance(entry, Definition) and entry.replaced_derivative,
        doc=entry.doc,
    )
