"""`python -m fastact plot`: curves of the activations and their derivatives; with --gallery a page about all of them.

What is drawn is computed by the functions themselves. Jumps stay open and kinks are marked: both are searched for where `info`
says that the derivative is not continuous. Needs matplotlib, and only for drawing.
"""

from __future__ import annotations

import argparse
import io
import math
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..api import activations, get_activation
from ..calls.elementwise import Activation
from ..functions import entries
from ..functions.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The colours of Okabe and Ito, which the colour-blind can tell apart; without their yellow, which is hard to see on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: More functions than colours differ in these.
_LINES = ("-", "-.", ":")
_GREY = "#808080"

RANGE = (-5.0, 5.0)
_POINTS = 1001
#: Enough for a small picture. Those that lie on a line with others are left out of its file.
_GALLERY_POINTS = 401


# ---- curves ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """One curve to draw.

    Attributes
    ----------
    x, y : ndarray
        Its points in order of x; y is NaN between the two ends of a jump.
    dots : list of pairs
        Points to mark: the kinks, and the value at a jump.
    rings : list of pairs
        The ends of the curve at a jump that are not the value there.
    """

    x: np.ndarray
    y: np.ndarray
    dots: list[tuple[float, float]]
    rings: list[tuple[float, float]]


@dataclass(frozen=True)
class Jump:
    """A point where a function jumps, and its neighbours on either side; one of them may be the point itself."""

    low: float
    point: float
    high: float


def curves(f: Activation, low: float, high: float, points: int = _POINTS) -> tuple[Curve, Curve]:
    """The curves of f and f' between two ends."""

    def value(x: np.ndarray) -> np.ndarray:
        return np.asarray(f(x), np.float64)

    def derivative(x: np.ndarray) -> np.ndarray:
        return np.asarray(f.value_and_grad(x)[1], np.float64)

    x = np.linspace(low, high, points)
    with np.errstate(all="ignore"):
        jumps, kinks = ([], []) if f.info.smooth else (find_jumps(value, x), find_jumps(derivative, x))
        broken = {jump.point for jump in jumps}
        corners = np.array([kink.point for kink in kinks if kink.point not in broken])
        return _curve(value, x, jumps, corners), _curve(derivative, x, kinks, np.array([]))


