"""Calls that are watched: while a monitor is on, calls of activations and gated units come here, and what they give is looked at.

The backends hand their calls over only while there is a watcher: a compiled one by a flag that `connect` gives it, that of NumPy
by `watchable`. What is counted of an array they count themselves, `_observe` and `_mark_fired`; here is what to look at.
"""

from __future__ import annotations

import functools
import math
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar, cast

import numpy as np

from . import classes
from .arrays import Array, is_bfloat16, is_symbol, result_dtype

_Class = TypeVar("_Class", bound=type)

#: A slope below this leaves next to nothing of a gradient; as in backends/native/engine/observe.h.
VANISHED = 1e-3
_PIECE = 65536  # elements of an array in another layout that are copied at a time


#: What a backend counts of an array: the attributes of an `Observation`, in order.
Counted = tuple[int, int, int, int, int, int, float, float, int, int]


class Observation:
    """What was counted of arrays, together.

    Attributes
    ----------
    elements, nans, infinities, zeros : int
    low, high : int
        Elements at a flat end of the activation: see `flat_ends`.
    mean, deviations : float
        Of the finite elements: their mean, and the sum of the squares of what they differ from it.
    gradients, vanished : int
        Of a gradient: the elements of which dy is not 0, and those of them with abs(dx) < `VANISHED` * abs(dy). Of a derivative,
        which is the gradient for a dy of 1, all elements, and those below `VANISHED`.
    """

    __slots__ = (
        *("elements", "nans", "infinities", "zeros", "low", "high", "mean", "deviations", "gradients", "vanished"),
        "finite",
    )

    def __init__(self) -> None:
        self.elements = self.nans = self.infinities = self.zeros = self.low = self.high = self.gradients = self.vanished = 0
        self.mean = self.deviations = 0.0
        self.finite = 0

    def add(self, counted: Counted) -> None:
        """Add what was counted of one more array; the moments as Chan, Golub and LeVeque (1979) update them."""
        self.add_all((counted,))

    def add_all(self, counted: Iterable[Counted]) -> None:
        """Add what was counted of several arrays, one after another: the same, at less cost for each."""
        total_elements, total_nans, total_infinities, total_zeros = self.elements, self.nans, self.infinities, self.zeros
        total_low, total_high = self.low, self.high
        total_mean, total_deviations, before = self.mean, self.deviations, self.finite
        for elements, nans, infinities, zeros, low, high, mean, deviations, gradients, vanished in counted:
            total_elements += elements
            if zeros or low or high:
                total_zeros += zeros
                total_low += low
                total_high += high
            if gradients:
                self.gradients += gradients
                self.vanished += vanished
            more = elements
            if nans or infinities:
                total_nans += nans
                total_infinities += infinities
                more -= nans + infinities
            if before and more:
                total = before + more
                distance = mean - total_mean
                total_mean += distance * (more / total)
                total_deviations += deviations + distance * distance * (before / total * more)
                before = total
            elif more:
                total_mean, total_deviations, before = mean, deviations, more
        self.elements, self.nans, self.infinities, self.zeros = total_elements, total_nans, total_infinities, total_zeros
        self.low, self.high, self.mean, self.deviations, self.finite = total_low, total_high, total_mean, total_deviations, before

    def counted(self) -> Counted:
        """The same as a backend gives it."""
        return (
            *(self.elements, self.nans, self.infinities, self.zeros, self.low, self.high, self.mean, self.deviations),
            *(self.gradients, self.vanished),
        )


#: Of no array.
NOTHING: Counted = (0, 0, 0, 0, 0, 0, 0.0, 0.0, 0, 0)


class Watcher(Protocol):
    """Who is told of calls."""

    def record(
        self,
        function: Any,
        outputs: Counted | None,
        gradients: Counted | None,
        derivative: Counted | None,
        has_ends: bool,
        array: Array | None,
    ) -> None:
        """Take note of a call.

        Parameters
        ----------
        function
            The activation or gated unit.
        outputs, gradients, derivative : tuple or None
            What was counted, as an `Observation`, of the call's outputs; of its gradients dx; of the derivative that
            `value_and_grad` gives. None of what it does not give.
        has_ends : bool
            The activation has flat ends: `low` and `high` of the outputs mean something.
        array : ndarray or None
            The outputs, for `mark_fired`, where they have two axes or more.
        """


