"""How arguments are given: operands by position, all else by keyword, on every function and backend, and what errors say."""

import copy
import inspect
import itertools
import pickle

import ml_dtypes
import numpy as np
import pytest
from helpers import cast, inside, layouts, normal, same_bits
from matrix import BACKENDS

import fastact
from fastact.calls.arguments import SYNONYMS
from fastact.functions import entries, loss_functions, row_functions, sampled_functions, units

X = np.array([[-1.0, 0.5, 2.0], [0.25, -3.0, 1.0]], np.float32)
NUMPY = fastact.backends.load("numpy")
ROWS_LIKE_X = tuple(name for name, record in row_functions.items() if not record.reduces)


def ways():
    """Every public call, with as many operands as it takes by position: name, method, operands."""
    for name in entries:
        yield name, "__call__", (X,)
        yield name, "backward", (X, X)
        yield name, "value_and_grad", (X,)
    for name in units:
        yield name, "__call__", (X, X)
        yield name, "backward", (X, X, X)
    for name, record in row_functions.items():
        yield name, "__call__", (X,)
        yield name, "backward", (X[:, 0] if record.reduces else X, X)
    for name in loss_functions:
        targets = np.abs(X) / 3 if name == "binary_cross_entropy" else np.array([0, 2])
        yield name, "__call__", (X, targets)
        yield name, "value_and_grad", (X, targets)


WAYS = list(ways())
IDS = [f"{name}.{method}" for name, method, _ in WAYS]
#: Those whose two results have places of their own.
PAIRS = [way for way in WAYS if way[:2] in {*((n, "value_and_grad") for n in entries), *((n, "backward") for n in units)}]
every_way = pytest.mark.parametrize(("name", "method", "operands"), WAYS, ids=IDS)


def call_of(backend, name, method):
    f = getattr(backend, name)
    return f if method == "__call__" else getattr(f, method)


def all_of(results):
    """The results of a call, of which there may be one or several."""
    return results if isinstance(results, tuple) else (results,)


def told(call, *arguments, **keywords):
    """The message of a TypeError."""
    with pytest.raises(TypeError) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


def same_on_numpy(backend, name, method, *arguments, **keywords):
    """The message, which is the same on the NumPy backend, and names the function and no class."""
    message = told(call_of(backend, name, method), *arguments, **keywords)
    assert message == told(call_of(NUMPY, name, method), *arguments, **keywords)
    assert message.startswith(name if method == "__call__" else f"{name}.{method}")
    assert "__call__" not in message
    return message


# ---- by position ------------------------------------------------------------------------------------------------------


@every_way
def test_no_second_array_is_written_to(backend, name, method, operands):
    """What is given by position beyond the operands is no `out`."""
    second = np.full_like(X, 7)
    for surplus in ((second,), (None,), ((second, second),), (0.1, second)):
        message = same_on_numpy(backend, name, method, *operands, *surplus)
        assert "alone by position; " in message
        assert "out=" in message
    assert (second == 7).all()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("prelu", "takes x alone by position; slope= is a keyword"),
        ("relu", "takes x alone by position; out=, bias= and bias_axis= are keywords"),
        ("hard_tanh", "min= and max= are keywords"),
        ("rrelu", "lower=, upper= and rng= are keywords"),
        ("softmax", "out=, axis=, scale=, mask= and empty= are keywords"),
        ("swiglu", "takes gate and value alone by position; out=, axis= and gate_first= are keywords"),
        ("cross_entropy", "takes logits and targets alone by position; out=, axis=, weight="),
    ],
)
def test_what_was_meant(backend, name, meant):
    assert told(getattr(backend, name), X, X, X).startswith(f"{name}: ")
    assert meant in told(getattr(backend, name), X, X, X)


@every_way
def test_signatures(backend, name, method, operands):
    """They say the same: only the operands can be given by position."""
    parameters = inspect.signature(call_of(backend, name, method)).parameters.values()
    assert [p.kind for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)] == [
        inspect.Parameter.POSITIONAL_OR_KEYWORD
    ] * len(operands)
    assert any(p.name == "out" for p in parameters)


