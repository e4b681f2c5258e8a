"""The benchmark measures everything, the right thing, and tells what it loses. No time is tested here."""

import gc
import itertools
import json
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import fastact
from fastact.__main__ import main
from fastact.tools import peers
from fastact.tools.bench import cases as bench
from fastact.tools.bench import grid as bench_grid
from fastact.tools.bench import report as bench_report
from fastact.tools.bench.fused import FUSED

pytest.importorskip("rich")

HASTE = bench.Pace(cell=1e-4, repetition=1e-6, most=3)


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(bench, "QUICK", (HASTE, 1, (16, 100)))
    monkeypatch.setattr(bench, "DEFAULT", (HASTE, 1, (16,)))
    monkeypatch.setattr(bench, "FUSED_PACES", (HASTE, HASTE))
    monkeypatch.setattr(bench_grid, "GRID", (HASTE, 1, (16, 100)))
    monkeypatch.setattr(bench_grid, "GRID_QUICK", (HASTE, 1, (16,)))


def cell(name, ratio, direction="forward", size=16, **others):
    """A cell that fastact needs 100 ns for, and NumPy `ratio` times as long."""
    return bench.Cell(name, direction, size, {"fastact": 100.0, "numpy": 100.0 * ratio}, 1.0, **others)


def test_every_function_is_a_case():
    found = {(case.name, case.direction) for case in bench.cases()}
    assert found == set(itertools.product([*fastact.activations, *FUSED], ["forward", "backward"]))
    assert [case.name for case in bench.cases(["swish", "silu"])] == ["silu", "silu"]
    from_output = {case.name for case in bench.cases(from_output=True) if case.direction == "backward from y"}
    assert from_output == {name for name in fastact.activations if fastact.get(name)._entry.derivative_from_output}
    families = {fused.function for fused in FUSED.values()}
    assert families == {"relu", "gelu", *(fastact.functions.records.keys() - fastact.functions.entries.keys())}


def test_shapes():
    assert bench.Case("relu", "forward").shape(1000) == (1000,)
    assert bench.Case("softmax", "forward").shape(1000) == (3, 256)
    assert bench.Case("softmax", "forward").shape(16) == (1, 16)
    assert bench.Case("softmax", "forward", row=10).shape(1000) == (100, 10)
    assert bench.Case("relu+bias", "forward").shape(1 << 20) == (256, 4096)
    assert bench.Case("softmax-axis0", "forward").shape(1 << 16) == (256, 256)
    found = bench.cases(["softmax", "relu"], rows=[64, 10, 64])
    assert [(case.title, case.direction) for case in found] == [
        *(("softmax, rows of 10", direction) for direction in bench.DIRECTIONS),
        *(("softmax, rows of 64", direction) for direction in bench.DIRECTIONS),
        *(("relu", direction) for direction in bench.DIRECTIONS),
    ]
    workspace = bench.Workspace(1000, "float32", fastact.backends.current())
    operands = workspace.operands(bench.Case("sigmoid", "backward from y"), 999)
    assert [a.ctypes.data % 64 for a in (operands.x, operands.dy, operands.y, operands.out)] == [0] * 4
    np.testing.assert_array_equal(operands.y, fastact.sigmoid(operands.x))
    assert bench.Case("swiglu", "backward").arrays == 5  # dy, gate, value; dgate, dvalue
    assert bench.Case("logsumexp", "forward").arrays == 1
    assert bench.Case("sigmoid", "backward from y").arrays == 3


def test_layers():
    found = {(case.name, case.direction, case.shape(size)) for case, size in bench.layers()}
    both = set(itertools.product(["relu+bias", "gelu+bias", "swiglu"], bench.DIRECTIONS, [(512, 4096)]))
    rows = {case for case in found if case[0] == "softmax"}
    assert {shape[1] for _, _, shape in rows} == {10, 64, 1000, 32_000, 1_000_000}
    assert all(direction == "forward" and 1_000_000 <= math.prod(shape) <= 1 << 20 for _, direction, shape in rows)
    assert found - rows - both == {
        ("softmax-axis0", "forward", (1000, 1000)),
        ("cross_entropy", "backward", (4096, 1000)),
        ("cross_entropy", "backward", (256, 50_000)),
    }
    assert both < found


def test_the_command(hurried, capsys, tmp_path):
    file = tmp_path / "results.json"
    main(["bench", "--quick", "--json", str(file)])
    text = capsys.readouterr().out
    results = json.loads(file.read_text())
    measured = {(c["name"], c["direction"], c["elements"]) for c in results["cells"]}
    assert measured == {(case.name, case.direction, n) for case in bench.cases() for n in (16, 100)}
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


