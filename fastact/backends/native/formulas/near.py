"""Which activations have near formulas, for |x| < NAME_near_limit, and in place of which parts of the formula."""

from __future__ import annotations

NEAR = {
    "exponential": ("forward", "derivative"),
    "soft_exponential": ("forward", "derivative"),
    "sinusoid": ("forward", "derivative"),
    "snake": ("derivative",),
}
