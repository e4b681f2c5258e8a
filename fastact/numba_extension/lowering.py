"""What Numba compiles a call of fastact's functions to."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_constant
from numba.core.typing import signature
from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import NativeValue, intrinsic, lower_builtin, lower_getattr_generic, register_jitable, register_model, unbox
from numba.np import numpy_support

from .. import capi
from ..backends.native.exported import EXPORTED, Exported, own_parameters
from ..functions.entry import Entry
from ..functions.rows import RowFunction
from .types import FunctionType, Plan, plan_of

_PREFIX = "fastact_"
_inlined = register_jitable(inline="always")


def add_symbols() -> None:
    """Tell LLVM the addresses of the compiled functions in this process."""
    for name, each in EXPORTED.items():
        llvmlite.binding.add_symbol(_PREFIX + name, capi.address(each.record.name, each.kind, each.dtype))


def register() -> None:
    """Have Numba lower functions, their methods and their calls."""
    register_model(FunctionType)(models.OpaqueModel)

    @lower_constant(FunctionType)
    def constant(context: Any, builder: Any, type_: Any, value: Any) -> Any:
        return context.get_dummy_value()

    @lower_getattr_generic(FunctionType)
    def attribute(context: Any, builder: Any, type_: Any, value: Any, name: str) -> Any:
        return context.get_dummy_value()

    @unbox(FunctionType)
    def argument(type_: Any, value: Any, c: Any) -> Any:
        return NativeValue(c.context.get_dummy_value())

    lower_builtin(FunctionType, types.VarArg(types.Any))(_lower_call)


def _lower_call(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """A call whose first argument is the function itself."""
    function, *given_types = sig.args
    names = (*function.operands, *function.options)
    given = dict(zip(names, given_types, strict=True))
    values = dict(zip(names, args[1:], strict=True))
    plan = plan_of(function, given)
    parameters = _parameters(context, builder, function, plan, given, values)
    if plan.ndim == 0:
        numbers = [_number(context, builder, given[name], values[name], plan.computed) for name in plan.operands]
        return _call_on_numbers(context, builder, function, plan, numbers, parameters)
    operand_types = [given[name] for name in plan.operands]
    operands = context.make_tuple(builder, types.Tuple(operand_types), [values[name] for name in plan.operands])
    axis = context.get_constant(types.intp, -1)
    if given.get("axis", types.none) is not types.none:
        axis = context.cast(builder, values["axis"], given["axis"], types.intp)
    run = _on_arrays(function.method, plan, tuple(operand_types), given["out"])
    if given["out"] is types.none:
        found = signature(plan.result, types.Tuple(operand_types), types.intp, types.voidptr)
        return context.compile_internal(builder, run, found, (operands, axis, parameters))
    found = signature(plan.result, types.Tuple(operand_types), given["out"], types.intp, types.voidptr)
    return context.compile_internal(builder, run, found, (operands, values["out"], axis, parameters))


# ---- parameters -----------------------------------------------------------------------------------------------------


def _parameters(context: Any, builder: Any, function: FunctionType, plan: Plan, given: Any, values: Any) -> Any:
    """A pointer to the parameters; NULL for the defaults. What is out of its domain raises ValueError."""
    record = function.record
    if not isinstance(record, Entry) or all(given[name] is types.none for name in function.parameters):
        return cgutils.get_null_value(cgutils.voidptr_t)
    element = context.get_value_type(plan.computed)
    own = own_parameters(record)
    room = cgutils.alloca_once(builder, element, size=len(own))
    numbers = {}
    for k, p in enumerate(own):
        number = context.get_constant(types.float64, float(p.default))
        if given[p.name] is not types.none:
            number = context.cast(builder, values[p.name], given[p.name], types.float64)
        low = p.low
        if plan.each.kind == "backward_from_output":
            low = max(low, record.from_output_low.get(p.name, -math.inf))
        wrong = builder.not_(builder.fcmp_ordered(">" if p.open_low and low == p.low else ">=", number, _double(low)))
        if not p.infinite:
            size = builder.call(cgutils.get_or_insert_function(builder.module, _UNARY, "llvm.fabs.f64"), [number])
            wrong = builder.or_(wrong, builder.not_(builder.fcmp_ordered("<", size, _double(math.inf))))
        _raise_if(context, builder, wrong, f"{function.title}: {p.name} is out of its domain")
        numbers[p.name] = number
        stored = context.cast(builder, number, types.float64, plan.computed)
        builder.store(stored, builder.gep(room, [context.get_constant(types.intp, k)]))
    if record.ordered:
        lesser, greater = record.ordered
        wrong = builder.not_(builder.fcmp_ordered("<=", numbers[lesser], numbers[greater]))
        _raise_if(context, builder, wrong, f"{function.title}: {lesser} must not exceed {greater}")
    return builder.bitcast(room, cgutils.voidptr_t)


_UNARY = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()])


def _double(value: float) -> Any:
    return ir.Constant(ir.DoubleType(), value)


def _raise_if(context: Any, builder: Any, wrong: Any, message: str) -> None:
    with builder.if_then(wrong, likely=False):
        context.call_conv.return_user_exc(builder, ValueError, (message,))


# ---- numbers --------------------------------------------------------------------------------------------------------


def _number(context: Any, builder: Any, type_: Any, value: Any, computed: Any) -> Any:
    """A number, or what an array of no dimensions holds, in the computed type."""
    if isinstance(type_, types.Array):
        array = context.make_array(type_)(context, builder, value)
        value, type_ = context.unpack_value(builder, type_.dtype, array.data), type_.dtype
    return context.cast(builder, value, type_, computed)


def _call_on_numbers(context: Any, builder: Any, function: FunctionType, plan: Plan, numbers: list[Any], parameters: Any) -> Any:
    """A call with one element."""
    element = context.get_value_type(plan.computed)
    inputs = [cgutils.alloca_once_value(builder, number) for number in numbers]
    outputs = [cgutils.alloca_once(builder, element) for _ in plan.each.operands[1]]
    _call(context, builder, plan.each, [*inputs, *outputs], [context.get_constant(types.intp, 1)], parameters)
    results = [context.cast(builder, builder.load(output), plan.computed, plan.element) for output in outputs]
    if function.method == "value_and_grad":
        return context.make_tuple(builder, plan.result, results)
    return results[-1]


def _call(context: Any, builder: Any, each: Exported, pointers: list[Any], sizes: list[Any], parameters: Any) -> None:
    """A call of an exported function that takes pointers."""
    arguments = [*(builder.bitcast(pointer, cgutils.voidptr_t) for pointer in pointers), *sizes]
    if not each.of_rows:
        arguments.append(parameters)
    type_ = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
    builder.call(cgutils.get_or_insert_function(builder.module, type_, _PREFIX + each.name), arguments)


# ---- arrays ---------------------------------------------------------------------------------------------------------
# A call is put together of small functions that Numba compiles, chosen by the types: bring operands in, make room for results,
# call, hand over.


@functools.cache
def _caller(name: str) -> Any:
    """What calls an exported function with tuples of arrays and of sizes."""
    each = EXPORTED[name]

    @intrinsic
    def call(typing_context: Any, arrays: Any, sizes: Any, parameters: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            pointers = [
                context.make_array(type_)(context, builder, builder.extract_value(args[0], k)).data
                for k, type_ in enumerate(sig.args[0])
            ]
            lengths = [
                context.cast(builder, builder.extract_value(args[1], k), type_, types.intp) for k, type_ in enumerate(sig.args[1])
            ]
            _call(context, builder, each, pointers, lengths, args[2])
            return context.get_dummy_value()

        return types.none(arrays, sizes, parameters), generate

    return call


def _contiguous(type_: Any, plan: Plan) -> Callable[..., Any]:
    """What brings an array in as the function takes it."""
    dtype = numpy_support.as_dtype(plan.computed).type
    if type_.dtype != plan.computed:
        return lambda array: np.ascontiguousarray(array).astype(dtype)
    if not type_.aligned:
        return lambda array: array.copy()
    if type_.layout == plan.layout:
        return lambda array: array
    return lambda array: np.ascontiguousarray(array)  # noqa: PLW0108  # Numba takes functions of Python


def _bring_in(plan: Plan, operands: tuple[Any, ...]) -> Callable[..., Any]:
    """What brings the operands in, the last of which has the shape of x. A number dy stands for as many as there are results."""
    last = _inlined(_contiguous(operands[-1], plan))
    if len(operands) == 1:
        return lambda operands: (last(operands[0]),)
    if isinstance(operands[0], types.Array) and operands[0].ndim:
        first = _inlined(_contiguous(operands[0], plan))
        return lambda operands: (first(operands[0]), last(operands[1]))
    dtype = numpy_support.as_dtype(plan.computed).type
    number = _inlined((lambda dy: dy[()]) if isinstance(operands[0], types.Array) else (lambda dy: dy))
    if _reduces(plan):  # of one row
        return lambda operands: (np.full(1, number(operands[0]), dtype), last(operands[1]))
    return lambda operands: (np.full(operands[1].shape, number(operands[0]), dtype), last(operands[1]))


def _reduces(plan: Plan) -> bool:
    return isinstance(plan.each.record, RowFunction) and plan.each.record.reduces


def _check_shapes(plan: Plan) -> Callable[..., Any]:
    """What raises ValueError where dy does not fit the other operand."""
    message = f"{plan.each.record.name}.backward: dy has another shape than the result"

    def check(arrays: Any, sizes: Any) -> None:
        if arrays[0].shape != arrays[1].shape:
            raise ValueError(message)

    def check_rows(arrays: Any, sizes: Any) -> None:
        if arrays[0].size != sizes[0] * sizes[2]:
            raise ValueError(message)

    if len(plan.operands) == 1:
        return lambda arrays, sizes: None
    return check_rows if _reduces(plan) else check


def _sizes(plan: Plan) -> Callable[..., Any]:
    """What gives the sizes that the function takes."""
    if not plan.each.of_rows:
        return lambda x, axis: (x.size,)
    ndim, message = plan.ndim, f"{plan.each.record.name}: axis is out of bounds"

    def sizes(x: Any, axis: Any) -> Any:
        at = axis + ndim if axis < 0 else axis
        if at < 0 or at >= ndim:
            raise ValueError(message)
        outer = inner = 1
        for k in range(ndim):
            if k < at:
                outer *= x.shape[k]
            elif k > at:
                inner *= x.shape[k]
        return outer, x.shape[at], inner

    return sizes


def _room(plan: Plan) -> Callable[..., Any]:
    """What makes room for the results."""
    count, ndim = len(plan.each.operands[1]), plan.ndim
    if not (_reduces(plan) and plan.each.kind == "forward"):
        if count == 1:
            return lambda x, axis: (np.empty_like(x),)
        return lambda x, axis: (np.empty_like(x), np.empty_like(x))
    dtype = numpy_support.as_dtype(plan.computed).type
    if ndim == 1:
        return lambda x, axis: (np.empty(1, dtype),)

    def room(x: Any, axis: Any) -> Any:
        at = axis + ndim if axis < 0 else axis
        shape = x.shape[1:]
        for k in range(ndim - 1):
            shape = tuple_setitem(shape, k, x.shape[k if k < at else k + 1])
        return (np.empty(shape, dtype),)

    return room


def _hand_over(method: str, plan: Plan) -> Callable[..., Any]:
    """What makes the call's result of the arrays."""
    if method == "value_and_grad":
        return lambda results: results
    if method == "derivative":
        return lambda results: results[1]
    if plan.element != plan.computed:
        dtype = numpy_support.as_dtype(plan.element).type
        return lambda results: results[0].astype(dtype)
    if isinstance(plan.result, types.Array):
        return lambda results: results[0]
    return lambda results: results[0][0]


