"""Another thread writes to labels, masks, targets or `out` while a call reads them: results without meaning, but no crash.

Python releases the GIL meanwhile. What is checked and then read again must be harmless the second time.
FASTACT_RACE_SECONDS sets how long each test runs.
"""

import contextlib
import os
import threading
import time

import numpy as np
import pytest

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


@pytest.fixture(autouse=True)
def small_grain():
    """Even these arrays are shared out to threads."""
    before = rows._set_grain(2048)
    yield
    rows._set_grain(before)
