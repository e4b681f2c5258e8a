"""Functions of rows along several axes, with keepdims, with a scale for each row; maxout's index."""

import itertools

import ml_dtypes
import mpmath
import numpy as np
import pytest
from helpers import layouts, normal, same_bits
from matrix import BACKENDS

import fastact
from fastact.functions import row_functions

ALL = tuple(row_functions)
REDUCING = tuple(name for name, record in row_functions.items() if record.reduces)
SCALED = tuple(name for name, record in row_functions.items() if record.masked)
SHAPE = (3, 4, 5)
AXES = (None, (), (0,), (-1,), (0, 1), (1, 0), (0, 2), (-1, 0), (1, 2), (2, 1, 0))


@pytest.fixture(params=ALL)
def name(request):
    return request.param


def numbers(axis, ndim=3):
    return tuple(range(ndim)) if axis is None else tuple(sorted(a % ndim for a in axis))


def to_rows(x, axes):
    """A copy with one row to a line, as it is meant."""
    others = [i for i in range(x.ndim) if i not in axes]
    return x.transpose(*others, *axes).reshape(*(x.shape[i] for i in others), -1).copy()


def from_rows(rows, shape, axes):
    order = [i for i in range(len(shape)) if i not in axes] + list(axes)
    return rows.reshape([shape[i] for i in order]).transpose(np.argsort(order))


def calls(name, scale=None, mask=None):
    """Every way to compute, as functions of the object, x, a dy of the result's shape, and options."""
    options = {key: value for key, value in (("scale", scale), ("mask", mask)) if value is not None}
    yield lambda f, x, dy, **more: f(x, **options, **more)
    yield lambda f, x, dy, **more: f.backward(dy, x, **options, **more)
    if name not in REDUCING:
        yield lambda f, x, dy, **more: f.backward(dy, y=np.abs(x), **options, **more)


def same(a, b):
    same_bits(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("axis", AXES)
def test_several_axes(backend, name, dtype, axis, rng):
    """As one row of all their elements, in C order, whatever the layout; `out` in any layout, too."""
    f, axes = getattr(backend, name), numbers(axis)
    x, dy = normal(rng, (2, *SHAPE), dtype, 3)
    lines, dlines = to_rows(x, axes), to_rows(dy, axes)
    reduces = name in REDUCING
    g = dlines[..., 0].copy() if reduces else dy
    for k, call in enumerate(calls(name)):
        plain = np.asarray(call(f, lines, g if reduces else dlines))
        wanted = plain if reduces and k == 0 else from_rows(plain, SHAPE, axes)
        for a in layouts(x):
            got = call(f, a, g, axis=axis)
            same(got, wanted)
        assert isinstance(got, np.ndarray if wanted.ndim else np.generic)
        if not wanted.ndim:
            out = np.zeros((), dtype)
            assert call(f, x, g, axis=axis, out=out) is out
            same(out, wanted)
            continue
        for out in layouts(np.zeros_like(wanted)):
            if out.flags.writeable:
                assert call(f, x, g, axis=axis, out=out) is out
                same(out.astype(dtype), wanted)


@pytest.mark.parametrize("axis", AXES)
def test_in_place_and_overlap(backend, name, axis, rng):
    f = getattr(backend, name)
    x, dy = rng.normal(size=(2, *SHAPE)).astype(np.float32)
    reduces = name in REDUCING
    g = to_rows(dy, numbers(axis))[..., 0].copy() if reduces else dy
    for k, call in enumerate(calls(name)):
        wanted = np.asarray(call(f, x, g, axis=axis))
        if reduces and k == 0:
            continue
        for order in "CF":
            work = x.copy(order)
            same(call(f, work, g, axis=axis, out=work), wanted)
            if not reduces:
                work = dy.copy(order)
                same(call(f, x, work, axis=axis, out=work), wanted)
        memory = np.zeros((4, 4, 5), np.float32)
        for source, target in ((slice(1, 4), slice(0, 3)), (slice(0, 3), slice(1, 4))):
            memory[source] = x
            same(call(f, memory[source], g, axis=axis, out=memory[target]), wanted)
        work = x.copy()
        same(call(f, work, g, axis=axis, out=work[::-1]), wanted)


def test_axes_as_in_scipy(backend, rng):
    special = pytest.importorskip("scipy.special")
    x = rng.normal(size=SHAPE)
    for axis in (None, 0, 2, -1, (0, 1), (2, 0), (0, 1, 2)):
        for name in ("softmax", "log_softmax", "logsumexp"):
            wanted = getattr(special, name)(x, axis=axis)
            np.testing.assert_allclose(getattr(backend, name)(x, axis=axis), wanted, rtol=1e-13, atol=1e-300)
        wanted = special.logsumexp(x, axis=axis, keepdims=True)
        got = backend.logsumexp(x, axis=axis, keepdims=True)
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=1e-13)
    weights = rng.random(5)
    weights[2] = 0
    with np.errstate(divide="ignore"):
        mask = np.log(weights)
    np.testing.assert_allclose(backend.logsumexp(x, mask=mask), special.logsumexp(x, b=weights, axis=-1), rtol=1e-13)


