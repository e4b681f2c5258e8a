"""dask arrays: lazy, of the right dtype and chunks, the same from call to call, and on other processes."""

import numpy as np
import pytest

import fastact

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

MAPS = ["softmax", "log_softmax", "softmin", "sparsemax"]
REDUCTIONS = ["logsumexp", "maxout"]


@pytest.fixture
def x():
    return np.random.default_rng(1).normal(size=(6, 8)).astype(np.float32)


def same(lazy, plain):
    """Lazy, with the dtype and chunks that come of it."""
    assert isinstance(lazy, da.Array)
    assert lazy.dtype == plain.dtype
    assert lazy.shape == plain.shape
    computed = lazy.compute(scheduler="sync")
    assert computed.dtype == plain.dtype
    np.testing.assert_array_equal(computed, plain)


def test_elementwise(backend, x):
    lazy = da.from_array(x, chunks=(2, 3))
    same(backend.gelu(lazy), backend.gelu(x))
    same(backend.elu(lazy, alpha=0.5), backend.elu(x, alpha=0.5))
    same(backend.gelu.backward(lazy, lazy), backend.gelu.backward(x, x))
    for ours, plain in zip(backend.elu.value_and_grad(lazy, alpha=0.5), backend.elu.value_and_grad(x, alpha=0.5), strict=True):
        same(ours, plain)
    for ours, plain in zip(backend.swiglu.backward(lazy, lazy, lazy), backend.swiglu.backward(x, x, x), strict=True):
        same(ours, plain)


def test_sums(backend, x):
    lazy, bias = da.from_array(x, chunks=(2, 3)), np.linspace(-1, 1, 8).astype(np.float32)
    for ours, plain in (
        (backend.gelu.backward(lazy, lazy, bias=bias), backend.gelu.backward(x, x, bias=bias)),
        (backend.prelu.backward(lazy, lazy, slope=bias), backend.prelu.backward(x, x, slope=bias)),
        (backend.prelu.backward(lazy, lazy, slope=0.5), backend.prelu.backward(x, x, slope=0.5)),
    ):
        same(ours[0], plain[0])
        assert isinstance(ours[1], da.Array)
        assert ours[1].dtype == np.float32
        np.testing.assert_allclose(ours[1].compute(scheduler="sync"), plain[1], rtol=1e-6)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", MAPS + REDUCTIONS)
def test_rows(backend, name, axis, x):
    f = getattr(backend, name)
    lazy = da.from_array(x, chunks=(2, 8) if axis else (6, 3))
    options = {} if name in ("sparsemax", "maxout") else {"scale": 0.5}
    y = f(x, axis=axis, **options)
    same(f(lazy, axis=axis, **options), y)
    assert f(lazy, axis=axis).name == f(lazy, axis=axis).name
    saved = x if name in REDUCTIONS else y
    like = da.from_array(saved, chunks=lazy.chunks)
    same(f.backward(da.from_array(y), like, axis=axis, **options), f.backward(y, saved, axis=axis, **options))
    across = da.from_array(x, chunks=(2, 3))
    with pytest.raises(ValueError, match=rf"{name}: axis \d of a dask array is in 3 chunks.*rechunk\(\{{{axis % 2}: -1\}}\)"):
        f(across, axis=axis)


@pytest.mark.parametrize("axis", [None, (0, 2), (1,), (-1, 1), ()])
@pytest.mark.parametrize("name", MAPS + REDUCTIONS)
def test_several_axes(backend, name, axis):
    f = getattr(backend, name)
    x = np.random.default_rng(2).normal(size=(4, 3, 6)).astype(np.float32)
    axes = range(3) if axis is None else [i % 3 for i in axis]
    lazy = da.from_array(x, chunks=tuple(-1 if i in axes else 2 for i in range(3)))
    for options in ({}, {"keepdims": True}) if name in REDUCTIONS else ({},):
        y = f(x, axis=axis, **options)
        same(f(lazy, axis=axis, **options), y)
        saved = x if name in REDUCTIONS else y
        like = da.from_array(saved, chunks=lazy.chunks)
        same(f.backward(da.from_array(y), like, axis=axis, **options), f.backward(y, saved, axis=axis, **options))
    across = da.from_array(x, chunks=2)
    if axis is None:
        with pytest.raises(ValueError, match=rf"{name}: axis 0 .* give x.rechunk\(\{{0: -1, 1: -1, 2: -1\}}\)"):
            f(across, axis=axis)
    for wrong, kind in (((0, 0), ValueError), ((0, 3), np.exceptions.AxisError), (1.0, TypeError), (True, TypeError)):
        with pytest.raises(kind, match=name):
            f(lazy, axis=wrong)


