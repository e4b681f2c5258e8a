"""What losses take besides: sample weights, masks over classes, log-probabilities, probabilities; and their errors."""

import itertools

import mpmath
import numpy as np
import pytest
from helpers import layouts, normal

from fastact.tools import reference

INF, NAN = np.inf, np.nan
REDUCTIONS = ("mean", "sum", "none")


def eps(dtype):
    return 0.0078125 if dtype.name == "bfloat16" else float(np.finfo(dtype).eps)


def close(got, wanted, dtype, factor=4):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    np.testing.assert_allclose(got, wanted, rtol=factor * eps(dtype), atol=factor * eps(dtype) * max(abs(wanted).max(), 1e-30))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# ---- sample_weight ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_sample_weight(backend, dtype, axis, smoothing, rng):
    """Each row's loss and gradient times its weight; the mean is a weighted one, as scikit-learn's log_loss has it."""
    x = normal(rng, (6, 5, 7), dtype, 2)
    n, rows = x.shape[axis], tuple(np.delete(x.shape, axis))
    labels = rng.integers(0, n, rows)
    ignored = np.where(rng.random(rows) < 0.3, -100, labels)
    shares = np.moveaxis(rng.dirichlet(np.ones(n), rows), -1, axis)
    sample_weight = rng.random(rows) * (rng.random(rows) < 0.8)
    weight = rng.uniform(0.2, 2, n)
    f = backend.cross_entropy.value_and_grad
    for targets, weighted in itertools.product((labels, ignored, shares), (None, weight)):
        given = {"axis": axis, "weight": weighted, "label_smoothing": smoothing}
        losses, gradients = (np.asarray(a, np.float64) for a in f(x, targets, reduction="none", **given))
        each = np.moveaxis(gradients, axis, -1) * sample_weight[..., None]
        divisor = sample_weight.sum()
        if targets is not shares:
            divisor = (sample_weight * (1 if weighted is None else weight[labels]) * (targets >= 0)).sum()
        for reduction, by in (("none", 1), ("sum", 1), ("mean", divisor)):
            loss, dx = f(x, targets, sample_weight=sample_weight, reduction=reduction, **given)
            wanted = losses * sample_weight
            close(loss, wanted if reduction == "none" else wanted.sum() / by, dtype)
            close(np.moveaxis(dx, axis, -1), each / by, dtype)
            assert loss.dtype == dx.dtype == dtype
            alone = backend.cross_entropy(x, targets, sample_weight=sample_weight, reduction=reduction, **given)
            np.testing.assert_array_equal(np.asarray(alone, float), np.asarray(loss, float))
        ones = f(x, targets, sample_weight=np.ones(rows, int), **given)
        without = f(x, targets, **given)
        assert ones[0] == without[0]
        np.testing.assert_array_equal(ones[1], without[1])


def test_sample_weight_of_one_row(backend):
    for f in (backend.cross_entropy, backend.nll_loss):
        loss, dx = f.value_and_grad([0.0, 0.0], 1, sample_weight=3, reduction="sum")
        assert loss == pytest.approx(3 * f([0.0, 0.0], 1))
        assert f([0.0, 0.0], 1, sample_weight=3) == f([0.0, 0.0], 1)
        assert dx.shape == (2,)


def test_errors_of_sample_weight(backend):
    x = np.zeros((3, 4))
    for f in (backend.cross_entropy, backend.nll_loss):
        for method in (f, f.value_and_grad):
            for bad in (np.ones(4), 1.0, np.ones((3, 1)), np.ones((3, 4))):
                with pytest.raises(ValueError, match=rf"{f.name}: sample_weight has shape .*, not \(3,\), one for each row"):
                    method(x, [0, 1, 2], sample_weight=bad)
            for bad in ([1, -1, 1], [1, NAN, 1], [1, INF, 1]):
                with pytest.raises(ValueError, match=f"{f.name}: sample_weight must be finite and not negative"):
                    method(x, [0, 1, 2], sample_weight=bad)
            with pytest.raises(TypeError, match=f"{f.name}: sample_weight has dtype complex128"):
                method(x, [0, 1, 2], sample_weight=[1j] * 3)
            for labels, weights in (([0, 1, 2], [0, 0, 0]), ([-100, 1, 2], [1, 0, 0])):
                with pytest.raises(ValueError, match=f"{f.name}: there is no mean over the rows, for their weights sum to 0"):
                    method(x, labels, sample_weight=weights)
    with pytest.raises(ValueError, match="their weights sum to 0"):
        backend.cross_entropy(x, np.ones((3, 4)), sample_weight=[0, 0, 0])


