"""The build: without a C compiler it works, on NumPy; what is wrong stops it with one line; what has not changed is kept."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from fastact import backends

ROOT = Path(__file__).parents[2]
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "fastact")

pytestmark = pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="no source tree")


@pytest.fixture
def source(tmp_path):
    """A copy of the source tree; of its build output only the C files that Cython made, which take it a while."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in FILES:
        path = ROOT / name
        if path.is_dir():
            ignore = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", "__init__.pyi", "cython_api.pxd")
            shutil.copytree(path, folder / name, ignore=ignore)
        else:
            shutil.copy2(path, folder / name)
    for made in ROOT.glob("build/kernels-*/c"):
        shutil.copytree(made, folder / made.relative_to(ROOT), ignore=shutil.ignore_patterns("*.o"))
    return folder


def run(source, *command, **environment):
    ours = ("FASTACT_REQUIRE_KERNELS", "FASTACT_BUILD_DIR")
    environment = {k: v for k, v in os.environ.items() if k not in ours} | environment
    result = subprocess.run([sys.executable, *command], cwd=source, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def install(source, target, **environment):
    options = ("-v", "--no-build-isolation", "--no-deps", "--target", str(target))
    return run(source, "-m", "pip", "install", *options, ".", **environment)


@pytest.fixture
def compiler(tmp_path):
    """What stands in for the compiler: it makes empty files, and writes down of which sources."""
    path = tmp_path / "compiler"
    path.write_text(
        f"""#!{sys.executable}
import os, pathlib, sys
pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).touch()
with open({str(tmp_path / "compiled")!r}, "a") as file:
    print(*(pathlib.Path(a).stem for a in sys.argv if a.endswith(".c")), sep="\\n", file=file)
"""
    )
    path.chmod(0o755)
    return path


def test_without_a_compiler(source, tmp_path):
    status, text = install(source, tmp_path / "site", CC="no-such-compiler")
    assert status == 0, text
    assert "NOT BUILT: fastact.backends.native._" in text
    assert "fastact.backends.native.engine.elementwise" in text
    assert "there must be a C compiler" in text
    assert "--no-cache-dir --force-reinstall" in text
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


def test_a_wheel_without_kernels_says_so(source, tmp_path, compiler):
    """It is one of Python alone: it must not pass for one that has kernels, in pip's cache or on an index."""
    command = ("-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "-w", str(tmp_path / "wheels"), ".")
    status, text = run(source, *command, CC="no-such-compiler")
    assert status == 0, text
    status, text = run(source, *command, CC=str(compiler), LDSHARED=str(compiler), FASTACT_REQUIRE_KERNELS="1")
    assert status == 0, text
    without, with_kernels = sorted((tmp_path / "wheels").glob("*.whl"), key=lambda path: "none-any" not in path.name)
    assert without.name.endswith("-py3-none-any.whl")
    assert f"-cp{sys.version_info.major}{sys.version_info.minor}-" in with_kernels.name
    for path, pure in ((without, "true"), (with_kernels, "false")):
        names = zipfile.ZipFile(path).namelist()
        assert "fastact/__init__.py" in names  # not in a folder for data
        (wheel,) = [name for name in names if name.endswith("dist-info/WHEEL")]
        assert f"Root-Is-Purelib: {pure}" in zipfile.ZipFile(path).read(wheel).decode()
        assert any("engine/elementwise." in name and name.endswith(".so") for name in names) == (pure == "false")


def test_a_source_distribution(tmp_path):
    """The same twice, byte by byte, whatever the files' dates and rights; and with all that its tests take."""
    missing = [name for name in ("tests", "docs", "MANIFEST.in", "CITATION.cff") if not (ROOT / name).exists()]
    if missing:
        pytest.skip("no source tree")
    folders = [tmp_path / name for name in ("one", "other")]
    made = []
    for k, folder in enumerate(folders):
        ignore = shutil.ignore_patterns("*.so", "__pycache__", "build", ".git", "*.egg-info", ".hypothesis", ".*_cache")
        shutil.copytree(ROOT, folder, ignore=ignore)
        if k:
            for path in folder.rglob("*"):
                os.utime(path, (1_700_000_000 + k, 1_700_000_000 + k))
                path.chmod(path.stat().st_mode & 0o700 | 0o700 * path.is_dir())
        status, text = run(folder, "setup.py", "-q", "sdist", "--dist-dir", str(tmp_path / str(k)))
        assert status == 0, text
        (path,) = (tmp_path / str(k)).glob("*.tar.gz")
        made.append(path.read_bytes())
    assert made[0] == made[1]
    with tarfile.open(path) as archive:
        members = {member.name.partition("/")[2]: member for member in archive.getmembers()}
    files = [path for name in ("tests", "docs", "examples", "bench") for path in (ROOT / name).rglob("*") if path.is_file()]
    wanted = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
    assert {"tests/conftest.py", "tests/backends/exact_digests.txt", "examples/notebook.ipynb"} <= wanted
    assert wanted - set(members) == set()
    assert {"CITATION.cff", "SECURITY.md", "noxfile.py", ".ci/run", "fastact/runtime/pool.h"} <= set(members)
    assert {(member.mtime, member.uid, member.uname) for member in members.values()} == {(1_577_836_800, 0, "")}
    assert (members[".ci/numpy"].mode, members["README.md"].mode) == (0o755, 0o644)


def isolated_numpy(site, tmp_path):
    """A folder with NumPy alone, as links, so that nothing else of the test environment can be imported."""
    folder = tmp_path / "numpy-only"
    folder.mkdir()
    for path in site.glob("numpy*"):
        (folder / path.name).symlink_to(path, target_is_directory=path.is_dir())
    return folder


def test_the_stub_lies_beside_the_kernels(source, tmp_path, compiler):
    tools = {"CC": str(compiler), "LDSHARED": str(compiler)}
    status, text = install(source, tmp_path / "site", **tools, FASTACT_REQUIRE_KERNELS="1")
    assert status == 0, text
    assert [path.name.partition(".")[0] for path in (tmp_path / "site").rglob("team.*.so")] == ["team"]
    assert "gelu: " in (tmp_path / "site" / "fastact" / "__init__.pyi").read_text()
    assert "real gelu(real x)" in (tmp_path / "site" / "fastact" / "cython_api.pxd").read_text()
    assert (tmp_path / "site" / "fastact" / "include" / "fastact.h").exists()


def test_where_kernels_are_required(source, tmp_path):
    status, text = install(source, tmp_path / "site", CC="no-such-compiler", FASTACT_REQUIRE_KERNELS="1")
    assert status != 0
    assert "no-such-compiler" in text


def attempt(source, *arguments):
    """What `nox -s try` runs."""
    path = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))
    script = "fastact/backends/native/build/mistakes.py"
    return run(source, script, "fastact.tools.trial", *arguments, FASTACT_BACKEND="numpy", PYTHONPATH=path)


