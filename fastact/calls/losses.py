"""Losses, with their gradients: what a call means on every backend. The arithmetic is that of `Backend.losses`."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..runtime.memory import empty_array
from .arguments import named_arguments
from .arrays import Array, apart, check_unchanged, result_dtype, supported, without_axis
from .rows import Rowwise, is_causal
from .wide_integers import beyond_float64, differences

REDUCTIONS = ("mean", "sum", "none")


def _shared(out: Array | None, array: Any) -> bool:
    """Whether writing to one may change the other."""
    return out is not None and array is not None and np.may_share_memory(out, array)


def _normalised(weight: Array | None, counted: Any = True) -> Array | None:
    """These weights times a power of two that brings them near 1, unless they are: a weighted mean is the same.

    So neither their sum nor a product overflows or vanishes. `counted` says which weights are in the sum.
    """
    if weight is None:
        return None
    exponent = math.frexp(float(np.max(weight, where=counted, initial=0)))[1]
    if abs(exponent) <= 10:
        return weight
    with np.errstate(all="ignore"):
        return np.ldexp(weight, -exponent)  # type: ignore[no-any-return]


def _has_label(labels: Array, classes: int) -> Array:
    """Which classes are labels."""
    found, labels = np.zeros(classes, bool), labels.ravel()
    found[labels[labels >= 0]] = True
    return found


def _factor(sample_weight: Array | None, divisor: float, rows: tuple[int, ...]) -> Array:
    """What each row's gradient is multiplied by."""
    if sample_weight is None:
        return np.ndarray(rows, np.float64, np.array(1 / divisor), strides=(0,) * len(rows))
    with np.errstate(all="ignore"):
        return np.asarray(sample_weight / divisor)


def _times(losses: Array, sample_weight: Array | None) -> Array:
    """The rows' losses times their weights."""
    if sample_weight is None:
        return losses
    with np.errstate(all="ignore"):
        return np.asarray(losses * sample_weight)


class _Loss(Rowwise):
    """What the losses share: reductions, weights, outputs."""

    def _reduction(self, reduction: Any) -> str:
        if not isinstance(reduction, str) or reduction not in REDUCTIONS:
            raise ValueError(f"{self.name}: reduction must be one of {', '.join(map(repr, REDUCTIONS))}, not {reduction!r}")
        return reduction

    def _weight(self, name: str, value: Any) -> Array | None:
        """Finite weights >= 0 in float64."""
        if value is None:
            return None
        weight = np.asarray(self._plain(name, value))
        if not supported(weight.dtype):
            raise TypeError(f"{self.name}: {name} has dtype {weight.dtype}; it must be real")
        with np.errstate(all="ignore"):  # a signalling NaN, say, which the next line tells of
            weight = weight.astype(np.float64, copy=False)
        if weight.size and not (weight.min() >= 0 and weight.max() < np.inf):
            raise ValueError(f"{self.name}: {name} must be finite and not negative; it has {weight.min()} to {weight.max()}")
        return weight

    def _weight_of_shape(self, name: str, value: Any, shape: tuple[int, ...], each: str) -> Array | None:
        """Such weights of this shape and no other."""
        weight = self._weight(name, value)
        if weight is not None and weight.shape != shape:
            raise ValueError(f"{self.name}: {name} has shape {weight.shape}, not {shape}, one for each {each}")
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


