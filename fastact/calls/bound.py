"""What all functions have in common as objects: a record on a backend. For elementwise ones, the ufuncs behind them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from ..functions.kinds import Kind, kinds_of
from ..runtime import precision
from .arrays import dtype_of, is_bfloat16
from .documentation import OnDemand
from .ufunclike import CastError

if TYPE_CHECKING:
    from ..functions.entry import Entry
    from ..functions.record import Record


class Backend(Protocol):
    """What a function knows of its backend: a name, the functions as its attributes, the arithmetic of rows and of losses."""

    name: str
    is_exact: bool

    @property
    def rows(self) -> Any: ...

    @property
    def losses(self) -> Any: ...

    @property
    def exact(self) -> Any: ...

    def hold(self, ufunc: Any) -> None: ...

    def bind(self, record: Any) -> Any: ...

    def __getattr__(self, name: str) -> Any: ...


class _SetByInit:
    """An attribute that only `__init__` sets: TypeError where an object was made by `__new__` alone."""

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        raise TypeError(f"this {owner.__name__} was made without __init__; take the function from fastact")


def set_by_init() -> Any:
    """Such an attribute, of whatever type."""
    return _SetByInit()


class Bound:
    """A function on one backend.

    Attributes
    ----------
    name : str
        Its name on `fastact`.
    backend : str
        The backend that computes it.
    """

    #: The keywords that ``**params`` stands for in the signatures of its methods.
    _parameter_names: tuple[str, ...] = ()
    name: str = set_by_init()
    backend: str = set_by_init()
    _backend: Backend = set_by_init()

    def __init__(self, record: Record, backend: Backend) -> None:
        self.name = self.__name__ = self.__qualname__ = record.name
        self.backend = backend.name
        self._backend = backend
        self._with_exact: Any = None

    def __init_subclass__(cls) -> None:
        """Each function has documentation of its own; a class without any has that of the first class below that tells users."""
        super().__init_subclass__()
        telling = (base.__doc__ for base in cls.__mro__ if base.__module__.startswith(f"{__package__}."))
        cls.__doc__ = OnDemand("__doc__", cls._documentation, next(filter(None, telling), None))  # type: ignore[assignment]

    def _documentation(self) -> str:
        """What help() tells of it."""
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._backend, self.name)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_") or name.startswith("__")]

    def _on(self, backend: Backend) -> Any:
        """The same function on another backend."""
        return getattr(backend, self.name)

    def _in_mode(self) -> Any:
        """The function that `fastact.precision` asks for here: this one, or the same with exact results."""
        if self._backend.is_exact or not precision.exact.get():
            return self
        if self._with_exact is None:
            self._with_exact = self._backend.exact.bind(self)
        return self._with_exact

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


def _call_and_copy(ufunc: Any, inputs: tuple[Any, ...], out: tuple[Any, ...], where: Any = True, **keywords: Any) -> Any:
    """Call a ufunc without its `out`, and copy the results there."""
    results = ufunc(*inputs, **keywords)
    given = results if isinstance(results, tuple) else (results,)
    casting = keywords.get("casting", "same_kind")
    for array, result in zip(out, given, strict=True):
        if array is not None and not np.can_cast(result.dtype, array.dtype, casting):
            raise CastError(ufunc.__name__, result.dtype, array.dtype, casting, is_out=True)
    for array, result in zip(out, given, strict=True):
        if array is not None:
            with np.errstate(all="ignore"):
                np.copyto(array, result, casting="unsafe", where=where)
    filled = tuple(result if array is None else array for array, result in zip(out, given, strict=True))
    return filled if isinstance(results, tuple) else filled[0]


def call_ufunc(ufunc: Any, *inputs: Any, **keywords: Any) -> Any:
    """Call a ufunc of a function's.

    By an `out` of bfloat16 NumPy would choose its loop for int8, and again in each later call, without such an `out`.
    """
    out = keywords.get("out", ())
    with np.errstate(all="ignore"):  # a conversion of results or parameters may overflow, one of a signalling NaN raises a flag
        into = any(isinstance(array, np.ndarray) and is_bfloat16(array.dtype) for array in out)
        if into and not any(is_bfloat16(dtype) for dtype in map(dtype_of, inputs) if dtype is not None):
            return _call_and_copy(ufunc, inputs, **keywords)
        return ufunc(*inputs, **keywords)


class WithUfuncs(Bound):
    """A function that is computed by ufuncs, one for each kind of call. A backend's class makes them."""

    _entry: Entry = set_by_init()
    _ufuncs: dict[str, Any] = set_by_init()

    def __init__(self, record: Record, backend: Backend, entry: Entry) -> None:
        super().__init__(record, backend)
        self._entry = entry
        # The parameters that are operands of the ufuncs like any other. What is drawn is an array, too, but decides no dtype.
        self._arrays: frozenset[int] = (
            frozenset() if entry.noise else frozenset(k for k, p in enumerate(entry.parameters) if p.array)
        )
        self._ufuncs = {}
        self._derived: dict[Any, Any] = {}  # what was made of it: see derived.py
        self._knows_bfloat16: set[str] = set()

    def _make_ufunc(self, kind: Kind, name: str) -> Any:
        """A new ufunc of this kind."""
        raise NotImplementedError

    def _make_formula(self, kind: Kind, name: str) -> Any:
        """A ufunc of this kind that computes the record's formula in NumPy, in float64, from parameters of any size."""
        raise NotImplementedError

    def _hold(self, ufunc: Any, kind: Kind) -> None:
        """Tell a ufunc how pickle finds it again."""
        self._backend.hold(ufunc)

    def _add_bfloat16(self, kind: Kind, ufunc: Any, dtype: np.dtype[Any]) -> None:
        """Teach a ufunc a dtype of ml_dtypes, where it does not know it by itself."""

    def _ufunc_name(self, kind: Kind) -> str:
        """What the ufunc of this kind is called."""
        raise NotImplementedError

    def _kinds(self) -> dict[str, Kind]:
        """The kinds of call there are, by the names of their ufuncs."""
        unit = self._entry.name != self.name
        return {self._ufunc_name(kind): kind for kind in kinds_of(self._entry) if kind.unit == unit}

    def _ufunc(self, kind: Kind) -> Any:
        """The ufunc of this kind, made when first needed."""
        name = kind.name
        if name not in self._ufuncs:
            ufunc = self._make_ufunc(kind, self._ufunc_name(kind))
            self._hold(ufunc, kind)
            self._ufuncs[name] = ufunc
        ml_dtypes = sys.modules.get("ml_dtypes")  # may be imported at any time, and without it there is no bfloat16
        if ml_dtypes is not None and name not in self._knows_bfloat16:
            self._add_bfloat16(kind, self._ufuncs[name], np.dtype(ml_dtypes.bfloat16))
            self._knows_bfloat16.add(name)
        return self._ufuncs[name]

    def _formula(self, kind: Kind) -> Any:
        """What takes the place of the ufunc of this kind for parameters that are not ordinary (`Parameter.ordinary`)."""
        name = f"{kind.name}_formula"
        if name not in self._ufuncs:
            self._ufuncs[name] = self._make_formula(kind, self._ufunc_name(kind))
        return self._ufuncs[name]

    def _bfloat16_numbers(self, operands: list[Any], values: list[Any]) -> tuple[list[Any], list[Any]]:
        """Give Python numbers beside bfloat16 arrays the dtype that the loops take: NumPy does not treat them as weak there."""
        if "ml_dtypes" not in sys.modules:
            return operands, values
        dtypes = [dtype for dtype in map(dtype_of, self._deciding(operands, values)) if dtype is not None]
        bfloat16 = next(filter(is_bfloat16, dtypes), None)
        if bfloat16 is None or np.result_type(*dtypes).type is not bfloat16.type:
            return operands, values
        bfloat16 = np.dtype(bfloat16.type)  # native, whichever the array's is
        with np.errstate(all="ignore"):  # a number may be too large
            return (
                [np.asarray(value).astype(bfloat16) if dtype_of(value) is None else value for value in operands],
                [
                    np.asarray(value).astype(self._parameter_dtype(k, bfloat16)) if dtype_of(value) is None else value
                    for k, value in enumerate(values)
                ],
            )

    def _parameter_dtype(self, k: int, y: np.dtype[Any]) -> np.dtype[Any]:
        """The dtype of a parameter in the loop for results of this dtype."""
        if k in self._arrays or y.kind in "iu" or y.itemsize > 4:
            return y
        return np.dtype(np.float64 if self._backend.is_exact else np.float32)

    def _deciding(self, operands: list[Any], values: list[Any]) -> list[Any]:
        """What the dtype of a result depends on: the operands, and the parameters that are arrays."""
        return [*operands, *(values[k] for k in self._arrays)] if values else operands