def find_jumps(g: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> list[Jump]:
    """Where g jumps between the points of a grid, at most once between two.

    Every interval is halved towards the larger step. Across neighbouring numbers, only a jump leaves more than rounding.
    """
    low, high = x[:-1], x[1:]
    y_low, y_high = g(low), g(high)
    finite = np.abs(y_low[np.isfinite(y_low)])
    negligible = 1e-9 * max(1.0, finite.max(initial=0))
    for _ in range(80):  # from any width to neighbours, and to 1e-20 beside 0
        middle = low / 2 + high / 2
        y = g(middle)
        left = np.abs(y - y_low) >= np.abs(y_high - y)
        low, y_low = np.where(left, low, middle), np.where(left, y_low, y)
        high, y_high = np.where(left, middle, high), np.where(left, y, y_high)
    found: dict[float, Jump] = {}
    for i in np.flatnonzero(np.abs(y_high - y_low) > negligible):
        ends = float(low[i]), float(high[i])
        # 0.5 rather than its neighbour 0.49999999999999994
        point = 0.0 if ends[0] <= 0 <= ends[1] else min(ends, key=lambda end: len(repr(end)))
        other = found.get(point, Jump(*ends, ends[1]))
        found[point] = Jump(min(ends[0], other.low), point, max(ends[1], other.high))
    return list(found.values())


def _curve(g: Callable[[np.ndarray], np.ndarray], x: np.ndarray, jumps: list[Jump], corners: np.ndarray) -> Curve:
    x = np.union1d(x, corners)
    for jump in jumps:
        x = np.append(x[(x < jump.low) | (x > jump.high)], [jump.low, jump.high])
    x.sort()
    y = g(x)
    y[~np.isfinite(y)] = np.nan
    dots = list(zip(corners.tolist(), g(corners).tolist(), strict=True))
    rings = []
    for jump in jumps:
        at, *ends = g(np.array([jump.point, jump.low, jump.high])).tolist()
        dots.append((jump.point, at))
        rings += [(jump.point, end) for end in ends if abs(end - at) > 1e-9 * max(1.0, abs(at))]
    gaps = np.searchsorted(x, [jump.high for jump in jumps])
    return Curve(np.insert(x, gaps, [jump.point for jump in jumps]), np.insert(y, gaps, np.nan), dots, rings)


# ---- pictures -------------------------------------------------------------------------------------------------------


def draw(figure: Figure, functions: Sequence[Activation], derivative: bool = False, ends: tuple[float, float] = RANGE) -> None:
    """Draw the curves of some functions in a figure, those of their derivatives beside them."""
    panels = figure.subplots(1, 2, sharex=True) if derivative else [figure.subplots()]
    pairs = [curves(f, *ends) for f in functions]
    for i, axes in enumerate(panels):
        for j, (f, pair) in enumerate(zip(functions, pairs, strict=True)):
            colour, style = COLOURS[j % len(COLOURS)], _LINES[j // len(COLOURS) % len(_LINES)]
            # what is drawn later is thinner, so that the same curve below shows at its sides
            _line(axes, pair[i], colour, style, f.name, 1.6 + 1.4 * (len(functions) - 1 - j) / max(len(functions), 6))
        axes.set_xlabel("x")
        axes.set_ylabel("f'(x)" if i else "f(x)")
        axes.set_title(_title(functions, i == 1), fontsize="medium")
    bounds = _bounds(panels[0], functions)
    for i, axes in enumerate(panels):
        _frame(axes, [pair[i] for pair in pairs], () if i else bounds, ends)
        axes.legend()


def _title(functions: Sequence[Activation], derivative: bool) -> str:
    if len(functions) > 1:
        return "derivative" if derivative else "activation"
    info = functions[0].info
    text = f"f'(x) = {info.derivative}" if derivative else f"{functions[0].name}: f(x) = {info.formula}"
    return "\n".join(_wrapped(text, 60))


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of a formula, broken at spaces."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _line(axes: Axes, curve: Curve, colour: str, style: str, label: str, width: float) -> None:
    axes.plot(curve.x, curve.y, color=colour, linestyle=style, linewidth=width, label=label)
    for points, face in ((curve.rings, "white"), (curve.dots, colour)):
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, "o", color=colour, markerfacecolor=face, markersize=2 + 1.5 * width, zorder=3)


def _bounds(axes: Axes, functions: Sequence[Activation]) -> list[float]:
    """The finite ends of the ranges; in grey those that several functions share."""
    owners: dict[float, list[int]] = {}
    for i, f in enumerate(functions):
        for bound in f.info.range:
            if math.isfinite(bound):
                owners.setdefault(bound, []).append(i)
    for bound, indices in owners.items():
        colour = COLOURS[indices[0] % len(COLOURS)] if len(indices) == 1 else _GREY
        axes.axhline(bound, color=colour, linestyle="--", linewidth=0.8)
    if owners:
        axes.plot([], [], color=_GREY, linestyle="--", linewidth=0.8, label="bounds")
    return list(owners)


def _frame(axes: Axes, drawn: Sequence[Curve], bounds: Sequence[float], ends: tuple[float, float]) -> None:
    """The axes through 0, and as much of y as of x, so that what grows fast doesn't flatten all else."""
    axes.axhline(0, color=_GREY, linewidth=0.5, zorder=0)
    if ends[0] < 0 < ends[1]:
        axes.axvline(0, color=_GREY, linewidth=0.5, zorder=0)
    axes.set_xlim(*ends)
    limit = max(1.3 * max(map(abs, ends)), 2)
    y = np.concatenate([curve.y for curve in drawn])
    if all(np.mean(np.abs(curve.y) <= limit) >= 0.5 for curve in drawn) and np.any(np.abs(y) > limit):
        seen = np.append(y[np.abs(y) <= limit], [0, *bounds])
        margin = 0.05 * np.ptp(seen)
        axes.set_ylim(
            -limit if np.any(y < -limit) else seen.min() - margin,
            limit if np.any(y > limit) else seen.max() + margin,
        )


# ---- the gallery ----------------------------------------------------------------------------------------------------

_COMMAND = "python -m fastact plot --gallery docs"

_PAGE = """\
# Gallery

The activations of fastact, made from their definitions by

    {command}

which draws them as they are computed. Blue: f(x), orange: f'(x), dashed: finite bounds of the range; at a jump the dot is the
value. Formulas are Python text: `Phi` and `phi` are the standard normal distribution function and density, `sigmoid(x)` is
`1 / (1 + exp(-x))`, `logaddexp(a, b)` is `log(exp(a) + exp(b))`. Errors are the largest over every float32 and float64 input,
in units in the last place (ULP) of the exact result, of the derivative in those of its largest term. Pictures, ranges,
properties and errors are those with the default parameters.

- monotonic: f never decreases.
- smooth: f' is continuous.
- zero-centred: f takes both signs, and f(0) = 0.
- identity near 0: f(0) = 0 and f'(0) = 1.

## Contents

{contents}

{sections}
"""

_SECTION = """\
## {f.name}
{aliases}
{summary}

![{f.name} and its derivative](gallery/{f.name}.svg)

- f(x) = `{f.info.formula}`
- f'(x) = `{f.info.derivative}`
- parameters: {parameters}
- range: {range}
- monotonic: {monotonic}, smooth: {smooth}, zero-centred: {zero_centred}, identity near 0: {identity_near_zero}
- error: {ulp}, of the derivative {derivative_ulp}
"""

#: matplotlib's own defaults but for these, so that a picture is the same everywhere, byte for byte.
_GALLERY_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fastact",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.0,
    "path.simplify_threshold": 0.2,
}


