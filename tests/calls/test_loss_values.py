"""Losses where naive formulas fail: nothing times infinity, targets that dominate, weights of any size, many classes."""

import itertools

import mpmath
import numpy as np
import pytest

from fastact.tools import reference

INF, NAN = np.inf, np.nan
REDUCTIONS = ("mean", "sum", "none")


def exact(x, targets, weight=None, smoothing=0.0):
    """Loss and gradient of one row, and the larger term of each gradient: mpmath's numbers."""
    with mpmath.workdps(450):
        z = [mpmath.mpf(float(value)) for value in x]
        n = len(z)
        w = [mpmath.mpf(float(value)) for value in (np.ones(n) if weight is None else weight)]
        share = mpmath.mpf(smoothing) / n
        u = [w[i] * ((1 - mpmath.mpf(smoothing)) * mpmath.mpf(float(targets[i])) + share) for i in range(n)]
        total, pull = mpmath.fsum(mpmath.exp(value) for value in z), mpmath.fsum(u)
        p = [mpmath.exp(value) / total for value in z]
        loss = mpmath.fsum(u[i] * (mpmath.log(total) - z[i]) for i in range(n) if u[i])
        gradient = [p[i] * pull - u[i] for i in range(n)]
        return loss, gradient, [max(p[i] * (pull - u[i]), (1 - p[i]) * u[i]) for i in range(n)]


def rows(rng, count):
    """Logits, one-hot or other targets, weights and smoothing, of which some label, target or weight dominates."""
    for spread, kind, weights, smoothing in itertools.product(
        (1, 10, 100), ("one-hot", "shares", "nearly one-hot"), ("", "ordinary", "zeros", "of any size"), (0.0, 0.125, 1.0)
    ):
        for _ in range(count):
            n = int(rng.integers(2, 9))
            x = rng.normal(size=n) * spread
            label = int(rng.integers(n)) if rng.random() < 0.5 else int(x.argmax())
            t = np.eye(n)[label]
            if kind == "shares":
                t = rng.dirichlet(np.ones(n))
            elif kind == "nearly one-hot":
                t = 0.999 * t + 1e-6 * rng.dirichlet(np.ones(n))
            w = None if not weights else rng.uniform(0.2, 3, n)
            if weights == "zeros":
                w[rng.random(n) < 0.5] = 0
            elif weights == "of any size":
                w = 10.0 ** rng.uniform(-10, 10, n)
            yield x, t, label if kind == "one-hot" else None, w, smoothing


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_few_ulp_of_the_larger_term(backend, dtype, rng):
    """Loss and gradient, in the short rows and in the same beside many classes that hardly count."""
    f = backend.cross_entropy.value_and_grad
    wrong = []
    for logits, shares, label, weight, smoothing in rows(rng, 2):
        x, t = logits.astype(dtype), shares.astype(dtype)
        w = None if weight is None else weight.astype(dtype)
        wanted, gradient, terms = exact(x, t, w, smoothing)
        for targets in (t,) if label is None else (t, label):
            loss, dx = f(x, targets, weight=w, label_smoothing=smoothing, reduction="sum")
            errors = [
                reference.ulp_errors(np.array([loss]), [wanted]).max(),
                reference.ulp_errors(dx, gradient, terms).max(),
            ]
            if max(errors) > 6:
                wrong.append((errors, x, targets, w, smoothing))
    assert wrong == []


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("n", [3, 40, 1500, 40_000])
def test_one_hot_targets_keep_the_digits_of_the_label(backend, n, axis):
    """However the rows lie, and whether their exponentials are stored or computed twice."""
    for dtype in (np.float32, np.float64):
        x = np.zeros((3, n), dtype)
        x[:, 1] = 20 + np.log(n)
        t = np.zeros((3, n), dtype)
        t[:, 1] = 1
        loss, dx = backend.cross_entropy.value_and_grad(
            np.ascontiguousarray(np.moveaxis(x, 1, axis)), np.moveaxis(t, 1, axis), axis=axis
        )
        same, wanted = backend.cross_entropy.value_and_grad(x, [1, 1, 1])
        dx = np.moveaxis(dx, axis, 1)
        assert (dx[:, 1] < -1e-10).all()
        rtol = 8 * float(np.finfo(dtype).eps)
        assert loss == pytest.approx(same, rel=rtol)
        np.testing.assert_allclose(dx, wanted, rtol=rtol)
        work = np.ascontiguousarray(np.moveaxis(x, 1, axis))
        backend.cross_entropy.value_and_grad(work, np.moveaxis(t, 1, axis), axis=axis, out=work)
        np.testing.assert_array_equal(np.moveaxis(work, axis, 1), dx)


