"""The arrays and shapes of the cases."""

import numpy as np

import fastact
from fastact.tools.bench import cases
from fastact.tools.bench.cases import Case
from fastact.tools.bench.workspace import Workspace
from fastact.tools.directions import BOTH, Direction


def test_shapes():
    assert Case("relu", Direction.FORWARD).shape(1000) == (1000,)
    assert Case("softmax", Direction.FORWARD).shape(1000) == (3, 256)
    assert Case("softmax", Direction.FORWARD).shape(16) == (1, 16)
    assert Case("softmax", Direction.FORWARD, row=10).shape(1000) == (100, 10)
    assert Case("relu+bias", Direction.FORWARD).shape(1 << 20) == (256, 4096)
    assert Case("softmax-axis0", Direction.FORWARD).shape(1 << 16) == (256, 256)
    found = cases.cases(["softmax", "relu"], rows=[64, 10, 64])
    assert [(case.title, case.direction) for case in found] == [
        *(("softmax, rows of 10", direction) for direction in BOTH),
        *(("softmax, rows of 64", direction) for direction in BOTH),
        *(("relu", direction) for direction in BOTH),
    ]
    workspace = Workspace(1000, "float32", fastact.backends.current())
    operands = workspace.operands(Case("sigmoid", Direction.FROM_OUTPUT), 999)
    assert [a.ctypes.data % 64 for a in (operands.x, operands.dy, operands.y, operands.out)] == [0] * 4
    np.testing.assert_array_equal(operands.y, fastact.sigmoid(operands.x))
    assert Case("swiglu", Direction.BACKWARD).arrays == 5  # dy, gate, value; dgate, dvalue
    assert Case("logsumexp", Direction.FORWARD).arrays == 1
    assert Case("sigmoid", Direction.FROM_OUTPUT).arrays == 3