@every_way
def test_operands_missing_or_given_twice(backend, name, method, operands):
    names = list(inspect.signature(call_of(backend, name, method)).parameters)[: len(operands)]
    assert f"{names[0]} is missing" in same_on_numpy(backend, name, method)
    message = same_on_numpy(backend, name, method, *operands, **{names[0]: X})
    assert f"{names[0]} is given by position and by keyword" in message
    call = call_of(backend, name, method)
    for a, b in zip(all_of(call(**dict(zip(names, operands, strict=True)))), all_of(call(*operands)), strict=True):
        np.testing.assert_array_equal(a, b)


@every_way
def test_methods_pickle(backend, name, method, operands):
    """By themselves, and bound: `pickle` takes a bound method by its name, cloudpickle by its function."""
    if method == "__call__":
        return
    f = getattr(backend, name)
    again = pickle.loads(pickle.dumps(call_of(fastact, name, method)))
    assert again.__self__ is getattr(fastact, name)
    function = getattr(type(f), method)
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(getattr(f, method)).__self__ is f
    assert inspect.ismethod(getattr(f, method))


# ---- by keyword -------------------------------------------------------------------------------------------------------


@every_way
def test_unknown_keywords(backend, name, method, operands):
    out = np.full_like(X, 7)
    message = same_on_numpy(backend, name, method, *operands, xyzzy=1)
    assert "unexpected keyword argument 'xyzzy'; it takes " in message
    assert "did you mean out?" in same_on_numpy(backend, name, method, *operands, outt=out)
    accepted = message.partition("it takes ")[2].split(", ")
    assert accepted == list(dict.fromkeys(accepted))
    signature = inspect.signature(call_of(backend, name, method)).parameters.values()
    listed = [p.name for p in signature if p.kind is p.KEYWORD_ONLY]
    assert set(listed) <= set(accepted)
    assert (out == 7).all()


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("softmax", "dim", "axis"),
        ("softmax", "axes", "axis"),
        ("softmax", "Axis", "axis"),
        ("softmax", "attn_mask", "mask"),
        ("softmax", "where", "mask"),
        ("maxout", "dim", "axis"),
        ("leaky_relu", "slope", "negative_slope"),
        ("leaky_relu", "alpha", "negative_slope"),
        ("prelu", "negative_slope", "slope"),
        ("prelu", "weight", "slope"),
        ("elu", "aplha", "alpha"),
        ("hard_tanh", "min_val", "min"),
        ("soft_shrink", "lambda_", "lambd"),
        ("rrelu", "generator", "rng"),
        ("relu", "input", "x"),
        ("swiglu", "values", "value"),
        ("swiglu", "dim", "axis"),
        ("cross_entropy", "labels", "targets"),
        ("cross_entropy", "dim", "axis"),
        ("cross_entropy", "ignore_label", "ignore_index"),
        ("cross_entropy", "sample_weights", "sample_weight"),
        ("cross_entropy", "action_mask", "mask"),
        ("nll_loss", "logprobs", "log_probs"),
        ("nll_loss", "input", "log_probs"),
        ("binary_cross_entropy", "positive_weight", "pos_weight"),
    ],
)
def test_the_nearest_is_suggested(backend, name, given, meant):
    operands = next(operands for other, _, operands in WAYS if other == name)
    assert f"did you mean {meant}? it takes" in same_on_numpy(backend, name, "__call__", *operands, **{given: 1})


def test_synonyms_are_of_use():
    """Each stands for something that some function takes, and is taken by no function under that name for the same."""
    taken = set()
    for name, method, _ in WAYS:
        f = getattr(fastact, name)
        taken |= {*inspect.signature(call_of(fastact, name, method)).parameters, *getattr(f, "params", ())}
    for name in sampled_functions:
        taken |= {*inspect.signature(getattr(fastact, name)).parameters}
    assert {word for words in SYNONYMS.values() for word in words} <= taken
    assert list(SYNONYMS) == sorted(SYNONYMS)


