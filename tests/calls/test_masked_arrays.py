"""NumPy's masked arrays, one rule for all functions: what is masked takes no part, and is masked in the result.

In a function of rows it is as if a row had only its other elements. An elementwise function masks as NumPy's ufuncs do. The
losses, which give one number, refuse masked arrays.
"""

import itertools

import ml_dtypes
import numpy as np
import pytest
from helpers import normal

import fastact
from fastact.functions import entries, row_functions, units

ROWS = tuple(row_functions)
REDUCING = tuple(name for name, record in row_functions.items() if record.reduces)
MASKED = tuple(name for name, record in row_functions.items() if record.masked)
SHAPE = (4, 5)
HIDDEN = np.array([[0, 1, 0, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]], bool)


def spoilt(array, hidden=HIDDEN):
    """A masked array with NaN where it is masked."""
    array = array.copy()
    array[hidden] = np.nan
    return np.ma.array(array, mask=hidden)


def close(a, b, dtype):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    np.testing.assert_allclose(a, b, rtol=8 * float(ml_dtypes.finfo(dtype).eps), atol=float(ml_dtypes.finfo(dtype).eps))


# ---- functions of rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("axis", [-1, 0, None, (1, 0)])
def test_rows(backend, name, dtype, axis, rng):
    """As for rows of the other elements alone, whatever stands where it is masked."""
    f, reduces = getattr(backend, name), name in REDUCING
    x, dy = normal(rng, (2, *SHAPE), dtype)
    rows = [(slice(None), j) for j in range(5)] if axis == 0 else [(i,) for i in range(4)] if axis == -1 else [()]
    shape = np.empty(SHAPE).sum(axis=axis).shape
    g = rng.normal(size=shape).astype(dtype) if reduces else dy
    masked = spoilt(x)
    y = f(masked, axis=axis)
    assert y.dtype == dtype
    assert isinstance(y, np.ma.MaskedArray if shape or not reduces else np.generic)
    assert (np.ma.getmaskarray(y) == (HIDDEN.all(axis=axis) if reduces else HIDDEN)).all()
    gradients = [f.backward(g, masked, axis=axis)]
    if not reduces:
        saved = np.ma.array(np.asarray(y), mask=HIDDEN)
        saved.data[HIDDEN] = np.nan
        gradients += [
            f.backward(g, y=saved, axis=axis),
            f.backward(spoilt(g), x, axis=axis),
            f.backward(spoilt(g), masked, axis=axis),
        ]
    for dx in gradients:
        assert dx.dtype == dtype
        assert (dx.mask == HIDDEN).all()
    for k, row in enumerate(rows):
        taking = ~HIDDEN[row]
        if not taking.any():
            continue
        alone = x[row][taking]
        own = y if not shape and reduces else y[k] if reduces else y[row][taking]
        close(own, f(alone), dtype)
        of_row = (g if not shape else g[k]) if reduces else g[row][taking]
        for dx in gradients:
            close(dx[row][taking], f.backward(of_row, alone), dtype)


@pytest.mark.parametrize("name", REDUCING)
def test_a_masked_gradient_of_a_row(backend, name):
    f = getattr(backend, name)
    x = np.arange(6.0).reshape(2, 3)
    for keepdims in (False, True):
        dy = np.ma.array([1.0, np.nan], mask=[False, True]).reshape((2, 1) if keepdims else 2)
        dx = f.backward(dy, x, keepdims=keepdims)
        assert dx.mask.tolist() == [[False] * 3, [True] * 3]
        np.testing.assert_array_equal(dx[0], f.backward(1.0, x[0]))


@pytest.mark.parametrize("name", MASKED)
def test_masks_of_both_kinds(backend, name, dtype, rng):
    """mask= leaves out more."""
    f = getattr(backend, name)
    x, g = normal(rng, SHAPE, dtype), normal(rng, SHAPE[:1] if name in REDUCING else SHAPE, dtype)
    taking = rng.random(SHAPE) < 0.7
    added = rng.normal(size=SHAPE).astype(np.float32)
    causal = np.tri(*SHAPE, 1, dtype=bool)
    for mask, both in (
        (taking, taking & ~HIDDEN),
        (added, np.where(HIDDEN, -np.inf, added)),
        ("causal", causal & ~HIDDEN),
        (taking[0], taking[0] & ~HIDDEN),
    ):
        for options in ({}, {"scale": np.full((4, 1), 0.5)}):
            y, plain = f(spoilt(x), mask=mask, **options), f(x, mask=both, **options)
            np.testing.assert_array_equal(y.compressed(), plain[~np.ma.getmaskarray(y)])
            alone = g if name in REDUCING else np.where(HIDDEN, np.array(0, dtype), g)  # an added -inf does not clear its dy
            dx, plain = f.backward(g, spoilt(x), mask=mask, **options), f.backward(alone, x, mask=both, **options)
            np.testing.assert_array_equal(dx.compressed(), plain[~HIDDEN])


