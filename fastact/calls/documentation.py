"""The signature and documentation of an elementwise activation, made from its record."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from ..functions.entry import Entry


class OnDemand:
    """An attribute that an instance makes when it is first asked for: most of what there is to tell nobody asks for.

    Parameters
    ----------
    name : str
        The attribute.
    make : callable
        make(instance) gives it.
    of_class : optional
        What the class itself has by this name.
    """

    def __init__(self, name: str, make: Callable[[Any], Any], of_class: Any = None) -> None:
        self.name, self.make, self.of_class = name, make, of_class

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self.of_class
        return vars(instance).setdefault(self.name, self.make(instance))


def call_signature(entry: Entry) -> inspect.Signature:
    """How an activation is called."""
    defaults = {
        **{"out": None, "where": True, "dtype": None, "bias": None, "bias_axis": -1},
        **{p.name: p.default for p in entry.options},
        **({"rng": None} if entry.noise else {}),
        **{"casting": "same_kind", "order": "K", "subok": True, "signature": None},
    }
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [
            inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *(inspect.Parameter(name, keyword, default=default) for name, default in defaults.items()),
        ]
    )


_DOCUMENTATION = """\
{name}{signature}

{summary}

    f(x)  = {info.formula}
    f'(x) = {info.derivative}

Parameters
----------
x : array_like
    The input, of any shape and layout; float16, bfloat16 (of ml_dtypes), float32, float64, integers or bool.
out : ndarray, optional
    Where to put the result, of its shape; may be `x` itself. ``...`` gives an array where otherwise a scalar is returned.
where : array_like of bool, optional
    Where to compute; elsewhere `out` keeps its values.
dtype : dtype, optional
    The dtype to compute and return.
bias : array_like, optional
    Added to the input: f(x + bias). One of one dimension lies along an axis of the input, whose length it has; one of several
    dimensions broadcasts to the input by NumPy's rules. No x + bias is stored.
bias_axis : int, default -1
    The axis of a bias of one dimension: 1 for the channels of images in the layout NCHW.
{parameters}casting, order, subok, signature : optional
    As a ufunc of x alone takes them; `signature` names the dtypes of x and of the result.

Returns
-------
y : ndarray or scalar
    Of the shape of `x`. Floating dtypes are kept; {integers}.

Raises
------
TypeError
    A complex, object, string or datetime dtype; an unknown keyword, or what is one by position; an `out` to which the result
    can't be cast.
ValueError
    An `out` of another shape or read-only; a bias that doesn't fit; a parameter out of its domain.

Notes
-----
{notes}{learnt}

{documented}
{examples}"""


_DOCUMENTED = "{} `backward`, `value_and_grad` and `info` are documented on `fastact.Activation`."
_NOT_FROM_OUTPUT = "The derivative can't be had from the output, so `backward` needs x."

_LEARNT = """

A parameter can be an array that broadcasts to `x`. It is learnt then: `backward` gives its gradient, too, in its shape."""


def sections_of(doc: str) -> tuple[str, dict[str, str]]:
    """The summary of a docstring, and its sections by their titles."""
    summary, *sections = re.split(r"\n\n(?=\w[\w ]*\n-+\n)", inspect.cleandoc(doc))
    return summary, {title: body for title, _, body in (re.split(r"\n(-+)\n", section, maxsplit=1) for section in sections)}


def lines(*sentences: str) -> str:
    """These sentences as a paragraph."""
    return textwrap.fill(" ".join(filter(None, sentences)), 125, break_long_words=False, break_on_hyphens=False)


def documentation(entry: Entry) -> str:
    """The entry's docstring (summary, own Parameters, Notes, Examples) within what all activations share."""
    if not entry.doc:  # python -OO strips docstrings
        return ""
    summary, own = sections_of(entry.doc)
    if "Notes" not in own:
        raise ValueError(f"{entry.forward.__code__.co_filename}: the docstring of {entry.name!r} lacks the section Notes")
    error = f"The error is at most {entry.info.ulp:g} ULP{' with the default parameters' if entry.options else ''}."
    return filled(entry, summary, own, error)


def filled(entry: Entry, summary: str, own: Mapping[str, str], error: str) -> str:
    """What all activations share, with what is an activation's own: its summary and sections, and what is told of its error."""
    keeps = "integers and bool are kept" + (" if the parameters are integers too" if entry.options else "")
    return _DOCUMENTATION.format(
        name=entry.name,
        signature=call_signature(entry),
        summary=summary,
        info=entry.info,
        parameters=own["Parameters"] + "\n" if "Parameters" in own else "",
        integers=keeps if entry.keeps_integers else "integers and bool give float64",
        notes=own["Notes"],
        learnt=_LEARNT if any(not p.array for p in entry.options) and not entry.noise else "",
        documented=lines(_DOCUMENTED.format(error), "" if entry.derivative_from_output else _NOT_FROM_OUTPUT),
        examples=f"\nExamples\n--------\n{own['Examples']}\n" if "Examples" in own else "",
    )
