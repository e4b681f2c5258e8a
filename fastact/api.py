"""The public functions: every record bound to the backend in use, found by name; and what is running here.

The only module of the product that knows all layers.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backends, functions
from .calls.elementwise import Activation
from .runtime import caches, memory, threads
from .runtime.processor import identity, processor
from .runtime.streaming import streaming
from .version import __version__

if TYPE_CHECKING:
    from .tools.monitor import Monitor

_CURRENT = backends.current()

#: Every public function by its name and aliases, on the backend in use.
bound: Mapping[str, Any] = MappingProxyType(
    {name: _CURRENT.bind(record) for name, record in {**functions.records, **functions.aliases}.items()}
)

#: Every activation by its name, on the backend in use: the elementwise ones.
activations: Mapping[str, Activation] = MappingProxyType({name: bound[name] for name in functions.entries})


def get(name: str) -> Activation | Any:
    """The function of this name: an activation, a gated unit, a function of rows or a loss.

    The name may be written in any case, with or without underscores or hyphens, and may be another library's: docs/names.md
    lists them. What it means is always the same, whichever spelling: `gelu` is the exact form, though JAX's default is not.

    Raises
    ------
    ValueError
        There is none; the message suggests the nearest, or what to write instead.

    Examples
    --------
    >>> import fastact
    >>> fastact.get("swish") is fastact.get("SiLU") is fastact.silu
    True
    >>> fastact.get("gelu_new") is fastact.gelu_tanh
    True
    >>> fastact.get("LogSoftmax") is fastact.log_softmax
    True
    """
    record = functions.meant(name) if isinstance(name, str) else None
    if record is None:
        raise ValueError(functions.no_such("function", name, functions.records))
    return bound[record.name]


def get_activation(name: str) -> Activation:
    """The same for what takes nothing but elementwise activations."""
    record = functions.meant(name) if isinstance(name, str) else None
    function = bound[record.name] if record else None
    if isinstance(function, Activation):
        return function
    if function is not None:
        raise ValueError(f"{name!r} is not elementwise; the elementwise activations are {', '.join(activations)}")
    raise ValueError(functions.no_such("elementwise activation", name, activations))


def monitor(*, by: str = "site") -> Monitor:
    """Watch what activations do to a network: a context manager that records the calls made in its block, on all threads.

    For each place that calls an activation or a gated unit: calls and elements, the share of zeros, units that never fire, the
    share of saturated outputs, mean and standard deviation, the share of vanished gradients, NaN and infinities. Outside the
    block it costs nothing. docs/network_health.md tells what the numbers mean.

    Parameters
    ----------
    by : {"site", "name"}
        What a record is of: a place in the code, ``file:line``, or all calls of an activation. Either way
        ``with m.name("layer 1"):`` gives what is called in its block a name of its own.

    Returns
    -------
    fastact.tools.monitor.Monitor
        ``print(m)`` prints a table, ``m.plot("health.png")`` draws the records, ``m.to_dict()`` gives them to JSON, and
        ``m["layer 1"]`` is one of them. Table and picture need ``pip install 'fastact[monitor]'``.

    Raises
    ------
    ValueError
        An unknown `by`.

    Notes
    -----
    Seen are calls of the objects, `backward` and `value_and_grad` included, not those of their ufuncs, of functions of rows or of
    losses. Of dask's arrays, which have no values yet, and of jagged ones only the calls are counted. A call that raises is not.

    Examples
    --------
    >>> import numpy as np
    >>> import fastact
    >>> z = np.array([[-1.0, 2.0, -3.0], [-2.0, 1.0, 0.0]])
    >>> with fastact.monitor() as m, m.name("layer 1"):
    ...     h = fastact.relu(z)
    ...     dz = fastact.relu.backward(np.ones_like(h), y=h)
    >>> m["layer 1"].dead, m["layer 1"].units
    (2, 3)
    >>> round(m["layer 1"].zeros, 3), round(m["layer 1"].vanished, 3)
    (0.667, 0.667)
    """
    from .tools.monitor import Monitor

    return Monitor(by)


def backend() -> str:
    """The name of the backend in use.

    Examples
    --------
    >>> import fastact
    >>> fastact.backend() in fastact.backends.available()
    True
    """
    return _CURRENT.name


def configuration() -> dict[str, str]:
    """What `show_config` prints, as a mapping."""
    return {
        "fastact": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "CPU": f"{processor()} ({', '.join(filter(None, (platform.machine(), str(identity()))))})",
        "caches": caches.described(),
        "backend": backend(),
        "available": ", ".join(backends.available()),
        **{f"not {name}": reason for name, reason in backends.obstacles().items()},
        "threads": str(threads.get_num_threads()),
        "streamed": "nothing, by NumPy" if backend() == "numpy" else str(streaming()),
        "memory kept": "{} MiB, at most {}".format(*memory.kept_megabytes()),
        "built with": _CURRENT.build,
    }


def show_config() -> None:
    """Print version, processor, backend, threads and compiler flags."""
    for key, value in configuration().items():
        sys.stdout.write(f"{key + ':':<14}{value}\n")
