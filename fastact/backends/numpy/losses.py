"""The arithmetic of the losses on plain NumPy. `calls/losses.py` says what a call means, `rows.py` what arrays they get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...calls.arrays import Array, result_dtype
from ...calls.sums import without_unit_axes
from .batches import Batch, Exponentials, along, batches, per_row, quiet, take_last


def total(losses: Array) -> Any:
    """The sum of numbers in float64."""
    return np.add.reduce(losses, axis=None)


@quiet
def cross_entropy(
    x: Array,
    labels: Array,
    weight: Array | None,
    smoothing: float,
    mask: Array | None,
    factor: Array,
    loss: Array,
    dx: Array | None,
    axis: int,
) -> None:
    """Per row (1 - s) w_label nll(label) + s/n sum_j w_j nll(j), nll(j) = -log softmax(x)_j, and factor times its gradient."""
    dtype = result_dtype(x.dtype)
    (x, mask, dx), (labels, factor, loss) = along(axis, x, mask, dx), per_row(labels, factor, loss)
    n = x.shape[-1]
    spread = smoothing / n
    weights = np.ones(n, np.float64) if weight is None else weight
    for batch in batches(x.shape):
        row = Exponentials(batch, x, mask=mask)
        label = batch.per_row(labels)
        ignored = label < 0
        label = np.where(ignored, 0, label)
        log_total = np.log1p(row.others)
        kept = (1 - smoothing) * weights[label]
        value = _shared(kept, (row.largest - row.at(label)) + log_total)
        if smoothing:
            smooth: Any = 0.0
            for segment in batch.segments:
                terms = _shared(np.broadcast_to(weights[segment], row.of(segment)[0].shape), log_total - row.of(segment)[0])
                smooth = smooth + np.add.reduce(terms, axis=-1, keepdims=True)
            value += spread * smooth
        np.copyto(value, 0, where=ignored)
        np.copyto(loss[(*batch.place, ...)], value[..., 0])
        if dx is None:
            continue
        g = np.where(ignored, 0, batch.per_row(factor))
        if smoothing:

            def shares(segment: slice, batch: Batch = batch, kept: Array = kept, label: Array = label) -> Any:
                rest = spread * weights[segment]
                return np.where(batch.positions(segment) == label, kept + rest, rest)

            _write_gradient(batch, row, shares, g, mask, dx, dtype)
            continue
        total = 1 + row.others
        for segment in batch.segments:
            p = row.of(segment)[1] / total
            at_label = kept * np.where(row.is_largest(segment), -row.others / total, p - 1)
            gradient = np.where(batch.positions(segment) == label, at_label, kept * p)
            _write_segment(batch, segment, gradient, g, mask, dx, dtype)


@quiet
def cross_entropy_probabilities(
    x: Array,
    targets: Array,
    weight: Array | None,
    smoothing: float,
    mask: Array | None,
    factor: Array,
    loss: Array,
    dx: Array | None,
    axis: int,
) -> None:
    """Per row sum_j u_j nll(j) with u_j = w_j ((1 - s) t_j + s/n), and factor times its gradient."""
    dtype = result_dtype(x.dtype)
    (x, targets, mask, dx), (factor, loss) = along(axis, x, targets, mask, dx), per_row(factor, loss)
    n = x.shape[-1]
    for batch in batches(x.shape):

        def shares(segment: slice, batch: Batch = batch) -> Array:
            u = batch.read(targets, segment)
            if smoothing:
                u = (1 - smoothing) * u + smoothing / n
            return u if weight is None else u * weight[segment]

        row = Exponentials(batch, x, mask=mask)
        log_total = np.log1p(row.others)
        value: Any = 0.0
        for segment in batch.segments:
            value = value + np.add.reduce(_shared(shares(segment), log_total - row.of(segment)[0]), axis=-1, keepdims=True)
        value += 0 * log_total  # a NaN that has no share is one still
        np.copyto(loss[(*batch.place, ...)], value[..., 0])
        if dx is not None:
            _write_gradient(batch, row, shares, batch.per_row(factor), mask, dx, dtype)


def _shared(share: Array, value: Array) -> Array:
    """Their product; what has no share counts nothing, infinite or not."""
    return np.where(share == 0, 0, share * value)


def _write_gradient(
    batch: Batch,
    row: Exponentials,
    shares: Callable[[slice], Any],
    factor: Array,
    mask: Array | None,
    dx: Array,
    dtype: np.dtype[Any],
) -> None:
    """Write factor * (p sum(u) - u), the shares u of classes being given by segment.

    Where p is nearly 1 it is computed as p (sum(u) - u) - (1 - p) u: there is no difference of numbers that are nearly the same.
    """
    of_others: Any = 0.0  # the shares but that of the largest logit
    of_largest: Any = 0.0
    for segment in batch.segments:
        u, top = shares(segment), row.is_largest(segment)
        of_others = of_others + np.add.reduce(np.where(top, 0, u), axis=-1, keepdims=True)
        of_largest = of_largest + np.add.reduce(np.where(top, u, 0), axis=-1, keepdims=True)
    total, pull = 1 + row.others, of_others + of_largest
    for segment in batch.segments:
        gradient = np.where(
            row.is_largest(segment),
            (of_others - of_largest * row.others) / total,
            pull * (row.of(segment)[1] / total) - shares(segment),
        )
        _write_segment(batch, segment, gradient, factor, mask, dx, dtype)


def _write_segment(
    batch: Batch, segment: slice, gradient: Array, factor: Array, mask: Array | None, dx: Array, dtype: np.dtype[Any]
) -> None:
    """Write factor * gradient; rows whose factor is 0, and what a mask leaves out, get 0."""
    gradient = _shared(factor, gradient)
    if mask is not None:
        np.copyto(gradient, 0, where=batch.read(mask, segment) == (0 if mask.dtype == bool else -np.inf))
    batch.write(dx, segment, gradient, dtype)


@quiet
def nll_loss(
    log_probs: Array,
    labels: Array,
    weight: Array | None,
    factor: Array,
    loss: Array,
    dx: Array | None,
    axis: int,
) -> None:
    """Per row -w_label log_probs_label, and factor times its gradient. The labels are nobody else's."""
    taking = labels >= 0
    label = np.where(taking, labels, 0)
    weights = np.where(taking, 1.0 if weight is None else weight.take(label), 0.0)
    place = label[..., np.newaxis]
    chosen = take_last(np.moveaxis(log_probs, axis, -1), place)[..., 0].astype(np.float64)
    loss[...] = _shared(weights, 0 - chosen)
    if dx is not None:
        slope = np.where(taking, -(factor * weights), 0)
        np.copyto(dx, 0, casting="unsafe")
        rows = without_unit_axes(np.moveaxis(dx, axis, -1), 1)  # NumPy puts into fewer dimensions than arrays may have
        shape = *rows.shape[:-1], 1
        np.put_along_axis(rows, place.reshape(shape), slope.reshape(shape).astype(dx.dtype), axis=-1)


