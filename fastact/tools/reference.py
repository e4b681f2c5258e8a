"""What the activations should give: their definitions, evaluated by other means than the package's own formulas.

The definition is the text in `Info`: formula and derivative as a textbook writes them. `exact` evaluates it with mpmath, for
samples of any dtype; `wide` in float64, for float32 and 16-bit inputs by the million, right to some 1e-12. The derivative
comes with the size of its largest term, the unit in which its error is measured. Needs the `verify` extra.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import CodeType
from typing import Any

import mpmath
import numpy as np
import scipy.special

from ..api import get
from ..functions import entries

Array = np.ndarray[Any, np.dtype[Any]]

#: mpmath with digits to spare for definitions in which nothing cancels. 1200 bits would serve all, but take 20 times as long.
mp = mpmath.mp.clone()
mp.prec = 400

_BEYOND = 60  # here erfc is 0 or 2 in any dtype, and mpmath's erfc takes no larger arguments


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its latest values kept: formula and derivative often need the same expensive one."""
    keep = functools.lru_cache(8)(lambda precision, *arguments: function(*arguments))
    return lambda *arguments: keep(mp.prec, *arguments)


def _mp_erfc(x: Any) -> Any:
    return mp.erfc(x) if abs(x) < _BEYOND else mp.mpf(0 if x > 0 else 2)


def _mp_log(x: Any) -> Any:
    return mp.log(x) if x > 0 else mp.mpf("-inf" if x == 0 else "nan")


def _mp_log1p(x: Any) -> Any:
    return mp.log1p(x) if x > -1 else mp.mpf("-inf" if x == -1 else "nan")


def _mp_logaddexp(a: Any, b: Any) -> Any:
    return max(a, b) + mp.log1p(mp.exp(-abs(mp.mpf(a) - b)))


_COMMON = "exp expm1 log log1p sqrt sin cos tan sinh cosh tanh"
_MPMATH: dict[str, Any] = {
    name: _remembered(function)
    for name, function in {
        **{name: getattr(mp, name) for name in _COMMON.split()},
        **{"arctan": mp.atan, "arsinh": mp.asinh, "erf": mp.erf, "erfc": _mp_erfc, "logaddexp": _mp_logaddexp},
        **{"log": _mp_log, "log1p": _mp_log1p, "sinpi": mp.sinpi, "cospi": mp.cospi, "sinc": mp.sincpi},
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "Phi": lambda x: _mp_erfc(-x / mp.sqrt(2)) / 2,
        "phi": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
    }.items()
}
_MPMATH |= {"pi": mp.pi, "abs": abs, "max": max, "min": min, "decimal": mp.mpf}


def _logaddexp(a: Any, b: Any) -> Any:
    return np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b)))  # several times as fast as NumPy's


def _sinpi(x: Any) -> Any:
    """sin(pi x), x reduced without error to [-1/2, 1/2]."""
    whole = np.rint(x)
    sine = np.sin(np.pi * (x - whole))
    return np.where(np.fmod(whole, 2) == 0, sine, -sine)


def _cospi(x: Any) -> Any:
    whole = np.rint(x)
    cosine = np.sin(np.pi * (0.5 - np.abs(x - whole)))
    return np.where(np.fmod(whole, 2) == 0, cosine, -cosine)


def _sinc(x: Any) -> Any:
    return np.where(x == 0, 1.0, _sinpi(x) / (np.pi * np.where(x == 0, 1.0, x)))


_FLOAT64: dict[str, Any] = {
    **{name: getattr(np, name) for name in _COMMON.split()},
    **{"arctan": np.arctan, "arsinh": np.arcsinh, "erf": scipy.special.erf, "erfc": scipy.special.erfc, "pi": np.pi},
    **{"abs": np.abs, "max": np.maximum, "min": np.minimum, "where": np.where, "Phi": scipy.special.ndtr},
    **{"logaddexp": _logaddexp, "sinpi": _sinpi, "cospi": _cospi, "sinc": _sinc},
    # where exp overflows this is 0 instead of less than 1e-308: far below what the narrower dtypes hold
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "phi": lambda x: np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)),
}


