"""What `axis=` means to a function of rows: one axis, several that together make a row, or None for all of them."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .arrays import Array


def integer(function: str, what: str, value: Any) -> int:
    """An integer; a bool is none."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{function}: {what} must be an integer, not {type(value).__name__}") from None


def one_axis(function: str, axis: Any, ndim: int) -> int:
    """An axis, counted from 0."""
    number = integer(function, "axis", axis)
    if not -ndim <= number < ndim:
        raise np.exceptions.AxisError(number, ndim, function)
    return number % ndim


def several_axes(function: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that a row takes, counted from 0, in ascending order; none at all if each element is a row of its own."""
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, tuple):
        return (one_axis(function, axis, ndim),)
    axes = tuple(sorted(one_axis(function, number, ndim) for number in axis))
    if len(set(axes)) < len(axes):
        raise ValueError(f"{function}: axis={axis} names an axis twice")
    return axes


def without_axes(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one number a row."""
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def with_ones(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The same with `keepdims`: 1 stands where the axes were."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def first_of_rows(array: Array, axes: tuple[int, ...]) -> Array:
    """A view of what is first along the axes."""
    return array[(*(0 if i in axes else slice(None) for i in range(array.ndim)), ...)]


def rows_last(array: Array, axes: tuple[int, ...]) -> Array:
    """The array with each row, in C order, along its last axis: a view if there is one, otherwise a copy."""
    others = tuple(i for i in range(array.ndim) if i not in axes)
    length = math.prod(array.shape[i] for i in axes)
    return array.transpose(others + axes).reshape(*(array.shape[i] for i in others), length)


def rows_back(rows: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """What `rows_last` made of an array of this shape, as it was: a view."""
    others = tuple(i for i in range(len(shape)) if i not in axes)
    order = others + axes
    return rows.reshape([shape[i] for i in order]).transpose(np.argsort(order))


def along_one(axes: tuple[int, ...], *arrays: Any) -> tuple[int, list[Any]]:
    """One axis along which all rows lie, and the arrays so; what is no array stays what it is."""
    if len(axes) == 1:
        return axes[0], list(arrays)
    moved = [rows_last(array, axes) if isinstance(array, Array) else array for array in arrays]
    return next(array.ndim for array in moved if isinstance(array, Array)) - 1, moved


def causal(shape: tuple[int, ...], offset: int) -> Array:
    """The causal mask of the last two axes, as an array: element (i, j) takes part where j <= i + offset."""
    queries, keys = shape[-2:]
    return np.tri(queries, keys, offset, dtype=bool)
