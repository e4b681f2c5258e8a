"""The row functions' short way for plain arrays, and their threads: neither changes a bit of a result, or an error."""

import importlib
import itertools
import threading

import numpy as np
import pytest
from matrix import BACKENDS

import fastact
from fastact.functions import row_functions
from fastact.runtime.threads import team

COMPILED = [name for name in BACKENDS if name != "numpy"]
pytestmark = pytest.mark.skipif(not COMPILED, reason="needs compiled kernels")

LIKE_X = tuple(name for name, record in row_functions.items() if not record.reduces)
PER_ROW = tuple(name for name, record in row_functions.items() if record.reduces)
SHAPES = ((1,), (16,), (31,), (32,), (33,), (300,), (2500,), (1, 16), (4, 4), (5, 1), (17, 40), (40, 17), (70, 129), (3, 5, 7),
          (2, 300, 3), (20, 3, 20), (2, 1, 3, 9))  # fmt: skip
REDUCTIONS = ("mean", "sum", "none")
INTEGERS = tuple(np.dtype(char) for char in "bBhHiIqQ")


@pytest.fixture(params=COMPILED)
def compiled(request):
    return fastact.backends.load(request.param)


@pytest.fixture(params=(np.float32, np.float64), ids=lambda dtype: dtype.__name__)
def real(request):
    return np.dtype(request.param)


def spread(array):
    """The same numbers in an array that the short way leaves to the general one."""
    apart = np.zeros((*array.shape, 2), array.dtype)[..., 0]
    apart[...] = array
    return apart


def same(got, wanted):
    """Whether results, or pairs of them, are the same in kind and bits."""
    pairs = zip(got, wanted, strict=True) if isinstance(got, tuple) else [(got, wanted)]
    return all(type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)


def places(rng, dtype):
    """Arrays of many shapes, each with one of its axes."""
    for shape in SHAPES:
        for axis in range(-len(shape), len(shape)):
            x = rng.normal(size=shape, scale=3).astype(dtype)
            yield x, axis, rng.normal(size=shape).astype(dtype), rng.normal(size=np.delete(shape, axis)).astype(dtype)


@pytest.mark.parametrize("name", [*LIKE_X, *PER_ROW])
def test_both_ways_give_the_same_bits(compiled, name, real, rng):
    f = getattr(compiled, name)
    for x, axis, dy, drow in places(rng, real):
        y = f(x, axis=axis)
        assert same(y, f(spread(x), axis=axis))
        out = np.full_like(y, 7)
        assert f(x, axis=axis, out=out) is out
        assert same(out[()], y[()])
        given = dy if name in LIKE_X else drow
        for kind, saved in (("x", x), ("y", y)) if name in LIKE_X else (("x", x),):
            dx = f.backward(given, **{kind: saved}, axis=axis)
            assert same(dx, f.backward(spread(given), **{kind: spread(saved)}, axis=axis))
            for place in (saved, given) if name in LIKE_X else (saved,):
                copies = {id(array): array.copy() for array in (given, saved)}
                out = copies[id(place)]
                assert f.backward(copies[id(given)], **{kind: copies[id(saved)]}, axis=axis, out=out) is out
                assert same(out, dx)
        if name in LIKE_X:
            out = x.copy()
            assert f(out, out=out, axis=axis) is out
            assert same(out, y)


@pytest.mark.parametrize("kind", ["normal", "far", "special"])
def test_rows_along_and_across_and_alone(compiled, real, kind, rng):
    """However many rows there are and however they lie: each has the bits that it has by itself."""
    lengths = (1, 2, 5, 8, 12, 13, 16, 17, 31, 33, 47, 63, 64, 65, 96, 97, 127, 129, 160, 200, 257, 1000, 1025, 2100)
    for n, rows in itertools.product(lengths, (3, 20, 70, 130)):
        if n * rows > 70_000:
            continue
        x, dy = rng.normal(size=(2, rows, n), scale=3).astype(real)
        if kind == "far":
            x += 3000
        elif kind == "special":
            x.ravel()[rng.integers(0, x.size, 3)] = [np.nan, np.inf, -np.inf]
        columns, dcolumns = x.T.copy(), dy.T.copy()
        for name in (*LIKE_X, *PER_ROW):
            f = getattr(compiled, name)
            d, dcolumn = (dy, dcolumns) if name in LIKE_X else (dy[:, 0].copy(), dy[:, 0].copy())
            y, dx = f(x), f.backward(d, x)
            np.testing.assert_array_equal(f(columns, axis=0), y.T)
            np.testing.assert_array_equal(f.backward(dcolumn, columns, axis=0), dx.T)
            for r in (0, rows - 1):
                np.testing.assert_array_equal(f(x[r].copy()), y[r])
                np.testing.assert_array_equal(f.backward(d[r : r + 1], x[r : r + 1])[0], dx[r])
        labels, weight = rng.integers(0, n, rows), rng.random(n)
        for keywords in ({}, {"label_smoothing": 0.1, "weight": weight}):
            keywords |= {"reduction": "none"}
            loss, dx = compiled.cross_entropy.value_and_grad(x, labels, **keywords)
            of_columns = compiled.cross_entropy.value_and_grad(columns, labels, axis=0, **keywords)
            np.testing.assert_array_equal(of_columns[0], loss)
            np.testing.assert_array_equal(of_columns[1], dx.T)
            np.testing.assert_array_equal(compiled.cross_entropy(x, labels, **keywords), loss)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_both_ways_of_a_loss(compiled, real, reduction, rng):
    for x, axis, targets, rows in places(rng, real):
        labels = rng.integers(0, x.shape[axis], rows.shape).astype(rng.choice(INTEGERS)) if x.shape[axis] < 128 else None
        for f, given, keywords in (
            (compiled.cross_entropy, labels, {"axis": axis, "reduction": reduction}),
            (compiled.binary_cross_entropy, np.abs(targets), {"reduction": reduction}),
        ):
            if given is None:
                continue
            loss = f(x, given, **keywords)
            assert same(loss, f(spread(x), given, **keywords))
            pair = f.value_and_grad(x, given, **keywords)
            assert same(pair, f.value_and_grad(spread(x), given, **keywords))
            assert same(pair[0], loss)
            out = x.copy()
            again, dx = f.value_and_grad(out, given, out=out, **keywords)
            assert dx is out
            assert same((again, dx), pair)


