"""The functions of rows: ONE record each. Along an axis each result depends on all the elements."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .record import Call, Record


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RowFunction(Record):
    """One function along an axis.

    Attributes
    ----------
    doc : str
        The documentation, without the signature, which follows from `call`.
    arithmetic : str
        The name of the record that it shares the arithmetic and the generalized ufunc with; its own if it has some of its own.
    sign : int
        What `scale` is multiplied by: softmin is softmax with -scale.
    of_nothing : float or None
        What a row without elements gives; None if that is an error.
    """

    doc: str
    arithmetic: str
    sign: int = 1
    of_nothing: float | None = None

    @property
    def masked(self) -> bool:
        """Whether it takes a scale and a mask."""
        return self.call in (Call.MASKED_MAP, Call.MASKED_REDUCTION)

    @property
    def reduces(self) -> bool:
        """Whether its result has no axis. Then `backward` takes the input, otherwise the output, too."""
        return self.call in (Call.REDUCTION, Call.MASKED_REDUCTION)

    @property
    def signature(self) -> str:
        """The core dimensions of the generalized ufunc, of x and, where there is one, of the scale."""
        return f"(n){',()' if self.masked else ''}->{'()' if self.reduces else '(n)'}"


_X = """\
Parameters
----------
x : array_like
    The input: float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool; any layout. What a masked array masks
    takes no part, and the result is a masked array, too. Of integers beyond 2**53 the differences are exact.
out : ndarray, optional
    Where to put the result, of its shape{in_place}."""

_AXIS = """
axis : int, tuple of int or None, default -1
    The axis along which the elements of a row lie. **The default is the last axis**, as in JAX and ONNX; SciPy's is all axes
    together, and PyTorch makes you say which. Of several axes, or None for all, the elements together are one row; with ()
    each element is a row of its own."""

_KEEPDIMS = """
keepdims : bool, default False
    Whether the axes stay in the result, with 1 element; `backward` then takes such a gradient."""

_SCALE_AND_MASK = """
scale : float or array_like, default 1
    What x is multiplied by; in attention 1/sqrt(width), in sampling 1/temperature. Or one for each row: an array that
    broadcasts to the shape of `x` with 1 along the axis, as (queries, 1) for x of shape (heads, queries, keys). It is a
    parameter, read in the dtype computed in: a scale of float64 does not change a result of float32.
mask : array_like, "causal" or ("causal", k), optional
    Broadcast to the shape of `x`. Of bool: **True takes part**, False is left out, whatever is there, NaN included. (So in
    ``torch.nn.functional.scaled_dot_product_attention`` and ``jax.nn.softmax(where=)``; ``torch.nn.MultiheadAttention`` has
    it the other way round.) Floating: added to scale*x, so -inf masks; ``np.log(b)`` gives each exponential the weight b.
    ``"causal"``: the last two axes are queries and keys, the last query sees the last key, and each one before it a key less:
    key j takes part for query i where j <= i + (keys - queries), so a part of the queries gets what all of them get together.
    For square `x` that is SDPA's ``is_causal``. ``("causal", k)``: where j <= i + k, as ``np.tri(queries, keys, k)``: k is
    what stands before the first query. `axis` must be the last. No mask changes the result's dtype."""

_PARAMETERS = _X.format(in_place="; may be `x` itself") + _AXIS + _SCALE_AND_MASK

_EMPTY_PARAMETER = """
empty : {{"nan", "zero", "uniform"}}, default "nan"
    What a row gives whose elements are all masked or -inf. "nan": NaN, as everywhere else; "zero":
    {zero}; "uniform": {uniform}, with n the row's length."""

_MASKED_MAP_RETURNS = """\
Returns
-------
y : ndarray
    Of the shape of `x`. Floating dtypes are kept; integers and bool give float64. Masked elements give
    {masked}, but in a row that has no others: see `empty`."""

_RAISES = """\
Raises
------
TypeError
    A complex, object, string or datetime dtype; a mask of integers; an `out` to which the result can't be cast, or a plain
    one for a masked array; an axis that is no integer; a mask or scale that is a masked array; an unknown keyword, or what is
    one by position.
ValueError
    An `out` of another shape or read-only; a mask or scale that doesn't broadcast, or "causal" for what has no two axes or
    along another than the last; a `scale` that isn't finite, an option that isn't known, an axis that is named twice.
numpy.exceptions.AxisError
    An axis out of range; there is none in a scalar, but for ``axis=None``."""

_RAISES_OF_AXES = """\
Raises
------
TypeError
    A complex, object, string or datetime dtype; an `out` to which the result can't be cast, or a plain one for a masked
    array; an axis that is no integer.
ValueError
    An `out` of another shape or read-only; an axis that is named twice.
numpy.exceptions.AxisError
    An axis out of range."""

