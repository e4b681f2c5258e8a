"""docs/accuracy.py."""

import importlib.util
from pathlib import Path

import fastact
from fastact.tools.verify import workers


def test_the_page(tmp_path, monkeypatch):
    """docs/accuracy.py writes tables, and continues from its results."""
    path = Path(__file__).parents[2] / "docs" / "accuracy.py"
    accuracy = importlib.util.module_from_spec(importlib.util.spec_from_file_location("accuracy", path))
    accuracy.__spec__.loader.exec_module(accuracy)
    page, kept = tmp_path / "accuracy.md", tmp_path / "results.json"
    arguments = ["--dtype", "float16", "float64", "--results", str(kept), "--output", str(page), "--jobs", "1"]
    arguments += ["--backend", fastact.backend()]
    assert accuracy.main(["relu", "swish", *arguments]) == 0
    text = page.read_text()
    columns = f"| function | bound | fastact {fastact.backend()} |"
    assert text.count(columns) == 4
    assert text.count("| relu | 0.51 | 0 |") == 2
    assert text.count("| silu | ") == 4
    assert "## float64, derivative" in text
    assert "float32," not in text
    measured = []
    monkeypatch.setattr(workers, "measure", lambda work, jobs: measured.extend(work) or iter(()))
    assert accuracy.main(arguments) == 0
    assert page.read_text() == text
    assert {task.name for task in measured} == set(fastact.activations) - {"relu", "silu"}
    measured.clear()
    accuracy.main(["relu", *arguments])
    assert {(task.name, task.dtype) for task in measured} == {("relu", "float16"), ("relu", "float64")}
