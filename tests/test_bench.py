"""The benchmark measures everything, the right thing, and tells what it loses. No time is tested here."""

import gc
import itertools
import json
import math

import numpy as np
import pytest

import fastact
from fastact import bench, peers
from fastact.__main__ import main

pytest.importorskip("rich")

HASTE = bench.Pace(cell=1e-4, repetition=1e-6, most=3)


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(bench, "QUICK", (HASTE, 1, (16, 100)))
    monkeypatch.setattr(bench, "DEFAULT", (HASTE, 1, (16,)))


def cell(name, ratio, direction="forward"):
    return bench.Cell(name, direction, 16, 100.0, 100.0 * ratio, 1.0)


def test_every_activation_is_a_case():
    found = {(case.name, case.direction) for case in bench.cases()}
    assert found == set(itertools.product([*fastact.activations, "softmax"], ["forward", "backward"]))
    assert [case.name for case in bench.cases(["swish", "silu"])] == ["silu", "silu"]


def test_the_command(hurried, capsys, tmp_path):
    file = tmp_path / "results.json"
    main(["bench", "--quick", "--json", str(file)])
    text = capsys.readouterr().out
    results = json.loads(file.read_text())
    measured = {(c["name"], c["direction"], c["elements"]) for c in results["cells"]}
    assert measured == {(case.name, case.direction, n) for case in bench.cases() for n in (16, 100)}
    assert {c["name"] for c in results["equivalence"]} == {*fastact.activations, "softmax"}
    for name in fastact.activations:
        assert name in text
    assert results["lost"] == [
        f"{c['name']} {c['direction']}, {c['elements']:,} elements: {c['ratio']:.2f}" for c in results["cells"] if c["ratio"] < 1
    ]
    assert math.isclose(results["geometric_mean"], math.exp(np.mean([math.log(c["ratio"]) for c in results["cells"]])))
    assert results["configuration"]["backend"] == fastact.backend()
    assert "geometric mean" in text
    assert "How this was measured" in text


@pytest.mark.parametrize(
    "options", [["--fresh"], ["--tuned"], ["--dtype", "float64"], ["--backend", "numpy"], ["--sizes", "1", "7"]]
)
def test_options(hurried, capsys, options):
    assert main(["bench", "--only", "relu", "sigmoid", "softmax", *options]) == 0
    assert "geometric mean" in capsys.readouterr().out


def test_lost_cells_are_named(hurried, capsys, monkeypatch):
    monkeypatch.setattr(bench, "time_cell", lambda case, *_: cell(case.name, 0.5 if case.name == "tanh" else 3, case.direction))
    main(["bench", "--only", "relu", "tanh"])
    text = capsys.readouterr().out
    assert "tanh forward, 16 elements: 0.50" in text
    assert "relu forward, 16 elements" not in text
    assert bench.lost([cell("relu", 2), cell("tanh", 0.99)]) == [cell("tanh", 0.99)]
    assert bench.geometric_mean([cell("relu", 8), cell("tanh", 2)]) == pytest.approx(4)


def test_a_broken_function_fails(hurried, capsys, monkeypatch):
    monkeypatch.setattr(bench, "check", lambda name, *_: [bench.Check(name, "backward", math.inf, 4)])
    assert main(["bench", "--only", "relu"]) == 1
    assert "NOT EQUIVALENT: relu backward, inf ULP where 4 are allowed" in capsys.readouterr().out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_numpy_backend_is_equivalent(name, dtype):
    found = bench.check(name, fastact.backends.load("numpy"), dtype)
    assert [c for c in found if not c.passed] == []
    assert ("backward from y" in {c.kind for c in found}) == (fastact.get(name)._entry.derivative_from_output is not None)


def test_a_wrong_function_is_noticed():
    class Wrong:
        @staticmethod
        def sigmoid(x):
            return fastact.sigmoid(x) * np.float32(1.000001)

    Wrong.sigmoid.backward = lambda dy, x=None, y=None: np.nan * dy
    forward, backward, from_output = bench.check("sigmoid", Wrong)
    assert not forward.passed
    assert 2 < forward.error < 20
    assert backward.error == from_output.error == math.inf


