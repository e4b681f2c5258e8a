"""`python -m fastact plot`: what it writes, and how it fails."""

import sys

import numpy as np
import pytest

import fastact
from fastact.__main__ import main
from fastact.tools.plot import command

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def no_floating_point_flags():
    """As everywhere, but matplotlib may do as it likes."""
    with np.errstate(all="ignore"):
        yield


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")


def fails(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(["plot", *arguments])
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("derivative", [[], ["--derivative"]])
@pytest.mark.parametrize("names", [["gelu"], ["gelu", "swish", "relu", "binary_step", "tanh", "elu", "softplus", "sigmoid"]])
@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_files(tmp_path, capsys, suffix, start, names, derivative):
    file = tmp_path / f"picture.{suffix}"
    assert main(["plot", *names, *derivative, "-o", str(file)]) == 0
    assert file.read_bytes().startswith(start)
    assert str(file) in capsys.readouterr().out


def test_without_a_display_a_file_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["plot", "gelu", "swish", "--range", "-2", "3"]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["fastact-gelu-silu.png"]
    assert "fastact-gelu-silu.png, because there is no display" in capsys.readouterr().out


def test_a_window_where_there_is_a_display(monkeypatch, tmp_path):
    import matplotlib.pyplot

    shown = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(matplotlib.pyplot, "show", lambda: shown.append(True))
    monkeypatch.setattr(command, "_window", lambda size: Figure(**size))
    assert main(["plot", "gelu"]) == 0
    assert shown
    assert not list(tmp_path.iterdir())


def test_unknown_names(capsys):
    message = fails(capsys, "gelu", "sigmod")
    assert "there is no elementwise activation 'sigmod'; did you mean 'sigmoid'?" in message
    message = fails(capsys)
    for name in fastact.activations:
        assert name in message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gelu", "--range", "1", "1"], "not the ends of a finite range"),
        (["gelu", "--range", "0", "inf"], "not the ends of a finite range"),
        (["gelu", "--range", "0", "x"], "'x'"),
        (["gelu", "-o", "picture.gelu"], "'.gelu' is none of the formats that matplotlib writes: "),
        (["gelu", "-o", "no/such/directory/picture.png"], "argument -o: "),
        (["gelu", "--gallery", "docs"], "takes neither names nor -o"),
    ],
)
def test_wrong_options(capsys, arguments, said):
    assert said in fails(capsys, *arguments)


def test_without_matplotlib(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", "gelu"]) != 0
    assert "pip install '.[plot]'" in capsys.readouterr().err
