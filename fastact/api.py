"""The public functions: every record bound to the backend in use when it is asked for, found by name; and what is running here.

The only module of the product that knows all layers.
"""

from __future__ import annotations

import functools
import importlib
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from . import backends, functions
from .calls import gated_any
from .calls.define import Defined
from .calls.elementwise import Activation
from .calls.gated import Gated
from .functions import names
from .functions.record import Record
from .runtime import caches, memory, precision, threads
from .runtime.processor import identity, processor
from .runtime.streaming import streaming
from .version import __version__

if TYPE_CHECKING:
    from .tools.monitor import Monitor

_CURRENT = backends.current()


class _Bound(Mapping[str, Any]):
    """The functions of these records, on the backend in use; each is made when it is first asked for."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records

    def __getitem__(self, name: str) -> Any:
        return _CURRENT.bind(self._records[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __reversed__(self) -> Iterator[str]:
        return reversed([*self._records])

    def __or__(self, other: Any) -> dict[str, Any]:
        return dict(self) | dict(other)

    def __ror__(self, other: Any) -> dict[str, Any]:
        return dict(other) | dict(self)

    def copy(self) -> dict[str, Any]:
        return dict(self)

    def __repr__(self) -> str:
        return repr(dict(self))


#: Every public function by its name and aliases.
bound: Mapping[str, Any] = MappingProxyType(_Bound({**functions.records, **functions.aliases}))

#: Every activation by its name: the elementwise ones.
activations: Mapping[str, Activation] = MappingProxyType(_Bound(functions.entries))


def get(name: str) -> Activation | Any:
    """The function of this name: an activation, a gated unit, a function of rows or a loss, or what was registered by it.

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
    registered = _registered.get(names.key(name)) if isinstance(name, str) else None
    if registered is not None:
        return registered
    record = functions.meant(name) if isinstance(name, str) else None
    if record is None:
        raise ValueError(functions.no_such("function", name, [*functions.records, *_names_registered()]))
    return bound[record.name]


def get_activation(name: str) -> Activation:
    """The same for what takes nothing but elementwise activations; also of a user's module, as ``module:attribute``."""
    if isinstance(name, str) and ":" in name:
        return _imported(name)
    registered = _registered.get(names.key(name)) if isinstance(name, str) else None
    record = functions.meant(name) if isinstance(name, str) and registered is None else None
    function = bound[record.name] if record else registered
    if isinstance(function, Activation):
        return function
    if function is not None:
        raise ValueError(f"{name!r} is not elementwise; the elementwise activations are {', '.join(activations)}")
    raise ValueError(functions.no_such("elementwise activation", name, [*activations, *_names_registered()]))


