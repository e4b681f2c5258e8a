"""Formulas as text: a strict parser of expressions. Python parses them, and evaluates nothing.

A formula is made of numbers, x, parameters, the operators of Python's arithmetic and comparisons, conditions `a if c else b`, and
calls by name of what `vocabulary.py` finds. `(t := formula)` names a part that occurs several times.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Callable, Mapping

from .elementary import CONSTANTS, reason
from .nodes import MOST_NODES, Node, Number, X
from .simplify import make

#: Longer texts are not read.
MOST_CHARACTERS = 200_000

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.BitAnd: "logical_and",
    ast.BitOr: "logical_or",
    ast.And: "logical_and",
    ast.Or: "logical_or",
}
_COMPARISONS: dict[type[ast.AST], tuple[str, bool]] = {
    ast.Lt: ("less", False),
    ast.LtE: ("less_equal", False),
    ast.Gt: ("less", True),
    ast.GtE: ("less_equal", True),
    ast.Eq: ("equal", False),
    ast.NotEq: ("not_equal", False),
}
#: What is written for what the language of formulas does not have.
_INSTEAD: dict[type[ast.AST], str] = {
    ast.Attribute: "an attribute is not allowed; write the name of the function alone, exp(x) for np.exp(x)",
    ast.Subscript: "an index is not allowed; a formula is computed for each element by itself",
    ast.Lambda: "a function is not allowed; give define a function instead of a text",
    ast.List: "a list is not allowed; a formula is computed for each element by itself",
    ast.Tuple: "a tuple is not allowed; a formula gives one value",
    ast.Dict: "a dictionary is not allowed",
    ast.Set: "a set is not allowed",
    ast.ListComp: "a loop is not allowed",
    ast.SetComp: "a loop is not allowed",
    ast.DictComp: "a loop is not allowed",
    ast.GeneratorExp: "a loop is not allowed",
    ast.Await: "await is not allowed",
    ast.Yield: "yield is not allowed",
    ast.YieldFrom: "yield is not allowed",
    ast.JoinedStr: "a string is not allowed",
    ast.Starred: "an argument with a star is not allowed",
    ast.FloorDiv: "// has steps, and no derivative that a network could learn through",
    ast.Mod: "% has steps, and no derivative that a network could learn through",
    ast.MatMult: "@ is a sum over several elements; a formula is computed for each element by itself",
    ast.LShift: "<< is for integers; write x * 2**n",
    ast.RShift: ">> is for integers; write x / 2**n",
    ast.BitXor: "^ is not a power in Python; write **",
    ast.In: "in is not allowed; write comparisons",
    ast.NotIn: "not in is not allowed; write comparisons",
    ast.Is: "is is not allowed; write ==",
    ast.IsNot: "is not is not allowed; write !=",
}


def parsed(
    text: str,
    names: Mapping[str, Node],
    find: Callable[[str], Callable[..., Node] | None],
    nearest: Callable[[str], str] = lambda name: "",
) -> Node:
    """The expression that a text means.

    Parameters
    ----------
    text : str
        The formula.
    names : mapping
        What names besides x stand for.
    find : callable
        Gives what a name that is called stands for: a function from nodes to a node, or None.
    nearest : callable, optional
        Gives a hint for a name that is not found.

    Raises
    ------
    ValueError
        With the place in the text, and what to write instead.
    """
    return _Reader(text, names, find, nearest).read()


class _Reader:
    """One text being read. Operands come before what they are operands of; nothing recurses."""

    def __init__(
        self,
        text: str,
        names: Mapping[str, Node],
        find: Callable[[str], Callable[..., Node] | None],
        nearest: Callable[[str], str],
    ) -> None:
        self.text = text
        self.names: dict[str, Node] = {"x": X, **names}
        self.given = list(self.names)
        self.find, self.nearest = find, nearest

    def read(self) -> Node:
        if len(self.text) > MOST_CHARACTERS:
            raise ValueError(f"the formula has {len(self.text)} characters; {MOST_CHARACTERS} are the most")
        if not self.text.strip():
            raise ValueError("the formula is empty; write it of x, such as 'x * tanh(x)'")
        tree = self._tree()
        results: list[Node] = []
        waiting: list[tuple[ast.expr, bool]] = [(tree, False)]
        while waiting:
            part, ready = waiting.pop()
            operands = self._operands(part)
            if operands and not ready:
                waiting.append((part, True))
                waiting.extend((o, False) for o in reversed(operands))
                continue
            taken = results[len(results) - len(operands) :]
            del results[len(results) - len(operands) :]
            try:
                results.append(self._node(part, taken))
            except (TypeError, ValueError) as error:
                if getattr(error, "placed", False):
                    raise
                raise self._error(part, str(error)) from None
        return results[0]

    def _tree(self) -> ast.expr:
        # a formula over several lines is one expression
        self.source = "(" + self.text + "\n)"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            raise self._at(error.lineno or 1, error.offset or 1, f"this is no formula: {error.msg}") from None
        except (RecursionError, MemoryError):
            raise ValueError(f"the formula is nested too deep; {MOST_NODES} operations are the most") from None
        except ValueError as error:  # null characters
            raise ValueError(f"this is no formula: {error}") from None

    def _operands(self, part: ast.expr) -> list[ast.expr]:
        match part:
            case ast.Constant() | ast.Name():
                return []
            case ast.BinOp(left=left, op=op, right=right):
                if type(op) not in _OPERATORS:
                    raise self._error(part, _INSTEAD.get(type(op), "this operator is not allowed"))
                return [left, right]
            case ast.UnaryOp(operand=operand):
                return [operand]
            case ast.BoolOp(values=values):
                return values
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                for comparison in ops:
                    if type(comparison) not in _COMPARISONS:
                        raise self._error(part, _INSTEAD.get(type(comparison), "this comparison is not allowed"))
                return [left, *comparators]
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return [test, body, orelse]
            case ast.NamedExpr(value=value):
                return [value]
            case ast.Call(func=ast.Name(), args=arguments, keywords=keywords):
                for argument in arguments:
                    if isinstance(argument, ast.Starred):
                        raise self._error(argument, _INSTEAD[ast.Starred])
                for keyword in keywords:
                    if keyword.arg is None:
                        raise self._error(keyword.value, "an argument with stars is not allowed")
                return [*arguments, *(keyword.value for keyword in keywords)]
            case ast.Call(func=ast.Attribute(attr=name) as func):
                raise self._error(func, f"an attribute is not allowed; write {name}(...), the name of the function alone")
            case ast.Call(func=func):
                raise self._error(func, "only functions can be called, by their names")
        raise self._error(part, _INSTEAD.get(type(part), "this is not allowed in a formula"))

    def _node(self, part: ast.expr, taken: list[Node]) -> Node:
        match part:
            case ast.Constant(value=bool(value)):
                return Number(float(value))
            case ast.Constant(value=int() | float() as value):
                if abs(value) > sys.float_info.max:
                    raise ValueError("this number is larger than any float64; write inf for infinity")
                return Number(float(value))
            case ast.Constant(value=value):
                raise ValueError(f"{value!r} is no real number")
            case ast.Name(id=name):
                return self._named(name)
            case ast.BinOp(op=op):
                return make(_OPERATORS[type(op)], *taken)
            case ast.UnaryOp(op=ast.USub()):
                return make("negative", *taken)
            case ast.UnaryOp(op=ast.UAdd()):
                return taken[0]
            case ast.UnaryOp():
                return make("logical_not", *taken)
            case ast.BoolOp(op=op):
                return _joined(_OPERATORS[type(op)], taken)
            case ast.Compare(ops=ops):
                return _joined("logical_and", [_compared(op, taken[i], taken[i + 1]) for i, op in enumerate(ops)])
            case ast.IfExp():
                return make("where", *taken)
            case ast.NamedExpr(target=ast.Name(id=name)):
                if name in self.names:
                    raise ValueError(f"the name {name} is taken")
                self.names[name] = taken[0]
                return taken[0]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
                named = {str(k.arg): node for k, node in zip(keywords, taken[len(arguments) :], strict=True)}
                if len(named) < len(keywords):
                    raise ValueError(f"{name} is given a parameter twice")
                return self._called(name, taken[: len(arguments)], named)
        raise AssertionError(part)

    def _called(self, name: str, operands: list[Node], keywords: dict[str, Node]) -> Node:
        function = self.find(name)
        if function is not None:
            try:
                return function(*operands, **keywords)
            except TypeError as error:
                # Python's own words for a wrong count of arguments name the function that does the work
                raise ValueError(re.sub(r"^\S+\(\)", f"{name}()", str(error))) from None
        why = reason(name)
        if why:
            raise ValueError(f"{name} can't be part of a formula: {why}")
        if name in self.names:
            raise ValueError(f"{name} is a number, not a function; write {name} * (...) for a product")
        raise ValueError(f"there is no function {name!r}{self.nearest(name)}")

    def _named(self, name: str) -> Node:
        node = self.names.get(name)
        if node is not None:
            return node
        if name in CONSTANTS:
            return Number(CONSTANTS[name])
        if self.find(name):
            raise ValueError(f"{name} is a function; write {name}(x)")
        import difflib  # needed for errors alone

        near = difflib.get_close_matches(name, self.given, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise ValueError(f"there is no {name!r}{hint} The input is x; a parameter is declared by parameters={{{name!r}: 1.0}}")

    def _error(self, part: ast.AST, what: str) -> ValueError:
        return self._at(getattr(part, "lineno", 1), getattr(part, "col_offset", 0) + 1, what, characters=False)

    def _at(self, line: int, column: int, what: str, characters: bool = True) -> ValueError:
        """The error with its place: the line of the text, and a caret below."""
        lines = self.text.split("\n")
        line = min(line, len(lines))
        shown = lines[line - 1]
        if not characters:  # ast counts bytes
            given = ("(" + shown if line == 1 else shown).encode()
            column = len(given[: column - 1].decode(errors="replace")) + 1
        column = max(column - 1 if line == 1 else column, 1)
        column = min(column, len(shown) + 1)
        begin = max(0, column - 60)
        place = f"line {line}, column {column}" if len(lines) > 1 else f"column {column}"
        error = ValueError(
            f"{what}\nin {place} of the formula:\n    {shown[begin : begin + 100]}\n    {' ' * (column - 1 - begin)}^"
        )
        error.placed = True  # type: ignore[attr-defined]
        return error


def _joined(name: str, parts: list[Node]) -> Node:
    result = parts[0]
    for part in parts[1:]:
        result = make(name, result, part)
    return result


def _compared(op: ast.cmpop, left: Node, right: Node) -> Node:
    name, swapped = _COMPARISONS[type(op)]
    return make(name, right, left) if swapped else make(name, left, right)