# ---- mask -------------------------------------------------------------------------------------------------------------


def masked_out(x, mask):
    """What a mask does to logits."""
    if mask.dtype == bool:
        return np.where(mask, x, np.array(-INF, x.dtype))
    return (x.astype(np.float32 if x.dtype.itemsize < 8 else np.float64) + mask).astype(x.dtype)


@pytest.mark.parametrize("kind", ["bool", "added"])
@pytest.mark.parametrize(("shape", "axis"), [((9, 5), -1), ((5, 40), 0), ((3, 6, 100), 1), ((2, 1300), 1), ((3, 700), 0)])
def test_mask(backend, dtype, shape, axis, kind, rng):
    """The same as logits of -inf, but for the gradient there, which is 0."""
    x = normal(rng, shape, dtype, 2)
    n, rows = shape[axis], tuple(np.delete(shape, axis))
    mask = rng.random(shape) < 0.7
    labels = rng.integers(0, n, rows)
    np.put_along_axis(mask, np.expand_dims(labels, axis), True, axis=axis)
    shares = np.where(mask, rng.random(shape), 0)
    hidden = ~mask
    if kind == "added":
        mask = np.where(mask, 0, -INF).astype(np.float32)
    weight = rng.uniform(0.2, 2, n)
    f = backend.cross_entropy
    for targets, weighted, reduction in itertools.product((labels, shares), (None, weight), ("mean", "none")):
        given = {"axis": axis, "weight": weighted, "reduction": reduction}
        wanted = f.value_and_grad(masked_out(x, mask), targets, **given)
        before = x.copy()
        for out in (None, np.empty_like(x), before):
            loss, dx = f.value_and_grad(before, targets, mask=mask, out=out, **given)
            np.testing.assert_array_equal(np.asarray(loss, float), np.asarray(wanted[0], float))
            np.testing.assert_array_equal(dx[~hidden], wanted[1][~hidden])
            assert (dx[hidden] == 0).all()
        np.testing.assert_array_equal(np.asarray(f(x, targets, mask=mask, **given), float), np.asarray(loss, float))


def test_mask_is_broadcast_and_may_lie_anyhow(backend, rng):
    x, labels = rng.normal(size=(4, 6, 10)), rng.integers(0, 3, (4, 6))
    for shape in ((10,), (6, 10), (4, 1, 10), (4, 6, 10), (1, 6, 10)):
        mask = rng.random(shape) < 0.6
        mask[..., :3] = True
        wanted = backend.cross_entropy.value_and_grad(x, labels, mask=np.broadcast_to(mask, x.shape).copy())
        for layout in layouts(mask):
            got = backend.cross_entropy.value_and_grad(x, labels, mask=layout)
            assert got[0] == wanted[0]
            np.testing.assert_array_equal(got[1], wanted[1])
        got = backend.cross_entropy.value_and_grad(x, labels, mask=mask.tolist())
        assert got[0] == wanted[0]
    row = backend.cross_entropy.value_and_grad([1.0, 2.0, 3.0], 1, mask=[False, True, True])
    assert row[0] == backend.cross_entropy([2.0, 3.0], 0)
    assert row[1][0] == 0


def test_a_masked_label_costs_everything(backend, dtype):
    """As a logit of -inf does; where everything is masked there is no distribution, and the loss is NaN."""
    x, mask = np.zeros((2, 3), dtype), np.array([[True, False, True], [False] * 3])
    for targets in (np.array([1, 1]), np.array([[0, 1, 0]] * 2)):
        for t in (targets,) if targets.ndim == 1 else (targets.astype(dtype),):
            loss, dx = backend.cross_entropy.value_and_grad(x, t, mask=mask, reduction="none")
            assert loss[0] == INF
            assert np.isnan(float(loss[1]))
            np.testing.assert_array_equal(dx[0].astype(float), [0.5, 0, 0.5])
            np.testing.assert_array_equal(dx[1].astype(float), [0, 0, 0])