def test_scalars_and_empty_arrays(backend, name, dtype):
    f, reduces = getattr(backend, name), name in REDUCING
    for axis in (None, ()):
        y = f(np.array(3, dtype), axis=axis)
        assert isinstance(y, np.generic)
        assert y.dtype == dtype
        assert y == (3 if reduces else 0 if name == "log_softmax" else 1)
        dx = f.backward(np.array(1, dtype), np.array(3, dtype), axis=axis)
        assert isinstance(dx, np.generic)
        assert dx == (1 if reduces else 0)
    for shape in ((0, 3), (3, 0), (0,)):
        x = np.empty(shape, dtype)
        if not reduces:
            for axis in (None, (), tuple(range(len(shape)))):
                assert f(x, axis=axis).shape == f.backward(x, x, axis=axis).shape == shape
        elif name == "logsumexp":
            assert f(x, axis=None) == -np.inf
            assert f(x, axis=None, keepdims=True).shape == (1,) * len(shape)
        elif row_functions[name].of_nothing is None:
            with pytest.raises(ValueError, match=f"{name}: a row of no elements"):
                f(x, axis=None)


@pytest.mark.parametrize("name", REDUCING)
@pytest.mark.parametrize("axis", [*AXES, 0, 1, -1])
def test_keepdims(backend, name, dtype, axis, rng):
    f = getattr(backend, name)
    x = normal(rng, SHAPE, dtype, 3)
    y = f(x, axis=axis)
    kept = f(x, axis=axis, keepdims=True)
    shape = np.max(x.astype(np.float64), axis=axis, keepdims=True).shape
    assert kept.shape == shape
    same(kept.reshape(np.shape(y)), y)
    same(f(x, axis=axis, keepdims=np.False_), y)
    for out in (np.zeros(shape, dtype), np.zeros(shape[::-1], dtype).T):
        assert f(x, axis=axis, keepdims=True, out=out) is out
        same(out, kept)
    dx = f.backward(y, x, axis=axis)
    same(f.backward(kept, x, axis=axis, keepdims=True), dx)
    assert f(x[0, 0], keepdims=True).shape == (1,)
    if np.shape(y) != shape:
        with pytest.raises(ValueError, match=rf"{name}\.backward: dy has shape"):
            f.backward(y, x, axis=axis, keepdims=True)
        with pytest.raises(ValueError, match=rf"{name}\.backward: dy has shape"):
            f.backward(kept, x, axis=axis)


# ---- a scale for each row ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((5, 9), 1), ((9, 5), 0), ((3, 40, 4), 1), ((70, 100), 1), ((100, 70), 0), ((2, 3000), 1), (SHAPE, (0, 2))],
)
def test_a_scale_for_each_row(backend, name, dtype, shape, axis, rng):
    """The bits of each row are those of its own scale, forward and backward, in every traversal, with every mask."""
    f = getattr(backend, name)
    axes = axis if isinstance(axis, tuple) else (axis,)
    x, dy = normal(rng, (2, *shape), dtype, 2)
    scales = rng.choice([0.5, 1, -2, 0.3, 0], [1 if i in axes else n for i, n in enumerate(shape)])
    taking = rng.random(shape) < 0.7
    taking |= ~taking.any(axis=axes, keepdims=True)
    masks = [None, taking, np.where(taking, 0.5, -np.inf).astype(np.float32)]
    if axis == len(shape) - 1:
        masks.append("causal")
    for mask in masks:
        for k, call in enumerate(calls(name, scales, mask)):
            g = to_rows(dy, axes)[..., 0].copy() if name in REDUCING else dy
            got = call(f, x, g, axis=axis)
            assert got.dtype == dtype
            same(call(f, np.asfortranarray(x), g, axis=axis), got)
            for value in np.unique(scales):
                (one,) = itertools.islice(calls(name, float(value), mask), k, k + 1)
                wanted = one(f, x, g, axis=axis)
                here = np.broadcast_to(scales == value, shape)
                if wanted.shape != shape:
                    here = here.any(axis=axes)
                np.testing.assert_array_equal(got[here], wanted[here])


