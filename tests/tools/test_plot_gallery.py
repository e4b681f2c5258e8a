"""The gallery shows every activation, and is the same wherever it is made."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import fastact
from fastact.__main__ import main
from fastact.tools.plot import gallery as gallery_page

pytest.importorskip("matplotlib")

GALLERY = Path(__file__).parents[2] / "docs" / "gallery.md"


@pytest.fixture(autouse=True)
def no_floating_point_flags():
    """As everywhere, but matplotlib may do as it likes."""
    with np.errstate(all="ignore"):
        yield


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
        for other in fastact.functions.entries[name].aliases:
            assert f"`{other}`" in section
            assert fastact.get(other) is f
    assert fastact.functions.entries["silu"].aliases == ("swish",)
    assert max(map(len, text.replace(" ", "\n").splitlines())) < 130


def test_the_gallery_is_reproducible(gallery, tmp_path):
    gallery_page.write_gallery(tmp_path)
    for file in gallery.rglob("*.*"):
        assert file.read_bytes() == (tmp_path / file.relative_to(gallery)).read_bytes()


def test_the_pictures_are_small_and_whole(gallery):
    for file in (gallery / "gallery").iterdir():
        assert file.stat().st_size < 15_000
        drawing = ElementTree.parse(file)
        assert {"f(x)", "f'(x)"} <= {element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.skipif(not GALLERY.exists(), reason="no gallery in the source tree")
def test_the_gallery_in_the_source_tree_is_up_to_date():
    assert GALLERY.read_text("utf-8") == gallery_page.page(), "python -m fastact plot --gallery docs"
