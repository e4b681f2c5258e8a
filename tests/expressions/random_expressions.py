"""Random expressions of up to twelve operations, for tests with hypothesis."""

from hypothesis import assume
from hypothesis import strategies as st

from fastact.expressions.expansion import applied
from fastact.expressions.nodes import Node, Number, Parameter, X, depends_on_input
from fastact.expressions.simplify import make
from fastact.functions import entries

PARAMETERS = {"alpha": 0.75, "beta": 1.5}

UNARY = (
    *(
        "negative",
        "absolute",
        "sign",
        "square",
        "reciprocal",
        "sqrt",
        "exp2",
        "expm1",
        "log",
        "log1p",
        "log2",
        "log10",
        "cos",
        "tan",
    ),
    *("arcsin", "arccos", "sinh", "cosh", "arccosh", "arctanh", "erfc", "ndtr", "phi", "logical_not"),
)
BINARY = ("power", "minimum", "maximum", "hypot", "logaddexp", "arctan2", "copysign", "heaviside", "xlogy")
ARITHMETIC = ("add", "subtract", "multiply", "divide")
TRUTHS = ("less", "less_equal", "equal", "not_equal", "logical_and", "logical_or")
#: Activations without parameters, and with one.
PLAIN = [e.name for e in entries.values() if not e.parameters and e.noise is None]
WITH_ONE = ["silu", "elu", "softplus", "leaky_relu", "softcap", "isru", "snake", "generalized_logistic", "celu"]

LEAVES = st.one_of(
    st.just(X),
    st.just(X),
    st.sampled_from([Parameter(name) for name in PARAMETERS]),
    st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 0.1, -2.5, 1.702, 6.0]).map(Number),
)


@st.composite
def expressions(draw: st.DrawFn, most: int = 12) -> Node:
    """An expression of x: each operation takes what was made before it, or a leaf."""
    made: list[Node] = []

    def part() -> Node:
        chosen = draw(st.integers(0, len(made) + 1))
        return made[-1 - chosen] if chosen < len(made) else draw(LEAVES)

    for _ in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(("arithmetic", "arithmetic", "unary", "binary", "activation", "parameter", "where")))
        if kind == "arithmetic":
            made.append(make(draw(st.sampled_from(ARITHMETIC)), part(), part()))
        elif kind == "unary":
            made.append(make(draw(st.sampled_from(UNARY)), part()))
        elif kind == "binary":
            made.append(make(draw(st.sampled_from(BINARY)), part(), part()))
        elif kind == "activation":
            made.append(applied(entries[draw(st.sampled_from(PLAIN))], part()))
        elif kind == "parameter":
            parameter = draw(st.sampled_from((Parameter("alpha"), Number(1.0), Number(0.5), Number(2.0))))
            made.append(applied(entries[draw(st.sampled_from(WITH_ONE))], part(), (parameter,)))
        else:
            condition = make(draw(st.sampled_from(TRUTHS)), part(), part())
            made.append(make("where", condition, part(), part()))
    assume(depends_on_input(made[-1]))
    return made[-1]
