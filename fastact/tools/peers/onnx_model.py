"""A model of one operator, as a file in ONNX's format would hold it.

The package `onnx` could write it, and is large. The format is that of Protocol Buffers: fields, each a number with a kind and a
value. Their numbers below are those of onnx.proto; only the few that such a model needs are here.
"""

from __future__ import annotations

import ast
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

#: The versions of the format and of the operators: the first that have Gelu. ONNX Runtime knows them since 1.17.
_FORMAT, _OPERATORS = 9, 20
#: Operators of ONNX Runtime's own, which are in a domain of their own.
_OWN_DOMAIN, _OWN = "com.microsoft", ("QuickGelu",)

_TYPES = {"float32": 1, "int64": 7, "float64": 11}
_FLOAT, _INT, _STRING = 1, 2, 3  # kinds of attributes


def _varint(number: int) -> bytes:
    """A whole number, seven bits a byte; negative ones as 64 bits."""
    number &= (1 << 64) - 1
    groups = [number >> shift & 0x7F for shift in range(0, max(1, number.bit_length()), 7)]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


def _field(number: int, value: int | float | str | bytes) -> bytes:
    """A field of a message: a whole number, a float32, or text or a message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _attribute(name: str, value: int | float | str) -> bytes:
    place, kind = {float: (2, _FLOAT), int: (3, _INT), str: (4, _STRING)}[type(value)]
    return _field(1, name) + _field(place, value) + _field(20, kind)


def _constant(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(_field(1, size) for size in array.shape)
    return dims + _field(2, _TYPES[array.dtype.name]) + _field(8, name) + _field(9, array.tobytes())


def _operand(name: str, dtype: np.dtype[Any], shape: Sequence[int] | None) -> bytes:
    tensor = _field(1, _TYPES[dtype.name])
    if shape is not None:
        tensor += _field(2, b"".join(_field(1, _field(1, size)) for size in shape))
    return _field(1, name) + _field(2, _field(1, tensor))


def one_operator(call: str, dtype: np.dtype[Any], shape: Sequence[int]) -> bytes:
    """The model that computes y from an x of this type and shape by one operator.

    Parameters
    ----------
    call : str
        The operator with its operands: x, numbers, which become constants of x's type, and lists of axes. Keywords are its
        attributes: ``"Clip(x, 0, 6)"``, ``"LeakyRelu(x, alpha=0.01)"``.
    dtype, shape
        Those of x.
    """
    parsed = ast.parse(call, mode="eval").body
    assert isinstance(parsed, ast.Call)
    assert isinstance(parsed.func, ast.Name)
    inputs, constants = [], []
    for operand in parsed.args:
        if isinstance(operand, ast.Name):
            inputs.append(operand.id)
            continue
        value = ast.literal_eval(operand)
        inputs.append(f"constant{len(inputs)}")
        constants.append(_constant(inputs[-1], np.array(value, np.int64 if isinstance(value, list) else dtype)))
    domain = _OWN_DOMAIN if parsed.func.id in _OWN else ""
    node = b"".join(_field(1, name) for name in inputs) + _field(2, "y") + _field(4, parsed.func.id)
    for keyword in parsed.keywords:
        assert keyword.arg
        node += _field(5, _attribute(keyword.arg, ast.literal_eval(keyword.value)))
    node += _field(7, domain)
    graph = _field(1, node) + _field(2, parsed.func.id) + b"".join(_field(5, constant) for constant in constants)
    graph += _field(11, _operand("x", dtype, shape)) + _field(12, _operand("y", dtype, None))
    versions = [("", _OPERATORS), *([(domain, 1)] if domain else [])]
    imports = (_field(8, _field(1, name) + _field(2, version)) for name, version in versions)
    return _field(1, _FORMAT) + _field(7, graph) + b"".join(imports)