class _LossOfRows(_Loss):
    """What losses of rows of classes share: targets, which labels count, what the mean divides by."""

    def _ignored(self, ignore_index: Any) -> int:
        try:
            return operator.index(ignore_index)
        except TypeError:
            raise TypeError(f"{self.name}: ignore_index must be an integer, not {type(ignore_index).__name__}") from None

    def _targets(self, targets: Any, shape: tuple[int, ...], axis: int, labels_only: bool) -> Array:
        array = np.asarray(self._plain("targets", targets))
        labelled = array.dtype.kind in "iu"
        if array.dtype == bool or not supported(array.dtype) or (labels_only and not labelled):
            wanted = "integers (labels)" if labels_only else "integers (labels) or floating (probabilities)"
            raise TypeError(f"{self.name}: targets have dtype {array.dtype}; they must be {wanted}")
        rows = without_axis(shape, axis)
        expected, kind = (rows, "integers are labels") if labelled else (shape, "floats are probabilities")
        if array.shape != expected:
            hint = ""
            if labelled and array.shape == (*shape[:axis], 1, *shape[axis + 1 :]):
                hint = f"; give np.squeeze(targets, axis={axis})"
            elif labelled and array.shape == shape and not labels_only:
                hint = f"; give np.argmax(targets, axis={axis}), or targets as floats if they are probabilities"
            raise ValueError(
                f"{self.name}: targets of dtype {array.dtype} have shape {array.shape}, not {expected}, "
                f"for logits of shape {shape}: {kind}{hint}"
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

    def _counting(self, labels: Array, weight: Array | None, sample_weight: Array | None) -> Array:
        """The labels, -1 also where they, or their rows, weigh nothing."""
        nothing: Any = False
        if weight is not None and not weight.all():
            nothing = (labels >= 0) & (weight.take(np.where(labels >= 0, labels, 0)) == 0)
        if sample_weight is not None:
            nothing = nothing | (sample_weight == 0)
        return np.where(nothing, -1, labels) if np.any(nothing) else labels

    def _divisor(self, labels: Array | None, weight: Array | None, sample_weight: Array | None, rows: int) -> float:
        """What the mean divides by: the sum of the weights of rows that count; without labels those are all."""
        if labels is None:
            divisor = float(rows) if sample_weight is None else float(np.add.reduce(sample_weight, axis=None))
        elif weight is sample_weight is None:
            divisor = float(np.count_nonzero(labels >= 0))
        else:
            labels = labels.ravel()  # NumPy picks from fewer dimensions than arrays may have
            counting = labels >= 0
            each: Any = np.ones(np.count_nonzero(counting), np.float64) if weight is None else weight[labels[counting]]
            if sample_weight is not None:
                each = each * sample_weight.ravel()[counting]
            divisor = float(np.add.reduce(each))
        if divisor == 0:
            why = "all are ignored"
            if not rows:
                why = "there are none"
            elif weight is not None or sample_weight is not None:
                why = "their weights sum to 0"
            raise ValueError(f"{self.name}: there is no mean over the rows, for {why}; reduction='sum' would give 0")
        return divisor


class CrossEntropy(_LossOfRows):
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
        sample_weight: Any = None,
        mask: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> Any:
        return self._run(logits, targets, out, False, axis, weight, sample_weight, mask, ignore_index, label_smoothing, reduction)

    @named_arguments
    def value_and_grad(
        self,
        logits: Any,
        targets: Any,
        *,
        out: Any = None,
        axis: int = -1,
        weight: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> tuple[Any, Any]:
        """The loss and its gradient with respect to the logits, what they share computed once.

            dx_j = w_t (softmax(x)_j - [j = t])                for an integer label t
            dx_j = sum_k w_k t_k softmax(x)_j - w_j t_j        for probabilities t

        per row, times its sample weight, over what the mean divides by. It is 0 where a mask leaves a class out, and in rows that
        count nothing.

        Parameters
        ----------
        logits, targets
            As in the call.
        out : ndarray, optional
            Where to put the gradient; may be `logits` itself, so that no array is made.
        axis, weight, sample_weight, mask, ignore_index, label_smoothing, reduction
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
        >>> legal = np.array([[True, True, False]])
        >>> loss, dlogits = cross_entropy.value_and_grad(np.zeros((1, 3)), [0], mask=legal)
        >>> dlogits
        array([[-0.5,  0.5,  0. ]])
        """
        return self._run(  # type: ignore[no-any-return]
            logits, targets, out, True, axis, weight, sample_weight, mask, ignore_index, label_smoothing, reduction
        )

    @np.errstate(all="ignore")
    def _run(
        self,
        logits: Any,
        targets: Any,
        out: Any,
        gradient: bool,
        axis: int,
        weight: Any,
        sample_weight: Any,
        mask: Any,
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
        whole, classes, rows = x.shape, x.shape[axis], without_axis(x.shape, axis)
        weight = self._weight_of_shape("weight", weight, (classes,), "class")
        sample_weight = self._weight_of_shape("sample_weight", sample_weight, rows, "row")
        mask = self._mask_of_classes(mask, x)
        dtype = result_dtype(x.dtype)
        shape = whole if gradient else rows if reduction == "none" else ()
        given = self._given(out, shape, dtype)
        sample_weight = sample_weight.copy() if _shared(given, sample_weight) else sample_weight  # the loss needs it last
        targets = self._targets(targets, x.shape, axis, labels_only=False)
        index = self._ignored(ignore_index)
        labelled, labels = targets.dtype.kind in "iu", None
        check_unchanged(
            (x, whole), (targets, rows if labelled else whole), (mask, whole), (weight, (classes,)), (sample_weight, rows)
        )
        if labelled:
            labels = targets = self._counting(self._labels(targets, classes, index), None if smoothing else weight, sample_weight)
        elif index >= 0:
            raise ValueError(f"{self.name}: ignore_index={index} is for integer labels, and the targets are probabilities")
        divisor = 1.0
        if reduction == "mean":
            sample_weight = _normalised(sample_weight)
            if labels is not None:
                weight = _normalised(weight, True if smoothing else _has_label(labels, classes))
            divisor = self._divisor(labels, weight if labelled else None, sample_weight, math.prod(rows))
        if mask is not None and smoothing and x.size:
            # what a mask leaves out has no share in what is spread: that makes probabilities of labels
            targets = _smoothed(targets, labelled, mask, smoothing, axis)
            labelled, smoothing = False, 0.0
        nothing = None  # rows that count nothing, unless their labels say so
        if not labelled:
            nothing = labels < 0 if labels is not None else sample_weight == 0 if sample_weight is not None else None
        dx = None
        if gradient:
            x, targets, weight, mask = apart(given, x, targets, weight, mask)
            # These are read again after exponentials have been stored where the gradient goes.
            targets, weight, mask = (array.copy() if _shared(given, array) else array for array in (targets, weight, mask))
            dx = empty_array(x.shape, dtype) if given is None else given
        losses = np.zeros(rows, np.float64)
        if beyond_float64(x):  # the loss depends on differences of logits alone
            x = differences(x, axis).x
        if x.size:
            run = self._backend.losses.cross_entropy if labelled else self._backend.losses.cross_entropy_probabilities
            run(x, targets, weight, smoothing, mask, _factor(sample_weight, divisor, rows), losses, dx, axis)
        if nothing is not None and nothing.any():
            np.copyto(losses, 0, where=nothing)
            if dx is not None:
                np.copyto(dx, 0, casting="unsafe", where=np.expand_dims(nothing, axis))
        loss = self._reduced(_times(losses, sample_weight), reduction, divisor, dtype, None if gradient else given)
        return (loss, dx) if gradient else loss

    def _mask_of_classes(self, mask: Any, x: Array) -> Array | None:
        """The mask as a backend takes it: an array of the shape of the logits."""
        if mask is None:
            return None
        if is_causal(mask) or (isinstance(mask, (int, np.integer)) and not isinstance(mask, bool)):
            raise TypeError(f"{self.name}: mask must be an array, bool or floating, over the classes, not {mask!r}")
        return self._mask_array(mask, x.shape)


def _smoothed(targets: Array, labelled: bool, mask: Array, smoothing: float, axis: int) -> Array:
    """The targets as probabilities, smoothed over the classes that a mask lets take part."""
    taking = mask if mask.dtype == bool else mask != -np.inf
    share = smoothing / np.maximum(np.count_nonzero(taking, axis=axis, keepdims=True), 1)
    spread = np.where(taking, share, 0.0)
    kept: Any = targets
    if labelled:
        classes = np.arange(mask.shape[axis]).reshape(-1, *[1] * (mask.ndim - 1 - axis))
        kept = classes == np.expand_dims(targets, axis)
    return kept.astype(np.float64) * (1 - smoothing) + spread  # type: ignore[no-any-return]


class NLLLoss(_LossOfRows):
    """Negative log-likelihood of log-probabilities with class labels: `fastact.nll_loss`."""

    @named_arguments
    def __call__(
        self,
        log_probs: Any,
        targets: Any,
        *,
        out: Any = None,
        axis: int = -1,
        weight: Any = None,
        sample_weight: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> Any:
        return self._run(log_probs, targets, out, False, axis, weight, sample_weight, ignore_index, reduction)

    @named_arguments
    def value_and_grad(
        self,
        log_probs: Any,
        targets: Any,
        *,
        out: Any = None,
        axis: int = -1,
        weight: Any = None,
        sample_weight: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> tuple[Any, Any]:
        """The loss and its gradient with respect to the log-probabilities.

            dx_j = -w_t [j = t]

        per row, times its sample weight, over what the mean divides by. For the logits' gradient give it to
        `fastact.log_softmax.backward`; `fastact.cross_entropy` does both at once, with more digits.

        Parameters
        ----------
        log_probs, targets
            As in the call.
        out : ndarray, optional
            Where to put the gradient; may be `log_probs` itself.
        axis, weight, sample_weight, ignore_index, reduction
            As in the call. With reduction="none" the gradient is that of each row's own loss.

        Returns
        -------
        loss : scalar, or ndarray with reduction="none"
            As the call gives it.
        dlog_probs : ndarray
            The gradient, of the shape of `log_probs`.

        Raises
        ------
        TypeError, ValueError, IndexError, numpy.exceptions.AxisError
            As in the call.

        Examples
        --------
        >>> import numpy as np
        >>> from fastact import nll_loss
        >>> loss, dlog_probs = nll_loss.value_and_grad(np.log([[0.5, 0.5], [0.25, 0.75]]), [0, 1])
        >>> dlog_probs
        array([[-0.5,  0. ],
               [ 0. , -0.5]])
        """
        return self._run(log_probs, targets, out, True, axis, weight, sample_weight, ignore_index, reduction)  # type: ignore[no-any-return]

    @np.errstate(all="ignore")
    def _run(
        self,
        log_probs: Any,
        targets: Any,
        out: Any,
        gradient: bool,
        axis: int,
        weight: Any,
        sample_weight: Any,
        ignore_index: int,
        reduction: str,
    ) -> Any:
        x = self._operand("log_probs", log_probs)
        axis = self._axis(axis, x.ndim)
        reduction = self._reduction(reduction)
        whole, classes, rows = x.shape, x.shape[axis], without_axis(x.shape, axis)
        weight = self._weight_of_shape("weight", weight, (classes,), "class")
        sample_weight = self._weight_of_shape("sample_weight", sample_weight, rows, "row")
        dtype = result_dtype(x.dtype)
        given = self._given(out, whole if gradient else rows if reduction == "none" else (), dtype)
        sample_weight = sample_weight.copy() if _shared(given, sample_weight) else sample_weight  # the loss needs it last
        # a copy, which no other thread changes between the check and the use
        targets = self._targets(targets, x.shape, axis, labels_only=True).copy()
        index = self._ignored(ignore_index)
        check_unchanged((x, whole), (targets, rows), (weight, (classes,)), (sample_weight, rows))
        labels = self._counting(self._labels(targets, classes, index), weight, sample_weight)
        divisor = 1.0
        if reduction == "mean":
            sample_weight = _normalised(sample_weight)
            weight = _normalised(weight, _has_label(labels, classes))
            divisor = self._divisor(labels, weight, sample_weight, math.prod(rows))
        dx = None
        if gradient:
            dx = empty_array(x.shape, dtype) if given is None else given
        losses = np.zeros(rows, np.float64)
        if x.size:
            self._backend.losses.nll_loss(x, labels, weight, _factor(sample_weight, divisor, rows), losses, dx, axis)
        loss = self._reduced(_times(losses, sample_weight), reduction, divisor, dtype, None if gradient else given)
        return (loss, dx) if gradient else loss


class BinaryCrossEntropy(_Loss):
    """Binary cross-entropy of logits or probabilities: `fastact.binary_cross_entropy`."""

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
        from_logits: bool = True,
        reduction: str = "mean",
    ) -> Any:
        return self._run(logits, targets, out, False, weight, pos_weight, from_logits, reduction)

    @named_arguments
    def value_and_grad(
        self,
        logits: Any,
        targets: Any,
        *,
        out: Any = None,
        weight: Any = None,
        pos_weight: Any = None,
        from_logits: bool = True,
        reduction: str = "mean",
    ) -> tuple[Any, Any]:
        """The loss and its gradient with respect to the logits or probabilities, what they share computed once.

            dx = w ((1 - t) sigmoid(x) - p t sigmoid(-x))                  of logits
            dx = w ((1 - t) x - p t (1 - x)) / max(x (1 - x), 1e-12)       of probabilities

        over the number of elements for the mean.

        Parameters
        ----------
        logits, targets
            As in the call.
        out : ndarray, optional
            Where to put the gradient; may be `logits` itself, so that no array is made.
        weight, pos_weight, from_logits, reduction
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
        >>> loss, dprobabilities = binary_cross_entropy.value_and_grad(np.array([0.5, 0.25]), [0, 1], from_logits=False)
        >>> dprobabilities
        array([ 1., -2.])
        """
        return self._run(logits, targets, out, True, weight, pos_weight, from_logits, reduction)  # type: ignore[no-any-return]

    @np.errstate(all="ignore")
    def _run(
        self,
        logits: Any,
        targets: Any,
        out: Any,
        gradient: bool,
        weight: Any,
        pos_weight: Any,
        from_logits: Any,
        reduction: str,
    ) -> Any:
        x, t = self._operand("logits", logits), self._operand("targets", targets)
        if not isinstance(from_logits, (bool, np.bool)):
            raise TypeError(f"{self.name}: from_logits must be True or False, not {from_logits!r}")
        reduction = self._reduction(reduction)
        if t.shape != x.shape:
            raise ValueError(f"{self.name}: targets have shape {t.shape}, the logits {x.shape}")
        weight, pos_weight = self._spread("weight", weight, x.shape), self._spread("pos_weight", pos_weight, x.shape)
        dtype = result_dtype(x.dtype)
        whole = reduction == "none"
        given = self._given(out, x.shape if gradient or whole else (), dtype)
        if reduction == "mean" and not x.size:
            raise ValueError(f"{self.name}: there is no mean over no elements; reduction='sum' would give 0")
        if not from_logits:
            self._check_probabilities(x)
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
                run(*operands, from_logits, 1.0, _with_axis(losses), gradients, None)
            loss = losses if losses.ndim or losses is given else losses[()]
        else:
            shape = operands[0].shape
            axis = len(shape) - 1 if shape[-1] >= self._long_enough else int(np.argmax(shape))
            losses = np.zeros(without_axis(shape, axis), np.float64)
            if x.size:
                run(*operands, from_logits, 1 / divisor, losses, gradients, axis)
            loss = self._reduced(losses, reduction, divisor, dtype, None if gradient else given)
        return (loss, dx) if gradient else loss

    def _check_probabilities(self, x: Array) -> None:
        """Raise ValueError where one is not in [0, 1]; NaN is none, and none of these."""
        with np.errstate(all="ignore"):
            wrong = (x < 0) | (x > 1)
        if wrong.any():
            value = x[np.unravel_index(np.argmax(wrong), x.shape)]
            raise ValueError(f"{self.name}: with from_logits=False there are probabilities in [0, 1], not {value}")

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
