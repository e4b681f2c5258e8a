"""A monitor counts what calls give, where they are made, and leaves nothing behind."""

import json
import math
import os
import threading

import ml_dtypes
import numpy as np
import pytest
from matrix import BACKENDS
from processes import python

import fastact
from fastact.calls import watching


@pytest.fixture(params=BACKENDS)
def backend(request):
    return fastact.backends.load(request.param)


@pytest.fixture(autouse=True)
def nothing_stays_on():
    yield
    assert watching.watchers == []


def only(m):
    (record,) = m
    return record


# ---- what is recorded -----------------------------------------------------------------------------------------------


def test_more_calls_than_wait_to_be_added(backend, rng):
    """Calls are added up many at once; who reads meanwhile, or asks on another thread, finds all that there were."""
    x = rng.normal(size=(900, 12))
    x[::7, 3], x[5::11, 2] = np.nan, np.inf
    with fastact.monitor(by="name") as m:
        for k, row in enumerate(x):
            backend.sigmoid(row)
            if k % 190 == 0:
                assert (m["sigmoid"].calls, m["sigmoid"].elements) == (k + 1, 12 * (k + 1))
        threads = [threading.Thread(target=lambda: [backend.sigmoid(row) for row in x[:600]]) for _ in range(2)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert m["sigmoid"].calls <= 2100
        for thread in threads:
            thread.join()
    r = m["sigmoid"]
    y = np.concatenate([backend.sigmoid(part) for part in (x, x[:600], x[:600])])
    finite = y[np.isfinite(y)]
    assert (r.calls, r.elements, r.nan, r.inf) == (2100, y.size, np.isnan(y).sum(), 0)
    assert r.mean == pytest.approx(finite.mean(), rel=1e-9)
    assert r.std == pytest.approx(finite.std(), rel=1e-9)
    assert r.saturated_high == np.sum(y >= 0.999) / (y.size - r.nan)


def test_forward(backend, rng):
    x = np.round(rng.normal(size=(50, 30)), 3).astype(np.float32)
    x[:, 7] = -1
    with fastact.monitor() as m:
        for _ in range(3):
            y = backend.relu(x)
    r = only(m)
    assert (r.activation, r.calls, r.backward_calls, r.elements) == ("relu", 3, 0, 4500)
    assert r.zeros == r.saturated == r.saturated_low == np.mean(y == 0)
    assert r.saturated_high == 0
    assert (r.dead, r.units) == (1, 30)
    assert r.mean == pytest.approx(y.mean(dtype=np.float64), rel=1e-6)
    assert r.std == pytest.approx(y.std(dtype=np.float64), rel=1e-5)
    assert r.vanished is r.gradient_rms is None
    assert r.nan == r.inf == 0


@pytest.mark.parametrize("in_place", [False, True], ids=["new", "in place"])
@pytest.mark.parametrize("from_output", [False, True], ids=["x", "y"])
def test_backward(backend, rng, in_place, from_output):
    x = np.round(rng.normal(size=(40, 20)), 3)
    dy = rng.choice([0.0, 1.0, -2.0], (40, 20))
    dx = backend.relu.backward(dy, x)
    with fastact.monitor() as m:
        given = dy.copy()
        saved = {"y": np.maximum(x, 0)} if from_output else {"x": x}
        result = backend.relu.backward(given, **saved, **({"out": given} if in_place else {}))
    assert np.array_equal(result, dx)
    r = only(m)
    assert (r.calls, r.backward_calls, r.elements) == (0, 1, 0)
    assert r.vanished == np.mean(x[dy != 0] <= 0)
    assert r.gradient_rms == pytest.approx(math.sqrt(np.mean(dx**2)))
    assert r.zeros is r.mean is r.std is r.saturated is r.dead is r.units is None


def test_bias_and_learnt_parameter(backend, rng):
    x, dy, bias = rng.normal(size=(6, 5)), np.ones((6, 5), np.float64), np.full(5, -100.0)
    with fastact.monitor(by="name") as m:
        backend.relu(x, bias=bias)
        backend.relu.backward(dy, x, bias=bias)
        backend.prelu(x, slope=np.full(5, 1e-4))
        backend.prelu.backward(dy, x, slope=np.full(5, 1e-4))
    assert (m["relu"].dead, m["relu"].zeros, m["relu"].vanished) == (5, 1, 1)
    assert m["prelu"].vanished == np.mean(x <= 0)
    assert m["prelu"].saturated is None


def test_value_and_grad(backend, rng):
    x = 10 * rng.normal(size=1000)
    with fastact.monitor() as m:
        y, d = backend.sigmoid.value_and_grad(x)
    r = only(m)
    assert (r.calls, r.backward_calls, r.elements) == (1, 0, 1000)
    assert r.vanished == np.mean(d < 1e-3) > 0
    assert r.saturated == pytest.approx(r.vanished)  # both go by the slope
    assert r.mean == pytest.approx(y.mean())


def test_gated(backend, rng):
    gate, value, dy = rng.normal(size=(3, 8, 6))
    with fastact.monitor(by="name") as m:
        y = backend.swiglu(gate, value)
        packed = backend.swiglu(np.concatenate([value, gate], axis=1))
        gradients = backend.swiglu.backward(dy, gate, value)
        backend.swiglu.backward(dy, np.concatenate([value, gate], axis=1))
    assert np.allclose(y, packed)
    r = only(m)
    assert (r.activation, r.calls, r.backward_calls, r.elements) == ("swiglu", 2, 2, 96)
    assert (r.dead, r.units, r.saturated, r.vanished) == (0, 6, None, None)
    assert r.gradient_rms == pytest.approx(math.sqrt(np.mean(np.square(gradients))))


def test_nan_and_infinity(backend):
    x = np.array([np.nan, np.inf, -np.inf, 1.0, 3.0], np.float32)
    with fastact.monitor(by="name") as m:
        backend.relu(x)
        backend.relu.backward(x, np.ones(5, np.float32))
        backend.identity.value_and_grad(x)
    assert (m["relu"].nan, m["relu"].inf) == (2, 3)
    assert (m["relu"].mean, m["relu"].gradient_rms) == pytest.approx((4 / 3, math.sqrt(5)))  # of 0, 1, 3, and of 1, 3
    assert (m["identity"].nan, m["identity"].inf) == (2, 2)  # the derivative at NaN is NaN


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.int32, bool, ">f4"])
@pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed", "broadcast", "read-only"])
def test_dtypes_and_layouts(backend, dtype, layout, rng):
    base = rng.integers(-3, 4, (40, 24)).astype(dtype)
    x = {
        "C": base,
        "F": np.asfortranarray(base),
        "strided": base[::2, ::3],
        "reversed": base[::-1, ::-1],
        "broadcast": np.broadcast_to(base[0], (5, 24)),
        "read-only": base.copy(),
    }[layout]
    if layout == "read-only":
        x.flags.writeable = False
    with fastact.monitor() as m:
        y = backend.relu(x)
        backend.relu(x, out=np.empty((*x.shape, 2), y.dtype)[..., 0])
    for r in m:
        as_double = y.astype(np.float64)
        assert (r.calls, r.elements, r.zeros) == (1, x.size, np.mean(as_double == 0))
        assert r.mean == pytest.approx(as_double.mean())
        assert r.std == pytest.approx(as_double.std())
        assert (r.dead, r.units) == (np.sum(~as_double.any(axis=0)), x.shape[1])
    assert len(m) == 2


