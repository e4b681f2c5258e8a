"""Whether the records of the activations are sound: their definitions, and the formulas in NumPy."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ....functions.entry import DEFINED, Entry
from .mistakes import place

#: The fields of a record with a formula in NumPy.
FORMULAS = ("forward", "derivative", "derivative_from_output")


def formulas_file(entry: Entry) -> str:
    """The file that its typed formulas belong into."""
    return f"fastact/backends/native/formulas/{Path(entry.file).stem}.pxi"


def check(entries: Iterable[Entry]) -> None:
    """ValueError with one line where a definition has an unknown name, or a formula can't be evaluated."""
    for entry in entries:
        for fault in (*_faults_of_definition(entry), *_faults_of_formulas(entry)):
            raise ValueError(fault)


def _faults_of_definition(entry: Entry) -> Iterator[str]:
    """What is wrong with the definition, the text that `reference.py` evaluates."""
    known = {*DEFINED, "x", *(p.name for p in entry.parameters)}
    for field in ("formula", "derivative"):
        start = f"{entry.file}, {entry.name}: {field} in Info"
        try:
            tree = ast.parse(getattr(entry.info, field).strip(), mode="eval")
        except SyntaxError as error:
            yield f"{start} is no expression: {error.msg}"
            continue
        for name in sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - known):
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}"
            yield f"{start}: name {name!r} is not defined; {hint}"


def _faults_of_formulas(entry: Entry) -> Iterator[str]:
    """What is wrong with the formulas in NumPy: a misspelt name shows once they are evaluated."""
    parameters = [p.default for p in entry.parameters]
    formulas = {field: getattr(entry, field) for field in FORMULAS}
    formulas |= {f"derivative_by[{name!r}]": formula for name, formula in entry.derivative_by.items()}
    for field, formula in formulas.items():
        if formula is None:
            continue
        try:
            with np.errstate(all="ignore"):
                formula(np.array([-0.5, 0.5]), *parameters)
        except Exception as error:
            yield f"{place(error)}; it is {field} of the entry {entry.name}"
