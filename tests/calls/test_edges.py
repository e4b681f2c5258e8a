"""What is rare but must not differ from backend to backend: huge parameters, bool, bfloat16 beside wider types, many
dimensions, one element or none."""

import warnings

import ml_dtypes
import numpy as np
import pytest
from helpers import cast

import fastact
from fastact import functions

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
WITH_PARAMETERS = [(name, p) for name, f in fastact.activations.items() for p in f.params if name != "prelu"]
KEEPS_INTEGERS = [name for name, f in fastact.activations.items() if f._entry.keeps_integers]


@pytest.mark.parametrize(("name", "parameter"), WITH_PARAMETERS)
@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_a_whole_number_beyond_float64(backend, name, parameter, value):
    f = getattr(backend, name)
    for x in (np.ones(3, np.float32), np.ones(3, np.int64)):
        for call in (
            lambda x=x: f(x, **{parameter: value}),
            lambda x=x: f.backward(x, x, **{parameter: value}),
            lambda x=x: f.value_and_grad(x, **{parameter: value}),
        ):
            with pytest.raises(ValueError, match=rf"^{name}: {parameter} .*"):
                call()


@pytest.mark.parametrize("name", KEEPS_INTEGERS)
@pytest.mark.parametrize("value", [None, 0, 1, True])
def test_bool_is_computed_as_numbers(backend, name, value):
    """True is 1: as of uint8, and what is not 0 is True; where the result is bool x + bias is, too; no byte but 0 and 1."""
    f = getattr(backend, name)
    given = {} if value is None else dict.fromkeys(f.params, value)
    x, bias = np.array([[True, False, True]] * 40), np.array([True, True, False])
    for keywords in (given, {**given, "bias": bias}, {**given, "bias": np.ones(40, bool), "bias_axis": 0}):
        added = np.uint8(0) if "bias" not in keywords else bias.view(np.uint8) if "bias_axis" not in keywords else np.uint8(1)
        kept = f(x.view(np.uint8), **given).dtype == np.uint8
        wanted = f(x.view(np.uint8) | added if kept else x.view(np.uint8) + added, **given)
        for strided in (x, np.asfortranarray(x), x[:, ::-1].copy()[:, ::-1]):
            y = f(strided, **keywords)
            assert y.dtype == (bool if wanted.dtype == np.uint8 else wanted.dtype)
            np.testing.assert_array_equal(y, wanted.astype(y.dtype))
            if y.dtype == bool:
                assert y.view(np.uint8).max() <= 1


@pytest.mark.parametrize("name", sorted(fastact.activations))
def test_bfloat16_beside_other_types(backend, name):
    """The wider of two floating types; float16 has none in common with bfloat16; whole numbers change nothing."""
    f = getattr(backend, name)
    x = np.array([1.0, -2.0]).astype(BFLOAT16)
    for other, wanted in (("f4", "f4"), ("f8", "f8"), ("f2", None), (BFLOAT16, BFLOAT16)):
        y = np.array([0.5, 1.0]).astype(other)
        for call in (
            lambda y=y: f.backward(x, y),
            lambda y=y: f.backward(y, x),
            lambda y=y: f(x, bias=y),
            lambda y=y: f(y, bias=x),
            lambda y=y: f.value_and_grad(y, bias=x),
            lambda y=y: f.backward(y, x, bias=x),
        ):
            if wanted is None:
                with pytest.raises(TypeError):
                    call()
                continue
            results = call()
            for result in results if isinstance(results, tuple) else (results,):
                assert result.dtype == wanted
    for p in f.params:  # numbers of Python, ordinary or not, change no type
        for number in (1, 1.5, 1e-30):
            if name != "prelu" and f._entry.options[list(f.params).index(p)].admits(number) and not f._entry.ordered:
                assert f(x, **{p: number}).dtype == BFLOAT16
                assert f.backward(x, x, **{p: number}).dtype == BFLOAT16


MANY = [(2, *[1] * 63), (*[1] * 63, 2), (*[1] * 32, 2, *[1] * 31), (1,) * 64]


