"""The losses against PyTorch, mpmath and finite differences, with every combination of options; their edges and errors."""

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
from fastact.tools import reference

INF, NAN = np.inf, np.nan
REDUCTIONS = ("mean", "sum", "none")
INTEGERS = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.dtype(">i4"), np.dtype(">u8"))


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def shares(rng, classes, rows, dtype):
    """Probabilities of classes, per row."""
    with np.errstate(all="ignore"):
        return rng.dirichlet(np.ones(classes), rows).astype(dtype)


def eps(dtype):
    return float(ml_dtypes.finfo(dtype).eps)


def rounded(dtype, factor):
    """A relative tolerance: float64 as the issue asks, and a few units in the last place of what is narrower."""
    return 1e-12 if dtype == np.float64 else factor * eps(dtype)


def pytorch(torch, function, x, targets, axis=1, **keywords):
    """Loss and gradient in float64, the axis of classes where PyTorch wants it."""
    t = torch.tensor(x.astype(np.float64), requires_grad=True)
    moved = t.movedim(axis, 1) if t.ndim > 1 else t
    if targets.dtype.kind in "iu":
        targets = torch.tensor(targets.astype(np.int64))
    else:
        targets = torch.tensor(targets.astype(np.float64))
        targets = targets.movedim(axis, 1) if targets.ndim > 1 else targets
    for key in ("weight", "pos_weight"):
        if keywords.get(key) is not None:
            keywords[key] = torch.tensor(np.asarray(keywords[key], np.float64))
    loss = function(moved, targets, **keywords)
    loss.sum().backward()
    return loss.detach().numpy(), t.grad.numpy()


# Cross-entropy.


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("kind", ["labels", "ignored", "class ignored", "probabilities"])
def test_cross_entropy_against_pytorch(backend, dtype, kind, smoothing, reduction, torch, rng):
    function = torch.nn.functional.cross_entropy
    shapes = (((33, 10), 1), ((2, 5, 7), 1), ((40, 4), 0), ((3, 4, 6), -1), ((3, 300), 1), ((65, 3), 1))
    for (shape, axis), weighted in itertools.product(shapes, (False, True)):
        classes = shape[axis]
        rows = tuple(np.delete(shape, axis))
        x = normal(rng, shape, dtype, 3)
        ignore = {}
        targets = rng.integers(0, classes, rows)
        if kind == "ignored":
            targets[rng.random(rows) < 0.3] = -100
            targets.flat[0] = 1
        elif kind == "class ignored":
            targets.flat[:2] = 0, 1
            ignore = {"ignore_index": 1}
        elif kind == "probabilities":
            targets = np.moveaxis(shares(rng, classes, rows, np.float32), -1, axis)
        weight = rng.uniform(0.2, 3, classes).astype(np.float32) if weighted else None
        keywords = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction, **ignore}
        loss, dx = backend.cross_entropy.value_and_grad(x, targets, axis=axis, **keywords)
        wanted, gradient = pytorch(torch, function, x, targets, axis, **keywords)
        assert loss.dtype == dtype
        assert dx.dtype == dtype
        assert dx.shape == shape
        np.testing.assert_allclose(np.asarray(loss, np.float64), wanted, rtol=rounded(dtype, 4), atol=0)
        # The gradient is a difference of a probability and a share of the target.
        largest = np.abs(gradient).max() if reduction != "none" else 3.0
        np.testing.assert_allclose(dx.astype(np.float64), gradient, rtol=rounded(dtype, 8), atol=rounded(dtype, 1) * largest)
        alone = backend.cross_entropy(x, targets, axis=axis, **keywords)
        np.testing.assert_array_equal(np.asarray(alone, np.float64), np.asarray(loss, np.float64))
        assert type(alone) is type(loss)


def exact(row, label):
    """Loss and gradient of one row as mpmath's numbers."""
    with mpmath.workdps(400):
        z = [mpmath.mpf(float(value)) for value in row]
        total = mpmath.fsum(mpmath.exp(value) for value in z)
        return mpmath.log(total) - z[label], [mpmath.exp(value) / total - (i == label) for i, value in enumerate(z)]


