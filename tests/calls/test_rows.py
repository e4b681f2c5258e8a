"""Softmax and its family, sparsemax and maxout: every option, axis, layout and edge, on every backend and dtype."""

import copy
import inspect
import itertools
import pickle

import ml_dtypes
import mpmath
import numpy as np
import pytest
from helpers import layouts, normal, peak

import fastact
from fastact import functions
from fastact.backends.native.formulas.rows import FUNCTIONS as PROGRAMS
from fastact.backends.numpy.rounding import rounded
from fastact.backends.numpy.rows import _ARITHMETIC as ARITHMETIC
from fastact.tools import reference

INF, NAN = np.inf, np.nan
FAMILY = ("softmax", "log_softmax", "softmin")
ALL = tuple(functions.row_functions)
REDUCING = tuple(name for name, record in functions.row_functions.items() if record.reduces)
SCALED = tuple(name for name, record in functions.row_functions.items() if record.masked)
UNMASKED = tuple(name for name, record in functions.row_functions.items() if not record.masked)
#: Of these an element of -inf takes no part, as a masked array's masked ones; of infinity they give NaN or infinity.
OF_THE_LARGEST = (*FAMILY, "logsumexp", "sparsemax", "entmax15", "maxout")
MASKS = ("none", "bool", "additive", "-inf", "causal")
MORE_DIGITS = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
SIZES = (1, 2, 3, 5, 7, 8, 10, 16, 31, 64, 100, 333)


@pytest.fixture(params=ALL)
def name(request):
    return request.param


def computed(dtype):
    return np.dtype(np.float32 if np.dtype(dtype).itemsize < 8 else np.float64)


def triangle(queries, keys, offset=None):
    """The causal mask: the last query sees the last key."""
    return np.tri(queries, keys, keys - queries if offset is None else offset, dtype=bool)


def logits(x, scale=1.0, mask=None, axis=-1):
    """scale*x + mask as it is rounded before the exponential, in float64, with the axis last."""
    with np.errstate(all="ignore"):
        kind = computed(x.dtype)
        z = x.astype(np.float64) * float(kind.type(scale))
        if isinstance(mask, str):
            z = np.where(triangle(*x.shape[-2:]), z, -INF)
        elif mask is not None and mask.dtype == bool:
            z = np.where(mask, z, -INF)
        elif mask is not None:
            z = z + mask.astype(kind).astype(np.float64)
        return np.moveaxis(z.astype(kind).astype(np.float64), axis, -1)


def exact(name, z, wide):
    """The textbook's result for rows z: in float64, or as mpmath's numbers if `wide`."""
    if not wide:
        with np.errstate(all="ignore"):
            z = z.astype(np.longdouble)
            shifted = z - z.max(axis=-1, keepdims=True)
            e = np.exp(shifted)
            at = shifted.argmax(axis=-1, keepdims=True)
            others = np.where(np.arange(z.shape[-1]) == at, 0, e).sum(axis=-1, keepdims=True)
            if name == "logsumexp":
                return (z.max(axis=-1, keepdims=True) + np.log1p(others))[..., 0].astype(np.float64)
            return (shifted - np.log1p(others) if name == "log_softmax" else e / (1 + others)).astype(np.float64)
    results = []
    with mpmath.workdps(400):  # where one element dominates, as many digits are lost in 1 + e^-800
        for row in z.reshape(-1, z.shape[-1]):
            powers = [mpmath.exp(mpmath.mpf(float(value))) for value in row]
            total = mpmath.fsum(powers)
            if name == "logsumexp":
                results.append(mpmath.log(total))
            elif name == "log_softmax":
                log = mpmath.log(total)
                results.extend(mpmath.mpf(float(value)) - log for value in row)
            else:
                results.extend(power / total for power in powers)
    return results


def error(got, wanted, sizes=None):
    """The largest error in units in the last place."""
    if isinstance(wanted, list):
        return reference.ulp_errors(np.ravel(got), wanted, None if sizes is None else np.ravel(sizes).tolist()).max(initial=0)
    return reference.ulp_errors(np.asarray(got), wanted, sizes).max(initial=0)


def inputs(kind, shape, dtype, rng):
    largest = float(ml_dtypes.finfo(dtype).max)
    x = rng.normal(size=shape)
    if kind == "wide":
        x = rng.uniform(-100, 100, shape)
    elif kind == "huge":
        x *= min(1e4, largest / 8)
    elif kind == "extreme":
        x *= min(1e30, largest / 8)
    elif kind == "tiny":
        x *= 1e-30
    elif kind == "far":
        x = x + min(1e4, largest / 8)
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def mask_of(kind, shape, rng, axis=-1, dtype=np.float64):
    """A mask of this kind that leaves something of every row."""
    if kind in ("none", "causal"):
        return None if kind == "none" else "causal"
    taking = rng.random(shape) < 0.6
    np.moveaxis(taking, axis, -1)[..., 0] = True
    if kind == "bool":
        return taking
    additive = rng.normal(size=shape)
    return (additive if kind == "additive" else np.where(taking, additive, -INF)).astype(dtype)


def same(a, b):
    """The same bits, NaN apart."""
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    with np.errstate(all="ignore"):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


# Accuracy.


@pytest.mark.parametrize("kind", ["normal", "wide", "huge", "extreme", "tiny", "far"])
@pytest.mark.parametrize("name", [*FAMILY, "logsumexp"])
def test_accuracy(backend, name, dtype, kind, rng):
    f = getattr(backend, name)
    wide = dtype == np.float64
    for n in SIZES[:8] if wide else SIZES:
        x = inputs(kind, (2 if wide else 5, n), dtype, rng)
        z = logits(x, -1.0 if name == "softmin" else 1.0)
        y = f(x)
        assert y.dtype == dtype
        sizes = None
        if name == "logsumexp":  # max + log1p(others) may cancel
            sizes = np.maximum(np.abs(z.max(axis=-1)), np.log(n))
        assert error(y, exact(name, z, wide), sizes) <= 4, n


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("scale", [1.0, 0.125, -2.0, 0.3])
def test_accuracy_with_scale_and_mask(backend, dtype, mask, scale, rng):
    x = normal(rng, (5, 40), dtype, 4)
    m = mask_of(mask, x.shape, rng, dtype=computed(dtype))
    z = logits(x, scale, m)
    # What is rounded before the exponential may be rounded once or twice: one ULP of z, or of what was added up to it.
    slack = 0.0
    if scale == 0.3 or mask in ("additive", "-inf"):
        slack = 2 * np.abs(np.where(np.isfinite(z), z, 0)).max() if dtype.itemsize > 2 else 1
    for name in ("softmax", "log_softmax", "logsumexp"):
        y = getattr(backend, name)(x, scale=scale, mask=m)
        wanted = exact(name, z, False)
        sizes = np.abs(z).max(where=np.isfinite(z), initial=0) if name == "logsumexp" else None
        if name == "log_softmax":
            sizes = np.maximum(np.where(np.isfinite(wanted), np.abs(wanted), 0), 1.0)
        sizes = wanted if sizes is None else np.broadcast_to(sizes, wanted.shape)
        assert error(y, wanted, sizes) <= (4.5 if MORE_DIGITS else 16) + slack