@functools.cache
def _on_arrays(method: str, plan: Plan, operand_types: tuple[Any, ...], out: Any) -> Callable[..., Any]:
    """A call with arrays, as a function that Numba compiles: of operands, `out` if there is one, axis and parameters."""
    call, last = _caller(plan.each.name), len(plan.operands) - 1
    bring_in, sizes = _inlined(_bring_in(plan, operand_types)), _inlined(_sizes(plan))
    check, room = _inlined(_check_shapes(plan)), _inlined(_room(plan))

    @_inlined
    def compute(operands: Any, axis: Any, parameters: Any) -> Any:
        arrays = bring_in(operands)
        lengths = sizes(arrays[last], axis)
        check(arrays, lengths)
        results = room(arrays[last], axis)
        call(arrays + results, lengths, parameters)
        return results

    if out is types.none:
        hand_over = _inlined(_hand_over(method, plan))
        return lambda operands, axis, parameters: hand_over(compute(operands, axis, parameters))

    single = not isinstance(out, types.BaseTuple)
    outputs = _inlined((lambda out: (out,)) if single else (lambda out: out))
    wanted = _inlined((lambda results: (results[1],)) if method == "derivative" else (lambda results: results))
    copy = _inlined(_copy(plan, single))

    def into_copy(operands: Any, out: Any, axis: Any, parameters: Any) -> Any:
        copy(wanted(compute(operands, axis, parameters)), outputs(out))
        return out

    arrays = (out,) if single else tuple(out)
    fitting = all(array.layout == plan.layout and array.dtype == plan.computed and array.aligned for array in arrays)
    if not fitting or method == "derivative" or arrays[0].ndim != plan.ndim:
        return into_copy
    takes = _inlined(_takes(plan, single))

    def into(operands: Any, out: Any, axis: Any, parameters: Any) -> Any:
        arrays, results = bring_in(operands), outputs(out)
        if takes(arrays, results):
            lengths = sizes(arrays[last], axis)
            check(arrays, lengths)
            call(arrays + results, lengths, parameters)
        else:
            copy(wanted(compute(operands, axis, parameters)), results)
        return out

    return into