@pytest.mark.parametrize(
    "row",
    [[0, -30, -40], [5, -20, -21, -22], [0, -80], [12, 3, 2, 1, 0, -1, -2, -3, -4], [0.5, 0.25, -0.125], [1000, 985, 984.5]],
)
def test_digits_where_the_label_dominates(backend, row):
    """The loss is about the others' sum, which log(1 + it) would lose."""
    for dtype in (np.float32, np.float64):
        x = np.array(row, dtype)
        loss, gradient = exact(x, 0)
        got, dx = backend.cross_entropy.value_and_grad(x, 0)
        assert reference.ulp_errors(np.array([got]), [loss]).max() <= 4
        assert reference.ulp_errors(dx, gradient).max() <= 4
        one_hot = np.eye(len(row), dtype=dtype)[0]
        got, dx = backend.cross_entropy.value_and_grad(x, one_hot)
        assert reference.ulp_errors(np.array([got]), [loss]).max() <= 4
        # A difference: the error is one of the share that is taken off.
        assert (
            reference.ulp_errors(
                dx, gradient, [max(abs(value), share) for value, share in zip(gradient, one_hot, strict=True)]
            ).max()
            <= 4
        )
        # In a batch, and wherever the label is.
        batch = np.stack([np.roll(x, i) for i in range(len(row))])
        got = backend.cross_entropy(batch, np.arange(len(row)), reduction="none")
        assert reference.ulp_errors(got, [loss] * len(row)).max() <= 4


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy_is_the_derivative(backend, smoothing, weighted, rng):
    x = rng.normal(size=(6, 5))
    weight = rng.uniform(0.1, 2, 5) if weighted else None
    labels = np.array([0, 4, -100, 2, 2, 1])
    for targets, reduction in itertools.product((labels, shares(rng, 5, 6, np.float64)), ("mean", "sum")):
        keywords = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
        _, dx = backend.cross_entropy.value_and_grad(x, targets, **keywords)
        h = 1e-5
        for _ in range(3):
            direction = rng.normal(size=x.shape)
            plus, minus = (backend.cross_entropy(x + s * h * direction, targets, **keywords) for s in (1, -1))
            assert (dx * direction).sum() == pytest.approx((plus - minus) / (2 * h), rel=1e-8, abs=1e-9)
    loss, dx = backend.cross_entropy.value_and_grad(x, labels, weight=weight, label_smoothing=smoothing, reduction="none")
    each = [
        backend.cross_entropy.value_and_grad(x[i], labels[i], weight=weight, label_smoothing=smoothing, reduction="sum")
        for i in range(6)
    ]
    np.testing.assert_array_equal(loss, [pair[0] for pair in each])
    np.testing.assert_array_equal(dx, [pair[1] for pair in each])


def test_label_dtypes(backend, rng):
    x = rng.normal(size=(7, 100)).astype(np.float32)
    labels = rng.integers(0, 100, 7)
    wanted = backend.cross_entropy.value_and_grad(x, labels)
    for dtype in INTEGERS:
        for given in (labels.astype(dtype), np.repeat(labels.astype(dtype), 2)[::2]):
            loss, dx = backend.cross_entropy.value_and_grad(x, given)
            assert loss == wanted[0]
            np.testing.assert_array_equal(dx, wanted[1])
    assert backend.cross_entropy(x, labels.tolist()) == wanted[0]
    assert backend.cross_entropy(x[0], labels[0], reduction="none").ndim == 0
    assert isinstance(backend.cross_entropy(x[0], int(labels[0]), reduction="none"), np.float32)
    ignored = labels.astype(np.uint64)
    ignored[3] = 2**64 - 1
    loss = backend.cross_entropy(x, ignored, ignore_index=2**64 - 1, reduction="none")
    assert loss[3] == 0
    np.testing.assert_array_equal(np.delete(loss, 3), np.delete(backend.cross_entropy(x, labels, reduction="none"), 3))


def test_ignored_rows_have_no_influence(backend, dtype, rng):
    x = normal(rng, (5, 6), dtype)
    labels = np.array([0, -100, 5, -100, 2])
    kept = labels >= 0
    spoilt = x.copy()
    spoilt[~kept] = np.array([[NAN], [INF]], dtype)
    for smoothing, reduction, weight in itertools.product((0, 0.1), REDUCTIONS, (None, np.arange(1.0, 7.0))):
        keywords = {"label_smoothing": smoothing, "reduction": reduction, "weight": weight}
        loss, dx = backend.cross_entropy.value_and_grad(spoilt, labels, **keywords)
        wanted, gradient = backend.cross_entropy.value_and_grad(x[kept], labels[kept], **keywords)
        np.testing.assert_array_equal(dx[kept], gradient)
        assert (dx[~kept] == 0).all()
        if reduction == "none":
            assert (loss[~kept] == 0).all()
            loss = loss[kept]
        np.testing.assert_array_equal(loss, wanted)


