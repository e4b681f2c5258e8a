"""Imports go one way, from the API down to what there is. The tools are above all, and nothing of the product knows them."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import fastact

PACKAGE = Path(fastact.__file__).parent
#: A module may import what stands in its own group and in those before it. The longest path that fits a module counts.
LAYERS = (
    ("version",),
    ("numerics",),
    ("functions",),
    ("expressions",),
    ("runtime", "calls"),
    ("backends",),
    ("api", "capi"),
    ("numba_extension",),
    ("__init__",),
    ("integrations",),
    ("autograd", "jax", "keras", "onnx", "sklearn", "torch"),
    ("tools", "__main__"),
)
#: Modules for other libraries, and what they share: users import them by name, and nobody else does.
INTEGRATIONS = {"integrations", "autograd", "jax", "keras", "onnx", "sklearn", "torch"}
#: Tools that users start by a function of the API, or a notebook by showing an object. Importing the package leaves them alone.
STARTED = {("api", "tools.monitor"), ("calls.elementwise", "tools.notebook.activation")}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


class Import(NamedTuple):
    """That a module imports another: when it is itself imported, when a function runs, or for type checkers alone."""

    source: str
    target: str
    line: int
    when: str

    def __str__(self) -> str:
        return f"{self.source} (line {self.line}) imports {self.target}{' ' * bool(self.when)}{self.when}"


def modules() -> dict[str, Path]:
    """The modules of the source by their names below the package: `calls.rows`; of a package its own, `calls`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


MODULES = modules()


def imports(name: str) -> Iterator[Import]:
    """The package's own modules that a module imports."""
    path = MODULES[name]
    package = path.relative_to(PACKAGE).parts[:-1]

    def targets(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "fastact":
                    yield alias.name.partition(".")[2] or "__init__"
            return
        given = (node.module or "").split(".") if node.module else []
        if node.level:
            base = [*package[: len(package) - node.level + 1], *given]
        elif given and given[0] == "fastact":
            base = given[1:]
        else:
            return
        for alias in node.names:
            inner = ".".join([*base, alias.name])
            yield inner if inner in MODULES else ".".join(base) or "__init__"

    def visit(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                for target in targets(child):
                    yield Import(name, target, child.lineno, when)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from visit(child, "for type checkers")
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                yield from visit(child, when or "when it is called")
            else:
                yield from visit(child, when)

    yield from visit(ast.parse(path.read_text()), "")


IMPORTS = [found for name in MODULES for found in imports(name)]


def layer(name: str) -> int:
    """The number of the module's layer."""
    return LEVEL[name.partition(".")[0]]


def is_start(found: Import) -> bool:
    """Whether this is how the product starts a tool."""
    return found.when != "" and (found.source, found.target) in STARTED


def circles(edges: list[Import]) -> list[str]:
    """The shortest way round from each module that a circle goes through, one for each circle."""
    after: dict[str, set[str]] = {}
    for edge in edges:
        after.setdefault(edge.source, set()).add(edge.target)
    found = {}
    for start in after:
        ways = [[start]]
        seen = set()
        while ways:
            way = ways.pop(0)
            for target in sorted(after.get(way[-1], ())):
                if target == start:
                    found.setdefault(frozenset(way), " -> ".join([*way, start]))
                    ways = []
                    break
                if target not in seen:
                    seen.add(target)
                    ways.append([*way, target])
    return list(found.values())


def test_the_layers_are_known():
    assert {name.partition(".")[0] for name in MODULES} <= set(LEVEL)


@pytest.mark.parametrize("when", ["", "when it is called", "for type checkers"], ids=["import", "call", "types"])
def test_no_circle(when):
    """Not when modules are imported; nor by imports in functions or for type checkers, which could hide one."""
    known = circles([i for i in IMPORTS if i.when == ""]) if when else []
    found = [c for c in circles([i for i in IMPORTS if i.when in ("", when)]) if c not in known]
    assert found == [], f"circles of imports {when}: " + "; ".join(found)


def test_imports_go_down():
    wrong = [str(i) for i in IMPORTS if layer(i.target) > layer(i.source) and not is_start(i)]
    assert wrong == [], "imports of a layer above: " + "; ".join(wrong)


def test_the_product_knows_no_tools():
    above = [i for i in IMPORTS if i.target.partition(".")[0] == "tools" and layer(i.source) < LEVEL["tools"]]
    wrong = [str(i) for i in above if not is_start(i)]
    assert wrong == [], "the product imports tools: " + "; ".join(wrong)


def test_nobody_imports_integrations():
    """They need libraries that few users have."""
    wrong = [
        str(i) for i in IMPORTS if i.target.partition(".")[0] in INTEGRATIONS and i.source.partition(".")[0] not in INTEGRATIONS
    ]
    assert wrong == []


def test_integrations_know_none_of_each_other():
    own = INTEGRATIONS - {"integrations"}
    assert [str(i) for i in IMPORTS if i.target in own] == []


def loaded_by(code: str) -> set[str]:
    """The modules that a program loads, beyond those of NumPy."""
    code = f"import sys, numpy; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    environment = {name: value for name, value in os.environ.items() if name != "FASTACT_BACKEND"}  # is loaded at once
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def parts_of(modules: set[str]) -> set[str]:
    """What of the package is among them: `functions`, `calls`."""
    return {name.split(".")[1] for name in modules if name.startswith("fastact.")}


def test_an_import_leaves_out_what_nobody_has_asked_for():
    loaded = loaded_by("import fastact")
    assert parts_of(loaded) == {"runtime", "version"}
    assert {"numpy.random", "pathlib", "difflib", "dataclasses", "inspect"}.isdisjoint(loaded)
    assert len(loaded) < 25


@pytest.mark.skipif(fastact.backends.available() == ("numpy",), reason="no compiled backend")
def test_an_activation_leaves_out_what_it_does_not_need():
    """numpy.random alone would take a third of the time."""
    loaded = loaded_by("from fastact import relu; relu(numpy.ones(3))")
    assert parts_of(loaded) == {"runtime", "version", "numerics", "functions", "calls", "backends"}
    others = {"calls.rows", "calls.losses", "calls.sampled", "backends.native.rows", "backends.numpy.elementwise"}
    assert {f"fastact.{name}" for name in others}.isdisjoint(loaded)
    assert {"numpy.random", "pathlib", "difflib"}.isdisjoint(loaded)


def test_a_function_makes_what_is_told_of_it_when_it_is_asked():
    code = "from fastact import gelu, swiglu, softmax, cross_entropy\n"
    code += "for f in (gelu, swiglu, softmax, cross_entropy):\n"
    code += "    assert vars(f).keys().isdisjoint({'__doc__', '__signature__'})\n"
    code += "    assert f.__doc__ is f.__doc__ is vars(f)['__doc__']"
    subprocess.run([sys.executable, "-c", code], check=True)
