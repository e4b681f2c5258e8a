"""What the measurements of the speed grid come to: means, conclusions, a page."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...runtime.processor import identity
from ..directions import Direction
from ..peers import PEERS
from ..peers.torch import SLOW_ON_AMD, slow_on_amd
from ..printing import markdown, new_table
from .cases import subject_of
from .cells import Cell, lost, measured
from .tables import coloured, figure
from .workspace import Setting

if TYPE_CHECKING:
    from rich.table import Table

#: A line of figures by their titles: a mean, and the worst of the cells that it is taken of.
Means = dict[str, tuple[float, float]]

#: What fastact's own time is divided by.
OWN = ("time / copy", "time / floor")

#: The column of PyTorch's mean without what is slow on AMD.
WITHOUT_SLOW = f"PyTorch without {SLOW_ON_AMD}"

FLOOR = (
    "Floor: what 1 element or 16 take, and then the copy of as many bytes, by np.copyto on one thread, or the loop's "
    "instructions, by the slope between two sizes in the first-level cache, whichever is longer; with several threads their "
    "share of that. Two such sizes are few rows, with which functions of rows may be slower than with many."
)

AMD = (
    f"PyTorch's {SLOW_ON_AMD} are those of MKL, which takes a slow path on processors that Intel has not made. Beside PyTorch's "
    "mean stands that of the cells whose statements don't call them."
)

_PAGE = """\
# {title}

How many times as long the others take, on one machine. Written by

    {command}

not by hand; the same command writes your machine's.

{facts}

## What is compared

- **Who.** Everyone computes what stands in `fastact/tools/peers` and, for the fused functions, `fastact/tools/bench/fused`:
  NumPy as its users write the function, PyTorch eager by the quickest operators that are known, be they internal ones, with
  `out=` where they have it, ONNX Runtime by a model of one operator, its operands bound once (IOBinding), forward in float32 for
  the functions that are operators, JAX compiled by `jit`, SciPy and numexpr where they have the function or can express it. All
  take turns in one process, in loops of {milliseconds:g} ms or more, and of each the fastest counts.
- **Instructions.** Each chooses the instruction set itself, unless variables of the environment above say otherwise: then the
  peers are held to that of the backend, as on a processor that has no other; ONNX Runtime can't be.
- **forward** is y from x. **backward** is dx from dy and x; **backward from y** is dx from dy and the saved output, for the
  functions whose derivative can be had from it. PyTorch's autograd saves the output of sigmoid, tanh and exponential: what its
  users wait for is backward from y, while backward from x it must compute y first, as NumPy does. The operator of log_sigmoid is
  given the buffer that PyTorch's forward pass saves. Of a loss, backward is loss and gradient together; softmax and the
  others of its family start from y, as they do everywhere.
- **Arrays** are contiguous, begin at a cache line, as PyTorch's and JAX's always do, and are normal with standard deviation 3.
  Bias and gated units have rows of 4,096, softmax-axis0 as many rows as columns, the other functions of rows 256.
- **Threads.** NumPy and SciPy have one. JAX is told their number when it starts, and takes part in the settings with as many as
  the first. It always makes a new array, and as its float64 is a switch of the whole process, it is measured in float32 only.
{floor}{amd}

A figure below 1, in bold, is a loss: that peer is faster. In brackets stands the lowest of the cells that a mean is taken of,
and of time / copy and time / floor, which are fastact's, the highest.
"""


# ---- figures --------------------------------------------------------------------------------------------------------


def best(cell: Cell) -> float:
    """The quickest peer's ratio."""
    return min(cell.ratios.values())


def settings_of(cells: Iterable[Cell]) -> list[Setting]:
    """Those that were measured."""
    return list(dict.fromkeys(cell.setting for cell in cells))


def means(cells: Sequence[Cell], sizes: Sequence[int]) -> dict[str, Means]:
    """Of cells of one setting, all, by direction and by size: the geometric mean of each peer's ratios, and the lowest.

    Of `OWN`, the mean and the highest.
    """
    groups = {"all": cells}
    groups |= {direction: [cell for cell in cells if cell.direction == direction] for direction in Direction}
    groups |= {f"{size:,}": [cell for cell in cells if column(cell, sizes) == size] for size in sizes}
    return {title: _means(some) for title, some in groups.items() if some}


def _means(cells: Sequence[Cell]) -> Means:
    ratios = {PEERS[peer].title: [cell.ratios[peer] for cell in cells if peer in cell.ratios] for peer in measured(cells)}
    if identity().amd and "torch" in measured(cells):
        rest = [cell.ratios["torch"] for cell in cells if "torch" in cell.ratios and not _slow_on_amd(cell)]
        others = list(ratios.items())
        at = list(ratios).index(PEERS["torch"].title) + 1
        ratios = dict([*others[:at], (WITHOUT_SLOW, rest), *others[at:]])
    multiples = zip(OWN, ([cell.by_copy for cell in cells], [cell.by_floor for cell in cells]), strict=True)
    return {
        **{title: (statistics.geometric_mean(r), min(r)) for title, r in ratios.items() if r},
        **{title: (statistics.geometric_mean(m), max(m)) for title, m in multiples},
    }