def test_cross_entropy_edges(backend, dtype, torch):
    largest = float(ml_dtypes.finfo(dtype).max)
    rows = np.array(
        [
            [-INF, 0, 1],
            [0, -INF, 1],
            [-INF, -INF, 1],
            [-INF] * 3,
            [INF, 0, 0],
            [NAN, 0, 0],
            [largest / 4, 0, -largest / 4],
            [0] * 3,
        ]
    ).astype(dtype)
    for label in range(3):
        labels = np.full(len(rows), label)
        loss, dx = backend.cross_entropy.value_and_grad(rows, labels, reduction="none")
        wanted, gradient = pytorch(torch, torch.nn.functional.cross_entropy, rows, labels, reduction="none")
        np.testing.assert_allclose(loss.astype(np.float64), wanted, rtol=rounded(dtype, 2))
        np.testing.assert_allclose(dx.astype(np.float64), gradient, rtol=rounded(dtype, 4), atol=rounded(dtype, 1))
    assert backend.cross_entropy.value_and_grad(rows[0], 0)[1][0] == -1
    one = np.array([[3.0], [-7.0]], dtype)
    loss, dx = backend.cross_entropy.value_and_grad(one, [0, 0])
    assert loss == 0
    assert (dx == 0).all()


def test_extreme_logits(backend, rng):
    x = np.array([[1e30, -1e30, 0], [-1e30, -1e30, -1e30], [3e38, 3e38, -3e38]], np.float32)
    loss, dx = backend.cross_entropy.value_and_grad(x, [0, 1, 2], reduction="none")
    assert loss[0] == 0
    assert loss[1] == pytest.approx(np.log(3), rel=1e-6)
    assert loss[2] == INF  # 6e38 is beyond float32
    np.testing.assert_allclose(dx, [[0, 0, 0], [1 / 3, -2 / 3, 1 / 3], [0.5, 0.5, -1]], rtol=1e-6)


def test_many_classes_and_many_rows(backend, rng):
    for shape, axis in (((3, 70_001), 1), ((70_001, 3), 0), ((5_000, 7), 1), ((2, 3, 4_000), 1)):
        x = normal(rng, shape, np.float32, 2)
        labels = rng.integers(0, shape[axis], tuple(np.delete(shape, axis)))
        z = np.moveaxis(x.astype(np.float64), axis, -1)
        shifted = z - z.max(axis=-1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        each = -np.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]
        p = np.exp(log_p)
        p[(*np.indices(labels.shape), labels)] -= 1
        loss, dx = backend.cross_entropy.value_and_grad(x, labels, axis=axis)
        assert loss == pytest.approx(each.mean(), rel=4e-7)
        np.testing.assert_allclose(np.moveaxis(dx, axis, -1), p / labels.size, rtol=2e-6, atol=1e-7 / labels.size)
        np.testing.assert_allclose(backend.cross_entropy(x, labels, axis=axis, reduction="none"), each, rtol=1e-6)


def assert_stored(out, plain):
    """An output of another dtype has the same numbers; with more digits, if there is room for them."""
    with np.errstate(all="ignore"):
        if out.dtype.itemsize > plain.dtype.itemsize:
            np.testing.assert_array_equal(out.astype(plain.dtype), plain)
        else:
            np.testing.assert_array_equal(out, plain.astype(out.dtype))


def cases(backend, dtype, rng):
    """Calls of both losses with x and targets, on which layout and place of the output have no influence."""
    x = normal(rng, (9, 20), dtype, 2)
    weight = rng.uniform(0.5, 2, 20)
    labels = rng.integers(0, 20, 9)
    probabilities = shares(rng, 20, 9, dtype)
    cross, binary = backend.cross_entropy.value_and_grad, backend.binary_cross_entropy.value_and_grad
    for reduction in REDUCTIONS:
        for smoothing in (0.0, 0.1):
            keywords = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
            yield x, labels, lambda x, t, out=None, k=keywords: cross(x, t, out=out, **k)
            yield x, probabilities, lambda x, t, out=None, k=keywords: cross(x, t, out=out, **k)
        yield x.T.copy(), labels, lambda x, t, out=None, r=reduction: cross(x, t, out=out, axis=0, reduction=r)
        keywords = {"weight": weight, "pos_weight": 1 / weight, "reduction": reduction}
        yield x, probabilities, lambda x, t, out=None, k=keywords: binary(x, t, out=out, **k)


