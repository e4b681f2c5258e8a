"""Parts of formulas that are activations of the catalogue."""

import numpy as np
import pytest
import scipy.special

from fastact.expressions import recognition
from fastact.expressions.definition import define
from fastact.expressions.evaluation import evaluate
from fastact.expressions.expansion import substituted
from fastact.expressions.nodes import Parameter, X
from fastact.expressions.printing import text
from fastact.expressions.recognition import recognised
from fastact.expressions.vocabulary import read
from fastact.functions import entries

PARAMETERS = {"alpha": 0.7, "beta": 1.3, "a": 0.9, "b": 1.1, "p1": 1.2, "p2": 0.3}
NAMES = {name: Parameter(name) for name in PARAMETERS}
POINTS = np.linspace(-4, 4, 33)

SPELLINGS = {
    "silu(x)": (
        "x * sigmoid(x)",
        "sigmoid(x) * x",
        "x / (1 + exp(-x))",
        "x * (1 / (1 + exp(-x)))",
        "x * (1 + exp(-x))**-1",
        "x * exp(x) / (1 + exp(x))",
        "x / (1 + 1 / exp(x))",
        "0.5 * x * (1 + tanh(x / 2))",
        "x * expit(x)",
    ),
    "silu(x, beta=beta)": ("x * sigmoid(beta * x)", "x / (1 + exp(-beta * x))", "x * sigmoid(x * beta)"),
    "silu(x, beta=1.5)": ("x * sigmoid(1.5 * x)", "x / (1 + exp(-1.5 * x))"),
    "2 * silu(x)": ("2 * x * sigmoid(x)", "x * sigmoid(x) + silu(x)"),
    "silu(x, beta=-1)": ("x * sigmoid(-x)",),
    "silu(minimum(6, x))": ("minimum(x, 6) * sigmoid(minimum(x, 6))",),
    "quick_gelu(x)": ("x * sigmoid(1.702 * x)", "x / (1 + exp(-1.702 * x))"),
    "quick_gelu(minimum(7, x))": ("min(x, 7) * sigmoid(1.702 * min(x, 7))",),
    "softplus(x)": ("log1p(exp(x))", "log(1 + exp(x))", "log(exp(x) + 1)", "logaddexp(x, 0)", "logaddexp(0, x)"),
    "softplus(x, beta=beta)": ("log1p(exp(beta * x)) / beta", "logaddexp(0, beta * x) / beta"),
    "softplus(x, beta=2)": ("log(1 + exp(2 * x)) / 2", "0.5 * log1p(exp(2 * x))"),
    "gelu(x)": (
        "0.5 * x * (1 + erf(x / sqrt(2)))",
        "x * 0.5 * (1 + erf(x / sqrt(2)))",
        "x * (1 + erf(x / 2**0.5)) / 2",
        "x * (1 + erf(x * 0.7071067811865476)) / 2",
        "x * (0.5 + 0.5 * erf(x / 1.4142135623730951))",
        "0.5 * (x + x * erf(x / sqrt(2)))",
        "0.5 * x * erfc(-x / sqrt(2))",
        "x * ndtr(x)",
        "x * Phi(x)",
    ),
    "gelu_tanh(x)": (
        "0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))",
        "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))",
        "0.5 * x * (1 + tanh(0.7978845608028654 * x * (1 + 0.044715 * x * x)))",
        "x * sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x**3))",
    ),
    "sigmoid(x)": (
        "1 / (1 + exp(-x))",
        "expit(x)",
        "exp(x) / (1 + exp(x))",
        "0.5 + 0.5 * tanh(x / 2)",
    ),
    "sigmoid(-x)": ("1 - sigmoid(x)", "1 / (1 + exp(x))"),
    "log_sigmoid(x)": ("log_expit(x)", "log(sigmoid(x))", "-softplus(-x)", "-log1p(exp(-x))", "log(1 / (1 + exp(-x)))"),
    "mish(x)": ("x * tanh(softplus(x))", "x * tanh(log1p(exp(x)))", "x * tanh(log(1 + exp(x)))"),
    "relu(x)": (
        "max(x, 0)",
        "max(0, x)",
        "where(x > 0, x, 0)",
        "where(x >= 0, x, 0)",
        "where(x < 0, 0, x)",
        "x * (x > 0)",
        "(x + abs(x)) / 2",
    ),
    "leaky_relu(x, negative_slope=alpha)": (
        "where(x > 0, x, alpha * x)",
        "where(x >= 0, x, x * alpha)",
        "where(x < 0, alpha * x, x)",
    ),
    "leaky_relu(x, negative_slope=0.1)": (
        "max(x, 0.1 * x)",
        "max(0.1 * x, x)",
        "where(x > 0, x, 0.1 * x)",
        "max(0, x) + 0.1 * min(0, x)",
        "max(0, x) - 0.1 * max(0, -x)",
    ),
    "elu(x)": ("where(x > 0, x, exp(x) - 1)", "where(x > 0, x, expm1(x))", "max(x, 0) + min(0, exp(x) - 1)"),
    "elu(x, alpha=alpha)": (
        "where(x > 0, x, alpha * (exp(x) - 1))",
        "where(x >= 0, x, alpha * exp(x) - alpha)",
        "max(x, 0) + alpha * (exp(min(x, 0)) - 1)",
    ),
    "celu(x, alpha=alpha)": ("where(x > 0, x, alpha * (exp(x / alpha) - 1))", "max(0, x) + min(0, alpha * (exp(x / alpha) - 1))"),
    "selu(x)": (
        "1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * (exp(x) - 1))",
        "1.0507009873554805 * (max(0, x) + min(0, 1.6732632423543772 * (exp(x) - 1)))",
    ),
    "expm1(x)": ("exp(x) - 1", "-1 + exp(x)", "-(1 - exp(x))"),
    "log1p(x)": ("log(1 + x)", "log(x + 1)"),
    "generalized_logistic(x, alpha=alpha)": ("(1 + exp(-x))**-alpha", "1 / (1 + exp(-x))**alpha", "sigmoid(x)**alpha"),
    "x * generalized_logistic(beta * x, alpha=alpha)": ("x * (1 + exp(-beta * x))**-alpha",),
    "tanh(x)": ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", "(exp(2 * x) - 1) / (exp(2 * x) + 1)", "sinh(x) / cosh(x)"),
    "tanh_shrink(x)": ("x - tanh(x)", "x - (exp(x) - exp(-x)) / (exp(x) + exp(-x))"),
    "gaussian(x)": ("exp(-x**2)", "exp(-(x * x))", "1 / exp(x**2)", "exp(-abs(x)**2)"),
    "gaussian(beta * x)": ("exp(-(beta * x)**2)",),
    "softsign(x)": (
        "x / (1 + abs(x))",
        "x / (abs(x) + 1)",
        "where(x > 0, x / (1 + x), x / (1 - x))",
        "where(x < 0, x / (1 - x), x / (1 + x))",
    ),
    "hard_tanh(x)": ("clip(x, -1, 1)", "max(min(x, 1), -1)", "min(max(x, -1), 1)", "where(x > 1, 1, where(x < -1, -1, x))"),
    "hard_tanh(x, min=-2, max=3)": ("clip(x, -2, 3)", "min(max(x, -2), 3)"),
    "relu6(x)": ("clip(x, 0, 6)", "min(max(x, 0), 6)"),
    "hard_sigmoid(x)": (
        "clip(x / 6 + 0.5, 0, 1)",
        "clip(x + 3, 0, 6) / 6",
        "clip((x + 3) / 6, 0, 1)",
        "where(x < -3, 0, where(x > 3, 1, x / 6 + 0.5))",
    ),
    "hard_swish(x)": (
        "x * clip(x + 3, 0, 6) / 6",
        "x * min(max(x + 3, 0), 6) / 6",
        "where(x < -3, 0, where(x > 3, x, x * (x + 3) / 6))",
    ),
    "snake(x, alpha=alpha)": ("x + sin(alpha * x)**2 / alpha", "x + (1 - cos(2 * alpha * x)) / (2 * alpha)"),
    "snake(x)": ("x + sin(x)**2", "x + 0.5 * (1 - cos(2 * x))"),
    "isru(x)": ("x / sqrt(1 + x**2)", "x / (1 + x * x)**0.5", "x / hypot(1, x)", "x * (1 + x**2)**-0.5"),
    "isru(x, alpha=alpha)": ("x / sqrt(1 + alpha * x * x)",),
    "squareplus(x)": ("(x + sqrt(x**2 + 4)) / 2", "0.5 * x + 0.5 * sqrt(x * x + 4)"),
    "softcap(x, cap=30)": ("30 * tanh(x / 30)",),
    "relu_squared(x)": ("max(x, 0)**2", "relu(x) * relu(x)", "x * max(x, 0)", "where(x > 0, x**2, 0)"),
    "star_relu(x)": ("0.8944 * max(x, 0)**2 - 0.4472",),
    "arcsinh(x)": ("log(x + sqrt(x**2 + 1))",),
    "gudermannian(x)": ("arctan(sinh(x))", "2 * arctan(tanh(x / 2))", "2 * (arctan(exp(x)) - pi / 4)", "arcsin(tanh(x))"),
    "log1mexp(x)": (
        "log(1 - exp(-x))",
        "log1p(-exp(-x))",
        "where(x < 0.5, log(-expm1(-x)), log1p(-exp(-x)))",
        "where(x > log(2), log1p(-exp(-x)), log(-expm1(-x)))",
    ),
    "logit(x)": ("log(x / (1 - x))", "log(x) - log(1 - x)", "-log(1 / x - 1)", "-log((1 - x) / x)", "2 * arctanh(2 * x - 1)"),
    "threshold(x, threshold=0.1, value=20)": ("where(x > 0.1, x, 20)", "where(x <= 0.1, 20, x)"),
    "threshold(x, threshold=a, value=b)": ("where(x > a, x, b)", "where(x <= a, b, x)"),
    "srelu(x)": (
        "where(x >= 1, 1 + 0.2 * (x - 1), where(x <= -1, -1 + 0.2 * (x + 1), x))",
        "where(x > 1, 1 + 0.2 * (x - 1), where(x < -1, -1 + 0.2 * (x + 1), x))",
        "where(x < -1, 0.2 * (x + 1) - 1, where(x > 1, 0.2 * (x - 1) + 1, x))",
    ),
    "srelu(x, threshold_left=-2, slope_left=0.3, threshold_right=1.5, slope_right=0.4)": (
        "where(x >= 1.5, 1.5 + 0.4 * (x - 1.5), where(x <= -2, -2 + 0.3 * (x + 2), x))",
    ),
    "soft_exponential(x, alpha=alpha)": (
        "where(alpha < 0, -log(1 - alpha * (x + alpha)) / alpha, where(alpha > 0, (exp(alpha * x) - 1) / alpha + alpha, x))",
        "where(alpha == 0, x, where(alpha < 0, -log(1 - alpha * (x + alpha)) / alpha, (exp(alpha * x) - 1) / alpha + alpha))",
    ),
    "soft_clipping(x, alpha=8)": (
        "log((1 + exp(8 * x)) / (1 + exp(8 * (x - 1)))) / 8",
        "(log(1 + exp(8 * x)) - log(1 + exp(8 * (x - 1)))) / 8",
        "(softplus(8 * x) - softplus(8 * x - 8)) / 8",
    ),
    "soft_clipping(x, alpha=alpha)": ("log((1 + exp(alpha * x)) / (1 + exp(alpha * (x - 1)))) / alpha",),
    "isrlu(x)": ("where(x > 0, x, x / sqrt(1 + x**2))", "where(x <= 0, x * (1 + x**2)**-0.5, x)"),
    "isrlu(x, alpha=alpha)": ("where(x < 0, x / sqrt(1 + alpha * x**2), x)",),
    "bent_identity(x)": ("(sqrt(x**2 + 1) - 1) / 2 + x", "(sqrt(x**2 + 1) - 1 + 2 * x) / 2"),
    "sqnl(x)": (
        "where(x > 2, 1, where(x >= 0, x - x**2 / 4, where(x >= -2, x + x**2 / 4, -1)))",
        "where(x < -2, -1, where(x < 0, x + x**2 / 4, where(x <= 2, x - x**2 / 4, 1)))",
        "where(x > 2, 1, where(x < -2, -1, x - x * abs(x) / 4))",
    ),
    "hard_shrink(x)": ("where(abs(x) <= 0.5, 0, x)", "where((x > 0.5) | (x < -0.5), x, 0)", "x * (abs(x) > 0.5)"),
    "soft_shrink(x, lambd=a)": (
        "sign(x) * max(abs(x) - a, 0)",
        "where(x > a, x - a, where(x < -a, x + a, 0))",
        "max(x - a, 0) - max(-x - a, 0)",
        "max(x - a, 0) + min(x + a, 0)",
    ),
    "sparse_plus(x)": (
        "where(x <= -1, 0, where(x >= 1, x, (x + 1)**2 / 4))",
        "where(x <= -1, 0, where(x < 1, (x + 1)**2 / 4, x))",
    ),
    # the functions of papers that the catalogue lacks
    "p2 * x + silu(x * (p1 - p2), beta=beta)": ("(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x",),
    "x * erf(softplus(x))": ("x * erf(log1p(exp(x)))",),
    "x * log1p(sigmoid(x))": ("x * log(1 + sigmoid(x))", "x * log(1 + 1 / (1 + exp(-x)))"),
    "where(0 <= x, x * (a / b), a * expm1(x / b))": ("where(x >= 0, a / b * x, a * (exp(x / b) - 1))",),
    "x * tanh(log1p(sigmoid(x)))": ("x * tanh(log(1 + sigmoid(x)))",),
}
CASES = [(given, wanted) for wanted, spellings in SPELLINGS.items() for given in spellings]


