"""The activations by name."""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING

from . import activations as _module
from . import backends
from .contract import Activation
from .registry import entries

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Every activation by its name, on the backend in use.
activations: Mapping[str, Activation] = MappingProxyType(
    {name: backends.current().make(entry) for name, entry in entries.items()}
)


def get(name: str) -> Activation:
    """The activation of this name or alias.

    Raises
    ------
    ValueError
        There is none; the message suggests the nearest.

    Examples
    --------
    >>> import fastact
    >>> fastact.get("swish") is fastact.silu
    True
    """
    found = getattr(_module, name, None) if isinstance(name, str) else None
    if isinstance(found, Activation):
        return found
    near = difflib.get_close_matches(str(name), activations, n=1)
    raise ValueError(
        f"there is no activation {name!r}" + (f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(activations)}")
    )
