"""A module of ten lines that cimports `fastact.cython_api` builds against the installed package, and runs without the GIL."""

import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import numpy as np
import pytest

import fastact

pytest.importorskip("Cython")
pytestmark = [
    pytest.mark.skipif(fastact.backend() == "numpy", reason="needs compiled kernels"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler"),
    pytest.mark.skipif(not Path(fastact.__file__).with_name("cython_api.pxd").exists(), reason="not built in place"),
]

MODULE = """\
# cython: language_level=3, boundscheck=False
from fastact.cython_api cimport elu, gelu, gelu_derivative, hard_tanh, silu_backward, silu_forward, softmax_forward

def scalars(double x, float z):
    return gelu(x), gelu(z), elu(x), elu(x, 2), gelu_derivative(x), hard_tanh(z, -0.5, 0.5)

def arrays(double[::1] x, float[::1] z):
    with nogil:
        silu_backward(&x[0], &x[0], &x[0], x.shape[0], 1.5)
        silu_forward(&z[0], &z[0], z.shape[0])
        softmax_forward(&z[0], &z[0], 1, z.shape[0], 1)
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cython")
    source, made = folder / "uses_fastact.pyx", folder / "uses_fastact.c"
    source.write_text(MODULE)
    root = str(Path(fastact.__file__).parents[1])
    subprocess.run([sys.executable, "-m", "cython", "-I", root, str(source), "-o", str(made)], check=True)
    include = f"-I{sysconfig.get_paths()['include']}"
    subprocess.run(["gcc", "-shared", "-fPIC", include, str(made), "-o", str(made.with_suffix(".so"))], check=True)
    sys.path.insert(0, str(folder))
    try:
        import uses_fastact  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(folder))
    return uses_fastact


def test_numbers(module):
    x, z = -0.7, np.float32(1.25)
    found = module.scalars(x, z)
    wanted = [
        fastact.gelu(x),
        fastact.gelu(z),
        fastact.elu(x),
        fastact.elu(x, alpha=2.0),
        fastact.gelu.value_and_grad(x)[1],
        fastact.hard_tanh(z, min=-0.5, max=0.5),
    ]
    assert list(found) == [float(each) for each in wanted]


@pytest.mark.parametrize("n", [1, 33, 20_000])
def test_arrays(module, n):
    x, z = np.linspace(-3, 3, n), np.linspace(-2, 5, n, dtype=np.float32)
    wanted = fastact.silu.backward(x, x, beta=1.5), fastact.softmax(fastact.silu(z))
    module.arrays(x, z)
    np.testing.assert_array_equal(x, wanted[0])
    np.testing.assert_array_equal(z, wanted[1])


def test_on_several_threads(module):
    arrays = [(np.linspace(-3, 3, 50_000), np.linspace(-2, 5, 50_000, dtype=np.float32)) for _ in range(4)]
    threads = [threading.Thread(target=module.arrays, args=each) for each in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for x, z in arrays[1:]:
        np.testing.assert_array_equal(x, arrays[0][0])
        np.testing.assert_array_equal(z, arrays[0][1])


def test_declarations():
    """All functions are declared: with their dtype, and as inline functions of both floats."""
    from fastact.backends.native.exported import EXPORTED

    text = Path(fastact.__file__).with_name("cython_api.pxd").read_text()
    inline = set(re.findall(r"^cdef inline (?:real|void) (\w+)\(", text, re.MULTILINE))
    for each in EXPORTED.values():
        assert f"cdef {each.returns} {each.name}({each.arguments}) noexcept nogil\n" in text
        short = each.record.name if each.kind == "value" else f"{each.record.name}_{each.kind}"
        assert short in inline
