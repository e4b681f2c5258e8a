"""fastact among the thread pools that the package threadpoolctl knows, so that `threadpool_limits` holds for it, too."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..version import __version__

NAME = "threadpoolctl"
MOST = 2**31 - 1


def introduce(team: Any) -> None:
    """Register the team with threadpoolctl: now where it has been imported, or else when it is.

    To import it here would take 4 ms or more, for every program. A finder takes 0.1 us for each module imported from now on.
    """
    if NAME in sys.modules:
        _register(sys.modules[NAME], team)
    else:
        sys.meta_path.insert(0, _Finder(team))


class _Finder:
    """Registers the team right after threadpoolctl's own code has run; the import is otherwise as it would be."""

    def __init__(self, team: Any) -> None:
        self.team = team

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != NAME:
            return None
        with contextlib.suppress(ValueError):  # another thread is faster
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                _register(module, self.team)

            with contextlib.suppress(AttributeError):  # a loader that cannot be changed: threadpoolctl does without fastact
                spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _register(threadpoolctl: Any, team: Any) -> None:
    if not hasattr(threadpoolctl, "register"):  # older than 3.2
        return

    class Controller(threadpoolctl.LibController):  # type: ignore[misc]
        # OpenMP's: who limits the threads of loops means these, too.
        user_api = "openmp"
        internal_api = "fastact"
        filename_prefixes = ("team.",)
        check_symbols = ("fastact_team_of_threads",)

        def get_num_threads(self) -> int:
            return int(team.get_ceiling())

        def set_num_threads(self, num_threads: int) -> None:
            team.set_ceiling(max(0, min(num_threads, MOST)))

        def get_version(self) -> str:
            return __version__

    threadpoolctl.register(Controller)
