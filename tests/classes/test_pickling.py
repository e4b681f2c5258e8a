"""Objects, their methods and their ufuncs pickle, and come back on their own backend."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

import fastact
from fastact import functions
from fastact.calls.bound import WithUfuncs

PICKLERS = ["pickle", "cloudpickle"]


def belongings(f):
    """A function, its methods and its ufuncs."""
    yield f
    yield from (getattr(f, method) for method in ("backward", "value_and_grad", "ufunc") if hasattr(f, method))
    if isinstance(f, WithUfuncs):
        yield from map(f._ufunc, f._kinds().values())


@pytest.mark.parametrize("pickler", PICKLERS)
@pytest.mark.parametrize("name", functions.records)
def test_all_come_back(backend, name, pickler):
    pickler = pytest.importorskip(pickler)
    for thing in belongings(getattr(backend, name)):
        again = pickle.loads(pickler.dumps(thing))
        assert again is thing or (again == thing and again.__self__ is thing.__self__)


@pytest.mark.parametrize("pickler", PICKLERS)
def test_backends(backend, pickler):
    assert pickle.loads(pytest.importorskip(pickler).dumps(backend)) is backend


def test_another_process():
    """The backend in use comes back as the one in use there, a named one as itself, on which it computes the same."""
    text = f"""
import pickle, sys
import fastact
ufuncs = pickle.loads({pickle.dumps([fastact.relu.ufunc, fastact.swiglu.backward, fastact.softmax.ufunc])!r})
assert ufuncs == [fastact.relu.ufunc, fastact.swiglu.backward, fastact.softmax.ufunc]
named = pickle.loads({pickle.dumps([fastact.backends.load(name).gelu.ufunc for name in fastact.backends.available()])!r})
for name, ufunc in zip({fastact.backends.available()!r}, named):
    assert ufunc is fastact.backends.load(name).gelu.ufunc
"""
    subprocess.run([sys.executable, "-c", text], check=True)


def test_names_of_ufuncs():
    from fastact.backends import ufuncs

    assert ufuncs.relu is fastact.relu.ufunc
    assert ufuncs.relu(np.float32([-1, 2])).tolist() == [0, 2]
    for name in ("cross_entropy", "relu_gated", "relu_backward_by_parameter", "swiglu_value_and_grad", "nothing", "__wrapped__"):
        assert not hasattr(ufuncs, name)