def test_layouts(backend, dtype, rng):
    for x, targets, call in cases(backend, dtype, rng):
        loss, dx = call(x, targets)
        for a in layouts(x):
            got = call(a, targets)
            np.testing.assert_array_equal(got[0], loss)
            np.testing.assert_array_equal(got[1], dx)
        if targets.ndim == 2:
            for b in layouts(targets):
                np.testing.assert_array_equal(call(x, b)[1], dx)


@pytest.mark.parametrize("n", [20, 100, 1500])
def test_gradient_in_place_of_targets_or_weights(backend, rng, n):
    """They are read after exponentials have been stored where the gradient goes."""
    probabilities = rng.random((3, n))
    for x, t in ((rng.normal(size=(3, n)), probabilities), *((rng.normal(size=n), t) for t in (probabilities[0], np.array(2)))):
        for smoothing in (0.0, 0.1):
            loss, dx = backend.cross_entropy.value_and_grad(x, t, label_smoothing=smoothing)
            if t.ndim:
                work = t.copy()
                got = backend.cross_entropy.value_and_grad(x, work, out=work, label_smoothing=smoothing)
                assert got[0] == loss
                np.testing.assert_array_equal(got[1], dx)
                assert got[1] is work
            weight = rng.random(n)
            loss, dx = backend.cross_entropy.value_and_grad(x, t, weight=weight, label_smoothing=smoothing)
            if x.ndim == 1:
                got = backend.cross_entropy.value_and_grad(x, t, out=weight, weight=weight, label_smoothing=smoothing)
                assert got[0] == loss
                np.testing.assert_array_equal(got[1], dx)


@pytest.mark.parametrize("n", [4, 100])
def test_a_row_of_minus_infinity_has_no_gradient(backend, dtype, n):
    x = np.zeros((2, n), dtype)
    x[1] = -INF
    for targets in (np.array([1, 1]), np.full((2, n), 1 / n, dtype)):
        for smoothing in (0.0, 0.1):
            loss, dx = backend.cross_entropy.value_and_grad(x, targets, reduction="none", label_smoothing=smoothing)
            assert np.isnan(loss[1])
            assert np.isnan(dx[1]).all()
            assert np.isfinite(dx[0].astype(np.float64)).all()


def test_infinite_logits_of_two_classes(backend, dtype):
    """Right beyond doubt costs nothing, wrong beyond doubt everything."""
    x, t = np.array([INF, -INF, INF, -INF], dtype), np.array([1, 0, 0, 1])
    loss, dx = backend.binary_cross_entropy.value_and_grad(x, t, reduction="none")
    assert (loss == [0, 0, INF, INF]).all()
    assert (dx == [0, 0, 1, -1]).all()


def test_targets_of_another_narrow_dtype(backend, rng):
    """float16 and bfloat16 have no common dtype, but the result's is that of the logits."""
    x, t = rng.normal(size=(5, 40)).astype(ml_dtypes.bfloat16), rng.random((5, 40)).astype(np.float16)
    for f in (backend.cross_entropy, backend.binary_cross_entropy):
        loss, dx = f.value_and_grad(x, t, reduction="none")
        wanted = f.value_and_grad(x, t.astype(np.float32), reduction="none")
        assert dx.dtype == loss.dtype == x.dtype
        np.testing.assert_array_equal(dx, wanted[1])
        np.testing.assert_array_equal(loss, wanted[0])


def test_misaligned_labels_and_weights(backend, dtype, rng):
    x = normal(rng, (6, 50), dtype)
    labels, weight = rng.integers(0, 50, 6), rng.random(50)
    moved = [np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype) for a in (labels, weight)]
    for a, b in zip(moved, (labels, weight), strict=True):
        a[...] = b
    loss, dx = backend.cross_entropy.value_and_grad(x, labels, weight=weight, label_smoothing=0.1)
    got = backend.cross_entropy.value_and_grad(x, moved[0], weight=moved[1], label_smoothing=0.1)
    assert got[0] == loss
    np.testing.assert_array_equal(got[1], dx)


