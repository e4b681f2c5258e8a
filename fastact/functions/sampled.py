"""The functions of rows that draw noise: ONE record each."""

from __future__ import annotations

from dataclasses import dataclass

from .record import Call, Record


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SampledFunction(Record):
    """A function of rows of x and of numbers drawn from a generator.

    Attributes
    ----------
    doc : str
        The documentation, without the signature, which follows from `call`.
    """

    call: Call = Call.SAMPLED_MAP
    doc: str


gumbel_softmax = SampledFunction(
    name="gumbel_softmax",
    doc="""\
Gumbel softmax along an axis: a sample of a categorical distribution, made soft so that it has a gradient.

    f(x) = softmax((x + g) / tau),  g = -log(-log(u)),  u uniform between 0 and 1

Without `rng` nothing is drawn, and it is softmax(x / tau): what stands in for the sample in inference. Call it for the forward
pass, `backward` for the gradient: ``help(fastact.gumbel_softmax.backward)``.

Parameters
----------
x : array_like
    The logits, that is logarithms of probabilities but for a constant: float16, bfloat16 (of ml_dtypes), float32, float64,
    integers or bool; any layout.
out : ndarray, optional
    Where to put the result, of its shape; may be `x` itself.
axis : int, default -1
    The axis along which the weights sum to 1: by default the last.
tau : float > 0, default 1
    The temperature. The lower it is, the nearer is the sample to one of the classes alone.
hard : bool, default False
    Whether to give the class that the sample is nearest to: 1 at the first of the row's largest weights, 0 elsewhere. Its
    gradient is that of the soft sample ("straight through").
rng : numpy.random.Generator, optional
    What to draw from: ``rng.gumbel(size=x.shape)``, so one float64 per element, in C order, whatever the layout, the dtype and
    the backend. One that is seeded alike repeats the draw.

Returns
-------
y : ndarray
    Of the shape of `x`. Floating dtypes are kept; integers and bool give float64.

Raises
------
TypeError
    A complex, object, string or datetime dtype; an `out` to which the result can't be cast; an `rng` that is no Generator, a
    `hard` that is no bool; an unknown keyword, or what is one by position.
ValueError
    An `out` of another shape or read-only; a `tau` that isn't positive and finite.
numpy.exceptions.AxisError
    An axis out of range; there is none in a scalar.

Notes
-----
Jang, Gu and Poole, *Categorical Reparameterization with Gumbel-Softmax* (2017); Maddison, Mnih and Teh, *The Concrete
Distribution* (2017); ``torch.nn.functional.gumbel_softmax``. The noise is never infinite: u is at least 2^-53 and less than 1. It
is added and divided by tau in float64, then the error is that of `softmax`. An element of -inf is never drawn. A NaN or +inf
makes its row NaN, and so does -inf in all of it.

Examples
--------
>>> import numpy as np
>>> from fastact import gumbel_softmax
>>> gumbel_softmax(np.zeros(3), tau=0.5, rng=np.random.default_rng(0)).round(3)
array([0.002, 0.017, 0.981])
>>> gumbel_softmax(np.zeros(3), hard=True, rng=np.random.default_rng(0))
array([0., 0., 1.])
>>> gumbel_softmax(np.log([0.25, 0.75]))
array([0.25, 0.75])
""",
)