_MAP = f"""{_X.format(in_place="; may be `x` itself")}{_AXIS}

Returns
-------
y : ndarray
    Of the shape of `x`. Floating dtypes are kept; integers and bool give float64.

{_RAISES_OF_AXES}"""

softmax = RowFunction(
    name="softmax",
    call=Call.MASKED_MAP,
    arithmetic="softmax",
    doc=f"""\
Softmax along an axis: positive weights that sum to 1.

    f(x)_i = exp(z_i) / sum_j exp(z_j),  z = scale*x + mask

Call it for the forward pass, `backward` for the gradient: ``help(fastact.softmax.backward)``.

{_PARAMETERS}{_EMPTY_PARAMETER.format(zero="0, so that such a query attends to nothing", uniform="1/n")}

{_MASKED_MAP_RETURNS.format(masked="0")}

{_RAISES}

Notes
-----
Bridle, *Probabilistic Interpretation of Feedforward Classification Network Outputs* (1990); ``torch.softmax``,
``scipy.special.softmax``, ``jax.nn.softmax``. The largest z is subtracted first, so nothing overflows. A NaN or +inf that
takes part makes its row NaN. The error is at most 4 ULP (in float64: 6) of the exact result for z, which is rounded to the
dtype computed in (float32 for 16-bit input).

Examples
--------
>>> import numpy as np
>>> from fastact import softmax
>>> softmax(np.array([[1000.0, 1000.0], [-np.inf, 0.0]]))
array([[0.5, 0.5],
       [0. , 1. ]])
>>> softmax(np.zeros((3, 3)), mask="causal").round(2)
array([[1.  , 0.  , 0.  ],
       [0.5 , 0.5 , 0.  ],
       [0.33, 0.33, 0.33]])

One query and three keys, as decoding with a cache; and a temperature for each row:

>>> softmax(np.zeros((1, 3)), mask="causal").round(2)
array([[0.33, 0.33, 0.33]])
>>> temperature = np.array([[1.0], [0.1]])
>>> softmax(np.array([[0.0, 0.1], [0.0, 0.1]]), scale=1 / temperature).round(2)
array([[0.48, 0.52],
       [0.27, 0.73]])
""",
)

log_softmax = RowFunction(
    name="log_softmax",
    call=Call.MASKED_MAP,
    arithmetic="log_softmax",
    doc=f"""\
The logarithm of softmax along an axis, without its underflow.

    f(x)_i = z_i - log(sum_j exp(z_j)),  z = scale*x + mask

Call it for the forward pass, `backward` for the gradient: ``help(fastact.log_softmax.backward)``.

{_PARAMETERS}{_EMPTY_PARAMETER.format(zero="-inf, the logarithm of 0", uniform="-log n")}

{_MASKED_MAP_RETURNS.format(masked="-inf")}

{_RAISES}

Notes
-----
``torch.log_softmax``, ``scipy.special.log_softmax``, ``jax.nn.log_softmax``. Computed as (z - max) - log1p(s), s the sum
of exp(z_j - max) over the other elements: where one of them dominates, all its digits are there, which log(1 + s) loses. A
NaN or +inf that takes part makes its row NaN.

Examples
--------
>>> import numpy as np
>>> from fastact import log_softmax
>>> print(log_softmax(np.array([0.0, -50.0])))
[-1.92874985e-22 -5.00000000e+01]
""",
)

softmin = RowFunction(
    name="softmin",
    call=Call.MASKED_MAP,
    arithmetic="softmax",
    sign=-1,
    doc=f"""\
Softmin along an axis: softmax(-x), so the smallest element has the largest weight.

    f(x)_i = exp(z_i) / sum_j exp(z_j),  z = mask - scale*x

Call it for the forward pass, `backward` for the gradient: ``help(fastact.softmin.backward)``. `ufunc` is softmax's,
which takes ``-scale``.

{_PARAMETERS}{_EMPTY_PARAMETER.format(zero="0", uniform="1/n")}

{_MASKED_MAP_RETURNS.format(masked="0")}

{_RAISES}

Notes
-----
``torch.nn.functional.softmin``. As to the rest, see `softmax`.

Examples
--------
>>> import numpy as np
>>> from fastact import softmin
>>> softmin(np.array([0.0, np.inf, 0.0]))
array([0.5, 0. , 0.5])
""",
)