@pytest.mark.parametrize("name", ROWS)
def test_outputs_of_rows(backend, name, dtype, rng):
    """`out` must be masked, too, and gets the result's mask."""
    f, reduces = getattr(backend, name), name in REDUCING
    x = normal(rng, SHAPE, dtype)
    g = normal(rng, SHAPE[:1] if reduces else SHAPE, dtype)
    for call in (f, lambda v, **more: f.backward(g, v, **more)):
        wanted = call(spoilt(x))
        out = np.ma.array(np.full(wanted.shape, 7, dtype), mask=True)
        assert call(spoilt(x), out=out) is out
        assert (np.ma.getmaskarray(out) == np.ma.getmaskarray(wanted)).all()
        np.testing.assert_array_equal(out.compressed(), wanted.compressed())
        assert call(x, out=(out,)) is out
        assert not np.ma.getmaskarray(out).any()
        np.testing.assert_array_equal(out.data, np.asarray(call(x)))
        plain = np.full(wanted.shape, 7, dtype)
        with pytest.raises(TypeError, match=rf"{name}.*: out must be a masked array"):
            call(spoilt(x), out=plain)
        assert (plain == 7).all()
        for wrong, kind in ((np.ma.zeros((2, 2), dtype), ValueError), (np.ma.zeros(wanted.shape, int), TypeError)):
            with pytest.raises(kind, match=rf"{name}.*: out has"):
                call(spoilt(x), out=wrong)
    work = spoilt(x)
    if not reduces:
        wanted = f(work)
        assert f(work, out=work) is work
        np.testing.assert_array_equal(work.compressed(), wanted.compressed())


def test_the_winner_of_a_masked_row(backend, dtype):
    x = np.ma.array(np.array([[9, 1, 3, 3], [1, 2, 3, 4], [np.nan, -np.inf, np.nan, -np.inf]], dtype))
    x.mask = [[1, 0, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0]]
    y, index = backend.maxout(x, return_index=True)
    assert y.tolist() == [3, None, -np.inf]
    assert index.tolist() == [2, None, 1]
    assert index.dtype == np.intp
    y, index = backend.maxout(x, axis=None, keepdims=True, return_index=True)
    assert y.tolist() == [[3]]
    assert index.tolist() == [[2]]
    y, index = backend.maxout(x[:2], axis=0, return_index=True)
    assert y.tolist() == [None, 1, 3, 3]
    assert index.tolist() == [None, 0, 0, 0]


def test_masked_rows_without_elements(backend):
    for name in ROWS:
        f = getattr(backend, name)
        assert f(np.ma.ones((0, 3))).shape == ((0,) if name in REDUCING else (0, 3))
        if row_functions[name].of_nothing is not None or name not in REDUCING:
            assert f(np.ma.ones((2, 0))).shape == ((2,) if name in REDUCING else (2, 0))
    with pytest.raises(ValueError, match="maxout: a row of no elements"):
        backend.maxout(np.ma.ones((2, 0)))
    with pytest.raises(TypeError, match="softmax: x has dtype complex128"):
        backend.softmax(np.ma.ones((2, 3), complex))
    with pytest.raises(np.exceptions.AxisError):
        backend.softmax(np.ma.masked)


# ---- elementwise functions --------------------------------------------------------------------------------------------


def elementwise(backend):
    """(what it is, call with masked or plain operands, how many operands)"""
    bias = np.linspace(0.1, 0.5, 5).astype(np.float32)
    for name in entries:
        f = getattr(backend, name)
        yield name, f, 1
        yield f"{name} with a bias", lambda x, f=f: f(x, bias=bias), 1
        yield f"{name}.backward", f.backward, 2
        yield f"{name}.backward with a bias", lambda dy, x, f=f: f.backward(dy, x, bias=bias), 2
        yield f"{name}.value_and_grad", f.value_and_grad, 1
        if f._entry.derivative_from_output is not None:
            yield f"{name}.backward from y", lambda dy, y, f=f: f.backward(dy, y=y), 2
    for name in units:
        f = getattr(backend, name)
        yield name, f, 2
        yield f"{name}.backward", f.backward, 3


