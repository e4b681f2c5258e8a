"""Symbols: what a formula written in Python is called with. They understand Python's operators and NumPy's elementwise functions.

A symbol stands for one number of the input. What would need its value, or several elements, is an error that says what to write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from ..functions.entry import Entry
from . import vocabulary
from .elementary import reason
from .nodes import Node, Number
from .places import here, ours
from .printing import text
from .simplify import make
from .tracer import count

_CHOICE = "write np.where(condition, a, b)"
_ELEMENTWISE = "a formula gives one number for each element by itself"


class Symbol:
    """A part of a formula, as its author sees it.

    Parameters
    ----------
    node : Node
        The expression it stands for.
    """

    __slots__ = ("node",)
    node: Node

    def __init__(self, node: Node) -> None:
        self.node = node

    def __repr__(self) -> str:
        return f"<symbol {text(self.node)}>"

    __hash__ = object.__hash__

    # ---- what NumPy does with it ----

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        name = ufunc.__name__
        if method != "__call__":
            _refuse(f"np.{name}.{method} takes several elements together; {_ELEMENTWISE}")
        given = [name for name, value in keywords.items() if value is not None]
        if given:
            _refuse(f"{name}(..., {given[0]}=) is not for a formula: it gives a new value, and what writes it is decided later")
        return call(name, *inputs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        return call(name, *args, **{name: value for name, value in kwargs.items() if value is not None})

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse(f"a symbol has no values yet: it can't become an array; {_ELEMENTWISE}")

    # ---- what would need its value ----

    def __bool__(self) -> NoReturn:  # noqa: PLE0304
        _refuse(
            f"a symbol has no value that if, while, and, or, not, min, max or a < x < b could test; {_CHOICE}, & for and, "
            "| for or, ~ for not, np.maximum for max"
        )

    def __float__(self) -> NoReturn:
        _refuse("a symbol has no value yet, so float() and functions of math can't take it; write NumPy's, np.exp for math.exp")

    def __int__(self) -> NoReturn:
        _refuse("a symbol has no value yet, so int() can't take it")

    __complex__ = __index__ = __int__

    def __len__(self) -> NoReturn:  # noqa: PLE0303
        _refuse(f"a symbol has no length; {_ELEMENTWISE}")

    def __iter__(self) -> NoReturn:
        _refuse(f"a symbol can't be iterated over; {_ELEMENTWISE}")

    def __getitem__(self, index: object) -> NoReturn:
        _refuse(f"a symbol has no elements; {_ELEMENTWISE}. For a choice {_CHOICE}")

    def __setitem__(self, index: object, value: object) -> NoReturn:
        _refuse(f"a symbol has no elements to be set; {_CHOICE}")

    def __contains__(self, value: object) -> NoReturn:
        _refuse("a symbol has no elements, so `in` can't look for one")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__") or ours(sys._getframe(1)):
            raise AttributeError(name)
        why = reason(name)
        if why or vocabulary.find(name):
            _refuse(f"x.{name}() is not for a formula: {why or f'write np.{name}(x)'}")
        if hasattr(np.ndarray, name):
            _refuse(f"a symbol has no {name}: the formula is made before there is an array")
        raise AttributeError(f"a symbol has no attribute {name!r}{here()}")

    def __matmul__(self, other: object) -> NoReturn:
        _refuse(f"@ is a sum over several elements; {_ELEMENTWISE}")

    __rmatmul__ = __matmul__

    def __floordiv__(self, other: object) -> NoReturn:
        _refuse("// has steps, and no derivative that a network could learn through; write / or np.where")

    def __mod__(self, other: object) -> NoReturn:
        _refuse("% has steps, and no derivative that a network could learn through")

    __rfloordiv__, __rmod__ = __floordiv__, __mod__
    __divmod__ = __rdivmod__ = __mod__

    def __round__(self, digits: object = None) -> NoReturn:
        _refuse(f"round can't be part of a formula: {reason('round')}")

    __trunc__ = __floor__ = __ceil__ = __round__

    # ---- Python's operators ----

    def __neg__(self) -> Symbol:
        return _made("negative", self)

    def __pos__(self) -> Symbol:
        return self

    def __abs__(self) -> Symbol:
        return _made("absolute", self)

    def __invert__(self) -> Symbol:
        return _made("logical_not", self)

    def __add__(self, other: Any) -> Symbol:
        return _made("add", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return _made("add", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return _made("subtract", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return _made("subtract", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return _made("multiply", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return _made("multiply", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return _made("divide", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return _made("divide", other, self)

    def __pow__(self, other: Any, modulo: object = None) -> Symbol:
        return _made("power", self, other)

    def __rpow__(self, other: Any) -> Symbol:
        return _made("power", other, self)

    def __and__(self, other: Any) -> Symbol:
        return _made("logical_and", self, other)

    def __or__(self, other: Any) -> Symbol:
        return _made("logical_or", self, other)

    def __xor__(self, other: Any) -> Symbol:
        return call("logical_xor", self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lt__(self, other: Any) -> Symbol:
        return _made("less", self, other)

    def __le__(self, other: Any) -> Symbol:
        return _made("less_equal", self, other)

    def __gt__(self, other: Any) -> Symbol:
        return _made("less", other, self)

    def __ge__(self, other: Any) -> Symbol:
        return _made("less_equal", other, self)

    def __eq__(self, other: Any) -> Symbol:  # type: ignore[override]
        return _made("equal", self, other)

    def __ne__(self, other: Any) -> Symbol:  # type: ignore[override]
        return _made("not_equal", self, other)


def is_symbol(value: object) -> bool:
    """Whether a value is a symbol of a formula that is being traced."""
    return isinstance(value, Symbol)


def _refuse(what: str) -> NoReturn:
    raise TypeError(what + here())


def node_of(value: Any) -> Node:
    """The node of a symbol or of a number."""
    if isinstance(value, Symbol):
        return value.node
    if isinstance(value, (bool, np.bool_, int, float, np.integer, np.floating)):
        try:
            return Number(float(value))
        except OverflowError:
            _refuse(f"the number {str(value)[:20]}... is larger than any float64")
    if isinstance(value, np.ndarray):
        if value.ndim == 0 and value.dtype.kind in "biuf":
            return Number(float(value))
        _refuse(f"an array of shape {value.shape} can't be part of a formula; make it a parameter with a number as its default")
    if value is None:
        _refuse("None is no number; does a function return nothing?")
    _refuse(f"a {type(value).__name__} can't be part of a formula; numbers and symbols can")


def _made(name: str, *operands: Any) -> Symbol:
    count()
    nodes = [node_of(o) for o in operands]
    return Symbol(make(name, *nodes))


def call(name: str, *operands: Any, **keywords: Any) -> Symbol:
    """What a function of this name gives for symbols."""
    why = reason(name)
    if why:
        _refuse(f"{name} can't be part of a formula: {why}")
    function = vocabulary.find(name)
    if function is None:
        _refuse(f"{name} is not known to formulas{vocabulary.nearest(name)}")
    count()
    nodes = [None if o is None else node_of(o) for o in operands]
    named = {key: node_of(value) for key, value in keywords.items()}
    try:
        return Symbol(vocabulary.called(name, function, *nodes, **named))  # type: ignore[arg-type]
    except TypeError as error:
        _refuse(str(error))


def apply(entry: Entry, x: Any, params: Mapping[str, Any], derivative: bool = False) -> Symbol:
    """An activation, of the catalogue or defined, called with a symbol.

    Parameters
    ----------
    entry : Entry
        The activation.
    x : Symbol
        Its argument.
    params : mapping
        Its parameters by name, as far as they are given: symbols or numbers.
    derivative : bool
        Whether f' is meant rather than f.
    """
    count()
    named = {name: node_of(value) for name, value in params.items()}
    try:
        return Symbol(vocabulary.activation_call(entry, derivative)(node_of(x), **named))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error}{here()}") from None
