"""The examples run, are right, and give the same twice."""

import re
from pathlib import Path

import pytest
from processes import python

import fastact

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name, cwd, **environment):
    result = python("-W", "error", str(EXAMPLES / name), cwd=cwd, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_and_gate(tmp_path):
    text = run("and_gate.py", tmp_path)
    assert text == run("and_gate.py", tmp_path)
    errors = [float(error) for error in re.findall(r"largest error (\S+)", text)]
    sigmoid, without_bias, with_bias = errors
    assert sigmoid < 0.1
    assert without_bias == 0.33
    assert with_bias == 0
    decided = re.findall(r"(\d) AND (\d) -> \S+, that is (\d)", text)
    for x1, x2, y in decided[:4] + decided[-4:]:
        assert int(y) == (int(x1) and int(x2))


def test_digits(tmp_path):
    pytest.importorskip("sklearn")

    def learn(**environment):
        found = re.findall(r"accuracy (\S+)%, loss \S+, weights (\w+)", run("digits.py", tmp_path, **environment))
        assert len(found) == 2  # fastact's and NumPy's
        return [float(accuracy) for accuracy, _ in found], found[0][1]

    accuracies, weights = learn()
    assert min(accuracies) >= 97
    assert learn() == (accuracies, weights)
    (on_numpy, _), _ = learn(FASTACT_BACKEND="numpy")
    assert abs(on_numpy - accuracies[0]) <= 0.5
    exact = {"FASTACT_PRECISION": "exact", "OPENBLAS_CORETYPE": "Haswell"}
    assert (
        len({learn(FASTACT_BACKEND=backend, **exact)[1] for backend in fastact.backends.available() if backend != "numpy"}) == 1
    )


def test_transformer_block(tmp_path):
    pytest.importorskip("threadpoolctl")
    text = run("transformer_block.py", tmp_path)
    errors = [float(error) for error in re.findall(r"relative error (\S+)", text)]
    assert len(errors) == 10  # one per parameter
    assert max(errors) < 1e-7
    loss, loss_numpy = map(float, re.search(r"loss (\S+) \(NumPy (\S+)\)", text).groups())
    assert loss == pytest.approx(loss_numpy, rel=1e-5)
    assert float(re.search(r"apart by at most (\S+)", text)[1]) < 1e-4
    for piece in ("attention", "attention backward", "feed forward", "feed forward backward", "loss", "the whole step"):
        assert re.search(rf"^{piece} +\d", text, re.MULTILINE), piece


def test_learned_activation(tmp_path):
    pytest.importorskip("sklearn")
    text = run("learned_activation.py", tmp_path)
    errors = [float(error) for error in re.findall(r"apart by (\S+)", text)]
    assert len(errors) == 2  # of the two that learn
    assert max(errors) < 1e-6
    accuracies = [float(accuracy) for accuracy in re.findall(r"accuracy (\S+)%", text)]
    assert len(accuracies) == 3
    assert min(accuracies) >= 95
    assert re.search(r"silu, beta learnt.* beta (\S+) to (?!\1)\S+", text)  # it did learn


def test_network_health(tmp_path):
    """Units of ReLU die of a large learning rate, those of leaky ReLU don't; and gradients vanish in ten layers of sigmoid."""
    pytest.importorskip("sklearn")
    pytest.importorskip("rich")
    text = run("network_health.py", tmp_path)
    found = re.findall(r"^(\w+), learning rate \S+ at first: (\d+) of 192 units are dead, (\S+)% right", text, re.MULTILINE)
    assert [name for name, *_ in found] == ["relu", "relu", "leaky_relu"]
    moderate, large, leaky = (int(dead) for _, dead, _ in found)
    assert large > 2 * moderate + 10
    assert leaky == 0
    assert min(float(found[0][2]), float(found[2][2])) > 80
    assert text.count("where") == 5  # tables
    left = dict(re.findall(r"^(\w+), ten layers: of the gradient at layer 10 (\S+) is left", text, re.MULTILINE))
    assert float(left["sigmoid"]) < 1e-4
    assert float(left["tanh"]) > 0.1


def test_onnx_block(tmp_path):
    """The results are the same, and every operator that is replaced has its line."""
    pytest.importorskip("onnx")
    pytest.importorskip("threadpoolctl")
    text = run("onnx_block.py", tmp_path)
    apart, largest = map(float, re.search(r"apart by at most (\S+), of numbers up to (\S+)", text).groups())
    assert apart < 1e-5 * largest
    lines = re.findall(r"^([A-Za-z ]+?) +\S+ ms +\S+ ms +\S+$", text, re.MULTILINE)
    assert lines == ["Softmax", "Gelu", "Sigmoid", "activations", "whole block"]


def test_scikit_learn(tmp_path):
    """The loss curves are the same within the precision of the dtype."""
    pytest.importorskip("sklearn")
    pytest.importorskip("threadpoolctl")
    text = run("scikit_learn.py", tmp_path)
    found = re.findall(
        r"^(float\d\d) (\w+) .* ratio \S+, loss curves apart by (\S+), held-out accuracy (\S+)%", text, re.MULTILINE
    )
    assert [name for _, name, *_ in found] == ["relu", "tanh", "logistic"] * 2
    for dtype, name, apart, accuracy in found:
        assert float(apart) < (1e-10 if dtype == "float64" else 1e-4)
        assert float(accuracy) > (60 if name == "logistic" else 90)


def test_keras_model(tmp_path):
    pytest.importorskip("keras")
    pytest.importorskip("threadpoolctl")
    text = run("keras_model.py", tmp_path, KERAS_BACKEND="numpy", KERAS_HOME=str(tmp_path))
    assert float(re.search(r"apart by at most (\S+)", text)[1]) < 1e-5
    assert re.findall(r"^(\w+) +Keras +\S+ ms, with fastact +\S+ ms, ratio \S+$", text, re.MULTILINE) == [
        "gelu",
        "softmax",
        "model",
    ]


def test_cluster(tmp_path):
    """A worker dies, and the result is one machine's all the same: the parameters to the last bit."""
    pytest.importorskip("distributed")
    pytest.importorskip("threadpoolctl")
    text = run("cluster.py", tmp_path, OMP_NUM_THREADS="1", FASTACT_NUM_THREADS="")
    rows, memory = map(int, re.search(r"rows of (\d+) MiB in 32 chunks, workers of (\d+) MiB", text).groups())
    assert rows > memory
    assert "threads of a call on the workers: [1, 1]" in text
    assert len(re.findall(r"worker \d+ was killed while it computed", text)) == 1
    first, last = map(float, re.search(r"loss (\S+) at first, (\S+) after 32 steps", text).groups())
    assert last < first / 4
    assert float(re.search(r"(\S+)% of .* rows are right", text)[1]) > 85
    assert "parameters apart by 0.0, losses by 0.0" in text
    right, means = map(float, re.search(r"right rows apart by (\S+), means by (\S+)", text).groups())
    assert right < 1e-9
    assert means < 1e-9


def test_notebook(tmp_path):
    """Every cell runs, and the objects that cells end with are shown as HTML. The file holds no outputs."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    import nbformat

    book = nbformat.read(EXAMPLES / "notebook.ipynb", 4)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not [cell for cell in cells if cell.outputs or cell.execution_count is not None]
    # by another process: the libraries of notebooks give warnings of their own
    code = (
        "import sys, nbformat, nbclient\n"
        "book = nbformat.read(sys.argv[1], 4)\n"
        "nbclient.NotebookClient(book, timeout=300, kernel_name='python3').execute()\n"
        "nbformat.write(book, sys.argv[2])\n"
    )
    result = python("-c", code, str(EXAMPLES / "notebook.ipynb"), str(tmp_path / "run.ipynb"), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    outputs = [cell.outputs for cell in nbformat.read(tmp_path / "run.ipynb", 4).cells if cell.cell_type == "code"]
    shown = [output.data["text/html"] for found in outputs for output in found if output.output_type == "execute_result"]
    assert len(shown) == 5
    assert all("<svg" in html for html in shown)
    printed = "".join(output.text for found in outputs for output in found if output.output_type == "stream")
    assert [float(right) for right in re.findall(r"(\S+)% right", printed)] == pytest.approx([100, 100, 100], abs=5)
