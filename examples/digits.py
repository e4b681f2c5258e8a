"""A multilayer perceptron in NumPy and fastact learns to read handwritten digits.

    python examples/digits.py

The data are scikit-learn's 1797 digits of 8 x 8 pixels; a quarter is held out. The network is trained twice from the same
start: with fastact, and with the same functions as NumPy's users write them. The time that either spends in them is printed.

    FASTACT_PRECISION=exact OPENBLAS_CORETYPE=Haswell python examples/digits.py

gives the same weights, bit for bit, on every backend of fastact.
"""

import hashlib
import itertools
import os
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import fastact

LAYERS = (64, 256, 256, 10)
EPOCHS, BATCH, RATE = 60, 32, 1e-3


class Fastact:
    """The hidden layers' activation and the loss, by fastact."""

    def hidden(self, z, bias):
        return fastact.relu(z, bias=bias, out=z)  # the bias is added in the same pass, and no array is made

    def hidden_backward(self, dh, h, bias):
        return fastact.relu.backward(dh, y=h, bias=bias, out=dh)  # dz and the bias gradient

    def loss(self, z, labels):
        return fastact.cross_entropy.value_and_grad(z, labels, out=z)  # the loss and dz, in one call


class NumPy:
    """The same in NumPy alone, in place as well."""

    def hidden(self, z, bias):
        z += bias
        return np.maximum(z, 0, out=z)

    def hidden_backward(self, dh, h, bias):
        dz = np.multiply(dh, h > 0, out=dh)
        return dz, dz.sum(axis=0)

    def loss(self, z, labels):
        rows = np.arange(len(z))
        z -= z.max(axis=-1, keepdims=True)
        loss = np.mean(np.log(np.exp(z).sum(axis=-1)) - z[rows, labels])
        dz = np.exp(z, out=z)
        dz /= dz.sum(axis=-1, keepdims=True)
        dz[rows, labels] -= 1  # softmax and cross-entropy together: p - 1 for the right class, p for the others
        dz /= len(z)
        return loss, dz


class Stopwatch:
    """Calls the methods of another object and adds up the time that each takes."""

    def __init__(self, functions):
        self.functions, self.seconds = functions, dict.fromkeys(("hidden", "hidden_backward", "loss"), 0.0)

    def __getattr__(self, name):
        function = getattr(self.functions, name)

        def timed(*arguments):
            start = time.perf_counter()
            result = function(*arguments)
            self.seconds[name] += time.perf_counter() - start
            return result

        return timed


class Perceptron:
    """Dense layers with an activation between them, logits at the end; `parameters` are weights and biases in turn."""

    def __init__(self, layers, functions, rng):
        self.functions = functions
        self.parameters = []
        for inputs, outputs in itertools.pairwise(layers):
            scale = np.sqrt(2 / inputs)  # keeps the signal's size from layer to layer (He et al., 2015)
            self.parameters.append((scale * rng.standard_normal((inputs, outputs))).astype(np.float32))
            self.parameters.append(np.zeros(outputs, np.float32))

    def forward(self, x):
        """The outputs of all layers, the input first; the last are the logits of the classes."""
        outputs = [x]
        *hidden, (weights, bias) = zip(self.parameters[::2], self.parameters[1::2], strict=True)
        for w, b in hidden:
            outputs.append(self.functions.hidden(outputs[-1] @ w, b))
        outputs.append(outputs[-1] @ weights + bias)
        return outputs

    def gradients(self, x, labels):
        """The mean cross-entropy, and its gradient for every parameter."""
        *outputs, logits = self.forward(x)
        loss, dz = self.functions.loss(logits, labels)
        found = [dz.sum(axis=0)]
        for layer in reversed(range(len(outputs))):
            h = outputs[layer]
            found.append(h.T @ dz)
            if layer > 0:
                weights, bias = self.parameters[2 * layer], self.parameters[2 * layer - 1]
                dz, dbias = self.functions.hidden_backward(dz @ weights.T, h, bias)
                found.append(dbias)
        return loss, found[::-1]

    def accuracy(self, x, labels):
        return float(np.mean(self.forward(x)[-1].argmax(axis=-1) == labels))


class Adam:
    """Kingma and Ba, Adam: A Method for Stochastic Optimization (2015)."""

    def __init__(self, parameters, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.parameters, self.beta1, self.beta2, self.epsilon = parameters, beta1, beta2, epsilon
        self.means = [np.zeros_like(p) for p in parameters]
        self.squares = [np.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients, rate):
        self.steps += 1
        corrected = rate * np.sqrt(1 - self.beta2**self.steps) / (1 - self.beta1**self.steps)
        for i, g in enumerate(gradients):
            self.means[i] += (1 - self.beta1) * (g - self.means[i])
            self.squares[i] += (1 - self.beta2) * (g * g - self.squares[i])
            self.parameters[i] -= float(corrected) * self.means[i] / (np.sqrt(self.squares[i]) + self.epsilon)


def train(functions, x, labels, seed=0):
    """A perceptron trained on the examples and its loss in the last epoch; the same seed gives the same, bit for bit."""
    rng = np.random.default_rng(seed)
    network = Perceptron(LAYERS, functions, rng)
    optimiser = Adam(network.parameters)
    for epoch in range(EPOCHS):
        rate = RATE * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2  # from RATE smoothly down to 0
        order, losses = rng.permutation(len(x)), []
        for start in range(0, len(x), BATCH):
            batch = order[start : start + BATCH]
            loss, gradients = network.gradients(x[batch], labels[batch])
            losses.append(loss)
            optimiser.step(gradients, rate)
    return network, float(np.mean(losses))


def fingerprint(network):
    return hashlib.sha256(b"".join(p.tobytes() for p in network.parameters)).hexdigest()[:16]


def main():
    digits = load_digits()
    images = (digits.data / 16).astype(np.float32)  # pixels are 0 to 16
    x, x_held_out, labels, labels_held_out = train_test_split(
        images, digits.target, test_size=0.25, stratify=digits.target, random_state=0
    )
    print(
        f"{len(x)} digits to learn from, {len(x_held_out)} held out; fastact's backend: {fastact.backend()}, "
        f"precision: {fastact.get_precision()}"
    )
    spent = {}
    for functions in (Fastact(), NumPy()):
        name = type(functions).__name__
        watch = Stopwatch(functions)
        start = time.perf_counter()
        with threadpool_limits(1):  # matrix products as small as these are no faster on more threads
            network, loss = train(watch, x, labels)
        seconds, spent[name] = time.perf_counter() - start, watch.seconds
        print(
            f"{name:<8} held-out accuracy {network.accuracy(x_held_out, labels_held_out):.2%}, loss {loss:.2e}, "
            f"weights {fingerprint(network)}, {seconds:.1f} s of training, "
            f"{sum(spent[name].values()):.2f} s of it in activations and loss"
        )
    ratios = {name: spent["NumPy"][name] / seconds for name, seconds in spent["Fastact"].items()}
    ratios["all together"] = sum(spent["NumPy"].values()) / sum(spent["Fastact"].values())
    if fastact.get_precision() == "exact":
        print(
            "fastact's weights are the same to the bit on all of its backends where NumPy's matrix products are: these ran on "
            f"one thread, by the kernels of OPENBLAS_CORETYPE={os.environ.get('OPENBLAS_CORETYPE', '')!r}."
        )
    print("NumPy takes so many times as long: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))


if __name__ == "__main__":
    main()