@pytest.mark.parametrize("n", [4_097, 70_000, 300_001])
def test_long_rows(backend, dtype, n, rng):
    if dtype == np.float16:
        n = min(n, 30_000)
    x = normal(rng, (2, n), dtype, 3)
    z = logits(x)
    bound = 4 if dtype != np.float64 else 4.5 if MORE_DIGITS else 100  # with the reference's own error
    for name in ("softmax", "log_softmax", "logsumexp"):
        y = getattr(backend, name)(x)
        assert error(y, exact(name, z, False)) <= bound
    wide = x.copy()
    wide[:, -1] = 60
    y = backend.softmax(wide)
    assert error(y, exact("softmax", logits(wide), False)) <= bound


def test_logsumexp_of_a_million_equal_values(backend):
    for value in (0.0, 1.5, -13.8, -100.25, 3e4):
        x = np.full(1_000_000, value, np.float32)
        with mpmath.workdps(50):
            wanted = mpmath.mpf(float(np.float32(value))) + mpmath.log(1_000_000)
        got = backend.logsumexp(x)
        assert isinstance(got, np.float32)
        assert error(np.array([got]), [wanted], [max(abs(value), 13.8)]) <= 2


def test_log_softmax_keeps_the_digits_of_the_likeliest(backend):
    for dtype in (np.float32, np.float64):
        x = np.array([[0, -30, -40], [5, -20, -50], [-700, -10, -600]], dtype)
        assert error(backend.log_softmax(x), exact("log_softmax", logits(x), True)) <= 4


def test_weights_sum_to_one(backend, dtype, rng):
    eps = float(ml_dtypes.finfo(dtype).eps)
    for n in SIZES:
        x = normal(rng, (6, n), dtype, 5)
        for name in ("softmax", "softmin", "sparsemax", "entmax15"):
            total = getattr(backend, name)(x).astype(np.float64).sum(axis=-1)
            np.testing.assert_allclose(total, 1, rtol=4 * eps if dtype.itemsize > 2 else n * eps)


# Edges.


@pytest.mark.parametrize("name", OF_THE_LARGEST)
@pytest.mark.parametrize("n", [1, 2, 9, 70])
def test_edge_rows(backend, name, dtype, n):
    f = getattr(backend, name)
    sign = -1 if name == "softmin" else 1

    def row(*first, rest=0.0):
        x = np.full((1, n), rest)
        x[0, : len(first)] = first[:n]
        return (sign * x).astype(dtype)

    full = lambda value: np.full((1, n), value) if name not in REDUCING else np.array([value])  # noqa: E731
    wanted = {"logsumexp": -INF, "maxout": -INF}.get(name, NAN)
    np.testing.assert_array_equal(f(row(rest=-INF)).astype(np.float64), full(wanted))
    for special in (NAN, INF):
        wanted = special if name in REDUCING else NAN
        np.testing.assert_array_equal(f(row(special)).astype(np.float64), full(wanted))
        np.testing.assert_array_equal(f(row(special)[:, ::-1]).astype(np.float64), full(wanted))
        np.testing.assert_array_equal(f(row(special, rest=-INF)).astype(np.float64), full(wanted))
        np.testing.assert_array_equal(f(row(rest=special)).astype(np.float64), full(wanted))
        np.testing.assert_array_equal(f(row(sign * NAN, INF)).astype(np.float64), full(NAN))
    alone = np.zeros((1, n))
    alone[0, 0] = 1
    if name == "log_softmax":
        alone = np.where(alone == 1, 0, -INF)
    if name in REDUCING:
        alone = np.array([7.0])
    np.testing.assert_array_equal(f(row(7, rest=-INF)).astype(np.float64), alone)
    if name in FAMILY:
        even = np.float64(1 / n if name != "log_softmax" else -np.log(n))
        for value in (0.0, 1e4, -1e4, float(ml_dtypes.finfo(dtype).max), float(ml_dtypes.finfo(dtype).min)):
            assert error(f(row(rest=value)), full(even)) <= 1


def test_zero_elements(backend, dtype):
    for name in (*FAMILY, "sparsemax", "entmax15"):
        f = getattr(backend, name)
        for shape in ((3, 0), (0, 3), (0,), (2, 0, 3)):
            x = np.empty(shape, dtype)
            assert f(x).shape == shape
            assert f(x).dtype == dtype
            assert f.backward(x, x).shape == shape
            out = np.empty(shape, dtype)
            assert f(x, out=out) is out
    lse, maxout = backend.logsumexp, backend.maxout
    np.testing.assert_array_equal(lse(np.empty((3, 0), dtype)), np.full(3, -INF, dtype))
    assert lse(np.empty((0, 3), dtype)).shape == (0,)
    assert lse(np.empty(0, dtype)) == -INF
    assert lse.backward(np.empty(3, dtype), np.empty((3, 0), dtype)).shape == (3, 0)
    assert maxout(np.empty((0, 3), dtype)).shape == (0,)
    with pytest.raises(ValueError, match=r"maxout.*no elements"):
        maxout(np.empty((3, 0), dtype))
    with pytest.raises(ValueError, match=r"maxout.*no elements"):
        maxout.backward(np.empty(3, dtype), np.empty((3, 0), dtype))
    assert backend.softmax(np.empty((0, 3), dtype), mask="causal", empty="zero").shape == (0, 3)


@pytest.mark.parametrize(("empty", "value"), [("nan", NAN), ("zero", 0.0), ("uniform", 1 / 6)])
def test_empty(backend, dtype, empty, value, rng):
    sign = {"softmin": -1}
    for name in FAMILY:
        f = getattr(backend, name)
        x = (sign.get(name, 1) * rng.normal(size=(4, 6))).astype(dtype)
        x[1] = -sign.get(name, 1) * INF
        with np.errstate(divide="ignore"):
            wanted = np.full(6, np.log(value) if name == "log_softmax" else value)
        y = f(x, empty=empty)
        assert error(y[1], wanted) <= 1
        same(y[[0, 2, 3]], f(x)[[0, 2, 3]])
        taking = np.ones(x.shape, bool)
        taking[2] = False
        x[2] = NAN
        assert error(f(x, mask=taking, empty=empty)[2], wanted) <= 1
        assert error(f(x, mask=np.where(taking, 0, -INF), empty=empty)[1], wanted) <= 1
        # NaN and +inf are no emptiness.
        x[3, 2], x[0, 1] = NAN, sign.get(name, 1) * INF
        assert np.isnan(f(x, empty=empty)[[0, 3]]).all()
        # Across the other axis.
        same(f(x.T.copy(), axis=0, empty=empty), f(x, empty=empty).T)


