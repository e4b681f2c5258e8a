"""The options that a call has because NumPy's ufuncs have them: where, dtype, casting, order, subok, signature."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from .arrays import requested_dtype

# The defaults come first.
CASTINGS = ("same_kind", "no", "equiv", "safe", "unsafe")
ORDERS = ("K", "A", "C", "F")


class Manner(NamedTuple):
    """How a ufunc is to compute.

    Attributes
    ----------
    where : bool or array_like
        Where to compute.
    keywords : dict
        What the ufunc is given besides, without defaults.
    x, y : dtype or None
        The dtypes of the loop's input and of its result, where the call says them.
    """

    where: Any = True
    keywords: Mapping[str, Any] = MappingProxyType({})
    x: np.dtype[Any] | None = None
    y: np.dtype[Any] | None = None


#: Nothing special.
PLAIN = Manner()


def manner(
    function: str, keeps_integers: bool, where: Any, dtype: Any, casting: Any, order: Any, subok: Any, signature: Any
) -> Manner:
    """These options, checked, for a function that keeps integers or not."""
    if dtype is not None and signature is not None:
        raise TypeError(f"{function}: dtype= and signature= can't be given together")
    if isinstance(where, np.ndarray | np.generic) and where.dtype != bool:
        raise TypeError(f"{function}: where has dtype {where.dtype}; it must be bool")
    keywords: dict[str, Any] = {}
    for name, value, known in (("casting", casting, CASTINGS), ("order", order, ORDERS)):
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{function}: {name} must be one of {', '.join(map(repr, known))}, not {value!r}")
        if value != known[0]:
            keywords[name] = value
    if not subok:
        keywords["subok"] = False
    if dtype is signature is None:
        return Manner(where, keywords)
    x, y = _dtypes(function, dtype, signature)
    if x is None:
        x = y
    if y is None:
        y = x if x is None or x.kind not in "iub" or keeps_integers else np.dtype(np.float64)
    if x is not None and y is not None:
        whole = x.kind in "iub"
        if not (x == y and (keeps_integers or not whole)) and not (whole and y == np.float64):
            raise TypeError(f"{function}: there is no loop from {x} to {y}")
    return Manner(where, keywords, x, y)


def _dtypes(function: str, dtype: Any, signature: Any) -> tuple[Any, Any]:
    """The dtypes of x and of the result that a call asks for, None where it doesn't."""
    if signature is None:
        return None, requested_dtype(function, dtype)
    given = signature.split("->") if isinstance(signature, str) else signature
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise TypeError(
            f"{function}: signature must name the dtypes of x and of the result, as 'f->f' or (None, 'f4'), not {signature!r}"
        )
    return tuple(None if one is None else requested_dtype(function, one) for one in given)  # type: ignore[return-value]


def check_cast(function: str, name: str, value: Any, manner: Manner) -> None:
    """Raise where the casting rule does not let this input be what the loop takes; Python numbers are weak."""
    if manner.x is None or not hasattr(value, "dtype"):
        return
    casting = manner.keywords.get("casting", "same_kind")
    if not np.can_cast(value.dtype, manner.x, casting):
        raise TypeError(f"{function}: {name} has dtype {value.dtype}, which can't be cast to {manner.x} with casting={casting!r}")