def test_the_cases_of_the_issue(backend):
    """One-hot, the zero-weight label, and the largest of many logits whose probability is small."""
    x, t = np.float32([[20, 0, 0]]), np.float32([[1, 0, 0]])
    wanted = np.float32([[-4.1223074e-09, 2.0611537e-09, 2.0611537e-09]])
    np.testing.assert_allclose(backend.cross_entropy.value_and_grad(x, t)[1], wanted, rtol=5e-7)
    for n, kinds in ((3, ("zero weight",)), (1000, ("zero weight", "no target", "largest"))):
        x = np.linspace(0, 1, n)
        x[0] = -5
        for kind in kinds:
            t, w, smoothing = np.zeros(n), np.ones(n), 0.0
            t[0 if kind != "largest" else -1] = 1
            if kind == "zero weight":
                w[0], smoothing = 0, 0.1
            wanted, gradient, terms = exact(x, t, w, smoothing)
            for targets in (t, int(t.argmax())):
                loss, dx = backend.cross_entropy.value_and_grad(x, targets, weight=w, label_smoothing=smoothing, reduction="sum")
                assert reference.ulp_errors(np.array([loss]), [wanted]).max() <= 8
                assert reference.ulp_errors(dx, gradient, terms).max() <= 8


# ---- nothing counts nothing -------------------------------------------------------------------------------------------


def of_nothing(dtype):
    """(function, logits, targets, keywords, losses of rows or elements, gradient) beside an infinity or NaN of weight 0."""
    log2 = np.log(2)
    row = np.array([[-INF, 0, 0]], dtype)
    third = np.array([[0, 0.5, -0.5]])
    yield "cross_entropy", row, np.array([[0, 1, 0]], dtype), {}, [log2], [[0, -0.5, 0.5]]
    yield "cross_entropy", row, np.array([[0, 0.5, 0.5]], dtype), {}, [log2], [[0, 0, 0]]
    yield "cross_entropy", row, np.array([[0.5, 0, 0.5]], dtype), {"weight": [0, 1, 1]}, [log2 / 2], third / 2
    yield "cross_entropy", row, np.array([2]), {"weight": [0, 1, 1], "label_smoothing": 0.3}, [0.9 * log2], [[0, 0.35, -0.35]]
    yield "cross_entropy", row, np.array([0]), {"weight": [0, 1, 1]}, [0], [[0, 0, 0]]
    yield "cross_entropy", row, np.array([0]), {"weight": [0, 1, 1], "label_smoothing": 1}, [2 / 3 * log2], [[0, 0, 0]]
    both = np.array([[0, 0, 0], [-INF, 0, 0], [NAN, 0, 0], [INF, 0, 0], [-INF] * 3], dtype)
    losses, gradient = [np.log(3), 0, 0, 0, 0], np.zeros((5, 3))
    gradient[0] = [-2 / 3, 1 / 3, 1 / 3]
    for smoothing in (0, 0.5):
        if smoothing:
            gradient[0] = [-1 / 3, 1 / 6, 1 / 6]
        s = {"label_smoothing": smoothing}
        one_hot = np.tile(np.array([1, 0, 0], dtype), (5, 1))
        for t in (np.zeros(5, int), one_hot):
            yield "cross_entropy", both, t, {"sample_weight": [1, 0, 0, 0, 0], **s}, losses, gradient
        yield "cross_entropy", both, np.array([0] + [-100] * 4), s, losses, gradient
    gradient[0] = [-2 / 3, 1 / 3, 1 / 3]
    yield "cross_entropy", both, np.array([0, 1, 1, 1, 1]), {"weight": [1, 0, 1]}, losses, gradient
    for keywords in ({"sample_weight": [1, 0, 0, 0, 0]}, {}):
        labels = np.array([0] + ([0] if keywords else [-100]) * 4)
        yield "nll_loss", both, labels, keywords, [0] * 5, [[-1, 0, 0]] + [[0] * 3] * 4
    yield "nll_loss", both, np.array([1, 0, 0, 0, 0]), {"weight": [0, 1, 1]}, [0] * 5, [[0, -1, 0]] + [[0] * 3] * 4
    x, t = np.array([INF, -INF, NAN, INF, 0], dtype), np.array([0, 1, 0, 1, 0], dtype)
    yield "binary_cross_entropy", x, t, {"weight": [0, 0, 0, 1, 1]}, [0, 0, 0, 0, log2], [0, 0, 0, 0, 0.5]
    x, t = np.array([-INF, -INF, 0], dtype), np.array([1, 0, 0], dtype)
    yield "binary_cross_entropy", x, t, {"pos_weight": 0}, [0, 0, log2], [0, 0, 0.5]
    x, t = np.array([0, 1, NAN, 0.5], dtype), np.array([1, 0, 0, 1], dtype)
    yield "binary_cross_entropy", x, t, {"weight": [0, 0, 0, 1], "from_logits": False}, [0, 0, 0, log2], [0, 0, 0, -2]


