"""Random expressions on every backend: value and gradient are right to 8 units of the largest term."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from random_expressions import PARAMETERS, expressions

from fastact import backends
from fastact.expressions import numerical
from fastact.expressions.definition import of_nodes
from fastact.expressions.nodes import Apply, Node, Number, in_order
from fastact.expressions.recognition import recognised
from fastact.functions.entry import Parameter

POINTS = (-3.7, -1.3, -0.62, -0.11, 0.13, 0.4, 0.95, 1.9, 3.3, 6.1)
UNITS = 8
#: What jumps where its operands are equal, or one of them is 0.
JUMPS = {"less", "less_equal", "equal", "not_equal", "sign", "copysign", "heaviside", "logical_not", "logical_and", "logical_or"}
CHECKS = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)


def is_ordinary(root: Node, x: float, parameters: dict[str, float], form: np.finfo) -> bool:
    """Whether no part of an expression over- or underflows in a dtype, and none is at a jump that rounding may cross."""
    for node in in_order([root]):
        value = numerical.value(node, x, parameters)
        if not numerical.mp.isfinite(value) or (value != 0 and not 1e3 * form.smallest_normal < abs(value) < 1e-3 * form.max):
            return False
        if isinstance(node, Apply) and (node.operation.name in JUMPS or node.operation.name == "where"):
            operands = [numerical.value(o, x, parameters) for o in node.operands if not isinstance(o, Number)]
            a, b = (*operands, 0, 0)[:2] if len(node.operands) == 1 else (*operands, 0)[:2]
            decided = node.operands[0] if node.operation.name == "where" else None
            if decided is None and abs(a - b) < 1e3 * float(form.eps) * (abs(a) + abs(b) + 1):
                return False
    return True


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_every_backend(dtype):
    form = np.finfo(dtype)
    parameters = {name: float(dtype(value)) for name, value in PARAMETERS.items()}
    record = tuple(Parameter(name, value) for name, value in parameters.items())
    loaded = [backends.load(name) for name in backends.available()]
    compared = []

    @CHECKS
    @given(expressions())
    def check(root):
        definition = of_nodes("random", recognised(root), record)
        activations = [backend.bind(definition) for backend in loaded]
        points = np.array(POINTS, dtype)
        for formula, call in (
            (definition.formula, lambda f, x: f(x)),
            (definition.slope, lambda f, x: f.backward(np.ones_like(x), x)),
        ):
            x = points[[is_ordinary(formula, float(point), parameters, form) for point in points]]
            known = {}
            for f in activations:
                computed = call(f, x)
                assert computed.dtype == dtype
                if computed.tobytes() not in known:
                    known[computed.tobytes()] = max(numerical.errors(computed, formula, x, parameters), default=0)
                compared.append(x.size)
                assert known[computed.tobytes()] <= UNITS, (f, definition.text)

    check()
    assert sum(compared) > 2000
