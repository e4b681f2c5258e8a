"""Which arguments a call takes, and the errors of those that it does not: one owner of their texts, for all families.

By position go the operands alone. All else is a keyword, `out` too: so no second array is ever written to that was meant as a
parameter, a mask or a bias.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from ..functions.signatures import arguments_of
from ..runtime import precision

_Method = TypeVar("_Method", bound=Callable[..., Any])

#: What other libraries call an argument, and what it may be called here.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "a": ("alpha", "negative_slope", "x", "min"),
    "a_max": ("max",),
    "a_min": ("min",),
    "action_mask": ("mask",),
    "alpha": ("negative_slope", "slope", "slope_left"),
    "attention_mask": ("mask",),
    "attn_mask": ("mask",),
    "axes": ("axis",),
    "b": ("bias", "mask", "beta"),
    "class_weight": ("weight",),
    "clip_max": ("max",),
    "clip_min": ("min",),
    "dim": ("axis",),
    "dims": ("axis",),
    "dout": ("dy",),
    "epsilon": ("label_smoothing",),
    "generator": ("rng",),
    "grad": ("dy",),
    "grad_output": ("dy",),
    "high": ("max", "upper"),
    "ignore_label": ("ignore_index",),
    "input": ("x", "logits", "log_probs", "gate"),
    "keep_dims": ("keepdims",),
    "keepdim": ("keepdims",),
    "labels": ("targets",),
    "lam": ("lambd",),
    "lambda_": ("lambd",),
    "leak": ("negative_slope", "slope"),
    "log_probabilities": ("log_probs",),
    "logits": ("x",),
    "logprobs": ("log_probs",),
    "low": ("min", "lower"),
    "lr": ("negative_slope",),
    "max_val": ("max",),
    "max_value": ("max",),
    "min_val": ("min",),
    "min_value": ("min",),
    "negative_slope": ("slope", "slope_left", "alpha", "lower"),
    "output": ("out", "y"),
    "packed": ("gate",),
    "positive_weight": ("pos_weight",),
    "reduce": ("reduction",),
    "result": ("out",),
    "return_argmax": ("return_index",),
    "return_indices": ("return_index",),
    "row_weight": ("sample_weight",),
    "sample_weights": ("sample_weight",),
    "seed": ("rng",),
    "slope": ("negative_slope", "slope_left", "lower"),
    "smoothing": ("label_smoothing",),
    "softmax_scale": ("scale",),
    "target": ("targets",),
    "temperature": ("tau", "scale"),
    "theta": ("threshold",),
    "weight": ("slope", "bias"),
    "weights": ("weight", "slope"),
    "where": ("mask",),
    "y_pred": ("logits", "log_probs"),
    "y_true": ("targets",),
}

#: Keywords that are those of every ufunc: not what is meant by a second positional argument.
_OF_UFUNCS = frozenset({"where", "dtype", "casting", "order", "subok", "signature"})


def named_arguments(method: _Method) -> _Method:
    """Decorate a method that users call, so that wrong arguments are told in words that they know: never a class's name.

    The method's signature says what it takes. ``**params`` in it stands for `_parameter_names` of the object, and the method
    raises a TypeError for others before it does anything. For every such method ``out=...`` means what it means to a ufunc: a
    new array, where a scalar would be returned, too. Errors that come from NumPy or from an argument get the function's name.

    Where results are to be exact (`fastact.precision`), the call is one of the same function on the backend that computes so.
    """
    operands, keywords, defaults = arguments_of(method)
    required = [name for name in operands if name not in defaults]
    more = method.__code__.co_flags & inspect.CO_VARKEYWORDS

    def complaint(self: Any, given: Sequence[Any], named: dict[str, Any]) -> str | None:
        """What is wrong with the arguments; None if nothing is."""
        function = self.name if method.__name__ == "__call__" else f"{self.name}.{method.__name__}"
        own = self._parameter_names if more else ()
        if len(given) > len(operands):
            return surplus(function, operands, own, keywords)
        for name in named:
            if name in operands[: len(given)]:
                return f"{function}: {name} is given by position and by keyword"
            if name not in keywords and name not in own and name not in operands:
                return f"{function}: {unexpected(name, operands, [*own, *keywords])}"
        for name in required[len(given) :]:
            if name not in named:
                return f"{function}: {name} is missing; it takes {_listed(operands)} by position"
        return None

    @functools.wraps(method)
    def checked(self: Any, *given: Any, **named: Any) -> Any:
        if precision.exact.get() and not self._backend.is_exact:
            exact = self._in_mode()
            return (exact if method.__name__ == "__call__" else getattr(exact, method.__name__))(*given, **named)
        if "out" in named and named["out"] is ...:
            del named["out"]
            return _as_arrays(checked(self, *given, **named))
        try:
            return method(self, *given, **named)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            # Looked at only now, as it takes longer than Python's own look at the arguments.
            message = complaint(self, given, named) if isinstance(error, TypeError) else None
            if message is None:
                if self.name in str(error) and not isinstance(error, OverflowError) and not hasattr(error, "casting"):
                    raise
                raise _named(self.name if method.__name__ == "__call__" else f"{self.name}.{method.__name__}", error) from error
        raise TypeError(message)

    return cast(_Method, checked)


def _named(function: str, error: Any) -> Exception:
    """An error of NumPy's, or of an argument, that names the function. What is too large for a number is a wrong value."""
    kinds = (np.exceptions.AxisError, TypeError, IndexError)
    kind = next((kind for kind in kinds if isinstance(error, kind)), ValueError)
    if hasattr(error, "casting"):  # of a ufunc, which has a name of its own
        return kind(f"{function}: {_uncastable(error)}")
    return kind(f"{function}: {error}")


