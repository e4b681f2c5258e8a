"""The peers compute the same, and take part only where they are installed."""

import itertools

import numpy as np
import pytest

import fastact
from fastact.tools import peers
from fastact.tools.bench import cases
from fastact.tools.bench.cases import Case
from fastact.tools.bench.workspace import Workspace
from fastact.tools.directions import Direction
from fastact.tools.peers import numpy as numpy_peer
from fastact.tools.peers import packages


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("peer", peers.PEERS)
def test_peers_compute_the_same(peer, fresh):
    if not peers.PEERS[peer].installed:
        pytest.skip(f"{peer} is not installed")
    if peer == "jax" and fresh:
        pytest.skip("its results always are")
    workspace = Workspace(999, "float32", fastact.backends.current(), fresh)
    with peers.threads(1, peer), np.errstate(all="ignore"):
        for case in cases.cases(rows=[37], from_output=True):
            operands = workspace.operands(case, 999)
            wanted = [result.copy() for result in peers.find("fastact", *case.key, operands).results()]
            found = peers.find(peer, *case.key, operands)
            if found is None:
                continue
            if not fresh:
                operands.out.fill(77)
                operands.tmp.fill(77)
            for result, want in zip(found.results(), wanted, strict=True):
                # near 0 the derivative of sinc is a difference of two numbers near 1, divided by x
                np.testing.assert_allclose(result, want, rtol=1e-4, atol=3e-5, err_msg=found.statement)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_keeps_the_dtype(monkeypatch, dtype, fresh):
    workspace = Workspace(100, dtype, fastact.backends.current(), fresh)
    for tables in (True, False):  # without them the records' formulas stand in
        for case in cases.cases(from_output=True):
            operands = workspace.operands(case, 100)
            with np.errstate(all="ignore"):
                wanted = [r.copy() for r in peers.find("fastact", *case.key, operands).results()]
                results = peers.find("numpy", *case.key, operands).results()
            for result, want in zip(results, wanted, strict=True):
                assert result.dtype == want.dtype == dtype
                np.testing.assert_allclose(result.astype(float), want.astype(float), rtol=1e-4, atol=3e-5)
        if tables:
            for table in ("IDIOMS", "IDIOMS_WITH_SCIPY", "TUNED"):
                monkeypatch.setattr(numpy_peer, table, {})


def test_without_scipy(monkeypatch):
    case = Case("geglu", Direction.FORWARD)
    operands = Workspace(100, "float32", fastact.backends.current()).operands(case, 100)
    wanted = peers.find("numpy", *case.key, operands).result().copy()
    monkeypatch.setattr(packages, "installed", lambda name: name in ("fastact", "numpy"))
    result = peers.find("numpy", *case.key, operands).result()
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, wanted, rtol=1e-4, atol=1e-6)


def test_fresh_results_are_new():
    workspace = Workspace(100, "float32", fastact.backends.current(), fresh=True)
    for case in cases.cases(from_output=True):
        operands = workspace.operands(case, 100)
        for peer in filter(packages.installed, ("fastact", "numpy", "torch")):
            found = peers.find(peer, *case.key, operands)
            if found is None:
                continue
            with np.errstate(all="ignore"):
                first, second = found.results(), found.results()
            others = (*second, operands.x, operands.dy)
            assert not any(itertools.starmap(np.shares_memory, itertools.product(first, others))), found.statement


def test_a_peer_that_is_not_installed_is_absent(monkeypatch):
    monkeypatch.setattr(packages, "installed", lambda name: name in ("fastact", "numpy"))
    case = Case("gelu", Direction.FORWARD)
    operands = Workspace(16, "float32", fastact.backends.current()).operands(case, 16)
    assert peers.find("torch", *case.key, operands) is None
    numpy = peers.find("numpy", *case.key, operands)
    assert numpy.statement.startswith("forward(x)")
    with peers.threads(1, "torch"):
        pass


@pytest.mark.parametrize("peer", ["fastact", "torch", "numexpr"])
def test_threads_are_restored(peer):
    module = pytest.importorskip(peer)
    before = module.get_num_threads()
    module.set_num_threads(2)
    try:
        with peers.threads(1, peer):
            assert module.get_num_threads() == 1
        assert module.get_num_threads() == 2
    finally:
        module.set_num_threads(before)
