"""Python in another process, with the same package."""

import os
import subprocess
import sys
from pathlib import Path

import fastact


def python(*arguments, cwd=None, **environment):
    path = os.pathsep.join(filter(None, [str(Path(fastact.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **environment, "PYTHONPATH": path}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
