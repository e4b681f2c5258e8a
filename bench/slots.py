"""What it saves to call an object through a field instead of a `__call__`: the table of docs/decisions/7-vectorcall.md.

    python bench/slots.py

Needs a source tree, Cython and a C compiler. Each class only reads its arguments; the fastest of 15 runs counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
NATIVE = ROOT / "fastact" / "backends" / "native"

#: The first includes the engine's own text, so that it is called as fastact's objects are.
SOURCE = """# cython: language_level=3
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.stdint cimport uintptr_t
from libc.string cimport memcpy
cimport cython
cimport numpy as cnp
from fastact.backends.native.engine.arguments cimport *
cnp.import_array()
include "vectorcall.pxi"

cdef str BIAS = "bias"

cdef object read_arguments(object self, PyObject* const* args, size_t nargsf, PyObject* names):
    cdef Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), i
    cdef PyObject* out = Py_None
    cdef PyObject* bias = Py_None
    if names != NULL:
        for i in range(PyTuple_GET_SIZE(names)):
            if PyTuple_GET_ITEM(names, i) == <PyObject*> OUT:
                out = args[nargs + i]
            elif PyTuple_GET_ITEM(names, i) == <PyObject*> BIAS:
                bias = args[nargs + i]
    return <object> args[0]

cdef class Field(Vectorcall):
    def __cinit__(self):
        self.vectorcall = <void*> read_arguments

vectorcall(Field)

cdef class Method:
    def __call__(self, x, out=None, *, where=True, dtype=None, bias=None, **params):
        return x
"""

SETUP = """
from setuptools import Extension, setup
from Cython.Build import cythonize
extension = Extension("slots", ["slots.pyx"], include_dirs={folders!r}, extra_compile_args={flags!r})
setup(ext_modules=cythonize([extension], include_path={paths!r}, quiet=True))
"""


class Python:
    def __call__(self, x, out=None, *, where=True, dtype=None, bias=None, **params):
        return x


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(ROOT), str(NATIVE / "engine")]
        folders = [*paths, str(ROOT / "fastact" / "runtime"), np.get_include()]
        flags = [] if sys.platform == "win32" else ["-O2", "-Wno-unused-function"]
        (Path(folder) / "slots.pyx").write_text(SOURCE)
        (Path(folder) / "setup.py").write_text(SETUP.format(folders=folders, paths=paths, flags=flags))
        build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        subprocess.run(build, cwd=folder, check=True)
        sys.path.insert(0, folder)
        import slots

        print(f"{'nanoseconds a call':32}{'f(x)':>8}{'f(x, out=y)':>14}{'f(x, bias=b)':>14}")
        objects = {
            "through the field": slots.Field(),
            "__call__ of a Cython class": slots.Method(),
            "__call__ of a Python class": Python(),
        }
        for name, f in objects.items():
            names = {"f": f, "x": np.ones(16), "y": np.ones(16)}
            timers = [timeit.Timer(call, globals=names) for call in ("f(x)", "f(x, out=y)", "f(x, bias=y)")]
            least = [min(timer.repeat(15, 100_000)) * 1e4 for timer in timers]
            print(f"{name:32}{least[0]:8.0f}{least[1]:14.0f}{least[2]:14.0f}")


if __name__ == "__main__":
    main()
