"""`fastact.onnx.ops`: the evaluator gives what its own operators give, by fastact's functions, in every opset."""

import importlib
import math

import numpy as np
import pytest

import fastact
from fastact.integrations.patches import HookError

onnx = pytest.importorskip("onnx")
fo = importlib.import_module("fastact.onnx")
reference = pytest.importorskip("onnx.reference")
helper = onnx.helper
NEWEST = onnx.defs.onnx_opset_version()


@pytest.fixture(autouse=True)
def flags_of_the_evaluators_own():
    with np.errstate(all="ignore"):
        yield


def model(op, inputs, outputs=1, opset=NEWEST, domain="", **attributes):
    """A graph of one node."""
    names, results = [f"x{k}" for k in range(len(inputs))], [f"y{k}" for k in range(outputs)]
    values = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in zip(names, inputs, strict=True)
    ]
    info = [helper.make_tensor_value_info(name, values[0].type.tensor_type.elem_type, None) for name in results]
    graph = helper.make_graph([helper.make_node(op, names, results, domain=domain, **attributes)], op, values, info)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets), dict(zip(names, inputs, strict=True))


def run(op, *inputs, **options):
    """The results by fastact; which class computed them is looked at."""
    built, feeds = model(op, inputs, **options)
    evaluator = reference.ReferenceEvaluator(built, new_ops=fo.ops)
    assert [type(node) for node in evaluator.rt_nodes_] == [
        next(one for one in fo.ops if (one.op_domain, one.__name__) == (options.get("domain", ""), op))
    ]
    return evaluator.run(None, feeds)


def run_plain(op, *inputs, **options):
    """The same by the evaluator's own."""
    built, feeds = model(op, inputs, **options)
    return reference.ReferenceEvaluator(built).run(None, feeds)


