"""scikit-learn's networks learn handwritten digits, as they are and with fastact's functions.

    python examples/scikit_learn.py

`fastact.sklearn.patch()` replaces what an MLPClassifier computes between its matrix products. Each network is trained both ways
in turns, from the same start; the loss curves are compared, and the quickest of each is printed.
"""

import time
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import fastact.sklearn

LAYERS, EPOCHS, TURNS = (256, 256), 20, 2


def fit(activation, x, labels):
    """A network that was trained, and the processor time that it took, which other programs on the machine change little."""
    network = MLPClassifier(LAYERS, activation=activation, max_iter=EPOCHS, random_state=0)
    start = time.process_time()
    network.fit(x, labels)
    return network, time.process_time() - start


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)  # a few epochs are enough to compare
    x, labels = load_digits(return_X_y=True)
    x, x_held_out, labels, labels_held_out = train_test_split(x / 16, labels, test_size=0.25, stratify=labels, random_state=0)
    print(f"{len(x)} digits, hidden layers {LAYERS}, {EPOCHS} epochs; fastact's backend: {fastact.backend()}")
    for dtype in (np.float64, np.float32):
        for activation in ("relu", "tanh", "logistic"):
            own, fast = [], []
            with threadpool_limits(1):
                for _ in range(TURNS):
                    network, seconds = fit(activation, x.astype(dtype), labels)
                    own.append(seconds)
                    with fastact.sklearn.patch():
                        patched, seconds = fit(activation, x.astype(dtype), labels)
                    fast.append(seconds)
            apart = np.max(np.abs(np.divide(patched.loss_curve_, network.loss_curve_) - 1))
            accuracy = patched.score(x_held_out.astype(dtype), labels_held_out)
            print(
                f"{dtype.__name__} {activation:<8} scikit-learn {min(own):.2f} s, with fastact {min(fast):.2f} s, "
                f"ratio {min(own) / min(fast):.2f}, loss curves apart by {apart:.0e}, held-out accuracy {accuracy:.1%}"
            )


if __name__ == "__main__":
    main()
