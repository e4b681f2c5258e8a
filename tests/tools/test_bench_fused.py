"""The gated units' statements that nobody wrote: derived from those of the activation."""

import dataclasses

import numpy as np
import pytest

import fastact
from fastact import functions
from fastact.tools import peers
from fastact.tools.bench.fused import gated
from fastact.tools.directions import BOTH
from fastact.tools.peers import numpy as numpy_peer
from fastact.tools.peers.operands import Operands


def compares(name, fused, fresh):
    """Whether a peer computes what the activation and two products give; False if it has no such function."""
    rng = np.random.default_rng(3)
    x, dy, *others = (rng.standard_normal((7, 40)).astype(np.float32) for _ in range(4))
    operands = Operands(x, dy, None) if fresh else Operands(x, dy, None, *others, np.ones_like(x, bool))
    activation = fastact.get(fused.entry.name)
    wanted = {
        BOTH[0]: [activation(operands.gate) * operands.value],
        BOTH[1]: [activation.backward(dy * operands.value, operands.gate), dy * activation(operands.gate)],
    }
    for direction in BOTH:
        with peers.threads(1, name), np.errstate(all="ignore"):
            found = peers.find(name, fused, direction, operands)
            if found is None:
                return False
            results = found.results()
        for result, want in zip(results, wanted[direction], strict=True):
            assert result.dtype == np.float32
            np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5, err_msg=found.statement)
    return True


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("gate", ["gelu_tanh", "quick_gelu", "mish", "softplus", "identity", "selu", "erf", *gated.WRITTEN])
def test_a_unit_needs_no_statements(monkeypatch, gate, fresh):
    if gate in gated.WRITTEN:
        unit = functions.units[gate]
    else:
        unit = dataclasses.replace(functions.units["glu"], name="new", activation=functions.entries[gate])
    monkeypatch.setattr(gated, "WRITTEN", {})
    fused = gated.of_unit(unit)
    for name, peer in peers.PEERS.items():
        if name != "fastact" and peer.installed:
            assert compares(name, fused, fresh) or name in ("torch", "jax", "scipy", "numexpr")


def test_formulas_stand_in_for_an_activation_without_statements(monkeypatch):
    for table in ("IDIOMS", "IDIOMS_WITH_SCIPY", "TUNED"):
        monkeypatch.setattr(numpy_peer, table, {})
    monkeypatch.setattr(gated, "WRITTEN", {})
    fused = gated.of_unit(functions.units["swiglu"])
    assert compares("numpy", fused, fresh=True)
    assert compares("numpy_tuned", fused, fresh=True)


def test_the_bound_is_the_activations():
    exact, rounded = (gated.of_unit(functions.units[name]) for name in ("reglu", "geglu"))
    assert exact.ulp.of(BOTH[0]) == 1
    assert rounded.ulp.of(BOTH[0]) == 3
