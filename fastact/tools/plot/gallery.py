"""The gallery: a page about every activation, and a small picture of each."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...api import activations
from ...calls.elementwise import Activation
from ...functions import entries
from .curves import RANGE, curves
from .pictures import COLOURS, bound_line, frame, line
from .properties import ANSWERS, error, parameters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Enough for a small picture. Those that lie on a line with others are left out of its file.
_POINTS = 401

_COMMAND = "python -m fastact plot --gallery docs"

_PAGE = """\
# Gallery

The activations of fastact, made from their definitions by

    {command}

which draws them as they are computed. Blue: f(x), orange: f'(x), dashed: finite bounds of the range; at a jump the dot is the
value. Formulas are Python text: `Phi` and `phi` are the standard normal distribution function and density, `sigmoid(x)` is
`1 / (1 + exp(-x))`, `logaddexp(a, b)` is `log(exp(a) + exp(b))`. Errors are the largest over every float32 and float64 input,
in units in the last place (ULP) of the exact result, of the derivative in those of its largest term. Pictures, ranges,
properties and errors are those with the default parameters; on the documentation's site sliders set them.

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
    """The text of gallery.md: a section for every activation, in the order of the records."""
    return _PAGE.format(
        command=_COMMAND,
        contents="\n".join(f"- [{name}](#{name}): `{f.info.formula}`" for name, f in activations.items()),
        sections="\n".join(map(_section, activations.values())),
    )


def _section(f: Activation) -> str:
    info = f.info
    also = ", ".join(entries[f.name].aliases)
    return _SECTION.format(
        f=f,
        aliases=f"\nAlso `{also}`.\n" if also else "",
        summary=entries[f.name].doc.splitlines()[0],
        parameters="; ".join(f"`{name}`{said}" for name, said in parameters(entries[f.name])) or "none",
        range=f"{info.range[0]:g} to {info.range[1]:g}",
        ulp=error(info.ulp),
        derivative_ulp=error(info.derivative_ulp),
        **{answer: "yes" if getattr(info, answer) else "no" for answer in ANSWERS},
    )


def picture(f: Activation) -> str:
    """A small SVG of f and f', the same wherever it is made."""
    with _gallery_style() as new_figure:
        figure = new_figure(figsize=(4, 2.6))
        axes = figure.add_axes((0.11, 0.09, 0.87, 0.88))
        drawn = curves(f, *RANGE, _POINTS)
        line(axes, drawn[0], COLOURS[0], "-", "f(x)", 2.2)
        line(axes, drawn[1], COLOURS[1], "-", "f'(x)", 1.0)  # thinner, because exp(x) is its own derivative
        bounds = [bound for bound in f.info.range if math.isfinite(bound)]
        for bound in bounds:
            bound_line(axes, bound)
        frame(axes, drawn, bounds, RANGE)
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
