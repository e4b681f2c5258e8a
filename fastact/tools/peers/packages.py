"""The packages of the peers: which are installed, and how they are imported."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import Any


def installed(package: str) -> bool:
    """Whether a package can be imported here."""
    return importlib.util.find_spec(package) is not None


def imported(module: str) -> Any:
    """A module of a package that is installed."""
    with warnings.catch_warnings():  # they are of no interest here, and under pytest they would be errors
        warnings.simplefilter("ignore")
        return importlib.import_module(module)
