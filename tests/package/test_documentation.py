"""The examples in docstrings and README run as written, and every activation documents what it must."""

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
    assert (
        f"\n    {name}({'gate, value' if name in functions.units else 'logits, targets' if 'entropy' in name else 'x'}, out=None"
        in text
    )
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


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="no source tree")
def test_readme_lists_what_there_is():
    text = (ROOT / "README.md").read_text()
    lists = re.findall(r"^- [a-z ]+: (\w+, (?:[^-]|-(?! ))*?)(?=\n- |\n\n)", text.partition("The catalogue's")[2], re.MULTILINE)
    names = re.findall(r"\w+", " ".join(lists))
    assert len(names) > 50
    assert [name for name in names if not hasattr(fastact, name)] == []
