"""A transformer in Keras' NumPy backend predicts, as it is and with fastact's functions.

    KERAS_BACKEND=numpy python examples/keras_model.py

Two blocks of attention and a feed-forward layer with GELU, as `keras.layers` has them, then softmax. The results are compared,
and the quickest of each is printed, for the model and for its activations.
"""

import time

import keras
import numpy as np
from threadpoolctl import threadpool_limits

import fastact.keras

BATCH, TOKENS, WIDTH, HEADS, HIDDEN, CLASSES = 8, 64, 128, 4, 512, 10
REPETITIONS = 5


def transformer():
    """The model, with random weights."""
    keras.utils.set_random_seed(0)
    inputs = x = keras.Input((TOKENS, WIDTH))
    for _ in range(2):
        h = keras.layers.LayerNormalization()(x)
        x = keras.layers.Add()([x, keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(h, h)])
        h = keras.layers.LayerNormalization()(x)
        h = keras.layers.Dense(HIDDEN, activation="gelu")(h)
        x = keras.layers.Add()([x, keras.layers.Dense(WIDTH)(h)])
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, keras.layers.Dense(CLASSES, activation="softmax")(x))


def timed(function, *arguments):
    """The result, and the processor time of the best of some calls."""
    best = np.inf
    for _ in range(REPETITIONS):
        start = time.process_time()
        result = function(*arguments)
        best = min(best, time.process_time() - start)
    return result, best


def main():
    model = transformer()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, TOKENS, WIDTH)).astype(np.float32)
    hidden = rng.standard_normal((BATCH, TOKENS, HIDDEN)).astype(np.float32)
    scores = rng.standard_normal((BATCH, HEADS, TOKENS, TOKENS)).astype(np.float32)
    pieces = {"gelu": (keras.activations.gelu, hidden), "softmax": (keras.activations.softmax, scores), "model": (model, x)}
    with threadpool_limits(1):
        own = {name: timed(*call) for name, call in pieces.items()}
        with fastact.keras.patch():
            fast = {name: timed(*call) for name, call in pieces.items()}
    apart = np.abs(fast["model"][0] - own["model"][0]).max()
    print(f"{BATCH} sequences of {TOKENS} tokens; fastact's backend: {fastact.backend()}; results apart by at most {apart:.1e}")
    for name, (_, before) in own.items():
        after = fast[name][1]
        times = f"Keras {before * 1e3:>7.2f} ms, with fastact {after * 1e3:>7.2f} ms"
        print(f"{name:<8} {times}, ratio {before / after:.1f}")


if __name__ == "__main__":
    main()
