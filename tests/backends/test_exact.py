"""The mode "exact": the real value, rounded once; so the same bits on every backend."""

from functools import partial

import ml_dtypes
import mpmath
import numpy as np
import pytest
from matrix import BACKENDS

import fastact
from fastact.functions import entries
from fastact.functions.careful import CAREFUL, HARD_CASES
from fastact.tools import reference
from fastact.tools.reference import format_of, from_bits, mp

COMPILED = tuple(name for name in BACKENDS if name != "numpy")
#: What has FMA computes the same in float64, bit by bit. Without it the last bit may differ, and so one rounding in 2^27.
WITH_FMA = tuple(name for name in COMPILED if name != "baseline")
DRAWN = tuple(name for name, entry in entries.items() if entry.noise)
EXACT = tuple(name for name in entries if name not in DRAWN)
NARROW = (np.dtype(np.float32), np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


def on(backend, name):
    return getattr(fastact.backends.load(backend).exact, name)


def given(name, dtype):
    """The parameters that have no default: prelu's slope."""
    return {p.name: np.asarray(p.default, dtype) for p in entries[name].options if p.array}


def narrowed(x, dtype):
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def patterns(rng, n, dtype):
    """Numbers of any magnitude, and those where activations bend."""
    form = format_of(dtype)
    some = from_bits(rng.integers(0, 1 << form.bits, n, dtype=np.uint64).astype(form.unsigned), dtype)
    near = narrowed(rng.normal(size=n) * np.exp2(rng.uniform(-8, 6, n)), dtype)
    return np.concatenate([some, near])


def same(a, b):
    """Where the bits are the same; any NaN is."""
    unsigned = f"u{a.dtype.itemsize}"
    return (a.view(unsigned) == b.view(unsigned)) | (np.isnan(a) & np.isnan(b))


def nearest(value, dtype):
    """An mpmath number, correctly rounded: the nearest of the numbers next to it, of two as near the even one."""
    form = format_of(dtype)
    if mpmath.isnan(value):
        return dtype.type(np.nan)
    if value == 0 or mpmath.isinf(value):
        return dtype.type(float(value))
    exponent = max(int(mp.floor(mp.log(abs(value), 2))), form.lowest)
    unit = mp.mpf(2) ** (exponent - form.digits)
    number = int(mp.nint(value / unit))  # ties to even
    with np.errstate(all="ignore"):
        return dtype.type(
            float(number * unit) if abs(number * unit) < mp.mpf(2) ** form.overflow else float(mp.sign(value)) * np.inf
        )


def rounded(wide, dtype):
    """A float64 array rounded once."""
    with np.errstate(all="ignore"):
        if dtype != NARROW[2]:
            return wide.astype(dtype)
        found = np.array([nearest(mp.mpf(abs(value)), dtype) for value in wide.ravel().tolist()], dtype)
        return np.copysign(found.astype(np.float64).reshape(wide.shape), wide).astype(dtype)


def rounds(name, got, wide):
    """Where a result is a float64 one, rounded; next to a midpoint the careful formulas may have moved that."""
    moved = (1 - 2.0**-51, 1, 1 + 2.0**-51) if name in CAREFUL else (1,)
    with np.errstate(all="ignore"):
        return np.logical_or.reduce([same(got, rounded(wide * factor, got.dtype)) for factor in moved])


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_the_real_value_rounded_once(name, dtype, rng):
    x = patterns(rng, 60, dtype)
    x = x[np.isfinite(x)]
    y, d, _ = reference.exact(name, x, *reference.defaults(name))
    f = on(BACKENDS[0], name)
    got_y, got_d = f.value_and_grad(x, **given(name, dtype))
    for got, real in ((got_y, y), (got_d, d)):
        wanted = np.array([nearest(value, dtype) for value in real], dtype)
        wrong = ~(same(got, wanted) | ((got == 0) & (wanted == 0)))
        assert not wrong.any(), (x[wrong], got[wrong], wanted[wrong])


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_same_bits_on_all_backends(name, dtype, rng):
    x = patterns(rng, 20_000, dtype)
    if dtype.itemsize == 2:
        x = from_bits(np.arange(1 << 16, dtype=np.uint16), dtype)
    dy = narrowed(np.where(rng.random(x.size) < 0.5, 1, rng.normal(size=x.size)), dtype)
    results = {}
    for backend in BACKENDS:
        f, parameters = on(backend, name), given(name, dtype)
        dx = f.backward(dy, x, **parameters)
        results[backend] = (f(x, **parameters), dx[0] if parameters else dx, *f.value_and_grad(x, **parameters))
    for backend in BACKENDS[1:]:
        # one of some hundred million may differ where there is no FMA; a sum that nearly vanishes has fewer digits
        spared = 0 if backend in WITH_FMA else 3
        for a, b in zip(results[BACKENDS[0]], results[backend], strict=True):
            differ = ~same(a, b)
            assert np.count_nonzero(differ) <= spared, (backend, x[differ], a[differ], b[differ])


@pytest.mark.parametrize("backend", BACKENDS)
def test_ties_of_subnormals_are_rounded_to_even(backend):
    """silu with beta = 0 is x/2: midpoints are that, and nothing is left of f that would decide."""
    x = np.arange(1, 4000, dtype=np.uint32).view(np.float32)
    x = np.concatenate([x, -x])
    wanted = narrowed(x.astype(np.float64) / 2, np.float32)
    silu = on(backend, "silu")
    for y in (silu(x, beta=0.0), silu.value_and_grad(x, beta=0.0)[0], silu(x, bias=np.full(x.size, -0.0, np.float32), beta=0.0)):
        assert same(y, wanted).all()


def midpoints(name):
    """Inputs for which most of a value is a midpoint, so that its smallest part decides."""
    signs, powers = (-1, 1), range(-44, -24, 3)
    if name == "tanh_shrink":  # a little less than x^3/3
        return [3 * k * sign * 2.0**e for k in range(1, 156, 2) for e in powers for sign in signs]
    if name == "star_relu":  # 0.8944 = 559/625, less 0.4472 and what the number 0.8944 lacks
        return [25 * k * 2.0**e for k in range(175, 246, 2) for e in range(8, 60, 3)]
    # snake: a little less than x + 1, where x is nearly an odd multiple of pi/2
    near = np.round((np.arange(3e6, 1e7) + 0.5) * np.pi).astype(np.float32).astype(float)
    least = near[np.argsort(np.abs(np.cos(near)))[:200]]
    return [*least, *-least]


@pytest.mark.parametrize("name", ["tanh_shrink", "star_relu", "snake"])
def test_midpoints(name):
    x = np.array(midpoints(name), np.float32)
    y, _, _ = reference.exact(name, x, *reference.defaults(name))
    wanted = np.array([nearest(value, NARROW[0]) for value in y])
    for backend in BACKENDS:
        wrong = ~same(on(backend, name)(x), wanted)
        assert not wrong.any(), (backend, x[wrong])


def test_the_slope_of_snake_next_to_its_zeros(rng):
    """There 1 + sin(2x) cancels. Near 0 it is a little less than 1 + 2x, which is a midpoint for some x."""
    periods = np.concatenate([np.arange(-300, 300), np.round(np.exp2(rng.uniform(8, 125, 300)))])
    zeros = (periods * np.pi - np.pi / 4).astype(np.float32)
    beside = [np.nextafter(zeros, np.float32(way)) for way in (-np.inf, np.inf)]
    midpoints = (rng.integers(0, 1 << 10, 200) * 2 + 1).astype(np.float32) * np.float32(2.0**-25)
    x = np.concatenate([zeros, *beside, midpoints, -midpoints])
    _, d, _ = reference.exact("snake", x, *reference.defaults("snake"))
    wanted = np.array([nearest(value, NARROW[0]) for value in d])
    for backend in BACKENDS:
        f = on(backend, "snake")
        for got in (f.value_and_grad(x)[1], f.backward(np.ones_like(x), x)):
            wrong = ~same(got, wanted)
            assert not wrong.any(), (backend, x[wrong], got[wrong], wanted[wrong])


def find(values, among):
    """Where each value stands among others."""
    return np.argmax(values[:, None] == among, axis=1)


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, parts in HARD_CASES.items() for part in parts])
def test_hard_cases(name, part, rng):
    """Inputs with a value next to a midpoint: the list has it, all backends round it, and without the list some would not."""
    x = np.array(list(HARD_CASES[name][part]), np.float32)
    y, d, _ = reference.exact(name, x, *reference.defaults(name))
    real, forward = (y, True) if part == "forward" else (d, False)
    wanted = np.array([nearest(value, NARROW[0]) for value in real])
    for listed, value, once in zip(HARD_CASES[name][part].values(), real, wanted, strict=True):
        assert abs(listed - value) < np.spacing(abs(listed))
        assert np.float32(listed) == once
    usual = set()
    for backend in BACKENDS:
        f = on(backend, name)
        many = np.concatenate([rng.normal(size=37).astype(np.float32), x, rng.normal(size=50).astype(np.float32)])
        alike = np.tile(rng.permutation(many), 40)[: 64 * 40 + 3]
        for given_x in (x, many, alike):
            ones = np.ones_like(given_x)
            got = f(given_x) if forward else f.backward(ones, given_x)
            both = f.value_and_grad(given_x)[0 if forward else 1]
            at = np.isin(given_x, x)
            assert same(got[at], wanted[find(given_x[at], x)]).all()
            assert same(both, got).all()
            out = given_x.copy()  # in the place of an input
            assert same(f(out, out=out) if forward else f.backward(ones, out, out=out), got).all()
            if not forward:
                assert same(f.backward(-2 * ones, given_x)[at], -2 * got[at]).all()
                assert same(f.backward(ones, given_x, out=ones), got).all()
        if others := {p.name: 1.5 * p.default for p in entries[name].parameters}:  # the list is for the default parameters
            call = f if forward else partial(f.backward, np.ones_like(x))
            assert same(call(x, **others), call(x.astype(np.float64), **others).astype(np.float32)).all()
        wide = x.astype(np.float64)
        usual.add(tuple(np.float32(f(wide) if forward else f.backward(np.ones_like(wide), wide))))
    assert usual != {tuple(wanted)} or not WITH_FMA  # the list is of these


