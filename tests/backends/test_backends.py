"""The list of backends, the choice between them, and that the forced one is the one that runs."""

import os
import subprocess
import sys

import numpy as np
import pytest

import fastact
from fastact import backends

REPORT = """
import sys, numpy as np, fastact
y = fastact.sigmoid(np.linspace(-3, 3, 50, dtype=np.float32))
loaded = sorted(m.rpartition(".")[2] for m in sys.modules if m.startswith("fastact.backends.native._"))
print(fastact.backend(), fastact.relu.backend, ",".join(loaded), y.sum())
"""


def python(code, **environment):
    environment = {k: v for k, v in os.environ.items() if k != "FASTACT_BACKEND"} | environment
    path = os.pathsep.join(p for p in sys.path if p)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment | {"PYTHONPATH": path}, check=False
    )


@pytest.mark.parametrize("name", backends.available())
def test_the_forced_backend_runs(name):
    result = python(REPORT, FASTACT_BACKEND=name)
    assert result.returncode == 0, result.stderr
    chosen, of_relu, loaded, _ = result.stdout.split(" ")
    assert chosen == of_relu == name
    assert loaded == ("" if name == "numpy" else f"_{name}")


def test_the_best_runs_by_default():
    result = python(REPORT)
    assert result.stdout.split()[0] == backends.available()[0], result.stderr


def test_an_empty_variable_forces_nothing():
    assert python(REPORT, FASTACT_BACKEND="").stdout.split()[0] == backends.available()[0]


def test_unknown_backend():
    result = python("import fastact", FASTACT_BACKEND="sse9")
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError")
    assert "sse9" in last
    assert ", ".join(backends.available()) in last
    with pytest.raises(ImportError, match=r"sse9.*numpy"):
        backends.load("sse9")


def test_backend_of_another_processor():
    impossible = "avx512" if "neon" in backends.available() else "neon"
    result = python("import fastact", FASTACT_BACKEND=impossible)
    assert result.returncode == 1
    assert impossible in result.stderr
    assert "numpy" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("level", "expected"),
    [(2, ("avx512", "avx2", "baseline", "numpy")), (1, ("avx2", "baseline", "numpy")), (0, ("baseline", "numpy"))],
)
def test_a_lesser_processor(monkeypatch, level, expected):
    """What the processor cannot run is never loaded."""
    if "baseline" not in backends.available() or "neon" in backends.available():
        pytest.skip("not an x86-64 build")
    cpuid = pytest.importorskip("fastact.runtime.cpuid")
    possible = backends.available()
    monkeypatch.setattr(cpuid, "x86_level", lambda: level)
    assert backends.available() == tuple(name for name in expected if name in possible)


def test_kernels_are_there_when_they_must_be():
    """CI sets the variable that makes a missing kernel a build error; then none may be missing here either."""
    if not os.environ.get("FASTACT_REQUIRE_KERNELS"):
        pytest.skip("FASTACT_REQUIRE_KERNELS is not set")
    from fastact.runtime.cpuid import x86_level

    x86 = {0: ("baseline",), 1: ("avx2", "baseline"), 2: ("avx512", "avx2", "baseline")}
    compiled = backends.available()[:-1]
    assert compiled == x86.get(x86_level(), compiled)
    assert compiled


def test_side_by_side():
    x = np.linspace(-10, 10, 1001, dtype=np.float32)
    results = [backends.load(name).gelu(x) for name in backends.available()]
    for y in results[1:]:
        np.testing.assert_allclose(y, results[0], rtol=1e-6, atol=1e-37)


def test_backend_objects():
    backend = backends.load("numpy")
    assert backend is backends.load("numpy")
    assert backend.relu is backend.relu
    assert backend.swish is backend.silu
    assert set(fastact.activations) <= set(dir(backend))
    assert "numpy" in repr(backend)


ENGINES = ("engine.elementwise", "engine.rows")
LOOPS = tuple(f"_{name}" for name in backends.ORDER if name != "numpy")
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({modules}))  # so that importing one fails as where there is none
from fastact import backends
print(backends.available(), backends.obstacles()["baseline"])
"""


@pytest.mark.parametrize("missing", [(*ENGINES, *LOOPS), *((engine,) for engine in ENGINES), LOOPS])
def test_a_missing_kernel_module_is_explained(missing):
    """All of them, or one that every compiled backend needs, or all loops."""
    result = python(WITHOUT.format(modules=[f"fastact.backends.native.{name}" for name in missing]))
    assert result.stdout.startswith("('numpy',)"), result.stderr
    assert "compiler" in result.stdout


def test_kernels_older_than_the_registry():
    """An activation added without building again is an error that says so, never a silent fallback."""
    if backends.available() == ("numpy",):
        pytest.skip("no compiled backend")
    import dataclasses

    from fastact.backends.native.elementwise import NativeActivation
    from fastact.functions import entries

    backend = backends.load(backends.available()[0])
    with pytest.raises(ImportError, match=r"pip install"):
        NativeActivation(dataclasses.replace(entries["relu"], name="brand_new"), backend)
    with pytest.raises(ImportError, match=r"older"):
        NativeActivation(dataclasses.replace(entries["relu"], parameters=entries["elu"].parameters), backend)


def test_show_config(capsys):
    fastact.show_config()
    text = capsys.readouterr().out
    for part in (fastact.__version__, fastact.backend(), np.__version__, "CPU", "threads"):
        assert part in text
