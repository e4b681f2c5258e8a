"""The backend that is always there, on plain NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..implementation import Implementation


def obstacle(name: str) -> str | None:
    """Why this backend cannot run here: there never is a reason."""
    return None


def load(name: str, exact: bool = False) -> Implementation:
    """Its parts; with `exact` nothing is rounded but the results.

    They are imported when first needed, for most programs run on compiled kernels.
    """
    from .implementation import load

    return load(exact)
