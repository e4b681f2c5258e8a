"""What a user sees of the package: the names that it shows, and what it tells of others. Each is made when first asked for."""

import copy
import importlib
import inspect
import os
import pickle
import rlcompleter
import types
from pathlib import Path

import pytest
from processes import python

import fastact
from fastact import functions

BENCH = Path(__file__).parents[2] / "bench" / "import_time.py"
INTERNAL = {
    "api",
    "backends.choice",
    "calls",
    "expressions",
    "functions",
    "numerics",
    "runtime",
    "tools",
    "version",
    "extend_path",
}


def public(names):
    return {name for name in names if not name.startswith("_")}


def ran(code, **environment):
    """What a fresh process prints."""
    result = python("-W", "error", "-c", code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


# ---- what there is --------------------------------------------------------------------------------------------------


def test_dir_has_the_public_names_alone():
    assert public(dir(fastact)) == public(fastact.__all__)
    assert set(dir(fastact)) >= {"__doc__", "__file__", "__version__"}
    assert INTERNAL.isdisjoint(dir(fastact))
    modules = {name for name in public(dir(fastact)) if isinstance(getattr(fastact, name), types.ModuleType)}
    assert modules == {"backends"}


def test_all_has_each_name_once_and_no_other():
    assert len(fastact.__all__) == len(set(fastact.__all__))
    assert set(fastact.__all__) >= {"relu", "swish", "softmax", "swiglu", "cross_entropy", "define", "Activation", "__version__"}
    assert set(fastact.__all__) >= {*functions.records, *functions.aliases}
    for name in fastact.__all__:
        assert getattr(fastact, name) is not None


def test_completion_shows_no_module():
    completer = rlcompleter.Completer({"fastact": fastact})
    shown = []
    while (found := completer.complete("fastact.", len(shown))) is not None:
        shown.append(found.removeprefix("fastact.").rstrip("()"))
    assert set(shown) == public(fastact.__all__)


def test_a_star_gives_all():
    names = {}
    exec("from fastact import *", names)
    assert names.keys() - {"__builtins__"} == set(fastact.__all__)
    assert set(ran("from fastact import *; print(*globals())")) >= set(fastact.__all__)


def test_dir_of_backends():
    shown = public(dir(fastact.backends))
    assert shown == {"ORDER", "Backend", "available", "current", "load", "obstacles", "ufuncs"}


@pytest.mark.parametrize("name", ["relu", "prelu", "swiglu", "softmax", "logsumexp", "gumbel_softmax", "cross_entropy"])
@pytest.mark.parametrize("backend", fastact.backends.available())
def test_dir_of_a_function(name, backend):
    function = getattr(fastact.backends.load(backend), name)
    assert not [name for name in dir(function) if name.startswith("_") and not name.startswith("__")]
    assert public(dir(function)) >= {"name", "backend"}
    assert "__call__" in dir(function)
    for shown in dir(function):
        getattr(function, shown)


def test_dir_of_an_activation():
    told = {"backend", "backward", "derivative", "info", "name", "params", "ufunc", "value_and_grad"}
    assert public(dir(fastact.relu)) == told
    assert public(dir(fastact.define("x + 1"))) == {*told, "formula", "is_same_formula"}


# ---- what is not there ----------------------------------------------------------------------------------------------

MEANT = {
    "rellu": "did you mean 'relu'?",
    "Relu": "here it is 'relu'",
    "leakyrelu": "here it is 'leaky_relu'",
    "LogSoftmax": "here it is 'log_softmax'",
    "expit": "here it is 'sigmoid'",
    "gelu_new": "here it is 'gelu_tanh'",
    "hardmax": "instead: gumbel_softmax(x, hard=True), without a generator",
    "set_num_thread": "did you mean 'set_num_threads'?",
    "activation": "did you mean 'Activation' or 'activations'?",
    "backend_": "did you mean 'backend'",
    "nothing_like_it_at_all": "there are ",
}


@pytest.mark.parametrize("name", MEANT)
def test_a_name_that_is_not_there(name):
    with pytest.raises(AttributeError) as caught:
        getattr(fastact, name)
    assert str(caught.value).startswith(f"module 'fastact' has no attribute {name!r}; ")
    assert MEANT[name] in str(caught.value)
    assert caught.value.name == name
    with pytest.raises(ImportError) as caught:
        exec(f"from fastact import {name}")
    assert str(caught.value).startswith(f"cannot import name {name!r} from 'fastact'; ")
    assert MEANT[name] in str(caught.value)
    assert caught.value.name == "fastact"
    assert name not in vars(fastact)


@pytest.mark.parametrize("name", ["_private", "__wrapped__", "__path", "", "a.b", "re lu", "relu.backward", "1", "\u00e9"])
def test_what_is_no_users_name(name):
    with pytest.raises(AttributeError, match=r"^module 'fastact' has no attribute"):
        getattr(fastact, name)
    assert not hasattr(fastact, name)


def test_a_module_that_is_not_there():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'fastact\.rellu'"):
        importlib.import_module("fastact.rellu")
    with pytest.raises(ImportError, match="cannot import name '_private'"):
        exec("from fastact import _private")


@pytest.mark.parametrize("code", ["fastact.rellu", "from fastact import rellu", "fastact.backends.current().rellu"])
def test_there_is_one_suggestion(code):
    """Python, too, adds one to the message of an AttributeError that has the object."""
    result = python("-c", f"import fastact\n{code}")
    assert result.returncode == 1
    assert result.stderr.lower().count("did you mean") == 1
    assert result.stderr.rstrip().endswith("did you mean 'relu'?")


def test_a_misspelt_name_leaves_the_package_as_it_was():
    code = (
        "import fastact\nfor name in ('rellu', 'LogSoftmax'):\n    assert not hasattr(fastact, name)\n"
        "print(*vars(fastact).keys() & {'rellu', 'LogSoftmax', 'relu', 'log_softmax'}, fastact.relu.name)"
    )
    assert ran(code) == ["relu"]


# ---- each name is made when it is first asked for --------------------------------------------------------------------


def test_it_is_made_once():
    assert fastact.relu is fastact.relu is fastact.get("relu") is fastact.activations["relu"] is fastact.backends.current().relu
    assert vars(fastact)["relu"] is fastact.relu
    assert fastact.swish is fastact.silu
    assert ran("import fastact; print('relu' in vars(fastact)); fastact.relu; print('relu' in vars(fastact))") == [
        "False",
        "True",
    ]


def test_threads_that_ask_at_the_same_moment_get_the_same():
    code = """
import sys, threading
sys.setswitchinterval(1e-6)
import fastact
names = ["relu", "softmax", "swiglu", "cross_entropy", "swish", "activations", "get", "Activation", "backends", "__all__"] * 2
found, failed = {name: [] for name in names}, []
barrier = threading.Barrier(len(names))

def ask(k):
    barrier.wait()
    try:
        for name in names[k:] + names[:k]:
            found[name].append(getattr(fastact, name))
    except BaseException as error:
        failed.append(repr(error))

threads = [threading.Thread(target=ask, args=(k,)) for k in range(len(names))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(not failed or failed, all(len(f) == 2 * len(names) and all(one is f[0] for one in f) for f in found.values()))
"""
    for _ in range(5):
        assert ran(code) == ["True", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_asks_first():
    code = """
import os, numpy, fastact
child = os.fork()
if child == 0:
    good = fastact.relu(numpy.array([-1.0, 2.0])).tolist() == [0, 2] and fastact.softmax(numpy.zeros(2)).tolist() == [0.5, 0.5]
    os._exit(0 if good else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), fastact.gelu.name)
"""
    assert ran(code) == ["0", "gelu"]


def test_reload():
    code = """
import importlib, fastact
relu, get = fastact.relu, fastact.get
again = importlib.reload(fastact)
print(again is fastact, fastact.relu is relu, fastact.get is get, fastact.tanh.name, fastact.get("tanh") is fastact.tanh)
"""
    assert ran(code) == ["True", "True", "True", "tanh", "True"]


@pytest.mark.parametrize("name", ["relu", "swiglu", "softmax", "cross_entropy", "get", "define", "Activation", "activations"])
def test_pickles_are_read_where_nothing_was_asked_for(name):
    if name == "activations":
        written = pickle.dumps(dict(fastact.activations))
        expected = "activation 'relu'"
        code = f"import pickle; print(pickle.loads({written!r})['relu'])"
    else:
        written, expected = pickle.dumps(getattr(fastact, name)), name
        code = f"import pickle; found = pickle.loads({written!r}); import fastact; print(found is fastact.{name}, found)"
    assert expected in " ".join(ran(code))


@pytest.mark.parametrize("name", ["relu", "swiglu", "softmax", "cross_entropy", "gumbel_softmax"])
def test_copies_and_what_is_told(name):
    code = f"""
import copy, inspect, pydoc, fastact
f = fastact.{name}
assert copy.copy(f) is copy.deepcopy(f) is f
told = pydoc.plain(pydoc.render_doc(f))
print("Parameters" in told, len(str(inspect.signature(f))) > 10, type(f).__doc__ != f.__doc__, len(f.__doc__) > 500)
"""
    assert ran(code) == ["True"] * 4
    function = getattr(fastact, name)
    assert copy.copy(function) is function
    assert inspect.signature(function) == inspect.signature(function)


def test_help_of_the_package():
    told = ran("import pydoc, fastact; print(pydoc.plain(pydoc.render_doc(fastact)))")
    assert {"relu", "softmax", "get(name:", "class"} & set(told)
    assert "extend_path" not in told


def test_a_name_can_be_patched_and_restored(monkeypatch):
    before = fastact.elu
    with monkeypatch.context() as patch:
        patch.setattr(fastact, "elu", "another")
        assert fastact.elu == "another"
    assert fastact.elu is before
    with monkeypatch.context() as patch:
        patch.delattr(fastact, "elu")
        assert fastact.elu is before  # made anew, which gives the same


# ---- activations ----------------------------------------------------------------------------------------------------


def test_activations_is_a_mapping_that_nobody_can_change():
    found = fastact.activations
    assert list(found) == list(functions.entries)
    assert len(found) == len(functions.entries)
    assert next(reversed(found)) == list(found)[-1]
    assert found["relu"] is fastact.relu
    assert found.get("rellu") is None
    assert "relu" in found
    assert "rellu" not in found
    assert "softmax" not in found
    assert 3 not in found
    assert dict(found) == {**found} == found.copy() == found
    assert (found | {"more": 1}).keys() - found.keys() == {"more"}
    assert ({"more": 1} | found).keys() - found.keys() == {"more"}
    assert [f.name for f in found.values()] == [name for name, _ in found.items()] == list(found.keys())
    assert "'relu': <activation 'relu' on " in repr(found)
    with pytest.raises(KeyError, match="rellu"):
        found["rellu"]
    with pytest.raises(TypeError, match="unhashable"):
        found[[]]
    with pytest.raises(TypeError, match="does not support item assignment"):
        found["relu"] = fastact.elu


# ---- what an import costs -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not BENCH.exists(), reason="no source tree")
def test_the_script_that_measures_an_import():
    result = python(str(BENCH), "--processes", "1")
    assert result.returncode == 0, result.stderr
    heading, *lines = result.stdout.splitlines()
    assert heading.split() == ["ms", "time", "processor"]
    assert [line[:32].rstrip() for line in lines[:4]] == [
        "import numpy",
        "import fastact",
        "from fastact import relu",
        "relu(numpy.ones(8))",
    ]
    for line in lines:
        least, median = (float(figure.strip("()")) for figure in line[32:].split()[:2])
        assert 0 < least <= median
