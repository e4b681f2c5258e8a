"""`fastact.sklearn.patch`: networks learn the same, by fastact's functions, and scikit-learn is itself again afterwards."""

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastact
from fastact.integrations.patches import HookError

sklearn = pytest.importorskip("sklearn")
fs = importlib.import_module("fastact.sklearn")
neural_network = pytest.importorskip("sklearn.neural_network")
hooks = pytest.importorskip("sklearn.neural_network._base")
datasets = pytest.importorskip("sklearn.datasets")

MLPClassifier, MLPRegressor = neural_network.MLPClassifier, neural_network.MLPRegressor
TABLES = ("ACTIVATIONS", "DERIVATIVES", "LOSS_FUNCTIONS")
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:scipy.optimize:DeprecationWarning",  # of older versions of scikit-learn
)


@pytest.fixture(autouse=True)
def underflow():
    """Of Adam's means; it is no concern of the activations."""
    with np.errstate(under="ignore"):
        yield


def now():
    return {name: dict(getattr(hooks, name)) for name in TABLES}


BEFORE = now()


@pytest.fixture(scope="module")
def digits():
    x, labels = datasets.load_digits(return_X_y=True)
    return x[:600] / 16, labels[:600]


def both(network, x, y, **fit):
    """The network as scikit-learn trains it, and under the patch."""
    plain = sklearn.base.clone(network).fit(x, y, **fit)
    with fs.patch():
        patched = sklearn.base.clone(network).fit(x, y, **fit)
    assert now() == BEFORE
    return plain, patched


def assert_same(plain, patched, rtol=1e-9):
    np.testing.assert_allclose(patched.loss_curve_, plain.loss_curve_, rtol=rtol)
    for mine, theirs in zip(patched.coefs_, plain.coefs_, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e3 * rtol, atol=1e2 * rtol)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh", "logistic"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda dtype: dtype.__name__)
def test_classifier(digits, activation, dtype):
    """Softmax and log-loss over ten classes."""
    x, labels = digits
    network = MLPClassifier((32, 16), activation=activation, max_iter=15, random_state=0)
    assert_same(*both(network, x.astype(dtype), labels), rtol=1e-9 if dtype is np.float64 else 1e-4)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_solvers(digits, solver):
    x, labels = digits
    plain, patched = both(MLPClassifier(20, solver=solver, max_iter=10, random_state=0), x, labels)
    assert patched.loss_ == pytest.approx(plain.loss_, rel=1e-7)
    assert (patched.predict(x) == plain.predict(x)).all()


def test_two_classes_several_labels_and_weights(digits):
    """The output is a sigmoid, and the loss binary; rows may weigh differently."""
    x, labels = digits
    network = MLPClassifier(16, max_iter=10, random_state=0)
    assert_same(*both(network, x, labels > 4))
    assert_same(*both(network, x, np.stack([labels > 4, labels % 2 == 0, labels == 3], axis=1)))
    if sklearn.utils.validation.has_fit_parameter(network, "sample_weight"):  # since 1.7
        weight = np.random.default_rng(0).uniform(0.5, 2, len(x))
        assert_same(*both(network, x, labels, sample_weight=weight))
        assert_same(*both(network, x, labels > 4, sample_weight=weight))


def test_regressor(digits):
    x, labels = digits
    assert_same(*both(MLPRegressor(hidden_layer_sizes=16, activation="tanh", max_iter=10, random_state=0), x, labels / 10))


def test_sparse_input(digits):
    sparse = pytest.importorskip("scipy.sparse")
    x, labels = digits
    assert_same(*both(MLPClassifier(16, max_iter=5, random_state=0), sparse.csr_array(x), labels))


@pytest.mark.parametrize(("activation", "function"), [("relu", "relu"), ("tanh", "tanh"), ("logistic", "sigmoid")])
def test_fastact_computes(digits, activation, function):
    x, labels = digits
    with fs.patch(), fastact.monitor(by="name") as monitor:
        MLPClassifier(16, activation=activation, max_iter=2, random_state=0).fit(x, labels)
    assert monitor[function].calls >= 6


def loss_cases():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 6)
    p[0], p[1] = (1, 0, 0, 0), (0, 0, 0, 1)
    one_each = np.eye(4, dtype=bool)[[0, 1, 2, 3, 0, 1]]
    yield "log_loss", one_each, p
    yield "log_loss", one_each.astype(float), p
    yield "log_loss", rng.random((6, 4)) < 0.5, p
    yield "log_loss", np.zeros((6, 4), bool), p
    yield "log_loss", rng.random((6, 1)) < 0.5, p[:, :1]
    yield "log_loss", one_each, p.astype(np.float32)
    yield "binary_log_loss", rng.random((6, 1)) < 0.5, p[:, :1]
    yield "binary_log_loss", rng.random((6, 4)) < 0.5, p
    yield "binary_log_loss", rng.random((6, 4)), p


@pytest.mark.parametrize("case", range(len(list(loss_cases()))))
def test_losses(case):
    """Also where a label is said to be impossible, and of targets that a network never has."""
    name, targets, p = list(loss_cases())[case]
    takes_weight = "sample_weight" in inspect.signature(BEFORE["LOSS_FUNCTIONS"][name]).parameters  # since 1.7
    for weights in ((), (np.array([1.0, 2, 0, 4, 5, 6]),) if takes_weight else ()):
        wanted = BEFORE["LOSS_FUNCTIONS"][name](targets, p, *weights)
        with fs.patch():
            assert hooks.LOSS_FUNCTIONS[name](targets, p, *weights) == pytest.approx(wanted, rel=1e-6)


def test_what_is_no_plain_array_is_left_to_scikit_learn():
    x = np.array([[-1, 2]])
    with fs.patch():
        hooks.ACTIVATIONS["relu"](x)
    assert x.tolist() == [[0, 2]]


def test_undone_after_an_error(digits):
    x, labels = digits
    with pytest.raises(ValueError, match="inconsistent"), fs.patch():
        MLPClassifier().fit(x, labels[:-1])
    assert now() == BEFORE


def test_moved_hooks(monkeypatch):
    """Other names, another place, another kind of place: an error each time, and nothing replaced."""
    with monkeypatch.context() as m:
        m.delitem(hooks.DERIVATIVES, "tanh")
        left = now()
        with pytest.raises(HookError, match=r"scikit-learn is not known: .*DERIVATIVES has no function 'tanh'"):
            fs.patch()
        assert now() == left
    network = sys.modules["sklearn.neural_network._multilayer_perceptron"]
    with monkeypatch.context() as m:
        m.delattr(network, "LOSS_FUNCTIONS")
        with pytest.raises(HookError, match="has no dictionary 'LOSS_FUNCTIONS'"):
            fs.patch()
    with monkeypatch.context() as m:
        m.setattr(network, "ACTIVATIONS", tuple(hooks.ACTIVATIONS))
        with pytest.raises(HookError, match="has no dictionary 'ACTIVATIONS'"):
            fs.patch()
    assert now() == BEFORE


def test_scikit_learns_own_tests(tmp_path):
    """A part of them; tests/integrations/patched_sklearn.py tells how to run all."""
    pytest.importorskip("sklearn.neural_network.tests.test_mlp")
    chosen = "test_gradient or test_fit or test_binary_log_loss or test_multilabel"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), *sys.path))}
    options = ["-q", "-p", "patched_sklearn", "-p", "no:cacheprovider", "-W", "default", "-k", chosen]
    command = [sys.executable, "-m", "pytest", *options, "--pyargs", "sklearn.neural_network"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
    assert "the patch was made until the end" in result.stdout
