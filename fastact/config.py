"""What is running: version, processor, backend, threads, compiler flags."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import numpy as np

from . import backends
from .runtime import memory, threads


def backend() -> str:
    """The name of the backend in use.

    Examples
    --------
    >>> import fastact
    >>> fastact.backend() in fastact.backends.available()
    True
    """
    return backends.current().name


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def configuration() -> dict[str, str]:
    """What `show_config` prints, as a mapping."""
    from .version import __version__

    return {
        "fastact": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "CPU": f"{_processor()} ({platform.machine()})",
        "backend": backend(),
        "available": ", ".join(backends.available()),
        **{f"not {name}": reason for name, reason in backends.obstacles().items()},
        "threads": f"{threads.get_num_threads()}{'' if threads.team else ', for want of OpenMP'}",
        "memory kept": "{} MiB, at most {}".format(*memory.kept_megabytes()),
        "built with": backends.current().build,
    }


def show_config() -> None:
    """Print version, processor, backend, threads and compiler flags."""
    for key, value in configuration().items():
        sys.stdout.write(f"{key + ':':<14}{value}\n")
