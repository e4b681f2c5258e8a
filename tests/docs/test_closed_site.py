"""The check of the built site finds links that lead nowhere, and what a page would load from elsewhere."""

import importlib.util
from pathlib import Path

import pytest

EXTENSION = Path(__file__).parents[2] / "docs" / "_extensions" / "closed_site.py"

pytestmark = pytest.mark.skipif(not EXTENSION.exists(), reason="no docs in the source tree")


@pytest.fixture(scope="module")
def problems():
    spec = importlib.util.spec_from_file_location("closed_site", EXTENSION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problems


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="other.html#there">x</a>', None),
        ('<a href="#here">x</a>', None),
        ('<a href="https://arxiv.org/abs/1502.01852">a link away is none of ours</a>', None),
        ('<img src="data:image/png;base64,AAAA">', None),
        ('<a href="missing.html">x</a>', "missing.html is not there"),
        ('<a href="other.html#nowhere">x</a>', "other.html#nowhere: there is no such place"),
        ('<a href="#nowhere">x</a>', "#nowhere: there is no such place"),
        ('<img src="picture.png">', "picture.png is not there"),
        ('<script src="https://cdn.example/x.js"></script>', "loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//fonts.example/x.css">', "loads //fonts.example/x.css"),
    ],
)
def test_a_page(problems, tmp_path, html, found):
    (tmp_path / "page.html").write_text(f'<h1 id="here">x</h1>{html}')
    (tmp_path / "other.html").write_text('<h1 id="there">x</h1>')
    assert problems(tmp_path) == ([f"page.html: {found}"] if found else [])


@pytest.mark.parametrize("rule", ['@import "https://fonts.example/x.css";', "b { background: url(//cdn.example/x.png) }"])
def test_a_style_sheet(problems, tmp_path, rule):
    (tmp_path / "page.css").write_text(f"a {{ background: url(x.png) }}\n{rule}")
    assert len(problems(tmp_path)) == 1