@pytest.mark.parametrize("shape", MANY, ids=["first", "last", "middle", "one"])
def test_as_many_dimensions_as_numpy_has(backend, shape, rng):
    """The values are those of the same numbers in one or two dimensions."""
    axis = int(np.argmax(shape))
    for dtype in (np.float32, np.float16, np.int32):
        flat = cast(3 * rng.normal(size=max(shape)), dtype)
        for x in (flat.reshape(shape), flat.astype(flat.dtype.newbyteorder()).reshape(shape)):
            _, dbias = backend.gelu.backward(x, x, bias=flat[: shape[axis]], bias_axis=axis)
            np.testing.assert_array_equal(dbias, backend.gelu.backward(flat, flat, bias=flat)[1])
            np.testing.assert_array_equal(
                backend.prelu.backward(x, x, slope=0.5)[1], backend.prelu.backward(flat, flat, slope=0.5)[1]
            )
            for name in functions.records:
                f = getattr(backend, name)
                if name in functions.entries:
                    np.testing.assert_array_equal(f(x).ravel(), f(flat))
                    for got, wanted in zip(f.value_and_grad(x), f.value_and_grad(flat), strict=True):
                        np.testing.assert_array_equal(got.ravel(), wanted)
                elif name in functions.units:
                    np.testing.assert_array_equal(f(x, x).ravel(), f(flat, flat))
                elif name in functions.row_functions:
                    np.testing.assert_array_equal(f(x, axis=axis).ravel(), np.ravel(f(flat)))
                    np.testing.assert_array_equal(f.backward(f(x, axis=axis), x, axis=axis).ravel(), f.backward(f(flat), flat))
                elif name in ("cross_entropy", "nll_loss"):
                    labels, weight = np.zeros(shape[:axis] + shape[axis + 1 :], int), np.full(shape[axis], 3.0)
                    options = [{}, {"weight": weight}, {"sample_weight": labels + 2.0, "weight": weight}]
                    if name == "cross_entropy":
                        options += [{"mask": x > -100}, {"mask": x > -100, "label_smoothing": 0.1}]
                    for given in options:
                        loss = f.value_and_grad(x, labels, axis=axis, **given)
                        small = {key: np.reshape(value, -1) if key == "mask" else value for key, value in given.items()}
                        small |= {"sample_weight": 2.0} if "sample_weight" in given else {}
                        for got, wanted in zip(loss, f.value_and_grad(flat, 0, **small), strict=True):
                            np.testing.assert_array_equal(np.ravel(got), np.ravel(wanted))
                elif name == "binary_cross_entropy":
                    np.testing.assert_array_equal(f(x, x), f(flat, flat))


EMPTY_ROWS = [((3, 0), -1), ((0, 3), 0), ((2, 0, 3), 1)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, BFLOAT16])
@pytest.mark.parametrize(("shape", "axis"), EMPTY_ROWS)
def test_the_largest_of_nothing(backend, dtype, shape, axis):
    f, x = backend.maxout, np.empty(shape, dtype)
    out = np.full([n for k, n in enumerate(shape) if k != axis % len(shape)], 7.0)
    for call in (
        lambda: f(x, axis=axis),
        lambda: f(x, axis=axis, out=out),
        lambda: f.ufunc(x, axis=axis),
        lambda: f.ufunc(x, axis=axis, out=out),
    ):
        with pytest.raises(ValueError, match="maxout: a row of no elements has no maximum"):
            call()
    assert (out == 7).all()
    assert f.ufunc(np.empty((0, 3), dtype)).shape == (0,)
    assert f.ufunc(np.empty((0, 0), dtype)).shape == (0,)


