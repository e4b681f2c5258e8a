"""Live curves: the formulas of the records as JavaScript, for the pages that show their pictures.

A page keeps its pictures, which `python -m fastact plot --gallery docs` makes. Where scripts run, `_static/live_gallery.js` puts
a drawing with sliders in the place of each, from what this module hands it: for every activation value and slope as functions of
x and of the parameters p, and what is known of these. There is no server, and no library.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastact import functions
from fastact.functions.entry import DEFINED, Entry, Parameter

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_OPERATORS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.USub: "-", ast.UAdd: "+"}
_COMPARISONS: dict[type, str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!=="}
_SLIDER_FACTOR = 16  # of a parameter that must be positive: from a sixteenth of its default to sixteen times as much


def javascript(formula: str) -> str:
    """A definition as an expression of JavaScript: of x, the parameters `p.alpha`, and the functions in `mathematics.js`."""
    return _written(ast.parse(formula, mode="eval").body)


def _written(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=int() | float() as number):
            return repr(number)
        case ast.Name(id="x"):
            return "x"
        case ast.Name(id="pi"):
            return "Math.PI"
        case ast.Name(id=name):
            return f"p.{name}"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"Math.pow({_written(left)}, {_written(right)})"
        case ast.BinOp(left=left, op=op, right=right):
            return f"({_written(left)} {_OPERATORS[type(op)]} {_written(right)})"
        case ast.UnaryOp(op=op, operand=operand):
            return f"({_OPERATORS[type(op)]}{_written(operand)})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return f"({_written(test)} ? {_written(body)} : {_written(orelse)})"
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            operands = [_written(each) for each in (left, *comparators)]
            pairs = (f"{operands[i]} {_COMPARISONS[type(op)]} {operands[i + 1]}" for i, op in enumerate(ops))
            return f"({' && '.join(pairs)})"
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in DEFINED:
            return f"mathematics.{name}({', '.join(map(_written, arguments))})"
    raise ValueError(f"a definition can't contain {ast.unparse(node)!r}")


def slider(parameter: Parameter) -> dict[str, Any]:
    """Name, default and ends of a parameter; one that must be positive goes by factors."""
    default = parameter.default
    if parameter.low == 0 and parameter.open_low:
        ends = (default / _SLIDER_FACTOR, default * _SLIDER_FACTOR)
    else:
        reach = max(1.0, 2 * abs(default))
        ends = (max(parameter.low, -reach), reach)
    return {
        **{"name": parameter.name, "value": default, "low": ends[0], "high": ends[1]},
        "factors": bool(parameter.low == 0 and parameter.open_low),
    }


def _activation(entry: Entry) -> str:
    known = {"parameters": list(map(slider, entry.parameters)), "ordered": entry.ordered, "drawn": bool(entry.noise)}
    value, slope = javascript(entry.info.formula), javascript(entry.info.derivative)
    return f"  {entry.name}: {{value: (x, p) => {value}, slope: (x, p) => {slope}, ...{json.dumps(known)}}},"


def script(names: Iterable[str]) -> str:
    """The script that defines the activations of these names."""
    return "\n".join(["const activations = {", *(_activation(functions.entries[name]) for name in names), "};"])


def _add_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    name = page.rpartition("/")[2]
    names = list(functions.entries) if page == "gallery" else [name] if page == f"reference/functions/{name}" else []
    if names := [name for name in names if name in functions.entries]:
        app.add_js_file("mathematics.js")
        app.add_js_file(None, body=script(names))
        app.add_js_file("live_gallery.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("html-page-context", _add_scripts)
    return {"parallel_read_safe": True}
