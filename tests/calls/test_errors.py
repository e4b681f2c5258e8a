"""Every row of the design's table of errors: what is raised, that it says what is wrong, and that nothing was written."""

import numpy as np
import pytest

import fastact

X = np.array([-1.0, 0.5, 2.0], np.float32)


@pytest.fixture
def out():
    return np.full(3, 7, np.float32)


@pytest.mark.parametrize(
    "x",
    [
        np.array([1j]),
        np.array([object()]),
        np.array(["a"]),
        np.array([b"a"]),
        np.array([1], "M8[s]"),
        np.array([1], "m8[s]"),
        np.array([1], np.longdouble) if np.longdouble is not np.float64 else 1j,
        1j,
        "a",
        None,
        10**30,
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, np.ndarray) else x.dtype.str,
)
def test_dtype(f, x):
    dtype = str(np.asarray(x).dtype)
    for call in (f, f.value_and_grad, lambda x: f.backward(X[:1], x), lambda x: f.backward(x, X[:1])):
        if call is not f and x is None:
            continue
        with pytest.raises(TypeError) as error:
            call(x)
        assert f.name in str(error.value)
        assert dtype in str(error.value)


@pytest.mark.parametrize("dtype", [complex, object, "U3", "M8[s]"])
def test_dtype_keyword(f, out, dtype):
    with pytest.raises(TypeError, match=f.name):
        f(X, out=out, dtype=dtype)
    assert (out == 7).all()


def test_integer_dtype_of_what_is_not_whole(backend):
    with pytest.raises(TypeError):
        backend.sigmoid(X, dtype=int)
    with pytest.raises(TypeError):
        backend.relu(X, dtype=int)


def test_unknown_keyword(f, out):
    for call in (
        lambda: f(X, out=out, slop=1),
        lambda: f.backward(X, X, out=out, slop=1),
        lambda: f.value_and_grad(X, out=(out, None), slop=1),
    ):
        with pytest.raises(TypeError, match=r"slop.*takes.*out"):
            call()
    assert (out == 7).all()
    with pytest.raises(TypeError):
        f()
    with pytest.raises(TypeError):
        f(X, out, X)


def test_out_of_another_shape(f):
    for shape in ((2,), (4,), (1, 3), (2, 3), ()):
        out = np.full(shape, 7, np.float32)
        with pytest.raises(ValueError, match="shape"):
            f(X, out=out)
        with pytest.raises(ValueError, match="shape"):
            f.backward(X, X, out=out)
        with pytest.raises(ValueError, match="shape"):
            f.value_and_grad(X, out=(None, out))
        assert (out == 7).all()


def test_read_only_out(f, out):
    out.flags.writeable = False
    for call in (
        lambda: f(X, out=out),
        lambda: f(out, out=out),
        lambda: f.backward(X, X, out=out),
        lambda: f.backward(X, X, out=out, bias=X),
        lambda: f.value_and_grad(X, out=(None, out)),
        lambda: f(X[::-1], out=out),
    ):
        with pytest.raises(ValueError, match="read-only"):
            call()
    assert (out == 7).all()


def test_out_that_cannot_be_cast(f):
    out = np.full(3, 7, np.int32)
    for call in (
        lambda: f(X, out=out),
        lambda: f.backward(X, X, out=out),
        lambda: f.value_and_grad(X, out=(out, None)),
    ):
        with pytest.raises(TypeError):
            call()
    assert (out == 7).all()


def test_out_that_is_no_array(f):
    for out in ([0, 0, 0], "abc", 3):
        with pytest.raises(TypeError, match="array"):
            f(X, out=out)
    with pytest.raises(TypeError, match="pair"):
        f.value_and_grad(X, out=X.copy())
    with pytest.raises(TypeError, match="one array"):
        f(X, out=(X.copy(), X.copy()))


def test_both_x_and_y_or_neither(f, out):
    with pytest.raises(TypeError, match="both"):
        f.backward(X, X, out=out, y=X)
    with pytest.raises(TypeError, match="neither"):
        f.backward(X, out=out)
    assert (out == 7).all()


def test_y_where_the_derivative_cannot_be_had_from_it(f, out):
    if f._entry.derivative_from_output is None:
        with pytest.raises(TypeError, match=r"can't be had from its output"):
            f.backward(X, y=X, out=out)
        assert (out == 7).all()
    else:
        f.backward(X, y=X, out=out)


