"""Arrays of any dtype, layout and values, between bytes that nobody may write to."""

import contextlib
import functools
import warnings

import ml_dtypes
import numpy as np
from dtypes import SUPPORTED, UNSUPPORTED

GUARD = 64  # bytes in front of an array and behind it
FILLED = 0xA5  # what stands in them, and between elements that are apart
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOATS = [*map(np.dtype, ("f4", "f8", "f2")), BFLOAT16]
COMMON = [*map(np.dtype, ("f4", "f4", "f4", "f8", "f8", "f2", "i4", "i8", "i1", "u1", "?")), BFLOAT16]
INTEGERS = [dtype for dtype in SUPPORTED if dtype.kind in "iu"]
MASKS = [np.dtype(bool), *FLOATS]


class Subclass(np.ndarray):
    """A subclass that does nothing."""


# ---- values -----------------------------------------------------------------------------------------------------------


@functools.cache
def _numbers(kind):
    rng = np.random.default_rng(7)
    size = 20_000
    if kind == "tame":
        return np.concatenate([[0.0, -0.0, 1.0, -1.0], rng.normal(scale=2.0, size=size)])
    if kind == "whole":
        return rng.integers(-5, 6, size).astype(float)
    if kind == "positive":
        return np.abs(rng.normal(size=size)) + 1e-3
    if kind == "labels":
        return rng.integers(0, 1000, size).astype(float)
    special = [
        np.nan,
        np.inf,
        -np.inf,
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        65504,
        3e38,
        -3e38,
        1e308,
        -1e308,
        1e-40,
        5e-324,
        -1e-310,
        6e-8,
    ]
    with np.errstate(all="ignore"):
        spread = np.exp2(rng.uniform(-1074, 1023, size // 2))
    return np.concatenate([rng.choice(special, size // 2), rng.choice([-1, 1], size // 2) * spread])


@functools.cache
def _pool(kind, dtype):
    """Numbers of this kind as elements of this dtype; bytes without meaning where it has none, and for "bytes"."""
    if kind == "bytes" and in_block(dtype) and dtype.kind != "U":
        return np.random.default_rng(9).integers(0, 256, 20_000 * dtype.itemsize, np.uint8).view(dtype)
    values = _numbers("wild" if kind == "bytes" else kind)
    if dtype.kind in "iub" and kind in ("wild", "bytes"):
        return _pool("bytes", dtype)
    if dtype.kind == "u":
        values = np.abs(values)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        with contextlib.suppress(TypeError, ValueError):
            return values.astype(dtype)
    return np.zeros(values.size, dtype)


def numbers(draw, kind, dtype, size):
    """A stretch of a pool."""
    pool = _pool(kind, dtype)
    if size > len(pool):
        return np.resize(pool, size)
    start = draw.randrange(len(pool) - size + 1)
    return pool[start : start + size]


# ---- memory -----------------------------------------------------------------------------------------------------------


class Block:
    """Memory with one or several arrays in it. Nothing but the elements of an `out` may change."""

    def __init__(self, size):
        self.bytes = np.full(size, FILLED, np.uint8)
        self.may_change = None

    def hold(self):
        """Remember what is there now."""
        self.before = self.bytes.copy()

    def holds(self, array):
        """Whether the array stands in this block, one without elements too."""
        start = array.__array_interface__["data"][0] - self.bytes.__array_interface__["data"][0]
        return 0 <= start < self.bytes.size

    def restore(self):
        self.bytes[:] = self.before

    def allow(self, view, where=None):
        """The elements of this array may be written to."""
        if self.may_change is None:
            self.may_change = np.zeros(self.bytes.size, bool)
        start = view.__array_interface__["data"][0] - self.bytes.__array_interface__["data"][0]
        places = np.ndarray((*view.shape, view.itemsize), bool, self.may_change, start, (*view.strides, 1))
        places[...] = True if where is None else where[..., np.newaxis]

    def written(self, allowed):
        """Whether bytes have changed: any, or those that may not."""
        changed = self.bytes != self.before
        if not changed.any():
            return False
        return not allowed or self.may_change is None or bool((changed & ~self.may_change).any())


LAYOUTS = ("C", "F", "apart", "backwards", "bytes apart", "permuted", "misaligned", "repeated")


def strides_of(draw, layout, shape, itemsize):
    """The strides of such an array, and by how many bytes it is off."""
    order = list(range(len(shape)))[::-1]
    step, gap, off = itemsize, 0, 0
    if layout == "F":
        order.reverse()
    elif layout == "permuted":
        draw.shuffle(order)
    elif layout == "misaligned":
        off = draw.randrange(1, 1 + max(1, itemsize - 1))
    elif layout == "bytes apart":
        step = itemsize + draw.randrange(1, 4)
    elif layout in ("apart", "backwards"):
        step, gap = itemsize * draw.choice((1, 2, 3)), itemsize * draw.choice((0, 1, 5))
    strides = [0] * len(shape)
    for axis in order:
        strides[axis] = step
        step = step * max(1, shape[axis]) + gap
    if layout == "backwards":
        strides = [-stride if draw.random() < 0.6 else stride for stride in strides]
    elif layout == "repeated":
        strides = [0 if draw.random() < 0.5 else stride for stride in strides]
    return strides, off


def place(block, start, shape, dtype, strides):
    """An array in the block; `start` is where its first byte in memory is."""
    start += sum(-stride * max(0, n - 1) for stride, n in zip(strides, shape, strict=True) if stride < 0)
    return np.ndarray(shape, dtype, block.bytes, start, strides)


def extent(shape, strides, itemsize):
    """How many bytes such an array spans."""
    return sum(abs(stride) * max(0, n - 1) for stride, n in zip(strides, shape, strict=True)) + itemsize


def guarded(draw, shape, dtype, layout="C", room=0):
    """An array in a block of its own, with so much room on both sides."""
    strides, off = strides_of(draw, layout, shape, dtype.itemsize)
    size = extent(shape, strides, dtype.itemsize)
    front = GUARD + -(-room // GUARD) * GUARD
    block = Block(2 * front + size + off)
    return place(block, front + off, shape, dtype, strides), block


def fill(draw, array, kind):
    array[...] = numbers(draw, kind, array.dtype, array.size).reshape(array.shape)


def owned(draw, shape, dtype, kind):
    """A plain array: what may be resized, and what can't stand in a block."""
    return numbers(draw, kind, dtype, int(np.prod(shape))).copy().reshape(shape)


def in_block(dtype):
    return not dtype.hasobject and dtype.char not in "T\0" and dtype.itemsize > 0


def any_dtype(draw):
    return draw.choice(UNSUPPORTED if draw.random() < 0.8 else SUPPORTED)
