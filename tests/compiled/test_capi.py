"""The functions for compiled code give what the Python functions give, bit for bit; and what cannot be had is told."""

import ctypes
import functools
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import fastact
from fastact import capi
from fastact.backends.native.exported import EXPORTED, own_parameters

pytestmark = pytest.mark.skipif(fastact.backend() == "numpy", reason="needs compiled kernels")

#: Elements: few, those of a vector and some, and so many that a call becomes a job.
SIZES = (1, 3, 17, 300, 5000)
ELEMENTWISE = [name for name, each in EXPORTED.items() if not each.of_rows]
ROWS = [name for name, each in EXPORTED.items() if each.of_rows]
SHAPES = ((1, 1, 1), (1, 40, 1), (3, 2000, 1), (2, 5, 7), (1, 300, 33))


def function(each):
    return capi.function(each.record.name, each.kind, each.dtype)


def numbers(each, n, seed=0):
    rng = np.random.default_rng([seed, n])
    if each.dtype in ("int64", "uint64"):
        return rng.integers(0 if each.dtype == "uint64" else -20, 20, n, dtype=each.dtype)
    return (rng.standard_normal(n) * rng.choice([1e-3, 1, 30], n)).astype(each.dtype)


def pointer(array):
    return None if array is None else array.ctypes.data


def with_parameters(each):
    """Without any, and with some that are not the defaults, as its keywords."""
    yield {}
    if own_parameters(each.record) and each.dtype in ("float32", "float64"):
        yield {p.name: float(p.default) + 0.25 for p in own_parameters(each.record)}


def call(each, f, arrays, parameters):
    """Call a function of n elements or, element by element, one of a number; the results."""
    given = np.array(list(parameters.values()), each.dtype) if parameters else None
    if each.of_number:
        return (np.array([f(value, pointer(given)) for value in arrays[0].tolist()], each.dtype),)
    results = tuple(np.empty_like(arrays[0]) for _ in each.operands[1])
    f(*map(pointer, [*arrays, *results]), len(arrays[0]), pointer(given))
    return results


def expected(each, arrays, parameters):
    f = fastact.get(each.record.name)
    if each.kind in ("forward", "value"):
        return (f(arrays[0], **parameters),)
    if each.kind == "derivative":
        return (f.value_and_grad(arrays[0], **parameters)[1],)
    if each.kind == "value_and_grad":
        return f.value_and_grad(arrays[0], **parameters)
    dy, other = arrays
    dx = f.backward(dy, y=other, **parameters) if each.kind.endswith("output") else f.backward(dy, other, **parameters)
    return dx[:1] if isinstance(dx, tuple) else (dx,)  # a learnt parameter has a gradient, too


def assert_same(results, wanted):
    for result, want in zip(results, wanted, strict=True):
        assert result.dtype == want.dtype
        assert result.tobytes() == want.tobytes()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    each = EXPORTED[name]
    f = function(each)
    for parameters in with_parameters(each):
        for n in SIZES[: 3 if each.of_number else None]:
            arrays = [numbers(each, n, seed) for seed in range(len(each.operands[0]))]
            assert_same(call(each, f, arrays, parameters), expected(each, arrays, parameters))


@pytest.mark.parametrize("name", ROWS)
def test_rows(name):
    each = EXPORTED[name]
    f, python = function(each), fastact.get(each.record.name)
    for shape in SHAPES:
        x = numbers(each, shape[0] * shape[1] * shape[2]).reshape(shape)
        y = python(x, axis=1)
        if each.kind == "forward":
            result, wanted, inputs = np.empty_like(y), y, [x]
        else:
            dy = numbers(each, y.size, 1).reshape(y.shape)
            result = np.empty_like(x)
            by_output = {"y": y} if each.kind == "backward_from_output" else {"x": x}
            wanted, inputs = python.backward(dy, axis=1, **by_output), [dy, *by_output.values()]
        f(*map(pointer, [*inputs, result]), *shape)
        assert_same([result], [wanted])