@pytest.mark.parametrize("name", SCALED)
def test_scales_broadcast_and_change_no_dtype(backend, name, dtype, rng):
    f = getattr(backend, name)
    x = normal(rng, SHAPE, dtype)
    for scales in (
        np.full((1,), 0.5),
        np.full((1, 1), 0.5, np.float16),
        np.full((4, 1), 0.5, ml_dtypes.bfloat16),
        np.full((3, 1, 1), 0.5, ">f4"),
        np.full((3, 4, 1), 0.5)[::-1],
        [[0.5]],
        [[[0.5]] * 4] * 3,
    ):
        same(f(x, scale=scales), f(x, scale=0.5))
    same(f(x, scale=np.full((3, 4, 1), 2)), f(x, scale=2))
    same(f(x, scale=np.full((1, 1, 1), True)), f(x))
    same(f(x, scale=np.full((1, 1, 1), 0.5), axis=None), f(x, scale=0.5, axis=None))
    assert f(np.empty((0, 3), dtype), scale=np.empty((0, 1))).dtype == dtype
    assert f(x[0, 0], scale=[0.5]).dtype == dtype


# ---- maxout's index ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [*AXES, 0, 1, -1])
def test_the_winner(backend, dtype, axis, rng):
    x = normal(rng, SHAPE, dtype)
    x[0, 1, 2] = x[2, 0, 1] = np.nan
    x[1] = np.round(x[1].astype(np.float64)).astype(dtype)  # ties
    axes = numbers(axis) if axis is None or isinstance(axis, tuple) else (axis % 3,)
    y, index = backend.maxout(x, axis=axis, return_index=True)
    same(y, backend.maxout(x, axis=axis))
    lines = to_rows(x, axes).astype(np.float64)
    np.testing.assert_array_equal(index, lines.argmax(axis=-1))
    assert index.dtype == np.intp
    assert type(index) is (np.ndarray if np.ndim(y) else np.intp)
    kept = backend.maxout(x, axis=axis, keepdims=True, return_index=True)
    assert kept[0].shape == kept[1].shape
    np.testing.assert_array_equal(kept[1].reshape(np.shape(index)), index)
    out = np.zeros_like(np.asarray(y))
    pair = backend.maxout(x, axis=axis, out=out, return_index=True)
    assert pair[0] is out
    np.testing.assert_array_equal(pair[1], index)


def test_the_winner_gets_the_gradient(backend, dtype, rng):
    x, dy = normal(rng, (6, 5), dtype), np.arange(1, 7).astype(dtype)
    _, index = backend.maxout(x, return_index=True)
    dx = backend.maxout.backward(dy, x)
    np.testing.assert_array_equal(dx[np.arange(6), index], dy)
    assert np.count_nonzero(dx) == 6


def test_the_winner_where_out_is_a_part_of_x(backend):
    x = np.array([[1.0, 5, 2], [9, 3, 4]])
    y, index = backend.maxout(x, out=x[:, 0], return_index=True)
    assert y.tolist() == [5, 9]
    assert index.tolist() == [1, 0]


def test_errors_of_the_winner(backend):
    x = np.ones((2, 3))
    for wrong in (1, None, "yes", np.ones(1)):
        with pytest.raises(TypeError, match="maxout: return_index must be True or False"):
            backend.maxout(x, return_index=wrong)
    with pytest.raises(ValueError, match="maxout: a row of no elements"):
        backend.maxout(np.ones((2, 0)), return_index=True)
    y, index = backend.maxout(np.ones((0, 3)), return_index=True)
    assert y.shape == index.shape == (0,)


# ---- integers that float64 does not hold ------------------------------------------------------------------------------


def exact_row(name, z):
    largest = max(z)
    powers = [mpmath.exp(value - largest) for value in z]
    total = mpmath.fsum(powers)
    if name == "logsumexp":
        return largest + mpmath.log(total)
    if name == "log_softmax":
        return [value - largest - mpmath.log(total) for value in z]
    return [power / total for power in powers]