# ---- the definitions, compiled --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Definition:
    """f(x) and the terms of f'(x): each as an expression for single numbers, and all as one function for arrays."""

    parameters: tuple[str, ...]
    formula: CodeType
    term: CodeType
    terms: tuple[CodeType, ...]
    on_arrays: Callable[..., list[Any]]


@functools.cache
def _definition(formula: str, derivative: str, term: str, parameters: tuple[str, ...]) -> _Definition:
    value, slope, other = (ast.parse(text.strip(), mode="eval").body for text in (formula, derivative, term))
    nodes = [value, *_terms(slope)]
    on_arrays = _on_arrays(nodes, parameters)
    exactly = (ast.fix_missing_locations(ast.Expression(_Decimals().visit(node))) for node in [other, *nodes])
    single = [compile(node, "<definition>", "eval") for node in exactly]
    return _Definition(parameters, single[1], single[0], tuple(single[2:]), on_arrays)


class _Decimals(ast.NodeTransformer):
    """Makes a decimal constant the number that is written, 1.702, not the double next to it."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, float):
            return node
        return ast.Call(ast.Name("decimal", ast.Load()), [ast.Constant(repr(node.value))], [])


def _of(name: str) -> _Definition:
    entry, info = entries[name], get(name).info
    try:
        return _definition(info.formula, info.derivative, info.term, tuple(p.name for p in entry.parameters))
    except ValueError as error:
        raise ValueError(f"{entry.file}, {name}: {error}") from None


def _terms(node: ast.expr) -> list[ast.expr]:
    """The terms of a sum."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        right = node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)
        return [*_terms(node.left), *_terms(right)]
    return [node]


