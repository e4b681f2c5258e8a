"""Times activations that are defined by their formula against straightforward NumPy, numexpr and JAX, all on one thread.

    python bench/own_activation.py [--backend avx512] [--elements 65536] [--seconds 0.3]

The five functions of docs/own_activation.md, float32, with `out=` where that can be given. Prints a table in Markdown: times of a
call in microseconds, and how many times as long the others take. `--same-instructions` holds NumPy to AVX2, as a processor would
that has no more. numexpr and JAX are left out where they are not installed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

AVX512 = "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"


class Function(NamedTuple):
    """An activation: its text, its parameters, and what people write in NumPy, numexpr and JAX (`m` has its functions).

    What occurs twice in NumPy's gradient is computed once. numexpr would compute in float64 beside a literal such as 0.75, so its
    numbers come as float32 by these names.
    """

    text: str
    parameters: dict[str, float]
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    numexpr: str | None
    numbers: dict[str, float]
    jax: Callable[..., Any]


def functions() -> dict[str, Function]:
    import numpy as np
    from scipy import special

    def aria_backward(dy: Any, x: Any) -> Any:
        e = np.exp(-2 * x)
        u = 1 + e
        power = u**-1.5
        return dy * (power + 3 * x * e * power / u)

    def serf_backward(dy: Any, x: Any) -> Any:
        e = np.exp(x)
        z = np.log1p(e)
        return dy * (special.erf(z) + x * float(2 / np.sqrt(np.pi)) * np.exp(-z * z) * e / (1 + e))

    def acon_backward(dy: Any, x: Any) -> Any:
        s = 1 / (1 + np.exp(-0.75 * x))
        return dy * (0.75 * s + 0.75 * 0.75 * x * s * (1 - s) + 0.25)

    def logish_backward(dy: Any, x: Any) -> Any:
        s = 1 / (1 + np.exp(-x))
        return dy * (np.log(1 + s) + x * s * (1 - s) / (1 + s))

    return {
        "aria": Function(
            "x * (1 + exp(-beta * x)) ** -alpha",
            {"alpha": 1.5, "beta": 2.0},
            lambda x: x * (1 + np.exp(-2 * x)) ** -1.5,
            aria_backward,
            "x * (1 + exp(-2 * x)) ** -1.5",  # made of a square root and products, in float32
            {},
            lambda m, x: x * (1 + m.exp(-2 * x)) ** -1.5,
        ),
        "serf": Function(
            "x * erf(log1p(exp(x)))",
            {},
            lambda x: x * special.erf(np.log1p(np.exp(x))),
            serf_backward,
            None,  # it has no erf
            {},
            lambda m, x: x * m.erf(m.log1p(m.exp(x))),
        ),
        "acon_c": Function(
            "(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x",
            {"p1": 1.0, "p2": 0.25, "beta": 1.0},
            lambda x: 0.75 * x / (1 + np.exp(-0.75 * x)) + 0.25 * x,
            acon_backward,
            "d * x / (1 + exp(-d * x)) + p2 * x",
            {"d": 0.75, "p2": 0.25},
            lambda m, x: 0.75 * x / (1 + m.exp(-0.75 * x)) + 0.25 * x,
        ),
        "logish": Function(
            "x * log(1 + sigmoid(x))",
            {},
            lambda x: x * np.log(1 + 1 / (1 + np.exp(-x))),
            logish_backward,
            "x * log(1 + 1 / (1 + exp(-x)))",
            {},
            lambda m, x: x * m.log(1 + 1 / (1 + m.exp(-x))),
        ),
        "pelu": Function(
            "where(x >= 0, a / b * x, a * (exp(x / b) - 1))",
            {"a": 1.0, "b": 0.5},
            lambda x: np.where(x >= 0, 2 * x, np.exp(x / 0.5) - 1),
            lambda dy, x: dy * np.where(x >= 0, np.float32(2), 2 * np.exp(x / 0.5)),
            "where(x >= 0, 2 * x, exp(x / b) - 1)",
            {"b": 0.5},
            lambda m, x: m.where(x >= 0, 2 * x, m.exp(x / 0.5) - 1),
        ),
    }


def compiled(function: Function, x: Any) -> dict[str, Callable[[], Any]]:
    """The forward pass by what else there is."""
    found: dict[str, Callable[[], Any]] = {}
    try:
        import numexpr
    except ImportError:
        pass
    else:
        numexpr.set_num_threads(1)
        if function.numexpr is not None:
            text, out = function.numexpr, x.copy()
            given = {"x": x, **{name: x.dtype.type(number) for name, number in function.numbers.items()}}
            found["numexpr"] = lambda: numexpr.evaluate(text, local_dict=given, out=out, casting="no")
    try:
        import jax
    except ImportError:
        return found

    class Functions:
        erf = staticmethod(jax.scipy.special.erf)

        def __getattr__(self, name: str) -> Any:
            return getattr(jax.numpy, name)

    call, array = jax.jit(lambda x: function.jax(Functions(), x)), jax.numpy.asarray(x)
    found["JAX"] = lambda: call(array).block_until_ready()
    return found


def times(calls: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """The least time of each call, in seconds; the calls take turns."""
    repeats = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        repeats[name] = max(1, int(0.005 / max(time.perf_counter() - start, 1e-7)))
    least = dict.fromkeys(calls, float("inf"))
    end = time.perf_counter() + seconds * len(calls)
    while time.perf_counter() < end:
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            least[name] = min(least[name], (time.perf_counter() - start) / repeats[name])
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", default="", help="default: the one in use")
    parser.add_argument("--elements", type=int, default=65536)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each call")
    parser.add_argument("--same-instructions", action="store_true", help="hold NumPy to AVX2")
    given = parser.parse_args()
    alone = {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
    if given.same_instructions:
        alone["NPY_DISABLE_CPU_FEATURES"] = AVX512
    if any(os.environ.get(name) != value for name, value in alone.items()):  # they count where they are set before the start
        os.execve(sys.executable, [sys.executable, "-W", "ignore", *sys.argv], os.environ | alone)

    import numpy as np

    import fastact

    np.seterr(all="ignore")
    fastact.set_num_threads(1)
    backend = fastact.backends.load(given.backend or fastact.backend())
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, given.elements)).astype(np.float32)
    out = np.empty_like(x)
    print(f"{backend.name}, {given.elements:,} elements, {fastact.api.configuration()['CPU']}, NumPy {np.__version__}\n")
    print("| function | forward, us | NumPy | numexpr | JAX | backward, us | NumPy | forward, 16 elements, ns |")
    print("|---|---|---|---|---|---|---|---|")
    for name, function in functions().items():
        f = backend.bind(fastact.define(function.text, name=name, parameters=function.parameters))
        np.testing.assert_allclose(f(x), function.forward(x.astype(float)), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(f.backward(dy, x), function.backward(dy.astype(float), x.astype(float)), rtol=1e-5, atol=1e-5)
        few, few_out = x[:16].copy(), out[:16].copy()
        calls = {
            "forward": lambda f=f: f(x, out=out),
            "NumPy": lambda function=function: function.forward(x),
            "backward": lambda f=f: f.backward(dy, x, out=out),
            "NumPy backward": lambda function=function: function.backward(dy, x),
            "few": lambda f=f, few=few, few_out=few_out: f(few, out=few_out),
            **compiled(function, x),
        }
        least = times(calls, given.seconds)
        others = [f"{least[other] / least['forward']:.1f}" if other in least else "" for other in ("NumPy", "numexpr", "JAX")]
        cells = [name, f"{least['forward'] * 1e6:.1f}", *others, f"{least['backward'] * 1e6:.1f}"]
        cells += [f"{least['NumPy backward'] / least['backward']:.1f}", f"{least['few'] * 1e9:.0f}"]
        print("|", " | ".join(cells), "|", flush=True)
    for text, like in (("x * sigmoid(x)", "silu"), ("x * tanh(softplus(x))", "mish")):
        f, known = backend.bind(fastact.define(text, name="text")), getattr(backend, like)
        least = times({"defined": lambda f=f: f(x, out=out), "known": lambda known=known: known(x, out=out)}, given.seconds)
        print(f"\n{text}, defined: {least['defined'] / least['known']:.2f} times as long as {like}", end="")
    start = time.perf_counter()
    fastact.define("x * arctan(x) * sigmoid(2 * x)", name="fresh").value_and_grad(x)
    print(f"\n\ndefine and the first call: {(time.perf_counter() - start) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