def test_ulps():
    one, inf, nan = (np.array([value], np.float32) for value in (1, np.inf, np.nan))
    unit = np.spacing(one).astype(np.float64)
    assert bench.ulps(one, one.astype(np.float64), unit) == 0
    assert bench.ulps(one + np.spacing(one), one.astype(np.float64), unit) == 1
    assert bench.ulps(nan, nan.astype(np.float64), unit) == 0
    assert bench.ulps(one, nan.astype(np.float64), unit) == math.inf
    assert bench.ulps(inf, np.array([1e39]), np.array([2.0**104])) == 0
    largest = np.array([np.finfo(np.float32).max])
    assert bench.ulps(inf, largest.astype(np.float64), np.array([2.0**104])) == 1


@pytest.mark.parametrize("direction", bench.DIRECTIONS)
@pytest.mark.parametrize("peer", peers.PEERS)
def test_peers_compute_the_same(peer, direction):
    if not peers.installed(peer):
        pytest.skip(f"{peer} is not installed")
    workspace = bench.Workspace(999, "float32", fastact.backends.current())
    with peers.one_thread(peer), np.errstate(all="ignore"):
        for case in bench.cases():
            operands = workspace.operands(case, 999)
            wanted = peers.find("fastact", case.name, direction, operands).result().copy()
            found = peers.find(peer, case.name, direction, operands)
            if found is None:
                continue
            operands.out.fill(77)
            # near 0 the derivative of sinc is a difference of two numbers near 1, divided by x
            np.testing.assert_allclose(found.result(), wanted, rtol=1e-4, atol=3e-5, err_msg=found.statement)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_keeps_the_dtype(monkeypatch, dtype, fresh):
    workspace = bench.Workspace(100, dtype, fastact.backends.current(), fresh)
    for tables in (False, True):  # without them the registry's formulas stand in
        for case in bench.cases():
            operands = workspace.operands(case, 100)
            with np.errstate(all="ignore"):
                wanted = peers.find("fastact", case.name, case.direction, operands).result().copy()
                result = peers.find("numpy", case.name, case.direction, operands).result()
            assert result.dtype == wanted.dtype == dtype
            np.testing.assert_allclose(result.astype(float), wanted.astype(float), rtol=1e-4, atol=3e-5)
        if not tables:
            monkeypatch.setattr(peers, "NUMPY", {"softmax": peers.NUMPY["softmax"]})
            monkeypatch.setattr(peers, "NUMPY_TUNED", {})
            monkeypatch.setattr(peers, "NUMPY_WITH_SCIPY", {})


def test_fresh_results_are_new():
    workspace = bench.Workspace(100, "float32", fastact.backends.current(), fresh=True)
    for case in bench.cases():
        operands = workspace.operands(case, 100)
        for peer in ("fastact", "numpy"):
            found = peers.find(peer, case.name, case.direction, operands)
            with np.errstate(all="ignore"):
                first, second = found.result(), found.result()
            assert not any(np.shares_memory(first, other) for other in (second, operands.x, operands.dy)), found.statement


def test_a_peer_that_is_not_installed_is_absent(monkeypatch):
    monkeypatch.setattr(peers, "installed", lambda name: name in ("fastact", "numpy"))
    operands = bench.Workspace(16, "float32", fastact.backends.current()).operands(bench.Case("gelu", "forward"), 16)
    assert peers.find("torch", "gelu", "forward", operands) is None
    numpy = peers.find("numpy", "gelu", "forward", operands)
    assert numpy.statement.startswith("forward(x)")
    with peers.one_thread("torch"):
        pass


@pytest.mark.parametrize("peer", ["torch", "numexpr"])
def test_threads_are_restored(peer):
    module = pytest.importorskip(peer)
    before = module.get_num_threads()
    module.set_num_threads(2)
    try:
        with peers.one_thread(peer):
            assert module.get_num_threads() == 1
        assert module.get_num_threads() == 2
    finally:
        module.set_num_threads(before)


def test_the_stopwatch_leaves_the_garbage_collector_on():
    slow = peers.Contestant("numpy", "sum(range(100))", {})
    fast = peers.Contestant("numpy", "sum(range(10))", {})
    assert gc.isenabled()
    seconds = bench.measure([slow, fast], HASTE)
    assert gc.isenabled()
    assert all(0 < s < 1 for s in seconds)
