"""The command line: what it says, and how it fails."""

import sys

import pytest
from processes import python

import fastact
from fastact.__main__ import main


def fails(capsys, *arguments):
    """What a wrong command line says; its exit status is 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("info",)])
def test_info(capsys, arguments):
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert fastact.__version__ in text
    assert fastact.backend() in text
    for name, reason in fastact.backends.obstacles().items():
        assert name in text
        assert reason in text
    assert "threads" in text
    assert f"{len(fastact.functions.records)}, of which {len(fastact.activations)} are" in text
    for name in fastact.functions.records.keys() - fastact.functions.entries.keys():
        assert name in text
    assert "python -m fastact bench --quick" in text
    assert "python -m fastact bench --fused" in text
    assert "python -m fastact bench --peers" in text


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"fastact {fastact.__version__}\n"
    assert "unrecognized arguments: --versoin" in fails(capsys, "--versoin")


def test_info_needs_numpy_only(tmp_path):
    code = (
        "import runpy, sys\n"
        "for name in ('rich', 'scipy', 'torch', 'jax', 'numexpr', 'Cython'): sys.modules[name] = None\n"
        "sys.argv = ['fastact']\n"
        "runpy.run_module('fastact', run_name='__main__', alter_sys=True)\n"
    )
    result = python("-W", "error", "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "backend" in result.stdout


def test_without_docstrings(tmp_path):
    """python -OO strips them."""
    code = (
        "import fastact as f, numpy as np; print(f.relu(-1.0), f.softmax([7.0]), f.swiglu(0.0, 1.0), f.cross_entropy([7.0], 0))"
    )
    result = python("-OO", "-W", "error", "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["0.0", "[1.]", "0.0", "0.0"]


def test_as_a_module(tmp_path):
    result = python("-W", "error", "-m", "fastact", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert fastact.__version__ in result.stdout
    result = python("-m", "fastact", "benhc", cwd=tmp_path)
    assert result.returncode == 2
    assert "benhc" in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_activation(capsys):
    message = fails(capsys, "bench", "--only", "relu", "sigmod")
    assert "'sigmod'" in message
    assert "did you mean 'sigmoid'" in message
    for name in (*fastact.activations, "softmax"):
        assert name in message


@pytest.mark.parametrize("command", ["plot", "verify"])
@pytest.mark.parametrize("name", ["softmax", "swiglu", "cross_entropy"])
def test_commands_for_elementwise_activations_only(capsys, command, name):
    message = fails(capsys, command, "gelu", name)
    assert f"'{name}' is not elementwise; the elementwise activations are identity, " in message
    assert "swiglu," not in message


def test_unknown_activation_like_no_other(capsys):
    message = fails(capsys, "bench", "--only", "xyzzy")
    assert message.count(" gelu,") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("benhc",), "benhc"),
        (("bench", "--sizes", "0"), "'0' is not a number of elements"),
        (("bench", "--sizes", "many"), "'many' is not a number of elements"),
        (("bench", "--dtype", "int8"), "int8"),
        (("bench", "--backend", "sse9"), "possible here: "),
        (("bench", "--json", "no/such/directory/results.json"), "there is no directory"),
        (("bench", "--fast"), "--fast"),
    ],
)
def test_wrong_options(capsys, arguments, said):
    assert said in fails(capsys, *arguments)


def test_without_rich(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert main(["bench", "--quick"]) == 2
    assert "pip install '.[bench]'" in capsys.readouterr().err


def test_interrupted(capsys, monkeypatch):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastact.tools.bench.command.run", interrupt)
    assert main(["bench"]) == 130
    assert "interrupted" in capsys.readouterr().err
