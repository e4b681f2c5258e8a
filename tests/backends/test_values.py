"""Values at the points where hand-written activations go wrong."""

import ml_dtypes
import numpy as np
import pytest

import fastact
from fastact.tools import reference

INF, NAN = np.inf, np.nan

# f at -inf, minus the largest finite number, minus a subnormal number, -0, 0, a subnormal number, the largest, inf; then f'
# at -inf, 0 and inf. `s` is the subnormal number (the smallest and the largest are tried), `max` the largest finite number.
TABLE = """
identity              | -inf    | -max      | -s      | -0.0     | 0.0      | s       | max       | inf   | 1     | 1     | 1
exponential           | 0       | 0         | 1       | 1        | 1        | 1       | inf       | inf   | 0     | 1     | inf
binary_step           | 0       | 0         | 0       | 1        | 1        | 1       | 1         | 1     | 0     | 0     | 0
relu                  | 0       | 0         | 0       | -0.0     | 0.0      | s       | max       | inf   | 0     | 0     | 1
relu6                 | 0       | 0         | 0       | -0.0     | 0.0      | s       | 6         | 6     | 0     | 0     | 0
relu_squared          | 0       | 0         | 0       | 0.0      | 0.0      | s*s     | inf       | inf   | 0     | 0     | inf
leaky_relu            | -inf    | -0.01*max | -0.01*s | -0.0     | 0.0      | s       | max       | inf   | 0.01  | 0.01  | 1
prelu                 | -inf    | -max/4    | -s/4    | -0.0     | 0.0      | s       | max       | inf   | 0.25  | 0.25  | 1
rrelu                 | -inf    | -11/48*max| -11/48*s| -0.0     | 0.0      | s       | max       | inf   | 11/48 | 11/48 | 1
noisy_relu            | 0       | 0         | 0       | 0.0      | 0.0      | s       | max       | inf   | 0     | 0     | 1
threshold             | 0       | 0         | 0       | 0.0      | 0.0      | s       | max       | inf   | 0     | 0     | 1
hard_tanh             | -1      | -1        | -s      | -0.0     | 0.0      | s       | 1         | 1     | 0     | 1     | 0
hard_sigmoid          | 0       | 0         | 1/2     | 1/2      | 1/2      | 1/2     | 1         | 1     | 0     | 1/6   | 0
hard_swish            | -0.0    | -0.0      | -s/2    | -0.0     | 0.0      | s/2     | max       | inf   | 0     | 1/2   | 1
hard_shrink           | -inf    | -max      | 0       | 0        | 0        | 0       | max       | inf   | 1     | 0     | 1
soft_shrink           | -inf    | -max      | -0.0    | -0.0     | 0.0      | 0.0     | max       | inf   | 1     | 0     | 1
srelu                 | -inf    | -0.2*max-0.8| -s      | -0.0     | 0.0      | s       | .2*max+.8 | inf   | 0.2   | 1     | 0.2
sqnl                  | -1      | -1        | -s      | -0.0     | 0.0      | s       | 1         | 1     | 0     | 1     | 0
star_relu             | -0.4472 | -0.4472   | -0.4472 | -0.4472  | -0.4472  | -0.4472 | inf       | inf   | 0     | 0     | inf
elu                   | -1      | -1        | -s      | -0.0     | 0.0      | s       | max       | inf   | 0     | 1     | 1
celu                  | -1      | -1        | -s      | -0.0     | 0.0      | s       | max       | inf   | 0     | 1     | 1
selu                  | -A*L    | -A*L      | -A*L*s  | -0.0     | 0.0      | L*s     | inf       | inf   | 0     | A*L   | L
sigmoid               | 0       | 0         | 1/2     | 1/2      | 1/2      | 1/2     | 1         | 1     | 0     | 1/4   | 0
generalized_logistic  | 0       | 0         | 1/2     | 1/2      | 1/2      | 1/2     | 1         | 1     | 0     | 1/4   | 0
log_sigmoid           | -inf    | -max      | -log(2) | -log(2)  | -log(2)  | -log(2) | 0         | 0     | 1     | 1/2   | 0
tanh                  | -1      | -1        | -s      | -0.0     | 0.0      | s       | 1         | 1     | 0     | 1     | 0
tanh_shrink           | -inf    | -max      | -s**3/3 | -0.0     | 0.0      | s**3/3  | max       | inf   | 1     | 0     | 1
softplus              | 0       | 0         | log(2)  | log(2)   | log(2)   | log(2)  | max       | inf   | 0     | 1/2   | 1
squareplus            | 0       | 1/max     | 1       | 1        | 1        | 1       | max       | inf   | 0     | 1/2   | 1
soft_clipping | 0 | 0 | log(2)/50-s/2| log(2)/50| log(2)/50| log(2)/50+s/2| 1 | 1 | 0 | 1/2 | 0
softsign              | -1      | -1        | -s      | -0.0     | 0.0      | s       | 1         | 1     | 0     | 1     | 0
arctan                | -pi/2   | -pi/2     | -s      | -0.0     | 0.0      | s       | pi/2      | pi/2  | 0     | 1     | 0
gudermannian          | -pi/2   | -pi/2     | -s      | -0.0     | 0.0      | s       | pi/2      | pi/2  | 0     | 1     | 0
erf                   | -1      | -1        | -E*s    | -0.0     | 0.0      | E*s     | 1         | 1     | 0     | E     | 0
isru                  | -1      | -1        | -s      | -0.0     | 0.0      | s       | 1         | 1     | 0     | 1     | 0
isrlu                 | -1      | -1        | -s      | -0.0     | 0.0      | s       | max       | inf   | 0     | 1     | 1
arsinh | -inf | -log(2)-log(max)| -s | -0.0 | 0.0 | s | log(2)+log(max)| inf | 0 | 1 | 0
bent_identity         | -inf    | -max/2    | -s      | -0.0     | 0.0      | s       | inf       | inf   | 1/2   | 1     | 3/2
soft_exponential      | 0       | 0         | 1       | 1        | 1        | 1       | inf       | inf   | 0     | 1     | inf
silu                  | -0.0    | -0.0      | -s/2    | -0.0     | 0.0      | s/2     | max       | inf   | 0     | 1/2   | 1
quick_gelu            | -0.0    | -0.0      | -s/2    | -0.0     | 0.0      | s/2     | max       | inf   | 0     | 1/2   | 1
gelu                  | -0.0    | -0.0      | -s/2    | -0.0     | 0.0      | s/2     | max       | inf   | 0     | 1/2   | 1
gelu_tanh             | -0.0    | -0.0      | -s/2    | -0.0     | 0.0      | s/2     | max       | inf   | 0     | 1/2   | 1
mish                  | -0.0    | -0.0      | -0.6*s  | -0.0     | 0.0      | 0.6*s   | max       | inf   | 0     | 0.6   | 1
gaussian              | 0       | 0         | 1       | 1        | 1        | 1       | 0         | 0     | 0     | 0     | 0
sinusoid              | nan     | SIN(-max) | -s      | -0.0     | 0.0      | s       | SIN(max)  | nan   | nan   | 1     | nan
sinc                  | 0       | 0         | 1       | 1        | 1        | 1       | 0         | 0     | 0     | 0     | 0
sparse_plus           | 0       | 0         | 1/4     | 1/4      | 1/4      | 1/4     | max       | inf   | 0     | 1/2   | 1
sparse_sigmoid        | 0       | 0         | 1/2     | 1/2      | 1/2      | 1/2     | 1         | 1     | 0     | 1/2   | 0
log1mexp              | nan     | nan       | nan     | -inf     | -inf     | log(s)  | -0.0      | -0.0  | nan   | inf   | 0
logit                 | nan     | nan       | nan     | -inf     | -inf     | log(s)  | nan       | nan   | nan   | inf   | nan
softcap               | -50     | -50       | -s      | -0.0     | 0.0      | s       | 50        | 50    | 0     | 1     | 0
snake                 | -inf    | -max      | -s      | -0.0     | 0.0      | s       | max       | inf   | nan   | 1     | nan
"""
CELLS = {name.strip(): cells for name, *cells in (line.split("|") for line in TABLE.strip().splitlines())}


