"""What other programs compile against: the sources of `fastact.cython_api`, filled in from the list in native/exported.py."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ....functions.entry import Parameter
from ..exported import EXPORTED, own_parameters
from .write import write


def declared(parameters: Iterable[Parameter]) -> list[str]:
    """Parameters as arguments of an inline function, with their defaults. In a .pxd file Cython takes no negative ones."""
    parameters = list(parameters)
    optional = all(p.default >= 0 for p in parameters)
    return [f"double {p.name}={float(p.default)!r}" if optional else f"double {p.name}" for p in parameters]


def fill_in(folder: Path, name: str, inline: bool = True) -> str:
    """The text of a template of `folder`, api/. The module itself is built without the inline functions, which users compile."""
    from Cython.Tempita import Template

    template = Template((folder / f"{name}.in").read_text(encoding="utf-8"), name=name)  # type: ignore[no-untyped-call]
    names = {"exported": list(EXPORTED.values()), "own_parameters": own_parameters, "declared": declared, "inline": inline}
    text: str = template.substitute(**names)  # type: ignore[no-untyped-call]
    return text


def stamp_api(folder: Path, target: Path) -> Path:
    """Write the module and its declarations below the folder `target`, where Cython looks for them by name: the module's path."""
    package = target / "fastact"
    write(package / "__init__.pxd", "")
    write(package / "cython_api.pxd", fill_in(folder, "cython_api.pxd", inline=False))
    return write(package / "cython_api.pyx", fill_in(folder, "cython_api.pyx"))
