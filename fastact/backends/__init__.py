"""Who computes it: the backends, which of them can run here, and the choice between them."""

from pkgutil import extend_path

# A source tree has no compiled modules: those of the installed package serve it.
__path__ = extend_path(__path__, __name__)

from . import ufuncs as ufuncs
from .choice import ORDER as ORDER
from .choice import Backend as Backend
from .choice import available as available
from .choice import current as current
from .choice import load as load
from .choice import obstacles as obstacles

__all__ = ["ORDER", "Backend", "available", "current", "load", "obstacles", "ufuncs"]


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
