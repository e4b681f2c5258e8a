"""Inside Numba's `@njit` functions give the bits that they give in Python; what is not supported there is told in our words."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import fastact
from fastact import functions

numba = pytest.importorskip("numba")
pytestmark = pytest.mark.skipif(fastact.backend() == "numpy", reason="needs compiled kernels")

from fastact import numba_extension  # noqa: E402  # where Numba is there

numba_extension.init()  # as Numba does by its entry point, where the package is installed

njit = numba.njit
gelu, silu, relu, elu, hard_tanh, threshold, softplus = (
    getattr(fastact, name) for name in ("gelu", "silu", "relu", "elu", "hard_tanh", "threshold", "softplus")
)
softmax, logsumexp, log_softmax, swiglu = fastact.softmax, fastact.logsumexp, fastact.log_softmax, fastact.swiglu
ROOT = Path(__file__).parents[2]


def assert_same(found, wanted):
    """The same bits, dtype and shape."""
    if isinstance(wanted, tuple):
        for one, other in zip(found, wanted, strict=True):
            assert_same(one, other)
        return
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(found, wanted)
    assert not wanted.size or (np.signbit(found) == np.signbit(wanted)).all()


def numbers(n=40, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).normal(0, 3, n).astype(dtype)


@pytest.mark.parametrize("name", functions.entries)
def test_every_activation(name):
    """On numbers, which needs little time to compile, and on arrays."""
    f = fastact.activations[name]

    @njit
    def every(x, dy, y, d, dx):
        for i in range(x.size):
            y[i], d[i] = f.value_and_grad(x[i])
            dx[i] = f.backward(dy[i], x[i])
            if y[i] != f(x[i]) and not np.isnan(y[i]):
                raise ValueError("value_and_grad and the call differ")

    for dtype in (np.float64, np.float32):
        x, dy = numbers(dtype=dtype), numbers(dtype=dtype, seed=1)
        y, d, dx = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        every(x, dy, y, d, dx)
        assert_same((y, d), f.value_and_grad(x))
        wanted = f.backward(dy, x)
        assert_same(dx, wanted[0] if isinstance(wanted, tuple) else wanted)


@njit
def silu_of(x):
    return silu(x)


@njit
def silu_beta(x, beta):
    return silu(x, beta=beta)


@njit
def relu_of(x):
    return relu(x)


@njit
def gelu_backward(dy, x):
    return gelu.backward(dy, x)


@njit
def elu_from_output(dy, y):
    return elu.backward(dy, y=y, alpha=0.5)


@njit
def softplus_pair(x):
    return softplus.value_and_grad(x, beta=2.0)


@njit
def silu_into(x, out):
    return silu(x, out=out)


@njit
def softmax_of(x, axis):
    return softmax(x, axis=axis)


@njit
def logsumexp_of(x, axis):
    return logsumexp(x, axis=axis)


ARRAYS = {
    "1-D": numbers(33),
    "float32": numbers(5000, np.float32),
    "2-D": numbers(35).reshape(5, 7),
    "Fortran": np.asfortranarray(numbers(35).reshape(5, 7)),
    "strided": numbers(70).reshape(7, 10)[::2, ::3],
    "reversed": numbers(9)[::-1],
    "3-D": numbers(24).reshape(2, 3, 4).transpose(2, 0, 1),
    "read-only": np.broadcast_to(numbers(4), (3, 4)),
    "misaligned": np.frombuffer(b"\0" + numbers(9).tobytes(), np.uint8)[1:].view(np.float64),
    "empty": np.empty((0, 3), np.float64),
    "integers": np.arange(-5, 5),
    "bool": np.array([True, False]),
    "0-d": np.array(1.5),
    "number": 1.5,
    "int": 3,
}


@pytest.mark.parametrize("x", ARRAYS.values(), ids=ARRAYS)
def test_layouts_and_dtypes(x):
    assert_same(silu_of(x), silu(x))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.bool_])
def test_integers_are_kept_where_python_keeps_them(dtype):
    x = np.arange(5).astype(dtype) if np.dtype(dtype).kind in "ub" else np.arange(-3, 3).astype(dtype)
    assert_same(relu_of(x), relu(x))
    assert relu_of(dtype(1)) == 1


def test_numbers_keep_their_type():
    """Within: what comes out is a number of Python's."""
    assert isinstance(relu_of(-3), int)
    assert silu_of(np.float32(1.5)) == silu(np.float32(1.5))
    silu_of(1)
    results = {signature.args[0]: signature.return_type for signature in silu_of.nopython_signatures}
    assert results[numba.float32] == numba.float32
    assert results[numba.int64] == numba.float64