def test_gradient_in_place_and_in_other_places(backend, dtype, rng):
    for x, targets, call in cases(backend, dtype, rng):
        before, targets_before = x.copy(), targets.copy()
        loss, dx = call(x, targets)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(targets, targets_before)
        for out in (
            np.zeros_like(x),
            np.zeros(x.shape[::-1], dtype).T,
            np.zeros((9 + 11, 40), dtype)[: x.shape[0], : x.shape[1]],
        ):
            got = call(x, targets, out)
            assert got[1] is out
            np.testing.assert_array_equal(out, dx)
            np.testing.assert_array_equal(got[0], loss)
        for order in ("C", "F"):
            work = x.copy(order)
            got = call(work, targets, work)
            assert got[1] is work
            np.testing.assert_array_equal(work, dx)
            np.testing.assert_array_equal(got[0], loss)
        memory = np.zeros((x.shape[0] + 1, x.shape[1]), dtype)
        memory[1:] = x
        np.testing.assert_array_equal(call(memory[1:], targets, memory[:-1])[1], dx)
        work = x.copy()
        np.testing.assert_array_equal(call(work, targets, work[::-1])[1], dx)
        if targets.ndim == 2:
            work = targets.copy()
            np.testing.assert_array_equal(call(x, work, work)[1], dx)
            work = targets.copy()
            np.testing.assert_array_equal(call(x, work, work[:, ::-1])[1], dx)
        for other in (np.float64, np.float32, np.float16):
            if np.can_cast(dtype, other, "same_kind") and (other != np.float16 or dtype.itemsize > 2):
                assert_stored(call(x, targets, np.zeros(x.shape, other))[1], dx)


def test_loss_out(backend, dtype, rng):
    x = normal(rng, (9, 20), dtype)
    labels, targets = rng.integers(0, 20, 9), rng.random((9, 20))
    for f, t, shape in ((backend.cross_entropy, labels, (9,)), (backend.binary_cross_entropy, targets, (9, 20))):
        for reduction in REDUCTIONS:
            wanted = f(x, t, reduction=reduction)
            for other in (dtype, np.float64, np.float32):
                if np.can_cast(dtype, other, "same_kind"):
                    out = np.zeros(shape if reduction == "none" else (), other)
                    assert f(x, t, out=out, reduction=reduction) is out
                    assert_stored(out, np.asarray(wanted))
    work = x.copy()
    backend.binary_cross_entropy(work, targets, out=work, reduction="none")
    np.testing.assert_array_equal(work, backend.binary_cross_entropy(x, targets, reduction="none"))
    wanted = backend.cross_entropy(x, labels, reduction="none")
    work = x.copy()
    backend.cross_entropy(work, labels, out=work[:, 0], reduction="none")
    np.testing.assert_array_equal(work[:, 0], wanted)


def test_integer_logits(backend):
    x = np.array([[1, 2, 3], [3, 2, 1]])
    for f, t in ((backend.cross_entropy, [0, 1]), (backend.binary_cross_entropy, [[0, 1, 1], [1, 0, 0]])):
        loss, dx = f.value_and_grad(x, t)
        wanted, gradient = f.value_and_grad(x.astype(np.float64), t)
        assert isinstance(loss, np.float64)
        assert loss == wanted
        np.testing.assert_array_equal(dx, gradient)
        assert f(x.tolist(), t) == wanted


def test_no_rows_or_classes(backend, dtype):
    f = backend.cross_entropy
    none = np.zeros(0, int)
    for shape, axis in (((0, 3), 1), ((3, 0), 0), ((2, 3, 0), 1)):
        x = np.zeros(shape, dtype)
        labels = np.zeros(tuple(np.delete(shape, axis)), int)
        if labels.size:
            continue
        assert f(x, labels, axis=axis, reduction="sum") == 0
        loss, dx = f.value_and_grad(x, labels, axis=axis, reduction="none")
        assert loss.shape == labels.shape
        assert dx.shape == shape
        for targets in (labels, x):
            with pytest.raises(ValueError, match="no mean"):
                f(x, targets, axis=axis)
            with pytest.raises(ValueError, match="no mean"):
                f.value_and_grad(x, targets, axis=axis)
    x = np.ones((2, 3), dtype)
    for labels, weight in (([-100, -100], None), ([1, -100], [1, 0, 1])):
        with pytest.raises(ValueError, match="no mean"):
            f(x, labels, weight=weight)
    assert f(x, [-100, -100], reduction="sum") == 0
    with pytest.raises(IndexError):
        f(np.zeros((2, 0), dtype), [0, 0])
    assert f(np.zeros((2, 0), dtype), [-100, -100], reduction="none").tolist() == [0, 0]
    assert f(np.zeros((2, 0), dtype), np.zeros((2, 0))) == 0
    assert f(np.zeros((0, 3), dtype), none, reduction="none").shape == (0,)
    g = backend.binary_cross_entropy
    assert g(np.zeros((0, 3), dtype), np.zeros((0, 3)), reduction="sum") == 0
    assert g(np.zeros((0, 3), dtype), np.zeros((0, 3)), reduction="none").shape == (0, 3)
    with pytest.raises(ValueError, match="no mean"):
        g(np.zeros((0, 3), dtype), np.zeros((0, 3)))


