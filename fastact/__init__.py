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

from . import backends as backends
from .calls.elementwise import Activation as Activation
from .calls.gated import geglu as geglu
from .calls.gated import glu as glu
from .calls.gated import reglu as reglu
from .calls.gated import swiglu as swiglu
from .calls.losses import binary_cross_entropy as binary_cross_entropy
from .calls.losses import cross_entropy as cross_entropy
from .calls.rows import log_softmax as log_softmax
from .calls.rows import logsumexp as logsumexp
from .calls.rows import maxout as maxout
from .calls.rows import softmax as softmax
from .calls.rows import softmin as softmin
from .calls.rows import sparsemax as sparsemax
from .catalogue import activations as activations
from .catalogue import get as get
from .config import backend as backend
from .config import show_config as show_config
from .functions.activations import *
from .functions.entry import Info as Info
from .runtime.memory import empty_cache as empty_cache
from .runtime.threads import get_num_threads as get_num_threads
from .runtime.threads import num_threads as num_threads
from .runtime.threads import set_num_threads as set_num_threads
from .version import __version__ as __version__
