"""One line for a mistake in a record. As a script it runs a tool so that such a mistake is one line there, too:

    python fastact/backends/native/build/mistakes.py fastact.tools.trial gelu

While a record is wrong, nothing of the package can be imported. So this needs nothing of it; setup.py reads it by its path.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
#: A message that names a file of the sources itself.
_NAMES_A_FILE = re.compile(r"\w\.(?:py|pyx|pxi|pxd|h|in)\b")


def place(error: Exception) -> str:
    """A line that says what is wrong, and where: file, line, and the name of the record or function."""
    said = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SyntaxError):
        return f"{_relative(error.filename or '')}, line {error.lineno}: {said}"
    if isinstance(error, ValueError):
        said = str(error)
        if _NAMES_A_FILE.search(said):
            return said
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if ROOT / "fastact" in Path(frame.filename).parents]
    # That of a record which is being made, or else of a formula which is being evaluated.
    making = [frame for frame in ours if frame.name == "<module>"]
    formulas = [frame for frame in ours if Path(frame.filename).parent.name == "functions"]
    at = (making or formulas or ours or frames)[-1]
    path, line = Path(at.filename), at.lineno or 0
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else ():
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        if first <= line <= (node.end_lineno or 0):
            return f"{', '.join([_relative(path), f'line {line}', *_names(node)])}: {said}"
    return f"{_relative(path)}, line {line}: {said}"


def _relative(path: Path | str) -> str:
    path = Path(path)
    return path.relative_to(ROOT).as_posix() if ROOT in path.parents else str(path)


def _names(node: ast.stmt) -> list[str]:
    """What a statement defines, if anything."""
    if isinstance(node, ast.Assign):
        return [ast.unparse(node.targets[0])]
    return [node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else []


def main(arguments: Sequence[str]) -> int:
    """Import a module, and hand the other arguments to its `main`."""
    sys.path[0] = str(ROOT)
    try:
        module = importlib.import_module(arguments[0])
    except Exception as error:
        print(place(error), file=sys.stderr)
        return 2
    status: int = module.main(arguments[1:])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