#: Of x and of what is broadcast to it: a slope by NumPy's rules, a bias by bias_axis or, of several dimensions, by NumPy's rules.
SHAPES = [(), (1,), (0,), (3,), (1, 1), (1, 3), (3, 1), (0, 3), (3, 0), (2, 3), (1, 0)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("own", SHAPES, ids=str)
def test_slopes_and_biases_of_any_shape(backend, shape, own, rng):
    x, dy, given = (np.asarray(rng.normal(size=size)) for size in (shape, shape, own))
    try:
        fits = np.broadcast_shapes(shape, own) == shape
    except ValueError:
        fits = False
    broadcasts = f"does not broadcast to the shape {shape}".replace("(", r"\(").replace(")", r"\)")
    check(
        fits,
        (lambda: backend.prelu(x, slope=given), lambda: backend.prelu.value_and_grad(x, slope=given)),
        lambda: backend.prelu.backward(dy, x, slope=given),
        rf"prelu: slope of shape .* {broadcasts}",
        shape,
        own,
    )
    check(
        fits and (len(own) > 1 or (len(own) == 1 == len(shape[-1:]) and own == shape[-1:])),
        (lambda: backend.gelu(x, bias=given), lambda: backend.gelu.value_and_grad(x, bias=given)),
        lambda: backend.gelu.backward(dy, x, bias=given),
        "gelu.*: bias of shape .* don't fit an input of shape",
        shape,
        own,
    )


def check(fits, forward, backward, message, shape, own):
    """Results have the shape of x, the gradient of what is broadcast its own; or all raise."""
    if not fits:
        for call in (*forward, backward):
            with pytest.raises(ValueError, match=message):
                call()
        return
    for call in forward:
        for result in results if isinstance(results := call(), tuple) else (results,):
            assert np.shape(result) == shape
    dx, gradient = backward()
    assert np.shape(dx) == shape
    assert np.shape(gradient) == own
    axes = tuple(k for k in range(len(shape)) if k < len(shape) - len(own) or own[k - len(shape) + len(own)] == 1)
    if "bias" in message:
        np.testing.assert_allclose(gradient, np.sum(dx, axis=axes).reshape(own), rtol=1e-13, atol=1e-15)


SATURATED = {
    **{(name, alpha): {"alpha": alpha} for name in ("elu", "celu") for alpha in (0.1, 0.3, 1 / 3, 1.0, 1.7, 5.3)},
    **{
        (name, None): {}
        for name in ("selu", "sigmoid", "tanh", "softsign", "arctan", "gudermannian", "exponential", "squareplus")
    },
    **{("softplus", beta): {"beta": beta} for beta in (0.3, 1.0, 7.0)},
}


@pytest.mark.parametrize("case", SATURATED, ids=str)
def test_a_derivative_from_y_is_never_negative(backend, case, dtype):
    """y may have been rounded beyond its limit: selu(-40), or elu with an alpha that 16 bits don't hold."""
    f, given = getattr(backend, case[0]), SATURATED[case]
    x = np.concatenate([np.linspace(-120, 88, 4001), np.linspace(-2, 2, 401), -np.logspace(-30, 4, 500), [-np.inf]])
    x = cast(x, dtype) if dtype != np.float16 or case[0] != "exponential" else cast(np.minimum(x, 10), dtype)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        d = f.backward(np.ones_like(x), y=f(x, **given), **given)
    assert (d >= 0).all()


@pytest.mark.parametrize(
    ("alpha", "beta"), [(1 / 6, 0.5), (0.25, 0.5), (-0.25, 0.5), (0.5, 0.25), (0.125, 0.75), (0.0, 1.0), (0.0, 0.5)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_of_hard_sigmoid_next_to_its_ends(backend, dtype, alpha, beta):
    """Right up to the ends, where the value has been rounded to 1 already."""
    ends = np.round([-beta / alpha, (1 - beta) / alpha], 9) if alpha else [-3, 3]
    x = np.array(ends, dtype)
    below, above = np.nextafter(x, dtype(-9)), np.nextafter(x, dtype(9))
    slopes = [backend.hard_sigmoid.backward(np.ones_like(x), point, alpha=alpha, beta=beta) for point in (below, x, above)]
    first = slopes[0], slopes[2]
    slope = dtype(alpha)
    low, high = (0, 1) if alpha >= 0 else (1, 0)
    assert slopes[1].tolist() == [0, 0]
    assert [first[0][low], first[1][low]] == [0, slope]
    assert [first[0][high], first[1][high]] == [slope, 0]


@pytest.mark.parametrize(
    ("alpha", "beta"), [(0.25, 0.5), (0.1999969482421875, 0.5), (3.0, 1.0), (0.30000001192092896, 0.10000000149011612)]
)
def test_hard_sigmoid_rounds_in_the_loops_type(backend, alpha, beta):
    """Parameters that float32 holds, too: beta / alpha is still rounded to float64 in a loop of float64."""
    x = np.linspace(-6, 6, 10_001)
    wanted = np.clip(np.longdouble(alpha) * x + np.longdouble(beta), 0, 1).astype(np.float64)
    np.testing.assert_allclose(backend.hard_sigmoid(x, alpha=alpha, beta=beta), wanted, rtol=0, atol=3e-16)