logsumexp = RowFunction(
    name="logsumexp",
    call=Call.MASKED_REDUCTION,
    arithmetic="logsumexp",
    of_nothing=-math.inf,
    doc=f"""\
The logarithm of the sum of exponentials along an axis: a smooth maximum.

    f(x) = log(sum_j exp(z_j)),  z = scale*x + mask

Call it for the forward pass, `backward` for the gradient: ``help(fastact.logsumexp.backward)``.

{_X.format(in_place="")}{_AXIS}{_KEEPDIMS}{_SCALE_AND_MASK}

Returns
-------
y : ndarray or scalar
    Of the shape of `x` without the axis, or with 1 there (`keepdims`). Floating dtypes are kept; integers and bool give float64.

{_RAISES}

Notes
-----
``torch.logsumexp``, ``scipy.special.logsumexp``, ``jax.nn.logsumexp``. Computed as max + log1p(s), s the sum of
exp(z_j - max) over the other elements. A row without elements, or with all of them masked or -inf, gives -inf; one with
a NaN that takes part NaN; one with +inf inf.

Examples
--------
>>> import numpy as np
>>> from fastact import logsumexp
>>> logsumexp(np.array([[1000.0, 1000.0], [-np.inf, -np.inf]]))
array([1000.69314718,          -inf])

SciPy's weights ``b`` are a mask: log(1 * e^0 + 3 * e^0), and all of an array together:

>>> logsumexp(np.zeros((1, 2)), mask=np.log([1.0, 3.0]))
array([1.38629436])
>>> logsumexp(np.zeros((2, 2)), axis=None, keepdims=True)
array([[1.38629436]])
""",
)

sparsemax = RowFunction(
    name="sparsemax",
    call=Call.MAP,
    arithmetic="sparsemax",
    doc=f"""\
Sparsemax along an axis: weights that sum to 1, most of them exactly 0.

    f(x)_i = max(x_i - t, 0),  t such that sum_i f(x)_i = 1

the point of the probability simplex nearest to x. Call it for the forward pass, `backward` for the gradient:
``help(fastact.sparsemax.backward)``.

{_MAP}

Notes
-----
Martins and Astudillo, *From Softmax to Sparsemax* (2016). The largest element is subtracted first; the error is a few ULP
of 1, the row's sum. A row with a NaN or +inf, or of -inf alone, gives NaN.

Examples
--------
>>> import numpy as np
>>> from fastact import sparsemax
>>> sparsemax(np.array([1.0, 0.5, -1.0]))
array([0.75, 0.25, 0.  ])
""",
)

entmax15 = RowFunction(
    name="entmax15",
    call=Call.MAP,
    arithmetic="entmax15",
    doc=f"""\
Entmax with alpha = 1.5 along an axis, between softmax and sparsemax: weights that sum to 1, many of them exactly 0.

    f(x)_i = max(x_i/2 - t, 0)^2,  t such that sum_i f(x)_i = 1

Call it for the forward pass, `backward` for the gradient: ``help(fastact.entmax15.backward)``.

{_MAP}

Notes
-----
Peters, Niculae and Martins, *Sparse Sequence-to-Sequence Models* (2019); ``entmax15`` of their package ``entmax``. Exact, without
sorting or bisection: Newton's method on the norm of max(x/2 - t, 0), which is convex in t. The largest element is subtracted
first; the error is a few ULP of 1, the row's sum. An element of -inf takes no part, so an additive mask works. A row with a NaN
or +inf, or of -inf alone, gives NaN.

Examples
--------
>>> import numpy as np
>>> from fastact import entmax15
>>> entmax15(np.array([1.0, 0.5, -3.0])).round(4)
array([0.674, 0.326, 0.   ])
>>> entmax15(np.zeros(4))
array([0.25, 0.25, 0.25, 0.25])
""",
)

maxout = RowFunction(
    name="maxout",
    call=Call.REDUCTION,
    arithmetic="maxout",
    doc=f"""\
Maxout: the largest element along an axis, which is removed.

    f(x) = max_j x_j

Call it for the forward pass, `backward` for the gradient: ``help(fastact.maxout.backward)``. The units that compete
lie along the axis: give the output of a layer reshaped to (..., groups, units of a group).

{_X.format(in_place="")}{_AXIS}{_KEEPDIMS}
return_index : bool, default False
    Whether to give the pair (y, index).

Returns
-------
y : ndarray or scalar
    Of the shape of `x` without the axis, or with 1 there (`keepdims`). Floating dtypes are kept; integers and bool give
    float64.
index : ndarray or scalar of intp
    With `return_index`, of the same shape: the place in the row of the unit that won, as ``np.argmax`` has it: the first of
    equals, and the first NaN if there is one. `backward` gives the gradient to this one. In a row of several axes it counts
    in C order: ``np.unravel_index`` makes a place along each axis of it.

{_RAISES_OF_AXES.replace("An `out`", "Rows without elements; an `out`")}

Notes
-----
Goodfellow et al., *Maxout Networks* (2013). ``np.max`` with a gradient. A row with a NaN gives NaN.

Examples
--------
>>> import numpy as np
>>> from fastact import maxout
>>> maxout(np.array([[1.0, 3.0], [2.0, -1.0]]))
array([3., 2.])
>>> y, index = maxout(np.array([[1.0, 3.0], [2.0, 2.0]]), return_index=True)
>>> index
array([1, 0])
""",
)
