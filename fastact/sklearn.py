"""scikit-learn's multilayer perceptrons with the functions of this package.

`patch` gives `sklearn.neural_network.MLPClassifier` and `MLPRegressor` other functions for what they compute between matrix
products: the activations and their derivatives, softmax, the log-loss. What is learnt is the same within rounding.

Examples
--------
>>> import fastact.sklearn
>>> from sklearn.datasets import load_iris
>>> from sklearn.neural_network import MLPClassifier
>>> x, y = load_iris(return_X_y=True)
>>> with fastact.sklearn.patch():
...     network = MLPClassifier(10, solver="lbfgs", alpha=0.1, max_iter=1000, random_state=0).fit(x, y)
>>> network.score(x, y) > 0.9
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fastact

from .integrations import extras
from .integrations.patches import HookError, Patch, Patched, Replacement, names_in

__all__ = ["HookError", "patch"]

_LIBRARY = "scikit-learn"
_network = extras.load("sklearn.neural_network._multilayer_perceptron", extra="sklearn", needed_by=__name__)

_Function = Callable[..., Any]


def _usable(*arrays: Any) -> bool:
    """Whether these are plain arrays of real numbers. What else scikit-learn may hand over is left to its own function."""
    return all(type(array) is np.ndarray and array.dtype in (np.float32, np.float64) for array in arrays)


def _in_place(function: _Function) -> Callable[[_Function], _Function]:
    """An activation that writes its result to its input."""

    def replaced(before: _Function) -> _Function:
        def inplace(X: Any) -> Any:
            return function(X, out=X) if _usable(X) else before(X)

        return inplace

    return replaced


def _derivative(activation: fastact.Activation) -> Callable[[_Function], _Function]:
    """A gradient from the output Z of the activation, which is written to the gradient of that output."""

    def replaced(before: _Function) -> _Function:
        def inplace(Z: Any, delta: Any) -> Any:
            return activation.backward(delta, y=Z, out=delta) if _usable(Z, delta) else before(Z, delta)

        return inplace

    return replaced


def _log_loss(before: _Function) -> _Function:
    """The mean log-loss of one label a row, of which scikit-learn gives the indicator matrix: one logarithm a row, not of all."""

    def log_loss(y_true: Any, y_prob: Any, sample_weight: Any = None) -> Any:
        if _usable(y_prob) and y_true.dtype == bool and y_true.shape == y_prob.shape and y_prob.shape[1] > 1:
            likelihoods = y_prob[y_true]
            if len(likelihoods) == len(y_prob) and y_true.any(axis=1).all():  # one of each row
                return _mean_loss(likelihoods[:, np.newaxis], sample_weight)
        return before(y_true, y_prob, *_given(sample_weight))

    return log_loss


def _binary_log_loss(before: _Function) -> _Function:
    """The mean over rows of the sum of the log-losses of independent labels: one logarithm of each, not two."""

    def binary_log_loss(y_true: Any, y_prob: Any, sample_weight: Any = None) -> Any:
        if _usable(y_prob) and y_true.dtype == bool and y_true.shape == y_prob.shape:
            return _mean_loss(np.where(y_true, y_prob, 1 - y_prob), sample_weight)
        return before(y_true, y_prob, *_given(sample_weight))

    return binary_log_loss


def _given(sample_weight: Any) -> tuple[Any, ...]:
    """The argument, where there are weights: scikit-learn's losses take it since 1.7."""
    return () if sample_weight is None else (sample_weight,)


def _mean_loss(likelihoods: Any, sample_weight: Any) -> Any:
    """The mean over rows of what the labels' likelihoods cost. As in scikit-learn none of them is 0 or 1."""
    eps = np.finfo(likelihoods.dtype).eps
    return -np.average(np.log(likelihoods.clip(eps, 1 - eps)), weights=sample_weight, axis=0).sum()


_ACTIVATIONS: dict[str, Any] = {
    "exp": fastact.exponential,
    "logistic": fastact.sigmoid,
    "relu": fastact.relu,
    "softmax": fastact.softmax,
    "tanh": fastact.tanh,
}
_DERIVATIVES = {"logistic": fastact.sigmoid, "relu": fastact.relu, "tanh": fastact.tanh}
_LOSSES = {"log_loss": _log_loss, "binary_log_loss": _binary_log_loss}


def _replacements() -> Iterator[Replacement]:
    """What is replaced: functions in the dictionaries that networks look them up in."""
    tables: dict[str, dict[str, Callable[[_Function], _Function]]] = {
        "ACTIVATIONS": {name: _in_place(function) for name, function in _ACTIVATIONS.items()},
        "DERIVATIVES": {name: _derivative(function) for name, function in _DERIVATIVES.items()},
        "LOSS_FUNCTIONS": dict(_LOSSES),
    }
    for attribute, functions in tables.items():
        names = names_in(_LIBRARY, _network, attribute)
        for name, function in functions.items():
            if name == "exp" and name not in names:  # there since poisson regression is
                continue
            yield Replacement(f"{_network.__name__}.{attribute}", names, name, function)


_PATCH = Patch(_LIBRARY, _replacements)


def patch() -> Patched:
    """Have scikit-learn's networks use the functions of this package, in all threads, until that is undone.

    Returns
    -------
    Patched
        A context manager: ``with patch():`` undoes it at the end of the block. Without `with` it lasts until its method `undo`
        is called, or for good. It may be made several times, in blocks within blocks and on several threads: the last to leave
        puts scikit-learn's own functions back.

    Raises
    ------
    HookError
        In this version of scikit-learn the functions are not where they were; nothing is replaced then.

    Notes
    -----
    Processes that joblib starts (``n_jobs=``) are not patched, unless what they run calls `patch`.

    Examples
    --------
    >>> import fastact.sklearn
    >>> patched = fastact.sklearn.patch()
    >>> patched.undo()
    """
    return _PATCH.apply()