# ---- on and off -----------------------------------------------------------------------------------------------------

_lock = threading.RLock()
#: Who is told. The list is always the same one.
watchers: list[Watcher] = []
_switches: list[Callable[[Any], None]] = []
_thread = threading.local()  # `busy` while a call of NumPy's backend is watched on this thread


def connect(switch: Callable[[Any], None]) -> None:
    """Have a backend told when calls are to be handed over: switch(this module), and when no longer: switch(None)."""
    with _lock:
        _switches.append(switch)
        switch(sys.modules[__name__] if watchers else None)


def start(watcher: Watcher) -> None:
    """Tell this one of all calls, on every thread, until `stop`."""
    with _lock:
        watchers.append(watcher)
        for switch in _switches:
            switch(sys.modules[__name__])


def stop(watcher: Watcher) -> None:
    """Tell it no longer."""
    with _lock:
        watchers.remove(watcher)
        if not watchers:
            for switch in _switches:
                switch(None)


# ---- calls ----------------------------------------------------------------------------------------------------------


def watchable(cls: _Class) -> _Class:
    """A class decorator for functions without a compiled way in: their calls are watched while there is a watcher."""
    for name in ("__call__", "backward", "value_and_grad"):
        if hasattr(cls, name):
            method = _watchable(getattr(cls, name), "forward" if name == "__call__" else name)
            method.__module__, method.__qualname__ = cls.__module__, f"{cls.__qualname__}.{name}"  # where pickle finds it
            setattr(cls, name, method)
    return cls


def _watchable(method: Callable[..., Any], kind: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def called(self: Any, *given: Any, **named: Any) -> Any:
        if not watchers or getattr(_thread, "busy", False):
            return method(self, *given, **named)
        return watch(self, kind, given, named, functools.partial(method, self), _run_busy)

    return called


def _run_busy(
    call: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any], low: float = math.nan, high: float = math.nan
) -> tuple[Any, None]:
    """Make a call; those that it makes itself are not watched."""
    _thread.busy = True
    try:
        return call(*given, **named), None
    finally:
        _thread.busy = False


def watch(function: Any, kind: str, given: tuple[Any, ...], named: dict[str, Any], call: Callable[..., Any], run: Any) -> Any:
    """Make a call, of the kind "forward", "backward" or "value_and_grad"; tell the watchers; its result.

    ``run(call, given, named, low, high)`` makes it, and gives the pair of its result and what was counted of that in the same
    pass, or None. Calls that raise are not told of.
    """
    if is_symbol(*given, *named.values()):  # of a formula that is being defined
        return run(call, given, named)[0]
    if kind == "backward":
        dy = named["dy"] if "dy" in named else given[0] if given else None
        if "out" in named:  # may be dy itself
            dy = _kept(dy, named["out"])
        result, _ = run(call, given, named)
        told = (function, *run(_see_gradient, (function, dy, result), {})[0])
    else:
        ends = _ends(function, named, run)
        result, counted = run(call, given, named, *ends)
        if counted is not None:
            array = result if result.ndim >= 2 else None
            told = (function, counted, None, None, ends is not _NONE, array)
        else:
            told = (function, *run(_see_outputs, (function, kind, result, named, ends), {})[0])
    for watcher in watchers[:]:  # another thread may start or stop one
        watcher.record(*told)
    return result


def tell(function: Any, y: Any, ends: tuple[float, float], run: Any) -> None:
    """Tell the watchers of a forward call without options, of whose result nothing is counted yet; ``run`` as in `watch`."""
    told, _ = run(_see_outputs, (function, "forward", y, {}, ends), {})
    for watcher in watchers[:]:
        watcher.record(function, *told)


def _kept(dy: Any, out: Any) -> Any:
    """dy as it is before the call, if that may write over it."""
    if not isinstance(dy, Array):
        return dy
    given = out if isinstance(out, tuple) else (out,)
    if any(isinstance(array, Array) and np.may_share_memory(array, dy) for array in given):
        return dy.copy()
    return dy


# ---- what there is to see -------------------------------------------------------------------------------------------


