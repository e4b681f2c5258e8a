"""Nodes: one for each content, unchangeable, and nested as deep as an expression is large."""

import copy
import gc
import threading

import numpy as np
import pytest

from fastact.expressions import nodes
from fastact.expressions.derivatives import derivative
from fastact.expressions.evaluation import evaluate
from fastact.expressions.nodes import Activate, Apply, Number, Parameter, X, in_order, size
from fastact.expressions.operations import OPERATIONS
from fastact.expressions.printing import text
from fastact.expressions.recognition import recognised
from fastact.expressions.simplify import make
from fastact.expressions.vocabulary import read
from fastact.functions import entries


def test_equal_nodes_are_one_object():
    assert Number(2) is Number(2.0)
    assert Parameter("a") is Parameter("a")
    assert Apply(OPERATIONS["add"], (X, Number(1))) is Apply(OPERATIONS["add"], (X, Number(1)))
    assert Activate(entries["silu"], X, (Number(1),)) is Activate(entries["silu"], X, (Number(1),))


def test_what_differs_is_not():
    assert Number(0.0) is not Number(-0.0)
    assert Number(np.nan) is Number(-np.nan)
    assert Activate(entries["tanh"], X) is not Activate(entries["tanh"], X, derivative=True)


def test_nodes_cant_be_changed():
    node = make("exp2", X)
    with pytest.raises(AttributeError, match="can't be changed"):
        node.operation = OPERATIONS["cos"]
    assert copy.deepcopy(node) is copy.copy(node) is node


def test_nodes_that_nobody_needs_go_away():
    gc.collect()
    before = len(nodes._known)
    node = make("cos", make("multiply", Number(0.123456), X))
    assert len(nodes._known) == before + 3
    del node
    assert len(nodes._known) == before


def test_size_counts_shared_parts_once():
    root = read("exp2(x) + exp2(x)**2 + cos(exp2(x))")
    assert size(root) == 6
    order = in_order([root])
    assert all(order.index(o) < order.index(node) for node in order for o in node.operands)


def test_nothing_recurses():
    node = X
    for _ in range(5000):
        node = make("cos", node)
    assert size(node) == 5001
    assert np.isfinite(evaluate(node, np.ones(2, np.float64))).all()
    assert read(text(make("exp2", X))) is make("exp2", X)
    assert text(node).startswith("cos(cos(")
    assert recognised(node) is node
    assert size(derivative(node)) < 4 * 5001
    assert repr(node)


def test_a_shared_part_is_named_where_the_text_would_be_long():
    node = X
    for _ in range(60):
        node = make("multiply", Number(0.3), make("add", node, make("cos", node)))
    written = text(node)
    assert len(written) < 3000
    assert ":=" in written
    assert read(written) is node


def test_threads_make_the_same_node():
    made = []

    def work():
        made.append([make("cos", make("add", X, Number(k + 0.5))) for k in range(300)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(row[7]) for row in made}) == 1
