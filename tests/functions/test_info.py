"""`Info` says the truth: every property is compared with what the function does, and a wrong one would be noticed.

`contradictions` names the properties that a function contradicts. It sees the function at numbers of every size, and closely
where activations bend.
"""

import ast
import math
from dataclasses import replace

import numpy as np
import pytest

import fastact

VOCABULARY = {
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "arctan",
    "arsinh",
    "erf",
    "erfc",
}
VOCABULARY |= {"Phi", "phi", "sigmoid", "logaddexp", "sinpi", "cospi", "sinc", "abs", "max", "min", "pi"}
GRAMMAR = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.IfExp, ast.Compare, ast.cmpop, ast.BoolOp)
GRAMMAR += (ast.boolop, ast.Call, ast.Name, ast.Load, ast.Constant)
PROPERTIES = ("monotonic", "smooth", "zero_centred", "identity_near_zero")

SIZES = np.logspace(-308, 308, 6161)  # ten a decade
X = np.unique(np.concatenate([-SIZES, SIZES, [0.0], np.linspace(-20, 20, 40_001)]))
TINY = np.array([1e-300, 1e-200, 1e-100, 1e-20, 1e-8])


def contradictions(f, info):
    """The properties in `info` that are not those of f."""
    with np.errstate(all="ignore"):
        x = X[within_domain(X, info)]
        y = f(x)
        found = {
            "domain": bool(np.isnan(y).any() or np.isfinite(f(X[~within_domain(X, info)])).any()),
            "range": outside(y, info) or not (reached(x, -y, -info.range[0]) and reached(x, y, info.range[1])),
            "monotonic": info.monotonic == decreases(y, info),
            "smooth": info.smooth == (jumps(f) or jumps(lambda x: f.value_and_grad(x)[1])),
            "zero_centred": info.zero_centred != (y.min() < 0 < y.max() and f(0.0) == 0),
            "identity_near_zero": info.identity_near_zero != is_identity_near_zero(f),
            "ulp": not (math.isfinite(info.ulp) and info.ulp >= 0),
            "derivative_ulp": not (math.isfinite(info.derivative_ulp) and info.derivative_ulp >= 0),
            "formula": not is_definition(f, info.formula),
            "derivative": not is_definition(f, info.derivative),
        }
    return {name for name, contradicted in found.items() if contradicted}


def within_domain(x, info):
    return (x >= info.domain[0]) & (x <= info.domain[1])


def outside(y, info):
    """Whether a value lies outside the range, by more than its error and the bound's own rounding."""
    low, high = info.range
    slack = [0 if math.isinf(bound) else (info.ulp + 1) * np.spacing(abs(bound)) for bound in info.range]
    return not np.all((y >= low - slack[0]) & (y <= high + slack[1]))


def reached(x, y, bound):
    """Whether the values come near their upper bound, or, where that is infinite, keep growing: arsinh(1e308) is only 710."""
    if math.isinf(bound):
        return y.max() == math.inf or y.max() > y[np.abs(x) < 1e150].max() + 1
    return bound - y.max() <= 1e-3 * max(1, abs(bound))


def decreases(y, info):
    """Whether the values go down by more than the errors of two of them."""
    unit = np.spacing(np.minimum(np.maximum(np.abs(y[1:]), np.abs(y[:-1])), np.finfo(np.float64).max))
    return bool(np.any(y[1:] < y[:-1] - (2 * info.ulp + 1) * unit))


def jumps(g, domain=(-math.inf, math.inf)):
    """Whether somewhere in [-10, 10], within its domain, the steps of g don't shrink with the distance of neighbours.

    In every interval of a grid, the two neighbours farthest apart are looked at more closely, again and again.
    """
    edges = np.linspace(max(-10.01, domain[0] + 0.01), min(10, domain[1] - 0.01), 402)
    low, high = edges[:-1], edges[1:]
    for _ in range(6):
        x = np.linspace(low, high, 33)
        y = g(x)
        steps = np.abs(np.diff(y, axis=0))
        worst = steps.argmax(axis=0)
        column = np.arange(low.size)
        low, high = x[worst, column], x[worst + 1, column]
    assert np.max(high - low) < 1e-10
    return bool(np.any(steps.max(axis=0) > 1e-6 * np.maximum(1, np.abs(y).max(axis=0))))


def is_identity_near_zero(f):
    if not (f(0.0) == 0 and f.value_and_grad(0.0)[1] == 1):
        return False
    x = np.concatenate([-TINY, TINY])
    return bool(np.all(np.abs(f(x) / x - 1) < 1e-6))


def is_definition(f, text):
    """Whether a formula has the words and the grammar that formulas may have."""
    drawn = {p.name for p in f._entry.parameters}  # by f itself, per element
    nodes = list(ast.walk(ast.parse(text, mode="eval")))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    numbers = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return (
        all(isinstance(node, GRAMMAR) for node in nodes)
        and names <= {"x", *f.params, *drawn, *VOCABULARY}
        and all(type(number) in (int, float) for number in numbers)
    )


def test_info_is_true(name):
    f = fastact.get(name)
    assert contradictions(f, f.info) == set()


@pytest.mark.parametrize("of", PROPERTIES)
def test_a_wrong_property_is_noticed(name, of):
    f = fastact.get(name)
    assert contradictions(f, replace(f.info, **{of: not getattr(f.info, of)})) == {of}


@pytest.mark.parametrize("end", [0, 1])
def test_a_wrong_range_is_noticed(name, end):
    f = fastact.get(name)
    bound = f.info.range[end]
    if math.isinf(bound):
        wrong = [math.copysign(limit, bound) for limit in (0, 100, 1e6 if name != "arsinh" else 700)]
    else:
        percent = 0.01 * max(1, abs(bound))
        wrong = [bound - percent, bound + percent, math.copysign(math.inf, end - 0.5)]
    for value in wrong:
        ends = (value, f.info.range[1]) if end == 0 else (f.info.range[0], value)
        assert contradictions(f, replace(f.info, range=ends)) == {"range"}, value


@pytest.mark.parametrize(
    ("wrong", "of"), [((0, 1.5), "logit"), ((-1, 1), "logit"), ((0.25, 1), "logit"), ((-math.inf, math.inf), "log1mexp")]
)
def test_a_wrong_domain_is_noticed(of, wrong):
    f = fastact.get(of)
    assert "domain" in contradictions(f, replace(f.info, domain=wrong))


@pytest.mark.parametrize("bound", ["ulp", "derivative_ulp"])
@pytest.mark.parametrize("value", [-1, math.inf, math.nan])
def test_a_bound_that_is_none_is_noticed(bound, value):
    # a bound of the error is also what is tolerated, so the range may seem wrong besides
    assert bound in contradictions(fastact.sigmoid, replace(fastact.sigmoid.info, **{bound: value}))


@pytest.mark.parametrize("text", ["slope * x", "x.real", "[x][0]", "heaviside(x)", "'x'", "True", "(lambda: x)()"])
@pytest.mark.parametrize("of", ["formula", "derivative"])
def test_a_formula_in_other_words_is_noticed(of, text):
    assert contradictions(fastact.relu, replace(fastact.relu.info, **{of: text})) == {of}


def test_jumps_are_told_from_steepness():
    assert not jumps(lambda x: np.tanh(1000 * (x - 0.123)))
    assert jumps(lambda x: np.where(x > 0.123, 1e-5, 0))
    assert jumps(np.sign)