class _StraightLine:
    """Expressions as statements of one operation each. What occurs twice is computed once.

    Conditions take a form for arrays: `a if c else b` becomes where(c, a, b), `l < x < h` becomes (l < x) & (x < h).
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # the name of each operation's result

    def operand(self, node: ast.expr) -> str:
        if isinstance(node, (ast.Name, ast.Constant)):
            return ast.unparse(node)
        return self.names.setdefault(self._operation(node), f"t{len(self.names)}")

    def _operation(self, node: ast.expr) -> str:
        match node:
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int(power))) if power > 1:
                return " * ".join([self.operand(base)] * power)  # NumPy takes ten times as long for a cube
            case ast.BinOp(left=left, op=op, right=right):
                return ast.unparse(ast.BinOp(self._name(left), op, self._name(right)))
            case ast.UnaryOp(op=op, operand=operand):
                return ast.unparse(ast.UnaryOp(op, self._name(operand)))
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return f"{function}({', '.join(map(self.operand, arguments))})"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"where({self.operand(test)}, {self.operand(body)}, {self.operand(orelse)})"
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                operands = [self._name(left), *map(self._name, comparators)]
                pairs = (ast.Compare(operands[i], [op], [operands[i + 1]]) for i, op in enumerate(ops))
                return " & ".join(f"({ast.unparse(pair)})" for pair in pairs)
        raise ValueError(f"a definition can't contain {ast.unparse(node)!r}")

    def _name(self, node: ast.expr) -> ast.expr:
        return ast.parse(self.operand(node), mode="eval").body


def _on_arrays(nodes: Sequence[ast.expr], parameters: Iterable[str]) -> Callable[..., list[Any]]:
    program = _StraightLine()
    results = [program.operand(node) for node in nodes]
    lines = [f"{name} = {operation}" for operation, name in program.names.items()]
    source = "\n ".join([f"def evaluate({', '.join(['x', *parameters])}):", *lines, f"return [{', '.join(results)}]"])
    names = dict(_FLOAT64)
    exec(compile(source, "<definition>", "exec"), names)
    return names["evaluate"]  # type: ignore[no-any-return]


def _meant(value: float) -> Fraction:
    """The number that a default stands for: 1/6 or 0.01, which no binary number is, and not the double next to it."""
    simple = Fraction(value).limit_denominator(10_000)
    return simple if float(simple) == value else Fraction(value)


def _parameters(name: str, values: Sequence[float], dtype: Any) -> list[Fraction]:
    """The parameters: defaults as they are meant, others rounded as the loops see them, to the dtype or in 16 bits to float32."""
    return [
        _meant(value) if value == default else Fraction(value if dtype == np.float64 else _in_float32(value))
        for value, default in zip(values, defaults(name), strict=True)
    ]


def _in_float32(value: float) -> float:
    """Rounded to float32, where it has such a number; others are taken as they are."""
    form = np.finfo(np.float32)
    return float(np.float32(value)) if float(form.smallest_normal) <= abs(value) <= float(form.max) else value


def defaults(name: str) -> list[float]:
    """The parameters of the formulas: of a random activation what stands in for the draws where there is no generator."""
    return [p.default for p in entries[name].parameters]


# ---- evaluation -----------------------------------------------------------------------------------------------------


def _named(name: str, values: Sequence[float], dtype: Any) -> dict[str, Any]:
    """The parameters by name, as mpmath numbers."""
    numbers = (mp.mpf(f.numerator) / f.denominator for f in _parameters(name, values, dtype))
    return dict(zip(_of(name).parameters, numbers, strict=True))


def _evaluated(expression: CodeType, names: dict[str, Any]) -> Any:
    """What an expression gives; where it divides by zero, infinity."""
    try:
        return mp.mpf(eval(expression, _MPMATH, names))
    except ZeroDivisionError:
        return mp.inf


def value(name: str, point: Any) -> Any:
    """f(point) of one mpmath number, with the default parameters."""
    return _evaluated(_of(name).formula, {"x": point, **_named(name, defaults(name), np.float64)})


def exact(name: str, x: Array, *parameters: float) -> tuple[list[Any], list[Any], list[Any]]:
    """f(x), f'(x) and the largest term of f'(x), as lists of mpmath numbers.

    Parameters
    ----------
    name : str
        The activation.
    x : ndarray
        Finite numbers of any float dtype.
    *parameters : float
        All its parameters, in order.
    """
    definition = _of(name)
    values = _named(name, parameters, x.dtype)
    y, d, size = [], [], []
    for point in x.astype(np.float64).tolist():
        names = {"x": mp.mpf(point), **values}
        parts = [_evaluated(term, names) for term in definition.terms]
        y.append(_evaluated(definition.formula, names))
        outside = mp.isnan(y[-1])  # beyond its domain f has no slope either
        d.append(mp.nan if outside else mp.fsum(parts))
        size.append(mp.nan if outside else max(map(abs, parts)))
    return y, d, size


def term(name: str, x: Array, *parameters: float) -> list[Any]:
    """The size of `Info.term` at finite numbers: what the error of f(x) is measured in, if it is more than f(x)."""
    definition, values = _of(name), _named(name, parameters, x.dtype)
    points = x.astype(np.float64).tolist()
    return [abs(mp.mpf(eval(definition.term, _MPMATH, {"x": mp.mpf(point), **values}))) for point in points]


def wide(name: str, x: Array, *parameters: float) -> tuple[Array, Array, Array]:
    """The same for float32 and 16-bit inputs, in float64, good to about 1e-12."""
    point = x.astype(np.float64)
    with np.errstate(all="ignore"):
        results = _of(name).on_arrays(point, *map(float, _parameters(name, parameters, x.dtype)))
        y, *terms = (_like(point, result) for result in results)
        # a term whose argument overflows, as a double near the largest may, has no size; the others have
        d, size = functools.reduce(np.add, terms), functools.reduce(np.fmax, map(np.abs, terms))
        outside = np.isnan(y)
        return (y, np.where(outside, np.nan, d), np.where(outside, np.nan, size)) if outside.any() else (y, d, size)


def _like(point: Array, result: Any) -> Array:
    array = np.asarray(result, np.float64)
    return array if array.shape == point.shape else np.broadcast_to(array, point.shape)


# ---- errors ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Attributes
    ----------
    bits, digits : int
        Its width, and how many of these follow the point.
    lowest : int
        The exponent of the smallest normal number.
    overflow : int
        2^overflow would follow the largest number.
    """

    bits: int
    digits: int
    lowest: int
    overflow: int

    @property
    def unsigned(self) -> np.dtype[Any]:
        """The integers that hold its bits."""
        return np.dtype(f"u{self.bits // 8}")

    @property
    def infinity(self) -> int:
        """The bits of infinity: how many finite numbers are not negative."""
        return (self.overflow - self.lowest + 1) << self.digits


