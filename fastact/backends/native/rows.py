"""Functions of rows and losses on compiled loops: the fast paths of engine/rows.pyx in front of the classes of calls/."""

from __future__ import annotations

import functools
from typing import Any

from ...calls.bound import Backend, Bound
from ...calls.losses import BinaryCrossEntropy, CrossEntropy, NLLLoss
from ...calls.rows import Map, MaskedMap, MaskedReduction, Reduction
from ...calls.sampled import SampledMap
from ...functions.record import Call, Record
from ...runtime import precision
from .engine.rows import (
    BinaryCrossEntropyPath,
    CrossEntropyPath,
    MapPath,
    MaskedMapPath,
    MaskedReductionPath,
    NLLLossPath,
    ReductionPath,
    RowArithmetic,
    vectorcall,
    watch_precision,
)
from .tables import capsule

precision.connect(watch_precision)


@functools.cache
def row_arithmetic(backend: str, exact: bool = False) -> RowArithmetic:
    """The functions of rows and the losses on the loops of the backend of this name."""
    return RowArithmetic(capsule(backend), exact)


class _Attached:
    """Gives the fast path its programs."""

    _attach: Any

    def __init__(self, record: Record, backend: Backend) -> None:
        super().__init__(record, backend)  # type: ignore[call-arg]
        self._attach(row_arithmetic(backend.name, backend.is_exact), record)


# Each class has its fast path in front. That hands on what it does not take to the last class, the one of calls/.


@vectorcall
class NativeMap(_Attached, MapPath, Map):  # type: ignore[misc]
    pass


@vectorcall
class NativeMaskedMap(_Attached, MaskedMapPath, MaskedMap):  # type: ignore[misc]
    pass


@vectorcall
class NativeReduction(_Attached, ReductionPath, Reduction):  # type: ignore[misc]
    pass


@vectorcall
class NativeMaskedReduction(_Attached, MaskedReductionPath, MaskedReduction):  # type: ignore[misc]
    pass


@vectorcall
class NativeCrossEntropy(_Attached, CrossEntropyPath, CrossEntropy):  # type: ignore[misc]
    pass


@vectorcall
class NativeBinaryCrossEntropy(_Attached, BinaryCrossEntropyPath, BinaryCrossEntropy):  # type: ignore[misc]
    pass


@vectorcall
class NativeNLLLoss(_Attached, NLLLossPath, NLLLoss):  # type: ignore[misc]
    pass


CLASSES: dict[Call, type[Bound]] = {
    Call.MAP: NativeMap,
    Call.MASKED_MAP: NativeMaskedMap,
    Call.REDUCTION: NativeReduction,
    Call.MASKED_REDUCTION: NativeMaskedReduction,
    Call.SAMPLED_MAP: SampledMap,
    Call.CROSS_ENTROPY: NativeCrossEntropy,
    Call.BINARY_CROSS_ENTROPY: NativeBinaryCrossEntropy,
    Call.NLL_LOSS: NativeNLLLoss,
}
