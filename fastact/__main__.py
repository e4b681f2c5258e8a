"""`python -m fastact`: what is running here; `bench`: how fast; `verify`: how accurate; `plot`: what it looks like."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from . import functions
from .api import show_config
from .runtime.hints import extra
from .version import __version__

_NEXT = """
Next:
  python -m fastact bench --quick       check every function against NumPy and time it, within 30 seconds
  python -m fastact bench               the same in three minutes, up to 16 million elements
  python -m fastact bench --peers       the speed grid, against PyTorch, ONNX Runtime, JAX, SciPy and numexpr, too
  python -m fastact bench --fused       bias, gated units, softmax and cross-entropy on layers of real size, against PyTorch, too
  python -m fastact verify gelu         the largest error, in units in the last place
  python -m fastact plot gelu           a picture of the function and its derivative
  python -c "import fastact; help(fastact.gelu)"
"""


class _Command(NamedTuple):
    """A command of the tools.

    Attributes
    ----------
    module : str
        The module with its `add_arguments` and `run`; it is imported only for this command.
    extra : str
        The extra that installs what it needs.
    packages : tuple of str
        What it needs.
    help, description : str
        What --help says of it.
    """

    module: str
    extra: str
    packages: tuple[str, ...]
    help: str
    description: str


_COMMANDS = {
    "bench": _Command(
        module="fastact.tools.bench.command",
        extra="bench",
        packages=("rich", "mpmath", "scipy"),
        help="check and time every function",
        description="Check every function against NumPy, then time it against NumPy. Exit status 1 if one is not equivalent.",
    ),
    "verify": _Command(
        module="fastact.tools.verify.command",
        extra="verify",
        packages=("rich", "mpmath", "scipy"),
        help="measure every function's error",
        description="Measure the largest error of every function in units in the last place. "
        "Exit status 1 if a declared bound is broken.",
    ),
    "plot": _Command(
        module="fastact.tools.plot.command",
        extra="plot",
        packages=("matplotlib",),
        help="draw functions and their derivatives",
        description="Draw functions and their derivatives.",
    ),
}


def _parser(chosen: str | None, module: Any) -> argparse.ArgumentParser:
    """The parser; only the command that was chosen has its options, so that no other's module is needed."""
    parser = argparse.ArgumentParser(prog="python -m fastact", description="Activation functions for NumPy as compiled kernels.")
    parser.add_argument("--version", action="version", version=f"fastact {__version__}")
    choice = f"info (the default), {', '.join(_COMMANDS)}"
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help=choice)
    commands.add_parser("info", help="print version, processor, backend, threads and functions")
    for name, command in _COMMANDS.items():
        own = commands.add_parser(name, help=command.help, description=command.description)
        if name == chosen:
            module.add_arguments(own)
    return parser


def info() -> None:
    """Print what is running, what there is, and what to type next."""
    show_config()
    families: dict[str, Iterable[str]] = {
        "gated units": functions.units,
        "rows": [*functions.row_functions, *functions.sampled_functions],
        "losses": functions.loss_functions,
    }
    total, elementwise = len(functions.records), len(functions.entries)
    sys.stdout.write(f"{'functions:':<14}{total}, of which {elementwise} are elementwise activations\n")
    for family, names in families.items():
        sys.stdout.write(f"  {family + ':':<14}{', '.join(names)}\n")
    sys.stdout.write(_NEXT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = arguments[0] if arguments and arguments[0] in _COMMANDS else None
    command = _COMMANDS[chosen] if chosen else None
    try:
        module = importlib.import_module(command.module) if command else None
        options = _parser(chosen, module).parse_args(arguments, argparse.Namespace(arguments=arguments))
        if module is None:
            info()
            return 0
        return int(module.run(options))
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if command is None or missing not in command.packages:
            raise
        needed = f"python -m fastact {chosen} needs {missing}, which is not installed"
        sys.stderr.write(f"{needed}: {extra(command.extra)}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
