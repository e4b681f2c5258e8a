"""The functions by name."""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from . import backends
from .calls.elementwise import Activation
from .functions import activations as _module
from .functions.entry import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Every activation by its name, on the backend in use: the elementwise ones.
activations: Mapping[str, Activation] = MappingProxyType(
    {name: backends.current().make(entry) for name, entry in entries.items()}
)


def get(name: str) -> Activation | Any:
    """The function of this name: an activation, also by an alias, a gated unit, a function of rows or a loss.

    Raises
    ------
    ValueError
        There is none; the message suggests the nearest.

    Examples
    --------
    >>> import fastact
    >>> fastact.get("swish") is fastact.silu
    True
    >>> fastact.get("softmax") is fastact.softmax
    True
    """
    if isinstance(name, str) and name in backends.families:
        return getattr(backends.current(), name)
    return _activation(name) or _unknown("function", name, (*activations, *backends.families))


def get_activation(name: str) -> Activation:
    """The same for what takes nothing but elementwise activations."""
    if isinstance(name, str) and name in backends.families:
        raise ValueError(f"{name!r} is not elementwise; the elementwise activations are {', '.join(activations)}")
    return _activation(name) or _unknown("elementwise activation", name, activations)


def _activation(name: str) -> Activation | None:
    found = getattr(_module, name, None) if isinstance(name, str) else None
    return found if isinstance(found, Activation) else None


def _unknown(what: str, name: Any, known: Iterable[str]) -> NoReturn:
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise ValueError(f"there is no {what} {name!r}; {hint}")
