"""`python -m fastact bench`: its options, and how they fail."""

import json
import sys

import pytest

import fastact
from fastact.__main__ import main

pytest.importorskip("rich")


@pytest.mark.parametrize(
    "options", [["--fresh"], ["--tuned"], ["--dtype", "float64"], ["--backend", "numpy"], ["--sizes", "1", "7"]]
)
def test_options(hurried, capsys, options):
    assert main(["bench", "--only", "relu", "sigmoid", "softmax", "swiglu", "cross_entropy", *options]) == 0
    assert "geometric mean" in capsys.readouterr().out


def test_row_lengths(hurried, capsys, tmp_path):
    file = tmp_path / "results.json"
    options = ["--only", "relu", "softmax", "--sizes", "16", "1,000", "--row-length", "10", "64", "5000"]
    assert main(["bench", *options, "--json", str(file)]) == 0
    cells = json.loads(file.read_text())["cells"]
    measured = {(c["name"], c["elements"], c["row"]) for c in cells}
    # a row that is longer than the array is none
    assert measured == {("relu", 16, 0), ("relu", 1000, 0), ("softmax", 10, 10), ("softmax", 1000, 10), ("softmax", 960, 64)}
    assert "softmax, rows of 64" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "reluu"], "did you mean 'relu'?\nknown: identity,"),
        (["--only", "nothing at all"], "binary_cross_entropy"),
        (["--fused", "--only", "relu"], "there is no layer with relu\nknown: relu+bias, gelu+bias, swiglu,"),
        (["--fused", "--sizes", "16"], "argument --fused: it has sizes of its own"),
        (["--fused", "--row-length", "16"], "argument --fused: it has sizes of its own"),
        (["--fused", "--fresh"], "argument --fused: it has sizes of its own and gives out="),
        (["--only", "softmax", "--sizes", "16", "--row-length", "17"], "argument --row-length: no array has so many elements"),
        (["--row-length", "0"], "'0' is not a number of elements"),
        (["--backend", "abacus"], "argument --backend: there is no backend 'abacus'"),
        (["--backend", "numpy", "abacus"], "argument --backend: there is no backend 'abacus'"),
        (["--backend", "numpy", fastact.backends.available()[0], "numpy"], "argument --backend: several only with --peers"),
        (["--json", "no/such/place.json"], "argument --json: there is no directory 'no/such'"),
        (["--threads", "0"], "'0' is not a number of threads"),
        (["--threads", str(10**6)], "argument --threads: 1000000 are not to be had, only"),
        (["--threads", "1", "two"], "'two' is not a number of threads"),
        (["--threads", "1", "2"], "several dtypes, numbers of threads or kinds of results, --heatmap and --report: only with"),
        (["--report", "page.md"], "only with --peers"),
        (["--peers", "tensorflow"], "there is no peer 'tensorflow'; known: numpy, torch, onnxruntime, jax, scipy, numexpr"),
        (["--peers", "--only", "reluu"], "did you mean 'relu'?\nknown: identity,"),
        (["--peers", "--sizes", "-1"], "'-1' is not a number of elements"),
        (["--peers", "scipy", "--only", "relu"], "these functions are not to be had of scipy"),
        (["--peers", "--fused"], "argument --peers: not with --fused"),
        (["--peers", "--heatmap", "map.xyz"], "'.xyz' is none of the formats"),
    ],
)
def test_wrong_options(capsys, options, message):
    with pytest.raises(SystemExit):
        main(["bench", *options])
    assert message in capsys.readouterr().err


def test_without_matplotlib(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit):
        main(["bench", "--peers", "--heatmap", "map.png"])
    assert "pip install '.[plot]'" in capsys.readouterr().err
