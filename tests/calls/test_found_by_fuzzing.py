"""What random calls found: each a kind of fault, over all functions that can have it."""

import contextlib
import itertools

import ml_dtypes
import numpy as np
import pytest

import fastact
from fastact.functions import entries, row_functions, units

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
KEEP_INTEGERS = [name for name, entry in entries.items() if entry.keeps_integers]


@pytest.mark.parametrize("kind", ["int1", "uint1", "float8_e4m3b11fnuz", "float8_e5m2"])
def test_dtypes_whose_character_is_that_of_another(backend, kind):
    """ml_dtypes gives int1 the character of float16, and so on."""
    x = np.ones((3, 4)).astype(getattr(ml_dtypes, kind, ml_dtypes.int4))
    for name in [*entries, *row_functions]:
        f = getattr(backend, name)
        for call in (f, lambda x, f=f: f(x[:, ::2]), lambda x, f=f: f(x.view(np.recarray)), lambda x, f=f: f.backward(x, x)):
            with pytest.raises(TypeError, match=f"{name}.*not supported"):
                call(x)


@pytest.mark.parametrize("kind", ["?", "i1", "u1", "i4"])
def test_an_out_of_bfloat16_does_not_change_later_calls(backend, kind):
    """NumPy chose a loop by such an out, and kept it for calls without."""
    x = np.array([0, 1, 1], kind)
    for name in [*entries, *units]:
        f = getattr(backend, name)
        operands = (x, x) if name in units else (x,)
        wanted = f(*operands)
        out = np.empty(3, BFLOAT16)
        assert f(*operands, out=out) is out
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(out, wanted.astype(BFLOAT16))
        assert f(*operands).dtype == wanted.dtype, name


def test_sums_of_bools_are_bools(backend):
    """No byte but 0 and 1."""
    x, bias = np.array([True, True, False, False]), np.array([True, False, True, False])
    for name in KEEP_INTEGERS:
        try:
            y = getattr(backend, name)(x, bias=bias)
        except ValueError:  # a parameter that is no bool
            continue
        assert y.dtype != bool or y.view(np.uint8).max() <= 1, name
    np.testing.assert_array_equal(backend.relu(x, bias=bias), x | bias)


def test_where_beside_an_out_in_the_memory_of_x(backend):
    """What `where` leaves out stays to the last bit, whatever dtype the loop has."""
    for dtype, wide in itertools.product((np.float16, np.float32), (BFLOAT16, np.float32, np.float64)):
        memory = np.full(64, 1 / 3)
        x = memory.view(dtype)[3:11]
        out, where = memory.view(wide)[:8], np.arange(8) % 2 == 0
        expected = out.copy()
        with np.errstate(all="ignore"):
            expected[where] = backend.tanh(x.copy())[where].astype(wide)
        backend.tanh(x, out=out, where=where)
        np.testing.assert_array_equal(out[~where], expected[~where])
        np.testing.assert_allclose(out[where].astype(float), expected[where].astype(float), rtol=1e-2)


def every_call(f, x):
    yield f, (x,)
    yield f.backward, (x, x)
    if hasattr(f, "value_and_grad"):
        yield f.value_and_grad, (x,)


@pytest.mark.parametrize(
    "x",
    [[1.0, [2.0]], np.array(["a"]), np.ones(3, BFLOAT16) + 0j, 10**400, [10**400]],
    ids=["ragged", "text", "complex", "huge", "list"],
)
def test_errors_of_conversions_name_the_function(backend, x):
    for name in [*entries, *row_functions]:
        for call, operands in every_call(getattr(backend, name), x):
            with pytest.raises((TypeError, ValueError), match=name):
                call(*operands)


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_parameters_beyond_every_float_are_wrong_values(backend, value):
    x = np.ones(3, np.float32)
    for name, entry in entries.items():
        for p in entry.options:
            with pytest.raises(ValueError, match=name):
                getattr(backend, name)(x, **{p.name: value})
    for name in ("softmax", "logsumexp"):
        with pytest.raises(ValueError, match=name):
            getattr(backend, name)(x, scale=value)
    with pytest.raises(ValueError, match="cross_entropy"):
        backend.cross_entropy(x, 0, label_smoothing=value)


@pytest.mark.parametrize("dtype", ["i4", "f4", "O", "M8[s]"])
def test_where_of_a_wrong_dtype(backend, dtype):
    x, out = np.ones(3, np.float32), np.full(3, 7, np.float32)
    for name in entries:
        with pytest.raises(TypeError, match=f"{name}: where has dtype"):
            getattr(backend, name)(x, out=out, where=np.zeros(3, dtype))
    assert (out == 7).all()


def test_an_out_that_cannot_be_cast_has_one_text(backend):
    x, out = np.ones(3, np.float32), np.full(3, 7, np.int8)
    for name in entries:
        f = getattr(backend, name)
        for call in (
            lambda f=f: f(x, out=out),
            lambda f=f: f.backward(x, x, out=out),
            lambda f=f: f.value_and_grad(x, out=(None, out)),
        ):
            with pytest.raises(TypeError, match=rf"{name}.*: out has dtype int8, to which the result's, float32, can't be cast"):
                call()
    assert (out == 7).all()


