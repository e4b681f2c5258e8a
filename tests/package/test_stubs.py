"""Type checkers and editors know the names that are bound at import, by a stub that the build writes."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastact
from fastact.tools.stubs import stub

USER = """\
import numpy as np

import fastact
from fastact import relu, softmax

x = np.ones(3)
y = relu(x, out=x)
dx = fastact.gelu.backward(y, x)
reveal_type(fastact.gelu)
reveal_type(fastact.swiglu)
softmax(x, axis=0, mask="causal")
fastact.cross_entropy.value_and_grad(x, 0)
fastact.set_num_threads(1)
reveal_type(fastact.__version__)
print(fastact.gelu.info.ulp, fastact.backends.available(), fastact.activations["relu"].name)
fastact.gleu(x)
fastact.relu.backwards(y, x)
"""


def test_it_has_every_public_name():
    names = set()
    for node in ast.parse(stub()).body:
        if isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname for alias in node.names if alias.asname == alias.name}
    assert names == set(fastact.__all__)


def test_a_users_file(tmp_path):
    pytest.importorskip("mypy")
    package = tmp_path / "fastact"
    ignore = shutil.ignore_patterns("tools", "*.so", "*.pyd", "__pycache__", "*.h", "*.p[xy]*[di]", "*.in")
    shutil.copytree(Path(fastact.__file__).parent, package, ignore=ignore)
    (package / "__init__.pyi").write_text(stub())
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", "user.py"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    messages = {int(line.split(":")[1]): line.split(":", 2)[2].strip() for line in told.splitlines()}
    assert messages.keys() == {9, 10, 14, 16, 17}, told
    assert "calls.elementwise.Activation" in messages[9]
    assert "calls.gated.Gated" in messages[10]
    assert 'str"' in messages[14]
    assert messages[16].startswith('error: Module has no attribute "gleu"')
    assert '"Activation" has no attribute "backwards"' in messages[17]