# ---- out=... ----------------------------------------------------------------------------------------------------------


@every_way
def test_ellipsis_asks_for_an_array(backend, name, method, operands):
    call = call_of(backend, name, method)
    single = name in entries or name in units
    arguments = [array[0, 0] for array in operands] if single else operands
    got, wanted = call(*arguments, out=...), call(*arguments)
    for a, b in zip(all_of(got), all_of(wanted), strict=True):
        assert type(a) is np.ndarray
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# ---- two outputs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64], ids=lambda d: d.__name__)
def test_outputs_that_overlap_are_refused(backend, dtype):
    """Before anything is written: one would overwrite the other."""
    for name, method, operands in PAIRS:
        call = call_of(backend, name, method)
        inputs = [array.astype(dtype) for array in operands]
        memory = np.full((4, 3), 7, dtype)
        for first, second in ((memory[:2], memory[:2]), (memory[:2], memory[1:3]), (memory[:2], memory[1::-1])):
            with pytest.raises(ValueError, match=rf"{name}\.{method}: the two arrays of out share memory"):
                call(*inputs, out=(first, second))
        assert (memory == 7).all()
        results = call(*inputs, out=(memory[:2], memory[2:]))
        assert results[0].base is memory
        for got, wanted in zip(results, call(*inputs), strict=True):
            same_bits(got, wanted)


# ---- the options of ufuncs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [np.dtypes.Float32DType, "f4", "=f4", np.float32, np.dtype(np.float32)], ids=str)
def test_dtype_by_any_name(f, given):
    x = np.array([-1.5, 0.25, 3.0])
    same_bits(f(x, dtype=given), f(x.astype(np.float32)))


def test_any_floating_dtype(f):
    """With parameters as without, of integers too."""
    floating, whole = (np.float16, np.float32, np.float64), (np.int64, np.int8, np.uint16, bool)
    for source, target in itertools.product((*floating, *whole), (*floating, ml_dtypes.bfloat16)):
        x = np.array([0, 1, 2, 1, 3]).astype(source)
        if source in floating:
            x -= np.array(1.5, source)
        same_bits(f(x, dtype=target), f(x.astype(target)))
        assert f(x[0], dtype=target).dtype == target
        if f.params:
            same_bits(f(x, dtype=target, **f.params), f(x.astype(target)))


def test_integer_dtypes(f):
    x = np.array([0, 1, -2, 100])
    if f._entry.keeps_integers and all(type(value) is int for value in f.params.values()):
        same_bits(f(x, dtype=np.int8), f(x.astype(np.int8)))
        same_bits(f(x, signature="b->b"), f(x.astype(np.int8)))
        same_bits(f(x, signature="l->l"), f(x))
    elif not f._entry.keeps_integers:
        assert f"{f.name}: there is no loop" in told(f, x, dtype=np.int8)
    same_bits(f(x, signature="l->d"), f(x.astype(np.float64)))


def test_signature(f):
    x = np.array([-1.5, 0.25, 3.0])
    wanted = f(x.astype(np.float32))
    for signature in ("f->f", (None, np.float32), (np.float32, None), ("f4", "f4"), [None, "f4"]):
        same_bits(f(x, signature=signature), wanted)
    same_bits(f(x, signature=(None, None)), f(x))
    for wrong in ("f->d", "d->f", "f", "ff->f", 3, ("f4",), ("f4", "f4", "f4"), "->", "D->D", "O->O", "f->"):
        assert f"{f.name}: " in told(f, x, signature=wrong)
    assert "can't be given together" in told(f, x, signature="f->f", dtype=np.float32)


