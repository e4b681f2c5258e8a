"""The parts of a compiled backend."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from ...calls.bound import WithUfuncs
from ...calls.elementwise import Activation
from ...calls.gated import Gated
from ...functions.kinds import Kind
from ...functions.record import Call
from ..implementation import Implementation
from . import rows
from .engine import elementwise as engine
from .engine.rows import RowArithmetic

_TABLES = {}  # until the engine follows


class _Native(WithUfuncs):
    def _table(self):
        return _TABLES[self._backend.name]

    def _make_ufunc(self, kind: Kind, name: str) -> Any:
        return engine.make_ufunc(self._table(), self._entry, kind, name)

    def _add_bfloat16(self, kind: Kind, ufunc: Any, dtype: np.dtype[Any]) -> None:
        engine.add_bfloat16(self._table(), self._entry, kind, ufunc, dtype)


class NativeActivation(engine.FastPath, _Native, Activation):
    __doc__ = Activation.__doc__

    def __init__(self, record, backend):
        super().__init__(record, backend)
        self._attach(self._table(), record)


class NativeGated(engine.GatedPath, _Native, Gated):
    __doc__ = Gated.__doc__

    def __init__(self, record, backend):
        super().__init__(record, backend)
        self._attach(self.activation)


engine.enable_vectorcall(NativeActivation)
engine.enable_vectorcall(NativeGated)

engine.GatedPath.backward.__doc__ = Gated.backward.__doc__

CLASSES = {**rows.CLASSES, Call.ACTIVATION: NativeActivation, Call.GATED: NativeGated}


def load(name: str) -> Implementation:
    capsule = importlib.import_module(f"{__package__}._{name}").capsule
    table = engine.Table(capsule)
    arithmetic = RowArithmetic(capsule)
    _TABLES[name] = table
    return Implementation(f"{table.compiler}, {table.flags}", CLASSES, arithmetic, arithmetic)
