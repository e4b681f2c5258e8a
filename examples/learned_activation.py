"""A network that learns the shape of its activations: one beta per channel, and two slopes per channel of ACON-C.

    python examples/learned_activation.py

A NumPy network reads scikit-learn's 1797 digits of 8 x 8 pixels. It is trained three times from the same start: with silu, whose
beta stays 1; with silu whose beta is learnt for each channel; and with ACON-C (Ma et al., 2021), defined here by its formula,
whose p1, p2 and beta are learnt for each channel. A parameter that is an array is learnt: `backward` gives its gradient along
with dx. The gradients are checked against finite differences first.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import fastact

CLASSES, HIDDEN = 10, 48
EPOCHS, BATCH, RATE = 40, 32, 2e-3

acon_c = fastact.define(
    "(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x", name="acon_c", parameters={"p1": 1.0, "p2": 0.25, "beta": 1.0}
)

#: Each activation with the parameters that it learns, and the values that they begin with.
ACTIVATIONS = (
    ("silu", fastact.silu, {}),
    ("silu, beta learnt", fastact.silu, {"beta": 1.0}),
    ("ACON-C", acon_c, dict(acon_c.params)),
)


class Network:
    """One hidden layer; `parameters` by name: the weights, the biases, and what the activation learns."""

    def __init__(self, activation, learnt, features, rng, dtype=np.float32):
        self.activation, self.learnt = activation, list(learnt)
        self.parameters = {
            "w1": rng.standard_normal((features, HIDDEN)) * np.sqrt(2 / features),
            "b1": np.zeros(HIDDEN, float),
            "w2": rng.standard_normal((HIDDEN, CLASSES)) * np.sqrt(2 / HIDDEN),
            "b2": np.zeros(CLASSES, float),
            **{name: np.full(HIDDEN, value, float) for name, value in learnt.items()},
        }
        self.parameters = {name: value.astype(dtype) for name, value in self.parameters.items()}

    def shape(self):
        """The activation's own parameters: one number per channel."""
        return {name: self.parameters[name] for name in self.learnt}

    def logits(self, x):
        p = self.parameters
        return self.activation(x @ p["w1"], bias=p["b1"], **self.shape()) @ p["w2"] + p["b2"]

    def gradients(self, x, labels):
        """The mean cross-entropy, and its gradient for every parameter."""
        p = self.parameters
        z = x @ p["w1"]
        h = self.activation(z, bias=p["b1"], **self.shape())
        loss, dlogits = fastact.cross_entropy.value_and_grad(h @ p["w2"] + p["b2"], labels)
        dz, *dshape, db1 = self.activation.backward(dlogits @ p["w2"].T, z, bias=p["b1"], **self.shape())
        gradients = {"w1": x.T @ dz, "b1": db1, "w2": h.T @ dlogits, "b2": dlogits.sum(axis=0)}
        return loss, gradients | dict(zip(self.learnt, dshape, strict=True))

    def accuracy(self, x, labels):
        return float(np.mean(self.logits(x).argmax(axis=-1) == labels))


def largest_error(network, x, labels, step=1e-5):
    """How far the gradients of the activation's parameters are from central differences, relative to the largest gradient."""
    _, gradients = network.gradients(x, labels)
    worst = 0.0
    for name in network.learnt:
        array, found = network.parameters[name], gradients[name]
        difference = np.zeros_like(found)
        for channel in range(len(array)):
            losses = []
            for moved in (array[channel] + step, array[channel] - step):
                before, array[channel] = array[channel], moved
                losses.append(fastact.cross_entropy(network.logits(x), labels))
                array[channel] = before
            difference[channel] = (losses[0] - losses[1]) / (2 * step)
        worst = max(worst, np.abs(found - difference).max() / np.abs(found).max())
    return worst


def train(network, x, labels, rng):
    """Adam (Kingma and Ba, 2015); returns the loss of the last epoch."""
    means = {name: np.zeros_like(value) for name, value in network.parameters.items()}
    squares = {name: np.zeros_like(value) for name, value in network.parameters.items()}
    steps = 0
    for epoch in range(EPOCHS):
        rate = RATE * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2  # from RATE smoothly down to 0
        order, losses = rng.permutation(len(x)), []
        for start in range(0, len(x), BATCH):
            batch = order[start : start + BATCH]
            loss, gradients = network.gradients(x[batch], labels[batch])
            losses.append(loss)
            steps += 1
            corrected = float(rate * np.sqrt(1 - 0.999**steps) / (1 - 0.9**steps))
            for name, g in gradients.items():
                means[name] += 0.1 * (g - means[name])
                squares[name] += 0.001 * (g * g - squares[name])
                network.parameters[name] -= corrected * means[name] / (np.sqrt(squares[name]) + 1e-8)
    return float(np.mean(losses))


def main():
    digits = load_digits()
    images = (digits.data / 16).astype(np.float32)  # pixels are 0 to 16
    x, x_held_out, labels, labels_held_out = train_test_split(
        images, digits.target, test_size=0.25, stratify=digits.target, random_state=0
    )
    for name, activation, learnt in ACTIVATIONS:
        if learnt:
            network = Network(activation, learnt, x.shape[1], np.random.default_rng(0), np.float64)
            error = largest_error(network, x[:64].astype(float), labels[:64])
            print(f"{name:<18} gradients and finite differences apart by {error:.1e}")
    for name, activation, learnt in ACTIVATIONS:
        rng = np.random.default_rng(0)
        network = Network(activation, learnt, x.shape[1], rng)
        with threadpool_limits(1):  # matrix products as small as these are no faster on more threads
            loss = train(network, x, labels, rng)
        spans = ", ".join(f"{key} {value.min():.2f} to {value.max():.2f}" for key, value in network.shape().items())
        print(
            f"{name:<18} held-out accuracy {network.accuracy(x_held_out, labels_held_out):.2%}, loss {loss:.1e}"
            + (f", learnt {spans}" if spans else "")
        )


if __name__ == "__main__":
    main()
