"""What mypy and pyright know of fastact by the stub that the build writes: right code has no errors, each mistake is found."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import typing
from pathlib import Path

import numpy as np
import pytest

import fastact
from fastact.tools.stubs import stub

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "guide" / "types.md"
RIGHT, WRONG = HERE / "right.py", HERE / "wrong.py"
MISTAKES = {number for number, line in enumerate(WRONG.read_text().splitlines(), 1) if "# wrong:" in line}


def page_code():
    """The code of the guide's page on types, which is a user's, too; nothing where there is no source tree."""
    return "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)) if PAGE.exists() else ""


@pytest.fixture
def project(tmp_path):
    """A folder with the two files, and the package with its stub, as a wheel has it."""
    left_out = ("tools", "native", "*.so", "*.pyd", "__pycache__", "*.h", "*.p[xy]*[di]", "*.in")
    package = tmp_path / "fastact"
    shutil.copytree(Path(fastact.__file__).parent, package, ignore=shutil.ignore_patterns(*left_out))
    (package / "tools").mkdir()
    for name in ("__init__", "monitor"):
        shutil.copy(Path(fastact.__file__).parent / "tools" / f"{name}.py", package / "tools")
    (package / "__init__.pyi").write_text(stub())
    for path in (RIGHT, WRONG):
        shutil.copy(path, tmp_path)
    (tmp_path / "page.py").write_text(page_code())
    return tmp_path


def run(project, *command):
    """What a type checker prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MYPY", "PYTHONPATH", "PYRIGHT"))}
    command = [sys.executable, "-m", *command]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def check(errors):
    """Errors are pairs of a file's name and a line; with all that was said, for the message."""
    told = "\n".join(f"{path}:{line}: {message}" for (path, line), message in errors.items())
    found = {path: {line for name, line in errors if name == path} for path, _ in errors}
    assert found.pop(WRONG.name, set()) == MISTAKES, told
    assert not found, told  # neither in the right file nor in the stub


def test_there_are_mistakes():
    assert len(MISTAKES) >= 10


def test_mypy(project):
    pytest.importorskip("mypy")
    (project / "mypy.ini").write_text("")
    files = (RIGHT.name, WRONG.name, "page.py", str(Path("fastact", "__init__.pyi")))
    told = run(project, "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", "--config-file=mypy.ini", *files)
    errors = re.findall(r"^(.+?):(\d+): error: (.*)$", told, re.MULTILINE)
    check({(Path(path).name, int(line)): message for path, line, message in errors})


def test_pyright(project):
    pytest.importorskip("pyright")
    # The package is not in site-packages here; without this all of it would be looked at.
    settings = {"typeCheckingMode": "strict", "include": [RIGHT.name, WRONG.name, "page.py", "fastact/__init__.pyi"]}
    # NumPy's own stub leaves some types open, and the stub of fastact names what is private to both of them.
    settings |= dict.fromkeys(("reportUnknownMemberType", "reportUnknownVariableType", "reportUnknownArgumentType"), False)
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    told = json.loads(run(project, "pyright", "--outputjson", "--pythonpath", sys.executable))
    errors = [found for found in told["generalDiagnostics"] if found["severity"] == "error"]
    check({(Path(e["file"]).name, e["range"]["start"]["line"] + 1): e["message"] for e in errors})


# ---- what is said of results is so ----------------------------------------------------------------------------------


def is_of(value, kind):
    """Whether a value is of a type as annotations write it."""
    if kind is typing.Any or kind is ...:
        return True
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        several = arguments[-1] is ...
        return isinstance(value, tuple) and (several or len(value) == len(arguments)) and all(map(is_of, value, arguments))
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and issubclass(value.dtype.type, typing.get_args(arguments[1])[0])
    return isinstance(value, (float, int) if kind is float else kind)  # to annotations an int is a float


def test_results_are_of_these_types(monkeypatch):
    said = []

    def assert_type(value, kind):
        assert is_of(value, kind), f"{type(value).__name__} {getattr(value, 'dtype', '')} is not {kind}"
        said.append(kind)
        return value

    monkeypatch.setattr(typing, "assert_type", assert_type)
    exec(compile(RIGHT.read_text(), RIGHT.name, "exec"), {"__name__": "__main__"})
    assert len(said) > 100


def test_the_page_of_the_guide(capsys):
    if not PAGE.exists():
        pytest.skip("no source tree")
    exec(compile(page_code(), PAGE.name, "exec"), {})
    assert "(2, 3)" in capsys.readouterr().out


def test_the_look_at_types():
    floats = np.ones(1, np.float32)
    assert is_of((floats, 1.0), tuple[np.typing.NDArray[np.float32], float])
    assert not is_of(floats, np.typing.NDArray[np.float64])
    assert not is_of(floats[0], np.typing.NDArray[np.float32])
    assert not is_of((floats,), tuple[np.typing.NDArray[np.float32], float])


def test_both_checkers_are_part_of_the_tests():
    project = Path(fastact.__file__).parents[1] / "pyproject.toml"
    if not project.exists():
        pytest.skip("no source tree")
    extra = tomllib.loads(project.read_text())["project"]["optional-dependencies"]["test"]
    assert {re.split(r"[>=\[]", one)[0] for one in extra} >= {"mypy", "pyright"}
