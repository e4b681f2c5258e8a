"""Libraries that only some users have: loaded when their integration is imported, with an error that says what to install."""

from __future__ import annotations

import importlib
from typing import Any


def load(module: str, *, extra: str, needed_by: str) -> Any:
    """A module of another library.

    Parameters
    ----------
    module : str
        Its name.
    extra : str
        The extra of this package that brings it.
    needed_by : str
        What the error is about.

    Raises
    ------
    ImportError
        It is not installed; the message names the extra.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:  # installed, and broken or of another version
            raise
        message = f"{needed_by} needs {package}, which is not installed: pip install '.[{extra}]'"
        raise ImportError(message, name=package) from error
