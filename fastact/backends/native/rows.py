"""Functions of rows and losses on compiled loops: the fast paths of engine/rows.pyx in front of the classes of calls/."""

from __future__ import annotations

from typing import Any

from ...calls.bound import Backend
from ...calls.losses import BinaryCrossEntropy, CrossEntropy, NLLLoss
from ...calls.rows import Map, MaskedMap, MaskedReduction, Reduction
from ...functions.record import Record
from ...runtime import precision
from .engine.rows import (
    BinaryCrossEntropyPath,
    CrossEntropyPath,
    MapPath,
    MaskedMapPath,
    MaskedReductionPath,
    NLLLossPath,
    ReductionPath,
    vectorcall,
    watch_precision,
)
from .tables import row_arithmetic

precision.connect(watch_precision)


class _Attached:
    """Gives the fast path its programs."""

    _attach: Any

    def __init__(self, record: Record, backend: Backend) -> None:
        super().__init__(record, backend)  # type: ignore[call-arg]
        self._attach(row_arithmetic(backend.name, backend.is_exact), record)


# Each class has its fast path in front. That hands on what it does not take to the last class, the one of calls/.


@vectorcall
class NativeMap(_Attached, MapPath, Map):  # type: ignore[misc]
    __doc__ = Map.__doc__


@vectorcall
class NativeMaskedMap(_Attached, MaskedMapPath, MaskedMap):  # type: ignore[misc]
    __doc__ = MaskedMap.__doc__


@vectorcall
class NativeReduction(_Attached, ReductionPath, Reduction):  # type: ignore[misc]
    __doc__ = Reduction.__doc__


@vectorcall
class NativeMaskedReduction(_Attached, MaskedReductionPath, MaskedReduction):  # type: ignore[misc]
    __doc__ = MaskedReduction.__doc__


@vectorcall
class NativeCrossEntropy(_Attached, CrossEntropyPath, CrossEntropy):  # type: ignore[misc]
    __doc__ = CrossEntropy.__doc__


@vectorcall
class NativeBinaryCrossEntropy(_Attached, BinaryCrossEntropyPath, BinaryCrossEntropy):  # type: ignore[misc]
    __doc__ = BinaryCrossEntropy.__doc__


@vectorcall
class NativeNLLLoss(_Attached, NLLLossPath, NLLLoss):  # type: ignore[misc]
    __doc__ = NLLLoss.__doc__
