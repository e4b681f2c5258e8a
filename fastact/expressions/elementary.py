"""The functions of NumPy and SciPy that a formula may call, by their names: each from nodes to a node.

What is refused is here, too, with what to write instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..functions import entries
from .nodes import ZERO, Node, Number
from .operations import OPERATIONS
from .simplify import activate, make

#: Constants by name.
CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}

_NO_SLOPE = "it has steps, and a derivative of 0 between them; a network can't learn through it"
#: What no formula can contain, and why or what to write instead.
REFUSED: dict[str, str] = {
    **dict.fromkeys(("rint", "floor", "ceil", "round", "around", "round_", "trunc", "fix", "floor_divide"), _NO_SLOPE),
    **dict.fromkeys(("mod", "remainder", "fmod", "divmod", "modf"), _NO_SLOPE),
    **dict.fromkeys(("sum", "mean", "prod", "std", "var", "cumsum", "cumprod", "norm", "any", "all", "median", "average"), ""),
    **dict.fromkeys(("amax", "amin", "nanmax", "nanmin", "argmax", "argmin", "sort", "argsort", "nansum", "nanmean"), ""),
    **dict.fromkeys(("dot", "matmul", "einsum", "inner", "outer", "vdot", "tensordot", "convolve"), ""),
    **dict.fromkeys(("select", "piecewise", "choose", "nan_to_num", "interp"), "write np.where(condition, a, b) for a choice"),
    **dict.fromkeys(("bool", "int", "float"), "write np.where(condition, a, b) for a choice"),
}
_OF_ROWS = "a formula gives one number for each element; sums, means and products over several are not for it"


def _unary(name: str) -> Callable[[Node], Node]:
    def call(x: Node, /) -> Node:
        return make(name, x)

    return call


def _binary(name: str) -> Callable[[Node, Node], Node]:
    def call(x1: Node, x2: Node, /) -> Node:
        return make(name, x1, x2)

    return call


def where(condition: Node, x: Node, y: Node) -> Node:
    return make("where", condition, x, y)


def _catalogue(name: str) -> Callable[[Node], Node]:
    entry = entries[name]

    def call(x: Node, /) -> Node:
        return activate(entry, x)

    return call


def _fmax(x1: Node, x2: Node, /) -> Node:
    """The larger, of NaN and a number the number."""
    return _ignoring_nan("maximum", x1, x2)


def _fmin(x1: Node, x2: Node, /) -> Node:
    return _ignoring_nan("minimum", x1, x2)


def _ignoring_nan(name: str, a: Node, b: Node) -> Node:
    both = make("where", make("not_equal", b, b), a, make(name, a, b))
    return make("where", make("not_equal", a, a), b, both)


def _all_of(name: str) -> Callable[..., Node]:
    def call(first: Node, second: Node, /, *others: Node) -> Node:
        result = make(name, first, second)
        for other in others:
            result = make(name, result, other)
        return result

    return call


def clip(
    a: Node, a_min: Node | None = None, a_max: Node | None = None, *, min: Node | None = None, max: Node | None = None
) -> Node:
    """np.clip, whose bounds have two names each."""
    low, high = a_min if a_min is not None else min, a_max if a_max is not None else max
    if isinstance(low, Number) and isinstance(high, Number) and low.value <= high.value:
        return activate(entries["hard_tanh"], a, (low, high))
    raised = a if low is None else make("maximum", a, low)
    return raised if high is None else make("minimum", raised, high)


def _logaddexp2(x1: Node, x2: Node, /) -> Node:
    ln2 = Number(math.log(2))
    return make("divide", make("logaddexp", make("multiply", ln2, x1), make("multiply", ln2, x2)), ln2)


def _xlog1py(x: Node, y: Node, /) -> Node:
    """x log(1 + y), but 0 for an x of 0 unless y is NaN."""
    nothing = make("where", make("equal", y, y), ZERO, y)
    return make("where", make("equal", x, ZERO), nothing, make("multiply", x, make("log1p", y)))


def _log_ndtr(x: Node, /) -> Node:
    """log(Phi(x)), from -14 down by its asymptotic series."""
    square = make("square", x)
    series: Node = ZERO
    for coefficient in (10395.0, -945.0, 105.0, -15.0, 3.0, -1.0):
        series = make("divide", make("add", Number(coefficient), series), square)
    density = make("add", make("log", make("negative", x)), Number(0.5 * math.log(2 * math.pi)))
    tail = make("subtract", make("subtract", make("log1p", series), density), make("divide", square, Number(2.0)))
    above = make("log1p", make("negative", make("ndtr", make("negative", x))))
    near = make("where", make("less", ZERO, x), above, make("log", make("ndtr", x)))
    return make("where", make("less", x, Number(-14.0)), tail, near)


def _sinpi(x: Node, /) -> Node:
    return activate(entries["sinusoid"], make("multiply", Number(math.pi), x))


def _cospi(x: Node, /) -> Node:
    return make("cos", make("multiply", Number(math.pi), x))


def _scaled(factor: float) -> Callable[[Node], Node]:
    def call(x: Node, /) -> Node:
        return make("multiply", Number(factor), x)

    return call


def _swapped(name: str) -> Callable[[Node, Node], Node]:
    def call(x1: Node, x2: Node, /) -> Node:
        return make(name, x2, x1)

    return call


def _logical_xor(x1: Node, x2: Node, /) -> Node:
    return make("not_equal", make("not_equal", x1, ZERO), make("not_equal", x2, ZERO))


def _cbrt(x: Node, /) -> Node:
    return make("copysign", make("power", make("absolute", x), Number(1 / 3)), x)


def _isnan(x: Node, /) -> Node:
    return make("not_equal", x, x)


def _isinf(x: Node, /) -> Node:
    return make("equal", make("absolute", x), Number(math.inf))


def _isfinite(x: Node, /) -> Node:
    return make("less", make("absolute", x), Number(math.inf))


def _positive(x: Node, /) -> Node:
    return x


#: The functions by name.
FUNCTIONS: dict[str, Callable[..., Node]] = {
    **{o.name: _unary(o.name) for o in OPERATIONS.values() if o.arity == 1},
    **{o.name: _binary(o.name) for o in OPERATIONS.values() if o.arity == 2},
    "where": where,
    **{
        name: _catalogue(of)
        for of, names in {
            "exponential": "exp",
            "tanh": "tanh",
            "erf": "erf",
            "sinusoid": "sin",
            "arsinh": "arcsinh asinh arsinh",
            "arctan": "arctan atan",
            "sigmoid": "expit sigmoid",
            "log_sigmoid": "log_expit",
            "sinc": "sinc",
        }.items()
        for name in names.split()
    },
    **{
        name: _unary(of)
        for of, names in {
            "absolute": "abs fabs",
            "arcsin": "asin",
            "arccos": "acos",
            "arccosh": "acosh",
            "arctanh": "atanh",
            "ndtr": "Phi",
        }.items()
        for name in names.split()
    },
    **{
        name: _binary(of)
        for of, names in {
            "power": "pow float_power",
            "divide": "true_divide",
            "arctan2": "atan2",
            "logical_and": "bitwise_and",
            "logical_or": "bitwise_or",
        }.items()
        for name in names.split()
    },
    "logical_not": _unary("logical_not"),
    "bitwise_not": _unary("logical_not"),
    "invert": _unary("logical_not"),
    "positive": _positive,
    "greater": _swapped("less"),
    "greater_equal": _swapped("less_equal"),
    "max": _all_of("maximum"),
    "min": _all_of("minimum"),
    "fmax": _fmax,
    "fmin": _fmin,
    "clip": clip,
    "logaddexp2": _logaddexp2,
    "logical_xor": _logical_xor,
    "bitwise_xor": _logical_xor,
    "xlog1py": _xlog1py,
    "log_ndtr": _log_ndtr,
    "sinpi": _sinpi,
    "cospi": _cospi,
    "cbrt": _cbrt,
    "deg2rad": _scaled(math.pi / 180),
    "radians": _scaled(math.pi / 180),
    "rad2deg": _scaled(180 / math.pi),
    "degrees": _scaled(180 / math.pi),
    "isnan": _isnan,
    "isinf": _isinf,
    "isfinite": _isfinite,
}


def reason(name: str) -> str | None:
    """Why no formula can contain what has this name, if it is known to be refused."""
    why = REFUSED.get(name)
    return why or (_OF_ROWS if why is not None else None)
