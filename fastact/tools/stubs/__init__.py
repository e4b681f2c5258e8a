"""Writes `fastact/__init__.pyi`, which tells type checkers and editors what there is on `fastact`, and how functions are called.

The build calls it: nobody edits a third file for a new function. Names and defaults of arguments are those of the signatures at
run time, parameters those of the records; the words of options come from the code that reads them.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import fastact

from ... import api, functions
from . import activations, gated, losses, rows
from .arguments import TYPES, literal, methods
from .ways import Class, default, definition, method

#: Classes of the stub that stand for classes of the package, by the name that annotations have for these.
_STANDS_FOR = {"Activation": "Activation", "Gated": "_Gated"}


def stub() -> str:
    """The text of the stub."""
    classes, of = _classes()
    public = [name for name in fastact.__all__ if name not in api.bound and name != "Activation"]
    declared = {name: getattr(fastact, name) for name in public if _mentions_classes(getattr(fastact, name))}
    parts = [
        '"""Written by the build: see tools/stubs."""\n',
        TYPES,
        "\n".join(f"from .calls import {module} as _{module}" for module in sorted(_modules(classes))),
        "\n".join(_import(name, getattr(fastact, name)) for name in public if name not in {*declared, "activations"}),
        *(found.text() for found in classes),
        "\n".join(_function(name, function, of) for name, function in declared.items()),
        "activations: Mapping[str, Activation]",
        "\n".join(f"{name}: {kind}{_summary(name)}" for name, kind in of.items()),
        "\n".join(["__all__ = [", *(f'    "{name}",' for name in sorted(fastact.__all__)), "]"]),
    ]
    return "\n\n".join(parts) + "\n"


def _classes() -> tuple[list[Class], dict[str, str]]:
    """The classes, and which function of the catalogue is of which, aliases too."""
    elementwise = activations.Classes(functions.entries.values())
    units, of_units = gated.classes(functions.units.values())
    others = {**rows.KINDS, **losses.KINDS}
    rest: dict[str, Class] = {}
    of = {**elementwise.of, **of_units}
    for record in functions.records.values():
        if record.name not in of:
            cls, ways = others[record.call]
            of[record.name] = name = f"_{cls.__name__}"
            if name not in rest:
                rest[name] = Class(name, f"_{cls.__module__.rpartition('.')[2]}.{cls.__name__}")
                for called, signature in zip(ways, methods(cls, *ways), strict=True):
                    rest[name].body += method(called, signature, ways[called](signature))
    found = [activations.public_class(), *elementwise.classes.values(), gated.public_class(), *units, *rest.values()]
    return found, {name: of[record.name] for name, record in {**functions.records, **functions.aliases}.items()}


def _modules(classes: list[Class]) -> set[str]:
    """The modules of `calls` that have the classes' bases."""
    return {found.base[1:].partition(".")[0] for found in classes if "." in found.base}


# ---- the other names ------------------------------------------------------------------------------------------------


def _summary(name: str) -> str:
    """What editors show of a function of the catalogue: the first line of its documentation, which ``python -OO`` leaves out."""
    record: Any = functions.find(name)
    doc = getattr(record, "doc", None) or getattr(record, "summary", "")
    return f'\n"""{doc.partition(chr(10))[0]}"""' if doc else ""


def _import(name: str, found: Any) -> str:
    """The import of a name from where it is at home; of a value, which has no home, its type."""
    if isinstance(found, ModuleType):
        return f"from . import {name} as {name}"
    home = getattr(found, "__module__", None)
    if isinstance(home, str) and home.startswith("fastact."):
        return f"from {home.removeprefix('fastact')} import {name} as {name}"
    return f"{name}: {type(found).__name__}"


def _ways(function: Any) -> list[inspect.Signature]:
    """The signatures of a function: those of its overloads, where it has some."""
    return [inspect.signature(way) for way in typing.get_overloads(function) or [function]]


def _mentions_classes(function: Any) -> bool:
    """Whether it takes or gives what the stub has a class of its own for."""
    return inspect.isfunction(function) and any(
        re.search(rf"\b{name}\b", str(signature)) for signature in _ways(function) for name in _STANDS_FOR
    )


def _function(name: str, function: Any, of: dict[str, str]) -> str:
    """A function of the API, as its annotations say; of `get` also what it gives for each name of the catalogue."""
    ways: list[tuple[list[str], str]] = []
    if name == "get":
        of_class: dict[str, list[str]] = {}
        for known, kind in of.items():
            of_class.setdefault(kind, []).append(known)
        ways += [([f"name: {literal(names)}"], kind) for kind, names in of_class.items()]
    ways += [(list(_parameters(signature)), _annotation(signature.return_annotation)) for signature in _ways(function)]
    lines: list[str] = []
    for given, gives in ways:
        lines += ["@overload"] if len(ways) > 1 else []
        lines += definition("", name, given, gives)
    return "\n".join(lines)


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    """The parameters with their annotations and defaults."""
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    keywords = False
    for p in signature.parameters.values():
        if p.kind is p.KEYWORD_ONLY and not keywords:
            keywords = True
            yield "*"
        given = "" if p.default is p.empty else f" = {default(p.default)}"
        yield f"{stars.get(p.kind, '')}{p.name}: {_annotation(p.annotation)}{given}"


def _annotation(text: str) -> str:
    """An annotation of the source, which are texts, with the stub's classes."""
    for name, own in _STANDS_FOR.items():
        text = re.sub(rf"\b{name}\b", own, text)
    return text