def test_what_has_no_weight_counts_nothing(backend, dtype):
    for name, logits, t, keywords, losses, gradient in of_nothing(dtype):
        f = getattr(backend, name)
        told = f"{name} {keywords} {t.tolist()}"
        tolerance = 8 * float(np.finfo(np.float32).eps) if dtype.itemsize == 4 else 1e-14 if dtype.itemsize == 8 else 0.02
        for x in (logits, np.asfortranarray(logits)):
            loss, dx = f.value_and_grad(x, t, reduction="none", **keywords)
            np.testing.assert_allclose(loss.astype(float), losses, rtol=tolerance, atol=1e-30, err_msg=told)
            np.testing.assert_allclose(dx.astype(float), gradient, rtol=tolerance, atol=tolerance / 8, err_msg=told)
            total, dx = f.value_and_grad(x, t, reduction="sum", **keywords)
            assert float(total) == pytest.approx(sum(losses), rel=tolerance, abs=1e-30), told
            np.testing.assert_allclose(dx.astype(float), gradient, rtol=tolerance, atol=tolerance / 8, err_msg=told)
            assert f(x, t, reduction="sum", **keywords) == total


def test_nan_stays_nan(backend, dtype):
    """Where a row has no target, and where its logits are infinite."""
    x = np.array([[NAN, 0, 0], [INF, 0, 0], [-INF] * 3], dtype)
    for t in (np.zeros((3, 3), dtype), np.array([[0, 1, 0]] * 3, dtype), np.array([1, 1, 1])):
        loss, dx = backend.cross_entropy.value_and_grad(x, t, reduction="none")
        assert np.isnan(loss.astype(float)).all()
        assert np.isnan(dx.astype(float)).all()


# ---- weights of any size ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e39, 1e-50, 1e300, 1e-300, 5e-324, 1.7e308, 0.1])
def test_a_weighted_mean_does_not_depend_on_the_size_of_the_weights(backend, dtype, size, rng):
    x, labels = rng.normal(size=(5, 3)).astype(dtype), np.array([0, 2, 1, -100, 1])
    for f, smoothing in ((backend.cross_entropy, 0), (backend.cross_entropy, 0.1), (backend.nll_loss, None)):
        given = {} if smoothing is None else {"label_smoothing": smoothing}
        loss, dx = f.value_and_grad(x, labels, **given)
        for keywords in (
            {"weight": [size] * 3},
            {"sample_weight": [size] * 5},
            {"weight": [size] * 3, "sample_weight": [size] * 5},
        ):
            got, gradient = f.value_and_grad(x, labels, **keywords, **given)
            rtol = 4 * float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.01
            assert float(got) == pytest.approx(float(loss), rel=rtol)
            np.testing.assert_allclose(gradient.astype(float), dx.astype(float), rtol=rtol, atol=1e-12)
            assert f(x, labels, **keywords, **given) == got


def test_weights_of_labels_that_do_not_occur_do_not_disturb(backend):
    x = np.float32([[1, 2, 3], [0, 1, 0]])
    for f in (backend.cross_entropy, backend.nll_loss):
        wanted = f.value_and_grad(x, [1, 1])
        got = f.value_and_grad(x, [1, 1], weight=[1e300, 1e-300, 0])
        assert got[0] == pytest.approx(wanted[0], rel=1e-6)
        np.testing.assert_allclose(got[1], wanted[1], rtol=1e-6)


@pytest.mark.parametrize("weight", [1e39, 1e-42, 1e-50])
def test_weights_beyond_float32(backend, weight):
    """They are computed in float64; the result is the nearest float32."""
    x = np.float32([[1, 2, 3], [50, 0, 0]])
    one_hot = np.float32([[0, 1, 0], [1, 0, 0]])
    calls = [
        lambda x, f, w: f.cross_entropy.value_and_grad(x, [1, 0], weight=w, reduction="none"),
        lambda x, f, w: f.cross_entropy.value_and_grad(x, [1, 0], weight=w, label_smoothing=0.5, reduction="none"),
        lambda x, f, w: f.cross_entropy.value_and_grad(x, one_hot, weight=w, reduction="none"),
        lambda x, f, w: f.binary_cross_entropy.value_and_grad(x, one_hot, weight=w, reduction="none"),
        lambda x, f, w: f.binary_cross_entropy.value_and_grad(x, one_hot, pos_weight=w, reduction="none"),
    ]
    for call in calls:
        narrow, wide = (call(array, backend, [1, weight, 1]) for array in (x, x.astype(np.float64)))
        for a, b in zip(narrow, wide, strict=True):
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(a, b.astype(np.float32), rtol=1e-6, atol=1e-44)