@pytest.mark.parametrize("integer", INTEGERS, ids=str)
def test_labels_of_any_integer_dtype(compiled, integer, real, rng):
    x = rng.normal(size=(300, 100)).astype(real)
    labels = rng.integers(0, 100, 300)
    wanted = compiled.cross_entropy.value_and_grad(x, labels)
    assert same(compiled.cross_entropy.value_and_grad(x, labels.astype(integer)), wanted)
    assert same(compiled.cross_entropy(x, labels.astype(integer)), wanted[0])
    for place, wrong in itertools.product((0, 127, 128, 299), (100, -1 if integer.kind == "i" else 101)):
        bad, out = labels.astype(integer), np.full_like(x, 7)
        bad[place] = wrong
        f = compiled.cross_entropy
        for call in (lambda f=f, bad=bad: f(x, bad), lambda f=f, bad=bad, out=out: f.value_and_grad(x, bad, out=out)):
            with pytest.raises(IndexError, match=rf"targets\[{place}\] is {wrong}"):
                call()
        assert (out == 7).all()
    ignored = labels.copy()
    ignored[:40] = -100
    np.testing.assert_allclose(compiled.cross_entropy(x, ignored), compiled.cross_entropy(x[40:].copy(), labels[40:]), rtol=1e-6)


@pytest.mark.parametrize("name", [*LIKE_X, *PER_ROW])
def test_memory_shared_in_part(compiled, name, real, rng):
    f, memory = getattr(compiled, name), rng.normal(size=4000).astype(real)
    for shape, axis, shift in itertools.product(((1, 16), (8, 40), (40, 8)), (0, 1), (-60, -1, 1, 3, 60)):
        n = shape[0] * shape[1]
        rows = n // shape[axis]
        for size, backward in ((n if name in LIKE_X else rows, False), (n, True)):
            held = memory.copy()
            x, out = held[100 : 100 + n].reshape(shape), held[100 + shift : 100 + shift + size]
            out = out.reshape(shape if size == n and (backward or name in LIKE_X) else np.delete(shape, axis))
            dy = rng.normal(size=shape if name in LIKE_X else np.delete(shape, axis)).astype(real)
            arguments = (dy, x) if backward else (x,)
            function = f.backward if backward else f
            wanted = function(*(array.copy() for array in arguments), axis=axis)
            assert same(function(*arguments, out=out, axis=axis), wanted)


@pytest.mark.parametrize("name", [*LIKE_X, *PER_ROW, "cross_entropy", "binary_cross_entropy"])
def test_misuse_is_told_as_on_numpy(compiled, name, real):
    def outcome(backend, arguments, keywords, method):
        f = getattr(backend, name)
        with pytest.raises((TypeError, ValueError, IndexError)) as caught:
            (f if method is None else getattr(f, method))(*arguments, **keywords)
        return type(caught.value), str(caught.value)

    x = np.zeros((3, 4), real)
    loss = name.endswith("entropy")
    second = {"cross_entropy": np.zeros(3, int), "binary_cross_entropy": x}.get(name)
    arguments = (x, second) if loss else (x,)
    gradient = (x, second) if loss else (x if name in LIKE_X else x[:, 0].copy(), x)
    method = "value_and_grad" if loss else "backward"
    shape = (3, 4) if name in LIKE_X else () if loss else (3,)
    read_only = np.zeros(shape, real)
    read_only.flags.writeable = False
    wrong = [
        {"out": read_only},
        {"out": np.zeros((2, 2), real)},
        {"out": np.zeros(shape, int)},
        {"out": [1.0]},
        {"given": 1},
        {"reduction": "all"} if loss else {"axis": 2},
        {"axis": 1.0},
        {"axis": 1 << 80},
    ]
    numpy = fastact.backends.load("numpy")
    for keywords in wrong:
        assert outcome(compiled, arguments, keywords, None) == outcome(numpy, arguments, keywords, None)
        if keywords.get("out") is not read_only:
            assert outcome(compiled, gradient, keywords, method) == outcome(numpy, gradient, keywords, method)
    for given in ((), (*arguments, None), (*gradient, None)):
        for way in (None, method):
            if len(given) != len(gradient if way else arguments):
                assert outcome(compiled, given, {}, way) == outcome(numpy, given, {}, way)