def find(source, text, suffix):
    """The one file of the package with this text."""
    (found,) = [path for path in (source / "fastact").rglob(f"*{suffix}") if text in path.read_text()]
    return found


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_only_what_changed_is_compiled(source, tmp_path, compiler):
    def compiled():
        (tmp_path / "compiled").write_text("")
        tools = {"CC": str(compiler), "LDSHARED": str(compiler), "FASTACT_REQUIRE_KERNELS": "1"}
        status, text = run(source, "setup.py", "-q", "build_ext", "--inplace", **tools)
        assert status == 0, text
        names = (tmp_path / "compiled").read_text().split()
        return {name.rpartition(".")[2] for name in names} - {"probe"}

    first = compiled()
    engines = {"buffers", "cpuid", "team", "elementwise", "rows", "cython_api"}
    loops = first - engines
    assert first > engines
    assert loops
    assert (source / "fastact" / "__init__.pyi").exists()
    api = source / "fastact" / "api.py"
    api.write_text(api.read_text() + "# edited\n")
    buffers = source / "fastact/runtime/buffers.pyx"
    buffers.write_text(buffers.read_text() + "# edited\n")
    assert compiled() == set()
    included = source / "fastact/backends/native/engine/loss_path.pxi"  # by rows.pyx alone
    included.write_text(included.read_text() + "\n\ndef _edited_too():\n    return 1\n")
    other = next(source.glob("build/kernels-*/c/*.elementwise.key"))
    before = other.stat().st_mtime_ns
    assert compiled() == {"rows"}
    assert other.stat().st_mtime_ns == before
    replace(source / "setup.py", '[*ENGINE, "-pthread"]', '[*ENGINE, "-pthread", "-DEDITED"]')
    assert compiled() == {"team"}
    replace(find(source, "real softsign_derivative(", ".pxi"), "one / (one + magnitude(x))", "one / (magnitude(x) + one)")
    assert compiled() == loops


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("real mish_derivative(", "real mish_derivatve(", ["mish_derivative", "fastact/functions/", "mish_derivatve"]),
        ("real softsign_derivative_from_output(", "real other(", ["softsign_derivative_from_output", "fastact/functions/"]),
    ],
)
def test_a_missing_formula(source, old, new, message):
    """No compiler is asked: one line names the formula, the entry and its file."""
    replace(find(source, old, ".pxi"), old, new)
    status, text = run(source, "setup.py", "-q", "build_ext", "--inplace", CC="no-such-compiler")
    assert status != 0
    (line,) = text.strip().splitlines()
    assert line.startswith("error: ")
    assert all(part in line for part in message), line


