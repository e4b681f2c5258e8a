"""The speed grid."""

import itertools
import json

import numpy as np
import pytest

import fastact
from fastact.__main__ import main
from fastact.tools import peers
from fastact.tools.bench import cases, grid
from fastact.tools.bench.cases import Case
from fastact.tools.bench.workspace import Setting, Workspace
from fastact.tools.directions import BOTH, Direction

pytest.importorskip("rich")


def test_the_grid(hurried, capsys, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("NUMEXPR_OF_THIS_TEST", "7")
    files = [tmp_path / name for name in ("grid.json", "grid.svg", "grid.md")]
    names = ["sigmoid", "sparsemax", "cross_entropy"]
    threads = [1, 2] if fastact.backend() != "numpy" else [1]
    options = ["--dtype", "float32", "float64", "--threads", *map(str, threads), "--fresh", "too", "--peers"]
    outputs = ["--json", str(files[0]), "--heatmap", str(files[1]), "--report", str(files[2])]
    assert main(["bench", "--only", *names, *outputs, *options]) == 0
    text, results = capsys.readouterr().out, json.loads(files[0].read_text())
    settings = [Setting(**setting) for setting in results["settings"]["settings"]]
    assert set(settings) == {Setting(*s) for s in itertools.product(["float32", "float64"], [False, True], threads)}
    measured = [(c["name"], c["direction"], c["elements"], Setting(**c["setting"])) for c in results["cells"]]
    wanted = itertools.product(cases.cases(names, from_output=True), (16, 100), settings)
    assert set(measured) == {(case.name, case.direction, size, setting) for case, size, setting in wanted}
    assert len(measured) == len(set(measured)) == 7 * 2 * len(settings)
    rivals = [peer for peer in ("numpy", "torch", "onnxruntime", "jax", "scipy", "numexpr") if peers.PEERS[peer].installed]
    assert results["settings"]["peers"] == rivals
    assert {peer for c in results["cells"] for peer in c["ratios"]} == set(rivals)
    for c in results["cells"]:
        assert "numpy" in c["ratios"]
        assert ("jax" in c["ratios"]) <= (c["setting"]["dtype"] == "float32" and c["setting"]["threads"] == 1)
        assert ("onnxruntime" in c["ratios"]) <= (c["setting"]["dtype"] == "float32" and c["direction"] == "forward")
        for peer, ratio in c["ratios"].items():
            assert ratio == pytest.approx(c["times"][peer] / c["times"]["fastact"])
        assert c["copy"] > 0
        assert c["floor"] > 0
    page, picture = files[2].read_text(), files[1].read_text()
    for setting in settings:
        chosen = [c["ratios"]["numpy"] for c in results["cells"] if Setting(**c["setting"]) == setting]
        assert results["means"][str(setting)]["all"]["NumPy"] == [pytest.approx(np.exp(np.mean(np.log(chosen)))), min(chosen)]
        assert f"## {setting}\n" in page
        assert str(setting) in picture
        assert f"{setting}: geometric mean" in text
    assert "python -m fastact bench --only sigmoid" in page
    assert "NUMEXPR_OF_THIS_TEST=7" in page
    assert fastact.api.configuration()["CPU"] in page
    for loss in results["lost"]:
        assert f"- {loss}\n" in page
        assert f"  {loss}\n" in text


def test_the_grid_of_some(hurried, capsys, tmp_path):
    file = tmp_path / "grid.json"
    options = ["--quick", "--peers", "numpy", "--tuned", "--only", "relu", "softmax", "--row-length", "8"]
    assert main(["bench", *options, "--fresh", "--json", str(file)]) == 0
    cells = json.loads(file.read_text())["cells"]
    assert [(c["name"], c["direction"]) for c in cells] == [
        *(("relu", direction) for direction in Direction),
        *(("softmax", direction) for direction in BOTH),
    ]
    assert {tuple(c["ratios"]) for c in cells} == {("numpy_tuned",)}
    assert {c["setting"]["fresh"] for c in cells} == {True}
    assert "NumPy tuned" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [file]


def test_a_peer_has_few_functions(hurried, capsys, tmp_path):
    """What it has not is not measured."""
    pytest.importorskip("scipy")
    file = tmp_path / "grid.json"
    assert main(["bench", "--quick", "--peers", "scipy", "--only", "relu", "sigmoid", "--json", str(file)]) == 0
    assert [(c["name"], c["direction"]) for c in json.loads(file.read_text())["cells"]] == [("sigmoid", "forward")]


def test_the_floor(cell, haste):
    """A call and the longer of its bytes' way and its instructions, shared by the threads."""
    floor = grid.Floor(call=50, element=0.5, copy=200)
    assert floor.bound(cell("relu", 2, copy=190.0)) == 50
    assert floor.bound(cell("relu", 2, size=1016, copy=300.0)) == 550
    assert floor.bound(cell("relu", 2, size=1016, copy=900.0)) == 750
    assert floor.bound(cell("relu", 2, size=1016, copy=900.0, setting=Setting(threads=2))) == 400
    workspace = Workspace(2048, "float64", fastact.backends.current())
    found = grid.Floor.of(Case("sigmoid", Direction.FROM_OUTPUT), workspace, haste)
    assert found.call > 0
    assert found.element >= 0
    assert found.copy > 0
