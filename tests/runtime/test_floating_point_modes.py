"""The caller's floating-point mode changes no bit, wherever an element stands and whoever computes it, and stays as it was."""

import contextlib
import ctypes
import importlib
import platform
import sys

import ml_dtypes
import numpy as np
import pytest
from matrix import ACTIVATIONS, BACKENDS, FLOATS

import fastact

COMPILED = [name for name in BACKENDS if name != "numpy"]
pytestmark = pytest.mark.skipif(
    not COMPILED or not sys.platform.startswith("linux") or platform.machine() != "x86_64",
    reason="sets the mode through the C library of Linux on x86-64",
)
#: Bits of MXCSR.
MODES = {"flush": 0x8000, "denormals are zero": 0x40, "both": 0x8040, "down": 0x2000, "up": 0x4000, "to zero": 0x6000}
CONTROL = 28  # where the environment of the C library has MXCSR


@contextlib.contextmanager
def mode(bits):
    """Have these bits set in this thread."""
    library, before = ctypes.CDLL("libm.so.6"), ctypes.create_string_buffer(64)
    library.fegetenv(before)
    changed = ctypes.create_string_buffer(before.raw, 64)
    word = ctypes.c_uint32.from_buffer(changed, CONTROL)
    word.value |= bits
    library.fesetenv(changed)
    try:
        yield
        after = ctypes.create_string_buffer(64)
        library.fegetenv(after)
        assert ctypes.c_uint32.from_buffer(after, CONTROL).value & 0xFFC0 == word.value & 0xFFC0
    finally:
        library.fesetenv(before)


def inputs(dtype):
    """Numbers of all sizes, subnormal ones too, in every place of a vector."""
    bits = np.random.default_rng(3).integers(0, 2 ** (8 * dtype.itemsize - 1), 8007, dtype=np.uint64)
    x = bits.astype(f"u{dtype.itemsize}").view(dtype)
    with np.errstate(all="ignore"):
        x[1::2] = np.ldexp(np.float64(1.3), -np.arange(4003) % 170).astype(dtype)
        x[::3] = -x[::3]
        return x[np.isfinite(x.astype(np.float32))][:2000]


def calls(backend, dtype):
    """Calls, and whether they have rounded numbers besides the arrays: Python and NumPy round those, in the caller's mode."""
    x = inputs(dtype)
    rows, wide = x.reshape(-1, 100), x.reshape(-1, 50).T
    for name in ACTIVATIONS:
        f = getattr(backend, name)
        rounded = any(float(np.float32(value)) != value for value in f.params.values())
        yield lambda f=f: f(x), rounded
        yield lambda f=f: f(wide), rounded
        yield lambda f=f: f(x[:9]), rounded
        yield lambda f=f: f(x[0]), rounded
        yield lambda f=f: f.backward(x, x[::-1].copy()), rounded
        yield lambda f=f: f.value_and_grad(x[::2]), rounded
        yield lambda f=f: f(rows, bias=rows[0]), rounded
        yield lambda f=f: f.backward(rows, rows, bias=rows[0]), rounded
    for name in ("softmax", "log_softmax", "logsumexp", "sparsemax", "maxout"):
        f = getattr(backend, name)
        yield lambda f=f: f(rows), False
        yield lambda f=f: f(rows, axis=0), False
    yield lambda: backend.swiglu(rows, rows[::-1]), False
    yield lambda: backend.swiglu.backward(rows, rows, rows[::-1].copy()), False
    yield lambda: backend.cross_entropy.value_and_grad(rows, np.arange(len(rows))), True
    yield lambda: backend.cross_entropy.value_and_grad(rows, np.arange(len(rows)), weight=np.ones(100)), True
    yield lambda: backend.binary_cross_entropy.value_and_grad(rows, rows), True
    yield lambda: backend.elu(x, alpha=0.1), False
    yield lambda: backend.leaky_relu(x, negative_slope=0.3), False


@pytest.fixture(params=[1, 3])
def threads(request):
    """That even small arrays are shared out to."""
    elementwise = importlib.import_module("fastact.backends.native.engine.elementwise")
    rows = importlib.import_module("fastact.backends.native.engine.rows")
    sizes, grain = elementwise._set_sizes(1000, 1 << 50), rows._set_grain(500)
    with fastact.num_threads(request.param):
        yield
    elementwise._set_sizes(*sizes)
    rows._set_grain(grain)


def bits(results):
    return [np.asarray(y).tobytes() for y in (results if isinstance(results, tuple) else (results,))]


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("instruction_set", COMPILED)
def test_modes_change_no_bit(instruction_set, dtype, threads):
    backend = fastact.backends.load(instruction_set)
    for k, (call, rounded) in enumerate(calls(backend, np.dtype(dtype))):
        expected = bits(call())
        for name, word in MODES.items():
            if rounded and word & MODES["to zero"]:
                continue
            with mode(word):
                given = call()
            assert bits(given) == expected, (k, name)


def test_what_was_reported():
    for name in COMPILED:
        backend = fastact.backends.load(name)
        x = np.full(19, 6e-6, np.float16)
        with mode(MODES["denormals are zero"]):
            assert (backend.relu(x).view(np.uint16) == x.view(np.uint16)).all()
            assert (backend.relu(x.astype(ml_dtypes.bfloat16)) > 0).all()
        with mode(MODES["down"]):
            assert backend.sinc(np.full(3, 1e-30)).tolist() == [1.0] * 3


def test_traps_stay_away():
    """A program that wants a signal for each invalid operation gets none for what kernels compute on the side."""
    for name in COMPILED:
        library, before = ctypes.CDLL("libm.so.6"), ctypes.create_string_buffer(64)
        library.fegetenv(before)
        x = np.float32([-np.inf, np.nan, -1, 0, 1e-45, 1e38, np.inf] * 30)
        calls = [getattr(fastact.backends.load(name), f) for f in ("gelu", "mish", "exponential", "softmax", "logsumexp")]
        expected = [bits(call(x)) for call in calls]
        changed = ctypes.create_string_buffer(before.raw, 64)
        ctypes.c_uint32.from_buffer(changed, CONTROL).value &= ~0x1F80 & 0xFFFFFFFF
        results = []
        for call in calls:
            library.fesetenv(changed)
            results.append(call(x))
            library.fesetenv(before)
        assert [bits(result) for result in results] == expected
