"""Writes docs/accuracy.md: the largest error of every activation, fastact's beside PyTorch's and NumPy's.

    python docs/accuracy.py --exhaustive --results accuracy.json

measures what is not yet in the results file, a function at a time, so that it can be interrupted and started again (some
minutes a function and processor), and writes the tables of what there is. The functions named are measured anew. Without
--exhaustive float32 is a sample: seconds a function. Measures with `fastact.tools.verify`: pip install 'fastact[verify]' torch.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from fastact import activations, backends, get
from fastact.api import configuration
from fastact.tools import reference
from fastact.tools.directions import Direction
from fastact.tools.printing import markdown
from fastact.tools.verify import workers
from fastact.tools.verify.dtypes import DTYPES, supported
from fastact.tools.verify.printing import Bars, progress_bars
from fastact.tools.verify.results import RIVALS, Result, as_json, figure, from_json
from fastact.tools.verify.tasks import FLOAT64_POINTS, tasks

OUTPUT = Path(__file__).with_suffix(".md")
#: Who is measured beside fastact, per dtype; of bfloat16 NumPy's functions know nothing.
PEERS = {"float32": tuple(RIVALS), "float64": tuple(RIVALS), "float16": tuple(RIVALS), "bfloat16": ()}
FINITE_FLOAT32 = 2 * reference.format_of("float32").infinity

INTRODUCTION = """\
# Accuracy

The largest error of every activation with its default parameters, in units in the last place (ULP) of the dtype. Written by
`{command}`, not by hand; `python -m fastact verify NAME` measures a function on your machine.

- **Inputs.** float32: {float32}.
  float64: {float64:,} numbers of both signs, a third of them random bit patterns, the others between 2^-12 and 2^10 in size.
  float16 and bfloat16: all finite numbers.
- **Reference.** `info.formula` and `info.derivative` of each function, which share no code with the kernels: evaluated in
  float64 for the narrower dtypes, and with mpmath at {bits} bits for float64. A parameter stands for the number that is meant,
  1/6 or 0.01, and not for the binary number next to it.
- **Forward error.** |computed - exact| / ulp(exact), where ulp(0) is the smallest subnormal number. Infinity counts as the
  number that would follow the largest finite one.
- **Derivative's error.** `backward` with dy = 1, in ULP of the largest term of the derivative: where terms cancel, no method
  keeps the relative error small. In 16 bits, of the derivative itself where that is larger than its terms.
- **bound** is what fastact declares and its tests check. PyTorch and NumPy are measured as their users write the function; the
  statements stand in `fastact/tools/peers`. An empty cell: there is no such function.

{facts}
"""


class Results:
    """What has been measured, by function, dtype and contestant, and the file that keeps it."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        known = json.loads(file.read_text()) if file and file.exists() else {}
        self.configuration: dict[str, str] = known.get("configuration", facts())
        self.found: dict[str, dict[str, dict[str, list[Any]]]] = known.get("functions", {})

    def has(self, name: str, dtype: str, contestant: str, exhaustive: bool) -> bool:
        """Whether this has been measured, as thoroughly."""
        known = self.found.get(name, {}).get(dtype, {})
        if contestant not in known:  # a peer that has no such function is not asked again
            return contestant in RIVALS.values() and "" in known
        return not exhaustive or dtype != "float32" or all(r["inputs"] == FINITE_FLOAT32 for r in known[contestant])

    def add(self, results: list[Result], with_peers: bool) -> None:
        """Keep the results of one function and dtype."""
        known = self.found.setdefault(results[0].name, {}).setdefault(results[0].dtype, {})
        for contestant in dict.fromkeys(result.contestant for result in results):
            known[contestant] = [as_json(result) for result in results if result.contestant == contestant]
        if with_peers:
            known[""] = []
        self.configuration = facts()
        if self.file:
            text = json.dumps({"configuration": self.configuration, "functions": self.found}, indent=1)
            replacement = self.file.with_suffix(".part")
            replacement.write_text(text + "\n")
            replacement.replace(self.file)

    def of(self, dtype: str) -> Iterator[tuple[str, list[Result]]]:
        """Per function that has been measured in this dtype its results, in the catalogue's order."""
        for name in activations:
            known = self.found.get(name, {}).get(dtype, {})
            if known:
                yield name, [from_json(result) for results in known.values() for result in results]


def facts() -> dict[str, str]:
    """The machine and the versions."""
    known = configuration()
    chosen = {key: known[key] for key in ("CPU", "fastact", "Python", "NumPy", "built with")}
    for title, package in (("SciPy", "scipy"), ("mpmath", "mpmath"), ("PyTorch", "torch")):
        try:
            chosen[title] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            chosen[title] = "not installed"
    return chosen


