"""The distributions that random activations draw from, once per element, from a `np.random.Generator`.

Every backend and every layout draws the same float64 numbers in the same order, that of the elements in C order, and only then
rounds to the dtype it computes in: so a result depends on the generator's state, on x and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class Uniform:
    """Uniform between the values of two parameters; their mean where nothing is drawn."""

    standard_normal = False

    def __init__(self, low: str, high: str) -> None:
        self.low = low
        self.high = high

    def scale(self, options: Mapping[str, float]) -> tuple[float, float]:
        """What a standard draw is multiplied by, and what is then added."""
        return options[self.high] - options[self.low], options[self.low]

    def mean(self, options: Mapping[str, float]) -> float:
        """What stands in for the draws where there is no generator."""
        return (options[self.low] + options[self.high]) / 2

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], options: Mapping[str, float]) -> np.ndarray:
        """One float64 per element."""
        width, low = self.scale(options)
        drawn: np.ndarray = rng.random(shape)
        drawn *= width
        drawn += low
        return drawn


class Normal:
    """Standard normal; 0 where nothing is drawn."""

    standard_normal = True

    def scale(self, options: Mapping[str, float]) -> tuple[float, float]:
        """What a standard draw is multiplied by, and what is then added."""
        return 1.0, 0.0

    def mean(self, options: Mapping[str, float]) -> float:
        """What stands in for the draws where there is no generator."""
        return 0.0

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], options: Mapping[str, float]) -> np.ndarray:
        """One float64 per element."""
        return rng.standard_normal(shape)


Noise = Uniform | Normal