mp = reference.mp
CONSTANTS = {
    **{"inf": INF, "nan": NAN, "pi": mp.pi, "log": mp.log, "SIN": mp.sin, "E": 2 / mp.sqrt(mp.pi)},
    **{"A": mp.mpf("1.6732632423543772"), "L": mp.mpf("1.0507009873554805")},
}


def assert_is(got, cells, bound, **names):
    """Within the bound of what the cells say; infinities, zeros, their signs as far as the cells give them, and NaN exactly."""
    with mp.workprec(1400):  # for the sine of the largest number
        values = [eval(cell, CONSTANTS, {k: mp.mpf(v) for k, v in names.items()}) for cell in cells]
        wanted = [mp.mpf(value) for value in values]
    assert got.size == len(cells)
    for number, value, exact in zip(got, values, wanted, strict=True):
        if mp.isfinite(exact):
            assert reference.ulp_errors(np.array([number]), [exact])[0] <= bound, f"{number} is not {float(exact)}"
            assert np.isfinite(number) == (abs(exact) <= float(ml_dtypes.finfo(got.dtype).max))
        else:
            np.testing.assert_equal(float(number), float(exact))
        if exact == 0:
            assert number == 0
        if isinstance(value, float) and value == 0:
            assert np.signbit(number) == np.signbit(value)


