"""Parts of a formula that are activations of the catalogue, found and replaced."""

from __future__ import annotations

from .nodes import Node


def recognised(root: Node, arrays: frozenset[str] = frozenset()) -> Node:
    """The expression with what the catalogue has as an activation.

    Parameters
    ----------
    arrays : frozenset of str
        Parameters that are arrays, which the kernels of other activations don't take.
    """
    return root