def test_broadcast_dy_and_mixed_types(backend):
    x = np.array([[1.0, -1.0], [2.0, -2.0]])
    with fastact.monitor(by="name") as m:
        backend.relu.backward(np.array([1.0, 5.0], np.float32), x)
    assert m["relu"].vanished == 0.5


def test_numbers_and_empty_arrays(backend):
    with fastact.monitor(by="name") as m:
        backend.relu(-1.0)
        backend.relu(np.float32(2))
        backend.relu(np.zeros((0, 5), np.float32))
        backend.relu.backward(1.0, -1.0)
    assert (m["relu"].calls, m["relu"].elements, m["relu"].zeros, m["relu"].vanished) == (3, 2, 0.5, 1)
    assert (m["relu"].dead, m["relu"].units) == (5, 5)


def test_where(backend):
    """What is left out may hold anything, and is not looked at."""
    x, out = np.array([1.0, -1.0, 5.0]), np.full(3, np.nan)
    with fastact.monitor(by="name") as m:
        backend.relu(x, where=np.array([True, True, False]), out=out)
    assert (m["relu"].elements, m["relu"].zeros, m["relu"].nan) == (2, 0.5, 0)


def test_ends_follow_the_parameters(backend):
    x = np.array([-3.0, 0.0, 2.0])
    with fastact.monitor(by="name") as m:
        backend.hard_tanh(x, min=-3.0, max=4.0)
        backend.hard_tanh(x, max=2)
        backend.elu(np.full(10, -20.0), alpha=0.5)
        backend.elu.value_and_grad(np.full(10, -20.0), alpha=0.5)
    assert (m["hard_tanh"].saturated_low, m["hard_tanh"].saturated_high) == pytest.approx((2 / 6, 1 / 6))
    assert (m["elu"].saturated_low, m["elu"].saturated_high) == (1, 0)