# Binary cross-entropy.


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", ["", "classes", "rows", "elements", "scalar"])
@pytest.mark.parametrize("positive", ["", "classes", "elements"])
def test_binary_cross_entropy_against_pytorch(backend, dtype, weighted, positive, reduction, torch, rng):
    function = torch.nn.functional.binary_cross_entropy_with_logits
    for shape in ((33, 10), (3, 5, 7), (4, 70), (50, 2)):
        x = normal(rng, shape, dtype, 4)
        shapes = {"classes": shape[-1:], "rows": (*shape[:-1], 1), "elements": shape, "scalar": ()}
        weight = rng.uniform(0.2, 3, shapes[weighted]).astype(np.float32) if weighted else None
        pos_weight = rng.uniform(0.2, 3, shapes[positive]) if positive else None
        keywords = {"weight": weight, "pos_weight": pos_weight, "reduction": reduction}
        for targets in (rng.random(shape).astype(np.float32), rng.integers(0, 2, shape).astype(np.float32)):
            loss, dx = backend.binary_cross_entropy.value_and_grad(x, targets, **keywords)
            wanted, gradient = pytorch(torch, function, x, targets, **keywords)
            assert loss.dtype == dtype
            assert dx.dtype == dtype
            # Where the loss is small PyTorch's has cancelled; float16's is subnormal.
            least = max(1e-14, float(ml_dtypes.finfo(dtype).smallest_subnormal))
            np.testing.assert_allclose(np.asarray(loss, np.float64), wanted, rtol=rounded(dtype, 4), atol=least)
            largest = 1.0 if reduction != "mean" else 1 / x.size
            np.testing.assert_allclose(dx.astype(np.float64), gradient, rtol=rounded(dtype, 8), atol=rounded(dtype, 4) * largest)
            alone = backend.binary_cross_entropy(x, targets, **keywords)
            np.testing.assert_array_equal(np.asarray(alone, np.float64), np.asarray(loss, np.float64))
            if set(np.unique(targets)) <= {0, 1}:
                for other in (bool, np.int8, np.uint64):
                    got = backend.binary_cross_entropy(x, targets.astype(other), **keywords)
                    assert got.dtype == dtype
                    np.testing.assert_allclose(np.asarray(got, np.float64), wanted, rtol=rounded(dtype, 4), atol=least)


def test_binary_cross_entropy_in_the_tails(backend):
    for dtype in (np.float32, np.float64):
        x = np.array([-80, -30, -5, -0.5, 0, 1e-3, 2, 17, 40, 85], dtype)
        for t in (0, 1):
            loss, dx = backend.binary_cross_entropy.value_and_grad(x, np.full(x.shape, t), reduction="none")
            with mpmath.workdps(60):
                z = [mpmath.mpf(float(value)) * (1 - 2 * t) for value in x]
                wanted = [mpmath.log1p(mpmath.exp(value)) for value in z]
                gradient = [(1 - 2 * t) / (1 + mpmath.exp(-value)) for value in z]
            assert reference.ulp_errors(loss, wanted).max() <= 4
            assert reference.ulp_errors(dx, gradient).max() <= 4
    huge = backend.binary_cross_entropy(np.array([1e30, -1e30], np.float32), [0, 1], reduction="none")
    assert huge.tolist() == np.array([1e30, 1e30], np.float32).tolist()
    assert np.isnan(backend.binary_cross_entropy(np.array([NAN, 1.0]), [0, 1]))


