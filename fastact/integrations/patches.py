"""Functions of another library replaced by this package's, and put back.

A library's functions are looked up in places that its authors may move. So a patch first looks at all of its places, and changes
none of them unless each holds the function that it replaces.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, MutableMapping
from types import TracebackType
from typing import Any, NamedTuple, Self


class HookError(RuntimeError):
    """A library has no longer the functions that a patch replaces, where it replaced them."""


class Replacement(NamedTuple):
    """One function to be replaced.

    Attributes
    ----------
    where : str
        Where the library keeps it, for messages: a module and the name of a dictionary, or of a module alone.
    names : mapping
        The names there and what they mean now: that dictionary, or the module's own.
    name : str
        The name of the function there.
    function : callable
        What takes its place, given the function that was there.
    """

    where: str
    names: MutableMapping[str, Any]
    name: str
    function: Callable[[Callable[..., Any]], Callable[..., Any]]


class Patch:
    """Replacements that are made together, and undone when the last of those who asked for them is done with them.

    Parameters
    ----------
    library : str
        The library, as messages call it.
    replacements : callable
        Gives the replacements, or raises HookError where the library has changed. It is called whenever they are to be made.
    """

    def __init__(self, library: str, replacements: Callable[[], Iterable[Replacement]]) -> None:
        self._library, self._replacements = library, replacements
        self._lock = threading.Lock()
        self._users = 0
        self._before: list[tuple[MutableMapping[str, Any], str, Any]] = []

    @property
    def active(self) -> bool:
        """Whether the replacements are made."""
        return self._users > 0

    def apply(self) -> Patched:
        """Make the replacements, unless they are made; what is returned undoes that."""
        with self._lock:
            if not self._users:
                self._replace(list(self._replacements()))
            self._users += 1
        return Patched(self._leave)

    def _replace(self, replacements: list[Replacement]) -> None:
        found = []
        for where, names, name, function in replacements:
            before = names.get(name)
            if not callable(before):
                raise HookError(moved(self._library, f"{where} has no function {name!r}"))
            found.append((names, name, before, function(before)))
        if not found:
            raise HookError(moved(self._library, "there is nothing to replace"))
        for names, name, before, after in found:
            names[name] = after
            self._before.append((names, name, before))

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            while self._before and not self._users:
                names, name, before = self._before.pop()
                names[name] = before


class Patched:
    """A patch that is made: ``with`` undoes it at the block's end, however that comes; `undo` at once."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave: Callable[[], None] | None = leave
        self._lock = threading.Lock()

    def undo(self) -> None:
        """Put the library's own functions back, unless another patch of it is still made. A second time it does nothing."""
        with self._lock:
            leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.undo()


def moved(library: str, what: str) -> str:
    """The message for a library whose hooks are no longer where they were."""
    return f"this version of {library} is not known: {what}. Nothing was replaced; it computes as without fastact"


def names_in(library: str, module: Any, attribute: str) -> MutableMapping[str, Any]:
    """A dictionary of functions that a module keeps under this name."""
    found = getattr(module, attribute, None)
    if not isinstance(found, dict):
        raise HookError(moved(library, f"{module.__name__} has no dictionary {attribute!r}"))
    return found
