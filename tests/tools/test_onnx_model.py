"""Models of one operator: their bytes, read back field by field, and by ONNX Runtime where it is installed."""

import struct

import numpy as np
import pytest

from fastact.tools import peers
from fastact.tools.peers import packages
from fastact.tools.peers.onnx_model import _field, _varint, one_operator
from fastact.tools.peers.onnxruntime import ACTIVATIONS


def fields(message):
    """The fields of a message: number, value."""
    at, found = 0, []

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 == 5:
            (value,) = struct.unpack_from("<f", message, at)
            at += 4
        else:
            assert key & 7 == 2
            size = varint()
            value, at = message[at : at + size], at + size
        found.append((key >> 3, value))
    return found


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, b"\0"), (1, b"\1"), (127, b"\x7f"), (128, b"\x80\1"), (300, b"\xac\2"), (-1, b"\xff" * 9 + b"\1")],
)
def test_whole_numbers(number, expected):
    assert _varint(number) == expected
    assert fields(_field(3, number)) == [(3, number & (1 << 64) - 1)]


def test_a_model():
    model = fields(one_operator("Clip(x, 0, 6, mode='a', scale=0.5, axis=-1)", np.dtype("float32"), (4, 300)))
    assert [number for number, _ in model] == [1, 7, 8]
    graph = fields(model[1][1])
    node = fields(next(value for number, value in graph if number == 1))
    assert [value for number, value in node if number == 1] == [b"x", b"constant1", b"constant2"]
    assert (4, b"Clip") in node
    attributes = [dict(fields(value)) for number, value in node if number == 5]
    assert attributes == [{1: b"mode", 4: b"a", 20: 3}, {1: b"scale", 2: 0.5, 20: 1}, {1: b"axis", 3: (1 << 64) - 1, 20: 2}]
    constants = [dict(fields(value)) for number, value in graph if number == 5]
    assert constants == [
        {2: 1, 8: b"constant1", 9: struct.pack("<f", 0)},
        {2: 1, 8: b"constant2", 9: struct.pack("<f", 6)},
    ]
    shape = struct.pack("BB", 8, 4), b"\x08\xac\x02"
    x = next(value for number, value in graph if number == 11)
    assert all(size in x for size in shape)


def test_an_operator_of_its_own_domain():
    model = fields(one_operator("QuickGelu(x, alpha=1.0)", np.dtype("float32"), (3,)))
    assert [fields(value) for number, value in model if number == 8] == [[(1, b""), (2, 20)], [(1, b"com.microsoft"), (2, 1)]]


def test_axes_are_integers():
    model = dict(fields(one_operator("ReduceMax(x, [-1], keepdims=0)", np.dtype("float32"), (3, 4))))
    (constant,) = (dict(fields(value)) for number, value in fields(model[7]) if number == 5)
    assert constant == {1: 1, 2: 7, 8: b"constant1", 9: struct.pack("<q", -1)}


@pytest.mark.skipif(not packages.installed("onnxruntime"), reason="ONNX Runtime is not installed")
@pytest.mark.parametrize("threads", [1, 2])
def test_onnx_runtime_takes_part(threads):
    from fastact.tools.bench.cases import Case
    from fastact.tools.bench.workspace import Workspace
    from fastact.tools.directions import Direction

    workspace = Workspace(64, "float32", __import__("fastact").backends.current())
    with peers.threads(threads, "onnxruntime"):
        assert peers.PEERS["onnxruntime"].thread_pool().get_num_threads() == threads
        for name in ACTIVATIONS:
            case = Case(name, Direction.FORWARD)
            found = peers.find("onnxruntime", *case.key, workspace.operands(case, 64))
            assert found.statement.endswith(f"# {ACTIVATIONS[name].forward}")
            assert found.result() is workspace.operands(case, 64).out or found.result().shape == (64,)
            backward = Case(name, Direction.BACKWARD)
            assert peers.find("onnxruntime", *backward.key, workspace.operands(backward, 64)) is None
    assert peers.PEERS["onnxruntime"].thread_pool().get_num_threads() == 1
