"""The command `python -m fastact plot`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from ...api import activations, get_activation
from .curves import RANGE
from .gallery import write_gallery
from .pictures import draw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact plot`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the functions, in one picture; your own as module:name")
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
