"""The arithmetic of the row functions and losses on plain NumPy; what a call means is in `rows.py` and `losses.py`.

The functions get checked arrays of any layout and supported dtype, with at least one axis and one element, `axis` counted from 0,
and fill the outputs, which share memory with an input only where they are that very array. Here they work on blocks of rows, or
on pieces of one long row, in float64, so that no temporary grows with the arrays. A result is rounded once, to the dtype that
belongs to the inputs; an output of another dtype gets that rounded number.

Where one element of a row dominates, 1 plus the sum of the others would lose their digits: so that sum is kept apart from the 1.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from ...calls.elementwise import is_bfloat16, supported
from ...calls.rows import apart, computed_dtype, result_dtype
from .elementwise import UfuncLike

Array = np.ndarray
_BLOCK = 1 << 15  # elements: a block in float64 and its temporaries stay in the second- or third-level cache
_Function = TypeVar("_Function", bound=Callable[..., None])


def _quiet(function: _Function) -> _Function:
    """No floating-point warning comes of what is computed."""

    @functools.wraps(function)
    def quiet(*arguments: Any, **keywords: Any) -> None:
        with np.errstate(all="ignore"):
            function(*arguments, **keywords)

    return quiet  # type: ignore[return-value]


# ---- rows and blocks of them ----------------------------------------------------------------------------------------


def _along(axis: int, *arrays: Any) -> list[Any]:
    """Views with this axis last and at least one axis more; None, scalars and "causal" as they are."""
    return [
        array if not isinstance(array, Array) else array[np.newaxis] if array.ndim == 1 else np.moveaxis(array, axis, -1)
        for array in arrays
    ]


def _per_row(*arrays: Any) -> list[Any]:
    """What has one element per row, with at least one axis."""
    return [array[np.newaxis] if isinstance(array, Array) and array.ndim == 0 else array for array in arrays]


class _Block:
    """Some rows, or one long one: their place among the leading axes, and the pieces of the axis to take in turn."""

    def __init__(self, place: tuple[Any, ...], pieces: list[slice], length: int) -> None:
        self.place, self.pieces, self.length = place, pieces, length

    def read(self, array: Array, piece: slice) -> Array:
        """A copy in float64 and C order, so that sums don't depend on the layout."""
        return array[(*self.place, ..., piece)].astype(np.float64, order="C")

    def per_row(self, array: Array) -> Array:
        """The elements of an array with one per row, to go with those of a piece."""
        return array[(*self.place, ..., np.newaxis)]

    def write(self, out: Array, piece: slice, values: Array, dtype: np.dtype[Any]) -> None:
        """Round to `dtype`, then store."""
        np.copyto(out[(*self.place, ..., piece)], values.astype(dtype, copy=False), casting="unsafe")

    def store(self, out: Array, values: Array, dtype: np.dtype[Any]) -> None:
        """The same for one element per row."""
        np.copyto(out[(*self.place, ...)], values[..., 0].astype(dtype, copy=False), casting="unsafe")

    def columns(self, piece: slice) -> Array:
        return np.arange(*piece.indices(self.length))

    def taking(self, mask: Any, piece: slice, shape: tuple[int, ...]) -> Array | None:
        """Which elements a boolean or the causal mask lets take part, or None for all."""
        if isinstance(mask, str):
            row = np.broadcast_to(np.arange(shape[-2]), shape[:-1])
            return self.columns(piece) <= self.per_row(row)
        if mask is not None and mask.dtype == bool:
            return mask[(*self.place, ..., piece)]  # type: ignore[no-any-return]
        return None