def test_elementwise(backend, rng):
    """Masked where an operand is; sums leave it out."""
    plain = [rng.uniform(0.1, 0.4, size=SHAPE).astype(np.float32) for _ in range(3)]  # and the bias: in every domain
    for what, call, count in elementwise(backend):
        operands = plain[:count]
        for places in itertools.product((False, True), repeat=count):
            if not any(places):
                continue
            given = [spoilt(array) if place else array for array, place in zip(operands, places, strict=True)]
            got, wanted = call(*given), call(*operands)
            got, wanted = (value if isinstance(value, tuple) else (value,) for value in (got, wanted))
            for a, b in zip(got, wanted, strict=True):
                if np.shape(b) == SHAPE:
                    assert isinstance(a, np.ma.MaskedArray), what
                    assert (a.mask == HIDDEN).all(), what
                    assert a.dtype == b.dtype, what
                    np.testing.assert_array_equal(a.compressed(), b[~HIDDEN], err_msg=what)
                else:
                    assert np.isfinite(a).all(), what


def test_a_bias_gradient_leaves_out_what_is_masked(backend, rng):
    x, bias = rng.normal(size=SHAPE), rng.normal(size=5)
    dx, dbias = backend.gelu.backward(x, spoilt(x), bias=bias)
    np.testing.assert_allclose(dbias, np.asarray(dx.filled(0)).sum(axis=0), rtol=1e-14)
    dx, dslope = backend.prelu.backward(x, spoilt(x), slope=np.full(5, 0.5))
    wanted = np.where(HIDDEN | (x > 0), 0, x * x).sum(axis=0)
    np.testing.assert_allclose(dslope, wanted, rtol=1e-14)


@pytest.mark.parametrize("name", ["relu", "gelu", "elu", "prelu"])
def test_outputs_of_elementwise_functions(backend, name):
    """A masked `out` has the mask that one of np.exp has."""
    f = getattr(backend, name)
    x = np.linspace(-2, 2, 20).astype(np.float32).reshape(SHAPE)
    for given in (x, spoilt(x)):
        out, like = (np.ma.array(np.zeros_like(x), mask=HIDDEN[::-1]) for _ in range(2))
        assert f(given, out=out) is out
        np.exp(given, out=like)
        assert (np.ma.getmaskarray(out) == np.ma.getmaskarray(like)).all()
        np.testing.assert_array_equal(out.data[~HIDDEN], np.asarray(f(x))[~HIDDEN])


# ---- losses -----------------------------------------------------------------------------------------------------------


def test_losses_refuse(backend, rng):
    x = rng.normal(size=SHAPE).astype(np.float32)
    labels, weight = np.array([0, 1, 2, 3]), np.ones(5)
    calls = []
    for method in ("__call__", "value_and_grad"):
        for targets in (labels, np.abs(x)):
            calls.append(("cross_entropy", method, {"logits": x, "targets": targets, "weight": weight}))
        calls.append(("binary_cross_entropy", method, {"logits": x, "targets": x > 0, "weight": weight, "pos_weight": weight}))
    for name, method, arguments in calls:
        function = getattr(getattr(backend, name), method)
        function(**arguments)
        for which, value in arguments.items():
            for mask in (np.ma.nomask, np.ones(np.shape(value), bool)):
                with pytest.raises(TypeError, match=rf"{name}: {which} is a masked array.*give {which}\.filled"):
                    function(**{**arguments, which: np.ma.array(value, mask=mask)})
        out = np.ma.array(np.full(SHAPE if method == "value_and_grad" else (), np.float32(7)), mask=True)
        with pytest.raises(TypeError, match=rf"{name}: out is a masked array"):
            function(**arguments, out=out)
        assert (out.data == 7).all()


def test_arguments_that_are_no_operands(backend):
    x = np.ones(SHAPE)
    for name in MASKED:
        for argument in ({"mask": np.ma.ones(5, bool)}, {"scale": np.ma.ones((4, 1))}, {"scale": np.ma.array(1.0)}):
            with pytest.raises(TypeError, match=f"{name}: {next(iter(argument))} is a masked array"):
                getattr(backend, name)(x, **argument)
    assert fastact.softmax(np.ma.ones(3)).tolist() == fastact.softmax(np.ones(3)).tolist()
