"""A statement, compiled: what is timed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any

import numpy as np

from .statements import parts

_FUNCTIONS = """\
def loop(count, clock):
    start = clock()
    for _ in repeat(None, count):
        pass
    return clock() - start

def call():
    pass
"""


class Contestant:
    """One peer's way to compute one case, compiled from its text.

    Attributes
    ----------
    peer, statement : str
        Whose it is, and the text.
    """

    def __init__(self, peer: str, statement: str, namespace: Mapping[str, Any]) -> None:
        self.peer, self.statement = peer, statement
        self._names = {**namespace, "repeat": repeat}
        before, last = parts(statement)
        module = ast.parse(_FUNCTIONS)
        loop, call = (function for function in module.body if isinstance(function, ast.FunctionDef))
        (repeated,) = (node for node in loop.body if isinstance(node, ast.For))
        repeated.body = [*before, ast.Expr(last)]
        call.body = [*before, ast.Return(last)]
        exec(compile(ast.fix_missing_locations(module), f"<{peer}: {statement}>", "exec"), self._names)

    def seconds(self, count: int, clock: Callable[[], float]) -> float:
        """The time of `count` calls in a loop of nothing else, by the clock given."""
        return float(self._names["loop"](count, clock))

    @property
    def call(self) -> Callable[[], Any]:
        """One call, for benchmarks with a loop of their own."""
        return self._names["call"]  # type: ignore[no-any-return]

    def results(self) -> list[np.ndarray]:
        """What one call computes, as arrays: in most cases one."""
        value = self.call()
        value = self._names.get("out") if value is None else value
        return [np.asarray(v) for v in (value if isinstance(value, tuple | list) else [value])]

    def result(self) -> np.ndarray:
        """The first of them. Of a pair of gradients this is the input's."""
        return self.results()[0]
