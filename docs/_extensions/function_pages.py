"""The reference of functions: a page for each, written before a build from the records and the functions' own docstrings.

The functions are instances with documentation of their own, which autodoc does not look for. numpydoc makes of a docstring what
it makes of any other; the signature, which `help()` shows as its first line, becomes the heading of its entry.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpydoc.docscrape_sphinx import get_doc_object
from sphinx.application import Sphinx

import fastact
from fastact import functions

_FOLDER = "reference/functions"

_INTRODUCTION = """\
Functions
=========

Every function, from its docstring: what ``help()`` shows.
"""

_PICTURE = """\
.. image:: /gallery/{name}.svg
   :alt: {name} and its derivative
"""

_METHODS = """\
``{name}.backward``, ``{name}.value_and_grad``, ``{name}.derivative`` and ``{name}.ufunc`` are those of every
:class:`fastact.Activation`.
"""


def families() -> dict[str, list[str]]:
    """The names of all functions by family, in the order of the records."""
    found: dict[str, list[str]] = {}
    for name, entry in functions.entries.items():
        found.setdefault(f"Activations: {entry.forward.__module__.rpartition('.')[2]}", []).append(name)
    return {
        **found,
        "Gated units": list(functions.units),
        "Rows": [*functions.row_functions, *functions.sampled_functions],
        "Losses": list(functions.loss_functions),
    }


def _write_pages(app: Sphinx) -> None:
    folder = Path(app.srcdir, _FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"index": _contents(), **{name: _page(name) for name in functions.records}}
    for file in folder.glob("*.rst"):
        if file.stem not in pages:
            file.unlink()
    for name, text in pages.items():
        file = folder / f"{name}.rst"
        if not file.exists() or file.read_text("utf-8") != text:  # Sphinx reads what has changed
            file.write_text(text, "utf-8")


def _contents() -> str:
    parts = [_INTRODUCTION]
    for family, names in families().items():
        parts += [_heading(family, "-"), ".. toctree::\n   :maxdepth: 1\n", *(f"   {name}" for name in names), ""]
    return "\n".join(parts)


def _page(name: str) -> str:
    picture = [_PICTURE.format(name=name)] if name in functions.entries else []
    also = "".join(f"Also ``fastact.{alias}``.\n" for alias in functions.records[name].aliases)
    return "\n".join([_heading(name, "="), also, *picture, _entry("function", name, fastact.get(name)), *_methods(name)])


def _methods(name: str) -> Iterator[str]:
    """What a function has besides its call; of activations it is described once, on their class."""
    if name in functions.entries:
        yield _METHODS.format(name=name)
        return
    for method in ("backward", "value_and_grad"):
        if hasattr(fastact.get(name), method):
            yield _entry("method", f"{name}.{method}", getattr(fastact.get(name), method))


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n"


def _entry(directive: str, name: str, function: Any) -> str:
    """A function or a method with its documentation."""
    text = inspect.cleandoc(function.__doc__)
    if text.startswith(f"{name.rpartition('.')[2]}("):
        text = text.partition("\n")[2].lstrip("\n")
    text = str(get_doc_object(function, what="function", doc=_formulas_as_code(text), config={}))
    return f".. py:{directive}:: fastact.{name}{_signature(function)}\n\n{textwrap.indent(text, '   ')}\n"


def _signature(function: Any) -> inspect.Signature:
    """Without annotations: the documentation tells types in words."""
    found = inspect.signature(function)
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in found.parameters.values()]
    return found.replace(parameters=plain, return_annotation=inspect.Signature.empty)


def _formulas_as_code(text: str) -> str:
    """The indented lines before the first section as a block of text, in which a star is no emphasis."""
    summary, section, rest = text.partition("\nParameters\n")
    made: list[str] = []
    for line in summary.split("\n"):
        if line.startswith("    ") and not made[-1]:
            made += [".. code-block:: text", "    :class: formula", ""]
        made.append(line)
    return "\n".join(made) + section + rest


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", _write_pages)
    return {"parallel_read_safe": True}
