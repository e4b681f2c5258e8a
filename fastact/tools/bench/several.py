"""A run in processes of its own: one for each backend, with the peers held to its instruction set where that is asked for.

Peers read how to compute when they are imported, so another setting of theirs is another process. Each writes its measurements to
a file; the page about all is made of these.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..directions import Direction
from ..options import without
from ..peers import instructions
from . import publish
from .cells import Cell
from .workspace import Setting


def _run(arguments: Sequence[str], held: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "fastact", *arguments]
    return subprocess.run(command, env={**os.environ, **held}, check=False).returncode


def again(options: Namespace, backend: str) -> int:
    """The same command in another process, with the peers held to the backend's instruction set; its exit status."""
    return _run(options.arguments, instructions.missing(backend))


def run(options: Namespace, backends: Sequence[str]) -> int:
    """The command for one backend after another, then the files about all; the exit status of the first that fails."""
    own = without(options.arguments, "--backend", "--json", "--heatmap", "--report")
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for backend in backends:
            file = Path(folder) / f"{backend}.json"
            held = instructions.missing(backend) if options.same_instructions else {}
            if status := _run([*own, "--backend", backend, "--json", str(file)], held):
                return status
            found[backend] = json.loads(file.read_text())
    if options.json:
        options.json.write_text(json.dumps({"backends": found}, indent=1) + "\n")
    publish.publish(options, [cell for name, results in found.items() for cell in _cells(results, name)], [*found.values()])
    return 0


def _cells(results: Mapping[str, Any], backend: str) -> list[Cell]:
    """The measurements of one run, with its backend in their settings."""
    known = Cell.__dataclass_fields__
    cells = []
    for told in results["cells"]:
        facts = {name: value for name, value in told.items() if name in known}
        setting = Setting(**{**told["setting"], "backend": backend})
        cells.append(Cell(**{**facts, "direction": Direction(told["direction"]), "setting": setting}))
    return cells
