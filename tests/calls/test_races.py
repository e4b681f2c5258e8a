"""Another thread writes to labels, masks, targets or `out` while a call reads them: results without meaning, but no crash.

Python releases the GIL meanwhile. What is checked and then read again must be harmless the second time.
FASTACT_RACE_SECONDS sets how long each test runs.
"""

import contextlib
import os
import threading
import time
import warnings

import numpy as np
import pytest
from helpers import normal

import fastact

rows = pytest.importorskip("fastact.backends.native.engine.rows")

SECONDS = float(os.environ.get("FASTACT_RACE_SECONDS", "0.15"))
ROWS, CLASSES = 3000, 20
WRONG = (2**62, -(2**62), CLASSES, -1, 10**9)  # what stands there in between


def race(call, *victims):
    """Make calls while another thread writes wrong numbers to the arrays, and right ones."""
    stop = threading.Event()
    right = [victim.copy() for victim in victims]

    def write():
        k = 0
        while not stop.is_set():
            for victim, before in zip(victims, right, strict=True):
                if victim.dtype.kind in "iu":
                    victim[...] = np.array(WRONG[k % len(WRONG)]).astype(victim.dtype)
                else:
                    victim[...] = ~before if victim.dtype == bool else -before
                victim[...] = before
            k += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(IndexError, ValueError):
                call()
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("kind", ["i8", "u8", "i4", "u1", "strided"])
def test_labels(backend, rng, kind, threads):
    x = rng.normal(size=(ROWS, CLASSES)).astype(np.float32)
    labels = rng.integers(0, CLASSES, ROWS)
    labels = np.repeat(labels, 2)[::2] if kind == "strided" else labels.astype(kind)
    weight, out, mask, rows_weight = np.ones(CLASSES), np.empty_like(x), x > -2, np.ones(ROWS)
    f = backend.cross_entropy
    calls = [
        lambda: f(x, labels),
        lambda: f(x, labels, weight=weight),
        lambda: f.value_and_grad(x, labels, out=out),
        lambda: f.value_and_grad(x, labels, weight=weight, out=out),
        lambda: f.value_and_grad(x, labels, ignore_index=3, label_smoothing=0.1),
        lambda: f.value_and_grad(x.T, labels, axis=0, weight=weight, reduction="none"),
        lambda: f.value_and_grad(x, labels, sample_weight=rows_weight, mask=mask, out=out),
        lambda: f.value_and_grad(x, labels, mask=mask, label_smoothing=0.1),
        lambda: backend.nll_loss.value_and_grad(x, labels, weight=weight, sample_weight=rows_weight, out=out),
        lambda: backend.nll_loss(x.T, labels, axis=0, ignore_index=3),
    ]
    with fastact.num_threads(threads):
        race(lambda: [call() for call in calls], labels)


@pytest.mark.parametrize("threads", [1, 3])
def test_everything_else(backend, rng, threads):
    x, dy = rng.normal(size=(2, ROWS, CLASSES)).astype(np.float32)
    mask, added, out = x > 0, dy.copy(), np.ones_like(x)
    targets, weight, weight_of_row, scale = np.abs(dy), np.abs(x[0]), np.abs(x[:, 0]), x[:, :1].copy()
    calls = [
        lambda: backend.softmax(x, mask=mask, out=out),
        lambda: backend.softmax(x, mask=added, out=out, axis=0),
        lambda: backend.softmax(x, mask="causal"),
        lambda: backend.softmax.backward(dy, x, scale=scale, mask=mask, out=out),
        lambda: backend.logsumexp(x, scale=scale, axis=-1, keepdims=True),
        lambda: backend.softmax(x, axis=None, out=out),
        lambda: backend.maxout(x, return_index=True),
        lambda: backend.logsumexp(x, mask=mask),
        lambda: backend.sparsemax(x, out=out),
        lambda: backend.maxout.backward(dy[:, 0], x, out=out),
        lambda: backend.cross_entropy.value_and_grad(x, targets, weight=weight, out=out),
        lambda: backend.cross_entropy.value_and_grad(x, targets, mask=mask, sample_weight=weight_of_row, out=out),
        lambda: backend.cross_entropy.value_and_grad(x, targets, mask=added, label_smoothing=0.1, out=out),
        lambda: backend.binary_cross_entropy.value_and_grad(x, targets, weight=weight, out=out),
        lambda: backend.binary_cross_entropy.value_and_grad(targets / 8, targets, from_logits=False, out=out),
        lambda: backend.relu.backward(dy, x, out=out, bias=weight),
        lambda: backend.prelu.backward(dy, x, slope=weight),
        lambda: backend.gelu(x, out=out),
        lambda: backend.swiglu.backward(dy, x, out),
    ]
    with fastact.num_threads(threads):
        race(lambda: [call() for call in calls], x, dy, mask, added, targets, weight, weight_of_row, scale, out)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("kind", ["f4", "f8", "f2", "strided"])
