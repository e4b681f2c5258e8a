"""Losses from logits, with their gradients: what a call means, the same on every backend. The arithmetic is `Backend.rows`'."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .. import backends
from ..runtime.memory import empty_array
from .elementwise import supported
from .rows import RowFunction, apart, maker, result_dtype

Array = np.ndarray

_REDUCTIONS = ("mean", "sum", "none")


def _shared(out: Array | None, array: Array | None) -> bool:
    """Whether writing to one may change the other."""
    return out is not None and array is not None and np.may_share_memory(out, array)


class _Loss(RowFunction):
    """What the losses share: reductions, weights, outputs."""

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
        weight = weight.astype(np.float64, copy=False)
        if weight.size and not (weight.min() >= 0 and weight.max() < np.inf):
            raise ValueError(f"{self.name}: {name} must be finite and not negative; it has {weight.min()} to {weight.max()}")
        return weight

    def _reduced(self, losses: Array, reduction: str, divisor: float, dtype: np.dtype[Any], out: Array | None) -> Any:
        """The losses of all rows, in float64, as the result: their sum over the divisor, or all of them."""
        with np.errstate(all="ignore"):
            value = losses if reduction == "none" else np.asarray(self._backend.rows.total(losses) / divisor)
            value = value.astype(dtype, copy=False)
            if out is None:
                return value if value.ndim else value[()]
            np.copyto(out, value, casting="same_kind")
            return out


class CrossEntropy(_Loss):
    """Cross-entropy of logits with class labels or probabilities: log_softmax and the negative log-likelihood in one.

        loss = -w_t log(softmax(x)_t)                  for an integer label t
        loss = -sum_j w_j t_j log(softmax(x)_j)        for probabilities t

    per row along the axis, then reduced. Call it for the loss, `value_and_grad` for the loss and its gradient together:
    ``help(fastact.cross_entropy.value_and_grad)``.

    Parameters
    ----------
    logits : array_like
        The scores x of all classes along `axis`: float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool; of any
        layout.
    targets : array_like
        Either labels, of any integer dtype and of the shape of `logits` without the axis; or floating probabilities
        of the shape of `logits`, which need not sum to 1.
    out : ndarray, optional
        Where to put the loss, of its shape.
    axis : int, default -1
        The axis of the classes. **The default is the last**, PyTorch's is the second.
    weight : array_like of shape (classes,), optional
        The weight w of each class, finite and not negative; 1 by default.
    ignore_index : int, default -100
        Rows with this label count nothing: their loss is 0, and their gradient. It may be a class or not. Labels only.
    label_smoothing : float, default 0
        In [0, 1]: how much of the target is spread evenly over all classes: t becomes (1 - s) t + s/classes.
    reduction : {"mean", "sum", "none"}, default "mean"
        "sum" adds the rows' losses, in float64. "mean" divides that by the sum of the labels' weights without ignored rows, as
        PyTorch does (not by the number of rows, unless there is no weight), and for probabilities by the number of rows.
        "none" gives the loss of each row.

    Returns
    -------
    loss : scalar, or ndarray with reduction="none"
        A NumPy scalar, or an array of the shape of `logits` without the axis. Floating dtypes of the logits are kept; integers
        and bool give float64.

    Raises
    ------
    TypeError
        A complex, object, string or datetime dtype; labels of bool; an `out` to which the result can't be cast.
    ValueError
        Targets or weights of another shape; negative, infinite or NaN weights; the mean of no rows, or of rows that all are
        ignored or have weight 0; an option out of its domain; an `out` of another shape or read-only.
    IndexError
        A label that is no class and not `ignore_index`; the message says which and where. Nothing has been written then.
    numpy.exceptions.AxisError
        An axis out of range.

    Notes
    -----
    ``torch.nn.functional.cross_entropy``, whose definitions these are, but for the axis and the mean of nothing (NaN there).
    Users of JAX have ``optax.softmax_cross_entropy`` for probabilities and ``optax.softmax_cross_entropy_with_integer_labels``,
    per row. Computed as (max - x_t) + log1p(s), s the sum of exp(x_j - max) over the other elements: where the label is the
    likeliest class, the loss and its gradient keep all their digits. A row with a NaN or +inf, or of -inf alone, gives NaN; a
    label at -inf gives inf.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import cross_entropy
    >>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    >>> print(cross_entropy(logits, [0, 2]).round(6))
    0.669079
    >>> cross_entropy(logits, [0, -100], reduction="none").round(6)
    array([0.239545, 0.      ])
    """

    name = "cross_entropy"

    def __call__(
        self,
        logits: Any,
        targets: Any,
        out: Any = None,
        *,
        axis: int = -1,
        weight: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> Any:
        return self._run(logits, targets, out, False, axis, weight, ignore_index, label_smoothing, reduction)

    def value_and_grad(
        self,
        logits: Any,
        targets: Any,
        out: Any = None,
        *,
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
        classes, rows = x.shape[axis], x.shape[:axis] + x.shape[axis + 1 :]
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
            # read again after the gradient's place has been used for exponentials
            targets, weight = (array.copy() if _shared(given, array) else array for array in (targets, weight))
            dx = empty_array(x.shape, dtype) if given is None else given
        losses = np.zeros(rows)
        if x.size:
            factor = np.ndarray(rows, np.float64, np.array(1 / divisor), strides=(0,) * len(rows))
            run = self._backend.rows.cross_entropy if labelled else self._backend.rows.cross_entropy_probabilities
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
    """Binary cross-entropy of logits: sigmoid and the negative log-likelihood in one.

        loss = w ((1 - t) softplus(x) + p t softplus(-x))

    elementwise, then reduced: -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)) where w and p are 1. Call it for the loss,
    `value_and_grad` for the loss and its gradient together: ``help(fastact.binary_cross_entropy.value_and_grad)``.

    Parameters
    ----------
    logits : array_like
        The scores x: float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool; any shape and layout.
    targets : array_like
        The probabilities t, or 0 and 1 of any dtype, of the shape of `logits`.
    out : ndarray, optional
        Where to put the loss, of its shape.
    weight : array_like, optional
        The weight w of each element, broadcast to the shape of `logits`; finite and not negative.
    pos_weight : array_like, optional
        The weight p of positive targets, broadcast likewise, usually one for each class along the last axis.
    reduction : {"mean", "sum", "none"}, default "mean"
        "sum" adds the losses, in float64, "mean" divides that by their number, "none" gives them all.

    Returns
    -------
    loss : scalar, or ndarray with reduction="none"
        A NumPy scalar, or an array of the shape of `logits`. Floating dtypes of the logits are kept; integers and bool give
        float64.

    Raises
    ------
    TypeError
        A complex, object, string or datetime dtype; an `out` to which the result can't be cast.
    ValueError
        Targets of another shape; weights that don't broadcast, are negative, infinite or NaN; the mean of no elements; an `out`
        of another shape or read-only.

    Notes
    -----
    ``torch.nn.functional.binary_cross_entropy_with_logits`` (``binary_cross_entropy`` there takes probabilities);
    ``optax.sigmoid_binary_cross_entropy``. softplus(x) is max(x, 0) + log1p(exp(-abs(x))), right in both tails.

    Examples
    --------
    >>> import numpy as np
    >>> from fastact import binary_cross_entropy
    >>> binary_cross_entropy(np.array([100.0, -40.0, 0.0]), [1, 0, 1], reduction="none")
    array([3.72007598e-44, 4.24835426e-18, 6.93147181e-01])
    """

    name = "binary_cross_entropy"
    _long_enough = 64  # elements along the last axis, from which one sum per row takes little memory beside the logits

    def __call__(
        self,
        logits: Any,
        targets: Any,
        out: Any = None,
        *,
        weight: Any = None,
        pos_weight: Any = None,
        reduction: str = "mean",
    ) -> Any:
        return self._run(logits, targets, out, False, weight, pos_weight, reduction)

    def value_and_grad(
        self,
        logits: Any,
        targets: Any,
        out: Any = None,
        *,
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
        run = self._backend.rows.binary_cross_entropy
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
            losses = np.zeros(shape[:axis] + shape[axis + 1 :])
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


#: The losses by name.
functions: dict[str, type[RowFunction]] = {cls.name: cls for cls in (CrossEntropy, BinaryCrossEntropy)}


backends.families.update({name: maker(cls) for name, cls in functions.items()})

cross_entropy: CrossEntropy = backends.current().cross_entropy
binary_cross_entropy: BinaryCrossEntropy = backends.current().binary_cross_entropy
