"""Random expressions: what NumPy computes of them and of their derivatives is right to 8 units of the largest term."""

import mpmath
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_expressions import PARAMETERS, expressions

from fastact.expressions import numerical
from fastact.expressions.derivatives import derivative
from fastact.expressions.evaluation import evaluate
from fastact.expressions.nodes import Node, Parameter, X
from fastact.expressions.printing import text
from fastact.expressions.recognition import recognised
from fastact.expressions.vocabulary import read

mp = numerical.mp
NAMES = {name: Parameter(name) for name in PARAMETERS}
POINTS = (-3.7, -1.3, -0.62, -0.11, 0.13, 0.4, 0.95, 1.9, 3.3, 6.1)
UNITS = 8
CHECKS = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)


def well_posed(root: Node) -> np.ndarray:
    """The points where the expression is a number of ordinary size, and not at a jump."""
    found = []
    for x in POINTS:
        value, beside = (numerical.value(root, point, PARAMETERS) for point in (x, x * (1 + 1e-9)))
        if mp.isfinite(value) and mp.isfinite(beside) and abs(value) < 1e300:
            size = numerical.largest_term(root, x, PARAMETERS)
            if 1e-250 < size < 1e300 and abs(beside - value) < 1e-6 * size:
                found.append(x)
    return np.array(found, np.float64)


def check(root: Node) -> None:
    points = well_posed(root)
    with np.errstate(all="ignore"):
        computed = evaluate(root, points, PARAMETERS)
    assert max(numerical.errors(computed, root, points, PARAMETERS), default=0) <= UNITS, text(root)


@CHECKS
@given(expressions())
def test_values(root):
    check(root)
    check(recognised(root))


@CHECKS
@given(expressions(), st.sampled_from([X, *NAMES.values()]))
def test_derivatives(root, by):
    check(derivative(root, by))
    check(derivative(recognised(root), by))


@settings(CHECKS, max_examples=50)
@given(expressions(), st.sampled_from(["x", *PARAMETERS]))
def test_derivatives_are_those_of_differences(root, by):
    slope = derivative(root, NAMES.get(by, X))
    for x in well_posed(root)[::4]:
        middle = {"x": mp.mpf(x), **{name: mp.mpf(value) for name, value in PARAMETERS.items()}}

        def value(at, middle=middle):
            point = {**middle, by: at}
            return numerical.value(root, point.pop("x"), point)

        left, right = (mp.diff(value, middle[by], direction=side) for side in (-1, 1))
        if mp.isfinite(left) and mp.isfinite(right) and mpmath.almosteq(left, right, 1e-20, 1e-20):
            found = numerical.value(slope, x, PARAMETERS)
            if mp.isnan(found):  # as of u**v where both are 0
                continue
            size = numerical.largest_term(slope, x, PARAMETERS)
            assert abs(found - left) <= 1e-13 * max(size, abs(left)), (text(root), x)


@CHECKS
@given(expressions())
def test_recognition_changes_no_value(root):
    after = recognised(root)
    for x in well_posed(root):
        before, size = numerical.value(root, x, PARAMETERS), numerical.largest_term(root, x, PARAMETERS)
        assert abs(numerical.value(after, x, PARAMETERS) - before) <= 1e-14 * size, text(root)


@CHECKS
@given(expressions())
def test_texts_are_read_as_the_same(root):
    for node in (root, recognised(root), derivative(root), derivative(root, NAMES["alpha"])):
        assert read(text(node), NAMES) is node
    assert recognised(recognised(root)) is recognised(root)