def assert_same(got, wanted):
    """NaN is NaN, too, which NumPy's own test does not know of bfloat16."""
    np.testing.assert_array_equal(got.astype(np.float64), wanted.astype(np.float64))


def test_the_table_is_of_activations():
    assert set(CELLS) <= set(fastact.activations)


@pytest.mark.parametrize("n", [1, 4, 40])  # the tail of a vector alone, one vector and several
@pytest.mark.parametrize("name", CELLS)
def test_special_values(backend, name, dtype, n):
    f, info = getattr(backend, name), ml_dtypes.finfo(dtype)
    largest, smallest = float(info.max), float(info.smallest_subnormal)
    for s in (smallest, float(info.smallest_normal) - smallest):
        x = np.array([-INF, -largest, -s, -0.0, 0.0, s, largest, INF]).astype(dtype)
        y, d = f.value_and_grad(np.tile(x, n))
        assert_same(y, f(np.tile(x, n)))
        assert_same(y, np.tile(y[:8], n))
        # one more for parameters given in decimals, which are rounded too
        assert_is(y[:8], CELLS[name][:8], f.info.ulp + 1, s=s, max=largest)
        assert_is(np.abs(d[:8][[0, 4, 7]]), CELLS[name][8:], f.info.derivative_ulp + 1)
        gradient = f.backward(np.ones_like(x), x)
        assert_same(gradient[0] if isinstance(gradient, tuple) else gradient, d[:8])


@pytest.mark.parametrize("position", [0, 3, 16, 31, 32, 36])
def test_nan_stays_nan_and_alone(f, dtype, position):
    """In the vectors' body and in what remains: PyTorch lost it in one of the two (pytorch#81138)."""
    x = np.ones(37, dtype)
    x[position] = NAN
    dy = np.ones_like(x)
    gradient = f.backward(dy, x)
    results = [f(x), *f.value_and_grad(x), gradient[0] if isinstance(gradient, tuple) else gradient]
    if f._entry.derivative_from_output:
        results.append(f.backward(dy, y=x))
    for result in results:
        assert np.flatnonzero(np.isnan(result)).tolist() == [position]
    gradient = f.backward(x, dy)  # a NaN in dy too
    assert np.isnan((gradient[0] if isinstance(gradient, tuple) else gradient)[position])


def test_no_flag_is_left(f, dtype, rng):
    """After a call on anything at all, NumPy's own check of the processor's flags finds none raised."""
    bits = rng.integers(0, 2 ** (8 * dtype.itemsize), 5000, dtype=f"u{dtype.itemsize}", endpoint=False)
    nan = bits & bits.dtype.type(2 ** (8 * dtype.itemsize - 1) - 1) > np.array(INF, dtype).view(bits.dtype)
    bits[nan] = np.array(NAN, dtype).view(bits.dtype)  # signalling NaN raises a flag in NumPy's own conversions
    x = bits.view(dtype)
    with np.errstate(all="raise"):
        f(x)
        f(x[::2])
        f.value_and_grad(x)
        f.backward(x, x)
        f.backward(x, x, bias=np.ones_like(x))


