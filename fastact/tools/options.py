"""What the commands' options have in common."""

from __future__ import annotations

import argparse


def check_directories(options: argparse.Namespace, *files: str) -> None:
    """Fail if one of these options asks for a file in a directory that is not there."""
    for name in files:
        path = getattr(options, name)
        if path and not path.absolute().parent.is_dir():
            options.fail(f"argument --{name}: there is no directory {str(path.parent)!r}")
