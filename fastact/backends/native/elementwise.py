"""Activations and gated units on compiled loops: the fast paths of engine/elementwise.pyx in front of the classes of calls/."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import watching
from ...calls.bound import Backend, Bound, WithUfuncs
from ...calls.define import Defined
from ...calls.elementwise import Activation
from ...calls.gated import Gated
from ...calls.ufunclike import without_folds
from ...functions.entry import Entry
from ...functions.gated import GatedUnit
from ...functions.kinds import Kind
from ...functions.noise import Noise
from ...functions.record import Call
from ...runtime import precision
from .dispatch import settle_integers
from .engine.elementwise import (
    FastPath,
    GatedPath,
    add_bfloat16,
    make_ufunc,
    mark_fired,
    observe,
    run_drawn,
    set_watch,
    sum_by_column,
    vectorcall,
    watch_precision,
)
from .tables import table

if TYPE_CHECKING:
    from ...expressions.definition import Definition

watching.connect(set_watch)
precision.connect(watch_precision)


class _WithNativeUfuncs(WithUfuncs):
    """The general path: ufuncs over the loops of the backend's table."""

    @property
    def _table(self) -> Any:
        return table(self.backend, self._backend.is_exact)

    def _make_ufunc(self, kind: Kind, name: str) -> Any:
        try:
            return without_folds(make_ufunc(self._table, self._entry, kind, name))
        except OverflowError:  # a formula that is too long for a program
            return self._in_numpy(kind, name, self._backend.is_exact)

    def _make_formula(self, kind: Kind, name: str) -> Any:
        return self._in_numpy(kind, name, any_scalar=True)

    def _in_numpy(self, kind: Kind, name: str, any_scalar: bool) -> Any:
        from ..numpy.elementwise import make_ufunc  # few calls need it

        return make_ufunc(self._entry, kind, name, any_scalar)

    def _add_bfloat16(self, kind: Kind, ufunc: Any, dtype: np.dtype[Any]) -> None:
        if not isinstance(ufunc, np.ufunc):
            return
        settle_integers(ufunc, ufunc.nin if self._arrays else len(kind.inputs))
        add_bfloat16(self._table, self._entry, kind, ufunc, dtype)

    # looked up once: a call of a small array that is watched is mostly this
    @functools.cached_property
    def _observe(self) -> Any:
        return functools.partial(observe, self._table, self.backend)

    def _mark_fired(self, y: np.ndarray, fired: np.ndarray) -> bool:
        marked: bool = mark_fired(self.backend, y, fired)
        return marked


# Each class has its fast path first, then, for what that does not take, the class of calls/. The decorator lets a call of an
# object reach the fast path without a Python function in between.


@vectorcall
class NativeActivation(FastPath, _WithNativeUfuncs, Activation):  # type: ignore[misc]
    def __init__(self, entry: Entry, backend: Backend) -> None:
        super().__init__(entry, backend)
        self._attach(self._table, entry)

    def _sum_rows(self, dx: np.ndarray) -> np.ndarray:
        sums: np.ndarray | None = sum_by_column(self, dx)
        return super()._sum_rows(dx) if sums is None else sums

    def _run_drawn(
        self, kind: Kind, operands: list[Any], out: tuple[Any, ...], rng: Any, noise: Noise, options: dict[str, float]
    ) -> Any:
        return run_drawn(self, kind, operands, out, rng, noise, options)


@vectorcall
class NativeDefined(FastPath, _WithNativeUfuncs, Defined):  # type: ignore[misc]
    def __init__(self, entry: Definition, backend: Backend) -> None:
        super().__init__(entry, backend)
        with contextlib.suppress(OverflowError):  # then all calls go the general path
            self._attach(self._table, entry)


@vectorcall
class NativeGated(GatedPath, _WithNativeUfuncs, Gated):  # type: ignore[misc]
    def __init__(self, unit: GatedUnit, backend: Backend) -> None:
        super().__init__(unit, backend)
        self._attach(self._table, unit.activation)


CLASSES: dict[Call, type[Bound]] = {
    Call.ACTIVATION: NativeActivation,
    Call.DEFINED: NativeDefined,
    Call.GATED: NativeGated,
}