# Wrong elsewhere: each was reported against another library, or measured there (float32, with PyTorch 2.13 and JAX 0.10).


def relative_error(f, x, dtype=np.float32, **parameters):
    """The largest relative error of f over some numbers, and of its derivative in units of the derivative's largest term."""
    x = np.array(x, dtype)
    y, d, size = reference.exact(f.name, x, *[parameters.get(p.name, p.default) for p in f._entry.parameters])
    value, slope = f.value_and_grad(x, **parameters)
    return (
        max(float(abs(reference.mp.mpf(float(a)) / b - 1)) for a, b in zip(value, y, strict=True)),
        max(float(abs(reference.mp.mpf(float(a)) - b) / c) for a, b, c in zip(slope, d, size, strict=True)),
    )


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("sigmoid", [-87, -80, -60]),
        ("silu", [-85, -60, -20]),
        ("gelu", [-12.5, -9, -7, -5.5]),  # 0.5 x (1 + erf(x / sqrt 2)) cancels (pytorch#187806)
        ("gelu_tanh", [-9, -7.5, -6, -5]),
        ("quick_gelu", [-49, -30, -12]),
        ("mish", [-85, -60, -20, -17]),
        ("softplus", [-87, -60, -20]),
        ("log_sigmoid", [87, 60, 20]),
        ("elu", [-1e-9, -1e-5, -1e-30]),  # exp(x) - 1 is 0 (tensorflow#116943)
        ("celu", [-1e-9, -1e-5, -1e-30]),
        ("selu", [-1e-9, -1e-5, -1e-30]),
        ("tanh", [1e-30, 1e-4, -1e-9]),
        ("log1mexp", [1e-30, 1e-7, 0.69, 0.7, 1.0, 20, 60, 87]),  # log(1 - exp(-x)) has no digit left at both ends
        ("logit", [1e-30, 1e-4, 0.25, 0.49999, 0.500001, 0.75, 0.99999]),
        ("softcap", [1e-30, 1e-3, 30.0, -36.0, 300.0]),
        ("sparse_plus", [-0.999999, -0.5, 1e-7, 0.999999]),
    ],
)
def test_tails_keep_their_digits(backend, name, tail):
    forward, derivative = relative_error(getattr(backend, name), tail)
    assert forward < 2e-7
    assert derivative < 3e-7


def test_subnormal_results_are_not_flushed(backend):
    assert backend.silu(np.float32([-100]))[0] == np.float32(-3.7200760e-42)
    assert backend.gelu(np.float32([-14]))[0] == pytest.approx(np.float32(-1.0901e-43), rel=1e-2)
    assert backend.mish(np.float32([-100]))[0] == np.float32(-3.7200760e-42)
    assert backend.sigmoid(np.float32([-103]))[0] == np.float32(1.4e-45)
    assert backend.sigmoid(np.array([-745.0]))[0] > 0


@pytest.mark.parametrize("name", ["gelu", "silu", "mish"])
def test_limit_at_minus_infinity(backend, name, dtype):
    """Not NaN (pytorch#187293, #195197)."""
    y = getattr(backend, name)(np.array([-INF], dtype))
    assert y[0] == 0
    assert np.signbit(y[0])


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu", "mish", "hard_swish", "softplus"])
def test_large_finite_numbers_stay_finite(backend, name):
    assert getattr(backend, name)(np.float32([3e38]))[0] == np.float32(3e38)


def test_softplus_has_no_threshold(backend):
    """Returning x beyond 20 jumps by 2e-9 in float64."""
    assert backend.softplus(np.array([20.5]))[0] == pytest.approx(20.5 + np.exp(-20.5), rel=3e-16)


def test_float16_tanh_does_not_saturate_early(backend):
    """numpy#30821."""
    x = np.arange(4, 12, 0.25, dtype=np.float16)
    np.testing.assert_array_equal(backend.tanh(x), np.tanh(x.astype(np.float64)).astype(np.float16))