def page() -> str:
    """The text of gallery.md: a section for every activation, in the order of the registry."""
    return _PAGE.format(
        command=_COMMAND,
        contents="\n".join(f"- [{name}](#{name}): `{f.info.formula}`" for name, f in activations.items()),
        sections="\n".join(map(_section, activations.values())),
    )


def aliases(f: Activation) -> list[str]:
    """The other names of an activation."""
    # by import_module, because fastact.activations is the mapping of this name
    names = vars(import_module("fastact.functions.activations"))
    return [name for name, value in names.items() if isinstance(value, Activation) and value.name == f.name != name]


def _section(f: Activation) -> str:
    info = f.info
    also = ", ".join(aliases(f))
    answers = ("monotonic", "smooth", "zero_centred", "identity_near_zero")
    return _SECTION.format(
        f=f,
        aliases=f"\nAlso `{also}`.\n" if also else "",
        summary=entries[f.name].doc.splitlines()[0],
        parameters="; ".join(_parameters(entries[f.name])) or "none",
        range=f"{info.range[0]:g} to {info.range[1]:g}",
        ulp=_error(info.ulp),
        derivative_ulp=_error(info.derivative_ulp),
        **{answer: "yes" if getattr(info, answer) else "no" for answer in answers},
    )


def _parameters(entry: Entry) -> Iterator[str]:
    for p in entry.options:
        yield f"`{p.name}` = {p.default:g}, {p.domain}" + (" or an array of them" if p.array else "")
    if entry.noise:
        p = entry.parameters[0]
        yield f"`{p.name}` is drawn for every element where `rng` is given, and is otherwise {p.default:g}"


def _error(ulp: float) -> str:
    return f"at most {ulp:g} ULP" if ulp else "none"