@pytest.mark.parametrize("name", [*MAPS[:3], "logsumexp"])
def test_scales_and_masks(backend, name):
    """Each block takes its part of them."""
    f = getattr(backend, name)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 5, 6)).astype(np.float32)
    taking = rng.random((5, 6)) < 0.7
    taking[:, 0] = True
    lazy = da.from_array(x, chunks=(2, 3, 6))
    for mask in (taking, taking[0], taking[:, :1] | True, np.where(taking, 0.5, -np.inf), "causal", ("causal", 3), None):
        for scale in (0.5, np.full(1, 0.5), rng.choice([0.5, 2.0], (5, 1)), rng.choice([0.5, 2.0], (4, 1, 1))):
            options = {"mask": mask, "scale": scale}
            y = f(x, **options)
            same(f(lazy, **options), y)
            saved = x if name == "logsumexp" else y
            dy = da.from_array(y, chunks=lazy.chunks[: y.ndim])
            same(f.backward(dy, lazy, **options), f.backward(y, x, **options))
            if name != "logsumexp":
                same(f.backward(dy, y=da.from_array(saved, chunks=lazy.chunks), **options), f.backward(y, y=saved, **options))
    assert f(lazy, mask=taking).name == f(lazy, mask=taking).name
    for wrong, kind in (
        ({"mask": np.ones((2, 6), bool)}, ValueError),
        ({"mask": np.ones(6, int)}, TypeError),
        ({"mask": lazy > 0}, TypeError),
        ({"scale": np.ones(6)}, ValueError),
        ({"scale": lazy[:, :, :1]}, TypeError),
        ({"scale": np.nan}, ValueError),
        ({"mask": "diagonal"}, ValueError),
    ):
        with pytest.raises(kind, match=name):
            f(lazy, **wrong)
        with pytest.raises(kind, match=name):
            f.backward(lazy[..., 0] if name == "logsumexp" else lazy, lazy, **wrong)


def test_the_winner_is_refused(backend, x):
    with pytest.raises(TypeError, match="maxout: with return_index= x must be a plain or masked array, not Array"):
        backend.maxout(da.from_array(x), return_index=True)


def test_losses_say_what_to_do(backend, x):
    lazy = da.from_array(x, chunks=(2, 8))
    for call in (backend.cross_entropy, backend.cross_entropy.value_and_grad):
        with pytest.raises(TypeError, match=r"cross_entropy: logits is a dask array.*logits.compute\(\)"):
            call(lazy, np.zeros(6, int))
    with pytest.raises(TypeError, match="binary_cross_entropy: targets is a dask array"):
        backend.binary_cross_entropy(x, lazy)


def test_names_are_the_same_from_call_to_call(backend, x):
    lazy = da.from_array(x, chunks=2)
    for call in (backend.relu, backend.elu, lambda v: backend.gelu.backward(v, v), lambda v: backend.gelu.value_and_grad(v)[1]):
        assert call(lazy).name == call(lazy).name


def graph(x):
    lazy = da.from_array(x, chunks=(2, 8))
    h = fastact.relu(lazy, bias=np.ones(8, np.float32))
    dh, dbias = fastact.relu.backward(h, y=h, bias=np.ones(8, np.float32))
    p = fastact.softmax(h, mask=np.arange(8) < 5, scale=np.full((6, 1), 0.5))
    return [fastact.elu(h, alpha=0.5), dh, dbias, fastact.swiglu(h, h), fastact.softmax(h), p, fastact.gelu.value_and_grad(h)[1]]


def test_processes(x):
    expected = dask.compute(*graph(x), scheduler="sync")
    computed = dask.compute(*graph(x), scheduler="processes", num_workers=2)
    for ours, plain in zip(computed, expected, strict=True):
        np.testing.assert_array_equal(ours, plain)


@pytest.mark.filterwarnings("ignore")  # what distributed says of ports and clocks is not ours
def test_cluster_of_two_processes(x):
    distributed = pytest.importorskip("distributed")
    expected = dask.compute(*graph(x), scheduler="sync")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        for ours, plain in zip(client.compute(graph(x)), expected, strict=True):
            np.testing.assert_array_equal(ours.result(), plain)


@pytest.mark.skipif(fastact.backend() == "numpy", reason="NumPy's has one thread")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("asked", [None, 3], ids=["default", "configured"])
def test_threads_of_a_call_are_those_that_dask_gives(monkeypatch, asked):
    """A worker of several threads has one for each call, unless the cluster is configured otherwise."""
    distributed = pytest.importorskip("distributed")
    for variable in ("OMP_NUM_THREADS", "FASTACT_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    given = {} if asked is None else {"distributed.nanny.pre-spawn-environ.OMP_NUM_THREADS": asked}
    with (
        dask.config.set(given),
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert client.submit(fastact.get_num_threads).result() == (asked or 1)
