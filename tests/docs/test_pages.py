"""Every Python block of every page runs, without a warning, and every block says what it is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from run_page import MISSING, blocks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUNNER = Path(__file__).with_name("run_page.py")
PAGES = sorted(page for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md")) if "_build" not in page.parts)
WITH_CODE = [page for page in PAGES if next(blocks(page.read_text("utf-8")), None)]
LANGUAGES = {"python", "console", "text", "toml", "yaml", "cython", "c", "dockerfile", "json", "ini"}

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="no docs in the source tree")


def named(page):
    return page.relative_to(ROOT).as_posix()


def run(page, folder):
    """The blocks of a page in a process of their own: nothing that one page sets reaches another."""
    command = [sys.executable, "-W", "error", RUNNER, page]
    environment = {**os.environ, "KERAS_HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("page", WITH_CODE, ids=named)
def test_a_page_runs(page, tmp_path):
    done = run(page, tmp_path)
    if done.returncode == MISSING:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr


def test_pages_are_found():
    assert {named(page) for page in WITH_CODE} >= {
        *("README.md", "docs/index.md", "docs/own_activation.md", "docs/guide/threads.md"),
    }


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_block_says_what_it_is(page):
    """A block without a language is none that a test would run: so there is none."""
    fences = re.findall(r"^(`{3,})(.*)$", page.read_text("utf-8"), re.MULTILINE)
    assert all(language in LANGUAGES or language.startswith("{") for _, language in fences[::2]), fences[::2]
    assert not any(language for _, language in fences[1::2])


@pytest.mark.parametrize(
    ("block", "status", "said"),
    [
        ("x = 1\nassert x == 2", 1, 'page.md", line 5'),
        (">>> 1 + 1\n3\n", 1, "Expected"),
        ("import fastact.nothing_of_this_name", 1, "ModuleNotFoundError"),
        ("import a_package_that_nobody_has", MISSING, "a_package_that_nobody_has is not installed"),
        ("import warnings\nwarnings.warn('old')", 1, "UserWarning"),
        ("x = 1\n```\n\n```python\nassert x == 1", 0, ""),
    ],
    ids=["wrong", "doctest", "own module", "missing", "warning", "one namespace"],
)
def test_what_fails_is_found(tmp_path, block, status, said):
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n```python\n{block}\n```\n")
    done = run(page, tmp_path)
    assert done.returncode == status
    assert said in done.stderr


def test_the_first_page_trains_a_network(tmp_path):
    """It prints what it says that it prints."""
    pytest.importorskip("sklearn")
    page = DOCS / "index.md"
    done = run(page, tmp_path)
    shown = re.search(r"```text\n(.*?)```", page.read_text("utf-8"), re.DOTALL)[1]
    share = re.compile(r"([\d.]+)% of 397")
    assert len(done.stdout.splitlines()) == len(shown.splitlines())
    assert float(share.search(done.stdout)[1]) > float(share.search(shown)[1]) - 1.5  # sums of BLAS differ between processors
