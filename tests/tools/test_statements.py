"""Statements: Python text that is read as such."""

import ast

import pytest

from fastact.tools.directions import Direction
from fastact.tools.peers import statements, torch
from fastact.tools.peers.statements import Statements


def test_each_direction_has_its_statement():
    found = Statements(forward="a", backward="b", from_output="c")
    assert [found.of(direction) for direction in Direction] == ["a", "b", "c"]
    assert [statements.NONE.of(direction) for direction in Direction] == [None, None, None]


def test_the_parts():
    before, last = statements.parts("s = 1 / (1 + np.exp(-x)); s *= '; '; np.multiply(dy, s, out=out)")
    assert [ast.unparse(part) for part in before] == ["s = 1 / (1 + np.exp(-x))", "s *= '; '"]
    assert ast.unparse(last) == "np.multiply(dy, s, out=out)"
    with pytest.raises(ValueError, match="the last part of a statement is an expression, not 'y = x'"):
        statements.parts("y = x")


def test_names_are_not_found_in_attributes_or_keywords():
    assert statements.names("t = np.multiply(x, x, out=tmp); t.mask(dy='y')") == {"t", "np", "x", "tmp"}


def test_other_operands():
    text = statements.renamed("t = np.exp(x, out=out); t.x(y=t * x)", {"x": "gate", "out": "dgate"})
    assert text == "t = np.exp(gate, out=dgate); t.x(y=t * gate)"
    assert statements.assigned("t = a; t + 1", "result") == "t = a; result = t + 1"


@pytest.mark.parametrize(
    ("with_out", "without"),
    [
        ("torch.tanh(x, out=out)", "torch.tanh(x)"),
        ("aten.f.grad_input(dy, torch.tanh(x, out=out), 0, grad_input=out)", "aten.f.default(dy, torch.tanh(x), 0)"),
        ("z = torch.mul(x, 2, out=tmp); aten.f.out(z, y, out=out).neg_()", "z = torch.mul(x, 2); aten.f.default(z, y).neg_()"),
        ("x.clone() if out is None else out.copy_(x)", "x.clone() if out is None else out.copy_(x)"),
    ],
)
def test_pytorch_without_out(with_out, without):
    assert torch.without_out(with_out) == without


def test_whether_a_value_is_the_result():
    assert statements.gives_result("t = x; np.exp(t, out=out)")
    assert not statements.gives_result("x.copy() if out is None else np.copyto(out, x)")
