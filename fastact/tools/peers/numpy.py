"""NumPy, twice: as its users write a function, and tuned by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...functions.record import Call
from ...numerics import accurate
from ..directions import Direction
from . import formulas, packages
from .contestant import Contestant
from .numpy_idioms import IDIOMS, IDIOMS_WITH_SCIPY
from .numpy_tuned import TUNED, TUNED_WITH_SCIPY
from .operands import Operands
from .peer import Peer, Subject
from .statements import NONE, Statements


class NumPy(Peer):
    """NumPy as its users write it."""

    name, title, package = "numpy", "NumPy", "numpy"

    def tables(self) -> Sequence[Mapping[str, Statements]]:
        """The tables of activations: the first that has a statement counts. The first table needs SciPy."""
        return IDIOMS_WITH_SCIPY, IDIOMS, TUNED

    def statements(self, subject: Subject) -> Statements:
        if subject.statements is None:
            tables = self.tables()[0 if packages.installed("scipy") else 1 :]
            known = [table.get(subject.name, NONE) for table in tables]
        else:
            others = (peer for peer in ("numpy", "numpy_tuned") if peer != self.name)
            known = [subject.statements.get(peer, NONE) for peer in (self.name, *others)]
        return Statements(*(next(filter(None, (some.of(direction) for some in known)), None) for direction in Direction))

    def find(self, subject: Subject, direction: Direction, operands: Operands) -> Contestant | None:
        found = super().find(subject, direction, operands)
        if found is not None or subject.entry is None:
            return found
        if subject.entry.call is Call.DEFINED:
            return self._of_definition(subject.entry, direction, operands)
        if statement := formulas.statement(subject, direction, operands):
            return operands.bound(self.name, statement, {"np": np, **formulas.functions(subject.entry)})
        return None

    def _of_definition(self, entry: Any, direction: Direction, operands: Operands) -> Contestant | None:
        from . import plain  # which needs all that reads formulas

        found = plain.statement(entry, direction, operands.x.dtype)
        return found and operands.bound(self.name, found[0], {"np": np, **found[1]})

    def bind(self, statement: str, operands: Operands) -> Contestant:
        modules: dict[str, Any] = {"np": np, "erf": _erf}
        if packages.installed("scipy"):
            special = packages.imported("scipy.special")
            modules |= {"special": special, "erf": special.erf}
        return operands.bound(self.name, statement, modules)


class TunedNumPy(NumPy):
    """NumPy tuned by hand."""

    name, title = "numpy_tuned", "NumPy tuned by hand"

    def tables(self) -> Sequence[Mapping[str, Statements]]:
        return TUNED_WITH_SCIPY, TUNED, IDIOMS


def _erf(x: np.ndarray) -> np.ndarray:
    """What stands in for SciPy's, which NumPy's users take."""
    return np.asarray(accurate.erf(x.astype(np.float64)).astype(x.dtype))  # type: ignore[no-untyped-call]
