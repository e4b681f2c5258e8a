"""`python -m fastact verify`: what it measures, and what it says."""

import dataclasses
import importlib.util
import json
import math
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import fastact
from fastact.__main__ import main
from fastact.tools import reference, verify

mp = reference.mp
BFLOAT16 = ml_dtypes.bfloat16
TINY = {np.float16: -24, BFLOAT16: -133, np.float32: -149, np.float64: -1074}
DIGITS = {np.float16: 10, BFLOAT16: 7, np.float32: 23, np.float64: 52}


def power(exponent):
    return mp.ldexp(1, exponent)


@pytest.mark.parametrize("dtype", DIGITS)
def test_errors_of_hand_made_cases(dtype):
    digits, tiny = DIGITS[dtype], TINY[dtype]
    overflow = reference.format_of(dtype).overflow
    least, largest = power(tiny), power(overflow) - power(overflow - digits - 1)
    cases = [
        (1, mp.mpf(1), 0),
        (1, 1 + power(-digits - 1), 0.5),
        (-1, -1 - power(-digits - 2), 0.25),
        (1, 1 - power(-digits - 2), 0.5),  # its unit is that below 1
        (3 * least, mp.mpf(2.25) * least, 0.75),
        (least, mp.mpf(0), 1),
        (0, least / 2, 0.5),
        (-least, least, 2),
        (largest, largest, 0),
        (math.inf, largest, 1),
        (-math.inf, -largest, 1),
        (math.inf, largest + power(overflow - digits - 3), 0.75),
        (largest, power(overflow), 1),
        (math.inf, power(3 * overflow), 0),
        (math.inf, -power(3 * overflow), power(digits + 2)),
        (math.nan, mp.mpf(1), math.inf),
        (math.nan, mp.nan, 0),
        (1, mp.nan, math.inf),
    ]
    computed = np.array([float(case[0]) for case in cases]).astype(dtype)
    wanted, errors = [case[1] for case in cases], [float(case[2]) for case in cases]
    np.testing.assert_array_equal(reference.ulp_errors(computed, wanted), errors)
    if dtype != np.float64:
        np.testing.assert_array_equal(reference.ulp_errors(computed, np.array(wanted, float)), errors)
    assert reference.ulp_errors(computed[:1], [1 + power(-digits)], [power(10)]) == 2.0**-10


