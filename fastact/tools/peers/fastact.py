"""fastact itself."""

from __future__ import annotations

from . import packages
from .contestant import Contestant
from .operands import Operands
from .peer import Peer, Subject, ThreadPool
from .statements import Statements


class Fastact(Peer):
    """fastact, on the backend that is measured."""

    name, title, package = "fastact", "fastact", "fastact"

    def statements(self, subject: Subject) -> Statements:
        if subject.statements is not None or subject.entry is None:
            return super().statements(subject)
        has_from_output = subject.entry.derivative_from_output is not None
        return Statements(
            forward="f(x, out=out)",
            backward="f.backward(dy, x, out=out)",
            from_output="f.backward(dy, y=y, out=out)" if has_from_output else None,
        )

    def bind(self, statement: str, operands: Operands) -> Contestant:
        return operands.bound(self.name, statement, {})

    def thread_pool(self) -> ThreadPool:
        pool: ThreadPool = packages.imported("fastact")
        return pool