def random(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(scale=2, size=shape).astype(dtype)


#: Operators of one input, the opset that they are in since, and attributes other than the defaults.
ELEMENTWISE = [
    ("Asinh", 9, {}),
    ("Atan", 7, {}),
    ("Celu", 12, {"alpha": 2.0}),
    ("Elu", 6, {"alpha": 2.0}),
    ("Erf", 9, {}),
    ("Exp", 6, {}),
    ("Gelu", 20, {"approximate": "tanh"}),
    ("HardSigmoid", 6, {"alpha": 0.3, "beta": 0.4}),
    ("HardSwish", 14, {}),
    ("LeakyRelu", 6, {"alpha": 0.3}),
    ("Mish", 18, {}),
    ("Relu", 6, {}),
    ("Selu", 6, {"alpha": 1.5, "gamma": 1.2}),
    ("Shrink", 9, {"lambd": 1.5, "bias": 1.5}),
    ("Shrink", 9, {"lambd": 1.5, "bias": 0.25}),
    ("Sigmoid", 6, {}),
    ("Sin", 7, {}),
    ("Softplus", 1, {}),
    ("Softsign", 1, {}),
    ("Swish", 24, {"alpha": 1.5}),
    ("Tanh", 6, {}),
    ("ThresholdedRelu", 10, {"alpha": 0.5}),
]


@pytest.mark.parametrize(("op", "since", "attributes"), ELEMENTWISE, ids=[f"{op}{len(str(a))}" for op, _, a in ELEMENTWISE])
def test_elementwise(op, since, attributes):
    """With the default attributes and with others, in the oldest opset and in the newest."""
    if since > NEWEST:
        pytest.skip(f"this onnx has no {op}")
    x = random(3, 4, 5)
    for given in ({}, attributes):
        for opset in {since, NEWEST}:
            (mine,) = run(op, x, opset=opset, **given)
            (theirs,) = run_plain(op, x, opset=NEWEST, **given)
            assert mine.dtype == theirs.dtype == np.float32
            np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("op", ["Gelu", "Sigmoid", "Softmax", "Selu", "Shrink"])
def test_dtypes(op, dtype):
    x = random(2, 3, dtype=dtype)
    (mine,) = run(op, x)
    assert mine.dtype == dtype
    (wanted,) = run_plain(op, x.astype(np.float64))
    np.testing.assert_allclose(mine, wanted, rtol=4 * max(np.finfo(dtype).eps, 1e-7), atol=1e-7)


def test_every_operator_is_tested_here():
    """Those of one input above, the others below."""
    below = {
        "LogSoftmax",
        "NegativeLogLikelihoodLoss",
        "PRelu",
        "ReduceLogSumExp",
        "Softmax",
        "SoftmaxCrossEntropyLoss",
        "SwiGLU",
    }
    assert {op.__name__ for op in fo.ops if not op.op_domain} == below | {op for op, *_ in ELEMENTWISE}
    assert {op.__name__ for op in fo.ops if op.op_domain} == {"BiasGelu", "FastGelu", "Gelu", "QuickGelu"}


def test_defaults_are_those_of_the_specification():
    """Also where those of the function here are others."""
    x = random(50)
    np.testing.assert_allclose(run("HardSigmoid", x)[0], np.clip(0.2 * x + 0.5, 0, 1), rtol=1e-6, atol=1e-7)
    assert not np.allclose(run("HardSigmoid", x)[0], fastact.hard_sigmoid(x), atol=1e-3)
    np.testing.assert_array_equal(run("Gelu", x)[0], fastact.gelu(x))
    np.testing.assert_array_equal(run("Gelu", x, approximate="tanh")[0], fastact.gelu_tanh(x))
    np.testing.assert_array_equal(run("Selu", x)[0], fastact.selu(x))
    np.testing.assert_array_equal(run("Shrink", x)[0], fastact.hard_shrink(x))
    np.testing.assert_array_equal(run("ThresholdedRelu", x)[0], np.where(x > 1, x, 0))


@pytest.mark.parametrize(("op", "of_rows"), [("Softmax", fastact.softmax), ("LogSoftmax", fastact.log_softmax)])
def test_rows_by_opset(op, of_rows):
    """Since opset 13 a row lies along one axis, by default the last. Before, all axes from the axis on were one row, by default
    from axis 1 on."""
    x = random(2, 3, 4)
    flat = of_rows(x.reshape(2, 12)).reshape(x.shape)
    for opset in (1, 11, 12):
        np.testing.assert_allclose(run(op, x, opset=opset)[0], flat, rtol=1e-6)
        np.testing.assert_allclose(run(op, x, opset=opset, axis=2)[0], of_rows(x), rtol=1e-6)
        np.testing.assert_allclose(run(op, x, opset=opset, axis=0)[0], of_rows(x.ravel()).reshape(x.shape), rtol=1e-6)
    np.testing.assert_allclose(run(op, x, opset=11, axis=-2)[0], flat, rtol=1e-6)
    for opset in (13, NEWEST):
        np.testing.assert_allclose(run(op, x, opset=opset)[0], of_rows(x), rtol=1e-6)
        np.testing.assert_allclose(run(op, x, opset=opset, axis=1)[0], of_rows(x, axis=1), rtol=1e-6)
        np.testing.assert_allclose(run(op, x, opset=opset)[0], run_plain(op, x, opset=opset)[0], rtol=1e-5)
    assert run(op, x[:0])[0].shape == (0, 3, 4)


def test_slopes_by_opset():
    """Since opset 7 a slope broadcasts; before, it was one for each channel."""
    x, slope = random(2, 3, 4), np.float32([0.1, 0.2, 0.3])
    wanted = np.where(x > 0, x, x * slope[:, np.newaxis])
    np.testing.assert_allclose(run("PRelu", x, slope, opset=6)[0], wanted, rtol=1e-6)
    np.testing.assert_allclose(run("PRelu", x, slope[:, np.newaxis])[0], wanted, rtol=1e-6)
    np.testing.assert_allclose(run("PRelu", x, np.float32([0.5]))[0], np.where(x > 0, x, x / 2), rtol=1e-6)


def test_log_sum_exp_by_opset():
    """Since opset 18 the axes are an input."""
    x = random(2, 3, 4)
    for keepdims in (0, 1):
        for axes in ([1], [0, -1]):
            wanted = fastact.logsumexp(x, axis=tuple(axes), keepdims=bool(keepdims))
            np.testing.assert_allclose(run("ReduceLogSumExp", x, opset=13, axes=axes, keepdims=keepdims)[0], wanted)
            np.testing.assert_allclose(run("ReduceLogSumExp", x, np.int64(axes), opset=18, keepdims=keepdims)[0], wanted)
    for opset in (13, 18):
        np.testing.assert_allclose(run("ReduceLogSumExp", x, opset=opset)[0], fastact.logsumexp(x, axis=None, keepdims=True))
    np.testing.assert_array_equal(run("ReduceLogSumExp", x, np.zeros(0, np.int64), opset=18, noop_with_empty_axes=1)[0], x)


@pytest.mark.skipif(NEWEST < 28, reason="this onnx has no SwiGLU")
def test_swiglu():
    gate, value = random(3, 4), random(3, 4, seed=1)
    for attributes in ({}, {"alpha": 1.5}):
        np.testing.assert_allclose(
            run("SwiGLU", gate, value, **attributes)[0], run_plain("SwiGLU", gate, value, **attributes)[0], rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("op", ["SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"])
def test_losses(op, reduction):
    x, labels, weight = random(4, 5, 3), np.random.default_rng(1).integers(0, 5, (4, 3)), np.float32([1, 2, 3, 4, 5])
    for inputs in ((x, labels), (x, labels, weight)):
        for attributes in ({}, {"ignore_index": 2}):
            options = {"reduction": reduction, **attributes}
            np.testing.assert_allclose(run(op, *inputs, **options)[0], run_plain(op, *inputs, **options)[0], rtol=1e-5)
    if op == "SoftmaxCrossEntropyLoss":
        loss, log_probs = run(op, x, labels, outputs=2, reduction=reduction)
        np.testing.assert_allclose(loss, run_plain(op, x, labels, reduction=reduction)[0], rtol=1e-5)
        np.testing.assert_array_equal(log_probs, fastact.log_softmax(x, axis=1))


def test_operators_of_onnx_runtime():
    """The evaluator itself has none of them."""
    x, bias = random(3, 4), random(4, seed=1)
    microsoft = {"domain": "com.microsoft"}
    np.testing.assert_array_equal(run("Gelu", x, **microsoft)[0], fastact.gelu(x))
    np.testing.assert_array_equal(run("BiasGelu", x, bias, **microsoft)[0], fastact.gelu(x, bias=bias))
    np.testing.assert_array_equal(run("FastGelu", x, **microsoft)[0], fastact.gelu_tanh(x))
    np.testing.assert_array_equal(run("FastGelu", x, bias, **microsoft)[0], fastact.gelu_tanh(x, bias=bias))
    np.testing.assert_allclose(run("QuickGelu", x, **microsoft)[0], fastact.quick_gelu(x), rtol=1e-6)
    np.testing.assert_allclose(run("QuickGelu", x, alpha=1.0, **microsoft)[0], fastact.silu(x), rtol=1e-6)


def test_numbers_and_subgraphs():
    assert run("Sigmoid", np.asarray(0.0, np.float32))[0].shape == ()
    branch = helper.make_graph(
        [helper.make_node("Gelu", ["x"], ["z"])], "branch", [], [helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, None)]
    )
    node = helper.make_node("If", ["which"], ["y"], then_branch=branch, else_branch=branch)
    graph = helper.make_graph(
        [node],
        "choice",
        [
            helper.make_tensor_value_info("which", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [3])],
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    x = random(3)
    (y,) = reference.ReferenceEvaluator(built, new_ops=fo.ops).run(None, {"which": np.bool(True), "x": x})
    np.testing.assert_array_equal(y, fastact.gelu(x))


def test_tails():
    """Where exp overflows, or erf has lost all digits."""
    x = np.float32([-1e4, -100, -12, 0, 100, 1e4])
    np.testing.assert_array_equal(run("Softplus", x)[0], fastact.softplus(x))
    np.testing.assert_array_equal(run("Sigmoid", x)[0], fastact.sigmoid(x))
    assert math.isclose(run("Gelu", np.float32([-12]))[0][0], -2.1317785e-32, rel_tol=1e-6)


def test_the_list_is_nobody_elses():
    """Some versions of the evaluator append to what they are given."""
    fo.ops.append(None)
    assert None not in fo.ops
    assert "ops" in dir(fo)


def test_errors():
    with pytest.raises(Exception, match="approximate must be 'none' or 'tanh', not 'sigmoid'"):
        run("Gelu", random(3), approximate="sigmoid")


@pytest.mark.parametrize("base", [None, object, type("OpRun", (), {"run": lambda self: None})])
def test_moved_hooks(base):
    """The evaluator's class is no longer there, or works otherwise: an error, and no operator that would do nothing."""
    with pytest.raises(HookError, match=r"this version of onnx is not known: onnx\.reference\.op_run has no class 'OpRun'"):
        fo._implementations(base)