@pytest.mark.parametrize("with_torch", [False, True])
def test_fused(hurried, monkeypatch, capsys, tmp_path, with_torch):
    installed = peers.installed("torch")
    if with_torch and not installed:
        pytest.skip("torch is not installed")
    monkeypatch.setattr(peers, "installed", lambda name: name != "torch" or (installed and with_torch))
    small = tuple((name, directions, min(rows, 8), min(row, 70)) for name, directions, rows, row in bench.LAYERS)
    monkeypatch.setattr(bench, "LAYERS", small)
    file = tmp_path / "results.json"
    assert main(["bench", "--fused", "--json", str(file)]) == 0
    text, results = capsys.readouterr().out, json.loads(file.read_text())
    assert [(c["name"], c["direction"]) for c in results["cells"]] == [(case.name, case.direction) for case, _ in bench.layers()]
    assert {c["name"] for c in results["equivalence"]} == {name for name, *_ in small}
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


def test_the_grid(hurried, capsys, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("NUMEXPR_OF_THIS_TEST", "7")
    files = [tmp_path / name for name in ("grid.json", "grid.svg", "grid.md")]
    names = ["sigmoid", "sparsemax", "cross_entropy"]
    threads = [1, 2] if fastact.runtime.threads.team else [1]
    options = ["--dtype", "float32", "float64", "--threads", *map(str, threads), "--fresh", "too", "--peers"]
    outputs = ["--json", str(files[0]), "--heatmap", str(files[1]), "--report", str(files[2])]
    assert main(["bench", "--only", *names, *outputs, *options]) == 0
    text, results = capsys.readouterr().out, json.loads(files[0].read_text())
    settings = [bench.Setting(**setting) for setting in results["settings"]["settings"]]
    assert set(settings) == {bench.Setting(*s) for s in itertools.product(["float32", "float64"], [False, True], threads)}
    measured = [(c["name"], c["direction"], c["elements"], bench.Setting(**c["setting"])) for c in results["cells"]]
    wanted = itertools.product(bench.cases(names, from_output=True), (16, 100), settings)
    assert set(measured) == {(*case.key, size, setting) for case, size, setting in wanted}
    assert len(measured) == len(set(measured)) == 7 * 2 * len(settings)
    rivals = [peer for peer in ("numpy", "torch", "jax", "scipy", "numexpr") if peers.installed(peer)]
    assert results["settings"]["peers"] == rivals
    assert {peer for c in results["cells"] for peer in c["ratios"]} == set(rivals)
    for c in results["cells"]:
        assert "numpy" in c["ratios"]
        assert ("jax" in c["ratios"]) <= (c["setting"]["dtype"] == "float32" and c["setting"]["threads"] == 1)
        for peer, ratio in c["ratios"].items():
            assert ratio == pytest.approx(c["times"][peer] / c["times"]["fastact"])
        assert c["copy"] > 0
        assert c["floor"] > 0
    page, picture = files[2].read_text(), files[1].read_text()
    for setting in settings:
        chosen = [c["ratios"]["numpy"] for c in results["cells"] if bench.Setting(**c["setting"]) == setting]
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
        *(("relu", direction) for direction in peers.DIRECTIONS),
        *(("softmax", direction) for direction in bench.DIRECTIONS),
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


def test_what_measurements_come_to():
    two = bench.Setting(threads=2)
    bound = {"copy": 50.0, "floor": 80.0}
    cells = [cell("relu", 2, **bound), cell("relu", 8, size=1000, **bound), cell("tanh", 0.5, "backward", size=999, **bound)]
    found = bench_report.means(cells, [16, 1000])
    rounded = {title: {key: tuple(round(v, 9) for v in pair) for key, pair in line.items()} for title, line in found.items()}
    assert rounded == {
        "all": {"NumPy": (2, 0.5), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "forward": {"NumPy": (4, 2), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "backward": {"NumPy": (0.5, 0.5), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "16": {"NumPy": (2, 2), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "1,000": {"NumPy": (2, 0.5), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
    }
    assert bench_report.gains(cells, [16, 1000]) == {}
    shared = [cell(c.name, 2, c.direction, c.elements, setting=two, **bound) for c in cells]
    for c, nanoseconds in zip(shared, (100.0, 50.0, 12.5), strict=True):
        c.times["fastact"] = nanoseconds
    assert bench_report.gains([*cells, *shared], [16, 1000]) == {str(two): {"16": (1, 1), "1,000": (4, 2)}}
    page = bench_report.page([*cells, *shared], [16, 1000], {"CPU": "abacus"}, "the command", 1e-3)
    for line in (
        "    the command",
        "- CPU: abacus",
        "| float32, out=, 2 threads | 1.00 (1.00) | 4.00 (2.00) |",
        "| all | 2.00 (0.50) | 2.00 (2.00) | 1.25 (1.25) |",
        "| backward | **0.50** (0.50) | 2.00 (2.00) | 1.25 (1.25) |",
        "| relu | 2.00 | 8.00 | 1.25 | 1.25 |",
        "| tanh |  | **0.50** |  | 1.25 |",
        "- tanh backward, 999 elements: NumPy 0.50",
    ):
        assert f"\n{line}\n" in page


def test_the_floor():
    """A call and the longer of its bytes' way and its instructions, shared by the threads."""
    floor = bench_grid.Floor(call=50, element=0.5, copy=200)
    assert floor.bound(cell("relu", 2, copy=190.0)) == 50
    assert floor.bound(cell("relu", 2, size=1016, copy=300.0)) == 550
    assert floor.bound(cell("relu", 2, size=1016, copy=900.0)) == 750
    assert floor.bound(cell("relu", 2, size=1016, copy=900.0, setting=bench.Setting(threads=2))) == 400
    workspace = bench.Workspace(2048, "float64", fastact.backends.current())
    found = bench_grid.Floor.of(bench.Case("sigmoid", "backward from y"), workspace, HASTE)
    assert found.call > 0
    assert found.element >= 0
    assert found.copy > 0


def test_without_matplotlib(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit):
        main(["bench", "--peers", "--heatmap", "map.png"])
    assert "pip install 'fastact[plot]'" in capsys.readouterr().err


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
        (["--json", "no/such/place.json"], "argument --json: there is no directory 'no/such'"),
        (["--threads", "0"], "'0' is not a number of threads"),
        (["--threads", str(10**6)], "argument --threads: 1000000 are not to be had, only"),
        (["--threads", "1", "two"], "'two' is not a number of threads"),
        (["--threads", "1", "2"], "several dtypes, numbers of threads or kinds of results, --heatmap and --report: only with"),
        (["--report", "page.md"], "only with --peers"),
        (["--peers", "tensorflow"], "there is no peer 'tensorflow'; known: numpy, torch, jax, scipy, numexpr"),
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


def test_lost_cells_are_named(hurried, capsys, monkeypatch):
    monkeypatch.setattr(bench, "time_cell", lambda case, *_: cell(case.name, 0.5 if case.name == "tanh" else 3, case.direction))
    main(["bench", "--only", "relu", "tanh"])
    text = capsys.readouterr().out
    assert "tanh forward, 16 elements: NumPy 0.50" in text
    assert "relu forward, 16 elements" not in text
    cells = [cell("relu", 2), cell("tanh", 0.99), cell("elu", 0.5, setting=bench.Setting("float64", True, 2))]
    assert bench.lost(cells) == [
        "elu forward, 16 elements, float64, fresh results, 2 threads: NumPy 0.50",
        "tanh forward, 16 elements: NumPy 0.99",
    ]
    assert bench.geometric_mean([cell("relu", 8), cell("tanh", 2)], "numpy") == pytest.approx(4)


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUSED)
def test_fused_functions_are_equivalent(backend, name, dtype):
    forward, backward = bench.check(name, backend, dtype)
    assert (forward.kind, backward.kind.partition(" ")[0]) == ("forward", "backward")
    assert forward.passed, forward
    assert backward.passed, backward


class Wrong:
    """A fused function, one of whose results is off in one direction."""

    def __init__(self, function, direction, result):
        self.function, self.direction, self.result = function, direction, result

    def _off(self, direction, values):
        if direction != self.direction:
            return values
        several = list(values) if isinstance(values, tuple) else [values]
        several[self.result] = several[self.result] * np.float32(1.00001)
        return tuple(several) if isinstance(values, tuple) else several[0]

    def __call__(self, *arguments, **keywords):
        return self._off("forward", self.function(*arguments, **keywords))

    def backward(self, *arguments, **keywords):
        return self._off("backward", self.function.backward(*arguments, **keywords))

    def value_and_grad(self, *arguments, **keywords):
        return self._off("backward", self.function.value_and_grad(*arguments, **keywords))


@pytest.mark.parametrize("direction", bench.DIRECTIONS)
@pytest.mark.parametrize("name", FUSED)
def test_a_wrong_fused_function_is_noticed(name, direction):
    backend, family = fastact.backends.current(), FUSED[name].function
    operands = bench.Workspace(999, "float32", backend).operands(bench.Case(name, direction), 999)
    for result in range(len(peers.find("fastact", name, direction, operands).results())):
        wrong = SimpleNamespace(**{family: Wrong(getattr(backend, family), direction, result)})
        passed = {c.kind.partition(" ")[0]: c.passed for c in bench.check(name, wrong)}
        assert passed == {"forward": direction != "forward", "backward": direction != "backward"}


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


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("peer", peers.PEERS)
def test_peers_compute_the_same(peer, fresh):
    if not peers.installed(peer):
        pytest.skip(f"{peer} is not installed")
    if peer == "jax" and fresh:
        pytest.skip("its results always are")
    workspace = bench.Workspace(999, "float32", fastact.backends.current(), fresh)
    with peers.threads(1, peer), np.errstate(all="ignore"):
        for case in bench.cases(rows=[37], from_output=True):
            operands = workspace.operands(case, 999)
            wanted = [result.copy() for result in peers.find("fastact", *case.key, operands).results()]
            found = peers.find(peer, *case.key, operands)
            if found is None:
                continue
            if not fresh:
                operands.out.fill(77)
                operands.tmp.fill(77)
            for result, want in zip(found.results(), wanted, strict=True):
                # near 0 the derivative of sinc is a difference of two numbers near 1, divided by x
                np.testing.assert_allclose(result, want, rtol=1e-4, atol=3e-5, err_msg=found.statement)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_keeps_the_dtype(monkeypatch, dtype, fresh):
    workspace = bench.Workspace(100, dtype, fastact.backends.current(), fresh)
    for tables in (False, True):  # without them the registry's formulas stand in
        for case in bench.cases(from_output=True):
            operands = workspace.operands(case, 100)
            with np.errstate(all="ignore"):
                wanted = [r.copy() for r in peers.find("fastact", *case.key, operands).results()]
                results = peers.find("numpy", *case.key, operands).results()
            for result, want in zip(results, wanted, strict=True):
                assert result.dtype == want.dtype == dtype
                np.testing.assert_allclose(result.astype(float), want.astype(float), rtol=1e-4, atol=3e-5)
        if not tables:
            monkeypatch.setattr(peers, "NUMPY", {name: fused.numpy for name, fused in FUSED.items()})
            monkeypatch.setattr(peers, "NUMPY_TUNED", {})
            monkeypatch.setattr(peers, "NUMPY_WITH_SCIPY", {})


def test_without_scipy(monkeypatch):
    operands = bench.Workspace(100, "float32", fastact.backends.current()).operands(bench.Case("geglu", "forward"), 100)
    wanted = peers.find("numpy", "geglu", "forward", operands).result().copy()
    monkeypatch.setattr(peers, "installed", lambda name: name in ("fastact", "numpy"))
    result = peers.find("numpy", "geglu", "forward", operands).result()
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, wanted, rtol=1e-4, atol=1e-6)


def test_fresh_results_are_new():
    workspace = bench.Workspace(100, "float32", fastact.backends.current(), fresh=True)
    for case in bench.cases(from_output=True):
        operands = workspace.operands(case, 100)
        for peer in filter(peers.installed, ("fastact", "numpy", "torch")):
            found = peers.find(peer, *case.key, operands)
            if found is None:
                continue
            with np.errstate(all="ignore"):
                first, second = found.results(), found.results()
            others = (*second, operands.x, operands.dy)
            assert not any(itertools.starmap(np.shares_memory, itertools.product(first, others))), found.statement


def test_a_peer_that_is_not_installed_is_absent(monkeypatch):
    monkeypatch.setattr(peers, "installed", lambda name: name in ("fastact", "numpy"))
    operands = bench.Workspace(16, "float32", fastact.backends.current()).operands(bench.Case("gelu", "forward"), 16)
    assert peers.find("torch", "gelu", "forward", operands) is None
    numpy = peers.find("numpy", "gelu", "forward", operands)
    assert numpy.statement.startswith("forward(x)")
    with peers.threads(1, "torch"):
        pass


@pytest.mark.parametrize("peer", ["fastact", "torch", "numexpr"])
def test_threads_are_restored(peer):
    module = pytest.importorskip(peer)
    before = module.get_num_threads()
    module.set_num_threads(2)
    try:
        with peers.threads(1, peer):
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
