"""How a precision is chosen, and for whom."""

import asyncio
import copy
import os
import pickle
import subprocess
import sys
import threading

import dask.array
import numpy as np
import pytest
from helpers import same_bits
from matrix import BACKENDS

import fastact
from fastact.runtime.precision import MODES

X = np.linspace(-4, 4, 4001).astype(np.float32)


@pytest.fixture
def sigmoid(backend):
    """On this backend: results of the two modes."""
    f = backend.sigmoid
    exact = backend.exact.sigmoid(X)
    assert (f(X) != exact).any() or backend.name == "numpy"
    return f


@pytest.fixture(autouse=True)
def fast():
    yield
    assert fastact.get_precision() == "fast"


def test_in_a_block(sigmoid, backend):
    before = sigmoid(X)
    with fastact.precision("exact"):
        assert fastact.get_precision() == "exact"
        same_bits(sigmoid(X), backend.exact.sigmoid(X))
        with fastact.precision("fast"):
            same_bits(sigmoid(X), before)
        same_bits(sigmoid(X), backend.exact.sigmoid(X))
    same_bits(sigmoid(X), before)


def test_after_an_exception(sigmoid):
    before = sigmoid(X)
    with pytest.raises(TypeError, match="sigmoid"), fastact.precision("exact"):
        sigmoid("text")
    same_bits(sigmoid(X), before)
    with fastact.precision("exact"):
        with pytest.raises(ZeroDivisionError), fastact.precision("fast"):
            raise ZeroDivisionError
        assert fastact.get_precision() == "exact"


def test_set(sigmoid, backend):
    fastact.set_precision("exact")
    try:
        same_bits(sigmoid(X), backend.exact.sigmoid(X))
    finally:
        fastact.set_precision("fast")


def test_threads_have_their_own(sigmoid, backend):
    found = {}

    def work():
        found["begins"] = fastact.get_precision()
        fastact.set_precision("exact")
        found["exact"] = sigmoid(X)

    with fastact.precision("exact"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found["begins"] == "fast"
    same_bits(found["exact"], backend.exact.sigmoid(X))
    assert fastact.get_precision() == "fast"


def test_coroutines_have_their_own():
    seen = []

    async def one(mode, turns):
        with fastact.precision(mode):
            for _ in range(turns):
                await asyncio.sleep(0)
                seen.append((mode, fastact.get_precision()))

    async def both():
        await asyncio.gather(one("exact", 5), one("fast", 7), one("exact", 3))

    asyncio.run(both())
    assert len(seen) == 15
    assert all(asked == had for asked, had in seen)


@pytest.mark.parametrize("choose", [fastact.set_precision, lambda mode: fastact.precision(mode).__enter__()])
@pytest.mark.parametrize(("wrong", "error"), [("exakt", ValueError), ("", ValueError), (None, TypeError), (1, TypeError)])
def test_there_is_no_other(choose, wrong, error):
    with pytest.raises(error, match="'fast' or 'exact'"):
        choose(wrong)
    assert fastact.get_precision() == "fast"


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("backend", BACKENDS, ids=str)
def test_from_the_environment(backend):
    code = (
        "import numpy as np, fastact, threading\n"
        "x = np.linspace(-4, 4, 4001).astype(np.float32)\n"
        "exact = fastact.backends.current().exact\n"
        "assert (fastact.gelu(x) == exact.gelu(x)).all() and (fastact.softmax(x) == exact.softmax(x)).all()\n"
        "found = []\n"
        "thread = threading.Thread(target=lambda: found.append(fastact.get_precision())); thread.start(); thread.join()\n"
        "print(fastact.get_precision(), *found)\n"
        "with fastact.precision('fast'): print((fastact.gelu(x) == exact.gelu(x)).all())\n"
    )
    done = run(code, FASTACT_PRECISION="exact", FASTACT_BACKEND=backend)
    assert done.stdout.split() == ["exact", "exact", str(backend == "numpy")], done.stderr
    done = run("import fastact", FASTACT_PRECISION="exakt")
    assert done.returncode
    assert "FASTACT_PRECISION=exakt: there is no such precision; it is 'fast' or 'exact'" in done.stderr


def test_every_method(backend):
    """Also of units, rows and losses, and of other kinds of arrays."""
    exact, dy = backend.exact, X[::-1].copy()
    z, labels = X[:4000].reshape(40, 100), np.arange(40)
    calls = [
        lambda b: b.gelu(X, bias=X),
        lambda b: b.gelu(X[::2]),
        lambda b: b.gelu(X.astype(np.float16)),
        lambda b: b.gelu(float(X[7])),
        lambda b: b.gelu(X[7]),
        lambda b: b.gelu.backward(dy, X),
        lambda b: b.gelu.backward(dy, X, bias=X)[1],
        lambda b: b.gelu.value_and_grad(X)[1],
        lambda b: b.gelu.derivative(X),
        lambda b: b.gelu.ufunc(X),
        lambda b: b.silu(X, beta=X)[:9],
        lambda b: b.swiglu(X, dy),
        lambda b: b.swiglu.backward(dy, X, dy)[0],
        lambda b: b.swiglu.ufunc(X, dy),
        lambda b: b.softmax(z),
        lambda b: b.softmax(z, scale=0.3),
        lambda b: b.softmax(z, mask=z > 0),
        lambda b: b.softmax.backward(z, z),
        lambda b: b.softmax.ufunc(z, 1.0),
        lambda b: b.logsumexp(z, axis=0),
        lambda b: b.cross_entropy(z, labels),
        lambda b: b.cross_entropy.value_and_grad(z, labels)[1],
        lambda b: b.gelu(dask.array.from_array(X, 1000)).compute(),
        lambda b: b.softmax(dask.array.from_array(z, (10, 100))).compute(),
    ]
    for call in calls:
        with fastact.precision("exact"):
            found = call(backend)
        same_bits(np.asarray(found), np.asarray(call(exact)))


def test_objects(backend):
    exact = backend.exact
    assert exact is exact.exact is backend.exact
    assert exact.is_exact
    assert exact.name == backend.name
    assert repr(exact) == f"<fastact backend '{backend.name}', exact>"
    assert exact.bind(backend.gelu) is exact.gelu
    assert backend.bind(exact.gelu) is backend.gelu
    for again in (copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))):
        assert again(exact.gelu) is exact.gelu
        assert again(exact.softmax) is exact.softmax
        assert again(exact.gelu.ufunc) is exact.gelu.ufunc
        assert again(exact.softmax.ufunc) is exact.softmax.ufunc
    own = fastact.define("x * sigmoid(2 * x)", name="own")
    mine = exact.bind(own)
    assert mine is exact.bind(own)
    same_bits(pickle.loads(pickle.dumps(mine))(X), mine(X))


def test_monitor_sees_calls():
    with fastact.precision("exact"), fastact.monitor(by="name") as m:
        fastact.sigmoid(X)
        fastact.sigmoid.backward(X, X)
    assert m["sigmoid"].elements == X.size


def test_modes():
    assert MODES == ("fast", "exact")
    assert fastact.api.configuration()["precision"] == "fast"