def test_64_axes(backend):
    x, dy = np.arange(3.0).reshape((1,) * 63 + (3,)), np.ones(3)
    for name in entries:
        f = getattr(backend, name)
        assert f(x, where=np.ones(3, bool), out=np.zeros_like(x)).shape == x.shape
        dx = f.backward(dy, x)
        assert (dx[0] if isinstance(dx, tuple) else dx).shape == x.shape
    assert backend.prelu(x, slope=dy).shape == x.shape
    assert backend.maxout.backward(x[..., 0], x).shape == x.shape
    assert backend.cross_entropy(x, np.zeros(x.shape[:-1], int)) == backend.cross_entropy(np.arange(3.0), 0)


def test_sparsemax_backward_of_what_is_no_output(backend):
    """Only y > 0 takes part, as its documentation says; a NaN stays one."""
    y, dy = np.array([2.0, 0, -3, 1, -np.inf]), np.arange(1.0, 6)
    np.testing.assert_array_equal(backend.sparsemax.backward(dy[:4], y=y[:4]), [-1.5, 0, 0, 1.5])
    assert np.isnan(backend.sparsemax.backward(dy, y=np.array([1, 0, np.nan, 1, 0]))[[0, 2, 3]]).all()


def test_subclasses_of_wrong_dtypes(backend):
    """A ufunc would cast them."""
    for dtype in ("c8", "O", "f16" if np.longdouble is not np.float64 else "c16"):
        x = np.ones((2, 3), dtype).view(np.recarray)
        for name in row_functions:
            with pytest.raises(TypeError, match=name):
                getattr(backend, name)(x)


def test_masked_out_with_subok(backend):
    out = np.ma.MaskedArray(np.zeros(3, np.float32), mask=[0, 1, 0])
    assert backend.relu(np.ones(3, np.float32), out=out, subok=False) is out
    assert fastact.backends.load("numpy").relu(np.ones(3, np.float32), out=out, where=np.ones(3, bool), subok=False) is out


