"""What exact results cost: each function in the mode "exact" beside the mode "fast", in turn, on one thread.

    python bench/exact.py [--backend avx512] [--elements 65536] [--all]

Of float32 with `out=`, forward and backward: nanoseconds an element in the mode "fast", and how many times as long the mode
"exact" takes; minima of batches, and the geometric means. Of the popular functions, or of all that draw no noise.

How exact results compare with NumPy tells the usual benchmark, run in that mode: FASTACT_PRECISION=exact python -m fastact bench
"""

import argparse
import statistics
import time

import numpy as np

import fastact
from fastact.functions import entries

NAMES = (
    *("relu", "leaky_relu", "relu6", "hard_sigmoid", "hard_swish", "hard_tanh", "hard_shrink", "softsign"),
    *("sigmoid", "log_sigmoid", "tanh", "silu", "quick_gelu", "gelu", "gelu_tanh", "mish"),
    *("softplus", "elu", "selu", "celu", "exponential", "erf", "arctan"),
)
BATCHES = 41


def least(calls, times):
    """The least time of each call, in seconds; the calls take turns."""
    found = [float("inf")] * len(calls)
    for _ in range(BATCHES):
        for k, call in enumerate(calls):
            start = time.perf_counter()
            for _ in range(times):
                call()
            found[k] = min(found[k], (time.perf_counter() - start) / times)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default=fastact.backend())
    parser.add_argument("--elements", type=int, default=65536)
    parser.add_argument("--all", action="store_true", help="not only the popular functions")
    given = parser.parse_args()
    names = NAMES if not given.all else [name for name, entry in entries.items() if not (entry.noise or entry.array_parameters)]
    backend = fastact.backends.load(given.backend)
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, given.elements)).astype(np.float32)
    out = np.empty_like(x)
    times = max(1, 1_000_000 // given.elements)
    ratios = []
    print(f"{backend.name}, {given.elements:,} elements, {fastact.api.configuration()['CPU']}\n")
    print("| function | forward, ns | exact | backward, ns | exact |")
    print("|---|---|---|---|---|")
    with fastact.num_threads(1):
        for name in names:
            fast, exact = getattr(backend, name), getattr(backend.exact, name)
            calls = [f for g in (fast, exact) for f in (lambda g=g: g(x, out=out), lambda g=g: g.backward(dy, x, out=out))]
            forward, backward, exact_forward, exact_backward = least(calls, times)
            ratios.append((exact_forward / forward, exact_backward / backward))
            ns = 1e9 / given.elements
            cells = f"{forward * ns:.3f} | {ratios[-1][0]:.2f} | {backward * ns:.3f} | {ratios[-1][1]:.2f}"
            print(f"| {name} | {cells} |")
    means = [statistics.geometric_mean(column) for column in zip(*ratios, strict=True)]
    print(f"| geometric mean | | {means[0]:.2f} | | {means[1]:.2f} |")


if __name__ == "__main__":
    main()