@pytest.mark.parametrize("n", [1280, 2048, 3000, 40_000])
@pytest.mark.parametrize("at", [5, 1100])
def test_the_largest_stands_anywhere(backend, dtype, n, at):
    """In a row of several blocks the largest of an earlier one is not forgotten."""
    x = np.zeros((3, n), dtype)
    x[:, at] = 300
    one = np.zeros((3, n))
    one[:, at] = 1
    for a, axis in ((x, -1), (x.T.copy(), 0)):
        assert np.abs(np.moveaxis(backend.softmax(a, axis=axis), axis, -1).astype(np.float64) - one).max() < 1e-15
        assert (backend.logsumexp(a, axis=axis) == 300).all()
        log = np.moveaxis(backend.log_softmax(a, axis=axis), axis, -1)[:, [0, at]]
        assert np.abs(log.astype(np.float64) - [-300, 0]).max() < 1e-30
        assert (np.moveaxis(backend.sparsemax(a, axis=axis), axis, -1) == one).all()
        assert (backend.maxout(a, axis=axis) == 300).all()


@pytest.mark.parametrize("empty", ["nan", "zero", "uniform"])
@pytest.mark.parametrize("shape", [(9, 9), (70, 70), (4, 60), (2, 1500)])
def test_empty_and_causal(backend, dtype, empty, shape, rng):
    """Empty rows and those with a NaN are so past the diagonal too, along and across."""
    taking = triangle(*shape)
    x = normal(rng, shape, dtype)
    for value in (-INF, INF, NAN):
        x[1] = value
        for name in FAMILY:
            f = getattr(backend, name)
            for a in (x, np.asfortranarray(x)):
                same(f(a, mask="causal", empty=empty), f(x, mask=taking, empty=empty))


# Masks and scale.


@pytest.mark.parametrize("mask", MASKS[1:])
def test_masked_elements(backend, dtype, mask, rng):
    x = normal(rng, (2, 5, 9), dtype)
    m = mask_of(mask, x.shape, rng, dtype=computed(dtype))
    left_out = np.isneginf(logits(x, mask=m))
    for name in FAMILY:
        f = getattr(backend, name)
        y = f(x, mask=m)
        assert (y[left_out] == (-INF if name == "log_softmax" else 0)).all()
        assert np.isfinite(y[~left_out].astype(np.float64)).all()
    if mask in ("bool", "causal"):
        spoilt = x.copy()
        spoilt[left_out] = rng.choice(np.array([NAN, INF, -INF], dtype), left_out.sum())
        dy = normal(rng, x.shape, dtype)
        bad = dy.copy()
        bad[left_out] = NAN
        for name in (*FAMILY, "logsumexp"):
            f = getattr(backend, name)
            same(f(spoilt, mask=m), f(x, mask=m))
            if name == "logsumexp":
                dx = f.backward(dy[..., 0], spoilt, mask=m)
                same(dx, f.backward(dy[..., 0], x, mask=m))
            else:
                dx = f.backward(bad, y=f(x, mask=m), mask=m)
                same(dx, f.backward(dy, y=f(x, mask=m), mask=m))
            assert (dx[left_out] == 0).all()
    for name in FAMILY:
        f = getattr(backend, name)
        dy = normal(rng, x.shape, dtype)
        assert (f.backward(dy, y=f(x, mask=m), mask=m)[left_out] == 0).all()


@pytest.mark.parametrize("offset", [None, 0, 2, -1, -3, 1000, -(2**70), np.int8(1)])
def test_the_causal_mask_is_the_triangle(backend, dtype, offset, rng):
    """In every traversal: contiguous rows, long ones, rows side by side, of any layout."""
    mask = "causal" if offset is None else ("causal", offset)
    for shape in ((6, 6), (4, 9), (9, 4), (1, 7), (2, 3, 5, 5), (3, 1, 7), (1, 1), (70, 70), (3, 1500), (40, 60)):
        x = normal(rng, shape, dtype)
        taking = triangle(*shape[-2:], None if offset is None else max(-(2**30), int(offset)))
        for name in (*FAMILY, "logsumexp"):
            f = getattr(backend, name)
            for a in (x, np.asfortranarray(x), np.repeat(x, 2, axis=-1)[..., ::2]):
                for options in ({}, {"empty": "zero"}, {"empty": "uniform"}) if name in FAMILY else ({},):
                    y = f(a, mask=mask, **options)
                    same(y, f(x, mask=taking, **options))
                    dy = normal(rng, y.shape, dtype)
                    for saved in ("x",) if name == "logsumexp" else ("x", "y"):
                        given = {saved: a if saved == "x" else y}
                        dx = f.backward(dy, **given, mask=mask, **options)
                        np.testing.assert_array_equal(dx, f.backward(dy, **given, mask=taking, **options))


def test_decoding_with_a_cache(backend, dtype, rng):
    """The last query sees the last key, so a part of the queries gets what all of them get together."""
    x = normal(rng, (2, 9, 9), dtype)
    whole = backend.softmax(x, mask="causal")
    for n in range(1, 10):
        same(backend.softmax(x[:, -n:], mask="causal"), whole[:, -n:])
    # in room for 16 keys of which 9 are there yet
    room = np.concatenate([x, normal(rng, (2, 9, 7), dtype)], axis=-1)
    y = backend.softmax(room[:, 6:9], mask=("causal", 6))
    assert (y[..., 9:] == 0).all()
    assert error(y[..., :9], whole[:, 6:9].astype(np.float64)) <= 2


def test_a_boolean_mask_is_as_minus_infinity(backend, dtype, rng):
    x = normal(rng, (7, 33), dtype)
    taking = mask_of("bool", x.shape, rng)
    for name in FAMILY:
        f = getattr(backend, name)
        sign = -1 if name == "softmin" else 1
        same(f(x, mask=taking), f(np.where(taking, x, np.array(-sign * INF, dtype))))


def test_masks_are_broadcast(backend, rng):
    x = rng.normal(size=(3, 4, 5)).astype(np.float32)
    for shape in ((5,), (1, 5), (4, 1), (3, 1, 1), (3, 1, 5), (1, 1, 1), ()):
        for m in (rng.random(shape) < 0.7, rng.normal(size=shape).astype(np.float32)):
            m = np.asarray(m)  # noqa: PLW2901
            for name, axis in itertools.product(("softmax", "logsumexp"), (0, 1, 2)):
                f = getattr(backend, name)
                whole = np.broadcast_to(m, x.shape).copy()
                same(f(x, mask=m, axis=axis), f(x, mask=whole, axis=axis))
                dy = f(x, mask=m, axis=axis)
                saved = {"x": x} if name == "logsumexp" else {"y": dy}
                same(f.backward(dy, **saved, mask=m, axis=axis), f.backward(dy, **saved, mask=whole, axis=axis))


def test_no_mask_or_scale_changes_the_dtype(backend, dtype, rng):
    x = normal(rng, (3, 4), dtype)
    for name in (*FAMILY, "logsumexp"):
        f = getattr(backend, name)
        for m in (np.zeros((3, 4)), np.zeros(4, np.float16), np.zeros(4, ml_dtypes.bfloat16), np.float32(0), [0.0] * 4):
            y = f(x, mask=m, scale=np.float64(1.0))
            same(y, f(x))
        same(f(x, mask=[True] * 4), f(x))


def test_scale(backend, dtype, rng):
    x = normal(rng, (4, 21), dtype)
    for name in (*FAMILY, "logsumexp"):
        f = getattr(backend, name)
        for scale in (0.5, -1.0, 4, np.float32(0.125), np.array(2.0)):
            same(f(x, scale=scale), f((x.astype(np.float64) * float(scale)).astype(dtype)))
        assert np.isfinite(np.asarray(f(x, scale=0), np.float64)).all()
    same(backend.softmin(x), backend.softmax(-x))
    same(backend.softmin(x, scale=0.5), backend.softmax(x, scale=-0.5))