@pytest.mark.parametrize("kind", ["bool", "added"])
def test_smoothing_spreads_over_the_classes_that_take_part(backend, dtype, kind, rng):
    x, mask = normal(rng, (6, 8), dtype), np.ones((6, 8), bool)
    keep = np.array([0, 2, 3, 7])
    mask[:, np.delete(np.arange(8), keep)] = False
    labels = rng.integers(0, 4, 6)
    labels[2] = -100
    shares = rng.dirichlet(np.ones(8), 6) * mask
    weight = rng.uniform(0.3, 2, 8)
    given = mask if kind == "bool" else np.where(mask, 0.0, -INF)
    f = backend.cross_entropy.value_and_grad
    for reduction in REDUCTIONS:
        for weighted, smoothing, sample_weight in itertools.product((None, weight), (0.3, 1), (None, [1, 2, 0, 3, 0, 4])):
            options = {"reduction": reduction, "label_smoothing": smoothing, "sample_weight": sample_weight}
            of_kept = None if weighted is None else weighted[keep]
            for targets, few in ((np.where(labels < 0, -100, keep[np.maximum(labels, 0)]), labels), (shares, shares[:, keep])):
                loss, dx = f(x, targets, mask=given, weight=weighted, **options)
                wanted, gradient = f(x[:, keep], few, weight=of_kept, **options)
                close(loss, wanted, dtype)
                close(dx[:, keep], gradient, dtype)
                assert (dx[~mask] == 0).all()
                alone = backend.cross_entropy(x, targets, mask=given, weight=weighted, **options)
                np.testing.assert_array_equal(np.asarray(alone, float), np.asarray(loss, float))


def test_errors_of_masks(backend):
    x, out = np.zeros((3, 4)), np.full((3, 4), 7.0)
    for f in (backend.cross_entropy, backend.cross_entropy.value_and_grad):
        for bad in ("causal", "x", 1, 0, np.int64(2)):
            with pytest.raises(TypeError, match="cross_entropy: mask must be an array, bool or floating, over the classes"):
                f(x, [0, 1, 2], mask=bad)
        for bad in (np.ones((3, 4), int), np.ones((3, 4), complex), np.ones((3, 4), object)):
            with pytest.raises(TypeError, match="cross_entropy: mask has dtype"):
                f(x, [0, 1, 2], mask=bad)
        for bad in (np.ones(3, bool), np.ones((2, 3, 4), bool), np.ones((4, 3), bool)):
            with pytest.raises(ValueError, match=r"cross_entropy: mask of shape .* does not broadcast"):
                f(x, [0, 1, 2], mask=bad)
    with pytest.raises(ValueError, match="mask"):
        backend.cross_entropy.value_and_grad(x, [0, 1, 2], mask=np.ones(3, bool), out=out)
    assert (out == 7).all()


# ---- labels of another shape ------------------------------------------------------------------------------------------


def test_labels_that_need_squeezing(backend):
    for f in (backend.cross_entropy, backend.nll_loss):
        for method in (f, f.value_and_grad):
            with pytest.raises(ValueError, match=rf"{f.name}: .*shape \(3, 1\), not \(3,\).*give np.squeeze\(targets, axis=1\)"):
                method(np.zeros((3, 4)), np.zeros((3, 1), int))
            with pytest.raises(ValueError, match=r"give np.squeeze\(targets, axis=0\)"):
                method(np.zeros((4, 3)), np.zeros((1, 3), int), axis=0)
            with pytest.raises(ValueError, match=r"give np.squeeze\(targets, axis=1\)"):
                method(np.zeros((3, 1)), np.zeros((3, 1), int))
    with pytest.raises(ValueError, match=r"give np.argmax\(targets, axis=1\), or targets as floats"):
        backend.cross_entropy(np.zeros((3, 4)), np.eye(3, 4, dtype=int))


# ---- nll_loss ---------------------------------------------------------------------------------------------------------


def test_nll_loss_is_cross_entropy_of_log_softmax(backend, rng):
    for shape, axis in (((33, 10), 1), ((2, 5, 7), 1), ((40, 4), 0), ((3, 4, 6), -1), ((10,), 0), ((2, 5000), -1)):
        x = rng.normal(size=shape) * 3
        n, rows = shape[axis], tuple(np.delete(shape, axis))
        logs = backend.log_softmax(x, axis=axis)
        labels = rng.integers(0, n, rows)
        if labels.size > 1:
            labels.flat[0] = -100
        for weight, reduction in itertools.product((None, rng.uniform(0.2, 2, n)), REDUCTIONS):
            given = {"axis": axis, "weight": weight, "reduction": reduction}
            wanted, gradient = backend.cross_entropy.value_and_grad(x, labels, **given)
            loss, dlogs = backend.nll_loss.value_and_grad(logs, labels, **given)
            np.testing.assert_allclose(loss, wanted, rtol=1e-13, atol=1e-15)
            np.testing.assert_allclose(backend.log_softmax.backward(dlogs, x, axis=axis), gradient, rtol=1e-11, atol=1e-14)
            np.testing.assert_array_equal(backend.nll_loss(logs, labels, **given), loss)
            assert type(backend.nll_loss(logs, labels, **given)) is type(loss)