def test_strided_input_is_not_silently_wrong(f):
    """flash-linear-attention#759."""
    x = np.linspace(-3, 3, 600, dtype=np.float32).reshape(20, 30)
    np.testing.assert_array_equal(f(x.T[::2, ::-3]), f(np.ascontiguousarray(x.T[::2, ::-3])))


def test_silu_with_beta_zero(backend, dtype):
    x = np.array([-2, 0, 3, 1e4, np.inf, -np.inf, float(ml_dtypes.finfo(dtype).max)]).astype(dtype)
    np.testing.assert_array_equal(backend.silu(x, beta=0), x / dtype.type(2))
    np.testing.assert_array_equal(backend.silu.value_and_grad(x, beta=0.0)[1], np.full(7, 0.5, dtype))


#: Where 0 times infinity is meant as a limit: parameters, x, f(x), f'(x). The zeros' signs are those of any large finite x.
ZERO_TIMES_INFINITY = [
    ("leaky_relu", {"negative_slope": 0.0}, -INF, -0.0, 0.0),
    ("leaky_relu", {"negative_slope": 0.0}, INF, INF, 1.0),
    ("leaky_relu", {"negative_slope": 0.01}, -INF, -INF, 0.01),
    ("prelu", {"slope": 0.0}, -INF, -0.0, 0.0),
    ("rrelu", {"lower": 0.0, "upper": 0.0}, -INF, -0.0, 0.0),
    ("srelu", {"slope_left": 0.0}, -INF, -1.0, 0.0),
    ("srelu", {"slope_right": 0.0}, INF, 1.0, 0.0),
    ("srelu", {"slope_left": 0.0, "slope_right": 0.0}, INF, 1.0, 0.0),
    ("hard_sigmoid", {"alpha": 0.0}, INF, 0.5, 0.0),
    ("hard_sigmoid", {"alpha": 0.0}, -INF, 0.5, 0.0),
    ("elu", {"alpha": 0.0}, -INF, -0.0, 0.0),
    ("star_relu", {"scale": 0.0, "shift": 2.0}, INF, 2.0, 0.0),
    ("silu", {"beta": 0.0}, -INF, -INF, 0.5),
    ("isru", {"alpha": 0.0}, -INF, -INF, 1.0),
    ("soft_exponential", {"alpha": 0.0}, -INF, -INF, 1.0),
]


def all_ways(f, x, **parameters):
    """f(x) and f'(x), which all ways to get them give."""
    y, d = f.value_and_grad(x, **parameters)
    assert_same(f(x, **parameters), y)
    gradient = f.backward(np.ones_like(x), x, **parameters)
    assert_same(gradient[0] if isinstance(gradient, tuple) else gradient, d)
    assert_same(f(np.repeat(x, 2)[::2], **parameters), y)
    return y, d


@pytest.mark.parametrize(("name", "parameters", "x", "value", "slope"), ZERO_TIMES_INFINITY)
def test_zero_times_infinity_is_the_limit(backend, dtype, name, parameters, x, value, slope):
    f = getattr(backend, name)
    y, d = all_ways(f, np.full(19, x, dtype), **parameters)
    assert_same(y, np.full(19, value, dtype))
    assert_same(np.signbit(y), np.full(19, np.signbit(value)))
    assert_same(d, np.full(19, slope, dtype))
    if f._entry.derivative_from_output and np.isfinite(value):
        assert np.isfinite(f.backward(np.ones_like(y), y=y, **parameters)).all()


def test_slopes_of_which_some_are_zero(backend, dtype):
    x = np.array([-INF, -INF, INF, -1.0, NAN]).astype(dtype)
    slope = np.array([0.0, 0.5, 0.0, 0.0, 0.0]).astype(dtype)
    y = backend.prelu(x, slope=slope)
    assert_same(y, np.array([0.0, -INF, INF, 0.0, NAN]).astype(dtype))
    dx, dslope = backend.prelu.backward(np.ones_like(x), x, slope=slope)
    assert_same(dx, np.array([0.0, 0.5, 1.0, 0.0, NAN]).astype(dtype))
    assert_same(dslope, np.array([-INF, -INF, 0.0, -1.0, NAN]).astype(dtype))