def test_binary_cross_entropy_shapes(backend, dtype, rng):
    f = backend.binary_cross_entropy
    whole = normal(rng, (60_000,), dtype)
    targets = rng.random(whole.shape)
    total = f(whole.astype(np.float64), targets)
    for shape in ((60_000, 1), (1, 60_000), (3, 20_000), (20_000, 3), (300, 200), (10, 2, 3_000)):
        loss, dx = f.value_and_grad(whole.reshape(shape), targets.reshape(shape))
        assert float(loss) == pytest.approx(total, rel=rounded(dtype, 2))
        assert dx.shape == shape
    loss, dx = f.value_and_grad(whole[0], targets[0])
    assert isinstance(loss, np.generic)
    assert dx.shape == ()
    assert loss == f(whole[:1], targets[:1])
    assert f(whole[0], targets[0], reduction="none").dtype == dtype


# Memory.


def test_memory(backend, rng):
    """The peak of a call is its output, one number per row and a few blocks."""
    blocks = 6 << 20
    for shape, axis in (((2000, 1000), 1), ((1000, 2000), 0), ((20, 100_000), 1)):
        x = rng.normal(size=shape).astype(np.float32)
        labels = rng.integers(0, shape[axis], shape[1 - axis])
        targets = np.full_like(x, 0.5)
        dx = np.empty_like(x)
        cross, binary = backend.cross_entropy, backend.binary_cross_entropy
        weight = np.ones(shape[axis])
        for t in (labels, targets):
            keywords = {"axis": axis, "weight": weight, "label_smoothing": 0.1}
            assert peak(lambda t=t, k=keywords: cross(x, t, **k)) < blocks  # noqa: B023
            assert peak(lambda t=t, k=keywords: cross.value_and_grad(x, t, out=dx, **k)) < blocks  # noqa: B023
        assert peak(lambda: cross.value_and_grad(x, labels, axis=axis)) < x.nbytes + blocks  # noqa: B023
        assert peak(lambda: binary(x, targets)) < blocks  # noqa: B023
        assert peak(lambda: binary.value_and_grad(x, targets, out=dx, pos_weight=2)) < blocks  # noqa: B023
        assert peak(lambda: binary(x, targets, out=dx, reduction="none")) < blocks  # noqa: B023


# Errors.


def test_cross_entropy_errors_write_nothing(backend, rng):
    f = backend.cross_entropy
    x = rng.normal(size=(3, 4))
    out, dx = np.full(3, 7.0), np.full((3, 4), 7.0)
    good = np.array([0, 3, 1])

    def fails(kind, match, targets=good, x=x, out=out, dx=dx, **keywords):
        with pytest.raises(kind, match=match):
            f(x, targets, out=out, **{"reduction": "none", **keywords})
        with pytest.raises(kind, match=match):
            f.value_and_grad(x, targets, out=dx, **keywords)

    for wrong, at in ((4, 1), (-1, 0), (-101, 2), (2**40, 1), (-(2**63), 0)):
        labels = good.copy()
        labels[at] = wrong
        fails(IndexError, rf"targets\[{at}\] is {wrong};.*4 classes are 0 to 3", labels)
    fails(IndexError, r"targets\[2\] is 18446744073709551615", np.array([0, 1, 2**64 - 1], np.uint64))
    fails(IndexError, r"targets\[1\] is 9223372036854775808", np.array([0, 2**63, 1], np.uint64))
    fails(IndexError, r"targets\[1\] is -1", np.array([0, -1, 1], np.int8))
    fails(IndexError, r"targets\[0\] is -100", np.array([-100, 0, 1]), ignore_index=-1)
    fails(IndexError, r"targets\[1, 2\] is 9", np.array([[0, 1, 2], [0, 1, 9]]), x=np.zeros((2, 3, 4)), out=None, dx=None)
    fails(IndexError, "targets is 4", np.array(4), x=x[0], out=None, dx=None)
    fails(TypeError, "bool", np.array([True, False, True]))
    for bad in (good.astype(complex), good.astype(object), good.astype(str), None):
        fails(TypeError, "targets", bad)
    for bad in (good[:2], good[None], np.zeros((3, 4), int), np.zeros(4, int), np.array(1)):
        fails(ValueError, "targets.*shape", bad)
    for bad in (good.astype(float), np.zeros((3, 3)), np.zeros((4, 3)), np.zeros((1, 3, 4)), []):
        fails(ValueError, "targets.*shape", bad)
    for bad in (np.ones(3), np.ones((3, 4)), 1.0, [[1.0] * 4]):
        fails(ValueError, "weight has shape", weight=bad)
    for bad in ([1, 1, -1, 1], [1, NAN, 1, 1], [1, 1, 1, INF]):
        fails(ValueError, "weight", weight=bad)
    fails(TypeError, "weight", weight=[1j] * 4)
    for bad in (-0.1, 1.5):
        fails(ValueError, "label_smoothing", label_smoothing=bad)
    fails(ValueError, "finite", label_smoothing=NAN)
    fails(TypeError, "label_smoothing", label_smoothing="0.1")
    for bad in ("average", None, 1):
        fails(ValueError, "'mean', 'sum', 'none'", reduction=bad)
    for bad in (1.5, None, "x"):
        fails(TypeError, "ignore_index", ignore_index=bad)
    fails(ValueError, "ignore_index", np.full((3, 4), 0.25), ignore_index=2)
    for axis in (2, -3):
        fails(np.exceptions.AxisError, "cross_entropy", axis=axis)
    fails(TypeError, "axis", axis=None)
    fails(np.exceptions.AxisError, "cross_entropy", x=np.array(1.0))
    for bad in (x.astype(complex), x.astype(object), x.astype(str)):
        fails(TypeError, "logits", x=bad)
    fails(TypeError, "slop", slop=1)
    fails(ValueError, "out has shape", out=out[:2], dx=dx[:2])
    fails(TypeError, "out must be an array", out=[0], dx=[0])
    fails(TypeError, "int64", out=np.zeros(3, int), dx=np.zeros((3, 4), int))
    frozen, fixed = out.copy(), dx.copy()
    frozen.flags.writeable = fixed.flags.writeable = False
    fails(ValueError, "read-only", out=frozen, dx=fixed)
    fails(ValueError, "no mean", np.full(3, -100), out=np.array(7.0), reduction="mean")
    assert (out == 7).all()
    assert (dx == 7).all()