def test_parameters():
    x = numbers()
    assert_same(silu_beta(x, 2.0), silu(x, beta=2.0))
    assert_same(silu_beta(0.5, 2), silu(0.5, beta=2.0))
    assert_same(softplus_pair(x), softplus.value_and_grad(x, beta=2.0))
    y = elu(x, alpha=0.5)
    assert_same(elu_from_output(x, y), elu.backward(x, y=y, alpha=0.5))

    @njit
    def several(x):
        return hard_tanh(x, min=-0.5), hard_tanh(x, max=0.25, min=-0.75), threshold(x, threshold=0.5, value=9.0)

    assert_same(several(x), (hard_tanh(x, min=-0.5), hard_tanh(x, max=0.25, min=-0.75), threshold(x, threshold=0.5, value=9.0)))


@pytest.mark.parametrize("beta", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("x", [numbers(), 1.0], ids=["array", "number"])
def test_a_parameter_out_of_its_domain(beta, x):
    with pytest.raises(ValueError, match="beta"):
        silu(x, beta=beta)
    with pytest.raises(ValueError, match="silu: beta is out of its domain"):
        silu_beta(x, beta)


def test_parameters_in_the_wrong_order():
    @njit
    def wrong(x):
        return hard_tanh(x, min=2.0, max=1.0)

    with pytest.raises(ValueError, match="hard_tanh: min must not exceed max"):
        wrong(0.5)


def test_backward():
    x, dy = numbers(12).reshape(3, 4), numbers(12, seed=1).reshape(3, 4)
    assert_same(gelu_backward(dy, x), gelu.backward(dy, x))
    assert_same(gelu_backward(np.asfortranarray(dy), x), gelu.backward(dy, x))
    assert_same(gelu_backward(dy.astype(np.float32), x), gelu.backward(dy.astype(np.float32), x))
    with pytest.raises(ValueError, match=r"gelu.backward: dy has another shape than the result"):
        gelu_backward(dy.T.copy(), x)


def test_backward_of_a_number():
    x = numbers(12, np.float32)
    assert_same(gelu_backward(2.0, x), gelu.backward(2.0, x))
    assert gelu_backward(2.0, 0.5) == gelu.backward(2.0, 0.5)


def test_out():
    x = numbers(40).reshape(5, 8)
    for out in (np.empty_like(x), np.empty((5, 8), np.float64, order="F"), np.empty((10, 8), np.float64)[::2], x.copy()):
        assert silu_into(x, out) is out or np.shares_memory(silu_into(x, out), out)
        assert_same(out, silu(x))
    in_place = x.copy()
    silu_into(in_place, in_place)
    assert_same(in_place, silu(x))
    with pytest.raises(ValueError, match="silu: out has another shape"):
        silu_into(x, np.empty((8, 5), np.float64))


@pytest.mark.parametrize("shift", [1, 3])
def test_out_overlaps_in_part(shift):
    for first, second in ((slice(None, -shift), slice(shift, None)), (slice(shift, None), slice(None, -shift))):
        memory, other = numbers(100), numbers(100)
        silu_into(memory[first], memory[second])
        silu(other[first], out=other[second])
        assert_same(memory, other)


def test_out_of_several():
    @njit
    def pair(x, y, d):
        gelu.value_and_grad(x, out=(y, d))

    @njit
    def gradient(dy, x, out):
        return gelu.backward(dy, x, out=out)

    x, dy = numbers(), numbers(seed=1)
    y, d = np.empty_like(x), np.empty_like(x)
    pair(x, y, d)
    assert_same((y, d), gelu.value_and_grad(x))
    in_place = x.copy()
    pair(in_place, in_place, d)
    assert_same((in_place, d), (y, d))
    with pytest.raises(ValueError, match="share memory"):
        pair(x, y, y)
    wanted = gelu.backward(dy, x)
    gradient(dy, x, dy)
    assert_same(dy, wanted)


@njit
def softmax_gradients(dy, x, y, axis):
    return softmax.backward(dy, x, axis=axis), softmax.backward(dy, y=y, axis=axis)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_rows(axis):
    x, dy = numbers(35).reshape(5, 7), numbers(35, seed=1).reshape(5, 7)
    y = softmax(x, axis=axis)
    assert_same(softmax_gradients(dy, x, y, axis), (softmax.backward(dy, x, axis=axis),) * 2)
    for x in (numbers(35).reshape(5, 7), numbers(70, np.float32).reshape(7, 10)[:, ::2], np.arange(6).reshape(2, 3)):
        assert_same(softmax_of(x, axis), softmax(x, axis=axis))
        assert_same(logsumexp_of(x, axis), logsumexp(x, axis=axis))


def test_one_row():
    @njit
    def by_default(x):
        return softmax(x), log_softmax(x), logsumexp(x), logsumexp.backward(2.0, x)

    x = numbers()
    assert_same(by_default(x), (softmax(x), log_softmax(x), logsumexp(x), logsumexp.backward(2.0, x)))


def test_rows_of_several_dimensions():
    x = numbers(120).reshape(2, 3, 4, 5)
    for axis in range(-4, 4):
        assert_same(softmax_of(x, axis), softmax(x, axis=axis))
        assert_same(logsumexp_of(x, axis), logsumexp(x, axis=axis))
    for axis in (4, -5):
        with pytest.raises(ValueError, match="softmax: axis is out of bounds"):
            softmax_of(x, axis)


def test_rows_with_out():
    @njit
    def into(x, out):
        return softmax(x, out=out)

    @njit
    def gradient(dy, x, out):
        return softmax.backward(dy, x, out=out)

    x, dy = numbers(35).reshape(5, 7), numbers(35, seed=1).reshape(5, 7)
    wanted, y = softmax.backward(dy, x), softmax(x)
    for out in (np.empty_like(x), x.copy(), dy.copy()):
        assert_same(gradient(dy, x, out), wanted)
    in_the_place_of_dy = dy.copy()
    gradient(in_the_place_of_dy, x, in_the_place_of_dy)
    assert_same(in_the_place_of_dy, wanted)
    into(x, x)
    assert_same(x, y)


def test_as_an_argument_and_by_the_module():
    @njit
    def apply(f, x):
        return f(x)

    @njit
    def by_module(x):
        return fastact.mish(x) + fastact.tanh.derivative(x)

    x = numbers()
    assert_same(apply(gelu, x), gelu(x))
    assert_same(apply(relu, x), relu(x))
    assert_same(by_module(x), fastact.mish(x) + fastact.tanh.value_and_grad(x)[1])


def test_in_parallel_and_without_the_gil():
    @numba.njit(parallel=True, nogil=True)
    def rows(x):
        y = np.empty_like(x)
        for i in numba.prange(x.shape[0]):
            y[i] = softmax(silu(x[i]))
        return y

    x = numbers(4000).reshape(40, 100)
    assert_same(rows(x), softmax(silu(x)))


def test_scipy_callback():
    """A compiled callback of SciPy's that calls an activation."""
    scipy = pytest.importorskip("scipy")
    ndimage = pytest.importorskip("scipy.ndimage")
    types = numba.types

    @numba.cfunc(types.intc(types.CPointer(types.float64), types.intp, types.CPointer(types.float64), types.voidptr))
    def mean_of_gelu(values, n, result, data):
        total = 0.0
        for i in range(n):
            total += gelu(values[i])
        result[0] = total / n
        return 1

    image = numbers(64).reshape(8, 8)
    callback = scipy.LowLevelCallable(mean_of_gelu.ctypes)
    wanted = ndimage.generic_filter(image, lambda values: gelu(values).sum() / values.size, size=3)
    np.testing.assert_allclose(ndimage.generic_filter(image, callback, size=3), wanted, rtol=1e-13)


def test_flags_stay():
    """NumPy looks at them after the loop of a ufunc that Numba makes."""

    @numba.vectorize(["float64(float64)"])
    def of_one(x):
        return gelu(x)

    with np.errstate(all="raise"):
        x = np.array([-1e300, -40.0, 1e-310, 1e300])
        assert_same(of_one(x), gelu(x))


# ---- what is not supported --------------------------------------------------------------------------------------------


def where(x):
    return silu(x, where=x > 0)


def dtype(x):
    return silu(x, dtype=np.float32)


def bias(x):
    return silu(x, bias=x)


def misspelt(x):
    return silu(x, bata=1.0)


def by_position(x):
    return silu(x, x)


def array_parameter(x):
    return silu(x, beta=x)


def scale(x):
    return softmax(x, scale=2.0)


def axes(x):
    return softmax(x, axis=(0, 1))


def no_output_derivative(x):
    return silu.backward(x, y=x)


def both(x):
    return elu.backward(x, x, y=x)


def neither(x):
    return elu.backward(x)


def gated(x):
    return swiglu(x, x)


def narrow_out(x):
    return silu(x, out=x.astype(np.float32))


def row_of_dy(x):
    return silu.backward(x[0], x)


def complex_numbers(x):
    return silu(x * 1j)


def whole_with_parameter(x):
    return hard_tanh(x.astype(np.int64), min=-2, max=2)


own = fastact.define("x * tanh(x)", name="own")
other_backend = fastact.backends.load("numpy").silu
exact = fastact.backends.current().exact.silu


def defined(x):
    return own(x)


def of_another_backend(x):
    return other_backend(x)


def with_exact_results(x):
    return exact(x)


UNSUPPORTED = {
    where: "silu: compiled code takes no where= here; it takes out=, beta=. Calls with other options stay outside",
    dtype: "silu: compiled code takes no dtype= here",
    bias: "silu: compiled code takes no bias= here",
    misspelt: "silu: compiled code takes no bata= here; it takes out=, beta=",
    by_position: "silu: by position go the operands alone, x; all else is a keyword",
    array_parameter: "silu: beta must be a number in compiled code, not array",
    scale: "softmax: compiled code takes no scale= here; it takes out=, axis=",
    axes: "softmax: axis must be one number in compiled code",
    no_output_derivative: "silu.backward: the derivative can't be had from the output y; give x",
    both: "elu.backward: takes the input x or the output y=, one of them",
    neither: "elu.backward: takes the input x or the output y=, one of them",
    gated: "swiglu: compiled code has the elementwise activations, and functions of rows such as softmax",
    narrow_out: "silu: the result is array",
    row_of_dy: "silu.backward: dy must be a number or have the shape of the result: 2 dimensions, not 1",
    complex_numbers: "silu: compiled code takes numbers and arrays of float32, float64, integers and bool; x is array(complex128",
    whole_with_parameter: "hard_tanh: of integers compiled code takes no parameters; convert x to float64",
    defined: "own: compiled code has no activations of fastact.define; write its formula as an @njit function, of others",
    of_another_backend: "silu: compiled code has the functions of <fastact backend",
    with_exact_results: "in the mode 'fast', not those of <fastact",
}


@pytest.mark.parametrize("function", UNSUPPORTED, ids=lambda function: function.__name__)
def test_what_is_not_supported_is_told(function):
    with pytest.raises(numba.core.errors.TypingError) as told:
        njit(function)(numbers(6).reshape(2, 3))
    assert UNSUPPORTED[function] in str(told.value)


# ---- processes -------------------------------------------------------------------------------------------------------

CACHED = """
import sys
import numba, numpy as np
from fastact import gelu, numba_extension
{init}

@numba.njit(cache=True)
def f(x):
    return gelu(x[0]), gelu(x)

x = np.array([1.0, -2.0])
one, all_ = f(x)
assert one == gelu(1.0) and (all_ == gelu(x)).all()
print(sum(f.stats.cache_hits.values()))
"""


def run(code, folder, *before, **environment):
    path = folder / "program.py"
    if not path.exists():  # Numba caches for a file of a certain date
        path.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(folder / "cache"), **environment}
    found = subprocess.run([*before, sys.executable, str(path)], env=environment, capture_output=True, text=True, check=False)
    return found.stdout, found.stderr


def test_what_is_cached_holds_no_address(tmp_path):
    """In another process the functions are elsewhere: the second program takes the first one's machine code."""
    code = CACHED.format(init="numba_extension.init()")
    assert run(code, tmp_path) == ("0\n", "")
    assert run(code, tmp_path) == ("1\n", "")


def test_nothing_has_to_be_imported(tmp_path):
    """Numba finds the functions by the entry point of the installed package."""
    if "fastact.numba_extension:init" not in {each.value for each in metadata.entry_points(group="numba_extensions")}:
        pytest.skip("the package is not installed")
    assert run(CACHED.format(init="").replace(", numba_extension", ""), tmp_path) == ("0\n", "")


def test_on_numpy(tmp_path):
    code = CACHED.format(init="numba_extension.init()")
    _, told = run(code, tmp_path, FASTACT_BACKEND="numpy")
    assert "gelu: compiled code needs compiled kernels, and the backend in use is 'numpy'" in told