#: The signs of zeros: f, parameters, x, f(x). PyTorch's where it has the function; its soft_shrink has -0.0 for single elements
#: and +0.0 in its vectors on a CPU, of which the former is its formula.
ZEROS = [
    ("sinc", {}, [1.0, -1.0, 2.0, -2.0, 3.0, 1e3, -1e4, INF], [0.0] * 8),
    ("hard_shrink", {}, [-0.3, 0.3, -0.5, 0.5, -0.0], [0.0] * 5),
    ("soft_shrink", {}, [-0.3, 0.3, -0.5, 0.5, -0.0, 0.0], [-0.0, 0.0, -0.0, 0.0, -0.0, 0.0]),
    ("relu", {}, [-1.0, -0.0, 0.0], [0.0, -0.0, 0.0]),
    ("relu6", {}, [-1.0, -0.0, 0.0], [0.0, -0.0, 0.0]),
    ("leaky_relu", {"negative_slope": 0.0}, [-1.0, -0.0, 0.0], [-0.0, -0.0, 0.0]),
    ("prelu", {"slope": 0.0}, [-1.0, -0.0, 0.0], [-0.0, -0.0, 0.0]),
    ("elu", {"alpha": 0.0}, [-1.0, -0.0, 0.0], [-0.0, -0.0, 0.0]),
    ("threshold", {}, [-1.0, -0.0, 0.0], [0.0, 0.0, 0.0]),
    ("hard_tanh", {"min": 0.0}, [-1.0, -0.0, 0.0], [0.0, -0.0, 0.0]),
    ("hard_swish", {}, [-4.0, -3.0, -0.0, 0.0], [-0.0, -0.0, -0.0, 0.0]),
    ("hard_sigmoid", {}, [-4.0, -3.0], [0.0, 0.0]),
    ("silu", {"beta": -1.0}, [-0.0, 0.0, INF], [-0.0, 0.0, 0.0]),
    ("silu", {"beta": 2.0}, [-0.0, 0.0, -INF], [-0.0, 0.0, -0.0]),
    ("gelu", {}, [-0.0, 0.0, -1e4], [-0.0, 0.0, -0.0]),
    ("gelu_tanh", {}, [-0.0, 0.0, -1e4], [-0.0, 0.0, -0.0]),
    ("quick_gelu", {}, [-0.0, 0.0, -1e4], [-0.0, 0.0, -0.0]),
    ("softcap", {}, [-0.0, 0.0], [-0.0, 0.0]),
    ("softcap", {"cap": 1e30}, [-0.0, 0.0], [-0.0, 0.0]),
    ("log1mexp", {}, [INF, 3e4], [-0.0, -0.0]),
    ("logit", {}, [0.5], [0.0]),
    ("sparse_plus", {}, [-1.0, -2.0, -INF], [0.0, 0.0, 0.0]),
    ("sparse_sigmoid", {}, [-1.0, -2.0, -INF], [0.0, 0.0, 0.0]),
]


@pytest.mark.parametrize(("name", "parameters", "x", "zeros"), ZEROS)
def test_signs_of_zeros(backend, dtype, name, parameters, x, zeros):
    for copies in (1, 40):
        y, _ = all_ways(getattr(backend, name), np.tile(x, copies).astype(dtype), **parameters)
        assert not y.any()
        np.testing.assert_array_equal(np.signbit(y), np.signbit(np.tile(zeros, copies)))


