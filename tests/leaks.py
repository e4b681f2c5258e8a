"""Calls of every method of every function, errors too: memory stays flat.

    python tests/leaks.py --calls 1000000

The same calls are made over and over. From round to round nothing may grow: not the memory of the process, not the blocks of
Python's allocator, nor the reference counts of what the calls are given and of what all Python programs share. The exit code is 1
otherwise.
"""

import argparse
import contextlib
import gc
import itertools
import random
import sys
import time
import warnings
from pathlib import Path

import ml_dtypes
import numpy as np
from fuzzing.draw import functions, ways

import fastact

ROUNDS, TIMES = 5, 10  # rounds, and how often each call is made in one
MOST_BLOCKS = 60  # of Python's allocator that a round may keep: caches of this and that, not of each call
MOST_BYTES = 1 << 20  # that the process may grow from the first round to the last, beside what its allocator keeps
DTYPES = ("f4", "f8", "f2", ml_dtypes.bfloat16, "i1", ">f4", "O", "c8")


def arguments(name, way):
    """Arguments for this way to call a function: right ones of every dtype and layout, and wrong ones."""
    given = random.Random(f"{name}.{way.method}")
    for dtype in DTYPES:
        x = (np.arange(24).reshape(4, 6) % 5 - 1).astype(dtype)
        for array in (x, x[:, ::2], x.T, x[0]):
            yield from _with_options(way, array, given)
    yield ([1.0, [2.0]],) * len(way.operands), {}
    yield (), {}
    yield (1.0,) * len(way.operands), {"nonsense": 1}
    yield (np.ones(3), np.ones(4), np.ones(5))[: len(way.operands)], {}


def _with_options(way, x, given):
    rows = x[..., 0]
    labels = np.zeros(x.shape[:-1], int)
    for operands in ([x] * len(way.operands), [x, labels][: len(way.operands)], [rows, x][: len(way.operands)]):
        yield tuple(operands), {}
        yield tuple(operands), {"out": np.empty_like(x)}
        yield tuple(operands), {"out": (np.empty_like(x), None)}
        for key, default in way.keywords.items():
            values = (
                default,
                x[-1] if x.ndim > 1 else x,
                np.ones(x.shape, bool),
                0,
                np.nan,
                "causal",
                10**400,
                np.random.default_rng(1),
            )
            yield tuple(operands), {key: given.choice(values)}
    if "y" in way.keywords:
        yield (x,), {"y": x}


def calls(backend):
    """(function, arguments, keywords) of all of them."""
    for name in functions():
        function = getattr(backend, name)
        for way in ways(name):
            target = getattr(function, way.method) if way.method else function
            for positional, keywords in arguments(name, way):
                yield target, positional, keywords
        if hasattr(function, "ufunc"):
            yield lambda x, function=function: function.ufunc(x, *getattr(function, "params", {}).values()), (np.ones(3),), {}


def make(several):
    for function, positional, keywords in several:
        with contextlib.suppress(TypeError, ValueError, IndexError):
            function(*positional, **keywords)


def resident():
    """Bytes of this process in memory; 0 where the system does not say."""
    place = Path("/proc/self/statm")
    return int(place.read_text().split()[1]) * 4096 if place.exists() else 0


def held(several):
    """Reference counts of what is shared by all calls, and of the arguments."""
    shared = [
        None,
        True,
        False,
        ...,
        0,
        1,
        -1,
        0.0,
        (),
        "",
        np.dtype("f4"),
        np.dtype("f8"),
        np.float32,
        np.ndarray,
        np.dtype(ml_dtypes.bfloat16),
    ]
    shared += [value for _, positional, keywords in several for value in (*positional, *keywords.values())]
    shared = list({id(value): value for value in shared}.values())
    return np.fromiter(map(sys.getrefcount, shared), np.int64), shared


def growth(count, backend):
    """Make so many calls in rounds; what has grown, as texts."""
    several = list(calls(backend))
    several = random.Random(count).sample(several, min(len(several), count // ROUNDS // TIMES))
    seen = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        make(several)  # what is made once: ufuncs, caches
        make(several)
        for _ in range(ROUNDS):
            for _ in range(TIMES):
                make(several)
            gc.collect()
            counts, shared = held(several)
            gc.collect()
            seen.append((resident(), sys.getallocatedblocks(), counts))
    found = []
    blocks = [one[1] for one in seen[1:]]
    if all(after - before > MOST_BLOCKS for before, after in itertools.pairwise(blocks)):
        found.append(f"blocks of Python's allocator after each round: {blocks}")
    if seen[-1][0] - seen[1][0] > MOST_BYTES:
        found.append(f"bytes in memory after each round: {[one[0] for one in seen]}")
    for before, after, value in zip(seen[1][2], seen[-1][2], shared, strict=True):
        if after - before >= TIMES * (ROUNDS - 2):  # one for each call at least; what is immortal has a count that stays
            found.append(f"{after - before} references more to {value!r:.80}")
    return found, TIMES * ROUNDS * len(several)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000, help="how many in all (default: 1,000,000)")
    parser.add_argument("--backend", action="append", choices=fastact.backends.available(), help="default: all")
    options = parser.parse_args()
    backends, leaks = options.backend or fastact.backends.available(), 0
    for name in backends:
        start = time.monotonic()
        found, made = growth(options.calls // len(backends), fastact.backends.load(name))
        print(
            f"{name}: {made} calls in {time.monotonic() - start:.0f} s, {resident() >> 20} MiB;",
            "; ".join(found) or "flat",
            flush=True,
        )
        leaks += len(found)
    return bool(leaks)


if __name__ == "__main__":
    sys.exit(main())
