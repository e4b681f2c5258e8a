"""Cython's part of the build: which texts a source is made of, and one line for what Cython finds wrong in them."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path

from .formulas import FILES

_INCLUDE = re.compile(r"^[ \t]*include[ \t]+[\"']([^\"']+)[\"']", re.MULTILINE)
_FAULT = re.compile(r"^(\S.*?):(\d+):\d+: (.+)$", re.MULTILINE)
_FUNCTION = re.compile(r"^[ \t]*(?:cdef|cpdef|def)\b[^\n=]*?\b(\w+)\(", re.MULTILINE)


def texts(source: Path) -> list[Path]:
    """A source and all that it includes, each once."""
    found = [source]
    for path in found:  # it grows meanwhile
        for name in _INCLUDE.findall(path.read_text(encoding="utf-8")):
            included = source.parent / name
            if included not in found and included.exists():  # Cython complains of what does not exist
                found.append(included)
    return found


def translate(name: str, source: Path, folder: Path | None) -> Path:
    """Translate the source of the module of this name to C: its path, below `folder` or beside the source.

    ValueError says what is wrong in one line.
    """
    from Cython.Build import cythonize
    from Cython.Compiler.Errors import CompileError
    from setuptools import Extension

    told = io.StringIO()
    directives = {"emit_code_comments": False}
    options = {"build_dir": str(folder) if folder else None, "include_path": [os.curdir], "compiler_directives": directives}
    try:
        with contextlib.redirect_stderr(told):
            made = cythonize([Extension(name, [str(source)])], force=True, quiet=True, **options)  # type: ignore[no-untyped-call]
    except CompileError:
        raise ValueError(fault(told.getvalue(), source)) from None
    sys.stderr.write(told.getvalue())
    return Path(made[0].sources[0])


def fault(told: str, source: Path) -> str:
    """The first error that Cython tells of, in one line: file, line, function, message."""
    found = _FAULT.search(told)
    if found is None:
        return f"{source}: Cython can't translate it: {' '.join(told.split())}"
    path, line = source.parent / Path(found[1]).name, int(found[2])
    above = "".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:line]) if path.exists() else ""
    within = _FUNCTION.findall(above)[-1:]
    # formulas are copied as they are: an error is mended where they come from
    shown = f"fastact/backends/native/formulas/{path.name}" if path.name in FILES else path.as_posix()
    return f"{', '.join([shown, f'line {line}', *within])}: {found[3]}"
