"""The check notices what is wrong, and passes what is right."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import fastact
from fastact.tools import peers
from fastact.tools.bench import check
from fastact.tools.bench.cases import Case
from fastact.tools.bench.fused import FUSED
from fastact.tools.bench.workspace import Workspace
from fastact.tools.directions import BOTH, Direction


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_numpy_backend_is_equivalent(name, dtype):
    found = check.check(name, fastact.backends.load("numpy"), dtype)
    assert [c for c in found if not c.passed] == []
    has_from_output = fastact.functions.entries[name].derivative_from_output is not None
    assert (Direction.FROM_OUTPUT in {c.kind for c in found}) == has_from_output


def test_a_wrong_function_is_noticed():
    class Wrong:
        @staticmethod
        def sigmoid(x):
            return fastact.sigmoid(x) * np.float32(1.000001)

    Wrong.sigmoid.backward = lambda dy, x=None, y=None: np.nan * dy
    forward, backward, from_output = check.check("sigmoid", Wrong)
    assert not forward.passed
    assert 2 < forward.error < 20
    assert backward.error == from_output.error == math.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUSED)
def test_fused_functions_are_equivalent(backend, name, dtype):
    forward, backward = check.check(name, backend, dtype)
    assert (forward.kind, backward.kind.partition(" ")[0]) == ("forward", "backward")
    assert forward.passed, forward
    assert backward.passed, backward


class Wrong:
    """A fused function, one of whose results is off in one direction."""

    def __init__(self, function, direction, result):
        self.function, self.direction, self.result = function, direction, result

    def _off(self, direction, values):
        if direction != self.direction:
            return values
        several = list(values) if isinstance(values, tuple) else [values]
        # A loss may be the sum of both signs, and be measured by its terms.
        value = several[self.result]
        several[self.result] = value + np.float32(1e-5) if np.ndim(value) == 0 else value * np.float32(1.00001)
        return tuple(several) if isinstance(values, tuple) else several[0]

    def __call__(self, *arguments, **keywords):
        return self._off("forward", self.function(*arguments, **keywords))

    def backward(self, *arguments, **keywords):
        return self._off("backward", self.function.backward(*arguments, **keywords))

    def value_and_grad(self, *arguments, **keywords):
        return self._off("backward", self.function.value_and_grad(*arguments, **keywords))


@pytest.mark.parametrize("direction", BOTH)
@pytest.mark.parametrize("name", FUSED)
def test_a_wrong_fused_function_is_noticed(name, direction):
    backend, family = fastact.backends.current(), FUSED[name].function
    operands = Workspace(999, "float32", backend).operands(Case(name, direction), 999)
    for result in range(len(peers.find("fastact", FUSED[name], direction, operands).results())):
        wrong = SimpleNamespace(**{family: Wrong(getattr(backend, family), direction, result)})
        passed = {c.kind.partition(" ")[0]: c.passed for c in check.check(name, wrong)}
        assert passed == {"forward": direction != "forward", "backward": direction != "backward"}
