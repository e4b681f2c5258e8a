"""Digests all that a build of fastact does, so that two builds can be compared: after a change that must change nothing.

    python tests/backends/digest.py write old.txt        # in an environment with the one build
    python tests/backends/digest.py write new.txt        # and with the other, on the same machine
    python tests/backends/digest.py compare old.txt new.txt

A file has a line for each item, its key and a hash:

- ``bits``: results, of every function on every backend, by dtype and layout
- ``error``: what bad calls raise
- ``api``, ``doc``: public names, their signatures and properties; their docstrings
- ``code``: the compiled modules' machine code, function by function, without addresses

It knows nothing but the public interface, and the compiled modules by their names, wherever in the package they lie. So it runs
with an older build, too, and finds a new function by itself. Where the largest arrays here stay within the caches, as on AMD's
processors, FASTACT_STREAM_FROM_MB=12 has them streamed.
"""

from __future__ import annotations

import argparse
import copy
import functools
import hashlib
import inspect
import itertools
import pickle
import platform
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import machine_code
import ml_dtypes
import numpy as np

import fastact

FLOATS = tuple(map(np.dtype, (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)))
INTEGERS = tuple(np.dtype(char) for char in "bBhHiIqQ")
REDUCED = (np.dtype(np.int32), np.dtype(np.uint8), np.dtype(np.bool_))


def takes(name: str, argument: str) -> bool:
    """Whether a public function has an argument of this name."""
    return argument in inspect.signature(getattr(fastact, name)).parameters


def others() -> list[str]:
    """The public functions that are objects, but no activations: gated units, functions of rows, losses."""
    names = getattr(fastact, "__all__", dir(fastact))
    found = {name: getattr(fastact, name) for name in names if not name.startswith("_")}
    plain = (type, fastact.Activation, FunctionType)
    return [name for name, f in found.items() if callable(f) and not isinstance(f, plain)]


_OTHERS = others()
GATED = tuple(name for name in _OTHERS if takes(name, "gate"))
LOSSES = tuple(name for name in _OTHERS if takes(name, "reduction"))
_ROWS = [name for name in _OTHERS if name not in (*GATED, *LOSSES)]
PER_ROW = tuple(name for name in _ROWS if np.ndim(getattr(fastact, name)(np.ones((2, 3)))) == 1)
LIKE_X = tuple(name for name in _ROWS if name not in PER_ROW)
UNMASKED = tuple(name for name in _ROWS if not takes(name, "mask"))

#: Of a floating dtype's numbers: how many bits the mantissa has.
MANTISSA = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}

#: Elements of a usual and of a large array; the NumPy backend is slow. No multiples of a vector or a tile.
SIZE, LARGE, STREAMED = 4099, (1 << 20) + 19, 3_200_003
NUMPY_SIZE, NUMPY_LARGE = 1501, 50_021


# ---- hashing --------------------------------------------------------------------------------------------------------


