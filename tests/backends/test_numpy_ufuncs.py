"""The NumPy backend's own ufuncs do what NumPy's real ones do: what a compiled backend's are the measure of."""

import warnings

import ml_dtypes
import numpy as np
import pytest
from matrix import BACKENDS

import fastact

NUMPY = fastact.backends.load("numpy")
INPUTS = "?bBhHiIlLqQefd"
OUTPUTS = [*INPUTS, *"gFDGO", "M8[s]", "m8[s]", ml_dtypes.bfloat16, ">f8", ">f4", ">i2"]
WHERE = [True, False, None, [True, False, True], [1, 0, 2], "a", np.array(1), np.array([True, False, True])]
pytestmark = pytest.mark.filterwarnings("ignore:'where' used without 'out'")


def outcome(call):
    """What a call gives, or the kind of its error."""
    try:
        return call()
    except (TypeError, ValueError) as error:
        return TypeError if isinstance(error, TypeError) else ValueError


@pytest.mark.skipif(BACKENDS == ("numpy",), reason="needs compiled kernels")
@pytest.mark.filterwarnings("ignore:Casting complex values")  # a real ufunc reads the elements that it leaves, and says so
@pytest.mark.parametrize("char", INPUTS)
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "hard_tanh"])
def test_out_and_where(name, char):
    """Every dtype of `out`, and every way to say where: the same errors, the same elements."""
    x = np.array([1, 0, 3]).astype(char)
    for kind in OUTPUTS:
        for where in WHERE:
            outs = []
            for backend in (NUMPY, fastact.backends.load(BACKENDS[0])):
                out = np.zeros(3, kind)
                result = outcome(lambda out=out, b=backend, where=where: getattr(b, name)(x, out=out, where=where))
                outs.append((result if isinstance(result, type) else result is out, out.tolist()))
            assert outs[0] == outs[1], (kind, where)


@pytest.mark.parametrize("where", WHERE)
def test_where_without_out(backend, where):
    """Elements that are computed; the others are memory never written, as a ufunc's."""
    x = np.array([-1.0, 2.0, 3.0])
    mask = outcome(lambda: np.broadcast_to(np.add(x, 0, where=where) == x, 3) & np.asarray(where, bool))
    result = outcome(lambda: backend.relu(x, where=where))
    if isinstance(mask, type):
        assert result is mask
        return
    assert result.shape == x.shape
    np.testing.assert_array_equal(result[mask], backend.relu(x)[mask])
    assert backend.relu(x, where=np.ones((2, 1), bool)).shape == (2, 3)


@pytest.mark.parametrize("kind", [np.float64, np.int64, np.float32, ">f8"])
def test_left_out_elements_of_wider_types(f, kind):
    """Elements that `where` leaves out keep every bit, whatever the result's own dtype."""
    x = np.array([0, 1, 0, 1], np.int8 if f._entry.keeps_integers else np.float16)
    if kind == np.int64 and f(x).dtype.kind == "f":
        pytest.skip("floats do not go there")
    out = np.array([1000, 1001, 1 / 3, 1e6]).astype(kind)
    before = out.copy()
    assert f(x, out=out, where=[True, False, True, False]) is out
    np.testing.assert_array_equal(out[1::2], before[1::2])
    np.testing.assert_array_equal(out[::2], f(x)[::2].astype(kind))


def test_scalars_of_one_element(f, dtype):
    """Parameters, dy and bias of one element beside longer operands: none is memory never written."""
    for n in (1, 3, 9000):
        x = np.linspace(-3, 3, n)
        if f.info.domain[0] == 0:
            x = 0.5 + x / 8  # within that of logit, too
        x, full = x.astype(dtype), np.full(n, 0.5, dtype)
        np.testing.assert_array_equal(f.backward(full[:1], x)[0], f.backward(full, x)[0])
        defaults = [np.asarray(p.default) for p in f._entry.parameters]
        if not f._entry.learnt_parameters and not f._entry.noise:
            with np.errstate(all="ignore"):
                wanted = f.ufunc(x, *(float(value) for value in defaults)) if dtype.itemsize > 2 else f(x)
            np.testing.assert_array_equal(f(x), wanted)
            assert np.isfinite(f(x).astype(np.float64)).all()


def test_masked_out(backend):
    """A masked `out` gets the mask of the input."""
    x = np.ma.array([-1.0, 2.0, 3.0], mask=[False, True, False])
    out = np.ma.array([7.0, 7.0, 7.0], mask=[False, False, True])
    result = backend.relu(x, out=out)
    assert result.tolist() == [0.0, None, 3.0]


def test_byte_order_of_dtype(backend):
    with pytest.raises(TypeError, match="byte order"):
        backend.relu(np.zeros(3), dtype=">f8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert backend.relu(np.zeros(3, ">f8")).dtype.str[1:] == "f8"
