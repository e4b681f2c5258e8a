"""Libraries that only some users have: loaded when their integration is imported, with an error that says what to install."""

from __future__ import annotations

import importlib
from typing import Any

from ..runtime import hints


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
        It is not installed, and the message names the extra; or its version has no such module.
    """
    package = module.partition(".")[0]
    try:
        importlib.import_module(package)
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == package:
            message = f"{needed_by} needs {package}, which is not installed: {hints.extra(extra)}"
        elif module.startswith(f"{error.name}.") or module == error.name:
            message = f"this version of {package} is not known to {needed_by}: it has no module {error.name}"
        else:  # something else that the library itself needs
            raise
        raise ImportError(message, name=error.name) from error