def test_noise(backend):
    with fastact.monitor(by="name") as m:
        backend.noisy_relu(np.full(10, -50.0), rng=np.random.default_rng(0))
        backend.rrelu(np.full(10, -50.0), rng=np.random.default_rng(0))
    assert m["noisy_relu"].zeros == 1
    assert m["rrelu"].zeros == 0


def test_units_that_fired_once_are_alive(backend):
    """In any call, and of several lengths of the last axis each on its own."""
    with fastact.monitor(by="name") as m:
        backend.relu(np.array([[1.0, -1.0, -1.0]]))
        backend.relu(np.array([[-1.0, -1.0, 2.0], [-1.0, -1.0, -1.0]]))
        backend.relu(np.array([-1.0] * 7))  # of one axis: there are no units
        assert (m["relu"].dead, m["relu"].units) == (1, 3)
        backend.relu(np.full((2, 4, 5), -1.0))
    assert (m["relu"].dead, m["relu"].units) == (6, 8)


# ---- other arrays ---------------------------------------------------------------------------------------------------


def test_masked_arrays(backend):
    x = np.ma.masked_array([1.0, -1.0, np.nan], [False, False, True])
    with fastact.monitor(by="name") as m:
        backend.relu(x)
    assert (m["relu"].elements, m["relu"].zeros, m["relu"].nan) == (2, 0.5, 0)


def test_other_packages(backend):
    dask = pytest.importorskip("dask.array")
    pandas = pytest.importorskip("pandas")
    xarray = pytest.importorskip("xarray")
    values = np.array([[1.0, -1.0], [3.0, -3.0]])
    for x in (pandas.DataFrame(values), xarray.DataArray(values), xarray.Dataset({"a": ("x", values[0])})):
        with fastact.monitor() as m:
            backend.relu(x)
            backend.relu.backward(x, x)
        seen = not isinstance(x, xarray.Dataset)
        assert [(r.calls, r.backward_calls, r.zeros) for r in m] == [(1, 0, 0.5 if seen else None), (0, 1, None)]
    with fastact.monitor(by="name") as m:
        lazy = backend.relu(dask.from_array(values))
        lazy.compute()
    assert (m["relu"].calls, m["relu"].elements, m["relu"].zeros) == (1, 0, None)


# ---- where ----------------------------------------------------------------------------------------------------------


def test_the_line_is_that_of_the_call(backend):
    """By whichever way the call goes."""
    import inspect

    x = np.ones((3, 4), np.float32)
    with fastact.monitor() as m:
        line = inspect.currentframe().f_lineno
        backend.relu(x)
        backend.relu(x[:, ::2])
        backend.relu(x, bias=x[0])
        backend.elu(x, alpha=2.0)
        backend.relu.backward(x, x)
        backend.sigmoid.value_and_grad(x)
        backend.swiglu(x)
    assert [r.label.rpartition(":")[2] for r in m] == [str(line + 1 + k) for k in range(7)]
    assert {r.label.rpartition(":")[0] for r in m} == {as_written(__file__)}


