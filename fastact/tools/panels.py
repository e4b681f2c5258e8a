"""Numbers of several records that are drawn side by side as bars, by whatever draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Panel:
    """One number of all records.

    Attributes
    ----------
    title : str
        What it is.
    parts : tuple of ndarray
        For each record the lengths of its bar's parts, which follow one another; NaN where there is nothing to tell.
    spread : ndarray or None
        How far the numbers lie around the first part's end.
    share : bool
        They are shares of 1.
    log : bool
        They are drawn by their logarithms.
    """

    title: str
    parts: tuple[np.ndarray, ...]
    spread: np.ndarray | None = None
    share: bool = False
    log: bool = False

    def ends(self) -> tuple[float, float]:
        """From where to where the axis goes."""
        if self.share:
            return 0.0, 1.0
        if self.log:
            seen = self.parts[0][np.isfinite(self.parts[0]) & (self.parts[0] > 0)]
            low, high = (math.log10(value) for value in (seen.min(), seen.max()))
            return 10.0 ** (math.ceil(low) - 1), 10.0 ** math.ceil(high)
        around = 0.0 if self.spread is None else self.spread
        seen = np.concatenate([[0.0], self.parts[0] - around, self.parts[0] + around])
        seen = seen[np.isfinite(seen)]
        margin = 0.05 * float(np.ptp(seen)) or 1.0
        return float(seen.min()) - margin, float(seen.max()) + margin

    def bar(self, before: float, value: float) -> tuple[float, float]:
        """The ends of a bar that stands after others of this length; where 0 has no place, from the axis' own end."""
        return (self.ends()[0], value) if self.log else (before, before + value)