def table(results: Results, dtype: str, direction: Direction) -> str:
    """One table: a line a function, a column a contestant."""
    rows = [(name, {r.contestant: r for r in found if r.direction == direction}) for name, found in results.of(dtype)]
    known = {contestant for _, cells in rows for contestant in cells}
    contestants = [name for name in (*backends.ORDER, *RIVALS.values()) if name in known]
    titles = [f"fastact {name}" if name in backends.ORDER else name for name in contestants]
    lines = [["function", "bound", *titles]]
    partly = {_sampled(result) for _, cells in rows for result in cells.values()} == {True, False}
    for name, cells in rows:
        bound = next((r.bound for r in cells.values() if r.bound is not None), None)
        figures = [_figure(cells.get(contestant), partly) for contestant in contestants]
        lines.append([name, "" if bound is None else f"{bound:g}", *figures])
    return markdown(lines)


def _figure(result: Result | None, partly_sampled: bool) -> str:
    if result is None:
        return ""
    mark = "~" if partly_sampled and _sampled(result) else ""
    return mark + figure(result.error) + ("" if result.passed else " **broken**")


def _sampled(result: Result) -> bool:
    return result.dtype == "float32" and result.inputs != FINITE_FLOAT32


def _inputs(float32: list[Result]) -> str:
    """Which float32 inputs these have been measured at."""
    complete = f"all {FINITE_FLOAT32:,} finite numbers"
    sample = f"a sample of {min((r.inputs for r in float32), default=0):,} of every magnitude, dense between 2^-12 and 2^10"
    sampled = sum(map(_sampled, float32))
    if not sampled:
        return complete
    return sample if sampled == len(float32) else f"{complete}; where a figure is marked ~, {sample}"


def document(results: Results) -> str:
    """The whole page."""
    float32 = [result for _, found in results.of("float32") for result in found]
    text = INTRODUCTION.format(
        command="python docs/accuracy.py" + ("" if all(map(_sampled, float32)) else " --exhaustive"),
        float32=_inputs(float32),
        float64=FLOAT64_POINTS,
        bits=reference.mp.prec,
        facts="\n".join(f"- {key}: {value}" for key, value in results.configuration.items()),
    )
    for title, dtypes in (("float32", ["float32"]), ("float64", ["float64"]), ("16 bits", ["float16", "bfloat16"])):
        for direction, called in ((Direction.FORWARD, "forward"), (Direction.BACKWARD, "derivative")):
            for dtype in dtypes:
                if any(results.of(dtype)):
                    text += f"\n## {title if len(dtypes) == 1 else dtype}, {called}\n\n{table(results, dtype, direction)}"
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing, and write the page."""
    description, _, epilog = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="measure these functions anew (default: those not measured yet)")
    parser.add_argument("--exhaustive", action="store_true", help="all finite float32 inputs")
    parser.add_argument("--sample-peers", action="store_true", help="PyTorch and NumPy at a sample of the float32 inputs only")
    parser.add_argument("--results", type=Path, metavar="FILE", help="keep what has been measured here, and continue from it")
    parser.add_argument("--output", type=Path, metavar="FILE", default=OUTPUT, help="where to write (default: %(default)s)")
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, help="only these")
    parser.add_argument("--backend", nargs="+", metavar="NAME", help="only these (default: all that are available)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one a processor)")
    options = parser.parse_args(arguments)
    try:
        names = [get(name).name for name in options.names] or list(activations)
        on = [backends.load(name).name for name in options.backend or backends.available()]
    except (ValueError, ImportError) as error:
        parser.error(str(error))
    results = Results(options.results)
    console = Console(stderr=True, highlight=False)
    dtypes = options.dtype or list(filter(supported, DTYPES))
    work = []
    for name in names:
        for dtype in dtypes:
            for contestants, exhaustive in (
                (on, options.exhaustive),
                (PEERS[dtype], options.exhaustive and not options.sample_peers),
            ):
                missing = tuple(
                    c for c in contestants if options.names or not results.has(name, dtype, RIVALS.get(c, c), exhaustive)
                )
                own, peers = (missing, ()) if contestants is on else ((), missing)
                if missing:
                    work += tasks(name, dtype, own, peers, exhaustive)
    asked = {(task.name, task.dtype) for task in work if task.peers}
    try:
        with progress_bars(console) as progress:
            for found in workers.measure_groups(work, Bars(progress, work), options.jobs):
                results.add(found, (found[0].name, found[0].dtype) in asked)
                console.print(f"{found[0].name} {found[0].dtype} is measured")
    except KeyboardInterrupt:
        console.print("interrupted; what has been measured is written")
        return 130
    finally:
        options.output.write_text(document(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