def as_written(path):
    """As a monitor writes it."""
    folder = f"{os.getcwd()}{os.sep}"
    return path.removeprefix(folder)


def test_sites(backend):
    x = np.array([1.0])
    with fastact.monitor() as m:
        for _ in range(2):
            backend.relu(x), backend.tanh(x)
        backend.relu(x)
    first, second, third = m
    assert first.label == second.label != third.label
    assert all(record.label.partition(":")[0].endswith("test_monitor.py") for record in m)
    assert (first.activation, second.activation, third.activation) == ("relu", "tanh", "relu")
    assert (first.calls, second.calls, third.calls) == (2, 2, 1)
    assert m[third.label] is third
    assert m[first.label, "tanh"] is second
    with pytest.raises(KeyError, match=r"relu, tanh: give \("):
        m[first.label]
    with pytest.raises(KeyError, match="there are"):
        m["nowhere"]


def test_names(backend):
    x = np.array([1.0])
    with fastact.monitor() as m:
        with m.name("encoder"):
            backend.relu(x)
            with m.name("layer 1"):
                backend.relu(x)
                backend.relu.backward(x, x)
        with pytest.raises(ZeroDivisionError), m.name("broken"):
            1 / 0  # noqa: B018
        backend.relu(x)
    assert [r.label for r in m][:2] == ["encoder", "encoder/layer 1"]
    assert (m["encoder/layer 1"].calls, m["encoder/layer 1"].backward_calls) == (1, 1)
    assert len(m) == 3
    for wrong in ("", None, 3):
        with pytest.raises(TypeError, match="must be a text"), m.name(wrong):
            pass


def test_by_name(backend):
    with fastact.monitor(by="name") as m:
        backend.relu(1.0)
        backend.relu(1.0)
        with m.name("layer"):
            backend.relu(1.0)
    assert [(r.label, r.calls) for r in m] == [("relu", 2), ("layer", 1)]
    with pytest.raises(ValueError, match="'site', 'name'"):
        fastact.monitor(by="line")


# ---- on and off -----------------------------------------------------------------------------------------------------


def test_nested_monitors_both_record(backend):
    with fastact.monitor(by="name") as outer:
        backend.relu(1.0)
        with fastact.monitor(by="name") as inner, inner.name("in"):
            backend.relu(1.0)
        backend.relu(1.0)
    assert outer["relu"].calls == 3
    assert [(r.label, r.calls) for r in inner] == [("in", 1)]


def test_a_monitor_goes_on_where_it_stopped(backend):
    m = fastact.monitor(by="name")
    for _ in range(2):
        with m:
            backend.relu(1.0)
        backend.relu(1.0)
    assert m["relu"].calls == 2
    with m, pytest.raises(RuntimeError, match="on already"), m:
        pass
    m.clear()
    assert len(m) == 0
    with m:
        backend.relu(1.0)
    assert m["relu"].calls == 1


def test_errors_are_those_of_the_call(backend):
    with fastact.monitor() as m:
        for wrong in ({"alpha": math.nan}, {"nonsense": 1}, {"alpha": "a"}, {"out": np.zeros(3, np.float32)}):
            with pytest.raises((TypeError, ValueError)) as watched:
                backend.elu(np.zeros(2, np.float32), **wrong)
            watching.stop(m)
            with pytest.raises((TypeError, ValueError)) as plain:
                backend.elu(np.zeros(2, np.float32), **wrong)
            watching.start(m)
            assert (type(watched.value), str(watched.value)) == (type(plain.value), str(plain.value))
        with pytest.raises(TypeError):
            backend.elu.backward()
        with pytest.raises(TypeError):
            backend.elu()
        backend.elu(1.0)
    assert [r.calls for r in m] == [1]
    with pytest.raises(ZeroDivisionError), fastact.monitor():
        1 / 0  # noqa: B018


def test_results_are_the_same(backend, rng):
    """Bit by bit, whether they are watched or not."""
    for n in (5, 3000, 200_003):
        for dtype in (np.float16, np.float32, np.float64):
            x = np.round(rng.normal(size=n), 3).astype(dtype)
            for f in (backend.gelu, backend.sigmoid, backend.elu, backend.relu):
                y, dx, pair = f(x), f.backward(x, x), f.value_and_grad(x)
                with fastact.monitor():
                    assert np.array_equal(f(x), y)
                    assert np.array_equal(f(x, out=x.copy()), y)
                    assert np.array_equal(f.backward(x, x), dx)
                    assert np.array_equal(f.value_and_grad(x), pair)