@pytest.mark.parametrize(("given", "wanted"), CASES, ids=[given for given, _ in CASES])
def test_spellings(given, wanted):
    before = read(given, NAMES)
    after = recognised(before)
    assert text(after) == wanted
    with np.errstate(all="ignore"):
        values = evaluate(after, POINTS, PARAMETERS)
        np.testing.assert_allclose(values, evaluate(before, POINTS, PARAMETERS), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("given", "wanted"), CASES, ids=[given for given, _ in CASES])
def test_of_any_argument(given, wanted):
    """The same with another expression in place of x."""
    inner = read("cos(x)")
    assert recognised(substituted(read(given, NAMES), {X: inner})) is substituted(read(wanted, NAMES), {X: inner})


#: Not recognised by their definitions: these are too general, have bounds that must be in order, or are recognised in parts.
NOT_BY_DEFINITION = frozenset(
    (
        *("identity", "binary_step", "hard_tanh", "hard_sigmoid", "srelu", "soft_exponential", "soft_clipping"),
        *("log1mexp", "logit", "tanh_shrink"),
    )
)


@pytest.mark.parametrize("name", [e.name for e in entries.values() if e.noise is None and e.name not in NOT_BY_DEFINITION])
def test_every_definition_of_the_catalogue(name):
    """A new activation is recognised by its own definition, with the default parameters and with others."""
    entry = entries[name]
    if any(p.array for p in entry.parameters):
        pytest.skip("its parameter is an array")
    own = {p.name: Parameter(p.name) for p in entry.parameters}
    assert recognised(read(entry.info.formula, own)) is read(f"{name}(x{''.join(f', {p}={p}' for p in own)})", own)


