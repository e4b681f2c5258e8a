"""The compiled backends: one engine, and the loops of each instruction set."""

from __future__ import annotations

import importlib
import importlib.util
import platform
from pkgutil import extend_path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..implementation import Implementation

# A source tree has no compiled modules: those of the installed package serve it.
__path__ = extend_path(__path__, __name__)

#: The x86-64 instruction sets, in the order in which processors have come to know them.
_X86_LEVELS = {"baseline": 0, "avx2": 1, "avx512": 2}


def obstacle(name: str) -> str | None:
    """Why this backend cannot run here, or None."""
    try:
        importlib.import_module(f"{__name__}.engine.elementwise")
        if importlib.util.find_spec(f"{__name__}.engine.rows") is None:  # it is imported by those who need it
            return _not_built()
        level = importlib.import_module("fastact.runtime.cpuid").x86_level()
        if name in ("avx2", "avx512") and level < 0:
            return f"needs an x86-64 processor, this is {platform.machine()}"
        if name == "neon" and level >= 0:
            return "needs a 64-bit ARM processor"
        if name == "baseline" and platform.machine().lower() in ("aarch64", "arm64"):
            return "is not built for 64-bit ARM, where neon can always run"
        if 0 <= level < _X86_LEVELS[name]:
            return "the processor or the operating system does not support it"
        load(name)
    except ImportError as error:
        if getattr(error, "name", None) is not None:
            return _not_built()
        return str(error)
    return None


def load(name: str, exact: bool = False) -> Implementation:
    """The parts of the backend with the loops of this instruction set; with `exact` all floats are computed in float64.

    Raises ImportError where the engine or these loops were not built.
    """
    from .implementation import load

    return load(name, exact)


def _not_built() -> str:
    from ...runtime.hints import WITH_KERNELS  # where there are kernels nobody needs it

    return f"was not built: the installation found no working C compiler ({WITH_KERNELS})"
