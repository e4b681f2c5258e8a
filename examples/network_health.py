"""A monitor shows two illnesses of networks: ReLUs that die, and gradients that vanish.

    python examples/network_health.py

The data are scikit-learn's 1797 digits of 8 x 8 pixels. A small network learns them with ReLU; again with a learning rate that is
too large in the first three epochs, which kills units for good; and so with leaky ReLU, whose units recover. Then the gradient
goes back through ten layers that have learnt nothing yet, of sigmoid and of tanh. docs/network_health.md tells how to read it.
"""

import contextlib
import itertools

import numpy as np
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

import fastact

EPOCHS, FIRST, BATCH = 25, 3, 64
MODERATE, LARGE = 0.1, 0.8


class Network:
    """Dense layers with one activation between them, and logits at the end."""

    def __init__(self, sizes, activation, gain, seed=0):
        rng = np.random.default_rng(seed)
        self.activation = activation
        self.weights = [
            (np.sqrt(gain / inputs) * rng.standard_normal((inputs, outputs))).astype(np.float32)
            for inputs, outputs in itertools.pairwise(sizes)
        ]
        self.biases = [np.zeros(outputs, np.float32) for outputs in sizes[1:]]

    def forward(self, x, monitor=None):
        """The input, the hidden layers' outputs, and the logits."""
        outputs = [x]
        for layer, (weights, bias) in enumerate(zip(self.weights[:-1], self.biases[:-1], strict=True)):
            with named(monitor, layer):
                outputs.append(self.activation(outputs[-1] @ weights, bias=bias))
        return [*outputs, outputs[-1] @ self.weights[-1] + self.biases[-1]]

    def gradients(self, x, labels, monitor=None):
        """The gradients of weights and biases."""
        *outputs, logits = self.forward(x, monitor)
        _, dz = fastact.cross_entropy.value_and_grad(logits, labels)
        found = [(outputs[-1].T @ dz, dz.sum(axis=0))]
        for layer in reversed(range(len(outputs) - 1)):
            h, bias = outputs[layer + 1], self.biases[layer]
            with named(monitor, layer):
                dz, dbias = self.activation.backward(dz @ self.weights[layer + 1].T, y=h, bias=bias)
            found.append((outputs[layer].T @ dz, dbias))
        return found[::-1]

    def train(self, x, labels, first_rate):
        """Plain gradient descent, in batches; the learning rate of the first epochs may be another."""
        rng = np.random.default_rng(1)
        for epoch in range(EPOCHS):
            rate = first_rate if epoch < FIRST else MODERATE
            order = rng.permutation(len(x))
            for start in range(0, len(x), BATCH):
                batch = order[start : start + BATCH]
                for k, (dweights, dbias) in enumerate(self.gradients(x[batch], labels[batch])):
                    self.weights[k] -= np.float32(rate) * dweights
                    self.biases[k] -= np.float32(rate) * dbias

    def accuracy(self, x, labels):
        return float(np.mean(self.forward(x)[-1].argmax(axis=-1) == labels))


def named(monitor, layer):
    """The block in which a layer's calls have its name."""
    return contextlib.nullcontext() if monitor is None else monitor.name(f"layer {layer + 1}")


def examine(network, x, labels):
    """A monitor that saw all data go through the network, and the gradient back."""
    with fastact.monitor() as monitor:
        network.gradients(x, labels, monitor)
    return monitor


def main():
    digits = load_digits()
    x, labels = (digits.data / 16).astype(np.float32), digits.target  # pixels are 0 to 16
    for activation, rate in ((fastact.relu, MODERATE), (fastact.relu, LARGE), (fastact.leaky_relu, LARGE)):
        network = Network((64, 64, 64, 64, 10), activation, gain=2)
        with threadpool_limits(1):  # matrix products as small as these are no faster on more threads
            network.train(x, labels, rate)
        monitor = examine(network, x, labels)
        dead, right = sum(record.dead for record in monitor), network.accuracy(x, labels)
        print(f"{activation.name}, learning rate {rate} at first: {dead} of 192 units are dead, {right:.1%} right")
        print(monitor, end="\n\n")
    for activation in (fastact.sigmoid, fastact.tanh):
        monitor = examine(Network((64, *[64] * 10, 10), activation, gain=1), x, labels)
        left = monitor["layer 1"].gradient_rms / monitor["layer 10"].gradient_rms
        print(f"{activation.name}, ten layers: of the gradient at layer 10 {left:.1g} is left at layer 1")
        print(monitor, end="\n\n")


if __name__ == "__main__":
    main()