def _copy(plan: Plan, single: bool) -> Callable[..., Any]:
    """What copies results to the arrays that `out` gives."""
    shape = f"{plan.each.record.name}: out has another shape than the result"
    shared = f"{plan.each.record.name}: the two outputs share memory"

    def copy_one(results: Any, outputs: Any) -> None:
        if results[0].shape != outputs[0].shape:
            raise ValueError(shape)
        outputs[0][...] = results[0]

    def copy_both(results: Any, outputs: Any) -> None:
        if results[0].shape != outputs[0].shape or results[1].shape != outputs[1].shape:
            raise ValueError(shape)
        if _address(outputs[0]) == _address(outputs[1]):
            raise ValueError(shared)
        outputs[0][...] = results[0]
        outputs[1][...] = results[1]

    return copy_one if single else copy_both


def _takes(plan: Plan, single: bool) -> Callable[..., Any]:
    """What tells whether the function may write where `out` is: of the right shape, and in the place of an input or apart."""
    of_dy = _inlined(_apart if plan.each.of_rows else _apart_or_same)

    def takes_one(arrays: Any, outputs: Any) -> Any:
        return outputs[0].shape == arrays[0].shape and _apart_or_same(arrays[0], outputs[0])

    def takes_gradient(arrays: Any, outputs: Any) -> Any:
        fits = outputs[0].shape == arrays[1].shape
        return fits and of_dy(arrays[0], outputs[0]) and _apart_or_same(arrays[1], outputs[0])

    def takes_both(arrays: Any, outputs: Any) -> Any:
        fits = outputs[0].shape == arrays[0].shape and outputs[1].shape == arrays[0].shape and _apart(outputs[0], outputs[1])
        return fits and _apart_or_same(arrays[0], outputs[0]) and _apart_or_same(arrays[0], outputs[1])

    if not single:
        return takes_both
    return takes_one if len(plan.operands) == 1 else takes_gradient


@intrinsic
def _address(typing_context: Any, array: Any) -> Any:
    """Where an array begins."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, context.get_value_type(types.intp))

    return types.intp(array), generate


@_inlined
def _apart(a: Any, b: Any) -> Any:
    """Whether contiguous arrays share no memory."""
    first, second = _address(a), _address(b)
    return first + a.nbytes <= second or second + b.nbytes <= first


@_inlined
def _apart_or_same(a: Any, b: Any) -> Any:
    return _address(a) == _address(b) or _apart(a, b)
