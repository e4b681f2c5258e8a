"""The ways to call a method, each an overload in the stub: their text, made from the method's signature at run time."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

WIDTH = 130


@dataclass(frozen=True)
class Way:
    """One way to call a method.

    Attributes
    ----------
    takes : mapping of str to str
        The arguments that this way takes, with their types.
    gives : str
        The type of the result.
    needs : tuple of str
        The arguments that it takes no default for, though the method has one: it is what makes this way another.
    """

    takes: Mapping[str, str]
    gives: str
    needs: tuple[str, ...] = ()


def way(gives: str, needs: str = "", /, **takes: str) -> Way:
    """A way that gives this type, and takes arguments of these; `needs` are names of some of them."""
    return Way(takes, gives, tuple(needs.split()))


def method(name: str, signature: inspect.Signature, ways: Iterable[Way]) -> list[str]:
    """The lines of a method. Names, kinds, order and defaults of the arguments are those of its signature, without self."""
    ways = list(ways)
    lines: list[str] = []
    for one in ways:
        lines += ["    @overload"] if len(ways) > 1 else []
        lines += definition("    ", name, ["self", *arguments(name, signature, one)], one.gives)
    return lines


def definition(indent: str, name: str, given: list[str], gives: str) -> list[str]:
    """The lines of a function that takes these arguments."""
    line = f"{indent}def {name}({', '.join(given)}) -> {gives}: ..."
    if len(line) <= WIDTH:
        return [line]
    lines = [f"{indent}def {name}(", f"{indent}   "]
    for argument in given:
        words = [argument] if len(argument) < WIDTH - len(indent) - 5 else argument.split(", ")
        for word in words:
            if len(lines[-1]) + len(word) + 2 > WIDTH:
                lines.append(f"{indent}   ")
            lines[-1] += f" {word},"
    return [*lines, f"{indent}) -> {gives}: ..."]


def arguments(name: str, signature: inspect.Signature, one: Way) -> Iterator[str]:
    """The arguments of a way, in the signature's order."""
    unknown = {*one.takes, *one.needs} - {*signature.parameters}
    if unknown:
        raise ValueError(f"the stub gives {name} arguments that it does not take: {', '.join(sorted(unknown))}")
    keywords = False
    for p in signature.parameters.values():
        if p.name not in one.takes:
            if p.default is p.empty and p.kind is not p.VAR_KEYWORD:
                raise ValueError(f"the stub leaves out {p.name}, which {name} must be given")
            continue
        if p.kind is p.KEYWORD_ONLY and not keywords:
            keywords = True
            yield "*"
        if p.kind is p.VAR_KEYWORD:
            yield f"**{p.name}: {one.takes[p.name]}"
        elif p.default is p.empty or p.name in one.needs:
            yield f"{p.name}: {one.takes[p.name]}"
        else:
            yield f"{p.name}: {one.takes[p.name]} = {default(p.default)}"


def default(value: object) -> str:
    """A default as it is written."""
    return f'"{value}"' if isinstance(value, str) else "..." if value is ... else repr(value)


@dataclass
class Class:
    """A class of the stub: what functions that are called alike have in common.

    Attributes
    ----------
    name, base : str
        Its name and its base or bases.
    doc : str
        Which functions are of it.
    body : list of str
        Its lines.
    """

    name: str
    base: str
    doc: str = ""
    body: list[str] = field(default_factory=list)

    def text(self) -> str:
        doc = [f'    """{self.doc}"""', ""] if self.doc else []
        head = f"class {self.name}({self.base}):"
        return "\n".join([head, *doc, *self.body]) if self.body else f"{head} ..."
