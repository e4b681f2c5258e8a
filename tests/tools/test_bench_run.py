"""A run measures everything, the right thing, and tells what it loses. No time is tested here."""

import dataclasses
import io
import json
import math

import numpy as np
import pytest

import fastact
from fastact.__main__ import main
from fastact.tools.bench import cases, cells, check, tables
from fastact.tools.bench.cells import geometric_mean, lost
from fastact.tools.bench.check import Check
from fastact.tools.bench.fused import FUSED
from fastact.tools.bench.workspace import Setting
from fastact.tools.directions import BOTH, Direction
from fastact.tools.peers import packages

pytest.importorskip("rich")


def test_the_command(hurried, capsys, tmp_path):
    file = tmp_path / "results.json"
    main(["bench", "--quick", "--json", str(file)])
    text = capsys.readouterr().out
    results = json.loads(file.read_text())
    measured = {(c["name"], c["direction"], c["elements"]) for c in results["cells"]}
    assert measured == {(case.name, case.direction, n) for case in cases.cases() for n in (16, 100)}
    assert {c["name"] for c in results["equivalence"]} == {*fastact.activations, *FUSED}
    for name in (*fastact.activations, *FUSED):
        assert name in text
    assert sorted(results["lost"]) == sorted(
        f"{c['name']} {c['direction']}, {c['elements']:,} elements: NumPy {c['ratios']['numpy']:.2f}"
        for c in results["cells"]
        if c["ratios"]["numpy"] < 1
    )
    mean = math.exp(np.mean([math.log(c["ratios"]["numpy"]) for c in results["cells"]]))
    assert results["geometric_mean"] == {"numpy": pytest.approx(mean)}
    assert results["configuration"]["backend"] == fastact.backend()
    assert "geometric mean" in text
    assert "How this was measured" in text


@pytest.mark.parametrize("with_torch", [False, True])
def test_fused(hurried, monkeypatch, capsys, tmp_path, with_torch):
    if with_torch and not packages.installed("torch"):
        pytest.skip("torch is not installed")
    real = packages.installed
    monkeypatch.setattr(packages, "installed", lambda name: real(name) and (name != "torch" or with_torch))
    small = tuple(dataclasses.replace(layer, rows=min(layer.rows, 8), row=min(layer.row, 70)) for layer in cases.LAYERS)
    monkeypatch.setattr(cases, "LAYERS", small)
    file = tmp_path / "results.json"
    assert main(["bench", "--fused", "--json", str(file)]) == 0
    text, results = capsys.readouterr().out, json.loads(file.read_text())
    assert [(c["name"], c["direction"]) for c in results["cells"]] == [(case.name, case.direction) for case, _ in cases.layers()]
    assert {c["name"] for c in results["equivalence"]} == set(cases.layer_names())
    for c in results["cells"]:
        assert c["ratios"].keys() == {"numpy", "torch"} if with_torch else {"numpy"}
        assert c["ratios"]["numpy"] == pytest.approx(c["times"]["numpy"] / c["times"]["fastact"])
    assert "loss and gradient" in text
    assert "8 x 70" in text
    assert ("PyTorch 2" in text) == with_torch
    softmax = [c["ratios"]["numpy"] for c in results["cells"] if c["name"] == "softmax"]
    assert f"softmax along rows: NumPy {np.exp(np.mean(np.log(softmax))):.2f}" in text
    assert main(["bench", "--fused", "--quick", "--only", "swiglu", "--dtype", "float64", "--backend", "numpy"]) == 0
    assert "softmax" not in capsys.readouterr().out


def test_lost_cells_are_named(hurried, capsys, monkeypatch, cell):
    monkeypatch.setattr(cells, "time_cell", lambda case, *_: cell(case.name, 0.5 if case.name == "tanh" else 3, case.direction))
    main(["bench", "--only", "relu", "tanh"])
    text = capsys.readouterr().out
    assert "tanh forward, 16 elements: NumPy 0.50" in text
    assert "relu forward, 16 elements" not in text
    found = [cell("relu", 2), cell("tanh", 0.99), cell("elu", 0.5, setting=Setting("float64", True, 2))]
    assert lost(found) == [
        "elu forward, 16 elements, float64, fresh results, 2 threads: NumPy 0.50",
        "tanh forward, 16 elements: NumPy 0.99",
    ]
    assert geometric_mean([cell("relu", 8), cell("tanh", 2)], "numpy") == pytest.approx(4)


def test_a_broken_function_fails(hurried, capsys, monkeypatch):
    monkeypatch.setattr(check, "check", lambda name, *_: [Check(name, Direction.BACKWARD, math.inf, 4)])
    assert main(["bench", "--only", "relu"]) == 1
    assert "NOT EQUIVALENT: relu backward, inf ULP where 4 are allowed" in capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_can_be_read_at_any_width(cell, width):
    """With the longest name, and calls of a tenth of a second: nothing is cut off, and each ratio stands in its line."""
    rich_console = pytest.importorskip("rich.console")
    names, sizes = ("relu", "generalized_logistic"), (16, 16_777_216)
    made = []
    for name in names:
        for size in sizes:
            for direction in BOTH:
                one = cell(name, 3.0 if direction == BOTH[0] else 2.5, direction, size)
                made.append(dataclasses.replace(one, times={peer: 7.9 * size * ns / 100 for peer, ns in one.times.items()}))
    text = io.StringIO()
    rich_console.Console(file=text, width=width).print(tables.cells_table(made, width))
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    assert "…" not in text.getvalue()
    assert sum(any(line.split()[:1] == [name] for line in lines) for name in names) == 2
    assert [line.split().count("3.00") == line.split().count("2.50") == 1 for line in lines].count(True) == 4
    assert sum("132,540,006" in line for line in lines) == 2
    assert ("GB/s" in text.getvalue()) == (width == 200)
