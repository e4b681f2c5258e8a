"""How many processors this process may use: its affinity mask, and the quota of the container that it runs in."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator


def processors() -> int:
    """How many this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        with contextlib.suppress(OSError):
            return len(os.sched_getaffinity(0))
    count = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1


def usable_processors(root: str = "/") -> int:
    """How many threads can compute at once: the processors, or the quota, rounded up, where that is less."""
    quota = cpu_quota(root)
    return processors() if quota is None else max(1, min(processors(), math.ceil(quota)))


def cpu_quota(root: str = "/") -> float | None:
    """How many processors' time the control groups of Linux allow, or None where they set no limit.

    A group has a limit of its own, and shares those of all groups above it. Version 2 has it in the file ``cpu.max``, version 1
    in ``cpu.cfs_quota_us`` and ``cpu.cfs_period_us``. ``root`` is where /proc and the groups' files are looked up.
    """
    quotas = [quota for folder in _groups(root) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def _groups(root: str) -> Iterator[str]:
    """The folders of this process's groups, each from the innermost up to the root of what is mounted."""
    paths = {}  # by version: the controllers of version 1, and "" for version 2
    for line in _lines(f"{root}/proc/self/cgroup"):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "" or "cpu" in controllers.split(","):
            paths["" if controllers == "" else "cpu"] = path
    for line in _lines(f"{root}/proc/self/mountinfo"):
        here, _, about = line.partition(" - ")
        fields, (kind, options) = here.split(" "), [*about.split(" ", 2), "", ""][:3:2]
        key = {"cgroup2": "", "cgroup": "cpu" if "cpu" in options.split(",") else None}.get(kind)
        if key is None or key not in paths or len(fields) < 5:
            continue
        top, mounted = fields[3].rstrip("/"), f"{root}{fields[4]}"
        path = paths[key]
        # A container may see itself as the root of what is mounted, whatever its path is called outside.
        inside = path[len(top) :] if f"{path}/".startswith(f"{top}/") else ""
        parts = [part for part in inside.split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):
            yield "/".join([mounted, *parts[:depth]])


def _quota(folder: str) -> float | None:
    words = " ".join(_lines(f"{folder}/cpu.max")).split()
    if not words:
        words = [*_lines(f"{folder}/cpu.cfs_quota_us"), *_lines(f"{folder}/cpu.cfs_period_us")]
    try:
        quota, period = map(int, words)  # "max" is no number, and says that there is no limit
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except (OSError, ValueError):
        return []
