"""fastact inside Numba's `@njit`. Numba loads this package by its entry point, so that nothing has to be imported.

A function is typed by `types.py`, which also says which calls there are, and what each gives. `lowering.py` makes such a call one
of a function of `fastact.cython_api`, by its name: what Numba caches on disk holds no address, and each process has its own.
docs/guide/compiled_code.md tells what is supported.
"""

from __future__ import annotations

import functools


@functools.cache
def init() -> None:
    """Teach Numba the functions of fastact, and tell it where the compiled ones are; once."""
    from .. import backends
    from . import lowering, types

    types.register()
    lowering.register()
    if backends.current().name != "numpy":  # otherwise a call is an error that tells so
        lowering.add_symbols()