class Digest:
    """The hash of a series of results, of which each is an array, a scalar, a tuple of them, or an exception."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def __str__(self) -> str:
        return self._hash.hexdigest()[:16]

    def add(self, *values: Any) -> None:
        """Add values: of arrays and NumPy's scalars type, dtype, shape, strides and bits."""
        for value in values:
            if isinstance(value, tuple):
                self._text(f"tuple {len(value)}")
                self.add(*value)
            elif isinstance(value, np.ma.MaskedArray):
                self._text("masked")
                self.add(np.ma.getmaskarray(value), np.asarray(value.filled(0)))
            elif isinstance(value, np.ndarray | np.generic):
                self._text(f"{type(value).__name__} {form(value.dtype).name} {value.shape} {value.strides}")
                self._hash.update(bits(np.asarray(value)))
            else:
                self._text(f"{type(value).__name__} {value!r}")

    def call(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Add what the call gives, or raises; return it, or None."""
        try:
            with np.errstate(all="raise"):
                result = function(*arguments, **keywords)
        except Exception as error:
            self._text(told(error))
            return None
        self.add(result)
        return result

    def _text(self, text: str) -> None:
        self._hash.update(f"{text}\n".encode())


def told(error: Exception) -> str:
    """An exception's kind and message, without the modules that the classes in it come from, or addresses."""
    text = re.sub(r"0x[0-9a-f]+", "0x", re.sub(r"\bfastact(?:\.\w+)*\.(\w+)", r"\1", f"{type(error).__name__}: {error}"))
    if isinstance(error, np.exceptions.DTypePromotionError):  # it names the two dtypes in the order of a set
        text = " ".join(sorted(re.findall(r"\w+", text)))
    return text


@dataclass(frozen=True)
class Form:
    """What the bits of a dtype's numbers mean. NumPy finds it out anew at every question, which takes its time."""

    name: str  # with the byte order
    native: np.dtype[Any]
    unsigned: np.dtype[Any] | None = None  # of the same size; None of what isn't floating
    mantissa: int = 0
    infinity: Any = 0
    without_sign: Any = 0


@functools.cache
def form(dtype: np.dtype[Any]) -> Form:
    name, native = f"{dtype.name}{dtype.byteorder}", dtype.newbyteorder("=")
    if dtype.name not in MANTISSA:
        return Form(name, native)
    unsigned, mantissa = np.dtype(f"u{dtype.itemsize}"), (1 << MANTISSA[dtype.name]) - 1
    without_sign = (1 << 8 * dtype.itemsize - 1) - 1
    return Form(name, native, unsigned, mantissa, unsigned.type(without_sign - mantissa), unsigned.type(without_sign))


def is_floating(dtype: np.dtype[Any]) -> bool:
    return form(dtype).unsigned is not None


def bits(array: np.ndarray) -> Any:
    """The bits in C order and native byte order, every NaN the same one: which one it is may depend on the path."""
    of = form(array.dtype)
    array = np.ascontiguousarray(array, of.native)
    if of.unsigned:
        array = array.view(of.unsigned)
        nan = array & of.without_sign > of.infinity
        if nan.any():
            array = np.where(nan, of.infinity + of.unsigned.type(1), array)
    if array.dtype.hasobject:
        return repr(array.tolist()).encode()
    return array.data if array.size and array.dtype.kind in "biufc" else array.tobytes()


# ---- numbers and layouts --------------------------------------------------------------------------------------------


def specials(dtype: np.dtype[Any]) -> np.ndarray:
    """NaN, infinities, zeros, the smallest and largest numbers of both signs, and where functions change."""
    of = form(dtype)
    mantissa, infinity, one = of.mantissa, int(of.infinity), np.ones((), dtype).view(of.unsigned).item()
    found = [0, 1, 2, mantissa, mantissa + 1, infinity - 1, infinity, infinity + mantissa // 2 + 1, one - 1, one, one + 1]
    positive = np.array(found, of.unsigned).view(dtype)
    places = np.array([1e-4, 0.03, 0.5, 2, 3, 6, 9.5, 20, 88.5, 104, 710, 745, 1e4, 1e30]).astype(dtype)
    return np.concatenate([positive, -positive, places, -places])


@functools.cache
def numbers(name: str, n: int, seed: int, kind: str = "wide") -> np.ndarray:
    """n numbers of a dtype: "wide", with all specials and random bit patterns; "tame", drawn normally; "positive", from [0, 1).

    "first" and "second" are wide, and begin with all pairs of specials.
    """
    dtype = np.dtype(getattr(ml_dtypes, name) if name == "bfloat16" else name)
    rng = np.random.default_rng([seed, n])
    if dtype.kind == "b":
        made = rng.integers(0, 2, n).astype(bool)
    elif dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        made = rng.integers(low, high, n, dtype, endpoint=True)
        made[1::2] = rng.integers(-5 if low else 0, 10, made[1::2].size).astype(dtype)
        made[:9] = np.array([0, 1, high, low, 3, 6, 2, high - 1, low + 1], dtype)[: made[:9].size]
    elif kind in ("tame", "positive"):
        made = (rng.random(n) if kind == "positive" else 2 * rng.standard_normal(n)).astype(dtype)
    else:
        made = rng.bytes(n * dtype.itemsize)
        made = np.frombuffer(made, dtype).copy()
        made[::2] = (3 * rng.standard_normal(made[::2].size)).astype(dtype)
        made[::8] = (np.exp2(rng.uniform(-30, 12, made[::8].size)) * rng.choice([-1, 1], made[::8].size)).astype(dtype)
        special = specials(dtype)
        pairs = {"first": special.repeat(special.size), "second": np.tile(special, special.size)}.get(kind, special)
        made[: pairs.size] = pairs[:n]
    made.flags.writeable = False  # it is kept
    return made


def strided(array: np.ndarray) -> np.ndarray:
    apart = np.full((*array.shape, 3), 1, array.dtype)
    apart[..., 1] = array
    return apart[..., 1]


def reversed_(array: np.ndarray) -> np.ndarray:
    return np.flip(np.flip(array).copy())


def fortran(array: np.ndarray) -> np.ndarray:
    return np.array(array, order="F")


def within(array: np.ndarray) -> np.ndarray:
    """As a part of longer rows."""
    longer = np.full((*array.shape[:-1], array.shape[-1] + 5), 1, array.dtype)
    longer[..., 2:-3] = array
    return longer[..., 2:-3]


def repeated(array: np.ndarray) -> np.ndarray:
    """Its first row, or element, again and again, with a step of zero bytes."""
    return np.broadcast_to(array[:1], array.shape)


def swapped(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder())


def misaligned(array: np.ndarray) -> np.ndarray:
    moved = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def whole(array: np.ndarray) -> Any:
    """The array, and what lies between its elements. Of bytes only those outside, for NaN can't be told from numbers in them."""
    if array.base is None:
        return array
    return array.base if array.base.dtype == array.dtype else (array, array.base[:1])


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def plain(array: np.ndarray) -> np.ndarray:
    """A copy, so that nobody gets at what is kept."""
    return array.copy()


STRIDED = (strided, reversed_, fortran, within, repeated)
FOREIGN = (swapped, misaligned, read_only)


class Subclass(np.ndarray):
    """An array of another class."""


class Other:
    """Something that takes part in NumPy's protocol: what it is asked is the result."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> tuple[str, ...]:
        return ufunc.__name__, method, *(type(value).__name__ for value in inputs), *sorted(keywords)


# ---- elementwise ----------------------------------------------------------------------------------------------------

#: An item: its key, and what adds its results to a digest.
Item = tuple[str, Callable[[Digest], None]]

DIRECTIONS = ("forward", "forward-bias", "backward", "backward-y", "backward-bias", "backward-y-bias", "value-and-grad")


@dataclass(frozen=True)
class Way:
    """One way to call an activation, or a gated unit: a direction with one set of parameters."""

    f: Any
    direction: str
    params: dict[str, Any]

    def inputs(self, shape: tuple[int, ...], dtype: np.dtype[Any], kind: str = "") -> list[np.ndarray]:
        """The arrays it takes, the bias last."""
        n = int(np.prod(shape))
        kinds = ["first", "second"] if self.f.__name__ in GATED else ["first"]
        if self.direction.startswith("backward"):
            kinds.insert(0, "wide" if self.f.__name__ in GATED else "second")
        made = [numbers(dtype.name, n, seed, kind or each).reshape(shape) for seed, each in enumerate(kinds)]
        if self.direction.endswith("bias"):
            made.append(numbers(dtype.name, shape[-1] if shape else 1, 4, "tame"))
        return made

    def __call__(self, *arrays: Any, **keywords: Any) -> Any:
        f, *before = (self.f, *arrays)
        keywords |= self._values(arrays)
        if self.direction.endswith("bias"):
            keywords["bias"] = before.pop()
        if self.direction.startswith("backward-y"):
            keywords["y"] = before.pop()
        if self.direction.startswith("forward"):
            return f(*before, **keywords)
        return (f.backward if self.direction.startswith("backward") else f.value_and_grad)(*before, **keywords)

    def _values(self, arrays: tuple[Any, ...]) -> dict[str, Any]:
        values = dict(self.params)
        if "rng" in values:
            values["rng"] = np.random.default_rng(values["rng"])
        for name, value in values.items():
            if value == "channels":  # a parameter for each column
                x = np.asarray(arrays[1 if self.direction.startswith("backward") else 0])
                values[name] = np.linspace(0, 0.5, x.shape[-1] if x.ndim else 1).astype(x.dtype)
        return values

    def out(self, make: Callable[[], Any]) -> Any:
        """What there is to be given as `out`, of arrays made so."""
        two = self.direction == "value-and-grad" or (self.f.__name__ in GATED and self.direction == "backward")
        return (make(), make()) if two else make()


def sets(f: Any, all_: bool) -> list[dict[str, Any]]:
    """Sets of parameters: the defaults, and others, inside the domain or for the error."""
    made: list[dict[str, Any]] = [{}]
    if all_ and (params := getattr(f, "params", {})):
        made.append({name: value * 0.75 + 0.375 for name, value in params.items()})
        made.append({name: -0.5 * value - 0.25 for name, value in params.items()})
    signature = inspect.signature(f).parameters
    if "rng" in signature:
        made += [{**params, "rng": 1} for params in made]
    if "slope" in signature:
        made.append({"slope": "channels"})
    return made


def run_contiguous(d: Digest, way: Way, dtype: np.dtype[Any], size: int) -> None:
    shapes: list[tuple[int, ...]] = [(size,), (1,), (7,), (64,), (0,), (33, 40), (3, 5, 7), (0, 3)]
    if "bias" in way.direction or "slope" in way.params:  # sums
        shapes += [(5, 700), (700, 3), (1, 64), (2, 5001)]
    for shape in shapes:
        d.call(way, *map(plain, way.inputs(shape, dtype)))
    for kind in ("tame", "wide"):  # all small, so that there may be a shorter way
        d.call(way, *map(plain, way.inputs((1100,), dtype, kind)))


def run_strided(d: Digest, way: Way, dtype: np.dtype[Any], size: int) -> None:
    for layout, shape in itertools.product(STRIDED, ((1101,), (33, 40), (3, 5, 7))):
        given = way.inputs(shape, dtype, "wide")
        d.call(way, *map(layout, given))
        if shape == (33, 40):
            d.call(way, layout(given[0]), *map(plain, given[1:]))


def run_foreign(d: Digest, way: Way, dtype: np.dtype[Any], size: int) -> None:
    for layout, shape in itertools.product(FOREIGN, ((1101,), (33, 40))):
        given = way.inputs(shape, dtype, "wide")
        d.call(way, *map(layout, given))
        d.call(way, *map(plain, given[:-1]), layout(given[-1]))


def run_out(d: Digest, way: Way, dtype: np.dtype[Any], size: int) -> None:
    shape = (33, 40)
    given = way.inputs(shape, dtype, "wide")

    def into(layout: Callable[..., Any], of: Any = dtype, **keywords: Any) -> None:
        places = []

        def make() -> np.ndarray:
            places.append(layout(np.full(shape, 7).astype(of)))
            return places[-1]

        result = d.call(way, *map(plain, given), out=way.out(make), **keywords)
        results = result if isinstance(result, tuple) else (result,)
        for place in places:  # with what lies between its elements
            d.add(whole(place), any(r is place for r in results))

    for other in (dtype, np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.int32)):
        into(plain, other)
    for layout in (strided, reversed_, fortran, within, swapped, misaligned, read_only):
        into(layout)
    for i in range(len(given)):  # in place
        copies = [plain(array) for array in given]
        if copies[i].shape == shape:
            places = iter([copies[i], np.full(shape, 7).astype(dtype)])
            d.call(way, *copies, out=way.out(lambda places=places: next(places)))
            d.add(*copies)
            memory = np.concatenate([given[i].reshape(-1), given[i].reshape(-1)])  # overlapping
            copies[i] = memory[: given[i].size].reshape(shape)
            places = iter([memory[41 : 41 + given[i].size].reshape(shape), np.full(shape, 7).astype(dtype)])
            d.call(way, *copies, out=way.out(lambda places=places: next(places)))
            d.add(memory)
    if way.direction.startswith("forward") and way.f.__name__ not in GATED:
        into(plain, where=numbers("bool", 33 * 40, 9).reshape(shape))
        into(strided, where=numbers("bool", 40, 9))
        into(plain, of=np.float64, dtype=np.float64)


def run_other(d: Digest, way: Way, dtype: np.dtype[Any], size: int) -> None:
    scalars = way.inputs((1,), dtype, "tame")
    for number in (*scalars[0].tolist(), 0, 2, True, -3.5, float("nan"), float("-inf")):
        d.call(way, *[number] * len(scalars))
    for array in scalars:
        d.call(way, *[array[0]] * len(scalars))
        d.call(way, *[array.reshape(())] * len(scalars))
    given = [plain(array) for array in way.inputs((33, 40), dtype, "wide")]
    first, *rest = given
    d.call(way, *(array.tolist() for array in given))
    d.call(way, *(array.view(Subclass) for array in given))
    d.call(way, first.view(Subclass), *rest)
    d.call(way, *(np.ma.array(array, mask=numbers("bool", array.size, 8).reshape(array.shape)) for array in given))
    d.call(way, *(Other() for _ in given))
    d.call(way, *given[:-1], Other())
    for layout in (lambda a: a[:1], lambda a: a[..., :1], lambda a: a[0, 0], lambda a: 2.0, lambda a: a.reshape(33, 5, 8)):
        d.call(way, layout(first), *rest)  # broadcast, or an error
    for other in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.int8, np.uint64, np.bool_):  # mixed
        changed = numbers("int8", first.size, 5).reshape(first.shape).astype(other)
        if len(given) > 1:
            d.call(way, changed, *rest)
        if way.direction.startswith("forward") and way.f.__name__ not in GATED:
            d.call(way, *given, dtype=other)


LAYOUTS = {
    "contiguous": run_contiguous,
    "strided": run_strided,
    "foreign": run_foreign,
    "out": run_out,
    "other": run_other,
}


def run_large(d: Digest, f: Any, direction: str, n: int, threads: int) -> None:
    way = Way(f, direction, {"rng": 1} if "rng" in inspect.signature(f).parameters else {})
    shape = (n // 257, 257) if "bias" in direction else (n,)
    with fastact.num_threads(threads):
        d.call(way, *way.inputs(shape, np.dtype(np.float32), "tame"))


def run_parameters(d: Digest, f: Any, dtype: np.dtype[Any]) -> None:
    """Each parameter with values at and beyond the ends of its domain, of many types."""
    x = numbers(dtype.name, 300, 6)
    y = np.abs(x)
    values = [0, 1, -1, 3, 1e-30, 1e30, 1e300, 5e-324, -0.0, True, float("nan"), float("inf"), "a", None, 2j, [1, 2]]
    values += [np.float32(2), np.float64(0.3), np.int8(2), np.array(2.0), np.array(3), np.full(300, 0.2), 10**30]
    for name in f.params:
        for value in values:
            d.call(f, x, **{name: value})
            d.call(f.backward, x, x, **{name: value})
            d.call(f.backward, x, y=y, **{name: value})
            d.call(f.value_and_grad, x, **{name: value})


def directions(f: Any) -> tuple[str, ...]:
    """The directions it has. That others are refused belongs to the errors."""
    if f.__name__ in GATED:
        return "forward", "backward"
    try:
        f.backward(1.0, y=0.5)
    except TypeError:
        return tuple(direction for direction in DIRECTIONS if not direction.startswith("backward-y"))
    return DIRECTIONS


def run_layouts(d: Digest, f: Any, direction: str, dtype: np.dtype[Any], layouts: tuple[Any, ...], size: int) -> None:
    for layout in layouts:
        for params in sets(f, layout in (run_contiguous, run_strided)):
            layout(d, Way(f, direction, params), dtype, size)


def elementwise(backend: Any) -> Iterator[Item]:
    slow = backend.name == "numpy"
    size, large = (NUMPY_SIZE, NUMPY_LARGE) if slow else (SIZE, LARGE)
    for name in (*fastact.activations, *GATED):
        f = getattr(backend, name)
        start = f"bits {backend.name} {name}"
        for direction in directions(f):
            cases = [(dtype, layout, (run,)) for dtype in FLOATS for layout, run in LAYOUTS.items()]
            if direction == "forward":
                cases += [(dtype, "contiguous", (run_contiguous,)) for dtype in (*INTEGERS, np.dtype(bool))]
                cases += [(np.dtype(char), "layouts", (run_strided, run_foreign, run_out, run_other)) for char in "bQ"]
            else:
                cases += [(dtype, "contiguous", (run_contiguous,)) for dtype in REDUCED]
            for dtype, layout, runs in cases:
                run = functools.partial(run_layouts, f=f, direction=direction, dtype=dtype, layouts=runs, size=size)
                yield f"{start} {direction} {dtype.name} {layout}", run
            run = functools.partial(run_large, f=f, direction=direction, n=large, threads=2)
            yield f"{start} {direction} float32 large", run
            if not slow and direction in ("forward", "backward"):
                run = functools.partial(run_large, f=f, direction=direction, n=STREAMED, threads=1)
                yield f"{start} {direction} float32 streamed", run
        yield f"{start} ufunc", functools.partial(run_ufunc, f=f)
        if name in GATED:
            yield from gated_halves(start, f)
            continue
        for dtype in FLOATS:
            yield f"{start} parameters {dtype.name}", functools.partial(run_parameters, f=f, dtype=dtype)
        for dtype in (np.dtype(np.int8), np.dtype(np.uint16), np.dtype(np.int64)):
            yield f"{start} parameters {dtype.name}", functools.partial(run_parameters, f=f, dtype=dtype)


def gated_halves(start: str, f: Any) -> Iterator[Item]:
    """The two halves of one packed array, along both axes."""

    def run(d: Digest, dtype: np.dtype[Any]) -> None:
        for shape, axis in itertools.product(((30, 64), (4, 2002), (64, 6)), (0, 1)):
            packed = numbers(dtype.name, shape[0] * shape[1], 2).reshape(shape).copy()
            first, second = np.split(packed, 2, axis=axis)
            d.call(f, first, second)
            d.call(f, second, first)
            d.call(f.backward, np.ones_like(first), first, second)
            given = np.full_like(packed, 7)
            d.call(f.backward, np.ones_like(first), first, second, out=tuple(np.split(given, 2, axis=axis)))
            d.add(given)
            d.call(f, first, second, out=first)
            d.add(packed)

    for dtype in (*FLOATS, np.dtype(np.int16)):
        yield f"{start} halves {dtype.name}", functools.partial(run, dtype=dtype)


def run_ufunc(d: Digest, f: Any) -> None:
    """The ufunc itself, with the parameters as further inputs."""
    ufunc = f.ufunc
    d.add(ufunc.__name__, ufunc.nin, ufunc.nout)
    for dtype in (*FLOATS, np.dtype(np.int32)):
        x = numbers(dtype.name, 600, 7).reshape(20, 30)
        extra = [0.5] * (ufunc.nin - (2 if f.__name__ in GATED else 1))
        inputs = [x, x[::-1]] if f.__name__ in GATED else [x]
        d.call(ufunc, *inputs, *extra)
        d.call(ufunc, *inputs, *extra, out=np.zeros((20, 30)))
        d.call(ufunc, inputs[0][:1], *inputs[1:], *extra)
    d.call(ufunc)
    d.call(ufunc, "a", *[1.0] * (ufunc.nin - 1))


# ---- functions of rows ----------------------------------------------------------------------------------------------

LENGTHS = {"short": (1, 2, 10, 33), "middle": (47, 48, 100, 1000), "long": (1024, 1025, 5000)}


def shape_of(n: int, axis: int, total: int = 6000) -> tuple[int, ...]:
    """A shape with rows of n elements along an axis."""
    rows = max(3, min(50, total // n))
    return {-1: (rows, n), 0: (n, rows), 1: (2, n, 3)}[axis]


def rows_of(shape: tuple[int, ...], axis: int, dtype: np.dtype[Any], kind: str = "tame", seed: int = 0) -> np.ndarray:
    """Numbers of this shape; of "special" ones every row has something else."""
    return _kept_rows(tuple(map(int, shape)), axis, dtype, kind, seed).copy()


@functools.lru_cache(300)
def _kept_rows(shape: tuple[int, ...], axis: int, dtype: np.dtype[Any], kind: str, seed: int) -> np.ndarray:
    special = kind == "special"
    array = numbers(dtype.name, int(np.prod(shape)), seed, "tame" if special else kind).reshape(shape).copy()
    if special and is_floating(dtype) and array.size:
        lying = np.moveaxis(array, axis, -1)
        n = lying.shape[-1]
        for which, index in enumerate(np.ndindex(lying.shape[:-1])):
            make_special(lying[index], which % 12, 7 * which % n)
    return array


def make_special(row: np.ndarray, which: int, at: int) -> None:
    """Put something special into a row; of the twelfth kind nothing."""
    match which:
        case 0:
            row[...] = -np.inf
        case 1:
            row[at] = np.nan
        case 2:
            row[at] = np.inf
        case 3:
            row[: len(row) // 2] = -np.inf
        case 4 | 5:
            row[...] = row.astype(np.float64) * (1e30 if which == 4 else 1e-40)
        case 6:
            row[...] = 1
        case 7:
            row[at] = -np.inf
        case 8:
            row[at] = 1000
        case 9:
            row[...] = -0.0
            row[at] = 0.0
        case 10:
            row[...] = numbers(row.dtype.name, len(row), 5)


class Rows:
    """A function of rows in one direction, and the arrays it takes."""

    def __init__(self, f: Any, direction: str) -> None:
        self.f, self.name, self.direction = f, f.__name__, direction
        self.function = f if direction == "forward" else f.backward if self.name in PER_ROW else self._from_output

    def inputs(self, shape: tuple[int, ...], axis: int, dtype: np.dtype[Any], kind: str = "tame") -> list[np.ndarray]:
        """x; or dy and what is saved of the forward pass, made up."""
        if self.direction == "forward":
            return [rows_of(shape, axis, dtype, kind)]
        if self.name in PER_ROW:
            left = tuple(np.delete(shape, axis)) if shape else ()
            return [rows_of(left, -1, dtype, "tame", 1), rows_of(shape, axis, dtype, kind)]
        y = rows_of(shape, axis, dtype, "positive", 2)
        if is_floating(dtype) and kind == "special":
            y = rows_of(shape, axis, dtype, kind)
        if self.name == "sparsemax" and dtype.kind != "b":
            y[y < 0.5] = 0
        if self.name == "log_softmax" and dtype.kind != "b":
            y = -5 * y if is_floating(dtype) else y
        return [rows_of(shape, axis, dtype, "special" if kind == "special" else "tame", 1), y]

    def result_shape(self, shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
        return tuple(np.delete(shape, axis)) if self.name in PER_ROW and self.direction == "forward" else shape

    def _from_output(self, dy: Any, y: Any, **keywords: Any) -> Any:
        return self.f.backward(dy, y=y, **keywords)

    def __call__(self, *arrays: Any, **keywords: Any) -> Any:
        return self.function(*arrays, **keywords)


def rows_plain(lengths: str, axis: int) -> Any:
    def run(d: Digest, f: Rows, dtype: np.dtype[Any]) -> None:
        for n, kind in itertools.product(LENGTHS[lengths], ("tame", "special")):
            d.call(f, *f.inputs(shape_of(n, axis), axis, dtype, kind), axis=axis)

    return run


def rows_layouts(layouts: tuple[Any, ...]) -> Any:
    def run(d: Digest, f: Rows, dtype: np.dtype[Any]) -> None:
        for layout, n, axis in itertools.product(layouts, (10, 300, 1100), (-1, 0, 1)):
            given = f.inputs(shape_of(n, axis, 3000), axis, dtype, "special")
            d.call(f, *map(layout, given), axis=axis)
            d.call(f, *map(plain, given[:-1]), layout(given[-1]), axis=axis)

    return run


def rows_out(d: Digest, f: Rows, dtype: np.dtype[Any]) -> None:
    for n, axis in itertools.product((10, 1100), (-1, 0, 1)):
        shape = shape_of(n, axis, 3000)
        given = f.inputs(shape, axis, dtype, "special")
        wanted = f.result_shape(shape, axis)
        for other in (dtype, np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.int32)):
            place = np.full(wanted, 7).astype(other)
            d.add(d.call(f, *given, out=place, axis=axis) is place, place)
        for layout in (strided, reversed_, fortran, within, swapped, misaligned, read_only):
            place = layout(np.full(wanted, 7).astype(dtype))
            d.add(d.call(f, *given, out=place, axis=axis) is place, whole(place))
        for i in range(len(given)):
            copies = [plain(array) for array in given]
            d.call(f, *copies, out=copies[i], axis=axis)
            d.add(*copies)
            if given[i].shape == wanted:
                memory = np.concatenate([given[i].reshape(-1), given[i].reshape(-1)])
                copies[i] = memory[: given[i].size].reshape(shape)
                d.call(f, *copies, out=memory[41 : 41 + given[i].size].reshape(shape), axis=axis)
                d.add(memory)


def rows_masks(kind: str) -> Any:
    def masks(shape: tuple[int, ...]) -> Iterator[Any]:
        n = int(np.prod(shape))
        if kind == "causal":
            yield from ("causal", ("causal", 0), ("causal", 5))
            return
        if kind == "bool":
            mask = numbers("bool", n, 11).reshape(shape)
        else:
            mask = rows_of(shape, -1, np.dtype(getattr(ml_dtypes, kind, kind)), "special", 11)
        yield mask
        yield strided(mask)
        yield swapped(mask)
        yield mask[:1]
        yield mask[..., :1]
        yield mask[..., 0, :]

    def run(d: Digest, f: Rows, dtype: np.dtype[Any]) -> None:
        for n, axis in itertools.product((10, 1100), (-1, 0, 1)):
            shape = shape_of(n, axis, 3000)
            for given_kind in ("tame", "special"):
                given = f.inputs(shape, axis, dtype, given_kind)
                for mask in masks(shape):
                    d.call(f, *given, axis=axis, mask=mask)
                    d.call(f, *given, axis=axis, mask=mask, scale=0.125)
        square = f.inputs((70, 70), -1, dtype)
        for mask in masks((70, 70)):
            d.call(f, *square, mask=mask)
            for empty in ("zero", "uniform", "nan") if f.direction == "forward" and f.name not in PER_ROW else ():
                d.call(f, *square, mask=mask, empty=empty)
                d.call(f, *f.inputs((70, 70), -1, dtype, "special"), mask=mask, empty=empty)

    return run


def rows_options(d: Digest, f: Rows, dtype: np.dtype[Any]) -> None:
    for n, axis in itertools.product((10, 300, 1100), (-1, 0)):
        for kind in ("tame", "special"):
            given = f.inputs(shape_of(n, axis, 3000), axis, dtype, kind)
            for scale in (0.125, -2, 0, 3, 1e30, -1e-30, np.float32(0.5), np.array(2), float("inf"), "a"):
                d.call(f, *given, axis=axis, scale=scale)
            for empty in ("zero", "uniform", "nan", "other"):
                d.call(f, *given, axis=axis, empty=empty)
            hidden = numbers("bool", given[-1].size, 12).reshape(given[-1].shape)
            d.call(f, *given[:-1], np.ma.array(given[-1], mask=hidden), axis=axis)


def rows_other(d: Digest, f: Rows, dtype: np.dtype[Any]) -> None:
    for shape, axis in (
        ((), 0),
        ((), -1),
        ((7,), 0),
        ((7,), -1),
        ((0,), 0),
        ((0, 3), 0),
        ((0, 3), 1),
        ((3, 0), 1),
        ((2, 3, 4, 5), 2),
    ):
        given = f.inputs(shape, axis, dtype) if shape else [np.ones((), dtype)] * (1 if f.direction == "forward" else 2)
        d.call(f, *given, axis=axis)
        d.call(f, *(array.tolist() for array in given), axis=axis)
    given = f.inputs((20, 30), -1, dtype, "special")
    d.call(f, *(array.view(Subclass) for array in given))
    d.call(f, *given[:-1], Other())
    d.call(f, *given, axis=np.int8(0))
    for other in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.int8):
        d.call(f, *given[:-1], rows_of((20, 30), -1, np.dtype(np.int8)).astype(other))
    if f.direction == "forward" and hasattr(f.f, "ufunc"):  # what draws noise has none
        ufunc = f.f.ufunc
        d.add(ufunc.__name__, ufunc.nin, ufunc.nout, ufunc.signature)
        extra = [0.5] * (ufunc.nin - 1)
        d.call(ufunc, *given, *extra)
        d.call(ufunc, *given, *extra, axis=0)
        d.call(ufunc, given[0].T, *extra, out=np.zeros(f.result_shape((30, 20), -1)))


def rows_axes(d: Digest, f: Rows, dtype: np.dtype[Any]) -> None:
    """Several axes, all of them, and what goes with them."""
    for axis in (None, (), (1,), (0, 1), (0, 2), (1, 2)):
        x = rows_of((7, 20, 30), -1, dtype, "special")
        axes = tuple(range(3)) if axis is None else axis
        kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        left = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        options: list[dict[str, Any]] = [{}]
        if f.name not in UNMASKED:
            options.append({"scale": np.linspace(-1, 2, int(np.prod(kept))).reshape(kept)})
        for given in options:
            for keepdims in (False, True) if f.name in PER_ROW else (False,):
                dy = rows_of(kept if keepdims else left if f.name in PER_ROW else x.shape, -1, dtype, "tame", 1)
                more = {**given, "keepdims": True} if keepdims else given
                for layout in (plain, fortran, swapped):
                    d.call(f, *([] if f.direction == "forward" else [dy]), layout(x), axis=axis, **more)
    if f.name == "maxout" and f.direction == "forward":
        d.call(f, rows_of((7, 20), -1, dtype, "special"), return_index=True)


def rows_large(d: Digest, f: Rows, dtype: np.dtype[Any], total: int) -> None:
    with fastact.num_threads(2):
        for shape, axis in (
            ((total // 1000, 1000), -1),
            ((1000, total // 1000), 0),
            ((total // 10, 10), -1),
            ((2, total // 2), -1),
        ):
            d.call(f, *f.inputs(shape, axis, dtype), axis=axis)


ROW_CASES: dict[str, Any] = {
    **{f"axis{axis}-{lengths}": rows_plain(lengths, axis) for axis in (-1, 0, 1) for lengths in LENGTHS},
    "strided": rows_layouts(STRIDED),
    "foreign": rows_layouts(FOREIGN),
    "out": rows_out,
    "other": rows_other,
    "axes": rows_axes,
}
MASK_CASES: dict[str, Any] = {
    "options": rows_options,
    **{f"mask-{kind}": rows_masks(kind) for kind in ("bool", "causal", "float16", "bfloat16", "float32", "float64")},
}


def row_functions(backend: Any) -> Iterator[Item]:
    for name, direction in itertools.product((*LIKE_X, *PER_ROW), ("forward", "backward")):
        f = Rows(getattr(backend, name), direction)
        start = f"bits {backend.name} {name} {direction}"
        cases = ROW_CASES if name in UNMASKED else {**ROW_CASES, **MASK_CASES}
        for dtype in (*FLOATS, *REDUCED):
            for case, run in cases.items():
                yield f"{start} {dtype.name} {case}", functools.partial(run, f=f, dtype=dtype)
        for dtype in FLOATS[1:]:
            total = 30_000 if backend.name == "numpy" else 400_000
            yield f"{start} {dtype.name} large", functools.partial(rows_large, f=f, dtype=dtype, total=total)
        if name in UNMASKED:
            yield f"{start} float32 options", functools.partial(rows_options, f=f, dtype=np.dtype(np.float32))


# ---- losses ---------------------------------------------------------------------------------------------------------


def labels_of(shape: tuple[int, ...], axis: int, classes: int, dtype: Any = np.intp) -> np.ndarray:
    left = tuple(np.delete(shape, axis))
    return np.random.default_rng(13).integers(0, min(classes, 100), left).astype(dtype)


def cross_entropy(d: Digest, call: Any, dtype: np.dtype[Any], case: str) -> None:
    for n, axis, kind in itertools.product(
        (10, 300) if case in ("layouts", "out") else (2, 10, 300, 1100), (-1, 0, 1), ("tame", "special")
    ):
        shape = shape_of(n, axis, 3000)
        x = rows_of(shape, axis, dtype, kind)
        labels = labels_of(shape, axis, n)
        probabilities = rows_of(shape, axis, np.dtype(np.float64), "positive", 3)
        weight = numbers("float64", n, 4, "positive")
        ignored = np.where(labels % 3 == 0, -100, labels)
        match case:
            case "labels":
                for integer in INTEGERS:
                    d.call(call, x, labels.astype(integer), axis=axis)
                d.call(call, x, labels.tolist(), axis=axis)
            case "probabilities":
                for other in FLOATS:
                    d.call(call, x, probabilities.astype(other), axis=axis)
                    d.call(call, x, probabilities.astype(other), axis=axis, weight=weight, label_smoothing=0.1)
            case "options":
                for targets, reduction in itertools.product((labels, ignored, probabilities), ("mean", "sum", "none")):
                    d.call(call, x, targets, axis=axis, reduction=reduction)
                    d.call(call, x, targets, axis=axis, reduction=reduction, weight=weight, label_smoothing=0.3)
                    d.call(call, x, targets, axis=axis, reduction=reduction, label_smoothing=1)
                    d.call(call, x, targets, axis=axis, reduction=reduction, ignore_index=1, weight=weight.astype(np.float32))
            case "layouts":
                for layout, targets in itertools.product((*STRIDED, *FOREIGN), (labels, ignored, probabilities)):
                    d.call(call, layout(x), layout(targets), axis=axis, weight=layout(weight))
                    d.call(call, plain(x), layout(targets), axis=axis, reduction="none")
            case "out":
                for targets, reduction in itertools.product((labels, probabilities), ("mean", "none")):
                    for other in (dtype, np.dtype(np.float64), np.dtype(np.float16), np.dtype(np.int32)):
                        for wanted in ((), labels.shape, shape):
                            place = np.full(wanted, 7).astype(other)
                            d.call(call, x, targets, out=place, axis=axis, reduction=reduction)
                            d.add(place)
                    place = plain(x)
                    d.call(call, place, targets, out=place, axis=axis, reduction=reduction)
                    d.add(place)
                    for layout in (strided, reversed_, fortran, swapped, misaligned):
                        place = layout(np.full(shape, 7).astype(dtype))
                        d.call(call, x, targets, out=place, axis=axis, reduction=reduction)
                        d.add(place)


def binary_cross_entropy(d: Digest, call: Any, dtype: np.dtype[Any], case: str) -> None:
    for shape in ((2099,), (33, 40), (3, 5, 7), (1,), (), (0,), (0, 3), (2, 1500), (700, 3)):
        n = int(np.prod(shape))
        x = (numbers(dtype.name, n, 0, "wide") if n else np.zeros(0, dtype)).reshape(shape).copy()
        targets = numbers("float64", n, 1, "positive").reshape(shape)
        weight = numbers("float64", n, 2, "positive").reshape(shape)
        columns = numbers("float64", shape[-1] if shape else 1, 3, "positive")
        match case:
            case "labels":
                for integer in (*INTEGERS, np.bool_):
                    d.call(call, x, (targets > 0.5).astype(integer))
                d.call(call, x, (targets > 0.5).tolist())
            case "probabilities":
                for other in FLOATS:
                    d.call(call, x, targets.astype(other))
                    d.call(call, x, targets.astype(other), weight=weight, pos_weight=columns)
            case "options":
                for reduction in ("mean", "sum", "none"):
                    d.call(call, x, targets, reduction=reduction)
                    d.call(call, x, targets, reduction=reduction, weight=columns)
                    d.call(call, x, targets, reduction=reduction, pos_weight=3)
                    d.call(call, x, targets, reduction=reduction, pos_weight=columns.astype(np.float32), weight=weight)
            case "layouts":
                for layout in (*STRIDED, *FOREIGN):
                    if shape:
                        d.call(call, layout(x), layout(targets), weight=layout(weight))
                        d.call(call, plain(x), layout(targets), reduction="none", pos_weight=layout(columns))
            case "out":
                for reduction in ("mean", "none"):
                    for other in (dtype, np.dtype(np.float64), np.dtype(np.float16), np.dtype(np.int32)):
                        for wanted in ((), shape):
                            place = np.full(wanted, 7).astype(other)
                            d.call(call, x, targets, out=place, reduction=reduction)
                            d.add(place)
                    place = plain(x)
                    d.call(call, place, targets, out=place, reduction=reduction)
                    d.add(place)
                    for layout in (strided, reversed_, fortran, swapped, misaligned):
                        place = layout(np.full(shape or (1,), 7).astype(dtype))
                        d.call(call, x, targets, out=place, reduction=reduction)
                        d.add(place)


def loss_large(d: Digest, call: Any, name: str, dtype: np.dtype[Any], rows: int) -> None:
    with fastact.num_threads(2):
        for shape, axis in (((rows, 100), -1), ((100, rows), 0), ((rows // 50, 5000), -1)):
            x = rows_of(shape, axis, dtype)
            targets = rows_of(shape, axis, dtype, "positive", 3)
            if takes(name, "axis"):
                d.call(call, x, labels_of(shape, axis, shape[axis]), axis=axis)
                d.call(call, x, targets, axis=axis)
            else:
                d.call(call, x, targets)
                d.call(call, x, targets, reduction="none")


def losses(backend: Any) -> Iterator[Item]:
    for name, direction in itertools.product(LOSSES, ("value", "value-and-grad")):
        f = getattr(backend, name)
        call = f if direction == "value" else f.value_and_grad
        start = f"bits {backend.name} {name} {direction}"
        run = cross_entropy if takes(name, "axis") else binary_cross_entropy
        for dtype, case in itertools.product((*FLOATS, *REDUCED), ("labels", "probabilities", "options", "layouts", "out")):
            yield f"{start} {dtype.name} {case}", functools.partial(run, call=call, dtype=dtype, case=case)
        for dtype in FLOATS[1:]:
            rows = 500 if backend.name == "numpy" else 4000
            yield f"{start} {dtype.name} large", functools.partial(loss_large, call=call, name=name, dtype=dtype, rows=rows)


# ---- errors ---------------------------------------------------------------------------------------------------------

X = np.array([[-1.0, 0.5, 2.0], [3.0, -0.25, 0.0]], np.float32)

BAD_ARRAYS = {
    "None": None,
    "complex": X.astype(np.complex64),
    "object": np.array([None, "a"]),
    "string": np.array(["a", "b"]),
    "text": "text",
    "datetime": np.array(["2020-01-01"], "M8[D]"),
    "structured": np.zeros(3, [("a", "f4"), ("b", "i4")]),
    "long-double": X.astype(np.longdouble),
    "ragged": [[1.0], [1.0, 2.0]],
    "class": int,
}


def bad_outs(shape: tuple[int, ...], dtype: Any = np.float32, crashing: bool = True) -> dict[str, Any]:
    """Wrong places for a result of this shape.

    Those that are `crashing` end the process where the compiled functions of rows and losses write into them: a fault of 0.1.0
    that this table has found. Until it is mended they are left out there.
    """
    good = np.zeros(shape, dtype)
    made = {
        "shape": np.zeros((*shape, 1), dtype),
        "longer": np.zeros(tuple(n + 1 for n in shape) or (2,), dtype),
        "scalar": np.zeros((), dtype) if shape else np.zeros(1, dtype),
        "read-only": read_only(good),
        "list": good.tolist(),
        "integers": np.zeros(shape, np.int64),
        "bool": np.zeros(shape, bool),
        "complex": np.zeros(shape, np.complex64),
        "string": np.zeros(shape, "U3"),
        "object": np.zeros(shape, object),
        "pair": (good, good),
        "triple": (good, good, good),
        "empty": (),
        "none": (None,),
        "single": (good,),
        "pair-none": (None, None),
        "pair-one": (good, None),
    }
    return made if crashing else {name: out for name, out in made.items() if name not in ("complex", "object")}


Calls = dict[str, Callable[[], Any]]


def bad_operands(calls: dict[str, tuple[Callable[..., Any], list[Any]]]) -> Calls:
    """Every call with every bad array in the place of every argument, and with too few and too many."""
    made: Calls = {}
    for name, (function, good) in calls.items():
        for what, i in itertools.product(BAD_ARRAYS, range(len(good))):
            arguments = [*good[:i], BAD_ARRAYS[what], *good[i + 1 :]]
            made[f"{name}-{i}-{what}"] = functools.partial(function, *arguments)
        for what in ("unknown", "Axis", "slopes"):
            made[f"{name}-keyword-{what}"] = functools.partial(function, *good, **{what: 1})
        made[f"{name}-too-few"] = functools.partial(function, *good[:-1])
        made[f"{name}-too-many"] = functools.partial(function, *good, None, 1)
        made[f"{name}-by-keyword"] = functools.partial(function, *good[:-1], x=good[-1])
        made[f"{name}-none"] = function
    return made


def bad_activation(f: Any) -> Calls:
    made = bad_operands(
        {
            "forward": (f, [X]),
            "backward": (f.backward, [X, X]),
            "grad": (f.value_and_grad, [X]),
            "bias": (lambda x, bias, *rest, **kw: f(x, *rest, bias=bias, **kw), [X, X[0]]),
            "backward-bias": (lambda dy, x, bias, *rest, **kw: f.backward(dy, x, *rest, bias=bias, **kw), [X, X, X[0]]),
        }
    )
    for name, out in bad_outs(X.shape).items():
        made[f"forward-out-{name}"] = functools.partial(f, X, out=out)
        made[f"forward-bias-out-{name}"] = functools.partial(f, X, out=out, bias=X[0])
        made[f"forward-bfloat16-out-{name}"] = functools.partial(f, X.astype(ml_dtypes.bfloat16), out=out)
        made[f"forward-integer-out-{name}"] = functools.partial(f, X.astype(np.int16), out=out)
        made[f"backward-out-{name}"] = functools.partial(f.backward, X, X, out=out)
        made[f"backward-y-out-{name}"] = functools.partial(f.backward, X, y=X, out=out)
        made[f"backward-bias-out-{name}"] = functools.partial(f.backward, X, X, out=out, bias=X[0])
        made[f"grad-out-{name}"] = functools.partial(f.value_and_grad, X, out=out)
        made[f"grad-one-out-{name}"] = functools.partial(f.value_and_grad, X, out=(np.zeros_like(X), out))
    for name, bias in {"length": X[0, :2], "2-d": X, "0-d": 1.0, "empty": [], "column": X[:, 0]}.items():
        made[f"bias-{name}"] = functools.partial(f, X, bias=bias)
        made[f"backward-bias-{name}"] = functools.partial(f.backward, X, X, bias=bias)
        made[f"bias-of-scalar-{name}"] = functools.partial(f, 1.0, bias=bias)
    for name, shape in {"shorter": (2,), "longer": (2, 3, 4), "4-d": (1, 1, 2, 3), "row": (1, 3)}.items():
        made[f"backward-dy-{name}"] = functools.partial(f.backward, np.ones(shape, np.float32), X)
        made[f"backward-y-dy-{name}"] = functools.partial(f.backward, np.ones(shape, np.float32), y=X)
        made[f"where-{name}"] = functools.partial(f, X, out=np.zeros_like(X), where=np.ones(shape, bool))
    for dtype in ("complex64", "int32", "bool", "object", "U3", "nonsense", "longdouble", "float16", "M8[s]"):
        made[f"dtype-{dtype}"] = functools.partial(f, X, dtype=dtype)
        made[f"dtype-{dtype}-integer"] = functools.partial(f, X.astype(np.int8), dtype=dtype)
    made["where-float"] = functools.partial(f, X, out=np.zeros_like(X), where=X)
    made["where-text"] = functools.partial(f, X, out=np.zeros_like(X), where="a")
    made["backward-both"] = functools.partial(f.backward, X, X, y=X)
    made["backward-neither"] = functools.partial(f.backward, X)
    made["backward-where"] = functools.partial(f.backward, X, X, where=True)
    made["grad-bias"] = functools.partial(f.value_and_grad, X, bias=X[0])
    made["grad-y"] = functools.partial(f.value_and_grad, y=X)
    made["mixed-16-bits"] = functools.partial(f.backward, X.astype(np.float16), X.astype(ml_dtypes.bfloat16))
    for rng in (3, np.random.RandomState(1), np.random.PCG64(1), "a"):
        made[f"rng-{type(rng).__name__}"] = functools.partial(f, X, rng=rng)
    for name, value in itertools.product(f.params, (float("nan"), float("-inf"), -1e300, 0, "a", None, 1j, [1, 2], X, int)):
        made[f"{name}-{'array' if value is X else value}"] = functools.partial(f, X, **{name: value})
    made["all-parameters-reversed"] = lambda: f(X, **dict(zip(f.params, reversed(range(len(f.params))), strict=True)))
    return made


def bad_gated(f: Any) -> Calls:
    made = bad_operands({"forward": (f, [X, X]), "backward": (f.backward, [X, X, X])})
    for name, out in bad_outs(X.shape).items():
        made[f"forward-out-{name}"] = functools.partial(f, X, X, out=out)
        made[f"backward-out-{name}"] = functools.partial(f.backward, X, X, X, out=out)
        made[f"backward-one-out-{name}"] = functools.partial(f.backward, X, X, X, out=(None, out))
    for name, other in {"row": X[0], "scalar": 1.0, "longer": np.ones((3, 2, 3)), "empty": []}.items():
        made[f"forward-shape-{name}"] = functools.partial(f, X, other)
        made[f"backward-shape-{name}"] = functools.partial(f.backward, other, X, X)
        made[f"backward-shapes-{name}"] = functools.partial(f.backward, X, X, other)
    made["overlapping-out"] = lambda: f.backward(X, X, X, out=tuple(np.zeros((3, 3), np.float32)[i : i + 2] for i in (0, 1)))
    return made


def bad_rows(f: Any) -> Calls:
    dy = X[:, 0].copy() if f.__name__ in PER_ROW else X
    made = bad_operands({"forward": (f, [X]), "backward": (f.backward, [dy, X])})
    for name, out in bad_outs(dy.shape if f.__name__ in PER_ROW else X.shape, crashing=False).items():
        made[f"forward-out-{name}"] = functools.partial(f, X, out=out)
        made[f"forward-bfloat16-out-{name}"] = functools.partial(f, X.astype(ml_dtypes.bfloat16), out=out)
        made[f"masked-out-{name}"] = functools.partial(f, np.ma.array(X), out=out)
    for name, out in bad_outs(X.shape, crashing=False).items():
        made[f"backward-out-{name}"] = functools.partial(f.backward, dy, X, out=out)
    for name, shape in {"shorter": (2,), "longer": (2, 3, 4), "row": (1, 3), "scalar": ()}.items():
        made[f"backward-dy-{name}"] = functools.partial(f.backward, np.ones(shape, np.float32), X)
    for axis in (2, -3, 1.0, "a", None, (0, 1), True, np.int8(-1), 10**30):
        made[f"axis-{axis}"] = functools.partial(f, X, axis=axis)
        made[f"backward-axis-{axis}"] = functools.partial(f.backward, dy, X, axis=axis)
    made["mixed-16-bits"] = functools.partial(f.backward, dy.astype(np.float16), X.astype(ml_dtypes.bfloat16))
    made["no-elements"] = functools.partial(f, np.zeros((2, 0)))
    made["no-elements-backward"] = functools.partial(f.backward, np.zeros(2), np.zeros((2, 0)))
    for name, mask in {
        "text": "other",
        "integers": np.ones((2, 3), int),
        "complex": np.ones((2, 3), complex),
        "shape": np.ones((3, 2), bool),
        "longer": np.ones((2, 2, 3), bool),
        "list": [[True, False, True]],
        "scalar": True,
        "number": 0.5,
        "causal": "causal",
    }.items():
        made[f"mask-{name}"] = functools.partial(f, X, mask=mask)
        made[f"mask-{name}-axis"] = functools.partial(f, X, mask=mask, axis=0)
        made[f"mask-{name}-vector"] = functools.partial(f, X[0], mask=mask)
        made[f"mask-{name}-masked"] = functools.partial(f, np.ma.array(X), mask=mask)
        made[f"mask-{name}-backward"] = functools.partial(f.backward, dy, X, mask=mask)
        made[f"mask-{name}-other"] = functools.partial(f, Other(), mask=mask)
    for scale in (float("nan"), float("inf"), "a", None, 1j, [1], np.ones(1), np.array(2.0), True):
        made[f"scale-{scale}"] = functools.partial(f, X, scale=scale)
        made[f"backward-scale-{scale}"] = functools.partial(f.backward, dy, X, scale=scale)
    for empty in ("other", None, 0, ["nan"]):
        made[f"empty-{empty}"] = functools.partial(f, X, empty=empty)
    return made


def bad_losses(f: Any) -> Calls:
    classes = takes(f.__name__, "axis")
    targets: Any = np.array([2, 0]) if classes else np.abs(X)
    made: Calls = bad_operands({"value": (f, [X, targets]), "grad": (f.value_and_grad, [X, targets])})
    for label, function in (("value", f), ("grad", f.value_and_grad)):

        def bad(name: str, *arguments: Any, label: str = label, function: Any = function, **keywords: Any) -> None:
            made[f"{label}-{name}"] = functools.partial(function, *arguments, **keywords)

        for name, out in {**bad_outs(()), **{f"array-{k}": v for k, v in bad_outs(X.shape, crashing=False).items()}}.items():
            bad(f"out-{name}", X, targets, out=out)
            bad(f"none-out-{name}", X, targets, out=out, reduction="none")
        for name, shape in {"shorter": (2,), "longer": (2, 3, 4), "row": (1, 3), "scalar": (), "empty": (0,)}.items():
            bad(f"targets-{name}", X, np.ones(shape, np.float32))
            bad(f"labels-{name}", X, np.ones(shape, int))
        for reduction in ("other", None, 0, ["mean"], "MEAN"):
            bad(f"reduction-{reduction}", X, targets, reduction=reduction)
        for name, weight in {
            "negative": [-1.0, 1, 1],
            "nan": [np.nan, 1, 1],
            "inf": [np.inf, 1, 1],
            "shape": [1.0, 1],
            "2-d": [[1.0, 1, 1]],
            "scalar": 2.0,
            "zero": [0.0, 0, 0],
            "complex": [1j, 1, 1],
            "text": "a",
            "empty": [],
        }.items():
            bad(f"weight-{name}", X, targets, weight=weight)
            bad(f"pos-weight-{name}", X, targets, pos_weight=weight)
        for axis in (2, -3, 1.0, "a", None):
            bad(f"axis-{axis}", X, targets, axis=axis)
        for integer, label_ in itertools.product(("int8", "uint8", "int64", "uint64"), (3, 100, -1)):
            if label_ >= 0 or integer.startswith("i"):
                bad(f"label-{integer}-{label_}", X, np.array([0, label_]).astype(integer))
        bad("label-bool", X, np.array([True, False]))
        bad("label-all-ignored", X, np.array([-100, -100]))
        bad("label-all-ignored-sum", X, np.array([-100, -100]), reduction="sum")
        for index in (1.0, "a", None, 0, 10**30, np.int8(2)):
            bad(f"ignore-{index}", X, targets, ignore_index=index)
            bad(f"ignore-{index}-probabilities", X, np.abs(X), ignore_index=index)
        for smoothing in (-0.1, 1.1, float("nan"), "a", None, np.float32(0.5), True):
            bad(f"smoothing-{smoothing}", X, targets, label_smoothing=smoothing)
        bad("scalar", 1.0, 0)
        bad("no-rows", np.zeros((0, 3)), np.zeros(0, int))
        bad("no-rows-none", np.zeros((0, 3)), np.zeros(0, int), reduction="none")
        bad("no-classes", np.zeros((2, 0)), np.zeros(2, int))
        bad("no-elements", np.zeros(0), np.zeros(0))
    return made


def errors(backend: Any) -> Iterator[Item]:
    kinds = {
        **dict.fromkeys(fastact.activations, bad_activation),
        **dict.fromkeys(GATED, bad_gated),
        **dict.fromkeys((*LIKE_X, *PER_ROW), bad_rows),
        **dict.fromkeys(LOSSES, bad_losses),
    }
    for name, make in kinds.items():
        f = getattr(backend, name)
        groups: dict[str, list[Callable[[], Any]]] = {}
        for label, call in make(f).items():
            groups.setdefault("-".join(label.split("-")[:2]).replace(" ", ""), []).append(call)

        for label, calls in groups.items():

            def run(d: Digest, calls: list[Callable[[], Any]] = calls) -> None:
                for call in calls:
                    d.call(call)

            yield f"error {backend.name} {name} {label}", run

    def lookups(d: Digest) -> None:
        for name in ("relu", "swish", "nothing", "Relu", "softmax", "glu", "__len__", ""):
            d.call(lambda name=name: getattr(backend, name).__name__)
            d.call(lambda name=name: fastact.get(name).__name__)
        d.call(fastact.get, None)
        d.call(fastact.get, fastact.relu)
        for name in ("nothing", "", "neon", None):
            d.call(fastact.backends.load, name)
        for n in (0, -1, 1.0, "2", True, None):
            d.call(fastact.set_num_threads, n)
            d.call(lambda n=n: fastact.num_threads(n).__enter__())

    yield f"error {backend.name} look-ups", lookups


# ---- public names ---------------------------------------------------------------------------------------------------


def signature_of(value: Any) -> str:
    try:
        return re.sub(r"\bfastact(?:\.\w+)*\.(\w+)", r"\1", str(inspect.signature(value)))
    except (TypeError, ValueError) as error:
        return told(error)


def kind_of(value: Any) -> str:
    if isinstance(value, fastact.Activation):
        return "activation"
    return "class" if inspect.isclass(value) else "function" if inspect.isroutine(value) else "object"


def public(value: Any) -> list[str]:
    return [name for name in dir(value) if not name.startswith("_") and hasattr(value, name)]


def api(name: str, value: Any, full: bool = True) -> Iterator[Item]:
    """Kind and signature, and those of the methods; of objects also what they say of themselves. Docstrings apart."""

    def run(d: Digest) -> None:
        d.add(kind_of(value))
        if callable(value):
            d.add(signature_of(value))
        for attribute in public(value):
            found = inspect.getattr_static(value, attribute)
            d.add(attribute, kind_of(found) if callable(found) else "attribute")
            if callable(getattr(value, attribute, None)):
                d.add(signature_of(getattr(value, attribute)))
        if kind_of(value) in ("activation", "object"):
            for attribute in ("name", "__name__", "__qualname__", "backend"):
                d.add(str(getattr(value, attribute, None)))
            d.add(repr(value))
        if kind_of(value) == "activation":
            d.add(repr(value.info), repr(dict(value.params)))
        if kind_of(value) in ("activation", "object") and callable(value):
            d.call(lambda: (copy.copy(value) is value, copy.deepcopy(value) is value))
            d.call(lambda: repr(pickle.loads(pickle.dumps(value))))

    yield f"api {name}", run
    if not full:
        return
    documented = {name: value, **{f"{name}.{attribute}": getattr(value, attribute) for attribute in public(value)}}
    for place, found in documented.items():
        if place == name or callable(found):
            yield f"doc {place}", lambda d, found=found: d.add(inspect.getdoc(found))


def interface(backends: list[Any]) -> Iterator[Item]:
    names = [name for name in public(fastact) if not isinstance(getattr(fastact, name), ModuleType)]
    yield "api names", lambda d: d.add(*names)
    yield "api version", lambda d: d.add(fastact.__version__)
    yield "doc fastact", lambda d: d.add(fastact.__doc__)
    for name in names:
        value = getattr(fastact, name)
        if name == "activations":
            yield "api activations", lambda d, value=value: d.add(*value, *map(repr, value.values()))
        else:
            yield from api(name, value)
    for name in ("available", "load"):
        yield from api(f"backends.{name}", getattr(fastact.backends, name))
    yield "api backends.available()", lambda d: d.add(*fastact.backends.available())
    for backend in backends:
        yield (
            f"api {backend.name}",
            lambda d, backend=backend: d.add(backend.name, backend.build, repr(backend), *names_of(backend)),
        )
        for name in names_of(backend):
            yield from api(f"{backend.name} {name}", getattr(backend, name), full=False)


def names_of(backend: Any) -> list[str]:
    return [*fastact.activations, *GATED, *LIKE_X, *PER_ROW, *LOSSES]


# ---- machine code ---------------------------------------------------------------------------------------------------

#: Cython's own functions and the C runtime's are no business of ours.
OWN = re.compile(r"^(?:__pyx_f_|fastact_)")


def module_of(backend: str) -> Path | None:
    """The compiled module of a backend, wherever in the package it lies; of several copies of it in the first."""
    for folder in fastact.__path__:
        found = [path for path in Path(folder).rglob(f"_{backend}.*") if path.suffix in (".so", ".pyd")]
        if len(found) > 1:
            raise RuntimeError(f"more than one module of {backend}: {', '.join(map(str, sorted(found)))}")
        if found:
            return found[0]
    return None


def bare(symbol: str) -> str:
    """A symbol without the module that Cython puts in front, as in __pyx_f_5loops_relu_forward_float32."""
    rest = symbol.removeprefix("__pyx_f_")
    while rest != symbol and (length := re.match(r"\d+", rest)):
        rest = rest[length.end() + int(length[0]) + 1 :]
    return rest.split("@")[0]


class Constants:
    """What lies in a shared library's read-only data: tables by symbol, and bytes by address."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        headers = machine_code.objdump(path, "-h")
        section = r"^ *\d+ (\.rodata\S*) +([0-9a-f]+) +([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+)"
        self._sections = [tuple(int(n, 16) for n in found[1:]) for found in re.findall(section, headers, re.MULTILINE)]
        table = machine_code.objdump(path, "-t")
        symbol = r"^([0-9a-f]+) .{7} \.rodata\S*\t([0-9a-f]+)"
        self._symbols = [(int(at, 16), int(size, 16)) for at, size in re.findall(symbol, table, re.MULTILINE)]

    def read(self, address: int, size: int) -> str:
        for length, start, offset in self._sections:
            if start <= address < start + length:
                at = offset + address - start
                return hashlib.sha256(self._data[at : at + size]).hexdigest()[:8]
        return "variable"

    def table(self, address: int) -> str:
        """The whole table that an address lies in."""
        for start, size in self._symbols:
            if start <= address < start + size:
                return f"{self.read(start, size)}+{address - start}"
        return "address"


_REGISTERS = {"zmm": 64, "ymm": 32, "xmm": 16}
_NARROW = re.compile(r"v?(?:cvt|u?comis|pmov[sz]x|p?broadcast|mov[dq]$|movddup|mov[lh]p|pinsr|insert|ps[lr][la])")
_SUFFIXES = {"ss": 4, "sd": 8, "b": 1, "w": 2, "l": 4, "q": 8}


def operand_size(mnemonic: str, operands: str) -> int:
    """Bytes that an instruction reads of memory: a guess at the operand's type. Too few for what is rare, never too many."""
    widths = [_REGISTERS[name] for name in re.findall(r"%([xyz]mm)\d", operands)]
    if repeats := re.search(r"\{1to(\d+)\}", operands):
        return max(widths) // int(repeats[1])
    if part := re.match(r"vbroadcast[fi](\d+)x(\d+)", mnemonic):
        return int(part[1]) * int(part[2]) // 8
    if not widths or _NARROW.match(mnemonic):
        scalar = re.search(r"(ss|sd)(?:2|$)", mnemonic) or re.search(r"([bwlq])$", mnemonic)
        return _SUFFIXES[scalar[1]] if scalar else 4
    scalar = re.match(r"v?[^p].*(ss|sd)$", mnemonic)
    return _SUFFIXES[scalar[1]] if scalar else max(widths)


_ARM_SIZES = {"q": 16, "d": 8, "s": 4, "h": 2, "b": 1, "x": 8, "w": 4}
_ARM_LOAD = re.compile(r"((\w)\d+(?:, \w\d+)?), \[(x\d+)(?:, #(\d+))?\]$")
_ARM_ADDRESS = re.compile(r"(x\d+), (x\d+), #0x([0-9a-f]+)$")


def arm_constants(lines: list[machine_code.Line], constants: Constants) -> dict[int, str]:
    """Instructions that load from read-only data, by address: one forms the address of a page, another loads what lies there."""
    told_, pages = {}, {}
    for address, mnemonic, operands in lines:
        load, sum_ = _ARM_LOAD.match(operands), _ARM_ADDRESS.match(operands)
        if mnemonic.startswith("ld") and load and load[3] in pages:
            size = _ARM_SIZES[load[2]] * (1 + ("," in load[1]))
            told_[address] = f"{mnemonic} {load[1]}, [{constants.read(pages[load[3]] + int(load[4] or 0), size)}]"
        elif mnemonic == "add" and sum_ and sum_[2] in pages:
            told_[address] = f"{mnemonic} {sum_[1]}, {constants.table(pages[sum_[2]] + int(sum_[3], 16))}"
        if not mnemonic.startswith("st") and (changed := re.match(r"x\d+\b", operands)):
            pages.pop(changed[0], None)
        if mnemonic == "adrp":
            register, page = operands.split(" <")[0].split(", ")
            pages[register] = int(page, 16)
            told_[address] = f"adrp {register}"
    return told_


def normalised(function: machine_code.Function, constants: Constants) -> Iterator[str]:
    """Its instructions without addresses: jumps by how many instructions, calls by name, constants by value."""
    lines = [line for line in function.lines if not re.match(r"nop|data16|cs$|xchg %ax,%ax", f"{line[1]} {line[2]}")]
    addresses = [address for address, _, _ in lines]
    index = {address: i for i, address in enumerate(addresses)}
    loaded = arm_constants(lines, constants)
    for i, (address, mnemonic, operands) in enumerate(lines):
        if address in loaded:
            yield loaded[address]
            continue
        if not re.search(r"[0-9a-f]+ <", operands):
            yield f"{mnemonic} {operands}"
            continue
        target = int(re.search(r"([0-9a-f]+) <", operands)[1], 16)
        if "(%rip)" in operands:
            told_ = operands.partition("#")[0].strip()
            value = (
                constants.table(target) if mnemonic.startswith("lea") else constants.read(target, operand_size(mnemonic, told_))
            )
            yield f"{mnemonic} {re.sub(r'-?(?:0x)?[0-9a-f]+[(]%rip[)]', f'[{value}]', told_)}"
        elif function.lines[0][0] <= target <= function.lines[-1][0]:
            after = target if target in index else next((a for a in addresses if a > target), addresses[-1])
            yield f"{mnemonic} {index[after] - i:+d}"
        else:
            name, _, offset = re.search(r"<([^>]+)>", operands)[1].partition("+")
            yield f"{mnemonic} {bare(name)}{'+' if offset else ''}"


def code(backend: str, path: Path) -> Iterator[Item]:
    functions = machine_code.functions(path)
    constants = Constants(path)
    for symbol, function in functions.items():
        if OWN.match(symbol) and function.lines:

            def run(d: Digest, function: machine_code.Function = function) -> None:
                for line in normalised(machine_code.followed(function, functions), constants):
                    d.add(line)

            yield f"code {backend} {bare(symbol)}", run


# ---- files ----------------------------------------------------------------------------------------------------------


KINDS = {"bits", "error", "api", "doc", "code"}


def environment() -> list[str]:
    """What else the bits may depend on."""
    return [
        f"# Python {platform.python_version()}, NumPy {np.__version__}, ml_dtypes {ml_dtypes.__version__}, {platform.machine()}",
        f"# backends {', '.join(fastact.backends.available())}",
    ]


def items(names: list[str], kinds: set[str]) -> Iterator[Item]:
    """Everything of these kinds, of these backends."""
    backends = [fastact.backends.load(name) for name in names]
    if kinds & {"api", "doc"}:
        yield from interface(backends)
    for backend in backends:
        if "bits" in kinds:
            yield from itertools.chain(elementwise(backend), row_functions(backend), losses(backend))
        if "error" in kinds:
            yield from errors(backend)
        path = module_of(backend.name)
        if "code" in kinds and machine_code.OBJDUMP and path:
            yield from code(backend.name, path)


def digests(names: list[str], with_code: bool = True, only: str = "") -> dict[str, str]:
    """The hashes by key, of these backends and of keys with `only` in them; where it begins with a kind, of this alone."""
    kinds = {only.partition(" ")[0]} & KINDS
    found: dict[str, str] = {}
    # to make the inputs numbers may overflow; `Digest.call` sees to it that no call does
    with fastact.num_threads(1), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning counts as an error: it is behaviour, too
        for key, run in items(names, (kinds or KINDS) - ({"code"} if not with_code else set())):
            if only not in key:
                continue
            if key in found:
                raise RuntimeError(f"two items with the key {key!r}")
            digest = Digest()
            run(digest)
            found[key] = str(digest)
    return found


def read(path: Path) -> tuple[list[str], dict[str, str]]:
    lines = path.read_text().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return [line for line in lines if line.startswith("#")], dict(pairs)


def compare(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What is missing, new or different, by key."""
    found = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            what = "new" if key not in before else "missing" if key not in after else "different"
            found.append(f"{what:<9} {key}")
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Digest what a build of fastact does, or compare two digests.")
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="write the digest of the installed build")
    write.add_argument("file", type=Path)
    write.add_argument("--backend", action="append", help="of this backend alone; may be given more than once")
    write.add_argument("--no-code", action="store_true", help="leave out the machine code")
    write.add_argument("--only", default="", help="of the keys with this in them, as in --only 'bits avx2 gelu'")
    comparison = commands.add_parser("compare", help="what differs between two digests; exit status 1 if anything does")
    comparison.add_argument("before", type=Path)
    comparison.add_argument("after", type=Path)
    given = parser.parse_args(arguments)
    if given.command == "write":
        start = time.perf_counter()
        found = digests(given.backend or list(fastact.backends.available()), not given.no_code, given.only)
        lines = [*environment(), *(f"{key} {value}" for key, value in sorted(found.items()))]
        given.file.write_text("\n".join(lines) + "\n")
        sys.stdout.write(f"{len(found)} items in {time.perf_counter() - start:.0f} s\n")
        return 0
    (where, before), (there, after) = read(given.before), read(given.after)
    differences = compare(before, after)
    for line in (*(f"note: {a}  {b}" for a, b in zip(where, there, strict=False) if a != b), *differences):
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{len(before)} items before, {len(after)} after, {len(differences)} of them not the same\n")
    return bool(differences)


if __name__ == "__main__":
    sys.exit(main())
