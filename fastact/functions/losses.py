"""The losses: ONE record each. From logits, with their gradients."""

from __future__ import annotations

from dataclasses import dataclass

from .record import Call, Record


@dataclass(frozen=True, eq=False, kw_only=True)
class Loss(Record):
    """One loss.

    Attributes
    ----------
    doc : str
        The documentation, without the signature.
    """

    doc: str


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
""",
)

binary_cross_entropy = Loss(
    name="binary_cross_entropy",
    call=Call.BINARY_CROSS_ENTROPY,
    doc="""\
Binary cross-entropy of logits: sigmoid and the negative log-likelihood in one.

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
""",
)