def _blocks(shape: tuple[int, ...]) -> Iterator[_Block]:
    """The rows along the last axis of this shape in blocks of about _BLOCK elements."""
    *lead, length = shape
    pieces = [slice(i, i + _BLOCK) for i in range(0, length, _BLOCK)] if length > _BLOCK else [slice(None)]
    room = max(_BLOCK // length, 1)
    split, inner = len(lead), 1
    while split and inner * lead[split - 1] <= room:
        split -= 1
        inner *= lead[split]
    if not split:
        yield _Block((), pieces, length)
        return
    step = room // inner
    for outer in np.ndindex(*lead[: split - 1]):
        for start in range(0, lead[split - 1], step):
            yield _Block((*outer, slice(start, start + step)), pieces, length)


# ---- softmax and what it is made of ---------------------------------------------------------------------------------


class _Exponentials:
    """Of a block of rows z = scale*x + mask: the largest z, and the sum of e^(z - largest) without one of the largest.

    Attributes
    ----------
    largest : ndarray
        Per row; NaN where the row has one.
    others : ndarray
        The sum of all e^(z - largest) but that of the first of the largest elements. NaN in rows with a NaN or inf, or of
        -inf alone.
    """

    def __init__(self, block: _Block, x: Array, scale: float = 1.0, mask: Any = None, dtype: Any = None) -> None:
        self.block, self._x, self._scale, self._mask = block, x, scale, mask
        self._computed = computed_dtype(x.dtype if dtype is None else dtype)
        self._kept: Any = None
        self._first: Any = -1
        self.largest: Any = -np.inf
        for piece in block.pieces:
            z = self._logits(piece)
            top = np.maximum.reduce(z, axis=-1, keepdims=True)
            at = np.argmax(z, axis=-1, keepdims=True) + (piece.start or 0)
            self._first = np.where((top > self.largest) | (self._first < 0), at, self._first)
            self.largest = np.maximum(self.largest, top)
            self._kept = (z, None) if len(block.pieces) == 1 else None
        total: Any = 0.0
        for piece in block.pieces:
            total = total + np.add.reduce(np.where(self.is_largest(piece), 0, self.of(piece)[1]), axis=-1, keepdims=True)
        self.others = np.where(np.isfinite(self.largest), total, np.nan)

    def _logits(self, piece: slice) -> Array:
        z = self.block.read(self._x, piece)
        mask = self._mask
        additive = isinstance(mask, Array) and mask.dtype != bool
        if self._scale != 1:
            z *= np.float64(self._computed.type(self._scale))
        if additive:
            z += mask[(*self.block.place, ..., piece)].astype(self._computed, copy=False)
        if (self._scale != 1 or additive) and self._computed != np.float64:
            z = z.astype(self._computed).astype(np.float64)
        taking = self.block.taking(mask, piece, self._x.shape)
        if taking is not None:
            np.copyto(z, -np.inf, where=~taking)
        return z

    def is_largest(self, piece: slice) -> Array:
        """Where the element is that `others` leaves out."""
        return self.block.columns(piece) == self._first  # type: ignore[no-any-return]

    def of(self, piece: slice) -> tuple[Array, Array]:
        """z - largest, and its exponential. A block of one piece remembers them."""
        if self._kept is not None and self._kept[1] is not None:
            return self._kept  # type: ignore[no-any-return]
        wide = self._kept[0] if self._kept is not None else self._logits(piece)
        z = wide - self.largest
        e = np.exp(z)
        if self._computed == np.float64:
            # The difference's own rounding error, without which the exponential's error would grow with its argument.
            back = z + self.largest
            lost = (wide - back) + ((back - z) - self.largest)
            e += e * np.where(np.isfinite(lost), lost, 0)
        if self._kept is not None:
            self._kept = (z, e)
        return z, e


def total(losses: Array) -> Any:
    """The sum of numbers in float64."""
    return np.add.reduce(losses, axis=None)


@_quiet
def softmax(x: Array, out: Array, axis: int, scale: float, mask: Any, empty: str, log: bool) -> None:
    dtype = result_dtype(x.dtype)
    x, out, mask = _along(axis, x, out, mask)
    for block in _blocks(x.shape):
        row = _Exponentials(block, x, scale, mask)
        total = np.log1p(row.others) if log else 1 + row.others
        none = row.largest == -np.inf
        for piece in block.pieces:
            z, e = row.of(piece)
            y = np.where(np.isfinite(row.largest), z - total, np.nan) if log else e / total
            if empty == "zero":
                np.copyto(y, -np.inf if log else 0, where=none)
            elif empty == "uniform":
                np.copyto(y, -np.log(block.length) if log else 1 / block.length, where=none)
            block.write(out, piece, y, dtype)


def _take_part(values: Array, block: _Block, mask: Any, piece: slice, shape: tuple[int, ...]) -> Array:
    """The values with 0 where a mask leaves the element out."""
    taking = block.taking(mask, piece, shape)
    if taking is not None:
        np.copyto(values, 0, where=~taking)
    return values


def _clear_masked(values: Array, block: _Block, mask: Any, piece: slice, shape: tuple[int, ...]) -> Array:
    """The gradients with 0 where the element is masked, by -inf in an additive mask too."""
    if isinstance(mask, Array) and mask.dtype != bool:
        np.copyto(values, 0, where=block.read(mask, piece) == -np.inf)
        return values
    return _take_part(values, block, mask, piece, shape)


@_quiet
def softmax_backward(dy: Array, y: Array, out: Array, axis: int, scale: float, mask: Any, log: bool) -> None:
    dtype = result_dtype(dy.dtype, y.dtype)
    factor = np.float64(computed_dtype(dtype).type(scale))
    dy, y, out, mask = _along(axis, dy, y, out, mask)
    for block in _blocks(y.shape):
        total: Any = 0.0
        for piece in block.pieces:
            terms = block.read(dy, piece)
            if not log:
                terms *= block.read(y, piece)
            terms = _take_part(terms, block, mask, piece, y.shape)
            total = total + np.add.reduce(terms, axis=-1, keepdims=True)
        for piece in block.pieces:
            g, saved = block.read(dy, piece), block.read(y, piece)
            dx = factor * (g - np.exp(saved) * total if log else saved * (g - total))
            block.write(out, piece, _clear_masked(dx, block, mask, piece, y.shape), dtype)


@_quiet
def logsumexp(x: Array, out: Array, axis: int, scale: float, mask: Any) -> None:
    dtype = result_dtype(x.dtype)
    (x, mask), (out,) = _along(axis, x, mask), _per_row(out)
    for block in _blocks(x.shape):
        row = _Exponentials(block, x, scale, mask)
        y = np.where(np.isinf(row.largest), row.largest, row.largest + np.log1p(row.others))
        block.store(out, y, dtype)


@_quiet
def logsumexp_backward(dy: Array, x: Array, out: Array, axis: int, scale: float, mask: Any) -> None:
    dtype = result_dtype(dy.dtype, x.dtype)
    factor = np.float64(computed_dtype(dtype).type(scale))
    (x, out, mask), (dy,) = _along(axis, x, out, mask), _per_row(dy)
    for block in _blocks(x.shape):
        row = _Exponentials(block, x, scale, mask, dtype)
        g = block.per_row(dy).astype(np.float64) * factor
        for piece in block.pieces:
            dx = row.of(piece)[1] * (g / (1 + row.others))
            block.write(out, piece, _clear_masked(dx, block, mask, piece, x.shape), dtype)


# ---- sparsemax and maxout -------------------------------------------------------------------------------------------


@_quiet
def sparsemax(x: Array, out: Array, axis: int) -> None:
    """max(z - threshold, 0), the threshold such that the sum is 1.

    The sum as a function of the threshold is convex and piecewise linear, so Newton's steps from below the solution rise to it
    and end on it after as many steps as there are pieces at most; no row is sorted, nor copied.
    """
    dtype = result_dtype(x.dtype)
    x, out = _along(axis, x, out)
    for block in _blocks(x.shape):
        largest: Any = -np.inf
        for piece in block.pieces:
            z = block.read(x, piece)
            largest = np.maximum(largest, np.maximum.reduce(z, axis=-1, keepdims=True))
        only = z - largest if len(block.pieces) == 1 else None
        # With the largest element at 0, only elements above -1 can be positive.
        threshold, before = np.full(largest.shape, -1.0), np.full(largest.shape, -1)
        while True:
            count: Any = 0
            total: Any = 0.0
            for piece in block.pieces:
                z = block.read(x, piece) - largest if only is None else only
                above = z > threshold
                count = count + np.count_nonzero(above, axis=-1, keepdims=True)
                total = total + np.add.reduce(np.where(above, z, 0), axis=-1, keepdims=True)
            if (count == before).all():
                break
            threshold = np.maximum(threshold, (total - 1) / count)
            before = count
        for piece in block.pieces:
            z = block.read(x, piece) - largest if only is None else only
            y = np.where(np.isfinite(largest), np.maximum(z - threshold, 0), np.nan)
            block.write(out, piece, y, dtype)


@_quiet
def sparsemax_backward(dy: Array, y: Array, out: Array, axis: int) -> None:
    dtype = result_dtype(dy.dtype, y.dtype)
    dy, y, out = _along(axis, dy, y, out)
    for block in _blocks(y.shape):
        total: Any = 0.0
        count: Any = 0
        for piece in block.pieces:
            support = block.read(y, piece) != 0
            total = total + np.add.reduce(np.where(support, block.read(dy, piece), 0), axis=-1, keepdims=True)
            count = count + np.count_nonzero(support, axis=-1, keepdims=True)
        for piece in block.pieces:
            saved = block.read(y, piece)
            dx = np.where(saved == 0, 0, block.read(dy, piece) - total / count + 0 * saved)  # a NaN in y stays one
            block.write(out, piece, dx, dtype)


@_quiet
def maxout(x: Array, out: Array, axis: int) -> None:
    dtype = result_dtype(x.dtype)
    (x,), (out,) = _along(axis, x), _per_row(out)
    for block in _blocks(x.shape):
        largest: Any = None
        for piece in block.pieces:
            z = block.read(x, piece)
            top = np.take_along_axis(z, np.argmax(z, axis=-1, keepdims=True), axis=-1)
            largest = top if largest is None else np.where((top > largest) | np.isnan(top) & ~np.isnan(largest), top, largest)
        block.store(out, largest, dtype)


@_quiet
def maxout_backward(dy: Array, x: Array, out: Array, axis: int) -> None:
    dtype = result_dtype(dy.dtype, x.dtype)
    (x, out), (dy,) = _along(axis, x, out), _per_row(dy)
    for block in _blocks(x.shape):
        largest: Any = None
        for piece in block.pieces:
            z = block.read(x, piece)
            at = np.argmax(z, axis=-1, keepdims=True)
            top = np.take_along_axis(z, at, axis=-1)
            at = at + (piece.start or 0)
            if largest is None:
                largest, first = top, at
            else:
                better = (top > largest) | np.isnan(top) & ~np.isnan(largest)
                largest, first = np.where(better, top, largest), np.where(better, at, first)
        g = block.per_row(dy).astype(np.float64)
        for piece in block.pieces:
            block.write(out, piece, np.where(block.columns(piece) == first, g, 0), dtype)


# ---- losses ---------------------------------------------------------------------------------------------------------


@_quiet
def cross_entropy(
    x: Array,
    labels: Array,
    weight: Array | None,
    smoothing: float,
    factor: Array,
    loss: Array,
    dx: Array | None,
    axis: int,
) -> None:
    """Per row (1 - s) w_label nll(label) + s/n sum_j w_j nll(j), nll(j) = -log softmax(x)_j, and factor times its gradient."""
    dtype = result_dtype(x.dtype)
    (x, dx), (labels, factor, loss) = _along(axis, x, dx), _per_row(labels, factor, loss)
    n = x.shape[-1]
    spread = smoothing / n
    weights = np.ones(n) if weight is None else weight
    for block in _blocks(x.shape):
        row = _Exponentials(block, x)
        label = block.per_row(labels)
        ignored = label < 0
        label = np.where(ignored, 0, label)
        log_total = np.log1p(row.others)
        chosen = np.take_along_axis(x[(*block.place, ...)], label, axis=-1).astype(np.float64)
        kept = (1 - smoothing) * weights[label]
        value = kept * ((row.largest - chosen) + log_total)
        if smoothing:
            smooth: Any = 0.0
            for piece in block.pieces:
                smooth = smooth + np.add.reduce(weights[piece] * (log_total - row.of(piece)[0]), axis=-1, keepdims=True)
            value += spread * smooth
        np.copyto(value, 0, where=ignored)
        np.copyto(loss[(*block.place, ...)], value[..., 0])
        if dx is None:
            continue
        total = 1 + row.others
        pull = kept + spread * np.add.reduce(weights) if smoothing else kept
        g = block.per_row(factor)
        for piece in block.pieces:
            p = row.of(piece)[1] / total
            rest = spread * weights[piece] if smoothing else 0.0
            at_label = kept * np.where(row.is_largest(piece), -row.others / total, p - 1)
            if smoothing:
                at_label += (pull - kept) * p
            gradient = np.where(block.columns(piece) == label, at_label, pull * p) - rest
            block.write(dx, piece, np.where(ignored, 0, g * gradient), dtype)


@_quiet
def cross_entropy_probabilities(
    x: Array,
    targets: Array,
    weight: Array | None,
    smoothing: float,
    factor: Array,
    loss: Array,
    dx: Array | None,
    axis: int,
) -> None:
    """Per row sum_j u_j nll(j) with u_j = w_j ((1 - s) t_j + s/n), and factor times its gradient."""
    dtype = result_dtype(x.dtype)
    (x, targets, dx), (factor, loss) = _along(axis, x, targets, dx), _per_row(factor, loss)
    n = x.shape[-1]

    def shares(block: _Block, piece: slice) -> Array:
        u = block.read(targets, piece)
        if smoothing:
            u = (1 - smoothing) * u + smoothing / n
        return u if weight is None else u * weight[piece]

    for block in _blocks(x.shape):
        row = _Exponentials(block, x)
        log_total = np.log1p(row.others)
        value: Any = 0.0
        of_others: Any = 0.0  # the shares but that of the largest logit
        of_largest: Any = 0.0
        for piece in block.pieces:
            u, top = shares(block, piece), row.is_largest(piece)
            value = value + np.add.reduce(u * (log_total - row.of(piece)[0]), axis=-1, keepdims=True)
            of_others = of_others + np.add.reduce(np.where(top, 0, u), axis=-1, keepdims=True)
            of_largest = of_largest + np.add.reduce(np.where(top, u, 0), axis=-1, keepdims=True)
        np.copyto(loss[(*block.place, ...)], value[..., 0])
        if dx is None:
            continue
        total, pull = 1 + row.others, of_others + of_largest
        g = block.per_row(factor)
        for piece in block.pieces:
            gradient = np.where(
                row.is_largest(piece),
                of_others - pull * (row.others / total),
                pull * (row.of(piece)[1] / total) - shares(block, piece),
            )
            block.write(dx, piece, g * gradient, dtype)


@_quiet
def binary_cross_entropy(
    x: Array,
    targets: Array,
    weight: Array | None,
    pos_weight: Array | None,
    factor: float,
    loss: Array,
    dx: Array | None,
    axis: int | None,
) -> None:
    """w ((1 - t) softplus(x) + p t softplus(-x)), summed along `axis` unless that is None, and factor times its gradient."""
    dtype = result_dtype(x.dtype)
    summed = axis is not None
    x, targets, weight, pos_weight, dx = _along(axis if axis is not None else -1, x, targets, weight, pos_weight, dx)
    (loss,) = _per_row(loss) if summed else _along(-1, loss)
    for block in _blocks(x.shape):
        total: Any = 0.0
        for piece in block.pieces:
            z, t = block.read(x, piece), block.read(targets, piece)
            e = np.exp(-np.abs(z))
            tail = np.log1p(e)
            positive = t if pos_weight is None else t * block.read(pos_weight, piece)
            negative = 1 - t
            w = 1 if weight is None else block.read(weight, piece)
            # what has no share counts nothing, infinite or not
            below = np.where(negative == 0, 0, negative * (np.maximum(z, 0) + tail))
            above = np.where(positive == 0, 0, positive * (np.maximum(-z, 0) + tail))
            value = w * (below + above)
            if dx is not None:
                near, far = 1 / (1 + e), e / (1 + e)
                gradient = w * (negative * np.where(z < 0, far, near) - positive * np.where(z < 0, near, far))
                block.write(dx, piece, factor * gradient, dtype)
            if summed:
                total = total + np.add.reduce(value, axis=-1, keepdims=True)
            else:
                block.write(loss, piece, value, dtype)
        if summed:
            np.copyto(loss[(*block.place, ...)], total[..., 0])


# ---- as generalized ufuncs ------------------------------------------------------------------------------------------


class GeneralizedUfunc(UfuncLike):
    """A row function with the calling conventions of a generalized `np.ufunc`: broadcasting, `out`, `axis`, `dtype`.

    Parameters
    ----------
    name : str
        What error messages call it.
    signature : str
        The core dimensions: "(n),()->(n)" of (x, scale), or "(n)->()" of x alone.
    run : callable
        run(x, out, axis, *scale) fills `out`.
    """

    def __init__(self, name: str, signature: str, run: Callable[..., None]) -> None:
        super().__init__(name, 2 if "," in signature else 1, 1, signature)
        self._run = run
        self._reduces = signature.endswith("->()")

    def __call__(self, *inputs: Any, out: Any = None, axis: int = -1, dtype: Any = None) -> Any:
        (out,) = out if isinstance(out, tuple) else (out,)
        overridden = self._override(inputs, (out,), axis=axis, **({} if dtype is None else {"dtype": dtype}))
        if overridden is not None:
            return overridden[0]
        x, *scales = map(np.asarray, inputs)
        result = self._result_dtype(inputs, dtype)
        if dtype is not None or (scales and result != result_dtype(x.dtype)):
            with np.errstate(all="ignore"):
                x = x.astype(result, copy=False)
        of_x = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
        scale: list[Any] = [array[()] for array in scales]
        if scales and scales[0].ndim:
            # One for each row: the product is made first, and rounded as in the loop.
            rows = np.broadcast_shapes(x.shape[:of_x] + x.shape[of_x + 1 :], scales[0].shape)
            x = np.moveaxis(x, of_x, -1)
            computed = computed_dtype(result)
            with np.errstate(all="ignore"):
                factor = scales[0].astype(computed, copy=False).astype(np.float64)
                product = (x.astype(np.float64) * factor[..., np.newaxis]).astype(computed)
            x = np.moveaxis(np.broadcast_to(product, (*rows, x.shape[-1])), -1, axis)
            of_x = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
            scale = [1.0]
        shape = x.shape[:of_x] + x.shape[of_x + 1 :] if self._reduces else x.shape
        if out is not None and out.shape != shape:
            raise ValueError(f"{self.__name__}: out has shape {out.shape}, the result {shape}")
        if out is not None and not out.flags.writeable:
            raise ValueError(f"{self.__name__}: out is read-only")
        if out is not None and not np.can_cast(result, out.dtype, "same_kind"):
            raise TypeError(f"{self.__name__}: out has dtype {out.dtype}, to which {result} can't be cast")
        (x,) = apart(out, x)
        filled = np.empty(shape, result) if out is None else out
        if x.size:
            self._run(x, filled, of_x, *map(float, scale))
        elif self._reduces and filled.size:
            if self.__name__ == "maxout":
                raise ValueError("maxout: a row of no elements has no maximum")
            filled.fill(-np.inf)
        return out if out is not None else self._wrap(filled, inputs, 0)

    def _result_dtype(self, inputs: tuple[Any, ...], dtype: Any) -> np.dtype[Any]:
        """Python numbers are weak; beside 16-bit arrays the scale is float32, as parameters are."""
        found = [np.asarray(value).dtype for value in inputs if type(value) not in (bool, int, float)] or [np.dtype(np.float64)]
        if dtype is not None:
            found = [np.dtype(dtype)]
        for one in found:
            if not supported(one) or (dtype is not None and one.kind in "iub"):
                raise TypeError(f"{self.__name__}: no loop for dtype {one}")
        if len(found) == 2 and found[1] == np.float32 and (found[0] == np.float16 or is_bfloat16(found[0])):
            del found[1]
        return result_dtype(*found)


def gufuncs(rows: Any) -> dict[str, GeneralizedUfunc]:
    """The generalized ufuncs over an object with the functions of this module, by name."""

    def of_softmax(log: bool) -> Callable[..., None]:
        return lambda x, out, axis, scale: rows.softmax(x, out, axis, scale, None, "nan", log)

    made = (
        GeneralizedUfunc("softmax", "(n),()->(n)", of_softmax(False)),
        GeneralizedUfunc("log_softmax", "(n),()->(n)", of_softmax(True)),
        GeneralizedUfunc("logsumexp", "(n),()->()", lambda x, out, axis, scale: rows.logsumexp(x, out, axis, scale, None)),
        GeneralizedUfunc("sparsemax", "(n)->(n)", rows.sparsemax),
        GeneralizedUfunc("maxout", "(n)->()", rows.maxout),
    )
    return {one.__name__: one for one in made}


_GUFUNCS = gufuncs(sys.modules[__name__])


def gufunc(name: str) -> GeneralizedUfunc:
    """The generalized ufunc of this name."""
    return _GUFUNCS[name]