def _imported(name: str) -> Activation:
    """The activation that a module of the user's has."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{name!r}: {error}") from error
    if not isinstance(found, Activation):
        raise ValueError(f"{name!r} is no elementwise activation, but {type(found).__name__}")
    return found


@overload
def define(
    formula: Callable[..., Any] | str,
    *,
    name: str | None = None,
    derivative: Callable[..., Any] | str | None = None,
    parameters: Mapping[str, float] | None = None,
    **info: Any,
) -> Activation: ...
@overload
def define(
    formula: None = None,
    *,
    name: str | None = None,
    derivative: Callable[..., Any] | str | None = None,
    parameters: Mapping[str, float] | None = None,
    **info: Any,
) -> Callable[[Callable[..., Any]], Activation]: ...
def define(
    formula: Callable[..., Any] | str | None = None,
    *,
    name: str | None = None,
    derivative: Callable[..., Any] | str | None = None,
    parameters: Mapping[str, float] | None = None,
    **info: Any,
) -> Any:
    """Make an activation of its formula: any function of one number that can be written in NumPy.

    The formula is read once. Its derivatives by x and by the parameters are derived exactly. What is an activation of the
    catalogue is computed by that one's kernel, and what is left is one program over tiles in the cache. No compiler is started.
    The result is an `Activation` like those of the catalogue, with gradients, `bias`, `out`, every dtype and layout.

    Parameters
    ----------
    formula : callable or str
        ``f(x, *parameters)``, where parameters have numbers as defaults: a function of Python's operators, NumPy's and SciPy's
        elementwise functions, and activations; or the same as a text. It is called once, with symbols: so a choice is
        ``np.where(x > 0, a, b)``, not `if`. Without it the call gives a decorator.
    name : str, optional
        Its name: by default the function's, or "activation".
    derivative : callable or str, optional
        A formula of the same parameters that replaces the derivative by x that would be derived.
    parameters : mapping of str to float, optional
        Of a text: its parameters with their defaults, in their order.
    **info
        Properties of `fastact.Info` that are known, such as ``monotonic=True`` or ``range=(0, 1)``. Others are found by sampling.

    Returns
    -------
    f : fastact.Activation
        It can be pickled, as it comes back from its formula. `fastact.register` makes it known to `fastact.get`.

    Raises
    ------
    TypeError, ValueError
        A formula that can't be read, such as one with an `if` on x, a sum over x, an unknown function or a loop that depends
        on x. The message names the place, and what to write instead.

    Examples
    --------
    >>> import numpy as np, fastact
    >>> @fastact.define
    ... def aria(x, alpha=1.5, beta=2.0):
    ...     return x * (1 + np.exp(-beta * x)) ** -alpha
    >>> aria(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.0412,  0.    ,  0.8266])
    >>> x, dy = np.array([[1.0, 2.0]]), np.array([[1.0, 1.0]])
    >>> dx, dalpha = aria.backward(dy, x, alpha=np.array([1.0, 2.0]))  # an array parameter is learnt
    >>> serf = fastact.define("x * erf(log1p(exp(x)))", name="serf")
    >>> serf.value_and_grad(np.array([0.0]))[1].round(4)
    array([0.673])
    """
    given: dict[str, Any] = {"name": name, "derivative": derivative, "parameters": parameters}
    given = {key: value for key, value in given.items() if value is not None} | info
    if formula is None:
        return functools.partial(define, **given)
    from .expressions.definition import define as definition_of  # only those who define need it

    made = _CURRENT.bind(definition_of(formula, **given))
    made.__module__ = getattr(formula, "__module__", None) or sys._getframe(1).f_globals.get("__name__", __name__)
    return made


#: What users registered, by what counts of a name.
_registered: dict[str, Activation] = {}
_registering = threading.Lock()
_OTHER_NAME = "define it with another name="


def _names_registered() -> list[str]:
    return list(dict.fromkeys(activation.name for activation in _registered.values()))


def register(activation: Activation, *aliases: str) -> Activation:
    """Have `fastact.get` find an activation of `fastact.define` by its name, in any spelling, and by other names.

    It can be used as a decorator above `fastact.define`. What has the same formula may be registered again.

    Parameters
    ----------
    activation : fastact.Activation
        What `fastact.define` made, or a derivative.
    *aliases : str
        Further names.

    Returns
    -------
    activation : fastact.Activation
        The same, on the backend in use.

    Raises
    ------
    TypeError
        An activation of the catalogue, or none at all; an alias that is no text.
    ValueError
        A name that is taken: by a function here or its name in another library, or by another formula that was registered.
        Nothing is registered then.

    Examples
    --------
    >>> import fastact
    >>> logish = fastact.register(fastact.define("x * log1p(sigmoid(x))", name="logish"))
    >>> fastact.get("Logish") is logish
    True
    >>> fastact.register(fastact.define("x + 1", name="logish"))
    Traceback (most recent call last):
    ValueError: register: the name 'logish' is taken by another formula, x * log1p(sigmoid(x)); define it with another name=
    """
    if not isinstance(activation, Defined):
        raise TypeError(f"register: takes what fastact.define made, not {activation!r}")
    bound_here: Defined = _CURRENT.bind(activation)
    wanted = {}
    for name in (bound_here.name, *aliases):
        if not isinstance(name, str):
            raise TypeError(f"register: a name must be a text, not {type(name).__name__}")
        if not names.key(name):
            raise ValueError(f"register: {name!r} is no name")
        wanted[names.key(name)] = name
    with _registering:
        for key, name in wanted.items():
            try:
                record = functions.meant(name)
            except ValueError:  # a name that says what to write instead: it may be what is defined here
                record = None
            if record is not None:
                known = f", which is {record.name!r} here" if record.name != name else ""
                raise ValueError(f"register: the name {name!r} is taken{known}; {_OTHER_NAME}")
            other = _registered.get(key)
            if isinstance(other, Defined) and not other.is_same_formula(bound_here):
                raise ValueError(f"register: the name {name!r} is taken by another formula, {other.formula}; {_OTHER_NAME}")
        _registered.update(dict.fromkeys(wanted, bound_here))
    return bound_here


def gated(activation: Activation | str) -> Gated:
    """The gated unit of any elementwise activation: act(gate) * value, called as `fastact.swiglu` is.

    Parameters
    ----------
    activation : fastact.Activation or str
        That of the gate, or its name; it takes its default parameters.

    Returns
    -------
    unit : callable
        The unit, on the activation's backend: that of the catalogue where there is one. `backward` gives both gradients.

    Raises
    ------
    TypeError
        What is no elementwise activation, or draws numbers.
    ValueError
        A name that none has.

    Examples
    --------
    >>> import numpy as np, fastact
    >>> fastact.gated("silu") is fastact.swiglu
    True
    >>> unit = fastact.gated(fastact.mish)
    >>> gate, value = np.array([0.0, 1.0]), np.array([3.0, 2.0])
    >>> unit(gate, value).round(4)
    array([0.    , 1.7302])
    >>> dgate, dvalue = unit.backward(np.ones(2), gate, value)
    """
    if isinstance(activation, str):
        activation = get_activation(activation)
    if not isinstance(activation, Activation):
        raise TypeError(f"gated: takes an elementwise activation or its name, not {activation!r}")
    return gated_any.gated_unit(activation)


def monitor(*, by: Literal["site", "name"] = "site") -> Monitor:
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
        ``m["layer 1"]`` is one of them. Table and picture need ``pip install '.[monitor]'``.

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


def get_include() -> str:
    """The folder of `fastact.h`, for programs in C that call the compiled functions; docs/guide/compiled_code.md tells how.

    Examples
    --------
    >>> import fastact, os
    >>> os.listdir(fastact.get_include())
    ['fastact.h']
    """
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "include")


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
        "precision": precision.get_precision(),
        "threads": str(threads.get_num_threads()),
        "streamed": "nothing, by NumPy" if backend() == "numpy" else str(streaming()),
        "memory kept": "{} MiB, at most {}".format(*memory.kept_megabytes()),
        "built with": _CURRENT.build,
    }


def show_config() -> None:
    """Print version, processor, backend, threads and compiler flags."""
    for key, value in configuration().items():
        sys.stdout.write(f"{key + ':':<14}{value}\n")
