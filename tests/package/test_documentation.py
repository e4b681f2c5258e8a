"""Examples in docstrings and README run as written, activations document what they must, and links lead somewhere."""

import doctest
import pydoc
import re
from pathlib import Path

import pytest

import fastact
from fastact import api, backends, functions
from fastact.calls.elementwise import Activation
from fastact.calls.gated import Gated

ROOT = Path(__file__).parents[2]


def run(text, name):
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples
    failures = []
    doctest.DocTestRunner(verbose=False).run(test, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("name", fastact.activations)
def test_activation_docstring(name):
    f = fastact.activations[name]
    run(f.__doc__, name)
    for section in ("Parameters", "Returns", "Raises", "Notes", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in f.__doc__
    for parameter in f.params:
        assert re.search(rf"^(\w+, )*{parameter}(, \w+)* : ", f.__doc__, re.MULTILINE)
    assert f.info.formula in f.__doc__


@pytest.mark.parametrize(
    "documented",
    [
        fastact,
        backends.available,
        backends.load,
        api.get,
        api.backend,
        api.define,
        api.register,
        api.gated,
        backends.Backend.bind,
        api.monitor,
        Activation.backward,
        Activation.value_and_grad,
        Gated.backward,
        *(fastact.get(name) for name in functions.units),
        *(fastact.get(name) for name in functions.row_functions),
        *(fastact.get(name).backward for name in functions.row_functions),
        *(fastact.get(name) for name in functions.loss_functions),
        *(fastact.get(name).value_and_grad for name in functions.loss_functions),
    ],
    ids=lambda documented: getattr(documented, "__qualname__", documented.__name__),
)
def test_docstring(documented):
    run(documented.__doc__, documented.__name__)


@pytest.mark.parametrize("name", sorted(set(functions.records) - set(functions.entries)))
def test_help(name):
    """It is about the function, not about its class, and tells how it is called."""
    text = pydoc.plain(pydoc.render_doc(fastact.get(name)))
    operands = "gate, value=None" if name in functions.units else "x"
    if name in functions.loss_functions:
        operands = "log_probs, targets" if name == "nll_loss" else "logits, targets"
    assert f"\n    {name}({operands}, *, out=None" in text
    assert "= class " not in text
    for section in ("Parameters", "Returns", "Raises", "Notes", "Examples"):
        assert f"\n    {section}\n" in text
    for other in re.findall(r"help\(fastact\.(\w+)\.(\w+)\)", text):
        assert other[0] == name
        assert getattr(fastact.get(name), other[1]).__doc__
    assert "help(fastact." in text


def python_blocks(path):
    return re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL)


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="no source tree")
def test_readme_examples():
    blocks = python_blocks(ROOT / "README.md")
    assert blocks
    for block in blocks:
        if ">>>" in block:
            run(block, "README.md")
        else:
            exec(compile(block, "README.md", "exec"), {})


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="no docs in the source tree")
def test_network_health_examples(capsys):
    blocks = python_blocks(ROOT / "docs" / "network_health.md")
    assert blocks
    for block in blocks:
        exec(compile(block, "network_health.md", "exec"), {})
    assert "layer 2" in capsys.readouterr().out


def run_page(name):
    """Run the blocks of a page of the guide, one after the other, as the cells of a notebook; what they defined."""
    names = {}
    for block in python_blocks(ROOT / "docs" / "guide" / name):
        exec(compile(block, name, "exec"), names)
    return names


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="no docs in the source tree")
def test_notebook_examples():
    names = run_page("notebook.md")
    assert "layer 1" in names["m"]._repr_html_()


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="no docs in the source tree")
def test_cluster_examples(capsys):
    pytest.importorskip("dask.array")
    run_page("cluster.md")
    assert "1." in capsys.readouterr().out


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="no source tree")
def test_readme_lists_what_there_is():
    text = (ROOT / "README.md").read_text()
    lists = re.findall(r"^- [a-z ]+: (\w+, (?:[^-]|-(?! ))*?)(?=\n- |\n\n)", text.partition("The catalogue's")[2], re.MULTILINE)
    names = re.findall(r"\w+", " ".join(lists))
    assert len(names) > 50
    assert [name for name in names if not hasattr(fastact, name)] == []


# ---- links ----------------------------------------------------------------------------------------------------------

PAGES = sorted(path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))


def text_of(page):
    """The text of a page, without its code."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^    .*", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def links(page):
    """The targets of a page's links and pictures within the repository."""
    targets = re.findall(r"\]\(<?([^)\s>]+)", text_of(page)) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text_of(page))
    targets += re.findall(r"^\[[^\]]+\]: +(\S+)", text_of(page), re.MULTILINE)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(page):
    """The names that GitHub gives a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)  # of a link its text
    names = [
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    ]
    return [f"{name}-{before}" if (before := names[:k].count(name)) else name for k, name in enumerate(names)]


def broken(page):
    """The links of a page that lead nowhere."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    assert list(broken(page)) == []


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="no docs in the source tree")
def test_pages_are_found():
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert names >= {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/glossary.md", "docs/decisions/README.md"}
    assert sum(len(links(page)) for page in PAGES) > 100


@pytest.mark.parametrize("target", ["missing.md", "page.md#missing", "#missing", "folder/page.md"])
def test_a_link_that_leads_nowhere_is_found(tmp_path, target):
    page = tmp_path / "page.md"
    page.write_text(f"# A heading\n\n[here](#a-heading) [there](page.md#a-heading) [nowhere]({target}) `[code](no.md)`\n")
    assert list(broken(page)) == [target]


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="no docs in the source tree")
def test_own_activation_page():
    """Its blocks run one after another, and its table has the formulas that it defines."""
    page = ROOT / "docs" / "own_activation.md"
    before = dict(api._registered)
    names = {}
    try:
        for block in python_blocks(page):
            exec(compile(block, page.name, "exec"), names)
    finally:
        api._registered.clear()
        api._registered.update(before)
    assert names["ariaglu"].activation.name == "aria"
    assert len(re.findall(r"^\| [^|]+ \| [^|]+, 20\d\d \| `", page.read_text("utf-8"), re.MULTILINE)) == 5