def _uncastable(error: Any) -> str:
    """What a ufunc can't cast: `calls.ufunclike.CastError`, or the same of NumPy's."""
    if hasattr(error, "out_i"):
        return f"out has dtype {error.to}, to which the result's, {error.from_}, can't be cast with casting={error.casting!r}"
    return f"an input of dtype {error.from_} can't be cast to {error.to} with casting={error.casting!r}"


def saved_operand(function: str, x: Any, y: Any) -> tuple[str, Any]:
    """The name and value of what a gradient is computed from: the input x or the output y, one of them."""
    if (x is None) == (y is None):
        raise TypeError(f"{function} takes either x or y=; {'neither was' if x is None else 'both were'} given")
    return ("x", x) if y is None else ("y", y)


def generator(function: str, rng: Any) -> Any:
    """What numbers are drawn from, None where none are."""
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{function}: rng must be a np.random.Generator, such as np.random.default_rng(seed), not {type(rng).__name__}"
        )
    return rng


def _listed(names: Sequence[str], ending: str = "") -> str:
    """The names as in a sentence."""
    names = [f"{name}{ending}" for name in names]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def surplus(function: str, operands: Sequence[str], own: Collection[str], keywords: Sequence[str]) -> str:
    """The message for too many positional arguments: it says what may have been meant."""
    meant = list(own) or [name for name in keywords if name not in _OF_UFUNCS]
    verb = "are keywords" if len(meant) > 1 else "is a keyword"
    told = f"{function}: takes {_listed(operands)} alone by position; {_listed(meant, '=')} {verb}"
    return f"{told}, as is out=" if own else told


def unexpected(name: str, operands: Sequence[str], accepted: Sequence[str]) -> str:
    """The message for an unknown keyword: it suggests the nearest."""
    near = next((known for known in SYNONYMS.get(name.lower(), ()) if known in accepted or known in operands), None)
    if near is None:
        import difflib  # needed for errors alone

        near = next(iter(difflib.get_close_matches(name, [*accepted, *operands], n=1)), None)
    hint = f"did you mean {near}? " if near else ""
    return f"unexpected keyword argument {name!r}; {hint}it takes {', '.join(accepted)}"


def _as_arrays(result: Any) -> Any:
    """The results of a call with arrays in place of scalars."""
    if isinstance(result, tuple):
        return tuple(map(_as_arrays, result))
    return np.asarray(result) if isinstance(result, np.generic) else result
