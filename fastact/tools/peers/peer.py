"""What a peer is asked, and what all peers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ...functions.entry import Entry
from ..directions import Direction
from . import packages
from .contestant import Contestant
from .operands import Operands
from .statements import NONE, Statements


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A function as the peers know it.

    Attributes
    ----------
    name : str
        Its name; that of an activation is looked up in the peers' tables.
    entry : Entry, optional
        The activation, or that of a gated unit's gate.
    statements : mapping, optional
        Statements by peer, of a function that is not in the peers' tables.
    jax : str, optional
        The same for JAX: a function of operands, named as they are.
    gradient : str
        The operand that is the output's gradient: `dy`, or `drow` where the output has one number a row.
    is_loss : bool
        Whether it is a loss, whose backward pass is loss and gradient together.
    """

    name: str
    entry: Entry | None = None
    statements: Mapping[str, Statements] | None = None
    jax: str | None = None
    gradient: str = "dy"
    is_loss: bool = False


class ThreadPool(Protocol):
    """What tells how many threads a peer uses, and sets it: a module, for most."""

    def get_num_threads(self) -> int: ...

    def set_num_threads(self, number: int, /) -> Any: ...


class Peer:
    """A library, and what its users type.

    Attributes
    ----------
    name, title : str
        Its name on the command line and in results, and in tables.
    package : str
        What must be installed.
    activations : mapping
        The statements of activations by name.
    can_be_held : bool
        Whether it can be told, by the environment, not to use all instructions that the processor has.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    package: ClassVar[str]
    activations: ClassVar[Mapping[str, Statements]] = {}
    can_be_held: ClassVar[bool] = True

    @property
    def installed(self) -> bool:
        """Whether it can take part here."""
        return packages.installed(self.package)

    @property
    def version(self) -> str | None:
        """The version of the package, if it is installed."""
        return str(packages.imported(self.package).__version__) if self.installed else None

    def thread_pool(self) -> ThreadPool | None:
        """What sets its number of threads, if it can be told."""
        return None

    def statements(self, subject: Subject) -> Statements:
        """What its users type for a function."""
        if subject.statements is None:
            return self.activations.get(subject.name, NONE)
        return subject.statements.get(self.name, NONE)

    def find(self, subject: Subject, direction: Direction, operands: Operands) -> Contestant | None:
        """Its way to compute a function in one direction, or None where it has none."""
        statement = self.statements(subject).of(direction)
        return None if statement is None else self.bind(statement, operands)

    def bind(self, statement: str, operands: Operands) -> Contestant:
        """The contestant of one of its statements."""
        raise NotImplementedError
