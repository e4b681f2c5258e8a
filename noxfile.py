"""The workshop's tasks: `nox -l` lists them, `nox -s NAME` runs one, and what follows `--` goes on to it.

They run in the environment that nox was started from (`pip install -e '.[dev]'`), so that nothing is installed or built twice.
"""

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["build", "lint", "test"]


@nox.session
def build(session: nox.Session) -> None:
    """Compile in place what has changed; a kernel that can't be built is an error."""
    session.run("python", "setup.py", "--quiet", "build_ext", "--inplace", env={"FASTACT_REQUIRE_KERNELS": "1"})


@nox.session(name="try")
def try_one(session: nox.Session) -> None:
    """Build ONE activation for one instruction set and measure its errors: nox -s try -- NAME [--backend avx2]."""
    # by a script that says in one line what is wrong with a record
    script = "fastact/backends/native/build/mistakes.py"
    session.run("python", script, "fastact.tools.trial", *session.posargs, env={"FASTACT_BACKEND": "numpy"})


@nox.session
def test(session: nox.Session) -> None:
    """The tests, on all processors: nox -s test -- tests/calls -k gelu."""
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, cython-lint and mypy, as continuous integration runs them."""
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks: nox -s bench -- --quick --only gelu."""
    session.run("python", "-m", "fastact", "bench", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Draw docs/gallery.md anew, and build the site: docs/_build/html. What takes hours: python docs/accuracy.py --help."""
    session.run("python", "-m", "fastact", "plot", "--gallery", "docs")
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html", *session.posargs)