def test_threads(backend, rng):
    """Calls of all threads count, each once."""
    x = np.round(rng.normal(size=(20, 8)), 3)
    small, large = x.astype(np.float32), np.tile(x, (1000, 1))
    start = threading.Barrier(4)

    def work():
        start.wait()
        for _ in range(50):
            backend.relu(small)
            backend.relu.backward(large, large)

    with fastact.monitor(by="name") as m:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    r = m["relu"]
    assert (r.calls, r.backward_calls, r.elements) == (200, 200, 200 * 160)
    assert r.zeros == np.mean(x <= 0)
    assert r.vanished == np.mean(x[x != 0] < 0)


def test_a_backend_that_is_loaded_meanwhile():
    code = """if True:
        import numpy as np, fastact
        with fastact.monitor(by="name") as m:
            for name in fastact.backends.available():
                fastact.backends.load(name).relu(np.ones(3, np.float32))
        assert m["relu"].calls == len(fastact.backends.available()), m["relu"].calls
    """
    result = python("-W", "error", "-c", code, FASTACT_BACKEND="numpy")
    assert result.returncode == 0, result.stderr


def test_imports_nothing_before_it_is_called():
    code = "import sys, fastact; assert not {'rich', 'matplotlib', 'fastact.tools.monitor'} & set(sys.modules)"
    assert python("-c", code).returncode == 0


# ---- what it tells --------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(rng):
    x = np.round(rng.normal(size=(64, 8)), 3).astype(np.float32)
    with fastact.monitor() as m:
        for name, f in (("first", fastact.relu), ("second", fastact.sigmoid)):
            with m.name(name):
                y = f(x)
                f.backward(y, x)
        fastact.gelu(np.array([np.inf]))
    return m


def test_to_dict(filled):
    told = json.loads(json.dumps(filled.to_dict(), allow_nan=False))
    assert told["by"] == "site"
    assert [record["label"] for record in told["records"]][:2] == ["first", "second"]
    assert told["records"][0]["zeros"] == filled["first"].zeros
    assert told["records"][2]["mean"] is None  # of infinity
    assert told["records"][2]["inf"] == 1


def test_table(filled):
    pytest.importorskip("rich")
    text = str(filled)
    lines = text.splitlines()
    assert lines[0].split()[:3] == ["where", "activation", "calls"]
    first = next(line.split() for line in lines if line.split()[:1] == ["first"])
    assert first[1:6] == ["relu", "1", "1", "512", f"{filled['first'].zeros:.1%}"]
    assert "…" not in text
    third = next(iter(record.label for record in filled if record.activation == "gelu"))
    assert third in "".join(line.split()[0] for line in lines if line.split()[0] in third)  # folded
    assert repr(filled) == "<monitor by site: 3 records>"
    assert str(fastact.monitor()).split()[0] == "where"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (1000, "1k"), (65536, "65.5k"), (999_700, "1M"), (2**40, "1.1T")]
)
def test_counts_are_short(count, text):
    from fastact.tools.monitor import _told_count

    assert _told_count(count) == text


def test_plot(filled, tmp_path):
    pytest.importorskip("matplotlib")
    figure = filled.plot(tmp_path / "health.png")
    assert (tmp_path / "health.png").read_bytes().startswith(b"\x89PNG")
    zeros = figure.axes[0]
    assert [bar.get_width() for bar in zeros.patches][:2] == [filled["first"].zeros, filled["second"].zeros]
    assert [label.get_text() for label in zeros.get_yticklabels()][:2] == ["first  relu", "second  sigmoid"]
    fastact.monitor().plot(tmp_path / "empty.svg")


@pytest.mark.parametrize("package", ["rich", "matplotlib"])
def test_what_is_missing_is_told(filled, monkeypatch, package):
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pip install '\.\[monitor\]'"):
        filled.table() if package == "rich" else filled.plot()