# Axis, layout, out.


def calls(f, shape, dtype, rng, axis):
    """Every way to compute with f along an axis, as functions of x and a dy of x's shape, and out."""
    name = f.name
    if name in UNMASKED:
        options = [{}]
    else:
        taking = mask_of("bool", shape, rng, axis)
        additive = mask_of("-inf", shape, rng, axis, np.float32)
        options = [{}, {"scale": 0.5}, {"mask": taking}, {"mask": additive, "scale": 2.0}]
    for keywords in options:
        yield lambda x, dy, out=None, k=keywords: f(x, out=out, axis=axis, **k)
        if name in REDUCING:
            yield lambda x, dy, out=None, k=keywords: f.backward(np.take(dy, 0, axis), x, out=out, axis=axis, **k)
        else:
            yield lambda x, dy, out=None, k=keywords: f.backward(dy, y=x, out=out, axis=axis, **k)
            yield lambda x, dy, out=None, k=keywords: f.backward(dy, x, out=out, axis=axis, **k)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_any_axis(backend, name, dtype, axis, rng):
    f = getattr(backend, name)
    for shape in ((4, 5, 6), (3, 70, 2), (1, 9, 33)):
        x, dy = normal(rng, (2, *shape), dtype, 4)
        moved = np.moveaxis(x, axis, -1).copy()
        back = lambda y: y if name in REDUCING else np.moveaxis(y, -1, axis)  # noqa: E731
        same(f(x, axis=axis), back(f(moved)))
        if name in REDUCING:
            g = np.take(dy, 0, axis)
            same(f.backward(g, x, axis=axis), np.moveaxis(f.backward(g, moved), -1, axis))
        else:
            y = f(x, axis=axis)
            gradient = f.backward(np.moveaxis(dy, axis, -1).copy(), y=np.moveaxis(y, axis, -1).copy())
            same(f.backward(dy, y=y, axis=axis), back(gradient))


def test_layouts(backend, name, dtype, rng):
    f = getattr(backend, name)
    for shape, axis in (((6, 35), 1), ((35, 6), 0), ((2, 7, 3), 1)):
        x, dy = normal(rng, (2, *shape), dtype, 3)
        for call in calls(f, shape, dtype, rng, axis):
            plain = call(x, dy)
            for a, b in zip(layouts(x), layouts(dy), strict=True):
                same(call(a, b), plain)
                same(call(a, dy), plain)
                same(call(x, b), plain)


def test_broadcast_input(backend, name, dtype, rng):
    f = getattr(backend, name)
    row = normal(rng, 8, dtype)
    same(f(np.broadcast_to(row, (3, 8))), f(np.tile(row, (3, 1))))
    same(f(np.broadcast_to(row[:, None], (8, 5))), f(np.tile(row[:, None], (1, 5))))


def test_a_row_is_the_same_alone(backend, name, dtype, rng):
    """Whatever rows come before and after it."""
    f = getattr(backend, name)
    for n in (1, 3, 10, 17, 64, 300):
        x = normal(rng, (37, n), dtype, 3)
        y = f(x)
        for i in (0, 1, 17, 36):
            same(np.asarray(f(x[i])), np.asarray(y[i]))
            same(np.asarray(f(x[i : i + 5])), np.asarray(y[i : i + 5]))


def test_out(backend, name, dtype, rng):
    f = getattr(backend, name)
    for shape, axis in (((5, 9), 1), ((9, 5), 0), ((3, 40, 4), 1)):
        x, dy = normal(rng, (2, *shape), dtype, 3)
        for call in calls(f, shape, dtype, rng, axis):
            plain = call(x, dy)
            before = x.copy(), dy.copy()
            shape_out = plain.shape
            for out in (
                np.zeros(shape_out, dtype),
                np.zeros(shape_out[::-1], dtype).T,
                np.zeros((*shape_out[:-1], 2 * shape_out[-1]), dtype)[..., ::2],
                np.zeros(shape_out, dtype)[::-1],
            ):
                assert call(x, dy, out) is out
                same(out, plain)
            assert call(x, dy, (out,)) is out
            np.testing.assert_array_equal(x, before[0])
            np.testing.assert_array_equal(dy, before[1])
            for other in (np.float64, np.float32, np.float16, ml_dtypes.bfloat16, ">f4"):
                if np.can_cast(dtype, other, "same_kind"):
                    out = np.zeros(shape_out, other)
                    assert call(x, dy, out) is out
                    with np.errstate(all="ignore"):
                        if out.dtype.itemsize > dtype.itemsize:  # may have more digits
                            same(out.astype(dtype), plain)
                        elif out.dtype.itemsize < dtype.itemsize or out.dtype == dtype:
                            np.testing.assert_array_equal(out, rounded(plain, np.dtype(other)))


def test_in_place_and_overlap(backend, name, dtype, rng):
    f = getattr(backend, name)
    for shape, axis in (((6, 20), 1), ((20, 6), 0), ((2, 5, 3), 1), ((300, 2), 0)):
        x, dy = normal(rng, (2, *shape), dtype, 3)
        for call in calls(f, shape, dtype, rng, axis):
            plain = call(x, dy)
            if plain.shape == shape:
                for order in ("C", "F"):
                    work = x.copy(order)
                    same(call(work, dy, work), plain)
                    work = dy.copy(order)
                    same(call(x, work, work), plain)
                for move in ((slice(1, None), slice(-1)), (slice(-1), slice(1, None))):
                    memory = np.zeros((shape[0] + 1, *shape[1:]), dtype)
                    memory[move[0]] = x
                    same(call(memory[move[0]], dy, memory[move[1]]), plain)
                memory = x.copy()
                same(call(memory, dy, memory[::-1]), plain)
                memory = dy.copy()
                same(call(x, memory, memory[..., ::-1]), plain)
            else:
                memory = x.copy()
                out = np.moveaxis(memory, axis, 0)[1]
                same(call(memory, dy, out), plain)
    # A mask that is overwritten.
    if name in FAMILY:
        x = rng.normal(size=(4, 5)).astype(np.float32)
        m = rng.normal(size=(4, 5)).astype(np.float32)
        plain = f(x, mask=m)
        same(f(x, out=m, mask=m), plain)
        m = rng.normal(size=(5, 5)).astype(np.float32)
        plain = f(x, mask=m[1:])
        same(f(x, out=m[:4], mask=m[1:]), plain)


def test_other_inputs(backend, name, tmp_path, rng):
    f = getattr(backend, name)
    integers = rng.integers(-5, 5, (3, 4))
    wanted = f(integers.astype(np.float64))
    assert wanted.dtype == np.float64
    for x in (integers, integers.astype(np.int8), integers.astype(">i2"), integers.tolist(), memoryview(integers)):
        same(f(x), wanted)
    flags = np.array([[True, False, False], [True, True, False]])
    same(f(flags), f(flags.astype(np.float64)))
    big = np.array([[2**63, 2**63 + 2**12, 5]], np.uint64)
    same(f(big), f(big.astype(np.float64)))
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=(3, 4))
    mapped[:] = integers
    same(np.asarray(f(mapped)), f(integers.astype(np.float32)))
    if name in FAMILY:
        same(np.asarray(f(mapped, mask=[True, True, False, True])), f(np.asarray(mapped), mask=[True, True, False, True]))


