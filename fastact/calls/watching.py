"""Calls that are watched: while a monitor is on, each call of an activation or a gated unit is made here, and what it gives looked at.

The backends hand their calls over only while there is a watcher: a compiled one by a flag that `connect` gives it, that of NumPy by
`watchable`. What is counted of an array they count themselves, `_observe` and `_mark_fired`; here is what to look at.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import numpy as np

from . import classes
from .arrays import Array, is_bfloat16, is_symbol, result_dtype

_Method = TypeVar("_Method", bound=Callable[..., Any])

#: A slope below this leaves next to nothing of a gradient; as in backends/native/engine/observe.h.
VANISHED = 1e-3
_PIECE = 65536  # elements of an array in another layout that are copied at a time


class Observation(NamedTuple):
    """What was counted of an array.

    Attributes
    ----------
    elements, nans, infinities, zeros : int
    low, high : int
        Elements at a flat end of the activation: see `flat_ends`.
    mean, deviations : float
        Of the finite elements: their mean, and the sum of the squares of what they differ from it.
    gradients, vanished : int
        Of a gradient: the elements of which dy is not 0, and those of them with abs(dx) < `VANISHED` * abs(dy). Of a derivative, which
        is the gradient for a dy of 1, all elements, and those below `VANISHED`.
    """

    elements: int = 0
    nans: int = 0
    infinities: int = 0
    zeros: int = 0
    low: int = 0
    high: int = 0
    mean: float = 0.0
    deviations: float = 0.0
    gradients: int = 0
    vanished: int = 0

    def __add__(self, more: Observation) -> Observation:  # type: ignore[override]
        """What was counted of two arrays together."""
        here, there = self.finite, more.finite
        mean, deviations = self.mean, self.deviations
        if there:
            distance, total = more.mean - mean, here + there
            mean = mean + distance * (there / total) if here else more.mean
            deviations += more.deviations + (distance * distance * (here / total * there) if here else 0.0)
        return Observation(
            *(a + b for a, b in zip(self[:6], more[:6], strict=True)),
            mean,
            deviations,
            self.gradients + more.gradients,
            self.vanished + more.vanished,
        )

    @property
    def finite(self) -> int:
        return self.elements - self.nans - self.infinities


class Seen(NamedTuple):
    """What a watcher is told of a call.

    Attributes
    ----------
    function
        The activation or gated unit.
    outputs, gradients, derivative : Observation or None
        What was counted of the call's outputs; of its gradients dx; of the derivative that `value_and_grad` gives. None of what it
        does not give.
    has_ends : bool
        The activation has flat ends: `low` and `high` of the outputs mean something.
    units : int or None
        The length of the outputs' last axis; None where they have no two axes.
    mark_fired : callable or None
        ``mark_fired(fired)`` sets each of so many uint8 to 1 whose unit has an output other than 0.
    """

    function: Any
    outputs: Observation | None
    gradients: Observation | None
    derivative: Observation | None
    has_ends: bool
    units: int | None
    mark_fired: Callable[[Array], None] | None


class Watcher(Protocol):
    """Who is told of calls."""

    def record(self, seen: Seen) -> None: ...


# ---- on and off -----------------------------------------------------------------------------------------------------

_lock = threading.RLock()
_watchers: tuple[Watcher, ...] = ()
_switches: list[Callable[[Any], None]] = []
_thread = threading.local()  # `busy` while a call of NumPy's backend is watched on this thread


def connect(switch: Callable[[Any], None]) -> None:
    """Have a backend told when calls are to be handed over: switch(watch), and when no longer: switch(None)."""
    with _lock:
        _switches.append(switch)
        switch(watch if _watchers else None)


def start(watcher: Watcher) -> None:
    """Tell this one of all calls, on every thread, until `stop`."""
    global _watchers
    with _lock:
        _watchers = (*_watchers, watcher)
        for switch in _switches:
            switch(watch)


def stop(watcher: Watcher) -> None:
    global _watchers
    with _lock:
        _watchers = tuple(other for other in _watchers if other is not watcher)
        if not _watchers:
            for switch in _switches:
                switch(None)


# ---- calls ----------------------------------------------------------------------------------------------------------


def watchable(method: _Method) -> _Method:
    """Decorate a method of a class that has no compiled way in, so that its calls are watched while there is a watcher."""
    kind = "forward" if method.__name__ == "__call__" else method.__name__

    @functools.wraps(method)
    def called(self: Any, *given: Any, **named: Any) -> Any:
        if not _watchers or getattr(_thread, "busy", False):
            return method(self, *given, **named)
        return watch(self, kind, given, named, functools.partial(method, self), _run_busy)

    return cast(_Method, called)


def _run_busy(call: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Make a call; those that it makes itself are not watched."""
    _thread.busy = True
    try:
        return call(*given, **named)
    finally:
        _thread.busy = False


