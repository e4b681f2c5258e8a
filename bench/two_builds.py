"""Times small calls and large ones on two builds of fastact, in turns, and prints the least of each: did a change cost anything?

    python bench/two_builds.py OLD_PYTHON NEW_PYTHON [--rounds 20] [--only relu,softmax]

Each argument is the interpreter of an environment with one of the builds. A busy machine disturbs both alike; more rounds help.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import timeit

SETUP = """
import fastact
import numpy as np
from fastact import cross_entropy, gelu, leaky_relu, prelu, relu, sigmoid, softmax, swiglu

fastact.set_num_threads(2)
rng = np.random.default_rng(0)
x, dy, bias, out, out2 = rng.normal(size=(5, 16)).astype(np.float32)
half, strided, square = x.astype(np.float16), rng.normal(size=32).astype(np.float32)[::2], np.ones((64, 64), np.float32, "F")
z, logits, labels = rng.normal(size=(1, 10)).astype(np.float32), rng.normal(size=(4, 10)).astype(np.float32), np.arange(4)
x64k, out64k = rng.normal(size=(2, 256, 256)).astype(np.float32)
x1m, out1m = rng.normal(size=(2, 1 << 20)).astype(np.float32)
x16m, out16m = np.tile(x1m, (2, 16))
"""

#: What to time, by a name for it.
CALLS = {
    "relu, out=": "relu(x, out=out)",
    "relu": "relu(x)",
    "relu, number": "relu(1.5)",
    "relu, float16": "relu(half)",
    "relu, strided": "relu(strided)",
    "relu, Fortran order": "relu(square)",
    "relu, bias": "relu(x, bias=bias)",
    "relu.backward": "relu.backward(dy, x)",
    "relu.backward, out=": "relu.backward(dy, x, out=out)",
    "relu.backward, bias": "relu.backward(dy, x, bias=bias)",
    "sigmoid.value_and_grad": "sigmoid.value_and_grad(x)",
    "sigmoid.value_and_grad, out=": "sigmoid.value_and_grad(x, out=(out, out2))",
    "leaky_relu, parameter": "leaky_relu(x, negative_slope=0.1)",
    "prelu": "prelu(x)",
    "swiglu": "swiglu(x, dy)",
    "swiglu.backward": "swiglu.backward(dy, x, bias)",
    "softmax": "softmax(z)",
    "softmax.backward": "softmax.backward(z, y=z)",
    "cross_entropy": "cross_entropy(logits, labels)",
    "cross_entropy.value_and_grad": "cross_entropy.value_and_grad(logits, labels)",
    "relu, 64 K": "relu(x64k, out=out64k)",
    "gelu, 64 K": "gelu(x64k, out=out64k)",
    "relu, 64 K, bias": "relu(x64k, out=out64k, bias=x64k[0].copy())",
    "relu.backward, 64 K, bias": "relu.backward(x64k, x64k, out=out64k, bias=x64k[0].copy())",
    "gelu, 64 K, strided": "gelu(x64k[:, ::2])",
    "relu, 1 M": "relu(x1m, out=out1m)",
    "gelu, 1 M": "gelu(x1m, out=out1m)",
    "relu, 16 M": "relu(x16m, out=out16m)",
}


def serve() -> None:
    """In one of the environments: time what is asked for, name by name."""
    names: dict[str, object] = {}
    exec(SETUP, names)
    timers = {name: timeit.Timer(code, globals=names) for name, code in CALLS.items()}
    counts = {name: max(1, timer.autorange()[0] // 200) for name, timer in timers.items()}
    for line in sys.stdin:
        name = line.rstrip("\n")
        print(min(timers[name].repeat(20, counts[name])) / counts[name] * 1e9, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", nargs=2, help="the interpreter with the old build, and that with the new one")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="of the calls with one of these in their names, separated by commas")
    given = parser.parse_args()
    chosen = [name for name in CALLS if any(part in name for part in given.only.split(","))]
    command = [os.path.abspath(__file__), "--serve"]
    servers = [subprocess.Popen([python, *command], stdin=-1, stdout=-1, text=True, cwd="/") for python in given.python]
    least = {name: [float("inf")] * 2 for name in chosen}
    for turn in range(given.rounds):
        for name in chosen:
            for k in (0, 1) if turn % 2 else (1, 0):
                server = servers[k]
                assert server.stdin
                assert server.stdout
                server.stdin.write(f"{name}\n")
                server.stdin.flush()
                least[name][k] = min(least[name][k], float(server.stdout.readline()))
    print(f"{'nanoseconds a call':30}{'old':>12}{'new':>12}")
    for name, (old, new) in least.items():
        print(f"{name:30}{old:12.1f}{new:12.1f}{100 * (new / old - 1):+8.1f} %")
    for server in servers:
        server.communicate()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--serve"] else main()