def test_binary_cross_entropy_errors_write_nothing(backend, rng):
    f = backend.binary_cross_entropy
    x = rng.normal(size=(3, 4))
    good = rng.random((3, 4))
    out = np.full((3, 4), 7.0)

    def fails(kind, match, targets=good, x=x, out=out, **keywords):
        with pytest.raises(kind, match=match):
            f(x, targets, out=out, **{"reduction": "none", **keywords})
        with pytest.raises(kind, match=match):
            f.value_and_grad(x, targets, out=out, **keywords)

    for bad in (good[:2], good[0], np.zeros((3, 1)), 1.0, good[None]):
        fails(ValueError, "targets have shape", bad)
    fails(TypeError, "targets", good.astype(complex))
    fails(TypeError, "logits", x=x.astype(object))
    for name in ("weight", "pos_weight"):
        for bad in (-1, [1, 1, -1, 1], NAN, [1, NAN, 1, 1], INF):
            fails(ValueError, f"{name} must be finite", **{name: bad})
        for bad in (np.ones(3), np.ones((2, 3, 4)), np.ones((4, 3))):
            fails(ValueError, f"{name} of shape", **{name: bad})
        fails(TypeError, name, **{name: "heavy"})
    fails(ValueError, "'mean', 'sum', 'none'", reduction="batchmean")
    fails(ValueError, "out has shape", out=out[:2])
    fails(TypeError, "int64", out=np.zeros((3, 4), int))
    fails(TypeError, "slop", slop=1)
    fixed = out.copy()
    fixed.flags.writeable = False
    fails(ValueError, "read-only", out=fixed)
    assert (out == 7).all()


# Objects.


@pytest.mark.parametrize("name", functions.loss_functions)
def test_attributes(backend, name):
    f = getattr(backend, name)
    assert f is getattr(backend, name)
    assert f.name == f.__name__ == name
    assert f.backend == backend.name
    assert name in repr(f)
    assert copy.copy(f) is copy.deepcopy(f) is f
    assert pickle.loads(pickle.dumps(f)) is f  # on its own backend
    assert getattr(fastact, name) is getattr(fastact.backends.current(), name)
    assert inspect.signature(f) == inspect.signature(f.value_and_grad).replace(
        return_annotation=inspect.signature(f).return_annotation
    )