def picture(f: Activation) -> str:
    """A small SVG of f and f', the same wherever it is made."""
    with _gallery_style() as new_figure:
        figure = new_figure(figsize=(4, 2.6))
        axes = figure.add_axes((0.11, 0.09, 0.87, 0.88))
        drawn = curves(f, *RANGE, _GALLERY_POINTS)
        _line(axes, drawn[0], COLOURS[0], "-", "f(x)", 2.2)
        _line(axes, drawn[1], COLOURS[1], "-", "f'(x)", 1.0)  # thinner, because exp(x) is its own derivative
        bounds = [bound for bound in f.info.range if math.isfinite(bound)]
        for bound in bounds:
            axes.axhline(bound, color=_GREY, linestyle="--", linewidth=0.8)
        _frame(axes, drawn, bounds, RANGE)
        axes.legend()
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r' transform="rotate\(-?0 [^"]*"', "", file.getvalue())  # by nothing
    # A hundredth of a point is more than can be seen, and what may differ between machines lies far below. Only inside tags:
    # between them are the axes' labels.
    return re.sub(r"(\d\.\d\d)\d+(?=[^<>]*>)", r"\1", text)


@contextmanager
def _gallery_style() -> Iterator[type[Figure]]:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_GALLERY_STYLE)
        yield Figure


def write_gallery(directory: Path) -> None:
    """Write DIRECTORY/gallery.md and a picture for each function in DIRECTORY/gallery."""
    pictures = directory / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, f in activations.items():
        (pictures / f"{name}.svg").write_text(picture(f), "utf-8", newline="\n")
    (directory / "gallery.md").write_text(page(), "utf-8", newline="\n")


# ---- the command ----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact plot`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the functions, in one picture")
    parser.add_argument("--derivative", action="store_true", help="draw the derivatives beside them")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the picture here (PNG, SVG, PDF ...), don't show it"
    )
    parser.add_argument(
        "--range", nargs=2, type=float, default=RANGE, metavar=("LOW", "HIGH"), help="from LOW to HIGH instead of -5 to 5"
    )
    parser.add_argument("--gallery", type=Path, metavar="DIR", help="write a page about every function to DIR/gallery.md")


def run(options: argparse.Namespace) -> int:
    """Draw what the options say; the exit status."""
    fail: Callable[[str], NoReturn] = options.fail
    if options.gallery and (options.names or options.output):
        fail("argument --gallery: it shows every function, and takes neither names nor -o")
    if not options.gallery and not options.names:
        fail(f"which functions? There are {', '.join(activations)}")
    try:
        functions = list(dict.fromkeys(map(get_activation, options.names)))
    except ValueError as error:
        fail(str(error))
    low, high = options.range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        fail(f"argument --range: {low:g} and {high:g} are not the ends of a finite range")
    from matplotlib.figure import Figure

    if options.gallery:
        try:
            write_gallery(options.gallery)
        except OSError as error:
            fail(f"argument --gallery: {error}")
        sys.stdout.write(f"{options.gallery / 'gallery.md'}: {len(activations)} functions\n")
        return 0
    size: dict[str, Any] = {"figsize": (11, 4.5) if options.derivative else (7, 4.5), "layout": "constrained"}
    if options.output is None and (figure := _window(size)) is not None:
        draw(figure, functions, options.derivative, (low, high))
        import_module("matplotlib.pyplot").show()
        return 0
    file = options.output or Path(f"fastact-{'-'.join(f.name for f in functions)}.png")
    file = file if file.suffix else file.with_suffix(".png")
    figure = Figure(**size)
    if file.suffix[1:].lower() not in (known := figure.canvas.get_supported_filetypes()):
        fail(f"argument -o: {file.suffix!r} is none of the formats that matplotlib writes: {', '.join(sorted(known))}")
    draw(figure, functions, options.derivative, (low, high))
    try:
        figure.savefig(file)
    except OSError as error:
        fail(f"argument -o: {error}")
    sys.stdout.write(f"{file}\n" if options.output else f"{file}, because there is no display to show it on\n")
    return 0


def _window(size: dict[str, Any]) -> Any:
    """A figure with a window, or None where matplotlib finds no display."""
    pyplot = import_module("matplotlib.pyplot")
    figure = pyplot.figure(**size)
    if getattr(figure.canvas, "required_interactive_framework", None) is None:
        pyplot.close(figure)
        return None
    return figure
