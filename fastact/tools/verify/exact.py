"""`python -m fastact verify --exact`: proves that results of exact mode are the real values, rounded once.

A float64 result v and a bound e of its error tell the right result wherever v - e and v + e round to the same number; all other
inputs go to mpmath. So each finite input of a function and direction, with default parameters, is proved right or is listed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ...api import configuration
from ...version import __version__
from ..directions import BOTH, Direction
from ..printing import new_table
from . import special, workers
from .blocks import Block
from .bounds import RESERVE
from .printing import Bars, progress_bars
from .proof import Proof, as_json, from_json, merge, told
from .tasks import tasks

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: What is rounded from float64.
DTYPES = ("float32", "float16", "bfloat16")
#: The file is written so often, in seconds.
INTERVAL = 20
#: Of the exceptions of one proof so many are printed.
SHOWN = 3


class Proofs:
    """One run of the command: what was asked for, what is known from a file, and where it prints."""

    def __init__(
        self, names: Sequence[str], dtypes: Sequence[str], on: Sequence[str], file: Path | None, console: Console
    ) -> None:
        self.names, self.dtypes, self.backends, self.file, self.console = names, dtypes, on, file, console
        self.known: dict[tuple[str, ...], Proof] = {}
        self.complaints: list[str] = []

    def resume(self, fail: Callable[[str], NoReturn]) -> None:
        """Read the file, if it is there."""
        if self.file is None or not self.file.exists():
            return
        try:
            found = json.loads(self.file.read_text())
            version, proofs = found["fastact"], [from_json(proof) for proof in found["proofs"]]
        except (ValueError, TypeError, KeyError, AttributeError):
            fail(f"argument --json: {str(self.file)!r} is there, but holds no proofs of verify --exact; name another file")
        if version != __version__:
            fail(
                f"argument --json: {str(self.file)!r} holds proofs of fastact {version}, this is {__version__}; name another file"
            )
        self.known = {proof.key: proof for proof in proofs}

    def blocks(self) -> list[Block]:
        """What is left to do."""
        left = []
        for name in self.names:
            for dtype in self.dtypes:
                for task in tasks(name, dtype, (), exhaustive=True):
                    wanted = tuple(one for one in self._directions if not self._has((name, dtype, *one), task.start))
                    if wanted:
                        left.append(Block(task, wanted))
        return left

    @property
    def _directions(self) -> list[tuple[str, Direction]]:
        """What there is to prove of each function and dtype."""
        return [(backend, direction) for backend in self.backends for direction in BOTH]

    def _has(self, key: tuple[str, ...], start: int) -> bool:
        return key in self.known and start in self.known[key].digests

    @property
    def asked(self) -> list[Proof]:
        """The proofs of this run's functions, complete or not."""
        keys = ((name, dtype, *one) for name in self.names for dtype in self.dtypes for one in self._directions)
        return [self.known[key] for key in keys if key in self.known]

    def run(self, jobs: int | None) -> int:
        """Prove what is left, and print; the exit status."""
        started = time.perf_counter()
        self.complaints = [
            complaint
            for name in self.names
            for dtype in self.dtypes
            for complaint in special.disagreements(name, dtype, self.backends, exact=True)
        ]
        try:
            self._prove(jobs)
        finally:
            self._save()
            self._print()
        seconds = time.perf_counter() - started
        self.console.print("\n" + self._method(seconds), style="dim")
        return 0 if self.passed else 1

    @property
    def passed(self) -> bool:
        return not self.complaints and all(proof.passed for proof in self.asked)

    def _prove(self, jobs: int | None) -> None:
        blocks = self.blocks()
        saved = time.monotonic()
        with progress_bars(self.console) as progress:
            bars = Bars(progress, [block.task for block in blocks])
            for block, found in workers.measure(blocks, jobs):
                for proof in found:
                    known = self.known.get(proof.key)
                    self.known[proof.key] = known.merged(proof) if known else proof
                bars.advance(block.task)
                if time.monotonic() - saved > INTERVAL:
                    self._save()
                    saved = time.monotonic()

    def _save(self) -> None:
        """Write the file, whole or not at all."""
        if self.file is None:
            return
        found = {
            "fastact": __version__,
            "configuration": configuration(),
            "proofs": [as_json(proof) for proof in merge(self.known.values())],
            "disagreements": self.complaints,
        }
        new = self.file.with_name(self.file.name + ".new")
        new.write_text(json.dumps(found, indent=1) + "\n")
        os.replace(new, self.file)

    def _print(self) -> None:
        asked = self.asked
        if asked:
            self.console.print("Inputs whose result is not correctly rounded / that mpmath decided; below it the results' digest")
            self.console.print(table(asked))
        for proof in asked:
            case = f"{proof.name} {proof.direction}, {proof.dtype}, {proof.backend}"
            if proof.wrong:
                some = [told(wrong, proof.dtype) for wrong in proof.listed[:SHOWN]]
                more = f", and {proof.wrong - len(some):,} more" if proof.wrong > len(some) else ""
                self.console.print(f"WRONG: {case}: {'; '.join(some)}{more}", style="red", soft_wrap=True)
            if not proof.sound:
                said = f"UNSOUND: {case}: float64 is not right within the {proof.units:g} units that are assumed"
                self.console.print(said, style="red", soft_wrap=True)
        for complaint in self.complaints:
            self.console.print(f"WRONG: {complaint}", style="red", soft_wrap=True)
        if self.passed:
            self.console.print("Every result is the real value, correctly rounded.", style="green")

    def _method(self, seconds: float) -> str:
        used = max((proof.used or 0 for proof in self.asked), default=0)
        return (
            f"Tried: all finite numbers. Float64 is assumed to be right within {RESERVE} times the bounds in Info, in its own "
            f"units; in samples, by mpmath, it needed {used:.0%} of that at most. What so lies clear of the middle between two "
            "numbers is proved, all else mpmath decides, by the definition in Info. backward: dy = 1. "
            f"{seconds:.0f} seconds in all."
        )


def table(proofs: Sequence[Proof]) -> Table:
    """A line a function, dtype and backend, but one for backends that agree."""
    shown = new_table(["function", "dtype", "backend"], ["forward", "backward"], wrapped=["backend"])
    lines: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for proof in proofs:
        lines.setdefault((proof.name, proof.dtype), {}).setdefault(proof.backend, {})[proof.direction] = _cell(proof)
    for (name, dtype), found in lines.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for backend, cells in found.items():
            alike.setdefault(tuple(cells.get(way, "") for way in BOTH), []).append(backend)
        for texts, those in alike.items():
            shown.add_row(name, dtype, ", ".join(those), *texts)
    return shown


def _cell(proof: Proof) -> str:
    figures = f"{proof.wrong:,} / {proof.decided:,}"
    if not proof.complete:
        return f"{figures}\n[dim]{proof.inputs / proof.total:.0%} of the inputs[/dim]"
    figures = figures if proof.passed else f"[red]{figures}[/red]"
    assert proof.digest is not None
    return f"{figures}\n[dim]{proof.digest[:16]}[/dim]"
