"""A framework for automatic differentiation, and the functions of this package as its own: one wrapper for all of them."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from .. import api, functions
from ..calls import arguments
from .differentiable import Call, Shape, family

#: Arguments of ufuncs that have no meaning where arrays are not written to, and the second result, which has no gradient.
_NOT_TAKEN = frozenset({"out", "where", "dtype", "casting", "order", "subok", "signature", "return_index"})


class Framework(ABC):
    """What a framework's module implements; the functions of the module come from it.

    Attributes
    ----------
    module : str
        The name of the module, which errors begin with.
    kind : str
        What its arrays are called.
    """

    module: str
    kind: str

    def __init__(self) -> None:
        self._named: dict[str, Function] = {}

    @abstractmethod
    def is_array(self, value: Any) -> bool:
        """Whether an argument is an array of the framework, and so an operand."""

    @abstractmethod
    def apply(self, call: Call, operands: Mapping[str, Any]) -> Any:
        """The result of a call, known to the framework, so that it can differentiate it."""

    @abstractmethod
    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        """The arrays one after the other."""

    def operand(self, label: str, name: str, value: Any) -> Any:
        """What must be an array of the framework, given something else."""
        raise TypeError(f"{label}: {name} must be {self.kind}, not {type(value).__name__}; of NumPy's arrays take fastact itself")

    def shape(self, array: Any) -> Shape:
        """The shape of an array of the framework."""
        return tuple(array.shape)

    def wrap(self, function: Any) -> Function:
        """A function of this package as one of the framework's arrays."""
        return Function(self, function)

    def named(self, name: str) -> Function:
        """The function of this name, always the same object."""
        if name not in self._named:
            if name not in api.bound:
                message = f"module {self.module!r} has no attribute {name!r}"
                if not name.startswith("_"):
                    message += f": {functions.no_such('function', name, functions.records)}"
                raise AttributeError(message)
            self._named.setdefault(name, self.wrap(api.bound[name]))
        return self._named[name]

    def names(self) -> list[str]:
        """The names that there are."""
        return list(api.bound)

    def no_gradient(self, label: str, call: Call, name: str) -> str:
        """The message for an operand that has no gradient and was asked for one."""
        return f"{label}: there is no gradient of {name}, but of {' and '.join(sorted(call.learnt))} alone"

    def once(self, call: Call) -> str:
        """The message for a second derivative that there is not."""
        return f"{self.module}.{call.function.name}: this gradient can't be differentiated again"


class Function:
    """A function of this package as one of a framework's arrays, with gradients.

    Attributes
    ----------
    function : object
        That of this package.
    """

    def __init__(self, framework: Framework, function: Any) -> None:
        found = family(function)
        if found is None:
            raise TypeError(f"{framework.module}.wrap: takes a function of fastact, not {function!r}")
        self.function = function
        self._framework, self._family = framework, found
        self.__name__ = self.__qualname__ = function.name
        self.__module__ = framework.module
        self._label = f"{framework.module}.{function.name}"
        parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in _NOT_TAKEN]
        self.__signature__ = inspect.Signature([p.replace(annotation=p.empty) for p in parameters])
        self._positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self._keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        self._required = [p.name for p in parameters if p.default is p.empty]
        self.__doc__ = (
            f"{function.name}{self.__signature__}\n\n"
            f"`fastact.{function.name}` of {framework.kind}, with gradients. Formula, parameters and accuracy are those that\n"
            f"``help(fastact.{function.name})`` tells; the result is always new.\n"
        )

    def __call__(self, *operands: Any, **keywords: Any) -> Any:
        given = self._arguments(operands, keywords)
        is_array = self._framework.is_array
        arrays = {name: value for name, value in given.items() if is_array(value)}
        options = {name: value for name, value in given.items() if name not in arrays}
        first = self._positional[0]
        if first not in arrays:
            arrays = {first: self._framework.operand(self._label, first, options.pop(first)), **arrays}
        shapes = {name: self._framework.shape(array) for name, array in arrays.items()}
        return self._framework.apply(self._family(self.function, shapes, options), arrays)

    def _arguments(self, operands: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name. Errors are those of the function itself."""
        if len(operands) > len(self._positional):
            raise TypeError(arguments.surplus(self._label, self._positional, (), self._keywords))
        given = dict(zip(self._positional, operands, strict=False))
        for name, value in keywords.items():
            if name in given:
                raise TypeError(f"{self._label}: {name} is given by position and by keyword")
            if name in _NOT_TAKEN:
                raise TypeError(f"{self._label}: {name}= is not taken where gradients are; it takes {', '.join(self._keywords)}")
            if name not in self._keywords and name not in self._positional:
                raise TypeError(f"{self._label}: {arguments.unexpected(name, self._positional, self._keywords)}")
            given[name] = value
        for name in self._required:
            if name not in given:
                raise TypeError(f"{self._label}: {name} is missing")
        return given

    def __repr__(self) -> str:
        return f"<{self._label}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.__module__, self.function)

    def __copy__(self) -> Function:
        return self

    def __deepcopy__(self, memo: Any) -> Function:
        return self


def _restored(module: str, function: Any) -> Any:
    """A function that comes back from a pickle."""
    import importlib

    return importlib.import_module(module).wrap(function)
