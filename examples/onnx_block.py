"""A transformer block as an ONNX graph, computed by ONNX's reference evaluator, with its own operators and with fastact's.

    python examples/onnx_block.py

Layer normalisation, attention of four heads, and a feed-forward layer with a gate, each with a residual. The results are
compared, and the time of every operator is printed: fastact replaces Softmax, Gelu, Sigmoid; the others are as they were.
"""

import collections
import time

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from threadpoolctl import threadpool_limits

import fastact.onnx

TOKENS, WIDTH, HEADS, HIDDEN = 128, 256, 4, 1024
REPETITIONS = 3
ACTIVATIONS = ("Softmax", "Gelu", "Sigmoid")


def block(rng):
    """The graph: x of (TOKENS, WIDTH) to y of the same shape."""
    nodes, initialisers = [], []

    def node(op, *inputs, **attributes):
        """Append a node; the name of its result."""
        name = f"{op.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(array):
        name = f"constant_{len(initialisers)}"
        initialisers.append(numpy_helper.from_array(array, name))
        return name

    def linear(x, inputs, outputs):
        weights = (rng.standard_normal((inputs, outputs)) / np.sqrt(inputs)).astype(np.float32)
        return node("Add", node("MatMul", x, constant(weights)), constant(np.zeros(outputs, np.float32)))

    def normalised(x):
        scale, shift = constant(np.ones(WIDTH, np.float32)), constant(np.zeros(WIDTH, np.float32))
        return node("LayerNormalization", x, scale, shift, axis=-1)

    def heads(x):
        split = node("Reshape", x, constant(np.array([TOKENS, HEADS, WIDTH // HEADS])))
        return node("Transpose", split, perm=[1, 0, 2])  # (HEADS, TOKENS, WIDTH / HEADS)

    h = normalised("x")
    q, k, v = (heads(linear(h, WIDTH, WIDTH)) for _ in range(3))
    scores = node("MatMul", q, node("Transpose", k, perm=[0, 2, 1]))
    scaled = node("Mul", scores, constant(np.float32((WIDTH // HEADS) ** -0.5)))
    mixed = node("Transpose", node("MatMul", node("Softmax", scaled), v), perm=[1, 0, 2])
    together = node("Reshape", mixed, constant(np.array([TOKENS, WIDTH])))
    x = node("Add", "x", linear(together, WIDTH, WIDTH))

    h = normalised(x)
    hidden = node("Gelu", linear(h, WIDTH, HIDDEN))
    gate = node("Sigmoid", linear(h, WIDTH, WIDTH))
    y = node("Add", x, node("Mul", gate, linear(hidden, HIDDEN, WIDTH)))

    of_shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [TOKENS, WIDTH]) for name in ("x", y)]
    graph = helper.make_graph(nodes, "block", of_shape[:1], of_shape[1:], initialisers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


def timed(evaluator, x):
    """The result, and the seconds that each operator took, of the best of some runs."""
    seconds = collections.defaultdict(float)

    def watch(node):
        run = node.run

        def watched(*arguments, **keywords):
            start = time.perf_counter()
            results = run(*arguments, **keywords)
            seconds[node.onnx_node.op_type] += time.perf_counter() - start
            return results

        node.run = watched

    for node in evaluator.rt_nodes_:
        watch(node)
    best = {}
    for _ in range(REPETITIONS):
        seconds.clear()
        (y,) = evaluator.run(None, {"x": x})
        best = {op: min(spent, best.get(op, spent)) for op, spent in seconds.items()}
    return y, best


def main():
    rng = np.random.default_rng(0)
    model, x = block(rng), rng.standard_normal((TOKENS, WIDTH)).astype(np.float32)
    with threadpool_limits(1):
        theirs, before = timed(ReferenceEvaluator(model), x)
        mine, after = timed(ReferenceEvaluator(model, new_ops=fastact.onnx.ops), x)
    print(f"{TOKENS} tokens of width {WIDTH}; fastact's backend: {fastact.backend()}")
    print(f"results apart by at most {np.abs(mine - theirs).max():.1e}, of numbers up to {np.abs(theirs).max():.1f}")
    rows = {op: (before[op], after[op]) for op in ACTIVATIONS}
    rows["activations"] = tuple(sum(column) for column in zip(*rows.values(), strict=True))
    rows["whole block"] = sum(before.values()), sum(after.values())
    print(f"{'':<12} {'evaluator':>12} {'with fastact':>13} {'ratio':>7}")
    for name, (own, fast) in rows.items():
        print(f"{name:<12} {own * 1e3:>9.2f} ms {fast * 1e3:>10.2f} ms {own / fast:>7.1f}")


if __name__ == "__main__":
    main()
