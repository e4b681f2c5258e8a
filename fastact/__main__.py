"""`python -m fastact`: what is running here; `python -m fastact bench`: how fast."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import bench
from .config import show_config

_NEXT = """
Next:
  python -m fastact bench --quick       check every function against NumPy and time it, within 30 seconds
  python -m fastact bench               the same in three minutes, up to 16 million elements
  python -c "import fastact; help(fastact.gelu)"
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fastact", description="Activation functions for NumPy as compiled kernels.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help="info (the default) or bench")
    commands.add_parser("info", help="print version, processor, backend and threads")
    description = "Check every function against NumPy, then time it against NumPy. Exit status 1 if one is not equivalent."
    bench.add_arguments(commands.add_parser("bench", help="check and time every function", description=description))
    return parser


def info() -> None:
    """Print what is running, and what to type next."""
    show_config()
    sys.stdout.write(_NEXT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    if options.command != "bench":
        info()
        return 0
    try:
        return bench.run(options)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
