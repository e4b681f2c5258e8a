"""The code blocks of the pages about other libraries run, where these are installed."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

GUIDES = Path(__file__).parents[2] / "docs" / "guide"
BLOCKS = [
    pytest.param(page, block, id=f"{page}-{number}")
    for page in ("autodiff", "scikit_learn", "onnx", "keras")
    if (GUIDES / f"{page}.md").exists()
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", (GUIDES / f"{page}.md").read_text("utf-8"), re.DOTALL))
]


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_block(page, block, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_BACKEND", "numpy")  # put back what a block sets
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for name in names:
                pytest.importorskip(name.rpartition("fastact.")[2].partition(".")[0])
    with np.errstate(all="ignore"):  # of the frameworks themselves
        exec(compile(block, f"{page}.md", "exec"), {"__name__": "guide"})