def test_nll_loss_picks_and_divides(backend, dtype, rng):
    """PyTorch's definition: minus the label's element times its weight, over the sum of those weights."""
    x = normal(rng, (7, 5), dtype)
    labels, weight = np.array([0, 4, -100, 2, 2, 1, -100]), rng.uniform(0.2, 2, 5)
    kept = labels >= 0
    w = np.where(kept, weight[np.maximum(labels, 0)], 0)
    each = -w * x.astype(float)[np.arange(7), np.maximum(labels, 0)]
    for reduction, divisor in (("none", 1), ("sum", 1), ("mean", w.sum())):
        for out in (None, np.empty_like(x), x.copy(), np.zeros((7, 10), dtype)[:, ::2], np.zeros((5, 7), dtype).T):
            given = x if out is None or out.strides != x.strides else out
            if given is out:
                out[...] = x
            loss, dx = backend.nll_loss.value_and_grad(given, labels, weight=weight, reduction=reduction, out=out)
            close(loss, each if reduction == "none" else each.sum() / divisor, dtype, 1)
            wanted = np.zeros((7, 5))
            wanted[np.arange(7)[kept], labels[kept]] = -w[kept] / divisor
            close(dx, wanted, dtype, 1)
            assert out is None or dx is out
            assert loss.dtype == dx.dtype == dtype
    for layout in layouts(x):
        got = backend.nll_loss.value_and_grad(layout, labels, weight=weight)
        wanted = backend.nll_loss.value_and_grad(x, labels, weight=weight)
        assert got[0] == wanted[0]
        np.testing.assert_array_equal(got[1], wanted[1])
    for integer in (np.int8, np.uint8, np.int32, np.uint64, np.dtype(">i4")):
        some = np.where(kept, labels, 1).astype(integer)
        assert backend.nll_loss(x, some) == backend.nll_loss(x, some.astype(np.intp))
    assert backend.nll_loss([[1, 2], [3, 4]], [0, 1]) == -2.5
    assert backend.nll_loss([[-INF, 0.0]], [0]) == INF
    assert np.isnan(backend.nll_loss([[NAN, 0.0]], [0]))
    assert not np.signbit(backend.nll_loss([[0.0, 0.0]], [0]))


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 5, 3), (300, 400)])
def test_nll_loss_of_contiguous_arrays_is_that_of_others(backend, dtype, shape, rng):
    x = normal(rng, shape, dtype)
    for axis in range(-1, len(shape)):
        classes = shape[axis]
        labels = rng.integers(0, classes, size=np.delete(shape, axis))
        for reduction in ("mean", "sum", "none"):
            general = {"axis": axis, "reduction": reduction, "weight": np.ones(classes)}
            wanted = backend.nll_loss(x, labels, **general)
            value, slope = backend.nll_loss.value_and_grad(x, labels, **general)
            for kind in (np.intp, np.uint8 if classes < 256 else np.int16):
                given = x.copy()
                got = backend.nll_loss(given, labels.astype(kind), axis=axis, reduction=reduction)
                assert type(got) is type(wanted)
                close(got, wanted, dtype)
                loss, dx = backend.nll_loss.value_and_grad(given, labels.astype(kind), axis=axis, reduction=reduction, out=given)
                assert dx is given
                close(loss, value, dtype)
                np.testing.assert_array_equal(dx, slope)
    with pytest.raises(TypeError, match="mask"):
        backend.nll_loss(x, np.zeros(shape[:-1], int), mask=None)


