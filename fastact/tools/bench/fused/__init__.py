"""The fused functions for the benchmark: what is typed for each, by every peer's users, and what it should give.

A new function of rows, or a loss, needs an entry here and nothing else in the tools; a gated unit needs none.
"""

from . import bias, gated, losses, rows
from .definition import Fused

#: By name, in the order in which they are measured.
FUSED: dict[str, Fused] = {fused.name: fused for fused in (*bias.ENTRIES, *gated.ENTRIES, *rows.ENTRIES, *losses.ENTRIES)}
