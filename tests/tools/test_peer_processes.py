"""Runs of the benchmark in processes of their own: several backends, and peers held to an instruction set."""

import json
import os
import subprocess
import sys

import pytest
from processes import python

import fastact
from fastact.__main__ import main
from fastact.runtime.processor import Identity
from fastact.tools.bench import publish
from fastact.tools.options import without
from fastact.tools.peers import instructions

pytest.importorskip("rich")

OPTIONS = "--peers", "numpy", "--only", "relu", "--sizes", "16", "--quick"


@pytest.fixture(autouse=True)
def unheld(monkeypatch):
    """No variable of the environment holds a peer, and other processes find this package."""
    for name in ("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "XLA_FLAGS", "NPY_DISABLE_CPU_FEATURES"):
        monkeypatch.delenv(name, raising=False)
    path = [os.path.dirname(os.path.dirname(fastact.__file__)), os.environ.get("PYTHONPATH")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))


def test_what_holds_peers(monkeypatch):
    held = instructions.missing("avx2")
    assert held["ATEN_CPU_CAPABILITY"] == "avx2"
    assert held["MKL_ENABLE_INSTRUCTIONS"] == "AVX2"
    assert instructions.missing("avx512") == instructions.missing("numpy") == {}
    assert instructions.are_held("avx2")
    assert not instructions.are_held("avx512")
    monkeypatch.setenv("MKL_ENABLE_INSTRUCTIONS", "AVX512")
    assert instructions.missing("avx2") == {name: value for name, value in held.items() if name != "MKL_ENABLE_INSTRUCTIONS"}


@pytest.mark.parametrize("backend", ["avx2", "baseline"])
def test_peers_obey(backend):
    code = """
import importlib.util, json
import numpy as np
found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
torch = importlib.util.find_spec("torch") and __import__("torch").backends.cpu.get_cpu_capability()
print(json.dumps([found, torch]))
"""
    ran = python("-W", "error", "-c", code, **instructions.missing(backend))
    assert ran.returncode == 0, ran.stderr
    found, torch = json.loads(ran.stdout)
    assert not any(name.startswith(("X86_V4", "AVX512")) for name in found)
    assert torch in (None, "DEFAULT", "AVX2" if backend == "avx2" else "DEFAULT")


@pytest.mark.skipif("avx2" not in fastact.backends.available(), reason="no kernels for avx2")
def test_the_same_instructions(tmp_path):
    file = tmp_path / "grid.json"
    assert main(["bench", *OPTIONS, "--backend", "avx2", "--same-instructions", "--json", str(file)]) == 0
    results = json.loads(file.read_text())
    assert results["configuration"]["backend"] == "avx2"
    assert "ATEN_CPU_CAPABILITY=avx2" in results["environment"]
    assert "MKL_ENABLE_INSTRUCTIONS=AVX2" in results["environment"]
    assert "ATEN_CPU_CAPABILITY" not in os.environ


@pytest.mark.skipif("baseline" not in fastact.backends.available(), reason="no kernels for two instruction sets")
def test_several_backends(tmp_path, monkeypatch):
    """A page for the processor, with both backends; and its line in the index."""
    folder, file = tmp_path / "speed", tmp_path / "grid.json"
    folder.mkdir()
    (tmp_path / "speed.md").write_text("# How fast\n\nBy hand.\n")
    monkeypatch.setattr(publish, "processor", lambda: "Abacus(R) 8 (TM)")
    monkeypatch.setattr(publish, "identity", lambda: Identity("Abaci", 6, 7))
    asked = [
        "bench",
        *OPTIONS,
        "--backend",
        "numpy",
        "baseline",
        "--same-instructions",
        "--json",
        str(file),
        "--report",
        str(folder),
    ]
    assert main(asked) == 0
    runs = json.loads(file.read_text())["backends"]
    assert list(runs) == ["numpy", "baseline"]
    assert runs["numpy"]["environment"].find("ATEN_") == -1
    assert "ATEN_CPU_CAPABILITY=default" in runs["baseline"]["environment"]
    (page,) = folder.iterdir()
    assert page.name == "abacus-8-family-6-model-7.md"
    text = page.read_text()
    assert text.startswith("# Performance: Abacus 8 (family 6, model 7)\n")
    for line in ("## numpy, float32, out=, 1 thread", "## baseline, float32, out=, 1 thread", "- backend: numpy; baseline"):
        assert f"\n{line}\n" in text
    assert "--backend numpy baseline --same-instructions --report" in text
    assert "--json" not in text
    index = (tmp_path / "speed.md").read_text()
    assert index.startswith("# How fast\n\nBy hand.\n\n<!-- pages")
    assert "- [Abacus 8 (family 6, model 7)](speed/abacus-8-family-6-model-7.md): numpy, baseline; measured 20" in index
    (folder / "other.md").write_text("# Performance: Other\n\n- backend: avx2\n- measured: 2020-02-02, in 3 seconds\n")
    publish._write_page(folder, text)
    again = (tmp_path / "speed.md").read_text()
    line = "- [Other](speed/other.md): avx2; measured 2020-02-02"
    assert again == index.replace("<!-- end", f"{line}\n<!-- end")


def test_a_run_that_fails(monkeypatch, tmp_path):
    """Its exit status is that of the whole, and nothing is written."""
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 3))
    file = tmp_path / "grid.json"
    assert main(["bench", *OPTIONS, "--backend", "numpy", fastact.backends.available()[0], "numpy", "--json", str(file)]) in (
        0,
        3,
    )
    if len(fastact.backends.available()) > 1:
        assert not file.exists()


def test_a_command_line_without_some_options():
    given = ["bench", "--json", "a", "--peers", "numpy", "torch", "--backend=x", "--report=b", "--backend", "x", "y", "--quick"]
    assert without(given, "--json", "--backend", "--report") == ["bench", "--peers", "numpy", "torch", "--quick"]
    assert without([], "--json") == []
    assert sys.executable