def test_errors_of_nll_loss(backend):
    x, out, dx = np.zeros((3, 4)), np.full(3, 7.0), np.full((3, 4), 7.0)
    f = backend.nll_loss

    def fails(error, match, *args, **keywords):
        for method, place in ((f, out), (f.value_and_grad, dx)):
            with pytest.raises(error, match=match):
                method(*args, out=place, **({"reduction": "none"} | keywords))

    fails(IndexError, r"nll_loss: targets\[1\] is 4; the labels of 4 classes are 0 to 3", x, [0, 4, 1])
    fails(IndexError, r"nll_loss: targets\[2\] is -1", x, [0, 3, -1])
    with pytest.raises(IndexError, match=r"targets\[0, 2\] is 9"):
        f(np.zeros((1, 3, 4)), [[0, 1, 9]])
    fails(TypeError, r"nll_loss: targets have dtype float64; they must be integers \(labels\)", x, np.ones((3, 4)))
    fails(TypeError, "nll_loss: targets have dtype bool", x, [True, False, True])
    fails(TypeError, "nll_loss: log_probs has dtype complex128", x.astype(complex), [0, 1, 2])
    fails(ValueError, "nll_loss: targets.*shape", x, [0, 1])
    fails(ValueError, r"nll_loss: weight has shape \(3,\), not \(4,\)", x, [0, 1, 2], weight=[1, 1, 1])
    fails(ValueError, "nll_loss: reduction must be one of", x, [0, 1, 2], reduction="max")
    fails(np.exceptions.AxisError, "nll_loss", x, [0, 1, 2], axis=2)
    fails(TypeError, r"nll_loss.*unexpected keyword argument 'dim'; did you mean axis", x, [0, 1, 2], dim=1)
    with pytest.raises(ValueError, match="nll_loss: there is no mean over the rows, for all are ignored"):
        f.value_and_grad(x, [-100] * 3, out=dx)
    assert (out == 7).all()
    assert (dx == 7).all()
    assert f(np.zeros((0, 4)), np.zeros(0, int), reduction="sum") == 0
    assert f(np.zeros((2, 0)), [-100, -100], reduction="none").tolist() == [0, 0]


# ---- binary cross-entropy of probabilities ----------------------------------------------------------------------------


