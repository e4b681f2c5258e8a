"""The arithmetic of the losses on plain NumPy. `calls/losses.py` says what a call means, `rows.py` what arrays they get."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...calls.arrays import Array, result_dtype
from .batches import Batch, Exponentials, along, batches, elements_at, per_row, quiet


def total(losses: Array) -> Any:
    """The sum of numbers in float64."""
    return np.add.reduce(losses, axis=None)


@quiet
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
    (x, dx), (labels, factor, loss) = along(axis, x, dx), per_row(labels, factor, loss)
    n = x.shape[-1]
    spread = smoothing / n
    weights = np.ones(n, np.float64) if weight is None else weight
    for batch in batches(x.shape):
        row = Exponentials(batch, x)
        label = batch.per_row(labels)
        ignored = label < 0
        label = np.where(ignored, 0, label)
        log_total = np.log1p(row.others)
        chosen = elements_at(x[(*batch.place, ...)], label).astype(np.float64)
        kept = (1 - smoothing) * weights[label]
        value = kept * ((row.largest - chosen) + log_total)
        if smoothing:
            smooth: Any = 0.0
            for segment in batch.segments:
                smooth = smooth + np.add.reduce(weights[segment] * (log_total - row.of(segment)[0]), axis=-1, keepdims=True)
            value += spread * smooth
        np.copyto(value, 0, where=ignored)
        np.copyto(loss[(*batch.place, ...)], value[..., 0])
        if dx is None:
            continue
        total = 1 + row.others
        pull = kept + spread * np.add.reduce(weights) if smoothing else kept
        g = batch.per_row(factor)
        for segment in batch.segments:
            p = row.of(segment)[1] / total
            rest = spread * weights[segment] if smoothing else 0.0
            at_label = kept * np.where(row.is_largest(segment), -row.others / total, p - 1)
            if smoothing:
                at_label += (pull - kept) * p
            gradient = np.where(batch.positions(segment) == label, at_label, pull * p) - rest
            batch.write(dx, segment, np.where(ignored, 0, g * gradient), dtype)


@quiet
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
    (x, targets, dx), (factor, loss) = along(axis, x, targets, dx), per_row(factor, loss)
    n = x.shape[-1]

    def shares(batch: Batch, segment: slice) -> Array:
        u = batch.read(targets, segment)
        if smoothing:
            u = (1 - smoothing) * u + smoothing / n
        return u if weight is None else u * weight[segment]

    for batch in batches(x.shape):
        row = Exponentials(batch, x)
        log_total = np.log1p(row.others)
        value: Any = 0.0
        of_others: Any = 0.0  # the shares but that of the largest logit
        of_largest: Any = 0.0
        for segment in batch.segments:
            u, top = shares(batch, segment), row.is_largest(segment)
            value = value + np.add.reduce(u * (log_total - row.of(segment)[0]), axis=-1, keepdims=True)
            of_others = of_others + np.add.reduce(np.where(top, 0, u), axis=-1, keepdims=True)
            of_largest = of_largest + np.add.reduce(np.where(top, u, 0), axis=-1, keepdims=True)
        np.copyto(loss[(*batch.place, ...)], value[..., 0])
        if dx is None:
            continue
        total, pull = 1 + row.others, of_others + of_largest
        g = batch.per_row(factor)
        for segment in batch.segments:
            gradient = np.where(
                row.is_largest(segment),
                of_others - pull * (row.others / total),
                pull * (row.of(segment)[1] / total) - shares(batch, segment),
            )
            batch.write(dx, segment, g * gradient, dtype)


@quiet
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
    x, targets, weight, pos_weight, dx = along(axis if axis is not None else -1, x, targets, weight, pos_weight, dx)
    (loss,) = per_row(loss) if summed else along(-1, loss)
    for batch in batches(x.shape):
        total: Any = 0.0
        for segment in batch.segments:
            z, t = batch.read(x, segment), batch.read(targets, segment)
            e = np.exp(-np.abs(z))
            tail = np.log1p(e)
            positive = t if pos_weight is None else t * batch.read(pos_weight, segment)
            negative = 1 - t
            w = 1 if weight is None else batch.read(weight, segment)
            # what has no share counts nothing, infinite or not
            below = np.where(negative == 0, 0, negative * (np.maximum(z, 0) + tail))
            above = np.where(positive == 0, 0, positive * (np.maximum(-z, 0) + tail))
            value = w * (below + above)
            if dx is not None:
                near, far = 1 / (1 + e), e / (1 + e)
                gradient = w * (negative * np.where(z < 0, far, near) - positive * np.where(z < 0, near, far))
                batch.write(dx, segment, factor * gradient, dtype)
            if summed:
                total = total + np.add.reduce(value, axis=-1, keepdims=True)
            else:
                batch.write(loss, segment, value, dtype)
        if summed:
            np.copyto(loss[(*batch.place, ...)], total[..., 0])
