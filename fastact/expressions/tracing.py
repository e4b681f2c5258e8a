"""A formula written as a Python function: it is called once, with symbols."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

import numpy as np

from ..functions.entry import Parameter
from . import nodes, tracer
from .nodes import MOST_NODES, Node
from .printing import text
from .symbols import Symbol, is_symbol

#: Names that calls of activations give a meaning of their own.
RESERVED = frozenset(
    ("x", "y", "dy", "out", "where", "dtype", "bias", "bias_axis", "rng", "casting", "order", "subok", "signature", "axis")
)


def checked(name: str, default: Any, what: str) -> Parameter:
    """A parameter with its default, both as they may be."""
    if not name.isidentifier():
        raise ValueError(f"{what}: {name!r} is no name for a parameter")
    if name in RESERVED or name.startswith("_"):
        raise ValueError(f"{what}: a parameter can't have the name {name!r}, which calls use for something else")
    if isinstance(default, (np.ndarray, list, tuple)):
        raise TypeError(f"{what}: the default of {name} must be a number; an array may be given in each call")
    if isinstance(default, bool) or not isinstance(default, (int, float, np.integer, np.floating)):
        raise TypeError(f"{what}: the default of {name} must be a number, not {default!r}")
    if not math.isfinite(default):
        raise ValueError(f"{what}: the default of {name} must be a finite number, not {default!r}")
    return Parameter(name, float(default) if not isinstance(default, int) else default)


def traced(function: Callable[..., Any]) -> tuple[Node, tuple[Parameter, ...]]:
    """The expression that a function computes, and its parameters with their defaults.

    Parameters
    ----------
    function : callable
        Its first argument is the input, the others have numbers as defaults.
    """
    what = getattr(function, "__name__", "the formula")
    parameters = _parameters(function, what)
    node = call(function, parameters, what)
    return node, parameters


def call(function: Callable[..., Any], parameters: tuple[Parameter, ...], what: str) -> Node:
    """What the function gives for symbols of x and of these parameters, as far as it takes them."""
    arguments = _arguments(function, what)[1:]
    known = {p.name: Symbol(nodes.Parameter(p.name)) for p in parameters}
    for argument in arguments:
        if argument.name not in known:
            raise TypeError(f"{what}: there is no parameter {argument.name!r}; there are {', '.join(known) or 'none'}")
    in_order = [known[a.name] for a in arguments if a.kind is not inspect.Parameter.KEYWORD_ONLY]
    symbols = {a.name: known[a.name] for a in arguments if a.kind is inspect.Parameter.KEYWORD_ONLY}
    token = tracer._used.set([0])
    try:
        result = function(Symbol(nodes.X), *in_order, **symbols)
    except RecursionError:
        raise ValueError(
            f"{what}: the formula calls itself without end. A symbol has no value that could stop it; write the formula out, "
            "with np.where(condition, a, b) for a choice"
        ) from None
    finally:
        tracer._used.reset(token)
    return _result(result, what)


def _arguments(function: Callable[..., Any], what: str) -> list[inspect.Parameter]:
    """The arguments of a formula, its input first."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        found = []
    if isinstance(function, (np.ufunc, BuiltinFunctionType, type)) or not (found or hasattr(function, "__code__")):
        raise TypeError(f"a formula is a Python function or a text, not {function!r}; write lambda x: ... or its text")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{what}: a formula must be a plain function; this one is a generator or a coroutine")
    if not found or found[0].kind not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        raise TypeError(f"{what}: the first argument of a formula is its input; write def {what}(x, ...)")
    for argument in found[1:]:
        if argument.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise TypeError(f"{what}: a formula can't have *{argument.name}; write out its parameters, each with a default")
    return found


def _parameters(function: Callable[..., Any], what: str) -> tuple[Parameter, ...]:
    found = []
    for argument in _arguments(function, what)[1:]:
        if argument.default is inspect.Parameter.empty:
            raise TypeError(f"{what}: the parameter {argument.name} needs a number as its default, such as {argument.name}=1.0")
        found.append(checked(argument.name, argument.default, what))
    return tuple(found)


def _result(result: Any, what: str) -> Node:
    if not is_symbol(result):
        if result is None:
            raise TypeError(f"{what} returns nothing; a formula ends with `return` and what it gives for x")
        if isinstance(result, (tuple, list)):
            raise TypeError(
                f"{what} returns a {type(result).__name__}; a formula gives one value, and its derivative comes by itself"
            )
        if isinstance(result, (bool, int, float, np.number)):
            raise ValueError(f"{what} returns the constant {result!r}; a formula depends on x")
        raise TypeError(f"{what} returns a {type(result).__name__}; a formula gives one value made of x")
    node: Node = result.node
    return accepted(node, what)


def accepted(node: Node, what: str) -> Node:
    """The expression, unless it is too large or does not depend on x."""
    if not nodes.depends_on_input(node):
        raise ValueError(f"{what} does not depend on x: it is {text(node)[:200]}")
    count = nodes.size(node)
    if count > MOST_NODES:
        raise ValueError(f"{what} has {count} operations; {MOST_NODES} are the most that one formula can have")
    return node