#: Parameters by which a kernel's argument is multiplied or divided.
SCALED = {
    **{"silu": "beta", "softplus": "beta", "elu": "alpha", "celu": "alpha", "leaky_relu": "negative_slope"},
    **{"softcap": "cap", "isru": "alpha", "isrlu": "alpha", "generalized_logistic": "alpha"},
}


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize("name", EXACT)
def test_as_in_float64_but_rounded(name, backend, rng):
    """Whatever runs first: results are those of the loops of float64, for any bits of x and dy."""
    f, given_ones = on(backend, name), given(name, np.float32)
    x, dy = patterns(rng, 100_000, NARROW[0]), patterns(rng, 100_000, NARROW[0])
    dy[::7], dy[1::1000], x[::999] = 1, np.inf, -np.inf
    with np.errstate(all="ignore"):
        for options in ({}, *({SCALED[name]: value} for value in (0.1, 3.0, 250.0) if name in SCALED)):
            wide = f(x.astype(np.float64), **given_ones, **options)
            assert rounds(name, f(x, **given_ones, **options), wide).all()
            dx, wide = (f.backward(a, b, **given_ones, **options) for a, b in ((dy, x), (dy.astype(float), x.astype(float))))
            if given_ones:
                dx, wide = dx[0], wide[0]
            differ = ~rounds(name, dx, wide)
            if name == "snake":  # next to zeros the careful formula has more digits
                differ &= np.abs(wide) > 0.01 * np.abs(dy)
            assert not differ.any(), (dy[differ], x[differ], dx[differ], wide[differ])


