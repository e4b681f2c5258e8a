"""Pictures of the functions: what is drawn, what is written, and how the command fails."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import fastact
from fastact.__main__ import main

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from fastact.tools import plot

GALLERY = Path(__file__).parents[2] / "docs" / "gallery.md"


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


def panels(*names, **options):
    figure = Figure()
    plot.draw(figure, [fastact.get(name) for name in names], **options)
    return figure.axes


def line(axes, label):
    return next(found for found in axes.lines if found.get_label() == label)


def test_what_is_drawn():
    value, slope = panels("sigmoid", "tanh", "relu", derivative=True, ends=(-3, 4))
    assert len({line(value, name).get_color() for name in ("sigmoid", "tanh", "relu")}) == 3
    for name in ("sigmoid", "tanh"):
        x, y = line(value, name).get_data()
        assert (x[0], x[-1]) == (-3, 4)
        np.testing.assert_array_equal(y, fastact.get(name)(x))
        x, y = line(slope, name).get_data()
        np.testing.assert_array_equal(y, fastact.get(name).value_and_grad(x)[1])
        assert line(value, name).get_color() == line(slope, name).get_color()
    assert [text.get_text() for text in slope.get_legend().get_texts()] == ["sigmoid", "tanh", "relu"]
    assert (value.get_xlabel(), value.get_ylabel(), slope.get_ylabel()) == ("x", "f(x)", "f'(x)")
    dashed = {found.get_ydata()[0] for found in value.lines if found.get_linestyle() == "--" and len(found.get_ydata())}
    assert dashed == {-1, 0, 1}
    (axes,) = panels("gelu")
    assert axes.get_title() == "gelu: f(x) = x * Phi(x)"


def test_a_jump_is_not_drawn():
    (axes,) = panels("binary_step")
    x, y = line(axes, "binary_step").get_data()
    assert np.all(np.diff(x) >= 0)
    low, high = np.flatnonzero(y == 0)[-1], np.flatnonzero(y == 1)[0]
    assert high == low + 2
    assert np.isnan(y[low + 1])
    assert -1e-15 < x[low] < x[high] == 0
    value, slope = plot.curves(fastact.binary_step, -5, 5)
    assert value.dots == [(0, 1)]
    assert value.rings == [(0, 0)]
    assert slope.dots == slope.rings == []


def test_kinks_are_marked():
    value, slope = plot.curves(fastact.relu6, -5.1, 8)
    assert value.dots == [(0, 0), (6, 6)]
    assert not np.isnan(value.y).any()
    assert 6 in value.x[value.y == 6]
    assert np.isnan(slope.y).sum() == 2
    assert slope.dots == [(0, 0), (6, 0)]
    assert slope.rings == [(0, 1), (6, 1)]


def test_smooth_functions_have_neither(name):
    value, slope = plot.curves(fastact.get(name), -5, 5)
    if fastact.get(name).info.smooth:
        assert value.dots == value.rings == slope.dots == slope.rings == []
        assert not np.isnan(value.y).any()
    else:
        assert value.dots


def test_jumps_are_found_between_points_and_on_them():
    def jumps(x):
        return np.where(x == 2, 5.0, np.where(x > 1 / 3, 2.0, 0.0))

    for grid in (np.linspace(-4, 4, 9), np.append(np.linspace(-4, 1, 7), 2)):
        third, two = plot.find_jumps(jumps, grid)
        assert third.point == pytest.approx(1 / 3, abs=1e-15)
        assert third.high - third.low == np.spacing(third.low)
        assert (two.point, two.low < 2) == (2, True)
    assert plot.find_jumps(jumps, np.linspace(-4, 4, 9))[1].high > 2
    assert plot.find_jumps(np.abs, grid) == plot.find_jumps(np.exp, grid) == []
    assert [jump.point for jump in plot.find_jumps(np.sign, np.linspace(-4, 5, 8))] == [0]


def test_what_grows_fast_does_not_flatten_the_rest():
    (axes,) = panels("relu_squared", "sigmoid", ends=(-5, 5))
    low, high = axes.get_ylim()
    assert -1 < low < 0
    assert 5 <= high < 7
    (axes,) = panels("relu_squared", ends=(100, 101))
    assert axes.get_ylim()[1] > 101**2


def test_a_window_where_there_is_a_display(monkeypatch, tmp_path):
    import matplotlib.pyplot

    shown = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(matplotlib.pyplot, "show", lambda: shown.append(True))
    monkeypatch.setattr(plot, "_window", lambda size: Figure(**size))
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
    assert "pip install 'fastact[plot]'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    directory = tmp_path_factory.mktemp("gallery") / "docs"
    with np.errstate(all="ignore"):
        assert main(["plot", "--gallery", str(directory)]) == 0
    return directory


def test_the_gallery_shows_every_activation(gallery):
    text = (gallery / "gallery.md").read_text("utf-8")
    assert "python -m fastact plot --gallery" in text.partition("## ")[0]
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Contents", *fastact.activations]
    assert {file.stem for file in (gallery / "gallery").iterdir()} == set(fastact.activations)
    for name, f in fastact.activations.items():
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for said in (f"(gallery/{name}.svg)", f"`{f.info.formula}`", f"`{f.info.derivative}`", *f.params):
            assert said in section
        assert f"[{name}](#{name})" in text
        for other in plot.aliases(f):
            assert f"`{other}`" in section
            assert fastact.get(other) is f
    assert plot.aliases(fastact.silu) == ["swish"]
    assert max(map(len, text.replace(" ", "\n").splitlines())) < 130


def test_the_gallery_is_reproducible(gallery, tmp_path):
    plot.write_gallery(tmp_path)
    for file in gallery.rglob("*.*"):
        assert file.read_bytes() == (tmp_path / file.relative_to(gallery)).read_bytes()


def test_the_pictures_are_small_and_whole(gallery):
    for file in (gallery / "gallery").iterdir():
        assert file.stat().st_size < 15_000
        drawing = ElementTree.parse(file)
        assert {"f(x)", "f'(x)"} <= {element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.skipif(not GALLERY.exists(), reason="no gallery in the source tree")
def test_the_gallery_in_the_source_tree_is_up_to_date():
    assert GALLERY.read_text("utf-8") == plot.page(), "python -m fastact plot --gallery docs"
