"""The fixtures that run every test over the whole matrix, in an order that lets processes share what is slow."""

import numpy as np
import pytest
from matrix import ACTIVATIONS, BACKENDS, FLOATS

import fastact


def pytest_collection_modifyitems(items):
    """The accuracy of an activation is tested on one backend after the other: they share the reference, which is slow.

    Processes of pytest-xdist take tests that follow one another.
    """

    def activation(item):
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        return item.function.__name__, parameters.get("name", ""), str(parameters.get("dtype", ""))

    shared = [k for k, item in enumerate(items) if item.path.name == "test_accuracy.py"]
    for k, item in zip(shared, sorted((items[k] for k in shared), key=activation), strict=True):
        items[k] = item


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