#: Where a derivative is 0.
ZEROS = {
    "silu": -1.2784645427610738,
    "quick_gelu": -0.7511542554412889,
    "gelu": -0.7517915246935645,
    "gelu_tanh": -0.7524614220710162,
    "mish": -1.1924312145154928,
}


@pytest.mark.parametrize("name", ZEROS)
def test_where_a_derivative_changes_its_sign(name):
    """What float64 has lost there is lost alike: all floats within 2^-8 or so of the zero."""
    near = np.float32(ZEROS[name]).view(np.int32)
    x = np.arange(near - (1 << 16), near + (1 << 16), dtype=np.int32).view(np.float32)
    listed = np.isin(x, list(HARD_CASES.get(name, {}).get("derivative", ())))
    results = []
    for backend in WITH_FMA:
        f = on(backend, name)
        for dy in (np.ones_like(x), np.float32(0.7) + x):
            wide = f.backward(dy.astype(np.float64), x.astype(np.float64))
            results.append(f.backward(dy, x))
            assert (rounds(name, results[-1], wide) | listed).all()
        assert same(results[-2], f.value_and_grad(x)[1]).all()
    for k, other in enumerate(results[2:]):
        assert same(results[k % 2], other).all()


@pytest.mark.parametrize("name", EXACT)
def test_same_bits_in_float64(name, rng):
    """Of float64 there is no type to compute it in. All processors with FMA have the same text, and the same bits."""
    x, parameters = patterns(rng, 5000, np.dtype(np.float64)), given(name, np.float64)
    first = on(WITH_FMA[0], name)(x, **parameters) if WITH_FMA else None
    for backend in WITH_FMA[1:]:
        assert same(first, on(backend, name)(x, **parameters)).all()


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["gelu", "tanh", "leaky_relu", "relu", "hard_shrink", "softplus"])
def test_everything_is_rounded_once(name, backend, dtype, rng):
    """Also with a bias, with parameters, of a product, and of any layout and length."""
    f, wide = on(backend, name), on(backend, name)
    x, bias, dy = (patterns(rng, n, dtype) for n in (7 * 50, 50, 7 * 50))
    x, dy = x.reshape(7, 100), dy.reshape(7, 100)
    x64, bias64, dy64 = (narrowed(a, np.float64) for a in (x, bias, dy))
    options = {p.name: 0.1 for p in entries[name].options if p.name in ("negative_slope", "lambd", "beta")}

    with np.errstate(all="ignore"):
        assert rounds(name, f(x, **options), wide(x64, **options)).all()
        assert rounds(name, f(x, bias=bias, **options), wide(x64 + bias64, **options)).all()
        assert rounds(name, f.backward(dy, x, **options), wide.backward(dy64, x64, **options)).all()
        dx, dbias = f.backward(dy, x, bias=bias, **options)
        assert rounds(name, dx, wide.backward(dy64, x64 + bias64, **options)).all()
    assert dbias.dtype == dtype
    y = f(x, **options)
    for view in (x[:, ::3], x.T, x[::-1], x[3, 1:2], x[2:4]):
        assert same(np.ascontiguousarray(f(view, **options)), np.ascontiguousarray(f(view.copy(), **options))).all()
    assert same(np.ascontiguousarray(y[:, 5:48]), f(x[:, 5:48], **options)).all()
    out = x.copy()
    assert f(out, out=out, **options) is out
    assert same(out, y).all()
    with fastact.num_threads(2):
        many = np.resize(x, 300_000)
        assert same(f(many, **options), np.resize(y, 300_000)).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_never_rounds_is_as_fast(backend):
    """Its loop is that of the mode "fast"."""
    x = np.linspace(-3, 3, 1001).astype(np.float32)
    for name in ("relu", "relu6", "hard_tanh", "hard_shrink", "threshold", "identity", "binary_step"):
        assert entries[name].never_rounds
        assert same(on(backend, name)(x), getattr(fastact.backends.load(backend), name)(x)).all()
    assert not entries["leaky_relu"].never_rounds