def test_parameters_that_are_arrays(backend, rng, kind, threads):
    """bias, slope, where, the value of a gated unit, weights, both arrays of `out`."""
    x, dy, y, d = (normal(rng, (ROWS, CLASSES), "f4" if kind == "strided" else kind) for _ in range(4))
    bias, slope, where, targets = x[0].copy(), np.abs(dy[0]), x > 0, np.abs(x)
    if kind == "strided":
        x, dy, y, d, bias = (np.repeat(array, 2, axis=-1)[..., ::2] for array in (x, dy, y, d, bias))
    calls = [
        lambda: backend.gelu(x, bias=bias, out=y),
        lambda: backend.relu(x, bias=bias, where=where, out=y),
        lambda: backend.elu.backward(dy, x, bias=bias, out=d),
        lambda: backend.relu.backward(dy, y=y, bias=bias, out=d),
        lambda: backend.prelu(x, slope=slope, bias=bias, out=y),
        lambda: backend.prelu.backward(dy, x, slope=slope, bias=bias, out=d),
        lambda: backend.silu.value_and_grad(x, out=(y, d)),
        lambda: backend.geglu(x, dy, out=y),
        lambda: backend.reglu.backward(dy, x, y, out=(y, d)),
        lambda: backend.rrelu(x, bias=bias, out=y, rng=np.random.default_rng(0)),
        lambda: backend.binary_cross_entropy(x, targets, weight=slope, pos_weight=slope, reduction="none", out=y),
        lambda: backend.logsumexp.backward(dy[:, 0], x, mask=where, out=d),
    ]
    with fastact.num_threads(threads):
        race(lambda: [call() for call in calls], x, dy, y, d, bias, slope, where, targets)


@pytest.mark.parametrize("threads", [1, 3])
def test_shapes(backend, rng, threads):
    """Another thread gives arrays other shapes meanwhile: no call may look at a shape when it no longer holds the GIL.

    Resized they can't be: NumPy itself would then read memory that has been freed.
    """
    x, dy, out = rng.normal(size=(3, ROWS, CLASSES)).astype(np.float32)
    x, dy, out = x.copy(), dy.copy(), out.copy()
    mask, bias, labels = x > 0, x[0].copy(), np.zeros(ROWS, np.int64)
    stop, victims = threading.Event(), (x, dy, out, mask, bias, labels)
    shapes = [(victim.shape, (1, *victim.shape[::-1], 1)) for victim in victims]

    def change():
        while not stop.is_set():
            for victim, (before, other) in zip(victims, shapes, strict=True):
                victim.shape = other
                victim.shape = before

    calls = [
        lambda: backend.gelu(x, out=out),
        lambda: backend.gelu(x[::2], out=out[::2]),
        lambda: backend.relu.backward(dy, x, bias=bias, out=out),
        lambda: backend.silu.value_and_grad(x, out=(out, dy)),
        lambda: backend.softmax(x, mask=mask, out=out),
        lambda: backend.softmax(x.T, mask=mask.T, axis=0),
        lambda: backend.logsumexp(x, mask=mask),
        lambda: backend.cross_entropy.value_and_grad(x, labels, out=out),
        lambda: backend.swiglu.backward(dy, x, out),
    ]
    changer = threading.Thread(target=change)
    with fastact.num_threads(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's newest warn of shapes that are set
        changer.start()
        try:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                for call in calls:
                    with contextlib.suppress(ValueError, TypeError, IndexError):
                        call()
        finally:
            stop.set()
            changer.join()


@pytest.fixture(autouse=True)
def small_grain():
    """Even these arrays are shared out to threads."""
    before = rows._set_grain(2048)
    yield
    rows._set_grain(before)
