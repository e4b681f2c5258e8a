"""How Numba types fastact's functions and calls of them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

from numba.core import errors, types
from numba.core.typing import signature
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.core.typing.typeof import typeof
from numba.extending import typeof_impl

from .. import backends
from ..backends.native.exported import EXPORTED, Exported, keeps_integers, own_parameters
from ..calls.bound import Bound
from ..calls.define import Defined
from ..functions.entry import Entry
from ..functions.record import Record
from ..functions.rows import RowFunction

_ELEMENTWISE_METHODS = {"": "forward", "backward": "backward", "value_and_grad": "value_and_grad", "derivative": "value_and_grad"}
_ROW_METHODS = {"": "forward", "backward": "backward"}
_FLOATS = {types.float32: "float32", types.float64: "float64"}


class FunctionType(types.Callable, types.Opaque):
    """The type of a function, or of one of its methods.

    Attributes
    ----------
    function : Bound
        The function.
    method : str
        The method's name; "" where the function itself is called.
    """

    def __init__(self, function: Bound, method: str = "") -> None:
        self.function, self.method = function, method
        super().__init__(f"{self.title} of {function!r} on {function._backend!r}")

    @property
    def title(self) -> str:
        """What errors call it."""
        return f"{self.function.name}{'.' * bool(self.method)}{self.method}"

    @property
    def record(self) -> Record:
        """What is known of the function."""
        found: Record = EXPORTED[f"{self.function.name}_forward_float64"].record
        return found

    @property
    def methods(self) -> dict[str, str]:
        """The methods that compiled code has, and the kind of exported function behind each."""
        return _ROW_METHODS if isinstance(self.record, RowFunction) else _ELEMENTWISE_METHODS

    @property
    def operands(self) -> tuple[str, ...]:
        """The arguments by position."""
        return ("dy", "x") if self.method == "backward" else ("x",)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of an activation's parameters."""
        return tuple(p.name for p in own_parameters(self.record)) if isinstance(self.record, Entry) else ()

    @property
    def options(self) -> tuple[str, ...]:
        """The arguments by keyword."""
        from_output = ("y",) if self.method == "backward" else ()
        axis = ("axis",) if isinstance(self.record, RowFunction) else ()
        return (*from_output, "out", *axis, *self.parameters)

    def fail(self, problem: str) -> errors.TypingError:
        return errors.TypingError(f"{self.title}: {problem}")

    def get_call_type(self, context: Any, args: Sequence[Any], kws: Any) -> Any:
        problem = obstacle(self.function)
        if problem is not None:
            raise self.fail(problem)
        given = self._bound_to(args, dict(kws))
        order = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in given]
        found = signature(plan_of(self, given).result, *given.values(), recvr=self)
        return found.replace(pysig=inspect.Signature(order))

    def _bound_to(self, args: Sequence[Any], kws: dict[str, Any]) -> dict[str, Any]:
        """The types of all arguments by name; none where one is not given."""
        if len(args) > len(self.operands):
            raise self.fail(f"by position go the operands alone, {' and '.join(self.operands)}; all else is a keyword")
        given = dict.fromkeys((*self.operands, *self.options), types.none)
        given.update(zip(self.operands, map(_plain, args), strict=False))
        for name, type_ in kws.items():
            if name not in given or name in self.operands[: len(args)]:
                options = ", ".join(f"{option}=" for option in self.options)
                raise self.fail(f"compiled code takes no {name}= here; it takes {options}. Calls with other options stay outside")
            given[name] = _plain(type_)
        return given

    def get_call_signatures(self) -> Any:
        return (), False

    def get_impl_key(self, sig: Any) -> Any:
        return FunctionType


def _plain(type_: Any) -> Any:
    """The type of an argument, without what is known of its value."""
    if isinstance(type_, types.Omitted):
        return typeof(type_.value)
    return types.unliteral(type_)


def obstacle(function: Bound) -> str | None:
    """Why compiled code cannot call a function, or None."""
    current = backends.current()
    if isinstance(function, Defined):
        return "compiled code has no activations of fastact.define; write its formula as an @njit function, of others"
    if f"{function.name}_forward_float64" not in EXPORTED:
        return "compiled code has the elementwise activations, and functions of rows such as softmax; call this one outside"
    if current.name == "numpy":
        reasons = "; ".join(f"{name} {reason}" for name, reason in backends.obstacles().items())
        return f"compiled code needs compiled kernels, and the backend in use is 'numpy' ({reasons})"
    if function._backend is not current:
        return f"compiled code has the functions of {current!r} in the mode 'fast', not those of {function._backend!r}"
    return None


# ---- what a call computes -------------------------------------------------------------------------------------------


class Plan(NamedTuple):
    """What computes a call.

    Attributes
    ----------
    each : Exported
        The function behind it.
    operands : tuple of str
        The arguments that are its inputs.
    computed : numba type
        The type of the elements that it takes and gives.
    element : numba type
        The type of a result's elements.
    ndim : int
        The dimensions of x; 0 of a number.
    layout : str
        "F" where all operands are Fortran arrays, else "C": how the function takes them.
    result : numba type
        What the call gives.
    """

    each: Exported
    operands: tuple[str, ...]
    computed: Any
    element: Any
    ndim: int
    layout: str
    result: Any


