"""The command `python -m fastact bench`: its options, and the run that they ask for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from ... import backends
from ..options import check_directories
from ..peers import instructions
from . import several
from .grid import GridRun
from .run import FRESH, LayersRun, Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m fastact bench`."""
    parser.set_defaults(fail=parser.error)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and smaller sizes: be done within 30 seconds, with --peers within a minute"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these functions; your own as module:name")
    parser.add_argument(
        "--fused", action="store_true", help="bias, gated units, softmax and losses at the sizes of layers, against PyTorch, too"
    )
    parser.add_argument(
        "--row-length",
        nargs="+",
        type=_size,
        default=[],
        metavar="N",
        help="measure the fused functions with rows as long as these",
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        metavar="PEER",
        help="the speed grid: also backward from the output, and against these (default: numpy, torch, onnxruntime, jax, scipy "
        "and numexpr, as far as they are installed); --dtype and --threads then take several values",
    )
    parser.add_argument("--dtype", nargs="+", choices=["float32", "float64"], default=["float32"])
    parser.add_argument("--threads", nargs="+", type=_count, metavar="N", default=[1], help="threads instead of one")
    parser.add_argument("--sizes", nargs="+", type=_size, metavar="N", help="numbers of elements instead of 16 to 16,777,216")
    parser.add_argument(
        "--backend", nargs="+", metavar="NAME", help="this backend instead of the one in use; with --peers also several"
    )
    parser.add_argument(
        "--same-instructions",
        action="store_true",
        help="hold the peers to the instruction set of --backend, as on a processor that has no other: PyTorch with MKL, NumPy, "
        "JAX; ONNX Runtime, which can't be told, takes part only if it is named",
    )
    parser.add_argument(
        "--fresh",
        nargs="?",
        choices=[choice for choice in FRESH if choice],
        const="only",
        help="let every call make a new array, instead of out=; 'too': measure both",
    )
    parser.add_argument(
        "--tuned", action="store_true", help="against NumPy tuned by hand, with scratch memory, instead of idiomatic NumPy"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file, too")
    parser.add_argument("--heatmap", type=Path, metavar="FILE", help="with --peers, draw the ratios to the best (PNG, SVG ...)")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="with --peers, write a page about them (Markdown); in a folder, "
        "the processor's page, and its line in the index beside the folder",
    )


def _number(text: str, of: str) -> int:
    try:
        number = int(text.replace(",", ""))
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {of}")
    return number


_size, _count = partial(_number, of="elements"), partial(_number, of="threads")


def run(options: argparse.Namespace) -> int:
    """Check and measure as the options say; the exit status."""
    fail: Callable[[str], NoReturn] = options.fail
    if options.fused and (options.sizes or options.row_length or options.fresh):
        fail("argument --fused: it has sizes of its own and gives out=; not allowed with --sizes, --row-length or --fresh")
    if options.peers is not None:
        kind: type[Run] = GridRun
    else:
        kind = LayersRun if options.fused else Run
    names = list(dict.fromkeys(options.backend or [backends.current().name]))
    try:
        chosen = [backends.load(name) for name in names]
    except ImportError as error:
        fail(f"argument --backend: {error}")
    if len(names) > 1 and options.peers is None:
        fail("argument --backend: several only with --peers")
    check_directories(options, "json", "heatmap", "report")
    if len(names) == 1 and options.same_instructions and instructions.missing(names[0]):
        return several.again(options, names[0])
    try:
        planned = kind(options, chosen[0])
    except ValueError as error:
        fail(str(error))
    return planned.run() if len(names) == 1 else several.run(options, names)