@pytest.mark.parametrize("name", ["silu", "gelu", "prelu", "binary_step"])
def test_these_have_no_derivative_from_output(backend, name):
    with pytest.raises(TypeError, match=r"can't be had from its output"):
        getattr(backend, name).backward(X, y=X)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("leaky_relu", {"negative_slope": np.nan}),
        ("leaky_relu", {"negative_slope": np.inf}),
        ("elu", {"alpha": np.nan}),
        ("elu", {"alpha": -np.inf}),
        ("softplus", {"beta": 0}),
        ("softplus", {"beta": 0.0}),
        ("softplus", {"beta": -1.0}),
        ("softplus", {"beta": np.nan}),
        ("silu", {"beta": np.inf}),
        ("celu", {"alpha": 0.0}),
        ("celu", {"alpha": -1}),
        ("hard_shrink", {"lambd": -0.5}),
        ("soft_shrink", {"lambd": np.nan}),
        ("hard_tanh", {"min": np.nan}),
        ("hard_tanh", {"min": np.inf}),
        ("hard_tanh", {"min": 1.5, "max": 1.0}),
        ("hard_tanh", {"min": 2}),
        ("rrelu", {"lower": 0.5}),
        ("rrelu", {"lower": np.nan}),
        ("srelu", {"threshold_left": 2.0}),
        ("threshold", {"value": np.nan}),
        ("hard_shrink", {"lambd": -np.inf}),
        ("hard_sigmoid", {"alpha": np.nan}),
        ("squareplus", {"b": 0.0}),
        ("isru", {"alpha": -0.1}),
        ("isrlu", {"alpha": np.nan}),
        ("generalized_logistic", {"alpha": 0}),
        ("soft_clipping", {"alpha": -1.0}),
        ("soft_exponential", {"alpha": np.inf}),
        ("snake", {"alpha": 0.0}),
        ("star_relu", {"scale": np.nan}),
    ],
)
def test_parameter_out_of_its_domain(backend, out, name, params):
    f = getattr(backend, name)
    for call in (
        lambda: f(X, out=out, **params),
        lambda: f.backward(X, X, out=out, **params),
        lambda: f.value_and_grad(X, out=(out, None), **params),
        lambda: f(X[::2], **params),
    ):
        with pytest.raises(ValueError, match=next(iter(params))):
            call()
    assert (out == 7).all()


@pytest.mark.parametrize(("name", "parameter"), [("leaky_relu", "negative_slope"), ("elu", "alpha")])
def test_negative_parameter_with_y(backend, out, name, parameter):
    f = getattr(backend, name)
    with pytest.raises(ValueError, match=parameter):
        f.backward(X, y=X, out=out, **{parameter: -0.5})
    assert (out == 7).all()
    f.backward(X, X, out=out, **{parameter: -0.5})


@pytest.mark.parametrize("name", ["rrelu", "noisy_relu"])
@pytest.mark.parametrize(
    "rng", [3, "seed", np.random, np.random.RandomState(0), np.random.PCG64(0)], ids=lambda r: type(r).__name__
)
def test_what_is_no_generator(backend, out, name, rng):
    f = getattr(backend, name)
    for call in (
        lambda: f(X, out=out, rng=rng),
        lambda: f.backward(X, X, out=out, rng=rng),
        lambda: f.value_and_grad(X, out=(out, None), rng=rng),
    ):
        with pytest.raises(TypeError, match=r"np\.random\.Generator"):
            call()
    assert (out == 7).all()


def test_only_random_activations_take_a_generator(backend):
    with pytest.raises(TypeError, match="unexpected keyword argument 'rng'"):
        backend.relu(X, rng=np.random.default_rng(0))


def test_integers_that_do_not_fit_the_input(backend):
    x = np.array([1, 2], np.int8)
    with pytest.raises(ValueError, match=r"value=300 does not fit.*int8"):
        backend.threshold(x, value=300)
    with pytest.raises(ValueError, match=r"negative_slope=-1 does not fit.*uint8"):
        backend.leaky_relu(x.astype(np.uint8), negative_slope=-1)


@pytest.mark.parametrize("value", ["1", None, 1j, {0.5}, np.array("1")])
def test_parameter_that_is_no_number(backend, value):
    with pytest.raises(TypeError, match="alpha must be a real number"):
        backend.elu(X, alpha=value)


@pytest.mark.parametrize("bias", [np.ones(2, np.float32), np.ones((3, 3), np.float32), np.float32(1), 1.0])
def test_bias_that_does_not_fit(f, out, bias):
    with pytest.raises(ValueError, match="bias"):
        f(X, out=out, bias=bias)
    with pytest.raises(ValueError, match="bias"):
        f.backward(X, X, out=out, bias=bias)
    assert (out == 7).all()
    with pytest.raises(ValueError, match="bias"):
        f(np.float32(1), bias=np.ones(1, np.float32))
    with pytest.raises(TypeError, match="bias"):
        f(X, bias=X.astype(complex))


def test_dy_that_does_not_fit(f, out):
    for dy in (np.ones(2, np.float32), np.ones((2, 3), np.float32)):
        with pytest.raises(ValueError, match=r"broadcast|mismatch"):
            f.backward(dy, X, out=out)
    assert (out == 7).all()


def test_slope_that_does_not_broadcast(backend, out):
    with pytest.raises(ValueError, match=r"broadcast|mismatch"):
        backend.prelu(X, slope=np.ones(2, np.float32), out=out)
    with pytest.raises(TypeError, match="slope"):
        backend.prelu(X, slope=np.array(["a"]))
    assert (out == 7).all()


def test_unknown_name():
    with pytest.raises(ValueError, match="did you mean 'gelu'"):
        fastact.get("geluu")
    with pytest.raises(ValueError, match="did you mean 'cross_entropy'"):
        fastact.get("crossentropie")
    with pytest.raises(ValueError, match=r"there are identity, .*binary_cross_entropy"):
        fastact.get("xyzzy")
    for name in (3, None, [], "np"):
        with pytest.raises(ValueError, match="no function"):
            fastact.get(name)
    with pytest.raises(AttributeError, match="no function"):
        fastact.backends.load("numpy").geluu  # noqa: B018
