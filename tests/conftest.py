"""The matrix every test runs over: backend x activation x dtype, all from the registry."""

import ml_dtypes
import numpy as np
import pytest

import fastact

ACTIVATIONS = tuple(fastact.activations)
BACKENDS = fastact.backends.available()
FLOATS = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)


@pytest.fixture(params=BACKENDS)
def backend(request):
    return fastact.backends.load(request.param)


@pytest.fixture(params=ACTIVATIONS)
def name(request):
    return request.param


@pytest.fixture
def f(backend, name):
    """One activation on one backend."""
    return getattr(backend, name)


@pytest.fixture(params=FLOATS, ids=lambda dtype: dtype.__name__)
def dtype(request):
    return np.dtype(request.param)


@pytest.fixture
def rng():
    return np.random.default_rng(20240229)


@pytest.fixture(autouse=True)
def no_floating_point_flags():
    """Whatever a test does, no floating-point warning may come of it."""
    with np.errstate(all="raise"):
        yield
