"""How peers are held to the instruction set of a backend: by environment variables, which they read when they are imported.

A processor without AVX-512 runs their kernels for AVX2. So does another processor that is told to: so the backend `avx2` can be
measured beside them on one that has more.
"""

from __future__ import annotations

import os

import numpy as np

#: By backend: PyTorch's own kernels, those of MKL and oneDNN, which it calls, and JAX's.
_VARIABLES = {
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
    "baseline": {
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
    },
}
#: How the names of what NumPy must do without begin; it calls AVX-512's first features X86_V4 from 2.4 on.
_NUMPY = "NPY_DISABLE_CPU_FEATURES"
_BEYOND = {"avx2": ("AVX512", "X86_V4"), "baseline": ("",)}


def missing(backend: str) -> dict[str, str]:
    """The variables that hold the peers to a backend's instruction set; without those that somebody has set already."""
    wanted = dict(_VARIABLES.get(backend, {}))
    if backend in _BEYOND:
        known = np.show_config(mode="dicts")["SIMD Extensions"]  # type: ignore[call-overload, unused-ignore, index]
        wanted[_NUMPY] = ",".join(name for name in known.get("found", ()) if name.startswith(_BEYOND[backend]))
    return {name: value for name, value in wanted.items() if value and name not in os.environ}


def are_held(backend: str) -> bool:
    """Whether a backend has an instruction set that peers can be held to, below the best that they know."""
    return backend in _VARIABLES