def watch(
    function: Any,
    kind: str,
    given: tuple[Any, ...],
    named: dict[str, Any],
    call: Callable[..., Any],
    run: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any],
) -> Any:
    """Make a call, of the kind "forward", "backward" or "value_and_grad", by run(call, given, named); tell the watchers; its result.

    Calls that raise are not told of.
    """
    if kind == "backward":
        dy = named["dy"] if "dy" in named else given[0] if given else None
        if "out" in named:  # may be dy itself
            dy = _kept(dy, named["out"])
        result = run(call, given, named)
        seen = run(_see_gradient, (function, dy, result), {})
    else:
        result = run(call, given, named)
        if is_symbol(result):  # of a formula that is being defined
            return result
        seen = run(_see_outputs, (function, kind, result, named), {})
    for watcher in _watchers:
        watcher.record(seen)
    return result


def _kept(dy: Any, out: Any) -> Any:
    """dy as it is before the call, if that may write over it."""
    if not isinstance(dy, Array):
        return dy
    given = out if isinstance(out, tuple) else (out,)
    if any(isinstance(array, Array) and np.may_share_memory(array, dy) for array in given):
        return dy.copy()
    return dy


# ---- what there is to see -------------------------------------------------------------------------------------------


def _see_outputs(function: Any, kind: str, result: Any, named: dict[str, Any]) -> Seen:
    y, d = result if kind == "value_and_grad" else (result, None)
    low, high = _ends(function, named)
    array = _plain(y)
    outputs = Observation()
    units = mark_fired = None
    if array is not None:
        if "where" in named and named["where"] is not True:  # what was left out may hold anything
            array = array[np.broadcast_to(named["where"], array.shape)]
        outputs = _observed(function, array, None, False, low, high)
        if array.ndim >= 2:
            units = array.shape[-1]
            mark_fired = functools.partial(_mark_fired, function, array)
    slope = None if d is None else _plain(d)
    derivative = None if slope is None else _observed(function, slope, None, True, math.nan, math.nan)
    return Seen(function, outputs, None, derivative, not (math.isnan(low) and math.isnan(high)), units, mark_fired)


def _see_gradient(function: Any, dy: Any, result: Any) -> Seen:
    """Of a gated unit the gradients of gate and value are one array's; how much of dy is left in them says nothing about act'."""
    gated = hasattr(function, "activation")
    gradients = Observation()
    for one in result if gated and isinstance(result, tuple) else (result[0] if isinstance(result, tuple) else result,):
        dx = _plain(one)
        if dx is not None:
            upper = None if gated else _plain(dy)
            if upper is not None and upper.shape != dx.shape:
                upper = np.broadcast_to(upper, dx.shape) if upper.size <= dx.size else None
            gradients += _observed(function, dx, upper, False, math.nan, math.nan)
    return Seen(function, None, gradients, None, False, None, None)