def test_scalars(backend, name, dtype):
    f = getattr(backend, name)
    y = f(np.array([1, 2, 3], dtype))
    if name in REDUCING:
        assert isinstance(y, np.generic)
        assert y.dtype == dtype
        out = np.zeros((), dtype)
        assert f(np.array([1, 2, 3], dtype), out=out) is out
        assert out == y
        assert f.backward(2.0, np.array([1.0, 2.0, 3.0])).shape == (3,)
    else:
        assert isinstance(y, np.ndarray)
    with pytest.raises(np.exceptions.AxisError, match=name):
        f(np.array(1, dtype))
    with pytest.raises(np.exceptions.AxisError):
        f(3.0)


def test_mixed_dtypes(backend, rng):
    x = rng.normal(size=(3, 4))
    y = backend.softmax(x)
    for a, b in itertools.product((np.float16, ml_dtypes.bfloat16, np.float32, np.float64), repeat=2):
        if {a, b} == {np.float16, ml_dtypes.bfloat16}:  # have no dtype in common
            with pytest.raises(TypeError):
                backend.softmax.backward(x.astype(a), y=y.astype(b))
            continue
        dx = backend.softmax.backward(x.astype(a), y=y.astype(b))
        assert dx.dtype == np.result_type(a, b)
        wide = backend.softmax.backward(x.astype(a).astype(np.float64), y=y.astype(b).astype(np.float64))
        np.testing.assert_allclose(dx.astype(np.float64), wide, atol=float(ml_dtypes.finfo(dx.dtype).eps))
    integers = np.arange(12).reshape(3, 4)
    assert backend.softmax.backward(integers, y=y.astype(np.float32)).dtype == np.float64


# Gradients.


COMBINATIONS = [
    (mask, scale, axis, name)
    for mask, scale, axis, name in itertools.product(MASKS, (1.0, 0.7, -2.0), (0, 1, -1), (*FAMILY, "logsumexp"))
    if mask != "causal" or axis == -1
]


@pytest.mark.parametrize("empty", ["nan", "uniform"])
def test_backward_is_the_derivative(backend, empty, rng):
    for mask, scale, axis, name in COMBINATIONS:
        f = getattr(backend, name)
        x, dy = rng.normal(size=(2, 3, 4, 5))
        m = mask_of(mask, x.shape, rng, axis)
        keywords = {"scale": scale, "mask": m, "axis": axis}
        y = f(x, **keywords, **({"empty": empty} if name in FAMILY else {}))
        left_out = np.moveaxis(np.isneginf(logits(x, scale, m, axis)), -1, axis)
        if name == "logsumexp":
            dy = np.take(dy, 0, axis)
            dx = f.backward(dy, x, **keywords)
        else:
            dy[left_out] = 0
            dx = f.backward(dy, y=y, **keywords)

        def loss(x, f=f, dy=dy, keywords=keywords):
            y = f(x, **keywords)
            return (dy * np.where(np.isfinite(y), y, 0)).sum()

        for _ in range(2):
            direction = rng.normal(size=x.shape)
            h = 1e-5
            slope = (loss(x + h * direction) - loss(x - h * direction)) / (2 * h)
            assert (dx * direction).sum() == pytest.approx(slope, rel=1e-8, abs=1e-8), (mask, scale, axis, name)


def test_backward_against_pytorch(backend, dtype, rng):
    torch = pytest.importorskip("torch")
    for mask, scale, axis, name in COMBINATIONS:
        f = getattr(backend, name)
        x, dy = normal(rng, (2, 3, 4, 5), dtype)
        m = mask_of(mask, x.shape, rng, axis, computed(dtype))
        scale = float(computed(dtype).type(scale))  # noqa: PLW2901
        factor = -scale if name == "softmin" else scale
        z = np.moveaxis(logits(x, factor, m, axis), -1, axis)  # once they are rounded
        left_out = np.isneginf(z)
        dy[left_out] = 0
        t = torch.tensor(z, requires_grad=True)
        result = getattr(torch, "softmax" if name == "softmin" else name)(t, axis)
        keywords = {"scale": scale, "mask": m, "axis": axis}
        p = torch.softmax(t, axis).detach().numpy()
        y = f(x, **keywords)
        if name == "logsumexp":
            g = np.take(dy, 0, axis)
            dx = f.backward(g, x, **keywords)
            sizes = p * np.expand_dims(np.abs(g), axis)
        else:
            g = dy
            dx = f.backward(g, y=y, **keywords)
            magnitude = np.abs(g.astype(np.float64))
            if name == "log_softmax":
                saved = np.where(left_out, 0, result.detach().numpy())
                sizes = magnitude + p * magnitude.sum(axis, keepdims=True) * (1 + np.abs(saved))
            else:
                sizes = p * (magnitude + (p * magnitude).sum(axis, keepdims=True))
        result.backward(torch.tensor(g.astype(np.float64)))
        sizes = sizes * abs(scale)
        assert dx.dtype == dtype
        assert error(dx, factor * t.grad.numpy(), sizes) <= (16 if dtype == np.float64 else 6), (mask, scale, axis, name)


def test_a_mixed_logsumexp_is_computed_in_the_wider_type(backend, rng):
    x, mask = rng.normal(size=(4, 9)).astype(np.float32), rng.normal(size=(4, 9))
    wanted = backend.logsumexp.backward(np.ones(4), x.astype(np.float64), mask=mask)
    assert error(backend.logsumexp.backward(np.ones(4), x, mask=mask), wanted) <= 4


def test_backward_edges(backend, dtype):
    y = np.array([[NAN, NAN], [0.5, 0.5], [0, 0]], dtype)
    dy = np.array([[1, 2], [1, 1], [3, 4]], dtype)
    for name in ("softmax", "softmin"):
        dx = getattr(backend, name).backward(dy, y=y)
        np.testing.assert_array_equal(dx.astype(np.float64), [[NAN, NAN], [0, 0], [0, 0]])
    x = np.array([[-INF, -INF], [INF, 0], [NAN, 0], [-INF, 3]], dtype)
    dx = backend.logsumexp.backward(np.array([1, 1, 1, 5], dtype), x)
    assert np.isnan(dx[:3].astype(np.float64)).any(axis=1).all()
    assert dx[3].tolist() == [0, 5]
    none = np.zeros((4, 2), bool)
    assert (backend.logsumexp.backward(np.ones(4, dtype), x, mask=none) == 0).all()
    assert (backend.softmax.backward(x, y=x, mask=none) == 0).all()


# Sparsemax and maxout.