def test_tails():
    """What is recognised is right where the given form is not."""
    for given, x, wanted in (
        ("x / (1 + exp(-x))", -np.inf, -0.0),
        ("log(1 + exp(x))", 1000.0, 1000.0),
        ("log(1 + exp(x))", -50.0, 1.928749847963918e-22),
        ("0.5 * x * (1 + erf(x / sqrt(2)))", -30.0, -30 * scipy.special.ndtr(-30)),
        ("x * tanh(log(1 + exp(x)))", 1000.0, 1000.0),
    ):
        f = define(given, name="f")
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(f.forward(np.array([x])), wanted, rtol=1e-13)
            assert np.isfinite(f.derivative(np.array([x]))).all()


def test_parameters_get_the_domain_of_what_they_are_parameters_of():
    f = define(lambda x, alpha=2.0: (1 + np.exp(-x)) ** -alpha)
    assert (f.parameters[0].low, f.parameters[0].open_low, f.parameters[0].ordinary) == (0, True, (2.0**-60, 4))


def test_a_default_outside_the_domain_is_not_recognised():
    f = define(lambda x, alpha=-2.0: (1 + np.exp(-x)) ** -alpha)
    assert f.text == "(1 + exp(-x))**(-alpha)"
    assert f.parameters[0].low == -np.inf


