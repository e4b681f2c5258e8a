"""What a monitor costs: calls inside and outside its block, in turn, on one thread.

    python bench/monitor_cost.py

Medians of batches, in microseconds; an array of 65,536 float32 unless the line says otherwise. The last line is a call outside
any block, before the first monitor of the process and after it: the fast path asks whether there is one.
"""

import statistics
import time

import numpy as np

import fastact

BATCHES = 201


def seconds(call, times):
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def outside(call, times):
    return statistics.median(seconds(call, times) for _ in range(BATCHES))


def both(call, times, monitor):
    """The medians outside and inside, of batches in turn."""
    without, within = [], []
    for _ in range(BATCHES):
        without.append(seconds(call, times))
        with monitor:
            within.append(seconds(call, times))
    return statistics.median(without), statistics.median(within)


def main():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 256)).astype(np.float32)
    out, few, few_out = np.empty_like(x), x[0, :16].copy(), np.empty(16, np.float32)
    y = fastact.sigmoid(x)
    calls = {
        "sigmoid(x, out=out)": lambda: fastact.sigmoid(x, out=out),
        "sigmoid(x)": lambda: fastact.sigmoid(x),
        "sigmoid.backward(x, y=y)": lambda: fastact.sigmoid.backward(x, y=y),
        "gelu(x, out=out)": lambda: fastact.gelu(x, out=out),
        "relu(x, out=out)": lambda: fastact.relu(x, out=out),
        "relu(x, out=out), 16 elements": lambda: fastact.relu(few, out=few_out),
    }
    with fastact.num_threads(1):
        small = calls["relu(x, out=out), 16 elements"]
        outside(small, 2000)  # warm
        before = outside(small, 2000)
        monitor = fastact.monitor()
        print(f"{'fastact on ' + fastact.backend():<32}{'outside':>10}{'inside':>10}{'ratio':>8}")
        for name, call in calls.items():
            without, within = both(call, 200 if "16" in name else 20, monitor)
            print(f"{name:<32}{1e6 * without:>10.3g}{1e6 * within:>10.3g}{within / without:>8.2f}")
        after = outside(small, 2000)
    print(f"{'relu of 16, never a monitor':<32}{1e6 * before:>10.3g}{1e6 * after:>10.3g}{after / before:>8.2f}")


if __name__ == "__main__":
    main()
