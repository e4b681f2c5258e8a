"""A neuron learns the logical AND: the first program of many who write a neural network, with sigmoid and with ReLU.

    python examples/and_gate.py

One layer, two inputs, one output y = f(x1 * w1 + x2 * w2 + b), gradient descent on the squared error.
"""

import numpy as np

from fastact import relu, sigmoid

INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = np.array([[0.0], [0.0], [0.0], [1.0]])


def train(activation, rate, steps=5000, with_bias=True):
    """The weights and bias that gradient descent finds."""
    weights, bias = np.full((2, 1), 0.5), np.zeros(1)
    for _ in range(steps):
        y = activation(INPUTS @ weights, bias=bias)
        dy = y - TARGETS  # the gradient of half the squared error
        # Both sigmoid and ReLU find their derivative in the output: no need to keep the input.
        # With bias= the bias gradient, the sum of dz over the examples, comes in the same pass.
        dz, dbias = activation.backward(dy, y=y, bias=bias)
        weights -= rate * INPUTS.T @ dz
        if with_bias:
            bias -= rate * dbias
    return weights, bias


def report(title, activation, weights, bias):
    outputs = activation(INPUTS @ weights, bias=bias)
    print(f"{title}: w1 = {weights[0, 0]:.2f}, w2 = {weights[1, 0]:.2f}, b = {bias[0]:.2f}")
    for (x1, x2), y in zip(INPUTS, outputs[:, 0], strict=True):
        print(f"  {x1:.0f} AND {x2:.0f} -> {y:.2f}, that is {int(y > 0.5)}")
    error = np.abs(outputs - TARGETS).max()
    print(f"  largest error {error:.2f}\n")


def main():
    report("Sigmoid", sigmoid, *train(sigmoid, rate=1.0))
    report("ReLU without a bias", relu, *train(relu, rate=0.1, with_bias=False))
    print(
        "It can't do better. Without a bias the output is relu(w1 * x1 + w2 * x2), and AND asks of it\n"
        "  0 at (1, 0), so w1 <= 0;\n"
        "  0 at (0, 1), so w2 <= 0;\n"
        "  1 at (1, 1), so w1 + w2 = 1: a contradiction.\n"
        "1/3, 1/3 and 2/3 are the least squared error that is left. (A sigmoid needs its bias as well: without one it\n"
        "says 1/2 at (0, 0), and more than 1/2 at (1, 1) only if w1 or w2 is positive: then it does for that input alone.)\n"
        "A bias moves the kink away from the origin, for instance to relu(x1 + x2 - 1):\n"
    )
    report("ReLU with a bias", relu, *train(relu, rate=0.1))


if __name__ == "__main__":
    main()
