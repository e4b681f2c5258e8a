"""What error messages say of installing, in one place."""

from __future__ import annotations

#: pip keeps a wheel that it built without kernels, and what has the same version it does not replace: both must be said.
WITH_KERNELS = "install one, then fastact again with pip's options --no-cache-dir --force-reinstall --no-deps"


def extra(name: str) -> str:
    """How to install what an extra of the package brings: from the source tree, as long as no index has the package."""
    return f"pip install '.[{name}]'"
