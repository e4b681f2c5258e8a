"""The pages for developers are true: files and names that they give exist, and every word of the glossary stands there once."""

import re
from pathlib import Path

import pytest

from fastact.functions import entries

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fastact"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
PAGES = [ARCHITECTURE, GLOSSARY, *sorted((ROOT / "docs" / "decisions").glob("*.md"))]

pytestmark = pytest.mark.skipif(not ARCHITECTURE.exists(), reason="no docs in the source tree")

#: `file:name`, as the tables give them.
NAMED = re.compile(r"`([\w/]+\.(?:py|pyx|pxi|pxd|h|in|pxi\.in|pyx\.in)):(\w+)`")
#: How a name is defined, in Python, Cython, C and the templates.
DEFINED = (
    r"^\s*(?:async )?def {0}\b",
    r"^\s*class {0}\b",
    r"^\s*cp?def [^=\n]*\b{0}\(",
    r"^\s*cdef class {0}\b",
    r"^{0}\b(?:: [^=\n]+)? = ",
    r"^\w+ \w+ F\({0}\)\(",
    r"^static (?:inline )?\w+ {0}\(",
)


def names():
    return NAMED.findall(ARCHITECTURE.read_text("utf-8")) if ARCHITECTURE.exists() else []


@pytest.mark.parametrize(("file", "name"), names())
def test_named_code_exists(file, name):
    text = (PACKAGE / file).read_text("utf-8")
    assert any(re.search(pattern.format(name), text, re.MULTILINE) for pattern in DEFINED), f"{file} does not define {name}"


def test_three_calls_are_drawn():
    assert len(names()) >= 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_folders_exist(page):
    """Paths in backquotes are of the package, of its backends, or of the repository."""
    for path in re.findall(r"`([\w./]+/[\w./]*|\w+\.py)`", page.read_text("utf-8")):
        assert any((folder / path).exists() for folder in (PACKAGE, PACKAGE / "backends", ROOT)), path


def test_each_word_has_one_meaning():
    words = re.findall(r"^\| ([^|]+?) \|", GLOSSARY.read_text("utf-8"), re.MULTILINE)
    words = [word for word in words if word not in ("word", "---")]
    assert len(words) == len(set(words)) > 30


@pytest.mark.parametrize("entry", entries.values(), ids=lambda entry: entry.name)
def test_light_activations_only_calculate(entry):
    """What waits for memory has nothing in its definition but arithmetic, comparisons, and what amounts to them."""
    called = set(re.findall(r"(\w+)\(", entry.info.formula))
    assert entry.light == (called <= {"abs", "max", "min"})
