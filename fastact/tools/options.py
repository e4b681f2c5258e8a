"""What the commands' options have in common."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def check_directories(options: argparse.Namespace, *files: str) -> None:
    """Fail if one of these options asks for a file in a directory that is not there."""
    for name in files:
        path = getattr(options, name)
        if path and not path.absolute().parent.is_dir():
            options.fail(f"argument --{name}: there is no directory {str(path.parent)!r}")


def without(arguments: Sequence[str], *names: str) -> list[str]:
    """A command line without some options and their values. It has nothing but options."""
    kept, dropping = [], False
    for argument in arguments:
        if argument.startswith("--"):
            dropping = argument.partition("=")[0] in names
        if not dropping:
            kept.append(argument)
    return kept