@functools.cache
def format_of(dtype: Any) -> Format:
    """The format of a dtype, ml_dtypes' bfloat16 among them."""
    dtype = np.dtype(dtype)
    finfo: Any = np.finfo
    if dtype.name == "bfloat16":
        from ml_dtypes import finfo
    info = finfo(dtype)
    return Format(int(info.bits), int(info.nmant), int(info.minexp), int(info.maxexp))


def ulp_errors(computed: Array, wanted: Any, sizes: Any = None) -> Array:
    """|computed - wanted| in units in the last place of `sizes` (default `wanted`), elementwise.

    The unit is that of computed's dtype: ulp(0) is the smallest subnormal, and nothing has a larger one than the largest finite
    number. Infinity stands for the number that would follow the largest one, for `computed` and `wanted` alike. NaN
    agrees with NaN, and is infinitely far from everything else.

    Parameters
    ----------
    computed : ndarray
        Results of a float dtype.
    wanted, sizes : ndarray of float64 or list of mpmath numbers
        What they should be, and the sizes.
    """
    form = format_of(computed.dtype)
    sizes = wanted if sizes is None else sizes
    if isinstance(wanted, list):
        got = computed.astype(np.float64).tolist()
        return np.array([_ulp_error(*numbers, form) for numbers in zip(got, wanted, sizes, strict=True)], np.float64)
    with np.errstate(all="ignore"):
        sizes = np.clip(np.abs(np.asarray(sizes, np.float64)), np.ldexp(1.0, form.lowest), np.ldexp(1.0, form.overflow - 1))
        exponents = np.frexp(sizes)[1] - 1
        limit = np.ldexp(1.0, form.overflow + form.digits - exponents)
        # both in these units
        a, b = (np.clip(np.ldexp(np.asarray(v, np.float64), form.digits - exponents), -limit, limit) for v in (computed, wanted))
        errors = np.abs(a - b)
        agreed = (a == b) | (np.isnan(a) & np.isnan(b))
        return np.where(agreed, 0.0, np.where(np.isnan(errors), np.inf, errors))


def _ulp_error(got: float, want: Any, size: Any, form: Format) -> float:
    if math.isnan(got) or mp.isnan(want):
        return 0.0 if math.isnan(got) and mp.isnan(want) else math.inf
    limit = mp.ldexp(1, form.overflow)
    exponent = form.overflow if mp.isinf(size) else mp.frexp(size)[1] if size else form.lowest + 1
    exponent = min(max(exponent - 1, form.lowest), form.overflow - 1)
    difference = abs(max(min(mp.mpf(got), limit), -limit) - max(min(want, limit), -limit))
    return float(difference / mp.ldexp(1, exponent - form.digits))


# ---- inputs ---------------------------------------------------------------------------------------------------------


def from_bits(patterns: Any, dtype: Any) -> Array:
    """The numbers of these bit patterns."""
    array: Array = np.asarray(patterns).astype(format_of(dtype).unsigned, copy=False).view(dtype)
    return array


def bit_patterns(dtype: Any, step: int) -> Array:
    """Every step-th of all the finite numbers of a float dtype and the largest, in the order of their bits, both signs."""
    form = format_of(dtype)
    positive = np.append(np.arange(0, form.infinity, step, dtype=form.unsigned), form.unsigned.type(form.infinity - 1))
    return from_bits(np.concatenate([positive, positive | form.unsigned.type(1 << (form.bits - 1))]), dtype)


def stratified(dtype: Any, count: int, rng: np.random.Generator) -> Array:
    """Finite numbers of every size, denser where activations bend: a third over all bit patterns, the rest in [2^-12, 2^10]."""
    form = format_of(dtype)
    anywhere = rng.integers(0, form.infinity, count // 3, dtype=form.unsigned)
    bending = np.exp2(rng.uniform(-12, 10, count - count // 3)).astype(dtype).view(form.unsigned)
    magnitudes = np.concatenate([anywhere, bending])
    return from_bits(np.where(rng.random(count) < 0.5, magnitudes, magnitudes | form.unsigned.type(1 << (form.bits - 1))), dtype)