def test_numbers_that_the_kernels_do_not_take():
    assert "generalized_logistic" not in text(recognised(read("(1 + exp(-x))**-8.5")))
    assert "leaky_relu" not in text(recognised(read("max(x, -0.5 * x)")))
    assert "hard_tanh" not in text(recognised(read("min(max(x, 3), 2)")))


def test_arrays_are_not_given_to_kernels():
    assert text(recognised(read("x * sigmoid(beta * x)", NAMES), frozenset(["beta"]))) == "x * sigmoid(beta * x)"


def test_it_is_done_once():
    for given, _ in CASES:
        once = recognised(read(given, NAMES))
        assert recognised(once) is once


def test_how_a_pattern_compares_is_told_without_it():
    patterns = recognition._patterns()
    assert sum(pattern.comparison is not None for pattern in patterns) > 20
    for pattern in patterns:
        if recognition._kind(pattern.node) != pattern.kind:  # with a number for a parameter it is something simpler
            continue
        assert recognition._may_match(pattern.comparison, recognition._comparison(pattern.node)), pattern.text


def test_where_a_choice_gives_what_it_compares():
    x, u = read("where(x > 0, x, 2)"), read("where(0 < tanh(x), 3, tanh(x))")
    assert recognition._comparison(x) == ("less", 0, True, False)
    assert recognition._comparison(u) == ("less", 0, False, True)
    assert recognition._comparison(read("where(x < 2 * x, x, 2)")) is None
    assert recognised(read("where(tanh(x) > 0, tanh(x), 0)")) is read("relu(tanh(x))")
    assert recognised(read("where(x >= 0, 2 * x, expm1(2 * x))")) is read("where(x >= 0, 2 * x, expm1(2 * x))")
    assert recognised(read("where(2 * x >= 0, 2 * x, expm1(2 * x))")) is read("elu(2 * x)")
