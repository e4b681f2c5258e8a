"""The files about a run: a picture, and a page; in a folder a page for each processor, and an index beside it."""

from __future__ import annotations

import os
import re
import shlex
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...runtime.processor import identity, processor
from ..options import without
from . import picture, report
from .cells import Cell

#: What the environment variables begin with that tell libraries how to compute.
_TELLING = ("FASTACT_", "OMP_", "GOMP_", "ATEN_", "MKL_", "NUMEXPR_", "NPY_", "ONEDNN_", "XLA_")

#: The lines of an index between which the pages are listed.
_BEGIN, _END = "<!-- pages: written by bench --report -->", "<!-- end of pages -->"
_INDEX = f"# Performance\n\n{_BEGIN}\n{_END}\n"


def publish(options: Namespace, cells: Sequence[Cell], runs: Sequence[Mapping[str, Any]]) -> None:
    """Write what the options ask for about these measurements, of one run or several, whose results are given, too."""
    sizes = sorted({size for results in runs for size in results["settings"]["sizes"]})
    if options.heatmap:
        drawn = picture.new_picture(options.heatmap)
        picture.draw(drawn, cells, sizes)
        drawn.savefig(options.heatmap, dpi=150)
    if options.report:
        pace = runs[0]["settings"]["pace"]["repetition"]
        text = report.page(cells, sizes, _title(), _facts(runs), _command(options.arguments), pace)
        _write_page(options.report, text)


def name_of_processor() -> str:
    """The processor's name without trade marks, with family and model: in virtual machines many share a name."""
    name, who = re.sub(r"\((?:R|TM|r|tm)\)", "", processor()), identity()
    numbers = f" (family {who.family}, model {who.model})" if who.vendor else ""
    return " ".join(name.split()) + numbers


def _title() -> str:
    return f"Performance: {name_of_processor()}"


def _facts(runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What the page says of machine and libraries: where runs differ, of each."""
    keys = dict.fromkeys(key for results in runs for key in ("CPU", "caches", *results["versions"], "backend", "built with"))
    told = {key: dict.fromkeys(results["configuration"].get(key, "") for results in runs) for key in keys}
    facts = {key: "; ".join(filter(None, values)) for key, values in told.items()}
    environments = dict.fromkeys(results["environment"] for results in runs)
    if any(environments):
        facts["environment"] = "; ".join(environment or "nothing" for environment in environments)
    seconds = sum(results["seconds"] for results in runs)
    facts["measured"] = f"{time.strftime('%Y-%m-%d')}, in {seconds:.0f} seconds"
    return facts


def environment() -> str:
    """The variables that tell libraries how to compute, as far as they are set."""
    return ", ".join(f"{key}={value}" for key, value in sorted(os.environ.items()) if key.startswith(_TELLING))


def _command(arguments: Sequence[str]) -> str:
    """The command line that writes the page, without the files that are not the page."""
    return shlex.join(["python", "-m", "fastact", *without(arguments, "--json", "--heatmap")])


def _write_page(path: Path, text: str) -> None:
    """Write a page to a file, or into a folder, whose index is then written, too: a file of its name beside it."""
    if not path.is_dir():
        path.write_text(text, "utf-8", newline="\n")
        return
    name = re.sub(r"[^a-z0-9]+", "-", name_of_processor().lower()).strip("-")
    (path / f"{name}.md").write_text(text, "utf-8", newline="\n")
    index = path.with_suffix(".md")
    before = index.read_text("utf-8") if index.exists() else _INDEX
    if _BEGIN not in before or _END not in before:
        before = f"{before.rstrip()}\n\n{_BEGIN}\n{_END}\n"
    head, rest = before.split(_BEGIN, 1)
    lines = [_line(page, path.name) for page in sorted(path.glob("*.md"))]
    index.write_text("\n".join([f"{head}{_BEGIN}", *lines, f"{_END}{rest.split(_END, 1)[1]}"]), "utf-8", newline="\n")


def _line(page: Path, folder: str) -> str:
    """A page's line in the index: what it is about, which backends were measured, and when."""
    text = page.read_text("utf-8")
    title = text.partition("\n")[0].lstrip("# ").removeprefix("Performance: ")
    facts = dict(re.findall(r"^- (backend|measured): ([^,;\n]+(?:; [^,;\n]+)*)", text, re.MULTILINE))
    backends, measured = facts.get("backend", "?").replace("; ", ", "), facts.get("measured", "?")
    return f"- [{title}]({folder}/{page.name}): {backends}; measured {measured}"