def _see_outputs(function: Any, kind: str, result: Any, named: dict[str, Any], ends: tuple[float, float]) -> tuple[Any, ...]:
    """All that a watcher is told of but the function."""
    y, d = result if kind == "value_and_grad" else (result, None)
    array = _plain(y)
    outputs = NOTHING
    if array is not None:
        if "where" in named and named["where"] is not True:  # what was left out may hold anything
            array = array[np.broadcast_to(named["where"], array.shape)]
        outputs = _observed(function, array, None, False, *ends)
    slope = None if d is None else _plain(d)
    derivative = None if slope is None else _observed(function, slope, None, True, *_NONE)
    return outputs, None, derivative, ends is not _NONE, array if array is not None and array.ndim >= 2 else None


def _see_gradient(function: Any, dy: Any, result: Any) -> tuple[Any, ...]:
    """The same. Of a gated unit the gradients of gate and value count together, and not what is left of dy: they are products."""
    gated = hasattr(function, "activation")
    found = result if gated and isinstance(result, tuple) else (result[0] if isinstance(result, tuple) else result,)
    gradients = Observation()
    for one in found:
        dx = _plain(one)
        if dx is not None:
            upper = None if gated else _plain(dy)
            if upper is not None and upper.shape != dx.shape:
                upper = np.broadcast_to(upper, dx.shape) if upper.size <= dx.size else None
            gradients.add(_observed(function, dx, upper, False, *_NONE))
    return None, gradients.counted(), None, False, None


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


def _observed(function: Any, y: Array, dy: Array | None, derivative: bool, low: float, high: float) -> Counted:
    """What the backend counts: of arrays in another layout or of another type piece by piece."""
    counted: Counted | None = function._observe(y, dy, derivative, low, high)
    if counted is not None:
        return counted
    if y.flags.f_contiguous and (dy is None or dy.flags.f_contiguous):  # the order does not matter
        y, dy = y.T, None if dy is None else dy.T
    dtype = result_dtype(y.dtype) if dy is None else result_dtype(y.dtype, dy.dtype)
    total = Observation()
    for first in range(0, y.size, _PIECE):
        part = slice(first, first + _PIECE)
        piece, upper = _piece(y, part, dtype), None if dy is None else _piece(dy, part, dtype)
        total.add(function._observe(piece, upper, derivative, low, high))
    return total.counted()


def _piece(array: Array, part: slice, dtype: np.dtype[Any]) -> Array:
    """Some of the elements in C order, as the backends count them."""
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(array.flat[part], dtype)


def mark_fired(function: Any, y: Array, fired: Array) -> None:
    """Set fired[j], of uint8, to 1 where an element of y in column j is not 0."""
    if y.size and not function._mark_fired(y, fired):
        with np.errstate(all="ignore"):
            np.logical_or(fired, (y != 0).any(axis=tuple(range(y.ndim - 1))), out=fired)


# ---- where an activation is flat --------------------------------------------------------------------------------------

_FAR = 1e6
_NONE = (math.nan, math.nan)
_known_ends: dict[tuple[Any, ...], tuple[float, float]] = {}


def _ends(function: Any, named: dict[str, Any], run: Any) -> tuple[float, float]:
    """`flat_ends` with the parameters of a call."""
    known = getattr(function, "params", None)
    if known is None:  # a gated unit
        return _NONE
    if not named or not known or known.keys().isdisjoint(named):
        return default_ends(function, run)
    params = sorted((name, value) for name, value in named.items() if name in known)
    if any(type(value) not in (int, float) for _, value in params):
        return _NONE
    try:
        return _find_ends((function, *params), run)
    except (TypeError, ValueError):  # of parameters that the call will refuse
        return _NONE


def default_ends(function: Any, run: Any) -> tuple[float, float]:
    """`flat_ends` with the default parameters; ``run`` as in `watch`."""
    return _find_ends((function,), run)


def _find_ends(key: tuple[Any, ...], run: Any) -> tuple[float, float]:
    found = _known_ends.get(key)
    if found is None:
        found, _ = run(flat_ends, key, {})
        if len(_known_ends) >= 256:
            _known_ends.clear()
        _known_ends[key] = found
    return found


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
    return _NONE if all(map(math.isnan, ends)) else (ends[0], ends[1])


def _value_at_edge(function: Any, options: dict[str, Any], inside: float, outside: float) -> float:
    """f at the last number whose slope is as small, between one of which it is and one of which it is not."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if abs(function.value_and_grad(middle, **options)[1]) < VANISHED:
            inside = middle
        else:
            outside = middle
    return float(function(inside, **options))