def _slow_on_amd(cell: Cell) -> bool:
    """Whether PyTorch computes it by a function that is slow on AMD."""
    return slow_on_amd(PEERS["torch"].statements(subject_of(cell.name)).of(cell.direction))


def gains(cells: Sequence[Cell], sizes: Sequence[int]) -> dict[str, Means]:
    """By setting with several threads, and by size: how many times as long fastact takes with one, mean and lowest."""
    alone = {_key(cell): cell.times["fastact"] for cell in cells if cell.setting.threads == 1}
    found: dict[str, Means] = {}
    for setting in settings_of(cells):
        some = [cell for cell in cells if cell.setting == setting and setting.threads > 1 and _key(cell) in alone]
        for size in sizes:
            if ratios := [alone[_key(cell)] / cell.times["fastact"] for cell in some if column(cell, sizes) == size]:
                found.setdefault(str(setting), {})[f"{size:,}"] = statistics.geometric_mean(ratios), min(ratios)
    return found


def _key(cell: Cell) -> tuple[str | bool | int, ...]:
    """What it has in common with the same cell of another number of threads."""
    return cell.title, cell.direction, cell.elements, cell.setting.dtype, cell.setting.fresh


def column(cell: Cell, sizes: Sequence[int]) -> int:
    """The size that was asked for; whole rows may have somewhat fewer elements."""
    return min(size for size in sizes if size >= cell.elements)


# ---- tables ---------------------------------------------------------------------------------------------------------


def _lines(table: Mapping[str, Means], mark: Callable[[float], str]) -> list[list[str]]:
    """A table of means: its head, and a line a group."""
    titles = list(dict.fromkeys(title for line in table.values() for title in line))
    lines = [["", *titles]]
    for name, line in table.items():
        found = ((figure if title in OWN else mark, line.get(title)) for title in titles)
        lines.append([name, *("" if pair is None else f"{show(pair[0])} ({figure(pair[1])})" for show, pair in found)])
    return lines


def _for_terminal(lines: Sequence[Sequence[str]]) -> Table:
    table = new_table(lines[0][:1], lines[0][1:])
    for line in lines[1:]:
        table.add_row(*line)
    return table


def _bold(ratio: float) -> str:
    return figure(ratio) if ratio >= 1 else f"**{figure(ratio)}**"


def conclusions(cells: Sequence[Cell], sizes: Sequence[int]) -> list[Table | str]:
    """To print: the means of every setting, its lost cells, and what threads gain."""
    parts: list[Table | str] = []
    for setting in settings_of(cells):
        some = [cell for cell in cells if cell.setting == setting]
        slower = lost(some)
        parts += [
            f"{setting}: geometric mean of how many times as long others take, and the lowest; of fastact's own, the highest",
            _for_terminal(_lines(means(some, sizes), coloured)),
            f"fastact loses {len(slower)} comparisons in {sum(best(cell) < 1 for cell in some)} of {len(some)} cells:",
            *(f"  {cell}" for cell in slower),
            "",
        ]
    if table := gains(cells, sizes):
        parts += ["How many times as long fastact takes with one thread", _for_terminal(_lines(table, coloured))]
    return parts


# ---- the page -------------------------------------------------------------------------------------------------------


def page(cells: Sequence[Cell], sizes: Sequence[int], title: str, facts: Mapping[str, str], command: str, pace: float) -> str:
    """The whole page, in Markdown."""
    text = _PAGE.format(
        title=title,
        command=command,
        facts="\n".join(f"- {key}: {value}" for key, value in facts.items()),
        milliseconds=1e3 * pace,
        floor=_item(FLOOR),
        amd=f"\n{_item(f'**AMD.** {AMD}')}" if identity().amd else "",
    )
    if table := gains(cells, sizes):
        text += "\n## Threads\n\nHow many times as long fastact takes with one thread, by number of elements.\n\n"
        text += markdown(_lines(table, _bold))
    for setting in settings_of(cells):
        some = [cell for cell in cells if cell.setting == setting]
        text += f"\n## {setting}\n\n{markdown(_lines(means(some, sizes), _bold))}"
        for direction in Direction:
            if chosen := [cell for cell in some if cell.direction == direction]:
                text += f"\n### {setting}: {direction}\n\nThe quickest peer's time by fastact's, and fastact's by its floor.\n\n"
                text += markdown(_heat(chosen, sizes))
        if slower := lost(some):
            text += f"\n### {setting}: lost\n\n" + "\n".join(f"- {cell}" for cell in slower) + "\n"
    return text


def _item(text: str) -> str:
    return textwrap.fill(text, 130, initial_indent="- ", subsequent_indent="  ")


def _heat(cells: Sequence[Cell], sizes: Sequence[int]) -> list[list[str]]:
    """The picture's figures in text, a line a function, and how near the floor each cell is."""
    found = {(cell.title, column(cell, sizes)): cell for cell in cells}
    columns = [f"{size:,}" for size in sizes]
    lines = [["function", *columns, *(f"/ floor, {size}" for size in columns)]]
    for title in dict.fromkeys(cell.title for cell in cells):
        row = [found.get((title, size)) for size in sizes]
        ratios = ("" if cell is None else _bold(best(cell)) for cell in row)
        lines.append([title, *ratios, *("" if cell is None else f"{cell.by_floor:.2f}" for cell in row)])
    return lines
