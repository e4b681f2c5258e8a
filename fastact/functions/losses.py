"""The losses: ONE record each, with their gradients."""

from __future__ import annotations

from dataclasses import dataclass

from .record import Call, Record


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Loss(Record):
    """One loss.

    Attributes
    ----------
    doc : str
        The documentation, without the signature.
    picks : bool
        Whether it only picks elements: then there is nothing to compile, and NumPy does it on every backend.
    """

    doc: str
    picks: bool = False


cross_entropy = Loss(
    name="cross_entropy",
    call=Call.CROSS_ENTROPY,
    doc="""\
Cross-entropy of logits with class labels or probabilities: log_softmax and the negative log-likelihood in one.

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
sample_weight : array_like, optional
    The weight of each row, of the shape of `logits` without the axis, finite and not negative; 1 by default. A row's loss and
    gradient are multiplied by it.
mask : array_like, optional
    Which classes take part, broadcast to the shape of `logits`: bool, False where a class takes no part, as an illegal action; or
    floating, added to the logits, as for `softmax`. A class that takes no part has a logit of -inf: probability 0, gradient 0,
    and an infinite loss where it is the label or has a target.
ignore_index : int, default -100
    Rows with this label count nothing: their loss is 0, and their gradient. It may be a class or not. Labels only.
label_smoothing : float, default 0
    In [0, 1]: how much of the target is spread evenly over all classes that take part: t becomes (1 - s) t + s/classes.
reduction : {"mean", "sum", "none"}, default "mean"
    "sum" adds the rows' losses, in float64. "mean" divides that by the sum of the rows' weights: each row's `sample_weight` times
    the `weight` of its label, without ignored rows. For probabilities that is the sum of `sample_weight`. Without weights it is
    the number of rows. "none" gives the loss of each row.

Returns
-------
loss : scalar, or ndarray with reduction="none"
    A NumPy scalar, or an array of the shape of `logits` without the axis. Floating dtypes of the logits are kept; integers
    and bool give float64.

Raises
------
TypeError
    A complex, object, string or datetime dtype; labels of bool; a masked array; a mask that is neither bool nor floating; an
    `out` to which the result can't be cast.
ValueError
    Targets or weights of another shape, such as labels of shape (rows, 1); a mask that doesn't broadcast; negative, infinite or
    NaN weights; the mean of no rows, or of rows that all are ignored or have weight 0; an option out of its domain; an `out` of
    another shape or read-only.
IndexError
    A label that is no class and not `ignore_index`; the message says which and where. Nothing has been written then.
numpy.exceptions.AxisError
    An axis out of range.

Notes
-----
The weighted mean is PyTorch's for `weight`, and for `sample_weight` that of scikit-learn's ``log_loss`` and of Keras's
``reduction="mean_with_sample_weight"``. All else is
``torch.nn.functional.cross_entropy``, whose definitions these are, but for the axis and the mean of nothing (NaN there).
Users of JAX have ``optax.softmax_cross_entropy`` for probabilities and ``optax.softmax_cross_entropy_with_integer_labels``,
per row. Computed as (max - x_t) + log1p(s), s the sum of exp(x_j - max) over the other elements: where the label is the
likeliest class, the loss and its gradient keep all their digits, for one-hot targets, too. A row with a NaN or +inf, or of -inf
alone, gives NaN; a label at -inf gives inf. What has a target or weight of 0 counts nothing, even where its logarithm is
infinite. A row that is ignored, or whose own weight or (without label smoothing) label's weight is 0, counts nothing even where
it holds NaN.

Examples
--------
>>> import numpy as np
>>> from fastact import cross_entropy
>>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
>>> print(cross_entropy(logits, [0, 2]).round(6))
0.669079
>>> cross_entropy(logits, [0, -100], reduction="none").round(6)
array([0.239545, 0.      ])
>>> legal = np.array([[True, True, False], [True, True, True]])
>>> cross_entropy(logits, [0, 2], mask=legal, reduction="none").round(6)
array([0.126928, 1.098612])
>>> print(cross_entropy(logits, [0, 2], sample_weight=[3, 1]).round(6))
0.454312
""",
)

