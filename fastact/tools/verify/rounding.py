"""Rounding of float64 and of mpmath's numbers to narrower types: to the nearest, of two the even one, and only once."""

from __future__ import annotations

import ast
import functools
from typing import Any

import numpy as np

from ...api import get_activation
from .. import reference
from ..directions import Direction
from ..reference import Array, format_of, mp
from .dtypes import type_of

#: mpmath starts with so many bits and takes four times as many until they decide. Half of them may be lost where terms cancel.
BITS = (400, 1600, 6400)


def rounded(values: Array, dtype: str) -> Array:
    """float64 numbers in a narrower type."""
    kind = type_of(dtype)
    with np.errstate(all="ignore"):
        if dtype != "bfloat16":
            return values.astype(kind)
        form = format_of(kind)  # ml_dtypes rounds to float32 first
        exponents = np.maximum(np.frexp(values)[1] - 1, form.lowest) - form.digits
        numbers = np.ldexp(np.rint(np.ldexp(values, -exponents)), exponents)
        found: Array = np.where(np.isfinite(values), numbers, values).astype(np.float32).astype(kind)
        return found


def right_results(name: str, direction: Direction, x: Array, computed: Array) -> Array:
    """f(x) or f'(x), default parameters, correctly rounded to the type of x; by mpmath, with as many bits as it takes.

    Where the real value is zero, a computed zero keeps its sign.
    """
    zeros = np.where(computed == 0, computed, 0).astype(np.float64).tolist()
    right = [_right(name, direction, x[i : i + 1], zero) for i, zero in enumerate(zeros)]
    return np.array(right, np.float64).astype(np.float32).astype(x.dtype)


def _right(name: str, direction: Direction, point: Array, zero: float) -> float:
    wanted: Any = mp.nan
    for bits in BITS:
        with mp.workprec(bits):
            wanted, size = real(name, direction, point)
            if not mp.isfinite(wanted) or not size:
                break
            error = mp.ldexp(size, -bits // 2)
            low, high = nearest(wanted - error, point.dtype), nearest(wanted + error, point.dtype)
            if low == high != 0 or (low == high and abs(wanted) > error):
                return low
    if not wanted:
        return zero
    # Of a formula without exp the result may be the middle between two numbers; nothing else is so near it.
    return nearest(wanted, point.dtype) if mp.isinf(wanted) or _is_algebraic(name) else float("nan")


@functools.cache
def _is_algebraic(name: str) -> bool:
    """Whether a definition and its derivative need no function but these."""
    info = get_activation(name).info
    nodes = (node for text in (info.formula, info.derivative) for node in ast.walk(ast.parse(text.strip())))
    return {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)} <= {"abs", "max", "min", "sqrt"}


def real(name: str, direction: Direction, point: Array) -> tuple[Any, Any]:
    """f or f' at the one point of an array and the size that its error is relative to, in mpmath's precision."""
    y, d, size = (found[0] for found in reference.exact(name, point, *reference.defaults(name)))
    return (y, abs(y)) if direction == Direction.FORWARD else (d, size)


def nearest(number: Any, dtype: Any) -> float:
    """The number of a type nearest to one of mpmath's, or infinity; a zero has the sign of what is rounded to it."""
    if not mp.isfinite(number) or not number:
        return float(number)
    form = format_of(dtype)
    exponent = max(mp.frexp(number)[1] - 1, form.lowest) - form.digits
    scaled = mp.ldexp(abs(number), -exponent)
    whole = int(mp.floor(scaled))
    rest = scaled - whole
    whole += bool(rest > 0.5 or (rest == 0.5 and whole % 2))
    size = np.inf if exponent + whole.bit_length() > form.overflow else np.ldexp(np.float64(whole), exponent)
    return float(np.copysign(size, -1 if number < 0 else 1))