def exactly(x, t, weight, positive):
    """Loss and gradient of one probability, with PyTorch's bounds, and the larger term of the gradient."""
    x, t, weight, positive = (mpmath.mpf(float(value)) for value in (x, t, weight, positive))
    logs = [max(mpmath.log(value), mpmath.mpf(-100)) if value > 0 else mpmath.mpf(-100) for value in (1 - x, x)]
    slope = max(x * (1 - x), mpmath.mpf("1e-12"))
    terms = (1 - t) * x, positive * t * (1 - x)
    return (
        -weight * ((1 - t) * logs[0] + positive * t * logs[1]),
        weight * (terms[0] - terms[1]) / slope,
        weight * max(terms) / slope,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_binary_cross_entropy_of_probabilities(backend, dtype, weighted, rng):
    """PyTorch's binary_cross_entropy: logarithms of at least -100, a denominator of at least 1e-12."""
    with mpmath.workdps(150):
        edges = [0, 1, 0.5, 1e-45, 4e-44, 3e-44, 1e-38, 1e-20, 1e-5, 0.25, 0.2499, 0.75, 1 - 1e-3, 1 - 6e-8, 1 - 1e-16]
        x = np.concatenate([edges, rng.random(60), 10.0 ** -rng.uniform(0, 50, 20), 1 - 10.0 ** -rng.uniform(0, 17, 20)])
        with np.errstate(all="ignore"):
            x = np.tile(x, 3).astype(dtype)
        t = np.repeat([0.0, 1.0, 0.3], x.size // 3).astype(dtype)
        w, p = (rng.uniform(0.2, 3, x.size) if weighted else np.ones(x.size) for _ in range(2))
        w, p = w.astype(np.float32).astype(float), p.astype(np.float32).astype(float)
        given = {"weight": w, "pos_weight": p} if weighted else {}
        wanted, gradient, terms = zip(*(exactly(*each) for each in zip(x, t, w, p, strict=True)), strict=True)
        f = backend.binary_cross_entropy
        loss, dx = f.value_and_grad(x, t, from_logits=False, reduction="none", **given)
        assert reference.ulp_errors(loss, list(wanted)).max() <= 4
        assert reference.ulp_errors(dx, list(gradient), list(terms)).max() <= 4
        assert loss.dtype == dx.dtype == dtype
        np.testing.assert_array_equal(f(x, t, from_logits=False, reduction="none", **given), loss)
        for reduction, by in (("sum", 1), ("mean", x.size)):
            total, dx = f.value_and_grad(x, t, from_logits=False, reduction=reduction, **given)
            close(total, float(mpmath.fsum(wanted)) / by, dtype)
            finite = np.isfinite(dx.astype(float))
            slopes = np.array([float(value) for value in gradient]) / by
            np.testing.assert_allclose(dx.astype(float)[finite], slopes[finite], rtol=8 * eps(dtype), atol=1e-6)
            assert f(x, t, from_logits=False, reduction=reduction, **given) == total


def test_probabilities_in_any_layout_and_place(backend, dtype, rng):
    x, t = rng.random((9, 70)).astype(dtype), rng.random((9, 70)).astype(dtype)
    f = backend.binary_cross_entropy.value_and_grad
    for reduction in REDUCTIONS:
        loss, dx = f(x, t, from_logits=False, reduction=reduction)
        for a in layouts(x):
            got = f(a, t, from_logits=False, reduction=reduction)
            np.testing.assert_array_equal(got[0], loss)
            np.testing.assert_array_equal(got[1], dx)
        work = x.copy()
        got = f(work, t, from_logits=False, reduction=reduction, out=work)
        assert got[1] is work
        np.testing.assert_array_equal(work, dx)
        np.testing.assert_array_equal(got[0], loss)
    assert f([0, 1, 1], [0, 1, 0], from_logits=False, reduction="none")[0].tolist() == [0, 0, 100]
    assert f(np.float64(0.5), 1, from_logits=False)[0] == pytest.approx(np.log(2))


def test_probabilities_and_logits_agree(backend, rng):
    x, t = rng.normal(size=(20, 30)) * 3, rng.random((20, 30))
    f = backend.binary_cross_entropy.value_and_grad
    given = {"weight": rng.random((20, 30)), "pos_weight": rng.random(30)}
    wanted, gradient = f(x, t, **given)
    assert f(x, t, from_logits=True, **given)[0] == wanted
    p = backend.sigmoid(x)
    loss, dp = f(p, t, from_logits=False, **given)
    assert loss == pytest.approx(wanted, rel=1e-13)
    np.testing.assert_allclose(backend.sigmoid.backward(dp, x), gradient, rtol=1e-9, atol=1e-15)


def test_errors_of_probabilities(backend):
    f, out = backend.binary_cross_entropy, np.full(2, 7.0)
    for method in (f, f.value_and_grad):
        for bad in ([0.5, 1.5], [-0.25, 0.5], [0.5, INF], [np.nextafter(1, 2), 0], [2, 0]):
            with pytest.raises(
                ValueError, match=r"binary_cross_entropy: with from_logits=False .*probabilities in \[0, 1\], not"
            ):
                method(bad, [1, 0], from_logits=False, out=out, reduction="none")
        for bad in (None, 0, "False", 1.0):
            with pytest.raises(TypeError, match="binary_cross_entropy: from_logits must be True or False"):
                method([0.5, 0.5], [1, 0], from_logits=bad)
        with pytest.raises(TypeError, match="did you mean from_logits"):
            method([0.5, 0.5], [1, 0], from_logit=False)
    assert (out == 7).all()
    loss, dx = f.value_and_grad([NAN, 0.5], [1, 0], from_logits=False, reduction="none")
    assert np.isnan(loss[0])
    assert np.isnan(dx[0])
    assert f(np.zeros(0), np.zeros(0), from_logits=False, reduction="sum") == 0


# ---- masked arrays ----------------------------------------------------------------------------------------------------


def test_masked_arrays_are_refused(backend):
    """What a mask on each of several arrays should mean is the caller's to say."""
    x, labels = np.zeros((2, 3)), np.array([0, 1])
    calls = [
        (backend.cross_entropy, "logits", (x, labels), {}, 0),
        (backend.cross_entropy, "targets", (x, labels), {}, 1),
        (backend.cross_entropy, "targets", (x, x), {}, 1),
        (backend.cross_entropy, "weight", (x, labels), {"weight": np.ones(3)}, "weight"),
        (backend.cross_entropy, "sample_weight", (x, labels), {"sample_weight": np.ones(2)}, "sample_weight"),
        (backend.cross_entropy, "mask", (x, labels), {"mask": x == 0}, "mask"),
        (backend.nll_loss, "log_probs", (x, labels), {}, 0),
        (backend.nll_loss, "targets", (x, labels), {}, 1),
        (backend.binary_cross_entropy, "logits", (x, x), {}, 0),
        (backend.binary_cross_entropy, "targets", (x, x), {}, 1),
        (backend.binary_cross_entropy, "pos_weight", (x, x), {"pos_weight": x}, "pos_weight"),
    ]
    for f, name, operands, given, place in calls:
        positional, named = list(operands), dict(given)
        held = positional if isinstance(place, int) else named
        held[place] = np.ma.array(held[place], mask=held[place] == 0)
        for method in (f, f.value_and_grad):
            with pytest.raises(TypeError, match=rf"{f.name}: {name} is a masked array.*; give {name}.filled"):
                method(*positional, **named)
