"""Peers are measured as their users write the functions."""

import numpy as np

from fastact.tools.verify.implementations import of_peer
from fastact.tools.verify.results import RIVALS


def test_peers_are_measured():
    for peer, title in RIVALS.items():
        contestant = of_peer(peer, "tanh", "float32")
        other = of_peer(peer, "log_sigmoid", "float32")  # whose gradient PyTorch computes from what forward has saved
        if contestant is None:
            assert peer == "torch"
            continue
        assert contestant.name == title
        for seed in range(2):  # the operands are kept
            x = np.random.default_rng(seed).uniform(-3, 3, 100).astype(np.float32)
            np.testing.assert_allclose(contestant.forward(x), np.tanh(x), rtol=1e-6)
            np.testing.assert_allclose(contestant.derivative(x), 1 - np.tanh(x) ** 2, atol=1e-6)
            np.testing.assert_allclose(other.derivative(x), 1 / (1 + np.exp(x)), rtol=1e-6)
    assert of_peer("torch", "binary_step", "float32") is None