binary_cross_entropy = Loss(
    name="binary_cross_entropy",
    call=Call.BINARY_CROSS_ENTROPY,
    doc="""\
Binary cross-entropy of logits: sigmoid and the negative log-likelihood in one; or of probabilities.

    loss = w ((1 - t) softplus(x) + p t softplus(-x))       of logits x
    loss = -w ((1 - t) log(1 - x) + p t log(x))             of probabilities x, with from_logits=False

elementwise, then reduced: -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)) where w and p are 1. Call it for the loss,
`value_and_grad` for the loss and its gradient together: ``help(fastact.binary_cross_entropy.value_and_grad)``.

Parameters
----------
logits : array_like
    The scores x: float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool; any shape and layout. With
    ``from_logits=False`` probabilities, in [0, 1].
targets : array_like
    The probabilities t, or 0 and 1 of any dtype, of the shape of `logits`.
out : ndarray, optional
    Where to put the loss, of its shape.
weight : array_like, optional
    The weight w of each element, broadcast to the shape of `logits`; finite and not negative.
pos_weight : array_like, optional
    The weight p of positive targets, broadcast likewise, usually one for each class along the last axis.
from_logits : bool, default True
    Whether `logits` are logits, or probabilities, of a network that ends in a sigmoid. Logits keep more digits.
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
    A complex, object, string or datetime dtype; a masked array; an `out` to which the result can't be cast.
ValueError
    Targets of another shape; probabilities out of [0, 1]; weights that don't broadcast, are negative, infinite or NaN; the mean
    of no elements; an `out` of another shape or read-only.

Notes
-----
``torch.nn.functional.binary_cross_entropy_with_logits``; ``optax.sigmoid_binary_cross_entropy``. softplus(x) is
max(x, 0) + log1p(exp(-abs(x))), right in both tails. With ``from_logits=False``, a keyword of Keras's, it is
``torch.nn.functional.binary_cross_entropy``: logarithms are at least -100, and the denominator of the gradient,
(x - t) / (x (1 - x)), at least 1e-12. What has a weight or target of 0 counts nothing, even where its logarithm is infinite; an
element of weight 0 even where it is NaN.

Examples
--------
>>> import numpy as np
>>> from fastact import binary_cross_entropy
>>> binary_cross_entropy(np.array([100.0, -40.0, 0.0]), [1, 0, 1], reduction="none")
array([3.72007598e-44, 4.24835426e-18, 6.93147181e-01])
>>> binary_cross_entropy(np.array([1.0, 0.25]), [0, 1], from_logits=False, reduction="none")
array([100.        ,   1.38629436])
""",
)

nll_loss = Loss(
    name="nll_loss",
    call=Call.NLL_LOSS,
    picks=True,
    doc="""\
Negative log-likelihood of log-probabilities with class labels, for networks that end in log_softmax.

    loss = -w_t x_t        for an integer label t

per row along the axis, then reduced. Call it for the loss, `value_and_grad` for the loss and its gradient together:
``help(fastact.nll_loss.value_and_grad)``. From logits `cross_entropy` is faster, and keeps more digits.

Parameters
----------
log_probs : array_like
    The logarithms x of the probabilities of all classes along `axis`: float16, bfloat16 (of ml_dtypes), float32, float64,
    integers or bool; of any layout. Of probabilities p give ``np.log(p)``.
targets : array_like
    Labels, of any integer dtype and of the shape of `log_probs` without the axis.
out : ndarray, optional
    Where to put the loss, of its shape.
axis : int, default -1
    The axis of the classes. **The default is the last**, PyTorch's is the second.
weight : array_like of shape (classes,), optional
    The weight w of each class, finite and not negative; 1 by default.
sample_weight : array_like, optional
    The weight of each row, of the shape of `log_probs` without the axis, finite and not negative; 1 by default.
ignore_index : int, default -100
    Rows with this label count nothing: their loss is 0, and their gradient. It may be a class or not.
reduction : {"mean", "sum", "none"}, default "mean"
    "sum" adds the rows' losses, in float64. "mean" divides that by the sum of the rows' weights: each row's `sample_weight` times
    the `weight` of its label, without ignored rows; without weights their number. "none" gives the loss of each row.

Returns
-------
loss : scalar, or ndarray with reduction="none"
    A NumPy scalar, or an array of the shape of `log_probs` without the axis. Floating dtypes are kept; integers and bool give
    float64.

Raises
------
TypeError
    A complex, object, string or datetime dtype; targets that are no integers; a masked array; an `out` to which the result can't
    be cast.
ValueError
    Targets or weights of another shape; negative, infinite or NaN weights; the mean of no rows, or of rows that all are ignored
    or have weight 0; an option out of its domain; an `out` of another shape or read-only.
IndexError
    A label that is no class and not `ignore_index`; the message says which and where. Nothing has been written then.
numpy.exceptions.AxisError
    An axis out of range.

Notes
-----
``torch.nn.functional.nll_loss``, whose definitions these are, but for the axis, `sample_weight` and the mean of nothing (NaN
there). Nothing but the label's element of a row is looked at; a row that is ignored or weighs nothing may hold anything.

Examples
--------
>>> import numpy as np
>>> from fastact import nll_loss
>>> print(nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), [0, 1]).round(6))
0.490415
""",
)
