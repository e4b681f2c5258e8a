"""Errors with parameters other than the defaults: `python -m fastact verify --parameters`.

Parameters of every size that their domains admit are drawn, and for each set inputs of every size, many of them where the product
with a parameter is near 1. The reference is the definition in `Info` by mpmath, for every dtype.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import backends
from ...functions import entries
from ...functions.entry import Entry, Parameter
from ...functions.noise import Uniform
from .. import reference
from ..directions import BOTH, Direction
from ..printing import new_table
from ..reference import Array, format_of
from .dtypes import type_of
from .results import HALF_BOUND, SLACK, figure

if TYPE_CHECKING:
    from rich.table import Table

#: Sets of parameters, and inputs for each.
SETS, INPUTS = 60, 24
#: What the bounds of `Info` grow by: the product with the parameter is rounded, too.
ALLOWANCE = 1.0
#: The definitions add 1 to e^-700 and multiply it by e^700: so many bits of mpmath's.
BITS = 2600


@dataclass(frozen=True)
class Found:
    """The largest error of one function, dtype, backend and direction, in ULP, with the parameters and the input where it is."""

    name: str
    dtype: str
    backend: str
    direction: Direction
    error: float = 0.0
    parameters: tuple[float, ...] = ()
    at: float = math.nan

    @property
    def bound(self) -> float:
        """What is declared with other parameters."""
        info = entries[self.name].info
        declared = max(info.ulp if self.direction == Direction.FORWARD else info.derivative_ulp, 0.5) + ALLOWANCE
        return declared if np.dtype(type_of(self.dtype)).itemsize > 2 else HALF_BOUND + ALLOWANCE / 100

    @property
    def passed(self) -> bool:
        return self.error <= self.bound + SLACK

    @property
    def place(self) -> str:
        """Where it is: the call's arguments."""
        given = keywords(entries[self.name], self.parameters)
        return ", ".join([f"{self.at:.9g}", *(f"{name}={value:.9g}" for name, value in given.items())])

    def __str__(self) -> str:
        where = f"{self.name}({self.place}) {self.direction}, {self.dtype}, {self.backend}"
        return f"{where}: {figure(self.error)} ULP, where {self.bound:g} are declared"


@dataclass(frozen=True)
class Portion:
    """What one process measures at a time."""

    name: str
    dtype: str
    backends: tuple[str, ...]

    def run(self) -> list[Found]:
        with np.errstate(all="ignore"):
            return measure(self.name, self.dtype, self.backends, SETS)


def with_parameters(names: Sequence[str]) -> list[str]:
    """Those of these functions that have parameters."""
    return [name for name in names if entries[name].options]


def keywords(entry: Entry, values: Sequence[float]) -> dict[str, float]:
    """How the user gives these parameters of the formula. Of a slope that is drawn, both ends of the interval are it."""
    if isinstance(entry.noise, Uniform):
        return {p.name: values[0] for p in entry.options}
    return {p.name: value for p, value in zip(entry.parameters, values, strict=True)}


def measure(name: str, dtype: str, on: Sequence[str], sets: int, seed: int = 0) -> list[Found]:
    """The largest errors found of one function and dtype."""
    entry, form = entries[name], format_of(type_of(dtype))
    rng = np.random.default_rng([seed, form.bits, form.digits])
    found = {(backend, direction): Found(name, dtype, backend, direction) for backend in on for direction in BOTH}
    for _ in range(sets):
        values = _draw(entry, dtype, rng)
        x = _inputs(values, dtype, rng)
        with reference.mp.workprec(BITS):
            wanted = _wanted(entry, x, values)
        given = keywords(entry, values)
        for backend in on:
            f = getattr(backends.load(backend), name)
            gradient = f.backward(np.ones_like(x), x, **given)
            for direction, computed in (
                (Direction.FORWARD, f(x, **given)),
                (Direction.BACKWARD, gradient[0] if isinstance(gradient, tuple) else gradient),
            ):
                errors = np.min([reference.ulp_errors(computed, *pair) for pair in wanted[direction]], axis=0)
                worst = int(errors.argmax())
                if errors[worst] > found[backend, direction].error:
                    found[backend, direction] = replace(
                        found[backend, direction], error=float(errors[worst]), parameters=values, at=float(x[worst])
                    )
    return list(found.values())


def _draw(entry: Entry, dtype: str, rng: np.random.Generator) -> tuple[float, ...]:
    """One set of parameters, which the loops' type holds."""
    wide = dtype == "float64"
    values = [float(type_of("float64" if wide else "float32")(_one(p, 1000 if wide else 120, rng))) for p in entry.parameters]
    if entry.ordered and not entry.noise:
        first, second = (next(i for i, p in enumerate(entry.parameters) if p.name == name) for name in entry.ordered)
        values[first], values[second] = sorted((values[first], values[second]))
    return tuple(values)


