"""`python -m fastact verify`: what it measures, and what it says."""

import dataclasses
import json

import pytest
from processes import python

import fastact
from fastact.__main__ import main
from fastact.tools.directions import Direction
from fastact.tools.verify import parameters, workers
from fastact.tools.verify.dtypes import DTYPES, supported
from fastact.tools.verify.results import figure, from_json


@pytest.fixture
def shown(capsys):
    """Runs the command and gives its exit status and what it printed."""

    def run(*arguments):
        status = main(["verify", *arguments])
        return status, capsys.readouterr().out

    return run


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_command(shown, tmp_path, jobs):
    file = tmp_path / "results.json"
    dtypes = [dtype for dtype in DTYPES if supported(dtype) and dtype != "float32"]
    status, text = shown("relu", "swish", "--dtype", *dtypes, "--jobs", jobs, "--json", str(file))
    assert status == 0
    assert "Every bound is kept" in text
    found = json.loads(file.read_text())
    assert found["passed"]
    assert found["disagreements"] == []
    assert found["configuration"]["backend"] == fastact.backend()
    results = [from_json(result) for result in found["results"]]
    assert {(r.name, r.dtype, r.contestant) for r in results} == {
        (name, dtype, backend) for name in ("relu", "silu") for dtype in dtypes for backend in fastact.backends.available()
    }
    assert all(r.error == 0 and r.at is None for r in results if r.name == "relu")
    assert {r.direction for r in results if r.name == "relu"} == set(Direction)
    assert all(0.3 < r.error <= 4 and r.at is not None for r in results if r.name == "silu")
    assert {r.inputs for r in results if r.dtype == "float16"} == {2 * 0x7C00}


def test_float32(shown):
    status, text = shown("relu", "--dtype", "float32", "--backend", fastact.backend(), "--jobs", "1")
    assert status == 0
    assert "7,995,340 float32 numbers" in text


def test_a_broken_bound(shown, monkeypatch, tmp_path):
    file = tmp_path / "results.json"
    monkeypatch.setattr(fastact.tanh, "info", dataclasses.replace(fastact.tanh.info, ulp=0.1))
    status, text = shown("tanh", "--dtype", "float64", "--backend", fastact.backend(), "--jobs", "1", "--json", str(file))
    assert status == 1
    forward = next(r for r in map(from_json, json.loads(file.read_text())["results"]) if r.direction == "forward")
    assert not forward.passed
    said = f"BROKEN: tanh forward, float64, {fastact.backend()}: {figure(forward.error)} ULP at {forward.at!r}"
    assert said in text
    assert "where 0.1 are declared" in text


def test_parameters(shown, monkeypatch):
    monkeypatch.setattr(parameters, "SETS", 4)
    status, text = shown("silu", "relu", "elu", "--parameters", "--dtype", "float32", "float16", "--jobs", "1")
    assert status == 0, text
    assert "Every bound is kept" in text
    assert "beta=" in text
    assert "relu float" not in " ".join(text.split())
    status, text = shown("relu", "--parameters")
    assert status == 0
    assert "None of these functions has parameters" in text


def test_parameters_that_break_a_bound(shown, monkeypatch):
    monkeypatch.setattr(parameters, "SETS", 4)
    monkeypatch.setattr(parameters, "ALLOWANCE", -1.9)
    status, text = shown("silu", "--parameters", "--dtype", "float64", "--backend", fastact.backend(), "--jobs", "1")
    assert status == 1
    assert "BROKEN: silu(" in text
    assert "where 0.1 are declared" in text


def test_wrong_command_lines(capsys):
    for arguments, said in [
        (["tahn"], "did you mean 'tanh'"),
        (["tanh", "--backend", "sse9"], "there is no backend 'sse9'"),
        (["tanh", "--dtype", "int8"], "int8"),
        (["elu", "--parameters", "--exhaustive"], "--parameters"),
        (["tanh", "--json", "no/such/directory/results.json"], "there is no directory"),
    ]:
        with pytest.raises(SystemExit) as caught:
            main(["verify", *arguments])
        assert caught.value.code == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["rich", "mpmath", "scipy"])
def test_a_missing_extra(missing):
    """In its own process: modules loaded a second time would outlive the test."""
    command = ["verify", "relu", "--dtype", "float16", "--jobs", "1"]
    code = f"import sys; sys.modules[{missing!r}] = None; from fastact.__main__ import main; sys.exit(main({command}))"
    result = python("-c", code)
    assert result.returncode == 2
    assert f"needs {missing}" in result.stderr
    assert "pip install '.[verify]'" in result.stderr
    assert result.stderr.count("\n") == 1


def test_interrupted(shown, monkeypatch):
    """What is complete is shown."""
    original = workers.measure

    def interrupted(work, jobs):
        yield from original([task for task in work if task.name == "relu"], jobs)
        raise KeyboardInterrupt

    monkeypatch.setattr(workers, "measure", interrupted)
    status, text = shown("relu", "tanh", "--dtype", "float16", "--jobs", "1")
    assert status == 130
    assert "relu" in text
    assert "tanh" not in text
