"""Functions of rows and losses on compiled loops: the fast paths of engine/rows.pyx in front of the classes of calls/."""

from __future__ import annotations

from typing import Any

from ...calls.bound import Backend
from ...calls.losses import BinaryCrossEntropy, CrossEntropy
from ...calls.rows import Map, MaskedMap, MaskedReduction, Reduction
from ...functions.record import Call, Record
from .engine.rows import (
    BinaryCrossEntropyPath,
    CrossEntropyPath,
    MapPath,
    MaskedMapPath,
    MaskedReductionPath,
    ReductionPath,
    vectorcall,
)


class _Attached:
    """Gives the fast path the programs of the record on the backend's loops."""

    def __init__(self, record: Record, backend: Backend) -> None:
        super().__init__(record, backend)  # type: ignore[call-arg]
        self._attach(backend.rows, record)

    _attach: Any


@vectorcall
class NativeMap(_Attached, MapPath, Map):
    """A function of rows whose result has the shape of x."""


@vectorcall
class NativeMaskedMap(_Attached, MaskedMapPath, MaskedMap):
    """The same with a scale and a mask."""


@vectorcall
class NativeReduction(_Attached, ReductionPath, Reduction):
    """A function of rows whose result has no axis."""


@vectorcall
class NativeMaskedReduction(_Attached, MaskedReductionPath, MaskedReduction):
    """The same with a scale and a mask."""


@vectorcall
class NativeCrossEntropy(_Attached, CrossEntropyPath, CrossEntropy):
    """Cross-entropy."""


@vectorcall
class NativeBinaryCrossEntropy(_Attached, BinaryCrossEntropyPath, BinaryCrossEntropy):
    """Binary cross-entropy."""


#: The class for each way to call a function.
CLASSES = {
    Call.MAP: NativeMap,
    Call.MASKED_MAP: NativeMaskedMap,
    Call.REDUCTION: NativeReduction,
    Call.MASKED_REDUCTION: NativeMaskedReduction,
    Call.CROSS_ENTROPY: NativeCrossEntropy,
    Call.BINARY_CROSS_ENTROPY: NativeBinaryCrossEntropy,
}