@pytest.mark.parametrize("dtype", ["complex64", "object", "U3", "longdouble"])
@pytest.mark.parametrize("name", [*LIKE_X, *PER_ROW])
def test_an_output_that_no_loop_writes(compiled, name, real, dtype):
    """NumPy would cast to all of these."""
    x = np.zeros((3, 4), real)
    out = np.zeros((3, 4) if name in LIKE_X else 3, dtype)
    with pytest.raises(TypeError, match=f"out has dtype {out.dtype}"):
        getattr(compiled, name)(x, out=out)
    assert (out == np.zeros_like(out)).all()


@pytest.mark.parametrize("name", [*LIKE_X, *PER_ROW])
def test_a_row_alone_gives_scalars(compiled, name, real):
    y = getattr(compiled, name)(np.arange(5, dtype=real))
    assert type(y) is (real.type if name in PER_ROW else np.ndarray)
    assert y.dtype == real


# ---- threads --------------------------------------------------------------------------------------------------------


@pytest.fixture
def use():
    """Set the number of threads, with rows shared out from few elements on, and helpers in all jobs."""
    engine, before = importlib.import_module("fastact.backends.native.engine.rows"), team.set_limit(1)
    grain, eager = engine._set_grain(50), team._set_eager(True)
    yield fastact.set_num_threads
    engine._set_grain(grain)
    team._set_eager(eager)
    team.set_limit(before)


def calls(backend, rng):
    """What the functions give for all kinds of calls."""
    for dtype in (np.float16, np.float32, np.float64):
        for shape, axis in (((1000,), 0), ((37, 40), 1), ((37, 40), 0), ((5, 7, 33), 1), ((3, 300, 2), 1), ((2, 3, 5, 16), 2)):
            rows = np.delete(shape, axis)
            with np.errstate(under="ignore"):
                x, dy, row = (rng.normal(size=size).astype(dtype) for size in (shape, shape, rows))
            labels = rng.integers(0, shape[axis], rows)
            for layout in (lambda array: array, spread, lambda array: array.T.copy().T):
                for name in (*LIKE_X, *PER_ROW):
                    f = getattr(backend, name)
                    yield f(layout(x), axis=axis)
                    yield f.backward(layout(dy if name in LIKE_X else row), layout(x), axis=axis)
                    if name in LIKE_X:
                        yield f.backward(layout(dy), y=layout(x), axis=axis)
                    yield f.ufunc(layout(x), *([1.0] if "," in (f.ufunc.signature or "").split("->")[0][3:] else []), axis=axis)
                for reduction in REDUCTIONS:
                    yield from backend.cross_entropy.value_and_grad(layout(x), labels, axis=axis, reduction=reduction)
                    yield from backend.binary_cross_entropy.value_and_grad(layout(x), np.abs(dy), reduction=reduction)
                yield backend.softmax(layout(x), axis=axis, mask=dy > 0, scale=0.5)
                yield backend.logsumexp(layout(x), axis=axis, mask=np.where(dy > 0, 0, -np.inf).astype(dtype))
                scale = np.expand_dims(np.linspace(0.5, 2, row.size).reshape(row.shape), axis)
                for name, dresult in (("softmax", dy), ("log_softmax", dy), ("logsumexp", row)):
                    f = getattr(backend, name)
                    yield f(layout(x), axis=axis, scale=scale)
                    yield f.backward(layout(dresult), layout(x), axis=axis, scale=scale)
                    yield f(layout(x), axis=None)
                    if axis == x.ndim - 1 and axis:
                        yield f(layout(x), mask=("causal", 2), scale=scale)
                        yield f.backward(layout(dresult), layout(x), mask="causal", scale=scale)


def test_threads_change_no_bit(compiled, use):
    def results():
        return [np.ascontiguousarray(value).tobytes() for value in calls(compiled, np.random.default_rng(5))]

    use(1)
    wanted = results()
    for threads in (2, 3, 5):
        use(threads)
        assert results() == wanted


def test_calls_of_many_threads_at_once(compiled, rng):
    x, labels = rng.normal(size=(20, 30)).astype(np.float32), rng.integers(0, 30, 20)
    large, found = rng.normal(size=(300, 400)).astype(np.float32), []

    def work():
        for _ in range(50):
            values = (
                compiled.softmax(x),
                compiled.maxout(x, axis=0),
                compiled.log_softmax(large),
                compiled.cross_entropy(x, labels),
            )
            found.append(b"".join(value.tobytes() for value in values))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 200
    assert len(set(found)) == 1
