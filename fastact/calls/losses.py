"""Losses from logits, with their gradients: what a call means on every backend. The arithmetic is that of `Backend.losses`."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..functions.losses import Loss
from ..runtime.memory import empty_array
from .arguments import named_arguments
from .arrays import Array, apart, result_dtype, supported, without_axis
from .bound import Backend
from .rows import Rowwise

_REDUCTIONS = ("mean", "sum", "none")


def _shared(out: Array | None, array: Array | None) -> bool:
    """Whether writing to one may change the other."""
    return out is not None and array is not None and np.may_share_memory(out, array)


class _Loss(Rowwise):
    """What the losses share: reductions, weights, outputs."""

    def __init__(self, record: Loss, backend: Backend) -> None:
        super().__init__(record, record.doc, backend)

    def _reduction(self, reduction: Any) -> str:
        if not isinstance(reduction, str) or reduction not in _REDUCTIONS:
            raise ValueError(f"{self.name}: reduction must be one of {', '.join(map(repr, _REDUCTIONS))}, not {reduction!r}")
        return reduction

    def _weight(self, name: str, value: Any) -> Array | None:
        """Finite weights >= 0 in float64."""
        if value is None:
            return None
        weight = np.asarray(value)
        if not supported(weight.dtype):
            raise TypeError(f"{self.name}: {name} has dtype {weight.dtype}; it must be real")
        with np.errstate(all="ignore"):  # a signalling NaN, say, which the next line tells of
            weight = weight.astype(np.float64, copy=False)
        if weight.size and not (weight.min() >= 0 and weight.max() < np.inf):
            raise ValueError(f"{self.name}: {name} must be finite and not negative; it has {weight.min()} to {weight.max()}")
        return weight

    def _reduced(self, losses: Array, reduction: str, divisor: float, dtype: np.dtype[Any], out: Array | None) -> Any:
        """The losses of all rows, in float64, as the result: their sum over the divisor, or all of them."""
        with np.errstate(all="ignore"):
            value = losses if reduction == "none" else np.asarray(self._backend.losses.total(losses) / divisor)
            value = value.astype(dtype, copy=False)
            if out is None:
                return value if value.ndim else value[()]
            np.copyto(out, value, casting="same_kind")
            return out


class CrossEntropy(_Loss):
    """Cross-entropy of logits with class labels or probabilities: `fastact.cross_entropy`."""

    @named_arguments
    def __call__(
        self,
        logits: Any,
        targets: Any,
        *,
        out: Any = None,
        axis: int = -1,
        weight: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> Any:
        return self._run(logits, targets, out, False, axis, weight, ignore_index, label_smoothing, reduction)

    @named_arguments
    def value_and_grad(
        self,
        logits: Any,
        targets: Any,
        *,
        out: Any = None,
        axis: int = -1,
        weight: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> tuple[Any, Any]:
        """The loss and its gradient with respect to the logits, what they share computed once.

            dx_j = w_t (softmax(x)_j - [j = t])                for an integer label t
            dx_j = sum_k w_k t_k softmax(x)_j - w_j t_j        for probabilities t

        per row, over what the mean divides by.

        Parameters
        ----------
        logits, targets
            As in the call.
        out : ndarray, optional
            Where to put the gradient; may be `logits` itself, so that no array is made.
        axis, weight, ignore_index, label_smoothing, reduction
            As in the call. With reduction="none" the gradient is that of each row's own loss.

        Returns
        -------
        loss : scalar, or ndarray with reduction="none"
            As the call gives it.
        dlogits : ndarray
            The gradient, of the shape of `logits`.

        Raises
        ------
        TypeError, ValueError, IndexError, numpy.exceptions.AxisError
            As in the call.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import cross_entropy
        >>> loss, dlogits = cross_entropy.value_and_grad(np.zeros((2, 2)), [0, 1])
        >>> dlogits
        array([[-0.25,  0.25],
               [ 0.25, -0.25]])
        """
        return self._run(logits, targets, out, True, axis, weight, ignore_index, label_smoothing, reduction)  # type: ignore[no-any-return]

    def _run(
        self,
        logits: Any,
        targets: Any,
        out: Any,
        gradient: bool,
        axis: int,
        weight: Any,
        ignore_index: int,
        label_smoothing: float,
        reduction: str,
    ) -> Any:
        x = self._operand("logits", logits)
        axis = self._axis(axis, x.ndim)
        reduction = self._reduction(reduction)
        smoothing = self._number("label_smoothing", label_smoothing)
        if not 0 <= smoothing <= 1:
            raise ValueError(f"{self.name}: label_smoothing must lie in [0, 1], not {smoothing}")
        classes, rows = x.shape[axis], without_axis(x.shape, axis)
        weight = self._weight("weight", weight)
        if weight is not None and weight.shape != (classes,):
            raise ValueError(f"{self.name}: weight has shape {weight.shape}, not ({classes},), one for each class")
        dtype = result_dtype(x.dtype)
        shape = x.shape if gradient else rows if reduction == "none" else ()
        given = self._given(out, shape, dtype)
        targets = self._targets(targets, x.shape, rows)
        index = self._ignored(ignore_index)
        labelled = targets.dtype.kind in "iu"
        if labelled:
            targets = self._labels(targets, classes, index)
        elif index >= 0:
            raise ValueError(f"{self.name}: ignore_index={index} is for integer labels, and the targets are probabilities")
        divisor = self._divisor(targets, weight, labelled, math.prod(rows)) if reduction == "mean" else 1.0
        dx = None
        if gradient:
            x, targets, weight = apart(given, x, targets, weight)
            # These are read again after exponentials have been stored where the gradient goes.
            targets, weight = (array.copy() if _shared(given, array) else array for array in (targets, weight))
            dx = empty_array(x.shape, dtype) if given is None else given
        losses = np.zeros(rows, np.float64)
        if x.size:
            factor = np.ndarray(rows, np.float64, np.array(1 / divisor), strides=(0,) * len(rows))
            run = self._backend.losses.cross_entropy if labelled else self._backend.losses.cross_entropy_probabilities
            run(x, targets, weight, smoothing, factor, losses, dx, axis)
        loss = self._reduced(losses, reduction, divisor, dtype, None if gradient else given)
        return (loss, dx) if gradient else loss

    def _ignored(self, ignore_index: Any) -> int:
        try:
            return operator.index(ignore_index)
        except TypeError:
            raise TypeError(f"{self.name}: ignore_index must be an integer, not {type(ignore_index).__name__}") from None

    def _targets(self, targets: Any, shape: tuple[int, ...], rows: tuple[int, ...]) -> Array:
        array = np.asarray(targets)
        if array.dtype == bool or not supported(array.dtype):
            raise TypeError(
                f"{self.name}: targets have dtype {array.dtype}; they must be integers (labels) or floating (probabilities)"
            )
        wanted, kind = (rows, "integers are labels") if array.dtype.kind in "iu" else (shape, "floats are probabilities")
        if array.shape != wanted:
            raise ValueError(
                f"{self.name}: targets of dtype {array.dtype} have shape {array.shape}, not {wanted}, "
                f"for logits of shape {shape}: {kind}"
            )
        return array

    def _labels(self, targets: Array, classes: int, ignored: int) -> Array:
        """The labels as a backend takes them, intp, ignored ones -1."""
        if not targets.size:
            return targets.astype(np.intp)
        low, high = int(targets.min()), int(targets.max())
        if low >= 0 and high < classes and not low <= ignored <= high:
            return np.require(targets, np.intp, "A")
        skip = targets == ignored
        wrong = ((targets < 0) | (targets >= classes)) & ~skip
        if wrong.any():
            place = np.unravel_index(np.argmax(wrong), targets.shape)
            at = f"targets[{', '.join(map(str, place))}]" if place else "targets"
            raise IndexError(f"{self.name}: {at} is {targets[place]}; the labels of {classes} classes are 0 to {classes - 1}")
        labels = targets.astype(np.intp)
        np.copyto(labels, -1, where=skip)
        return labels

    def _divisor(self, targets: Array, weight: Array | None, labelled: bool, rows: int) -> float:
        """What the mean divides by."""
        if not labelled:
            divisor = float(rows)
        elif weight is None:
            divisor = float(np.count_nonzero(targets >= 0))
        else:
            divisor = float(np.add.reduce(weight[targets[targets >= 0]]))
        if divisor == 0:
            why = (
                "there are none" if not rows else "all are ignored" if weight is None else "the weights of their labels sum to 0"
            )
            raise ValueError(f"{self.name}: there is no mean over the rows, for {why}; reduction='sum' would give 0")
        return divisor


class BinaryCrossEntropy(_Loss):
    """Binary cross-entropy of logits: `fastact.binary_cross_entropy`."""

    _long_enough = 64  # elements along the last axis, from which one sum per row takes little memory beside the logits

    @named_arguments
    def __call__(
        self,
        logits: Any,
        targets: Any,
        *,
        out: Any = None,
        weight: Any = None,
        pos_weight: Any = None,
        reduction: str = "mean",
    ) -> Any:
        return self._run(logits, targets, out, False, weight, pos_weight, reduction)

    @named_arguments
    def value_and_grad(
        self,
        logits: Any,
        targets: Any,
        *,
        out: Any = None,
        weight: Any = None,
        pos_weight: Any = None,
        reduction: str = "mean",
    ) -> tuple[Any, Any]:
        """The loss and its gradient with respect to the logits, what they share computed once.

            dx = w ((1 - t) sigmoid(x) - p t sigmoid(-x)), over the number of elements for the mean

        Parameters
        ----------
        logits, targets
            As in the call.
        out : ndarray, optional
            Where to put the gradient; may be `logits` itself, so that no array is made.
        weight, pos_weight, reduction
            As in the call. With reduction="none" the gradient is that of each element's own loss.

        Returns
        -------
        loss : scalar, or ndarray with reduction="none"
            As the call gives it.
        dlogits : ndarray
            The gradient, of the shape of `logits`.

        Raises
        ------
        TypeError, ValueError
            As in the call.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import binary_cross_entropy
        >>> loss, dlogits = binary_cross_entropy.value_and_grad(np.zeros(2), [0, 1])
        >>> dlogits
        array([ 0.25, -0.25])
        """
        return self._run(logits, targets, out, True, weight, pos_weight, reduction)  # type: ignore[no-any-return]

    def _run(self, logits: Any, targets: Any, out: Any, gradient: bool, weight: Any, pos_weight: Any, reduction: str) -> Any:
        x, t = self._operand("logits", logits), self._operand("targets", targets)
        reduction = self._reduction(reduction)
        if t.shape != x.shape:
            raise ValueError(f"{self.name}: targets have shape {t.shape}, the logits {x.shape}")
        weight, pos_weight = self._spread("weight", weight, x.shape), self._spread("pos_weight", pos_weight, x.shape)
        dtype = result_dtype(x.dtype)
        whole = reduction == "none"
        given = self._given(out, x.shape if gradient or whole else (), dtype)
        if reduction == "mean" and not x.size:
            raise ValueError(f"{self.name}: there is no mean over no elements; reduction='sum' would give 0")
        x, t, weight, pos_weight = apart(given, x, t, weight, pos_weight)
        dx = None
        if gradient:
            dx = empty_array(x.shape, dtype) if given is None else given
        divisor = float(x.size) if reduction == "mean" else 1.0
        run = self._backend.losses.binary_cross_entropy
        *operands, gradients = [_with_axis(array) for array in (x, t, weight, pos_weight, dx)]
        loss: Any
        if whole:
            losses = empty_array(x.shape, dtype) if gradient or given is None else given
            if x.size:
                run(*operands, 1.0, _with_axis(losses), gradients, None)
            loss = losses if losses.ndim or losses is given else losses[()]
        else:
            shape = operands[0].shape
            axis = len(shape) - 1 if shape[-1] >= self._long_enough else int(np.argmax(shape))
            losses = np.zeros(without_axis(shape, axis), np.float64)
            if x.size:
                run(*operands, 1 / divisor, losses, gradients, axis)
            loss = self._reduced(losses, reduction, divisor, dtype, None if gradient else given)
        return (loss, dx) if gradient else loss

    def _spread(self, name: str, value: Any, shape: tuple[int, ...]) -> Array | None:
        weight = self._weight(name, value)
        if weight is None:
            return None
        try:
            return np.broadcast_to(weight, shape)
        except ValueError:
            raise ValueError(f"{self.name}: {name} of shape {weight.shape} does not broadcast to the logits' {shape}") from None


def _with_axis(array: Any) -> Any:
    """A scalar array as one of one element."""
    return array[np.newaxis] if array is not None and not array.ndim else array
