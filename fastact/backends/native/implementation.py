"""The parts of a compiled backend."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from ...calls.bound import WithUfuncs
from ...calls.elementwise import Activation
from ...calls.gated import Gated
from ...calls.losses import BinaryCrossEntropy, CrossEntropy
from ...calls.rows import Map, MaskedMap, MaskedReduction, Reduction
from ...functions.kinds import Kind
from ...functions.record import Call
from ..implementation import Implementation
from .engine import elementwise as engine
from .engine import rows as row_engine


class _Native(WithUfuncs):
    def _table(self):
        return self._backend.rows._table

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

PATH = {"softmax": (row_engine.SoftmaxPath, MaskedMap)}


class _Rows:
    """Until the engine follows."""

    def __init__(self, capsule):
        self._table = engine.Table(capsule)
        self._rows = row_engine.Rows(capsule)

    def __getattr__(self, name):
        return getattr(self._rows, name)

    def forward(self, record, x, out, axis, scale, mask, empty):
        name = record.arithmetic
        if name in ("softmax", "log_softmax"):
            self._rows.softmax(x, out, axis, scale, mask, empty, name == "log_softmax")
        elif name == "logsumexp":
            self._rows.logsumexp(x, out, axis, scale, mask)
        else:
            getattr(self._rows, name)(x, out, axis)

    def backward(self, record, dy, saved, out, axis, scale, mask):
        name = record.arithmetic
        if name in ("softmax", "log_softmax"):
            self._rows.softmax_backward(dy, saved, out, axis, scale, mask, name == "log_softmax")
        elif name == "logsumexp":
            self._rows.logsumexp_backward(dy, saved, out, axis, scale, mask)
        else:
            getattr(self._rows, name + "_backward")(dy, saved, out, axis)


def _row_class(record_name, path, cls):
    compiled = type(
        f"Native{record_name}",
        (path, cls),
        {"__doc__": cls.__doc__, "__init__": lambda self, r, b: (cls.__init__(self, r, b), self._attach(b.rows._rows))[0]},
    )
    for method in ("backward", "value_and_grad"):
        if hasattr(path, method):
            functools.update_wrapper(getattr(path, method), getattr(cls, method))
    row_engine.enable_vectorcall(compiled)
    return compiled


_ROWS = {
    "softmax": _row_class("softmax", row_engine.SoftmaxPath, MaskedMap),
    "log_softmax": _row_class("log_softmax", row_engine.LogSoftmaxPath, MaskedMap),
    "softmin": _row_class("softmin", row_engine.SoftminPath, MaskedMap),
    "logsumexp": _row_class("logsumexp", row_engine.LogSumExpPath, MaskedReduction),
    "sparsemax": _row_class("sparsemax", row_engine.SparsemaxPath, Map),
    "maxout": _row_class("maxout", row_engine.MaxoutPath, Reduction),
    "cross_entropy": _row_class("cross_entropy", row_engine.CrossEntropyPath, CrossEntropy),
    "binary_cross_entropy": _row_class("binary_cross_entropy", row_engine.BinaryCrossEntropyPath, BinaryCrossEntropy),
}


def _by_name(record, backend):
    return _ROWS[record.name](record, backend)


CLASSES = dict.fromkeys(Call, _by_name) | {Call.ACTIVATION: NativeActivation, Call.GATED: NativeGated}


def load(name: str) -> Implementation:
    capsule = importlib.import_module(f"{__package__}._{name}").capsule
    rows = _Rows(capsule)
    table = rows._table
    return Implementation(f"{table.compiler}, {table.flags}", CLASSES, rows, rows)