def test_a_huge_integer_slope(backend):
    np.testing.assert_array_equal(backend.prelu(np.array([-1.0, 2]), slope=2**64), [-(2.0**64), 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_no_elements_side_by_side(backend, dtype):
    """Sums of nothing were what the memory held: entmax15's search for its threshold never ended."""
    for seed in range(30):
        used = np.random.default_rng(seed).normal(size=(50, 40)).astype(dtype) * 100
        for name in row_functions:
            getattr(backend, name)(used, axis=0)
        for shape in ((3, 1, 8, 0), (5, 0)):
            x = np.ones(shape, dtype)
            for name, record in row_functions.items():
                if not record.reduces:
                    assert getattr(backend, name)(x).shape == shape
                    assert getattr(backend, name).backward(x, x).shape == shape
            assert backend.entmax15.ufunc(x).shape == shape
            assert backend.sparsemax.ufunc(x).shape == shape
            assert (backend.logsumexp(x) == -np.inf).all()
            assert (backend.logsumexp.ufunc(x, 1.0) == -np.inf).all()


def test_python_integers_beside_unsigned_ones(backend):
    """The result is a float, so they need not fit."""
    for dtype in (np.uint8, np.int8, np.uint64):
        x = np.array(1, dtype)
        for number in (-1, 300):
            for name in entries:
                f = getattr(backend, name)
                if not f._entry.learnt_parameters:
                    np.testing.assert_array_equal(f.backward(number, x), f.backward(float(number), x))
                    np.testing.assert_array_equal(f.backward(x, number), f.backward(x, float(number)))
            for name in units:
                f = getattr(backend, name)
                assert f(number, x) == f(float(number), x)
                assert f(x, number) == f(x, float(number))
                assert f.backward(number, x, x) == f.backward(float(number), x, x)


def test_no_warning_of_wide_integers_in_narrow_results(backend):
    x = np.array([[2**63 - 1, -(2**62), 5]])
    out = np.empty(1, np.float16)
    with np.errstate(all="raise"):
        for f in (backend.maxout, backend.logsumexp):
            assert f(x, out=out) == np.inf
        assert backend.softmax(x, out=np.empty(x.shape, np.float16))[0, 0] == 1


def test_no_warning_of_extreme_weights(backend):
    logits = np.ones((2, 5), np.float32)
    with np.errstate(all="raise"):
        backend.cross_entropy.value_and_grad(logits, np.full((2, 5), 0.2), label_smoothing=5e-324, mask=np.full(5, -0.9))
        weight = np.array([[5e-324], [1e308]])
        loss, dx = backend.binary_cross_entropy.value_and_grad(logits, np.abs(logits), weight=weight, pos_weight=np.full(5, 1.8))
        assert loss == np.inf
        assert not np.isnan(dx).any()


@pytest.mark.parametrize("dtype", ["?", "i1", "u1"])
def test_an_out_of_bfloat16_does_not_change_later_calls_of_ufuncs(backend, dtype):
    x = np.ones(3, dtype)
    for name in [*KEEP_INTEGERS, *units, "gelu", "elu", "prelu", *row_functions]:
        f = getattr(backend, name)
        ufunc = getattr(f, "ufunc", None)
        if not isinstance(ufunc, np.ufunc):
            continue
        arrays = (x,) * (2 if name in units else 1)
        numbers = (1.0,) * (ufunc.nin - len(arrays))
        strided = [np.ones((3, 3, 4), dtype)[:, ::2, ::2]] * len(arrays)
        beside_numbers = [(x, 1), (1, x), (x, 1.0), (1.0, x)] if name in units else []
        for operands in (arrays, *beside_numbers):
            before, of_function = ufunc(*operands, *numbers), f(*strided)
            ufunc(*operands, *numbers, out=np.empty(before.shape, BFLOAT16))
            assert ufunc(*operands, *numbers).dtype == before.dtype, name
            assert f(*strided).dtype == of_function.dtype, name


def test_targets_that_change_the_logits(backend):
    """Retyped, the gradient's place would be one of integers; reshaped, the logits may not have the axis any more."""

    class Changes:
        def __init__(self, change):
            self.change = change

        def __array__(self, dtype=None, copy=None):
            self.change()
            return np.array(2)

    for x_dtype in (np.float32, np.float64):
        for smoothing in (0.0, 0.1):
            for weight in (None, np.ones(4)):
                x, out = np.ones(4, x_dtype), np.ones(4, x_dtype)

                def retype(x=x, out=out):
                    x.dtype = out.dtype = np.int8

                def flatten(x=x, out=out):
                    x.shape = out.shape = (1, 2, 2)

                for change in (retype, flatten):
                    with contextlib.suppress(TypeError, ValueError):
                        backend.cross_entropy.value_and_grad(
                            x, Changes(change), out=out, label_smoothing=smoothing, weight=weight
                        )
                logits = np.ones((4, 3), x_dtype)

                def ravel(logits=logits):
                    logits.shape = (12,)

                with contextlib.suppress(TypeError, ValueError, IndexError):
                    backend.cross_entropy(logits, Changes(ravel), label_smoothing=1.0)


def test_numbers_are_weak_whatever_the_casting(backend):
    for casting in ("no", "equiv", "safe"):
        for name in ("gelu", "hard_tanh", "elu"):
            assert getattr(backend, name)(-0.5, dtype=np.float32, casting=casting).dtype == np.float32


def test_no_warning_of_noise_beside_a_signalling_nan(backend):
    x = np.full(4, 0x7F800001, np.uint32).view(np.float32)
    with np.errstate(all="raise"):
        for f in (backend.gumbel_softmax, lambda x, rng: backend.gumbel_softmax.backward(x, x, rng=rng)):
            assert np.isnan(f(np.ma.MaskedArray(x, [1, 0, 0, 0]), rng=np.random.default_rng(0))[1:].data).all()


def test_no_warning_of_draws_beyond_float32(backend):
    x = np.float32([[-1, 2]])
    with np.errstate(all="raise"):
        y = backend.rrelu(x, lower=1.0, upper=1e39, rng=np.random.default_rng(0))
        assert y[0, 1] == 2
        assert backend.rrelu.backward(x, x, lower=1.0, upper=1e39, rng=np.random.default_rng(0))[0, 1] == 2


def test_sample_weights_in_the_memory_of_out(backend):
    """The gradient was written over them before the loss was multiplied by them."""
    for name in ("cross_entropy", "nll_loss"):
        f = getattr(backend, name)
        for reduction in ("mean", "sum", "none"):
            out = np.full((3, 4), 0.5)
            x, labels = np.linspace(-3, -1, 12).reshape(3, 4), [0, 1, 3]
            loss, dx = f.value_and_grad(x, labels, sample_weight=np.full(3, 0.5), reduction=reduction)
            got, _ = f.value_and_grad(x, labels, sample_weight=out[:, 0], reduction=reduction, out=out)
            np.testing.assert_array_equal(got, loss)
            np.testing.assert_array_equal(out, dx)


def test_python_numbers_are_weak_beside_bfloat16_and_noise(backend):
    """What is drawn is an array of float32, but decides no dtype."""
    for name in ("noisy_relu", "rrelu"):
        f = getattr(backend, name)
        for x in (np.linspace(-3, 3, 8).astype(BFLOAT16), np.ones((4, 4), BFLOAT16)[:, ::2], np.ones((), BFLOAT16)[()]):
            for dy in (4, 4.0, True):
                assert f.backward(dy, x, rng=np.random.default_rng(0)).dtype == BFLOAT16, (name, dy)
            assert f(x, rng=np.random.default_rng(0), casting="same_kind").dtype == BFLOAT16