TOP = 2**63
WIDE = (
    (np.int64, [2**53 + 1, 2**53, 2**53 - 5]),
    (np.int64, [TOP - 1, TOP - 2, TOP - 4, -TOP]),
    (np.int64, [-TOP, -TOP + 1, -TOP + 3]),
    (np.int64, [-(2**60) - 1, -(2**60), 2**60 + 3, 2**60 + 1]),
    (np.uint64, [2**64 - 1, 2**64 - 2, 2**64 - 2, 0]),
    (np.uint64, [TOP, TOP + 1, TOP - 1, TOP + 3]),
    (">i8", [2**61 + 1, 2**61, 2**61 - 1]),
)


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize(("kind", "row"), WIDE, ids=str)
def test_integers_beyond_float64(backend, name, kind, row):
    """Differences are taken between integers; the result is that of the exact ones."""
    f = getattr(backend, name)
    n = len(row)
    sign = -1 if name == "softmin" else 1
    x = np.array([row, row[::-1]], kind)
    taking = np.arange(n) != n - 2
    added = np.linspace(-1, 2, n)
    large = np.where(np.arange(n) == 0, -1e30, added)
    options = [
        ({}, 1, None),
        ({"scale": 0.5}, 0.5, None),
        ({"scale": -0.25}, -0.25, None),
        ({"scale": [[0.5], [0.5]]}, 0.5, None),
        ({"mask": taking}, 1, taking),
        ({"mask": added}, 1, added),
        ({"mask": large}, 1, large),
        ({"mask": ("causal", n - 2)}, 1, np.arange(n) < n - 1),
    ]
    with mpmath.workdps(60):
        for keywords, scale, mask in options:
            z = [sign * mpmath.mpf(scale) * mpmath.mpf(int(value)) for value in row]
            if mask is not None and mask.dtype != bool:
                z = [value + mpmath.mpf(float(m)) for value, m in zip(z, mask, strict=True)]
            taken = [i for i in range(n) if mask is None or mask.dtype != bool or mask[i]]
            wanted = exact_row(name, [z[i] for i in taken])
            y = f(x, **keywords)
            assert y.dtype == np.float64
            if name == "logsumexp":
                assert abs(y[0] - wanted) <= 2 * np.spacing(abs(float(wanted)))
                got = f.backward(np.ones(2), x, **keywords)[0]
                wanted = [scale * value for value in exact_row("softmax", [z[i] for i in taken])]
            else:
                got, dy = y[0], np.eye(2, n)
                same(f.backward(dy, x, **keywords), f.backward(dy, y=y, **keywords))
            for a, b in zip(got[taken], wanted, strict=True):
                assert abs(a - b) <= 8 * np.spacing(abs(float(b)))


def test_logsumexp_keeps_what_remains(backend):
    """Where scale*x and mask are large and cancel."""
    x = np.array([2**60 + 3, 2**60 + 1])
    y = backend.logsumexp(x, mask=np.full(2, -(2.0**60)))
    assert y == pytest.approx(3 + np.log1p(np.exp(-2)), rel=1e-15)
    assert backend.logsumexp(x, mask=[False, False]) == -np.inf


@pytest.mark.parametrize(("kind", "row"), WIDE, ids=str)
def test_unmasked_functions_of_such_integers(backend, kind, row):
    x = np.array([row, row[::-1]], kind)
    for axis in (-1, None):
        lines = x.reshape(1, -1) if axis is None else x
        less = np.array([[float(int(v) - max(map(int, line))) for v in line] for line in lines])
        y = backend.sparsemax(x, axis=axis)
        same(y.reshape(less.shape), backend.sparsemax(less))
        assert backend.maxout(x).tolist() == [float(max(row))] * 2
        dy = np.arange(1.0, len(lines) + 1)
        dx = backend.maxout.backward(dy[0] if axis is None else dy, x, axis=axis)
        _, index = backend.maxout(x, axis=axis, return_index=True)
        first = [line.tolist().index(max(line.tolist())) for line in lines]
        assert np.atleast_1d(index).tolist() == first
        assert dx.reshape(lines.shape)[np.arange(len(lines)), first].tolist() == dy.tolist()
        assert np.count_nonzero(dx) == len(lines)


@pytest.mark.parametrize(("kind", "row"), WIDE, ids=str)
def test_cross_entropy_of_such_logits(backend, kind, row):
    n = len(row)
    x, less = np.array([row], kind), np.array([[float(value - max(row)) for value in row]])
    f = backend.cross_entropy
    for targets, options in (
        ([n - 2], {}),
        ([1], {"label_smoothing": 0.1, "weight": np.arange(1.0, n + 1)}),
        (np.full((1, n), 0.3), {}),
    ):
        for got, wanted in zip(f.value_and_grad(x, targets, **options), f.value_and_grad(less, targets, **options), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-14, atol=1e-16)
        assert f(x, targets, **options) == f.value_and_grad(x, targets, **options)[0]


@pytest.mark.parametrize("name", ALL)
def test_no_warning_and_the_same_everywhere(name):
    """Of integers beyond float64 all backends give the same, but for the last digits."""
    x = np.random.default_rng(3).integers(-(2**63), 2**63, (4, 6))
    results = [np.asarray(getattr(fastact.backends.load(other), name)(x)) for other in BACKENDS]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-15)