@quiet
def binary_cross_entropy(
    x: Array,
    targets: Array,
    weight: Array | None,
    pos_weight: Array | None,
    from_logits: bool,
    factor: float,
    loss: Array,
    dx: Array | None,
    axis: int | None,
) -> None:
    """w ((1 - t) softplus(x) + p t softplus(-x)), summed along `axis` unless that is None, and factor times its gradient.

    Of probabilities -w ((1 - t) log(1 - x) + p t log(x)).
    """
    dtype = result_dtype(x.dtype)
    summed = axis is not None
    x, targets, weight, pos_weight, dx = along(axis if axis is not None else -1, x, targets, weight, pos_weight, dx)
    (loss,) = per_row(loss) if summed else along(-1, loss)
    compute = _of_logits if from_logits else _of_probabilities
    for batch in batches(x.shape):
        total: Any = 0.0
        for segment in batch.segments:
            z, t = batch.read(x, segment), batch.read(targets, segment)
            positive = None if pos_weight is None else batch.read(pos_weight, segment)
            value, gradient = compute(z, t, positive)
            if weight is not None:
                w = batch.read(weight, segment)
                value, gradient = _shared(w, value), _shared(w, gradient)
            if dx is not None:
                batch.write(dx, segment, factor * gradient, dtype)
            if summed:
                total = total + np.add.reduce(value, axis=-1, keepdims=True)
            else:
                batch.write(loss, segment, value, dtype)
        if summed:
            np.copyto(loss[(*batch.place, ...)], total[..., 0])


def _of_logits(z: Array, t: Array, pos_weight: Array | None) -> tuple[Array, Array]:
    e = np.exp(-np.abs(z))
    tail, near, far = np.log1p(e), 1 / (1 + e), e / (1 + e)
    positive, negative = t if pos_weight is None else t * pos_weight, 1 - t
    value = _shared(negative, np.maximum(z, 0) + tail) + _shared(positive, np.maximum(-z, 0) + tail)
    return value, negative * np.where(z < 0, far, near) - positive * np.where(z < 0, near, far)


def _of_probabilities(x: Array, t: Array, pos_weight: Array | None) -> tuple[Array, Array]:
    """The logarithms are at least -100, and the gradient's denominator at least 1e-12: PyTorch's bounds."""
    positive, negative = t if pos_weight is None else t * pos_weight, 1 - t
    value = negative * -np.maximum(np.log1p(-x), -100) + positive * -np.maximum(np.log(x), -100)
    difference = x - t if pos_weight is None else np.where(pos_weight == 1, x - t, negative * x - positive * (1 - x))
    return value, difference / np.maximum(x * (1 - x), 1e-12)