def sorted_sparsemax(z):
    """Algorithm 1 of Martins and Astudillo, for rows."""
    z = z - z.max(axis=-1, keepdims=True)
    descending = -np.sort(-z, axis=-1)
    sums = descending.cumsum(axis=-1)
    k = np.arange(1, z.shape[-1] + 1)
    size = (1 + k * descending > sums).sum(axis=-1, keepdims=True)
    threshold = (np.take_along_axis(sums, size - 1, axis=-1) - 1) / size
    return np.maximum(z - threshold, 0)


@pytest.mark.parametrize("spread", [0.01, 0.5, 3, 100])
def test_sparsemax(backend, dtype, spread, rng):
    eps = float(ml_dtypes.finfo(dtype).eps)
    for n in (*SIZES, 5000, 40_000):
        x = normal(rng, (3, n), dtype, spread)
        y = backend.sparsemax(x)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.astype(np.float64), sorted_sparsemax(x.astype(np.float64)), rtol=0, atol=4 * eps)
        assert (y >= 0).all()
    ties = np.repeat(np.array([[0.0, -5.0]], dtype), 4, axis=1)
    np.testing.assert_array_equal(backend.sparsemax(ties), np.repeat(np.array([[0.25, 0]], dtype), 4, axis=1))
    same(backend.sparsemax(np.array([-INF, 0, -0.5, -INF], dtype)), np.array([0, 0.75, 0.25, 0], dtype))
    far = np.array([4096.5, 4096, 0], np.float32)
    same(backend.sparsemax(far), np.array([0.75, 0.25, 0], np.float32))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_sparsemax_backward(backend, axis, rng):
    x, dy = rng.normal(size=(2, 4, 5, 6))
    y = backend.sparsemax(x, axis=axis)
    dx = backend.sparsemax.backward(dy, y=y, axis=axis)
    support = y > 0
    assert (dx[~support] == 0).all()
    np.testing.assert_allclose(dx.sum(axis=axis), 0, atol=1e-14)
    h = 1e-7
    for _ in range(3):
        direction = rng.normal(size=x.shape)
        plus, minus = (backend.sparsemax(x + s * h * direction, axis=axis) for s in (1, -1))
        if ((plus > 0) == (minus > 0)).all():
            slope = (dy * (plus - minus)).sum() / (2 * h)
            assert (dx * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_maxout(backend, dtype, rng):
    for n in (*SIZES, 40_000):
        x = normal(rng, (4, n), dtype)
        same(backend.maxout(x), x.max(axis=-1))
        dy = normal(rng, 4, dtype)
        wanted = np.zeros_like(x)
        np.put_along_axis(wanted, x.astype(np.float64).argmax(axis=-1)[:, None], dy[:, None], axis=-1)
        same(backend.maxout.backward(dy, x), wanted)
    ties = np.array([[1, 3, 3], [2, 2, 2], [-INF, -INF, -INF], [0, NAN, NAN]], dtype)
    dy = np.array([5, 6, 7, 8], dtype)
    wanted = np.array([[0, 5, 0], [6, 0, 0], [7, 0, 0], [0, 8, 0]], dtype)
    same(backend.maxout.backward(dy, ties), wanted)


# Memory.


def test_memory(backend, name, rng):
    """The peak of a call is its output and a few blocks."""
    f = getattr(backend, name)
    blocks = 6 << 20
    for shape, axis in (((2000, 1000), 1), ((2000, 1000), 0), ((2_000_000,), 0)):
        x = rng.normal(size=shape).astype(np.float32)
        out = f(x, axis=axis)
        if out.ndim:
            assert peak(lambda f=f, x=x, out=out, axis=axis: f(x, out=out, axis=axis)) < blocks
        assert peak(lambda f=f, x=x, axis=axis: f(x, axis=axis)) < out.nbytes + blocks
        dx = np.empty_like(x)
        dy, saved = (out, {"x": x}) if name in REDUCING else (x, {"y": out})
        assert peak(lambda f=f, dy=dy, saved=saved, dx=dx, axis=axis: f.backward(dy, **saved, out=dx, axis=axis)) < blocks
        if name not in REDUCING:
            assert peak(lambda f=f, x=x, dx=dx, axis=axis: f.backward(x, x, out=dx, axis=axis)) < blocks
        if name in FAMILY and x.ndim > 1:
            taking = np.ones(shape[1:], bool)
            assert peak(lambda f=f, x=x, out=out, m=taking, axis=axis: f(x, out=out, axis=axis, mask=m, scale=0.5)) < blocks
    if name in FAMILY:
        x = x.reshape(1000, 2000)
        out, scale = np.empty_like(x), np.ones((1000, 1))
        assert peak(lambda: f(x, out=out, mask="causal")) < blocks
        assert peak(lambda: f(x, out=out, scale=scale)) < blocks
        assert peak(lambda: f.backward(x, y=x, out=out, scale=scale)) < blocks
        assert peak(lambda: f(x.reshape(10, 100, 2000), out=out.reshape(10, 100, 2000), axis=(1, 2))) < blocks


# Arrays of other kinds, and the ufunc.


class Labelled(np.ndarray):
    pass


class Logged:
    """Takes part in NumPy's protocol by noting what it was asked for."""

    def __init__(self):
        self.calls = []

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        self.calls.append((ufunc, method, inputs, keywords))
        return "logged"


class Refusing:
    __array_ufunc__ = None


def test_array_ufunc_protocol(backend, name):
    f = getattr(backend, name)
    x = Logged()
    assert f(x, axis=0) == "logged"
    ufunc, method, inputs, keywords = x.calls[0]
    assert (ufunc, method, keywords) == (f.ufunc, "__call__", {"axis": 0})
    assert inputs == ((x,) if name in UNMASKED else (x, -1.0 if name == "softmin" else 1.0))
    out = np.zeros(2)
    assert f(x, out=out) == "logged"
    assert x.calls[1][3]["out"][0] is out
    assert f(np.zeros(2), out=x) == "logged"
    with pytest.raises(TypeError):
        f(Refusing())
    wrong = [{"axis": None}, {"axis": (0,)}]
    wrong += [{"mask": [True]}, {"scale": [1.0]}] if name in SCALED else []
    wrong += [{"keepdims": True}] if name in REDUCING else []
    for keywords in wrong:
        with pytest.raises(TypeError, match=f"{name}: with {next(iter(keywords))}=.* x must be a plain array, not Logged"):
            f(x, **keywords)


def test_subclasses_stay_what_they_are(backend, name, rng):
    f = getattr(backend, name)
    x = rng.normal(size=(3, 4)).view(Labelled)
    options = [{"axis": 0}, {"axis": (1,)}, {"axis": (0, 1)}]
    if name in SCALED:
        options += [{"scale": np.full((3, 1), 0.5)}, {"mask": np.arange(4) < 3}]
    if name in REDUCING:
        options += [{"keepdims": True}]
    if name in FAMILY:
        options += [{"empty": "zero"}]
    for keywords in options:
        y, plain = f(x, **keywords), f(np.asarray(x), **keywords)
        assert type(y) is (Labelled if np.ndim(plain) else np.float64)
        np.testing.assert_array_equal(np.asarray(y), plain)
        out = np.zeros(np.shape(plain)).view(Labelled)
        assert f(x, out=out, **keywords) is out
        np.testing.assert_array_equal(np.asarray(out), plain)


def sorted_entmax15(z):
    """By the definition (Peters, Niculae and Martins, 2019): the threshold of the k largest, for the largest k that it admits."""
    z = (z.astype(np.longdouble) - z.max(axis=-1, keepdims=True)) / 2
    y = np.zeros_like(z)
    for row, result in zip(z.reshape(-1, z.shape[-1]), y.reshape(-1, z.shape[-1]), strict=True):
        down = np.sort(row[np.isfinite(row)])[::-1]
        for k in range(1, down.size + 1):
            mean = down[:k].mean()
            spread = ((down[:k] - mean) ** 2).sum()
            if spread > 1:
                break
            threshold = mean - np.sqrt((1 - spread) / k)
            if threshold <= down[k - 1]:
                result[:] = np.maximum(row - threshold, 0) ** 2
    return y.astype(np.float64)


@pytest.mark.parametrize("spread", [1e-3, 0.3, 1, 4, 30])
def test_entmax15(backend, dtype, spread, rng):
    eps = float(ml_dtypes.finfo(dtype).eps)
    for n in (*SIZES, 2000):
        x = normal(rng, (3, n), dtype, spread)
        y = backend.entmax15(x)
        assert y.dtype == dtype
        wide = y.astype(np.float64)
        np.testing.assert_allclose(wide, sorted_entmax15(x.astype(np.float64)), rtol=0, atol=2 * eps)
        if dtype.itemsize >= 4:
            np.testing.assert_allclose(wide.sum(axis=-1), 1, rtol=0, atol=(4 + np.sqrt(n)) * eps)
        if spread == 30 and n > 10:
            assert (wide == 0).sum() > (wide > 0).sum()
    ties = backend.entmax15(np.array([[2, -9] * 4, [5, 5] * 4], dtype)).astype(np.float64)
    np.testing.assert_allclose(ties, [[0.25, 0] * 4, [0.125] * 8], rtol=2 * eps)
    # of two, at a distance of 1: the thresholds' formula by hand
    half = np.sqrt(0.5 - 0.0625)
    pair = backend.entmax15(np.array([-INF, 1, 0, -INF], dtype)).astype(np.float64)
    np.testing.assert_allclose(pair, [0, (half + 0.25) ** 2, (half - 0.25) ** 2, 0], rtol=0, atol=2 * eps)
    far = np.array([1.0, 0.5, -1e4]) + (0 if dtype.itemsize < 4 else 1e4)
    np.testing.assert_allclose(
        backend.entmax15(far.astype(dtype)).astype(float), sorted_entmax15(far.astype(dtype).astype(float)[None])[0], atol=2 * eps
    )


def test_entmax15_of_many(backend):
    """A row in several segments, and one of equal elements, whose threshold is found at once."""
    x = np.random.default_rng(3).normal(size=300_000).astype(np.float32)
    np.testing.assert_allclose(backend.entmax15(x), sorted_of_many(x), rtol=0, atol=1e-7)
    np.testing.assert_allclose(backend.entmax15(np.full(100_000, 3.0, np.float32)), np.full(100_000, 1e-5), rtol=2e-6)


def sorted_of_many(x):
    """The same by bisection, for a row too long for the definition."""
    z = (x.astype(np.float64) - x.max()) / 2
    low, high = -1.0, 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (np.maximum(z - middle, 0) ** 2).sum() >= 1 else (low, middle)
    return np.maximum(z - low, 0) ** 2


@pytest.mark.parametrize("axis", [0, 1])
def test_entmax15_backward(backend, axis, rng):
    x, dy = rng.normal(size=(2, 7, 9))
    f = backend.entmax15
    y = f(x, axis=axis)
    dx = f.backward(dy, y=y, axis=axis)
    root = np.sqrt(y)
    mean = (root * dy).sum(axis=axis, keepdims=True) / root.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(dx, root * (dy - mean), rtol=0, atol=1e-14)
    np.testing.assert_allclose(f.backward(dy, x, axis=axis), dx, rtol=0, atol=1e-14)
    h = 1e-6
    direction = rng.normal(size=x.shape)
    plus, minus = (f(x + s * h * direction, axis=axis) for s in (1, -1))
    assert np.sum(dx * direction) == pytest.approx(np.sum(dy * (plus - minus)) / (2 * h), rel=1e-5)
    # what is not in the support counts nothing
    infinite = np.where(y == 0, INF, dy)
    np.testing.assert_allclose(f.backward(infinite, y=y, axis=axis), dx, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", OF_THE_LARGEST)
def test_masked_arrays(backend, name, dtype, rng):
    """What is masked takes no part."""
    f = getattr(backend, name)
    x = np.ma.array(normal(rng, (3, 4), dtype), mask=[[0, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    x.data[0, 1] = NAN
    y = f(x)
    assert isinstance(y, np.ma.MaskedArray)
    assert y.dtype == dtype
    alone = f(x.data[0, [0, 2, 3]])
    if y.ndim == 1:
        assert y.mask.tolist() == [False, True, False]
        assert y[0] == alone
    else:
        assert (y.mask == x.mask).all()
        assert error(y.data[0, [0, 2, 3]], alone.astype(np.float64)) <= 2
    with pytest.raises(TypeError, match="masked"):
        f(x, out=np.zeros(y.shape))


def test_dask_arrays(backend, name, rng):
    dask = pytest.importorskip("dask.array")
    f = getattr(backend, name)
    x = rng.normal(size=(5, 6))
    for axis, chunks in ((-1, (2, 6)), (0, (5, 4))):
        y = f(dask.from_array(x, chunks=chunks), axis=axis)
        assert isinstance(y, dask.Array)
        np.testing.assert_array_equal(y.compute(scheduler="synchronous"), f(x, axis=axis))


def test_the_ufunc(backend, name, dtype, rng):
    f = getattr(backend, name)
    u = f.ufunc
    assert u is f.ufunc
    wanted = f"(n){'' if name in UNMASKED else ',()'}->{'()' if name in REDUCING else '(n)'}"
    assert u.signature.replace(" ", "") == wanted
    assert u.__name__ == ("softmax" if name == "softmin" else name)
    x = normal(rng, (3, 4, 5), dtype)
    scale = () if name in UNMASKED else (-1.0 if name == "softmin" else 1.0,)
    if dtype == ml_dtypes.bfloat16:
        scale = tuple(np.asarray(s, np.float32) for s in scale)
    for axis in (-1, 0, 1):
        same(u(x, *scale, axis=axis), f(x, axis=axis))
    same(u(x, *scale), f(x))
    out = np.empty_like(f(x))
    assert u(x, *scale, out=out) is out
    same(out, f(x))
    with pytest.raises((TypeError, np.exceptions.AxisError)):
        u(x, *scale, axis=3)
    if scale and dtype.itemsize > 2:  # one scale for each row
        scales = rng.choice([0.5, 1, 2], (3, 4)).astype(dtype)
        y = u(x, scales)
        for i, j in np.ndindex(3, 4):
            wanted = f(x[i, j], scale=float(scales[i, j]) * float(scale[0]))
            np.testing.assert_array_equal(y[i, j], wanted)
        assert u(x[0, 0], scales).shape == (3, 4, *f(x[0, 0]).shape)


# Errors.


@pytest.fixture
def fails(backend, name, rng):
    """Calls forward and backward that must fail; at the end nothing may have been written."""
    f, reduces = getattr(backend, name), name in REDUCING
    data = rng.normal(size=(3, 4))
    results = np.full(3 if reduces else (3, 4), 7.0)
    gradients = np.full((3, 4), 7.0)

    def fails(kind, match, x=data, out=results, dy=None, dx=gradients, **keywords):
        dy = np.full_like(results, 7) if dy is None else dy
        with pytest.raises(kind, match=match):
            f(x, out=out, **keywords)
        with pytest.raises(kind, match=match):
            f.backward(dy, x, out=dx, **keywords)

    fails.x, fails.out, fails.dx = data, results, gradients
    yield fails
    assert (results == 7).all()
    assert (gradients == 7).all()


def test_errors_of_the_axis(name, fails):
    for axis in (2, -3, (0, 2), (-3, 0)):
        fails(np.exceptions.AxisError, name, axis=axis)
    for axis in (1.5, 1.0, "x", True, np.True_, [0, 1], (0, 1.0), (True,), ("x",), np.float64(1)):
        fails(TypeError, f"{name}: axis must be an integer", axis=axis)
    for axis in ((0, 0), (1, -1)):
        fails(ValueError, f"{name}: axis=.* names an axis twice", axis=axis)


def test_errors_of_arrays(backend, name, fails):
    f, x, out, dx = getattr(backend, name), fails.x, fails.out, fails.dx
    dy = out.copy()
    for other in (x.astype(complex), x.astype(object), x.astype(str), x.astype("M8[s]"), x.astype(np.longdouble)):
        fails(TypeError, name, x=other)
    fails(TypeError, "slop", slop=1)
    fails(ValueError, "shape", out=out[:2], dx=dx[:2])
    fails(ValueError, "shape", out=np.zeros((1, 3, 4)), dx=np.zeros((1, 3, 4)))
    for bad in ([0.0], 3, "out", (out, out)):
        fails(TypeError, "out", out=bad, dx=bad)
    integers, integral = np.full(out.shape, 7), np.full(dx.shape, 7)
    fails(TypeError, "int64", out=integers, dx=integral)
    assert (integers == 7).all()
    assert (integral == 7).all()
    frozen, fixed = out.copy(), dx.copy()
    frozen.flags.writeable = fixed.flags.writeable = False
    fails(ValueError, "read-only", out=frozen, dx=fixed)
    for wrong in (dy[:2], dy[0], np.zeros((3, 1)), np.zeros((1, *dy.shape))):
        with pytest.raises(ValueError, match=rf"{name}\.backward.*shape"):
            f.backward(wrong, x, out=dx)
    with pytest.raises(TypeError, match="complex"):
        f.backward(dy.astype(complex), x, out=dx)


@pytest.mark.parametrize("name", SCALED)
def test_errors_of_scales(fails):
    for scale in (NAN, INF, -INF):
        fails(ValueError, "scale", scale=scale)
    for scale in ("1", None, 1j, np.ones((3, 1), complex), np.ones((3, 1), object), [["1"]], np.ma.ones((3, 1))):
        fails(TypeError, "scale", scale=scale)
    for scale in (np.ones(3), np.ones(4), np.ones((3, 4)), np.ones((2, 3, 1)), np.ones((2, 1)), np.ones((1, 4)), []):
        fails(ValueError, "scale of shape", scale=scale)
    for scale in ([[1], [NAN], [1]], [[INF]], np.float32([[-INF], [0], [1]])):
        fails(ValueError, "scale must be finite", scale=scale)


@pytest.mark.parametrize("name", SCALED)
def test_errors_of_masks(backend, name, fails):
    reduces = name in REDUCING
    for m in (np.ones((3, 3), bool), np.ones((2, 3, 4), bool), np.zeros((4, 3))):
        fails(ValueError, "mask of shape", mask=m)
    for m in (np.ones((3, 4), int), np.ones((3, 4), complex), np.ones((3, 4), object), [1, 0, 1, 1], 3):
        fails(TypeError, "mask has dtype", mask=m)
    fails(TypeError, "mask is a masked array", mask=np.ma.array(np.ones((3, 4), bool)))
    for m in ("diagonal", ("causal",), ("diagonal", 0), ("causal", 0, 0)):
        fails(ValueError, r"mask must be an array, 'causal' or \('causal', offset\)", mask=m)
    for offset in (1.0, "1", True, [1], 1j):
        fails(TypeError, "the offset of mask='causal' must be an integer", mask=("causal", offset))
    fails(ValueError, "causal", mask="causal", axis=0, **({"dy": np.full(4, 7.0)} if reduces else {}))
    fails(ValueError, "causal", mask="causal", axis=(0, 1), **({"dy": np.array(7.0)} if reduces else {}))
    with pytest.raises(ValueError, match="causal"):
        getattr(backend, name)(fails.x[0], mask="causal")


@pytest.mark.parametrize("name", FAMILY)
def test_errors_of_empty(fails):
    for empty in ("none", None, 0):
        fails(ValueError, "'nan', 'zero', 'uniform'", empty=empty)


@pytest.mark.parametrize("name", REDUCING)
def test_errors_of_keepdims(backend, name, fails):
    for keepdims in (None, 1, "True", np.ones(2), 0.0):
        fails(TypeError, "keepdims must be True or False", keepdims=keepdims)
    with pytest.raises(ValueError, match=rf"{name}: out has shape \(3,\), the result \(3, 1\)"):
        getattr(backend, name)(fails.x, out=fails.out, keepdims=True)
    with pytest.raises(ValueError, match=rf"{name}\.backward: dy has shape \(3,\), not \(3, 1\), x's \(3, 4\) with 1"):
        getattr(backend, name).backward(np.ones(3), fails.x, out=fails.dx, keepdims=True)


# Objects.


def test_attributes(backend, name):
    f = getattr(backend, name)
    assert f is getattr(backend, name)
    assert f.name == f.__name__ == name
    assert f.backend == backend.name
    assert name in repr(f)
    assert backend.name in repr(f)
    assert copy.copy(f) is f
    assert copy.deepcopy([f])[0] is f
    assert pickle.loads(pickle.dumps(f)) is f  # on its own backend
    assert getattr(fastact, name) is getattr(fastact.backends.current(), name)
    assert name in dir(backend)
    assert inspect.signature(f).parameters["axis"].default == -1
    assert inspect.signature(f.backward).parameters["axis"].default == -1


def test_the_default_is_the_last_axis(backend, name, rng):
    f = getattr(backend, name)
    x = rng.normal(size=(3, 4))
    same(f(x), f(x, axis=1))


@pytest.mark.parametrize("record", functions.row_functions.values(), ids=lambda record: record.name)
def test_every_record_has_its_arithmetic(record):
    assert record.arithmetic in ARITHMETIC, (
        f"fastact/backends/numpy/rows.py: _ARITHMETIC lacks {record.arithmetic!r} of {record.name!r}"
    )
    assert record.arithmetic in PROGRAMS, f"native/formulas/rows.py: FUNCTIONS lacks {record.arithmetic!r} of {record.name!r}"