@pytest.mark.parametrize("kind", ["smooth", "overflowing"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_meter_finds_the_largest_error(monkeypatch, dtype, kind):
    rng = np.random.default_rng(0)
    number = verify._type(dtype)
    x = np.abs(reference.stratified(number, 5000, rng)).astype(number)
    formula = "x / 3" if kind == "smooth" else "x * x"
    info = dataclasses.replace(fastact.relu.info, formula=formula, derivative="1 / (1 + x) + x")
    monkeypatch.setattr(fastact.relu, "info", info)
    y, d, _ = reference.wide("relu", x)
    with np.errstate(all="ignore"):
        computed = (y * (1 + rng.normal(size=x.size) * 2.0 ** -reference.format_of(number).digits)).astype(number)
        slope = d.astype(number)
    meter = verify.Meter("relu", dtype, [verify.Contestant("peer", lambda x: computed, lambda x: slope)])
    with np.errstate(all="ignore"):
        meter.measure(x)
    forward, backward = meter.results()
    errors = reference.ulp_errors(computed, y)
    assert forward == verify.Result("relu", dtype, "peer", "forward", errors.max(), float(x[errors.argmax()]), x.size)
    if dtype != "float32":
        assert 0.45 < backward.error <= 0.5
    assert backward.error <= 1
    computed[77] = np.nan
    with np.errstate(all="ignore"):
        meter.measure(x)
    assert (meter.results()[0].error, meter.results()[0].at, meter.results()[0].inputs) == (math.inf, float(x[77]), 2 * x.size)


def test_results_merge():
    a = verify.Result("relu", "float32", "avx2", "forward", 0.25, 1.0, 10)
    b = dataclasses.replace(a, error=0.75, at=-3.0, inputs=5)
    other = dataclasses.replace(a, dtype="float64")
    assert verify.merge([a, other, b]) == [dataclasses.replace(b, inputs=15), other]
    assert verify.from_json(json.loads(json.dumps(verify.as_json(b)))) == b
    worst = dataclasses.replace(b, error=math.inf)
    assert verify.from_json(json.loads(json.dumps(verify.as_json(worst), allow_nan=False))) == worst


@pytest.mark.parametrize("dtype", verify.DTYPES)
def test_tasks_cover_the_inputs(dtype):
    assert (
        sum(task.size for task in verify.tasks("relu", dtype, ["numpy"]))
        == {
            "float32": 7_995_340,
            "float64": verify.FLOAT64_POINTS,
            "float16": 2 * 0x7C00,
            "bfloat16": 2 * 0x7F80,
        }[dtype]
    )
    task = verify.tasks("relu", dtype, ["numpy"])[-1]
    chunks = list(task.inputs())
    assert sum(chunk.size for chunk in chunks) == task.size
    assert {chunk.dtype for chunk in chunks} == {np.dtype(verify._type(dtype))}
    assert all(np.isfinite(chunk.astype(np.float64)).all() for chunk in chunks)


def test_exhaustive_tasks_are_all_finite_numbers():
    tasks = sorted(verify.tasks("relu", "float32", ["numpy"], exhaustive=True), key=lambda task: task.start)
    assert sum(task.size for task in tasks) == 2 * 0x7F800000
    assert {task.step for task in tasks} == {1}
    ends = {task.stop for task in tasks} - {task.start for task in tasks}
    assert ends == {0x7F800000, 0xFF800000}
    few = next(dataclasses.replace(tasks[-1], stop=tasks[-1].start + 3).inputs())
    np.testing.assert_array_equal(few.view(np.uint32), tasks[-1].start + np.arange(3))


def test_peers_are_measured():
    for peer, title in verify.PEERS.items():
        contestant = verify.of_peer(peer, "tanh", "float32")
        other = verify.of_peer(peer, "log_sigmoid", "float32")  # whose gradient PyTorch computes from what forward has saved
        if contestant is None:
            assert peer == "torch"
            continue
        assert contestant.name == title
        for seed in range(2):  # the operands are kept
            x = np.random.default_rng(seed).uniform(-3, 3, 100).astype(np.float32)
            np.testing.assert_allclose(contestant.forward(x), np.tanh(x), rtol=1e-6)
            np.testing.assert_allclose(contestant.derivative(x), 1 - np.tanh(x) ** 2, atol=1e-6)
            np.testing.assert_allclose(other.derivative(x), 1 / (1 + np.exp(x)), rtol=1e-6)
    assert verify.of_peer("torch", "binary_step", "float32") is None


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
    dtypes = [dtype for dtype in verify.DTYPES if verify.supported(dtype) and dtype != "float32"]
    status, text = shown("relu", "swish", "--dtype", *dtypes, "--jobs", jobs, "--json", str(file))
    assert status == 0
    assert "Every bound is kept" in text
    found = json.loads(file.read_text())
    assert found["passed"]
    assert found["disagreements"] == []
    assert found["configuration"]["backend"] == fastact.backend()
    results = [verify.from_json(result) for result in found["results"]]
    assert {(r.name, r.dtype, r.contestant) for r in results} == {
        (name, dtype, backend) for name in ("relu", "silu") for dtype in dtypes for backend in fastact.backends.available()
    }
    assert all(r.error == 0 and r.at is None for r in results if r.name == "relu")
    assert {r.direction for r in results if r.name == "relu"} == set(verify.DIRECTIONS)
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
    forward = next(r for r in map(verify.from_json, json.loads(file.read_text())["results"]) if r.direction == "forward")
    assert not forward.passed
    said = f"BROKEN: tanh forward, float64, {fastact.backend()}: {verify.figure(forward.error)} ULP at {forward.at!r}"
    assert said in text
    assert "where 0.1 are declared" in text


def test_numbers_from_nan(shown, monkeypatch):
    original = verify.of_backend

    def of_backend(backend, name, dtype):
        contestant = original(backend, name, dtype)
        return contestant if backend == "numpy" else dataclasses.replace(contestant, forward=np.ones_like)

    monkeypatch.setattr(verify, "of_backend", of_backend)
    complaints = verify.disagreements("sigmoid", "float16", ["numpy", "other"][:1])
    assert complaints == []
    backend = fastact.backends.available()[0]
    if backend != "numpy":
        nan, infinite = verify.disagreements("sigmoid", "float16", [backend])
        assert "NaN gives a number (2046 of 2046 NaNs)" in nan
        assert "[1. 1.] at inf and -inf, where NumPy's formula gives [1. 0.]" in infinite


def test_wrong_command_lines(capsys):
    for arguments, said in [
        (["tahn"], "did you mean 'tanh'"),
        (["tanh", "--backend", "sse9"], "there is no backend 'sse9'"),
        (["tanh", "--dtype", "int8"], "int8"),
        (["tanh", "--json", "no/such/directory/results.json"], "there is no directory"),
    ]:
        with pytest.raises(SystemExit) as caught:
            main(["verify", *arguments])
        assert caught.value.code == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["rich", "mpmath", "scipy"])
def test_a_missing_extra(capsys, monkeypatch, missing):
    for module in [
        m for m in sys.modules if m.partition(".")[0] == missing or m in ("fastact.tools.verify", "fastact.tools.reference")
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    for module in (verify, reference):  # to be the package's again afterwards
        monkeypatch.setattr(fastact.tools, module.__name__.rpartition(".")[2], module)
    assert main(["verify", "relu", "--dtype", "float16", "--jobs", "1"]) == 2
    said = capsys.readouterr().err
    assert f"needs {missing}" in said
    assert "pip install 'fastact[verify]'" in said
    assert said.count("\n") == 1


def test_interrupted(shown, monkeypatch):
    """What is complete is shown."""
    original = verify.measure

    def interrupted(work, jobs):
        yield from original([task for task in work if task.name == "relu"], jobs)
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "measure", interrupted)
    status, text = shown("relu", "tanh", "--dtype", "float16", "--jobs", "1")
    assert status == 130
    assert "relu" in text
    assert "tanh" not in text


def test_the_page(tmp_path, monkeypatch):
    """docs/accuracy.py writes tables, and continues from its results."""
    path = Path(__file__).parents[2] / "docs" / "accuracy.py"
    accuracy = importlib.util.module_from_spec(importlib.util.spec_from_file_location("accuracy", path))
    accuracy.__spec__.loader.exec_module(accuracy)
    page, kept = tmp_path / "accuracy.md", tmp_path / "results.json"
    arguments = ["--dtype", "float16", "float64", "--results", str(kept), "--output", str(page), "--jobs", "1"]
    arguments += ["--backend", fastact.backend()]
    assert accuracy.main(["relu", "swish", *arguments]) == 0
    text = page.read_text()
    columns = f"| function | bound | fastact {fastact.backend()} |"
    assert text.count(columns) == 4
    assert text.count("| relu | 0.51 | 0 |") == 2
    assert text.count("| silu | ") == 4
    assert "## float64, derivative" in text
    assert "float32," not in text
    measured = []
    monkeypatch.setattr(verify, "measure", lambda work, jobs: measured.extend(work) or iter(()))
    assert accuracy.main(arguments) == 0
    assert page.read_text() == text
    assert {task.name for task in measured} == set(fastact.activations) - {"relu", "silu"}
    measured.clear()
    accuracy.main(["relu", *arguments])
    assert {(task.name, task.dtype) for task in measured} == {("relu", "float16"), ("relu", "float64")}


def test_figures():
    errors = [0, 0.5, 2.345, 12.3, 345.6, 1.69e7, 9.0e15, math.inf]
    assert [verify.figure(error) for error in errors] == ["0", "0.50", "2.35", "12", "346", "1.7e7", "9.0e15", "inf"]
