"""The formulas' files, and whether they have what the loops need."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ....functions import entries as all_entries
from ....functions.careful import CAREFUL
from ....functions.entry import Entry
from ..formulas.near import NEAR
from .loops import loops
from .operations import OPERATIONS
from .records import formulas_file

NATIVE = "fastact/backends/native"
#: In this order they are put together. The first has what the others share.
FILES = (
    *("shared.pxi", "piecewise.pxi", "exponential.pxi", "sigmoid.pxi", "normal.pxi", "algebraic.pxi", "periodic.pxi"),
    "operations.pxi",
)

_OTHER = re.compile(r"(\w+?)_(near_careful|near|careful)_(forward|derivative)")


def read(folder: Path, instead: Mapping[str, str]) -> dict[str, str]:
    """The text of each file of `folder`; some may be replaced."""
    unlisted = {path.name for path in folder.glob("*.pxi")} ^ set(FILES)
    if unlisted:
        raise ValueError(f"{NATIVE}/build/formulas.py: FILES and the folder formulas/ differ by {', '.join(sorted(unlisted))}")
    return {name: instead.get(name) or (folder / name).read_text() for name in FILES}


def needed(entry: Entry) -> list[str]:
    """The formulas that an entry's loops call, the forward one first."""
    return list(dict.fromkeys(f"{entry.name}_{part}" for loop in loops(entry) for part in loop.parts))


def check(texts: Mapping[str, str], entries: Iterable[Entry]) -> None:
    """Stop the build where an entry's formula is missing, or NEAR or CAREFUL is not what the texts have."""
    defined = set(re.findall(r"^cdef inline \w+ (\w+)\(", "\n".join(texts.values()), re.MULTILINE))
    for entry in entries:
        missing = [name for name in needed(entry) if name not in defined]
        if missing:
            free = defined.difference(*map(needed, all_entries.values()))
            near = dict.fromkeys(name for each in missing for name in difflib.get_close_matches(each, sorted(free), n=1))
            hint = f"; did you mean it by {' and '.join(near)}?" if near else ""
            wanted = f"no {' and no '.join(missing)}, which the entry {entry.name} ({entry.file}) needs"
            raise ValueError(f"{formulas_file(entry)}: {wanted}{hint}")
    for operation in OPERATIONS:
        for name in (f"operation_{operation.name}", f"operation_{operation.name}_near" if operation.near_limit else ""):
            if name and name not in defined:
                raise ValueError(f"{NATIVE}/formulas/operations.pxi: no {name}, which build/operations.py lists")
    both = {name: tuple(part for part in NEAR[name] if part in CAREFUL[name]) for name in NEAR if name in CAREFUL}
    listed = {"near": {name: (*parts, "limit") for name, parts in NEAR.items()}, "careful": CAREFUL, "near_careful": both}
    lists = {"near": f"{NATIVE}/formulas/near.py", "careful": "fastact/functions/careful.py"}
    lists["near_careful"] = " and ".join(lists.values())
    for kind, known in listed.items():
        for name, parts in known.items():
            for part in parts:
                if f"{name}_{kind}_{part}" not in defined:
                    raise ValueError(f"{lists[kind]}: listed is {name}, but formulas/ has no {name}_{kind}_{part}")
    for name in sorted(defined):
        found = _OTHER.fullmatch(name)
        if found and found[3] not in listed[found[2]].get(found[1], ()):
            raise ValueError(f"{lists[found[2]]}: not listed is {name}, which formulas/ has")