def test_casting(f):
    x = inside(f, np.array([-1.5, 0.25, 3.0]))
    narrow = x.astype(np.float32)
    for casting in ("no", "equiv", "safe", "same_kind", "unsafe"):
        same_bits(f(x, casting=casting), f(x))
        same_bits(f(narrow, casting=casting), f(narrow))
        same_bits(f(narrow.astype(np.float16), casting=casting), f(narrow.astype(np.float16)))
        assert f(x[1].item(), casting=casting) == f(x[1].item())
        if not f._entry.learnt_parameters:  # slopes of another dtype have to be cast
            same_bits(f(np.arange(-3, 3), casting=casting), f(np.arange(-3, 3)))
    same_bits(f(narrow, casting="safe", dtype=np.float64), f(narrow.astype(np.float64)))
    for casting, dtype in (("no", np.float64), ("equiv", np.float64), ("safe", np.float16), ("no", np.float16)):
        message = f"{f.name}: x has dtype float32, which can't be cast to {np.dtype(dtype)} with casting='{casting}'"
        assert told(f, narrow, casting=casting, dtype=dtype) == message
    out = np.full(3, 7)
    with pytest.raises(TypeError):
        f(x, out=out)
    assert (out == 7).all()
    assert f(x, out=out, casting="unsafe") is out
    np.testing.assert_array_equal(out, f(x).astype(int))
    with pytest.raises(ValueError, match=f"{f.name}: casting must be one of"):
        f(x, casting="dangerous")


def test_order(f):
    x = np.linspace(-2, 2, 24).reshape(4, 6)
    for order, a in itertools.product("KACF", layouts(x)):
        y = f(a, order=order)
        np.testing.assert_array_equal(y, f(a))
        wanted = np.exp(a, order=order)
        assert (y.flags.c_contiguous, y.flags.f_contiguous) == (wanted.flags.c_contiguous, wanted.flags.f_contiguous)
    for wrong in ("Z", None, 3, "CF"):
        with pytest.raises(ValueError, match=f"{f.name}: order must be one of"):
            f(x, order=wrong)


class Labelled(np.ndarray):
    pass


def test_subok(f):
    x = np.ones(3).view(Labelled)
    assert type(f(x, subok=True)) is Labelled
    assert type(f(x, subok=False)) is np.ndarray
    assert type(f(x, subok=0, dtype=np.float32)) is np.ndarray


# ---- gradients from the input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS_LIKE_X)
def test_gradients_from_the_input(backend, name, dtype, rng):
    """As from the output; of 16 bits that is not rounded in between."""
    f = getattr(backend, name)
    masked = row_functions[name].masked
    wide = np.promote_types(np.float32, dtype) if dtype.itemsize > 2 else np.dtype(np.float32)
    for shape, axis in (((4, 5), 1), ((5, 4), 0), ((3, 4, 6), -1), ((3, 4, 6), 1), ((2, 3000), 1), ((7,), 0)):
        x, dy = normal(rng, (2, *shape), dtype)
        options = [{}]
        if masked:
            options += [{"scale": 0.5}, {"mask": rng.random(shape) < 0.7, "empty": "zero"}]
            options += [{"mask": rng.normal(size=shape).astype(np.float32), "scale": -2.0}]
            options += [{"mask": np.zeros(shape, bool), "empty": empty} for empty in ("nan", "zero", "uniform")]
            options += [{"mask": "causal"}] if len(shape) > 1 and axis in (-1, len(shape) - 1) else []
        for keywords in options:
            y = f(x.astype(wide), axis=axis, **keywords)
            saved = {key: value for key, value in keywords.items() if key != "empty"}
            wanted = cast(f.backward(dy, y=y, axis=axis, **saved), dtype)
            dx = f.backward(dy, x, axis=axis, **keywords)
            same_bits(dx, wanted)
            for a, b in zip(layouts(x), layouts(dy), strict=True):
                same_bits(f.backward(b, a, axis=axis, **keywords), wanted)
            for place in range(2):  # in place of either
                copies = [dy.copy(), x.copy()]
                assert f.backward(*copies, out=copies[place], axis=axis, **keywords) is copies[place]
                same_bits(copies[place], wanted)
            mask = keywords.get("mask")
            if isinstance(mask, np.ndarray) and mask.dtype == dtype:
                mask = mask.copy()
                f.backward(dy, x, out=mask, axis=axis, **{**keywords, "mask": mask})
                same_bits(mask, wanted)


