"""Installing without a C compiler works, on NumPy, and says what is missing; where kernels are required it is an error."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "fastact")

pytestmark = pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="no source tree")


@pytest.fixture
def source(tmp_path):
    """A copy of the source tree without build output."""
    ignore = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    for name in FILES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, tmp_path / "source" / name, ignore=ignore)
        else:
            (tmp_path / "source").mkdir(exist_ok=True)
            shutil.copy(path, tmp_path / "source" / name)
    return tmp_path / "source"


def install(source, target, **environment):
    environment = {k: v for k, v in os.environ.items() if k != "FASTACT_REQUIRE_KERNELS"} | environment
    command = [sys.executable, "-m", "pip", "install", "-v", "--no-build-isolation", "--no-deps", "--target", str(target), "."]
    return subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)


def test_without_a_compiler(source, tmp_path):
    result = install(source, tmp_path / "site", CC="no-such-compiler")
    text = result.stdout + result.stderr
    assert result.returncode == 0, text
    assert "NOT BUILT: fastact.backends.native._" in text
    assert "fastact.backends.native.engine.elementwise" in text
    assert "install a C compiler" in text
    code = "import fastact; print(fastact.backend(), fastact.relu(-1.0)); fastact.show_config()"
    environment = {k: v for k, v in os.environ.items() if k != "FASTACT_BACKEND"} | {"PYTHONPATH": str(tmp_path / "site")}
    # -S -P: neither the installed package nor the source tree may help out
    numpy = Path(__import__("numpy").__file__).parent.parent
    environment["PYTHONPATH"] += os.pathsep + str(isolated_numpy(numpy, tmp_path))
    ran = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stdout.startswith("numpy 0.0"), ran.stdout + ran.stderr
    assert "C compiler" in ran.stdout


def isolated_numpy(site, tmp_path):
    """A folder with NumPy alone, as links, so that nothing else of the test environment can be imported."""
    folder = tmp_path / "numpy-only"
    folder.mkdir()
    for path in site.glob("numpy*"):
        (folder / path.name).symlink_to(path, target_is_directory=path.is_dir())
    return folder


def test_without_openmp(source, tmp_path):
    """The kernels are built, also where they have to be; what stands in for the compiler makes empty files."""
    compiler = tmp_path / "compiler"
    compiler.write_text(
        f"""#!{sys.executable}
import pathlib, sys
if "-fopenmp" in sys.argv:
    sys.exit("no such flag")
pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).touch()
"""
    )
    compiler.chmod(0o755)
    result = install(source, tmp_path / "site", CC=str(compiler), LDSHARED=str(compiler), FASTACT_REQUIRE_KERNELS="1")
    text = result.stdout + result.stderr
    assert result.returncode == 0, text
    assert "NOT BUILT: fastact.runtime.team, for want of OpenMP" in text
    assert [path.name.partition(".")[0] for path in (tmp_path / "site").rglob("elementwise.*.so")] == ["elementwise"]
    assert not list((tmp_path / "site").rglob("team.*"))


def test_where_kernels_are_required(source, tmp_path):
    result = install(source, tmp_path / "site", CC="no-such-compiler", FASTACT_REQUIRE_KERNELS="1")
    assert result.returncode != 0
    assert "no-such-compiler" in result.stdout + result.stderr
