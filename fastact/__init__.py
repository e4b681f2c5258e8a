"""Fast and accurate activation functions for NumPy, forward and backward, as compiled kernels.

Every activation is one object, called for the forward pass; `backward` and `value_and_grad` are its methods. The
functions along an axis, like `softmax`, are objects of the same kind.

Examples
--------
>>> import numpy as np
>>> from fastact import relu
>>> print(relu(np.array([-1, 2, -3, 4, 0])))
[0 2 0 4 0]
"""

from pkgutil import extend_path

# A source tree has no compiled modules: those of the installed package serve it.
__path__ = extend_path(__path__, __name__)

from . import api, backends
from .api import activations, backend, define, gated, get, get_include, monitor, register, show_config
from .calls.elementwise import Activation
from .functions.entry import Info
from .runtime.memory import empty_cache
from .runtime.precision import get_precision, precision, set_precision
from .runtime.threads import get_num_threads, num_threads, set_num_threads
from .version import __version__

# Type checkers read __init__.pyi, which the build writes from the same records.
globals().update(api.bound)

__all__ = [  # noqa: PLE0604  # names, all of them
    "Activation",
    "Info",
    "__version__",
    "activations",
    "backend",
    "backends",
    "define",
    "empty_cache",
    "gated",
    "get",
    "get_include",
    "get_num_threads",
    "get_precision",
    "monitor",
    "num_threads",
    "precision",
    "register",
    "set_num_threads",
    "set_precision",
    "show_config",
    *api.bound,
]
