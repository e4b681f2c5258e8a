"""The commands on activations of a user's own module."""

import dataclasses
import json

import pytest

import fastact
from fastact import api
from fastact.__main__ import main
from fastact.tools.verify import own

MODULE = """\
import fastact

serf = fastact.define("x * erf(log1p(exp(x)))", name="serf")
aria = fastact.define("x * (1 + exp(-beta * x)) ** -alpha", name="aria", parameters={"alpha": 1.5, "beta": 2.0})
known = fastact.relu
other = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module with some."""
    (tmp_path / "my_own_activations.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(own, "INPUTS", 12)
    return "my_own_activations"


def test_verify(module, capsys):
    assert main(["verify", f"{module}:serf", f"{module}:aria", "--dtype", "float32", "float64", "float16"]) == 0
    text = capsys.readouterr().out
    assert "Every bound is kept" in text
    assert f"{module}:aria" in text
    assert "/ 8" in text


def test_a_broken_bound(module, capsys, monkeypatch):
    serf = api.get_activation(f"{module}:serf")
    monkeypatch.setattr(serf, "info", dataclasses.replace(serf.info, ulp=0.01))
    assert main(["verify", f"{module}:serf", "--dtype", "float32", "--backend", fastact.backend()]) == 1
    assert f"BROKEN: {module}:serf forward, float32" in capsys.readouterr().out.replace("\n", " ")


def test_a_wrong_kernel_is_found(module, monkeypatch):
    """What is measured is the activation, not the reference itself."""
    serf = api.get_activation(f"{module}:serf")
    wrong = fastact.define("x * erf(log1p(exp(x))) + 1e-5 * x", name="serf")
    found = [result.error for result in own.measure(f"{module}:serf", "float32", [fastact.backend()])]
    assert max(found) < 8
    backend = fastact.backends.load(fastact.backend())
    monkeypatch.setattr(type(backend), "bind", lambda self, function: wrong)
    assert serf is not wrong
    assert min(result.error for result in own.measure(f"{module}:serf", "float32", [fastact.backend()])) > 8


def test_it_is_measured_alone(module, capsys):
    with pytest.raises(SystemExit):
        main(["verify", f"{module}:serf", "relu"])
    assert "measured alone" in capsys.readouterr().err


def test_plot(module, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    file = tmp_path / "own.png"
    assert main(["plot", f"{module}:serf", "relu", "--derivative", "-o", str(file)]) == 0
    assert file.stat().st_size > 1000


def test_bench(module, hurried, capsys, tmp_path):
    file = tmp_path / "results.json"
    options = [
        "--only",
        f"{module}:serf",
        f"{module}:aria",
        "relu",
        f"{module}:known",
        "--sizes",
        "16",
        "100",
        "--json",
        str(file),
    ]
    assert main(["bench", *options]) == 0
    results = json.loads(file.read_text())
    found = {(cell["name"], cell["direction"]) for cell in results["cells"]}
    names = f"{module}:serf", f"{module}:aria", "relu"
    assert found == {(name, direction) for name in names for direction in ("forward", "backward")}
    checked = {check["name"]: check for check in results["equivalence"]}
    assert set(checked) == set(names)
    assert 0 < checked[f"{module}:serf"]["error"] < checked[f"{module}:serf"]["bound"] == 8
    assert "NumPy takes" in capsys.readouterr().out


def test_bench_of_what_is_registered(module, hurried, capsys, monkeypatch):
    monkeypatch.setattr(api, "_registered", {})
    fastact.register(api.get_activation(f"{module}:serf"))
    assert main(["bench", "--only", "serf", "--sizes", "16", "--dtype", "float64", "--backend", "numpy"]) == 0
    assert "serf" in capsys.readouterr().out


def test_a_broken_bound_in_bench(module, hurried, capsys, monkeypatch):
    serf = api.get_activation(f"{module}:serf")
    monkeypatch.setattr(serf, "info", dataclasses.replace(serf.info, ulp=0.01))
    assert main(["bench", "--only", f"{module}:serf", "--sizes", "16"]) == 1
    assert f"NOT EQUIVALENT: {module}:serf forward" in capsys.readouterr().out.replace("\n", " ")


def test_bench_against_peers(module, hurried, capsys):
    assert main(["bench", "--peers", "numpy", "--only", f"{module}:serf", "--sizes", "16"]) == 0
    assert f"{module}:serf" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:f", "No module named"),
        ("my_own_activations:g", "no attribute 'g'"),
        ("my_own_activations:other", "no elementwise activation, but int"),
        (":f", "Empty module name"),
    ],
)
def test_names_that_lead_nowhere(module, capsys, name, said):
    for command in (["plot"], ["verify"], ["bench", "--only"]):
        with pytest.raises(SystemExit):
            main([*command, name])
        assert said in capsys.readouterr().err


def test_one_of_the_catalogue_by_its_module(module):
    assert api.get_activation(f"{module}:known") is fastact.relu