def _plain(value: Any) -> Array | None:
    """The array that this is or holds, without what is masked; None of what has no values yet, or no shape."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ma.MaskedArray):
        return cast(Array, value.compressed()) if np.ma.is_masked(value) else value.data
    family = classes.family(value)
    if family in ("dask", "awkward") or classes.is_dataset(value):
        return None
    if family == "xarray":
        return _plain(value.data)
    array = np.asarray(value)
    return array if array.dtype.kind in "fiub" or is_bfloat16(array.dtype) else None


def _observed(function: Any, y: Array, dy: Array | None, derivative: bool, low: float, high: float) -> Observation:
    """What the backend counts: of arrays in another layout or of another type piece by piece."""
    if y.flags.f_contiguous and (dy is None or dy.flags.f_contiguous):  # the order does not matter
        y, dy = y.T, None if dy is None else dy.T
    dtype = result_dtype(y.dtype) if dy is None else result_dtype(y.dtype, dy.dtype)
    if _is_ready(y, dtype) and (dy is None or _is_ready(dy, dtype)):
        return Observation._make(function._observe(y, dy, derivative, low, high))
    total = Observation()
    for first in range(0, y.size, _PIECE):
        part = slice(first, first + _PIECE)
        piece, upper = _piece(y, part, dtype), None if dy is None else _piece(dy, part, dtype)
        total += Observation._make(function._observe(piece, upper, derivative, low, high))
    return total


def _is_ready(array: Array, dtype: np.dtype[Any]) -> bool:
    flags = array.flags
    return array.dtype == dtype and flags.c_contiguous and flags.aligned


def _piece(array: Array, part: slice, dtype: np.dtype[Any]) -> Array:
    """Some of the elements in C order, as the backends count them."""
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(np.asarray(array.flat[part]), dtype)


def _mark_fired(function: Any, y: Array, fired: Array) -> None:
    if not y.size:
        return
    if _is_ready(y, result_dtype(y.dtype)):
        function._mark_fired(y, fired)
        return
    with np.errstate(all="ignore"):
        np.logical_or(fired, (y != 0).any(axis=tuple(range(y.ndim - 1))), out=fired)


# ---- where an activation is flat --------------------------------------------------------------------------------------

_FAR = 1e6
_NONE = math.nan, math.nan


def _ends(function: Any, named: dict[str, Any]) -> tuple[float, float]:
    """`flat_ends` with the parameters of a call."""
    if not hasattr(function, "params"):  # a gated unit
        return _NONE
    if not named:
        return flat_ends(function)
    params = {name: value for name, value in named.items() if name in function.params}
    if any(type(value) not in (int, float) for value in params.values()):
        return _NONE
    return flat_ends(function, *sorted(params.items()))


@functools.lru_cache(maxsize=256)
def flat_ends(function: Any, *params: tuple[str, Any]) -> tuple[float, float]:
    """The outputs up to which, and from which on, a monotonic activation is flat; NaN where it has no such end.

    An end is flat if f has a finite limit there, and from some point on outwards f' is less than `VANISHED`. Of sigmoid these are
    the outputs below 0.001 and above 0.999, of relu those that are 0.
    """
    if not function.info.monotonic:
        return _NONE
    options: dict[str, Any] = dict(params)
    grid = np.sinh(np.linspace(-math.asinh(_FAR), math.asinh(_FAR), 2001))
    limits, _ = function.value_and_grad(np.array([-math.inf, math.inf]), **options)
    _, slopes = function.value_and_grad(grid, **options)
    flat = np.abs(slopes) < VANISHED
    if flat.all():  # a step: there is no slope anywhere
        return math.inf, math.nan
    ends = []
    for limit, points, is_flat in ((limits[0], grid, flat), (limits[1], grid[::-1], flat[::-1])):
        end = math.nan
        if np.isfinite(limit) and is_flat[0]:
            at = int(np.argmin(is_flat))  # the first that is not
            end = _value_at_edge(function, options, float(points[at - 1]), float(points[at]))
        ends.append(end)
    return ends[0], ends[1]


def _value_at_edge(function: Any, options: dict[str, Any], inside: float, outside: float) -> float:
    """f at the last number whose slope is as small, between one of which it is and one of which it is not."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if abs(function.value_and_grad(middle, **options)[1]) < VANISHED:
            inside = middle
        else:
            outside = middle
    return float(function(inside, **options))