@pytest.mark.parametrize("name", ROWS_LIKE_X)
def test_gradients_from_input_and_dy_of_other_dtypes(backend, name, rng):
    f = getattr(backend, name)
    x, dy = rng.normal(size=(2, 4, 6))
    for a, b in itertools.product((np.float16, np.float32, np.float64, np.int64), repeat=2):
        dx = f.backward(dy.astype(a), x.astype(b))
        wide = f.backward(dy.astype(a).astype(np.float64), x.astype(b).astype(np.float64))
        assert dx.dtype == f.backward(dy.astype(a), y=x.astype(b)).dtype
        np.testing.assert_allclose(dx, wide, atol=20 * np.finfo(dx.dtype).eps)


@pytest.mark.parametrize("name", ROWS_LIKE_X)
def test_input_or_output_of_rows(backend, name):
    assert "neither was given" in same_on_numpy(backend, name, "backward", X)
    assert "both were given" in same_on_numpy(backend, name, "backward", X, X, y=X)
    for given in ({"x": X[0]}, {"y": X[0]}):
        with pytest.raises(ValueError, match=rf"{name}\.backward: dy has shape"):
            getattr(backend, name).backward(X, **given)


# ---- infinite bounds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16], ids=lambda d: d.__name__)
def test_infinite_bounds(backend, dtype):
    inf = np.inf
    x = np.array([-inf, -2, -0.25, 0, 0.5, 2, inf, np.nan], dtype)
    for name, parameters, wanted in (
        ("hard_tanh", {"min": 0, "max": inf}, np.maximum(x, 0)),
        ("hard_tanh", {"min": -inf}, np.minimum(x, 1)),
        ("hard_tanh", {"min": -inf, "max": inf}, x),
        ("threshold", {"value": -inf}, np.where(x <= 0, -inf, x)),
        ("threshold", {"threshold": 1.0, "value": inf}, np.where(x <= 1, inf, x)),
        ("threshold", {"threshold": -inf, "value": 3}, np.where(x == -inf, 3, x)),
        ("threshold", {"threshold": inf, "value": 3}, np.where(np.isnan(x), x, 3)),
        ("hard_shrink", {"lambd": inf}, np.where(np.isnan(x), x, 0)),
        ("srelu", {"threshold_right": inf, "threshold_left": -inf}, x),
        ("srelu", {"threshold_right": inf, "threshold_left": 0.0, "slope_left": 0.5}, np.where(x < 0, x / 2, x)),
    ):
        f = getattr(backend, name)
        for a in (x, x[::-1].copy()[::-1]):
            np.testing.assert_array_equal(f(a, **parameters), wanted.astype(dtype))
            assert f(a, **parameters).dtype == dtype
            y, d = f.value_and_grad(a, **parameters)
            np.testing.assert_array_equal(y, wanted.astype(dtype))
            np.testing.assert_array_equal(np.isnan(d), np.isnan(x))
            np.testing.assert_array_equal(f.backward(np.ones_like(a), a, **parameters), d)
    np.testing.assert_array_equal(backend.hard_tanh(np.array([-1, 5]), min=0, max=np.inf), [0.0, 5.0])
    np.testing.assert_array_equal(backend.soft_shrink(x[1:-2], lambd=inf), np.zeros(5))


@pytest.mark.parametrize("backend_name", BACKENDS)
def test_only_bounds_may_be_infinite(backend_name):
    backend = fastact.backends.load(backend_name)
    for name, entry in entries.items():
        for p in entry.options:
            for value in (np.inf, -np.inf, np.nan):
                if p.array or p.admits(value):
                    continue
                with pytest.raises(ValueError, match=f"{name}: {p.name} must be a (finite )?number"):
                    getattr(backend, name)(X, **{p.name: value})
