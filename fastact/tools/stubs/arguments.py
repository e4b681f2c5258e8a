"""What arguments are: the types that the stub defines, and that of an argument by its name, which means the same everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from ...calls import losses, manners, rows


def literal(words: Iterable[str]) -> str:
    """The type of these words."""
    quoted = [f'"{word}"' for word in words]
    return f"Literal[{', '.join(quoted)}]"


#: Of these the head of the stub is made.
_TYPES = '''\
# Of the ways to call a function the first that fits counts, so that a later one may take more. Each activation has keywords of
# its own, where an `Activation` has any.
# mypy: disable-error-code="overload-overlap, override"
# pyright: reportOverlappingOverload=false, reportIncompatibleMethodOverride=false

from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any, Literal, NoReturn, Protocol, SupportsIndex, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Numbers are Python's or NumPy's. A parameter that is one never changes a result's dtype.
_Real: TypeAlias = np.floating[Any] | np.integer[Any] | np.bool
_Whole: TypeAlias = np.integer[Any] | np.bool
_Number: TypeAlias = float | _Real

# What goes in and comes out as the same: an array or a scalar of NumPy's.
_F = TypeVar("_F", bound=np.floating[Any])
_Floats = TypeVar("_Floats", bound=NDArray[np.floating[Any]] | np.floating[Any])
_Wholes = TypeVar("_Wholes", bound=NDArray[_Whole] | _Whole)
_Reals = TypeVar("_Reals", bound=NDArray[_Real] | _Real)

class _Sequence(Protocol):
    """Numbers or arrays in a list, a tuple or their like, nested as one likes; no text."""

    def __len__(self) -> int: ...
    def __contains__(self, value: object, /) -> bool: ...
    def __getitem__(self, index: int, /) -> _Number | NDArray[_Real] | _Sequence: ...
    def count(self, value: Any, /) -> int: ...
    def index(self, value: Any, /) -> int: ...

class _Converts(Protocol):
    """What NumPy makes an array of."""

    def __array__(self) -> NDArray[_Real]: ...

class _OtherDType(Protocol):
    """An array of a dtype that NumPy's types do not tell, such as bfloat16 of ml_dtypes."""

    def __array__(self) -> NDArray[Any]: ...
    def item(self, /) -> float: ...

class _HasUfunc(Protocol):
    """An array of another package, which comes back as its own kind. NumPy's own takes fewer words for `method`."""

    def __array_ufunc__(self, ufunc: Any, method: str, /, *args: Any, **kwargs: Any) -> Any: ...

class _HasWrap(Protocol):
    """The same by the older protocol. NumPy's own takes NumPy's arrays alone."""

    def __array_wrap__(self, array: object, /) -> Any: ...

_Object: TypeAlias = _HasUfunc | _HasWrap
_ArrayLike: TypeAlias = NDArray[_Real] | _Sequence | _Converts | _OtherDType
_Input: TypeAlias = _ArrayLike | _Number | _Object
_Out = TypeVar("_Out", bound=NDArray[Any] | _Object)
_Out2 = TypeVar("_Out2", bound=NDArray[Any] | _Object)
'''


_CAUSAL = literal([rows.CAUSAL])
#: What has a name in the stub for its length.
_OPTIONS = {
    "_Axis": "SupportsIndex",
    "_Axes": "SupportsIndex | tuple[SupportsIndex, ...] | None",
    "_Casting": literal(manners.CASTINGS),
    "_DType": "DTypeLike | None",
    "_Empty": literal(rows.EMPTY),
    "_Flag": "bool | np.bool",
    "_Loop": "str | tuple[_DType, _DType] | None",
    "_Mask": f"_Input | {_CAUSAL} | tuple[{_CAUSAL}, SupportsIndex] | None",
    "_New": "EllipsisType | None",
    "_Order": literal(manners.ORDERS),
    "_Rng": "np.random.Generator | None",
}
#: The head of the stub.
TYPES = _TYPES + "\n# Options.\n" + "".join(f"{name}: TypeAlias = {kind}\n" for name, kind in _OPTIONS.items())

#: By an argument's name what it may be, in a way to call a function that is for all that no other is for. Operands are anything
#: there: type checkers compare all ways of a method, and take seconds for unions of protocols. Those of activations' parameters
#: follow from the records.
GENERAL: dict[str, str] = {
    **dict.fromkeys(("x", "y", "dy", "gate", "value", "logits", "log_probs", "targets"), "Any"),
    **dict.fromkeys(("where", "scale", "bias", "weight", "sample_weight", "pos_weight"), "Any"),
    **dict.fromkeys(("keepdims", "return_index", "hard", "gate_first", "from_logits"), "_Flag"),
    **dict.fromkeys(("tau", "label_smoothing"), "_Number"),
    "axis": "_Axes",
    "bias_axis": "_Axis",
    "casting": "_Casting",
    "dtype": "_DType",
    "empty": "_Empty",
    "ignore_index": "SupportsIndex",
    "mask": "_Mask",
    "order": "_Order",
    "out": "_New",
    "reduction": literal(losses.REDUCTIONS),
    "rng": "_Rng",
    "signature": "_Loop",
    "subok": "bool",
}
#: One array, which may be given in a tuple as to a ufunc; and two.
OUT = "_Out | tuple[_Out]"
OUTS = "tuple[_Out, _Out2]"
ONE_AXIS = "_Axis"


def general(signature: inspect.Signature, **own: str) -> dict[str, str]:
    """The types of all arguments of a signature; `own` are those that have another here."""
    return {name: own.get(name) or GENERAL[name] for name in signature.parameters}


def without(takes: dict[str, str], *names: str) -> dict[str, str]:
    """The same without some arguments."""
    return {name: kind for name, kind in takes.items() if name not in names}


def methods(cls: type, *names: str) -> list[inspect.Signature]:
    """The signatures of a class's methods, without self."""
    found = [inspect.signature(getattr(cls, name)) for name in names]
    return [signature.replace(parameters=list(signature.parameters.values())[1:]) for signature in found]