#: Mistakes in the record and the formulas of softsign: ending of the file, the old text, the new one, what the line has.
MISTAKES = {
    "field": (
        ".py",
        "    derivative=_softsign_derivative,",
        "    derivatve=_softsign_derivative,",
        ["softsign: ", "'derivatve'"],
    ),
    "name": (".py", "    derivative=_softsign_derivative,", "    derivative=_softsing,", ["softsign: ", "'_softsing'"]),
    "definition": (
        ".py",
        'formula="x / (1 + abs(x))"',
        'formula="x / (1 + asb(x))"',
        ["softsign: ", "'asb'", "did you mean 'abs'?"],
    ),
    "NumPy": (".py", "reciprocal = 1 / (1 + np.abs(x))", "reciprocal = 1 / (1 + np.asb(x))", ["_softsign_derivative: ", "'asb'"]),
    "NumPy, by output": (".py", "(1 - np.abs(y)) ** 2,", "(1 - abz(y)) ** 2,", ["softsign: ", "'abz'", "derivative_from_output"]),
    "both": (
        ".pxi",
        "real softsign_",
        "real softsing_",
        [
            "no softsign_forward and no softsign_derivative and ",
            "the entry softsign (fastact/functions/",
            "softsing_forward and ",
        ],
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
@pytest.mark.parametrize("command", ["build", "trial"])
def test_a_mistake_is_one_line(source, command, what):
    """It names file and entry."""
    suffix, old, new, parts = MISTAKES[what]
    path = find(source, {".py": "\ndef softsign(x):\n", ".pxi": "real softsign_forward("}[suffix], suffix)
    replace(path, old, new)
    if command == "build":
        status, text = run(source, "setup.py", "-q", "build_ext", "--inplace", CC="no-such-compiler")
    elif backends.available() == ("numpy",):
        pytest.skip("needs the engine")
    else:
        status, text = attempt(source, "softsign")
    assert status != 0
    (line,) = text.strip().splitlines()
    line = line.removeprefix("error: ")
    assert line.startswith(path.relative_to(source).as_posix())
    assert all(part in line for part in ["softsign", *parts]), line


def test_a_stub_of_a_record_with_a_mistake(source, tmp_path):
    """It is written before anything is compiled."""
    suffix, old, new, parts = MISTAKES["field"]
    replace(find(source, "\ndef softsign(x):\n", suffix), old, new)
    status, text = run(source, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path / "lib"))
    assert status != 0
    line = text.strip().splitlines()[-1]
    assert line.startswith("error: fastact/functions/")
    assert "Traceback" not in text
    assert all(part in line for part in parts), line


def test_a_function_of_rows_without_arithmetic(source):
    """The line names the file, and the record that needs it."""
    replace(find(source, "_ARITHMETIC = {", ".py"), '    "maxout": _Arithmetic(', '    "maxuot": _Arithmetic(')
    status, text = run(source, "setup.py", "-q", "build_ext", "--inplace", CC="no-such-compiler")
    assert status != 0
    (line,) = text.strip().splitlines()
    assert line.startswith("error: fastact/backends/numpy/rows.py: ")
    assert "'maxout', which the record maxout (fastact/functions/rows.py) needs" in line


def test_a_function_of_rows_without_programs(source):
    replace(source / "fastact/backends/native/formulas/rows.py", '    "maxout": RowFunction(', '    "maxuot": RowFunction(')
    status, text = run(source, "setup.py", "-q", "build_ext", "--inplace", CC="no-such-compiler")
    assert status != 0
    (line,) = text.strip().splitlines()
    assert line.startswith("error: fastact/backends/native/formulas/rows.py: ")
    assert "'maxout', which the record maxout (fastact/functions/rows.py) needs" in line


RECORD = '''

@activation(
    derivative=np.tanh,
    info=Info(
        formula="abs(x) + log1p(exp(-2 * abs(x))) - log(2)",
        derivative="tanh(x)",
        range=(0, np.inf),
        monotonic=False,
        smooth=True,
        zero_centred=False,
        identity_near_zero=False,
    ),
)
def cosine_like(x):
    """An activation that is not in the kernels of the environment.

    Notes
    -----
    Nobody's.

    Examples
    --------
    >>> 1
    1
    """
    return np.abs(x)
'''
FORMULA = """

cdef inline real cosine_like_forward(real x) noexcept nogil:
    return magnitude(x)

cdef inline real cosine_like_derivative(real x) noexcept nogil:
    return tanh_forward(x)
"""


@pytest.mark.skipif(backends.available() == ("numpy",), reason="needs a compiler and the engine")
def test_trial_of_an_activation(source):
    """Of one that was just added; its forward formula is wrong."""
    record = find(source, '\ndef softsign(x):\n    """', ".py")
    formulas = find(source, "real softsign_forward(", ".pxi")
    record.write_text(record.read_text() + RECORD)
    status, text = attempt(source, "cosine_like")
    assert status == 2, text
    (line,) = text.strip().splitlines()
    assert "no cosine_like_" in line
    assert record.name in line
    formulas.write_text(formulas.read_text() + FORMULA)
    status, text = attempt(source, "cosine_like")
    assert status == 1, text
    assert f"cosine_like on {backends.available()[0]}" in text
    errors = {tuple(line.split()[:2]): float(line.split()[2]) for line in text.splitlines() if " ULP" in line}
    assert errors["float32", "forward"] > 1000
    assert errors["float32", "backward"] < 4
    assert errors["float64", "backward"] < 4
    status, text = attempt(source, "cosine_liek")
    assert status == 2, text
    assert text == "there is no elementwise activation 'cosine_liek'; did you mean 'cosine_like'?\n"
