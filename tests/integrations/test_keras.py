"""`fastact.keras.patch`: Keras' NumPy backend gives the same, by fastact's functions, and is itself again afterwards."""

import importlib
import inspect
import os
import subprocess
import sys

import numpy as np
import pytest

import fastact
from fastact.integrations.patches import HookError

os.environ.setdefault("KERAS_BACKEND", "numpy")  # read when it is imported
keras = pytest.importorskip("keras")
if keras.config.backend() != "numpy":
    pytest.skip("Keras has been imported with another backend", allow_module_level=True)
fk = importlib.import_module("fastact.keras")
backend = pytest.importorskip("keras.src.backend.numpy.nn")

OTHERS = {
    "celu": {"alpha": 2.0},
    "elu": {"alpha": 2.0},
    "gelu": {"approximate": False},
    "glu": {"axis": 0},
    "hard_shrink": {"threshold": 0.25},
    "leaky_relu": {"negative_slope": 0.3},
    "log_softmax": {"axis": 0},
    "soft_shrink": {"threshold": 0.25},
    "softmax": {"axis": 0},
    "squareplus": {"b": 2},
    "threshold": {"threshold": 0.5, "default_value": -1.0},
}


@pytest.fixture(autouse=True)
def flags_of_keras_own():
    with np.errstate(all="ignore"):
        yield


def now():
    return {name: getattr(backend, name) for name in fk._FUNCTIONS}


BEFORE = now()


@pytest.mark.parametrize("name", fk._FUNCTIONS)
def test_function(name):
    """With the default parameters and with others, by position and by keyword."""
    x = np.random.default_rng(0).normal(scale=2, size=(4, 6)).astype(np.float32)
    given = OTHERS.get(name, {})
    calls = [((), given), (tuple(given.values()), {})]
    if all(p.default is not p.empty for p in list(inspect.signature(BEFORE[name]).parameters.values())[1:]):
        calls.append(((), {}))
    for arguments, keywords in calls:
        public = getattr(keras.ops, name)  # whose defaults may be others than the backend's
        wanted = public(x, *arguments, **keywords)
        with fk.patch():
            found = public(x, *arguments, **keywords)
            assert getattr(backend, name) is not BEFORE[name]
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert now() == BEFORE


def test_layers_use_it():
    """By the name of an activation, in attention, and without that a model is made anew."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5, 8))
    h = keras.layers.MultiHeadAttention(2, 4)(inputs, inputs)
    outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.Dense(16, activation="gelu")(h))
    model = keras.Model(inputs, outputs)
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype(np.float32)
    wanted = model(x)
    with fk.patch(), fastact.monitor(by="name") as monitor:
        found = model(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    assert monitor["gelu"].calls == 1


def test_what_is_no_array_of_floats_is_left_to_keras():
    with fk.patch():
        assert keras.ops.relu(np.array([-1, 2])).tolist() == [0, 2]
        assert keras.ops.sigmoid([0.0]).dtype == np.float32


def test_options_that_some_versions_have(monkeypatch):
    """They are left to Keras, where a call gives them."""
    monkeypatch.setattr(backend, "selu", lambda x, alpha=1.67, scale=1.05: "Keras")
    with fk.patch():
        x = np.ones(3, np.float32)
        np.testing.assert_array_equal(backend.selu(x), fastact.selu(x))
        assert backend.selu(x, scale=2.0) == backend.selu(x, 1.0) == "Keras"


def test_undone_after_an_error():
    with pytest.raises(KeyError), fk.patch():
        raise KeyError
    assert now() == BEFORE


def test_moved_hooks(monkeypatch):
    with monkeypatch.context() as m:
        m.delattr(backend, "softmax")
        left = {name: vars(backend).get(name) for name in fk._FUNCTIONS}
        with pytest.raises(HookError, match=r"Keras is not known: .*has no function 'softmax'"):
            fk.patch()
        assert {name: vars(backend).get(name) for name in fk._FUNCTIONS} == left
    with monkeypatch.context() as m:
        m.setattr(backend, "softmax", lambda x, dim=-1: x)
        with pytest.raises(HookError, match="softmax takes x, dim"):
            fk.patch()
    assert now() == BEFORE


def test_another_backend(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(HookError, match="Keras computes by its backend 'jax' here; set KERAS_BACKEND=numpy"):
        fk.patch()
    assert now() == BEFORE


def test_nothing_is_imported_for_others():
    code = "import sys, fastact; print('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