def plan_of(function: FunctionType, given: dict[str, Any]) -> Plan:
    """How to compute a call with arguments of these types; TypingError where that is not supported."""
    kind = function.methods[function.method]
    operands = _operands(function, given)
    if "y" in operands:
        kind = "backward_from_output"
    for name in function.parameters:
        if given[name] is not types.none and not isinstance(given[name], (types.Number, types.Boolean)):
            raise function.fail(f"{name} must be a number in compiled code, not {given[name]}")
    if not isinstance(given.get("axis", types.none), (types.NoneType, types.Integer)):
        raise function.fail(f"axis must be one number in compiled code, not {given['axis']}")
    found = [_checked(function, name, given[name]) for name in operands]
    x = found[-1]
    ndim = _ndim(x)
    deciding = [type_ for type_ in found if _ndim(type_)] or found  # a number goes by the arrays
    elements = [getattr(type_, "dtype", type_) for type_ in deciding]
    computed = types.float32 if all(element == types.float32 for element in elements) else types.float64
    element = computed
    record = function.record
    if isinstance(record, Entry) and kind == "forward" and keeps_integers(record) and _is_whole(elements[0]):
        if any(given[name] is not types.none for name in function.parameters):
            raise function.fail("of integers compiled code takes no parameters; convert x to float64")
        element = elements[0]
        computed = types.int64 if isinstance(element, types.Integer) and element.signed else types.uint64
    fortran = ndim > 1 and all(isinstance(t, types.Array) and t.layout == "F" and t.dtype == computed for t in found)
    layout = "F" if fortran and isinstance(record, Entry) else "C"
    each = EXPORTED.get(f"{record.name}_{kind}_{computed}")
    if each is None:
        raise function.fail("the derivative can't be had from the output y; give x")
    result = _result(function, each, element, ndim, layout, found)
    return Plan(each, operands, computed, element, ndim, layout, _with_out(function, given["out"], result))


def _operands(function: FunctionType, given: dict[str, Any]) -> tuple[str, ...]:
    """Which arguments are the inputs."""
    if function.method != "backward":
        operands: tuple[str, ...] = ("x",)
    elif (given["x"] is types.none) == (given["y"] is types.none):
        raise function.fail("takes the input x or the output y=, one of them")
    else:
        operands = ("dy", "y") if given["x"] is types.none else ("dy", "x")
    for name in operands:
        if given[name] is types.none:
            raise function.fail(f"{name} is missing")
    return operands


def _ndim(type_: Any) -> int:
    return type_.ndim if isinstance(type_, types.Array) else 0


def _is_whole(element: Any) -> bool:
    return isinstance(element, (types.Integer, types.Boolean))


def _checked(function: FunctionType, name: str, type_: Any) -> Any:
    """The type of an operand, if it is supported."""
    element = type_.dtype if isinstance(type_, types.Array) else type_
    if element not in _FLOATS and not _is_whole(element):
        raise function.fail(f"compiled code takes numbers and arrays of float32, float64, integers and bool; {name} is {type_}")
    return type_


def _result(function: FunctionType, each: Exported, element: Any, ndim: int, layout: str, found: list[Any]) -> Any:
    """What the call gives without `out`."""
    reduces = isinstance(each.record, RowFunction) and each.record.reduces
    if each.of_rows and ndim == 0:
        raise function.fail(f"takes arrays of at least one dimension, not {found[-1]}")
    expected = ndim - reduces
    if len(found) == 2 and _ndim(found[0]) not in (0, expected):
        raise function.fail(f"dy must be a number or have the shape of the result: {expected} dimensions, not {_ndim(found[0])}")
    if reduces and each.kind == "forward":
        ndim -= 1
    single = types.Array(element, ndim, layout) if ndim else element
    return types.UniTuple(single, 2) if function.method == "value_and_grad" else single


def _with_out(function: FunctionType, out: Any, result: Any) -> Any:
    """What the call gives with this `out`: that itself."""
    if out is types.none:
        return result
    wanted = list(result) if isinstance(result, types.BaseTuple) else [result]
    given = list(out) if isinstance(out, types.BaseTuple) else [out]
    for one, array in zip(wanted, given, strict=False):
        good = isinstance(one, types.Array) and isinstance(array, types.Array) and array.mutable
        if not good or len(wanted) != len(given) or (array.dtype, array.ndim) != (one.dtype, one.ndim):
            raise function.fail(f"the result is {result}; out= is {out}")
    return out


# ---- what Numba is told ---------------------------------------------------------------------------------------------


def register() -> None:
    """Have Numba type functions and their methods."""

    @typeof_impl.register(Bound)
    def type_of(function: Bound, context: Any) -> FunctionType:
        return FunctionType(function)

    @infer_getattr
    class Methods(AttributeTemplate):
        key = FunctionType

        def generic_resolve(self, value: FunctionType, attribute: str) -> FunctionType | None:
            if value.method or not attribute:
                return None
            if obstacle(value.function) is not None:  # the call tells it
                return FunctionType(value.function, attribute) if attribute in _ELEMENTWISE_METHODS else None
            return FunctionType(value.function, attribute) if attribute in value.methods else None