def _one(p: Parameter, octaves: int, rng: np.random.Generator) -> float:
    """Near 1, far from it or anywhere; now and then the end of the domain, and zero."""
    if p.admits(0) and rng.random() < 1 / 16:
        return 0.0
    reach = rng.choice([4, 10, 40, octaves])
    value = float(np.exp2(rng.uniform(-reach, reach)))
    return -value if p.admits(-value) and rng.random() < 1 / 2 else value


def _inputs(values: Sequence[float], dtype: str, rng: np.random.Generator) -> Array:
    """Numbers of every size; such whose product with a parameter is neither huge nor tiny; and such near a parameter."""
    kind = type_of(dtype)
    largest = float(reference.from_bits([format_of(kind).infinity - 1], kind)[0])
    portions = [reference.stratified(kind, INPUTS, rng).astype(np.float64)]
    for value in filter(None, values):
        signs = rng.choice([-1, 1], INPUTS)
        with np.errstate(all="ignore"):
            portions += [
                signs * np.exp2(rng.uniform(-12, 10, INPUTS)) / value,
                np.abs(value) ** -0.5 * signs * np.exp2(rng.uniform(-4, 4, INPUTS)),
                value * (1 + signs * np.exp2(rng.uniform(-20, 1, INPUTS))),
            ]
    with np.errstate(all="ignore"):
        x: Array = np.clip(np.concatenate(portions), -largest, largest).astype(kind)
        finite: Array = x[np.isfinite(x)]
    return finite


def _wanted(entry: Entry, x: Array, values: tuple[float, ...]) -> dict[Direction, list[tuple[list[Any], list[Any]]]]:
    """What is right, and the sizes in whose ULP the error is measured: one of several where a function has kinks.

    Beside a kink, which the rounding of a product moves, the slope of either side will do.
    """
    y, d, size = reference.exact(entry.name, x, *values)
    terms = reference.term(entry.name, x, *values)
    slopes = [(d, _at_least(size, d, x))]
    if not entry.info.smooth:
        for shifted, other in _neighbours(x, values):
            _, d, size = reference.exact(entry.name, shifted, *other)
            slopes.append((d, _at_least(size, d, x)))
    return {Direction.FORWARD: [(y, [max(abs(a), abs(b)) for a, b in zip(y, terms, strict=True)])], Direction.BACKWARD: slopes}


def _at_least(sizes: list[Any], d: list[Any], x: Array) -> list[Any]:
    """Of 16 bits, the sum of the terms is rounded once: where it exceeds them, the unit is that of the sum."""
    if format_of(x.dtype).bits > 16:
        return sizes
    return [max(size, abs(one)) for size, one in zip(sizes, d, strict=True)]


def _neighbours(x: Array, values: tuple[float, ...]) -> Iterator[tuple[Array, tuple[float, ...]]]:
    """Inputs and parameters that differ from these by a few units in the last place of float32, or of float64."""
    unit = 2.0**-50 if x.dtype == np.float64 else 2.0**-21
    for sign in (-1, 1):
        with np.errstate(all="ignore"):
            moved = (x.astype(np.float64) * (1 + sign * unit)).astype(np.float64 if x.dtype == np.float64 else np.float32)
        yield np.where(np.isfinite(moved), moved, x.astype(moved.dtype)), values
        for i, value in enumerate(values):
            yield x.astype(moved.dtype), (*values[:i], value * (1 + sign * unit), *values[i + 1 :])


def table(results: Sequence[Found]) -> Table:
    """The errors, a line a function, dtype and backend, but one for backends that agree."""
    shown = new_table(["function", "dtype", "backend"], ["forward", "backward"], wrapped=["backend"])
    lines: dict[tuple[str, str], dict[str, dict[Direction, Found]]] = {}
    for result in results:
        lines.setdefault((result.name, result.dtype), {}).setdefault(result.backend, {})[result.direction] = result
    for (name, dtype), found in lines.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for backend, directions in found.items():
            alike.setdefault(tuple(_cell(directions[direction]) for direction in BOTH), []).append(backend)
        for cells, those in alike.items():
            shown.add_row(name, dtype, ", ".join(those), *cells)
    return shown


def _cell(found: Found) -> str:
    text = f"{figure(found.error)} / {found.bound:g}"
    text = text if found.passed else f"[red]{text} BROKEN[/red]"
    return f"{text}\n[dim]{found.place}[/dim]" if found.error else text