#: Parameters far from 1, or such as float32 has no number for, and others that were wrong: x and parameters.
EXTREME = [
    ("silu", -1e24, {"beta": 1e-30}),
    ("silu", -3e30, {"beta": 2e-29}),
    ("silu", 1.0, {"beta": 1e39}),
    ("soft_exponential", 1.0, {"alpha": 1e-30}),
    ("soft_exponential", 1.0, {"alpha": -1e-30}),
    ("soft_exponential", 0.7, {"alpha": 1000.0}),
    ("softplus", 0.0, {"beta": 1e30}),
    ("softplus", 1.0, {"beta": 1e39}),
    ("softplus", -1e15, {"beta": 1e-13}),
    ("softplus", -1.3e15, {"beta": 1e-13}),
    ("elu", -1.0, {"alpha": 1e-46}),
    ("elu", -130.0, {"alpha": 5e14}),
    ("celu", -1e-40, {"alpha": 30.0}),
    ("celu", -1.0, {"alpha": 1e-46}),
    ("celu", -1.0, {"alpha": 1e39}),
    ("isru", 3e20, {"alpha": 1e-46}),
    ("isru", 1.0, {"alpha": 1e39}),
    ("isrlu", -1.0, {"alpha": 1e39}),
    ("squareplus", 1.0, {"b": 1e39}),
    ("squareplus", -1e-22, {"b": 1e-44}),
    ("snake", 1.0, {"alpha": 1e39}),
    ("snake", 1e30, {"alpha": 1e-46}),
    ("snake", 6e30, {"alpha": 0.1106}),
    ("generalized_logistic", 3.0, {"alpha": 1000.0}),
    ("generalized_logistic", 0.25, {"alpha": 30.0}),
    ("generalized_logistic", 90.0, {"alpha": 1e39}),
    ("soft_clipping", 0.7, {"alpha": 100.0}),
    ("soft_clipping", 0.5, {"alpha": 84.0}),
    ("soft_clipping", 0.51, {"alpha": 149.0}),
    ("soft_clipping", 0.3, {"alpha": 1e-46}),
    ("soft_clipping", 2.0, {"alpha": 0.01}),
    ("soft_clipping", -301.636883, {"alpha": 1.70742797e-05}),
    ("star_relu", 1e30, {"scale": 1e-30}),
    ("star_relu", 1.0, {"scale": 1e-46}),
    ("leaky_relu", -1.0, {"negative_slope": 1e39}),
    ("softcap", 3.0, {"cap": 1e-46}),
    ("softcap", -1e-30, {"cap": 1e39}),
    ("softcap", 1e38, {"cap": 1e38}),
    ("softcap", 1e-40, {"cap": 2e-40}),
    ("softcap", 1e-3, {"cap": 1e-5}),
    ("softcap", 20.0, {"cap": 30.0}),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "x", "parameters"), EXTREME)
def test_extreme_parameters(backend, dtype, name, x, parameters):
    """Against mpmath; and what float32 can't hold is not taken for 0 or infinity."""
    f = getattr(backend, name)
    x = np.full(11, x, dtype)
    values = [parameters.get(p.name, p.default) for p in f._entry.parameters]
    with reference.mp.workprec(2600):
        wanted, slopes, sizes = reference.exact(name, x[:1], *values)
    y, d = all_ways(f, x, **parameters)
    assert y.dtype == d.dtype == dtype
    assert reference.ulp_errors(y[:1], wanted)[0] <= 3
    assert reference.ulp_errors(d[:1], slopes, sizes)[0] <= 5
    out = np.empty(11, dtype)
    assert f(x, out=out, **parameters) is out
    assert_same(out, y)


def signalling(dtype):
    """Ones, and among them a signalling NaN."""
    form = reference.format_of(dtype)
    x = np.ones(5, dtype)
    x.view(form.unsigned)[1] = form.infinity + 1
    return x


@pytest.mark.parametrize("other", [np.float16, np.float32, np.float64])
def test_signalling_nan_in_mixed_types_gives_no_warning(backend, dtype, other):
    if (dtype.name == "bfloat16") and other is np.float16:
        pytest.skip("NumPy knows no common type")
    x, z = signalling(dtype), signalling(other)
    with np.errstate(all="raise"):
        results = [
            backend.gelu.backward(x, z),
            backend.gelu.backward(z, x),
            backend.relu(x, bias=z),
            backend.elu.backward(x, y=z),
            backend.prelu(x, slope=z),
            *backend.prelu.backward(x, z, slope=z),
            backend.swiglu(x, z),
            *backend.swiglu.backward(z, x, x),
        ]
    for result in results:
        assert np.flatnonzero(np.isnan(result)).tolist() == [1]