@pytest.mark.parametrize("backend", BACKENDS)
def test_units_and_definitions(backend, rng):
    gate, value, dy = rng.normal(size=(3, 999)).astype(np.float32)
    wide = [a.astype(np.float64) for a in (gate, value, dy)]
    exact = fastact.backends.load(backend).exact
    own = exact.bind(fastact.define("x * erf(log1p(exp(x)))", name="serf"))
    assert same(own(gate), own(wide[0]).astype(np.float32)).all()
    slopes = np.linspace(0.5, 2, 999).astype(np.float32)
    d, dslope = exact.silu.backward(dy, gate, beta=slopes)
    d64, dslope64 = exact.silu.backward(wide[2], wide[0], beta=slopes.astype(np.float64))
    assert same(d, d64.astype(np.float32)).all()
    assert same(dslope, dslope64.astype(np.float32)).all()
    for unit in (exact.swiglu, exact.geglu, exact.reglu, exact.bind(fastact.gated(fastact.mish))):
        assert same(unit(gate, value), unit(wide[0], wide[1]).astype(np.float32)).all()
        for got, real in zip(unit.backward(dy, gate, value), unit.backward(wide[2], wide[0], wide[1]), strict=True):
            assert same(got, real.astype(np.float32)).all()


ROWS = ("softmax", "log_softmax", "softmin", "logsumexp", "sparsemax")


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("n", [1, 5, 16, 100, 1000, 5000])
@pytest.mark.parametrize("name", ROWS)
def test_rows(name, n, dtype, rng):
    x = narrowed(3 * rng.normal(size=(17, n)), dtype)
    wide = x.astype(np.float64)
    results = {}
    dy = narrowed(rng.normal(size=np.shape(on(BACKENDS[0], name)(x))), dtype)
    for backend in BACKENDS:
        f = on(backend, name)
        y = f(x)
        results[backend] = (y, f.backward(dy, x), np.ascontiguousarray(f(np.asfortranarray(x))), f(x.T.copy(), axis=0).T.copy())
    first = results[BACKENDS[0]]
    for backend in BACKENDS[1:]:
        for a, b in zip(first, results[backend], strict=True):
            # a gradient that vanishes has what is left of float64's rounding, which is another without FMA
            differ = ~same(a, b) & ((backend in WITH_FMA) | (np.abs(a.astype(np.float64) - b.astype(np.float64)) > 1e-14))
            assert np.count_nonzero(differ) <= (0 if backend in WITH_FMA else a.size / 1e4)
    if name == "softmax":
        e = [[mp.exp(mp.mpf(v)) for v in row] for row in wide[:2].tolist()]
        totals = [mp.fsum(row) for row in e]
        real = np.array([[nearest(v / total, dtype) for v in row] for row, total in zip(e, totals, strict=True)], dtype)
        assert same(np.ascontiguousarray(first[0][:2]), real).all()


def test_losses(rng):
    z = rng.normal(size=(33, 700)).astype(np.float32)
    labels = rng.integers(0, 700, 33)
    t = rng.random(z.shape).astype(np.float32)
    results = []
    for backend in WITH_FMA:
        exact = fastact.backends.load(backend).exact
        loss, dz = exact.cross_entropy.value_and_grad(z, labels)
        smooth = exact.cross_entropy(z, labels, label_smoothing=0.1)
        b, db = exact.binary_cross_entropy.value_and_grad(z, t)
        wide = exact.cross_entropy.value_and_grad(z.astype(np.float64), labels)
        assert loss == np.float32(wide[0])
        assert same(dz, wide[1].astype(np.float32)).all()
        results.append((loss, smooth, b, dz, db))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert same(np.asarray(a), np.asarray(b)).all()