def test_rows_without_elements():
    y = np.array([3.0, 4.0])
    capi.function("softmax")(pointer(y), pointer(y), 0, 2, 1)
    capi.function("softmax")(pointer(y), pointer(y), 1, 0, 2)
    assert y.tolist() == [3.0, 4.0]
    capi.function("logsumexp")(None, pointer(y), 1, 0, 2)
    assert y.tolist() == fastact.logsumexp(np.empty((0, 2), np.float64), axis=0).tolist()


@pytest.mark.parametrize("n", [0, -1])
def test_no_elements(n):
    for name in ("relu", "prelu"):
        capi.function(name)(None, None, n, None)


def test_in_place():
    x, dy = np.linspace(-3, 3, 5000), np.linspace(1, 2, 5000)
    wanted = fastact.gelu.backward(dy, x)
    capi.function("gelu", "backward")(pointer(dy), pointer(x), pointer(dy), len(x), None)
    assert_same([dy], [wanted])
    wanted = fastact.softmax(x)
    capi.function("softmax")(pointer(x), pointer(x), 1, len(x), 1)
    assert_same([x], [wanted])


def test_memory_around_is_left_alone():
    for n in (1, 7, 300, 5000):
        y = np.full(n + 2, 7.0, np.float64)
        capi.function("silu")(pointer(np.linspace(-1, 1, n)), pointer(y[1:]), n, None)
        assert y[0] == y[-1] == 7.0


def test_precision_is_fast():
    x = np.linspace(-3, 3, 1000, dtype=np.float32)
    fast, y = fastact.gelu(x), np.empty_like(x)
    with fastact.precision("exact"):
        capi.function("gelu", "forward", "float32")(pointer(x), pointer(y), len(x), None)
        assert (fastact.gelu(x) != fast).any()
    assert_same([y], [fast])


def test_threads_share_large_arrays():
    x = np.linspace(-3, 3, 2_000_000, dtype=np.float32)
    y = np.empty_like(x)
    with fastact.num_threads(2):
        capi.function("mish", "forward", "float32")(pointer(x), pointer(y), len(x), None)
    assert_same([y], [fastact.mish(x)])


def test_drawn_parameters_are_what_stands_in_for_them():
    x = np.linspace(-3, 3, 9)
    assert [capi.function("rrelu", "value")(value, None) for value in x] == fastact.rrelu(x).tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("gellu",), "did you mean 'gelu'"),
        (("swiglu",), "swiglu has no compiled functions"),
        (("gelu", "backwards"), "gelu has no 'backwards'; there are value, derivative, forward, backward, value_and_grad$"),
        (("gelu", "forward", "float16"), "gelu has no 'forward' in 'float16'; there are float32, float64$"),
        (("relu", "forward", "int8"), "there are float32, float64, int64, uint64$"),
        (("logsumexp", "backward_from_output"), "there are forward, backward$"),
    ],
    ids=str,
)
def test_what_there_is_not(given, message):
    with pytest.raises(ValueError, match=message):
        capi.address(*given)


def test_other_names():
    assert capi.address("swish") == capi.address("SiLU") == capi.address("silu")


