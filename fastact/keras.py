"""Keras' NumPy backend with the functions of this package.

`patch` gives `keras.ops`, and so layers and activations by name, other functions where Keras computes in NumPy. That backend
predicts and does not train.

Examples
--------
>>> import os
>>> os.environ["KERAS_BACKEND"] = "numpy"
>>> import keras, numpy as np
>>> import fastact.keras
>>> with fastact.keras.patch():
...     y = keras.ops.gelu(np.array([-12.0], np.float32), approximate=False)
>>> print(y)  # without the patch -0
[-2.1317785e-32]
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fastact

from .integrations import extras
from .integrations.patches import HookError, Patch, Patched, Replacement, moved

__all__ = ["HookError", "patch"]

_LIBRARY = "Keras"
_BACKEND = "keras.src.backend.numpy.nn"
_keras = extras.load("keras", extra="keras", needed_by=__name__)

_Function = Callable[..., Any]


def _gelu(x: Any, approximate: bool) -> Any:
    return (fastact.gelu_tanh if approximate else fastact.gelu)(x)


#: By Keras' names its functions, and of each what takes its place, with the parameters by their names in Keras. Without what
#: means something else there: its sparsemax (3.15) gives rows that do not sum to 1.
_FUNCTIONS: dict[str, tuple[_Function, dict[str, str]]] = {
    "celu": (fastact.celu, {"alpha": "alpha"}),
    "elu": (fastact.elu, {"alpha": "alpha"}),
    "gelu": (_gelu, {"approximate": "approximate"}),
    "glu": (fastact.glu, {"axis": "axis"}),
    "hard_shrink": (fastact.hard_shrink, {"threshold": "lambd"}),
    "hard_sigmoid": (fastact.hard_sigmoid, {}),
    "hard_silu": (fastact.hard_swish, {}),
    "hard_tanh": (fastact.hard_tanh, {}),
    "leaky_relu": (fastact.leaky_relu, {"negative_slope": "negative_slope"}),
    "log_sigmoid": (fastact.log_sigmoid, {}),
    "log_softmax": (fastact.log_softmax, {"axis": "axis"}),
    "relu": (fastact.relu, {}),
    "relu6": (fastact.relu6, {}),
    "selu": (fastact.selu, {}),
    "sigmoid": (fastact.sigmoid, {}),
    "silu": (fastact.silu, {}),
    "soft_shrink": (fastact.soft_shrink, {"threshold": "lambd"}),
    "softmax": (fastact.softmax, {"axis": "axis"}),
    "softplus": (fastact.softplus, {}),
    "softsign": (fastact.softsign, {}),
    "squareplus": (fastact.squareplus, {"b": "b"}),
    "tanh": (fastact.tanh, {}),
    "tanh_shrink": (fastact.tanh_shrink, {}),
    "threshold": (fastact.threshold, {"threshold": "threshold", "default_value": "value"}),
}


def _in_place_of(name: str) -> Callable[[_Function], _Function]:
    """What makes the function that takes the place of Keras' own."""
    function, parameters = _FUNCTIONS[name]

    def replaced(before: _Function) -> _Function:
        first, *others = inspect.signature(before).parameters.values()
        names = [p.name for p in others]
        if not set(parameters) <= set(names) or any(p.default is p.empty for p in others if p.name not in parameters):
            raise HookError(moved(_LIBRARY, f"{name} takes {', '.join([first.name, *names])}"))
        defaults = {p.name: p.default for p in others if p.name in parameters and p.default is not p.empty}

        def computed(x: Any, *arguments: Any, **keywords: Any) -> Any:
            given = {**defaults, **dict(zip(names, arguments, strict=False)), **keywords}
            if type(x) is not np.ndarray or x.dtype.kind != "f" or not given.keys() <= parameters.keys():
                return before(x, *arguments, **keywords)  # integers, lists, options of some versions: Keras' own affair
            return function(x, **{parameters[name]: value for name, value in given.items()})

        return computed

    return replaced


def _replacements() -> Iterator[Replacement]:
    """What is replaced: the functions of the backend's module, in which `keras.ops` looks them up."""
    backend = _keras.config.backend()
    if backend != "numpy":
        raise HookError(f"Keras computes by its backend {backend!r} here; set KERAS_BACKEND=numpy before it is imported")
    module = extras.load(_BACKEND, extra="keras", needed_by=__name__)
    for name in _FUNCTIONS:
        yield Replacement(module.__name__, vars(module), name, _in_place_of(name))


_PATCH = Patch(_LIBRARY, _replacements)


def patch() -> Patched:
    """Have Keras' NumPy backend use the functions of this package, in all threads, until that is undone.

    Returns
    -------
    Patched
        A context manager: ``with patch():`` undoes it at the end of the block. Without `with` it lasts until its method `undo`
        is called, or for good. It may be made several times, in blocks within blocks and on several threads: the last to leave
        puts Keras' own functions back.

    Raises
    ------
    HookError
        Keras has another backend, or in this version the functions are not what they were; nothing is replaced then.
    """
    return _PATCH.apply()
