"""What is said where a library is missing, or has other modules than it had; and what stays as it was."""

import doctest
import importlib
import subprocess
import sys

import pytest

from fastact.integrations import extras

#: Each integration, the package that it is for, and the extra that brings it.
MODULES = [
    ("fastact.autograd", "autograd", "autograd"),
    ("fastact.jax", "jax", "jax"),
    ("fastact.keras", "keras", "keras"),
    ("fastact.onnx", "onnx", "onnx"),
    ("fastact.sklearn", "sklearn", "sklearn"),
    ("fastact.torch", "torch", "torch"),
]


@pytest.mark.parametrize(("module", "package", "extra"), MODULES, ids=[module for module, *_ in MODULES])
def test_a_missing_library_is_named_with_its_extra(module, package, extra):
    code = f"import sys; sys.modules[{package!r}] = None; import fastact\ntry: import {module}\nexcept ImportError as e: print(e)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == f"{module} needs {package}, which is not installed: pip install '.[{extra}]'"


@pytest.mark.parametrize(("module", "package", "extra"), MODULES, ids=[module for module, *_ in MODULES])
def test_documented_examples(module, package, extra, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_BACKEND", "numpy")  # before it is imported
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    pytest.importorskip(package)
    tested = doctest.testmod(importlib.import_module(module))
    assert tested.attempted > 0
    assert tested.failed == 0


def test_an_extra_for_each():
    tomllib = pytest.importorskip("tomllib")
    root = pytest.importorskip("pathlib").Path(__file__).parents[2]
    if not (root / "pyproject.toml").exists():
        pytest.skip("no source tree")
    known = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {extra for *_, extra in MODULES} <= set(known)


def test_a_library_without_its_module():
    with pytest.raises(ImportError, match=r"this version of json is not known to fastact\.x: it has no module json\.reference"):
        extras.load("json.reference.ops", extra="x", needed_by="fastact.x")


def test_a_library_that_is_broken(tmp_path, monkeypatch):
    """What it lacks itself is its own error."""
    (tmp_path / "broken_library.py").write_text("import what_it_needs")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_it_needs"):
        extras.load("broken_library", extra="x", needed_by="fastact.x")
