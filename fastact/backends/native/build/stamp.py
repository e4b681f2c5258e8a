"""How the templates in loops/ are filled in with the loops that there are. Used by setup.py and the tests only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ....functions import loss_functions, row_functions
from ....functions.entry import Entry
from ..formulas.rows import FUNCTIONS
from . import coefficients, elementary, formulas, kernels, records, row_vectors, steps
from .loops import GROUP, HALVES, INTEGERS, QUICK, REALS, TO_ROUND, Loop, loops, quick_loops
from .operations import OPERATIONS, Operation, OperationLoop, operation_loops
from .write import write


def stamp(
    folder: Path,
    entries: Iterable[Entry],
    target: Path,
    instead: Mapping[str, str] | None = None,
    trial: bool = False,
    operations: Iterable[Operation] | None = None,
) -> Path:
    """Fill in the templates of `folder` for these entries, ready for Cython, into the folder `target`: the path of the loops.

    `instead` has texts that take the place of files of formulas/, by name. A trial has no functions of rows and no operations
    but those given, and tells the loops' addresses.
    """
    from Cython.Tempita import Template

    entries = list(entries)
    operations = list(operations if operations is not None else [] if trial else OPERATIONS)
    records.check(entries)
    headers = sorted([*(folder / "math").glob("*.h"), *(folder / "simd").glob("*.h")])
    write(target / "coefficients.h", coefficients.header(headers))
    write(target / "elementary.pxi", elementary.text(folder / "math"))
    texts = formulas.read(folder / "formulas", instead or {})
    formulas.check(texts, entries)
    for name, text in texts.items():
        write(target / name, text)
    sets = kernels.read(folder / "simd")

    def vectors(loop: Loop | OperationLoop) -> list[kernels.Vectors]:
        return [found for instruction_set in sets.values() if (found := instruction_set.vectors(loop))]

    def quick(entry: Entry) -> list[Loop]:
        """The loops of float32 with exact results: what rounds little needs no kernel."""
        return [loop for loop in quick_loops(entry) if entry.light or vectors(loop)]

    def settled(loop: Loop | OperationLoop) -> bool:
        """Whether a loop NAME_settled stands beside it, which has its results but for the hard cases."""
        if isinstance(loop, OperationLoop) or not loop.hard_cases:
            return False
        return not vectors(loop) if loop.dtype == QUICK else loop.dtype == loop.careful.dtype

    def careful_name(loop: Loop) -> str:
        """The loop of doubles for results that are to be rounded."""
        careful = loop.careful
        return careful.name + ("_settled" if settled(careful) else "_same_text" if vectors(careful) else "")

    steps.check_complete(FUNCTIONS, {name: record.arithmetic for name, record in row_functions.items()}, "rows.py")
    steps.check_complete(FUNCTIONS, {name: name for name, record in loss_functions.items() if not record.picks}, "losses.py")
    rows = steps.names_for_template(FUNCTIONS)
    given = {
        "entries": entries,
        "loops": loops,
        "operations": operations,
        "operation_loops": operation_loops,
        "quick_loops": quick,
        "QUICK": QUICK,
        "TO_ROUND": TO_ROUND,
        "compiled": [
            *(each for e in entries for each in (*loops(e), *quick(e))),
            *(each for o in operations for each in operation_loops(o)),
        ],
        "trial": trial,
        "vectors": vectors,
        "settled": settled,
        "careful_name": careful_name,
        "formulas": formulas.FILES,
        "instruction_sets": sets.values(),
        "VectorStep": row_vectors.VectorStep,
    }
    given["TYPES"] = [(dtype, ctype, elementary.TYPES[ctype]) for dtype, (ctype, _) in REALS.items()]
    given |= {"REALS": REALS, "INTEGERS": INTEGERS, "HALVES": HALVES, "GROUP": GROUP}
    for path in sorted((folder / "loops").glob("*.in")):
        template = Template(path.read_text(), name=path.name)  # type: ignore[no-untyped-call]
        write(target / path.stem, template.substitute(**given, **rows))  # type: ignore[no-untyped-call]
    return target / "loops.pyx"