def test_on_numpy():
    code = "from fastact import capi; capi.address('gelu')"
    for line in (code, "import fastact.cython_api"):
        run = subprocess.run(
            [sys.executable, "-c", f"import os; os.environ['FASTACT_BACKEND'] = 'numpy'; {line}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode
        assert "ImportError: fastact.c" in run.stderr
        assert "the backend in use is 'numpy'" in run.stderr


def test_the_import_leaves_it_out():
    code = "import sys, fastact; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"fastact.capi", "fastact.cython_api", "fastact.backends.native.exported"}.isdisjoint(loaded)


# ---- SciPy, cffi, C -------------------------------------------------------------------------------------------------


def test_scipy_low_level_callable():
    scipy = pytest.importorskip("scipy")
    integrate = pytest.importorskip("scipy.integrate")
    plain = scipy.LowLevelCallable(capi.function("silu", "value"))
    assert integrate.quad(plain, 0, 1) == integrate.quad(fastact.silu, 0, 1)
    beta = ctypes.cast((ctypes.c_double * 1)(2.0), ctypes.c_void_p)
    with_beta = scipy.LowLevelCallable(capi.function("silu", "value"), beta)
    assert integrate.quad(with_beta, 0, 1) == integrate.quad(functools.partial(fastact.silu, beta=2.0), 0, 1)
    from fastact import cython_api

    by_name = scipy.LowLevelCallable.from_cython(cython_api, "silu_value_float64")
    assert integrate.quad(by_name, 0, 1) == integrate.quad(plain, 0, 1)


def test_cffi():
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    gelu = ffi.cast(capi.signature("gelu", "backward", "float32"), capi.address("gelu", "backward", "float32"))
    dy, x = np.ones(9, np.float32), np.linspace(-2, 2, 9, dtype=np.float32)
    dx = np.empty_like(x)
    gelu(*(ffi.from_buffer("float[]", array) for array in (dy, x, dx)), 9, ffi.NULL)
    assert_same([dx], [fastact.gelu.backward(dy, x)])


PROGRAM = """
#include <fastact.h>

static PyObject *run(PyObject *self, PyObject *no_arguments) {
    double x[3] = {-1, 0, 1}, alpha = 0.5;
    fastact_forward_float64 elu = (fastact_forward_float64)fastact_find("elu", "forward", "float64");
    fastact_value_float64 gelu = (fastact_value_float64)fastact_find("gelu", "value", "float64");
    if (elu == NULL || gelu == NULL) return NULL;
    Py_BEGIN_ALLOW_THREADS
    elu(x, x, 3, &alpha);
    x[1] = gelu(x[2], NULL);
    Py_END_ALLOW_THREADS
    return Py_BuildValue("[ddd]", x[0], x[1], x[2]);
}

static PyObject *fail(PyObject *self, PyObject *no_arguments) {
    return fastact_find("elu", "nothing", "float64") == NULL ? NULL : PyLong_FromLong(1);
}

static PyMethodDef methods[] = {{"run", run, METH_NOARGS, ""}, {"fail", fail, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fastact_in_c", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_fastact_in_c(void) { return PyModule_Create(&module); }
"""
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_header(tmp_path, monkeypatch, compiler):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    source = tmp_path / ("fastact_in_c.c" if compiler == "gcc" else "fastact_in_c.cpp")
    source.write_text(PROGRAM)
    include = [f"-I{folder}" for folder in (fastact.get_include(), sysconfig.get_paths()["include"])]
    made = tmp_path / "fastact_in_c.so"
    warnings = ["-Wall", "-Werror", "-Wno-unused-parameter", "-Wno-missing-field-initializers"]
    subprocess.run([compiler, "-shared", "-fPIC", *warnings, *include, str(source), "-o", str(made)], check=True)
    code = "import fastact_in_c as c; print(c.run()); c.fail()"
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    wanted = [float(fastact.elu(-1.0, alpha=0.5)), float(fastact.gelu(1.0)), 1.0]
    assert run.stdout == f"{wanted}\n"
    assert "ValueError: capi: elu has no 'nothing'" in run.stderr


def types(arguments):
    """The types of arguments in C, without their names."""
    return re.sub(r"\b(x|y|d|dy|dx|n|outer|inner|parameters)\b", "", arguments)


def test_header_has_the_types_of_the_functions():
    text = (Path(fastact.get_include()) / "fastact.h").read_text()
    declared = dict(re.findall(r"typedef [^(]*\(\*fastact_(\w+)\)\(\s*([^)]*)\);", text))
    for each in EXPORTED.values():
        kind = {"derivative": "value", "backward_from_output": "backward"}.get(each.kind, each.kind)
        if each.of_rows:
            kind = "rows" if each.kind == "forward" else "rows_backward"
        if each.dtype in ("float32", "float64"):
            assert types(declared[f"{kind}_{each.dtype}"]) == types(each.arguments)
